#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# vae-sample: latents drawn from the prior, or a grid of its quantiles. Error bars are four standard deviations of the
# estimate, at a fixed seed.
load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    train_small model3.bin -z 3
    train_small model2.bin -z 2
    export MODEL3=$PWD/model3.bin MODEL2=$PWD/model2.bin
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# shape: the header of the stream on stdin, without its padding.
shape() {
    head -1 | sed 's/ *$//'
}

# moments: mean, variance, fourth moment and lag-one correlation of the f32 stream on stdin, and how many numbers.
moments() {
    payload | od -An -v -t f4 -w4 | awk '
        { s += $1; q += $1 * $1; f += $1 * $1 * $1 * $1; if (NR > 1) c += $1 * last; last = $1 }
        END { print s / NR, q / NR, f / NR, c / NR, NR }'
}

@test "the default is one latent of 20, vae-train's default size" {
    vae-sample >a.raw
    assert_equal "$(shape <a.raw)" 'raw1 f32 20 1 .'
    assert_equal "$(stat -c %s a.raw)" $((64 + 80))
}

@test "-n and -d set the count and the size" {
    assert_equal "$(vae-sample -n 7 -d 3 | shape)" 'raw1 f32 3 7 .'
    assert_equal "$(vae-sample --count 7 --dim 3 | shape)" 'raw1 f32 3 7 .'
    assert_equal "$(vae-sample -n 0 | shape)" 'raw1 f32 20 0 .'
    vae-sample -n 70000 -d 3 | raw-info | grep -P '^f32\t3\t70000\t1\t'
}

@test "-m takes the size from the model" {
    assert_equal "$(vae-sample -m "$MODEL3" | shape)" 'raw1 f32 3 1 .'
    assert_equal "$(vae-sample --model "$MODEL3" -d 3 -n 2 | shape)" 'raw1 f32 3 2 .'
    vae-sample -n 5 -m "$MODEL3" | cmp - <(vae-sample -n 5 -d 3)
    fails 1 "vae-sample: $MODEL3: has latents of 3, wanted 2 as --dim says" vae-sample -d 2 -m "$MODEL3"
}

@test "the draws have the moments of the standard normal distribution" {
    read -r mean variance fourth lag count < <(vae-sample -n 20000 -d 5 | moments)
    assert_equal "$count" 100000
    near "$mean" 0 0.0127
    near "$variance" 1 0.0179
    near "$fourth" 3 0.124
    near "$lag" 0 0.0127
}

@test "each seed has draws of its own, with the same moments" {
    for seed in 0 2 18446744073709551615; do
        read -r mean variance _ < <(vae-sample -S "$seed" -n 20000 -d 5 | tee "$seed.raw" | moments)
        near "$mean" 0 0.0127
        near "$variance" 1 0.0179
    done
    # Seeds that a 32-bit reading would confuse.
    vae-sample -S 4294967298 -n 20000 -d 5 >high.raw
    run -1 cmp -s high.raw 2.raw
    # Independent of each other: the products' mean is 0.
    paste <(table 1 <0.raw) <(table 1 <2.raw) | awk 'NF == 2 { print $1 * $2 }' >products
    assert_equal "$(wc -l <products)" 100000
    near "$(awk '{ s += $1 } END { print s / NR }' products)" 0 0.0127
}

@test "no two items are alike" {
    distinct=$(vae-sample -n 20000 -d 2 | table 2 | sort -u | wc -l)
    assert_equal "$distinct" 20000
    # Nor where more are drawn than are written at a time.
    vae-sample -n 10000 -d 20 >many.raw
    assert_equal "$(table 20 <many.raw | sort -u | wc -l)" 10000
}

@test "neighbouring items and neighbouring numbers are independent" {
    # Products of each number with the one of the next item, and with its neighbour in the item, sign by sign.
    vae-sample -n 20000 -d 4 | table 4 | awk '
        NR > 1 { for (i = 1; i <= 4; i++) across += $i * last[i] }
        { for (i = 1; i <= 4; i++) last[i] = $i
          for (i = 1; i < 4; i++) for (j = i + 1; j <= 4; j++) { within += $i * $j; squares += $i * $i * $j * $j } }
        END { print across / (4 * (NR - 1)), within / (6 * NR), squares / (6 * NR) }' >figures
    read -r across within squares <figures
    near "$across" 0 0.0142
    near "$within" 0 0.0116
    near "$squares" 1 0.06
}

@test "a grid holds the quantiles of the normal distribution at the cells' middles" {
    vae-sample --grid 2x2 >a.raw
    assert_equal "$(shape <a.raw)" 'raw1 f32 2 4 .'
    # Row by row from the top: the first number grows to the right, the second upwards.
    { header f32 2 4 . && f32 -0.674490 0.674490 0.674490 0.674490 -0.674490 -0.674490 0.674490 -0.674490; } >b.raw
    raw-cmp --abs 1e-6 b.raw a.raw
}

@test "columns and rows of a grid are not the same" {
    { header f32 2 3 . && f32 -0.967422 0 0 0 0.967422 0; } | raw-cmp --abs 1e-6 - <(vae-sample --grid 3x1)
    { header f32 2 3 . && f32 0 0.967422 0 0 0 -0.967422; } | raw-cmp --abs 1e-6 - <(vae-sample --grid 1x3)
    vae-sample --grid 3x2 >a.raw
    { header f32 2 6 . && f32 -0.967422 0.674490 0 0.674490 0.967422 0.674490 \
        -0.967422 -0.674490 0 -0.674490 0.967422 -0.674490; } | raw-cmp --abs 1e-6 - a.raw
}

@test "the tails of a fine grid are exact as well" {
    # Quantiles of 0.0005 and of 0.0105, in the 1st and 11th of 1000 columns.
    vae-sample --grid 1000x1 | table 2 | awk 'NR == 1 || NR == 11 || NR == 1000 { print $1 }' >tails
    { read -r first && read -r eleventh && read -r last; } <tails
    near "$first" -3.2905267 1e-5
    near "$eleventh" -2.3079845 1e-5
    near "$last" 3.2905267 1e-5
}

@test "a grid needs a latent of 2 numbers and takes no count" {
    vae-sample --grid 2x2 -m "$MODEL2" | cmp - <(vae-sample --grid 2x2 -d 2)
    fails 1 "vae-sample: $MODEL3: has latents of 3, wanted 2 for --grid" vae-sample --grid 2x2 -m "$MODEL3"
    fails 2 'vae-sample: --dim: found 3 with --grid, wanted 2' vae-sample --grid 2x2 -d 3
    fails 2 'vae-sample: --dim: found 1 with --grid, wanted 2' vae-sample --grid 2x2 -d 1
    fails 2 'vae-sample: --count: found it with --grid, which draws nothing' vae-sample --grid 2x2 -n 4
}

@test "a bad grid, count, size or seed is a usage error" {
    for grid in 2 2x 0x2 2x2x2 axb -2x2; do
        fails 2 "vae-sample: --grid: found '$grid', wanted columns and rows from 1 to 100000, such as 20x20 (" \
            vae-sample --grid "$grid"
    done
    fails 2 "vae-sample: --count: found '-1'" vae-sample -n -1
    fails 2 "vae-sample: --dim: found '0'" vae-sample -d 0
    fails 2 "vae-sample: --seed: found '18446744073709551616'" vae-sample -S 18446744073709551616
    fails 2 'vae-sample: operands: found 1, wanted 0' vae-sample operand
}
