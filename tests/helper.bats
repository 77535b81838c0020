#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The helpers themselves: each refuses what is empty, what is no number and a command that fails.
# shellcheck disable=SC2030,SC2031 # a test is a subshell, and sets its variables itself
# shellcheck disable=SC2016 # what is quoted is awk's
# shellcheck disable=SC2094 # what is read is not written
load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    printf 'a\nb\n' >some
    printf 'a\nc\n' >other
    true >empty
}

# refuses COMMAND...: it ends with another status than 0, by itself: what it prints is no error of the shell.
refuses() {
    run ! "$@"
    refute_output --regexp '(line [0-9]+: |command not found)'
}

# half: writes all that some holds, and fails.
half() {
    cat some
    return 3
}

@test "a pipeline fails by each of its parts" {
    [[ $- == *e* ]]
    run false
    run ! piped
}
piped() {
    false | true
}

@test "assert_equal, assert_not_equal and assert_empty compare what is there" {
    assert_equal a a
    refuses assert_equal a b
    refuses assert_equal '' ''
    refuses assert_equal ' ' ' '
    refuses assert_equal a ''
    assert_not_equal a b
    refuses assert_not_equal a a
    refuses assert_not_equal a ''
    refuses assert_not_equal '' a
    assert_empty ''
    refuses assert_empty a
}

@test "cmp and diff refuse what is empty, on either side" {
    for program in cmp diff; do
        $program some some
        $program - some <some
        $program some <(cat some)
        $program - <(cat some) <some
        run -1 $program some other
        run -1 $program - <(cat other) <some
        run -2 $program empty empty
        run -2 $program some empty
        run -2 $program empty some
        run -2 $program - some <empty
        run -2 $program none none
        run -2 $program some
        true | run -2 $program - <(true)
    done
}

@test "cmp and diff notice a producer that fails, whatever it wrote" {
    for program in cmp diff; do
        # Not below `run`, which has no children.
        ! $program some <(half) || fail "$program took it"
        ! $program - <(half | cat) <some || fail "$program took it"
        refuses piped_to $program
        # Of two process substitutions the status of just one is known.
        run -2 $program <(cat some) <(cat some)
    done
    # What runs in the background is not waited for.
    sleep 20 3>&- &
    local sleeper=$!
    cmp some some
    cmp - some <some
    cmp some <(cat some)
    kill $sleeper
}
piped_to() {
    half | "$1" - some
}

@test "cmp takes options, diff directories" {
    run -1 cmp -s some other
    assert_output ''
    mkdir one two
    cp some one
    cp some two
    diff -r one two
    cp other two/some
    run -1 diff -r one two
}

@test "first gives the first bytes and reads the rest" {
    perl -e 'print "y\n" x 500000' | first 3 >out
    assert_equal "$(<out)" $'y\ny'
}

@test "near wants three numbers" {
    near 1 1.5 0.5
    near -1e-3 0 .001
    refuses near 1 1.6 0.5
    refuses near 1.6 1 0.5
    for number in '' nan -nan inf x 1x '1 2' -; do
        refuses near "$number" 1 1
        refuses near 1 "$number" 1
        refuses near 1 1 "$number"
    done
    refuses near '' '' ''
}

@test "holds wants numbers, each of them there" {
    holds '1 < 2 && (3 - 5)^2 >= 4 || sqrt(2) * -1e-05 > -1'
    holds '-2 < -1 && 1 == 1.0'
    holds 'log(2) < 1e0 && 2e+1 < 300'
    refuses holds '2 < 1'
    for expression in ' < 1' '1 > ' '1 < 2 && > -400' '( - 1)^2 < 4' '(1 - )^2 < 4' ' - 5 < 0' '3 - () < 4' '-5 - () < 0' \
        'nan > -400' '-nan < 1' '1 < inf' '0 < 1 && -1 - < 2' '' 'none > -400' 'NaN > -400' '1 < 2 && x < 1' 'e > -1' \
        '1 2 < 30' $'1\n2 < 30' '0x10 > 1'; do
        refuses holds "$expression"
    done
}

@test "row_holds wants the row, rows_hold their number; both the fields, and numbers in them" {
    printf '1 2\n3 4\n' >table
    row_holds 2 '$1 == 3 && $2 > 3' <table
    rows_hold 2 '$1 < $2' <table
    rows_hold 2 '$1 < limit' -v limit=4 <table
    refuses row_holds 2 '$1 == 1' <table
    refuses rows_hold 2 '$1 == 1' <table
    refuses row_holds 3 '$1 < 9' <table
    refuses row_holds 1 '1' <empty
    refuses rows_hold 0 '$1' <table
    refuses rows_hold 1 '$1 < 9' <table
    refuses rows_hold 3 '$1 < 9' <table
    refuses row_holds 1 '$3 < 9' <table
    refuses rows_hold 2 '$3 < 9' <table
    printf 'nan x\n' >words
    refuses row_holds 1 '$1 > 0' <words
    refuses rows_hold 1 '$2 > 0' <words
    row_holds 1 '$1 ~ /nan/ && $2 == "x"' <words
    # A text in a condition, or a division, makes no text of the other fields.
    refuses row_holds 1 '$2 == "x" && $1 > -400' <words
    refuses row_holds 1 '($1 - $2 / 255)^2 < 1' <words
    rows_hold 2 '$1 !~ /nan/ && $2 / $1 > 1 && $2 != "x"' <table
    refuses row_holds 1 '$1 == "1" && $3 / 2 < 9' <table
}

@test "finite wants numbers, and one at least" {
    printf '1 -2e-3\n.5\n' >table
    finite <table | cmp - table
    refuses finite <empty
    for word in nan -nan inf x 1,5 0x1; do
        printf '1 2\n3 %s\n4 5\n' $word >words
        refuses finite <words
    done
}

@test "recut, payload and table want a stream, table a number" {
    { header f32 2 2 . && f32 1 2 3 4; } >a.raw
    assert_equal "$(table 2 <a.raw | xargs)" '1 2 3 4'
    refuses recut 0 <empty
    refuses payload <empty
    refuses table 2 <empty
    header f32 2 0 . >none.raw
    assert_empty "$(payload <none.raw)"
    refuses table 2 <none.raw
    head -c -1 a.raw >cut.raw
    refuses table 2 <cut.raw
}

@test "last wants a row below the header, and its column" {
    printf 'epoch\tstep\n' >log.tsv
    refuses last log 1
    printf '1\t7\n2\t14\n' >>log.tsv
    assert_equal "$(last log 2)" 14
    refuses last log 3
    refuses last none 1
    refuses last empty 1
}

@test "metadata, tensor and weights want a model that has it" {
    cp "$ROOT/tests/golden/0.1/plain.bin" "$ROOT/tests/golden/0.1/gauss.bin" .
    assert_equal "$(metadata plain.bin format)" vae-model
    no_metadata plain.bin classes
    refuses no_metadata plain.bin format
    refuses metadata plain.bin classes
    # However long what stands before it is.
    perl "$ROOT/tests/safetensors.pl" edit '$head =~ s/"__metadata__":\{/$& . q("long":") . "x" x 5000 . q(",)/e' <plain.bin >long.bin
    assert_equal "$(metadata long.bin format)" vae-model
    refuses no_metadata long.bin format
    tensor plain.bin mu.bias
    refuses tensor plain.bin nu.bias
    head -c -1 plain.bin >cut.bin
    tensor cut.bin encoder.0.weight
    refuses tensor cut.bin decoder.2.bias
    same_weights plain.bin plain.bin
    other_weights plain.bin gauss.bin
    refuses same_weights plain.bin gauss.bin
    refuses other_weights plain.bin plain.bin
    for file in none empty; do
        refuses metadata $file format
        run ! no_metadata $file classes
        refuses tensor $file mu.bias
        run ! weights $file
        run ! same_weights $file $file
        run ! other_weights $file $file
        run ! other_weights plain.bin $file
        run ! other_weights $file plain.bin
    done
}

@test "fails wants the status, one line, and how it begins" {
    fails 3 'no' bash -c 'echo no such thing >&2; exit 3'
    refuses fails 3 'no' bash -c 'echo no such thing >&2; exit 2'
    refuses fails 3 'such' bash -c 'echo no such thing >&2; exit 3'
    refuses fails 3 'no' bash -c 'echo no such thing >&2; echo more >&2; exit 3'
    refuses fails 3 '' bash -c 'exit 3'
}

@test "await takes the variables of its command" {
    # shellcheck disable=SC2034 # eval reads it
    local i=-1 # no number that it could count with
    sleep 5 3>&- &
    AWAIT_SECONDS=1 await eval '[ "$i" -eq -1 ]'
    kill $!
}

@test "await ends with an error when nothing runs that could make it true" {
    sleep 0.2 3>&- &
    # Not below `run`, which has no jobs.
    local begun=$SECONDS
    ! await false || fail 'it was taken for true'
    assert [ $((SECONDS - begun)) -lt 20 ]
    sleep 0.1 3>&- &
    await eval "! kill -0 $!"
}
