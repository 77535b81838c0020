#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The model file, vae-model(5): plain safetensors to others, strict to itself, old or new but never torn.
# shellcheck disable=SC2016 # what is quoted is Perl
# shellcheck disable=SC2030,SC2031 # a test is a subshell, and sets its variables itself
load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    { header f32 2x3 8 . && perl -e 'print pack "f<*", map { $_ % 7 / 7 } 1 .. 48'; } >data.raw
    vae-train -q -m model.bin -z 3 -H 5,4 --decoder-hidden 6 -e 4 -b 3 -S 9 data.raw
    vae-sample -d 3 >z.raw
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/*.* .
}

safetensors() {
    perl "$ROOT/tests/safetensors.pl" "$@"
}

# json PROGRAM: runs it with the model's header in $h, which only head, od and JSON::PP have read.
json() {
    length=$(head -c 8 model.bin | od -A n -t u8)
    tail -c +9 model.bin | first "$length" | perl -MJSON::PP -e 'local $/; my $h = decode_json(<STDIN>);'"$1"
}

# refuses MESSAGE [FILE]: the readers of models refuse bad.bin with it.
refuses() {
    fails 1 "vae-decode: bad.bin: $1" vae-decode -m bad.bin z.raw
    assert [ ! -s out ]
}

# edited CODE MESSAGE: the model is refused after this change.
edited() {
    safetensors edit "$1" <model.bin >bad.bin
    refuses "$2"
}

@test "names, shapes and types are those of torch.nn.Linear, in the file's order without a gap" {
    json '
        my $m = delete $h->{__metadata__};
        my $at = 0;
        for (sort { $h->{$a}{data_offsets}[0] <=> $h->{$b}{data_offsets}[0] } keys %$h) {
            my ($t, $n) = ($h->{$_}, 4);
            $n *= $_ for @{ $t->{shape} };
            my ($from, $to) = @{ $t->{data_offsets} };
            die "$_: $from to $to behind $at" if $from != $at || $to != $at + $n;
            die "$_: other keys" if join(" ", sort keys %$t) ne "data_offsets dtype shape";
            $at = $to;
            print "$_ $t->{dtype} ", join("x", @{ $t->{shape} }), "\n";
        }' >tensors
    diff - tensors <<'END'
encoder.0.weight F32 5x6
encoder.0.bias F32 5
encoder.1.weight F32 4x5
encoder.1.bias F32 4
mu.weight F32 3x4
logvar.weight F32 3x4
mu.bias F32 3
logvar.bias F32 3
decoder.0.weight F32 6x3
decoder.0.bias F32 6
decoder.1.weight F32 6x6
decoder.1.bias F32 6
END
}

@test "the data begins at a multiple of 64 bytes, spaces pad the header, and the file ends with the data" {
    end=$(json 'my $e = 0; for (values %$h) { my $o = $_->{data_offsets} or next; $e = $o->[1] if $o->[1] > $e } print $e')
    length=$(head -c 8 model.bin | od -A n -t u8)
    assert_equal $(((8 + length) % 64)) 0
    assert_equal "$(stat -c %s model.bin)" $((8 + length + end))
    assert_regex "$(tail -c +9 model.bin | head -c "$length")" '^\{.*\} *$'
}

@test "the metadata, all strings, tells what the model is and how it was made" {
    json 'my $m = $h->{__metadata__}; print "$_=$m->{$_}\n" for sort keys %$m' >found
    sed -i '/^elbo=-[0-9.]*$/d; /^made_by=vaeutils [0-9.]*$/d; /^made\.train_/d' found
    diff - found <<END
activation=relu
binarize=none
command=vae-train --latent 3 --hidden 5,4 --decoder-hidden 6 --activation relu --likelihood bernoulli --objective elbo --samples 1 --beta 1 --warmup 0 --free-bits 0 --prior normal --logvar-bound 20 --epochs 4 --batch 3 --rate 0.001 --binarize none --optimizer adam --schedule const --warm-rate 0 --clip 0 --weight-decay 0 --adam-eps 1e-8 --ema 0 --init torch --patience 0 --seed 9
data_xxh64=$(tail -c +65 data.raw | safetensors xxh64)
decoder_hidden=6
encoder_hidden=5,4
epochs=4
format=vae-model
input_scaling=u8/255
item_shape=2x3
items=8
latent=3
likelihood=bernoulli
logvar_bound=20
made.active_latents=0
made.ended=epochs
made.epochs_run=4
seed=9
steps=12
version=2
xxh64=$(json '' && tail -c +$((9 + length)) model.bin | safetensors xxh64)
END
    run -1 grep '^sigma' found
    run -0 json 'my $m = $h->{__metadata__}; my $t = encode_json([values %$m]); exit($t !~ /^\["[^\[\]{}]*"\]$/)'
}

@test "the command in the metadata makes the model again" {
    $(metadata model.bin command) -q -m again.bin data.raw
    cmp model.bin again.bin
    vae-train -q -m g.bin -l gaussian --sigma 0.1 -r 0.00123 -H none -e 1 data.raw
    $(metadata g.bin command) -q -m again.bin data.raw
    cmp g.bin again.bin
}

@test "a file that ends early is refused, wherever" {
    length=$(head -c 8 model.bin | od -A n -t u8)
    size=$(stat -c %s model.bin)
    for case in '0:empty input, wanted a model' '5:ended after 5 of 8 bytes of the header' \
        "8:ended after 0 of $((length)) bytes of the header" "100:ended after 92 of $((length)) bytes of the header" \
        "$((8 + length)):ended after 0 of" "$((size - 40)):ended after" "$((size - 1)):ended after"; do
        head -c "${case%%:*}" model.bin >bad.bin
        refuses "${case#*:}"
    done
    assert_regex "$(<err)" "ended after $((size - length - 9)) of $((size - length - 8)) bytes of weights, wanted all$"
}

@test "every reader of models refuses a cut one" {
    head -c -1 model.bin >bad.bin
    for tool in vae-encode vae-eval; do
        fails 1 "$tool: bad.bin: ended after" $tool -m bad.bin data.raw
    done
    head -c 600 model.bin >bad.bin
    fails 1 'vae-sample: bad.bin: ended after' vae-sample -m bad.bin
}

@test "a flipped bit in any weight is found by the checksum" {
    size=$(stat -c %s model.bin)
    length=$(head -c 8 model.bin | od -A n -t u8)
    for at in $((8 + length)) $((size / 2 + length / 2)) $((size - 4)); do
        perl -e 'local $/; $_ = <STDIN>; substr($_, $ARGV[0], 1) ^= "\1"; print' -- $at <model.bin >bad.bin
        refuses "the weights' XXH64 is "
        assert_regex "$(<err)" ', wanted [0-9a-f]{16}: it was damaged or changed$'
    done
}

@test "bytes behind the weights are refused" {
    { cat model.bin && printf '\0'; } >bad.bin
    refuses 'bytes follow the weights, wanted the end'
}

@test "a duplicate key is refused, in the metadata and among the tensors" {
    edited '$head =~ s/"latent":"3"/"latent":"3","latent":"3"/' 'the header is not JSON as wanted: byte '
    edited '$head =~ s/("mu.bias":\{.*?\})/$1,$1/' 'the header is not JSON as wanted: byte '
}

@test "a key of the metadata that is unknown, missing or no string is refused" {
    edited '$head =~ s/"latent"/"dropout":"0.5","latent"/' 'metadata "dropout" is not known'
    for key in format version item_shape input_scaling latent encoder_hidden decoder_hidden activation likelihood binarize; do
        edited '$head =~ s/"'$key'":"[^"]*",//' "metadata \"$key\" is missing, wanted it"
    done
    edited '$head =~ s/"latent":"3"/"latent":3/' 'metadata "latent" is not a string'
    edited '$head =~ s/"__metadata__"/"metadata"/' 'the header has no "__metadata__"'
    edited '$head =~ s/,"xxh64":"[^"]*"//' "the weights' XXH64 is "
}

# version_1 <MODEL >OUT: the model as version 1, which a model with the bound 80 and linear layers can be.
version_1() {
    safetensors edit '$head =~ s/"version":"2"/"version":"1"/; $head =~ s/"(logvar_bound|made\.[a-z_]*)":"[^"]*",//g'
}

# versions CODE: one.bin is model.bin as version 1, and two.bin is the same as version 2, changed by CODE.
versions() {
    version_1 <model.bin >one.bin
    safetensors edit '$head =~ s/"version":"1"/"version":"2"/;'"$1" <one.bin >two.bin
}

@test "a model of version 2 that version 1 can express does the same in every tool" {
    versions '$head =~ s/"made_by"/"made.reason":"why, and how","made_by"/'
    for command in 'vae-encode -m MODEL data.raw' 'vae-decode -m MODEL z.raw' 'vae-eval -m MODEL --per-item data.raw' \
        'vae-score -m MODEL data.raw' 'vae-sample -m MODEL -n 5' 'vae-info --tensors MODEL'; do
        ${command/MODEL/one.bin} | cmp - <(${command/MODEL/two.bin})
    done
    # What is one row more there is the key, in its place.
    vae-info one.bin | sed $'s/^version\t1/version\t2/; s/^made_by/made.reason\twhy, and how\\n&/' | diff - <(vae-info two.bin)
    { header f32 2x3 2 . && perl -e 'print pack "f<*", (1, "nan") x 6'; } >holes.raw
    rm model.bin
    vae-train -q -m model.bin -z 3 -H 2 -e 1 --missing holes.raw
    versions '$head =~ s/"made_by"/"made.reason":"","made_by"/'
    vae-impute -q -m one.bin holes.raw | cmp - <(vae-impute -q -m two.bin holes.raw)
}

@test "a training starts from a model of either version, and is resumed" {
    versions '$head =~ s/"made_by"/"made.":"x","made.reason.of":"y","made_by"/'
    same=(vae-train -q -z 3 -H "5,4" --decoder-hidden 6)
    for model in one two; do
        "${same[@]}" --start-from $model.bin -e 3 -m $model.out data.raw
        "${same[@]}" --start-from $model.bin -e 1 -m part.bin --checkpoint state data.raw
        "${same[@]}" --start-from $model.bin -e 3 -m $model.again --resume state data.raw
        rm state
    done
    for other in two.out one.again two.again; do
        cmp one.out $other
    done
    assert_equal "$(metadata two.out version)" 2
    no_metadata two.out made.reason.of
}

@test "only version 2 has keys that begin with made., and both versions refuse all other unknown keys" {
    for key in made.reason logvar_bound dropout; do
        version_1 <model.bin | safetensors edit '$head =~ s/"latent"/"'$key'":"20","latent"/' >bad.bin
        refuses "metadata \"$key\" is not known, wanted only the keys of version 1, see vae-model(5)"
    done
    for key in dropout made Made.reason xmade.reason made-reason; do
        safetensors edit '$head =~ s/"latent"/"'$key'":"x","latent"/' <model.bin >bad.bin
        refuses "metadata \"$key\" is not known, wanted only the keys of version 2, see vae-model(5)"
    done
    safetensors edit '$head =~ s/"latent"/"made.reason":1,"latent"/' <model.bin >bad.bin
    refuses 'metadata "made.reason" is not a string, wanted one'
}

@test "another version or format is refused as one" {
    for version in 3 0 10 1.0 01 ' 1' ''; do
        edited '$head =~ s/"version":"2"/"version":"'"$version"'"/' "metadata \"version\" is \"$version\", wanted \"1\" or \"2\""
    done
    # If the version is newer, the message does not name an unknown key, which that version may have.
    edited '$head =~ s/"version":"2"/"version":"3","new":"x"/' 'metadata "version" is "3", wanted "1" or "2"'
    edited '$head =~ s/"format":"vae-model"/"format":"pt"/' 'metadata "format" is "pt", wanted "vae-model"'
    edited '$head =~ s/255/256/' 'metadata "input_scaling" is "u8/256"'
}

@test "metadata without sense is refused by its key" {
    for case in latent:0 latent:-3 latent:3.0 latent:99999999 item_shape:2x0 item_shape: \
        decoder_hidden:6x6 activation:sine likelihood:binomial binarize:maybe; do
        edited '$head =~ s/"'"${case%:*}"'":"[^"]*"/"'"${case%:*}"'":"'"${case#*:}"'"/' \
            "metadata \"${case%:*}\": found '${case#*:}', wanted"
    done
    edited '$head =~ s/("encoder_hidden"):"[^"]*"/$1:"5,,4"/' "metadata \"encoder_hidden\": found '' in '5,,4', wanted none, or"
    edited '$head =~ s/"bernoulli"/"gaussian"/' 'metadata "sigma" is missing'
    edited '$head =~ s/"bernoulli"/"gaussian","sigma":"0"/' "metadata \"sigma\": found '0', wanted a number"
    # What only some models have: it must have a sense, and the tensors that go with it.
    for case in classes:0 classes:x prior:vamp:0 prior:vamp:2,3 prior:flat; do
        value=${case#*:}
        edited '$head =~ s/"latent":/"'"${case%%:*}"'":"'"$value"'","latent":/' \
            "metadata \"${case%%:*}\": found '${value#vamp:}', wanted"
    done
    edited '$head =~ s/"latent":/"missing":"none","latent":/' 'metadata "missing" is "none", wanted "nan"'
    edited '$head =~ s/"latent":/"classes":"3","latent":/' 'tensor "encoder.0.weight" is {"data_offsets":[0,120],"dtype":"F32","shape":[5,6]}, wanted'
    edited '$head =~ s/"latent":/"prior":"vamp:3","latent":/' 'tensor "prior.pseudo_inputs" is missing, wanted it'
}

@test "a tensor that is missing, unknown or of another shape, type or place is refused by name" {
    edited '$head =~ s/,"mu.bias":\{.*?\}//' 'tensor "mu.bias" is missing, wanted it'
    edited '$head =~ s/"mu.bias"/"nu.bias"/' 'tensor "mu.bias" is missing, wanted it'
    edited '$head =~ s/("mu.bias":\{.*?\})/$1,"extra":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}/' \
        "tensor \"extra\" is not one of this model's layers"
    edited '$head =~ s/\[5,6\]/[6,5]/' 'tensor "encoder.0.weight" is '
    edited '$head =~ s/\[5,6\]/[30]/' 'tensor "encoder.0.weight" is '
    for shape in 5,6,1 1,5,6 5,2,3 5,6,1,1 5,6,1,1,1 5,6.0 5,6e0 '5,"6"' '5,[6]' 5,6,0 5,-6; do
        edited '$head =~ s/\[5,6\]/['"$shape"']/' 'tensor "encoder.0.weight" is '
    done
    edited '$head =~ s/"F32"/"I32"/' 'tensor "encoder.0.weight" is {"data_offsets":[0,120],"dtype":"I32","shape":[5,6]}, wanted'
    edited '$head =~ s/("mu.bias":\{)/$1"note":"x",/' 'tensor "mu.bias" is '
}

@test "holes and overlaps in the data are refused" {
    # The last tensor moved by 4 bytes, with 4 bytes more in the file; the first two on one place.
    edited '$head =~ s/\[(\d+),(\d+)\]\}\}$/"[" . ($1 + 4) . "," . ($2 + 4) . "]}}"/e; $data .= "\0" x 4; checksum()' \
        'tensor "decoder.1.bias" is '
    edited '$head =~ s/\[120,140\]/[100,120]/' 'tensor "encoder.0.bias" is '
    edited '$head =~ s/\[120,140\]/[120,136]/' 'tensor "encoder.0.bias" is '
    edited '$head =~ s/\[120,140\]/[-20,0]/' 'tensor "encoder.0.bias" is '
}

@test "a weight that is not a number is refused though the checksum is right" {
    edited 'substr($data, 120, 4) = pack "f<", "NaN"; checksum()' 'tensor "encoder.0.bias" holds a value that is not finite'
    edited 'substr($data, -4) = pack "f<", "-Inf"; checksum()' 'tensor "decoder.1.bias" holds a value that is not finite'
    # Any other number with a right checksum is a model.
    safetensors edit 'substr($data, -4) = pack "f<", 2; checksum()' <model.bin >good.bin
    vae-decode -m good.bin z.raw | payload | od -A n -t f4 -j 20 | rows_hold 1 '$1 > 0.5'
}

@test "a header longer than the file, or than any model's, is refused without taking memory for it" {
    for case in '9000000:' '16777216:ended after ' '16777217:a header of 16777217 bytes, wanted 2 to 16777216' \
        '18446744073709551615:a header of 18446744073709551615 bytes, wanted 2 to' \
        '0:a header of 0 bytes, wanted 2 to' '1:a header of 1 bytes, wanted 2 to'; do
        perl -e 'local $/; $_ = <STDIN>; substr($_, 0, 8) = pack "Q<", $ARGV[0]; print' -- "${case%:*}" <model.bin >bad.bin
        refuses "${case#*:}"
    done
}

@test "a header of up to 16 MiB is read, and a value of any length in it" {
    vae-decode -m model.bin z.raw >wanted
    for bytes in 2048 1000000 10485760; do
        safetensors edit '$head =~ s/"seed":"9"/q("seed":"9) . "9" x '$bytes' . q(")/e' <model.bin >long.bin
        vae-decode -m long.bin z.raw | cmp - wanted
        assert_equal "$(vae-info long.bin | awk -F '\t' '$1 == "seed" { print length($2) }')" $((bytes + 1))
    done
    # Up to the last byte that is allowed.
    perl -e 'local $/; my $all = <STDIN>; my $n = unpack "Q<", $all;
        print pack("Q<", 1 << 24), substr($all, 8, $n), " " x ((1 << 24) - $n), substr $all, 8 + $n' <model.bin >long.bin
    vae-decode -m long.bin z.raw | cmp - wanted
    vae-train -q -m new.bin --start-from long.bin -z 3 -H 5,4 --decoder-hidden 6 -e 0 data.raw
    same_weights new.bin model.bin
}

# filled VALUE COUNT: a header of 16 MiB with COUNT times the value, N in it being its number, and a long text.
filled() {
    perl -e '
        my ($value, $count) = @ARGV;
        my ($open, $close) = $value =~ /:/ ? ("{", "}") : ("[", "]");
        my $head = qq({"x":$open) . join(",", map { $value =~ s/N/$_/r } 1 .. $count) . $close;
        $head .= q(,"y":") . "y" x ((1 << 24) - 8 - length $head) . q("});
        print pack("Q<", length $head), $head' -- "$1" "$2" >bad.bin
}

@test "a header of 16 MiB takes a bounded amount of memory, whatever is in it" {
    unsanitized 'its own memory is more'
    # The most values that are allowed. An object or an array counts as two: itself, and one in it.
    for case in '262139 "N":0' '131069 {}' '131069 []' '262139 ""'; do
        filled "${case#* }" "${case%% *}"
        refuses 'the header has no "__metadata__"'
        "$VAE_BUILD/bench/measure" vae-info bad.bin >measured 2>err && false
        grep -q 'the header has no "__metadata__"' err
        rows_hold 1 '$2 < 150000' <measured
    done
    # One more, and as many as there is room for.
    filled '"N":0' 262142
    refuses 'a header of up to 262145 JSON values, wanted at most 262144'
    filled '{}' 5500000
    refuses 'a header of up to 11000003 JSON values, wanted at most 262144'
    "$VAE_BUILD/bench/measure" vae-info bad.bin >measured 2>err && false
    grep -q 'wanted at most 262144' err
    rows_hold 1 '$2 < 30000' <measured
    # Commas in a text are none of them.
    safetensors edit '$head =~ s/"seed":"9"/q("seed":") . q(\\",[{) x 1000000 . q(")/e' <model.bin >long.bin
    vae-decode -m long.bin z.raw >out
    vae-decode -m model.bin z.raw | cmp - out
}

@test "a header that is not the wanted JSON is refused" {
    edited '$head = "not JSON"' 'the header is not JSON as wanted'
    edited '$head = "[1,2]"' 'the header is not a JSON object'
    edited '$head .= "{}"' 'the header is not JSON as wanted'
    edited '$head = "{\"a\":" . "[" x 64 . "]" x 64 . "}"' 'the header is not JSON as wanted: byte 68: found '
    edited '$head =~ s/}$//' 'the header is not JSON as wanted'
    edited '$head =~ s/relu/re\xfflu/' 'the header is not JSON as wanted'
    # A stream given for a model.
    cp data.raw bad.bin
    refuses 'is a stream, wanted a model, see vae-model(5)'
    head -c 100 /dev/zero | tr '\0' x >bad.bin
    refuses 'looks like text, as a CSV table is, wanted a model, see vae-model(5)'
    # Not by its first 8 bytes, which could be text.
    { printf archived && head -c 100 /dev/zero; } >bad.bin
    refuses 'a header of 7234318571535561313 bytes, wanted 2 to 16777216: is it a model file?'
    head -c 100 /dev/zero | tr '\0' '\377' >bad.bin
    refuses 'a header of 18446744073709551615 bytes, wanted 2 to 16777216: is it a model file?'
}

@test "layers that the file cannot hold are refused by the file's name, without their memory" {
    unsanitized 'they take much memory'
    safetensors edit '$head =~ s/"2x3"/"4096x4096"/; $head =~ s/"5,4"/"65536,65536"/' <model.bin >bad.bin
    fails 1 'vae-decode: bad.bin: ' bash -c 'ulimit -v 4000000; vae-decode -j 1 -m bad.bin z.raw'
}

@test "weights that a header claims, and agrees with itself on, cost nothing before they are there" {
    unsanitized 'its own memory is more'
    perl -e '
        my ($x, $h, $z, $at) = (4096 * 4096, 64, 3, 0);
        my @tensors = (["encoder.0.weight", $h, $x], ["encoder.0.bias", $h], ["mu.weight", $z, $h],
            ["logvar.weight", $z, $h], ["mu.bias", $z], ["logvar.bias", $z], ["decoder.0.weight", $x, $z], ["decoder.0.bias", $x]);
        my $head = join ",", map {
            my ($name, @shape) = @$_;
            my ($begin, $bytes) = ($at, 4 * $shape[0] * ($shape[1] // 1));
            $at += $bytes;
            sprintf q("%s":{"dtype":"F32","shape":[%s],"data_offsets":[%d,%d]}), $name, join(",", @shape), $begin, $at;
        } @tensors;
        my $model = do { local $/; <STDIN> };
        my ($metadata) = $model =~ /("__metadata__":\{[^}]*\})/;
        $metadata =~ s/"2x3"/"4096x4096"/; $metadata =~ s/"5,4"/"64"/; $metadata =~ s/"decoder_hidden":"[^"]*"/"decoder_hidden":"none"/;
        $head = "{$metadata,$head}";
        print pack("Q<", length $head), $head' <model.bin >bad.bin
    # 4 GB of them: a machine may also have too little to promise that.
    "$VAE_BUILD/bench/measure" vae-info bad.bin >measured 2>err && false
    assert_regex "$(<err)" '^vae-info: (bad.bin: ended after 0 of [0-9]+ bytes of weights|parameters: out of memory for [0-9]+ numbers)'
    rows_hold 1 '$2 < 100000' <measured
}

@test "a model that is a directory, missing or empty is refused by name" {
    mkdir dir
    fails 1 'vae-decode: dir: is a directory, wanted a file' vae-decode -m dir z.raw
    fails 1 'vae-decode: none: cannot open: No such file or directory' vae-decode -m none z.raw
    true >bad.bin
    refuses 'empty input, wanted a model'
}

@test "a write that fails leaves the model there was, and no temporary file" {
    cp model.bin before.bin
    # Big enough for one write to go through in part.
    idx2raw -n 10 "$IMAGES" >images.raw
    # XFSZ ignored, the write itself fails, as on a full disk.
    fails 1 'vae-train: ' \
        bash -c "trap '' XFSZ; ulimit -f 16; vae-train -q -m model.bin -e 1 images.raw"
    assert_regex "$(<err)" 'model.bin: cannot write: File too large$'
    cmp model.bin before.bin
    assert_empty "$(find . -name '.*' -type f)"
}

@test "a limit on the size of files is an error like others, not a death by signal" {
    cp model.bin before.bin
    idx2raw -n 10 "$IMAGES" >images.raw
    fails 1 'vae-train: ' \
        bash -c 'ulimit -c 0; ulimit -f 16; vae-train -q -m model.bin -e 1 images.raw'
    assert_regex "$(<err)" 'model.bin: cannot write: File too large$'
    cmp model.bin before.bin
    assert_empty "$(find . -name '.*' -type f)"
}

@test "a temporary file that a dead run left is no obstacle, and none is left by a good one" {
    head -c 100000 /dev/zero >.again.bin.tmp
    $(metadata model.bin command) -q -m again.bin data.raw
    cmp model.bin again.bin
    assert_empty "$(find . -name '.*' -type f)"
}

@test "a symbolic link to a model stays one, and a link in the temporary file's place is not followed" {
    mkdir elsewhere
    cp model.bin elsewhere/real.bin
    ln -s elsewhere/real.bin link.bin
    vae-train -q -m link.bin -H 2 -z 1 -e 1 data.raw
    assert [ -L link.bin ]
    assert_equal "$(metadata elsewhere/real.bin encoder_hidden)" 2
    printf 'precious' >precious
    ln -s precious .new.bin.tmp
    fails 1 'vae-train: ' vae-train -q -m new.bin -e 1 data.raw
    assert_equal "$(<precious)" precious
}

@test "a new model has the permissions that the umask leaves" {
    (umask 027 && vae-train -q -m new.bin -H 2 -e 1 data.raw)
    assert_equal "$(stat -c %a new.bin)" 640
}
