/* SPDX-License-Identifier: MIT */
#include "query/calibration.h"

#include "base/error.h"
#include "base/number.h"
#include "stream/side_file.h"

#include <float.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 1024
#define LINE 64 /* bytes of a line, including the final 0 */
#define HEADING "vae-score calibration 1"
#define STREAM "raw1 " /* a stream of scores begins so */

enum { MODEL, METHOD, DRAWS, PER_OBSERVED, KEYS };
static const char *const keys[KEYS] = {"model", "method", "draws", "per-observed"};

/* The values of a kind's keys, as text. */
struct values {
    char text[KEYS][LINE / 2];
};

static struct values values_of(const struct score_kind *kind) {
    struct values v;
    snprintf(v.text[MODEL], sizeof v.text[MODEL], "%016" PRIx64, kind->model);
    snprintf(v.text[METHOD], sizeof v.text[METHOD], "%s", kind->method);
    snprintf(v.text[DRAWS], sizeof v.text[DRAWS], "%" PRIu32, kind->draws);
    snprintf(v.text[PER_OBSERVED], sizeof v.text[PER_OBSERVED], "%s", kind->per_observed ? "yes" : "no");
    return v;
}

int calibration_add(struct calibration *c, double score) {
    if (c->count == c->capacity) {
        const size_t capacity = c->capacity == 0 ? FIRST_CAPACITY : 2 * c->capacity;
        double *more = realloc(c->score, capacity * sizeof *more);
        if (more == NULL)
            return fail("calibration: out of memory after %zu scores", c->count);
        c->score = more;
        c->capacity = capacity;
    }
    c->score[c->count++] = score;
    return 0;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Writes the scores, many lines at a time. */
static int write_scores(const struct calibration *c, const struct output *out) {
    char text[LINE * 256];
    size_t used = 0;
    for (size_t i = 0; i < c->count; i++) {
        used += (size_t)snprintf(text + used, LINE, "%.17g\n", c->score[i]);
        if (used + LINE <= sizeof text && i + 1 < c->count)
            continue;
        if (output_write(out, text, used) < 0)
            return -1;
        used = 0;
    }
    return 0;
}

int calibration_write(struct calibration *c, const struct score_kind *kind, const struct output *out) {
    const struct values v = values_of(kind);
    char text[LINE * (KEYS + 2)];
    if (c->count == 0)
        return fail("%s: no scores to write, wanted at least 1", out->name);
    qsort(c->score, c->count, sizeof *c->score, compare);
    size_t used = (size_t)snprintf(text, sizeof text, "%s\n", HEADING);
    for (size_t i = 0; i < KEYS; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s %s\n", keys[i], v.text[i]);
    used += (size_t)snprintf(text + used, sizeof text - used, "scores %zu\n", c->count);
    return output_write(out, text, used) < 0 ? -1 : write_scores(c, out);
}

/* Reads a line, which is not the end. 0 or -1. `wanted` says what it should be. */
static int read_line(struct side_reader *r, char line[LINE], const char *wanted) {
    const char *text;
    size_t length;
    const int more = side_read(r, &text, &length);
    if (more <= 0)
        return more < 0 ? -1 : fail("%s: ended after %" PRIu64 " lines, wanted %s", r->in.name, r->lines, wanted);
    if (length >= LINE)
        return fail("%s: line %" PRIu64 ": found '%.*s...', wanted %s", r->in.name, r->lines, LINE - 1, text,
                    wanted);
    memcpy(line, text, length);
    line[length] = '\0';
    return 0;
}

/* Reads a line "key value", and returns the value; NULL with a message. */
static const char *read_value(struct side_reader *r, char line[LINE], const char *key) {
    const size_t length = strlen(key);
    char wanted[LINE];
    snprintf(wanted, sizeof wanted, "'%s' and its value", key);
    if (read_line(r, line, wanted) < 0)
        return NULL;
    if (strncmp(line, key, length) == 0 && line[length] == ' ')
        return line + length + 1;
    (void)fail("%s: line %" PRIu64 ": found '%s', wanted %s", r->in.name, r->lines, line, wanted);
    return NULL;
}

static int read_heading(struct side_reader *r) {
    char line[LINE];
    const char *text;
    size_t length;
    const int more = side_read(r, &text, &length);
    if (more < 0)
        return -1;
    if (more > 0 && length >= strlen(STREAM) && memcmp(text, STREAM, strlen(STREAM)) == 0)
        return fail("%s: is a stream, wanted the file that vae-score --write-calibration writes beside its stream",
                    r->in.name);
    snprintf(line, sizeof line, "%.*s", more == 0 || length > LINE ? LINE : (int)length, more == 0 ? "" : text);
    return strcmp(line, HEADING) == 0
               ? 0
               : fail("%s: begins with '%s', wanted '%s', as vae-score --write-calibration writes it", r->in.name,
                      line, HEADING);
}

static int read_kind(struct side_reader *r, const struct score_kind *kind) {
    const struct values wanted = values_of(kind);
    char line[LINE];
    for (size_t i = 0; i < KEYS; i++) {
        const char *found = read_value(r, line, keys[i]);
        if (found == NULL)
            return -1;
        if (strcmp(found, wanted.text[i]) != 0)
            return fail("%s: its scores have '%s %s', wanted '%s %s' as in this run", r->in.name, keys[i], found,
                        keys[i], wanted.text[i]);
    }
    return 0;
}

static int read_scores(struct calibration *c, struct side_reader *r) {
    char line[LINE], what[ERROR_SUBJECT];
    uint64_t count;
    const char *text = read_value(r, line, "scores");
    size_t length;
    snprintf(what, sizeof what, "%s: line %" PRIu64, r->in.name, r->lines);
    if (text == NULL || parse_whole(what, text, 1, INT64_MAX, &count) < 0)
        return -1;
    while (c->count < count) {
        double score;
        if (read_line(r, line, "a score") < 0)
            return -1;
        snprintf(what, sizeof what, "%s: line %" PRIu64, r->in.name, r->lines);
        if (parse_real(what, line, -DBL_MAX, DBL_MAX, &score) < 0)
            return -1;
        if (c->count > 0 && score < c->score[c->count - 1])
            return fail("%s: found '%s' after a greater score, wanted them in ascending order", what, line);
        if (calibration_add(c, score) < 0)
            return -1;
    }
    if (r->buffer[r->at - 1] != '\n') /* the digits that are left are a number, too */
        return fail("%s: ended within line %" PRIu64 ", wanted all of it", r->in.name, r->lines);
    const int more = side_read(r, &text, &length);
    return more == 0  ? 0
           : more < 0 ? -1
                      : fail("%s: has more lines after %" PRIu64 " scores, wanted the end", r->in.name, count);
}

int calibration_load(struct calibration *c, const struct score_kind *kind, const char *path) {
    struct side_reader reader;
    *c = (struct calibration){0};
    if (side_reader_open(&reader, path) < 0)
        return -1;
    const int result =
        read_heading(&reader) < 0 || read_kind(&reader, kind) < 0 || read_scores(c, &reader) < 0 ? -1 : 0;
    side_reader_close(&reader);
    return result;
}

double calibration_p(const struct calibration *c, double score) {
    size_t below = 0,
           end = c->count; /* scores before `below` are less than `score`, scores from `end` on are not */
    while (below < end) {
        const size_t middle = below + (end - below) / 2;
        if (c->score[middle] < score)
            below = middle + 1;
        else
            end = middle;
    }
    return (1 + (double)(c->count - below)) / (1 + (double)c->count);
}

void calibration_free(struct calibration *c) {
    free(c->score);
}
