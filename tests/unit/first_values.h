/* SPDX-License-Identifier: MIT */
#ifndef UNIT_FIRST_VALUES_H
#define UNIT_FIRST_VALUES_H

#include "base/error.h"
#include "model/model.h"
#include "test.h"

/* Gives a model the first values that vae-train gives one by default. */
static void give_first_values(struct model *model, uint64_t seed) {
    struct initializer torch = {0};
    EXPECT(initializer_parse(&torch, "test", "torch") == 0, "%s", error_message());
    net_initialise(&model->net, &torch, seed);
}

#endif
