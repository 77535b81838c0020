/* SPDX-License-Identifier: MIT */
#include "property/cross_validation.h"

#include "base/error.h"
#include "base/noise.h"
#include "base/progress.h"

#include <stdlib.h>
#include <string.h>

/* The memory of a cross-validation. */
struct folds {
    size_t *order;                     /* [count]: an example's place in a random order; owned, like the others */
    double *point, *target, *gradient; /* the examples of all folds but one, and scratch [inputs] */
    double *prediction;                /* [count] */
};

double r_squared(const double *target, const double *prediction, size_t count) {
    double mean = 0, residual = 0, total = 0;
    for (size_t i = 0; i < count; i++)
        mean += target[i] / (double)count;
    for (size_t i = 0; i < count; i++) {
        residual += (target[i] - prediction[i]) * (target[i] - prediction[i]);
        total += (target[i] - mean) * (target[i] - mean);
    }
    return 1 - residual / total;
}

/* A random permutation, by the method of Fisher and Yates. */
static void shuffle(size_t *order, size_t count, uint64_t seed) {
    for (size_t i = 0; i < count; i++) {
        const size_t other =
            (size_t)noise_below(i + 1, (struct noise){.seed = seed, .purpose = PURPOSE_FOLDS, .position = 4 * i});
        order[i] = order[other];
        order[other] = i;
    }
}

/* Predicts the examples of a fold from the others. */
static int predict_fold(struct folds *f, const struct regression_method *method, const struct points *all,
                        size_t fold) {
    const size_t inputs = all->inputs;
    struct points others = {.point = f->point, .target = f->target, .inputs = inputs};
    for (size_t i = 0; i < all->count; i++)
        if (f->order[i] % CROSS_VALIDATION_FOLDS != fold) {
            memcpy(f->point + others.count * inputs, all->point + i * inputs, inputs * sizeof *f->point);
            f->target[others.count++] = all->target[i];
        }
    struct regression r;
    const int result = regression_fit(&r, method, &others);
    for (size_t i = 0; result == 0 && i < all->count; i++)
        if (f->order[i] % CROSS_VALIDATION_FOLDS == fold)
            f->prediction[i] = method->predict(&r, all->point + i * inputs, f->gradient);
    regression_free(&r);
    return result;
}

int cross_validate(const struct regression_method *method, const struct points *all, uint64_t seed, double *r2) {
    const size_t count = all->count;
    struct folds f = {.order = calloc(count, sizeof *f.order),
                      .point = malloc(count * all->inputs * sizeof *f.point),
                      .target = malloc(count * sizeof *f.target),
                      .gradient = malloc(all->inputs * sizeof *f.gradient),
                      .prediction = malloc(count * sizeof *f.prediction)};
    int result = 0;
    if (f.order == NULL || f.point == NULL || f.target == NULL || f.gradient == NULL || f.prediction == NULL)
        result = fail("cross-validation: out of memory for %zu examples", count);
    else
        shuffle(f.order, count, seed);
    for (size_t fold = 0; result == 0 && fold < CROSS_VALIDATION_FOLDS; fold++) {
        if (progress_due())
            progress_show("cross-validation: %zu of %d folds", fold, CROSS_VALIDATION_FOLDS);
        result = predict_fold(&f, method, all, fold);
    }
    if (result == 0)
        *r2 = r_squared(all->target, f.prediction, count);
    free(f.order);
    free(f.point);
    free(f.target);
    free(f.gradient);
    free(f.prediction);
    return result;
}
