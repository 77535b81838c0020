#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# vae-train-mpi: several ranks give the bytes of one process, and end together. With Open MPI and MPICH, if they are there
# (make deps-mpi). 300 items in batches of 40, whose last one has fewer items than the others.
load ../helper

LIBRARIES=(openmpi mpich)
OPTIONS=(-H 12 -z 3 -b 40 -e 3 --splits 4)

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    idx2raw -n 300 "$IMAGES" >items.raw
    idx2raw -n 300 "$LABELS" >labels.raw
    raw-select -n 60 items.raw >val.raw
    local library
    for library in "${LIBRARIES[@]}"; do
        ! command -v mpicc.$library >/dev/null ||
            env -u MAKEFLAGS make -s -C "$ROOT" mpi BUILD="$VAE_BUILD" MPICC=mpicc.$library
    done
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/*.raw .
}

# wants LIBRARY: skips a test for which it is not there.
wants() {
    command -v mpicc."$1" >/dev/null && command -v mpirun."$1" >/dev/null || skip "wants $1 (make deps-mpi)"
}

# program LIBRARY: its vae-train-mpi.
program() {
    echo "$VAE_BUILD/mpicc.$1/vae-train-mpi"
}

# launch LIBRARY RANKS: the beginning of a command, as words of the array `launch`.
launch() {
    launch=(timeout 120 mpirun."$1" -n "$2")
    [ "$1" = mpich ] || launch+=(--oversubscribe)
}

# one OPTION...: trains one process.
one() {
    defaulting "${OPTIONS[@]}" -- vae-train -q "$@"
}

# ranks LIBRARY RANKS OPTION...: trains ranks.
ranks() {
    local launch
    launch "$1" "$2"
    defaulting "${OPTIONS[@]}" -- "${launch[@]}" "$(program "$1")" -q "${@:3}"
}

# bytes_of LIBRARY: ranks give the bytes of one process.
bytes_of() {
    local options number count=0
    for options in '' '--objective iwae -k 3 --clip 1' '--prior vamp:5 --ema 0.9' '--optimizer muon -l gaussian --sigma 0.3' \
        '--cond labels.raw --val val.raw --val-cond labels-60.raw --patience 1' '--val 0.1 --shuffle-buffer 64K' \
        '-H conv:4:4:2,8 -a silu --augment shift:1'; do
        # shellcheck disable=SC2086 # several options
        one -m one.bin --log one.tsv $options items.raw
        for number in 1 2 4; do
            # shellcheck disable=SC2086
            ranks "$1" $number -m ranks.bin --log ranks.tsv $options items.raw
            cmp one.bin ranks.bin || fail "$number ranks: $options"
            cut -f 3 --complement one.tsv | diff - <(cut -f 3 --complement ranks.tsv) || fail "$number ranks: $options"
            count=$((count + 1))
        done
    done
    assert_equal $count 21
}

@test "Open MPI: 1, 2 and 4 ranks give the bytes of one process" {
    wants openmpi
    raw-select -n 60 labels.raw >labels-60.raw
    bytes_of openmpi
}

@test "MPICH: 1, 2 and 4 ranks give the bytes of one process" {
    wants mpich
    raw-select -n 60 labels.raw >labels-60.raw
    bytes_of mpich
}

@test "three ranks, and splits that are twice and four times the ranks" {
    wants openmpi
    local splits number
    while read -r number splits; do
        one --splits "$splits" -m one.bin items.raw
        ranks openmpi "$number" --splits "$splits" -m ranks.bin items.raw </dev/null
        cmp one.bin ranks.bin || fail "$number ranks, $splits splits"
    done <<<$'3 3\n3 12\n2 16\n5 10'
}

@test "standard input is handed out by rank 0" {
    wants openmpi
    one -m one.bin items.raw
    ranks openmpi 4 -m ranks.bin <items.raw
    cmp one.bin ranks.bin
    cat items.raw | ranks openmpi 4 -m ranks.bin
    cmp one.bin ranks.bin
    printf raw1 >bad.raw
    run -1 --separate-stderr ranks openmpi 2 -m ranks.bin <bad.raw
    assert_equal "$(grep '^vae-train: ' <<<"$stderr")" 'vae-train: stdin: ended after 4 bytes of a header, wanted 64'
}

@test "a run goes on with another number of ranks, another library, and on one process" {
    wants openmpi
    wants mpich
    one -m one.bin --ema 0.9 items.raw
    ranks openmpi 2 -m ranks.bin --ema 0.9 --checkpoint ck -e 1 items.raw
    ranks mpich 4 -m ranks.bin --ema 0.9 --checkpoint ck --continue -e 2 items.raw
    one -m ranks.bin --ema 0.9 --checkpoint ck --continue items.raw
    cmp one.bin ranks.bin
    rm ck
    one -m ranks.bin --ema 0.9 --checkpoint ck -e 1 items.raw
    ranks openmpi 4 -m ranks.bin --ema 0.9 --checkpoint ck --continue items.raw
    cmp one.bin ranks.bin
}

# told: the lines of stderr that are the program's.
told() {
    grep '^vae-train: ' <<<"$stderr" || true
}

@test "a wrong command line is told once, with its exit status" {
    wants openmpi
    run -2 --separate-stderr ranks openmpi 2 -m ranks.bin --splits 3 items.raw
    assert_equal "$(told)" 'vae-train: --splits: found 3 with 2 ranks, wanted their number, or 2, 4, 8 and so on times it (vae-train --help tells more)'
    run -2 --separate-stderr ranks openmpi 2 -m ranks.bin --stream items.raw
    assert_equal "$(told)" 'vae-train: --stream: found it with 2 ranks, wanted a file without it: each rank reads its items only (vae-train --help tells more)'
    run -2 --separate-stderr ranks openmpi 2 -m ranks.bin --bogus items.raw
    assert_equal "$(told)" 'vae-train: --bogus: no such option (vae-train --help tells more)'
    run -0 ranks openmpi 2 --version
    assert_equal "$(grep -c vaeutils <<<"$output")" 1
    run -1 --separate-stderr ranks openmpi 2 -m ranks.bin nothing.raw
    assert_equal "$(told)" 'vae-train: nothing.raw: cannot open: No such file or directory'
}

# two FIRST SECOND: runs two ranks with different command lines, of which these are the ends.
two() {
    local -a program=("$(program openmpi)" -q "${OPTIONS[@]}" -m ranks.bin)
    # shellcheck disable=SC2086 # several options
    timeout 120 mpirun.openmpi --oversubscribe -n 1 "${program[@]}" $1 : -n 1 "${program[@]}" $2
}

@test "ranks that have other options, items, labels or checkpoints are refused at the start" {
    wants openmpi
    run -1 --separate-stderr two '-r 0.01 items.raw' '-r 0.02 items.raw'
    assert_equal "$(told)" 'vae-train: rank 1: options: found --rate 0.02, wanted --rate 0.01 as on rank 0'
    raw-select --skip 1 items.raw >fewer.raw
    run -1 --separate-stderr two items.raw fewer.raw
    assert_equal "$(told)" 'vae-train: rank 1: fewer.raw: the number of its items differs from rank 0, wanted the same'
    raw-select --shuffle items.raw >shuffled.raw
    run -1 --separate-stderr two items.raw shuffled.raw
    assert_equal "$(told)" 'vae-train: rank 1: shuffled.raw: its items differ from rank 0, wanted the same'
    raw-select --shuffle labels.raw >shuffled-labels.raw
    run -1 --separate-stderr two '--cond labels.raw items.raw' '--cond shuffled-labels.raw items.raw'
    assert_equal "$(told)" 'vae-train: rank 1: items.raw: its labels differ from rank 0, wanted the same'
    one -m ranks.bin --checkpoint a.ck -e 1 items.raw
    one -m ranks.bin --checkpoint b.ck -e 2 items.raw
    run -1 --separate-stderr two '--resume a.ck items.raw' '--resume b.ck items.raw'
    assert_equal "$(told)" 'vae-train: rank 1: checkpoint: found another one than rank 0 (step 16), wanted the same file on all machines'
}
