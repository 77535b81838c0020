/* SPDX-License-Identifier: MIT */
#include "train/schedule.h"

#include "base/error.h"
#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct schedule_kind {
    const char *name;
    size_t needs, takes; /* least and greatest count of numbers after the name */
    bool spans;
    double (*rate)(const double argument[2], double rate, double done, double epochs);
};

static double constant(const double argument[2], double rate, double done, double epochs) {
    (void)argument, (void)done, (void)epochs;
    return rate;
}

static double cosine(const double argument[2], double rate, double done, double epochs) {
    const double end = argument[0], half = 0.5 * (1 + cos(3.14159265358979323846 * done / epochs));
    return end + (rate - end) * half;
}

static double step(const double argument[2], double rate, double done, double epochs) {
    (void)epochs;
    return rate * pow(argument[1], floor(done / argument[0]));
}

static double iwae(const double argument[2], double rate, double done, double epochs) {
    int stage = 0;
    (void)argument, (void)epochs;
    for (double length = 1; stage < 7 && done >= length; stage++, length *= 3)
        done -= length;
    return rate * pow(10, -stage / 7.0);
}

static const struct schedule_kind kinds[] = {{"const", 0, 0, false, constant},
                                             {"cosine", 0, 1, true, cosine},
                                             {"step", 2, 2, false, step},
                                             {"iwae", 0, 0, false, iwae}};

static int refuse(const char *name, const char *text) {
    return fail("%s: found '%s', wanted const, cosine, cosine:END, step:EVERY:FACTOR or iwae", name, text);
}

/* Parses a number of `length` bytes, without a limit on the length. 0, or -1 with a message that begins with
 * `name`. */
static int parse_argument(const char *name, const char *text, size_t length, double least, double *value) {
    char *number = strndup(text, length);
    if (number == NULL)
        return fail("%s: out of memory", name);
    const int result = parse_real(name, number, least, 1e9, value);
    free(number);
    return result;
}

static int parse_arguments(struct schedule *s, const char *name, const char *text, const char *rest) {
    size_t given = 0;
    while (*rest == ':' && given < s->kind->takes) {
        const size_t length = strcspn(++rest, ":");
        const double least = s->kind->needs > 0 && given == 0 ? 1e-3 : 0; /* EVERY is a divisor */
        if (parse_argument(name, rest, length, least, &s->argument[given]) < 0)
            return -1;
        given++;
        rest += length;
    }
    if (*rest != '\0' || given < s->kind->needs)
        return refuse(name, text);
    return 0;
}

int schedule_parse(struct schedule *s, const char *name, const char *text) {
    char word[64];
    const size_t length = strcspn(text, ":");
    snprintf(word, sizeof word, "%.*s", (int)length, text);
    int i = parse_name(name, word, kinds, sizeof kinds / sizeof *kinds, sizeof *kinds);
    if (i < 0)
        return refuse(name, text);
    s->kind = &kinds[i];
    s->argument[0] = s->argument[1] = 0;
    return parse_arguments(s, name, text, text + length);
}

const char *schedule_name(size_t i, char text[SCHEDULE_TEXT]) {
    if (i >= sizeof kinds / sizeof *kinds)
        return NULL;
    snprintf(text, SCHEDULE_TEXT, "%s%s", kinds[i].name, kinds[i].needs > 0 ? ":" : "");
    return text;
}

bool schedule_is_constant(const struct schedule *s) {
    return s->kind->rate == constant;
}

bool schedule_spans(const struct schedule *s) {
    return s->kind->spans;
}

double schedule_rate(const struct schedule *s, double rate, double done, double epochs) {
    const double warm = done < s->warm ? done / s->warm : 1;
    return warm * s->kind->rate(s->argument, rate, done, epochs);
}
