#ifndef BASE_LEVEL_H
#define BASE_LEVEL_H

/* Vector instruction levels. A kernel file (*_kernel.c) is compiled once for each, with LEVEL defined as the
 * suffix of what it exports; the program picks one at start-up. */

enum level { LEVEL_BASELINE, LEVEL_AVX2, LEVEL_AVX512, LEVELS };

/* What makes matrix products (kernel/products.h). */
enum backend { BACKEND_PACKED, BACKEND_OPENBLAS, BACKENDS };

/* Defined where the compiler's target has fused multiply-adds; clang has no macro of its own for those of x86. */
#if defined(__FMA__) || defined(__aarch64__) || defined(__FP_FAST_FMAF)
#define LEVEL_FUSES
#endif

/* Reads the environment: VAE_LEVEL, a level to use instead of the processor's best one, and VAE_PRODUCTS, a backend to
 * use instead of the level's own. 0, or -1 if the processor lacks the level or there is no such word. Before the first
 * call, and if they are not set, the functions below return what the processor has. */
int level_settle(void) __attribute__((warn_unused_result));

/* The level in use. */
enum level level_best(void);

/* The backend in use: packed if the level has fused multiply-adds. */
enum backend level_backend(void);

/* "baseline", "avx2", "avx512"; "packed", "openblas". */
const char *level_name(enum level level);
const char *backend_name(enum backend backend);

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
