#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Molecules and words of data/: those of up to 6 atoms, listed here. tests/long/molecules.bats has all of them.

# shellcheck disable=SC2030,SC2031 # bats runs each test in a subshell

load helper

PROGRAMS=(nauty-geng nauty-vcolg nauty-multig obabel)

setup_file() {
    mkdir "$BATS_FILE_TMPDIR/six"
    ! type -P "${PROGRAMS[@]}" >"$BATS_FILE_TMPDIR/programs" ||
        "$ROOT/data/list-molecules" 6 "$BATS_FILE_TMPDIR/six"
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    SIX=$BATS_FILE_TMPDIR/six
}

# chemistry: skips a test if its programs are not there.
chemistry() {
    type -P "${PROGRAMS[@]}" >programs || skip 'wants nauty and openbabel (make deps-chemistry)'
}

# formulas: "SMILES<tab>formula" of the SMILES on stdin.
formulas() {
    obabel -ismi -ocan -e --append formula 2>told | cut -f 1,2
}

# isomers PATTERN FORMULA...: how many molecules have each formula and a SMILES of only these characters.
isomers() {
    local pattern=$1 formula
    shift
    for formula; do
        formulas <"$SIX/all.smi" | awk -F '\t' -v p="$pattern" -v f="$formula" '$1 ~ p && $2 == f' | wc -l
    done | xargs
}

# patterns: "SMARTS SMILES" of each pattern and its molecule.
patterns() {
    grep -v '^#' "$ROOT/data/molecules.txt"
}

@test "each series has the known number of isomers" {
    chemistry
    # Alkanes and fluoroalkanes: OEIS A000602 and A000598. The others can be drawn.
    assert_equal "$(isomers '^[C()]*$' CH4 C2H6 C3H8 C4H10 C5H12 C6H14)" '1 1 1 2 3 5'
    assert_equal "$(isomers '^[CO()]*$' CH4O C2H6O C3H8O C4H10O C5H12O)" '1 2 3 7 14'
    assert_equal "$(isomers '^[CN()]*$' CH5N C2H7N C3H9N C4H11N C5H13N)" '1 2 4 8 17'
    assert_equal "$(isomers '^[CF()]*$' CH3F C2H5F C3H7F C4H9F C5H11F)" '1 1 2 4 8'
    assert_equal "$(isomers '^[C()=]*$' C2H4 C3H6 C4H8 C5H10 C6H12)" '1 1 3 5 13'
    assert_equal "$(isomers '^[C()#]*$' C2H2 C3H4 C4H6 C5H8 C6H10)" '1 1 2 3 7'
    # Benzene; pyridine; pyridazine, pyrimidine and pyrazine; furan; pyrrole; pyrazole and imidazole.
    assert_equal "$(isomers '^[cno1H[\]]*$' C6H6 C5H5N C4H4N2 C4H4O C4H5N C3H4N2)" '1 1 3 1 1 2'
}

@test "the SMILES are canonical, each there once, and logP is that of the canonical SMILES" {
    chemistry
    assert_equal "$(uniq <"$SIX/all.smi" | wc -l)" "$(wc -l <"$SIX/all.smi")"
    sort -c "$SIX/all.smi"
    obabel -ismi "$SIX/all.smi" -ocan -e --append logP 2>told | cut -f 1,2 | diff - <(paste "$SIX/all.smi" "$SIX/all.logp")
    # Numbered otherwise, too.
    obabel -ismi "$SIX/all.smi" -osmi -xC -e 2>told | obabel -ismi -ocan -e 2>told | cut -f 1 | diff - "$SIX/all.smi"
}

@test "the hydrogens that Open Babel counts fill the valences, and no element or ring breaks the rules" {
    chemistry
    # With double bonds in aromatic rings.
    obabel -ismi "$SIX/all.smi" -osmi -xk -e --append formula 2>told | perl -ne '
        my ($smiles, $formula) = split;
        my %n = (C => 0, H => 0, N => 0, O => 0, F => 0);
        $n{$1} = $2 || 1 while $formula =~ /([A-Z])(\d*)/g;
        my $rings = ($smiles =~ tr/1-9//) / 2;
        my $pi = ($smiles =~ tr/=//) + 2 * ($smiles =~ tr/#//);
        my $hydrogens = 2 * $n{C} + 2 + $n{N} - $n{F} - 2 * ($rings + $pi);
        print "$smiles $formula: wanted $hydrogens\n" if $n{H} != $hydrogens;
        print "$smiles: too few carbons\n" if $n{N} + $n{O} + $n{F} > $n{C};
        print "$smiles: too many rings\n" if $rings > 2;
        print "$smiles: a bond\n" if $smiles =~ /OO|F[NOF]|[NO]F|^O=O/;
        END { print "$.\n" }' >found
    assert_equal "$(cat found)" "$(wc -l <"$SIX/all.smi")"
}

@test "each pattern removes its own molecule, and no other pattern does" {
    chemistry
    patterns | awk '{ print $2 "\t" $1 }' >examples
    local pattern smiles
    while read -r pattern smiles; do
        obabel -ismi examples -ocan -e --filter "s='$pattern'" 2>told | cut -f 2 >removed
        assert_equal "$(cat removed)" "$pattern"
    done < <(patterns)
    # The list has none of them, but has molecules that are nearly the same.
    cut -f 1 examples | obabel -ismi -ocan -e 2>told | cut -f 1 | sort >gone
    assert_equal "$(wc -l <gone)" "$(patterns | wc -l)"
    assert_empty "$(comm -12 gone "$SIX/all.smi")"
    for smiles in C1CC1 C1CCC1 C1CC2C1C2 CN=CO CN=C C=O CC=O CC#N C=CC=C CC=NO CCNN COC=C OCCO COCOC 'CC(F)F' O=C1CC1; do
        obabel -:"$smiles" -ocan 2>told | cut -f 1
    done | sort | comm -12 - "$SIX/all.smi" | sort >there
    assert_equal "$(xargs <there)" 'C1CC1 C1CCC1 C=CC=C C=O CC#N CC(F)F CC=NO CC=O CCNN COC=C COCOC OCCO'
}

@test "graphs have no atom in two rings of three or four" {
    chemistry
    # kept N EDGES: how many of the connected graphs there are, and how many are left.
    kept() { nauty-geng -qc "$1" "$2:$2" | tee all | "$ROOT/data/molecule-graphs" rings >left && wc -l <all && wc -l <left; }
    assert_equal "$(kept 4 4 | xargs)" '2 2'
    # Bicyclobutane; spiropentane, bicyclo[2.1.0] and [1.1.1]pentane, and bicyclobutanes with a methyl group.
    assert_equal "$(kept 4 5 | xargs)" '1 0'
    assert_equal "$(kept 5 6 | xargs)" '5 0'
    # Left are bicyclo[3.1.0]hexane and [2.1.1]hexane, and bicyclopropyl.
    assert_equal "$(kept 6 7 | xargs)" '19 3'
}

@test "colours and bond orders become SMILES, and are dropped where they are no molecule" {
    # Of three atoms in a row: C-C-O, C-O-C, F-C-F, C-N-F, O-O-C, and O-N-O between carbons.
    printf '%s\n' '3 2 0 0 2  0 2 1 2' '3 2 0 0 2  0 1 1 2' '3 2 0 3 3  0 1 0 2' '3 2 0 1 3  0 1 1 2' \
        '4 3 0 0 2 2  0 1 1 2 2 3' '6 5 0 0 0 1 2 2  0 1 1 4 4 3 3 5 5 2' |
        "$ROOT/data/molecule-graphs" elements >left
    assert_equal "$(cat left)" $'3 2 0 0 2  0 2 1 2\n3 2 0 0 2  0 1 1 2'
    # Acetonitrile, cyclopropanol, bicyclobutane; carbon with 5 bonds, oxygen with 3, fluorine with 2.
    printf '%s\n' '3 2 0 0 1  0 1 1 1 2 3' '4 4 0 0 0 2  0 1 1 0 2 1 1 2 1 2 3 1' '4 5 0 0 0 0  0 1 1 0 2 1 0 3 1 1 2 1 1 3 1' \
        '3 2 0 0 0  0 1 3 0 2 2' '2 1 0 2  0 1 3' '2 1 0 3  0 1 2' |
        "$ROOT/data/molecule-graphs" smiles >texts
    assert_equal "$(cat texts)" $'CC#N\nC1CC1O\nC12C(C1)C2'
}

@test "the lines to test on are those whose SHA-256 comes first" {
    seq 40 | awk '{ print "word" $1 "\t" $1 }' >lines
    "$ROOT/data/hold-out" 5 train.tsv test.tsv <lines
    while read -r word _; do
        echo "$(printf %s "$word" | sha256sum | cut -d ' ' -f 1) $word"
    done <lines | sort | awk 'NR <= 5 { print $2 }' | sort >wanted
    cut -f 1 test.tsv | sort | cmp - wanted
    sort -k 2 -n train.tsv test.tsv | cmp - lines
    sort -c -t $'\t' -k 2 -n train.tsv
    sort -c -t $'\t' -k 2 -n test.tsv
    # At most a fifth.
    "$ROOT/data/hold-out" 20000 train.tsv test.tsv <lines
    assert_equal "$(wc -l <test.tsv) $(wc -l <train.tsv)" '8 32'
    run ! "$ROOT/data/hold-out" 5 train /dev/full <lines
    assert_output --partial 'hold-out: /dev/full: No space left on device'
}

@test "the parts of the list belong together, and their number does not change them" {
    chemistry
    local part
    for part in all small train test; do
        assert_equal "$(wc -l <"$SIX/$part.smi")" "$(wc -l <"$SIX/$part.logp")"
        paste "$SIX/$part.smi" "$SIX/$part.logp" >"$part.tsv"
    done
    sort train.tsv test.tsv | cmp - all.tsv
    cmp small.tsv all.tsv
    assert_equal "$(wc -l <test.tsv)" $(($(wc -l <all.tsv) / 5))
    mkdir bin five
    printf '#!/bin/sh\necho 3\n' >bin/nproc
    chmod +x bin/nproc
    PATH=$PWD/bin:$PATH "$ROOT/data/list-molecules" 5 five
    awk '{ s = $0 } gsub(/[CNOFcno]/, "", s) < 6' "$SIX/all.smi" | cmp - five/all.smi
    assert_equal "$(cd five && echo *)" 'all.logp all.smi small.logp small.smi test.logp test.smi train.logp train.smi'
}

@test "a program that is missing is named with the target that installs it, in one line" {
    mkdir bin
    local program
    for program in bash dirname make sh env rm mkdir mktemp grep; do
        ln -s "$(command -v "$program")" bin
    done
    export XDG_CACHE_HOME=$PWD/cache
    PATH=$PWD/bin run ! make -s -C "$ROOT/data" molecules
    assert_line 'list-molecules: nauty-geng: not found, wanted nauty (make deps-chemistry)'
    assert_equal "$(grep -vc '^make' <<<"$output")" 1
    for program in nauty-geng nauty-vcolg nauty-multig; do ln -s /bin/true "bin/$program"; done
    PATH=$PWD/bin run ! make -s -C "$ROOT/data" molecules MOLECULE_ATOMS=3
    assert_line 'list-molecules: obabel: not found, wanted openbabel (make deps-chemistry)'
    assert_empty "$(find cache -type f)"
    fails 2 "list-molecules: ATOMS OUT: found '9 $PWD', wanted a number from 1 to 8 and a directory" \
        "$ROOT/data/list-molecules" 9 "$PWD"
}

@test "Open Babel's errors, and lines that are lost, end the list" {
    chemistry
    mkdir bin list
    # shellcheck disable=SC2016 # the script's own arguments
    printf '#!/bin/sh\n%s "$@" | sed 1d\n' "$(command -v obabel)" >bin/obabel
    chmod +x bin/obabel
    local PATH=$PWD/bin:$PATH
    fails 1 "list-molecules: obabel: found '1 molecule converted ' and 0 lines, wanted " "$ROOT/data/list-molecules" 1 list
    printf '#!/bin/sh\necho "Open Babel Error" >&2; echo "0 molecules converted" >&2\n' >bin/obabel
    fails 1 "list-molecules: obabel: found 'Open Babel Error 0 molecules converted ' and 0 lines, wanted " \
        "$ROOT/data/list-molecules" 1 list
    printf '#!/bin/sh\nexit 1\n' >bin/nauty-vcolg
    chmod +x bin/nauty-vcolg
    fails 1 'list-molecules: size 1: a program of nauty or Open Babel failed' "$ROOT/data/list-molecules" 1 list
    assert_empty "$(find list -type f)"
}

@test "other molecules than the published ones never appear under their names" {
    chemistry
    mkdir bin
    export XDG_CACHE_HOME="$PWD/a cache"
    make -s -C "$ROOT/data" molecules MOLECULE_ATOMS=3
    cmp "a cache/vaeutils/molecules-3/all.smi" <(awk '{ s = $0 } gsub(/[CNOFcno]/, "", s) < 4' "$SIX/all.smi")
    # Each graph is methane.
    printf '#!/bin/sh\necho @\n' >bin/nauty-geng
    chmod +x bin/nauty-geng
    PATH=$PWD/bin:$PATH run ! make -s -C "$ROOT/data" molecules
    assert_line 'data: molecules: cannot get the files with their published SHA-256: wanted nauty 2.8.6 and openbabel 3.1.1 of Debian 12 (make deps-chemistry)'
    assert_empty "$(find 'a cache/vaeutils/molecules' -type f)"
}

@test "another list of words is refused, and a package that cannot be fetched is named" {
    export XDG_CACHE_HOME="$PWD/a cache"
    mkdir dict
    printf '%s\n' apple Bob "bob's" ox pear >dict/american-english
    run ! make -s -C "$ROOT/data" words WORDS_SOURCE="$PWD/dict"
    assert_line --partial 'words/train.txt: FAILED'
    assert_line --partial 'wanted perl (make deps) and wamerican of Debian 12 (installed or from apt-get download)'
    mkdir bin
    # shellcheck disable=SC2016 # the script's own argument
    printf '#!/bin/sh\nfor name; do :; done\necho "$name" >>asked\nexit 100\n' >bin/apt-get
    chmod +x bin/apt-get
    PATH=$PWD/bin:$PATH run ! make -s -C "$ROOT/data" words WORDS_SOURCE=/none
    assert_line --partial 'data: words: cannot get the files with their published SHA-256'
    assert_empty "$(find 'a cache' -type f)"
}
