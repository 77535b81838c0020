#include "vae/train_log.h"

#include "base/error.h"

#include <inttypes.h>
#include <string.h>

static int check(const struct train_log *log, int printed) {
    if (printed < 0 || fflush(log->file) != 0)
        return fail_system(log->name, "cannot write");
    return 0;
}

int train_log_open(struct train_log *log, const char *path) {
    *log = (struct train_log){.name = path};
    if (path == NULL)
        return 0;
    if (strcmp(path, "-") == 0) {
        log->file = stdout;
        log->name = "stdout";
    } else {
        log->file = fopen(path, "we");
    }
    if (log->file == NULL)
        return fail_system(path, "cannot create");
    return check(log,
                 fprintf(log->file, "epoch\tstep\tseconds\ttrain_elbo\ttrain_reconstruction\ttrain_kl\tval_elbo\t"
                                    "val_reconstruction\tval_kl\trate\n"));
}

int train_log_row(struct train_log *log, const struct training *training, double seconds,
                  const struct elbo *validation) {
    const struct elbo train = training_elbo(training);
    if (log->file == NULL)
        return 0;
    return check(log, fprintf(log->file, "%" PRIu64 "\t%" PRIu64 "\t%.3f\t%.4f\t%.4f\t%.4f\t%.4f\t%.4f\t%.4f\t%g\n",
                              training->epoch, training->step, seconds, train.elbo, train.reconstruction, train.kl,
                              validation->elbo, validation->reconstruction, validation->kl, training->rate));
}

int train_log_close(struct train_log *log) {
    FILE *file = log->file;
    log->file = NULL;
    if (file == NULL || file == stdout)
        return 0;
    return fclose(file) != 0 ? fail_system(log->name, "cannot close") : 0;
}
