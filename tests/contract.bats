#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What all tools promise alike, tried over each of them from one table.
# shellcheck disable=SC2030,SC2031 # a test is a subshell, and sets its variables itself
# shellcheck disable=SC2016 # what is quoted is expanded by a shell of its own
# shellcheck disable=SC2154 # stderr is set by run
load helper

TOOLS=(idx2raw csv2raw text2raw npy2raw mtx2raw pnm2raw vae-train vae-encode vae-decode vae-sample vae-interp vae-traverse vae-climb vae-impute vae-eval vae-score vae-info vae2c vae2onnx vae2html raw2pgm raw2csv raw2text raw2npy raw-select raw-zip raw-info raw-cmp)
READERS=(idx2raw csv2raw text2raw npy2raw mtx2raw pnm2raw vae-train vae-encode vae-decode vae-interp vae-traverse vae-climb vae-impute vae-eval vae-score vae-info raw2pgm raw2csv raw2text raw2npy raw-select raw-zip raw-info raw-cmp)
STREAM_READERS=(vae-train vae-encode vae-decode vae-interp vae-traverse vae-climb vae-impute vae-eval vae-score raw2pgm raw2csv raw2text raw2npy raw-select raw-zip raw-info raw-cmp)
WRITERS=(idx2raw csv2raw text2raw npy2raw mtx2raw pnm2raw vae-encode vae-decode vae-sample vae-interp vae-traverse vae-climb vae-impute vae-eval vae-score vae-info vae2c vae2onnx vae2html raw2pgm raw2csv raw2text raw2npy raw-select raw-zip raw-info)
BINARY_WRITERS=(idx2raw csv2raw text2raw npy2raw mtx2raw pnm2raw vae-encode vae-decode vae-sample vae-interp vae-traverse vae-climb vae-impute vae-score vae2onnx raw2pgm raw2npy raw-select raw-zip)

# use TOOL: sets `arguments`, all but its input; and `input`, one that it reads to a good end.
use() {
    arguments=() input=items.raw
    case $1 in
    idx2raw) input=images.idx ;;
    csv2raw) arguments=(--dtype f32) input=items.csv ;;
    text2raw) arguments=(--tokens tokens.txt --length 784) input=items.txt ;;
    raw2text) arguments=(--tokens tokens.txt) input=numbers.raw ;;
    pnm2raw) input=items.pgm ;;
    npy2raw) input=items.npy ;;
    mtx2raw) arguments=(--dtype u8) input=items.mtx ;;
    vae-train) arguments=(-q -m new.bin -H 8 -z 2 -e 1) ;;
    vae-encode) arguments=(-m model.bin) ;;
    vae-score) arguments=(-q -m model.bin) ;; # as vae-eval
    vae-impute) arguments=(-m model.bin -k 3) input=holes.raw ;;
    vae-eval) arguments=(-q -m model.bin) ;; # without its note on grey values
    vae-info) input=model.bin ;;
    vae2c) arguments=(-m model.bin decoder) input=/dev/null ;;
    vae2onnx) arguments=(-m model.bin encoder) input=/dev/null ;;
    vae2html) arguments=(-q -m model.bin) ;;
    vae-decode) arguments=(-m model.bin) input=latents.raw ;;
    vae-interp | vae-traverse) input=latents.raw ;;
    vae-climb) arguments=(-q --latents known.raw --target values.raw) input=latents.raw ;; # without its note on R^2
    vae-sample) arguments=(-n 300) input=/dev/null ;;
    raw-cmp | raw-zip) arguments=(items.raw) ;;
    esac
    echo "tool: $1"
}

# use_stdin TOOL: the same, with the input from stdin: a - where an operand cannot be left out.
use_stdin() {
    use "$1"
    case $1 in raw-cmp | raw-zip) arguments+=(-) ;; esac
}

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    gzip -dc "$IMAGES" | tail -c +17 | first $((784 * 150)) >pixels
    { perl -e 'print pack "CCCCN3", 0, 0, 8, 3, 150, 28, 28' && cat pixels; } >images.idx
    { header u8 28x28 150 . && cat pixels; } >items.raw
    perl -e 'while (read STDIN, my $item, 784) { print "P5\n28 28\n255\n$item" }' <pixels >items.pgm
    {
        header f32 28x28 150 .
        perl -0777 -ne 'print pack "f<*", map { $_ % 5 ? $_ / 255 : "nan" } unpack "C*"' pixels
    } >holes.raw
    perl -0777 -ne '@x = unpack "C*"; print join(",", map "x$_", 1 .. 784), "\n";
        print join(",", splice @x, 0, 784), "\n" while @x' pixels >items.csv
    perl -0777 -ne '@x = map { $_ % 5 ? ("a", "bc", "C")[$_ % 3] : "" } unpack "C*"; print splice(@x, 0, 784), "\n" while @x' pixels >items.txt
    printf 'a\nbc\nC\n' >tokens.txt
    text2raw --tokens tokens.txt --length 784 items.txt >numbers.raw
    raw2npy items.raw >items.npy
    perl -0777 -ne '@x = unpack "C*"; @at = grep { $x[$_] } 0 .. $#x; printf "%%%%MatrixMarket matrix coordinate integer general\n";
        print "784 150 ", scalar @at, "\n", map { ($_ % 784 + 1) . " " . (int($_ / 784) + 1) . " $x[$_]\n" } @at' pixels >items.mtx
    vae-train -q -m model.bin -z 2 -H 16 -e 3 -b 32 items.raw
    vae-sample -n 300 -d 2 >latents.raw
    vae-sample -n 40 -d 2 -S 2 >known.raw
    raw-select --elements 0 known.raw >values.raw
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/*.* .
}

@test "--help goes to stdout with 0: usage, every common option, an example" {
    for tool in "${TOOLS[@]}"; do
        for option in -h --help; do
            run -0 --separate-stderr "$tool" $option
            assert_empty "$stderr"
            assert_line --index 0 --regexp "^Usage: $tool "
            assert_line --regexp '^  -q, --quiet  '
            assert_line --regexp '^  -h, --help  '
            assert_line --regexp '^  -V, --version  '
            assert_line 'Example:'
        done
    done
}

@test "--version goes to stdout with 0, one line with the tool's name" {
    for tool in "${TOOLS[@]}"; do
        for option in -V --version; do
            run -0 --separate-stderr "$tool" $option
            assert_empty "$stderr"
            assert_regex "$output" "^$tool \(vaeutils\) [0-9]+\.[0-9]+\.[0-9]+$"
        done
    done
}

@test "--help and --version that cannot be printed are errors" {
    for tool in "${TOOLS[@]}"; do
        for option in --help --version; do
            fails 1 "$tool: stdout: cannot write: No space left on device" bash -c "$tool $option >/dev/full"
            fails 1 "$tool: stdout: cannot write: Bad file descriptor" bash -c "$tool $option >&-"
        done
    done
}

@test "an unknown option, or one with an argument too many or too few, is named and exits 2" {
    for tool in "${TOOLS[@]}"; do
        fails 2 "$tool: -x: no such option ($tool --help tells more)" "$tool" -x
        fails 2 "$tool: --nonsense: no such option ($tool --help tells more)" "$tool" --nonsense
        fails 2 "$tool: --quiet: found an argument, wanted none" "$tool" --quiet=yes
        fails 2 "$tool: -x: no such option" "$tool" -qx
        # The option before it is not to blame.
        fails 2 "$tool: -x: no such option" "$tool" --quiet -xq
        assert [ ! -s out ]
    done
    while read -r tool given named; do
        fails 2 "$tool: $named: found no argument, wanted one" "$tool" "$given"
    done <<'END'
vae-train -m --model
vae-encode --model --model
vae-decode -S --seed
vae-sample --count --count
vae-eval -k --samples
idx2raw -n --count
raw2pgm --pad --pad
raw-cmp --abs --abs
END
}

@test "an abbreviated option is refused, and the one that was meant is named" {
    for tool in "${TOOLS[@]}"; do
        fails 2 "$tool: --qui: no such option, did you mean --quiet? ($tool --help tells more)" "$tool" --qui
        fails 2 "$tool: --vers: no such option, did you mean --version?" "$tool" --vers=1
        # Nothing is done of what an option before it asks for.
        fails 2 "$tool: --hel: no such option, did you mean --help?" "$tool" -q --hel
    done
    fails 2 'vae-info: --tensor: no such option, did you mean --tensors?' vae-info --tensor model.bin
    fails 2 'vae-train: --lat: no such option, did you mean --latent?' vae-train --lat 3
    fails 2 'vae-train: --lat: no such option, did you mean --latent?' vae-train --lat=3
    fails 2 'vae-train: --lat: no such option, did you mean --latent?' vae-train --lat
    # It may be short for several, or be the beginning of another's argument.
    fails 2 'vae-train: --s: no such option (vae-train --help tells more)' vae-train --s 3
    fails 2 "vae-train: --sigma: found it with -l bernoulli" vae-train -m --model --sigma --sig
}

@test "an option with a typing error, or with another program's name, is named as it is called here" {
    local typed meant
    while read -r tool typed meant; do
        fails 2 "$tool: $typed: no such option, did you mean $meant? ($tool --help tells more)" "$tool" "$typed" 3
    done <<'END'
vae-train --lr --rate
vae-train --learning-rate --rate
vae-train --learning_rate --rate
vae-train --batch-size --batch
vae-train --latent-dim --latent
vae-train --hidden-dim --hidden
vae-train --epoch --epochs
vae-train --num_epochs --epochs
vae-train --z --latent
vae-train -o --model
vae-train --output --model
vae-train --bacth --batch
vae-train --optimiser --optimizer
vae-train --SEED --seed
vae-train --early-stopping --patience
vae-eval --labels --cond
vae-eval --num-samples --samples
vae-eval --k --samples
vae-sample --num-samples --count
vae-sample --latent-dim --dim
vae-decode --num-workers --threads
vae-interp --slerp --spherical
raw2pgm --nrow --columns
raw2pgm --cols --columns
vae-train --batchsize --batch
vae-train --dim --latent
vae-sample --num --count
vae-sample --klass --class
raw-cmp --atol --abs
idx2raw --limit --count
END
    # Only what the tool has is named, and a model only as what is written where it is.
    while read -r tool typed; do
        fails 2 "$tool: $typed: no such option ($tool --help tells more)" "$tool" "$typed" 3
    done <<'END'
raw-info --lr
raw-cmp -o
raw-cmp --output
vae-eval --lr
vae-train --dropout
vae-train --foo
vae-train --latels
vae-train --lg
vae-train --an-option-whose-name-is-longer-than-any-that-a-tool-has
END
    # Files to write are no options of tools that write to stdout.
    for tool in "${TOOLS[@]}"; do
        [ "$tool" != vae-train ] && [ "$tool" != raw-cmp ] || continue
        for typed in -o --out --output -output; do
            fails 2 "$tool: $typed: no such option, output goes to stdout: use > FILE ($tool --help tells more)" "$tool" "$typed" x
        done
    done
    # Each name in the table is of an option that a tool has.
    for tool in "${TOOLS[@]}"; do
        "$tool" --help | grep -o -e '--[a-z-]*' | cut -c 3-
    done | sort -u >names
    sed -n '/^} other_names/,/^};/ s/^    {"[a-z-]*", "\([a-z-]*\)".*/\1/p' "$ROOT/lib/base/option_advice.c" | sort -u >named
    assert [ "$(wc -l <named)" -gt 20 ]
    assert_empty "$(comm -13 names named)"
}

@test "a long option with one dash is named as it was typed, and the one that was meant" {
    local command message
    while IFS='|' read -r command message; do
        # shellcheck disable=SC2086 # a command and its arguments
        fails 2 "${command%% *}: $message? (${command%% *} --help tells more)" $command
    done <<'END'
vae-train -lr 0.01|-lr: read as -l r, did you mean --rate
vae-train -bs 64|-bs: read as -b s, did you mean --batch
vae-train -epochs 5|-epochs: read as -e pochs, did you mean --epochs
vae-train -m x -latent=5|-latent: read as -l atent=5, did you mean --latent
vae-train -model x.bin items.raw|-model: read as -m odel, did you mean --model
vae-train -seed 1|-seed: no such option, did you mean --seed
vae-train -q -quiet|-quiet: no such option, did you mean --quiet
vae-train -output x.bin|-output: no such option, did you mean --model
vae-info -tensors model.bin|-tensors: no such option, did you mean --tensors
raw2pgm -cols 3|-cols: read as -c ols, did you mean --columns
vae-sample -num 3|-num: read as -n um, did you mean --count
END
    # Without one that may have been meant it is the short option's argument that is named; one that is right is taken.
    fails 2 "vae-train: --batch: found '0', wanted a whole number" vae-train -b0
    vae-sample -n3 -d2 | compared cmp - <(vae-sample -n 3 -d 2)
    # Only while it is parsed.
    fails 2 'vae-train: --beta: ' vae-train -z5 -m x --beta y
    fails 2 'vae-train: --beta: ' vae-train -mseed --beta y
}

@test "an option with an argument is given once, a flag as often as one likes" {
    for tool in vae-encode vae-decode vae-impute vae-eval vae-score vae-train; do
        fails 2 "$tool: --model: found it twice, with 'a' and 'b', wanted it once" "$tool" -m a -m b
        fails 2 "$tool: --model: found it twice, with 'a' and 'b', wanted it once" "$tool" -m a --model=b
        fails 2 "$tool: --threads: found it twice, with '1' and '1', wanted it once" "$tool" --threads 1 -m a -j1
    done
    fails 2 "idx2raw: --skip: found it twice, with '0' and '1'" idx2raw --skip 0 --skip 1
    fails 2 "raw-cmp: --abs: found it twice, with '0' and '1'" raw-cmp --abs 0 --abs 1
    for tool in "${TOOLS[@]}"; do
        run -0 "$tool" -q --quiet -q --version
        assert_output --regexp "^$tool \(vaeutils\) "
    done
}

@test "numbers of options are whole and in range, or exit 2" {
    fails 2 'vae2onnx: --model: not given, wanted it' vae2onnx encoder
    fails 2 'vae2html: --model: not given, wanted it' vae2html items.raw
    for tool in vae-train vae-encode vae-decode vae-impute vae-eval vae-score; do
        for threads in 0 -1 1.5 2x 99999 ''; do
            fails 2 "$tool: --threads: found '$threads', wanted a whole number from 1 to" "$tool" -m model.bin -j "$threads"
        done
        fails 2 "$tool: --seed: found '-1', wanted a whole number from 0" "$tool" -m model.bin -S -1
        fails 2 "$tool: --model: not given, wanted it" "$tool" </dev/null
    done
    for rate in '' x 1x 1.2.3 1-2 1e 1e2e3 .. inf nan 0x1 1,5 -0.1 1001; do
        fails 2 "vae-train: --rate: found '$rate', wanted a number from 0 to 1000" vae-train -m model.bin -r "$rate"
    done
}

@test "every tool does its work with 0, and says nothing on stderr with -q" {
    for tool in "${TOOLS[@]}"; do
        use "$tool"
        [[ $tool == vae-sample || $tool == vae2c || $tool == vae2onnx ]] || arguments+=("$input")
        run -0 --separate-stderr bash -c '"$@" >out' - "$tool" -q "${arguments[@]}"
        assert_empty "$stderr"
        case $tool in
        vae-train) [ -s new.bin ] ;;
        raw-cmp) fails 1 'raw-cmp: items.raw: ' raw-cmp -q holes.raw items.raw ;; # what it has to say is its status
        *) [ -s out ] ;;
        esac
    done
}

# made_of ARGUMENT...: what $tool makes: its output; the model; the word that two streams are equal.
made_of() {
    "$tool" "$@" || return
    case $tool in
    vae-train) cat new.bin && rm new.bin ;;
    raw-cmp) echo equal ;;
    esac
}

@test "a file, - and stdin are the same input" {
    for tool in "${READERS[@]}"; do
        use "$tool"
        made_of "${arguments[@]}" $input >file.out
        made_of "${arguments[@]}" - <$input | cmp - file.out
        # These have no operand to leave out.
        [[ $tool == raw-cmp || $tool == raw-zip ]] && continue
        made_of "${arguments[@]}" <$input | cmp - file.out
        # Options behind the operand are options as well.
        made_of $input "${arguments[@]}" | cmp - file.out
    done
}

@test "a full disk and a closed stdout exit 1 with a message" {
    for tool in "${WRITERS[@]}"; do
        use_stdin "$tool"
        fails 1 "$tool: stdout: cannot write: No space left on device" \
            bash -c '"$@" >/dev/full' - "$tool" "${arguments[@]}" <$input
        fails 1 "$tool: stdout: cannot write: Bad file descriptor" bash -c '"$@" >&-' - "$tool" "${arguments[@]}" <$input
    done
}

@test "a closed stdin exits 1 with a message, and no file takes its place" {
    for tool in "${READERS[@]}"; do
        use_stdin "$tool"
        fails 1 "$tool: stdin: cannot read: Bad file descriptor" bash -c '"$@" <&-' - "$tool" "${arguments[@]}"
    done
}

@test "with a closed stderr, messages go nowhere, not into what a tool reads or writes" {
    for tool in vae-train "${WRITERS[@]}"; do
        use_stdin "$tool"
        [ "$tool" = vae-train ] && arguments=("${arguments[@]:1}") # with its notes
        "$tool" "${arguments[@]}" <$input >wanted 2>err
        [ "$tool" != vae-train ] || mv new.bin wanted
        "$tool" "${arguments[@]}" <$input >out 2>&-
        [ "$tool" != vae-train ] || mv new.bin out
        cmp out wanted
    done
}

@test "a closed reader ends a tool silently, even below a parent that ignores SIGPIPE" {
    # Each of them writes more than a pipe holds.
    vae-train -q -m large.bin -H 32 -e 0 items.raw
    vae-sample -n 30000 -d 2 >latents.raw
    { perl -e 'print pack "CCCCN3", 0, 0, 8, 3, 12000, 28, 28' && for _ in {1..80}; do cat "$BATS_FILE_TMPDIR/pixels"; done; } >images.idx
    idx2raw images.idx >items.raw
    raw2npy items.raw >items.npy
    printf '%%%%MatrixMarket matrix coordinate integer general\n784 12000 0\n' >items.mtx
    { head -1 items.csv && for _ in {1..80}; do tail -n +2 "$BATS_FILE_TMPDIR/items.csv"; done; } >long.csv
    mv long.csv items.csv
    for _ in {1..80}; do cat "$BATS_FILE_TMPDIR/items.txt"; done >items.txt
    for _ in {1..80}; do cat "$BATS_FILE_TMPDIR/numbers.raw"; done >numbers.raw
    for _ in {1..80}; do cat "$BATS_FILE_TMPDIR/items.pgm"; done >items.pgm
    for tool in "${BINARY_WRITERS[@]}" vae-eval; do
        use_stdin "$tool"
        [ "$tool" = vae-sample ] && arguments=(-n 100000)
        [ "$tool" = vae-encode ] && arguments+=(--stats)
        [ "$tool" = vae-eval ] && arguments+=(--per-item)
        [ "$tool" = vae2onnx ] && arguments=(-m large.bin encoder)
        for ignore in '' "trap '' PIPE;"; do
            for reader in 'head -c 10 >/dev/null' true; do
                got=0
                bash -c "$ignore"' "$@" 2>err | '"$reader"'; exit ${PIPESTATUS[0]}' - "$tool" "${arguments[@]}" <$input || got=$?
                assert_equal "$tool: $got" "$tool: 141" # dead of SIGPIPE
                assert_empty "$(<err)"
            done
        done
    done
}

@test "a directory is refused as one" {
    mkdir dir
    for tool in "${READERS[@]}"; do
        use "$tool"
        fails 1 "$tool: dir: is a directory, wanted a file" "$tool" "${arguments[@]}" dir
        fails 1 "$tool: stdin: is a directory, wanted a file" "$tool" "${arguments[@]}" - <dir
    done
}

@test "a file that is missing or unreadable is named with the system's reason" {
    for tool in "${READERS[@]}"; do
        use "$tool"
        fails 1 "$tool: none: cannot open: No such file or directory" "$tool" "${arguments[@]}" none
        fails 1 "$tool: $input/x: cannot open: Not a directory" "$tool" "${arguments[@]}" $input/x
    done
    for tool in vae-encode vae-decode vae-impute vae-eval vae-score vae-sample; do
        fails 1 "$tool: none: cannot open: No such file or directory" "$tool" -m none
    done
    fails 1 'vae2c: none: cannot open: No such file or directory' vae2c -m none decoder
}

@test "a name with control characters cannot break the one line of an error" {
    for tool in "${READERS[@]}"; do
        use "$tool"
        fails 1 "$tool: a\\x0ab\\x1b[2J: cannot open" "$tool" "${arguments[@]}" $'a\nb\e[2J'
    done
}

@test "an empty input, or a terminal, asks for a pipe or a file, since either may be what is missing" {
    local wanted
    for tool in "${READERS[@]}"; do
        use "$tool"
        wanted='a stream'
        [ "$tool" != idx2raw ] || wanted='an IDX file'
        [ "$tool" != csv2raw ] || wanted='a table of text (CSV)'
        [ "$tool" != text2raw ] || wanted='lines of text'
        [ "$tool" != pnm2raw ] || wanted='a PBM, PGM, PPM or PAM picture'
        [ "$tool" != npy2raw ] || wanted='a NumPy array (.npy)'
        [ "$tool" != mtx2raw ] || wanted='a MatrixMarket matrix'
        [ "$tool" != vae-info ] || wanted='a model'
        fails 1 "$tool: stdin: empty input, wanted $wanted from a pipe, or a file named on the command line" \
            "$tool" "${arguments[@]}" - </dev/null
        true >empty
        fails 1 "$tool: empty: empty input, wanted $wanted" "$tool" "${arguments[@]}" empty
        assert_equal "$(<err)" "$tool: empty: empty input, wanted $wanted"
    done
    # The items went to another option, so that none are left for stdin.
    idx2raw -n 4 "$IMAGES" >items.raw
    fails 1 'vae-train: stdin: empty input, wanted a stream from a pipe, or a file named on the command line' \
        vae-train -q -m new.bin --val items.raw </dev/null
    run -1 timeout 20 script -qec 'vae-train -q -m new.bin --val items.raw' /dev/null </dev/null
    assert_output --regexp '^vae-train: stdin: is a terminal, wanted binary data from a pipe, or a file named on the command line.?$'
}

@test "an input cut anywhere exits 1 with one line that names it, and no model is made of it" {
    for tool in "${READERS[@]}"; do
        [[ $tool != csv2raw && $tool != text2raw ]] || continue # text does not tell where it should end
        use "$tool"
        for bytes in 0 10 63 64 100 $(($(stat -c %s $input) - 1)); do
            head -c "$bytes" $input >cut.raw
            fails 1 "$tool: cut.raw: " "$tool" "${arguments[@]}" cut.raw
            # From a pipe, where no size can be asked for.
            fails 1 "$tool: stdin: " bash -c 'cat cut.raw | "$@"' - "$tool" "${arguments[@]}" -
        done
    done
    assert [ ! -e new.bin ]
}

@test "an input that goes wrong behind whole blocks of items, while one is at work, exits 1 with one line that names it" {
    # A block has 512 items at most.
    local block result size whole_blocks
    for stream in items.raw latents.raw holes.raw; do
        read -r _ dtype shape items _ <"$stream"
        { header "$dtype" "$shape" $((items * 15)) . && for _ in {1..15}; do tail -c +65 $stream; done; } >"long.$stream"
    done
    for tool in vae-encode vae-decode vae-impute vae-eval vae-score; do
        use "$tool"
        "$tool" "${arguments[@]}" -q "long.$input" >whole
        size=$(stat -c %s "long.$input")
        for bytes in $((size / 2)) $((size * 3 / 4)) $((size - 1)); do
            head -c "$bytes" "long.$input" >cut.raw
            for j in 1 2 8; do
                fails 1 "$tool: cut.raw: ended after " "$tool" "${arguments[@]}" -j $j cut.raw
                # The results of the whole blocks before are there, and nothing more.
                case $tool in
                vae-encode) block=$((512 * 784)) result=$((512 * 8)) ;;
                vae-decode) block=$((512 * 8)) result=$((512 * 3136)) ;;
                *) block=$size result=0 ;;
                esac
                whole_blocks=$(((bytes - 64) / block))
                [ $result -eq 0 ] || command cmp -n $((64 + whole_blocks * result)) out whole
                cp out before
                fails 1 "$tool: stdin: ended after " bash -c 'cat cut.raw | "$@"' - "$tool" "${arguments[@]}" -j $j
                command cmp out before
            done
        done
        for j in 1 2 8; do
            { cat "long.$input" && printf X; } >long
            fails 1 "$tool: long: bytes that are no frame follow" "$tool" "${arguments[@]}" -j $j long
            fails 1 "$tool: stdout: cannot write: No space left on device" \
                bash -c '"$@" >/dev/full' - "$tool" "${arguments[@]}" -q -j $j "long.$input"
        done
    done
    # The first error in the stream is told, however far ahead the tool has read.
    vae-train -q -m wide.bin -z 20 -H 100 -l gaussian -e 0 items.raw
    { header f32 20 2000 . && perl -e 'print pack "f<*", map { ($_ == 511 ? 3e38 : 0) x 20 } 0 .. 1999'; } >large.raw
    head -c -1 large.raw >cut.raw
    head -c $((64 + 512 * 80)) large.raw >cut.at.a.block.raw
    for stream in large cut cut.at.a.block; do
        for j in 1 2 8; do
            fails 1 "vae-decode: $stream.raw: item 511 has a result that is not finite" vae-decode -m wide.bin -j $j $stream.raw
        done
    done
    # The last item cannot be taken, or has no label.
    { head -c -4 long.latents.raw && f32 nan; } >bad.raw
    { header u8 28x28 2250 . && for _ in {1..15}; do cat "$BATS_FILE_TMPDIR/pixels"; done; } >long.raw
    { header u8 1 2249 . && head -c 2249 /dev/zero; } >labels.raw
    { header u8 1 150 . && head -c 150 /dev/zero; } >few.raw
    vae-train -q -m told.bin -z 2 -H 16 -e 1 --cond few.raw items.raw
    for j in 1 2 8; do
        fails 1 'vae-decode: bad.raw: item 4499, element 1 is nan, wanted a finite float' vae-decode -m model.bin -j $j bad.raw
        fails 1 'vae-encode: labels.raw: ends after 2249 labels' vae-encode -q -m told.bin --cond labels.raw -j $j long.raw
    done
}

@test "bytes behind the end exit 1 with one line that names the input" {
    for tool in "${READERS[@]}"; do
        use "$tool"
        { cat $input && printf 'X'; } >long
        fails 1 "$tool: long: " "$tool" "${arguments[@]}" long
    done
    assert [ ! -e new.bin ]
}

@test "what is no stream at all is named by its first bytes" {
    printf '%-100s' 'P5 28 28 255' >picture
    for tool in "${STREAM_READERS[@]}"; do
        use "$tool"
        fails 1 "$tool: picture: looks like a PGM picture, wanted a stream's header 'raw1 ...': pnm2raw makes one of it" "$tool" "${arguments[@]}" picture
    done
}

@test "items of a wrong shape or dtype are told, with what is wanted" {
    { header i32 5x2 1 . && head -c 40 /dev/zero; } >odd.raw
    fails 1 'vae-encode: odd.raw: items have shape 5x2, model.bin wants 28x28' vae-encode -m model.bin odd.raw
    fails 1 'vae-eval: odd.raw: items have shape 5x2, model.bin wants 28x28' vae-eval -m model.bin odd.raw
    fails 1 'vae-decode: odd.raw: items have shape 5x2, model.bin wants latents of 2' vae-decode -m model.bin odd.raw
    fails 1 'raw2pgm: odd.raw: items are i32, wanted u8, f32 or f64' raw2pgm odd.raw
    fails 1 'raw-cmp: odd.raw: items have shape 5x2, wanted 28x28' raw-cmp items.raw odd.raw
    fails 1 'raw-zip: odd.raw: items have shape 5x2, wanted 28x28' raw-zip items.raw odd.raw
    fails 1 'vae-train: odd.raw: items have shape 5x2, wanted 28x28' vae-train -m new.bin --val odd.raw items.raw
    { header i32 2 1 . && head -c 8 /dev/zero; } >odd.raw
    fails 1 'vae-decode: odd.raw: items are i32, wanted latents of f32 or f64' vae-decode -m model.bin odd.raw
}

@test "streams one behind the other are one stream" {
    for tool in vae-encode vae-decode; do
        use $tool
        recut 50 <$input | sed 's/ + / . /' >many
        "$tool" "${arguments[@]}" $input >whole.out
        "$tool" "${arguments[@]}" many >many.out
        raw-cmp --abs 1e-5 whole.out many.out
        cat $input $input | "$tool" "${arguments[@]}" >twice.out
        cat whole.out whole.out | raw-cmp --abs 1e-5 - twice.out
    done
    cat items.raw items.raw | raw-info | grep -P '^u8\t28x28\t300\t2\t'
    cat items.raw items.raw | vae-eval -m model.bin | grep -P '^300\t'
    cat items.raw items.raw | raw2pgm -c 1 | sed -n 2p | grep '^28 8400$'
    cat items.raw items.raw | vae-train -m new.bin -H 8 -z 2 -e 1 2>&1 | grep ' over 300 items of '
}

@test "how the input is cut into frames changes no number of the output" {
    local differing=()
    # output FILE: what the tool makes of it, without frames.
    output() {
        "$tool" "${arguments[@]}" "$1" >out
        case $tool in
        vae-train) cat new.bin ;;
        raw-select | vae-encode | vae-decode | vae-score | vae-interp | vae-traverse | vae-climb | vae-impute) payload <out ;;
        *) cat out ;;
        esac
    }
    for options in vae-train vae-encode 'vae-encode --sample' 'vae-encode --stats' vae-decode 'vae-decode --sample' \
        vae-interp 'vae-interp --spherical' vae-traverse vae-climb 'vae-climb --control' vae-impute 'vae-impute --sample' vae-score vae-eval 'vae-eval -k 3 --per-item' raw2pgm raw2npy \
        'raw-select --stride 2'; do
        read -r tool option <<<"$options"
        use "$tool"
        # shellcheck disable=SC2206 # an option, or two, or none
        arguments+=($option)
        output $input >one.out
        assert [ -s one.out ]
        for frame in 1 7 64 149; do
            recut $frame <$input >frames.raw
            output frames.raw | cmp -s - one.out || differing+=("$options in frames of $frame;")
        done
    done
    assert_empty "${differing[*]}"
}

@test "a map keeps the input's frames" {
    for tool in vae-encode vae-decode vae-climb vae-impute vae-score raw-select; do
        use $tool
        recut 60 <$input >frames.raw
        "$tool" "${arguments[@]}" frames.raw >out
        assert_equal "$(grep -a -o 'raw1 [a-z0-9]* [0-9x]* [0-9]* [.+]' out | cut -d ' ' -f 4,5 | xargs)" \
            "$(grep -a -o 'raw1 [a-z0-9]* [0-9x]* [0-9]* [.+]' frames.raw | cut -d ' ' -f 4,5 | xargs)"
    done
}

@test "a map works as items come: the first frame is out before the second is in" {
    mkfifo in
    vae-encode -m model.bin in >out 3>&- &
    pid=$!
    exec 9<>in
    recut 50 <items.raw | first $((64 + 50 * 784)) >&9
    await eval '[ "$(stat -c %s out)" -ge $((64 + 50 * 8)) ]'
    recut 50 <items.raw | tail -c +$((65 + 50 * 784)) >&9
    exec 9>&-
    wait $pid
    vae-encode -m model.bin items.raw | raw-cmp --abs 1e-5 - out
}

@test "a map writes what it has when its input pauses, also amid an item" {
    { header f32 2 3000 . && for _ in {1..10}; do tail -c +65 latents.raw; done; } >long.raw
    { header u8 1 150 . && head -c 150 /dev/zero; } >labels.raw
    vae-train -q -m told.bin -z 1 -H 4 -e 0 --cond labels.raw items.raw
    { header u8 28x28 600 . && for _ in {1..4}; do cat "$BATS_FILE_TMPDIR/pixels"; done; } >items.600
    { header u8 1 600 . && head -c 600 /dev/zero; } >labels.600
    mkfifo in
    # begins BYTES STREAM COMMAND...: the command, which has got so much of what comes through the fifo.
    begins() {
        "${@:3}" >out 3>&- 9>&- &
        pid=$!
        exec 9<>in
        first "$1" <"$2" >&9
    }
    # ends BYTES STREAM: the command is given the rest.
    ends() {
        tail -c +$(($1 + 1)) "$2" >&9
        exec 9>&-
        wait $pid
    }
    # Two blocks of 512 latents and the beginning of a latent; one of 512 items, but 520 labels.
    for j in 1 2; do
        begins 8260 long.raw vae-decode -m model.bin -j $j in
        await eval '[ "$(stat -c %s out)" -ge $((64 + 1024 * 784 * 4)) ]'
        ends 8260 long.raw
        vae-decode -m model.bin long.raw | cmp - out
        begins 584 labels.600 vae-encode -q -m told.bin -j $j --cond in items.600
        await eval '[ "$(stat -c %s out)" -ge $((64 + 512 * 2 * 4)) ]'
        ends 584 labels.600
        vae-encode -q -m told.bin --cond labels.600 items.600 | cmp - out
    done
}

# together COMMAND TOOL...: calls `COMMAND TOOL` for all of them at the same time, each in a directory with the files of this
# one.
together() {
    local command=$1 tool
    local -A process
    shift
    for tool in "$@"; do
        mkdir "$tool"
        find . -maxdepth 1 -type f -exec ln -s "$PWD/{}" "$tool" \;
        {
            cd "$tool" || exit
            "$command" "$tool"
        } >"$tool.said" 2>&1 3>&- &
        process[$tool]=$!
    done
    for tool in "$@"; do
        wait "${process[$tool]}" || fail "$tool: $(<"$tool.said")"
        rm -r "$tool" "$tool.said"
    done
}

@test "a pipe that another process has set not to block is waited for" {
    # without_blocking STREAM COMMAND...
    without_blocking() {
        perl -MFcntl -e '$s = shift; open my $f, $s or die; fcntl $f, F_SETFL, O_NONBLOCK | fcntl $f, F_GETFL, 0; exec @ARGV' -- "$@"
    }
    slow() { first 100 <"$1" && sleep 0.1 && tail -c +101 "$1"; }
    reads() {
        use "$1"
        [ "$1" != vae-info ] || return 0 # reads no stdin
        "$1" "${arguments[@]}" -q - <$input >whole
        slow $input | without_blocking '<&=0' "$1" "${arguments[@]}" -q - >out
        command cmp out whole
    }
    writes() {
        use_stdin "$1"
        [ "$1" != vae-encode ] || arguments+=(--stats)
        "$1" "${arguments[@]}" -q <$input >whole
        without_blocking '>&=1' "$1" "${arguments[@]}" -q <$input | { sleep 0.1 && cat; } >out
        cmp out whole
    }
    together reads "${READERS[@]}"
    together writes "${BINARY_WRITERS[@]}"
}

@test "any number of threads gives the same bytes" {
    for options in vae-encode 'vae-encode --sample' vae-decode 'vae-decode --sample' 'vae-impute --sample' vae-impute vae-score 'vae-eval -k 3' 'vae-eval --per-item' vae-climb 'vae-climb --control'; do
        read -r tool option <<<"$options"
        use "$tool"
        # shellcheck disable=SC2206 # an option, or two, or none
        arguments+=($option)
        "$tool" "${arguments[@]}" -j 1 $input >one.out
        "$tool" "${arguments[@]}" $input | cmp - one.out
        for j in 2 3 16; do "$tool" "${arguments[@]}" -j $j $input | cmp - one.out; done
    done
}

@test "what comes first does not depend on what follows" {
    vae-sample -n 64 | tail -c +65 >few
    vae-sample -n 128 | tail -c +65 | first "$(stat -c %s few)" | cmp - few
    vae-sample -n 70000 -d 1 | tail -c +65 | first 4000 | cmp - <(vae-sample -n 1000 -d 1 | tail -c +65)
    for options in vae-encode 'vae-encode --sample' vae-decode 'vae-decode --sample'; do
        read -r tool option <<<"$options"
        use "$tool"
        # shellcheck disable=SC2206 # an option, or none
        arguments+=($option)
        "$tool" "${arguments[@]}" $input | payload >all.out
        for n in 1 33 100; do
            item=$([ $input = items.raw ] && echo 784 || echo 8)
            recut $n <$input | first $((64 + n * item)) | sed '1s/+/./' >part.raw
            "$tool" "${arguments[@]}" part.raw | payload >part.out
            head -c "$(stat -c %s part.out)" all.out | cmp - part.out
        done
    done
}

@test "the same seed gives the same bytes, and another seed others" {
    for command in 'vae-encode --sample -m model.bin items.raw' 'vae-decode --sample -m model.bin latents.raw' \
        'vae-sample -n 9' 'vae-eval -m model.bin items.raw'; do
        for seed in 1 1 2; do $command -S $seed >"out$seed" && [ ! -e same ] && cp out1 same; cmp out1 same; done
        $command | cmp - same
        $command --seed 2 | cmp - out2
        run -1 cmp -s same out2
        rm same
    done
}

@test "data is neither read from a terminal nor written to one" {
    for tool in "${READERS[@]}"; do
        use "$tool"
        run -1 timeout 20 script -qec "$tool ${arguments[*]} - >out" /dev/null </dev/null
        assert_output --regexp "^$tool: stdin: is a terminal, wanted binary data from a pipe, or a file named on the command line.?$"
    done
    for tool in "${BINARY_WRITERS[@]}"; do
        use_stdin "$tool"
        run -1 timeout 20 script -qec "$tool ${arguments[*]} <$input" /dev/null </dev/null
        assert_output --regexp "^$tool: stdout: is a terminal, wanted a pipe or a file for binary data.?$"
    done
}

@test "progress is drawn on a terminal, but not by a tool that writes to a pipe: its neighbours draw, too" {
    script -qec 'timeout 1.5 vae-sample -d 1 -n 1000000000000 >/dev/null' /dev/null </dev/null >screen || true
    tr '\r' '\n' <screen | grep -q '^vae-sample: [0-9]\{1,11\} of 1000000000000 items, '
    script -qec 'timeout 1.5 vae-sample -d 1 -n 1000000000000 | cat >/dev/null' /dev/null </dev/null >screen || true
    run -1 grep 'vae-sample: ' screen
    # What is said after it has a line of its own.
    { header u8 1 2 + && printf ab && header u8 1 2 . && printf c; } >cut.raw
    script -qec '{ head -c 64 && sleep 0.5 && cat; } <cut.raw | raw-info' /dev/null </dev/null >screen || true
    tr '\r' '\n' <screen >lines
    grep -q '^raw-info: 2 items, ' lines
    grep -q $'^\e\[Kraw-info: stdin: ended after 1 of 2 bytes' lines
}

@test "a tool started bare on a terminal prints its short usage" {
    for tool in "${TOOLS[@]}"; do
        run -2 timeout 20 script -qec "$tool" /dev/null </dev/null
        assert_line --index 0 --regexp "^Usage: $tool "
        assert [ "${#lines[@]}" -le 2 ]
    done
    # Where its binary data comes from, or goes to, is no terminal: it does its work.
    run -0 timeout 20 script -qec 'vae-sample >out' /dev/null </dev/null
    assert_empty "$output"
    raw-info out | row_holds 2 '$3 == 1'
    run -0 timeout 20 script -qec 'raw-info <out' /dev/null </dev/null
    assert_line --index 1 --regexp $'^f32\t20\t1\t'
}

@test "a tool that fails leaves no whole stream, wherever its input goes wrong" {
    for tool in vae-encode vae-decode vae-interp vae-traverse vae-climb vae-impute vae-score raw-select; do
        use "$tool"
        read -r _ dtype shape _ <"$input"
        for end in . +; do header "$dtype" "$shape" 0 $end >empty$end; done
        # A frame that ends its stream, before the error, is not the end of the output.
        for frames in "$input" empty. "$input empty." "$input empty. empty." "empty. $input" "$input empty+" "$input $input"; do
            # shellcheck disable=SC2086 # several files
            cat $frames <(printf garbage) >long.raw
            fails 1 "$tool: long.raw: bytes that are no frame follow" "$tool" -q "${arguments[@]}" long.raw
            mv out cut.raw && fails 1 'raw-info: cut.raw: e' raw-info cut.raw # it ended, or is empty
        done
        # Frames without items are passed on if all is right.
        cat "$input" empty. empty. | "$tool" -q "${arguments[@]}" >out
        assert_equal "$(raw-info out | tail -1 | cut -f 4)" 3
    done
    fails 1 'vae-interp: stdin: found 1 items' bash -c 'vae-sample -n 1 | vae-interp'
    assert [ ! -s out ]
}

# waits PID: it sleeps, and goes on doing so.
waits() {
    local before
    before=$(cut -d ' ' -f 3,14,15 "/proc/$1/stat")
    sleep 0.2
    [[ $before == S* ]] && [ "$(cut -d ' ' -f 3,14,15 "/proc/$1/stat")" = "$before" ]
}

@test "SIGUSR1 ends no tool, whatever it waits for, and each that works on a stream tells how far it is" {
    asked() {
        local tool=$1 state
        use "$tool"
        mkfifo in
        "$tool" "${arguments[@]}" - <in >out 2>err 3>&- &
        pid=$!
        exec 9>in
        head -c 100 $input >&9
        await waits $pid
        kill -USR1 $pid
        tail -c +101 $input >&9 || true
        exec 9>&-
        wait $pid
        case $tool in
        vae-info) return ;; # its model is no stream
        csv2raw | text2raw | pnm2raw) state='150 items, [0-9]*/s' ;; # tables, texts and pictures do not tell how many there are
        vae-impute | vae-eval | vae-score) state='items from 0 on, [0-9]* of [0-9]* draws' ;;
        vae-decode | vae-interp | vae-traverse | vae-climb) state='[0-9]* of 300 items, [0-9]*/s, [0-9]* s left' ;;
        *) state='[0-9]* of 150 items, [0-9]*/s, [0-9]* s left' ;;
        esac
        grep -q "^$tool: $state$" err || fail "$(<err)"
    }
    together asked "${READERS[@]}"
    # With many draws also between them.
    vae-eval -q -j 1 -m model.bin -k 10000000 items.raw >out 2>err 3>&- &
    pid=$!
    await eval '[ "$(cut -d " " -f 14 "/proc/$pid/stat")" -ge 10 ]'
    kill -USR1 $pid
    await grep -q '^vae-eval: items from 0 on, [1-9][0-9]* of 10000000 draws$' err
    kill -KILL $pid
    wait $pid || true
    assert_equal "$(wc -l <err)" 1
}

@test "a signal while a full pipe is waited for loses nothing of what is printed" {
    for _ in {1..20}; do cat "$BATS_FILE_TMPDIR/items.raw"; done >items.raw
    vae-eval -q -m model.bin --per-item items.raw >wanted
    assert [ "$(stat -c %s wanted)" -gt 70000 ] # more than a pipe holds
    mkfifo pipe
    # blocked SIGNAL COMMAND...: sends it once the command, which writes to the pipe, has filled that; then reads.
    blocked() {
        "${@:2}" 2>err 3>&- &
        local pid=$! got=0
        exec 9<pipe
        await waits $pid
        kill -"$1" $pid
        sleep 0.2
        cat <&9 >out
        exec 9<&-
        wait $pid || got=$?
        echo "$got" >status
    }
    blocked USR1 bash -c 'exec vae-eval -q -j 1 -m model.bin --per-item items.raw >pipe'
    assert_equal "$(<status)" 0
    cmp out wanted
    vae-sample -n 9 -d 2 >few.raw
    blocked TERM vae-train -q -j 1 -m new.bin -l gaussian -H 2 -z 1 -e 1000000 --log pipe few.raw
    assert_equal "$(<status)" 143
    assert_empty "$(<err)"
    assert_equal "$(tail -1 out | cut -f 1)" "$(metadata new.bin epochs)"
    assert_equal "$(wc -l <out)" $(($(metadata new.bin epochs) + 1))
}

@test "long options are their short ones" {
    # Those of vae-train are tried where each option is.
    vae-encode --model model.bin --sample --seed 3 --threads 2 items.raw | cmp - <(vae-encode -m model.bin --sample -S 3 -j 2 items.raw)
    vae-decode --model model.bin --sample --seed 3 --threads 2 latents.raw |
        cmp - <(vae-decode -m model.bin --sample -S 3 -j 2 latents.raw)
    vae-eval --model=model.bin --samples=3 --seed=3 --threads=2 items.raw | cmp - <(vae-eval -mmodel.bin -k3 -S3 -j2 items.raw)
    vae-sample --count 3 --dim 2 --seed 5 | cmp - <(vae-sample -n 3 -d 2 -S 5)
    idx2raw --count 3 images.idx | cmp - <(idx2raw -n 3 images.idx)
    raw2pgm --columns 3 items.raw | cmp - <(raw2pgm -c 3 items.raw)
}
