#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The static programs: small, soon started, without a file of the system, and with the results of the others.
load ../helper

setup_file() {
    # The libraries' archives are in Debian's -dev packages; other systems may not have them.
    echo 'int main(void) { return 0; }' >"$BATS_FILE_TMPDIR/empty.c"
    cc -static -o "$BATS_FILE_TMPDIR/empty" "$BATS_FILE_TMPDIR/empty.c" -ljansson -lxxhash -lz -lm || return 0
    env -u MAKEFLAGS make -s -C "$ROOT" BUILD="$BATS_FILE_TMPDIR/out" static >/dev/null 2>"$BATS_FILE_TMPDIR/warnings"
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    STATIC=$BATS_FILE_TMPDIR/out/static
    [ -e "$STATIC" ] || skip 'wants the static libraries of C, jansson, xxhash and zlib'
}

@test "the static programs are all but vae-climb, below 2 MB each, and name no library" {
    run -0 cat "$BATS_FILE_TMPDIR/warnings"
    assert_output ''
    local tool tools
    read -r -a tools < <(sed -n 's/^TOOLS := *//p' "$ROOT/Makefile")
    for tool in "${tools[@]}"; do
        if [ "$tool" = vae-climb ]; then
            assert [ ! -e "$STATIC/$tool" ]
            continue
        fi
        assert [ "$(stat -c %s "$STATIC/$tool")" -lt 2000000 ]
        assert [ -z "$(readelf -d -l "$STATIC/$tool" | grep -E 'NEEDED|INTERP')" ]
        "$STATIC/$tool" --help | diff - <("$tool" --help)
    done
}

@test "a static program starts within 1.5 ms" {
    unsanitized 'it is about time'
    # The quickest of many starts, since other programs run at the same time.
    holds "$(perl -MTime::HiRes=time -e 'open STDOUT, ">", "version" or die; my $least = 1;
        for (1 .. 500) { my $start = time; system(@ARGV) == 0 or die; my $took = time - $start; $least = $took if $took < $least }
        print STDERR $least' "$STATIC/vae-train" --version 2>&1) < 0.0015"
}

@test "they train and draw where there is nothing else, to the same bytes as the others" {
    [ "$(id -u)" -eq 0 ] || skip 'wants root, for chroot'
    mkdir root
    cp "$STATIC"/{idx2raw,vae-train,vae-sample,vae-decode,raw2pgm} "$IMAGES" root
    inside() { env -i "$(command -v chroot)" root "$@"; }
    inside /idx2raw -n 300 "/$(basename "$IMAGES")" | inside /vae-train -q -e 1 -m model.bin
    inside /vae-sample -n 64 -m model.bin | inside /vae-decode -m model.bin | inside /raw2pgm >grid.pgm
    idx2raw -n 300 "$IMAGES" | vae-train -q -e 1 -m model.bin
    cmp model.bin root/model.bin
    vae-sample -n 64 -m model.bin | vae-decode -m model.bin | raw2pgm | cmp - grid.pgm
}

@test "their own kernels are the default at each level, and OpenBLAS is refused" {
    idx2raw -n 200 "$IMAGES" >items.raw
    fails 1 'vae-train: openblas: found a build without it, wanted VAE_PRODUCTS=packed' \
        env VAE_PRODUCTS=openblas "$STATIC/vae-train" -q -m model.bin items.raw
    VAE_LEVEL=baseline "$STATIC/vae-train" -q -e 1 -m static.bin items.raw
    VAE_LEVEL=baseline VAE_PRODUCTS=packed vae-train -q -e 1 -m other.bin items.raw
    cmp static.bin other.bin
}
