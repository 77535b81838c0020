#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Models that predict a number of each item: --target in training and evaluation. target_run.bats has runs that are resumed,
# target_refused.bats what is refused, and target_climb.bats vae-climb -m.
# shellcheck disable=SC2016 # what is quoted is awk's and perl's
load helper
load targets

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

@test "with rate 0 the R^2 of an epoch is the same for any mini-batches" {
    local batch
    for batch in 400 32 4 1; do
        learn -q -e 1 -r 0 -b $batch -m x.bin --log $batch.tsv --target targets.raw items.raw
        near "$(last $batch 16)" "$(last 400 16)" 0.0002
        near "$(last $batch 14)" "$(last 400 14)" 0.01
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
