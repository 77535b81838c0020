#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# vae2c: a C file that computes what vae-decode and vae-encode write, without a library.
load helper
load c_files

# agrees ITEMS [OPTION...]: a model of the items with these options, and its C files, compute the same.
agrees() {
    untraced compare_c "$@" || fail "$*"
}

@test "dense layers, and each activation" {
    agrees grey.raw -H 24,16 -a relu --init normal:0.5
    agrees grey.raw -H 24 -a tanh --init normal:0.5 -l gaussian
    agrees grey.raw -H 24 -a elu --init normal:0.5 -l gaussian
    agrees grey.raw -H 24 -a softplus --init normal:0.5 -l gaussian
    agrees grey.raw -H 24 -a gelu --init normal:0.5 -l gaussian
    agrees grey.raw -H 24 -a silu --init normal:0.5 -l gaussian
    agrees grey.raw -H 24,res,res -a gated --cond labels.raw -l laplace
    agrees grey.raw -H none --logvar-bound 1 --init normal:2
    table 6 <stats.raw | awk '{ for (i = 4; i <= 6; i++) { high += $i == 1; low += $i == -1 } } END { exit !(high && low) }'
}

@test "pictures: convolutions, residual blocks, norms and enlarged pictures" {
    agrees picture.raw -H conv:4:3:2,norm:2,resconv,16 -a silu --cond labels.raw -l gaussian
    agrees picture.raw -H conv:4:2:2,conv:6:3,8 -a gated -l gaussian
    agrees picture.raw -H conv:4:3:2,8 --decoder-hidden 8,linear:3:3:4,up:3:7:9,conv:2:3 -l cbernoulli
    agrees picture.raw -H 16,norm:4 --decoder-hidden linear:7:9:4,norm:2,resconv -a elu
}

@test "the mean and the variance of many numbers keep their digits" {
    { header f32 256x256 6 . && perl -e 'srand 6; for (1 .. 6 * 64) { print pack "f<*", map { rand } 1 .. 1024 }'; } >large.raw
    agrees large.raw -H conv:2:16:16,4 --decoder-hidden linear:64:64:2,up:4,conv:4:3,norm:1 -a relu -l gaussian --sigma 1 --init normal:0.2
}

@test "the comments say what the arrays hold" {
    vae-train -q -m model.bin -z 2 -H 4 -e 0 --binarize threshold grey.raw
    vae2c -m model.bin decoder | grep ', the mean item, .*: probabilities of 1$'
    vae2c -m model.bin encoder | grep ', an item, .*: 0 or 1$'
    vae-train -q -m model.bin -z 2 -H 4 -e 0 --missing grey.raw
    vae2c -m model.bin encoder | grep -F '; NaN is a missing one'
    # The elements of each kind of likelihood; elements are missing only with --missing.
    vae-train -q -m model.bin -z 2 -H 4 -e 0 grey.raw
    vae2c -m model.bin encoder | grep ', an item, 5x4: u8 divided by 255, numbers of other types as they are$'
    vae2c -m model.bin decoder | grep ', the mean item, 5x4: u8 divided by 255, numbers of other types as they are$'
    vae-train -q -m model.bin -z 2 -H 4 -e 0 -l poisson counts.raw
    vae2c -m model.bin encoder | grep ', an item, 9: the numbers of the data$'
    vae-train -q -m model.bin -z 2 -H 4 -e 0 -l categorical --levels 4 --missing levels.raw
    vae2c -m model.bin decoder | grep ', the most probable item, 9: levels, from 0 on$'
}

# accurate FUNCTION FORMULA LOW HIGH OPTION...: the function in the decoder of a model with these options is within 1e-6
# of the formula, of a double x, unless that is below 1e-30. NaN stays NaN.
accurate() {
    vae-train -q -m model.bin -z 2 -H 4 -e 0 "${@:5}" grey.raw
    vae2c -m model.bin decoder >decoder.c
    cat >accurate.c <<END
#include "decoder.c"
#include <math.h>
#include <stdio.h>

int main(void) {
    for (long k = 0; k <= 200000; k++) {
        const float number = (float)($3 + ($4 - ($3)) * k / 200000.0);
        const double x = number, wanted = $2, found = $1(number);
        if (!(fabs(found - wanted) <= 1e-6 * fabs(wanted) + 1e-30))
            return printf("$1(%.9g): found %.9g, wanted %.9g\\n", x, found, wanted), 1;
    }
    return isnan($1(NAN)) ? 0 : 2;
}
END
    gcc -std=c99 -O2 -o accurate accurate.c -lm
    ./accurate || fail "$1: $?"
}

@test "the functions are accurate" {
    accurate sigmoid '1 / (1 + exp(-x))' -60 88
    accurate exp_of 'exp(x < 88 ? x : 88)' -69 1e4
    accurate exp_of 'exp(x)' -1e4 -69
    accurate sigmoid '1 / (1 + exp(-x))' 88 1e4
    accurate inverse_root '1 / sqrt(x)' 1e-5 10 --decoder-hidden 4,norm:1
    accurate relu 'x > 0 ? x : 0' -1 1 -a relu
    accurate tanh_of 'tanh(x)' -20 20 -a tanh
    accurate tanh_of 'tanh(x)' -0.01 0.01 -a tanh
    accurate elu 'x > 0 ? x : expm1(x)' -90 2 -a elu
    accurate softplus 'x > 0 ? x + log1p(exp(-x)) : log1p(exp(x))' -60 90 -a softplus
    accurate log1p_of 'log1p(x)' 0 3 -a softplus
    accurate log1p_of 'log1p(x)' 0 1e7 -a softplus
    accurate gelu 'x * erfc(-x / sqrt(2)) / 2' -11 10 -a gelu
    accurate silu 'x / (1 + exp(-x))' -60 90 -a silu
    accurate continuous_mean 'fabs(x) < 1e-3 ? 0.5 + x / 12 : 1 / (1 - exp(-x)) - 1 / x' -90 90 -l cbernoulli
    accurate continuous_mean 'fabs(x) < 1e-3 ? 0.5 + x / 12 : 1 / (1 - exp(-x)) - 1 / x' -2 2 -l cbernoulli
}

@test "the file states its sizes, and its names begin with --name" {
    vae-train -q -m model.bin -z 3 -H 8 -e 0 --cond labels.raw grey.raw
    vae2c -m model.bin --name my_model2 decoder >decoder.c
    grep -Fx 'void my_model2_decode(const float z[3], int label, float x[20], float work[17]);' decoder.c
    grep -Fx '    my_model2_decode_work = 17' decoder.c
    grep -Fx '    my_model2_decode_labels = 3,' decoder.c
    grep -F ' *     label   0 to 2' decoder.c
    grep -F ' *     work    [17], 68 bytes,' decoder.c # label, 3; z and label, 2 x 3; 8 units
    # 6 x 8 + 8 weights and biases, and 8 x 20 + 20.
    grep -F ' 944 bytes of constant' decoder.c
    vae2c -m model.bin --name my_model2 --header encoder >encoder.h
    grep -Fx 'void my_model2_encode(const float x[20], int label, float mu[3], float logvar[3], float work[34]);' encoder.h
    run -1 grep -F 'static' encoder.h
    # Twice in one file, and by C++.
    printf '#include "encoder.h"\n#include "encoder.h"\nint work = my_model2_encode_work;\n' >twice.c
    gcc -std=c99 -Wall -Wextra -Werror -pedantic -c twice.c
    if command -v g++ >/dev/null; then g++ -Wall -Wextra -Werror -pedantic -x c++ -c twice.c; fi
}

@test "both parts of two models are in one program, also of C++" {
    vae-train -q -m model.bin -z 3 -H 8 -e 0 --cond labels.raw grey.raw
    local name part
    for name in one two; do for part in encoder decoder; do
        vae2c -m model.bin --name $name $part >$name-$part.c
        vae2c -m model.bin --name $name --header $part >$name-$part.h
        gcc -std=c99 -c $name-$part.c
    done; done
    cat >main.c <<'END'
#include "one-encoder.h"
#include "one-decoder.h"
#include "two-encoder.h"
#include "two-decoder.h"

#define RUN(name) \
    name##_encode(x, 1, mu, logvar, encode_work), name##_decode(mu, 1, x, decode_work)

int main(void) {
    static float x[one_decode_outputs], mu[one_decode_latent], logvar[one_decode_latent];
    static float encode_work[one_encode_work], decode_work[one_decode_work];
    RUN(one), RUN(two);
    return x[0] > 0 && x[0] < 1 ? 0 : 1;
}
END
    gcc -std=c99 -Wall -Wextra -Werror -pedantic -o main main.c {one,two}-{en,de}coder.o
    ./main
    command -v g++ >/dev/null || skip 'wants g++'
    g++ -Wall -Wextra -Werror -pedantic -x c++ -o main main.c -x none {one,two}-{en,de}coder.o
    ./main
}

@test "weights are the same floats" {
    vae-train -q -m model.bin -z 2 -H none -e 1 grey.raw
    vae2c -m model.bin decoder >decoder.c
    cat >print.c <<'END'
#include "decoder.c"
#include <stdio.h>
int main(void) {
    for (int o = 0; o < 20; o++)
        for (int i = 0; i < 2; i++)
            fwrite(&decoder_0_weight[i * 20 + o], 4, 1, stdout);
    return 0;
}
END
    gcc -std=c99 -o print print.c
    vae-info --dump decoder.0.weight model.bin | payload | cmp - <(./print)
}

@test "a wrong name, part, model or number of parts is refused" {
    vae-train -q -m model.bin -z 2 -H 4 -e 0 grey.raw
    for name in '' 2x a-b 'a b' é "$(printf 'a%.0s' {1..65})"; do
        fails 2 "vae2c: --name: found '$name', wanted letters, digits and _, at most 64, the first one no digit" \
            vae2c -m model.bin --name "$name" decoder
    done
    vae2c -m model.bin --name "$(printf 'a%.0s' {1..64})" decoder | grep '^void a*_decode('
    fails 2 "vae2c: part: found 'decode', wanted one of encoder, decoder" vae2c -m model.bin decode
    fails 2 'vae2c: operands: found 0, wanted 1' vae2c -m model.bin
    fails 2 'vae2c: operands: found 2, wanted 1' vae2c -m model.bin decoder encoder
    fails 2 'vae2c: --model: not given, wanted it' vae2c decoder
    fails 1 'vae2c: none.bin: cannot open: No such file or directory' vae2c -m none.bin encoder
    fails 1 'vae2c: grey.raw: is a stream, wanted a model' vae2c -m grey.raw encoder
    fails 1 'vae2c: stdout: cannot write: No space left on device' bash -c 'vae2c -m model.bin decoder >/dev/full'
}

@test "sequences: recurrent layers, and a decoder that reads the tokens that it has chosen" {
    agrees lines.raw --tokens tokens.txt -H gru:9 --decoder-hidden 6,gru:11 --init normal:1
    # Sequences of several lengths.
    assert [ "$(raw2text --tokens tokens.txt means.raw | awk '{ print length }' | sort -u | wc -l)" -ge 3 ]
    agrees lines.raw --tokens tokens.txt -H gru:6,gru:5,8 --decoder-hidden gru:12 --init normal:0.7 --cond labels.raw
    # The comment has the bytes of all arrays of weights.
    for part in encoder decoder; do
        vae2c -m model.bin $part | awk '/ bytes of constant$/ { told = $(NF - 3) } /^static const float/ { match($0, /\[[0-9]+\]/); n += substr($0, RSTART + 1, RLENGTH - 2) }
            END { if (!(told > 0 && told == 4 * n)) { print told, 4 * n; exit 1 } }'
    done
    agrees lines.raw --tokens tokens.txt -H 9
}

@test "likelihoods, missing elements, and how the encoder reads an item" {
    agrees levels.raw -l categorical --levels 4 --missing --cond labels.raw -H 16 -a tanh
    agrees level-picture.raw -l categorical --levels 4 --missing --cond labels.raw -H conv:4:3:2,8
    agrees counts.raw -l poisson --missing -H 16
    agrees counts.raw -l negbin -H 16 --cond labels.raw
    agrees grey.raw -l cbernoulli -H 16 --init normal:1
    agrees bytes.raw -l dlogistic --sigma net -H 16 --init normal:0.5
    agrees bytes.raw -l dlogistic --sigma per-dim -H 16
    agrees bytes.raw -l dlogistic -H 16
    agrees holes.raw -l gaussian --sigma net --missing -H 16
}

@test "of levels that are equally probable the first one is written" {
    vae-train -q -m model.bin -l categorical --levels 4 --missing -z 3 -H none -e 0 levels.raw
    # shellcheck disable=SC2016 # Perl
    perl "$ROOT/tests/safetensors.pl" edit '$data =~ s/./\0/gs; checksum()' <model.bin >even.bin
    compile_c even.bin decoder -DDECODER
    vae-sample -n 50 -d 3 >z.raw
    { header f32 9 50 . && payload <z.raw | ./decoder; } | raw-cmp - <(vae-decode -m even.bin z.raw)
    payload <z.raw | ./decoder | cmp - <(head -c $((50 * 9 * 4)) /dev/zero)
}

@test "sequences of tokens without a recurrent layer: NaN follows the end" {
    printf 'a\nb\n' >tokens.txt
    perl -e 'srand 3; print pack "l<*", map { int rand 3 } 1 .. 200' >numbers
    { header i32 4 50 . && cat numbers; } >words.raw
    vae-train -q -m model.bin --tokens tokens.txt -H 6 --decoder-hidden 5 -z 3 -e 1 -b 10 -r 0.01 words.raw
    vae2c -m model.bin encoder | grep -F ' *     x       [4], an item, 4: numbers of tokens; NaN after the first 0'
    compile_c model.bin encoder
    perl -0777 -e 'my @x = unpack "l<*", <STDIN>;
        while (my @item = splice @x, 0, 4) { my $end = 0; print pack "f<*", map { my $x = $end ? "nan" : $_; $end ||= !$_; $x } @item }' <numbers |
        ./encoder >found
    { header f32 2x3 50 . && cat found; } | raw-cmp --abs 1e-5 - <(vae-encode -q -m model.bin --stats words.raw)
    compile_c model.bin decoder -DDECODER
    vae-sample -n 50 -d 3 >z.raw
    { header f32 4 50 . && payload <z.raw | ./decoder; } | raw-cmp - <(vae-decode -m model.bin z.raw)
}
