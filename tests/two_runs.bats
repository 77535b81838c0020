#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Two runs that would write one file: the second is refused and changes nothing, whatever the first is doing.
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

teardown() {
    # A run that a failed test left behind.
    if [ -n "${pid:-}" ]; then kill -KILL "$pid" 2>/dev/null || true; fi
}

# The first run has other layers than the second, so that their files differ.
FIRST=(vae-train -q -H 3 -z 1 -b 50)
SECOND=(vae-train -q -H 2 -z 1 -e 0)

# begins FAULT OPTION...: the first run with a fault, in the background, its pid in $pid; without end if no -e is given.
begins() {
    preloaded
    [[ " $* " == *' -e '* ]] || set -- "$@" -e 1000000
    env FAULT="$1" FAULT_HIT=hit LD_PRELOAD="$FAULT_LIBRARY" "${FIRST[@]}" "${@:2}" items.raw 2>err.first 3>&- &
    pid=$!
}

# stops: the first run has stopped where the fault says.
stops() {
    await grep -q '^State:.*stopped' "/proc/$pid/status"
}

# ends STATUS: the first run did.
ends() {
    local got=0
    wait "$pid" || got=$?
    pid=
    assert_equal "$got" "$1"
}

# contents: each file that holds something, with what it holds.
contents() {
    find . -type f -size +0 ! -name out ! -name err ! -name '*.contents' -exec md5sum {} + | sort
}

# refused FILE OPTION...: the second run says that FILE is another's, and all files are what they were. The first run
# must not be changing them.
refused() {
    local file=$1
    shift
    contents >before.contents
    fails 1 "vae-train: $file: another process is writing it, wanted it for this one" "${SECOND[@]}" "$@" items.raw
    contents >after.contents
    grep -q items.raw before.contents
    cmp before.contents after.contents
}

@test "a run that is about to put its model in place has it for itself" {
    "${SECOND[@]}" -m model.bin items.raw
    begins rename:1:stop -e 1 -m model.bin
    stops
    refused model.bin -m model.bin
    kill -CONT $pid
    ends 0
    assert_equal "$(metadata model.bin encoder_hidden)" 3
}

@test "a checkpoint, too; between one save and the next, wherever the run is" {
    # The first two locks are tried before the data is read, the others each after a save.
    for fault in rename:1:stop rename:2:stop lock:3:stop lock:4:stop; do
        rm -f run.* a.bin hit
        begins $fault -m a.bin --checkpoint run.ck --every 1
        stops
        refused run.ck -m b.bin --checkpoint run.ck
        assert [ ! -e b.bin ]
        kill -CONT $pid
        await test -s run.ck
        kill -TERM $pid
        ends 143
        assert_equal "$(metadata run.ck step)" "$(metadata a.bin steps)"
        "${FIRST[@]}" -m a.bin --resume run.ck -e "$(metadata run.ck epoch)" items.raw
    done
}

@test "a checkpoint that was saved for the last time is the run's until it ends" {
    # The model is put in its place after it.
    begins rename:2:stop -e 1 -m a.bin --checkpoint run.ck
    stops
    refused run.ck -m b.bin --checkpoint run.ck
    kill -CONT $pid
    ends 0
    assert_empty "$(find . -name '.*.tmp')"
    "${SECOND[@]}" -m b.bin --checkpoint run.ck items.raw
}

@test "a run that has saved its model on the way still has it for itself" {
    begins clock:10:jump -m model.bin --log log.tsv
    await test -s log.tsv
    touch hit
    await test -s model.bin
    kill -STOP $pid
    stops
    refused model.bin -m model.bin
    kill -CONT $pid
    sleep 0.1
    kill -TERM $pid
    ends 143
    assert_equal "$(metadata model.bin encoder_hidden)" 3
    assert_empty "$(find . -name '.*.tmp')"
}

@test "runs that try again and again while another saves at each epoch never get its model" {
    begins clock:1000000:fast -m model.bin --log log.tsv
    await test -s model.bin
    for ((i = 0; i < 50; i++)); do
        fails 1 'vae-train: model.bin: another process is writing it' "${SECOND[@]}" -m model.bin items.raw
    done
    kill -TERM $pid
    ends 143
    assert_equal "$(metadata model.bin encoder_hidden)" 3
}

@test "a run waits while another process has its next temporary file locked for a moment" {
    # It locks the model's, the checkpoint's and, when that has its place, the next checkpoint's.
    begins lock:3:stop -m a.bin -e 2 --checkpoint run.ck --every 1
    stops
    [ -s run.ck ]
    perl -MFcntl=:flock -e 'open my $f, ">>", ".run.ck.tmp" or die; flock $f, LOCK_EX | LOCK_NB or die;
        open my $held, ">", "held"; close $held; sleep 1' 3>&- &
    await test -e held
    kill -CONT $pid
    ends 0
    assert_equal "$(metadata run.ck epochs_done)" 2
}

@test "a log is one run's" {
    begins rename:1:stop -m a.bin -e 3 --log log.tsv
    stops
    refused log.tsv -m b.bin --log log.tsv
    kill -CONT $pid
    ends 0
    assert_equal "$(cut -f 1 log.tsv | xargs)" 'epoch 1 2 3'
    # A new one, too, before the first run has read its data; of a run that fails nothing is left.
    begins read:1:stop -m a.bin -e 3 --log new.tsv
    stops
    fails 1 'vae-train: new.tsv: another process is writing it' "${SECOND[@]}" -m b.bin --log new.tsv items.raw
    kill -CONT $pid
    ends 0
    assert_equal "$(cut -f 1 new.tsv | xargs)" 'epoch 1 2 3'
    fails 1 'vae-train: none.raw: cannot open' vae-train -m b.bin --log none.tsv none.raw
    assert [ ! -e none.tsv ]
    # Each log of its own; standard output is nobody's.
    "${SECOND[@]}" -m a.bin --log /dev/null items.raw &
    "${SECOND[@]}" -m b.bin --log /dev/null items.raw
    wait $!
}

@test "a run's model and checkpoint are no other run's log, and its log is no other's model or checkpoint" {
    for file in model.bin run.ck; do
        # Before there is one, and over an old one.
        for old in no yes; do
            [ $old = no ] || "${SECOND[@]}" -m $file items.raw
            begins fsync:1:stop -e 1 -m model.bin --checkpoint run.ck
            stops
            refused $file -m b.bin --log $file
            [ $old = yes ] || assert [ ! -e $file ]
            # While its temporary file is not locked, the one in its place is.
            kill -CONT $pid
            ends 0
            rm model.bin run.ck
        done
    done
    begins lock:3:stop -m model.bin --checkpoint run.ck --every 1
    stops
    refused run.ck -m b.bin --log run.ck
    kill -KILL $pid
    ends 137
    rm run.ck .*.tmp
    begins rename:1:stop -m a.bin -e 1 --log log.tsv
    stops
    refused log.tsv -m log.tsv
    refused log.tsv -m b.bin --checkpoint log.tsv
    kill -CONT $pid
    ends 0
    assert_equal "$(cut -f 1 log.tsv | xargs)" 'epoch 1'
    # What a killed run has left keeps nobody from it.
    echo left >.log.tsv.tmp
    "${SECOND[@]}" -m b.bin --log log.tsv items.raw
    assert_equal "$(<.log.tsv.tmp)" left
}

@test "a file that was locked after another run had renamed or removed it is not written" {
    # The first run has opened its temporary file and not locked it yet.
    begins lock:1:stop -m model.bin -e 1
    stops
    assert [ -e .model.bin.tmp ]
    "${SECOND[@]}" -m model.bin items.raw
    assert_equal "$(metadata model.bin encoder_hidden)" 2
    kill -CONT $pid
    ends 0
    assert_equal "$(metadata model.bin encoder_hidden)" 3
    assert_empty "$(find . -name '.*.tmp')"
}

@test "a temporary file that was removed or moved during a run is missed, and another of its name left alone" {
    "${SECOND[@]}" -m model.bin items.raw
    cp model.bin before.bin
    for move in rm 'mv -t moved'; do
        mkdir -p moved
        begins fsync:1:stop -m model.bin -e 1
        stops
        $move .model.bin.tmp
        # Of a run that began when there was none, and has written half of its model.
        echo other >.model.bin.tmp
        kill -CONT $pid
        ends 1
        cmp model.bin before.bin
        assert_equal "$(<.model.bin.tmp)" other
        case $move in
        rm) wanted=' was removed, wanted it left alone until the end' ;;
        *) wanted=', or a directory above it, was moved; that temporary file is complete' ;;
        esac
        assert_equal "$(<err.first)" "vae-train: model.bin: its temporary file$wanted"
    done
    assert_equal "$(metadata moved/.model.bin.tmp encoder_hidden)" 3
    # A run that fails removes its own, here as the model is larger than files may be.
    ulimit -S -f 8
    begins write:1:stop -m model.bin -e 1
    ulimit -S -f unlimited
    stops
    rm .model.bin.tmp
    echo other >.model.bin.tmp
    kill -CONT $pid
    ends 1
    assert_equal "$(<err.first)" 'vae-train: model.bin: cannot write: File too large'
    assert_equal "$(<.model.bin.tmp)" other
}

@test "a log that was removed or replaced during a run is missed, one that was moved keeps its rows" {
    for move in rm 'mv -t moved'; do
        mkdir -p moved
        begins rename:1:stop -m model.bin -e 2 --log log.tsv
        stops
        $move log.tsv
        # Another run's, which is left alone.
        echo other >log.tsv
        kill -CONT $pid
        case $move in
        rm)
            ends 1
            assert_equal "$(<err.first)" \
                'vae-train: log.tsv: was removed with its rows, wanted it left alone until the end'
            ;;
        *)
            ends 0
            assert_equal "$(cut -f 1 moved/log.tsv | xargs)" 'epoch 1 2'
            ;;
        esac
        assert_equal "$(metadata model.bin epochs)" 2
        assert_equal "$(<log.tsv)" other
        rm log.tsv model.bin
    done
}

@test "a directory that was renamed during a run is named, and its temporary file is complete" {
    for fault in fsync:1:stop rename:1:stop; do
        rm -rf place other
        mkdir place
        "${SECOND[@]}" -m place/model.bin items.raw
        begins $fault -m place/model.bin -e 1
        stops
        mv place other
        kill -CONT $pid
        ends 1
        assert_equal "$(<err.first)" \
            'vae-train: place/model.bin: its temporary file, or a directory above it, was moved; that temporary file is complete'
        assert_equal "$(metadata other/.model.bin.tmp encoder_hidden)" 3
        assert_equal "$(metadata other/model.bin encoder_hidden)" 2
    done
}

@test "a model that another program has locked is left alone" {
    "${SECOND[@]}" -m model.bin items.raw
    cp model.bin before.bin
    fails 1 'vae-train: model.bin: another process is writing it' flock model.bin "${FIRST[@]}" -e 1 -m model.bin items.raw
    cmp model.bin before.bin
    assert [ ! -e .model.bin.tmp ]
}

# Another user, who wants a place that he can come to.
OTHER=(setpriv --reuid=nobody --regid=nogroup --clear-groups env "PATH=$PATH")

# other_place: a directory for both users, with items.raw; sets place.
other_place() {
    "${OTHER[@]}" test -x "$(command -v vae-train)" 2>/dev/null || skip 'wants to be root, and a build that all may run'
    place=$(mktemp -d)
    cp items.raw "$place"
    chown nobody "$place"
    cd "$place" || return
}

@test "a temporary file that was left with any mode is taken over by its owner" {
    other_place
    for mode in 0 444 600 777; do
        for umask in 022 077 277; do
            rm -f model.bin .model.bin.tmp
            echo left >.model.bin.tmp
            chmod $mode .model.bin.tmp
            chown nobody .model.bin.tmp
            (umask $umask && "${OTHER[@]}" "${SECOND[@]}" -m model.bin items.raw)
            # The model's mode is not that of what was left.
            assert_equal "$(stat -c %a model.bin)" "$(printf %o $((0666 & ~0$umask)))"
            (umask $umask && "${OTHER[@]}" "${SECOND[@]}" -m model.bin items.raw)
            assert_equal "$(stat -c %a model.bin)" "$(printf %o $((0666 & ~0$umask)))"
            assert [ ! -e .model.bin.tmp ]
        done
    done
    rm -r "$place"
}

@test "a temporary file of another user is refused and left alone" {
    other_place
    for mode in 600 666; do
        # By root, of a user who could write to the model afterwards.
        rm -f .model.bin.tmp
        echo theirs >.model.bin.tmp
        chmod $mode .model.bin.tmp
        chown nobody .model.bin.tmp
        fails 1 "vae-train: model.bin: .model.bin.tmp belongs to another user, wanted one's own or none" \
            "${SECOND[@]}" -m model.bin items.raw
        assert_equal "$(<.model.bin.tmp)" theirs
        assert [ ! -e model.bin ]
        # By another user, of root.
        chown root .model.bin.tmp
        fails 1 "vae-train: model.bin: .model.bin.tmp belongs to another user, wanted one's own or none" \
            "${OTHER[@]}" "${SECOND[@]}" -m model.bin items.raw
        assert_equal "$(<.model.bin.tmp)" theirs
    done
    rm -r "$place"
}

@test "a model that may not be read, in which no lock can be seen, is refused" {
    other_place
    "${SECOND[@]}" -m model.bin items.raw
    chmod 600 model.bin
    cp model.bin before.bin
    fails 1 'vae-train: model.bin: cannot open the file in its place: Permission denied' \
        "${OTHER[@]}" "${SECOND[@]}" -m model.bin items.raw
    cmp model.bin before.bin
    rm -r "$place"
}

@test "a link that cannot be followed is named for its reason, not as one to nothing" {
    other_place
    ln -s loop loop
    mkdir -m 700 shut
    echo precious >shut/file
    ln -s shut/file closed
    ln -s shut/none nothing
    for link in loop closed nothing; do
        case $link in
        loop) reason='Too many levels of symbolic links' ;;
        *) reason='Permission denied' ;;
        esac
        fails 1 "vae-train: $link: cannot write: $reason" "${OTHER[@]}" "${SECOND[@]}" -m $link items.raw
        fails 1 "vae-train: $link: cannot create: $reason" "${OTHER[@]}" "${SECOND[@]}" -m model.bin --log $link items.raw
    done
    fails 1 'vae-train: nothing: is a symbolic link to nothing, wanted a file or a new name' \
        "${SECOND[@]}" -m nothing items.raw
    assert_equal "$(<shut/file)" precious
    assert [ ! -e model.bin ]
    rm -r "$place"
}

@test "a model of another user in a directory with the sticky bit is refused before data is read" {
    other_place
    local refusal='vae-train: model.bin: belongs to another user, and only its owner may replace it in this directory, wanted another name'
    "${SECOND[@]}" -m model.bin items.raw
    cp model.bin before.bin
    # Who owns the directory may, and without the bit anybody who may write there.
    chmod 1777 .
    "${OTHER[@]}" "${SECOND[@]}" -m model.bin items.raw
    chown root . model.bin
    fails 1 "$refusal" "${OTHER[@]}" "${SECOND[@]}" -m model.bin none.raw
    cmp model.bin before.bin
    assert [ ! -e .model.bin.tmp ]
    chmod 0777 .
    "${OTHER[@]}" "${SECOND[@]}" -m model.bin items.raw
    # One's own, and a new one; root may replace any.
    chmod 1777 .
    "${OTHER[@]}" "${SECOND[@]}" -m model.bin items.raw
    "${OTHER[@]}" "${SECOND[@]}" -m new.bin items.raw
    chown 12345 .
    "${SECOND[@]}" -m model.bin items.raw
    rm -r "$place"
}

@test "a signal during the last save of a training that is done changes nothing" {
    "${FIRST[@]}" -e 1 -m whole.bin items.raw
    FIRST=(vae-train "${FIRST[@]:2}")
    begins rename:1:stop -e 1 -m model.bin
    stops
    kill -TERM $pid
    kill -CONT $pid
    ends 0
    cmp model.bin whole.bin
    assert_regex "$(tail -1 err.first)" '^vae-train: model.bin: .* trained to epoch 1 of 1 over '
}

@test "a signal during a long validation ends it, and the run that is resumed validates again" {
    for _ in {1..200}; do cat items.raw; done >val.raw
    local options=(-k 50 --objective iwae -e 2 --val val.raw --checkpoint run.ck --every 1)
    "${FIRST[@]}" -m model.bin "${options[@]}" items.raw 3>&- &
    pid=$!
    # The epoch's two steps are done, and the validation of 20,000 items goes on.
    # shellcheck disable=SC2016 # expanded by await
    await eval '[ "$(metadata run.ck step)" = 2 ]'
    kill -TERM $pid
    ends 143
    assert_equal "$(metadata run.ck epoch) $(metadata run.ck epochs_done) $(metadata model.bin epochs)" '1 0 1'
    # With fewer items the same data would be another run's.
    "${FIRST[@]}" -m model.bin "${options[@]}" --log log.tsv --resume run.ck items.raw
    "${FIRST[@]}" -m whole.bin "${options[@]}" --log whole.tsv items.raw
    cmp model.bin whole.bin
    cut -f 3 --complement log.tsv | diff - <(cut -f 3 --complement whole.tsv)
}

@test "a signal in the last step of an epoch leaves the epoch whole, and the training if it was the last one" {
    # It comes while the checkpoint of the step before is put in place.
    local options=(-e 2 --checkpoint run.ck --every 1)
    "${FIRST[@]}" -m whole.bin "${options[@]}" --log whole.tsv items.raw
    # interrupted N OPTION...
    interrupted() {
        rm -f log.tsv run.ck
        begins "rename:$1:stop" -m model.bin "${options[@]}" --log log.tsv "${@:2}"
        stops
        kill -TERM $pid
        kill -CONT $pid
    }
    interrupted 3
    ends 0
    cmp model.bin whole.bin
    cut -f 3 --complement log.tsv | diff - <(cut -f 3 --complement whole.tsv)
    interrupted 1
    ends 143
    assert_equal "$(metadata run.ck step) $(metadata run.ck epochs_done) $(last log 1)" '2 1 1'
    # The validation is broken off, and made by the run that is resumed.
    interrupted 3 --val items.raw
    ends 143
    assert_equal "$(metadata run.ck step) $(metadata run.ck epochs_done) $(last log 1)" '4 1 1'
    "${FIRST[@]}" -m model.bin "${options[@]}" --log log.tsv --resume run.ck --val items.raw items.raw
    same_weights model.bin whole.bin
    assert_equal "$(cut -f 1 log.tsv | xargs)" 'epoch 1 2'
}
