#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What is handed on: the packed source builds, and the Debian packages are clean, reproducible, installed, used and
# removed.
# shellcheck disable=SC2154 # bats sets status, output and lines
load ../helper

# Packages of each of two clones, whose paths, permissions, time zones and dates of files differ. With little
# optimization, since it is the same to what is tested; without any, the C library's checks of sizes are left out.
setup_file() {
    git -C "$ROOT" rev-parse -q --verify HEAD >/dev/null 2>&1 && command -v dpkg-shlibdeps >/dev/null || return 0
    cd "$BATS_FILE_TMPDIR" || return
    git clone -q "$ROOT" one
    (umask 077 && git clone -q "$ROOT" 'the other')
    export MAKEFLAGS=
    env -u DEBEMAIL -u DEBFULLNAME make -s -C one deb DEB_CFLAGS=-O1 BUILD=out >/dev/null
    (umask 077 && TZ=Asia/Tokyo LC_ALL=C.UTF-8 env -u DEBEMAIL -u DEBFULLNAME make -s -C 'the other' deb DEB_CFLAGS=-O1 \
        BUILD="$BATS_FILE_TMPDIR/two" >/dev/null)
}

setup() {
    cd "$BATS_FILE_TMPDIR" || return
    [ -e one ] || skip 'wants git, a clone, and dpkg-dev (make deb-deps)'
    DEBS=("$PWD"/one/out/{libvae-dev,libvae0,vaeutils}_*.deb)
    MULTIARCH=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
}

# unpack PACKAGE: its files below root/, and its control files in PACKAGE/, of the test's directory, which it enters.
unpack() {
    cd "$BATS_TEST_TMPDIR" || return
    dpkg-deb --extract "$BATS_FILE_TMPDIR"/one/out/"$1"_*.deb root
    dpkg-deb --control "$BATS_FILE_TMPDIR"/one/out/"$1"_*.deb "$1"
    # The licence and the date of the version, and all files with their sums.
    grep -q '^ Permission is hereby granted' "root/usr/share/doc/$1/copyright"
    gzip -dc "root/usr/share/doc/$1/changelog.gz" | grep -qx "vaeutils ($(sed -n 's/^Version: //p' "$1/control")) unstable; urgency=medium"
    # Its size in KiB: each file's rounded up, and 1 for each directory.
    assert_equal "$(sed -n 's/^Installed-Size: //p' "$1/control")" \
        "$(find root -printf '%y %s\n' | perl -ane '$sum += $F[0] eq "d" ? 1 : int(($F[1] + 1023) / 1024); END { print $sum }')"
    (cd root && md5sum --quiet -c "../$1/md5sums" && find usr -type f | sort) | diff - <(cut -d ' ' -f 3 "$1/md5sums")
}

# depends PACKAGE: the packages that an unpacked one depends on, with the version if it is one exactly.
depends() {
    sed -n 's/^Depends: //p' "$1/control" | sed 's/ ([^=)]*>= [^)]*)//g'
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

@test "the packages are the same bytes from each clone, with the date of its commit" {
    local deb
    for deb in "${DEBS[@]}"; do
        cmp "$deb" "two/$(basename "$deb")"
        assert_equal "$(dpkg-deb --fsys-tarfile "$deb" | TZ=UTC tar --full-time -tv | awk '{ print $4, $5 }' | sort -u)" \
            "$(TZ=UTC git -C "$ROOT" log -1 --date=format-local:'%Y-%m-%d %H:%M:%S' --format=%cd)"
    done
    assert_equal "$(find one/out -name '*.deb' | wc -l)" 3
    SOURCE_DATE_EPOCH='' run -2 "$ROOT/tools/make-deb" 1 2 3
    assert_output "make-deb: found 3 arguments, and SOURCE_DATE_EPOCH '', wanted 3 and a date"
}

@test "vaeutils has every tool, stripped, its page and its completions, and depends on what is linked" {
    unpack vaeutils
    assert_equal "$(depends vaeutils)" 'libc6, libjansson4, libxxhash0, zlib1g'
    cd root/usr
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
    assert_equal "$(ls share/man)" $'man1\nman5\nman7'
    assert [ -s share/zsh/vendor-completions/_vaeutils ]
    assert_equal "$(ls)" $'bin\nshare'
}

@test "libvae0 has the shared library, stripped, and says which functions programs may depend on" {
    unpack libvae0
    assert_equal "$(depends libvae0)" 'libc6, libjansson4, libxxhash0'
    local library=root/usr/lib/$MULTIARCH/libvae.so.0
    # One file, its link, and the two documents: so the libraries of two interfaces, or processors, can be installed.
    assert_equal "$(find root -type f -o -type l | wc -l)" 4
    readelf -d "$library" | grep -F SONAME | grep -F '[libvae.so.0]'
    assert [ -z "$(nm "$library" 2>/dev/null)" ]
    version=$(sed -n 's/^Version: //p' libvae0/control)
    assert_equal "$(<libvae0/shlibs)" "libvae 0 libvae0 (>= $version)"
    assert_equal "$(<libvae0/triggers)" 'activate-noawait ldconfig'
    # The functions of the library, none with a version that is yet to come.
    assert_equal "$(head -n 1 libvae0/symbols)" 'libvae.so.0 libvae0 #MINVER#'
    sed -n 's/^ \(vae_.*\)@VAE_0 .*/\1/p' libvae0/symbols | sort |
        diff - <(nm --dynamic --defined-only "$library" | sed -n 's/.* T \(vae_[a-z_]*\)@.*/\1/p' | sort)
    local added
    while read -r added; do dpkg --compare-versions "$added" le "$version"; done < <(sed -n 's/^ .* //p' libvae0/symbols)
}

@test "a function of libvae without its line, and a library that is elsewhere or of no package, are refused before any is made" {
    cd "$BATS_TEST_TMPDIR"
    cp -a "$BATS_FILE_TMPDIR/one" clone
    rm clone/out/*.deb
    sed -i '/vae_score/d' clone/lib/libvae/libvae.symbols
    # make-deb, on the files of make install
    build() {
        rm -rf installed
        mkdir -p installed/debian/tmp/usr/share
        make -s -C clone BUILD=out/deb DESTDIR="$PWD/installed/debian/tmp" PREFIX=/usr LIBDIR="/usr/lib/$1" CFLAGS=-O1 install >/dev/null
        mkdir -p packages
        cd clone
        SOURCE_DATE_EPOCH=1 tools/make-deb 0.2.0 ../installed ../packages
    }
    run -1 build "$MULTIARCH"
    assert_output --partial '+ vae_score@VAE_0 0.2.0'
    assert_line --partial 'make-deb: lib/libvae/libvae.symbols: found other functions than those of libvae.so.0, wanted '
    run -1 build elsewhere
    assert_line --partial "make-deb: usr/lib/$MULTIARCH: found no libvae.so, wanted it"
    git -C clone checkout -q lib/libvae/libvae.symbols
    sed -i 's/-ljansson/-lmoon/' clone/lib/libvae/libvae.pc.in
    run -1 build "$MULTIARCH"
    assert_line 'make-deb: libvae.pc: -lmoon: found no package that has libmoon.a, wanted one'
    assert_empty "$(find . -name '*.deb')"
}

@test "libvae-dev has the header, both ways to link, the file of pkg-config and the page, and depends on what they need" {
    unpack libvae-dev
    assert_equal "$(depends libvae-dev)" "libvae0 (= $(sed -n 's/^Version: //p' libvae-dev/control)), libc6-dev, libjansson-dev, libxxhash-dev"
    cd root/usr
    cmp include/vae.h "$ROOT/lib/libvae/vae.h"
    gzip -dc share/man/man3/vae.3.gz | cmp - "$ROOT/man/vae.3"
    assert_equal "$(readlink "lib/$MULTIARCH/libvae.so")" libvae.so.0
    # What a program is linked with must still be there, and nothing that is for debuggers.
    assert [ "$(nm --extern-only --defined-only "lib/$MULTIARCH/libvae.a" | grep -c ' T vae_')" -eq 15 ]
    assert [ -z "$(readelf -S --wide "lib/$MULTIARCH/libvae.a" | grep -E '\.debug|\.comment')" ]
    assert_equal "$(PKG_CONFIG_LIBDIR=lib/$MULTIARCH/pkgconfig pkg-config --variable=libdir libvae)" "/usr/lib/$MULTIARCH"
    assert_equal "$(find . -type f -o -type l | wc -l)" 7
}

@test "lintian finds nothing in the packages, not even what it is only informed of" {
    command -v lintian >/dev/null || skip 'wants lintian (make deb-deps)'
    run -0 lintian --allow-root --display-info --display-experimental --pedantic "${DEBS[@]}"
    assert_output ''
}

# score MINIMAL: compiles the example of vae(3) of that system's package, with its headers and libraries only: score is
# linked with the shared library, score-static with archives.
score() {
    local minimal=$1 flags
    gzip -dc "$minimal/usr/share/man/man3/vae.3.gz" |
        awk '/^\.Ed/ { inside = 0 } inside { gsub(/\\e/, "\\"); print } /^\.Bd .*-literal/ { inside = ++count == 2 }' >score.c
    export PKG_CONFIG_LIBDIR=$minimal/usr/lib/$MULTIARCH/pkgconfig
    read -r -a flags < <(pkg-config --cflags --libs libvae)
    cc --sysroot="$minimal" -Wall -Wextra -Werror -o score score.c "${flags[@]}"
    read -r -a flags < <(pkg-config --cflags --libs --static libvae)
    cc --sysroot="$minimal" -Wall -Wextra -Werror -static -o score-static score.c "${flags[@]}"
}

@test "the packages are installed, used and removed in a minimal Debian" {
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
    cp "${DEBS[@]}" "$minimal"
    cp "$IMAGES" "$minimal/root/images.gz"
    inside find / -xdev -not -path '/var/*' -not -path '/proc/*' -not -path '/etc/ld.so.cache' | sort >before
    inside bash -c 'apt-get -q -y --no-install-recommends install /*.deb'
    inside bash -euc 'set -o pipefail; cd /root; idx2raw -n 200 images.gz | vae-train -q -e 1 -m model.bin
        vae-sample -n 64 -m model.bin | vae-decode -m model.bin | raw2pgm >grid.pgm'
    idx2raw -n 200 "$IMAGES" | vae-train -q -e 1 -m model.bin
    cmp model.bin "$minimal/root/model.bin"
    assert_equal "$(head -n 2 "$minimal/root/grid.pgm" | tail -n 1)" '224 224'
    # The example of vae(3), with libvae0 as the system finds it, and without any library.
    score "$minimal"
    cp score score-static "$minimal/root"
    idx2raw -n 5 "$IMAGES" | vae-encode -m model.bin | vae-decode -m model.bin >"$minimal/root/items.raw"
    inside bash -euc 'cd /root; ./score model.bin <items.raw >shared; ./score-static model.bin <items.raw >archive'
    vae-score -q -m model.bin "$minimal/root/items.raw" | payload |
        perl -e 'local $/; printf "%.17g\n", $_ for unpack "d<*", <STDIN>' >scores
    diff "$minimal/root/shared" scores
    cmp "$minimal/root/shared" "$minimal/root/archive"
    inside ldd /root/score | grep -F "libvae.so.0 => /lib/$MULTIARCH/libvae.so.0"
    # Where there is no OpenBLAS, the tool that needs it says so.
    inside bash -c 'cd /root; vae-sample -n 40 -d 2 >known.raw; raw-select --elements 0 known.raw >values.raw
        vae-climb -q --latents known.raw --target values.raw known.raw' >out 2>err || true
    assert_equal "$(cut -d : -f 1-3 err)" 'vae-climb: openblas: libopenblas.so.0'
    rm "$minimal"/root/*
    inside apt-get -q -y purge vaeutils libvae0 libvae-dev
    inside apt-get -q -y autoremove --purge
    inside find / -xdev -not -path '/var/*' -not -path '/proc/*' -not -path '/etc/ld.so.cache' | sort >after
    sed -i '/^\/root\/images.gz$/d' before
    diff before after
}
