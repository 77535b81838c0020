#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Every tool but vae-train and vae-impute, which are in tests/sanitizers.bats, below valgrind: see tests/valgrind.bash.
# shellcheck disable=SC2016 # what is quoted is awk's
load ../helper
load ../valgrind

@test "the tools beside training" {
    vae-train -q -m model.bin -H 4 -z 2 -e 1 items.raw
    v idx2raw -n 5 "$IMAGES" >few.raw
    printf 'id,a\n"x""",1\ny,\n' >a.csv
    v csv2raw --id id --write-ids ids --write-names names a.csv >a.raw
    v raw2csv --ids ids --names names a.raw | grep -x '"x""",1'
    printf 'CCl\n\n[nH]\xc3\xa9C\n' >lines
    v text2raw --write-tokens tokens lines >numbers.raw
    v raw2text --tokens tokens numbers.raw | cmp - lines
    # A line of 64 tokens of the greatest length, as many bytes as are written together, without its end.
    perl -e 'print "x" x 4096, "\n"' >long
    { header u8 64 2 . && perl -e 'print "\1" x 128'; } | v raw2text --tokens long | cmp - <(perl -e 'print "x" x 4096 x 64, "\n" for 1, 2')
    printf '%s\n' C Cl '[nH]' é >tokens
    v text2raw --tokens tokens lines | v raw2text --tokens tokens | cmp - lines
    { printf 'P2 3 1 9 1 2 3\nP4 3 1 aP7\nWIDTH 3\nHEIGHT 1\nDEPTH 2\nMAXVAL 9\nTUPLTYPE GRAYSCALE_ALPHA\nENDHDR\n' && printf '\1\2\3\4\5\6'; } >few.pnm
    v pnm2raw -q --rgb --write-ids pictures few.pnm | v raw2pgm --per-item >three.ppm
    assert_equal "$(pamfile -allimages three.ppm | grep -c 'PPM raw, 3 by 1')" 3
    v raw-select --elements 0 --ids ids --split 0.5 --write-rest r.raw --write-ids w --write-rest-ids wr a.raw >s.raw
    v raw-select -n 2 --shuffle --ids ids --write-ids w a.raw | raw-info | row_holds 2 '$3 == 2'
    v raw-select --items 0-39 --class 7 --labels labels.raw items.raw | raw-info | row_holds 2 '$3 > 0'
    v raw-zip --run 3 few.raw few.raw few.raw | raw-info | row_holds 2 '$3 == 15'
    v raw2npy --axes 1,0 few.raw >few.npy
    v npy2raw --axes 1,0 few.npy | cmp - few.raw
    recut 2 <few.raw >frames.raw
    v raw2npy frames.raw | v npy2raw | cmp - few.raw
    printf '%%%%MatrixMarket matrix coordinate integer general\n3 3 2\n3 1 4\n2 3 9\n' | gzip >counts.gz
    printf 'a\nb\nc\n' | gzip >genes.gz
    v mtx2raw --top 2 --names genes.gz --write-names genes --ids genes.gz --write-ids cells counts.gz | raw2csv --ids cells --names genes |
        grep -x 'c,9,0'
    v vae-encode -q -m model.bin few.raw >latents.raw
    v vae-decode -q -m model.bin --sample latents.raw >images.raw
    v raw2pgm images.raw | grep -ax '84 56' # 5 images in 3 columns
    v raw2pgm --per-item images.raw >images.pgm
    assert_equal "$(pamfile -allimages images.pgm | grep -c 'PGM raw, 28 by 28')" 5
    v vae-sample -n 10 -d 2 >z.raw
    v vae-interp latents.raw >path.raw
    v vae-traverse latents.raw >path.raw
    vae-sample -n 40 -d 2 -S 2 >known.raw
    raw-select --elements 0 known.raw >values.raw
    for method in gp linear; do
        v vae-climb -q -j 2 --method $method --steps 3 --write-predictions table --latents known.raw --target values.raw latents.raw |
            raw-info | row_holds 2 '$3 == 5'
    done
    v vae-eval -q -m model.bin -k 5 --curve few.raw | row_holds 3 '$1 == 5'
    v vae2onnx -m model.bin encoder | wc -c | row_holds 1 '$1 > 10000'
    v vae2html -q -m model.bin few.raw | grep "</html>"
    v vae-score -q -m model.bin --write-calibration scores.txt few.raw >scores.raw
    v vae-score -q -m model.bin -k 2 --per-element few.raw | raw-info | row_holds 2 '$2 == 785'
    v vae-score -q -m model.bin --calibrate scores.txt few.raw >p.raw
    v vae-info model.bin | grep -x $'latent\t2'
    v vae-info --dump decoder.0.weight model.bin | raw-info | row_holds 2 '$2 == 2 && $3 == 4'
    v vae2c -m model.bin decoder | grep '^void vae_decode('
    v raw-info few.raw | row_holds 2 '$3 == 5'
    v raw-info --per-element --names names a.raw | row_holds 2 '$2 == "a"'
    v raw-cmp few.raw few.raw
}
