/* SPDX-License-Identifier: MIT */
#ifndef DIST_SEGMENT_H
#define DIST_SEGMENT_H

#include "dist/likelihood.h"

/* Consecutive elements of an item that have the same likelihood, with its options. */
struct segment {
    const struct likelihood *likelihood;
    enum scale scale;       /* of a likelihood that has one: where it comes from */
    double sigma;           /* the scale that is given, or where one that is learned begins */
    size_t levels;          /* of a likelihood that has them */
    size_t first, elements; /* of the item: elements [first, first + elements) */
    size_t outputs;         /* numbers that the decoder gives for each element; set by segment_lay_out */
};

/* Sets `outputs`: the likelihood's own, and with SCALE_NET one more. */
void segment_lay_out(struct segment *segment);

/* Numbers that the encoder reads for each element. */
size_t segment_inputs(const struct segment *segment);

/* Whether log_scale and inverse_scale [elements] are needed: the likelihood has a scale that is not an output of
 * the decoder. */
bool segment_has_scale(const struct segment *segment);

/* The number of scales that are parameters of the model: 0, 1 or one per element. Parameters are logs. */
size_t segment_scales(const struct segment *segment);

/* Whether the scales that are parameters are learned by their gradient; and whether the scale is the best one for
 * the batch, which is then the parameter's value. */
bool segment_learns_scale(const struct segment *segment);
bool segment_has_best_scale(const struct segment *segment);

/* The log of the scale that is given, or where one that is learned begins. */
float segment_initial_log_scale(const struct segment *segment);

/* Sets log_scale and inverse_scale [elements] from the parameters [segment_scales], within their bounds. */
void segment_set_scale(const struct segment *segment, const float *parameter, float *log_scale,
                       float *inverse_scale);

/* Adds to gradient [segment_scales] `factor` times the gradient of the parameters, from that of each element's
 * log_scale [elements]. */
void segment_scale_gradient(const struct segment *segment, const float *parameter, const float *log_scale_gradient,
                            float factor, float *gradient);

/* The best scale: its log, bounded, from the sum of the likelihood's deviations of `count` elements; and sets
 * log_scale and inverse_scale [elements] to it. */
float segment_best_log_scale(const struct segment *segment, double sum, double count);
void segment_set_best_scale(const struct segment *segment, double sum, double count, float *log_scale,
                            float *inverse_scale);

#endif
