#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Targets of runs that are killed, resumed or started from another model.
# shellcheck disable=SC2016 # what is quoted is awk's and perl's
load helper
load targets

@test "a run that is killed and resumed, with its best epoch so far, gives the bytes of a whole one" {
    preloaded
    options=(-q -H 32 -z 2 -b 32 -l gaussian --sigma shared -e 60 -r 0.02 --val 0.2 --patience 3 --target targets.raw)
    vae-train "${options[@]}" -m whole.bin --log whole.tsv items.raw
    assert [ "$(last whole 1)" -lt 60 ]
    # 10 steps an epoch: within the second one, and after the best one.
    for step in 16 $((10 * ($(last whole 1) - 1) + 4)); do
        rm -f part.*
        cut_at "$step" vae-train "${options[@]}" -m part.bin --log part.tsv --checkpoint part.ck --every 1 items.raw
        vae-train "${options[@]}" -m part.bin --log part.tsv --resume part.ck -j 3 items.raw
        cmp whole.bin part.bin
        cut -f 3 --complement whole.tsv | diff - <(cut -f 3 --complement part.tsv)
    done
}

@test "a checkpoint knows its targets" {
    learn -q -m run.bin --target targets.raw --val other.raw --val-target other-targets.raw --checkpoint run.ck items.raw
    { header f32 1 400 . && head -c 1596 known.targets && f32 9; } >last.raw
    { header f32 1 200 . && head -c 796 other.targets && f32 9; } >other-last.raw
    fails 1 'vae-train: run.ck: the targets of --target differ from those of the checkpoint: their XXH64 is ' \
        "${LEARNING[@]}" -m run.bin --target last.raw --val other.raw --val-target other-targets.raw --resume run.ck items.raw
    fails 1 'vae-train: run.ck: the targets of --val-target differ from those of the checkpoint: their XXH64 is ' \
        "${LEARNING[@]}" -m run.bin --target targets.raw --val other.raw --val-target other-last.raw --resume run.ck items.raw
    fails 1 'vae-train: run.ck: --target is not given in this run, wanted given as in the file' \
        "${LEARNING[@]}" -m run.bin --val other.raw --resume run.ck items.raw
    fails 1 'vae-train: run.ck: --target-weight is 2 in this run, wanted not given as in the file' \
        "${LEARNING[@]}" -m run.bin --target targets.raw --target-weight 2 --val other.raw --val-target other-targets.raw --resume run.ck items.raw
    perl "$ROOT/tests/safetensors.pl" edit '$head =~ /"target_sums":\{[^}]*"data_offsets":\[(\d+)/ or die;
        substr $data, $1, 8, pack "d<", -1; checksum()' <run.ck >bad.ck
    fails 1 'vae-train: bad.ck: tensor "target_sums" holds impossible values, wanted finite sums of items' \
        "${LEARNING[@]}" -m run.bin --target targets.raw --val other.raw --val-target other-targets.raw --resume bad.ck items.raw
}

@test "--start-from goes on with the units of the model" {
    payload <targets.raw | perl -0777 -ne 'printf "%-63s\n%s", "raw1 f32 1 400 .", pack "f<*", map { 2 * $_ } unpack "f<*"' >twice.raw
    learn -q -m next.bin -e 0 --start-from model.bin --target twice.raw items.raw
    assert_equal "$(metadata next.bin target_mean)" "$(metadata model.bin target_mean)"
    assert_equal "$(r2_of next.bin)" "$(r2_of model.bin)"
    same_weights next.bin model.bin
    fails 1 'vae-train: model.bin: target_hidden is 8 in this run, wanted 64 as in the file' \
        "${LEARNING[@]}" -m x.bin --start-from model.bin --target targets.raw --target-hidden 8 items.raw
    fails 1 'vae-train: model.bin: target_hidden is not given in this run, wanted 64 as in the file' \
        "${LEARNING[@]}" -m x.bin --start-from model.bin items.raw
}
