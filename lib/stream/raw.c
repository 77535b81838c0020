/* SPDX-License-Identifier: MIT */
#include "stream/raw.h"

#include "base/error.h"
#include "base/number.h"
#include "stream/foreign.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAGIC "raw"   /* the first bytes of every version's header */
#define SKIPPED 16384 /* bytes that are read at a time to be passed over */

size_t raw_item_bytes(const struct raw_frame *frame) {
    return shape_elements(&frame->shape) * dtype_size(frame->dtype);
}

int raw_format(const struct raw_frame *frame, char text[RAW_HEADER], const char *name) {
    char shape[SHAPE_TEXT], line[RAW_HEADER + SHAPE_TEXT];
    int length = snprintf(line, sizeof line, "raw1 %s %s %" PRIu64 " %c", dtype_name(frame->dtype),
                          shape_text(&frame->shape, shape), frame->items, frame->last ? '.' : '+');
    if (length >= RAW_HEADER)
        return fail("%s: header '%s' has %d bytes, wanted at most %d", name, line, length, RAW_HEADER - 1);
    memset(text, ' ', RAW_HEADER);
    memcpy(text, line, (size_t)length);
    text[RAW_HEADER - 1] = '\n';
    return 0;
}

/* Splits at single spaces: NULL if there is no further word. */
static char *next_word(char **rest) {
    char *word = *rest, *space = strchr(word, ' ');
    if (*word == '\0' || space == word)
        return NULL;
    if (space != NULL)
        *space = '\0';
    *rest = space == NULL ? word + strlen(word) : space + 1;
    return word;
}

static int parse_words(struct raw_frame *frame, char *line, const char *name) {
    char *magic = next_word(&line), *dtype = next_word(&line), *shape = next_word(&line), *items = next_word(&line),
         *end = next_word(&line);
    if (end == NULL || *line != '\0' || (strcmp(end, ".") != 0 && strcmp(end, "+") != 0))
        return fail("%s: the header is not of the form 'raw1 DTYPE SHAPE ITEMS .' or '+', see vae-raw(5)", name);
    if (strcmp(magic, "raw1") != 0)
        return fail("%s: version '%s', wanted 'raw1'", name, magic);
    int found = dtype_find(dtype, strlen(dtype));
    if (found < 0)
        return fail("%s: dtype '%s', wanted u8, i32, f32 or f64", name, dtype);
    frame->dtype = (enum dtype)found;
    frame->last = *end == '.';
    if (shape_parse(&frame->shape, name, shape) < 0)
        return -1;
    return parse_whole(name, items, 0, INT64_MAX, &frame->items);
}

/* Refuses an input that does not begin with a header, and names its format if it is known. `text` has room for at
 * least 4 bytes, and `size` bytes were read. */
static int refuse_start(const char *name, const char *text, size_t size) {
    const unsigned char *start = (const unsigned char *)text;
    const struct foreign *found = foreign_find(text, size);
    if (found != NULL)
        return fail("%s: looks like %s, wanted a stream's header 'raw1 ...'%s%s", name, found->name,
                    found->advice == NULL ? ", see vae-raw(5)" : ": ", found->advice == NULL ? "" : found->advice);
    return fail("%s: starts with bytes %02x %02x %02x %02x, wanted a stream's header 'raw1 ...', see vae-raw(5)",
                name, start[0], start[1], start[2], start[3]);
}

int raw_parse(struct raw_frame *frame, const char text[RAW_HEADER], const char *name) {
    char line[RAW_HEADER], again[RAW_HEADER];
    size_t bytes;
    if (memcmp(text, MAGIC, strlen(MAGIC)) != 0)
        return refuse_start(name, text, RAW_HEADER);
    memcpy(line, text, RAW_HEADER);
    size_t length = RAW_HEADER - 1;
    while (length > 0 && line[length - 1] == ' ')
        length--;
    if (line[RAW_HEADER - 1] != '\n' || memchr(line, '\0', RAW_HEADER) != NULL)
        return fail("%s: the header is not a line of %d bytes padded with spaces, see vae-raw(5)", name,
                    RAW_HEADER);
    line[length] = '\0';
    if (parse_words(frame, line, name) < 0)
        return -1;
    if (!multiply(raw_item_bytes(frame), (size_t)frame->items, &bytes) || bytes > INT64_MAX)
        return fail("%s: %" PRIu64 " items of %zu bytes are more than any file, wanted fewer", name, frame->items,
                    raw_item_bytes(frame));
    /* The header is formatted again and compared, which refuses other spellings, such as leading zeros. */
    if (raw_format(frame, again, name) < 0)
        return -1;
    if (memcmp(text, again, RAW_HEADER) != 0) {
        const int wanted = (int)(strchr(again, frame->last ? '.' : '+') - again) + 1;
        return fail("%s: header '%.*s', wanted '%.*s'", name, (int)length, text, wanted, again);
    }
    return 0;
}

static int read_header(struct raw_reader *reader, struct raw_frame *frame) {
    char text[RAW_HEADER + 1] = "";
    ssize_t n = input_read(&reader->in, text, RAW_HEADER);
    if (n <= 0)
        return (int)n;
    if (reader->started && memcmp(text, "raw1", n < 4 ? (size_t)n : 4) != 0)
        return fail("%s: bytes that are no frame follow after %" PRIu64
                    " items, wanted %s: is the count in the header "
                    "before them right?",
                    reader->in.name, reader->items, reader->frame.last ? "the end" : "a frame");
    const size_t compared = (size_t)n < strlen(MAGIC) ? (size_t)n : strlen(MAGIC);
    if (!reader->started && n < RAW_HEADER && memcmp(text, MAGIC, compared) != 0 &&
        foreign_find(text, (size_t)n) != NULL)
        return refuse_start(reader->in.name, text, (size_t)n);
    if (n < RAW_HEADER)
        return fail("%s: ended after %zd bytes of a header, wanted %d", reader->in.name, n, RAW_HEADER);
    return raw_parse(frame, text, reader->in.name) < 0 ? -1 : 1;
}

static void begin_frame(struct raw_reader *reader, const struct raw_frame *frame) {
    reader->frame = *frame;
    reader->left = frame->items * raw_item_bytes(frame);
    reader->total = frame->last ? reader->items + frame->items : 0;
}

/* Reads the first header; `wanted` is for a message if there is none. 0 or -1. */
static int read_first(struct raw_reader *reader, struct raw_frame *frame, const char *wanted) {
    const int result = read_header(reader, frame);
    return result == 0 ? input_fail_empty(&reader->in, wanted) : result < 0 ? -1 : 0;
}

int raw_open(struct raw_reader *reader, const char *path) {
    struct raw_frame frame = {0};
    *reader = (struct raw_reader){.in = {.fd = -1}};
    if (input_open(&reader->in, path) < 0)
        return -1;
    reader->start = lseek(reader->in.fd, 0, SEEK_CUR);
    if (read_first(reader, &frame, "a stream") < 0) {
        input_close(&reader->in);
        return -1;
    }
    begin_frame(reader, &frame);
    return 0;
}

/* 0, or -1 if a frame has other items than the one before it. */
static int check_alike(const struct raw_reader *reader, const struct raw_frame *frame) {
    char found[SHAPE_TEXT], wanted[SHAPE_TEXT];
    if (frame->dtype == reader->frame.dtype && shape_equal(&frame->shape, &reader->frame.shape))
        return 0;
    return fail("%s: a frame of %s %s follows, wanted %s %s as before", reader->in.name, dtype_name(frame->dtype),
                shape_text(&frame->shape, found), dtype_name(reader->frame.dtype),
                shape_text(&reader->frame.shape, wanted));
}

int raw_next(struct raw_reader *reader) {
    struct raw_frame frame;
    if (!reader->started) {
        reader->started = true;
        return 1;
    }
    int result = read_header(reader, &frame);
    if (result == 0 && !reader->frame.last)
        return fail("%s: ended after %" PRIu64 " items with a '+' frame, wanted a '.' frame last: the command "
                    "before it was cut short",
                    reader->in.name, reader->items);
    if (result <= 0)
        return result;
    if (check_alike(reader, &frame) < 0)
        return -1;
    begin_frame(reader, &frame);
    return 1;
}

int raw_rewind(struct raw_reader *reader) {
    struct raw_frame frame = {0};
    if (lseek(reader->in.fd, reader->start, SEEK_SET) < 0)
        return fail_system(reader->in.name, "cannot read");
    reader->started = false;
    reader->items = 0;
    if (read_first(reader, &frame, "the stream that it was before") < 0)
        return -1;
    if (check_alike(reader, &frame) < 0)
        return -1;
    begin_frame(reader, &frame);
    return 0;
}

/* Counts `bytes` bytes of the current frame as read, and the items that end in them. */
static void advance(struct raw_reader *reader, uint64_t bytes) {
    const uint64_t item = raw_item_bytes(&reader->frame), total = reader->frame.items * item;
    const uint64_t before = (total - reader->left) / item;
    reader->left -= bytes;
    reader->items += (total - reader->left) / item - before;
}

ssize_t raw_read_bytes(struct raw_reader *reader, void *buffer, size_t bytes) {
    const uint64_t total = reader->frame.items * raw_item_bytes(&reader->frame);
    if (bytes > reader->left)
        bytes = (size_t)reader->left;
    ssize_t n = input_read(&reader->in, buffer, bytes);
    if (n < 0)
        return -1;
    advance(reader, (uint64_t)n);
    if ((size_t)n < bytes)
        return fail("%s: ended after %" PRIu64 " of %" PRIu64 " bytes of a frame of %" PRIu64 " items, wanted all",
                    reader->in.name, total - reader->left, total, reader->frame.items);
    return n;
}

ssize_t raw_read(struct raw_reader *reader, void *buffer, size_t items) {
    const size_t item = raw_item_bytes(&reader->frame);
    if (items > reader->left / item)
        items = (size_t)(reader->left / item);
    ssize_t n = raw_read_bytes(reader, buffer, items * item);
    return n < 0 ? -1 : (ssize_t)((size_t)n / item);
}

/* Passes over the bytes of a regular file, if it has them. */
static bool seek(const struct raw_reader *reader, uint64_t bytes) {
    struct stat status;
    if (fstat(reader->in.fd, &status) < 0 || !S_ISREG(status.st_mode))
        return false;
    const off_t at = lseek(reader->in.fd, 0, SEEK_CUR);
    return at >= 0 && at <= status.st_size && bytes <= (uint64_t)(status.st_size - at) &&
           lseek(reader->in.fd, (off_t)bytes, SEEK_CUR) >= 0;
}

int raw_skip(struct raw_reader *reader, uint64_t bytes) {
    unsigned char chunk[SKIPPED];
    if (bytes > reader->left)
        bytes = reader->left;
    if (seek(reader, bytes)) {
        advance(reader, bytes);
        return 0;
    }
    while (bytes > 0) {
        const ssize_t n = raw_read_bytes(reader, chunk, bytes < SKIPPED ? (size_t)bytes : SKIPPED);
        if (n < 0)
            return -1;
        bytes -= (uint64_t)n;
    }
    return 0;
}

void raw_close(struct raw_reader *reader) {
    input_close(&reader->in);
}

int raw_writer_start(struct raw_writer *w) {
    *w = (struct raw_writer){.left = 0};
    return output_standard(&w->out);
}

int raw_writer_create(struct raw_writer *w, const char *path, const char *input) {
    *w = (struct raw_writer){.left = 0};
    return output_create(&w->out, path, input);
}

static int write_held(struct raw_writer *w) {
    const size_t bytes = w->held_bytes;
    w->held_bytes = 0;
    return output_write(&w->out, w->held, bytes);
}

/* Writes the bytes that were held back and then `data`, at least one byte, except the bytes to hold back now. */
static int write_holding(struct raw_writer *w, const void *data, size_t bytes) {
    const bool ends = w->last && w->left == 0;
    const size_t hold = !ends ? 0 : w->begun ? 1 : bytes;
    if (write_held(w) < 0 || output_write(&w->out, data, bytes - hold) < 0)
        return -1;
    memcpy(w->held, (const char *)data + bytes - hold, hold);
    w->held_bytes = hold;
    w->begun = true;
    return 0;
}

int raw_write_header(struct raw_writer *w, const struct raw_frame *frame) {
    char text[RAW_HEADER];
    if (raw_format(frame, text, w->out.name) < 0)
        return -1;
    w->last = frame->last;
    w->left = frame->items * raw_item_bytes(frame);
    return write_holding(w, text, sizeof text);
}

int raw_write(struct raw_writer *w, const void *data, size_t bytes) {
    w->left -= bytes;
    return bytes == 0 ? 0 : write_holding(w, data, bytes);
}

int raw_finish(struct raw_writer *w) {
    return write_held(w);
}

int raw_writer_close(struct raw_writer *w) {
    int result = raw_finish(w);
    if (close(w->out.fd) < 0 && result == 0)
        result = fail_system(w->out.name, "cannot close");
    w->out.fd = -1;
    return result;
}

void raw_writer_abandon(struct raw_writer *w) {
    if (w->out.fd >= 0)
        close(w->out.fd);
    w->out.fd = -1;
}
