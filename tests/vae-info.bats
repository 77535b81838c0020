#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# vae-info: the metadata of a model file, all of which is read and checked.
load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    train_small model.bin -z 3
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR/model.bin" .
}

@test "every key of the metadata is a row, in the file's order, and the numbers are counted" {
    vae-info model.bin >out
    assert_equal "$(head -1 out)" $'key\tvalue'
    # Read without the library.
    perl -MJSON::PP -e '
        local $/; my $all = <STDIN>; my $n = unpack "Q<", $all; my $text = substr $all, 8, $n;
        my $header = decode_json $text; my $m = delete $header->{__metadata__};
        my $at = sub { index $text, "\"$_[0]\":\"" };
        print "$_\t$m->{$_}\n" for sort { $at->($a) <=> $at->($b) } keys %$m;
        printf "tensors\t%d\nnumbers\t%d\n", scalar(keys %$header), (length($all) - 8 - $n) / 4' <model.bin >wanted
    assert [ "$(wc -l <wanted)" -ge 15 ]
    tail -n +2 out | cmp - wanted
}

@test "--tensors has a row a tensor: name, shape, numbers, rms, min and max" {
    vae-info --tensors model.bin >out
    assert_equal "$(head -1 out)" $'tensor\tshape\tnumbers\trms\tmin\tmax'
    assert_equal "$(tail -n +2 out | cut -f 1-3)" "$(printf '%s\t%s\t%d\n' encoder.0.weight 32x784 25088 \
        encoder.0.bias 32 32 mu.weight 3x32 96 logvar.weight 3x32 96 mu.bias 3 3 logvar.bias 3 3 \
        decoder.0.weight 32x3 96 decoder.0.bias 32 32 decoder.1.weight 784x32 25088 decoder.1.bias 784 784)"
    train_small narrow.bin -z 1 -e 0
    vae-info --tensors narrow.bin | grep $'^decoder.0.weight\t32x1\t32\t'
    vae-info --tensors narrow.bin | grep -q $'^mu.bias\t1\t1\t'
    # One whose numbers are all below 0, too.
    perl "$ROOT/tests/safetensors.pl" edit '$data = pack "f<*", map { -1 - $_ * $_ } unpack "f<*", $data; checksum()' \
        <model.bin >negative.bin
    for model in model.bin negative.bin; do
        vae-info --tensors $model >out
        while read -r name _ _ rms min max; do
            is_number "$rms" "$min" "$max" || fail "$name: $rms $min $max"
            tensor $model "$name" | tr ' ' '\n' | awk -v rms="$rms" -v min="$min" -v max="$max" '
                function far(a, b) { return (a - b) ^ 2 > 1e-10 * b * b }
                NR == 1 { low = high = $1 }
                { s += $1 * $1; if ($1 < low) low = $1; if ($1 > high) high = $1 }
                END { exit far(rms, sqrt(s / NR)) || far(min, low) || far(max, high) }' || fail "$name: $rms $min $max"
        done < <(tail -n +2 out)
        assert_equal "$(wc -l <out)" 11
    done
}

# net_of OPTION...: writes the rows of --net, of a model of 28x28 items with these options, to the file rows.
net_of() {
    train_small net.bin -z 20 -e 0 "$@"
    vae-info --net net.bin >net
    assert_equal "$(head -1 net)" $'layer\top\toutput\tparameters\tmultiply_adds'
    assert_equal "$(awk -F '\t' '{ print NF }' net | sort -u)" 5
    # The sums are those of the rows, and all parameters of the file are among them.
    awk -F '\t' '$1 == "total" { last = NR; exit $4 != p || $5 != m } { p += $4; m += $5 } END { if (NR != last) exit 1 }' net
    assert_equal "$(tail -1 net | cut -f 4)" "$(vae-info net.bin | sed -n 's/^numbers\t//p')"
    tail -n +2 net | tr '\t' ' ' >rows
}

@test "--net has a row a layer: op, output, parameters and multiply-adds" {
    net_of -H 400
    assert_equal "$(<rows)" "encoder.0 linear 400 $((784 * 400 + 400)) $((784 * 400))
mu+logvar linear 40 $((400 * 40 + 40)) $((400 * 40))
z draw 20 0 0
decoder.0 linear 400 $((20 * 400 + 400)) $((20 * 400))
decoder.1 linear 784 $((400 * 784 + 784)) $((400 * 784))
total - - 652824 651200"
    net_of -H 400,res
    assert_equal "$(<rows)" "encoder.0 linear 400 $((784 * 400 + 400)) $((784 * 400))
encoder.1 res 400 $((400 * 400 + 400)) $((400 * 400))
mu+logvar linear 40 $((400 * 40 + 40)) $((400 * 40))
z draw 20 0 0
decoder.0 linear 400 $((20 * 400 + 400)) $((20 * 400))
decoder.1 res 400 $((400 * 400 + 400)) $((400 * 400))
decoder.2 linear 784 $((400 * 784 + 784)) $((400 * 784))
total - - 973624 971200"
    net_of -H conv:32:4:2,conv:64:4:2,256
    assert_equal "$(<rows)" "encoder.0 conv 14x14x32 $((16 * 1 * 32 + 32)) $((14 * 14 * 16 * 1 * 32))
encoder.1 conv 7x7x64 $((16 * 32 * 64 + 64)) $((7 * 7 * 16 * 32 * 64))
encoder.2 linear 256 $((7 * 7 * 64 * 256 + 256)) $((7 * 7 * 64 * 256))
mu+logvar linear 40 $((256 * 40 + 40)) $((256 * 40))
z draw 20 0 0
decoder.0 linear 256 $((20 * 256 + 256)) $((20 * 256))
decoder.1 linear 7x7x64 $((256 * 7 * 7 * 64 + 7 * 7 * 64)) $((256 * 7 * 7 * 64))
decoder.3 up+conv 14x14x32 $((16 * 64 * 32 + 32)) $((7 * 7 * 16 * 64 * 32))
decoder.5 up+conv 28x28x1 $((16 * 32 * 1 + 1)) $((14 * 14 * 16 * 32 * 1))
total - - 1691369 5032960"
    # An enlarged picture of which a part is cut off, or whose pixels have more copies than the kernel reads.
    net_of -H 9 --decoder-hidden linear:10:10:4,up:3:28:28,conv:2:4
    assert_equal "$(sed -n '/decoder/p' rows | cut -d ' ' -f 1-3)" $'decoder.0 linear 10x10x4\ndecoder.1 up 28x28x4
decoder.2 conv 28x28x2\ndecoder.3 conv 28x28x1'
    net_of -H 9 --decoder-hidden linear:14:15:4,up:2:28:28,conv:2:4
    assert_equal "$(sed -n '/decoder/p' rows | cut -d ' ' -f 1-3)" $'decoder.0 linear 14x15x4\ndecoder.1 up 28x28x4
decoder.2 conv 28x28x2\ndecoder.3 conv 28x28x1'
    net_of -H 9 --decoder-hidden linear:7:7:4,up:4,conv:2:4
    assert_equal "$(sed -n '/decoder/p' rows | cut -d ' ' -f 1-3)" $'decoder.0 linear 7x7x4\ndecoder.1 up 28x28x4
decoder.2 conv 28x28x2\ndecoder.3 conv 28x28x1'
    # A norm, the convolutions of a residual block, whose activation has no row, and a stride that does not divide 28.
    net_of -H conv:8:5:3,norm,resconv --decoder-hidden 9
    assert_equal "$(head -5 rows)" "encoder.0 conv 10x10x8 $((25 * 8 + 8)) $((100 * 25 * 8))
encoder.1 norm 10x10x8 16 0
encoder.2.1 conv 10x10x8 $((9 * 8 * 8 + 8)) $((100 * 9 * 8 * 8))
encoder.2.2 conv 10x10x8 $((9 * 8 * 8 + 8)) $((100 * 9 * 8 * 8))
mu+logvar linear 40 $((800 * 40 + 40)) $((800 * 40))"
}

@test "--net: twice the products of a gated layer, labels, learned scales, and the tensors of a prior" {
    idx2raw -n 200 "$LABELS" >labels.raw
    net_of -H 7,res -a gated --cond labels.raw -l gaussian --sigma per-dim
    assert_equal "$(<rows)" "input encoder_input 794 0 0
encoder.0 linear 7 $((795 * 14)) $((794 * 14))
encoder.1 res 7 $((8 * 14)) $((7 * 14))
mu+logvar linear 40 $((8 * 40)) $((7 * 40))
z draw 30 0 0
decoder.0 linear 7 $((31 * 14)) $((30 * 14))
decoder.1 res 7 $((8 * 14)) $((7 * 14))
decoder.2 linear 784 $((8 * 784)) $((7 * 784))
likelihood likelihood - 784 0
total - - $(((795 + 8 + 31 + 8) * 14 + 8 * (40 + 784) + 784)) $(((794 + 7 + 30 + 7) * 14 + 7 * (40 + 784)))"
    net_of -H conv:3:3,9 -a gated -l laplace --sigma net --prior vamp:6
    assert_equal "$(<rows)" "encoder.0 conv 28x28x3 $((9 * 6 + 6)) $((784 * 9 * 6))
encoder.1 linear 9 $(((784 * 3 + 1) * 18)) $((784 * 3 * 18))
mu+logvar linear 40 $((10 * 40)) $((9 * 40))
z draw 20 0 0
decoder.0 linear 9 $((21 * 18)) $((20 * 18))
decoder.1 linear 28x28x3 $((10 * 784 * 6)) $((9 * 784 * 6))
decoder.2 conv 28x28x2 $((9 * 3 * 2 + 2)) $((784 * 9 * 3 * 2))
prior.pseudo_inputs - - $((6 * 784)) 0
prior.components - - $((6 * 40)) 0
$(tail -1 rows)"
    net_of -H 3 -l gaussian --sigma optimal
    grep -x 'likelihood likelihood - 1 0' rows
    net_of -H none -l gaussian --sigma shared
    grep -x 'likelihood likelihood - 1 0' rows
    vae-info --net model.bin >net
    vae-info --net - <model.bin | cmp - net
    fails 2 'vae-info: --net: found it with --tensors, wanted one of the two' vae-info --net --tensors model.bin
    fails 2 'vae-info: --dump: found it with --net, wanted one of the two' vae-info --net --dump mu.bias model.bin
    fails 2 'vae-info: --row: found it with --net, wanted one of the two' vae-info --row --net model.bin
}

@test "--dump writes a tensor as a stream: an item per row, or one of a vector" {
    local name shape rows
    while IFS=$'\t' read -r name shape rows; do
        vae-info --dump "$name" model.bin >out
        assert_equal "$(head -1 out)" "$(header f32 "$shape" "$rows" .)"
        # Read without the library.
        payload <out | cmp - <(tensor model.bin "$name" | tr ' ' '\n' | perl -ne 'print pack "f<", $_')
        vae-info --dump "$name" - <model.bin | cmp - out
    done <<'END'
encoder.0.weight	784	32
mu.bias	3	1
decoder.0.weight	3	32
decoder.1.bias	784	1
END
    fails 1 "vae-info: model.bin: has no tensor 'decoder.9.weight', wanted one of those that --tensors lists" \
        vae-info --dump decoder.9.weight model.bin
    fails 1 "vae-info: model.bin: has no tensor '', wanted one" vae-info --dump '' model.bin
    fails 2 'vae-info: --dump: found it with --tensors, wanted one of the two' vae-info --tensors --dump mu.bias model.bin
    fails 1 'vae-info: stdout: cannot write: No space left on device' bash -c 'vae-info --dump mu.bias model.bin >/dev/full'
    run -1 timeout 20 script -qec 'vae-info --dump mu.bias model.bin' /dev/null </dev/null
    assert_output --regexp '^vae-info: stdout: is a terminal, wanted a pipe or a file for binary data.?$'
}

@test "what no likelihood of today has is not lost: sigma, and a command with control characters" {
    train_small g.bin -l gaussian --sigma 0.25 -e 0
    vae-info g.bin | grep -x $'sigma\t0.25'
    perl -e 'local $/; $_ = <STDIN>; s/"command":"vae-train --latent/"command":"vae-train\\t-latent/; print' \
        <model.bin >odd.bin
    vae-info odd.bin >out
    assert_equal "$(grep -c 'command' out)" 1
    assert_regex "$(grep command out)" $'^command\tvae-train\\\\x09-latent '
    # A key of version 2 may be anything, too.
    perl "$ROOT/tests/safetensors.pl" edit '$head =~ s/"version":"2"/"version":"2","made.\\t\\u001b[2J":"\\n"/' \
        <model.bin >odd.bin
    vae-info odd.bin >out
    assert_equal "$(grep '^made\.\\x09' out)" "$(printf '%s\t' 'made.\x09\x1b[2J')"'\x0a'
}

@test "a file, - and stdin are the same" {
    vae-info model.bin >out
    vae-info - <model.bin | cmp - out
    head -c 100000000 model.bin | vae-info | cmp - out
}

@test "a damaged file is an error, and nothing is printed of it" {
    size=$(stat -c %s model.bin)
    perl -e 'local $/; $_ = <STDIN>; substr($_, $ARGV[0], 1) ^= "\1"; print' -- $((size - 4)) <model.bin >bad.bin
    for option in '' --tensors --net '--dump mu.bias'; do
        # shellcheck disable=SC2086 # options, or none
        fails 1 "vae-info: bad.bin: the weights' XXH64 is " vae-info $option bad.bin
        assert [ ! -s out ]
    done
    head -c -1 model.bin >bad.bin
    fails 1 'vae-info: bad.bin: ended after ' vae-info bad.bin
    assert [ ! -s out ]
    { cat model.bin && printf x; } >bad.bin
    fails 1 'vae-info: bad.bin: bytes follow the weights, wanted the end' vae-info bad.bin
    fails 1 'vae-info: stdin: is a stream, wanted a model, see vae-model(5)' vae-info < <(idx2raw "$LABELS")
    fails 2 'vae-info: model.bin: found 2 operands, wanted at most 1' vae-info model.bin model.bin
}

ROW=$'file\tkind\titem_shape\tlikelihood\tlatent\tencoder_hidden\tdecoder_hidden\tactivation\tprior\tobjective\tbeta'
ROW+=$'\tfree_bits\trate\tbatch\tseed\titems\tparameters\tepochs\tepochs_run\tended\ttrain_elbo\ttrain_reconstruction'
ROW+=$'\ttrain_kl\ttrain_bound\tval_elbo\tval_reconstruction\tval_kl\tval_bound\tactive_latents\ttrain_target_r2\tval_target_r2'

# row FILE FIRST-LAST: these columns of the file's row, with one space between them.
row() {
    vae-info --row "$1" | tail -n +2 | cut -f "$2" | tr '\t' ' '
}

@test "--row: options and figures, the same columns for models and checkpoints of every version" {
    # The ink of each image is known, except that of the first.
    idx2raw -n 200 "$IMAGES" | raw2csv --no-header | awk -F , '{ s = 0; for (i = 1; i <= NF; i++) s += $i; print NR == 1 ? "nan" : s }' |
        csv2raw --no-header >ink.raw
    train_small told.bin -H 24,12 -z 3 --beta 2.5 --free-bits 0.25 -r 2e-3 -b 50 -S 7 -a tanh \
        -l gaussian --patience 1 -e 3 --val 0.1 --target ink.raw --checkpoint told.ck
    vae-info --row model.bin told.bin told.ck "$ROOT"/tests/golden/0.1/{plain.bin,run.ck} >table
    assert_equal "$(head -1 table)" "$ROW"
    assert_equal "$(awk -F '\t' '{ print NF }' table | sort -u)" 31
    assert_equal "$(cut -f 2 table | xargs)" 'kind model model checkpoint model checkpoint'
    local wanted='28x28 gaussian 3 24,12 12,24 tanh normal elbo 2.5 0.25 2e-3 50 7 180 '
    assert_equal "$(row told.bin 1-17)" "told.bin model $wanted$(vae-info told.bin | sed -n 's/^numbers\t//p')"
    # The figures are those of the metadata.
    vae-info told.bin >all
    for key in epochs made.epochs_run made.ended made.{train,val}_{elbo,reconstruction,kl,bound} made.active_latents made.{train,val}_target_r2; do
        awk -F '\t' -v key="$key" '$1 == key { print $2 }' all
    done >wanted
    row told.bin 18-31 | tr ' ' '\n' | cmp - wanted
    assert_equal "$(wc -l <wanted)" 14
    # The checkpoint is of the same run.
    assert_equal "$(row told.ck 2-17)" "$(row told.bin 2-17 | sed 's/^model/checkpoint/')"
    assert_equal "$(row told.ck 18-31)" "$(row told.bin 19) $(row told.bin 19) - - - - - - - - - - - -"
    # In version 1 a model had no figures; the options are those that its command and the keys tell.
    local golden=$ROOT/tests/golden/0.1
    assert_equal "$(row "$golden/plain.bin" 2-31)" \
        'model 2x3 bernoulli 2 5,4 4,5 relu normal elbo 1 0 0.01 5 1 12 152 20 - - - - - - - - - - - - -'
    assert_equal "$(row "$golden/run.ck" 2-31)" \
        'checkpoint 2x3 bernoulli 2 5,4 4,5 relu normal elbo 1 0 0.01 5 1 12 152 11 11 - - - - - - - - - - - -'
}

@test "--row: the decoder of a checkpoint is the mirrored encoder, or its own; a row is one line in every case" {
    train_small own.bin -e 1 -H 24,12 --decoder-hidden 7 --checkpoint own.ck
    assert_equal "$(row own.ck 6-7)" '24,12 7'
    train_small own.bin -e 1 -H none --checkpoint own.ck
    assert_equal "$(row own.ck 6-7)" 'none none'
    # A prior that both name.
    train_small own.bin -e 1 --prior vamp:4 --checkpoint own.ck
    assert_equal "$(row own.ck 9) $(row own.bin 9)" 'vamp:4 vamp:4'
    assert_equal "$(row own.ck 17)" "$(row own.bin 17)"
    # A command is any text: control characters, and an option that is not at the beginning of a word or has no argument.
    perl "$ROOT/tests/safetensors.pl" edit '$head =~ s/--objective elbo/x--objective iwae/; $head =~ s/--beta 1 /--beta \\t\\u001b[2J /;
        $head =~ s/"command":"(.*?)"/"command":"$1 --rate"/; $head =~ s/ --rate 0.001//' <model.bin >odd.bin
    vae-info --row odd.bin >table
    assert_equal "$(wc -l <table)" 2
    assert_equal "$(row odd.bin 10-13)" '- \x09\x1b[2J 0 -'
    cp model.bin $'new\nline.bin'
    vae-info --row $'new\nline.bin' >table
    assert_equal "$(tail -n +2 table | cut -f 1,2)" $'new\\x0aline.bin\tmodel'
    assert_equal "$(vae-info --row <model.bin | tail -n +2)" "$(vae-info --row - <model.bin | tail -n +2)"
    assert_equal "$(vae-info --row <model.bin | tail -n +2 | cut -f 1,5)" $'stdin\t3'
}

@test "--row: a file that cannot be read has a message and no row, and the others are printed" {
    train_small new.bin -e 1 --checkpoint run.ck
    vae-info --row model.bin run.ck >wanted
    local size
    size=$(stat -c %s run.ck)
    perl -e 'local $/; $_ = <STDIN>; substr($_, $ARGV[0], 1) ^= "\1"; print' -- $((size - 4)) <run.ck >damaged.ck
    head -c -1 run.ck >cut.ck
    { cat run.ck && printf x; } >long.ck
    perl "$ROOT/tests/safetensors.pl" edit '$head =~ s/"version":"2"/"version":"3"/' <run.ck >later.ck
    perl "$ROOT/tests/safetensors.pl" edit '$head =~ s/"vae-checkpoint"/"vae-other"/' <run.ck >other.ck
    head -c -1 model.bin >cut.bin
    idx2raw -n 1 "$IMAGES" >items.raw
    local bad="vae-info: absent.bin: cannot open: No such file or directory
vae-info: damaged.ck: the weights' XXH64 is
vae-info: cut.ck: the weights' XXH64 is
vae-info: long.ck: the weights' XXH64 is
vae-info: later.ck: metadata \"version\" is \"3\", wanted \"1\" or \"2\"
vae-info: other.ck: metadata \"format\" is \"vae-other\", wanted \"vae-model\"
vae-info: cut.bin: ended after
vae-info: items.raw: is a stream, wanted a model or a checkpoint, see vae-model(5)" line told=()
    run -1 --separate-stderr vae-info --row absent.bin model.bin damaged.ck cut.ck long.ck later.ck other.ck cut.bin \
        items.raw run.ck
    assert_equal "$output" "$(<wanted)"
    # shellcheck disable=SC2154 # set by run
    mapfile -t told <<<"$stderr"
    assert_equal "${#told[@]}" 8
    while read -r line; do
        [[ ${told[0]} == "$line"* ]] || fail "found: ${told[0]}"
        told=("${told[@]:1}")
    done <<<"$bad"
    fails 1 'vae-info: absent.bin: cannot open: ' vae-info -q --row absent.bin
    assert_equal "$(<out)" "$ROW"
    fails 1 "vae-info: cut.ck: the weights' XXH64 is " vae-info --row cut.ck
    assert_equal "$(<out)" "$ROW"
    fails 1 'vae-info: stdout: cannot write: No space left on device' bash -c 'vae-info --row model.bin >/dev/full'
    fails 2 'vae-info: --row: found it with --tensors, wanted one of the two' vae-info --row --tensors model.bin
    fails 2 'vae-info: --row: found it with --dump, wanted one of the two' vae-info --row --dump mu.bias model.bin
}
