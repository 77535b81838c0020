/* SPDX-License-Identifier: MIT */
/* Data sets in parts: a file for each. */
#include "base/error.h"
#include "stream/dataset.h"

#include <inttypes.h>
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

/* Checks that a part fits the first one that was loaded. 0 or -1. */
static int check_alike(const struct dataset *part, const struct dataset *first) {
    char found[SHAPE_TEXT], wanted[SHAPE_TEXT];
    if (part->dtype != first->dtype || !shape_equal(&part->shape, &first->shape))
        return fail("%s: items are %s of shape %s, wanted %s of shape %s as in %s", part->name,
                    dtype_name(part->dtype), shape_text(&part->shape, found), dtype_name(first->dtype),
                    shape_text(&first->shape, wanted), first->name);
    if (part->items != first->items)
        return fail("%s: has %zu items, wanted %zu as in %s", part->name, part->items, first->items, first->name);
    return 0;
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

static int load_parts(struct dataset *set, size_t first, size_t end) {
    for (size_t i = first; i < end; i++) {
        set->part_path[i] = dataset_part_path(set->name, i);
        if (set->part_path[i] == NULL || dataset_load(&set->part[i], set->part_path[i]) < 0 ||
            check_alike(&set->part[i], &set->part[first]) < 0)
            return -1;
    }
    return 0;
}

int dataset_load_parts(struct dataset *set, const char *path, size_t parts, size_t first, size_t end) {
    *set = (struct dataset){.name = path,
                            .parts = parts,
                            .part = calloc(parts, sizeof *set->part),
                            .part_path = calloc(parts, sizeof *set->part_path)};
    int result = set->part == NULL || set->part_path == NULL ? fail("%s: out of memory for %zu parts", path, parts)
                                                             : check_end(path, parts);
    if (result < 0 || load_parts(set, first, end) < 0) {
        dataset_free(set);
        return -1;
    }
    const struct dataset *has = &set->part[first];
    set->dtype = has->dtype;
    set->shape = has->shape;
    set->elements = has->elements;
    set->item_bytes = has->item_bytes;
    set->items = has->items * parts;
    for (size_t i = 0; i < parts; i++)
        if (i < first || i >= end)
            set->part[i] = (struct dataset){.name = path,
                                            .dtype = set->dtype,
                                            .shape = set->shape,
                                            .elements = set->elements,
                                            .item_bytes = set->item_bytes,
                                            .items = has->items};
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
