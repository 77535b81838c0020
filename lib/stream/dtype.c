/* SPDX-License-Identifier: MIT */
#include "stream/dtype.h"

#include "base/error.h"

#include <string.h>

static const struct {
    const char *name;
    size_t size;
} dtypes[DTYPES] = {
    [DTYPE_U8] = {"u8", 1},
    [DTYPE_I32] = {"i32", 4},
    [DTYPE_F32] = {"f32", 4},
    [DTYPE_F64] = {"f64", 8},
};

const char *dtype_name(enum dtype dtype) {
    return dtypes[dtype].name;
}

const char *dtype_nth(size_t i) {
    return i < DTYPES ? dtypes[i].name : NULL;
}

int dtype_find(const char *name, size_t length) {
    for (int i = 0; i < DTYPES; i++)
        if (strlen(dtypes[i].name) == length && memcmp(dtypes[i].name, name, length) == 0)
            return i;
    return -1;
}

int dtype_parse(void *dtype, const char *name, const char *text) {
    const int found = dtype_find(text, strlen(text));
    if (found < 0)
        return fail("%s: found '%s', wanted u8, i32, f32 or f64", name, text);
    *(enum dtype *)dtype = (enum dtype)found;
    return 0;
}

bool dtype_is_real(enum dtype dtype) {
    return dtype == DTYPE_F32 || dtype == DTYPE_F64;
}

size_t dtype_size(enum dtype dtype) {
    return dtypes[dtype].size;
}

double dtype_value(enum dtype dtype, const void *from) {
    int32_t i32;
    float f32;
    double f64;
    switch (dtype) {
    case DTYPE_U8:
        return *(const uint8_t *)from;
    case DTYPE_I32:
        memcpy(&i32, from, sizeof i32);
        return i32;
    case DTYPE_F32:
        memcpy(&f32, from, sizeof f32);
        return (double)f32;
    default:
        memcpy(&f64, from, sizeof f64);
        return f64;
    }
}

void dtype_to_float(enum dtype dtype, const void *from, float *to, size_t n) {
    const uint8_t *bytes = from;
    if (dtype == DTYPE_F32) {
        memcpy(to, from, n * sizeof *to);
    } else if (dtype == DTYPE_U8) {
        /* A division gives the nearest float to each of the 256 values; a product with 1/255 does not. */
        for (size_t i = 0; i < n; i++)
            to[i] = (float)(int)bytes[i] / 255.0f;
    } else {
        for (size_t i = 0; i < n; i++)
            to[i] = (float)dtype_value(dtype, bytes + i * dtype_size(dtype));
    }
}
