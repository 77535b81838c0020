#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A run that saves all the time, killed at random moments: model and checkpoint are at each of them either old or new.
# shellcheck disable=SC2016 # what is quoted is awk's
load ../helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    idx2raw -n 200 "$IMAGES" >items.raw
    OPTIONS=(-q -H 64 -z 5 -b 32 -m model.bin --checkpoint run.ck --every 1)
}

@test "200 kills leave a model and a checkpoint that load, and one file beside them at most, which the next run takes" {
    vae-train "${OPTIONS[@]}" -e 1 items.raw
    local steps=0 resumed=0 now
    for ((i = 0; i < 200; i++)); do
        vae-train "${OPTIONS[@]}" -e 1000000 --resume run.ck items.raw 3>&- &
        sleep "0.$(printf '%03d' $((40 + RANDOM % 150)))"
        kill -KILL $!
        wait $! || true
        vae-eval -q -m model.bin items.raw | row_holds 2 '$1 == 200'
        perl "$ROOT/tests/safetensors.pl" verify <run.ck
        now=$(metadata run.ck step)
        [ "$now" -ge "$steps" ]
        [ "$now" -eq "$steps" ] || resumed=$((resumed + 1))
        steps=$now
        [ "$(find . -name '.*.tmp' | wc -l)" -le 2 ]
    done
    echo "# 200 kills, $resumed of them behind a new checkpoint, $steps steps" >&3
    [ "$resumed" -ge 50 ]
    # What all these runs came to is what one run comes to, and nothing is left of them.
    local epochs=$((steps / 7 + 1))
    vae-train "${OPTIONS[@]}" -e $epochs --resume run.ck items.raw
    vae-train -q -H 64 -z 5 -b 32 -e $epochs -m whole.bin items.raw
    cmp whole.bin model.bin
    assert_empty "$(find . -name '.*.tmp')"
}
