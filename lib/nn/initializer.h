/* SPDX-License-Identifier: MIT */
#ifndef NN_INITIALIZER_H
#define NN_INITIALIZER_H

#include <stddef.h>
#include <stdint.h>

/* How the weights and biases of a layer are drawn before training. The table in initializer.c has:
 *     torch     uniform on +-1/sqrt(in), biases too, as in torch.nn.Linear
 *     glorot    uniform on +-sqrt(6/(in + out)), biases 0: Glorot and Bengio 2010, equation 16
 *     he        uniform on +-sqrt(6/in), biases 0: He et al. 2015, equation 10
 *     normal:S  N(0, S^2), biases too; Kingma and Welling 2014, section 5, have N(0, 0.01) */
struct initializer {
    const struct initializer_kind *kind;
    double deviation; /* S of normal:S; else 0 */
};

/* Parses "NAME[:S]", with S from 0 to 1000. 0, or -1 with a message that begins with `name`. */
int initializer_parse(struct initializer *initializer, const char *name, const char *text)
    __attribute__((warn_unused_result));

/* Returns the beginning of such a text: the i-th name, with ':' if S follows. NULL after the last one. */
const char *initializer_name(size_t i);

/* Draws weight [out, in] and bias [out] of a layer. `outputs`: the number of outputs in the formulas, which is less
 * than `out` if this layer is several layers in one. `number` makes the noise of each layer of a net different. */
void initializer_run(const struct initializer *initializer, size_t in, size_t out, size_t outputs, uint64_t seed,
                     uint64_t number, float *weight, float *bias);

#endif
