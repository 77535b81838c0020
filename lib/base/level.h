#ifndef BASE_LEVEL_H
#define BASE_LEVEL_H

/* Vector instruction levels. A kernel file (*_kernel.c) is compiled once for each, with LEVEL defined as the
 * suffix of what it exports; the program picks at start-up the best one that the processor has. */

enum level { LEVEL_BASELINE, LEVEL_AVX2, LEVEL_AVX512, LEVELS };

/* The best level of this processor. */
enum level level_best(void);

/* "baseline", "avx2", "avx512". */
const char *level_name(enum level level);

#define LEVEL_JOIN2(name, level) name##_##level
#define LEVEL_JOIN(name, level) LEVEL_JOIN2(name, level)
#define AT_LEVEL(name) LEVEL_JOIN(name, LEVEL)

/* The address of each level's table of kernels, in the order of enum level; elsewhere than on x86 the
 * compiler's own target is the only level. */
#if defined(__x86_64__)
#define EACH_LEVEL(name) \
    { &name##_baseline, &name##_avx2, &name##_avx512 }
#else
#define EACH_LEVEL(name) \
    { &name##_baseline, &name##_baseline, &name##_baseline }
#endif

#endif
