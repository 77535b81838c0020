#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# examples/jobs: a sweep that is interrupted, pictures of one class, a live feed.
# shellcheck disable=SC2016,SC2030,SC2031 # the conditions are those of awk; a test is a subshell, and sets its variables itself
load helper

AT=$ROOT/examples/jobs

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    unset MAKEFLAGS MAKELEVEL
}

@test "sweep: stopped by SIGTERM to make and started again it has the table of one that was not stopped" {
    idx2raw -n 200 "$IMAGES" >items.raw
    export LATENTS='2 3' BETAS='0.5 1e1' OPTIONS='-H 64 -b 10 -e 200 --every 100' JOBS=2
    "$AT/sweep" items.raw 'o u t' >shown
    # The best ELBO first; the models are those of their names.
    assert_equal "$(wc -l <shown)" 5
    tail -n +2 shown | cut -f 2 | sort -g -r -c
    assert_equal "$(tail -n +2 'o u t/sweep.tsv' | cut -f 1,5,11 | tr '\t' ' ' | xargs)" \
        'z2-beta0.5.bin 2 0.5 z2-beta1e1.bin 2 1e1 z3-beta0.5.bin 3 0.5 z3-beta1e1.bin 3 1e1'
    assert_equal "$(tail -n +2 'o u t/sweep.tsv' | cut -f 16,18,20 | sort -u)" $'180\t200\tepochs'

    "$AT/sweep" items.raw cut >shown 2>err &
    local make=$! ended=0 models saved
    # Two models are done, and a third one is being trained.
    for _ in $(seq 1000); do
        models=(cut/*.bin)
        saved=(cut/*.ck)
        [ ${#models[@]} -lt 2 ] || [ ! -e "${saved[0]}" ] || break
        sleep 0.01
    done
    kill -TERM "$make"
    wait "$make" || ended=$?
    assert_equal "$ended" 143
    assert [ ! -s shown ]
    assert [ ! -e cut/sweep.tsv ]
    vae-info --row cut/*.ck | awk -F '\t' 'NR > 1 && $18 > 0 && $18 < 200 { n++ } END { exit n == 0 }'
    # It goes on from the checkpoints, as they are: a broken one is an error.
    cp -r cut broken
    for file in broken/*.ck; do printf x >>"$file"; done
    run -2 "$AT/sweep" items.raw broken
    assert_output --partial '.ck: bytes follow the weights, wanted the end'
    "$AT/sweep" items.raw cut >shown
    cmp cut/sweep.tsv 'o u t/sweep.tsv'
    run -1 bash -c 'ls cut | grep -v "^z.*bin$\|^items.raw$\|^sweep.tsv$"'
    # Once more: nothing is trained.
    touch now
    "$AT/sweep" items.raw cut | cmp - shown
    assert_empty "$(find cut -newer now -name 'z*' -o -newer now -name '*.tsv')"
}

@test "sweep: models are trained until they are, and real numbers want a likelihood" {
    export LATENTS=2 BETAS=1
    idx2raw -n 100 "$IMAGES" >items.raw
    "$AT/sweep" items.raw default
    run -0 vae-info --row default/z2-beta1.bin
    assert_equal "$(tail -n 1 <<<"$output" | cut -f 20)" patience
    holds "$(tail -n 1 <<<"$output" | cut -f 19) > 30"
    # The options that are given win.
    OPTIONS='-H 4 --patience 1 -l gaussian' "$AT/sweep" items.raw patience
    holds "$(metadata patience/z2-beta1.bin made.epochs_run) < 500"
    OPTIONS='-H 4 -e 2' "$AT/sweep" items.raw two
    assert_equal "$(metadata two/z2-beta1.bin made.epochs_run)" 2
    awk 'BEGIN { for (i = 0; i < 100; i++) print sin(i) "," 3 * cos(i) }' | csv2raw --no-header >real.raw
    fails 1 "sweep: real.raw: numbers from -2.99988 to 3, wanted a likelihood for them, such as OPTIONS='-H 100 -l gaussian'" \
        "$AT/sweep" real.raw real
    OPTIONS='-H 4 -l gaussian -e 1' "$AT/sweep" real.raw real
}

@test "class: only items of the class; curves, and pictures with a tile for each image" {
    EPOCHS=3 BETAS='0.5 8' "$AT/class" >shown 2>err
    local curves=tsv
    [ ! -e class/curves.png ] || curves=png
    assert_equal "$(<err)" "Look at class/map.png, class/strips.png and class/betas.png; the curves are in class/curves.$curves
strips.png: for each of three images a row in which the first latent changes, and one for the second
betas.png: from the first row to the last, beta is 0.5 8"
    # As many sneakers as there are, and they look like the mean sneaker.
    assert_equal "$(raw-info class/class.raw | awk 'NR == 2 { print $3 }')" \
        "$(idx2raw "$LABELS" | raw2csv --no-header | grep -c -x 7)"
    assert_equal "$(head -1 class/curves.tsv)" $'epoch\ttrain_elbo\tval_elbo'
    assert_equal "$(cut -f 1 class/curves.tsv | xargs)" 'epoch 1 2 3'
    tail -n +2 class/curves.tsv | finite >/dev/null
    assert_equal "$(pngtopam class/map.png | pamfile | sed 's/.*, \([0-9]* by [0-9]*\).*/\1/')" '448 by 448'
    assert_equal "$(pngtopam class/strips.png | pamfile | sed 's/.*, \([0-9]* by [0-9]*\).*/\1/')" '347 by 173'
    assert_equal "$(pngtopam class/betas.png | pamfile | sed 's/.*, \([0-9]* by [0-9]*\).*/\1/')" '347 by 57'
    assert_equal "$(vae-info --row class/beta-*.bin | tail -n +2 | cut -f 5,11,16 | tr '\t' ' ' | xargs)" \
        "10 0.5 $(raw-info class/class.raw | awk 'NR == 2 { print $3 }') 10 8 $(raw-info class/class.raw | awk 'NR == 2 { print $3 }')"
    # The user's own; a class that is not there is an error.
    idx2raw -n 300 "$IMAGES" >mine.raw
    idx2raw -n 300 "$LABELS" >labels.raw
    EPOCHS=1 BETAS=1 "$AT/class" mine.raw labels.raw 1 'o u t' 2>err
    raw-select --class 1 --labels labels.raw mine.raw | cmp - 'o u t/class.raw'
    run ! "$AT/class" mine.raw labels.raw 11 none
}

@test "live: each line has its answer before the next one is sent; an unusual one has a small p-value" {
    run -3 --separate-stderr timeout 20 "$AT/live"
    assert_equal "${#lines[@]}" 5
    assert_equal "$(cut -d ' ' -f 1 <<<"$output" | sed -n '4,5p' | xargs)" '5030,0.1 5270,'
    awk 'NR <= 3 && !($NF > 0.05 && $NF <= 1) || NR == 4 && !($NF > 0 && $NF < 0.02) || NR == 5 && $NF != "nan" { bad = 1 }
        END { exit bad }' <<<"$output"
    # shellcheck disable=SC2154 # set by run
    assert_equal "$stderr" 'vae-score: stdin: item 4, element 1 is nan, wanted a finite number (vae-train --missing takes nan for a missing element)'
    # A feed of the user's, with columns in another order and one more; the model is there.
    touch now
    { echo 'y,name,x' && echo '1,a,5000' && echo '5,b,5000'; } | "$AT/live" live/history.csv live >out
    assert_equal "$(awk '{ print ($1 > 0.05) }' out | xargs)" '1 0'
    assert_empty "$(find live -newer now -name '*.bin')"
    # A feed that ends in the middle of a line's numbers is an error.
    run -1 "$AT/live" live/history.csv live < <(printf 'x,y\n0,1\n0,abc\n')
    assert_output --partial "line 3, column 2 (y): found 'abc', wanted a number"
}

@test "live: identifiers stand before the answers, at once; columns of any size are scaled" {
    awk 'BEGIN { print "id,x,site,\"y, mm\""; for (i = 0; i < 500; i++) printf "a%d,%.2f,n,%.6f\n", i, 9000 * sin(i), 0.0004 * cos(i) }' \
        >history.csv
    export ID=id FIELDS='x,"y, mm"'
    mkfifo feed
    "$AT/live" history.csv out <feed >answers 2>err 3>&- &
    exec 7>feed
    printf 'id,site,"y, mm",x\nb1,n,0.00028,6300\n' >&7
    await grep -q '^b1,' answers
    printf 'b2,n,0,6300\n' >&7
    await grep -q '^b2,' answers
    printf 'b3,n,NA,1\n' >&7
    exec 7>&-
    local ended=0
    wait $! || ended=$?
    assert_equal "$ended" 3
    # The second one has a number of the small column that does not fit.
    rows_hold 3 'NR == 1 && $2 > 0.05 || NR == 2 && $2 < 0.02 || NR == 3 && $2 == "nan"' -F , <answers
    assert_equal "$(cut -d , -f 1 answers | xargs)" 'b1 b2 b3'
}

@test "wrong arguments are refused with what is wanted" {
    for job in 'sweep a b c' 'class a' 'live a b c'; do
        # shellcheck disable=SC2086 # a job and its arguments
        run -2 "$AT"/$job
        assert_output --regexp "^${job%% *}: found [0-9] arguments, wanted .*, or none for a demonstration$"
    done
    run -1 "$AT/sweep" absent.raw
    assert_output --partial 'absent.raw: No such file'
}
