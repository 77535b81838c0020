/* SPDX-License-Identifier: MIT */
#include "stream/item_output.h"

#include "base/error.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_BYTES ((size_t)1 << 20) /* if an item is not larger */

int kept_elements_set(struct kept_elements *k, const struct raw_reader *reader) {
    const struct shape *shape = &reader->frame.shape;
    const size_t elements = shape_elements(shape);
    k->element_bytes = dtype_size(reader->frame.dtype);
    k->shape = *shape;
    if (k->list.count == 0)
        return 0;
    if (number_list_last(&k->list) >= elements)
        return fail("%s: items have %zu elements, numbered from 0, wanted element %" PRIu64 " of --elements",
                    reader->in.name, elements, number_list_last(&k->list));
    const size_t total = (size_t)number_list_total(&k->list);
    if (total < elements)
        k->shape = shape_vector(total);
    return 0;
}

int item_output_set(struct item_output *o, const struct kept_elements *kept, const struct raw_reader *reader) {
    o->kept = kept;
    o->frame = (struct raw_frame){.dtype = reader->frame.dtype, .shape = kept->shape};
    o->item_bytes = raw_item_bytes(&o->frame);
    o->capacity = o->item_bytes < BUFFER_BYTES ? BUFFER_BYTES / o->item_bytes : 1;
    o->items = 0;
    o->buffer = malloc(o->capacity * o->item_bytes);
    return o->buffer != NULL ? 0 : fail("%s: out of memory for items of %zu bytes", reader->in.name, o->item_bytes);
}

int item_output_begin(struct item_output *o, uint64_t items, bool last) {
    o->frame.items = items;
    o->frame.last = last;
    if (side_flush(&o->ids) < 0)
        return -1;
    return raw_write_header(&o->writer, &o->frame);
}

int item_output_flush(struct item_output *o) {
    const size_t items = o->items;
    o->items = 0;
    return raw_write(&o->writer, o->buffer, items * o->item_bytes);
}

int item_output_put(struct item_output *o, const unsigned char *item) {
    const struct number_list *list = &o->kept->list;
    const size_t size = o->kept->element_bytes;
    if (o->items == o->capacity && item_output_flush(o) < 0)
        return -1;
    unsigned char *to = o->buffer + o->items++ * o->item_bytes;
    if (list->count == 0)
        memcpy(to, item, o->item_bytes);
    for (size_t i = 0; i < list->count; i++) {
        const struct number_range *r = &list->ranges[i];
        const size_t bytes = (size_t)(r->last - r->first + 1) * size;
        memcpy(to, item + r->first * size, bytes);
        to += bytes;
    }
    return 0;
}

uint64_t item_output_frame_most(const struct item_output *o) {
    return o->ids.is_pipe ? 1 : UINT64_MAX;
}

void item_output_free(struct item_output *o) {
    free(o->buffer);
    o->buffer = NULL;
}
