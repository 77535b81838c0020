#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# vae-decode: a stream of latents to a stream of items. Error bars are four standard deviations, at a fixed seed.
# shellcheck disable=SC2016 # what is quoted is awk's
load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    idx2raw -n 100 "$IMAGES" | vae-train -q -m model.bin -z 2 -H 16 -b 20 -e 60 -r 0.005
    { header f32 3 4 . && f32 0 0.5 1 0.25 0.75 0 1 1 1 0.1 0.2 0.3; } >threes.raw
    vae-train -q -m small.bin -z 2 -H 2 -a tanh -e 30 threes.raw
    vae-train -q -m gaussian.bin -z 2 -H 2 -a tanh -e 30 -l gaussian --sigma 0.3 threes.raw
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/*.* .
}

# by_hand MODEL Z1 Z2: the decoder's last layer for a latent, computed from the weights in the file.
by_hand() {
    awk -v w="$(tensor "$1" decoder.0.weight)" -v b="$(tensor "$1" decoder.0.bias)" \
        -v v="$(tensor "$1" decoder.1.weight)" -v c="$(tensor "$1" decoder.1.bias)" -v z="$2" -v y="$3" '
        function tanh(a) { return (exp(2 * a) - 1) / (exp(2 * a) + 1) }
        BEGIN {
            split(w, W, " "); split(b, B, " "); split(v, V, " "); split(c, C, " ")
            p = tanh(B[1] + W[1] * z + W[2] * y); q = tanh(B[2] + W[3] * z + W[4] * y)
            for (i = 0; i < 3; i++) print V[2 * i + 1] * p + V[2 * i + 2] * q + C[i + 1]
        }'
}

# same N: N times the latent (0.5, -1).
same() {
    header f32 2 "$1" .
    perl -e 'print pack("f<*", 0.5, -1) x $ARGV[0]' -- "$1"
}

@test "each latent becomes an item of the model's shape" {
    vae-sample -d 2 -n 7 | vae-decode -m model.bin >x.raw
    assert_equal "$(head -1 x.raw)" "$(printf '%-63s' 'raw1 f32 28x28 7 .')"
    assert_equal "$(stat -c %s x.raw)" $((64 + 7 * 784 * 4))
}

@test "bernoulli means are what the weights in the file say, behind the logistic function" {
    wanted=$(by_hand small.bin 0.5 -1 | awk '{ print 1 / (1 + exp(-$1)) }')
    # shellcheck disable=SC2086 # one number a word
    { header f32 3 1 . && f32 $wanted; } | raw-cmp --abs 1e-6 - <(same 1 | vae-decode -m small.bin)
}

@test "gaussian means are what the weights in the file say" {
    # shellcheck disable=SC2046 # one number a word
    { header f32 3 1 . && f32 $(by_hand gaussian.bin 0.5 -1); } |
        raw-cmp --abs 1e-6 - <(same 1 | vae-decode -m gaussian.bin)
}

@test "bernoulli means lie in [0,1], however far out the latent" {
    { vae-sample -d 2 -n 100 && header f32 2 4 . && f32 1e6 -1e6 -1e6 1e6 1e6 1e6 -1e6 -1e6; } |
        vae-decode -m model.bin | raw-info | row_holds 2 '$3 == 104 && $5 >= 0 && $6 <= 1 && $6 > $5 && $8 == 0'
}

@test "different latents give different items" {
    vae-sample -d 2 -n 50 | vae-decode -m small.bin | table 3 | sort -u >lines
    assert_equal "$(wc -l <lines)" 50
}

@test "--sample of bernoulli gives 0 and 1, as often as the mean says" {
    n=5000
    read -r -a p < <(same 1 | vae-decode -m small.bin | table 3)
    same $n | vae-decode -m small.bin --sample | table 3 | awk '
        { for (i = 1; i <= 3; i++) { if ($i != 0 && $i != 1) exit 1; s[i] += $i }; pairs += $1 * $2 }
        END { print s[1] / NR, s[2] / NR, s[3] / NR, pairs / NR }' >frequencies
    read -r -a f <frequencies
    for i in 0 1 2; do
        near "${f[i]}" "${p[i]}" "$(awk -v p="${p[i]}" -v n=$n 'BEGIN { print 4 * sqrt(p * (1 - p) / n) }')"
    done
    # Given the latent, elements are independent: both are 1 as often as the product says.
    near "${f[3]}" "$(awk -v p="${p[0]}" -v q="${p[1]}" 'BEGIN { print p * q }')" \
        "$(awk -v p="${p[0]}" -v q="${p[1]}" -v n=$n 'BEGIN { print 4 * sqrt(p * q * (1 - p * q) / n) }')"
}

@test "--sample of gaussian has the decoder's mean and the model's sigma" {
    n=5000
    read -r -a mu < <(same 1 | vae-decode -m gaussian.bin | table 3)
    same $n | vae-decode -m gaussian.bin --sample | table 3 >draws
    # Each item has noise of its own, however far into the stream.
    assert_equal "$(sort -u draws | wc -l)" $n
    awk '
        { for (i = 1; i <= 3; i++) { s[i] += $i; q[i] += $i * $i } }
        END { for (i = 1; i <= 3; i++) { m = s[i] / NR; print m, sqrt(q[i] / NR - m * m) } }' draws >moments
    i=0
    while read -r mean sd; do
        near "$mean" "${mu[i++]}" 0.017
        near "$sd" 0.3 0.012
    done <moments
    assert_equal $i 3
}

@test "elements of a large item have noise of their own" {
    { header f32 3000 1 . && perl -e 'print pack("f<", 0.5) x 3000'; } >wide.raw
    for likelihood in bernoulli gaussian; do
        vae-train -q -m wide.bin -H none -z 1 -e 0 -l $likelihood wide.raw
        { header f32 1 1 . && f32 0; } >z.raw
        paste <(vae-decode -m wide.bin z.raw | table 1) <(vae-decode -m wide.bin --sample z.raw | table 1) >both
        # What a draw adds to the mean, against the same 1, 4 and 1024 elements on.
        for lag in 1 4 1024; do
            near "$(awk -v lag=$lag '{ d[NR] = $2 - $1; q += d[NR] ^ 2; if (NR > lag) c += d[NR] * d[NR - lag] }
                END { print c / (NR - lag) / (q / NR) }' both)" 0 0.09
        done
    done
}

@test "draws share no noise with latents that were drawn with the same seed" {
    # With weights of 0 each element is 1 with probability 1/2, whatever the latent.
    vae-train -q -m half.bin -e 0 --init normal:0 -z 4 -H 3 <(header f32 4 3 . && f32 0 1 0 1 0 1 0 1 0 1 0 1)
    vae-sample -n 2000 -d 4 >z.raw
    vae-decode -q --sample -m half.bin z.raw >x.raw
    paste <(raw2csv --tsv --no-header z.raw) <(raw2csv --tsv --no-header x.raw) | awk '
        { for (i = 1; i <= 4; i++) for (j = 5; j <= 8; j++) s[i, j] += $i * (2 * $j - 1) / 2000 }
        END { for (k in s) if (!(s[k] ^ 2 < 0.12 ^ 2)) { print k, s[k]; exit 1 } exit NR != 2000 }'
}

@test "another seed changes a draw, and not a mean" {
    same 20 >z.raw
    vae-decode -m small.bin z.raw | cmp - <(vae-decode -m small.bin -S 9 z.raw)
    vae-decode -m small.bin --sample z.raw >one.raw
    vae-decode -m small.bin --sample -S 9 z.raw >nine.raw
    run -1 cmp -s one.raw nine.raw
}

@test "latents of another size are refused with what to do" {
    fails 1 'vae-decode: stdin: items have shape 20, model.bin wants 2 (vae-sample -d 2)' \
        vae-decode -m model.bin < <(vae-sample -n 3)
    vae-encode -m small.bin --stats threes.raw >stats.raw
    fails 1 'vae-decode: stats.raw: items have shape 2x2, small.bin wants latents of 2 (vae-encode makes them)' \
        vae-decode -m small.bin stats.raw
}

@test "latents are real numbers: f64 as well as f32, but no bytes" {
    { header f64 2 1 . && perl -e 'print pack "d<*", 0.5, -1'; } | vae-decode -m small.bin >x.raw
    same 1 | vae-decode -m small.bin | cmp - x.raw
    for dtype in u8 i32; do
        header $dtype 2 0 . >z.raw
        fails 1 "vae-decode: z.raw: items are $dtype, wanted latents of f32 or f64" vae-decode -m small.bin z.raw
    done
}

@test "a latent that is not finite is refused by item and element" {
    for bad in NaN Inf -Inf; do
        { header f32 2 1 + && f32 0 0 && header f32 2 1 . && f32 0 $bad; } >z.raw
        fails 1 "vae-decode: z.raw: item 1, element 1 is ${bad,,}, wanted a finite float" vae-decode -m small.bin z.raw
    done
}

@test "a latent beyond the floats' range is refused, not decoded to NaN" {
    { header f64 2 1 . && perl -e 'print pack "d<*", 1e300, -1e300'; } >z.raw
    fails 1 'vae-decode: z.raw: item 0, element 0 ' vae-decode -m model.bin z.raw
}

@test "a decoder that overflows is refused, whatever a draw or the most probable level would hide" {
    { header f32 4 50 . && perl -e 'srand 1; print pack "f<*", map { int rand 3 } 1 .. 200'; } >levels.raw
    { header f32 4 50 . && perl -e 'print pack "f<*", (0, 1) x 100'; } >bits.raw
    { header f32 20 8 . && perl -e 'srand 2; print pack "f<*", map { rand() < 0.5 ? 3.4e38 : -3.4e38 } 1 .. 160'; } >far.raw
    for likelihood in poisson negbin 'categorical --levels 3' bernoulli; do
        [ "$likelihood" != bernoulli ] || cp bits.raw levels.raw
        # shellcheck disable=SC2086 # options, not one
        vae-train -q -m far.bin -z 20 -H 16,16 -e 0 -l $likelihood levels.raw
        for option in '' --sample; do
            # shellcheck disable=SC2086 # or none
            fails 1 'vae-decode: far.raw: item 0 has a result that is not finite' vae-decode -m far.bin $option far.raw
        done
    done
    # By its number in the stream, in whatever frame it stands.
    {
        header f32 20 200 + && head -c 16000 /dev/zero
        header f32 20 3 . && head -c 80 /dev/zero && payload <far.raw | head -c 80 && head -c 80 /dev/zero
    } >amid.raw
    fails 1 'vae-decode: amid.raw: item 201 has a result that is not finite' vae-decode -m far.bin amid.raw
}

@test "a scale that is no number is refused, and not drawn with for ever" {
    # Log S is the difference of two infinities.
    { header i32 2 4 . && perl -e 'print pack "l<*", 1 .. 8'; } >counts.raw
    vae-train -q -m scale.bin -l negbin --sigma net -H none --decoder-hidden 2 -z 2 -e 0 counts.raw
    perl "$ROOT/tests/safetensors.pl" edit \
        '$data = pack "f<*", (0) x 8, 10, 10, -20, -20, (3e38) x 4, 0, 0, (-1) x 6, 1, -1, (0) x 4; checksum()' <scale.bin >nan.bin
    { header f32 2 1 . && f32 10 10; } >z.raw
    fails 1 'vae-decode: z.raw: item 0 has a result that is not finite' vae-decode --sample -m nan.bin z.raw
    { header f32 2 1 . && f32 0 nan; } >hole.raw
    fails 1 'vae-impute: hole.raw: item 0 ' vae-impute --sample -m nan.bin hole.raw
}

@test "what was encoded comes back nearer to itself than to its neighbour" {
    idx2raw -n 100 "$IMAGES" >x.raw
    vae-encode -m model.bin x.raw | vae-decode -m model.bin | table 784 >again
    perl -e '
        my ($x, $n, @own) = (0, 100);
        open my $f, "<", $ARGV[0]; local $/; my @x = unpack "x64C*", <$f>; $/ = "\n";
        while (<STDIN>) {
            my @a = split; my ($here, $next) = (0, 0); my $j = ($x + 1) % $n;
            $here += ($a[$_] - $x[784 * $x + $_] / 255) ** 2, $next += ($a[$_] - $x[784 * $j + $_] / 255) ** 2
                for 0 .. 783;
            $nearer += $here < $next; $x++;
        }
        print $nearer' -- x.raw <again >nearer
    # By chance it would be 50 +- 5 of the 100.
    assert [ "$(<nearer)" -ge 70 ]
}
