#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Several ranks of vae-train-mpi begin together, or not at all, and end together: see tests/ranks.bash.
# shellcheck disable=SC2154,SC2030,SC2031 # run sets stderr; a test is a subshell, and sets its variables itself
load ../helper
load ../ranks

# goes_on LIBRARY: what was saved is gone on with, to the bytes of a run that was not ended.
goes_on() {
    one -m one.bin -e 400 items.raw
    ranks "$1" 2 -m ranks.bin --checkpoint ck --resume ck -e 400 items.raw
    cmp one.bin ranks.bin
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

@test "Open MPI's mpirun is refused by a program that is built for MPICH" {
    wants openmpi
    wants mpich
    run ! --separate-stderr timeout 60 mpirun.openmpi --oversubscribe -n 2 "$(program mpich)" -q "${OPTIONS[@]}" -m ranks.bin items.raw
    assert_equal "$(told | sort -u)" 'vae-train: MPI: found one rank where OMPI_COMM_WORLD_SIZE is 2, wanted the mpirun of the library that the program is built for'
    assert [ ! -e ranks.bin ]
}

@test "ranks that have other options, items or labels are refused at the start" {
    wants openmpi
    run -1 --separate-stderr two '-r 0.012 items.raw' '-r 0.01 items.raw'
    assert_equal "$(told)" 'vae-train: rank 1: options: found --rate 0.01, wanted --rate 0.012 as on rank 0'
    run -1 --separate-stderr two items.raw '--val 0.1 items.raw'
    assert_equal "$(told)" 'vae-train: rank 1: options: found --val 0.1, wanted no more as on rank 0'
    # What the ranks do together.
    run -1 --separate-stderr two '--dry-run items.raw' items.raw
    assert_equal "$(told)" 'vae-train: rank 1: options: found no more, wanted --dry-run as on rank 0'
    run -1 --separate-stderr two '--checkpoint ck items.raw' '--checkpoint ck --continue items.raw'
    assert_equal "$(told)" 'vae-train: rank 1: options: found --continue, wanted no more as on rank 0'
    run -1 --separate-stderr two items.raw '--resume ck items.raw'
    assert_equal "$(told)" 'vae-train: rank 1: options: found --resume, wanted no more as on rank 0'
    run -1 --separate-stderr two items.raw -
    assert_equal "$(told)" 'vae-train: rank 1: options: found -- -, wanted no more as on rank 0'
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

@test "a rank whose last item, or whose data for validation, is another one is refused at the start" {
    wants openmpi
    { head -c -784 items.raw && head -c 784 /dev/zero | tr '\0' '\1'; } >last.raw
    run -1 --separate-stderr two items.raw last.raw
    assert_equal "$(told)" 'vae-train: rank 1: last.raw: its items differ from rank 0, wanted the same'
    raw-select --skip 1 -n 60 items.raw >other.raw
    run -1 --separate-stderr two '--val val.raw items.raw' '--val other.raw items.raw'
    assert_equal "$(told)" 'vae-train: rank 1: items.raw: the items of --val differ from rank 0, wanted the same'
    raw-select -n 60 labels.raw >labels-60.raw
    raw-select --skip 1 -n 60 labels.raw >other-60.raw
    run -1 --separate-stderr two '--cond labels.raw --val val.raw --val-cond labels-60.raw items.raw' '--cond labels.raw --val val.raw --val-cond other-60.raw items.raw'
    assert_equal "$(told)" 'vae-train: rank 1: items.raw: the labels of --val-cond differ from rank 0, wanted the same'
    for name in a b; do { header f64 1 300 . && perl -e 'print pack "d<*", map { ($ARGV[0] eq "a") + sin } 1 .. 300' $name; } >target-$name.raw; done
    for name in a b; do raw-select -n 60 target-$name.raw >target-60-$name.raw; done
    run -1 --separate-stderr two '--target target-a.raw items.raw' '--target target-b.raw items.raw'
    assert_equal "$(told)" 'vae-train: rank 1: items.raw: its targets differ from rank 0, wanted the same'
    run -1 --separate-stderr two '--target target-a.raw --val val.raw --val-target target-60-a.raw items.raw' '--target target-a.raw --val val.raw --val-target target-60-b.raw items.raw'
    assert_equal "$(told)" 'vae-train: rank 1: items.raw: the targets of --val-target differ from rank 0, wanted the same'
    one -m a.bin -e 1 items.raw
    one -m b.bin -e 2 items.raw
    run -1 --separate-stderr two '--start-from a.bin items.raw' '--start-from b.bin items.raw'
    assert_equal "$(told)" 'vae-train: rank 1: items.raw: the weights of --start-from differ from rank 0, wanted the same'
    assert [ ! -e ranks.bin ]
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

@test "a number that the gradient cannot take is named by the rank that has it" {
    wants openmpi
    local number rank
    for part in 0 1 2 3; do { header f32 2 40 . && perl -e 'print pack "f<*", map { $ARGV[0] == 1 && $_ == 31 ? 1e19 : 0.5 } 0 .. 79' $part; } >part-$part.raw; done
    for number in 1 2 4; do
        [ $number = 4 ] && rank='rank 1: ' || rank=
        run -1 --separate-stderr ranks openmpi $number -m ranks.bin -l gaussian --clip 1 -j 1 part-%s.raw
        assert_regex "$(told)" "^vae-train: ${rank}training: .* \|x\| is up to 1e\+19 \(item 15, element 1 of part-1.raw\)"
    done
}

@test "an item for validation whose figures are not finite is named by its number in the file" {
    wants openmpi
    local launch
    { header f32 16 50 . && perl -e 'print pack "f<*", map { $_ >= 784 ? 3e38 : 1e-3 * $_ } 0 .. 799'; } >far.raw
    launch openmpi 2
    "${launch[@]}" "$(program openmpi)" -m ranks.bin -H 32 -z 2 -l gaussian -e 1 -b 40 --splits 2 --val 0.1 far.raw 2>err
    grep -q '^vae-train: far.raw: item 49 has .*: epoch 1 has no validation$' err
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
    local pair library number
    for pair in 'openmpi 1' 'openmpi 2' 'openmpi 3' 'mpich 2'; do
        read -r library number <<<"$pair"
        wants "$library"
        VAE_RANK_SECONDS=1 begin "$library" 4
        kill -STOP "$(numbered "$number")"
        ended 1
        assert_equal "$(grep '^vae-train: ' log)" "vae-train: rank $number: has not answered for 1 seconds (VAE_RANK_SECONDS), wanted it to go on"
    done
}

@test "without VAE_RANK_SECONDS a rank is waited for 600 seconds" {
    wants openmpi
    preloaded
    # shellcheck disable=SC2030
    export FAULT=clock:200:fast
    local launch job number
    launch openmpi 2
    "${launch[@]}" env LD_PRELOAD="$FAULT_LIBRARY" "$(program openmpi)" -q "${OPTIONS[@]:0:6}" --splits 4 -m ranks.bin --log rows -e 1000000 items.raw >log 2>&1 3>&- &
    job=$!
    await test -s rows
    await grep -q '^1' rows
    kill -STOP "$(numbered 1)"
    ended 1
    assert_equal "$(grep '^vae-train: rank' log)" 'vae-train: rank 1: has not answered for 600 seconds (VAE_RANK_SECONDS), wanted it to go on'
}

@test "SIGTERM to mpirun saves the model and the checkpoint, and the run goes on" {
    wants openmpi
    begin openmpi 2
    pkill -TERM -f '^mpirun.openmpi.*ranks.bin'
    ended 1
    run -0 vae-info --row ranks.bin
    goes_on openmpi
}

@test "SIGTERM to one rank, whichever it is, saves the model and the checkpoint, and each rank ends with 143" {
    wants openmpi
    local number launch job
    for number in 0 1; do
        rm -f ranks.bin ck status-*
        launch openmpi 2
        # shellcheck disable=SC2016 # the ranks are numbered by MPI
        "${launch[@]}" sh -c '"$@"; echo $? >status-$OMPI_COMM_WORLD_RANK' sh "$(program openmpi)" -q "${OPTIONS[@]:0:6}" --splits 4 \
            -m ranks.bin --checkpoint ck --every 1 -e 100000 items.raw >log 2>&1 3>&- &
        job=$!
        await test -s ck
        kill -TERM "$(numbered $number)"
        wait $job
        assert_equal "$(cat status-0) $(cat status-1)" '143 143'
        vae-info --row ranks.bin | grep -q $'\tsignal\t'
    done
}

@test "SIGTERM to mpirun amid a validation, which would take a minute, saves the model and the checkpoint" {
    wants openmpi
    local number launch got job i
    header u8 28x28 12000 . >long.raw
    for _ in {1..40}; do tail -c +65 items.raw; done >>long.raw
    for number in 1 2; do
        rm -f ranks.bin ck log.tsv err
        launch openmpi $number
        "${launch[@]}" "$(program openmpi)" -q -j 1 -m ranks.bin --checkpoint ck --log log.tsv -H 400 -b 40 -e 9 --splits 4 --objective iwae -k 300 \
            --val long.raw items.raw 2>err 3>&- &
        job=$!
        await test -s log.tsv
        # Rank 0 says what it does when it is asked: it has begun with the items of --val.
        for ((i = 0; i < 300; i++)); do
            ! grep -q '^vae-train: items from' err || break
            kill -USR1 "$(numbered 0)"
            sleep 0.1
        done
        pkill -TERM -P $job
        got=0
        wait $job || got=$?
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
