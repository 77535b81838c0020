#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What the README tells to type works as it stands there.
load helper

# blocks HEADING: the indented lines below a heading of the README.
blocks() {
    awk -v wanted="## $1" '/^## / { inside = $0 == wanted } inside && /^    / { print substr($0, 5) }' "$ROOT/README.md"
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    ln -s "$ROOT/data" data
    ln -s "$VAE_BUILD" build
}

@test "the tour" {
    blocks 'A tour' >script
    assert [ "$(grep -c vae- script)" -ge 8 ]
    bash -e script >out # without pipefail: head may leave before sort has written
    assert_equal "$(grep -c $'^200\t' out)" 2 # vae-eval, with and without -k
    for picture in samples again manifold sneakers; do pngtopnm tour/$picture.png >picture.pnm; done
    assert_equal "$(wc -l <tour/log.tsv)" 11
}

@test "pipelines of one's own, and the figure that is said of them" {
    blocks 'Your own data' >script
    PATH=$VAE_BUILD:$PATH bash -e -o pipefail script >out
    assert_equal "$(grep -c $'^f32\t2\t1000\t1\t' out)" 1 # raw-info
    near "$(awk 'NR == 2 { print $5 }' out)" "$(sed -n 's/.*this model gets to \(-[0-9.]*\)\.$/\1/p' "$ROOT/README.md")" 0.01
    assert_equal "$(tail -5 out | awk '{ d = sqrt($1 * $1 + $2 * $2); n += d > 0.8 && d < 1.2 } END { print n }')" 5
}
