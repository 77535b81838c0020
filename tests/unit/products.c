/* SPDX-License-Identifier: MIT */
/* Matrix products: against sums in double, the same bits at every level and however they are cut, and OpenBLAS's.
 */
#include "base/error.h"
#include "base/level.h"
#include "base/noise.h"
#include "kernel/openblas.h"
#include "kernel/product_kernel.h"
#include "layer/linear.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct product_kernel *const kernels[LEVELS] = EACH_LEVEL(product_kernel);

/* The levels that the processor has; and those of them whose bits are the same. */
#define EACH(level) for (enum level level = LEVEL_BASELINE; level <= level_in_use(); level++)
#ifdef LEVEL_FUSES
#define FIRST_FUSED LEVEL_BASELINE
#else
#define FIRST_FUSED LEVEL_AVX2
#endif

/* On both sides of the tiles' rows and columns, of the blocks of the inner dimension and of the panels; two panels
 * and no more; a single row, and a single term, whose strides are both 1. */
static const size_t sizes[][3] = {{1, 1, 1},       {2, 3, 16},   {3, 257, 17}, {7, 16, 31},  {8, 256, 48},
                                  {13, 300, 49},   {49, 40, 64}, {6, 15, 100}, {97, 513, 7}, {128, 100, 33},
                                  {50, 1000, 113}, {5, 9, 32},   {1, 30, 20},  {4, 1, 20}};
#define EACH_SIZE(s) for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)

/* Matrices of one product, a and b plain and transposed, b's panels, and more room than y needs. */
struct factors {
    size_t rows, inner, columns;
    float *a, *a_transposed, *b, *b_transposed, *panels, *bias, *y;
};

#define Y_ROW(f) ((f)->columns + 5)

static float *numbers(size_t n, uint64_t item) {
    float *x = malloc(n * sizeof *x);
    noise_normal(x, n, (struct noise){.seed = 1, .item = item});
    return x;
}

static size_t whole_pages(size_t n) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (n * sizeof(float) + page - 1) / page * page;
}

/* Memory for n numbers that ends where a page begins which may not be read. */
static float *guarded(size_t n) {
    const size_t bytes = whole_pages(n), page = whole_pages(1);
    char *memory = mmap(NULL, bytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory + bytes, page, PROT_NONE) < 0)
        abort();
    return (float *)(void *)(memory + bytes) - n;
}

static void free_guarded(float *x, size_t n) {
    munmap((char *)(x + n) - whole_pages(n), whole_pages(n) + whole_pages(1));
}

static float *transposed(const float *x, size_t rows, size_t columns) {
    float *t = malloc(rows * columns * sizeof *t);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            t[j * rows + i] = x[i * columns + j];
    return t;
}

static struct factors make_factors(size_t s) {
    struct factors f = {.rows = sizes[s][0], .inner = sizes[s][1], .columns = sizes[s][2]};
    f.a = numbers(f.rows * f.inner, 1);
    f.a_transposed = transposed(f.a, f.rows, f.inner);
    f.b = numbers(f.inner * f.columns, 2);
    f.b_transposed = transposed(f.b, f.inner, f.columns);
    f.bias = numbers(f.columns, 3);
    f.y = malloc(f.rows * Y_ROW(&f) * sizeof *f.y);
    f.panels = guarded(panels_size(f.inner, f.columns));
    /* What lies beyond the matrix changes nothing, and nothing beyond the last panel is read. */
    for (size_t i = 0; i < panels_size(f.inner, f.columns); i++)
        f.panels[i] = NAN;
    kernels[LEVEL_BASELINE]->pack(f.b, f.columns, f.inner, f.columns, f.panels, f.inner * PANEL);
    return f;
}

static void free_factors(struct factors *f) {
    float *const arrays[] = {f->a, f->a_transposed, f->b, f->b_transposed, f->bias, f->y};
    free_guarded(f->panels, panels_size(f->inner, f->columns));
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        free(arrays[i]);
}

/* What a product adds to: nothing, y, or a bias. */
enum start { FROM_0, FROM_Y, FROM_BIAS, STARTS };

static struct product product_of(struct factors *f, bool transposes, enum start start) {
    for (size_t i = 0; i < f->rows * Y_ROW(f); i++)
        f->y[i] = start == FROM_Y ? (float)(i % 7) - 3 : NAN;
    return (struct product){.rows = f->rows,
                            .columns = f->columns,
                            .inner = f->inner,
                            .a = transposes ? f->a_transposed : f->a,
                            .a_row = transposes ? 1 : f->inner,
                            .a_inner = transposes ? f->rows : 1,
                            .b = transposes ? f->b_transposed : f->b,
                            .b_inner = transposes ? 1 : f->columns,
                            .b_column = transposes ? f->inner : 1,
                            .panels = f->panels,
                            .panel = f->inner * PANEL,
                            .y = f->y,
                            .y_row = Y_ROW(f),
                            .alpha = 0.5f,
                            .beta = start == FROM_Y ? 0.25f : 0,
                            .bias = start == FROM_BIAS ? f->bias : NULL};
}

/* The greatest difference from sums in double, over what single precision may add up to; what lies beside the
 * result is as it was. */
static double worst(const struct factors *f, enum start start) {
    double most = 0;
    for (size_t i = 0; i < f->rows; i++)
        for (size_t j = 0; j < Y_ROW(f); j++) {
            const float y = f->y[i * Y_ROW(f) + j], before = (float)((i * Y_ROW(f) + j) % 7) - 3;
            double sum = 0, size = 0;
            for (size_t k = 0; j < f->columns && k < f->inner; k++) {
                const double term = (double)f->a[i * f->inner + k] * (double)f->b[k * f->columns + j];
                sum += term;
                size += fabs(term);
            }
            const double begin = start == FROM_Y                        ? 0.25 * (double)before
                                 : start == FROM_BIAS && j < f->columns ? (double)f->bias[j]
                                                                        : 0;
            if (j < f->columns)
                most = fmax(most, fabs((double)y - 0.5 * sum - begin) / (size + 1));
            else if (start == FROM_Y ? y != before : !isnan(y))
                most = INFINITY;
        }
    return most;
}

static void products_are_sums_of_products(void) {
    EACH_SIZE(s) {
        struct factors f = make_factors(s);
        for (int way = 0; way < 2 * STARTS; way++) {
            const enum start start = (enum start)(way / 2);
            EACH(level) {
                const struct product p = product_of(&f, way % 2 == 1, start);
                kernels[level]->multiply(&p);
                EXPECT(worst(&f, start) < 1e-6, "%s: %zux%zux%zu, way %d: error %g", level_name(level), f.rows,
                       f.inner, f.columns, way, worst(&f, start));
            }
            const struct product p = product_of(&f, way % 2 == 1, start);
            const bool loaded = openblas_load() == 0;
            EXPECT(loaded, "%s", error_message());
            if (!loaded)
                return;
            openblas_multiply(&p);
            EXPECT(worst(&f, start) < 1e-6, "OpenBLAS: %zux%zux%zu, way %d: error %g", f.rows, f.inner, f.columns,
                   way, worst(&f, start));
        }
        free_factors(&f);
    }
}

/* The same product in pieces of so many rows and panels. */
static void multiply_in_pieces(const struct product_kernel *kernel, const struct product *p, size_t rows,
                               size_t columns) {
    for (size_t i = 0; i < p->rows; i += rows)
        for (size_t j = 0; j < p->columns; j += columns) {
            struct product piece = *p;
            piece.rows = p->rows - i < rows ? p->rows - i : rows;
            piece.columns = p->columns - j < columns ? p->columns - j : columns;
            piece.a += i * p->a_row;
            piece.panels += j / PANEL * p->panel;
            piece.y += i * p->y_row + j;
            piece.bias = p->bias == NULL ? NULL : p->bias + j;
            kernel->multiply(&piece);
        }
}

static void bits_depend_on_no_level_and_no_cut(void) {
    EACH_SIZE(s) {
        struct factors f = make_factors(s);
        const size_t bytes = f.rows * Y_ROW(&f) * sizeof(float);
        float *whole = malloc(bytes);
        struct product p = product_of(&f, false, FROM_BIAS);
        memset(f.y, 0, bytes);
        kernels[level_in_use()]->multiply(&p);
        memcpy(whole, f.y, bytes);
        for (enum level level = FIRST_FUSED; level <= level_in_use(); level++)
            for (size_t rows = 1; rows < 60; rows = rows * 3 + 1)
                for (size_t columns = PANEL; columns <= 4 * PANEL; columns += PANEL) {
                    p = product_of(&f, rows % 2 == 0, FROM_BIAS);
                    memset(f.y, 0, bytes);
                    multiply_in_pieces(kernels[level], &p, rows, columns);
                    EXPECT(memcmp(f.y, whole, bytes) == 0, "%s: %zux%zux%zu by %zu rows, %zu columns",
                           level_name(level), f.rows, f.inner, f.columns, rows, columns);
                }
        free(whole);
        free_factors(&f);
    }
}

/* Packs both ways at each level, and reads each element back. */
static void panels_hold_the_matrix(void) {
    EACH_SIZE(s) EACH(level) {
        struct factors f = make_factors(s);
        const size_t size = panels_size(f.inner, f.columns), panel = f.inner * PANEL;
        float *other = malloc(size * sizeof *other);
        memset(other, 0, size * sizeof *other);
        kernels[level]->pack(f.b, f.columns, f.inner, f.columns, f.panels, panel);
        kernels[level]->pack_transposed(f.b_transposed, f.inner, f.columns, f.inner, other, panel);
        size_t wrong = 0;
        for (size_t k = 0; k < f.inner; k++)
            for (size_t j = 0; j < f.columns; j++) {
                const size_t place = j / PANEL * panel + k * PANEL + j % PANEL;
                wrong += f.panels[place] != f.b[k * f.columns + j] || other[place] != f.b[k * f.columns + j];
            }
        EXPECT(wrong == 0, "%s: %zux%zu: %zu wrong", level_name(level), f.inner, f.columns, wrong);
        free(other);
        free_factors(&f);
    }
}

/* A layer's panels, written tile by tile in any order, are those of the whole. */
static void tiles_of_a_layer_are_packed_in_their_place(void) {
    struct linear plain = {.in = 70, .out = 45};
    const size_t sizes_of[2] = {linear_panels_size(&plain, DIRECTION_FORWARD),
                                linear_panels_size(&plain, DIRECTION_BACKWARD)};
    float *w = numbers(plain.in * plain.out, 1), *panels[4];
    for (int i = 0; i < 4; i++)
        panels[i] = calloc(sizes_of[i % 2], sizeof(float));
    plain.weight = w;
    struct linear whole = plain, pieces = plain;
    for (int i = 0; i < DIRECTIONS; i++) {
        whole.panels[i] = panels[i];
        pieces.panels[i] = panels[2 + i];
    }
    linear_pack(&whole, &(struct matrix_tile){0, plain.out, 0, plain.in});
    for (size_t unit = plain.out; unit > 0; unit -= 5) /* across panels: the heads' two tensors are one layer */
        for (size_t in = 0; in < plain.in; in += 32)
            linear_pack(&pieces, &(struct matrix_tile){unit - 5, 5, in, plain.in - in < 32 ? plain.in - in : 32});
    for (int i = 0; i < 2; i++)
        EXPECT(memcmp(panels[i], panels[i + 2], sizes_of[i] * sizeof(float)) == 0, "panels %d differ", i);
    for (int i = 0; i < 4; i++)
        free(panels[i]);
    free(w);
}

int main(void) {
    static const struct test tests[] = {
        {"products are sums of products, at every level and of OpenBLAS", products_are_sums_of_products},
        {"a product's bits depend neither on the level nor on how it is cut", bits_depend_on_no_level_and_no_cut},
        {"panels hold the matrix", panels_hold_the_matrix},
        {"tiles of a layer are packed in their place", tiles_of_a_layer_are_packed_in_their_place},
    };
    return RUN(tests);
}
