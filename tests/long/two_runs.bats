#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What tests/two_runs.bats tries some times, here so often that each moment between two saves is met.
load ../helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    idx2raw -n 100 "$IMAGES" >items.raw
}

teardown() {
    if [ -n "${pid:-}" ]; then kill -KILL "$pid" 2>/dev/null || true; fi
}

@test "2,000 runs that would take the model and the checkpoint of a run that saves all the time are refused" {
    preloaded
    env FAULT=clock:1000000:fast LD_PRELOAD="$FAULT_LIBRARY" vae-train -q -m model.bin -H 3 -z 1 -b 50 -e 1000000 \
        --checkpoint run.ck --every 1 items.raw 2>err 3>&- &
    pid=$!
    await test -s model.bin
    local refused=0
    for ((i = 0; i < 1000; i++)); do
        fails 1 'vae-train: model.bin: another process is writing it' vae-train -q -m model.bin -H 2 -z 1 -e 0 items.raw
        fails 1 'vae-train: run.ck: another process is writing it' \
            vae-train -q -m other.bin --checkpoint run.ck -H 2 -z 1 -e 0 items.raw
        refused=$((refused + 2))
    done
    kill -TERM "$pid"
    local got=0
    wait "$pid" || got=$?
    pid=
    assert_equal "$got" 143
    assert_equal "$refused" 2000
    assert_equal "$(metadata model.bin encoder_hidden)" 3
    assert_equal "$(metadata run.ck step)" "$(metadata model.bin steps)"
    echo "# 2,000 runs refused by one that had saved $(metadata model.bin steps) times" >&3
}
