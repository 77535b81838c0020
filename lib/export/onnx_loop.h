/* SPDX-License-Identifier: MIT */
#ifndef EXPORT_ONNX_LOOP_H
#define EXPORT_ONNX_LOOP_H

#include <stddef.h>

/* The operator Loop, with its body: a graph of its own, which may read the values that were there before it. */

struct onnx;

/* What goes from one position to the next: names of values. */
struct onnx_carried {
    const char *state; /* [items, units] */
    const char *token; /* [items, 1] */
};

struct onnx_loop {
    size_t positions;                  /* how often the body runs; 0: there is no loop */
    const char *number;                /* that of the position, from 0 on; a scalar */
    const char *condition, *tokens;    /* of the body: to go on, always true; the result */
    struct onnx_carried before, after; /* of the body; `after` is set by who writes it */
    size_t node, attribute, body;      /* where these messages begin */
};

/* Begins a loop, to whose body all further operators belong until its end. `first` is what its first position is
 * given. There is one loop in a graph. */
void onnx_loop_begin(struct onnx *o, size_t positions, const struct onnx_carried *first);

/* Ends it, given the name of a value of the body [items, 1]. Returns that of all positions' [positions, items, 1].
 */
const char *onnx_loop_end(struct onnx *o, const char *each);

#endif
