#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# raw-cmp: whether two streams hold the same numbers, within a tolerance.
load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# floats FILE NUMBER...: a stream of pairs.
floats() {
    local file=$1
    shift
    { header f32 2 $(($# / 2)) . && f32 "$@"; } >"$file"
}

@test "equal streams exit 0 without a word" {
    floats a.raw 1 2 3 4
    run -0 --separate-stderr raw-cmp a.raw a.raw
    # shellcheck disable=SC2154 # set by run
    assert_empty "$output$stderr"
    floats b.raw 1 2 3 5
    fails 1 'raw-cmp: b.raw: item 1, element 1 is 5' raw-cmp a.raw b.raw
}

@test "the first difference is named by item and element" {
    floats a.raw 1 2 3 4 5 6
    floats b.raw 1 2 3 4.5 7 6
    fails 1 'raw-cmp: b.raw: item 1, element 1 is 4.5, wanted 4 as in a.raw' raw-cmp a.raw b.raw
}

@test "a difference behind thousands of items is named as well" {
    { header u8 3 10000 . && head -c 30000 /dev/zero; } >a.raw
    { header u8 3 10000 . && head -c 29996 /dev/zero && printf '\1\0\0\0'; } >b.raw
    fails 1 'raw-cmp: b.raw: item 9998, element 2 is 1, wanted 0 as in a.raw' raw-cmp a.raw b.raw
}

@test "--abs allows just that much, either way" {
    floats a.raw 1 2
    floats b.raw 1.5 1.5
    raw-cmp --abs 0.5 a.raw b.raw
    raw-cmp --abs 0.5 b.raw a.raw
    fails 1 'raw-cmp: b.raw: item 0, element 0 is 1.5' raw-cmp --abs 0.49 a.raw b.raw
    fails 1 'raw-cmp: a.raw: item 0, element 0 is 1, ' raw-cmp --abs 0.49 b.raw a.raw
}

@test "--rel is a part of the larger one's size, whatever the signs" {
    floats a.raw 100 -100
    floats b.raw 200 -50
    raw-cmp --rel 0.5 a.raw b.raw
    raw-cmp --rel 0.5 b.raw a.raw
    fails 1 'raw-cmp: b.raw: item 0, element 0' raw-cmp --rel 0.49 a.raw b.raw
    fails 1 'raw-cmp: b.raw: item 0, element 0' raw-cmp --abs 99 a.raw b.raw
    raw-cmp --abs 2 --rel 0.49 a.raw b.raw
}

@test "an infinity equals itself alone, whatever is tolerated" {
    floats a.raw Inf 1
    floats b.raw 5 1
    floats c.raw -Inf 1
    raw-cmp --rel 0.1 a.raw a.raw
    fails 1 'raw-cmp: b.raw: item 0, element 0 is 5, wanted inf as in a.raw' raw-cmp --abs 1 a.raw b.raw
    fails 1 'raw-cmp: b.raw: item 0, element 0 is 5, wanted inf as in a.raw' raw-cmp --rel 0.1 a.raw b.raw
    fails 1 'raw-cmp: c.raw: item 0, element 0 is -inf, wanted inf as in a.raw' raw-cmp --rel 0.1 a.raw c.raw
}

@test "a difference beyond what is read at a time is named by its place" {
    { header u8 5 3000 . && head -c 15000 /dev/zero; } >a.raw
    { header u8 5 3000 . && head -c 12343 /dev/zero && printf '\1' && head -c 2656 /dev/zero; } >b.raw
    fails 1 'raw-cmp: b.raw: item 2468, element 3 is 1, wanted 0 as in a.raw' raw-cmp a.raw b.raw
}

@test "NaN equals NaN, and no number" {
    floats a.raw NaN 1
    floats b.raw 0 1
    raw-cmp a.raw a.raw
    fails 1 'raw-cmp: b.raw: item 0, element 0 is 0, wanted ' raw-cmp --abs 9 --rel 9 a.raw b.raw
    fails 1 'raw-cmp: a.raw: item 0, element 0 is ' raw-cmp --abs 9 --rel 9 b.raw a.raw
}

@test "the same numbers in another dtype are equal" {
    floats a.raw 1 200
    { header u8 2 1 . && printf '\1\310'; } >b.raw
    { header f64 2 1 . && perl -e 'print pack "d<*", 1, 200'; } >c.raw
    raw-cmp a.raw b.raw
    raw-cmp b.raw c.raw
    { header f64 2 1 . && perl -e 'print pack "d<*", 1, 201'; } >d.raw
    fails 1 'raw-cmp: d.raw: item 0, element 1 is 201, wanted 200' raw-cmp b.raw d.raw
}

@test "how the items are cut into frames makes no difference" {
    floats a.raw 1 2 3 4 5 6
    recut 1 <a.raw >b.raw
    recut 2 <a.raw >c.raw
    raw-cmp a.raw b.raw
    raw-cmp b.raw c.raw
    floats d.raw 1 2 3 4 5 7
    fails 1 'raw-cmp: d.raw: item 2, element 1 is 7, wanted 6 as in b.raw' raw-cmp b.raw d.raw
    fails 1 'raw-cmp: b.raw: item 2, element 1 is 6, wanted 7 as in d.raw' raw-cmp d.raw b.raw
}

@test "another shape is a difference even where the numbers agree" {
    floats a.raw 1 2 3 4
    { header f32 2x1 2 . && f32 1 2 3 4; } >b.raw
    fails 1 'raw-cmp: b.raw: items have shape 2x1, wanted 2 as in a.raw' raw-cmp a.raw b.raw
}

@test "fewer and more items are told apart" {
    floats a.raw 1 2 3 4
    floats b.raw 1 2
    fails 1 'raw-cmp: b.raw: ends after 1 items, wanted more as in a.raw' raw-cmp a.raw b.raw
    fails 1 'raw-cmp: b.raw: ends after 1 items, wanted more as in a.raw' raw-cmp b.raw a.raw
}

@test "a difference comes before a missing item, as in cmp" {
    floats a.raw 1 2 3 4
    floats b.raw 1 3
    fails 1 'raw-cmp: b.raw: item 0, element 1 is 3' raw-cmp a.raw b.raw
}

@test "either operand may be -, but not both" {
    floats a.raw 1 2
    floats b.raw 1 3
    cp a.raw same.raw
    raw-cmp - same.raw <a.raw
    raw-cmp same.raw - <a.raw
    fails 1 'raw-cmp: stdin: item 0, element 1 is 3, wanted 2 as in a.raw' raw-cmp a.raw - <b.raw
    fails 2 "raw-cmp: operands: both are '-'" raw-cmp - - <a.raw
}

@test "one operand, or three, are a usage error" {
    fails 2 'raw-cmp: operands: found 1, wanted 2' raw-cmp a
    fails 2 'raw-cmp: operands: found 3, wanted 2' raw-cmp a b c
    fails 2 "raw-cmp: --abs: found '-1', wanted a number from 0" raw-cmp --abs -1 a b
    fails 2 "raw-cmp: --rel: found 'nan', wanted a number from 0" raw-cmp --rel nan a b
}

@test "whichever stream is cut short is named, and is no mere difference" {
    floats a.raw 1 2 3 4
    head -c -1 a.raw >cut.raw
    fails 1 'raw-cmp: cut.raw: ended after 15 of 16 bytes' raw-cmp a.raw cut.raw
    fails 1 'raw-cmp: cut.raw: ended after 15 of 16 bytes' raw-cmp cut.raw a.raw
    { cat a.raw && printf x; } >long.raw
    fails 1 'raw-cmp: long.raw: bytes that are no frame follow after 2 items' raw-cmp a.raw long.raw
    fails 1 'raw-cmp: long.raw: bytes that are no frame follow after 2 items' raw-cmp long.raw a.raw
}
