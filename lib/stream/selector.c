/* SPDX-License-Identifier: MIT */
#include "stream/selector.h"

#include "base/error.h"
#include "base/number.h"
#include "base/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define READ_BYTES ((size_t)1 << 20) /* of items that are read at a time, if they are not larger */

/* Writes the identifiers of the next n items to those files that their sides have. */
static int pass_ids(struct selector *s, size_t n) {
    char subject[ERROR_SUBJECT];
    const char *text;
    size_t length;
    for (size_t i = 0; s->ids != NULL && i < n; i++) {
        if (side_next(&s->id_reader, &text, &length, s->reader.in.name) < 0)
            return -1;
        struct side_writer *to = s->side[i] == SIDE_CHOSEN ? &s->chosen.ids : &s->rest.ids;
        if (s->side[i] == SIDE_NONE || to->buffer == NULL)
            continue;
        snprintf(subject, sizeof subject, "%s: line %" PRIu64, s->id_reader.in.name, s->id_reader.lines);
        if (side_write(to, text, length, subject) < 0)
            return -1;
    }
    return 0;
}

/* Whether any of n items is on a side. */
static bool is_any(const unsigned char *side, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (side[i] != SIDE_NONE)
            return true;
    return false;
}

/* Copies n items, which fit into memory. */
static int copy_some(struct selector *s, const unsigned char *side, size_t n) {
    if (!is_any(side, n))
        return raw_skip(&s->reader, (uint64_t)n * s->item_bytes);
    if (raw_read(&s->reader, s->items, n) < 0)
        return -1;
    const unsigned char *item = s->items;
    for (size_t i = 0; i < n; i++, item += s->item_bytes)
        if ((side[i] == SIDE_CHOSEN && item_output_put(&s->chosen, item) < 0) ||
            (side[i] == SIDE_REST && item_output_put(&s->rest, item) < 0))
            return -1;
    return 0;
}

static int copy(struct selector *s, size_t n) {
    for (size_t done = 0; done < n;) {
        const size_t some = n - done < s->capacity ? n - done : s->capacity;
        if (copy_some(s, s->side + done, some) < 0)
            return -1;
        done += some;
        progress_items(s->reader.items, s->reader.total);
    }
    return item_output_flush(&s->chosen) < 0 || (s->write_rest != NULL && item_output_flush(&s->rest) < 0) ? -1 : 0;
}

/* Begins a frame of `items` items, unless it would have none and another one follows. */
static int begin(struct item_output *out, uint64_t items, bool last) {
    return items > 0 || last ? item_output_begin(out, items, last) : 0;
}

/* Chooses among the next n items of the frame, and copies them. They become one frame. */
static int copy_window(struct selector *s, size_t n) {
    uint64_t items[SIDES] = {0};
    bool last = s->reader.frame.last && s->reader.left == (uint64_t)n * s->item_bytes;
    if (selection_choose(&s->selection, s->reader.items, n, s->side, s->reader.in.name) < 0)
        return -1;
    if (selection_is_done(&s->selection)) { /* no further item is read */
        last = true;
        while (n > 0 && s->side[n - 1] != SIDE_CHOSEN)
            n--;
    }
    for (size_t i = 0; i < n; i++)
        items[s->side[i]]++;
    if (pass_ids(s, n) < 0 || begin(&s->chosen, items[SIDE_CHOSEN], last) < 0 ||
        (s->write_rest != NULL && begin(&s->rest, items[SIDE_REST], last) < 0))
        return -1;
    return copy(s, n);
}

/* Copies the items of a frame; one without items, too. */
static int copy_frame(struct selector *s) {
    const uint64_t most = smaller(item_output_frame_most(&s->chosen), item_output_frame_most(&s->rest));
    do {
        const uint64_t left = s->reader.left / s->item_bytes;
        if (copy_window(s, smaller(left, smaller(most, SELECTOR_WINDOW))) < 0)
            return -1;
    } while (s->reader.left > 0 && !selection_is_done(&s->selection));
    return 0;
}

int selector_check_end(struct selector *s) {
    if (selection_finish(&s->selection, s->reader.items, s->reader.in.name) < 0)
        return -1;
    return s->ids == NULL ? 0 : side_finish(&s->id_reader, s->reader.items, s->reader.in.name);
}

static int copy_frames(struct selector *s) {
    int more;
    while ((more = raw_next(&s->reader)) == 1) {
        if (copy_frame(s) < 0)
            return -1;
        if (selection_is_done(&s->selection))
            return 0;
    }
    return more < 0 ? -1 : selector_check_end(s);
}

/* Opens the streams that are written, and the files of identifiers. A pipe opens once its reader opens it, which
 * its reader does after the stream's first header: a frame without items goes before. */
static int open_outputs(struct selector *s) {
    if (item_output_set(&s->chosen, &s->kept, &s->reader) < 0)
        return -1;
    if (s->write_rest != NULL && (raw_writer_create(&s->rest.writer, s->write_rest, s->path) < 0 ||
                                  item_output_set(&s->rest, &s->kept, &s->reader) < 0))
        return -1;
    if ((side_is_pipe(s->write_ids) && item_output_begin(&s->chosen, 0, false) < 0) ||
        (side_is_pipe(s->write_rest_ids) && item_output_begin(&s->rest, 0, false) < 0))
        return -1;
    if (s->write_ids != NULL && side_writer_open(&s->chosen.ids, s->write_ids, s->path) < 0)
        return -1;
    return s->write_rest_ids == NULL ? 0 : side_writer_open(&s->rest.ids, s->write_rest_ids, s->path);
}

static int open_inputs(struct selector *s) {
    s->item_bytes = raw_item_bytes(&s->reader.frame);
    s->capacity = s->item_bytes < READ_BYTES ? READ_BYTES / s->item_bytes : 1;
    s->items = malloc(s->capacity * s->item_bytes);
    s->side = malloc(SELECTOR_WINDOW);
    if (s->items == NULL || s->side == NULL)
        return fail("%s: out of memory for items of %zu bytes", s->reader.in.name, s->item_bytes);
    if (selection_open(&s->selection) < 0)
        return -1;
    return s->ids == NULL ? 0 : side_reader_open(&s->id_reader, s->ids);
}

/* Ends what was written beside standard output, and then the stream there. */
static int finish(struct selector *s) {
    if ((s->write_rest_ids != NULL && side_writer_close(&s->rest.ids) < 0) ||
        (s->write_rest != NULL && raw_writer_close(&s->rest.writer) < 0) ||
        (s->write_ids != NULL && side_writer_close(&s->chosen.ids) < 0))
        return -1;
    return raw_finish(&s->chosen.writer);
}

static void close_all(struct selector *s) {
    side_writer_abandon(&s->chosen.ids);
    side_writer_abandon(&s->rest.ids);
    raw_writer_abandon(&s->rest.writer);
    item_output_free(&s->chosen);
    item_output_free(&s->rest);
    side_reader_close(&s->id_reader);
    selection_close(&s->selection);
    free(s->items);
    free(s->side);
    raw_close(&s->reader);
}

int selector_run(struct selector *s) {
    s->rest.writer.out.fd = -1;
    if (raw_writer_start(&s->chosen.writer) < 0 || raw_open(&s->reader, s->path) < 0)
        return -1;
    int result = -1;
    if (kept_elements_set(&s->kept, &s->reader) == 0 && open_outputs(s) == 0 && open_inputs(s) == 0)
        result = s->shuffle ? selector_run_shuffled(s) : copy_frames(s);
    if (result == 0)
        result = finish(s);
    close_all(s);
    return result;
}
