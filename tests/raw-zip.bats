#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# raw-zip: the items of several streams in turn.
# shellcheck disable=SC2016 # what is quoted is awk's
load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# letters TEXT [FRAME]: a stream of u8 with one item per letter, in frames of FRAME items.
letters() {
    { header u8 1 ${#1} . && printf %s "$1"; } | recut "${2:-0}"
}

# text: the items of such a stream on stdin.
text() {
    payload && echo
}

# frames: the items and the end of each frame of a stream on stdin.
frames() {
    grep -a -o 'raw1 [a-z0-9]* [0-9x]* [0-9]* [+.]' | cut -d ' ' -f 4,5 | xargs
}

# refuses MESSAGE ARGUMENT...: the streams are refused with 1, and no whole stream is left.
refuses() {
    fails 1 "raw-zip: $1" raw-zip "${@:2}" || return
    mv out cut.raw && fails 1 'raw-info: cut.raw: e' raw-info cut.raw # it ended, or is empty
}

@test "items of each stream in turn, as one frame if all are one" {
    letters abcd >a.raw
    letters ABCD >b.raw
    letters 1234 >c.raw
    assert_equal "$(raw-zip a.raw b.raw | text)" aAbBcCdD
    assert_equal "$(raw-zip a.raw b.raw c.raw | text)" aA1bB2cC3dD4
    assert_equal "$(raw-zip a.raw - <b.raw | text)" aAbBcCdD
    assert_equal "$(raw-zip - b.raw <a.raw | text)" aAbBcCdD
    assert_equal "$(raw-zip a.raw a.raw | text)" aabbccdd
    raw-zip a.raw b.raw c.raw | frames | grep -x '12 .'
    { header f64 2x3 2 . && perl -e 'print pack "d<*", 1 .. 12'; } >f64.raw
    raw-zip f64.raw f64.raw | raw-cmp - <(header f64 2x3 4 . && perl -e 'print pack "d<*", 1 .. 6, 1 .. 6, 7 .. 12, 7 .. 12')
}

@test "--run N writes N items of each in turn, and the last run may be shorter" {
    letters abcdefg >a.raw
    letters ABCDEFG >b.raw
    assert_equal "$(raw-zip --run 3 a.raw b.raw | text)" abcABCdefDEFgG
    assert_equal "$(raw-zip --run 7 a.raw b.raw | text)" abcdefgABCDEFG
    assert_equal "$(raw-zip --run 9223372036854775807 a.raw b.raw | text)" abcdefgABCDEFG
    raw-zip --run 3 a.raw b.raw | frames | grep -x '14 .'
    fails 2 "raw-zip: --run: found '0', wanted a whole number from 1 to" raw-zip --run 0 a.raw b.raw
}

@test "frames change no item" {
    letters abcdefghij >a.raw
    letters ABCDEFGHIJ >b.raw
    local run f g
    for run in 1 3 4; do
        raw-zip --run $run a.raw b.raw >whole.raw
        for f in 1 3 10; do
            for g in 2 7; do
                raw-zip --run $run <(recut $f <a.raw) <(recut $g <b.raw) >cut.raw
                raw-cmp whole.raw cut.raw
            done
        done
        # Streams one behind the other are one stream, wherever their ends are.
        raw-zip --run $run <(cat a.raw a.raw) <(letters ABCDEF && letters GHIJ && cat b.raw) | raw-info | row_holds 2 '$3 == 40'
        raw-zip --run $run <(cat a.raw a.raw) <(cat b.raw b.raw) | payload | tr A-J a-j | od -A n -v -c -w1 | sort | uniq -c | rows_hold 10 '$1 == 4'
    done
    # One frame for as long as all are in their last one.
    assert_equal "$(raw-zip a.raw <(recut 4 <b.raw) | frames)" '9 + 8 + 3 .'
    assert_equal "$(raw-zip <(recut 4 <a.raw) b.raw | frames)" '8 + 8 + 4 .'
    assert_equal "$(raw-zip --run 4 <(cat a.raw a.raw) <(cat b.raw b.raw) | text)" abcdABCDefghEFGHijabIJABcdefCDEFghijGHIJ
}

@test "streams of several types are written as f32: u8 divided by 255, others as they are" {
    { header u8 2 2 . && printf '\0\377\63\1'; } >u8.raw
    { header f32 2 2 . && f32 0.1 2 -3 nan; } >f32.raw
    { header f64 2 2 . && perl -e 'print pack "d<*", 0.1, 1e9, 7, -1'; } >f64.raw
    { header i32 2 2 . && perl -e 'print pack "l<*", 5, -6, 7, 8'; } >i32.raw
    { header f32 2 4 . && f32 0 1 0.1 2 0.2 0.003921568859368563 -3 nan; } >wanted.raw
    raw-zip u8.raw f32.raw >a.raw
    cmp a.raw wanted.raw
    # In each order, and whichever differs.
    { header f32 2 8 . && f32 0 1 5 -6 0 1 0.1 1e9 0.2 0.003921568859368563 7 8 0.2 0.003921568859368563 7 -1; } >wanted.raw
    raw-zip u8.raw i32.raw u8.raw f64.raw | cmp - wanted.raw
    raw-zip u8.raw f32.raw u8.raw | raw-select --skip 1 --stride 3 | cmp - f32.raw
    # One type is not touched.
    for dtype in u8 i32 f64; do
        raw-zip $dtype.raw $dtype.raw | raw-select --stride 2 | raw-cmp - $dtype.raw
        raw-zip $dtype.raw $dtype.raw >a.raw
        assert_equal "$(head -1 a.raw | cut -d " " -f 2)" $dtype
    done
}

@test "reconstructions below their images" {
    idx2raw -n 10 "$IMAGES" >images.raw
    vae-train -q -m model.bin -H 4 -z 2 -e 1 images.raw
    vae-encode -m model.bin images.raw | vae-decode -m model.bin >again.raw
    raw-zip --run 5 images.raw again.raw | raw2pgm -c 5 >pairs.pgm
    assert_equal "$(sed -n 2p pairs.pgm)" '140 112'
    # The first row of tiles are the first images.
    raw2pgm -c 5 <(raw-select -n 5 images.raw) | tail -c $((140 * 28)) | cmp - <(tail -c $((140 * 112)) pairs.pgm | first $((140 * 28)))
}

@test "items of another shape are refused, with both shapes" {
    { header u8 4 1 . && printf abcd; } >vector.raw
    { header u8 2x2 1 . && printf abcd; } >matrix.raw
    fails 1 'raw-zip: vector.raw: items have shape 4, wanted 2x2 as in matrix.raw' raw-zip matrix.raw vector.raw
    assert [ ! -s out ]
    fails 1 'raw-zip: matrix.raw: items have shape 2x2, wanted 4 as in vector.raw' raw-zip vector.raw vector.raw matrix.raw
}

@test "streams of another length are refused, with both lengths" {
    letters abcdefg >a.raw
    letters ABC >b.raw
    letters abcdefg 2 >frames.raw
    for run in 1 2 3 5 9; do
        refuses 'b.raw: holds 3 items, wanted 7 as in a.raw' --run $run a.raw b.raw
        refuses 'a.raw: holds 7 items, wanted 3 as in b.raw' --run $run b.raw a.raw
        refuses 'b.raw: holds 3 items, wanted 7 as in frames.raw' --run $run frames.raw b.raw
        refuses 'frames.raw: holds 7 items, wanted 3 as in b.raw' --run $run b.raw b.raw frames.raw
        refuses 'stdin: holds 14 items, wanted 7 as in a.raw' --run $run a.raw - < <(cat a.raw a.raw)
    done
    { header u8 1 0 . && true; } >none.raw
    refuses 'none.raw: holds 0 items, wanted 7 as in a.raw' a.raw none.raw
    refuses 'a.raw: holds 7 items, wanted 0 as in none.raw' none.raw a.raw
    raw-zip none.raw none.raw | cmp - none.raw
}

@test "operands: two or more, and stdin once" {
    letters abc >a.raw
    fails 2 'raw-zip: operands: found 0, wanted at least 2 (raw-zip --help tells more)' raw-zip
    fails 2 'raw-zip: operands: found 1, wanted at least 2' raw-zip a.raw
    fails 2 "raw-zip: operands: 2 are '-', wanted one stream at most from stdin" raw-zip - a.raw -
}

@test "a broken stream leaves no whole one" {
    letters abcdefg >a.raw
    head -c -1 a.raw >cut.in
    { cat a.raw && printf X; } >long.in
    for options in 'a.raw cut.in' 'cut.in a.raw' 'a.raw a.raw cut.in'; do
        # shellcheck disable=SC2086 # several operands
        refuses 'cut.in: ended after 6 of 7 bytes of a frame of 7 items, wanted all' $options
    done
    refuses 'long.in: bytes that are no frame follow' a.raw long.in
    refuses 'long.in: bytes that are no frame follow' --run 4 long.in a.raw
    # Headers that claim more than a frame may have.
    { header u8 1 6148914691236517205 . && head -c 600000 /dev/zero; } >claims.raw
    refuses 'claims.raw: ended after 600000 of 6148914691236517205 bytes' claims.raw claims.raw claims.raw
    fails 1 'raw-zip: none: cannot open: No such file or directory' raw-zip a.raw none
    fails 1 'raw-zip: b: is standard output, too, wanted another file' bash -c 'cp a.raw b && raw-zip a.raw b >>b'
}

@test "large items, many small ones, and constant memory" {
    unsanitized 'they take much memory'
    { header f64 200000 2 . && perl -e 'print pack "d<*", map $_ / 7, 1 .. 400000'; } >a.raw
    raw-zip a.raw a.raw | raw-select --items 1,3 | raw-cmp - a.raw
    vae-sample -n 300000 -d 2 >z.raw
    vae-sample -n 300000 -d 2 -S 2 >y.raw
    (ulimit -v 40000 && raw-zip z.raw y.raw) >zy.raw
    raw-select --stride 2 zy.raw | raw-cmp - z.raw
    raw-select --skip 1 --stride 2 zy.raw | raw-cmp - y.raw
    (ulimit -v 40000 && recut 1000 <z.raw | raw-zip --run 7000 - y.raw) | raw-select --items 0-6999,14000-20999 | raw-cmp - <(raw-select -n 14000 z.raw)
}

@test "items are written when the frames of all streams have come" {
    mkfifo a b
    raw-zip a b >out 3>&- 9>&- 8>&- &
    pid=$!
    exec 9<>a 8<>b
    for count in 4 8 12; do
        { header u8 1 2 + && printf xy; } >&9
        { header u8 1 2 + && printf XY; } >&8
        await eval "[ \$(tr -c -d xyXY <out | wc -c) -eq $count ]"
    done
    header u8 1 0 . >&9
    header u8 1 0 . >&8
    exec 9>&- 8>&-
    wait $pid
    assert_equal "$(text <out)" xXyYxXyYxXyY
}
