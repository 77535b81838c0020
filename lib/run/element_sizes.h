/* SPDX-License-Identifier: MIT */
#ifndef RUN_ELEMENT_SIZES_H
#define RUN_ELEMENT_SIZES_H

#include "model/model_config.h"
#include "stream/element_stats.h"

/* Whether the elements of real numbers have sizes that a model can learn together. The size of an element is the
 * root of its mean square: numbers far from 0 fill the encoder's first sums as those that vary much do. */

enum sizes {
    SIZES_FIT,
    SIZES_LARGE,    /* all are alike, and far above 1 */
    SIZES_DIFFERENT /* an element varies by far less than the size of another one, or than its own */
};

struct element_sizes {
    enum sizes found;
    size_t largest, least;                     /* the element of the largest size, and the one that varies least */
    struct element largest_stats, least_stats; /* of up to a million numbers that are spread over the items */
};

/* SIZES_FIT for likelihoods of other numbers than all real ones, and if memory runs out. Constant elements and
 * those that few items have do not count as least. */
struct element_sizes element_sizes_of(const struct model_config *config, const struct dataset *set);

#endif
