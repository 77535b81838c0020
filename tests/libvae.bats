#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# libvae, as it is installed: found by pkg-config, from C, C++ and Python, with the bytes of the tools.
load helper

# compiler [OPTION...]: of the programs of these tests, with the warnings and the sanitizers of the build.
compiler() {
    local flags=(-std=c11 -O1 -g -D_DEFAULT_SOURCE -Wall -Wextra -Werror -pthread)
    [ -z "${VAE_SANITIZED-}" ] || flags+=(-fsanitize=address -fsanitize=undefined -fno-sanitize-recover=all)
    "${CC:-cc}" "${flags[@]}" "$@"
}

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    make -s -C "$ROOT" BUILD="$VAE_BUILD" PREFIX="$PWD/installed" install
    export PKG_CONFIG_PATH=$PWD/installed/lib/pkgconfig
    export LD_LIBRARY_PATH=$PWD/installed/lib:$LD_LIBRARY_PATH
    # shellcheck disable=SC2046 # several options
    compiler -o use "$ROOT/tests/libvae/use.c" $(pkg-config --cflags --libs libvae) -lm
    export PATH=$PWD:$PATH
    make_models
    # The same of a locale with decimal commas, for which none needs to be installed.
    localedef -i de_DE -f UTF-8 de_DE.UTF-8 >/dev/null 2>&1 || true
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/*.{bin,raw,txt} .
}

# make_models: NAME.bin, trained on NAME.raw, one for each kind of model; labels.raw are for cond.
make_models() {
    # stream NAME SHAPE EXPRESSION: 600 items, more than one batch has; the numbers are Perl's.
    stream() {
        local elements=$((${2//x/*}))
        { header f32 "$2" 600 . && perl -e 'srand 5; print pack "f<*", map { '"$3"' } 1 .. 600 * '$elements; } >"$1.raw"
    }
    stream plain 5x4 rand
    stream cond 20 'int rand 2'
    stream sample 20 rand
    stream picture 7x9x2 rand
    stream holes 20 'rand() < 0.3 ? "nan" : rand'
    stream levels 9 'int rand 4'
    stream counts 9 'int rand 30'
    stream head 6 'rand() - 0.5'
    { header u8 1 600 . && perl -e 'print map { chr($_ % 3) } 1 .. 600'; } >labels.raw
    perl -e 'my @s = qw(ba be do di ku la lo mi na); print join("", map { $s[$_ % 9] } map { $_ * $_ } $i .. $i + $i % 4), "\n" while $i++ < 600' >words.txt
    text2raw --write-tokens tokens.txt words.txt >words.raw
    # train NAME OPTION...
    train() { vae-train -q -m "$1.bin" -z 3 -e 1 "${@:2}" "$1.raw"; }
    train plain -H 16,res
    train cond -H 16 --cond labels.raw -a gated
    train sample -H 16 --binarize sample --prior vamp:3
    train picture -H conv:4:3:2,norm:2,resconv,8
    train holes -H 16 --missing -l gaussian --sigma net --prior vamp:3
    train levels -H 16 -l categorical --levels 4
    train counts -H 16 -l negbin
    train head -H 16 -l laplace --target labels.raw
    train words -H gru:9 --decoder-hidden 5,gru:11 --tokens tokens.txt
}

MODELS=(plain cond sample picture holes levels counts head words)

# floats STREAM: its numbers as floats.
floats() {
    case $(raw-info "$1" | awk 'NR == 2 { print $1 }') in
    f32) payload <"$1" ;;
    u8) payload <"$1" | perl -0777 -ne 'print pack "f<*", unpack "C*"' ;;
    *) return 1 ;;
    esac
}

@test "encode, decode and score give the tools' bytes, in calls of any size and on any number of threads" {
    local name cond labels rows
    payload <labels.raw >labels
    for name in "${MODELS[@]}"; do
        cond=() labels=()
        [ "$name" != cond ] || cond=(--cond labels.raw) labels=(labels)
        floats "$name.raw" >x
        vae-encode -q -m "$name.bin" --stats "${cond[@]}" "$name.raw" | payload >stats
        vae-encode -q -m "$name.bin" "${cond[@]}" "$name.raw" | raw-select --elements 0-2 >z.raw
        vae-decode -q -m "$name.bin" "${cond[@]}" z.raw | payload >items
        vae-score -q -m "$name.bin" "${cond[@]}" "$name.raw" | payload >scores
        payload <z.raw >z
        for rows in 1 37 600; do
            use encode "$name.bin" "$rows" 1 "${labels[@]}" <x | cmp - stats
            use decode "$name.bin" "$rows" 3 "${labels[@]}" <z | cmp - items
            use score "$name.bin" "$rows" 2 "${labels[@]}" <x | cmp - scores
        done
    done
}

@test "eight threads that use one model get the results of one, and their own messages" {
    payload <labels.raw >labels
    payload <cond.raw | use threads cond.bin labels | grep -x '8 threads, 600 rows: the same'
    payload <picture.raw | first 12600 | use threads picture.bin | grep -x '8 threads, 25 rows: the same'
    payload <holes.raw | use threads holes.bin | grep -x '8 threads, 600 rows: the same'
    floats words.raw | use threads words.bin | grep -x '8 threads, 600 rows: the same'
}
