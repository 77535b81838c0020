#ifndef VAE_SAVER_H
#define VAE_SAVER_H

#include "base/atomic_file.h"
#include "vae/model_file.h"
#include "vae/train.h"

/* The model file of a training run. It belongs to the run from saver_open to the last save: no other run can write
 * it. What stood there is replaced only by whole models whose weights are finite. The weights of the last whole
 * epoch are kept, for when training fails. */
struct saver {
    const struct training *training; /* not owned, like the path */
    const char *path;
    struct provenance provenance; /* what is known before training; the rest is filled in at each save */
    struct atomic_file file;
    bool best; /* what was kept is saved, rather than the weights of the moment */
    float *kept;
    struct provenance kept_provenance; /* epochs 0: nothing is kept */
    double kept_validation;            /* of the epoch whose weights are kept */
};

/* Takes the place of the model file; nothing there is changed. The saver is empty else. 0 or -1; end with
 * saver_close in both cases. */
int saver_open(struct saver *saver, const char *path) __attribute__((warn_unused_result));

/* Sets up for a training that has been started; fields training, best and provenance must be set. 0 or -1. */
int saver_start(struct saver *saver) __attribute__((warn_unused_result));

/* Behind each whole epoch: keeps its weights. */
void saver_keep(struct saver *saver, double validation);

/* Saves the weights of the moment; with `again` more saves are to follow. 0 or -1. */
int saver_save(struct saver *saver, bool again) __attribute__((warn_unused_result));

/* Behind a failure, whose message stands: saves what was kept, if anything, and says so. */
void saver_rescue(struct saver *saver);

void saver_close(struct saver *saver);

#endif
