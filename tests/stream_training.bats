#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# vae-train --stream: items that are read block by block give the bytes of those in memory. 200 items of 784 bytes in
# blocks of 51K, which are two mini-batches of 32, are three blocks and a part of one.
# shellcheck disable=SC2016 # what is quoted is perl
load helper

ITEMS=200
OPTIONS=(-q -H 12 -z 3 -e 3)

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    idx2raw -n $ITEMS "$IMAGES" >items.raw
    idx2raw -n $ITEMS "$LABELS" >labels.raw
    { header f64 1 $ITEMS . && perl -e 'print pack "d<*", map { $_ % 5 ? sin : "nan" } 1 .. 200'; } >targets.raw
    { header f32 4 $ITEMS . && perl -e 'print pack "f<*", map { $_ % 9 ? $_ * 7 % 11 / 10 : "nan" } 1 .. 800'; } >holes.raw
    # The same items in frames of 1, 150, 0 and 49.
    {
        for n in 1 150 0; do header u8 28x28 $n +; done
        header u8 28x28 49 .
    } >headers
    payload <items.raw >pixels
    perl -e 'my ($h, $p) = map { local (@ARGV, $/) = $_; <> } qw(headers pixels); my $at = 0;
        for (0 .. 3) { my $n = (1, 150, 0, 49)[$_]; print substr($h, 64 * $_, 64), substr($p, 784 * $at, 784 * $n); $at += $n }' >frames.raw
    raw-cmp items.raw frames.raw
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/*.raw .
}

# streams FILE OPTION...: trained from a file, in frames or not, on one thread or three, the model and the log are those of
# items in memory.
streams() {
    local file=$1
    shift
    vae-train "${OPTIONS[@]}" -b "${BATCH:-32}" -m memory.bin --log memory.tsv "$@" "$file"
    vae-train "${OPTIONS[@]}" -b "${BATCH:-32}" -j 3 -m stream.bin --log stream.tsv --stream "$@" "$file"
    cmp memory.bin stream.bin
    cut -f 3 --complement memory.tsv | diff - <(cut -f 3 --complement stream.tsv)
}

@test "items that are read block by block give the bytes of those in memory" {
    for size in 51K 1 25088 75264 156800 157K 1G 200T; do streams items.raw --shuffle-buffer $size; done
    for batch in 300 1 64; do BATCH=$batch streams items.raw --shuffle-buffer 51K; done
    vae-train "${OPTIONS[@]}" -b 32 -m frames.bin --stream --shuffle-buffer 51K frames.raw
    vae-train "${OPTIONS[@]}" -b 32 -m memory.bin --shuffle-buffer 51K items.raw
    cmp frames.bin memory.bin
    vae-train "${OPTIONS[@]}" -b 32 -m frames.bin --stream --shuffle-buffer 51K - <frames.raw
    cmp frames.bin memory.bin
}

@test "the same for all that is set from the items, or belongs to them" {
    local options
    for options in '--cond labels.raw' '--target targets.raw' '--prior vamp:5' '--mean-bias --binarize sample' \
        '--augment shift:2,flip --schedule cosine --warm-rate 0.7' '--warmup 2 --val labelled.raw --patience 1' \
        '--objective iwae -k 3' '-l gaussian --sigma optimal'; do
        raw-select --items 3-40 items.raw >labelled.raw
        # shellcheck disable=SC2086 # several options
        streams items.raw --shuffle-buffer 51K $options
    done
    streams holes.raw --missing -l gaussian --shuffle-buffer 1K
    streams frames.raw --schedule cosine --shuffle-buffer 51K
}

@test "a buffer of all items gives the numbers of one that is not limited, and a small one others" {
    vae-train "${OPTIONS[@]}" -m all.bin items.raw
    vae-train "${OPTIONS[@]}" -m stream.bin --stream items.raw
    vae-train "${OPTIONS[@]}" -m small.bin --stream --shuffle-buffer 51K items.raw
    for model in all stream small; do raw-info --per-element <(vae-sample -n 5 -d 3 | vae-decode -m $model.bin) >$model.tsv; done
    cmp all.tsv stream.tsv
    run -1 cmp all.tsv small.tsv
    assert_equal "$(vae-info stream.bin | grep -c -e '--shuffle-buffer 64M')" 1
    assert_equal "$(metadata stream.bin data_xxh64)" "$(metadata all.bin data_xxh64)"
}

@test "a pipe is read once: in one frame, in several, and in as many as it likes to" {
    vae-train -q -H 12 -z 3 -b 32 -m memory.bin -e 1 --shuffle-buffer 51K items.raw
    for file in items frames; do
        vae-train -q -H 12 -z 3 -b 32 -m pipe.bin --stream --shuffle-buffer 51K < <(cat $file.raw)
        cmp pipe.bin memory.bin
    done
    assert_equal "$(metadata pipe.bin items) $(metadata pipe.bin epochs)" "$ITEMS 1"
    # The number of items is known from the first header.
    vae-train -q -H 12 -z 3 -b 32 -m memory.bin -e 1 --schedule cosine --cond labels.raw --shuffle-buffer 51K items.raw
    vae-train -q -H 12 -z 3 -b 32 -m pipe.bin --schedule cosine --cond labels.raw --stream --shuffle-buffer 51K < <(cat items.raw)
    cmp pipe.bin memory.bin
}

@test "a pipe that is cut is gone on with from the same items, and refused with others" {
    local options=(-q -H 12 -z 3 -b 32 --stream --shuffle-buffer 51K)
    vae-train "${options[@]}" -m whole.bin < <(cat frames.raw)
    cut_at 3 vae-train "${options[@]}" -m part.bin --checkpoint part.ck --every 1 < <(cat frames.raw)
    assert_equal "$(metadata part.ck step) $(metadata part.ck read_items)" '2 64'
    vae-train -q -H 12 -z 3 -b 32 --stream --shuffle-buffer $((51 * 1024)) -m part.bin --resume part.ck < <(cat frames.raw)
    tail -c 70000 part.bin >part.end # without the options, as they were typed
    cmp part.end <(tail -c 70000 whole.bin)
    vae-train "${options[@]}" -m part.bin --resume part.ck < <(cat frames.raw)
    cmp part.bin whole.bin
    perl -0777 -pe 'substr($_, 64 + 64 + 63 * 784 + 9, 1) ^= "\1"' frames.raw >other.raw
    run vae-train "${options[@]}" -m part.bin --resume part.ck < <(cat other.raw)
    assert_equal "$status" 1
    assert_regex "$output" '^vae-train: stdin: the XXH64 of its first 64 items is [0-9a-f]{16}, wanted [0-9a-f]{16} as before: read the same again, or start a new run$'
    run vae-train "${options[@]}" -m part.bin --resume part.ck < <(raw-select --items 0-40 items.raw | cat)
    assert_equal "$status $output" '1 vae-train: part.ck: items is 41 in this run, wanted not given as in the file'
    fails 1 'vae-train: part.ck: --stream is not given in this run, wanted given as in the file' \
        vae-train -q -H 12 -z 3 -b 32 -e 1 --shuffle-buffer 51K -m part.bin --resume part.ck items.raw
    cmp part.bin whole.bin
}

# waits_for_items COMMAND...: starts it with a pipe that gives 100 items and then nothing, as $pid.
waits_for_items() {
    mkfifo pipe
    "$@" <pipe 2>err 3>&- &
    pid=$!
    exec 7>pipe
    { header u8 28x28 $ITEMS . && payload <items.raw | first $((100 * 784)); } >&7
}

@test "a command before the pipe that fails, or that the same signal ends, leaves the checkpoint of the last step" {
    local options=(-q -H 12 -z 3 -b 32 --stream --shuffle-buffer 26K)
    vae-train "${options[@]}" -m whole.bin < <(cat items.raw)
    run vae-train "${options[@]}" -m part.bin --checkpoint part.ck < <(first $((64 + 100 * 784)) <items.raw)
    assert_equal "$status" 1
    assert_regex "$output" '^vae-train: stdin: ended after 78400 of 156800 bytes'
    assert_equal "$(metadata part.ck step) $(metadata part.ck read_items)" '3 96'
    vae-train "${options[@]}" -m part.bin --resume part.ck < <(cat items.raw)
    cmp part.bin whole.bin
    # As ctrl-C does, to all of a pipeline, of which the writer ends first.
    rm part.*
    waits_for_items vae-train "${options[@]}" -m part.bin --checkpoint part.ck --every 1
    await eval '[ -e part.ck ] && [ "$(metadata part.ck step)" = 3 ]'
    kill -STOP $pid
    exec 7>&-
    kill -TERM $pid
    kill -CONT $pid
    status=0
    wait $pid || status=$?
    assert_equal "$status $(<err)" '143 '
    assert_equal "$(metadata part.bin steps)" 3
    vae-train "${options[@]}" -m part.bin --resume part.ck < <(cat items.raw)
    cmp part.bin whole.bin
}

@test "a run that is gone on with refuses a file of which a later part has changed" {
    local options=(-q -H 12 -z 3 -b 32 -e 3 --stream --shuffle-buffer 51K)
    cut_at 11 vae-train "${options[@]}" -m part.bin --checkpoint part.ck --every 1 items.raw
    assert_equal "$(metadata part.ck epoch) $(metadata part.ck read_items)" '2 128'
    perl -0777 -pe 'substr($_, -9, 1) ^= "\1"' items.raw >other.raw
    run vae-train "${options[@]}" -m part.bin --resume part.ck other.raw
    assert_equal "$status" 1
    assert_regex "$output" "^vae-train: other.raw: the XXH64 of its first $ITEMS items is [0-9a-f]{16}, wanted [0-9a-f]{16} as before"
    assert [ ! -e part.bin ]
}

@test "a file run goes on from the end of an epoch, before and after its validation, and from its end" {
    local options=(-q -H 12 -z 3 -b 32 --stream --shuffle-buffer 51K --val items.raw)
    vae-train "${options[@]}" -e 2 -m whole.bin items.raw
    # The 7th step ends the first epoch, whose validation was not done.
    cut_at 2 vae-train "${options[@]}" -e 2 -m part.bin --checkpoint part.ck --every 7 items.raw
    assert_equal "$(metadata part.ck step) $(metadata part.ck position) $(metadata part.ck epochs_done)" "7 $ITEMS 0"
    vae-train "${options[@]}" -e 2 -m part.bin --checkpoint part.ck --resume part.ck items.raw
    cmp part.bin whole.bin
    for _ in 1 2; do
        vae-train "${options[@]}" -e 2 -m part.bin --checkpoint part.ck --continue items.raw
        cmp part.bin whole.bin
        assert_equal "$(metadata part.ck read_items)" $ITEMS
    done
    vae-train "${options[@]}" -e 3 -m part.bin --checkpoint part.ck --continue items.raw
    vae-train "${options[@]}" -e 3 -m whole.bin items.raw
    cmp part.bin whole.bin
    # A run that has ended still wants its items.
    perl -0777 -pe 'substr($_, -9, 1) ^= "\1"' items.raw >other.raw
    run vae-train "${options[@]}" -e 3 -m part.bin --resume part.ck other.raw
    assert_equal "$status" 1
    assert_regex "$output" "^vae-train: other.raw: the XXH64 of its first $ITEMS items is"
}

@test "what cat makes of two streams is one, unless its number of items is wanted" {
    local options=(-q -H 12 -z 3 -b 32 --stream --shuffle-buffer 51K)
    cat items.raw items.raw >both.raw
    vae-train -q -H 12 -z 3 -b 32 -e 1 --shuffle-buffer 51K -m memory.bin both.raw
    vae-train "${options[@]}" -e 1 -m file.bin both.raw
    cmp file.bin memory.bin
    vae-train "${options[@]}" -m pipe.bin < <(cat both.raw)
    cmp pipe.bin memory.bin
    run vae-train "${options[@]}" -m pipe.bin --cond labels.raw < <(cat both.raw)
    assert_equal "$status $output" "1 vae-train: stdin: has more than the $ITEMS items that its first header says, wanted no more"
}

@test "standard input that is a file is read from where it stands, in each epoch" {
    { echo 'not yet' && cat items.raw; } >after.raw
    { read -r _ && vae-train -q -H 12 -z 3 -b 32 -e 3 --stream --shuffle-buffer 51K -m file.bin; } <after.raw
    vae-train -q -H 12 -z 3 -b 32 -e 3 --shuffle-buffer 51K -m memory.bin items.raw
    cmp file.bin memory.bin
}

@test "a signal ends a run whose items come by and by" {
    mkfifo pipe
    vae-train -q -H 12 -z 3 -b 32 --stream -m part.bin <pipe 2>err 3>&- &
    reader=$!
    { header u8 28x28 $ITEMS . && payload <items.raw | perl -e '$| = 1; while (read STDIN, my $b, 100) { print $b; select undef, undef, undef, 0.005 }'; } >pipe 3>&- &
    sleep 0.3
    local seconds=$SECONDS
    kill -TERM $reader
    status=0
    wait $reader || status=$?
    assert_equal "$status" 143
    assert [ $((SECONDS - seconds)) -lt 5 ] # all items would take 8
}

@test "a signal ends a run that waits for items, with the model and the checkpoint saved" {
    waits_for_items vae-train -q -H 12 -z 3 -b 32 -m part.bin --stream --shuffle-buffer 26K --checkpoint part.ck --every 1
    await eval '[ -e part.ck ] && [ "$(metadata part.ck step)" = 3 ]'
    kill -TERM $pid
    status=0
    wait $pid || status=$?
    exec 7>&-
    assert_equal "$status" 143
    assert_equal "$(metadata part.bin items) $(metadata part.bin steps)" '96 3'
    vae-train -q -H 12 -z 3 -b 32 -m part.bin --stream --shuffle-buffer 26K --resume part.ck < <(cat items.raw)
    vae-train -q -H 12 -z 3 -b 32 -m whole.bin --shuffle-buffer 26K -e 1 items.raw
    cmp part.bin whole.bin
}

@test "a signal while the first block of an epoch is read again ends the run with a whole model" {
    preloaded
    local number status
    # 20000 items of 784 bytes are 960 reads of 16K and 100 headers; the first block of the second epoch is 600 of them.
    for _ in {1..100}; do cat items.raw; done >many.raw
    for number in 1300 1400 1500; do
        rm -f hit model.bin
        FAULT=read:$number:stop FAULT_HIT=hit LD_PRELOAD=$FAULT_LIBRARY \
            vae-train -q -H 12 -z 3 -b 2000 -e 3 --stream --shuffle-buffer 10M -m model.bin many.raw 3>&- &
        pid=$!
        await test -e hit
        await grep -q '^State:.*stopped' /proc/$pid/status
        sleep 0.2 # the main thread waits for the block
        kill -TERM $pid
        kill -CONT $pid
        status=0
        wait $pid || status=$?
        assert_equal "$number $status" "$number 143"
        assert_equal "$(metadata model.bin steps)" 11 # one of the second epoch
    done
}

@test "a stream that ends early, or goes on behind its end, fails when it is read" {
    first $((64 + 150 * 784)) <items.raw >short.raw
    for file in short.raw -; do
        rm -f model.bin
        run vae-train -q -m model.bin -H 12 -z 3 -b 32 --stream --shuffle-buffer 51K -e 1 $file < <(cat short.raw)
        assert_equal "$status" 1
        assert_regex "$output" "^vae-train: (short.raw|stdin): ended after 117600 of 156800 bytes of a frame of $ITEMS items, wanted all$"
        assert [ ! -e model.bin ]
    done
    { cat items.raw && echo more; } >long.raw
    fails 1 "vae-train: long.raw: bytes that are no frame follow after $ITEMS items, wanted the end" \
        vae-train -q -m model.bin --stream long.raw
    run vae-train -q -m model.bin -H 12 -z 3 -b 32 --stream --shuffle-buffer 51K < <(cat long.raw)
    assert_equal "$status" 1
    assert_regex "$output" "^vae-train: stdin: bytes that are no frame follow after $ITEMS items"
    header u8 28x28 0 . >none.raw
    fails 1 'vae-train: none.raw: no items, wanted at least 1' vae-train -q -m model.bin --stream none.raw
}

@test "bytes behind a stream in a file are found before anything is written" {
    { cat items.raw && echo more; } >long.raw
    echo earlier >log.tsv
    fails 1 'vae-train: long.raw: bytes that are no frame follow after 200 items, wanted the end' \
        vae-train -q -m model.bin -H 12 -z 3 -b 32 --stream --shuffle-buffer 51K --log log.tsv long.raw
    assert_equal "$(<log.tsv)" earlier
}

@test "an item that the likelihood does not allow is named, wherever it is, and the model of the epochs before is kept" {
    { header f32 4 $ITEMS . && perl -e 'print pack "f<*", map { $_ == 617 ? 7 : 0.5 } 0 .. 799'; } >bad.raw
    fails 1 'vae-train: bad.raw: item 154, element 1 is 7, wanted a number in [0,1] for bernoulli' \
        vae-train "${OPTIONS[@]}" -b 32 -m model.bin --stream --shuffle-buffer 1K bad.raw
    assert [ ! -e model.bin ]
}

@test "a thread that reads and cannot be started is an error" {
    preloaded
    run -1 injected thread:1:5 vae-train -q -j 1 -m model.bin --stream items.raw
    assert_output 'vae-train: items.raw: cannot start a thread to read it: Input/output error'
}

@test "too few files that may be open are an error, at each number of them" {
    local number
    for number in {4..16}; do
        bash -c "ulimit -n $number; exec vae-train -q -m model.bin --stream items.raw" 2>>err || true
    done
    grep -q 'vae-train: items.raw: cannot wait for its blocks: Too many open files' err
}

@test "a file that changes while it is read is refused, and the model of the epochs before is kept" {
    cp items.raw file.raw
    rm -f log.tsv # of the run before
    timeout 60 vae-train -H 12 -z 3 -b 32 -e 1000000 -m model.bin --stream --shuffle-buffer 51K --log log.tsv file.raw 2>err 3>&- &
    pid=$!
    await grep -q '^2' log.tsv
    printf x | dd of=file.raw bs=1 seek=100000 conv=notrunc status=none
    status=0
    wait $pid || status=$?
    assert_equal "$status" 1
    tail -1 err | grep -E "^vae-train: file.raw: the XXH64 of its first $ITEMS items is [0-9a-f]{16}, wanted [0-9a-f]{16} as before"
    grep -E '^vae-train: model.bin: holds the weights of epoch [0-9]+$' err
    vae-info model.bin | grep $'made.ended\tfailure'
    # It becomes longer, as another frame is added.
    cp items.raw file.raw
    rm -f log.tsv # of the run before
    timeout 60 vae-train -q -H 12 -z 3 -b 32 -e 1000000 -m model.bin --stream --shuffle-buffer 51K --log log.tsv file.raw 2>err 3>&- &
    pid=$!
    await grep -q '^2' log.tsv
    cat items.raw >>file.raw
    status=0
    wait $pid || status=$?
    assert_equal "$status" 1
    grep "^vae-train: file.raw: has more than the $ITEMS items that its headers said at first, wanted no more" err
    # It becomes shorter.
    cp items.raw file.raw
    rm -f log.tsv # of the run before
    timeout 60 vae-train -q -H 12 -z 3 -b 32 -e 1000000 -m model.bin --stream --shuffle-buffer 51K --log log.tsv file.raw 2>err 3>&- &
    pid=$!
    await grep -q '^2' log.tsv
    truncate -s 100000 file.raw
    status=0
    wait $pid || status=$?
    assert_equal "$status" 1
    grep -E "^vae-train: file.raw: ended after [0-9]+ of 156800 bytes of a frame of $ITEMS items, wanted all$" err
}

@test "a wrong use is refused" {
    fails 2 'vae-train: --epochs: found 3 with --stream and a pipe, which can be read once, wanted 1, or a file' \
        bash -c 'cat items.raw | vae-train -m model.bin --stream -e 3'
    fails 2 'vae-train: --val: found a fraction with --stream, wanted a file of items to evaluate' \
        vae-train -m model.bin --stream --val 0.1 items.raw
    for size in 0 64k 64MB -1 '' 1.5M 300T 99999999999999999999; do
        fails 2 "vae-train: --shuffle-buffer: found '$size', wanted a number of bytes, such as 500000, 64M or 2G" \
            vae-train -m model.bin --shuffle-buffer "$size" items.raw
    done
    local option
    for option in '--cond labels.raw' '--target targets.raw' '--warmup 0.5' '--warm-rate 0.5' '--schedule step:1:0.5' --dry-run; do
        # shellcheck disable=SC2086 # an option and its argument
        run vae-train -q -m model.bin --stream $option < <(cat frames.raw)
        assert_equal "$status" 1
        assert_output "vae-train: stdin: its first header does not have the number of all items, wanted it for ${option%% *}: a regular file, or a stream of one frame"
    done
    fails 1 'vae-train: items.raw: 64 items in --shuffle-buffer, wanted at least 65 to start the pseudo-inputs of --prior' \
        vae-train -q -b 32 -m model.bin --prior vamp:65 --stream --shuffle-buffer 51K items.raw
    vae-train -q -b 32 -H 12 -m model.bin --dry-run --stream -e 2 frames.raw | grep $'^steps\t14$'
    assert [ ! -e model.bin ]
}

@test "a mapped file, whose digest is computed while training goes on, gives the model and the checkpoint of one in memory" {
    preloaded
    local options=(-H 12 -z 3 -b 32 -e 2)
    FIRST=$(printf %u "0x$(payload <items.raw | first $((64 * 784)) | perl "$ROOT/tests/safetensors.pl" xxh64)")
    export FIRST
    mapped() { FAULT=pages:0:20 LD_PRELOAD=$FAULT_LIBRARY vae-train -q "$@" items.raw; }
    vae-train -q "${options[@]}" -m memory.bin --checkpoint memory.ck items.raw
    mapped "${options[@]}" -m mapped.bin --checkpoint mapped.ck
    cmp memory.bin mapped.bin
    for key in data_xxh64 items step position; do assert_equal "$(metadata mapped.ck $key)" "$(metadata memory.ck $key)"; done
    # One is gone on with as the other, also over a checkpoint of its own.
    mapped -H 12 -z 3 -b 32 -e 3 -m mapped.bin --checkpoint mapped.ck --resume memory.ck
    vae-train -q -H 12 -z 3 -b 32 -e 3 -m memory.bin --resume mapped.ck items.raw
    cmp memory.bin mapped.bin
    vae-train -q -H 12 -z 3 -b 32 -e 3 -m whole.bin items.raw
    cmp memory.bin whole.bin
    # A checkpoint of before the digest was known has that of the first items.
    perl "$ROOT/tests/safetensors.pl" edit '$head =~ s/"data_xxh64":"\w+"/"read_items":"64","read_xxh64":"$ENV{FIRST}"/ or die' \
        <memory.ck >early.ck
    mapped -H 12 -z 3 -b 32 -e 3 -m mapped.bin --resume early.ck
    cmp mapped.bin whole.bin
    FIRST=1 perl "$ROOT/tests/safetensors.pl" edit '$head =~ s/"data_xxh64":"\w+"/"read_items":"64","read_xxh64":"$ENV{FIRST}"/ or die' \
        <memory.ck >early.ck
    run mapped -H 12 -z 3 -b 32 -e 3 -m mapped.bin --resume early.ck
    assert_equal "$status" 1
    assert_regex "$output" '^vae-train: items.raw: the XXH64 of its first 64 items is [0-9a-f]{16}, wanted 0000000000000001 as before'
    mapped --val 0.1 "${options[@]}" -m mapped.bin
    vae-train -q --val 0.1 "${options[@]}" -m memory.bin items.raw
    cmp memory.bin mapped.bin
}

@test "the digest of more than one chunk, 16 MiB, is that of the items" {
    preloaded
    { header u8 32x32 17000 . && perl -e 'print pack "L<*", map { 2654435761 * $_ & 0xffffffff } 1 .. 256 * 17000'; } >large.raw
    vae-train -q -m stream.bin -H none -z 1 -e 0 --stream large.raw # which has it of a block
    vae-train -q -m memory.bin -H none -z 1 -e 0 large.raw
    FAULT=pages:0:20 LD_PRELOAD=$FAULT_LIBRARY vae-train -q -m mapped.bin -H none -z 1 -e 0 large.raw
    for model in memory mapped; do assert_equal "$(metadata $model.bin data_xxh64)" "$(metadata stream.bin data_xxh64)"; done
}
