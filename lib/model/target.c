/* SPDX-License-Identifier: MIT */
#include "model/target.h"

#include "base/error.h"
#include "base/number.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define NONE "none"
#define MAX_UNITS 65536

int target_parse_hidden(struct target *t, const char *name, const char *text) {
    t->layers = 0;
    if (strcmp(text, NONE) == 0 ||
        read_list(text, strlen(text), ',', 1, MAX_UNITS, TARGET_LAYERS, t->units, &t->layers))
        return 0;
    return fail("%s: found '%s', wanted " NONE ", or 1 to %d numbers of units from 1 to %d with ',' between them",
                name, text, TARGET_LAYERS, MAX_UNITS);
}

const char *target_hidden_text(const struct target *t, char text[TARGET_TEXT]) {
    size_t used = 0;
    snprintf(text, TARGET_TEXT, NONE);
    for (size_t i = 0; i < t->layers; i++)
        used += (size_t)snprintf(text + used, TARGET_TEXT - used, "%s%zu", i == 0 ? "" : ",", t->units[i]);
    return text;
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
    if (items == 1)
        return fail("%s: found a single known target among the training items, wanted at least 2 that differ",
                    name);
    if (least == most)
        return fail("%s: found %s for all %zu known targets of the training items, wanted different ones", name,
                    real_text(least, text), items);
    t->mean = sum / (double)items;
    t->deviation = deviation_of(known, count, t->mean, items);
    if (t->deviation < (double)FLT_MIN)
        return fail("%s: the known targets of the training items have a standard deviation of %.2g, wanted at "
                    "least 1.2e-38: multiply them by a number",
                    name, t->deviation);
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

void target_sums_merge(struct target_sums *s, const struct target_sums *other) {
    const double count = s->count + other->count, away = other->mean - s->mean;
    if (other->count == 0)
        return;
    s->mean += away * other->count / count;
    s->spread += other->spread + away * away * s->count * other->count / count;
    s->count = count;
    s->log_likelihood += other->log_likelihood;
    s->residual += other->residual;
}

struct target_figures target_figures(const struct target_sums *s) {
    if (s->count == 0)
        return TARGET_NONE;
    return (struct target_figures){.log_likelihood = s->log_likelihood / s->count,
                                   .r2 = s->spread > 0 ? 1 - s->residual / s->spread : (double)NAN};
}
