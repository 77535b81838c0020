#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The pictures in colour, as they come from Debian's packages.

load ../helper

# items FILE: how many pictures of 32x32 in colour it has.
items() {
    pnm2raw -q "$1" | raw-info | awk -F '\t' 'NR == 2 { print $2, $3 }'
}

@test "there are 2,294 tiles to train on, and 612 others to test on" {
    make -s -C "$ROOT/data" tiles
    cd "$(make -s -C "$ROOT/data" path DATA=tiles)"
    local part
    for part in wall-train:1056 wall-test:256 floor-train:754 floor-test:224 feat-train:484 feat-test:132; do
        assert_equal "$(items "${part%:*}.ppm")" "32x32x3 ${part#*:}"
    done
    # texts FILE...: each picture as a line.
    texts() { pnm2raw -q "$@" | raw2csv --no-header | sort -u; }
    texts ./*-train.ppm >"$BATS_TEST_TMPDIR/train"
    # Three features are the question mark that is among the floors, too.
    texts wall-test.ppm floor-test.ppm >"$BATS_TEST_TMPDIR/test"
    assert_equal "$(comm -12 "$BATS_TEST_TMPDIR/train" "$BATS_TEST_TMPDIR/test" | wc -l)" 0
    # The sample is of training tiles.
    gunzip -c "$ROOT/data/sample-tiles.ppm.gz" >"$BATS_TEST_TMPDIR/sample.ppm"
    texts "$BATS_TEST_TMPDIR/sample.ppm" | comm -23 - "$BATS_TEST_TMPDIR/train" >"$BATS_TEST_TMPDIR/others"
    assert_equal "$(wc -l <"$BATS_TEST_TMPDIR/others")" 0
}

@test "there are 3,302 emoji to train on and 614 to test on" {
    local emoji
    emoji=$(make -s -C "$ROOT/data" path DATA=emoji)
    [ -e "$emoji/test.ppm" ] || /usr/bin/python3 -c 'import fontTools' 2>/dev/null ||
        skip 'wants python3-fonttools (make emoji-deps)'
    make -s -C "$ROOT/data" emoji
    cd "$emoji"
    assert_equal "$(items train.ppm)" '32x32x3 3302'
    assert_equal "$(items test.ppm)" '32x32x3 614'
}
