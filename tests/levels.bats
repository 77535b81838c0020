#!/usr/bin/env bats
# The bytes that training and inference give do not depend on the processor's vector level, and matrix products can be
# made by OpenBLAS instead.
load helper

setup_file() {
    idx2raw -n 300 "$IMAGES" >"$BATS_FILE_TMPDIR/images.raw"
    # Elements from 0 to 3, for counts.
    { header u8 784 300 .; tail -c +65 "$BATS_FILE_TMPDIR/images.raw" | perl -0777 -pe 'tr/\x00-\xff/\x00-\x03\x00-\x03/'; } \
        >"$BATS_FILE_TMPDIR/counts.raw"
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/*.raw .
}

# has LEVEL...: skips the test on a processor that lacks one.
has() {
    local -A flags=([avx2]='avx2 fma' [avx512]='avx512f avx512dq avx512bw avx512vl')
    local level flag
    for level; do
        for flag in ${flags[$level]}; do grep -qw "$flag" /proc/cpuinfo || skip "wants a processor with $level"; done
    done
}

# all_of NAME DATA OPTION...: two epochs on the data, and what the tools say of it then, as NAME.*.
all_of() {
    local name=$1 data=$2
    shift 2
    vae-train -q -m "$name.bin" -e 2 --log "$name.tsv" "$@" "$data"
    cut -f 1,2,4- "$name.tsv" >"$name.log" # all but the seconds and
    sed -i 's/\t[^\t]*$//' "$name.log"     # the items per second
    vae-encode -q -m "$name.bin" "$data" >"$name.z.raw"
    vae-decode -q -m "$name.bin" "$name.z.raw" >"$name.x.raw"
    vae-eval -q -m "$name.bin" -k 3 --per-item "$data" >"$name.figures"
}

# same_as NAME OTHER: all that all_of left.
same_as() {
    local suffix
    for suffix in bin log z.raw x.raw figures; do cmp "$1.$suffix" "$2.$suffix"; done
}

# Each row: data and options. With 784 elements and 400 units products are cut into tiles, and batches are no multiple of
# one; -H 50 is not cut.
CONFIGURATIONS='images.raw -b 100
images.raw -b 100 -H 200,200 -z 50 -a tanh --binarize sample
images.raw -b 64 -H 50 -a gelu -l gaussian --sigma shared
images.raw -b 64 -a gated -l laplace --sigma per-dim
images.raw -b 64 -H 50 -a elu -l dlogistic
images.raw -b 64 -H 50 -a softplus -l cbernoulli
images.raw -b 64 -l gaussian --sigma net
images.raw -b 64 -H 50 -l gaussian --sigma optimal
images.raw -b 64 -H 100 --optimizer muon --clip 1
images.raw -b 64 -H 50 --optimizer adagrad --ema .99
images.raw -b 64 -H 50 --objective dreg -k 5 --binarize sample
images.raw -b 64 -H 50 --prior vamp:20 --weight-decay .1
counts.raw -b 64 -l categorical --levels 4
counts.raw -b 64 -H 50 -l poisson
counts.raw -b 64 -H 50 -l negbin'

@test "the bytes are the same at each level that has fused multiply-adds, on any number of threads" {
    has avx2 avx512
    local count=0
    while read -r data options; do
        # shellcheck disable=SC2086 # several
        {
            VAE_LEVEL=avx512 all_of wide "$data" -j 1 $options
            VAE_LEVEL=avx2 all_of narrow "$data" -j 3 $options
        }
        same_as wide narrow
        rm wide.* narrow.*
        count=$((count + 1))
    done <<<"$CONFIGURATIONS"
    assert_equal "$count" 15
}

@test "the bytes are the same on 1 and on 64 threads" {
    while read -r data options; do
        # shellcheck disable=SC2086 # several
        {
            all_of one "$data" -j 1 $options
            all_of many "$data" -j 64 $options
        }
        same_as one many
        rm one.* many.*
    done < <(sed -n '1p;4p;9p' <<<"$CONFIGURATIONS")
}

@test "OpenBLAS makes the same products, to rounding, and loads only if it is wanted" {
    all_of own images.raw
    VAE_PRODUCTS=openblas all_of other images.raw
    run ! cmp -s own.bin other.bin
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
    has avx2
    assert_equal "$(loads vae-encode -q -m own.bin images.raw)" 0
}

@test "the bytes of OpenBLAS depend neither on threads nor on frames" {
    export VAE_PRODUCTS=openblas
    all_of one images.raw -b 100 -j 1
    all_of many images.raw -b 100 -j 3
    same_as one many
    recut 7 <images.raw | vae-encode -q -m one.bin | recut 0 | cmp - one.z.raw
}

@test "a level and a backend that there are not are refused" {
    VAE_LEVEL=sse fails 2 "vae-encode: VAE_LEVEL: found 'sse', wanted one of baseline, avx2, avx512, see vaeutils(7)" vae-encode -m model.bin images.raw
    VAE_PRODUCTS=mkl fails 2 "vae-train: VAE_PRODUCTS: found 'mkl', wanted one of packed, openblas, see vaeutils(7)" vae-train -m model.bin images.raw
    VAE_PRODUCTS='' fails 2 "raw-info: VAE_PRODUCTS: found '', wanted one of packed, openblas, see vaeutils(7)" raw-info images.raw
    # --help would be refused, too, and tells of no environment.
    VAE_LEVEL=sse fails 2 "vae-eval: VAE_LEVEL: found 'sse', wanted one of baseline, avx2, avx512, see vaeutils(7)" vae-eval --help
    run -0 mandoc -T ascii "$ROOT/man/vaeutils.7"
    assert_line --regexp '^ *VAE_LEVEL'
    assert_line --regexp '^ *VAE_PRODUCTS'
    assert [ ! -e model.bin ]
    VAE_LEVEL=baseline VAE_PRODUCTS=packed vae-train -q -m model.bin -e 1 -H 8 images.raw
    mkdir none
    echo none >none/libopenblas.so.0
    LD_LIBRARY_PATH=$PWD/none VAE_PRODUCTS=openblas fails 1 'vae-encode: openblas: ' vae-encode -m model.bin images.raw
}
