#include "nn/initializer.h"

#include "base/noise.h"
#include "base/number.h"

#include <math.h>

struct initializer {
    const char *name;
    double (*bound)(double in, double out);
    bool biases; /* get first values, too; else they are 0 */
};

static double torch_bound(double in, double out) {
    (void)out;
    return 1 / sqrt(in);
}

static double glorot_bound(double in, double out) {
    return sqrt(6 / (in + out));
}

static double he_bound(double in, double out) {
    (void)out;
    return sqrt(6 / in);
}

static const struct initializer initializers[] = {
    {"torch", torch_bound, true}, {"glorot", glorot_bound, false}, {"he", he_bound, false}};

const struct initializer *initializer_find(const char *what, const char *name) {
    int i = parse_name(what, name, initializers, sizeof initializers / sizeof *initializers, sizeof *initializers);
    return i < 0 ? NULL : &initializers[i];
}

static void draw(float *value, size_t n, double bound, struct noise noise) {
    noise_uniform(value, n, noise);
    for (size_t i = 0; i < n; i++)
        value[i] = (float)(bound * (2 * (double)value[i] - 1));
}

void initializer_run(const struct initializer *initializer, const struct linear *layer, size_t out, uint64_t seed,
                     uint64_t number, float *value) {
    const double bound = initializer->bound((double)layer->in, (double)out);
    struct noise noise = {.seed = seed, .purpose = PURPOSE_INITIAL, .item = 2 * number};
    draw(value + layer->weight, layer->in * layer->out, bound, noise);
    noise.item++;
    draw(value + layer->bias, layer->out, initializer->biases ? bound : 0, noise);
}
