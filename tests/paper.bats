#!/usr/bin/env bats
# examples/paper: each recipe is run to its end, on some images of clothes in MNIST's place.
load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    idx2raw -n 20 "$IMAGES" >train.raw
    idx2raw --skip 20 -n 20 "$IMAGES" >test.raw
    idx2raw --skip 20 -n 20 "$LABELS" >labels.raw
}

recipe() {
    OUT=$BATS_FILE_TMPDIR run "$ROOT/examples/paper/$1"
    assert_success
    cd "$BATS_FILE_TMPDIR" || return
}

@test "table 1: each row by its own recipe" {
    for row in 'vae 86.76' 'iwae-5 85.54' 'iwae-50 84.78' 'iwae-schedule 86.76'; do
        read -r name published <<<"$row"
        recipe "$name"
        grep -q "^$name: -log p(x) [0-9.]* +- [0-9.]* nats, published $published; trained for 0 minutes\$" <<<"$output"
        assert_equal "$(metadata "$name.bin" encoder_hidden)" 200,200
    done
    assert_equal "$(metadata iwae-50.bin start_xxh64)" "$(metadata iwae-5.bin xxh64)"
}

@test "figure 2: a curve for each size of the latent" {
    EPOCHS=3 recipe figure2
    assert_equal "$(cut -f 1 figure2.tsv | uniq | xargs)" 'latent 3 5 10 20 200'
    assert_equal "$(wc -l <figure2.tsv)" 16
    assert_equal "$(grep -c '^latent *[0-9]*: test elbo -[0-9.]* nats$' <<<"$output")" 5
    # The mean of differences is the difference of means.
    awk -F '\t' -v said="$(sed -n 's/^200 above 20: \(.*\) +- .*/\1/p' <<<"$output")" '
        NR > 1 { last[$1] = $4 } END { d = last[200] - last[20] - said; exit d < -0.02 || d > 0.02 }' figure2.tsv
}

@test "figure 4: the decoded plane, and a place for each test image" {
    EPOCHS=1 recipe figure4
    assert_equal "$(pngtopnm figure4-manifold.png | head -2 | tail -1)" '560 560'
    assert_equal "$(awk '{ print $1 }' figure4.tsv | xargs)" "$(payload <labels.raw | od -A n -v -t u1 -w1 | xargs)"
    assert_equal "$(awk 'NF != 3' figure4.tsv)" ''
}
