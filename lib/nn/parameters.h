/* SPDX-License-Identifier: MIT */
#ifndef NN_PARAMETERS_H
#define NN_PARAMETERS_H

#include <stddef.h>

#define TENSOR_NAME 48
#define PARAMETERS_MAX 64

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
    size_t rows, columns; /* columns 0: a vector of `rows` numbers */
    size_t offset, size;  /* in numbers */
};

struct parameters {
    size_t count;
    struct tensor tensor[PARAMETERS_MAX];
    size_t size;  /* numbers in all */
    float *value; /* [size], owned like the others */
    float *
        gradient; /* [size] 0 between steps: what is added is used up by the update; NULL before parameters_train */
    float *first; /* [size] Adam's first moment */
    float *second;  /* [size] Adam's second moment */
    float *average; /* [size] of the values over the steps; NULL before parameters_average */
};

/* Adds a tensor to the table; its offset, or (size_t)-1 if the table is full. Before the
 * values are allocated. */
size_t parameters_add(struct parameters *p, enum tensor_kind kind, const char *name, size_t rows, size_t columns);

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
