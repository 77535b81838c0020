#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What must not be lost when something goes wrong: the model that was there, the data, the work done.
# shellcheck disable=SC2016 # what is quoted is awk's
# shellcheck disable=SC2030,SC2031 # a test is a subshell, and sets its variables itself
load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    idx2raw -n 100 "$IMAGES" >items.raw
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR/items.raw" .
}

# no_temporary: nothing is left beside the model.
no_temporary() {
    assert_empty "$(find . -name '.*.tmp')"
}

@test "weights that are not finite are never saved over a model" {
    vae-train -q -m model.bin -H 8 -e 1 items.raw
    cp model.bin before.bin
    # The weight of a pixel that is always black, which changes no figure: it decays to what no float holds.
    perl "$ROOT/tests/safetensors.pl" edit 'substr($data, 0, 4) = pack "f<", 1e33; checksum()' <model.bin >huge.bin
    fails 1 'vae-train: training: tensor "encoder.0.weight" is not finite after step 1' \
        vae-train -q -m model.bin -H 8 -e 1 -b 1000 --start-from huge.bin --weight-decay 1000 -r 1000 items.raw
    cmp model.bin before.bin
    no_temporary
    fails 2 "vae-train: --adam-eps: found '0', wanted a number from 1e-12 to 1" vae-train -m model.bin --adam-eps 0 items.raw
}

@test "moments that are not finite are never saved over a checkpoint" {
    vae-train -q -m model.bin --checkpoint run.ck -H 8 -e 1 items.raw
    cp run.ck before.ck
    fails 1 'vae-train: training: second moment of tensor "' \
        vae-train -q -m model.bin -H 32 -z 4 -b 20 -e 40 --schedule step:2:1e9 -r 1 --checkpoint run.ck --every 1 items.raw
    run -1 cmp -s run.ck before.ck # but by those before
    perl "$ROOT/tests/safetensors.pl" verify <run.ck
}

@test "where neither the training nor its last model can be saved, both reasons are told" {
    run -1 --separate-stderr bash -c 'ulimit -f 1 && vae-train -q -m new.bin -H 16 -z 2 -l gaussian --schedule step:2:1e9 -b 50 -e 50 items.raw'
    # shellcheck disable=SC2154 # as above
    assert_regex "${stderr_lines[0]}" '^vae-train: training: .* step [0-9]+.* wanted numbers: .*; new.bin: cannot write: File too large$'
    no_temporary
}

@test "neither the log nor the model replaces the data or the other" {
    cp items.raw before.raw
    fails 1 'vae-train: items.raw: would be written and is also read as items.raw' vae-train -q -m items.raw items.raw
    fails 1 'vae-train: items.raw: would be written and is also read as items.raw' \
        vae-train -q -m model.bin --log items.raw items.raw
    fails 1 'vae-train: items.raw: would be written and is also read as -' \
        bash -c 'vae-train -q -m model.bin --log items.raw <items.raw'
    fails 1 'vae-train: items.raw: would be written and is also read as items.raw' \
        bash -c 'cat before.raw | vae-train -q -m model.bin --log items.raw --val items.raw'
    cmp items.raw before.raw
    vae-train -q -m model.bin -H 8 -e 1 items.raw
    fails 1 'vae-train: ./model.bin: would be both the log and the model' \
        vae-train -q -m model.bin --log ./model.bin items.raw
    fails 1 'vae-train: new.bin: would be both the log and the model' vae-train -q -m new.bin --log new.bin items.raw
    # A file called - is not stdin, which is.
    vae-train -q -m ./- -H 8 -e 1 <items.raw
    cmp ./- model.bin
    # Whatever is read, and whatever is written.
    for input in --val --cond '--cond a --val b --val-cond' --target '--target a --val b --val-target' --start-from --resume; do
        for output in '-m items.raw' '-m new.bin --log items.raw' '-m new.bin --checkpoint items.raw'; do
            [[ $input == --resume && $output == *--checkpoint* ]] && continue # that is how a run goes on
            # shellcheck disable=SC2086 # several options
            fails 1 'vae-train: items.raw: would be written and is also read as items.raw' \
                vae-train -q $output $input items.raw before.raw
        done
    done
    cmp items.raw before.raw
    # What is not a file has no data to lose.
    fails 1 'vae-train: stdin: empty input' bash -c 'vae-train -q -m new.bin --log /dev/null </dev/null'
    # By the name of the file that is renamed to it, too.
    cp items.raw .new.bin.tmp
    fails 1 'vae-train: new.bin: would be written and is also read as .new.bin.tmp' vae-train -q -m new.bin .new.bin.tmp
    cmp items.raw .new.bin.tmp
    fails 1 'vae-train: new.bin: would be written and is also read as .new.bin.tmp' \
        vae-train -q -m new.bin --checkpoint run.ck --resume .new.bin.tmp items.raw
    fails 1 'vae-train: run.ck: would be written and is also read as .run.ck.tmp' \
        vae-train -q -m new.bin --checkpoint run.ck --resume .run.ck.tmp items.raw
    fails 1 'vae-train: .new.bin.tmp: would be both the checkpoint and the model' \
        vae-train -q -m new.bin --checkpoint .new.bin.tmp items.raw
    fails 1 'vae-train: .new.bin.tmp: would be both the log and the model' vae-train -q -m new.bin --log .new.bin.tmp items.raw
    for output in '-m .run.ck.tmp:model' '-m new.bin --log .run.ck.tmp:log'; do
        # shellcheck disable=SC2086 # several options
        fails 1 "vae-train: run.ck: would be both the checkpoint and the ${output#*:}" \
            vae-train -q ${output%:*} --checkpoint run.ck items.raw
    done
    rm .new.bin.tmp
    # A file that has another name is not emptied, nor is a pipe waited for.
    echo precious >precious
    ln precious .new.bin.tmp
    fails 1 'vae-train: new.bin: .new.bin.tmp is not a regular file or has a second name' \
        vae-train -q -m new.bin -e 1 items.raw
    assert_equal "$(<precious)" precious
    rm .new.bin.tmp
    for make in mkfifo mkdir 'ln -s /dev/null' 'ln -s nowhere'; do
        $make .new.bin.tmp
        fails 1 'vae-train: new.bin: .new.bin.tmp is not a regular file or has a second name' \
            vae-train -q -m new.bin -e 1 items.raw
        rm -d .new.bin.tmp
    done
    ln -s nowhere.tsv log.tsv
    fails 1 'vae-train: log.tsv: is a symbolic link to nothing' vae-train -q -m new.bin -H 2 -e 1 --log log.tsv items.raw
    # Standard output, by whatever name.
    fails 1 'vae-train: /dev/stdout: would be both the log and the model' bash -c 'vae-train -q -m new.bin --log - items.raw >new.bin'
}

@test "what is read is not standard output, too" {
    cp items.raw both.raw
    for tool in raw2pgm raw-info 'vae-train -q -m new.bin -H 2 -e 1'; do
        fails 1 "${tool%% *}: both.raw: is standard output, too, wanted another file" bash -c "$tool both.raw >>both.raw"
        cmp items.raw both.raw
    done
    fails 1 'vae-train: /dev/stdout: would be written and is also read as both.raw' \
        bash -c 'vae-train -q -m new.bin --log - both.raw >>both.raw'
    cmp items.raw both.raw
    # What is no file is not overwritten.
    fails 1 'raw-info: stdin: empty input, wanted a stream from a pipe' bash -c 'raw-info </dev/null >/dev/null'
    vae-train -q -m model.bin -H 2 -e 1 items.raw
    cp model.bin before.bin
    fails 1 'vae-encode: model.bin: is standard output, too' bash -c 'vae-encode -m model.bin items.raw 1<>model.bin'
    cmp model.bin before.bin
}

@test "a model that may not be written is made anew by its owner, also behind a killed run" {
    # Root may write what is not to be written: another owner, in a place that he can come to.
    owner() { setpriv --reuid=nobody --regid=nogroup --clear-groups env PATH="$PATH" "$@"; }
    owner test -x "$(type -P vae-train)" 2>/dev/null || skip 'wants to be root, and a build that all may run'
    place=$(mktemp -d)
    vae-train -q -m model.bin -H 2 -e 1 items.raw
    chmod 444 model.bin
    cp -p model.bin items.raw "$place"
    chown -R nobody "$place"
    cd "$place" || return
    owner timeout --foreground -s KILL 0.5 vae-train -q -m model.bin -H 2 -e 1000000 items.raw || true
    [ -e .model.bin.tmp ]
    owner vae-train -q -m model.bin -H 2 -e 1 -S 2 items.raw
    assert_equal "$(metadata model.bin seed) $(stat -c %a model.bin)" '2 444'
    no_temporary
    rm -r "$place"
}

@test "memory that matrix products are denied ends a tool, which would wait without end" {
    unsanitized 'they take much memory'
    export VAE_PRODUCTS=openblas
    vae-train -q -m model.bin -H 2 -z 1 -e 1 items.raw
    fails 1 'vae-encode: threads: out of memory for matrix products on 1: each takes 134221824 bytes' \
        bash -c 'ulimit -v 130000 && vae-encode -j 1 -m model.bin items.raw'
    fails 1 'vae-train: threads: out of memory for matrix products on 1: each takes ' \
        bash -c 'ulimit -v 130000 && vae-train -q -j 1 -m new.bin -H 2 -e 1 items.raw'
    # What both threads need was there before the model had its own.
    fails 1 'vae-train: threads: out of memory for matrix products on 2: each takes 134221824 bytes' \
        bash -c 'ulimit -d 300000 && exec vae-train -q -j 2 -m new.bin -H 2048 -e 1 items.raw'
    vae-eval -q -m model.bin items.raw | row_holds 2 '$1 == 100'
}

@test "what a killed run left in the temporary file is no part of the new one, and no link is followed" {
    vae-train -q -m wanted.bin -H 2 -z 1 -e 1 items.raw
    head -c 1000000 /dev/zero >.new.bin.tmp
    vae-train -q -m new.bin -H 2 -z 1 -e 1 items.raw
    cmp new.bin wanted.bin
    vae-info new.bin | grep "^format.vae-model$"
    no_temporary
    echo precious >precious
    ln -s precious .new.bin.tmp
    fails 1 "vae-train: new.bin: $PWD/.new.bin.tmp is not a regular file or has a second name" \
        vae-train -q -m new.bin -H 2 -z 1 -e 1 items.raw
    assert_equal "$(<precious)" precious
}

@test "a log of an earlier run stays where the data is not found" {
    echo precious >log.tsv
    fails 1 'vae-train: nothing.raw: cannot open' vae-train -q -m model.bin --log log.tsv nothing.raw
    assert_equal "$(<log.tsv)" precious
}

@test "a file that has got the log's name meanwhile is not removed if the data is refused" {
    mkfifo data
    vae-train -q -m new.bin --log log.tsv data 2>err 3>&- &
    local pid=$! status=0
    exec 9<>data
    await test -e log.tsv
    await bash -c "ls -l /proc/$pid/fd | grep -q '/data$'" # it is done with the log's name
    mv log.tsv moved.tsv
    echo precious >log.tsv
    exec 9>&-
    wait $pid || status=$?
    assert_equal "$status $(<err)" '1 vae-train: data: empty input, wanted a stream'
    assert_equal "$(<log.tsv)" precious
    # Its own is.
    fails 1 'vae-train: nothing.raw: cannot open' vae-train -q -m new.bin --log new.tsv nothing.raw
    assert [ ! -e new.tsv ]
}

@test "a log's reader that leaves does not take the training with it" {
    run bash -c 'vae-train -q -m model.bin -H 8 -e 1000000 --log - items.raw 2>err | head -1; echo "${PIPESTATUS[0]}"'
    assert_line --index 1 1
    assert_equal "$(<err)" 'vae-train: stdout: cannot write: Broken pipe'
    # Also one that has left before the log begins.
    run bash -c '{ sleep 0.3; exec vae-train -q -m new.bin -H 2 -e 1 --log - items.raw 2>err; } | true
        echo "${PIPESTATUS[0]}"'
    assert_output 1
    assert_equal "$(<err)" 'vae-train: stdout: cannot write: Broken pipe'
    assert [ ! -e new.bin ]
    no_temporary
    # That of a named pipe, too.
    mkfifo pipe
    head -1 <pipe >header 3>&- &
    fails 1 'vae-train: pipe: cannot write: Broken pipe' vae-train -q -m model.bin -H 8 -e 1000000 --log pipe items.raw
    wait $!
    assert_equal "$(cut -f 1 header)" epoch
    vae-eval -q -m model.bin items.raw | row_holds 2 '$1 == 100'
    no_temporary
}

# blank FILE: 500,000 black images in a file that takes no room on the disk, and more than train_in_little has memory.
blank() {
    header u8 28x28 500000 . >"$1"
    truncate -s $((64 + 500000 * 784)) "$1"
}

# train_in_little OPTION...: starts a training without end, in less memory than data from blank take.
train_in_little() {
    unsanitized 'they take much memory'
    (ulimit -d 300000 && exec vae-train -q -m model.bin --log log -H 8 -j 1 -e 1000000 "$@") 2>err 3>&- &
    pid=$!
    await test -s log
}

@test "data that memory is too small for is mapped, and becoming shorter ends the run with a message" {
    blank items.raw
    train_in_little items.raw
    : >items.raw
    status=0
    wait "$pid" || status=$? # not by run: a subshell has no such child
    assert_equal "$status" 1
    assert_equal "$(<err)" 'vae-train: items.raw: became shorter while it was read, wanted it unchanged'
}

@test "a file of more than half of the memory is mapped, a smaller one is read" {
    preloaded
    local child pages size page
    page=$(getconf PAGESIZE)
    size=$(($(stat -c %s items.raw) / page))
    for pages in $((2 * size - 2)) $((2 * size + 2)); do
        rm -f log
        FAULT=pages:0:$pages LD_PRELOAD=$FAULT_LIBRARY vae-train -q -m model.bin --log log -H 2 -z 1 -e 1000000 items.raw 2>err 3>&- &
        child=$!
        await test -s log
        cp "/proc/$child/maps" "maps.$pages"
        kill -TERM $child
        wait $child || true
        assert_empty "$(<err)"
    done
    grep -q "/items.raw\$" maps.$((2 * size - 2))
    run -1 grep "/items.raw\$" maps.$((2 * size + 2))
}

@test "data that is mapped, and becomes what the likelihood cannot hold, ends the run with a message" {
    preloaded
    header f32 100 3000 . >whole.raw
    perl -e 'print pack "f<*", map { $_ % 4 } 1 .. 300000' >>whole.raw
    local options value wanted child status
    while IFS='|' read -r options value wanted; do
        cp whole.raw some.raw
        rm -f log
        # shellcheck disable=SC2086 # several options
        FAULT=pages:0:100 LD_PRELOAD=$FAULT_LIBRARY timeout 20 vae-train -q -m model.bin --log log -H 2 -z 1 -e 1000000 \
            $options some.raw 2>err 3>&- &
        child=$!
        await test -s log
        perl -e 'open my $f, "+<", "some.raw" or die; seek $f, 64 + 1200000 - 400, 0; print $f pack "f<*", ($ARGV[0]) x 100' -- "$value"
        status=0
        wait $child || status=$?
        assert_equal "$status $(<err)" "1 vae-train: some.raw: item 2999, element 0 is $wanted"
    done <<'END'
-l categorical --levels 4|3e8|3e+08, wanted a whole number below --levels (here 4: levels 0 to 3)
-l categorical --levels 4|-7e5|-700000, wanted a whole number below --levels (here 4: levels 0 to 3)
-l poisson|-7e5|-700000, wanted a count, 0 to 16777216, for poisson: train with -l gaussian for other numbers
-l negbin|-7e5|-700000, wanted a count, 0 to 16777216, for negbin: train with -l gaussian for other numbers
-l gaussian|nan|nan, wanted a finite number (vae-train --missing takes nan for a missing element)
END
}

@test "a file that is mapped is checked as one that is read" {
    preloaded
    local mapping=(env FAULT=pages:0:1 FAULT_HIT=hit LD_PRELOAD="$FAULT_LIBRARY")
    raw2pgm items.raw >wanted.pgm
    "${mapping[@]}" raw2pgm items.raw >mapped.pgm
    assert [ -e hit ]
    cmp mapped.pgm wanted.pgm
    # Only a file that is one whole frame is mapped; any other is read, and refused or not as ever.
    recut 30 <items.raw >frames.raw
    "${mapping[@]}" raw2pgm frames.raw | cmp - wanted.pgm
    cat items.raw items.raw >twice.raw
    "${mapping[@]}" raw2pgm twice.raw | cmp - <(raw2pgm twice.raw)
    { cat items.raw && echo garbage; } >long.raw
    fails 1 'raw2pgm: long.raw: bytes that are no frame follow after 100 items' "${mapping[@]}" raw2pgm long.raw
    { header u8 28x28 100 + && payload <items.raw; } >cut.raw
    fails 1 "raw2pgm: cut.raw: ended after 100 items with a '+' frame" "${mapping[@]}" raw2pgm cut.raw
    head -c 5000 items.raw >short.raw
    fails 1 'raw2pgm: short.raw: ended after 4936 of 78400 bytes' "${mapping[@]}" raw2pgm short.raw
}

@test "each of two files that are mapped is the one that is named when it becomes shorter" {
    preloaded
    local short child status
    for short in items.raw val.raw; do
        idx2raw -n 100 "$IMAGES" >items.raw
        cp items.raw val.raw
        rm -f log
        FAULT=pages:0:1 LD_PRELOAD=$FAULT_LIBRARY vae-train -q -m model.bin --log log -H 8 -z 2 -e 1000000 --val val.raw items.raw 2>err 3>&- &
        child=$! status=0
        await test -s log
        : >$short
        wait $child || status=$?
        assert_equal "$status" 1
        assert_equal "$(<err)" "vae-train: $short: became shorter while it was read, wanted it unchanged"
    done
}

@test "of two files that are mapped, the one that became shorter is named" {
    local far
    far=$(printf '%0200d/%0200d/%0200d' 0 0 0)
    mkdir -p "$far"
    blank "$far/items.raw"
    blank val.raw
    train_in_little --val val.raw "$far/items.raw"
    : >"$far/items.raw"
    wait "$pid" || true
    assert_equal "$(<err)" "vae-train: $far/items.raw: became shorter while it was read, wanted it unchanged"
}

@test "a stream that memory is too small for is an error" {
    unsanitized 'they take much memory'
    blank items.raw
    fails 1 'vae-train: stdin: out of memory after ' \
        bash -c 'ulimit -d 300000 && cat items.raw | vae-train -q -m model.bin -H 8 -j 1'
}

@test "a model keeps its mode, and a symbolic link stays one" {
    vae-train -q -m model.bin -H 8 -e 1 items.raw
    chmod 600 model.bin
    ln -s model.bin link.bin
    vae-train -q -m link.bin -H 9 -e 1 items.raw
    assert [ -L link.bin ]
    assert_equal "$(stat -c %a model.bin)" 600
    assert_equal "$(metadata model.bin encoder_hidden)" 9
    ln -s nowhere.bin dangling.bin
    fails 1 'vae-train: dangling.bin: is a symbolic link to nothing' vae-train -q -m dangling.bin -e 1 items.raw
}

@test "each file that a run makes has the mode that the umask leaves" {
    for umask in 027 077; do
        rm -f new.bin new.ck new.tsv
        (umask $umask && vae-train -q -m new.bin -H 2 -z 1 -e 1 --checkpoint new.ck --log new.tsv items.raw)
        assert_equal "$(stat -c %a new.bin new.ck new.tsv | sort -u)" "$(printf %o $((0666 & ~umask)))"
    done
}

@test "a model is not read from stdin, which is for the data" {
    vae-train -q -m model.bin -H 8 -e 1 items.raw
    for tool in vae-encode vae-decode vae-eval vae-sample; do
        fails 2 "$tool: --model: found '-'" bash -c "$tool -m - <model.bin"
    done
}

@test "names in messages cannot move the cursor" {
    name=$'a\e[2J\x9b\xc3\xa9b'
    run -1 raw-info "$name"
    assert_output $'raw-info: a\\x1b[2J\\x9b\xc3\xa9b: cannot open: No such file or directory'
    # What is well-formed is shown, up to the last character that there is.
    for bytes in c2a0 e282ac ed9fbf f0908080 f48fbfbf; do
        name=$(perl -e 'print pack "H*", @ARGV' $bytes)
        run -1 raw-info "$name"
        assert_output "raw-info: $name: cannot open: No such file or directory"
    done
    # Controls, characters that are cut, too long, surrogates, or beyond the last one.
    for bytes in 7f c29b c080 c19b e0809b e09fbf eda080 f080809b f08fbfbf f4908080 f5808080 e282 f09f98; do
        name=$(perl -e 'print pack "H*", @ARGV' $bytes)
        run -1 raw-info "$name"
        hex=$(perl -e 'print map { "\\x$_" } unpack "(A2)*", shift' $bytes)
        assert_output "raw-info: $hex: cannot open: No such file or directory"
    done
    # Nor in notes, nor what a model says of itself.
    cp items.raw $'a\e[2J.raw'
    vae-train -m $'a\nb.bin' -H 2 -e 1 $'a\e[2J.raw' 2>err
    run -1 grep $'\e' err
    assert_regex "$(head -1 err)" '^vae-train: a.x1b.2J.raw: grey values '
    assert_regex "$(tail -1 err)" '^vae-train: a.x0ab.bin: 784-2-'
    perl "$ROOT/tests/safetensors.pl" edit '$head =~ s/("command":")/$1\\u0009\\u009b/; checksum()' <$'a\nb.bin' >bad.bin
    vae-info bad.bin | grep -F $'command\t\\x09\\xc2\\x9bvae-train'
}

@test "a message is whole behind the longest of names" {
    local at=. short
    while [ ${#at} -lt 3800 ]; do at+=/$(printf '%0100d' 0); done
    mkdir -p "$at"
    for name in latent-0 unknown-activation metadata-missing-key; do
        cp "$ROOT/tests/rejected/model/$name" "$at"
        run -1 vae-info "$ROOT/tests/rejected/model/$name"
        short=${output#"vae-info: $ROOT/tests/rejected/model"}
        run -1 vae-info "$at/$name"
        assert_output "vae-info: $at$short"
    done
    cp "$ROOT/tests/rejected/checkpoint/epoch-no-number" "$at"
    cp "$ROOT"/tests/golden/0.1/items.raw few.raw
    run -1 vae-train -q -m new.bin -z 2 -H 5,4 -e 20 -r 0.01 -b 5 --ema 0.9 --val few.raw --patience 30 \
        --logvar-bound 80 --resume "$at/epoch-no-number" few.raw
    assert_output "vae-train: $at/epoch-no-number: metadata \"epoch\": found 'x', wanted a whole number from 0 to 18446744073709551615"
    vae-train -q -m "$at/model.bin" -z 3 -H 2 -e 0 items.raw
    run -2 vae-train -m new.bin "$at/a" "$at/b"
    assert_output "vae-train: $at/b: found 2 operands, wanted at most 1 (vae-train --help tells more)"
    vae-sample -n 9 -d 2 >"$at/latents.raw"
    run -1 vae-decode -m "$at/model.bin" "$at/latents.raw"
    assert_output "vae-decode: $at/latents.raw: items have shape 2, $at/model.bin wants 3 (vae-sample -d 3)"
}

@test "a temporary file that somebody removed is not said to be there" {
    vae-train -q -m new.bin --log log -H 2 -z 1 -e 1000000 items.raw 2>err 3>&- &
    local pid=$! status=0
    await test -s log
    rm .new.bin.tmp
    kill -TERM $pid
    wait $pid || status=$?
    assert_equal "$status" 1
    assert_equal "$(<err)" 'vae-train: new.bin: its temporary file was removed, wanted it left alone until the end'
    assert [ ! -e new.bin ]
}

@test "denormal numbers count as 0, in every thread" {
    [[ $(uname -m) == @(x86_64|aarch64) ]] || skip 'this processor is not told to take denormal numbers for 0'
    vae-train -q -m model.bin -H 8 -e 1 items.raw
    # The first weight of each unit shows whether the first pixel is 0.
    # shellcheck disable=SC2016 # Perl
    perl "$ROOT/tests/safetensors.pl" edit 'for (0 .. 7) { substr($data, 4 * 784 * $_, 4) = pack "f<", 1e38 } checksum()' \
        <model.bin >large.bin
    for size in 0 1e-40 1e-37; do
        { header f32 28x28 300 . && perl -e 'print pack("f<*", $ARGV[0], (0) x 783) x 300' -- $size; } |
            vae-encode -q -j 2 -m large.bin >$size.raw
    done
    cmp 0.raw 1e-40.raw
    run -1 cmp -s 0.raw 1e-37.raw
}

@test "numbers that are nearly 0, denormal ones, do not slow training" {
    local size TIMEFORMAT=%U
    declare -A took
    for size in 1e-40 1e-2; do
        { header f32 784 1000 . && perl -e 'print pack("f<*", map { $ARGV[0] * ($_ % 7 + 1) } 1 .. 784) x 1000' -- $size; } >$size.raw
    done
    # Processor time, in turns, and the medians of it: other work on the machine changes them little.
    for _ in 1 2 3 4 5; do
        for size in 1e-40 1e-2; do
            { time vae-train -q -j 1 -m $size.bin -l gaussian -H 200 -e 6 $size.raw; } 2>>$size.seconds
        done
    done
    for size in 1e-40 1e-2; do
        assert_equal "$(wc -l <$size.seconds)" 5
        assert_equal "$(metadata $size.bin epochs)" 6
        took[$size]=$(sort -g $size.seconds | sed -n 3p)
    done
    # They would take tens of times as long.
    awk -v few="${took[1e-40]}" -v many="${took[1e-2]}" 'BEGIN { exit !(many > 0 && few < 3 * many) }' ||
        fail "denormal numbers: ${took[1e-40]} s, others: ${took[1e-2]} s"
}

@test "a stack of 64 KiB is enough for every tool" {
    unsanitized 'their frames are larger'
    # small COMMAND...: as without the limit: its output, or the model of vae-train -q -m MODEL.
    small() {
        "$@" >wanted 2>err || fail "$*: $(<err)"
        [ "$1" != vae-train ] || cp "$4" wanted
        (ulimit -s 64 && exec "$@") >out 2>err || fail "$*: $? $(<err)"
        [ "$1" != vae-train ] || cp "$4" out
        cmp out wanted
    }
    idx2raw -n 60 "$IMAGES" >items.raw
    idx2raw -n 60 "$LABELS" >labels.raw
    { header f32 4 50 . && perl -e 'print pack "f<*", map { $_ % 5 ? $_ / 200 : "nan" } 1 .. 200'; } >holes.raw
    { header i32 4 50 . && perl -e 'print pack "l<*", map { $_ % 7 } 1 .. 200'; } >counts.raw
    perl -e 'print pack "N4", 0x0d03, 60, 28, 28; print pack "f>*", map { $_ / 47040 } 1 .. 47040' >real.idx
    small idx2raw "$IMAGES"
    small idx2raw --skip 3 real.idx
    perl -e 'print join(",", map $_ / 7, 1 .. 5000), "\n" for 1 .. 3' >table.csv
    small csv2raw -q --no-header --id 1 --write-ids ids table.csv
    small text2raw -q --by byte --write-tokens tokens.txt table.csv
    cp out numbers.raw
    small raw2text --tokens tokens.txt numbers.raw
    small text2raw -q --write-tokens tokens.txt table.csv
    raw2pgm items.raw >items.pgm
    small pnm2raw -q --dtype f32 --write-ids ids items.pgm
    for options in '' '--optimizer muon --prior vamp:3 --val items.raw -j 4' '--cond labels.raw -l gaussian --sigma net -a gated' \
        '-l cbernoulli --objective dreg -k 3 --target labels.raw --val 0.2' '-l laplace --sigma per-dim' '-l dlogistic --sigma shared'; do
        # shellcheck disable=SC2086 # several options
        small vae-train -q -m model.bin --checkpoint run.ck -z 3 -e 1 $options items.raw
        [[ $options != *--target* ]] || cp model.bin head.bin
    done
    small vae-train -q -m model.bin --resume run.ck -z 3 -e 2 -l dlogistic --sigma shared items.raw
    for options in '-l poisson' '-l negbin' '-l categorical --levels 7'; do
        # shellcheck disable=SC2086
        small vae-train -q -m counts.bin -z 1 -e 1 $options counts.raw
        small vae-eval -q -m counts.bin -k 3 counts.raw
    done
    small vae-train -q -m holes.bin --missing -l gaussian -z 2 -e 1 holes.raw
    small vae-impute -q -m holes.bin -j 3 holes.raw
    small vae-encode -q -m model.bin -j 3 items.raw
    cp out latents.raw
    small vae-decode -q -m model.bin -j 3 latents.raw
    small vae-sample -n 9 -m model.bin
    small vae-interp latents.raw
    small vae-traverse latents.raw
    raw-select --elements 0 latents.raw >values.raw
    for method in gp linear; do
        small vae-climb -q -j 3 --method $method --latents latents.raw --target values.raw latents.raw
    done
    vae-encode -q -m head.bin items.raw >latents.raw
    small vae-climb -q -j 3 -m head.bin latents.raw
    small vae-climb -q -j 3 -m head.bin --latents latents.raw latents.raw
    small vae-eval -q -j 3 -m head.bin --target labels.raw items.raw
    small vae-eval -q -m model.bin -k 20 --mutual-information items.raw
    small vae-score -q -m model.bin items.raw
    small vae-info model.bin
    small vae2c -m model.bin decoder
    small vae2c -m counts.bin encoder
    small vae2onnx -m model.bin encoder
    small vae2onnx -m model.bin decoder
    small vae2html -q -m model.bin items.raw
    small raw2pgm items.raw
    small raw2pgm --per-item items.raw
    small raw2csv items.raw
    small raw-select --split 0.5 --write-rest rest.raw items.raw
    small raw-select --shuffle items.raw
    small raw-zip items.raw items.raw
    printf '%%%%MatrixMarket matrix coordinate integer general\n20 50 2\n3 1 4\n20 50 9\n' >counts.mtx
    seq 20 >genes
    small mtx2raw --top 2 --names genes --write-names names counts.mtx
    small raw2npy --axes 1,0 items.raw
    cp out items.npy
    small npy2raw --axes 1,0 items.npy
    small raw-info items.raw
    small raw-info --per-element items.raw
    raw-cmp items.raw items.raw
    (ulimit -s 64 && exec raw-cmp items.raw items.raw)
    # Also for a message.
    fails 1 'vae-train: none.raw: cannot open: ' bash -c 'ulimit -s 64 && exec vae-train -m new.bin none.raw'
    fails 2 'vae-train: --lr: no such option, did you mean --rate?' bash -c 'ulimit -s 64 && exec vae-train --lr 1'
}

@test "threads that there is no memory for are refused at the start, or left out if nobody asked for them" {
    unsanitized 'they take much memory'
    vae-train -q -m model.bin -H 2 -z 1 -e 1 items.raw
    # Their stacks are little, unless OpenBLAS makes the products.
    fails 1 'vae-encode: --threads: found 256, wanted at most ' \
        bash -c 'ulimit -d 100000 && VAE_PRODUCTS=packed exec vae-encode -m model.bin -j 256 items.raw'
    run -0 bash -c 'ulimit -d 100000 && VAE_PRODUCTS=packed vae-encode -q -m model.bin -j 32 items.raw | cmp - <(vae-encode -m model.bin items.raw)'
    export VAE_PRODUCTS=openblas
    vae-encode -q -m model.bin items.raw >latents.raw
    for tool in vae-train vae-encode vae-decode vae-impute vae-eval vae-score; do
        fails 2 "$tool: --threads: found '257', wanted a whole number from 1 to 256" "$tool" -m model.bin -j 257 items.raw
        # Before any input is read.
        fails 1 "$tool: --threads: found 9, wanted at most 7: there is no memory for more, each takes 134221824 bytes" \
            bash -c "ulimit -d 1000000 && exec $tool -m model.bin -j 9 none.raw"
        # As many as that are had.
        fails 1 "$tool: none.raw: cannot open: No such file or directory" \
            bash -c "ulimit -d 1000000 && exec $tool -m model.bin -j 7 none.raw"
    done
    vae-encode -q -m model.bin -j 7 items.raw | cmp - latents.raw
    (ulimit -d 1100000 && vae-encode -q -m model.bin -j 7 items.raw) | cmp - latents.raw
    [ "$(nproc)" -gt 1 ] || skip 'one processor: the default is one thread'
    (ulimit -d 200000 && vae-encode -m model.bin items.raw) 2>err | cmp - latents.raw
    assert_equal "$(<err)" "vae-encode: --threads: working on 1 of $(nproc): memory is short, and each thread takes 134221824 bytes"
    (ulimit -d 200000 && vae-encode -q -m model.bin items.raw) 2>err | cmp - latents.raw
    assert_empty "$(<err)"
    # Where it is not short there are as many as processors, without a word.
    vae-encode -m model.bin items.raw 2>err | cmp - latents.raw
    assert_empty "$(<err)"
    # A quarter of the memory is left to the data: of two threads that there is room for, one is had.
    (ulimit -d 360000 && vae-encode -m model.bin -j 2 items.raw) | cmp - latents.raw
    (ulimit -d 360000 && vae-encode -m model.bin items.raw) 2>err | cmp - latents.raw
    assert_regex "$(<err)" "^vae-encode: --threads: working on 1 of $(nproc): memory is short"
}
