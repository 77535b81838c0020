/* SPDX-License-Identifier: MIT */
#include "property/regression.h"

#include "base/number.h"

#include <stdlib.h>

#define METHODS 2

static const struct regression_method *const methods[METHODS] = {&regression_gp, &regression_linear};

int regression_parse(void *method, const char *name, const char *text) {
    const char *names[METHODS];
    for (size_t i = 0; i < METHODS; i++)
        names[i] = methods[i]->name;
    const int i = parse_name(name, text, names, METHODS, sizeof(char *));
    if (i < 0)
        return -1;
    *(const struct regression_method **)method = methods[i];
    return 0;
}

const char *regression_name(size_t i) {
    return i < METHODS ? methods[i]->name : NULL;
}

int regression_fit(struct regression *r, const struct regression_method *method, const struct points *examples) {
    *r = (struct regression){.method = method, .examples = *examples};
    for (size_t i = 0; i < examples->count; i++)
        r->mean += examples->target[i] / (double)examples->count;
    return method->fit(r);
}

void regression_free(struct regression *r) {
    free(r->weight);
    free(r->factor);
    free(r->centre);
}
