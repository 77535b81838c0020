/* SPDX-License-Identifier: MIT */
/* Into how many tasks a training step is cut, and what that would allow on more cores: tasks BATCH. Prints the
 * phases of a step of 784-400-20 with Bernoulli pixels on one thread, and an estimate for 8, 16 and 64 cores. The
 * estimate assumes that a phase takes as many turns as its tasks need on that many cores, that each core is as fast
 * as the one here, that memory has room for all of them, and that waiting for each other takes WAIT seconds per
 * phase. */
#include "base/error.h"
#include "dist/latent.h"
#include "op/ops.h"
#include "train/train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define WAIT 2e-6
#define ELEMENTS 784
#define UNITS 400
#define LATENT 20
#define ROUNDS 40
#define PHASES 100

static const size_t cores[] = {1, 2, 8, 16, 64};
#define CORES (sizeof cores / sizeof *cores)

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The least seconds of some rounds, and what they add to each number of cores' estimate. */
static void tell(const char *what, size_t tasks, double least, double estimate[CORES]) {
    printf("%s\t%zu\t%.1f\n", what, tasks, 1e6 * least);
    for (size_t i = 0; i < CORES; i++)
        estimate[i] += least / (double)tasks * ceil((double)tasks / (double)cores[i]) + (cores[i] > 1 ? WAIT : 0);
}

/* What the phases of a training's step take, and its update. */
static void measure(struct training *t, double estimate[CORES]) {
    const struct step step = {
        .objective = &t->objective, .items = t->batch, .beta = 1, .rate = 1e-9, .number = t->step + 1};
    for (size_t first = 0, end; first < t->plan.count; first = end) {
        size_t tasks;
        char what[64];
        double least = INFINITY;
        end = plan_stage(&t->plan, first, step.items, &tasks);
        const struct plan phase = {.operation = t->plan.operation + first, .count = end - first};
        for (int round = 0; round < ROUNDS; round++) {
            const double begin = seconds();
            plan_run(&phase, t->workers, step.items, &step, NULL);
            least = fmin(least, seconds() - begin);
        }
        snprintf(what, sizeof what, "operations %zu to %zu", first + 1, end);
        tell(what, tasks, least, estimate);
    }
    double least = INFINITY;
    for (int round = 0; round < ROUNDS; round++) {
        const double begin = seconds();
        update_run(&t->update, t->workers, &step);
        least = fmin(least, seconds() - begin);
    }
    tell("gradients and update", t->update.parts, least, estimate);
}

static int run(size_t batch) {
    const struct model_config config = {.logvar_bound = (double)LOGVAR_BOUND,
                                        .item = {1, {ELEMENTS}},
                                        .prior = &prior_normal,
                                        .latent = LATENT,
                                        .encoder = {1, {{&hidden_kind_linear, 1, {UNITS}}}},
                                        .decoder = {1, {{&hidden_kind_linear, 1, {UNITS}}}},
                                        .activation = activation_find("tasks", "relu"),
                                        .likelihood = likelihood_find("tasks", "bernoulli")};
    struct model model;
    struct initializer torch;
    double estimate[CORES] = {0};
    unsigned char *items = calloc(batch, ELEMENTS);
    struct workers *workers = workers_start(1);
    if (items == NULL || workers == NULL || model_create(&model, &config) < 0 ||
        initializer_parse(&torch, "tasks", "torch") < 0)
        return -1;
    for (size_t i = 0; i < batch * ELEMENTS; i++)
        items[i] = (unsigned char)(i % 251);
    net_initialise(&model.net, &torch, 1);
    const struct dataset data = {.name = "items",
                                 .dtype = DTYPE_U8,
                                 .shape = config.item,
                                 .items = batch,
                                 .elements = ELEMENTS,
                                 .item_bytes = ELEMENTS,
                                 .data = items};
    struct training t = {
        .model = &model,
        .data = &data,
        .workers = workers,
        .batch = batch,
        .rate = 1e-9,
        .seed = 1,
        .objective = {estimator_find("tasks", "elbo"), 1, 1, 0, 0},
        .epochs = 1,
        .update_config = {.optimizer = {.optimizer = optimizer_find("tasks", "adam"), .epsilon = 1e-8}}};
    if (schedule_parse(&t.schedule, "tasks", "const") < 0 || training_start(&t) < 0)
        return -1;
    if (training_begin_epoch(&t) < 0 || training_step(&t) < 0)
        return -1;
    t.position = 0;
    printf("phase, batch %zu\ttasks\tmicroseconds on one thread\n", batch);
    measure(&t, estimate);
    for (size_t i = 1; i < CORES; i++)
        printf("estimate for %zu cores\t\t%.2f times one\n", cores[i], estimate[0] / estimate[i]);
    training_end(&t);
    model_free(&model);
    workers_stop(workers);
    free(items);
    return 0;
}

int main(int argc, char **argv) {
    const int batch = argc == 2 ? atoi(argv[1]) : 0;
    if (batch < 1) {
        fprintf(stderr, "usage: tasks BATCH\n");
        return 2;
    }
    if (run((size_t)batch) < 0) {
        fprintf(stderr, "tasks: %s\n", error_message());
        return 1;
    }
    return 0;
}
