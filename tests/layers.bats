#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Lists of hidden layers: residual layers beside plain ones, in training, every tool that uses a model, and its file.
# shellcheck disable=SC2016 # what is quoted is awk's
load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    idx2raw -n 200 "$IMAGES" >items.raw
    export OPTIONS="-q -z 3 -e 4 -b 30 -r 0.003 -S 5"
    # shellcheck disable=SC2086 # several options
    {
        vae-train $OPTIONS -H 12,res,res -m res.bin --log res.tsv items.raw
        vae-train $OPTIONS -H 12,12,12 -m plain.bin --log plain.tsv items.raw
    }
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/* .
}

@test "a residual layer has the tensors of a plain one, and trains to another model" {
    for name in encoder.1.weight encoder.2.bias decoder.1.weight decoder.2.bias; do
        assert_equal "$(tensor res.bin $name | wc -w)" "$(tensor plain.bin $name | wc -w)"
    done
    other_weights res.bin plain.bin
    assert_equal "$(last res 4 | grep -c '^-[0-9]')" 1
    holds "$(last res 4) > $(sed -n 2p res.tsv | cut -f 4)"
}

@test "x + act(W x + b), as perl computes it" {
    for activation in relu tanh; do
        vae-train -q -m net.bin -z 2 -H 5,res --decoder-hidden none -a $activation -e 1 items.raw
        for name in encoder.0.weight encoder.0.bias encoder.1.weight encoder.1.bias mu.weight mu.bias; do
            tensor net.bin $name >"tensor.$name"
        done
        payload <items.raw >pixels
        od -An -v -t u1 -N 784 pixels | tr -s ' \n' ' ' >x
        perl -e '
            my ($act, %t) = shift;
            for my $name (qw(encoder.0.weight encoder.0.bias encoder.1.weight encoder.1.bias mu.weight mu.bias)) {
                open my $f, "<", "tensor.$name" or die; $t{$name} = [split " ", <$f>] }
            open my $f, "<", "x" or die; my @x = map { $_ / 255 } split " ", <$f>; @x == 784 or die;
            sub layer { my ($name, $x) = @_; my $n = @$x;
                map { my $o = $_; my $y = $t{"$name.bias"}[$o]; $y += $t{"$name.weight"}[$n * $o + $_] * $x->[$_] for 0 .. $n - 1; $y }
                    0 .. $#{$t{"$name.bias"}} }
            sub act { my $y = shift; $act eq "relu" ? ($y > 0 ? $y : 0) : (exp(2 * $y) - 1) / (exp(2 * $y) + 1) }
            my @h = map { act($_) } layer("encoder.0", \@x);
            my @r = map { act($_) } layer("encoder.1", \@h);
            @h = map { $h[$_] + $r[$_] } 0 .. $#h;
            print join("\n", layer("mu", \@h)), "\n"' $activation >wanted
        vae-encode -m net.bin items.raw >latents.raw
        table 2 <latents.raw | sed -n 1p | tr -s ' ' '\n' | grep . | paste - wanted |
            awk '{ d = $1 - $2; if (d * d > 1e-8) bad = 1 } END { exit NR != 2 || bad }'
    done
}

@test "threads, an interruption and another start make no difference" {
    for threads in 1 3; do
        # shellcheck disable=SC2086
        vae-train $OPTIONS -H 12,res,res -m other.bin -j $threads items.raw
        cmp res.bin other.bin
    done
    # shellcheck disable=SC2086
    {
        cut_at 7 vae-train $OPTIONS -H 12,res,res -m part.bin --checkpoint part.ck --every 1 items.raw
        vae-train $OPTIONS -H 12,res,res -m part.bin --resume part.ck items.raw
        cmp res.bin part.bin
        fails 1 'vae-train: part.ck: --hidden is 12,12,12 in this run, wanted 12,res,res as in the file' \
            vae-train $OPTIONS -H 12,12,12 -m x --resume part.ck items.raw
        vae-train -q -z 3 -H 12,res,res -e 0 -m again.bin --start-from res.bin items.raw
        same_weights res.bin again.bin
        fails 1 'vae-train: res.bin: encoder_hidden is 12,12,12 in this run, wanted 12,res,res as in the file' \
            vae-train -z 3 -H 12,12,12 -m x --start-from res.bin items.raw
    }
}

@test "two ways to write a list are the same run" {
    options=(-q -z 3 -e 2 -b 30)
    vae-train "${options[@]}" -H 012,res,linear:4 -m one.bin --checkpoint one.ck --decoder-hidden linear:5 items.raw
    vae-train "${options[@]}" -H 12,res,4 -m two.bin --resume one.ck --decoder-hidden 05 items.raw
    same_weights one.bin two.bin
    fails 1 'vae-train: one.ck: --decoder-hidden is 6 in this run, wanted 5 as in the file' \
        vae-train "${options[@]}" -H 12,res,4 -m two.bin --resume one.ck --decoder-hidden 6 items.raw
}

@test "every tool takes a model with residual layers" {
    vae-encode -m res.bin items.raw | vae-decode -m res.bin | raw-info -q | row_holds 2 '$2 == "28x28" && $3 == 200 && $8 == 0'
    vae-eval -q -m res.bin -k 4 items.raw | awk 'NR == 2 && $2 < 0 { good = 1 } END { exit !good }'
    vae-score -m res.bin items.raw | raw-info -q | row_holds 2 '$3 == 200 && $8 == 0'
    vae-sample -n 3 -m res.bin | vae-traverse | vae-decode -m res.bin --sample | raw-info -q | row_holds 2 '$2 == "28x28" && $3 == 72'
    vae-info res.bin | grep -x "encoder_hidden	12,res,res"
    for options in '-a gated' '-a gelu' '--prior vamp:5' '--objective iwae -k 3' '--optimizer muon' '--ema 0.9 --clip 1'; do
        # shellcheck disable=SC2086
        vae-train $OPTIONS -H 8,res --decoder-hidden res,8,res -m other.bin $options items.raw
        vae-eval -q -m other.bin items.raw | awk 'NR == 2 && $2 < 0 { good = 1 } END { exit !good }'
    done
}

@test "a model of version 1 has no residual layers, at most 8 layers in a list, and no bound of logvar but 80" {
    # as_version_1 NAME OPTION...: trains a model, and says in its file that it is of version 1.
    as_version_1() {
        vae-train -q -e 0 -m new.bin "${@:2}" items.raw
        perl "$BATS_TEST_DIRNAME/safetensors.pl" edit '$head =~ s/"version":"2"/"version":"1"/ or die;
            $head =~ s/"(made\.[a-z_]*|logvar_bound)":"[^"]*",//g' <new.bin >"$1.bin"
    }
    nine=1,1,1,1,1,1,1,1,1
    as_version_1 linear -H linear:12
    assert_equal "$(metadata linear.bin version) $(metadata linear.bin encoder_hidden)" '1 12'
    as_version_1 eight -H ${nine#1,} --decoder-hidden none
    assert_equal "$(metadata eight.bin version)" 1
    # Without the key the bound is 80.
    vae-train -q -e 0 -m same.bin -H 12 --logvar-bound 80 items.raw
    vae-encode -q -m linear.bin items.raw | cmp - <(vae-encode -q -m same.bin items.raw)
    as_version_1 nine -H $nine --decoder-hidden none
    as_version_1 res -H 12,res
    for name in nine res; do
        fails 1 "vae-info: $name.bin: metadata \"version\" is \"1\", wanted \"2\" for this model" vae-info $name.bin
    done
}

@test "of a model's two lists the wrong one is named, the first of two" {
    for list in encoder decoder; do
        perl "$BATS_TEST_DIRNAME/safetensors.pl" edit '$head =~ s/"'$list'_hidden":"[^"]*"/"'$list'_hidden":"12,rest"/ or die' \
            <res.bin >bad.bin
        fails 1 "vae-info: bad.bin: metadata \"${list}_hidden\": found 'rest' in '12,rest', wanted none, or 1 to 64 layers with ',' between them, each one of [linear:]N, linear:HEIGHT:WIDTH:CHANNELS, res, conv:CHANNELS:KERNEL[:STRIDE], resconv, up:FACTOR[:HEIGHT:WIDTH], norm[:GROUPS], gru:UNITS (" vae-info bad.bin
    done
    perl "$BATS_TEST_DIRNAME/safetensors.pl" edit '$head =~ s/_hidden":"[^"]*"/_hidden":"12,rest"/g or die' <res.bin >bad.bin
    fails 1 "vae-info: bad.bin: metadata \"encoder_hidden\": found 'rest' in '12,rest'" vae-info bad.bin
}

@test "the layers are told in the end, without those that make nothing" {
    for options in '-l bernoulli' '-l gaussian --sigma per-dim' '-l gaussian --sigma optimal' '--prior vamp:4'; do
        # shellcheck disable=SC2086 # several options
        vae-train -m told.bin -z 3 -H 12,res $options -e 1 items.raw 2>err
        grep -q '^vae-train: told.bin: 784-12-12-3-12-12-784 relu ' err
    done
    vae-train -m told.bin -z 3 -H 100 --decoder-hidden "$(printf '100,%.0s' {1..63})7" -e 0 items.raw 2>err
    grep -q "^vae-train: told.bin: 784-100-3$(printf -- '-100%.0s' {1..63})-7-784 relu " err
}

@test "the decoder mirrors the encoder" {
    for case in '5,res 5,res' '6,res,4 4,6,res' '4,6,res,res 6,res,res,4' '7,3 3,7' 'none none'; do
        read -r encoder decoder <<<"$case"
        vae-train -q -m mirror.bin -z 2 -H "$encoder" -e 0 items.raw
        assert_equal "$(metadata mirror.bin decoder_hidden)" "$decoder"
    done
    fails 2 "vae-train: --decoder-hidden: not given, wanted a list, since the encoder's begins with res (" \
        vae-train -m x -H res,5 items.raw
    vae-train -q -m mirror.bin -z 2 -H res,5 --decoder-hidden 5,res -e 1 items.raw
    assert_equal "$(tensor mirror.bin encoder.0.weight | wc -w)" $((784 * 784))
}

@test "a list that is none is refused, with all that may stand in one" {
    long=$(printf '1,%.0s' {1..64})1
    # Each with what is found, which is one of the layers if the others are not wrong.
    for case in "|''" "0|'0'" "65537|'65537'" "RES|'RES'" "5:6|'5:6'" "$long|'$long'" ",|'' in ','" "5,|'' in '5,'" ",5|'' in ',5'" \
        "none,5|'none' in 'none,5'" "5,none|'none' in '5,none'" "5, res|' res' in '5, res'"; do
        list=${case%%|*}
        fails 2 "vae-train: --hidden: found ${case#*|}, wanted none, or 1 to 64 layers with ',' between them, each one of [linear:]N, linear:HEIGHT:WIDTH:CHANNELS, res, conv:CHANNELS:KERNEL[:STRIDE], resconv, up:FACTOR[:HEIGHT:WIDTH], norm[:GROUPS], gru:UNITS (numbers from 1 to 65536) (" \
            vae-train -m x -H "$list" items.raw
    done
    # A layer of another library has a place here.
    for case in 'MaxPool:2|the STRIDE of conv makes pictures smaller' 'deconv:8:4:2|up and then conv makes pictures larger' \
        'BatchNorm2d|norm normalises each item alone' 'Conv2d:8:3|a convolution is conv:CHANNELS:KERNEL[:STRIDE]' 'relu|--activation is that of all layers'; do
        fails 2 "vae-train: --hidden: found '${case%%|*}' in '5,${case%%|*}', wanted none, or 1 to 64 layers with ',' between them, each one of [linear:]N, linear:HEIGHT:WIDTH:CHANNELS, res, conv:CHANNELS:KERNEL[:STRIDE], resconv, up:FACTOR[:HEIGHT:WIDTH], norm[:GROUPS], gru:UNITS (numbers from 1 to 65536): ${case#*|} (" \
            vae-train -m x -H "5,${case%%|*}" items.raw
    done
    # Of a kind that is known, the arguments are wrong.
    for case in "res:1|res" "5,res:|res" "resconv:3|resconv" "linear|[linear:]N, linear:HEIGHT:WIDTH:CHANNELS" \
        "linear:1:2|[linear:]N, linear:HEIGHT:WIDTH:CHANNELS" "conv:3|conv:CHANNELS:KERNEL[:STRIDE]" "up:0|up:FACTOR[:HEIGHT:WIDTH]"; do
        list=${case%%|*}
        numbers=' (numbers from 1 to 65536)'
        [[ ${case#*|} != res* ]] || numbers=
        [[ ${case#*|} != conv* ]] || numbers=' (numbers from 1 to 65536, the second to 31)'
        fails 2 "vae-train: --hidden: found '${list#5,}'$([[ $list != 5,* ]] || echo " in '$list'"), wanted ${case#*|}$numbers (vae-train --help" \
            vae-train -m x -H "$list" items.raw
    done
    vae-train -q -m deep.bin -z 2 -H "${long%,1}" --decoder-hidden none -e 0 items.raw
    assert_equal "$(tensor deep.bin encoder.63.weight | wc -w)" 1
    # The mirror has as many; a convolution with a stride has two layers in it.
    vae-train -q -m deep.bin -z 2 -H "${long%,1}" -e 0 items.raw
    assert_equal "$(tensor deep.bin decoder.63.weight | wc -w)" 1
    fails 1 "vae-train: --decoder-hidden: not given, wanted it, since the mirrored layers are more than 64" \
        vae-train -m x -e 0 -H "conv:1:1:2$(printf ',conv:1:1:2%.0s' {1..32})" items.raw
}
