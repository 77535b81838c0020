#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Missing elements: --missing, what the figures cover, and vae-impute.
# shellcheck disable=SC2016 # what is quoted is awk's
load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    # x = (u, u + v, u - v) / 2 with u, v and a little noise normal, so that any two tell the third; a third is missing.
    perl -e 'srand 7;
        sub normal { sqrt(-2 * log(1 - rand)) * cos(6.2831853 * rand) }
        my (@whole, @holes);
        for (1 .. 3000) {
            my ($u, $v) = (normal(), normal());
            my @x = map { $_ / 2 + 0.1 * normal() } $u, $u + $v, $u - $v;
            push @whole, @x;
            $x[int rand 3] = "nan" if rand() < 0.8;
            push @holes, @x;
        }
        open my $f, ">", "whole.data"; print $f pack "f<*", @whole;
        open my $g, ">", "holes.data"; print $g pack "f<*", @holes;'
    for name in whole holes; do
        { header f32 3 3000 . && cat $name.data; } >$name.raw
    done
    options=(-q -l gaussian --sigma shared -H 32 --decoder-hidden none -z 2 -b 50 -r 0.01 --schedule cosine)
    vae-train "${options[@]}" -m model.bin --missing --objective dreg -k 20 -e 100 holes.raw
    vae-train "${options[@]}" -m whole.bin -e 40 whole.raw
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/* .
}

# numbers FILE: a stream of f32 as text, a number a line.
numbers() {
    payload <"$1" | od -A n -v -t f4 -w4 | tr -d ' '
}

# error FILE: root mean square of its distance from whole.raw where holes.raw has none.
error() {
    paste <(numbers "$1") <(numbers whole.raw) <(numbers holes.raw) |
        awk '$3 ~ /nan/ { s += ($1 - $2)^2; n++ } END { print sqrt(s / n) }'
}

@test "the model learned from two thirds of the elements what the whole ones are like" {
    assert_equal "$(metadata model.bin missing)" nan
    no_metadata whole.bin missing
    local learned wanted
    learned=$(vae-eval -q -m model.bin -k 100 whole.raw | awk 'NR == 2 { print $5 }')
    wanted=$(vae-eval -q -m whole.bin -k 100 whole.raw | awk 'NR == 2 { print $5 }')
    near "$learned" "$wanted" 0.25
}

@test "the figures are those of the observed elements: log p(x1, x2) is a normal density" {
    # Under a linear model all x are: their means are the biases, their covariance W W' and sigma^2.
    numbers whole.raw | sed -n 1,1200p | awk 'NR % 3 { print; next } { print "nan" }' >x12
    # shellcheck disable=SC2046
    { header f32 3 400 . && f32 $(<x12); } >x12.raw
    # shellcheck disable=SC2046
    wanted=$(perl -e '
        my ($a, $b, $c, $d, $e, $f, $m1, $m2, $m3, $s) = splice @ARGV, 0, 10;
        my $v = exp(2 * $s);
        my ($p, $q, $r) = ($a * $a + $b * $b + $v, $a * $c + $b * $d, $c * $c + $d * $d + $v);
        my ($det, $sum) = $p * $r - $q * $q;
        while (my ($x, $y) = splice @ARGV, 0, 3) {
            $x -= $m1;
            $y -= $m2;
            $sum -= log(6.283185307) + 0.5 * log($det) + ($r * $x * $x - 2 * $q * $x * $y + $p * $y * $y) / (2 * $det);
        }
        print $sum / 400' -- $(tensor model.bin decoder.0.weight) $(tensor model.bin decoder.0.bias) \
        $(tensor model.bin likelihood.log_scale) $(<x12))
    vae-eval -q -m model.bin -k 5000 x12.raw >table
    near "$(awk 'NR == 2 { print $5 }' table)" "$wanted" 0.01
    # Bits are of an element that is there.
    row_holds 2 'NF == 11 && ($10 - $5 / 2 / log(2))^2 < 1e-8' <table
}

@test "an item without any element has no reconstruction, and its elbo is -KL" {
    { header f32 3 1 . && f32 nan nan nan; } >none.raw
    vae-eval -q -m model.bin --per-item none.raw | row_holds 2 '$3 == 0 && $2 == -$4 && $4 > 0'
    # No bits are of no element.
    vae-eval -q -m model.bin none.raw | row_holds 2 '$7 ~ /^-?nan$/ && $2 < 0'
}

@test "vae-impute comes as near as the noise allows, and leaves the rest as it was" {
    vae-impute -m model.bin -k 200 holes.raw >filled.raw
    assert_equal "$(head -1 filled.raw)" "$(header f32 3 3000 .)"
    # The best guess is (x2 + x3) / 2, 2 x1 - x3 or 2 x1 - x2, off by the noise of all three: 0.01 times 1.5, 6 and 6.
    near "$(error filled.raw)" 0.212 0.012
    paste <(numbers filled.raw) <(numbers holes.raw) | rows_hold 9000 '$1 !~ /nan/ && ($2 ~ /nan/ || $1 == $2)'
    # A model of whole items does it, too, though its encoder takes the 0 for a number; the mean would be off by 0.65.
    vae-impute -m whole.bin -k 2000 holes.raw >other.raw
    holds "$(error other.raw) < 0.45"
    # More draws change little, few much.
    vae-impute -m model.bin -k 1 holes.raw >one.raw
    holds "$(error one.raw) > 1.1 * $(error filled.raw)"
}

@test "the mean is the expectation of a linear model" {
    { header f32 3 1 . && f32 0.4 nan -0.3; } >x.raw
    # shellcheck disable=SC2046
    wanted=$(perl -e '
        my ($a, $b, $c, $d, $e, $f, $m1, $m2, $m3, $s) = @ARGV;
        my $v = exp(2 * $s);
        # Covariance of (x1, x3), of x2 with both, and the normal equations.
        my ($p, $q, $r) = ($a * $a + $b * $b + $v, $a * $e + $b * $f, $e * $e + $f * $f + $v);
        my ($g, $h) = ($c * $a + $d * $b, $c * $e + $d * $f);
        my $det = $p * $r - $q * $q;
        my ($y, $z) = (0.4 - $m1, -0.3 - $m3);
        print $m2 + ($g * ($r * $y - $q * $z) + $h * ($p * $z - $q * $y)) / $det' -- \
        $(tensor model.bin decoder.0.weight) $(tensor model.bin decoder.0.bias) $(tensor model.bin likelihood.log_scale))
    vae-impute -m model.bin -k 100000 x.raw >y.raw
    near "$(numbers y.raw | sed -n 2p)" "$wanted" 0.005
    # Draws have it as their mean, and spread.
    for seed in $(seq 60); do vae-impute -m model.bin -k 300 --sample -S "$seed" x.raw | table 3 | awk '{ print $2 }'; done |
        awk -v wanted="$wanted" '{ s += $1; q += $1 * $1 } END { m = s / NR; sd = sqrt(q / NR - m * m)
            exit !(NR == 60 && sd > 0.05 && sd < 0.4 && (m - wanted)^2 < 16 * sd * sd / NR) }'
}

@test "doubles keep their bits, frames and threads change none" {
    numbers holes.raw | perl -ne 'BEGIN { $/ = "\n" } push @x, $_ =~ /nan/ ? "nan" : $_ + 1e-12; END { print pack "d<*", @x }' >d.data
    { header f64 3 3000 . && cat d.data; } >d.raw
    vae-impute -m model.bin -k 20 d.raw >filled.raw
    assert_equal "$(head -1 filled.raw)" "$(header f64 3 3000 .)"
    perl -e 'local $/; open my $a, "<:raw", "d.data"; open my $b, "<:raw", "filled.raw";
        my @x = unpack "(a8)*", <$a>; my @y = unpack "(a8)*", substr <$b>, 64;
        $x[$_] eq $y[$_] xor unpack("d<", $x[$_]) != unpack("d<", $x[$_]) or exit 1 for 0 .. $#x;
        exit(@x != 9000 || @y != 9000)'
    recut 7 <d.raw | vae-impute -m model.bin -k 20 -j 1 | recut 0 | cmp - filled.raw
}

@test "every likelihood trains on items with holes, and fills them with what it can hold" {
    perl -e 'srand 2; print pack "f<*", map { rand() < 0.3 ? "nan" : int(2 * rand) } 1 .. 600' >bits.data
    { header f32 6 100 . && cat bits.data; } >bits.raw
    for options in '-l bernoulli' '-l bernoulli --binarize sample' '-l bernoulli --binarize threshold' '-l gaussian --sigma net' \
        '-l gaussian --sigma optimal' '-l gaussian --sigma per-dim' '-l laplace --sigma shared' '-l cbernoulli' '-l dlogistic' \
        '-l categorical --levels 2' '-l poisson' '-l negbin' '-l bernoulli --mean-bias' '-l bernoulli --objective dreg -k 3' \
        '-l bernoulli --optimizer muon -a gated'; do
        # shellcheck disable=SC2086
        vae-train -q -m m.bin --missing -H 8 -z 2 -e 3 -b 20 $options bits.raw
        vae-info m.bin | grep -P '^elbo\t-?[0-9.]+$' || fail "$options: $(vae-info m.bin | grep elbo)"
        vae-impute -m m.bin -k 5 --sample bits.raw >filled.raw
        paste <(numbers filled.raw) <(numbers bits.raw) | rows_hold 600 '$1 !~ /nan/ && ($2 ~ /nan/ || $1 == $2)' || fail "$options"
        case $options in *gaussian* | *laplace* | *cbernoulli* | *dlogistic*) ;; *)
            numbers filled.raw | rows_hold 600 '$1 == int($1)' || fail "$options: not whole" ;;
        esac
    done
    vae-train -q -m m.bin --missing -H 8 -z 2 -e 3 -b 20 -l categorical --levels 2 bits.raw
    fails 1 'vae-impute: m.bin: has likelihood categorical, which has no mean, wanted --sample' vae-impute -m m.bin bits.raw
}

@test "an item without any element stops no scale from being learned" {
    { header f32 3 6 . && f32 1 2 3 nan nan nan 2 3 4 0 1 2 2 2 2 1 nan 1; } >some.raw
    for sigma in optimal shared per-dim net; do
        vae-train -q -l gaussian --sigma $sigma --missing -b 1 -H 4 -z 2 -e 3 -m $sigma.bin some.raw
        is_number "$(metadata $sigma.bin elbo)"
    done
    # The scale of an epoch is that of all that was observed, however the batches are cut: x is 1 or -1, a is 0.
    { header f32 4 4 . && f32 1 -1 1 -1 1 nan nan nan -1 nan nan nan 3 nan nan nan; } >x.raw
    vae-train -q -l gaussian --sigma optimal --missing -b 1 -r 0 -H none -z 1 -e 1 -m m.bin x.raw
    near "$(tensor m.bin likelihood.log_scale)" "$(awk 'BEGIN { print 0.5 * log((4 + 1 + 1 + 9) / 7) }')" 0.5
}

@test "which draw is kept does not depend on what it is" {
    # Pixels of 0 or 1 of which nothing is known: as many are drawn as 1 as the mean says.
    { header f32 3 4000 . && perl -e 'print pack "f<*", ("nan") x 12000'; } >none.raw
    vae-train -q -m grey.bin --missing -H none -z 1 -e 0 none.raw
    vae-impute -q -m grey.bin -k 20 none.raw | table 3 >means
    vae-impute -q -m grey.bin -k 20 --sample none.raw | table 3 >draws
    paste means draws | awk '{ for (i = 1; i <= 3; i++) { m[i] += $i; d[i] += $(i + 3) } }
        END { for (i = 1; i <= 3; i++) if (NR != 4000 || (d[i] - m[i])^2 > 16 * NR / 4) { print i, m[i], d[i]; exit 1 } }'
}

@test "draws do not hide that the decoder gave no number" {
    { header u8 2 2 . && printf '\0\1\2\3'; } >bytes.raw
    vae-train -q -m bytes.bin -H none --decoder-hidden 2 -z 2 -e 0 bytes.raw
    perl "$ROOT/tests/safetensors.pl" edit \
        '$data = pack "f<*", (0) x 8, 10, 10, -20, -20, (3e38) x 4, 0, 0, 1, -1, 1, -1, 0, 0; checksum()' <bytes.bin >nan.bin
    { header f32 2 1 . && f32 nan nan; } >none.raw
    fails 1 'vae-impute: none.raw: item 0 gets a number that is not finite' vae-impute -q --sample -m nan.bin none.raw
    # Nor is infinity one.
    { header f32 1 1 . && f32 1; } >one.raw
    vae-train -q -m one.bin -l gaussian -H none -z 1 -e 0 one.raw
    perl "$ROOT/tests/safetensors.pl" edit '$data = pack "f<*", 0, 0, 10, -20, 3e38, 0; checksum()' <one.bin >huge.bin
    { header f32 1 1 . && f32 nan; } >none.raw
    fails 1 'vae-impute: none.raw: item 0 gets a number that is not finite' vae-impute -q -k 1 -m huge.bin none.raw
}

@test "vae-impute says where its numbers are a guess, and where there is nothing to do" {
    vae-impute -m model.bin whole.raw 2>err | cmp - whole.raw
    assert_equal "$(<err)" 'vae-impute: whole.raw: no element is nan, so none is filled in'
    vae-impute -m whole.bin -k 3 holes.raw 2>err >/dev/null
    assert_regex "$(<err)" '^vae-impute: holes.raw: 2398 of 2398 items with missing elements have fewer than 5 effective samples: a larger -k helps, or a model trained with --missing$'
    vae-impute -m model.bin -k 3 holes.raw 2>err >/dev/null
    assert_regex "$(<err)" '^vae-impute: holes.raw: 2398 of 2398 items with missing elements have fewer than 5 effective samples: a larger -k helps$'
    vae-impute -q -m whole.bin -k 3 holes.raw 2>err >/dev/null
    assert_empty "$(<err)"
    { header u8 3 2 . && printf abcdef; } >u8.raw
    fails 1 'vae-train: u8.raw: items are u8, so no element is missing, wanted f32 or f64 for --missing' vae-train -m x --missing u8.raw
    { header i32 3 1 . && head -c 12 /dev/zero; } >i32.raw
    fails 1 'vae-train: i32.raw: items are i32, so no element is missing, wanted f32 or f64 for --missing' \
        vae-train -m x -l poisson --missing i32.raw
}

@test "an element that no item has is nothing to learn from, and no grey" {
    { header f32 3 40 . && perl -e 'print pack "f<*", map { (nan, $_ % 2, $_ % 3 > 0) } 1 .. 40'; } >never.raw
    for options in '' --mean-bias; do
        # shellcheck disable=SC2086 # none or one
        vae-train -m never.bin --missing -H 4 -z 1 -e 3 $options never.raw 2>err
        grep -q 'trained to epoch 3 of 3' err
        run -1 grep grey err
        vae-eval -q -m never.bin never.raw | row_holds 2 '$1 == 40 && $2 < 0'
    done
    assert_equal "$(vae-train -q -m never.bin --missing -H 4 -z 1 -e 0 --mean-bias never.raw && tensor never.bin decoder.1.bias | cut -d ' ' -f 2)" 0
}

@test "without --missing a nan is refused, with what to do; other wrong numbers are refused with it, too" {
    fails 1 'vae-train: holes.raw: item 0, element 2 is nan, wanted a finite number (vae-train --missing takes nan for a missing element)' \
        vae-train -m x -l gaussian holes.raw
    fails 1 'vae-eval: holes.raw: item 0, element 2 is nan' vae-eval -q -m whole.bin holes.raw
    fails 1 'vae-encode: holes.raw: item 0, element 2 is nan' vae-encode -m whole.bin holes.raw
    { header f32 3 1 . && f32 1 inf nan; } >inf.raw
    fails 1 'vae-train: inf.raw: item 0, element 1 is inf, wanted a finite number' vae-train -m x -l gaussian --missing inf.raw
    fails 1 'vae-impute: inf.raw: item 0, element 1 is inf' vae-impute -m model.bin inf.raw
    { header u8 3 1 . && printf 'abc'; } >u8.raw
    fails 1 'vae-impute: u8.raw: items are u8, so no element is missing, wanted f32 or f64 with nan' vae-impute -m model.bin u8.raw
    { header i32 3 1 . && head -c 12 /dev/zero; } >i32.raw
    fails 1 'vae-impute: i32.raw: items are i32, so no element is missing, wanted f32 or f64 with nan' vae-impute -m model.bin i32.raw
    fails 2 "vae-impute: --samples: found '0', wanted a whole number from 1 to" vae-impute -m model.bin -k 0 holes.raw
}
