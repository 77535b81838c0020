# SPDX-License-Identifier: MIT
# Ranks of vae-train-mpi, with Open MPI and MPICH, if they are there (make deps-mpi). Files of tests that load this have
# their setup from here, too. 300 items in batches of 40, whose last one has fewer items than the others.
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # run sets stderr; the files use what is set here

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
        ! command -v mpicc."$library" >/dev/null ||
            env -u MAKEFLAGS make -s -C "$ROOT" mpi BUILD="$VAE_BUILD" MPICC=mpicc."$library"
    done
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/*.raw .
}

# wants LIBRARY: skips a test for which it is not there.
wants() {
    if ! command -v mpicc."$1" >/dev/null || ! command -v mpirun."$1" >/dev/null; then
        skip "wants $1 (make deps-mpi)"
    fi
}

# program LIBRARY: its vae-train-mpi.
program() {
    echo "$VAE_BUILD/mpicc.$1/vae-train-mpi"
}

# launch LIBRARY RANKS: the beginning of a command, as words of the array `launch`.
launch() {
    launch=(timeout -k 5 120 mpirun."$1" -n "$2")
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

# told: the lines of stderr that are the program's.
told() {
    grep '^vae-train: ' <<<"$stderr" || true
}

# two FIRST SECOND: runs two ranks with different command lines, of which these are the ends.
two() {
    local -a program=("$(program openmpi)" -q "${OPTIONS[@]}" -m ranks.bin)
    # shellcheck disable=SC2086 # several options
    timeout 120 mpirun.openmpi --oversubscribe -n 1 "${program[@]}" $1 : -n 1 "${program[@]}" $2
}

# begin LIBRARY RANKS OPTION...: the same in the background, as process $job; waits until a checkpoint is there.
begin() {
    rm -f ck
    ranks "$@" -m ranks.bin --checkpoint ck --every 1 -e 400 items.raw >log 2>&1 3>&- &
    job=$!
    for ((i = 0; i < 200; i++)); do
        [ ! -s ck ] || return 0
        sleep 0.05
    done
    fail "no checkpoint: $(<log)"
}

# rank_of NUMBER: the process of a rank that this test has started.
rank_of() {
    { pgrep -f "^$VAE_BUILD/mpicc\.[a-z]*/vae-train-mpi.*ranks.bin" || true; } | sed -n "$(($1 + 1))p"
}

# numbered RANK: the process of the rank of this number, which a test has started.
numbered() {
    local process
    for process in $(pgrep -f "^$VAE_BUILD/mpicc\.[a-z]*/vae-train-mpi.*ranks.bin"); do
        ! grep -q -z -x -E "(OMPI_COMM_WORLD|PMI)_RANK=$1" "/proc/$process/environ" || echo "$process"
    done
}

# ended STATUS: the job ends with it, and none of its ranks is left.
ended() {
    local status=0
    wait "$job" || status=$?
    assert_equal "$status" "$1"
    for ((i = 0; i < 100; i++)); do
        [ -n "$(rank_of 0)" ] || return 0
        sleep 0.05
    done
    fail 'a rank is still there'
}

# parts NUMBER: cuts 300 items into parts.
parts() {
    local i each=$((300 / $1))
    for ((i = 0; i < $1; i++)); do raw-select --skip $((each * i)) -n $each items.raw >part-$i.raw; done
}
