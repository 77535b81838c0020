#!/usr/bin/env bats
# vae-eval: how good a model is on a stream of items, as a table.
load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    idx2raw -n 100 "$IMAGES" >items.raw
    vae-train -q -m model.bin -H 16 -b 20 -e 60 -r 0.003 items.raw
    vae-eval -m model.bin -k 20 items.raw >total
    vae-eval -m model.bin -k 20 --per-item items.raw >rows
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/* .
}

# column N FILE: its column of the second line.
column() {
    awk -v n="$1" 'NR == 2 { print $n }' "$2"
}

@test "the table has a header line and one row, figures with four decimals" {
    vae-eval -m model.bin items.raw >out
    assert_equal "$(wc -l <out)" 2
    assert_equal "$(head -1 out)" $'items\telbo\treconstruction\tkl'
    assert_regex "$(tail -1 out)" $'^100\t-[0-9]+\\.[0-9]{4}\t-[0-9]+\\.[0-9]{4}\t[0-9]+\\.[0-9]{4}$'
}

@test "-k adds the log-likelihood, its standard error and the active latents" {
    assert_equal "$(head -1 total)" $'items\telbo\treconstruction\tkl\tlog_likelihood\tlog_likelihood_se\tactive_latents'
    assert_regex "$(tail -1 total)" $'^100(\t-?[0-9]+\\.[0-9]{4}){5}\t[0-9]+$'
    vae-eval -m model.bin --samples 20 items.raw | cmp - total
}

@test "--per-item prints a row an item, numbered from 0" {
    assert_equal "$(head -1 rows)" $'item\telbo\treconstruction\tkl\tlog_likelihood'
    assert_equal "$(tail -n +2 rows | cut -f 1 | xargs)" "$(seq -s ' ' 0 99)"
    assert_equal "$(vae-eval -m model.bin --per-item items.raw | head -1)" $'item\telbo\treconstruction\tkl'
}

@test "elbo is reconstruction - kl, in every row" {
    awk 'FNR > 1 { d = $2 - ($3 - $4); if (d > 0.00016 || d < -0.00016) exit 1; n++ } END { exit n != 101 }' total rows
}

@test "the rows average to the total" {
    for c in 2 3 4 5; do
        mean=$(awk -v c=$c 'NR > 1 { s += $c; n++ } END { printf "%.6f", s / n }' rows)
        near "$mean" "$(column $c total)" 0.00011
    done
}

@test "the standard error is the deviation of the items' log-likelihoods by the root of their number" {
    error=$(awk 'NR > 1 { s += $5; q += $5 * $5; n++ }
        END { printf "%.6f", sqrt((q - s * s / n) / (n - 1) / n) }' rows)
    near "$error" "$(column 6 total)" 0.0002
}

@test "the kl is the closed form of the encoder's mean and logvar, item by item" {
    vae-encode -m model.bin --stats items.raw | table 40 | awk '
        { s = 0; for (i = 1; i <= 20; i++) s += 0.5 * (exp($(i + 20)) + $i * $i - 1 - $(i + 20)); print s }' >by_hand
    paste by_hand <(tail -n +2 rows | cut -f 4) | awk '{ d = $1 - $2; if (d > 0.001 || d < -0.001) exit 1 }'
}

@test "more draws raise the log-likelihood, from near the elbo to well above it" {
    for k in 1 5 50 500; do vae-eval -m model.bin -k $k items.raw >"k$k"; done
    # Of one draw: the same expectation as the elbo, whose draws are the same but whose KL is exact.
    near "$(column 5 k1)" "$(column 2 k1)" 1
    awk -v a="$(column 5 k1)" -v b="$(column 5 k5)" -v c="$(column 5 k50)" -v d="$(column 5 k500)" \
        -v e="$(column 2 k500)" 'BEGIN { exit !(b > a + 0.5 && c > b + 0.5 && d > c && d > e + 2) }'
    # The elbo is no better for more draws, only surer.
    near "$(column 2 k500)" "$(column 2 k50)" 0.5
}

@test "the log-likelihood of K draws is the log of the mean of K weights" {
    # A model without latents' influence: with its decoder and encoder weights at 0 every weight is p(x) itself, so
    # that any K gives the same figure, which is the reconstruction by hand.
    { header f32 2 2 . && f32 0 1 1 1; } >x.raw
    vae-train -q -m zero.bin -H none -z 1 -e 0 x.raw
    # Offsets of decoder.0.weight and of the heads, set to 0; the message of the checksum gives the right one.
    perl -e '
        local $/; my $all = <STDIN>; my $n = 8 + unpack "Q<", $all;
        my ($head, $data) = (substr($all, 0, $n), substr $all, $n);
        for my $name ("mu.weight", "logvar.weight", "mu.bias", "logvar.bias", "decoder.0.weight") {
            $head =~ /"$name":\{[^}]*\[(\d+),(\d+)\]\}/ or die; substr($data, $1, $2 - $1) = "\0" x ($2 - $1);
        }
        print $head, $data' <zero.bin >bad.bin
    sum=$(vae-eval -m bad.bin x.raw 2>&1 | sed -n "s/.*XXH64 is \([0-9a-f]*\),.*/\1/p")
    sed "s/$(metadata bad.bin xxh64)/$sum/" bad.bin >zero.bin
    wanted=$(awk -v b="$(tensor zero.bin decoder.0.bias)" 'BEGIN { split(b, B, " ")
        first = -log(1 + exp(B[1])) - log(1 + exp(-B[2])); second = -log(1 + exp(-B[1])) - log(1 + exp(-B[2]))
        printf "%.6f", (first + second) / 2 }')
    for k in 1 7; do
        vae-eval -m zero.bin -k $k x.raw >out
        near "$(column 2 out)" "$wanted" 0.0001
        near "$(column 4 out)" 0 0.00001
        near "$(column 5 out)" "$wanted" 0.0001
        assert_equal "$(column 7 out)" 0
    done
}

@test "gaussian figures include the constants: true log-densities" {
    { header f32 2 3 . && f32 -3 7 0.5 0.25 10 -1; } >x.raw
    for sigma in 0.5 2; do vae-train -q -m "g$sigma.bin" -H none -z 1 -e 0 -l gaussian --sigma $sigma x.raw; done
    # One seed, so the same weights and draws: both figures follow from one sum of squares.
    near "$(awk -v a="$(vae-eval -m g0.5.bin x.raw | awk 'NR == 2 { print $3 }')" \
        -v b="$(vae-eval -m g2.bin x.raw | awk 'NR == 2 { print $3 }')" 'BEGIN {
            l = 2 * 0.9189385332; s = -(a + l + 2 * log(0.5)) * 2 * 0.25; t = -(b + l + 2 * log(2)) * 2 * 4
            print s / t }')" 1 0.0002
}

@test "active latents are those whose mean varies by more than 0.01" {
    active=$(vae-encode -m model.bin items.raw | table 20 | awk '
        { for (i = 1; i <= NF; i++) { s[i] += $i; q[i] += $i * $i } }
        END { for (i = 1; i <= NF; i++) n += q[i] / NR - (s[i] / NR) ^ 2 > 0.01; print n }')
    assert_equal "$(column 7 total)" "$active"
    assert [ "$active" -ge 1 ]
    assert_equal "$(vae-eval -m model.bin -k 1 <(head -c 848 items.raw | sed '1s/ 100 \./ 1 .  /') | column 7 -)" 0
}

@test "one item has no standard error" {
    idx2raw -n 1 "$IMAGES" | vae-eval -m model.bin -k 2 >out
    assert_equal "$(column 6 out)" nan
}

@test "a seed gives its figures again, another seed others, near by" {
    vae-eval -m model.bin -k 20 -S 1 items.raw | cmp - total
    vae-eval -m model.bin -k 20 -S 2 items.raw >two
    run -1 cmp -s two total
    assert_equal "$(column 4 two)" "$(column 4 total)"
    near "$(column 2 two)" "$(column 2 total)" 1
}

@test "the figures of an item do not depend on the items before it, but on its number" {
    idx2raw -n 50 "$IMAGES" | vae-eval -m model.bin -k 20 --per-item >first
    head -51 rows | cmp - first
}

@test "other items, no items and bad ones are refused by name" {
    fails 1 'vae-eval: stdin: items have shape 1, model.bin wants 28x28' vae-eval -m model.bin < <(idx2raw "$LABELS")
    fails 1 'vae-eval: stdin: no items, wanted at least 1' vae-eval -m model.bin < <(header u8 28x28 0 .)
    { header f32 28x28 2 . && perl -e 'print pack "f<*", (0) x 1000, -1, (0) x 567'; } >bad.raw
    fails 1 'vae-eval: bad.raw: item 1, element 216 is -1, wanted a number in [0,1] for bernoulli' \
        vae-eval -m model.bin bad.raw
    fails 2 "vae-eval: --samples: found '0', wanted a whole number from 1" vae-eval -m model.bin -k 0
}
