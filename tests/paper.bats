#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# examples/paper: each recipe is run to its end, on some images of clothes in MNIST's place.
# shellcheck disable=SC2016 # what is quoted is awk's
# shellcheck disable=SC2030,SC2031 # each test has a shell of its own
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

# made_with MODEL OPTION,...: the command that made it had each.
made_with() {
    local command option options
    command=$(metadata "$1" command)
    IFS=, read -ra options <<<"$2"
    for option in "${options[@]}"; do assert_regex "$command " " $option "; done
}

# few PREFIX COUNT: so many images to train on, and 2 test images, in the test's directory.
few() {
    cd "$BATS_TEST_TMPDIR" || return
    idx2raw -n "$2" "$IMAGES" >"$1train.raw"
    idx2raw --skip 500 -n 2 "$IMAGES" >"$1test.raw"
    idx2raw --skip 500 -n 2 "$LABELS" >"$1labels.raw"
}

@test "table 1: each row by its own recipe" {
    local row name published options
    few '' 5
    # The middle of each picture, since networks of convolutions alone need it whole.
    for row in train test; do raw-select --elements 300-399 $row.raw >part.raw && mv part.raw $row.raw; done
    for row in 'vae 86.76 --objective stl,--samples 1,--optimizer muon,--schedule cosine:1e-4,--ema 0.99,--epochs 150' \
        'iwae-5 85.54 --objective dreg,--samples 5,--optimizer muon,--schedule cosine:1e-4,--ema 0.99,--epochs 150' \
        'iwae-50 84.78 --objective dreg,--samples 50,--optimizer muon,--schedule cosine:1e-4,--ema 0.999,--epochs 80' \
        'iwae-schedule 86.76 --objective elbo,--optimizer adam,--adam-eps 1e-4,--schedule iwae,--epochs 3280,--batch 20'; do
        read -r name published options <<<"$row"
        OUT=. run "$ROOT/examples/paper/$name"
        assert_success
        made_with "$name.bin" "$options,--latent 50,--activation tanh,--binarize sample"
        grep -q "^$name: -log p(x) [0-9.]* +- [0-9.]* nats, published $published; trained for 0 minutes\$" <<<"$output"
        assert_equal "$(metadata "$name.bin" encoder_hidden)" 200,200
    done
    assert_equal "$(metadata iwae-50.bin start_xxh64)" "$(metadata iwae-5.bin xxh64)"
}

# likelihood NAME: the mean of log p(x) of the recipe's items with the sign changed, and its error, as they are printed.
likelihood() {
    tail -n +2 "$1.items" | perl -lane '
        push @x, -$F[4]; $m += $x[-1]; END { $m /= @x; $v += ($_ - $m) ** 2 for @x; printf "%.2f +- %.2f", $m, sqrt($v / @x / $#x) }'
}

# convolutions NAME PREFIX OPTION,...: a recipe of a network of convolutions.
convolutions() {
    few "$2" 500 # pseudo-inputs want so many to start from
    OUT=. EPOCHS=1 run "$ROOT/examples/paper/$1"
    assert_success
    made_with "$1.bin" "--activation silu,--latent 40,--prior vamp:500,--optimizer muon,--binarize sample,$3"
    assert_equal "$(metadata "$1.bin" encoder_hidden)" conv:32:4:2,conv:64:4:2,256
    assert_line --regexp "^$1: the first 2 images: -log p\\(x\\) [0-9.]* \\+- [0-9.]* nats$"
    assert_line "$1: -log p(x) $(likelihood "$1") nats, published none; trained for 0 minutes"
    rows_hold 2 'NF > 4 && $5 < 0' < <(tail -n +2 "$1.items")
}

@test "convolutions: a row with its error, from the test images" {
    convolutions conv '' '--objective stl'
}

@test "convolutions, of Fashion-MNIST" {
    convolutions fashion-conv fashion- '--objective dreg,--samples 3'
}

@test "Fashion-MNIST: two priors, and the mean of their differences" {
    few fashion- 500
    OUT=. EPOCHS=1 run "$ROOT/examples/paper/fashion"
    assert_success
    local name published
    while read -r name published; do
        made_with "fashion-$name.bin" "--latent 40,--activation gated,--objective dreg,--samples 5,--binarize sample"
        assert_line "fashion-$name: -log p(x) $(likelihood "fashion-$name") nats, published $published; trained for 0 minutes"
    done < <(printf '%s\n' 'normal 228.70' 'vamp 227.35')
    made_with fashion-vamp.bin '--prior vamp:500'
    assert_line "fashion-vamp above fashion-normal: $(paste fashion-vamp.items fashion-normal.items | tail -n +2 | perl -lane '
        push @d, $F[4] - $F[10]; $m += $d[-1]; END { $m /= @d; $v += ($_ - $m) ** 2 for @d; printf "%.2f +- %.2f", $m, sqrt($v / @d / $#d) }') nats"
}

@test "figure 2: a curve for each size of the latent" {
    EPOCHS=3 recipe figure2
    assert_equal "$(cut -f 1 figure2.tsv | uniq | xargs)" 'latent 3 5 10 20 200'
    assert_equal "$(wc -l <figure2.tsv)" 16
    assert_equal "$(grep -c '^latent *[0-9]*: test elbo -[0-9.]* nats$' <<<"$output")" 5
    for latent in 3 5 10 20 200; do
        made_with figure2-$latent.bin "--latent $latent,--hidden 500,--optimizer adagrad,--rate 0.01,--init normal:0.01,--batch 100"
        assert_equal "$(awk -F '\t' -v n=$latent '$1 == n' figure2.tsv | tail -1)" \
            "$(tail -1 figure2-$latent.tsv | awk -F '\t' -v n=$latent '{ print n "\t180000\t" $4 "\t" $7 }')"
    done
    # The mean of differences is the difference of means, and its error that of 20 items.
    read -r mean error < <(sed -n 's/^200 above 20: \(.*\) +- \(.*\) nats$/\1 \2/p' <<<"$output")
    near "$mean" "$(awk -F '\t' 'NR > 1 { last[$1] = $4 } END { print last[200] - last[20] }' figure2.tsv)" 0.02
    near "$error" "$(paste figure2-20.items figure2-200.items | tail -n +2 | perl -lane '
        push @d, $F[1] - $F[0]; $m += $d[-1] / 20;
        END { $v += ($_ - $m) ** 2 / 19 for @d; print sqrt($v / 20) }')" 0.0051
}

@test "figure 4: the decoded plane, and a place for each test image" {
    EPOCHS=1 recipe figure4
    assert_equal "$(pngtopnm figure4-manifold.png | head -2 | tail -1)" '560 560'
    assert_equal "$(awk '{ print $1 }' figure4.tsv | xargs)" "$(payload <labels.raw | od -A n -v -t u1 -w1 | xargs)"
    rows_hold 20 '$2 == $2 && $3 == $3 && NF == 3' <figure4.tsv
}

@test "tiles: bits per element of each sheet's test tiles" {
    export XDG_CACHE_HOME=$BATS_TEST_TMPDIR
    local sheet
    mkdir -p "$BATS_TEST_TMPDIR/vaeutils/tiles"
    cd "$BATS_TEST_TMPDIR/vaeutils/tiles"
    gunzip -c "$ROOT/data/sample-tiles.ppm.gz" >sample.ppm
    for sheet in wall floor feat; do
        head -c $((20 * 3085)) sample.ppm >$sheet-train.ppm
        tail -c $((4 * 3085)) sample.ppm >$sheet-test.ppm
    done
    cd "$BATS_TEST_TMPDIR"
    OUT=. EPOCHS=1 run "$ROOT/examples/paper/tiles"
    assert_success
    made_with tiles.bin '--likelihood dlogistic,--sigma net,--epochs 1,--latent 128'
    [[ $(metadata tiles.bin command) == *' --augment shift:4,flip '* ]]
    raw-info tiles-train.raw | row_holds 2 '$2 == "32x32x3" && $3 == 54'
    raw-info tiles-val.raw | row_holds 2 '$3 == 6'
    for sheet in wall floor feat; do
        assert_line "$sheet: $(pnm2raw -q vaeutils/tiles/$sheet-test.ppm | vae-eval -q -m tiles.bin -k 20 |
            perl -lane 'print sprintf "%.6f", -$F[4] / 3072 / log 2 if $. == 2') bits per element"
    done
}

@test "compressors: bits per element of each sheet's test tiles, from the sizes of the files" {
    command -v zstd >/dev/null || skip 'wants zstd (make paper-deps)'
    export XDG_CACHE_HOME=$BATS_TEST_TMPDIR
    local name bytes
    mkdir -p "$BATS_TEST_TMPDIR/vaeutils/tiles" "$BATS_TEST_TMPDIR/vaeutils/emoji"
    cd "$BATS_TEST_TMPDIR/vaeutils/tiles"
    gunzip -c "$ROOT/data/sample-tiles.ppm.gz" >sample.ppm
    head -c $((9 * 3085)) sample.ppm >wall-test.ppm
    tail -c $((4 * 3085)) sample.ppm >floor-test.ppm
    ppmmake red 32 32 >feat-test.ppm
    touch wall-train.ppm floor-train.ppm feat-train.ppm ../emoji/train.ppm
    cp feat-test.ppm ../emoji/test.ppm
    recipe compressors
    assert_line --index 0 $'pictures\tnumber\tpng_each\tpng_all\tzstd_19'
    assert_equal "$(cut -f 1,2 <<<"$output" | tail -n +2 | xargs)" 'wall 9 floor 4 feat 1 emoji 1'
    bytes=$(ppmmake red 32 32 | pnmtopng -quiet -compression=9 | wc -c)
    assert_line --regexp "^feat.1.$(awk "BEGIN { printf \"%.3f\", 8 * $bytes / 3072 }")"$'\t'
    assert_equal "$(grep feat <<<"$output" | cut -f 3-)" "$(grep emoji <<<"$output" | cut -f 3-)"
    for name in wall:9 floor:4; do
        bytes=$(pnm2raw -q "$BATS_TEST_TMPDIR/vaeutils/tiles/${name%:*}-test.ppm" | zstd -q -19 | wc -c)
        assert_line --regexp "^${name%:*}.*"$'\t'"$(awk "BEGIN { printf \"%.3f\", 8 * $bytes / 3072 / ${name#*:} }")$"
    done
    # One picture of several that is not compressed.
    mkdir "$BATS_TEST_TMPDIR/bin"
    # shellcheck disable=SC2016 # the script's own arguments
    printf '#!/bin/sh\ncase $* in */aaab) exit 3 ;; esac\nexec %s "$@"\n' "$(command -v pnmtopng)" \
        >"$BATS_TEST_TMPDIR/bin/pnmtopng"
    chmod +x "$BATS_TEST_TMPDIR/bin/pnmtopng"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH run -3 "$ROOT/examples/paper/compressors"
}
