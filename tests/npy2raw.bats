#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# npy2raw and raw2npy: NumPy arrays to streams and back. tests/numpy/ has arrays that NumPy 1.24 wrote: their numbers are
# 0, 1, 2 and so on, those of i4 from -3 on, and half of that for floats. tests/rejected/npy/ has those that are refused.
# shellcheck disable=SC2016 # what is quoted is awk's
load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$ROOT"/tests/numpy/* .
}

# numbers DTYPE FROM COUNT: numbers of that type, as the arrays have them.
numbers() {
    perl -e 'my ($type, $from, $count) = @ARGV;
        print pack {u8 => "C", i32 => "l<", f32 => "f<", f64 => "d<"}->{$type}, $from + $_ / ($type =~ /f/ ? 2 : 1) for 0 .. $count - 1' -- "$@"
}

# dictionary TEXT: a header of version 1.
dictionary() {
    perl -e 'print "\x93NUMPY\1\0", pack("v", length $ARGV[0]), $ARGV[0]' -- "$1"
}

@test "the first axis is the items, the others are the shape of one" {
    npy2raw u1.npy | cmp - <(header u8 2x3 2 . && numbers u8 0 12)
    npy2raw - <i4.npy | cmp - <(header i32 2 3 . && numbers i32 -3 6)
    npy2raw f4.npy | cmp - <(header f32 3x1x2 2 . && numbers f32 0 12)
    npy2raw <f8.npy | cmp - <(header f64 1 4 . && numbers f64 0 4)
    npy2raw axes-7.npy | cmp - <(header u8 2x1x1x1x1x1 1 . && printf '\0\0')
    npy2raw no-items.npy | cmp - <(header f32 2x3 0 .)
}

@test "big-endian numbers are converted" {
    for dtype in i4 f4 f8; do
        npy2raw $dtype-big-endian.npy | cmp - <(npy2raw $dtype.npy)
    done
    # Bytes have no order.
    for order in '<' '>' '|'; do
        { dictionary "{'descr': '${order}u1', 'fortran_order': False, 'shape': (3,)}" && printf abc; } |
            npy2raw | cmp - <(header u8 1 3 . && printf abc)
    done
}

@test "headers of versions 2 and 3, and of other writers, are read" {
    for version in 2 3; do
        npy2raw u1-version-$version.npy | cmp - <(npy2raw u1.npy)
    done
    # Other quotes, blanks and orders of the keys; numbers of Python 2.
    while IFS= read -r text; do
        { dictionary "$text" && printf abcdef; } | npy2raw | cmp - <(header u8 2 3 . && printf abcdef)
    done <<'END'
{"shape":(3,2),"fortran_order":False,"descr":"|u1"}
 { 'descr' : '|u1' , 'fortran_order' : False , 'shape' : ( 3L , 2L , ) , } 	
{'fortran_order': False, 'descr': '|u1', 'shape': (3,2,)}
END
    # Where only one axis is longer than 1, and where there are no numbers, all orders are the same.
    for shape in '6,' '1, 6' '6, 1' '1, 6, 1'; do
        { dictionary "{'descr': '|u1', 'fortran_order': True, 'shape': ($shape)}" && printf abcdef; } | npy2raw | payload |
            cmp - <(printf abcdef)
    done
    dictionary "{'descr': '|u1', 'fortran_order': True, 'shape': (0, 2, 3)}" | npy2raw | cmp - <(header u8 2x3 0 .)
}

@test "a file that is cut, or goes on, gives no stream" {
    for bytes in 128 129 139; do
        head -c $bytes u1.npy >cut.npy
        fails 1 "npy2raw: cut.npy: ended after $(((bytes - 128) / 6)) of 2 items, wanted all" npy2raw cut.npy
        mv out cut.raw && fails 1 'raw-info: cut.raw: ended' raw-info cut.raw
    done
    for array in u1 no-items; do
        { cat $array.npy && printf x; } >long.npy
        fails 1 'npy2raw: long.npy: bytes follow the ' npy2raw long.npy
        grep -q 'items that the header declares, wanted the end' err
        mv out cut.raw && fails 1 'raw-info: cut.raw: e' raw-info cut.raw # it ended, or is empty
    done
}

@test "an array of a .npz file is read as the message says" {
    command -v unzip >/dev/null || skip 'wants unzip'
    for kind in npz npz-deflated; do
        unzip -p "$ROOT/tests/rejected/npy/$kind" x.npy | npy2raw | cmp - <(header f32 2 3 . && numbers f32 0 6)
    done
}

@test "raw2npy writes the bytes that numpy.save writes" {
    local array
    for array in u1 i4 f4 f8 axes-7 no-items long-header; do
        npy2raw $array.npy >a.raw
        raw2npy a.raw >a.npy
        cmp a.npy $array.npy
        raw2npy <a.raw | cmp - $array.npy
    done
    # Items of shape 1 are an array of one axis.
    npy2raw item-of-1.npy | raw2npy | cmp - f8.npy
}

@test "--axes permutes the axes of an item, and back" {
    npy2raw f4.npy >a.raw
    perl -e 'print pack "f<*", map { my $item = $_; map { my $c = $_; map { ($item * 6 + $_ * 2 + $c) / 2 } 0 .. 2 } 0, 1 } 0, 1' >permuted
    npy2raw --axes 1,2,0 f4.npy | cmp - <(header f32 1x2x3 2 . && cat permuted)
    raw2npy --axes 1,2,0 a.raw | npy2raw | cmp - <(header f32 1x2x3 2 . && cat permuted)
    npy2raw --axes 1,2,0 f4.npy | raw2npy --axes 2,0,1 | cmp - f4.npy
    npy2raw --axes 0,1,2 f4.npy | cmp - a.raw
    npy2raw --axes 0 f8.npy | cmp - <(npy2raw f8.npy)
    # Each order of four axes, of numbers of every size, and its inverse.
    local dtype order inverse
    for dtype in u8 i32 f64; do
        { header $dtype 2x3x1x4 5 . && numbers $dtype 0 120; } >a.raw
        for order in 3,2,1,0 0,2,3,1 1,0,2,3 2,3,0,1 1,3,0,2 0,1,3,2; do
            inverse=$(perl -e '@o = split ",", shift; @i[@o] = 0 .. 3; print join ",", @i' $order)
            raw2npy --axes $order a.raw >a.npy
            npy2raw a.npy | payload | cmp - <(perl -e '
                my ($type, @o) = split ",", shift; my @d = (2, 3, 1, 4); my @s = (12, 4, 4, 1);
                for my $item (0 .. 4) { for my $a (0 .. $d[$o[0]] - 1) { for my $b (0 .. $d[$o[1]] - 1) {
                for my $c (0 .. $d[$o[2]] - 1) { for my $e (0 .. $d[$o[3]] - 1) {
                    my $n = $item * 24 + $a * $s[$o[0]] + $b * $s[$o[1]] + $c * $s[$o[2]] + $e * $s[$o[3]];
                    print pack({u8 => "C", i32 => "l<", f64 => "d<"}->{$type}, $type eq "f64" ? $n / 2 : $n) } } } } }' $dtype,$order)
            npy2raw --axes "$inverse" a.npy | cmp - a.raw
        done
    done
    # Items that do not fill the buffer to its end, and larger ones.
    perl -e 'print pack "C*", map { $_ % 251 } 0 .. 299999' >large
    { header u8 60x25 200 . && cat large; } | raw2npy --axes 1,0 | npy2raw --axes 1,0 | payload | cmp - large
    { header u8 500x600 1 . && cat large; } | raw2npy --axes 1,0 | npy2raw --axes 1,0 | payload | cmp - large
}

@test "--axes is an order, and has as many axes as an item" {
    for tool in npy2raw raw2npy; do
        for list in 0,0 1 1,2 0,2; do
            fails 2 "$tool: --axes: found '$list', wanted each number from 0 to $(($(tr -cd , <<<$list | wc -c))) once" $tool --axes $list
        done
        for list in '' x 0,1,2,3,4,5,6 -1 '0,' 6; do
            fails 2 "$tool: --axes: found '$list', wanted 1 to 6 whole numbers from 0 to 5" $tool --axes "$list"
        done
    done
    fails 1 'npy2raw: u1.npy: items have shape 2x3, wanted 3 axes, as many as --axes has, which are those of one item' npy2raw --axes 1,2,0 u1.npy
    npy2raw u1.npy >u1.raw
    fails 1 'raw2npy: u1.raw: items have shape 2x3, wanted 1 axes, as many as --axes has, which are those of one item' raw2npy --axes 0 u1.raw
    assert [ ! -s out ]
}

@test "frames become one array, in a file, at its end, and in a pipe" {
    perl -e 'print pack "f<*", map { $_ / 2 } 0 .. 2999' >numbers
    { header f32 2x3 500 . && cat numbers; } >a.raw
    raw2npy a.raw >wanted.npy
    for frame in 1 7 499; do
        recut $frame <a.raw >frames.raw
        raw2npy frames.raw >a.npy
        cmp a.npy wanted.npy
        raw2npy frames.raw | cmp - wanted.npy
        : >a.npy
        raw2npy frames.raw >>a.npy
        cmp a.npy wanted.npy
    done
    # The array begins where the output is.
    { printf 12345 && raw2npy frames.raw && printf x && raw2npy a.raw; } >a.npy
    { printf 12345 && cat wanted.npy && printf x && cat wanted.npy; } | cmp - a.npy
    { printf 12345 >a.npy && raw2npy frames.raw >>a.npy; }
    { printf 12345 && cat wanted.npy; } | cmp - a.npy
    # Frames without items, and streams one after the other.
    { header f32 2x3 0 + && header f32 2x3 0 . && cat a.raw && header f32 2x3 0 .; } >empty.raw
    raw2npy empty.raw | cmp - wanted.npy
    raw2npy empty.raw >a.npy
    cmp a.npy wanted.npy
    cat a.raw a.raw | raw2npy >a.npy
    npy2raw a.npy | cmp - <(header f32 2x3 1000 . && cat numbers numbers)
    cat frames.raw a.raw | raw2npy | cmp - a.npy
    assert_empty "$(find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'raw2npy.*')"
}

@test "in a pipe, items after the last frame are refused, with the way that works" {
    npy2raw u1.npy >a.raw
    cat a.raw a.raw >twice.raw
    fails 1 "raw2npy: stdout: the header says 2 items, and the stream goes on after its last frame ('.') of them, wanted a new file (> FILE), whose header is written at the end" \
        bash -o pipefail -c 'raw2npy twice.raw | cat'
    mv out cut.npy && fails 1 'npy2raw: cut.npy: ended after 1 of 2 items' npy2raw cut.npy
    # The end of a file is no new file.
    fails 1 'raw2npy: stdout: the header says 2 items' bash -c 'raw2npy twice.raw >>a.npy'
    raw2npy twice.raw >a.npy
    npy2raw a.npy | raw-info | row_holds 2 '$3 == 4'
}

@test "raw2npy: after an error no reader accepts what is there" {
    perl -e 'print pack "f<*", 1 .. 3000' >numbers
    { header f32 2x3 500 . && cat numbers; } >a.raw
    local frame to
    for frame in 0 100; do
        if [ $frame -gt 0 ]; then recut $frame <a.raw >b.raw; else cp a.raw b.raw; fi
        { cat b.raw && printf garbage; } >long.raw
        head -c 8000 b.raw >cut.raw
        for file in long cut; do
            for to in '>new.npy' '>>new.npy' '| cat >new.npy'; do
                rm -f new.npy
                fails 1 "raw2npy: $file.raw: " bash -o pipefail -c "raw2npy $file.raw $to"
                fails 1 'npy2raw: new.npy: ' npy2raw new.npy
            done
        done
    done
    { header f32 2x3 0 . && printf garbage; } | fails 1 'raw2npy: stdin: bytes that are no frame follow' raw2npy
    assert [ ! -s out ]
}

@test "raw2npy: the temporary file is in TMPDIR, and its errors are named" {
    { header u8 2 1 + && printf ab && header u8 2 1 . && printf cd; } >a.raw
    fails 1 'raw2npy: none: cannot create a temporary file in it (TMPDIR): No such file or directory' \
        env TMPDIR=none bash -o pipefail -c 'raw2npy a.raw | cat'
    fails 1 "raw2npy: $(printf '%05000d' 0): the name of this directory (TMPDIR) is too long, wanted a shorter one" \
        env TMPDIR="$(printf '%05000d' 0)" bash -o pipefail -c 'raw2npy a.raw | cat'
    TMPDIR='' raw2npy a.raw | npy2raw | payload | cmp - <(printf abcd)
    # A file needs none.
    TMPDIR=none raw2npy a.raw >a.npy
    npy2raw a.npy | payload | cmp - <(printf abcd)
    small=$BATS_TEST_TMPDIR/small
    mkdir "$small"
    mount -t tmpfs -o size=16k none "$small" 2>/dev/null || skip 'mounts no file system here'
    { header u8 20000 1 + && head -c 20000 /dev/zero && header u8 20000 0 .; } >a.raw
    run fails 1 'raw2npy: small: cannot write: No space left on device' env TMPDIR=small bash -o pipefail -c 'raw2npy a.raw | cat'
    umount "$small"
    [ "$status" -eq 0 ] || fail "$output"
}
