/* SPDX-License-Identifier: MIT */
/* The model file, vae-model(5): safetensors, JSON, metadata. What is read is written again just as it is. */
#define _GNU_SOURCE
#include "fuzz.h"
#include "model/model_file.h"
#include "nn/safetensors.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A model that was accepted says of itself what it is: its config goes to metadata and back. */
static void check_config(const struct model_config *config) {
    struct model_config again;
    json_t *metadata = json_object(), *second = json_object();
    fuzz_expect(model_config_put(config, metadata) == 0);
    fuzz_expect(model_config_get(&again, metadata, "again") == 0);
    fuzz_expect(model_config_put(&again, second) == 0 && json_equal(metadata, second));
    json_decref(metadata);
    json_decref(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input in;
    struct model model;
    json_t *metadata = NULL;
    if (input_open(&in, fuzz_file(data, size)) < 0)
        return 0;
    if (model_read(&model, MODEL_AS_TRAINED, &metadata, &in) == 0) {
        fuzz_expect(model.net.parameters.size * sizeof(float) < size);
        check_config(&model.config);
        model_free(&model);
    }
    json_decref(metadata);
    input_close(&in);
    return 0;
}
