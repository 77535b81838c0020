#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The bytes that training and inference give do not depend on the processor's vector level, and matrix products can be
# made by OpenBLAS instead.
load helper
load trainings

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    make_data
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/*.{raw,txt} .
}

@test "the bytes are the same at each level that has fused multiply-adds, on any number of threads" {
    local count=0 sum data options level first
    [ -n "$(levels)" ] || skip 'wants a processor with fused multiply-adds'
    while read -r sum data options; do
        first=
        for level in $(levels); do
            # shellcheck disable=SC2086 # several
            VAE_LEVEL=$level all_of "$level" "$data" -j "$([ -n "$first" ] && echo 3 || echo 1)" $options
            [ -z "$first" ] || same_as "$first" "$level"
            first=$level
        done
        check_sum "$first" "$sum" "$data" "$options"
        rm -- *.bin *.log *.tsv ./*.z.raw ./*.x.raw *.figures
        count=$((count + 1))
    done <"$TRAININGS"
    assert_equal "$count" 18
}

@test "the bytes are the same on 1, 2, 8 and 64 threads" {
    local threads data options count=0
    while read -r _ data options; do
        # shellcheck disable=SC2086 # several
        all_of one "$data" -j 1 $options
        for threads in 2 8 64; do
            # shellcheck disable=SC2086 # several
            all_of many "$data" -j $threads $options
            same_as one many
            rm many.*
            count=$((count + 1))
        done
    done < <(sed -n '1p;4p;9p' "$TRAININGS")
    assert_equal "$count" 9
}

# Those of whole ops and of gradients, which take longer, are in long/builds.bats.
@test "densities and the other mathematics hold at each other level" {
    units_hold evaluation kernels likelihoods mixture noise objectives optimizers products third_prior
    VAE_LEVEL=sse run -1 "$VAE_BUILD/unit/kernels"
    assert_output --partial "VAE_LEVEL: found 'sse', wanted one of baseline, avx2, avx512"
}

@test "OpenBLAS makes the same products, to rounding, and loads only if it is wanted" {
    all_of own images.raw
    VAE_PRODUCTS=openblas all_of other images.raw
    run -1 cmp -s own.bin other.bin
    # After 6 steps.
    raw-cmp --abs 1e-3 own.z.raw other.z.raw
    raw-cmp --abs 1e-3 own.x.raw other.x.raw
    near "$(sed -n 2p own.figures | cut -f 2)" "$(sed -n 2p other.figures | cut -f 2)" 0.05
    local figures
    figures=$(tail -qn 1 own.tsv other.tsv | cut -f 4 | xargs)
    near "${figures% *}" "${figures#* }" 0.01
    loads() { LD_DEBUG=files "$@" 2>&1 >/dev/null | grep -c 'openblas.*generating link map'; }
    assert_equal "$(VAE_PRODUCTS=openblas loads vae-encode -q -m own.bin images.raw)" 1
    VAE_PRODUCTS=openblas vae-sample -n 1 -d 20 | vae-decode -q -m own.bin >x.raw
    [ -s x.raw ]
    assert_equal "$(VAE_PRODUCTS=openblas loads vae-sample -n 1)" 0
    has avx2 || return 0
    assert_equal "$(loads vae-encode -q -m own.bin images.raw)" 0
}

@test "the bytes of OpenBLAS depend neither on threads nor on frames" {
    export VAE_PRODUCTS=openblas
    all_of one images.raw -b 100 -j 1
    all_of many images.raw -b 100 -j 3
    same_as one many
    recut 7 <images.raw | vae-encode -q -m one.bin | recut 0 | cmp - one.z.raw
    # A block begins with the item's row, and is cut short where its memory ends.
    for _ in 1 2 3; do cat images.raw; done | recut 0 >many.raw
    {
        header u8 28x28 7 + && payload <many.raw | first $((7 * 784))
        header u8 28x28 893 . && payload <many.raw | tail -c +$((7 * 784 + 1))
    } >parts.raw
    vae-encode -q -m one.bin many.raw >many.z.raw
    vae-encode -q -m one.bin parts.raw | recut 0 | cmp - many.z.raw
}

@test "a level and a backend that there are not are refused" {
    VAE_LEVEL=sse fails 2 "vae-encode: VAE_LEVEL: found 'sse', wanted one of baseline, avx2, avx512, see vaeutils(7)" vae-encode -m model.bin images.raw
    VAE_PRODUCTS=mkl fails 2 "vae-train: VAE_PRODUCTS: found 'mkl', wanted one of packed, openblas, see vaeutils(7)" vae-train -m model.bin images.raw
    VAE_PRODUCTS='' fails 2 "raw-info: VAE_PRODUCTS: found '', wanted one of packed, openblas, see vaeutils(7)" raw-info images.raw
    assert [ ! -e model.bin ]
    VAE_LEVEL=baseline VAE_PRODUCTS=packed vae-train -q -m model.bin -e 1 -H 8 images.raw
    mkdir none
    echo none >none/libopenblas.so.0
    LD_LIBRARY_PATH=$PWD/none VAE_PRODUCTS=openblas fails 1 'vae-encode: openblas: ' vae-encode -m model.bin images.raw
}
