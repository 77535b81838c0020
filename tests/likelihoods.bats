#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Every likelihood, through all the tools. The data is drawn here from distributions whose parameters are known; beta
# keeps the latents out of it, so that training has to find these. Error bars are about four standard deviations.
# shellcheck disable=SC2016 # perl's variables
load helper

# items DTYPE SHAPE N PERL: N items of a shape, from a perl expression that gives one as a list.
items() {
    header "$1" "$2" "$3" .
    case $1 in u8) format='C*' ;; i32) format='l<*' ;; f32) format='f<*' ;; f64) format='d<*' ;; esac
    perl -e 'srand 7; sub normal() { sqrt(-2 * log(1 - rand)) * cos(6.283185307 * rand) }
        sub exponential() { -log(1 - rand) }
        sub geometric { my ($mean) = @_; int(log(1 - rand) / log($mean / (1 + $mean))) }
        print pack $ARGV[0], eval $ARGV[2] for 1 .. $ARGV[1]' -- "$format" "$3" "$4"
}

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    items f32 4 1000 '(1 + 0.2 * normal, 2 * normal, 0.2 * normal, -1 + 2 * normal)' >normal.raw
    items f64 2 1000 '(exponential - exponential, 3 + exponential - exponential)' >laplace.raw
    items i32 2 1000 '(geometric(2) + geometric(2), geometric(0.5) + geometric(0.5))' >counts.raw
    items u8 3 1000 'map { int rand() * $_ } 2, 4, 3' >levels.raw
    items u8 2 1000 'map { $l = log(1 / (1 - rand) - 1); $v = int($_ + 8 * $l + 0.5); $v < 0 ? 0 : $v > 255 ? 255 : $v } 128, 250' \
        >grey.raw
    items f32 2 1000 '(rand, sqrt rand)' >unit.raw
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/*.raw .
}

# learns NAME DATA OPTION...: trains NAME.bin until it has found the data's parameters.
learns() {
    local name=$1 data=$2
    shift 2
    vae-train -q -m "$name.bin" -z 1 -H 4 --beta 100 -b 50 -e 100 -r 0.02 --schedule cosine:0.0001 "$@" "$data"
}

# again MODEL [OPTION]: 5000 items from the prior.
again() {
    local model=$1
    shift
    vae-sample -d 1 -n 5000 | vae-decode -m "$model" "$@"
}

# moments L: mean and standard deviation of each of a stream's L elements.
moments() {
    table "$1" | awk '{ for (i = 1; i <= NF; i++) { s[i] += $i; q[i] += $i * $i } }
        END { for (i = 1; i <= NF; i++) { m = s[i] / NR; print m, sqrt(q[i] / NR - m * m) } }'
}

# within MOMENTS WANTED ERROR: figures beside what they should be.
within() {
    local -a found wanted
    read -r -a found <<<"$1"
    read -r -a wanted <<<"$2"
    assert_equal "${#found[@]}" "${#wanted[@]}"
    for i in "${!wanted[@]}"; do near "${found[i]}" "${wanted[i]}" "$3"; done
}

scales() {
    tensor "$1" likelihood.log_scale | xargs -n 1 | awk '{ print exp($1) }' | xargs
}

@test "a learned scale starts at the likelihood's default sigma" {
    { header u8 4 20 . && head -c 80 /dev/zero; } >zeros.raw
    while read -r likelihood scale; do
        for sigma in shared per-dim; do
            vae-train -q -m first.bin -z 1 -H none -e 0 -l "$likelihood" --sigma $sigma zeros.raw
            within "$(scales first.bin | xargs -n 1 | sort -u)" "$scale" 1e-6
        done
    done <<'END'
gaussian 0.707106781
laplace 0.5
dlogistic 0.1
END
    { header i32 4 20 . && head -c 320 /dev/zero; } >counts.raw
    vae-train -q -m first.bin -z 1 -H none -e 0 -l negbin --sigma shared counts.raw
    within "$(scales first.bin)" 1 1e-6
}

@test "gaussian finds its sigma: one, one an element, one of the decoder's, the best of the batch" {
    for sigma in shared per-dim net optimal; do
        learns $sigma normal.raw -l gaussian --sigma $sigma
        assert_equal "$(metadata $sigma.bin likelihood) $(metadata $sigma.bin sigma)" "gaussian $sigma"
    done
    # sqrt((0.04 + 4) / 2)
    within "$(scales shared.bin)" 1.421 0.07
    within "$(scales optimal.bin)" 1.421 0.07
    within "$(scales per-dim.bin)" '0.2 2 0.2 2' 0.19
    within "$(scales per-dim.bin | cut -d ' ' -f 1,3)" '0.2 0.2' 0.02
    run ! tensor net.bin likelihood.log_scale
    assert_equal "$(tensor net.bin decoder.1.bias | wc -w)" 8
    for sigma in per-dim net; do
        within "$(again $sigma.bin --sample | moments 4 | xargs)" '1 0.2 0 2 0 0.2 -1 2' 0.26
        within "$(again $sigma.bin --sample | moments 4 | sed -n '1p;3p' | xargs)" '1 0.2 0 0.2' 0.03
    done
    within "$(again net.bin | moments 4 | cut -d ' ' -f 1 | xargs)" '1 0 0 -1' 0.26
    # The entropy of the data: 4 times log(sigma sqrt(2 pi e)).
    for sigma in per-dim net; do near "$(vae-eval -m $sigma.bin normal.raw | tail -1 | cut -f 2)" -3.843 0.2; done
    for sigma in shared optimal; do near "$(vae-eval -m $sigma.bin normal.raw | tail -1 | cut -f 2)" -7.081 0.2; done
}

@test "laplace finds its scale, or keeps the one given" {
    for scale in shared optimal per-dim net; do
        learns $scale laplace.raw -l laplace --sigma $scale
        # log(2 e) an element
        near "$(vae-eval -m $scale.bin laplace.raw | tail -1 | cut -f 2)" -3.386 0.2
        within "$(again $scale.bin --sample | moments 2 | xargs)" '0 1.414 3 1.414' 0.2
    done
    within "$(scales shared.bin) $(scales optimal.bin) $(scales per-dim.bin)" '1 1 1 1' 0.15
    learns default laplace.raw -l laplace
    assert_equal "$(metadata default.bin sigma)" shared
    learns fixed laplace.raw -l laplace --sigma 0.3
    within "$(again fixed.bin --sample | moments 2 | xargs)" '0 0.424 3 0.424' 0.2
}

@test "cbernoulli has the data's mean, and draws in [0,1]" {
    learns a unit.raw -l cbernoulli
    within "$(again a.bin | moments 2 | cut -d ' ' -f 1 | xargs)" '0.5 0.6667' 0.04
    within "$(again a.bin --sample | moments 2 | cut -d ' ' -f 1 | xargs)" '0.5 0.6667' 0.05
    again a.bin --sample | raw-info | row_holds 2 '$5 >= 0 && $5 < 0.01 && $6 <= 1 && $6 > 0.99'
    # Of uniform numbers the density is 1, so its logarithm 0; the second's maximum is at the logit whose mean is 2/3.
    near "$(vae-eval -m a.bin unit.raw | tail -1 | cut -f 2)" 0.172 0.05
}

@test "dlogistic finds location and scale of grey levels, and gives grey levels" {
    for scale in shared per-dim net; do
        learns $scale grey.raw -l dlogistic --sigma $scale
        again $scale.bin --sample | table 2 >draws
        # All draws are levels, and the last one has all that lies beyond it.
        rows_hold 5000 '(255 * $1 - int(255 * $1 + 0.5))^2 < 1e-6 && (255 * $2 - int(255 * $2 + 0.5))^2 < 1e-6' <draws
        # 1 - F((254.5 - 250) / 8)
        near "$(awk '$2 == 1 { n++ } END { print n / NR }' draws)" 0.363 0.06
        near "$(awk '{ s += $1 } END { print 255 * s / NR }' draws)" 128 2.2
    done
    within "$(scales shared.bin) $(scales per-dim.bin)" '0.0314 0.0314 0.0314' 0.004
    near "$(again shared.bin | moments 2 | head -1 | cut -d ' ' -f 1)" 0.502 0.01
    learns fixed grey.raw -l dlogistic --sigma 0.1
    assert_equal "$(metadata fixed.bin sigma)" 0.1
}

@test "categorical finds the levels' probabilities, from one logit a level" {
    learns a levels.raw -l categorical --levels 4
    assert_equal "$(tensor a.bin encoder.0.weight | wc -w) $(tensor a.bin decoder.1.bias | wc -w)" '48 12'
    assert_equal "$(metadata a.bin levels) $(metadata a.bin input_scaling)" '4 none'
    # log 2 + log 4 + log 3
    near "$(vae-eval -m a.bin levels.raw | tail -1 | cut -f 2)" -3.178 0.02
    again a.bin --sample | table 3 | awk '{ for (i = 1; i <= 3; i++) n[i, $i]++ }
        END { for (i = 1; i <= 3; i++) for (k = 0; k < 4; k++) print n[i, k] / NR + 0 }' | xargs >frequencies
    within "$(<frequencies)" '0.5 0.5 0 0 0.25 0.25 0.25 0.25 0.333 0.333 0.333 0' 0.08
    # The mean is the most probable level: of what it has learned by heart, the level itself.
    items i32 3 3 '($i++, 3 - $i, 2)' >few.raw
    vae-train -q -m few.bin -l categorical --levels 4 -z 2 -H 16 -e 600 -r 0.02 --beta 0.01 few.raw
    assert_equal "$(vae-encode -m few.bin few.raw | vae-decode -m few.bin | table 3 | xargs)" "$(payload <few.raw | od -An -v -t d4 | xargs)"
}

@test "poisson and negbin find the counts' mean, and negbin their dispersion" {
    learns poisson counts.raw -l poisson
    within "$(again poisson.bin | moments 2 | cut -d ' ' -f 1 | xargs)" '4 1' 0.5
    # A Poisson's variance is its mean.
    within "$(again poisson.bin --sample | moments 2 | awk '{ print $2 ^ 2 / $1 }' | xargs)" '1 1' 0.12
    for scale in shared per-dim net; do
        learns $scale counts.raw -l negbin --sigma $scale
        within "$(again $scale.bin | moments 2 | cut -d ' ' -f 1 | xargs)" '4 1' 0.5
        # m + m^2 / 2, over m
        within "$(again $scale.bin --sample | moments 2 | awk '{ print $2 ^ 2 / $1 }' | xargs)" '3 1.5' 0.6
    done
    within "$(scales shared.bin) $(scales per-dim.bin)" '0.5 0.5 0.5' 0.16
    learns fixed counts.raw -l negbin --sigma 2
    elbo() { vae-eval -m "$1" counts.raw | tail -1 | cut -f 2; }
    holds "$(elbo shared.bin) > $(elbo poisson.bin) + 0.2 && $(elbo shared.bin) > $(elbo fixed.bin) + 0.1"
}

@test "counts and levels are the same in every dtype, u8 not divided" {
    items u8 2 100 'map { int rand() * 4 } 1, 2' >a.raw
    for dtype in i32 f32 f64; do
        items $dtype 2 100 'map { int rand() * 4 } 1, 2' >b.raw
        for likelihood in poisson negbin 'categorical --levels 4'; do
            # shellcheck disable=SC2086 # options, not one
            for name in a b; do vae-train -q -m $name.bin -z 2 -H 4 -e 2 -l $likelihood $name.raw; done
            tensor a.bin decoder.1.bias | cmp - <(tensor b.bin decoder.1.bias)
            assert_equal "$(vae-eval -m a.bin a.raw)" "$(vae-eval -m a.bin b.raw)"
            vae-encode -m a.bin a.raw | cmp - <(vae-encode -m a.bin b.raw)
        done
    done
}

@test "any number of threads, and any frames, give the same bytes with every likelihood" {
    idx2raw -n 150 "$IMAGES" >x.raw
    for likelihood in 'gaussian --sigma net' 'gaussian --sigma optimal' 'gaussian --sigma per-dim' 'laplace --sigma shared' \
        'dlogistic --sigma net' cbernoulli 'negbin --sigma shared' 'categorical --levels 256'; do
        # A whole image has 200,704 levels.
        [[ $likelihood != categorical* ]] || raw-select --elements 300-399 <(idx2raw -n 150 "$IMAGES") >x.raw
        for j in 1 3; do
            # shellcheck disable=SC2086 # options, not one
            vae-train -q -j $j -m $j.bin -z 3 -H 100 -e 1 -b 64 -k 2 -l $likelihood --mean-bias x.raw 2>err ||
                vae-train -q -j $j -m $j.bin -z 3 -H 100 -e 1 -b 64 -k 2 -l $likelihood x.raw
        done
        cmp 1.bin 3.bin
        vae-encode -m 1.bin x.raw | vae-decode -m 1.bin --sample >d.raw
        vae-encode -m 1.bin -j 2 <(recut 7 <x.raw) | vae-decode -j 2 -m 1.bin --sample | recut 0 | cmp - d.raw
        # What it draws it can hold.
        vae-eval -q -m 1.bin d.raw | row_holds 2 '$1 == 150'
    done
}

@test "what a likelihood cannot hold is named before training, and no model is made" {
    items f32 2 3 '(1, $i++ - 1)' >negative.raw
    items f32 2 3 '(1, 0.5 * $i++)' >half.raw
    items u8 2 3 '(1, $i++ + 2)' >four.raw
    items f32 2 3 '(0, $i++ == 2 ? "nan" : 0)' >nan.raw
    for name in poisson negbin; do
        fails 1 "vae-train: negative.raw: item 0, element 1 is -1, wanted a count, 0 to 16777216, for $name: train with -l gaussian" \
            vae-train -m a.bin -l $name negative.raw
        fails 1 "vae-train: half.raw: item 1, element 1 is 0.5, wanted a count" vae-train -m a.bin -l $name half.raw
        fails 1 "vae-train: nan.raw: item 2, element 1 is nan, wanted a count" vae-train -m a.bin -l $name nan.raw
    done
    fails 1 'vae-train: four.raw: item 2, element 1 is 4, wanted a whole number below --levels (here 4: levels 0 to 3)' \
        vae-train -m a.bin -l categorical --levels 4 four.raw
    fails 1 'vae-train: half.raw: item 1, element 1 is 0.5, wanted a whole number below --levels' \
        vae-train -m a.bin -l categorical --levels 4 half.raw
    fails 1 'vae-train: half.raw: item 1, element 1 is 0.5, wanted u8, or a multiple of 1/255 in [0,1], for dlogistic' \
        vae-train -m a.bin -l dlogistic half.raw
    fails 1 'vae-train: negative.raw: item 0, element 1 is -1, wanted a number in [0,1] for cbernoulli' \
        vae-train -m a.bin -l cbernoulli negative.raw
    fails 1 'vae-train: nan.raw: item 2, element 1 is nan, wanted a finite number' vae-train -m a.bin -l laplace nan.raw
    assert [ ! -e a.bin ]
    # So do the other tools.
    vae-train -q -m a.bin -e 1 -l categorical --levels 5 four.raw
    items u8 2 1 '(7, 0)' >seven.raw
    for tool in vae-eval vae-encode; do
        fails 1 "$tool: seven.raw: item 0, element 0 is 7, wanted a whole number below --levels (here 5" $tool -m a.bin seven.raw
    done
}

@test "options that a likelihood has no use for are usage errors" {
    for name in bernoulli cbernoulli poisson; do
        fails 2 "vae-train: --sigma: found it with -l $name, wanted -l gaussian, laplace, dlogistic or negbin" \
            vae-train -m x -l $name --sigma 1
    done
    fails 2 "vae-train: --sigma: found 'optimal', wanted a number from 1e-06 to 1e+06, shared, per-dim, net for negbin" \
        vae-train -m x -l negbin --sigma optimal
    fails 2 'vae-train: --sigma: found optimal with --objective iwae and 2 draws, which have different weights, wanted shared' \
        vae-train -m x -l gaussian --sigma optimal --objective iwae -k 2
    vae-train -q -m x -z 1 -H 4 -e 1 -l laplace --sigma optimal --objective elbo -k 2 normal.raw
    vae-train -q -m x -z 1 -H 4 -e 1 -l laplace --sigma optimal --objective dreg normal.raw
    fails 2 "vae-train: --sigma: found 'all', wanted a number from 1e-06 to 1e+06, shared, per-dim, net, optimal for gaussian" \
        vae-train -m x -l gaussian --sigma all
    fails 2 'vae-train: --levels: not given, wanted it with -l categorical' vae-train -m x -l categorical
    fails 2 'vae-train: --levels: found it with -l gaussian, wanted -l categorical' vae-train -m x -l gaussian --levels 3
    fails 2 "vae-train: --levels: found '1', wanted a whole number from 2 to 4096" vae-train -m x -l categorical --levels 1
    fails 2 'vae-train: --binarize: found it with -l poisson, wanted a likelihood of numbers in [0,1]' \
        vae-train -m x -l poisson --binarize sample
    fails 2 'vae-train: --mean-bias: found it with -l categorical, which has no mean' \
        vae-train -m x -l categorical --levels 3 --mean-bias
}

@test "a float that rounding has left beside a whole number is that number" {
    items f32 3 40 'map { int rand() * $_ } 2, 2, 2' >whole.raw
    header f32 3 40 . | cat - <(tail -c +65 whole.raw | perl -0777 -ne 'print pack "f<*", map { $_ * 0.99999994 } unpack "f<*"') >beside.raw
    run -1 cmp -s whole.raw beside.raw
    for likelihood in poisson negbin 'categorical --levels 2'; do
        # shellcheck disable=SC2086 # options, not one
        vae-train -q -m a.bin -z 2 -H 4 -e 2 -l $likelihood whole.raw
        assert_equal "$(vae-eval -m a.bin beside.raw)" "$(vae-eval -m a.bin whole.raw)"
    done
}

@test "--mean-bias starts every likelihood at the data's mean" {
    # Of what the likelihood sees: behind a threshold one of ten is 1, drawn 45 of a hundred are.
    { header f32 1 10 . && f32 0.4 0.4 0.4 0.4 0.4 0.4 0.4 0.4 0.4 0.9; } >below.raw
    vae-train -q -m a.bin -z 1 -H 4 -e 0 --mean-bias --binarize threshold below.raw
    near "$(tensor a.bin decoder.1.bias)" -2.1972 0.0001
    vae-train -q -m a.bin -z 1 -H 4 -e 0 --mean-bias --binarize sample below.raw
    near "$(tensor a.bin decoder.1.bias)" -0.2007 0.0001
    # The mean is that of the items which have the element.
    { header f32 1 10 . && f32 nan nan nan nan nan nan nan nan 2 4; } >holes.raw
    vae-train -q -m a.bin -z 1 -H 4 -e 0 --mean-bias --missing -l gaussian holes.raw
    near "$(tensor a.bin decoder.1.bias)" 3 0.0001
    for likelihood in 'gaussian --sigma net' laplace dlogistic cbernoulli; do
        # shellcheck disable=SC2086 # options, not one
        vae-train -q -m a.bin -z 1 -H 4 -e 0 --init glorot --mean-bias -l $likelihood grey.raw
        # The second is near the end of the levels, which pull its mean in.
        near "$(header f32 1 1 . | cat - <(f32 0) | vae-decode -m a.bin | table 2 | awk '{ print 255 * $1 }')" 128 3
    done
    for likelihood in poisson negbin; do
        vae-train -q -m a.bin -z 1 -H 4 -e 0 --init glorot --mean-bias -l $likelihood counts.raw
        within "$(header f32 1 1 . | cat - <(f32 0) | vae-decode -m a.bin | table 2 | xargs)" '4 1' 0.5
    done
}
