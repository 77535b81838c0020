/* SPDX-License-Identifier: MIT */
#include "stream/targets.h"

#include "base/error.h"
#include "base/number.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <xxhash.h>

static int check_frame(const struct raw_reader *reader) {
    char shape[SHAPE_TEXT];
    return shape_elements(&reader->frame.shape) == 1
               ? 0
               : fail("%s: items have shape %s, wanted targets: one number per item", reader->in.name,
                      shape_text(&reader->frame.shape, shape));
}

int targets_open(struct item_numbers *targets, const char *path) {
    return item_numbers_open(targets, path, "targets", check_frame);
}

/* All NaN become the same one, for the digest. */
int targets_next(struct item_numbers *targets, double *target, size_t count, const char *name) {
    char text[REAL_TEXT];
    if (item_numbers_next(targets, target, count, name) < 0)
        return -1;
    for (size_t i = 0; targets->there && i < count; i++) {
        if (fabs(target[i]) > (double)FLT_MAX)
            return fail("%s: target %" PRIu64
                        " is %s, wanted a number from -3.4e38 to 3.4e38, or nan if it is not known",
                        targets->reader.in.name, targets->reader.items - count + i, real_text(target[i], text));
        if (isnan(target[i]))
            target[i] = (double)NAN;
    }
    return 0;
}

int targets_load(double **target, const char *path, size_t count, const char *name) {
    struct item_numbers targets;
    *target = malloc(count * sizeof **target);
    if (*target == NULL)
        return fail("%s: out of memory for %zu targets", path, count);
    int result = targets_open(&targets, path);
    if (result == 0)
        result = targets_next(&targets, *target, count, name);
    if (result == 0)
        result = item_numbers_finish(&targets, name);
    item_numbers_close(&targets);
    return result;
}

uint64_t targets_digest(const double *target, size_t count) {
    return XXH64(target, count * sizeof *target, 0);
}
