/* SPDX-License-Identifier: MIT */
#ifndef UNIT_TEST_H
#define UNIT_TEST_H

#include "base/error.h"
#include "base/level.h"

#include <stdio.h>

/* A C test program is a table of functions; run_tests prints TAP for tests/run. VAE_LEVEL and VAE_PRODUCTS mean
 * what they mean for the tools. */

struct test {
    const char *name;
    void (*run)(void);
};

static int test_checks, test_failures;

/* Notes a failure, with the figures that show it, and goes on. */
#define EXPECT(condition, ...)                                       \
    do {                                                             \
        test_checks++;                                               \
        if (!(condition)) {                                          \
            test_failures++;                                         \
            printf("# %s:%d: %s: ", __FILE__, __LINE__, #condition); \
            printf(__VA_ARGS__);                                     \
            printf("\n");                                            \
        }                                                            \
    } while (0)

static int run_tests(const struct test *tests, size_t count) {
    int failed = 0;
    if (level_settle() < 0) {
        printf("Bail out! %s\n", error_message());
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0); /* so that a crash leaves the results before it */
    printf("1..%zu\n", count);
    for (size_t i = 0; i < count; i++) {
        test_checks = test_failures = 0;
        tests[i].run();
        if (test_checks == 0) {
            test_failures++;
            printf("# checked nothing\n");
        }
        printf("%s %zu - %s\n", test_failures == 0 ? "ok" : "not ok", i + 1, tests[i].name);
        failed += test_failures != 0;
    }
    return failed != 0;
}

#define RUN(tests) run_tests(tests, sizeof(tests) / sizeof *(tests))

#endif
