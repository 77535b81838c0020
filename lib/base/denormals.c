/* SPDX-License-Identifier: MIT */
#include "base/denormals.h"

#if defined(__x86_64__)

#define RESULTS_TO_ZERO 0x8000u   /* of MXCSR: FTZ */
#define OPERANDS_ARE_ZERO 0x0040u /* DAZ */

void denormals_flush(void) {
    __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | RESULTS_TO_ZERO | OPERANDS_ARE_ZERO);
}

#elif defined(__aarch64__)

#define FLUSH_TO_ZERO (1ull << 24) /* of FPCR: FZ, operands and results */

void denormals_flush(void) {
    unsigned long long control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    __asm__ volatile("msr fpcr, %0" : : "r"(control | FLUSH_TO_ZERO));
}

#else

void denormals_flush(void) {
}

#endif
