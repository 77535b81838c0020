#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# vae-train --patience: what validation judges, what is saved, and what the model file says of it.
# shellcheck disable=SC2016 # what is quoted is awk's
load helper

# Pictures of 7x5 pixels with bars, and one pixel in 50 turned over.
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return
    bars() {
        header u8 7x5 "$1" .
        perl -e 'srand $ARGV[1];
            for (1 .. $ARGV[0]) {
                my @row = map { rand() < .25 } 1 .. 7;
                my @column = map { rand() < .25 } 1 .. 5;
                print pack "C*", map { 255 * (($row[$_ / 5] || $column[$_ % 5]) != (rand() < .02)) } 0 .. 34;
            }' "$1" "$2"
    }
    bars 500 4 >data.raw
    bars 100 5 >val.raw
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    cp "$BATS_FILE_TMPDIR"/*.raw .
}

# stops NAME OPTION...: trains until patience is lost.
stops() {
    local name=$1
    shift
    defaulting -r 0.003 -e 400 --patience 5 -- vae-train -m "$name.bin" -z 4 -H 32 --val val.raw --log "$name.tsv" "$@" data.raw 2>err
}

# best NAME COLUMN: the epoch with the greatest number in this column of the log.
best() {
    tail -n +2 "$1.tsv" | sort -g -r -k "$2" | sed -n '1s/\t.*//p'
}

# row NAME EPOCH COLUMN
row() {
    awk -F '\t' -v epoch="$2" -v column="$3" '$1 == epoch { print $column }' "$1.tsv"
}

@test "patience judges the bound that is climbed, and the elbo is beside it" {
    local found
    # The elbo falls from the first epochs on, while the bound still rises.
    stops low --beta 0.1
    assert_equal "$(best low 13)" "$(metadata low.bin epochs)"
    assert [ "$(best low 7)" -lt $(($(metadata low.bin epochs) - 5)) ]
    found=$(vae-eval -q -m low.bin val.raw | tail -1)
    holds "$(cut -f 4 <<<"$found") > 8"
    near "$(cut -f 2 <<<"$found")" "$(row low "$(metadata low.bin epochs)" 7)" 0.0001
    near "$(awk '{ print $3 - 0.1 * $4 }' <<<"$found")" "$(row low "$(metadata low.bin epochs)" 13)" 0.0002
    grep -q '^vae-train: low.bin: epoch 9/400: elbo -[0-9.]* = -[0-9.]* - kl [0-9.]* nats, bound -[0-9.]*, validation -[0-9.]*, bound -[0-9.]*, ' err
    stops free --free-bits 1
    assert_equal "$(best free 13)" "$(metadata free.bin epochs)"
    holds "$(vae-eval -q -m free.bin val.raw | tail -1 | cut -f 2) > -21"
}

@test "with free bits the bound has at least these nats for each latent and item" {
    # More than any latent has: 4 latents of 50 nats.
    stops free --free-bits 50 -e 2
    tail -n +2 free.tsv | rows_hold 2 '($12 - ($5 - 200))^2 < 1e-6 && ($13 - ($8 - 200))^2 < 1e-6 && $4 > $12'
    # Fewer than all have: those of a latent that has less count, the others as they are.
    stops free --free-bits 0.5 -e 3
    tail -n +2 free.tsv | rows_hold 3 '$12 >= $5 - $6 - 2 && $12 < $4 && $13 < $7'
    stops free --free-bits 1e-9 -e 3
    tail -n +2 free.tsv | rows_hold 3 '($12 - $4)^2 < 1e-6 && ($13 - $7)^2 < 1e-6'
}

@test "patience counts from the end of the warm-up of the KL term and of the rate" {
    for warm in '--warmup 30.5' '--warm-rate 30.5' '--warmup 3 --warm-rate 30.5'; do
        # shellcheck disable=SC2086 # several options
        stops warm $warm
        assert [ "$(metadata warm.bin epochs)" -ge 31 ]
        assert_equal "$(metadata warm.bin made.epochs_run)" $(($(metadata warm.bin epochs) + 5))
        assert_equal "$(tail -n +32 warm.tsv | sort -g -r -k 13 | sed -n '1s/\t.*//p')" "$(metadata warm.bin epochs)"
    done
    # Within it each epoch counts as better, although none has been since the first.
    stops within --warmup 12 -r 0 -e 12
    assert_equal "$(metadata within.bin made.ended) $(metadata within.bin epochs)" 'epochs 12'
    for warm in --warmup --warm-rate; do
        stops after $warm 12 -r 0
        assert_equal "$(metadata after.bin made.ended) $(metadata after.bin epochs) $(metadata after.bin made.epochs_run)" 'patience 12 17'
    done
}

@test "a warm-up that is longer than the run is noted" {
    vae-train -m a.bin -z 2 -H 4 -e 2 -b 1 -r 1 --clip 1e-6 --warmup 5 --warm-rate 2.5 --log log.tsv data.raw 2>err
    grep -qx 'vae-train: --warmup: 5 epochs are more than the 2 of --epochs, so the weight of the KL term ends at 0.4 of its whole value' err
    grep -qx 'vae-train: --warm-rate: 2.5 epochs are more than the 2 of --epochs, so the rate ends at 0.8 of its whole value' err
    # The last step of a few is far from the end of its epoch. The log has its rate.
    for batch in 1000000 300; do
        vae-train -m a.bin -z 2 -H 4 -e 2 -b $batch -r 1 --clip 1e-6 --warm-rate 2.5 --log log.tsv data.raw 2>err
        grep -qx "vae-train: --warm-rate: .*, so the rate ends at $(printf %.2g "$(tail -1 log.tsv | cut -f 10)") of its whole value" err
    done
    vae-train -m a.bin -z 2 -H 4 -e 2 --warmup 2 --warm-rate 2 data.raw 2>err
    run ! grep warm err
}

@test "the last line and the model file have the figures of the saved epoch, and why training ended" {
    local epoch key column wanted
    stops early --free-bits 0.3
    epoch=$(metadata early.bin epochs)
    assert_equal "$(metadata early.bin made.ended)" patience
    assert_equal "$(metadata early.bin made.epochs_run)" $((epoch + 5))
    column=4
    for key in train_elbo train_reconstruction train_kl val_elbo val_reconstruction val_kl; do
        near "$(metadata early.bin "made.$key")" "$(row early "$epoch" $column)" 0.0001
        column=$((column + 1))
    done
    near "$(metadata early.bin made.train_bound)" "$(row early "$epoch" 12)" 0.0001
    near "$(metadata early.bin made.val_bound)" "$(row early "$epoch" 13)" 0.0001
    assert_equal "$(metadata early.bin made.active_latents)" "$(row early "$epoch" 11)"
    assert_equal "$(metadata early.bin elbo)" "$(metadata early.bin made.train_elbo)"
    wanted="^vae-train: early.bin: 35-32-4-32-35 relu bernoulli, stopped by --patience after epoch $((epoch + 5)) of 400 over 500 items of 7x5: "
    wanted+="saved epoch $epoch, elbo $(printf %.2f "$(row early "$epoch" 4)"), bound $(printf %.2f "$(row early "$epoch" 12)"), "
    wanted+="validation $(printf %.2f "$(row early "$epoch" 7)"), bound $(printf %.2f "$(row early "$epoch" 13)") nats per item, "
    assert_regex "$(tail -1 err)" "$wanted"
    # Without patience the last epoch is saved.
    vae-train -m all.bin -z 4 -H 32 -e 3 --val val.raw --log all.tsv data.raw 2>err
    assert_equal "$(metadata all.bin made.ended) $(metadata all.bin made.epochs_run)" 'epochs 3'
    near "$(metadata all.bin made.val_elbo)" "$(row all 3 7)" 0.0001
    assert_regex "$(tail -1 err)" ", trained to epoch 3 of 3 over 500 items of 7x5: elbo $(printf %.2f "$(row all 3 4)"), validation $(printf %.2f "$(row all 3 7)") nats per item, "
    # Nothing was trained, and nothing is said of it.
    vae-train -q -m none.bin -z 4 -H 32 -e 0 --val val.raw data.raw
    assert_equal "$(metadata none.bin made.ended)" epochs
    no_metadata none.bin made.train_elbo
    no_metadata none.bin made.val_elbo
}

@test "a run that a signal ends says so, and goes on to the same model" {
    stops whole
    # Within an epoch, which takes long: these weights were not validated.
    vae-train -q -m part.bin -z 4 -H 32 -b 1 -k 200 --objective iwae -e 1000000 --val val.raw --log part.tsv data.raw 3>&- &
    # shellcheck disable=SC2016 # expanded by await
    await eval '[ "$(wc -l <part.tsv)" -ge 2 ]'
    kill -TERM $!
    wait $! || true
    assert_equal "$(metadata part.bin made.ended)" signal
    assert [ -n "$(metadata part.bin made.train_elbo)" ]
    no_metadata part.bin made.val_elbo
    # Ended and continued: at the end of an epoch, within the warm-up, and after the best epoch.
    for epochs in 3 $(($(metadata whole.bin made.epochs_run) - 1)); do
        stops part -e "$epochs" --checkpoint part.ck
        assert_equal "$(metadata part.bin made.ended)" epochs
        stops part --resume part.ck
        cmp whole.bin part.bin
    done
    # Continued when it is over: the figures are still there.
    stops whole --checkpoint whole.ck
    stops again --resume whole.ck
    cmp whole.bin again.bin
}

@test "validation that fails costs nothing: the figures are nan, a note says why, and the weights are saved" {
    { header f32 16 50 . && perl -e 'print pack "f<*", map { $_ % 7 / 7 } 1 .. 800'; } >real.raw
    # The encoder of item 1 overflows.
    { header f32 16 3 . && perl -e 'print pack "f<*", (.1) x 16, (3e38) x 16, (.5) x 16'; } >far.raw
    vae-train -m model.bin -z 2 -H 32 -e 4 -l gaussian --val far.raw --log log.tsv real.raw 2>err
    assert_equal "$(grep -c '^vae-train: far.raw: item 1 has .*: epoch [1-4] has no validation$' err)" 4
    tail -n +2 log.tsv | rows_hold 4 '$7 == "nan" && $13 == "nan" && $4 < 0'
    assert_equal "$(metadata model.bin epochs) $(metadata model.bin made.ended)" '4 epochs'
    no_metadata model.bin made.val_elbo
    # Nothing can be judged, so the last weights are kept.
    vae-train -q -m patient.bin -z 2 -H 32 -e 4 -l gaussian --patience 1 --val far.raw real.raw
    same_weights model.bin patient.bin
    assert_equal "$(metadata patient.bin epochs)" 4
}
