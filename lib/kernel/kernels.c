/* SPDX-License-Identifier: MIT */
/* Picks the table of the level in use. */
#include "base/level.h"
#include "kernel/density_kernel.h"
#include "kernel/math_kernel.h"
#include "kernel/product_kernel.h"
#include "kernel/winograd_kernel.h"

const struct math_kernel *math_kernel(void) {
    static const struct math_kernel *const levels[LEVELS] = EACH_LEVEL(math_kernel);
    return levels[level_in_use()];
}

const struct density_kernel *density_kernel(void) {
    static const struct density_kernel *const levels[LEVELS] = EACH_LEVEL(density_kernel);
    return levels[level_in_use()];
}

const struct product_kernel *product_kernel(void) {
    static const struct product_kernel *const levels[LEVELS] = EACH_LEVEL(product_kernel);
    return levels[level_in_use()];
}

const struct winograd_kernel *winograd_kernel(void) {
    static const struct winograd_kernel *const levels[LEVELS] = EACH_LEVEL(winograd_kernel);
    return levels[level_in_use()];
}
