/* SPDX-License-Identifier: MIT */
#include "stream/dataset.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/progress.h"
#include "base/ranks.h"
#include "base/signals.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define FIRST_CAPACITY ((size_t)1 << 20) /* bytes */

const struct dataset *dataset_part_of(const struct dataset *set, size_t *i) {
    if (set->part == NULL)
        return set;
    const size_t each = set->items / set->parts, part = *i / each;
    *i %= each;
    return &set->part[part];
}

const void *dataset_item(const struct dataset *set, size_t i) {
    set = dataset_part_of(set, &i);
    return set->data + i * set->item_bytes;
}

size_t dataset_number(const struct dataset *set, size_t i) {
    return set->number == NULL ? i : set->number[i];
}

int dataset_allow_changes(struct dataset *set) {
    return set->mapped > 0 && mprotect(set->owned, set->mapped, PROT_READ | PROT_WRITE) < 0
               ? fail_system(set->name, "cannot map")
               : 0;
}

void dataset_swap(struct dataset *set, size_t i, size_t j) {
    unsigned char *first = (unsigned char *)set->owned + (set->data - (const unsigned char *)set->owned),
                  *a = first + i * set->item_bytes, *b = first + j * set->item_bytes;
    for (size_t k = 0; k < set->item_bytes; k++) {
        const unsigned char byte = a[k];
        a[k] = b[k];
        b[k] = byte;
    }
}

void dataset_expect(const struct dataset *set, size_t i) {
    set = dataset_part_of(set, &i);
    if (set->data != NULL)
        memory_expect(dataset_item(set, i), set->item_bytes);
}

void dataset_read_ahead(const struct dataset *set, size_t i) {
    static size_t page;
    if (page == 0)
        page = (size_t)sysconf(_SC_PAGESIZE);
    set = dataset_part_of(set, &i);
    if (set->mapped == 0)
        return;
    const unsigned char *item = dataset_item(set, i), *begin = set->owned;
    const size_t first = (size_t)(item - begin) / page * page, end = (size_t)(item - begin) + set->item_bytes;
    (void)madvise((unsigned char *)set->owned + first, end - first, MADV_WILLNEED);
}

uint64_t dataset_digest(const struct dataset *set) {
    return XXH64(set->data, set->items * set->item_bytes, 0);
}

/* True if the input is a regular file with just one frame. Call it after the first header. */
static bool can_map(const struct raw_reader *reader, size_t *bytes) {
    struct stat status;
    if (fstat(reader->in.fd, &status) < 0 || !S_ISREG(status.st_mode) || !reader->frame.last)
        return false;
    *bytes = RAW_HEADER + (size_t)reader->left;
    return lseek(reader->in.fd, 0, SEEK_CUR) == RAW_HEADER && (uint64_t)status.st_size == *bytes;
}

static int map(struct dataset *set, const struct raw_reader *reader, size_t bytes) {
    void *memory = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, reader->in.fd, 0);
    if (memory == MAP_FAILED)
        return fail_system(reader->in.name, "cannot map");
    signals_catch_truncation(reader->in.name, memory, bytes);
    set->owned = memory;
    set->mapped = bytes;
    set->data = (const unsigned char *)memory + RAW_HEADER;
    set->items = (size_t)reader->frame.items;
    return 0;
}

static int reserve(struct dataset *set, size_t capacity) {
    void *memory = memory_resize(set->owned, set->capacity, capacity);
    if (memory == NULL)
        return fail("%s: out of memory after %zu bytes", set->name, set->capacity);
    set->owned = memory;
    set->data = memory;
    set->capacity = capacity;
    return 0;
}

int dataset_grow(struct dataset *set, size_t used, size_t most) {
    return used < set->capacity ? 0 : reserve(set, smaller(larger(FIRST_CAPACITY, 2 * used), most));
}

static int spool(struct dataset *set, struct raw_reader *reader) {
    size_t used = 0;
    int more;
    while ((more = raw_next(reader)) == 1) {
        while (reader->left > 0) {
            if (dataset_grow(set, used, SIZE_MAX) < 0)
                return -1;
            ssize_t n = raw_read_bytes(reader, (unsigned char *)set->owned + used, set->capacity - used);
            if (n < 0)
                return -1;
            used += (size_t)n;
            progress_items(reader->items, reader->total);
        }
    }
    set->items = (size_t)reader->items;
    return more;
}

static bool is_too_large(size_t bytes) {
    const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 && bytes / (size_t)size > (size_t)pages / 2;
}

static int load(struct dataset *set, struct raw_reader *reader, bool maps) {
    size_t bytes;
    if (can_map(reader, &bytes) && (maps || ranks_count() > 1 || is_too_large(bytes) || reserve(set, bytes) < 0))
        return map(set, reader, bytes);
    return spool(set, reader);
}

static int load_file(struct dataset *set, const char *path, bool maps) {
    struct raw_reader reader;
    *set = (struct dataset){0};
    if (raw_open(&reader, path) < 0)
        return -1;
    set->name = reader.in.name;
    set->dtype = reader.frame.dtype;
    set->shape = reader.frame.shape;
    set->elements = shape_elements(&set->shape);
    set->item_bytes = raw_item_bytes(&reader.frame);
    int result = load(set, &reader, maps);
    raw_close(&reader);
    if (result == 0 && set->items == 0)
        result = fail("%s: no items, wanted at least 1", set->name);
    if (result < 0)
        dataset_free(set);
    return result;
}

int dataset_load(struct dataset *set, const char *path) {
    return load_file(set, path, false);
}

int dataset_load_mapped(struct dataset *set, const char *path) {
    return load_file(set, path, true);
}

/* What rank 0 tells the others of its data. */
struct hand_out {
    enum dtype dtype;
    struct shape shape;
    size_t items;
};

/* Makes room for the data of rank 0. 0 or -1. */
static int make_room(struct dataset *set, const struct hand_out *told) {
    *set = (struct dataset){.name = "stdin", .dtype = told->dtype, .shape = told->shape, .items = told->items};
    set->elements = shape_elements(&set->shape);
    set->item_bytes = set->elements * dtype_size(set->dtype);
    return reserve(set, set->items * set->item_bytes);
}

int dataset_hand_out(struct dataset *set) {
    const bool has = ranks_self() == 0;
    if (ranks_agree(has ? dataset_load(set, NULL) : 0) < 0)
        return -1;
    struct hand_out told = {set->dtype, set->shape, set->items};
    ranks_share(&told, sizeof told);
    if (ranks_agree(has ? 0 : make_room(set, &told)) < 0)
        return -1;
    unsigned char *first = (unsigned char *)set->owned + (set->data - (const unsigned char *)set->owned);
    ranks_share(first, set->items * set->item_bytes);
    return 0;
}

void dataset_free(struct dataset *set) {
    dataset_free_parts(set);
    if (set->mapped > 0)
        munmap(set->owned, set->mapped);
    else
        memory_release(set->owned, set->capacity);
    set->owned = NULL;
    set->capacity = set->mapped = 0;
}
