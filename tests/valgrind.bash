# SPDX-License-Identifier: MIT
# Tools below valgrind. Files of tests that load this have their setup from here, too.
# shellcheck shell=bash
# shellcheck disable=SC2016 # what is quoted is perl's

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    idx2raw -n 40 "$IMAGES" >items.raw
    idx2raw -n 40 "$LABELS" >labels.raw
    { header f32 4 40 . && perl -e 'print pack "f<", $_ % 9 ? $_ * 7 % 11 / 10 : "nan" for 1 .. 160'; } >holes.raw
}

# v COMMAND...: below valgrind; no byte that was not set decides anything, none outside of anything is touched, and at
# the end nothing is left that nobody points to.
v() {
    valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite "$(type -P "$1")" "${@:2}" ||
        fail "$*: $?"
}
