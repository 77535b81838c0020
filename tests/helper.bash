# SPDX-License-Identifier: MIT
# What every bats file loads: `load helper`. helper.bats tests it.
bats_require_minimum_version 1.8.0
# The loaders of these libraries start a process for each of their files, in each test.
sources=("${BATS_LIB_PATH%%:*}"/bats-{support,assert}/src/*.bash)
if [ -e "${sources[0]}" ] && [ -e "${sources[-1]}" ]; then
    # shellcheck disable=SC1090 # files of libraries
    for source in "${sources[@]}"; do source "$source"; done
else
    bats_load_library bats-support
    bats_load_library bats-assert
fi
unset source sources

# awk, od and bash then read and write decimal points, and messages of the system are in English.
export LC_ALL=C
# Reaches tests, setup_file and what `run` runs, if it is a function; `bash -c` sets it for itself.
set -o pipefail

# Set by setup_file's process for that of each test, or by another tree's tests that run these.
[ "${ROOT-}/tests/helper.bash" -ef "${BASH_SOURCE[0]}" ] || ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VAE_BUILD=${VAE_BUILD:-$ROOT/build}
PATH=$VAE_BUILD:$PATH
IMAGES=$ROOT/data/sample-images-idx3-ubyte.gz
LABELS=$ROOT/data/sample-labels-idx1-ubyte.gz
# LD_PRELOAD is split at spaces, which a path may have: the library is found by its directory.
FAULT_LIBRARY=fault.so
LD_LIBRARY_PATH=$VAE_BUILD/tests${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export ROOT VAE_BUILD PATH IMAGES LABELS FAULT_LIBRARY LD_LIBRARY_PATH

# untraced COMMAND [ARGUMENT...]: without the trap of bats before each command of a function, which takes longer than
# most commands of the functions below. A failure is then of the line that calls them.
untraced() {
    local -
    set +T
    "$@"
}

# Helpers that go on after a `fail` return by themselves: below `run`, `if` and `||` it ends nothing.

# assert_equal FOUND WANTED: two empty values are refused, since nothing was compared; see assert_empty.
assert_equal() {
    if [[ $1$2 != *[![:space:]]* ]]; then
        fail 'both values are empty, wanted something to compare'
        return 1
    fi
    [ "$1" = "$2" ] || fail "found:  $1"$'\n'"wanted: $2"
}

# assert_not_equal FOUND OTHER: neither is empty.
assert_not_equal() {
    if [ -z "$1" ] || [ -z "$2" ]; then
        fail "found '$1' and '$2', wanted two values to compare"
        return 1
    fi
    [ "$1" != "$2" ] || fail "found '$1' twice, wanted two values"
}

# assert_empty TEXT
assert_empty() {
    [ -z "$1" ] || fail "found '$1', wanted nothing"
}

# compared PROGRAM [OPTION...] A B: cmp or diff of two files that are not empty. A may be -, and B a process
# substitution, whose exit status counts; what fails as A does so by pipefail. Status 2 is trouble, as theirs is.
compared() {
    local producer=$!
    untraced compare "$producer" "$@"
}
compare() {
    local producer=$1 program=$2 options=() files=() side status=0 copy=$BATS_RUN_TMPDIR/compared.$BASHPID copied=
    for side in "${@:3}"; do
        case $side in -?*) options+=("$side") ;; *) files+=("$side") ;; esac
    done
    if [ ${#files[@]} -ne 2 ] || [[ ${files[0]} == /dev/fd/* ]]; then
        echo "$program: found ${files[*]}, wanted A and B, A no process substitution" >&2
        return 2
    fi
    for side in 0 1; do
        case ${files[side]} in
        - | /dev/fd/*) cat -- "${files[side]}" >"$copy.$side" || status=2 ;;
        *) continue ;;
        esac
        # Below `run` the producer is no child of this shell. Its status is then not known: 127, or -1 in some
        # versions of bash.
        [[ ${files[side]} == - ]] || wait "$producer" 2>/dev/null || case $? in 127 | -1) ;; *) status=2 ;; esac
        files[side]=$copy.$side
        copied=yes
    done
    [ "$status" -eq 0 ] || echo "$program: the command for ${*: -1} failed" >&2
    for side in "${files[@]}"; do
        if [ ! -s "$side" ] || { [ -d "$side" ] && [ -n "$(find "$side" -empty)" ]; }; then
            echo "$program: $side: empty or not there, wanted something to compare" >&2
            status=2
        fi
    done
    [ "$status" -ne 0 ] || command "$program" "${options[@]}" "${files[@]}" || status=$?
    [ -z "$copied" ] || rm -f "$copy".[01]
    return "$status"
}
cmp() {
    compared cmp "$@"
}
diff() {
    compared diff "$@"
}

# first BYTES: the first bytes of stdin; the rest is read, so that its writer does not die of SIGPIPE.
first() {
    head -c "$1"
    cat >/dev/null
}

# header DTYPE SHAPE ITEMS END: a frame's header, as vae-raw(5) has it.
header() {
    printf '%-63s\n' "raw1 $1 $2 $3 $4"
}

# f32 NUMBER...: numbers as little-endian floats.
f32() {
    perl -e 'print pack "f<*", @ARGV' -- "$@"
}

# defaulting OPTION VALUE... -- COMMAND [ARGUMENT...]: the command with those of the options that it is not given: an
# option is refused where it is given twice.
defaulting() {
    local options=() i
    while [ "$1" != -- ]; do
        options+=("$1" "$2")
        shift 2
    done
    shift
    for ((i = 0; i < ${#options[@]}; i += 2)); do
        [[ " $* " == *" ${options[i]} "* ]] || set -- "$@" "${options[@]:i:2}"
    done
    "$@"
}

# train_small MODEL [OPTION...]: a small model of the first 200 sample images, within a second.
train_small() {
    local model=$1
    shift
    idx2raw -n 200 "$IMAGES" | defaulting -H 32 -e 2 -- vae-train -q -m "$model" "$@"
}

# fails STATUS MESSAGE COMMAND [ARGUMENT...]: the command ends with STATUS within 20 s, and what it says on stderr is
# one line that begins with MESSAGE. Its stdout is left in the file out: data goes there, never through a variable.
fails() {
    untraced fail_with "$@"
}
fail_with() {
    local wanted=$1 message=$2 got=0 told
    shift 2
    timeout -k 5 20 "$@" >out 2>err || got=$?
    mapfile -t told <err
    if [ "$got" -ne "$wanted" ] || [ ${#told[@]} -ne 1 ] || [[ ${told[0]} != "$message"* ]]; then
        printf '%s\n' "command: $*" "status:  $got, wanted $wanted" "wanted:  $message" "stderr:  $(<err)"
        return 1
    fi
}

# unsanitized WHY: skips a test that the sanitizers' build cannot run.
unsanitized() {
    [ -z "${VAE_SANITIZED-}" ] || skip "with sanitizers: $1"
}

# preloaded: skips a test that preloads a library of its own where the sanitizers' has to be the first. To be called
# before any `run`, which would take the skipping for the command's end.
preloaded() {
    unsanitized 'their library wants to be the first'
}

# injected CALL:N:WHAT COMMAND...: the command with a fault, see tests/fault/fault.c; the file hit is there where it
# happened.
injected() {
    preloaded
    timeout -k 5 20 env FAULT="$1" FAULT_HIT=hit LD_PRELOAD="$FAULT_LIBRARY" "${@:2}"
}

# cut_at N COMMAND...: the command, killed as it is about to put its N-th file in place.
cut_at() {
    local n=$1
    shift
    preloaded
    run -137 injected rename:"$n":kill "$@"
}

# withstand CALL ERRNO STRIDE COMMAND...: the command with its CALLs failing with ERRNO, 5 or 12, one a run, every
# STRIDE-th. Each run ends with 1, one line on stderr that tells this reason and nothing begun left behind, or does its
# work: what it writes is what it writes without a fault. Files new.* and log.tsv, and stdout, are what a command writes here.
withstand() {
    untraced withstand_each "$@"
}
withstand_each() {
    local call=$1 errno=$2 stride=$3 n got told left kept whole reason
    shift 3
    case $errno in
    5) reason='Input/output error' ;;
    12) reason='emory|threads: .*Resource temporarily unavailable' ;; # out of memory; cannot allocate memory
    esac
    # The kernels for small matrices that OpenBLAS has for AVX-512 use memory without looking whether it was there.
    if [ "$call" = malloc ] && grep -q avx512 /proc/cpuinfo; then local -x OPENBLAS_CORETYPE=Haswell; fi
    rm -rf new.* log.tsv wanted
    "$@" >out 2>err </dev/null || fail "without a fault: $(<err)"
    mkdir wanted
    cp out wanted
    [ ! -e new.bin ] || cp new.bin wanted
    rm -f hit log.tsv
    for ((n = 1; ; n += stride)); do
        [ ! -e hit ] || rm -f hit log.tsv
        got=0
        injected "$call:$n:$errno" "$@" >out 2>err </dev/null || got=$?
        [ -e hit ] || break
        mapfile -t told <err
        case $got in
        0) command cmp out wanted/out && { [ ! -e wanted/new.bin ] || cmp new.bin wanted/new.bin; } ;;
        1) [ ${#told[@]} -eq 1 ] && [[ ${told[0]} == "$1: "* && ${told[0]} =~ $reason ]] ;;
        *) false ;;
        esac || fail "$call $n failed: $*: status $got, $(<err)"
        # What cannot be renamed stays, whole.
        left=(.*.tmp)
        kept=()
        case ${told[0]-} in
        *'; the complete new file is beside it, as '*) kept=("${left[@]}") ;;
        *) [ ! -e "${left[0]}" ] || fail "$call $n failed: $*: left ${left[*]}" ;;
        esac
        # What is in its place is whole.
        [ $got -eq 1 ] && for whole in new.bin new.ck "${kept[@]}"; do
            [ ! -e "$whole" ] || perl "$ROOT/tests/safetensors.pl" verify <"$whole" || fail "$call $n failed: $whole is torn"
        done
    done
    [ $n -gt 1 ] || fail "$call: not called by $*"
}

# recut N: a stream on stdin again in frames of N items, the last one a '.' frame; 0: in one frame.
recut() {
    perl -e '
        my ($per, %size, $dtype, $shape, $data) = ($ARGV[0], u8 => 1, i32 => 4, f32 => 4, f64 => 8);
        while (read STDIN, my $header, 64) {
            (undef, $dtype, $shape, my $items) = split " ", $header;
            $item = $size{$dtype};
            $item *= $_ for split /x/, $shape;
            read(STDIN, my $payload, $item * $items) == $item * $items or die "recut: cut short\n";
            $data .= $payload;
        }
        $item or die "recut: no stream, wanted one\n";
        my $left = length($data) / $item;
        do {
            my $n = $per && $per < $left ? $per : $left;
            $left -= $n;
            printf "%-63s\n%s", "raw1 $dtype $shape $n " . ($left ? "+" : "."), substr $data, 0, $n * $item, "";
        } while $left' -- "$1"
}

# payload: the numbers of a stream on stdin, without its headers.
payload() {
    recut 0 | tail -c +65
}

# table L: a stream of f32 on stdin as text, L numbers a line.
table() {
    payload | od -An -v -t f4 -w$((4 * $1)) | awk '{ print } END { exit !NR }'
}

# last NAME COLUMN: a figure of the log's last row.
last() {
    awk -F '\t' -v n="$2" '{ figure = $n } END { if (NR < 2 || figure == "") exit 1; print figure }' "$1.tsv"
}

# weights MODEL: all of its numbers, without the header, whose text tells options apart.
weights() {
    perl -e 'local $/; $_ = <STDIN>; length > 8 or die "no model\n"; print substr $_, 8 + unpack "Q<", $_' <"$1"
}

# same_weights A B, other_weights A B: two models have the same numbers, or not.
same_weights() {
    weights "$1" | cmp - <(weights "$2")
}
other_weights() {
    local status=0
    same_weights "$1" "$2" >&2 || status=$?
    [ "$status" -eq 1 ] || fail "$1 and $2: status $status of cmp, wanted 1: other numbers"
}

# is_number TEXT...: each is a finite number.
is_number() {
    local text
    for text; do
        [[ $text =~ ^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$ ]] || return 1
    done
}

# near VALUE WANTED ERROR: a figure within its error bar.
near() {
    if ! is_number "$@"; then
        fail "near: found '$1', '$2' and '$3', wanted three numbers"
        return 1
    fi
    awk -v v="$1" -v w="$2" -v e="$3" 'BEGIN { d = v - w; exit !(d <= e && d >= -e) }' ||
        fail "$1 is not within $3 of $2"
}

# holds EXPRESSION: of numbers, sqrt and log alone, true as awk sees it. One in which a number is missing, or is a word,
# nan and inf among them, is refused: awk would take it for 0. Two numbers without an operator would be one to it.
holds() {
    if [ $# -ne 1 ]; then
        fail "holds: found $# arguments, wanted one expression"
        return 1
    fi
    local text=${1//&&/;} name
    text=${text//||/;}
    text=${text//[<>=]=/<}
    for name in sqrt log; do text=${text//$name(/(}; done
    # An operator without its left or its right number; nothing between parentheses; a letter of no number.
    if [[ $text =~ ^[[:space:]]*$|(^|[(<>;])[[:space:]]*[-+*/^<>][[:space:]]|[-+*/^<>][[:space:]]*($|[)<>;])|\([[:space:]]*\) ]] ||
        [[ $text =~ [a-df-zA-Z_]|(^|[^0-9.])e|e($|[^-+0-9])|[0-9.][[:space:]]+[0-9.] ]]; then
        fail "holds: found '$1', wanted finite numbers"
        return 1
    fi
    awk "BEGIN { exit !($1) }" || fail "not so: $1"
}

# fields_of CONDITION: awk's for: each field that it names is there, and is a number if it is compared with no text.
fields_of() {
    local field
    grep -o '\$[0-9]\+' <<<"$1" | sort -u | while read -r field; do
        if grep -q -E "\\$field *([!=]=|!?~) *[\"/]" <<<"$1"; then
            printf 'NF >= %s && ' "${field#$}"
        else
            printf 'number(%s) && ' "$field"
        fi
    done
}
NUMBER='function number(x) { return x ~ /^[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)(e[-+]?[0-9]+)?$/ }'

# finite: stdin, in which each field has to be a finite number; there is one. To some awks nan is within every bound.
finite() {
    awk "$NUMBER"' { for (i = 1; i <= NF; i++) { if (!number($i)) exit bad = 1; n++ } print } END { exit bad || !n }'
}

# row_holds N CONDITION [AWK-OPTION...]: stdin has a row N, and the condition, in awk, is true of it.
row_holds() {
    awk "${@:3}" "$NUMBER"' NR == '"$1 { holds = $(fields_of "$2")($2); print } END { exit !holds }" || fail "row $1: not so: $2"
}

# rows_hold N CONDITION [AWK-OPTION...]: stdin has N rows, and the condition is true of each.
rows_hold() {
    awk "${@:3}" "$NUMBER"' !('"$(fields_of "$2")($2)) { print NR \": \" \$0; bad = 1 } END { exit bad || NR != $1 }" ||
        fail "$1 rows: not so: $2"
}

# tensor MODEL NAME: a tensor's numbers as text, read without the library.
tensor() {
    perl -e '
        my ($path, $name) = @ARGV;
        open my $f, "<", $path or die "$path: $!\n";
        local $/;
        my $all = <$f>;
        my $length = unpack "Q<", $all;
        substr($all, 8, $length) =~ /"\Q$name\E":\{[^}]*"data_offsets":\[(\d+),(\d+)\]/ or die "no $name\n";
        my $numbers = substr $all, 8 + $length + $1, $2 - $1;
        length $numbers == $2 - $1 or die "$path: cut short\n";
        print join(" ", unpack "f<*", $numbers), "\n"' -- "$1" "$2"
}

# metadata MODEL KEY: a string of a model file's metadata, which has the key.
metadata() {
    perl -e '
        my ($path, $key) = @ARGV;
        open my $f, "<", $path or die "$path: $!\n";
        local $/;
        my $all = <$f> // "";
        length $all > 8 or die "$path: no model\n";
        substr($all, 8, unpack "Q<", $all) =~ /"\Q$key\E":"([^"]*)"/ or die "$path: no $key\n";
        print "$1\n"' -- "$1" "$2"
}

# no_metadata MODEL KEY: the metadata is there, and not the key.
no_metadata() {
    if [ -z "$(metadata "$1" format)" ]; then
        fail "$1: no metadata"
        return 1
    fi
    ! metadata "$1" "$2" || fail "$1: has $2"
}

# await COMMAND...: waits until the command is true, at most 40 s (or AWAIT_SECONDS), and while a command in the background
# runs, one of bats among them that BATS_TEST_TIMEOUT starts.
await() {
    local attempt running # an i would hide that of the command
    for ((attempt = 0; attempt < 50 * ${AWAIT_SECONDS:-40}; attempt++)); do
        running=$(jobs -rp)
        if "$@" 2>/dev/null; then return; fi
        if [ -z "$running" ]; then
            fail "never came true, and nothing runs any more: $*"
            return 1
        fi
        sleep 0.02
    done
    fail "never came true: $*"
}
