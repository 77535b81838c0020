#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# vae-train with items in parts, part-%s.raw: each split of a mini-batch has items of one part. Several ranks are in
# tests/long/mpi.bats. 4 parts of 50 items in batches of 32 end with a batch of 2 items of each part.
# shellcheck disable=SC2154 # run sets stderr
load helper

OPTIONS=(-H 12 -z 3 -b 32 -e 3 --splits 4)

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    idx2raw -n 200 "$IMAGES" >items.raw
    idx2raw -n 200 "$LABELS" >labels.raw
    for part in 0 1 2 3; do raw-select --skip $((50 * part)) -n 50 items.raw >part-$part.raw; done
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/*.raw .
}

train() {
    defaulting "${OPTIONS[@]}" -- vae-train -q "$@"
}

@test "the model is the same on any number of threads, and says how many items it is of" {
    for options in '' '--prior vamp:5 --mean-bias' '--objective iwae -k 3 --augment shift:2' '--cond labels.raw --sigma shared -l gaussian'; do
        # shellcheck disable=SC2086 # several options
        train -j 1 -m one.bin $options part-%s.raw
        # shellcheck disable=SC2086
        train -j 3 -m three.bin $options part-%s.raw
        cmp one.bin three.bin
    done
    vae-info one.bin | grep -x $'items\t200'
    # Another order of the same items gives another model.
    train -m whole.bin --cond labels.raw --sigma shared -l gaussian items.raw
    run -1 cmp -s one.bin whole.bin
    # It is as good as that of one file.
    train -m parts.bin --seed 2 -e 300 -r 0.005 part-%s.raw
    train -m whole.bin --seed 2 -e 300 -r 0.005 items.raw
    a=$(vae-eval -m parts.bin items.raw | awk 'NR == 2 { print $2 }')
    b=$(vae-eval -m whole.bin items.raw | awk 'NR == 2 { print $2 }')
    holds "($a - $b) ^ 2 < 25 && $a > -265"
}

@test "a label belongs to the item of its place in the parts, one after the other" {
    # The items of a label are alike, and other than those of the others: a decoder without latents to speak of needs it.
    { header u8 1 200 . && perl -e 'print pack "C*", map { $_ * 7 % 4 } 0 .. 199'; } >of-place.raw
    for part in 0 1 2 3; do
        { header u8 8 50 . && perl -e 'print pack "C*", map { my $k = $_ * 7 % 4; map { $_ % 4 == $k ? 255 : 0 } 0 .. 7 } 50 * $ARGV[0] .. 50 * $ARGV[0] + 49' $part; } >part-$part.raw
    done
    train -z 1 -e 300 -r 0.01 -m labels.bin --beta 4 --cond of-place.raw part-%s.raw
    { header u8 1 4 . && printf '\0\1\2\3'; } >four.raw
    { header f32 1 4 . && head -c 16 /dev/zero; } >z.raw
    vae-decode -m labels.bin --cond four.raw z.raw | raw2csv --no-header |
        awk -F , '{ for (i = 1; i <= 8; i++) if (((i - 1) % 4 == NR - 1) != ($i > 0.5)) exit bad = 1 } END { exit bad || NR != 4 }'
}

@test "the digest of the items is that of the digests of the parts" {
    train -m model.bin -e 0 part-%s.raw
    for part in 0 1 2 3; do
        train -m part.bin -e 0 --splits 1 part-$part.raw
        vae-info part.bin | sed -n 's/^data_xxh64\t//p'
    done >digests
    { header u8 8 4 . && perl -ne 'chomp; print scalar reverse pack "H*", $_' digests; } >digests.raw
    train -m digests.bin -e 0 digests.raw
    wanted=$(vae-info digests.bin | grep '^data_xxh64')
    assert_equal "$(vae-info model.bin | grep '^data_xxh64')" "$wanted"
    # The note that validation shows no overfitting is for the same items in the same form.
    refute [ "$(vae-info part.bin | grep '^data_xxh64')" = "$wanted" ]
}

@test "a run goes on from its checkpoint, and with no other parts" {
    train -m whole.bin part-%s.raw
    train -m model.bin --checkpoint ck -e 1 part-%s.raw
    train -m model.bin --checkpoint ck --continue part-%s.raw
    cmp whole.bin model.bin
    defaulting "${OPTIONS[@]}" -- fails 1 'vae-train: ck: the items differ from those of the checkpoint: their XXH64 is ' vae-train -q -m model.bin --resume ck items.raw
    cp part-1.raw part-3.raw
    defaulting "${OPTIONS[@]}" -- fails 1 'vae-train: ck: the items differ from those of the checkpoint: their XXH64 is ' vae-train -q -m model.bin --resume ck part-%s.raw
    # A run on one file that a signal has ended before all its items were known.
    train -m model.bin --checkpoint ck -e 1 items.raw
    perl -0777 -pi -e 'my $n = unpack "Q<"; my $h = substr $_, 8, $n; $h =~ s/"data_xxh64":"[0-9a-f]{16}"/"read_items":"9","read_xxh64":"0"/ or die;
        $h = sprintf "%-*s", $n, $h; substr $_, 8, $n, $h' ck
    run -1 --separate-stderr train -m model.bin --resume ck part-%s.raw
    assert_equal "$stderr" 'vae-train: part-%s.raw: is in parts, wanted the file of the run that was interrupted'
}

@test "parts that do not fit are refused" {
    fails 2 'vae-train: --splits: not given, wanted the number of parts of part-%s.raw' vae-train -m new.bin part-%s.raw
    defaulting "${OPTIONS[@]}" -- fails 2 'vae-train: --splits: found 1 with the parts of part-%s.raw, wanted their number, at least 2' vae-train -q -m new.bin --splits 1 part-%s.raw
    defaulting "${OPTIONS[@]}" -- fails 2 'vae-train: --batch: found 30 with 4 parts, wanted a multiple: a mini-batch has as many items of each' vae-train -q -m new.bin -b 30 part-%s.raw
    defaulting "${OPTIONS[@]}" -- fails 2 'vae-train: --stream: found it with the parts of part-%s.raw, each of which is shuffled as a whole, wanted one file' vae-train -q -m new.bin --stream part-%s.raw
    defaulting "${OPTIONS[@]}" -- fails 2 'vae-train: --shuffle-buffer: found it with the parts of part-%s.raw, each of which is shuffled as a whole, wanted one file' vae-train -q -m new.bin --shuffle-buffer 1M part-%s.raw
    defaulting "${OPTIONS[@]}" -- fails 2 'vae-train: --val: found a fraction with the parts of part-%s.raw, wanted a file of items to evaluate' vae-train -q -m new.bin --val 0.1 part-%s.raw
    defaulting "${OPTIONS[@]}" -- fails 1 'vae-train: part-2.raw: is there, wanted no more than the 2 parts of --splits' vae-train -q -m new.bin --splits 2 part-%s.raw
    defaulting "${OPTIONS[@]}" -- fails 1 'vae-train: part-4.raw: cannot open: No such file or directory' vae-train -q -m new.bin --splits 8 part-%s.raw
    defaulting "${OPTIONS[@]}" -- fails 1 'vae-train: part-2.raw: would be written and has the name of a part of part-%s.raw, wanted a file of its own' vae-train -q -m part-2.raw part-%s.raw
    defaulting "${OPTIONS[@]}" -- fails 1 'vae-train: part-4.raw: would be written and has the name of a part of part-%s.raw, wanted a file of its own' vae-train -q -m new.bin --log part-4.raw part-%s.raw
    defaulting "${OPTIONS[@]}" -- fails 1 'vae-train: part-0.raw: 50 items, wanted at least 51 to start the pseudo-inputs of --prior' vae-train -q -m new.bin --prior vamp:51 part-%s.raw
    raw-select --elements 0 -n 50 items.raw >part-1.raw
    defaulting "${OPTIONS[@]}" -- fails 1 'vae-train: part-1.raw: items are u8 of shape 1, wanted u8 of shape 28x28 as in part-0.raw' vae-train -q -m new.bin part-%s.raw
    { header f32 28x28 50 . && head -c $((4 * 784 * 50)) /dev/zero; } >part-1.raw
    defaulting "${OPTIONS[@]}" -- fails 1 'vae-train: part-1.raw: items are f32 of shape 28x28, wanted u8 of shape 28x28 as in part-0.raw' vae-train -q -m new.bin part-%s.raw
    raw-select -n 49 items.raw >part-1.raw
    defaulting "${OPTIONS[@]}" -- fails 1 'vae-train: part-1.raw: has 49 items, wanted 50 as in part-0.raw' vae-train -q -m new.bin part-%s.raw
    head -c 900 items.raw >part-1.raw
    defaulting "${OPTIONS[@]}" -- fails 1 'vae-train: part-1.raw: ended after 836 of 156800 bytes of a frame of 200 items, wanted all' vae-train -q -m new.bin part-%s.raw
    assert [ ! -e new.bin ]
}

@test "parts are mapped" {
    vae-train -q -H 12 -z 3 -b 32 --splits 4 -e 1000000 -m new.bin --log log.tsv part-%s.raw 3>&- &
    pid=$!
    await test -s log.tsv
    cp /proc/$pid/maps maps
    kill -TERM $pid
    wait $pid || true
    assert_equal "$(grep -c '/part-[0-3].raw$' maps)" 4
}

@test "what is set from items before training is set from those of part 0" {
    train -m parts.bin -e 0 --prior vamp:5 --mean-bias part-%s.raw
    train -m first.bin -e 0 --prior vamp:5 --mean-bias --splits 1 part-0.raw
    train -m none.bin -e 0 --prior vamp:5 --splits 1 part-1.raw
    for name in prior.pseudo_inputs decoder.1.bias; do
        for model in parts first none; do vae-info --dump $name $model.bin >$model.raw; done
        cmp parts.raw first.raw
        run -1 cmp -s none.raw first.raw
    done
}

@test "an item that does not fit is named by its part" {
    for part in 0 1; do { header f32 2 40 . && perl -e 'print pack "f<*", map { $ARGV[0] == 1 && $_ == 31 ? 1e30 : 0.5 } 0 .. 79' $part; } >two-$part.raw; done
    defaulting "${OPTIONS[@]}" -- fails 1 'vae-train: two-1.raw: item 15, element 1 is 1e+30, wanted a number in [0,1]' vae-train -q -m new.bin --splits 2 two-%s.raw
    # Before the first step.
    fails 1 'vae-train: two-1.raw: item 15, element 1 is 1e+30, wanted a number in [0,1]' vae-train -q -m new.bin -b 32 -e 0 --splits 2 two-%s.raw
    run -1 --separate-stderr train -m new.bin --splits 2 -l gaussian two-%s.raw
    assert_regex "$stderr" '\|x\| is up to 1e\+30 \(item 15, element 1 of two-1.raw\)'
    # An item of the first split, which is not the last one to be computed, and a number that only the gradient cannot take.
    for part in 0 1; do
        for file in 0 1; do { header f32 2 40 . && perl -e 'print pack "f<*", map { $ARGV[0] == $ARGV[1] && $_ == 31 ? 1e19 : 0.5 } 0 .. 79' $file $part; } >three-$file.raw; done
        run -1 --separate-stderr train -m new.bin --splits 2 -l gaussian --clip 1 three-%s.raw
        assert_regex "$stderr" "\|x\| is up to 1e\+19 \(item 15, element 1 of three-$part.raw\)"
    done
}
