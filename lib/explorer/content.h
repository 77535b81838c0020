/* SPDX-License-Identifier: MIT */
#ifndef EXPLORER_CONTENT_H
#define EXPLORER_CONTENT_H

#include "model/model.h"
#include "stream/dtype.h"
#include "stream/element_names.h"

/* The items and latents that a page shows. */

/* What the page is made of, as the user gives it. */
struct content_request {
    const char *items, *labels; /* streams; items NULL: there are none, then neither are labels */
    const char *names;          /* a text with one line per element; NULL: elements have numbers */
    const char *label_names;    /* a text with one line per label; NULL: labels have numbers */
    size_t most;                /* items, at most */
    size_t threads;
    uint64_t seed; /* of the draws from the prior, and of the model's binarization */
};

struct content {
    const struct model *model; /* not owned, like its name */
    const char *model_name;
    size_t items, of;    /* items of the page, and of the stream, over which they are evenly spread */
    enum dtype dtype;    /* u8 or f32 */
    unsigned char *item; /* [items, elements]; owned, like the next ones */
    uint32_t *label;     /* [items]; NULL: none are given */
    float *mu;           /* [items, latent], the mean of q(z|x) */
    float *draw;         /* [draws, latent], from the prior */
    struct element_names names, label_names; /* [elements], [labels]; text NULL: none are given */
    size_t draws, labels; /* labels: the classes of the model, or one more than the greatest label */
};

/* Reads items, labels and names, encodes the items, and draws latents. The net must be packed. 0 or -1; end with
 * content_free in both cases. */
int content_load(struct content *content, const struct model *model, const char *model_name,
                 const struct content_request *request) __attribute__((warn_unused_result));

void content_free(struct content *content);

/* Returns the number in the stream of item i of the page. */
size_t content_number(const struct content *content, size_t i);

#endif
