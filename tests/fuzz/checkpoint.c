/* SPDX-License-Identifier: MIT */
/* The checkpoint, vae-checkpoint(5), read by a training of 8 items of 6 elements. One that is taken can be gone on
 * with. */
#include "base/level.h"
#include "fuzz.h"
#include "dist/latent.h"
#include "op/ops.h"
#include "run/checkpoint.h"

#include <stdlib.h>

#define ITEMS 8
#define BATCH 3

static const struct option_value options[] = {{.name = "batch", .value = "3", .before = "3"}, {.name = NULL}};

static struct {
    struct model model;
    struct dataset data;
    struct training training;
    struct saver saver;
    struct checkpoint checkpoint;
} run;

static void start(void) {
    static unsigned char items[ITEMS * 6] = {9, 99, 200};
    struct model_config config = {.logvar_bound = (double)LOGVAR_BOUND,
                                  .item = {2, {2, 3}},
                                  .latent = 2,
                                  .encoder = {1, {{&hidden_kind_linear, 1, {3}}}},
                                  .decoder = {1, {{&hidden_kind_linear, 1, {3}}}},
                                  .prior = &prior_normal};
    fuzz_expect(level_settle() == 0);
    config.activation = activation_find("fuzz", "relu");
    config.likelihood = likelihood_find("fuzz", "bernoulli");
    fuzz_expect(model_create(&run.model, &config) == 0);
    run.data =
        (struct dataset){.name = "data", .shape = config.item, .items = ITEMS, .elements = 6, .item_bytes = 6};
    run.data.data = items;
    run.training = (struct training){.model = &run.model, .data = &run.data, .workers = workers_start(1)};
    run.training.batch = BATCH;
    run.training.rate = 0.001;
    run.training.epochs = 4;
    run.training.objective = (struct objective){estimator_find("fuzz", "elbo"), 1, 1, 0, 0, 0};
    run.training.update_config.optimizer = (struct optimizer_config){optimizer_find("fuzz", "adam"), 1e-8, 0, 0};
    fuzz_expect(schedule_parse(&run.training.schedule, "fuzz", "const") == 0);
    fuzz_expect(training_start(&run.training) == 0);
    run.saver = (struct saver){.training = &run.training, .path = "none", .best = true};
    fuzz_expect(saver_start(&run.saver) == 0);
    run.checkpoint = (struct checkpoint){.options = options, .training = &run.training, .saver = &run.saver};
    const struct run_data digests = {.train = 1};
    fuzz_expect(checkpoint_start(&run.checkpoint, &digests, false) == 0);
}

/* With FUZZ_SEED in the environment the target writes the seed of its corpus there. */
static void write_seed(const char *path) {
    run.checkpoint.path = path;
    fuzz_expect(training_begin_epoch(&run.training) == 0);
    for (int i = 0; i < 2; i++)
        fuzz_expect(training_step(&run.training) == 1);
    fuzz_expect(checkpoint_save(&run.checkpoint) == 0);
    run.checkpoint.path = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (run.model.net.layers == 0) {
        start();
        if (getenv("FUZZ_SEED") != NULL)
            write_seed(getenv("FUZZ_SEED"));
    }
    if (checkpoint_load(&run.checkpoint, fuzz_file(data, size)) == 0) {
        fuzz_expect(run.training.epoch <= 4 && run.training.position <= ITEMS);
        if (run.training.epoch == 0)
            fuzz_expect(training_begin_epoch(&run.training) == 0);
        (void)!training_step(&run.training);
    }
    return 0;
}
