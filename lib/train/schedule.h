/* SPDX-License-Identifier: MIT */
#ifndef TRAIN_SCHEDULE_H
#define TRAIN_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>

/* How the learning rate changes over a run. One entry of the table in schedule.c each:
 *     const            the rate throughout
 *     cosine[:END]     half a cosine from the rate to END at the last epoch (default 0): Loshchilov and Hutter 2017
 *     step:EVERY:FACTOR  multiplied by FACTOR after each EVERY epochs
 *     iwae             eight stages i = 0..7 of 3^i epochs, 3280 in all, at the rate times 10^(-i/7): Burda et al.
 * 2016 */
struct schedule {
    const struct schedule_kind *kind;
    double argument[2];
    double warm; /* epochs over which the rate rises from 0 */
};

/* Reads "NAME[:NUMBER...]"; `warm` is left. 0, or -1 with a message opened by `name`. */
int schedule_parse(struct schedule *schedule, const char *name, const char *text)
    __attribute__((warn_unused_result));

/* Whether the rate depends on how many epochs the run is to have. */
bool schedule_spans(const struct schedule *schedule);

/* The rate `done` epochs after the start of a run of `epochs`. */
double schedule_rate(const struct schedule *schedule, double rate, double done, double epochs);

#endif
