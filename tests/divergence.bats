#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A training whose numbers are no longer finite: what its message names, what it advises, and what is kept.
# shellcheck disable=SC2016 # what is quoted is Perl's
load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    idx2raw -n 100 "$IMAGES" >items.raw
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR/items.raw" .
}

@test "a likelihood that overflows is named, not the layer before it" {
    { header i32 4 100 . && perl -e 'srand 3; print pack "l<*", map { int rand 9 } 1 .. 400'; } >counts.raw
    fails 1 'vae-train: training: the loss of step ' vae-train -q -m model.bin -l poisson -r 1000 -b 10 -e 5 counts.raw
    assert_regex "$(<err)" ' first the output of likelihood)'
}

@test "a layer that overflows in a later draw is named" {
    { header u8 1 1 . && printf '\0'; } >zero.raw
    vae-train -q -m x.bin -H none -z 1 -e 0 zero.raw
    # A draw above 1.7 overflows, one of ten or so.
    perl "$ROOT/tests/safetensors.pl" edit '$head =~ /"decoder.0.weight":\{[^}]*"data_offsets":\[(\d+)/ or die;
        substr $data, $1, 4, pack "f<", 2e38; checksum()' <x.bin >far.bin
    fails 1 'vae-train: training: the loss of step 1 is not finite' vae-train -q -m x.bin -H none -z 1 -b 1 -k 500 --start-from far.bin zero.raw
    assert_regex "$(<err)" ' first the output of decoder.0\)'
}

@test "the figures of a loss that is not finite are per item" {
    { header f32 3 60 . && perl -e 'print pack "f<*", (1e20) x 180'; } >equal.raw
    local batch kl=()
    for batch in 1 60; do
        fails 1 'vae-train: training: the loss of step 1 is not finite (reconstruction ' vae-train -q -m model.bin -H none -z 2 -l gaussian -b $batch equal.raw
        kl+=("$(grep -o 'kl [0-9.e+]*,' err)")
    done
    assert_equal "${kl[1]}" "${kl[0]}"
}

@test "a message of a training that diverges has the largest numbers, and advice that fits them" {
    { header f32 3 60 . && perl -e 'srand 3; print pack "f<*", map { 1e14 * rand } 1 .. 180'; } >large.raw
    { header f32 3 60 . && perl -e 'srand 3; print pack "f<*", map { $_ == 100 ? -3e38 : rand } 1 .. 180'; } >one.raw
    { header f32 3 60 . && perl -e 'srand 3; print pack "f<*", map { rand } 1 .. 180'; } >unit.raw
    local real=(vae-train -q -m model.bin -z 2 -e 50 -b 100 -l gaussian)
    # At rate 0, where no other rate helps.
    for rate in 0 0.001; do
        fails 1 'vae-train: training: second moment of tensor "' "${real[@]}" -H 8 -r $rate large.raw
        assert_regex "$(<err)" ' after step [0-9]+, wanted numbers: \|x\| is up to 9\.[0-9.]+e\+13 \(item [0-9]+, element [0-2] of large.raw\), '\
'the parameters up to 0\.[0-9]+ \([a-z0-9.]+\): items scaled to numbers of about 1 may help$'
    done
    fails 1 'vae-train: training: ' "${real[@]}" -H 8 one.raw
    assert_regex "$(<err)" '\|x\| is up to 3e\+38 \(item 33, element 0 of one.raw\), '
    # The first and only item of its step.
    fails 1 'vae-train: training: ' vae-train -q -m model.bin -z 2 -e 50 -l gaussian -H 8 -b 1 -r 0 one.raw
    assert_regex "$(<err)" '\|x\| is up to 3e\+38 \(item 33, element 0 of one.raw\), '
    fails 1 'vae-train: training: ' "${real[@]}" -H 8 -r 1000 unit.raw
    assert_regex "$(<err)" ' up to [0-9.e+]+ \([a-z0-9.]+\): a lower --rate or --clip may help$'
    # Found in its step, and not only when the checkpoint is saved.
    assert_regex "$(<err)" ' is not finite after step [2-9], '
    fails 1 'vae-train: training: the norm of the gradient is not finite in step ' "${real[@]}" -H 8 -r 1000 --clip 1e30 unit.raw
    assert_regex "$(<err)" ': a lower --rate may help$'
    fails 1 'vae-train: training: ' "${real[@]}" -H 8,8,8,8 --init normal:1000 unit.raw
    assert_regex "$(<err)" '\([a-z.0-9]+\): smaller initial weights may help$'
    # A scale that is an output of the decoder wants smaller numbers.
    { header f32 3 60 . && perl -e 'srand 3; print pack "f<*", map { 3e4 * rand } 1 .. 180'; } >far.raw
    fails 1 'vae-train: training: ' "${real[@]}" -H 64 --sigma net far.raw
    assert_regex "$(<err)" ': items scaled to numbers of about 1 may help$'
    fails 1 'vae-train: training: ' "${real[@]}" -H 8,8,8,8 --sigma net --init normal:1000 unit.raw
    assert_regex "$(<err)" '\([a-z.0-9]+\): smaller initial weights may help$'
    # The rate is the cause with numbers of about 1, and with larger ones without such a scale.
    for options in '--sigma net unit.raw' far.raw; do
        # shellcheck disable=SC2086 # several options
        fails 1 'vae-train: training: ' "${real[@]}" -H 8 -r 1000 $options
        assert_regex "$(<err)" ': a lower --rate or --clip may help$'
    done
    # Counts cannot be scaled.
    { header i32 3 60 . && perl -e 'print pack "l<*", map { 16777216 - $_ } 1 .. 180'; } >counts.raw
    fails 1 'vae-train: training: ' vae-train -q -m model.bin -H none -z 2 -l poisson -b 100 --init normal:10 counts.raw
    assert_regex "$(<err)" ': smaller initial weights may help$'
}

@test "at rate 0 no lower rate is advised, in whatever step the loss is not finite" {
    { header f32 1 60 . && perl -e 'print pack "f<*", map { $_ == 30 ? 5e5 : 0 } 0 .. 59'; } >one.raw
    vae-train -q -m x.bin -H none -z 1 -l gaussian -e 0 one.raw
    perl "$ROOT/tests/safetensors.pl" edit 'my %w = ("mu.weight", 1e20, "decoder.0.weight", 1e8); for my $name (keys %w) {
        $head =~ /"$name":\{[^}]*"data_offsets":\[(\d+)/ or die; substr $data, $1, 4, pack "f<", $w{$name} } checksum()' <x.bin >far.bin
    fails 1 'vae-train: training: the loss of step ' vae-train -q -m x.bin -H none -z 1 -l gaussian -b 1 -r 0 --start-from far.bin one.raw
    run -1 grep 'step 1 ' err
    assert_regex "$(<err)" ': smaller initial weights may help$'
}

@test "numbers of a thousand and more, and floats to 255, are trained on with every activation" {
    { header f32 2 200 . && perl -e 'print pack "f<*", map { 1000 + $_, 2000 - $_ } 0 .. 199'; } >thousands.raw
    { header f32 16 200 . && perl -e 'srand 5; print pack "f<*", map { int 256 * rand } 1 .. 3200'; } >pixels.raw
    { header f32 3 200 . && perl -e 'srand 5; print pack "f<*", map { 1e6 * rand } 1 .. 600'; } >million.raw
    for data in thousands pixels million; do
        for options in '-a relu' '-a relu -r 0' '-a tanh -r 0.01' '-a gated' '-a gelu --sigma shared'; do
            # shellcheck disable=SC2086 # several options
            vae-train -q -m model.bin -H 32 -z 2 -l gaussian -e 5 $options $data.raw
            vae-eval -q -m model.bin $data.raw | tail -1 | rows_hold 1 '$2 < 0 && $2 > -1e30'
        done
    done
}

@test "where training diverges the last whole epoch's model is kept, and the step is named" {
    run -1 --separate-stderr vae-train -m model.bin --log log.tsv -H 16 -z 2 -l gaussian --schedule step:4:1e9 -b 50 -e 50 items.raw
    # shellcheck disable=SC2154 # stderr is what `run --separate-stderr` sets
    assert_regex "$stderr" 'training: .* step [0-9]+.* wanted numbers: \|x\| is up to 1 \(item [0-9]+, element [0-9]+ of items.raw\), '\
'the parameters up to [0-9.e+]+ \([a-z.0-9]+\): a lower --rate or --clip may help'
    assert_regex "$stderr" 'model.bin: holds the weights of epoch [0-9]+'
    [[ $stderr =~ weights\ of\ epoch\ ([0-9]+) ]]
    assert_equal "$(metadata model.bin epochs)" "${BASH_REMATCH[1]}"
    # The log of these epochs stays, too.
    assert_equal "$(last log 1)" "${BASH_REMATCH[1]}"
    # The last one, not the best: with validation, too.
    for options in '' '--val items.raw'; do
        # shellcheck disable=SC2086 # none or two
        run -1 --separate-stderr vae-train -m model.bin -H 16 -z 2 -l gaussian -b 50 -e 50 --schedule step:3:1e9 $options items.raw
        assert_regex "$stderr" 'model.bin: holds the weights of epoch 3'
        assert_equal "$(metadata model.bin epochs)" 3
    done
    # Also where an earlier epoch has the better validation.
    run -1 --separate-stderr vae-train -q -m model.bin --log log.tsv -H 16 -z 2 -l gaussian -b 50 -e 50 --schedule step:1:30 --val items.raw items.raw
    assert_equal "$(metadata model.bin epochs)" "$(last log 1)"
    awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "val_elbo") column = i } NR == 2 { first = $column } END { exit !(first > $column) }' log.tsv
    vae-encode -q -m model.bin items.raw | raw-info | row_holds 2 '$3 == 100 && $8 == 0'
    assert_empty "$(find . -name '.*.tmp')"
}
