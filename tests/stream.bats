#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The stream, vae-raw(5): what a reader must refuse and what it must take. raw-info stands for all readers: they have
# the header's parser in common, and contract.bats shows that each tool uses it.
load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# refuses MESSAGE: the stream in the file a.raw is refused with it.
refuses() {
    fails 1 "raw-info: a.raw: $1" raw-info a.raw
}

# line TEXT: a header of these words, padded; four bytes of payload.
line() {
    printf '%-63s\nabcd' "$1" >a.raw
}

@test "a stream can be made by hand, as the manual says" {
    { printf '%-63s\n' 'raw1 f32 2 3 .' && f32 1 2 3 4 5 6; } >a.raw
    run -0 raw-info a.raw
    assert_line --index 1 $'f32\t2\t3\t1\t1\t6\t3.5\t0'
}

@test "the first line is the header, and the numbers begin at byte 64" {
    vae-sample -n 3 -d 2 >a.raw
    assert_equal "$(head -1 a.raw)" "$(printf '%-63s' 'raw1 f32 2 3 .')"
    assert_equal "$(tail -c +65 a.raw | wc -c)" 24
}

@test "each dtype has its size" {
    for case in u8:6 i32:24 f32:24 f64:48; do
        { header "${case%:*}" 3 2 . && head -c "${case#*:}" /dev/zero; } >a.raw
        raw-info a.raw
        head -c -1 a.raw >b.raw
        fails 1 "raw-info: b.raw: ended after $((${case#*:} - 1)) of ${case#*:} bytes" raw-info b.raw
    done
}

@test "shapes have 1 to 6 dimensions" {
    for shape in 4 2x2 1x2x2 1x1x2x2 1x1x1x2x2 1x1x1x1x2x2; do
        line "raw1 u8 $shape 1 ."
        raw-info a.raw | grep -P "^u8\t$shape\t1\t"
    done
    line 'raw1 u8 1x1x1x1x1x2x2 1 .'
    refuses "found '1x1x1x1x1x2x2', wanted 1 to 6 whole numbers from 1"
}

@test "a shape is whole numbers with x between them, and nothing else" {
    for shape in 0 2x0 x2 2x 2xx2 2X2 2,2 -4 +4 0x4 4.0 four 18446744073709551620; do
        line "raw1 u8 $shape 1 ."
        refuses "found '$shape', wanted 1 to 6 whole numbers from 1"
    done
}

@test "an item too large for any memory is refused before anything is allocated" {
    line 'raw1 f64 4294967296x4294967296 0 .'
    refuses "items of shape '4294967296x4294967296' are too large, wanted at most"
    line 'raw1 u8 65536x65536x65536x65536 1 .'
    refuses "items of shape '65536x65536x65536x65536' are too large"
    line 'raw1 u8 16777216x16777216x2 1 .' # which a size holds, but no item has
    refuses "items of shape '16777216x16777216x2' are too large, wanted at most 281474976710656 elements"
}

@test "more bytes than a file can have are refused" {
    line 'raw1 f64 2 9223372036854775807 .'
    refuses '9223372036854775807 items of 16 bytes are more than any file, wanted fewer'
    line 'raw1 f64 2 576460752303423488 .' # 2^63, which is one byte more
    refuses '576460752303423488 items of 16 bytes are more than any file, wanted fewer'
    line 'raw1 u8 281474976710656 65536 .'
    refuses '65536 items of 281474976710656 bytes are more than any file, wanted fewer'
}

@test "a count is a whole number" {
    for items in -1 +1 1.0 0x1 1e3 one 9223372036854775808 18446744073709551617; do
        line "raw1 u8 4 $items ."
        refuses "found '$items', wanted a whole number from 0 to 9223372036854775807"
    done
}

@test "numbers have one spelling: leading zeros are refused" {
    line 'raw1 u8 4 01 .'
    refuses "header 'raw1 u8 4 01 .', wanted 'raw1 u8 4 1 .'"
    line 'raw1 u8 04 1 .'
    refuses "header 'raw1 u8 04 1 .', wanted 'raw1 u8 4 1 .'"
}

@test "another dtype is refused" {
    for dtype in i8 u32 f16 F32 float f3 f322; do
        line "raw1 $dtype 4 1 ."
        refuses "dtype '$dtype', wanted u8, i32, f32 or f64"
    done
}

@test "another version is refused as one" {
    for version in raw2 raw rawl raw10; do
        line "$version u8 4 1 ."
        refuses "version '$version', wanted 'raw1'"
    done
}

@test "what does not begin as a stream is named by its first bytes" {
    { printf 'P5\n28 28\n255\n' && head -c 784 /dev/zero; } >a.raw
    refuses "looks like a PGM picture, wanted a stream's header 'raw1 ...': pnm2raw makes one of it"
    head -c 64 <(gzip -dc "$IMAGES") >a.raw
    refuses "looks like an IDX file, wanted a stream's header 'raw1 ...': idx2raw makes one of it"
    line ' raw1 u8 4 1 .'
    refuses "looks like text, as a CSV table is, wanted a stream's header 'raw1 ...': csv2raw makes one of a table, and text2raw of lines"
    cp "$ROOT/tests/numpy/u1.npy" a.raw
    refuses "looks like a NumPy array (.npy), wanted a stream's header 'raw1 ...': npy2raw makes one of it, or says how to convert it"
    line '%%MatrixMarket matrix coordinate integer general'
    refuses "looks like a MatrixMarket matrix, wanted a stream's header 'raw1 ...': mtx2raw makes one of a sparse matrix"
    # Each type and rank that IDX has, and the next ones.
    { printf '\0\0\016\10' && head -c 76 /dev/zero; } >a.raw
    refuses 'looks like an IDX file, '
    for magic in '\0\0\017\1' '\0\0\07\1' '\0\0\010\0' '\0\0\010\11' '\0\1\010\1'; do
        # shellcheck disable=SC2059 # the bytes
        { printf "$magic" && head -c 76 /dev/zero; } >a.raw
        refuses 'starts with bytes 00 0'
    done
    # The names of two columns are no picture.
    line 'P1,P2'
    refuses 'looks like text, '
    # A byte order mark is part of a text; a control character and what is no UTF-8 are not.
    line $'\xef\xbb\xbf{"a": 1}'
    refuses 'looks like JSON text, '
    line $'\xef\xbb\xbf <!DOCTYPE html>'
    refuses 'looks like an HTML page, '
    line $' \t {"a": 1}'
    refuses 'looks like JSON text, '
    # Characters of two, three and four bytes.
    line $'\303\251\342\202\254\360\237\230\200'
    refuses 'looks like text, '
    # What a Windows shell makes of a stream.
    for order in LE BE; do
        { [ $order = BE ] && printf '\376\377' || printf '\377\376'; } >a.raw
        header u8 4 1 . | iconv -f ascii -t UTF-16$order >>a.raw
        refuses "looks like UTF-16 text, as Windows programs write, wanted a stream's header 'raw1 ...', see vae-raw(5)"
    done
    # Its marks are followed by a character that can be typed.
    for order in '\377\376\1\0' '\376\377\0\1'; do
        # shellcheck disable=SC2059 # the bytes
        { printf "$order" && head -c 76 /dev/zero; } >a.raw
        refuses 'starts with bytes f'
    done
    for byte in '\1' '\177' '\200' '\301\200' '\302a' '\302\302' '\360\237\230a' '\365\200\200\200'; do
        # shellcheck disable=SC2059
        line "abcd$(printf "$byte")"
        refuses 'starts with bytes 61 62 63 64, '
    done
    head -c 80 /dev/zero >a.raw
    refuses "starts with bytes 00 00 00 00, wanted a stream's header"
}

@test "five words with one space between them, the last . or +" {
    for words in 'raw1 u8 4 1' 'raw1 u8 4 1 . .' 'raw1 u8 4 1 -' 'raw1 u8 4 1 ..' 'raw1  u8 4 1 .' 'raw1 u8  4 1 .' \
        'raw1 u8 4 1  .' $'raw1\tu8 4 1 .' 'raw1 u8 4 1 . comment' 'raw1'; do
        line "$words"
        refuses "the header is not of the form 'raw1 DTYPE SHAPE ITEMS .' or '+'"
    done
}

@test "a header is 64 bytes with spaces and a newline last" {
    local message='the header is not a line of 64 bytes padded with spaces'
    { printf '%-64s' 'raw1 u8 4 1 .' && printf 'abcd'; } >a.raw
    refuses "$message"
    { printf '%-62s\n' 'raw1 u8 4 1 .' && printf 'abcde'; } >a.raw
    refuses "$message"
    { printf 'raw1 u8 4 1 .' && head -c 50 /dev/zero && printf '\nabcd'; } >a.raw
    refuses "$message"
    # A short line whose payload happens to hold a newline where a header's is.
    { printf 'raw1 u8 4 99 .\n' && printf '%48s\n' '' && head -c 400 /dev/zero; } >a.raw
    refuses 'the header is not '
    { printf 'raw1 u8 4 1 .\t%49s\nabcd' ''; } >a.raw
    refuses 'the header is not '
}

@test "a payload that ends early is told with both figures" {
    { header f32 2 3 . && f32 1 2 3; } >a.raw
    refuses 'ended after 12 of 24 bytes of a frame of 3 items, wanted all'
    { header u8 2 1 + && printf ab && header u8 2 3 . && printf abcde; } >a.raw
    refuses 'ended after 5 of 6 bytes of a frame of 3 items, wanted all'
    header f64 2 1 . >a.raw
    refuses 'ended after 0 of 16 bytes of a frame of 1 items, wanted all'
}

@test "a header that ends early is told, of the first frame or another" {
    header u8 2 1 . | first 63 >a.raw
    refuses 'ended after 63 bytes of a header, wanted 64'
    { header u8 2 1 + && printf ab && header u8 2 1 . | first 10; } >a.raw
    refuses 'ended after 10 bytes of a header, wanted 64'
}

@test "the end is clean only behind a . frame" {
    { header u8 2 1 + && printf ab; } >a.raw
    refuses "ended after 1 items with a '+' frame, wanted a '.' frame last"
    { header u8 2 1 + && printf ab && header u8 2 1 + && printf cd; } >a.raw
    refuses "ended after 2 items with a '+' frame, wanted a '.' frame last"
    { header u8 2 1 + && printf ab && header u8 2 0 .; } >a.raw
    raw-info a.raw
}

@test "bytes behind the last frame are refused" {
    { header u8 2 1 . && printf abX; } >a.raw
    refuses 'bytes that are no frame follow after 1 items, wanted the end'
    { header u8 2 1 . && printf ab && head -c 70 /dev/zero; } >a.raw
    refuses 'bytes that are no frame follow after 1 items, wanted the end'
}

@test "behind a . frame another stream of the same items may start" {
    { header u8 2 1 . && printf ab; } >one.raw
    { header u8 2 2 + && printf cdef && header u8 2 0 .; } >two.raw
    cat one.raw two.raw one.raw >a.raw
    run -0 raw-info a.raw
    assert_line --index 1 --partial $'u8\t2\t4\t4\t97\t102\t'
    cat one.raw two.raw >a.raw
    payload <a.raw | cmp - <(printf abcdef)
    { cat one.raw && head -c 66 two.raw; } >a.raw
    refuses 'ended after 2 of 4 bytes of a frame of 2 items'
}

@test "all frames have one dtype and one shape" {
    { header u8 4 1 + && printf abcd && header i32 4 1 . && head -c 16 /dev/zero; } >a.raw
    refuses 'a frame of i32 4 follows, wanted u8 4 as before'
    { header u8 4 1 . && printf abcd && header u8 2x2 1 . && printf abcd; } >a.raw
    refuses 'a frame of u8 2x2 follows, wanted u8 4 as before'
}

@test "frames may be empty, first, amid and last" {
    { header u8 2 0 + && header u8 2 1 + && printf ab && header u8 2 0 + && header u8 2 0 .; } >a.raw
    run -0 raw-info a.raw
    assert_line --index 1 $'u8\t2\t1\t4\t97\t98\t97.5\t0'
}

@test "a count of billions costs no memory before the data is there" {
    unsanitized 'they take much memory'
    { header f32 28x28 100000000000 . && head -c 1000 /dev/zero; } >a.raw
    fails 1 'raw2pgm: stdin: ended after 1000 of 313600000000000 bytes' bash -c 'ulimit -v 200000; raw2pgm <a.raw'
    fails 1 'raw2pgm: stdin: ended after 1000 of 313600000000000 bytes' bash -c 'ulimit -v 200000; cat a.raw | raw2pgm'
}

@test "a producer that is killed is always noticed" {
    vae-sample -n 500 >whole.raw
    assert_equal "$(stat -c %s whole.raw)" 40064
    for bytes in 0 30 64 1000 40063; do
        fails 1 'raw-info: stdin: e' raw-info < <(head -c $bytes whole.raw) # it ended, or is empty
    done
}
