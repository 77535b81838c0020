/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_SCHEDULE_H
#define TRAIN_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>

/* How the learning rate changes over a run. Each schedule is an entry of the table in schedule.c:
 *     const            constant
 *     cosine[:END]     half a cosine from the rate to END (default 0) at the last epoch: Loshchilov and Hutter 2017
 *     step:EVERY:FACTOR  multiplied by FACTOR after each EVERY epochs
 *     iwae             the rate times 10^(-i/7) in stages i = 0..7 of 3^i epochs, 3280 in all: Burda et al. 2016 */
struct schedule {
    const struct schedule_kind *kind;
    double argument[2];
    double warm; /* epochs over which the rate rises from 0 */
};

/* Parses "NAME[:NUMBER...]"; does not change `warm`. 0, or -1 with a message that begins with `name`. */
int schedule_parse(struct schedule *schedule, const char *name, const char *text)
    __attribute__((warn_unused_result));

/* Writes the beginning of such a text to `text`, which it returns: the i-th schedule's name, with ':' if numbers
 * must follow. NULL after the last one. */
#define SCHEDULE_TEXT 16
const char *schedule_name(size_t i, char text[SCHEDULE_TEXT]);

/* Returns whether the rate is the same in all steps, but for `warm`. */
bool schedule_is_constant(const struct schedule *schedule);

/* Returns whether the rate depends on the number of epochs of the run. */
bool schedule_spans(const struct schedule *schedule);

/* Returns the rate of a step `done` epochs after the start of a run of `epochs` epochs, given the `rate` of --rate.
 */
double schedule_rate(const struct schedule *schedule, double rate, double done, double epochs);

#endif
