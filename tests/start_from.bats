#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# vae-train --start-from with the tensors of another program: a safetensors file that says nothing else about the model.
# shellcheck disable=SC2016 # what is quoted is Perl
load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    idx2raw -n 200 "$IMAGES" >data.raw
    idx2raw -n 200 "$LABELS" >labels.raw
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    ln -s "$BATS_FILE_TMPDIR/data.raw" "$BATS_FILE_TMPDIR/labels.raw" .
}

# trains NAME [OPTION...]: NAME.bin and NAME.tsv.
trains() {
    local name=$1
    shift
    defaulting -H 12 -z 3 -e 2 -b 40 -- vae-train -q -m "$name.bin" --log "$name.tsv" "$@" data.raw
}

# as_torch [CODE] <MODEL: its tensors, as torch saves them.
as_torch() {
    perl "$ROOT/tests/safetensors.pl" plain "$@"
}

@test "training starts from the tensors of another program, in whatever order" {
    local options
    for options in '' '-a gated' '-l gaussian --sigma per-dim' '--prior vamp:5' '--cond labels.raw' \
        '-H conv:3:5:4,norm:3,res,7'; do
        # shellcheck disable=SC2086 # several options
        {
            trains first $options
            for code in '' '@order = reverse @order' '@order = map { $_->[1] } sort { $a->[0] <=> $b->[0] } map { [length, $_] } @order'; do
                as_torch "$code" <first.bin >first.safetensors
                trains same $options --start-from first.safetensors -e 0
                same_weights first.bin same.bin
                assert_equal "$(metadata same.bin start_xxh64)" "$(metadata first.bin xxh64)"
            done
            # The steps are those that follow the model itself.
            trains next $options --start-from first.bin -S 2
            trains again $options --start-from first.safetensors -S 2
            cmp next.bin again.bin
        }
    done
}

@test "what the metadata of another program says has no part in it" {
    trains first
    as_torch <first.bin >plain
    for metadata in '{}' '{"format":"pt"}' '{"format":"np","latent":"7","xxh64":"0"}'; do
        M=$metadata perl "$ROOT/tests/safetensors.pl" edit '$head =~ s/^\{/{"__metadata__":$ENV{M},/' <plain >named
        trains same --start-from named -e 0
        same_weights first.bin same.bin
    done
    fails 1 'vae-decode: named: metadata "format" is "np", wanted "vae-model"' vae-decode -m named data.raw
    fails 1 'vae-decode: plain: the header has no "__metadata__", wanted a model, see vae-model(5)' vae-decode -m plain data.raw
}

@test "the model's other properties are those of the command line" {
    trains first -a tanh -l gaussian --sigma 2
    as_torch <first.bin >plain
    trains other -a relu -l laplace --sigma 0.5 --logvar-bound 9 --start-from plain -e 0
    same_weights first.bin other.bin
    assert_equal "$(metadata other.bin activation) $(metadata other.bin likelihood) $(metadata other.bin sigma)" 'relu laplace 0.5'
    fails 1 'vae-train: first.bin: activation is relu in this run, wanted tanh as in the file' \
        vae-train -m x -H 12 -z 3 -l gaussian --sigma 2 --start-from first.bin data.raw
    # A layer that the file does not have is refused, and so is a tensor that the model does not have.
    fails 1 'vae-train: plain: tensor "encoder.1.weight" is missing, wanted it for this model'"'s layers" \
        vae-train -m x -H 12,8 -z 3 --start-from plain data.raw
    trains first -l gaussian --sigma shared
    as_torch <first.bin >plain
    fails 1 'vae-train: plain: tensor "likelihood.log_scale" is not one of this model'"'s layers, wanted only those" \
        vae-train -m x -H 12 -z 3 -l gaussian --sigma 1 --start-from plain data.raw
    assert [ ! -e x ]
}

@test "a run that starts from a model may bound log-variances, and treat grey values, in another way" {
    trains first --logvar-bound 6
    for options in '--logvar-bound 9' '' '--logvar-bound 6 --binarize sample'; do
        # shellcheck disable=SC2086 # several options
        trains next $options --start-from first.bin -e 0
        same_weights first.bin next.bin
    done
}

@test "a head predicts in the units of this run's targets" {
    perl -e 'print pack("A63", "raw1 f32 1 200 ."), "\n", pack "f<*", map { 7 + 3 * $_ } 1 .. 200' >near.raw
    perl -e 'print pack("A63", "raw1 f32 1 200 ."), "\n", pack "f<*", map { 90 - $_ } 1 .. 200' >far.raw
    trains first --target near.raw --target-hidden 5
    as_torch <first.bin >plain
    trains other --target far.raw --target-hidden 5 --start-from plain -e 0
    same_weights first.bin other.bin
    near "$(metadata other.bin target_mean)" -10.5 1e-9
    # As the digest of a model has the units, and this one has none of them.
    assert_equal "$(metadata other.bin start_xxh64)" "$(metadata first.bin xxh64)"
    trains same --target far.raw --target-hidden 5 --start-from first.bin -e 0
    near "$(metadata same.bin target_mean)" 308.5 1e-9
    # So a run from the same weights in other units is another one.
    assert_not_equal "$(metadata same.bin start_xxh64)" "$(metadata first.bin xxh64)"
    trains part --target far.raw --target-hidden 5 --start-from first.bin -e 1 --checkpoint part.ck
    perl "$ROOT/tests/safetensors.pl" edit '$head =~ s/"target_mean":"[^"]*"/"target_mean":"1"/ or die' <first.bin >other.bin
    fails 1 'vae-train: part.ck: the weights of --start-from differ from those of the checkpoint: their XXH64 is ' \
        vae-train -H 12 -z 3 -b 40 -e 2 -m x --target far.raw --target-hidden 5 --resume part.ck --start-from other.bin data.raw
}

@test "the components of a prior are those of its pseudo-inputs, whatever the file has for them" {
    trains first --prior vamp:4
    as_torch '$tensor{"prior.components"}{bytes} =~ tr/\0-\377/\0/' <first.bin >plain
    trains same --prior vamp:4 --start-from plain -e 0
    same_weights first.bin same.bin
}

@test "a run that has started from tensors is resumed, and knows them" {
    trains first
    as_torch <first.bin >plain
    as_torch 'substr($tensor{"mu.bias"}{bytes}, 0, 1) ^= "\1"' <first.bin >other
    trains whole --start-from plain -e 4
    trains part --start-from plain -e 2 --checkpoint part.ck
    trains resumed --start-from plain -e 4 --resume part.ck
    cmp whole.bin resumed.bin
    fails 1 'vae-train: part.ck: the weights of --start-from differ from those of the checkpoint: their XXH64 is ' \
        vae-train -H 12 -z 3 -b 40 -e 4 -m x --resume part.ck --start-from other data.raw
}

@test "tensors come from a pipe, too" {
    trains first
    trains same -e 0 --start-from <(as_torch <first.bin)
    same_weights first.bin same.bin
}
