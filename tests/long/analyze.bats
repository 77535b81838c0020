#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What takes minutes beside tests/analyze.bats: analyzers read the source and the scripts, and clang compiles the suite.
load ../helper

setup() {
    cd "$ROOT" || return
    read -r -a FLAGS < <(make -s flags)
    FLAGS+=(-DVAEUTILS_VERSION=\"\")
    mapfile -t C < <(printf '%s\n' lib/*/*.c tools/*.c)
    # What is built with MPI only wants its headers.
    if pkg-config --exists ompi; then
        read -r -a mpi < <(pkg-config --cflags ompi)
        FLAGS+=("${mpi[@]}")
    else
        mapfile -t C < <(printf '%s\n' "${C[@]}" | grep -v /ranks_mpi.c)
    fi
}

@test "gcc -fanalyzer finds nothing" {
    for file in "${C[@]}"; do
        # It takes what a function has filled for not set, and does not know how wide the elements of vectors are.
        gcc -fanalyzer -Wno-analyzer-use-of-uninitialized-value -Wno-analyzer-shift-count-overflow -Werror \
            "${FLAGS[@]}" -O1 -c -o "$BATS_TEST_TMPDIR/object.o" "$file" || fail "$file"
    done
}

@test "every script is clean under shellcheck" {
    cd "$ROOT"
    shellcheck -s bash tools/completion.bash
    shellcheck -x .ci/run tools/make-deb tests/run tests/aarch64-libraries tests/musl-libraries tests/dead-tools tests/same-bytes tests/fuzz/run examples/demo examples/anomaly examples/words examples/molecules data/cut-tiles data/draw-emoji data/list-molecules examples/jobs/* examples/plots/* examples/paper/*
    shellcheck -s bats -x tests/helper.bash tests/*.bats tests/long/*.bats
}

@test "clang-tidy, with clang's analyzer, finds nothing that .clang-tidy asks for" {
    run -0 clang-tidy --quiet "${C[@]}" -- "${FLAGS[@]}"
}

@test "the suite builds with clang without a warning, and trains to the same bytes" {
    command -v clang >/dev/null || skip 'wants clang (make long-deps)'
    local build=$BATS_TEST_TMPDIR/clang
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
