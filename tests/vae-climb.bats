#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# vae-climb: latents moved towards higher values of a property that is learned from examples.
# shellcheck disable=SC2154 # stderr is set by run
# shellcheck disable=SC2016 # what is quoted is awk's
# shellcheck disable=SC2030,SC2031 # a test is a subshell, and sets its variables itself
load helper

# Latents of four numbers, the third of which hardly varies; the property is highest at 0.5 in the first, -0.5 in the
# second number.
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    vae-sample -n 300 -d 4 -S 2 | flatten >known.raw
    vae-sample -n 30 -d 4 -S 5 | flatten >start.raw
    raw2csv --no-header known.raw | awk -F , '{ print 7 - ($1 - 0.5)^2 - ($2 + 0.5)^2 }' | csv2raw --no-header >values.raw
}

# flatten: the stream of latents of four numbers on stdin, the third times 0.05.
flatten() {
    raw2csv --no-header | awk -F , -v OFS=, '{ $3 *= 0.05; print }' | csv2raw --no-header --dtype f32
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/*.raw .
}

# climb OPTION...: with the examples above; quiet.
climb() {
    defaulting --latents known.raw --target values.raw -- vae-climb -q "$@"
}

# ends STATUS MESSAGE ARGUMENT...: the same climb ends so, see fails.
ends() {
    local examples=()
    [[ " ${*:3} " == *' --latents '* ]] || examples+=(--latents known.raw)
    [[ " ${*:3} " == *' --target '* ]] || examples+=(--target values.raw)
    fails "$1" "vae-climb: $2" vae-climb -q "${examples[@]}" "${@:3}"
}

# refuses MESSAGE ARGUMENT...: the climb ends with 1, and leaves no whole stream.
refuses() {
    ends 1 "$@" || return
    mv out cut.raw && fails 1 'raw-info: cut.raw: e' raw-info cut.raw # it ended, or is empty
}

# frames: the items and the end of each frame of a stream on stdin.
frames() {
    grep -a -o 'raw1 f32 4 [0-9]* [+.]' | cut -d ' ' -f 4,5 | xargs
}

# moments: mean and standard deviation of each number of the known latents, in one line.
moments() {
    raw2csv --tsv --no-header known.raw | awk '{ for (i = 1; i <= NF; i++) { sum[i] += $i; squares[i] += $i^2 } }
        END { for (i = 1; i <= NF; i++) printf "%.9g %.9g ", sum[i] / NR, sqrt(squares[i] / NR - (sum[i] / NR)^2) }'
}

# standardised FILE: the three active numbers of each latent.
standardised() {
    raw2csv --tsv --no-header "$1" | awk -v m="$(moments)" 'BEGIN { split(m, a, " ") }
        { print ($1 - a[1]) / a[2], ($2 - a[3]) / a[4], ($4 - a[7]) / a[8] }'
}

@test "a Gaussian process leads to the maximum, and says how well it predicts" {
    climb --steps 60 start.raw >out
    assert_equal "$(head -1 out)" "$(header f32 4 30 .)"
    raw2csv --tsv --no-header out | rows_hold 30 '($1 - 0.5)^2 + ($2 + 0.5)^2 < 0.01'
    vae-climb --latents known.raw --target values.raw start.raw 2>err >out
    assert_regex "$(<err)" '^vae-climb: gp: 300 examples, 3 of 4 latents active, R\^2 (0\.99[0-9]|1\.000) in 5-fold cross-validation$'
    vae-climb -q --latents known.raw --target values.raw start.raw 2>err | cmp - out
    assert_empty "$(<err)"
}

@test "20 steps of 0.1 standard deviations are the default, and a path is no longer" {
    climb start.raw | cmp - <(climb --steps 20 --step-size 0.1 --within 0.95 --method gp --examples 2000 -S 1 start.raw)
    climb --method linear --steps 60 start.raw | cmp - <(climb --method linear --steps 60 --within 0.95 start.raw) # to the bound
    climb --within 1 --method linear start.raw >out
    # A linear property has the same slope everywhere: each step is whole, unless the region ends.
    paste <(standardised start.raw) <(standardised out) | awk '{ print sqrt(($4 - $1)^2 + ($5 - $2)^2 + ($6 - $3)^2) }' >far
    rows_hold 30 '$1 < 2.01' <far
    assert [ "$(awk '$1 > 1.99' far | wc -l)" -gt 20 ]
}

@test "numbers that do not vary over the examples keep their bytes" {
    for options in '' --control '--method linear' --minimize; do
        # shellcheck disable=SC2086 # several options
        climb $options start.raw | raw-select --elements 2 | cmp - <(raw-select --elements 2 start.raw)
        # shellcheck disable=SC2086
        climb $options start.raw | raw-select --elements 0 >first
        run -1 cmp -s first <(raw-select --elements 0 start.raw)
    done
}

@test "--minimize goes down" {
    climb --minimize --write-predictions down start.raw >low
    climb --write-predictions up start.raw >high
    paste <(raw2csv --tsv --no-header low) <(raw2csv --tsv --no-header high) |
        rows_hold 30 '($1 - 0.5)^2 + ($2 + 0.5)^2 > ($5 - 0.5)^2 + ($6 + 0.5)^2'
    tail -n +2 down | rows_hold 30 '$3 < $2'
    tail -n +2 up | rows_hold 30 '$3 > $2'
}

@test "--control goes as far, elsewhere, as its seed says" {
    climb start.raw >climbed
    climb --control start.raw >control
    paste <(standardised start.raw) <(standardised climbed) <(standardised control) | awk '
        { print sqrt(($4 - $1)^2 + ($5 - $2)^2 + ($6 - $3)^2) - sqrt(($7 - $1)^2 + ($8 - $2)^2 + ($9 - $3)^2),
          ($4 - $7)^2 + ($5 - $8)^2 + ($6 - $9)^2 }' >apart
    rows_hold 30 '$1 < 1e-4 && $1 > -1e-4 && $2 > 1e-3' <apart
    climb --control -S 1 start.raw | cmp - control
    climb --control -S 2 start.raw >other
    run -1 cmp -s other control
    # Directions share no noise with latents that were drawn with the same seed.
    vae-sample -n 300 -d 4 >same.raw
    climb --control --within 1 --steps 2 same.raw >moved.raw
    paste <(raw2csv --tsv --no-header same.raw) <(raw2csv --tsv --no-header moved.raw) | awk '
        { d = a = b = 0; for (i = 1; i <= 4; i++) { e = $(i + 4) - $i; d += e * $i; a += e * e; b += $i * $i }
          if (a > 0) { s += d / sqrt(a * b); n++ } }
        END { if (!(n > 250 && (s / n) ^ 2 < 0.2 ^ 2)) { print n, s / n; exit 1 } }'
    # An item's direction is that of its number in the stream.
    climb --control <(raw-select -n 5 start.raw) | payload | cmp - <(payload <control | first 80)
}

@test "no point is farther from the mean than a part of the examples are, or than its start" {
    distances() {
        standardised "$1" | awk '{ print sqrt($1^2 + $2^2 + $3^2) }'
    }
    distances known.raw | sort -g >all
    for options in '' --control; do
        # 299 / 4 is between two of them.
        # shellcheck disable=SC2086 # none or one
        climb $options --method linear --steps 100 --within 0.25 start.raw >out
        paste <(distances start.raw) <(distances out) |
            rows_hold 30 '$2 < ($1 > r ? $1 : r) + 1e-4' -v r="$(sed -n 76p all)"
    done
    # A climb goes up to the bound.
    climb --method linear --steps 100 --within 0.25 start.raw >out
    paste <(distances start.raw) <(distances out) | rows_hold 30 '$2 > ($1 > r ? $1 : r) - 0.02' -v r="$(sed -n 75p all)"
    # Without one, as far as the last example.
    climb --method linear --steps 100 --within 1 start.raw >out
    distances out | rows_hold 30 '$1 < r + 1e-4 && $1 > r - 0.02' -v r="$(tail -n 1 all)"
}

@test "--path writes the start and a point after each step" {
    climb --path --steps 6 start.raw >path
    assert_equal "$(head -1 path)" "$(header f32 4 210 .)"
    raw-select --stride 7 path | cmp - start.raw
    raw-select --skip 6 --stride 7 path | cmp - <(climb --steps 6 start.raw)
    raw-select --skip 3 --stride 7 path | cmp - <(climb --steps 3 start.raw)
    climb --control --path --steps 6 start.raw >path
    raw-select --stride 7 path | cmp - start.raw
    raw-select --skip 6 --stride 7 path | raw-cmp --abs 1e-6 - <(climb --control --steps 6 start.raw)
    { header f32 4 499999999999999999 + && f32 1 2 3 4; } >huge.raw
    ends 1 'huge.raw: a frame of 499999999999999999 items gives too many latents to count' \
        --path --steps 60 huge.raw
}

@test "predictions are a table of text, with a deviation if there is one" {
    climb --write-predictions table start.raw | cmp - <(climb start.raw)
    assert_equal "$(head -1 table)" $'item\tstart\tend\tdeviation'
    tail -n +2 table | rows_hold 30 '$1 == NR - 1 && $4 > 0 && $4 < 0.2'
    # What it predicts is what is there.
    climb start.raw >out
    for at in start.raw out; do
        paste <(raw2csv --tsv --no-header $at) <(tail -n +2 table) |
            rows_hold 30 '(7 - ($1 - 0.5)^2 - ($2 + 0.5)^2 - $i)^2 < 0.04' -v i="$([ $at = out ] && echo 7 || echo 6)"
    done
    climb --method linear --write-predictions table start.raw >out
    assert_equal "$(head -1 table)" $'item\tstart\tend'
    tail -n +2 table | rows_hold 30 'NF == 3 && $3 > $2'
    # A full disk, and a file that is an input.
    ends 1 '/dev/full: cannot write: No space left on device' --write-predictions /dev/full start.raw
    refuses 'start.raw: is the input, too, wanted another file' --write-predictions start.raw start.raw
    for option in latents=known target=values; do
        ends 2 "--write-predictions: found '${option#*=}.raw', which --${option%=*} reads, wanted another file" \
            --write-predictions "${option#*=}.raw" start.raw
    done
}

@test "the predictions of a frame come before the frame, also in a pipe" {
    vae-sample -n 1100 -d 4 >many.raw
    climb many.raw >wanted
    climb --write-predictions table many.raw >out
    payload <out | cmp - <(payload <wanted)
    assert_equal "$(frames <out)" '512 + 512 + 76 .'
    recut 7 <many.raw >frames.raw
    climb --write-predictions other frames.raw >out
    cmp other table
    assert_equal "$(frames <out)" "$(frames <frames.raw)"
    mkfifo pipe in
    climb --write-predictions live in >out 3>&- &
    pid=$!
    exec 9>in
    first 176 <frames.raw >&9 # a frame
    await eval '[ "$(wc -l <live)" -eq 8 ]'
    tail -c +177 frames.raw >&9
    exec 9>&-
    wait $pid
    cmp live table
    # A reader opens it after the first header, as for other side files.
    timeout 20 vae-climb -q --latents known.raw --target values.raw --write-predictions pipe many.raw | { head -c 64 && timeout 20 cat pipe >lines && cat; } >out
    cmp lines table
    assert_equal "$(frames <out | cut -d ' ' -f 1-4)" '0 + 32 +' # as many lines as any pipe holds
    payload <out | cmp - <(payload <wanted)
    raw-select -n 0 many.raw | climb --write-predictions none - | raw-info | row_holds 2 '$3 == 0'
    assert_equal "$(<none)" $'item\tstart\tend\tdeviation'
}

@test "targets that nothing predicts are noted" {
    vae-sample -n 300 -d 1 -S 9 >noise.raw
    for method in gp linear; do
        vae-climb --method $method --latents known.raw --target noise.raw start.raw 2>err >out
        assert_regex "$(tail -n 1 err)" "^vae-climb: noise.raw: found a cross-validated R\^2 of -?0\.0[0-9]*, wanted more than 0\.05: these latents do not predict the targets with --method $method, so a climb will hardly do better than --control$"
        assert_equal "$(wc -l <err)" 2
    done
    # A seed divides the examples in another way.
    vae-climb -S 2 --method linear --latents known.raw --target noise.raw start.raw 2>other >out
    run -1 cmp -s err other
}

@test "of too many examples some are used, evenly spread" {
    vae-climb --examples 150 --latents known.raw --target values.raw start.raw 2>err >out
    assert_equal "$(head -1 err)" 'vae-climb: known.raw: 150 of 300 items are used as examples, evenly spread (--examples takes more)'
    raw-select --stride 2 known.raw >half.raw
    raw-select --stride 2 values.raw >half-values.raw
    climb --latents half.raw --target half-values.raw start.raw | cmp - out
    climb start.raw >all
    run -1 cmp -s all out
    # The first 10 of each 30 have the same target.
    raw2csv --no-header values.raw | awk '{ print NR % 30 == 1 ? 5 : $1 }' | csv2raw --no-header >flat.raw
    refuses 'flat.raw: the targets of 10 evenly spread items are all 5, wanted different ones' --examples 10 --target flat.raw start.raw
}

@test "doubles are latents, whole numbers are targets, in frames of any size" {
    raw2csv --no-header start.raw | csv2raw --no-header --dtype f64 | climb | cmp - <(climb start.raw)
    raw2csv --no-header values.raw | awk '{ print int(20 + 10 * $1) }' >whole
    for dtype in i32 f64; do csv2raw --no-header --dtype $dtype <whole | recut 7 >$dtype.raw; done
    climb --target f64.raw start.raw >wanted
    climb --target i32.raw start.raw | cmp - wanted
    # u8 are not divided by 255.
    sed -i 's/^-.*/0/' whole
    for dtype in u8 f64; do csv2raw --no-header --dtype $dtype <whole >$dtype.raw; done
    climb --target f64.raw --write-predictions of-f64 start.raw >wanted
    climb --target u8.raw --write-predictions of-u8 start.raw | cmp - wanted
    cmp of-u8 of-f64
    recut 11 <known.raw >cut.raw
    climb --latents cut.raw start.raw | cmp - <(climb start.raw)
}

@test "the size of the targets changes no climb" {
    local method power
    for method in gp linear; do
        vae-climb --method $method --latents known.raw --target values.raw --write-predictions table start.raw 2>told >wanted
        for power in -119 119; do
            raw2csv --no-header values.raw | awk -v p=$power '{ printf "%.17g\n", $1 * 2^p }' | csv2raw --no-header >sized.raw
            vae-climb --method $method --latents known.raw --target sized.raw --write-predictions sized start.raw 2>err >out
            cmp err told
            raw-cmp --abs 1e-3 out wanted
            paste <(tail -n +2 table | cut -f 2,3) <(tail -n +2 sized | cut -f 2,3) |
                rows_hold 30 '($3 / 2^p - $1)^2 < 1e-6 && ($4 / 2^p - $2)^2 < 1e-6' -v p=$power
        done
    done
}

@test "predictions far beyond the known targets are told" {
    # Two numbers that hardly differ, and a target that is their difference: the climb makes them differ.
    raw2csv --no-header known.raw | awk -F , -v OFS=, '{ print $1, $1 + 0.1 * $2 }' | csv2raw --no-header --dtype f32 >pairs.raw
    raw2csv --no-header pairs.raw | awk -F , '{ print $1 - $2 }' | csv2raw --no-header >values.raw
    raw-select -n 30 pairs.raw >start.raw
    run -0 --separate-stderr bash -c 'vae-climb --latents pairs.raw --target values.raw --method linear --steps 50 start.raw >moved.raw'
    grep -E '^vae-climb: values.raw: [0-9]+ of 30 predictions at the end are far beyond the known targets, which are from -[.0-9]+ to [.0-9]+: they are extrapolations, and say little \(fewer --steps stay nearer\)$' <<<"$stderr" ||
        fail "$stderr"
    run -0 --separate-stderr bash -c 'vae-climb --minimize --latents pairs.raw --target values.raw --method linear --steps 50 start.raw >moved.raw'
    grep -E 'values.raw: [0-9]+ of 30 predictions at the end are far beyond the known targets' <<<"$stderr" || fail "$stderr"
    run -0 --separate-stderr bash -c 'vae-climb --latents pairs.raw --target values.raw --method linear --steps 1 --step-size 0.01 start.raw >moved.raw'
    run -1 grep extrapolations <<<"$stderr"
}

@test "the range of the known targets is told, also far from 0, and refused items are not counted" {
    local far
    raw2csv --no-header known.raw | awk -F , -v OFS=, '{ print $1, $1 + 0.1 * $2 }' | csv2raw --no-header --dtype f32 >pairs.raw
    raw-select -n 30 pairs.raw >start.raw
    for far in 100 -100; do
        raw2csv --no-header pairs.raw | awk -F , -v far=$far '{ print far + $1 - $2 }' | csv2raw --no-header >values.raw
        vae-climb --latents pairs.raw --target values.raw --method linear --steps 50 start.raw 2>err >moved.raw
        raw2csv --no-header values.raw | sort -g | awk '{ v[NR] = $1 } END { printf "which are from %.6g to %.6g:\n", v[1], v[NR] }' >wanted
        grep -F "$(<wanted)" err || fail "$(<wanted): $(<err)"
    done
    raw2csv --no-header pairs.raw | awk -F , '{ print $1 - $2 }' | csv2raw --no-header >values.raw
    { raw2csv --no-header start.raw && for _ in {1..20}; do echo nan,0; done; } | csv2raw --no-header --dtype f32 >bad.raw
    vae-climb --latents pairs.raw --target values.raw --method linear --steps 50 start.raw 2>err >moved.raw
    grep -o '[0-9]* of 30 predictions at the end are far beyond' err >wanted
    run -3 --separate-stderr bash -c 'vae-climb --on-bad report --latents pairs.raw --target values.raw --method linear --steps 50 bad.raw >moved.raw'
    grep -F "$(<wanted)" <<<"$stderr" || fail "$(<wanted): $stderr"
}

@test "the deviation of a prediction is that of the climb's end" {
    climb --write-predictions table start.raw >end.raw
    # A climb of one very short step from the end has the end's prediction and deviation.
    climb --write-predictions again --steps 1 --step-size 1e-6 end.raw >there.raw
    paste <(tail -n +2 table) <(tail -n +2 again) | rows_hold 30 '($3 - $6)^2 < 1e-6 && ($4 / $8 - 1)^2 < 1e-4'
    # Not that of the start.
    climb --write-predictions begin --steps 1 --step-size 1e-6 start.raw >there.raw
    paste <(tail -n +2 table) <(tail -n +2 begin) | awk '{ n += ($4 / $8 - 1)^2 > 1e-4 } END { exit !(n > 10) }'
}

@test "examples that do not fit are refused" {
    raw-select -n 299 values.raw >short.raw
    refuses 'short.raw: found 299 targets, wanted one for each of the 300 items of known.raw' --target short.raw start.raw
    raw-select -n 299 known.raw >few.raw
    refuses 'values.raw: found 300 targets, wanted one for each of the 299 items of few.raw' --latents few.raw start.raw
    refuses 'known.raw: items have 4 numbers, wanted one number per item, the target' --target known.raw start.raw
    refuses 'stdin: latents have 3 numbers, and those of known.raw have 4, wanted the same' - < <(vae-sample -n 2 -d 3)
    raw-select -n 9 known.raw >few.raw
    raw-select -n 9 values.raw >few-values.raw
    refuses 'few.raw: found 9 items, wanted at least 10 examples' --latents few.raw --target few-values.raw start.raw
    { header f32 1 300 . && perl -e 'print pack "f<*", (3) x 300'; } >same.raw
    refuses 'same.raw: the targets are all 3, wanted different ones' --target same.raw start.raw
    { header f64 1 300 . && perl -e 'print pack "d<*", map { 1e-38 * ($_ % 2) } 1 .. 300'; } >tiny.raw
    refuses 'tiny.raw: the targets differ by 1e-38, wanted at least 1.2e-38: multiply them by a number' --target tiny.raw start.raw
    { header f32 2 300 . && perl -e 'print pack "f<*", map { $_ / 1e4 } 1 .. 600'; } >still.raw
    refuses 'still.raw: all 2 numbers of the latents have variances of at most 0.01, wanted at least one above that' \
        --latents still.raw <(vae-sample -n 2 -d 2)
    { header f32 1 300 . && perl -e 'print pack "f<*", 1 .. 299, "nan"'; } >nan.raw
    refuses 'nan.raw: item 299, element 0 is nan, wanted a finite float' --target nan.raw start.raw
    { header f32 2 300 . && perl -e 'print pack "f<*", 1 .. 9, "inf", 11 .. 600'; } >inf.raw
    refuses 'inf.raw: item 4, element 1 is inf, wanted a finite float' --latents inf.raw <(vae-sample -n 2 -d 2)
    idx2raw -n 300 "$LABELS" >labels.raw
    refuses 'labels.raw: items are u8, wanted latents of f32 or f64' --latents labels.raw start.raw
    idx2raw -n 300 "$IMAGES" >images.raw
    refuses 'images.raw: items have shape 28x28, wanted latents, of one dimension' --latents images.raw start.raw
    { header f32 4 2 . && f32 1 2 3 4 1 nan 3 4; } >bad.raw
    refuses 'bad.raw: item 1, element 1 is nan, wanted a finite float' bad.raw
}

@test "the command line" {
    fails 2 'vae-climb: --latents: not given, wanted it' vae-climb --target values.raw start.raw
    fails 2 'vae-climb: --target: not given, wanted it' vae-climb --latents known.raw start.raw
    ends 2 "--method: found 'forest', wanted one of gp, linear" --method forest start.raw
    ends 2 "--steps: found '0', wanted a whole number from 1 to" --steps 0 start.raw
    ends 2 "--step-size: found '0', wanted a number from 1e-06 to" --step-size 0 start.raw
    ends 2 "--within: found '1.1', wanted a number from 0 to 1" --within 1.1 start.raw
    ends 2 "--examples: found '9', wanted a whole number from 10 to" --examples 9 start.raw
}
