/* SPDX-License-Identifier: MIT */
/* Sparse matrices as text, and lines that are copied. The bits of the first byte: the items are rows; the type; how
 * many elements are chosen. */
#include "text/line_copy.h"
#include "text/mtx_items.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#define ELEMENTS_MAX 65536
#define ITEMS_MAX 1000

/* Each item has no more elements than it should, and numbers only if there were entries. */
static void read_items(struct mtx_items *m) {
    const size_t bytes = m->elements * dtype_size(m->dtype);
    unsigned char *item = malloc(bytes + 1);
    uint64_t i;
    fuzz_expect(item != NULL && m->elements <= m->all);
    item[bytes] = 'x';
    for (i = 0; i < m->items && i < ITEMS_MAX; i++)
        if (mtx_items_next(m, item) < 0)
            break;
    fuzz_expect(item[bytes] == 'x');
    if (i == m->items && mtx_items_end(m) == 0)
        fuzz_expect(m->mtx.read == m->mtx.entries);
    free(item);
}

static void read_matrix(const char *path, uint8_t options) {
    struct mtx_items m;
    const size_t top = options >> 3;
    if (mtx_items_open(&m, path, (options & 1) != 0, (enum dtype)(options >> 1 & 3)) < 0)
        return;
    if (m.all <= ELEMENTS_MAX && (top == 0 || mtx_items_choose(&m, top) == 0)) {
        fuzz_expect(top == 0 || m.elements == top);
        read_items(&m);
    }
    mtx_items_close(&m);
}

static void read_lines(const char *path, size_t size) {
    struct lines lines;
    const char *text;
    size_t length, first = 0, second = 0;
    if (lines_open(&lines, path) < 0)
        return;
    while (lines_next(&lines, &text, &length) == 1) {
        fuzz_expect(length < LINES_MAX && strlen(text) == length);
        first += length;
    }
    fuzz_expect(gunzip_is_compressed(&lines.gz) || first <= size);
    /* The second time they are the same. */
    if (lines_rewind(&lines) == 0) {
        while (lines_next(&lines, &text, &length) == 1)
            second += length;
        fuzz_expect(second == first);
    }
    lines_close(&lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1)
        return 0;
    const char *path = fuzz_file(data + 1, size - 1);
    read_matrix(path, data[0]);
    read_lines(path, size - 1);
    return 0;
}
