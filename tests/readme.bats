#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What the README tells to type works as it stands there.
load helper

# blocks HEADING: the indented lines below a heading of the README.
blocks() {
    awk -v wanted="## $1" '/^## / { inside = $0 == wanted } inside && /^    / { print substr($0, 5) }' "$ROOT/README.md"
}

# The second section goes on in the directory of the first one, in one shell.
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    ln -s "$ROOT/data" data
    ln -s "$VAE_BUILD" build
    { blocks 'A tour'; echo 'exec >own'; echo 'set -o pipefail'; blocks 'Your own data'; echo 'pwd >end'; } >script
    bash -e script >out 2>notes # the tour without pipefail: head may leave before sort has written
}

setup() {
    cd "$BATS_FILE_TMPDIR" || return
}

@test "the tour" {
    assert [ "$(blocks 'A tour' | grep -c vae-)" -ge 8 ]
    assert_equal "$(grep -c $'^200\t' out)" 2 # vae-eval, with and without -k
    for picture in samples again manifold sneakers; do pngtopnm tour/$picture.png >picture.pnm; done
    assert_equal "$(wc -l <tour/log.tsv)" 11
}

@test "one's own data: a table, the part that does not fit, and its column" {
    assert [ "$(blocks 'Your own data' | grep -c vae-)" -ge 8 ]
    assert_equal "$(cat end)" "$PWD" # after cd ..
    assert_equal "$(grep -c $'^[0-3]\t[a-z]*\t500\t0\t' tour/own)" 4 # raw-info
    # The score of p77 is the last of three, and far above the others.
    grep -A 1 '^p[0-9]*,[0-9.]*$' tour/own | awk -F , '$1 == "p77" { found = $2 > 5 * last } { last = $2 } END { exit !found }'
    awk -F , '$1 == "id" { n++; names = $0 } NF == 5 && $1 == "p77" { n++; best = $5 > $2 && $5 > $3 && $5 > $4 }
        END { exit n != 2 || names != "id,height,width,depth,weight" || !best }' tour/own
}

@test "one's own data: columns that are scaled to mean 0 and standard deviation 1" {
    # shellcheck disable=SC2016 # fields of awk
    raw-info --per-element tour/scaled.raw | tail -n +2 |
        rows_hold 4 '$2 == 500 && $4 ^ 2 < 1e-10 && ($5 - 1) ^ 2 < 1e-10'
}

@test "one's own data: missing cells are filled in near what they were" {
    rows_hold 500 'NF == 5 && !/nan/' < <(tail -n +2 tour/filled.csv | tr , ' ')
    paste -d , tour/filled.csv tour/parts.csv | awk -F , '
        NR > 1 { all += ($3 - $8) ^ 2; variance += $8 ^ 2 }
        NR > 1 && NR % 5 == 0 { n++; squares += ($3 - $8) ^ 2 }
        END { exit n != 100 || all != squares || squares / n > 0.02 * variance / 500 }'
}

@test "one's own data: pictures, counts, arrays, a feed, and a run that is continued" {
    assert_equal "$(raw-info tour/pictures.raw | awk 'NR == 2 { print $1, $2, $3 }')" 'u8 28x28 4'
    assert_equal "$(metadata tour/pictures.bin encoder_hidden)" conv:16:4:2,conv:32:4:2,100
    assert_equal "$(metadata tour/counts.bin likelihood)" negbin
    assert_equal "$(grep -c -x '[CO]\{0,3\}' tour/new.txt)" 4
    assert_equal "$(wc -l <tour/latents.csv)" 201
    npy2raw tour/latents.npy | raw-cmp - <(csv2raw --dtype f32 tour/latents.csv)
    assert_equal "$(head -2 tour/decoded.pgm | tail -1)" '420 392'
    assert_equal "$(grep -c '^-\{0,1\}[0-9.]*$' tour/own)" 3 # the feed's scores
    assert_equal "$(grep -c $'^validation_items\t80$' tour/own)" 1
    assert_equal "$(metadata tour/long.bin made.epochs_run)" 10
    # The same command once more has nothing to do.
    cp tour/long.bin before
    (cd tour && eval "$(blocks 'Your own data' | grep -e --continue)" 2>../err)
    grep -q 'long.ck: the run is complete, epoch 10 of 10' err
    cmp before tour/long.bin
}

@test "plots: of the curves, the latents, the ROC and the bound" {
    command -v gnuplot >/dev/null || skip 'wants gnuplot (make plots-deps)'
    ln -sfn "$ROOT/examples" examples
    blocks Plots >script
    assert [ "$(grep -c ' -o ' script)" -eq 4 ]
    LC_ALL=C bash -e -o pipefail script >out 2>notes
    grep -x 'AUC 0.97[0-9]* +- 0.0[23][0-9]* of 18 normal and 16 anomalous items' out
    for picture in training latents roc bound; do pngtopnm tour/$picture.png >picture.pnm; done
}
