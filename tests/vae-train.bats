#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# vae-train: each option has its effect, and nothing that goes wrong harms a model.
# shellcheck disable=SC2030,SC2031 # a test is a subshell, and sets its variables itself
# shellcheck disable=SC2016 # what is quoted is expanded by await, or is awk's
load helper

setup_file() {
    idx2raw -n 200 "$IMAGES" >"$BATS_FILE_TMPDIR/data.raw"
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR/data.raw" .
}

teardown() {
    # A training run that a failed test left behind.
    if [ -n "${pid:-}" ]; then kill -KILL "$pid" 2>/dev/null || true; fi
}

# trains NAME [OPTION...]: one epoch of a tiny model on data.raw, to NAME.bin and NAME.tsv.
trains() {
    local name=$1
    shift
    defaulting -H 8 -z 2 -e 1 -- vae-train -q -m "$name.bin" --log "$name.tsv" "$@" data.raw
}

# size MODEL TENSOR: how many numbers.
size() {
    tensor "$1" "$2" | wc -w
}

# begins OPTION...: a run without end in the background, its pid in $pid, once it has finished an epoch.
begins() {
    # A background job would otherwise ignore SIGINT, one below nohup SIGHUP, and vae-train would keep to that.
    env --default-signal=INT,HUP vae-train -m model.bin --log log -H 8 -z 2 -e 1000000 "$@" data.raw 2>err 3>&- &
    pid=$!
    await eval '[ "$(wc -l <log)" -ge 2 ]'
}

# ends STATUS: the run in the background did, within its 20 s.
ends() {
    local got=0
    wait "$pid" || got=$?
    pid=
    assert_equal "$got" "$1"
}

@test "training learns: the elbo after 10 epochs is clearly above that after 1" {
    trains a -e 10 -r 0.003 -b 16
    holds "$(last a 4) > $(sed -n 2p a.tsv | cut -f 4) + 50"
    idx2raw --skip 500 -n 100 "$IMAGES" >test.raw
    trains one -r 0.003 -b 16
    elbo() { vae-eval -m "$1" test.raw | tail -1 | cut -f 2; }
    holds "$(elbo a.bin) > $(elbo one.bin) + 50"
}

@test "-z sets the latent's size, 20 by default" {
    trains a -z 5
    vae-train -q -m b.bin -H 8 --latent 5 -e 1 data.raw
    cmp a.bin b.bin
    assert_equal "$(size a.bin mu.bias) $(size a.bin logvar.weight) $(size a.bin decoder.0.weight)" '5 40 40'
    vae-train -q -m c.bin -H 8 -e 1 data.raw
    assert_equal "$(size c.bin mu.bias)" 20
}

@test "-H sets the encoder's layers, and the decoder mirrors them" {
    trains a -H 12,7
    vae-train -q -m b.bin --hidden 12,7 -z 2 -e 1 data.raw
    cmp a.bin b.bin
    assert_equal "$(metadata a.bin encoder_hidden) $(metadata a.bin decoder_hidden)" '12,7 7,12'
    assert_equal "$(size a.bin encoder.1.weight) $(size a.bin mu.weight)" '84 14'
    assert_equal "$(size a.bin decoder.0.weight) $(size a.bin decoder.2.weight)" '14 9408'
    vae-train -q -m c.bin -z 2 -e 0 data.raw
    assert_equal "$(size c.bin encoder.0.bias)" 400
}

@test "-H none leaves one linear layer each way" {
    trains a -H none
    assert_equal "$(size a.bin mu.weight) $(size a.bin decoder.0.weight)" '1568 1568'
    run ! tensor a.bin decoder.1.weight
}

@test "--decoder-hidden sets the decoder's layers alone" {
    trains a --decoder-hidden 5,6
    assert_equal "$(metadata a.bin encoder_hidden) $(metadata a.bin decoder_hidden)" '8 5,6'
    assert_equal "$(size a.bin encoder.0.bias) $(size a.bin decoder.1.weight)" '8 30'
    for list in 0 '4,,' ',4' 4x4 "$(printf '1,%.0s' {1..64})1" -4; do
        found="'$list'"
        [[ $list != ,4 && $list != 4,, ]] || found="'' in '$list'"
        fails 2 "vae-train: --decoder-hidden: found $found, wanted none, or 1 to 64 layers with ',' between them, each one of [linear:]N, linear:HEIGHT:WIDTH:CHANNELS, res, conv:CHANNELS:KERNEL[:STRIDE], resconv, up:FACTOR[:HEIGHT:WIDTH], norm[:GROUPS], gru:UNITS (numbers from 1 to 65536) (" \
            vae-train -m x --decoder-hidden "$list"
    done
}

@test "each activation trains, and each to another model" {
    for name in relu tanh elu softplus gelu silu gated; do
        trains $name -a $name -e 10 -r 0.003 -b 16
        assert_equal "$(metadata $name.bin activation)" $name
        holds "$(last $name 4) > $(sed -n 2p $name.tsv | cut -f 4) + 30"
        weights $name.bin | cksum
    done >sums
    assert_equal "$(sort -u sums | wc -l)" 7
    trains default -e 10 -r 0.003 -b 16
    cmp default.bin relu.bin
    trains long --activation gelu -e 10 -r 0.003 -b 16
    cmp long.bin gelu.bin
    fails 2 "vae-train: --activation: found 'sine', wanted one of relu, tanh, elu, softplus, gelu, silu, gated" vae-train -m x -a sine
}

@test "-l chooses the likelihood" {
    trains a
    trains b -l bernoulli
    trains c --likelihood gaussian
    cmp a.bin b.bin
    assert_equal "$(metadata b.bin likelihood) $(metadata c.bin likelihood)" 'bernoulli gaussian'
    other_weights a.bin c.bin
    fails 2 "vae-train: --likelihood: found 'binomial', wanted one of bernoulli, gaussian, laplace" vae-train -m x -l binomial
}

@test "--sigma scales the squared error, and the elbo keeps its constants" {
    # At rate 0 the weights and the draws are the same, and so must be the sum of squares below both figures.
    for sigma in 0.5 3; do trains g$sigma -l gaussian --sigma $sigma -r 0; done
    near "$(awk -v a="$(last g0.5 5)" -v b="$(last g3 5)" 'BEGIN { l = 784 * 0.91893853320467
        print (a + l + 784 * log(0.5)) * 0.25 / ((b + l + 784 * log(3)) * 9) }')" 1 0.0001
    assert_equal "$(last g0.5 6)" "$(last g3 6)"
    # The default is the textbook's squared error.
    trains d -l gaussian
    trains e -l gaussian --sigma 0.70710678118654757
    same_weights d.bin e.bin
    assert_equal "$(metadata d.bin sigma)" "$(metadata e.bin sigma)"
}

@test "--sigma is a usage error where it has no meaning or no sense" {
    fails 2 'vae-train: --sigma: found it with -l bernoulli, wanted -l gaussian' vae-train -m x --sigma 1
    for sigma in 0 -1 nan inf 0x1 one; do
        fails 2 "vae-train: --sigma: found '$sigma', wanted a number" vae-train -m x -l gaussian --sigma $sigma
    done
}

@test "--help groups the options under headings, and model files keep their order" {
    run -0 vae-train --help
    assert_equal "$(grep -x '[A-Z][a-z]*:' <<<"$output" | tr '\n' ' ')" \
        'Data: Model: Likelihood: Objective: Optimizer: Files: General: Example: '
    # Each option is there once; none comes before the first heading, and no group is empty.
    assert_empty "$(grep -o '^  .\{4\}--[a-z-]*' <<<"$output" | sort | uniq -d)"
    assert_equal "$(grep -c '^  .\{4\}--' <<<"$output")" 56
    awk '/^ /  { options = 1; if (heading == "") bad = 1 }
         /^$/ { if (heading != "" && !options) bad = 1 }
         /^[A-Z][a-z]*:$/ { heading = $0; options = 0 }
         END { exit bad }' <<<"$output"
    awk '/^Model:/ { inside = 1 } /^$/ { inside = 0 } inside && /--prior/ { found = 1 } END { exit !found }' <<<"$output"
    # The command of a model file keeps the table's order.
    trains grouped -e 0
    assert_regex "$(metadata grouped.bin command)" '^vae-train --latent .* --hidden .* --prior .* --epochs 0 .* --binarize none --optimizer adam .* --seed 1$'
}

@test "of several options that do not go with the others the first is named, in the order of the synopsis" {
    local options='--every 5 --val-cond v --cond c --patience 2 --mean-bias --binarize sample --free-bits 1 --beta 2 --levels 3 --sigma all'
    # Each time the last one is left out, which has been named.
    while IFS='|' read -r option message; do
        # shellcheck disable=SC2086 # several options
        fails 2 "vae-train: $message" vae-train -m x -l poisson --objective iwae --prior vamp:2 --start-from y $options
        options=${options% "$option"}
    done <<'END'
--sigma all|--sigma: found it with -l poisson
--levels 3|--levels: found it with -l poisson
--beta 2|--objective: found iwae with a weighted KL
--free-bits 1|--free-bits: found it with --objective iwae
--binarize sample|--binarize: found it with -l poisson
--mean-bias|--mean-bias: found it with --start-from
--patience 2|--patience: found it without --val
--cond c|--cond: found it with --prior vamp
--val-cond v|--val-cond: found it without --val
END
    assert_equal "$options" '--every 5'
    fails 2 'vae-train: --every: found it without --checkpoint' vae-train -m x --every 5
    fails 2 'vae-train: --free-bits: found it with --prior vamp' vae-train -m x --free-bits 1 --prior vamp:2 --mean-bias --start-from y
    fails 2 "vae-train: --val: found '-' for stdin" vae-train -m x --val - --cond labels.raw --prior vamp:2
    fails 2 'vae-train: --val: found it with --cond' vae-train -m x --val y --cond labels.raw --prior vamp:2
    fails 2 'vae-train: --val-cond: found it without --cond' vae-train -m x --val y --val-cond labels.raw --every 5
}

@test "-e sets the epochs; 0 saves the initial weights" {
    trains a -e 3
    vae-train -q -m b.bin --log b.tsv -H 8 -z 2 --epochs 3 data.raw
    cmp a.bin b.bin
    assert_equal "$(cut -f 1 a.tsv | xargs)" 'epoch 1 2 3'
    trains zero -e 0
    trains still -e 2 -r 0
    same_weights zero.bin still.bin
    other_weights zero.bin a.bin
    # Nothing is said of latents that no item has been through.
    vae-train -m zero.bin -H 8 -z 2 -e 0 data.raw 2>err
    grep -q "over [0-9]* items of .*: the initial weights, [0-9.]* s" err
    grep -q 'trained to epoch 0 of 0' err
    run -1 grep collapsed err
    # What has no elbo yet says so.
    assert_equal "$(metadata zero.bin elbo)" nan
}

@test "-b sets the items a step; the last step takes what is left" {
    for case in 7:29 200:1 199:2 1000:1; do
        trains "b${case%:*}" -b "${case%:*}"
        assert_equal "$case $(last "b${case%:*}" 2)" "$case ${case#*:}"
    done
    trains long --batch 7
    cmp long.bin b7.bin
    trains default
    assert_equal "$(last default 2)" 2
    fails 2 "vae-train: --batch: found '0', wanted a whole number from 1" vae-train -m x -b 0
}

@test "-r sets the rate: 0 learns nothing, more learns faster" {
    trains still -r 0 -e 5 -b 16
    trains slow -e 5 -b 16
    trains fast --rate 0.01 -e 5 -b 16
    assert_equal "$(last still 10) $(last slow 10) $(last fast 10)" '0 0.001 0.01'
    holds "$(last slow 4) > $(last still 4) + 5 && $(last fast 4) > $(last slow 4) + 50"
    fails 2 "vae-train: --rate: found '-1', wanted a number from 0" vae-train -m x -r -1
}

@test "--binarize threshold trains as on data that was cut at a half" {
    trains a --binarize threshold
    idx2raw -n 200 "$IMAGES" | payload | perl -e 'local $/; print pack "C*", map { 255 * ($_ >= 128) } unpack "C*", <STDIN>' >black
    { header u8 28x28 200 . && cat black; } >data.raw
    trains b --binarize none
    same_weights a.bin b.bin
    fails 2 "vae-train: --binarize: found 'yes', wanted one of none, threshold, sample" vae-train -m x --binarize yes
}

@test "--binarize sample draws anew at every use" {
    # One item of 64 pixels of 0.3: draws that were made once would be learned by heart, each pixel to 0 or 1.
    { header f32 64 1 . && perl -e 'print pack("f<", 0.3) x 64'; } >data.raw
    trains a --binarize sample -e 1500 -r 0.01 -H none -z 1
    header f32 1 1 . >z.raw
    f32 0 >>z.raw
    vae-decode -m a.bin z.raw | raw-info | row_holds 2 '$5 > 0.05 && $6 < 0.7 && $7 > 0.2 && $7 < 0.4'
}

@test "--val evaluates after each epoch what vae-eval does, and changes no weight" {
    idx2raw --skip 900 "$IMAGES" >val.raw
    trains a -e 2 --val val.raw
    assert_equal "$(cut -f 7-9 a.tsv | tail -1)" "$(vae-eval -m a.bin val.raw | tail -1 | cut -f 2-4)"
    assert_equal "$(cut -f 7 a.tsv | sort -u | wc -l)" 3
    trains b -e 2
    same_weights a.bin b.bin
    vae-train -m c.bin -H 8 -e 1 --val val.raw data.raw 2>err
    grep ', validation -[0-9.]*, ' err
}

@test "--val must be of the same shape and fit the likelihood, or nothing is trained" {
    idx2raw -n 3 "$LABELS" >val.raw
    fails 1 'vae-train: val.raw: items have shape 1, wanted 28x28 as in data.raw' vae-train -m a.bin --val val.raw data.raw
    { header f32 28x28 1 . && perl -e 'print pack "f<*", (0) x 783, 1.5'; } >val.raw
    fails 1 'vae-train: val.raw: item 0, element 783 is 1.5, wanted a number in [0,1]' vae-train -m a.bin --val val.raw data.raw
    fails 1 'vae-train: missing: cannot open: No such file or directory' vae-train -m a.bin --val missing data.raw
    assert [ ! -e a.bin ]
}

@test "--log writes a table of just these columns, a row an epoch" {
    trains a -e 3
    assert_equal "$(head -1 a.tsv)" "$(printf '%s\t' epoch step seconds train_elbo train_reconstruction train_kl \
        val_elbo val_reconstruction val_kl rate active_latents train_bound val_bound | sed 's/\t$//')"
    assert_equal "$(wc -l <a.tsv)" 4
    number='-?[0-9]+\.[0-9]{4}'
    for epoch in 1 2 3; do
        assert_regex "$(sed -n "$((epoch + 1))p" a.tsv)" \
            $'^'"$epoch"$'\t'"$((2 * epoch))"$'\t[0-9]+\\.[0-9]{3}(\t'"$number"$'){3}(\tnan){3}\t0\\.001\t[0-2]\t'"$number"$'\tnan$'
    done
    tail -n +2 a.tsv | rows_hold 3 '($4 - ($5 - $6))^2 < 4e-8 && $12 == $4 && $3 >= before && ((before = $3) || 1)'
    near "$(metadata a.bin elbo)" "$(last a 4)" 0.0001
}

@test "a log that stands there from another run is replaced" {
    echo 'something else' >log.tsv
    vae-train -q -m a.bin -H 8 -e 2 --log log.tsv data.raw
    vae-train -q -m a.bin -H 8 -e 1 --log log.tsv data.raw
    assert_equal "$(cut -f 1 log.tsv | xargs)" 'epoch 1'
}

@test "--log - writes the table to stdout; one that cannot be written is found before training" {
    vae-train -q -m model.bin -H 8 -e 1 --log - <data.raw >out
    assert_equal "$(wc -l <out)" 2
    vae-train -q -m a.bin -H 8 -e 2 --log - data.raw >out
    assert_equal "$(wc -l <out)" 3
    fails 1 'vae-train: /dev/full: cannot write: No space left on device' vae-train -q -m b.bin --log /dev/full data.raw
    fails 1 "vae-train: none/log: there is no directory 'none', wanted it" vae-train -q -m b.bin --log none/log data.raw
    mkdir dir
    fails 1 'vae-train: dir: is a directory, wanted a file' vae-train -q -m b.bin --log dir none.raw
    assert [ ! -e b.bin ]
    fails 1 'vae-train: stdout: cannot write: No space' bash -c 'vae-train -q -m b.bin -e 1 --log - data.raw >/dev/full'
}

@test "-S chooses weights, order and draws; the same seed gives the same bytes" {
    trains a
    trains b -S 1
    trains c --seed 2
    cmp a.bin b.bin
    other_weights a.bin c.bin
    trains d -e 0 -S 2
    trains e -e 0
    other_weights d.bin e.bin
}

@test "any number of threads gives the same bytes" {
    for j in 1 2 3 8; do trains j$j -j $j -H 40 -b 150 -e 2; done
    trains long --threads 2 -H 40 -b 150 -e 2
    for j in j2 j3 j8 long; do cmp j1.bin $j.bin; done
}

@test "a line an epoch, and last what was trained, its elbo and its speed" {
    vae-train -m a.bin -H 8 -z 2 -e 2 data.raw 2>err >out
    assert [ ! -s out ]
    assert_equal "$(grep -c '^vae-train: a.bin: epoch [12]/2: elbo -[0-9.]* = -[0-9.]* - kl [0-9.]* nats, [0-9.]* s$' err)" 2
    assert_regex "$(tail -1 err)" '^vae-train: a.bin: 784-8-2-8-784 relu bernoulli, trained to epoch 2 of 2 over 200 items of 28x28: '\
'elbo -[0-9]+\.[0-9]+ nats per item, [0-9]+\.[0-9] s, [1-9][0-9]* items/s$'
}

@test "-q says nothing" {
    vae-train -q -m a.bin -H 8 -e 2 data.raw >out 2>&1
    vae-train --quiet --model b.bin -H 8 -e 2 data.raw >>out 2>&1
    assert [ ! -s out ]
    cmp a.bin b.bin
}

@test "grey values under bernoulli are noted, once, and only where they are" {
    note='data.raw: grey values under -l bernoulli: the elbo is a cross-entropy, not a log-likelihood'
    vae-train -m a.bin -H 8 -e 3 data.raw 2>err
    assert_equal "$(grep -c "^vae-train: $note" err)" 1
    for options in '--binarize threshold' '--binarize sample' '-l gaussian'; do
        # shellcheck disable=SC2086 # options, not one
        vae-train -m a.bin -H 8 -e 1 $options data.raw 2>err
        run -1 grep grey err
    done
    { header u8 2 1 . && printf '\0\377'; } >data.raw
    vae-train -m a.bin -H 8 -e 1 data.raw 2>err
    run -1 grep grey err
}

# gap STEP: the bound on KL(q(z) || N(0, I)) by hand, from the table of vae-encode --stats of two latents, every STEP-th.
gap() {
    raw2csv | awk -F , -v step="$1" 'NR > 1 && (NR - 2) % step == 0 {
            n++
            for (j = 1; j <= 2; j++) { mean[j] += $j; square[j] += $j ^ 2 + exp($(j + 2)) }
        } END {
            for (j = 1; j <= 2; j++) kl += (square[j] / n - 1 - log(square[j] / n - (mean[j] / n) ^ 2)) / 2
            printf "%.1f", kl
        }'
}

@test "latents that are far from the prior are noted after training, by a bound on their KL" {
    local note='training items together are at least' advice='; --prior vamp:K learns a prior that fits them'
    { header f32 2 100 . && perl -e 'print pack "f<*", map { sin, cos } 0 .. 99'; } >circle.raw
    options=(-H 8 -z 2 -b 20 -l gaussian --sigma 0.3 -r 0.01)
    vae-train "${options[@]}" -m a.bin -e 100 circle.raw 2>err
    run -1 grep "$note" err
    vae-train "${options[@]}" -m a.bin -e 100 --beta 0.001 circle.raw 2>err
    grep "^vae-train: a.bin: the latents of 100 $note .*, although reconstructions may be good$advice\$" err
    vae-train -q "${options[@]}" -m b.bin -e 100 --beta 0.001 circle.raw 2>err
    assert [ ! -s err ]
    cmp a.bin b.bin
    # The bound of the weights that are saved, by hand.
    { header f32 2 2 . && f32 1 0 0 1; } >val.raw
    for more in '--ema 0.995' '--val val.raw --patience 120'; do
        # shellcheck disable=SC2086 # options, not one
        vae-train "${options[@]}" -m a.bin -e 120 --beta 0.001 $more circle.raw 2>err
        wanted=$(vae-encode -m a.bin --stats circle.raw | gap 1)
        grep "100 $note $wanted nats (KL) from N(0, I): " err
    done
    # An encoder that has not learned: the posteriors are wide, and far from 0.
    { header f32 2 100 . && perl -e 'print pack "f<*", map { 50 + sin, 50 + cos } 0 .. 99'; } >far.raw
    vae-train "${options[@]:0:6}" -l gaussian -r 1e-9 -m a.bin -e 100 far.raw 2>err
    grep "100 $note $(vae-encode -m a.bin --stats far.raw | gap 1) nats" err
    # Of many items every second one, with its label.
    { header f32 2 2000 . && perl -e 'print pack "f<*", map { (sin $_) + ($_ % 2 ? 9 : 0), cos $_ } 0 .. 1999'; } >many.raw
    { header u8 1 2000 . && perl -e 'print pack "C*", map { $_ / 2 % 2 } 0 .. 1999'; } >labels.raw
    vae-train "${options[@]:0:4}" -b 100 -l gaussian --sigma 0.3 -r 0.01 -m a.bin -e 30 --beta 0.001 --cond labels.raw \
        many.raw 2>err
    wanted=$(vae-encode -m a.bin --cond labels.raw --stats many.raw | gap 2)
    grep "1000 $note $wanted nats (KL) from N(0, I): .* may be good$" err
    # Few steps, another prior; options that do not go with one.
    vae-train "${options[@]}" -m a.bin -e 99 --beta 0.001 circle.raw 2>err
    run -1 grep "$note" err
    vae-train "${options[@]}" -m a.bin -e 100 --beta 0 --prior vamp:4 circle.raw 2>err
    holds "$(vae-encode -m a.bin --stats circle.raw | gap 1) > 3"
    run -1 grep "$note" err
    vae-train "${options[@]}" -m a.bin -e 100 --beta 0.001 --free-bits 0.1 circle.raw 2>err
    grep "$note" err
    run -1 grep vamp err
}

# columns SCALE:MEAN...: items of numbers with these standard deviations, nearly, and means, of two latents.
columns() {
    { header "${DTYPE:-f64}" $# 600 . && perl -e '
        for my $i (0 .. 599) {
            my ($j, @z) = (0, 1.41 * sin 2 * $i, 1.41 * cos 5 * $i);
            print pack "d<", $z[$j++ % 2] * (split /:/)[0] + (split /:/)[1] for @ARGV;
        }' "$@"; }
}

@test "elements of very different sizes are noted before training, and then the latents are not" {
    local advice='; scale each element to mean 0 and standard deviation 1, as csv2raw.1. shows'
    local little=': a model learns little of elements that vary far less than the largest numbers'
    options=(-m a.bin -H 8 -z 2 -b 60 -r 0.01)
    columns 1:0 9676:0 0.0004:3 >sizes.raw
    vae-train "${options[@]}" -l gaussian -e 50 sizes.raw 2>err
    assert_regex "$(head -1 err)" "^vae-train: sizes.raw: element 1 has mean -?[0-9.]+ and standard deviation 96[0-9]{2}, element 2 has mean 3 and standard deviation 0.000[0-9]+$little$advice"'$'
    run -1 grep 'from N(0, I)' err
    # A mean alone, with or without other columns; sizes that are alike; each likelihood of real numbers; no note.
    columns 1:0 1:2000 >mean.raw
    vae-train "${options[@]}" -l gaussian -e 0 mean.raw 2>err
    assert_regex "$(<err)" "^vae-train: mean.raw: element 1 has mean 2000 and standard deviation [0-9.]+, element 0 .*$little$advice"
    columns 1:2000 >mean.raw
    vae-train "${options[@]}" -l laplace --sigma shared -e 0 mean.raw 2>err
    assert_regex "$(<err)" "^vae-train: mean.raw: element 0 has mean 2000 and standard deviation [0-9.]+$little$advice"
    columns 300:0 290:0 >large.raw
    vae-train "${options[@]}" -l gaussian -e 50 large.raw 2>err
    assert_regex "$(head -1 err)" "^vae-train: large.raw: element 0 has mean -?[0-9.]+ and standard deviation [23][0-9.]+: models learn best from numbers of about 1$advice"'$'
    run -1 grep 'from N(0, I)' err
    vae-train -q "${options[@]}" -l gaussian -e 0 sizes.raw 2>err
    assert [ ! -s err ]
    columns 1:0 0.2:0 5:10 0:1 >alike.raw
    vae-train "${options[@]}" -l gaussian -e 0 alike.raw 2>err
    run -1 grep 'standard deviation' err
    # Images: a pixel that few items have is no column that wants to be scaled. Counts are not scaled either.
    { header f32 3 600 . && perl -e 'print pack "f<*", map { sin($_) ** 2, cos($_) ** 2, $_ % 300 == 7 ? 0.01 : 0 } 1 .. 600'; } >pixels.raw
    vae-train "${options[@]}" -l gaussian -e 0 pixels.raw 2>err
    { header i32 2 200 . && perl -e 'print pack "l<*", map { 5000 + $_, $_ % 2 } 1 .. 200'; } >counts.raw
    vae-train -m a.bin -H 2 -z 1 -e 0 -l poisson counts.raw 2>>err
    { header u8 2 200 . && perl -e 'print pack "C*", map { $_, $_ % 2 } 1 .. 200'; } >bytes.raw
    vae-train -m a.bin -H 2 -z 1 -e 0 -l gaussian bytes.raw 2>>err
    run -1 grep 'standard deviation' err
}

@test "a file, a pipe, a redirected stdin and frames of any size give the same model" {
    trains a
    options=(-q -H 8 -z 2 -e 1)
    # shellcheck disable=SC2002 # a pipe, not a file, is what is tried
    cat data.raw | vae-train "${options[@]}" -m pipe.bin
    vae-train "${options[@]}" -m stdin.bin <data.raw
    vae-train "${options[@]}" -m dash.bin - <data.raw
    recut 7 <data.raw >frames.raw
    vae-train "${options[@]}" -m frames.bin frames.raw
    # A file read from where another reader left it.
    { cat data.raw data.raw; } >two.raw
    { head -c $((64 + 200 * 784)) >first && vae-train "${options[@]}" -m behind.bin; } <two.raw
    for name in pipe stdin dash frames behind; do cmp a.bin $name.bin; done
    # A stream behind other bytes, cut short by just as many: the file's size alone would pass for right.
    { head -c 784 two.raw && head -c -784 data.raw; } >cut.raw
    { head -c 784 >first && fails 1 'vae-train: stdin: ended after' vae-train -m cut.bin; } <cut.raw
}

@test "what the likelihood cannot hold is named before training, and no model is made" {
    # The advice is one that helps.
    local bad advice
    while IFS='|' read -r bad advice; do
        { header f32 4 2 . && f32 0 1 0 1 0 0 "$bad" 0; } >bad.raw
        fails 1 'vae-train: bad.raw: item 1, element 2 is ' vae-train -m a.bin bad.raw
        assert_equal "$(<err)" "vae-train: bad.raw: item 1, element 2 is $bad, wanted a number in [0,1] for bernoulli$advice"
    done <<'END'
2|: train counts with -l poisson or negbin; scale the data to [0,1], or to mean 0 and standard deviation 1 for -l gaussian
1.0000001|: scale the data to [0,1], or to mean 0 and standard deviation 1 for -l gaussian
-0.1|: scale the data to [0,1], or to mean 0 and standard deviation 1 for -l gaussian
-2|: scale the data to [0,1], or to mean 0 and standard deviation 1 for -l gaussian
nan| (vae-train --missing takes nan for a missing element)
inf|
-inf|
END
    { header f64 4 1 . && perl -e 'print pack "d<*", 0, 0, 0, 1e39'; } >bad.raw
    fails 1 'vae-train: bad.raw: item 0, element 3 is 1e+39, wanted a number from -3.4e38 to 3.4e38, in single precision' \
        vae-train -m a.bin -l gaussian bad.raw
    fails 1 'vae-train: bad.raw: item 0, element 3 is 1e+39, wanted a number in [0,1] to binarize' \
        vae-train -m a.bin -l gaussian --binarize sample bad.raw
    { header f32 4 2 . && f32 0 1 0.5 1 0 0.25 1.0000001 1; } >bad.raw
    for mode in sample threshold; do
        fails 1 'vae-train: bad.raw: item 1, element 2 is 1.0000001, wanted a number in [0,1] to binarize' \
            vae-train -m a.bin -l gaussian --binarize $mode bad.raw
    done
    # A value next to a bound is told from it.
    { header f64 4 1 . && perl -e 'print pack "d<*", 0, 0, 0, 1 + 2**-52'; } >bad.raw
    fails 1 'vae-train: bad.raw: item 0, element 3 is 1.0000000000000002, wanted a number in [0,1] for bernoulli' \
        vae-train -m a.bin bad.raw
    { header i32 1 1 . && perl -e 'print pack "l<", 2**24 + 1'; } >bad.raw
    fails 1 'vae-train: bad.raw: item 0, element 0 is 16777217, wanted a count, 0 to 16777216' \
        vae-train -m a.bin -l poisson bad.raw
    fails 1 'vae-train: stdin: no items, wanted at least 1' vae-train -m a.bin < <(header u8 4 0 .)
    assert [ ! -e a.bin ]
}

@test "a loss that is not finite stops training, names its step and keeps the model there was" {
    trains a
    cp a.bin before.bin
    { header f32 2 4 . && f32 0 0 0 0 0 0 1e38 1e38; } >data.raw
    fails 1 'vae-train: training: the loss of step ' vae-train -m a.bin -q -z 2 -H 4 -l gaussian -b 1 data.raw
    cmp a.bin before.bin
}

@test "the model's name is checked before training, and nothing is harmed" {
    mkdir dir
    fails 1 'vae-train: dir: is a directory, wanted a file' vae-train -m dir data.raw
    mkfifo pipe # no device of the system's: one that a faulty tool replaced would be gone for all
    fails 1 'vae-train: pipe: is not a regular file' vae-train -m pipe data.raw
    fails 1 "vae-train: none/model.bin: there is no directory 'none', wanted it" vae-train -m none/model.bin data.raw
    fails 2 "vae-train: --model: found 'dir/', wanted a file's name" vae-train -m dir/ data.raw
    assert [ -d dir -a -p pipe -a ! -e none ]
    assert_empty "$(ls -A dir)"
    fails 2 'vae-train: --model: not given, wanted it' vae-train data.raw
}

@test "SIGTERM, SIGINT and SIGHUP finish the step, save the model and exit 143, 130 and 129" {
    for case in TERM:143 INT:130 HUP:129; do
        rm -f model.bin log
        begins
        kill -"${case%:*}" "$pid"
        ends "${case#*:}"
        assert_regex "$(tail -1 err)" '^vae-train: model.bin: .* bernoulli, stopped in epoch [0-9]+ of 1000000 .*: elbo -[0-9.]+ nats'
        vae-eval -m model.bin data.raw | row_holds 2 '$1 == 200'
        assert [ "$(metadata model.bin steps)" -ge 2 ]
        assert_empty "$(find . -name '*tmp*')"
    done
}

@test "a second signal, another one too, ends a run at once" {
    # One step of seconds, which the first one lets end once it has begun: that it has is seen by the time it took.
    for second in TERM:143 INT:130; do
        env --default-signal=INT vae-train -q -m slow.bin --log log -H 2000 --objective iwae -k 600 -e 1 -j 1 data.raw 3>&- &
        pid=$!
        await test -s log
        await eval '[ "$(cut -d " " -f 14 "/proc/$pid/stat")" -ge 30 ]'
        kill -INT "$pid"
        sleep 0.3 # within 0.2 s it would be the same one
        kill -"${second%:*}" "$pid"
        ends "${second#*:}"
        assert [ ! -e slow.bin ]
        rm -f log .slow.bin.tmp
    done
}

@test "signals that come together, as from timeout, are one, and the model is saved" {
    begins
    kill -TERM "$pid" "$pid"
    ends 143
    vae-eval -m model.bin data.raw | row_holds 2 '$1 == 200'
    # Two kinds, delivered at the same moment.
    rm -f model.bin log
    begins
    kill -STOP "$pid"
    await grep -q '^State:.*stopped' "/proc/$pid/status"
    kill -TERM "$pid"
    kill -HUP "$pid"
    kill -CONT "$pid"
    ends 129
    vae-eval -m model.bin data.raw | row_holds 2 '$1 == 200'
}

@test "a run that was told to ignore SIGINT, as by nohup, keeps to it" {
    vae-train -q -m model.bin --log log -H 8 -e 1000000 data.raw 3>&- &
    pid=$!
    await eval '[ "$(wc -l <log)" -ge 2 ]'
    kill -INT "$pid"
    rows=$(wc -l <log)
    await eval "[ \"\$(wc -l <log)\" -gt $((rows + 1)) ]"
    kill -TERM "$pid"
    ends 143
}

@test "SIGUSR1 prints one line of state and training goes on, with -q too" {
    begins -q
    kill -USR1 "$pid"
    await test -s err
    rows=$(wc -l <log)
    await eval "[ \"\$(wc -l <log)\" -gt $((rows + 1)) ]"
    assert_equal "$(wc -l <err)" 1
    assert_regex "$(<err)" '^vae-train: model.bin: epoch [0-9]+/1000000 [0-9]+%: elbo -[0-9.]+ \([+-][0-9.]+\), kl [0-9.]+, [0-9]+/s, [0-9]+ s left$'
    # The seconds are those of all epochs that are left, at this rate.
    ITEMS=$(raw-info data.raw | awk 'NR == 2 { print $3 }') perl -ne 'm{epoch (\d+)/1000000 (\d+)%: .* (\d+)/s, (\d+) s left} or die;
        my $left = (1000001 - $1 - $2 / 100) * $ENV{ITEMS} / $3;
        die "$left: $_" unless abs($4 / $left - 1) < 0.01' err
    kill -TERM "$pid"
    ends 143
}

@test "on a terminal one line is drawn anew, at most 5 times a second" {
    script -qec 'timeout -s TERM 1.3 vae-train -m model.bin -H 8 -z 2 -e 1000000 data.raw' /dev/null </dev/null >screen || true
    drawn=$(tr '\r' '\n' <screen | grep -c '^vae-train: epoch [0-9]*/1000000 [0-9]*%: ')
    assert [ "$drawn" -ge 2 -a "$drawn" -le 7 ]
    run -1 grep ' - kl ' screen # which a line an epoch would have
    # One that is longer is cut: a terminal of 80 columns would wrap it.
    script -qec 'timeout -s TERM 1 vae-train -m model.bin -H 8 -l gaussian --sigma 1e-6 -r 0 -e 1000000 data.raw' /dev/null </dev/null >screen || true
    tr '\r' '\n' <screen | sed -n 's/\x1b\[K//; /^vae-train: epoch /p' >lines
    assert_equal "$(awk '{ print length }' lines | sort -u)" 79
    # One epoch of 200,000 steps, of an item each: it would take many seconds, and so is known to be that of all items.
    { header f32 2 200000 . && perl -e 'print pack "f<*", map { $_ % 2 } 1 .. 400000'; } >long.raw
    script -qec 'timeout -s TERM 1 vae-train -m model.bin -H 8 -z 2 -k 500 --objective iwae -b 1 -e 1 long.raw' /dev/null </dev/null >screen || true
    tr '\r' '\n' <screen | perl -ne 'next unless m{epoch 1/1 (\d+)%: .* (\d+)/s, (-?\d+) s left};
        my $left = (100 - $1) * 2000 / $2;
        $shown++;
        die $_ unless abs($3 - $left) <= 0.6 + 2000 / $2 && $left > 3;
        END { $shown or die "no line\n" }'
    # What is said after it has a line of its own.
    tr '\r' '\n' <screen | grep $'^\e\[Kvae-train: model.bin: '
    # What the validation came to is told after each epoch all the same.
    script -qec 'vae-train -m model.bin -H 8 -z 2 -e 3 --val data.raw data.raw' /dev/null </dev/null >screen
    assert_equal "$(tr '\r' '\n' <screen | grep -c ' - kl .* nats, validation -[0-9.]*, ')" 3
}

@test "the state has the bound, its change since the epoch before, and in the first epoch no change" {
    # 20 steps per epoch, of 100 items and 200 draws, so that each epoch has several lines.
    { header f32 8 2000 . && perl -e 'print pack "f<*", map { $_ % 3 / 2 } 1 .. 16000'; } >long.raw
    # states OPTION...: the lines of state, one per SIGUSR1, and the rows of the log.
    states() {
        rm -f log
        vae-train -q -m model.bin --log log -H 200 -z 2 -k 200 -b 100 -e 1000 "$@" long.raw 2>err 3>&- &
        pid=$!
        await test -e log
        for _ in {1..2000}; do # at most 40 s
            [ "$(grep -c '(' err)" -lt 6 ] || break
            kill -USR1 "$pid"
            sleep 0.02
        done
        kill -TERM "$pid"
        ends 143
    }
    # told BOUND CHANGE-IN-PARENTHESES-COLUMN: each line's change is its bound less that of the epoch before in the log.
    told() {
        awk -v column="$1" -v name="$2" '
            FNR == NR { bound[$1] = $column; next }
            / items, / { next } # it came while the items were read
            { split($4, epoch, "/") }
            epoch[1] == 1 { first++; if (/\(/) { print "first: " $0; bad = 1 }; next }
            { for (i = 1; i < NF; i++) if ($i == name) now = $(i + 1) + 0 }
            match($0, /\([-+][0-9.]+\)/) {
                later++
                d = substr($0, RSTART + 1, RLENGTH - 2) - (now - bound[epoch[1] - 1])
                if (d < -0.0101 || d > 0.0101) { print d ": " $0; bad = 1 }
                next
            }
            { print "none: " $0; bad = 1 }
            END { exit bad || !first || !later }' log err
    }
    states -r 0.001
    told 4 elbo
    states --objective iwae
    told 12 bound
}

@test "two runs on one model file at once: the second says so, and the first is not disturbed" {
    begins -q
    fails 1 'vae-train: model.bin: another process is writing it' vae-train -q -m model.bin -H 4 -e 1 data.raw
    kill -TERM "$pid"
    ends 143
    assert_equal "$(metadata model.bin encoder_hidden)" 8
}

@test "while another process holds the new model's file, a run says so and leaves it alone" {
    trains model
    cp model.bin before.bin
    printf half >.model.bin.tmp
    fails 1 'vae-train: model.bin: another process is writing it, wanted it for this one' \
        flock .model.bin.tmp vae-train -q -m model.bin -H 4 -e 1 data.raw
    cmp model.bin before.bin
    assert_equal "$(<.model.bin.tmp)" half
}
