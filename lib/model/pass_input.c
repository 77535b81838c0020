/* SPDX-License-Identifier: MIT */
/* What a pass shows the encoder, and beside the latent the decoder. */
#include "model/pass.h"

#include <math.h>
#include <string.h>

bool pass_encodes_x(const struct model *m) {
    return m->config.likelihood->encode == NULL && m->config.classes == 0 && !m->config.missing;
}

void pass_set_labels(struct pass *p, size_t first, size_t rows, const uint32_t *label) {
    const size_t classes = p->model->config.classes;
    for (size_t i = 0; classes > 0 && i < rows; i++) {
        float *condition = p->condition + (first + i) * classes;
        memset(condition, 0, classes * sizeof *condition);
        condition[label[i]] = 1;
    }
}

void pass_set_encoder_input(struct pass *p, size_t first, size_t rows) {
    const struct model *m = p->model;
    const size_t classes = m->config.classes;
    for (size_t row = first; !pass_encodes_x(m) && row < first + rows; row++) {
        const float *x = p->x + row * m->elements;
        float *encoder_input = p->encoder_input + row * m->encoder_inputs;
        if (m->config.likelihood->encode != NULL)
            m->config.likelihood->encode(x, m->elements, m->config.levels, encoder_input);
        else
            memcpy(encoder_input, x, m->item_inputs * sizeof *encoder_input);
        for (size_t i = 0; m->config.missing && i < m->item_inputs; i++)
            encoder_input[i] = isnan(encoder_input[i]) ? 0.0f : encoder_input[i];
        for (size_t i = 0; i < m->mask; i++)
            encoder_input[m->item_inputs + i] = isnan(x[i]) ? 0.0f : 1.0f;
        memcpy(encoder_input + m->item_inputs + m->mask, p->condition + row * classes,
               classes * sizeof *encoder_input);
    }
    pass_pack(p, 0, &(struct tile){first, rows, 0, m->encoder_inputs});
}

void pass_condition(struct pass *p, size_t first, size_t rows) {
    const struct model *m = p->model;
    const size_t classes = m->config.classes;
    for (size_t row = first * p->draws; classes > 0 && row < (first + rows) * p->draws; row++)
        memcpy(p->z + row * m->decoder_inputs + m->config.latent, p->condition + row / p->draws * classes,
               classes * sizeof *p->z);
}
