#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# No test passes when a tool that it uses is dead: see tests/dead-tools.
# shellcheck disable=SC2154 # stderr is set by run
# shellcheck disable=SC2016 # what is quoted is for another bats
load ../helper

setup() {
    cd "$ROOT" || return
}

@test "every test notices a tool that ends at once, with status 0 or 1" {
    run --separate-stderr tests/dead-tools
    echo "# $stderr" >&3
    assert_output ''
    assert_success
}

# holding COMMAND: a bats file of one test.
holding() {
    printf '%s\n' "load $ROOT/tests/helper" "@test \"it holds (or not?)\" { $1; }" >"$BATS_TEST_TMPDIR/one.bats"
}

@test "a test that a dead tool passes is listed, for either status; one that runs no tool is none" {
    holding 'vae-sample | wc -c'
    run -1 --separate-stderr tests/dead-tools "$BATS_TEST_TMPDIR/one.bats"
    assert_output "$BATS_TEST_TMPDIR/one.bats: it holds (or not?): passes although vae-sample ends at once with status 0"
    assert_equal "$stderr" '2 times a test ran a dead tool, in 1 files'
    holding 'run vae-sample; [[ -n $output || $status -eq 1 ]]'
    run -1 --separate-stderr tests/dead-tools "$BATS_TEST_TMPDIR/one.bats"
    assert_output "$BATS_TEST_TMPDIR/one.bats: it holds (or not?): passes although vae-sample ends at once with status 1"
    holding 'run vae-sample; [ -n "$output" ] || skip'
    run -1 --separate-stderr tests/dead-tools "$BATS_TEST_TMPDIR/one.bats"
    assert_equal "${#lines[@]}" 2
    holding 'vae-sample | row_holds 1 "/^raw1/"'
    run -0 --separate-stderr tests/dead-tools "$BATS_TEST_TMPDIR/one.bats"
    assert_output ''
    # Two files, so that some tests were tried.
    printf '%s\n' 'setup_file() { false; }' '@''test "it does not run" { vae-sample; }' '@''test "nor this" { true; }' \
        >"$BATS_TEST_TMPDIR/two.bats"
    run -1 --separate-stderr tests/dead-tools "$BATS_TEST_TMPDIR/one.bats" "$BATS_TEST_TMPDIR/two.bats"
    assert_output "$BATS_TEST_TMPDIR/two.bats: 1 of its tests ran, wanted 2"
    run -1 --separate-stderr tests/dead-tools "$BATS_TEST_TMPDIR/one.bats" "$BATS_TEST_TMPDIR/none.bats"
    assert_output "$BATS_TEST_TMPDIR/none.bats: 0 of its tests ran, wanted a plan of some"
    holding true
    run -1 --separate-stderr tests/dead-tools "$BATS_TEST_TMPDIR/one.bats"
    assert_output ''
    assert_equal "$stderr" '0 times a test ran a dead tool, in 1 files'
}
