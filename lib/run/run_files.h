/* SPDX-License-Identifier: MIT */
#ifndef RUN_RUN_FILES_H
#define RUN_RUN_FILES_H

#include "run/training_run.h"

/* Checks the files of a run before any of them is opened: refuses an output that is also an input or another
 * output, and an input that cannot be read. 0 or -1. */
int run_files_check(const struct training_run_config *config) __attribute__((warn_unused_result));

#endif
