/* SPDX-License-Identifier: MIT */
#ifndef RUN_RUN_CHECK_H
#define RUN_RUN_CHECK_H

#include "run/training_run.h"

/* Checks that the options of a run can be combined. 0, or -1 with a message that begins with one of the options. */
int run_check(const struct training_run_config *config) __attribute__((warn_unused_result));

#endif
