#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The benchmark's own arithmetic, and what it holds that does not depend on how fast the machine is.

load helper

setup_file() {
    export XDG_CACHE_HOME=$BATS_FILE_TMPDIR
    make -s -C "$ROOT/data" fashion
    # More memory than its data and 40 MB would be a fault; so would a table without the row.
    "$ROOT/tests/bench/run" --quick --only 'peak memory less' >"$BATS_FILE_TMPDIR/table"
}

@test "training takes the data's memory and at most 40 MB" {
    run tail -1 "$BATS_FILE_TMPDIR/table"
    assert_output --regexp '^\| training: peak memory less the data, MB \| [0-9.]+ \| .* \| <= 40 \| yes \|$'
}

@test "the table says which machine it is from" {
    run head -1 "$BATS_FILE_TMPDIR/table"
    assert_output --regexp "^$(date +%Y)-.* processors, load .*OpenBLAS [0-9.]+ .*PyTorch"
}

@test "measure gives a command's seconds, memory and status" {
    run "$VAE_BUILD/bench/measure" dd if=/dev/zero of=/dev/null bs=48M count=1 status=none
    assert_success
    read -r seconds kilobytes <<<"$output"
    [ "$kilobytes" -gt 48000 ] && [ "$kilobytes" -lt 120000 ]
    run awk -v s="$seconds" 'BEGIN { exit !(s > 0 && s < 10) }'
    assert_success
    run -3 "$VAE_BUILD/bench/measure" sh -c 'exit 3'
    run -127 "$VAE_BUILD/bench/measure" /no/such/command
}

@test "a wrong option of the benchmark is refused before anything is measured" {
    run -2 timeout 20 "$ROOT/tests/bench/run" --fast
    assert_output --partial 'usage: tests/bench/run'
}
