#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The set-up that the README promises: make's targets, the data, the demo, and the test runner itself.

load helper

@test "make install puts programs, libraries and pages below DESTDIR and PREFIX, and make uninstall takes all of it away" {
    make -s -C "$ROOT" BUILD="$VAE_BUILD" DESTDIR="$BATS_TEST_TMPDIR/root" PREFIX=/opt/vae install
    for tool in idx2raw csv2raw text2raw npy2raw mtx2raw pnm2raw vae-train vae-encode vae-decode vae-sample vae-interp vae-traverse vae-climb vae-impute vae-eval vae-score vae-info vae2c vae2onnx vae2html raw2pgm raw2csv raw2text raw2npy raw-select raw-zip raw-info raw-cmp; do
        [ -x "$BATS_TEST_TMPDIR/root/opt/vae/bin/$tool" ]
        [ -f "$BATS_TEST_TMPDIR/root/opt/vae/share/man/man1/$tool.1" ]
        grep -q " $tool\b" "$BATS_TEST_TMPDIR/root/opt/vae/share/bash-completion/completions/$tool"
        grep -q "^#compdef .*$tool\b" "$BATS_TEST_TMPDIR/root/opt/vae/share/zsh/site-functions/_vaeutils"
    done
    [ -f "$BATS_TEST_TMPDIR/root/opt/vae/share/man/man3/vae.3" ]
    [ -f "$BATS_TEST_TMPDIR/root/opt/vae/share/man/man5/vae-raw.5" ]
    [ -f "$BATS_TEST_TMPDIR/root/opt/vae/share/man/man7/vaeutils.7" ]
    [ -f "$BATS_TEST_TMPDIR/root/opt/vae/include/vae.h" ]
    cmp "$VAE_BUILD/libvae.a" "$BATS_TEST_TMPDIR/root/opt/vae/lib/libvae.a"
    assert_equal "$(readlink -f "$BATS_TEST_TMPDIR/root/opt/vae/lib/libvae.so")" "$BATS_TEST_TMPDIR/root/opt/vae/lib/libvae.so.0.1"
    assert_equal "$(readlink -f "$BATS_TEST_TMPDIR/root/opt/vae/lib/libvae.so.0")" "$BATS_TEST_TMPDIR/root/opt/vae/lib/libvae.so.0.1"
    # Where the files will be, not where they are now.
    export PKG_CONFIG_PATH=$BATS_TEST_TMPDIR/root/opt/vae/lib/pkgconfig
    assert_equal "$(pkg-config --cflags libvae | xargs)" '-I/opt/vae/include'
    assert_equal "$(pkg-config --libs libvae | xargs)" '-L/opt/vae/lib -lvae'
    assert_equal "$(pkg-config --libs --static libvae | xargs)" '-L/opt/vae/lib -lvae -pthread -ljansson -lxxhash -ldl -lm'
    assert_equal "$(pkg-config --modversion libvae)" "$(sed -n 's/^VERSION := //p' "$ROOT/Makefile")"
    make -s -C "$ROOT" BUILD="$VAE_BUILD" DESTDIR="$BATS_TEST_TMPDIR/root" PREFIX=/opt/vae uninstall
    run find "$BATS_TEST_TMPDIR/root" ! -type d
    assert_output ''
    # Distributions have a directory of their own for libraries.
    make -s -C "$ROOT" BUILD="$VAE_BUILD" DESTDIR="$BATS_TEST_TMPDIR/root" PREFIX=/usr LIBDIR=/usr/lib/multi install
    [ -f "$BATS_TEST_TMPDIR/root/usr/lib/multi/libvae.so.0.1" ]
    assert_equal "$(PKG_CONFIG_PATH=$BATS_TEST_TMPDIR/root/usr/lib/multi/pkgconfig pkg-config --variable=libdir libvae)" /usr/lib/multi
    make -s -C "$ROOT" BUILD="$VAE_BUILD" DESTDIR="$BATS_TEST_TMPDIR/root" PREFIX=/usr LIBDIR=/usr/lib/multi uninstall
    run find "$BATS_TEST_TMPDIR/root" ! -type d
    assert_output ''
}

@test "make install fails where a page cannot be installed, though others can" {
    mkdir -p "$BATS_TEST_TMPDIR/root/opt/vae/share/man"
    touch "$BATS_TEST_TMPDIR/root/opt/vae/share/man/man1"
    run -2 make -s -C "$ROOT" BUILD="$VAE_BUILD" DESTDIR="$BATS_TEST_TMPDIR/root" PREFIX=/opt/vae install
    assert_output --partial 'man1'
}

@test "make install replaces what is there whatever its date, below a directory with a space too" {
    mkdir -p "$BATS_TEST_TMPDIR/my root/bin" "$BATS_TEST_TMPDIR/my"
    echo bogus > "$BATS_TEST_TMPDIR/my root/bin/raw-cmp"
    make -s -C "$ROOT" BUILD="$VAE_BUILD" PREFIX="$BATS_TEST_TMPDIR/my root" install
    cmp "$VAE_BUILD/raw-cmp" "$BATS_TEST_TMPDIR/my root/bin/raw-cmp"
    make -s -C "$ROOT" BUILD="$VAE_BUILD" PREFIX="$BATS_TEST_TMPDIR/my root" uninstall
    [ -d "$BATS_TEST_TMPDIR/my" ]
    run find "$BATS_TEST_TMPDIR/my root" ! -type d
    assert_output ''
}

@test "make deps does nothing where everything is there" {
    printf '#!/bin/sh\necho "install ok installed"\n' > "$BATS_TEST_TMPDIR/dpkg-query"
    printf '#!/bin/sh\necho "must not be called" >&2; exit 9\n' > "$BATS_TEST_TMPDIR/apt-get"
    chmod +x "$BATS_TEST_TMPDIR"/*
    PATH=$BATS_TEST_TMPDIR:$PATH run make -s -C "$ROOT" deps
    assert_success
    assert_output ''
}

@test "make deps asks apt-get for what is missing, and for nothing else" {
    # shellcheck disable=SC2016 # the script's own variable
    printf '#!/bin/sh\nfor p; do :; done; [ "$p" = zlib1g-dev ] || echo "install ok installed"\n' \
        > "$BATS_TEST_TMPDIR/dpkg-query"
    printf '#!/bin/sh\necho "apt-get $*"\n' > "$BATS_TEST_TMPDIR/apt-get"
    printf '#!/bin/sh\nexec "$@"\n' > "$BATS_TEST_TMPDIR/sudo"
    chmod +x "$BATS_TEST_TMPDIR"/*
    PATH=$BATS_TEST_TMPDIR:$PATH run make -s -C "$ROOT" deps
    assert_success
    assert_line --regexp '^apt-get install .* zlib1g-dev$'
}

@test "make deps names what is missing where there is no apt-get, and fails" {
    mkdir "$BATS_TEST_TMPDIR/bin"
    for tool in make sh grep id env uname; do ln -s "$(command -v "$tool")" "$BATS_TEST_TMPDIR/bin/"; done
    PATH=$BATS_TEST_TMPDIR/bin run make -s -C "$ROOT" deps
    assert_failure
    assert_output --partial 'no apt-get here; wanted: libopenblas-dev'
}

@test "the demo leaves its pictures, models and logs, from the sample" {
    cd "$BATS_TEST_TMPDIR"
    DATA=sample EPOCHS=2 run "$ROOT/examples/demo" out
    assert_success
    for picture in samples reconstructions manifold; do
        pngtopnm "out/$picture.png" > out/picture.pnm
        run pamfile out/picture.pnm
        assert_success
    done
    assert_output --regexp 'PGM raw, 1120 by 1120'
    [ "$(wc -l < out/train.tsv)" -eq 3 ]
    vae-eval -q -m out/model.bin out/test.raw | cmp - out/test.tsv
}

@test "the demo in colour leaves its pictures, model and log, from the sample" {
    cd "$BATS_TEST_TMPDIR"
    DATA=sample-tiles EPOCHS=2 run "$ROOT/examples/demo-tiles" out
    assert_success
    for picture in samples:658x658 reconstructions:1318x130 interpolation:658x526; do
        assert_equal "$(pngtopnm "out/${picture%:*}.png" | head -2 | tail -1)" "$(tr x ' ' <<<"${picture#*:}")"
    done
    [ "$(wc -l < out/train.tsv)" -eq 3 ]
    vae-eval -q -m out/model.bin out/test.raw | cmp - out/test.tsv
    assert_equal "$(metadata out/model.bin item_shape)" 32x32x3
}

@test "the demo in colour falls back to the sample, and refuses data that it does not know" {
    cd "$BATS_TEST_TMPDIR"
    # Nothing can be fetched, and nothing is in the cache.
    mkdir bin
    printf '#!/bin/sh\nexit 1\n' >bin/apt-get
    chmod 755 bin/apt-get
    PATH=$PWD/bin:$PATH XDG_CACHE_HOME=$PWD/cache TILES_SOURCE=/nonexistent EPOCHS=1 run "$ROOT/examples/demo-tiles" out
    assert_success
    assert_output --partial 'falling back to the sample of 100'
    assert_equal "$(raw-info out/train.raw | awk 'NR == 2 { print $2, $3 }')" '32x32x3 80'
    DATA=mnist run -2 "$ROOT/examples/demo-tiles" out
    assert_output "demo-tiles: DATA: found 'mnist', wanted tiles or sample-tiles"
}

@test "the demo falls back to the sample where the data cannot be had, and says so" {
    cd "$BATS_TEST_TMPDIR"
    XDG_CACHE_HOME=$PWD/cache FASHION_SOURCE=/nonexistent EPOCHS=1 run "$ROOT/examples/demo" out
    assert_success
    assert_output --partial 'falling back to the sample'
    run find cache -type f
    assert_output ''
}

@test "the demo refuses data that it does not know" {
    cd "$BATS_TEST_TMPDIR"
    DATA=mnsit run -2 "$ROOT/examples/demo" out
    assert_output "demo: DATA: found 'mnsit', wanted fashion, mnist or sample"
}

@test "data with a wrong checksum never appears under its name" {
    cd "$BATS_TEST_TMPDIR"
    mkdir source
    for file in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do
        cp "$LABELS" "source/$file-ubyte.gz"
    done
    XDG_CACHE_HOME=$PWD/cache run make -s -C "$ROOT/data" fashion FASHION_SOURCE="$PWD/source"
    assert_failure
    run find cache -type f
    assert_output ''
}

@test "the source, its build and temporary files may lie below a path with spaces and other letters" {
    mkdir "$BATS_TEST_TMPDIR/ä b"
    cd "$BATS_TEST_TMPDIR/ä b"
    mkdir 'vae utils'
    cp -r "$ROOT"/{Makefile,lib,man,tests,tools} 'vae utils'
    cd 'vae utils'
    # What does not depend on the path has been compiled: all objects but those of one room, and the kernels.
    mkdir build
    cp -r "$VAE_BUILD/lib" build
    rm build/lib/base/*.o
    make -s BUILD="$PWD/build" CFLAGS=-O0 build/vae-sample build/tests/fault.so
    assert [ "$(find build/lib/base -name '*.o' | wc -l)" -gt 10 ]
    # shellcheck disable=SC2016 # the inner file's own variable
    printf '%s\n' 'load helper' '@''test "a fault" {' 'cd "$BATS_TEST_TMPDIR"' \
        'run -1 injected write:1:5 vae-sample -n 3 -d 2' '[ -e hit ]' '}' >tests/inner.bats
    unset LD_LIBRARY_PATH
    TMPDIR=$PWD VAE_BUILD=$PWD/build run -0 bats --tap tests/inner.bats
    assert_line 'ok 1 a fault'
}

@test "a build directory that has a space is refused before anything is made" {
    run -2 make -s -C "$ROOT" BUILD="$BATS_TEST_TMPDIR/a b"
    assert_output --partial "BUILD: found '$BATS_TEST_TMPDIR/a b', wanted one path without spaces"
    assert [ ! -e "$BATS_TEST_TMPDIR/a" ]
    run -2 make -s -C "$ROOT" BUILD=
    assert_output --partial "BUILD: found '', wanted one path without spaces"
}

@test "the machine that is compiled for names OpenBLAS's directory, and the user's directories come before it" {
    local option
    for option in print-multiarch dumpmachine; do
        # Compilers that know only one of the options.
        printf '#!/bin/sh\ncase "$*" in *-%s) echo moon-unknown-linux-gnu | sed "%s" ;; *) exit 1 ;; esac\n' \
            $option "$([ $option = dumpmachine ] || echo s/unknown-//)" >"$BATS_TEST_TMPDIR/cc"
        chmod +x "$BATS_TEST_TMPDIR/cc"
        run -0 make -s -C "$ROOT" -p -n CC="$BATS_TEST_TMPDIR/cc" BUILD=none help
        assert_line 'MACHINE := moon-linux-gnu'
        # shellcheck disable=SC2016 # make's variable
        assert_line 'BLAS = $(wildcard /usr/lib/$(MACHINE)/openblas-pthread)'
        run -0 make -n -C "$ROOT" CC="$BATS_TEST_TMPDIR/cc" BUILD=none all
        refute_output --partial openblas-pthread
        assert_output --partial 'none/vae-train'
    done
    make -n -C "$ROOT" BUILD=none CPPFLAGS=-I/mine LDFLAGS=-L/mine none/raw-cmp none/bench/floor >"$BATS_TEST_TMPDIR/commands"
    run ! grep -E 'openblas-pthread.* -[IL]/mine' "$BATS_TEST_TMPDIR/commands"
    grep -q -e '-I/mine .* -c ' "$BATS_TEST_TMPDIR/commands"
    grep -q -e '-L/mine .*-lopenblas' "$BATS_TEST_TMPDIR/commands"
}

@test "a machine, a system or a compiler that the suite is not tested on is refused when it is compiled" {
    cd "$BATS_TEST_TMPDIR"
    # refuses MESSAGE OPTION...: the compiler, told that it is for another machine, says so first.
    refuses() {
        run ! cc -std=c11 -I"$ROOT/lib" "${@:2}" -fsyntax-only -x c "$ROOT/lib/base/platform.h"
        assert_regex "$(grep -m 1 -o 'error: .*' <<<"$output")" "$1"
    }
    cc -std=c11 -fsyntax-only -x c "$ROOT/lib/base/platform.h"
    refuses 'found a compiler that is neither gcc nor clang, wanted one of these' -U__GNUC__
    refuses 'found a system other than Linux, wanted Linux' -U__linux__
    refuses 'found addresses of fewer than 64 bits, wanted a 64-bit machine' -U__SIZEOF_POINTER__ -D__SIZEOF_POINTER__=4
    refuses 'found a big-endian machine, wanted a little-endian one' -U__BYTE_ORDER__ -D__BYTE_ORDER__=__ORDER_BIG_ENDIAN__
    refuses 'found a processor that is neither x86-64 nor aarch64, wanted one of these' -U__x86_64__ -U__aarch64__
    refuses 'found the C library of Android or uClibc, wanted glibc or musl' -D__UCLIBC__
    # Files that include it by way of others refuse a machine of 32 bits, whose C library need not be installed: the stubs
    # are its, and the other headers are those of 64 bits.
    mkdir gnu
    touch gnu/stubs-32.h empty.c
    cc -m32 -fsyntax-only empty.c 2>/dev/null || skip 'wants a compiler that knows -m32'
    run ! cc -std=c11 -m32 -I. -I"$ROOT/lib" -idirafter "/usr/include/$(cc -print-multiarch)" -fsyntax-only "$ROOT/lib/stream/dtype.c"
    assert_output --partial 'wanted a 64-bit machine'
}

@test "data is kept below a cache whose path has spaces and other letters, and nowhere else" {
    mkdir "$BATS_TEST_TMPDIR/ä"
    XDG_CACHE_HOME="$BATS_TEST_TMPDIR/ä b" make -s -C "$ROOT/data" fashion
    XDG_CACHE_HOME="$BATS_TEST_TMPDIR/ä b" run make -s -C "$ROOT/data" path
    assert_output "$BATS_TEST_TMPDIR/ä b/vaeutils/fashion"
    assert [ "$(find "$output" -type f | wc -l)" -eq 4 ]
    assert [ -z "$(ls "$BATS_TEST_TMPDIR/ä")" ]
    # What is there is not fetched again.
    XDG_CACHE_HOME="$BATS_TEST_TMPDIR/ä b" make -s -C "$ROOT/data" fashion FASHION_SOURCE=/nonexistent
    rm "$output/train-labels-idx1-ubyte.gz"
    XDG_CACHE_HOME="$BATS_TEST_TMPDIR/ä b" run ! make -s -C "$ROOT/data" fashion FASHION_SOURCE=/nonexistent
    # A relative one is to be ignored, as the XDG specification says.
    XDG_CACHE_HOME='a b' HOME="$BATS_TEST_TMPDIR/home" run make -s -C "$ROOT/data" path
    assert_output "$BATS_TEST_TMPDIR/home/.cache/vaeutils/fashion"
}

@test "the parts of check-long are all of it, each once, and another part is refused" {
    cd "$ROOT"
    # long_tests [PART=N]: the files that it runs, one a line.
    long_tests() {
        make -s -n check-long BUILD=none "$@" | sed -n 's/.*tests\/run //p' | xargs -n 1
    }
    for part in $(make -s parts); do
        long_tests PART="$part" >"$BATS_TEST_TMPDIR/part.$part"
        assert [ -s "$BATS_TEST_TMPDIR/part.$part" ]
    done
    long_tests | sort >"$BATS_TEST_TMPDIR/all"
    grep -qx 'tests/long/mnist.bats' "$BATS_TEST_TMPDIR/all"
    sort "$BATS_TEST_TMPDIR"/part.* | diff - "$BATS_TEST_TMPDIR/all"
    make -s -n check PART=1 BUILD=none | grep -F "$(xargs <"$BATS_TEST_TMPDIR/part.1")" | grep -qF ' tests/vae-train.bats '
    # Each file is in check, with one of the builds, and in both together with the other one.
    make -s -n check BUILD=none | sed -n '/tests\/run/,$p' | xargs -n 1 >"$BATS_TEST_TMPDIR/check"
    for file in tests/*.bats; do grep -qx "\(asan:\)\?$file" "$BATS_TEST_TMPDIR/check" || fail "$file is not in check"; done
    cat "$BATS_TEST_TMPDIR"/{check,all} | grep -x 'tests/[^/]*.bats' | sort | diff - <(ls tests/*.bats)
    run -2 make -s check-long PART=9
    assert_output --partial "PART: found '9', wanted one of 1 2 3 4 5 6 7 8"
    # What make gives its commands names other variables of the command line, but not the part.
    # shellcheck disable=SC2016 # make's own variables
    printf 'include Makefile\nshow:\n\t@echo "$$MAKEFLAGS, $$PART, $$V"\n' >"$BATS_TEST_TMPDIR/show.mk"
    run -0 make -s -f "$BATS_TEST_TMPDIR/show.mk" show PART=4 V=1
    assert_output --regexp '^s.* -- V=1, , 1$'
}

@test "make compiles as many files at a time as there are processors, unless -j or a second target is given" {
    # shellcheck disable=SC2016 # make's own variables
    printf 'include Makefile\nshow more:\n\t@echo "$$MAKEFLAGS"\n' >"$BATS_TEST_TMPDIR/show.mk"
    # jobs_of ARGUMENT...: the flags that a command of make gets.
    jobs_of() { env -u MAKEFLAGS -u MAKELEVEL make -s -C "$ROOT" -f "$BATS_TEST_TMPDIR/show.mk" "$@" | head -1; }
    [[ $(jobs_of show) == *" -j$(nproc)"* ]]
    [[ $(jobs_of -j3 show) == *' -j3'* ]]
    [[ $(jobs_of -j1 show) == *' -j1'* ]]
    assert_equal "$(jobs_of show more)" s
}

@test "make dist packs the committed source, the same bytes from each clone" {
    git -C "$ROOT" rev-parse -q --verify HEAD >/dev/null 2>&1 || skip 'wants git and a clone'
    cd "$BATS_TEST_TMPDIR"
    git clone -q "$ROOT" clone
    (umask 077 && git clone -q "$ROOT" other)
    git -C other config tar.umask 077
    make -s -C clone dist BUILD=one
    make -s -C clone dist BUILD=one # again, over the first one
    (umask 077 && TZ=Asia/Tokyo GZIP=-1 make -s -C other dist BUILD=two 2>/dev/null)
    cmp clone/one/*.tar.gz other/two/*.tar.gz
    assert_equal "$(od -An -tx1 -j 3 -N 5 clone/one/*.tar.gz)" ' 00 00 00 00 00' # no name, and no time
    cd clone
    tar -tzf one/*.tar.gz | grep -v '/$' | sed 's,^vaeutils-[0-9.]*/,,' | sort >packed
    git ls-files | sort | diff - packed
    assert [ "$(wc -l <packed)" -gt 200 ]
    tar -xzf one/*.tar.gz
    [[ $(make -s -C vaeutils-*/ help) == *'make deps'* ]]
    # Nothing is packed where there is no commit.
    rm -rf .git
    GIT_DIR=/nonexistent run -2 make -s dist BUILD=none
    assert_empty "$(find none -name '*.gz')"
}

@test "make test runs the one file that it is told, and make quick files that there are" {
    # what TARGET...: the files that tests/run would get.
    what() { make -s -n -C "$ROOT" BUILD="$BATS_TEST_TMPDIR/none" "$@" | sed -n '/tests\/run/,$p' | sed 's,\\$,,' | xargs; }
    [[ $(what test T=vae-info) == *'tests/run tests/vae-info.bats' ]]
    [[ $(what test T=kills) == *'tests/run tests/long/kills.bats' ]]
    [[ $(what test T=gradients) == *"tests/run $BATS_TEST_TMPDIR/none/unit/gradients" ]]
    [[ $(what test T=objectives) == *"tests/run tests/objectives.bats $BATS_TEST_TMPDIR/none/unit/objectives" ]]
    run -2 make -s -n -C "$ROOT" test T=nothing
    assert_line --partial "T: found 'nothing', wanted a file of tests/, such as T=vae-encode"
    local count=0 file
    for file in $(what quick | tr ' ' '\n' | grep '[.]bats$'); do
        [ -e "$ROOT/$file" ] || fail "$file is not there"
        count=$((count + 1))
    done
    assert [ "$count" -ge 15 ]
}

@test "each commit has the next part of check-long" {
    cd "$BATS_TEST_TMPDIR"
    cp -r "$ROOT/.ci" "$ROOT/Makefile" .
    mkdir bin
    # shellcheck disable=SC2016 # the script's own variable
    printf '#!/bin/sh\n[ "$1" = -s ] && echo 1 2 3 || echo "make $*"\n' >bin/make
    chmod +x bin/make
    commit() { git -c user.name=a -c user.email=a@b.c commit -q --allow-empty -m "$1"; }
    git init -q 2>/dev/null || skip 'wants git'
    for part in 2 3 1 2; do
        commit "$part"
        PATH=$PWD/bin:$PATH run -0 .ci/run
        assert_output "make deps check PART=$part"
    done
    # Of a shallow clone the commits cannot be counted.
    git clone -q --depth 1 "file://$PWD" shallow
    cp -r .ci shallow
    PATH=$PWD/bin:$PATH run -0 shallow/.ci/run
    assert_output "make deps check PART=$(($(git log -1 --format=%ct) % 3 + 1))"
}

# fake_test LINE...: a test program that prints these lines.
fake_test() {
    mkdir -p "$BATS_TEST_TMPDIR/unit"
    { echo '#!/bin/sh'; printf 'echo "%s"\n' "$@"; } > "$BATS_TEST_TMPDIR/unit/fake"
    chmod +x "$BATS_TEST_TMPDIR/unit/fake"
}

@test "the runner counts what passed" {
    fake_test '1..2' 'ok 1 - a' 'ok 2 - b'
    run "$ROOT/tests/run" "$BATS_TEST_TMPDIR/unit/fake"
    assert_success
    assert_line --index 1 '2 passed, 0 failed, 0 skipped'
}

@test "the runner fails on a failure, on fewer tests than planned, on none, and on a program that dies" {
    fake_test '1..2' 'ok 1 - a' 'not ok 2 - b'
    run -1 "$ROOT/tests/run" "$BATS_TEST_TMPDIR/unit/fake"
    assert_line '1 passed, 1 failed, 0 skipped'
    fake_test '1..2' 'ok 1 - a'
    run -1 "$ROOT/tests/run" "$BATS_TEST_TMPDIR/unit/fake"
    assert_line '1 passed, 1 failed, 0 skipped'
    fake_test '1..0'
    run -1 "$ROOT/tests/run" "$BATS_TEST_TMPDIR/unit/fake"
    assert_line '0 passed, 1 failed, 0 skipped'
    fake_test '1..1' 'ok 1 - a'
    echo 'exit 3' >> "$BATS_TEST_TMPDIR/unit/fake"
    run -1 "$ROOT/tests/run" "$BATS_TEST_TMPDIR/unit/fake"
    assert_line '1 passed, 1 failed, 0 skipped'
}

@test "the runner counts what was skipped, and tells each reason once" {
    fake_test '1..4' 'ok 1 - a' 'ok 2 b # skip wants a moon' 'ok 3 c # skip wants a sun' 'ok 4 d # skip wants a moon'
    run -0 "$ROOT/tests/run" "$BATS_TEST_TMPDIR/unit/fake"
    assert_line --index 1 --regexp '^ +2 skipped: wants a moon$'
    assert_line --index 2 --regexp '^ +1 skipped: wants a sun$'
    assert_line --index 3 '1 passed, 0 failed, 3 skipped'
    fake_test '1..1' 'ok 1 a # skip wants a moon'
    run -1 "$ROOT/tests/run" "$BATS_TEST_TMPDIR/unit/fake"
    assert_line '0 passed, 0 failed, 1 skipped'
}

@test "the runner names a pseudo-terminal, /dev/fd and /proc where they are missing" {
    fake_test '1..1' 'ok 1 - a'
    mkdir "$BATS_TEST_TMPDIR/bin"
    printf '#!/bin/sh\nexit 1\n' >"$BATS_TEST_TMPDIR/bin/script"
    chmod +x "$BATS_TEST_TMPDIR/bin/script"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH run -1 "$ROOT/tests/run" "$BATS_TEST_TMPDIR/unit/fake"
    assert_line --index 0 --partial 'tests/run: script: cannot open a pseudo-terminal, wanted /dev/ptmx'
    assert_line --index 1 '0 passed, 1 failed, 0 skipped'
    unshare --mount true 2>/dev/null || skip 'hides no /proc here'
    run -1 unshare --mount sh -c 'mount -t tmpfs none /proc && exec "$@"' sh \
        "$ROOT/tests/run" "$BATS_TEST_TMPDIR/unit/fake"
    assert_line --partial 'tests/run: /proc: not mounted, wanted it'
    assert_line --partial 'tests/run: /dev/fd: cannot be read, wanted a link to /proc/self/fd'
    assert_line '0 passed, 2 failed, 0 skipped'
}

@test "the runner fails where a tool that it needs is missing" {
    mkdir "$BATS_TEST_TMPDIR/bin"
    for tool in bash dirname mktemp rm cat; do ln -s "$(command -v "$tool")" "$BATS_TEST_TMPDIR/bin/"; done
    PATH=$BATS_TEST_TMPDIR/bin run -1 "$ROOT/tests/run" "$ROOT/tests/make.bats"
    assert_output --partial 'bats: not found'
    run -1 "$ROOT/tests/run"
    assert_output '0 passed, 0 failed, 0 skipped'
}
