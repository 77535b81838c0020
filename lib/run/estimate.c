/* SPDX-License-Identifier: MIT */
#include "run/estimate.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/progress.h"
#include "query/evaluate.h"

#include <string.h>

/* Makes one step of a whole batch, and begins an epoch if none has as many items left. Returns its seconds, or -1.
 */
static double step_once(struct training *t) {
    const double start = progress_seconds();
    if ((t->epoch == 0 || training_items(t) - t->position < t->batch) && training_begin_epoch(t) < 0)
        return -1;
    return training_step(t) < 0 ? -1 : progress_seconds() - start;
}

/* Evaluates the first validation items, whose figures are not used. 0 or -1. */
static int use_evaluator(const struct training *t, const struct dataset *set, const uint32_t *label) {
    static struct evaluator evaluator;
    const int result = evaluator_start(&evaluator, t->model, t->workers, 1, false, t->seed);
    if (result == 0)
        evaluator_run(&evaluator, set->dtype, set->data, label, NULL,
                      smaller(set->items, batch_room(evaluator.batch.rows, 0)), 0);
    evaluator_end(&evaluator);
    return result;
}

/* Returns the text of a list; NULL with a message if memory runs out. */
static char *list_of(const struct hidden *hidden) {
    char text[HIDDEN_TEXT], *copy = strdup(hidden_text(hidden, text));
    if (copy == NULL)
        (void)fail("model: out of memory for its lists of layers");
    return copy;
}

int estimate_run(struct training *t, struct saver *saver, const struct dataset *validation, const uint32_t *label,
                 uint64_t epochs, struct training_estimate *e) {
    const size_t items = (size_t)training_items(t), steps = divide_up(items, t->batch);
    if (step_once(t) < 0)
        return -1;
    const double seconds = step_once(t);
    if (seconds < 0 || (validation->items > 0 && use_evaluator(t, validation, label) < 0))
        return -1;
    saver_judge(saver, &ELBO_NONE, true);
    *e = (struct training_estimate){.layers = model_describe(t->model),
                                    .parameters = t->model->net.parameters.size,
                                    .items = items,
                                    .validation_items = validation->items,
                                    .steps_per_epoch = steps,
                                    .steps = steps * epochs,
                                    .bytes = memory_peak(),
                                    .seconds_per_epoch = seconds * (double)items / (double)t->batch};
    e->seconds = e->seconds_per_epoch * (double)epochs;
    e->encoder = list_of(&t->model->config.encoder);
    e->decoder = list_of(&t->model->config.decoder);
    return e->layers == NULL || e->encoder == NULL || e->decoder == NULL ? -1 : 0;
}
