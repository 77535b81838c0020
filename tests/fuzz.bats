#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The fuzzers' targets on their corpora and on what they have once found (make fuzz looks for more).
load helper

setup() {
    REPLAY=${VAE_BUILD:-$ROOT/build}/fuzz
}

# replays TARGET: each file of its corpora, in a process of a small memory: what a header claims costs nothing.
replays() {
    local files=("$ROOT/tests/fuzz/corpus/$1"/*)
    [ ! -d "$ROOT/tests/fuzz/regressions/$1" ] || files+=("$ROOT/tests/fuzz/regressions/$1"/*)
    # In kB; the sanitizers' own memory is more, and so is that of many threads.
    [ -n "${VAE_SANITIZED-}" ] || ulimit -v 300000
    OPENBLAS_NUM_THREADS=1 run -0 timeout 60 "$REPLAY/$1-replay" "${files[@]}"
    assert_output "${#files[@]} inputs"
}

@test "fuzzed: streams" { replays stream; }
@test "fuzzed: IDX files, plain and gzip" { replays idx; }
@test "fuzzed: tables of text" { replays csv; }
@test "fuzzed: pictures" { replays pnm; }
@test "fuzzed: scores for p-values" { replays calibration; }
@test "fuzzed: NumPy arrays" { replays npy; }
@test "fuzzed: MatrixMarket matrices" { replays mtx; }
@test "fuzzed: vocabularies and texts" { replays tokens; }
@test "fuzzed: model files" { replays model; }
@test "fuzzed: tensors of other programs" { replays tensors; }
@test "fuzzed: checkpoints" { replays checkpoint; }
@test "fuzzed: numbers, lists and names of options" { replays options; }
