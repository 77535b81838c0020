#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# vae-train in scripts: --continue, a fraction for --val, --dry-run, lines that name the model, and notes.
# shellcheck disable=SC2016 # what is quoted is awk's
load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    idx2raw -n 200 "$IMAGES" >data.raw
    idx2raw -n 200 "$LABELS" >labels.raw
    # Item i is i, i / 2.
    { header f32 2 100 . && perl -e 'print pack "f<*", map { $_, $_ / 2 } 0 .. 99'; } >numbers.raw
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/*.raw .
}

small() {
    vae-train -H 8 -z 2 "$@" 2>err
}

@test "--continue starts, resumes, and does nothing that is done, by one command line" {
    small -m whole.bin -e 6 data.raw
    small -m part.bin -e 3 --checkpoint run.ck --continue data.raw
    run ! grep continuing err
    assert_equal "$(metadata part.bin epochs)" 3
    for _ in 1 2; do
        small -m part.bin -e 6 --checkpoint run.ck --continue --log log.tsv data.raw
        cmp whole.bin part.bin
    done
    grep -qx 'vae-train: run.ck: the run is complete, epoch 6 of 6; a greater --epochs adds epochs' err
    run ! grep 'continuing\|items/s' err
    # With a schedule over all epochs there is no way on; nor is there after --patience.
    for _ in 1 2; do small -m cosine.bin -e 2 --schedule cosine --checkpoint cosine.ck --continue data.raw; done
    grep -qx 'vae-train: cosine.ck: the run is complete, epoch 2 of 2' err
    for epochs in 500 600; do
        small -m best.bin -e $epochs -r 0.1 --val 0.2 --patience 1 --checkpoint best.ck --continue data.raw
        holds "$(metadata best.bin made.epochs_run) < 500"
    done
    grep -qx "vae-train: best.ck: the run is complete: --patience ended it after epoch $(metadata best.bin made.epochs_run), so a greater --epochs adds none; --start-from trains its model in a new run" err
    # What is there and no checkpoint of this run is refused, and left as it was.
    fails 1 'vae-train: run.ck: --batch is 7 in this run, wanted 128 as in the file' \
        vae-train -H 8 -z 2 -m part.bin -e 6 -b 7 --checkpoint run.ck --continue data.raw
    : >empty.ck
    fails 1 'vae-train: empty.ck: empty input, wanted a checkpoint' vae-train -m part.bin --checkpoint empty.ck --continue data.raw
    fails 2 'vae-train: --continue: found it without --checkpoint, wanted the file to continue from' vae-train -m x --continue data.raw
    fails 2 'vae-train: --continue: found it with --resume, wanted one of them' \
        vae-train -m x --continue --checkpoint run.ck --resume run.ck data.raw
}

@test "--val with a fraction takes that part of the items, at random, by the seed" {
    local seed
    for seed in 1 2; do
        small -m part$seed.bin -e 3 --val 0.3 -S $seed --log log.tsv -l gaussian -r 0 numbers.raw
        assert_equal "$(metadata part$seed.bin items)" 70
        tail -n +2 log.tsv | rows_hold 3 '$7 < 0 && $4 < 0'
    done
    # With weights that stay, the mean over both parts is that over all items, so that each item is in one of them.
    vae-train -q -m flat.bin -H none -z 1 -e 1 -r 0 --init normal:0 -l gaussian --val 0.3 --log log.tsv numbers.raw
    vae-train -q -m all.bin -H none -z 1 -e 1 -r 0 --init normal:0 -l gaussian --log all.tsv numbers.raw
    holds "((0.7 * $(cut -f 4 log.tsv | tail -1) + 0.3 * $(cut -f 7 log.tsv | tail -1)) - $(cut -f 4 all.tsv | tail -1))^2 < 1e-4"
    vae-train -q -m other.bin -H none -z 1 -e 1 -r 0 --init normal:0 -l gaussian --val 0.3 -S 2 --log other.tsv numbers.raw
    assert [ "$(cut -f 7 log.tsv | tail -1)" != "$(cut -f 7 other.tsv | tail -1)" ]
    # Neither the first nor the last ones: their mean is near that of all.
    holds "($(cut -f 7 log.tsv | tail -1) - $(cut -f 4 all.tsv | tail -1))^2 < 900^2"
    run -0 raw-info numbers.raw # the file is as it was
    assert_line --index 1 $'f32\t2\t100\t1\t0\t99\t37.125\t0'
    # Mapped or read, the same.
    small -m piped.bin -e 3 --val 0.3 -l gaussian -r 0 - <numbers.raw
    small -m file.bin -e 3 --val 0.3 -l gaussian -r 0 numbers.raw
    cmp piped.bin file.bin
}

@test "a fraction for --val: labels, patience, checkpoints, the command in the model, and its limits" {
    small -m cond.bin --cond labels.raw --val .25 --patience 2 -e 20 --checkpoint run.ck data.raw
    small -m again.bin --cond labels.raw --val .25 --patience 2 -e 20 --resume run.ck data.raw
    cmp cond.bin again.bin
    # Another seed takes other items away: the message names the seed, not the items.
    fails 1 'vae-train: run.ck: --seed is 2 in this run, wanted 1 as in the file' \
        vae-train -q -H 8 -z 2 -m x --cond labels.raw --val .25 --patience 2 -e 20 -S 2 --resume run.ck data.raw
    small -m first.bin --val .25 -e 2 data.raw
    $(metadata first.bin command) -q -m again.bin data.raw
    cmp first.bin again.bin
    # The items keep their labels: with one class for each of two kinds of item, nothing is mixed.
    { header u8 1 40 . && perl -e 'print pack "C*", map { $_ % 2 } 0 .. 39'; } >kinds.raw
    { header f32 1 40 . && perl -e 'print pack "f<*", map { $_ % 2 } 0 .. 39'; } >bits.raw
    vae-train -q -m kinds.bin -H none -z 1 -e 400 -r 0.1 --cond kinds.raw --val 0.5 --log log.tsv bits.raw
    holds "$(tail -1 log.tsv | cut -f 7) > -0.1"
    fails 1 'vae-train: run.ck: items is 100 in this run, wanted 150 as in the file' \
        vae-train -q -H 8 -z 2 -m x --cond labels.raw --val .5 --patience 2 -e 20 --resume run.ck data.raw
    for text in 0. 0.0 1.0 1.5 10% .5%; do
        fails 2 "vae-train: --val: found '$text', wanted a fraction between 0 and 1, such as 0.1, or a file, such as ./$text" vae-train -m x --val $text data.raw
    done
    fails 1 'vae-train: 7: cannot open' vae-train -m x --val 7 data.raw
    cp data.raw 0.5
    small -m x.bin --val ./0.5 -e 1 data.raw
    assert_equal "$(metadata x.bin items)" 200
    fails 2 'vae-train: --val-cond: found it with a fraction for --val' vae-train -m x --val 0.5 --cond labels.raw --val-cond labels.raw data.raw
    idx2raw -n 1 "$IMAGES" >one.raw
    fails 1 'vae-train: one.raw: 1 items, wanted from 2 to 4294967295 to take a part of them for --val' vae-train -m x --val 0.5 one.raw
    # At least one item on each side.
    for part in 0.001:2 0.999:1; do
        small -m x.bin --val ${part%:*} -e 1 <(idx2raw -n 3 "$IMAGES")
        assert_equal "$(metadata x.bin items)" ${part#*:}
        grep -q ', validation -' err
    done
    # The numbers of items in messages are those of the stream.
    { header f32 1 50 . && perl -e 'print pack "f<*", map { $_ == 49 ? 3e38 : 1e-3 * $_ } 0 .. 49'; } >far.raw
    fails 1 'vae-train: training: the loss of step 1 is not finite' vae-train -q -m x.bin -H none -z 1 -l gaussian -S 2 --val 0.1 far.raw
    assert_regex "$(<err)" 'item 49, element 0 of far.raw'
    # In the other part, too.
    { header f32 16 50 . && perl -e 'print pack "f<*", map { $_ >= 784 ? 3e38 : 1e-3 * $_ } 0 .. 799'; } >far.raw
    vae-train -m x.bin -H 32 -z 2 -l gaussian -e 1 --val 0.1 far.raw 2>err
    grep -q '^vae-train: far.raw: item 49 has .*: epoch 1 has no validation$' err
}

@test "--dry-run prints what a run needs, and writes no file" {
    local begin one
    mkdir dir && cd dir
    run -0 vae-train --dry-run -m model.bin --log log.tsv --checkpoint run.ck -e 7 -b 64 --val 0.1 ../data.raw
    assert_equal "$(cut -f 1 <<<"$output" | tr '\n' ' ')" \
        'key hidden decoder_hidden layers parameters items validation_items steps_per_epoch steps memory_mib seconds_per_epoch seconds '
    assert_line $'layers\t784-400-20-400-784'
    assert_line $'parameters\t652824'
    assert_line $'hidden\t400'
    assert_line $'decoder_hidden\t400'
    assert_line $'items\t180'
    assert_line $'validation_items\t20'
    assert_line $'steps_per_epoch\t3'
    assert_line $'steps\t21'
    holds "$(awk '{ v[$1] = $2 } END { print v["seconds"] / v["seconds_per_epoch"] }' <<<"$output") > 6.9"
    holds "$(awk '{ v[$1] = $2 } END { print v["seconds"] / v["seconds_per_epoch"] }' <<<"$output") < 7.1"
    assert_empty "$(ls)"
    # The step that is timed has a whole batch, although the epoch ends with one item.
    seconds() { idx2raw -n "$1" "$IMAGES" | vae-train --dry-run -q -m x.bin -j 1 -H 800 -b 256 | awk '$1 == "seconds_per_epoch" { print $2 }'; }
    # An epoch of one mini-batch is one step, which takes less than the whole command.
    begin=$EPOCHREALTIME
    one=$(seconds 256)
    holds "$one > 0 && $one < $EPOCHREALTIME - $begin"
    holds "$(seconds 257) > $one / 3"
    # An item that the model has no figures for does not end it, as it ends no training.
    { header f32 16 1 . && perl -e 'print pack "f<*", (3e38) x 16'; } >far.raw
    { header f32 16 9 . && perl -e 'print pack "f<*", (.5) x 144'; } >near.raw
    vae-train --dry-run -q -m x.bin -H 8 -l gaussian --val far.raw near.raw >out
    rm far.raw near.raw
    fails 1 'vae-train: missing: cannot open' vae-train --dry-run -m model.bin missing
    fails 1 'vae-train: stdout: cannot write: No space left on device' bash -c 'vae-train --dry-run -m model.bin ../data.raw >/dev/full'
}

@test "the memory that --dry-run prints is that of the run" {
    [ -z "${VAE_SANITIZED:-}" ] || skip 'with sanitizers: its own memory is more'
    needed=$(vae-train --dry-run -m model.bin -e 20 -b 64 --val 0.1 data.raw | awk '$1 == "memory_mib" { print $2 }')
    used=$(perl -e 'use strict; my $pid = fork // die; if (!$pid) { exec @ARGV } my $most = 0; while (waitpid($pid, 1) == 0) {
        open my $status, "<", "/proc/$pid/status" or next; while (<$status>) { $most = $1 if /^VmHWM:\s+(\d+)/ && $1 > $most } select undef, undef, undef, .002 } print $most / 1024' \
        vae-train -q -m model.bin -e 20 -b 64 --val 0.1 data.raw)
    holds "$used > 10 && $needed > 0.9 * $used && $needed < 1.15 * $used"
}

@test "lines name the model, so that those of several runs are told apart" {
    (small -m a.bin -e 2 data.raw && cat err) >all
    grep -c '^vae-train: a.bin: epoch [12]/2: elbo ' all | grep -x 2
}

@test "notes: elements that are never observed, classes without items, validation with the training items" {
    { header f32 4 20 . && perl -e 'print pack "f<*", map { $_ % 4 == 1 || $_ % 4 == 3 ? "nan" : .5 } 0 .. 79'; } >holes.raw
    small -m x.bin -e 1 --missing holes.raw
    grep -qx 'vae-train: holes.raw: element 1 and 1 other of every item missing: the model learns nothing about them' err
    # One item that has it is enough.
    { header f64 2 20 . && perl -e 'print pack "d<*", map { $_ % 2 == 1 && $_ < 39 ? "nan" : .5 } 0 .. 39'; } >late.raw
    small -m x.bin -e 1 --missing late.raw
    run ! grep missing err
    { header u8 1 200 . && perl -e 'print pack "C*", map { $_ % 2 ? 6 : 1 } 1 .. 200'; } >gap.raw
    small -m x.bin -e 1 --cond gap.raw data.raw
    grep -qx 'vae-train: gap.raw: no item has label 0 and 4 others, of 7 classes: the model learns nothing about them' err
    small -m x.bin -e 1 --cond labels.raw data.raw
    run ! grep 'no item has label' err
    cp data.raw same.raw
    small -m x.bin -e 1 --val same.raw data.raw
    grep -q '^vae-train: same.raw: has the items that are trained on, so that it cannot show overfitting' err
    { header u8 4 20 . && perl -e 'print "a" x 80'; } >equal.raw
    small -m x.bin -e 1 --val 0.5 equal.raw
    run ! grep overfitting err
    small -m x.bin -e 1 --val <(idx2raw --skip 1 -n 200 "$IMAGES") data.raw
    run ! grep overfitting err
}

@test "a note on pictures that have the channels first" {
    { header u8 3x8x9 4 . && head -c 864 /dev/zero; } >first.raw
    vae-train -z 2 -m x.bin -e 1 -H conv:2:3,4 first.raw 2>err
    grep -qx 'vae-train: first.raw: items of shape 3x8x9 are read as 3 rows of 8 pixels with 9 channels: of pictures with the channels first, npy2raw --axes 1,2,0 puts them last' err
    vae-train -z 2 -m x.bin -e 1 -H 4 --augment flip first.raw 2>err
    grep -q 'first.raw: items of shape 3x8x9 are read as 3 rows of 8 pixels with 9 channels' err
    vae-train -z 2 -m x.bin -e 1 -H 4 first.raw 2>err
    run ! grep channels err
    { header u8 3x8x3 4 . && head -c 288 /dev/zero; } >last.raw
    vae-train -z 2 -m x.bin -e 1 -H conv:2:3,4 last.raw 2>err
    run ! grep channels err
    # The command is right.
    npy2raw --axes 1,2,0 <(raw2npy first.raw) | raw-info | row_holds 2 '$2 == "8x9x3"'
}

@test "a note on residual blocks that are dense layers of pictures" {
    local advice='resconv is the residual block of convolutions'
    vae-train -z 2 -m x.bin -e 1 -H conv:2:8:8,res data.raw 2>err
    grep -qx "vae-train: encoder.1: res of a picture of 4x4x2 is one linear layer of 32 units, with 1024 weights; $advice" err
    assert_equal "$(grep -c "$advice" err)" 1
    vae-train -z 2 -m x.bin -e 1 -H conv:2:8:8 --decoder-hidden linear:4:4:3,res,up:7 -a gated data.raw 2>err
    grep -qx "vae-train: decoder.1: res of a picture of 4x4x3 is one linear layer of 48 units, with 4608 weights; $advice" err
    # Of units it is what a user wants, also where the data are pictures.
    vae-train -z 2 -m x.bin -e 1 -H conv:2:8:8,6,res data.raw 2>err
    run ! grep resconv err
    vae-train -z 2 -m x.bin -e 1 -H res,6 --decoder-hidden 6 data.raw 2>err
    run ! grep resconv err
}

@test "the components of a vamp prior start on different items, as long as there are some" {
    # In long runs of equal items, those that are spread over the data are equal.
    { header u8 2 60 . && perl -e 'print pack "C*", map { (int($_ / 30) * 200, 50 + ($_ % 30 == 29) * $_) } 0 .. 59'; } >runs.raw
    small -m x.bin -e 0 --prior vamp:4 runs.raw
    run ! grep different err
    assert_equal "$(vae-info --dump prior.pseudo_inputs x.bin | raw2csv --no-header | sort -u | wc -l)" 4
    small -m x.bin -e 0 --prior vamp:6 runs.raw
    grep -qx 'vae-train: runs.raw: has 4 different items, and --prior vamp:6 starts each component on one: 2 components stay equal to others' err
    small -m x.bin -e 0 --prior vamp:6 --val 0.5 runs.raw
    grep -qx 'vae-train: runs.raw: has [2-4] different items without those of --val, and --prior vamp:6 starts .*' err
    # Where they are different, they are those that are spread over the data.
    small -m x.bin -e 0 -l gaussian --prior vamp:5 numbers.raw
    assert_equal "$(vae-info --dump prior.pseudo_inputs x.bin | raw2csv --no-header | cut -d , -f 1 | tr '\n' ' ')" '10 30 50 70 90 '
}

@test "vae-impute notes elements that no item has" {
    { header f32 4 20 . && perl -e 'print pack "f<*", map { $_ % 4 == 1 || $_ % 4 == 3 ? "nan" : .5 } 0 .. 79'; } >holes.raw
    small -m x.bin -e 1 --missing holes.raw
    vae-impute -m x.bin holes.raw 2>err | raw-info | row_holds 2 '$3 == 20 && $8 == 0'
    grep -qx 'vae-impute: holes.raw: no item has element 1 (2 such elements in all): their values come from the model alone' err
    { header f32 4 2 . && perl -e 'print pack "f<*", 1, "nan", 0, .5, .5, .5, 0, "nan"'; } >few.raw
    vae-impute -m x.bin few.raw 2>err >out
    run ! grep 'no item has' err
    raw-select -n 1 few.raw | vae-impute -m x.bin 2>err >out
    run ! grep 'no item has' err
}

@test "a note says which learned scale is at its bound, and what causes it" {
    { header f32 3 100 . && perl -e 'print pack "f<*", map { $_ % 3 == 1 ? 5 : $_ % 7 / 7 } 0 .. 299'; } >flat.raw
    small -m first.bin -l gaussian --sigma per-dim -e 0 flat.raw
    perl "$ROOT/tests/safetensors.pl" edit '$head =~ /"likelihood.log_scale":\{[^}]*?\[(\d+),\d+\]\}/ or die;
        substr($data, $1 + 4, 4) = pack "f<", -7.5; checksum()' <first.bin >edited.bin
    small -m x.bin -l gaussian --sigma per-dim -e 1 -r 0 --start-from edited.bin flat.raw
    grep -q '^vae-train: x.bin: the scale of element 1 is at its least value, 0.00091: elements that are constant, ' err
    small -m x.bin -l gaussian --sigma per-dim -e 1 flat.raw
    run ! grep 'least value' err
    { header f32 1 100 . && perl -e 'print pack "f<*", map { 1e5 * ($_ % 2) } 0 .. 99'; } >large.raw
    vae-train -m x.bin -l gaussian --sigma optimal -H none -z 1 -e 2 -r 0 large.raw 2>err
    grep -q '^vae-train: x.bin: the scale is at its greatest value, 1.1e+03: numbers that vary by much more than 1 cause this' err
    # The note is about the weights that are saved, not about those of the last epoch.
    { header f32 3 100 . && perl -e 'print pack "f<*", map { $_ % 7 / 7 } 0 .. 299'; } >plain.raw
    small -m x.bin -l gaussian --sigma per-dim -e 9 --patience 1 -r 1e-8 --schedule step:1:1e9 --val 0.2 plain.raw
    grep -q ', stopped by --patience after epoch 2 of 9 .*: saved epoch 1, ' err
    run ! grep 'the scale' err
}
