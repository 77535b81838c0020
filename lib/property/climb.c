/* SPDX-License-Identifier: MIT */
#include "property/climb.h"

#include "base/error.h"
#include "base/noise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define VECTORS 5 /* of the scratch that have a number for each active one of the latent */

int climb_scratch_start(struct climb_scratch *s, const struct climb *c) {
    const size_t n = c->examples->active;
    *s = (struct climb_scratch){.memory = calloc(VECTORS * n + c->examples->count, sizeof(double)),
                                .noise = calloc(n, sizeof(float))};
    if (s->memory == NULL || s->noise == NULL)
        return fail("climb: out of memory for a path");
    s->start = s->memory;
    s->end = s->start + n;
    s->next = s->end + n;
    s->direction = s->next + n;
    s->gradient = s->direction + n;
    s->example = s->gradient + n;
    return c->head == NULL ? 0 : head_pass_start(&s->head, c->head);
}

void climb_scratch_end(struct climb_scratch *s) {
    head_pass_end(&s->head);
    free(s->memory);
    free(s->noise);
}

size_t climb_points(const struct climb *c) {
    return c->path ? c->steps + 1 : 1;
}

/* Sets the active numbers of `out` to those of the point. A number that has not moved keeps its bytes. */
static void move(const struct climb *c, const struct climb_scratch *s, const float *z, const double *point,
                 float *out) {
    const struct examples *e = c->examples;
    for (size_t k = 0; k < e->active; k++)
        out[e->number[k]] = (float)((double)z[e->number[k]] + e->scale[k] * (point[k] - s->start[k]));
}

/* Writes the latent of a point. */
static void put(const struct climb *c, const struct climb_scratch *s, const float *z, const double *point,
                float *out) {
    memcpy(out, z, c->examples->latent * sizeof *out);
    move(c, s, z, point, out);
}

/* Returns the prediction at a point of the latent z, whose other numbers a head reads, too, and sets s->gradient.
 */
static double predict(const struct climb *c, struct climb_scratch *s, const float *z, const double *point) {
    const struct examples *e = c->examples;
    if (c->head == NULL)
        return c->regression->method->predict(c->regression, point, s->gradient);
    memcpy(s->head.z, z, c->head->latent * sizeof *z);
    move(c, s, z, point, s->head.z);
    const double value = head_predict(c->head, &s->head);
    for (size_t k = 0; k < e->active; k++)
        s->gradient[k] = s->head.gradient[e->number[k]] * e->scale[k];
    return value;
}

/* Moves a point back along the line to the mean, which is 0, if it is farther from it than `limit`. */
static void confine(double *point, double limit, size_t n) {
    const double length = point_length(point, n);
    for (size_t k = 0; length > limit && k < n; k++)
        point[k] *= limit / length;
}

/* Sets s->direction to the gradient's direction, or against it. False if there is none. */
static bool set_direction(const struct climb *c, struct climb_scratch *s) {
    const size_t n = c->examples->active;
    const double length = point_length(s->gradient, n);
    if (!(length > 0) || !isfinite(length))
        return false;
    for (size_t k = 0; k < n; k++)
        s->direction[k] = (c->minimize ? -s->gradient[k] : s->gradient[k]) / length;
    return true;
}

/* Climbs from s->start to s->end, and returns the prediction at the start. With c->path, writes the points to
 * `out`. */
static double climb(const struct climb *c, struct climb_scratch *s, const float *z, double limit, float *out) {
    const size_t n = c->examples->active, bytes = n * sizeof *s->end;
    double length = c->step_size, value = predict(c, s, z, s->start);
    const double start = value;
    memcpy(s->end, s->start, bytes);
    bool moves = set_direction(c, s);
    for (size_t step = 0; step < c->steps; step++) {
        for (size_t k = 0; k < n; k++)
            s->next[k] = s->end[k] + (moves ? length * s->direction[k] : 0);
        confine(s->next, limit, n);
        const double next = moves ? predict(c, s, z, s->next) : value;
        if (c->minimize ? next < value : next > value) {
            value = next;
            memcpy(s->end, s->next, bytes);
            moves = set_direction(c, s);
        } else {
            length /= 2;
        }
        if (c->path)
            put(c, s, z, s->end, out + (step + 1) * c->examples->latent);
    }
    return start;
}

/* Sets s->direction to a random direction. */
static void draw_direction(const struct climb *c, struct climb_scratch *s, uint64_t item) {
    const size_t n = c->examples->active;
    noise_normal(s->noise, n, (struct noise){.seed = c->seed, .purpose = PURPOSE_DIRECTION, .item = item});
    for (size_t k = 0; k < n; k++)
        s->direction[k] = (double)s->noise[k];
    const double length = point_length(s->direction, n);
    for (size_t k = 0; k < n; k++)
        s->direction[k] = length > 0 ? s->direction[k] / length : k == 0;
}

/* Turns s->direction in the plane of itself and the mean until the point at `distance` is inside the limit: until
 * its cosine with the direction away from the mean is at most (limit^2 - start^2 - distance^2) / (2 distance
 * start). */
static void turn_inside(struct climb_scratch *s, double distance, double limit, size_t n) {
    const double start = point_length(s->start, n);
    double cosine = 0, aside = 0;
    if (!(start > 0) || !(distance > 0))
        return;
    for (size_t k = 0; k < n; k++)
        cosine += s->direction[k] * s->start[k] / start;
    const double most = fmax((limit * limit - start * start - distance * distance) / (2 * distance * start), -1);
    if (cosine <= most)
        return;
    for (size_t k = 0; k < n; k++) {
        s->direction[k] -= cosine * s->start[k] / start;
        aside += s->direction[k] * s->direction[k];
    }
    aside = sqrt(aside);
    /* Of a single number the only other direction is the opposite one. */
    for (size_t k = 0; k < n; k++)
        s->direction[k] = aside > 1e-9
                              ? most * s->start[k] / start + sqrt(1 - most * most) * s->direction[k] / aside
                              : -s->start[k] / start;
}

/* Replaces the climbed path by one in a random direction. */
static void set_control(const struct climb *c, struct climb_scratch *s, const float *z, double limit, uint64_t item,
                        float *out) {
    const size_t n = c->examples->active;
    double squares = 0;
    for (size_t k = 0; k < n; k++)
        squares += (s->end[k] - s->start[k]) * (s->end[k] - s->start[k]);
    const double distance = sqrt(squares);
    draw_direction(c, s, item);
    turn_inside(s, distance, limit, n);
    for (size_t step = 0; c->path && step <= c->steps; step++) {
        for (size_t k = 0; k < n; k++)
            s->next[k] = s->start[k] + distance * s->direction[k] * (double)step / (double)c->steps;
        put(c, s, z, s->next, out + step * c->examples->latent);
    }
    for (size_t k = 0; k < n; k++)
        s->end[k] = s->start[k] + distance * s->direction[k];
}

void climb_item(const struct climb *c, struct climb_scratch *s, const float *z, uint64_t item, float *out,
                struct prediction *prediction) {
    examples_standardise(c->examples, z, s->start);
    const double limit = fmax(c->radius, point_length(s->start, c->examples->active)),
                 start = climb(c, s, z, limit, out);
    if (c->control)
        set_control(c, s, z, limit, item, out);
    put(c, s, z, c->path ? s->start : s->end, out);
    prediction->start = start;
    prediction->end = predict(c, s, z, s->end);
    prediction->deviation = !c->deviates || c->head != NULL || c->regression->method->deviation == NULL
                                ? (double)NAN
                                : c->regression->method->deviation(c->regression, s->end, s->example);
}
