#include "vae/start.h"

#include "base/error.h"
#include "vae/pass.h"

#include <stdlib.h>
#include <string.h>

#define ITEMS_NOISE 1000 /* of first values, behind those of all layers: see model_initialise */

static int start_at_mean(struct model *m, const struct dataset *data) {
    double *mean = malloc(data->elements * sizeof *mean);
    const int result = mean == NULL ? fail("%s: out of memory for its mean", data->name)
                                    : items_mean(m->config.likelihood, data, mean);
    if (result == 0)
        model_start_at_mean(m, mean);
    free(mean);
    return result;
}

static int start_prior(struct model *m, const struct dataset *data, const uint32_t *label, uint64_t seed) {
    const size_t components = m->config.components;
    struct pass pass;
    if (components == 0)
        return 0;
    if (pass_create(&pass, m, 1, 1, false) < 0)
        return -1;
    for (size_t k = 0; k < components; k++) {
        const size_t item = (size_t)(((double)k + 0.5) / (double)components * (double)data->items);
        const struct noise noise = {.seed = seed, .purpose = PURPOSE_INITIAL, .item = ITEMS_NOISE + k};
        model_take_item(m, data->dtype, dataset_item(data, item), noise, pass.x);
        if (label != NULL)
            pass_set_labels(&pass, 0, 1, &label[item]);
        pass_see(&pass, 0, 1);
        memcpy(m->parameters.value + m->pseudo_inputs + k * m->inputs, pass.seen,
               m->inputs * sizeof *m->parameters.value);
    }
    pass_free(&pass);
    return 0;
}

int start_values(const struct start *start, struct model *model, const struct dataset *data, const uint32_t *label,
                 uint64_t seed) {
    model_initialise(model, start->initializer, seed);
    if (start->at_mean && start_at_mean(model, data) < 0)
        return -1;
    return start_prior(model, data, label, seed);
}
