#ifndef NN_LINEAR_H
#define NN_LINEAR_H

#include <stddef.h>

/* y = x W' + b, one row an item. Weights as torch.nn.Linear has them: W is [out, in], row-major. The functions
 * are plain products on float*; OpenBLAS runs on the calling thread alone, and its result depends on `rows`. */
struct linear {
    size_t in, out;
    size_t weight, bias; /* offsets in the table of parameters */
};

/* y [rows, out] from x [rows, in]. */
void linear_forward(const struct linear *layer, const float *value, const float *x, size_t rows, float *y);

/* dx [rows, in] = dy W, from dy [rows, out]. */
void linear_backward(const struct linear *layer, const float *value, const float *dy, size_t rows, float *dx);

/* The gradient of output units [first, first + units): scale dy' x for W, scale times the sums of dy for b. Other
 * units' are not touched, so that threads may share the work by units. */
void linear_gradient(const struct linear *layer, const float *dy, const float *x, size_t rows, size_t first,
                     size_t units, float scale, float *gradient);

/* Keeps OpenBLAS from starting threads of its own; to be called once before the others. */
void linear_setup(void);

#endif
