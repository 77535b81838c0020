/* SPDX-License-Identifier: MIT */
/* Numbers, lists and names as options have them: the first byte says which, the rest is the argument. What is taken
 * comes back from its own text. */
#include "base/number.h"
#include "base/number_list.h"
#include "fuzz.h"
#include "model/model_config.h"
#include "nn/initializer.h"
#include "run/checkpoint.h"
#include "train/schedule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void whole(const char *text) {
    uint64_t value;
    if (parse_whole("fuzz", text, 3, 1000, &value) == 0)
        fuzz_expect(value >= 3 && value <= 1000 && value == strtoull(text, NULL, 10));
}

static void real(const char *text) {
    double value;
    if (parse_real("fuzz", text, -2, 1e6, &value) == 0)
        fuzz_expect(isfinite(value) && value >= -2 && value <= 1e6);
}

static void list(const char *text) {
    size_t values[4], count;
    if (parse_list("fuzz", text, ',', 1, 99, 4, values, &count) == 0)
        for (size_t i = 0; i < count; i++)
            fuzz_expect(count <= 4 && values[i] >= 1 && values[i] <= 99);
}

static void shape(const char *text) {
    struct shape s, again;
    char back[SHAPE_TEXT];
    if (shape_parse(&s, "fuzz", text) == 0)
        fuzz_expect(shape_parse(&again, "again", shape_text(&s, back)) == 0 && shape_equal(&s, &again) &&
                    shape_elements(&s) > 0);
}

static void hidden(const char *text) {
    struct hidden h, again;
    char back[HIDDEN_TEXT];
    if (hidden_parse(&h, "fuzz", text) == 0)
        fuzz_expect(hidden_parse(&again, "again", hidden_text(&h, back)) == 0 && memcmp(&h, &again, sizeof h) == 0);
}

static void prior(const char *text) {
    const struct prior *prior, *again;
    size_t components, count;
    char back[PRIOR_TEXT];
    if (prior_parse(&prior, &components, "fuzz", text) == 0)
        fuzz_expect(prior_parse(&again, &count, "again", prior_text(prior, components, back)) == 0 &&
                    again == prior && count == components);
}

static void schedule(const char *text) {
    struct schedule s = {.warm = 0};
    if (schedule_parse(&s, "fuzz", text) == 0)
        fuzz_expect(isfinite(schedule_rate(&s, 0.001, 1, 10)));
}

static void every(const char *text) {
    struct every e = {0};
    if (every_parse(&e, "fuzz", text) == 0)
        fuzz_expect((e.steps > 0) != (e.seconds > 0));
}

static void scale(const char *text) {
    enum scale kind;
    double sigma;
    (void)!likelihood_scale(likelihood_find("fuzz", "gaussian"), "fuzz", text, &kind, &sigma);
}

static void initializer(const char *text) {
    struct initializer i = {.kind = NULL};
    if (initializer_parse(&i, "fuzz", text) == 0)
        fuzz_expect(i.kind != NULL && i.deviation >= 0 && i.deviation <= 1000);
}

/* The ranges are in order, none of them within another. */
static void number_list(const char *text) {
    struct number_list l;
    size_t at = 0;
    if (number_list_parse(&l, "fuzz", text) < 0)
        return;
    fuzz_expect(l.count > 0 && number_list_last(&l) <= INT64_MAX && number_list_total(&l) >= l.count);
    for (size_t i = 0; i < l.count; i++) {
        const struct number_range r = l.ranges[i];
        fuzz_expect(r.first <= r.last && (i == 0 || r.first > l.ranges[i - 1].last));
        fuzz_expect(number_list_has(&l, r.first, &at) && number_list_has(&l, r.last, &at));
    }
    number_list_free(&l);
}

static void (*const targets[])(const char *) = {whole,    real,  list,  shape,       hidden,     prior,
                                                schedule, every, scale, initializer, number_list};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    char *text = strndup((const char *)data + 1, size - 1);
    fuzz_expect(text != NULL);
    targets[data[0] % (sizeof targets / sizeof *targets)](text);
    free(text);
    return 0;
}
