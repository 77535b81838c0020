/* SPDX-License-Identifier: MIT */
#ifndef EXPORT_PROTOBUF_H
#define EXPORT_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A message of Protocol Buffers, built in memory: fields one after the other, each a key and a value. Source:
 * "Encoding", https://protobuf.dev/programming-guides/encoding. It is written here, since the schema of ONNX
 * compiled for C, and the library that this needs, are many times as large as this writer. */

#define PROTOBUF_MAX ((size_t)INT32_MAX) /* bytes of a message that its readers accept */

struct protobuf {
    const char *name; /* begins messages; not owned */
    size_t limit;     /* most bytes; 0 stands for PROTOBUF_MAX */
    unsigned char *bytes;
    size_t size, room;
    bool failed; /* since the first error; checked once, by protobuf_finish */
};

/* Append a field of the message, or of the message in it that protobuf_begin has begun last. */
void protobuf_number(struct protobuf *p, unsigned field, uint64_t value); /* int32, int64, enum */
void protobuf_bytes(struct protobuf *p, unsigned field, const void *data, size_t size);
void protobuf_text(struct protobuf *p, unsigned field, const char *text);

/* Begins a message that is the value of a field. protobuf_end ends it, given the returned number. */
size_t protobuf_begin(struct protobuf *p, unsigned field);
void protobuf_end(struct protobuf *p, size_t begin);

/* 0, or -1 with the message of the first error. */
int protobuf_finish(const struct protobuf *p) __attribute__((warn_unused_result));

void protobuf_free(struct protobuf *p);

#endif
