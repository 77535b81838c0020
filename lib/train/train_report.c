/* SPDX-License-Identifier: MIT */
#include "train/train_report.h"

#include "base/cli.h"
#include "base/error.h"
#include "base/progress.h"
#include "base/signals.h"

#include <inttypes.h>
#include <math.h>

static double items_done(const struct training *t) {
    const double epochs_done = t->epoch == 0 ? 0 : (double)(t->epoch - 1);
    return epochs_done * (double)t->data->items + (double)t->position;
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

/* Returns the sign between the maximised bound and reconstruction - kl: bounds other than the ELBO are greater. */
static const char *sign(const struct training *t) {
    return t->objective.estimator->importance ? ">" : "=";
}

void report_step(const struct report *r) {
    if (!progress_due())
        return;
    const struct training *t = r->training;
    const struct elbo elbo = training_elbo(t);
    const double items = (double)t->data->items, rate = items_per_second(r);
    const double left = (double)(r->epochs - t->epoch) * items + items - (double)t->position;
    progress_show("epoch %" PRIu64 "/%" PRIu64 " %.0f%%: elbo %.2f %s %.2f - %.2f, %.0f/s, %.0f s left", t->epoch,
                  r->epochs, 100 * (double)t->position / items, elbo.elbo, sign(t), elbo.reconstruction, elbo.kl,
                  rate, left / rate);
}

static double seconds(const struct report *r) {
    return r->seconds + progress_seconds();
}

static size_t active(const struct training *t) {
    return latents_active(t->latents, t->model->config.latent, t->position);
}

static void tell_epoch(const struct report *r, const struct elbo *validation) {
    const struct training *t = r->training;
    const struct elbo elbo = training_elbo(t);
    char text[64] = "";
    if (r->validates)
        snprintf(text, sizeof text, ", validation %.2f", validation->elbo);
    cli_note("epoch %" PRIu64 "/%" PRIu64 ": elbo %.2f %s %.2f - kl %.2f nats%s, %.1f s", t->epoch, r->epochs,
             elbo.elbo, sign(t), elbo.reconstruction, elbo.kl, text, seconds(r));
}

int report_epoch(const struct report *r, const struct elbo *validation) {
    const struct training *t = r->training;
    const struct elbo train = training_elbo(t);
    if (r->validates || !progress_drawing()) /* else the progress line has shown it */
        tell_epoch(r, validation);
    FILE *log = r->log->file;
    if (log == NULL)
        return 0;
    int printed = fprintf(log, "%" PRIu64 "\t%" PRIu64 "\t%.3f\t%.4f\t%.4f\t%.4f\t%.4f\t%.4f\t%.4f\t%g\t%zu",
                          t->epoch, t->step, seconds(r), train.elbo, train.reconstruction, train.kl,
                          validation->elbo, validation->reconstruction, validation->kl, t->last_rate, active(t));
    const struct model_config *c = &t->model->config;
    for (size_t i = 0; printed >= 0 && i < c->latent; i++)
        printed = fprintf(log, "%c%.4f", i == 0 ? '\t' : ',',
                          c->prior->kl == NULL ? NAN : latent_figures(&t->latents[i], t->position).kl);
    return run_log_flush(r->log, printed < 0 ? printed : fprintf(log, "\n"));
}

void report_result(const struct report *r, const char *model) {
    const struct training *t = r->training;
    const struct model_config *config = &t->model->config;
    char layers[MODEL_DESCRIPTION], shape[SHAPE_TEXT];
    if (t->position > 0 && active(t) < config->latent)
        cli_note("%s: %zu of %zu latents collapsed: their posterior means have variances below 0.01, "
                 "so they carry no information; a smaller -z does as well%s",
                 model, config->latent - active(t), config->latent,
                 t->objective.estimator->importance ? "" : ", and --warmup may help");
    model_describe(t->model, layers);
    cli_note("%s: %s %s %s, %s epoch %" PRIu64 " of %" PRIu64
             " over %zu items of %s: elbo %.2f nats per item, %.1f s, "
             "%.0f items/s",
             model, layers, config->activation->name, config->likelihood->name,
             signals_stop() == 0 ? "trained to" : "stopped in", t->epoch, r->epochs, t->data->items,
             shape_text(&t->data->shape, shape), training_elbo(t).elbo, seconds(r), items_per_second(r));
}
