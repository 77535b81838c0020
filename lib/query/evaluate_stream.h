/* SPDX-License-Identifier: MIT */
#ifndef QUERY_EVALUATE_STREAM_H
#define QUERY_EVALUATE_STREAM_H

#include "model/model_file.h"
#include "query/bad_items.h"
#include "query/evaluate.h"
#include "query/item_reader.h"

/* Runs a stream of items through an evaluator, batch by batch, in constant memory: for vae-eval, vae-score and
 * vae-impute. */
struct stream_evaluation {
    /* Set by the tool. */
    const char *model_path, *path; /* path NULL or "-": stdin */
    const char *labels_path;       /* the labels' stream, for a conditional model; else NULL */
    const char *targets_path;      /* the targets' stream, to be predicted; NULL: none */
    size_t threads;
    uint64_t seed;
    uint32_t samples; /* see evaluator_start, like `marginal`; with 0, BINARIZE_SAMPLE has no noise either */
    bool marginal;
    bool may_miss;        /* elements may be missing, even if the model was not trained on such items */
    struct bad_items bad; /* `report` is set by the tool */
    void *context;        /* for the tool's functions below */
    /* The functions return 0 or -1, and are called in the order of the stream; all but `batch` may be NULL. `begin`
     * is called after the checks, before the first frame; `frame` at the start of each frame of `items` items. */
    int (*begin)(struct stream_evaluation *stream);
    int (*frame)(struct stream_evaluation *stream, uint64_t items, bool last);
    /* Called for item i of a batch, number `item` of the stream, which the model accepts and whose figures are
     * finite. -1 with a message if it has no answer. */
    int (*item)(struct stream_evaluation *stream, size_t i, uint64_t item);
    /* Called after each batch of `count` items, which are input.items, and whose figures are evaluator.figures.
     * `item` is the number of the first one. */
    int (*batch)(struct stream_evaluation *stream, size_t count, uint64_t item);
    int (*end)(struct stream_evaluation *stream); /* called after the stream has ended without an error */
    /* Set by stream_evaluate. */
    struct model model;
    struct item_reader input;
    struct workers *workers;
    struct evaluator evaluator;
    /* For each item of the batch: the model does not accept it (read only with bad.report); it is bad, for this or
     * another reason. The figures of the former are NaN, those of the latter as they were computed. */
    bool refused[BATCH_ROWS], is_bad[BATCH_ROWS];
    bool grey; /* an item was grey, so the figures are cross-entropies; see GREY_NOTE */
};

/* Loads the model, then evaluates the whole stream. 0 or -1; the tool then ends its output and calls
 * bad_items_finish. */
int stream_evaluate(struct stream_evaluation *stream) __attribute__((warn_unused_result));

#endif
