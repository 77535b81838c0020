# SPDX-License-Identifier: MIT
# Short trainings and what the tools say of their models: the same bytes from every build, at every level and on any
# number of threads. Each row of golden/trainings is the SHA-256 of such bytes, the data and the options. With 784
# elements and 400 units products are cut into tiles, and batches are no multiple of one; -H 50 is not cut. A release
# that changes the bytes on purpose has new sums, which are printed by the tests that find the old ones wrong. poisson
# and negbin have none, since the C library's exp, log1p and lgamma have a part in their bytes.
# shellcheck shell=bash

# shellcheck disable=SC2034 # what loads this reads it
TRAININGS=$ROOT/tests/golden/trainings

# make_data: what the rows train on, in this directory.
make_data() {
    idx2raw -n 300 "$IMAGES" >images.raw
    # Elements from 0 to 3, for counts.
    { header u8 784 300 .; tail -c +65 images.raw | perl -0777 -pe 'tr/\x00-\xff/\x00-\x03\x00-\x03/'; } >counts.raw
    # Words of one to four syllables.
    perl -e 'my @s = qw(ba be do di ku la lo mi na); print join("", map { $s[$_ % 9] } map { $_ * $_ } $i .. $i + $i % 4), "\n" while $i++ < 300' >words.txt
    text2raw --write-tokens tokens.txt words.txt >words.raw
}

# all_of NAME DATA OPTION...: two epochs on the data, and what the tools say of it then, as NAME.*.
all_of() {
    local name=$1 data=$2
    shift 2
    vae-train -q -m "$name.bin" -e 2 --log "$name.tsv" "$@" "$data"
    cut -f 1,2,4- "$name.tsv" >"$name.log" # all but the seconds
    vae-encode -q -m "$name.bin" "$data" >"$name.z.raw"
    vae-decode -q -m "$name.bin" "$name.z.raw" >"$name.x.raw"
    vae-eval -q -m "$name.bin" -k 3 --per-item "$data" >"$name.figures"
}

# same_as NAME OTHER: all that all_of left.
same_as() {
    local suffix
    for suffix in bin log z.raw x.raw figures; do cmp "$1.$suffix" "$2.$suffix"; done
}

# sum_of NAME: of all that all_of left but the model file, which says by which version it was made.
sum_of() {
    local suffix
    for suffix in log z.raw x.raw figures; do
        [ -s "$1.$suffix" ] || { echo "$1.$suffix is empty" && return 1; }
    done
    cat "$1".{log,z.raw,x.raw,figures} | sha256sum | cut -d ' ' -f 1
}

# has LEVEL: whether the processor does.
has() {
    local -A flags=([avx2]='avx2 fma' [avx512]='avx512f avx512dq avx512bw avx512vl')
    local flag
    for flag in ${flags[$1]}; do grep -qw "$flag" /proc/cpuinfo || return; done
}

# levels: those of the processor that have fused multiply-adds.
levels() {
    local level
    for level in avx512 avx2; do has "$level" && echo "$level"; done
    [ "$(uname -m)" != aarch64 ] || echo baseline
}

# units_hold PROGRAM...: the C tests pass at each level but the one that is used by itself, which is the first one. At
# baseline `products` may have no fused multiply-adds whose bits it could compare.
units_hold() {
    local level program count=0
    for level in $(levels | tail -n +2) baseline; do
        for program in "$@"; do
            [ "$level $program" != 'baseline products' ] || continue
            VAE_LEVEL=$level run -0 "$VAE_BUILD/unit/$program"
            assert_line --regexp '^ok [0-9]+ - '
            count=$((count + 1))
        done
    done
    assert [ $count -ge $(($# - 1)) ]
}

# check_sum NAME SUM DATA OPTION...: what all_of left has the row's sum.
check_sum() {
    local found
    found=$(sum_of "$1")
    [ "$2" = - ] || [ "$found" = "$2" ] || fail "found '$found ${*:3}', wanted the row of tests/golden/trainings '${*:2}'"
}
