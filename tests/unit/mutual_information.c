/* SPDX-License-Identifier: MIT */
/* The mutual information of latent and item where it can be worked out otherwise. */
#include "base/error.h"
#include "base/noise.h"
#include "query/mutual_information.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>

#define ITEMS 3000

/* Of `items` posteriors [2 latent] each. */
static double information(const float *heads, size_t items, size_t latent, size_t threads) {
    struct mutual_information m;
    struct workers *workers = workers_start(threads);
    double value = NAN;
    mutual_information_start(&m, latent, 5);
    for (size_t n = 0; n < items; n++)
        if (mutual_information_add(&m, heads + n * 2 * latent) < 0)
            printf("# %s\n", error_message());
    if (mutual_information_value(&m, workers, &value) < 0)
        printf("# %s\n", error_message());
    mutual_information_end(&m);
    workers_stop(workers);
    return value;
}

static void one_posterior_for_all_tells_nothing(void) {
    float heads[ITEMS][4];
    for (size_t n = 0; n < ITEMS; n++)
        for (size_t i = 0; i < 4; i++)
            heads[n][i] = (float)i - 1.5f;
    EXPECT(fabs(information(&heads[0][0], ITEMS, 2, 2)) < 1e-9, "%g", information(&heads[0][0], ITEMS, 2, 2));
    EXPECT(fabs(information(&heads[0][0], 1, 2, 2)) < 1e-12, "of one item %g", information(&heads[0][0], 1, 2, 2));
}

static void posteriors_apart_tell_the_item(void) {
    float heads[1500][2]; /* more than a chunk, more than the first room, whole multiples of neither */
    for (size_t n = 0; n < 1500; n++) {
        heads[n][0] = 100.0f * (float)n;
        heads[n][1] = (float)(n % 7) - 3;
    }
    EXPECT(fabs(information(&heads[0][0], 1500, 1, 2) - log(1500)) < 1e-9, "%g, wanted log 1500",
           information(&heads[0][0], 1500, 1, 2));
}

/* Means of variance 1 - a2 and posteriors of variance a2 fill N(0, 1), as the exact posteriors of a linear model
 * do: I = -1/2 sum of log a2. The estimate varies by 0.014 over the draws, and is too low by about 2/ITEMS. */
static void posteriors_that_fill_the_prior(void) {
    static float heads[ITEMS][4];
    static const double a2[2] = {0.2, 0.4};
    double wanted = 0;
    for (size_t i = 0; i < 2; i++)
        wanted -= 0.5 * log(a2[i]);
    for (size_t n = 0; n < ITEMS; n++) {
        noise_normal(heads[n], 2, (struct noise){.seed = 31, .item = n});
        for (size_t i = 0; i < 2; i++) {
            heads[n][i] *= (float)sqrt(1 - a2[i]);
            heads[n][2 + i] = (float)log(a2[i]);
        }
    }
    const double one = information(&heads[0][0], ITEMS, 2, 1);
    EXPECT(fabs(one - wanted) < 0.06, "%g, wanted %g", one, wanted);
    EXPECT(information(&heads[0][0], ITEMS, 2, 3) == one, "three threads give another figure");
}

/* 64 numbers make each doubling of the room larger than the pages that a smaller one takes. */
static void every_posterior_is_kept(void) {
    enum { LATENT = 64, MANY = 9000 };
    struct mutual_information m;
    float heads[2 * LATENT];
    size_t wrong = 0;
    mutual_information_start(&m, LATENT, 5);
    for (size_t n = 0; n < MANY; n++) {
        for (size_t i = 0; i < 2 * LATENT; i++)
            heads[i] = (float)(n * 2 * LATENT + i);
        EXPECT(mutual_information_add(&m, heads) == 0, "%s", error_message());
        if (m.items > m.capacity)
            break;
    }
    EXPECT(m.items == MANY && m.items <= m.capacity, "%zu items in room for %zu", m.items, m.capacity);
    for (size_t i = 0; i < m.items * 2 * LATENT && i < m.capacity * 2 * LATENT; i++)
        wrong += m.heads[i] != (float)i;
    EXPECT(wrong == 0, "%zu numbers are not as they were added", wrong);
    mutual_information_end(&m);
}

static double density(double z, double deviation) {
    return exp(-0.5 * z * z / (deviation * deviation)) / deviation / sqrt(2 * acos(-1));
}

/* Half of the items with one deviation, half with another, all means 0: by quadrature. */
static void posteriors_that_differ_in_width(void) {
    static float heads[ITEMS][2];
    static const double deviation[2] = {1, 0.1};
    double wanted = 0;
    for (size_t n = 0; n < ITEMS; n++)
        heads[n][1] = (float)(2 * log(deviation[n % 2]));
    for (double z = -8; z < 8; z += 1e-3)
        for (int i = 0; i < 2; i++) {
            const double own = density(z, deviation[i]),
                         both = 0.5 * (density(z, deviation[0]) + density(z, deviation[1]));
            wanted += own > 0 ? 0.5e-3 * own * log(own / both) : 0;
        }
    const double found = information(&heads[0][0], ITEMS, 1, 2);
    EXPECT(fabs(found - wanted) < 0.03, "%g, wanted %g", found, wanted);
}

int main(void) {
    static const struct test tests[] = {
        {"one posterior for all items tells nothing of them", one_posterior_for_all_tells_nothing},
        {"posteriors far apart tell the item: log N", posteriors_apart_tell_the_item},
        {"posteriors that fill the prior tell -1/2 log of their variances", posteriors_that_fill_the_prior},
        {"every posterior is kept, however many come", every_posterior_is_kept},
        {"posteriors that differ in width alone", posteriors_that_differ_in_width},
    };
    return RUN(tests);
}
