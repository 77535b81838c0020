/* SPDX-License-Identifier: MIT */
#include "format/npy_header.h"

#include "base/error.h"
#include "base/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct text {
    const char *name; /* of the file */
    const char *start, *at, *end;
    size_t length; /* of the whole header; the text may end before */
};

/* Refuses what stands at `at`. */
static int refuse(const struct text *t, const char *wanted) {
    const size_t place = (size_t)(t->at - t->start), there = (size_t)(t->end - t->start);
    if (t->at < t->end)
        return fail("%s: byte %zu of the header: found '%c', wanted %s", t->name, place, *t->at, wanted);
    if (there < t->length)
        return fail("%s: the header has %zu bytes, wanted at most %zu", t->name, t->length, there);
    return fail("%s: the header ends after %zu bytes, wanted %s", t->name, place, wanted);
}

static bool is_next(const struct text *t, char c) {
    return t->at < t->end && *t->at == c;
}

static void skip_blanks(struct text *t) {
    while (is_next(t, ' ') || is_next(t, '\t') || is_next(t, '\r') || is_next(t, '\n'))
        t->at++;
}

/* Skips blanks, the character c and blanks. */
static int skip(struct text *t, char c, const char *wanted) {
    skip_blanks(t);
    if (!is_next(t, c))
        return refuse(t, wanted);
    t->at++;
    skip_blanks(t);
    return 0;
}

static int read_string(struct text *t, char *to, size_t size, const char *wanted) {
    size_t length = 0;
    if (!is_next(t, '\'') && !is_next(t, '"'))
        return refuse(t, wanted);
    const char quote = *t->at++;
    for (; t->at < t->end && *t->at != quote; t->at++) {
        if (length + 1 == size || *t->at < ' ' || *t->at == '\\')
            return refuse(t, wanted);
        to[length++] = *t->at;
    }
    if (t->at == t->end)
        return refuse(t, "a quote that ends the text");
    to[length] = '\0';
    t->at++;
    return 0;
}

static bool take_word(struct text *t, const char *word) {
    const size_t length = strlen(word);
    const bool found = (size_t)(t->end - t->at) >= length && memcmp(t->at, word, length) == 0;
    t->at += found ? length : 0;
    return found;
}

static int read_bool(struct text *t, bool *value) {
    *value = take_word(t, "True");
    return *value || take_word(t, "False") ? 0 : refuse(t, "True or False");
}

/* A number; Python 2 writes a long one with an L. */
static int read_number(struct text *t, uint64_t *value) {
    const char *start = t->at;
    while (t->at < t->end && *t->at >= '0' && *t->at <= '9')
        t->at++;
    if (t->at == start)
        return refuse(t, "a whole number");
    if (!read_digits(start, (size_t)(t->at - start), value) || *value > INT64_MAX)
        return fail("%s: an axis has length %.*s, wanted one of an array that can exist", t->name,
                    (int)(t->at - start < 64 ? t->at - start : 64), start);
    if (is_next(t, 'L'))
        t->at++;
    return 0;
}

/* A tuple of numbers: (), (3,) or (3, 4). */
static int read_shape(struct text *t, struct npy_header *header) {
    header->rank = 0;
    if (skip(t, '(', "a tuple of numbers") < 0)
        return -1;
    while (!is_next(t, ')')) {
        if (header->rank == NPY_RANK)
            return fail("%s: the array has more than %d axes, wanted the items and at most %d axes of an item",
                        t->name, NPY_RANK, SHAPE_MAX_RANK);
        if (read_number(t, &header->dim[header->rank++]) < 0)
            return -1;
        skip_blanks(t);
        if (header->rank > 1 && is_next(t, ')'))
            break;
        if (skip(t, ',', "a comma") < 0)
            return -1;
    }
    return skip(t, ')', "the end of the tuple");
}

/* A type: a text, or a list for records. */
static int read_descr(struct text *t, struct npy_header *header) {
    if (is_next(t, '['))
        return fail(
            "%s: holds records (a structured dtype), wanted numbers of one type: a['FIELD'] is the array of "
            "one field",
            t->name);
    return read_string(t, header->descr, sizeof header->descr, "a type such as '<f4'");
}

static const char *const keys[] = {"descr", "fortran_order", "shape"};

static int read_value(struct text *t, struct npy_header *header, size_t key) {
    return key == 0   ? read_descr(t, header)
           : key == 1 ? read_bool(t, &header->fortran_order)
                      : read_shape(t, header);
}

/* Reads "'shape': (3, 4)". `seen` has a bit for each key. */
static int read_entry(struct text *t, struct npy_header *header, unsigned *seen) {
    char name[NPY_DESCR];
    size_t key = 0;
    if (read_string(t, name, sizeof name, "a key in quotes") < 0)
        return -1;
    while (key < 3 && strcmp(name, keys[key]) != 0)
        key++;
    if (key == 3)
        return fail("%s: the header has a key '%s', wanted 'descr', 'fortran_order' and 'shape'", t->name, name);
    if ((*seen >> key & 1) != 0)
        return fail("%s: the header has '%s' twice, wanted it once", t->name, name);
    *seen |= 1u << key;
    return skip(t, ':', "a colon") < 0 ? -1 : read_value(t, header, key);
}

int npy_header_parse(struct npy_header *header, const char *text, size_t there, size_t length, const char *name) {
    struct text t = {.name = name, .start = text, .at = text, .end = text + there, .length = length};
    unsigned seen = 0;
    if (skip(&t, '{', "a Python dictionary") < 0)
        return -1;
    while (!is_next(&t, '}')) {
        if (read_entry(&t, header, &seen) < 0)
            return -1;
        skip_blanks(&t);
        if (!is_next(&t, '}') && skip(&t, ',', "a comma or the end of the dictionary") < 0)
            return -1;
    }
    t.at++;
    skip_blanks(&t);
    if (t.at < t.end || there < length)
        return refuse(&t, "blanks after the dictionary");
    for (size_t key = 0; key < 3; key++)
        if ((seen >> key & 1) == 0)
            return fail("%s: the header has no '%s', wanted it", name, keys[key]);
    return 0;
}

static const struct {
    const char *name; /* after the byte order */
    enum dtype dtype;
} types[] = {{"u1", DTYPE_U8}, {"i4", DTYPE_I32}, {"f4", DTYPE_F32}, {"f8", DTYPE_F64}};

/* Other types of NumPy, and how an array of them becomes one of the above. A name of one letter stands for all
 * sizes. */
static const struct {
    const char *name, *found, *advice;
} others[] = {
    {"b1", "truth values", "a.astype('u1') converts them"},
    {"i1", "numbers of type int8", "a.astype('i4') converts them"},
    {"i2", "numbers of type int16", "a.astype('i4') converts them"},
    {"u2", "numbers of type uint16", "a.astype('i4') converts them"},
    {"u4", "numbers of type uint32", "a.astype('f8') converts them"},
    {"i8", "numbers of type int64", "a.astype('i4') converts those below 2^31, a.astype('f8') those below 2^53"},
    {"u8", "numbers of type uint64", "a.astype('i4') converts those below 2^31, a.astype('f8') those below 2^53"},
    {"f2", "numbers of type float16", "a.astype('f4') converts them"},
    {"f", "numbers of type longdouble", "a.astype('f8') converts them"},
    {"c", "complex numbers", "numpy.stack((a.real, a.imag), -1).astype('f8') has both parts"},
    {"O", "Python objects", "numpy.stack(a).astype('f8') converts numbers, and arrays of one shape"},
    {"S", "texts", "a.astype('f8') converts those that are numbers"},
    {"U", "texts", "a.astype('f8') converts those that are numbers"},
    {"M", "dates", "a.astype('i8').astype('f8') converts them"},
    {"m", "time spans", "a.astype('i8').astype('f8') converts them"},
    {"V", "bytes without a type", "numpy.ascontiguousarray(a).view('u1') takes each for a number"},
};

static int refuse_type(const char *descr, const char *name) {
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const size_t length = strlen(others[i].name);
        if (length == 1 ? descr[1] == *others[i].name : strcmp(descr + 1, others[i].name) == 0)
            return fail("%s: holds %s ('%s'), wanted numbers of type u1, i4, f4 or f8: %s", name, others[i].found,
                        descr, others[i].advice);
    }
    return fail("%s: the type is '%s', wanted one such as '<f4'", name, descr);
}

static int set_type(const char *descr, struct raw_frame *frame, bool *swapped, const char *name) {
    bool ordered = *descr == '<' || *descr == '>' || *descr == '|';
    for (size_t i = 0; ordered && i < sizeof types / sizeof *types; i++) {
        if (strcmp(descr + 1, types[i].name) != 0)
            continue;
        frame->dtype = types[i].dtype;
        *swapped = *descr == '>' && types[i].dtype != DTYPE_U8;
        ordered = *descr != '|' || types[i].dtype == DTYPE_U8;
        if (ordered)
            return 0;
    }
    return ordered ? refuse_type(descr, name)
                   : fail("%s: the type is '%s', wanted one with a byte order, such as '<f4'", name, descr);
}

/* The first axis is the items, the others are the shape of one. */
static int set_shape(const struct npy_header *header, struct raw_frame *frame, const char *name) {
    size_t elements = 1, bytes;
    if (header->rank == 0)
        return fail("%s: holds one number (an array without axes), wanted items along the first axis: "
                    "numpy.atleast_1d(a) has one",
                    name);
    frame->items = header->dim[0];
    frame->shape = shape_vector(1);
    for (size_t i = 1; i < header->rank; i++) {
        if (header->dim[i] == 0)
            return fail("%s: axis %zu of the array has length 0, wanted at least 1", name, i);
        if (!multiply(elements, header->dim[i], &elements) || elements > SHAPE_MAX_ELEMENTS)
            return fail("%s: an item has more than %zu numbers, wanted fewer", name, SHAPE_MAX_ELEMENTS);
        frame->shape.dim[i - 1] = header->dim[i];
        frame->shape.rank = i;
    }
    if (!multiply(raw_item_bytes(frame), frame->items, &bytes) || bytes > INT64_MAX)
        return fail("%s: %" PRIu64 " items of %zu bytes are more than any file, wanted fewer", name, frame->items,
                    raw_item_bytes(frame));
    return 0;
}

/* True if the numbers' order in the file depends on which axis is the fastest. */
static bool has_order(const struct npy_header *header) {
    size_t long_axes = 0;
    for (size_t i = 0; i < header->rank; i++)
        long_axes += header->dim[i] > 1;
    return long_axes > 1 && header->dim[0] > 0;
}

int npy_header_to_frame(const struct npy_header *header, struct raw_frame *frame, bool *swapped, const char *name) {
    frame->last = true;
    if (set_type(header->descr, frame, swapped, name) < 0 || set_shape(header, frame, name) < 0)
        return -1;
    if (header->fortran_order && has_order(header))
        return fail("%s: the first axis is the fastest (fortran_order), wanted the last one: numpy.save('c.npy', "
                    "numpy.ascontiguousarray(a)) saves it so",
                    name);
    return 0;
}

static const char *const descrs[DTYPES] = {
    [DTYPE_U8] = "|u1",
    [DTYPE_I32] = "<i4",
    [DTYPE_F32] = "<f4",
    [DTYPE_F64] = "<f8",
};

void npy_format(const struct raw_frame *frame, char text[NPY_START]) {
    static const char start[] = {'\x93', 'N', 'U', 'M', 'P', 'Y', 1, 0, NPY_START - 10, 0};
    const struct shape *shape = &frame->shape;
    const bool flat = shape->rank == 1 && shape->dim[0] == 1;
    size_t used = sizeof start;
    memcpy(text, start, used);
    used += (size_t)snprintf(text + used, NPY_START - used,
                             "{'descr': '%s', 'fortran_order': False, 'shape': (%" PRIu64, descrs[frame->dtype],
                             frame->items);
    for (size_t i = 0; i < shape->rank && !flat; i++)
        used += (size_t)snprintf(text + used, NPY_START - used, ", %zu", shape->dim[i]);
    used += (size_t)snprintf(text + used, NPY_START - used, "%s), }", flat ? "," : "");
    memset(text + used, ' ', NPY_START - used);
    text[NPY_START - 1] = '\n';
}
