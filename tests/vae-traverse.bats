#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# vae-traverse: a stream of latents, each with one number at a time moved over the prior's quantiles.
load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    { header f32 3 2 . && f32 5 6 7 -5 -6 -7; } >z.raw
}

# rows: three numbers a line, of the stream on stdin.
rows() {
    table 3 | awk '{ printf "%.4f %.4f %.4f\n", $1, $2, $3 }'
}

@test "each latent gives a row of N for each of its numbers, the others kept" {
    vae-traverse --steps 2 z.raw >out
    assert_equal "$(head -1 out)" "$(header f32 3 12 .)"
    q=0.6745 # of 3/4
    rows <out | diff - <(printf '%s\n' "-$q 6.0000 7.0000" "$q 6.0000 7.0000" "5.0000 -$q 7.0000" "5.0000 $q 7.0000" \
        "5.0000 6.0000 -$q" "5.0000 6.0000 $q" "-$q -6.0000 -7.0000" "$q -6.0000 -7.0000" \
        "-5.0000 -$q -7.0000" "-5.0000 $q -7.0000" "-5.0000 -6.0000 -$q" "-5.0000 -6.0000 $q")
}

@test "the quantiles are those of vae-sample's grid" {
    { header f32 1 1 . && f32 9; } | vae-traverse --steps 20 | payload >out
    vae-sample --grid 20x1 | table 2 | awk '{ print $1 }' | xargs perl -e 'print pack "f<*", @ARGV' -- >grid.f32
    { header f32 1 20 . && cat out; } | raw-cmp --abs 1e-6 - <(header f32 1 20 . && cat grid.f32)
    # 8 are the default.
    vae-traverse z.raw | cmp - <(vae-traverse --steps 8 z.raw)
    assert_equal "$(vae-traverse z.raw | head -1)" "$(header f32 3 48 .)"
}

@test "--latent moves just these, in the order given" {
    vae-traverse --steps 1 --latent 2,0 z.raw | rows |
        diff - <(printf '%s\n' '5.0000 6.0000 0.0000' '0.0000 6.0000 7.0000' '-5.0000 -6.0000 0.0000' '0.0000 -6.0000 -7.0000')
    vae-traverse --latent 0,1,2 z.raw | cmp - <(vae-traverse z.raw)
    # Given twice, one of the two would not count.
    fails 2 "vae-traverse: --latent: found it twice, with '0,1' and '1', wanted it once" vae-traverse --latent 0,1 --latent 1 z.raw
}

@test "frames are kept, and change no number" {
    recut 1 <z.raw | vae-traverse --steps 2 >out
    payload <out | cmp - <(vae-traverse --steps 2 z.raw | payload)
    assert_equal "$(grep -a -o 'raw1 f32 3 [0-9]* [.+]' out | cut -d ' ' -f 4,5 | xargs)" '6 + 6 .'
}

@test "doubles are latents, too; no items give none" {
    { header f64 3 1 . && perl -e 'print pack "d<*", 5, 6, 7'; } | vae-traverse | payload |
        cmp - <(vae-traverse z.raw | payload | first 288)
    vae-sample -n 0 -d 3 | vae-traverse | cmp - <(header f32 3 0 .)
}

@test "latents that are not there and bad lists are refused" {
    fails 1 'vae-traverse: z.raw: latents have 3 numbers, --latent wants number 3 (from 0)' vae-traverse --latent 1,3 z.raw
    for list in '' ',' '1,' '1,,2' -1 1.5 x 1-2 99999 10000000000000000000000000000001 "$(seq -s , 0 1024)"; do
        fails 2 "vae-traverse: --latent: found '${list:0:20}" vae-traverse --latent "$list" z.raw
    done
    fails 2 "vae-traverse: --steps: found '0', wanted a whole number from 1 to" vae-traverse --steps 0 z.raw
    fails 1 'vae-traverse: stdin: items have shape 28x28, wanted latents' vae-traverse < <(idx2raw "$IMAGES")
    { header f32 1 1 . && f32 inf; } >inf.raw
    fails 1 'vae-traverse: inf.raw: item 0, element 0 is inf, wanted a finite float' vae-traverse inf.raw
}
