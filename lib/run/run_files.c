/* SPDX-License-Identifier: MIT */
#include "run/run_files.h"

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/ranks.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Returns the path of a log; "-" is standard output. */
static const char *log_place(const char *log) {
    return log != NULL && strcmp(log, "-") == 0 ? "/dev/stdout" : log;
}

/* Refuses an output file that is also a part of the items, or would be taken for one by the next run. 0 or -1. */
static int check_parts(const struct training_run_config *c, const char *output) {
    int result = 0;
    for (size_t i = 0; result == 0 && output != NULL && dataset_is_in_parts(c->file) && i <= c->splits; i++) {
        char *part = dataset_part_path(c->file, i);
        if (part == NULL)
            return -1;
        if (atomic_writes(output, part))
            result = fail("%s: would be written and has the name of a part of %s, wanted a file of its own", output,
                          c->file);
        free(part);
    }
    return result;
}

/* Refuses an output file that is also an input or another output, since it would be overwritten. 0 or -1. */
static int check_places(const struct training_run_config *c) {
    enum { MODEL, LOG, LATENTS, CHECKPOINT, OUTPUTS };
    const char *const inputs[] = {c->resume,
                                  c->file == NULL ? "-" : c->file,
                                  c->validation,
                                  c->labels,
                                  c->validation_labels,
                                  c->target,
                                  c->validation_target,
                                  c->start.from};
    const char *const outputs[OUTPUTS] = {c->output, log_place(c->log), log_place(c->log_latents), c->checkpoint};
    static const char *const names[OUTPUTS] = {"model", "log", "log of the latents", "checkpoint"};
    for (size_t j = 0; j < OUTPUTS; j++) {
        if (check_parts(c, outputs[j]) < 0)
            return -1;
        for (size_t i = 0; outputs[j] != NULL && i < sizeof inputs / sizeof *inputs; i++) {
            const bool replaced = j == CHECKPOINT && i == 0; /* a checkpoint may replace the one that it resumes */
            if (inputs[i] != NULL && atomic_writes(outputs[j], inputs[i]) &&
                !(replaced && is_same_place(outputs[j], inputs[i])))
                return fail("%s: would be written and is also read as %s, wanted a file of its own", outputs[j],
                            inputs[i]);
        }
        for (size_t i = 0; outputs[j] != NULL && i < j; i++)
            if (outputs[i] != NULL &&
                (atomic_writes(outputs[i], outputs[j]) || atomic_writes(outputs[j], outputs[i])))
                return fail("%s: would be both the %s and the %s, wanted a file of its own", outputs[j], names[j],
                            names[i]);
    }
    return 0;
}

/* Refuses an input that cannot be read, before the data is read, which may take long. It does not open the inputs,
 * since a pipe can be opened only once. Rank 0 reads the checkpoint for all. 0 or -1. */
static int check_inputs(const struct training_run_config *c) {
    const char *const inputs[] = {c->validation,
                                  c->labels,
                                  c->validation_labels,
                                  c->target,
                                  c->validation_target,
                                  c->start.from,
                                  ranks_self() > 0 ? NULL : c->resume};
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
        if (inputs[i] != NULL && strcmp(inputs[i], "-") != 0 && access(inputs[i], R_OK) < 0)
            return fail_system(inputs[i], "cannot open");
    return 0;
}

int run_files_check(const struct training_run_config *c) {
    return check_places(c) < 0 ? -1 : check_inputs(c);
}
