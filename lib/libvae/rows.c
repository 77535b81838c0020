/* SPDX-License-Identifier: MIT */
/* Encodes, decodes and scores rows, in batches of constant memory that last as long as the call. */
#include "base/error.h"
#include "base/number.h"
#include "kernel/math_kernel.h"
#include "libvae/call.h"
#include "libvae/handle.h"
#include "query/batch.h"
#include "query/generate.h"
#include "query/latent_map.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

struct request;

/* A function of the interface. */
struct task {
    const char *function, *input; /* their names, for messages */
    bool latents;                 /* the rows are latents, else items */
    bool scores;                  /* takes grey values as they are, see struct vae_model */
    /* Computes the rows of the range, and writes them to the caller's arrays. */
    void (*range)(struct request *r, struct batch *batch, const struct range *range);
};

/* A call of one of these functions. */
struct request {
    const struct task *task;
    const vae_model *handle;
    const struct model *model;
    vae_options options;
    const float *in; /* [count, width] */
    const uint32_t *labels;
    size_t count, width;
    float *mu, *logvar, *x; /* the results, of which the task writes its own; NULL: not wanted */
    double *score;
    size_t first; /* number of the batch's first row in the call */
    struct batch batch;
    bool finite[BATCH_ROWS]; /* for each row of the batch, whether its results are finite */
    size_t bad;              /* the row of an error; else 0 */
};

static void write_floats(float *to, const float *from, size_t n) {
    if (to != NULL)
        memcpy(to, from, n * sizeof *to);
}

static void encode_range(struct request *r, struct batch *batch, const struct range *range) {
    struct pass *p = &batch->pass;
    const struct model *m = batch->model;
    const size_t latent = m->config.latent;
    batch_load_items(batch, range, r->options.seed);
    pass_forward(p, 0, m->posterior + 1, range->base, range->all);
    for (size_t row = range->first; row < range->first + range->rows; row++) {
        const size_t i = batch_index(batch, row), at = (r->first + i) * latent;
        const float *heads = posterior_heads(p, m->posterior, row);
        r->finite[i] = math_kernel()->finite(heads, 2 * latent);
        write_floats(r->mu == NULL ? NULL : r->mu + at, heads, latent);
        write_floats(r->logvar == NULL ? NULL : r->logvar + at, heads + latent, latent);
    }
}

static void decode_range(struct request *r, struct batch *batch, const struct range *range) {
    const struct model *m = batch->model;
    batch_load_latents(batch, range);
    generate(batch, range, &(struct generation){.temperature = 1});
    for (size_t row = range->first; row < range->first + range->rows; row++) {
        const size_t i = batch_index(batch, row);
        const float *x = model_x(m, &batch->pass, row);
        r->finite[i] = math_kernel()->finite(x, m->elements);
        write_floats(r->x + (r->first + i) * m->elements, x, m->elements);
    }
}

/* As evaluator_run does at z = mu, which is z with epsilon 0. */
static void score_range(struct request *r, struct batch *batch, const struct range *range) {
    struct pass *p = &batch->pass;
    const struct model *m = batch->model;
    batch_load_items(batch, range, r->options.seed);
    pass_forward(p, 0, m->posterior + 1, range->base, range->all);
    for (size_t row = range->base; row < range->base + range->all; row++)
        memset(draw_epsilon(p, m->z, row), 0, m->config.latent * sizeof(float));
    pass_forward(p, m->z, m->likelihood + 1, range->base, range->all);
    for (size_t row = range->first; row < range->first + range->rows; row++) {
        const size_t i = batch_index(batch, row);
        const double score = draw_kl(p, m->z, row) + likelihood_of_draw(p, m->likelihood, row);
        r->finite[i] = isfinite(score);
        r->score[r->first + i] = score;
    }
}

static const struct task encoding = {"vae_encode", "x", false, false, encode_range};
static const struct task decoding = {"vae_decode", "z", true, false, decode_range};
static const struct task scoring = {"vae_score", "x", false, true, score_range};

static void run_range(struct batch *batch, const struct range *range) {
    struct request *r = batch->context;
    r->task->range(r, batch, range);
}

/* Checks rows [first, first + count) of the call. 0, or -1 with a message. */
static int accept(const struct request *r, size_t first, size_t count) {
    const float *in = r->in + first * r->width;
    return r->task->latents ? latent_check_numbers(r->task->input, DTYPE_F32, r->width, in, count, first)
                            : model_check_items(r->model, DTYPE_F32, in, count, r->task->input, first);
}

/* Checks the rows of a batch and their labels. 0, or -1 with a message and the number of the row in `bad`. */
static int check_rows(struct request *r, size_t count) {
    const size_t classes = r->model->config.classes;
    for (size_t i = r->first; r->labels != NULL && i < r->first + count; i++)
        if (r->labels[i] >= classes) {
            r->bad = i;
            return fail("labels: label %zu is %" PRIu32 ", wanted one from 0 to %zu", i, r->labels[i], classes - 1);
        }
    if (accept(r, r->first, count) == 0)
        return 0;
    r->bad = r->first;
    while (accept(r, r->bad, 1) == 0)
        r->bad++;
    return -1;
}

static int check_results(struct request *r, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!r->finite[i]) {
            r->bad = r->first + i;
            return fail("%s: item %zu has a result that is not finite, wanted numbers: is it like the items that "
                        "%s was trained on?",
                        r->task->input, r->bad, r->handle->name);
        }
    return 0;
}

static int run_batches(struct request *r, struct workers *workers) {
    const size_t rows = smaller(r->count, batch_rows(r->model));
    if (batch_start_rows(&r->batch, r->model, workers, rows) < 0)
        return VAE_ERROR_MEMORY;
    r->batch.dtype = DTYPE_F32;
    r->batch.item_bytes = r->width * sizeof *r->in;
    r->batch.work = run_range;
    r->batch.context = r;
    for (r->first = 0; r->first < r->count; r->first += rows) {
        const size_t count = smaller(rows, r->count - r->first);
        if (check_rows(r, count) < 0)
            return VAE_ERROR_ROW;
        batch_run(&r->batch, r->in + r->first * r->width, r->labels == NULL ? NULL : r->labels + r->first, count,
                  r->options.first + r->first);
        if (check_results(r, count) < 0)
            return VAE_ERROR_ROW;
    }
    return VAE_OK;
}

/* Copies the caller's options. 0, or -1 with a message. */
static int take_options(struct request *r, const vae_options *o) {
    static const vae_options defaults = VAE_OPTIONS;
    if (o == NULL)
        o = &defaults;
    if (o->size != sizeof *o)
        return fail("options: size is %zu, wanted %zu: begin with VAE_OPTIONS", o->size, sizeof *o);
    if (o->threads < 1 || o->threads > WORKERS_MAX)
        return fail("options: %zu threads, wanted 1 to %d", o->threads, WORKERS_MAX);
    r->options = *o;
    return 0;
}

static int check_labels(const struct request *r) {
    const size_t classes = r->model->config.classes;
    if (classes > 0 && r->labels == NULL)
        return fail("labels: are NULL, wanted one from 0 to %zu for each row: %s is conditional on labels",
                    classes - 1, r->handle->name);
    if (classes == 0 && r->labels != NULL)
        return fail("labels: are there, wanted NULL: %s is not conditional on labels", r->handle->name);
    return 0;
}

static int check_arrays(const struct request *r) {
    const bool has_results = r->mu != NULL || r->logvar != NULL || r->x != NULL || r->score != NULL;
    if (r->in == NULL)
        return fail("%s: %s is NULL, wanted %zu numbers per row", r->task->function, r->task->input, r->width);
    return has_results ? 0 : fail("%s: the results are NULL, wanted an array for them", r->task->function);
}

static int run_rows(struct request *r, const vae_options *options) {
    if (take_options(r, options) < 0)
        return VAE_ERROR_ARGUMENT;
    if (r->count == 0)
        return VAE_OK;
    if (check_labels(r) < 0 || check_arrays(r) < 0)
        return VAE_ERROR_ARGUMENT;
    struct workers *workers = workers_start(r->options.threads);
    if (workers == NULL)
        return VAE_ERROR_SYSTEM;
    const int code = run_batches(r, workers);
    batch_end(&r->batch);
    workers_stop(workers);
    return code;
}

static int run(struct request *r, const struct task *task, const vae_options *options, vae_error *error) {
    const struct call call = call_begin(error);
    if (r->handle == NULL) {
        (void)fail("%s: the model is NULL, wanted one of vae_open", task->function);
        return call_end(&call, VAE_ERROR_ARGUMENT, 0);
    }
    r->task = task;
    r->model = task->scores ? &r->handle->scoring : &r->handle->model;
    r->width = task->latents ? r->model->config.latent : r->model->elements;
    const int code = run_rows(r, options);
    return call_end(&call, code, r->bad);
}

int vae_encode(const vae_model *model, const float *x, const uint32_t *labels, size_t rows, float *mu,
               float *logvar, const vae_options *options, vae_error *error) {
    struct request r = {.handle = model, .in = x, .labels = labels, .count = rows, .mu = mu, .logvar = logvar};
    return run(&r, &encoding, options, error);
}

int vae_decode(const vae_model *model, const float *z, const uint32_t *labels, size_t rows, float *x,
               const vae_options *options, vae_error *error) {
    struct request r = {.handle = model, .in = z, .labels = labels, .count = rows, .x = x};
    return run(&r, &decoding, options, error);
}

int vae_score(const vae_model *model, const float *x, const uint32_t *labels, size_t rows, double *score,
              const vae_options *options, vae_error *error) {
    struct request r = {.handle = model, .in = x, .labels = labels, .count = rows, .score = score};
    return run(&r, &scoring, options, error);
}
