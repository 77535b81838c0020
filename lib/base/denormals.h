/* SPDX-License-Identifier: MIT */
#ifndef BASE_DENORMALS_H
#define BASE_DENORMALS_H

/* From now on this thread, and every thread that it starts, treats denormal numbers (nearer to 0 than 1.2e-38 in
 * single precision) as 0. They are too small to matter in a sum, and some processors take tens of times as long for
 * them. Has no effect on processors other than x86-64 and AArch64. */
void denormals_flush(void);

#endif
