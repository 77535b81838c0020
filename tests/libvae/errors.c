/* SPDX-License-Identifier: MIT */
/* Makes each error of libvae, for tests/libvae.bats, and prints one line for each: its code, its row and its
 * message. The files are plain.bin, of 20 elements and 3 latents, cond.bin, the same with 3 classes, run.ck and
 * directory. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vae.h>

#define ROWS ((size_t)600)

static float x[ROWS * 20], z[ROWS * 3], mu[ROWS * 3];
static double score[ROWS];
static uint32_t labels[ROWS];
static vae_error error;

/* Prints the error, which `code` must be that of, and forgets it. */
static void show(int code) {
    if (code != error.code || strlen(error.message) >= VAE_MESSAGE || strchr(error.message, '\n') != NULL)
        printf("found %d beside ", code);
    printf("%d %zu %s\n", error.code, error.row, error.message);
    memset(&error, 0xff, sizeof error);
    error.message[VAE_MESSAGE - 1] = '\0';
}

static void opened(vae_model *model) {
    show(model == NULL ? error.code : -1);
    vae_close(model);
}

static void open_errors(const char *model) {
    char file[64] = "{\"a\":", name[2001] = "";
    opened(vae_open("none.bin", &error));
    opened(vae_open("", &error));
    for (size_t i = 0; i + 2 < sizeof name; i += 2) {
        name[i] = '\xc3'; /* e with an acute accent */
        name[i + 1] = '\xa9';
    }
    vae_close(vae_open(name, &error));
    if (strlen(error.message) != VAE_MESSAGE - 2)
        puts("a message is cut within a character");
    opened(vae_open("no\nfile\033[1m", &error));
    opened(vae_open("directory", &error));
    opened(vae_open("run.ck", &error));
    opened(vae_open("cut.bin", &error));
    opened(vae_open("-", &error));
    opened(vae_open(NULL, &error));
    opened(vae_open_memory(NULL, 5, &error));
    opened(vae_open_memory(file, 0, &error));
    opened(vae_open_memory(file, sizeof file, &error));
    if (vae_open("none.bin", NULL) != NULL)
        puts("opened");
    vae_close(vae_open(model, &error));
    show(VAE_OK);
}

static void argument_errors(const vae_model *plain, const vae_model *cond) {
    vae_options options = VAE_OPTIONS;
    show(vae_encode(NULL, x, NULL, 1, mu, NULL, NULL, &error));
    show(vae_encode(plain, NULL, NULL, 1, mu, NULL, NULL, &error));
    show(vae_decode(plain, NULL, NULL, 1, x, NULL, &error));
    show(vae_encode(plain, x, NULL, 1, NULL, NULL, NULL, &error));
    show(vae_decode(plain, z, NULL, 1, NULL, NULL, &error));
    show(vae_score(plain, x, NULL, 1, NULL, NULL, &error));
    show(vae_encode(plain, x, labels, 1, mu, NULL, NULL, &error));
    show(vae_score(cond, x, NULL, 1, score, NULL, &error));
    options.threads = 0;
    show(vae_score(plain, x, NULL, 1, score, &options, &error));
    options.threads = 257;
    show(vae_score(plain, x, NULL, 1, score, &options, &error));
    options.threads = 1;
    options.size--;
    show(vae_score(plain, x, NULL, 1, score, &options, &error));
    if (vae_score(plain, x, NULL, 1, NULL, NULL, NULL) != VAE_ERROR_ARGUMENT)
        puts("another code");
    /* No row is no error, and nothing is looked at. */
    show(vae_score(plain, NULL, NULL, 0, NULL, NULL, &error));
}

static void row_errors(const vae_model *plain, const vae_model *cond) {
    x[599 * 20 + 7] = 1.5f;
    show(vae_encode(plain, x, NULL, ROWS, mu, NULL, NULL, &error));
    x[513 * 20 + 19] = NAN;
    show(vae_score(plain, x, NULL, ROWS, score, NULL, &error));
    show(vae_score(plain, x + 513 * 20, NULL, 1, score, NULL, &error));
    show(vae_score(plain, x, NULL, 513, score, NULL, &error));
    labels[3] = 3;
    show(vae_encode(cond, x, labels, 512, mu, NULL, NULL, &error));
    show(vae_decode(cond, z, labels, 512, x, NULL, &error));
    labels[3] = 0;
    labels[513] = 3; /* in the second batch */
    show(vae_decode(cond, z, labels, ROWS, x, NULL, &error));
    z[2 * 3 + 1] = INFINITY;
    show(vae_decode(plain, z, NULL, 3, x, NULL, &error));
}

/* Finite rows whose results are not finite. */
static void result_errors(const vae_model *ones) {
    memset(z, 0, sizeof z);
    for (size_t i = 0; i < 3; i++)
        z[599 * 3 + i] = 3e38f;
    show(vae_decode(ones, z, NULL, ROWS, x, NULL, &error));
    memset(x, 0, sizeof x);
    for (size_t i = 0; i < 20; i++)
        x[4 * 20 + i] = 3e38f;
    show(vae_encode(ones, x, NULL, 5, NULL, mu, NULL, &error));
    show(vae_score(ones, x, NULL, 5, score, NULL, &error));
    show(vae_score(ones, x, NULL, 4, score, NULL, &error));
}

int main(void) {
    open_errors("plain.bin");
    vae_model *plain = vae_open("plain.bin", &error), *cond = vae_open("cond.bin", &error),
              *ones = vae_open("ones.bin", &error);
    if (plain == NULL || cond == NULL || ones == NULL) {
        puts(error.message);
        return 1;
    }
    argument_errors(plain, cond);
    row_errors(plain, cond);
    result_errors(ones);
    vae_close(ones);
    vae_close(cond);
    vae_close(plain);
    vae_close(NULL);
    return 0;
}
