#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Targets, options and models that do not fit, and items with bad answers.
# shellcheck disable=SC2016 # what is quoted is awk's and perl's
load helper
load targets

@test "targets that do not fit are refused, with both figures" {
    { header f32 1 399 . && head -c 1596 known.targets; } >few.raw
    { header f32 1 401 . && cat known.targets && f32 1; } >many.raw
    { header f32 1 400 . && head -c 1596 known.targets && f32 -inf; } >inf.raw
    recut 7 <inf.raw >cut.raw
    { header f64 1 400 . && perl -e 'print pack "d<*", 1e39, (1) x 399'; } >large.raw
    { header u8 1 400 . && head -c 400 /dev/zero | tr '\0' '\7'; } >same.raw
    { header f32 1 400 . && perl -e 'print pack "f<*", ("nan") x 400'; } >none.raw
    { header f32 1 400 . && perl -e 'print pack "f<*", 3, ("nan") x 399'; } >single.raw
    { header f64 1 400 . && perl -e 'print pack "d<*", map { 1.7e-38 * ($_ % 2) } 1 .. 400'; } >tiny.raw
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
    fails 1 'vae-train: single.raw: found a single known target among the training items, wanted at least 2 that differ' "$@" --target single.raw items.raw
    fails 1 'vae-train: tiny.raw: the known targets of the training items have a standard deviation of 8.5e-39, wanted at least 1.2e-38: multiply them by a number' \
        "$@" --target tiny.raw items.raw
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
    fails 1 'vae-train: training: the loss of step 1 is not finite (reconstruction ' \
        "${LEARNING[@]}" -m x.bin --start-from huge.bin --target targets.raw items.raw
    assert_regex "$(<err)" ', first the output of target\), wanted numbers: '
    perl "$ROOT/tests/safetensors.pl" edit '$head =~ s/"target_deviation":"[^"]*"/"target_deviation":"0"/; checksum()' <model.bin >flat.bin
    fails 1 "vae-info: flat.bin: metadata \"target_deviation\": found '0', wanted a number from " vae-info flat.bin
    perl "$ROOT/tests/safetensors.pl" edit '$head =~ s/"target_deviation":"[^"]*"/"target_deviation":"1e-38"/; checksum()' <model.bin >tiny.bin
    fails 1 "vae-info: tiny.bin: metadata \"target_deviation\": found '1e-38', wanted a number from " vae-info tiny.bin
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
