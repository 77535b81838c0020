/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "kernel/lapack.h"
#include "property/regression.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SEARCHED 500 /* examples at most that length and noise are chosen with */

/* What a length and a noise are judged by. */
struct search {
    double *distance; /* [count, count], squared, j <= i; owned, like the others */
    double *matrix;   /* [count, count] */
    double *target;   /* [count], from which their mean is subtracted */
    double *weight;   /* [count] */
    size_t count;
};

static double squared_distance(const double *a, const double *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

static double kernel(double squared, double length) {
    return exp(-squared / (2 * length * length));
}

/* Sets `factor` [count, count] to the Cholesky factor of kernel + noise, from squared distances there or elsewhere,
 * and weight [count], which is the centred targets before, to its inverse times them. 0, or -1 without a message.
 */
static int solve(const double *distance, double *factor, double *weight, size_t count, double length,
                 double noise) {
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++)
            factor[i * count + j] = kernel(distance[i * count + j], length);
        factor[i * count + i] = 1 + noise;
    }
    if (lapack_cholesky(factor, count) < 0)
        return -1;
    lapack_solve(factor, weight, count);
    return 0;
}

static void set_distances(const struct points *p, double *distance) {
    for (size_t i = 0; i < p->count; i++)
        for (size_t j = 0; j < i; j++)
            distance[i * p->count + j] =
                squared_distance(p->point + i * p->inputs, p->point + j * p->inputs, p->inputs);
}

/* Returns y.(K^-1 y) / count, the best signal. */
static double signal_of(const double *target, const double *weight, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += target[i] * weight[i];
    return sum / (double)count;
}

static double evidence(const struct search *s, double length, double noise) {
    const double n = (double)s->count;
    double half_log_determinant = 0;
    memcpy(s->weight, s->target, s->count * sizeof *s->weight);
    if (solve(s->distance, s->matrix, s->weight, s->count, length, noise) < 0)
        return (double)-INFINITY;
    for (size_t i = 0; i < s->count; i++)
        half_log_determinant += log(s->matrix[i * s->count + i]);
    return -n / 2 * (1 + log(2 * acos(-1)) + log(signal_of(s->target, s->weight, s->count))) - half_log_determinant;
}

static void search_end(struct search *s) {
    free(s->distance);
    free(s->matrix);
    free(s->target);
    free(s->weight);
}

/* Starts a search with every example, or with `most` that are evenly spread over them. 0 or -1; end with search_end
 * in both cases. */
static int search_start(struct search *s, const struct points *all, double mean, size_t most) {
    const size_t n = smaller(all->count, most);
    *s = (struct search){.distance = memory_allocate(n * n * sizeof(double)),
                         .matrix = memory_allocate(n * n * sizeof(double)),
                         .target = malloc(n * sizeof(double)),
                         .weight = memory_allocate(n * sizeof(double)),
                         .count = n};
    double *point = malloc(n * all->inputs * sizeof *point);
    if (s->distance != NULL && s->matrix != NULL && s->target != NULL && s->weight != NULL && point != NULL) {
        for (size_t i = 0; i < n; i++) {
            const size_t from = i * all->count / n;
            memcpy(point + i * all->inputs, all->point + from * all->inputs, all->inputs * sizeof *point);
            s->target[i] = all->target[from] - mean;
        }
        set_distances(&(struct points){.point = point, .count = n, .inputs = all->inputs}, s->distance);
        free(point);
        return 0;
    }
    free(point);
    return fail("gaussian process: out of memory for %zu examples", n);
}

double regression_gp_evidence(const struct points *examples, double length, double noise) {
    struct search s;
    double mean = 0, result = (double)NAN;
    for (size_t i = 0; i < examples->count; i++)
        mean += examples->target[i] / (double)examples->count;
    if (search_start(&s, examples, mean, examples->count) == 0)
        result = evidence(&s, length, noise);
    search_end(&s);
    return result;
}

/* A grid in the logarithms of length and noise. */
struct grid {
    double length, noise;             /* in its middle */
    double length_ratio, noise_ratio; /* of neighbours */
    int lengths, noises;              /* on each side of the middle */
};

/* Sets r's length and noise to the best ones of the grid, the first of equals. */
static void search_grid(struct regression *r, const struct search *s, const struct grid *grid) {
    double best = (double)-INFINITY;
    for (int i = -grid->lengths; i <= grid->lengths; i++)
        for (int j = -grid->noises; j <= grid->noises; j++) {
            const double length = grid->length * pow(grid->length_ratio, i),
                         noise = fmax(grid->noise * pow(grid->noise_ratio, j), 1e-6),
                         found = evidence(s, length, noise);
            if (found > best) {
                best = found;
                r->length = length;
                r->noise = noise;
            }
        }
}

/* Squared distances of points with unit variances are about 2 * inputs. */
static int choose(struct regression *r) {
    struct search s;
    struct grid grid = {.length = 2 * sqrt((double)r->examples.inputs),
                        .noise = 1e-2,
                        .length_ratio = 2,
                        .noise_ratio = 100,
                        .lengths = 3,
                        .noises = 2};
    const int result = search_start(&s, &r->examples, r->mean, SEARCHED);
    r->length = grid.length;
    r->noise = grid.noise;
    for (int round = 0; result == 0 && round < 3; round++) {
        search_grid(r, &s, &grid);
        grid = (struct grid){.length = r->length,
                             .noise = r->noise,
                             .length_ratio = sqrt(grid.length_ratio),
                             .noise_ratio = sqrt(grid.noise_ratio),
                             .lengths = 1,
                             .noises = 1};
    }
    search_end(&s);
    return result;
}

/* The squared distances are computed in the place of the factor. */
static int fit(struct regression *r) {
    const size_t n = r->examples.count;
    if (choose(r) < 0)
        return -1;
    r->factor = memory_allocate(n * n * sizeof *r->factor);
    r->weight = memory_allocate(n * sizeof *r->weight);
    double *target = malloc(n * sizeof *target);
    int result = 0;
    if (r->factor == NULL || r->weight == NULL || target == NULL) {
        result = fail("gaussian process: out of memory for %zu examples", n);
    } else {
        for (size_t i = 0; i < n; i++)
            r->weight[i] = target[i] = r->examples.target[i] - r->mean;
        set_distances(&r->examples, r->factor);
        if (solve(r->factor, r->factor, r->weight, n, r->length, r->noise) < 0)
            result = fail("gaussian process: the kernel of %zu examples is not positive definite, wanted "
                          "examples of moderate size",
                          n);
        else
            r->signal = signal_of(target, r->weight, n);
    }
    free(target);
    return result;
}

static double predict(const struct regression *r, const double *point, double *gradient) {
    const size_t inputs = r->examples.inputs;
    const double precision = 1 / (r->length * r->length);
    double sum = r->mean;
    memset(gradient, 0, inputs * sizeof *gradient);
    for (size_t i = 0; i < r->examples.count; i++) {
        const double *example = r->examples.point + i * inputs,
                     part = r->weight[i] * kernel(squared_distance(point, example, inputs), r->length);
        sum += part;
        for (size_t j = 0; j < inputs; j++)
            gradient[j] += part * precision * (example[j] - point[j]);
    }
    return sum;
}

/* The root of signal (1 - |L^-1 k|^2), where k is the kernel of the point with each example: Rasmussen and
 * Williams, algorithm 2.1. */
static double deviation(const struct regression *r, const double *point, double *scratch) {
    const size_t n = r->examples.count, inputs = r->examples.inputs;
    double known = 0;
    for (size_t i = 0; i < n; i++) {
        const double *row = r->factor + i * n;
        double value = kernel(squared_distance(point, r->examples.point + i * inputs, inputs), r->length);
        for (size_t j = 0; j < i; j++)
            value -= row[j] * scratch[j];
        scratch[i] = value / row[i];
        known += scratch[i] * scratch[i];
    }
    return sqrt(r->signal * fmax(1 - known, 0));
}

const struct regression_method regression_gp = {"gp", fit, predict, deviation};
