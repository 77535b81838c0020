/* SPDX-License-Identifier: MIT */
#include "run/run_ranks.h"

#include "base/error.h"
#include "base/number.h"
#include "base/ranks.h"

#include <inttypes.h>
#include <string.h>
#include <xxhash.h>

#define SAMPLES 256                     /* of the items that are compared */
#define SAMPLE_BYTES ((size_t)64 << 10) /* of each of them */

void run_ranks_set_files(struct training_run_config *c) {
    if (ranks_self() > 0)
        c->output = c->log = c->log_latents = c->checkpoint = NULL;
}

/* What a rank has read. */
struct read {
    struct run_data data; /* without the digest of the items */
    uint64_t shape, items, samples;
};

/* Returns the XXH64 of the samples that are compared. Of data in parts each rank has its own. */
static uint64_t digest_of_samples(const struct dataset *set) {
    const size_t bytes = set->items * set->item_bytes, sample = smaller(SAMPLE_BYTES, bytes);
    uint64_t digest = 0;
    for (size_t i = 0; set->part == NULL && i < SAMPLES; i++)
        digest = XXH64(set->data + (bytes - sample) / (SAMPLES - 1) * i, sample, digest);
    return digest;
}

static int check(const struct run_items *items, const struct read *mine, const struct read *wanted) {
    static const struct {
        const char *what;
        size_t offset;
    } inputs[] = {
        {"the dtype or the shape of its items differs", offsetof(struct read, shape)},
        {"the number of its items differs", offsetof(struct read, items)},
        {"its items differ", offsetof(struct read, samples)},
        {"its labels differ", offsetof(struct read, data.labels)},
        {"its targets differ", offsetof(struct read, data.target)},
        {"the items of --val differ", offsetof(struct read, data.validation)},
        {"the labels of --val-cond differ", offsetof(struct read, data.validation_labels)},
        {"the targets of --val-target differ", offsetof(struct read, data.validation_target)},
        {"the weights of --start-from differ", offsetof(struct read, data.start)},
    };
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
        if (memcmp((const char *)mine + inputs[i].offset, (const char *)wanted + inputs[i].offset,
                   sizeof(uint64_t)) != 0)
            return fail("%s: %s from rank 0, wanted the same", items->train->name, inputs[i].what);
    return 0;
}

void run_ranks_share_values(const struct run_items *items, struct model *model) {
    const struct parameters *p = &model->net.parameters;
    if (items->train->part != NULL)
        ranks_share(p->value, p->size * sizeof *p->value);
}

int run_ranks_check_state(const struct training *t) {
    const struct parameters *p = &t->model->net.parameters;
    const float *const arrays[] = {p->value, p->first, p->second};
    uint64_t state = t->step, wanted;
    if (ranks_count() == 1)
        return 0;
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        if (arrays[i] != NULL)
            state = XXH64(arrays[i], p->size * sizeof *arrays[i], state);
    wanted = state;
    ranks_share(&wanted, sizeof wanted);
    return ranks_agree(state == wanted ? 0
                                       : fail("training: begins with other numbers than on rank 0, at step %" PRIu64
                                              ", wanted the same",
                                              t->step));
}

int run_ranks_check(struct run_items *items, struct run_data *data) {
    const struct dataset *set = items->train;
    char shape[SHAPE_TEXT];
    run_items_share_digests(items);
    if (items->parts_digest != 0)
        data->train = items->parts_digest;
    if (ranks_count() == 1)
        return 0;
    ranks_share(&data->train, sizeof data->train);
    shape_text(&set->shape, shape);
    struct read mine = {.data = *data,
                        .shape = XXH64(shape, strlen(shape), set->dtype),
                        .items = set->items,
                        .samples = digest_of_samples(set)},
                wanted = mine;
    ranks_share(&wanted, sizeof wanted);
    return ranks_agree(check(items, &mine, &wanted));
}
