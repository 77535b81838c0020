/* SPDX-License-Identifier: MIT */
#include "run/train_report.h"

#include "base/cli.h"
#include "base/error.h"
#include "base/progress.h"
#include "base/signals.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static double items_done(const struct training *t) {
    const double epochs_done = t->epoch == 0 ? 0 : (double)(t->epoch - 1);
    return epochs_done * (double)training_items(t) + (double)t->position;
}

void report_start(struct report *r, double seconds) {
    r->items = items_done(r->training);
    r->seconds = seconds;
    progress_start(!cli_quiet(), false);
}

/* Returns the items per second since the start. The time includes validation and saving. */
static double items_per_second(const struct report *r) {
    return (items_done(r->training) - r->items) / progress_seconds();
}

#define RATE_TEXT 32

/* Writes ", N items/s", or "" if nothing was left to train. */
static const char *rate_text(const struct report *r, char text[RATE_TEXT]) {
    snprintf(text, RATE_TEXT, ", %.0f items/s", items_per_second(r));
    return items_done(r->training) > r->items ? text : "";
}

#define BOUND_TEXT 330 /* a double with all its digits */
#define FIGURES_TEXT (BOUND_TEXT + 340)

/* Returns ", bound B" if training maximises another bound than the ELBO, else "". */
static const char *bound_text(const struct training *t, const struct elbo *e, char text[BOUND_TEXT]) {
    snprintf(text, BOUND_TEXT, ", bound %.2f", e->bound);
    return objective_is_elbo(&t->objective) ? "" : text;
}

#define FIT_TEXT 64

/* Returns ", target R^2 R (validation R)", without validation ", target R^2 R", or "" if there is no target. */
static const char *target_text(const struct elbo *train, const struct elbo *validation, char text[FIT_TEXT]) {
    int used = 0;
    *text = '\0';
    if (!isnan(train->target.r2))
        used = snprintf(text, FIT_TEXT, ", target R^2 %.3f", train->target.r2);
    if (used > 0 && !isnan(validation->target.r2))
        snprintf(text + used, FIT_TEXT - (size_t)used, " (validation %.3f)", validation->target.r2);
    return text;
}

#define CHANGE_TEXT 32

/* Writes " (C)", the change since the last complete epoch, or "" if there is none. */
static const char *change_text(double now, double last, char text[CHANGE_TEXT]) {
    snprintf(text, CHANGE_TEXT, " (%+.2f)", now - last);
    return isnan(last) ? "" : text;
}

/* Writes the figures of the epoch so far: the bound that training maximises, how far it has moved, and what else it
 * takes to see its terms. */
static const char *state_text(const struct training *t, char text[FIGURES_TEXT]) {
    const struct elbo elbo = training_elbo(t);
    char change[CHANGE_TEXT];
    if (objective_is_elbo(&t->objective))
        snprintf(text, FIGURES_TEXT, "elbo %.2f%s, kl %.2f", elbo.elbo,
                 change_text(elbo.elbo, t->last.elbo, change), elbo.kl);
    else
        snprintf(text, FIGURES_TEXT, "bound %.2f%s, elbo %.2f", elbo.bound,
                 change_text(elbo.bound, t->last.bound, change), elbo.elbo);
    return text;
}

void report_step(const struct report *r) {
    if (!progress_due())
        return;
    const struct training *t = r->training;
    const double items = (double)training_items(t), rate = items_per_second(r);
    const double left = (double)(r->epochs - t->epoch) * items + items - (double)t->position;
    char figures[FIGURES_TEXT];
    const char *model = progress_drawing() ? "" : r->model, *colon = progress_drawing() ? "" : ": ";
    if (items > 0)
        progress_show("%s%sepoch %" PRIu64 "/%" PRIu64 " %.0f%%: %s, %.0f/s, %.0f s left", model, colon, t->epoch,
                      r->epochs, 100 * (double)t->position / items, state_text(t, figures), rate, left / rate);
    else
        progress_show("%s%s%" PRIu64 " items: %s, %.0f/s", model, colon, t->position, state_text(t, figures), rate);
}

static double seconds(const struct report *r) {
    return r->seconds + progress_seconds();
}

/* Writes the figures of the validation items, ", validation V, bound B", or "" without any. */
static const char *validation_text(const struct report *r, const struct elbo *e, char text[FIGURES_TEXT]) {
    char bound[BOUND_TEXT];
    *text = '\0';
    if (r->validates)
        snprintf(text, FIGURES_TEXT, ", validation %.2f%s", e->elbo, bound_text(r->training, e, bound));
    return text;
}

static void tell_epoch(const struct report *r, const struct elbo *validation) {
    const struct training *t = r->training;
    const struct elbo elbo = training_elbo(t);
    char bound[BOUND_TEXT], target[FIT_TEXT], text[FIGURES_TEXT];
    cli_note("%s: epoch %" PRIu64 "/%" PRIu64 ": elbo %.2f = %.2f - kl %.2f nats%s%s%s, %.1f s", r->model, t->epoch,
             r->epochs, elbo.elbo, elbo.reconstruction, elbo.kl, bound_text(t, &elbo, bound),
             validation_text(r, validation, text), target_text(&elbo, validation, target), seconds(r));
}

/* Writes the row of the latents' log. 0 or -1. */
static int log_latents(const struct report *r) {
    const struct training *t = r->training;
    const struct model_config *c = &t->model->config;
    FILE *log = r->latents->file;
    if (log == NULL)
        return 0;
    int printed = fprintf(log, "%" PRIu64, t->epoch);
    for (size_t i = 0; printed >= 0 && i < c->latent; i++)
        printed = fprintf(log, "\t%.4f",
                          c->prior->kl == NULL ? NAN : latent_figures(&t->sums->latents[i], t->position).kl);
    return run_log_flush(r->latents, printed < 0 ? printed : fprintf(log, "\n"));
}

static int log_figures(const struct report *r, const struct elbo *validation) {
    const struct training *t = r->training;
    const struct elbo train = training_elbo(t);
    FILE *log = r->log->file;
    if (log == NULL)
        return 0;
    int printed =
        fprintf(log, "%" PRIu64 "\t%" PRIu64 "\t%.3f\t%.4f\t%.4f\t%.4f\t%.4f\t%.4f\t%.4f\t%g\t%zu\t%.4f\t%.4f",
                t->epoch, t->step, seconds(r), train.elbo, train.reconstruction, train.kl, validation->elbo,
                validation->reconstruction, validation->kl, t->last_rate, training_active_latents(t), train.bound,
                validation->bound);
    if (printed >= 0 && t->target != NULL)
        printed = fprintf(log, "\t%.4f\t%.4f\t%.4f\t%.4f", train.target.log_likelihood,
                          validation->target.log_likelihood, train.target.r2, validation->target.r2);
    return run_log_flush(r->log, printed < 0 ? printed : fprintf(log, "\n"));
}

int report_epoch(const struct report *r, const struct elbo *validation) {
    if (r->validates || !progress_drawing()) /* else the progress line has shown it */
        tell_epoch(r, validation);
    return log_figures(r, validation) < 0 ? -1 : log_latents(r);
}

#define FEW_STEPS 100 /* before that, latents may only not have been learned yet */

static void note_collapsed(const struct report *r, const struct provenance *saved) {
    const struct objective *o = &r->training->objective;
    const size_t latent = r->training->model->config.latent, active = saved->active_latents;
    const bool warms = !o->estimator->importance && o->warmup == 0;
    char advice[128];
    if (isnan(saved->train.elbo) || active == latent)
        return;
    if (saved->steps < FEW_STEPS)
        snprintf(advice, sizeof advice,
                 "after %" PRIu64 " steps; more steps may be wanted: a larger -e, a smaller -b", saved->steps);
    else
        snprintf(advice, sizeof advice, "a smaller -z does as well%s", warms ? ", and --warmup may help" : "");
    cli_note("%s: %zu of %zu latents collapsed: their posterior means have variances below 0.01, so they carry no "
             "information; %s",
             r->model, latent - active, latent, advice);
}

#define LITTLE_KL 1.0 /* nats per item: less says hardly more than which half of the items it is of */

/* An autoregressive decoder may do without z, however many latents are active. Returns whether it does. */
static bool note_unread_latents(const struct report *r, const struct provenance *saved) {
    const bool recurrent = r->training->model->recurrent != NO_LAYER;
    if (!recurrent || !(saved->train.kl < LITTLE_KL))
        return false;
    cli_note(
        "%s: the KL is %.2f nats per item, so the decoder predicts tokens from those before and hardly from z; "
        "more steps, a smaller --beta, --free-bits or --word-dropout make it read z",
        r->model, saved->train.kl);
    return true;
}

/* Returns why training has ended; the epoch follows. */
static const char *ending_text(const struct report *r) {
    if (r->has_lost_patience)
        return "stopped by --patience after";
    return signals_stop() == 0 ? "trained to" : "stopped in";
}

#define RESULT_TEXT (BOUND_TEXT + FIGURES_TEXT + 64)

void report_result(const struct report *r, const struct provenance *saved) {
    const struct training *t = r->training;
    const struct model_config *config = &t->model->config;
    char *layers = model_describe(t->model), shape[SHAPE_TEXT], bound[BOUND_TEXT], target[FIT_TEXT],
         text[FIGURES_TEXT], rate[RATE_TEXT], epoch[64] = "", figures[RESULT_TEXT] = "the initial weights";
    const uint64_t items = training_items(t);
    if (!note_unread_latents(r, saved))
        note_collapsed(r, saved);
    if (saved->epochs != t->epoch)
        snprintf(epoch, sizeof epoch, "saved epoch %" PRIu64 ", ", saved->epochs);
    if (!isnan(saved->train.elbo))
        snprintf(figures, sizeof figures, "elbo %.2f%s%s nats per item%s", saved->train.elbo,
                 bound_text(t, &saved->train, bound),
                 isnan(saved->validation.elbo) ? "" : validation_text(r, &saved->validation, text),
                 target_text(&saved->train, &saved->validation, target));
    cli_note("%s: %s %s %s, %s epoch %" PRIu64 " of %" PRIu64 " over %" PRIu64 " items of %s: %s%s, %.1f s%s",
             r->model, layers == NULL ? "" : layers, config->activation->name, config->likelihood->name,
             ending_text(r), t->epoch, r->epochs, items == 0 ? t->position : items,
             shape_text(&t->data->shape, shape), epoch, figures, seconds(r), rate_text(r, rate));
    free(layers);
}
