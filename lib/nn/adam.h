#ifndef NN_ADAM_H
#define NN_ADAM_H

#include "nn/math_kernel.h"
#include "nn/parameters.h"

#include <stdint.h>

/* Adam (Kingma and Ba 2015, algorithm 1) with beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8. */

/* The constants of step t, counted from 1. */
struct adam_step adam_step(double rate, uint64_t t);

/* Updates numbers [offset, offset + size) from their gradient, which is 0 afterwards: any division of the whole
 * gives the same. */
void adam_update(const struct adam_step *step, struct parameters *p, size_t offset, size_t size);

#endif
