# SPDX-License-Identifier: MIT
# C files of models, compiled and run on items: `load c_files`, of vae2c.bats and long/vae2c.bats.

# make_c_data: 50 items of several kinds, their labels, and the main program of the C files.
make_c_data() {
    # stream NAME SHAPE EXPRESSION: an item's numbers, by Perl.
    stream() {
        local elements=$((${2//x/*}))
        { header f32 "$2" 50 . && perl -e 'srand 3; print pack "f<*", map { '"$3"' } 1 .. 50 * '$elements; } >"$1.raw"
    }
    stream grey 5x4 'rand'
    stream bytes 5x4 'int(rand 256) / 255'
    stream holes 20 'rand() < 0.3 ? "nan" : rand'
    stream picture 7x9x2 'rand'
    stream levels 9 'rand() < 0.3 ? "nan" : int rand 4'
    stream level-picture 5x6 'rand() < 0.3 ? "nan" : int rand 4'
    stream counts 9 'int rand 30'
    { header u8 1 50 . && perl -e 'print map { chr($_ % 3) } 1 .. 50'; } >labels.raw
    printf '%s\n' a b c >tokens.txt
    { header f32 7 50 . && perl -e 'srand 4; print pack "f<*", map { my $n = rand 8; map { $_ < $n ? 1 + int rand 3 : 0 } 1 .. 7 } 1 .. 50'; } >lines.raw
    cat >main.c <<'END'
/* Items from stdin, and their labels from the file named, through the part of a model; the results to stdout. */
#include <stdio.h>
#include <string.h>
#include "part.h"

#ifdef DECODER
enum { IN = vae_decode_latent, OUT = vae_decode_outputs, WORK = vae_decode_work };
#else
enum { IN = vae_encode_inputs, OUT = vae_encode_latent, WORK = vae_encode_work };
#endif
#ifdef LABELS
#define LABEL label,
#else
#define LABEL
#endif

static float in[IN], out[OUT + 1], logvar[OUT + 1], work[WORK + 1];

int main(int argc, char **argv) {
    FILE *labels = argc > 1 ? fopen(argv[1], "rb") : NULL;
    while (fread(in, sizeof in, 1, stdin) == 1) {
        int label = labels == NULL ? 0 : getc(labels);
        (void)label;
        memset(out, 255, sizeof out); /* NaN */
        memset(logvar, 255, sizeof logvar);
        memset(work, 255, sizeof work);
#ifdef DECODER
        vae_decode(in, LABEL out, work);
#else
        vae_encode(in, LABEL out, logvar, work);
#endif
        if (out[OUT] == out[OUT] || logvar[OUT] == logvar[OUT] || work[WORK] == work[WORK])
            return 3; /* written beyond its end */
        fwrite(out, sizeof *out, OUT, stdout);
#ifndef DECODER
        fwrite(logvar, sizeof *logvar, OUT, stdout);
#endif
    }
    return 0;
}
END
}

# The compiler, its nm, and what runs a program.
C_COMPILER=gcc C_NM=nm C_RUN=()

# compile_c MODEL PART [OPTION...]: makes ./PART of the model. The file itself calls nothing but memcpy.
compile_c() {
    vae2c -m "$1" --header "$2" >part.h && vae2c -m "$1" "$2" >"$2.c" || return
    "$C_COMPILER" -std=c99 -Wall -Wextra -Werror -pedantic -ffreestanding -nostdlib -O2 -c "$2.c" || return
    "$C_NM" -u "$2.o" | awk '$2 != "memcpy" { print; bad = 1 } END { exit bad }' || return
    "$C_COMPILER" -std=c99 -Wall -Werror -static "${@:3}" -o "$2" main.c "$2.o"
}

# ended SHAPE: the floats on stdin, with NaN after the first 0 of an item, as an encoder of sequences in C wants them.
ended() {
    perl -e 'local $/; my @x = unpack "f<*", <STDIN>; my $n = shift;
        for my $i (0 .. @x / $n - 1) { my $ended = 0; for (@x[$i * $n .. $i * $n + $n - 1]) { my $ends = $_ == 0; $_ = "nan" if $ended; $ended ||= $ends } }
        print pack "f<*", @x' "$1"
}

# compare_c ITEMS [OPTION...]: trains a model of the items, and compares it with its C files.
compare_c() {
    local items=$1 latent=3 shape count options=() labels=() told=()
    read -r _ _ shape count _ <"$items"
    if [[ " $* " == *" --cond "* ]]; then
        options=(--cond labels.raw) told=(-DLABELS) labels=(labels)
        payload <labels.raw >labels
    fi
    vae-train -q -m model.bin -z $latent -e 1 -b 10 -r 0.01 "${@:2}" "$items" || return
    vae-encode -q -m model.bin --stats "${options[@]}" "$items" >stats.raw || return
    vae-sample -q -n "$count" -d $latent >z.raw
    vae-decode -q -m model.bin "${options[@]}" z.raw >means.raw || return
    compile_c model.bin encoder "${told[@]}" && compile_c model.bin decoder -DDECODER "${told[@]}" || return
    payload <"$items" | if [[ " $* " == *" --tokens "* ]]; then ended "$shape"; else cat; fi | "${C_RUN[@]}" ./encoder "${labels[@]}" >numbers || return
    { header f32 2x$latent "$count" . && cat numbers; } | raw-cmp --abs 1e-5 --rel 1e-5 stats.raw - || return
    payload <z.raw | "${C_RUN[@]}" ./decoder "${labels[@]}" >numbers || return
    { header f32 "$shape" "$count" . && cat numbers; } | raw-cmp --abs 1e-5 --rel 1e-5 means.raw -
}

# Each test has a copy of what make_c_data has made for its file.
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    make_c_data
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/* .
}
