#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Faults of the system, each call in turn: exit 1 and one line that names what failed, or the right result; what was
# there before stays, and nothing is left behind. Every call of every tool is tried by tests/long/injected.bats.
load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    idx2raw -n 40 "$IMAGES" >items.raw
    idx2raw -n 40 "$LABELS" >labels.raw
    raw2npy items.raw >items.npy
    printf '%%%%MatrixMarket matrix coordinate integer general\n3 3 2\n3 1 4\n2 3 9\n' >counts.mtx
    printf 'a\nb\nc\n' >genes
    recut 15 <items.raw >frames.raw
    printf 'id,x,y\na,1,2\nb,3,4\n' >table.csv
    printf 'C\nCl\n[nH]\n' >tokens.txt
    printf 'CCl\n[nH]\n' >lines.txt
    text2raw --tokens tokens.txt lines.txt >numbers.raw
    csv2raw --id id --write-ids ids --write-names names table.csv >table.raw
    printf 'P6\n2 1\n255\nabcdefP7\nWIDTH 2\nHEIGHT 1\nDEPTH 2\nMAXVAL 9\nTUPLTYPE GRAYSCALE_ALPHA\nENDHDR\n\1\2\3\4' >few.pnm
    vae-train -q -m model.bin -H 2 -z 1 -e 1 items.raw
    vae-encode -q -m model.bin items.raw >latents.raw
    vae-sample -n 12 -d 1 >known.raw
    vae-train -q -m head.bin -H 2 -z 1 -e 1 --target labels.raw items.raw
    # Every tool, on the files in the directory $1; the shell itself does without $PRELOAD.
    cat >all <<'END'
export LD_PRELOAD=$PRELOAD
set -o pipefail -e
vae-train -q -m model.bin --checkpoint model.ck --log log.tsv -H 2 -z 1 -e 2 -b 16 --val "$1/items.raw" "$1/items.raw"
cut -f 3 --complement log.tsv >log && rm log.tsv model.ck # which tell seconds
idx2raw -n 40 "$IMAGES" | vae-encode -m model.bin | vae-decode -m model.bin | raw2pgm >images.pgm
vae-sample -n 100 -m model.bin | vae-interp --steps 3 | raw-info >info
vae-sample -n 2 | vae-traverse --steps 3 >traverse
vae-climb -q --latents "$1/known.raw" --target "$1/known.raw" "$1/latents.raw" >climbed
vae-eval -m model.bin -k 3 "$1/items.raw" >eval
vae-score -m model.bin --write-calibration scores.txt "$1/items.raw" >scores
vae-score -m model.bin --per-element "$1/items.raw" >elements
vae-score -m model.bin --calibrate scores.txt "$1/items.raw" >calibrated
vae-info model.bin >model
vae2c -m model.bin decoder >decoder.c
vae2onnx -m model.bin decoder >onnx
vae2html -q -m model.bin --labels "$1/labels.raw" "$1/items.raw" >page
raw-select --class 7 --labels "$1/labels.raw" --shuffle "$1/items.raw" >shuffled
raw-select --split 0.5 --write-rest rest "$1/items.raw" >select
raw-zip --run 3 "$1/items.raw" "$1/items.raw" >zip
text2raw --write-tokens tokens "$1/lines.txt" >numbers
text2raw --tokens "$1/tokens.txt" "$1/lines.txt" | raw2text --tokens "$1/tokens.txt" >lines
raw-cmp "$1/items.raw" "$1/items.raw"
END
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/* .
}

teardown() {
    umount "$BATS_TEST_TMPDIR"/{small,model.bin} 2>/dev/null || true
}

TRAIN=(vae-train -q -j 2 -m new.bin --checkpoint new.ck --every 2 --log log.tsv -H 2 -z 1 -e 2 -b 16 --val items.raw items.raw)
STREAM=(vae-train -q -j 2 -m new.bin --checkpoint new.ck --every 2 --log log.tsv -H 2 -z 1 -e 2 -b 16 --stream --shuffle-buffer 1 items.raw)
TARGET=(vae-train -q -j 2 -m new.bin --checkpoint new.ck --every 2 --log log.tsv -H 2 -z 1 -e 2 -b 16 --target labels.raw --val 0.5 items.raw)

@test "each call that training makes fails in turn, and is named; model and checkpoint of before stay" {
    for call in open read fsync rename truncate thread; do
        withstand $call 5 1 "${TRAIN[@]}"
    done
    withstand write 5 7 "${TRAIN[@]}"
    withstand read 5 1 "${TARGET[@]}"
    for call in open read thread; do withstand $call 5 1 "${STREAM[@]}"; done
}

@test "each call of the other tools fails in turn" {
    for call in open read write thread; do
        withstand $call 5 1 vae-encode -q -j 2 -m model.bin items.raw
        withstand $call 5 1 vae-decode -q -j 2 -m model.bin latents.raw
        withstand $call 5 1 vae-climb -q -j 2 --write-predictions new.tsv --latents known.raw --target known.raw latents.raw
        withstand $call 5 1 vae-climb -q -j 2 -m head.bin latents.raw
    done
    for call in open read write; do
        withstand $call 5 1 idx2raw -n 3 "$IMAGES"
        withstand $call 5 1 csv2raw --id id --write-ids new.ids --write-names new.names table.csv
        withstand $call 5 1 text2raw --write-tokens new.tokens lines.txt
        withstand $call 5 1 text2raw --tokens tokens.txt lines.txt
        withstand $call 5 1 raw2text --tokens tokens.txt numbers.raw
        withstand $call 5 1 pnm2raw -q --rgb --live --write-ids new.ids few.pnm few.pnm
        withstand $call 5 1 vae-sample -m model.bin -n 3
        withstand $call 5 1 vae2onnx -m model.bin encoder
        withstand $call 5 1 raw2pgm items.raw
        withstand $call 5 1 raw2pgm --per-item items.raw
        withstand $call 5 1 raw2csv --ids ids --names names table.raw
        withstand $call 5 1 raw-select --class 1 --labels labels.raw --split 0.5 --write-rest new.raw items.raw
        withstand $call 5 1 raw-select --ids ids --write-ids new.ids table.raw
        withstand $call 5 1 raw-select --shuffle --ids ids --write-ids new.ids table.raw
        withstand $call 5 1 raw-zip --run 3 items.raw items.raw
    done
    for call in open read write thread fsync truncate; do
        withstand $call 5 1 vae-score -q -j 2 -m model.bin --write-calibration new.txt items.raw
    done
    vae-score -q -m model.bin --write-calibration scores.txt items.raw >scores.raw
    for call in open read; do
        withstand $call 5 1 vae-score -q -j 2 -m model.bin --calibrate scores.txt items.raw
        withstand $call 5 1 npy2raw --axes 1,0 items.npy
        withstand $call 5 1 mtx2raw --top 2 --names genes --write-names new.names --ids genes --write-ids new.ids counts.mtx
        withstand $call 5 1 raw2npy --axes 1,0 items.raw
        withstand $call 5 1 raw2npy frames.raw
    done
    # What goes through stdio is not seen by the library preloaded; a full stdout is tested in contract.bats.
    for call in open read; do
        withstand $call 5 1 vae-eval -q -m model.bin items.raw
        withstand $call 5 1 vae-eval -q -m head.bin --target labels.raw items.raw
        withstand $call 5 1 raw-info items.raw
        withstand $call 5 1 raw-info --per-element --names names table.raw
        withstand $call 5 1 raw-cmp items.raw items.raw
        withstand $call 5 1 vae-info model.bin
        withstand $call 5 1 vae-info --row model.bin
        withstand $call 5 1 vae2c -m model.bin decoder
        withstand $call 5 1 vae2html -q -m model.bin --labels labels.raw items.raw
    done
}

@test "each call of raw2npy fails in turn when a pipe needs a temporary file" {
    preloaded
    local call n got
    raw2npy frames.raw >wanted.npy
    for call in read write malloc; do
        for ((n = 1; ; n++)); do
            rm -f hit
            got=0
            FAULT=$call:$n:$([ $call = malloc ] && echo 12 || echo 5) FAULT_HIT=hit LD_PRELOAD=$FAULT_LIBRARY raw2npy frames.raw 2>err |
                cat >out || got=$?
            [ -e hit ] || break
            [ $got -eq 0 ] || assert_regex "$(<err)" '^raw2npy: .*(Input/output error|emory)'
            if [ $got -eq 0 ]; then cmp out wanted.npy; else fails 1 'npy2raw: ' npy2raw <out; fi
        done
        assert [ $n -gt 2 ]
    done
}

@test "zlib's want of memory is no damage of the data" {
    for n in 1 2 3 4; do
        fails 1 "idx2raw: $IMAGES: out of memory" env FAULT=malloc:$n:12 LD_PRELOAD="$FAULT_LIBRARY" idx2raw -n 1 "$IMAGES"
    done
}

@test "memory that ends, here at every 151st time, is named" {
    withstand malloc 12 131 "${TRAIN[@]}"
    withstand malloc 12 151 vae-eval -q -m model.bin items.raw
    withstand malloc 12 101 "${TARGET[@]}"
    withstand malloc 12 101 "${STREAM[@]}"
    withstand malloc 12 101 vae-eval -q -m head.bin --target labels.raw items.raw
    withstand malloc 12 31 vae-climb -q -m head.bin latents.raw
    withstand malloc 12 31 vae-climb -q -m head.bin --latents known.raw latents.raw
    withstand malloc 12 1 vae-sample -n 3
    withstand malloc 12 1 idx2raw -n 3 "$IMAGES"
    withstand malloc 12 1 csv2raw --id id --write-ids new.ids --write-names new.names table.csv
    withstand malloc 12 1 text2raw --write-tokens new.tokens lines.txt
    withstand malloc 12 1 text2raw --tokens tokens.txt lines.txt
    withstand malloc 12 1 raw2text --tokens tokens.txt numbers.raw
    withstand malloc 12 1 pnm2raw -q --rgb --write-ids new.ids few.pnm few.pnm
    withstand malloc 12 1 raw2pgm items.raw
    withstand malloc 12 1 raw2pgm --per-item items.raw
    withstand malloc 12 1 raw2csv --ids ids --names names table.raw
    withstand malloc 12 1 raw-select --items 0,1 --ids ids --split 1 --write-rest new.raw --write-ids new.ids --write-rest-ids new.rest table.raw
    withstand malloc 12 1 raw-zip items.raw items.raw
    withstand malloc 12 5 vae2onnx -m model.bin encoder
    withstand malloc 12 7 vae2html -q -m model.bin items.raw
    withstand malloc 12 1 raw-info --per-element --names names table.raw
    withstand mmap 12 1 raw-select --shuffle --ids ids --write-ids new.ids table.raw
    withstand malloc 12 1 npy2raw --axes 1,0 items.npy
    withstand malloc 12 1 mtx2raw --top 2 --names genes --write-names new.names --ids genes --write-ids new.ids counts.mtx
    withstand malloc 12 1 raw2npy --axes 1,0 items.raw
}

@test "memory that ends while a model is read, or its metadata written as text for a digest, here at every 3rd allocation, is named" {
    vae-score -q -m model.bin --write-calibration scores.txt items.raw >scores.raw
    withstand malloc 12 3 vae-score -q -j 1 -m model.bin --calibrate scores.txt items.raw
}

@test "memory that ends while a model's lists of hidden layers are read, here at every 7th allocation, is named" {
    vae-train -q -m model.bin -H 2,res -z 1 -e 0 items.raw
    withstand malloc 12 7 vae-info model.bin
    withstand malloc 12 7 vae2c -m model.bin encoder
    vae-train -q -m model.bin -H 2 -z 1 -e 1 --checkpoint run.ck items.raw
    withstand malloc 12 7 vae-info --row run.ck
}

@test "memory that ends while the options are written down is named at each allocation" {
    preloaded
    local n told=0 got
    "${TRAIN[@]}"
    mv new.bin whole.bin
    for ((n = 1; n < 300; n++)); do
        got=0
        OPENBLAS_CORETYPE=Haswell injected malloc:$n:12 "${TRAIN[@]}" 2>err || got=$? # see withstand
        if [ "$(<err)" = 'vae-train: options: out of memory for their text' ]; then
            told=$((told + 1))
        elif [ $got -eq 0 ]; then # an allocation that it can do without
            assert_empty "$(<err)"
            cmp new.bin whole.bin
        else
            assert_regex "$(<err)" 'out of memory for|: Cannot allocate memory$'
            [ $told -eq 0 ] || break
        fi
    done
    assert [ $told -gt 1 ]
    assert [ $n -lt 300 ]
}

@test "reads and writes that are short or interrupted give the same bytes" {
    mkdir whole part
    (cd whole && PRELOAD='' bash ../all "$PWD/..") 2>err || fail "without faults: $(<err)"
    for fault in read:0:short write:0:short read:0:again write:0:again fsync:0:again lock:0:again; do
        rm -rf part hit
        mkdir part
        (cd part && PRELOAD=$FAULT_LIBRARY FAULT=$fault FAULT_HIT=hit bash ../all "$PWD/..") 2>err || fail "$fault: $(<err)"
        assert [ -e part/hit ]
        rm part/hit
        diff -r whole part
    done
}

@test "a full disk is named, by all that write files" {
    small=$BATS_TEST_TMPDIR/small
    mkdir "$small"
    mount -t tmpfs -o size=16k none "$small" 2>/dev/null || skip 'mounts no file system here'
    fails 1 'vae-train: small/model.bin: cannot write: No space left on device' \
        vae-train -q -m small/model.bin -H 8 -e 1 items.raw
    fails 1 'vae-train: small/new.ck: cannot write: No space left on device' \
        vae-train -q -m new.bin --checkpoint small/new.ck -H 8 -e 1 items.raw
    assert_empty "$(ls -A small)"
}

# A checkpoint of 160 KB, and a model of 54 KB.
THREE=(vae-train -q -m new.bin --checkpoint new.ck -H 8 -z 1 -b 16)

@test "a checkpoint that the disk has no room for leaves it to the model" {
    small=$BATS_TEST_TMPDIR/small
    mkdir "$small"
    mount -t tmpfs -o size=128k none "$small" 2>/dev/null || skip 'mounts no file system here'
    run -1 env -C small "${THREE[@]}" -e 3 --every 4 ../items.raw
    assert_output 'vae-train: new.ck: cannot write: No space left on device'
    assert_equal "$(metadata small/new.bin epochs)" 1
    assert_equal "$(ls -A small)" new.bin
}

@test "a checkpoint that cannot be written gives its room back before the model is saved" {
    preloaded
    # limited FAULT OPTION...: a checkpoint is too large, and the model is not.
    limited() {
        rm -f new.* log.tsv
        (ulimit -f 100 && exec env FAULT="$1" LD_PRELOAD="$FAULT_LIBRARY" "${THREE[@]}" "${@:2}" items.raw) 2>err 3>&- &
        pid=$!
    }
    # gives_back: it has stopped at the sync of the model, and the place of the checkpoint is still the run's.
    gives_back() {
        await grep -q '^State:.*stopped' "/proc/$pid/status"
        assert [ -s .new.bin.tmp ]
        assert_equal "$(stat -c %s .new.ck.tmp)" 0
        run -1 flock -n .new.ck.tmp true
        kill -CONT $pid
        status=0
        wait $pid || status=$?
        assert_equal "$status $(<err)" '1 vae-train: new.ck: cannot write: File too large'
        assert [ "$(metadata new.bin epochs)" -ge 1 ]
        assert [ ! -e .new.ck.tmp ]
    }
    limited fsync:1:stop -e 3 --every 4
    gives_back
    # The log is synced before.
    limited fsync:2:stop -e 1000000 --every 1h --log log.tsv --objective iwae -k 200
    await grep -q '^1' log.tsv
    kill -TERM $pid
    gives_back
}

@test "where the log or the model cannot be written, the checkpoint is, and the run can be gone on with" {
    preloaded
    local options epoch
    # The log comes to 8 KiB, in the middle of a row, which is written again.
    { header u8 4 40 . && perl -e 'print pack "C", $_ * 37 % 256 for 1 .. 160'; } >few.raw
    for options in '' '--val few.raw --patience 200'; do
        rm -f new.* log.tsv
        # shellcheck disable=SC2086 # several options
        set -- vae-train -q -H none -z 1 -b 16 -e 200 $options
        run -1 bash -c 'ulimit -f 8 && exec "$@"' bash "$@" -m new.bin --checkpoint new.ck --log log.tsv few.raw
        assert_output 'vae-train: log.tsv: cannot write: File too large'
        epoch=$(metadata new.bin epochs)
        assert_equal "$(metadata new.ck step) $(metadata new.ck position)" "$((3 * $(metadata new.ck epoch))) 40"
        assert_equal "$(metadata new.ck epochs_done)" $(($(metadata new.ck epoch) - 1))
        [ -n "$options" ] || assert_equal "$(metadata new.ck epoch)" "$epoch"
        "$@" -m new.bin --resume new.ck --log log.tsv few.raw
        "$@" -m whole.bin --log whole.tsv few.raw
        cmp new.bin whole.bin
        cut -f 3 --complement log.tsv | diff - <(cut -f 3 --complement whole.tsv)
    done
    # The model's temporary file is gone when it is to be saved, after 10 seconds.
    rm -f new.* log.tsv
    env FAULT=clock:10:jump FAULT_HIT=hit LD_PRELOAD="$FAULT_LIBRARY" \
        "${THREE[@]:0:1}" "${THREE[@]:2}" -e 1000000 --log log.tsv items.raw 2>err 3>&- &
    local pid=$! status=0
    await grep -q '^1' log.tsv
    rm .new.bin.tmp
    touch hit
    wait $pid || status=$?
    assert_equal "$status $(tail -1 err)" '1 vae-train: new.bin: its temporary file was removed, wanted it left alone until the end'
    epoch=$(last log 1)
    grep -qx "vae-train: new.ck: --resume new.ck continues from step $((3 * epoch))" err
    "${THREE[@]}" --resume new.ck -e "$epoch" --log log.tsv items.raw
    "${THREE[@]:0:2}" -m whole.bin "${THREE[@]:6}" -e "$epoch" items.raw
    cmp new.bin whole.bin
}

@test "a model that is mounted by itself, as into a container, is refused before any work" {
    mount --bind model.bin model.bin 2>/dev/null || skip 'mounts no file here'
    fails 1 'vae-train: model.bin: is mounted by itself, so it cannot be replaced, wanted its directory mounted' \
        vae-train -q -m model.bin -e 1 items.raw
    ln -s model.bin link.bin
    fails 1 'vae-train: link.bin: is mounted by itself, so it' vae-train -q -m link.bin -e 1 items.raw
    vae-info model.bin | grep -x $'latent\t1'
}

@test "a model or a directory that is immutable or append-only is refused before any work" {
    mkdir kept
    cp model.bin kept
    cp model.bin before.bin
    for attribute in i a; do
        chattr +$attribute model.bin 2>/dev/null || skip 'has no chattr here, or may not use it'
        run fails 1 "vae-train: model.bin: is immutable or append-only, so it cannot be replaced, wanted another name or chattr -ia" \
            vae-train -q -m model.bin -e 1 none.raw
        chattr -$attribute model.bin
        [ "$status" -eq 0 ] || fail "$output"
        chattr +$attribute kept
        run fails 1 "vae-train: kept/new.bin: is in a directory that is immutable or append-only, wanted another one or chattr -ia" \
            vae-train -q -m kept/new.bin -e 1 none.raw
        chattr -$attribute kept
        [ "$status" -eq 0 ] || fail "$output"
    done
    cmp model.bin before.bin
    assert_equal "$(ls -A kept)" model.bin
    vae-train -q -m model.bin -e 1 items.raw
}

@test "a log that cannot be begun is not left behind, unless it was there before" {
    for old in no yes; do
        run -1 bash -c 'ulimit -f 0 && exec "$@"' bash "${TRAIN[@]}"
        assert_output 'vae-train: log.tsv: cannot write: File too large'
        if [ $old = no ]; then assert [ ! -e log.tsv ]; else assert [ -e log.tsv ]; fi
        assert_empty "$(find . -name '.*.tmp')"
        : >log.tsv
    done
}

@test "a directory that may not be written is named before any work" {
    [ "$(id -u)" -ne 0 ] || skip 'root may write everywhere'
    mkdir shut
    chmod 555 shut
    fails 1 'vae-train: shut/model.bin: cannot create its temporary file: Permission denied' \
        vae-train -q -m shut/model.bin -e 1 items.raw
}
