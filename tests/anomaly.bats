#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# examples/anomaly: one class as the normal one, beside two baselines.
load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# u8 NUMBER...
u8() {
    perl -e 'print pack "C*", @ARGV' -- "$@"
}

@test "the baselines are the distance by the covariance and what a component leaves" {
    { header u8 2 4 . && u8 10 20 14 26 30 40 18 22; } >train.raw
    { header u8 2 2 + && u8 18 27 50 10 && header u8 2 1 . && u8 0 200; } >items.raw
    "$ROOT/examples/anomaly-baselines" 1 train.raw items.raw >out
    # In two dimensions both can be written down.
    paste out <(printf '%s\n' '18 27' '50 10' '0 200') | finite | awk '
        BEGIN {
            split("10 14 30 18", x); split("20 26 40 22", y)
            for (i = 1; i <= 4; i++) { mx += x[i] / 4; my += y[i] / 4 }
            for (i = 1; i <= 4; i++) { a += (x[i] - mx) ^ 2 / 3; b += (x[i] - mx) * (y[i] - my) / 3; c += (y[i] - my) ^ 2 / 3 }
            a++; c++
            angle = atan2(2 * b, a - c) / 2 # of the first component
        }
        function far(v, w) { return (v - w) ^ 2 > 1e-10 * (1 + w * w) }
        {
            dx = $3 - mx; dy = $4 - my
            if (far($1, (c * dx * dx - 2 * b * dx * dy + a * dy * dy) / (a * c - b * b))) bad = 1
            if (far($2, (dy * cos(angle) - dx * sin(angle)) ^ 2)) bad = 1
        }
        END { exit bad || NR != 3 }'
}

@test "trousers are told from other clothes, by all three; the mean is that of the rows" {
    DATA=sample CLASSES='1 7' EPOCHS=100 "$ROOT/examples/anomaly" out >table
    assert_equal "$(head -1 table)" $'class\tvae\tmahalanobis\tpca'
    assert_equal "$(cut -f 1 table | xargs)" 'class 1 7 mean'
    cmp table out/auc.tsv
    tail -n +2 table | cut -f 2- | finite | wc -w | grep -x 9
    awk 'NR > 1 && NR < 4 { for (i = 2; i <= 4; i++) { if (!($i >= 0.9 && $i <= 1)) bad = 1; s[i] += $i / 2 } }
        NR == 4 { for (i = 2; i <= 4; i++) { d = s[i] - $i; if (d > 0.0001 || d < -0.0001) bad = 1 } }
        END { exit bad || NR != 4 }' table
    assert_equal "$(head -1 out/train.1.raw)" "$(header u8 14x14 60 .)"
    # A halved image has the mean of the whole one.
    label=$(idx2raw "$LABELS" | payload | od -A n -v -t u1 -w1 | awk '$1 == 1 && !n++ { print NR - 1 }')
    whole=$(idx2raw --skip "$label" -n 1 "$IMAGES" | raw-info | awk 'NR == 2 { print $7 }')
    { header u8 14x14 1 . && payload <out/train.1.raw | first 196; } >half.raw
    near "$(raw-info half.raw | awk 'NR == 2 { print $7 }')" "$whole" 0.5
}

@test "data that it does not know is refused" {
    DATA=fashon run -2 "$ROOT/examples/anomaly" out
    assert_output "anomaly: DATA: found 'fashon', wanted fashion or sample"
}
