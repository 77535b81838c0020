/* SPDX-License-Identifier: MIT */
#include "run/element_sizes.h"

#include <math.h>

#define LARGE 100   /* from here on a scale that is learned finds no good value in some runs */
#define RATIO 100   /* from here on the smaller elements are reconstructed worse than by their mean in some runs */
#define RARE 12     /* deviations from least to greatest: a pixel that is 0 except in few items */
#define NUMBERS 1e6 /* that are read: a table has its rare lines among them, and images take some milliseconds */

static double size_of(const struct element *e) {
    return hypot(e->mean, element_deviation(e));
}

static bool can_be_least(const struct element *e) {
    const double deviation = element_deviation(e);
    return deviation > 0 && e->max - e->min < RARE * deviation;
}

static void add_items(struct element_stats *stats, const struct dataset *set) {
    const double most = NUMBERS / (double)set->elements;
    const size_t stride = (double)set->items > most ? (size_t)((double)set->items / fmax(most, 1)) : 1;
    for (size_t i = 0; i < set->items; i += stride)
        element_stats_add(stats, set->dtype, dataset_item(set, i), set->elements);
}

/* Sets the largest and the least element. Returns whether there is a least one. */
static bool find(struct element_sizes *sizes, const struct element_stats *stats) {
    bool has_least = false;
    for (size_t j = 0; j < stats->elements; j++) {
        const struct element *e = &stats->all[j];
        if (size_of(e) > size_of(&stats->all[sizes->largest]))
            sizes->largest = j;
        if (can_be_least(e) &&
            (!has_least || element_deviation(e) < element_deviation(&stats->all[sizes->least]))) {
            sizes->least = j;
            has_least = true;
        }
    }
    sizes->largest_stats = stats->all[sizes->largest];
    sizes->least_stats = stats->all[sizes->least];
    return has_least;
}

struct element_sizes element_sizes_of(const struct model_config *config, const struct dataset *set) {
    struct element_sizes sizes = {.found = SIZES_FIT};
    struct element_stats stats;
    if (!likelihood_is_real(config->likelihood) || config->binarize != BINARIZE_NONE || set->dtype == DTYPE_U8 ||
        element_stats_create(&stats, set->elements, set->name) < 0)
        return sizes;
    add_items(&stats, set);
    const bool has_least = find(&sizes, &stats);
    const double size = size_of(&sizes.largest_stats);
    if (has_least && size > RATIO * element_deviation(&sizes.least_stats))
        sizes.found = SIZES_DIFFERENT;
    else if (size > LARGE)
        sizes.found = SIZES_LARGE;
    element_stats_free(&stats);
    return sizes;
}
