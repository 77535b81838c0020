/* SPDX-License-Identifier: MIT */
/* vae-info: the metadata of a model file, all of which is read and checked. */
#include "base/cli.h"
#include "base/printable.h"
#include "model/model_file.h"

#include <math.h>
#include <stdio.h>

struct options {
    struct cli_common common; /* quiet alone is used */
    bool tensors;
};

static const struct cli_option options[] = {
    {0, "tensors", NULL, NULL, "print one row per tensor instead: name, shape, numbers, rms, min, max",
     CLI_FLAG(tensors)},
    CLI_EVERY,
};

static const struct cli_program program = {
    "vae-info",
    "[--tensors] [-q] [FILE]",
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

static int run(const struct options *o, const char *file) {
    struct input in;
    struct model model;
    json_t *metadata;
    if (input_open(&in, file) < 0)
        return -1;
    const int result = model_read(&model, MODEL_AS_TRAINED, &metadata, &in);
    if (result == 0 && o->tensors)
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
    return cli_finish(run(&o, cli_operand()));
}
