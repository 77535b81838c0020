/* SPDX-License-Identifier: MIT */
#include "nn/parameters.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"
#include "kernel/math_kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t tensor_rows(const struct tensor *t) {
    return t->shape.dim[0];
}

size_t tensor_columns(const struct tensor *t) {
    return t->size / t->shape.dim[0];
}

/* A failure of a table. */
#define NO_MEMORY "out of memory for the table of its parameters"
static const char no_memory[] = NO_MEMORY;

/* Returns whether a tensor may have these dimensions. Does not check the size. */
static bool has_dimensions(const struct shape *shape) {
    for (size_t i = 0; i < shape->rank && i < TENSOR_RANK; i++)
        if (shape->dim[i] == 0)
            return false;
    return shape->rank >= 1 && shape->rank <= TENSOR_RANK;
}

/* Sets *numbers to the size of a tensor. Returns false if the table, which has `before` numbers, gets too large. */
static bool count_numbers(const struct shape *shape, size_t before, size_t *numbers) {
    *numbers = 1;
    for (size_t i = 0; i < shape->rank; i++)
        if (!multiply(*numbers, shape->dim[i], numbers) || *numbers > SHAPE_MAX_ELEMENTS)
            return false;
    return *numbers <= SHAPE_MAX_ELEMENTS - before;
}

static bool has_tensor(const struct parameters *p, const char *name) {
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->tensor[i].name, name) == 0)
            return true;
    return false;
}

/* Sets the name and the size of the tensor. Returns the reason why it cannot be added; NULL: it can be added. */
static const char *check_tensor(const struct parameters *p, struct tensor *t, const char *name) {
    if (has_tensor(p, name))
        return "two tensors of the same name, wanted a name for each";
    if (snprintf(t->name, sizeof t->name, "%s", name) >= TENSOR_NAME || !has_dimensions(&t->shape))
        return "a tensor's name or dimensions cannot be stored, wanted at most 47 bytes, and 1 to 4 dimensions";
    return count_numbers(&t->shape, t->offset, &t->size) ? NULL
                                                         : "too many parameters, wanted at most 2^48 numbers";
}

size_t parameters_add_shape(struct parameters *p, enum tensor_kind kind, const char *name,
                            const struct shape *shape) {
    struct tensor t = {.kind = kind, .shape = *shape, .offset = p->size};
    if (p->failure == NULL)
        p->failure = check_tensor(p, &t, name);
    if (p->failure != NULL)
        return 0;
    struct tensor *table = memory_grow(p->tensor, p->count, sizeof *table);
    if (table == NULL) {
        p->failure = no_memory;
        return 0;
    }
    p->tensor = table;
    table[p->count++] = t;
    p->size += t.size;
    return t.offset;
}

size_t parameters_add(struct parameters *p, enum tensor_kind kind, const char *name, size_t rows, size_t columns) {
    return parameters_add_shape(p, kind, name,
                                &(struct shape){.rank = columns == 0 ? 1 : 2, .dim = {rows, columns}});
}

int parameters_check(const struct parameters *p, const char *name) {
    if (p->failure == no_memory)
        return fail("%s: " NO_MEMORY, name); /* in the format, see error_cause */
    return p->failure == NULL ? 0 : fail("%s: %s", name, p->failure);
}

static int allocate(float **array, size_t size) {
    *array = memory_allocate(size * sizeof **array);
    return *array == NULL ? fail("parameters: out of memory for %zu numbers", size) : 0;
}

static int allocate_zeros(float **array, size_t size) {
    if (allocate(array, size) < 0)
        return -1;
    memset(*array, 0, size * sizeof **array);
    return 0;
}

int parameters_create(struct parameters *p) {
    return parameters_check(p, "model") < 0 ? -1 : allocate_zeros(&p->value, p->size);
}

int parameters_reserve(struct parameters *p) {
    return parameters_check(p, "model") < 0 ? -1 : allocate(&p->value, p->size);
}

int parameters_train(struct parameters *p) {
    /* Most updates keep gradients elsewhere: zeros that are never written to take no memory. */
    p->gradient = calloc(p->size > 0 ? p->size : 1, sizeof *p->gradient);
    if (p->gradient == NULL)
        return fail("parameters: out of memory for %zu numbers", p->size);
    if (allocate_zeros(&p->first, p->size) < 0 || allocate_zeros(&p->second, p->size) < 0)
        return -1;
    return 0;
}

int parameters_average(struct parameters *p) {
    if (allocate(&p->average, p->size) < 0)
        return -1;
    memcpy(p->average, p->value, p->size * sizeof *p->average);
    return 0;
}

void parameters_swap_average(struct parameters *p) {
    if (p->average == NULL)
        return;
    float *const value = p->value;
    p->value = p->average;
    p->average = value;
}

void parameters_free(struct parameters *p) {
    free(p->tensor);
    free(p->value);
    free(p->gradient);
    free(p->first);
    free(p->second);
    free(p->average);
    *p = (struct parameters){0};
}

const struct tensor *parameters_not_finite(const struct parameters *p, const float *array) {
    for (const struct tensor *t = p->tensor; t < p->tensor + p->count; t++)
        if (!math_kernel()->finite(array + t->offset, t->size))
            return t;
    return NULL;
}
