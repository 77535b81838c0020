#include "vae/run_log.h"

#include "base/cli.h"
#include "base/error.h"
#include "base/file_lock.h"
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ATTEMPTS 100 /* at a log that others make and remove at the same time */

#define HEADER                                                                                                 \
    "epoch\tstep\tseconds\ttrain_elbo\ttrain_reconstruction\ttrain_kl\tval_elbo\tval_reconstruction\tval_kl\t" \
    "rate\tactive_latents\tlatent_kl\n"

int run_log_flush(const struct run_log *log, int printed) {
    return printed < 0 || fflush(log->file) != 0 ? fail_system(log->name, "cannot write") : 0;
}

/* What of a log is kept: its lines up to `end`. */
struct kept {
    off_t end;
    uint64_t last; /* the epoch of the last row; 0: there is no row */
    bool is_cut;   /* rows of later epochs follow */
    bool is_ours;  /* nothing in the log is against its being this run's */
};

/* The epoch of a row, 0 if the line is none. */
static uint64_t row_epoch(const char *line) {
    char *end;
    const uint64_t epoch = strtoull(line, &end, 10);
    return *line >= '1' && *line <= '9' && *end == '\t' ? epoch : 0;
}

/* Adds the log's first line. Returns whether more may follow. */
static bool add_header(struct kept *k, const char *line, size_t length) {
    const bool whole = line[length - 1] == '\n';
    k->is_ours = strncmp(line, HEADER, whole ? sizeof HEADER : length) == 0;
    k->end = whole ? (off_t)length : 0;
    return k->is_ours && whole;
}

/* Adds another line: rows are in order, and later ones than epoch `rows` are cut off. They follow its row, or an
 * earlier one's, if a run has gone on after a crash that took the rows between. */
static bool add_row(struct kept *k, const char *line, size_t length, uint64_t rows) {
    if (line[length - 1] != '\n')
        return false; /* a crash has taken its end */
    const uint64_t epoch = row_epoch(line);
    if (epoch > rows) {
        k->is_ours = k->last > 0;
        k->is_cut = true;
        return false;
    }
    k->is_ours = epoch > k->last;
    k->last = epoch;
    k->end += (off_t)length;
    return k->is_ours;
}

static struct kept find_kept(FILE *file, uint64_t rows) {
    struct kept k = {.is_ours = true};
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    bool more = true, first = true;
    while (more && (length = getline(&line, &size, file)) > 0) {
        more = first ? add_header(&k, line, (size_t)length) : add_row(&k, line, (size_t)length, rows);
        first = false;
    }
    free(line);
    return k;
}

static void note_missing(const struct run_log *log, const struct kept *k, uint64_t rows) {
    if (k->is_cut)
        cli_note("%s: has no rows of the epochs %" PRIu64 " to %" PRIu64 ", as after a crash", log->name,
                 k->last + 1, rows);
    else
        cli_note("%s: ends with epoch %" PRIu64 ", the checkpoint with epoch %" PRIu64
                 ": the rows between are missing, as after a crash",
                 log->name, k->last, rows);
}

/* Cuts the log off after the rows that are kept, and stands there. */
static int keep_rows(struct run_log *log, uint64_t rows) {
    const struct kept k = find_kept(log->file, rows);
    if (!k.is_ours)
        return fail("%s: is not the log of the %" PRIu64 " epochs before, wanted it, or no file: move it away",
                    log->name, rows);
    if (k.last < rows)
        note_missing(log, &k, rows);
    if (fseeko(log->file, k.end, SEEK_SET) < 0 || ftruncate(fileno(log->file), k.end) < 0)
        return fail_system(log->name, "cannot write");
    return k.end > 0 ? 0 : run_log_flush(log, fputs(HEADER, log->file));
}

/* A descriptor of the log, an old one or a new one; -1 with errno. */
static int open_file(struct run_log *log) {
    const int flags = O_RDWR | O_CLOEXEC;
    int fd = open(log->name, flags);
    for (int i = 0; i < ATTEMPTS && fd < 0 && errno == ENOENT; i++) {
        fd = open(log->name, flags | O_CREAT | O_EXCL, 0666);
        log->is_new = fd >= 0;
        if (fd < 0 && errno == EEXIST)
            fd = open(log->name, flags);
    }
    return fd;
}

static int open_stream(struct run_log *log) {
    const int fd = open_file(log);
    if (fd < 0)
        return fail_system(log->name, "cannot create");
    log->file = fdopen(fd, "r+");
    if (log->file == NULL) {
        if (log->is_new)
            unlink(log->name);
        log->is_new = false;
        close(fd);
        return fail("%s: out of memory for its buffer", log->name);
    }
    return 0;
}

/* Opens a log that is a regular file, or will be one, and locks it. */
static int open_regular(struct run_log *log) {
    enum file_lock lock;
    log->is_regular = true;
    while (open_stream(log) == 0 && (lock = file_lock(fileno(log->file), log->name)) != FILE_LOCK_HELD) {
        log->is_new = false;
        if (lock == FILE_LOCK_OTHER)
            return file_lock_fail(log->name);
        if (lock == FILE_LOCK_ERROR)
            return fail_system(log->name, "cannot lock");
        fclose(log->file);
        log->file = NULL;
    }
    return log->file == NULL ? -1 : 0;
}

static bool is_there_and_special(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

int run_log_open(struct run_log *log, const char *path) {
    *log = (struct run_log){.name = path};
    if (path == NULL)
        return 0;
    if (strcmp(path, "-") == 0) {
        *log = (struct run_log){.name = "stdout", .file = stdout};
        return 0;
    }
    if (is_dangling_link(path))
        return fail("%s: is a symbolic link to nothing, wanted a file or a new name", path);
    return is_there_and_special(path) ? 0 : open_regular(log);
}

/* A pipe is opened only now, and not for reading, too: then it would not be noticed that its reader has left. */
static int open_late(struct run_log *log) {
    if (!is_there_and_special(log->name))
        return open_regular(log);
    log->file = fopen(log->name, "we");
    return log->file == NULL ? fail_system(log->name, "cannot create") : 0;
}

static bool is_empty(const struct run_log *log) {
    struct stat status;
    return fstat(fileno(log->file), &status) == 0 && status.st_size == 0;
}

int run_log_begin(struct run_log *log, uint64_t rows) {
    if (log->name == NULL)
        return 0;
    if (log->file == NULL && open_late(log) < 0)
        return -1;
    log->is_new = false;
    if (log->is_regular && rows > 0 && !is_empty(log))
        return keep_rows(log, rows);
    if (log->is_regular && ftruncate(fileno(log->file), 0) < 0)
        return fail_system(log->name, "cannot write");
    return run_log_flush(log, fputs(HEADER, log->file));
}

int run_log_sync(const struct run_log *log) {
    return log->is_regular && io_sync(fileno(log->file)) < 0 ? fail_system(log->name, "cannot sync") : 0;
}

void run_log_abandon(const struct run_log *log) {
    if (log->is_new && file_is_at(fileno(log->file), log->name))
        unlink(log->name);
}

int run_log_close(struct run_log *log) {
    FILE *file = log->file;
    log->file = NULL;
    if (file == NULL || file == stdout)
        return 0;
    return fclose(file) != 0 ? fail_system(log->name, "cannot close") : 0;
}
