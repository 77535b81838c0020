/* SPDX-License-Identifier: MIT */
#ifndef QUERY_EVALUATE_STREAM_H
#define QUERY_EVALUATE_STREAM_H

#include "model/model_file.h"
#include "query/evaluate.h"
#include "query/item_reader.h"

/* A stream of items through an evaluator, batch by batch, in constant memory: what vae-eval and vae-score are. */
struct stream_evaluation {
    /* Set by the tool. */
    const char *model_path, *path; /* path NULL or "-": stdin */
    const char *labels_path;       /* what a conditional model wants; else NULL */
    size_t threads;
    uint64_t seed;
    uint32_t samples;
    bool marginal;
    bool may_miss; /* elements may be missing, even if the model was not trained on such items */
    void *context; /* the tool's own */
    /* All called in the stream's order; 0 or -1. */
    int (*begin)(struct stream_evaluation *stream); /* after the checks, before the first frame; may be NULL */
    int (*frame)(struct stream_evaluation *stream, uint64_t items,
                 bool last); /* at the head of each; may be NULL */
    /* After each batch: evaluator.figures are those of `count` items, the first of which has number `item`, and
     * input.items are they. */
    int (*batch)(struct stream_evaluation *stream, size_t count, uint64_t item);
    int (*end)(struct stream_evaluation *stream); /* after the clean end; may be NULL */
    /* Set by stream_evaluate. */
    struct model model;
    struct item_reader input;
    struct workers *workers;
    struct evaluator evaluator;
    bool grey; /* whether an item makes the figures cross-entropies */
};

/* Loads the model, then evaluates the whole stream. 0 or -1. */
int stream_evaluate(struct stream_evaluation *stream) __attribute__((warn_unused_result));

#endif
