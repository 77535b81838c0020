/* SPDX-License-Identifier: MIT */
#include "property/head.h"

#include "base/error.h"
#include "model/model_file.h"
#include "op/ops.h"

#include <stdlib.h>
#include <string.h>

#define LATENTS 0 /* the first layer */

/* Builds the layers of the head as the model has them, so its tensors follow each other in the same order. The
 * gradient with respect to the latents is wanted as if they were learned. 0 or -1. */
static int build(struct head *h, const struct model *m) {
    (void)net_input_layer(&h->net, "latent", h->latent);
    h->prediction = model_add_head(&h->net, &m->config, LATENTS);
    if (!h->net.failed)
        h->net.layer[LATENTS].learned = true;
    return net_finish(&h->net) < 0 || parameters_create(&h->net.parameters) < 0 || net_allocate(&h->net) < 0 ? -1
                                                                                                             : 0;
}

int head_take(struct head *h, const struct model *m) {
    const struct model_config *c = &m->config;
    *h = (struct head){.latent = c->latent,
                       .classes = c->classes,
                       .is_normal = c->prior == &prior_normal,
                       .mean = c->target.mean,
                       .deviation = c->target.deviation};
    if (build(h, m) < 0)
        return -1;
    memcpy(h->net.parameters.value, m->net.parameters.value + m->net.layer[m->latents + 1].own[0].offset,
           h->net.parameters.size * sizeof *h->net.parameters.value);
    return net_train(&h->net);
}

int head_load(struct head *h, const char *path) {
    struct model model;
    *h = (struct head){.prediction = 0};
    int result = model_load(&model, MODEL_AS_TRAINED, path);
    if (result == 0 && !model_has_head(&model))
        result = fail("%s: predicts no target, wanted a model that vae-train --target has trained", path);
    if (result == 0)
        result = head_take(h, &model);
    model_free(&model);
    return result;
}

void head_free(struct head *h) {
    net_free(&h->net);
}

int head_pass_start(struct head_pass *p, const struct head *h) {
    *p = (struct head_pass){.z = calloc(h->latent, sizeof *p->z),
                            .slope = calloc(h->latent, sizeof *p->slope),
                            .gradient = calloc(h->latent, sizeof *p->gradient)};
    if (p->z == NULL || p->slope == NULL || p->gradient == NULL)
        return fail("head: out of memory for a latent");
    if (pass_create(&p->pass, &h->net, LATENTS + 1, h->net.layers,
                    &(struct pass_size){.items = 1, .draws = 1, .trains = true}) < 0)
        return -1;
    p->pass.value[LATENTS].out = p->z;
    p->pass.value[LATENTS].dout = p->slope;
    return 0;
}

void head_pass_end(struct head_pass *p) {
    pass_free(&p->pass);
    free(p->z);
    free(p->slope);
    free(p->gradient);
}

double head_predict(const struct head *h, struct head_pass *p) {
    struct pass *pass = &p->pass;
    pass_forward(pass, LATENTS + 1, h->net.layers, 0, 1);
    const double f = (double)*pass->value[h->prediction].out;
    *pass->value[h->prediction].dout = 1;
    for (size_t i = h->prediction; i > LATENTS; i--) {
        const struct layer *layer = &h->net.layer[i];
        pass_layer_backward(pass, layer, &(struct tile){.rows = 1, .units = net_input(&h->net, layer, 0)->width},
                            NULL);
    }
    for (size_t j = 0; j < h->latent; j++)
        p->gradient[j] = h->deviation * (double)p->slope[j];
    return h->mean + h->deviation * f;
}
