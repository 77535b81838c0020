#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# text2raw: lines of text to token numbers, the vocabulary, and what is no text. tests/raw2text.bats has the way back.
# shellcheck disable=SC2154,SC2016 # stderr is set by run; what is quoted is awk's or Perl's
load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    printf 'C\nCl\n[nH]\nc\n1\n' >tokens.txt
}

# items TEXT [ARGUMENT...]: the numbers of the text, which is in a file, one item per line.
items() {
    # shellcheck disable=SC2059 # the text has escapes
    printf -- "$1" >items.txt
    text2raw -q "${@:2}" items.txt >items.raw || return
    raw2csv --no-header items.raw | tr , ' '
}

# refuses MESSAGE TEXT [ARGUMENT...]: the text is refused, and no reader takes the output.
refuses() {
    # shellcheck disable=SC2059
    printf -- "$2" >a.txt
    fails 1 "text2raw: a.txt: $1" text2raw -q "${@:3}" a.txt || return
    assert_equal "$(<err)" "text2raw: a.txt: $1"
    mv out cut.raw && fails 1 'raw-info: cut.raw: e' raw-info cut.raw # it ended, or is empty
}

# refuses_tokens MESSAGE TEXT: the vocabulary is refused.
refuses_tokens() {
    # shellcheck disable=SC2059
    printf -- "$2" >t.txt
    fails 1 "text2raw: t.txt: $1" text2raw --tokens t.txt a.txt || return
    assert_equal "$(<err)" "text2raw: t.txt: $1"
    assert [ ! -s out ]
}

@test "an item is a line: a number per token, and 0 up to the longest line" {
    items 'CClc\n\n[nH]c1\n' --tokens tokens.txt >found
    assert_equal "$(paste -s -d / found)" '1 2 4/0 0 0/3 4 5'
    assert_equal "$(head -1 items.raw | sed 's/ *$//')" 'raw1 u8 3 3 .'
    # A last line without an end counts, and an end adds no line.
    assert_equal "$(items 'CClc\n\n[nH]c1' --tokens tokens.txt)" "$(<found)"
    assert_equal "$(items '\nC\n\n' --tokens tokens.txt | paste -s -d /)" 0/1/0
    # Given, the length may be more; a line that is just as long has no 0.
    assert_equal "$(items 'CC\nC\n' --tokens tokens.txt --length 4 | paste -s -d /)" '1 1 0 0/1 0 0 0'
    assert_equal "$(items 'CC\nC\n' --tokens tokens.txt --length 2 | paste -s -d /)" '1 1/1 0'
    # Empty lines alone are items of one 0.
    assert_equal "$(items '\n\n' --tokens tokens.txt | xargs)" '0 0'
}

@test "a line is cut into the longest tokens, one after the other" {
    printf 'a\nab\nabcd\nbc\nc\n' >t
    assert_equal "$(items 'abcd\n' --tokens t)" 3
    assert_equal "$(items 'abc\n' --tokens t)" '2 5'
    assert_equal "$(items 'aabcbcab\n' --tokens t)" '1 2 5 4 2'
    # Nothing goes back: 'a' and 'bcx' would fit.
    printf 'a\nab\nbcx\n' >t
    refuses "line 1, column 3: found 'c', wanted one of the 3 tokens of t" 'abcx\n' --tokens t
    # The order of the lines is that of the numbers alone.
    printf 'z\nClx\nC\ny\nCl\n' >t
    assert_equal "$(items 'ClClxCz\n' --tokens t)" '5 2 3 1'
    # At the end of a text without a line end, no token goes on with what was there before.
    printf 'b\na\naa\n' >t
    assert_equal "$(items 'aa\naa\nba' --tokens t | paste -s -d /)" '3 0/3 0/1 2'
    assert_equal "$(printf ba | text2raw --tokens t --length 2 | raw2csv --no-header)" 1,2
    # A token may have any bytes, also a part of a character.
    printf '\xc3\n\xa9x\n \n' >t
    assert_equal "$(items '\xc3 \xc3\xa9x\n' --tokens t)" '1 3 1 2'
}

@test "a token that lies across two reads is one" {
    # The text comes in pieces of any size, and the buffer has 256 KiB.
    perl -e 'srand 1; @t = ("a", "ab", "abcdefgh", "b", "c" x 4096, "c"); print join "", map $t[rand 6], 1 .. 900' >line
    { cat line && echo; } >a.txt
    printf 'a\nab\nabcdefgh\nb\nc\n%s\n' "$(head -c 4096 /dev/zero | tr '\0' c)" >t
    text2raw --tokens t --length 2000000 a.txt >whole.raw
    raw2text --tokens t whole.raw | cmp - a.txt
    perl -e '$| = 1; srand 2; undef $/; $_ = <>; while (length) { print substr $_, 0, 1 + rand 9000, ""; select undef, undef, undef, 1e-4 }' a.txt |
        text2raw --tokens t --length 2000000 | cmp - whole.raw
    assert [ "$(stat -c %s a.txt)" -gt 600000 ]
    # Compared with a cut that Perl makes.
    perl -e 'open $f, "<t"; $re = join "|", map { chomp; $n{$_} = ++$i; $_ } <$f>; $re = join "|", sort { length $b <=> length $a } split /\|/, $re;
        $_ = <STDIN>; print pack "C*", map $n{$_}, /$re/g' <line >wanted
    payload <whole.raw | first "$(stat -c %s wanted)" | cmp - wanted
}

@test "a character that lies across two reads is one" {
    perl -e 'srand 1; @c = ("a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"); print join("", map $c[rand 4], 1 .. 400000), "\n"' >a.txt
    text2raw --write-tokens t a.txt >a.raw
    assert_equal "$(wc -l <t)" 4
    raw2text --tokens t a.raw | cmp - a.txt
}

@test "without --tokens the tokens are all characters of the text, sorted by their codes" {
    assert_equal "$(items 'b\xc3\xa9a\n\xf0\x9f\x98\x80a\x01\n' --write-tokens t | paste -s -d /)" '3 4 2/5 2 1'
    printf '\x01\na\nb\n\xc3\xa9\n\xf0\x9f\x98\x80\n' | cmp - t
    assert_equal "$(items 'b\xc3\xa9a\n' --write-tokens t --by character)" '2 3 1'
    assert_equal "$(items 'b\xc3\xa9a\n' --write-tokens t --by byte)" '2 4 3 1'
    printf 'a\nb\n\xa9\n\xc3\n' | cmp - t
    assert_equal "$(items 'b\xff\n' --write-tokens t --by byte)" '1 2'
    # A given length is kept.
    assert_equal "$(items 'ab\n' --write-tokens t --length 3)" '1 2 0'
    refuses 'line 2: found 3 tokens, wanted at most 2 (--length)' 'ab\nabc\n' --write-tokens t --length 2
    # From standard input, if that is a file; what was read of it before is not in the text.
    printf 'xx\naab\n' >a.txt
    { read -r _ && text2raw --write-tokens t; } <a.txt >b.raw
    assert_equal "$(paste -s -d ' ' t)" 'a b' # bash reads a file no further than it must
    raw2text --tokens t b.raw | cmp - <(echo aab)
    refuses 'has only empty lines, wanted text in them' '\n\n' --write-tokens t
}

@test "the type is u8 up to 255 tokens, and i32 beyond" {
    for count in 255 256; do
        seq "$count" | sed 's/$/;/' >t
        assert_equal "$(items "1;$count;\n" --tokens t)" "1 $count"
        head -1 items.raw | grep "^raw1 $([ "$count" = 255 ] && echo u8 || echo i32) 2 1 \."
    done
    seq 65535 | sed 's/$/;/' >t
    assert_equal "$(items '65535;32768;1;\n' --tokens t)" '65535 32768 1'
    seq 65536 | sed 's/$/;/' >t
    fails 1 'text2raw: t: line 65536: found a token, wanted at most 65535 of them' text2raw --tokens t items.txt
    perl -CO -e 'print map chr, 0x10000 .. 0x20000' >a.txt
    fails 1 'text2raw: a.txt: has 65537 different characters, wanted at most 65535, or --by byte' text2raw --write-tokens t a.txt
}

@test "a vocabulary is checked line by line" {
    echo C >a.txt
    refuses_tokens 'line 2: is empty, wanted a token' 'C\n\nc\n'
    refuses_tokens 'line 1: is empty, wanted a token' '\n'
    refuses_tokens "line 4: found the token 'Cl' of line 2 again, wanted each once" 'C\nCl\nc\nCl\n'
    refuses_tokens "line 2: found the token 'c' of line 1 again, wanted each once" 'c\nc'
    refuses_tokens 'line 2: found a byte of value 0, wanted a token' 'C\nC\0l\n'
    true >t.txt
    fails 1 'text2raw: t.txt: has no token, wanted one per line' text2raw --tokens t.txt a.txt
    { echo C && head -c 4097 /dev/zero | tr '\0' c; } >t.txt
    fails 1 'text2raw: t.txt: line 2: has 4097 bytes, wanted a token of at most 4096' text2raw --tokens t.txt a.txt
    fails 1 'text2raw: /dev/stdin: has more than 4194304 bytes, wanted at most as many of tokens' \
        bash -c 'tr "\0" c </dev/zero | text2raw --tokens /dev/stdin a.txt'
    fails 1 'text2raw: none: cannot open: No such file or directory' text2raw --tokens none a.txt
    # Just as many bytes are taken, and one more is not.
    perl -e 'print pack("A4", sprintf "%03x", $_) =~ tr/ /x/r, "x" x 4091, "\n" for 0 .. 1023' >t.txt
    assert_equal "$(wc -c <t.txt)" 4194304
    head -c 4095 t.txt | text2raw --length 1 --tokens t.txt | raw2text --tokens t.txt | cmp - <(head -n 1 t.txt)
    echo >>t.txt
    fails 1 'text2raw: t.txt: has more than 4194304 bytes, wanted at most as many of tokens' text2raw --length 1 --tokens t.txt a.txt
    # The last line needs no end.
    printf 'c\nC' >t.txt
    assert_equal "$(items 'Cc\n' --tokens t.txt)" '2 1'
}

@test "what is no token is named by line and column, in characters" {
    refuses "line 2, column 3: found 'x', wanted one of the 5 tokens of tokens.txt" 'C\ncCxC\n' --tokens tokens.txt
    refuses "line 1, column 1: found '[', wanted one of the 5 tokens of tokens.txt" '[n]\n' --tokens tokens.txt
    refuses "line 1, column 2: found '[', wanted one of the 5 tokens of tokens.txt" 'C[nH' --tokens tokens.txt
    printf '\xc3\xa9\xc3\xa9\n-\n' >t
    refuses "line 1, column 4: found 'é', wanted one of the 2 tokens of t" '\xc3\xa9\xc3\xa9-\xc3\xa9-\n' --tokens t
    refuses "line 1, column 2: found '\\xff', wanted one of the 2 tokens of t" '-\xff\n' --tokens t
    echo C >t
    refuses "line 1, column 2: found 'l', wanted the token of t" 'Cl\n' --tokens t
    refuses 'line 1, column 2: found a byte of value 0, wanted text' 'C\0C\n' --tokens t
    # Far behind, in a line of many reads, and in one of many lines.
    perl -e 'print "\n", "C\xc3\xa9" x 300000, "c"' >a.txt
    printf 'C\n\xc3\xa9\n' >t
    fails 1 "text2raw: a.txt: line 2, column 600001: found 'c', wanted one of the 2 tokens of t" text2raw --tokens t --length 700000 a.txt
    perl -e 'print "C\n" x 200000, "c\n"' >a.txt
    fails 1 "text2raw: a.txt: line 200001, column 1: found 'c', wanted one of the 2 tokens of t" text2raw --tokens t --length 1 a.txt
}

@test "what is no UTF-8 is named by line and byte, unless bytes are taken" {
    refuses "line 2, byte 4: found '\\xff', wanted UTF-8, or --by byte" 'a\n\xc3\xa9a\xff\n' --write-tokens t
    # Cut at a line's end or the text's, too long, a surrogate, above the last one.
    local bytes
    for bytes in 'e2 82 0a' 'f0 9f 98' 'c1 81' 'ed a0 80' 'f4 90 80 80'; do
        perl -e 'print pack "(H2)*", split " ", shift' "$bytes" >a.txt
        fails 1 "text2raw: a.txt: line 1, byte 1: found '\\x${bytes%% *}', wanted UTF-8, or --by byte" text2raw --write-tokens t a.txt
        text2raw --by byte --write-tokens t a.txt | raw2text --tokens t >again
        perl -pe 's/\n?\z/\n/' a.txt | cmp - again
    done
    for by in character byte; do
        refuses 'line 1, byte 2: found a byte of value 0, wanted text' 'a\0\n' --write-tokens t --by $by
    done
    # In a line of several reads.
    perl -e 'print "\n", "C\xc3\xa9" x 300000, "\xff"' >a.txt
    fails 1 "text2raw: a.txt: line 2, byte 900001: found '\xff', wanted UTF-8, or --by byte" text2raw --write-tokens t a.txt
    perl -e 'print "\n", "C\xc3\xa9" x 300000, "\0"' >a.txt
    fails 1 "text2raw: a.txt: line 2, byte 900001: found a byte of value 0, wanted text" text2raw --by byte --write-tokens t a.txt
}

@test "a line that is too long is named with both lengths" {
    refuses 'line 3: found 4 tokens, wanted at most 2 (--length)' 'C\nCC\nClCCc\n' --tokens tokens.txt --length 2
    # What is no token is named first.
    refuses "line 1, column 4: found 'x', wanted one of the 5 tokens of tokens.txt" 'CCCx\n' --tokens tokens.txt --length 2
}

@test "what is read twice must be a file, and the options that do without are named" {
    local twice='text2raw: stdin: is not a regular file, wanted one, since it is read twice without'
    echo C >a.txt
    fails 1 "$twice --length" bash -c 'cat a.txt | text2raw --tokens tokens.txt'
    assert_equal "$(<err)" "$twice --length"
    fails 1 "$twice --tokens and --length" bash -c 'cat a.txt | text2raw --write-tokens t'
    fails 1 "$twice --tokens" bash -c 'cat a.txt | text2raw --write-tokens t --length 1'
    assert_equal "$(<err)" "$twice --tokens"
    assert [ ! -e t ]
    first 99 <a.txt | text2raw --tokens tokens.txt --length 1 | raw-info | row_holds 2 '$3 == 1'
    text2raw --tokens tokens.txt <a.txt | raw-info | row_holds 2 '$3 == 1'
}

@test "a text that changes between the two reads is refused" {
    # The second read comes after the tokens are written, which a pipe holds up.
    local change got
    mkfifo t
    # changed PERL: the command changes the text, which is in $_, after the first bytes were read for the second time.
    changed() {
        { perl -e 'print "CCc\n" x 100000' && printf 'CC\nc'; } >a.txt
        timeout 10 text2raw -q --write-tokens t a.txt >out 2>err 3>&- &
        pid=$!
        await eval '[ "$(stat -c %s out)" -ge 64 ]'
        perl -0777 -pe "$1" a.txt >b.txt && cat b.txt >a.txt
        cat t >tokens
        got=0
        wait $pid || got=$?
    }
    for change in 's,c\z,x,' 's,CC\nc\z,CCCC,' 's,c\z,C,' 's,C\nc\z,,' 's,\z,\n\n,' 's,\z,\n,' '$_ = "C\n"'; do
        changed "$change"
        assert_equal "$change: $got $(<err)" "$change: 1 text2raw: a.txt: was changed while it was read, wanted it unchanged"
        mv out cut.raw && fails 1 'raw-info: cut.raw: e' raw-info cut.raw
    done
    changed 1
    assert_equal $got 0
    raw2text --tokens tokens out | cmp - <(cat a.txt && echo)
}

@test "the tokens may go through a pipe, whose reader opens it after the stream's first header" {
    mkfifo t
    printf 'CCl\nCn\n' >a.txt
    timeout 5 text2raw --write-tokens t a.txt | timeout 5 raw2text --tokens t | cmp - a.txt
    fails 1 'text2raw: ./a.txt: is the input, too, wanted another file' text2raw --write-tokens ./a.txt a.txt
    fails 1 'text2raw: b: is standard output, too, wanted another file' bash -c 'text2raw --write-tokens b a.txt >b'
    fails 1 'text2raw: /dev/full: cannot write: No space left on device' text2raw --write-tokens /dev/full a.txt
    fails 1 "text2raw: none/t: there is no directory 'none', wanted it" text2raw --write-tokens none/t a.txt
    printf 'CCl\nCn\n' | cmp - a.txt
}

@test "carriage returns are tokens, which a note tells" {
    printf 'a\r\n\r\nb\n' >a.txt
    text2raw --write-tokens t a.txt >a.raw 2>err
    assert_equal "$(<err)" "text2raw: a.txt: 2 of 3 lines end with a carriage return (CR), which is a token; tr -d '\\r' removes it"
    printf '\r\na\nb\n' | cmp - t
    raw2text --tokens t a.raw | cmp - a.txt
    text2raw -q --write-tokens t a.txt 2>err | cmp - a.raw
    assert_empty "$(<err)"
    # None within a line, and none before a line without end.
    printf 'a\rb\n\n\r' >a.txt
    text2raw --write-tokens t a.txt 2>err >a.raw
    assert_equal "$(<err)" "text2raw: a.txt: 1 of 3 lines end with a carriage return (CR), which is a token; tr -d '\\r' removes it"
    printf 'a\rb\n' >a.txt
    text2raw --write-tokens t a.txt 2>err >a.raw
    assert_empty "$(<err)"
    refuses "line 1, column 2: found a carriage return (CR) at the line's end, wanted one of the 5 tokens of tokens.txt: tr -d '\\r' removes it" \
        'C\r\n' --tokens tokens.txt
    refuses "line 1, column 2: found '\\x0d', wanted one of the 5 tokens of tokens.txt" 'C\rC\n' --tokens tokens.txt
    # At the end of a read, and none in the empty line after it.
    perl -e 'print "a" x 262143, "\r\n\n"' >a.txt
    text2raw --by byte --write-tokens t a.txt 2>err >a.raw
    assert_equal "$(<err)" "text2raw: a.txt: 1 of 2 lines end with a carriage return (CR), which is a token; tr -d '\\r' removes it"
    printf '\r\n' >t
    printf '\r\n' | text2raw --length 1 --tokens t 2>err >a.raw
    assert_equal "$(wc -l <err)" 1
    # The lines are those of the text, also if it is not read twice.
    printf 'C\r\n' >t
    printf 'C\r\nC\r\n' | text2raw --tokens t --length 1 2>err >a.raw
    assert_equal "$(sed -n '$p' err)" "text2raw: stdin: 2 of 2 lines end with a carriage return (CR), which is a token; tr -d '\r' removes it"
    # In the file of tokens.
    printf 'C\r\nc\r\n' >t
    printf 'C\r\n' | text2raw --length 1 --tokens t 2>err >a.raw
    assert_equal "$(sed -n 1p err)" "text2raw: t: all tokens end with a carriage return (CR); tr -d '\\r' removes it"
    raw2text --tokens t a.raw 2>err | od -An -c | grep 'C *\\r *\\n'
    assert_equal "$(<err)" "raw2text: t: all tokens end with a carriage return (CR); tr -d '\\r' removes it"
    # The note comes before the text is read, which may have none of these tokens.
    echo C >a.txt
    run -1 text2raw --length 1 --tokens t a.txt
    assert_equal "${lines[0]}" "text2raw: t: all tokens end with a carriage return (CR); tr -d '\\r' removes it"
    assert_equal "${lines[1]}" "text2raw: a.txt: line 1, column 1: found 'C', wanted one of the 2 tokens of t"
}

@test "a byte order mark before the text or the vocabulary is told" {
    local mark=$'\xef\xbb\xbf' removes="; sed '1s/^\\xef\\xbb\\xbf//' removes it"
    printf '%sC\nO\n' "$mark" >a.txt
    text2raw --write-tokens t a.txt >a.raw 2>err
    assert_equal "$(<err)" "text2raw: a.txt: begins with a byte order mark (BOM), which is in a token$removes"
    # A vocabulary in which the mark is a token by itself has no note.
    printf '%s\nC\nO\n' "$mark" >t
    text2raw -q --tokens t a.txt | raw2text --tokens t 2>err | cmp - a.txt
    assert_empty "$(<err)"
    printf 'C\nO\n' >t
    fails 1 "text2raw: a.txt: line 1, column 1: found a byte order mark (BOM), wanted one of the 2 tokens of t: ${removes#; }" text2raw --tokens t a.txt
    sed '1s/^\xef\xbb\xbf//' a.txt | text2raw --tokens t --length 1 | raw2text --tokens t | cmp - t
    # Elsewhere it is a character like others, and two of its bytes are none.
    printf 'C\n%s\n' "$mark" >b.txt
    fails 1 "text2raw: b.txt: line 2, column 1: found '$mark', wanted one of the 2 tokens of t" text2raw --tokens t b.txt
    printf 'C%s\n' "$mark" >b.txt
    fails 1 "text2raw: b.txt: line 1, column 2: found '$mark', wanted one of the 2 tokens of t" text2raw --tokens t b.txt
    printf '\xef\xbb' >b.txt
    fails 1 "text2raw: b.txt: line 1, column 1: found '\\xef', wanted one of the 2 tokens of t" text2raw --tokens t b.txt
    # It comes in pieces.
    printf '%s\nC\nO\n' "$mark" >t
    { printf '\xef' && sleep 0.2 && printf '\xbb\xbfC\n'; } | text2raw --tokens t --length 9 2>err >a.raw
    assert_equal "$(<err)" "text2raw: stdin: begins with a byte order mark (BOM), which is in a token$removes"
    printf '%sC\nO\n' "$mark" >t
    echo C >a.txt
    run -1 text2raw --tokens t a.txt
    assert_equal "${lines[0]}" "text2raw: t: the first token begins with a byte order mark (BOM)$removes"
    assert_equal "${lines[1]}" "text2raw: a.txt: line 1, column 1: found 'C', wanted one of the 2 tokens of t"
}

@test "files of other formats are named, and text that begins as they do is taken" {
    cp "$ROOT/tests/rejected/foreign/png" png
    fails 1 'text2raw: png: looks like a PNG picture, wanted lines of text' text2raw --write-tokens t png
    fails 1 'text2raw: png: looks like a PNG picture, wanted lines of text' text2raw --tokens tokens.txt --length 9 png
    echo CC | gzip -c >gz
    fails 1 'text2raw: gz: looks like gzip data, wanted lines of text: gunzip -c unpacks it' text2raw --write-tokens t gz
    { header u8 1 1 . && printf a; } >a.raw
    text2raw --write-tokens t a.raw | raw2text --tokens t | cmp - <(cat a.raw && echo)
    fails 1 'text2raw: a.raw: looks like a stream, see vae-raw(5), wanted lines of text' text2raw --tokens tokens.txt --length 99 a.raw
    printf 'PAR1\nraw1 \n' >a.txt
    text2raw --write-tokens t a.txt | raw2text --tokens t | cmp - a.txt
    printf '\x93NUMPY' >a.txt
    text2raw --by byte --write-tokens t a.txt | raw2text --tokens t | cmp - <(cat a.txt && echo)
}

@test "options that do not go together" {
    fails 2 'text2raw: --write-tokens: found it with --tokens, wanted one of the two' text2raw --tokens a --write-tokens b
    fails 2 'text2raw: --by: found it with --tokens, wanted one of the two' text2raw --tokens a --by byte
    fails 2 'text2raw: --write-tokens: not given, wanted it, or --tokens, or --model: only with its tokens a stream is turned back into text' text2raw a
    fails 2 "text2raw: --by: found 'word', wanted one of character, byte" text2raw --by word --write-tokens t a
    for length in 0 x -1; do
        fails 2 "text2raw: --length: found '$length', wanted a whole number from 1 to 281474976710656" text2raw --tokens t --length=$length
    done
}

@test "many lines are written in several frames, in constant memory" {
    unsanitized 'they take much memory'
    perl -e 'print "Cc1" x (1 + $_ % 4), "\n" for 1 .. 400000' >a.txt
    bash -c 'ulimit -v 12000 && text2raw --tokens tokens.txt --length 12 a.txt' >a.raw
    raw-info a.raw | row_holds 2 '$3 == 400000 && $4 == 5'
    assert_equal "$(grep -a -o 'raw1 u8 12 [0-9]* [.+]' a.raw | head -1)" 'raw1 u8 12 87381 +'
    bash -c 'ulimit -v 12000 && text2raw --write-tokens t a.txt && raw2text --tokens tokens.txt a.raw >b.txt' >b.raw
    cmp a.txt b.txt
    raw2text --tokens t b.raw | cmp - a.txt
    # A frame that is just full is the last one only if an empty one follows.
    head -n 87381 a.txt | text2raw --tokens tokens.txt --length 12 | raw-info | row_holds 2 '$3 == 87381 && $4 == 2'
    # A line may be longer than any buffer.
    perl -e 'print "C" x 3e6, "\n", "c" x 5e5, "\n"' >a.txt
    text2raw --tokens tokens.txt a.txt >a.raw
    raw-info a.raw | row_holds 2 '$2 == 3000000 && $3 == 2 && $4 == 3'
    raw2text --tokens tokens.txt a.raw | cmp - a.txt
}

@test "--live writes each item when its line has come" {
    mkfifo in
    text2raw --live --tokens tokens.txt --length 4 in >out 3>&- 9>&- &
    pid=$!
    exec 9<>in
    for ((i = 1; i <= 3; i++)); do
        printf 'CCl\n' >&9
        AWAIT_SECONDS=10 await eval '[ "$(stat -c %s out)" -eq $((68 * i)) ]'
    done
    exec 9>&-
    wait $pid
    raw-info out | row_holds 2 '$3 == 3 && $4 == 4 && $6 == 2'
}
