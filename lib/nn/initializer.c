/* SPDX-License-Identifier: MIT */
#include "nn/initializer.h"

#include "base/error.h"
#include "base/noise.h"
#include "base/number.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define NORMAL "normal:"
#define MAX_DEVIATION 1000

struct initializer_kind {
    const char *name; /* ends with ':' if a deviation follows */
    void (*draw)(float *value, size_t n, struct noise noise);
    double (*extent)(double deviation, double in, double out); /* returns the factor of the drawn numbers */
    bool biases;                                               /* biases are drawn, too; else they are 0 */
};

static void draw_uniform(float *value, size_t n, struct noise noise) {
    noise_uniform(value, n, noise);
    for (size_t i = 0; i < n; i++)
        value[i] = 2 * value[i] - 1;
}

static double torch(double deviation, double in, double out) {
    (void)deviation, (void)out;
    return 1 / sqrt(in);
}

static double glorot(double deviation, double in, double out) {
    (void)deviation;
    return sqrt(6 / (in + out));
}

static double he(double deviation, double in, double out) {
    (void)deviation, (void)out;
    return sqrt(6 / in);
}

static double normal(double deviation, double in, double out) {
    (void)in, (void)out;
    return deviation;
}

static const struct initializer_kind kinds[] = {{"torch", draw_uniform, torch, true},
                                                {"glorot", draw_uniform, glorot, false},
                                                {"he", draw_uniform, he, false},
                                                {NORMAL, noise_normal, normal, true}};

int initializer_parse(struct initializer *initializer, const char *name, const char *text) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const size_t length = strlen(kinds[i].name);
        const bool deviates = kinds[i].name[length - 1] == ':';
        if (strncmp(text, kinds[i].name, length) != 0 || (text[length] != '\0' && !deviates))
            continue;
        *initializer = (struct initializer){.kind = &kinds[i]};
        return deviates ? parse_real(name, text + length, 0, MAX_DEVIATION, &initializer->deviation) : 0;
    }
    return fail("%s: found '%s', wanted torch, glorot, he or " NORMAL "S, such as " NORMAL "0.01", name, text);
}

const char *initializer_name(size_t i) {
    return i < sizeof kinds / sizeof *kinds ? kinds[i].name : NULL;
}

static void draw(float *value, size_t n, const struct initializer_kind *kind, double extent, struct noise noise) {
    kind->draw(value, n, noise);
    for (size_t i = 0; i < n; i++)
        value[i] = (float)(extent * (double)value[i]);
}

void initializer_run(const struct initializer *initializer, size_t in, size_t out, size_t outputs, uint64_t seed,
                     uint64_t number, float *weight, float *bias) {
    const struct initializer_kind *kind = initializer->kind;
    const double extent = kind->extent(initializer->deviation, (double)in, (double)outputs);
    struct noise noise = {.seed = seed, .purpose = PURPOSE_INITIAL, .item = 2 * number};
    draw(weight, in * out, kind, extent, noise);
    noise.item++;
    draw(bias, out, kind, kind->biases ? extent : 0, noise);
}
