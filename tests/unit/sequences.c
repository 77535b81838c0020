/* SPDX-License-Identifier: MIT */
/* A model of sequences: its probabilities add up to 1, what follows an end has no part in them, and decoding
 * chooses what its own probabilities say. */
#include "base/error.h"
#include "dist/latent.h"
#include "query/generate.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { POSITIONS = 4, TOKENS = 3, CHOICES = TOKENS + 1, LATENT = 2, DRAWS = 20000 };

#define RECURRENT "3,gru:7" /* the layers of a decoder that reads the tokens before */
#define PLAIN "3"           /* of one that does not */

/* Builds a model whose weights are large enough that its tokens have different probabilities. 0 or -1. */
static int make(struct model *m, const char *decoder) {
    struct model_config c = {.logvar_bound = (double)LOGVAR_BOUND,
                             .item = {1, {POSITIONS}},
                             .prior = &prior_normal,
                             .latent = LATENT,
                             .activation = activation_find("test", "relu"),
                             .likelihood = &likelihood_categorical,
                             .levels = CHOICES,
                             .tokens = "a\nb\nc\n"};
    if (hidden_parse(&c.encoder, "test", "gru:5") < 0 || hidden_parse(&c.decoder, "test", decoder) < 0 ||
        model_create(m, &c) < 0)
        return -1;
    noise_normal(m->net.parameters.value, m->net.parameters.size, (struct noise){.seed = 3});
    net_pack(&m->net);
    return 0;
}

/* Returns log p(x|z) of the sequence with these tokens, of which x [POSITIONS] takes what a stream has. */
static double log_probability(struct batch *batch, const unsigned char *tokens, const float *z) {
    const struct model *m = batch->model;
    struct pass *p = &batch->pass;
    model_load_item(m, DTYPE_U8, tokens, (struct noise){0}, model_x(m, p, 0));
    model_set_previous(m, p, 0);
    memcpy(draw_of(p, m->z, 0), z, LATENT * sizeof *z);
    pass_forward(p, m->z + 1, m->likelihood + 1, 0, 1);
    return -likelihood_of_draw(p, m->likelihood, 0);
}

/* All sequences of up to POSITIONS tokens, for two latents. */
static void probabilities_add_up_to_1(void) {
    const float latents[][LATENT] = {{0, 0}, {1.5f, -0.7f}};
    struct model m;
    struct batch batch;
    struct workers *workers = workers_start(1);
    EXPECT(make(&m, RECURRENT) == 0 && batch_start(&batch, &m, workers) == 0, "%s", error_message());
    for (size_t k = 0; k < 2; k++) {
        double sum = 0;
        size_t sequences = 0;
        for (size_t code = 0; code < CHOICES * CHOICES * CHOICES * CHOICES; code++) {
            unsigned char tokens[POSITIONS];
            bool ended = false, whole = true;
            for (size_t i = 0, rest = code; i < POSITIONS; i++, rest /= CHOICES) {
                tokens[i] = (unsigned char)(rest % CHOICES);
                whole = whole && !(ended && tokens[i] != 0);
                ended = ended || tokens[i] == 0;
            }
            sequences += whole;
            sum += whole ? exp(log_probability(&batch, tokens, latents[k])) : 0;
        }
        EXPECT(sequences == 1 + 3 + 9 + 27 + 81, "%zu sequences", sequences);
        EXPECT(fabs(sum - 1) < 1e-5, "the probabilities of all sequences add up to %.9g", sum);
    }
    batch_end(&batch);
    workers_stop(workers);
    model_free(&m);
}

static void what_follows_the_end_has_no_part(void) {
    const unsigned char short_one[] = {2, 0, 0, 0}, longer[] = {2, 0, 3, 1}, other[] = {2, 1, 0, 0};
    const float z[LATENT] = {0.3f, 1};
    struct model m;
    struct batch batch;
    struct workers *workers = workers_start(1);
    EXPECT(make(&m, RECURRENT) == 0 && batch_start(&batch, &m, workers) == 0, "%s", error_message());
    const double wanted = log_probability(&batch, short_one, z);
    float heads[2 * LATENT];
    pass_forward(&batch.pass, 0, m.posterior + 1, 0, 1);
    memcpy(heads, posterior_heads(&batch.pass, m.posterior, 0), sizeof heads);
    EXPECT(log_probability(&batch, longer, z) == wanted, "log p is %.9g, wanted %.9g",
           log_probability(&batch, longer, z), wanted);
    pass_forward(&batch.pass, 0, m.posterior + 1, 0, 1);
    EXPECT(memcmp(heads, posterior_heads(&batch.pass, m.posterior, 0), sizeof heads) == 0,
           "the posterior depends on what follows the end");
    EXPECT(log_probability(&batch, other, z) != wanted, "log p of another sequence is the same");
    batch_end(&batch);
    workers_stop(workers);
    model_free(&m);
}

/* Decodes `count` latents, of which item i has the value `latent`, or i's own. */
struct decoding {
    struct generation generation;
    float *x;
};

static void decode_range(struct batch *batch, const struct range *range) {
    const struct decoding *d = batch->context;
    batch_load_latents(batch, range);
    generate(batch, range, &d->generation);
    for (size_t row = range->first; row < range->first + range->rows; row++)
        memcpy(d->x + (batch->item + batch_index(batch, row)) * POSITIONS, model_x(batch->model, &batch->pass, row),
               POSITIONS * sizeof *d->x);
}

/* latents [count, LATENT] -> x [count, POSITIONS]. */
static void decode(const struct model *m, const float *latents, size_t count, struct generation generation,
                   float *x) {
    struct batch batch;
    struct decoding decoding = {generation, x};
    struct workers *workers = workers_start(2);
    EXPECT(batch_start(&batch, m, workers) == 0, "%s", error_message());
    batch.dtype = DTYPE_F32;
    batch.item_bytes = LATENT * sizeof *latents;
    batch.work = decode_range;
    batch.context = &decoding;
    for (size_t item = 0; item < count;) {
        const size_t room = batch_room(batch.rows, item), some = room < count - item ? room : count - item;
        batch_run(&batch, latents + item * LATENT, NULL, some, item);
        item += some;
    }
    batch_end(&batch);
    workers_stop(workers);
}

/* Sets p [CHOICES] to the probabilities of the token that follows these. */
static void probabilities_after(struct batch *batch, const unsigned char *before, size_t length, const float *z,
                                double p[CHOICES]) {
    double sum = 0;
    for (size_t level = 0; level < CHOICES; level++) {
        unsigned char tokens[POSITIONS] = {0};
        memcpy(tokens, before, length);
        tokens[length] = (unsigned char)level;
        (void)log_probability(batch, tokens, z);
        double each[POSITIONS];
        likelihood_of_elements(&batch->pass, batch->model->likelihood, 0, each);
        p[level] = exp(-each[length]);
        sum += p[level];
    }
    EXPECT(fabs(sum - 1) < 1e-5, "probabilities add up to %g", sum);
}

/* Each token is the most probable one after those before it. */
static void greedy_decoding_takes_the_most_probable_token(void) {
    enum { ITEMS = 700 };
    static float z[ITEMS * LATENT], x[ITEMS * POSITIONS];
    struct model m;
    struct batch batch;
    struct workers *workers = workers_start(1);
    size_t ended = 0;
    EXPECT(make(&m, RECURRENT) == 0 && batch_start(&batch, &m, workers) == 0, "%s", error_message());
    noise_normal(z, ITEMS * LATENT, (struct noise){.seed = 5});
    decode(&m, z, ITEMS, (struct generation){.temperature = 1}, x);
    for (size_t item = 0; item < ITEMS; item++) {
        unsigned char tokens[POSITIONS];
        bool goes_on = true;
        for (size_t i = 0; i < POSITIONS; i++) {
            double p[CHOICES];
            const float *chosen = &x[item * POSITIONS + i];
            tokens[i] = (unsigned char)*chosen;
            EXPECT(goes_on || *chosen == 0, "item %zu has token %g after its end", item, (double)*chosen);
            if (goes_on && item % 10 == 0) {
                probabilities_after(&batch, tokens, i, z + item * LATENT, p);
                for (size_t level = 0; level < CHOICES; level++)
                    EXPECT(p[level] <= p[tokens[i]] * (1 + 1e-5), "item %zu: token %zu is more probable", item,
                           level);
            }
            goes_on = goes_on && tokens[i] != 0;
        }
        ended += !goes_on;
    }
    EXPECT(ended > 20 && ended < ITEMS - 20, "%zu of %d sequences have an end", ended, ITEMS);
    batch_end(&batch);
    workers_stop(workers);
    model_free(&m);
}

/* Frequencies of first tokens, and of second ones after the most frequent first one, are within 5 standard errors
 * of their probabilities, at two temperatures. */
static void draws_have_probabilities(const char *decoder) {
    static float z[DRAWS * LATENT], x[DRAWS * POSITIONS];
    static const double temperatures[] = {1, 0.5};
    struct model m;
    struct batch batch;
    struct workers *workers = workers_start(1);
    EXPECT(make(&m, decoder) == 0 && batch_start(&batch, &m, workers) == 0, "%s", error_message());
    for (size_t i = 0; i < DRAWS; i++)
        z[i * LATENT] = 0.4f, z[i * LATENT + 1] = -0.2f;
    for (size_t t = 0; t < 2; t++) {
        decode(&m, z, DRAWS, (struct generation){.sample = true, .temperature = temperatures[t], .seed = 3}, x);
        unsigned char first = 0;
        for (size_t i = 0; i < 2; i++) {
            double p[CHOICES], sum = 0, count[CHOICES] = {0}, all = 0;
            size_t most = 1;
            probabilities_after(&batch, &first, i, z, p);
            for (size_t level = 0; level < CHOICES; level++)
                sum += p[level] = pow(p[level], 1 / temperatures[t]);
            for (size_t item = 0; item < DRAWS; item++)
                if (i == 0 || x[item * POSITIONS] == (float)first) {
                    count[(size_t)x[item * POSITIONS + i]]++;
                    all++;
                }
            EXPECT(all > 1000, "%g sequences", all);
            for (size_t level = 0; level < CHOICES; level++) {
                const double wanted = p[level] / sum, error = sqrt(wanted * (1 - wanted) / all) + 1e-9;
                EXPECT(fabs(count[level] / all - wanted) < 5 * error,
                       "temperature %g: position %zu: token %zu has frequency %g, wanted %g +- %g", temperatures[t],
                       i, level, count[level] / all, wanted, error);
                most = level > 0 && count[level] > count[most] ? level : most;
            }
            first = (unsigned char)most;
        }
    }
    batch_end(&batch);
    workers_stop(workers);
    model_free(&m);
}

static void draws_have_the_models_probabilities(void) {
    draws_have_probabilities(RECURRENT);
    draws_have_probabilities(PLAIN);
}

int main(void) {
    static const struct test tests[] = {
        {"the probabilities of all sequences add up to 1", probabilities_add_up_to_1},
        {"what follows the end of a sequence has no part", what_follows_the_end_has_no_part},
        {"greedy decoding takes the most probable token", greedy_decoding_takes_the_most_probable_token},
        {"draws have the model's probabilities", draws_have_the_models_probabilities},
    };
    return RUN(tests);
}
