#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# vae-train --augment: training items are shifted and mirrored anew in each epoch, and nothing else is.
load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# flat NAME EPOCHS [OPTION...]: a run on NAME.raw whose decoder gives 0, or with --mean-bias the mean item, and learns
# nothing; writes to the file `figures` -2 log p(x|z) + D log(2 pi) = sum (x - a)^2 of each epoch, rounded to 1/100.
flat() {
    local name=$1 epochs=$2 elements
    shift 2
    vae-train -q -m flat.bin -H none -z 1 -l gaussian --sigma 1 --init normal:1e-9 -r 0 -e "$epochs" --log flat.tsv "$@" \
        "$name.raw"
    elements=$(awk 'NR == 1 { n = split($3, d, "x"); p = 1; for (i = 1; i <= n; i++) p *= d[i]; print p; exit }' "$name.raw")
    tail -n +2 flat.tsv | awk -F '\t' -v d="$elements" '{ printf "%.2f\n", -2 * $5 - d * log(2 * atan2(0, -1)) + 0.001 }' >figures
    assert_equal "$(wc -l <figures)" "$epochs"
}

# An item of 5x5 that is 0 but for its first pixel, which is repeated (1 + down) (1 + right) times, or goes out.
corner() {
    header f32 5x5 1 .
    f32 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
}

@test "each epoch shifts an item anew, the edge's pixels are repeated, and validation items stay as they are" {
    corner >corner.raw
    flat corner 400 --augment shift:2 --val corner.raw
    assert_equal "$(sort -g -u figures | xargs)" '0.00 1.00 2.00 3.00 4.00 6.00 9.00'
    # 16 of 25 shifts have the pixel go out, and 4 of the others leave an even number of it; 6 standard errors.
    near "$(grep -c '^0' figures)" 256 58
    near "$(grep -c '^[246]' figures)" 80 48
    assert_equal "$(tail -n +2 flat.tsv | cut -f 8 | sort -u | wc -l)" 1
    near "$(last flat 8)" "$(awk 'BEGIN { print -(1 + 25 * log(2 * atan2(0, -1))) / 2 }')" 0.001
    cp figures shifted
    flat corner 400
    assert_equal "$(sort -u figures)" 1.00
    # Another seed, other shifts.
    flat corner 400 --augment shift:2 -S 2
    assert_not_equal "$(<figures)" "$(<shifted)"
}

@test "flip mirrors half of the items left to right, channels stay together, and missing elements move" {
    { header f32 2x2x2 1 . && f32 1 2 3 5 7 11 13 17; } >pixels.raw
    flat pixels 200 --augment flip --mean-bias
    # The mirrored item is (3 - 1)^2 + (5 - 2)^2 + (13 - 7)^2 + (17 - 11)^2, twice, from the mean, which is the item.
    assert_equal "$(sort -g -u figures | xargs)" '0.00 170.00'
    near "$(grep -c '^0' figures)" 100 43
    # Of a pair with one missing element, the other one is seen at either place: 3, where the mean is 3, or 0.
    { header f32 1x2 1 . && f32 3 nan; } >pair.raw
    flat pair 200 --augment flip --mean-bias --missing
    near "$(sort -u figures | wc -l)" 2 0
    holds "$(sort -g figures | tail -1) - $(sort -g figures | head -1) > 8.99"
    holds "$(sort -g figures | tail -1) - $(sort -g figures | head -1) < 9.01"
}

@test "items that no change alters are trained on as without the option, each with its label" {
    # 60 pictures of one grey each, of 6 classes.
    { header u8 4x3x2 60 . && perl -e 'print chr($_ * 4) x 24 for 0 .. 59'; } >even.raw
    { header u8 1 60 . && perl -e 'print chr($_ % 6) for 0 .. 59'; } >classes.raw
    for options in '' '--binarize sample' '--cond classes.raw --val 0.2'; do
        # shellcheck disable=SC2086 # several options
        train() { vae-train -q -H 9 -z 2 -b 16 -e 3 -l gaussian $options "$@" even.raw; }
        train -m plain.bin --log plain.tsv
        train -m augmented.bin --log augmented.tsv --augment shift:2,flip
        same_weights plain.bin augmented.bin
        cut -f 3 --complement plain.tsv | diff - <(cut -f 3 --complement augmented.tsv)
    done
}

@test "pixels are drawn as 0 or 1 after the change" {
    { header u8 5x5 1 . && perl -e 'print pack "C*", 128, (0) x 24'; } >grey.raw
    flat grey 600 --augment shift:2 --binarize sample
    # If the copies of the pixel were drawn as one, none of these numbers of them would be 1.
    assert [ "$(grep -c '^[578]' figures)" -gt 0 ]
}

@test "every type of numbers gives the same, also with threads, labels and several draws" {
    idx2raw -n 100 "$IMAGES" >u8.raw
    idx2raw -n 100 "$LABELS" >labels.raw
    for type in f32 f64; do
        { header $type 28x28 100 . && payload <u8.raw |
            perl -e 'local $/; my $t = $ARGV[0] eq "f32" ? "f" : "d"; print pack "$t<*", map { $_ / 255 } unpack "C*", <STDIN>' $type; } >$type.raw
    done
    for options in '' '-H conv:3:4:2,9 --prior vamp:3' '--cond labels.raw -k 3 --objective iwae'; do
        # shellcheck disable=SC2086 # several options
        train() { defaulting -H 12 -- vae-train -q -z 3 -b 32 -e 2 --augment shift:3,flip $options "$@"; }
        train -j 1 -m one.bin u8.raw
        train -j 4 -m four.bin u8.raw
        cmp one.bin four.bin
        train -m f32.bin f32.raw
        train -m f64.bin f64.raw
        same_weights one.bin f32.bin
        same_weights one.bin f64.bin
    done
    vae-train -q -H 12 -z 3 -b 32 -e 2 --cond labels.raw -k 3 --objective iwae -m plain.bin u8.raw
    other_weights one.bin plain.bin
}

@test "the list is recorded, and --resume refuses another one" {
    idx2raw -n 100 "$IMAGES" >items.raw
    TRAIN=(vae-train -q -m new.bin -H 8 -z 2 items.raw)
    "${TRAIN[@]}" -e 1 --augment flip,shift:02 --checkpoint run.ck
    assert_equal "$(metadata run.ck --augment)" shift:2,flip
    [[ $(metadata new.bin command) == *' --augment flip,shift:02 '* ]]
    fails 1 'vae-train: run.ck: --augment is shift:3,flip in this run, wanted shift:2,flip as in the file' \
        "${TRAIN[@]}" -e 2 --augment shift:3,flip --resume run.ck
    fails 1 'vae-train: run.ck: --augment is not given in this run, wanted shift:2,flip as in the file' \
        "${TRAIN[@]}" -e 2 --resume run.ck
    "${TRAIN[@]}" -e 2 --augment shift:2,flip --resume run.ck
    "${TRAIN[@]}" -e 1 --checkpoint run.ck
    no_metadata run.ck --augment
    fails 1 'vae-train: run.ck: --augment is flip in this run, wanted not given as in the file' \
        "${TRAIN[@]}" -e 2 --augment flip --resume run.ck
}

@test "other lists, and items that are no pictures or too small, are refused" {
    local text
    idx2raw -n 5 "$LABELS" >labels.raw
    { header u8 4x9 2 . && head -c 72 /dev/zero; } >low.raw
    for text in '' none shift:0 shift:65536 flip,flip shift:1,shift:2 'flip shift:1'; do
        fails 2 "vae-train: --augment: found '$text', wanted shift:N, flip, or both with ',' between them (N from 1 to 65535)" \
            vae-train -q -m x.bin --augment "$text" low.raw
    done
    fails 1 'vae-train: labels.raw: items of shape 1, but --augment shifts or mirrors pictures, wanted pictures: HxW or HxWxC' \
        vae-train -q -m x.bin --augment flip labels.raw
    fails 1 'vae-train: low.raw: items of shape 4x9, but --augment shifts them by up to 4 pixels, wanted fewer than they have rows and columns' \
        vae-train -q -m x.bin --augment shift:4 low.raw
    vae-train -q -m x.bin -H 2 -z 1 -e 1 --augment shift:3 low.raw
    fails 2 'vae-train: --data-augmentation: no such option, did you mean --augment?' \
        vae-train -q -m x.bin --data-augmentation flip low.raw
}

@test "training on shifted items gives shifted test items a better elbo" {
    idx2raw -n 800 "$IMAGES" >items.raw
    { header u8 28x28 200 . && idx2raw --skip 800 -n 200 "$IMAGES" | payload | perl -e '
        while (read STDIN, my $item, 784) {
            my ($down, $right) = ($n % 5 - 2, int($n++ / 5) % 5 - 2);
            sub at { my $i = shift; $i < 0 ? 0 : $i > 27 ? 27 : $i }
            for my $i (0 .. 27) { print substr $item, 28 * at($i - $down) + at($_ - $right), 1 for 0 .. 27 }
        }'; } >shifted.raw
    elbo() { vae-eval -q -m "$1" shifted.raw | tail -1 | cut -f 2; }
    vae-train -q -m plain.bin -H 100 -e 40 items.raw
    vae-train -q -m augmented.bin -H 100 -e 40 --augment shift:2 items.raw
    holds "$(elbo augmented.bin) > $(elbo plain.bin) + 5"
}
