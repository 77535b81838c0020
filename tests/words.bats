#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# examples/words, on some words of the test's own.
# shellcheck disable=SC2016 # what is quoted is awk's
load helper

# Syllables, so that a small model learns them fast.
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    perl -e 'my @s = qw(ba be do di ku la lo mi na ro ti);
        print join("", map { $s[($_ ** 3 + int($_ / 7)) % 11] } $i .. $i + $i % 3 + 1), "\n" while $i++ < 599' >own.txt
    echo 'Zoë' >>own.txt
    EPOCHS=70 FROM=bamina TO=kula WORDS=own.txt "$ROOT/examples/words" out >told
}

setup() { cd "$BATS_FILE_TMPDIR" || return; }

@test "words of a user's own: new ones, a walk, the strangest ones, and how many come back" {
    assert_equal "$(wc -l <out/train.txt)" 540
    assert_equal "$(wc -l <out/test.txt)" 60
    # The letters of one word are not known.
    assert_equal "$(diff out/test.txt out/known.txt)" $'60d59\n< Zoë'
    assert_equal "$(grep -cx '[a-z]*' out/new.txt)" 60
    assert [ "$(grep -cxE '(ba|be|do|di|ku|la|lo|mi|na|ro|ti)+' out/new.txt)" -gt 25 ]
    [ "$(head -1 out/walk.txt)" != "$(tail -1 out/walk.txt)" ]
    assert_empty "$(uniq -d out/walk.txt)"
    rows_hold 12 '$1 > 0 && NF == 2' <out/strange.txt
    sort -c -g -r out/strange.txt
    grep -q "^From one to another    $(paste -s -d ' ' out/walk.txt)\$" told
    same=$(paste out/known.txt out/again.txt | awk '$1 == $2 { n++ } END { printf "%.0f", 100 * n / NR }')
    grep -q "^Reconstructed exactly  $same % of the words" told
    assert [ "$same" -gt 10 ]
}

@test "its last hints run" {
    cd out
    grep '^  vae-sample\|^  echo' ../told >hints
    grep -q "echo $(head -1 strange.txt | cut -f 2) " hints
    assert_equal "$(wc -l <hints)" 2
    while read -r command; do
        bash -c "set -o pipefail; $command" >lines
        grep -q '^[a-z][a-z]*$' lines
    done <hints
}

@test "each example of sequences has a help, and leaves nothing if its arguments or programs are not there" {
    cd "$BATS_TEST_TMPDIR"
    for example in words molecules; do
        for option in -h --help; do "$ROOT/examples/$example" $option | grep -q "Usage: examples/$example \[DIR\]"; done
        fails 2 "$example: found '-x', wanted DIR" "$ROOT/examples/$example" -x
    done
    fails 1 'words: vae-train: not found, wanted the tools on PATH' env PATH=/usr/bin:/bin "$ROOT/examples/words"
    fails 2 "sweep: found '--help', wanted ITEMS.raw" "$ROOT/examples/jobs/sweep" --help
    assert_equal "$(ls)" $'err\nout'
}
