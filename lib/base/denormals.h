/* SPDX-License-Identifier: MIT */
#ifndef BASE_DENORMALS_H
#define BASE_DENORMALS_H

/* From here on this thread, and every thread that it starts, takes numbers nearer to 0 than the smallest normal one
 * (1.2e-38 in single precision) for 0. They add nothing to a sum that matters, and some processors take
 * tens of times as long for them. Without effect on processors other than x86-64 and AArch64. */
void denormals_flush(void);

#endif
