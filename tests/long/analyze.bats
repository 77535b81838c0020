#!/usr/bin/env bats
# All that .clang-tidy asks for, clang's analyzer included.
load ../helper

@test "clang-tidy finds nothing" {
    cd "$ROOT" || return
    read -r -a FLAGS < <(make -s flags)
    mapfile -t C < <(printf '%s\n' lib/*/*.c tools/*.c)
    run -0 clang-tidy --quiet "${C[@]}" -- "${FLAGS[@]}" -DVAEUTILS_VERSION='""'
}
