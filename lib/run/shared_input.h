/* SPDX-License-Identifier: MIT */
#ifndef RUN_SHARED_INPUT_H
#define RUN_SHARED_INPUT_H

#include "base/io.h"

/* A file that rank 0 has (base/ranks.h), and that all ranks read: rank 0 gives its bytes to the others. A process
 * that is alone reads the file itself. */
struct shared_input {
    struct input in; /* to read from */
    struct input_bytes bytes;
    unsigned char *owned; /* the whole file; NULL: the process is alone */
};

/* Opens it, on all ranks. 0 or -1; end with shared_input_close in both cases. */
int shared_input_open(struct shared_input *shared, const char *path) __attribute__((warn_unused_result));

void shared_input_close(struct shared_input *shared);

#endif
