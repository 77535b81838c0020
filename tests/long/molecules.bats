#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# All molecules of up to 8 atoms, and the words, as `make -C data` gets them.

load ../helper

@test "there are 166,355 molecules, and each series has the known number of isomers" {
    local molecules
    molecules=$(make -s -C "$ROOT/data" path DATA=molecules)
    [ -e "$molecules/all.smi" ] || type -P nauty-geng obabel >"$BATS_TEST_TMPDIR/programs" ||
        skip 'wants nauty and openbabel (make deps-chemistry)'
    make -s -C "$ROOT/data" molecules
    cd "$molecules"
    # By the number of atoms.
    assert_equal "$(awk '{ s = $0; n[gsub(/[CNOFcno]/, "", s)]++ } END { for (i = 1; i <= 8; i++) print n[i] }' all.smi | xargs)" \
        '1 8 14 88 364 2835 16925 146120'
    # sorted PART: each molecule with its logP.
    sorted() { paste "$1.smi" "$1.logp" | sort; }
    cat <(sorted train) <(sorted test) | sort | cmp - <(sorted all)
    assert_equal "$(comm -23 small.smi all.smi | wc -l) $(wc -l <small.smi) $(wc -l <test.smi)" '0 20235 20000'
    # alone CHARACTERS LENGTH: molecules of only these atoms.
    alone() { grep -x "[$1()]*" all.smi | awk -v n="$2" '{ s = $0 } gsub(/[A-Z]/, "", s) == n' | wc -l; }
    assert_equal "$(for n in 1 2 3 4 5 6 7 8; do alone C "$n"; done | xargs)" '1 1 1 2 3 5 9 18'
    # Of those with one fluorine: the alkyl groups of 1 to 7 carbons.
    fluorides() { grep -x '[CF()]*' all.smi | awk -v n="$1" '{ s = t = $0 } gsub(/F/, "", s) == 1 && gsub(/C/, "", t) == n' | wc -l; }
    assert_equal "$(for n in 1 2 3 4 5 6 7; do fluorides "$n"; done | xargs)" '1 1 2 4 8 17 39'
    # Ethylbenzene and the three xylenes.
    assert_equal "$(grep 'c' all.smi | grep -xc '[Cc1()]*')" 6
    assert_equal "$(fold -w 1 all.smi | sort -u | tr -d '\n')" '#()12=CFHNO[]cno'
    assert_equal "$(awk 'length > n { n = length } END { print n }' all.smi)" 21
}

@test "there are 54,540 words to train on and 6,000 to test on" {
    make -s -C "$ROOT/data" words
    cd "$(make -s -C "$ROOT/data" path DATA=words)"
    assert_equal "$(wc -l <train.txt) $(wc -l <test.txt)" '54540 6000'
    assert_equal "$(grep -xch '[a-z]\{3,12\}' train.txt test.txt | xargs)" '54540 6000'
    assert_equal "$(sort -u train.txt test.txt | wc -l)" 60540
}
