/* SPDX-License-Identifier: MIT */
#include "layer/conv.h"

#include "base/number.h"
#include "kernel/math_kernel.h"
#include "kernel/product_kernel.h"
#include "layer/box.h"
#include "layer/outer.h"
#include "layer/patches.h"
#include "layer/winograd.h"

#include <string.h>

/* Most outputs of a narrow convolution: with more, the rows of panels are mostly full. */
#define NARROW ((size_t)8)

static bool is_narrow(const struct conv *c) {
    return c->outputs <= NARROW && c->window.stride == 1 && c->factor == 1;
}

/* The convolution as Winograd's algorithm has it, if it can. */
static struct winograd winograd_of(const struct conv *c) {
    return (struct winograd){.height = c->window.in.height,
                             .width = c->window.in.width,
                             .channels = c->window.in.channels,
                             .outputs = c->outputs};
}

static bool is_transformed(const struct conv *c) {
    const struct winograd g = winograd_of(c);
    return c->window.kernel == 3 && c->window.stride == 1 && c->factor == 1 && winograd_pays(&g);
}

/* Products are of each pixel with all of the kernel. */
static bool is_of_pixels(const struct conv *c) {
    return is_narrow(c) || c->factor > 1;
}

/* With stride 1, the gradient with respect to x is a convolution of dy with the mirrored kernel. With larger
 * strides that would be mostly products with 0: then each position adds its part to the pixels that it reads. */
static bool is_mirrored(const struct conv *c) {
    return c->window.stride == 1;
}

static struct window mirrored(const struct conv *c) {
    return window_mirrored(&c->window, c->factor, c->outputs);
}

/* Numbers of a patch of dy. */
static size_t mirrored_patch(const struct conv *c) {
    return c->window.kernel * c->window.kernel * c->outputs;
}

static size_t pixels(const struct conv *c) {
    return image_positions(&c->window.in);
}

struct image conv_output(const struct conv *c) {
    return (struct image){c->window.rows * c->factor, c->window.columns * c->factor, c->outputs};
}

size_t conv_multiply_adds(const struct conv *c) {
    return window_positions(&c->window) * window_patch(&c->window) * c->outputs;
}

/* A narrow convolution computes at most so many products at a time, but at least those of one row of pixels. */
#define NARROW_PRODUCTS ((size_t)1 << 15)

/* Rows of a picture whose products a narrow convolution has at a time. */
static size_t narrow_rows(const struct conv *c) {
    return smaller(larger(NARROW_PRODUCTS / (mirrored_patch(c) * c->window.in.width), 1), c->window.in.height);
}

/* A narrow convolution's panels of these rows, and the products of their pixels. */
static size_t narrow_scratch(const struct conv *c) {
    const size_t n = narrow_rows(c) * c->window.in.width;
    return panels_size(c->window.in.channels, n) + mirrored_patch(c) * n;
}

/* Returns how many enlarged pictures the gradient takes at a time. */
static size_t sums_pictures(const struct conv *c) {
    return larger(patches_sum_block(mirrored_patch(c)) / pixels(c), 1);
}

/* Returns the floats of their box sums, and of one row of these; 0 if pictures are not enlarged. */
static size_t sums_scratch(const struct conv *c) {
    const struct image image = mirrored(c).in;
    return c->factor == 1 ? 0 : sums_pictures(c) * image_size(&image) + image.width * image.channels;
}

size_t conv_scratch(const struct conv *c) {
    const struct winograd g = winograd_of(c);
    if (is_transformed(c))
        return winograd_scratch(&g);
    const size_t patch = window_patch(&c->window);
    const size_t forward = is_narrow(c) ? narrow_scratch(c)
                                        : PATCHES_BLOCK * (is_of_pixels(c) ? mirrored_patch(c) : patch),
                 backward = PATCHES_BLOCK * (is_mirrored(c) ? mirrored_patch(c) : patch),
                 gradient = patches_sum_scratch(is_of_pixels(c) ? mirrored_patch(c) : patch);
    return larger(larger(forward, backward), gradient) + sums_scratch(c);
}

size_t conv_partial(const struct conv *c) {
    return c->outputs * window_patch(&c->window) + c->outputs;
}

static struct right_factor right_factor_of(const struct conv *c, enum direction direction) {
    const size_t patch = window_patch(&c->window);
    if (direction == DIRECTION_FORWARD)
        return c->factor > 1 ? (struct right_factor){c->window.in.channels, mirrored_patch(c)}
                             : (struct right_factor){patch, c->outputs};
    return is_mirrored(c) ? (struct right_factor){mirrored_patch(c), c->window.in.channels}
                          : (struct right_factor){c->outputs, patch};
}

size_t conv_packed_size(const struct conv *c, enum direction direction) {
    const struct right_factor f = right_factor_of(c, direction);
    const struct winograd g = winograd_of(c);
    if (is_transformed(c))
        return winograd_packed_size(&g);
    if (direction == DIRECTION_FORWARD && is_narrow(c))
        return mirrored_patch(c) * c->window.in.channels;
    return right_factor_size(&f);
}

/* Writes the weights of one output at one place of the kernel. */
static void pack_place(const struct conv *c, enum direction direction, size_t output, size_t place,
                       const float *weight, float *to) {
    const size_t places = c->window.kernel * c->window.kernel, channels = c->window.in.channels;
    const struct right_factor f = right_factor_of(c, direction);
    for (size_t i = 0; i < channels; i++) {
        const float value = weight[i * places + place];
        if (direction == DIRECTION_FORWARD && is_narrow(c))
            to[(place * c->outputs + output) * channels + i] = value;
        else if (direction == DIRECTION_FORWARD && c->factor > 1)
            right_factor_set(&f, to, i, (places - 1 - place) * c->outputs + output, value);
        else if (direction == DIRECTION_FORWARD)
            right_factor_set(&f, to, place * channels + i, output, value);
        else if (is_mirrored(c))
            right_factor_set(&f, to, (places - 1 - place) * c->outputs + output, i, value);
        else
            right_factor_set(&f, to, output, place * channels + i, value);
    }
}

void conv_pack(const struct conv *c, const float *weight, size_t output, size_t count,
               float *const packed[DIRECTIONS]) {
    const size_t places = c->window.kernel * c->window.kernel, each = window_patch(&c->window);
    const struct winograd g = winograd_of(c);
    if (is_transformed(c)) {
        winograd_pack(&g, weight, output, count, packed);
        return;
    }
    for (size_t o = output; o < output + count; o++)
        for (size_t place = 0; place < places; place++)
            for (int d = 0; d < DIRECTIONS; d++)
                if (packed[d] != NULL)
                    pack_place(c, (enum direction)d, o, place, weight + o * each, packed[d]);
}

/* t [kernel, kernel, outputs, n] = W x of each of n pixels. */
static void multiply_pixels(const struct conv *c, const float *weight, const float *x, size_t n, float *panels,
                            float *t) {
    const size_t channels = c->window.in.channels;
    if (products()->packed)
        product_kernel()->pack_transposed(x, channels, n, channels, panels, channels * PANEL);
    products()->multiply(&(struct product){.rows = mirrored_patch(c),
                                           .columns = n,
                                           .inner = channels,
                                           .a = weight,
                                           .a_row = channels,
                                           .a_inner = 1,
                                           .b = x,
                                           .b_inner = 1,
                                           .b_column = channels,
                                           .panels = panels,
                                           .panel = channels * PANEL,
                                           .y = t,
                                           .y_row = n,
                                           .alpha = 1});
}

/* Adds to one output y [height, width] what the pixels of `rows` rows from row `first` on contribute at place (a,
 * b) of the kernel, `part` [rows, width]. */
static void add_place(const struct conv *c, size_t a, size_t b, size_t first, size_t rows, const float *part,
                      float *y) {
    const size_t before = c->window.before, height = c->window.in.height, width = c->window.in.width;
    const size_t left = before > b ? before - b : 0,
                 right = b > before ? width - smaller(b - before, width) : width;
    for (size_t row = first; row < first + rows; row++, part += width) {
        const size_t to_row = row + before - a; /* wraps to a large number below 0 */
        if (to_row >= height)
            continue;
        float *to = y + to_row * width * c->outputs;
        if (c->outputs == 1)
            for (size_t column = left; column < right; column++)
                to[column] += part[column + b - before];
        else
            for (size_t column = left; column < right; column++)
                to[column * c->outputs] += part[column + b - before];
    }
}

/* Each position adds its products in the order of the kernel's places, in any number of rows at a time: the rows
 * that it reads are in that order, too. */
static void forward_narrow(const struct conv *c, const struct conv_weights *weights, const float *x, float *y,
                           float *scratch) {
    const size_t kernel = c->window.kernel, width = c->window.in.width, most = narrow_rows(c);
    float *panels = scratch, *t = scratch + panels_size(c->window.in.channels, most * width);
    for (size_t i = 0; i < pixels(c) * c->outputs; i++)
        y[i] = weights->bias[i % c->outputs];
    for (size_t row = 0; row < c->window.in.height; row += most) {
        const size_t rows = smaller(most, c->window.in.height - row), n = rows * width;
        multiply_pixels(c, weights->packed[DIRECTION_FORWARD], x + row * width * c->window.in.channels, n, panels,
                        t);
        for (size_t place = 0; place < kernel * kernel; place++)
            for (size_t o = 0; o < c->outputs; o++)
                add_place(c, place / kernel, place % kernel, row, rows, t + (place * c->outputs + o) * n, y + o);
    }
}

/* Each pixel adds its products once; box_sum then gives each position those of all copies that it reads. */
static void forward_enlarged(const struct conv *c, const struct conv_weights *weights, const float *x, float *y,
                             float *scratch) {
    const struct window w = mirrored(c);
    const struct right_factor f = right_factor_of(c, DIRECTION_FORWARD);
    const struct image image = conv_output(c);
    memset(scratch, 0, image_size(&w.in) * sizeof *scratch);
    patches_add(&w, &f, weights->packed[DIRECTION_FORWARD], x, 0, pixels(c), scratch, scratch + sums_scratch(c));
    box_sum(&image, c->factor, scratch, y, scratch + image_size(&w.in));
    for (size_t i = 0; i < image_positions(&image); i++, y += c->outputs)
        for (size_t o = 0; o < c->outputs; o++)
            y[o] += weights->bias[o];
}

void conv_forward(const struct conv *c, const struct conv_weights *weights, const float *x, float *y, size_t first,
                  size_t count, float *scratch) {
    const struct image image = conv_output(c);
    const size_t positions = image_positions(&image), size = image_size(&c->window.in);
    const struct right_factor f = right_factor_of(c, DIRECTION_FORWARD);
    const struct winograd g = winograd_of(c);
    if (is_transformed(c))
        winograd_multiply(&g, weights->packed[DIRECTION_FORWARD], x, y, first, count, weights->bias, 0, scratch);
    else if (!is_of_pixels(c))
        patches_multiply(&c->window, &f, weights->packed[DIRECTION_FORWARD], x, first * positions,
                         (first + count) * positions, y, weights->bias, 0, scratch);
    for (size_t picture = first; is_of_pixels(c) && picture < first + count; picture++)
        (is_narrow(c) ? forward_narrow : forward_enlarged)(c, weights, x + picture * size,
                                                           y + picture * image_size(&image), scratch);
}

/* Writes the box sums of dy of the pictures [first, first + count) to `sums`. A box sum is the gradient that all
 * copies of a pixel receive through one place of the kernel; the patch of mirrored(c) at a pixel holds one for each
 * place. row: memory for one row of sums. */
static void sum_copies(const struct conv *c, const float *dy, size_t first, size_t count, float *sums, float *row) {
    const struct image image = conv_output(c), large = mirrored(c).in;
    for (size_t picture = 0; picture < count; picture++)
        box_spread(&image, c->factor, dy + (first + picture) * image_size(&image),
                   sums + picture * image_size(&large), row);
}

static void backward_enlarged(const struct conv *c, const float *weights, const float *dy, float *dx, float beta,
                              size_t first, size_t count, float *scratch) {
    const struct window w = mirrored(c);
    const struct right_factor f = right_factor_of(c, DIRECTION_BACKWARD);
    for (size_t picture = first; picture < first + count; picture++) {
        sum_copies(c, dy, picture, 1, scratch, scratch + image_size(&w.in));
        patches_multiply(&w, &f, weights, scratch, 0, pixels(c), dx + picture * image_size(&c->window.in), NULL,
                         beta, scratch + sums_scratch(c));
    }
}

void conv_backward(const struct conv *c, const struct conv_weights *weights, const float *dy, float *dx, float beta,
                   size_t first, size_t count, float *scratch) {
    const struct window *w = &c->window, reversed = mirrored(c);
    const struct right_factor f = right_factor_of(c, DIRECTION_BACKWARD);
    const float *packed = weights->packed[DIRECTION_BACKWARD];
    const size_t from = first * window_positions(w), end = from + count * window_positions(w),
                 size = image_size(&w->in);
    const struct winograd g = {
        .height = w->in.height, .width = w->in.width, .channels = c->outputs, .outputs = w->in.channels};
    if (is_transformed(c)) {
        winograd_multiply(&g, packed, dy, dx, first, count, NULL, beta, scratch);
    } else if (c->factor > 1) {
        backward_enlarged(c, packed, dy, dx, beta, first, count, scratch);
    } else if (is_mirrored(c)) {
        patches_multiply(&reversed, &f, packed, dy, from, end, dx, NULL, beta, scratch);
    } else {
        if (beta == 0)
            memset(dx + first * size, 0, count * size * sizeof *dx);
        patches_add(w, &f, packed, dy, from, end, dx, scratch);
    }
}

static void gradient_enlarged(const struct conv *c, const float *x, const float *dy, size_t count, float *partial,
                              float *scratch) {
    const struct window w = mirrored(c);
    const size_t each = sums_pictures(c);
    for (size_t picture = 0; picture < count; picture += each) {
        const size_t some = smaller(each, count - picture);
        sum_copies(c, dy, picture, some, scratch, scratch + each * image_size(&w.in));
        patches_sum(&w, scratch, x + picture * image_size(&c->window.in), c->window.in.channels, some * pixels(c),
                    picture == 0 ? 0 : 1, partial, scratch + sums_scratch(c));
    }
}

/* If products are of pixels, patches of dy are multiplied with x, so that the product's rows are channels of x. */
void conv_gradient(const struct conv *c, const float *x, const float *dy, size_t first, size_t count,
                   float *partial, float *scratch) {
    const struct image image = conv_output(c);
    const struct window w = mirrored(c);
    const struct winograd g = winograd_of(c);
    float *bias = partial + c->outputs * window_patch(&c->window);
    x += first * image_size(&c->window.in);
    dy += first * image_size(&image);
    if (is_transformed(c))
        winograd_gradient(&g, x, dy, 0, count, partial, scratch);
    else if (c->factor > 1)
        gradient_enlarged(c, x, dy, count, partial, scratch);
    else if (is_narrow(c))
        patches_sum(&w, dy, x, c->window.in.channels, count * pixels(c), 0, partial, scratch);
    else
        patches_sum(&c->window, x, dy, c->outputs, count * image_positions(&image), 0, partial, scratch);
    memset(bias, 0, c->outputs * sizeof *bias);
    math_kernel()->column_sums(bias, dy, count * image_positions(&image), c->outputs, c->outputs, 1);
}

/* Returns the index, in a partial gradient, of the weight of an output and a channel at a place of the kernel. */
static size_t index_of(const struct conv *c, size_t output, size_t channel, size_t place) {
    const size_t places = c->window.kernel * c->window.kernel, channels = c->window.in.channels;
    return is_of_pixels(c) ? (channel * places + places - 1 - place) * c->outputs + output
                           : (output * places + place) * channels + channel;
}

void conv_order(const struct conv *c, const float *partial, size_t output, size_t count, float scale, float beta,
                float *weight, float *bias) {
    const size_t places = c->window.kernel * c->window.kernel, each = window_patch(&c->window);
    for (size_t o = output; o < output + count; o++)
        for (size_t i = 0; i < each; i++, weight++)
            *weight = (beta == 0 ? 0 : beta * *weight) + scale * partial[index_of(c, o, i / places, i % places)];
    outer_mix(bias, partial + c->outputs * each + output, 1, count, scale, beta);
}
