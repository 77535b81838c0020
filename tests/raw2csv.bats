#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# raw2csv: a stream as a table of text, which csv2raw reads back.
load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# f64 NUMBER...: numbers as little-endian doubles.
f64() {
    perl -e 'print pack "d<*", @ARGV' -- "$@"
}

@test "one line per item, one column per element, and a line of names" {
    { header f64 2 3 . && f64 1 2.5 -300 0.1 1e20 -0.00000123; } >a.raw
    raw2csv a.raw >a.csv
    assert_equal "$(<a.csv)" $'x1,x2\n1,2.5\n-300,0.1\n1e20,-1.23e-6'
    raw2csv - <a.raw | cmp - a.csv
    raw2csv <a.raw | cmp - a.csv
    assert_equal "$(raw2csv --tsv a.raw | tail -1)" $'1e20\t-1.23e-6'
    raw2csv --no-header a.raw | cmp - <(tail -n +2 a.csv)
    # Elements of an image follow each other as in the stream.
    { header u8 2x3 2 . && printf 'abcdefABCDEF'; } | raw2csv >b.csv
    assert_equal "$(<b.csv)" $'x1,x2,x3,x4,x5,x6\n97,98,99,100,101,102\n65,66,67,68,69,70'
    { header i32 1 2 . && perl -e 'print pack "l<*", -2147483648, 2147483647'; } | raw2csv >c.csv
    assert_equal "$(<c.csv)" $'x1\n-2147483648\n2147483647'
}

@test "each number reads back the same, whatever its type" {
    # All bit patterns, but for those of nan, which are one number.
    perl -e 'srand 1; print pack "L<", rand 2 ** 32 for 1 .. 20000' >bits
    for dtype in u8 i32 f32 f64; do
        case $dtype in u8) n=80000 ;; f64) n=10000 ;; *) n=20000 ;; esac
        { header $dtype 10 $((n / 10)) . && cat bits; } >a.raw
        if [[ $dtype == f* ]]; then
            raw2csv a.raw | csv2raw --dtype $dtype >b.raw # with one nan
            cp b.raw a.raw
        fi
        raw2csv a.raw | csv2raw --dtype $dtype | cmp - a.raw
    done
    raw2csv a.raw | csv2raw --dtype f64 | raw-cmp --rel 0 - a.raw
    { header f32 1 4 . && f32 0.1 3.4028234e38 1e-45 16777216; } | raw2csv --no-header >a.csv
    assert_equal "$(xargs <a.csv)" '0.1 3.4028235e38 1e-45 16777216'
}

@test "nan, infinities and zeros" {
    { header f64 6 1 . && f64 nan -nan inf -inf 0 -0.0; } >a.raw
    assert_equal "$(raw2csv a.raw | tail -1)" nan,nan,inf,-inf,0,-0
    raw2csv a.raw | csv2raw | raw2csv | cmp - <(raw2csv a.raw)
    { header f32 1 2 . && f32 nan inf; } >a.raw
    assert_equal "$(raw2csv a.raw | xargs)" 'x1 nan inf'
}

@test "--digits rounds real numbers as printf does, and leaves whole ones" {
    { header f64 5 1 . && f64 3.14159265 0.125 0.375 1234567 9.999; } >a.raw
    assert_equal "$(raw2csv --digits 2 a.raw | tail -1)" 3.1,0.12,0.38,1200000,10
    assert_equal "$(raw2csv --digits 17 a.raw | tail -1)" 3.14159265,0.125,0.375,1234567,9.999
    assert_equal "$({ header i32 1 1 . && perl -e 'print pack "l<", 123456'; } | raw2csv --digits 2 | tail -1)" 123456
    for digits in 0 18 x; do
        fails 2 "raw2csv: --digits: found '$digits', wanted a whole number from 1 to 17" raw2csv --digits $digits a.raw
    done
}

@test "--ids and --names are what csv2raw has written, in quotes where they need them" {
    printf 'key,"a,b",\n"x ""1""",1,2\n,3,4\n\xc3\xa9,5,\n' >a.csv
    csv2raw --id key --write-ids ids --write-names names a.csv >a.raw
    raw2csv --ids ids --names names a.raw >b.csv
    assert_equal "$(<b.csv)" $'id,"a,b",""\n"x ""1""",1,2\n"",3,4\n\xc3\xa9,5,nan'
    csv2raw --id id --write-ids ids2 --write-names names2 b.csv | cmp - a.raw
    cmp ids2 ids
    cmp names2 names
    raw2csv --tsv --ids ids --names names a.raw >b.tsv
    assert_equal "$(head -2 b.tsv)" $'id\ta,b\t""\n"x ""1"""\t1\t2'
    csv2raw --tsv --id id b.tsv | cmp - a.raw
    assert_equal "$(raw2csv --no-header --ids ids a.raw | tail -1)" $'\xc3\xa9,5,nan'
    # Lines may end with CRLF, and the last one need not.
    printf 'x\r\ny\r\nz' >ids
    assert_equal "$(raw2csv --ids ids a.raw | cut -d , -f 1 | xargs)" 'id x y z'
    fails 2 'raw2csv: --names: found it with --no-header, wanted one of the two' raw2csv --no-header --names names a.raw
}

@test "side files have a line for each item, or for each element" {
    { header u8 2 3 . && printf abcdef; } >a.raw
    printf '1\n2\n' >two
    printf '1\n2\n3\n' >three
    printf '1\n2\n3\n\n' >four
    fails 1 'raw2csv: two: has 2 lines, and a.raw has more items, wanted one line per item' raw2csv --ids two a.raw
    raw2csv --ids three a.raw | tail -1 | grep -x 3,101,102
    fails 1 'raw2csv: four: has more than 3 lines, wanted as many, one per item of a.raw' raw2csv --ids four a.raw
    raw2csv --names two a.raw | head -1 | grep -x 1,2
    fails 1 'raw2csv: three: has more than 2 lines, wanted as many, one per element' raw2csv --names three a.raw
    true >none
    fails 1 'raw2csv: none: has 0 lines, wanted 2, one per element' raw2csv --names none a.raw
    fails 1 'raw2csv: none: has 0 lines, and a.raw has more items' raw2csv --ids none a.raw
    fails 1 'raw2csv: gone: cannot open: No such file or directory' raw2csv --ids gone a.raw
    fails 1 'raw2csv: gone: cannot open: No such file or directory' raw2csv --names gone a.raw
    printf '1\n2\0\n3\n' >zero
    fails 1 'raw2csv: zero: line 2: found a byte of value 0, wanted text' raw2csv --ids zero a.raw
    { echo 1 && head -c 65536 /dev/zero | tr '\0' a; } >long
    fails 1 'raw2csv: long: line 2: has more than 65535 bytes, wanted fewer' raw2csv --ids long a.raw
    # The longest line, of quotes.
    { head -c 65535 /dev/zero | tr '\0' '"' && printf '\n2\n3\n'; } >long
    assert_equal "$(raw2csv --no-header --ids long a.raw | head -1 | wc -c)" $((2 * 65535 + 2 + 7))
    fails 2 "raw2csv: --ids: found '-', wanted a file's name, not a standard stream" raw2csv --ids - a.raw
}

@test "any number of frames is one table, and a broken stream exits 1" {
    { header u8 2 5 . && printf abcdefghij; } >a.raw
    raw2csv a.raw >whole.csv
    for frame in 1 2; do recut $frame <a.raw | raw2csv | cmp - whole.csv; done
    cat a.raw a.raw | raw2csv | wc -l | grep -x 11
    head -c -1 a.raw >cut.raw
    fails 1 'raw2csv: cut.raw: ended after 9 of 10 bytes of a frame of 5 items, wanted all' raw2csv cut.raw
    recut 2 <a.raw | head -c $((64 + 4)) >cut.raw
    fails 1 'raw2csv: cut.raw: ended after 2 items' raw2csv cut.raw
    { header u8 2 0 . && true; } | raw2csv >b.csv
    assert_equal "$(<b.csv)" x1,x2
}

@test "items larger than the buffers" {
    { header f64 100000 3 . && perl -e 'print pack "d<*", map $_ / 7, 1 .. 300000'; } >a.raw
    printf 'a\nb\nc\n' >ids
    raw2csv --ids ids a.raw >a.csv
    csv2raw --id id a.csv | raw-cmp --abs 0 - a.raw
    assert_equal "$(cut -d , -f 1 a.csv | xargs)" 'id a b c'
}

@test "a table is written in constant memory, frame by frame" {
    unsanitized 'they take much memory'
    bash -c 'ulimit -v 50000 && vae-sample -n 1000000 -d 2 | raw2csv' | tail -1 | grep -E '^[-0-9.e]+,[-0-9.e]+$'
    mkfifo in
    raw2csv in >out 3>&- 9>&- &
    pid=$!
    exec 9<>in
    { header u8 1 1 + && printf a; } >&9
    await grep -qx 97 out
    { header u8 1 1 . && printf b; } >&9
    await grep -qx 98 out
    exec 9>&-
    wait $pid
}

@test "a line is answered before the next one is sent, through the identifiers' file too" {
    printf '1,2,3\n4,5,7\n' | csv2raw -q --no-header >items.raw
    vae-train -q -m model.bin -l gaussian -z 1 -H 4 -e 1 items.raw
    mkfifo in
    csv2raw --live --id id --write-ids ids in 3>&- | vae-score -q -m model.bin | raw2csv --ids ids >out 3>&- 9>&- &
    pid=$!
    exec 9<>in
    echo id,a,b,c >&9
    for i in 1 2 3; do
        echo "n$i,$i,2,3" >&9
        await grep -q "^n$i,[-0-9.e]*$" out
        assert_equal "$(wc -l <out)" $((i + 1))
    done
    exec 9>&-
    wait $pid
    # A line without an answer does not end it: n2 lacks a number, and n3 is extreme.
    csv2raw --live --id id --write-ids ids in 3>&- | {
        vae-score -q -m model.bin --on-bad report 2>err || echo $? >status
    } | raw2csv --ids ids >out 3>&- 9>&- &
    pid=$!
    exec 9<>in
    echo id,a,b,c >&9
    for line in n1,1,2,3 n2,1,,3 n3,3e38,3e38,3e38 n4,1,2,3; do
        echo "$line" >&9
        await grep -q "^${line%%,*},[-0-9.einfa]*$" out
    done
    exec 9>&-
    wait $pid
    assert_equal "$(cat status)" 3
    assert_regex "$(sed -n 1p err)" '^vae-score: stdin: item 1, element 1 is nan'
    grep -x n2,nan out
    assert_equal "$(grep ^n1, out | cut -d , -f 2)" "$(grep ^n4, out | cut -d , -f 2)"
    # The same through pipes.
    mkfifo ids.fifo names.fifo
    printf 'id,a,b\nx,1,2\ny,3,4\n' >a.csv
    timeout 5 csv2raw --id id --write-ids ids.fifo --write-names names.fifo a.csv |
        timeout 5 raw2csv --ids ids.fifo --names names.fifo | cmp - a.csv
}
