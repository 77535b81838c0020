#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# raw2pgm: a stream of images as one tiled picture, or as a picture each.
# shellcheck disable=SC2016 # what is quoted is expanded by eval
load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# letters N: N images of 2x3 bytes; each holds its letter six times, from A on.
letters() {
    header u8 2x3 "$1" .
    perl -e 'print chr(ord("A") + $_) x 6 for 0 .. $ARGV[0] - 1' -- "$1"
}

# greys NUMBER...: one image of a row of floats.
greys() {
    header f32 1x$# 1 .
    f32 "$@"
}

# pixels: the bytes of a picture on stdin behind its three header lines, in decimal.
pixels() {
    tail -n +4 | od -An -v -t u1 | xargs
}

@test "one image of bytes becomes a PGM with these bytes" {
    { header u8 2x3 1 . && printf 'abcdef'; } | raw2pgm >out
    printf 'P5\n3 2\n255\nabcdef' | cmp - out
}

@test "images are tiled row by row, and a missing one is black" {
    letters 3 | raw2pgm >out
    printf 'P5\n6 4\n255\nAAABBBAAABBBCCC\0\0\0CCC\0\0\0' | cmp - out
}

@test "-c sets the images in a row" {
    letters 3 | raw2pgm -c 1 >out
    printf 'P5\n3 6\n255\nAAAAAABBBBBBCCCCCC' | cmp - out
    letters 2 | raw2pgm --columns 3 >out
    printf 'P5\n9 2\n255\nAAABBB\0\0\0AAABBB\0\0\0' | cmp - out
}

@test "--pad leaves black pixels between images, and none around them" {
    letters 3 | raw2pgm --pad 1 >out
    printf 'P5\n7 5\n255\nAAA\0BBBAAA\0BBB\0\0\0\0\0\0\0CCC\0\0\0\0CCC\0\0\0\0' | cmp - out
    letters 2 | raw2pgm -c 1 --pad 2 >out
    printf 'P5\n3 6\n255\nAAAAAA\0\0\0\0\0\0BBBBBB' | cmp - out
}

@test "without -c the grid is the squarest that holds all images" {
    for case in 1:1x1 2:2x1 3:2x2 4:2x2 5:3x2 6:3x2 7:3x3 9:3x3 10:4x3 16:4x4 17:5x4; do
        size=$(letters "${case%:*}" | raw2pgm | sed -n 2p)
        grid=${case#*:}
        assert_equal "${case%:*}: $size" "${case%:*}: $((3 * ${grid%x*})) $((2 * ${grid#*x}))"
    done
}

@test "real numbers from 0 to 1 become the nearest of 256 levels" {
    pixels=$(greys 0 1 0.5 0.25 0.0019 0.002 0.998 0.9985 | raw2pgm | pixels)
    assert_equal "$pixels" '0 255 128 64 0 1 254 255'
}

@test "bytes divided by 255 come back as the same bytes" {
    { header f32 16x16 1 . && perl -e 'print pack "f<*", map { $_ / 255 } 0 .. 255'; } | raw2pgm | tail -n +4 >out
    perl -e 'print pack "C*", 0 .. 255' | cmp - out
}

@test "what lies outside is clipped, infinities too" {
    pixels=$(greys -0.1 1.1 -1e30 1e30 -Inf Inf | raw2pgm | pixels)
    assert_equal "$pixels" '0 255 0 255 0 255'
}

@test "a note says how many numbers were clamped, if more than one in a thousand was" {
    # notes COUNT OPTION...: what is said of 2000 numbers, COUNT of them -0.25 and 3 in turn, the others from 0 to 1.
    notes() {
        { header f32 20x100 1 . && perl -e 'print pack "f<*", map { $_ < $ARGV[0] ? $_ % 2 ? 3 : -0.25 : $_ / 2000 } 0 .. 1999' "$1"; } |
            { raw2pgm "${@:2}" >out; } 2>&1
    }
    for option in '' --per-item; do
        # shellcheck disable=SC2086 # none, or one
        assert_empty "$(notes 0 $option)$(notes 2 $option)$(notes 3 -q $option)"
        # shellcheck disable=SC2086
        assert_equal "$(notes 3 $option)" 'raw2pgm: stdin: found numbers from -0.25 to 3, wanted 0 (black) to 1 (white): 3 of 2000 are clamped'
    done
    # Of a few numbers each counts; what is outside by less than half a level does not.
    greys 0 -Inf 0.5 >a.raw
    assert_equal "$(raw2pgm a.raw 2>&1 >out)" 'raw2pgm: a.raw: found numbers from -inf to 0.5, wanted 0 (black) to 1 (white): 1 of 3 are clamped'
    assert_empty "$(greys -0.0019 1.0019 | raw2pgm 2>&1 >out)"
    assert_regex "$(greys -0.002 1.002 | raw2pgm 2>&1 >out)" ' 2 of 2 are clamped$'
}

@test "f64 is taken as f32 is" {
    pixels=$({ header f64 1x3 1 . && perl -e 'print pack "d<*", 0.2, -5, 1'; } | raw2pgm | pixels)
    assert_equal "$pixels" '51 0 255'
}

@test "a NaN is refused by item and element" {
    { header f32 2x2 2 . && f32 0 0 0 0 0 0 NaN 0; } >a.raw
    fails 1 'raw2pgm: a.raw: item 1, element 2 is not a number, wanted one in [0,1]' raw2pgm a.raw
}

@test "items of HxWx3 become a PPM, their pixels kept together" {
    { header u8 1x2x3 2 . && printf 'abcdefghijkl'; } | raw2pgm --pad 1 >out
    printf 'P6\n5 1\n255\nabcdef\0\0\0ghijkl' | cmp - out
}

@test "items of HxWx1 become a PGM" {
    { header u8 2x1x1 1 . && printf 'ab'; } | raw2pgm >out
    printf 'P5\n1 2\n255\nab' | cmp - out
}

@test "other shapes are no images" {
    for shape in 4 1x2x2 1x1x1x4; do
        { header u8 "$shape" 1 . && printf 'abcd'; } >a.raw
        fails 1 "raw2pgm: a.raw: items have shape $shape, wanted an image: HxW, HxWx1 or HxWx3" raw2pgm a.raw
    done
}

@test "i32 is no grey" {
    { header i32 1x1 1 . && printf '\0\0\0\0'; } >a.raw
    fails 1 'raw2pgm: a.raw: items are i32, wanted u8, f32 or f64' raw2pgm a.raw
}

@test "a stream without items makes no picture" {
    fails 1 'raw2pgm: stdin: no items, wanted at least 1' raw2pgm < <(header u8 2x2 0 .)
    assert [ ! -s out ]
}

@test "nothing is drawn of a stream that is cut short" {
    letters 3 | head -c -1 >cut.raw
    fails 1 'raw2pgm: cut.raw: ended after 17 of 18 bytes of a frame of 3 items' raw2pgm cut.raw
    assert [ ! -s out ]
}

@test "netpbm reads the picture, and a tile of it is the image" {
    idx2raw -n 5 "$IMAGES" >images.raw
    raw2pgm --pad 2 images.raw >grid.pgm
    run -0 pamfile grid.pgm
    assert_output --partial 'PGM raw, 88 by 58  maxval 255'
    # Image 4 is the second in the second row, one tile and the padding from the left and from the top.
    pamcut -left 30 -top 30 -width 28 -height 28 grid.pgm | tail -n +4 >tile
    tail -c 784 images.raw | cmp - tile
    { header u8 1x2x3 1 . && printf 'abcdef'; } | raw2pgm >colour.ppm
    run -0 pamfile colour.ppm
    assert_output --partial 'PPM raw, 2 by 1  maxval 255'
}

@test "--per-item writes a picture of each image, one after the other" {
    letters 3 | raw2pgm --per-item >out
    printf 'P5\n3 2\n255\nAAAAAAP5\n3 2\n255\nBBBBBBP5\n3 2\n255\nCCCCCC' | cmp - out
    for frame in 1 2; do letters 3 | recut $frame | raw2pgm --per-item | cmp - out; done
    assert_equal "$(pamfile -allimages out | grep -c 'PGM raw, 3 by 2  maxval 255')" 3
    { header u8 1x2x3 2 . && printf 'abcdefghijkl'; } | raw2pgm --per-item >out
    printf 'P6\n2 1\n255\nabcdefP6\n2 1\n255\nghijkl' | cmp - out
    # Reals, of images that no multiple of is a buffer.
    { header f32 67x103 20 . && perl -e 'print pack "f<*", map { $_ % 256 / 255 } 1 .. 20 * 67 * 103'; } | raw2pgm --per-item >out
    perl -e 'for my $i (0 .. 19) { print "P5\n103 67\n255\n", pack "C*", map { $_ % 256 } 6901 * $i + 1 .. 6901 * ($i + 1) }' | cmp - out
    for option in --columns --pad; do
        fails 2 "raw2pgm: --per-item: found it with $option, wanted one of the two" raw2pgm --per-item $option 3
    done
    fails 1 'raw2pgm: stdin: no items, wanted at least 1' raw2pgm --per-item < <(header u8 2x2 0 .)
    assert [ ! -s out ]
    fails 1 'raw2pgm: stdin: items have shape 4, wanted an image: HxW, HxWx1 or HxWx3' raw2pgm --per-item < <(header u8 4 0 .)
    fails 1 'raw2pgm: stdin: items are i32, wanted u8, f32 or f64' raw2pgm --per-item < <(header i32 4x4 0 .)
}

@test "--per-item writes the pictures of a frame when it has come, in constant memory" {
    unsanitized 'they take much memory'
    { header u8 3000x5000 4 . && head -c 60000000 /dev/zero; } >large.raw
    bash -c 'ulimit -v 20000 && raw2pgm --per-item large.raw' | tr -d '\0' | xargs | grep -x "$(for _ in 1 2 3 4; do echo P5 5000 3000 255; done | xargs)"
    mkfifo in
    raw2pgm --per-item in >out 3>&- 9>&- &
    pid=$!
    exec 9<>in
    { header u8 1x1 1 + && printf a; } >&9
    await eval '[ "$(stat -c %s out)" -eq 12 ]'
    { header u8 1x1 1 . && printf b; } >&9
    await eval '[ "$(stat -c %s out)" -eq 24 ]'
    exec 9>&-
    wait $pid
    printf 'P5\n1 1\n255\naP5\n1 1\n255\nb' | cmp - out
}

@test "what --per-item has written of a wrong stream ends inside a picture" {
    # wrong MESSAGE: of the stream a.raw; a reader of pictures refuses what has come before it.
    wrong() {
        fails 1 "raw2pgm: a.raw: $1" raw2pgm --per-item a.raw || return
        [ -s out ]
        mv out cut.pgm
        run -1 --separate-stderr bash -o pipefail -c 'pamscale -width=3 -height=2 cut.pgm >/dev/null'
    }
    for bytes in 1 6 7; do # of an item, or of several
        { header u8 2x3 2000 . && head -c $((12000 - bytes)) /dev/zero; } >a.raw
        wrong "ended after $((12000 - bytes)) of 12000 bytes of a frame of 2000 items"
    done
    letters 3 | recut 2 | head -c $((64 + 12)) >a.raw
    wrong "ended after 2 items with a '+' frame"
    { letters 2 && printf garbage; } >a.raw
    wrong 'bytes that are no frame follow after 2 items'
    { header f32 1x2 3 . && f32 0 0 0 NaN 0 0; } >a.raw
    wrong 'item 1, element 1 is not a number, wanted one in [0,1]'
    # The next picture is begun once: a second header could pass for its pixels.
    { header f32 1x11 2 . && f32 0 0 0 0 0 0 0 0 0 0 0 NaN 0 0 0 0 0 0 0 0 0 0; } >a.raw
    wrong 'item 1, element 0 is not a number, wanted one in [0,1]'
    assert_equal "$(grep -a -c P5 cut.pgm)" 2
    printf garbage >a.raw
    fails 1 'raw2pgm: a.raw: ' raw2pgm --per-item a.raw
    assert [ ! -s out ]
}

@test "no column, or a column that is no number, is a usage error" {
    fails 2 "raw2pgm: --columns: found '0', wanted a whole number from 1" raw2pgm -c 0
    fails 2 "raw2pgm: --columns: found '4x4', wanted a whole number" raw2pgm -c 4x4
    fails 2 "raw2pgm: --pad: found '-1', wanted a whole number from 0" raw2pgm --pad -1
}

# seen N: runs the N-th command of the page that shows a picture in a terminal, from raw2pgm on, of the stream on stdin.
seen() {
    local command
    command=$(awk -v n="$1" '/^\.Bd -unfilled/ { inside = 1; next } /^\.Ed/ { inside = 0 } inside && ++count == n' "$ROOT/man/raw2pgm.1")
    bash -o pipefail -c "raw2pgm ${command#*| raw2pgm }" 2>err
}

@test "a picture is seen in the terminal, in characters and by sixel, as the page says" {
    for program in chafa img2sixel sixel2png; do
        command -v $program >/dev/null || skip 'wants chafa and libsixel-bin (make plots-deps)'
    done
    # 20 images: ten white ones above ten black ones. Grey levels are few in sixel.
    { header u8 28x28 20 . && perl -e 'print "\377" x (28 * 280), "\0" x (28 * 280)'; } >items.raw
    # sizes: of a sixel picture its width and height, and the means of a row of its upper half and of one of its lower half.
    sizes() {
        sixel2png | pngtopnm | perl -e '
            local $/;
            my ($width, $height, $data) = <STDIN> =~ /\AP6\s+(\d+)\s+(\d+)\s+255\n(.*)/s;
            my @means = map { my $sum = 0; $sum += $_ for unpack "C*", $_; $sum / length }
                map { substr $data, 3 * $width * $_, 3 * $width } int($height / 5), int(4 * $height / 5);
            print join("\t", $width, $height, @means), "\n"'
    }
    seen 2 <items.raw | sizes | row_holds 1 '$1 == 280 && $2 == 56 && $3 > 240 && $4 < 5'
    seen 3 <items.raw | sizes | row_holds 1 '$1 >= 4 * $2 && $3 > 240 && $4 < 5'
    # In characters: of two colours, which change places if the images do.
    seen 1 <items.raw >above
    raw-select --items 10-19 items.raw | payload >black
    { header u8 28x28 20 . && cat black && head -c $((28 * 280)) <(perl -e 'print "\377" x 7840'); } | seen 1 >below
    [ "$(wc -l <above)" -ge 2 ]
    assert_not_equal "$(od -A n -c above)" "$(od -A n -c below)"
}
