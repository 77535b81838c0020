/* SPDX-License-Identifier: MIT */
#ifndef BASE_PLATFORM_H
#define BASE_PLATFORM_H

/* Refuses machines, systems and compilers that the suite is not tested on; README.md lists those that it is. Atomic
 * files, threads and memory use Linux's own calls, and kernels the compiler's vector types. */
#if !defined(__GNUC__)
#error "found a compiler that is neither gcc nor clang, wanted one of these"
#elif !defined(__linux__)
#error "found a system other than Linux, wanted Linux"
#elif __SIZEOF_POINTER__ != 8 /* a data set may be larger than 32 bits address */
#error "found addresses of fewer than 64 bits, wanted a 64-bit machine"
#elif __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ /* the stream's numbers are little-endian, and the model's */
#error "found a big-endian machine, wanted a little-endian one"
#elif !defined(__x86_64__) && !defined(__aarch64__)
#error "found a processor that is neither x86-64 nor aarch64, wanted one of these"
#endif

#include <limits.h> /* any header of the C library names it */

#if defined(__BIONIC__) || defined(__UCLIBC__)
#error "found the C library of Android or uClibc, wanted glibc or musl"
#endif

#endif
