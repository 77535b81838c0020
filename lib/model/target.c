/* SPDX-License-Identifier: MIT */
#include "model/target.h"

#include "base/error.h"
#include "base/number.h"
#include "op/ops.h"

#include <math.h>

int target_parse_hidden(struct hidden *hidden, const char *name, const char *text) {
    if (hidden_parse(hidden, name, text) < 0)
        return -1;
    for (size_t i = 0; i < hidden->layers; i++)
        if (hidden->layer[i].kind != &hidden_kind_linear || hidden->layer[i].arguments != 1)
            return fail("%s: found '%s', wanted numbers of units, such as 64 or 64,32, or none", name, text);
    return 0;
}

/* Returns the standard deviation. Differences are divided by the largest one, so that their squares neither
 * overflow nor vanish. */
static double deviation_of(const double *known, size_t count, double mean, size_t items) {
    double largest = 0, squares = 0;
    for (size_t i = 0; i < count; i++)
        largest = isnan(known[i]) ? largest : fmax(largest, fabs(known[i] - mean));
    for (size_t i = 0; i < count; i++) {
        const double away = isnan(known[i]) ? 0 : (known[i] - mean) / largest;
        squares += away * away;
    }
    return largest * sqrt(squares / (double)items);
}

int target_set_scale(struct target *t, const double *known, size_t count, const char *name) {
    size_t items = 0;
    double sum = 0, least = (double)INFINITY, most = -(double)INFINITY;
    char text[REAL_TEXT];
    for (size_t i = 0; i < count; i++) {
        items += isnan(known[i]) ? 0 : 1;
        sum += isnan(known[i]) ? 0 : known[i];
        least = fmin(least, known[i]); /* passes over NaN */
        most = fmax(most, known[i]);
    }
    if (items == 0)
        return fail("%s: found no known target for the %zu training items, wanted numbers", name, count);
    if (least == most)
        return fail("%s: found %s for all %zu known targets of the training items, wanted different ones", name,
                    real_text(least, text), items);
    t->mean = sum / (double)items;
    t->deviation = deviation_of(known, count, t->mean, items);
    return 0;
}

/* Mean and spread are updated as Welford 1962 does, without a difference of large sums. */
void target_add(struct target_sums *s, double log_likelihood, double target, double squared_error) {
    const double away = target - s->mean;
    s->count++;
    s->log_likelihood += log_likelihood;
    s->residual += squared_error;
    s->mean += away / s->count;
    s->spread += away * (target - s->mean);
}

struct target_figures target_figures(const struct target_sums *s) {
    if (s->count == 0)
        return TARGET_NONE;
    return (struct target_figures){.log_likelihood = s->log_likelihood / s->count,
                                   .r2 = s->spread > 0 ? 1 - s->residual / s->spread : (double)NAN};
}
