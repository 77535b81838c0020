#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# vae-eval: how good a model is on a stream of items, as a table.
# shellcheck disable=SC2016 # what is quoted is awk's
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
    assert_equal "$(head -1 out)" $'items\telbo\treconstruction\tkl\tactive_latents\telbo_se\telbo_bits'
    assert_regex "$(tail -1 out)" $'^100\t-[0-9]+\\.[0-9]{4}\t-[0-9]+\\.[0-9]{4}\t[0-9]+\\.[0-9]{4}\t[0-9]+\t[0-9]+\\.[0-9]{4}\t-[0-9]+\\.[0-9]{6}$'
}

@test "-k adds the log-likelihood, its standard error, bits and effective samples" {
    assert_equal "$(head -1 total)" $'items\telbo\treconstruction\tkl\tlog_likelihood\tlog_likelihood_se\tactive_latents\telbo_se\telbo_bits\tlog_likelihood_bits\teffective_samples'
    assert_regex "$(tail -1 total)" $'^100(\t-?[0-9]+\\.[0-9]{4}){5}\t[0-9]+\t[0-9]+\\.[0-9]{4}(\t-[0-9]+\\.[0-9]{6}){2}\t[0-9]+\\.[0-9]{4}$'
    vae-eval -m model.bin --samples 20 items.raw | cmp - total
}

@test "--per-item ends when its rows cannot be written, however long the stream is" {
    { header u8 28x28 100 + && tail -c +65 items.raw; } >frame
    # shellcheck disable=SC2016 # expanded by the shell started here
    fails 1 'vae-eval: stdout: cannot write: No space left on device' bash -c '
        while cat frame 2>/dev/null; do :; done | vae-eval -q -m model.bin --per-item >/dev/full
        exit ${PIPESTATUS[1]}'
}

@test "--per-item prints a row an item, numbered from 0" {
    assert_equal "$(head -1 rows)" $'item\telbo\treconstruction\tkl\tlog_likelihood\teffective_samples'
    assert_equal "$(tail -n +2 rows | cut -f 1 | xargs)" "$(seq -s ' ' 0 99)"
    assert_equal "$(vae-eval -m model.bin --per-item items.raw | head -1)" $'item\telbo\treconstruction\tkl'
}

@test "elbo is reconstruction - kl, in every row" {
    tail -q -n +2 total rows | rows_hold 101 '($2 - ($3 - $4))^2 <= 0.00016^2'
}

@test "the rows average to the total" {
    for c in 2 3 4 5; do
        mean=$(awk -v c=$c 'NR > 1 { s += $c; n++ } END { printf "%.6f", s / n }' rows)
        near "$mean" "$(column $c total)" 0.00011
    done
}

@test "a standard error is the deviation over the items by the root of their number" {
    # The column of the rows and that of the total: the log-likelihood, the elbo.
    for columns in "5 6" "2 8"; do
        error=$(awk -v c="${columns% *}" 'NR > 1 { s += $c; q += $c * $c; n++ }
            END { printf "%.6f", sqrt((q - s * s / n) / (n - 1) / n) }' rows)
        near "$error" "$(column "${columns#* }" total)" 0.0002
    done
}

@test "bits per element are nats by the elements and log 2" {
    near "$(column 9 total)" "$(awk 'NR == 2 { print $2 / 784 / log(2) }' total)" 0.000002
    near "$(column 10 total)" "$(awk 'NR == 2 { print $5 / 784 / log(2) }' total)" 0.000002
}

@test "effective samples are between 1 and the draws, and average to the total" {
    awk 'NR > 1 { if ($6 < 1 || $6 > 20) exit 1; s += $6; n++ } END { printf "%.6f", s / n }' rows >mean
    near "$(<mean)" "$(column 11 total)" 0.0002
    vae-eval -m model.bin -k 1 items.raw >one
    assert_equal "$(column 11 one)" 1.0000
}

@test "--curve has a row for 1, 10, 100, ... draws and for all, each what -k gives" {
    vae-eval -m model.bin -k 20 --curve items.raw >curve
    assert_equal "$(head -1 curve)" $'k\tlog_likelihood\tlog_likelihood_se'
    assert_equal "$(cut -f 1 curve | xargs)" "k 1 10 20"
    for k in 1 10 20; do
        assert_equal "$(grep "^$k	" curve)" "$k	$(vae-eval -m model.bin -k $k items.raw | tail -1 | cut -f 5,6)"
    done
    vae-eval -m model.bin -k 10 --curve items.raw | cmp - <(head -3 curve)
    for j in 1 3; do vae-eval -m model.bin -k 20 --curve -j $j items.raw | cmp - curve; done
}

@test "--latents has a row a latent: kl, activity, mean and variance of the posterior mean" {
    vae-eval -m model.bin --latents items.raw >latents
    assert_equal "$(head -1 latents)" $'latent\tkl\tactive\tmean\tvariance'
    vae-encode -m model.bin --stats items.raw | table 40 | awk '
        { for (i = 1; i <= 20; i++) {
            kl[i] += 0.5 * (exp($(i + 20)) + $i * $i - 1 - $(i + 20)); s[i] += $i; q[i] += $i * $i } }
        END { for (i = 1; i <= 20; i++) {
            v = q[i] / NR - (s[i] / NR) ^ 2; print i - 1, kl[i] / NR, (v > 0.01), s[i] / NR, v } }' >by_hand
    paste by_hand <(tail -n +2 latents) | finite | awk '
        { if ($1 != $6 || $3 != $8) exit 1
          for (i = 2; i <= 5; i++) { d = $i - $(i + 5); if (d > 0.0001 || d < -0.0001) exit 1 } n++ }
        END { exit n != 20 }'
    assert_equal "$(awk '{ n += $3 } END { print n }' latents)" "$(column 7 total)"
    near "$(awk '{ s += $2 } END { print s }' latents)" "$(column 4 total)" 0.0002
}

@test "--mutual-information notes a prior that differs from the latents, unless the estimate is at its ceiling" {
    local note='the latents of all items together are about' advice='; vae-train --prior vamp:K learns a prior that fits'
    train_small early.bin -z 8 -r 0.01
    vae-eval -m early.bin --mutual-information items.raw >out 2>err
    grep "^vae-eval: early.bin: $note $(awk 'NR == 2 { printf "%.1f", $9 }' out) nats .*$advice them\$" err
    train_small near.bin -z 8
    vae-eval -m near.bin --mutual-information items.raw >out 2>err
    holds "$(column 8 out) < 3 && $(column 9 out) > 0.1 && $(column 9 out) < 1"
    run -1 grep "$note" err
    vae-eval -q -m early.bin --mutual-information items.raw 2>err
    assert [ ! -s err ]
    # The ceiling for 100 items is 4.605 nats.
    train_small sharp.bin -z 8 --beta 0.001 -e 20
    vae-eval -m sharp.bin --mutual-information items.raw >out 2>err
    holds "$(column 8 out) > 3.61 && $(column 9 out) > 1"
    run -1 grep "$note" err
    train_small vamp.bin -z 8 -r 0.01 --prior vamp:4
    vae-eval -m vamp.bin --mutual-information items.raw >out 2>err
    holds "$(column 8 out) < 3.6 && $(column 9 out) > 1"
    run -1 grep "$note" err
    # With labels there is no such prior.
    idx2raw -n 200 "$LABELS" >labels.raw
    idx2raw -n 100 "$LABELS" >some.raw
    train_small told.bin -z 8 -r 0.01 --cond labels.raw
    vae-eval -m told.bin --mutual-information --cond some.raw items.raw 2>err
    grep "$note" err
    run -1 grep "$advice" err
}

@test "--mutual-information is that of the drawn latents and the items, and leaves the marginal kl" {
    vae-eval -m model.bin --mutual-information items.raw >out
    assert_equal "$(head -1 out | cut -f 8-)" $'mutual_information\tmarginal_kl'
    near "$(awk 'NR == 2 { print $8 + $9 }' out)" "$(column 4 out)" 0.0002
    # By hand: the draws of vae-encode are those of the first draw here.
    paste <(vae-encode -m model.bin --sample items.raw | table 20) \
        <(vae-encode -m model.bin --stats items.raw | table 40) | awk '
        { for (i = 1; i <= 20; i++) { z[NR, i] = $i; mu[NR, i] = $(i + 20); logvar[NR, i] = $(i + 40) } }
        END {
            for (n = 1; n <= NR; n++) {
                sum = 0
                for (m = 1; m <= NR; m++) {
                    q = 0
                    for (i = 1; i <= 20; i++)
                        q -= 0.5 * (logvar[m, i] + (z[n, i] - mu[m, i]) ^ 2 / exp(logvar[m, i]))
                    sum += exp(q)
                    if (m == n) own = q
                }
                total += own - log(sum / NR)
            }
            printf "%.6f", total / NR
        }' >by_hand
    near "$(column 8 out)" "$(<by_hand)" 0.001
    holds "$(<by_hand) > 0.1 && $(<by_hand) <= log(100)"
    for j in 1 3; do vae-eval -m model.bin --mutual-information -j $j items.raw | cmp - out; done
    # The draws are the seed's; the columns before it are what they were.
    cut -f 1-7 out | cmp - <(vae-eval -m model.bin items.raw)
    vae-eval -m model.bin --mutual-information -S 2 items.raw >other
    assert_not_equal "$(column 8 other)" "$(column 8 out)"
    near "$(column 8 other)" "$(column 8 out)" 0.3
}

@test "tables that exclude each other are refused" {
    fails 2 "vae-eval: --per-item, --curve, --latents: found 2 of them, wanted at most one" \
        vae-eval -m model.bin --per-item --latents items.raw
    fails 2 "vae-eval: --curve: found it without --samples, wanted the number of draws to go up to" \
        vae-eval -m model.bin --curve items.raw
    fails 2 "vae-eval: --mutual-information: found it with --latents, wanted the table for all items" \
        vae-eval -m model.bin --mutual-information --latents items.raw
}

@test "the kl is the closed form of the encoder's mean and logvar, item by item" {
    vae-encode -m model.bin --stats items.raw | table 40 | awk '
        { s = 0; for (i = 1; i <= 20; i++) s += 0.5 * (exp($(i + 20)) + $i * $i - 1 - $(i + 20)); print s }' >by_hand
    paste by_hand <(tail -n +2 rows | cut -f 4) | rows_hold 100 '($1 - $2)^2 <= 1e-6'
}

@test "more draws raise the log-likelihood, from near the elbo to well above it" {
    for k in 1 5 50 500; do vae-eval -m model.bin -k $k items.raw >"k$k"; done
    # Of one draw: the same expectation as the elbo, whose draws are the same but whose KL is exact.
    near "$(column 5 k1)" "$(column 2 k1)" 1
    holds "$(column 5 k5) > $(column 5 k1) + 0.5 && $(column 5 k50) > $(column 5 k5) + 0.5"
    holds "$(column 5 k500) > $(column 5 k50) && $(column 5 k500) > $(column 2 k500) + 2"
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
    fails 1 "vae-eval: bad.bin: the weights' XXH64 is " vae-eval -m bad.bin x.raw
    sum=$(sed -n 's/.*XXH64 is \([0-9a-f]*\),.*/\1/p' err)
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

@test "--latents takes no draws, and says so" {
    fails 2 'vae-eval: --latents: found it with --samples, wanted one of them: its figures need no draws' \
        vae-eval -m model.bin --latents -k 10 x.raw
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
    assert_equal "$(vae-eval -m model.bin items.raw | column 5 -)" "$active"
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
    # By its number in the stream, beyond a block, too.
    { header f32 28x28 600 . && perl -e 'print pack "f<*", (0) x (784 * 599 + 9), 2, (0) x 774'; } >bad.raw
    fails 1 'vae-eval: bad.raw: item 599, element 9 is 2, wanted a number in [0,1] for bernoulli' \
        vae-eval -m model.bin bad.raw
    fails 2 "vae-eval: --samples: found '0', wanted a whole number from 1" vae-eval -m model.bin -k 0
}

@test "an item whose figures are not finite is named by its number, whatever came before" {
    { header f32 2 10 . && perl -e 'print pack "f<*", (0, 1) x 10'; } >small.raw
    { header f32 2 600 . && perl -e 'print pack "f<*", map { $_ == 550 ? (1e38, 1e38) : (0, 1) } 0 .. 599'; } >large.raw
    vae-train -q -m gaussian.bin -z 1 -H 2 -l gaussian -e 1 small.raw
    # An encoder that overflows.
    perl "$ROOT/tests/safetensors.pl" edit '$data = pack "f<*", (3) x (length($data) / 4); checksum()' <gaussian.bin >steep.bin
    for tool in vae-eval vae-score; do
        fails 1 "$tool: large.raw: item 550 has reconstruction -inf and kl " $tool -q -m steep.bin large.raw
    done
    # Training goes on.
    vae-train -m new.bin -z 1 -H 2 -l gaussian -e 1 -r 1e-9 --start-from steep.bin --val large.raw small.raw 2>err
    grep -q '^vae-train: large.raw: item 550 has reconstruction -inf and kl .*, wanted finite figures: epoch 1 has no validation$' err
}

@test "an extreme item has figures in double" {
    local likelihood power
    { header f32 2 10 . && perl -e 'print pack "f<*", (0, 1) x 10'; } >small.raw
    { header f32 2 3 . && perl -e 'print pack "f<*", 0, 1, 1e20, -1e20, 0, 1'; } >large.raw
    while read -r likelihood power; do
        vae-train -q -m real.bin -z 1 -H 2 -l "$likelihood" -e 1 small.raw
        vae-eval -q -m real.bin --per-item large.raw >rows
        tail -n +2 rows | finite | rows_hold 3 '(-$3 > 10 ^ power) == (NR == 2)' -v power="$power" || fail "$likelihood"
    done <<'END'
gaussian 38
laplace 19
END
    vae-eval -q -m real.bin -k 3 large.raw | tail -n 1 | finite
    # Also of the distance from each component of a prior.
    vae-train -q -m vamp.bin -z 1 -H 2 -l gaussian --prior vamp:2 -e 1 small.raw
    { header f32 2 3 . && f32 0 1 1e25 -1e25 0 1; } >large.raw
    vae-eval -q -m vamp.bin -k 3 --per-item large.raw | tail -n +2 | finite | rows_hold 3 '(-$3 > 1e38) == (NR == 2)'
    vae-score -q -m real.bin large.raw | payload | od -A n -v -t f8 -w8 | finite | wc -l | grep -x 3
}
