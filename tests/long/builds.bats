#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Other builds of the source, by another compiler, with other options and for another processor, give the same bytes:
# those of tests/golden/trainings.
load ../helper
load ../trainings

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    make_data
}

setup() {
    mkdir "$BATS_TEST_TMPDIR/copy"
    cp -a "$ROOT"/{Makefile,lib,tools,LICENSE} "$BATS_TEST_TMPDIR/copy"
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/*.{raw,txt} .
}

# build VARIABLE=VALUE...: makes the tools in a directory that is the first of the PATH.
build() {
    make -s -j 2 -C copy all "$@" >/dev/null
    PATH=$BATS_TEST_TMPDIR/copy/build:$PATH
}

gives_the_bytes() {
    local sum data options count=0
    while read -r sum data options; do
        # shellcheck disable=SC2086 # several
        all_of it "$data" $options
        check_sum it "$sum" "$data" "$options"
        rm it.*
        count=$((count + 1))
    done <"$TRAININGS"
    assert_equal "$count" 18
}

@test "ops and gradients hold at each other level" {
    units_hold ops gradients
}

@test "gcc -O2 gives the same bytes" {
    build CC=gcc CFLAGS=-O2
    gives_the_bytes
}

@test "clang -O3 gives the same bytes" {
    command -v clang >/dev/null || skip 'wants clang (make long-deps)'
    build CC=clang CFLAGS='-O3 -Wno-pass-failed'
    gives_the_bytes
}

# The tools run on an emulated processor, which makes floating-point numbers by itself and takes minutes.
@test "a build for aarch64 gives the same bytes" {
    command -v aarch64-linux-gnu-gcc >/dev/null && command -v qemu-aarch64 >/dev/null ||
        skip 'wants gcc-aarch64-linux-gnu and qemu-user (make long-deps)'
    "$ROOT/tests/aarch64-libraries" "$PWD/libraries" >/dev/null
    local include=../libraries/usr/include tool
    build CC=aarch64-linux-gnu-gcc CPPFLAGS="-isystem $include -isystem $include/aarch64-linux-gnu/openblas-pthread" \
        LDFLAGS='-L../libraries/usr/lib/aarch64-linux-gnu -L../libraries/lib/aarch64-linux-gnu'
    for tool in vae-train vae-encode vae-decode vae-eval; do
        mv "copy/build/$tool" "copy/build/$tool.aarch64"
        printf '#!/bin/sh\nexec qemu-aarch64 -L "%s" -E "LD_LIBRARY_PATH=%s" "%s" "$@"\n' "$PWD/libraries" \
            "$PWD/libraries/usr/lib/aarch64-linux-gnu" "$PWD/copy/build/$tool.aarch64" >"copy/build/$tool"
        chmod +x "copy/build/$tool"
    done
    run -0 vae-train --version
    gives_the_bytes
}

@test "a static build for musl gives the same bytes" {
    command -v musl-gcc >/dev/null || skip 'wants musl-gcc (make long-deps)'
    local status=0
    "$ROOT/tests/musl-libraries" "$PWD/libraries" >log 2>&1 || status=$?
    [ "$status" -ne 3 ] || skip "wants Debian's source packages: $(tail -n 1 log)"
    [ "$status" -eq 0 ] || fail "$(<log)"
    make -s -j 2 -C copy static CC=musl-gcc CPPFLAGS=-I../libraries/include LDFLAGS=-L../libraries/lib >/dev/null
    PATH=$BATS_TEST_TMPDIR/copy/build/static:$PATH
    run -0 vae-train --version
    assert_equal "$(command -v vae-train)" "$PWD/copy/build/static/vae-train"
    assert [ -z "$(readelf -l copy/build/static/vae-train | grep INTERP)" ]
    assert [ "$(stat -c %s copy/build/static/vae-train)" -lt 1200000 ] # glibc's is larger
    gives_the_bytes
}
