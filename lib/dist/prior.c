/* SPDX-License-Identifier: MIT */
#include "dist/prior.h"

#include "base/error.h"
#include "base/number.h"
#include "dist/latent.h"

#include <stdio.h>
#include <string.h>

static const struct { const struct prior *prior; } priors[] = {{&prior_normal}, {&prior_vamp}};

#define PRIORS (sizeof priors / sizeof *priors)
#define PRIOR_WORDS 128 /* the names of all priors, as a message lists them */

/* "normal or vamp:K, such as vamp:500". */
static void list_priors(char words[PRIOR_WORDS]) {
    const char *example = NULL;
    size_t used = 0;
    for (size_t i = 0; i < PRIORS; i++) {
        const struct prior *prior = priors[i].prior;
        const bool counts = prior->max_components > 0;
        used += (size_t)snprintf(words + used, PRIOR_WORDS - used, "%s%s%s",
                                 i == 0            ? ""
                                 : i == PRIORS - 1 ? " or "
                                                   : ", ",
                                 prior->name, counts ? ":K" : "");
        example = counts && example == NULL ? prior->name : example;
    }
    if (example != NULL)
        snprintf(words + used, PRIOR_WORDS - used, ", such as %s:500", example);
}

int prior_parse(const struct prior **prior, size_t *components, const char *name, const char *text) {
    char words[PRIOR_WORDS];
    uint64_t number = 0;
    for (size_t i = 0; i < PRIORS; i++) {
        const struct prior *found = priors[i].prior;
        const size_t length = strlen(found->name), max = found->max_components;
        if (strncmp(text, found->name, length) != 0 || text[length] != (max > 0 ? ':' : '\0'))
            continue;
        if (max > 0 && parse_whole(name, text + length + 1, 1, max, &number) < 0)
            return -1;
        *prior = found;
        *components = (size_t)number;
        return 0;
    }
    list_priors(words);
    return fail("%s: found '%s', wanted %s", name, text, words);
}

const char *prior_name(size_t i, char text[PRIOR_TEXT]) {
    if (i >= PRIORS)
        return NULL;
    snprintf(text, PRIOR_TEXT, "%s%s", priors[i].prior->name, priors[i].prior->max_components > 0 ? ":" : "");
    return text;
}

const char *prior_text(const struct prior *prior, size_t components, char text[PRIOR_TEXT]) {
    if (prior->max_components > 0)
        snprintf(text, PRIOR_TEXT, "%s:%zu", prior->name, components);
    else
        snprintf(text, PRIOR_TEXT, "%s", prior->name);
    return text;
}

size_t prior_pseudo_inputs(const struct prior *prior, size_t components) {
    return prior->pseudo_inputs ? components : 0;
}

int prior_create(struct prior_state *s, const struct prior *prior, size_t components, size_t latent) {
    *s = (struct prior_state){.prior = prior, .components = components, .latent = latent};
    return prior->create == NULL ? 0 : prior->create(s);
}

void prior_free(struct prior_state *s) {
    if (s->prior != NULL && s->prior->free != NULL)
        s->prior->free(s);
}

void prior_refresh(struct prior_state *s, size_t first, size_t count) {
    if (s->prior->refresh != NULL)
        s->prior->refresh(s, first, count);
}

size_t prior_scratch(const struct prior_state *s) {
    return s->prior->scratch == NULL ? 0 : s->prior->scratch(s);
}

bool prior_needs_density(const struct prior *prior) {
    return prior->kl == NULL || prior->log_ratio == NULL;
}

double prior_log_ratio(const struct prior_state *s, const float *heads, const float *epsilon, const float *z,
                       double log_density) {
    return s->prior->log_ratio == NULL ? log_density + latent_minus_log_posterior(heads, epsilon, s->latent)
                                       : s->prior->log_ratio(s, heads, epsilon, z);
}

double prior_kl_of_draws(const struct prior_state *s, const float *heads, double mean_log_density) {
    return -latent_entropy(heads, s->latent) - mean_log_density;
}

void prior_kl_draw_backward(const struct prior_state *s, const float *z, float *scratch, float weight, float *dz) {
    if (s->prior->kl != NULL)
        return;
    const float *slope = s->prior->slope(s, z, scratch);
    for (size_t i = 0; i < s->latent; i++)
        dz[i] += weight * slope[i];
}

void prior_kl_backward(const struct prior_state *s, const float *heads, const float *sigma, float beta,
                       float free_bits, float *dheads) {
    if (s->prior->kl == NULL)
        latent_entropy_backward(beta, dheads, s->latent);
    else
        s->prior->kl_backward(s, heads, sigma, beta, free_bits, dheads);
}
