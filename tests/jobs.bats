#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# examples/jobs: each runs to its end on its demonstration, or on a user's own small data, and finds what is there.
# shellcheck disable=SC2016 # the conditions are those of awk
load helper

JOBS=$ROOT/examples/jobs

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

@test "anomalies: the two pumps that are wrong come first, with the column to blame, whatever the columns' order" {
    "$JOBS/anomalies" >shown 2>err
    assert_equal "$(<err)" 'All 30 lines are in anomalies/anomalies.tsv'
    cmp shown <(head -n 6 anomalies/anomalies.tsv)
    tail -n +2 anomalies/anomalies.tsv >found
    assert_equal "$(head -n 2 found | sort | tr -s '\t' ' ' | cut -d ' ' -f 1,4,6 | xargs)" \
        'P1005 flow rpm P1011 bearing load'
    # The least p-value is 1 / (1 + n); n of 800 are not in the 0.7.
    kept=$(raw-info anomalies/rest.raw | awk 'NR == 2 { print $3 }')
    holds "$kept > 200 && $kept < 280"
    awk 'NR <= 2' found | rows_hold 2 "\$2 - 1 / (1 + kept) < 1e-5 && \$2 - 1 / (1 + kept) > -1e-5" \
        -F '\t' -v kept="$kept"
    awk 'NR > 2' found | rows_hold 28 '$2 > 0.01 && $2 <= 1' -F '\t'
    cut -f 2 found | sort -g -c
    cut -f 1 found | sort | cmp - <(tail -n +2 anomalies/new.csv | cut -d , -f 1 | sort)

    # A table of the user's: columns in another order, and columns of text; the answer is the same.
    awk -F , -v OFS=, '{ print (NR == 1 ? "site" : "north"), $8, $7, $6, $1, $5, $4, $3, $2 }' anomalies/new.csv >mine.csv
    FIELDS=rpm-vibration "$JOBS/anomalies" <(sed '1s/$/,site/; 2,$s/$/,south/' anomalies/normal.csv) \
        mine.csv pump "o u t" >shown
    cmp anomalies/anomalies.tsv "o u t/anomalies.tsv"
    # A missing cell neither stops it nor is to blame.
    sed '/^P1005,/s/,[^,]*$/,/' anomalies/new.csv >holes.csv
    "$JOBS/anomalies" anomalies/normal.csv holes.csv pump >shown
    grep $'^P1005\t[0-9.]*\t[0-9.]*\tflow ' shown
    # Of a line that has two numbers left, both normal, these have scores below that of a missing cell.
    sed '/^P1003,/s/,[^,]*,[^,]*,[^,]*,[^,]*,[^,]*$/,,,NA,,/' anomalies/new.csv >holes.csv
    "$JOBS/anomalies" anomalies/normal.csv holes.csv pump >shown
    run -0 grep '^P1003' anomalies/anomalies.tsv
    assert_equal "$(cut -f 4-6 <<<"$output" | sed 's/ [^\t]*//g' | tr '\t' '\n' | sort | xargs)" '- load rpm'
}

@test "counts: the three types of cells are apart in the plane, and each has its label and its colour" {
    EPOCHS=30 "$JOBS/counts"
    # Each centre is further from the others than four times the largest spread around a centre.
    assert_equal "$(head -n 1 counts/map.tsv)" $'barcode\tz1\tz2\tlabel'
    tail -n +2 counts/map.tsv >cells
    rows_hold 300 'NF == 4 && $4 != "unknown"' <cells
    finite < <(cut -f 2,3 cells) >places
    awk -F '\t' '
        { n[$4]++; x[$4] += $2; y[$4] += $3; s[$4] += $2 ^ 2 + $3 ^ 2 }
        END {
            for (k in n) { v = s[k] / n[k] - (x[k] / n[k]) ^ 2 - (y[k] / n[k]) ^ 2; if (v > spread) spread = v }
            for (k in n) for (l in n) if (k < l) {
                pairs++
                d = (x[k] / n[k] - x[l] / n[l]) ^ 2 + (y[k] / n[k] - y[l] / n[l]) ^ 2
                if (!(d > 16 * spread)) { print k, l, d, spread; bad = 1 }
            }
            exit bad || pairs != 3
        }' cells
    assert_equal "$(sort -V counts/genes.txt | xargs)" "$(seq -f GENE%g 45 | xargs)"
    pngtopam counts/map.png | ppmhist -noheader | awk '$5 > 500' | sort -n -r -k 5 >colours
    assert_equal "$(awk '{ print $1, $2, $3 }' colours | sort | xargs)" '255 127 14 255 255 255 31 119 180 44 160 44'
    # No cell is where the mean of all is, nor a square.
    assert_equal "$(pngtopam counts/map.png | pamcut -left=230 -top=230 -width=40 -height=40 |
        ppmhist -noheader | xargs)" \
        '255 255 255 255 1600'

    # Labels as a CSV with a header, in another order, and without one cell; its matrix is not compressed.
    gzip -d counts/demo/matrix.mtx.gz
    { echo Barcode,Cluster; sort -r counts/demo/labels.tsv | tr '\t' , | grep -v CELL007; } >labels.csv
    TOP=45 EPOCHS=30 "$JOBS/counts" counts/demo labels.csv mine 2>err
    assert_equal "$(head -n 1 err)" 'counts: labels.csv: lacks 1 of the 300 cells, whose label is unknown'
    cmp mine/map.tsv <(sed '/^CELL007-1/s/[^\t]*$/unknown/' counts/map.tsv)
    # All genes, if there are fewer than the default; labels of other cells; a file instead of a directory.
    EPOCHS=1 "$JOBS/counts" counts/demo labels.csv all
    assert_equal "$(wc -l <all/genes.txt)" 100
    sed 's/-1,/-2,/' labels.csv >others.csv
    fails 1 'counts: others.csv: found no barcode of the 300 cells, wanted lines such as CELL000-1,LABEL' \
        "$JOBS/counts" counts/demo others.csv none
    fails 1 'counts: counts/demo/matrix.mtx: found no matrix.mtx, wanted a directory with matrix.mtx, barcodes.tsv ' \
        "$JOBS/counts" counts/demo/matrix.mtx labels.csv none
}

@test "pictures: samples have the size and the light of the pictures, of which the middle is learned" {
    EPOCHS=20 SIZE=14 "$JOBS/pictures"
    raw-info pictures/items.raw | row_holds 2 '$2 == "14x14x3" && $3 == 60'
    assert_equal "$(pngtopam pictures/samples.png | pamfile -size)" '119 119' # 8 x 8 of 14, and 7 lines
    assert_equal "$(pngtopam pictures/reconstructions.png | pamfile -size)" '149 179'
    pngtopam pictures/samples.png | pnm2raw | raw-info >samples
    pngtopam pictures/reconstructions.png | pnm2raw | raw-info >again
    row_holds 2 '$5 == 0 && $6 > 180 && $7 > 100 && $7 < 140' <samples
    row_holds 2 '$5 == 0 && $6 > 180 && $7 > 100 && $7 < 140' <again
    pngtopam pictures/reconstructions.png | pamcut -height=14 |
        cmp - <(raw-select -n 10 pictures/items.raw | raw2pgm -c 10 --pad 1)
    holds "$(pngtopam pictures/samples.png | ppmhist -noheader | wc -l) > 1000"

    # A picture of a user: white in its middle, black elsewhere, wide or high; and a transparent one.
    mkdir "my own"
    pbmmake -white 30 30 | pnmpad -black -width=90 -height=30 -halign=0.5 | pnmtopng -quiet >"my own/a b.png"
    pbmmake -white 40 40 | pnmpad -black -width=40 -height=80 -valign=0.5 | pnmtopng -quiet >"my own/c.png"
    ppmmake red 9 9 | pnmtopng -quiet -alpha <(pgmmake 0 9 9) >"my own/d.png"
    COLOUR=gray SIZE=6 EPOCHS=1 "$JOBS/pictures" "my own" made
    raw-info made/items.raw | row_holds 2 '$1 == "u8" && $2 == "6x6" && $3 == 3 && $5 == 255 && $6 == 255'
    assert_equal "$(pngtopam made/reconstructions.png | pamfile -size)" '20 13'
    assert_equal "$(ls made)" $'items.raw\nmodel.bin\nreconstructions.png\nsamples.png'
    SIZE=big fails 2 "pictures: SIZE: found 'big', wanted a number of pixels" "$JOBS/pictures" "my own" none
    COLOUR=red fails 2 "pictures: COLOUR: found 'red', wanted rgb or gray" "$JOBS/pictures" "my own" none
    fails 2 "pictures: found '--help', wanted FOLDER [DIR], or none for a demonstration" "$JOBS/pictures" --help
    # A folder without pictures, and one that is broken.
    mkdir empty
    fails 1 'pictures: empty: found no file *.png, wanted a folder of PNG pictures' "$JOBS/pictures" empty none
    head -c 60 "my own/c.png" >"my own/b.png"
    run -1 --separate-stderr "$JOBS/pictures" "my own" none
    # shellcheck disable=SC2154 # set by run
    assert_equal "${stderr_lines[-1]}" 'pictures: my own/b.png: pngtopam cannot read it, wanted a PNG picture'
}

@test "numpy: each array, read back, is the model's tensor and the latents, and they compute the latents" {
    "$JOBS/numpy" 2>err
    for name in $(vae-info --tensors arrays/points.bin | tail -n +2 | cut -f 1); do
        npy2raw "arrays/model/$name.npy" >"$name.raw"
        vae-info --dump "$name" arrays/points.bin | raw-cmp - "$name.raw"
        raw2npy "$name.raw" >again.npy
        cmp again.npy "arrays/model/$name.npy"
        payload <"$name.raw" | cmp - <(payload < <(vae-info --dump "$name" arrays/points.bin))
    done
    vae-encode -q -m arrays/points.bin arrays/items.raw | raw-cmp - <(npy2raw arrays/latents.npy)
    vae-encode -q -m arrays/points.bin --stats arrays/items.raw | raw-cmp - <(npy2raw arrays/stats.npy)
    # mu = relu(x w.T + b) u.T + c, with the numbers of the arrays.
    perl -e '
        sub array {
            open my $f, "<", "arrays/$_[0].npy" or die;
            local $/;
            $_ = <$f>;
            unpack "f<*", substr $_, 10 + unpack "x8 v", $_
        }
        my ($worst, @x, @w, @b, @u, @c, @mu) = 0;
        @x = array("points"); @mu = array("latents");
        @w = array("model/encoder.0.weight"); @b = array("model/encoder.0.bias");
        @u = array("model/mu.weight"); @c = array("model/mu.bias");
        @x == 1000 && @mu == 500 && @w == 32 && @b == 16 && @u == 16 && @c == 1 or die "sizes\n";
        for my $i (0 .. 499) {
            my $mu = $c[0];
            for my $j (0 .. 15) {
                my $h = $b[$j] + $w[2 * $j] * $x[2 * $i] + $w[2 * $j + 1] * $x[2 * $i + 1];
                $mu += $u[$j] * $h if $h > 0;
            }
            abs($mu - $mu[$i]) < 1e-5 or die "item $i: $mu, $mu[$i]\n";
        }'

    # A stream of the user's, instead of an array.
    npy2raw arrays/points.npy >points.raw
    "$JOBS/numpy" arrays/points.bin points.raw mine 2>err
    cmp arrays/latents.npy mine/latents.npy
}

@test "jobs: arguments that are too few or too many are refused, and so is data that is not there" {
    local job
    for job in anomalies counts numpy; do fails 2 "$job: found 1 arguments, wanted " "$JOBS/$job" one; done
    for job in anomalies counts numpy pictures; do
        fails 2 "$job: found 5 arguments, wanted " "$JOBS/$job" 1 2 3 4 5
    done
    fails 1 'csv2raw: no.csv: cannot open: ' "$JOBS/anomalies" no.csv no.csv id
}
