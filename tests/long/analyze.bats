#!/usr/bin/env bats
# All that .clang-tidy asks for, clang's analyzer included, and whether the lists of faults still fit source and tests.
load ../helper

@test "clang-tidy finds nothing" {
    cd "$ROOT" || return
    read -r -a FLAGS < <(make -s flags)
    mapfile -t C < <(printf '%s\n' lib/*/*.c tools/*.c)
    run -0 clang-tidy --quiet "${C[@]}" -- "${FLAGS[@]}" -DVAEUTILS_VERSION='""'
}

@test "each fault of tests/mutants has its place in the source, and its tests are there" {
    run -0 "$ROOT/tests/mutate" --check
    assert_output ''
}
