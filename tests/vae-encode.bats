#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# vae-encode: a stream of items to a stream of latents. Error bars are four standard deviations, at a fixed seed.
load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    idx2raw -n 100 "$IMAGES" >items.raw
    vae-train -q -m model.bin -z 2 -H 16 -e 10 items.raw
    { header f32 3 4 . && f32 0 0.5 1 0.25 0.75 0 1 1 1 0.1 0.2 0.3; } >threes.raw
    vae-train -q -m linear.bin -z 2 -H none -e 30 threes.raw
    vae-train -q -m tanh.bin -z 1 -H 2 -a tanh -e 30 threes.raw
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/*.* .
}

@test "each item becomes its posterior's mean, one latent of f32" {
    vae-encode -m model.bin items.raw >z.raw
    assert_equal "$(head -1 z.raw)" "$(printf '%-63s' 'raw1 f32 2 100 .')"
    assert_equal "$(stat -c %s z.raw)" $((64 + 100 * 8))
}

@test "--stats gives mean and logvar, of which the mean is the default output" {
    vae-encode -m model.bin --stats items.raw >stats.raw
    assert_equal "$(head -1 stats.raw)" "$(printf '%-63s' 'raw1 f32 2x2 100 .')"
    vae-encode -m model.bin items.raw | table 2 >mean
    table 4 <stats.raw | awk '{ print $1, $2 }' | diff - <(awk '{ print $1, $2 }' mean)
    # Not the other half: the two differ.
    table 4 <stats.raw | awk '{ print $3, $4 }' >logvar
    assert_not_equal "$(<logvar)" "$(awk '{ print $1, $2 }' mean)"
}

@test "the KL of mean and logvar is vae-eval's" {
    kl=$(vae-encode -m model.bin --stats items.raw | table 4 | awk '
        { for (i = 1; i <= 2; i++) s += 0.5 * (exp($(i + 2)) + $i * $i - 1 - $(i + 2)) } END { print s / NR }')
    near "$kl" "$(vae-eval -m model.bin items.raw | awk 'NR == 2 { print $4 }')" 0.0002
}

@test "without hidden layers the latent is what the weights in the file say" {
    vae-encode -m linear.bin threes.raw >z.raw
    read -r -a w <<<"$(tensor linear.bin mu.weight)"
    read -r -a b <<<"$(tensor linear.bin mu.bias)"
    wanted=$(payload <threes.raw | od -An -v -t f4 -w12 | awk -v w="${w[*]}" -v b="${b[*]}" '
        BEGIN { split(w, W, " "); split(b, B, " ") }
        { for (i = 0; i < 2; i++) print B[i + 1] + W[3 * i + 1] * $1 + W[3 * i + 2] * $2 + W[3 * i + 3] * $3 }')
    # shellcheck disable=SC2086 # one number a word
    { header f32 2 4 . && f32 $wanted; } | raw-cmp --abs 1e-5 - z.raw
}

@test "a hidden layer has its activation, and both heads have none" {
    vae-encode -m tanh.bin --stats threes.raw >stats.raw
    wanted=$(payload <threes.raw | od -An -v -t f4 -w12 | awk -v w="$(tensor tanh.bin encoder.0.weight)" \
        -v b="$(tensor tanh.bin encoder.0.bias)" -v m="$(tensor tanh.bin mu.weight) $(tensor tanh.bin mu.bias)" \
        -v l="$(tensor tanh.bin logvar.weight) $(tensor tanh.bin logvar.bias)" '
        function tanh(a) { return (exp(2 * a) - 1) / (exp(2 * a) + 1) }
        BEGIN { split(w, W, " "); split(b, B, " "); split(m, M, " "); split(l, L, " ") }
        {
            p = tanh(B[1] + W[1] * $1 + W[2] * $2 + W[3] * $3)
            q = tanh(B[2] + W[4] * $1 + W[5] * $2 + W[6] * $3)
            print M[1] * p + M[2] * q + M[3], L[1] * p + L[2] * q + L[3]
        }')
    # shellcheck disable=SC2086 # one number a word
    { header f32 2x1 4 . && f32 $wanted; } | raw-cmp --abs 1e-5 - stats.raw
}

@test "--sample draws from the posterior: mean and variance are those of --stats" {
    # The same item again and again: each has noise of its own.
    n=5000
    { header f32 3 $n . && perl -e 'print pack("f<*", 0.25, 0.75, 0) x $ARGV[0]' -- $n; } >same.raw
    read -r mu1 mu2 logvar1 logvar2 < <(vae-encode -m linear.bin --stats same.raw | table 4 | head -1)
    vae-encode -m linear.bin --sample same.raw | table 2 | awk '
        { s += $1; t += $2; ss += $1 * $1; tt += $2 * $2; st += $1 * $2 }
        END { s /= NR; t /= NR; print s, t, ss / NR - s * s, tt / NR - t * t, st / NR - s * t }' >moments
    read -r mean1 mean2 variance1 variance2 covariance <moments
    for case in "$mean1 $mu1 $variance1 $logvar1" "$mean2 $mu2 $variance2 $logvar2"; do
        read -r mean mu variance logvar <<<"$case"
        near "$mean" "$mu" "$(awk -v l="$logvar" -v n=$n 'BEGIN { print 4 * exp(l / 2) / sqrt(n) }')"
        near "$(awk -v v="$variance" -v l="$logvar" 'BEGIN { print v / exp(l) }')" 1 0.08
    done
    # The latents' noise is independent.
    near "$(awk -v c="$covariance" -v a="$logvar1" -v b="$logvar2" 'BEGIN { print c / exp((a + b) / 2) }')" 0 0.0566
}

@test "another seed changes a draw, and not a mean" {
    vae-encode -m model.bin items.raw >mean.raw
    vae-encode -m model.bin -S 7 items.raw | cmp - mean.raw
    vae-encode -m model.bin --sample items.raw >one.raw
    vae-encode -m model.bin --sample -S 7 items.raw >seven.raw
    run -1 cmp -s one.raw mean.raw
    run -1 cmp -s one.raw seven.raw
}

@test "a byte stands for its 255th part" {
    idx2raw -n 100 "$IMAGES" | payload | perl -e 'local $/; print pack "f<*", map { $_ / 255 } unpack "C*", <STDIN>' >f
    { header f32 28x28 100 . && cat f; } | vae-encode -m model.bin >floats.raw
    vae-encode -m model.bin items.raw | cmp - floats.raw
}

@test "f64 is taken as f32 is" {
    { header f64 3 1 . && perl -e 'print pack "d<*", 0.25, 0.75, 0'; } | vae-encode -m linear.bin >z.raw
    { header f32 3 1 . && f32 0.25 0.75 0; } | vae-encode -m linear.bin | cmp - z.raw
}

@test "what the model was trained to see is what it encodes: threshold" {
    vae-train -q -m threshold.bin -z 2 -H none -e 3 --binarize threshold threes.raw
    { header f32 3 2 . && f32 0.2 0.5 0.51 0.49 1 0; } | vae-encode -m threshold.bin >grey.raw
    { header f32 3 2 . && f32 0 1 1 0 1 0; } | vae-encode -m threshold.bin | cmp - grey.raw
}

@test "what the model was trained to see is what it encodes: sample" {
    vae-train -q -m sample.bin -z 2 -H none -e 3 --binarize sample threes.raw
    { header f32 3 1000 . && perl -e 'print pack("f<*", 0, 0.25, 1) x 1000'; } >grey.raw
    vae-encode -m sample.bin grey.raw >latents.raw
    # An item is drawn by its number in the stream, whatever its frame.
    recut 7 <grey.raw | vae-encode -m sample.bin | recut 0 | cmp - latents.raw
    table 2 <latents.raw |
        awk '{ printf "%.4f %.4f\n", $1, $2 }' | sort | uniq -c | sort -n >seen
    # Two pictures, the rarer a quarter of the time.
    assert_equal "$(wc -l <seen)" 2
    near "$(awk 'NR == 1 { print $1 / 1000 }' seen)" 0.25 0.055
}

@test "items of another shape are refused, with both shapes and the model named" {
    fails 1 'vae-encode: threes.raw: items have shape 3, model.bin wants 28x28' vae-encode -m model.bin threes.raw
    fails 1 'vae-encode: stdin: items have shape 784, model.bin wants 28x28' \
        vae-encode -m model.bin < <(header f32 784 0 .)
}

@test "what the likelihood cannot hold is refused by item and element, whatever the frames" {
    { header f32 3 2 + && f32 0 0 0 1 1 1 && header f32 3 2 . && f32 0 1 0 0 2 0; } >bad.raw
    fails 1 'vae-encode: bad.raw: item 3, element 1 is 2, wanted a number in [0,1] for bernoulli' \
        vae-encode -m linear.bin bad.raw
    { header f32 3 1 . && f32 0 0 NaN; } >bad.raw
    fails 1 'vae-encode: bad.raw: item 0, element 2 is ' vae-encode -m linear.bin bad.raw
}

@test "an input that goes wrong is refused while threads work on the items before" {
    # The work on the first 512 items takes much longer than finding the bad one.
    vae-train -q -m wide.bin -z 2 -H 2000 -e 0 items.raw
    { header f32 28x28 520 . && perl -e 'print pack "f<*", (0.5) x (784 * 519), (2) x 784'; } >bad.raw
    for _ in 1 2 3; do
        fails 1 'vae-encode: bad.raw: item 519, element 0 is 2, wanted a number in [0,1] for bernoulli' \
            vae-encode -q -j 3 -m wide.bin bad.raw
        head -c -1 bad.raw >short.raw
        fails 1 'vae-encode: short.raw: ended after ' vae-encode -q -j 3 -m wide.bin short.raw
    done
}

@test "draws and statistics are not asked for at once" {
    fails 2 'vae-encode: --sample: found it with --stats' vae-encode -m model.bin --sample --stats
}
