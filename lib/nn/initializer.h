#ifndef NN_INITIALIZER_H
#define NN_INITIALIZER_H

#include "nn/linear.h"

#include <stdint.h>

/* How a layer's weights and biases are drawn before training. One entry of the table in initializer.c each, uniform
 * on
 * +-bound:
 *     torch   bound 1/sqrt(in), biases too, as torch.nn.Linear has them
 *     glorot  sqrt(6/(in + out)), biases 0: Glorot and Bengio 2010, equation 16
 *     he      sqrt(6/in), biases 0: He et al. 2015, equation 10 */
struct initializer;

/* NULL with a message opened by `what`. */
const struct initializer *initializer_find(const char *what, const char *name);

/* Gives a layer its first values in the table `value`. `out` is what the bound is told of its outputs, which may be
 * several layers' in one; `number` tells the noise of the model's layers apart. */
void initializer_run(const struct initializer *initializer, const struct linear *layer, size_t out, uint64_t seed,
                     uint64_t number, float *value);

#endif
