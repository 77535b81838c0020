/* SPDX-License-Identifier: MIT */
#include "run/run_log.h"

#include "base/atomic_file.h"
#include "base/cli.h"
#include "base/error.h"
#include "base/file_lock.h"
#include "base/io.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ATTEMPTS 100 /* attempts to open a log that other processes create and remove at the same time */

char *run_log_latents_header(size_t latent) {
    const size_t longest = sizeof "\tkl_" + 20; /* of a column */
    char *header = malloc(sizeof "epoch\n" + latent * longest), *end = header;
    if (header == NULL) {
        (void)fail("training: out of memory");
        return NULL;
    }
    end += sprintf(end, "epoch");
    for (size_t i = 0; i < latent; i++)
        end += sprintf(end, "\tkl_%zu", i);
    sprintf(end, "\n");
    return header;
}

int run_log_flush(const struct run_log *log, int printed) {
    return printed < 0 || fflush(log->file) != 0 ? fail_system(log->name, "cannot write") : 0;
}

/* The lines of a log that are kept: those up to `end`. */
struct kept {
    off_t end;
    uint64_t last; /* the epoch of the last kept row; 0: no row is kept */
    uint64_t cut;  /* the epoch of the last row that is cut off; 0: none */
    bool is_ours;  /* all lines so far may be those of a log of this run */
};

static size_t count_tabs(const char *line) {
    size_t tabs = 0;
    for (; *line != '\0'; line++)
        tabs += *line == '\t';
    return tabs;
}

/* Returns whether the line has a number, or nan, in each column of the header. */
static bool is_row(const struct run_log *log, const char *line) {
    if (count_tabs(line) != count_tabs(log->header))
        return false;
    for (;;) {
        char *end;
        (void)strtod(line, &end);
        if (end == line || isspace((unsigned char)*line) || (*end != '\t' && *end != '\n'))
            return false;
        if (*end == '\n')
            return true;
        line = end + 1;
    }
}

/* Returns the epoch of a row, or 0 if the line is not a row. */
static uint64_t row_epoch(const struct run_log *log, const char *line) {
    char *end;
    const uint64_t epoch = strtoull(line, &end, 10);
    return *line >= '1' && *line <= '9' && *end == '\t' && is_row(log, line) ? epoch : 0;
}

/* Adds the log's first line. Returns whether more may follow. */
static bool add_header(const struct run_log *log, struct kept *k, const char *line, size_t length) {
    const bool whole = line[length - 1] == '\n';
    k->is_ours = whole ? strcmp(line, log->header) == 0 : strncmp(line, log->header, length) == 0;
    k->end = whole ? (off_t)length : 0;
    return k->is_ours && whole;
}

static void note_gap(const struct run_log *log, uint64_t first, uint64_t last) {
    cli_note("%s: has no rows for epochs %" PRIu64 " to %" PRIu64 ", as after a crash", log->name, first, last);
}

/* Returns whether a crash has left zeros in this line, which follows the row of epoch `rows`. Such lines were not
 * synced before a checkpoint. */
static bool is_lost(const struct kept *k, const char *line, size_t length, uint64_t rows) {
    return (k->cut > 0 || k->last == rows) && strlen(line) < length;
}

/* Adds another line. Returns whether more may follow. Rows must be in ascending order; missing ones are noted. Rows
 * after epoch `rows` are cut off. If a row is kept before them, they may begin with any later epoch, since a crash
 * may have taken the rows between. If none is kept, a resumed run has begun the log: they must begin with epoch
 * `rows` + 1 and be in order. */
static bool add_row(const struct run_log *log, struct kept *k, const char *line, size_t length, uint64_t rows) {
    if (line[length - 1] != '\n' || is_lost(k, line, length, rows))
        return false; /* a crash has taken its end, or all of it */
    const uint64_t epoch = row_epoch(log, line);
    if (epoch > rows || k->cut > 0) {
        k->is_ours = k->cut > 0 ? epoch > k->cut : k->last > 0 || epoch == rows + 1;
        k->cut = epoch;
        return k->is_ours;
    }
    k->is_ours = epoch > k->last;
    if (k->last + 1 < epoch)
        note_gap(log, k->last + 1, epoch - 1);
    k->last = epoch;
    k->end += (off_t)length;
    return k->is_ours;
}

/* Reads the log and finds the lines to keep. 0, or -1 if it cannot be read. */
static int find_kept(const struct run_log *log, struct kept *k, uint64_t rows) {
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    bool more = true, first = true;
    *k = (struct kept){.is_ours = true};
    while (more && (length = getline(&line, &size, log->file)) > 0) {
        more = first ? add_header(log, k, line, (size_t)length) : add_row(log, k, line, (size_t)length, rows);
        first = false;
    }
    const int result = more && !feof(log->file) ? fail_system(log->name, "cannot read") : 0;
    free(line);
    return result;
}

static void note_missing(const struct run_log *log, const struct kept *k, uint64_t rows) {
    if (k->cut > 0)
        note_gap(log, k->last + 1, rows);
    else
        cli_note("%s: ends with epoch %" PRIu64 ", the checkpoint with epoch %" PRIu64
                 ": the rows between are missing, as after a crash",
                 log->name, k->last, rows);
}

/* Cuts the log after the rows that are kept, and sets the file's position there. 0 or -1. */
static int keep_rows(struct run_log *log, uint64_t rows) {
    struct kept k;
    if (find_kept(log, &k, rows) < 0)
        return -1;
    if (!k.is_ours)
        return fail("%s: is not the log of this run up to epoch %" PRIu64 ", wanted it, or no file: move it away",
                    log->name, rows);
    if (fseeko(log->file, k.end, SEEK_SET) < 0 || ftruncate(fileno(log->file), k.end) < 0)
        return fail_system(log->name, "cannot write");
    if (k.end == 0 && run_log_flush(log, fputs(log->header, log->file)) < 0)
        return -1;
    if (k.last < rows)
        note_missing(log, &k, rows);
    return 0;
}

/* Opens the log, or creates it. Returns the descriptor, or -1 with errno. */
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

/* Opens a log that is a regular file, or creates one, and locks it. A file that is the model or the checkpoint of
 * another run is refused, since that run would replace it. 0 or -1. */
static int open_regular(struct run_log *log) {
    enum file_lock lock;
    if (atomic_is_taken(log->name))
        return file_lock_fail(log->name);
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
    if (log->file == NULL)
        return -1;
    return atomic_is_taken(log->name) ? file_lock_fail(log->name) : 0;
}

static bool is_there_and_special(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

static bool is_directory(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

int run_log_open(struct run_log *log, const char *path, const char *header) {
    *log = (struct run_log){.name = path, .header = header};
    if (path == NULL)
        return 0;
    if (strcmp(path, "-") == 0) {
        *log = (struct run_log){.name = "stdout", .header = header, .file = stdout};
        return 0;
    }
    if (is_dangling_link(path))
        return fail("%s: is a symbolic link to nothing, wanted a file or a new name", path);
    if (is_directory(path))
        return fail("%s: is a directory, wanted a file", path);
    if (is_there_and_special(path))
        return 0;
    return check_directory_of(path) < 0 ? -1 : open_regular(log);
}

/* Opens a pipe or a device, after the data has been read, and for writing only: if this process could also read
 * from the pipe, writing would not fail when its reader has closed it. 0 or -1. */
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

/* Writes the header, or keeps the rows up to epoch `rows`. 0 or -1. */
static int begin_rows(struct run_log *log, uint64_t rows) {
    if (log->file == NULL && open_late(log) < 0)
        return -1;
    if (log->is_regular && rows > 0 && !is_empty(log))
        return keep_rows(log, rows);
    if (log->is_regular && rows > 0)
        cli_note("%s: begins without the rows of epochs 1 to %" PRIu64, log->name, rows);
    if (log->is_regular && ftruncate(fileno(log->file), 0) < 0)
        return fail_system(log->name, "cannot write");
    return run_log_flush(log, fputs(log->header, log->file));
}

/* Keeps is_new until the log has begun, so that run_log_abandon can remove it. */
int run_log_begin(struct run_log *log, uint64_t rows) {
    if (log->name == NULL)
        return 0;
    if (begin_rows(log, rows) < 0)
        return -1;
    log->is_new = false;
    return 0;
}

int run_log_sync(const struct run_log *log) {
    return log->is_regular && io_sync(fileno(log->file)) < 0 ? fail_system(log->name, "cannot sync") : 0;
}

void run_log_abandon(const struct run_log *log) {
    if (log->is_new && file_is_at(fileno(log->file), log->name))
        unlink(log->name);
}

/* Returns whether the log was removed. A log that was moved keeps its rows. */
static bool is_removed(const struct run_log *log) {
    struct stat status;
    return log->is_regular && !file_is_at(fileno(log->file), log->name) && fstat(fileno(log->file), &status) == 0 &&
           status.st_nlink == 0;
}

int run_log_close(struct run_log *log) {
    FILE *file = log->file;
    if (file == NULL || file == stdout)
        return 0;
    const bool removed = is_removed(log);
    log->file = NULL;
    if (fclose(file) != 0)
        return fail_system(log->name, "cannot close");
    return removed ? fail("%s: was removed with its rows, wanted it left alone until the end", log->name) : 0;
}
