/* SPDX-License-Identifier: MIT */
#include "stream/frame_numbers.h"

#include "base/progress.h"

int frame_numbers(struct raw_reader *reader, void *context,
                  int (*take)(void *context, const unsigned char *number, size_t count)) {
    unsigned char chunk[FRAME_NUMBERS_MOST * sizeof(double)];
    const size_t size = dtype_size(reader->frame.dtype);
    for (;;) {
        const ssize_t n = raw_read_bytes(reader, chunk, FRAME_NUMBERS_MOST * size);
        if (n <= 0)
            return (int)n;
        if (take(context, chunk, (size_t)n / size) < 0)
            return -1;
        progress_items(reader->items, reader->total);
    }
}
