#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# examples/molecules, on the molecules of up to 5 atoms. Its figures are counted again here, from the texts and streams that
# it leaves.

# shellcheck disable=SC2016 # what is quoted is awk's and perl's
load helper

PROGRAMS=(nauty-geng nauty-vcolg nauty-multig obabel)

# example DIR [NAME=VALUE...]: runs it on a small set, which is listed in a cache of the test's own.
example() {
    env XDG_CACHE_HOME="$BATS_FILE_TMPDIR/a cache" MOLECULE_ATOMS=5 EPOCHS=230 UNITS=40 BETA=0.05 SAMPLES=400 STARTS=40 \
        "${@:2}" "$ROOT/examples/molecules" "$1"
}

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    ! type -P "${PROGRAMS[@]}" >programs || example out >table 2>told
}

setup() {
    cd "$BATS_FILE_TMPDIR" || return
    type -P "${PROGRAMS[@]}" >programs || skip 'wants nauty and openbabel (make deps-chemistry)'
    cd out || return
    DATA="$BATS_FILE_TMPDIR/a cache/vaeutils/molecules-5"
}

# row WHAT: "figure error" of a row of the table, which is there once.
row() {
    awk -F '\t' -v what="$1" '$1 == what { n++; print $2, $3 } END { exit n != 1 }' results.tsv
}

# part FILE ALL: "percentage error" of the lines of FILE, of those of ALL.
part() {
    perl -e '($k, $n) = @ARGV; $p = $k / $n; printf "%.1f %.1f\n", 100 * $p, 100 * sqrt($p * (1 - $p) / $n)' \
        "$(grep -c . "$1")" "$(grep -c '^' "$2")"
}

# average: "mean error" of the numbers on stdin.
average() {
    perl -e '@x = <STDIN>; $m += $_ / @x for @x; $v += ($_ - $m) ** 2 / (@x - 1) for @x; printf "%.2f %.2f\n", $m, sqrt($v / @x)'
}

# whole: the canonical SMILES of the lines on stdin and their logP, without those in which an atom is in brackets.
whole() {
    obabel -ismi -ocan -e --append logP 2>"$BATS_TEST_TMPDIR/told" | perl -ne 'print if !/\[(?!nH\])/ && /\S\t\S/'
}

@test "the samples of the table are those of its texts" {
    diff results.tsv ../table
    vae-sample -n 400 -m mol.bin | cmp - samples.z.raw
    vae-decode -q -m mol.bin samples.z.raw | raw2text -m mol.bin | cmp - greedy.txt
    vae-decode -q --sample -m mol.bin samples.z.raw | raw2text -m mol.bin | cmp - drawn.txt
    run -1 cmp -s greedy.txt drawn.txt
    local name own=$BATS_TEST_TMPDIR
    for name in greedy drawn; do
        assert_equal "$(wc -l <$name.txt)" 400
        obabel -ismi $name.txt -ocan -e 2>"$own/told" | grep -v '^[[:space:]]*$' >"$own/taken"
        assert_equal "$(row "$name samples that Open Babel takes, %")" "$(part "$own/taken" $name.txt)"
        whole <$name.txt >"$own/whole"
        assert_equal "$(row "$name samples valid: no atom with too many bonds, %")" "$(part "$own/whole" $name.txt)"
        cut -f 1 "$own/whole" | perl -ne 'print unless $n{$_}++' >"$own/unique"
        assert_equal "$(row "$name samples valid and unique")" "$(wc -l <"$own/unique") -"
        sort "$own/unique" | cmp - $name.unique.txt
        # The set has no molecule twice, and no line is part of another by -x.
        grep -Fx -f "$own/unique" "$DATA/all.smi" | cmp - $name.in-set.txt
        assert_equal "$(row "of these $name samples in the enumerated set, %")" "$(part $name.in-set.txt "$own/unique")"
        grep -Fx -f "$own/unique" "$DATA/test.smi" | sort | cmp - $name.held-out.txt
        assert_equal "$(row "held-out molecules among the $name samples")" "$(wc -l <$name.held-out.txt) -"
        # Some are each, and some are not.
        holds "$(wc -l <$name.held-out.txt) < $(wc -l <$name.in-set.txt) && $(wc -l <$name.in-set.txt) < $(wc -l <$name.unique.txt)"
        holds "$(wc -l <$name.unique.txt) < 400 && $(wc -l <"$own/whole") < $(wc -l <"$own/taken")"
    done
}

@test "the bounds and the reconstructions of the table are those of the test molecules" {
    text2raw -m mol.bin "$DATA/test.smi" | cmp - test.raw
    local elbo kl log_likelihood error elbo_error
    vae-eval -q -k 100 -m mol.bin test.raw >bounds
    row_holds 2 '$1 == 95 && $2 < $5 && $5 < 0 && $4 > 1' <bounds
    read -r _ elbo _ kl log_likelihood error _ elbo_error _ < <(tail -n 1 bounds)
    assert_equal "$(row 'test elbo, nats per molecule')" "$(printf '%.2f %.2f' "$elbo" "$elbo_error")"
    assert_equal "$(row 'test log-likelihood, k = 100')" "$(printf '%.2f %.2f' "$log_likelihood" "$error")"
    assert_equal "$(row 'test KL')" "$(vae-eval -q --per-item -m mol.bin test.raw | awk 'NR > 1 { print $4 }' | average)"
    near "$kl" "$(row 'test KL' | cut -d ' ' -f 1)" 0.01
    assert_equal "$(row 'log-likelihood of a model that knows the whole set')" '-6.16 -' # of 475 molecules
    # Through the pipe again; each line that differs is one that does not come back.
    vae-encode -q -m mol.bin test.raw | vae-decode -q -m mol.bin | raw2text -m mol.bin >again
    mapfile -t again <again
    mapfile -t wanted <"$DATA/test.smi"
    assert_equal "${#again[@]} ${#wanted[@]}" '95 95'
    local i
    for i in "${!again[@]}"; do [ "${again[i]}" != "${wanted[i]}" ] || echo "${again[i]}"; done >same
    assert_equal "$(row 'test molecules reconstructed exactly, %')" "$(part same "$DATA/test.smi")"
    holds "$(wc -l <same) > 20 && $(wc -l <same) < 95"
}

@test "the climb starts from the lowest test molecules, and its ends are new, valid and counted once" {
    assert_equal "$(row 'starts of the climb')" '40 -'
    assert_equal "$(comm -12 <(sort start.txt) <(sort "$DATA/test.smi") | wc -l)" 40
    whole <start.txt >"$BATS_TEST_TMPDIR/starts"
    assert_equal "$(row 'mean logP of the starts')" "$(cut -f 2 "$BATS_TEST_TMPDIR/starts" | average)"
    cut -f 2 "$BATS_TEST_TMPDIR/starts" | sort -g | diff - <(sort -g "$DATA/test.logp" | sed -n 1,40p)
    local name what
    for name in climbed:'after the climb' control:'of the control'; do
        what=${name#*:} name=${name%%:*}
        vae-decode -q -m mol.bin "$name".raw | raw2text -m mol.bin | cmp - "$name".txt
        whole <"$name".txt | perl -ane 'BEGIN { open F, "start.txt"; chomp(@s = <F>); @n{@s} = (1) x @s } print unless $n{$F[0]}++' |
            sort >"$BATS_TEST_TMPDIR/$name"
        cmp "$BATS_TEST_TMPDIR/$name" "$name".tsv
        assert_equal "$(row "distinct valid molecules $what")" "$(wc -l <"$name".tsv) -"
        assert_equal "$(row "mean logP $what")" "$(cut -f 2 "$name".tsv | average)"
        holds "$(wc -l <"$name".tsv) > 8 && $(wc -l <"$name".tsv) < 40"
    done
    run ! command cmp -s climbed.tsv control.tsv
}

@test "each control is as far from its start as the climb, in another direction" {
    local name
    for name in train.z start.z climbed control; do table 56 <$name.raw | finite >"$BATS_TEST_TMPDIR/$name"; done
    cd "$BATS_TEST_TMPDIR"
    # Lengths are those of active latents, divided by their standard deviations over the training molecules.
    perl -e '
        sub rows { open my $f, "<", $_[0] or die; map { [split] } <$f> }
        my ($train, $start, $climbed, $control) = map { [rows($_)] } "train.z", "start.z", "climbed", "control";
        for my $j (0 .. 55) {
            my ($m, $v) = (0, 0);
            $m += $_->[$j] / @$train for @$train;
            $v += ($_->[$j] - $m) ** 2 / @$train for @$train;
            $deviation[$j] = $v > 0.01 ? sqrt $v : 0;
        }
        for my $i (0 .. $#$start) {
            my ($a, $b, $ab, $still) = (0, 0, 0, 0);
            for my $j (0 .. 55) {
                my ($u, $v) = map { $_->[$i][$j] - $start->[$i][$j] } $climbed, $control;
                if (!$deviation[$j]) { $still += abs($u) + abs($v); next }
                $_ /= $deviation[$j] for $u, $v;
                $a += $u ** 2; $b += $v ** 2; $ab += $u * $v;
            }
            printf "%.6f %.6f %.6f %g\n", sqrt $a, sqrt $b, $ab / sqrt($a * $b), $still;
        }' >lengths
    # 25 steps of 0.2 at most, and nearly all of it where the limit is far.
    rows_hold 40 '$1 - $2 < 1e-3 && $2 - $1 < 1e-3 && $1 < 5.001 && $1 > 1 && $3 < 0.7 && $4 == 0' <lengths
    awk '{ sum += $1 } END { print sum / NR }' lengths | row_holds 1 '$1 > 3'
}

@test "ten climbs are drawn, each end below its start, from the lowest start on" {
    assert_equal "$(awk -F '\t' 'NF == 4 && $1 != $3' ten.tsv | uniq | wc -l) $(wc -l <ten.tsv)" '10 10'
    cut -f 2 ten.tsv | sort -c -g
    # A start's line of climbed.txt is its end.
    paste start.tsv climbed.txt | while IFS=$'\t' read -r smiles logp end; do
        printf '%s\t%s\t%s\n' "$smiles" "$logp" "$(whole <<<"$end")"
    done | awk -F '\t' 'NF == 4 && $1 != $3' >"$BATS_TEST_TMPDIR/moved"
    assert_equal "$(grep -cFx -f "$BATS_TEST_TMPDIR/moved" ten.tsv)" 10
    assert_equal "$(sed -n '1p;$p' "$BATS_TEST_TMPDIR/moved")" "$(sed -n '1p;$p' ten.tsv)"
    grep -o '>[0-9]*\( climbed\)\?: logP [-0-9.]*' ten.svg | tr -d '>' >"$BATS_TEST_TMPDIR/titles"
    awk -F '\t' '
        { start[NR] = sprintf("%d: logP %.1f", NR, $2); end[NR] = sprintf("%d climbed: logP %.1f", NR, $4) }
        END { for (r = 0; r < 2; r++) { for (i = 1; i < 6; i++) print start[5 * r + i]; for (i = 1; i < 6; i++) print end[5 * r + i] } }' \
        ten.tsv | diff - "$BATS_TEST_TMPDIR/titles"
}

@test "a model that is there is not trained again, and its own beta is named" {
    mkdir "$BATS_TEST_TMPDIR/again"
    cp mol.bin mol.tsv "$BATS_TEST_TMPDIR/again"
    example "$BATS_TEST_TMPDIR/again" BETA=1 EPOCHS=3 >"$BATS_TEST_TMPDIR/table" 2>"$BATS_TEST_TMPDIR/told"
    diff "$BATS_TEST_TMPDIR/table" results.tsv
    cmp "$BATS_TEST_TMPDIR/again/mol.bin" mol.bin
    assert_equal "$(row beta)" '0.05 -'
    run ! grep vae-train "$BATS_TEST_TMPDIR/told"
}

@test "a training that is interrupted is continued to the same model" {
    cd "$BATS_TEST_TMPDIR"
    mkdir bin
    # Ends it once its model and its checkpoint are there.
    printf '%s\n' '#!/bin/bash' "$VAE_BUILD/vae-train --every 5 \"\$@\" &" 'while [ ! -e mol.ck ] && kill -0 $!; do sleep 0.01; done' \
        'kill $!' 'wait $!' >bin/vae-train
    chmod +x bin/vae-train
    run -143 example cut PATH="$PWD/bin:$PATH"
    assert_equal "$(cd cut && echo mol.* results.*)" 'mol.bin mol.ck mol.tsv results.*'
    example cut >table 2>told
    grep -q 'continuing from step' told
    cmp cut/mol.bin "$BATS_FILE_TMPDIR/out/mol.bin"
    assert [ ! -e cut/mol.ck ]
    assert_equal "$(wc -l <cut/mol.tsv)" 231
}

@test "a tool that writes nothing, or fails at its end, ends it, and it leaves no table" {
    cd "$BATS_TEST_TMPDIR"
    mkdir again
    cp "$BATS_FILE_TMPDIR/out/mol.bin" again
    example again SAMPLES=50 STARTS=12 2>err | rows_hold 24 'NF == 3' -F '\t' # as it is
    local case tool status
    for case in {text2raw,raw-info,csv2raw,vae-eval,vae-encode,vae-decode,raw2text,vae-sample,vae-climb,vae-info,obabel}=0 {vae-decode,obabel}=1; do
        tool=${case%=*}
        mkdir "$case"
        printf '#!/bin/sh\n%s "$@"\nexit %s\n' "$([ "${case#*=}" = 0 ] && echo : || command -v "$tool")" "${case#*=}" >"$case/$tool"
        chmod +x "$case/$tool"
        cp "$BATS_FILE_TMPDIR/out/results.tsv" again
        status=0
        example again SAMPLES=50 STARTS=12 PATH="$PWD/$case:$PATH" >out 2>err || status=$?
        [ "$status" -ne 0 ] && [ ! -s out ] && [ ! -e again/results.tsv ] || fail "$case: status $status, $(<err)"
    done
}
