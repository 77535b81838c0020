/* SPDX-License-Identifier: MIT */
#ifndef NN_PARAMETERS_H
#define NN_PARAMETERS_H

#include "stream/shape.h"

#include <stddef.h>

#define TENSOR_NAME 48
#define TENSOR_RANK 4 /* dimensions of a tensor, at most */

/* The table of a model's parameters: saving, loading, the optimizer, gradient checks and reports walk it, and
 * nothing else lists the weights. Tensors follow each other without gaps in one array, in the table's
 * order, which is the order of the model file's data. */
enum tensor_kind {
    TENSOR_MATRIX, /* a layer's weights */
    TENSOR_PLAIN,  /* trained number by number: biases and the like */
    TENSOR_DERIVED /* not trained, but made of others */
};

struct tensor {
    char name[TENSOR_NAME];
    enum tensor_kind kind;
    struct shape shape;  /* 1 to TENSOR_RANK dimensions */
    size_t offset, size; /* in numbers */
};

/* The tensor as a matrix, row-major as it is: its first dimension, and the product of the others (1: a vector). */
size_t tensor_rows(const struct tensor *tensor);
size_t tensor_columns(const struct tensor *tensor);

struct parameters {
    size_t count;
    struct tensor *tensor; /* [count], owned; moves when one is added */
    const char *failure;   /* why a tensor could not be added; NULL: all were */
    size_t size;           /* numbers in all */
    float *value;          /* [size], owned like the others */
    float *
        gradient; /* [size] 0 between steps: what is added is used up by the update; NULL before parameters_train */
    float *first; /* [size] Adam's first moment */
    float *second;  /* [size] Adam's second moment */
    float *average; /* [size] of the values over the steps; NULL before parameters_average */
};

/* Adds a tensor to the table, before the values are allocated, and returns its offset. If it cannot be added, no
 * other one is, and parameters_check tells. */
size_t parameters_add_shape(struct parameters *p, enum tensor_kind kind, const char *name,
                            const struct shape *shape);

/* The same for a matrix, or with columns 0 for a vector of `rows` numbers. */
size_t parameters_add(struct parameters *p, enum tensor_kind kind, const char *name, size_t rows, size_t columns);

/* 0 if all tensors were added, else -1 with a message that begins with `name`. The functions that allocate the
 * values check it, too. */
int parameters_check(const struct parameters *p, const char *name) __attribute__((warn_unused_result));

/* Allocates the values, all 0. 0 or -1. */
int parameters_create(struct parameters *p) __attribute__((warn_unused_result));

/* Allocates values that are still to be written, as from a file: memory is taken as they are. 0 or -1. */
int parameters_reserve(struct parameters *p) __attribute__((warn_unused_result));

/* Allocates what training needs beside them, all 0. */
int parameters_train(struct parameters *p) __attribute__((warn_unused_result));

/* Allocates the average, which begins as the values. */
int parameters_average(struct parameters *p) __attribute__((warn_unused_result));

/* Exchanges values and average, if there is one: what is evaluated or saved is the average. */
void parameters_swap_average(struct parameters *p);

void parameters_free(struct parameters *p);

/* The first tensor with a number that is not finite in `array`, one of the table's; NULL if there is none. */
const struct tensor *parameters_not_finite(const struct parameters *p, const float *array);

#endif
