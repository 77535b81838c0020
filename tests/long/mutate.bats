#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What tests/mutate counts: see there.
load ../helper

setup() {
    mkdir "$BATS_TEST_TMPDIR/copy"
    cp -a "$ROOT"/{Makefile,lib,tools,tests,data,man,examples,README.md,LICENSE} "$BATS_TEST_TMPDIR/copy"
    cp -a "$VAE_BUILD" "$BATS_TEST_TMPDIR/copy/build"
    cd "$BATS_TEST_TMPDIR/copy" || return
    rm tests/mutants/*
    # The first is noticed by the file that fits it, the second changes nothing.
    printf '%s\n' 'raw-cmp:equal ;; a == b || ;; a != b || ;; raw-cmp.bats' \
        'raw-cmp:equal ;; a == b || ;; (a == b) ||' >tests/mutants/some
}

# mutates LIST: tests/mutate with the fitting tests, as from a shell.
mutates() {
    (unset "${!BATS_TEST_@}" "${!BATS_RUN_@}" "${!BATS_SUITE_@}" "${!BATS_FILE_@}" BATS_TMPDIR BATS_ROOT_PID
        tests/mutate --fitting "$1")
}

@test "faults are counted as noticed or not" {
    run -0 mutates some
    assert_line --regexp '^ +1 raw-cmp:equal .* raw-cmp.bats, [0-9]+ s$'
    assert_line --regexp '^ +2 raw-cmp:equal .* NOT NOTICED, [0-9]+ s$'
    assert_line 'some: 2 mutants, 1 not noticed'
}

@test "a test that fails on the source itself notices nothing, and is named" {
    printf '%s\n' 'load helper' '@''test "no" {' 'false' '}' >tests/raw-cmp.bats
    run -1 mutates some
    assert_line 'raw-cmp.bats: FAILS ON THE SOURCE ITSELF'
    assert_line 'some: 2 mutants, 2 not noticed'
}

@test "a test that takes too long once, as on a busy machine, notices nothing" {
    sed -i 's/SECONDS => [0-9]*/SECONDS => 5/' tests/mutate
    # shellcheck disable=SC2016 # the inner file's own variable
    printf '%s\n' 'load helper' '@''test "slow at first" {' '[ -e "$ROOT/tried" ] || { touch "$ROOT/tried" && sleep 20; }' '}' \
        >tests/raw-cmp.bats
    sed 1d tests/mutants/some >tests/mutants/other
    sed -i 's/$/ ;; raw-cmp.bats/' tests/mutants/other
    run -0 mutates other
    assert_line --regexp '^ +1 raw-cmp:equal .* NOT NOTICED, [0-9]+ s$'
}

@test "no fault at all, one without its place and one that does not build are failures" {
    run -1 mutates some:3
    assert_output 'some: 0 mutants, 0 not noticed'
    for _ in 1 2 3 4; do echo "raw-cmp:equal ;; a == b || ;; a == || ;; raw-cmp.bats"; done >tests/mutants/other
    run -1 mutates other
    assert_line --regexp '^ +1 raw-cmp:equal .* DOES NOT BUILD, [0-9]+ s$'
    assert_line 'other: 4 mutants, 4 not noticed'
    echo 'raw-cmp:equal ;; not there ;; 0' >tests/mutants/other
    run -1 mutates other
    assert_output "other: raw-cmp:equal: found 'not there' 0 times, wanted it once"
    for test in none.bats none raw-cmp.bats/nowhere; do
        echo "raw-cmp:equal ;; a == b || ;; a != b || ;; raw-cmp.bats/NaN $test" >tests/mutants/other
        run -1 tests/mutate --check
        assert_output "other: raw-cmp:equal: found '$test', wanted a test that there is"
    done
}
