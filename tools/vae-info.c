/* SPDX-License-Identifier: MIT */
/* vae-info: the metadata of a model file, all of which is read and checked, or its tensors; or a row per file. */
#include "base/cli.h"
#include "base/error.h"
#include "base/printable.h"
#include "model/model_file.h"
#include "stream/raw.h"
#include "train/run_row.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct options {
    struct cli_common common; /* quiet alone is used */
    bool tensors, row;
    const char *dump; /* NULL: not given */
};

static const struct cli_option options[] = {
    {0, "tensors", NULL, NULL, "print one row per tensor instead: name, shape, numbers, rms, min, max",
     CLI_FLAG(tensors)},
    {0, "dump", "NAME", NULL, "write the tensor of this name instead, as a stream with one item per row",
     CLI_TEXT(dump)},
    {0, "row", NULL, NULL,
     "print one row per file instead, of a model or a checkpoint: options and figures, for sweeps", CLI_FLAG(row)},
    CLI_EVERY,
};

static const struct cli_program program = {
    "vae-info",
    "[--tensors | --dump NAME] [-q] [FILE] | --row [-q] [FILE]...",
    "Reads a model file to its end, checks it, and prints a table (TSV) of its metadata.",
    options,
    0,
    "vae-info model.bin",
};

static void print_metadata(const struct model *model, const json_t *metadata) {
    const char *key;
    json_t *value;
    printf("key\tvalue\n");
    json_object_foreach((json_t *)metadata, key, value) {
        printable_print(stdout, key); /* one cell, whatever is in it, and so is the value */
        printf("\t");
        printable_print(stdout, json_string_value(value));
        printf("\n");
    }
    printf("tensors\t%zu\nnumbers\t%zu\n", model->net.parameters.count, model->net.parameters.size);
}

static void print_tensor(const struct parameters *p, const struct tensor *t) {
    char shape[SHAPE_TEXT];
    const float *value = p->value + t->offset;
    double min = (double)value[0], max = min, squares = 0;
    for (size_t i = 0; i < t->size; i++) {
        const double number = (double)value[i];
        min = number < min ? number : min;
        max = number > max ? number : max;
        squares += number * number;
    }
    printf("%s\t%s\t%zu\t%.6g\t%.6g\t%.6g\n", t->name, shape_text(&t->shape, shape), t->size,
           sqrt(squares / (double)t->size), min, max);
}

static void print_tensors(const struct model *model) {
    const struct parameters *p = &model->net.parameters;
    printf("tensor\tshape\tnumbers\trms\tmin\tmax\n");
    for (size_t i = 0; i < p->count; i++)
        print_tensor(p, &p->tensor[i]);
}

static const struct tensor *find_tensor(const struct parameters *p, const char *name) {
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->tensor[i].name, name) == 0)
            return &p->tensor[i];
    return NULL;
}

/* Writes a tensor as a stream: its first dimension is the items; a vector is one item. */
static int dump(const struct model *model, const char *name, const char *file) {
    const struct parameters *p = &model->net.parameters;
    const struct tensor *t = find_tensor(p, name);
    struct raw_writer out;
    if (t == NULL)
        return fail("%s: has no tensor '%s', wanted one of those that --tensors lists", file, name);
    struct raw_frame frame = {.dtype = DTYPE_F32, .shape = t->shape, .items = 1, .last = true};
    if (t->shape.rank > 1) {
        frame.items = t->shape.dim[0];
        frame.shape.rank--;
        memmove(frame.shape.dim, frame.shape.dim + 1, frame.shape.rank * sizeof *frame.shape.dim);
    }
    if (raw_writer_start(&out) < 0 || raw_write_header(&out, &frame) < 0 ||
        raw_write(&out, p->value + t->offset, t->size * sizeof *p->value) < 0)
        return -1;
    return raw_finish(&out);
}

static void print_row(const struct run_row *row, const char *file) {
    char text[RUN_ROW_CELL];
    printable_print(stdout, file);
    for (size_t i = 0; run_row_name(i) != NULL; i++) {
        printf("\t");
        printable_print(stdout, run_row_cell(row, i, text));
    }
    printf("\n");
}

/* Prints the row of a file, or a message if it cannot be read. 0 or EXIT_DATA. */
static int add_row(const char *file) {
    struct input in;
    struct run_row row;
    if (input_open(&in, file) < 0) {
        cli_report();
        return EXIT_DATA;
    }
    const int result = run_row_read(&row, &in);
    if (result < 0)
        cli_report();
    else
        print_row(&row, in.name);
    run_row_free(&row);
    input_close(&in);
    return result < 0 ? EXIT_DATA : 0;
}

/* Prints the table of all files, without those that cannot be read. 0 or EXIT_DATA. */
static int print_rows(void) {
    size_t count;
    char *const *file = cli_all_operands(&count);
    int result = 0;
    printf("file");
    for (size_t i = 0; run_row_name(i) != NULL; i++)
        printf("\t%s", run_row_name(i));
    printf("\n");
    if (count == 0)
        return add_row(NULL);
    for (size_t i = 0; i < count; i++)
        result |= add_row(file[i]);
    return result;
}

static int run(const struct options *o, const char *file) {
    struct input in;
    struct model model;
    json_t *metadata;
    if (input_open(&in, file) < 0)
        return -1;
    int result = model_read(&model, MODEL_AS_TRAINED, &metadata, &in);
    if (result == 0 && o->dump != NULL)
        result = dump(&model, o->dump, in.name);
    else if (result == 0 && o->tensors)
        print_tensors(&model);
    else if (result == 0)
        print_metadata(&model, metadata);
    model_free(&model);
    json_decref(metadata);
    input_close(&in);
    return result;
}

int main(int argc, char **argv) {
    struct options o = {0};
    cli_parse(&program, argc, argv, &o);
    if (o.tensors && o.dump != NULL)
        cli_refuse("--dump: found it with --tensors, wanted one of the two");
    if (o.row && (o.tensors || o.dump != NULL))
        cli_refuse("--row: found it with %s, wanted one of the two", o.tensors ? "--tensors" : "--dump");
    return cli_finish(o.row ? print_rows() : run(&o, cli_operand()));
}
