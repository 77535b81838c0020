#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Models that predict a number of each item: --target, in training, evaluation, and vae-climb -m.
# shellcheck disable=SC2016 # what is quoted is awk's and perl's
load helper

# 400 items of eight numbers that two hidden ones make, and 200 others; the target is linear in the hidden ones.
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    perl -e 'srand 3;
        sub make {
            my ($name, $n) = @_;
            my ($items, $targets) = ("", "");
            for (1 .. $n) {
                my @h = map { rand(2) - 1 } 1, 2;
                $items .= pack "f<8", map { $h[0] * sin($_) + $h[1] * cos(1.3 * $_) + 0.05 * (rand() - 0.5) } 1 .. 8;
                $targets .= pack "f<", 50 + 3 * ($h[0] - $h[1] / 2);
            }
            open my $f, ">", "$name.items"; print $f $items;
            open my $g, ">", "$name.targets"; print $g $targets;
        }
        make("known", 400); make("other", 200);'
    { header f32 8 400 . && cat known.items; } >items.raw
    { header f32 1 400 . && cat known.targets; } >targets.raw
    { header f32 8 200 . && cat other.items; } >other.raw
    { header f32 1 200 . && cat other.targets; } >other-targets.raw
    learn -m model.bin -e 60 --target targets.raw --val other.raw --val-target other-targets.raw --log log.tsv items.raw 2>told
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/* .
}

# learn OPTION...: a small model of real numbers.
learn() {
    defaulting -H 32 -z 2 -b 32 -r 0.003 -l gaussian --sigma shared -e 3 -- vae-train "$@"
}

# LEARNING: the same as a program for fails, which runs no function.
LEARNING=(vae-train -q -H 32 -z 2 -b 32 -r 0.003 -l gaussian --sigma shared -e 3)

# holes FILE: the targets on stdin with nan in place of two of three.
holes() {
    payload | perl -0777 -e 'my @t = unpack "f<*", <STDIN>; $_ % 3 and $t[$_] = "nan" for 0 .. $#t;
        printf "%-63s\n%s", "raw1 f32 1 " . @t . " .", pack "f<*", @t'
}

# r2 FILE: 1 - residual / total, of lines with a target and its prediction, without those whose target is nan.
r2() {
    awk '$1 != "nan" { n++; sum += $1; residual += ($1 - $2) ^ 2; t[n] = $1 }
        END { for (i = 1; i <= n; i++) total += (t[i] - sum / n) ^ 2; print 1 - residual / total }' "$1"
}

# r2_of MODEL [OPTION...]: the figure of vae-eval on the items that no training has seen.
r2_of() {
    vae-eval -q -m "$1" --target other-targets.raw "${@:2}" other.raw | awk -F '\t' 'NR == 2 { print $NF }'
}

@test "a property that is linear in hidden numbers is predicted for other items" {
    vae-eval -m model.bin --target other-targets.raw other.raw >table
    assert_equal "$(head -1 table | tr '\t' ' ')" 'items elbo reconstruction kl active_latents elbo_se elbo_bits target_r2'
    row_holds 2 '$8 > 0.98 && $8 <= 1' <table
    # The table is otherwise that without --target, which is not needed.
    cut -f 1-7 table | cmp - <(vae-eval -m model.bin other.raw)
    # The predictions are in units of the target, and so is their error.
    vae-eval -m model.bin --target other-targets.raw --per-item other.raw >items
    assert_equal "$(head -1 items | tr '\t' ' ')" 'item elbo reconstruction kl prediction'
    cut -f 1-4 items | cmp - <(vae-eval -m model.bin --per-item other.raw)
    paste <(raw2csv --no-header other-targets.raw) <(tail -n +2 items | cut -f 5) >pairs
    rows_hold 200 '($1 - $2)^2 < 0.5' <pairs
    near "$(r2 pairs)" "$(r2_of model.bin)" 0.0001
    # They are made from the posterior means, whatever the draws.
    vae-eval -m model.bin -S 9 -k 5 --target other-targets.raw --per-item other.raw | cut -f 7 | cmp - <(cut -f 5 items)
}

@test "the file, the log and the notes have the figures" {
    near "$(metadata model.bin target_mean)" "$(raw2csv --no-header targets.raw | awk '{ s += $1 / 400 } END { print s }')" 0.001
    near "$(metadata model.bin target_deviation)" \
        "$(raw2csv --no-header targets.raw | awk '{ s += $1; q += $1 ^ 2 } END { print sqrt(q / 400 - (s / 400) ^ 2) }')" 0.01
    assert_equal "$(metadata model.bin target_hidden)" 64
    assert_equal "$(tensor model.bin target.0.weight | wc -w) $(tensor model.bin target.1.weight | wc -w)" '128 64'
    vae-info --net model.bin | row_holds 8 '$1 == "target.0" && $2 == "linear" && $3 == 64'
    assert_equal "$(head -1 log.tsv | cut -f 12- | tr '\t' ' ')" \
        'train_bound val_bound train_target val_target train_target_r2 val_target_r2'
    near "$(last log 17)" "$(r2_of model.bin)" 0.0001
    near "$(metadata model.bin made.val_target_r2)" "$(last log 17)" 0.0001
    near "$(metadata model.bin made.train_target_r2)" "$(last log 16)" 0.0001
    holds "$(last log 16) > 0.95"
    # All targets are known, so the bound is the ELBO and their term.
    tail -n +2 log.tsv | rows_hold 60 '($12 - $4 - $14)^2 < 1e-6 && ($13 - $7 - $15)^2 < 1e-6'
    assert_regex "$(tail -1 told)" \
        '8-32-2-32-8 \(target 64-1\) relu gaussian, .*, bound .* nats per item, target R\^2 0\.9[0-9]* \(validation 0\.9[0-9]*\), '
    assert_regex "$(head -1 told)" 'epoch 1/60: elbo .*, target R\^2 -?0\.[0-9]* \(validation -?0\.[0-9]*\), '
    # The weight is that of the bound.
    learn -q -m half.bin --target targets.raw --target-weight 0.5 --target-hidden none --log half.tsv items.raw
    tail -n +2 half.tsv | rows_hold 3 '($12 - $4 - $14 / 2)^2 < 1e-6 && $15 == "nan"'
    assert_equal "$(metadata half.bin target_hidden)" none
    assert_equal "$(tensor half.bin target.0.weight | wc -w)" 2
}

@test "with weight 0 the other parameters are those of a model without a head, whatever the objective" {
    for options in '-k 1' '-k 3' '-k 3 --objective iwae' '-k 3 --objective dreg' '--prior vamp:5' '--optimizer muon'; do
        # shellcheck disable=SC2086
        learn -q -m plain.bin $options items.raw
        # shellcheck disable=SC2086
        learn -q -m none.bin $options --target targets.raw --target-weight 0 items.raw
        for name in encoder.0.weight mu.weight logvar.bias decoder.0.weight decoder.1.bias likelihood.log_scale; do
            vae-info --dump $name none.bin | cmp - <(vae-info --dump $name plain.bin)
        done
        # shellcheck disable=SC2086
        learn -q -m some.bin $options --target targets.raw items.raw
        vae-info --dump encoder.0.weight some.bin >some
        vae-info --dump encoder.0.weight plain.bin >plain
        run -1 cmp some plain
    done
}

@test "targets that are not known have no part" {
    holes <targets.raw >few.raw
    learn -m few.bin -e 60 --target few.raw items.raw 2>told
    assert_regex "$(head -1 told)" '^vae-train: few\.raw: 134 of 400 training items have a known target: the others train the rest of the model$'
    near "$(metadata few.bin target_mean)" \
        "$(raw2csv --no-header few.raw | awk '$1 != "nan" { s += $1 / 134 } END { print s }')" 0.001
    near "$(metadata few.bin target_deviation)" "$(raw2csv --no-header few.raw |
        awk '$1 != "nan" { s += $1; q += $1 ^ 2 } END { print sqrt(q / 134 - (s / 134) ^ 2) }')" 0.01
    holds "$(r2_of few.bin) > 0.95"
    holds "$(metadata few.bin made.train_target_r2) > 0.9"
    # Of the others the figures are made, too.
    holes <other-targets.raw >some.raw
    paste <(raw2csv --no-header some.raw) \
        <(vae-eval -m few.bin --target other-targets.raw --per-item other.raw | tail -n +2 | cut -f 5) >pairs
    near "$(r2 pairs)" "$(vae-eval -q -m few.bin --target some.raw other.raw | awk 'NR == 2 { print $8 }')" 0.0001
    # An item is predicted, also if its target is not known.
    vae-eval -m few.bin --target some.raw --per-item other.raw |
        cmp - <(vae-eval -m few.bin --target other-targets.raw --per-item other.raw)
    # Without a known one there is no figure.
    { header f64 1 200 . && perl -e 'print pack "d<*", ("nan") x 200'; } >nothing.raw
    vae-eval -m few.bin --target nothing.raw other.raw | row_holds 2 '$8 == "nan"'
    learn -q -m x.bin -e 1 --log x.tsv --target targets.raw --val other.raw --val-target nothing.raw items.raw
    row_holds 2 '$15 == "nan" && $17 == "nan" && $13 == $7' <x.tsv
}

@test "frames, types and threads change no byte" {
    options=(-q -e 6 --val 0.2 --objective iwae -k 3)
    learn "${options[@]}" -m one.bin --log one.tsv --target targets.raw items.raw
    payload <targets.raw | perl -0777 -ne 'my @t = unpack "f<*"; printf "%-63s\n%s", "raw1 f64 1 400 .", pack "d<*", @t' >wide.raw
    recut 7 <wide.raw >cut.raw
    learn "${options[@]}" -m other.bin --target cut.raw -j 1 items.raw
    cmp one.bin other.bin
    # Validation items are more than are worked on at a time, each with its own target.
    for _ in {1..4}; do cat other.raw >&3 && cat other-targets.raw >&4; done 3>many.raw 4>many-targets.raw
    learn -q -e 20 -m many.bin --target targets.raw --val many.raw --val-target many-targets.raw --log many.tsv items.raw
    near "$(last many 17)" "$(vae-eval -q -m many.bin --target many-targets.raw many.raw | awk 'NR == 2 { print $8 }')" 0.0001
    near "$(last many 17)" "$(r2_of many.bin)" 0.0001
    vae-eval -m model.bin --target targets.raw --per-item items.raw >table
    recut 130 <items.raw | vae-eval -m model.bin --target <(recut 11 <wide.raw) --per-item -j 1 | cmp - table
}

@test "a run that is killed and resumed, with its best epoch so far, gives the bytes of a whole one" {
    preloaded
    options=(-q -H 32 -z 2 -b 32 -l gaussian --sigma shared -e 60 -r 0.02 --val 0.2 --patience 3 --target targets.raw)
    vae-train "${options[@]}" -m whole.bin --log whole.tsv items.raw
    assert [ "$(last whole 1)" -lt 60 ]
    # 10 steps an epoch: within the second one, and after the best one.
    for step in 16 $((10 * ($(last whole 1) - 1) + 4)); do
        rm -f part.*
        cut_at "$step" vae-train "${options[@]}" -m part.bin --log part.tsv --checkpoint part.ck --every 1 items.raw
        vae-train "${options[@]}" -m part.bin --log part.tsv --resume part.ck -j 3 items.raw
        cmp whole.bin part.bin
        cut -f 3 --complement whole.tsv | diff - <(cut -f 3 --complement part.tsv)
    done
}

@test "a checkpoint knows its targets" {
    learn -q -m run.bin --target targets.raw --val other.raw --val-target other-targets.raw --checkpoint run.ck items.raw
    { header f32 1 400 . && head -c 1596 known.targets && f32 9; } >last.raw
    { header f32 1 200 . && head -c 796 other.targets && f32 9; } >other-last.raw
    fails 1 'vae-train: run.ck: the targets of --target differ from those of the checkpoint: their XXH64 is ' \
        "${LEARNING[@]}" -m run.bin --target last.raw --val other.raw --val-target other-targets.raw --resume run.ck items.raw
    fails 1 'vae-train: run.ck: the targets of --val-target differ from those of the checkpoint: their XXH64 is ' \
        "${LEARNING[@]}" -m run.bin --target targets.raw --val other.raw --val-target other-last.raw --resume run.ck items.raw
    fails 1 'vae-train: run.ck: --target is not given in this run, wanted given as in the file' \
        "${LEARNING[@]}" -m run.bin --val other.raw --resume run.ck items.raw
    fails 1 'vae-train: run.ck: --target-weight is 2 in this run, wanted not given as in the file' \
        "${LEARNING[@]}" -m run.bin --target targets.raw --target-weight 2 --val other.raw --val-target other-targets.raw --resume run.ck items.raw
    perl "$ROOT/tests/safetensors.pl" edit '$head =~ /"target_sums":\{[^}]*"data_offsets":\[(\d+)/ or die;
        substr $data, $1, 8, pack "d<", -1; checksum()' <run.ck >bad.ck
    fails 1 'vae-train: bad.ck: tensor "target_sums" holds impossible values, wanted finite sums of items' \
        "${LEARNING[@]}" -m run.bin --target targets.raw --val other.raw --val-target other-targets.raw --resume bad.ck items.raw
}

@test "targets go with labels, a VampPrior, missing elements, sequences, convolutions, muon and averages" {
    perl -e 'srand 4; print pack "C*", map { int rand 3 } 1 .. 400' >labels.data
    { header u8 1 400 . && cat labels.data; } >labels.raw
    payload <items.raw | perl -0777 -e 'my @x = unpack "f<*", <STDIN>; $_ % 11 or $x[$_] = "nan" for 0 .. $#x;
        printf "%-63s\n%s", "raw1 f32 8 400 .", pack "f<*", @x' >gaps.raw
    { header f32 4x2 400 . && cat known.items; } >tiles.raw
    perl -e 'srand 5; print join("", map { ("a", "b")[rand 2] } 1 .. 1 + rand 6), "\n" for 1 .. 400' >words.txt
    text2raw --write-tokens tokens.txt --length 8 words.txt >words.raw
    awk '{ print gsub("a", "") }' words.txt | csv2raw --no-header >as.raw
    while read -r least targets data options; do
        # shellcheck disable=SC2086
        defaulting -z 2 -b 32 -e 30 -r 0.01 -- vae-train -q -m kind.bin --target $targets $options $data
        cond=()
        [[ $options != *--cond* ]] || cond=(--cond labels.raw)
        vae-eval -q -m kind.bin --target "$targets" "${cond[@]}" "$data" | awk -F '\t' 'NR == 2 { print $NF }' >r2
        echo "$options: $(<r2)"
        holds "$(<r2) > $least"
        vae-encode -m kind.bin "${cond[@]}" "$data" | vae-decode -q -m kind.bin | raw-info | row_holds 2 '$3 == 400'
        vae-info --row kind.bin | row_holds 2 '$2 == "model"'
    done <<'END'
0.9 targets.raw items.raw -H 32 -l gaussian --sigma shared --cond labels.raw
0.9 targets.raw items.raw -H 32 -l gaussian --sigma shared --prior vamp:5
0.8 targets.raw gaps.raw -H 32 -l gaussian --sigma shared --missing
0.9 targets.raw tiles.raw -H conv:8:3,16 -l gaussian --sigma shared -k 2
0.5 as.raw words.raw -H gru:32 --decoder-hidden gru:16 --tokens tokens.txt -e 60
0.9 targets.raw items.raw -H 32 -l gaussian --sigma optimal --optimizer muon --clip 1
0.9 targets.raw items.raw -H 32 -l gaussian --sigma shared --ema 0.9 -a gated --target-hidden 16,8
END
}

@test "--start-from goes on with the units of the model" {
    payload <targets.raw | perl -0777 -ne 'printf "%-63s\n%s", "raw1 f32 1 400 .", pack "f<*", map { 2 * $_ } unpack "f<*"' >twice.raw
    learn -q -m next.bin -e 0 --start-from model.bin --target twice.raw items.raw
    assert_equal "$(metadata next.bin target_mean)" "$(metadata model.bin target_mean)"
    assert_equal "$(r2_of next.bin)" "$(r2_of model.bin)"
    same_weights next.bin model.bin
    fails 1 'vae-train: model.bin: target_hidden is 8 in this run, wanted 64 as in the file' \
        "${LEARNING[@]}" -m x.bin --start-from model.bin --target targets.raw --target-hidden 8 items.raw
    fails 1 'vae-train: model.bin: target_hidden is not given in this run, wanted 64 as in the file' \
        "${LEARNING[@]}" -m x.bin --start-from model.bin items.raw
}

@test "the bound of validation has the weight, and with weighted draws the target in their weights" {
    for objective in elbo iwae; do
        for weight in 0 2; do
            learn -q -e 1 -r 0 -k 1 --objective $objective -m x.bin --log $weight.tsv --target targets.raw \
                --target-weight $weight --val other.raw --val-target other-targets.raw items.raw
        done
        near "$(last 2 13)" "$(awk "BEGIN { print $(last 0 13) + 2 * $(last 0 15) }")" 0.0003
        near "$(last 2 12)" "$(awk "BEGIN { print $(last 0 12) + 2 * $(last 0 14) }")" 0.0003
        assert_equal "$(last 2 7) $(last 2 15)" "$(last 0 7) $(last 0 15)"
    done
    # With more draws the logarithm of a mean is above the mean of logarithms.
    for objective in elbo iwae; do
        learn -q -e 1 -r 0 -k 50 --objective $objective -m x.bin --log $objective.tsv --target targets.raw \
            --target-weight 2 --val other.raw --val-target other-targets.raw items.raw
    done
    holds "$(last iwae 13) > $(last elbo 13) + 0.01"
    near "$(last iwae 15)" "$(last elbo 15)" 0.1
    near "$(last elbo 16)" "$(last 0 16)" 0.1
    near "$(last elbo 12)" "$(awk "BEGIN { print $(last elbo 4) + 2 * $(last elbo 14) }")" 0.0003
    near "$(last elbo 13)" "$(awk "BEGIN { print $(last elbo 7) + 2 * $(last elbo 15) }")" 0.0003
    near "$(last iwae 12)" "$(last iwae 13)" 1
}

@test "--patience judges the target, too, and a fraction for --val takes the targets with their items" {
    learn -q -m x.bin -e 30 --patience 1 --target-weight 1000 --log x.tsv --target targets.raw --val 0.3 items.raw
    awk -F '\t' 'NR > 1 && (NR == 2 || $13 > best) { best = $13; epoch = $1 } END { print epoch }' x.tsv >best
    assert_equal "$(metadata x.bin epochs)" "$(<best)"
    holds "$(metadata x.bin made.val_target_r2) > 0.9"
    near "$(metadata x.bin made.val_bound)" "$(awk -F '\t' -v e="$(<best)" '$1 == e { print $13 }' x.tsv)" 0.001
    tail -n +2 x.tsv | rows_hold "$(last x 1)" '($13 - $7 - 1000 * $15)^2 < 0.01'
}

@test "targets that do not fit are refused, with both figures" {
    { header f32 1 399 . && head -c 1596 known.targets; } >few.raw
    { header f32 1 401 . && cat known.targets && f32 1; } >many.raw
    { header f32 1 400 . && head -c 1596 known.targets && f32 -inf; } >inf.raw
    recut 7 <inf.raw >cut.raw
    { header f64 1 400 . && perl -e 'print pack "d<*", 1e39, (1) x 399'; } >large.raw
    { header u8 1 400 . && head -c 400 /dev/zero | tr '\0' '\7'; } >same.raw
    { header f32 1 400 . && perl -e 'print pack "f<*", ("nan") x 400'; } >none.raw
    { header f32 1 400 . && perl -e 'print pack "f<*", 3, ("nan") x 399'; } >single.raw
    for tool in 'vae-train -q -m x.bin -l gaussian' 'vae-eval -q -m model.bin'; do
        name=${tool%% *}
        # shellcheck disable=SC2086
        set -- $tool --target
        fails 1 "$name: few.raw: ends after 399 targets, wanted one for each item of items.raw" "$@" few.raw items.raw
        fails 1 "$name: many.raw: has more targets than 400, wanted one for each item of items.raw" "$@" many.raw items.raw
        fails 1 "$name: inf.raw: target 399 is -inf, wanted a number from -3.4e38 to 3.4e38, or nan if it is not known" "$@" inf.raw items.raw
        fails 1 "$name: cut.raw: target 399 is -inf, wanted a number" "$@" cut.raw items.raw
        fails 1 "$name: large.raw: target 0 is 1e+39, wanted a number from" "$@" large.raw items.raw
        fails 1 "$name: items.raw: items have shape 8, wanted targets: one number per item" "$@" items.raw items.raw
        fails 1 "$name: nowhere: cannot open" "$@" nowhere items.raw
        fails 2 "$name: --target: found '-', wanted a file's name, not a standard stream" "$@" - items.raw
    done
    set -- vae-train -q -m x.bin -l gaussian
    fails 1 'vae-train: same.raw: found 7 for all 400 known targets of the training items, wanted different ones' "$@" --target same.raw items.raw
    fails 1 'vae-train: single.raw: found 3 for all 1 known targets of the training items, wanted different ones' "$@" --target single.raw items.raw
    fails 1 'vae-train: none.raw: found no known target for the 400 training items, wanted numbers' "$@" --target none.raw items.raw
    fails 1 'vae-train: targets.raw: would be written and is also read as targets.raw' vae-train -m targets.raw -l gaussian --target targets.raw items.raw
    fails 1 'vae-train: few.raw: ends after 399 targets, wanted one for each item of items.raw' "$@" --target targets.raw --val items.raw --val-target few.raw items.raw
    fails 2 'vae-train: --target: found it with --val, wanted the targets of its items, too (--val-target)' "$@" --target targets.raw --val other.raw items.raw
    fails 2 'vae-train: --val-target: found it with a fraction for --val, whose targets are those of --target, wanted it left out' "$@" --target targets.raw --val 0.1 --val-target other-targets.raw items.raw
    fails 2 'vae-train: --val-target: found it without --val, wanted the items that these targets belong to' "$@" --target targets.raw --val-target other-targets.raw items.raw
    fails 2 'vae-train: --val-target: found it without --target, wanted both or none' "$@" --val other.raw --val-target other-targets.raw items.raw
    fails 2 'vae-train: --target-weight: found it without --target, wanted both or none' "$@" --target-weight 0 items.raw
    fails 2 'vae-train: --target-hidden: found it without --target, wanted both or none' "$@" --target-hidden 64 items.raw
    fails 2 "vae-train: --target-hidden: found 'res', wanted none, or 1 to 8 numbers of units from 1 to 65536 with ',' between them" "$@" --target targets.raw --target-hidden res items.raw
    fails 2 "vae-train: --target-hidden: found '1,2,3,4,5,6,7,8,9', wanted none, or 1 to 8 numbers" "$@" --target targets.raw --target-hidden 1,2,3,4,5,6,7,8,9 items.raw
    learn -q -m plain.bin items.raw
    fails 1 'vae-eval: plain.bin: predicts no target, wanted no --target, or a model that vae-train --target has trained' vae-eval -m plain.bin --target targets.raw items.raw
    fails 2 'vae-eval: --target: found it with --latents, wanted the table for all items, or --per-item' vae-eval -m model.bin --latents --target targets.raw items.raw
    fails 2 'vae-eval: --target: found it with --curve, wanted the table for all items, or --per-item' vae-eval -m model.bin --curve -k 3 --target targets.raw items.raw
}

@test "a head that overflows, and a file with half of a head, are refused" {
    perl "$ROOT/tests/safetensors.pl" edit '$head =~ /"target.1.weight":\{[^}]*"data_offsets":\[(\d+)/ or die;
        substr $data, $1, 256, pack "f<*", (3e38) x 64; checksum()' <model.bin >huge.bin
    fails 1 'vae-eval: other.raw: item 0 has the predicted target ' vae-eval -q -m huge.bin --target other-targets.raw other.raw
    perl "$ROOT/tests/safetensors.pl" edit '$head =~ s/"target_deviation":"[^"]*"/"target_deviation":"0"/; checksum()' <model.bin >flat.bin
    fails 1 "vae-info: flat.bin: metadata \"target_deviation\": found '0', wanted a number from " vae-info flat.bin
    for key in target_mean target_deviation target_hidden; do
        perl "$ROOT/tests/safetensors.pl" edit '$head =~ s/"'$key'":"[^"]*",//; checksum()' <model.bin >half.bin
        fails 1 "vae-info: half.bin: metadata \"$key\" is missing" vae-info half.bin
    done
    perl "$ROOT/tests/safetensors.pl" edit '$head =~ s/"target_hidden":"64"/"target_hidden":"res"/; checksum()' <model.bin >res.bin
    fails 1 "vae-info: res.bin: metadata \"target_hidden\": found 'res', wanted none, or 1 to 8 numbers" vae-info res.bin
}

@test "an item with a bad answer has no prediction, and the others keep theirs" {
    payload <other.raw | perl -0777 -e 'my @x = unpack "f<*", <STDIN>; $x[8 * 3 + 1] = "inf";
        printf "%-63s\n%s", "raw1 f32 8 200 .", pack "f<*", @x' >bad.raw
    vae-eval -m model.bin --target other-targets.raw --per-item other.raw >whole
    run -3 --separate-stderr vae-eval -q -m model.bin --target other-targets.raw --per-item --on-bad report bad.raw
    printf '%s\n' "$output" >found
    row_holds 5 '$1 == 3 && $5 == "nan"' <found
    sed 5d found | cmp - <(sed 5d whole)
}

@test "vae-climb -m raises the prediction of the head, which a model then has of the decoded items" {
    vae-encode -m model.bin other.raw >z.raw
    vae-climb -m model.bin --write-predictions table.tsv --step-size 0.05 z.raw >up.raw 2>err
    assert_regex "$(<err)" '^vae-climb: model\.bin: a head for targets of mean [0-9.]* and standard deviation [0-9.]*, 2 of 2 latents active in the prior N\(0, I\)$'
    assert_equal "$(head -1 up.raw)" "$(header f32 2 200 .)"
    assert_equal "$(head -1 table.tsv | tr '\t' ' ')" 'item start end'
    # Starts are the predictions of vae-eval; each end is higher, or as high at the limit.
    paste <(tail -n +2 table.tsv) <(vae-eval -m model.bin --target other-targets.raw --per-item other.raw | tail -n +2 | cut -f 5) |
        rows_hold 200 '($2 - $4)^2 < 1e-6 && $3 >= $2'
    awk 'NR > 1 { n += $3 > $2 + 0.5 } END { exit !(n > 150) }' table.tsv
    vae-decode -m model.bin up.raw >items.up
    awk 'NR > 1 { print $3 }' table.tsv |
        paste - <(vae-eval -m model.bin --target other-targets.raw --per-item items.up | tail -n +2 | cut -f 5) >pairs
    holds "$(r2 pairs) > 0.9"
    # Down again, and in random directions.
    vae-climb -q -m model.bin --minimize --write-predictions down.tsv z.raw >down.raw
    tail -n +2 down.tsv | rows_hold 200 '$3 <= $2'
    vae-climb -q -m model.bin --control --write-predictions control.tsv z.raw >control.raw
    holds "$(awk 'NR > 1 { s += $3 - $2 } END { print s }' control.tsv) < $(awk 'NR > 1 { s += $3 - $2 } END { print s / 2 }' table.tsv)"
    recut 7 <z.raw | vae-climb -q -m model.bin --step-size 0.05 -j 1 | recut 0 | cmp - up.raw
}

@test "vae-climb -m stays within the quantile of the prior, or of the latents that are given" {
    vae-encode -m model.bin other.raw >z.raw
    # Of two latents P(|z| <= r) = 1 - exp(-r^2 / 2).
    for within in 0.1 0.5 0.95; do
        limit=$(awk "BEGIN { print sqrt(-2 * log(1 - $within)) }")
        vae-climb -q -m model.bin --within $within --steps 300 z.raw | table 2 | paste - <(table 2 <z.raw) |
            awk -v r="$limit" '{ end = sqrt($1 ^ 2 + $2 ^ 2); start = sqrt($3 ^ 2 + $4 ^ 2); most = start > r ? start : r;
                print end / most }' >ratio
        rows_hold 200 '$1 < 1.0001' <ratio
        awk '{ n += $1 > 0.999 } END { exit !(n > 100) }' ratio
    done
    vae-climb -q -m model.bin --within 1 --steps 300 z.raw | table 2 | awk '{ n += $1 ^ 2 + $2 ^ 2 > 100 } END { exit !n }'
    # Latents of another place: steps are in their deviations, and their quantile is the limit.
    vae-encode -m model.bin items.raw >known.raw
    vae-climb -m model.bin --latents known.raw --within 0.5 --steps 300 z.raw 2>err >up.raw
    assert_regex "$(<err)" ', 2 of 2 latents active in known\.raw$'
    table 2 <known.raw | awk '{ for (i = 1; i <= 2; i++) { s[i] += $i; q[i] += $i ^ 2 } }
        END { for (i = 1; i <= 2; i++) print s[i] / NR, sqrt(q[i] / NR - (s[i] / NR) ^ 2) }' | xargs >moments
    read -r m1 d1 m2 d2 <moments
    far() { table 2 | awk -v m1="$m1" -v d1="$d1" -v m2="$m2" -v d2="$d2" '{ print sqrt((($1 - m1) / d1) ^ 2 + (($2 - m2) / d2) ^ 2) }'; }
    limit=$(far <known.raw | sort -g | awk '{ v[NR] = $1 } END { print (v[200] + v[201]) / 2 }')
    paste <(far <up.raw) <(far <z.raw) | rows_hold 200 '$1 < 1.0001 * ($2 > limit ? $2 : limit)' -v limit="$limit"
    # A number that they do not vary keeps its bytes.
    table 2 <known.raw | awk -v OFS=, '{ print $1, 0.3 }' | csv2raw --no-header --dtype f32 >line.raw
    vae-climb -q -m model.bin --latents line.raw z.raw | table 2 | paste - <(table 2 <z.raw) | rows_hold 200 '$2 == $4'
}

@test "vae-climb -m keeps the labels of a conditional model, and refuses what does not fit" {
    perl -e 'srand 4; print pack "C*", map { int rand 3 } 1 .. 400' >labels.data
    { header u8 1 400 . && cat labels.data; } >labels.raw
    learn -q -m cond.bin -e 20 --cond labels.raw --target targets.raw items.raw
    vae-encode -m cond.bin --cond labels.raw items.raw >told.raw
    vae-climb -q -m cond.bin --write-predictions table.tsv told.raw >up.raw
    assert_equal "$(head -1 up.raw)" "$(header f32 5 400 .)"
    raw-select --elements 2-4 up.raw | cmp - <(raw-select --elements 2-4 told.raw)
    tail -n +2 table.tsv | rows_hold 400 '$3 >= $2'
    vae-climb -m cond.bin --latents told.raw told.raw 2>err >far.raw
    assert_regex "$(<err)" ', 2 of 2 latents active in told\.raw$'
    raw-select --elements 0-1 told.raw >z.raw
    vae-climb -q -m cond.bin z.raw | cmp - <(raw-select --elements 0-1 up.raw)
    vae-climb -q -m cond.bin --latents told.raw z.raw | cmp - <(raw-select --elements 0-1 far.raw)
    vae-sample -d 3 -n 20 >three.raw
    fails 1 'vae-climb: three.raw: latents have 3 numbers, wanted the 2 of cond.bin, or 5 with labels' vae-climb -q -m cond.bin three.raw
    fails 1 'vae-climb: three.raw: latents have 3 numbers, wanted the 2 of model.bin' vae-climb -q -m model.bin three.raw
    fails 1 'vae-climb: three.raw: latents have 3 numbers, wanted the 2 of model.bin' vae-climb -q -m model.bin --latents three.raw z.raw
    learn -q -m plain.bin -e 1 items.raw
    fails 1 'vae-climb: plain.bin: predicts no target, wanted a model that vae-train --target has trained' vae-climb -q -m plain.bin z.raw
    learn -q -m vamp.bin -e 1 --prior vamp:5 --target targets.raw items.raw
    fails 1 'vae-climb: vamp.bin: has another prior than N(0, I), wanted --latents to say where its data are' vae-climb -q -m vamp.bin z.raw
    vae-encode -m vamp.bin items.raw >v.raw
    vae-climb -q -m vamp.bin --latents v.raw v.raw | raw-info | row_holds 2 '$3 == 400'
    for option in '--target targets.raw' '--method linear' '--examples 20'; do
        # shellcheck disable=SC2086
        fails 2 "vae-climb: ${option%% *}: found it with --model, whose head has learned the property, wanted one of them" \
            vae-climb -m model.bin $option z.raw
    done
    fails 2 "vae-climb: --write-predictions: found 'model.bin', which --model reads, wanted another file" \
        vae-climb -m model.bin --write-predictions model.bin z.raw
}
