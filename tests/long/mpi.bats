#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# vae-train-mpi: several ranks give the bytes of one process, and end together. With Open MPI and MPICH, if they are there
# (make deps-mpi). 300 items in batches of 40, whose last one has fewer items than the others.
# shellcheck disable=SC2154,SC2030,SC2031 # run sets stderr; a test is a subshell, and sets its variables itself
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
    for options in '' '--objective iwae -k 3 --clip 1 --val val.raw' '--prior vamp:5 --ema 0.9' '--optimizer muon -l gaussian --sigma 0.3' \
        '--cond labels.raw --val val.raw --val-cond labels-60.raw --patience 1' '--val 0.1 --shuffle-buffer 64K' \
        '-H conv:4:4:2,8 -a silu --augment shift:1' '-H 260,250 -e 1' '-H 260,250 --prior vamp:5 -e 1'; do
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
    assert_equal $count 27
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

# parts NUMBER: cuts 300 items into parts.
parts() {
    local i each=$((300 / $1))
    for ((i = 0; i < $1; i++)); do raw-select --skip $((each * i)) -n $each items.raw >part-$i.raw; done
}

@test "ranks that have only their parts give the bytes of one process" {
    local library options number rank each i
    parts 4
    for library in "${LIBRARIES[@]}"; do
        command -v mpicc."$library" >/dev/null || continue
        for options in '' '--prior vamp:5 --mean-bias --ema 0.9' '--cond labels.raw --objective iwae -k 2' '-l gaussian --sigma shared -H conv:4:4:2,8'; do
            # shellcheck disable=SC2086 # several options
            one -m one.bin $options part-%s.raw
            for number in 1 2 4; do
                rm -rf rank-*
                each=$((4 / number))
                for ((rank = 0; rank < number; rank++)); do
                    mkdir rank-$rank
                    ln -s ../labels.raw rank-$rank
                    for ((i = each * rank; i < each * (rank + 1); i++)); do ln -s ../part-$i.raw rank-$rank; done
                done
                launch "$library" $number
                # shellcheck disable=SC2016,SC2086 # the ranks are numbered by MPI
                defaulting "${OPTIONS[@]}" -- "${launch[@]}" sh -c 'cd "rank-${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-0}}" && exec "$@"' sh \
                    "$(program "$library")" -m ../ranks.bin --checkpoint ../ck $options part-%s.raw
                cmp one.bin ranks.bin || fail "$library, $number ranks: $options"
            done
        done
        # With another number of ranks, and on one process.
        one -m one.bin part-%s.raw
        ranks "$library" 4 -m ranks.bin --checkpoint ck2 -e 1 part-%s.raw
        ranks "$library" 2 -m ranks.bin --checkpoint ck2 --continue -e 2 part-%s.raw
        one -m ranks.bin --checkpoint ck2 --continue part-%s.raw
        cmp one.bin ranks.bin
        rm ck2
    done
    assert [ -e ranks.bin ] || skip 'wants Open MPI or MPICH (make deps-mpi)'
}

@test "parts that differ between ranks, or become shorter, end all with a message that names them" {
    wants openmpi
    parts 4
    cp part-3.raw kept.raw
    raw-select -n 74 items.raw >part-3.raw
    run -1 --separate-stderr ranks openmpi 4 -m new.bin part-%s.raw
    assert_equal "$(grep '^vae-train: ' <<<"$stderr")" 'vae-train: rank 3: part-3.raw: has 74 items, wanted 75 as in part-0.raw'
    run -1 --separate-stderr ranks openmpi 2 -m new.bin part-%s.raw
    assert_equal "$(grep '^vae-train: ' <<<"$stderr")" 'vae-train: rank 1: part-3.raw: has 74 items, wanted 75 as in part-0.raw'
    # Each of 2 ranks maps 8 parts.
    parts 16
    ranks openmpi 2 -m new.bin --splits 16 -b 48 -e 1000000 --log log.tsv part-%s.raw 2>err 3>&- &
    until [ -s log.tsv ] && [ "$(wc -l <log.tsv)" -ge 3 ]; do kill -0 $! && sleep 0.1; done
    : >part-8.raw
    got=0
    wait $! || got=$?
    refute [ $got -eq 0 ]
    grep -x 'vae-train: rank 1: part-8.raw: became shorter while it was read, wanted it unchanged' err
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
    cat <items.raw | ranks openmpi 4 -m ranks.bin
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
    run -2 --separate-stderr ranks openmpi 2 -m ranks.bin --splits 6 items.raw
    assert_equal "$(told)" 'vae-train: --splits: found 6 with 2 ranks, wanted their number, or 2, 4, 8 and so on times it (vae-train --help tells more)'
    local launch
    launch openmpi 2
    run -2 --separate-stderr "${launch[@]}" "$(program openmpi)" -q -m ranks.bin -e 1 items.raw
    assert_equal "$(told)" 'vae-train: --splits: not given with 2 ranks, wanted their number, or 2, 4, 8 and so on times it (vae-train --help tells more)'
    assert [ ! -e ranks.bin ]
    run -2 --separate-stderr ranks openmpi 2 -m ranks.bin --stream items.raw
    assert_equal "$(told)" 'vae-train: --stream: found it with 2 ranks, wanted a file without it: each rank reads its items only (vae-train --help tells more)'
    run -2 --separate-stderr ranks openmpi 2 -m ranks.bin --bogus items.raw
    assert_equal "$(told)" 'vae-train: --bogus: no such option (vae-train --help tells more)'
    run -2 --separate-stderr ranks openmpi 2 -m ranks.bin --val - items.raw
    assert_equal "$(told)" "vae-train: --val: found '-' for stdin with 2 ranks, of which only one has it, wanted a file (vae-train --help tells more)"
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

@test "a time to wait that is none is refused" {
    wants openmpi
    VAE_RANK_SECONDS=soon run -1 --separate-stderr ranks openmpi 2 -m ranks.bin items.raw
    assert_equal "$(told)" "vae-train: VAE_RANK_SECONDS: found 'soon', wanted a number from 1 to 1e+06"
    assert [ ! -e ranks.bin ]
}

@test "a library of MPI without threads is refused" {
    wants openmpi
    cat >level.c <<'END'
#include <mpi.h>
int MPI_Init_thread(int *argc, char ***argv, int wanted, int *level) {
    const int result = PMPI_Init_thread(argc, argv, wanted, level);
    *level = MPI_THREAD_FUNNELED;
    return result;
}
END
    mpicc.openmpi -shared -fPIC -o level.so level.c
    run -1 --separate-stderr timeout 60 mpirun.openmpi --oversubscribe -n 2 env LD_PRELOAD="$PWD/level.so" \
        "$(program openmpi)" -q "${OPTIONS[@]}" -m ranks.bin items.raw
    assert_equal "$(told)" 'vae-train: MPI: found no support of threads, wanted a library with MPI_THREAD_SERIALIZED'
}

@test "the mpirun of another library is refused, before anything is written" {
    wants openmpi
    wants mpich
    run ! --separate-stderr timeout 60 mpirun.mpich -n 2 "$(program openmpi)" -q "${OPTIONS[@]}" -m ranks.bin items.raw
    assert_equal "$(told | sort -u)" 'vae-train: MPI: found one rank where PMI_SIZE is 2, wanted the mpirun of the library that the program is built for'
    assert [ ! -e ranks.bin ]
}

@test "ranks that have other options, items, labels or checkpoints are refused at the start" {
    wants openmpi
    run -1 --separate-stderr two '-r 0.01 items.raw' '-r 0.02 items.raw'
    assert_equal "$(told)" 'vae-train: rank 1: options: found --rate 0.02, wanted --rate 0.01 as on rank 0'
    raw-select --skip 1 items.raw >fewer.raw
    run -1 --separate-stderr two items.raw fewer.raw
    assert_equal "$(told)" 'vae-train: rank 1: fewer.raw: the number of its items differs from rank 0, wanted the same'
    { header u8 14x56 300 . && tail -c +65 items.raw; } >reshaped.raw
    run -1 --separate-stderr two items.raw reshaped.raw
    assert_equal "$(told)" 'vae-train: rank 1: reshaped.raw: the dtype or the shape of its items differs from rank 0, wanted the same'
    raw-select --shuffle items.raw >shuffled.raw
    run -1 --separate-stderr two items.raw shuffled.raw
    assert_equal "$(told)" 'vae-train: rank 1: shuffled.raw: its items differ from rank 0, wanted the same'
    raw-select --shuffle labels.raw >shuffled-labels.raw
    run -1 --separate-stderr two '--cond labels.raw items.raw' '--cond shuffled-labels.raw items.raw'
    assert_equal "$(told)" 'vae-train: rank 1: items.raw: its labels differ from rank 0, wanted the same'
}

@test "ranks with directories of their own go on from the checkpoint that rank 0 has, and have the files that they need" {
    wants openmpi
    parts 4
    mkdir 0 1
    ln -s ../part-{0,1}.raw 0
    ln -s ../part-{2,3}.raw 1
    # apart OPTION...: the rest of the command of two ranks in these directories.
    apart() {
        local -a program=("$(program openmpi)" -q "${OPTIONS[@]}" "$@" part-%s.raw)
        timeout 120 mpirun.openmpi --oversubscribe -n 1 --wdir 0 "${program[@]}" : -n 1 --wdir 1 "${program[@]}"
    }
    one -m one.bin part-%s.raw
    OPTIONS=(-H 12 -z 3 -b 40 --splits 4) # without -e
    for epochs in 1 2 3; do apart -m ranks.bin --checkpoint ck --continue -e $epochs; done
    cmp one.bin 0/ranks.bin
    apart -m again.bin -e 3 --resume ck
    cmp one.bin 0/again.bin
    assert_equal "$(cd 1 && echo *)" 'part-2.raw part-3.raw'
    run -1 --separate-stderr apart -m again.bin --resume none.ck
    assert_equal "$(told)" 'vae-train: none.ck: cannot open: No such file or directory'
    cp items.raw 0/val.raw
    run -1 --separate-stderr apart -m again.bin --val val.raw
    assert_equal "$(told)" 'vae-train: rank 1: val.raw: cannot open: No such file or directory'
}

@test "a number that the gradient cannot take is named by the rank that has it" {
    wants openmpi
    local number
    for part in 0 1 2 3; do { header f32 2 40 . && perl -e 'print pack "f<*", map { $ARGV[0] == 1 && $_ == 31 ? 1e19 : 0.5 } 0 .. 79' $part; } >part-$part.raw; done
    while read -r number rank; do
        run -1 --separate-stderr ranks openmpi "$number" -m ranks.bin -l gaussian --clip 1 -j 1 part-%s.raw
        assert_regex "$(told)" "^vae-train: ${rank}training: .* \|x\| is up to 1e\+19 \(item 15, element 1 of part-1.raw\)"
    done <<<$'1\n2\n4 rank 1: '
}

@test "files of several frames are read by each library" {
    local library
    raw-select -n 250 items.raw >some.raw
    for _ in {1..12}; do cat some.raw; done | recut 250 >frames.raw
    for library in "${LIBRARIES[@]}"; do
        command -v mpicc."$library" >/dev/null || continue
        one -m one.bin -e 1 frames.raw
        ranks "$library" 2 -m ranks.bin -e 1 frames.raw
        cmp one.bin ranks.bin
    done
}

@test "another version on a rank is refused at the start" {
    wants openmpi
    local version
    version=$(vae-train --version)
    version=${version##* }
    # The end of the version is the end of other texts, too, in the program.
    LC_ALL=C perl -pe 's/(?<=vaeutils )\d/9/g' "$(program openmpi)" >other
    chmod +x other
    run -1 --separate-stderr timeout 120 mpirun.openmpi --oversubscribe -n 1 "$(program openmpi)" -q -m ranks.bin -e 1 --splits 2 items.raw \
        : -n 1 ./other -q -m ranks.bin -e 1 --splits 2 items.raw
    assert_equal "$(told)" "vae-train: rank 1: version: found 9${version#?}, wanted $version as on rank 0"
    assert [ ! -e ranks.bin ]
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

# goes_on LIBRARY: what was saved is gone on with, to the bytes of a run that was not ended.
goes_on() {
    one -m one.bin -e 400 items.raw
    ranks "$1" 2 -m ranks.bin --checkpoint ck --resume ck -e 400 items.raw
    cmp one.bin ranks.bin
}

@test "a rank that is killed ends all, with a message that names it, and the run can go on" {
    wants openmpi
    begin openmpi 4
    kill -KILL "$(rank_of 1)"
    ended 137
    assert_equal "$(grep -c 'process rank [0-3] .* exited on signal 9' log)" 1
    goes_on openmpi
}

@test "a rank that is stopped ends all, with a message that names it" {
    local library
    for library in "${LIBRARIES[@]}"; do
        wants "$library"
        VAE_RANK_SECONDS=1 begin "$library" 4
        kill -STOP "$(rank_of 1)"
        ended 1
        assert_equal "$(grep -c '^vae-train: rank [123]: has not answered for 1 seconds (VAE_RANK_SECONDS), wanted it to go on$' log)" 1
    done
}

@test "SIGTERM to mpirun saves the model and the checkpoint, and the run goes on" {
    wants openmpi
    begin openmpi 2
    pkill -TERM -f '^mpirun.openmpi.*ranks.bin'
    ended 1
    run -0 vae-info --row ranks.bin
    goes_on openmpi
}

@test "SIGTERM to mpirun amid a validation, which would take a minute, saves the model and the checkpoint" {
    wants openmpi
    local number launch got
    header u8 28x28 12000 . >long.raw
    for _ in {1..40}; do tail -c +65 items.raw; done >>long.raw
    for number in 1 2; do
        rm -f ranks.bin ck
        launch openmpi $number
        "${launch[@]}" "$(program openmpi)" -q -j 1 -m ranks.bin --checkpoint ck --log log.tsv -H 400 -b 40 -e 9 --splits 4 --objective iwae -k 300 \
            --val long.raw items.raw 2>err 3>&- &
        sleep 6
        pkill -TERM -P $!
        got=0
        wait $! || got=$?
        assert_equal $got 1
        assert [ -s ranks.bin ]
        assert [ -s ck ]
        assert_equal "$(wc -l <log.tsv)" 1
    done
}

@test "ranks that are killed at random moments leave a whole checkpoint" {
    wants openmpi
    local killed=0 rank job
    one -m one.bin -e 3000 items.raw
    rm -f ck
    for ((i = 0; i < 60; i++)); do
        ranks openmpi 2 -m ranks.bin --checkpoint ck --continue --every 1 -e 3000 items.raw >log 2>&1 3>&- &
        job=$!
        sleep "0.$((3 + i * 7 % 7))$((i * 37 % 10))"
        rank=$(rank_of 1)
        [ -z "$rank" ] || { kill -KILL "$rank" && killed=$((killed + 1)); }
        wait "$job" || true
    done
    assert [ $killed -ge 50 ]
    ranks openmpi 4 -m ranks.bin --checkpoint ck --continue -e 3000 items.raw
    cmp one.bin ranks.bin
}

@test "a full disk at rank 0 ends all with exit status 1 and one message" {
    wants openmpi
    run -1 --separate-stderr timeout 60 mpirun.openmpi --oversubscribe -n 4 \
        env FAULT=fsync:1:28 LD_PRELOAD="$FAULT_LIBRARY" "$(program openmpi)" -q "${OPTIONS[@]}" -m ranks.bin items.raw
    assert_equal "$(told | sed 's/cannot .*: /cannot: /')" 'vae-train: ranks.bin: cannot: No space left on device'
}

@test "two machines, joined by a network, give the bytes of one process" {
    wants openmpi
    if [ "$(id -u)" != 0 ] || ! ip netns add "vaea$$" 2>/dev/null; then
        skip 'wants to make network namespaces (root, iproute2)'
    fi
    local a=vaea$$ b=vaeb$$
    # shellcheck disable=SC2064 # the names of now
    trap "ip netns del $a; ip netns del $b" EXIT
    ip netns add $b
    ip link add link0 netns $a type veth peer name link0 netns $b
    ip -n $a addr add 10.77.0.1/24 dev link0
    ip -n $b addr add 10.77.0.2/24 dev link0
    for name in $a $b; do
        ip -n "$name" link set link0 up
        ip -n "$name" link set lo up
    done
    # Instead of ssh: HOST and a command, after options.
    # shellcheck disable=SC2016 # of the script
    printf '#!/bin/sh\nwhile [ "$1" != 10.77.0.2 ]; do shift; done\nshift\nexec ip netns exec %s sh -c "$*"\n' $b >rsh
    chmod +x rsh
    printf '10.77.0.%d slots=2\n' 1 2 >hosts
    one -m one.bin items.raw
    timeout 60 ip netns exec $a mpirun.openmpi --hostfile hosts --oversubscribe -n 4 --mca plm_rsh_agent "$PWD/rsh" \
        --mca btl tcp,self --mca btl_tcp_if_include 10.77.0.0/24 --mca oob_tcp_if_include 10.77.0.0/24 \
        "$(program openmpi)" -q "${OPTIONS[@]}" -m "$PWD/ranks.bin" "$PWD/items.raw"
    cmp one.bin ranks.bin
    # What went from one to the other: twice the gradient for each pair of ranks, in each step.
    run -0 cat <(ip -n $a -s -j link show link0)
    assert [ "$(perl -ne 'print $1 if /"tx":\{"bytes":(\d+)/' <<<"$output")" -gt 100000 ]
}

# A queue of one machine: sbatch runs a script, once or for each number of its array, srun is mpirun, and qsub runs a
# script, or notes it if a job calls it.
make_queue() {
    mkdir bin
    cat >bin/mpirun <<'END'
#!/bin/bash
exec timeout 60 mpirun.openmpi --oversubscribe "$@"
END
    cat >bin/srun <<'END'
#!/bin/bash
while [[ $1 == --* ]]; do shift; done
mpirun -n 2 "$@" || exit 143
END
    cat >bin/scontrol <<'END'
#!/bin/bash
echo "$*" >>../requeued
END
    cat >bin/sbatch <<'END'
#!/bin/bash
shift $(($# - 1))
last=$(sed -n 's/^#SBATCH --array=0-\([0-9]*\) .*/\1/p' "$1")
for ((i = 0; i <= ${last:-0}; i++)); do SLURM_JOB_ID=7 SLURM_ARRAY_TASK_ID=$i bash "$1" || exit; done
END
    cat >bin/qsub <<'END'
#!/bin/bash
[ -z "$PBS_O_WORKDIR" ] || exec sh -c "echo 'qsub $*' >>../requeued"
PBS_O_WORKDIR=$PWD exec bash -c 'cd / && exec bash "$PBS_O_WORKDIR/$1"' - "$1"
END
    chmod +x bin/*
    ln -s "$(program openmpi)" bin/vae-train-mpi
    PATH=$PWD/bin:$PATH
}

@test "the examples of the page run" {
    wants openmpi
    command -v parallel >/dev/null || skip 'wants parallel (make deps-mpi)'
    make_queue
    awk '/^\.Bd .*-literal/ { inside = 1; file = sprintf("block%02d", ++count); next }
        /^\.Ed/ { inside = 0 }
        inside { gsub(/\\e/, "\\"); print > file }' "$ROOT/man/vae-train-mpi.1"
    cp items.raw all.raw
    local block count=0
    for block in block*; do
        mkdir room
        raw-select -n 128 all.raw >room/train.raw
        vae-train -q -e 1 -m room/model.bin room/train.raw
        # The scripts begin a run and do not find a model of another one.
        ! grep -q 'sbatch\|qsub' "$block" || rm room/model.bin
        ln -s "$IMAGES" room/train-images-idx3-ubyte.gz
        (cd room && bash -o pipefail -e "../$block") >out 2>&1 </dev/null || fail "$block: $(cat "$block" out)"
        ! grep -q 'vae-train-mpi' "$block" || vae-info --row room/model.bin
        ! grep -q 'sweep.tsv' "$block" || assert_equal "$(wc -l <room/sweep.tsv)" 7
        rm -r room
        count=$((count + 1))
    done
    assert_equal $count 10
    assert [ ! -e requeued ]
}

@test "the job of the page puts itself back after SIGTERM, and goes on" {
    wants openmpi
    make_queue
    awk '/^\.Bd .*-literal/ { inside = 1 } /^\.Ed/ { inside = 0 }
        inside && /^cat > train.sh/ { writes = 1; next }
        inside && writes && /^END/ { exit }
        inside && writes { gsub(/\\e/, "\\"); sub(/train.raw$/, "-q --log rows -H 12 -e 100000 train.raw"); print }' "$ROOT/man/vae-train-mpi.1" >train.sh
    mkdir room
    cp train.sh items.raw room
    cd room || return
    mv items.raw train.raw
    SLURM_JOB_ID=7 bash train.sh >log 2>&1 3>&- &
    job=$!
    for ((i = 0; i < 200; i++)); do
        [ ! -e rows ] || [ "$(wc -l <rows)" -lt 3 ] || break
        sleep 0.05
    done
    pkill -TERM -f '^mpirun.openmpi.*vae-train-mpi.*model.bin'
    wait "$job"
    assert_equal "$(<../requeued)" 'requeue 7'
    run -0 vae-info --row model.ck
}

@test "the job of the page for PBS is put into the queue again after its time, and goes on until it is done" {
    wants openmpi
    make_queue
    awk '/^\.Bd .*-literal/ { inside = 1 } /^\.Ed/ { inside = 0 }
        inside && /^cat > train.pbs/ { writes = 1; next }
        inside && writes && /^END/ { exit }
        inside && writes { gsub(/\\e/, "\\"); sub(/235m/, "5"); sub(/train.raw$/, "-q --log rows -H 12 -e \"$epochs\" train.raw"); print }' "$ROOT/man/vae-train-mpi.1" >train.pbs
    mkdir room
    cp items.raw room/train.raw
    mv train.pbs room
    cd room || return
    epochs=1000000 run -0 qsub train.pbs
    assert_equal "$(<../requeued)" 'qsub train.pbs'
    run -0 vae-info --row model.ck
    epochs=$(($(wc -l <rows) + 1)) run -0 qsub train.pbs # the rows have a line of names
    assert_equal "$(wc -l <../requeued)" 1
    run -0 vae-info --row model.bin
}
