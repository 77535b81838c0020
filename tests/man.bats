#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The manual: clean mdoc, a page for every tool, the options of --help and no others, and examples that run.

# shellcheck disable=SC2154 # bats sets status, output and lines
load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    mkdir shared few
    for set in train t10k; do
        ln -s "$IMAGES" shared/$set-images-idx3-ubyte.gz
        ln -s "$LABELS" shared/$set-labels-idx1-ubyte.gz
        first_of 128 784 16 <"$IMAGES" >few/$set-images-idx3-ubyte.gz
        first_of 128 1 8 <"$LABELS" >few/$set-labels-idx1-ubyte.gz
    done
    for set in shared few; do idx2raw $set/train-images-idx3-ubyte.gz >$set/images.raw; done
    vae-train -q -e 1 -m shared/model.bin few/images.raw
    cp shared/model.bin few
    # Weights that were trained elsewhere.
    vae-train -q -e 1 -H 5 -z 2 -a tanh -m far.bin few/images.raw
    perl "$ROOT/tests/safetensors.pl" plain <far.bin | tee shared/far.safetensors >few/far.safetensors
    # Read by bash before each example: a tool that prints nothing fails, but for these two, which need not print.
    {
        declare -f something
        for tool in $(tools); do
            case $tool in vae-train | raw-cmp) ;; *) echo "$tool() { command $tool \"\$@\" | something; }" ;; esac
        done
    } >"$BATS_FILE_TMPDIR/prelude"
}

# first_of COUNT ITEM HEADER: the first items of a gzipped IDX file on stdin; an item and the header have so many bytes.
first_of() {
    gzip -dc | first $(($3 + $1 * $2)) | perl -0777 -pe 'substr $_, 4, 4, pack "N", '"$1" | gzip -1
}

# something: copies stdin, which holds something.
something() {
    perl -e 'while (read STDIN, my $part, 65536) { print $part; $any = 1 } exit !$any'
}

tools() {
    sed -n 's/^TOOLS := *//p' "$ROOT/Makefile"
}

# blocks PAGE: writes the page's literal blocks, one a file, as the reader sees them, below ./blocks.
# Of mdoc's escapes just \e and \& may stand in them, and no macros: anything else is an error.
blocks() {
    mkdir blocks
    awk '
        /^\.Sh / { section = substr($0, 5); gsub(/[^A-Z]/, "-", section) }
        /^\.Bd .*-literal/ { inside = 1; file = sprintf("blocks/%02d-%s", ++count, section); next }
        /^\.Ed/ { inside = 0 }
        inside && /^[.]/ { print FILENAME ": a macro in a literal block: " $0; bad = 1 }
        inside { gsub(/\\e/, "\001"); gsub(/\\&/, "") }
        inside && /\\/ { print FILENAME ": not known in a literal block: " $0; bad = 1 }
        inside { gsub("\001", "\\"); print > file }
        END { exit bad }
    ' "$1"
}

# run_examples PAGE: runs each block in a directory of its own that holds what the manual takes for granted. Where its
# time is that of training, there are few images.
run_examples() {
    cd "$BATS_TEST_TMPDIR" || return 1
    blocks "$ROOT/man/$1"
    mandoc -T ascii "$ROOT/man/$1" | sed 's/.\x08//g; s/^ *//' >rendered
    local block count=0 data=shared
    case $1 in vae-train.1 | vae-climb.1 | vae-impute.1 | vaeutils.7) data=few ;; esac
    for block in "$PWD"/blocks/*; do
        # What is run is what the reader sees.
        sed 's/^[[:space:]]*//; s/[[:space:]]*$//; /^$/d' "$block" | grep -vxFf rendered >lacking || true
        [ ! -s lacking ] || fail "$1: the rendered page lacks the line: $(head -1 lacking)"
        mkdir room
        cp -P "$BATS_FILE_TMPDIR/$data"/* room
        assert [ -s "$block" ]
        (cd room && BASH_ENV=$BATS_FILE_TMPDIR/prelude bash -o pipefail -e "$block") >out 2>&1 </dev/null ||
            fail "$1: exit status $? of $(cat "$block"; echo; cat out)"
        assert_empty "$(find room -type f -empty)"
        rm -r room
        count=$((count + 1))
    done
    # Every page shows a pipeline, under EXAMPLES or, in the tour, anywhere.
    case $1 in
    *.7) grep -q ' | ' blocks/* || fail "$1: shows no pipeline" ;;
    *) grep -qs ' |' blocks/*-EXAMPLES || fail "$1: EXAMPLES shows no pipeline" ;;
    esac
    [ "$count" -gt 0 ]
}

# What --help and the page say of each option, in their order: "-n, --count N".
options_of_help() {
    "$1" --help | sed -n 's/^  \(-., \|    \)\(--[a-z-]*\( [A-Za-z]*\)\{0,1\}\) .*/\1\2/p' | sed 's/^ *//; s/ *$//'
}
options_of_page() {
    sed -n 's/^\.It Fl //p' "$ROOT/man/$1.1" |
        sed 's/^-/--/; s/^\([^ -]\) , Fl -/-\1, --/; s/ Ar / /'
}

@test "every page is clean under mandoc's lint" {
    run mandoc -T lint -W warning "$ROOT"/man/*.[1357]
    assert_success
    assert_output ""
}

@test "man shows every page to its end, without a complaint" {
    local page
    for page in "$ROOT"/man/*.[1357]; do
        run --separate-stderr groff -mandoc -T ascii "$page"
        assert_success
        assert_empty "$stderr"
        assert_regex "${lines[-1]}" '^vaeutils +[A-Z][a-z]+ [0-9]+, 20[0-9][0-9]'
    done
}

@test "every tool has a page that bears its name, and every page of section 1 a tool" {
    [ -n "$(tools)" ]
    for tool in $(tools); do
        grep -qx "\.Nm $tool" "$ROOT/man/$tool.1" || fail "man/$tool.1: not there, or of another name"
        grep -qx "\.Dt ${tool^^} 1" "$ROOT/man/$tool.1" || fail "man/$tool.1: has another title"
    done
    # vae-train-mpi is built by make mpi.
    for page in "$ROOT"/man/*.1; do
        [[ " $(tools) vae-train-mpi " == *" $(basename "$page" .1) "* ]] || fail "$page: no such tool"
    done
}

@test "the examples of every page are run below, those of vae(3) by libvae.bats, and those for MPI by long/mpi.bats" {
    for page in "$ROOT"/man/*.[157]; do
        [[ $page != */vae-train-mpi.1 ]] || continue
        grep -q "^@test .* run_examples $(basename "$page");" "$BATS_TEST_FILENAME" || fail "$page: its examples are not run"
    done
}

@test "each page has the sections that a reader looks for" {
    for page in "$ROOT"/man/*.[135]; do
        sections="NAME DESCRIPTION EXAMPLES SEE.ALSO"
        [[ $page == *.[13] ]] && sections+=" SYNOPSIS"
        [[ $page == *.1 ]] && sections+=" EXIT.STATUS"
        headings=$(grep '^\.Sh ' "$page" | tr '\n ' ';.')
        for section in $sections; do
            [[ ";$headings" == *";.Sh.$section;"* ]] || fail "$page: has no $section"
        done
    done
}

@test "every page named by another one is there" {
    # Those of the system, which the test's machine need not have.
    others=" awk(1) cat(1) chafa(1) cmp(1) gzip(1) head(1) img2sixel(1) json_pp(1) ldconfig(8) od(1) pam(5) pamcut(1) pamscale(1) pgm(5) pngtopnm(1) pnm(5) pnmtopng(1) ppm(5) "
    others+="pkg-config(1) ppmtopgm(1) sort(1) timeout(1) "
    names=$(sed -n 's/.*\.*Xr \([^ ]*\) \([1-9]\).*/\1(\2)/p' "$ROOT"/man/*.[1357] | sort -u)
    [ -n "$names" ]
    for name in $names; do
        file=${name%)}
        [ -e "$ROOT/man/${file/(/.}" ] || [[ $others == *" $name "* ]] || fail "$name: named, and not there"
    done
}

@test "the options of --help are those of the page, in their order, with their arguments" {
    for tool in $(tools); do
        options_of_help "$tool" >"$BATS_TEST_TMPDIR/help"
        options_of_page "$tool" >"$BATS_TEST_TMPDIR/page"
        [ "$("$tool" --help | grep -c '^  *-')" -eq "$(wc -l <"$BATS_TEST_TMPDIR/help")" ] ||
            fail "$tool --help: a line of options is not understood"
        grep -qx -- '-h, --help' "$BATS_TEST_TMPDIR/help" || fail "$tool --help: names no --help"
        diff "$BATS_TEST_TMPDIR/help" "$BATS_TEST_TMPDIR/page" || fail "$tool: --help (<) and the page (>) differ"
    done
}

@test "every option stands in its page's synopsis" {
    for tool in $(tools); do
        synopsis=$(sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/p' "$ROOT/man/$tool.1")
        for option in $(options_of_page "$tool" | sed 's/^-\(-*[^ ,]*\).*/\1/'); do
            case $option in
            V) [[ $synopsis == *$'\n.Fl h | V\n'* ]] ;;
            *) [[ $synopsis == *"Fl $option"[$' \n']* ]] ;;
            esac || fail "$tool: no -$option in the synopsis"
        done
    done
}

@test "examples: idx2raw(1)" { run_examples idx2raw.1; }
@test "examples: csv2raw(1)" { run_examples csv2raw.1; }
@test "examples: text2raw(1)" { run_examples text2raw.1; }
@test "examples: npy2raw(1)" { run_examples npy2raw.1; }
@test "examples: mtx2raw(1)" { run_examples mtx2raw.1; }
@test "examples: pnm2raw(1)" { run_examples pnm2raw.1; }
@test "examples: vae-train(1)" { run_examples vae-train.1; }
@test "examples: vae-encode(1)" { run_examples vae-encode.1; }
@test "examples: vae-decode(1)" { run_examples vae-decode.1; }
@test "examples: vae-sample(1)" { run_examples vae-sample.1; }
@test "examples: vae-interp(1)" { run_examples vae-interp.1; }
@test "examples: vae-traverse(1)" { run_examples vae-traverse.1; }
@test "examples: vae-climb(1)" { run_examples vae-climb.1; }
@test "examples: vae-impute(1)" { run_examples vae-impute.1; }
@test "examples: vae-eval(1)" { run_examples vae-eval.1; }
@test "examples: vae-score(1)" { run_examples vae-score.1; }
@test "examples: vae-info(1)" { run_examples vae-info.1; }
@test "examples: vae2c(1)" { run_examples vae2c.1; }
@test "examples: vae2onnx(1)" { run_examples vae2onnx.1; }
@test "examples: vae2html(1)" { run_examples vae2html.1; }
@test "examples: raw2pgm(1)" { run_examples raw2pgm.1; }
@test "examples: raw2csv(1)" { run_examples raw2csv.1; }
@test "examples: raw2text(1)" { run_examples raw2text.1; }
@test "examples: raw-select(1)" { run_examples raw-select.1; }
@test "examples: raw-zip(1)" { run_examples raw-zip.1; }
@test "examples: raw2npy(1)" { run_examples raw2npy.1; }
@test "examples: raw-info(1)" { run_examples raw-info.1; }
@test "examples: raw-cmp(1)" { run_examples raw-cmp.1; }
@test "examples: vae-raw(5)" { run_examples vae-raw.5; }
@test "examples: vae-model(5)" { run_examples vae-model.5; }
@test "examples: vae-checkpoint(5)" { run_examples vae-checkpoint.5; }
@test "examples: vae-trust(7)" { run_examples vae-trust.7; }
@test "examples: vaeutils(7)" { run_examples vaeutils.7; }

@test "only vae-raw(5) takes a stream apart by hand, and says of which streams" {
    run grep -rlE 'tail -c \+65|unpack "[a-z]<' "$ROOT/man" "$ROOT/README.md" "$ROOT/examples"
    assert_output "$ROOT/man/vae-raw.5"
    assert_equal "$(grep -c 'tail -c +65' "$ROOT/man/vae-raw.5")" 2
    grep -q '^This takes a stream of one frame' "$ROOT/man/vae-raw.5"
}

@test "each likelihood, activation, objective and optimizer is named in --help and in the pages" {
    local option name names page help count=0
    help=$(vae-train --help)
    for option in likelihood activation objective optimizer; do
        run -2 --separate-stderr vae-train -m x "--$option" nothing
        read -r -a names < <(sed -n "s/.*wanted one of //; s/ (vae-train.*//; s/,//gp" <<<"$stderr")
        for name in "${names[@]}"; do
            count=$((count + 1))
            grep -q -- "--$option .*\b$name\b" <<<"$help" || fail "--help: --$option $name"
            for page in vae-train.1 $([ $option != likelihood ] || echo vaeutils.7 vae-model.5); do
                grep -q "\b$name\b" "$ROOT/man/$page" || fail "$page: --$option $name"
            done
            [ $option != likelihood ] || grep -q "\b$name\b" "$ROOT/README.md" || fail "README.md: $name"
        done
    done
    assert [ $count -ge 20 ]
}

@test "each kind of hidden layer is named in --help and in the pages" {
    local name names page count=0
    run -2 --separate-stderr vae-train -m x --hidden nothing
    read -r -a names < <(sed -n "s/.*, each one of //; s/ (numbers from.*//; s/,//gp" <<<"$stderr")
    for name in "${names[@]%%[:[]*}"; do
        count=$((count + 1))
        grep -q -- "--hidden .*\b$name\b" <<<"$(vae-train --help)" || fail "--help: $name"
        for page in vae-train.1 vae-model.5; do
            grep -q "\b$name\b" "$ROOT/man/$page" || fail "$page: $name"
        done
    done
    assert [ $count -ge 2 ]
}
