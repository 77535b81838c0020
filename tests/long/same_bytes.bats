#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# tests/same-bytes, which compares two builds, finds each difference.
load ../helper

# stand_in TOOL COMMAND...: a build, other/, whose tool's output goes through the command.
stand_in() {
    mkdir -p other
    ln -sf "$VAE_BUILD"/* other
    rm "other/$1"
    printf '#!/bin/bash\nset -o pipefail\n%q "$@" | %s\n' "$VAE_BUILD/$1" "${*:2}" >"other/$1"
    chmod +x "other/$1"
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

@test "a build gives its own bytes, in all configurations" {
    run -0 "$ROOT/tests/same-bytes" "$VAE_BUILD" "$VAE_BUILD"
    assert_line --regexp '^48 configurations, 0 of them not known to OLD, [0-9]{4} files, 0 configurations differ$'
}

@test "a tool that answers otherwise is named in each configuration, and so is one that trains otherwise" {
    stand_in vae-score "perl -0777 -pe 's/.\\z/x/s'"
    run -1 "$ROOT/tests/same-bytes" "$VAE_BUILD" other
    assert_line --regexp '^differ: .*elbo.raw.*: images -b 100$'
    assert_line --regexp '^48 configurations, 0 of them not known to OLD, [0-9]{4} files, 48 configurations differ$'
    rm other/vae-score
    ln -s "$VAE_BUILD/vae-score" other
    printf '#!/bin/bash\nexec %q "$@" -S 9\n' "$VAE_BUILD/vae-train" >train
    chmod +x train
    mv train other/vae-train
    run -1 "$ROOT/tests/same-bytes" "$VAE_BUILD" other
    assert_line --regexp '^differ: .* checkpoint .*model .*rows.*: images -b 100$'
    assert_line --regexp '^differ: .*model.*: resume$'
}

@test "options that the old build refuses are named and left out; a build that refuses all is no build" {
    mkdir other
    ln -s "$VAE_BUILD"/* other
    rm other/vae-train
    printf '#!/bin/bash\n[[ "$* " != *,res[,\\ ]* ]] || exit 2\nexec %q "$@"\n' "$VAE_BUILD/vae-train" >other/vae-train
    chmod +x other/vae-train
    run -0 "$ROOT/tests/same-bytes" other "$VAE_BUILD"
    assert_line 'not known to OLD: images -b 64 -H 50,res,res --decoder-hidden res,40'
    assert_line --regexp '^48 configurations, 1 of them not known to OLD, [0-9]{4} files, 0 configurations differ$'
    printf '#!/bin/bash\nexit 2\n' >other/vae-train
    run -1 "$ROOT/tests/same-bytes" other "$VAE_BUILD"
}

@test "wrong arguments are refused" {
    run -2 "$ROOT/tests/same-bytes" "$VAE_BUILD" nowhere
}
