#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Each allocation that a tool makes fails, in turn: see tests/injected.bats.
load ../helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    idx2raw -n 40 "$IMAGES" >items.raw
    vae-train -q -m model.bin -H 2 -z 1 -e 1 items.raw
    vae-encode -q -m model.bin items.raw >latents.raw
    vae-sample -n 12 -d 1 >known.raw
    vae-score -q -m model.bin --write-calibration scores.txt items.raw >scores.raw
    { header f32 4 40 . && perl -e 'print pack "f<*", map { $_ % 5 ? $_ / 160 : "nan" } 1 .. 160'; } >holes.raw
    idx2raw -n 40 "$LABELS" >labels.raw
    vae-train -q -m told.bin --cond labels.raw -H 2 -z 1 -e 1 items.raw
    vae-train -q -m holes.bin --missing -H 2 -z 1 -e 1 holes.raw
}

@test "each allocation of training" {
    withstand malloc 12 1 vae-train -q -j 2 -m new.bin --checkpoint new.ck --log log.tsv -H 2 -z 1 -e 1 \
        --val items.raw --prior vamp:3 --optimizer muon --ema 0.9 items.raw
    withstand mmap 12 1 vae-train -q -m new.bin -H 2 -z 1 -e 1 items.raw
}

@test "each allocation of the tools that use a model" {
    withstand malloc 12 1 vae-encode -q -j 2 -m model.bin items.raw
    withstand malloc 12 1 vae-decode -q -j 2 -m model.bin latents.raw
    withstand malloc 12 1 vae-eval -q -j 2 -k 3 --curve -m model.bin items.raw
    withstand malloc 12 1 vae-score -q -j 2 -m model.bin --calibrate scores.txt items.raw
    withstand malloc 12 1 vae-score -q -j 2 -m model.bin --write-calibration new.txt items.raw
    withstand malloc 12 1 vae-score -q -j 2 -m model.bin --per-element items.raw
    withstand malloc 12 1 vae-impute -q -j 2 -k 3 -m holes.bin holes.raw
    withstand malloc 12 1 vae-eval -q --mutual-information -m told.bin --cond labels.raw items.raw
    withstand malloc 12 1 vae-sample -m told.bin --cond labels.raw
    withstand malloc 12 1 vae-info model.bin
    withstand malloc 12 1 vae2c -m told.bin decoder
}

@test "each allocation of libvae" {
    run -0 env LIBVAE_STRIDE=1 bats --tap --filter 9th "$ROOT/tests/libvae.bats"
    assert_line --regexp '^ok 1 memory'
}

@test "each allocation of vae-climb" {
    # OpenBLAS is loaded before main, where no call fails: the Fortran library that it needs ends the process otherwise.
    local FAULT_LIBRARY="$FAULT_LIBRARY libopenblas.so.0"
    local -x OPENBLAS_NUM_THREADS=1
    for method in gp linear; do
        withstand malloc 12 1 vae-climb -q -j 2 --method $method --write-predictions new.tsv \
            --latents known.raw --target known.raw latents.raw
    done
}

@test "each allocation while lists of hidden layers are read" {
    vae-train -q -m net.bin -H 2,res -z 1 -e 0 --checkpoint run.ck items.raw
    withstand malloc 12 1 vae-info net.bin
    withstand malloc 12 1 vae-info --row run.ck
}

@test "each allocation of the tools of streams" {
    withstand malloc 12 1 idx2raw "$IMAGES"
    withstand malloc 12 1 raw2pgm items.raw
    withstand malloc 12 1 raw-info items.raw
    withstand malloc 12 1 vae-sample -n 3 -d 2
    withstand malloc 12 1 vae-interp latents.raw
    withstand malloc 12 1 vae-traverse latents.raw
}
