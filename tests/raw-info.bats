#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# raw-info: what a stream holds, the whole of it read and checked.
load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# row: the second line of what raw-info prints of the stream on stdin.
row() {
    raw-info | tail -n +2
}

@test "raw-info prints a header line and one row" {
    { header f32 2 2 . && f32 1.5 -3 4 0; } >a.raw
    raw-info a.raw >out
    printf 'dtype\tshape\titems\tframes\tmin\tmax\tmean\tnans\nf32\t2\t2\t1\t-3\t4\t0.625\t0\n' | cmp - out
}

@test "it takes a file, - and stdin alike" {
    { header u8 1 2 . && printf 'ab'; } >a.raw
    raw-info a.raw >one
    raw-info - <a.raw >two
    raw-info <a.raw >three
    cmp one two
    cmp one three
}

@test "SIGUSR1 tells how far it is, in all streams that follow each other" {
    mkfifo in
    raw-info in >out 2>err 3>&- &
    pid=$!
    exec 9>in
    kill -USR1 $pid
    { header u8 1 2 . && printf ab; } >&9
    await grep -q '^raw-info: 2 of 2 items, ' err
    kill -USR1 $pid
    # Numbers are read 65536 at a time.
    { header u8 1 200000 . && head -c 200000 /dev/zero; } >&9
    exec 9>&-
    wait $pid
    assert_regex "$(tail -n 1 err)" "^raw-info: 65538 of 200002 items, "
    assert_equal "$(tail -n 1 out | cut -f 3,4)" $'200002\t2'
}

@test "bytes are told as they are, 0 to 255, not as fractions" {
    row=$({ header u8 3x1 1 . && printf '\0\xff\x03'; } | row)
    assert_equal "$row" $'u8\t3x1\t1\t1\t0\t255\t86\t0'
}

@test "i32 keeps its sign and its full range" {
    row=$({ header i32 1 2 . && printf '\0\0\0\x80\xff\xff\xff\x7f'; } | row)
    assert_equal "$row" $'i32\t1\t2\t1\t-2.14748365e+09\t2.14748365e+09\t-0.5\t0'
}

@test "f64 is not rounded to floats" {
    row=$({ header f64 1 1 . && perl -e 'print pack "d<", 16777217'; } | row)
    assert_equal "$row" $'f64\t1\t1\t1\t16777217\t16777217\t16777217\t0'
}

@test "NaNs are counted and left out of min, max and mean" {
    row=$({ header f32 3 1 . && f32 NaN 2 4; } | row)
    assert_equal "$row" $'f32\t3\t1\t1\t2\t4\t3\t1'
    row=$({ header f32 3 1 . && f32 4 NaN NaN; } | row)
    assert_equal "$row" $'f32\t3\t1\t1\t4\t4\t4\t2'
}

@test "infinities are numbers like others" {
    row=$({ header f32 2 1 . && f32 Inf 1; } | row)
    assert_equal "$row" $'f32\t2\t1\t1\t1\tinf\tinf\t0'
}

@test "of no numbers min, max and mean are nan, without a sign" {
    row=$(header f32 2 0 . | row)
    assert_equal "$row" $'f32\t2\t0\t1\tnan\tnan\tnan\t0'
    row=$({ header f32 1 1 . && f32 NaN; } | row)
    assert_equal "$row" $'f32\t1\t1\t1\tnan\tnan\tnan\t1'
}

@test "items and frames are counted over all frames, empty ones too" {
    row=$({ header u8 1 2 + && printf '\1\2' && header u8 1 0 + && header u8 1 1 . && printf '\3'; } | row)
    assert_equal "$row" $'u8\t1\t3\t3\t1\t3\t2\t0'
}

@test "the last number of a long stream counts as the first does" {
    row=$({ header f64 7 20000 . && perl -e 'print pack "d<*", 9, (5) x 139998, 1'; } | row)
    assert_equal "$row" $'f64\t7\t20000\t1\t1\t9\t5\t0'
}

@test "of a stream that is cut short nothing is printed on stdout" {
    { header u8 1 3 . && printf '\1\2'; } >a.raw
    fails 1 'raw-info: a.raw: ended after 2 of 3 bytes of a frame of 3 items, wanted all' raw-info a.raw
    assert [ ! -s out ]
}

@test "the sample images are 1000 of 28x28 bytes, and the labels 0 to 9" {
    row=$(idx2raw "$IMAGES" | row)
    assert_regex "$row" $'^u8\t28x28\t1000\t1\t0\t255\t[67][0-9]\\.[0-9]*\t0$'
    row=$(idx2raw "$LABELS" | row)
    assert_regex "$row" $'^u8\t1\t1000\t1\t0\t9\t4\\.[0-9]*\t0$'
}

@test "a second operand is a usage error" {
    fails 2 'raw-info: b: found 2 operands, wanted at most 1' raw-info a b
}
