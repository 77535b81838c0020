/* SPDX-License-Identifier: MIT */
#include "nn/parameters.h"

#include "base/error.h"
#include "base/memory.h"
#include "kernel/math_kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t parameters_add(struct parameters *p, enum tensor_kind kind, const char *name, size_t rows, size_t columns) {
    if (p->count == PARAMETERS_MAX)
        return (size_t)-1;
    struct tensor *t = &p->tensor[p->count++];
    snprintf(t->name, sizeof t->name, "%s", name);
    t->kind = kind;
    t->rows = rows;
    t->columns = columns;
    t->offset = p->size;
    t->size = columns == 0 ? rows : rows * columns;
    p->size += t->size;
    return t->offset;
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
    return allocate_zeros(&p->value, p->size);
}

int parameters_reserve(struct parameters *p) {
    return allocate(&p->value, p->size);
}

int parameters_train(struct parameters *p) {
    if (allocate_zeros(&p->gradient, p->size) < 0 || allocate_zeros(&p->first, p->size) < 0 ||
        allocate_zeros(&p->second, p->size) < 0)
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
