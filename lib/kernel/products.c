/* SPDX-License-Identifier: MIT */
#include "kernel/product.h"

#include "base/error.h"
#include "base/level.h"
#include "base/memory.h"
#include "base/workers.h"
#include "kernel/openblas.h"
#include "kernel/product_kernel.h"

#include <stdint.h>

static void multiply_packed(const struct product *p) {
    product_kernel()->multiply(p);
}

const struct products *products(void) {
    static const struct products backends[BACKENDS] = {
        [BACKEND_PACKED] = {.packed = true,
                            .tile_columns = 48,
                            .tile_rows = 24,
                            .task_rows = 16,
                            .part_units = 3 * PANEL, /* whole tiles at each level: 6 rows or 8 */
                            .whole_rows = 1,
                            .multiply = multiply_packed},
        [BACKEND_OPENBLAS] = {.tile_columns = 208,
                              .tile_rows = 512,
                              .task_rows = 128,
                              .part_units = 208,
                              .whole_rows = 128,
                              .multiply = openblas_multiply},
    };
    return &backends[level_backend()];
}

int products_setup(void) {
    return level_backend() == BACKEND_OPENBLAS ? openblas_load() : 0;
}

int products_check_memory(size_t threads) {
    if (level_backend() != BACKEND_OPENBLAS)
        return 0;
    if (threads <= SIZE_MAX / workers_bytes() && memory_is_there(threads * workers_bytes()))
        return 0;
    return fail("threads: out of memory for matrix products on %zu: each takes %zu bytes", threads,
                workers_bytes());
}
