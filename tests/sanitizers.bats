#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Training and inference below valgrind, and what has threads with the thread sanitizer. (Address and undefined sanitizers
# have a build of their own, with which whole files of these tests run: see the Makefile. The other tools are below valgrind
# in long/valgrind.bats.)
# shellcheck disable=SC2016 # what is quoted is awk's
load helper
load valgrind

@test "valgrind: training, its checkpoint, and going on from it" {
    v vae-train -q -j 2 -m model.bin -H 4 -z 2 -e 1 -b 16 --checkpoint run.ck --val items.raw --patience 3 --log log items.raw
    v vae-train -q -j 1 -m model.bin -H 4 -z 2 -e 2 -b 16 --resume run.ck --val items.raw --patience 3 --log log items.raw
    cp model.bin no.ck # is replaced, and is no checkpoint
    v vae-train -q -j 1 -m m.bin -H 4 -z 2 -e 1 --checkpoint no.ck items.raw
    v vae-train -q -j 1 -m m.bin -H 4 -z 2 -e 2 -b 5 --stream --shuffle-buffer 8K items.raw
    v vae-train -q -j 1 -m m.bin -H 4 -z 2 -e 1 -a gated --prior vamp:3 --optimizer muon --ema 0.9 items.raw
    v vae-train -q -j 1 -m m.bin -H 4 -z 2 -e 1 --cond labels.raw --objective dreg -k 2 -l gaussian --sigma net items.raw
    v vae-train -q -j 1 -m m.bin -H conv:3:4:4,norm:1,resconv,up:2,4 --decoder-hidden linear:7:7:2,up:4 -z 2 -e 1 --prior vamp:3 items.raw
    printf 'ab\nc\n\nabca\n' >lines
    text2raw --write-tokens tokens lines >lines.raw
    v vae-train -q -j 1 -m m.bin --tokens tokens -H gru:3,gru:2 --decoder-hidden 3,gru:4 -z 2 -e 2 --word-dropout 0.5 -k 2 lines.raw
    vae-sample -n 3 -d 2 | v vae-decode -q -j 1 -m m.bin --sample --temperature 2 | v raw2text -m m.bin | wc -l | grep -x 3
    v text2raw -m m.bin lines | cmp - lines.raw
    v vae-train -q -j 1 -m m.bin -H 4 -z 2 -e 1 --missing -l laplace --sigma per-dim holes.raw
    v vae-impute -q -j 1 -m m.bin -k 3 holes.raw | raw-info | row_holds 2 '$3 == 40 && $8 == 0'
}

@test "threads: nothing is written by one while another uses it" {
    PATH=${VAE_BUILD:-$ROOT/build}/tsan:$PATH
    [[ $(type -P vae-train) == */tsan/vae-train ]] # make tsan builds it
    export TSAN_OPTIONS='halt_on_error=1 exitcode=99'
    local options
    for options in '' '--objective dreg -k 3 --optimizer muon --ema 0.9' '--prior vamp:4 -a gated' \
        '-l gaussian --sigma optimal --clip 1 --cond labels.raw'; do
        # shellcheck disable=SC2086 # several options
        vae-train -q -j 4 -m model.bin -H 16,8 -z 3 -e 2 -b 40 $options items.raw
    done
    vae-train -q -j 4 -m model.bin -H conv:6:4:2,norm:2,resconv,8 -a silu -z 3 -e 1 -b 40 --prior vamp:4 items.raw
    vae-encode -q -j 4 -m model.bin items.raw | vae-decode -q -j 4 -m model.bin | raw-info | row_holds 2 '$3 == 40'
    vae-sample -n 40 -d 2 >known.raw
    raw-select --elements 0 known.raw >values.raw
    vae-climb -q -j 4 --write-predictions table --latents known.raw --target values.raw known.raw | raw-info | row_holds 2 '$3 == 40'
    seq -f 'word%g' 60 >lines
    text2raw --write-tokens tokens lines >lines.raw
    vae-train -q -j 4 -m gru.bin --tokens tokens -H gru:9 --decoder-hidden 5,gru:20 -z 3 -e 2 -b 40 --optimizer muon lines.raw
    vae-encode -q -j 4 -m gru.bin lines.raw | vae-decode -q -j 4 -m gru.bin --sample | raw-info | row_holds 2 '$3 == 60'
    # Several micro-batches.
    { header u8 96x80x3 10 . && head -c 230400 /dev/zero; } >large.raw
    vae-train -q -j 2 -m large.bin -H conv:40:3,conv:4:4:4,8 -z 2 -e 1 -b 10 large.raw
    vae-train -q -j 4 -m model.bin -H 16,8 -z 3 -e 1 --val items.raw --checkpoint run.ck --every 1 items.raw
    vae-train -q -j 4 -m model.bin -H 16,8 -z 3 -e 3 -b 5 --stream --shuffle-buffer 8K --checkpoint run.ck --every 1 items.raw
    vae-train -q -j 4 -m model.bin -H 16,8 -z 3 -e 4 -b 5 --stream --shuffle-buffer 8K --resume run.ck items.raw
    vae-encode -q -j 4 -m model.bin items.raw | vae-decode -q -j 4 -m model.bin | raw-info | row_holds 2 '$3 == 40'
    vae-eval -q -j 4 -k 20 -m model.bin items.raw | row_holds 2 '$1 == 40'
    vae-score -q -j 4 -m model.bin items.raw | raw-info | row_holds 2 '$3 == 40'
}

@test "threads: a model of libvae is used by several at the same time" {
    local build=${VAE_BUILD:-$ROOT/build}/tsan kind
    [ -e "$build/libvae.a" ] # make tsan builds it
    cc -std=c11 -g -D_DEFAULT_SOURCE -fsanitize=thread -I"$ROOT/lib/libvae" -o use "$ROOT/tests/libvae/use.c" "$build/libvae.a" \
        -pthread -ljansson -lxxhash -ldl -lm
    { header f32 6x7 40 . && perl -e 'print pack "f<*", map { $_ * 7 % 11 / 11 } 1 .. 1680'; } >pictures.raw
    payload <pictures.raw >x
    payload <labels.raw >labels
    for kind in '-H 9,res --prior vamp:3' '-H conv:4:3,norm:2,5 -a gated' '-H 9 --cond labels.raw -l gaussian --sigma net'; do
        # shellcheck disable=SC2086 # several options
        vae-train -q -m model.bin -z 3 -e 1 $kind pictures.raw
        # shellcheck disable=SC2046 # no file, or one
        TSAN_OPTIONS='halt_on_error=1 exitcode=99' ./use threads model.bin $([[ $kind != *cond* ]] || echo labels) <x | grep -x '8 threads, 40 rows: the same'
    done
    seq -f 'word%g' 40 >lines
    text2raw --write-tokens tokens lines | tee words.raw | payload | perl -0777 -ne 'print pack "f<*", unpack "C*"' >x
    vae-train -q -m gru.bin --tokens tokens -H gru:9 --decoder-hidden 5,gru:20 -z 3 -e 1 words.raw
    TSAN_OPTIONS='halt_on_error=1 exitcode=99' ./use threads gru.bin <x | grep -x '8 threads, 40 rows: the same'
}
