/* SPDX-License-Identifier: MIT */
#ifndef FORMAT_NPY_HEADER_H
#define FORMAT_NPY_HEADER_H

#include "stream/raw.h"

/* The header of a .npy file: a Python dictionary as text, with these keys in any order:
 *
 *     {'descr': '<f4', 'fortran_order': False, 'shape': (1000, 28, 28), } */

#define NPY_RANK (SHAPE_MAX_RANK + 1) /* axes of an array: the items, and those of an item */
#define NPY_DESCR 64                  /* bytes of a type's text, with the final 0 */

struct npy_header {
    char descr[NPY_DESCR];
    bool fortran_order;
    size_t rank;
    uint64_t dim[NPY_RANK];
};

/* Parses the header's text, `length` bytes, of which `there` were read; the message for one that is not all there
 * is that it is too long. 0, or -1 with a message that begins with `name`. */
int npy_header_parse(struct npy_header *header, const char *text, size_t there, size_t length, const char *name)
    __attribute__((warn_unused_result));

/* Sets a frame's dtype, shape and number of items, and whether the numbers are big-endian. Refuses an array that
 * is no stream. 0, or -1 with a message that begins with `name`. */
int npy_header_to_frame(const struct npy_header *header, struct raw_frame *frame, bool *swapped, const char *name)
    __attribute__((warn_unused_result));

/* Bytes before the numbers of a file that is written, a multiple of 64. The text of the longest shape takes 117. */
#define NPY_START 128

/* Writes what is before the numbers to `text`, as numpy.save does since version 1.14. Items of shape 1 make an
 * array of one axis. */
void npy_format(const struct raw_frame *frame, char text[NPY_START]);

#endif
