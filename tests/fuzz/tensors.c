/* SPDX-License-Identifier: MIT */
/* Tensors of another program for a model of 6 elements, see --start-from. What is taken has all of them, once. */
#include "base/level.h"
#include "dist/latent.h"
#include "fuzz.h"
#include "model/model_file.h"
#include "nn/safetensors.h"
#include "op/ops.h"

static struct model model;

/* The model of tests/golden/0.1/plain.bin. */
static void start(void) {
    struct model_config config = {.logvar_bound = (double)LOGVAR_BOUND,
                                  .item = {2, {2, 3}},
                                  .latent = 2,
                                  .encoder = {2, {{&hidden_kind_linear, 1, {5}}, {&hidden_kind_linear, 1, {4}}}},
                                  .decoder = {2, {{&hidden_kind_linear, 1, {4}}, {&hidden_kind_linear, 1, {5}}}},
                                  .prior = &prior_normal};
    fuzz_expect(level_settle() == 0);
    config.activation = activation_find("fuzz", "relu");
    config.likelihood = likelihood_find("fuzz", "bernoulli");
    fuzz_expect(model_create(&model, &config) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input in;
    json_t *metadata, *tensors;
    if (model.net.layers == 0)
        start();
    if (input_open(&in, fuzz_file(data, size)) < 0)
        return 0;
    if (safetensors_read_header(&in, &safetensors_start, &metadata, &tensors) == 0 &&
        model_read_values(&model, tensors, &in) == 0) {
        fuzz_expect(model.net.parameters.size * sizeof(float) < size);
        fuzz_expect(json_object_size(tensors) == model.net.parameters.count);
    }
    json_decref(metadata);
    json_decref(tensors);
    input_close(&in);
    return 0;
}
