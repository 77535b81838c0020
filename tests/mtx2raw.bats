#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# mtx2raw: a sparse matrix (MatrixMarket) to a stream, its side files, and the choice of elements. tests/rejected/mtx/ has
# the files that are refused.
# shellcheck disable=SC2016 # what is quoted is awk's
load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# matrix KIND ROWS COLUMNS ENTRY...: a file, an entry each "row column value".
matrix() {
    printf '%%%%MatrixMarket matrix coordinate %s general\n%%a comment\n%d %d %d\n' "$1" "$2" "$3" $(($# - 3))
    printf '%s\n' "${@:4}"
}

# table: the items of a stream, one per line.
table() {
    raw2csv --no-header
}

# genes: 6 rows and 5 columns, of which columns 2 and 5 are empty.
genes() {
    matrix integer 6 5 '1 1 3' '2 1 1' '6 1 7' '2 3 1' '3 3 9' '1 4 3' '2 4 1' '3 4 1' '5 4 200'
}

@test "one item per column, one element per row, zeros for what has no entry" {
    genes >a.mtx
    mtx2raw a.mtx >a.raw
    assert_equal "$(head -1 a.raw)" "$(header i32 6 5 .)"
    table <a.raw | diff - <(printf '%s\n' 3,1,0,0,0,7 0,0,0,0,0,0 0,1,9,0,0,0 3,1,1,0,200,0 0,0,0,0,0,0)
    mtx2raw - <a.mtx | cmp - a.raw
    mtx2raw --items columns <a.mtx | cmp - a.raw
    gzip a.mtx
    mtx2raw a.mtx.gz | cmp - a.raw
    # The order within a column does not matter.
    matrix integer 3 1 '3 1 5' '1 1 4' | mtx2raw | table | diff - <(echo 4,0,5)
    # Without entries, and without items.
    matrix integer 2 3 | sed '/^$/d; s/ 1$/ 0/' | mtx2raw | table | diff - <(printf '0,0\n0,0\n0,0\n')
    printf '%%%%MatrixMarket matrix coordinate integer general\n2 0 0\n' | mtx2raw | cmp - <(header i32 2 0 .)
}

@test "--items rows makes an item of each row" {
    matrix integer 2 3 '1 3 5' '2 1 6' '2 2 7' | mtx2raw --items rows | table | diff - <(printf '0,0,5\n6,7,0\n')
    fails 2 "mtx2raw: --items: found 'cells', wanted one of columns, rows" mtx2raw --items cells
}

@test "kinds and spellings of the text" {
    matrix pattern 2 2 '1 1' '2 2' | mtx2raw | table | diff - <(printf '1,0\n0,1\n')
    matrix real 2 2 '1 1 3.0' '2 2 1e2' | mtx2raw | table | diff - <(printf '3,0\n0,100\n')
    matrix real 2 1 '1 1 0.1' '2 1 -inf' | mtx2raw --dtype f64 | table | diff - <(printf '0.1,-inf\n')
    # Upper case, CRLF, blank lines, several blanks, and a comment with a number.
    printf '%%%%MatrixMarket MATRIX Coordinate Integer GENERAL\r\n%%1 2 3\r\n\r\n  2\t1  2 \r\n\r\n 1  1\t4 \r\n2 1 0\r\n' |
        mtx2raw | table | diff - <(echo 4,0)
}

@test "--dtype: numbers are of that type, or refused" {
    genes >a.mtx
    for dtype in u8 i32 f32 f64; do
        mtx2raw --dtype $dtype a.mtx >a.raw
        assert_equal "$(head -1 a.raw)" "$(header $dtype 6 5 .)"
        table <a.raw | diff - <(mtx2raw a.mtx | table)
    done
    fails 2 "mtx2raw: --dtype: found 'f16', wanted u8, i32, f32 or f64" mtx2raw --dtype f16
    matrix integer 1 1 '1 1 256' >a.mtx
    fails 1 "mtx2raw: a.mtx: line 4: found '256', wanted a whole number from 0 to 255, or another --dtype" mtx2raw --dtype u8 a.mtx
    matrix real 1 1 '1 1 0.5' >a.mtx
    fails 1 "mtx2raw: a.mtx: line 4: found '0.5', wanted a whole number from -2147483648 to 2147483647, or another --dtype" mtx2raw a.mtx
    matrix real 1 1 '1 1 1e39' >a.mtx
    fails 1 "mtx2raw: a.mtx: line 4: found '1e39', wanted a number below 3.5e38, or --dtype f64" mtx2raw --dtype f32 a.mtx
    matrix real 1 1 '1 1 x' >a.mtx
    fails 1 "mtx2raw: a.mtx: line 4: found 'x', wanted a number" mtx2raw --dtype f32 a.mtx
    mv out cut.raw && fails 1 'raw-info: cut.raw: e' raw-info cut.raw # it ended, or is empty
}

@test "entries in another order are refused, and the command of the message sorts them" {
    # Blank lines and comments stay before the entries.
    { printf '%%%%MatrixMarket matrix coordinate integer general\n%%7 7\n\n2 3 4\n1 2 5\n1 1 4\n2 10 7\n2 2 6\n' | sed 's/^2 3 4/2 12 4/'; } >a.mtx
    local items field
    for items in columns rows; do
        field=$([ $items = rows ] && echo 1 || echo 2)
        [ $items = columns ] || printf '%%%%MatrixMarket matrix coordinate integer general\n%%7 7\n\n12 2 4\n2 1 5\n1 1 4\n10 2 7\n2 2 6\n' >a.mtx
        fails 1 "mtx2raw: a.mtx: line 6: ${items%s} 1 follows ${items%s} 2, wanted entries sorted by ${items%s}: awk '/^%/ || !/[0-9]/ || !n++ { print; fflush(); next } { print | \"sort -k $field,${field}n\" }' sorts the text" \
            mtx2raw --items $items a.mtx
        cp err told
        mv out cut.raw && fails 1 'raw-info: cut.raw: e' raw-info cut.raw # it ended, or is empty
        sed "s/.*sorted by ${items%s}: //; s/ sorts the text$//" told >sorter
        bash sorter <a.mtx >sorted.mtx
        mtx2raw --items $items sorted.mtx | table >found
        assert_equal "$(sed -n '1p; 2p; 10p' found | xargs)" '4,0 5,6 0,7'
        # From a compressed file as well.
        gzip -c a.mtx >a.mtx.gz
        fails 1 "mtx2raw: a.mtx.gz: line 6: ${items%s} 1 follows" mtx2raw --items $items a.mtx.gz
        sed "s/.*sorted by ${items%s}: //; s/ sorts the text$//" err >sorter
        bash sorter <a.mtx.gz | cmp - sorted.mtx
    done
}

@test "--names and --ids are copied, plain or gzip, before the items" {
    genes >a.mtx
    printf 'ENS%d\tGENE%d\tGene Expression\n' 1 1 2 2 3 3 4 4 5 5 6 6 >features.tsv
    printf 'CELL%d-1\n' 1 2 3 4 5 >barcodes.tsv
    gzip -k features.tsv barcodes.tsv
    for gz in '' .gz; do
        mtx2raw --names features.tsv$gz --write-names names --ids barcodes.tsv$gz --write-ids ids a.mtx | cmp - <(mtx2raw a.mtx)
        cmp names <(cut -f 1 features.tsv)
        cmp ids barcodes.tsv
    done
    mtx2raw --names features.tsv --names-field 2 --write-names names a.mtx >a.raw
    cmp names <(cut -f 2 features.tsv)
    mtx2raw --names features.tsv --names-field 0 --write-names names a.mtx >a.raw
    cmp names features.tsv
    # By rows they change their parts.
    matrix integer 2 3 '1 3 5' >a.mtx
    printf 'a\nb\n' >two
    printf 'c\r\nd\r\ne' >three
    mtx2raw --items rows --ids two --write-ids ids --names three --write-names names a.mtx | raw2csv --ids ids --names names |
        diff - <(printf 'id,c,d,e\na,0,0,5\nb,0,0,0\n')
}

@test "names and identifiers are as many as elements and items, and no other file of the command" {
    matrix integer 2 3 '1 3 5' >a.mtx
    printf 'a\nb\n' >two
    printf 'a\nb\nc\n' >three
    fails 1 'mtx2raw: three: has more than 2 lines, wanted as many, one per element' mtx2raw --names three --write-names n a.mtx
    fails 1 'mtx2raw: two: has 2 lines, wanted 3, one per item' mtx2raw --ids two --write-ids i a.mtx
    assert [ ! -s out ]
    fails 1 'mtx2raw: two: line 1: has 1 fields between tabs, wanted at least 2' mtx2raw --names two --names-field 2 --write-names n a.mtx
    { head -c 70000 /dev/zero | tr '\0' a && printf '\nb\n'; } >long
    fails 1 'mtx2raw: long: line 1: has 70000 bytes, wanted fewer than 65536 for n' mtx2raw --names long --write-names n a.mtx
    { head -c 262145 /dev/zero | tr '\0' a && printf '\nb\n'; } >long
    fails 1 'mtx2raw: long: line 1: has more than 262143 bytes, wanted fewer' mtx2raw --names long --write-names n a.mtx
    printf 'a\n\0\n' >zero
    fails 1 'mtx2raw: zero: line 2: found a byte of value 0, wanted text' mtx2raw --names zero --write-names n a.mtx
    for option in names ids; do
        fails 2 "mtx2raw: --$option: found it without --write-$option, wanted both" mtx2raw --$option two a.mtx
        fails 2 "mtx2raw: --write-$option: found it without --$option, wanted both" mtx2raw --write-$option n a.mtx
    done
    for option in names ids; do
        fails 2 "mtx2raw: --write-$option: found './two', which is the file of --$option, wanted another one" \
            mtx2raw --$option two --write-$option ./two a.mtx
    done
    fails 2 "mtx2raw: --write-ids: found 'x', which is the file of --write-names, wanted another one" \
        mtx2raw --names two --write-names x --ids three --write-ids x a.mtx
    fails 2 "mtx2raw: --write-ids: found 'two', which is the file of --names, wanted another one" \
        mtx2raw --names two --write-names x --ids three --write-ids two a.mtx
    fails 2 "mtx2raw: --write-names: found 'three', which is the file of --ids, wanted another one" \
        mtx2raw --names two --write-names three --ids three --write-ids x a.mtx
    fails 1 'mtx2raw: a.mtx: is the input, too, wanted another file' mtx2raw --names two --write-names a.mtx a.mtx
    fails 1 'mtx2raw: none: cannot open: No such file or directory' mtx2raw --names none --write-names n a.mtx
    fails 1 'mtx2raw: /dev/full: cannot write: No space left on device' mtx2raw --names two --write-names /dev/full a.mtx
    assert_equal "$(cat two three | xargs)" 'a b a b c'
}

@test "--top keeps the elements with the largest variance divided by the mean, in their order" {
    genes >a.mtx
    printf '%s\n' a b c d e f >six
    # Computed here from the items.
    mtx2raw --dtype f64 a.mtx | table | awk -F , '
        { for (i = 1; i <= NF; i++) { s[i] += $i; q[i] += $i * $i } }
        END { for (i = 1; i <= NF; i++) print (s[i] > 0 ? q[i] / s[i] - s[i] / NR : 0), i }' | sort -k 1,1gr -k 2,2n | cut -d ' ' -f 2 >order
    local n columns
    for n in 1 2 3 4 5 6; do
        columns=$(head -n $n order | sort -n | xargs | tr ' ' ,)
        mtx2raw --top $n --names six --write-names names a.mtx | table | diff - <(mtx2raw a.mtx | table | cut -d , -f "$columns")
        assert_equal "$(xargs <names)" "$(sed -n "$(tr , '\n' <<<"$columns" | sed 's/$/p/')" six | xargs)"
        mtx2raw --top $n a.mtx >named.raw
        mtx2raw --top $n <a.mtx | cmp - named.raw
        # The second time it begins where the first one began.
        { echo another && cat a.mtx; } >after.mtx
        { read -r _ && mtx2raw --top $n; } <after.mtx | cmp - named.raw
    done
    gzip -c a.mtx >a.mtx.gz
    mtx2raw --top 3 a.mtx.gz | cmp - <(mtx2raw --top 3 a.mtx)
    # Of equal ones the first are taken: rows 1 and 3 and, of the others, whose counts do not vary, row 2.
    matrix integer 5 2 '1 1 4' '2 1 3' '3 1 4' '4 1 3' '2 2 3' '4 2 3' >b.mtx
    mtx2raw --top 3 b.mtx | table | diff - <(printf '4,3,4\n0,3,0\n')
    mtx2raw --top 1 b.mtx | table | diff - <(printf '4\n0\n')
    # An element that is 0 everywhere varies no less than one that is 3 everywhere.
    matrix integer 2 2 '2 1 3' '2 2 3' >b.mtx
    mtx2raw --top 1 b.mtx | table | diff - <(printf '0\n0\n')
    # The other way round, and from the middle of a file.
    matrix integer 2 2 '1 1 1' '1 2 5' '2 1 1' >c.mtx
    mtx2raw --items rows --top 1 c.mtx | table | diff - <(printf '5\n0\n')
    { echo skipped && cat c.mtx; } >d.mtx
    perl -e 'open STDIN, "<", "d.mtx" or die; sysseek STDIN, 8, 0; exec @ARGV' mtx2raw --items rows --top 1 |
        table | diff - <(printf '5\n0\n')
}

@test "--top: what cannot be chosen is refused" {
    genes >a.mtx
    fails 1 'mtx2raw: a.mtx: has 6 rows, wanted at least 7 for --top' mtx2raw --top 7 a.mtx
    fails 2 "mtx2raw: --top: found '0', wanted a whole number from 1" mtx2raw --top 0 a.mtx
    fails 1 'mtx2raw: stdin: is not a regular file, wanted one, since --top reads it twice' bash -c 'cat a.mtx | mtx2raw --top 2'
    matrix integer 2 1 '2 1 -3' >b.mtx
    mtx2raw b.mtx | table | diff - <(echo 0,-3)
    fails 1 'mtx2raw: b.mtx: line 4: the value is -3, wanted a count for --top, at least 0' mtx2raw --top 1 b.mtx
    matrix real 2 1 '2 1 nan' >b.mtx
    fails 1 'mtx2raw: b.mtx: line 4: the value is nan, wanted a count for --top, at least 0' mtx2raw --top 1 --dtype f32 b.mtx
    matrix real 2 1 '2 1 inf' >b.mtx
    fails 1 'mtx2raw: b.mtx: line 4: the value is inf, wanted a count for --top' mtx2raw --top 1 --dtype f32 b.mtx
    assert [ ! -s out ]
    # Lines are counted anew the second time.
    matrix real 2 2 '1 1 0.5' '1 2 4' >b.mtx
    fails 1 "mtx2raw: b.mtx: line 4: found '0.5', wanted a whole number" mtx2raw --top 1 b.mtx
    mv out cut.raw && fails 1 'raw-info: cut.raw: e' raw-info cut.raw # it ended, or is empty
    # An entry may be 0.
    matrix integer 2 2 '1 1 0' '2 1 9' '1 2 0' >b.mtx
    mtx2raw --top 1 b.mtx | table | diff - <(printf '9\n0\n')
    # A value that is left out need not be of the type.
    matrix real 2 2 '1 1 0.5' '2 1 9' '1 2 0.5' >b.mtx
    mtx2raw --top 1 b.mtx | table | diff - <(printf '9\n0\n')
}

@test "--top: a file that is changed between the two times that it is read is refused" {
    preloaded
    genes >a.mtx
    # It stops before the first read of the second time.
    FAULT=read:4:stop LD_PRELOAD=$FAULT_LIBRARY mtx2raw --top 2 a.mtx >out 2>err 3>&- &
    local pid=$! status=0
    await grep -q '^State:.*stopped' "/proc/$pid/status"
    genes | sed 's/^6 5 9/7 5 9/' | dd of=a.mtx conv=notrunc status=none
    kill -CONT $pid
    wait $pid || status=$?
    assert_equal "$status $(<err)" '1 mtx2raw: a.mtx: was changed while it was read, wanted it unchanged'
    assert [ ! -s out ]
}

@test "many small items, and items larger than the buffer" {
    perl -e 'print "%%MatrixMarket matrix coordinate integer general\n3 200000 100000\n";
        print 1 + $_ % 3, " ", 2 * $_ + 1, " ", $_ % 1000, "\n" for 0 .. 99999' >a.mtx
    mtx2raw a.mtx | payload | cmp - <(perl -e '
        for (0 .. 99999) { my @x = (0) x 6; $x[$_ % 3] = $_ % 1000; print pack "l<6", @x }')
    matrix integer 100000 3 '1 1 5' '100000 3 6' | mtx2raw | raw-info | row_holds 2 '$2 == 100000 && $3 == 3 && $4 == 1 && $6 == 6'
}

@test "entries that are wrong are refused" {
    local kind entry message
    while IFS='|' read -r kind entry message; do
        matrix "$kind" 2 3 '1 1 5' "$entry" | if [ "$kind" = pattern ]; then sed 's/ 5$//'; else cat; fi >a.mtx
        fails 1 "mtx2raw: a.mtx: line 5: $message" mtx2raw --dtype f32 a.mtx
        mv out cut.raw && fails 1 'raw-info: cut.raw: e' raw-info cut.raw # it ended, or is empty
    done <<'END'
integer|0 1 1|the row is 0, wanted one from 1 to 2
integer|3 1 1|the row is 3, wanted one from 1 to 2
integer|1 0 1|the column is 0, wanted one from 1 to 3
integer|1 4 1|the column is 4, wanted one from 1 to 3
integer|1 1 6|the entry of row 1 and column 1 stands twice, wanted it once
integer|2 1|found '2 1', wanted a row, a column and a value
integer|2|found '2', wanted a row, a column and a value
integer|2 1 1 1|found '2 1 1 1', wanted a row, a column and a value
integer|-1 1 1|found '-1 1 1', wanted a row, a column and a value
integer|2,1,1|found '2,1,1', wanted a row, a column and a value
integer|1.0 2 1|found '1.0 2 1', wanted a row, a column and a value
integer|% a comment|found '% a comment', wanted a row, a column and a value
integer|2 1 0x1|found '0x1', wanted a number
integer|2 1 1,5|found '1,5', wanted a number
pattern|2 1 1|found '2 1 1', wanted a row and a column
pattern|2|found '2', wanted a row and a column
END
    { matrix integer 2 3 '1 1 5' && printf '\0\n'; } >a.mtx
    fails 1 'mtx2raw: a.mtx: line 5: found a byte of value 0, wanted text' mtx2raw a.mtx
    { matrix integer 2 3 '1 1 5' '2 1 1' | tr -d '\n' && echo; } >a.mtx
    fails 1 "mtx2raw: a.mtx: line 1: found 'general%a', wanted general" mtx2raw a.mtx
    { matrix integer 2 3 '1 1 5' '2 1 1' | head -c -1; } >a.mtx
    fails 1 'mtx2raw: a.mtx: line 5: has no line end, wanted one: the file may be cut short' mtx2raw a.mtx
}

@test "an error anywhere leaves no stream that a reader accepts" {
    genes >a.mtx
    local size
    size=$(stat -c %s a.mtx)
    # The end of the last line is missed, too.
    for bytes in $((size - 1)) $((size - 2)) $((size - 6)) $((size - 9)) 80 60 40; do
        head -c $bytes a.mtx >cut.mtx
        fails 1 'mtx2raw: cut.mtx: ' mtx2raw cut.mtx
        mv out cut.raw && fails 1 'raw-info: cut.raw: e' raw-info cut.raw # it ended, or is empty
    done
    for lines in 1 2 9; do
        head -n -$lines a.mtx >cut.mtx
        fails 1 "mtx2raw: cut.mtx: ended after $((9 - lines)) of 9 entries, wanted all" mtx2raw cut.mtx
        mv out cut.raw && fails 1 'raw-info: cut.raw: e' raw-info cut.raw
    done
    { cat a.mtx && echo 6 5 1; } >long.mtx
    fails 1 'mtx2raw: long.mtx: line 13: found an entry more than the 9 that are declared, wanted the end' mtx2raw long.mtx
    mv out cut.raw && fails 1 'raw-info: cut.raw: e' raw-info cut.raw
    { cat a.mtx && echo '% the end'; } >long.mtx
    fails 1 "mtx2raw: long.mtx: line 13: found '% the end', wanted the end after the last of the entries that are declared" mtx2raw long.mtx
    mv out cut.raw && fails 1 'raw-info: cut.raw: e' raw-info cut.raw
    # Without items as well.
    printf '%%%%MatrixMarket matrix coordinate integer general\n2 0 1\n' >cut.mtx
    fails 1 'mtx2raw: cut.mtx: ended after 0 of 1 entries, wanted all' mtx2raw cut.mtx
    assert [ ! -s out ]
    gzip -c a.mtx | head -c -3 >cut.gz
    fails 1 'mtx2raw: cut.gz: the gzip data ends early, wanted all of it' mtx2raw cut.gz
}

@test "side files may be pipes, whose reader opens them after the stream's first header" {
    mkfifo ids names
    # More identifiers than a pipe holds.
    perl -e 'print "%%MatrixMarket matrix coordinate integer general\n2 9000 9000\n"; print "1 $_ $_\n" for 1 .. 9000' >a.mtx
    seq 100000 108999 | sed 's/^/a long identifier /' >cells
    printf 'x\ny\n' >genes
    timeout 20 mtx2raw --ids cells --write-ids ids --names genes --write-names names a.mtx | timeout 20 raw2csv --ids ids --names names >a.csv
    { echo id,x,y && paste -d , cells <(seq 9000) <(perl -e 'print "0\n" x 9000'); } | diff - a.csv
}
