/* SPDX-License-Identifier: MIT */
#ifndef STREAM_FRAME_NUMBERS_H
#define STREAM_FRAME_NUMBERS_H

#include "stream/raw.h"

#define FRAME_NUMBERS_MOST ((size_t)4096)

/* Reads the rest of the current frame number by number, for tools that do not hold a whole item in memory. Calls
 * `take` for up to FRAME_NUMBERS_MOST numbers at a time, in the frame's dtype and in the order of the stream, and
 * shows progress. `take` returns 0 or -1. 0 at the frame's end, or -1 on error. */
int frame_numbers(struct raw_reader *reader, void *context,
                  int (*take)(void *context, const unsigned char *number, size_t count))
    __attribute__((warn_unused_result));

#endif
