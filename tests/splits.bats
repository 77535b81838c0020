#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# vae-train --splits: a mini-batch in parts, whose gradients are added up in one order. 200 items in batches of 32 end with
# a batch of 8, which has fewer items than some numbers of splits.
load helper

OPTIONS=(-q -H 12 -z 3 -b 32 -e 3)

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    idx2raw -n 200 "$IMAGES" >items.raw
    idx2raw -n 200 "$LABELS" >labels.raw
    { header f64 1 200 . && perl -e 'print pack "d<*", map { $_ % 5 ? sin : "nan" } 1 .. 200'; } >targets.raw
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/*.raw .
}

train() {
    defaulting "${OPTIONS[@]:1}" -- vae-train -q "$@" items.raw
}

# last_row FILE: the figures of the last epoch, without the seconds and those of validation.
last_row() {
    tail -n 1 "$1" | cut -f 4-6,11-12,14,16
}

# splits_of OPTION...: 2, 3 and 11 splits, on one thread or three, give the same bytes; and the figures of one split, but
# for rounding.
splits_of() {
    local splits
    train -m one.bin --log one.tsv "$@"
    for splits in 2 3 11; do
        train -j 1 --splits $splits -m a.bin --log a.tsv "$@"
        train -j 3 --splits $splits -m b.bin --log b.tsv "$@"
        cmp a.bin b.bin
        cut -f 3 --complement a.tsv | diff - <(cut -f 3 --complement b.tsv)
        paste <(last_row one.tsv) <(last_row a.tsv) |
            perl -lane 'my $n = @F / 2; $n == 5 || $n == 7 or die "@F\n"; for (0 .. $n - 1) { my ($x, $y) = @F[$_, $_ + $n]; $x eq $y || abs($x - $y) <= 2e-3 || die "$x and $y\n" }'
    done
}

@test "splits have the bytes of themselves on any number of threads, and the figures of a whole batch" {
    for options in '' '--objective dreg -k 3 --clip 3' '--prior vamp:5 --ema 0.9 --clip 1' '--optimizer muon -r 0.01' \
        '--optimizer muon --clip 1 --prior vamp:3' '--optimizer adagrad --weight-decay 0.1 --augment shift:2,flip' \
        '--cond labels.raw --warmup 2' '--target targets.raw' '-H conv:4:4:2,norm:2,resconv,300 -a silu -e 1' \
        '-l gaussian --sigma shared --binarize sample' '--stream --shuffle-buffer 51K' \
        '-H 260,250 -e 1' '-H 260,250 --prior vamp:4 -e 1' '-H conv:64:3,20 -b 200 -e 1'; do
        # shellcheck disable=SC2086 # several options
        splits_of $options
    done
}

# weights MODEL: all numbers of a model, in the order of its file.
weights() {
    perl -e 'open my $f, "<:raw", $ARGV[0] or die; read $f, my $n, 8; seek $f, unpack("Q<", $n), 1; local $/; print join("\n", unpack "f<*", <$f>), "\n"' "$1"
}

@test "the gradient of pseudo-inputs is that of a whole batch: with a large epsilon Adam's steps are proportional to it" {
    local options=(-z 3 -H 12 -e 1 -b 32 --prior vamp:3 --adam-eps 1)
    train -m one.bin "${options[@]}" -r 0.05
    train -m two.bin "${options[@]}" -r 0.05 --splits 2
    train -m still.bin "${options[@]}" -r 0
    # 3x784 pseudo-inputs, before the 18 numbers of the components.
    paste <(weights one.bin) <(weights two.bin) <(weights still.bin) | tail -n $((3 * 784 + 18)) | sed $((3 * 784))q |
        awk '{ d = $1 - $2; m = $1 - $3; differ += d * d; moved += m * m }
            END { if (!(NR == 3 * 784 && moved > 0 && differ < 1e-4 * moved)) { print NR, differ, moved; exit 1 } }'
}

@test "the number of splits is part of a run" {
    vae-train "${OPTIONS[@]}" -m one.bin items.raw
    vae-train "${OPTIONS[@]}" -m same.bin --splits 1 items.raw
    vae-train "${OPTIONS[@]}" -m two.bin --splits 2 --checkpoint two.ck items.raw
    for model in one same two; do tail -c 70000 $model.bin >$model.end; done # without the metadata, which names the option
    cmp one.end same.end
    run -1 cmp one.end two.end
    fails 1 'vae-train: two.ck: --splits is 4 in this run, wanted 2 as in the file' \
        vae-train "${OPTIONS[@]}" -m new.bin --splits 4 --resume two.ck items.raw
    fails 1 'vae-train: two.ck: --splits is not given in this run, wanted 2 as in the file' \
        vae-train "${OPTIONS[@]}" -m new.bin --resume two.ck items.raw
    fails 2 'vae-train: --splits: found 2 with --sigma optimal, which needs the whole mini-batch, wanted shared' \
        vae-train -m new.bin -l gaussian --sigma optimal --splits 2 items.raw
    fails 2 "vae-train: --splits: found '0', wanted a whole number from 1 to 1024" vae-train -m new.bin --splits 0 items.raw
}

@test "a large batch takes the memory of a split" {
    local whole split
    { header u8 64x64 2048 . && head -c $((64 * 64 * 2048)) /dev/zero; } >large.raw
    for splits in 1 16; do
        vae-train -q -j 1 -m new.bin -H 50 -z 3 -b 2048 --splits $splits --dry-run large.raw >$splits.tsv
    done
    whole=$(sed -n 's/^memory_mib\t//p' 1.tsv)
    split=$(sed -n 's/^memory_mib\t//p' 16.tsv)
    holds "$split < $whole - 50"
}

@test "a loss that is not finite in a late split names its item" {
    { header f32 4 200 . && perl -e 'print pack "f<*", map { $_ == 617 ? 1e30 : 0.5 } 0 .. 799'; } >bad.raw
    run vae-train -q -H 12 -z 3 -b 32 -e 3 -m new.bin -l gaussian --splits 4 bad.raw
    assert_equal "$status" 1
    assert_regex "$output" '\|x\| is up to 1e\+30 \(item 154, element 1 of bad.raw\)'
}
