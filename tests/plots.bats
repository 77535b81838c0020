#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# examples/plots: pictures of what the tools print. An SVG has the curves as numbers, which are compared with the tables.
# shellcheck disable=SC2016 # what is quoted is Perl and awk
load helper

PLOTS=$ROOT/examples/plots

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    idx2raw -n 400 "$IMAGES" >items.raw
    idx2raw -n 400 "$LABELS" >labels.raw
    idx2raw --skip 800 "$IMAGES" >test.raw
    vae-train -q -m model.bin -H 24 -z 4 -e 8 --val test.raw --log log.tsv items.raw
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/*.* .
}

drawn() {
    command -v gnuplot >/dev/null || skip 'wants gnuplot (make plots-deps)'
}

# curve FILE.svg COLOUR [N]: the places of the N-th curve in this colour, from 0, one per line. A line of the key has two.
curve() {
    perl -e '
        my ($file, $colour, $n) = @ARGV;
        open my $f, "<", $file or die "$file: $!\n";
        local $/;
        my @curves = grep { @$_ > 2 } map { [/[\d.]+,[\d.]+/g] } map { split /M/ }
            <$f> =~ /<path stroke=.rgb\($colour\)[^>]*? d=.([^\x27]*)/g;
        defined $curves[$n] or die "$file: ", scalar @curves, " curves\n";
        print tr/,/\t/r, "\n" for @{ $curves[$n] }' "$1" "$2" "${3:-0}"
}
BLUE=' *0, *114, *178' RED='213, *94, *0'

# as_drawn: of lines with a place and a value, whether the place is a linear function of the value.
as_drawn() {
    awk '
        { y[NR] = $1; v[NR] = $2 }
        NR == 1 || $2 > v[top] { top = NR }
        NR == 1 || $2 < v[low] { low = NR }
        END {
            slope = (y[top] - y[low]) / (v[top] - v[low])
            if (!(slope < 0)) { print "the slope is " slope; exit 1 }
            for (i = 1; i <= NR; i++) {
                d = y[i] - y[low] - slope * (v[i] - v[low])
                if (d > 0.11 || d < -0.11) { print i ": off by " d; bad = 1 }
            }
            exit bad || NR < 3
        }'
}

# marks FILE.svg: the marks of points, one per line: colour, shape and place.
marks() {
    perl -ne '
        my ($shape, $x, $y, $colour) = /<use .*#gpPt(\d+)\x27 transform=\x27translate\(([\d.]+),([\d.]+)\).* color=\x27rgb\(([^)]*)\)/ or next;
        print join("\t", $colour =~ tr/ //dr, $shape, $x, $y), "\n"' "$1"
}

# words FILE.svg: its texts.
words() {
    perl -0777 -ne 's/<[^>]*>//g; print' "$1"
}

@test "training: the curves are those of the log, of training and of validation" {
    drawn
    "$PLOTS/training" -o curves.svg log.tsv
    local panel
    for panel in 0 1 2; do
        paste <(curve curves.svg "$BLUE" $panel | cut -f 2) <(tail -n +2 log.tsv | cut -f $((4 + panel))) | as_drawn
        paste <(curve curves.svg "$RED" $panel | cut -f 2) <(tail -n +2 log.tsv | cut -f $((7 + panel))) | as_drawn
        assert_equal "$(curve curves.svg "$BLUE" $panel | wc -l)" 8
    done
    words curves.svg >told
    for word in ELBO reconstruction KL '(nats per item)' epoch training validation; do grep -qF "$word" told; done
    grep -F "ELBO of validation after epoch 8: $(tail -n 1 log.tsv | cut -f 7 | xargs printf %.2f) nats, the best so far" told
    # Without validation there are three curves of training.
    awk -F '\t' -v OFS='\t' 'NR > 1 { $7 = $8 = $9 = $13 = "nan" } 1' log.tsv >alone.tsv
    "$PLOTS/training" --skip 3 -o alone.svg alone.tsv
    run -1 grep -o validation alone.svg
    assert_equal "$(curve alone.svg "$BLUE" 2 | wc -l)" 5
    run curve alone.svg "$RED"
    assert_output 'alone.svg: 0 curves'
    # The bound, if it is another one, and the best epoch, if it is not the last one.
    awk -F '\t' -v OFS='\t' 'NR > 1 { $12 += 5; $13 += 5 } NR == 9 { $7 = -700 } 1' log.tsv >bound.tsv
    "$PLOTS/training" -o bound.svg - <bound.tsv
    words bound.svg | grep -F 'bound, validation'
    words bound.svg | grep -F "nats; best: $(sed -n 8p log.tsv | cut -f 7 | xargs printf %.2f) (epoch 7)"
}

@test "training --follow draws each new row, always a whole picture, until it is interrupted" {
    drawn
    "$PLOTS/training" --follow -o curves.svg new.tsv 2>err 3>&- &
    local pid=$! rows status=0
    sleep 0.3
    head -n 1 log.tsv >new.tsv
    for rows in 3 4 6; do
        sed -n "$(($(wc -l <new.tsv) + 1)),$((rows + 1))p" log.tsv >rows.tsv
        cat rows.tsv >>new.tsv
        await grep -q "after epoch $rows: " curves.svg
        tail -n 2 curves.svg | grep '</svg>'
    done
    # Half a row, as of a writer at work, is waited for.
    sed -n 8p log.tsv | head -c 20 >>new.tsv
    sleep 1.5
    sed -n 8p log.tsv | tail -c +21 >>new.tsv
    await grep -q 'after epoch 7: ' curves.svg
    kill -TERM $pid
    wait $pid || status=$?
    assert_equal "$status" 143
    [ ! -s err ] || fail "$(<err)"
    run -2 ls .curves.svg.tmp
    # On a terminal, of letters; ctrl-C ends it.
    script -qec "timeout -s INT 2 '$PLOTS/training' --follow log.tsv" /dev/null </dev/null >screen || true
    grep 'validation #####' screen
    grep 'training \*\*\*\*' screen
}

@test "latents: two of the largest variance, or those that are asked for, one colour and shape per label" {
    drawn
    # Of four latents, 3 and then 1 have the largest variance; that of 0 is far from 0.
    { header f32 4 60 . && perl -e 'print pack "f<*", map { (100 + $_ % 2, 5 * sin $_, cos $_, 9 * cos 3 * $_) } 1 .. 60'; } >z.raw
    { header u8 1 60 . && perl -e 'print pack "C*", map { $_ % 3 } 1 .. 60'; } >l.raw
    printf '%s\r\n' "zero's" $'one\e_1' two >names
    "$PLOTS/latents" --labels l.raw --label-names names -o z.svg z.raw
    words z.svg >told
    grep -F '60 items, latents 1 and 3 of 4, those of the largest variance' told
    grep -F 'latent 1 (standard deviation 3.5' told
    grep -F 'latent 3 (standard deviation 6.15)' told
    for name in "zero" 'one_1' two; do grep -F "$name" told; done
    LC_ALL=C run ! grep -P '[\x00-\x08\x0b-\x1f]' z.svg # which XML does not allow
    # The items at their places, and 20 items of each label and a mark in the key, each in its own colour and shape.
    marks z.svg >places
    raw2csv --no-header --tsv z.raw >z.tsv
    head -n 60 places | cut -f 4 | paste - <(cut -f 4 z.tsv) | as_drawn
    head -n 60 places | awk '{ print -$3 }' | paste - <(cut -f 2 z.tsv) | as_drawn
    head -n 60 places | cut -f 1 | paste - <(raw2csv --no-header l.raw) | sort -u | rows_hold 3 'NF == 2'
    for field in 1 2; do cut -f $field places | sort | uniq -c | rows_hold 3 '$1 == 21'; done
    # Each of 40 labels has a mark of its own.
    { header u8 1 60 . && perl -e 'print pack "C*", map { $_ % 40 } 1 .. 60'; } >many.raw
    "$PLOTS/latents" --labels many.raw -o many.svg z.raw
    marks many.svg | cut -f 1,2 | sort -u | rows_hold 40 'NF == 2'
    "$PLOTS/latents" --dims 2,0 -o z.svg - <z.raw
    words z.svg >told
    grep -F 'latent 2 (standard deviation 0.7' told
    grep -F 'latent 0 (standard deviation 0.50)' told
    run -1 grep 'largest variance' told
    # The tools' own latents.
    vae-encode -q -m model.bin items.raw | "$PLOTS/latents" --labels labels.raw -o real.png -
    pngtopnm real.png | sed -n 2p | row_holds 1 '$1 == 900 && $2 == 800'
    vae-encode -q -m model.bin items.raw | "$PLOTS/latents" --text - | grep '400 items'
}

# pairs: the area under the ROC and its standard error, from all pairs of the normal and the anomalous scores.
pairs() {
    perl -e '
        my @s = map { open my $f, "<", $_ or die; [map { $_ + 0 } <$f>] } @ARGV;
        my ($n, $m) = map { scalar @$_ } @s;
        my (@of_normal, @of_other);
        for my $i (0 .. $n - 1) {
            for my $j (0 .. $m - 1) {
                my $wins = $s[1][$j] > $s[0][$i] ? 1 : $s[1][$j] == $s[0][$i] ? 0.5 : 0;
                $of_normal[$i] += $wins / $m;
                $of_other[$j] += $wins / $n;
                $area += $wins;
            }
        }
        $area /= $n * $m;
        my $v;
        for my $part (\@of_normal, \@of_other) {
            $v += ($_ - $area) ** 2 / (@$part - 1) / @$part for @$part;
        }
        printf "AUC %.6f +- %.6f of %d normal and %d anomalous items\n", $area, sqrt $v, $n, $m' "$@"
}

@test "roc: the area is that of all pairs, ties count half, and the curve has this area" {
    drawn
    local seed
    # Scores with many ties, of different numbers of items, and with none.
    for seed in 1 2 3 4; do
        perl -e 'srand $ARGV[0]; print int(rand(40)) / ($ARGV[0] == 4 ? 3e-7 : 8) - 1, "\n" for 1 .. 23' $seed >normal
        perl -e 'srand 9 + $ARGV[0]; print int(rand(60)) / ($ARGV[0] == 4 ? 3e-7 : 8) - 2, "\n" for 1 .. 31' $seed >other
        csv2raw --no-header normal >normal.raw
        csv2raw --no-header other >other.raw
        "$PLOTS/roc" -o roc.svg normal.raw other.raw >found
        diff found <(pairs normal other)
        words roc.svg | grep -F "AUC $(cut -d ' ' -f 2 found | xargs printf %.4f) ± "
        # The area below the curve, in units of the square.
        curve roc.svg "$BLUE" | awk 'NR == 1 { x0 = $1; y0 = $2 } NR > 1 { area += ($1 - x) * (y0 - ($2 + y) / 2) } { x = $1; y = $2 }
            END { print area / (x - x0) / (y0 - y) }' >area
        holds "($(<area) - $(cut -d ' ' -f 2 found))^2 < 1e-6"
    done
    # All anomalous items score higher, and all lower; of one item there is no error.
    printf '%s\n' 1 2 3 | csv2raw --no-header >low.raw
    printf '%s\n' 4 4 9 | csv2raw --no-header >high.raw
    printf '%s\n' 2 | csv2raw --no-header >one.raw
    assert_equal "$("$PLOTS/roc" -o x.png low.raw high.raw)" 'AUC 1.000000 +- 0.000000 of 3 normal and 3 anomalous items'
    assert_equal "$("$PLOTS/roc" -o x.png high.raw low.raw)" 'AUC 0.000000 +- 0.000000 of 3 normal and 3 anomalous items'
    assert_equal "$("$PLOTS/roc" -o x.png low.raw one.raw)" 'AUC 0.500000 +- nan of 3 normal and 1 anomalous items'
    "$PLOTS/roc" -o x.svg low.raw one.raw && words x.svg | grep -F 'AUC 0.5000: 3 normal, 1 anomalous items'
    # A picture to standard output, and the scores of the tool.
    vae-score -q -m model.bin test.raw | "$PLOTS/roc" - <(vae-score -q -m model.bin items.raw) 2>err >roc.png
    pngtopnm roc.png | sed -n 2p | row_holds 1 '$1 == 700 && $2 == 700'
    vae-score -q -m model.bin test.raw | raw2csv --no-header >normal
    vae-score -q -m model.bin items.raw | raw2csv --no-header >other
    diff err <(pairs normal other)
}

@test "bound: the curve of vae-eval, over the logarithm of the draws" {
    drawn
    vae-eval -q -m model.bin -k 200 --curve test.raw >curve.tsv
    "$PLOTS/bound" -o bound.svg curve.tsv
    paste <(curve bound.svg "$BLUE" | cut -f 2) <(tail -n +2 curve.tsv | cut -f 2) | as_drawn
    # From left to right: the places have the distances of the logarithms, but as_drawn wants falling ones.
    paste <(curve bound.svg "$BLUE" | awk '{ print -$1 }') <(tail -n +2 curve.tsv | awk '{ print log($1) }') | as_drawn
    sed 's/$/\r/' curve.tsv | "$PLOTS/bound" -o lines.svg -
    cmp lines.svg bound.svg
    words bound.svg | grep -F -e "$(tail -n 1 curve.tsv | cut -f 2 | xargs printf %.2f) nats per item with 200 draws"
    "$PLOTS/bound" --size 300x200 -o bound.png curve.tsv
    pngtopnm bound.png | sed -n 2p | row_holds 1 '$1 == 300 && $2 == 200'
    mkdir taken.png
    fails 1 'bound: taken.png: ' "$PLOTS/bound" -o taken.png curve.tsv
    rmdir taken.png # nothing is in it
    ln -s "$PLOTS/bound" elsewhere
    ./elsewhere -o link.png curve.tsv
    [ -s link.png ]
    "$PLOTS/bound" --text curve.tsv | grep 'draws per item'
    TERM=xterm "$PLOTS/bound" --sixel curve.tsv | head -c 2 | cmp - <(printf '\eP')
}

@test "each plot refuses a wrong use with one line, and writes nothing" {
    local plot program operands
    for plot in training latents roc bound; do
        operands=(a)
        [ $plot != roc ] || operands=(a b)
        "$PLOTS/$plot" --help >out
        grep -q "^Usage: examples/plots/$plot " out
        fails 2 "$plot: --bad: no such option ($plot --help tells more)" "$PLOTS/$plot" --bad x
        fails 2 "$plot: -o: found 'x.pdf', wanted a name that ends in .png or .svg" "$PLOTS/$plot" -o x.pdf "${operands[@]}"
        fails 2 "$plot: found several of -o, --text and --sixel, wanted one of them" "$PLOTS/$plot" -o x.png --text "${operands[@]}"
        fails 2 "$plot: found 3 operands, wanted " "$PLOTS/$plot" -o x.png a b c
        fails 2 "$plot: -o: found it twice, wanted it once" "$PLOTS/$plot" -o x.png -o y.png a
        fails 2 "$plot: -o: found no value, wanted one" "$PLOTS/$plot" a -o
        script -qec "'$PLOTS/$plot' ${operands[*]}" /dev/null </dev/null >screen && fail "$plot: drew on a terminal"
        grep "^$plot: standard output is a terminal, wanted -o FILE.png or -o FILE.svg; --text and --sixel draw on a terminal" screen
    done
    fails 2 "bound: --size: found '300', wanted WIDTHxHEIGHT, each from 100 to 9999" "$PLOTS/bound" --size 300 -o x.png a
    fails 2 "training: --skip: found '-1', wanted a whole number" "$PLOTS/training" --skip -1 log.tsv
    fails 2 'training: --follow: found standard input, wanted the file of a log' "$PLOTS/training" --follow -o x.png -
    fails 2 'training: --follow: found no terminal, wanted -o FILE.png or -o FILE.svg' "$PLOTS/training" --follow log.tsv
    fails 2 "latents: --dims: found '1', wanted two numbers such as 0,3" "$PLOTS/latents" --dims 1 -o x.png z.raw
    fails 2 "latents: --dims: found '1,1', wanted two different latents" "$PLOTS/latents" --dims 1,1 -o x.png z.raw
    fails 2 'latents: --label-names: found it without --labels, wanted both' "$PLOTS/latents" --label-names n -o x.png z.raw
    mkdir few
    for program in dirname basename readlink; do ln -s "$(type -P $program)" few; done
    fails 1 'bound: gnuplot: not found, wanted it (make plots-deps installs it)' env PATH="$PWD/few" "$PLOTS/bound" -o x.png a
    run -2 ls x.png
}

@test "each plot refuses data that it cannot draw with one line, and leaves no picture" {
    drawn
    touch empty
    fails 1 'training: none: No such file or directory' "$PLOTS/training" -o x.png none
    fails 1 'training: empty: empty, wanted a log of vae-train --log' "$PLOTS/training" -o x.png empty
    fails 1 'training: log.tsv: has no row after epoch 8, wanted one per epoch' "$PLOTS/training" --skip 8 -o x.png log.tsv
    fails 1 'bound: log.tsv: has no column k, wanted the table of vae-eval --curve' "$PLOTS/bound" -o x.png log.tsv
    sed '4s/\t-[0-9]*/\tmany/' log.tsv >bad.tsv
    fails 1 "training: bad.tsv: row 3: train_elbo is 'many" "$PLOTS/training" -o x.png bad.tsv
    { header f64 1 2 . && perl -e 'print pack "d<*", 1, "nan"'; } >nan.raw
    { header f64 1 2 . && perl -e 'print pack "d<*", 1, 2'; } >two.raw
    fails 1 'roc: nan.raw: item 1 has the score nan, wanted a number' "$PLOTS/roc" -o x.png two.raw nan.raw
    fails 1 'roc: log.tsv: looks like text' "$PLOTS/roc" -o x.png two.raw log.tsv
    vae-encode -q -m model.bin items.raw >z.raw
    fails 1 'roc: z.raw: items of 4 numbers, wanted the scores of vae-score' "$PLOTS/roc" -o x.png z.raw two.raw
    fails 1 'latents: two.raw: latents of 1 number, wanted at least 2' "$PLOTS/latents" -o x.png two.raw
    fails 1 'latents: --dims: found 0,4, wanted numbers below 4 for z.raw' "$PLOTS/latents" --dims 0,4 -o x.png z.raw
    fails 1 'latents: items.raw: items of shape 28x28, wanted latents, which are vectors (vae-encode without --stats)' \
        "$PLOTS/latents" -o x.png items.raw
    fails 1 'latents: z.raw: items of shape 4, wanted labels, one number per item' "$PLOTS/latents" --labels z.raw -o x.png z.raw
    fails 1 'latents: two.raw: 2 labels, wanted 400, one per item of z.raw' "$PLOTS/latents" --labels two.raw -o x.png z.raw
    { header i32 1 400 . && perl -e 'print pack "l<*", (3) x 7, 40, (1) x 392'; } >large.raw
    fails 1 "latents: large.raw: item 7 is '40', wanted a whole number from 0 to 39" "$PLOTS/latents" --labels large.raw -o x.png z.raw
    fails 1 'training: none/x.png: No such file or directory' "$PLOTS/training" -o none/x.png log.tsv
    fails 1 'training: standard output: No space left on device' bash -c '"$1" log.tsv >/dev/full' - "$PLOTS/training"
    run -141 bash -c 'set -o pipefail; "$1" log.tsv | true' - "$PLOTS/training"
    assert_empty "$output"
    run -2 ls x.png
}
