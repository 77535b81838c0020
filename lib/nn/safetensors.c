/* SPDX-License-Identifier: MIT */
#include "nn/safetensors.h"

#include "base/error.h"
#include "base/memory.h"
#include "kernel/math_kernel.h"
#include "nn/json_text.h"
#include "stream/foreign.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define ALIGNMENT 64 /* alignment of the data in the file, so that the data can be mapped */

static const struct {
    const char *name;
    size_t size;
} types[] = {[STORED_F32] = {"F32", sizeof(float)}, [STORED_F64] = {"F64", sizeof(double)}};

const struct safetensors_kind safetensors_model = {
    .format = "vae-model", .name = "a model", .page = "vae-model(5)", .advice = ""};
const struct safetensors_kind safetensors_checkpoint = {.format = "vae-checkpoint",
                                                        .name = "a checkpoint",
                                                        .page = "vae-checkpoint(5)",
                                                        .advice = ": --start-from takes a model"};
const struct safetensors_kind safetensors_either = {
    .format = "", .name = "a model or a checkpoint", .page = "vae-model(5)", .advice = ""};
const struct safetensors_kind safetensors_start = {
    .format = "vae-model", .name = "a model", .page = "vae-model(5)", .advice = "", .plain = true};

void safetensors_add(struct safetensors *file, enum stored_type type, const char *name, const struct shape *shape,
                     void *data) {
    struct stored *list = file->failed ? NULL : memory_grow(file->tensor, file->count, sizeof *list);
    if (list == NULL) {
        file->failed = true;
        return;
    }
    file->tensor = list;
    struct stored *t = &list[file->count++];
    *t = (struct stored){.type = type, .shape = *shape, .offset = file->bytes, .data = data};
    snprintf(t->name, sizeof t->name, "%s", name);
    t->bytes = shape_elements(shape) * types[type].size;
    file->bytes += t->bytes;
}

void safetensors_free(struct safetensors *file) {
    free(file->tensor);
    *file = (struct safetensors){0};
}

/* Checks that all tensors could be added to the list. 0, or -1 with a message that begins with `name`. */
static int check_list(const struct safetensors *file, const char *name) {
    return file->failed ? fail("%s: out of memory for its list of tensors", name) : 0;
}

void safetensors_add_parameters(struct safetensors *file, const char *prefix, const struct parameters *p,
                                float *array) {
    char name[SAFETENSORS_NAME];
    for (const struct tensor *t = p->tensor; t < p->tensor + p->count; t++) {
        snprintf(name, sizeof name, "%s%.*s", prefix, TENSOR_NAME - 1, t->name);
        safetensors_add(file, STORED_F32, name, &t->shape, array == NULL ? NULL : array + t->offset);
    }
}

static void print_checksum(const XXH64_state_t *state, char text[17]) {
    snprintf(text, 17, "%016" PRIx64, (uint64_t)XXH64_digest(state));
}

static int checksum_text(const struct safetensors *file, char text[17]) {
    XXH64_state_t *state = XXH64_createState();
    if (state == NULL)
        return fail("safetensors: out of memory for the checksum");
    XXH64_reset(state, 0);
    for (const struct stored *t = file->tensor; t < file->tensor + file->count; t++)
        XXH64_update(state, t->data, t->bytes);
    print_checksum(state, text);
    XXH64_freeState(state);
    return 0;
}

/* Returns an array of whole numbers, or NULL if memory runs out. */
static json_t *integers(const size_t *number, size_t count) {
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < count; i++)
        if (json_array_append_new(array, json_integer((json_int_t)number[i])) != 0) {
            json_decref(array);
            array = NULL;
        }
    return array;
}

/* Returns the header's entry for the tensor, or NULL if memory runs out. */
static json_t *tensor_entry(const struct stored *t) {
    const size_t offsets[] = {t->offset, t->offset + t->bytes};
    json_t *entry = json_object();
    int failed = json_object_set_new(entry, "dtype", json_string(types[t->type].name));
    failed |= json_object_set_new(entry, "shape", integers(t->shape.dim, t->shape.rank));
    failed |= json_object_set_new(entry, "data_offsets", integers(offsets, 2));
    if (failed == 0)
        return entry;
    json_decref(entry);
    return NULL;
}

/* Returns the JSON text of the header, to be freed by the caller; NULL if memory runs out. */
static char *header_json(const struct safetensors *file, json_t *metadata, const char *checksum) {
    json_t *header = json_object();
    int failed = json_object_set_new(metadata, "xxh64", json_string(checksum));
    failed |= json_object_set(header, "__metadata__", metadata);
    for (size_t i = 0; i < file->count; i++)
        failed |= json_object_set_new(header, file->tensor[i].name, tensor_entry(&file->tensor[i]));
    char *text = failed != 0 ? NULL : json_text(header, JSON_COMPACT);
    json_decref(header);
    return text;
}

/* Returns the text of the header, to be freed by the caller, or NULL on error. It is padded with spaces so that the
 * data after it is aligned. */
static char *header_text(const struct safetensors *file, json_t *metadata, uint64_t *length) {
    char checksum[17];
    if (checksum_text(file, checksum) < 0)
        return NULL;
    char *json = header_json(file, metadata, checksum);
    const size_t used = json == NULL ? 0 : strlen(json);
    *length = (sizeof *length + used + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT - sizeof *length;
    char *text = json == NULL ? NULL : realloc(json, *length);
    if (text == NULL) {
        free(json);
        (void)fail("safetensors: out of memory for the header");
        return NULL;
    }
    memset(text + used, ' ', *length - used);
    return text;
}

static int check_values(const char *text, size_t length, const char *name) {
    const size_t values = json_count_values(text, length);
    if (values > SAFETENSORS_VALUES_MAX)
        return fail("%s: a header of up to %zu JSON values, wanted at most %zu", name, values,
                    SAFETENSORS_VALUES_MAX);
    return 0;
}

/* Refuses to write a header that safetensors_read_header would refuse. 0 or -1. */
static int check_header(const char *text, uint64_t length, const char *name) {
    if (length > SAFETENSORS_HEADER_MAX)
        return fail("%s: its header would have %" PRIu64 " bytes, wanted at most %zu", name, length,
                    SAFETENSORS_HEADER_MAX);
    return check_values(text, length, name);
}

int safetensors_write(const struct output *out, const struct safetensors *file, json_t *metadata) {
    uint64_t length;
    char *text = check_list(file, out->name) < 0 ? NULL : header_text(file, metadata, &length);
    if (text == NULL)
        return -1;
    int result = check_header(text, length, out->name);
    if (result == 0)
        result = output_write(out, &length, sizeof length);
    if (result == 0)
        result = output_write(out, text, length);
    for (size_t i = 0; result == 0 && i < file->count; i++)
        result = output_write(out, file->tensor[i].data, file->tensor[i].bytes);
    free(text);
    return result;
}

/* Refuses a file whose first bytes are those of another known format. 0 or -1. */
static int refuse_foreign(const struct input *in, const void *start, size_t bytes,
                          const struct safetensors_kind *kind) {
    char wanted[64];
    snprintf(wanted, sizeof wanted, "%s, see %s", kind->name, kind->page);
    return foreign_refuse(in->name, start, bytes, wanted);
}

static int read_start(const struct input *in, const struct safetensors_kind *kind, uint64_t *length) {
    ssize_t n = input_read(in, length, sizeof *length);
    if (n == 0)
        return input_fail_empty(in, kind->name);
    if (n > 0 && (size_t)n < sizeof *length && refuse_foreign(in, length, (size_t)n, kind) < 0)
        return -1;
    if (n > 0 && (size_t)n < sizeof *length)
        return fail("%s: ended after %zd of %zu bytes of the header's length, wanted all", in->name, n,
                    sizeof *length);
    return n < 0 ? -1 : 0;
}

/* Refuses a file of the other kind. If the format is of neither kind, returns 0, and the caller refuses it. */
static int check_kind(const struct input *in, const struct safetensors_kind *kind, const json_t *metadata) {
    const struct safetensors_kind *other =
        kind == &safetensors_checkpoint ? &safetensors_model : &safetensors_checkpoint;
    const char *format = json_string_value(json_object_get(metadata, "format"));
    if (kind == &safetensors_either || format == NULL || strcmp(format, other->format) != 0)
        return 0;
    return fail("%s: is %s, wanted %s%s", in->name, other->name, kind->name, kind->advice);
}

static int split_header(const struct input *in, const struct safetensors_kind *kind, json_t *header,
                        json_t **metadata, json_t **tensors) {
    const char *key;
    json_t *value;
    *metadata = json_incref(json_object_get(header, "__metadata__"));
    if (*metadata == NULL && kind->plain)
        *metadata = json_object();
    if (*metadata != NULL && !json_is_object(*metadata))
        return fail("%s: the header's \"__metadata__\" is not an object, wanted one", in->name);
    if (*metadata == NULL)
        return fail("%s: the header has no \"__metadata__\", wanted %s, see %s", in->name, kind->name, kind->page);
    json_object_foreach(*metadata, key, value) {
        if (!json_is_string(value))
            return fail("%s: metadata \"%s\" is not a string, wanted one", in->name, key);
    }
    json_object_del(header, "__metadata__");
    *tensors = json_incref(header);
    return check_kind(in, kind, *metadata);
}

/* Refuses a file of another known format. It looks at the first 8 bytes, which were read as `length`, and at the
 * bytes after them, since 8 bytes may be the start of several formats. 0 or -1. */
static int refuse_longer(const struct input *in, const struct safetensors_kind *kind, uint64_t length,
                         const char *more, size_t bytes) {
    char start[FOREIGN_BYTES];
    if (length >> 32 == 0 && bytes > 0 && *more == '{') /* a broken model or checkpoint */
        return 0;
    if (bytes > sizeof start - sizeof length)
        bytes = sizeof start - sizeof length;
    memcpy(start, &length, sizeof length);
    memcpy(start + sizeof length, more, bytes);
    return refuse_foreign(in, start, sizeof length + bytes, kind);
}

/* Refuses a file whose header would be too short or too long. */
static int refuse_length(const struct input *in, const struct safetensors_kind *kind, uint64_t length) {
    char more[FOREIGN_BYTES];
    const ssize_t n = input_read(in, more, sizeof more);
    if (n < 0 || refuse_longer(in, kind, length, more, (size_t)n) < 0)
        return -1;
    return fail("%s: a header of %" PRIu64 " bytes, wanted 2 to %zu: is it %s file?", in->name, length,
                SAFETENSORS_HEADER_MAX, kind->name);
}

int safetensors_read_header(const struct input *in, const struct safetensors_kind *kind, json_t **metadata,
                            json_t **tensors) {
    uint64_t length;
    *metadata = *tensors = NULL;
    if (read_start(in, kind, &length) < 0)
        return -1;
    if (memcmp(&length, "raw1", 4) == 0)
        return fail("%s: is a stream, wanted %s, see %s", in->name, kind->name, kind->page);
    if (length < 2 || length > SAFETENSORS_HEADER_MAX)
        return refuse_length(in, kind, length);
    char *text = malloc(length + 1);
    if (text == NULL)
        return fail("%s: out of memory for the header", in->name);
    text[length] = '\0';
    const ssize_t n = input_read(in, text, length);
    int result = n < 0 ? -1 : 0;
    /* The first 8 bytes of another format may happen to be an allowed length, but no JSON object follows them. */
    if (n > 0 && *text != '{')
        result = refuse_longer(in, kind, length, text, (size_t)n);
    if (result == 0 && (size_t)n < length)
        result = fail("%s: ended after %zd of %zu bytes of the header, wanted all", in->name, n, (size_t)length);
    if (result == 0)
        result = check_values(text, length, in->name);
    json_t *header = result < 0 ? NULL : json_read(text, length, in->name);
    if (header == NULL)
        result = -1;
    else if (!json_is_object(header))
        result = fail("%s: the header is not a JSON object, wanted one", in->name);
    if (result == 0)
        result = split_header(in, kind, header, metadata, tensors);
    json_decref(header);
    free(text);
    return result;
}

/* Returns the name of the first tensor of the header that is none of the file's; NULL: there is none. */
static const char *find_unknown(const json_t *tensors, const struct safetensors *file) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)tensors, key, value) {
        size_t i = 0;
        while (i < file->count && strcmp(file->tensor[i].name, key) != 0)
            i++;
        if (i == file->count)
            return key;
    }
    return NULL;
}

static int fail_missing(const struct input *in, const char *name, const char *unknown) {
    if (unknown != NULL)
        return fail(
            "%s: tensor \"%s\" is missing, wanted it for this model's layers; found \"%s\", which is none of "
            "theirs",
            in->name, name, unknown);
    return fail("%s: tensor \"%s\" is missing, wanted it for this model's layers", in->name, name);
}

/* Sets the message that the header's entry is not the one that would be written. Returns -1. */
static int fail_tensor(const struct input *in, const char *tensor, const json_t *found, const json_t *wanted) {
    char *found_text = json_text(found, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY),
         *wanted_text = json_text(wanted, JSON_COMPACT | JSON_SORT_KEYS);
    if (found_text == NULL || wanted_text == NULL)
        (void)fail("%s: tensor \"%s\": out of memory for its entry", in->name, tensor);
    else
        (void)fail("%s: tensor \"%s\" is %s, wanted %s", in->name, tensor, found_text, wanted_text);
    free(found_text);
    free(wanted_text);
    return -1;
}

/* Checks that the header's entry for the tensor is exactly the one that would be written. 0 or -1. */
static int check_tensor(const struct input *in, const json_t *tensors, const struct safetensors *file,
                        const struct stored *t) {
    const json_t *entry = json_object_get(tensors, t->name);
    if (entry == NULL)
        return fail_missing(in, t->name, find_unknown(tensors, file));
    json_t *wanted = tensor_entry(t);
    if (wanted == NULL)
        return fail("%s: tensor \"%s\": out of memory for its entry", in->name, t->name);
    const int result = json_equal(entry, wanted) ? 0 : fail_tensor(in, t->name, entry, wanted);
    json_decref(wanted);
    return result;
}

int safetensors_check(const struct input *in, const json_t *tensors, const struct safetensors *file) {
    if (check_list(file, in->name) < 0)
        return -1;
    for (size_t i = 0; i < file->count; i++)
        if (check_tensor(in, tensors, file, &file->tensor[i]) < 0)
            return -1;
    const char *unknown = find_unknown(tensors, file);
    return unknown == NULL
               ? 0
               : fail("%s: tensor \"%s\" is not one of this model's layers, wanted only those", in->name, unknown);
}

/* Reads the data of all tensors, one after the other. 0 or -1. */
static int read_tensors(const struct input *in, const struct safetensors *file) {
    for (const struct stored *t = file->tensor; t < file->tensor + file->count; t++) {
        const ssize_t n = input_read(in, t->data, t->bytes);
        if (n < 0)
            return -1;
        if ((size_t)n < t->bytes)
            return fail("%s: ended after %zu of %zu bytes of weights, wanted all", in->name, t->offset + (size_t)n,
                        file->bytes);
    }
    return 0;
}

/* Compares a checksum with that of the metadata. 0 or -1. */
static int check_checksum(const struct input *in, const json_t *metadata, const char *checksum) {
    const char *wanted = json_string_value(json_object_get(metadata, "xxh64"));
    if (wanted == NULL || strcmp(checksum, wanted) != 0)
        return fail("%s: the weights' XXH64 is %s, wanted %s: it was damaged or changed", in->name, checksum,
                    wanted == NULL ? "one in the metadata" : wanted);
    return 0;
}

int safetensors_read_unchecked(const struct input *in, const struct safetensors *file) {
    char byte;
    if (check_list(file, in->name) < 0 || read_tensors(in, file) < 0)
        return -1;
    const ssize_t rest = input_read(in, &byte, 1);
    return rest <= 0 ? (int)rest : fail("%s: bytes follow the weights, wanted the end", in->name);
}

int safetensors_read_data(const struct input *in, const json_t *metadata, const struct safetensors *file) {
    char checksum[17];
    if (safetensors_read_unchecked(in, file) < 0)
        return -1;
    return checksum_text(file, checksum) < 0 ? -1 : check_checksum(in, metadata, checksum);
}

int safetensors_check_data(const struct input *in, const json_t *metadata) {
    const size_t size = (size_t)1 << 16;
    XXH64_state_t *state = XXH64_createState();
    unsigned char *data = malloc(size);
    char checksum[17];
    ssize_t n = 1;
    if (state == NULL || data == NULL)
        n = fail("safetensors: out of memory for the checksum");
    else
        XXH64_reset(state, 0);
    while (n > 0 && (n = input_read(in, data, size)) > 0)
        XXH64_update(state, data, (size_t)n);
    if (n == 0)
        print_checksum(state, checksum);
    XXH64_freeState(state);
    free(data);
    return n < 0 ? -1 : check_checksum(in, metadata, checksum);
}

static bool is_finite(const struct stored *t) {
    const double *real = t->data;
    if (t->type == STORED_F32)
        return math_kernel()->finite(t->data, t->bytes / sizeof(float));
    for (size_t i = 0; i < t->bytes / sizeof *real; i++)
        if (!isfinite(real[i]))
            return false;
    return true;
}

int safetensors_check_finite(const struct safetensors *file, size_t first, const char *name) {
    if (check_list(file, name) < 0)
        return -1;
    for (const struct stored *t = file->tensor + first; t < file->tensor + file->count; t++)
        if (!is_finite(t))
            return fail("%s: tensor \"%s\" holds a value that is not finite, wanted numbers", name, t->name);
    return 0;
}
