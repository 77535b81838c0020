/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/memory.h"
#include "kernel/lapack.h"
#include "property/regression.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The examples in the axes of their covariance, in which ridge regression of any penalty is a division. */
struct axes {
    double *centre; /* [inputs], the mean of the points; owned, like the others */
    double *axis;   /* [inputs, inputs], one axis per row, of length 1 */
    double *spread; /* [inputs], the sum over examples of their squared coordinates along the axis */
    double *along;  /* [inputs], the sum over examples of coordinate times centred target */
    double *place;  /* [count, inputs], the coordinates of each example */
    double mean;    /* of the targets */
};

static void axes_end(struct axes *a) {
    free(a->centre);
    free(a->axis);
    free(a->spread);
    free(a->along);
    free(a->place);
}

/* Sets the means, and `axis` to the sums of products of centred points, j <= i. */
static void set_moments(struct axes *a, const struct points *p) {
    for (size_t i = 0; i < p->count; i++) {
        a->mean += p->target[i] / (double)p->count;
        for (size_t j = 0; j < p->inputs; j++)
            a->centre[j] += p->point[i * p->inputs + j] / (double)p->count;
    }
    for (size_t i = 0; i < p->count; i++) {
        const double *point = p->point + i * p->inputs;
        for (size_t j = 0; j < p->inputs; j++)
            for (size_t k = 0; k <= j; k++)
                a->axis[j * p->inputs + k] += (point[j] - a->centre[j]) * (point[k] - a->centre[k]);
    }
}

static void set_places(struct axes *a, const struct points *p) {
    for (size_t i = 0; i < p->count; i++)
        for (size_t k = 0; k < p->inputs; k++) {
            const double *axis = a->axis + k * p->inputs, *point = p->point + i * p->inputs;
            double place = 0;
            for (size_t j = 0; j < p->inputs; j++)
                place += axis[j] * (point[j] - a->centre[j]);
            a->place[i * p->inputs + k] = place;
            a->along[k] += place * (p->target[i] - a->mean);
        }
}

/* 0 or -1; end with axes_end in both cases. */
static int axes_start(struct axes *a, const struct points *p) {
    *a = (struct axes){.centre = calloc(p->inputs, sizeof(double)),
                       .axis = memory_allocate(p->inputs * p->inputs * sizeof(double)),
                       .spread = calloc(p->inputs, sizeof(double)),
                       .along = calloc(p->inputs, sizeof(double)),
                       .place = malloc(p->count * p->inputs * sizeof(double))};
    if (a->centre == NULL || a->axis == NULL || a->spread == NULL || a->along == NULL || a->place == NULL)
        return fail("ridge regression: out of memory for %zu examples of %zu latents", p->count, p->inputs);
    memset(a->axis, 0, p->inputs * p->inputs * sizeof *a->axis);
    set_moments(a, p);
    if (lapack_eigen(a->axis, a->spread, p->inputs) < 0)
        return -1;
    set_places(a, p);
    return 0;
}

/* Returns the mean squared error when each example is predicted from all others: its residual divided by 1 - its
 * leverage. */
static double left_out(const struct axes *a, const struct points *p, double penalty) {
    double sum = 0;
    for (size_t i = 0; i < p->count; i++) {
        double residual = p->target[i] - a->mean, leverage = 1 / (double)p->count;
        for (size_t k = 0; k < p->inputs; k++) {
            const double place = a->place[i * p->inputs + k],
                         scale = fmax(a->spread[k], 0) + penalty * (double)p->count;
            residual -= place * a->along[k] / scale;
            leverage += place * place / scale;
        }
        sum += residual / (1 - leverage) * (residual / (1 - leverage));
    }
    return sum / (double)p->count;
}

int regression_linear_left_out(const struct points *examples, double penalty, double *error) {
    struct axes a;
    const int result = axes_start(&a, examples);
    if (result == 0)
        *error = left_out(&a, examples, penalty);
    axes_end(&a);
    return result;
}

/* Sets the penalty with the least error, the largest of equals. */
static void choose(struct regression *r, const struct axes *a) {
    double least = (double)INFINITY;
    for (int i = 20; i >= 0; i--) {
        const double penalty = pow(10, i / 2.0 - 6), error = left_out(a, &r->examples, penalty);
        if (error < least) {
            least = error;
            r->penalty = penalty;
        }
    }
}

static void set_weights(struct regression *r, const struct axes *a) {
    const size_t inputs = r->examples.inputs;
    for (size_t k = 0; k < inputs; k++) {
        const double along = a->along[k] / (fmax(a->spread[k], 0) + r->penalty * (double)r->examples.count);
        for (size_t j = 0; j < inputs; j++)
            r->weight[j] += along * a->axis[k * inputs + j];
    }
    memcpy(r->centre, a->centre, inputs * sizeof *r->centre);
}

static int fit(struct regression *r) {
    const size_t inputs = r->examples.inputs;
    struct axes a;
    int result = axes_start(&a, &r->examples);
    r->penalty = 1e4;
    r->weight = calloc(inputs, sizeof *r->weight);
    r->centre = malloc(inputs * sizeof *r->centre);
    if (result == 0 && (r->weight == NULL || r->centre == NULL))
        result = fail("ridge regression: out of memory for %zu latents", inputs);
    if (result == 0) {
        choose(r, &a);
        set_weights(r, &a);
    }
    axes_end(&a);
    return result;
}

static double predict(const struct regression *r, const double *point, double *gradient) {
    double sum = r->mean;
    for (size_t j = 0; j < r->examples.inputs; j++) {
        sum += r->weight[j] * (point[j] - r->centre[j]);
        gradient[j] = r->weight[j];
    }
    return sum;
}

const struct regression_method regression_linear = {"linear", fit, predict, NULL};
