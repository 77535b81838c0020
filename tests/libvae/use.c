/* SPDX-License-Identifier: MIT */
/* A program that uses libvae, for tests/libvae.bats. The rows are floats on stdin, without a header.
 *
 *     use encode|decode|score MODEL ROWS THREADS [LABELS]    in calls of ROWS rows; the results go to stdout
 *     use threads MODEL [LABELS]      by several threads at the same time: their results are those of one
 *     use registers MODEL [LABELS]    with other floating-point registers and another locale, which stay
 *     use often MODEL [LABELS]        opens, computes and closes, and says which calls failed
 *     use streams MODEL               without standard input
 *     use noise MODEL                 encodes three times: with the seed 7, with VAE_OPTIONS and without options
 *     use sizes MODEL
 *
 * LABELS is a file of one byte per row. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vae.h>

#define MOST ((size_t)1 << 22) /* bytes of stdin, and of the other files */

struct data {
    vae_model *model;
    const char *path;
    float *in;
    uint32_t *labels; /* NULL: none */
    size_t rows;
};

/* All that a model gives for the rows, which are items. */
struct results {
    float *mu, *logvar, *x;
    double *score;
};

static void stop(const char *what) {
    fprintf(stderr, "use: %s\n", what);
    exit(1);
}

static void *memory(size_t bytes) {
    void *all = malloc(bytes + 1);
    if (all == NULL)
        stop("out of memory");
    return all;
}

static void *contents(const char *path, size_t *bytes) {
    FILE *file = path == NULL ? stdin : fopen(path, "rb");
    char *all = memory(MOST);
    if (file == NULL)
        stop("out of memory, or there is no such file");
    *bytes = fread(all, 1, MOST, file);
    if (file != stdin)
        fclose(file);
    return all;
}

/* Opens the model, and reads the rows, of so many numbers, and their labels. */
static struct data read_data(const char *path, int latents, const char *labels) {
    struct data d = {.path = path};
    vae_error error;
    size_t bytes, count;
    d.model = vae_open(path, &error);
    if (d.model == NULL)
        stop(error.message);
    d.in = contents(NULL, &bytes);
    d.rows = bytes / sizeof *d.in / (latents ? vae_latent(d.model) : vae_elements(d.model));
    if (labels == NULL)
        return d;
    unsigned char *each = contents(labels, &count);
    d.labels = memory(d.rows * sizeof *d.labels);
    for (size_t i = 0; i < d.rows; i++)
        d.labels[i] = each[i];
    free(each);
    return d;
}

static void end(struct data *d) {
    vae_close(d->model);
    free(d->in);
    free(d->labels);
}

static void write_all(const void *data, size_t size, size_t count) {
    if (fwrite(data, size, count, stdout) != count)
        stop("stdout");
}

/* Writes the results of rows [first, first + rows). */
static void put_rows(const struct data *d, const char *what, size_t first, size_t rows, size_t threads) {
    const size_t latent = vae_latent(d->model), elements = vae_elements(d->model);
    const uint32_t *labels = d->labels == NULL ? NULL : d->labels + first;
    vae_options options = VAE_OPTIONS;
    vae_error error;
    int code;
    float *a = memory(rows * (latent + elements) * sizeof *a), *b = memory(rows * latent * sizeof *b);
    double *score = memory(rows * sizeof *score);
    options.threads = threads;
    options.first = first;
    if (strcmp(what, "decode") == 0)
        code = vae_decode(d->model, d->in + first * latent, labels, rows, a, &options, &error);
    else if (strcmp(what, "score") == 0)
        code = vae_score(d->model, d->in + first * elements, labels, rows, score, &options, &error);
    else
        code = vae_encode(d->model, d->in + first * elements, labels, rows, a, b, &options, &error);
    if (code != VAE_OK)
        stop(error.message);
    if (strcmp(what, "decode") == 0)
        write_all(a, sizeof *a, rows * elements);
    else if (strcmp(what, "score") == 0)
        write_all(score, sizeof *score, rows);
    for (size_t i = 0; i < rows && strcmp(what, "encode") == 0; i++) {
        write_all(a + i * latent, sizeof *a, latent);
        write_all(b + i * latent, sizeof *b, latent);
    }
    free(a);
    free(b);
    free(score);
}

static void run(int argc, char **argv) {
    struct data d = read_data(argv[2], strcmp(argv[1], "decode") == 0, argc > 5 ? argv[5] : NULL);
    const size_t most = strtoul(argv[3], NULL, 10), threads = strtoul(argv[4], NULL, 10);
    for (size_t first = 0; first < d.rows; first += most)
        put_rows(&d, argv[1], first, d.rows - first < most ? d.rows - first : most, threads);
    end(&d);
}

static void *zeros(size_t bytes) {
    return memset(memory(bytes), 0, bytes);
}

static struct results allocate(const struct data *d) {
    const size_t latent = d->rows * vae_latent(d->model), elements = d->rows * vae_elements(d->model);
    return (struct results){.mu = zeros(latent * sizeof(float)),
                            .logvar = zeros(latent * sizeof(float)),
                            .x = zeros(elements * sizeof(float)),
                            .score = zeros(d->rows * sizeof(double))};
}

static void release(struct results *r) {
    free(r->mu);
    free(r->logvar);
    free(r->x);
    free(r->score);
}

/* Returns the first code that is not VAE_OK. */
static int compute(const struct data *d, const vae_model *model, struct results *r, size_t threads,
                   vae_error *error) {
    vae_options options = VAE_OPTIONS;
    options.threads = threads;
    int code = vae_encode(model, d->in, d->labels, d->rows, r->mu, r->logvar, &options, error);
    if (code == VAE_OK)
        code = vae_decode(model, r->mu, d->labels, d->rows, r->x, &options, error);
    if (code == VAE_OK)
        code = vae_score(model, d->in, d->labels, d->rows, r->score, &options, error);
    return code;
}

static int same(const struct data *d, const struct results *a, const struct results *b) {
    const size_t latent = d->rows * vae_latent(d->model) * sizeof(float);
    return memcmp(a->mu, b->mu, latent) == 0 && memcmp(a->logvar, b->logvar, latent) == 0 &&
           memcmp(a->x, b->x, d->rows * vae_elements(d->model) * sizeof(float)) == 0 &&
           memcmp(a->score, b->score, d->rows * sizeof(double)) == 0;
}

#define THREADS 8
#define TURNS 3

struct thread {
    pthread_t id;
    size_t number;
    const struct data *data;
    const struct results *wanted;
    const char *failure;
};

/* Every second thread also fails: its messages are its own. */
static void *use(void *argument) {
    struct thread *t = argument;
    const struct data *d = t->data;
    for (int turn = 0; turn < TURNS && t->failure == NULL; turn++) {
        struct results r = allocate(d);
        vae_error error;
        vae_model *own = vae_open(d->path, &error);
        if (own == NULL || compute(d, turn == 1 ? own : d->model, &r, 1 + t->number % 3, &error) != VAE_OK)
            t->failure = "an error";
        else if (!same(d, &r, t->wanted))
            t->failure = "other results";
        vae_close(own);
        char name[32], message[64];
        snprintf(name, sizeof name, "none-%zu", t->number);
        snprintf(message, sizeof message, "%s: cannot open: ", name);
        if (t->number % 2 == 1 &&
            (vae_open(name, &error) != NULL || strncmp(error.message, message, strlen(message)) != 0))
            t->failure = "another message";
        release(&r);
    }
    return NULL;
}

static void threads(struct data *d) {
    struct thread thread[THREADS];
    struct results wanted = allocate(d);
    vae_error error;
    if (compute(d, d->model, &wanted, 1, &error) != VAE_OK)
        stop(error.message);
    for (size_t i = 0; i < THREADS; i++) {
        thread[i] = (struct thread){.number = i, .data = d, .wanted = &wanted};
        if (pthread_create(&thread[i].id, NULL, use, &thread[i]) != 0)
            stop("pthread_create");
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(thread[i].id, NULL);
        if (thread[i].failure != NULL)
            stop(thread[i].failure);
    }
    release(&wanted);
    printf("%d threads, %zu rows: the same\n", THREADS, d->rows);
}

#if defined(__x86_64__)
static unsigned control(void) {
    return __builtin_ia32_stmxcsr();
}
#else
static unsigned control(void) {
    return (unsigned)fegetround();
}
#endif

static void registers(struct data *d) {
    struct results wanted = allocate(d), r = allocate(d);
    vae_error error;
    char number[16];
    if (compute(d, d->model, &wanted, 1, &error) != VAE_OK)
        stop(error.message);
    if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL)
        stop("there is no locale");
    fesetround(FE_UPWARD);
#if defined(__x86_64__)
    /* All exceptions but inexact numbers trap, and the flag says that there was an overflow. */
    __builtin_ia32_ldmxcsr((control() & ~0x1e80u) | 0x8u);
#endif
    const unsigned before = control();
    vae_model *model = vae_open(d->path, &error);
    const unsigned opened = control();
    const int code = model == NULL ? error.code : compute(d, model, &r, 2, &error);
    const unsigned computed = control();
    vae_close(model);
    if (vae_open("none", &error) != NULL || control() != before)
        stop("a register has changed after an error");
    fesetenv(FE_DFL_ENV);
    if (code != VAE_OK)
        stop(error.message);
    if (opened != before || computed != before)
        stop("a register has changed");
    if (!same(d, &r, &wanted))
        stop("other results");
    snprintf(number, sizeof number, "%.1f", 0.5);
    if (strcmp(number, "0,5") != 0)
        stop("the locale has changed");
    release(&wanted);
    release(&r);
    puts("registers and locale are as before");
}

/* The bytes that are allocated, if those that were freed are not kept for other uses. */
static size_t in_use(void) {
    const struct mallinfo2 all = mallinfo2();
    return all.uordblks + all.hblkhd;
}

/* Opens the model, from its file or from its bytes, computes and closes. Prints the error if there is one, if the
 * results are others, and if memory is lost. */
static void once(const struct data *d, const char *bytes, size_t size, const struct results *wanted,
                 struct results *r) {
    vae_error error;
    const size_t before = in_use();
    vae_model *model = bytes == NULL ? vae_open(d->path, &error) : vae_open_memory(bytes, size, &error);
    const int code = model == NULL ? error.code : compute(d, model, r, 2, &error);
    vae_close(model);
    const size_t after = in_use();
    if (after != before)
        printf("%zu bytes are lost\n", after - before);
    if (code != VAE_OK)
        printf("%d %s\n", code, error.message);
    else if (*error.message != '\0' || error.code != VAE_OK || !same(d, r, wanted))
        printf("other results\n");
}

static void often(struct data *d) {
    size_t bytes;
    struct results wanted = allocate(d), r = allocate(d);
    char *file = contents(d->path, &bytes);
    setvbuf(stdout, NULL, _IONBF, 0);
    if (compute(d, d->model, &wanted, 2, NULL) != VAE_OK)
        stop("out of memory, or another error");
    once(d, NULL, 0, &wanted, &r);
    once(d, file, bytes, &wanted, &r);
    once(d, NULL, 0, &wanted, &r);
    free(file);
    release(&wanted);
    release(&r);
}

/* A file's descriptor is no number of a standard stream, and is closed. */
static void streams(struct data *d) {
    vae_error error;
    int before[64];
    close(STDIN_FILENO);
    for (int fd = 0; fd < 64; fd++)
        before[fd] = fcntl(fd, F_GETFD);
    vae_close(vae_open(d->path, &error));
    if (error.code != VAE_OK)
        stop(error.message);
    if (vae_open(".", &error) != NULL || vae_open("/dev/null", &error) != NULL)
        stop("no error");
    if (strcmp(error.message, "/dev/null: empty input, wanted a model") != 0)
        stop(error.message);
    for (int fd = 0; fd < 64; fd++)
        if (fcntl(fd, F_GETFD) != before[fd])
            printf("%d has changed\n", fd);
    puts("all descriptors are as before");
}

/* Writes means and log-variances as `use encode` does. */
static void noise(struct data *d) {
    const size_t latent = vae_latent(d->model);
    vae_options seven = VAE_OPTIONS, defaults = VAE_OPTIONS;
    const vae_options *const options[] = {&seven, &defaults, NULL};
    struct results r = allocate(d);
    vae_error error;
    seven.seed = 7;
    for (size_t k = 0; k < 3; k++) {
        if (vae_encode(d->model, d->in, d->labels, d->rows, r.mu, r.logvar, options[k], &error) != VAE_OK)
            stop(error.message);
        for (size_t i = 0; i < d->rows; i++) {
            write_all(r.mu + i * latent, sizeof(float), latent);
            write_all(r.logvar + i * latent, sizeof(float), latent);
        }
    }
    release(&r);
}

static void sizes(const char *path) {
    vae_error error;
    vae_model *m = vae_open(path, &error);
    if (m == NULL)
        stop(error.message);
    printf("%zu elements, latent %zu, %zu classes, missing %d, %s, shape", vae_elements(m), vae_latent(m),
           vae_classes(m), vae_missing(m), vae_likelihood(m));
    for (size_t i = 0; i < vae_rank(m); i++)
        printf("%c%zu", i == 0 ? ' ' : 'x', vae_dimension(m, i));
    printf(", then %zu, %s\n", vae_dimension(m, vae_rank(m)), vae_version());
    if (vae_tokens(m) != NULL)
        fputs(vae_tokens(m), stdout);
    vae_close(m);
}

int main(int argc, char **argv) {
    void (*const uses[])(struct data *) = {threads, registers, often, streams, noise};
    const char *const names[] = {"threads", "registers", "often", "streams", "noise"};
    if (argc == 3 && strcmp(argv[1], "sizes") == 0) {
        sizes(argv[2]);
        return 0;
    }
    for (size_t i = 0; i < sizeof uses / sizeof *uses && argc > 2; i++)
        if (strcmp(argv[1], names[i]) == 0) {
            struct data d = read_data(argv[2], 0, argc > 3 ? argv[3] : NULL);
            uses[i](&d);
            end(&d);
            return 0;
        }
    if (argc < 5)
        stop("found other arguments");
    run(argc, argv);
    return 0;
}
