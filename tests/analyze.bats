#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What reads the source without running it. tests/long/analyze.bats has what takes minutes.
load helper

setup() {
    cd "$ROOT" || return
    read -r -a FLAGS < <(make -s flags)
    FLAGS+=(-DVAEUTILS_VERSION=\"\")
}

@test "clang compiles the kernels without a warning, also for each loop that is to be vectorized" {
    command -v clang >/dev/null || skip 'wants clang (make fuzz-deps)'
    local file level
    for file in lib/*/*_kernel.c; do
        for level in -msse2 '-mavx2 -mfma' '-mavx512f -mavx512dq -mavx512bw -mavx512vl -mfma'; do
            [ "$(uname -m)" = x86_64 ] || level=
            # shellcheck disable=SC2086 # several options
            clang "${FLAGS[@]}" -O3 -fopenmp-simd -fno-math-errno -fno-trapping-math -Wall -Wextra -Werror $level -c \
                -o "$BATS_TEST_TMPDIR/object.o" "$file" || fail "$file $level"
        done
    done
}

@test "cppcheck finds nothing" {
    # It names no machine by itself, and checks nothing in a file whose headers refuse the machine.
    local machine=(-D__GNUC__=12 -D__linux__ -D__x86_64__ -D__SIZEOF_POINTER__=8)
    printf '#include "base/error.h"\nint f(int *p) { int x = *p; return p == 0 ? fail("") : x; }\n' >"$BATS_TEST_TMPDIR/null.c"
    run -1 cppcheck "${machine[@]}" --quiet --enable=warning -Ilib --error-exitcode=1 "$BATS_TEST_TMPDIR/null.c"
    run -0 cppcheck "${machine[@]}" --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
        --suppress=missingIncludeSystem -Ilib -DLEVEL=baseline -DVAEUTILS_VERSION='""' --error-exitcode=1 lib tools
    assert_output ''
}

@test "clang-format would change nothing" {
    run -0 clang-format --dry-run -Werror lib/*/*.[ch] tools/*.c tests/*/*.[ch]
    assert_output ''
}

@test "each source names its licence" {
    run -0 grep -L 'SPDX-License-Identifier: MIT' Makefile data/Makefile .ci/run lib/*/*.[ch] lib/libvae/{vae.map,libvae.symbols} lib/explorer/page/* tools/* tests/*/*.[ch] \
        tests/*.bats tests/long/*.bats tests/*.bash tests/{run,run-onnx.mjs,onnx.pl,run-page.mjs,browser.mjs,try-page.mjs,mutate,dead-tools,aarch64-libraries,musl-libraries,same-bytes,coverage} examples/{demo,anomaly,words,molecules,jobs/*,plots/*}
    assert_output ''
}

@test "no test takes a comparison that failed for one that found a difference" {
    # Status 1 is a difference, and 2 is trouble, such as an empty file.
    run -1 grep -nE '(run )?! (cmp|diff) ' tests/*.bats tests/long/*.bats
    assert_output ''
}

@test "a file includes only files of its own room and of rooms below it" {
    local -A below=([base]='' [stream]=base [format]='base stream' [text]='base stream format' [kernel]=base
        [dist]='base kernel' [layer]='base kernel' [nn]='base stream kernel dist layer'
        [op]='base stream kernel dist layer nn' [model]='base stream kernel dist layer nn op'
        [query]='base stream kernel dist layer nn op model' [train]='base stream kernel dist layer nn op model query'
        [run]='base stream kernel dist layer nn op model query train'
        [property]='base stream kernel dist layer nn op model query' [export]='base stream kernel dist layer nn op model'
        [explorer]='base stream kernel dist layer nn op model query export'
        [libvae]='base stream kernel dist layer nn op model query')
    local room file included rooms=0 files=0
    for room in lib/*; do
        room=${room#lib/}
        [ -v "below[$room]" ] || fail "lib/$room: not in the list of rooms"
        rooms=$((rooms + 1))
        files=$((files + $(find "lib/$room" -type f | wc -l)))
        while IFS=: read -r file included; do
            [[ " $room ${below[$room]} " == *" $included "* ]] || fail "$file includes a file of $included"
        done < <(grep -o -E '^#include "[^/"]*' "lib/$room"/* | sed 's/#include "//' | sort -u)
    done
    assert_equal "$rooms" ${#below[@]}
    assert [ "$files" -gt 100 ]
}

@test "each fault of tests/mutants has its place in the source, and its tests are there" {
    run -0 tests/mutate --check
    assert_output ''
}
