/* SPDX-License-Identifier: MIT */
#include "text/units.h"

#include "base/error.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#define BUFFER ((size_t)1 << 18) /* bytes; more than the longest unit */
#define WANTED "lines of text"

/* Looks for the end of the line in the bytes from `from` on. */
static void find_end(struct units *u, size_t from) {
    const char *end = memchr(u->buffer + from, '\n', u->have - from);
    u->whole = end != NULL;
    u->end = u->whole ? (size_t)(end - u->buffer) : u->have;
}

/* Characters that begin in these bytes: all of them but those that continue a character of UTF-8. */
static uint64_t count_characters(const char *text, size_t length) {
    uint64_t n = 0;
    for (size_t i = 0; i < length; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

/* Keeps the first bytes of the text, from those that have just come. */
static void keep_start(struct units *u, const char *text, size_t size) {
    const size_t room = FOREIGN_BYTES - u->started, some = size < room ? size : room;
    memcpy(u->start + u->started, text, some);
    u->started += some;
}

/* Reads more of the input. The bytes that were taken leave the buffer. 0 or -1. */
static int refill(struct units *u) {
    if (u->at > u->begin) {
        u->before = u->buffer[u->at - 1];
        u->bytes += u->at - u->begin;
        u->characters += count_characters(u->buffer + u->begin, u->at - u->begin);
    }
    memmove(u->buffer, u->buffer + u->at, u->have - u->at);
    const size_t kept = u->have - u->at;
    u->begin = u->at = 0;
    u->have = kept;
    const ssize_t n = input_read_some(&u->in, u->buffer + kept, BUFFER - kept);
    if (n < 0)
        return -1;
    XXH64_update(u->hash, u->buffer + kept, (size_t)n);
    keep_start(u, u->buffer + kept, (size_t)n);
    u->have += (size_t)n;
    u->ended = n == 0;
    find_end(u, kept);
    return 0;
}

/* Begins to read, at the beginning of the text. */
static int begin(struct units *u) {
    u->begin = u->at = u->end = u->have = u->started = 0;
    u->bytes = u->characters = u->lines = u->returns = 0;
    u->before = '\0';
    u->whole = u->ended = false;
    XXH64_reset(u->hash, 0);
    return refill(u);
}

int units_open(struct units *u, const char *path) {
    *u = (struct units){.again = false};
    if (input_open(&u->in, path) < 0)
        return -1;
    u->beginning = lseek(u->in.fd, 0, SEEK_CUR);
    u->buffer = malloc(BUFFER);
    u->hash = XXH64_createState();
    int result = -1;
    if (u->buffer == NULL || u->hash == NULL)
        (void)fail("%s: out of memory for its lines", u->in.name);
    else
        result = begin(u);
    if (result == 0 && u->ended)
        result = input_fail_empty(&u->in, WANTED);
    if (result < 0)
        units_close(u);
    return result;
}

void units_close(struct units *u) {
    input_close(&u->in);
    free(u->buffer);
    XXH64_freeState(u->hash);
    u->buffer = NULL;
    u->hash = NULL;
}

/* Makes the rest of the line, or at least `wanted` bytes of it, be in the buffer. 1, 0 if there is no further line,
 * or -1. */
static int fill(struct units *u, size_t wanted) {
    while (!u->whole && u->end - u->at < wanted) {
        if (u->ended) {
            u->whole = u->bytes > 0 || u->end > u->begin;
            return u->whole;
        }
        if (refill(u) < 0)
            return -1;
    }
    return 1;
}

/* Goes to the line after the one that was read. */
static void end_line(struct units *u) {
    const char *last = u->end > u->begin ? &u->buffer[u->end - 1] : &u->before;
    u->returns += *last == '\r';
    u->before = '\0';
    u->lines++;
    u->begin = u->at = u->end < u->have ? u->end + 1 : u->end;
    u->bytes = u->characters = 0;
    find_end(u, u->at);
}

static int fail_changed(const struct units *u) {
    return fail("%s: was changed while it was read, wanted it unchanged", u->in.name);
}

/* Refuses a file of another format: one of binary data, or a stream. */
static int check_start(const struct units *u) {
    const struct foreign *found = foreign_find(u->start, u->started);
    const bool is_stream = u->started >= 5 && memcmp(u->start, "raw1 ", 5) == 0;
    if (found == NULL || (!is_stream && !foreign_is_binary(u->start, u->started)))
        return 0;
    return fail("%s: looks like %s, wanted " WANTED "%s%s%s", u->in.name, found->name,
                found->unpack != NULL ? ": " : "", found->unpack != NULL ? found->unpack : "",
                found->unpack != NULL ? " unpacks it" : "");
}

/* Refuses the text at the next byte, which begins no unit. */
static int refuse(const struct units *u, const struct unit *unit) {
    const char *text = u->buffer + u->at;
    const size_t taken = u->at - u->begin, left = u->end - u->at;
    const uint64_t line = u->lines + 1,
                   place = 1 + (unit->by_bytes ? u->bytes + taken
                                               : u->characters + count_characters(u->buffer + u->begin, taken));
    const char *what = unit->by_bytes ? "byte" : "column";
    uint32_t code;
    size_t shown = utf8_read(text, left, &code);
    if (u->again)
        return fail_changed(u);
    if (check_start(u) < 0)
        return -1;
    if (*text == '\0')
        return fail("%s: line %" PRIu64 ", %s %" PRIu64 ": found a byte of value 0, wanted text", u->in.name, line,
                    what, place);
    if (*text == '\r' && left == 1 && u->whole)
        return fail("%s: line %" PRIu64 ", %s %" PRIu64
                    ": found a carriage return (CR) at the line's end, wanted %s: tr -d '\\r' removes it",
                    u->in.name, line, what, place, unit->wanted);
    if (u->lines == 0 && place == 1 && utf8_has_mark(text, left))
        return fail("%s: line 1, column 1: found a byte order mark (BOM), wanted %s: " UTF8_MARK_ADVICE, u->in.name,
                    unit->wanted);
    if (shown == 0)
        shown = 1;
    return fail("%s: line %" PRIu64 ", %s %" PRIu64 ": found '%.*s', wanted %s", u->in.name, line, what, place,
                (int)shown, text, unit->wanted);
}

int units_line(struct units *u, const struct unit *unit, size_t *count) {
    *count = 0;
    do {
        const int more = fill(u, unit->longest);
        if (more <= 0)
            return more;
        while (u->at < u->end && (u->whole || u->end - u->at >= unit->longest)) {
            const size_t bytes = unit->take(unit->context, u->buffer + u->at, u->end - u->at);
            if (bytes == 0)
                return refuse(u, unit);
            u->at += bytes;
            ++*count;
        }
    } while (!u->whole);
    end_line(u);
    return 1;
}

int units_check_length(const struct units *u, size_t count, size_t most, const char *source) {
    if (count <= most)
        return 0;
    if (u->again)
        return fail_changed(u);
    return fail("%s: line %" PRIu64 ": found %zu tokens, wanted at most %zu (%s)", u->in.name, u->lines, count,
                most, source);
}

bool units_are_regular(const struct units *u) {
    struct stat status;
    return fstat(u->in.fd, &status) == 0 && S_ISREG(status.st_mode);
}

int units_rewind(struct units *u) {
    u->first_hash = XXH64_digest(u->hash);
    u->again = true;
    if (u->beginning < 0 || lseek(u->in.fd, u->beginning, SEEK_SET) < 0)
        return fail_system(u->in.name, "cannot seek");
    return begin(u);
}

bool units_have_mark(const struct units *u) {
    return utf8_has_mark(u->start, u->started);
}

int units_check_end(const struct units *u) {
    return u->again && XXH64_digest(u->hash) != u->first_hash ? fail_changed(u) : 0;
}
