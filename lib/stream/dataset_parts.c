/* SPDX-License-Identifier: MIT */
/* Data sets in parts: a file for each. */
#include "base/error.h"
#include "base/ranks.h"
#include "stream/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MARK "%s"

bool dataset_is_in_parts(const char *path) {
    return path != NULL && strstr(path, MARK) != NULL;
}

char *dataset_part_path(const char *path, size_t part) {
    const size_t size = strlen(path) + sizeof "18446744073709551615";
    const char *mark = strstr(path, MARK);
    char *name = malloc(size);
    if (name == NULL)
        (void)fail("%s: out of memory for the names of its parts", path);
    else
        snprintf(name, size, "%.*s%zu%s", (int)(mark - path), path, part, mark + strlen(MARK));
    return name;
}

/* What parts have in common, and the number of one that has it. */
struct alike {
    enum dtype dtype;
    struct shape shape;
    size_t items, part;
};

/* Checks that a part has what another one has. 0 or -1. */
static int check_alike(const struct dataset *part, const struct alike *wanted, const char *path) {
    char found[SHAPE_TEXT], shape[SHAPE_TEXT];
    if (part->dtype == wanted->dtype && shape_equal(&part->shape, &wanted->shape) && part->items == wanted->items)
        return 0;
    char *other = dataset_part_path(path, wanted->part);
    if (other == NULL)
        return -1;
    if (part->items != wanted->items)
        (void)fail("%s: has %zu items, wanted %zu as in %s", part->name, part->items, wanted->items, other);
    else
        (void)fail("%s: items are %s of shape %s, wanted %s of shape %s as in %s", part->name,
                   dtype_name(part->dtype), shape_text(&part->shape, found), dtype_name(wanted->dtype),
                   shape_text(&wanted->shape, shape), other);
    free(other);
    return -1;
}

/* Refuses data of which there are more parts, which nobody would read. 0 or -1. */
static int check_end(const char *path, size_t parts) {
    char *name = dataset_part_path(path, parts);
    if (name == NULL)
        return -1;
    const int result = access(name, F_OK) < 0
                           ? 0
                           : fail("%s: is there, wanted no more than the %zu parts of --splits", name, parts);
    free(name);
    return result;
}

/* Allocates the parts, and sets their names. 0 or -1. */
static int prepare(struct dataset *set) {
    set->part = calloc(set->parts, sizeof *set->part);
    set->part_path = calloc(set->parts, sizeof *set->part_path);
    if (set->part == NULL || set->part_path == NULL)
        return fail("%s: out of memory for %zu parts", set->name, set->parts);
    for (size_t i = 0; i < set->parts; i++) {
        set->part_path[i] = dataset_part_path(set->name, i);
        if (set->part_path[i] == NULL)
            return -1;
    }
    return check_end(set->name, set->parts);
}

static int load_parts(struct dataset *set, size_t first, size_t end) {
    for (size_t i = first; i < end; i++) {
        struct dataset *part = &set->part[i];
        if (dataset_load_mapped(part, set->part_path[i]) < 0)
            return -1;
        part->name = set->part_path[i];
    }
    return 0;
}

/* Checks the parts that this rank has against part 0. 0 or -1, on all ranks. */
static int check_parts(struct dataset *set, size_t first, size_t end) {
    int result = 0;
    struct alike wanted = {set->part[first].dtype, set->part[first].shape, set->part[first].items, 0};
    ranks_share(&wanted, sizeof wanted);
    for (size_t i = first; result == 0 && i < end; i++)
        result = check_alike(&set->part[i], &wanted, set->name);
    return ranks_agree(result);
}

/* Sets what the parts have in common, also of those that other ranks have. */
static void set_common(struct dataset *set, size_t first, size_t end) {
    const struct dataset *has = &set->part[first];
    set->dtype = has->dtype;
    set->shape = has->shape;
    set->elements = has->elements;
    set->item_bytes = has->item_bytes;
    set->items = has->items * set->parts;
    for (size_t i = 0; i < set->parts; i++)
        if (i < first || i >= end)
            set->part[i] = (struct dataset){.name = set->part_path[i],
                                            .dtype = set->dtype,
                                            .shape = set->shape,
                                            .elements = set->elements,
                                            .item_bytes = set->item_bytes,
                                            .items = has->items};
}

int dataset_load_parts(struct dataset *set, const char *path, size_t parts) {
    const size_t each = parts / ranks_count(), first = ranks_self() * each, end = first + each;
    *set = (struct dataset){.name = path, .parts = parts};
    if (ranks_agree(prepare(set) < 0 || load_parts(set, first, end) < 0 ? -1 : 0) < 0 ||
        check_parts(set, first, end) < 0) {
        dataset_free(set);
        return -1;
    }
    set_common(set, first, end);
    return 0;
}

void dataset_free_parts(struct dataset *set) {
    for (size_t i = 0; set->part != NULL && i < set->parts; i++)
        dataset_free(&set->part[i]);
    for (size_t i = 0; set->part_path != NULL && i < set->parts; i++)
        free(set->part_path[i]);
    free(set->part);
    free(set->part_path);
    set->part = NULL;
    set->part_path = NULL;
}
