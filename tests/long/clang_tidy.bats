#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# clang-tidy reads the source without running it, as tests/analyze.bats does, but takes minutes.
load ../helper

@test "clang-tidy, with clang's analyzer, finds nothing that .clang-tidy asks for" {
    cd "$ROOT" || return
    read -r -a flags < <(make -s flags)
    mapfile -t files < <(printf '%s\n' lib/*/*.c tools/*.c)
    run -0 clang-tidy --quiet "${files[@]}" -- "${flags[@]}" -DVAEUTILS_VERSION=\"\"
}
