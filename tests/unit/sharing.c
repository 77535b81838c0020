/* SPDX-License-Identifier: MIT */
/* What must not matter does not: who runs a task, how many threads there are, where in a batch an item stands. */
#define _GNU_SOURCE
#include "base/error.h"
#include "first_values.h"
#include "dist/latent.h"
#include "nn/division.h"
#include "op/ops.h"
#include "query/batch.h"
#include "test.h"
#include "train/train.h"

#include <math.h>
#include <pthread.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TASKS 1000

static atomic_int runs[TASKS];

static void count_run(void *context, size_t i) {
    (void)context;
    atomic_fetch_add(&runs[i], 1);
}

static void every_task_runs_once(void) {
    for (size_t threads = 1; threads <= 5; threads++) {
        struct workers *workers = workers_start(threads);
        for (size_t tasks = 0; tasks <= TASKS; tasks = tasks * 3 + 1) {
            memset(runs, 0, sizeof runs);
            workers_run(workers, tasks, count_run, NULL);
            for (size_t i = 0; i < TASKS; i++)
                EXPECT(runs[i] == (i < tasks), "%zu threads, %zu tasks: task %zu ran %d times", threads, tasks, i,
                       runs[i]);
        }
        workers_stop(workers);
    }
}

#define THREADS 2

static atomic_int begun;
static sigset_t blocked[THREADS];

/* Each thread takes one of the tasks, since none ends before all have begun. */
static void note_batched(void *context, size_t i) {
    (void)context;
    atomic_fetch_add(&begun, 1);
    while (begun < THREADS)
        sched_yield();
    pthread_sigmask(SIG_SETMASK, NULL, &blocked[i]);
}

/* A file that becomes shorter while it is mapped is noticed by the thread that reads it. */
static void signals_are_the_main_threads(void) {
    struct workers *workers = workers_start(THREADS);
    size_t others = 0;
    workers_run(workers, THREADS, note_batched, NULL);
    for (size_t i = 0; i < THREADS; i++) {
        EXPECT(!sigismember(&blocked[i], SIGBUS), "the thread of task %zu batches SIGBUS", i);
        EXPECT(!sigismember(&blocked[i], SIGSEGV), "the thread of task %zu batches SIGSEGV", i);
        others += sigismember(&blocked[i], SIGTERM) && sigismember(&blocked[i], SIGUSR1);
    }
    EXPECT(others == THREADS - 1, "%zu threads leave signals to the main thread, wanted %d", others, THREADS - 1);
    workers_stop(workers);
}

static atomic_int waited;

/* Waits for the other task, for some seconds at most. */
static void meet(void *context, size_t i) {
    const struct timespec little = {.tv_nsec = 1000000};
    (void)context, (void)i;
    atomic_fetch_add(&begun, 1);
    for (int tries = 0; begun < 2 && tries < 5000; tries++)
        nanosleep(&little, NULL);
    atomic_fetch_add(&waited, begun < 2);
}

#define POOL 6

static atomic_bool took[POOL]; /* tasks, by thread */

/* Long enough that each thread that is awake gets one. */
static void note_thread(void *context, size_t i) {
    const struct timespec little = {.tv_nsec = 1000000};
    (void)context, (void)i;
    took[workers_self()] = true;
    nanosleep(&little, NULL);
}

/* With one processor, two threads of a pool work: the caller and another one. */
static void sleeping_threads_without_a_processor_are_not_woken(void) {
    const struct timespec long_enough = {.tv_nsec = 200000000};
    cpu_set_t before, one;
    CPU_ZERO(&one);
    sched_getaffinity(0, sizeof before, &before);
    for (size_t cpu = 0; CPU_COUNT(&one) == 0 && cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &before))
            CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
    struct workers *workers = workers_start(POOL);
    nanosleep(&long_enough, NULL); /* all go to sleep */
    memset(took, 0, sizeof took);
    workers_run(workers, 100, note_thread, NULL);
    size_t threads = 0;
    for (size_t k = 0; k < POOL; k++)
        threads += took[k];
    EXPECT(took[0] && threads == 2, "%zu threads worked, wanted 2", threads);
    workers_stop(workers);
    sched_setaffinity(0, sizeof before, &before);
}

/* A thread that has gone to sleep since the last job is woken for the next one, also if it is the only one. */
static void threads_that_sleep_are_woken(void) {
    struct workers *workers = workers_start(2);
    for (int job = 0; job < 3; job++) {
        begun = 0;
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        workers_run(workers, 2, meet, NULL);
    }
    EXPECT(waited == 0, "%d tasks waited for the other thread in vain", waited);
    workers_stop(workers);
}

/* Many short jobs in a row, as in training: a worker that comes late must neither be missed nor run twice. */
static void short_jobs_do_not_mix(void) {
    struct workers *workers = workers_start(3);
    memset(runs, 0, sizeof runs);
    for (int job = 0; job < 20000; job++)
        workers_run(workers, 4, count_run, NULL);
    for (int i = 0; i < 4; i++)
        EXPECT(runs[i] == 20000, "task %d ran %d times", i, runs[i]);
    workers_stop(workers);
}

static struct objective elbo(void) {
    return (struct objective){estimator_find("test", "elbo"), 1, 1, 0, 0};
}

static struct schedule constant(void) {
    struct schedule schedule = {0};
    EXPECT(schedule_parse(&schedule, "test", "const") == 0, "%s", error_message());
    return schedule;
}

static struct update_config adam(void) {
    return (struct update_config){{optimizer_find("test", "adam"), 1e-8, 0, 0}, 0};
}

static void make_model(struct model *m, size_t elements, size_t units, size_t latent) {
    const struct model_config config = {.logvar_bound = (double)LOGVAR_BOUND,
                                        .item = {1, {elements}},
                                        .prior = &prior_normal,
                                        .latent = latent,
                                        .encoder = {1, {{&hidden_kind_linear, 1, {units}}}},
                                        .decoder = {1, {{&hidden_kind_linear, 1, {units}}}},
                                        .activation = activation_find("test", "relu"),
                                        .likelihood = likelihood_find("test", "bernoulli")};
    if (model_create(m, &config) < 0)
        printf("# %s\n", error_message());
    give_first_values(m, 1);
}

/* Sizes on both sides of OpenBLAS's internal batch sizes. */
static const size_t sizes[][3] = {{784, 400, 20}, {100, 37, 3}, {17, 5, 2}, {784, 513, 50}};

static void collect(struct batch *batch, const struct range *range) {
    struct pass *p = &batch->pass;
    const struct model *m = batch->model;
    const size_t heads = 2 * m->config.latent;
    batch_load_items(batch, range, 1);
    pass_forward(p, 0, m->posterior + 1, range->base, range->all);
    memcpy((float *)batch->context + (batch->item + batch_index(batch, range->first)) * heads,
           posterior_heads(p, m->posterior, range->first), range->rows * heads * sizeof(float));
}

#define STREAM 300

/* A stream's items in full batches, then in pieces of any other length: the same bits. */
static void how_a_stream_is_cut_does_not_matter(void) {
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct model m;
        struct batch batch;
        make_model(&m, sizes[s][0], sizes[s][1], sizes[s][2]);
        const size_t heads = 2 * m.config.latent, numbers = STREAM * m.elements;
        float *x = malloc(numbers * sizeof *x), *whole = malloc(STREAM * heads * sizeof *whole),
              *pieces = malloc(STREAM * heads * sizeof *pieces);
        net_pack(&m.net);
        if (batch_start(&batch, &m, workers_start(2)) < 0)
            printf("# %s\n", error_message());
        noise_uniform(x, numbers, (struct noise){.seed = 2});
        batch.dtype = DTYPE_F32;
        batch.item_bytes = m.elements * sizeof *x;
        batch.work = collect;
        batch.context = whole;
        batch_run(&batch, x, NULL, STREAM, 0);
        batch.context = pieces;
        for (size_t length = 1; length < STREAM; length = length * 3 + 1) {
            for (size_t item = 0, n; item < STREAM; item += n) {
                n = STREAM - item < length ? STREAM - item : length;
                batch_run(&batch, x + item * m.elements, NULL, n, item);
            }
            EXPECT(memcmp(whole, pieces, STREAM * heads * sizeof *whole) == 0, "sizes %zu: pieces of %zu differ", s,
                   length);
        }
        free(x);
        free(whole);
        free(pieces);
        workers_stop(batch.workers);
        batch_end(&batch);
        model_free(&m);
    }
}

/* Trains for two epochs, of which the last batch is not full. Returns the weights. */
static float *train(const struct dataset *data, size_t threads, size_t batch, size_t *size) {
    static struct model m;
    make_model(&m, data->elements, 60, 4);
    struct training t = {.objective = elbo(),
                         .schedule = constant(),
                         .update_config = adam(),
                         .model = &m,
                         .data = data,
                         .workers = workers_start(threads),
                         .batch = batch,
                         .rate = 1e-3,
                         .seed = 3};
    if (training_start(&t) < 0)
        printf("# %s\n", error_message());
    for (int epoch = 0; epoch < 2; epoch++) {
        int more;
        EXPECT(training_begin_epoch(&t) == 0, "%s", error_message());
        while ((more = training_step(&t)) == 1)
            ;
        EXPECT(more == 0 && t.position == data->items, "epoch ended at %" PRIu64 ": %s", t.position,
               error_message());
    }
    float *weights = malloc(m.net.parameters.size * sizeof *weights);
    memcpy(weights, m.net.parameters.value, m.net.parameters.size * sizeof *weights);
    *size = m.net.parameters.size * sizeof *weights;
    training_end(&t);
    workers_stop(t.workers);
    model_free(&m);
    return weights;
}

#define ITEMS 333

static void threads_do_not_matter(void) {
    static unsigned char pixels[ITEMS * 784];
    struct dataset data = {"items", DTYPE_U8, {1, {784}}, ITEMS, 784, 784, pixels, NULL, 0, 0};
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (unsigned char)noise_below(256, (struct noise){.seed = 4, .position = 4 * i});
    for (size_t batch = 1; batch <= 1000; batch = batch * 4 + 1) {
        size_t size;
        data.items = batch < 10 ? ITEMS / 9 : ITEMS; /* about as many steps with each batch */
        float *one = train(&data, 1, batch, &size);
        for (size_t threads = 2; threads <= 4; threads++) {
            float *more = train(&data, threads, batch, &size);
            EXPECT(memcmp(one, more, size) == 0, "batch %zu: %zu threads give other weights", batch, threads);
            free(more);
        }
        free(one);
    }
}

/* Each epoch visits every item of a block once, in an order of its own, and the blocks in the order of the data. */
static void an_epoch_is_a_permutation(void) {
    static unsigned char pixels[ITEMS * 4];
    static const size_t blocks[] = {0, ITEMS, 130};
    static uint32_t whole[ITEMS];
    const struct dataset data = {"items", DTYPE_U8, {1, {4}}, ITEMS, 4, 4, pixels, NULL, 0, 0};
    for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++) {
        struct feed feed = {.data = &data, .seed = 5, .block = blocks[b]};
        const size_t block = blocks[b] == 0 ? ITEMS : blocks[b];
        uint32_t before[ITEMS] = {0};
        EXPECT(feed_start(&feed) == 0, "%s", error_message());
        for (uint64_t epoch = 1; epoch <= 3; epoch++) {
            char seen[ITEMS] = {0};
            size_t fixed = 0, same = 0, alike = 0;
            EXPECT(feed_begin(&feed, epoch) == 0, "%s", error_message());
            for (size_t i = 0; i < ITEMS; i++) {
                const size_t place = feed_place(&feed, i);
                EXPECT(place / block == i / block && place < ITEMS && !seen[place], "block %zu: item %zu at %zu",
                       block, place, i);
                seen[place] = 1;
                fixed += place == i;
                same += place == before[i];
                alike += i >= block && place % block == feed_place(&feed, i - block) % block;
                before[i] = (uint32_t)place;
            }
            EXPECT(fixed < 15 && (epoch == 1 || same < 15) && alike < 15,
                   "block %zu: %zu fixed, %zu as before, %zu alike", block, fixed, same, alike);
        }
        /* A block of all items is as none. */
        if (b == 0)
            memcpy(whole, before, sizeof whole);
        EXPECT((memcmp(whole, before, sizeof whole) == 0) == (block == ITEMS), "block %zu", block);
        feed_end(&feed);
    }
}

/* Begins the first epoch in batches of 10, on two threads. */
static void begin_training(struct training *t, struct model *m, const struct dataset *data) {
    *t = (struct training){.objective = elbo(),
                           .schedule = constant(),
                           .update_config = adam(),
                           .model = m,
                           .data = data,
                           .workers = workers_start(2),
                           .batch = 10,
                           .rate = 1e-3,
                           .seed = 5};
    if (training_start(t) < 0)
        printf("# %s\n", error_message());
    EXPECT(training_begin_epoch(t) == 0, "%s", error_message());
}

/* A NaN weight stops the step, is named, and no other weight has changed. */
static void a_loss_that_is_not_finite_stops_training(void) {
    static unsigned char pixels[ITEMS * 4];
    const struct dataset data = {"items", DTYPE_U8, {1, {4}}, ITEMS, 4, 4, pixels, NULL, 0, 0};
    struct model m;
    make_model(&m, 4, 3, 2);
    struct training t;
    begin_training(&t, &m, &data);
    EXPECT(training_step(&t) == 1, "first step: %s", error_message());
    m.net.parameters.value[m.net.layer[m.output].own[1].offset] = NAN;
    float *before = malloc(m.net.parameters.size * sizeof *before);
    memcpy(before, m.net.parameters.value, m.net.parameters.size * sizeof *before);
    EXPECT(training_step(&t) == -1, "the step was made");
    EXPECT(strstr(error_message(), "step 2 ") && strstr(error_message(), "output of decoder.1)"), "message: %s",
           error_message());
    EXPECT(memcmp(before, m.net.parameters.value, m.net.parameters.size * sizeof *before) == 0,
           "weights have changed");
    free(before);
    training_end(&t);
    workers_stop(t.workers);
    model_free(&m);
}

/* If every layer and the likelihood are finite, the prior is not. */
static void a_prior_that_is_not_finite_is_named(void) {
    static unsigned char pixels[ITEMS * 4];
    const struct dataset data = {"items", DTYPE_U8, {1, {4}}, ITEMS, 4, 4, pixels, NULL, 0, 0};
    const struct model_config config = {.logvar_bound = (double)LOGVAR_BOUND,
                                        .item = {1, {4}},
                                        .prior = &prior_vamp,
                                        .latent = 2,
                                        .components = 2,
                                        .activation = activation_find("test", "relu"),
                                        .likelihood = likelihood_find("test", "bernoulli")};
    struct model m;
    if (model_create(&m, &config) < 0)
        printf("# %s\n", error_message());
    give_first_values(&m, 1);
    struct training t;
    begin_training(&t, &m, &data);
    m.net.parameters.value[m.pseudo_inputs] = NAN;
    EXPECT(training_step(&t) == -1 && strstr(error_message(), "output of prior)"), "message: %s", error_message());
    training_end(&t);
    workers_stop(t.workers);
    model_free(&m);
}

/* A plan of four operations: narrow, wide, one chained to it, narrow. Every number of each is made once, and none
 * before all of what it needs: its tile of the operation before where it is chained, its rows of a narrow one, any
 * of it behind a wide one. */
#define PLAN_ROWS 300
#define PLAN_COLUMNS 700
#define PLANNED 4

static atomic_int made[PLANNED][PLAN_ROWS][PLAN_COLUMNS];
static const struct operation planned[PLANNED];

static void make_tile(struct pass *pass, const struct layer *layer, const struct tile *tile,
                      const struct step *step) {
    const size_t rows = *(const size_t *)pass->context, operation = layer->number;
    (void)step;
    for (size_t r = tile->row; r < tile->row + tile->rows; r++)
        for (size_t c = tile->unit; c < tile->unit + tile->units; c++)
            atomic_fetch_add(&made[operation][r][c], 1);
    if (operation == 0)
        return;
    const bool chained = planned[operation].chained, any = operation != 2;
    const size_t first = any ? 0 : tile->row, end = any ? rows : tile->row + tile->rows;
    const size_t left = chained ? tile->unit : 0,
                 right = chained ? tile->unit + tile->units : planned[operation - 1].units;
    for (size_t r = first; r < end; r++)
        for (size_t c = left; c < right; c++)
            EXPECT(made[operation - 1][r][c] == 1, "operation %zu began before row %zu, column %zu was made",
                   operation, r, c);
}

static struct pass planned_pass = {.draws = 1};
static const struct layer planned_layer[PLANNED] = {{.number = 0}, {.number = 1}, {.number = 2}, {.number = 3}};
#define PLAN(i) .run = make_tile, .pass = &planned_pass, .layer = &planned_layer[i]
static const struct operation planned[PLANNED] = {
    {PLAN(0), .units = 5},
    {PLAN(1), .units = PLAN_COLUMNS, .weights = 500 * PLAN_COLUMNS},
    {PLAN(2), .units = PLAN_COLUMNS, .weights = 500 * PLAN_COLUMNS, .chained = true},
    {PLAN(3), .units = 13}};

/* Of each unit of a layer, how often it was in a tile, and in the tile of which part. */
#define MOST_UNITS 4096
static struct { size_t times, part; } placed[MOST_UNITS];

static void place_units(struct pass *pass, const struct layer *layer, const struct tile *tile,
                        const struct step *step) {
    (void)pass, (void)layer, (void)step;
    for (size_t i = tile->unit; i < tile->unit + tile->units; i++) {
        placed[i].times += tile->row == 0;
        placed[i].part = tile->part;
    }
}

static void check_parts(const struct layer *layer, struct workers *workers) {
    struct pass pass = {.draws = 1};
    struct operation operation = {.run = place_units,
                                  .pass = &pass,
                                  .layer = layer,
                                  .units = layer->units,
                                  .group = layer->group,
                                  .weights = layer->weights};
    const struct plan plan = {.operation = &operation, .count = 1};
    size_t part = 0;
    memset(placed, 0, sizeof placed);
    plan_run(&plan, workers, 1, NULL, NULL);
    for (size_t i = 0; i < layer->units; i++) {
        const size_t next = placed[i].part;
        EXPECT(placed[i].times == 1 && (next == part || (next == part + 1 && i > 0 && i % PANEL == 0)),
               "%zu units of %zu weights, groups of %zu: unit %zu is %zu times in a part, the last one %zu after "
               "%zu",
               layer->units, layer->weights, layer->group, i, placed[i].times, next, part);
        part = next;
    }
    EXPECT(part + 1 == division_parts(layer), "%zu parts, wanted %zu", part + 1, division_parts(layer));
}

/* Each unit belongs to one part; a part begins with a panel. */
static void a_layers_parts_are_all_of_it(void) {
    struct workers *workers = workers_start(1);
    for (size_t units = 1; units <= MOST_UNITS; units = units * 3 + 1)
        for (size_t in = 1; in <= 4096; in = in * 5 + 2)
            for (size_t group = 1; group <= 6; group++)
                check_parts(&(struct layer){.units = units, .group = group, .weights = in * units * group},
                            workers);
    workers_stop(workers);
}

static void a_plan_makes_everything_once_and_in_order(void) {
    struct plan plan = {0};
    struct workers *workers = workers_start(3);
    for (int i = 0; i < PLANNED; i++)
        EXPECT(plan_add(&plan, planned[i]) == 0, "%s", error_message());
    for (size_t rows = 1; rows <= PLAN_ROWS; rows += rows < 20 ? 1 : 93) {
        memset(made, 0, sizeof made);
        planned_pass.context = &rows;
        plan_run(&plan, workers, rows, NULL, NULL);
        for (size_t o = 0; o < PLANNED; o++)
            for (size_t r = 0; r < PLAN_ROWS; r++)
                for (size_t c = 0; c < PLAN_COLUMNS; c++)
                    EXPECT(made[o][r][c] == (r < rows && c < planned[o].units),
                           "%zu rows: %zu %zu %zu made %d times", rows, o, r, c, made[o][r][c]);
    }
    plan_free(&plan);
    workers_stop(workers);
}

/* A pass has `rows` rows. A batch begins with the row of its first item, which is its number modulo whole_rows:
 * always 0, except with OpenBLAS. */
static void a_batch_fits_its_pass(void) {
    static const char *const backends[] = {"packed", "openblas"};
    const char *given = getenv("VAE_PRODUCTS");
    char *before = given == NULL ? NULL : strdup(given); /* setenv may change what getenv returned */
    for (size_t b = 0; b < 2; b++) {
        setenv("VAE_PRODUCTS", backends[b], 1);
        EXPECT(level_settle() == 0, "%s", error_message());
        for (size_t rows = products()->whole_rows; rows <= BATCH_ROWS; rows += products()->whole_rows)
            for (uint64_t item = 0; item < 2 * BATCH_ROWS; item++)
                EXPECT(batch_room(rows, item) > 0 && item % products()->whole_rows + batch_room(rows, item) <= rows,
                       "%s: %zu items of %zu from number %d on", backends[b], batch_room(rows, item), rows,
                       (int)item);
    }
    unsetenv("VAE_PRODUCTS");
    if (before != NULL)
        setenv("VAE_PRODUCTS", before, 1);
    free(before);
    EXPECT(level_settle() == 0, "%s", error_message());
}

int main(void) {
    static const struct test tests[] = {
        {"every task runs once, on any number of threads", every_task_runs_once},
        {"signals are the main thread's, except those of a thread's own access to memory",
         signals_are_the_main_threads},
        {"threads that sleep, and that no processor is there for, are not woken",
         sleeping_threads_without_a_processor_are_not_woken},
        {"threads that sleep are woken", threads_that_sleep_are_woken},
        {"short jobs in a row do not mix", short_jobs_do_not_mix},
        {"a plan makes everything once and in order", a_plan_makes_everything_once_and_in_order},
        {"a layer's parts are all of it", a_layers_parts_are_all_of_it},
        {"a batch fits its pass, wherever it begins", a_batch_fits_its_pass},
        {"how a stream is cut does not matter to inference, to the bit", how_a_stream_is_cut_does_not_matter},
        {"threads do not matter to training, to the bit", threads_do_not_matter},
        {"an epoch is a permutation of its own", an_epoch_is_a_permutation},
        {"a loss that is not finite stops training and is named", a_loss_that_is_not_finite_stops_training},
        {"a prior that is not finite is named", a_prior_that_is_not_finite_is_named},
    };
    return RUN(tests);
}
