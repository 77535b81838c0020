/* SPDX-License-Identifier: MIT */
#ifndef NN_SAFETENSORS_H
#define NN_SAFETENSORS_H

#include "base/io.h"
#include "nn/parameters.h"

#include <jansson.h>
#include <stdbool.h>

/* The safetensors format: u64 little-endian length of a JSON header, the header, the tensors' bytes. Written
 * and read for a list of tensors that is known before, and strictly: the header names just these, each once and at
 * its place, so that the data has no holes, no overlaps and no rest. */

/* Limits of a header: its bytes, and the values of its JSON, since an empty object takes 80 times the memory of its
 * text. */
#define SAFETENSORS_HEADER_MAX ((size_t)16 << 20)
#define SAFETENSORS_VALUES_MAX ((size_t)1 << 18)
#define SAFETENSORS_NAME (TENSOR_NAME + 16)

enum stored_type { STORED_F32, STORED_F64 };

struct stored {
    char name[SAFETENSORS_NAME];
    enum stored_type type;
    struct shape shape;   /* 1 to TENSOR_RANK dimensions */
    size_t offset, bytes; /* in the data */
    void *data;           /* not owned; NULL while the file is only checked */
};

/* The list of a file's tensors, empty if all is 0. End with safetensors_free. */
struct safetensors {
    size_t count, bytes; /* of all */
    struct stored *tensor;
    bool failed; /* there was no memory for one of them: what is done with the list is refused */
};

/* The kind of a file: a model or a checkpoint. */
struct safetensors_kind {
    const char *format, *name, *page; /* "format" in the metadata; in messages, the kind's name and its man page */
    const char *advice;               /* on a file of the other kind, with ": " before it; "": none */
};

extern const struct safetensors_kind safetensors_model, safetensors_checkpoint;

/* Adds a tensor, whose numbers are or will be at `data`; its bytes follow those of the tensor added before. */
void safetensors_add(struct safetensors *file, enum stored_type type, const char *name, const struct shape *shape,
                     void *data);

/* Adds all tensors of a table, with `prefix` before their names; `array` is one of the table's, or NULL. */
void safetensors_add_parameters(struct safetensors *file, const char *prefix, const struct parameters *p,
                                float *array);

void safetensors_free(struct safetensors *file);

/* Writes the tensors with `metadata` (an object of strings; not consumed), to which "xxh64", the data's XXH64 as 16
 * hexadecimal digits, is added. Nothing is written if the header would not be read again. 0 or -1. */
int safetensors_write(const struct output *out, const struct safetensors *file, json_t *metadata)
    __attribute__((warn_unused_result));

/* Reads the header of a file of this kind; one of the other kind is refused. *metadata is a new reference to an
 * object of strings, *tensors one to the rest of the header; on error either may be NULL. 0 or -1; end with
 * json_decref of both in both cases. */
int safetensors_read_header(const struct input *in, const struct safetensors_kind *kind, json_t **metadata,
                            json_t **tensors) __attribute__((warn_unused_result));

/* Checks the header against the list, whose data need not be there yet. */
int safetensors_check(const struct input *in, const json_t *tensors, const struct safetensors *file)
    __attribute__((warn_unused_result));

/* Reads the data, and checks its length and its checksum; what the numbers may be is the caller's to check. */
int safetensors_read_data(const struct input *in, const json_t *metadata, const struct safetensors *file)
    __attribute__((warn_unused_result));

/* 0 if all numbers of the tensors from `first` on are finite, else -1 with a message that `name` opens. */
int safetensors_check_finite(const struct safetensors *file, size_t first, const char *name)
    __attribute__((warn_unused_result));

#endif
