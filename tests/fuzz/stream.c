/* SPDX-License-Identifier: MIT */
/* The stream, vae-raw(5), read as a map tool reads it, and whole as training does. */
#include "fuzz.h"
#include "stream/dataset.h"

#include <string.h>

/* What is taken as a header is what would be written. */
static void check_header(const struct raw_frame *frame) {
    struct raw_frame again;
    char text[RAW_HEADER];
    fuzz_expect(raw_format(frame, text, "again") == 0 && raw_parse(&again, text, "again") == 0);
    fuzz_expect(again.dtype == frame->dtype && again.items == frame->items && again.last == frame->last &&
                shape_equal(&again.shape, &frame->shape));
}

static void read_frames(const char *path, size_t size) {
    static unsigned char items[65536];
    struct raw_reader reader;
    uint64_t bytes = 0;
    int more = 0;
    if (raw_open(&reader, path) == 0) {
        const size_t item = raw_item_bytes(&reader.frame);
        while ((more = raw_next(&reader)) == 1) {
            check_header(&reader.frame);
            ssize_t n = 0;
            while (item <= sizeof items && (n = raw_read(&reader, items, sizeof items / item)) > 0)
                bytes += (uint64_t)n * item;
            if (n < 0)
                break;
        }
        fuzz_expect(bytes <= size);
        if (more == 0 && item <= sizeof items)
            fuzz_expect(bytes == reader.items * item);
    }
    raw_close(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct dataset set;
    const char *path = fuzz_file(data, size);
    read_frames(path, size);
    if (dataset_load(&set, path) == 0)
        fuzz_expect(set.items > 0 && set.items * set.item_bytes <= size);
    dataset_free(&set);
    return 0;
}
