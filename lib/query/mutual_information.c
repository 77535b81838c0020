/* SPDX-License-Identifier: MIT */
#include "query/mutual_information.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/noise.h"
#include "base/progress.h"
#include "dist/latent.h"
#include "dist/log_sum.h"

#include <math.h>
#include <stdlib.h>

#define FIRST_CAPACITY 1024
#define TASKS 256 /* items at a time: after each 256 the progress is shown */

void mutual_information_start(struct mutual_information *m, size_t latent, uint64_t seed) {
    *m = (struct mutual_information){.latent = latent, .seed = seed};
}

void mutual_information_end(struct mutual_information *m) {
    memory_release(m->heads, m->capacity * 2 * m->latent * sizeof *m->heads);
}

static int grow(struct mutual_information *m) {
    const size_t item = 2 * m->latent * sizeof *m->heads,
                 capacity = m->capacity == 0 ? FIRST_CAPACITY : 2 * m->capacity;
    float *heads = memory_resize(m->heads, m->capacity * item, capacity * item);
    if (heads == NULL)
        return fail("mutual information: out of memory after the latents of %zu items", m->items);
    m->heads = heads;
    m->capacity = capacity;
    return 0;
}

int mutual_information_add(struct mutual_information *m, const float *heads) {
    if (m->items == m->capacity && grow(m) < 0)
        return -1;
    for (size_t i = 0; i < 2 * m->latent; i++)
        m->heads[m->items * 2 * m->latent + i] = heads[i];
    m->items++;
    return 0;
}

/* The sum over pairs. Constants that all densities share are left out. */
struct pairs {
    const struct mutual_information *mutual;
    float *z, *precision; /* [items, latent]: each item's draw, and 1 / sigma^2 */
    double *log_scale;    /* of each item's density: -sum of log sigma */
    double *log_ratio;    /* of each item: log q(z_n|x_n) - log 1/N sum of q(z_n|x_m) */
    size_t first;         /* the item of the first task */
};

static void prepare_item(void *context, size_t n) {
    struct pairs *p = context;
    const size_t latent = p->mutual->latent;
    const float *heads = p->mutual->heads + n * 2 * latent;
    float *z = p->z + n * latent;
    noise_normal(z, latent, (struct noise){.seed = p->mutual->seed, .purpose = PURPOSE_POSTERIOR, .item = n});
    latent_draw_from(heads, z, latent);
    p->log_scale[n] = latent_log_maximum(heads, latent);
    for (size_t i = 0; i < latent; i++)
        p->precision[n * latent + i] = expf(-heads[latent + i]);
}

/* Returns log q(z|x_m). */
static double log_density(const struct pairs *p, const float *z, size_t m) {
    const size_t latent = p->mutual->latent;
    const float *mu = p->mutual->heads + m * 2 * latent, *precision = p->precision + m * latent;
    double sum = 0;
    for (size_t i = 0; i < latent; i++) {
        const double away = (double)z[i] - (double)mu[i];
        sum += away * away * (double)precision[i];
    }
    return p->log_scale[m] - 0.5 * sum;
}

static void compare_item(void *context, size_t task) {
    struct pairs *p = context;
    const size_t n = p->first + task;
    const float *z = p->z + n * p->mutual->latent;
    struct log_sum sum = log_sum_empty();
    for (size_t m = 0; m < p->mutual->items; m++)
        log_sum_add(&sum, log_density(p, z, m));
    p->log_ratio[n] = log_density(p, z, n) - log_sum_value(&sum) + log((double)p->mutual->items);
}

static double mean_log_ratio(struct pairs *p, struct workers *workers) {
    const size_t items = p->mutual->items;
    double sum = 0;
    workers_run(workers, items, prepare_item, p);
    for (p->first = 0; p->first < items; p->first += TASKS) {
        const size_t left = items - p->first;
        workers_run(workers, left < TASKS ? left : TASKS, compare_item, p);
        if (progress_due())
            progress_show("mutual information: %zu of %zu items", p->first, items);
    }
    for (size_t n = 0; n < items; n++)
        sum += p->log_ratio[n];
    return sum / (double)items;
}

int mutual_information_value(struct mutual_information *m, struct workers *workers, double *value) {
    const size_t numbers = m->items * m->latent;
    struct pairs p = {.mutual = m,
                      .z = malloc(2 * numbers * sizeof *p.z),
                      .log_scale = malloc(2 * m->items * sizeof *p.log_scale)};
    int result = 0;
    if (p.z == NULL || p.log_scale == NULL) {
        result = fail("mutual information: out of memory for %zu items", m->items);
    } else {
        p.precision = p.z + numbers;
        p.log_ratio = p.log_scale + m->items;
        *value = mean_log_ratio(&p, workers);
    }
    free(p.z);
    free(p.log_scale);
    return result;
}
