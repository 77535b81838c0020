#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --checkpoint and --resume: an interrupted run ends with the bytes of one that was not, wherever it was cut.
# shellcheck disable=SC2030,SC2031 # a test is a subshell, and sets its variables itself
load helper

# What the training is of, at most; a test adds options.
ITEMS=200
OPTIONS=(-q -H 12 -z 3 -b 32 -e 3)

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    idx2raw -n $ITEMS "$IMAGES" >items.raw
    idx2raw -n $ITEMS "$LABELS" >labels.raw
    { header u8 28x28 50 . && payload <items.raw | tail -c $((50 * 784)); } >val.raw
    { header u8 1 50 . && payload <labels.raw | tail -c 50; } >val-labels.raw
    { header i32 4 $ITEMS . && perl -e 'print pack "l<", $_ * 7 % 11 for 1 .. 800'; } >counts.raw
    { header f32 4 $ITEMS . && perl -e 'print pack "f<", $_ % 9 ? $_ * 7 % 11 / 10 : "nan" for 1 .. 800'; } >holes.raw
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/*.raw .
}

# Training on items.raw, or on what FILE says.
train() {
    defaulting "${OPTIONS[@]:1}" -- vae-train -q "$@" "${FILE:-items.raw}"
}

# resumes OPTION...: a run that saves at every step, is killed in its 5th, goes on, is killed again in the last epoch and
# goes on with another number of threads, ends as one that was left alone: model and log, but for the seconds.
resumes() {
    train -m whole.bin --log whole.tsv "$@"
    rm -f part.*
    cut_at 6 vae-train "${OPTIONS[@]}" -m part.bin --log part.tsv --checkpoint part.ck --every 1 "$@" "${FILE:-items.raw}"
    assert_equal "$(figure step)" 5
    cut_at 13 vae-train "${OPTIONS[@]}" -m part.bin --log part.tsv --checkpoint part.ck --every 1 --resume part.ck "$@" \
        "${FILE:-items.raw}"
    assert_equal "$(figure step)" 17
    train -j 3 -m part.bin --log part.tsv --resume part.ck "$@"
    cmp whole.bin part.bin
    cut -f 3 --complement whole.tsv | diff - <(cut -f 3 --complement part.tsv)
}

# figure KEY: a figure of part.ck.
figure() {
    metadata part.ck "$1"
}

@test "a run that is killed and resumed gives the bytes of a whole one, for every objective" {
    for options in '' '--objective iwae -k 3' '--objective stl -k 2' '--objective dreg -k 3'; do
        # shellcheck disable=SC2086 # several options
        resumes $options
    done
}

@test "the same for every likelihood, its scale included" {
    for options in '-l gaussian --sigma shared' '-l gaussian --sigma optimal' '-l gaussian --sigma net' \
        '-l laplace --sigma per-dim' '-l cbernoulli' '-l dlogistic --sigma shared'; do
        # shellcheck disable=SC2086 # several options
        resumes $options
    done
    FILE=counts.raw
    for options in '-l poisson' '-l negbin' '-l categorical --levels 11'; do
        # shellcheck disable=SC2086 # several options
        resumes $options
    done
}

@test "the same for what else has a state: moments, averages, schedules, draws, priors, labels, missing elements" {
    train -m start.bin -e 1
    for options in '--optimizer muon --ema 0.9 --schedule cosine' '--schedule step:1:0.5 --warm-rate 1.5 --clip 1' \
        '--binarize sample --warmup 2' '--prior vamp:5 --ema 0.9' '--cond labels.raw' '--cond labels.raw --augment shift:3,flip --binarize sample --val 0.1' '-a gated --free-bits 0.1' \
        '--stream --shuffle-buffer 75K' '--stream --shuffle-buffer 51K --cond labels.raw --prior normal --schedule cosine' \
        '--splits 3 --clip 1' '--start-from start.bin -S 2' '--optimizer adagrad --init normal:0.01'; do
        # shellcheck disable=SC2086 # several options
        resumes $options
    done
    FILE=holes.raw resumes --missing -l gaussian
}

@test "the best epoch so far, and how long nothing was better, survive" {
    OPTIONS=(-q -H 12 -z 3 -b 32 -e 50 -r 0.05)
    train -m whole.bin --val val.raw --patience 2 --log whole.tsv
    assert [ "$(last whole 1)" -lt 50 ]
    assert [ "$(metadata whole.bin epochs)" -eq $(($(last whole 1) - 2)) ]
    local options=(-m part.bin --val val.raw --patience 2 --checkpoint part.ck --every 1)
    # Behind the best epoch, within the patience.
    cut_at $((7 * ($(last whole 1) - 1) + 3)) vae-train "${OPTIONS[@]}" "${options[@]}" items.raw
    assert_equal "$(figure best_epoch)" "$(metadata whole.bin epochs)"
    train "${options[@]}" --resume part.ck
    cmp whole.bin part.bin
    # Before the best epoch, with one so far that is not as good.
    rm part.*
    cut_at 11 vae-train "${OPTIONS[@]}" "${options[@]}" items.raw
    assert_equal "$(figure best_epoch)" 1
    train "${options[@]}" --resume part.ck
    cmp whole.bin part.bin
    # One whose patience has ended is at its end: nothing is trained.
    local epoch
    epoch=$(figure epoch)
    train "${options[@]}" --resume part.ck
    cmp whole.bin part.bin
    assert_equal "$epoch $(figure epoch)" "$(last whole 1) $(last whole 1)"
}

@test "a run goes on from the last step of an epoch, which has fewer items than the others" {
    train -m whole.bin --log whole.tsv --schedule cosine
    cut_at 8 vae-train "${OPTIONS[@]}" -m part.bin --checkpoint part.ck --every 1 --log part.tsv --schedule cosine items.raw
    assert_equal "$(figure step) $(figure position) $(figure epochs_done)" '7 200 0'
    train -m part.bin --resume part.ck --log part.tsv --schedule cosine
    cmp whole.bin part.bin
    # Also the rate of that step, which the log tells.
    cut -f 3 --complement whole.tsv | diff - <(cut -f 3 --complement part.tsv)
}

@test "a signal saves both, exits with its number, and names the way back" {
    for signal in TERM:143 INT:130; do
        rm -f part.*
        env --default-signal=INT vae-train -H 12 -z 3 -b 32 -e 1000000 -m part.bin --checkpoint part.ck --every 1h \
            --log part.tsv items.raw 2>err 3>&- &
        await grep -q '^2' part.tsv
        kill -"${signal%:*}" $!
        local got=0
        wait $! || got=$?
        assert_equal $got "${signal#*:}"
        grep -qx 'vae-train: part.ck: --resume part.ck continues from step [0-9]*' err
        assert_equal "$(figure step)" "$(metadata part.bin steps)"
        train -e "$(figure epoch)" --resume part.ck -m resumed.bin
        train -e "$(figure epoch)" -m whole.bin
        cmp whole.bin resumed.bin
    done
}

@test "a run that has ended goes on with more epochs, where the rate does not depend on how many there are" {
    train -m part.bin --checkpoint part.ck -e 2
    train -m part.bin --resume part.ck -e 4
    train -m whole.bin -e 4
    cmp whole.bin part.bin
    defaulting "${OPTIONS[@]:1}" -- fails 1 'vae-train: part.ck: has reached epoch 2, wanted at most the 1 of --epochs' \
        vae-train -q -m part.bin --resume part.ck -e 1 items.raw
    train -m part.bin --checkpoint part.ck -e 2 --schedule cosine
    defaulting "${OPTIONS[@]:1}" -- fails 1 'vae-train: part.ck: --epochs is 4 in this run, wanted 2 as in the file' \
        vae-train -q -m part.bin --resume part.ck -e 4 --schedule cosine items.raw
}

# digest: the XXH64 of the payload of a stream on stdin.
digest() {
    payload | perl "$ROOT/tests/safetensors.pl" xxh64
}

@test "other options and other data are refused, with both values" {
    train -m part.bin --checkpoint part.ck
    cp part.bin before.bin
    while IFS='|' read -r options message; do
        # shellcheck disable=SC2086 # several options
        defaulting "${OPTIONS[@]:1}" -- fails 1 "vae-train: part.ck: $message as in the file" \
            vae-train -q -m part.bin --resume part.ck $options
    done <<END
-b 16 items.raw|--batch is 16 in this run, wanted 32
-z 4 items.raw|--latent is 4 in this run, wanted 3
-S 2 items.raw|--seed is 2 in this run, wanted 1
-l gaussian --sigma 0.3 items.raw|--likelihood is gaussian in this run, wanted bernoulli
--mean-bias items.raw|--mean-bias is given in this run, wanted not given
--val val.raw items.raw|--val is given in this run, wanted not given
val.raw|items is 50 in this run, wanted 200
holes.raw --missing|item_shape is 4 in this run, wanted 28x28
--decoder-hidden none items.raw|--decoder-hidden is none in this run, wanted not given
--schedule cosine items.raw|--schedule is cosine in this run, wanted const
END
    fails 1 'vae-train: part.ck: --cond is given in this run, wanted not given as in the file' \
        vae-train "${OPTIONS[@]}" -m part.bin --resume part.ck --cond labels.raw items.raw
    perl -e 'local $/; $_ = <STDIN>; substr($_, 5000, 1) ^= "\1"; print' <items.raw >other.raw
    fails 1 "vae-train: part.ck: the items differ from those of the checkpoint: their XXH64 is $(digest <other.raw), wanted $(digest <items.raw): read the same again, or start a new run without --continue or --resume" \
        vae-train "${OPTIONS[@]}" -m part.bin --resume part.ck other.raw
    cmp part.bin before.bin
    # Labels of the validation data alone.
    train -m cond.bin --checkpoint cond.ck --cond labels.raw --val val.raw --val-cond val-labels.raw
    { header u8 1 50 . && payload <val-labels.raw | tr '\000\001' '\001\000'; } >other-labels.raw
    # The last label alone is another one, within the same classes.
    { header u8 1 $ITEMS . && payload <labels.raw | perl -0777 -pe 's/(.)$/chr(1 - (ord $1 > 0))/es'; } >last-label.raw
    fails 1 'vae-train: cond.ck: the labels of --cond differ from those of the checkpoint: their XXH64 is ' \
        vae-train "${OPTIONS[@]}" -m cond.bin --resume cond.ck --cond last-label.raw --val val.raw --val-cond val-labels.raw items.raw
    fails 1 'vae-train: cond.ck: the labels of --val-cond differ from those of the checkpoint: their XXH64 is ' \
        vae-train "${OPTIONS[@]}" -m cond.bin --resume cond.ck --cond labels.raw --val val.raw --val-cond other-labels.raw items.raw
    perl -e 'local $/; $_ = <STDIN>; substr($_, 5000, 1) ^= "\1"; print' <val.raw >other-val.raw
    fails 1 "vae-train: cond.ck: the items of --val differ from those of the checkpoint: their XXH64 is $(digest <other-val.raw), wanted $(digest <val.raw)" \
        vae-train "${OPTIONS[@]}" -m cond.bin --resume cond.ck --cond labels.raw --val other-val.raw --val-cond val-labels.raw items.raw
    train -m first.bin -e 0
    train -m other.bin -e 0 --init he
    train -m from.bin --checkpoint from.ck --start-from first.bin
    fails 1 "vae-train: from.ck: the weights of --start-from differ from those of the checkpoint: their XXH64 is $(metadata other.bin xxh64), wanted $(metadata first.bin xxh64)" \
        vae-train "${OPTIONS[@]}" -m from.bin --resume from.ck --start-from other.bin items.raw
    fails 1 'vae-train: part.ck: --start-from is given in this run, wanted not given as in the file' \
        vae-train "${OPTIONS[@]}" -m part.bin --resume part.ck --start-from first.bin items.raw
    train -m part.bin --checkpoint part.ck --mean-bias
    fails 1 'vae-train: part.ck: --mean-bias is not given in this run, wanted given as in the file' \
        vae-train "${OPTIONS[@]}" -m part.bin --resume part.ck items.raw
}

@test "a checkpoint and a model are told apart, and damage is found" {
    train -m part.bin --checkpoint part.ck
    fails 1 'vae-encode: part.ck: is a checkpoint, wanted a model' \
        vae-encode -m part.ck items.raw
    fails 1 'vae-info: part.ck: is a checkpoint, wanted a model' vae-info part.ck
    fails 1 'vae-train: part.ck: is a checkpoint, wanted a model' \
        vae-train "${OPTIONS[@]}" -m new.bin --start-from part.ck items.raw
    fails 1 'vae-train: part.bin: is a model, wanted a checkpoint: --start-from takes a model' \
        vae-train "${OPTIONS[@]}" -m new.bin --resume part.bin items.raw
    # Each place asks for what it takes, whatever it is given.
    echo '1,2' >data.csv
    fails 1 'vae-info: data.csv: looks like text, as a CSV table is, wanted a model, see vae-model(5)' vae-info data.csv
    fails 1 'vae-train: data.csv: looks like text, as a CSV table is, wanted a checkpoint, see vae-checkpoint(5)' \
        vae-train "${OPTIONS[@]}" -m new.bin --resume data.csv items.raw
    fails 1 'vae-train: items.raw: is a stream, wanted a checkpoint, see vae-checkpoint(5)' \
        vae-train "${OPTIONS[@]}" -m new.bin --resume items.raw items.raw
    fails 1 'vae-info: items.raw: is a stream, wanted a model, see vae-model(5)' vae-info items.raw
    head -c 100 /dev/zero >zeros
    fails 1 'vae-train: zeros: a header of 0 bytes, wanted 2 to 16777216: is it a checkpoint file?' \
        vae-train "${OPTIONS[@]}" -m new.bin --resume zeros items.raw
    # shellcheck disable=SC2016 # Perl
    perl "$ROOT/tests/safetensors.pl" edit '$head =~ s/__metadata__/metadata/' <part.ck >bad.ck
    fails 1 'vae-train: bad.ck: the header has no "__metadata__", wanted a checkpoint, see vae-checkpoint(5)' \
        vae-train "${OPTIONS[@]}" -m new.bin --resume bad.ck items.raw
    # damaged CODE MESSAGE
    damaged() {
        perl "$ROOT/tests/safetensors.pl" edit "$1" <part.ck >bad.ck
        fails 1 "vae-train: bad.ck: $2" vae-train "${OPTIONS[@]}" -m new.bin --resume bad.ck items.raw
    }
    # shellcheck disable=SC2016 # Perl
    {
        damaged 'substr($data, 999, 1) ^= "\1"' "the weights' XXH64 is "
        damaged '$head =~ s/second.mu.bias/secoNd.mu.bias/' \
            "tensor \"second.mu.bias\" is missing, wanted it for this model's layers; found \"secoNd.mu.bias\", which is none of theirs"
        damaged '$data .= "\0"' 'bytes follow the weights, wanted the end'
        damaged '$data = substr $data, 0, 5000' 'ended after 5000 of '
        damaged '$head =~ s/"version":"2"/"version":"3","new":"x"/' 'metadata "version" is "3", wanted "1" or "2"'
        damaged '$head =~ s/"format":"vae-checkpoint"/"format":"pt"/' 'metadata "format" is "pt", wanted "vae-checkpoint"'
        damaged '$head =~ s/"validated_step":"21"/"validated_step":"14"/' 'step 21 at item 200 of epoch 3'
        damaged '$head =~ s/"data_xxh64":"\w+"/"read_items":"201","read_xxh64":"1"/' 'step 21 at item 200 of epoch 3, wanted a position that this run can reach'
        damaged '$head =~ s/"best_active":"0"/"best_active":"9"/' 'step 21 at item 200 of epoch 3'
        damaged '$head =~ s/"validated_step":"21",//' "metadata \"validated_step\": found 'not given', wanted a whole number"
        damaged '$head =~ s/"step":"21"/"step":"22"/' 'step 22 at item 200 of epoch 3, wanted a position that this run can reach'
        damaged '$head =~ s/"position":"200"/"position":"7"/' 'step 21 at item 7 of epoch 3'
        damaged '$head =~ s/"epochs_done":"3"/"epochs_done":"1"/' 'step 21 at item 200 of epoch 3'
        damaged '$head =~ s/"position":"200"/"position":"224"/; $head =~ s/"epochs_done":"3"/"epochs_done":"2"/' \
            'step 21 at item 224 of epoch 3'
        damaged '$head =~ s/"best_epoch":"0"/"best_epoch":"9"/' 'step 21 at item 200 of epoch 3'
        damaged '$head =~ s/"best_epoch":"0"/"best_epoch":"4"/; $head =~ s/"best_step":"0"/"best_step":"28"/' \
            'step 21 at item 200 of epoch 3'
        damaged '$head =~ s/"best_step":"0"/"best_step":"7"/' 'step 21 at item 200 of epoch 3'
        damaged '$head =~ s/"best_step":"0"/"best_step":"22"/' 'step 21 at item 200 of epoch 3'
        damaged '$head =~ s/"epoch":"3"/"epoch":"x"/' "metadata \"epoch\": found 'x', wanted a whole number"
        damaged '$head =~ s/"epoch":"3"/"epoch":"3","color":"red"/' 'color is not given in this run, wanted red as in the file'
        damaged '$head =~ s/"second.mu.bias"/"third.mu.bias"/' 'tensor "second.mu.bias" is missing'
        damaged '$head =~ s/"F64"/"F32"/' 'tensor "sums" is '
        train -m part.bin --checkpoint part.ck -e 0
        damaged '$head =~ s/"step":"0"/"step":"7"/' 'step 7 at item 0 of epoch 0'
    }
    assert [ ! -e new.bin ]
}

@test "a run that is refused says nothing but why: no note of how it goes on comes before" {
    train -m part.bin --checkpoint part.ck --log part.tsv
    echo nonsense >bad
    echo mine >mine.tsv
    # `fails` wants one line on stderr.
    OPTIONS=("${OPTIONS[@]:1}" -m part.bin)
    fails 1 'vae-train: bad: looks like text' vae-train "${OPTIONS[@]}" --resume bad items.raw
    fails 1 'vae-train: bad: looks like text' vae-train "${OPTIONS[@]}" --start-from bad items.raw
    fails 1 'vae-train: mine.tsv: is not the log of this run up to epoch 3' \
        vae-train "${OPTIONS[@]}" --resume part.ck --log mine.tsv items.raw
    fails 1 'vae-train: part.ck: --batch is ' vae-train "${OPTIONS[@]/32/16}" --resume part.ck items.raw
    # What is not refused is told about.
    vae-train "${OPTIONS[@]}" --resume part.ck --log part.tsv items.raw 2>err
    grep -q '^vae-train: items.raw: grey values under -l bernoulli' err
    grep -qx 'vae-train: part.ck: the run is complete, epoch 3 of 3; a greater --epochs adds epochs' err
}

@test "weights of a checkpoint that are not numbers are refused by name" {
    train -m part.bin --checkpoint part.ck --ema 0.9
    for tensor in mu.bias average.mu.bias first.mu.bias second.mu.bias; do
        # shellcheck disable=SC2016 # Perl
        perl "$ROOT/tests/safetensors.pl" edit \
            '$head =~ /"'$tensor'":\{[^}]*?\[(\d+),\d+\]\}/; substr($data, $1, 4) = pack "f<", "nan"; checksum()' \
            <part.ck >bad.ck
        fails 1 "vae-train: bad.ck: tensor \"$tensor\" holds a value that is not finite, wanted numbers" \
            vae-train "${OPTIONS[@]}" --ema 0.9 -m new.bin --resume bad.ck items.raw
    done
}

@test "a state that could not be resumed is not put in the place of one that can be" {
    # Squared gradients leave the range of f32 before the weights do.
    OPTIONS=(-q -H 12 -z 3 -b 32 -e 50 -r 1000 --logvar-bound 80)
    run -1 train -m part.bin --checkpoint part.ck --every 1
    run vae-train "${OPTIONS[@]:1}" -m part.bin --resume part.ck items.raw
    assert_output --partial 'part.ck: continuing from step '
}

@test "an option that a checkpoint of an earlier version does not name had its value from before it existed" {
    local option options
    vae-train -q -m part.bin -e 1 --checkpoint part.ck items.raw
    mapfile -t options < <(grep -a -o -e '"--[a-z-]*":"[^"]*",' part.ck)
    assert [ ${#options[@]} -ge 20 ]
    for option in "${options[@]}"; do
        # This one had another value then, with which it goes on.
        [[ $option != '"--logvar-bound"'* ]] || continue
        OPTION=$option perl "$ROOT/tests/safetensors.pl" edit '$head =~ s/\Q$ENV{OPTION}\E//' <part.ck >old.ck
        vae-train -q -m new.bin -e 1 --resume old.ck items.raw || fail "without $option"
        cmp new.bin part.bin
    done
    # shellcheck disable=SC2016 # Perl
    perl "$ROOT/tests/safetensors.pl" edit '$head =~ s/"--logvar-bound":"20",// or die' <part.ck >old.ck
    fails 1 'vae-train: old.ck: --logvar-bound is 20 in this run, wanted 80 as in the file' \
        vae-train -q -m new.bin -e 1 --resume old.ck items.raw
    vae-train -q -m new.bin -e 1 --logvar-bound 80 --resume old.ck items.raw
    # And no other one.
    train -m part.bin --checkpoint part.ck
    # shellcheck disable=SC2016 # Perl
    perl "$ROOT/tests/safetensors.pl" edit '$head =~ s/"--clip":"0",//' <part.ck >old.ck
    train -m new.bin --resume old.ck
    cmp new.bin part.bin
    fails 1 'vae-train: old.ck: --clip is 2 in this run, wanted 0 as in the file' \
        vae-train "${OPTIONS[@]}" -m new.bin --resume old.ck --clip 2 items.raw
}

@test "the log tells the rate of an epoch whose last step was done before the break" {
    # Every epoch is one long step and a validation, which a signal breaks off: the epoch is not done. Now and then one
    # comes while the epoch's row is written, and the epoch is done: the run is then repeated.
    local tries pid
    for ((tries = 0; tries < 20; tries++)); do
        rm -f part.*
        vae-train -q -m part.bin --checkpoint part.ck --log part.tsv -H 4 -b 1000 -k 20 --objective iwae -e 1000000 \
            -r 0.0025 --val val.raw items.raw 3>&- &
        pid=$!
        # shellcheck disable=SC2016 # expanded by await
        await eval '[ "$(wc -l <part.tsv)" -ge 3 ]'
        kill -TERM $pid
        wait $pid || true
        [ "$(figure epochs_done)" -eq "$(figure epoch)" ] || break
    done
    assert_equal "$(figure epochs_done)" $(($(figure epoch) - 1))
    vae-train -q -m part.bin --resume part.ck --log part.tsv -H 4 -b 1000 -k 20 --objective iwae -e "$(figure epoch)" -r 0.0025 \
        --val val.raw items.raw
    assert_equal "$(tail -1 part.tsv | cut -f 1,10)" "$(figure epoch)"$'\t0.0025'
}

@test "the log goes on behind the checkpoint's epochs, and another one is left alone" {
    train -m whole.bin --log whole.tsv
    train -m long.bin --log log.tsv -e 9
    train -m part.bin --checkpoint part.ck -e 1
    train -m part.bin --resume part.ck --log log.tsv
    cut -f 3 --complement whole.tsv | diff - <(cut -f 3 --complement log.tsv)
    # Without the first epochs' log: a new one, of what follows.
    train -m part.bin --resume part.ck --log new.tsv
    sed 2d whole.tsv | cut -f 3 --complement | diff - <(cut -f 3 --complement new.tsv)
    # It is gone on with by the same command: the run may have been killed before its next checkpoint.
    train -m part.bin --resume part.ck --log new.tsv
    sed 2d whole.tsv | cut -f 3 --complement | diff - <(cut -f 3 --complement new.tsv)
    # Rows of other epochs.
    for rows in 2,3d '2{h;d};3{G}' '2d;3{p}'; do
        sed "$rows" whole.tsv >other.tsv
        cp other.tsv before.tsv
        fails 1 'vae-train: other.tsv: is not the log of this run up to epoch 1, wanted it, or no file: move it away' \
            vae-train "${OPTIONS[@]}" -m part.bin --resume part.ck --log other.tsv items.raw
        cmp other.tsv before.tsv
    done
    echo precious >other.tsv
    fails 1 'vae-train: other.tsv: is not the log of this run up to epoch 1, wanted it, or no file: move it away' \
        vae-train "${OPTIONS[@]}" -m part.bin --resume part.ck --log other.tsv items.raw
    assert_equal "$(<other.tsv)" precious
    printf precious >other.tsv
    fails 1 'vae-train: other.tsv: is not the log of this run up to epoch 1, wanted it, or no file: move it away' \
        vae-train "${OPTIONS[@]}" -m part.bin --resume part.ck --log other.tsv items.raw
    assert_equal "$(<other.tsv)" precious
    # Where nothing can stand, nothing is to be gone on with.
    train -m part.bin --resume part.ck --log /dev/null
}

@test "a log's line that cannot be read is not its end, which would be cut off" {
    unsanitized 'it takes more addresses'
    train -m part.bin --checkpoint part.ck --log part.tsv -e 1
    # Of zeros, for which there is no memory.
    head -n 1 part.tsv >log.tsv
    truncate -s 400M log.tsv
    printf '\n2\n' >>log.tsv
    (
        ulimit -v 500000
        fails 1 'vae-train: log.tsv: cannot read: Cannot allocate memory' \
            vae-train -j 1 "${OPTIONS[@]}" -m part.bin --resume part.ck --log log.tsv items.raw
    )
    assert_equal "$(stat -c %s log.tsv)" $((400 * 1024 * 1024 + 3))
}

@test "a log that has lost its last rows in a crash is gone on with, and a note says so" {
    tells() { defaulting -H 12 -z 3 -b 32 -e 5 -- vae-train "$@" items.raw 2>err; }
    tells -m whole.bin --log whole.tsv
    tells -m part.bin --checkpoint part.ck -e 3
    # Rows that are out of order, or twice, or no rows are no loss at the end.
    for edit in '2{h;d};3{G}' '2p' '3s/^2/x/' '3s/^2/02/' '2s/\t/ /'; do
        sed "$edit" whole.tsv >other.tsv
        fails 1 'vae-train: other.tsv: is not the log of this run up to epoch 3, wanted it, or no file: move it away' \
            vae-train "${OPTIONS[@]:0:7}" -e 5 -m part.bin --resume part.ck --log other.tsv items.raw
    done
    # In whole lines, in the middle of one, in the header, and all of it.
    for lines in 3:0 3:5 1:3 0:0; do
        head -n "${lines%:*}" whole.tsv | head -c -"${lines#*:}" >log.tsv
        local last=$((${lines%:*} - 1 - (${lines#*:} > 0)))
        [ $last -ge 0 ] || last=0
        tells -m part.bin --resume part.ck --log log.tsv
        if [ $lines = 0:0 ]; then
            run ! grep missing err
        else
            grep -qx "vae-train: log.tsv: ends with epoch $last, the checkpoint with epoch 3: the rows between are missing, as after a crash" err
        fi
        sed "$((last + 2)),4d" whole.tsv | cut -f 3 --complement | diff - <(cut -f 3 --complement log.tsv)
        # Killed before the next checkpoint, and resumed again.
        if [ $last -gt 0 ]; then
            tells -m part.bin --resume part.ck --log log.tsv
            grep -qx "vae-train: log.tsv: has no rows for epochs $((last + 1)) to 3, as after a crash" err
            sed "$((last + 2)),4d" whole.tsv | cut -f 3 --complement | diff - <(cut -f 3 --complement log.tsv)
        fi
        # What has a gap now is gone on with, too.
        tells -m part.bin --checkpoint more.ck -e 4
        tells -m part.bin --resume more.ck --log log.tsv
        run ! grep missing err
        assert_equal "$(cut -f 1 log.tsv | xargs)" "$(printf "%s\n" epoch $(seq $last) 4 5 | xargs)"
    done
}

@test "epochs without a row before the checkpoint are noted, wherever they are, and a row holds numbers alone" {
    tells() { vae-train "${OPTIONS[@]:1}" "$@" items.raw 2>err; }
    OPTIONS=(-q -H 12 -z 3 -b 32 -e 6)
    tells -m whole.bin --log whole.tsv --checkpoint part.ck
    local edit notes
    while IFS='|' read -r edit notes; do
        sed "$edit" whole.tsv >log.tsv
        cp log.tsv before.tsv
        tells -m part.bin --resume part.ck --log log.tsv
        grep ': log.tsv: ' err >told || true
        assert_equal "$(xargs <told)." "$notes."
        cmp log.tsv before.tsv
    done <<'END'
s/^//|
4d|vae-train: log.tsv: has no rows for epochs 3 to 3, as after a crash
2,3d|vae-train: log.tsv: has no rows for epochs 1 to 2, as after a crash
2d;5,6d|vae-train: log.tsv: has no rows for epochs 1 to 1, as after a crash vae-train: log.tsv: has no rows for epochs 4 to 5, as after a crash
END
    # An empty log, and none. What is no file never had rows.
    : >log.tsv
    for _ in 1 2; do
        tells -m part.bin --resume part.ck --log log.tsv
        grep -qx 'vae-train: log.tsv: begins without the rows of epochs 1 to 6' err
        head -1 whole.tsv | cmp - log.tsv
        rm log.tsv
    done
    tells -m part.bin --resume part.ck --log /dev/null
    run ! grep 'rows' err
    # A word, an empty column, one too few or too many, a list of numbers.
    for edit in '4s/\t/\tX/' '4s/\t[^\t]*/\t/' '4s/\t[^\t]*//' '4s/$/\t1/' '4s/$/,1/' '4s/$/,/' '4s/\t/,/2' '4s/\t/,5\t/2' '4s/\t/\t /' '7s/\t/\tX/'; do
        sed "$edit" whole.tsv >other.tsv
        cp other.tsv before.tsv
        fails 1 'vae-train: other.tsv: is not the log of this run up to epoch 6, wanted it, or no file: move it away' \
            vae-train "${OPTIONS[@]}" -m part.bin --resume part.ck --log other.tsv items.raw
        cmp other.tsv before.tsv
    done
}

@test "what a log holds behind the checkpoint's last row is cut off only if it is rows in order, or a crash's zeros" {
    vae-train "${OPTIONS[@]:0:7}" -e 6 -m whole.bin --log whole.tsv items.raw
    vae-train "${OPTIONS[@]:0:7}" -e 3 -m part.bin --checkpoint part.ck items.raw
    OPTIONS=("${OPTIONS[@]:0:7}" -e 6 -m part.bin --resume part.ck)
    # Words at the end, between two rows, a row again, an earlier one, a list, an epoch that no number holds.
    for edit in '7s/$/\nprecious/' '6s/^/precious\n/' '6p' '6{p;s/^5/2/}' '7s/$/,1/' '5s/^4/99999999999999999999999/'; do
        sed "$edit" whole.tsv >other.tsv
        cp other.tsv before.tsv
        fails 1 'vae-train: other.tsv: is not the log of this run up to epoch 3, wanted it, or no file: move it away' \
            vae-train "${OPTIONS[@]}" --log other.tsv items.raw
        cmp other.tsv before.tsv
    done
    # After a crash of the machine, zeros from the middle of row 4 or 5 on; or rows are missing.
    for edit in '5s/\t.*/\t\x0\x0\n/' '5s/.*/\x0\x0/' '6s/.*/\x0\x0/' '5d' '6d' '5,6d'; do
        sed "$edit" whole.tsv >log.tsv
        vae-train "${OPTIONS[@]}" --log log.tsv items.raw
        cmp part.bin whole.bin
        cut -f 3 --complement log.tsv | diff - <(cut -f 3 --complement whole.tsv)
    done
    # Rows are missing before the checkpoint's epoch, too.
    sed '3,4d;6s/.*/\x0\x0/' whole.tsv >log.tsv
    vae-train "${OPTIONS[@]}" --log log.tsv items.raw
    cut -f 3 --complement log.tsv | diff - <(sed 3,4d whole.tsv | cut -f 3 --complement)
}

@test "a checkpoint of more steps is not replaced without a note" {
    train -m part.bin --checkpoint part.ck -e 1
    cp part.ck short.ck
    train -m part.bin --checkpoint part.ck
    cp part.ck long.ck
    # tells CHECKPOINT OPTION...: $told is what is said of the checkpoint.
    tells() {
        cp long.ck part.ck
        cp short.ck first.ck
        defaulting "${OPTIONS[@]:1}" -- vae-train -m new.bin --checkpoint "$@" items.raw 2>err
        told=$(grep -F "vae-train: $1: holds" err) || true
    }
    local told this='vae-train: part.ck: holds step 21 of this training, and will be replaced, because --resume part.ck is not given'
    tells part.ck
    assert_equal "$told" "$this"
    tells part.ck --resume first.ck
    assert_equal "$told" "$this"
    for options in '-S 2' '-z 2' '--val val.raw'; do
        # shellcheck disable=SC2086 # several options
        tells part.ck $options
        assert_equal "$told" 'vae-train: part.ck: holds step 21, which this run cannot continue from, and will be replaced'
    done
    # One that is gone on with, one of fewer steps, a new one, and what is no checkpoint.
    tells part.ck --resume part.ck
    assert_empty "$told"
    tells part.ck --resume ./part.ck
    assert_empty "$told"
    tells first.ck --resume part.ck
    assert_empty "$told"
    tells none.ck
    assert_empty "$told"
    cp part.bin model.ck
    tells model.ck
    assert_empty "$told"
    echo precious >text.ck
    tells text.ck
    assert_empty "$told"
    cp long.ck part.ck
    train -m new.bin --checkpoint part.ck -S 2 2>err
    assert_empty "$(<err)"
}

@test "the log is on the disk before the checkpoint that counts its rows" {
    preloaded
    # Each is stopped by the failure of its sync: the log's comes first.
    run -1 injected fsync:1:5 vae-train "${OPTIONS[@]}" -m part.bin --log log.tsv --checkpoint part.ck --every 1 items.raw
    assert_output 'vae-train: log.tsv: cannot sync: Input/output error'
    assert [ ! -e part.ck ]
    run -1 injected fsync:2:5 vae-train "${OPTIONS[@]}" -m part.bin --log log.tsv --checkpoint part.ck --every 1 items.raw
    assert_output 'vae-train: part.ck: cannot sync: Input/output error'
    # Without a checkpoint the log needs none.
    run -1 injected fsync:1:5 vae-train "${OPTIONS[@]}" -m part.bin --log log.tsv items.raw
    assert_output 'vae-train: part.bin: cannot sync: Input/output error'
    # A pipe has no disk.
    train -m whole.bin --log whole.tsv
    train -m part.bin --log - --checkpoint part.ck --every 1 | cut -f 3 --complement |
        diff - <(cut -f 3 --complement whole.tsv)
}

@test "seconds and items per second tell of this run and of those before" {
    tells() { vae-train -H 12 -z 3 -b 200 -r 0.0001 "$@" items.raw 2>err; }
    tells -e 2000 -m part.bin --log part.tsv --checkpoint part.ck
    local before start=${EPOCHREALTIME/./}
    before=$(last part 3)
    tells -e 2100 -m part.bin --log part.tsv --resume part.ck --checkpoint part.ck
    local took=$((${EPOCHREALTIME/./} - start))
    assert_regex "$(tail -1 err)" ', [0-9.]+ s, [0-9]+ items/s$'
    # The run itself took less than the process, whose rate is a bound: 100 epochs of 200 items.
    perl -e 'my ($line, $micro, $before, $first, $last) = @ARGV;
        my ($all, $rate) = $line =~ /, ([0-9.]+) s, ([0-9]+) items\/s$/ or die "no figures: $line\n";
        my $own = $micro / 1e6;
        die "$rate items/s: 20000 items in at most $own s\n" unless $rate >= 0.99 * 20000 / $own;
        my $rows = $last - $first;
        die "$rate items/s: 20000 items in at least $rows s\n" unless $rows > 0 && $rate <= 1.01 * 20000 / $rows;
        die "$first s after $before s\n" unless $first > $before && $first < $before + $own;
        die "$all s in all, $last in the log\n" unless $all >= $last - 0.1 && $all <= $before + $own + 0.1;
    ' "$(tail -1 err)" $took "$before" "$(sed -n 2002p part.tsv | cut -f 3)" "$(last part 3)"
    # Those of the first run are in the second one's checkpoint, too.
    before=$(last part 3)
    tells -e 2101 -m part.bin --log part.tsv --resume part.ck
    holds "$(last part 3) > $before"
}

@test "a file that is missing is told before the data is read" {
    for option in resume start-from val; do
        fails 1 'vae-train: nowhere: cannot open: No such file or directory' \
            vae-train "${OPTIONS[@]}" -m new.bin --$option nowhere <(header u8 4 1 .)
    done
    fails 1 'vae-train: nowhere: cannot open: No such file or directory' \
        vae-train "${OPTIONS[@]}" -m new.bin --cond nowhere <(header u8 4 1 .)
    fails 1 'vae-train: nowhere: cannot open: No such file or directory' \
        vae-train "${OPTIONS[@]}" -m new.bin --cond "$ROOT/Makefile" --val items.raw --val-cond nowhere <(header u8 4 1 .)
}

@test "--every takes steps and times" {
    for wrong in 0 -1 1.5 '' s 10d 5ss 99999999999 1e3 "$(printf '%032d' 50)"; do
        fails 2 "vae-train: --every: found '$wrong', wanted steps, such as 100, or a time, such as 30s, 10m or 2h" \
            vae-train -m model.bin --every "$wrong" items.raw
    done
    fails 2 'vae-train: --every: found it without --checkpoint' vae-train -m model.bin --every 5 items.raw
    fails 2 'vae-train: --every: found it without --checkpoint' vae-train -m model.bin --every 5m items.raw
    # 7 steps an epoch, 21 in all, and the end; behind these checkpoints comes the model, and nothing.
    for every in 10:3 21:2 1000:1 2h:1; do
        rm -f hit m.bin
        cut_at $((${every#*:} + 1)) vae-train "${OPTIONS[@]}" -m m.bin --checkpoint part.ck --every "${every%:*}" items.raw
        assert [ ! -e m.bin ]
        rm hit
        run -0 injected rename:$((${every#*:} + 2)):kill \
            vae-train "${OPTIONS[@]}" -m m.bin --checkpoint part.ck --every "${every%:*}" items.raw
        assert [ ! -e hit ]
    done
    # Steps count from the checkpoint that a run goes on from: 5, then 15.
    rm -f part.*
    cut_at 2 vae-train "${OPTIONS[@]}" -m part.bin --checkpoint part.ck --every 5 items.raw
    assert_equal "$(figure step)" 5
    cut_at 2 vae-train "${OPTIONS[@]}" -m part.bin --checkpoint part.ck --every 10 --resume part.ck items.raw
    assert_equal "$(figure step)" 15
}

# jumps SECONDS OPTION...: starts a run without end whose clock jumps by so much, and ends it when it has trained on.
jumps() {
    local seconds=$1 rows
    shift
    rm -f part.* hit
    env FAULT="clock:$seconds:jump" FAULT_HIT=hit LD_PRELOAD="$FAULT_LIBRARY" \
        vae-train -q -H 2 -z 1 -b 200 -e 1000000 -m part.bin --log part.tsv "$@" items.raw 3>&- &
    await test -s part.tsv
    for _ in 1 2; do
        rows=$(wc -l <part.tsv)
        # shellcheck disable=SC2016 # expanded by await
        await eval '[ "$(wc -l <part.tsv)" -gt $((rows + 2)) ]'
        [ -e hit ] || assert [ ! -e part.ck -a ! -e part.bin ]
        touch hit
    done
    kill -KILL $!
    wait $! || true
}

@test "a checkpoint is saved when the time of --every has passed, by default a minute, and a model after 10 seconds" {
    preloaded
    # Half of the time, which leaves the other half to a slow machine, and all of it.
    for every in 40s:40 10m:600 2h:7200; do
        jumps $((${every#*:} / 2)) --checkpoint part.ck --every ${every%:*}
        assert [ ! -e part.ck ]
        jumps ${every#*:} --checkpoint part.ck --every ${every%:*}
        assert [ -e part.ck ]
    done
    jumps 30 --checkpoint part.ck
    assert [ ! -e part.ck ]
    jumps 60 --checkpoint part.ck
    assert [ -e part.ck ]
    # Once: a step an epoch, and the run went on for two at least.
    assert [ "$(last part 1)" -ge $(($(figure epoch) + 2)) ]
    jumps 5
    assert [ ! -e part.bin ]
    jumps 10
    assert [ -e part.bin ]
    assert [ "$(last part 1)" -ge $(($(metadata part.bin epochs) + 2)) ]
}

@test "a run that has saved often has no more files open than at its start" {
    train -m whole.bin -e 9
    (ulimit -n 32 && train -m part.bin -e 9 --checkpoint part.ck --every 1 --log part.tsv)
    cmp whole.bin part.bin
    assert [ "$(figure step)" -gt 60 ]
}

@test "places that would lose something are refused" {
    train -m model.bin --checkpoint part.ck
    fails 1 'vae-train: model.bin: would be both the checkpoint and the model' \
        vae-train -q -m model.bin --checkpoint model.bin items.raw
    fails 1 'vae-train: items.raw: would be written and is also read as items.raw' \
        vae-train -q -m model.bin --checkpoint items.raw items.raw
    fails 1 'vae-train: log: would be both the checkpoint and the log' \
        vae-train -q -m model.bin --log log --checkpoint log items.raw
    fails 1 'vae-train: part.ck: would be written and is also read as part.ck' \
        vae-train -q -m part.ck --resume part.ck items.raw
    # Of two names for one place, where nothing stands yet.
    fails 1 'vae-train: ./new.ck: would be both the checkpoint and the log' \
        vae-train -q -m model.bin --log new.ck --checkpoint ./new.ck items.raw
    fails 1 'vae-train: ./new.bin: would be both the log and the model' \
        vae-train -q -m new.bin --log ./new.bin items.raw
    cp part.ck before.ck
    fails 1 'vae-train: part.ck: would be written and is also read as ./part.ck' \
        vae-train "${OPTIONS[@]}" -m model.bin --log part.ck --resume ./part.ck items.raw
    cmp part.ck before.ck
    fails 1 "vae-train: none/part.ck: there is no directory 'none', wanted it" vae-train -q -m model.bin --checkpoint none/part.ck items.raw
    fails 1 'vae-train: none.ck: cannot open: No such file or directory' \
        vae-train -q -m model.bin --resume none.ck items.raw
}

@test "options are kept whole, however long they are" {
    local zeros
    zeros=$(printf '%02500d' 0)
    train -m part.bin --checkpoint part.ck --beta "1.${zeros}1" --clip "$zeros" -H "${zeros}12" --schedule "step:${zeros}1:0.5"
    run -0 vae-info part.bin
    assert_line --partial " --hidden ${zeros}12 "
    assert_line --partial " --beta 1.${zeros}1 "
    assert_line --partial ' --seed 1'
    # They are compared to their ends.
    defaulting "${OPTIONS[@]:1}" -- fails 1 "vae-train: part.ck: --beta is 1.${zeros}2 in this run, wanted 1.${zeros}1 as in the file" \
        vae-train -q -m part.bin --resume part.ck --beta "1.${zeros}2" --clip "$zeros" -H "${zeros}12" \
        --schedule "step:${zeros}1:0.5" items.raw
    # What would not fit into a model's header is refused before the training.
    zeros=$(printf '%0120000d' 0)
    fails 1 'vae-train: options: their text has 360' vae-train -q -m new.bin --clip "$zeros" --ema "$zeros" --warmup "$zeros" items.raw
    assert [ ! -e new.bin ]
}

@test "the checkpoint that is replaced is not kept open" {
    vae-train -q -H 12 -z 3 -e 3 -m x.bin --checkpoint run.ck items.raw
    vae-train -q -H 12 -z 3 -e 1000000 -m x.bin --checkpoint run.ck --log log.tsv items.raw 3>&- 2>err &
    pid=$!
    await eval "[ \"\$(wc -l <log.tsv)\" -ge 2 ]"
    ls -l /proc/$pid/fd >open
    kill -TERM $pid
    wait $pid || true
    grep -q '/items.raw$\|log.tsv$' open
    run -1 grep '/run.ck\( (deleted)\)\?$' open
}
