/* SPDX-License-Identifier: MIT */
/* The processes that MPI has started. */
#include "base/error.h"
#include "base/number.h"
#include "base/ranks.h"
#include "base/signals.h"

#include <fcntl.h>
#include <math.h>
#include <mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE "VAE_RANK_SECONDS" /* in the environment: how long a rank waits for another one */
#define DEFAULT_PATIENCE 600
#define MOST_PATIENCE 1e6
#define AT_ONCE 200             /* looks before the first pause, since an answer usually comes in microseconds */
#define PAUSE 5e-5              /* seconds, the shortest one */
#define MOST_PAUSE 1e-3         /* the longest one */
#define PART (1.0 / 32)         /* a pause, of the time that was waited so far */
#define LONGEST_LOOK 1.0        /* seconds between two looks, unless the process was stopped */
#define TIME_TO_ANSWER 1.0      /* seconds that the others have when rank 0 asks them */
#define CHUNK ((size_t)1 << 30) /* bytes of a message: MPI counts them in an int */
#define ANY (-1)                /* all ranks, or one that is not known */
enum { TAG_STATE, TAG_ASK, TAG_HERE };

static struct {
    int count, self, here;
    int threads;               /* MPI's level of support for them */
    double patience;           /* seconds */
    int told;                  /* the stderr of the ranks that do not print */
    bool began;                /* rank 0 has read its command line */
    bool ended;                /* by ranks_end */
    int *counts, *places;      /* [count] of all pieces, */
    int *copies, *copy_places; /* and of the copies of this rank's piece, one from each rank */
} ranks;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Ends all ranks, since one has died or stopped without the others being told. */
static _Noreturn void give_up(int rank) {
    char text[32] = "a rank";
    if (rank != ANY)
        snprintf(text, sizeof text, "rank %d", rank);
    dprintf(ranks.told, "vae-train: %s: has not answered for %.0f seconds (" PATIENCE "), wanted it to go on\n",
            text, ranks.patience);
    MPI_Abort(MPI_COMM_WORLD, 1);
    abort();
}

/* Called by rank 0 when an exchange of all ranks does not end: asks each whether it waits, too. Returns the first
 * that does not answer in time, or ANY. */
static int find_silent(void) {
    const double start = now();
    int silent = ANY;
    for (int rank = 1; rank < ranks.count && silent == ANY; rank++) {
        MPI_Request asked, answered;
        int done = 0;
        MPI_Isend(NULL, 0, MPI_BYTE, rank, TAG_ASK, MPI_COMM_WORLD, &asked);
        MPI_Irecv(NULL, 0, MPI_BYTE, rank, TAG_HERE, MPI_COMM_WORLD, &answered);
        while (!done && now() - start < TIME_TO_ANSWER)
            MPI_Test(&answered, &done, MPI_STATUS_IGNORE);
        silent = done ? ANY : rank;
    }
    return silent;
}

/* Called by the others while they wait: answers rank 0. */
static void answer(void) {
    MPI_Request request;
    int asked = 0;
    MPI_Iprobe(0, TAG_ASK, MPI_COMM_WORLD, &asked, MPI_STATUS_IGNORE);
    if (!asked)
        return;
    MPI_Recv(NULL, 0, MPI_BYTE, 0, TAG_ASK, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Isend(NULL, 0, MPI_BYTE, 0, TAG_HERE, MPI_COMM_WORLD, &request);
    MPI_Request_free(&request);
}

/* Waits for a request that needs `rank`, or all. MPI's own wait would take a whole processor, which computes
 * meanwhile, and would never end if another rank has stopped. The other ranks have more than twice the patience of
 * rank 0, which finds out who does not answer. The time in which this rank has been stopped itself does not count.
 */
static void wait_for(MPI_Request *request, int rank) {
    const double most = ranks.self == 0 ? ranks.patience : 2 * ranks.patience + TIME_TO_ANSWER;
    double waited = 0, last = now();
    int done = 0;
    for (size_t looks = 0; MPI_Test(request, &done, MPI_STATUS_IGNORE) == MPI_SUCCESS && !done; looks++) {
        if (looks < AT_ONCE)
            continue;
        const double time = now(), pause = fmin(fmax(PART * waited, PAUSE), MOST_PAUSE);
        waited += fmin(time - last, LONGEST_LOOK);
        last = time;
        nanosleep(&(struct timespec){.tv_nsec = (long)(1e9 * pause)}, NULL);
        if (ranks.self > 0)
            answer();
        if (waited > most)
            give_up(rank == ANY && ranks.self == 0 ? find_silent() : rank);
    }
}

static void share_from(int root, void *data, size_t bytes) {
    for (size_t first = 0; first < bytes; first += CHUNK) {
        MPI_Request request;
        MPI_Ibcast((char *)data + first, (int)smaller(CHUNK, bytes - first), MPI_BYTE, root, MPI_COMM_WORLD,
                   &request);
        wait_for(&request, root == ranks.self ? ANY : root);
    }
}

/* At the end of the process: rank 0, which ends before the others begin, tells them; any other end that was not
 * agreed upon ends all. */
static void leave(void) {
    int32_t begins = 0;
    if (!ranks.began && ranks.self == 0)
        share_from(0, &begins, sizeof begins);
    else if (ranks.began && !ranks.ended)
        MPI_Abort(MPI_COMM_WORLD, 1);
    MPI_Finalize();
}

static int set_patience(void) {
    const char *text = getenv(PATIENCE);
    return text == NULL ? 0 : parse_real(PATIENCE, text, 1, MOST_PATIENCE, &ranks.patience);
}

static int check_threads(void) {
    return ranks.threads >= MPI_THREAD_SERIALIZED
               ? 0
               : fail("MPI: found no support of threads, wanted a library with MPI_THREAD_SERIALIZED");
}

/* Refuses a process that is one of several for what has started it, and alone for the library. 0 or -1. */
static int check_starter(void) {
    static const char *const sizes[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const char *size = getenv(sizes[i]);
        if (ranks.count == 1 && size != NULL && strtol(size, NULL, 10) > 1)
            return fail("MPI: found one rank where %s is %s, wanted the mpirun of the library that the program is "
                        "built for",
                        sizes[i], size);
    }
    return 0;
}

void ranks_start(int *argc, char ***argv) {
    int32_t begins = 1;
    MPI_Comm here;
    MPI_Init_thread(argc, argv, MPI_THREAD_SERIALIZED, &ranks.threads);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks.count);
    MPI_Comm_rank(MPI_COMM_WORLD, &ranks.self);
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &here);
    MPI_Comm_size(here, &ranks.here);
    MPI_Comm_free(&here);
    ranks.told = STDERR_FILENO;
    ranks.counts = calloc((size_t)ranks.count, sizeof *ranks.counts);
    ranks.places = calloc((size_t)ranks.count, sizeof *ranks.places);
    ranks.copies = calloc((size_t)ranks.count, sizeof *ranks.copies);
    ranks.copy_places = calloc((size_t)ranks.count, sizeof *ranks.copy_places);
    if (ranks.counts == NULL || ranks.places == NULL || ranks.copies == NULL || ranks.copy_places == NULL)
        MPI_Abort(MPI_COMM_WORLD, 1);
    ranks.patience = DEFAULT_PATIENCE;
    atexit(leave);
    if (ranks.self == 0)
        return;
    share_from(0, &begins, sizeof begins);
    ranks.began = begins != 0;
    ranks.ended = !ranks.began;
    if (ranks.ended)
        exit(0); /* rank 0 has printed why, and has the exit status */
}

/* Returns the length of the first option of a text, from its space to that of the next one. */
static size_t option_length(const char *text) {
    const char *next = *text == '\0' ? NULL : strstr(text + 1, " --");
    return next == NULL ? strlen(text) : (size_t)(next - text);
}

/* Returns where the option begins in which two texts differ first. */
static size_t find_option(const char *text, const char *other) {
    size_t at = 0, length = option_length(text);
    while (length > 0 && length == option_length(other + at) && memcmp(text + at, other + at, length) == 0) {
        at += length;
        length = option_length(text + at);
    }
    return at;
}

/* What a message says of the option at a place of a text. */
struct told_option {
    int length;
    const char *text;
};

static struct told_option option_at(const char *text) {
    const size_t space = *text == ' ', length = option_length(text);
    return length == 0 ? (struct told_option){7, "no more"}
                       : (struct told_option){(int)(length - space), text + space};
}

/* Compares a text with that of rank 0. 0 or -1. */
static int compare_texts(const char *what, const char *text, const char *wanted) {
    const size_t at = find_option(text, wanted);
    const struct told_option found = option_at(text + at), there = option_at(wanted + at);
    return strcmp(text, wanted) == 0 ? 0
                                     : fail("%s: found %.*s, wanted %.*s as on rank 0", what, found.length,
                                            found.text, there.length, there.text);
}

/* 0 or -1, on all ranks. */
static int check_text(const char *what, const char *text) {
    uint64_t length = strlen(text);
    ranks_share(&length, sizeof length);
    char *wanted = calloc(length + 1, 1);
    if (ranks_agree(wanted == NULL ? fail("%s: out of memory", what) : 0) < 0 || wanted == NULL) {
        free(wanted);
        return -1;
    }
    memcpy(wanted, text, smaller(length, strlen(text)));
    ranks_share(wanted, length);
    const int result = compare_texts(what, text, wanted);
    free(wanted);
    return ranks_agree(result);
}

static void silence(void) {
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    ranks.told = dup(STDERR_FILENO);
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    close(nowhere);
}

int ranks_go(const char *version, const char *options) {
    int32_t begins = 1;
    if (ranks.self == 0)
        share_from(0, &begins, sizeof begins);
    ranks.began = true;
    int result = ranks_agree(check_threads() < 0 || check_starter() < 0 || set_patience() < 0 ? -1 : 0);
    if (result == 0 && check_text("version", version) < 0)
        result = -1;
    if (result == 0)
        result = check_text("options", options);
    if (ranks.count > 1)
        signals_stop_together();
    if (ranks.self > 0)
        silence();
    return result;
}

void ranks_end(void) {
    MPI_Request request;
    MPI_Ibarrier(MPI_COMM_WORLD, &request);
    wait_for(&request, ANY);
    ranks.ended = true;
}

int ranks_stderr(void) {
    return ranks.told;
}

size_t ranks_count(void) {
    return (size_t)ranks.count;
}

size_t ranks_self(void) {
    return (size_t)ranks.self;
}

size_t ranks_here(void) {
    return (size_t)ranks.here;
}

/* What a rank tells rank 0, and what rank 0 answers. */
struct state {
    int32_t result, stop; /* a result, or the first rank with a negative one, else ANY; and a signal */
};

/* Called by rank 0: takes the states of the others, and makes the answer. */
static struct state take_states(struct state mine) {
    struct state all = {mine.result < 0 ? 0 : ANY, mine.stop};
    for (int rank = 1; rank < ranks.count; rank++) {
        MPI_Request request;
        struct state state;
        MPI_Irecv(&state, sizeof state, MPI_BYTE, rank, TAG_STATE, MPI_COMM_WORLD, &request);
        wait_for(&request, rank);
        if (state.result < 0 && all.result == ANY)
            all.result = rank;
        if (all.stop == 0)
            all.stop = state.stop;
    }
    return all;
}

/* Sets the message of rank `rank`. Returns -1. */
static int fail_as(int rank) {
    char text[ERROR_MESSAGE] = "";
    snprintf(text, sizeof text, "%s", error_message());
    share_from(rank, text, sizeof text);
    return rank == 0 ? fail("%s", text) : fail("rank %d: %s", rank, text);
}

int ranks_agree(int result) {
    struct state state = {result < 0 ? -1 : 0, signals_noted()};
    if (ranks.self == 0) {
        state = take_states(state);
    } else {
        MPI_Request request;
        MPI_Isend(&state, sizeof state, MPI_BYTE, 0, TAG_STATE, MPI_COMM_WORLD, &request);
        wait_for(&request, 0);
    }
    share_from(0, &state, sizeof state);
    signals_set_stop(state.stop);
    return state.result == ANY ? 0 : fail_as(state.result);
}

void ranks_share(void *data, size_t bytes) {
    share_from(0, data, bytes);
}

bool ranks_decide(bool decision) {
    unsigned char decided = decision;
    ranks_share(&decided, sizeof decided);
    return decided != 0;
}

void ranks_gather(void *records, size_t bytes) {
    MPI_Request request;
    if (bytes > CHUNK) {
        for (int i = 0; i < ranks.count; i++)
            share_from(i, (char *)records + (size_t)i * bytes, bytes);
        return;
    }
    MPI_Iallgather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, records, (int)bytes, MPI_BYTE, MPI_COMM_WORLD, &request);
    wait_for(&request, ANY);
}

size_t ranks_piece(size_t size, size_t rank) {
    return size / ranks_count() * rank + smaller(rank, size % ranks_count());
}

/* Sets the sizes and places of all pieces. */
static void set_pieces(size_t size) {
    for (int i = 0; i < ranks.count; i++) {
        ranks.places[i] = (int)ranks_piece(size, (size_t)i);
        ranks.counts[i] = (int)ranks_piece(size, (size_t)i + 1) - ranks.places[i];
    }
}

void ranks_scatter_pieces(const float *numbers, size_t size, float *pieces) {
    MPI_Request request;
    set_pieces(size);
    for (int i = 0; i < ranks.count; i++) {
        ranks.copies[i] = ranks.counts[ranks.self];
        ranks.copy_places[i] = i * ranks.copies[i];
    }
    MPI_Ialltoallv(numbers, ranks.counts, ranks.places, MPI_FLOAT, pieces, ranks.copies, ranks.copy_places,
                   MPI_FLOAT, MPI_COMM_WORLD, &request);
    wait_for(&request, ANY);
}

void ranks_gather_pieces(float *numbers, size_t size) {
    MPI_Request request;
    set_pieces(size);
    MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, numbers, ranks.counts, ranks.places, MPI_FLOAT,
                    MPI_COMM_WORLD, &request);
    wait_for(&request, ANY);
}
