#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# vae2onnx: a part of a model as an ONNX file. tests/onnx.pl reads its bytes, and onnxruntime-web (make onnx-deps) runs it.
# shellcheck disable=SC2016 # what is quoted is Perl's or awk's
load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    # 50 items: numbers in [0,1], multiples of 1/255, levels, counts; pictures of two channels; some are missing; labels.
    items() { header f32 "$1" 50 . && perl -e 'srand '"$3"'; print pack "f<*", map { '"$4"' } 1 .. 50 * '"$2"; }
    items 20 20 1 'rand' >unit.raw
    items 20 20 9 'rand() ** (($_ % 20) / 4)' >spread.raw
    items 20 20 2 'int(256 * rand) / 255' >grey.raw
    items 20 20 3 'int rand 5' >whole.raw
    items 20 20 4 'rand() < 0.2 ? "nan" : int rand 5' >whole-holes.raw
    items 12x10x2 240 5 'rand' >pictures.raw
    items 12x10 120 11 'rand' >grey-pictures.raw
    items 12x10x2 240 6 'rand() < 0.2 ? "nan" : rand' >picture-holes.raw
    items 6x4x2 48 7 'rand() < 0.2 ? "nan" : int rand 4' >level-holes.raw
    { header u8 1 50 . && perl -e 'srand 8; print pack "C*", map { int rand 3 } 1 .. 50'; } >labels.raw
    perl -e 'srand 10; print map { join("", map { ("a" .. "e")[rand 5] } 1 .. rand 9) . "\n" } 1 .. 50' >lines
    text2raw --write-tokens tokens lines >lines.raw
    raw-select --elements 0 unit.raw >targets.raw
    vae-train -q -m model.bin -z 2 -H 8 -e 1 unit.raw
    vae-train -q -m pictures.bin -z 2 -H conv:4:3:2,8 -e 1 --cond labels.raw pictures.raw
    vae-train -q -m sequences.bin -z 2 -H gru:3 --decoder-hidden gru:4 -e 1 --tokens tokens lines.raw
    RUNTIME=$(make -s -C "$ROOT/data" path DATA=onnxruntime)
    export RUNTIME
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/* .
    : >models
    : >files
}

# shown MODEL PART: the file's contents as lines, see tests/onnx.pl.
shown() {
    vae2onnx -m "$1" "$2" | perl "$ROOT/tests/onnx.pl" show
}

# runtime: skips a test if nothing can run its files.
runtime() {
    if ! type -P node >/dev/null || [ ! -e "$RUNTIME/ort.wasm.min.mjs" ]; then
        skip 'wants onnxruntime-web and node (make onnx-deps)'
    fi
}

# model ITEMS LABELS [OPTION...]: trains a model with these options, for EPOCHS or one, which `agree` compares with its files. LABELS is - for
# a model that is not conditional.
model() {
    local items=$1 cond=() label='' n
    n=$(wc -l <models)
    if [ "$2" != - ]; then
        cond=(--cond "$2")
        label=$'\t'label=$2
    fi
    vae-train -q -j 1 -m "$n.bin" -z 3 -e "${EPOCHS:-1}" "${cond[@]}" "${@:3}" "$items"
    vae2onnx -m "$n.bin" encoder >"$n.encoder.onnx"
    vae2onnx -m "$n.bin" decoder >"$n.decoder.onnx"
    vae-encode -q -j 1 -m "$n.bin" "${cond[@]}" --stats "$items" >"$n.encoder.wanted"
    vae-encode -q -j 1 -m "$n.bin" "${cond[@]}" "$items" | raw-select --elements 0-2 >"$n.z.raw"
    vae-decode -q -j 1 -m "$n.bin" "${cond[@]}" "$n.z.raw" >"$n.decoder.wanted"
    printf '%s\n' "$n.encoder.onnx"$'\t'"x=$items$label" "$n.decoder.onnx"$'\t'"z=$n.z.raw$label" >>files
    printf '%s\n' "${*:3}" >>models
}

# agree COUNT: so many models give the same as their files do, in batches of 1, 7 and 50.
agree() {
    local n=0 options part
    node "$ROOT/tests/run-onnx.mjs" "$RUNTIME" 1,7,50 <files
    while IFS= read -r options; do
        for part in encoder decoder; do
            cat "$n.$part".wanted{,,} | raw-cmp --abs 1e-5 --rel 1e-5 "$n.$part.onnx.raw" - || fail "$part: $options"
        done
        n=$((n + 1))
    done <models
    assert_equal $n "$1"
}

@test "the file names its versions, its inputs and its outputs" {
    shown model.bin encoder >lines.e
    assert_equal "$(grep -c -x -e $'ir\t7' -e $'opset\t13' -e $'graph\tencoder' lines.e)" 3
    grep -E -x $'producer\tvaeutils\t[0-9]+\\.[0-9]+\\.[0-9]+' lines.e
    assert_equal "$(grep -E '^(in|out)put' lines.e | cut -f 1-4)" $'input\tx\t1\titemsx20\noutput\tmu\t1\titemsx2\noutput\tlogvar\t1\titemsx2'
    shown model.bin decoder >lines.d
    assert_equal "$(grep -E '^(in|out)put' lines.d | cut -f 1-4)" $'input\tz\t1\titemsx2\noutput\tmean\t1\titemsx20'
    grep -x $'graph\tdecoder' lines.d
    # Labels are whole numbers of 64 bits, one per item. A picture has the shape that it has in the stream.
    assert_equal "$(shown pictures.bin encoder | grep '^input' | cut -f 2-4)" $'x\t1\titemsx12x10x2\nlabel\t7\titems'
    assert_equal "$(shown pictures.bin decoder | grep -E '^(in|out)put' | cut -f 2-4)" \
        $'z\t1\titemsx2\nlabel\t7\titems\nmean\t1\titemsx12x10x2'
}

@test "each value is made once, before it is read, and nothing else is read" {
    local model part
    for model in pictures sequences; do for part in encoder decoder; do
        shown $model.bin $part | awk -F '\t' '
            $1 ~ /input$/ || $1 == "initializer" { if (made[$2]++) exit bad = 1 }
            $1 == "node" {
                n = split($3, in_, ",")
                for (i = 1; i <= n; i++) if (in_[i] != "" && !made[in_[i]]) { print "not made: " in_[i]; exit bad = 1 }
                n = split($4, out, ",")
                for (i = 1; i <= n; i++) if (made[out[i]]++) { print "made twice: " out[i]; exit bad = 1 }
                nodes++
            }
            $1 ~ /output$/ { wanted[$2] }
            END { for (name in wanted) bad = bad || !made[name]; exit bad || nodes < 8 }' || fail "$model $part"
    done; done
}

@test "the weights are the bytes of the model's tensors, under their names" {
    local model part name seen=0
    for model in pictures sequences; do for part in encoder decoder; do
        vae2onnx -m $model.bin $part >file.onnx
        perl "$ROOT/tests/onnx.pl" show <file.onnx >lines
        for name in $(vae-info --tensors $model.bin | cut -f 1 | grep "^$part"); do
            perl "$ROOT/tests/onnx.pl" raw "$name" <file.onnx >bytes
            assert_equal "$(perl -0777 -ne 'print join " ", unpack "f<*", $_' bytes)" "$(tensor $model.bin "$name")"
            # The shape is the same, too.
            assert_equal "$(awk -F '\t' -v n="$name" '$1 == "initializer" && $2 == n { print $4 }' lines)" \
                "$(vae-info --tensors $model.bin | awk -F '\t' -v n="$name" '$1 == n { print $2 }')"
            seen=$((seen + 1))
        done
    done; done
    assert [ $seen -ge 16 ]
    # Those of mu and logvar are one layer, which has the name of neither.
    vae2onnx -m pictures.bin encoder >file.onnx
    name=$(perl "$ROOT/tests/onnx.pl" show <file.onnx | awk -F '\t' '$1 == "initializer" && $4 == "4x8" { print $2 }')
    assert_regex "$name" '^mu\+logvar/'
    perl "$ROOT/tests/onnx.pl" raw "$name" <file.onnx | perl -0777 -ne 'print join " ", unpack "f<*", $_' >found
    assert_equal "$(<found)" "$(tensor pictures.bin mu.weight) $(tensor pictures.bin logvar.weight)"
}

@test "the metadata of the model is there, except the digest of its weights" {
    shown model.bin decoder | sed -n 's/^metadata\t//p' | sort >found
    vae-info model.bin | grep -v -E '^(key|tensors|numbers|xxh64)'$'\t' | sort >wanted
    cmp found wanted
    grep -q '^command.vae-train ' found
    assert_equal "$(vae-info model.bin | grep -c '^xxh64')" 1
}

@test "the units of x are those that the likelihood and --binarize ask for" {
    units() { shown "$1" encoder | awk -F '\t' '$1 == "input" && $2 == "x" { print $5 }'; }
    assert_equal "$(units model.bin)" 'items: the numbers of the stream; u8 elements are divided by 255'
    vae-train -q -m counts.bin -z 2 -H 2 -e 0 -l poisson whole.raw
    assert_equal "$(units counts.bin)" 'items: the numbers of the stream as they are'
    vae-train -q -m drawn.bin -z 2 -H 2 -e 0 --binarize sample unit.raw
    assert_regex "$(units drawn.bin)" '^items: 1 with the probability that the element is, else 0'
    # The encoder does this itself.
    vae-train -q -m threshold.bin -z 2 -H 2 -e 0 --binarize threshold unit.raw
    assert_equal "$(units threshold.bin)" 'items: the numbers of the stream; u8 elements are divided by 255'
    assert_equal "$(units sequences.bin)" 'items: the numbers of tokens, and 0 after the last one'
    assert_equal "$(shown sequences.bin decoder | grep -c $'^output\tmean\t.*\tthe numbers of the most probable tokens, and 0 after the last one$')" 1
    # What a categorical decoder gives is a level.
    vae-train -q -m levels.bin -z 2 -H 2 -e 0 -l categorical --levels 5 whole.raw
    assert_equal "$(shown levels.bin decoder | grep -c $'^output\tmean\t.*\tthe most probable level of each element$')" 1
}

@test "the file tells which prior the latents have" {
    latents() { shown "$1" decoder | awk -F '\t' '$1 == "input" && $2 == "z" { print $5 }'; }
    assert_equal "$(latents model.bin)" 'latents, of which the prior is N(0, I)'
    vae-train -q -m vamp.bin -z 2 -H 2 -e 0 --prior vamp:3 unit.raw
    assert_equal "$(latents vamp.bin)" latents
}

@test "convolutions are channels first, and pictures are transposed only at their ends" {
    shown pictures.bin encoder >lines
    awk -F '\t' '$1 == "node" { print $2 }' lines >nodes
    assert_equal "$(grep -c -x Transpose nodes)" 2
    # Rows of 12 with a kernel of 3 and steps of 2 need a row of zeros before, and none after.
    assert_equal "$(grep $'^node\tConv' lines | cut -f 5-)" $'kernel_shape=3,3\tstrides=2,2\tpads=1,1,0,0'
}

@test "a file is the same in a locale with decimal commas" {
    localedef -i de_DE -f UTF-8 "$PWD/de_DE.UTF-8" >/dev/null 2>&1 || true
    [ "$(LOCPATH=$PWD LC_ALL=de_DE.UTF-8 locale decimal_point)" = , ] || skip 'no locale with decimal commas: wants the package locales'
    vae2onnx -m model.bin encoder >wanted
    LOCPATH=$PWD LC_ALL=de_DE.UTF-8 vae2onnx -m model.bin encoder | cmp - wanted
}

@test "what is wrong is one line" {
    fails 2 "vae2onnx: part: found 'both', wanted one of encoder, decoder" vae2onnx -m model.bin both
    fails 2 'vae2onnx: operands: found 0, wanted 1' vae2onnx -m model.bin
    fails 2 'vae2onnx: operands: found 2, wanted 1' vae2onnx -m model.bin encoder decoder
    # Before the model is read.
    fails 2 "vae2onnx: part: found 'x', wanted one of encoder, decoder" vae2onnx -m none.bin x
    fails 1 'vae2onnx: none.bin: cannot open: No such file or directory' vae2onnx -m none.bin encoder
    assert [ ! -s out ]
    head -c 900 model.bin >cut.bin
    fails 1 'vae2onnx: cut.bin: ' vae2onnx -m cut.bin encoder
    fails 1 'vae2onnx: unit.raw: ' vae2onnx -m unit.raw encoder
    fails 1 'vae2onnx: stdout: cannot write: No space left on device' bash -c 'vae2onnx -m model.bin decoder >/dev/full'
}

@test "the files are valid, as the checker of ONNX sees them" {
    /usr/bin/python3 -c 'import onnx' 2>/dev/null || skip 'wants python3-onnx (make onnx-deps)'
    local model part
    for model in model pictures sequences; do
        for part in encoder decoder; do
            vae2onnx -m $model.bin $part >$model-$part.onnx
        done
    done
    /usr/bin/python3 -c 'import sys, onnx
for path in sys.argv[1:]:
    onnx.checker.check_model(onnx.load(path), full_check=True)' ./*.onnx
    # It does notice a fault.
    perl -0777 -pe 's/Gemm/Gemn/g or die' model-encoder.onnx >bad.onnx
    run -1 /usr/bin/python3 -c 'import onnx; onnx.checker.check_model(onnx.load("bad.onnx"), full_check=True)'
}

@test "fully connected models give what vae-encode and vae-decode give" {
    runtime
    model unit.raw - -H 8
    model unit.raw labels.raw -H 8,res -a gated -l gaussian --sigma net
    model unit.raw labels.raw -H 8,norm:2 -a tanh -l laplace
    model unit.raw - -H 8 -a elu --binarize threshold
    model unit.raw - -H 8 --prior vamp:3 --target targets.raw
    # Groups whose numbers are all 0, and so their variance. Log-variances beyond both bounds.
    model unit.raw - -H 12,norm:4 -a relu
    model unit.raw - -H none --logvar-bound 1 --init normal:2
    agree 7
    table 6 <6.encoder.wanted | awk '{ for (i = 4; i <= 6; i++) { high += $i == 1; low += $i == -1 } } END { exit !(high && low) }'
}

@test "convolutional models give what vae-encode and vae-decode give" {
    runtime
    model pictures.raw labels.raw -H conv:4:3:2,norm:2,resconv,conv:6:2,8 -a silu \
        --decoder-hidden 8,linear:6:5:4,norm:2,resconv,up:3:12:10,conv:3:3
    # Steps that are larger than the kernel, and an even kernel; a residual layer of a whole picture.
    # Of 12x10, a kernel of 2 and a stride of 3 read one more column than the picture has, and no more row.
    model pictures.raw - -H conv:4:2:3,8 -l gaussian
    # Pictures of one channel, which is in the same order in both forms.
    model grey-pictures.raw - -H conv:4:3:2,8
    model pictures.raw - -H conv:4:2:3,conv:3:1:2,res,8 -a gated --decoder-hidden linear:3:3:4,up:4:12:10,conv:4:4 -l gaussian
    agree 4
}

@test "models of sequences give what vae-encode and vae-decode give" {
    runtime
    # Trained until lines come back, so that their ends are at many positions.
    EPOCHS=150 model lines.raw - --tokens tokens -H gru:16 --decoder-hidden 6,gru:32 --beta 0.05 -r 0.01 -b 10
    # The states of all positions are read by the next layer. The encoder and the decoder have labels.
    model lines.raw labels.raw --tokens tokens -H gru:6,gru:5,8 --decoder-hidden gru:9 --init normal:0.5
    # Units that read one-hot tokens, and a decoder that computes all positions at once.
    model lines.raw - --tokens tokens -H 8
    agree 3
    vae-decode -q -m 0.bin 0.z.raw | raw2text -m 0.bin - | awk '{ print length }' | sort -u >lengths
    assert [ "$(wc -l <lengths)" -ge 6 ]
    grep -q -x 0 lengths
    raw-select -n 50 0.decoder.onnx.raw | raw2text -m 0.bin | paste - lines | awk -F '\t' '$1 == $2' >same
    assert [ "$(wc -l <same)" -ge 25 ]
}

@test "models of items with missing elements give what vae-encode and vae-decode give" {
    runtime
    model picture-holes.raw labels.raw -H conv:4:3:2,norm:2,resconv,8 -a gelu --missing
    model picture-holes.raw - -H 8 -a softplus --missing --binarize threshold
    model whole-holes.raw - -H 8,norm:2 -a tanh --missing -l categorical --levels 5
    model level-holes.raw labels.raw -H conv:4:3:2,8 -a gated --missing -l categorical --levels 4
    model whole-holes.raw labels.raw -H 8 --missing -l poisson
    agree 5
}

@test "each likelihood and each scale gives what vae-encode and vae-decode give" {
    runtime
    model grey.raw - -H 8 -l dlogistic --sigma net
    model grey.raw labels.raw -H 8 -l dlogistic --sigma per-dim
    model grey.raw - -H 8 -l dlogistic --sigma 0.01
    model whole.raw - -H 8 -l negbin
    # Logits of both signs, above and below 1: a mean of 0.58 has the logit 1.
    model spread.raw - -H 8 -l cbernoulli --mean-bias
    # Means beyond the largest one, which is exp(88).
    EPOCHS=0 model whole.raw - -H none -l poisson --init normal:1000
    agree 6
    vae-decode -q -m 5.bin 5.z.raw | payload | perl -0777 -ne '@x = unpack "f<*", $_; exit !(grep { $_ > 1.6e38 } @x)'
    vae-decode -q -m 4.bin 4.z.raw | payload | perl -0777 -ne '
        @x = sort { $a <=> $b } unpack "f<*", $_; exit !($x[0] < 0.3 && $x[-1] > 0.7 && grep { abs($_ - 0.5) < 0.06 } @x)'
}

@test "each activation gives what vae-encode and vae-decode give" {
    runtime
    local name names
    names=$(vae-train --help | sed -n 's/^ *-a, --activation NAME *//p' | grep -o -w -E 'relu|tanh|elu|softplus|gelu|silu|gated' | sort -u)
    assert_equal "$(wc -w <<<"$names")" 7
    # Large weights, so that each function is tried far from 0.
    for name in $names; do model unit.raw - -H 8,8 -a "$name" -r 0.5 -l gaussian; done
    agree 7
}

@test "of levels that are equally probable the first one is written" {
    runtime
    vae-train -q -m model.bin -l categorical --levels 5 -z 3 -H none -e 0 whole.raw
    perl "$ROOT/tests/safetensors.pl" edit '$data =~ s/./\0/gs; checksum()' <model.bin >even.bin
    vae2onnx -m even.bin decoder >even.onnx
    vae-sample -n 50 -d 3 >z.raw
    printf 'even.onnx\tz=z.raw\n' | node "$ROOT/tests/run-onnx.mjs" "$RUNTIME" 50
    vae-decode -q -m even.bin z.raw | raw-cmp even.onnx.raw -
    payload <even.onnx.raw | cmp - <(head -c $((50 * 20 * 4)) /dev/zero)
}
