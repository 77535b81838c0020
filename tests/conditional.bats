#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Models that are conditional on labels: --cond and --class, in every tool that has them.
# shellcheck disable=SC2016 # what is quoted is awk's
load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    # 300 items of 3 x 3: the label says which row is lit, and noise which column more; so is the label told.
    perl -e 'srand 5;
        my ($items, $labels) = ("", "");
        for (1 .. 300) {
            my $label = int rand 3;
            my @x = (0) x 9;
            @x[3 * $label .. 3 * $label + 2] = (1) x 3;
            my $column = int rand 3;
            $x[3 * $_ + $column] = 1 for 0 .. 2;
            $items .= pack "f<9", @x;
            $labels .= chr $label;
        }
        open my $f, ">", "items.data"; print $f $items;
        open my $g, ">", "labels.data"; print $g $labels;'
    { header f32 3x3 300 . && cat items.data; } >items.raw
    { header u8 1 300 . && cat labels.data; } >labels.raw
    vae-train -q -m model.bin --cond labels.raw -H 32 -z 2 -b 20 -e 60 -r 0.01 --log log.tsv items.raw
    vae-train -q -m plain.bin -H 32 -z 2 -b 20 -e 60 -r 0.01 items.raw
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/* .
}

# lit: of items on stdin how bright each row is, a line an item.
lit() {
    table 9 | finite | awk '{ print $1 + $2 + $3, $4 + $5 + $6, $7 + $8 + $9 }'
}

@test "the model says how many labels there are, and its ends have as many inputs more" {
    assert_equal "$(metadata model.bin classes)" 3
    no_metadata plain.bin classes
    assert_equal "$(tensor model.bin encoder.0.weight | wc -w)" $((32 * (9 + 3)))
    assert_equal "$(tensor model.bin decoder.0.weight | wc -w)" $((32 * (2 + 3)))
}

@test "what the label tells costs no nats: the model beats the entropy of the items, log 9, which no other can" {
    local with without
    with=$(vae-eval -q -m model.bin -k 200 --cond labels.raw items.raw | awk 'NR == 2 { print $5 }')
    without=$(vae-eval -q -m plain.bin -k 200 items.raw | awk 'NR == 2 { print $5 }')
    # Given the label it is log 3 = 1.10.
    holds "$with > -1.8 && $with < -1.05 && $without < -2.15"
}

@test "--class has that row lit, whatever the latent" {
    for class in 0 1 2; do
        vae-sample -m model.bin -n 200 --class $class >z.raw
        assert_equal "$(head -1 z.raw)" "$(header f32 5 200 .)"
        vae-decode -m model.bin z.raw | lit | awk -v row=$((class + 1)) '{ s += $row > 2.4 } END { exit !(s > 190) }'
    done
    # Behind each latent, which is the same for each class, one-hot.
    table 5 <z.raw | rows_hold 200 '$3 == 0 && $4 == 0 && $5 == 1'
    table 5 <z.raw | awk '{ print $1, $2 }' | cmp - <(vae-sample -d 2 -n 200 | table 2 | awk '{ print $1, $2 }')
}

@test "vae-sample --cond gives a latent a label, in their frames" {
    vae-sample -m model.bin --cond labels.raw >z.raw
    assert_equal "$(head -1 z.raw)" "$(header f32 5 300 .)"
    table 5 <z.raw | awk '{ print $4 + 2 * $5 }' | cmp - <(payload <labels.raw | od -A n -v -t u1 -w1 | tr -d ' ')
    recut 7 <labels.raw | vae-sample -m model.bin --cond - >cut.raw
    assert_equal "$(head -1 cut.raw)" "$(header f32 5 7 +)"
    recut 0 <cut.raw | cmp - z.raw
    # Labels of i32 mean the same.
    { header i32 1 300 . && payload <labels.raw | perl -0777 -ne 'print pack "l<*", unpack "C*"'; } >wide.raw
    vae-sample -m model.bin --cond wide.raw | cmp - z.raw
}

@test "vae-encode puts the label behind each latent, for vae-decode" {
    vae-encode -m model.bin --cond labels.raw items.raw >z.raw
    assert_equal "$(head -1 z.raw)" "$(header f32 5 300 .)"
    vae-decode -m model.bin z.raw >again.raw
    lit <again.raw | paste - <(payload <labels.raw | od -A n -v -t u1 -w1) |
        awk '{ s += $($4 + 1) > 2.4 } END { exit !(s > 290) }'
    # --cond of vae-decode is taken instead; so the row changes and what else the latent says stays.
    { header u8 1 300 . && head -c 300 /dev/zero; } >zeros.raw
    vae-decode -m model.bin --cond zeros.raw z.raw | lit | awk '{ s += $1 > 2.4 } END { exit !(s > 290) }'
    vae-decode -m model.bin --cond labels.raw z.raw | cmp - again.raw
    table 5 <z.raw | awk '{ print $1, $2 }' >numbers
    # shellcheck disable=SC2046
    { header f32 2 300 . && f32 $(<numbers); } >short.raw
    vae-decode -m model.bin --cond labels.raw short.raw >short.items
    run -0 raw-cmp --abs 1e-4 short.items again.raw
    # The posterior's figures have no label behind them.
    assert_equal "$(vae-encode -m model.bin --stats --cond labels.raw items.raw | head -1)" "$(header f32 2x2 300 .)"
}

@test "frames and threads change no byte" {
    vae-encode -m model.bin --sample --cond labels.raw items.raw >z.raw
    recut 7 <items.raw | vae-encode -m model.bin --sample --cond <(recut 11 <labels.raw) -j 1 | recut 0 | cmp - z.raw
    vae-eval -q -m model.bin --cond labels.raw --per-item items.raw >table
    recut 130 <items.raw | vae-eval -q -m model.bin --cond labels.raw --per-item -j 1 | cmp - table
    vae-train -q -m one.bin --cond labels.raw -H 32 -z 2 -b 20 -e 60 -r 0.01 -j 1 items.raw
    cmp one.bin model.bin
}

@test "too many labels leave no whole stream behind, whatever frame is the last" {
    { header u8 1 301 . && cat labels.data && printf '\0'; } >many.raw
    { recut 150 <items.raw | sed '1!s/^raw1 f32 3x3 150 ./&/' | perl -0777 -pe 's/(raw1 f32 3x3 150) \./$1 +/' && header f32 3x3 0 .; } >empty.raw
    raw-info empty.raw >/dev/null
    for items in items.raw empty.raw; do
        for tool in vae-encode vae-score 'vae-impute -k 2'; do
            # shellcheck disable=SC2086
            fails 1 "${tool%% *}: many.raw: has more labels than 300" $tool -m model.bin --cond many.raw $items
            mv out cut.raw && fails 1 'raw-info: cut.raw: ended' raw-info cut.raw
            # shellcheck disable=SC2086
            cat $items $items | $tool -m model.bin --cond <(cat labels.raw labels.raw) | raw-info | row_holds 2 '$3 == 600'
        done
    done
    vae-encode -m model.bin --cond labels.raw items.raw >z.raw
    fails 1 'vae-decode: many.raw: has more labels than 300' vae-decode -m model.bin --cond many.raw z.raw
    mv out cut.raw && fails 1 'raw-info: cut.raw: ended' raw-info cut.raw
    # Nor does what follows the labels themselves.
    cat labels.raw <(printf garbage) >long.raw
    fails 1 'vae-sample: long.raw: bytes that are no frame follow' vae-sample -m model.bin --cond long.raw
    mv out cut.raw && fails 1 'raw-info: cut.raw: ended' raw-info cut.raw
}

@test "labels and items in a frame of very many are those in small frames" {
    # More than any room for labels, in bytes or in numbers, and than the stack has behind it.
    local many=200000
    perl -e 'srand 8; print pack "C*", map { int rand 3 } 1 .. $ARGV[0]' -- $many >labels.many
    { header u8 1 $many . && cat labels.many; } >labels.raw
    { header i32 1 $many . && perl -0777 -ne 'print pack "l<*", unpack "C*"' <labels.many; } >wide.raw
    { header f32 1 $many . && perl -e 'srand 9; print pack "f<*", map { rand } 1 .. $ARGV[0]' -- $many; } >items.raw
    recut 700 <labels.raw >labels.cut
    vae-train -q -m wanted.bin --cond labels.cut -H 2 -z 1 -e 1 -b 1000 items.raw
    vae-encode -m wanted.bin --cond labels.cut items.raw | recut 0 >wanted.raw
    # Frames that begin amid a block and are longer than one.
    recut 700 <items.raw | vae-encode -m wanted.bin --cond labels.cut | recut 0 | cmp - wanted.raw
    vae-sample -m wanted.bin --cond labels.cut | recut 0 >wanted.z
    for labels in labels.raw wide.raw; do
        vae-train -q -m many.bin --cond $labels -H 2 -z 1 -e 1 -b 1000 items.raw
        cmp many.bin wanted.bin
        vae-encode -m wanted.bin --cond $labels items.raw | cmp - wanted.raw
        vae-sample -m wanted.bin --cond $labels | cmp - wanted.z
    done
    # They are the labels that were given.
    vae-sample -m wanted.bin --cond labels.raw | table 4 | awk '{ print $3 + 2 * $4 }' |
        cmp - <(od -A n -v -t u1 -w1 <labels.many | tr -d ' ')
}

@test "a wrong label costs: vae-eval and vae-score see it" {
    { header u8 1 300 . && payload <labels.raw | tr '\000\001\002' '\001\002\000'; } >wrong.raw
    local right wrong
    right=$(vae-eval -q -m model.bin --cond labels.raw items.raw | awk 'NR == 2 { print $2 }')
    wrong=$(vae-eval -q -m model.bin --cond wrong.raw items.raw | awk 'NR == 2 { print $2 }')
    holds "$right > $wrong + 3"
    vae-score -k 1 -m model.bin --cond wrong.raw items.raw | payload | od -A n -v -t f8 -w8 |
        awk '{ s += $1 } END { print s / NR }' >mean
    near "$(<mean)" "${wrong#-}" 0.001
}

@test "--val wants --val-cond, and is evaluated with it" {
    vae-train -q -m val.bin --cond labels.raw -H 16 -z 2 -b 20 -e 2 --log val.tsv --val items.raw --val-cond labels.raw items.raw
    near "$(last val 7)" "$(vae-eval -q -m val.bin --cond labels.raw items.raw | awk 'NR == 2 { print $2 }')" 0.001
    # Of more items than are worked on at a time, too, each by its own label.
    for _ in {1..4}; do cat items.raw >&3 && cat labels.raw >&4; done 3>many.raw 4>many-labels.raw
    vae-train -q -m val.bin --cond labels.raw -H 16 -z 2 -b 20 -e 9 -r 0.01 --log val.tsv --val many.raw --val-cond many-labels.raw items.raw
    near "$(last val 7)" "$(vae-eval -q -m val.bin --cond many-labels.raw many.raw | awk 'NR == 2 { print $2 }')" 0.001
    fails 2 'vae-train: --val: found it with --cond, wanted its labels, too (--val-cond)' vae-train -m x --cond labels.raw --val items.raw items.raw
    fails 2 'vae-train: --val-cond: found it without --cond, wanted both or none' vae-train -m x --val items.raw --val-cond labels.raw items.raw
    fails 2 'vae-train: --val-cond: found it without --val, wanted the items that these labels belong to' vae-train -m x --cond labels.raw --val-cond labels.raw items.raw
}

@test "labels that do not fit are refused, with both figures" {
    { header u8 1 299 . && head -c 299 labels.data; } >few.raw
    { header u8 1 301 . && cat labels.data && printf '\0'; } >many.raw
    { header u8 1 300 . && head -c 299 labels.data && printf '\3'; } >other.raw
    { header i32 1 300 . && perl -e 'print pack "l<*", (-1) x 300'; } >negative.raw
    for tool in vae-encode 'vae-eval -q' vae-score vae-impute; do
        # shellcheck disable=SC2086
        set -- $tool -m model.bin
        fails 1 "$1: few.raw: ends after 299 labels, wanted one for each item of items.raw" "$@" --cond few.raw items.raw
        fails 1 "$1: many.raw: has more labels than 300, wanted one for each item of items.raw" "$@" --cond many.raw items.raw
        fails 1 "$1: other.raw: label 299 is 3, wanted one from 0 to 2" "$@" --cond other.raw items.raw
        fails 1 "$1: model.bin: is conditional on labels, wanted --cond with one from 0 to 2 for each item" "$@" items.raw
        fails 2 "$1: --cond: found '-', wanted a file's name, not a standard stream" "$@" --cond - items.raw
    done
    for tool in vae-encode 'vae-eval -q' vae-score vae-impute; do
        # shellcheck disable=SC2086
        set -- $tool -m plain.bin
        fails 1 "$1: plain.bin: is not conditional on labels, wanted no --cond" "$@" --cond labels.raw items.raw
    done
    fails 1 'vae-train: few.raw: ends after 299 labels, wanted one for each item of items.raw' vae-train -m x --cond few.raw items.raw
    fails 1 'vae-train: many.raw: has more labels than 300, wanted one for each item of items.raw' vae-train -m x --cond many.raw items.raw
    fails 1 'vae-train: negative.raw: label 0 is -1, wanted one from 0 to 4095' vae-train -m x --cond negative.raw items.raw
    fails 1 'vae-train: items.raw: items are f32 of shape 3x3, wanted labels: u8 or i32 of shape 1' vae-train -m x --cond items.raw items.raw
    # Of the classes that the training's labels make.
    { header u8 1 300 . && head -c 299 /dev/zero && printf '\1'; } >two.raw
    { header u8 1 300 . && head -c 299 /dev/zero && printf '\2'; } >three.raw
    fails 1 'vae-train: three.raw: label 299 is 2, wanted one from 0 to 1' \
        vae-train -m x --cond two.raw --val items.raw --val-cond three.raw items.raw
    { header u8 2 1 . && printf '\0\1'; } >pairs.raw
    fails 1 'vae-train: pairs.raw: items are u8 of shape 2, wanted labels: u8 or i32 of shape 1' vae-train -m x --cond pairs.raw items.raw
    fails 1 'vae-train: labels.raw: would be written and is also read as labels.raw' vae-train -m labels.raw --cond labels.raw items.raw
}

@test "latents without their label, and options that do not fit, are refused with what to do" {
    vae-sample -d 2 -n 3 >z.raw
    fails 1 'vae-decode: z.raw: items have shape 2, model.bin wants 5: a latent of 2 and its label (--cond gives labels, vae-sample -m model.bin --class appends one to each latent)' vae-decode -m model.bin z.raw
    fails 1 'vae-decode: plain.bin: is not conditional on labels, wanted no --cond' vae-decode -m plain.bin --cond labels.raw z.raw
    vae-sample -d 3 >long.raw
    fails 1 "vae-decode: long.raw: items have shape 3, model.bin wants 2 (vae-sample -d 2)" vae-decode -m model.bin --cond labels.raw long.raw
    fails 1 'vae-sample: model.bin: is conditional on labels, wanted --class or --cond' vae-sample -m model.bin
    fails 1 'vae-sample: model.bin: has labels 0 to 2, wanted one of them as --class, found 3' vae-sample -m model.bin --class 3
    fails 1 'vae-sample: plain.bin: is not conditional on labels, wanted no --class' vae-sample -m plain.bin --class 1
    fails 2 'vae-sample: --class: found it without --model' vae-sample --class 1
    fails 2 'vae-sample: --cond: found it with --class, wanted one of the two' vae-sample -m model.bin --class 1 --cond labels.raw
    fails 2 'vae-sample: --count: found it with --cond' vae-sample -m model.bin -n 3 --cond labels.raw
}
