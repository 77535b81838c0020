/* SPDX-License-Identifier: MIT */
#include "run/run_row.h"

#include "model/model_file.h"
#include "nn/safetensors.h"
#include "run/checkpoint.h"

#include <stdio.h>
#include <string.h>

#define NONE "-"

/* Where a model has a column and where a checkpoint has it: a key of the metadata, or an option, "--NAME", which is
 * part of a model's "command" and a key of a checkpoint. NULL: it has none, or run_row_cell makes the text. */
static const struct column {
    const char *name, *model, *checkpoint;
} columns[] = {
    {"kind", NULL, NULL},
    {"item_shape", "item_shape", "item_shape"},
    {"likelihood", "likelihood", "--likelihood"},
    {"latent", "latent", "--latent"},
    {"encoder_hidden", "encoder_hidden", "--hidden"},
    {"decoder_hidden", "decoder_hidden", "--decoder-hidden"},
    {"activation", "activation", "--activation"},
    {"prior", "prior", "--prior"},
    {"objective", "--objective", "--objective"},
    {"beta", "--beta", "--beta"},
    {"free_bits", "--free-bits", "--free-bits"},
    {"rate", "--rate", "--rate"},
    {"batch", "--batch", "--batch"},
    {"seed", "seed", "--seed"},
    {"items", "items", "items"},
    {"parameters", NULL, NULL},
    {"epochs", "epochs", "epoch"},
    {"epochs_run", "made.epochs_run", "epoch"},
    {"ended", "made.ended", NULL},
    {"train_elbo", "made.train_elbo", NULL},
    {"train_reconstruction", "made.train_reconstruction", NULL},
    {"train_kl", "made.train_kl", NULL},
    {"train_bound", "made.train_bound", NULL},
    {"val_elbo", "made.val_elbo", NULL},
    {"val_reconstruction", "made.val_reconstruction", NULL},
    {"val_kl", "made.val_kl", NULL},
    {"val_bound", "made.val_bound", NULL},
    {"active_latents", "made.active_latents", NULL},
    {"train_target_r2", "made.train_target_r2", NULL},
    {"val_target_r2", "made.val_target_r2", NULL},
};
#define COLUMNS (sizeof columns / sizeof *columns)

const char *run_row_name(size_t i) {
    return i < COLUMNS ? columns[i].name : NULL;
}

/* Returns whether a tensor of a checkpoint is one of the model's. */
static bool is_parameter(const char *name) {
    static const char *const others[] = {"sums",    "target_sums", "latents", "first.",
                                         "second.", "average.",    "best."};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strncmp(name, others[i], strlen(others[i])) == 0)
            return false;
    return true;
}

static size_t count_parameters(const json_t *tensors) {
    const char *name;
    json_t *entry, *dimension;
    size_t i, count = 0;
    json_object_foreach((json_t *)tensors, name, entry) {
        size_t size = is_parameter(name);
        json_array_foreach(json_object_get(entry, "shape"), i, dimension) {
            size *= (size_t)json_integer_value(dimension);
        }
        count += size;
    }
    return count;
}

static int read_checkpoint(struct run_row *row, const json_t *tensors, const struct input *in) {
    int version;
    row->parameters = count_parameters(tensors);
    return checkpoint_version(&version, in->name, row->metadata) < 0 ? -1
                                                                     : safetensors_check_data(in, row->metadata);
}

static int read_model(struct run_row *row, const json_t *tensors, const struct input *in) {
    struct model model;
    const int result = model_read_after(&model, MODEL_AS_TRAINED, row->metadata, tensors, in);
    row->parameters = model.net.parameters.size;
    model_free(&model);
    return result;
}

int run_row_read(struct run_row *row, const struct input *in) {
    json_t *tensors;
    *row = (struct run_row){0};
    int result = safetensors_read_header(in, &safetensors_either, &row->metadata, &tensors);
    if (result == 0) {
        row->checkpoint = strcmp(identity_text(row->metadata, "format"), safetensors_checkpoint.format) == 0;
        result = row->checkpoint ? read_checkpoint(row, tensors, in) : read_model(row, tensors, in);
    }
    json_decref(tensors);
    return result;
}

void run_row_free(struct run_row *row) {
    json_decref(row->metadata);
    row->metadata = NULL;
}

static const char *value_of(const struct run_row *row, const char *key) {
    return json_string_value(json_object_get(row->metadata, key));
}

/* Writes the argument of an option in a model's command, "vae-train --latent 4 --beta 1": the text of words[0]
 * after " OPTION ". Returns `text`. */
static const char *find_argument(const struct run_row *row, const char *option, char text[RUN_ROW_CELL]) {
    const char *command = value_of(row, "command");
    const size_t length = strlen(option);
    for (const char *at = command; at != NULL && (at = strstr(at, option)) != NULL; at += length)
        if (at > command && at[-1] == ' ' && at[length] == ' ') {
            const char *argument = at + length + 1;
            snprintf(text, RUN_ROW_CELL, "%.*s", (int)strcspn(argument, " "), argument);
            return text;
        }
    return NONE;
}

/* Writes the decoder's layers of a checkpoint without --decoder-hidden to `text`: the encoder's, mirrored. Returns
 * it, or "-" if there are none. */
static const char *mirror(const struct run_row *row, char text[RUN_ROW_CELL]) {
    struct hidden encoder, decoder;
    struct shape item;
    const char *list = value_of(row, "--hidden"), *shape = value_of(row, "item_shape");
    if (list == NULL || shape == NULL || hidden_parse(&encoder, "--hidden", list) < 0 ||
        shape_parse(&item, "item_shape", shape) < 0)
        return NONE;
    const struct image image = model_item_image(&item);
    if (hidden_mirror(&decoder, &encoder, &image, "--decoder-hidden") < 0)
        return NONE;
    return hidden_text(&decoder, text);
}

const char *run_row_cell(const struct run_row *row, size_t i, char text[RUN_ROW_CELL]) {
    const struct column *c = &columns[i];
    const char *key = row->checkpoint ? c->checkpoint : c->model, *value = key == NULL ? NULL : value_of(row, key);
    if (strcmp(c->name, "kind") == 0)
        value = row->checkpoint ? "checkpoint" : "model";
    else if (strcmp(c->name, "prior") == 0 && value == NULL)
        value = "normal"; /* a model names only another one */
    else if (strcmp(c->name, "decoder_hidden") == 0 && value == NULL)
        return mirror(row, text);
    else if (strcmp(c->name, "parameters") == 0) {
        snprintf(text, RUN_ROW_CELL, "%zu", row->parameters);
        return text;
    } else if (key != NULL && !row->checkpoint && strncmp(key, "--", 2) == 0)
        return find_argument(row, key, text);
    snprintf(text, RUN_ROW_CELL, "%s", value == NULL || *value == '\0' ? NONE : value);
    return text;
}
