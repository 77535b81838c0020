#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# raw-select: chosen items and elements of a stream, in its order, divided at random, or in a random order.
# shellcheck disable=SC2154,SC2016 # stderr is set by run; what is quoted is awk's
load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# counting N [FRAME]: a stream of N items of i32, which are their numbers, in frames of FRAME items.
counting() {
    { header i32 1 "$1" . && perl -e 'print pack "l<*", 0 .. $ARGV[0] - 1' -- "$1"; } | recut "${2:-0}"
}

# numbers: the items of a stream of i32 on stdin, in one line.
numbers() {
    payload | od -A n -v -t d4 | xargs
}

# size DTYPE: the bytes of a number.
size() {
    case $1 in u8) echo 1 ;; f64) echo 8 ;; *) echo 4 ;; esac
}

# refuses MESSAGE ARGUMENT...: the selection fails with 1, and leaves no whole stream.
refuses() {
    fails 1 "raw-select: $1" raw-select -q "${@:2}" || return
    mv out cut.raw && fails 1 'raw-info: cut.raw: e' raw-info cut.raw # it ended, or is empty
}

@test "without options all items are copied, as they are" {
    counting 20 >a.raw
    raw-select a.raw | cmp - a.raw
    for dtype in u8 f32 f64; do
        { header $dtype 5 2 + && perl -e 'print map chr, 0 .. $ARGV[0] * 10 - 1' -- "$(size $dtype)" && header $dtype 5 0 .; } >a.raw
        raw-select a.raw | cmp - a.raw
    done
}

@test "--items takes a list of numbers from 0 and ranges, in the stream's order" {
    counting 100 >a.raw
    assert_equal "$(raw-select --items 3,17,40-44,99 a.raw | numbers)" '3 17 40 41 42 43 44 99'
    assert_equal "$(raw-select --items 0 a.raw | numbers)" 0
    raw-select --items 0-99 a.raw | cmp - a.raw
    raw-select --items 3,17 a.raw >b.raw
    assert_equal "$(head -1 b.raw | sed 's/ *$//')" 'raw1 i32 1 2 .'
    # As raw-cmp numbers them.
    counting 100 >c.raw
    printf x | dd of=c.raw bs=1 seek=$((64 + 4 * 17)) conv=notrunc status=none
    fails 1 'raw-cmp: c.raw: item 17, element 0' raw-cmp a.raw c.raw
    raw-select --items 17 c.raw | payload | first 1 | grep -x x
    counting 100 7 | raw-select --items 3,17 | raw-cmp - b.raw
    refuses 'a.raw: holds 100 items, numbered from 0, wanted item 100 of --items' --items 5,100 a.raw
    refuses 'a.raw: holds 100 items, numbered from 0, wanted item 9223372036854775807 of --items' --items 50-9223372036854775807 a.raw
    fails 2 "raw-select: --items: found 'x', wanted a list of whole numbers from 0 to 9223372036854775807 and ranges, such as 3,17,40-59" \
        raw-select --items 3,x a.raw
    fails 2 'raw-select: --items: found the range 9-4, wanted its smaller number first' raw-select --items 9-4 a.raw
    fails 2 'raw-select: --items: found 3 after 17, wanted increasing numbers, each of them once' raw-select --items 17,3 a.raw
}

@test "--skip, --stride and -n, alone and together" {
    counting 20 >a.raw
    assert_equal "$(raw-select --skip 17 a.raw | numbers)" '17 18 19'
    assert_equal "$(raw-select --stride 8 a.raw | numbers)" '0 8 16'
    assert_equal "$(raw-select --skip 3 --stride 8 a.raw | numbers)" '3 11 19'
    assert_equal "$(raw-select -n 3 a.raw | numbers)" '0 1 2'
    assert_equal "$(raw-select -n 2 --skip 3 --stride 8 a.raw | numbers)" '3 11'
    # The numbers of --items are those of the input; an item is taken if all options take it.
    assert_equal "$(raw-select --skip 3 --stride 2 --items 0-10 a.raw | numbers)" '3 5 7 9'
    assert_equal "$(raw-select --items 5-19 -n 2 a.raw | numbers)" '5 6'
    raw-select --skip 20 a.raw | raw-info | row_holds 2 '$3 == 0 && $4 == 1'
    for frame in 1 3 20; do
        counting 20 $frame | raw-select -n 2 --skip 3 --stride 8 | numbers | grep -x '3 11'
    done
    refuses 'a.raw: holds 20 items, wanted at least the 21 of --skip' --skip 21 a.raw
    refuses 'a.raw: 20 items are chosen at its end, wanted the 21 of --count' -n 21 a.raw
    refuses 'a.raw: 3 items are chosen at its end, wanted the 4 of --count' -n 4 --stride 8 a.raw
    fails 2 "raw-select: --stride: found '0', wanted a whole number from 1 to" raw-select --stride 0 a.raw
}

@test "-n stops reading, and the stream that it writes is whole" {
    # An endless stream; what is broken after the items is not seen.
    { header u8 2 3 + && printf abcdef; } >frame
    bash -c 'while cat frame; do :; done | raw-select -n 4 >a.raw; exit ${PIPESTATUS[1]}'
    raw-info a.raw | row_holds 2 '$3 == 4 && $4 == 2'
    assert_equal "$(grep -a -o 'raw1 u8 2 . [+.]' a.raw | cut -d ' ' -f 4,5 | xargs)" '3 + 1 .'
    { header u8 2 3 . && printf abcd; } >b.raw
    raw-select -n 2 b.raw | raw-info | row_holds 2 '$3 == 2 && $4 == 1'
    refuses 'b.raw: ended after 4 of 6 bytes' --items 0-1 b.raw
    refuses 'b.raw: ended after 4 of 6 bytes' -n 3 b.raw
    # Items that are passed over are missed, too.
    { header u8 2 1 + && printf ab && header u8 2 3 . && printf cdef; } >d.raw
    refuses 'd.raw: ended after 4 of 6 bytes' --items 0 d.raw
    refuses 'stdin: ended after 4 of 6 bytes' --items 0 < <(cat d.raw)
    raw-select -n 1 d.raw | raw-info | row_holds 2 '$3 == 1'
    # The last item of a frame is the last one.
    { header u8 2 2 + && printf abcd; } >c.raw
    raw-select -n 2 c.raw | raw-info | row_holds 2 '$3 == 2 && $4 == 1'
    raw-select -n 0 c.raw | raw-info | row_holds 2 '$3 == 0 && $4 == 1'
}

@test "--class takes the items with a label" {
    counting 9 >a.raw
    { header u8 1 9 . && printf '\1\0\2\1\1\0\2\2\1'; } >labels.raw
    assert_equal "$(raw-select --class 1 --labels labels.raw a.raw | numbers)" '0 3 4 8'
    assert_equal "$(raw-select --class 1 --labels labels.raw -n 2 a.raw | numbers)" '0 3'
    assert_equal "$(raw-select --class 1 --labels labels.raw --skip 1 --stride 2 a.raw | numbers)" 3
    { header i32 1 9 . && perl -e 'print pack "l<*", 300, (7) x 8'; } >i32.raw
    assert_equal "$(counting 9 2 | raw-select --class 300 --labels i32.raw | numbers)" 0
    for frame in 1 2 5; do
        counting 9 $frame | raw-select --class 2 --labels <(recut 4 <labels.raw) | numbers | grep -x '2 6 7'
    done
    # More than are read at a time.
    { header u8 1 3000 . && perl -e 'print chr($_ % 3) for 1 .. 3000'; } >many.raw
    counting 3000 | raw-select --class 1 --labels many.raw | payload | cmp - <(perl -e 'print pack "l<", 3 * $_ for 0 .. 999')
    # Like vae-train --cond, it wants one label per item.
    { header u8 1 8 . && printf '\1\0\2\1\1\0\2\2'; } >few.raw
    refuses 'few.raw: ends after 8 labels, wanted one for each item of a.raw' --class 1 --labels few.raw a.raw
    cat labels.raw labels.raw >double.raw
    refuses 'double.raw: has more labels than 9, wanted one for each item of a.raw' --class 1 --labels double.raw a.raw
    header i32 2 0 . >wide.raw
    refuses 'wide.raw: items are i32 of shape 2, wanted labels: u8 or i32 of shape 1' --class 1 --labels wide.raw a.raw
    fails 2 "raw-select: --class: found '4096', wanted a whole number from 0 to 4095" raw-select --class 4096 --labels labels.raw a.raw
    # A class that no item has is noted.
    run -0 --separate-stderr bash -c 'raw-select --class 3 --labels labels.raw a.raw | raw-info'
    assert_line --index 1 --regexp $'^i32\t1\t0\t'
    assert_equal "$stderr" 'raw-select: labels.raw: no item has the label 3'
    run -0 --separate-stderr bash -c 'raw-select --class 1 -n 0 --labels labels.raw a.raw | raw-info'
    assert_empty "$stderr"
    run -0 --separate-stderr bash -c 'raw-select -q --class 3 --labels labels.raw a.raw | raw-info'
    assert_empty "$stderr"
}

@test "--elements keeps these elements, as a vector" {
    { header u8 2x3 2 . && printf abcdefABCDEF; } >a.raw
    raw-select --elements 0,2-4 a.raw >b.raw
    assert_equal "$(head -1 b.raw | sed 's/ *$//')" 'raw1 u8 4 2 .'
    assert_equal "$(tail -c +65 b.raw)" acdeACDE
    raw-select --elements 5 a.raw | tail -c +65 | grep -x fF
    # All of them are an item as it was.
    raw-select --elements 0-5 a.raw | cmp - a.raw
    raw-select --elements 0,1-4,5 a.raw | cmp - a.raw
    { header f64 3 2 . && perl -e 'print pack "d<*", 1 .. 6'; } | raw-select --elements 0,2 | raw-cmp - \
        <(header f64 2 2 . && perl -e 'print pack "d<*", 1, 3, 4, 6')
    raw-select --elements 1 --items 1 a.raw | tail -c +65 | grep -x B
    raw-select --elements 1-2 -S 3 --shuffle a.raw | tail -c +65 | grep -E -x 'bcBC|BCbc'
    fails 1 'raw-select: a.raw: items have 6 elements, numbered from 0, wanted element 6 of --elements' raw-select --elements 2-6 a.raw
    assert [ ! -s out ]
    fails 2 "raw-select: --elements: found '', wanted a list of whole numbers" raw-select --elements '' a.raw
}

@test "--split divides the items at random, each by the seed and its own number" {
    counting 20000 >a.raw
    raw-select --split 0.7 --write-rest rest.raw a.raw >b.raw
    local n
    n=$(raw-info b.raw | tail -1 | cut -f 3)
    near "$n" 14000 260 # 4 standard deviations
    raw-info rest.raw | row_holds 2 "\$3 == 20000 - $n"
    # Each item is on one side, in the stream's order.
    { payload <b.raw && payload <rest.raw; } | od -A n -v -t d4 -w4 | sort -n | cmp - <(payload <a.raw | od -A n -v -t d4 -w4)
    payload <b.raw | od -A n -v -t d4 -w4 | sort -n -C
    payload <rest.raw | od -A n -v -t d4 -w4 | sort -n -C
    # Neither frames nor the elements that are kept change the side of an item, nor do other options.
    counting 20000 999 | raw-select --split 0.7 --write-rest rest2.raw | raw-cmp - b.raw
    raw-cmp rest2.raw rest.raw
    raw-select --skip 15000 --split 0.7 --write-rest rest2.raw a.raw | numbers >found
    payload <b.raw | od -A n -v -t d4 -w4 | awk '$1 >= 15000' | xargs | cmp - found
    raw-select -q --items 0-9 --split 0.7 --write-rest rest2.raw a.raw | numbers >found
    numbers <rest2.raw >>found
    assert_equal "$(xargs -n 1 <found | sort -n | xargs)" '0 1 2 3 4 5 6 7 8 9'
    # So labels are divided as the items are.
    { header u8 1 20000 . && perl -e 'print chr($_ % 256) for 0 .. 19999'; } >labels.raw
    raw-select --split 0.7 --write-rest rest2.raw labels.raw | payload | cmp - <(payload <b.raw | perl -0777 -ne 'print map chr($_ % 256), unpack "l<*"')
    # A larger fraction adds items, and another seed takes others.
    raw-select --split 0.8 --write-rest rest2.raw a.raw | payload | od -A n -v -t d4 -w4 | sort >larger
    assert_empty "$(payload <b.raw | od -A n -v -t d4 -w4 | sort | comm -23 - larger)"
    raw-select -S 2 --split 0.7 --write-rest rest2.raw a.raw >c.raw
    run -1 cmp -s c.raw b.raw
    near "$(raw-info c.raw | tail -1 | cut -f 3)" 14000 260
    # No bits are the same by chance: of the items that one seed takes, another takes the same part.
    near "$({ payload <b.raw && payload <c.raw; } | od -A n -v -t d4 -w4 | sort | uniq -d | wc -l)" 9800 300
}

@test "a seed gives the same choices on every machine" {
    counting 30 >a.raw
    assert_equal "$(raw-select --split 0.5 --write-rest rest.raw a.raw | numbers)" '1 4 7 9 10 13 14 15 17 20 21 22 24 26 28 29'
    assert_equal "$(raw-select --shuffle -n 12 a.raw | numbers)" '22 19 29 26 25 10 24 2 28 1 16 27'
}

@test "--split with 0 and 1, and with streams that have few items" {
    counting 5 >a.raw
    raw-select --split 1 --write-rest rest.raw a.raw | cmp - a.raw
    raw-info rest.raw | row_holds 2 '$3 == 0 && $4 == 1'
    raw-select --split 0 --write-rest rest.raw a.raw | raw-info | row_holds 2 '$3 == 0 && $4 == 1'
    cmp rest.raw a.raw
    counting 0 | raw-select --split 0.5 --write-rest rest.raw | raw-info | row_holds 2 '$3 == 0'
    raw-info rest.raw | row_holds 2 '$3 == 0'
    fails 2 "raw-select: --split: found '1.1', wanted a number from 0 to 1" raw-select --split 1.1 --write-rest rest.raw a.raw
}

@test "--shuffle writes each item once, in an order that the seed gives" {
    counting 1000 >a.raw
    raw-select --shuffle a.raw >b.raw
    assert_equal "$(head -1 b.raw | sed 's/ *$//')" 'raw1 i32 1 1000 .'
    run -1 cmp -s a.raw b.raw
    payload <b.raw | od -A n -v -t d4 -w4 | sort -n | cmp - <(payload <a.raw | od -A n -v -t d4 -w4)
    # Not far from independent of the old places: the correlation has a standard deviation of 0.03.
    payload <b.raw | od -A n -v -t d4 -w4 | awk '{ s += (NR - 500.5) * ($1 - 499.5) } END { r = s / 83333250; exit !(r < 0.13 && r > -0.13) }'
    # Frames change nothing, and -n takes the beginning of the same order.
    counting 1000 7 >frames.raw
    raw-select --shuffle frames.raw | cmp - b.raw
    raw-select --shuffle -n 10 a.raw | payload | cmp - <(payload <b.raw | first 40)
    raw-select --shuffle -S 2 a.raw >c.raw
    run -1 cmp -s b.raw c.raw
    # Items are kept if they are small, and otherwise read from their places; more of the former than are read at a time.
    { header i32 3 1000 . && perl -e 'print pack "l<*", map { ($_) x 3 } 0 .. 999'; } | recut 300 >large.raw
    raw-select --shuffle large.raw | payload | cmp - <(payload <b.raw | perl -0777 -ne 'print map { $_ x 3 } unpack "(a4)*"')
    counting 300000 >many.raw
    raw-select --shuffle many.raw | payload | perl -0777 -ne 'print pack "l<*", sort { $a <=> $b } unpack "l<*"' | cmp - <(payload <many.raw)
    # Labels are shuffled as the items are.
    { header u8 1 1000 . && perl -e 'print chr($_ % 256) for 0 .. 999'; } >labels.raw
    raw-select --shuffle labels.raw | payload | cmp - <(payload <b.raw | perl -0777 -ne 'print map chr($_ % 256), unpack "l<*"')
    # It is the last choice.
    assert_equal "$(raw-select --items 3,5,7 --shuffle a.raw | numbers | xargs -n 1 | sort | xargs)" '3 5 7'
    assert_equal "$(raw-select --class 9 --labels labels.raw --shuffle a.raw | numbers | xargs -n 1 | sort | xargs)" '265 521 777 9'
    raw-select --skip 1000 --shuffle a.raw | raw-info | row_holds 2 '$3 == 0'
    refuses 'a.raw: 3 items are chosen at its end, wanted the 4 of --count' --items 3,5,7 --shuffle -n 4 a.raw
    refuses 'a.raw: holds 1000 items, wanted at least the 1001 of --skip' --skip 1001 --shuffle a.raw
}

@test "--shuffle gives all orders alike" {
    counting 3 >a.raw
    for seed in {1..150}; do raw-select --shuffle -S "$seed" a.raw; done >all.raw
    payload <all.raw | od -A n -v -t d4 -w12 | sort | uniq -c >orders
    rows_hold 6 '$1 >= 7 && $1 <= 43' <orders # 25 expected; 4 standard deviations
}

@test "--shuffle wants a regular file, which may be stdin" {
    counting 50 >a.raw
    raw-select --shuffle a.raw >b.raw
    raw-select --shuffle <a.raw | cmp - b.raw
    { echo before && cat a.raw; } >c.raw
    bash -c '{ perl -e "sysread STDIN, \$_, 7" && raw-select --shuffle; } <c.raw' | cmp - b.raw
    refuses 'stdin: is not a regular file, wanted one for --shuffle: it is read in another order' --shuffle < <(cat a.raw)
    cat a.raw a.raw | raw-select -n 60 >two.raw
    raw-select --shuffle two.raw | payload | od -A n -v -t d4 -w4 | sort -n | uniq -c | row_holds 1 '$1 == 2'
    head -c -1 a.raw >cut.raw
    fails 1 'raw-select: cut.raw: ended after ' raw-select --shuffle cut.raw
    assert [ ! -s out ]
    { cat a.raw && printf X; } >long.raw
    fails 1 'raw-select: long.raw: bytes that are no frame follow' raw-select --shuffle long.raw
    assert [ ! -s out ]
}

@test "a file that becomes shorter while it is shuffled is noticed" {
    { header u8 1000 5000 . && head -c 5000000 /dev/zero; } >a.raw
    mkfifo pipe
    raw-select --shuffle a.raw >pipe 2>err 3>&- &
    pid=$!
    { head -c 1000 >/dev/null && truncate -s 100 a.raw && cat >out; } <pipe
    got=0
    wait $pid || got=$?
    assert_equal "$got $(<err)" '1 raw-select: a.raw: became shorter while it was read, wanted it unchanged'
}

@test "identifiers go with their items" {
    counting 9 >a.raw
    seq -f 'item %g' 0 8 >ids
    raw-select --items 2,4-5 --ids ids --write-ids new a.raw | numbers | grep -x '2 4 5'
    assert_equal "$(<new)" $'item 2\nitem 4\nitem 5'
    raw-select -S 4 --shuffle --ids ids --write-ids new a.raw | numbers | xargs -n 1 printf 'item %s\n' | cmp - new
    raw-select -S 4 --shuffle -n 3 --items 1-7 --ids ids --write-ids new a.raw | numbers | xargs -n 1 printf 'item %s\n' | cmp - new
    counting 9 4 | raw-select -S 5 --split 0.5 --write-rest rest.raw --ids ids --write-ids new --write-rest-ids others | numbers |
        xargs -n 1 printf 'item %s\n' | cmp - new
    numbers <rest.raw | xargs -n 1 printf 'item %s\n' | cmp - others
    raw-select -S 5 --split 0.5 --write-rest rest.raw --ids ids --write-rest-ids only a.raw >/dev/null
    cmp only others
    # -n reads no further than it must.
    head -3 ids >few
    raw-select -n 3 --ids few --write-ids new a.raw | numbers | grep -x '0 1 2'
    cmp new few
    refuses 'few: has 3 lines, and a.raw has more items, wanted one line per item' --ids few --write-ids new a.raw
    refuses 'few: has 3 lines, and a.raw has more items, wanted one line per item' --shuffle --ids few --write-ids new a.raw
    { cat ids && echo x; } >many
    refuses 'many: has more than 9 lines, wanted as many, one per item of a.raw' --ids many --write-ids new a.raw
    refuses 'many: has more than 9 lines, wanted as many, one per item of a.raw' --shuffle --ids many --write-ids new a.raw
    printf 'a\rb\n' >odd
    counting 1 >one.raw
    refuses 'odd: line 1: has a line end in it, wanted one line for new' --ids odd --write-ids new one.raw
    fails 1 'raw-select: none: cannot open: No such file or directory' raw-select --ids none --write-ids new a.raw
}

@test "options that do not go together are refused" {
    local options message
    while IFS='|' read -r options message; do
        # shellcheck disable=SC2086 # several options
        fails 2 "raw-select: $message" raw-select $options a.raw
        assert [ ! -e w ]
    done <<'END'
--class 1|--class: found it without --labels, wanted both
--labels l|--labels: found it without --class, wanted both
--split 0.5|--split: found it without --write-rest, wanted both
--write-rest w|--write-rest: found it without --split, wanted both
--shuffle --split 0.5 --write-rest w|--shuffle: found it with --split, wanted one of the two
-n 3 --split 0.5 --write-rest w|--count: found it with --split, wanted one of the two
--ids i|--ids: found it without --write-ids, wanted both
--write-ids w|--write-ids: found it without --ids, wanted both
--write-rest-ids w|--write-rest-ids: found it without --ids, wanted both
--ids i --write-rest-ids w|--write-rest-ids: found it without --split, wanted both
--ids w --write-ids ./w|--write-ids: found './w', which --ids reads, wanted another file
--class 1 --labels w --split 1 --write-rest w|--write-rest: found 'w', which --labels reads, wanted another file
--split 0.5 --write-rest w --ids i --write-ids w|--write-ids: found 'w', to which --write-rest writes, wanted another file
--split 0.5 --write-rest w --ids i --write-ids x --write-rest-ids x|--write-rest-ids: found 'x', to which --write-ids writes, wanted another file
END
}

@test "what is written beside standard output is no other file, and fails as that does" {
    counting 9 >a.raw
    cp a.raw before
    fails 1 'raw-select: a.raw: is the input, too, wanted another file' raw-select --split 0.5 --write-rest a.raw ./a.raw
    fails 1 'raw-select: ./a.raw: is the input, too, wanted another file' bash -c 'raw-select --split 0.5 --write-rest ./a.raw <a.raw'
    cmp a.raw before
    fails 1 'raw-select: b: is standard output, too, wanted another file' bash -c 'raw-select --split 0.5 --write-rest b a.raw >b'
    mkdir dir
    fails 1 'raw-select: dir: is a directory, wanted a file' raw-select --split 0.5 --write-rest dir a.raw
    fails 1 "raw-select: none/r: there is no directory 'none', wanted it" raw-select --split 0.5 --write-rest none/r a.raw
    refuses '/dev/full: cannot write: No space left on device' --split 0.5 --write-rest /dev/full a.raw
    seq 9 >ids
    refuses '/dev/full: cannot write: No space left on device' --ids ids --write-ids /dev/full a.raw
    refuses '/dev/full: cannot write: No space left on device' --split 0.5 --write-rest rest.raw --ids ids --write-rest-ids /dev/full a.raw
    fails 1 'raw-select: stdout: cannot write: No space left on device' bash -c 'raw-select --split 0.5 --write-rest rest.raw a.raw >/dev/full'
    # If the input turns out to be broken, neither stream is whole.
    { cat a.raw && printf X; } >long.raw
    refuses 'long.raw: bytes that are no frame follow' --split 0.5 --write-rest rest.raw long.raw
    fails 1 'raw-info: rest.raw: e' raw-info rest.raw
}

@test "the frames of the output are those of the input, without empty ones, and a large one is divided" {
    frames() { grep -a -o 'raw1 [a-z0-9]* [0-9x]* [0-9]* [+.]' | cut -d ' ' -f 4,5 | xargs; }
    assert_equal "$(counting 10 4 | raw-select | frames)" '4 + 4 + 2 .'
    assert_equal "$(counting 10 4 | raw-select --stride 3 | frames)" '2 + 1 + 1 .'
    assert_equal "$(counting 10 2 | raw-select --items 0,9 | frames)" '1 + 1 .'
    assert_equal "$(counting 10 4 | raw-select --items 0 | frames)" '1 + 0 .'
    assert_equal "$(cat <(counting 3) <(counting 3) | raw-select --items 0 | frames)" '1 . 0 .'
    { header u8 1 2100000 . && head -c 2100000 /dev/zero; } >a.raw
    assert_equal "$(raw-select a.raw | frames)" '1048576 + 1048576 + 2848 .'
    raw-select --items 1048576 a.raw | raw-info | row_holds 2 '$3 == 1 && $4 == 2'
    { header u8 1 2100000 . && perl -e 'print "\0" x 1048576, "\1", "\0" x 1051423'; } >b.raw
    raw-select --class 1 --labels b.raw b.raw | raw-info | row_holds 2 '$3 == 1 && $5 == 1'
}

@test "items larger than the buffers" {
    { header f64 200000 3 . && perl -e 'print pack "d<*", map $_ / 7, 1 .. 600000'; } >a.raw
    raw-select a.raw | cmp - a.raw
    raw-select --items 1 --elements 5,100000-199999 a.raw | raw-cmp - \
        <(header f64 100001 1 . && perl -e 'print pack "d<*", map $_ / 7, 200006, 300001 .. 400000')
    raw-select --shuffle --elements 0 a.raw | raw-info | row_holds 2 '$2 == 1 && $3 == 3'
}

@test "memory is constant, and with --shuffle 8 bytes per item" {
    unsanitized 'they take much memory'
    (ulimit -v 40000 && vae-sample -n 1000000 -d 2 | raw-select --stride 2 | raw-info) | row_holds 2 '$3 == 500000'
    { header u8 1 1000000 . && head -c 1000000 /dev/zero; } >a.raw
    (ulimit -v 40000 && raw-select --shuffle a.raw) | raw-info | row_holds 2 '$3 == 1000000'
    # What a header claims costs nothing.
    header u8 1000 9000000000000000 . >many.raw
    header u8 200000000000000 1 . >wide.raw
    fails 1 'raw-select: stdin: ended after 0 of 9000000000000000000 bytes' bash -c 'ulimit -v 40000; raw-select <many.raw'
    fails 1 'raw-select: wide.raw: out of memory for items of 200000000000000 bytes' raw-select wide.raw
}

@test "a frame is answered when it has come, after its identifiers; also through pipes" {
    mkfifo in labels ids
    raw-select --stride 2 --class 1 --labels labels --ids ids --write-ids new in >out 3>&- 9>&- 8>&- 7>&- &
    pid=$!
    exec 9<>in 8<>labels 7<>ids
    for i in 1 2 3; do
        echo "first $i" >&7
        echo "second $i" >&7
        { header u8 1 2 + && printf '\1\1'; } >&8
        { header u8 1 2 + && printf '%s%s' "$i" x; } >&9
        await eval '[ "$(stat -c %s out)" -eq $((65 * i)) ]'
        assert_equal "$(tail -1 new)" "first $i"
    done
    header u8 1 0 . >&8
    header u8 1 0 . >&9
    exec 9>&- 8>&- 7>&-
    wait $pid
    tail -c +65 out | first 1 | grep -x 1
    # The files of identifiers may be pipes, whose readers open them after the stream's first header.
    mkfifo new.fifo
    printf 'id,x\na,1\nb,2\nc,3\n' >a.csv
    mkfifo ids.fifo
    timeout 5 csv2raw --live --id id --write-ids ids.fifo a.csv |
        timeout 5 raw-select --stride 2 --ids ids.fifo --write-ids new.fifo | timeout 5 raw2csv --ids new.fifo >b.csv
    assert_equal "$(<b.csv)" $'id,x1\na,1\nc,3'
}

@test "identifiers in a pipe may be more than it holds" {
    mkfifo ids
    perl -e 'print "id,x\n", map { "a long identifier $_,$_\n" } 1 .. 9000' >a.csv
    csv2raw --id id --write-ids names a.csv >a.raw
    timeout 20 raw-select --stride 2 --ids names --write-ids ids a.raw | timeout 20 raw2csv --ids ids >table
    assert_equal "$(sed '1s/x1/x/' table)" "$(sed -n '1p; 2~2p' a.csv)"
    timeout 20 raw-select --shuffle --ids names --write-ids ids a.raw | timeout 20 raw2csv --ids ids --no-header | sort >table
    tail -n +2 a.csv | sort | cmp - table
    # One side of a division.
    timeout 20 raw-select --split 0.5 --write-rest r.raw --ids names --write-ids ids --write-rest-ids r.ids a.raw |
        timeout 20 raw2csv --ids ids --no-header >table
    raw2csv --no-header --ids r.ids r.raw >>table
    sort table | cmp - <(tail -n +2 a.csv | sort)
}
