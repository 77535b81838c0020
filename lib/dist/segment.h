/* SPDX-License-Identifier: MIT */
#ifndef DIST_SEGMENT_H
#define DIST_SEGMENT_H

#include "dist/likelihood.h"

/* Consecutive elements of an item that have the same likelihood, with its options. */
struct segment {
    const struct likelihood *likelihood;
    enum scale scale;       /* where the scale comes from; read only if the likelihood has one */
    double sigma;           /* the fixed scale, or the initial value of a learned one */
    size_t levels;          /* number of levels; read only if the likelihood has levels */
    size_t first, elements; /* the elements [first, first + elements) of the item */
    size_t outputs;         /* numbers that the decoder gives per element; set by segment_lay_out */
};

/* Sets `outputs` from the other fields: the outputs of the likelihood, and one more with SCALE_NET. */
void segment_lay_out(struct segment *segment);

/* Returns how many numbers the encoder reads per element. */
size_t segment_inputs(const struct segment *segment);

/* Returns whether the likelihood needs log_scale and inverse_scale [elements]: it has a scale, which is not an
 * output of the decoder. */
bool segment_has_scale(const struct segment *segment);

/* Returns how many scales are parameters of the model: 0, 1 or one per element. Such a parameter is the log of a
 * scale. */
size_t segment_scales(const struct segment *segment);

/* segment_learns_scale returns whether the scales that are parameters are learned by gradient.
 * segment_has_best_scale returns whether the scale is the one that maximises log p(x|z) of each batch, in closed
 * form (SCALE_OPTIMAL); the parameter then holds its log. */
bool segment_learns_scale(const struct segment *segment);
bool segment_has_best_scale(const struct segment *segment);

/* Returns the log of the fixed scale, or the initial log of a learned one. */
float segment_initial_log_scale(const struct segment *segment);

/* Writes log_scale and inverse_scale [elements] from the parameters [segment_scales], which it clamps to
 * +-LOG_SCALE_BOUND; a fixed scale is taken unchanged. */
void segment_set_scale(const struct segment *segment, const float *parameter, float *log_scale,
                       float *inverse_scale);

/* Adds to gradient [segment_scales] `factor` times the gradient with respect to the parameters. log_scale_gradient
 * [elements] is the gradient with respect to each element's log_scale. */
void segment_scale_gradient(const struct segment *segment, const float *parameter, const float *log_scale_gradient,
                            float factor, float *gradient);

/* The scale that maximises log p(x|z), from `sum`, the likelihood's deviations summed over `count` elements. The
 * first returns its log, clamped to +-LOG_SCALE_BOUND; the second writes it to log_scale and inverse_scale
 * [elements]. */
float segment_best_log_scale(const struct segment *segment, double sum, double count);
void segment_set_best_scale(const struct segment *segment, double sum, double count, float *log_scale,
                            float *inverse_scale);

#endif
