# SPDX-License-Identifier: MIT
# Items with targets, and models that predict them. Files of tests that load this have their setup from here, too.
# shellcheck shell=bash
# shellcheck disable=SC2016 # what is quoted is awk's and perl's

# make_targets: in this directory, 400 items of eight numbers that two hidden ones make, and 200 others; their targets, which
# are linear in the hidden ones; and a model that has learned them.
make_targets() {
    perl -e 'srand 3;
        sub make {
            my ($name, $n) = @_;
            my ($items, $targets) = ("", "");
            for (1 .. $n) {
                my @h = map { rand(2) - 1 } 1, 2;
                $items .= pack "f<8", map { $h[0] * sin($_) + $h[1] * cos(1.3 * $_) + 0.05 * (rand() - 0.5) } 1 .. 8;
                $targets .= pack "f<", 50 + 3 * ($h[0] - $h[1] / 2);
            }
            open my $f, ">", "$name.items"; print $f $items;
            open my $g, ">", "$name.targets"; print $g $targets;
        }
        make("known", 400); make("other", 200);'
    { header f32 8 400 . && cat known.items; } >items.raw
    { header f32 1 400 . && cat known.targets; } >targets.raw
    { header f32 8 200 . && cat other.items; } >other.raw
    { header f32 1 200 . && cat other.targets; } >other-targets.raw
    learn -m model.bin -e 60 --target targets.raw --val other.raw --val-target other-targets.raw --log log.tsv items.raw 2>told
}

# learn OPTION...: a small model of real numbers.
learn() {
    defaulting -H 32 -z 2 -b 32 -r 0.003 -l gaussian --sigma shared -e 3 -- vae-train "$@"
}

# LEARNING: the same as a program for fails, which runs no function.
# shellcheck disable=SC2034 # what loads this reads it
LEARNING=(vae-train -q -H 32 -z 2 -b 32 -r 0.003 -l gaussian --sigma shared -e 3)

# holes: the targets on stdin, with nan in place of two of three.
holes() {
    payload | perl -0777 -e 'my @t = unpack "f<*", <STDIN>; $_ % 3 and $t[$_] = "nan" for 0 .. $#t;
        printf "%-63s\n%s", "raw1 f32 1 " . @t . " .", pack "f<*", @t'
}

# r2 FILE: 1 - residual / total, of lines with a target and its prediction, without those whose target is nan.
r2() {
    awk '$1 != "nan" { n++; sum += $1; residual += ($1 - $2) ^ 2; t[n] = $1 }
        END { for (i = 1; i <= n; i++) total += (t[i] - sum / n) ^ 2; print 1 - residual / total }' "$1"
}

# r2_of MODEL [OPTION...]: the figure of vae-eval on the items that no training has seen.
r2_of() {
    vae-eval -q -m "$1" --target other-targets.raw "${@:2}" other.raw | awk -F '\t' 'NR == 2 { print $NF }'
}

# Each test has a copy of what make_targets has made for its file.
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    make_targets
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/* .
}
