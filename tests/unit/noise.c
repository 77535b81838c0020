/* SPDX-License-Identifier: MIT */
/* Random numbers: Philox against its authors' vectors, the distributions within error bars, and the promises of
 * base/noise.h: a value depends on where it is used, and not on the vector instructions. */
#include "base/level.h"
#include "base/noise.h"
#include "base/noise_kernel.h"
#include "base/philox.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct noise_kernel *const levels[LEVELS] = EACH_LEVEL(noise_kernel);

/* Known answers published with Random123 (kat_vectors, philox4x32 10). */
static void philox_matches_published_vectors(void) {
    static const uint32_t cases[3][10] = {
        {0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
        {~0u, ~0u, ~0u, ~0u, ~0u, ~0u, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
        {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09, 0x94fdcceb, 0x5001e420,
         0x24126ea1},
    };
    for (int i = 0; i < 3; i++) {
        const uint32_t *c = cases[i];
        uint32_t out[4];
        philox4x32(c[0], c[1], c[2], c[3], c[4], c[5], out);
        for (int j = 0; j < 4; j++)
            EXPECT(out[j] == c[6 + j], "case %d word %d is %08x, wanted %08x", i, j, out[j], c[6 + j]);
    }
}

#define N 400000

/* The mean and the next three moments, each within 5 standard errors of N(0,1)'s, and the tails. */
static void normals_have_normal_moments(void) {
    float *z = malloc(N * sizeof *z);
    double sum[4] = {0};
    int beyond_two = 0, beyond_four = 0;
    noise_normal(z, N, (struct noise){.seed = 7, .purpose = PURPOSE_PRIOR});
    for (int i = 0; i < N; i++) {
        const double v = (double)z[i];
        for (int k = 0; k < 4; k++)
            sum[k] += pow(v, k + 1);
        beyond_two += fabs(v) > 2;
        beyond_four += fabs(v) > 4;
    }
    const double wanted[4] = {0, 1, 0, 3}, variance[4] = {1, 2, 15, 96};
    for (int k = 0; k < 4; k++)
        EXPECT(fabs(sum[k] / N - wanted[k]) < 5 * sqrt(variance[k] / N), "moment %d is %g", k + 1, sum[k] / N);
    const double p2 = erfc(2 / sqrt(2)), p4 = erfc(4 / sqrt(2));
    EXPECT(fabs(beyond_two - N * p2) < 5 * sqrt(N * p2), "%d beyond 2, wanted %g", beyond_two, N * p2);
    EXPECT(fabs(beyond_four - N * p4) < 5 * sqrt(N * p4), "%d beyond 4, wanted %g", beyond_four, N * p4);
    free(z);
}

/* Kolmogorov and Smirnov's distance; 1.95 / sqrt(n) is passed with probability 0.001. */
static int compare_floats(const void *a, const void *b) {
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void normals_have_the_normal_distribution(void) {
    float *z = malloc(N * sizeof *z);
    double distance = 0;
    noise_normal(z, N, (struct noise){.seed = 8, .purpose = PURPOSE_POSTERIOR, .item = 5});
    qsort(z, N, sizeof *z, compare_floats);
    for (int i = 0; i < N; i++)
        distance = fmax(distance, fabs(0.5 * erfc(-(double)z[i] / sqrt(2)) - (i + 0.5) / N));
    EXPECT(distance < 1.95 / sqrt(N), "distance %g, wanted below %g", distance, 1.95 / sqrt(N));
    free(z);
}

/* Neighbours, and the two normals of a pair, are uncorrelated. */
static void normals_are_uncorrelated(void) {
    float *z = malloc(N * sizeof *z);
    noise_normal(z, N, (struct noise){.seed = 9, .purpose = PURPOSE_PRIOR});
    for (int lag = 1; lag <= 4; lag++) {
        double sum = 0, squares = 0;
        for (int i = 0; i + lag < N; i++) {
            sum += (double)z[i] * (double)z[i + lag];
            squares += pow((double)z[i], 2) * pow((double)z[i + lag], 2) - 1;
        }
        EXPECT(fabs(sum) < 5 * sqrt(N), "lag %d: correlation %g", lag, sum / N);
        EXPECT(fabs(squares) < 5 * sqrt(8.0 * N), "lag %d: correlation of squares %g", lag, squares / N);
    }
    free(z);
}

static void uniforms_are_uniform(void) {
    float *u = malloc(N * sizeof *u);
    int bin[16] = {0};
    double chi2 = 0;
    noise_uniform(u, N, (struct noise){.seed = 10, .purpose = PURPOSE_BINARIZE});
    for (int i = 0; i < N; i++) {
        EXPECT(u[i] >= 0 && u[i] < 1, "value %d is %g", i, (double)u[i]);
        bin[(int)(u[i] * 16)]++;
    }
    for (int i = 0; i < 16; i++)
        chi2 += pow(bin[i] - N / 16.0, 2) / (N / 16.0);
    EXPECT(chi2 < 37.7, "chi squared of 15 is %g, above its 0.999 quantile", chi2);
    free(u);
}

static void below_is_uniform_and_below(void) {
    int bin[7] = {0};
    double chi2 = 0;
    for (uint64_t i = 0; i < 70000; i++) {
        const uint64_t v =
            noise_below(7, (struct noise){.seed = 11, .purpose = PURPOSE_SHUFFLE, .position = 4 * i});
        EXPECT(v < 7, "value %d", (int)v);
        bin[v % 7]++;
    }
    for (int i = 0; i < 7; i++)
        chi2 += pow(bin[i] - 10000, 2) / 10000;
    EXPECT(chi2 < 22.5, "chi squared of 6 is %g, above its 0.999 quantile", chi2);
    EXPECT(noise_below((uint64_t)1 << 32, (struct noise){.seed = 1}) < (uint64_t)1 << 32, "bound 2^32");
}

static void every_level_gives_the_same_bits(void) {
    float a[1001], b[1001];
    const struct noise noise = {
        .seed = 12, .purpose = PURPOSE_PRIOR, .item = ~(uint64_t)0, .draw = 3, .position = 40};
    for (enum level level = LEVEL_BASELINE; level <= level_in_use(); level++) {
        levels[0]->normal(a, 1001, noise);
        levels[level]->normal(b, 1001, noise);
        EXPECT(memcmp(a, b, sizeof a) == 0, "normals differ at %s", level_name(level));
        levels[0]->uniform(a, 1001, noise);
        levels[level]->uniform(b, 1001, noise);
        EXPECT(memcmp(a, b, sizeof a) == 0, "uniforms differ at %s", level_name(level));
    }
}

/* A model trained yesterday was trained on these: they must never change. */
static void values_are_those_of_every_release(void) {
    float z[4];
    noise_normal(z, 4, (struct noise){.seed = 1, .purpose = PURPOSE_PRIOR});
    uint32_t bits[4];
    memcpy(bits, z, sizeof bits);
    static const uint32_t wanted[4] = {0x3fa113ae, 0x3fa3d116, 0xbf281690, 0x3e326ad8};
    for (int i = 0; i < 4; i++)
        EXPECT(bits[i] == wanted[i], "value %d is %08x (%g), wanted %08x", i, bits[i], (double)z[i], wanted[i]);
}

static void a_part_is_the_same_as_in_the_whole(void) {
    float whole[512], part[100];
    struct noise noise = {.seed = 13, .purpose = PURPOSE_BINARIZE, .item = 9};
    noise_uniform(whole, 512, noise);
    noise.position = 204;
    noise_uniform(part, 100, noise);
    EXPECT(memcmp(whole + 204, part, sizeof part) == 0, "values from position 204 on differ");
}

static void every_coordinate_matters(void) {
    float base[8], other[8];
    const struct noise noise = {.seed = 14, .purpose = PURPOSE_PRIOR, .item = 3, .draw = 2};
    struct noise changed[] = {noise, noise, noise, noise, noise, noise};
    changed[0].seed++;
    changed[1].seed += (uint64_t)1 << 32;
    changed[2].purpose = PURPOSE_POSTERIOR;
    changed[3].item++;
    changed[4].item += (uint64_t)1 << 32;
    changed[5].draw++;
    noise_normal(base, 8, noise);
    for (size_t i = 0; i < sizeof changed / sizeof *changed; i++) {
        noise_normal(other, 8, changed[i]);
        for (int j = 0; j < 8; j++)
            EXPECT(base[j] != other[j], "change %zu leaves value %d", i, j);
    }
}

int main(void) {
    static const struct test tests[] = {
        {"Philox4x32-10 gives the published vectors", philox_matches_published_vectors},
        {"normals have the normal's moments and tails", normals_have_normal_moments},
        {"normals have the normal's distribution", normals_have_the_normal_distribution},
        {"normals are uncorrelated", normals_are_uncorrelated},
        {"uniforms are uniform on [0,1)", uniforms_are_uniform},
        {"whole numbers are uniform below their bound", below_is_uniform_and_below},
        {"every level of vector instructions gives the same bits", every_level_gives_the_same_bits},
        {"the values are those of every release", values_are_those_of_every_release},
        {"a part of a sequence is the same as in the whole", a_part_is_the_same_as_in_the_whole},
        {"seed, purpose, item and draw each change every value", every_coordinate_matters},
    };
    return RUN(tests);
}
