/* SPDX-License-Identifier: MIT */
/* Shifts and mirror images of items: each pixel, how often each change is drawn, and what tells draws apart. */
#include "test.h"
#include "train/augment.h"

#include <string.h>

#define HEIGHT 4
#define WIDTH 5
#define MOST 3 /* pixels of a shift, in each direction */
#define BYTES (HEIGHT * WIDTH * 3 * 8)

static size_t nearest(ptrdiff_t i, size_t size) {
    return i < 0 ? 0 : (size_t)i >= size ? size - 1 : (size_t)i;
}

/* Returns whether each byte of `to` is that of the pixel that the change says. */
static bool is_changed(const struct change *c, const struct image *image, size_t size, const unsigned char *from,
                       const unsigned char *to) {
    const size_t bytes = image->channels * size;
    for (size_t i = 0; i < image->height; i++)
        for (size_t j = 0; j < image->width; j++) {
            const size_t row = nearest((ptrdiff_t)i - c->down, image->height),
                         column = nearest((ptrdiff_t)j - c->right, image->width),
                         there = c->flip ? image->width - 1 - column : column;
            if (memcmp(to + (i * image->width + j) * bytes, from + (row * image->width + there) * bytes, bytes) !=
                0)
                return false;
        }
    return true;
}

static void try_changes(const struct image *image, size_t size) {
    unsigned char from[BYTES], to[BYTES + 1];
    const size_t bytes = image_size(image) * size;
    for (size_t i = 0; i < BYTES; i++)
        from[i] = (unsigned char)(i * 37 % 251);
    for (ptrdiff_t down = -MOST; down <= MOST; down++)
        for (ptrdiff_t right = -MOST; right <= MOST; right++)
            for (int flip = 0; flip < 2; flip++) {
                const struct change c = {.flip = flip == 1, .down = down, .right = right};
                memset(to, 255, sizeof to);
                augment_apply(&c, image, size, from, to);
                EXPECT(is_changed(&c, image, size, from, to) && to[bytes] == 255,
                       "%zux%zux%zu of %zu bytes, %td down, %td to the right, flip %d", image->height, image->width,
                       image->channels, size, down, right, flip);
            }
}

static void each_change_moves_each_pixel(void) {
    for (size_t channels = 1; channels <= 3; channels++)
        for (size_t size = 1; size <= 8; size *= 2) {
            try_changes(&(struct image){HEIGHT, WIDTH, channels}, size);
            try_changes(&(struct image){WIDTH, HEIGHT, channels}, size);
        }
}

#define DRAWS 100000
#define SHIFT 2
#define PLACES (2 * SHIFT + 1)
#define CHANGES (PLACES * PLACES * 2)

/* Chi-square with 49 degrees of freedom is above 94.6 with probability 0.0001. */
static void all_changes_are_equally_frequent(void) {
    const struct augment augment = {.shift = SHIFT, .flip = true};
    size_t count[CHANGES] = {0};
    double sum = 0;
    for (size_t i = 0; i < DRAWS; i++) {
        const struct change c = augment_draw(&augment, (struct noise){.seed = 5, .item = i});
        if (c.down < -SHIFT || c.down > SHIFT || c.right < -SHIFT || c.right > SHIFT) {
            EXPECT(false, "item %zu is moved by %td and %td", i, c.down, c.right);
            return;
        }
        count[((size_t)(c.down + SHIFT) * PLACES + (size_t)(c.right + SHIFT)) * 2 + c.flip]++;
    }
    for (size_t i = 0; i < CHANGES; i++) {
        const double wanted = (double)DRAWS / CHANGES, difference = (double)count[i] - wanted;
        sum += difference * difference / wanted;
    }
    EXPECT(sum < 94.6, "chi-square is %g", sum);
}

static bool is_same(struct change a, struct change b) {
    return a.flip == b.flip && a.down == b.down && a.right == b.right;
}

/* The next epoch has other numbers of items; see gather in train/train.c. */
static void item_and_seed_tell_draws_apart(void) {
    const struct augment augment = {.shift = 100, .flip = true};
    size_t items = 0, seeds = 0;
    for (size_t i = 0; i < 1000; i++) {
        const struct noise noise = {.seed = 1, .purpose = PURPOSE_TRAINING_BINARIZE, .item = i, .position = 8};
        const struct change c = augment_draw(&augment, noise);
        EXPECT(is_same(c, augment_draw(&augment, (struct noise){.seed = 1, .item = i})), "item %zu", i);
        items += is_same(c, augment_draw(&augment, (struct noise){.seed = 1, .item = i + 1000}));
        seeds += is_same(c, augment_draw(&augment, (struct noise){.seed = 2, .item = i}));
    }
    EXPECT(items < 3 && seeds < 3, "%zu and %zu of 1000 changes are the same", items, seeds);
}

static void nothing_else_is_changed(void) {
    size_t moved = 0, mirrored = 0;
    for (size_t i = 0; i < 1000; i++) {
        const struct noise noise = {.seed = 3, .item = i};
        const struct change shift = augment_draw(&(struct augment){.shift = 1}, noise),
                            flip = augment_draw(&(struct augment){.flip = true}, noise);
        EXPECT(!shift.flip && flip.down == 0 && flip.right == 0, "item %zu", i);
        moved += shift.down != 0;
        mirrored += flip.flip;
    }
    EXPECT(moved > 600 && moved < 733 && mirrored > 430 && mirrored < 570, "%zu moved, %zu mirrored", moved,
           mirrored);
}

static void lists_have_a_canonical_text(void) {
    static const char *const cases[][2] = {{"flip", "flip"},
                                           {"shift:2", "shift:2"},
                                           {"shift:2,flip", "shift:2,flip"},
                                           {"flip,shift:007", "shift:7,flip"},
                                           {"shift:65535,flip", "shift:65535,flip"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct augment augment;
        char text[AUGMENT_TEXT];
        const int failed = augment_parse(&augment, "--augment", cases[i][0]);
        EXPECT(failed == 0 && strcmp(augment_text(&augment, text), cases[i][1]) == 0, "'%s': %s", cases[i][0],
               failed == 0 ? text : error_message());
    }
}

static void other_lists_are_refused(void) {
    static const char *const cases[] = {"",          "none",
                                        "shift",     "shift:",
                                        "shift:0",   "shift:65536",
                                        "shift:x",   "shift:1,2",
                                        "shift:1:2", "shift:1,shift:1",
                                        "flip,flip", "flip,",
                                        ",flip",     "flip:1",
                                        "flips",     "fli",
                                        "Flip",      "flip, shift:1"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct augment augment;
        char wanted[128];
        snprintf(wanted, sizeof wanted, "--augment: found '%s', wanted shift:N, flip, or both ", cases[i]);
        EXPECT(augment_parse(&augment, "--augment", cases[i]) == -1 &&
                   strncmp(error_message(), wanted, strlen(wanted)) == 0,
               "'%s': %s", cases[i], error_message());
    }
}

static void items_must_be_pictures_that_are_larger_than_the_shift(void) {
    const struct augment shift = {.shift = 3}, flip = {.flip = true}, none = {0};
    const struct shape vector = {1, {12}}, picture = {2, {4, 5}}, low = {2, {3, 5}}, narrow = {3, {4, 3, 9}},
                       film = {4, {4, 5, 6, 7}};
    EXPECT(augment_check(&shift, &picture, "x") == 0 && augment_check(&flip, &narrow, "x") == 0 &&
               augment_check(&none, &film, "x") == 0,
           "%s", error_message());
    EXPECT(augment_check(&shift, &low, "x") == -1 && augment_check(&shift, &narrow, "x") == -1, "size");
    EXPECT(augment_check(&flip, &vector, "x") == -1 && augment_check(&flip, &film, "x") == -1, "rank");
}

int main(void) {
    static const struct test tests[] = {
        {"each change moves each pixel, and repeats those of the edge", each_change_moves_each_pixel},
        {"all changes are equally frequent", all_changes_are_equally_frequent},
        {"item and seed tell draws apart", item_and_seed_tell_draws_apart},
        {"nothing is changed that was not asked for", nothing_else_is_changed},
        {"lists have a canonical text", lists_have_a_canonical_text},
        {"other lists are refused", other_lists_are_refused},
        {"items must be pictures that are larger than the shift",
         items_must_be_pictures_that_are_larger_than_the_shift},
    };
    return RUN(tests);
}
