/* SPDX-License-Identifier: MIT */
#include "dist/segment.h"

#include <math.h>

/* Returns whether the log of the scale is an output of the decoder. */
static bool has_scale_output(const struct segment *s) {
    return s->likelihood->scales != 0 && s->scale == SCALE_NET;
}

void segment_lay_out(struct segment *s) {
    const struct likelihood *l = s->likelihood;
    s->outputs = (l->outputs == NULL ? 1 : l->outputs(s->levels)) + (has_scale_output(s) ? 1 : 0);
}

size_t segment_inputs(const struct segment *s) {
    return s->likelihood->inputs == NULL ? 1 : s->likelihood->inputs(s->levels);
}

bool segment_has_scale(const struct segment *s) {
    return s->likelihood->scales != 0 && !has_scale_output(s);
}

size_t segment_scales(const struct segment *s) {
    if (!segment_has_scale(s) || s->scale == SCALE_FIXED)
        return 0;
    return s->scale == SCALE_PER_DIM ? s->elements : 1;
}

bool segment_has_best_scale(const struct segment *s) {
    return segment_has_scale(s) && s->scale == SCALE_OPTIMAL;
}

bool segment_learns_scale(const struct segment *s) {
    return segment_scales(s) > 0 && !segment_has_best_scale(s);
}

float segment_initial_log_scale(const struct segment *s) {
    return (float)log(s->sigma);
}

static void fill(const struct segment *s, float value, float *log_scale, float *inverse_scale) {
    const float inverse = (float)exp(-(double)value);
    for (size_t i = 0; i < s->elements; i++) {
        log_scale[i] = value;
        inverse_scale[i] = inverse;
    }
}

void segment_set_scale(const struct segment *s, const float *parameter, float *log_scale, float *inverse_scale) {
    const size_t scales = segment_scales(s);
    if (scales <= 1)
        fill(s, scales == 0 ? segment_initial_log_scale(s) : log_scale_bounded(*parameter), log_scale,
             inverse_scale);
    for (size_t i = 0; scales > 1 && i < scales; i++) {
        log_scale[i] = log_scale_bounded(parameter[i]);
        inverse_scale[i] = expf(-log_scale[i]);
    }
}

void segment_scale_gradient(const struct segment *s, const float *parameter, const float *by_element, float factor,
                            float *gradient) {
    const size_t scales = segment_scales(s);
    double sum = 0;
    for (size_t i = 0; scales == 1 && i < s->elements; i++)
        sum += (double)by_element[i];
    if (scales == 1)
        *gradient += factor * log_scale_gradient(*parameter, (float)sum);
    for (size_t i = 0; scales > 1 && i < scales; i++)
        gradient[i] += factor * log_scale_gradient(parameter[i], by_element[i]);
}

float segment_best_log_scale(const struct segment *s, double sum, double count) {
    return log_scale_bounded((float)(log(sum / count) / s->likelihood->power));
}

void segment_set_best_scale(const struct segment *s, double sum, double count, float *log_scale,
                            float *inverse_scale) {
    fill(s, segment_best_log_scale(s, sum, count), log_scale, inverse_scale);
}
