#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A user's locale may have decimal commas, which awk, od, sort -g and bash's printf then read and write. The tools keep
# decimal points, and so do tests, examples and the commands of the manual.
load helper

# german COMMAND...: the command in a locale with decimal commas, which is made for it: none needs to be installed.
german() {
    env LOCPATH="$BATS_FILE_TMPDIR" LC_ALL=de_DE.UTF-8 "$@"
}

setup_file() {
    localedef -i de_DE -f UTF-8 "$BATS_FILE_TMPDIR/de_DE.UTF-8" >/dev/null 2>&1 || true
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    [ "$(german locale decimal_point)" = , ] || skip 'no locale with decimal commas: wants the package locales'
}

@test "the tools keep decimal points" {
    { header f32 1 2 . && f32 0.5 1.25; } >items.raw
    german raw-info items.raw >found
    raw-info items.raw >wanted
    cmp found wanted
    assert_regex "$(<found)" '1\.25'
    printf 'x1\n1.5\n1.00000000000000001e-7\n' >table.csv # the last one by strtod
    german csv2raw table.csv >table.raw
    assert_equal "$(german raw2csv table.raw | xargs)" 'x1 1.5 1e-7'
    assert_equal "$(german raw2csv --digits 1 table.raw | xargs)" 'x1 2 1e-7'
    german vae-train -q -m model.bin -H 2 -z 1 -e 1 -l gaussian --sigma 0.25 --log log.tsv items.raw
    assert_equal "$(metadata model.bin sigma)" 0.25
    assert_equal "$(last log 10)" 0.001
    german vae2c -m model.bin encoder | cmp - <(vae2c -m model.bin encoder)
}

@test "every test file runs its programs with decimal points" {
    # shellcheck disable=SC2016 # the inner file's own commands
    printf '%s\n' "load '$ROOT/tests/helper'" '@''test "figures" {' \
        '    assert_equal "$(echo 1 2 | awk "{ print \$1 / \$2 }")" 0.5' \
        '    assert_equal "$(f32 0.5 | od -A n -t f4 | tr -d " ")" 0.5' \
        '    assert_equal "$(printf %.2f 0.25)" 0.25' '}' >inner.bats
    run -0 german bats --tap inner.bats
    for file in "$ROOT"/tests/*.bats "$ROOT"/tests/long/*.bats; do
        grep -Eqx 'load (\.\./)?helper' "$file" || fail "$file: does not load the helper"
    done
}

@test "the examples make the same tables" {
    for locale in C de_DE.UTF-8; do
        LOCPATH=$BATS_FILE_TMPDIR LC_ALL=$locale DATA=sample CLASSES=1 EPOCHS=5 "$ROOT/examples/anomaly" $locale >/dev/null
        mkdir $locale/paper
        idx2raw -n 20 "$IMAGES" | tee $locale/paper/train.raw >$locale/paper/test.raw
        idx2raw -n 20 "$LABELS" >$locale/paper/labels.raw
        for recipe in figure2 figure4; do
            LOCPATH=$BATS_FILE_TMPDIR LC_ALL=$locale EPOCHS=1 OUT=$locale/paper "$ROOT/examples/paper/$recipe" \
                >$locale/paper/$recipe.out
        done
    done
    # With all their numbers.
    for table in auc.tsv:6 paper/figure2.out:7 paper/figure2.tsv:10 paper/figure4.tsv:40; do
        diff "C/${table%:*}" "de_DE.UTF-8/${table%:*}"
        assert_equal "$(grep -o '[0-9]\+\.[0-9]\+' "C/${table%:*}" | wc -l)" "${table#*:}"
    done
}

@test "the runner sets the locale for what it starts" {
    mkdir unit
    # shellcheck disable=SC2016 # the program's own variable
    printf '%s\n' '#!/bin/sh' 'echo 1..1' '[ "$LC_ALL" = C ] && echo ok 1 || echo not ok 1' >unit/fake
    chmod +x unit/fake
    run -0 german "$ROOT/tests/run" "$PWD/unit/fake"
}

@test "commands of the manual that show or sort real numbers set the locale" {
    grep -n -E 'od .*-t f|sort .*-g|awk .*[0-9][.][0-9]' "$ROOT"/man/*.[157] | grep -v '^[^:]*:[0-9]*:\.' >shown
    assert [ "$(wc -l <shown)" -ge 8 ]
    run grep -v -E 'LC_ALL=C (od|sort|awk) ' shown
    assert_output ''
}
