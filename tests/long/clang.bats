#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What takes minutes beside tests/analyze.bats: clang-tidy reads the source, and clang compiles the suite.
load ../helper

@test "clang-tidy, with clang's analyzer, finds nothing that .clang-tidy asks for" {
    cd "$ROOT" || return
    read -r -a flags < <(make -s flags)
    mapfile -t files < <(printf '%s\n' lib/*/*.c tools/*.c)
    run -0 clang-tidy --quiet "${files[@]}" -- "${flags[@]}" -DVAEUTILS_VERSION=\"\"
}

@test "the suite builds with clang without a warning, and trains to the same bytes" {
    command -v clang >/dev/null || skip 'wants clang (make long-deps)'
    local build=$BATS_TEST_TMPDIR/clang
    cd "$ROOT"
    env -u MAKEFLAGS make -s -j2 CC=clang BUILD="$build" all 2>"$BATS_TEST_TMPDIR/warnings" ||
        fail "$(<"$BATS_TEST_TMPDIR/warnings")"
    run -0 cat "$BATS_TEST_TMPDIR/warnings"
    assert_output ''
    idx2raw -n 200 "$IMAGES" >"$BATS_TEST_TMPDIR/items.raw"
    cd "$BATS_TEST_TMPDIR"
    vae-train -q -m gcc.bin -H 40,res -e 1 items.raw
    "$build/vae-train" -q -m clang.bin -H 40,res -e 1 items.raw
    cmp gcc.bin clang.bin
}
