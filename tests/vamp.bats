#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --prior vamp:K: a mixture of the posteriors of learned pseudo-inputs as p(z), in training, evaluation and sampling.
# shellcheck disable=SC2016 # what is quoted is awk's
load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    idx2raw -n 200 "$IMAGES" >items.raw
    options=(-q -H 24 -z 2 -b 40 -e 20 -r 0.003 --binarize threshold --log log.tsv)
    vae-train "${options[@]}" -m model.bin --prior vamp:7 items.raw
    vae-train "${options[@]}" -m one.bin --prior vamp:1 items.raw
    vae-train "${options[@]}" -m normal.bin --prior normal items.raw
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/* .
}

# components MODEL: mu1 mu2 logvar1 logvar2, a component a line.
components() {
    tensor "$1" prior.components | tr ' ' '\n' | paste -d ' ' - - - -
}

@test "a model of a pipe, which is read once, gives the same samples" {
    for model in model normal; do
        vae-sample -n 5 -m <(cat $model.bin) | cmp - <(vae-sample -n 5 -m $model.bin)
    done
}

@test "the model says so, and has K pseudo-inputs; normal is the default and leaves no trace" {
    assert_equal "$(metadata model.bin prior)" vamp:7
    assert_equal "$(tensor model.bin prior.pseudo_inputs | wc -w)" $((7 * 784))
    assert_equal "$(components model.bin | wc -l)" 7
    no_metadata normal.bin prior
    vae-train -q -H 24 -z 2 -b 40 -e 20 -r 0.003 --binarize threshold -m default.bin items.raw
    cmp default.bin normal.bin
}

@test "the components are the posteriors of the pseudo-inputs, also of averaged weights and of a stopped run" {
    vae-train -q -H 24 -z 2 -b 40 -e 3 --ema 0.9 -m average.bin --prior vamp:7 items.raw
    vae-train -q -H 24 -z 2 -b 40 -e 0 -m none.bin --prior vamp:7 items.raw
    vae-train -q -H 24 -z 2 -b 40 -e 1000000 -m stopped.bin --prior vamp:7 --ema 0.99 --log stopped.tsv items.raw 3>&- &
    pid=$!
    await grep -q '^3' stopped.tsv
    kill -TERM $pid
    wait $pid || true
    for model in model average none stopped; do
        for name in prior.pseudo_inputs encoder.0.weight encoder.0.bias mu.weight mu.bias logvar.weight logvar.bias; do
            tensor $model.bin $name >"tensor.$name"
        done
        perl -e '
            my %t;
            for my $name (@ARGV) { open my $f, "<", "tensor.$name"; $t{$name} = [split " ", <$f>]; }
            for my $k (0 .. 6) {
                my @x = @{$t{"prior.pseudo_inputs"}}[784 * $k .. 784 * $k + 783];
                my @h = map { my $j = $_; my $y = $t{"encoder.0.bias"}[$j];
                    $y += $t{"encoder.0.weight"}[784 * $j + $_] * $x[$_] for 0 .. 783; $y > 0 ? $y : 0 } 0 .. 23;
                for my $head ("mu", "logvar") {
                    for my $o (0, 1) {
                        my $y = $t{"$head.bias"}[$o];
                        $y += $t{"$head.weight"}[24 * $o + $_] * $h[$_] for 0 .. 23;
                        print $y, " ";
                    }
                }
                print "\n";
            }' prior.pseudo_inputs encoder.0.weight encoder.0.bias mu.weight mu.bias logvar.weight logvar.bias >wanted
        paste -d ' ' wanted <(components $model.bin) |
            rows_hold 7 '($1 - $5)^2 < 1e-8 && ($2 - $6)^2 < 1e-8 && ($3 - $7)^2 < 1e-8 && ($4 - $8)^2 < 1e-8' ||
            fail "$model: $(paste wanted <(components $model.bin))"
    done
}

@test "with one component KL is that of two normal distributions" {
    read -r m1 m2 l1 l2 <<<"$(components one.bin)"
    wanted=$(vae-encode -m one.bin --stats items.raw | table 4 | awk -v m1="$m1" -v m2="$m2" -v l1="$l1" -v l2="$l2" '
        function kl(m, l, n, p) { return 0.5 * (exp(l - p) + (m - n)^2 / exp(p) - 1 - l + p) }
        { sum += kl($1, $3, m1, l1) + kl($2, $4, m2, l2) }
        END { print sum / NR }')
    vae-eval -q -m one.bin -k 3000 items.raw >table
    near "$(awk 'NR == 2 { print $4 }' table)" "$wanted" 0.01
}

@test "samples have the mixture's mean and variance, and are prefixes of longer runs" {
    vae-sample -m model.bin -n 20000 >z.raw
    assert_equal "$(head -1 z.raw)" "$(header f32 2 20000 .)"
    table 2 <z.raw | awk '{ for (i = 1; i <= 2; i++) { s[i] += $i; q[i] += $i * $i } }
        END { for (i = 1; i <= 2; i++) print s[i] / NR, q[i] / NR - (s[i] / NR)^2 }' >found
    components model.bin | awk '{ for (i = 1; i <= 2; i++) { s[i] += $i; q[i] += $i * $i + exp($(i + 2)) } }
        END { for (i = 1; i <= 2; i++) print s[i] / NR, q[i] / NR - (s[i] / NR)^2 }' >wanted
    # Four standard errors of a mean; a variance within 6 percent.
    paste found wanted | rows_hold 2 '($1 - $3)^2 <= 16 * $4 / 20000 && ($2 / $4 - 1)^2 <= 0.0036'
    vae-sample -m model.bin -n 50 >few.raw
    tail -c +65 few.raw | cmp - <(tail -c +65 z.raw | first 400)
    vae-sample -m model.bin -n 50 -S 2 >other.raw
    run -1 cmp -s few.raw other.raw
    vae-decode -m model.bin z.raw | raw-info | row_holds 2 '$3 == 20000 && $8 == 0'
}

@test "the prior that is learned fits better than a normal one" {
    figure() { vae-eval -q -m "$1" -k 300 items.raw | awk 'NR == 2 { print $2 }'; }
    holds "$(figure model.bin) > $(figure normal.bin) + 0.3"
}

@test "each objective and optimizer trains it; threads change no byte" {
    for options in '' '--objective iwae -k 3' '--objective stl -k 2' '--objective dreg -k 3' '--optimizer muon' '--beta 0.5' \
        '--ema 0.9' '-a gated' '--clip 1' '-H none'; do
        # shellcheck disable=SC2086
        set -- -q -z 2 -b 40 -e 3 --prior vamp:5 $options items.raw
        [[ $options == -H* ]] || set -- -H 24 "$@"
        vae-train -m two.bin -r 0.003 "$@"
        vae-train -m single.bin -r 0.003 -j 1 "$@"
        cmp two.bin single.bin
        vae-train -m start.bin "$@" -r 0
        assert_not_equal "$(tensor two.bin prior.pseudo_inputs | cksum)" "$(tensor start.bin prior.pseudo_inputs | cksum)"
        weights two.bin | cksum
    done >sums
    assert_equal "$(sort -u sums | wc -l)" 10
}

@test "the prior is no part of the gradient of the likelihood's scale" {
    for prior in normal vamp:20; do
        vae-train -q -m "$prior.bin" -H 24 -z 2 -b 200 -e 1 -l gaussian --sigma shared --adam-eps 1 --prior $prior items.raw
    done
    assert_equal "$(tensor vamp:20.bin likelihood.log_scale)" "$(tensor normal.bin likelihood.log_scale)"
    vae-train -q -m start.bin -H 24 -z 2 -e 0 -l gaussian --sigma shared items.raw
    assert_not_equal "$(tensor normal.bin likelihood.log_scale)" "$(tensor start.bin likelihood.log_scale)"
}

@test "the pseudo-inputs start as items, and move" {
    vae-train -q -H 24 -z 2 -e 0 -m none.bin --prior vamp:4 items.raw
    # Number 25, 75, 125 and 175.
    for item in 25 75 125 175; do tail -c +$((65 + 784 * item)) items.raw | first 784; done | od -A n -v -t u1 -w1 >wanted
    tensor none.bin prior.pseudo_inputs | tr ' ' '\n' | grep . | paste - wanted |
        rows_hold 3136 '($1 - $2 / 255)^2 < 1e-12'
    vae-train -q -H 24 -z 2 -e 1 -m some.bin --prior vamp:4 items.raw
    paste <(tensor none.bin prior.pseudo_inputs | tr ' ' '\n') <(tensor some.bin prior.pseudo_inputs | tr ' ' '\n') |
        finite | awk '{ moved += $1 != $2 } END { exit !(moved > 3000) }'
}

@test "what does not go with it is refused" {
    fails 2 "vae-train: --prior: found 'flat', wanted normal or vamp:K, such as vamp:500" vae-train -m x --prior flat items.raw
    fails 2 "vae-train: --prior: found '0', wanted a whole number from 1 to 65536" vae-train -m x --prior vamp:0 items.raw
    fails 2 'vae-train: --free-bits: found it with --prior vamp' vae-train -m x --prior vamp:3 --free-bits 0.1 items.raw
    fails 1 'vae-train: items.raw: 200 items, wanted at least 201 to start the pseudo-inputs of --prior' vae-train -m x --prior vamp:201 items.raw
    fails 1 'vae-train: items.raw: 20 items without those of --val, wanted at least 21 to start the pseudo-inputs of --prior' \
        vae-train -m x --prior vamp:21 --val 0.9 items.raw
    vae-train -q -m x -H 2 -z 2 -e 0 --prior vamp:20 --val 0.9 items.raw
    fails 1 'vae-sample: model.bin: has prior vamp:7, which has no quantiles, wanted no --grid' vae-sample -m model.bin --grid 2x2
    # KL is no sum over latents.
    vae-eval -q -m model.bin --latents items.raw | tail -n +2 | rows_hold 2 '$2 ~ /nan/ && $5 > 0'
    vae-train -q -m vamp.bin --log-latents vamp.tsv -H 24 -z 2 -e 1 --prior vamp:3 items.raw
    assert_equal "$(tail -1 vamp.tsv)" $'1\tnan\tnan'
    # One component is a mixture, too.
    vae-train -q -m single.bin -H 2 -z 2 -e 1 --prior vamp:1 --log-latents single.tsv items.raw
    assert_equal "$(tail -1 single.tsv)" $'1\tnan\tnan'
    fails 2 'vae-train: --cond: found it with --prior vamp, whose components would need labels of their own' vae-train -m x --prior vamp:3 --cond l.raw items.raw
    fails 2 'vae-train: --cond: found it with --prior vamp, whose components would need labels of their own' vae-train -m x --prior vamp:1 --cond l.raw items.raw
    vae-sample -d 3 >z.raw
    fails 1 'vae-decode: z.raw: items have shape 3, model.bin wants 2 (vae-sample -m model.bin)' vae-decode -m model.bin z.raw
}
