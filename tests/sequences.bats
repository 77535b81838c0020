#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Models of sequences of tokens: training, decoding token by token, and what they refuse.
# shellcheck disable=SC2016 # what is quoted is awk's
load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    # Words of two or three syllables, so that each letter depends on the one before it.
    perl -e 'srand 4; my @s = qw(ba be bo da di du ka ki ko la le lu ma mi no na);
        print join("", map { $s[rand @s] } 1 .. 2 + rand 2), "\n" for 1 .. 400' >words.txt
    text2raw --write-tokens tokens.txt words.txt >words.raw
    GRU='-z 8 -H 60 --decoder-hidden 8,gru:24'
    export GRU
    # shellcheck disable=SC2086 # several options
    vae-train -q --tokens tokens.txt $GRU -m gru.bin -b 20 -e 40 -r 0.01 --beta 0.02 words.raw
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    for file in "$BATS_FILE_TMPDIR"/*.{raw,bin,txt}; do ln -s "$file" .; done
}

# small MODEL OPTION...: a training of one epoch.
small() {
    defaulting -e 1 -z 3 -b 32 -- vae-train -q --tokens tokens.txt -m "$1" "${@:2}" words.raw
}

# Reads no vocabulary but the model's.
text() { raw2text -m gru.bin "$@"; }

@test "a trained model reconstructs most words, and its samples have the words' syllables" {
    vae-encode -q -m gru.bin words.raw | vae-decode -m gru.bin | text >again.txt
    assert [ "$(paste words.txt again.txt | awk '$1 == $2' | wc -l)" -gt 200 ]
    vae-sample -n 500 -m gru.bin | vae-decode --sample -m gru.bin | text >samples.txt
    assert_equal "$(grep -cx '[a-z]*' samples.txt)" 500
    assert [ "$(grep -cxE '([bdklmn][aeiou])+' samples.txt)" -gt 400 ]
    # Draws at a low temperature are the most probable tokens.
    vae-sample -n 300 -m gru.bin >z.raw
    vae-decode -m gru.bin z.raw >greedy.raw
    vae-decode --sample --temperature 0.001 -m gru.bin z.raw | cmp - greedy.raw
    # Others are not, and depend on the seed.
    vae-decode --sample -m gru.bin z.raw >drawn.raw
    run -1 cmp -s drawn.raw greedy.raw
    vae-decode --sample -S 1 -m gru.bin z.raw | cmp - drawn.raw
    run -1 cmp -s drawn.raw <(vae-decode --sample -S 2 -m gru.bin z.raw)
}

@test "the model has the vocabulary, torch's names and shapes, and categories as its likelihood" {
    assert_equal "$(metadata gru.bin likelihood)" categorical
    assert_equal "$(metadata gru.bin levels)" $(($(wc -l <tokens.txt) + 1))
    assert_equal "$(metadata gru.bin tokens)" "$(perl -pe 's/\n/\\n/' tokens.txt)"
    assert_regex " $(metadata gru.bin command) " ' --likelihood categorical --levels 12 '
    vae-info --tensors gru.bin | cut -f 1,2 >shapes
    grep -qx $'decoder.0.weight\t8x8' shapes
    grep -qx $'decoder.1.weight_ih\t72x20' shapes
    grep -qx $'decoder.1.weight_hh\t72x24' shapes
    grep -qx $'decoder.1.bias_hh\t72' shapes
    grep -qx $'decoder.2.weight\t12x24' shapes
    small x.bin -e 0 -H gru:9,gru:7 --decoder-hidden 5
    # The multiply-adds of a sequence: 3 units (positions inputs + positions units).
    assert_equal "$(vae-info --net x.bin | awk '/gru/ { print $1, $3, $5 }')" \
        "encoder.0 6x1x9 $((3 * 9 * (6 * 12 + 6 * 9)))"$'\n'"encoder.1 7 $((3 * 7 * (6 * 9 + 6 * 7)))"
    vae-info --net gru.bin | grep -qx $'decoder.1\tgru\t6x1x24\t3312\t10944'
    vae-info --net gru.bin | grep -qx $'decoder.2\tlinear\t6x1x12\t300\t1728'
}

@test "threads, vector levels, the division of a stream, and a stop and resumption change no byte" {
    local options='--prior vamp:5 --objective dreg -k 3 --optimizer muon --ema 0.9 --clip 1 --word-dropout 0.3 -H gru:9,gru:17 --decoder-hidden gru:33'
    # shellcheck disable=SC2086 # several options
    for threads in 1 2 5; do small "$threads.bin" -e 2 -j "$threads" $options; done
    cmp 1.bin 2.bin
    cmp 1.bin 5.bin
    # Without a gradient of its input, with weights that are read in two directions, and without the pauses that an
    # average of the weights makes.
    for epochs in 1 2; do
        small stopped.bin --checkpoint stopped.ck --continue -e $epochs -H gru:9 --decoder-hidden gru:6 --optimizer muon
    done
    small whole.bin -e 2 -H gru:9 --decoder-hidden gru:6 --optimizer muon
    cmp whole.bin stopped.bin
    # shellcheck disable=SC2086 # several options
    small part.bin --checkpoint run.ck -e 1 $options
    # shellcheck disable=SC2086 # several options
    small part.bin --resume run.ck -e 2 $options
    cmp 1.bin part.bin
    vae-sample -n 700 -m 1.bin >z.raw
    for threads in 1 3; do vae-decode -j $threads --sample -m 1.bin z.raw >$threads.raw; done
    cmp 1.raw 3.raw
    raw-select -n 3 z.raw | vae-decode --sample -m 1.bin | cmp - <(raw-select -n 3 1.raw)
}

@test "a mini-batch of long sequences is trained in parts, which are others on more threads, with the same bytes" {
    { header u8 50 300 . && perl -e 'srand 2; print pack "C*", map { $_ < 40 ? 1 + rand 11 : 0 } 0 .. 49 for 1 .. 300'; } >long.raw
    for threads in 1 2 3; do
        vae-train -q --tokens tokens.txt -m $threads.bin -z 2 -H 9 --decoder-hidden gru:120 -b 300 -e 1 -j $threads long.raw
    done
    cmp 1.bin 2.bin
    cmp 1.bin 3.bin
}

@test "what follows the end of a word changes nothing" {
    payload <words.raw | perl -e 'local $/; my $data = <>; srand 1;
        for my $i (0 .. length($data) / 6 - 1) { my $x = substr $data, 6 * $i, 6;
            $x =~ s/\0(.*)/"\0" . join "", map chr(rand 12), 1 .. length $1/es; print $x }' >others
    { header u8 6 400 . && cat others; } >others.raw
    run -1 cmp -s others.raw words.raw
    vae-eval -q -m gru.bin others.raw | cmp - <(vae-eval -q -m gru.bin words.raw)
    vae-encode -q -m gru.bin others.raw | cmp - <(vae-encode -q -m gru.bin words.raw)
    small a.bin --decoder-hidden gru:5
    vae-train -q --tokens tokens.txt -m b.bin -z 3 -b 32 -e 1 --decoder-hidden gru:5 others.raw
    same_weights a.bin b.bin
    # Bits are those of the tokens up to the end.
    vae-eval -q -m gru.bin words.raw | tail -1 >figures
    tokens=$(awk '{ n += length($1) < 6 ? length($1) + 1 : 6 } END { print n / NR }' words.txt)
    awk -v tokens="$tokens" '{ wanted = $2 / tokens / log(2); exit !(wanted < 0 && ($7 - wanted) ^ 2 < 1e-8) }' figures
}

@test "scores are sums over the tokens and the end, which a note tells" {
    printf 'babe\nbabebo\n\n' | text2raw -m gru.bin >some.raw
    vae-score -m gru.bin some.raw 2>err >scores.raw
    assert_equal "$(<err)" 'vae-score: some.raw: 2 of the sequences end before the last position, and their scores are sums of fewer terms than those of longer ones (--per-observed divides by the number of terms)'
    vae-score -m gru.bin --per-observed some.raw 2>err >each.raw
    assert_empty "$(<err)"
    paste <(raw2csv --no-header scores.raw) <(raw2csv --no-header each.raw) | awk '{ printf "%.3f ", $1 / $2 }' >terms
    assert_equal "$(<terms)" '5.000 6.000 1.000 '
    # Nothing is told of sequences without an end.
    text2raw -m gru.bin <<<babebo | vae-score -m gru.bin 2>err | raw-info | row_holds 2 '$3 == 1'
    assert_empty "$(<err)"
}

@test "all of --word-dropout hides each token but the start" {
    small first.bin -e 0 --decoder-hidden gru:5
    small hidden.bin -e 3 --decoder-hidden gru:5 --word-dropout 1
    small half.bin -e 3 --decoder-hidden gru:5 --word-dropout 0.5
    for model in first hidden half; do
        vae-info --dump decoder.0.weight_ih $model.bin | raw2csv --no-header | cut -d, -f 2-12 >$model.tokens
        vae-info --dump decoder.0.weight_ih $model.bin | raw2csv --no-header | cut -d, -f 1 >$model.start
    done
    cmp first.tokens hidden.tokens
    run -1 cmp -s first.start hidden.start
    run -1 cmp -s first.tokens half.tokens
    # Evaluation hides nothing, and P is a part of the run.
    vae-eval -q -m half.bin words.raw | row_holds 2 '$2 < 0'
    small x.bin -e 1 --checkpoint run.ck --decoder-hidden gru:5 --word-dropout 0.5
    fails 1 'vae-train: run.ck: --word-dropout is 0.4 in this run, wanted 0.5 as in the file' \
        vae-train -q --tokens tokens.txt -m x.bin -z 3 -b 32 -e 2 --decoder-hidden gru:5 --word-dropout 0.4 --resume run.ck words.raw
}

@test "a decoder that hardly reads its latents is noted, with the KL" {
    # kl MODEL: that of training.
    kl() { vae-info --row "$1" | awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "train_kl") c = i } NR == 2 { print $c }'; }
    vae-train --tokens tokens.txt -m few.bin -z 3 -b 32 -e 1 --decoder-hidden gru:9 words.raw 2>err
    holds "$(kl few.bin) < 1"
    assert_equal "$(tail -2 err | head -1)" "vae-train: few.bin: the KL is $(printf %.2f "$(kl few.bin)") nats per item, so the decoder predicts tokens from those before and hardly from z; more steps, a smaller --beta, --free-bits or --word-dropout make it read z"
    run -1 grep collapsed err
    # Others have a larger one, or read nothing else.
    vae-train --tokens tokens.txt -m much.bin -z 3 -b 32 -e 9 -r 0.01 --beta 0.01 --decoder-hidden gru:9 words.raw 2>err
    holds "$(kl much.bin) > 1"
    run -1 grep 'hardly' err
    vae-train --tokens tokens.txt -m plain.bin -z 3 -b 32 -e 1 words.raw 2>err
    run -1 grep 'hardly' err
}

@test "initial weights of gru have the bounds of a gate with as many inputs and units" {
    small x.bin -e 0 --init glorot -H gru:30 --decoder-hidden gru:20
    # glorot N INPUTS UNITS: all of N numbers are within sqrt(6 / (inputs + units)), and some are near it.
    glorot() {
        tr ' ' '\n' | awk -v bound="$(awk "BEGIN { print sqrt(6 / ($2 + $3)) }")" -v n="$1" '
            { x = $1 < 0 ? -$1 : $1; most = x > most ? x : most } END { if (!(NR == n && most <= bound && most > 0.97 * bound)) { print NR, most, bound; exit 1 } }'
    }
    tensor x.bin encoder.0.weight_ih | glorot $((90 * 12)) 12 30
    tensor x.bin encoder.0.weight_hh | glorot $((90 * 30)) 30 30
    tensor x.bin decoder.0.weight_ih | glorot $((60 * 15)) 15 20
    tensor x.bin decoder.0.weight_hh | glorot $((60 * 20)) 20 20
    for name in encoder.0.bias_ih encoder.0.bias_hh decoder.0.bias_ih decoder.0.bias_hh; do
        assert_equal "$(tensor x.bin $name | tr ' ' '\n' | sort -u)" 0
    done
}

@test "--weight-decay shrinks the matrices of gru and leaves its biases" {
    local options=(--init normal:0.5 -H gru:9 --decoder-hidden gru:6 -b 400)
    small start.bin -e 0 "${options[@]}"
    # One step an epoch, each of no length but for the decay by the rate.
    small decay.bin -e 30 -r 0.1 --weight-decay 1 --adam-eps 1 --clip 1e-20 "${options[@]}"
    for name in {encoder,decoder}.0.{weight,bias}_{ih,hh}; do
        paste <(tensor start.bin "$name" | tr ' ' '\n') <(tensor decay.bin "$name" | tr ' ' '\n') |
            awk -v name="$name" 'BEGIN { ratio = name ~ /weight/ ? 0.9 ^ 30 : 1 }
                { d = $2 - ratio * $1; if (d * d > 1e-10 + 1e-10 * $1 * $1) { print name, $1, $2; exit bad = 1 } moved += $1 * $1 }
                END { exit bad || (name ~ /weight/ && moved == 0) }'
    done
}

@test "--optimizer muon takes all matrices of a sequence model" {
    small start.bin -e 0 -H gru:9 --decoder-hidden gru:6
    small muon.bin -b 400 -e 1 -r 0.01 --optimizer muon -H gru:9 --decoder-hidden gru:6
    # The first step of Adam changes each number by the rate, and that of Muon does not.
    for name in encoder.0.{weight_ih,weight_hh,bias_ih} decoder.0.{weight_ih,weight_hh} decoder.1.{weight,bias}; do
        paste <(tensor start.bin "$name" | tr ' ' '\n') <(tensor muon.bin "$name" | tr ' ' '\n') |
            awk -v name="$name" '{ d = $2 - $1; d = d < 0 ? -d : d; n += d > 0; same += d > 0.0099 && d < 0.0101 }
                END { if (!(n > 0 && (name ~ /weight/ ? same < n / 2 : same > n / 2))) { print name, same, n; exit 1 } }'
    done
}

@test "gru of a large vocabulary and few units gives the same bytes on more threads" {
    seq 4000 | sed 's/$/;/' >many.txt
    perl -e 'srand 1; print join("", map { int(1 + rand 4000) . ";" } 1 .. 20), "\n" for 1 .. 600' >lines.txt
    text2raw --tokens many.txt lines.txt >lines.raw
    for threads in 1 2 4; do
        vae-train -q --tokens many.txt -m $threads.bin -z 2 -H gru:2 --decoder-hidden 5 -b 300 -e 2 -j $threads lines.raw
    done
    cmp 1.bin 2.bin
    cmp 1.bin 4.bin
}

@test "each epoch hides other tokens" {
    echo abcdefgh >line.txt
    text2raw --write-tokens t line.txt >line.raw
    for epochs in 0 40; do
        vae-train -q --tokens t -m $epochs.bin -z 2 -H 4 --decoder-hidden gru:4 --word-dropout 0.5 -e $epochs line.raw
    done
    for k in {2..8}; do
        for epochs in 0 40; do vae-info --dump decoder.0.weight_ih $epochs.bin | raw2csv --no-header | cut -d, -f "$k" >$epochs.column; done
        run -1 cmp -s 0.column 40.column
    done
}

@test "draws share no noise with latents that were drawn with the same seed" {
    # With weights of 0 each token has the same probability, whatever the latent.
    for decoder in gru:4 5; do
        small even.bin -e 0 --init normal:0 --decoder-hidden $decoder -z 4
        vae-sample -n 2000 -d 4 >z.raw
        vae-decode --sample -m even.bin z.raw >x.raw
        # The first two numbers of a latent are one draw of two: its length and its parts.
        paste <(raw2csv --tsv --no-header z.raw) <(raw2csv --tsv --no-header x.raw | cut -f 1) | awk '
            { v[1] = $1; v[2] = $2; v[3] = $3; v[4] = $4; v[5] = $1 ^ 2 + $2 ^ 2; v[6] = $3 ^ 2 + $4 ^ 2; t = $5; st += t; stt += t * t
              for (i = 1; i <= 6; i++) { s[i] += v[i]; q[i] += v[i] ^ 2; p[i] += v[i] * t } }
            END { for (i = 1; i <= 6; i++) { r = (p[i] / NR - s[i] / NR * st / NR) / sqrt((q[i] / NR - (s[i] / NR) ^ 2) * (stt / NR - (st / NR) ^ 2))
                    if (!(r ^ 2 < 0.12 ^ 2)) { print i, r; exit 1 } } exit NR != 2000 }'
    done
}

@test "another vocabulary is another run, and the same one under another name is not" {
    small x.bin -e 1 --checkpoint run.ck --decoder-hidden gru:5
    tac tokens.txt >other.txt
    fails 1 'vae-train: run.ck: --tokens is ' \
        vae-train -q --tokens other.txt -m x.bin -z 3 -b 32 -e 2 --decoder-hidden gru:5 --resume run.ck words.raw
    cp tokens.txt same.txt
    vae-train -q --tokens same.txt -m x.bin -z 3 -b 32 -e 2 --decoder-hidden gru:5 --resume run.ck words.raw
}

@test "decoders without gru have sequences, too" {
    small plain.bin -e 3
    assert_equal "$(vae-sample -n 20 -m plain.bin | vae-decode -m plain.bin | text | grep -cx '[a-z]*')" 20
    vae-eval -q -m plain.bin words.raw | row_holds 2 '$2 < 0'
    # The temperature is theirs, too.
    small drawn.bin -e 0 -z 4 -H 5 --init normal:1
    vae-sample -n 2000 -d 4 >z.raw
    paste <(vae-decode --sample --temperature 0.001 -m drawn.bin z.raw | raw2csv --no-header) \
        <(vae-decode -m drawn.bin z.raw | raw2csv --no-header) | awk '{ n += $1 == $2 } END { exit !(NR == 2000 && n > 1950) }'
    small x.bin --decoder-hidden linear:3:2:4,conv:3:3
    vae-info --net x.bin | grep -q conv
}

@test "the vocabulary and the length of a model serve for text, too" {
    text2raw -m gru.bin words.txt | cmp - words.raw
    raw2text --tokens tokens.txt words.raw | cmp - words.txt
    text words.raw | cmp - words.txt
    # Also of a pipe, and of shorter words.
    printf 'ba\n\n' | text2raw -m gru.bin | raw-info | row_holds 2 '$2 == 6 && $3 == 2'
    printf 'bababab\n' >long.txt
    fails 1 'text2raw: long.txt: line 1: found 7 tokens, wanted at most 6 (gru.bin)' text2raw -m gru.bin long.txt
    printf 'bax\n' >other.txt
    fails 1 "text2raw: other.txt: line 1, column 3: found 'x', wanted one of the 11 tokens of gru.bin" text2raw -m gru.bin other.txt
    for option in '--tokens tokens.txt' '--write-tokens x' '--by byte' '--length 7'; do
        # shellcheck disable=SC2086 # two words
        fails 2 "text2raw: --model: found it with ${option%% *}, wanted it alone" text2raw -m gru.bin $option words.txt
    done
    fails 2 'raw2text: --model: found it with --tokens, wanted one of the two' raw2text -m gru.bin --tokens tokens.txt words.raw
    fails 2 'raw2text: --tokens: not given, wanted it, or --model' raw2text words.raw
    vae-train -q -m plain.bin -z 2 -H 3 -e 0 -l poisson words.raw
    fails 1 'text2raw: plain.bin: is no model of sequences, wanted one that was trained with --tokens' text2raw -m plain.bin words.txt
    fails 1 'raw2text: plain.bin: is no model of sequences' raw2text -m plain.bin words.raw
    fails 1 'raw2text: words.raw: ' raw2text -m words.raw words.raw
    fails 1 'text2raw: none: cannot open: No such file or directory' text2raw -m none words.txt
    # Tokens that are no text cannot be in a model.
    printf 'a\n\xff\n' >bytes.txt
    fails 1 'vae-train: bytes.txt: line 2: found bytes that are no UTF-8, wanted text, which a model file holds' \
        vae-train -m x --tokens bytes.txt words.raw
}

@test "the vocabulary may be written by the tool before the pipe" {
    for _ in 1 2 3 4 5; do
        rm -f made.txt
        (sleep 0.1 && text2raw --write-tokens made.txt words.txt) |
            vae-train -q --tokens made.txt -m x.bin -z 3 -b 32 -e 1 --decoder-hidden gru:5
    done
    small y.bin --decoder-hidden gru:5
    cmp x.bin y.bin
    fails 1 'vae-train: stdin: ' vae-train -q --tokens tokens.txt -m x.bin </dev/null
}

@test "options that do not go with sequences are refused" {
    local train='vae-train -m x --tokens tokens.txt'
    # shellcheck disable=SC2086 # several words
    fails 2 'vae-train: --likelihood: found gaussian with --tokens, wanted categorical, which that implies' $train -l gaussian words.raw
    # shellcheck disable=SC2086
    fails 2 'vae-train: --levels: found 11 with --tokens, wanted 12, which the tokens of tokens.txt and their end imply' $train --levels 11 words.raw
    # shellcheck disable=SC2086
    fails 2 'vae-train: --missing: found it with --tokens, wanted one of them: sequences have no missing tokens' $train --missing words.raw
    # shellcheck disable=SC2086
    fails 2 'vae-train: --word-dropout: found it without gru in --decoder-hidden, wanted a decoder that reads earlier tokens' $train --word-dropout 0.1 words.raw
    # shellcheck disable=SC2086
    fails 2 'vae-train: --mean-bias: found it with -l categorical' $train --mean-bias --decoder-hidden gru:4 words.raw
    # shellcheck disable=SC2086
    fails 2 'vae-train: --decoder-hidden: found gru before linear, wanted it as the last layer of a decoder' $train --decoder-hidden gru:3,5 words.raw
    # shellcheck disable=SC2086
    fails 2 'vae-train: --hidden: found gru after linear, wanted it as the first layer, or after another gru' $train -H 5,gru:3 words.raw
    # shellcheck disable=SC2086
    fails 2 'vae-train: --hidden: found conv of units, wanted a picture for it' $train -H gru:5,conv:3:3 --decoder-hidden 4 words.raw
    # shellcheck disable=SC2086
    fails 2 "vae-train: --decoder-hidden: not given, wanted a list, since the encoder's has gru" $train -H gru:5 words.raw
    fails 2 'vae-train: --decoder-hidden: found gru without --tokens, wanted sequences for it' \
        vae-train -m x -l categorical --levels 12 --decoder-hidden gru:5 words.raw
    fails 2 'vae-train: --hidden: found gru without --tokens, wanted sequences for it' \
        vae-train -m x -l categorical --levels 12 -H gru:5 --decoder-hidden 5 words.raw
    fails 1 'vae-train: none: cannot open: No such file or directory' vae-train -m x --tokens none words.raw
    # shellcheck disable=SC2046 # words
    printf '%s\n' $(seq 5000) >many.txt
    fails 1 'vae-train: many.txt: has 5000 tokens, wanted at most 4095 for a model' vae-train -m x --tokens many.txt words.raw
    head -9 tokens.txt >few.txt
    fails 1 'vae-train: words.raw: item 0, element 5 is 11, wanted a token number from 0 to 9' vae-train -m x --tokens few.txt words.raw
    { header u8 3x2 1 . && printf '\1\2\3\4\5\6'; } >square.raw
    fails 1 'vae-train: model: items of shape 3x2, wanted sequences of tokens, of one number per position' \
        vae-train -m x --tokens tokens.txt square.raw
    fails 1 'vae-impute: gru.bin: is a model of sequences, in which no token is missing' vae-impute -m gru.bin words.raw
    fails 2 'vae-decode: --temperature: found it without --sample, wanted both' vae-decode -m gru.bin --temperature 2 words.raw
    for temperature in 0 0.0009 1001 -1 x; do
        fails 2 "vae-decode: --temperature: found '$temperature', wanted a number from 0.001 to 1000" \
            vae-decode -m gru.bin --sample --temperature=$temperature words.raw
    done
    vae-train -q -m gaussian.bin -l gaussian -z 2 -H 3 -e 0 words.raw
    fails 1 'vae-decode: gaussian.bin: has the likelihood gaussian, wanted categorical for --temperature' \
        vae-decode -m gaussian.bin --sample --temperature 2 <(vae-sample -d 2 -n 3)
}

@test "a number that is none of a token is named with the numbers of the vocabulary, not with options that were not given" {
    local tool
    { header f32 6 3 . && f32 1 2 0 0 0 0 1 0 0 0 0 0 3 11 9 12 0 0; } >next.raw
    { header f32 6 1 . && f32 1 nan 0 0 0 0; } >nan.raw
    for tool in 'vae-train -q -m x --tokens tokens.txt' 'vae-encode -m gru.bin' 'vae-eval -q -m gru.bin' 'vae-score -q -m gru.bin'; do
        # shellcheck disable=SC2086 # several words
        fails 1 "${tool%% *}: next.raw: item 2, element 3 is 12, wanted a token number from 0 to 11" $tool next.raw
        # shellcheck disable=SC2086
        fails 1 "${tool%% *}: nan.raw: item 0, element 1 is nan, wanted a token number from 0 to 11" $tool nan.raw
        assert_equal "$(<err)" "${tool%% *}: nan.raw: item 0, element 1 is nan, wanted a token number from 0 to 11"
    done
}

@test "model files whose vocabulary or layers do not fit are refused" {
    local edit message
    while IFS='|' read -r edit message; do
        perl "$ROOT/tests/safetensors.pl" edit "\$head =~ s/$edit/" <gru.bin >bad.bin
        fails 1 "vae-decode: bad.bin: $message" vae-decode -m bad.bin words.raw
    done <<'END'
"tokens":"a\\n/"tokens":"|metadata "tokens" has 10 lines, wanted 11, one less than "levels"
"(tokens":".*?)\\n",/"$1",|metadata "tokens" ends within a line, wanted a line end after each token
"tokens"/"tokenz"|metadata "tokenz" is not known, wanted only the keys of version 2
"tokens":.*?",/|has recurrent layers, wanted items that are sequences of tokens for them
"8,gru:24"/"gru:24,8"|found gru before linear, wanted it as the last layer of a decoder
"8,gru:24"/"gru:8,gru:24"|found gru before gru, wanted it as the last layer of a decoder
"60"/"60,gru:4"|found gru after linear, wanted it as the first layer, or after another gru
"item_shape":"6"/"item_shape":"2x3"|items of shape 2x3, wanted sequences of tokens, of one number per position
"categorical"/"bernoulli"|metadata "levels" is there, wanted none for bernoulli
gru:24"/gru:65537"|metadata "decoder_hidden": found 'gru:65537' in '8,gru:65537', wanted gru:UNITS (numbers from 1 to 65536)
END
}
