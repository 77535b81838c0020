/* SPDX-License-Identifier: MIT */
#include "run/run_check.h"

#include "base/error.h"
#include "base/io.h"
#include "base/ranks.h"

static bool is_given(const struct every *every) {
    return every->steps > 0 || every->seconds > 0;
}

/* The rules of data in parts. */
static int check_parts(const struct training_run_config *c) {
    if (c->splits == 0)
        return fail("--splits: not given, wanted the number of parts of %s", c->file);
    if (c->splits == 1)
        return fail("--splits: found 1 with the parts of %s, wanted their number, at least 2", c->file);
    if (c->batch % c->splits != 0)
        return fail("--batch: found %zu with %zu parts, wanted a multiple: a mini-batch has as many items of each",
                    c->batch, c->splits);
    if (c->streams || c->shuffle_buffer > 0)
        return fail("--%s: found it with the parts of %s, each of which is shuffled as a whole, wanted one file",
                    c->streams ? "stream" : "shuffle-buffer", c->file);
    if (c->validation_fraction > 0)
        return fail("--val: found a fraction with the parts of %s, wanted a file of items to evaluate", c->file);
    return 0;
}

/* The rules are in the order of vae-train's options. The first one that is broken is reported. */
int run_check(const struct training_run_config *c) {
    const struct likelihood *l = c->model.likelihood;
    const struct objective *o = &c->objective;
    const struct estimator *e = o->estimator;
    const struct prior *p = c->model.prior;
    char names[LIKELIHOOD_NAMES];
    const struct segment segment = model_config_segment(&c->model);
    if (c->scale_given && l->scales == 0)
        return fail("--sigma: found it with -l %s, wanted -l %s", l->name, likelihood_with_scale(names));
    if (segment_has_best_scale(&segment) && e->importance && o->draws > 1)
        return fail(
            "--sigma: found optimal with --objective %s and %zu draws, which have different weights, wanted shared",
            e->name, o->draws);
    if (c->splits > 1 && segment_has_best_scale(&segment))
        return fail("--splits: found %zu with --sigma optimal, which needs the whole mini-batch, wanted shared",
                    c->splits);
    if (c->splits == 0 && ranks_count() > 1)
        return fail("--splits: not given with %zu ranks, wanted their number, or 2, 4, 8 and so on times it",
                    ranks_count());
    if (!splits_fit_ranks(c->splits, ranks_count()))
        return fail("--splits: found %zu with %zu ranks, wanted their number, or 2, 4, 8 and so on times it",
                    c->splits, ranks_count());
    if (dataset_is_in_parts(c->file) && check_parts(c) < 0)
        return -1;
    if (c->streams && ranks_count() > 1)
        return fail("--stream: found it with %zu ranks, wanted a file without it: each rank reads its items only",
                    ranks_count());
    if (hidden_check(&c->model.encoder, 0, c->model.activation, "--hidden") < 0 ||
        (c->model.decoder.layers != HIDDEN_NOT_GIVEN &&
         hidden_check(&c->model.decoder, c->model.latent, c->model.activation, "--decoder-hidden") < 0))
        return -1;
    if (c->model.tokens == NULL && hidden_is_recurrent(&c->model.encoder))
        return fail("--hidden: found gru without --tokens, wanted sequences for it");
    const bool sequence = c->model.decoder.layers != HIDDEN_NOT_GIVEN && hidden_is_recurrent(&c->model.decoder);
    if (c->model.tokens == NULL && sequence)
        return fail("--decoder-hidden: found gru without --tokens, wanted sequences for it");
    if (l->has_levels && c->model.levels == 0)
        return fail("--levels: not given, wanted it with -l %s", l->name);
    if (!l->has_levels && c->model.levels != 0)
        return fail("--levels: found it with -l %s, wanted -l categorical", l->name);
    if (e->importance && (o->beta != 1 || o->warmup > 0))
        return fail("--objective: found %s with a weighted KL, wanted --beta 1 and no --warmup: it has no KL term",
                    e->name);
    if (o->free_bits > 0 && !e->closed_kl)
        return fail("--free-bits: found it with --objective %s, wanted elbo", e->name);
    if (o->free_bits > 0 && p->kl == NULL)
        return fail(
            "--free-bits: found it with --prior %s, whose KL is not a sum over latents, wanted --prior normal",
            p->name);
    if (c->model.binarize != BINARIZE_NONE && l->raw_u8)
        return fail("--binarize: found it with -l %s, wanted a likelihood of numbers in [0,1]", l->name);
    if (c->model.missing && c->model.tokens != NULL)
        return fail("--missing: found it with --tokens, wanted one of them: sequences have no missing tokens");
    if (c->word_dropout > 0 && !sequence)
        return fail("--word-dropout: found it without gru in --decoder-hidden, wanted a decoder that reads earlier "
                    "tokens");
    if (c->start.at_mean && l->start == NULL)
        return fail("--mean-bias: found it with -l %s, which has no mean, wanted another likelihood", l->name);
    if (c->start.at_mean && c->start.from != NULL)
        return fail("--mean-bias: found it with --start-from, wanted one of them");
    const bool validates = c->validation != NULL || c->validation_fraction > 0;
    if (c->patience > 0 && !validates)
        return fail("--patience: found it without --val, wanted items to evaluate after each epoch");
    if (c->validation != NULL && is_standard_input(c->validation) && ranks_count() > 1)
        return fail("--val: found '-' for stdin with %zu ranks, of which only one has it, wanted a file",
                    ranks_count());
    if (c->validation != NULL && is_standard_input(c->validation) && is_standard_input(c->file))
        return fail("--val: found '-' for stdin, from which the items are read, wanted a file");
    if (c->streams && c->validation_fraction > 0)
        return fail("--val: found a fraction with --stream, wanted a file of items to evaluate");
    if (c->validation != NULL && c->labels != NULL && c->validation_labels == NULL)
        return fail("--val: found it with --cond, wanted its labels, too (--val-cond)");
    if (c->labels != NULL && c->model.prior->pseudo_inputs)
        return fail("--cond: found it with --prior %s, whose components would need labels of their own, wanted "
                    "--prior normal",
                    p->name);
    if (c->validation_labels != NULL && c->validation_fraction > 0)
        return fail(
            "--val-cond: found it with a fraction for --val, whose labels are those of --cond, wanted it left out");
    if (c->validation_labels != NULL && c->validation == NULL)
        return fail("--val-cond: found it without --val, wanted the items that these labels belong to");
    if (c->validation_labels != NULL && c->labels == NULL)
        return fail("--val-cond: found it without --cond, wanted both or none");
    if (c->validation != NULL && c->target != NULL && c->validation_target == NULL)
        return fail("--target: found it with --val, wanted the targets of its items, too (--val-target)");
    if (c->validation_target != NULL && c->validation_fraction > 0)
        return fail(
            "--val-target: found it with a fraction for --val, whose targets are those of --target, wanted it "
            "left out");
    if (c->validation_target != NULL && c->validation == NULL)
        return fail("--val-target: found it without --val, wanted the items that these targets belong to");
    if (c->validation_target != NULL && c->target == NULL)
        return fail("--val-target: found it without --target, wanted both or none");
    if (o->target_weight >= 0 && c->target == NULL)
        return fail("--target-weight: found it without --target, wanted both or none");
    if (c->target_hidden_given && c->target == NULL)
        return fail("--target-hidden: found it without --target, wanted both or none");
    if (is_given(&c->every) && c->checkpoint == NULL)
        return fail("--every: found it without --checkpoint, wanted a file to save");
    return 0;
}
