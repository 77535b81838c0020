#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# raw2text: token numbers as lines of text, and the way there and back.
# shellcheck disable=SC2016 # what is quoted is evaluated later, or is Perl's
load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    printf 'C\nCl\n[nH]\nc\n' >tokens.txt
}

# numbers DTYPE SHAPE ITEMS NUMBER...: a stream of one frame.
numbers() {
    header "$1" "$2" "$3" .
    local -A letter=([u8]='C' [i32]='l<' [f32]='f<' [f64]='d<')
    perl -e 'print pack shift() . "*", @ARGV' -- "${letter[$1]}" "${@:4}"
}

@test "an item is a line of its tokens, which ends before the first 0, whatever the type" {
    for dtype in u8 i32 f32 f64; do
        numbers $dtype 3 4 1 2 0 3 4 1 0 0 0 4 0 0 >a.raw
        raw2text --tokens tokens.txt a.raw >a.txt
        printf 'CCl\n[nH]cC\n\nc\n' | cmp - a.txt
        raw2text --tokens tokens.txt - <a.raw | cmp - a.txt
        raw2text --tokens tokens.txt <a.raw | cmp - a.txt
    done
    # The elements of another shape follow each other.
    numbers u8 2x3 1 1 2 3 4 1 1 | raw2text --tokens tokens.txt | grep -Fx 'CCl[nH]cCC'
    fails 2 'raw2text: --tokens: not given, wanted it' raw2text a.raw
    # Bytes are written as they are.
    printf '\xff\x01\n\r\n' >t
    numbers u8 2 1 1 2 | raw2text --tokens t | cmp - <(printf '\xff\x01\r\n')
}

@test "what follows the first 0 is ignored" {
    numbers i32 4 2 1 0 -7 99 0 5 5 5 | raw2text --tokens tokens.txt >a.txt
    printf 'C\n\n' | cmp - a.txt
    numbers f32 4 2 1 0 nan inf -0.0 5.5 -1 1 | raw2text --tokens tokens.txt | cmp - a.txt
}

@test "a number that is none of a token is named by item and element" {
    local value
    for value in 5 40 -1 0.5 3.9999 nan inf -inf 1e30; do
        numbers f64 3 3 1 2 3 4 4 0 4 "$value" 0 >a.raw
        fails 1 "raw2text: a.raw: item 2, element 1 is ${value/1e30/1e+30}, wanted a token number from 0 to 4" raw2text --tokens tokens.txt a.raw
    done
    numbers i32 2 1 1 -5 >a.raw
    fails 1 'raw2text: a.raw: item 0, element 1 is -5, wanted a token number from 0 to 4' raw2text --tokens tokens.txt a.raw
    numbers i32 2 1 4 2147483647 >a.raw
    fails 1 'raw2text: a.raw: item 0, element 1 is 2147483647, wanted a token number from 0 to 4' raw2text --tokens tokens.txt a.raw
    # Items are counted over all frames.
    { numbers u8 1 4 1 2 3 4 && numbers u8 1 3 1 1 5; } >a.raw
    fails 1 'raw2text: a.raw: item 6, element 0 is 5, wanted' raw2text --tokens tokens.txt a.raw
}

@test "any number of frames is one text, and each is written to its end before the next is read" {
    numbers u8 2 5 1 2 3 0 4 4 0 0 1 1 >a.raw
    raw2text --tokens tokens.txt a.raw >whole.txt
    for frame in 1 2; do recut $frame <a.raw | raw2text --tokens tokens.txt | cmp - whole.txt; done
    head -c -1 a.raw >cut.raw
    fails 1 'raw2text: cut.raw: ended after 9 of 10 bytes of a frame of 5 items, wanted all' raw2text --tokens tokens.txt cut.raw
    recut 2 <a.raw | head -c 68 >cut.raw
    fails 1 'raw2text: cut.raw: ended after 2 items with a' raw2text --tokens tokens.txt cut.raw
    assert_empty "$({ header u8 2 0 . && true; } | raw2text --tokens tokens.txt)"
    mkfifo in
    raw2text --tokens tokens.txt in >out 3>&- 9>&- &
    pid=$!
    exec 9<>in
    for ((i = 1; i <= 3; i++)); do
        numbers u8 2 1 1 2 >&9
        await eval '[ "$(wc -l <out)" -eq $i ]'
    done
    exec 9>&-
    wait $pid
}

@test "an item may be larger than any buffer, and a token as long as it may be" {
    unsanitized 'they take much memory'
    { header u8 3000000 2 . && perl -e 'print "\1" x 3e6, "\4" x 5e5, "\0" x 25e5'; } >a.raw
    bash -c 'ulimit -v 12000 && raw2text --tokens tokens.txt a.raw' | cmp - <(perl -e 'print "C" x 3e6, "\n", "c" x 5e5, "\n"')
    { echo c && head -c 4096 /dev/zero | tr '\0' x; } >t
    { header u8 200 1 . && head -c 200 /dev/zero | tr '\0' '\2'; } | raw2text --tokens t | cmp - <(perl -e 'print "x" x 819200, "\n"')
}

@test "there and back: random texts" {
    # Characters of all lengths, many and few of them; lines of none to 40.
    for seed in 1 2 3 4 5 6; do
        perl -CO -e 'srand shift; @c = map { chr([1 + rand 127, 128 + rand 1900, 2048 + rand 50000, 65536 + rand 1e6]->[rand 4]) } 1 .. 2 + rand 400;
            @c = grep { $_ ne "\n" } @c; print join("", map $c[rand @c], 1 .. rand 40), "\n" for 1 .. 300' $seed >a.txt
        text2raw -q --write-tokens t a.txt >a.raw
        raw2text --tokens t a.raw | cmp - a.txt
        text2raw -q --tokens t a.txt | cmp - a.raw
        # Numbers of single characters come back, too.
        recut 7 <a.raw | raw2text --tokens t >b.txt
        cmp a.txt b.txt
        perl -e 'srand shift; for (1 .. 300) { $_ = join "", map chr(rand 256), 1 .. rand 40; tr/\0\n//d; print "$_\n" }' $seed >a.txt
        text2raw -q --by byte --write-tokens t a.txt >a.raw
        raw2text --tokens t a.raw | cmp - a.txt
    done
    # Tokens that overlap: the text comes back.
    for seed in 1 2 3; do
        perl -e 'srand shift; %t = map { (join "", map { ("a", "b", "c")[rand 3] } 0 .. rand 5) => 1 } 1 .. 40; $t{$_} = 1 for qw(a b c);
            print "$_\n" for keys %t' $seed | sort -R --random-source=/dev/zero >t
        perl -e 'srand shift; print join("", map { ("a", "b", "c")[rand 3] } 1 .. rand 60), "\n" for 1 .. 300' $seed >a.txt
        text2raw --tokens t a.txt | raw2text --tokens t | cmp - a.txt
    done
}

@test "there and back: numbers, of single characters; of others the cut may differ" {
    printf 'a\nb\n\xc3\xa9\n' >t
    perl -e 'srand 1; print pack "C*", map { my $n = rand 9; map { $_ < $n ? 1 + rand 3 : 0 } 1 .. 8 } 1 .. 500' >payload
    { header u8 8 500 . && cat payload; } >a.raw
    raw2text --tokens t a.raw | text2raw --tokens t --length 8 | cmp - a.raw
    printf 'C\nl\nCl\n' >t
    numbers u8 2 1 1 2 | raw2text --tokens t | text2raw --tokens t --length 2 | raw2csv --no-header | grep -x 3,0
}
