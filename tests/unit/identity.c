/* SPDX-License-Identifier: MIT */
/* What tells one training run from another: the options that the library is handed, and the digest of the items. */
#include "run/identity.h"

#include "base/cli.h"
#include "stream/digest.h"
#include "test.h"

#include <string.h>
#include <sys/mman.h>

static const struct dataset data = {.name = "data", .shape = {1, {4}}, .items = 3};
static const struct run_data digests = {.train = 1};

static json_t *make(const struct option_value *options) {
    const struct training training = {.data = &data, .feed = {.data = &data}};
    return identity_make(&training, &digests, options, false);
}

static bool is_other(const char *key) {
    (void)key;
    return false;
}

/* Whether a run with these options goes on from a checkpoint of one with those. */
static bool goes_on(const struct option_value *options, const struct option_value *stored) {
    json_t *now = make(options), *then = make(stored);
    const bool same = identity_check(now, then, options, is_other, "run.ck") == 0;
    json_decref(now);
    json_decref(then);
    return same;
}

#define BATCH \
    { .name = "batch", .value = "128", .before = "64" }
#define END \
    { .name = NULL }

static void test_same_options(void) {
    const struct option_value options[] = {BATCH, {.name = "missing", .value = ""}, END},
                              other[] = {{.name = "batch", .value = "64", .before = "64"}, END};
    EXPECT(goes_on(options, options), "%s", error_message());
    EXPECT(!goes_on(options, other), "another --batch");
    EXPECT(strstr(error_message(), "run.ck: --batch is 128 in this run, wanted 64 as in the file") != NULL, "%s",
           error_message());
}

/* The checkpoint is of a version that had --batch alone. */
static void test_option_of_later(void) {
    static const struct {
        struct option_value option;
        const char *refused; /* NULL: the run goes on */
    } cases[] = {
        {{"ema", "0", "0"}, NULL},
        {{"ema", "0.9", "0"}, "--ema is 0.9 in this run, wanted 0 as in the file"},
        {{"flip", NULL, NULL}, NULL},
        {{"flip", "", NULL}, "--flip is given in this run, wanted not given as in the file"},
        {{"group", "2", NULL}, "--group is 2 in this run, wanted not given as in the file"},
    };
    const struct option_value stored[] = {BATCH, END};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct option_value options[] = {BATCH, cases[i].option, END};
        const bool same = goes_on(options, stored);
        EXPECT(same == (cases[i].refused == NULL), "case %zu", i);
        EXPECT(same || strstr(error_message(), cases[i].refused) != NULL, "case %zu: %s", i, error_message());
    }
}

/* An option that the checkpoint names is compared with that value. */
static void test_option_of_then(void) {
    const struct option_value options[] = {BATCH, {"ema", "0", "0"}, END},
                              stored[] = {BATCH, {"ema", "0.9", "0"}, END};
    EXPECT(!goes_on(options, stored), "another --ema");
    EXPECT(strstr(error_message(), "--ema is 0 in this run, wanted 0.9 as in the file") != NULL, "%s",
           error_message());
}

struct options {
    struct cli_common common;
    const char *text[4];
};

/* Defaults that differ from the values before the options existed. */
static const struct cli_option table[] = {
    CLI_MODEL,
    {'b', "batch", "N", "128", "", CLI_TEXT(text[0]), .before = "64"},
    {0, "ema", "D", "0.9", "", CLI_TEXT(text[1]), .before = "0"},
    {0, "rate", "F", "0.1", "", CLI_TEXT(text[2])},
    {0, "group", "N", NULL, "", CLI_TEXT(text[3])},
    CLI_SEED,
    CLI_EVERY,
};
static const struct cli_program program = {"test", "", "", table, 0, ""};

static bool is_same(const char *a, const char *b) {
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void test_options_of_a_tool(void) {
    static char *arguments[] = {"test", "-q", "-m", "model.bin", "--ema", "0", NULL};
    static const struct option_value wanted[] = {
        {"batch", "128", "64"}, {"ema", "0", "0"}, {"rate", "0.1", NULL}, {"group", NULL, NULL}, {"seed", "1", "1"},
    };
    struct options options = {0};
    cli_parse(&program, 6, arguments, &options);
    const struct option_value *values = cli_values();
    size_t n = 0;
    for (; n < sizeof wanted / sizeof *wanted && values[n].name != NULL; n++)
        EXPECT(is_same(values[n].name, wanted[n].name) && is_same(values[n].value, wanted[n].value) &&
                   is_same(values[n].before, wanted[n].before),
               "option %zu is --%s", n, values[n].name);
    EXPECT(n == sizeof wanted / sizeof *wanted && values[n].name == NULL, "%zu options", n);
}

/* Of 8 GiB, which take seconds: pages of zeros that take no memory. */
static void a_digest_that_is_stopped_ends_early(void) {
    const size_t bytes = (size_t)8 << 30;
    void *zeros = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    EXPECT(zeros != MAP_FAILED, "no room for the addresses of 8 GiB");
    if (zeros == MAP_FAILED)
        return;
    const struct dataset all = {
        .name = "zeros", .items = bytes >> 20, .item_bytes = 1 << 20, .data = zeros, .mapped = bytes};
    struct digest digest;
    digest_start(&digest, &all);
    digest_stop(&digest);
    EXPECT(digest_so_far(&digest).items < all.items, "all of the digest was computed");
    munmap(zeros, bytes);
}

static const struct test tests[] = {
    {"a run goes on with the options that it had", test_same_options},
    {"an option that a checkpoint does not name had its value from before it existed", test_option_of_later},
    {"an option that it names had that value", test_option_of_then},
    {"a tool hands over those of its options that change the result, and no others", test_options_of_a_tool},
    {"a digest that is stopped ends early", a_digest_that_is_stopped_ends_early},
};

int main(void) {
    return RUN(tests);
}
