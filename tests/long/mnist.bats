#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The published figure: MNIST, 784-400-20 relu, Bernoulli on grey pixels, batch 128, Adam 1e-3, 10 epochs. Three
# independent PyTorch runs of this recipe gave a test -ELBO of 105.59, 105.61 and 105.56 nats.

load ../helper

setup_file() {
    make -s -C "$ROOT/data" mnist
    MNIST=$(make -s -C "$ROOT/data" path DATA=mnist)
    idx2raw "$MNIST/train-images-idx3-ubyte" > "$BATS_FILE_TMPDIR/train.raw"
    idx2raw "$MNIST/t10k-images-idx3-ubyte" > "$BATS_FILE_TMPDIR/test.raw"
}

# check_figure SEED
check_figure() {
    vae-train -q -m "$BATS_TEST_TMPDIR/model.bin" -z 20 -H 400 -a relu -l bernoulli -b 128 -r 1e-3 -e 10 -S "$1" \
        "$BATS_FILE_TMPDIR/train.raw"
    figure=$(vae-eval -q -m "$BATS_TEST_TMPDIR/model.bin" "$BATS_FILE_TMPDIR/test.raw" | awk 'NR == 2 { print -$2 }')
    echo "# MNIST, seed $1: -ELBO $figure nats" >&3
    near "$figure" 105.6 0.4
}

@test "MNIST, seed 1: the test -ELBO is 105.6 +- 0.4 nats" {
    check_figure 1
}

@test "MNIST, seed 2: the test -ELBO is 105.6 +- 0.4 nats" {
    check_figure 2
}

@test "MNIST, seed 3: the test -ELBO is 105.6 +- 0.4 nats" {
    check_figure 3
}
