/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/number.h"
#include "format/pnm_read.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#define NUMBER 24    /* bytes of a number's text, with its 0; no number that is allowed has as many */
#define PAM_LINE 256 /* bytes of a line of a PAM header, with its 0; comments may be longer */

/* Sets the message for a header that ends before its time, or keeps that of a failed read. Returns -1. */
static int refuse_end(const struct pnm_reader *r, int end) {
    return end == PNM_FAILED
               ? -1
               : fail("%s: picture %" PRIu64 ": ended in its header, wanted all of it", r->in.name, r->number);
}

/* Parses the text of a number in [1, max]. */
static int parse(const struct pnm_reader *r, const char *what, const char *text, uint64_t max, size_t *value) {
    uint64_t found;
    if (!read_digits(text, strlen(text), &found) || found < 1 || found > max)
        return fail("%s: picture %" PRIu64 ": its %s: found '%s', wanted a whole number from 1 to %" PRIu64,
                    r->in.name, r->number, what, text, max);
    *value = (size_t)found;
    return 0;
}

/* Reads a number of a PNM header and the one character that ends it. */
static int read_number(struct pnm_reader *r, const char *what, uint64_t max, size_t *value) {
    char text[NUMBER] = "";
    size_t length = 0;
    int c;
    do
        c = pnm_take_uncommented(r);
    while (pnm_is_space(c));
    while (c >= 0 && !pnm_is_space(c) && length < sizeof text - 1) {
        if (length == 1 && *text == '0' && isdigit(c))
            length = 0; /* any number of zeros may lead */
        text[length++] = (char)c;
        c = pnm_take_uncommented(r);
    }
    text[length] = '\0';
    return c < 0 ? refuse_end(r, c) : parse(r, what, text, max, value);
}

static int read_pnm(struct pnm_reader *r, int digit) {
    struct pnm_picture *p = &r->picture;
    static const enum pnm_raster rasters[] = {PNM_PLAIN_BITS, PNM_PLAIN, PNM_PLAIN, PNM_BITS, PNM_RAW, PNM_RAW};
    const int kind = (digit - '1') % 3; /* PBM, PGM, PPM */
    size_t maxval = 1;
    p->raster = rasters[digit - '1'];
    p->colour = kind == 2;
    p->planes = p->colour ? 3 : 1;
    if (read_number(r, "width", PNM_SIDE_MAX, &p->width) < 0 ||
        read_number(r, "height", PNM_SIDE_MAX, &p->height) < 0 ||
        (kind > 0 && read_number(r, "maxval", PNM_MAXVAL_MAX, &maxval) < 0))
        return -1;
    p->maxval = (unsigned)maxval;
    return 0;
}

/* The lines of a PAM header that have numbers. */
enum pam_number { PAM_WIDTH, PAM_HEIGHT, PAM_DEPTH, PAM_MAXVAL, PAM_NUMBERS };

static const struct {
    const char *name;
    uint64_t max;
} pam_numbers[PAM_NUMBERS] = {
    [PAM_WIDTH] = {"WIDTH", PNM_SIDE_MAX},
    [PAM_HEIGHT] = {"HEIGHT", PNM_SIDE_MAX},
    [PAM_DEPTH] = {"DEPTH", PNM_SIDE_MAX},
    [PAM_MAXVAL] = {"MAXVAL", PNM_MAXVAL_MAX},
};

struct pam_header {
    size_t numbers[PAM_NUMBERS]; /* 0: not given */
    char type[PAM_LINE];         /* "": not given */
};

/* The types of pixels, the depth of each, and what their planes are. */
static const struct pam_type {
    const char *name;
    size_t depth;
    bool colour, opacity;
} pam_types[] = {
    {"BLACKANDWHITE", 1, false, false},
    {"BLACKANDWHITE_ALPHA", 2, false, true},
    {"GRAYSCALE", 1, false, false},
    {"GRAYSCALE_ALPHA", 2, false, true},
    {"RGB", 3, true, false},
    {"RGB_ALPHA", 4, true, true},
};

/* Reads a line of a PAM header, without white space at its ends. A comment is read as an empty line. */
static int read_line(struct pnm_reader *r, char line[PAM_LINE]) {
    size_t length = 0;
    int c = pnm_take(r);
    const bool comment = c == '#';
    for (; c >= 0 && c != '\n'; c = pnm_take(r)) {
        if (comment || (length == 0 && pnm_is_space(c)))
            continue;
        if (length == PAM_LINE - 1 || c == '\0')
            return fail("%s: picture %" PRIu64 ": found %s in its header, wanted lines of text", r->in.name,
                        r->number, c == '\0' ? "a byte of value 0" : "a line of more than 255 bytes");
        line[length++] = (char)c;
    }
    while (length > 0 && pnm_is_space(line[length - 1]))
        length--;
    line[length] = '\0';
    return c < 0 ? refuse_end(r, c) : 0;
}

/* Splits a line after its first word: returns what follows the white space after it. */
static char *split(char *line) {
    char *rest = line + strcspn(line, " \t\v\f\r");
    if (*rest != '\0')
        *rest++ = '\0';
    return rest + strspn(rest, " \t\v\f\r");
}

/* Takes a line of the header: its first word, and the rest. */
static int take_line(const struct pnm_reader *r, struct pam_header *h, const char *word, const char *rest) {
    const char *given = NULL;
    for (size_t i = 0; i < PAM_NUMBERS && given == NULL; i++)
        if (strcmp(word, pam_numbers[i].name) == 0) {
            if (h->numbers[i] == 0)
                return parse(r, word, rest, pam_numbers[i].max, &h->numbers[i]);
            given = word;
        }
    if (strcmp(word, "TUPLTYPE") == 0) {
        if (*h->type == '\0') {
            memcpy(h->type, rest, strlen(rest) + 1);
            return 0;
        }
        given = word;
    }
    if (given != NULL)
        return fail("%s: picture %" PRIu64 ": found %s twice in its header, wanted it once", r->in.name, r->number,
                    given);
    return fail("%s: picture %" PRIu64 ": found '%s' in its header, wanted WIDTH, HEIGHT, DEPTH, MAXVAL, TUPLTYPE "
                "or ENDHDR",
                r->in.name, r->number, word);
}

/* The type that the header names. If it names none, one and three planes are grey and colour, as for netpbm. */
static const struct pam_type *find_type(const struct pam_header *h) {
    const size_t depth = h->numbers[PAM_DEPTH];
    const char *name = *h->type != '\0' ? h->type : depth == 1 ? "GRAYSCALE" : depth == 3 ? "RGB" : "";
    for (size_t i = 0; i < sizeof pam_types / sizeof *pam_types; i++)
        if (strcmp(name, pam_types[i].name) == 0)
            return &pam_types[i];
    return NULL;
}

static int set_pam(struct pnm_reader *r, const struct pam_header *h) {
    const struct pam_type *type = find_type(h);
    for (size_t i = 0; i < PAM_NUMBERS; i++)
        if (h->numbers[i] == 0)
            return fail("%s: picture %" PRIu64 ": its header has no %s, wanted it", r->in.name, r->number,
                        pam_numbers[i].name);
    if (type == NULL)
        return fail("%s: picture %" PRIu64 ": found TUPLTYPE '%s' and DEPTH %zu, wanted BLACKANDWHITE, GRAYSCALE "
                    "or RGB, or one of them with _ALPHA",
                    r->in.name, r->number, h->type, h->numbers[PAM_DEPTH]);
    if (h->numbers[PAM_DEPTH] != type->depth)
        return fail("%s: picture %" PRIu64 ": its DEPTH is %zu, wanted %zu for TUPLTYPE %s", r->in.name, r->number,
                    h->numbers[PAM_DEPTH], type->depth, type->name);
    r->picture = (struct pnm_picture){
        .width = h->numbers[PAM_WIDTH],
        .height = h->numbers[PAM_HEIGHT],
        .planes = type->depth,
        .maxval = (unsigned)h->numbers[PAM_MAXVAL],
        .colour = type->colour,
        .opacity = type->opacity,
        .raster = PNM_RAW,
    };
    return 0;
}

static int read_pam(struct pnm_reader *r) {
    struct pam_header h = {.type = ""};
    char line[PAM_LINE];
    for (;;) {
        if (read_line(r, line) < 0)
            return -1;
        const char *rest = split(line);
        if (strcmp(line, "ENDHDR") == 0)
            return set_pam(r, &h);
        if (*line != '\0' && take_line(r, &h, line, rest) < 0)
            return -1;
    }
}

int pnm_read_header(struct pnm_reader *r, int digit) {
    r->picture = (struct pnm_picture){.opacity = false};
    return digit == '7' ? read_pam(r) : read_pnm(r, digit);
}
