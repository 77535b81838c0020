/* SPDX-License-Identifier: MIT */
#include "property/climb_stream.h"

#include "base/cli.h"
#include "base/error.h"
#include "base/number.h"
#include "dist/special.h"
#include "kernel/lapack.h"
#include "property/cross_validation.h"
#include "query/latent_map.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_BYTES_MOST ((size_t)16 << 20) /* of the latents that a batch gives, if an item gives no more */
#define PIPE_ROWS 32                        /* whose predictions any pipe holds, see side_fits */
#define LINE 128                            /* bytes of a line of predictions */
#define POOR_R2 0.05

/* Numbers that an item gives. */
static size_t moved_numbers(const struct climb_stream *s) {
    return climb_points(&s->climb) * s->examples.latent;
}

static void climb_row(void *context, size_t i) {
    struct climb_stream *s = context;
    float *moved = s->moved + i * moved_numbers(s);
    if (s->bad.report && s->refused[i])
        bad_items_answer(DTYPE_F32, moved, moved_numbers(s));
    else
        climb_item(&s->climb, &s->scratch[workers_self()], s->z + i * s->examples.latent, s->item + i, moved,
                   &s->prediction[i]);
}

static int check(void *context, size_t count, uint64_t item) {
    struct climb_stream *s = context;
    const size_t bytes = raw_item_bytes(&s->input.reader.frame);
    if (!s->bad.report)
        return latent_check_items(&s->input.reader, s->input.items, count, item);
    for (size_t i = 0; i < count; i++) {
        s->refused[i] = latent_check_items(&s->input.reader, s->input.items + i * bytes, 1, item + i) < 0;
        if (s->refused[i] && bad_items_add(&s->bad) < 0)
            return -1;
    }
    return 0;
}

static int write_header(struct climb_stream *s, uint64_t items, bool last) {
    struct raw_frame frame = {.dtype = DTYPE_F32, .shape = shape_vector(s->examples.latent), .last = last};
    if (__builtin_mul_overflow(items, (uint64_t)climb_points(&s->climb), &frame.items))
        return fail("%s: a frame of %" PRIu64 " items gives too many latents to count, wanted fewer",
                    s->input.reader.in.name, items);
    return raw_write_header(&s->out, &frame);
}

/* The predictions of a frame are written before the frame, so its header has to wait if there are items. */
static int begin_frame(void *context, uint64_t items, bool last) {
    struct climb_stream *s = context;
    return s->predictions != NULL && items > 0 ? 0 : write_header(s, items, last);
}

static bool has_deviation(const struct climb_stream *s) {
    return s->model == NULL && s->method->deviation != NULL;
}

static int write_prediction(struct climb_stream *s, size_t i) {
    const struct prediction none = {(double)NAN, (double)NAN, (double)NAN},
                            *p = s->bad.report && s->refused[i] ? &none : &s->prediction[i];
    char line[LINE];
    int length = snprintf(line, sizeof line, "%" PRIu64 "\t%.6g\t%.6g", s->item + i, p->start, p->end);
    if (has_deviation(s))
        length += snprintf(line + length, sizeof line - (size_t)length, "\t%.6g", p->deviation);
    return side_write(&s->side, line, (size_t)length, "prediction");
}

static int write_predictions(struct climb_stream *s, size_t count) {
    const struct raw_reader *reader = &s->input.reader;
    for (size_t i = 0; i < count; i++)
        if (write_prediction(s, i) < 0)
            return -1;
    return side_flush(&s->side) < 0 ? -1 : write_header(s, count, reader->frame.last && reader->left == 0);
}

/* Counts the climbs of a batch that end with a prediction farther beyond the known targets than half of their
 * range. A head has none. */
static void count_ends(struct climb_stream *s, size_t count) {
    const double margin = (s->largest - s->least) / 2;
    for (size_t i = 0; s->model == NULL && i < count; i++)
        if (!s->bad.report || !s->refused[i]) {
            s->ends++;
            s->beyond += s->prediction[i].end < s->least - margin || s->prediction[i].end > s->largest + margin;
        }
}

static int work(void *context, size_t count, uint64_t item) {
    struct climb_stream *s = context;
    s->item = item;
    dtype_to_float(s->input.reader.frame.dtype, s->input.items, s->z, count * s->examples.latent);
    workers_run(s->workers, count, climb_row, s);
    count_ends(s, count);
    if (s->predictions != NULL && write_predictions(s, count) < 0)
        return -1;
    return raw_write(&s->out, s->moved, count * moved_numbers(s) * sizeof *s->moved);
}

/* Says how well the latents predict the property. */
static void note_fit(const struct climb_stream *s, double r2) {
    const struct examples *e = &s->examples;
    if (e->count < e->items)
        cli_note("%s: %zu of %zu items are used as examples, evenly spread (--examples takes more)", s->latents,
                 e->count, e->items);
    cli_note("%s: %zu examples, %zu of %zu latents active, R^2 %.3f in %d-fold cross-validation", s->method->name,
             e->count, e->active, e->latent, r2, CROSS_VALIDATION_FOLDS);
    if (!(r2 > POOR_R2))
        cli_note("%s: found a cross-validated R^2 of %.3f, wanted more than %g: these latents do not predict the "
                 "targets with --method %s, so a climb will hardly do better than --control",
                 s->target, r2, POOR_R2, s->method->name);
}

/* Says so if most climbs have left what the examples tell. */
static void note_ends(const struct climb_stream *s) {
    if (2 * s->beyond > s->ends)
        cli_note("%s: %" PRIu64 " of %" PRIu64 " predictions at the end are far beyond the known targets, "
                 "which are from %.6g to %.6g: they are extrapolations, and say little (fewer --steps stay nearer)",
                 s->target, s->beyond, s->ends, s->least, s->largest);
}

static int check_input(const struct climb_stream *s) {
    const struct raw_reader *reader = &s->input.reader;
    if (latent_check_frame(reader) < 0)
        return -1;
    return reader->frame.shape.dim[0] == s->examples.latent
               ? 0
               : fail("%s: latents have %zu numbers, and those of %s have %zu, wanted the same", reader->in.name,
                      reader->frame.shape.dim[0], s->latents, s->examples.latent);
}

static int learn(struct climb_stream *s) {
    if (examples_load(&s->examples, s->latents, s->target, s->most) < 0 || check_input(s) < 0)
        return -1;
    const struct points points = examples_points(&s->examples);
    double r2;
    if (lapack_load() < 0 || cross_validate(s->method, &points, s->climb.seed, &r2) < 0 ||
        regression_fit(&s->regression, s->method, &points) < 0 ||
        examples_radius(&s->examples, s->within, &s->climb.radius) < 0)
        return -1;
    s->climb.examples = &s->examples;
    s->climb.regression = &s->regression;
    s->least = s->largest = s->examples.target[0];
    for (size_t i = 1; i < s->examples.count; i++) {
        s->least = fmin(s->least, s->examples.target[i]);
        s->largest = fmax(s->largest, s->examples.target[i]);
    }
    note_fit(s, r2);
    return 0;
}

/* Checks that latents of `numbers` numbers of the stream `name` are those of the model, with or without labels. */
static int check_latents(const struct climb_stream *s, const char *name, size_t numbers) {
    const struct head *h = &s->head;
    char labels[64] = "";
    if (numbers == h->latent || (h->classes > 0 && numbers == h->latent + h->classes))
        return 0;
    if (h->classes > 0)
        snprintf(labels, sizeof labels, ", or %zu with labels", h->latent + h->classes);
    return fail("%s: latents have %zu numbers, wanted the %zu of %s%s", name, numbers, h->latent, s->model, labels);
}

/* Sets where data are, from latents or from the prior. */
static int set_region(struct climb_stream *s) {
    const struct head *h = &s->head;
    const size_t numbers = s->input.reader.frame.shape.dim[0];
    if (latent_check_frame(&s->input.reader) < 0 || check_latents(s, s->input.reader.in.name, numbers) < 0)
        return -1;
    if (s->latents == NULL && !h->is_normal)
        return fail("%s: has another prior than N(0, I), wanted --latents to say where its data are", s->model);
    if (s->latents == NULL) {
        s->climb.radius = normal_length(h->latent, s->within);
        return examples_of_prior(&s->examples, numbers, h->latent);
    }
    if (examples_load_latents(&s->examples, s->latents, h->latent) < 0 ||
        check_latents(s, s->latents, s->examples.latent) < 0)
        return -1;
    s->examples.latent = numbers;
    return examples_radius(&s->examples, s->within, &s->climb.radius);
}

/* Takes the head of the model instead of a regression. */
static int take_head(struct climb_stream *s) {
    const struct head *h = &s->head;
    if (head_load(&s->head, s->model) < 0 || set_region(s) < 0)
        return -1;
    const char *region = s->latents == NULL ? "the prior N(0, I)" : s->latents;
    s->climb.examples = &s->examples;
    s->climb.head = h;
    cli_note("%s: a head for targets of mean %.6g and standard deviation %.6g, %zu of %zu latents active in %s",
             s->model, h->mean, h->deviation, s->examples.active, h->latent, region);
    return 0;
}

static int allocate(struct climb_stream *s) {
    const size_t threads = workers_threads(s->workers), bytes = moved_numbers(s) * sizeof *s->moved;
    s->input.rows = larger(smaller(BATCH_ROWS, BATCH_BYTES_MOST / bytes), 1);
    if (s->side.is_pipe)
        s->input.rows = smaller(s->input.rows, PIPE_ROWS);
    s->z = malloc(s->input.rows * s->examples.latent * sizeof *s->z);
    s->moved = malloc(s->input.rows * bytes);
    s->scratch = calloc(threads, sizeof *s->scratch);
    if (s->z == NULL || s->moved == NULL || s->scratch == NULL)
        return fail("%s: out of memory for %zu latents", s->input.reader.in.name, s->input.rows);
    for (size_t i = 0; i < threads; i++)
        if (climb_scratch_start(&s->scratch[i], &s->climb) < 0)
            return -1;
    return 0;
}

/* A pipe is opened after a frame without items, since its reader waits for the stream's first header. */
static int open_predictions(struct climb_stream *s) {
    const char *const title = has_deviation(s) ? "item\tstart\tend\tdeviation" : "item\tstart\tend";
    if (s->predictions == NULL)
        return 0;
    if ((side_is_pipe(s->predictions) && write_header(s, 0, false) < 0) ||
        side_writer_open(&s->side, s->predictions, s->path) < 0)
        return -1;
    return side_write(&s->side, title, strlen(title), "title");
}

static int run(struct climb_stream *s) {
    if ((s->model == NULL ? learn(s) : take_head(s)) < 0 || open_predictions(s) < 0 || allocate(s) < 0 ||
        item_reader_run(&s->input) < 0)
        return -1;
    if (s->predictions != NULL && side_writer_close(&s->side) < 0)
        return -1;
    note_ends(s);
    return raw_finish(&s->out);
}

static void end(struct climb_stream *s) {
    for (size_t i = 0; s->scratch != NULL && i < workers_threads(s->workers); i++)
        climb_scratch_end(&s->scratch[i]);
    side_writer_abandon(&s->side);
    workers_stop(s->workers);
    regression_free(&s->regression);
    head_free(&s->head);
    examples_free(&s->examples);
    free(s->scratch);
    free(s->z);
    free(s->moved);
}

int climb_stream_run(struct climb_stream *s) {
    if (raw_writer_start(&s->out) < 0)
        return -1;
    s->input.context = s;
    s->input.frame = begin_frame;
    s->input.check = check;
    s->input.work = work;
    s->climb.deviates = s->predictions != NULL;
    int result = item_reader_open(&s->input, s->path, NULL, 0);
    if (result == 0) {
        s->workers = workers_start(s->threads);
        result = s->workers == NULL ? -1 : run(s);
    }
    if (s->workers != NULL)
        end(s);
    item_reader_close(&s->input);
    return bad_items_finish(&s->bad, s->input.reader.in.name, result);
}
