#ifndef NN_SAFETENSORS_H
#define NN_SAFETENSORS_H

#include "base/io.h"
#include "nn/parameters.h"

#include <jansson.h>

/* The safetensors format: u64 little-endian length of a JSON header, the header, the tensors' bytes. Written
 * and read for tables of F32 parameters alone, and strictly: the header names just the table's tensors, each
 * once and at its place, so that the data has no holes, no overlaps and no rest. */

#define SAFETENSORS_HEADER_MAX ((size_t)1 << 20)

/* Writes `p` with `metadata` (an object of strings; not consumed), to which "xxh64", the data's XXH64 as 16
 * hexadecimal digits, is added. 0 or -1. */
int safetensors_write(const struct output *out, const struct parameters *p, json_t *metadata)
    __attribute__((warn_unused_result));

/* Reads the header. The metadata as a new reference to an object of strings; *tensors as one to the rest. */
int safetensors_read_header(const struct input *in, json_t **metadata, json_t **tensors)
    __attribute__((warn_unused_result));

/* Checks the header against the table, whose values need not be allocated yet. */
int safetensors_check(const struct input *in, const json_t *tensors, const struct parameters *p)
    __attribute__((warn_unused_result));

/* Reads the data into p->value and checks its length, its checksum and that every value is finite. */
int safetensors_read_data(const struct input *in, const json_t *metadata, struct parameters *p)
    __attribute__((warn_unused_result));

#endif
