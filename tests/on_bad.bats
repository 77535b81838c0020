#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Items without an answer: they end a tool, or are reported and answered by nan, as --on-bad says.
# shellcheck disable=SC2016 # what is quoted is awk's
# shellcheck disable=SC2030,SC2031 # a test is a subshell, and sets its variables itself
load helper

# Items of 3 numbers, 1,100 of them; in items-bad.raw three are no items of the model, and one is beyond its encoder.
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    { header f32 3 1100 . && perl -e 'print pack "f<*", map { $_ * 7 % 13 / 13 } 1 .. 3300'; } >items-good.raw
    vae-train -q -m trained.bin -l gaussian -z 2 -H 8 -e 2 items-good.raw
    perl "$ROOT/tests/safetensors.pl" edit '$data = pack "f<*", map { 2 * $_ } unpack "f<*", $data; checksum()' <trained.bin >model.bin
    replaced f32 3 4,2=inf 600,0=nan 601,1=-inf 1099,0=3.4e38,1=3.4e38,2=3.4e38 <items-good.raw >items-bad.raw
    vae-encode -m model.bin items-good.raw >latents-good.raw
    replaced f32 2 4,1=nan 600,0=inf 601,1=nan 1099,0=nan <latents-good.raw >latents-bad.raw
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/* .
}

# replaced DTYPE N ITEM,ELEMENT=VALUE[,ELEMENT=VALUE]...: a stream of one frame of items of N numbers, with others.
replaced() {
    perl -e '
        my ($dtype, $n, @items) = @ARGV;
        my ($letter, $size) = $dtype eq "f64" ? ("d<", 8) : $dtype eq "i32" ? ("l<", 4) : ("f<", 4);
        local $/;
        my $all = <STDIN>;
        for my $one (@items) {
            my ($item, @changes) = split /,/, $one;
            for my $change (@changes) {
                my ($element, $value) = split /=/, $change;
                substr($all, 64 + ($item * $n + $element) * $size, $size) = pack $letter, $value;
            }
        }
        print $all' -- "$@"
}

# rows BYTES WHICH ROW...: of a stream in rows of so many bytes these rows, where WHICH is only, or the others.
rows() {
    payload | perl -e '
        my ($bytes, $which, $i, %row) = (shift, shift, 0, map { $_ => 1 } @ARGV);
        while (read STDIN, my $row, $bytes) { print $row if exists $row{$i++} == ($which eq "only") }' -- "$@"
}

BAD=(4 600 601 1099)

# ends STATUS COMMAND...: leaves the files out and err.
ends() {
    local wanted=$1 status=0
    shift
    "$@" >out 2>err || status=$?
    assert_equal "$status" "$wanted"
}

# reports TOOL...: the tool says which items of stdin are bad, ends with 3, and leaves its output in the file out.
reports() {
    ends 3 "$@" --on-bad report
    assert_equal "$(cut -d ' ' -f 1-4 err | tr -d ,)" "$(printf "$1: stdin: item %s\n" "${BAD[@]}")"
}

# answers BYTES KIND TOOL...: all items of KIND-bad.raw, in rows of so many bytes: those that are good as in
# KIND-good.raw, with any number of threads and in any frames.
answers() {
    local bytes=$1 kind=$2 j per
    shift 2
    "$@" <"$kind-good.raw" >good
    for j in 1 3; do
        reports "$@" -j $j <"$kind-bad.raw"
        assert_equal "$(head -c 63 out)" "$(head -c 63 good)"
        rows "$bytes" others "${BAD[@]}" <out | cmp - <(rows "$bytes" others "${BAD[@]}" <good)
        [ "$j" = 3 ] || mv out whole
    done
    cmp out whole
    for per in 1 7; do
        recut $per <"$kind-bad.raw" >cut.raw
        reports "$@" <cut.raw
        payload <out | cmp - <(payload <whole)
    done
}

# are_nan WIDTH COUNT: stdin is so many numbers of WIDTH bytes, and none is a number.
are_nan() {
    od -A n -v -t "f$1" -w"$1" | tr -d ' ' | sort | uniq -c | xargs | grep -x "$2 nan"
}

@test "by default a bad item ends each tool, and its output is no stream" {
    local tool option
    for option in '' '--on-bad stop'; do
        for tool in vae-encode vae-score vae-impute; do
            # shellcheck disable=SC2086 # none or several options
            fails 1 "$tool: items-bad.raw: item 4, element 2 is inf, wanted a finite number" $tool -m model.bin $option items-bad.raw
            mv out cut
            fails 1 'raw-info: cut: e' raw-info cut
        done
        # shellcheck disable=SC2086
        fails 1 'vae-decode: latents-bad.raw: item 4, element 1 is nan, wanted a finite float' vae-decode -m model.bin $option latents-bad.raw
        for tool in vae-interp vae-traverse; do
            # shellcheck disable=SC2086
            fails 1 "$tool: latents-bad.raw: item 4, element 1 is nan, wanted a finite float" $tool $option latents-bad.raw
        done
        # shellcheck disable=SC2086
        fails 1 'vae-eval: items-bad.raw: item 4, element 2 is inf' vae-eval --per-item -m model.bin $option items-bad.raw
    done
}

@test "reported items are answered by nan, and the others as ever" {
    local bytes kind tool
    while read -r bytes kind tool; do
        echo "$tool"
        # shellcheck disable=SC2086 # a tool and its options
        answers "$bytes" "$kind" $tool -q -m model.bin
        rows "$bytes" only "${BAD[@]}" <whole | are_nan 4 $((bytes))
    done <<'END'
8 items vae-encode
8 items vae-encode --sample
16 items vae-encode --stats
12 latents vae-decode
12 latents vae-decode --sample
END
}

@test "a figure that overflows is inf, and nan if it has none" {
    local method
    for method in elbo reconstruction 'nll -k 3'; do
        # shellcheck disable=SC2086 # and the number of draws
        answers 8 items vae-score -q -m model.bin --method $method
        rows 8 only 4 600 601 <whole | are_nan 8 3
        rows 8 only 1099 <whole | od -A n -t f8 | grep -E -x ' *(inf|nan)'
    done
    # Of counts: the mean of an item, which is beyond what a double holds, is within what the decoder gives.
    { header i32 2 4 . && perl -e 'print pack "l<*", 1 .. 8'; } >counts.raw
    vae-train -q -m counts.bin -l poisson -z 1 -H none -e 0 counts.raw
    perl "$ROOT/tests/safetensors.pl" edit '$data = pack "f<*", (1) x (length($data) / 4 - 2), 2000, 2000; checksum()' <counts.bin >far.bin
    ends 3 vae-score -q -m far.bin --on-bad report counts.raw
    payload <out | od -A n -v -t f8 -w8 | tr -d ' ' | sort | uniq -c | xargs | grep -x '4 inf'
    vae-score -m counts.bin --write-calibration by.txt counts.raw >/dev/null
    ends 1 vae-score -q -m far.bin --calibrate by.txt counts.raw
    sed "2s/.*/model $(grep -o "[0-9a-f]*' as in" err | cut -d \' -f 1)/" by.txt >far.txt
    ends 3 vae-score -q -m far.bin --on-bad report --calibrate far.txt counts.raw
    payload <out | od -A n -v -t f8 -w8 | rows_hold 4 '$1 == 0.2'
    # What has no score has no p-value.
    { header f32 2 2 . && f32 1 2 nan -1; } >none.raw
    ends 3 vae-score -q -m counts.bin --on-bad report --calibrate by.txt none.raw
    rows 8 only 1 <out | are_nan 8 1
}

@test "vae-eval prints a row for each item, with nan and inf" {
    local per
    vae-eval -q -m model.bin --per-item -k 2 items-good.raw | sed -E '/^(4|600|601|1099)\t/d' >good
    for per in 0 7; do
        recut $per <items-bad.raw >cut.raw
        reports vae-eval -q -m model.bin --per-item -k 2 <cut.raw
        sed -E '/^(4|600|601|1099)\t/d' out | cmp - good
        for i in 4 600 601; do grep -x "$i"$'\tnan\tnan\tnan\tnan\tnan' out; done
        grep -E $'^1099\t(-inf|nan)\t' out
    done
    fails 2 "vae-eval: --on-bad: found 'report' without --per-item, wanted both: a bad item has no place in the means" \
        vae-eval -m model.bin --on-bad report items-good.raw
    vae-eval -q -m model.bin --on-bad stop items-good.raw | row_holds 2 '$1 == 1100'
    # All of them bad are not none.
    { header f32 3 1 . && f32 nan nan nan; } | reports_one vae-eval -m model.bin --per-item
}

# reports_one TOOL...: of the one item of stdin.
reports_one() {
    BAD=(0)
    reports "$@"
}

@test "vae-impute leaves bad items out" {
    replaced f32 3 0,1=nan 4,2=nan 7,0=nan 600,0=nan 601,1=nan 1099,2=nan <items-good.raw >holes-good.raw
    replaced f32 3 4,1=inf 600,0=-inf 601,2=inf 1099,0=3.4e38,1=3.4e38 <holes-good.raw >holes-bad.raw
    answers 12 holes vae-impute -q -k 3 -m model.bin
    answers 12 holes vae-impute -q -k 3 --sample -m model.bin
    rows 12 only "${BAD[@]}" <whole | are_nan 4 12
    # In the stream's own numbers.
    { header f64 3 2 . && perl -e 'print pack "d<*", 0, "inf", 1, 0, "nan", 1'; } >wide.raw
    BAD=(0)
    reports vae-impute -q -k 3 -m model.bin <wide.raw
    rows 24 only 0 <out | are_nan 8 3
    rows 24 only 1 <out | od -A n -v -t f8 -w24 | finite
}

@test "paths from and to a bad latent, and the variations of one, are nan" {
    vae-traverse --steps 3 <latents-good.raw >good
    reports vae-traverse --steps 3 <latents-bad.raw
    rows 48 others "${BAD[@]}" <out | cmp - <(rows 48 others "${BAD[@]}" <good)
    rows 48 only "${BAD[@]}" <out | are_nan 4 48
    for option in '' --spherical; do
        vae-interp --steps 3 $option <latents-good.raw >good
        for per in 0 1; do
            recut $per <latents-bad.raw >cut.raw
            reports vae-interp --steps 3 $option <cut.raw
            # Path n goes from latent n to the next.
            rows 24 others 3 4 599 600 601 1098 <out | cmp - <(rows 24 others 3 4 599 600 601 1098 <good)
            rows 24 only 3 4 599 600 601 1098 <out | are_nan 4 36
        done
    done
    # A path without an angle, and one whose points are no floats.
    { header f32 2 4 . && f32 1 0 -1 0 0 1 1 1; } >opposite.raw
    ends 3 vae-interp --steps 3 --spherical --on-bad report opposite.raw
    grep -x 'vae-interp: opposite.raw: items 0 and 1 are opposite, wanted an angle for an arc' err
    assert_equal "$(wc -l <err)" 1 # for its three points
    rows 24 only 0 <out | are_nan 4 6
    rows 24 others 0 <out | od -A n -v -t f4 | finite
}

@test "the first ten are named, and the others counted, also with -q" {
    { header f32 3 30 . && perl -e 'print pack "f<*", map { $_ < 75 ? "nan" : 1 } 1 .. 90'; } >many.raw
    for option in '' -q; do
        # shellcheck disable=SC2086 # none or one
        ends 3 vae-encode $option -m model.bin --on-bad report many.raw
        assert_equal "$(wc -l <err)" 11
        assert_regex "$(sed -n 10p err)" '^vae-encode: many.raw: item 9, element 0 is nan, wanted '
        assert_equal "$(sed -n 11p err)" 'vae-encode: many.raw: 15 more items are bad, 25 in all'
        raw-info out | row_holds 2 '$3 == 30 && $8 == 50'
    done
}

@test "a bad latent does not climb" {
    local predictions=(--write-predictions table)
    vae-sample -n 40 -d 2 -S 2 >known.raw
    raw-select --elements 1 known.raw >values.raw
    answers 8 latents vae-climb -q --latents known.raw --target values.raw
    rows 8 only "${BAD[@]}" <whole | are_nan 4 8
    reports vae-climb -q --latents known.raw --target values.raw "${predictions[@]}" <latents-bad.raw
    sed -E '/^(4|600|601|1099)\t/d' table >others
    vae-climb -q --latents known.raw --target values.raw "${predictions[@]}" latents-good.raw >good
    sed -E '/^(4|600|601|1099)\t/d' table | cmp - others
    reports vae-climb -q --latents known.raw --target values.raw --path --steps 2 "${predictions[@]}" <latents-bad.raw
    for i in "${BAD[@]}"; do grep -x "$i"$'\tnan\tnan\tnan' table; done
    rows 24 only "${BAD[@]}" <out | are_nan 4 24
    fails 1 'vae-climb: latents-bad.raw: item 4, element 1 is nan, wanted a finite float' \
        vae-climb -q --latents known.raw --target values.raw latents-bad.raw
}

@test "a stream of bad items goes through the whole suite" {
    local codes
    set +o pipefail
    vae-encode -q -m model.bin --on-bad report items-bad.raw 2>/dev/null |
        vae-decode -q -m model.bin --on-bad report 2>err | raw2csv >table
    codes=("${PIPESTATUS[@]}")
    set -o pipefail
    assert_equal "${codes[*]}" '3 3 0'
    assert_equal "$(wc -l <err)" 4
    for i in "${BAD[@]}"; do sed -n $((i + 2))p table | grep -x nan,nan,nan; done
    assert_equal "$(grep -c nan table)" 4
}

@test "what is no matter of an item ends the work as ever, also after a report" {
    head -c 12000 items-bad.raw >cut.raw
    ends 1 vae-score -q -m model.bin --on-bad report cut.raw
    assert_equal "$(wc -l <err)" 2
    assert_regex "$(tail -n 1 err)" '^vae-score: cut.raw: ended after '
    mv out cut
    fails 1 'raw-info: cut: e' raw-info cut
    ends 1 bash -c 'vae-encode -q -m model.bin --on-bad report items-bad.raw >/dev/full'
    assert_regex "$(tail -n 1 err)" '^vae-encode: stdout: cannot write'
    # A label is none.
    { header u8 1 1100 . && perl -e 'print pack "C*", map { $_ % 2 } 1 .. 1100'; } >labels.raw
    { header u8 1 1100 . && perl -e 'print pack "C*", map { $_ % 3 } 1 .. 1100'; } >others.raw
    vae-train -q -m told.bin -l gaussian -z 2 -H 8 -e 1 --cond labels.raw items-good.raw
    ends 1 vae-score -q -m told.bin --cond others.raw --on-bad report items-bad.raw
    assert_regex "$(tail -n 1 err)" '^vae-score: others.raw: label 1 is 2, wanted one from 0 to 1'
    fails 2 "vae-score: --on-bad: found 'skip', wanted one of stop, report" vae-score -m model.bin --on-bad skip items-good.raw
}

@test "values that a likelihood does not allow are bad, too" {
    { header i32 2 4 . && perl -e 'print pack "l<*", 1 .. 8'; } >items-good.raw
    vae-train -q -m model.bin -l poisson -z 1 -H 2 -e 1 items-good.raw
    replaced i32 2 1,1=-1 3,0=20000000 <items-good.raw >items-bad.raw
    BAD=(1 3)
    answers 4 items vae-encode -q -m model.bin
    answers 8 items vae-score -q -m model.bin
    grep -x 'vae-score: stdin: item 1, element 1 is -1, wanted a count, 0 to 16777216, for poisson: train with -l gaussian for other numbers' err
    rows 8 only 1 3 <whole | are_nan 8 2
    # No grey value is noted that is in a bad item alone.
    { header f32 2 2 . && f32 0 1 0.5 2; } >grey.raw
    vae-train -q -m bits.bin -z 1 -H 2 -e 1 <(header u8 2 2 . && printf '\0\377\377\0')
    ends 3 vae-score -m bits.bin --on-bad report grey.raw
    assert_equal "$(wc -l <err)" 1
}
