#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# vae-train's objectives, optimizers and schedules: each option has an effect, and the right one.
# shellcheck disable=SC2016 # what is quoted is awk's
load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    idx2raw -n 400 "$IMAGES" >data.raw
    idx2raw --skip 400 -n 200 "$IMAGES" >val.raw
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    ln -s "$BATS_FILE_TMPDIR/data.raw" "$BATS_FILE_TMPDIR/val.raw" .
}

# trains NAME [OPTION...]: some epochs of a small model on data.raw, to NAME.bin and NAME.tsv.
trains() {
    local name=$1
    shift
    defaulting -H 24 -z 4 -e 3 -b 40 --binarize sample -- vae-train -q -m "$name.bin" --log "$name.tsv" "$@" data.raw
}

# differ A B: two models' weights do.
differ() {
    other_weights "$1.bin" "$2.bin"
}

# numbers MODEL: one a line.
numbers() {
    weights "$1" | od -A n -v -t f4 -w4
}

# moved NAME [N]: how far a model's weights are from those of start.bin, without the last N numbers.
moved() {
    paste <(numbers start.bin | head -n -"${2:-0}") <(numbers "$1.bin" | head -n -"${2:-0}") | awk 'NF != 2 { bad = 1 } { s += ($1 - $2)^2 } END { if (NR && !bad) print sqrt(s) }'
}

@test "--val judges by the bound that is climbed" {
    for name in iwae dreg; do
        trains $name --objective $name -k 7 --val data.raw
        near "$(last $name 13)" "$(vae-eval -q -m $name.bin -k 7 data.raw | awk 'NR == 2 { print $5 }')" 0.0002
        near "$(last $name 7)" "$(vae-eval -q -m $name.bin -k 7 data.raw | awk 'NR == 2 { print $2 }')" 0.0002
        vae-train -m told.bin -H 24 -z 4 -e 1 --objective $name -k 7 data.raw 2>err
        grep '^vae-train: told.bin: epoch 1/1: elbo -[0-9.]* = -[0-9.]* - kl [0-9.]* nats, bound -[0-9.]*, ' err
    done
    trains stl --objective stl -k 7 --val data.raw
    near "$(last stl 7)" "$(vae-eval -q -m stl.bin data.raw | awk 'NR == 2 { print $2 }')" 0.0002
}

@test "each objective trains another model, and with one draw iwae is the elbo by another estimate" {
    for name in elbo iwae stl dreg; do trains $name --objective $name -k 5 -e 20 -r 0.003; done
    for name in iwae stl dreg; do
        differ elbo $name
        holds "$(last $name 4) > -400"
    done
    differ iwae dreg
    # From the same weights and draws, bounds of five draws: the importance-weighted one is above.
    for name in elbo iwae; do trains still-$name --objective $name -k 5 -r 0; done
    assert_equal "$(last still-elbo 5)" "$(last still-iwae 5)"
    assert_equal "$(last still-elbo 12)" "$(last still-elbo 4)"
    holds "$(last still-iwae 12) > $(last still-elbo 12)"
    fails 2 "vae-train: --objective: found 'map', wanted one of elbo, iwae, stl, dreg" vae-train -m x --objective map
}

@test "-k draws that often: means over many draws vary less" {
    trains one -r 0
    trains many -r 0 -k 50
    trains again -r 0 --samples 50
    cmp many.bin again.bin
    assert_equal "$(last one 6)" "$(last many 6)" # the KL has no draws
    assert_not_equal "$(last one 5)" "$(last many 5)"
    fails 2 "vae-train: --samples: found '0', wanted a whole number from 1 to 1024" vae-train -m x -k 0
}

@test "draws give the same bits on any number of threads" {
    for threads in 1 2 3; do trains t$threads --objective dreg -k 7 -j $threads -b 33 --optimizer muon --clip 1; done
    cmp t1.bin t2.bin
    cmp t1.bin t3.bin
}

@test "a larger --beta leaves a smaller KL, 0 the largest" {
    for beta in 0 1 4; do trains b$beta --beta $beta -e 20 -r 0.003; done
    holds "$(last b0 6) > $(last b1 6) + 1 && $(last b1 6) > $(last b4 6) + 1"
    trains plain -e 20 -r 0.003
    cmp plain.bin b1.bin
    # The figure is that of weight 1 all the same.
    holds "($(last b4 4) - ($(last b4 5) - $(last b4 6)))^2 < 1e-6"
}

@test "--warmup begins without the KL and ends with it" {
    trains cold --warmup 1000000 -e 10 -r 0.003
    trains zero --beta 0 -e 10 -r 0.003
    holds "($(last cold 6) - $(last zero 6))^2 < 0.01"
    trains warm --warmup 5 -e 10 -r 0.003
    trains plain -e 10 -r 0.003
    differ warm plain
    holds "$(last warm 6) < $(last zero 6) - 1"
}

@test "--free-bits are used up by latents that would go without" {
    trains plain --beta 20 -e 30 -r 0.003
    trains free --beta 20 --free-bits 0.5 -e 30 -r 0.003
    holds "$(last plain 6) < 1 && $(last free 6) > 1.5 && $(last free 6) < 6"
    fails 2 'vae-train: --free-bits: found it with --objective iwae, wanted elbo' \
        vae-train -m x --objective iwae --free-bits 1
}

@test "a weighted KL is refused where there is no KL term" {
    for option in '--beta 2' '--warmup 3'; do
        for name in iwae dreg; do
            # shellcheck disable=SC2086 # an option and its argument
            fails 2 "vae-train: --objective: found $name with a weighted KL, wanted --beta 1 and no --warmup" \
                vae-train -m x --objective $name $option
        done
    done
}

@test "muon trains, along another way than adam" {
    trains adam -e 30 -r 0.02
    trains muon -e 30 -r 0.02 --optimizer muon
    differ adam muon
    holds "$(last muon 4) > $(sed -n 2p muon.tsv | cut -f 4) + 150"
    fails 2 "vae-train: --optimizer: found 'sgd', wanted one of adam, adagrad, muon" vae-train -m x --optimizer sgd
}

@test "adagrad trains, and the longer the slower" {
    trains start -e 0
    for epochs in 1 10 30; do trains e$epochs -e $epochs -r 0.02 --optimizer adagrad; done
    holds "$(last e30 4) > $(last e1 4) + 150"
    # Of gradients alike, Adam's steps are alike; Adagrad's t-th is 1/sqrt(t) of the first.
    trains adam -e 30 -r 0.02
    holds "$(moved e30) < 0.5 * $(moved adam) && $(moved e30) - $(moved e10) < $(moved e10)"
}

@test "--schedule and --warm-rate set the rate, which the log tells" {
    trains const
    trains cosine --schedule cosine:0.0001 -e 4
    trains step --schedule step:1:0.1
    trains warm --warm-rate 1.5
    # The rate of each epoch's last step: 10 steps an epoch.
    assert_equal "$(cut -f 10 const.tsv | tail -n +2 | paste -sd ' ')" '0.001 0.001 0.001'
    assert_equal "$(cut -f 10 step.tsv | tail -n +2 | paste -sd ' ')" '0.001 0.0001 1e-05'
    assert_equal "$(cut -f 10 warm.tsv | tail -n +2 | paste -sd ' ')" '0.0006 0.001 0.001'
    holds "$(last cosine 10) > 0.0001 && $(last cosine 10) < 0.00011"
    holds "$(sed -n 3p cosine.tsv | cut -f 10) > 0.00055 && $(sed -n 3p cosine.tsv | cut -f 10) < 0.0006"
    fails 2 "vae-train: --schedule: found 'step:3', wanted const, cosine, cosine:END, step:EVERY:FACTOR or iwae" \
        vae-train -m x --schedule step:3
    fails 2 "vae-train: --schedule: found '0', wanted a number from 0.001 to 1e+09" vae-train -m x --schedule step:0:1
    fails 2 "vae-train: --schedule: found 'sine', wanted const, cosine, cosine:END, step:EVERY:FACTOR or iwae" vae-train -m x --schedule sine
}

@test "--schedule iwae has eight stages, of 3^i epochs each, and the last rate goes on" {
    { header f32 1 1 . && f32 0.5; } >one.raw
    vae-train -q -m one.bin -H none -z 1 -e 3300 --schedule iwae --log one.tsv one.raw
    tail -n +2 one.tsv | cut -f 10 | uniq -c >stages
    awk '{ print $1, $2 }' stages | diff - <(for i in {0..7}; do
        awk "BEGIN { print 3^$i + ($i == 7 ? 20 : 0), 0.001 * 10^(-$i / 7) }"
    done)
}

@test "--clip shortens the gradient" {
    # Muon and Adam do not mind a gradient's length but for their epsilon, here a large one.
    trains long --adam-eps 1 -e 1
    trains short --adam-eps 1 -e 1 --clip 0.001
    trains start -r 0 -e 1
    trains loose --adam-eps 1 -e 1 --clip 1e20
    holds "$(moved short) < $(moved long) / 1000"
    same_weights loose.bin long.bin
    # The gradient of all parameters is then as long as --clip says. With a large epsilon, one step at rate 1 moves the
    # weights by the gradient.
    for options in '' '-H none' '-l gaussian --sigma shared --mean-bias' '--prior vamp:5 --beta 1000'; do
        # shellcheck disable=SC2086 # several
        {
            trains start -e 0 $options
            trains one -e 1 -b 400 -r 1 --adam-eps 1 --clip 0.001 $options
        }
        [[ $options == *vamp* ]] || near "$(moved one)" 0.001 0.00001
    done
    # The pseudo-inputs' share is small. A model's last numbers are made of the others: mu and logvar of 5 components.
    near "$(moved one 40)" 0.001 0.0000001
}

@test "--weight-decay shrinks matrices and leaves biases" {
    trains start -r 0 -e 0 --adam-eps 1
    # Nothing but decay: a gradient cut to nothing, 30 steps that keep 0.9 each.
    trains decay -r 0.1 --weight-decay 1 --adam-eps 1 --clip 1e-20
    holds "($(tensor decay.bin encoder.0.weight | awk '{ print $7 }') / $(tensor start.bin encoder.0.weight | awk '{ print $7 }') / 0.9^30 - 1)^2 < 1e-6"
    assert_equal "$(tensor decay.bin encoder.0.bias)" "$(tensor start.bin encoder.0.bias)"
}

@test "--adam-eps holds back what has a small gradient" {
    trains plain
    trains held --adam-eps 1
    trains start -r 0
    holds "$(moved held) < $(moved plain) / 2"
}

@test "--ema saves an average of the weights on their way, and validates it" {
    trains plain --val val.raw -e 6
    fails 2 "vae-train: --ema: found '1', wanted a number from 0 to 0.9999999 " vae-train -m x --ema 1
    trains mean --val val.raw -e 6 --ema 0.95
    differ plain mean
    assert_equal "$(cut -f 4 plain.tsv)" "$(cut -f 4 mean.tsv)" # training goes on from the weights of the moment
    near "$(last mean 7)" "$(vae-eval -q -m mean.bin val.raw | tail -1 | cut -f 2)" 0.0002
    assert_not_equal "$(last plain 7)" "$(last mean 7)"
    # It begins with the first weights.
    trains first -e 0
    trains none -e 0 --ema 0.95
    same_weights first.bin none.bin
    # Of a walk in one direction the average is behind.
    trains start -r 0
    holds "$(moved mean) < 0.95 * $(moved plain) && $(moved mean) > 0.5 * $(moved plain)"
    # One over a thousand steps, of which sixty are done, has not stayed at the start.
    trains young -e 6 --ema 0.999
    holds "$(moved young) > 0.5 * $(moved plain)"
    # With a decay near 0 the average is the last weights, whatever makes the step.
    for options in '--optimizer adam' '--optimizer adagrad' '--optimizer muon' '--clip 1' '-l gaussian --sigma shared' \
        '-l gaussian --sigma optimal'; do
        # shellcheck disable=SC2086 # several
        {
            trains start $options
            trains moment --ema 1e-9 $options
        }
        holds "$(moved moment) < 1e-5"
    done
}

@test "--init chooses how wide the first weights are, and whether biases are 0" {
    for name in torch glorot he; do trains $name --init $name -e 0; done
    bound() { tensor "$1.bin" encoder.0.weight | tr ' ' '\n' | awk '/./ { v = $1 < 0 ? -$1 : $1; if (v > m) m = v } END { print m }'; }
    holds "($(bound torch) * sqrt(784) - 1)^2 < 1e-4 && ($(bound glorot) / sqrt(6 / 808) - 1)^2 < 1e-4"
    holds "($(bound he) / sqrt(6 / 784) - 1)^2 < 1e-4"
    assert_equal "$(tensor he.bin encoder.0.bias | tr ' ' '\n' | grep . | sort -u)" 0
    assert_not_equal "$(tensor torch.bin encoder.0.bias | tr ' ' '\n' | grep . | sort -u)" 0
    # The heads are two layers: the bound is that of 24 inputs and 4 outputs.
    holds "$(tensor glorot.bin mu.weight | tr ' ' '\n' | awk '/./ { v = $1 < 0 ? -$1 : $1; if (v > m) m = v } END { print m }') > 0.43"
    trains normal --init normal:0.3 -e 0
    for tensor in encoder.0.weight logvar.weight decoder.1.bias; do
        # Mean and deviation within four standard errors of n draws, and further out than any uniform of that deviation.
        holds "$(tensor normal.bin $tensor | tr ' ' '\n' | awk '
            /./ { n++; s += $1; q += $1 * $1; v = $1 < 0 ? -$1 : $1; if (v > m) m = v }
            END { print (s / n) ^ 2 " < 16 * 0.09 / " n " && (sqrt(" q / n ") / 0.3 - 1)^2 < 8 / " n " && " m " > 0.57" }')"
    done
    number() { tensor normal.bin "$1" | awk '{ print $1 }'; }
    assert_not_equal "$(number encoder.0.weight)" "$(number encoder.0.bias)"
    assert_not_equal "$(number encoder.0.weight)" "$(number mu.weight)"
    assert_not_equal "$(number encoder.0.bias)" "$(number mu.weight)"
    fails 2 "vae-train: --init: found 'normal', wanted torch, glorot, he or normal:S, such as normal:0.01" \
        vae-train -m x --init normal
    fails 2 "vae-train: --init: found '-1', wanted a number from 0 to 1000" vae-train -m x --init normal:-1
}

@test "--mean-bias has an empty decoder say the data's mean" {
    trains mean --mean-bias --init glorot -e 0
    { header u8 28x28 1 . && head -c 784 /dev/zero; } >black.raw
    perl -e 'local $/; $_ = substr <STDIN>, 64; my @s;
        for my $i (0 .. 399) { my $j = 0; $s[$j++] += $_ for unpack "C*", substr $_, $i * 784, 784 }
        for (@s) { my $p = $_ / 400 / 255; $p = 0.001 if $p < 0.001; $p = 0.999 if $p > 0.999; print log($p / (1 - $p)), "\n" }' \
        <data.raw >wanted
    paste wanted <(tensor mean.bin decoder.1.bias | tr ' ' '\n' | grep .) |
        rows_hold 784 '($1 - $2)^2 <= 1e-9'
    # If the decoder gives two numbers per element, the first one starts at the mean.
    for options in '' --mean-bias; do
        # shellcheck disable=SC2086 # none, or one
        trains net -l gaussian --sigma net --init glorot -e 0 $options
        tensor net.bin decoder.1.bias | tr ' ' '\n' | grep . | paste - - >"pairs$options"
    done
    cut -f 2 pairs | cmp - <(cut -f 2 pairs--mean-bias)
    paste wanted pairs--mean-bias | rows_hold 784 '(1 / (1 + exp(-$1)) - $2)^2 <= 2e-6'
}

@test "--start-from starts at a model's values, and the model says so" {
    for options in '-a gated' '--binarize none' '-l gaussian --sigma shared' '--prior vamp:5'; do
        # shellcheck disable=SC2086 # several options
        {
            trains first $options
            trains same $options --start-from first.bin -e 0
            same_weights first.bin same.bin
            assert_equal "$(metadata same.bin start_xxh64)" "$(metadata first.bin xxh64)"
            trains next $options --start-from first.bin -S 2
            differ first next
        }
    done
    # It goes on from there: an epoch's figure is better than the first one of the first run, and its last.
    trains first && trains next --start-from first.bin -S 2 --objective dreg -k 5
    holds "$(sed -n 2p next.tsv | cut -f 4) > $(last first 4)"
    # --binarize may differ.
    trains next --start-from first.bin --binarize none
    no_metadata first.bin start_xxh64
}

@test "--start-from refuses a model that is laid out otherwise, with both values" {
    trains first -e 0
    while IFS='|' read -r options message; do
        # shellcheck disable=SC2086 # several options
        defaulting -H 24 -z 4 -- fails 1 "vae-train: first.bin: $message as in the file" \
            vae-train -q -m new.bin --start-from first.bin $options
    done <<END
-z 5 data.raw|latent is 5 in this run, wanted 4
-H 24,12 data.raw|encoder_hidden is 24,12 in this run, wanted 24
-a tanh data.raw|activation is tanh in this run, wanted relu
-l laplace data.raw|likelihood is laplace in this run, wanted bernoulli
--prior vamp:3 data.raw|prior is vamp:3 in this run, wanted not given
END
    trains first -e 0 --prior vamp:4
    fails 1 'vae-train: first.bin: prior is not given in this run, wanted vamp:4 as in the file' \
        vae-train -q -m new.bin -H 24 -z 4 --start-from first.bin data.raw
    { header u8 4 3 . && head -c 12 /dev/zero; } >small.raw
    fails 1 'vae-train: first.bin: item_shape is 4 in this run, wanted 28x28 as in the file' \
        vae-train -m new.bin -H 24 -z 4 --start-from first.bin small.raw
    assert [ ! -e new.bin ]
    fails 2 'vae-train: --mean-bias: found it with --start-from, wanted one of them' \
        vae-train -m new.bin --mean-bias --start-from first.bin data.raw
    fails 1 'vae-train: first.bin: would be written and is also read as first.bin, wanted a file of its own' \
        vae-train -m first.bin --start-from first.bin data.raw
}

@test "--patience ends behind the best epoch, whose weights are saved" {
    # A rate that overfits 400 images soon.
    trains best --val val.raw -e 200 -r 0.02 --patience 4 -H 200
    rows=$(($(wc -l <best.tsv) - 1))
    assert [ "$rows" -lt 200 ]
    best=$(tail -n +2 best.tsv | sort -g -r -k 7 | sed -n 1p)
    assert_equal "$(cut -f 1 <<<"$best")" $((rows - 4))
    assert_equal "$(metadata best.bin epochs)" $((rows - 4))
    holds "($(vae-eval -q -m best.bin val.raw | tail -1 | cut -f 2) - $(cut -f 7 <<<"$best"))^2 < 1e-6"
    fails 2 'vae-train: --patience: found it without --val, wanted items to evaluate after each epoch' vae-train -m x --patience 3
}

@test "--patience saves the average of the weights, as it was at the best epoch" {
    local epoch
    trains best --val val.raw -e 200 -r 0.02 --patience 2 -H 200 --ema 0.9
    epoch=$(metadata best.bin epochs)
    assert [ "$epoch" -lt "$(last best 1)" ]
    trains mean -e "$epoch" -r 0.02 -H 200 --ema 0.9
    same_weights best.bin mean.bin
}

@test "latents that collapse are told, in the log and at the end" {
    vae-train -m model.bin --log log --log-latents kl -H 24 -z 4 -e 30 -b 40 -r 0.003 --beta 100 data.raw 2>err
    assert_regex "$(tail -2 err | head -1)" '^vae-train: model.bin: 4 of 4 latents collapsed: .* so they carry no information; a smaller -z does as well, and --warmup may help$'
    # One latent alone, which no item moves.
    vae-train -q -m two.bin -H none -z 2 -e 0 data.raw
    perl "$ROOT/tests/safetensors.pl" edit 'substr($data, 0, 8 * 784) = pack "f<*", (1) x 784, (0) x 784; checksum()' <two.bin >one.bin
    vae-train -m told.bin -H none -z 2 -e 1 -r 0 --start-from one.bin data.raw 2>err
    assert_regex "$(tail -2 err | head -1)" '^vae-train: told.bin: 1 of 2 latents collapsed: '
    # Not where it is refused.
    vae-train -m told.bin -H 24 -z 4 -e 30 -b 40 -r 0 --objective iwae data.raw 2>err
    assert_regex "$(tail -2 err | head -1)" ' latents collapsed: .* a smaller -z does as well$'
    # After few steps there may be nothing to say about -z yet.
    vae-train -m few.bin -H 24 -z 4 -e 2 -b 100 -r 0 data.raw 2>few
    assert_regex "$(tail -2 few | head -1)" ' latents collapsed: .* information; after [0-9]+ steps; more steps may be wanted: a larger -e, a smaller -b$'
    assert_equal "$(tail -1 log | cut -f 11)" 0
    assert_regex "$(tail -1 kl)" $'^30(\t0\\.0[0-9]*){4}$'
    vae-train -m model.bin --log log --log-latents kl -H 24 -z 4 -e 30 -b 40 -r 0.003 data.raw 2>err
    assert_equal "$(tail -1 log | cut -f 11)" 4
    run -1 grep collapsed err
    # Each latent's KL, and all of them together.
    assert_equal "$(head -1 kl)" $'epoch\tkl_0\tkl_1\tkl_2\tkl_3'
    paste <(cut -f 6 log) kl | tail -n +2 | rows_hold 30 '$2 == NR && ($1 - ($3 + $4 + $5 + $6))^2 < 1e-6'
}
