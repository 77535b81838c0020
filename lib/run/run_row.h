/* SPDX-License-Identifier: MIT */
#ifndef RUN_RUN_ROW_H
#define RUN_RUN_ROW_H

#include "base/io.h"
#include "op/hidden.h"

#include <jansson.h>

/* A model or a checkpoint as a row of a table: how it was trained and its figures, one column each, the same for
 * both and for the files of every version. */

#define RUN_ROW_CELL (HIDDEN_TEXT + 32) /* enough for each text that is made; longer texts of a file are cut */

struct run_row {
    json_t *metadata;  /* owned */
    bool checkpoint;   /* else a model */
    size_t parameters; /* numbers of the model's tensors */
};

/* Reads and checks a whole file. A model is checked as model_read does; of a checkpoint the metadata and the
 * checksum are, since only the run that it belongs to knows its tensors. 0 or -1; end with run_row_free in both
 * cases. */
int run_row_read(struct run_row *row, const struct input *in) __attribute__((warn_unused_result));

void run_row_free(struct run_row *row);

/* Returns the name of column `i`, from 0 on; NULL after the last one. */
const char *run_row_name(size_t i);

/* Writes the text of column `i` to `text`, "-" if the file does not have it, and returns it. */
const char *run_row_cell(const struct run_row *row, size_t i, char text[RUN_ROW_CELL]);

#endif
