/* SPDX-License-Identifier: MIT */
#include "query/element_scores.h"

#include "base/error.h"
#include "base/number.h"

#include <stdlib.h>

static void add(const struct evaluator *e, size_t row, size_t i, uint32_t k, double log_weight) {
    const struct element_scores *s = e->context;
    double *term = s->term + i * s->elements, *draw = s->draw + i * s->elements;
    (void)log_weight;
    likelihood_of_elements(&e->batch.pass, e->batch.model->likelihood, row, draw);
    for (size_t j = 0; j < s->elements; j++)
        term[j] = (k == 0 ? 0 : term[j]) + draw[j] / e->samples;
}

int element_scores_start(struct element_scores *s, struct evaluator *e) {
    const size_t rows = e->batch.rows;
    size_t bytes;
    *s = (struct element_scores){.elements = e->batch.model->elements};
    if (multiply(s->elements, 2 * rows * sizeof *s->term, &bytes))
        s->term = malloc(bytes);
    if (s->term == NULL)
        return fail("scores: out of memory for the elements of %zu items", rows);
    s->draw = s->term + rows * s->elements;
    e->drawn = add;
    e->context = s;
    return 0;
}

const double *element_scores_of(const struct element_scores *s, size_t i) {
    return s->term + i * s->elements;
}

void element_scores_end(struct element_scores *s) {
    free(s->term);
}
