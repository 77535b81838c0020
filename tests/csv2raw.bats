#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# csv2raw: a table of text to a stream, its columns, its side files, and every rule of the text that is broken.
# shellcheck disable=SC2154,SC2016 # stderr is set by run; what is quoted is awk's
load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# items TEXT [ARGUMENT...]: the items of the table, one per line.
items() {
    # shellcheck disable=SC2059 # the text has escapes
    printf "$1" | csv2raw -q "${@:2}" >items.raw || return
    local shape
    read -r _ _ shape _ <items.raw
    payload <items.raw | od -A n -v -t f8 -w$((8 * shape)) | sed 's/  */ /g; s/^ //'
}

# refuses MESSAGE TEXT [ARGUMENT...]: the table is refused, and no reader takes the output. The message is left in told.
refuses() {
    # shellcheck disable=SC2059
    printf "$2" >a.csv
    fails 1 "csv2raw: a.csv: $1" csv2raw -q "${@:3}" a.csv || return
    cp err told
    mv out cut.raw && fails 1 'raw-info: cut.raw: e' raw-info cut.raw # it ended, or is empty
}

@test "one item per line, one element per column, one frame of f64" {
    printf 'a,b\n1,2.5\n-3e2,.5\n' >a.csv
    csv2raw a.csv >a.raw
    assert_equal "$(head -1 a.raw | sed 's/ *$//')" 'raw1 f64 2 2 .'
    tail -c +65 a.raw | cmp - <(perl -e 'print pack "d<*", 1, 2.5, -300, 0.5')
    csv2raw - <a.csv | cmp - a.raw
}

@test "cells in quotes hold delimiters, line ends and quotes" {
    assert_equal "$(items '"a ""b""","c,d",e\n"1","2",3\n"4",5,"6"\n' --write-names names | xargs)" '1 2 3 4 5 6'
    assert_equal "$(<names)" $'a "b"\nc,d\ne'
    assert_equal "$(items 'a,b\n1,"x\ny"\n2,z\n' --id b | xargs)" '1 2'
}

@test "CRLF, a byte order mark, empty lines and a missing last line end change nothing" {
    assert_equal "$(items 'a,b\r\n1,2\r\n3,4\r\n' | xargs)" '1 2 3 4'
    assert_equal "$(items '\xef\xbb\xbfa,b\n1,2\n' --columns a | xargs)" 1
    assert_equal "$(items '\n\na,b\n\n1,2\r\n\r\n3,4\n\n' | xargs)" '1 2 3 4'
    assert_equal "$(items 'a,b\n1,2\n3,4' | xargs)" '1 2 3 4'
    assert_equal "$(items 'a,b\n1,2\n3,"4"' | xargs)" '1 2 3 4'
    assert_equal "$(items 'a,b\n1,2\n3,4\r' | xargs)" '1 2 3 4'
    assert_equal "$(items 'a,b\n1,2\n3,' | xargs)" '1 2 3 nan'
}

@test "tabs and other delimiters" {
    assert_equal "$(items 'a\tb\n1\t2\n' --tsv | xargs)" '1 2'
    assert_equal "$(items 'a\tb\n1\t2\n' --delimiter '\t' | xargs)" '1 2'
    assert_equal "$(items 'a;b\n1;2\n' --delimiter ';' | xargs)" '1 2'
    assert_equal "$(items 'a b\n1 2\n' --delimiter ' ' | xargs)" '1 2'
    for text in '' ab 1 e . - '"' é $'\n'; do
        fails 2 "csv2raw: --delimiter: found '" csv2raw --delimiter "$text"
        grep -q 'wanted one ASCII character that is no part of a number, a quote or a line end' err
    done
    fails 2 'csv2raw: --tsv: found it with --delimiter, wanted one of the two' csv2raw --tsv --delimiter ';'
    refuses "line 2, column 1 (a;b): found '1;2', wanted a number: if ';' divides columns, --delimiter names it" 'a;b\n1;2\n'
    refuses "line 2, column 1 (a\\x09b): found '1\\x092', wanted a number: if '\\x09' divides columns" 'a\tb\n1\t2\n'
    refuses "line 2, column 2 (b): found '1,5', wanted a number with a decimal point" 'a;b\n1;1,5\n' --delimiter ';'
}

@test "without a header the first line is an item" {
    assert_equal "$(items '1,2\n3,4\n' --no-header | xargs)" '1 2 3 4'
    assert_equal "$(items '1,2\n3,4\n' --no-header --columns 2,1 | xargs)" '2 1 4 3'
    fails 2 'csv2raw: --write-names: found it with --no-header, wanted a header, which has the names' \
        csv2raw --no-header --write-names names
    # A header of numbers may be an item: it is noted, unless an element has another name.
    run -0 --separate-stderr bash -c 'printf "1,2\n3,4\n" | csv2raw | raw-info'
    assert_line --index 1 --regexp $'^f64\t2\t1\t'
    assert_equal "$stderr" 'csv2raw: stdin: the header has numbers as names; if it is the first item, --no-header reads it'
    run -0 --separate-stderr bash -c 'printf "1,b\n3,4\n" | csv2raw | raw-info >/dev/null'
    assert_empty "$stderr"
}

@test "--columns takes names and ranges, in its own order" {
    local table='a,b-c,d,b,c,b\n1,2,3,4,5,6\n'
    assert_equal "$(items "$table" --columns d,a | xargs)" '3 1'
    assert_equal "$(items "$table" --columns d-c,a | xargs)" '3 4 5 1'
    # What is a name is that column, also if it could be a range.
    assert_equal "$(items "$table" --columns b-c | xargs)" 2
    assert_equal "$(items "$table" --columns b-c-d | xargs)" '2 3'
    assert_equal "$(items "$table" --columns a-a | xargs)" 1
    assert_equal "$(items ',x\n7,8\n' --columns '' | xargs)" 7
    assert_equal "$(items '1,2,3,4\n' --no-header --columns 3-4,1 | xargs)" '3 4 1'
    # Blanks around a name are not part of it.
    assert_equal "$(items 'id, x ,\ty\n1, 2, 3\n' --columns y,x --write-names names | xargs)" '3 2'
    assert_equal "$(<names)" $'y\nx'
    # The others need not be numbers.
    assert_equal "$(items 'name,x\nAda,1\nBo,2\n' --columns x | xargs)" '1 2'
    refuses "columns 4 and 6 are both named 'b', wanted one to choose" "$table" --columns b
    refuses "column 1 (a) stands twice in --columns, wanted it once" "$table" --columns a,a
    refuses "column 3 (d) stands twice in --columns, wanted it once" "$table" --columns d,a-d
    refuses "column 3 follows column 1, wanted a range from left to right, not 'd-a'" "$table" --columns d-a
    refuses "has no column named 'e', wanted it for --columns (found a, b-c, d, b, c, b)" "$table" --columns a,e
    refuses "has no column named 'D', wanted it for --columns (found 'd', in other letters)" "$table" --columns D
    # A name with a comma is in quotes, as in the table; so may be any entry.
    table='"x,y",z,"say ""so"", now",""""\n1,2,3,4\n'
    assert_equal "$(items "$table" --columns '"say ""so"", now",z,"x,y"' | xargs)" '3 2 1'
    assert_equal "$(items "$table" --columns '"x,y-z",""""' | xargs)" '1 2 4'
    assert_equal "$(items "$table" --columns '"' | xargs)" 4
    refuses "has no column named 'x', wanted it for --columns" "$table" --columns x,y
    run ! grep found told
    refuses "has no column named 'x', wanted it for --columns (found \"x,y\", z)" '"x,y",z\n1,2\n' --columns x,y
    refuses "has no column named '\"x', wanted it for --columns" '"x,y",z\n1,2\n' --columns '"x,y"z'
    refuses "has no column named 'w', wanted it for --columns" "$(seq 13 | paste -s -d ,)\n" --columns w
    run ! grep found told
    table='a,b-c,d,b,c,b\n1,2,3,4,5,6\n'
    refuses "has no column named 'a-e', wanted it for --columns" "$table" --columns a-e
    refuses "has no column named '', wanted it for --columns" "$table" --columns a,
    refuses "has no column named '2', wanted it for --columns (numbers of columns go with --no-header)" "$table" --columns 2
    refuses "has columns 1 to 2, wanted column '3' for --columns" '1,2\n' --no-header --columns 3
    refuses "has columns 1 to 2, wanted column '0' for --columns" '1,2\n' --no-header --columns 0
    refuses "has columns 1 to 2, wanted column 'a' for --columns" '1,2\n' --no-header --columns a
}

@test "names that stand twice are taken, unless one of them is asked for" {
    assert_equal "$(items 'a,a\n1,2\n' --write-names names | xargs)" '1 2'
    assert_equal "$(<names)" $'a\na'
    refuses "columns 1 and 2 are both named 'a', wanted one to choose" 'a,a\n1,2\n' --id a
    refuses "columns 1 and 2 are both named 'a', wanted one to choose" 'a,a,b\n1,2,3\n' --columns a-b
    refuses "columns 2 and 3 are both named 'a', wanted one to choose" 'b,a,a\n1,2,3\n' --columns b-a
}

@test "--id takes a column out of the items, and --write-ids writes it" {
    printf 'x,id,y\n1,"a, b",2\n3,,4\n' >a.csv
    csv2raw --id id --write-ids ids --write-names names a.csv >a.raw
    assert_equal "$(head -1 a.raw | sed 's/ *$//')" 'raw1 f64 2 2 .'
    printf 'a, b\n\n' | cmp - ids
    printf 'x\ny\n' | cmp - names
    # A range passes over it.
    csv2raw --id id --columns x-y a.csv | cmp - a.raw
    csv2raw --no-header --id 2 <(tail -n +2 a.csv) | cmp - a.raw
    refuses "column 'id' holds the identifiers (--id), wanted another one in --columns" 'id,x\n1,2\n' --id id --columns x,id
    refuses "has no column named 'key', wanted it for --id" 'id,x\n1,2\n' --id key
    refuses "no column but that of the identifiers is chosen, wanted one more" 'id\n1\n' --id id
    refuses "no column but that of the identifiers is chosen, wanted one more" 'id,x\n1,2\n' --id id --columns id-id
    refuses "line 3: the identifier: has a line end in it, wanted one line for ids" 'id,x\n1,2\n"a\nb",2\n' --id id --write-ids ids
    refuses "line 2: the identifier: has a line end in it, wanted one line for ids" 'id,x\n"a\rb",2\n' --id id --write-ids ids
    refuses "the name of column 2: has a line end in it, wanted one line for names" 'a,"b\nc"\n1,2\n' --write-names names
    fails 2 'csv2raw: --write-ids: found it without --id, wanted both' csv2raw --write-ids ids a.csv
    { echo id,x && head -c 65536 /dev/zero | tr '\0' a && echo ,1; } >a.csv
    fails 1 'csv2raw: a.csv: line 2: the identifier: has 65536 bytes, wanted fewer than 65536 for ids' \
        csv2raw --id id --write-ids ids a.csv
}

@test "side files are no other file of the command" {
    printf 'id,x\na,1\n' >a.csv
    cp a.csv before
    for input in a.csv ./a.csv; do
        fails 1 'csv2raw: a.csv: is the input, too, wanted another file' csv2raw --id id --write-ids a.csv $input
    done
    fails 1 'csv2raw: a.csv: is the input, too, wanted another file' bash -c 'csv2raw --id id --write-ids a.csv <a.csv'
    cmp a.csv before
    fails 1 'csv2raw: b: is standard output, too, wanted another file' bash -c 'csv2raw --write-names b a.csv >b'
    fails 2 "csv2raw: --write-names: found './n', to which --write-ids writes, wanted another file" \
        csv2raw --id id --write-ids n --write-names ./n a.csv
    mkdir dir
    # Links to a file that is not there yet lead to one place.
    ln -s n link
    ln -s "$PWD/link" dir/far
    ln -s ../link dir/near
    local pair
    for pair in 'n link' 'link n' 'n dir/far' 'n dir/near' 'dir/far ./n' 'link dir/far'; do
        # shellcheck disable=SC2086 # two names
        set -- $pair
        fails 2 "csv2raw: --write-names: found '$2', to which --write-ids writes, wanted another file" \
            csv2raw --id id --write-ids "$1" --write-names "$2" a.csv
    done
    csv2raw --id id --write-ids dir/far --write-names dir/n a.csv >/dev/null # another place, through two links
    assert_equal "$(paste -s -d ' ' n dir/n)" "$(printf 'a\nx')"
    rm -r dir n link && mkdir dir
    fails 1 'csv2raw: dir: is a directory, wanted a file' csv2raw --id id --write-ids dir a.csv
    fails 1 "csv2raw: none/x: there is no directory 'none', wanted it" csv2raw --id id --write-ids none/x a.csv
    fails 1 'csv2raw: a.csv/x: cannot open: Not a directory' csv2raw --write-names a.csv/x a.csv
}

@test "a side file that cannot be written is an error, and no reader takes the output" {
    printf 'id,x\na,1\n' >a.csv
    for options in '--id id --write-ids /dev/full' '--write-names /dev/full --id id'; do
        # shellcheck disable=SC2086 # several options
        fails 1 'csv2raw: /dev/full: cannot write: No space left on device' csv2raw $options a.csv
        mv out cut.raw && fails 1 'raw-info: cut.raw: e' raw-info cut.raw
    done
}

@test "missing cells are nan: empty ones, and those of --na" {
    assert_equal "$(items 'a,b,c\n,NA,""\n nan ,NaN,1\n' | xargs)" 'nan nan nan nan nan 1'
    assert_equal "$(items 'a,b\n-999,NA\n?, -999 \n' --na '-999,?,NA' | xargs)" 'nan nan nan nan'
    # Blanks around them are ignored, as those around a cell are.
    assert_equal "$(items 'a,b\n-999,NA\n?,x y\n' --na $' -999, NA , ?,\tx y' | xargs)" 'nan nan nan nan'
    # They replace NA, and are whole cells.
    refuses "line 2, column 1 (a): found 'NA', wanted a number: --columns and --id leave columns of text out, and --na lists texts that mean a missing number" \
        'a,b\nNA,1\n' --na null
    # There may be no other column, and no missing number.
    refuses "line 2, column 1 (a): found 'NA', wanted a number: --na lists texts that mean a missing number" 'a\nNA\n' --na null
    refuses "line 2, column 1 (a): found 'x', wanted a number" 'a\nx\n' --dtype i32
    assert_equal "$(<told)" "csv2raw: a.csv: line 2, column 1 (a): found 'x', wanted a number"
    refuses "line 2, column 1 (a): found 'N/A', wanted a number" 'a\nN/A\n'
    items 'a\n""\n1\n' >found
    assert_equal "$(xargs <found)" 'nan 1' # one column: the line is not empty
    for dtype in u8 i32; do
        refuses "line 2, column 1 (a): found a missing number (''), wanted --dtype f32 or f64, which have nan" 'a,b\n,1\n' --dtype $dtype
        refuses "line 2, column 1 (a): found a missing number ('NA'), wanted" 'a,b\nNA,1\n' --dtype $dtype
    done
    fails 2 'csv2raw: --na: found more than 64 texts, wanted fewer' csv2raw --na "$(seq -s , 65)"
    printf 'a\n63\n64\n' | csv2raw --na "$(seq -s , 64)" | raw-info | row_holds 2 '$8 == 2'
}

@test "numbers are decimal, with a point, in every locale" {
    assert_equal "$(items 'a,b,c,d\n 1 ,+2.,-.5e+1,007\n' | xargs)" '1 2 -5 7'
    assert_equal "$(items 'a,b,c\ninf,-Infinity,+INF\n' | xargs)" 'inf -inf inf'
    for text in 0x10 1e 1_000 1.2.3 '1 000' - . abc TRUE 1d3 '#N/A' nan1; do
        refuses "line 2, column 1 (a): found '$text', wanted a number: --columns and --id leave columns of text out" "a,b\n$text,1\n"
    done
    refuses "line 2, column 1 (a): found '1,000', wanted a number with a decimal point" 'a,b\n"1,000",1\n'
    refuses "line 2, column 1 (a): found '1,000,000', wanted a number: --columns and --id leave columns of text out" 'a,b\n"1,000,000",1\n'
    refuses "line 2, column 1 (a): found '1e309', wanted a number below 1.8e308" 'a,b\n1e309,1\n'
    refuses "line 2, column 1 (a): found '-1e39', wanted a number below 3.5e38, or --dtype f64" 'a,b\n-1e39,1\n' --dtype f32
    refuses "line 3, column 2: found 'x', wanted a number" '1,2\n3,4\n5,x\n' --no-header --columns 1,2
    refuses "line 2, column 2: found 'x', wanted a number" '1,2\n5,x\n' --no-header
}

@test "a number is the nearest one of its type" {
    perl -e 'srand 1; printf "a\n"; printf "%.*e\n", rand 25, (rand() - 0.5) * 10 ** (rand(60) - 30) for 1 .. 5000' >a.csv
    csv2raw a.csv | payload | cmp - <(tail -n +2 a.csv | perl -ne 'print pack "d<", $_')
    csv2raw --dtype f32 a.csv | raw-info | row_holds 2 '$3 == 5000'
    # Just above the middle of two floats, by less than a double tells.
    printf 'a\n1.00000005960464477539062500000001\n' | csv2raw --dtype f32 | payload | cmp - <(f32 1.0000001192092896)
}

@test "--dtype: whole numbers are checked" {
    printf 'a,b\n0,255\n1e2,7.0\n' | csv2raw --dtype u8 >a.raw
    assert_equal "$(payload <a.raw | od -A n -t u1 | xargs)" '0 255 100 7'
    printf 'a,b\n-2147483648,2147483647\n' | csv2raw --dtype i32 | payload | od -A n -t d4 >found
    assert_equal "$(xargs <found)" '-2147483648 2147483647'
    local text
    for text in -1 256 0.5 inf nan 1e400; do
        refuses "line 2, column 1 (a): found '$text', wanted a whole number from 0 to 255, or another --dtype" "a,b\n$text,1\n" --dtype u8
    done
    for text in -2147483649 2147483648 1.5; do
        refuses "line 2, column 1 (a): found '$text', wanted a whole number from -2147483648 to 2147483647, or another --dtype" "a,b\n$text,1\n" --dtype i32
    done
    refuses "line 2, column 1 (a): found 'x', wanted a number: --columns and --id leave columns of text out" 'a,b\nx,1\n' --dtype u8
    assert_equal "$(<told)" "csv2raw: a.csv: line 2, column 1 (a): found 'x', wanted a number: --columns and --id leave columns of text out"
    fails 2 "csv2raw: --dtype: found 'f16', wanted u8, i32, f32 or f64" csv2raw --dtype f16
}

@test "lines of another number of columns are refused" {
    refuses 'line 3: found 1 columns, wanted 2, as in the first line' 'a,b\n1,2\n3\n'
    refuses 'line 3: found 3 columns, wanted 2, as in the first line' 'a,b\n1,2\n3,4,\n'
    refuses 'line 4: found 3 columns, wanted 2, as in the first line' 'a,b\n1,2\n\n3,4,5\n'
}

@test "quotes that do not stand around a cell are refused" {
    refuses 'line 2, column 2: found a quote inside a cell that does not begin with one, wanted quotes around the cell' 'a,b\n1,5"\n'
    refuses 'line 2, column 1: found text after the quote that ends the cell, wanted the delimiter' 'a,b\n"1"x,2\n'
    refuses 'line 3, column 2: found a quote that begins the cell, wanted one that ends it' 'a,b\n1,2\n1,"2\n3,4\n'
    refuses 'line 2, column 1: found a quote that begins the cell, wanted one that ends it' 'a,b\n"'
    refuses 'line 2, column 2: found a carriage return (CR), wanted LF or CRLF as line end' 'a,b\n1,2\r3,4\r'
    refuses 'line 1, column 1: found a carriage return (CR), wanted LF' 'a\r\r\n1\r\r\n'
    refuses 'line 3, column 1: found a byte of value 0, wanted text' 'a,b\n1,2\n\0,4\n'
    refuses 'line 3, column 2: found a byte of value 0, wanted text' 'a,b\n1,2\n1,"\0"\n'
}

@test "lines are counted through cells of several lines" {
    refuses "line 5, column 2 (b): found 'x', wanted a number" 'a,b\n"1\n2",3\n\n4,x\n' --columns b
}

@test "cells and lines are bounded" {
    unsanitized 'they take much memory'
    { printf 'a,b\n1,"' && head -c 1048577 /dev/zero | tr '\0' '\n'; } >a.csv
    fails 1 'csv2raw: a.csv: line 2, column 2: the cell has more than 1048576 bytes, wanted fewer, and a quote that ends it' csv2raw a.csv
    { printf 'a,b\n1,' && head -c 1048577 /dev/zero | tr '\0' 1; } >a.csv
    fails 1 'csv2raw: a.csv: line 2, column 2: the cell has more than 1048576 bytes, wanted fewer' csv2raw a.csv
    assert_equal "$(<err)" 'csv2raw: a.csv: line 2, column 2: the cell has more than 1048576 bytes, wanted fewer'
    { printf 'a,b\n0.' && head -c 1048573 /dev/zero | tr '\0' 0 && echo 1,2; } >a.csv
    csv2raw a.csv | raw-info | row_holds 2 '$5 == 0 && $6 == 2'
    { head -c 67108865 /dev/zero | tr '\0' ,; } >a.csv
    fails 1 'csv2raw: a.csv: line 1: has more than 67108864 bytes, wanted fewer' csv2raw a.csv
    # An endless cell takes no more than that.
    fails 1 'csv2raw: stdin: line 1, column 1: the cell has more than 1048576 bytes' \
        bash -c 'ulimit -v 100000; tr "\0" 1 </dev/zero | csv2raw; exit ${PIPESTATUS[1]}'
}

@test "many columns and long lines" {
    perl -e 'print join(",", map "c$_", 1 .. 50000), "\n"; print join(",", map $_ / 8, 1 .. 50000), "\n" for 1 .. 3' >a.csv
    csv2raw a.csv | raw-info | row_holds 2 '$2 == 50000 && $3 == 3 && $6 == 6250'
    csv2raw --columns c49999-c50000,c1 a.csv | raw-info | row_holds 2 '$2 == 3 && $5 == 0.125 && $6 == 6250'
}

@test "empty input is refused, and a header alone is a stream without items" {
    true >empty
    fails 1 'csv2raw: empty: empty input, wanted a table of text (CSV)' csv2raw empty
    refuses 'has only empty lines, wanted a table' '\n\r\n'
    printf 'a,b\n' | csv2raw >a.raw 2>err
    assert_equal "$(<err)" 'csv2raw: stdin: has a header and no items'
    assert_equal "$(head -1 a.raw | sed 's/ *$//')" 'raw1 f64 2 0 .'
    printf 'a,b' | csv2raw | cmp - a.raw
    printf 'id,a,b\n' | csv2raw --id id --write-ids ids --write-names names | cmp - a.raw
    [ -e ids ] && [ ! -s ids ]
    assert_equal "$(<names)" $'a\nb'
}

@test "what is no table is named, and a table that begins as other formats do is none of them" {
    cp "$ROOT/tests/rejected/foreign/png" png
    fails 1 'csv2raw: png: looks like a PNG picture, wanted a table of text (CSV)' csv2raw png
    gzip -c "$BATS_TEST_FILENAME" >gz
    fails 1 'csv2raw: gz: looks like gzip data, wanted a table of text (CSV): gunzip -c unpacks it, for a pipe to csv2raw' csv2raw gz
    { header u8 1 0 . && true; } >a.raw
    fails 1 'csv2raw: a.raw: looks like a stream, see vae-raw(5), wanted a table of text (CSV)' csv2raw a.raw
    printf '%%PDF-1.7\n' >document
    fails 1 'csv2raw: document: looks like a PDF document, wanted a table of text (CSV)' csv2raw document
    printf '%%%%MatrixMarket matrix coordinate integer general\n1 1 0\n' >matrix
    fails 1 'csv2raw: matrix: looks like a MatrixMarket matrix, wanted a table of text (CSV)' csv2raw matrix
    printf ' <!doctype html>\n' >page
    fails 1 'csv2raw: page: looks like an HTML page, wanted a table of text (CSV)' csv2raw page
    printf '\xff\xfea\0,\0b\0\n\0' >utf16
    fails 1 'csv2raw: utf16: looks like UTF-16 text, as Windows programs write, wanted a table of text (CSV)' csv2raw utf16
    assert_equal "$(items 'PAR1,PAR2\n1,2\n' | xargs)" '1 2'
    assert_equal "$(items 'P1\tP2\n1\t2\n' --tsv | xargs)" '1 2'
    assert_equal "$(items '[m],[s]\n1,2\n' | xargs)" '1 2'
    # Latin-1, which is no UTF-8.
    assert_equal "$(items 'gr\xf6\xdfe,b\n1,2\n' | xargs)" '1 2'
}

@test "a long table is written in several frames, in constant memory" {
    unsanitized 'they take much memory'
    perl -e 'print "id,a,b\n"; print "i$_,$_,0.5\n" for 1 .. 200000' >a.csv
    bash -c 'ulimit -v 100000 && csv2raw --id id --write-ids ids a.csv' >a.raw
    raw-info a.raw | row_holds 2 '$3 == 200000 && $4 == 4 && $6 == 200000'
    assert_equal "$(grep -a -o 'raw1 f64 2 [0-9]* [.+]' a.raw | xargs -n 5 | cut -d ' ' -f 4,5 | xargs)" '65536 + 65536 + 65536 + 3392 .'
    cut -d , -f 1 a.csv | tail -n +2 | cmp - ids
    # A frame that is just full is the last one, if no line follows.
    head -n 65537 a.csv | csv2raw --id id | raw-info | row_holds 2 '$3 == 65536 && $4 == 1'
    # An error after whole frames.
    { cat a.csv && echo x,y,z; } | fails 1 "csv2raw: stdin: line 200002, column 2 (a): found 'y', wanted a number" csv2raw --id id
    mv out cut.raw && fails 1 'raw-info: cut.raw: ended' raw-info cut.raw
}

@test "--live writes each item when its line has come, after its identifier" {
    mkfifo in
    csv2raw --live --id id --write-ids ids in >out 3>&- 9>&- &
    pid=$!
    exec 9<>in
    printf 'id,x,y\n' >&9
    for ((i = 1; i <= 3; i++)); do
        printf 'n%s,%s,%s\n' $i $i $i >&9
        await eval '[ "$(stat -c %s out)" -eq $((80 * i)) ]'
        assert_equal "$(tail -1 ids)" n$i
    done
    exec 9>&-
    wait $pid
    raw-info out | row_holds 2 '$3 == 3 && $4 == 4 && $6 == 3'
}

@test "identifiers in a pipe may be more than it holds" {
    mkfifo ids
    perl -e 'print "id,x\n", map { "a long identifier $_,$_\n" } 1 .. 9000' >a.csv
    timeout 10 csv2raw --id id --write-ids ids a.csv | timeout 10 raw2csv --ids ids | sed '1s/x1/x/' | cmp - a.csv
}

@test "side files may be pipes, whose reader opens them after the stream's first header" {
    mkfifo ids names
    printf 'id,x,y\na,1,2\nb,3,4\n' >a.csv
    timeout 5 csv2raw --id id --write-ids ids --write-names names a.csv |
        { head -c 64 >header.raw && timeout 5 cat names >names.txt && timeout 5 cat ids >ids.txt && cat >rest.raw; }
    assert_equal "$(sed 's/ *$//' header.raw)" 'raw1 f64 2 0 +'
    assert_equal "$(cat names.txt ids.txt | xargs)" 'x y a b'
    cat header.raw rest.raw | raw-info | row_holds 2 '$3 == 2 && $4 == 2 && $6 == 4'
}
