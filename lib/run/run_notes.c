/* SPDX-License-Identifier: MIT */
#include "run/run_notes.h"

#include "base/cli.h"
#include "op/ops.h"
#include "query/prior_gap.h"
#include "run/element_sizes.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Numbers of elements or classes for a note: the first one, and how many there are. */
struct found {
    size_t first, count;
};

static void add(struct found *found, size_t i) {
    if (found->count++ == 0)
        found->first = i;
}

#define OTHERS_TEXT 48

/* Writes " and N others", or "" if there is one number only. */
static const char *others(const struct found *found, char text[OTHERS_TEXT]) {
    *text = '\0';
    if (found->count > 1)
        snprintf(text, OTHERS_TEXT, " and %zu other%s", found->count - 1, found->count > 2 ? "s" : "");
    return text;
}

static void note_grey(const struct run_notes *n) {
    for (size_t i = 0; i < n->train->items; i++)
        if (model_finds_grey(n->model, n->train->dtype, dataset_item(n->train, i))) {
            cli_note(GREY_NOTE, n->train->name);
            return;
        }
}

/* Returns whether an element of the data, f32 or f64, is missing. */
static bool is_missing(const struct dataset *set, size_t item, size_t element) {
    const void *x = dataset_item(set, item);
    return set->dtype == DTYPE_F32 ? isnan(((const float *)x)[element]) : isnan(((const double *)x)[element]);
}

/* With --missing and all items at hand: notes elements that no item has. The list of those not observed yet is
 * short after a few items.
 */
static void note_never_observed(const struct run_notes *n) {
    const struct dataset *set = n->train;
    char text[OTHERS_TEXT];
    const bool all = set->items == n->items, looks = all && n->model->config.missing;
    size_t *left = looks ? malloc(set->elements * sizeof *left) : NULL, count = set->elements;
    if (left == NULL)
        return;
    for (size_t j = 0; j < count; j++)
        left[j] = j;
    for (size_t i = 0; i < set->items && count > 0; i++) {
        size_t still = 0;
        for (size_t j = 0; j < count; j++)
            if (is_missing(set, i, left[j]))
                left[still++] = left[j];
        count = still;
    }
    const struct found found = {count > 0 ? left[0] : 0, count};
    if (count > 0)
        cli_note("%s: element %zu%s of every item missing: the model learns nothing about %s", set->name,
                 found.first, others(&found, text), count > 1 ? "them" : "it");
    free(left);
}

static void note_empty_classes(const struct run_notes *n) {
    const size_t classes = n->model->config.classes;
    struct found found = {0};
    char text[OTHERS_TEXT];
    bool *has = n->label != NULL ? calloc(classes, sizeof *has) : NULL;
    if (has == NULL)
        return;
    for (uint64_t i = 0; i < n->items; i++)
        has[n->label[i]] = true;
    for (size_t k = 0; k < classes; k++)
        if (!has[k])
            add(&found, k);
    free(has);
    if (found.count > 0)
        cli_note("%s: no item has label %zu%s, of %zu classes: the model learns nothing about %s",
                 n->config->labels, found.first, others(&found, text), classes, found.count > 1 ? "them" : "it");
}

static void note_unknown_targets(const struct run_notes *n) {
    uint64_t known = 0;
    for (uint64_t i = 0; n->target != NULL && i < n->items; i++)
        known += isnan(n->target[i]) ? 0 : 1;
    if (n->target != NULL && known < n->items)
        cli_note("%s: %" PRIu64 " of %" PRIu64
                 " training items have a known target: the others train the rest of the model",
                 n->config->target, known, n->items);
}

/* The items of a fraction for --val are no more trained on than those of any other part. */
static void note_same_validation(const struct run_notes *n) {
    if (n->digests->train != 0 && n->config->validation_fraction == 0 &&
        n->digests->validation == n->digests->train)
        cli_note(
            "%s: has the items that are trained on, so that it cannot show overfitting: --val 0.1 takes a tenth of "
            "them away from training",
            n->validation->name);
}

/* Returns how many epochs are done, with fractions, at the start of the run's last step. */
static double epochs_at_last_step(const struct run_notes *n) {
    const uint64_t items = n->items, batch = n->config->batch < items ? n->config->batch : items;
    const uint64_t position = batch == 0 ? 0 : (items - 1) / batch * batch;
    return (double)(n->config->epochs - 1) + (double)position / (double)items;
}

/* Notes a warm-up that is not over when the run ends. */
static void note_warmup(const struct run_notes *n, const char *option, double warm, const char *what) {
    const uint64_t epochs = n->config->epochs;
    if (epochs > 0 && warm > (double)epochs)
        cli_note("%s: %g epochs are more than the %" PRIu64 " of --epochs, so %s ends at %.2g of its whole value",
                 option, warm, epochs, what, epochs_at_last_step(n) / warm);
}

/* Equal components have equal gradients, and stay equal. */
static void note_equal_components(const struct run_notes *n) {
    const size_t components = n->model->config.components;
    if (n->different_items > 0 && n->different_items < components)
        cli_note(
            "%s: has %zu different items%s, and --prior vamp:%zu starts each component on one: %zu components stay "
            "equal to others",
            n->train->name, n->different_items, n->config->validation_fraction > 0 ? " without those of --val" : "",
            components, components - n->different_items);
}

#define STATS_TEXT 96

static const char *stats_text(size_t element, const struct element *e, char text[STATS_TEXT]) {
    snprintf(text, STATS_TEXT, "element %zu has mean %.4g and standard deviation %.4g", element, e->mean,
             element_deviation(e));
    return text;
}

static void note_sizes(const struct run_notes *n) {
    const struct element_sizes s = element_sizes_of(&n->model->config, n->train);
    char largest[STATS_TEXT], least[STATS_TEXT];
    if (s.found == SIZES_FIT)
        return;
    const bool two = s.found == SIZES_DIFFERENT && s.least != s.largest;
    cli_note("%s: %s%s%s: %s; scale each element to mean 0 and standard deviation 1, as csv2raw(1) shows",
             n->train->name, stats_text(s.largest, &s.largest_stats, largest), two ? ", " : "",
             two ? stats_text(s.least, &s.least_stats, least) : "",
             s.found == SIZES_DIFFERENT
                 ? "a model learns little of elements that vary far less than the largest numbers"
                 : "models learn best from numbers of about 1");
}

/* Notes items that are probably CxHxW, as other programs have them. */
static void note_channels(const struct run_notes *n) {
    const struct shape *s = &n->model->config.item;
    char text[SHAPE_TEXT];
    const bool pictures = hidden_reads_pictures(&n->model->config.encoder) || augment_changes(&n->config->augment);
    if (pictures && s->rank == 3 && (s->dim[0] == 1 || s->dim[0] == 3) && s->dim[2] > 4)
        cli_note(
            "%s: items of shape %s are read as %zu row%s of %zu pixels with %zu channels: of pictures with the "
            "channels first, npy2raw --axes 1,2,0 puts them last",
            n->train->name, shape_text(s, text), s->dim[0], s->dim[0] == 1 ? "" : "s", s->dim[1], s->dim[2]);
}

/* Notes residual blocks of pictures, which are as large as the square of a picture's numbers. */
static void note_dense_blocks(const struct run_notes *n) {
    const struct net *net = &n->model->net;
    for (size_t i = 0; i < net->layers; i++) {
        const struct layer *layer = &net->layer[i];
        char shape[IMAGE_TEXT];
        if (layer->op != &op_residual || image_positions(&layer->image) == 1)
            continue;
        cli_note("%s: res of a picture of %s is one linear layer of %zu units, with %zu weights; resconv is the "
                 "residual block of convolutions",
                 layer->name, image_text(&layer->image, shape), layer->width,
                 layer->own_units * layer->own[0].each);
        return;
    }
}

void run_notes_before(const struct run_notes *n) {
    const struct training_run_config *c = n->config;
    note_grey(n);
    note_sizes(n);
    note_channels(n);
    note_dense_blocks(n);
    note_equal_components(n);
    note_never_observed(n);
    note_empty_classes(n);
    note_unknown_targets(n);
    note_same_validation(n);
    note_warmup(n, "--warmup", c->objective.warmup, "the weight of the KL term");
    note_warmup(n, "--warm-rate", c->schedule.warm, "the rate");
}

/* Notes the scales at one of the bounds, `bound`. */
static void note_scales(const struct run_notes *n, const char *model, float bound, const char *what,
                        const char *advice) {
    const struct model *m = n->model;
    const size_t count = segment_scales(&m->segment);
    const float *log_scale = m->net.parameters.value + m->net.layer[m->likelihood].own[0].offset;
    struct found found = {0};
    char text[OTHERS_TEXT], element[32] = "";
    for (size_t i = 0; i < count; i++)
        if (bound < 0 ? log_scale[i] <= bound : log_scale[i] >= bound)
            add(&found, i);
    if (found.count == 0)
        return;
    if (count > 1)
        snprintf(element, sizeof element, " of element %zu", found.first);
    cli_note("%s: the scale%s%s is at its %s value, %.2g: %s", model, element, others(&found, text), what,
             exp((double)bound), advice);
}

#define GAP_NATS 3    /* ordinary models have 0.1 to 1.5 nats */
#define GAP_STEPS 500 /* before that the gap says only that training has begun */

/* Notes latents whose distribution is far from the prior, if all items are at hand. If memory runs out, there is no
 * note; nor is there if the sizes of the elements are the cause, which note_sizes has named. */
static void note_prior_gap(const struct run_notes *n, const char *model) {
    const struct model_config *c = &n->model->config;
    double gap;
    size_t items;
    const bool all = n->train->items == n->items;
    if (!all || c->prior != &prior_normal || n->steps < GAP_STEPS ||
        element_sizes_of(c, n->train).found != SIZES_FIT ||
        prior_gap(n->model, n->train, n->train_label, n->workers, n->config->seed, &gap, &items) < 0 ||
        !(gap > GAP_NATS))
        return;
    const bool learnable = c->classes == 0 && n->config->objective.free_bits == 0;
    cli_note(
        "%s: the latents of %zu training items together are at least %.1f nats (KL) from N(0, I): samples from "
        "the prior will differ from the items, although reconstructions may be good%s",
        model, items, gap, learnable ? "; --prior vamp:K learns a prior that fits them" : "");
}

void run_notes_after(const struct run_notes *n, const char *model) {
    if (segment_scales(&n->model->segment) > 0) {
        note_scales(
            n, model, -LOG_SCALE_BOUND, "least",
            "elements that are constant, or vary by much less than 1, cause this; left out, or scaled up, they do "
            "not");
        note_scales(n, model, LOG_SCALE_BOUND, "greatest",
                    "numbers that vary by much more than 1 cause this; scaled down, they do not");
    }
    note_prior_gap(n, model);
}
