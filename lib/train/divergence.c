/* SPDX-License-Identifier: MIT */
#include "train/divergence.h"

#include "base/error.h"
#include "base/number.h"
#include "base/ranks.h"
#include "kernel/math_kernel.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define TOO_LARGE 1e6      /* real numbers up to here are trained on at the default rate */
#define LARGE_EXPONENT 100 /* exp(100) is more than a float holds */

/* An item that was trained on: its data, its number in the stream, and the name of the stream. */
struct trained_item {
    const void *data;
    size_t number;
    const char *stream;
};

/* The largest |x| of some items; element: the number of elements if no x is a number. */
struct largest_x {
    double value;
    struct trained_item item;
    size_t element;
};

/* Returns the item at `position` of the epoch. */
static struct trained_item item_at(const struct training *t, uint64_t position) {
    size_t place = feed_place(&t->feed, position);
    const struct dataset *set = dataset_part_of(t->data, &place);
    return (struct trained_item){dataset_item(set, place),
                                 (size_t)feed_first(&t->feed) + dataset_number(set, place), set->name};
}

/* The largest of the items [position, position + items) of the epoch. They are loaded again, since the pass has
 * those of one split only; its first row is overwritten. */
static struct largest_x find_largest_x(const struct training *t, uint64_t position, size_t items) {
    const struct model *m = t->model;
    float *x = model_x(m, &t->pass, 0);
    struct largest_x largest = {-1, {.stream = t->data->name}, m->elements};
    for (size_t row = 0; row < items; row++) {
        const struct trained_item item = item_at(t, position + row);
        model_load_item(m, t->data->dtype, item.data, (struct noise){0}, x);
        if (row == 0)
            largest.item = item;
        for (size_t i = 0; i < m->elements; i++)
            if (fabs((double)x[i]) > largest.value)
                largest = (struct largest_x){fabs((double)x[i]), item, i};
    }
    return largest;
}

/* Returns the tensor with the largest parameter, or the first one with a parameter that is not a number, and sets
 * its value. */
static const struct tensor *find_largest_parameter(const struct parameters *p, double *value) {
    const struct tensor *found = &p->tensor[0];
    *value = -1;
    for (size_t i = 0; i < p->count; i++)
        for (size_t j = p->tensor[i].offset; j < p->tensor[i].offset + p->tensor[i].size; j++) {
            const double size = fabs((double)p->value[j]);
            if (size > *value || isnan(size)) {
                found = &p->tensor[i];
                *value = size;
            }
            if (isnan(size))
                return found;
        }
    return found;
}

/* Returns whether the items are too large for a scale that is the exponential of an output of the decoder, and
 * larger than any parameter. */
static bool exceeds_exponent(const struct training *t, double x, double parameter) {
    return t->model->segment.scale == SCALE_NET && x > LARGE_EXPONENT && !(parameter > x);
}

/* Returns what may help. `moved`: the parameters are no longer the initial ones. */
static const char *advice(const struct training *t, double x, double parameter, bool moved) {
    const bool scales = likelihood_is_real(t->model->config.likelihood),
               clips = t->update_config.optimizer.clip > 0;
    if (scales && (x > TOO_LARGE || exceeds_exponent(t, x, parameter)))
        return "items scaled to numbers of about 1 may help";
    if (!moved)
        return "smaller initial weights may help";
    return clips ? "a lower --rate may help" : "a lower --rate or --clip may help";
}

#define FACTS_TEXT (ERROR_SUBJECT + 256)

/* Writes the largest numbers that were found and what may help, to be added to a message. */
static const char *facts(const struct training *t, uint64_t position, size_t items, bool moved,
                         char text[FACTS_TEXT]) {
    const struct largest_x x = find_largest_x(t, position, items);
    double value;
    const struct tensor *tensor = find_largest_parameter(&t->model->net.parameters, &value);
    char place[64];
    snprintf(place, sizeof place, "item %zu, element %zu", x.item.number, x.element);
    if (augment_changes(&t->augment))
        snprintf(place, sizeof place, "item %zu, as --augment changed it,", x.item.number);
    snprintf(text, FACTS_TEXT, "|x| is up to %g (%s of %s), the parameters up to %g (%s): %s", x.value, place,
             x.item.stream, value, tensor->name, advice(t, x.value, value, moved));
    return text;
}

/* Checks the items of the step again, since mapped data may have changed. 0, or -1 with a message if one is not in
 * the support of the likelihood. */
static int check_rows(const struct training *t, size_t items) {
    for (size_t row = 0; row < items; row++) {
        const struct trained_item item = item_at(t, t->first + row);
        if (model_config_check_items(&t->model->config, t->data->dtype, item.data, 1, item.stream, item.number) < 0)
            return -1;
    }
    return 0;
}

/* Returns the first layer before the likelihood with parameters whose output for the step's items is not finite;
 * NULL: none. Computes all outputs again, since gradients and other micro-batches have overwritten some. */
static const struct layer *find_not_finite(struct training *t, size_t items) {
    struct pass *pass = &t->pass;
    size_t found = t->model->likelihood;
    for (size_t first = 0; first < items; first += pass->micro_batch) {
        const size_t n = smaller(pass->micro_batch, items - first);
        pass_set_micro_batch(pass, first);
        for (size_t i = 0; i < found; i++) {
            const struct layer *layer = &pass->net->layer[i];
            pass_forward(pass, i, i + 1, 0, n);
            if (layer->owns > 0 && !math_kernel()->finite(pass_value(pass, layer)->out,
                                                          n * pass_rows_per_item(pass, layer) * layer->width))
                found = i;
        }
    }
    pass_set_micro_batch(pass, 0);
    return found < t->model->likelihood ? &pass->net->layer[found] : NULL;
}

/* Returns whether the term of the target is not finite for an item of the step. */
static bool misses_target(const struct training *t, const struct step *step) {
    for (size_t item = 0; t->target != NULL && item < step->items; item++)
        if (!isfinite(target_of_item(&t->pass, t->model->target, item)))
            return true;
    return false;
}

int divergence_of_loss(struct training *t, const struct step *step, double reconstruction, double kl) {
    char text[FACTS_TEXT];
    if (check_rows(t, step->items) < 0)
        return -1;
    const struct layer *layer = find_not_finite(t, step->items);
    const double items = (double)step->items;
    return fail("training: the loss of step %" PRIu64
                " is not finite (reconstruction %g, kl %g, first the output of %s), wanted numbers: %s",
                step->number, unsigned_nan(reconstruction / items), unsigned_nan(kl / items),
                layer != NULL               ? layer->name
                : !isfinite(reconstruction) ? "likelihood"
                : misses_target(t, step)    ? "target"
                                            : "prior",
                facts(t, t->first, step->items, t->rate > 0 && step->number > 1, text));
}

/* The items of the last step that this rank has trained on. Returns the place of the first one in the epoch. */
static uint64_t items_of_last(const struct training *t, size_t *items) {
    const struct splits *s = &t->gradient.splits;
    const size_t first = splits_first(s, t->step_items, s->first);
    *items = splits_first(s, t->step_items, s->end) - first;
    return t->position - t->step_items + first;
}

/* Writes the facts about the last step. */
static const char *facts_of_last(const struct training *t, char text[FACTS_TEXT]) {
    size_t items;
    const uint64_t first = items_of_last(t, &items);
    return facts(t, first, items, t->rate > 0 && t->step > 1, text);
}

int divergence_check(const struct training *t) {
    const struct parameters *p = &t->model->net.parameters;
    const float *const arrays[] = {p->value, p->first, p->second};
    static const char *const names[] = {"", "first moment of ", "second moment of "};
    char text[FACTS_TEXT];
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        const struct tensor *bad = parameters_not_finite(p, arrays[i]);
        if (bad != NULL)
            return fail("training: %stensor \"%s\" is not finite after step %" PRIu64 ", wanted numbers: %s",
                        names[i], bad->name, t->step, facts_of_last(t, text));
    }
    return 0;
}

/* If all parameters and moments are finite, the gradient was too large for its norm, and has been left out. */
static int fail_update(const struct training *t) {
    char text[FACTS_TEXT];
    if (divergence_check(t) < 0)
        return -1;
    return fail("training: the norm of the gradient is not finite in step %" PRIu64 ", wanted numbers: %s", t->step,
                facts_of_last(t, text));
}

/* Returns the rank whose items have the largest |x|. */
static size_t rank_of_largest(const struct training *t) {
    size_t items, rank = 0;
    const uint64_t first = items_of_last(t, &items);
    double *value = calloc(ranks_count(), sizeof *value);
    if (ranks_agree(value == NULL ? -1 : 0) == 0 && value != NULL) {
        value[ranks_self()] = find_largest_x(t, first, items).value;
        ranks_gather(value, sizeof *value);
        for (size_t i = 1; i < ranks_count(); i++)
            rank = value[i] > value[rank] ? i : rank;
    }
    free(value);
    return rank;
}

int divergence_of_update(const struct training *t) {
    return ranks_agree(rank_of_largest(t) == ranks_self() ? fail_update(t) : 0);
}
