/* SPDX-License-Identifier: MIT */
#include "base/level.h"

#include "base/error.h"
#include "base/number.h"

#include <stdlib.h>

static const char *const level_names[LEVELS] = {"baseline", "avx2", "avx512"};
static const char *const backend_names[BACKENDS] = {"packed", "openblas"};

static enum level chosen_level = LEVELS;       /* LEVELS: the processor's best one */
static enum backend chosen_backend = BACKENDS; /* BACKENDS: the level's own */

/* The processor's best level. The Makefile turns on for each level the instructions that are asked for here. */
static enum level best(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
            return LEVEL_AVX512;
        return LEVEL_AVX2;
    }
#endif
    return LEVEL_BASELINE;
}

enum level level_in_use(void) {
    return chosen_level == LEVELS ? best() : chosen_level;
}

enum backend level_backend(void) {
    if (chosen_backend != BACKENDS)
        return chosen_backend;
#if defined(LEVEL_FUSES) || defined(WITHOUT_OPENBLAS)
    return BACKEND_PACKED;
#else
    return level_in_use() == LEVEL_BASELINE ? BACKEND_OPENBLAS : BACKEND_PACKED;
#endif
}

/* Sets *chosen to the index of the variable's value among the names, if the variable is set. 0 or -1. */
static int choose(const char *variable, const char *const *names, int count, int *chosen) {
    const char *text = getenv(variable);
    if (text == NULL)
        return 0;
    *chosen = parse_name(variable, text, names, (size_t)count, sizeof *names);
    return *chosen < 0 ? -1 : 0;
}

int level_settle(void) {
    int level = (int)best(), backend = BACKENDS;
    if (choose("VAE_LEVEL", level_names, LEVELS, &level) < 0 ||
        choose("VAE_PRODUCTS", backend_names, BACKENDS, &backend) < 0)
        return -1;
    if (level > (int)best())
        return fail("VAE_LEVEL: found '%s', wanted at most %s on this processor", level_names[level],
                    level_names[best()]);
    chosen_level = (enum level)level;
    chosen_backend = (enum backend)backend;
    return 0;
}

void level_use(enum backend backend) {
    chosen_backend = backend;
}

const char *level_name(enum level level) {
    return level_names[level];
}
