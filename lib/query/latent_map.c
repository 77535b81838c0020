/* SPDX-License-Identifier: MIT */
#include "query/latent_map.h"

#include "base/error.h"
#include "base/number.h"
#include "base/progress.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

int latent_check_type(const char *name, enum dtype dtype, const struct shape *item) {
    char shape[SHAPE_TEXT];
    if (item->rank != 1)
        return fail("%s: items have shape %s, wanted latents, of one dimension (vae-encode makes them)", name,
                    shape_text(item, shape));
    if (!dtype_is_real(dtype))
        return fail("%s: items are %s, wanted latents of f32 or f64", name, dtype_name(dtype));
    return 0;
}

int latent_check_frame(const struct raw_reader *reader) {
    return latent_check_type(reader->in.name, reader->frame.dtype, &reader->frame.shape);
}

int latent_check_numbers(const char *name, enum dtype dtype, size_t elements, const void *items, size_t count,
                         uint64_t first) {
    const size_t size = dtype_size(dtype);
    for (size_t i = 0; i < count * elements; i++)
        if (!(fabs(dtype_value(dtype, (const char *)items + i * size)) <= FLT_MAX))
            return fail("%s: item %" PRIu64 ", element %zu is %g, wanted a finite float", name,
                        first + i / elements, i % elements,
                        unsigned_nan(dtype_value(dtype, (const char *)items + i * size)));
    return 0;
}

int latent_check_items(const struct raw_reader *reader, const void *items, size_t count, uint64_t first) {
    return latent_check_numbers(reader->in.name, reader->frame.dtype, shape_elements(&reader->frame.shape), items,
                                count, first);
}

int latent_map_write(struct latent_map *map, const float *z) {
    return raw_write(&map->out, z, map->latent * sizeof *z);
}

static int write_header(struct latent_map *map) {
    const struct raw_reader *reader = &map->reader;
    struct raw_frame frame = {DTYPE_F32, shape_vector(map->latent), 0, reader->frame.last};
    if (map->results(map, reader->items, reader->frame.items, &frame.items) < 0)
        return fail("%s: a frame of %" PRIu64 " items gives too many latents to count, wanted fewer",
                    reader->in.name, reader->frame.items);
    return raw_write_header(&map->out, &frame);
}

/* Maps the latents of one frame, one at a time, since each may have many results. */
static int run_frame(struct latent_map *map, void *item, float *z) {
    for (;;) {
        const uint64_t number = map->reader.items;
        ssize_t n = raw_read(&map->reader, item, 1);
        if (n <= 0)
            return (int)n;
        dtype_to_float(map->reader.frame.dtype, item, z, map->latent);
        if (latent_check_items(&map->reader, item, 1, number) < 0) {
            if (bad_items_add(&map->bad) < 0)
                return -1;
            bad_items_answer(DTYPE_F32, z, map->latent);
        }
        if (map->item(map, z, number) < 0)
            return -1;
        progress_items(map->reader.items, map->reader.total);
    }
}

static int run_frames(struct latent_map *map) {
    void *item = malloc(raw_item_bytes(&map->reader.frame));
    float *z = malloc(map->latent * sizeof *z);
    int more = item == NULL || z == NULL ? fail("%s: out of memory for an item", map->reader.in.name) : 1;
    while (more == 1 && (more = raw_next(&map->reader)) == 1)
        if (write_header(map) < 0 || run_frame(map, item, z) < 0)
            more = -1;
    free(item);
    free(z);
    return more < 0 || map->end == NULL ? more : map->end(map);
}

int latent_map_run(struct latent_map *map) {
    if (raw_writer_start(&map->out) < 0 || raw_open(&map->reader, map->path) < 0)
        return -1;
    map->latent = shape_elements(&map->reader.frame.shape);
    int result = latent_check_frame(&map->reader);
    if (result == 0)
        result = map->prepare(map);
    if (result == 0)
        result = run_frames(map);
    raw_close(&map->reader);
    return bad_items_finish(&map->bad, map->reader.in.name, result < 0 ? -1 : raw_finish(&map->out));
}
