#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# vae-climb -m, which climbs the prediction of a model.
# shellcheck disable=SC2016 # what is quoted is awk's and perl's
load helper
load targets

@test "vae-climb -m raises the prediction of the head, which a model then has of the decoded items" {
    vae-encode -m model.bin other.raw >z.raw
    vae-climb -m model.bin --write-predictions table.tsv --step-size 0.05 z.raw >up.raw 2>err
    assert_equal "$(<err)" "vae-climb: model.bin: a head for targets of mean $(printf %.6g "$(metadata model.bin target_mean)") and standard deviation $(printf %.6g "$(metadata model.bin target_deviation)"), 2 of 2 latents active in the prior N(0, I)"
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
