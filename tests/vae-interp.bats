#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# vae-interp: a stream of latents to points on the paths from each to the next.
# shellcheck disable=SC2016 # what is quoted is awk's
load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    { header f32 2 3 . && f32 1 0 0 3 -2 -1; } >z.raw
}

# rows: two numbers a line, of the stream on stdin.
rows() {
    table 2 | awk '{ printf "%.4f %.4f\n", $1, $2 }' | sed 's/-0\.0000/0.0000/g'
}

@test "a path has N points, its ends the first and the last, in equal steps on a line" {
    vae-interp --steps 4 z.raw >out
    assert_equal "$(head -1 out)" "$(header f32 2 8 .)"
    rows <out | diff - <(printf '%s\n' '1.0000 0.0000' '0.6667 1.0000' '0.3333 2.0000' '0.0000 3.0000' \
        '0.0000 3.0000' '-0.6667 1.6667' '-1.3333 0.3333' '-2.0000 -1.0000')
}

@test "8 points are the default, two the least, and those are the items themselves" {
    vae-interp z.raw | cmp - <(vae-interp --steps 8 z.raw)
    assert_equal "$(vae-interp z.raw | head -1)" "$(header f32 2 16 .)"
    vae-sample -n 50 -d 7 -S 3 >some.raw
    for arc in '' --spherical; do
        # shellcheck disable=SC2086 # an option, or none
        vae-interp --steps 2 $arc some.raw | payload >out
        # Each item as an end, and as the beginning behind it, to the bit.
        payload <some.raw | perl -e 'local $/ = \28; my @z = <STDIN>; print $z[$_ - 1], $z[$_] for 1 .. $#z' | cmp - out
    done
}

@test "an arc beyond what floats hold is refused" {
    { header f32 2 2 . && f32 3.4e38 3.4e38 3.4e38 -3.4e38; } >far.raw
    fails 1 'vae-interp: far.raw: items 0 and 1 have an arc beyond what floats hold' vae-interp --spherical far.raw
}

@test "--spherical goes round the origin, by equal angles where the lengths are equal" {
    { header f32 2 2 . && f32 2 0 0 2; } >quarter.raw
    vae-interp --steps 4 --spherical quarter.raw | rows | diff - <(awk 'BEGIN {
        for (i = 0; i < 4; i++) printf "%.4f %.4f\n", 2 * cos(i * atan2(1, 0) / 3), 2 * sin(i * atan2(1, 0) / 3) }')
    # Of unequal lengths, by the formula: an angle of 60 degrees, half way.
    { header f64 2 2 . && perl -e 'print pack "d<*", 4, 0, 1, sqrt(3)'; } >unequal.raw
    vae-interp --steps 3 --spherical unequal.raw | rows | sed -n 2p >half
    rows_hold 1 '(h * 5 - $1)^2 + (h * sqrt(3) - $2)^2 < 1e-7' -v h="$(awk 'BEGIN { print sin(atan2(0, -1) / 6) / sin(atan2(0, -1) / 3) }')" <half
}

@test "where there is no angle an arc is the line, where there is no plane it is refused" {
    { header f32 2 5 . && f32 1 2 2 4 0 0 3 0 3 0; } >line.raw
    vae-interp --spherical line.raw | raw-cmp --abs 1e-6 - <(vae-interp line.raw)
    { header f32 2 3 . && f32 0 1 1 2 -2 -4; } >opposite.raw
    fails 1 'vae-interp: opposite.raw: items 1 and 2 are opposite, wanted an angle for an arc' \
        vae-interp --spherical opposite.raw
    assert_equal "$(vae-interp opposite.raw | head -1)" "$(header f32 2 16 .)"
    # Small angles are exact: the points are as far from each other as they should be.
    { header f64 2 2 . && perl -e 'print pack "d<*", 1, 0, 1, 1e-4'; } >small.raw
    vae-interp --steps 3 --spherical small.raw | table 2 | row_holds 2 '($2 - 0.5e-4)^2 < 1e-20'
}

@test "paths go on from frame to frame" {
    recut 1 <z.raw | vae-interp --steps 4 >out
    payload <out | cmp - <(vae-interp --steps 4 z.raw | payload)
    assert_equal "$(grep -a -o 'raw1 f32 2 [0-9]* [.+]' out | cut -d ' ' -f 4,5 | xargs)" '0 + 4 + 4 .'
    # Frames without a latent before, between and after them.
    { header f32 2 0 + && header f32 2 3 + && payload <z.raw && header f32 2 0 .; } | vae-interp --steps 4 >out
    payload <out | cmp - <(vae-interp --steps 4 z.raw | payload)
    assert_equal "$(grep -a -o 'raw1 f32 2 [0-9]* [.+]' out | cut -d ' ' -f 4,5 | xargs)" '0 + 8 + 0 .'
}

@test "encoded items, the way between them, decoded, as a picture" {
    idx2raw -n 4 "$IMAGES" >items.raw
    vae-train -q -m model.bin -z 3 -H 8 -e 1 items.raw
    vae-encode -m model.bin items.raw | vae-interp --steps 5 | vae-decode -m model.bin | raw2pgm -c 5 >out.pgm
    assert_equal "$(sed -n 2p out.pgm)" '140 84'
}

@test "what has no path is refused" {
    fails 1 'vae-interp: stdin: found 1 items, wanted at least 2' vae-interp < <(vae-sample -n 1)
    fails 1 'vae-interp: stdin: found 0 items, wanted at least 2' vae-interp < <(vae-sample -n 0)
    fails 1 'vae-interp: stdin: items have shape 28x28, wanted latents, of one dimension' vae-interp < <(idx2raw "$IMAGES")
    fails 1 'vae-interp: stdin: items are u8, wanted latents of f32 or f64' vae-interp < <(idx2raw "$LABELS")
    { header f32 2 2 . && f32 1 2 3 nan; } >nan.raw
    fails 1 'vae-interp: nan.raw: item 1, element 1 is nan, wanted a finite float' vae-interp nan.raw
    fails 2 "vae-interp: --steps: found '1', wanted a whole number from 2 to" vae-interp --steps 1 z.raw
    { header f32 2 99999999999999999 + && f32 1 2; } >huge.raw
    fails 1 'vae-interp: huge.raw: a frame of 99999999999999999 items gives too many latents to count' \
        vae-interp --steps 1000 huge.raw
}
