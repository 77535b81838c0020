/* SPDX-License-Identifier: MIT */
#include "text/decimal.h"

#include <math.h>
#include <string.h>

/* Writes a whole number, or nothing if the type does not have it. */
static bool set_whole(enum dtype dtype, double value, unsigned char *to) {
    const bool byte = dtype == DTYPE_U8;
    if (!(value >= (byte ? 0 : (double)INT32_MIN) && value <= (byte ? UINT8_MAX : (double)INT32_MAX)) ||
        value != trunc(value))
        return false;
    const int32_t whole = (int32_t)value;
    if (byte)
        *to = (unsigned char)whole;
    else
        memcpy(to, &whole, sizeof whole);
    return true;
}

enum decimal decimal_store(enum dtype dtype, const char *text, size_t length, unsigned char *to) {
    double value = 0;
    float narrow = 0;
    enum decimal result;
    if (dtype == DTYPE_F32) {
        result = decimal_read_float(text, length, &narrow);
        memcpy(to, &narrow, sizeof narrow);
        return result;
    }
    result = decimal_read(text, length, &value);
    if (dtype == DTYPE_F64)
        memcpy(to, &value, sizeof value);
    else if (result == DECIMAL_NUMBER && !set_whole(dtype, value, to))
        return DECIMAL_LARGE;
    return result;
}

const char *decimal_wanted(enum dtype dtype) {
    static const char *const wanted[DTYPES] = {
        [DTYPE_U8] = "a whole number from 0 to 255, or another --dtype",
        [DTYPE_I32] = "a whole number from -2147483648 to 2147483647, or another --dtype",
        [DTYPE_F32] = "a number below 3.5e38, or --dtype f64",
        [DTYPE_F64] = "a number below 1.8e308",
    };
    return wanted[dtype];
}
