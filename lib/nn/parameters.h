/* SPDX-License-Identifier: MIT */
#ifndef NN_PARAMETERS_H
#define NN_PARAMETERS_H

#include "stream/shape.h"

#include <stddef.h>

#define TENSOR_NAME 48
#define TENSOR_RANK 4 /* dimensions of a tensor, at most */

/* The table of a model's parameters. It is the only list of them: saving, loading, the optimizer, gradient checks
 * and reports use it. The tensors are in one array without gaps, in the order of the table, which is also the order
 * of the data in a model file. */
enum tensor_kind {
    TENSOR_MATRIX, /* weights of a layer */
    TENSOR_PLAIN,  /* trained number by number, such as biases */
    TENSOR_DERIVED /* not trained, but computed from other tensors */
};

struct tensor {
    char name[TENSOR_NAME];
    enum tensor_kind kind;
    struct shape shape;  /* 1 to TENSOR_RANK dimensions */
    size_t offset, size; /* in numbers, within the arrays of struct parameters */
};

/* Return the rows and columns of the tensor as a row-major matrix: its first dimension, and the product of the
 * others, which is 1 for a vector. */
size_t tensor_rows(const struct tensor *tensor);
size_t tensor_columns(const struct tensor *tensor);

struct parameters {
    size_t count;
    struct tensor *tensor; /* [count], owned; moves when one is added */
    const char *failure;   /* why a tensor could not be added; NULL: all were added */
    size_t size;           /* numbers of all tensors */
    float *value;          /* [size]; owned, like the arrays below */
    float *gradient;       /* [size], 0 between steps, since an update sets it to 0; NULL before parameters_train */
    float *first;          /* [size], first moment of Adam; NULL before parameters_train */
    float *second;         /* [size], second moment of Adam; NULL before parameters_train */
    float *average;        /* [size], moving average of the values; NULL before parameters_average */
};

/* Adds a tensor to the table and returns its offset. To be called before the values are allocated. If a tensor
 * cannot be added, the later ones are not added either, and parameters_check reports the error. */
size_t parameters_add_shape(struct parameters *p, enum tensor_kind kind, const char *name,
                            const struct shape *shape);

/* The same for a matrix [rows, columns], or with columns 0 for a vector [rows]. */
size_t parameters_add(struct parameters *p, enum tensor_kind kind, const char *name, size_t rows, size_t columns);

/* Checks that all tensors were added. 0, or -1 with a message that begins with `name`. The functions that allocate
 * the values call it. */
int parameters_check(const struct parameters *p, const char *name) __attribute__((warn_unused_result));

/* Allocates the values and sets them to 0. 0 or -1. */
int parameters_create(struct parameters *p) __attribute__((warn_unused_result));

/* Allocates the values without setting them, for a caller that will write all of them. 0 or -1. */
int parameters_reserve(struct parameters *p) __attribute__((warn_unused_result));

/* Allocates the gradient and the moments, and sets them to 0. 0, or -1 if memory runs out. */
int parameters_train(struct parameters *p) __attribute__((warn_unused_result));

/* Allocates the moving average as a copy of the values. 0, or -1 if memory runs out. */
int parameters_average(struct parameters *p) __attribute__((warn_unused_result));

/* Exchanges the values and their moving average, if there is one, so that the average can be evaluated. */
void parameters_swap_average(struct parameters *p);

void parameters_free(struct parameters *p);

/* Returns the first tensor with a number that is not finite in `array` [size], such as p->value; NULL: none. */
const struct tensor *parameters_not_finite(const struct parameters *p, const float *array);

#endif
