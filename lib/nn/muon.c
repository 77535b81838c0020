#include "kernel/math_kernel.h"
#include "nn/linear.h"
#include "nn/optimizer.h"

#include <math.h>
#include <string.h>

#define MOMENTUM 0.95f
#define STEPS 5
#define RMS 0.2 /* of an update's numbers at rate 1, about what Adam's have: Liu et al. 2025 */

/* The quintic a s + b s^3 + c s^5, five times over, moves every s in (0, 1] to between 0.7 and 1.2: Jordan et al.
 * 2024. */
#define A 3.4445f
#define B (-4.7750f)
#define C 2.0315f

static size_t smaller_side(const struct tensor *t) {
    return t->rows < t->columns ? t->rows : t->columns;
}

/* Two matrices of the tensor's size, two Gram matrices of its smaller side. */
size_t muon_scratch(const struct tensor *t) {
    return 2 * t->size + 2 * smaller_side(t) * smaller_side(t);
}

/* One step of x = A x + (B G + C G G) x, G = x x', or from the right with G = x' x where x is tall. `y` becomes the
 * new x, and the other way round. */
static void newton_schulz(const struct tensor *t, float **x, float **y, float *gram, float *polynomial) {
    const size_t n = smaller_side(t);
    const bool tall = t->rows > t->columns;
    matrix_gram(*x, t->rows, t->columns, tall, gram);
    memcpy(polynomial, gram, n * n * sizeof *gram);
    matrix_multiply(n, n, n, C, gram, gram, B, polynomial);
    memcpy(*y, *x, t->size * sizeof **x);
    if (tall)
        matrix_multiply(t->rows, t->columns, n, 1.0f, *x, polynomial, A, *y);
    else
        matrix_multiply(t->rows, t->columns, n, 1.0f, polynomial, *x, A, *y);
    float *const before = *x;
    *x = *y;
    *y = before;
}

void muon_update(double rate, double scale, float keep, struct parameters *p, const struct tensor *t,
                 float *scratch) {
    const size_t n = smaller_side(t);
    float *x = scratch, *y = x + t->size, *gram = y + t->size, *polynomial = gram + n * n;
    const struct math_kernel *kernel = math_kernel();
    const double norm =
        sqrt(kernel->momentum(x, p->first + t->offset, p->gradient + t->offset, (float)scale, MOMENTUM, t->size));
    kernel->scale(x, (float)(1 / (norm + 1e-20)), t->size);
    for (int step = 0; step < STEPS; step++)
        newton_schulz(t, &x, &y, gram, polynomial);
    const double larger = (double)(t->rows < t->columns ? t->columns : t->rows);
    kernel->scale(p->value + t->offset, keep, t->size);
    kernel->scale(x, (float)(-rate * RMS * sqrt(larger)), t->size);
    kernel->add(p->value + t->offset, x, t->size);
}
