/* SPDX-License-Identifier: MIT */
#ifndef BASE_LEVEL_H
#define BASE_LEVEL_H

/* Levels of vector instructions. A kernel file (*_kernel.c) is compiled once per level, with LEVEL defined as the
 * suffix of the names that it exports; the program picks one level at start-up. */

enum level { LEVEL_BASELINE, LEVEL_AVX2, LEVEL_AVX512, LEVELS };

/* Implementations of matrix products (kernel/product.h). */
enum backend { BACKEND_PACKED, BACKEND_OPENBLAS, BACKENDS };

/* Defined if the compiler's target has fused multiply-adds; clang has no macro of its own for those of x86. */
#if defined(__FMA__) || defined(__aarch64__) || defined(__FP_FAST_FMAF)
#define LEVEL_FUSES
#endif

/* Reads two environment variables. VAE_LEVEL names a level to use instead of the processor's best one. VAE_PRODUCTS
 * names a backend, "packed" or "openblas", to use instead of the level's default. 0, or -1 if a variable has
 * another value, or names a level that the processor does not have. If a variable is not set, or before this is
 * called, the functions below return the processor's best level, and the default backend of the level. */
int level_settle(void) __attribute__((warn_unused_result));

/* Uses this backend from now on, without reading the environment. To be called before threads compute. */
void level_use(enum backend backend);

/* The level in use. */
enum level level_in_use(void);

/* The backend in use. A level's default is packed if the level has fused multiply-adds, or if the program is built
 * without OpenBLAS; else openblas. */
enum backend level_backend(void);

/* "baseline", "avx2" or "avx512". */
const char *level_name(enum level level);

#define LEVEL_JOIN2(name, level) name##_##level
#define LEVEL_JOIN(name, level) LEVEL_JOIN2(name, level)
#define AT_LEVEL(name) LEVEL_JOIN(name, LEVEL)

/* The address of each level's table of kernels, in the order of enum level. On processors other than x86-64 there
 * is one level, the compiler's target. */
#if defined(__x86_64__)
#define EACH_LEVEL(name) \
    { &name##_baseline, &name##_avx2, &name##_avx512 }
#else
#define EACH_LEVEL(name) \
    { &name##_baseline, &name##_baseline, &name##_baseline }
#endif

#endif
