#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Networks of convolutions: they train, save, load and resume with all that other networks can do.
# shellcheck disable=SC2016 # what is quoted is awk's
load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    idx2raw -n 90 "$IMAGES" >items.raw
    idx2raw -n 90 "$LABELS" >labels.raw
    # Pictures of 9x7 pixels in three colours, waves; and the same as floats, in which each fourth number is missing.
    perl -e 'srand 3;
        my @x = map { my ($a, $b) = (rand, rand); map { my $p = $_; map { 0.5 + 0.5 * sin($a * $p + $b * $_) } 1 .. 3 } 1 .. 63 } 1 .. 60;
        open my $f, ">", "colour.data"; print $f pack "C*", map { 255 * $_ } @x;
        open my $g, ">", "holes.data"; print $g pack "f<*", map { $_ % 4 ? $x[$_] : "nan" } 0 .. $#x;'
    { header u8 9x7x3 60 . && cat colour.data; } >colour.raw
    { header f32 9x7x3 60 . && cat holes.data; } >holes.raw
    NET=conv:6:4:2,conv:8:3:2,20
    export NET
    vae-train -q -m net.bin -H "$NET" -z 4 -b 16 -e 3 items.raw
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    for file in "$BATS_FILE_TMPDIR"/*.{raw,bin}; do ln -s "$file" .; done
}

# elbo_of MODEL ITEMS [OPTION...]: the ELBO of vae-eval.
elbo_of() { vae-eval -q -m "$1" "${@:3}" "$2" | tail -1 | cut -f 2; }

@test "the decoder mirrors the encoder, and tensors have torch's names and shapes" {
    vae-info net.bin >info
    grep -qx $'encoder_hidden\tconv:6:4:2,conv:8:3:2,20' info
    grep -qx $'decoder_hidden\t20,linear:7:7:8,up:2,conv:6:3,up:2' info
    vae-info --tensors net.bin | cut -f 1,2 >shapes
    grep -qx $'encoder.0.weight\t6x1x4x4' shapes
    grep -qx $'encoder.1.weight\t8x6x3x3' shapes
    grep -qx $'encoder.2.weight\t20x392' shapes
    grep -qx $'decoder.3.weight\t6x8x3x3' shapes
    grep -qx $'decoder.5.weight\t1x6x4x4' shapes
    grep -qx $'decoder.5.bias\t1' shapes
    run -0 --separate-stderr vae-train -m x.bin -H "$NET" -z 4 -e 1 items.raw
    # shellcheck disable=SC2154 # set by run
    [[ $stderr == *'28x28x1-14x14x6-7x7x8-20-4-20-7x7x8-14x14x6-28x28x1 relu'* ]]
}

@test "items that are no pictures may go through a picture, and the output is linear again" {
    awk 'BEGIN { for (i = 0; i < 40; i++) { for (j = 0; j < 16; j++) printf "%s%s", sin(i * j), j < 15 ? "," : "\n" } }' |
        csv2raw --no-header >vectors.raw
    vae-train -q -m vectors.bin -H linear:4:4:2,conv:8:3 -l gaussian -z 3 -e 1 vectors.raw
    assert_equal "$(vae-info --net vectors.bin | awk '/^decoder/ { print $1, $2, $3 }')" 'decoder.0 linear 4x4x8
decoder.1 conv 4x4x2
decoder.2 linear 16'
    vae-encode -q -m vectors.bin vectors.raw | vae-decode -m vectors.bin | raw-info | row_holds 2 '$2 == 16 && $3 == 40'
}

@test "pictures may be read as vectors first, and a picture of one pixel has a mirror" {
    vae-train -q -m first.bin -H linear:4:4:3,conv:8:3:2 -z 3 -e 1 items.raw
    assert_equal "$(vae-info --net first.bin | awk '/^decoder/ { print $1, $2, $3 }')" 'decoder.0 linear 2x2x8
decoder.2 up+conv 4x4x3
decoder.3 linear 784'
    vae-encode -m first.bin items.raw | vae-decode -m first.bin | raw-info | row_holds 2 '$2 == "28x28" && $3 == 90'
    vae-train -q -m pixel.bin -H conv:5:4:28,conv:6:3 -z 3 -e 1 items.raw
    assert_equal "$(vae-info --net pixel.bin | awk '/^decoder/ { print $1, $2, $3 }')" 'decoder.0 linear 6
decoder.1 conv 5
decoder.2 up 28x28x5
decoder.3 conv 28x28x1'
    vae-encode -m pixel.bin items.raw | vae-decode -m pixel.bin | raw-info | row_holds 2 '$2 == "28x28" && $3 == 90'
}

@test "encoder and decoder compute what the pages say, to rounding" {
    raw-select -n 3 colour.raw >few.raw
    # Of the pictures that up makes, nothing, rows, columns or both are cut off before a convolution of stride 1.
    while IFS='|' read -r activation encoder decoder; do
        vae-train -q -m model.bin -a "$activation" -H "$encoder" --decoder-hidden "$decoder" -l gaussian -z 3 -b 10 -e 3 \
            -r 0.03 colour.raw
        vae-encode -m model.bin few.raw >z.raw
        perl "$ROOT/tests/network.pl" encode model.bin <few.raw >wanted.raw
        raw-cmp --abs 1e-5 z.raw wanted.raw
        vae-decode -m model.bin z.raw >x.raw
        perl "$ROOT/tests/network.pl" decode model.bin <z.raw >wanted.raw
        raw-cmp --abs 1e-5 x.raw wanted.raw
    done <<'END'
silu|conv:4:4:2,norm:2,resconv,conv:6:3:3,norm:1,7|7,linear:2:2:6,norm:3,up:3:5:4,conv:4:3,resconv,up:2:9:7
relu|resconv,conv:3:5:4,resconv,5|linear:3:4:3,norm:1,resconv,up:3:9:10,up:1:9:7,conv:2:2
gated|up:2,conv:2:4:3,norm:2,conv:3:2:2|linear:5:7:2,norm:2,up:2:9:14,conv:3:3,linear:3:3:2,up:4:9:12,conv:2:1:1,up:1:9:7
silu|conv:3:7:9,linear:3:2:4,conv:9:31|linear:3:3:2,up:3,conv:3:5,linear:3:7:2,up:3:9:7,conv:3:4
END
}

@test "training learns, and a decoded picture has the items' shape" {
    vae-train -q -m more.bin -H "$NET" -z 4 -b 16 -e 30 -r 0.003 items.raw
    before=$(elbo_of net.bin items.raw) after=$(elbo_of more.bin items.raw)
    awk -v a="$before" -v b="$after" 'BEGIN { exit !(b > a + 40) }' || fail "from $before to $after"
    vae-encode -m more.bin items.raw | vae-decode -m more.bin >again.raw
    [[ $(head -c 64 again.raw) == 'raw1 f32 28x28 90 '* ]]
}

@test "any number of threads, a stop and a checkpoint give the same bytes" {
    for net in "$NET" conv:9:3,norm:3,resconv,conv:8:3:3,30 conv:16:3:2,resconv,conv:32:3:2,resconv,30; do
        options=(-q -H "$net" -z 3 -b 32 --clip 10 --ema 0.9)
        vae-train "${options[@]}" -j 1 -e 4 -m one.bin items.raw
        vae-train "${options[@]}" -j 5 -e 4 -m five.bin items.raw
        cmp one.bin five.bin
        vae-train "${options[@]}" -m half.bin --checkpoint half.ck -e 2 items.raw
        vae-train "${options[@]}" -m half.bin -e 4 --resume half.ck items.raw
        cmp one.bin half.bin
        vae-encode -m one.bin items.raw | raw-select --items 40-46 >of-all.raw
        raw-select --items 40-46 items.raw | vae-encode -m one.bin -j 1 >alone.raw
        cmp of-all.raw alone.raw
    done
}

# 30 pictures of 96x80 in three colours.
large_pictures() {
    perl -e 'printf "%-63s\n", "raw1 u8 96x80x3 30 ."; print pack "C*", map { 128 + 100 * sin($_ / 50) } 1 .. 30 * 23040'
}

@test "training holds some pictures of a mini-batch at a time, and the bytes do not depend on how many" {
    large_pictures >large.raw
    # The outputs of a mini-batch and their gradients are 250 MB; the more threads, the more pictures are held.
    local options
    for options in '-H conv:64:3,conv:4:4:4,8 -b 30' \
        '-H conv:32:3,norm,resconv,conv:4:4:4,8 -b 27 --prior vamp:4 -k 2 --objective dreg -a silu --clip 1' \
        '-H conv:24:3,conv:4:4:4,8 -b 29 -l gaussian --sigma optimal'; do
        options+=' -q -z 2 -e 1 large.raw'
        # shellcheck disable=SC2086 # several words
        for threads in 1 3 8; do
            vae-train -j "$threads" -m "$threads.bin" $options
        done
        cmp 1.bin 3.bin
        cmp 1.bin 8.bin
    done
    unsanitized 'they take much memory'
    (ulimit -v 200000 && vae-train -q -j 1 -m one.bin -H conv:64:3,conv:4:4:4,8 -z 2 -b 30 -e 1 large.raw)
    # Where there is no memory for one picture per thread, fewer are held.
    (ulimit -v 60000 && vae-train -q -j 8 -m few.bin -H conv:64:3,conv:4:4:4,8 -z 2 -b 30 -e 1 large.raw)
    cmp one.bin few.bin
    # Each thread has the gradient of the two units that read a picture of 61440 numbers, not that of a whole part.
    (ulimit -v 100000 && vae-train -q -j 8 -m units.bin -H conv:8:3,2 --decoder-hidden 2 -z 2 -b 8 -e 1 large.raw)
}

@test "of a mini-batch that is held in micro-batches, the layer that is not finite is found in any of them" {
    { printf '%-63s\n' 'raw1 f32 96x80x3 30 .' &&
        perl -e 'print pack "f<*", map { $_ < 23040 ? 3e38 : sin $_ } (23040 * $_ .. 23040 * $_ + 23039) for 0 .. 29'; } >far.raw
    for seed in 1 2 3 4 5 6; do # each has the item at another place of the mini-batch
        run -1 --separate-stderr vae-train -q -j 1 -S "$seed" -H conv:64:3,conv:4:4:4,8 -l gaussian -z 2 -b 30 -e 1 -m far.bin far.raw
        echo "$stderr"
        [[ $stderr == *'is not finite'*'first the output of encoder.0)'*'(item 0, element 0 of far.raw)'* ]]
    done
    run -1 --separate-stderr vae-train -q --augment shift:1 -H conv:64:3,conv:4:4:4,8 -l gaussian -z 2 -b 30 -e 1 -m far.bin far.raw
    echo "$stderr"
    [[ $stderr == *'(item 0, as --augment changed it, of far.raw)'* ]]
}

@test "of large pictures few are held at a time, and answers do not depend on how many" {
    large_pictures >large.raw
    vae-train -q -m large.bin -H conv:32:3,conv:4:4:4,8 -z 2 -b 8 -e 1 large.raw
    vae-encode -m large.bin large.raw >latents.raw
    vae-decode -m large.bin latents.raw >decoded.raw
    vae-score -q -m large.bin --per-element large.raw >scores.raw
    for part in 0-6 7 8-29; do
        raw-select --items $part large.raw | vae-encode -m large.bin | cmp - <(raw-select --items $part latents.raw)
        raw-select --items $part latents.raw | vae-decode -m large.bin | cmp - <(raw-select --items $part decoded.raw)
    done
    recut 1 <large.raw | vae-score -q -m large.bin --per-element | recut 0 | cmp - scores.raw
    vae-eval -q -m large.bin -j 1 large.raw | cmp - <(vae-eval -q -m large.bin -j 3 large.raw)
    unsanitized 'they take much memory'
    # 30 rows of the outputs of all layers are 140 MB.
    (ulimit -v 260000 && vae-encode -j 1 -m large.bin large.raw >out)
    cmp out latents.raw
    (ulimit -v 260000 && vae-score -q --per-element -j 1 -m large.bin large.raw >out)
    cmp out scores.raw
}

@test "each likelihood trains on pictures in colour" {
    for likelihood in 'bernoulli --mean-bias' cbernoulli dlogistic 'gaussian --sigma shared' 'gaussian --sigma net' \
        'laplace --sigma optimal' poisson 'negbin --mean-bias' 'categorical --levels 256'; do
        read -ra words <<<"$likelihood"
        for epochs in 0 2; do
            vae-train -q -m $epochs.bin -H conv:5:3:2,12 -z 2 -b 20 -e $epochs -l "${words[@]}" colour.raw
        done
        holds "$(elbo_of 2.bin colour.raw) > $(elbo_of 0.bin colour.raw)"
        vae-sample -n 3 -m 2.bin | vae-decode --sample -m 2.bin | raw-info -q | row_holds 2 '$2 == "9x7x3" && $3 == 3 && $8 == 0'
    done
}

@test "each activation, objective, optimizer and prior trains" {
    for option in '-a silu' '-a gated' '-a gelu' '--objective iwae -k 3' '--objective dreg -k 2' '--objective stl' \
        '--prior vamp:5' '--optimizer muon' '--binarize sample' '--init he'; do
        read -ra words <<<"$option"
        for epochs in 0 2; do
            vae-train -q -m $epochs.bin -H conv:5:4:2,norm:1,conv:6:3:2,12 -z 3 -b 30 -e $epochs "${words[@]}" items.raw
        done
        holds "$(elbo_of 2.bin items.raw -k 2) > $(elbo_of 0.bin items.raw -k 2)"
    done
}

@test "pseudo-inputs are learned through layers without parameters" {
    for list in resconv,12 up:2,12 up:2,conv:4:3:4,12 resconv,conv:4:3:2,12; do
        for epochs in 0 2; do
            vae-train -q -m $epochs.bin -H "$list" --decoder-hidden 12 --prior vamp:5 -z 3 -b 30 -e $epochs items.raw
        done
        holds "$(elbo_of 2.bin items.raw) > $(elbo_of 0.bin items.raw)"
        [[ $(tensor 0.bin prior.pseudo_inputs) != $(tensor 2.bin prior.pseudo_inputs) ]]
    done
}

@test "labels and masks are channels of the encoder's input" {
    vae-train -q -m told.bin -H "$NET" -z 2 --cond labels.raw -e 2 items.raw
    vae-info --tensors told.bin | grep -q $'^encoder.0.weight\t6x11x4x4'
    vae-sample -n 2 -m told.bin --class 7 | vae-decode -m told.bin | raw-info >info
    grep -q 28x28 info
    vae-train -q -m holes.bin -H conv:5:3:2,12 -z 2 --missing -l gaussian -e 2 -b 10 holes.raw
    vae-info --tensors holes.bin | grep -q $'^encoder.0.weight\t5x6x3x3'
    vae-impute -q -m holes.bin holes.raw | raw-info >info
    [ "$(tail -1 info | cut -f 8)" = 0 ]
}

@test "a list written in another way is the same network, and the canonical one is kept" {
    vae-train -q -m short.bin -H conv:8:3,norm,conv:4:3:4,9 -z 2 -e 1 --checkpoint run.ck items.raw
    vae-train -q -m long.bin -H conv:8:3:1,norm:8,conv:4:3:4,linear:9 -z 2 -e 1 items.raw
    same_weights short.bin long.bin
    assert_equal "$(metadata long.bin encoder_hidden)" conv:8:3,norm,conv:4:3:4,9
    assert_equal "$(metadata long.bin decoder_hidden)" "$(metadata short.bin decoder_hidden)"
    vae-train -q -m long.bin -H conv:8:3:1,norm:8,conv:4:3:4,linear:9 -z 2 -e 2 --resume run.ck items.raw
    vae-train -q -m next.bin --start-from short.bin -H conv:8:3:1,norm:8,conv:4:3:4,linear:9 -z 2 -e 1 items.raw
}

@test "an impossible layer of a file is named with the file" {
    local edit message
    while IFS='|' read -r edit message; do
        perl "$ROOT/tests/safetensors.pl" edit "\$head =~ s/$edit/" <net.bin >bad.bin
        fails 1 "vae-encode: bad.bin: $message" vae-encode -m bad.bin items.raw
    done <<'END'
"20,linear:7:7:8,up:2,/"20,linear:7:7:8,up:2:99:9,|decoder.2 makes 99x9 of 7x7, wanted at most 14x14
"conv:6:4:2,conv:8:3:2,20/"conv:6:4:2,norm:4,conv:8:3:2,20|encoder.1 normalises 6 channels in 4 groups, wanted
"conv:6:4:2,/"conv:6:40:2,|metadata "encoder_hidden": found 'conv:6:40:2' in 'conv:6:40:2,conv:8:3:2,20', wanted
"conv:6:4:2,/"conv:6:4:2,resconv,/; $head =~ s/"relu"/"gated"|encoder.1.0 applies the activation gated to single numbers, wanted one that takes no pairs
"28x28"/"2x28"|the decoder's last hidden layer makes 28x28, wanted 2x28, as the items have (up makes pictures larger)
END
}

@test "shapes that cannot be are refused, with the layer" {
    fails 2 "vae-train: --hidden: found 'conv:3:32', wanted conv:CHANNELS:KERNEL[:STRIDE] (numbers from 1 to 65536, the second to 31)" \
        vae-train -m x -H conv:3:32 items.raw
    fails 2 "vae-train: --hidden: norm normalises 6 channels in 4 groups, wanted a number of groups that divides them, as norm:3 has" \
        vae-train -m x -H conv:6:3,norm:4 items.raw
    for case in '16,norm|norm:8 normalises 16 numbers, wanted 3 or more in each group, as norm:4 has (' \
        '2,norm:1|norm:1 normalises 2 numbers, wanted 3 or more in each group (' \
        'linear:1:2:2,norm:2|norm:2 normalises 4 numbers, wanted 3 or more in each group, as norm:1 has (' \
        '12,norm|norm normalises 12 channels in 8 groups, wanted a number of groups that divides them, as norm:4 has ('; do
        fails 2 "vae-train: --hidden: ${case#*|}" vae-train -m x -H "${case%%|*}" items.raw
    done
    fails 2 "vae-train: --decoder-hidden: up makes 9x8 of 4x4, wanted at most 8x8" \
        vae-train -m x -H conv:6:3 --decoder-hidden linear:4:4:5,up:2:9:8 items.raw
    fails 2 "vae-train: --decoder-hidden: up makes 8x9 of 4x4, wanted at most 8x8" \
        vae-train -m x -H conv:6:3 --decoder-hidden linear:4:4:5,up:2:8:9 items.raw
    fails 1 "vae-train: model: encoder.1 normalises 16 numbers in 8 groups, wanted 3 or more in each" \
        vae-train -m x -H conv:16:3:28,norm items.raw
    fails 1 "vae-train: model: encoder.1 makes 29x28 of 14x14, wanted at most 28x28" \
        vae-train -m x -H conv:6:3:2,up:2:29:28 --decoder-hidden 5 items.raw
    fails 1 "vae-train: model: the decoder's last hidden layer makes 8x8, wanted 28x28, as the items have (up makes pictures larger)" \
        vae-train -m x -H conv:6:3 --decoder-hidden linear:4:4:5,up:2 items.raw
    fails 1 "vae-train: model: encoder.0 makes 28x28x65536 numbers of an item, wanted at most 16777216" \
        vae-train -m x -H conv:65536:3 items.raw
    fails 2 "vae-train: --hidden: linear makes 1x4096x8192 numbers of an item, wanted at most 16777216" \
        vae-train -m x -H linear:1:4096:8192,4 items.raw
    fails 2 "vae-train: --hidden: conv makes 65x65x4000 numbers of an item, wanted at most 16777216" \
        vae-train -m x -H linear:65:65:3,res,conv:4000:3,4 items.raw
    fails 2 "vae-train: --decoder-hidden: up makes 9999x9999x2 numbers of an item, wanted at most 16777216" \
        vae-train -m x -H conv:3:3 -z 2 --decoder-hidden up:9999,conv:3:3 items.raw
    fails 2 "vae-train: --decoder-hidden: found resconv with the activation gated, wanted another activation" \
        vae-train -m x -H conv:3:3 --decoder-hidden linear:7:7:4,resconv,up:4 -a gated items.raw
    fails 2 "vae-train: --hidden: found conv of units, wanted a picture for it, which linear:HEIGHT:WIDTH:CHANNELS makes" \
        vae-train -m x -H conv:3:3:2,20,res,conv:5:3 items.raw
    fails 2 "vae-train: --hidden: found conv of units, wanted a picture for it, which linear:HEIGHT:WIDTH:CHANNELS makes" \
        vae-train -m x -H res,conv:5:3 --decoder-hidden 5 items.raw
    fails 2 "vae-train: --decoder-hidden: found resconv of the latents, wanted a picture for it, which linear:HEIGHT:WIDTH:CHANNELS makes" \
        vae-train -m x -H 9 --decoder-hidden resconv,9 items.raw
    # One pixel may be enlarged.
    vae-train -q -m x -e 1 -z 2 -H 9 --decoder-hidden up:28,conv:3:3 items.raw
    # With gated a channel has two numbers.
    vae-train -q -m x -e 1 -z 2 -H conv:3:3:4,norm:6,4 -a gated items.raw
    vae-encode -m net.bin items.raw >latents.raw
    fails 1 "vae-train: model: items of shape 4, but the encoder begins with conv, wanted pictures: HxW or HxWxC" \
        vae-train -m x -l gaussian -H conv:3:3 latents.raw
    fails 2 "vae-train: --decoder-hidden: not given, wanted a list, since the encoder's has up" \
        vae-train -m x -H conv:3:3,up:2 items.raw
    fails 2 "vae-train: --hidden: found norm after res, wanted it after a layer whose product it normalises: linear or conv" \
        vae-train -m x -H 5,res,norm items.raw
}
