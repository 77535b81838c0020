#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# tests/rejected/: a file for each rule of vae-raw(5), vae-model(5), vae-checkpoint(5), the text of csv2raw(1), the
# pictures of pnm2raw(1), the arrays of npy2raw(1), the beginnings of the matrices of mtx2raw(1), the vocabularies of
# text2raw(1) and the scores of vae-score(1), each broken once, and in MESSAGES what is said of it; foreign/ has files of
# other programs. The models and checkpoints are those of golden/ except for that; tensors/ has the tensors of a model as
# torch saves them.
load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$ROOT"/tests/golden/0.1/*.raw .
}

# rejects KIND TOOL COMMAND...: the command refuses each file of the kind, put in FILE's place, with its message, and
# writes nothing. Files whose name fits $allowed are left out.
rejects() {
    local kind=$1 tool=$2 file message count=0
    shift 2
    while IFS=$'\t' read -r file message; do
        [[ $file == "$kind"/* ]] || continue
        count=$((count + 1))
        # shellcheck disable=SC2053 # a pattern
        [[ $file != ${allowed-} ]] || continue
        cp "$ROOT/tests/rejected/$file" file
        fails 1 "$tool: file: $message" "$@" || fail "of $file"
        if [ -s out ] || [ -e new.bin ]; then fail "of $file something was written"; fi
    done <"$ROOT/tests/rejected/MESSAGES"
    # Each has its message.
    assert_equal "$(find "$ROOT/tests/rejected/$kind" -type f | wc -l)" $count
}

@test "streams" {
    rejects stream raw-info raw-info file
    # A map tool may pass on what is whole before the fault, and nothing of it as whole.
    local count=0
    vae-train -q -m four.bin -H 2 -z 1 -e 0 <(header u8 4 1 . && printf abcd)
    while IFS=$'\t' read -r file message; do
        [[ $file == stream/* ]] || continue
        cp "$ROOT/tests/rejected/$file" file
        fails 1 "vae-encode: file: $message" vae-encode -q -m four.bin file || fail "of $file"
        mv out cut && fails 1 'raw-info: cut: e' raw-info cut || fail "of $file" # it ended, or is empty
        count=$((count + 1))
    done <"$ROOT/tests/rejected/MESSAGES"
    assert [ "$count" -ge 20 ]
}

@test "models, by each of their readers" {
    rejects model vae-decode vae-decode -q -m file latents.raw
    rejects model vae-encode vae-encode -q -m file items.raw
    rejects model vae-sample vae-sample -n 3 -m file
    # --start-from also takes the tensors of other programs.
    local allowed='model/@(no-metadata|unknown-format)'
    rejects model vae-train vae-train -q -m new.bin --start-from file items.raw
}

@test "tensors of other programs" {
    rejects tensors vae-train vae-train -q -m new.bin -z 2 -H 5,4 --start-from file items.raw
}

@test "tables of text" {
    rejects csv csv2raw csv2raw file
}

@test "pictures" {
    rejects pnm pnm2raw pnm2raw -q file
}

@test "scores for p-values" {
    rejects calibration vae-score vae-score -q -m "$ROOT/tests/golden/0.1/plain.bin" --calibrate file items.raw
}

@test "NumPy arrays" {
    rejects npy npy2raw npy2raw file
}

@test "MatrixMarket matrices" {
    rejects mtx mtx2raw mtx2raw file
}

@test "vocabularies" {
    echo C >text
    rejects tokens text2raw text2raw --tokens file text
    rejects tokens raw2text raw2text --tokens file items.raw
}

@test "checkpoints" {
    rejects checkpoint vae-train vae-train -q -m new.bin -z 2 -H 5,4 -e 20 -r 0.01 -b 5 --ema 0.9 --val items.raw \
        --patience 30 --logvar-bound 80 --resume file items.raw
}

@test "files of other programs are named for what they are, by every reader" {
    local training=(vae-train -q -m new.bin -z 2 -H "5,4")
    rejects foreign raw-info raw-info file
    rejects foreign raw2pgm raw2pgm file
    rejects foreign idx2raw idx2raw file
    rejects foreign vae-info vae-info file
    rejects foreign vae-decode vae-decode -q -m file latents.raw
    rejects foreign vae-train "${training[@]}" file
    rejects foreign vae-train "${training[@]}" --val file items.raw
    rejects foreign vae-train "${training[@]}" --cond file items.raw
    rejects foreign vae-train "${training[@]}" --target file items.raw
    rejects foreign vae-train "${training[@]}" --start-from file items.raw
    rejects foreign vae-train "${training[@]}" --resume file items.raw
    gzip -c "$ROOT/tests/rejected/foreign/png" >png.gz
    fails 1 'idx2raw: png.gz: looks like a PNG picture, wanted an IDX file, plain or gzip' idx2raw png.gz
    fails 1 'idx2raw: items.raw: looks like a stream, see vae-raw(5), wanted an IDX file' idx2raw items.raw
}

@test "a directory is named by every reader" {
    local training=(vae-train -q -m new.bin -z 2 -H "5,4")
    mkdir dir
    fails 1 'raw-info: dir: is a directory, wanted a file' raw-info dir
    fails 1 'idx2raw: dir: is a directory, wanted a file' idx2raw dir
    fails 1 'vae-decode: dir: is a directory, wanted a file' vae-decode -m dir latents.raw
    for option in --val --cond --target --start-from --resume; do
        fails 1 'vae-train: dir: is a directory, wanted a file' "${training[@]}" $option dir items.raw
    done
    fails 1 'vae-train: dir: is a directory, wanted a file' "${training[@]}" dir
}
