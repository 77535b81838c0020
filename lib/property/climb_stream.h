/* SPDX-License-Identifier: MIT */
#ifndef PROPERTY_CLIMB_STREAM_H
#define PROPERTY_CLIMB_STREAM_H

#include "property/climb.h"
#include "query/bad_items.h"
#include "query/item_reader.h"
#include "stream/side_file.h"

/* Learns a property from examples, or takes the head of a model, and climbs with each latent of a stream, to a
 * stream of f32 latents on stdout. The output has the input's frames; with --write-predictions a frame may be
 * divided into several. The bytes depend neither on the frames nor on the number of threads. Memory is constant,
 * except for the examples. */
struct climb_stream {
    /* Set by the tool. */
    const char *path;  /* NULL or "-": stdin */
    const char *model; /* a model whose head predicts the property; NULL: a regression does */
    /* The examples' streams. With a model there is no target, and latents NULL stands for the prior. */
    const char *latents, *target;
    const char *predictions;                /* a file to be written, with one line per item; NULL: none */
    const struct regression_method *method; /* not read with a model, like `most` */
    size_t most;                            /* examples to be used */
    double within; /* the quantile of the examples' distances, or those of the prior, that is the radius */
    size_t threads;
    struct climb climb;   /* steps, step_size, minimize, control, path and seed */
    struct bad_items bad; /* `report` */
    /* Set by climb_stream_run. */
    struct examples examples;
    struct regression regression;
    struct head head;
    struct item_reader input;
    struct raw_writer out;
    struct side_writer side; /* of the predictions */
    struct workers *workers;
    struct climb_scratch *scratch; /* one per thread; owned, like the others */
    float *z;                      /* [rows, latent] */
    float *moved;                  /* [rows, climb_points, latent] */
    struct prediction prediction[BATCH_ROWS];
    double least, largest;    /* of the examples' targets */
    uint64_t ends, beyond;    /* of the climbs so far; those whose prediction is far beyond these two */
    bool refused[BATCH_ROWS]; /* read only with bad.report */
    uint64_t item;            /* the number of the batch's first item */
};

/* Runs the whole work. Prints a note on the examples and the regression. Returns the result of the work, see
 * bad_items_finish. */
int climb_stream_run(struct climb_stream *stream) __attribute__((warn_unused_result));

#endif
