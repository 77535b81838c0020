/* SPDX-License-Identifier: MIT */
/* Tables of text: the first byte says how they are read, the second one is a delimiter. */
#include "fuzz.h"
#include "text/cells.h"
#include "stream/side_file.h"

#include <stdlib.h>
#include <string.h>

/* Texts are terminated where they end, one after the other, and not longer than what was read. */
static void check_record(const struct csv *csv, size_t size) {
    size_t bytes = 0;
    for (size_t i = 0; i < csv->count; i++) {
        fuzz_expect(strlen(csv_text(csv, i)) == csv->cells[i].length);
        bytes += csv->cells[i].length + 1;
    }
    fuzz_expect(csv->count > 0 && bytes <= size + 1 && csv->record >= 1 && csv->record <= csv->line);
}

static void read_table(struct csv *csv, size_t size, enum dtype dtype, bool named) {
    struct missing_texts missing;
    struct columns columns;
    fuzz_expect(missing_texts_parse(&missing, "fuzz", "NA,-1") == 0);
    const struct cells cells = {.dtype = dtype, .missing = &missing};
    if (csv_next(csv) != 1 || columns_create(&columns, csv, named) < 0)
        return;
    check_record(csv, size);
    if (columns_choose(&columns, NULL, named ? NULL : "1") == 0) {
        unsigned char *item = malloc(columns.count * dtype_size(dtype));
        fuzz_expect(item != NULL);
        while (csv_next(csv) == 1) {
            check_record(csv, size);
            if (csv->count == columns.total)
                (void)!cells_read(&cells, csv, &columns, item);
        }
        free(item);
    }
    columns_free(&columns);
}

static void read_lines(const char *path, size_t size) {
    struct side_reader reader;
    const char *text;
    size_t length, bytes = 0;
    if (side_reader_open(&reader, path) < 0)
        return;
    while (side_read(&reader, &text, &length) == 1) {
        fuzz_expect(length < SIDE_LINE_MAX && memchr(text, '\n', length) == NULL);
        bytes += length;
    }
    fuzz_expect(bytes <= size);
    side_reader_close(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct csv csv;
    if (size < 2)
        return 0;
    const char *path = fuzz_file(data + 2, size - 2);
    if (csv_open(&csv, path, (char)data[1]) == 0) {
        read_table(&csv, size - 2, (enum dtype)(data[0] % DTYPES), (data[0] & 4) != 0);
        csv_close(&csv);
    }
    read_lines(path, size - 2);
    return 0;
}
