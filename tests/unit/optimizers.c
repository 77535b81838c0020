/* SPDX-License-Identifier: MIT */
/* Muon, clipping's scale, averages and schedules against plain references in double. Adam is with the kernels. */
#include "base/error.h"
#include "base/noise.h"
#include "kernel/product.h"
#include "nn/optimizer.h"
#include "test.h"
#include "train/schedule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SIDE 40

/* Five Newton-Schulz steps in double, x [rows, columns] in place: X = a X + (b G + c G^2) X, G = X X'. */
static void reference(double x[MAX_SIDE][MAX_SIDE], size_t rows, size_t columns) {
    double norm = 0;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            norm += x[i][j] * x[i][j];
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            x[i][j] /= sqrt(norm);
    for (int step = 0; step < 5; step++) {
        double gram[MAX_SIDE][MAX_SIDE] = {{0}}, twice[MAX_SIDE][MAX_SIDE] = {{0}},
               next[MAX_SIDE][MAX_SIDE] = {{0}};
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < rows; j++)
                for (size_t k = 0; k < columns; k++)
                    gram[i][j] += x[i][k] * x[j][k];
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < rows; j++)
                for (size_t k = 0; k < rows; k++)
                    twice[i][j] += gram[i][k] * gram[k][j];
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < columns; j++) {
                next[i][j] = 3.4445 * x[i][j];
                for (size_t k = 0; k < rows; k++)
                    next[i][j] += (-4.7750 * gram[i][k] + 2.0315 * twice[i][k]) * x[k][j];
            }
        memcpy(x, next, sizeof next);
    }
}

static void check_muon(size_t rows, size_t columns) {
    struct parameters p = {.count = 0};
    parameters_add(&p, TENSOR_PLAIN, "before", 3, 0);
    parameters_add(&p, TENSOR_MATRIX, "matrix", rows, columns);
    if (parameters_create(&p) < 0 || parameters_train(&p) < 0) {
        EXPECT(0, "%s", error_message());
        return;
    }
    const struct tensor *t = &p.tensor[1];
    float *w = p.value + t->offset, *scratch = malloc(muon_scratch(t) * sizeof *scratch);
    double wanted[MAX_SIDE * MAX_SIDE], moment[MAX_SIDE * MAX_SIDE] = {0}, x[MAX_SIDE][MAX_SIDE];
    noise_normal(w, t->size, (struct noise){.seed = 1});
    for (size_t i = 0; i < t->size; i++)
        wanted[i] = (double)w[i];
    for (uint64_t step = 0; step < 3; step++) {
        float *g = p.gradient + t->offset;
        const double scale = step == 1 ? 0.125 : 0.5; /* as of --clip; one for all steps would change nothing */
        noise_normal(g, t->size, (struct noise){.seed = 2, .item = step});
        for (size_t i = 0; i < t->size; i++) {
            moment[i] = 0.95 * moment[i] + scale * (double)g[i];
            const double update = scale * (double)g[i] + 0.95 * moment[i];
            /* The reference takes no tall matrix: it works on the transposed one. */
            if (rows > columns)
                x[i % columns][i / columns] = update;
            else
                x[i / columns][i % columns] = update;
        }
        reference(x, rows < columns ? rows : columns, rows < columns ? columns : rows);
        const double larger = (double)(rows < columns ? columns : rows);
        for (size_t i = 0; i < t->size; i++)
            wanted[i] =
                0.9 * wanted[i] - 0.01 * 0.2 * sqrt(larger) *
                                      (rows > columns ? x[i % columns][i / columns] : x[i / columns][i % columns]);
        muon_update(0.01, scale, 0.9f, &p, t, scratch);
        for (size_t i = 0; i < t->size; i++)
            EXPECT(g[i] == 0, "%zux%zu: gradient %zu is %g behind the step", rows, columns, i, (double)g[i]);
    }
    for (size_t i = 0; i < t->size; i++)
        EXPECT(fabs((double)w[i] - wanted[i]) < 1e-5, "%zux%zu: weight %zu is %g, wanted %g", rows, columns, i,
               (double)w[i], wanted[i]);
    for (size_t i = 0; i < 3; i++)
        EXPECT(p.value[i] == 0, "the tensor before has changed");
    free(scratch);
    parameters_free(&p);
}

static void muon_makes_orthogonal_steps(void) {
    EXPECT(products_setup() == 0, "%s", error_message());
    check_muon(4, 9);
    check_muon(9, 4);
    check_muon(7, 7);
    check_muon(1, 5);
    /* Several panels, and not as many for the rows as for the columns. */
    check_muon(20, 37);
    check_muon(37, 20);
    check_muon(17, 32);
}

/* Units that no item reaches have no gradient. */
static void muon_makes_no_step_without_a_gradient(void) {
    struct parameters p = {.count = 0};
    parameters_add(&p, TENSOR_MATRIX, "matrix", 3, 4);
    if (parameters_create(&p) < 0 || parameters_train(&p) < 0) {
        EXPECT(0, "%s", error_message());
        return;
    }
    float *scratch = malloc(muon_scratch(&p.tensor[0]) * sizeof *scratch);
    for (size_t i = 0; i < p.size; i++)
        p.value[i] = (float)i;
    muon_update(0.01, 1, 0.5f, &p, &p.tensor[0], scratch);
    for (size_t i = 0; i < p.size; i++)
        EXPECT(p.value[i] == 0.5f * (float)i, "weight %zu is %g", i, (double)p.value[i]);
    free(scratch);
    parameters_free(&p);
}

static void averages_follow(void) {
    float average[5] = {0, 1, 2, 3, 4}, x[5] = {10, 10, 10, 10, 10};
    math_kernel()->average(average, x, 0.1f, 5);
    for (int i = 0; i < 5; i++)
        EXPECT(fabs((double)average[i] - (0.9 * i + 1)) < 1e-6, "average %d is %g", i, (double)average[i]);
}

static void check_schedule(const char *text, double warm, const double (*points)[2], size_t count) {
    struct schedule s = {.warm = warm};
    EXPECT(schedule_parse(&s, "test", text) == 0, "%s: %s", text, error_message());
    for (size_t i = 0; i < count; i++) {
        const double rate = schedule_rate(&s, 0.01, points[i][0], 100);
        EXPECT(fabs(rate - points[i][1]) < 1e-9, "%s: after %g epochs %g, wanted %g", text, points[i][0], rate,
               points[i][1]);
    }
}

static void schedules_have_their_rates(void) {
    check_schedule("const", 0, (const double[][2]){{0, 0.01}, {99, 0.01}}, 2);
    check_schedule("const", 10, (const double[][2]){{0, 0}, {5, 0.005}, {10, 0.01}, {50, 0.01}}, 4);
    check_schedule("cosine", 0, (const double[][2]){{0, 0.01}, {50, 0.005}, {100, 0}}, 3);
    check_schedule("cosine:0.002", 0, (const double[][2]){{0, 0.01}, {50, 0.006}, {100, 0.002}}, 3);
    check_schedule("step:30:0.5", 0, (const double[][2]){{29.9, 0.01}, {30, 0.005}, {95, 0.00125}}, 3);
    const double seventh = 0.01 * pow(10, -1.0 / 7);
    check_schedule("iwae", 0,
                   (const double[][2]){{0.99, 0.01},
                                       {1, seventh},
                                       {3.9, seventh},
                                       {1093, 0.001},
                                       {3279, 0.001},
                                       {1092.9, 0.001 * pow(10, 1.0 / 7)}},
                   6);
}

static void schedules_are_refused(void) {
    static const char *const bad[] = {"sine",   "const:1",  "cosine:x", "cosine:1:2", "step",
                                      "step:3", "step:0:1", "",         "step:1:2:3"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct schedule s = {0};
        EXPECT(schedule_parse(&s, "--schedule", bad[i]) < 0, "'%s' was taken", bad[i]);
    }
}

int main(void) {
    static const struct test tests[] = {
        {"Muon makes orthogonal steps", muon_makes_orthogonal_steps},
        {"Muon makes no step without a gradient", muon_makes_no_step_without_a_gradient},
        {"averages follow", averages_follow},
        {"schedules have their rates", schedules_have_their_rates},
        {"schedules that make no sense are refused", schedules_are_refused},
    };
    return RUN(tests);
}
