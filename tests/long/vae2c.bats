#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The C files of models on a 32-bit Arm processor, and by clang.
load ../helper
load ../c_files

agree() {
    local options
    while read -r options; do
        # shellcheck disable=SC2086 # several options
        untraced compare_c $options || fail "$options"
    done <<'END'
grey.raw -H 24,res -a gated --cond labels.raw -l laplace
grey.raw -H 24 -a gelu --init normal:0.5
grey.raw -H 24 -a tanh -l cbernoulli
bytes.raw -H 24 -a softplus -l dlogistic --sigma net
counts.raw -l poisson --missing -H 16 -a elu
level-picture.raw -l categorical --levels 4 --missing --cond labels.raw -H conv:4:3:2,8
picture.raw -H conv:4:3:2,norm:2,resconv,16 -a silu --cond labels.raw -l gaussian
lines.raw --tokens tokens.txt -H gru:6,gru:5,8 --decoder-hidden 6,gru:12 --init normal:0.7 --cond labels.raw
END
}

@test "the C files compute the same on 32-bit Arm" {
    command -v arm-linux-gnueabihf-gcc >/dev/null && command -v qemu-arm >/dev/null ||
        skip 'wants gcc-arm-linux-gnueabihf and qemu-user (make long-deps)'
    # shellcheck disable=SC2034 # of compile_c
    C_COMPILER=arm-linux-gnueabihf-gcc C_NM=arm-linux-gnueabihf-nm C_RUN=(qemu-arm)
    agree
}

@test "the C files compute the same if clang compiles them" {
    command -v clang >/dev/null || skip 'wants clang (make long-deps)'
    # shellcheck disable=SC2034 # of compile_c
    C_COMPILER=clang
    agree
}
