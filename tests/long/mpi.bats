#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Several ranks of vae-train-mpi give the bytes of one process, however they get their items: see tests/ranks.bash.
# shellcheck disable=SC2154,SC2030,SC2031 # run sets stderr; a test is a subshell, and sets its variables itself
load ../helper
load ../ranks

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

@test "real numbers on standard input are handed out by rank 0" {
    wants openmpi
    { header f32 40 300 . && perl -e 'print pack "f<*", map { (sin($_) + 1) / 2 } 1 .. 12000'; } >real.raw
    one -m one.bin real.raw
    ranks openmpi 2 -m ranks.bin <real.raw
    cmp one.bin ranks.bin
}

@test "more than a gigabyte of items on standard input is handed out" {
    wants openmpi
    header u8 1000000 1100 . >large.raw
    truncate -s $((64 + 1100000000)) large.raw
    printf '\377' | dd of=large.raw bs=1 seek=$((64 + 1099999000)) conv=notrunc status=none
    ranks openmpi 2 -m ranks.bin -H 1 -z 1 -b 4 -e 0 <large.raw
}

@test "a checkpoint of several megabytes is given to all ranks" {
    wants openmpi
    one -m one.bin -H 300 -e 2 items.raw
    ranks openmpi 2 -m ranks.bin --checkpoint ck -H 300 -e 1 items.raw
    assert [ "$(wc -c <ck)" -gt 4000000 ]
    ranks openmpi 2 -m ranks.bin --checkpoint ck --continue -H 300 -e 2 items.raw
    cmp one.bin ranks.bin
}

@test "the log of the latents is that of one process" {
    wants openmpi
    one -m one.bin --log-latents one.tsv items.raw
    ranks openmpi 2 -m ranks.bin --log-latents ranks.tsv items.raw
    cmp one.bin ranks.bin
    diff one.tsv ranks.tsv
}

@test "validation of more items than a rank evaluates between two looks for a signal" {
    wants openmpi
    local options
    for _ in {1..3}; do tail -c +65 items.raw; done | { header u8 28x28 900 . && cat; } >long.raw
    for options in '' '--objective iwae -k 5'; do
        # shellcheck disable=SC2086 # several options
        one -m one.bin --log one.tsv -e 1 --val long.raw $options items.raw
        # shellcheck disable=SC2086
        ranks openmpi 2 -m ranks.bin --log ranks.tsv -e 1 --val long.raw $options items.raw
        cmp one.bin ranks.bin
        cut -f 3 --complement one.tsv | diff - <(cut -f 3 --complement ranks.tsv)
    done
}

@test "rank 0 alone looks at the clock when the model is saved amid training" {
    wants openmpi
    preloaded
    local -a program=("$(program openmpi)" -q "${OPTIONS[@]:0:6}" --splits 4 -m ranks.bin -e 400 items.raw)
    one -m one.bin -e 400 items.raw
    # For rank 1 ten seconds have soon passed.
    timeout 120 mpirun.openmpi --oversubscribe -n 1 env VAE_RANK_SECONDS=10 "${program[@]}" \
        : -n 1 env FAULT=clock:100:fast LD_PRELOAD="$FAULT_LIBRARY" "${program[@]}"
    cmp one.bin ranks.bin
}

@test "the estimate is printed once, and counts what that of one process counts" {
    wants openmpi
    one -m one.bin --val val.raw --dry-run items.raw | grep -v '^memory_mib\|^seconds' >one.tsv
    ranks openmpi 2 -m ranks.bin --val val.raw --dry-run items.raw >all.tsv
    grep -v '^memory_mib\|^seconds' all.tsv | diff one.tsv -
    assert_equal "$(grep -c '^memory_mib\|^seconds' all.tsv)" 3
    assert [ ! -e ranks.bin ]
}

@test "ranks that are not bound to processors have as many threads as their share of them" {
    wants openmpi
    local launch job number
    [ "$(nproc)" -gt 1 ] || skip 'one processor'
    launch openmpi 2
    for options in '' "-j $(($(nproc) / 2))"; do
        rm -f rows
        # shellcheck disable=SC2086 # several options
        "${launch[@]}" --bind-to none "$(program openmpi)" -q "${OPTIONS[@]:0:6}" --splits 4 -m ranks.bin --log rows -e 1000000 $options items.raw >log 2>&1 3>&- &
        job=$!
        await grep -q '^1' rows
        for number in 0 1; do awk '/^Threads/ { print $2 }' "/proc/$(numbered $number)/status"; done >"threads$options"
        kill -TERM "$(numbered 0)"
        wait $job || true
    done
    diff threads "threads$options"
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

# script_of NAME OPTIONS: the file NAME of the page, whose run has more options.
script_of() {
    awk -v name="$1" -v options="$2" '/^\.Bd .*-literal/ { inside = 1 } /^\.Ed/ { inside = 0 }
        inside && $0 ~ "^cat > " name { writes = 1; next }
        inside && writes && /^END/ { exit }
        inside && writes { gsub(/\\e/, "\\"); sub(/train.raw$/, options " train.raw"); print }' "$ROOT/man/vae-train-mpi.1"
}

@test "the job of the page puts itself back after SIGTERM, and goes on" {
    wants openmpi
    make_queue
    mkdir room
    cp items.raw room/train.raw
    script_of train.sh '-q --log rows -H 12 -e 100000' >room/train.sh
    cd room || return
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
    mkdir room
    cp items.raw room/train.raw
    # shellcheck disable=SC2016 # the job expands it
    script_of train.pbs '-q --log rows -H 12 -e "$epochs"' | sed 's/235m/5/' >room/train.pbs
    cd room || return
    epochs=1000000 run -0 qsub train.pbs
    assert_equal "$(<../requeued)" 'qsub train.pbs'
    run -0 vae-info --row model.ck
    epochs=$(($(wc -l <rows) + 1)) run -0 qsub train.pbs # the rows have a line of names
    assert_equal "$(wc -l <../requeued)" 1
    run -0 vae-info --row model.bin
}
