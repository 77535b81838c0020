/* SPDX-License-Identifier: MIT */
#ifndef NN_INITIALIZER_H
#define NN_INITIALIZER_H

#include <stddef.h>
#include <stdint.h>

/* How a layer's weights and biases are drawn before training. One entry of the table in initializer.c each:
 *     torch     uniform on +-1/sqrt(in), biases too, as torch.nn.Linear has them
 *     glorot    uniform on +-sqrt(6/(in + out)), biases 0: Glorot and Bengio 2010, equation 16
 *     he        uniform on +-sqrt(6/in), biases 0: He et al. 2015, equation 10
 *     normal:S  N(0, S^2), biases too; Kingma and Welling 2014, section 5, have N(0, 0.01) */
struct initializer {
    const struct initializer_kind *kind;
    double deviation; /* of normal */
};

/* Reads "NAME[:S]", S from 0 to 1000. 0, or -1 with a message opened by `name`. */
int initializer_parse(struct initializer *initializer, const char *name, const char *text)
    __attribute__((warn_unused_result));

/* Sets the first values of a layer's weight [out, in] and bias [out]. `outputs`: of the layer in the formulas, as
 * one layer of the net may be several in one. `number` tells the noise of a net's layers apart. */
void initializer_run(const struct initializer *initializer, size_t in, size_t out, size_t outputs, uint64_t seed,
                     uint64_t number, float *weight, float *bias);

#endif
