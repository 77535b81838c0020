#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pnm2raw: pictures of netpbm to a stream, compared with netpbm's own programs, and every rule that is broken.
# shellcheck disable=SC2016,SC2154 # what is quoted is awk's; stderr is set by run
load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# bytes [ARGUMENT...]: the u8 items of the pictures on stdin, in decimal.
bytes() {
    pnm2raw "$@" >bytes.raw && payload <bytes.raw | od -A n -v -t u1 | xargs
}

# shape [ARGUMENT...]: dtype, shape and number of items of the pictures on stdin.
shape() {
    pnm2raw -q "$@" | head -1 | cut -d ' ' -f 2-4
}

# refuses MESSAGE [ARGUMENT...]: the pictures in the file a are refused, and no reader takes the output. The message is
# left in told.
refuses() {
    fails 1 "pnm2raw: a: $1" pnm2raw -q "${@:2}" a || return
    cp err told
    mv out cut.raw && fails 1 'raw-info: cut.raw: e' raw-info cut.raw # it ended, or is empty
}

# pam TYPE DEPTH MAXVAL WIDTH: the header of a PAM picture of one row.
pam() {
    printf 'P7\nWIDTH %d\nHEIGHT 1\nDEPTH %d\nMAXVAL %d\nTUPLTYPE %s\nENDHDR\n' "$4" "$2" "$3" "$1"
}

@test "each picture becomes an item, grey ones of shape HxW, colour ones of shape HxWx3" {
    printf 'P5\n3 2\n255\nabcdefP5\n3 2\n255\nghijkl' >a.pgm
    pnm2raw a.pgm >a.raw
    { header u8 2x3 2 . && printf abcdefghijkl; } | cmp - a.raw
    pnm2raw <a.pgm | cmp - a.raw
    printf 'P6\n1 2\n255\nabcdef' >a.ppm
    pnm2raw a.ppm | cmp - <(header u8 2x1x3 1 . && printf abcdef)
    # Files follow each other, standard input among them.
    { header u8 2x3 5 . && printf abcdefghijklabcdefabcdefghijkl; } >wanted
    printf 'P5 3 2 255\nabcdef' | pnm2raw a.pgm - a.pgm | cmp - wanted
    fails 2 'pnm2raw: -: found it 2 times, wanted standard input once' pnm2raw - a.pgm -
}

@test "plain and raw pictures are the same, as netpbm writes both" {
    local kind options=() file
    for kind in pbm pgm ppm; do
        # shellcheck disable=SC2207 # one word each
        case $kind in
        pbm) options=($(seq 37 | awk '{ print $1 % 3 % 2 }')) && printf 'P1\n37 1\n%s\n' "${options[*]}" ;;
        pgm) printf 'P2\n7 2\n255\n%s\n' "$(seq -s ' ' 0 19 255)" ;;
        ppm) printf 'P3\n7 2\n255\n%s\n' "$(seq -s ' ' 5 6 251)" ;;
        esac >a.$kind
        pamtopnm a.$kind >raw.$kind
        assert_equal "$(head -c 2 a.$kind) $(head -c 2 raw.$kind)" "$(case $kind in pbm) echo P1 P4 ;; pgm) echo P2 P5 ;; ppm) echo P3 P6 ;; esac)"
        pnm2raw a.$kind >plain.raw
        for file in raw.$kind <(pnmtoplainpnm raw.$kind) <(pamtopam <raw.$kind); do
            pnm2raw "$file" | cmp - plain.raw
        done
        cat a.$kind raw.$kind a.$kind | pnm2raw | raw-info | row_holds 2 '$3 == 3'
    done
    # Rows that end inside a byte, of more pixels than are converted at a time.
    { printf 'P4\n37 300\n' && perl -e 'srand 1; print pack "C*", map { rand 256 } 1 .. 1500'; } >a.pbm
    pnm2raw a.pbm >a.raw
    pnmtoplainpnm a.pbm | pnm2raw | cmp - a.raw
    pamdepth 65535 a.pbm | pnm2raw --dtype u8 -q | cmp - a.raw
    # A pixel that is 1 in PBM is black.
    assert_equal "$(printf 'P1 3 2 10 1#\n00\n1' | bytes)" '0 255 0 255 255 0'
    assert_equal "$(printf 'P4\n11 2\n\252\300\125\57' | bytes)" \
        '0 255 0 255 0 255 0 255 0 0 255 255 0 255 0 255 0 255 0 255 255 0'
    assert_equal "$({ pam BLACKANDWHITE 1 1 2 && printf '\0\1'; } | bytes)" '0 255'
}

@test "comments and white space stand where netpbm takes them" {
    assert_equal "$(printf 'P5 # one\n # two\r2#three\n1 \t\n255 #a' | bytes)" '35 97'
    assert_equal "$(printf 'P5#3 4\n2 1 255#x\nab' | bytes)" '97 98'
    assert_equal "$(printf 'P2\n2 1 255\n#x\n7#\n8#' | bytes)" '7 8'
    assert_equal "$(printf 'P5 000000000000000000000000000000000000002 1 0255 ab' | bytes)" '97 98'
    assert_equal "$(printf 'P2 0002 1 00255 007 000000000000000000000000000000000000000000008' | bytes)" '7 8'
    assert_equal "$(printf 'P2 2 1 255 7 8 # end\n# end\n\nP5 2 1 255 ab\n\n \tP5 2 1 255 cd\r\n' | bytes)" '7 8 97 98 99 100'
    assert_equal "$(printf 'P7  \n#x\n\n  WIDTH \t 2 \r\nMAXVAL 255\nHEIGHT 1\nDEPTH 1\nENDHDR \n#x' | bytes)" '35 120'
    printf 'P5 2 1 255 ab#' >a
    refuses 'bytes that are no picture follow picture 1, wanted another picture or the end'
}

@test "a picture may begin anywhere in a buffer" {
    local comment
    for comment in '' '#' '# ' '# .'; do
        printf 'P5\n%s\n1 262124\n255\n' "$comment" >a.pgm # 2^18 bytes, but for 3 to 0
        head -c 262124 /dev/zero >>a.pgm
        cat a.pgm a.pgm a.pgm | pnm2raw | raw-info | row_holds 2 '$3 == 3'
        { cat a.pgm && printf 'P6 '; } >a
        refuses 'picture 2: ended in its header, wanted all of it'
        { cat a.pgm && printf 'PNG'; } >a
        refuses 'bytes that are no picture follow picture 1, '
    done
}

@test "levels are scaled to 0..255, as pamdepth scales them, and a note says what is rounded" {
    local maxval
    for maxval in 1 2 6 15 100 254; do
        { printf 'P5\n%d 1\n%d\n' $((maxval + 1)) $maxval && perl -e 'print pack "C*", 0 .. $ARGV[0]' $maxval; } >a.pgm
        pamdepth 255 a.pgm 2>/dev/null | pnm2raw >wanted
        pnm2raw a.pgm 2>err | cmp - wanted
        case $maxval in
        1 | 15) assert_empty "$(<err)" ;;
        *) assert_equal "$(<err)" "pnm2raw: a.pgm: picture 1: levels from 0 to $maxval are rounded to those of u8; --dtype f32 keeps them" ;;
        esac
    done
    { printf 'P5\n256 256\n65535\n' && perl -e 'print pack "n*", 0 .. 65535'; } >a.pgm
    pamdepth 255 a.pgm | pnm2raw >wanted
    pnm2raw -q --dtype u8 a.pgm | cmp - wanted
    # Once, of the first one.
    pnm2raw --dtype u8 a.pgm a.pgm >out 2>err
    assert_equal "$(<err)" 'pnm2raw: a.pgm: picture 1: levels from 0 to 65535 are rounded to those of u8; --dtype f32 keeps them'
}

@test "f32 is the level divided by maxval, and is chosen for more than 256 levels" {
    printf 'P5\n3 1\n255\n\0\1\377' >eight
    printf 'P5\n3 1\n65535\n\0\0\0\1\377\377' >sixteen
    assert_equal "$(shape <eight)" 'u8 1x3 1'
    assert_equal "$(shape <sixteen)" 'f32 1x3 1'
    assert_equal "$(shape --dtype u8 <sixteen)" 'u8 1x3 1'
    pnm2raw --dtype f32 eight | cmp - <(header f32 1x3 1 . && perl -e 'print pack "f<*", 0, 1 / 255, 1')
    pnm2raw sixteen | cmp - <(header f32 1x3 1 . && perl -e 'print pack "f<*", 0, 1 / 65535, 1')
    # Both in one stream; the first one decides.
    run -0 --separate-stderr pnm2raw sixteen eight
    assert_empty "$stderr"
    assert_equal "$(cat sixteen eight | shape)" 'f32 1x3 2'
    cat eight sixteen >a
    refuses 'picture 2: has maxval 65535, wanted at most 255 as in the first picture: --dtype f32 keeps all levels, and --dtype u8 rounds them'
    assert_equal "$(shape --dtype f32 <a)" 'f32 1x3 2'
    assert_equal "$(bytes -q --dtype u8 <a)" '0 1 255 0 0 255'
    fails 2 "pnm2raw: --dtype: found 'f64', wanted one of u8, f32" pnm2raw --dtype f64 a
}

@test "--gray makes colours grey, near what ppmtopgm makes of them; --rgb makes grey pictures colour ones" {
    { printf 'P6\n64 64\n255\n' && perl -e 'srand 1; print pack "C*", map { rand 256 } 1 .. 3 * 4096'; } >a.ppm
    pnm2raw --gray a.ppm >grey.raw
    perl -0777 -ne '@x = unpack "C*", substr $_, 13; print pack "C*", map { int((299 * $x[3 * $_] + 587 * $x[3 * $_ + 1] + 114 * $x[3 * $_ + 2] + 500) / 1000) } 0 .. 4095' a.ppm |
        cmp - <(payload <grey.raw)
    ppmtopgm a.ppm | pnm2raw | raw-cmp --abs 2 - grey.raw
    pnm2raw --dtype f32 --gray a.ppm | payload >grey.f32
    perl -0777 -ne '@x = unpack "C*", substr $_, 13; print pack "f<*", map { (299 * $x[3 * $_] + 587 * $x[3 * $_ + 1] + 114 * $x[3 * $_ + 2]) / 255000 } 0 .. 4095' a.ppm | cmp - grey.f32
    printf 'P5\n2 1\n255\nab' >a
    assert_equal "$(shape --gray <a)" 'u8 1x2 1'
    assert_equal "$(bytes --rgb <a)" '97 97 97 98 98 98'
    assert_equal "$(shape --rgb <a)" 'u8 1x2x3 1'
    assert_equal "$(printf 'P4 2 1 \100' | bytes --rgb)" '255 255 255 0 0 0'
    pnm2raw --rgb --dtype f32 a | cmp - <(header f32 1x2x3 1 . && perl -e 'print pack "f<*", map { $_ / 255 } 97, 97, 97, 98, 98, 98')
    # Mixed.
    printf 'P6\n2 1\n255\nabcdef' >>a
    refuses 'picture 2: is in colour, wanted grey as the first picture: --gray or --rgb makes them alike'
    assert_equal "$(bytes --gray <a)" '97 98 98 101'
    assert_equal "$(bytes --rgb <a)" '97 97 97 98 98 98 97 98 99 100 101 102'
    printf 'P6 2 1 255 abcdefP4 2 1 a' >a
    refuses 'picture 2: is grey, wanted colour as the first picture: --gray or --rgb makes them alike'
    fails 2 'pnm2raw: --gray: found it with --rgb, wanted one of the two' pnm2raw --gray --rgb a
}

@test "opacity mixes pixels with the background, which is white unless --background says otherwise" {
    { pam GRAYSCALE_ALPHA 2 255 4 && printf '\310\377\310\0\310\200\0\1'; } >grey.pam
    assert_equal "$(pnm2raw grey.pam grey.pam 2>&1 >/dev/null)" 'pnm2raw: grey.pam: picture 1: transparent pixels show the background, #ffffff (--background)'
    assert_equal "$(bytes -q <grey.pam)" '200 255 227 254'
    assert_equal "$(bytes -q --background 0 <grey.pam)" '200 0 100 0'
    assert_equal "$(bytes -q --background '#0000ff' <grey.pam)" '200 29 115 29'
    assert_equal "$(bytes -q --background '#0000FF' --rgb <grey.pam | cut -d ' ' -f 4-9)" '0 0 255 100 100 227'
    { pam RGB_ALPHA 4 255 2 && printf '\1\2\3\377\1\2\3\0'; } >a.pam
    assert_equal "$(bytes -q --background '#102030' <a.pam)" '1 2 3 16 32 48'
    assert_equal "$(bytes -q --background 7 --gray <a.pam)" '2 7'
    # 16 bits, and black and white; and what netpbm makes of a picture with an opacity plane.
    { pam RGB_ALPHA 4 65535 1 && printf '\1\1\200\200\377\377\100\100'; } >a.pam
    { header f32 1x1x3 1 . && perl -e '$o = 0x4040 / 65535; print pack "f<*", map { $o * $_ / 65535 + 1 - $o } 257, 32896, 65535'; } |
        raw-cmp --abs 1e-7 - <(pnm2raw -q a.pam)
    { pam BLACKANDWHITE_ALPHA 2 1 2 && printf '\0\1\0\0'; } >b.pam
    assert_equal "$(bytes -q <b.pam)" '0 255'
    pamtopng <grey.pam >grey.png
    pngtopam -mix grey.png | pnm2raw | raw-cmp --abs 1 - <(pnm2raw -q grey.pam)
    for colour in '' 256 -1 1.5 white '#fff' '#1234567' '#12345g' '123456'; do
        fails 2 "pnm2raw: --background: found '$colour', wanted a grey level from 0 to 255, or a colour as #rrggbb" pnm2raw --background "$colour"
    done
}

@test "a picture of another size is refused with the command that makes it fit" {
    local name advice
    printf 'P5\n3 2\n255\nabcdef' >a
    for name in b.pgm 'b c.pgm' "\$b;(c)&.pgm"; do
        { printf 'P6\n5 4\n255\n' && head -c 60 /dev/zero && printf 'P4 1 1 a'; } >"$name"
        fails 1 "pnm2raw: $name: picture 1: is 5 wide and 4 high, wanted 3 and 2 as the first picture: pamscale -width=3 -height=2 " \
            pnm2raw --gray a "$name"
        # The command is right.
        advice=$(sed 's/.* as the first picture: //; s/ makes it fit$//' err)
        eval "$advice" 2>/dev/null | pnm2raw --gray a - >out
        raw-info out | row_holds 2 '$2 == "2x3" && $3 == 3'
        rm "$name"
    done
    # Without a name that is none in a command.
    for name in "it's" $'\xe9' ./-b; do
        printf 'P5\n1 1\n255\na' >"$name"
        run -1 --separate-stderr pnm2raw a "$name"
        [[ $name != ./-b ]] || name=' ./-b'
        assert_regex "$stderr" "pamscale -width=3 -height=2$([ "$name" != ' ./-b' ] || echo ' ./-b') makes it fit\$"
    done
    # From a pipe.
    printf 'P5\n1 1\n255\na' >b
    fails 1 'pnm2raw: stdin: picture 2: is 1 wide and 1 high, wanted 3 and 2 as the first picture: pamscale -width=3 -height=2 before pnm2raw makes it fit' pnm2raw < <(cat a b)
    cat a b | pamscale -width=3 -height=2 | pnm2raw | raw-info | row_holds 2 '$2 == "2x3" && $3 == 2'
    printf 'P5\n2 3\n255\nabcdef' >>a
    refuses 'picture 2: is 2 wide and 3 high, wanted 3 and 2 as the first picture: pamscale -width=3 -height=2 a makes it fit'
}

@test "--write-ids writes the name of each picture" {
    printf 'P5\n1 1\n255\na' >a.pgm
    cat a.pgm a.pgm a.pgm >three.pgm
    pnm2raw --write-ids ids a.pgm three.pgm - ./a.pgm < <(cat a.pgm) | raw-info | row_holds 2 '$3 == 6'
    assert_equal "$(xargs <ids)" 'a.pgm three.pgm three.pgm:2 three.pgm:3 - ./a.pgm'
    fails 2 'pnm2raw: --write-ids: found it without a FILE, wanted files, whose names it writes' pnm2raw --write-ids ids
    fails 1 'pnm2raw: a.pgm: is the input, too, wanted another file' pnm2raw --write-ids a.pgm three.pgm a.pgm
    [ -s a.pgm ]
    cp a.pgm $'a\nb'
    fails 1 'pnm2raw: a\x0ab: the name: has a line end in it, wanted one line for ids' pnm2raw --write-ids ids $'a\nb'
    # The names are those of the right items.
    mkfifo fifo
    timeout 5 pnm2raw --write-ids fifo a.pgm three.pgm | timeout 5 raw2csv --no-header --ids fifo >table
    assert_equal "$(xargs <table)" 'a.pgm,97 three.pgm,97 three.pgm:2,97 three.pgm:3,97'
}

@test "names in a pipe may be more than it holds" {
    mkfifo ids
    printf 'P5\n1 1\n255\na' >a-long-name-of-a-picture-file.pgm
    for _ in {1..3000}; do cat a-long-name-of-a-picture-file.pgm; done >many.pgm
    mv many.pgm a-long-name-of-a-picture-file.pgm
    timeout 10 pnm2raw --write-ids ids a-long-name-of-a-picture-file.pgm | timeout 10 raw2csv --no-header --ids ids >table
    assert_equal "$(wc -l <table) $(tail -1 table)" '3000 a-long-name-of-a-picture-file.pgm:3000,97'
}

@test "--live writes each picture when it has come, after its name" {
    mkfifo in
    pnm2raw --live --write-ids ids in >out 3>&- 9>&- &
    pid=$!
    exec 9<>in
    for i in 1 2 3; do
        printf 'P2\n2 1\n255\n1 %d\n' $i >&9
        await eval '[ "$(stat -c %s out)" -eq $((66 * i)) ]'
        assert_equal "$(wc -l <ids)" $i
    done
    exec 9>&-
    wait $pid
    raw-info out | row_holds 2 '$3 == 3 && $4 == 4 && $6 == 3'
}

@test "many pictures are written in several frames, and a large one is a frame, in constant memory" {
    unsanitized 'they take much memory'
    perl -e 'print "P5\n28 28\n255\n", pack "C*", map { ($_ + $i) % 256 } 1 .. 784 while $i++ < 3000' >a.pgm
    perl -e 'print pack "C*", map { ($_ + $i) % 256 } 1 .. 784 while $i++ < 3000' >bytes
    pnm2raw a.pgm >a.raw
    assert_equal "$(grep -a -o 'raw1 u8 28x28 [0-9]* [.+]' a.raw | cut -d ' ' -f 4,5 | xargs)" '1337 + 1337 + 326 .'
    payload <a.raw | cmp - bytes
    # 12 million elements of f32.
    { printf 'P6\n2000 1000\n1000\n' && head -c 12000000 /dev/zero; } >b.ppm
    bash -c 'ulimit -v 20000 && pnm2raw b.ppm b.ppm' >b.raw
    assert_equal "$(grep -a -o 'raw1 f32 1000x2000x3 [0-9]* [.+]' b.raw | cut -d ' ' -f 4,5 | xargs)" '1 + 1 + 0 .'
    raw-info b.raw | row_holds 2 '$3 == 2 && $6 == 0'
    # A claim costs nothing.
    printf 'P5\n2147483647 100000\n255\nab' >a
    fails 1 'pnm2raw: a: picture 1: ended after 2 of 214748364700000 samples, wanted all' bash -c 'ulimit -v 20000 && pnm2raw a'
    mv out cut.raw && fails 1 'raw-info: cut.raw: ended' raw-info cut.raw
    head -c -1 b.ppm >a
    refuses 'picture 1: ended after 5999999 of 6000000 samples, wanted all'
}

@test "an error after whole frames leaves a stream that its reader refuses" {
    perl -e 'print "P5\n1000 1000\n255\n", "a" x 1000000 for 1 .. 3' >whole
    { cat whole && printf X; } >a
    refuses 'bytes that are no picture follow picture 3, wanted another picture or the end'
    { cat whole && printf 'P5\n1000'; } >a
    refuses 'picture 4: ended in its header, wanted all of it'
}

@test "raw2pgm --per-item gives back the pictures" {
    idx2raw -n 30 "$IMAGES" | raw2pgm -c 6 >grid.pgm
    for x in 0 28 56; do pamcut -left $x -width 28 -height 28 grid.pgm; done >a.pgm
    pnm2raw a.pgm | raw2pgm --per-item | cmp - a.pgm
    pnm2raw --dtype f32 a.pgm | raw2pgm --per-item | cmp - a.pgm
    pnm2raw --rgb a.pgm | raw2pgm --per-item >a.ppm
    pnm2raw --live a.ppm | raw2pgm --per-item | cmp - a.ppm
    pnm2raw --gray a.ppm | raw2pgm --per-item | cmp - a.pgm
}

@test "what is no picture is named, with the program of netpbm that reads it" {
    local file format program
    while read -r file format program; do
        cp "$ROOT/tests/rejected/foreign/$file" a
        refuses "looks like a $format picture, wanted a PBM, PGM, PPM or PAM picture: $program makes one of it"
    done <<'END'
png PNG pngtopnm
jpeg JPEG jpegtopnm
gif GIF giftopnm
tiff-big-endian TIFF tifftopnm
END
    cp "$ROOT/tests/rejected/foreign/zstd" a
    refuses "looks like zstd data, wanted a PBM, PGM, PPM or PAM picture: 'zstd -dc FILE | pnm2raw' reads pictures in it"
    for file in npy csv json html; do
        cp "$ROOT/tests/rejected/foreign/$file" a
        refuses 'looks like '
        grep -q ', wanted a PBM, PGM, PPM or PAM picture$' told
    done
    for program in png jpeg gif tiff; do [ -x "$(type -P ${program}topnm)" ]; done
    fails 1 "raw-info: $ROOT/tests/rejected/foreign/png: looks like a PNG picture, wanted a stream's header 'raw1 ...': pngtopnm FILE | pnm2raw makes one of it" raw-info "$ROOT/tests/rejected/foreign/png"
    printf '\1\2' >a
    refuses 'starts with byte 01, wanted a PBM, PGM, PPM or PAM picture: P and a digit from 1 to 7'
    printf 'P' >a
    refuses 'picture 1: ended in its header, wanted all of it'
    for text in P8 'P52 1' PP 'P0 ' Q5; do
        printf '%s 2 1 255 ab' "$text" >a
        refuses 'looks like text, as a CSV table is, wanted a PBM, PGM, PPM or PAM picture'
    done
}
