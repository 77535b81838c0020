#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What is handed on: the packed source builds, and the Debian package is clean, reproducible, installed, used and removed.
# shellcheck disable=SC2154 # bats sets status, output and lines
load ../helper

# A package of each of two clones, whose paths, permissions, time zones and dates of files differ. Without optimization,
# since it is the same to what is tested.
setup_file() {
    git -C "$ROOT" rev-parse -q --verify HEAD >/dev/null 2>&1 && command -v dpkg-shlibdeps >/dev/null || return 0
    cd "$BATS_FILE_TMPDIR" || return
    git clone -q "$ROOT" one
    (umask 077 && git clone -q "$ROOT" 'the other')
    export MAKEFLAGS=
    env -u DEBEMAIL -u DEBFULLNAME make -s -C one deb DEB_CFLAGS=-O0 BUILD=out >/dev/null
    (umask 077 && TZ=Asia/Tokyo LC_ALL=C.UTF-8 env -u DEBEMAIL -u DEBFULLNAME make -s -C 'the other' deb DEB_CFLAGS=-O0 \
        BUILD="$BATS_FILE_TMPDIR/two" >/dev/null)
}

setup() {
    cd "$BATS_FILE_TMPDIR" || return
    [ -e one ] || skip 'wants git, a clone, and dpkg-dev (make deb-deps)'
    DEB=$(echo "$PWD"/one/out/vaeutils_*.deb)
}

@test "the packed source builds by itself, and its tools train and draw" {
    make -s -C one dist BUILD=out
    cd "$BATS_TEST_TMPDIR"
    tar -xzf "$BATS_FILE_TMPDIR"/one/out/*.tar.gz
    cd vaeutils-*
    env -u MAKEFLAGS make -s CFLAGS=-O0 all >/dev/null
    PATH=$PWD/build:$PATH
    vae-train -q -m model.bin -e 0 <(idx2raw -n 200 data/sample-images-idx3-ubyte.gz)
    vae-sample -n 4 -m model.bin | vae-decode -m model.bin | raw2pgm >grid.pgm
    assert_equal "$(head -n 2 grid.pgm | tail -n 1)" '56 56'
    # A package of it has the date of its Makefile.
    run -0 make -s -n deb
    assert_output --partial "SOURCE_DATE_EPOCH:-$(git -C "$ROOT" log -1 --format=%ct)"
}

@test "the package is the same bytes from each clone, with the date of its commit" {
    cmp one/out/vaeutils_*.deb two/vaeutils_*.deb
    assert_equal "$(dpkg-deb --fsys-tarfile "$DEB" | TZ=UTC tar --full-time -tv | awk '{ print $4, $5 }' | sort -u)" \
        "$(TZ=UTC git -C "$ROOT" log -1 --date=format-local:'%Y-%m-%d %H:%M:%S' --format=%cd)"
}

@test "the package has every tool, stripped, its page and its completions, and depends on what is linked" {
    mkdir "$BATS_TEST_TMPDIR/root"
    dpkg-deb --extract "$DEB" "$BATS_TEST_TMPDIR/root"
    dpkg-deb --control "$DEB" "$BATS_TEST_TMPDIR/control"
    cd "$BATS_TEST_TMPDIR/root/usr"
    local tool tools
    read -r -a tools < <(sed -n 's/^TOOLS := *//p' "$ROOT/Makefile")
    for tool in "${tools[@]}"; do
        assert [ -x "bin/$tool" ]
        assert [ -z "$(nm "bin/$tool" 2>/dev/null)" ]
        assert [ -z "$(readelf -d "bin/$tool" | grep -E 'R(UN)?PATH')" ]
        gzip -dc "share/man/man1/$tool.1.gz" | cmp - "$ROOT/man/$tool.1"
        assert [ -e "share/bash-completion/completions/$tool" ]
    done
    assert_equal "$(find bin -type f | wc -l)" ${#tools[@]}
    assert [ -s share/zsh/vendor-completions/_vaeutils ]
    grep -q '^ Permission is hereby granted' share/doc/vaeutils/copyright
    local library
    for library in libc6 libjansson4 libxxhash0 zlib1g; do
        grep -q "^Depends:.*$library" ../../control/control
    done
    (cd .. && md5sum --quiet -c ../control/md5sums)
    SOURCE_DATE_EPOCH='' run -2 "$ROOT/tools/make-deb" 1 2 3
    assert_output "make-deb: found 3 arguments, and SOURCE_DATE_EPOCH '', wanted 3 and a date"
}

@test "lintian finds no errors and no warnings in the package" {
    command -v lintian >/dev/null || skip 'wants lintian (make deb-deps)'
    run -0 lintian --allow-root --fail-on error,warning "$DEB"
    assert_output ''
}

@test "the package is installed, used and removed in a minimal Debian" {
    [ "$(id -u)" -eq 0 ] || skip 'wants root, for a chroot'
    command -v debootstrap >/dev/null || skip 'wants debootstrap (make deb-deps)'
    # The release and the mirror are those of this machine, whose libraries the package was linked with.
    local minimal=$BATS_TEST_TMPDIR/minimal mirror release
    release=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
    mirror=$(grep -s -h -o 'https\?://[^ ]*/debian/\?\( \|$\)' /etc/apt/sources.list /etc/apt/sources.list.d/* | head -n 1 || true)
    [ -n "$release" ] && [ -n "$mirror" ] || skip 'wants Debian, and its mirror among the sources of apt'
    timeout 900 debootstrap --variant=minbase "$release" "$minimal" "$mirror" >"$BATS_TEST_TMPDIR/log" 2>&1 ||
        skip "wants a mirror that can be reached, found $mirror: $(tail -n 1 "$BATS_TEST_TMPDIR/log")"
    inside() { chroot "$minimal" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@"; }
    cp "$DEB" "$minimal/vaeutils.deb"
    cp "$IMAGES" "$minimal/root/images.gz"
    inside find / -xdev -not -path '/var/*' -not -path '/proc/*' -not -path '/etc/ld.so.cache' | sort >before
    inside apt-get -q -y --no-install-recommends install /vaeutils.deb
    inside bash -euc 'set -o pipefail; cd /root; idx2raw -n 200 images.gz | vae-train -q -e 1 -m model.bin
        vae-sample -n 64 -m model.bin | vae-decode -m model.bin | raw2pgm >grid.pgm'
    idx2raw -n 200 "$IMAGES" | vae-train -q -e 1 -m model.bin
    cmp model.bin "$minimal/root/model.bin"
    assert_equal "$(head -n 2 "$minimal/root/grid.pgm" | tail -n 1)" '224 224'
    # Where there is no OpenBLAS, the tool that needs it says so.
    inside bash -c 'cd /root; vae-sample -n 40 -d 2 >known.raw; raw-select --elements 0 known.raw >values.raw
        vae-climb -q --latents known.raw --target values.raw known.raw' >out 2>err || true
    assert_equal "$(cut -d : -f 1-3 err)" 'vae-climb: openblas: libopenblas.so.0'
    rm "$minimal"/root/*
    inside apt-get -q -y purge vaeutils
    inside apt-get -q -y autoremove --purge
    inside find / -xdev -not -path '/var/*' -not -path '/proc/*' -not -path '/etc/ld.so.cache' | sort >after
    sed -i '/^\/root\/images.gz$/d' before
    diff before after
}
