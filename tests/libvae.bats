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
    localedef -i de_DE -f UTF-8 "$PWD/de_DE.UTF-8" >/dev/null 2>&1 || true
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

@test "the noise of --binarize sample is that of the seed, 1 by default, and of the row, from 0 by default" {
    local seed
    for seed in 7 1 1; do vae-encode -q -S $seed -m sample.bin --stats sample.raw | payload; done >wanted
    payload <sample.raw | use noise sample.bin | cmp - wanted
}

@test "eight threads that use one model get the results of one, and their own messages" {
    payload <labels.raw >labels
    payload <cond.raw | use threads cond.bin labels | grep -x '8 threads, 600 rows: the same'
    payload <picture.raw | first 12600 | use threads picture.bin | grep -x '8 threads, 25 rows: the same'
    payload <holes.raw | use threads holes.bin | grep -x '8 threads, 600 rows: the same'
    floats words.raw | use threads words.bin | grep -x '8 threads, 600 rows: the same'
}

# program NAME: compiles tests/libvae/NAME.c as a user does.
program() {
    # shellcheck disable=SC2046 # several options
    compiler -o "$1" "$ROOT/tests/libvae/$1.c" $(pkg-config --cflags --libs libvae)
}

@test "each error is a code, a row and a message, and the next call is made as if nothing had been" {
    mkdir directory
    vae-train -q -m plain.bin --checkpoint run.ck -e 1 -z 3 -H 16 plain.raw
    vae-train -q -m gaussian.bin -l gaussian -e 0 -z 3 -H 16 plain.raw
    perl "$ROOT/tests/safetensors.pl" edit '$data = pack "f<*", map { 1 } unpack "f<*", $data; checksum()' <gaussian.bin >ones.bin
    first 1000 <plain.bin >cut.bin
    program errors
    ASAN_OPTIONS=detect_leaks=1 ./errors >found 2>err
    assert_empty "$(<err)"
    cat >wanted <<'END'
2 0 none.bin: cannot open: No such file or directory
2 0 '': cannot open: No such file or directory
2 0 no\x0afile\x1b[1m: cannot open: No such file or directory
2 0 directory: is a directory, wanted a model file
4 0 run.ck: is a checkpoint, wanted a model
4 0 cut.bin: ended after 992 of 
2 0 -: cannot open: No such file or directory
1 0 model: is NULL, wanted a path or the bytes of a model file
1 0 model: is NULL, wanted a path or the bytes of a model file
4 0 model: empty input, wanted a model
4 0 model: a header of 249684894331 bytes, wanted 2 to 16777216: is it a model file?
0 0 
1 0 vae_encode: the model is NULL, wanted one of vae_open
1 0 vae_encode: x is NULL, wanted 20 numbers per row
1 0 vae_decode: z is NULL, wanted 3 numbers per row
1 0 vae_encode: the results are NULL, wanted an array for them
1 0 vae_decode: the results are NULL, wanted an array for them
1 0 vae_score: the results are NULL, wanted an array for them
1 0 labels: are there, wanted NULL: plain.bin is not conditional on labels
1 0 labels: are NULL, wanted one from 0 to 2 for each row: cond.bin is conditional on labels
1 0 options: 0 threads, wanted 1 to 256
1 0 options: 257 threads, wanted 1 to 256
1 0 options: size is 31, wanted 32: begin with VAE_OPTIONS
0 0 
5 599 x: item 599, element 7 is 1.5, wanted a number in [0,1] for bernoulli
5 513 x: item 513, element 19 is nan, wanted a number in [0,1] for bernoulli
5 0 x: item 0, element 19 is nan, wanted a number in [0,1] for bernoulli
0 0 
5 3 labels: label 3 is 3, wanted one from 0 to 2
5 3 labels: label 3 is 3, wanted one from 0 to 2
5 513 labels: label 513 is 3, wanted one from 0 to 2
5 2 z: item 2, element 1 is inf, wanted a finite float
5 599 z: item 599 has a result that is not finite, wanted numbers: is it like the items that ones.bin was trained on?
5 4 x: item 4 has a result that is not finite, wanted numbers: is it like the items that ones.bin was trained on?
5 4 x: item 4 has a result that is not finite, wanted numbers: is it like the items that ones.bin was trained on?
0 0 
END
    sed 's/ \(of \)[0-9]* bytes of the header, wanted all$/ \1/; s/ for bernoulli[ :].*/ for bernoulli/' found | cmp - wanted
}

@test "memory, here at every 9th allocation, reads and threads that fail are errors, without a leak, and the next call is made" {
    preloaded
    local call errno stride wanted n got hits
    payload <plain.raw | first 160 >x
    # What is freed is then no longer in use.
    export GLIBC_TUNABLES=glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0
    use often plain.bin <x >out
    assert_empty "$(<out)"
    while read -r call errno stride wanted; do
        hits=0
        for ((n = 1; ; n += ${LIBVAE_STRIDE:-$stride})); do
            rm -f hit
            got=0
            FAULT=$call:$n:$errno FAULT_HIT=hit LD_PRELOAD=$FAULT_LIBRARY use often plain.bin <x >out 2>err || got=$?
            [ -e hit ] || break
            # At most one of its calls fails. The program itself ends where it gets no memory, or no data.
            case $got in
            0) [ ! -s out ] || { [ "$(wc -l <out)" -eq 1 ] && grep -Eqx "($wanted).*" out && hits=$((hits + 1)); } ;;
            1) [ ! -s out ] && grep -Eqx 'use: .*(memory|error|threads: ).*' err ;;
            *) false ;;
            esac || fail "$call $n: status $got, $(cat out err)"
        done
        assert [ $hits -ge 2 ]
    done <<'END'
malloc 12 9 3 .*out of memory|2 threads: cannot start number 2 of 2: Resource temporarily unavailable
open 5 1 2 plain.bin: cannot open: Input/output error
read 5 1 2 plain.bin: cannot read: Input/output error
thread 11 1 2 threads: cannot start number 2 of 2: Resource temporarily unavailable
END
}

@test "sizes, shape and vocabulary are those of the model" {
    version=$(sed -n 's/^VERSION := //p' "$ROOT/Makefile")
    assert_equal "$(use sizes picture.bin)" "126 elements, latent 3, 0 classes, missing 0, bernoulli, shape 7x9x2, then 0, $version"
    assert_equal "$(use sizes cond.bin)" "20 elements, latent 3, 3 classes, missing 0, bernoulli, shape 20, then 0, $version"
    assert_equal "$(use sizes holes.bin)" "20 elements, latent 3, 0 classes, missing 1, gaussian, shape 20, then 0, $version"
    use sizes words.bin >told
    assert_regex "$(head -1 told)" "^$(($(wc -c <words.raw) / 600 )) elements, latent 3, 0 classes, missing 0, categorical, shape "
    tail -n +2 told | cmp - tokens.txt
}

@test "floating-point registers and the locale are as before, and change no result" {
    [ "$(LOCPATH=$BATS_FILE_TMPDIR LC_ALL=de_DE.UTF-8 locale decimal_point)" = , ] || skip 'no locale with decimal commas: wants the package locales'
    payload <holes.raw >x
    LOCPATH=$BATS_FILE_TMPDIR use registers holes.bin <x >out
    assert_equal "$(<out)" 'registers and locale are as before'
    payload <head.raw >x
    LOCPATH=$BATS_FILE_TMPDIR use registers head.bin <x >out # whose header has real numbers
    assert_equal "$(<out)" 'registers and locale are as before'
}

# exported FILE: the names that other programs see.
exported() {
    nm --extern-only --defined-only ${2:+"$2"} "$1" | awk 'NF == 3 && $2 != "A" { sub("@.*", "", $3); print $3 }' | sort
}

@test "both libraries export the functions of vae.h, and call nothing that prints, ends, or changes the process" {
    local file=$BATS_FILE_TMPDIR/installed/lib
    sed -n 's/^[a-z].*[ *]\(vae_[a-z_]*\)(.*/\1/p' "$BATS_FILE_TMPDIR/installed/include/vae.h" | sort >wanted
    assert_equal "$(wc -l <wanted)" 15
    exported "$file/libvae.so" --dynamic | cmp - wanted
    unsanitized 'their library is in it'
    exported "$file/libvae.a" | cmp - wanted
    for file in "$file/libvae.so" "$file/libvae.a"; do
        nm --undefined-only "$file" | awk '{ sub("@.*", "", $2); print $2 }' >called
        grep -qx malloc called
        grep -Ex '_?exit|abort|f?printf|f?puts|putchar|f?write|stdout|stderr|perror|getenv|setenv|signal|sigaction|raise|kill|dlopen|setlocale|json_set_alloc_funcs' called && fail "$file calls these"
    done
    readelf -d "$BATS_FILE_TMPDIR/installed/lib/libvae.so" | grep -F 'SONAME' | grep -F '[libvae.so.0]'
}

# examples: the examples of vae(3), each in a file: commands, score.c, score.sh, zeros.py.
examples() {
    awk '
        /^\.Ed/ { name = "" }
        name != "" { gsub(/\\e/, "\\"); print > name }
        /^\.Bd .*-literal/ { split("commands score.c score.sh zeros.py", names); name = names[++count] }
        END { exit count != 4 }' "$ROOT/man/vae.3"
    ln -s "$IMAGES" t10k-images-idx3-ubyte.gz
    idx2raw -n 100 "$IMAGES" | vae-train -q -m model.bin -H 16 -z 4 -e 1
    idx2raw -n 5 "$IMAGES" | vae-encode -m model.bin | vae-decode -m model.bin >again.raw
    vae-score -q -m model.bin again.raw | payload >scores
    perl -e 'local $/; printf "%.17g\n", $_ for unpack "d<*", <STDIN>' <scores >wanted
}

@test "the example of vae(3) is compiled by pkg-config, as C and as C++, with either library, and prints the tools' numbers" {
    unsanitized 'the programs are compiled without them'
    examples
    bash -o pipefail -e score.sh >found
    rows_hold 5 'NF == 1' <found
    cmp found wanted
    local language option flags
    for language in c c++; do
        command -v g++ >/dev/null || [ $language = c ] || continue
        for option in '' --static; do
            rm -f score
            # shellcheck disable=SC2086 # no option, or one
            read -r -a flags < <(pkg-config --cflags --libs $option libvae)
            [ -z "$option" ] || flags=("${flags[@]/#-lvae/-l:libvae.a}")
            if [ $language = c ]; then
                "${CC:-cc}" -std=c11 -Wall -Wextra -Werror -pedantic -o score score.c "${flags[@]}"
            else
                g++ -std=c++11 -Wall -Wextra -Werror -pedantic -o score -x c++ score.c -x none "${flags[@]}"
            fi
            [ -z "$option" ] || unset LD_LIBRARY_PATH # what is linked with the archive does without it
            ./score model.bin <again.raw | cmp - wanted
            export LD_LIBRARY_PATH=$BATS_FILE_TMPDIR/installed/lib
        done
    done
}

@test "the example of vae(3) in Python prints the tools' numbers" {
    python3 -c 'import ctypes' 2>/dev/null || skip 'wants python3'
    unsanitized 'their library has to be the first'
    examples
    python3 zeros.py >found
    { header f32 4 1 . && f32 0 0 0 0; } | vae-decode -m model.bin | payload |
        perl -e 'local $/; printf "%.9g\n", $_ for unpack "f<*", <STDIN>' >wanted
    tr ' ' '\n' <found | perl -ne 'printf "%.9g\n", unpack "f<", pack "f<", $_' | cmp - wanted
    assert_equal "$(wc -l <wanted)" 784
}

@test "a program that has closed its standard streams gets them back, and no descriptor stays open" {
    payload <plain.raw | first 160 >x
    use streams plain.bin <x >out
    assert_equal "$(<out)" 'all descriptors are as before'
}
