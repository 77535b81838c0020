# What every bats file loads: `load helper`.
bats_require_minimum_version 1.8.0
bats_load_library bats-support
bats_load_library bats-assert

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PATH=${VAE_BUILD:-$ROOT/build}:$PATH
IMAGES=$ROOT/data/sample-images-idx3-ubyte.gz
LABELS=$ROOT/data/sample-labels-idx1-ubyte.gz
export ROOT PATH IMAGES LABELS

# pipe COMMAND: runs a pipeline in which the failure of any part counts.
pipe() {
    bash -c "set -o pipefail; $1"
}

# header DTYPE SHAPE ITEMS END: a frame's header, as vae-raw(5) has it.
header() {
    printf '%-63s\n' "raw1 $1 $2 $3 $4"
}

# f32 NUMBER...: numbers as little-endian floats.
f32() {
    perl -e 'print pack "f<*", @ARGV' -- "$@"
}

# train_small MODEL [OPTION...]: a small model of the first 200 sample images, within a second.
train_small() {
    local model=$1
    shift
    idx2raw -n 200 "$IMAGES" | vae-train -q -m "$model" -H 32 -e 2 "$@"
}
