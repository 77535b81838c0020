/* SPDX-License-Identifier: MIT */
#ifndef NN_SAFETENSORS_H
#define NN_SAFETENSORS_H

#include "base/io.h"
#include "nn/parameters.h"

#include <jansson.h>
#include <stdbool.h>

/* The safetensors format: the length of a JSON header as little-endian u64, the header, and the data of the
 * tensors. A file is written and read for a list of tensors that is known before. Reading is strict: the header
 * must have exactly these tensors, each once and with the expected offset, so that the data has no gaps, overlaps
 * or bytes at the end. A file of another program may have them in any order, see safetensors_place. */

/* Limits of a header: its bytes, and the number of its JSON values, since an empty object takes 80 times the memory
 * of its text. */
#define SAFETENSORS_HEADER_MAX ((size_t)16 << 20)
#define SAFETENSORS_VALUES_MAX ((size_t)1 << 18)
#define SAFETENSORS_NAME (TENSOR_NAME + 16)

enum stored_type { STORED_F32, STORED_F64 };

struct stored {
    char name[SAFETENSORS_NAME];
    enum stored_type type;
    struct shape shape;   /* 1 to TENSOR_RANK dimensions */
    size_t offset, bytes; /* place in the data, and size */
    void *data;           /* not owned; NULL if the file is only checked */
};

/* A list of tensors; with all fields 0 it is empty. End with safetensors_free. */
struct safetensors {
    size_t count, bytes;   /* number of tensors, and bytes of their data */
    struct stored *tensor; /* [count]; owned */
    bool failed;           /* memory ran out for a tensor; functions that use the list then fail */
};

/* The kind of a file: a model or a checkpoint. */
struct safetensors_kind {
    const char *format;      /* value of "format" in the metadata */
    const char *name, *page; /* of the kind and of its man page, for messages */
    const char *advice;      /* end of the message if a file of the other kind is given instead; "": none */
    bool plain;              /* a file of another program is accepted, too, which may have no metadata */
};

/* safetensors_either is for readers of both kinds, and safetensors_start for a reader of models and of files of
 * other programs. Such readers then look at "format" themselves. */
extern const struct safetensors_kind safetensors_model, safetensors_checkpoint, safetensors_either,
    safetensors_start;

/* Adds a tensor whose numbers are, or will be, at `data`. Its bytes in the file follow those of the previous
 * tensor. An error is kept in `failed`. */
void safetensors_add(struct safetensors *file, enum stored_type type, const char *name, const struct shape *shape,
                     void *data);

/* Adds all tensors of a table, with `prefix` before their names. `array` is an array of the table, such as
 * p->value, or NULL. */
void safetensors_add_parameters(struct safetensors *file, const char *prefix, const struct parameters *p,
                                float *array);

void safetensors_free(struct safetensors *file);

/* Writes the tensors with `metadata`, an object of strings, to which it adds "xxh64", the XXH64 of the data as 16
 * hexadecimal digits. The caller keeps its reference. If the header is beyond the limits above, nothing is written.
 * 0 or -1. */
int safetensors_write(const struct output *out, const struct safetensors *file, json_t *metadata)
    __attribute__((warn_unused_result));

/* Reads the header of a file of this kind, and refuses one of another kind. *metadata becomes a new reference to
 * the metadata, an object of strings, and *tensors to the rest of the header; on error they may be NULL. If a file
 * of another program has no metadata, the object is empty. 0 or -1; end with json_decref of both in both cases. */
int safetensors_read_header(const struct input *in, const struct safetensors_kind *kind, json_t **metadata,
                            json_t **tensors) __attribute__((warn_unused_result));

/* Checks that the header has exactly the tensors of the list, whose `data` may be NULL. 0 or -1. */
int safetensors_check(const struct input *in, const json_t *tensors, const struct safetensors *file)
    __attribute__((warn_unused_result));

/* The same for a file of another program, which may have the tensors in any order: sets the offsets of the list,
 * which it sorts by them, to those of the header. Checks that they leave no gaps and no overlaps. 0 or -1. */
int safetensors_place(const struct input *in, const json_t *tensors, struct safetensors *file)
    __attribute__((warn_unused_result));

/* Reads the data to the tensors' `data`, and checks its length, but no checksum and no numbers. 0 or -1. */
int safetensors_read_unchecked(const struct input *in, const struct safetensors *file)
    __attribute__((warn_unused_result));

/* Reads the data to the tensors' `data`, and checks its length and its checksum. Does not check the numbers. 0 or
 * -1. */
int safetensors_read_data(const struct input *in, const json_t *metadata, const struct safetensors *file)
    __attribute__((warn_unused_result));

/* Reads the data of tensors that need not be known, and checks its checksum. 0 or -1. */
int safetensors_check_data(const struct input *in, const json_t *metadata) __attribute__((warn_unused_result));

/* Checks that all numbers of the tensors from index `first` on are finite. 0, or -1 with a message that begins with
 * `name`. */
int safetensors_check_finite(const struct safetensors *file, size_t first, const char *name)
    __attribute__((warn_unused_result));

#endif
