#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# idx2raw: an IDX file, plain or gzip, to a stream.
load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# idx TYPE DIMENSION...: an IDX header; the type in hexadecimal.
idx() {
    perl -e 'my $type = hex shift; print pack "CCCCN*", 0, 0, $type, scalar @ARGV, @ARGV' -- "$@"
}

# both_fail PATTERN FILE [OPTION...]: idx2raw refuses the file, and so does the reader of what it writes.
both_fail() {
    local pattern=$1 file=$2
    shift 2
    fails 1 "$pattern" idx2raw "$@" "$file"
    mv out stream.raw
    fails 1 'raw-info: stdin: ' raw-info <stream.raw
}

@test "bytes stay bytes, their number and shape in the header" {
    { idx 08 2 2 3 && printf 'abcdefghijk\377'; } >a.idx
    idx2raw a.idx >a.raw
    { header u8 2x3 2 . && printf 'abcdefghijk\377'; } | cmp - a.raw
}

@test "signed bytes become i32 with their sign" {
    { idx 09 3 1 && printf '\200\377\177'; } | idx2raw >a.raw
    { header i32 1 3 . && perl -e 'print pack "l<*", -128, -1, 127'; } | cmp - a.raw
}

@test "16-bit numbers become i32 with their sign" {
    { idx 0b 4 1 && printf '\200\0\377\376\1\2\177\377'; } | idx2raw >a.raw
    { header i32 1 4 . && perl -e 'print pack "l<*", -32768, -2, 258, 32767'; } | cmp - a.raw
}

@test "32-bit numbers change their byte order alone" {
    { idx 0c 1 3 && perl -e 'print pack "l>*", -2147483648, 1, 2147483647'; } | idx2raw >a.raw
    { header i32 3 1 . && perl -e 'print pack "l<*", -2147483648, 1, 2147483647'; } | cmp - a.raw
}

@test "floats change their byte order alone, NaN and infinity too" {
    { idx 0d 5 1 && perl -e 'print pack "f>*", 1.5, -0.0, 1e-45, 9**9**9, -sin(9**9**9)'; } | idx2raw >a.raw
    { header f32 1 5 . && perl -e 'print pack "f<*", 1.5, -0.0, 1e-45, 9**9**9, -sin(9**9**9)'; } | cmp - a.raw
}

@test "doubles change their byte order alone" {
    { idx 0e 2 2 && perl -e 'print pack "d>*", 0.1, -1e300, 9**9**9, 3'; } | idx2raw >a.raw
    { header f64 2 2 . && perl -e 'print pack "d<*", 0.1, -1e300, 9**9**9, 3'; } | cmp - a.raw
}

@test "a file of rank 1 has items of one number" {
    { idx 08 3 && printf 'abc'; } | idx2raw >a.raw
    { header u8 1 3 . && printf 'abc'; } | cmp - a.raw
}

@test "ranks 2 to 7 give items of 1 to 6 dimensions" {
    local dims=(2) shape=
    for n in 3 1 2 1 2 1; do
        dims+=("$n")
        shape+=${shape:+x}$n
        bytes=$((2 * ${shape//x/*}))
        { idx 08 "${dims[@]}" && head -c $bytes /dev/zero; } | idx2raw >a.raw
        { header u8 "$shape" 2 . && head -c $bytes /dev/zero; } | cmp - a.raw
    done
    assert_equal "$shape" 3x1x2x1x2x1
}

@test "ranks 0 and 8, another type and another magic are refused by their bytes" {
    for magic in 00000800 00000808 00000a01 00000001 01000801 00010801 89504e00; do
        { perl -e 'print pack "H*", $ARGV[0]' -- $magic && head -c 64 /dev/zero; } >a.idx
        fails 1 "idx2raw: a.idx: magic number $magic, wanted IDX: 0000, a type of" idx2raw a.idx
        assert [ ! -s out ]
    done
    { printf '\x89PNG' && head -c 64 /dev/zero; } >a.idx
    fails 1 'idx2raw: a.idx: looks like a PNG picture, wanted an IDX file, plain or gzip' idx2raw a.idx
}

@test "gzip is found by its magic, in a file and in a pipe" {
    { idx 08 1000 100 && head -c 100000 /dev/urandom; } >a.idx
    gzip -k a.idx
    mv a.idx.gz without-a-suffix
    idx2raw a.idx >plain.raw
    idx2raw without-a-suffix | cmp - plain.raw
    idx2raw - <without-a-suffix | cmp - plain.raw
    idx2raw <a.idx | cmp - plain.raw
    # A pipe gives the two bytes of the magic one at a time.
    { head -c 1 without-a-suffix; sleep 0.1; tail -c +2 without-a-suffix; } | idx2raw | cmp - plain.raw
}

@test "several gzip members are one file, wherever it was cut" {
    { idx 08 4 2 && printf 'abcdefgh'; } >a.idx
    idx2raw a.idx >plain.raw
    for cut in 0 3 9 12 15; do
        { head -c $cut a.idx | gzip && tail -c +$((cut + 1)) a.idx | gzip; } | idx2raw | cmp - plain.raw
    done
    # Also where the input is read in two parts, of 64 KiB each, within or beside the second one's magic number: a long
    # name in its header makes the first member as long as it is to be.
    for size in 65534 65535 65536 65537; do
        head -c 12 a.idx | gzip -n | perl -0777 -e '
            $_ = <STDIN>;
            substr($_, 3, 1) = "\x08";
            substr($_, 10, 0) = "x" x ($ARGV[0] - 1 - length) . "\0";
            print' -- $size >a.gz
        assert_equal "$(stat -c %s a.gz)" $size
        tail -c +13 a.idx | gzip >>a.gz
        idx2raw a.gz | cmp - plain.raw
    done
}

@test "-n takes the first items and --skip leaves some out" {
    { idx 08 4 2 && printf 'aabbccdd'; } >a.idx
    idx2raw -n 3 a.idx | cmp - <(header u8 2 3 . && printf 'aabbcc')
    idx2raw --skip 1 a.idx | cmp - <(header u8 2 3 . && printf 'bbccdd')
    idx2raw --skip 1 --count 2 a.idx | cmp - <(header u8 2 2 . && printf 'bbcc')
    idx2raw --skip 4 a.idx | cmp - <(header u8 2 0 .)
    idx2raw -n 0 a.idx | cmp - <(header u8 2 0 .)
}

@test "-n and --skip count items of wide numbers, beyond one buffer" {
    { idx 0d 500 300 && perl -e 'print pack "f>*", map { $_ } 0 .. 149999'; } >a.idx
    idx2raw --skip 321 -n 2 a.idx >a.raw
    { header f32 300 2 . && perl -e 'print pack "f<*", 96300 .. 96899'; } | cmp - a.raw
}

@test "more items than there are cannot be asked for" {
    { idx 08 4 2 && printf 'aabbccdd'; } >a.idx
    fails 1 'idx2raw: a.idx: holds 4 items, wanted 5 after the first 0' idx2raw -n 5 a.idx
    fails 1 'idx2raw: a.idx: holds 4 items, wanted 2 after the first 3' idx2raw -n 2 --skip 3 a.idx
    fails 1 'idx2raw: a.idx: holds 4 items, wanted ' idx2raw --skip 5 a.idx
    fails 1 'idx2raw: a.idx: holds 4 items, wanted ' idx2raw --skip 9223372036854775807 -n 1 a.idx
    fails 2 "idx2raw: --count: found '-1'" idx2raw -n -1 a.idx
    for option in --skip --count; do
        fails 2 "idx2raw: $option: found '9223372036854775808', wanted a whole number from 0 to 9223372036854775807" \
            idx2raw $option 9223372036854775808 a.idx
    done
    fails 2 "idx2raw: --skip: found '1k'" idx2raw --skip 1k a.idx
}

@test "a file without items is an empty stream" {
    idx 08 0 28 28 | idx2raw | cmp - <(header u8 28x28 0 .)
}

@test "a truncated file is refused, at whatever byte it ends" {
    { idx 08 2 2 3 && printf 'abcdefghijkl'; } >a.idx
    head -c 3 a.idx >cut.idx
    both_fail 'idx2raw: cut.idx: ended after 3 bytes of its magic number, wanted 4' cut.idx
    head -c 15 a.idx >cut.idx
    both_fail "idx2raw: cut.idx: ended in the header's dimensions" cut.idx
    head -c 16 a.idx >cut.idx
    both_fail 'idx2raw: cut.idx: ended after 0 of 2 items, wanted all' cut.idx
    head -c 22 a.idx >cut.idx
    both_fail 'idx2raw: cut.idx: ended after 1 of 2 items, wanted all' cut.idx
    head -c 27 a.idx >cut.idx
    both_fail 'idx2raw: cut.idx: ended after 1 of 2 items, wanted all' cut.idx
}

@test "the items of a truncated file are counted for each type" {
    { idx 0b 300 100 && head -c $((59 * 200 + 199)) /dev/zero; } >a.idx
    fails 1 'idx2raw: a.idx: ended after 59 of 300 items, wanted all' idx2raw a.idx
    { idx 0e 30000 10 && head -c $((29999 * 80 + 72)) /dev/zero; } >a.idx
    fails 1 'idx2raw: a.idx: ended after 29999 of 30000 items, wanted all' idx2raw a.idx
}

@test "bytes behind the declared items are refused, and whoever reads the stream fails too" {
    { idx 08 2 3 && printf 'abcdefX'; } >long.idx
    both_fail 'idx2raw: long.idx: bytes follow the 2 items that the header declares, wanted the end' long.idx
    gzip long.idx
    both_fail 'idx2raw: long.idx.gz: bytes follow the 2 items that the header declares' long.idx.gz
    { idx 08 1000 200 && head -c 200001 /dev/zero; } >long.idx
    both_fail 'idx2raw: long.idx: bytes follow the 1000 items' long.idx
}

@test "what -n leaves out is checked as well" {
    { idx 08 3 2 && printf 'aabbc'; } >cut.idx
    both_fail 'idx2raw: cut.idx: ended after 2 of 3 items, wanted all' cut.idx -n 1
    { idx 08 3 2 && printf 'aabbccX'; } >long.idx
    both_fail 'idx2raw: long.idx: bytes follow the 3 items' long.idx --skip 1 -n 1
}

@test "behind a bad file that gives no items the reader fails too" {
    { idx 08 3 2 && printf 'aabbccX'; } >long.idx
    both_fail 'idx2raw: long.idx: bytes follow the 3 items' long.idx -n 0
    { idx 08 0 2 && printf 'X'; } >long.idx
    both_fail 'idx2raw: long.idx: bytes follow the 0 items' long.idx
}

@test "a dimension of 0 within an item is refused" {
    { idx 08 2 0 3 && printf 'abcdef'; } >a.idx
    both_fail 'idx2raw: a.idx: dimension 2 is 0, wanted at least 1' a.idx
    idx 08 0 3 0 >a.idx
    both_fail 'idx2raw: a.idx: dimension 3 is 0, wanted at least 1' a.idx
}

@test "dimensions whose product overflows are refused" {
    { idx 08 2 65536 65536 65536 65536 && head -c 100 /dev/zero; } >a.idx
    both_fail "idx2raw: a.idx: the dimensions' product is too large" a.idx
    { idx 0e 4294967295 4294967295 && head -c 100 /dev/zero; } >a.idx
    both_fail "idx2raw: a.idx: the dimensions' product is too large" a.idx
}

@test "items too large to exist are refused even where there are none" {
    idx 08 0 65536 65536 65537 >a.idx
    both_fail "idx2raw: a.idx: the dimensions' product is too large" a.idx
    idx 08 0 65536 65536 65536 65536 >a.idx
    both_fail "idx2raw: a.idx: the dimensions' product is too large" a.idx
}

@test "a gzip bomb ends at the size that the header declares" {
    unsanitized 'they take much memory'
    # 300 MB of zeros in as many kB, of which 5 are declared.
    { idx 08 5 && head -c 300000000 /dev/zero; } | gzip -1 >bomb.gz
    fails 1 'idx2raw: bomb.gz: bytes follow' bash -c 'ulimit -v 100000; ulimit -t 1; idx2raw bomb.gz'
    mv out cut.raw && fails 1 'raw-info: cut.raw: ended' raw-info cut.raw # the end is held back until the file is found right
}

@test "a count of billions costs no memory before the data is there" {
    unsanitized 'they take much memory'
    { idx 0e 4000000000 1000 && head -c 1000000 /dev/zero; } >a.idx
    fails 1 'idx2raw: a.idx: ended after 125 of 4000000000 items' bash -c 'ulimit -v 100000; idx2raw a.idx'
}

@test "truncated gzip data is refused, at whatever byte it ends" {
    { idx 08 2 3 && printf 'abcdef'; } | gzip >a.gz
    size=$(stat -c %s a.gz)
    for cut in 2 10 20 $((size - 8)) $((size - 1)); do
        head -c "$cut" a.gz >cut.gz
        both_fail 'idx2raw: cut.gz: the gzip data ends early, wanted all of it' cut.gz
    done
}

@test "damaged gzip data is refused, also where only its checksum or length tells" {
    { idx 08 2 3 && printf 'abcdef'; } | gzip >a.gz
    size=$(stat -c %s a.gz)
    # The method, the deflated data's first block type, the CRC, the length.
    for at in 2 10 $((size - 8)) $((size - 4)); do
        perl -e 'local $/; $_ = <STDIN>; substr($_, $ARGV[0], 1) ^= "\x07"; print' -- "$at" <a.gz >bad.gz
        both_fail 'idx2raw: bad.gz: the gzip data is damaged (' bad.gz
    done
}

@test "other bytes behind the gzip data are refused" {
    for garbage in x xy 'some more text'; do
        { { idx 08 2 3 && printf 'abcdef'; } | gzip && printf %s "$garbage"; } >a.gz
        both_fail 'idx2raw: a.gz: other bytes follow the gzip data, wanted its end' a.gz
    done
}

@test "what is no IDX below the gzip is refused as such" {
    printf 'some text' | gzip >a.gz
    both_fail 'idx2raw: a.gz: looks like text, as a CSV table is, wanted an IDX file, plain or gzip' a.gz
    printf '\1\2\3\4' | gzip >a.gz
    both_fail 'idx2raw: a.gz: magic number 01020304, wanted IDX' a.gz
    gzip </dev/null >empty.gz
    both_fail 'idx2raw: empty.gz: empty input, wanted an IDX file' empty.gz
}

@test "the sample images are those of the committed file" {
    idx2raw --skip 998 "$IMAGES" >a.raw
    assert_equal "$(head -1 a.raw | sed 's/ *$//')" 'raw1 u8 28x28 2 .'
    gzip -dc "$IMAGES" | tail -c 1568 | cmp - <(tail -c +65 a.raw)
}
