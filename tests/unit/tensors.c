/* SPDX-License-Identifier: MIT */
/* The table of parameters and the list of a file's tensors: they grow, and what cannot be added is an error. */
#define _GNU_SOURCE
#include "nn/parameters.h"
#include "nn/safetensors.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MANY 1000

static struct shape shape_of(size_t rank, size_t a, size_t b, size_t c, size_t d) {
    return (struct shape){.rank = rank, .dim = {a, b, c, d}};
}

/* Tensors of 1 to 4 dimensions in turn. */
static void add_many(struct parameters *p) {
    for (size_t i = 0; i < MANY; i++) {
        char name[TENSOR_NAME];
        const struct shape shape = shape_of(i % TENSOR_RANK + 1, i % 7 + 1, 2, 3, 5);
        snprintf(name, sizeof name, "tensor.%zu", i);
        parameters_add_shape(p, TENSOR_MATRIX, name, &shape);
    }
}

static void the_table_grows(void) {
    struct parameters p = {0};
    size_t offset = 0;
    add_many(&p);
    EXPECT(parameters_check(&p, "table") == 0 && p.count == MANY, "%zu tensors: %s", p.count, error_message());
    for (size_t i = 0; i < p.count; i++) {
        const struct tensor *t = &p.tensor[i];
        const size_t rest[] = {1, 2, 6, 30}, columns = rest[i % TENSOR_RANK], rows = i % 7 + 1;
        char name[TENSOR_NAME];
        snprintf(name, sizeof name, "tensor.%zu", i);
        EXPECT(strcmp(t->name, name) == 0, "tensor %zu is %s", i, t->name);
        EXPECT(t->offset == offset && t->size == rows * columns, "%s: %zu numbers from %zu on, wanted %zu from %zu",
               name, t->size, t->offset, rows * columns, offset);
        EXPECT(tensor_rows(t) == rows && tensor_columns(t) == columns, "%s: %zu x %zu, wanted %zu x %zu", name,
               tensor_rows(t), tensor_columns(t), rows, columns);
        offset += t->size;
    }
    EXPECT(p.size == offset, "%zu numbers, wanted %zu", p.size, offset);
    EXPECT(parameters_create(&p) == 0 && p.value[p.size - 1] == 0, "%s", error_message());
    parameters_free(&p);
}

static void vectors_and_matrices_are_added_by_their_sides(void) {
    struct parameters p = {0};
    EXPECT(parameters_add(&p, TENSOR_PLAIN, "vector", 3, 0) == 0, "not at the beginning");
    EXPECT(parameters_add(&p, TENSOR_MATRIX, "matrix", 4, 5) == 3, "not after the vector");
    EXPECT(p.tensor[0].shape.rank == 1 && p.tensor[0].size == 3, "rank %zu", p.tensor[0].shape.rank);
    EXPECT(p.tensor[1].shape.rank == 2 && p.tensor[1].size == 20, "rank %zu", p.tensor[1].shape.rank);
    parameters_free(&p);
}

/* A table to which this tensor is added after another one, and one more after it. */
static void expect_refused(const char *name, const struct shape *shape, const char *message) {
    struct parameters p = {0};
    parameters_add(&p, TENSOR_PLAIN, "before", 7, 0);
    parameters_add_shape(&p, TENSOR_PLAIN, name, shape);
    parameters_add(&p, TENSOR_PLAIN, "after", 7, 0);
    EXPECT(p.count == 1 && p.size == 7, "%zu tensors, %zu numbers", p.count, p.size);
    EXPECT(parameters_check(&p, "m.bin") < 0 && strcmp(error_message(), message) == 0, "%s", error_message());
    EXPECT(parameters_create(&p) < 0 && p.value == NULL, "zeros were allocated");
    EXPECT(parameters_reserve(&p) < 0 && p.value == NULL, "values were allocated");
    parameters_free(&p);
}

static void a_tensor_that_does_not_fit_is_an_error(void) {
    const char *const name = "name", *const long_name = "a.name.of.48.letters.xxxxxxxxxxxxxxxxxxxxxxxxxxx";
    const struct shape good = shape_of(2, 2, 3, 0, 0), none = shape_of(0, 1, 1, 1, 1),
                       five = shape_of(TENSOR_RANK + 1, 1, 1, 1, 1), zero = shape_of(3, 2, 0, 2, 1),
                       large = shape_vector(SHAPE_MAX_ELEMENTS - 6),
                       overflow = shape_of(4, (size_t)1 << 32, (size_t)1 << 32, 2, 2);
    const char *const dimensions =
                          "m.bin: a tensor's name or dimensions cannot be stored, wanted at most 47 bytes, "
                          "and 1 to 4 dimensions",
                      *const numbers = "m.bin: too many parameters, wanted at most 2^48 numbers";
    expect_refused(long_name, &good, dimensions);
    expect_refused(name, &none, dimensions);
    expect_refused(name, &five, dimensions);
    expect_refused(name, &zero, dimensions);
    expect_refused(name, &large, numbers);
    expect_refused(name, &overflow, numbers);
    expect_refused("before", &good, "m.bin: two tensors of the same name, wanted a name for each");
    /* One letter less, and one number less, are taken. */
    struct parameters p = {0};
    const struct shape largest = shape_vector(SHAPE_MAX_ELEMENTS - 6);
    parameters_add_shape(&p, TENSOR_PLAIN, long_name + 1, &good);
    parameters_add_shape(&p, TENSOR_PLAIN, name, &largest);
    EXPECT(parameters_check(&p, "table") == 0 && p.size == SHAPE_MAX_ELEMENTS, "%s", error_message());
    parameters_free(&p);
}

/* A file in memory, at its beginning. */
static int open_memory(void) {
    const int fd = memfd_create("tensors", MFD_CLOEXEC);
    EXPECT(fd >= 0, "no file in memory");
    return fd;
}

/* Writes the table's values as a model file, and reads its header again. */
static void write_and_read_header(int fd, const struct parameters *p, json_t **metadata, json_t **tensors) {
    const struct output out = {fd, "file"};
    const struct input in = {.fd = fd, .name = "file"};
    struct safetensors file = {0};
    json_t *written = json_pack("{s:s}", "format", safetensors_model.format);
    safetensors_add_parameters(&file, "", p, p->value);
    EXPECT(safetensors_write(&out, &file, written) == 0 && lseek(fd, 0, SEEK_SET) == 0, "%s", error_message());
    EXPECT(safetensors_read_header(&in, &safetensors_model, metadata, tensors) == 0, "%s", error_message());
    json_decref(written);
    safetensors_free(&file);
}

static void a_file_of_many_tensors_is_read_as_it_was_written(void) {
    struct parameters p = {0};
    json_t *metadata, *tensors;
    const int fd = open_memory();
    const struct input in = {.fd = fd, .name = "file"};
    add_many(&p);
    EXPECT(parameters_create(&p) == 0, "%s", error_message());
    for (size_t i = 0; i < p.size; i++)
        p.value[i] = (float)i;
    write_and_read_header(fd, &p, &metadata, &tensors);
    float *again = calloc(p.size, sizeof *again);
    struct safetensors file = {0};
    safetensors_add_parameters(&file, "", &p, again);
    EXPECT(file.count == MANY && file.bytes == p.size * sizeof(float), "%zu tensors", file.count);
    EXPECT(safetensors_check(&in, tensors, &file) == 0, "%s", error_message());
    EXPECT(safetensors_read_data(&in, metadata, &file) == 0, "%s", error_message());
    EXPECT(again != NULL && memcmp(again, p.value, p.size * sizeof *again) == 0, "the numbers differ");
    free(again);
    safetensors_free(&file);
    parameters_free(&p);
    json_decref(metadata);
    json_decref(tensors);
    close(fd);
}

/* The file has a tensor of 2 x 3 x 5 x 7. */
static void a_shape_counts_with_each_dimension(void) {
    const struct shape shape = shape_of(4, 2, 3, 5, 7),
                       others[] = {shape_of(4, 3, 2, 5, 7), shape_of(4, 2, 3, 7, 5),  shape_of(3, 2, 3, 35, 1),
                                   shape_of(3, 2, 3, 5, 7), shape_of(2, 6, 35, 1, 1), shape_of(1, 210, 1, 1, 1)};
    struct parameters p = {0};
    json_t *metadata, *tensors;
    const int fd = open_memory();
    const struct input in = {.fd = fd, .name = "file"};
    parameters_add_shape(&p, TENSOR_MATRIX, "kernel", &shape);
    EXPECT(parameters_create(&p) == 0, "%s", error_message());
    write_and_read_header(fd, &p, &metadata, &tensors);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct safetensors file = {0};
        safetensors_add(&file, STORED_F32, "kernel", &others[i], NULL);
        EXPECT(safetensors_check(&in, tensors, &file) < 0 && strstr(error_message(), "\"shape\":[2,3,5,7]") != NULL,
               "shape %zu: %s", i, error_message());
        safetensors_free(&file);
    }
    parameters_free(&p);
    json_decref(metadata);
    json_decref(tensors);
    close(fd);
}

/* The bytes of a file with this much text in its metadata and this many tensors; 0: it was refused. */
static size_t written(size_t length, size_t count) {
    const int fd = open_memory();
    const struct output out = {fd, "m.bin"};
    const struct shape shape = shape_of(4, 1, 1, 1, 1);
    struct safetensors file = {0};
    float number = 1;
    char *text = calloc(length + 1, 1);
    if (text == NULL)
        return 0;
    memset(text, 'x', length);
    json_t *metadata = json_pack("{s:s}", "text", text);
    for (size_t i = 0; i < count; i++) {
        char name[TENSOR_NAME];
        snprintf(name, sizeof name, "%zu", i);
        safetensors_add(&file, STORED_F32, name, &shape, &number);
    }
    const int result = safetensors_write(&out, &file, metadata);
    const off_t size = lseek(fd, 0, SEEK_END);
    EXPECT((result == 0) == (size > 0), "%d, and %lld bytes", result, (long long)size);
    json_decref(metadata);
    safetensors_free(&file);
    free(text);
    close(fd);
    return size > 0 ? (size_t)size : 0;
}

static void a_header_that_would_not_be_read_is_not_written(void) {
    const size_t around = written(1 << 20, 1) - ((size_t)1 << 20), most = SAFETENSORS_HEADER_MAX + 8 + 4;
    /* The header ends at a multiple of 64 bytes, its length included. */
    EXPECT(written(most - around - 64, 1) > most - 128, "%s", error_message());
    EXPECT(written(most - around + 64, 1) == 0, "a header that is too long was written");
    EXPECT(strncmp(error_message(), "m.bin: its header would have 1677", 33) == 0, "%s", error_message());
    /* A tensor of 4 dimensions has 10 values; the metadata is one with two in it. */
    EXPECT(written(1, (SAFETENSORS_VALUES_MAX - 4) / 10) > 0, "%s", error_message());
    EXPECT(written(1, SAFETENSORS_VALUES_MAX / 10 + 1) == 0, "too many values were written");
    EXPECT(strncmp(error_message(), "m.bin: a header of up to 262", 28) == 0, "%s", error_message());
}

int main(void) {
    static const struct test tests[] = {
        {"the table of parameters grows", the_table_grows},
        {"vectors and matrices are added by their sides", vectors_and_matrices_are_added_by_their_sides},
        {"a tensor that does not fit is an error", a_tensor_that_does_not_fit_is_an_error},
        {"a file of many tensors is read as it was written", a_file_of_many_tensors_is_read_as_it_was_written},
        {"a shape counts with each dimension", a_shape_counts_with_each_dimension},
        {"a header that would not be read is not written", a_header_that_would_not_be_read_is_not_written},
    };
    return RUN(tests);
}
