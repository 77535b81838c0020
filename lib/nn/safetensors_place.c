/* SPDX-License-Identifier: MIT */
/* Where the tensors of a file of another program are. */
#include "nn/safetensors.h"

#include "base/error.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Sets the tensor's offset to that of its entry in the header. An offset that no file with these tensors has is
 * left out, and safetensors_check then refuses the entry. */
static void set_offset(struct stored *t, const json_t *entry, size_t bytes) {
    const json_t *first = json_array_get(json_object_get(entry, "data_offsets"), 0);
    const uint64_t offset = (uint64_t)json_integer_value(first); /* large if it is negative */
    if (json_is_integer(first) && offset < bytes)
        t->offset = (size_t)offset;
}

/* Refuses another type than F32 by its name, since the entry in the header would be much longer than that. */
static int check_type(const struct input *in, const struct stored *t, const json_t *entry) {
    const char *type = json_string_value(json_object_get(entry, "dtype"));
    if (type == NULL || strcmp(type, "F32") == 0)
        return 0;
    return fail(
        "%s: tensor \"%s\" has dtype %.20s, wanted F32: convert it before it is saved, with torch by float()",
        in->name, t->name, type);
}

static int compare_offsets(const void *a, const void *b) {
    const struct stored *s = a, *t = b;
    return s->offset == t->offset ? strcmp(s->name, t->name) : s->offset < t->offset ? -1 : 1;
}

/* Sorts the tensors, and checks that each begins where the previous one ends. 0 or -1. */
static int sort(const struct input *in, struct safetensors *file) {
    size_t end = 0;
    qsort(file->tensor, file->count, sizeof *file->tensor, compare_offsets);
    for (const struct stored *t = file->tensor; t < file->tensor + file->count; end += t++->bytes)
        if (t->offset != end)
            return fail("%s: tensor \"%s\" begins at byte %zu of the data, wanted %zu: no gap and no overlap",
                        in->name, t->name, t->offset, end);
    return 0;
}

int safetensors_place(const struct input *in, const json_t *tensors, struct safetensors *file) {
    for (struct stored *t = file->tensor; t < file->tensor + file->count; t++) {
        const json_t *entry = json_object_get(tensors, t->name);
        if (check_type(in, t, entry) < 0)
            return -1;
        set_offset(t, entry, file->bytes);
    }
    return safetensors_check(in, tensors, file) < 0 ? -1 : sort(in, file);
}
