/* SPDX-License-Identifier: MIT */
/* vae-sample: a stream of latents drawn from the prior, or a grid of its quantiles. */
#include "base/cli.h"
#include "base/error.h"
#include "base/number.h"
#include "base/progress.h"
#include "model/model_file.h"
#include "stream/labels.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NOT_GIVEN UINT64_MAX
#define LABELS 1024    /* labels read at a time, at most */
#define CAPACITY 65536 /* numbers written at a time, roughly */

#define MAX_SIDE 100000 /* columns or rows of a grid */

/* Columns and rows of a grid; 0: there is no grid. */
struct grid {
    size_t columns, rows;
};

struct options {
    struct cli_common common; /* its threads are not used */
    uint64_t count, class;
    size_t dim; /* 0: not given */
    struct grid grid;
    const char *labels;
};

static int parse_grid(void *field, const char *name, const char *text) {
    struct grid *grid = field;
    size_t sides[2], count;
    if (parse_list(name, text, 'x', 1, MAX_SIDE, 2, sides, &count) < 0 || count != 2)
        return fail("%s: found '%s', wanted columns and rows from 1 to %d, such as 20x20", name, text, MAX_SIDE);
    *grid = (struct grid){sides[0], sides[1]};
    return 0;
}

static const struct cli_option options[] = {
    {'n', "count", "N", NULL, "write N latents (default 1; with --cond one per label)",
     CLI_WHOLE(count, 0, 0x1p40)},
    {'d', "dim", "N", NULL, "the size of a latent (default 20, as vae-train's; 2 with --grid)",
     CLI_SIZE(dim, 1, MODEL_MAX_LATENT)},
    {'m', "model", "FILE", NULL, "take the size of a latent, and the prior, from this model",
     CLI_FILE(common.model)},
    {0, "grid", "CxR", NULL, "write C x R quantiles of a 2-D latent instead of draws, row by row from the top",
     CLI_PARSE(parse_grid, grid)},
    {0, "class", "N", NULL, "for a conditional model: append this label to each latent",
     CLI_WHOLE(class, 0, LABELS_MAX_CLASSES - 1)},
    {0, "cond", "FILE", NULL, "for a conditional model: append the labels of this stream, one to each latent",
     CLI_STREAM(labels)},
    CLI_SEED,
    CLI_EVERY,
};

static const struct cli_program program = {
    "vae-sample",
    "[-n N] [-d N] [-m FILE] [--grid CxR] [--class N | --cond FILE] [-S N] [-q]",
    "Draws latents from the prior: the standard normal distribution, or the prior of the model.",
    options,
    1,
    "vae-sample -n 64 | vae-decode -m model.bin | raw2pgm > grid.pgm",
    .operands = cli_no_operands,
};

static struct options parse(int argc, char **argv) {
    struct options o = {.count = NOT_GIVEN, .class = NOT_GIVEN};
    cli_parse(&program, argc, argv, &o);
    cli_operands(0);
    if (o.grid.columns > 0 && o.dim > 0 && o.dim != 2)
        cli_refuse("--dim: found %zu with --grid, wanted 2", o.dim);
    if (o.count != NOT_GIVEN && o.grid.columns > 0)
        cli_refuse("--count: found it with --grid, which draws nothing, wanted one of the two");
    if (o.count != NOT_GIVEN && o.labels != NULL)
        cli_refuse("--count: found it with --cond, which gives one label per latent, wanted one of the two");
    if (o.labels != NULL && (o.grid.columns > 0 || o.class != NOT_GIVEN))
        cli_refuse("--cond: found it with %s, wanted one of the two", o.grid.columns > 0 ? "--grid" : "--class");
    if (o.common.model == NULL && (o.labels != NULL || o.class != NOT_GIVEN))
        cli_refuse("%s: found it without --model, wanted the model, which knows how many labels there are",
                   o.labels != NULL ? "--cond" : "--class");
    return o;
}

/* The output: latents of `dim` numbers, each followed by a one-hot label if there are classes. */
struct sampler {
    const struct options *options;
    size_t dim, classes;
    struct model model;              /* if one is given */
    const struct prior_state *prior; /* the model's, or else `normal` */
    struct prior_state normal;
    struct labels labels;
    struct raw_writer out;
    float *z; /* [capacity] latents with their labels; owned */
    size_t capacity;
    uint64_t item; /* number of the next latent */
};

/* Checks that labels are given if and only if the model is conditional on labels, and --class is one. 0 or -1. */
static int check_classes(const struct options *o, size_t classes) {
    const bool given = o->labels != NULL || o->class != NOT_GIVEN;
    if (classes > 0 && !given)
        return fail("%s: is conditional on labels, wanted --class or --cond (or -d and no -m: vae-decode --cond "
                    "takes latents without a label)",
                    o->common.model);
    if (classes == 0 && given)
        return fail("%s: is not conditional on labels, wanted no %s", o->common.model,
                    o->labels != NULL ? "--cond" : "--class");
    if (o->class != NOT_GIVEN && o->class >= classes)
        return fail("%s: has labels 0 to %zu, wanted one of them as --class, found %" PRIu64, o->common.model,
                    classes - 1, o->class);
    return 0;
}

/* Sets the size of a latent from --dim, --grid or the model. Refuses sizes that differ. 0 or -1. */
static int choose_sizes(struct sampler *s) {
    const struct options *o = s->options;
    const struct model_config *config = &s->model.config;
    char prior[PRIOR_TEXT];
    s->dim = o->dim;
    if (o->common.model != NULL) {
        if (model_load(&s->model, MODEL_AS_TRAINED, o->common.model) < 0 || check_classes(o, config->classes) < 0)
            return -1;
        if (o->dim != 0 && o->dim != config->latent)
            return fail("%s: has latents of %zu, wanted %zu as --dim says", o->common.model, config->latent,
                        o->dim);
        if (o->grid.columns > 0 && config->prior->quantile == NULL)
            return fail("%s: has prior %s, which has no quantiles, wanted no --grid", o->common.model,
                        prior_text(config->prior, config->components, prior));
        net_pack_layer(&s->model.net, s->model.z);
        s->prior = draw_prior(&s->model.net, s->model.z);
        s->dim = config->latent;
        s->classes = config->classes;
    }
    if (s->dim == 0)
        s->dim = o->grid.columns > 0 ? 2 : MODEL_DEFAULT_LATENT;
    if (o->grid.columns > 0 && s->dim != 2)
        return fail("%s: has latents of %zu, wanted 2 for --grid", o->common.model, s->dim);
    if (o->common.model == NULL)
        return prior_create(&s->normal, &prior_normal, 0, s->dim);
    return 0;
}

/* Writes point number i of the grid. z1 grows to the right and z2 upwards, as in a plot. */
static void grid_point(const struct grid *grid, const struct prior *prior, uint64_t i, float *z) {
    const uint64_t column = i % grid->columns, row = i / grid->columns;
    z[0] = (float)prior->quantile(((double)column + 0.5) / (double)grid->columns);
    z[1] = (float)-prior->quantile(((double)row + 0.5) / (double)grid->rows);
}

static void make(const struct sampler *s, size_t n) {
    const struct options *o = s->options;
    const struct prior_state *prior = s->prior;
    for (size_t i = 0; i < n; i++) {
        float *z = s->z + i * (s->dim + s->classes);
        if (o->grid.columns > 0)
            grid_point(&o->grid, prior->prior, s->item + i, z);
        else
            prior->prior->draw(prior, z, o->common.seed, s->item + i);
    }
}

static int put_labels(struct sampler *s, size_t n) {
    const struct options *o = s->options;
    uint32_t label[LABELS];
    if (o->labels != NULL && labels_next(&s->labels, label, n, "the latents") < 0)
        return -1;
    for (size_t i = 0; s->classes > 0 && i < n; i++) {
        float *one_hot = s->z + i * (s->dim + s->classes) + s->dim;
        memset(one_hot, 0, s->classes * sizeof *one_hot);
        one_hot[o->labels != NULL ? label[i] : (size_t)o->class] = 1;
    }
    return 0;
}

static int write_frame(struct sampler *s, uint64_t items, bool last) {
    const size_t width = s->dim + s->classes;
    const struct raw_frame frame = {DTYPE_F32, shape_vector(width), items, last};
    if (raw_write_header(&s->out, &frame) < 0)
        return -1;
    for (uint64_t left = items; left > 0;) {
        const size_t most = s->classes > 0 && s->capacity > LABELS ? LABELS : s->capacity;
        const size_t n = left < most ? (size_t)left : most;
        make(s, n);
        if (put_labels(s, n) < 0 || raw_write(&s->out, s->z, n * width * sizeof *s->z) < 0)
            return -1;
        s->item += n;
        left -= n;
        progress_items(items - left, items);
    }
    return 0;
}

/* Writes one frame for each frame of labels. 0 or -1. */
static int write_frames(struct sampler *s) {
    int more = labels_open(&s->labels, s->options->labels, s->classes) < 0 ? -1 : 1;
    while (more == 1 &&
           write_frame(s, s->labels.numbers.reader.frame.items, s->labels.numbers.reader.frame.last) == 0)
        more = raw_next(&s->labels.numbers.reader);
    labels_close(&s->labels);
    return more == 0 ? 0 : -1;
}

static int sample(struct sampler *s) {
    const struct options *o = s->options;
    if (o->labels != NULL)
        return write_frames(s);
    return write_frame(s,
                       o->grid.columns > 0     ? o->grid.columns * o->grid.rows
                       : o->count == NOT_GIVEN ? 1
                                               : o->count,
                       true);
}

static int run(const struct options *o) {
    struct sampler s = {.options = o, .prior = &s.normal};
    if (raw_writer_start(&s.out) < 0 || choose_sizes(&s) < 0)
        return -1;
    progress_start(!cli_quiet(), true);
    s.capacity = 1 + CAPACITY / (s.dim + s.classes);
    s.z = malloc(s.capacity * (s.dim + s.classes) * sizeof *s.z);
    const int result = s.z == NULL ? fail("stdout: out of memory for latents of %zu", s.dim) : sample(&s);
    free(s.z);
    model_free(&s.model);
    return result < 0 ? -1 : raw_finish(&s.out);
}

int main(int argc, char **argv) {
    const struct options o = parse(argc, argv);
    return cli_finish(run(&o));
}
