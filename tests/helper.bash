# What every bats file loads: `load helper`.
bats_require_minimum_version 1.8.0
bats_load_library bats-support
bats_load_library bats-assert

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PATH=${VAE_BUILD:-$ROOT/build}:$PATH
IMAGES=$ROOT/data/sample-images-idx3-ubyte.gz
LABELS=$ROOT/data/sample-labels-idx1-ubyte.gz
export ROOT PATH IMAGES LABELS

# pipe COMMAND: runs a pipeline in which the failure of any part counts.
pipe() {
    bash -c "set -o pipefail; $1"
}

# header DTYPE SHAPE ITEMS END: a frame's header, as vae-raw(5) has it.
header() {
    printf '%-63s\n' "raw1 $1 $2 $3 $4"
}

# f32 NUMBER...: numbers as little-endian floats.
f32() {
    perl -e 'print pack "f<*", @ARGV' -- "$@"
}

# train_small MODEL [OPTION...]: a small model of the first 200 sample images, within a second.
train_small() {
    local model=$1
    shift
    idx2raw -n 200 "$IMAGES" | vae-train -q -m "$model" -H 32 -e 2 "$@"
}

# fails STATUS MESSAGE COMMAND [ARGUMENT...]: the command ends with STATUS within 20 s, and what it says on stderr is
# one line that begins with MESSAGE. Its stdout is left in the file out: data goes there, never through a variable.
fails() {
    local wanted=$1 message=$2 got=0
    shift 2
    timeout 20 "$@" >out 2>err || got=$?
    if [ "$got" -ne "$wanted" ] || [ "$(wc -l <err)" -ne 1 ] || [[ $(<err) != "$message"* ]]; then
        printf '%s\n' "command: $*" "status:  $got, wanted $wanted" "wanted:  $message" "stderr:  $(<err)"
        return 1
    fi
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
    payload | od -An -v -t f4 -w$((4 * $1))
}

# last NAME COLUMN: a figure of the log's last row.
last() {
    tail -1 "$1.tsv" | cut -f "$2"
}

# weights MODEL: all of its numbers, without the header, whose text tells options apart.
weights() {
    perl -e 'local $/; $_ = <STDIN>; print substr $_, 8 + unpack "Q<", $_' <"$1"
}

# near VALUE WANTED ERROR: a figure within its error bar.
near() {
    awk -v v="$1" -v w="$2" -v e="$3" 'BEGIN { d = v - w; exit !(d <= e && d >= -e) }' ||
        fail "$1 is not within $3 of $2"
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
        print join(" ", unpack "f<*", substr $all, 8 + $length + $1, $2 - $1), "\n"' -- "$1" "$2"
}

# metadata MODEL KEY: a string of a model file's metadata.
metadata() {
    tail -c +9 "$1" | head -c 4000 | grep -a -o "\"$2\":\"[^\"]*\"" | cut -d '"' -f 4
}

# await COMMAND...: waits until the command is true, at most 10 s.
await() {
    local i
    for ((i = 0; i < 500; i++)); do
        if "$@" 2>/dev/null; then return; fi
        sleep 0.02
    done
    fail "never came true: $*"
}
