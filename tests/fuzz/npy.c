/* SPDX-License-Identifier: MIT */
/* NumPy arrays, and the text of their headers. What is taken is written again, and read as the same. */
#include "format/axes.h"
#include "format/npy.h"
#include "format/npy_header.h"
#include "fuzz.h"

#include <string.h>

#define BYTES 32768

/* A frame that is written as a header is read as the same frame. */
static void check_header(const struct raw_frame *frame) {
    struct npy_header header;
    struct raw_frame again;
    char text[NPY_START];
    bool swapped;
    npy_format(frame, text);
    fuzz_expect(memcmp(text, "\x93NUMPY\1\0\x76\0", 10) == 0 && text[NPY_START - 1] == '\n');
    fuzz_expect(npy_header_parse(&header, text + 10, NPY_START - 10, NPY_START - 10, "again") == 0);
    fuzz_expect(npy_header_to_frame(&header, &again, &swapped, "again") == 0 && !swapped);
    fuzz_expect(again.dtype == frame->dtype && again.items == frame->items &&
                shape_elements(&again.shape) == shape_elements(&frame->shape));
}

static void read_array(struct npy_reader *npy, size_t size) {
    static unsigned char numbers[BYTES];
    uint64_t read = 0;
    while (npy->left > 0) {
        const size_t bytes = npy->left < BYTES ? (size_t)npy->left : BYTES;
        if (npy_read(npy, numbers, bytes) < 0)
            return;
        read += bytes;
    }
    fuzz_expect(read < size && read == npy->frame.items * raw_item_bytes(&npy->frame));
    (void)!npy_end(npy);
}

/* Reversed axes, twice, leave an item as it is. */
static void reverse_axes(const uint8_t *data, size_t size, struct shape shape) {
    struct axes axes = {.count = shape.rank};
    struct axes_buffer there, back;
    const struct shape before = shape;
    const size_t bytes = shape_elements(&shape);
    if (bytes > size)
        return;
    for (size_t i = 0; i < shape.rank; i++)
        axes.of[i] = shape.rank - 1 - i;
    fuzz_expect(axes_buffer_create(&there, &axes, &shape, 1, "fuzz") == 0 &&
                axes_buffer_create(&back, &axes, &shape, 1, "fuzz") == 0 && shape_equal(&shape, &before));
    memcpy(there.numbers, data, bytes);
    memcpy(back.numbers, axes_reorder(&there, bytes), bytes);
    fuzz_expect(memcmp(axes_reorder(&back, bytes), data, bytes) == 0);
    axes_buffer_free(&there);
    axes_buffer_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct npy_reader npy;
    if (npy_open(&npy, fuzz_file(data, size)) < 0)
        return 0;
    check_header(&npy.frame);
    reverse_axes(data, size, npy.frame.shape);
    read_array(&npy, size);
    npy_close(&npy);
    return 0;
}
