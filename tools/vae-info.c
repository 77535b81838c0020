/* SPDX-License-Identifier: MIT */
/* vae-info: the metadata of a model file, all of which is read and checked, or its tensors, or its layers; or a row
 * per file. */
#include "base/cli.h"
#include "base/error.h"
#include "base/printable.h"
#include "model/model_file.h"
#include "stream/raw.h"
#include "run/run_row.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct options {
    struct cli_common common; /* quiet alone is used */
    bool tensors, net, row;
    const char *dump; /* NULL: not given */
};

static const struct cli_option options[] = {
    {0, "tensors", NULL, NULL, "print one row per tensor instead: name, shape, numbers, rms, min, max",
     CLI_FLAG(tensors)},
    {0, "net", NULL, NULL,
     "print one row per layer instead: name, op, output, parameters, multiply-adds of an item", CLI_FLAG(net)},
    {0, "dump", "NAME", NULL, "write the tensor of this name instead, as a stream with one item per row",
     CLI_TEXT(dump)},
    {0, "row", NULL, NULL,
     "print one row per file instead, of a model or a checkpoint: options and figures, for sweeps", CLI_FLAG(row)},
    CLI_EVERY,
};

static const struct cli_program program = {
    "vae-info",
    "[--tensors | --net | --dump NAME] [-q] [FILE] | --row [-q] [FILE]...",
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

/* A layer that has no parameters and keeps the shape has no row. A likelihood has no output. */
static void print_layer(const struct net *net, const struct layer *layer) {
    char shape[IMAGE_TEXT] = "-";
    const size_t numbers = net_layer_numbers(layer);
    const bool reshapes =
        layer->width > 0 && layer->inputs > 0 && !image_equal(&layer->image, &net_input(net, layer, 0)->image);
    if (numbers == 0 && !reshapes)
        return;
    if (layer->width > 0)
        (void)image_text(&layer->image, shape);
    printf("%s\t%s\t%s\t%zu\t%zu\n", layer->name, layer->op->name, shape, numbers, layer->multiply_adds);
}

/* Prints the layers, then the tensors that belong to no layer, then the totals. */
static void print_net(const struct net *net) {
    const struct parameters *p = &net->parameters;
    size_t multiply_adds = 0;
    printf("layer\top\toutput\tparameters\tmultiply_adds\n");
    for (size_t i = 0; i < net->layers; i++) {
        print_layer(net, &net->layer[i]);
        multiply_adds += net->layer[i].multiply_adds;
    }
    for (size_t i = 0; i < p->count; i++)
        if (net_tensor_layer(net, &p->tensor[i]) == NULL)
            printf("%s\t-\t-\t%zu\t0\n", p->tensor[i].name, p->tensor[i].size);
    printf("total\t-\t-\t%zu\t%zu\n", p->size, multiply_adds);
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
    else if (result == 0 && o->net)
        print_net(&model.net);
    else if (result == 0)
        print_metadata(&model, metadata);
    model_free(&model);
    json_decref(metadata);
    input_close(&in);
    return result;
}

/* Refuses two options that each choose what is printed. */
static void check_choice(const struct options *o) {
    const struct {
        const char *name;
        bool given;
    } choice[] = {{"tensors", o->tensors}, {"net", o->net}, {"dump", o->dump != NULL}, {"row", o->row}};
    const char *first = NULL;
    for (size_t i = 0; i < sizeof choice / sizeof *choice; i++) {
        if (choice[i].given && first != NULL)
            cli_refuse("--%s: found it with --%s, wanted one of the two", choice[i].name, first);
        if (choice[i].given)
            first = choice[i].name;
    }
}

int main(int argc, char **argv) {
    struct options o = {0};
    cli_parse(&program, argc, argv, &o);
    check_choice(&o);
    return cli_finish(o.row ? print_rows() : run(&o, cli_operand()));
}
