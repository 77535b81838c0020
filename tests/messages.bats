#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Every message that a user can meet is asserted by a test: by one of the file for its tool, or here.
# shellcheck disable=SC2030,SC2031 # a test is a subshell, and sets its variables itself
load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    idx2raw -n 40 "$IMAGES" >items.raw
    vae-train -q -m model.bin -H 2 -z 1 -e 1 items.raw
    vae-encode -q -m model.bin items.raw >latents.raw
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/*.* .
}

@test "the list of messages that no test mentions is empty" {
    cd "$ROOT" || return
    run -0 tests/messages
    assert_output ''
}

TRAIN=(vae-train -q -m model.bin -H 2 -z 1 -e 1 items.raw)

# on CALL:N:ERRNO MESSAGE: training says this, and the model of before is still there, or the new one.
on() {
    preloaded
    fails 1 "vae-train: $2" env FAULT="$1" FAULT_HIT=hit LD_PRELOAD="$FAULT_LIBRARY" "${TRAIN[@]}"
    assert [ -e hit ]
    vae-info model.bin | grep -x $'latent\t1'
}

@test "each step of putting a file in its place is named where it fails" {
    # The first of each is that of the question before all work whether it can be written.
    on truncate:1:5 'model.bin: cannot truncate its temporary file: Input/output error'
    on lock:1:37 'model.bin: cannot lock its temporary file: No locks available'
    on chmod:1:1 'model.bin: cannot set the mode of its temporary file: Operation not permitted'
    on fsync:1:5 'model.bin: cannot sync: Input/output error'
    cp model.bin before.bin
    # Before any training, though a checkpoint comes only after a minute.
    fails 1 'vae-train: run.ck: cannot truncate its temporary file: Input/output error' \
        env FAULT=truncate:2:5 LD_PRELOAD="$FAULT_LIBRARY" vae-train -q -m model.bin --checkpoint run.ck -e 1000000 items.raw
    on rename:1:28 "model.bin: cannot rename to it: No space left on device; the complete new file is beside it, as .model.bin.tmp, until the next run"
    cmp model.bin before.bin
    # Also for one that does not come to its data, and where the model is read-only.
    fails 1 'vae-train: none.raw: cannot open' vae-train -m model.bin none.raw
    vae-info .model.bin.tmp | grep -x $'latent\t1'
    chmod 444 model.bin
    on rename:1:28 'model.bin: cannot rename to it: '
    assert_equal "$(stat -c %a .model.bin.tmp)" 644
    "${TRAIN[@]}"
    assert [ ! -e .model.bin.tmp ]
    on fsync:2:5 'model.bin: is in place, but cannot sync its directory: Input/output error'
    # The place cannot be kept for the next save.
    rm hit
    fails 1 'vae-train: run.ck: cannot lock its temporary file: No locks available; the new one is in place' \
        env FAULT=lock:4:37 FAULT_HIT=hit LD_PRELOAD="$FAULT_LIBRARY" "${TRAIN[@]}" --checkpoint run.ck
    assert [ -e hit ]
    assert_equal "$(metadata run.ck epochs_done)" 1
    # There are file systems that cannot sync one.
    rm hit
    injected fsync:2:22 "${TRAIN[@]}" 2>err
    assert [ -e hit ]
    assert_empty "$(<err)"
    chmod 444 model.bin
    on chmod:4:1 'model.bin: is in place, but cannot set its mode: Operation not permitted'
    # Of the file in its place, and of the log.
    on lock:2:37 'model.bin: cannot lock the file in its place: No locks available'
    TRAIN+=(--log log.tsv)
    on lock:3:37 'log.tsv: cannot lock: No locks available'
}

@test "a directory that cannot be opened for that is named, or passed over where it may not be read" {
    local n
    for ((n = 1; n < 20; n++)); do
        rm -f hit
        injected open:$n:24 "${TRAIN[@]}" 2>err || true
        [ -e hit ] || break
        if grep -qx 'vae-train: model.bin: is in place, but cannot open its directory to sync: Too many open files' err; then
            rm hit
            injected open:$n:13 "${TRAIN[@]}" 2>err
            assert [ -e hit ]
            assert_empty "$(<err)"
            return
        fi
    done
    false
}

@test "what closes last is named where it fails, and threads that cannot start" {
    local n
    preloaded
    fails 1 'vae-train: threads: cannot start number 2 of 4: Resource temporarily unavailable' \
        env FAULT=thread:1:11 LD_PRELOAD="$FAULT_LIBRARY" "${TRAIN[@]}" -j 4
    for ((n = 1; n < 20; n++)); do
        rm -f hit
        injected close:$n:5 vae-sample -n 3 2>err >out || true
        [ -e hit ] || break
        ! grep -qx 'vae-sample: stdout: cannot close: Input/output error' err || return 0
    done
    false
}

@test "a log that cannot be closed is named" {
    local n got
    for ((n = 1; n < 40; n++)); do
        rm -f hit
        got=0
        injected close:$n:5 "${TRAIN[@]}" --log log.tsv 2>err || got=$?
        [ -e hit ] || break
        if grep -qx 'vae-train: log.tsv: cannot close: Input/output error' err; then
            assert_equal $got 1
            return
        fi
    done
    false
}

@test "data that neither fits into memory nor can be mapped is named" {
    preloaded
    fails 1 'vae-train: items.raw: cannot map: Cannot allocate memory' \
        env FAULT=mmap:0:12 LD_PRELOAD="$FAULT_LIBRARY" "${TRAIN[@]}"
}

@test "what is asked for and cannot be is named" {
    # What can name no file is wrong usage, whichever option it is given to, and what is there or not is not.
    local option name
    for option in --model --log --checkpoint --resume --val --start-from; do
        for name in '' new.bin/ dir/; do
            TRAIN=(vae-train -q "$option" "$name")
            [ $option = --model ] || TRAIN+=(-m new.bin)
            fails 2 "vae-train: $option: found '$name', wanted a file's name (vae-train --help tells more)" "${TRAIN[@]}" items.raw
        done
    done
    for option in --model --checkpoint --resume --start-from; do
        TRAIN=(vae-train -q "$option" -)
        [ $option = --model ] || TRAIN+=(-m new.bin)
        fails 2 "vae-train: $option: found '-', wanted a file's name, not a standard stream" "${TRAIN[@]}" items.raw
    done
    fails 2 "vae-encode: --model: found '', wanted a file's name" vae-encode -q -m '' items.raw
    fails 2 "vae-sample: --cond: found '', wanted a file's name" vae-sample -q -m model.bin --cond ''
    mkdir dir
    for option in --model --log --checkpoint; do
        TRAIN=(vae-train -q -e 0)
        [ $option = --model ] || TRAIN+=(-m new.bin)
        fails 1 'vae-train: dir: is a directory, wanted a file' "${TRAIN[@]}" $option dir items.raw
        fails 1 "vae-train: none/of/it: there is no directory 'none/of', wanted it" "${TRAIN[@]}" $option none/of/it items.raw
    done
    assert [ ! -e new.bin ]
    fails 1 "raw-info: '': cannot open: No such file or directory" raw-info ''
    fails 1 'raw-info: model.bin: looks like a model file or a checkpoint, wanted a stream' raw-info model.bin
    fails 2 "vae-encode: --model: found '-', wanted a file's name, not a standard stream" vae-encode -q -m - items.raw
    for items in '' -; do
        # shellcheck disable=SC2086 # none, or one
        fails 2 "vae-train: --val: found '-' for stdin, from which the items are read, wanted a file" \
            vae-train -q -m new.bin --val - $items
    done
    vae-train -q -m new.bin -H 2 -z 1 -e 1 --val - items.raw < <(cat items.raw)
}

@test "models that are too large for their own numbers are refused" {
    # shellcheck disable=SC2016 # Perl
    {
        perl "$ROOT/tests/safetensors.pl" edit '$head =~ s/"28x28"/"65536x65536"/' <model.bin >bad.bin
        fails 1 'vae-decode: bad.bin: items of shape 65536x65536 have 4294967296 elements, wanted at most ' \
            vae-decode -q -m bad.bin latents.raw
        perl "$ROOT/tests/safetensors.pl" edit \
            '$head =~ s/"28x28"/"4096x4096"/; $head =~ s/"bernoulli"/"gaussian","sigma":"net"/' <model.bin >bad.bin
        fails 1 'vae-decode: bad.bin: items of 16777216 elements with 2 numbers each, wanted at most ' \
            vae-decode -q -m bad.bin latents.raw
    }
}

@test "notes: latents that collapse, and where a run goes on" {
    vae-train -q -m new.bin -H 2 -z 1 -e 1 --checkpoint run.ck items.raw
    vae-train -m new.bin -H 2 -z 1 -e 2 --resume run.ck items.raw 2>err
    grep -qx 'vae-train: run.ck: continuing from step 1, in epoch 1 of 2' err
    { header u8 28x28 40 . && head -c $((40 * 784)) /dev/zero; } >black.raw
    vae-train -m new.bin -H 2 -z 4 -e 1 black.raw 2>err
    grep -q '^vae-train: new.bin: 4 of 4 latents collapsed: their posterior means have variances below 0.01' err
}
