/* SPDX-License-Identifier: MIT */
#include "text/mtx_items.h"

#include "base/error.h"
#include "base/number.h"
#include "stream/shape.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *name_of(const struct mtx_items *m) {
    return m->mtx.lines.gz.in.name;
}

static const char *item_name(const struct mtx_items *m) {
    return m->by_rows ? "row" : "column";
}

static const char *element_name(const struct mtx_items *m) {
    return m->by_rows ? "column" : "row";
}

static int check_size(struct mtx_items *m) {
    size_t bytes;
    if (m->all == 0)
        return fail("%s: has no %ss, wanted at least 1, which is an element of each item", name_of(m),
                    element_name(m));
    if (m->all > SHAPE_MAX_ELEMENTS || !multiply(m->all * dtype_size(m->dtype), m->items, &bytes) ||
        bytes > INT64_MAX)
        return fail("%s: %" PRIu64 " items of %zu numbers are more than any file, wanted fewer", name_of(m),
                    m->items, m->all);
    return 0;
}

/* Allocates what the entries need, when the first one is read. */
static int prepare(struct mtx_items *m) {
    if (m->seen == NULL)
        m->seen = calloc(m->all, sizeof *m->seen);
    return m->seen == NULL ? fail("%s: out of memory for items of %zu numbers", name_of(m), m->all) : 0;
}

int mtx_items_open(struct mtx_items *m, const char *path, bool by_rows, enum dtype dtype) {
    *m = (struct mtx_items){.by_rows = by_rows, .dtype = dtype};
    if (mtx_open(&m->mtx, path) < 0)
        return -1;
    m->items = by_rows ? m->mtx.rows : m->mtx.columns;
    m->all = m->elements = by_rows ? m->mtx.columns : m->mtx.rows;
    if (check_size(m) == 0)
        return 0;
    mtx_items_close(m);
    return -1;
}

void mtx_items_close(struct mtx_items *m) {
    mtx_close(&m->mtx);
    free(m->seen);
    free(m->place);
    m->seen = NULL;
    m->place = NULL;
}

/* The command prints the lines before the entries at once, and sorts the others. */
static int refuse_order(const struct mtx_items *m, uint64_t item) {
    const int field = m->by_rows ? 1 : 2;
    return fail(
        "%s: line %" PRIu64 ": %s %" PRIu64 " follows %s %" PRIu64 ", wanted entries sorted by %s: %sawk "
        "'/^%%/ || !/[0-9]/ || !n++ { print; fflush(); next } { print | \"sort -k %d,%dn\" }' sorts the text",
        name_of(m), m->mtx.lines.count, item_name(m), item + 1, item_name(m), m->item + 1, item_name(m),
        gunzip_is_compressed(&m->mtx.lines.gz) ? "gzip -dc | " : "", field, field);
}

/* Reads the next entry, and checks its place. 1, 0 at the end, or -1. */
static int next_entry(struct mtx_items *m) {
    const int more = mtx_next(&m->mtx);
    if (more <= 0 || prepare(m) < 0)
        return more <= 0 ? more : -1;
    const uint64_t item = m->by_rows ? m->mtx.row : m->mtx.column;
    m->element = m->by_rows ? m->mtx.column : m->mtx.row;
    if (item < m->item)
        return refuse_order(m, item);
    m->item = item;
    if (m->seen[m->element] == item + 1)
        return fail("%s: line %" PRIu64 ": the entry of row %" PRIu64 " and column %" PRIu64
                    " stands twice, wanted it once",
                    name_of(m), m->mtx.lines.count, m->mtx.row + 1, m->mtx.column + 1);
    m->seen[m->element] = item + 1;
    return 1;
}

static int store(const struct mtx_items *m, unsigned char *to) {
    const size_t place = m->place == NULL ? m->element : m->place[m->element];
    return place == MTX_LEFT_OUT ? 0 : mtx_value(&m->mtx, m->dtype, to + place * dtype_size(m->dtype));
}

int mtx_items_next(struct mtx_items *m, unsigned char *to) {
    const uint64_t item = m->next++;
    memset(to, 0, m->elements * dtype_size(m->dtype));
    for (;;) {
        if (!m->pending) {
            const int more = next_entry(m);
            if (more <= 0)
                return more;
        }
        m->pending = m->item > item;
        if (m->pending)
            return 0;
        if (store(m, to) < 0)
            return -1;
    }
}

int mtx_items_end(struct mtx_items *m) {
    return next_entry(m); /* all items are filled, so there is none, or one too many */
}

/* Sums over the items of an element: of its values, and of their squares. */
struct sums {
    double values, squares;
};

static int add_up(struct mtx_items *m, struct sums *sums) {
    int more;
    while ((more = next_entry(m)) == 1) {
        double value;
        if (mtx_value(&m->mtx, DTYPE_F64, (unsigned char *)&value) < 0)
            return -1;
        if (!(value >= 0 && isfinite(value)))
            return fail("%s: line %" PRIu64 ": the value is %g, wanted a count for --top, at least 0", name_of(m),
                        m->mtx.lines.count, value);
        sums[m->element].values += value;
        sums[m->element].squares += value * value;
    }
    return more;
}

/* The variance of an element divided by its mean; 0 if it is 0 everywhere. */
static double dispersion(const struct sums *s, uint64_t items) {
    const double value = s->values > 0 ? s->squares / s->values - s->values / (double)items : 0;
    return value > 0 ? value : 0;
}

static int falling(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* Sets the places of the elements with the largest of these numbers. `sorted` has room for all of them. */
static void set_places(struct mtx_items *m, const double *number, double *sorted, size_t top) {
    memcpy(sorted, number, m->all * sizeof *sorted);
    qsort(sorted, m->all, sizeof *sorted, falling);
    const double least = sorted[top - 1];
    size_t equal = top; /* elements with just that number that are taken */
    while (equal > 0 && sorted[top - equal] > least)
        equal--;
    m->elements = 0;
    for (size_t i = 0; i < m->all; i++) {
        const bool taken = number[i] > least || (number[i] == least && equal > 0);
        equal -= taken && number[i] == least;
        m->place[i] = taken ? m->elements++ : MTX_LEFT_OUT;
    }
}

static int choose(struct mtx_items *m, struct sums *sums, size_t top) {
    double *number = (double *)sums; /* the first half of the same memory, and the second */
    if (add_up(m, sums) < 0)
        return -1;
    for (size_t i = 0; i < m->all; i++)
        number[i] = dispersion(&sums[i], m->items);
    set_places(m, number, number + m->all, top);
    m->item = 0;
    free(m->seen);
    m->seen = NULL;
    return mtx_rewind(&m->mtx);
}

int mtx_items_choose(struct mtx_items *m, size_t top) {
    struct stat status;
    if (fstat(m->mtx.lines.gz.in.fd, &status) < 0 || !S_ISREG(status.st_mode))
        return fail("%s: is not a regular file, wanted one, since --top reads it twice", name_of(m));
    if (top > m->all)
        return fail("%s: has %zu %ss, wanted at least %zu for --top", name_of(m), m->all, element_name(m), top);
    struct sums *sums = calloc(m->all, sizeof *sums);
    m->place = malloc(m->all * sizeof *m->place);
    const int result = sums == NULL || m->place == NULL
                           ? fail("%s: out of memory for the sums of %zu %ss", name_of(m), m->all, element_name(m))
                           : choose(m, sums, top);
    free(sums);
    return result;
}
