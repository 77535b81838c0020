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

@test "a score of draws is minus the figure of vae-eval, by each method" {
    vae-score -m model.bin -k 1 items.raw >out
    assert_equal "$(head -1 out)" "$(header f64 1 100 .)"
    doubles <out >elbo
    agree elbo <(column 2)
    vae-score -m model.bin -k 1 --method elbo items.raw | cmp - out
    vae-score -m model.bin -k 1 --method reconstruction items.raw | doubles >by_reconstruction
    agree by_reconstruction <(column 3)
    vae-score -m model.bin --method nll -k 7 items.raw | doubles >by_nll
    agree by_nll <(column 5 -k 7)
}

@test "-k counts for every method; 100 draws are the default of nll, and none of the others" {
    vae-score -m model.bin --method nll items.raw | cmp - <(vae-score -m model.bin --method nll --samples 100 items.raw)
    # At z = mu: what comes back of the mean, and the distance of the posterior.
    vae-encode -m model.bin items.raw | vae-decode -m model.bin | table 784 >means
    vae-encode -m model.bin --stats items.raw | table 40 >stats
    payload <items.raw | od -A n -v -t u1 -w784 >pixels
    paste means pixels stats | awk '{
        sum = kl = 0
        for (i = 1; i <= 784; i++) { x = $(i + 784) / 255; sum -= x * log($i) + (1 - x) * log(1 - $i) }
        for (i = 1569; i <= 1588; i++) kl += (exp($(i + 20)) + $i * $i - 1 - $(i + 20)) / 2
        print sum, sum + kl
    }' >wanted
    vae-score -m model.bin items.raw | doubles | paste - wanted | rows_hold 100 '($1 - $3)^2 < 1e-4'
    vae-score -m model.bin --method reconstruction items.raw | doubles | paste - wanted | rows_hold 100 '($1 - $2)^2 < 1e-4'
    vae-score -m model.bin items.raw >out
    vae-score -m model.bin -S 2 items.raw | cmp - out
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

# copies N: one image N times.
copies() {
    header u8 28x28 "$1" .
    idx2raw -n 1 "$IMAGES" | payload | perl -e 'local $/; print <STDIN> x $ARGV[0]' -- "$1"
}

@test "equal items have equal scores, unless they are drawn" {
    copies 200 >same.raw
    vae-train -q -m bits.bin --binarize sample -H 16 -z 2 -e 1 items.raw
    vae-train -q -m vamp.bin --prior vamp:3 -H 16 -z 2 -e 1 items.raw
    for model in model bits vamp; do
        for method in elbo reconstruction; do
            vae-score -q -m $model.bin --method $method same.raw | doubles | sort -u | wc -l | grep -x 1
            vae-score -q -m $model.bin --method $method -k 1 same.raw | doubles | sort -u | wc -l | grep -x 200
        done
    done
    # Other uses of the same model draw its pixels, also with one draw.
    paste <(vae-eval -q -m bits.bin --latents items.raw | tail -n +2 | cut -f 4) \
        <(vae-encode -m bits.bin items.raw | table 2 | awk '{ a += $1; b += $2 } END { print a / NR; print b / NR }') |
        rows_hold 2 '($1 - $2)^2 < 1e-9'
    vae-encode -m bits.bin same.raw | table 2 | sort -u | wc -l | grep -x 200
    # A pixel that may become 0 or 1 counts as the mean of both.
    vae-score -q -m bits.bin --method reconstruction items.raw | doubles >means
    vae-score -q -m bits.bin --method reconstruction -k 200 items.raw | doubles | paste - means | awk '{ a += $1; b += $2 } END { exit !(NR == 100 && b < a && b > 0.9 * a) }'
}

# calibration FILE SCORE...: a file of scores, with others in the place of its own.
calibration() {
    local head=$1
    shift
    { head -5 "$head" && echo "scores $#" && printf '%s\n' "$@"; }
}

# With --calibrate the draws for seed 1 are those that seed OTHER gives without.
OTHER=11400714819323198484

@test "--calibrate gives p-values: (1 + those not below) / (1 + all)" {
    vae-score -m model.bin --write-calibration own.txt items.raw >scores
    calibration own.txt 250 300 300 350 >by.txt
    vae-score -m model.bin --calibrate by.txt items.raw >out
    assert_equal "$(head -1 out)" "$(header f64 1 100 .)"
    paste <(doubles <out) <(doubles <scores) | awk '
        { d = $1 - (1 + ($2 <= 250) + 2 * ($2 <= 300) + ($2 <= 350)) / 5; if (d > 1e-9 || d < -1e-9) bad = 1; seen[$1]++ }
        END { for (p in seen) n++; exit bad || NR != 100 || n < 3 }'
    vae-score -m model.bin --calibrate <(cat by.txt) items.raw | cmp - out
}

@test "--write-calibration writes how the scores were made, and all of them in order" {
    vae-score -m model.bin items.raw >out
    vae-score -m model.bin --write-calibration own.txt items.raw | cmp - out
    assert_equal "$(sed -E '2s/ [0-9a-f]{16}$/ DIGEST/; 6q' own.txt | paste -s -d ,)" \
        'vae-score calibration 1,model DIGEST,method elbo,draws 0,per-observed no,scores 100'
    # Every bit of them.
    tail -n +7 own.txt | perl -ne 'BEGIN { binmode STDOUT } print pack "d<", $_' >sorted
    payload <out | perl -e 'local $/; print pack "d<*", sort { $a <=> $b } unpack "d<*", <STDIN>' | cmp - sorted
    # Of more scores than are written at a time, in any frames and with any number of threads.
    for _ in 1 2 3 4 5 6 7 8 9 10; do cat items.raw; done >many.raw
    vae-score -m model.bin --write-calibration many.txt many.raw >/dev/null
    recut 7 <many.raw | vae-score -m model.bin -j 3 --write-calibration again.txt >/dev/null
    cmp many.txt again.txt
    tail -n +7 many.txt | sort -g -c
    assert_equal "$(wc -l <many.txt)" 1006
    # Another run puts a new file in its place.
    vae-score -m model.bin -k 3 --method nll --write-calibration many.txt items.raw >/dev/null
    sed -n 3,5p many.txt | paste -s -d , | grep -x 'method nll,draws 3,per-observed no'
    assert_equal "$(wc -l <many.txt)" 106
}

@test "--calibrate refuses scores of another model, or that were made otherwise" {
    vae-score -m model.bin --write-calibration own.txt items.raw >/dev/null
    cp model.bin copy.bin
    vae-score -m copy.bin --calibrate own.txt items.raw >/dev/null
    vae-train -q -m other.bin -H 16 -b 20 -e 1 items.raw
    fails 1 "vae-score: own.txt: its scores have 'model " vae-score -m other.bin --calibrate own.txt items.raw
    assert_regex "$(<err)" " its scores have 'model [0-9a-f]{16}', wanted 'model [0-9a-f]{16}' as in this run$"
    # A number that is cut is another number.
    for bytes in 1 3; do
        head -c -$bytes own.txt >cut.txt
        fails 1 "vae-score: cut.txt: ended within line $(wc -l <own.txt), wanted all of it" vae-score -m model.bin --calibrate cut.txt items.raw
    done
    assert [ ! -s out ]
    # The weights are the same, and the likelihood is not.
    perl "$ROOT/tests/safetensors.pl" edit '$head =~ s/"likelihood":"bernoulli"/"likelihood":"cbernoulli"/' <model.bin >changed.bin
    fails 1 "vae-score: own.txt: its scores have 'model " vae-score -m changed.bin --calibrate own.txt items.raw
    fails 1 "vae-score: own.txt: its scores have 'method elbo', wanted 'method nll' as in this run" \
        vae-score -m model.bin --method nll --calibrate own.txt items.raw
    fails 1 "vae-score: own.txt: its scores have 'draws 0', wanted 'draws 2' as in this run" \
        vae-score -m model.bin -k 2 --calibrate own.txt items.raw
    fails 1 "vae-score: own.txt: its scores have 'per-observed no', wanted 'per-observed yes' as in this run" \
        vae-score -m model.bin --per-observed --calibrate own.txt items.raw
    vae-score -m model.bin items.raw >scores.raw
    fails 1 'vae-score: scores.raw: is a stream, wanted the file that vae-score --write-calibration writes beside its stream' \
        vae-score -m model.bin --calibrate scores.raw items.raw
}

@test "a calibration has a place of its own, and is there whole or not at all" {
    cp items.raw .own.txt.tmp
    fails 1 'vae-score: own.txt: would be written and is also read as .own.txt.tmp, wanted a file of its own' \
        vae-score -m model.bin --write-calibration own.txt .own.txt.tmp
    rm .own.txt.tmp
    fails 1 'vae-score: model.bin: would be written and is also read as model.bin, wanted a file of its own' \
        vae-score -m model.bin --write-calibration model.bin items.raw
    # shellcheck disable=SC2094 # that is refused
    fails 1 'vae-score: items.raw: would be written and is also read as -' vae-score -m model.bin --write-calibration items.raw <items.raw
    fails 1 'vae-score: out: is standard output, too, wanted another file' vae-score -m model.bin --write-calibration out items.raw
    fails 1 "vae-score: none/own: there is no directory 'none', wanted it" vae-score -m model.bin --write-calibration none/own items.raw
    echo before >own.txt
    header u8 28x28 0 . >no.raw
    fails 1 'vae-score: own.txt: no scores to write, wanted at least 1' vae-score -m model.bin --write-calibration own.txt no.raw
    fails 1 'vae-score: stdin: ended after ' vae-score -m model.bin --write-calibration own.txt < <(head -c 70000 items.raw)
    fails 1 'vae-score: own.txt: cannot write: File too large' \
        bash -c 'ulimit -f 1; trap "" XFSZ; vae-score -q -m model.bin --write-calibration own.txt items.raw >/dev/null'
    assert_equal "$(cat own.txt)" before
    assert_empty "$(find . -name '.*.tmp')"
    fails 2 'vae-score: --calibrate: found it with --write-calibration, wanted one of the two' \
        vae-score -m model.bin --calibrate own.txt --write-calibration new.txt items.raw
}

@test "items among their own scores: ties count, and the p-values are the ranks" {
    vae-score -m model.bin --write-calibration own.txt items.raw >/dev/null
    vae-score -m model.bin --calibrate own.txt items.raw | doubles | sort -g |
        rows_hold 100 '($1 - (NR + 1) / 101)^2 <= 1e-18'
    # Also of draws, with the noise that --calibrate takes.
    vae-score -m model.bin -k 1 -S $OTHER --write-calibration own.txt items.raw >/dev/null
    vae-score -m model.bin -k 1 --calibrate own.txt items.raw | doubles | sort -g |
        rows_hold 100 '($1 - (NR + 1) / 101)^2 <= 1e-18'
}

@test "bad items are not among the scores of a calibration" {
    { header f32 28x28 3 . && perl -e 'print pack "f<*", (0.5) x 784, ("nan") x 784, (0.25) x 784'; } >bad.raw
    run -3 vae-score -q -m model.bin --on-bad report --write-calibration own.txt bad.raw
    vae-score -q -m model.bin --write-calibration good.txt <(header f32 28x28 2 . && perl -e 'print pack "f<*", (0.5) x 784, (0.25) x 784') >/dev/null
    cmp own.txt good.txt
}

@test "an item has noise of its own, not that of the score in its place" {
    # One image 1,000 times: noise alone tells the scores apart, and with that of the same places each would be itself.
    copies 1000 >same.raw
    vae-score -q -m model.bin -k 1 --write-calibration by.txt same.raw >by.raw
    vae-score -q -m model.bin -k 1 --calibrate by.txt same.raw | doubles >p
    paste <(doubles <by.raw) p | sort -g -r | awk '{ d = $2 - (NR + 1) / 1001; n += d * d < 1e-12 } END { exit !(NR == 1000 && n < 100) }'
    # Ranks among others: uniform, within four standard deviations.
    for share in 0.1 0.5 0.9; do
        awk -v s=$share '{ n += $1 <= s } END { d = n / NR - s; exit !(d * d < 16 * 2 * s * (1 - s) / NR) }' p
    done
}

@test "--per-element writes the score of each element, and the KL" {
    local k
    for k in '' '-k 3'; do
        # shellcheck disable=SC2086 # none or two words
        vae-score -m model.bin $k items.raw | doubles >scores
        # shellcheck disable=SC2086
        vae-score -m model.bin $k --per-element items.raw >elements.raw
        assert_equal "$(head -1 elements.raw)" "$(header f64 785 100 .)"
        payload <elements.raw | od -A n -v -t f8 -w6280 | finite >elements
        awk '{ sum = 0; for (i = 1; i <= 785; i++) sum += $i; print sum, $785 }' OFMT=%.10f elements | paste - scores |
            rows_hold 100 '($1 - $3)^2 < 1e-10 * $3^2'
        # shellcheck disable=SC2086
        vae-score -m model.bin $k --method reconstruction --per-element items.raw >terms.raw
        assert_equal "$(head -1 terms.raw)" "$(header f64 28x28 100 .)"
        payload <elements.raw | perl -e 'while (read STDIN, my $row, 6280) { print substr $row, 0, 6272 }' | cmp - <(payload <terms.raw)
    done
}

@test "scores of missing elements: 0 each, with a note, and --per-observed compares them" {
    { header f32 4 50 . && perl -e 'print pack "f<*", map { ($_ % 7) / 7 } 1 .. 200'; } >whole.raw
    vae-train -q -m holes.bin --missing -l gaussian -H 8 -z 2 -e 5 whole.raw
    { header f32 4 3 . && f32 0.5 nan 0.25 nan 0.5 0.5 0.5 0.5 nan nan nan nan; } >some.raw
    vae-score -m holes.bin some.raw 2>err >out
    assert_equal "$(<err)" 'vae-score: some.raw: elements are missing in 2 of the items, whose scores are sums of fewer terms than others (--per-observed divides by the number of terms)'
    doubles <out >scores
    vae-score -q -m holes.bin some.raw 2>err >out
    assert_empty "$(<err)"
    fails 1 'vae-score: some.raw: item 2 has no observed element, wanted at least 1 for --per-observed' \
        vae-score -m holes.bin --per-observed some.raw
    run -3 vae-score -m holes.bin --per-observed --on-bad report some.raw
    { vae-score -m holes.bin --per-observed --on-bad report some.raw 2>err || true; } | payload | od -A n -v -t f8 -w8 >each
    assert_equal "$(wc -l <err)" 1
    tail -n 1 each | grep -x ' *nan'
    paste scores each | head -2 | rows_hold 2 '($1 - $2 * (NR == 1 ? 2 : 4))^2 < 1e-20'
    vae-score -m holes.bin whole.raw 2>err >/dev/null
    assert_empty "$(<err)"
    vae-score -m holes.bin --per-element some.raw 2>err | payload | od -A n -v -t f8 -w40 >elements
    assert_empty "$(<err)"
    paste elements scores | rows_hold 3 '($1 + $2 + $3 + $4 + $5 - $6)^2 < 1e-10'
    row_holds 1 '$1 != 0 && $2 == 0 && $3 != 0 && $4 == 0 && $5 > 0' <elements
    row_holds 3 '$1 == 0 && $2 == 0 && $3 == 0 && $4 == 0 && $5 > 0' <elements
}

@test "--per-element goes with scores that are sums alone" {
    fails 2 'vae-score: --per-element: found it with --method nll, wanted elbo or reconstruction: log p(x) is no sum over elements' \
        vae-score -m model.bin --method nll --per-element items.raw
    local option
    for option in --per-observed '--calibrate x' '--write-calibration x'; do
        # shellcheck disable=SC2086 # one or two words
        fails 2 "vae-score: --per-element: found it with ${option% *}, wanted one of the two" vae-score -m model.bin --per-element $option items.raw
    done
    # A bad item is nan throughout, though 2 could be computed with.
    { header f32 28x28 2 . && perl -e 'print pack "f<*", (0.5) x 784, 2, (0.5) x 783'; } >bad.raw
    { vae-score -q -m model.bin --on-bad report --per-element bad.raw 2>/dev/null || true; } | payload | tail -c 6280 |
        od -A n -v -t f8 -w8 | tr -d ' ' | sort | uniq -c | xargs | grep -x '785 nan'
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
    idx2raw --skip 100 -n 450 "$IMAGES" | vae-score -m model.bin --write-calibration by.txt >/dev/null
    idx2raw --skip 550 -n 450 "$IMAGES" | vae-score -m model.bin --calibrate by.txt | doubles |
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
    fails 1 'vae-score: stdin: items have shape 1, model.bin wants 28x28' vae-score -m model.bin < <(idx2raw "$LABELS")
    { header f32 28x28 1 . && perl -e 'print pack "f<*", (0) x 700, 2, (0) x 83'; } >bad.raw
    fails 1 'vae-score: bad.raw: item 0, element 700 is 2, wanted a number in [0,1]' vae-score -m model.bin bad.raw
}
