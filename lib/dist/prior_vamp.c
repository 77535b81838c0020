/* SPDX-License-Identifier: MIT */
/* The VampPrior p(z) = 1/K sum over k of q(z|u_k), with pseudo-inputs u_k: Tomczak and Welling 2018. */
#include "dist/prior.h"

#define MAX_COMPONENTS 65536

/* The scratch holds the responsibilities [components], followed by the slope [latent]. */
static size_t scratch_of(const struct prior_state *s) {
    return s->components + s->latent;
}

static double log_density(const struct prior_state *s, const float *z, float *scratch) {
    return mixture_log_density(&s->mixture, z, scratch);
}

static double log_density_wide(const struct prior_state *s, const float *z) {
    return mixture_log_density_wide(&s->mixture, z);
}

static const float *slope(const struct prior_state *s, const float *z, float *scratch) {
    mixture_slope(&s->mixture, z, scratch, scratch + s->components);
    return scratch + s->components;
}

static void draw(const struct prior_state *s, float *z, uint64_t seed, uint64_t item) {
    mixture_draw(&s->mixture, z, seed, item);
}

static int create(struct prior_state *s) {
    return mixture_create(&s->mixture, s->components, s->latent);
}

static void refresh(struct prior_state *s, size_t first, size_t count) {
    mixture_refresh(&s->mixture, first, count);
}

static void release(struct prior_state *s) {
    mixture_free(&s->mixture);
}

const struct prior prior_vamp = {
    .name = "vamp",
    .max_components = MAX_COMPONENTS,
    .pseudo_inputs = true,
    .scratch = scratch_of,
    .log_density = log_density,
    .log_density_wide = log_density_wide,
    .slope = slope,
    .draw = draw,
    .create = create,
    .refresh = refresh,
    .free = release,
};
