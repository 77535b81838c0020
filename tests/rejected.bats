#!/usr/bin/env bats
# tests/rejected/: a file for each rule of vae-raw(5), vae-model(5) and vae-checkpoint(5), each broken once, and in
# MESSAGES what is said of it. The models and checkpoints are those of golden/ but for that.
load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$ROOT"/tests/golden/0.1/*.raw .
}

# rejects KIND TOOL COMMAND...: the command refuses each file of the kind, put in FILE's place, with its message, and
# writes nothing.
rejects() {
    local kind=$1 tool=$2 file message count=0
    shift 2
    while IFS=$'\t' read -r file message; do
        [[ $file == "$kind"/* ]] || continue
        cp "$ROOT/tests/rejected/$file" file
        fails 1 "$tool: file: $message" "$@" || fail "of $file"
        if [ -s out ] || [ -e new.bin ]; then fail "of $file something was written"; fi
        count=$((count + 1))
    done <"$ROOT/tests/rejected/MESSAGES"
    # Each has its message.
    assert_equal "$(find "$ROOT/tests/rejected/$kind" -type f | wc -l)" $count
}

@test "streams" {
    rejects stream raw-info raw-info file
    # A map tool may pass on what is whole before the fault, and nothing of it as whole.
    vae-train -q -m four.bin -H 2 -z 1 -e 0 <(header u8 4 1 . && printf abcd)
    while IFS=$'\t' read -r file message; do
        [[ $file == stream/* ]] || continue
        cp "$ROOT/tests/rejected/$file" file
        fails 1 "vae-encode: file: $message" vae-encode -q -m four.bin file || fail "of $file"
        run -1 raw-info out
    done <"$ROOT/tests/rejected/MESSAGES"
}

@test "models, by each of their readers" {
    rejects model vae-decode vae-decode -q -m file latents.raw
    rejects model vae-encode vae-encode -q -m file items.raw
    rejects model vae-sample vae-sample -n 3 -m file
    rejects model vae-train vae-train -q -m new.bin --start-from file items.raw
}

@test "checkpoints" {
    rejects checkpoint vae-train vae-train -q -m new.bin -z 2 -H 5,4 -e 20 -r 0.01 -b 5 --ema 0.9 --val items.raw \
        --patience 30 --resume file items.raw
}
