/* SPDX-License-Identifier: MIT */
/* The paths of vae-climb: their lengths and bounds, where they end, and those of the control. */
#include "property/climb.h"

#include "base/noise.h"
#include "dist/latent.h"
#include "first_values.h"
#include "kernel/lapack.h"
#include "test.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LATENT 5
#define ACTIVE 3
#define STEPS 60

static size_t number[ACTIVE] = {0, 2, 4};
static double mean[ACTIVE] = {1, -2, 0.5}, scale[ACTIVE] = {2, 0.5, 1}, top[ACTIVE] = {0.7, -0.4, 1.2};

/* A property with a maximum at `top`: exp(-|u - top|^2 / 8). */
static double hill(const struct regression *r, const double *u, double *gradient) {
    double squares = 0;
    (void)r;
    for (size_t k = 0; k < ACTIVE; k++)
        squares += (u[k] - top[k]) * (u[k] - top[k]);
    for (size_t k = 0; k < ACTIVE; k++)
        gradient[k] = exp(-squares / 8) * (top[k] - u[k]) / 4;
    return exp(-squares / 8);
}

/* One that grows without an end in the direction of number 0. */
static double slope(const struct regression *r, const double *u, double *gradient) {
    (void)r;
    memset(gradient, 0, ACTIVE * sizeof *gradient);
    gradient[0] = 1e-3;
    return 1e-3 * u[0];
}

static double flat(const struct regression *r, const double *u, double *gradient) {
    (void)r, (void)u;
    memset(gradient, 0, ACTIVE * sizeof *gradient);
    return 4;
}

static const struct regression_method on_hill = {"hill", NULL, hill, NULL}, on_slope = {"slope", NULL, slope, NULL},
                                      on_flat = {"flat", NULL, flat, NULL};

static const struct examples known = {
    .count = 1, .latent = LATENT, .active = ACTIVE, .number = number, .mean = mean, .scale = scale};

/* A climb of a latent, with its path in standardised numbers. */
struct trial {
    struct climb climb;
    struct regression regression;
    float start[LATENT], out[(STEPS + 1) * LATENT];
    double path[STEPS + 1][ACTIVE];
    struct prediction prediction;
};

static void start_trial(struct trial *t, const struct regression_method *method) {
    *t = (struct trial){.regression = {.method = method}};
    t->climb = (struct climb){
        .examples = &known, .steps = STEPS, .step_size = 0.1, .radius = 10, .path = true, .deviates = true};
}

/* Climbs from `u` standardised deviations along number 0, 0.3 along the others. */
static void run_trial(struct trial *t, double u, uint64_t item) {
    struct climb_scratch scratch;
    t->climb.regression = &t->regression;
    for (size_t i = 0; i < LATENT; i++)
        t->start[i] = 0.1f + 3e-8f * (float)i; /* also of those that do not move */
    for (size_t k = 0; k < ACTIVE; k++)
        t->start[number[k]] = (float)(mean[k] + scale[k] * (k == 0 ? u : 0.3));
    EXPECT(climb_scratch_start(&scratch, &t->climb) == 0, "%s", error_message());
    climb_item(&t->climb, &scratch, t->start, item, t->out, &t->prediction);
    climb_scratch_end(&scratch);
    for (size_t i = 0; i < climb_points(&t->climb); i++)
        examples_standardise(&known, t->out + i * LATENT, t->path[i]);
}

static double apart(const double *a, const double *b) {
    double between[ACTIVE];
    for (size_t k = 0; k < ACTIVE; k++)
        between[k] = a[k] - b[k];
    return point_length(between, ACTIVE);
}

static void climbs_to_the_top(void) {
    struct trial t;
    start_trial(&t, &on_hill);
    run_trial(&t, -1, 0);
    EXPECT(apart(t.path[STEPS], top) < 1e-3, "ends %g from the maximum", apart(t.path[STEPS], top));
    EXPECT(fabs(t.prediction.end - 1) < 1e-6 && t.prediction.start < 0.7, "from %g to %g", t.prediction.start,
           t.prediction.end);
    EXPECT(isnan(t.prediction.deviation), "a deviation of %g", t.prediction.deviation);
    EXPECT(memcmp(t.out, t.start, sizeof t.start) == 0, "the path does not begin with the start");
    double before = -1, gradient[ACTIVE];
    for (size_t i = 0; i <= STEPS; i++) {
        const double value = hill(NULL, t.path[i], gradient);
        EXPECT(value >= before - 1e-6, "falls from %g to %g at step %zu", before, value, i);
        EXPECT(i == 0 || apart(t.path[i], t.path[i - 1]) < 0.1 + 1e-5, "step %zu is %g long", i,
               apart(t.path[i], t.path[i - 1]));
        before = value;
    }
    for (size_t i = 1; i <= 10; i++)
        EXPECT(fabs(apart(t.path[i], t.path[0]) - 0.1 * (double)i) < 1e-5, "%g away after %zu steps",
               apart(t.path[i], t.path[0]), i);
}

static void last_point_alone(void) {
    struct trial all, last;
    for (int control = 0; control < 2; control++) {
        start_trial(&all, &on_hill);
        start_trial(&last, &on_hill);
        all.climb.control = last.climb.control = control;
        last.climb.path = false;
        run_trial(&all, -1, 5);
        run_trial(&last, -1, 5);
        EXPECT(climb_points(&last.climb) == 1 && climb_points(&all.climb) == STEPS + 1, "%zu points",
               climb_points(&last.climb));
        EXPECT(apart(last.path[0], all.path[STEPS]) < 1e-6, "the last point is another one, %g away",
               apart(last.path[0], all.path[STEPS]));
    }
}

static void goes_down(void) {
    struct trial t;
    start_trial(&t, &on_slope);
    t.climb.minimize = true;
    run_trial(&t, 1, 0);
    EXPECT(fabs(t.path[STEPS][0] - (1 - 6)) < 1e-4, "%g, wanted -5", t.path[STEPS][0]);
    EXPECT(fabs(t.prediction.start - 1e-3) < 1e-9 && fabs(t.prediction.end + 5e-3) < 1e-9, "from %g to %g",
           t.prediction.start, t.prediction.end);
}

/* At the bound, with 0.3 in the numbers that the slope does not ask for, the path goes on along the sphere. */
static void stays_inside(void) {
    static const double starts[] = {-1, 0, 1.9, 3};
    for (size_t i = 0; i < 4; i++)
        for (int control = 0; control < 2; control++) {
            struct trial t;
            start_trial(&t, &on_slope);
            t.climb.radius = 2;
            t.climb.control = control;
            run_trial(&t, starts[i], 9);
            const double limit = fmax(2, point_length(t.path[0], ACTIVE));
            for (size_t step = 0; step <= STEPS; step++)
                EXPECT(point_length(t.path[step], ACTIVE) < limit + 1e-5, "from %g: %g outside at step %zu",
                       starts[i], point_length(t.path[step], ACTIVE) - limit, step);
            EXPECT(control || t.path[STEPS][0] > limit - 1e-2, "from %g to %g, wanted %g", starts[i],
                   t.path[STEPS][0], limit);
        }
}

static void numbers_that_do_not_move(void) {
    struct trial t;
    for (int control = 0; control < 2; control++) {
        start_trial(&t, &on_hill);
        t.climb.control = control;
        run_trial(&t, -1, 1);
        for (size_t step = 0; step <= STEPS; step++)
            EXPECT(memcmp(&t.out[step * LATENT + 1], &t.start[1], 4) == 0 &&
                       memcmp(&t.out[step * LATENT + 3], &t.start[3], 4) == 0,
                   "step %zu moves others", step);
    }
    start_trial(&t, &on_flat);
    run_trial(&t, -1, 1);
    for (size_t step = 0; step <= STEPS; step++)
        EXPECT(memcmp(&t.out[step * LATENT], t.start, sizeof t.start) == 0, "moves where nothing grows");
}

static void control_goes_as_far(void) {
    enum { ITEMS = 400 };
    static const double radii[] = {10, 1.5, 0.2};
    for (size_t i = 0; i < 3; i++) {
        double sum[ACTIVE] = {0}, farthest = 0;
        size_t at_limit = 0;
        for (uint64_t item = 0; item < ITEMS; item++) {
            struct trial climbed, control;
            start_trial(&climbed, &on_hill);
            climbed.climb.radius = radii[i];
            control = climbed;
            control.climb.control = true;
            control.climb.seed = 3;
            run_trial(&climbed, -1, item);
            run_trial(&control, -1, item);
            const double far = apart(climbed.path[STEPS], climbed.path[0]);
            farthest = fmax(farthest, fabs(apart(control.path[STEPS], control.path[0]) - far));
            EXPECT(far > 0.1, "the climb goes but %g far", far);
            const double limit = fmax(radii[i], point_length(control.path[0], ACTIVE)),
                         outside = point_length(control.path[STEPS], ACTIVE) - limit;
            EXPECT(outside < 1e-5, "item %d ends %g outside", (int)item, outside);
            at_limit += outside > -1e-5;
            EXPECT(fabs(apart(control.path[STEPS / 2], control.path[0]) - far / 2) < 1e-4, "half way is %g of %g",
                   apart(control.path[STEPS / 2], control.path[0]), far);
            for (size_t k = 0; k < ACTIVE; k++)
                sum[k] += (control.path[STEPS][k] - control.path[0][k]) / far / ITEMS;
        }
        EXPECT(farthest < 1e-4, "distances differ by %g", farthest);
        /* Free directions have the mean 0, with a standard error of 1 / sqrt(3 ITEMS) in each number. */
        EXPECT(i > 0 || point_length(sum, ACTIVE) < 0.12, "a mean direction of length %g",
               point_length(sum, ACTIVE));
        EXPECT(i == 0 ? at_limit == 0 : at_limit > ITEMS / 10, "%zu end at the limit", at_limit);
        EXPECT(i == 0 || sum[0] > 0.1, "%g, wanted directions to the mean of the examples", sum[0]);
    }
}

static void control_has_its_noise(void) {
    struct trial one, other;
    for (int differs = 0; differs < 3; differs++) {
        start_trial(&one, &on_hill);
        one.climb.control = true;
        other = one;
        other.climb.seed = differs == 1;
        run_trial(&one, -1, 4);
        run_trial(&other, -1, differs == 2 ? 5 : 4);
        const bool same = memcmp(one.out, other.out, sizeof one.out) == 0;
        EXPECT(same == (differs == 0), "case %d: the same %d", differs, same);
    }
}

static double slope_of_one(const struct regression *r, const double *u, double *gradient) {
    (void)r;
    *gradient = 2;
    return 2 * *u;
}

/* A single active number has two directions. */
static void control_of_one_number(void) {
    const struct examples one = {
        .count = 1, .latent = 1, .active = 1, .number = number, .mean = mean, .scale = scale};
    const struct regression_method on_line = {"line", NULL, slope_of_one, NULL};
    const struct regression r = {.method = &on_line};
    size_t up = 0;
    for (uint64_t item = 0; item < 20; item++) {
        struct climb c = {
            .examples = &one, .regression = &r, .steps = 5, .step_size = 0.1, .radius = 1, .control = true};
        struct climb_scratch scratch;
        struct prediction prediction;
        float out, z = (float)(mean[0] + scale[0] * 0.4);
        EXPECT(climb_scratch_start(&scratch, &c) == 0, "%s", error_message());
        climb_item(&c, &scratch, &z, item, &out, &prediction);
        const double free_end = ((double)out - mean[0]) / scale[0];
        up += free_end > 0.4;
        EXPECT(fabs(fabs(free_end - 0.4) - 0.5) < 1e-6, "goes from 0.4 to %g", free_end);
        z = (float)(mean[0] - scale[0] * 1.2); /* from the outside there is but one direction */
        climb_item(&c, &scratch, &z, item, &out, &prediction);
        EXPECT(fabs(((double)out - mean[0]) / scale[0] + 0.7) < 1e-6, "goes from -1.2 to %g",
               ((double)out - mean[0]) / scale[0]);
        climb_scratch_end(&scratch);
    }
    EXPECT(up > 3 && up < 17, "%zu of 20 go up", up);
}

#define COUNT 200

/* A Gaussian process that has learned -|z - a|^2 leads to a. */
static void process_finds_a_maximum(void) {
    static float x[COUNT * ACTIVE];
    static double point[COUNT * ACTIVE], target[COUNT];
    noise_normal(x, COUNT * ACTIVE, (struct noise){.seed = 2, .purpose = PURPOSE_PRIOR});
    for (size_t i = 0; i < COUNT; i++)
        for (size_t k = 0; k < ACTIVE; k++) {
            point[i * ACTIVE + k] = (double)x[i * ACTIVE + k];
            target[i] -= pow(point[i * ACTIVE + k] - top[k], 2);
        }
    struct trial t;
    struct examples all = known;
    all.count = COUNT;
    const struct points p = {.point = point, .target = target, .count = COUNT, .inputs = ACTIVE};
    start_trial(&t, &regression_gp);
    EXPECT(regression_fit(&t.regression, &regression_gp, &p) == 0, "%s", error_message());
    t.climb.examples = &all;
    run_trial(&t, -1.5, 0);
    EXPECT(apart(t.path[STEPS], top) < 0.02, "ends %g from the maximum", apart(t.path[STEPS], top));
    EXPECT(fabs(t.prediction.end) < 0.05 && t.prediction.deviation > 0 && t.prediction.deviation < 0.1,
           "predicts %g with a deviation of %g", t.prediction.end, t.prediction.deviation);
    regression_free(&t.regression);
}

static void quantiles_of_distances(void) {
    double point[8] = {3, 4, 0, 1, 0, -2, 2, 0}, radius = 0;
    const struct examples e = {.count = 4, .active = 2, .point = point};
    static const double wanted[][2] = {{0, 1}, {1, 5}, {0.5, 2}, {0.75, 2.75}, {2.0 / 3, 2}};
    for (size_t i = 0; i < 5; i++) {
        EXPECT(examples_radius(&e, wanted[i][0], &radius) == 0, "%s", error_message());
        EXPECT(fabs(radius - wanted[i][1]) < 1e-12, "%g at %g, wanted %g", radius, wanted[i][0], wanted[i][1]);
    }
}

/* A head with random weights, of the layers of a list, for targets of the given mean and deviation. */
static void make_head(struct model *m, const char *hidden, const char *activation, double mean_target,
                      double deviation) {
    struct model_config config = {.logvar_bound = (double)LOGVAR_BOUND,
                                  .item = {1, {3}},
                                  .prior = &prior_normal,
                                  .latent = LATENT,
                                  .classes = 2,
                                  .activation = activation_find("test", activation),
                                  .likelihood = likelihood_find("test", "gaussian"),
                                  .sigma = 1,
                                  .target = {.mean = mean_target, .deviation = deviation}};
    EXPECT(target_parse_hidden(&config.target, "test", hidden) == 0 && model_create(m, &config) == 0, "%s",
           error_message());
    give_first_values(m, 5);
}

static double predict_at(const struct head *h, struct head_pass *p, const float *z) {
    memcpy(p->z, z, LATENT * sizeof *z);
    return head_predict(h, p);
}

/* The derivatives of the prediction by central differences, and its value against the pass of the whole model. */
static void check_head(const char *hidden, const char *activation) {
    const float h = 0.01f, start[LATENT] = {0.3f, -0.8f, 1.1f, 0.2f, -0.4f};
    struct model m;
    struct head head;
    struct head_pass p;
    struct pass pass;
    float z[LATENT];
    double gradient[LATENT];
    make_head(&m, hidden, activation, 7, 3);
    net_pack(&m.net);
    EXPECT(head_take(&head, &m) == 0 && head_pass_start(&p, &head) == 0 &&
               pass_create(&pass, &m.net, 0, m.net.layers, &(struct pass_size){.items = 1, .draws = 1}) == 0,
           "%s", error_message());
    const double value = predict_at(&head, &p, start);
    memcpy(gradient, p.gradient, sizeof gradient);
    memcpy(draw_of(&pass, m.z, 0), start, sizeof start);
    pass_forward(&pass, m.latents, m.target, 0, 1);
    EXPECT(fabs(value - (7 + 3 * (double)*pass.value[m.prediction].out)) < 1e-6, "predicts %g", value);
    for (size_t j = 0; j < LATENT; j++) {
        memcpy(z, start, sizeof z);
        z[j] = start[j] + h;
        const double above = predict_at(&head, &p, z);
        z[j] = start[j] - h;
        const double wanted = (above - predict_at(&head, &p, z)) / (2 * (double)h);
        EXPECT(fabs(gradient[j] - wanted) < 1e-3 && fabs(wanted) > 1e-3,
               "%s %s: slope %g with respect to number %zu, wanted %g", hidden, activation, gradient[j], j, wanted);
    }
    pass_free(&pass);
    head_pass_end(&p);
    head_free(&head);
    model_free(&m);
}

static void slopes_of_a_head(void) {
    check_head("none", "tanh");
    check_head("6", "tanh");
    check_head("40,20", "softplus");
    check_head("6,5", "gated");
}

/* With the least and the greatest deviation, the slopes of a linear head are beyond floats. */
static void slopes_beyond_floats(void) {
    static const double deviations[] = {(double)FLT_MIN, (double)FLT_MAX};
    static const float weights[] = {1e-20f, 4}, z[LATENT] = {0.5f};
    for (size_t i = 0; i < 2; i++) {
        struct model m;
        struct head head;
        struct head_pass p;
        make_head(&m, "none", "tanh", 0, deviations[i]);
        for (size_t j = 0; j < LATENT; j++)
            m.net.parameters.value[m.net.layer[m.latents + 1].own[0].offset + j] = weights[i];
        EXPECT(head_take(&head, &m) == 0 && head_pass_start(&p, &head) == 0, "%s", error_message());
        (void)predict_at(&head, &p, z);
        for (size_t j = 0; j < LATENT; j++)
            EXPECT(fabs(p.gradient[j] / deviations[i] / (double)weights[i] - 1) < 1e-6, "slope %g, wanted %g * %g",
                   p.gradient[j], deviations[i], (double)weights[i]);
        head_pass_end(&p);
        head_free(&head);
        model_free(&m);
    }
}

/* Of active numbers that are scaled: the climb of a linear head goes along its weights times the scales, and the
 * numbers that do not move have their part in the prediction. */
static void climbs_a_head(void) {
    struct model m;
    struct trial t;
    struct head head;
    start_trial(&t, &on_flat);
    make_head(&m, "none", "tanh", 7, 3);
    EXPECT(head_take(&head, &m) == 0, "%s", error_message());
    t.climb.head = &head;
    run_trial(&t, -1, 0);
    const float *weight = head.net.parameters.value;
    double up[ACTIVE], end = 7 + 3 * (double)weight[LATENT];
    for (size_t k = 0; k < ACTIVE; k++)
        up[k] = (double)weight[number[k]] * scale[k];
    const double length = point_length(up, ACTIVE);
    for (size_t k = 0; k < ACTIVE; k++)
        EXPECT(fabs(t.path[1][k] - t.path[0][k] - 0.1 * up[k] / length) < 1e-5, "number %zu goes %g", k,
               t.path[1][k] - t.path[0][k]);
    for (size_t j = 0; j < LATENT; j++)
        end += 3 * (double)weight[j] * (double)t.out[STEPS * LATENT + j];
    EXPECT(fabs(t.prediction.end - end) < 1e-5 && t.prediction.end > t.prediction.start, "from %g to %g, wanted %g",
           t.prediction.start, t.prediction.end, end);
    EXPECT(isnan(t.prediction.deviation), "a deviation of %g", t.prediction.deviation);
    head_free(&head);
    model_free(&m);
}

int main(void) {
    static const struct test tests[] = {
        {"the derivatives of a head", slopes_of_a_head},
        {"the derivatives of a head for tiny and huge targets", slopes_beyond_floats},
        {"a climb of a head", climbs_a_head},
        {"a climb ends at the maximum, and no step falls or is too long", climbs_to_the_top},
        {"the last point alone is that of the path", last_point_alone},
        {"--minimize goes down", goes_down},
        {"no point is outside, or farther outside than the start", stays_inside},
        {"numbers that are not active keep their bytes, and all do where there is no slope",
         numbers_that_do_not_move},
        {"the control goes as far as the climb, in all directions, and stays inside", control_goes_as_far},
        {"the control's direction is that of its seed and item", control_has_its_noise},
        {"the control of a single number", control_of_one_number},
        {"a Gaussian process leads to the maximum of a quadratic", process_finds_a_maximum},
        {"quantiles of distances", quantiles_of_distances},
    };
    if (lapack_load() < 0) {
        printf("Bail out! %s\n", error_message());
        return 1;
    }
    return RUN(tests);
}
