/* SPDX-License-Identifier: MIT */
#include "query/bad_items.h"

#include "base/cli.h"
#include "base/error.h"

#include <inttypes.h>
#include <math.h>

int bad_items_add(struct bad_items *bad) {
    if (!bad->report)
        return -1;
    if (bad->count++ < BAD_ITEMS_NAMED)
        cli_report();
    return 0;
}

int bad_items_finish(const struct bad_items *bad, const char *name, int result) {
    if (result < 0 || bad->count == 0)
        return result;
    if (bad->count > BAD_ITEMS_NAMED) {
        (void)fail("%s: %" PRIu64 " more items are bad, %" PRIu64 " in all", name, bad->count - BAD_ITEMS_NAMED,
                   bad->count);
        cli_report();
    }
    return EXIT_BAD;
}

void bad_items_answer(enum dtype dtype, void *answer, size_t n) {
    float *single = answer;
    double *wide = answer;
    for (size_t i = 0; i < n; i++)
        if (dtype == DTYPE_F64)
            wide[i] = (double)NAN;
        else
            single[i] = NAN;
}
