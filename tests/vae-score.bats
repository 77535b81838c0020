#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# vae-score: one number per item: the higher, the less typical.
# shellcheck disable=SC2016 # what is quoted is awk's
load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    idx2raw -n 100 "$IMAGES" >items.raw
    vae-train -q -m model.bin -H 16 -b 20 -e 30 -r 0.003 items.raw
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/* .
}

# doubles: a stream of f64 of shape 1 as text, a number a line.
doubles() {
    payload | od -A n -v -t f8 -w8 | finite
}

# column N OPTION...: minus a column of vae-eval --per-item.
column() {
    local n=$1
    shift
    vae-eval -q -m model.bin --per-item "$@" items.raw | awk -v n="$n" 'NR > 1 { printf "%.4f\n", -$n }'
}

# agree A B: the same numbers, to the decimals of vae-eval.
agree() {
    paste "$1" "$2" | rows_hold 100 'NF == 2 && ($1 - $2)^2 <= 1e-8'
}

@test "a score is minus the figure of vae-eval, by each method" {
    vae-score -m model.bin items.raw >out
    assert_equal "$(head -1 out)" "$(header f64 1 100 .)"
    doubles <out >elbo
    agree elbo <(column 2)
    vae-score -m model.bin --method elbo items.raw | cmp - out
    vae-score -m model.bin --method reconstruction items.raw | doubles >by_reconstruction
    agree by_reconstruction <(column 3)
    vae-score -m model.bin --method nll -k 7 items.raw | doubles >by_nll
    agree by_nll <(column 5 -k 7)
}

@test "-k counts for every method; 100 draws are the default of nll, 1 of the others" {
    vae-score -m model.bin --method nll items.raw | cmp - <(vae-score -m model.bin --method nll --samples 100 items.raw)
    for method in elbo reconstruction; do
        vae-score -m model.bin --method $method items.raw | cmp - <(vae-score -m model.bin --method $method -k 1 items.raw)
    done
    vae-score -m model.bin -k 5 items.raw | doubles >five
    agree five <(column 2 -k 5)
}

@test "noise is stranger than clothes, by each method" {
    { header u8 28x28 20 . && perl -e 'srand 3; print map { chr int rand 256 } 1 .. 784 * 20'; } >noise.raw
    for method in elbo nll reconstruction; do
        vae-score -m model.bin --method $method items.raw | doubles >clothes
        vae-score -m model.bin --method $method noise.raw | doubles >noise
        # Than 95 of 100 of them, each.
        limit=$(sort -g clothes | sed -n 95p)
        rows_hold 20 '$1 > limit' -v limit="$limit" <noise || fail "$method"
    done
}

# With --calibrate the draws for seed 1 are those that seed OTHER gives without.
OTHER=11400714819323198484

@test "--calibrate gives p-values: (1 + those not below) / (1 + all)" {
    { header f64 1 4 . && perl -e 'print pack "d<*", @ARGV' -- 300 250 300 350; } >by.raw
    vae-score -m model.bin --calibrate by.raw items.raw >out
    assert_equal "$(head -1 out)" "$(header f64 1 100 .)"
    paste <(doubles <out) <(vae-score -m model.bin -S $OTHER items.raw | doubles) | awk '
        { d = $1 - (1 + ($2 <= 250) + 2 * ($2 <= 300) + ($2 <= 350)) / 5; if (d > 1e-9 || d < -1e-9) bad = 1; seen[$1]++ }
        END { for (p in seen) n++; exit bad || NR != 100 || n < 3 }'
    { header f32 1 4 . && f32 350 300 250 300; } >single.raw
    vae-score -m model.bin --calibrate single.raw items.raw | cmp - out
}

@test "items among their own scores: ties count, and the p-values are the ranks" {
    vae-score -m model.bin -S $OTHER items.raw >own.raw
    vae-score -m model.bin --calibrate own.raw items.raw | doubles | sort -g |
        rows_hold 100 '($1 - (NR + 1) / 101)^2 <= 1e-18'
    # Its own scores in any frames are the same.
    recut 7 <own.raw >frames.raw
    vae-score -m model.bin --calibrate frames.raw items.raw | cmp - <(vae-score -m model.bin --calibrate own.raw items.raw)
}

@test "an item has noise of its own, not that of the score in its place" {
    # One image 1,000 times: noise alone tells the scores apart, and with that of the same places each would be itself.
    { header u8 28x28 1000 . && for _ in $(seq 1000); do idx2raw -n 1 "$IMAGES" | payload; done; } >same.raw
    vae-score -q -m model.bin same.raw >by.raw
    vae-score -q -m model.bin --calibrate by.raw same.raw | doubles >p
    paste <(doubles <by.raw) p | sort -g -r | awk '{ d = $2 - (NR + 1) / 1001; n += d * d < 1e-12 } END { exit !(NR == 1000 && n < 100) }'
    # Ranks among others: uniform, within four standard deviations.
    for share in 0.1 0.5 0.9; do
        awk -v s=$share '{ n += $1 <= s } END { d = n / NR - s; exit !(d * d < 16 * 2 * s * (1 - s) / NR) }' p
    done
}

@test "grey values under a Bernoulli likelihood are noted" {
    vae-score -m model.bin items.raw 2>err >out
    assert_regex "$(<err)" '^vae-score: items.raw: grey values under -l bernoulli'
    # By vae-eval, too, in each of its tables.
    for table in '' --per-item --latents '-k 2 --curve'; do
        # shellcheck disable=SC2086 # none, one or several options
        vae-eval -m model.bin $table items.raw 2>err >rows
        assert_regex "$(<err)" '^vae-eval: items.raw: grey values under -l bernoulli'
    done
    vae-score -q -m model.bin items.raw 2>err | cmp - out
    assert_empty "$(<err)"
}

@test "one grey item is noted, wherever it stands" {
    local at
    for at in 0 1 700; do
        { header u8 28x28 701 . && perl -e 'print $_ == $ARGV[0] ? "\x80" x 784 : "\xff" x 784 for 0 .. 700' -- $at; } >grey.raw
        vae-score -m model.bin grey.raw 2>err >out
        grep -q '^vae-score: grey.raw: grey values ' err
    done
}

@test "of unseen normal items at most a share of p has a p-value of p" {
    idx2raw --skip 100 -n 450 "$IMAGES" | vae-score -m model.bin >by.raw
    idx2raw --skip 550 -n 450 "$IMAGES" | vae-score -m model.bin --calibrate by.raw | doubles |
        awk '{ n += $1 <= 0.1; m += $1 <= 0.5 } END { exit !(NR == 450 && n / NR < 0.16 && m / NR > 0.4 && m / NR < 0.6) }'
}

@test "seed, threads and frames: as everywhere" {
    vae-score -m model.bin -k 3 items.raw >out
    for j in 1 3; do vae-score -m model.bin -k 3 -j $j items.raw | cmp - out; done
    recut 33 <items.raw | vae-score -m model.bin -k 3 >frames
    payload <frames | cmp - <(payload <out)
    assert_equal "$(grep -a -o 'raw1 f64 1 [0-9]* [.+]' frames | cut -d ' ' -f 4,5 | xargs)" '33 + 33 + 33 + 1 .'
    vae-score -m model.bin -k 3 -S 2 items.raw >other
    run -1 cmp -s other out
    header u8 28x28 0 . | vae-score -m model.bin | cmp - <(header f64 1 0 .)
}

@test "bad items and bad scores are refused by name" {
    fails 2 "vae-score: --method: found 'mse', wanted one of elbo, nll, reconstruction" vae-score -m model.bin --method mse
    fails 2 "vae-score: --calibrate: found '-', wanted a file's name, not a standard stream" \
        vae-score -m model.bin --calibrate - items.raw
    fails 1 'vae-score: none: cannot open' vae-score -m model.bin --calibrate none items.raw
    fails 1 'vae-score: items.raw: items are u8 of shape 28x28, wanted scores, f32 or f64 of shape 1' \
        vae-score -m model.bin --calibrate items.raw items.raw
    { header f64 1 0 .; } >no.raw
    fails 1 'vae-score: no.raw: no items, wanted at least 1' vae-score -m model.bin --calibrate no.raw items.raw
    { header f32 1 2 . && f32 1 nan; } >nan.raw
    fails 1 'vae-score: nan.raw: item 1 is not a finite number, wanted a score' vae-score -m model.bin --calibrate nan.raw items.raw
    { header f64 1 2 . && perl -e 'print pack "d<*", 1, "-inf"'; } >inf.raw
    fails 1 'vae-score: inf.raw: item 1 is not a finite number, wanted a score' vae-score -m model.bin --calibrate inf.raw items.raw
    { header i32 1 1 . && printf '\1\0\0\0'; } >whole.raw
    fails 1 'vae-score: whole.raw: items are i32 of shape 1, wanted scores, f32 or f64 of shape 1' \
        vae-score -m model.bin --calibrate whole.raw items.raw
    fails 1 'vae-score: stdin: items have shape 1, model.bin wants 28x28' vae-score -m model.bin < <(idx2raw "$LABELS")
    { header f32 28x28 1 . && perl -e 'print pack "f<*", (0) x 700, 2, (0) x 83'; } >bad.raw
    fails 1 'vae-score: bad.raw: item 0, element 700 is 2, wanted a number in [0,1]' vae-score -m model.bin bad.raw
}
