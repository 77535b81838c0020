/* SPDX-License-Identifier: MIT */
/* The vectorised functions against double precision, at every level that this machine has, to the bounds that
 * kernel/math_kernel.h and kernel/density_kernel.h state. */
#include "base/error.h"
#include "base/level.h"
#include "kernel/density_kernel.h"
#include "kernel/math_kernel.h"
#include "kernel/product_kernel.h"
#include "nn/optimizer.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct math_kernel *const levels[LEVELS] = EACH_LEVEL(math_kernel);
static const struct density_kernel *const densities[LEVELS] = EACH_LEVEL(density_kernel);

#define N 20011 /* not a multiple of any vector's length */
#define EACH(level) for (enum level level = LEVEL_BASELINE; level <= level_in_use(); level++)

static float argument[N], value[N], slope[N];

/* Arguments from -range to range, dense near 0. */
static void fill(double range) {
    for (int i = 0; i < N; i++)
        argument[i] = (float)(range * pow(2.0 * i / (N - 1) - 1, 3));
    memcpy(value, argument, sizeof value);
}

static double normal_distribution(double x) {
    return 0.5 * erfc(-x / sqrt(2));
}

static double relu(double x) {
    return x > 0 ? x : 0;
}
static double elu(double x) {
    return x > 0 ? x : expm1(x);
}
static double softplus(double x) {
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}
static double gelu(double x) {
    return x * normal_distribution(x);
}
static double sigmoid(double x) {
    return 1 / (1 + exp(-x));
}
static double silu(double x) {
    return x * sigmoid(x);
}

static void exp_is_exact_to_its_bound(void) {
    EACH(level) {
        double worst = 0;
        fill(87);
        levels[level]->exp(value, N);
        for (int i = 0; i < N; i++)
            worst = fmax(worst, fabs((double)value[i] / exp((double)argument[i]) - 1));
        EXPECT(worst < 2e-7, "%s: relative error %g", level_name(level), worst);
    }
}

static void check_activation(enum level level, const char *name, void (*forward)(float *, float *, size_t),
                             double (*exact)(double)) {
    double worst = 0;
    fill(60);
    forward(value, slope, N);
    for (int i = 0; i < N; i++) {
        const double wanted = exact((double)argument[i]);
        worst = fmax(worst, fabs((double)value[i] - wanted) / (1 + fabs(wanted)));
    }
    EXPECT(worst < 3e-7, "%s: %s: error %g", level_name(level), name, worst);
}

static void activations_are_exact_to_their_bound(void) {
    EACH(level) {
        const struct math_kernel *k = levels[level];
        check_activation(level, "relu", k->relu, relu);
        check_activation(level, "tanh", k->tanh, tanh);
        check_activation(level, "elu", k->elu, elu);
        check_activation(level, "softplus", k->softplus, softplus);
        check_activation(level, "gelu", k->gelu, gelu);
        check_activation(level, "silu", k->silu, silu);
    }
}

/* Against central differences of the exact function, away from relu's and elu's corner. */
static void check_slope(enum level level, const char *name, void (*forward)(float *, float *, size_t),
                        void (*backward)(float *, const float *, const float *, size_t), double (*exact)(double)) {
    static float dy[N];
    double worst = 0;
    fill(20);
    forward(value, slope, N);
    for (int i = 0; i < N; i++)
        dy[i] = -2;
    backward(dy, value, slope, N);
    for (int i = 0; i < N; i++) {
        const double x = (double)argument[i], h = 1e-5;
        if (fabs(x) > 2 * h)
            worst = fmax(worst, fabs((double)dy[i] - -2 * (exact(x + h) - exact(x - h)) / (2 * h)));
    }
    EXPECT(worst < 2e-6, "%s: %s: error %g", level_name(level), name, worst);
}

static void slopes_match_central_differences(void) {
    EACH(level) {
        const struct math_kernel *k = levels[level];
        check_slope(level, "relu", k->relu, k->relu_backward, relu);
        check_slope(level, "tanh", k->tanh, k->tanh_backward, tanh);
        check_slope(level, "elu", k->elu, k->elu_backward, elu);
        check_slope(level, "softplus", k->softplus, k->softplus_backward, softplus);
        check_slope(level, "gelu", k->gelu, k->slope_backward, gelu);
        check_slope(level, "silu", k->silu, k->slope_backward, silu);
    }
}

/* Of the linear part, of the gate, and of a row of both: y's two slopes, and their product with dy. */
static void a_gate_and_its_slopes_are_exact(void) {
    static float pair[2 * N], dy[N];
    EACH(level) {
        double worst = 0;
        fill(20);
        for (int i = 0; i < N; i++) {
            pair[2 * i] = (float)(i % 9) - 4;
            pair[2 * i + 1] = argument[i];
            dy[i] = (float)(i % 2) - 2;
        }
        levels[level]->gate(value, pair, N);
        levels[level]->gate_backward(dy, pair, N);
        for (int i = 0; i < N; i++) {
            const double l = i % 9 - 4, open = sigmoid((double)argument[i]), by = i % 2 - 2;
            worst = fmax(worst, fabs((double)value[i] - l * open));
            worst = fmax(worst, fabs((double)pair[2 * i] - by * open));
            worst = fmax(worst, fabs((double)pair[2 * i + 1] - by * l * open * (1 - open)));
        }
        EXPECT(worst < 2e-6, "%s: error %g", level_name(level), worst);
        float y = 0, bad[] = {NAN, 0, 1, NAN};
        levels[level]->gate(&y, bad, 1);
        EXPECT(isnan(y), "%s: NaN became %g", level_name(level), (double)y);
        levels[level]->gate(&y, bad + 2, 1);
        EXPECT(isnan(y), "%s: a gate of NaN gave %g", level_name(level), (double)y);
    }
}

enum { RESET, UPDATE, CANDIDATE, FROM_STATE, STATE, GRU_ARGUMENTS };

/* The next state of one unit, from the sums of both parts of r and z, and both parts of c alone. */
static double gru_next(const double *x) {
    const double z = sigmoid(x[UPDATE]), c = tanh(x[CANDIDATE] + sigmoid(x[RESET]) * x[FROM_STATE]);
    return (1 - z) * c + z * x[STATE];
}

/* Argument `which` of unit i: those of a unit and of its neighbours differ. */
static float gru_argument(size_t which, size_t i) {
    return (float)(6 * sin((double)(i * (which + 3) + which)));
}

static void a_gated_recurrent_unit_and_its_gradient_are_exact(void) {
    enum { UNITS = 1003 };
    static float gates[4 * UNITS], hidden[3 * UNITS], h[UNITS], next[UNITS], d[UNITS];
    EACH(level) {
        double worst = 0;
        for (size_t i = 0; i < UNITS; i++) {
            for (size_t j = RESET; j <= UPDATE; j++) {
                hidden[j * UNITS + i] = gru_argument(j + 9, i);
                gates[j * UNITS + i] = gru_argument(j, i) - gru_argument(j + 9, i);
            }
            gates[CANDIDATE * UNITS + i] = gru_argument(CANDIDATE, i);
            hidden[CANDIDATE * UNITS + i] = gru_argument(FROM_STATE, i);
            h[i] = gru_argument(STATE, i);
            d[i] = (float)(i % 5) - 2.5f;
        }
        levels[level]->gru(gates, hidden, h, next, UNITS);
        levels[level]->gru_backward(gates, hidden, h, d, UNITS);
        for (size_t i = 0; i < UNITS; i++) {
            const double by = (double)(i % 5) - 2.5, step = 1e-6;
            double x[GRU_ARGUMENTS], slope_of[GRU_ARGUMENTS];
            for (size_t j = 0; j < GRU_ARGUMENTS; j++)
                x[j] = (double)gru_argument(j, i);
            worst = fmax(worst, fabs((double)next[i] - gru_next(x)));
            for (size_t j = 0; j < GRU_ARGUMENTS; j++) {
                double above[GRU_ARGUMENTS], below[GRU_ARGUMENTS];
                memcpy(above, x, sizeof x);
                memcpy(below, x, sizeof x);
                above[j] += step;
                below[j] -= step;
                slope_of[j] = by * (gru_next(above) - gru_next(below)) / (2 * step);
            }
            for (size_t j = RESET; j <= FROM_STATE; j++)
                worst = fmax(worst, fabs((double)gates[j * UNITS + i] - slope_of[j]));
            for (size_t j = 0; j < 3; j++)
                worst =
                    fmax(worst, fabs((double)hidden[j * UNITS + i] - slope_of[j == CANDIDATE ? FROM_STATE : j]));
            worst = fmax(worst, fabs((double)d[i] - slope_of[STATE]));
        }
        EXPECT(worst < 1e-5, "%s: error %g", level_name(level), worst);
        gates[0] = NAN;
        levels[level]->gru(gates, hidden, h, next, 1);
        EXPECT(isnan(next[0]), "%s: NaN became %g", level_name(level), (double)next[0]);
    }
}

/* One number among others, at each place of vectors and of their rest. */
static void each_number_is_held_to_its_bounds(void) {
    static const struct {
        float x;
        bool finite, within;
    } cases[] = {
        {-1, true, true},    {2, true, true},          {-1.0000001f, true, false}, {2.0000002f, true, false},
        {NAN, false, false}, {INFINITY, false, false}, {-INFINITY, false, false},  {0, true, true},
    };
    enum { LENGTH = 77 };
    float x[LENGTH];
    EACH(level) {
        const struct math_kernel *k = levels[level];
        for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
            for (size_t at = 0; at < LENGTH; at++) {
                for (size_t i = 0; i < LENGTH; i++)
                    x[i] = i == at ? cases[c].x : 0.5f;
                EXPECT((k->within(x, LENGTH, -1, 2) != 0) == cases[c].within, "%s: %g at %zu", level_name(level),
                       (double)cases[c].x, at);
                EXPECT((k->finite(x, LENGTH) != 0) == cases[c].finite, "%s: %g at %zu", level_name(level),
                       (double)cases[c].x, at);
                EXPECT(k->within(x, at, -1, 2), "%s: the first %zu of them", level_name(level), at);
            }
    }
}

static void sigmoid_is_exact_to_its_bound(void) {
    EACH(level) {
        double worst = 0;
        fill(100);
        levels[level]->sigmoid(value, N);
        for (int i = 0; i < N; i++)
            worst = fmax(worst, fabs((double)value[i] - sigmoid((double)argument[i])));
        EXPECT(worst < 2e-7, "%s: error %g", level_name(level), worst);
    }
}

static void cross_entropy_and_its_gradient_are_exact(void) {
    static float x[N], gradient[N];
    EACH(level) {
        double wanted = 0, worst = 0;
        fill(30);
        for (int i = 0; i < N; i++) {
            x[i] = (float)(i % 5) / 4.0f;
            wanted += softplus((double)argument[i]) - (double)x[i] * (double)argument[i];
        }
        const double alone = densities[level]->cross_entropy(argument, x, NULL, N);
        const double sum = densities[level]->cross_entropy(argument, x, gradient, N);
        for (int i = 0; i < N; i++)
            worst = fmax(worst, fabs((double)gradient[i] - (sigmoid((double)argument[i]) - (double)x[i])));
        EXPECT(fabs(sum / wanted - 1) < 1e-6, "%s: sum %g, wanted %g", level_name(level), sum, wanted);
        EXPECT(fabs(alone / wanted - 1) < 1e-6, "%s: without gradient %g", level_name(level), alone);
        EXPECT(worst < 3e-7, "%s: gradient's error %g", level_name(level), worst);
    }
}

static void squared_error_is_exact(void) {
    static float x[N];
    EACH(level) {
        double wanted = 0;
        fill(3);
        for (int i = 0; i < N; i++) {
            x[i] = (float)(i % 7) - 3.0f;
            wanted += pow((double)argument[i] - (double)x[i], 2);
        }
        const double sum = densities[level]->squared_error(argument, x, N);
        EXPECT(fabs(sum / wanted - 1) < 1e-6, "%s: sum %g, wanted %g", level_name(level), sum, wanted);
    }
}

typedef double scaled_sum(const float *a, const float *x, const float *log_scale, const float *inverse_scale,
                          float *gradient, float *scale_gradient, size_t n);

/* The sum over more numbers than a block has, each with its own scale, is the total of the sums over each alone. */
static void check_scaled_sum(const char *name, scaled_sum *sum) {
    enum { MANY = 2500 };
    static float x[MANY], log_scale[MANY], inverse_scale[MANY], gradient[MANY], scale_gradient[MANY];
    double wanted = 0;
    fill(3);
    for (int i = 0; i < MANY; i++) {
        x[i] = (float)(i % 256) / 255.0f;
        log_scale[i] = (float)(i % 11) / 5.0f - 1.0f;
        inverse_scale[i] = expf(-log_scale[i]);
        wanted += sum(argument + i, x + i, log_scale + i, inverse_scale + i, NULL, NULL, 1);
    }
    const double alone = sum(argument, x, log_scale, inverse_scale, NULL, NULL, MANY);
    const double located = sum(argument, x, log_scale, inverse_scale, gradient, NULL, MANY);
    const double all = sum(argument, x, log_scale, inverse_scale, gradient, scale_gradient, MANY);
    EXPECT(fabs(alone / wanted - 1) < 1e-5 && located == alone && all == alone, "%s: sums %g, %g, %g, wanted %g",
           name, alone, located, all, wanted);
    for (int i = 0; i < MANY; i++) {
        float wanted_one = 0, wanted_scale = 0;
        (void)sum(argument + i, x + i, log_scale + i, inverse_scale + i, &wanted_one, &wanted_scale, 1);
        EXPECT(fabsf(gradient[i] - wanted_one) < 1e-6f * (1 + fabsf(wanted_one)),
               "%s: gradient %d is %g, wanted %g", name, i, (double)gradient[i], (double)wanted_one);
        EXPECT(fabsf(scale_gradient[i] - wanted_scale) < 1e-6f * (1 + fabsf(wanted_scale)),
               "%s: gradient of scale %d is %g, wanted %g", name, i, (double)scale_gradient[i],
               (double)wanted_scale);
    }
}

static void sums_with_scales_are_those_of_their_elements(void) {
    EACH(level) {
        check_scaled_sum("gaussian", densities[level]->gaussian);
        check_scaled_sum("laplace", densities[level]->laplace);
        check_scaled_sum("logistic", densities[level]->logistic);
    }
}

/* The exponentials overflow unless the largest number is found, wherever it is. */
static void softmax_finds_the_largest_number(void) {
    EACH(level)
    for (size_t n = 1; n <= 40; n++)
        for (size_t at = 0; at < n; at++) {
            float a[40] = {0};
            a[at] = 200;
            const double sum = densities[level]->softmax(a, n);
            EXPECT(fabs(sum - 200) < 1e-4 && fabsf(a[at] - 1) < 1e-6f, "%s: number %zu of %zu: sum %g, part %g",
                   level_name(level), at, n, sum, (double)a[at]);
        }
}

static void column_sums_add_the_rows_asked_for(void) {
    EACH(level) {
        float x[3 * 10], sums[4] = {1, 1, 1, 1};
        for (int i = 0; i < 30; i++)
            x[i] = (float)i;
        levels[level]->column_sums(sums, x + 2, 3, 4, 10, 0.5f);
        for (int j = 0; j < 4; j++)
            EXPECT(sums[j] == 1 + 0.5f * (float)(3 * (j + 2) + 30), "%s: column %d is %g", level_name(level), j,
                   (double)sums[j]);
    }
}

static void sums_are_added_to(void) {
    EACH(level) {
        float sum[19], x[19];
        for (int i = 0; i < 19; i++) {
            sum[i] = (float)i;
            x[i] = (float)(100 * i);
        }
        levels[level]->add(sum, x, 18);
        for (int i = 0; i < 19; i++)
            EXPECT(sum[i] == (float)(i < 18 ? 101 * i : i), "%s: sum %d is %g", level_name(level), i,
                   (double)sum[i]);
    }
}

/* What one parameter's moments m and v become by the gradient g, and its way, in steps of the rate. */
typedef double rule(double *m, double *v, double g, int t);

static double adam(double *m, double *v, double g, int t) {
    *m = 0.9 * *m + 0.1 * g;
    *v = 0.999 * *v + 0.001 * g * g;
    return *m / (1 - pow(0.9, t)) / (sqrt(*v / (1 - pow(0.999, t))) + 1e-8);
}

static double adagrad(double *m, double *v, double g, int t) {
    (void)t;
    *m = g;
    *v += g * g;
    return g / (sqrt(*v) + 1e-8);
}

/* Ten steps on a changing gradient, against the published algorithm in double. */
static void follows(const char *name, rule *way) {
    EACH(level) {
        enum { PARAMETERS = 19 };
        float w[PARAMETERS], g[PARAMETERS], first[PARAMETERS] = {0}, second[PARAMETERS] = {0};
        double ew[PARAMETERS], em[PARAMETERS] = {0}, ev[PARAMETERS] = {0};
        for (int i = 0; i < PARAMETERS; i++)
            ew[i] = (double)(w[i] = (float)i / 10 - 1);
        for (int t = 1; t <= 10; t++) {
            const struct optimizer_config config = {optimizer_find("test", name), 1e-8, 0, 0};
            const struct adam_step step = adam_step(&config, 0.01, 0.5, (uint64_t)t);
            for (int i = 0; i < PARAMETERS; i++) {
                g[i] = 2 * (float)sin(i + t); /* halved by the step's scale, as clipping does */
                ew[i] = 0.99 * ew[i] - 0.01 * way(&em[i], &ev[i], (double)g[i] / 2, t);
            }
            levels[level]->adam(w, g, first, second, PARAMETERS, 0.99f, &step);
            for (int i = 0; i < PARAMETERS; i++)
                EXPECT(g[i] == 0, "%s: gradient %d is %g behind the step", level_name(level), i, (double)g[i]);
        }
        for (int i = 0; i < PARAMETERS; i++)
            EXPECT(fabs((double)w[i] - ew[i]) < 2e-6, "%s, %s: parameter %d is %g, wanted %g", name,
                   level_name(level), i, (double)w[i], ew[i]);
    }
}

static void adam_follows_its_algorithm(void) {
    follows("adam", adam);
    follows("muon", adam); /* what is no matrix */
}

static void adagrad_follows_its_algorithm(void) {
    follows("adagrad", adagrad);
}

/* Nothing bad may be made good: NaN stays NaN wherever it stands among good values. */
static void nan_comes_out_as_nan(void) {
    EACH(level) {
        const struct math_kernel *k = levels[level];
        void (*const in_place[])(float *, float *, size_t) = {k->relu,     k->tanh, k->elu,
                                                              k->softplus, k->gelu, k->silu};
        for (size_t f = 0; f < sizeof in_place / sizeof *in_place; f++)
            for (int at = 0; at < 20; at++) {
                float y[20] = {0}, s[20];
                y[at] = NAN;
                in_place[f](y, s, 20);
                EXPECT(isnan(y[at]), "%s: activation %zu gives %g", level_name(level), f, (double)y[at]);
            }
        float a[20] = {0}, x[20] = {0}, g[20];
        a[13] = NAN;
        EXPECT(isnan(densities[level]->cross_entropy(a, x, g, 20)) && isnan(g[13]), "%s: cross entropy",
               level_name(level));
        EXPECT(isnan(densities[level]->squared_error(a, x, 20)), "%s: squared error", level_name(level));
        k->exp(a, 20);
        EXPECT(isnan(a[13]), "%s: exp", level_name(level));
        k->sigmoid(a, 20);
        EXPECT(isnan(a[13]), "%s: sigmoid", level_name(level));
    }
}

static void extremes_come_out_as_limits(void) {
    EACH(level) {
        const struct math_kernel *k = levels[level];
        float y[2] = {1e30f, -1e30f}, s[2];
        k->softplus(y, s, 2);
        EXPECT(y[0] == 1e30f && y[1] >= 0 && y[1] < 1e-37f, "%s: softplus %g %g", level_name(level), (double)y[0],
               (double)y[1]);
        float t[2] = {INFINITY, -INFINITY};
        k->tanh(t, s, 2);
        EXPECT(t[0] == 1 && t[1] == -1, "%s: tanh %g %g", level_name(level), (double)t[0], (double)t[1]);
        float p[2] = {INFINITY, -INFINITY};
        k->sigmoid(p, 2);
        EXPECT(p[0] == 1 && p[1] < 1e-37f, "%s: sigmoid %g %g", level_name(level), (double)p[0], (double)p[1]);
    }
}

/* What VAE_LEVEL asks for is what is used, and else the best that the processor has. Any value that the program was
 * started with is forgotten. */
static void the_kernels_are_those_of_the_level_asked_for(void) {
    static const struct product_kernel *const products[LEVELS] = EACH_LEVEL(product_kernel);
    unsetenv("VAE_LEVEL");
    EXPECT(level_settle() == 0, "%s", error_message());
    const enum level best = level_in_use();
    for (enum level level = LEVEL_BASELINE; level <= best; level++) {
        setenv("VAE_LEVEL", level_name(level), 1);
        EXPECT(level_settle() == 0, "%s: %s", level_name(level), error_message());
        EXPECT(math_kernel() == levels[level], "%s: other mathematics", level_name(level));
        EXPECT(density_kernel() == densities[level], "%s: other densities", level_name(level));
        EXPECT(product_kernel() == products[level], "%s: other products", level_name(level));
    }
    unsetenv("VAE_LEVEL");
    EXPECT(level_settle() == 0, "%s", error_message());
    EXPECT(math_kernel() == levels[best], "not %s without VAE_LEVEL", level_name(best));
}

int main(void) {
    static const struct test tests[] = {
        {"each number is held to its bounds", each_number_is_held_to_its_bounds},
        {"exp is exact to its bound", exp_is_exact_to_its_bound},
        {"activations are exact to their bound", activations_are_exact_to_their_bound},
        {"activations' slopes match central differences, with sign", slopes_match_central_differences},
        {"sigmoid is exact to its bound", sigmoid_is_exact_to_its_bound},
        {"a gate and its slopes are exact", a_gate_and_its_slopes_are_exact},
        {"a gated recurrent unit and its gradient are exact", a_gated_recurrent_unit_and_its_gradient_are_exact},
        {"cross entropy and its gradient are exact", cross_entropy_and_its_gradient_are_exact},
        {"squared error is exact", squared_error_is_exact},
        {"sums with scales are those of their elements", sums_with_scales_are_those_of_their_elements},
        {"softmax finds the largest number, wherever it is", softmax_finds_the_largest_number},
        {"column sums add the rows asked for", column_sums_add_the_rows_asked_for},
        {"sums are added to", sums_are_added_to},
        {"Adam follows its published algorithm", adam_follows_its_algorithm},
        {"Adagrad follows its published algorithm", adagrad_follows_its_algorithm},
        {"NaN comes out as NaN", nan_comes_out_as_nan},
        {"extreme arguments come out as limits", extremes_come_out_as_limits},
        {"the kernels are those of the level asked for", the_kernels_are_those_of_the_level_asked_for},
    };
    return RUN(tests);
}
