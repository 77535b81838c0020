/* SPDX-License-Identifier: MIT */
#ifndef PROPERTY_CLIMB_H
#define PROPERTY_CLIMB_H

#include "property/examples.h"
#include "property/head.h"

#include <stdbool.h>
#include <stdint.h>

/* Moves latents towards higher predictions of a property (Gomez-Bombarelli et al. 2018, optimisation in the latent
 * space). Lengths are those of standardised active numbers, see struct examples; other numbers keep their values.
 *
 * A step is of length `step_size` along the gradient of the prediction. A point that would be farther from the mean
 * of the examples than its limit is moved back along the line to the mean. The limit is `radius`, or the start's
 * own distance if that is larger. A step that would not raise the prediction is not made; the length of the steps
 * that follow is halved instead, so that the path ends near a maximum and does not oscillate around it. */
struct climb {
    const struct examples *examples;     /* not owned, like the regression */
    const struct regression *regression; /* of the examples; not read if there is a head */
    const struct head *head;             /* predicts instead; NULL: there is none; not owned */
    size_t steps;
    double step_size, radius;
    bool minimize; /* towards lower predictions */
    bool control;  /* in a random direction, as far as the climb would have gone */
    bool path;     /* all points of the path instead of the last one */
    bool deviates; /* the deviation of predictions is wanted, too */
    uint64_t seed; /* of the directions */
};

/* The property at the ends of a path. */
struct prediction {
    double start, end;
    double deviation; /* of the prediction at the end; NAN if it is not wanted, or the regression has none */
};

/* Memory for one item at a time; owned by the thread that uses it. */
struct climb_scratch {
    double *memory;           /* owned */
    double *start, *end;      /* [active] */
    double *next, *direction; /* [active] */
    double *gradient;         /* [active] */
    double *example;          /* [examples] */
    float *noise;             /* [active]; owned */
    struct head_pass head;    /* used only if there is a head */
};

/* 0, or -1 if memory runs out; end with climb_scratch_end in both cases. */
int climb_scratch_start(struct climb_scratch *scratch, const struct climb *climb)
    __attribute__((warn_unused_result));
void climb_scratch_end(struct climb_scratch *scratch);

/* Returns how many latents an item gives: 1, or steps + 1. */
size_t climb_points(const struct climb *climb);

/* Moves z [latent], which is finite: writes out [climb_points, latent], with the start first if there are several.
 * `item` is the item's number in the stream. Sets *prediction.
 *
 * A control ends in a direction that is drawn from the uniform distribution over all directions. If that point is
 * outside the limit, the direction is turned towards the mean of the examples until the point is at the limit;
 * there always is such a direction, since the climb ends inside the limit at the same distance. The points of its
 * path divide the line into equal parts. */
void climb_item(const struct climb *climb, struct climb_scratch *scratch, const float *z, uint64_t item, float *out,
                struct prediction *prediction);

#endif
