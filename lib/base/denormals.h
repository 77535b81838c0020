/* SPDX-License-Identifier: MIT */
#ifndef BASE_DENORMALS_H
#define BASE_DENORMALS_H

#include <stdint.h>

/* From now on this thread, and every thread that it starts, treats denormal numbers (nearer to 0 than 1.2e-38 in
 * single precision) as 0. They are too small to matter in a sum, and some processors take tens of times as long for
 * them. Has no effect on processors other than x86-64 and AArch64. */
void denormals_flush(void);

/* For a caller whose thread is another program's. denormals_enter sets the thread's floating-point registers to
 * those that a tool computes with: numbers are rounded to the nearest one, nothing traps, and denormal numbers are
 * 0. It returns the registers as they were, and denormals_leave restores them, including the flags of exceptions.
 */
uint64_t denormals_enter(void);
void denormals_leave(uint64_t before);

#endif
