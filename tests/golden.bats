#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Files of every version that was released load for ever, and mean what they meant: tests/golden/VERSION/. They are
# never made anew. Another machine's products round otherwise, hence a tolerance.
# shellcheck disable=SC2016 # what is quoted is awk's
load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$ROOT"/tests/golden/0.1/* .
}

# same STREAM: what comes from stdin is the stream, but for rounding.
same() {
    raw-cmp --abs 1e-4 - "$1"
}

# figures FILE: the table from stdin has the file's columns, and its numbers but for rounding.
figures() {
    cat >found
    assert_equal "$(head -1 found)" "$(head -1 "$1")"
    paste <(sed 1d found | tr '\t' '\n') <(sed 1d "$1" | tr '\t' '\n') | rows_hold 11 '($1 - $2)^2 < 1e-6'
}

@test "0.1: a stream of two frames" {
    run -0 raw-info items.raw
    assert_line --index 1 $'f32\t2x3\t12\t2\t0\t0.857142866\t0.430555566\t0'
}

@test "0.1: models encode and decode as they did" {
    for model in plain gauss; do
        vae-encode -q -m $model.bin items.raw | same $model.encoded.raw
        vae-decode -q -m $model.bin latents.raw | same $model.decoded.raw
        vae-eval -q -k 5 -m $model.bin items.raw | figures $model.figures
        vae-info $model.bin | grep -x $'xxh64\t'"$(metadata $model.bin xxh64)"
    done
    vae-encode -q -m cond.bin --cond labels.raw items.raw | same cond.encoded.raw
    vae-decode -q -m cond.bin cond.encoded.raw | same cond.decoded.raw
}

@test "0.1: a checkpoint is gone on with" {
    vae-train -m run.bin -z 2 -H 5,4 -e 20 -r 0.01 -b 5 --ema 0.9 --val items.raw --patience 30 --logvar-bound 80 \
        --resume run.ck items.raw 2>err
    grep -q '^vae-train: run.ck: continuing from step ' err
    vae-decode -q -m run.bin latents.raw | same run.decoded.raw
}
