#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# raw-info: what a stream holds, the whole of it read and checked.
# shellcheck disable=SC2016 # what is quoted is awk's
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
    # Numbers are read 4096 at a time.
    { header u8 1 200000 . && head -c 200000 /dev/zero; } >&9
    exec 9>&-
    wait $pid
    assert_regex "$(tail -n 1 err)" "^raw-info: 4098 of 200002 items, "
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
    row=$({ header f32 2 1 . && f32 Inf -Inf; } | row)
    assert_equal "$row" $'f32\t2\t1\t1\t-inf\tinf\tnan\t0' # without a sign
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

@test "--per-element prints a row for each element" {
    { header f32 3 4 . && f32 1 nan 7 2 nan 7 4 nan 7 9 5 7; } >a.raw
    raw-info --per-element a.raw >out
    diff - out <<'END'
element	count	missing	mean	sd	min	max
0	4	0	4	3.082207	1	9
1	1	3	5	0	5	5
2	4	0	7	0	7	7
END
    for frame in 1 3; do recut $frame <a.raw | raw-info --per-element - | cmp - out; done
    cat a.raw a.raw | raw-info --per-element | row_holds 2 '$2 == 8 && $4 == 4 && $7 == 9'
    # Elements of an image are numbered as in the stream; u8 is taken as it is.
    { header u8 2x2 2 . && printf 'abcdcdef'; } | raw-info --per-element | tail -n +2 | rows_hold 4 '$1 == NR - 1 && $4 == 97 + NR && $5 == 1'
    { header i32 1 2 . && printf '\0\0\0\x80\xff\xff\xff\x7f'; } | raw-info --per-element | row_holds 2 '$4 == -0.5 && $5 == 2.14748365e9'
}

@test "--per-element: the standard deviation divides by the count, and is exact for a constant" {
    perl -e 'print "a,b,c,d\n"; print "0.1,1e300,-123456789.123,", $_ % 2, "\n" for 1 .. 3000' >a.csv
    for dtype in f64 f32; do
        csv2raw --columns a,c --dtype $dtype a.csv | raw-info --per-element | tail -n +2 | rows_hold 2 '$2 == 3000 && $5 == 0 && $6 == $7'
    done
    csv2raw a.csv | raw-info --per-element | tail -n +2 | cut -f 4,5 >found
    diff found - <<'END'
0.1	0
1e+300	0
-123456789	0
0.5	0.5
END
    # Far from zero, where a sum of squares loses all digits.
    perl -e 'printf "%d\n", 1e12 + $_ % 2 for 1 .. 1000' | csv2raw -q --no-header | raw-info --per-element | row_holds 2 '$5 == 0.5'
    # As in two passes, over items that are divided where numbers are read.
    perl -e 'srand 1; print pack "d<*", map { 5 * rand() - $_ % 3 } 1 .. 90000' >numbers
    { header f64 3 30000 . && cat numbers; } | raw-info --per-element >out
    perl -e '$/ = undef; @x = unpack "d<*", <STDIN>; for $e (0 .. 2) { @y = @x[map 3 * $_ + $e, 0 .. 29999]; ($m, $s) = (0, 0);
        $m += $_ / 30000 for @y; $s += ($_ - $m) ** 2 / 30000 for @y; ($min, $max) = (sort { $a <=> $b } @y)[0, -1];
        printf "%d\t30000\t0\t%.9g\t%.9g\t%.9g\t%.9g\n", $e, $m, sqrt $s, $min, $max }' <numbers | cmp - <(tail -n +2 out)
}

@test "--per-element: infinities, numbers that are far apart, and no numbers" {
    printf 'a,b,c,d,e,f\n1,inf,inf,1.7e308,,inf\ninf,-inf,inf,-1.7e308,,1\n' | csv2raw | raw-info --per-element | tail -n +2 >found
    diff found - <<'END'
0	2	0	inf	nan	1	inf
1	2	0	nan	nan	-inf	inf
2	2	0	inf	nan	inf	inf
3	2	0	0	inf	-1.7e+308	1.7e+308
4	0	2	nan	nan	nan	nan
5	2	0	inf	nan	1	inf
END
    header f32 2 0 . | raw-info --per-element >found
    diff found - <<'END'
element	count	missing	mean	sd	min	max
0	0	0	nan	nan	nan	nan
1	0	0	nan	nan	nan	nan
END
}

@test "--names names the elements" {
    printf 'key,age,"a\tb",\nx,1,2,3\n' | csv2raw --id key --write-names names >a.raw
    raw-info --per-element --names names a.raw >out
    diff out - <<'END'
element	name	count	missing	mean	sd	min	max
0	age	1	0	1	0	1	1
1	a\x09b	1	0	2	0	2	2
2		1	0	3	0	3	3
END
    # From the same pipeline, also if there are more names than a pipe holds.
    perl -e 'print join(",", map "a-rather-long-name-$_", 1 .. 5000), "\n", join(",", 1 .. 5000), "\n"' >b.csv
    mkfifo fifo
    timeout 5 csv2raw --write-names fifo b.csv | timeout 5 raw-info --per-element --names fifo >out
    row_holds 5001 '$2 == "a-rather-long-name-5000" && $5 == 5000' <out
    fails 2 'raw-info: --names: found it without --per-element, wanted both' raw-info --names names a.raw
    head -2 names >two
    fails 1 'raw-info: two: has 2 lines, wanted 3, one per element' raw-info --per-element --names two a.raw
    cat names two >five
    fails 1 'raw-info: five: has more than 3 lines, wanted as many, one per element' raw-info --per-element --names five a.raw
    assert [ ! -s out ]
    fails 1 'raw-info: none: cannot open: No such file or directory' raw-info --per-element --names none a.raw
    printf 'a\nb\0\nc\n' >zero
    fails 1 'raw-info: zero: line 2: found a byte of value 0, wanted text' raw-info --per-element --names zero a.raw
}

@test "--per-element of a broken stream prints nothing" {
    { header u8 2 3 . && printf abcde; } >a.raw
    fails 1 'raw-info: a.raw: ended after 5 of 6 bytes of a frame of 3 items, wanted all' raw-info --per-element a.raw
    assert [ ! -s out ]
}

@test "--per-element of a header alone takes no memory" {
    unsanitized 'they take much memory'
    header f64 281474976710656 1 . >b.raw
    fails 1 'raw-info: b.raw: out of memory for 281474976710656 elements' raw-info --per-element b.raw
}

@test "a second operand is a usage error" {
    fails 2 'raw-info: b: found 2 operands, wanted at most 1' raw-info a b
}
