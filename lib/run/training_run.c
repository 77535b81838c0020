/* SPDX-License-Identifier: MIT */
#include "run/training_run.h"

#include "base/atomic_file.h"
#include "base/cli.h"
#include "base/error.h"
#include "base/progress.h"
#include "base/ranks.h"
#include "base/signals.h"
#include "query/evaluate.h"
#include "run/run_files.h"
#include "run/run_items.h"
#include "run/run_notes.h"
#include "run/run_ranks.h"
#include "run/saver.h"
#include "run/train_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SAVE_SECONDS 10 /* at the end of an epoch the model is saved if the last save is older than this */

/* The parts of one run. */
struct training_run {
    const struct training_run_config *config;
    struct model model;
    struct run_items items;
    struct initial_facts facts;
    struct run_data digests; /* of the inputs */
    struct workers *workers;
    struct training training;
    struct run_log log, latents; /* latents: the log of the KL of each latent */
    char *latents_header;        /* owned */
    struct report report;
    struct saver saver;
    struct checkpoint checkpoint;
    bool over; /* --patience ends the run */
};

/* Every rank evaluates a part of the validation data; the figures of rank 0 count. *elbo becomes NaN without data,
 * and if a figure of an item is not finite. That is noted, and does not end the training. Returns 1 when done, 0 if
 * a signal came before the end, -1 on error. */
static int validate(struct training_run *r, struct elbo *elbo) {
    static struct evaluator evaluator;
    *elbo = ELBO_NONE;
    if (r->items.validation.items == 0)
        return 1;
    const struct objective *o = &r->config->objective;
    const bool importance = o->estimator->importance;
    const uint32_t draws = importance ? (uint32_t)o->draws : 1;
    int result =
        ranks_agree(evaluator_start(&evaluator, &r->model, r->workers, draws, importance, r->config->seed));
    if (result == 0) {
        evaluator.objective = o;
        result = evaluator_add_all(&evaluator, &r->items.validation, r->items.validation_label,
                                   r->items.validation_target);
        if (result == 1)
            *elbo = evaluation_elbo(&evaluator.total);
        if (result < 0) {
            cli_note("%s: epoch %" PRIu64 " has no validation", error_message(), r->training.epoch);
            result = 1;
        }
    }
    evaluator_end(&evaluator);
    ranks_share(elbo, sizeof *elbo);
    return result;
}

static int identify(struct training_run *r) {
    return checkpoint_start(&r->checkpoint, &r->digests, schedule_spans(&r->config->schedule));
}

/* Sets which data the model and the checkpoint say that they are of, as far as it is known. 0 or -1. */
static int describe_data(struct training_run *r) {
    const struct items_read known = run_items_known(&r->items);
    struct provenance *now = &r->saver.provenance, *kept = &r->saver.kept_provenance;
    r->checkpoint.digested = known;
    if (r->items.streams)
        now->items = kept->items = known.items;
    else if (known.items < now->items)
        return 0;
    r->checkpoint.digested = (struct items_read){0};
    now->data_xxh64 = kept->data_xxh64 = known.xxh64;
    if (r->items.streams || r->digests.train == known.xxh64)
        return 0;
    r->digests.train = known.xxh64;
    return identify(r);
}

static bool has_lost_patience(const struct training_run *r) {
    const uint64_t patience = r->config->patience;
    return patience > 0 && r->checkpoint.judged - r->saver.kept_provenance.epochs >= patience;
}

/* Returns whether the weights of the epoch are to be kept. With --patience they must be the best so far. Until the
 * end of the warm-up each epoch is kept, since the bound of the validation items, which has the whole beta, says
 * little yet; and patience counts from there. */
static bool is_kept(const struct training_run *r, double bound) {
    const struct training_run_config *c = r->config;
    const struct provenance *kept = &r->saver.kept_provenance;
    const double warm = fmax(c->objective.warmup, c->schedule.warm);
    return c->patience == 0 || kept->epochs == 0 || (double)r->training.epoch - 1 < warm ||
           isnan(kept->validation.bound) || bound > kept->validation.bound;
}

/* Keeps the weights if they are the best, and ends the run if patience is lost. */
static void judge(struct training_run *r, const struct elbo *validation) {
    saver_judge(&r->saver, validation, is_kept(r, validation->bound));
    r->checkpoint.judged = r->training.epoch;
    r->over = has_lost_patience(r);
}

/* Syncs the log, then saves the checkpoint, which counts the log's rows; nothing without --checkpoint. 0 or -1. */
static int save_checkpoint(struct training_run *r) {
    int result = 0;
    if (r->checkpoint.path != NULL)
        result = describe_data(r) < 0 || run_log_sync(&r->log) < 0 || run_log_sync(&r->latents) < 0
                     ? -1
                     : checkpoint_save(&r->checkpoint);
    return ranks_agree(result);
}

/* Saves the model, see saver_save. 0 or -1. */
static int save_model(struct training_run *r, const char *ended, bool again) {
    return ranks_agree(saver_save(&r->saver, ended, again));
}

static void note_way_back(const struct training_run *r) {
    const char *path = r->checkpoint.path;
    if (path != NULL)
        cli_note("%s: --resume %s continues from step %" PRIu64, path, path, r->training.step);
}

/* Called after the log or the model could not be written: saves the checkpoint, and keeps the message. */
static void rescue_checkpoint(struct training_run *r) {
    char reason[ERROR_MESSAGE];
    snprintf(reason, sizeof reason, "%s", error_message());
    const int result = save_checkpoint(r);
    if (result == 0)
        note_way_back(r);
    if (result == 0 ||
        strcmp(reason, error_message()) == 0) /* if weights are not finite, both messages are the same */
        (void)fail("%s", reason);
    else
        (void)fail("%s; %s", reason, error_message());
}

/* Ends an epoch. If the log cannot be written, the checkpoint is saved before judge() counts the epoch: a resumed
 * run then validates again, and writes the row. 0 or -1. */
static int end_epoch(struct training_run *r, const struct elbo *validation) {
    const int result = ranks_agree(report_epoch(&r->report, validation));
    if (result < 0)
        rescue_checkpoint(r);
    judge(r, validation);
    return result;
}

/* Called after a step has failed. If a stream could not be read, the state is that of the last step: then it is
 * saved; or, if the signal that ended the command before the pipe has come here, too, returns true, and the run
 * ends as by that signal. */
static bool keeps_state(struct training_run *r) {
    if (!r->training.feed.has_failed)
        return false;
    if (signals_stop() != 0)
        return true;
    rescue_checkpoint(r);
    return false;
}

/* Trains to the end of the epoch and validates. Returns 1 when done, 0 if a signal came before the end, -1 on
 * error. */
static int train_epoch(struct training_run *r) {
    struct elbo validation;
    int more;
    const bool begins =
        r->checkpoint.judged == r->training.epoch; /* else the checkpoint is from within the epoch */
    if (begins && training_begin_epoch(&r->training) < 0)
        return -1;
    while ((more = training_step(&r->training)) == 1 && signals_stop() == 0) {
        report_step(&r->report);
        if (ranks_decide(checkpoint_is_due(&r->checkpoint)) && save_checkpoint(r) < 0)
            return -1;
    }
    if (more < 0 && !keeps_state(r))
        return -1;
    training_settle(&r->training);
    if (!training_epoch_is_over(&r->training)) /* a signal in the last step does not interrupt the epoch */
        return 0;
    if (describe_data(r) < 0)
        return -1;
    model_swap_average(&r->model);
    const int result = validate(r, &validation);
    model_swap_average(&r->model);
    if (result < 0) /* the weights must not be lost with the validation */
        saver_judge(&r->saver, &ELBO_NONE, r->saver.kept_provenance.epochs == 0 || r->config->patience == 0);
    if (result != 1)
        return result;
    return end_epoch(r, &validation) < 0 ? -1 : 1;
}

static bool is_finished(const struct training_run *r) {
    return r->checkpoint.judged >= r->config->epochs || r->over;
}

static int train_epochs(struct training_run *r) {
    double saved = 0;
    while (!is_finished(r) && signals_stop() == 0) {
        if (train_epoch(r) < 0)
            return -1;
        if (ranks_decide(progress_seconds() - saved >= SAVE_SECONDS) && r->training.epoch < r->config->epochs) {
            if (save_model(r, "running", true) < 0) {
                rescue_checkpoint(r);
                return -1;
            }
            saved = progress_seconds();
        }
    }
    if (is_finished(r)) /* a signal that comes now changes nothing */
        signals_forget_stop();
    return 0;
}

static struct run_notes notes_of(const struct training_run *r) {
    return (struct run_notes){.config = r->config,
                              .model = &r->model,
                              .train = r->items.train->part == NULL ? r->items.train : r->items.train->part,
                              .items = run_items_count(&r->items),
                              .validation = &r->items.validation,
                              .digests = &r->digests,
                              .label = r->items.label,
                              .train_label =
                                  r->items.label == NULL ? NULL : r->items.label + feed_first(&r->training.feed),
                              .target = r->items.target,
                              .different_items = r->facts.different_items,
                              .workers = r->workers,
                              .steps = r->training.step};
}

/* Notes where a resumed run goes on, or why it does not. */
static void note_resumed(const struct training_run *r) {
    const struct training_run_config *c = r->config;
    const uint64_t epoch = r->training.epoch;
    if (r->over)
        cli_note("%s: the run is complete: --patience ended it after epoch %" PRIu64
                 ", so a greater --epochs adds none; --start-from trains its model in a new run",
                 c->resume, epoch);
    else if (is_finished(r))
        cli_note("%s: the run is complete, epoch %" PRIu64 " of %" PRIu64 "%s", c->resume, epoch, c->epochs,
                 schedule_spans(&c->schedule) ? "" : "; a greater --epochs adds epochs");
    else
        cli_note("%s: continuing from step %" PRIu64 ", in epoch %" PRIu64 " of %" PRIu64, c->resume,
                 r->training.step, epoch, c->epochs);
}

/* Rank 0 has the items that notes are about. */
static bool prints_notes(void) {
    return !cli_quiet() && ranks_self() == 0;
}

/* Prints notes about the run. Called when all that can refuse the run has been checked. */
static void note_start(const struct training_run *r) {
    const struct run_notes notes = notes_of(r);
    if (prints_notes())
        run_notes_before(&notes);
    if (r->config->resume != NULL)
        note_resumed(r);
    checkpoint_note_replaced(&r->checkpoint);
}

/* Returns why training has ended, as the model file says it. */
static const char *ending(const struct training_run *r) {
    return r->over ? "patience" : is_finished(r) ? "epochs" : "signal";
}

static int train(struct training_run *r) {
    note_start(r);
    r->report = (struct report){.training = &r->training,
                                .log = &r->log,
                                .latents = &r->latents,
                                .model = r->config->output,
                                .epochs = r->config->epochs,
                                .validates = r->items.validation.items > 0};
    report_start(&r->report, r->checkpoint.seconds);
    signals_catch_stop();
    const int trained = train_epochs(r);
    if (trained == 0 && signals_stop() == 0)
        run_items_wait(&r->items);
    if (trained < 0 || ranks_agree(describe_data(r)) < 0 || save_checkpoint(r) < 0 ||
        save_model(r, ending(r), false) < 0) {
        saver_rescue(&r->saver);
        return -1;
    }
    if (signals_stop() == 0 && prints_notes()) {
        const struct run_notes notes = notes_of(r);
        saver_restore(&r->saver, &r->model);
        run_notes_after(&notes, r->config->output);
    }
    r->report.has_lost_patience = r->over;
    report_result(&r->report, saver_saves(&r->saver));
    if (signals_stop() != 0)
        note_way_back(r);
    return 0;
}

static int prepare_checkpoint(struct training_run *r) {
    const struct training_run_config *c = r->config;
    r->checkpoint.every = c->every;
    r->checkpoint.options = c->options;
    r->checkpoint.training = &r->training;
    r->checkpoint.saver = &r->saver;
    if (ranks_agree(identify(r)) < 0)
        return -1;
    if (c->resume == NULL)
        return 0;
    if (checkpoint_load(&r->checkpoint, c->resume) < 0)
        return -1;
    r->over = has_lost_patience(r);
    return 0;
}

/* Sets the fields of the saver's provenance that are known before training. */
static void prepare_saver(struct training_run *r) {
    r->saver.training = &r->training;
    r->saver.best = r->config->patience > 0;
    r->saver.provenance = (struct provenance){.seed = r->config->seed,
                                              .items = run_items_count(&r->items),
                                              .data_xxh64 = r->digests.train,
                                              .labels_xxh64 = r->digests.labels,
                                              .target_xxh64 = r->digests.target,
                                              .command = r->config->command,
                                              .start_xxh64 = r->digests.start};
}

/* Returns whether the digest of the items is compared before training: with a checkpoint's, or that of validation.
 */
static bool wants_digest(const struct training_run *r) {
    const struct training_run_config *c = r->config;
    return c->resume != NULL || (c->checkpoint != NULL && access(c->checkpoint, F_OK) == 0) ||
           (c->validation != NULL && r->items.validation.items == run_items_count(&r->items));
}

/* Loads the items, makes the model, and starts the threads. 0 or -1. */
static int load(struct training_run *r) {
    const struct training_run_config *c = r->config;
    struct model_config config = c->model;
    if (run_items_load(&r->items, c, &config) < 0 || model_create(&r->model, &config) < 0)
        return -1;
    const struct dataset first = run_items_first(&r->items, c);
    if (initial_values_set(&c->start, &r->model, &first, r->items.label, r->config->seed, &r->facts) < 0)
        return -1;
    r->workers = workers_start(r->config->threads);
    if (r->workers == NULL)
        return -1;
    if (wants_digest(r))
        run_items_wait(&r->items);
    r->digests = run_data_of(&r->items, r->facts.from_xxh64);
    return 0;
}

/* Prepares the model and its training. 0 or -1. */
static int prepare(struct training_run *r) {
    const struct training_run_config *c = r->config;
    if (ranks_agree(load(r)) < 0 || run_ranks_check(&r->items, &r->digests) < 0)
        return -1;
    run_ranks_share_values(&r->items, &r->model);
    prepare_saver(r);
    r->training = (struct training){.model = &r->model,
                                    .data = r->items.train,
                                    .stream = r->items.streams ? &r->items.stream : NULL,
                                    .shuffled = run_items_block(&r->items, c),
                                    .label = r->items.label,
                                    .target = r->items.target,
                                    .workers = r->workers,
                                    .batch = c->batch,
                                    .split_count = c->splits,
                                    .rate = c->rate,
                                    .seed = r->config->seed,
                                    .augment = c->augment,
                                    .word_dropout = c->word_dropout,
                                    .objective = c->objective,
                                    .schedule = c->schedule,
                                    .epochs = (double)c->epochs,
                                    .update_config = c->update};
    if (ranks_agree(training_start(&r->training) < 0 || saver_start(&r->saver) < 0 ? -1 : 0) < 0)
        return -1;
    training_settle(&r->training);
    return prepare_checkpoint(r);
}

/* Opens the log of the latents. 0 or -1. */
static int open_latents_log(struct training_run *r) {
    const struct training_run_config *c = r->config;
    r->latents_header = run_log_latents_header(c->log_latents == NULL ? 0 : c->model.latent);
    return r->latents_header == NULL ? -1 : run_log_open(&r->latents, c->log_latents, r->latents_header);
}

static const char *log_header(const struct training_run_config *c) {
    return c->target == NULL ? RUN_LOG_HEADER "\n" : RUN_LOG_HEADER RUN_LOG_TARGET_HEADER "\n";
}

/* Reserves all output files before the data is read. If another run has one of them, this run is refused and has
 * changed nothing. 0 or -1. */
static int open_outputs(struct training_run *r) {
    return saver_open(&r->saver, r->config->output) < 0 ||
                   checkpoint_open(&r->checkpoint, r->config->checkpoint) < 0 ||
                   run_log_open(&r->log, r->config->log, log_header(r->config)) < 0 || open_latents_log(r) < 0
               ? -1
               : 0;
}

/* Called when the data has been read: empties or cuts the log of an earlier run. 0 or -1. */
static int begin_outputs(struct training_run *r) {
    return (r->saver.path != NULL && atomic_begin(&r->saver.file) < 0) ||
                   (r->checkpoint.path != NULL && atomic_begin(&r->checkpoint.file) < 0) ||
                   run_log_begin(&r->log, r->checkpoint.judged) < 0 ||
                   run_log_begin(&r->latents, r->checkpoint.judged) < 0
               ? -1
               : 0;
}

static int close_logs(struct training_run *r) {
    const int log = run_log_close(&r->log), latents = run_log_close(&r->latents);
    return log < 0 || latents < 0 ? -1 : 0;
}

static int abandon_logs(const struct training_run *r) {
    run_log_abandon(&r->log);
    run_log_abandon(&r->latents);
    return -1;
}

static int run(struct training_run *r) {
    const struct training_run_config *c = r->config;
    const bool dry = c->estimate != NULL;
    if (ranks_agree(run_files_check(c) < 0 || (!dry && open_outputs(r) < 0) ? -1 : 0) < 0 ||
        ranks_agree(prepare(r)) < 0 || run_ranks_check_state(&r->training) < 0)
        return -1;
    if (dry)
        return estimate_run(&r->training, &r->saver, &r->items.validation, r->items.validation_label, c->epochs,
                            c->estimate);
    return ranks_agree(begin_outputs(r)) < 0 ? -1 : train(r);
}

int training_run(const struct training_run_config *c) {
    static struct training_run r; /* large for a stack; a process has one run */
    r.config = c;
    signals_ignore_pipe();
    progress_start(!cli_quiet(), false);
    int result = run(&r);
    result = result < 0 ? abandon_logs(&r) : close_logs(&r);
    free(r.latents_header);
    checkpoint_end(&r.checkpoint);
    saver_close(&r.saver);
    training_end(&r.training);
    workers_stop(r.workers);
    model_free(&r.model);
    run_items_free(&r.items);
    return result;
}
