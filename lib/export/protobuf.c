/* SPDX-License-Identifier: MIT */
#include "export/protobuf.h"

#include "base/error.h"
#include "base/number.h"

#include <stdlib.h>
#include <string.h>

enum { VARINT = 0, DELIMITED = 2 }; /* kinds of values: a number; a length, and so many bytes */
enum { VARINT_MAX = 10 };           /* bytes of one */

/* Makes room for more bytes. False: the message has failed. */
static bool reserve(struct protobuf *p, size_t more) {
    const size_t limit = p->limit == 0 ? PROTOBUF_MAX : p->limit;
    if (p->failed)
        return false;
    if (more > limit || p->size > limit - more) {
        (void)fail("%s: takes more than %zu bytes as ONNX, wanted a smaller model", p->name, limit);
        return !(p->failed = true);
    }
    if (p->size + more <= p->room)
        return true;
    const size_t room = larger(2 * p->room, p->size + more);
    unsigned char *grown = realloc(p->bytes, room);
    if (grown == NULL) {
        (void)fail("%s: out of memory for %zu bytes of ONNX", p->name, room);
        return !(p->failed = true);
    }
    p->bytes = grown;
    p->room = room;
    return true;
}

/* Seven bits per byte, the lowest first; all bytes but the last have the highest bit set. Returns the bytes. */
static size_t varint(unsigned char to[VARINT_MAX], uint64_t value) {
    size_t n = 0;
    for (; value >= 0x80; value >>= 7)
        to[n++] = (unsigned char)(value | 0x80);
    to[n++] = (unsigned char)value;
    return n;
}

/* Inserts bytes at a position, before those that follow. */
static void insert(struct protobuf *p, size_t at, const void *data, size_t size) {
    if (size == 0 || !reserve(p, size))
        return;
    memmove(p->bytes + at + size, p->bytes + at, p->size - at);
    memcpy(p->bytes + at, data, size);
    p->size += size;
}

static void insert_varint(struct protobuf *p, size_t at, uint64_t value) {
    unsigned char bytes[VARINT_MAX];
    const size_t size = varint(bytes, value);
    insert(p, at, bytes, size);
}

static void add_key(struct protobuf *p, unsigned field, unsigned kind) {
    insert_varint(p, p->size, (uint64_t)field << 3 | kind);
}

void protobuf_number(struct protobuf *p, unsigned field, uint64_t value) {
    add_key(p, field, VARINT);
    insert_varint(p, p->size, value);
}

void protobuf_bytes(struct protobuf *p, unsigned field, const void *data, size_t size) {
    add_key(p, field, DELIMITED);
    insert_varint(p, p->size, size);
    insert(p, p->size, data, size);
}

void protobuf_text(struct protobuf *p, unsigned field, const char *text) {
    protobuf_bytes(p, field, text, strlen(text));
}

size_t protobuf_begin(struct protobuf *p, unsigned field) {
    add_key(p, field, DELIMITED);
    return p->size;
}

/* The length, which is known only now, takes few bytes: what follows is moved. */
void protobuf_end(struct protobuf *p, size_t begin) {
    if (!p->failed)
        insert_varint(p, begin, p->size - begin);
}

int protobuf_finish(const struct protobuf *p) {
    return p->failed ? -1 : 0;
}

void protobuf_free(struct protobuf *p) {
    free(p->bytes);
    *p = (struct protobuf){0};
}
