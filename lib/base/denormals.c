/* SPDX-License-Identifier: MIT */
#include "base/denormals.h"

#if defined(__x86_64__)

#define RESULTS_TO_ZERO 0x8000u   /* of MXCSR: FTZ */
#define OPERANDS_ARE_ZERO 0x0040u /* DAZ */
#define AT_START 0x1f80u          /* of a process: round to nearest, all exceptions masked, no flags */

void denormals_flush(void) {
    __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | RESULTS_TO_ZERO | OPERANDS_ARE_ZERO);
}

uint64_t denormals_enter(void) {
    const unsigned before = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(AT_START | RESULTS_TO_ZERO | OPERANDS_ARE_ZERO);
    return before;
}

void denormals_leave(uint64_t before) {
    __builtin_ia32_ldmxcsr((unsigned)before);
}

#elif defined(__aarch64__)

#define FLUSH_TO_ZERO \
    (1ull << 24) /* of FPCR: FZ, operands and results; all other bits are 0 at a process's start */

void denormals_flush(void) {
    unsigned long long control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    __asm__ volatile("msr fpcr, %0" : : "r"(control | FLUSH_TO_ZERO));
}

/* Both registers have 32 bits: FPSR, with the flags, is returned in the upper half. */
uint64_t denormals_enter(void) {
    unsigned long long control, flags;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    __asm__ volatile("mrs %0, fpsr" : "=r"(flags));
    __asm__ volatile("msr fpcr, %0" : : "r"(FLUSH_TO_ZERO));
    return flags << 32 | control;
}

void denormals_leave(uint64_t before) {
    __asm__ volatile("msr fpcr, %0" : : "r"((unsigned long long)before & 0xffffffffull));
    __asm__ volatile("msr fpsr, %0" : : "r"((unsigned long long)before >> 32));
}

#else

void denormals_flush(void) {
}

uint64_t denormals_enter(void) {
    return 0;
}

void denormals_leave(uint64_t before) {
    (void)before;
}

#endif
