#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# vae2html: a page with a model's decoder and some items. Its scripts run below node here, and in a browser in
# tests/long/vae2html.bats.
# shellcheck disable=SC2016 # what is quoted is Perl's
# shellcheck disable=SC2154 # stderr is set by run
load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    # stream NAME SHAPE ITEMS EXPRESSION: an item's numbers, by Perl.
    stream() {
        local elements=$((${2//x/*}))
        { header f32 "$2" "$3" . && perl -e 'srand 3; print pack "f<*", map { '"$4"' } 1 .. '"$3 * $elements"; } >"$1.raw"
    }
    stream grey 5x4 50 'rand'
    stream levels8 20 50 'int(rand 256) / 255'
    stream row 6 50 'rand'
    stream holes 20 50 'rand() < 0.3 ? "nan" : rand'
    stream picture 7x9x2 50 'rand'
    stream levels 9 50 'int rand 4'
    stream counts 9 50 'int rand 30'
    { header u8 3x4 1203 . && perl -e 'print map { chr($_ % 251) } 0 .. 1203 * 12 - 1'; } >bytes.raw
    { header u8 1 50 . && perl -e 'print map { chr($_ % 3) } 1 .. 50'; } >labels.raw
    { header i32 1 1203 . && perl -e 'print pack "l<*", map { $_ % 7 } 0 .. 1202'; } >sevens.raw
    vae-train -q -m model.bin -z 3 -H 8 -e 1 grey.raw
    vae-train -q -m bytes.bin -z 2 -H 8 -e 1 bytes.raw
    vae-train -q -m conditional.bin -z 2 -H 8 -e 1 --cond labels.raw grey.raw
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/* .
}

# node: skips a test if nothing can run the page's scripts.
wants_node() {
    type -P node >/dev/null || skip 'wants node (make long-deps)'
}

# part PAGE ID: the text of an element.
part() {
    perl -0777 -ne 'print $1 if m{<script type="[^"]*" id="'"$2"'">([^<]*)</script>}' "$1"
}

# numbers PAGE ID: the numbers of an array of floats, one per line.
numbers() {
    part "$1" "$2" | base64 -d | perl -0777 -ne 'print map { sprintf "%.9g\n", $_ } unpack "f<*"'
}

# member PAGE KEY: a number, a text or a list in the page's data, as JSON.
member() {
    part "$1" data | perl -MJSON::PP -0777 -ne 'print JSON::PP->new->canonical->allow_nonref->encode(decode_json($_)->{'"$2"'}), "\n"'
}

# agrees ITEMS [OPTION...]: the page's decoder computes the same as vae-decode, for a model with these options.
agrees() {
    local items=$1 label=() options=()
    if [[ " $* " == *" --cond "* ]]; then
        label=(2) options=(--cond twos.raw)
        { header u8 1 50 . && perl -e 'print "\2" x 50'; } >twos.raw
    fi
    vae-train -q -m new.bin -z 3 -e 1 -b 10 -r 0.01 "${@:2}" "$items"
    vae2html -q -m new.bin >new.html
    vae-sample -q -n 50 -d 3 >z.raw
    same_as_decode z.raw 1e-5 || fail "$*"
}

# same_as_decode LATENTS RELATIVE: the page decodes them as vae-decode does, see agrees.
same_as_decode() {
    vae-decode -q -m new.bin "${options[@]}" "$1" >means.raw
    node "$ROOT/tests/run-page.mjs" new.html "$1" "${label[@]}" | raw-cmp --abs 1e-4 --rel "$2" means.raw -
}

@test "the page's decoder: dense layers, and each activation" {
    wants_node
    local a
    for a in relu tanh elu softplus gelu silu; do
        agrees grey.raw -H 25 -a $a --init normal:0.7 -l gaussian
    done
    agrees grey.raw -H 24,res -a gated --cond labels.raw -l laplace
    agrees grey.raw -H none
}

@test "the page's decoder: pictures" {
    wants_node
    agrees picture.raw -H conv:4:3:2,norm:2,resconv,16 -a silu --cond labels.raw -l gaussian
    agrees picture.raw -H conv:4:2:2,conv:6:3,8 -a gated -l gaussian
    agrees picture.raw -H conv:4:3:2,8 --decoder-hidden 8,linear:3:3:4,up:3:7:9,conv:2:3 -l cbernoulli
    agrees picture.raw -H 16,norm:4 --decoder-hidden linear:7:9:4,norm:2,resconv -a elu
}

@test "the page's decoder: each likelihood" {
    wants_node
    agrees grey.raw -H 24 -l bernoulli --init normal:0.7
    agrees grey.raw -H 24 -l gaussian --sigma net
    agrees grey.raw -H 24 -l cbernoulli --init normal:0.7
    agrees grey.raw -H none -l cbernoulli --init normal:3
    agrees levels8.raw -H 24 -l dlogistic
    agrees levels8.raw -H 24 -l dlogistic --sigma net
    agrees counts.raw -H 24 -l negbin --sigma net
    agrees levels.raw -H 24 -l categorical --levels 4
    agrees holes.raw -H 24 -l gaussian --missing
    agrees grey.raw -H 24 --prior vamp:5
    # The means of counts are bounded.
    local options=() label=() l
    { header f32 3 50 . && perl -e 'srand 5; print pack "f<*", map { 4000 * (rand() - 0.5) } 1 .. 150'; } >far.raw
    for l in poisson negbin; do
        agrees counts.raw -H 24 -l $l
        same_as_decode far.raw 1e-3
        raw-info means.raw | row_holds 2 '$6 > 1.6e38 && $6 < 1.7e38'
    done
}

@test "the page has the items, their latents and labels, and draws of vae-sample" {
    vae2html -q -m model.bin --labels labels.raw grey.raw >page.html
    numbers page.html items >found
    payload <grey.raw | perl -0777 -ne 'print map { sprintf "%.9g\n", $_ } unpack "f<*"' | cmp - found
    vae-encode -q -m model.bin grey.raw | raw2csv --no-header | tr , '\n' >wanted
    numbers page.html mu | paste - wanted | awk '$1 - $2 > 1e-6 || $2 - $1 > 1e-6 { wrong = 1 } END { exit wrong || NR != 150 }'
    vae-sample -q -n 256 -m model.bin | payload | cmp - <(part page.html draws | base64 -d)
    [ "$(member page.html labels)" = "[$(payload <labels.raw | od -An -v -tu1 | xargs | tr ' ' ,)]" ]
    [ "$(member page.html labelCount)" = 3 ]
    [ "$(member page.html shape)" = '[5,4]' ]
    [ "$(member page.html bytes)" = false ]
    { header f64 5x4 50 . && payload <grey.raw | perl -0777 -ne 'print pack "d<*", unpack "f<*"'; } >doubles.raw
    vae2html -q -m model.bin --labels labels.raw doubles.raw | cmp - page.html
    vae2html -q -m model.bin -S 2 >page.html
    vae-sample -q -n 256 -S 2 -m model.bin | payload | cmp - <(part page.html draws | base64 -d)
    [ "$(member page.html items)" = 0 ]
    vae-train -q -m sample.bin -z 3 -H 8 -e 1 --binarize sample grey.raw
    vae2html -q -S 2 -m sample.bin grey.raw >page.html
    vae-encode -q -S 2 -m sample.bin grey.raw | raw2csv --no-header | tr , '\n' >wanted
    numbers page.html mu | paste - wanted | awk '$1 - $2 > 1e-6 || $2 - $1 > 1e-6 { wrong = 1 } END { exit wrong || NR != 150 }'
    # Two items of 50 are those with the numbers 0 and 25, whose noise is theirs.
    vae2html -q -S 2 -n 2 -m sample.bin grey.raw >page.html
    numbers page.html mu | paste - <(sed -n '1,3p;76,78p' wanted) |
        awk '$1 - $2 > 1e-6 || $2 - $1 > 1e-6 { wrong = 1 } END { exit wrong || NR != 6 }'
    vae-train -q -m wide.bin -z 20000 -H 2 -e 0 grey.raw
    vae2html -q -m wide.bin >page.html
    [ "$(member page.html draws)" = 16 ]
    vae-train -q -m vamp.bin -z 3 -H 8 -e 1 --prior vamp:4 grey.raw
    vae2html -q -m vamp.bin >page.html
    vae-sample -q -n 256 -m vamp.bin | payload | cmp - <(part page.html draws | base64 -d)
}

@test "of many items some are on the page, evenly spread, with their labels" {
    run -0 --separate-stderr vae2html -m bytes.bin --labels sevens.raw bytes.raw
    [ "$stderr" = 'vae2html: 500 of 1203 items, evenly spread, are on the page (-n changes it)' ]
    vae2html -q -m bytes.bin -n 4 --labels sevens.raw - <bytes.raw >page.html
    [ "$(member page.html numbers)" = '[0,300,601,902]' ]
    [ "$(member page.html labels)" = '[0,6,6,6]' ]
    [ "$(member page.html of)" = 1203 ]
    [ "$(member page.html bytes)" = true ]
    raw-select --items 0,300,601,902 bytes.raw | payload | cmp - <(part page.html items | base64 -d)
    raw-select --items 0,300,601,902 bytes.raw >four.raw
    vae-encode -q -m bytes.bin four.raw | raw2csv --no-header | tr , '\n' >wanted
    numbers page.html mu | paste - wanted | awk '$1 - $2 > 1e-6 || $2 - $1 > 1e-6 { wrong = 1 } END { exit wrong || NR != 8 }'
    # More than a batch, with labels as the condition.
    vae-train -q -m sevens.bin -z 2 -H 8 -e 1 --cond sevens.raw bytes.raw
    vae2html -q -m sevens.bin -n 1100 --labels sevens.raw bytes.raw >page.html
    numbers=$(seq 0 1099 | awk '{ print int($1 * 1203 / 1100) }' | paste -s -d ,)
    [ "$(member page.html numbers)" = "[$numbers]" ]
    for stream in bytes sevens; do
        raw-select --items "$numbers" $stream.raw >some-$stream.raw
    done
    vae-encode -q -m sevens.bin --cond some-sevens.raw some-bytes.raw | raw-select --elements 0,1 | raw2csv --no-header | tr , '\n' >wanted
    numbers page.html mu | paste - wanted | awk '$1 - $2 > 1e-6 || $2 - $1 > 1e-6 { wrong = 1 } END { exit wrong || NR != 2200 }'
    vae2html -q -m bytes.bin -n 1203 bytes.raw >page.html
    payload <bytes.raw | cmp - <(part page.html items | base64 -d)
    for threads in 1 2 3; do
        vae2html -q -j $threads -m bytes.bin -n 700 bytes.raw >page-$threads.html
    done
    cmp page-1.html page-2.html
    cmp page-1.html page-3.html
}

@test "without items a note says so; a conditional model wants labels with them" {
    run -0 --separate-stderr vae2html -m model.bin
    [ "$stderr" = 'vae2html: no stream of items is given: the map shows draws from the prior (- is standard input)' ]
    fails 1 'vae2html: conditional.bin: is conditional on labels, wanted --labels with one from 0 to 2 for each item' vae2html -m conditional.bin grey.raw
    vae2html -q -m conditional.bin --labels labels.raw grey.raw >page.html
    vae-encode -q -m conditional.bin --cond labels.raw grey.raw | raw-select --elements 0,1 | raw2csv --no-header | tr , '\n' >wanted
    numbers page.html mu | paste - wanted | awk '$1 - $2 > 1e-6 || $2 - $1 > 1e-6 { wrong = 1 } END { exit wrong || NR != 100 }'
    [ "$(member page.html classes)" = 3 ]
}

@test "more than a browser reads is refused" {
    { header u8 1 2000 . && perl -e 'print "\0\1" x 1000'; } >bits.raw
    vae-train -q -m wide.bin -z 65536 -H 1 -e 0 bits.raw
    fails 1 'vae2html: wide.bin: latents of 2000 items of together 500 MiB, wanted at most 383, which a browser can read (-n)' \
        vae2html -q -m wide.bin -n 2000 bits.raw
}

@test "names and tokens can hold what ends an element" {
    printf 'a,b,c,d,e,f\n1,2,3,4,5,6\n0,1,0,1,0,1\n' >table.csv
    vae-train -q -m row.bin -z 2 -H 4 -l gaussian -e 1 row.raw
    printf '%s\n' 'a</script>' '<!-- b' "\"c'" '\d' 'é' 'f' >names.txt
    vae2html -q -m row.bin --names names.txt row.raw >page.html
    part page.html data | perl -MJSON::PP -0777 -ne 'binmode STDOUT, ":utf8"; print map { "$_\n" } @{decode_json($_)->{names}}' | cmp - names.txt
    perl -0777 -ne '$open = () = /<script/g; $close = () = m{</script>}g; exit($open != 6 || $close != 6 || /<!--.*<!--.*<!--/s)' page.html
    # A name that is no UTF-8 is a number.
    printf '%s\n' a $'\377' c d e f >odd.txt
    vae2html -q -m row.bin --names odd.txt row.raw >page.html
    [ "$(member page.html names)" = '["a","1","c","d","e","f"]' ]
    fails 1 'vae2html: names.txt: has 6 lines, wanted 20, one per element' vae2html -m model.bin --names names.txt grey.raw
    printf '%s\n' none '<i>one' two >labels.txt
    vae2html -q -m model.bin --labels labels.raw --label-names labels.txt grey.raw >page.html
    [ "$(member page.html labelNames)" = '["none","<i>one","two"]' ]
    vae2html -q -m conditional.bin --label-names labels.txt >page.html
    [ "$(member page.html labelNames)" = '["none","<i>one","two"]' ]
    # A tool before the pipe writes the names beside its first bytes.
    csv2raw --write-names written.txt table.csv | vae2html -q -m row.bin --names written.txt - >page.html
    [ "$(member page.html names)" = '["a","b","c","d","e","f"]' ]
    { header u8 3 40 . && perl -e 'print "\1\2\0" x 40'; } >tokens.raw
    printf '<\n>\n' >tokens.txt
    vae-train -q -m tokens.bin -z 2 -H 4 -e 1 --tokens tokens.txt tokens.raw
    vae2html -q -m tokens.bin tokens.raw >page.html
    [ "$(part page.html data | perl -MJSON::PP -0777 -ne 'print decode_json($_)->{metadata}{tokens}')" = $'<\n>' ]
}

@test "the page loads nothing, shows no path, and has its documented size" {
    mkdir -p deep/er && cp model.bin deep/er/
    vae2html -q -m deep/er/model.bin grey.raw >page.html
    [ "$(member page.html model)" = '"model.bin"' ]
    cp model.bin $'\377.bin' && vae2html -q -m $'\377.bin' >other.html
    [ "$(member other.html model)" = '"a model"' ]
    run ! grep -E 'deep/er|https?:|src=|href=|@import|url\(' page.html
    grep -q "default-src 'none'" page.html
    run ! grep -E '^@(style|data|script)$' page.html
    head -1 page.html | grep -qx '<!DOCTYPE html>'
    idx2raw -n 600 "$IMAGES" >images.raw
    vae-train -q -m fashion.bin -e 1 images.raw
    vae2html -q -m fashion.bin images.raw >page.html
    [ "$(wc -c <page.html)" -lt 3000000 ]
    [ "$(member page.html items)" = 500 ]
}

@test "refused: what the page cannot show, and wrong options" {
    printf 'a\nb\n' >tokens.txt
    { header u8 3 40 . && perl -e 'print "\1\2\0" x 40'; } >tokens.raw
    vae-train -q -m gru.bin -z 2 -H 4 --decoder-hidden gru:4 -e 1 --tokens tokens.txt tokens.raw
    fails 1 'vae2html: gru.bin: decoder.0 is a layer of the kind gru, wanted a decoder without one' vae2html -m gru.bin tokens.raw
    fails 2 'vae2html: --labels: found it without a stream of items, wanted both (- is standard input)' vae2html -m model.bin --labels labels.raw
    fails 2 'vae2html: --label-names: found it without --labels, wanted both' vae2html -m model.bin --label-names tokens.txt grey.raw
    fails 1 'vae2html: model.bin: is not conditional on labels, wanted --labels with --label-names' vae2html -q -m model.bin --label-names tokens.txt
    fails 1 'vae2html: tokens.txt: has 2 lines, wanted 3, one per label' vae2html -q -m conditional.bin --label-names tokens.txt
    fails 1 'vae2html: row.raw: items have shape 6, model.bin wants 5x4' vae2html -m model.bin row.raw
    fails 1 'vae2html: labels.raw: ends after 50 labels, wanted one for each item of bytes.raw' vae2html -m bytes.bin --labels labels.raw bytes.raw
    { header f32 5x4 2 . && perl -e 'print pack "f<*", (1) x 20, (3e38) x 20'; } >huge.raw
    vae-train -q -m wide.bin -z 2 -H 8 -a relu -e 0 -l gaussian --init normal:30 grey.raw
    fails 1 'vae2html: huge.raw: item 1 has a latent that is not finite, wanted numbers: is it like the items that wide.bin was trained on?' vae2html -m wide.bin huge.raw
}
