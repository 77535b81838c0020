/* SPDX-License-Identifier: MIT */
#include "explorer/page.h"

#include "base/error.h"
#include "base/utf8.h"
#include "explorer/assets.h"
#include "explorer/graph_json.h"
#include "nn/json_text.h"

#include <stdlib.h>
#include <string.h>

/* A list of `count` numbers: number(c, i) for each i. NULL: memory ran out. */
static json_t *list_of(const struct content *c, size_t count, size_t (*number)(const struct content *c, size_t i)) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        if (json_array_append_new(list, json_integer((json_int_t)number(c, i))) < 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static size_t label_of(const struct content *c, size_t i) {
    return c->label[i];
}

static size_t dimension_of(const struct content *c, size_t i) {
    return c->model->config.item.dim[i];
}

static bool is_utf8(const char *text) {
    uint32_t code;
    size_t bytes = 1;
    for (size_t left = strlen(text); left > 0 && bytes > 0; left -= bytes, text += bytes)
        bytes = utf8_read(text, left, &code);
    return bytes > 0;
}

/* A list of names, or null if none are given; a name that is no UTF-8 becomes its number. NULL: memory ran out. */
static json_t *names_json(const struct element_names *names, size_t count) {
    const char *name = NULL;
    if (names->text == NULL)
        return json_null();
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        name = element_names_next(names, name);
        if (json_array_append_new(list, is_utf8(name) ? json_string(name) : json_sprintf("%zu", i)) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* The last part of a path, since a page may be shown to others. */
static json_t *file_name(const char *path) {
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    return json_string(is_utf8(name) ? name : "a model");
}

static int set(json_t *object, const char *key, json_t *value) {
    return json_object_set_new(object, key, value);
}

static int set_number(json_t *object, const char *key, size_t value) {
    return set(object, key, json_integer((json_int_t)value));
}

/* Sets all members but the items' and the nodes. 0, or -1 if memory runs out. */
static int set_model(json_t *data, const struct export *e, const struct content *c) {
    const struct model_config *config = &e->model.config;
    int failed = set(data, "version", json_string(VAEUTILS_VERSION));
    failed |= set(data, "model", file_name(e->graph.name));
    failed |= json_object_set(data, "metadata", e->metadata);
    failed |= set(data, "shape", list_of(c, config->item.rank, dimension_of));
    failed |= set_number(data, "latent", config->latent) | set_number(data, "classes", config->classes);
    failed |= set_number(data, "levels", config->levels) | set_number(data, "draws", c->draws);
    return failed | set(data, "raw", json_boolean(config->likelihood->raw_u8));
}

/* The same for the items, their labels and names. */
static int set_items(json_t *data, const struct content *c) {
    int failed = set_number(data, "items", c->items) | set_number(data, "of", c->of);
    failed |= set(data, "bytes", json_boolean(c->dtype == DTYPE_U8));
    failed |= set(data, "numbers", list_of(c, c->items, content_number));
    failed |= set(data, "labels", c->label == NULL ? json_null() : list_of(c, c->items, label_of));
    failed |= set_number(data, "labelCount", c->labels);
    failed |= set(data, "labelNames", names_json(&c->label_names, c->labels));
    return failed | set(data, "names", names_json(&c->names, c->model->elements));
}

/* Returns all that is no array of floats or bytes. NULL with a message. */
static json_t *data_json(const struct export *e, const struct content *c) {
    json_t *nodes = graph_json(&e->graph), *data = json_object();
    if (nodes == NULL) {
        json_decref(data);
        return NULL;
    }
    if (set(data, "nodes", nodes) == 0 && set_model(data, e, c) == 0 && set_items(data, c) == 0)
        return data;
    json_decref(data);
    (void)fail("%s: out of memory for the text of the page", e->graph.name);
    return NULL;
}

/* Writes JSON into an element of the page, which a < could end. */
static int put_json(const json_t *data, const char *name, FILE *out) {
    char *text = json_text(data, JSON_COMPACT | JSON_REAL_PRECISION(9));
    if (text == NULL)
        return fail("%s: out of memory for the text of the page", name);
    for (const char *from = text; *from != '\0';) {
        const size_t plain = strcspn(from, "<");
        fwrite(from, 1, plain, out);
        from += plain;
        if (*from == '<') {
            fputs("\\u003c", out);
            from++;
        }
    }
    free(text);
    return 0;
}

/* Base64 of this many bytes has 2^29 - 24 characters, the most that a string of Chromium holds. */
#define MOST_BYTES ((((size_t)1 << 29) - 24) / 4 * 3)

static size_t item_bytes(const struct export *e, const struct content *c) {
    return c->items * e->model.elements * dtype_size(c->dtype);
}

/* 0, or -1 with a message if a browser could not read the page. */
static int check_size(const struct export *e, const struct content *c) {
    const size_t weights = graph_json_count(&e->graph) * sizeof(float), items = item_bytes(e, c),
                 latents = c->items * e->model.config.latent * sizeof(float), most = MOST_BYTES >> 20;
    if (weights > MOST_BYTES)
        return fail("%s: weights of %zu MiB, wanted at most %zu, which a browser can read", e->graph.name,
                    weights >> 20, most);
    if (items > MOST_BYTES)
        return fail("%s: %zu items of together %zu MiB, wanted at most %zu, which a browser can read (-n)",
                    e->graph.name, c->items, items >> 20, most);
    if (latents > MOST_BYTES)
        return fail(
            "%s: latents of %zu items of together %zu MiB, wanted at most %zu, which a browser can read (-n)",
            e->graph.name, c->items, latents >> 20, most);
    return 0;
}

static void open_element(const char *id, const char *type, FILE *out) {
    fprintf(out, "<script type=\"%s\" id=\"%s\">", type, id);
}

static void put_blob(const char *id, const void *bytes, size_t size, FILE *out) {
    struct base64 b = {.out = out};
    open_element(id, "text/plain", out);
    base64_put(&b, bytes, size);
    base64_finish(&b);
    fputs("</script>\n", out);
}

static int put_data(const struct export *e, const struct content *c, FILE *out) {
    const size_t latent = e->model.config.latent;
    struct base64 weights = {.out = out};
    json_t *data = data_json(e, c);
    if (data == NULL)
        return -1;
    open_element("data", "application/json", out);
    const int result = put_json(data, e->graph.name, out);
    json_decref(data);
    fputs("</script>\n", out);
    open_element("weights", "text/plain", out);
    graph_json_weights(&e->graph, &weights);
    base64_finish(&weights);
    fputs("</script>\n", out);
    put_blob("draws", c->draw, c->draws * latent * sizeof *c->draw, out);
    put_blob("mu", c->mu, c->items * latent * sizeof *c->mu, out);
    put_blob("items", c->item, item_bytes(e, c), out);
    return result;
}

static void put_after_line(const char *begin, const char *end, FILE *out) {
    const char *line = memchr(begin, '\n', (size_t)(end - begin));
    if (line != NULL)
        fwrite(line + 1, 1, (size_t)(end - line - 1), out);
}

/* Without their first lines, which name the licence; page.html keeps its own. */
static void put_assets(const char *marker, size_t length, FILE *out) {
    for (const struct asset *a = assets; a->begin != NULL; a++)
        if (a->marker != NULL && strlen(a->marker) == length && memcmp(a->marker, marker, length) == 0)
            put_after_line(a->begin, a->end, out);
}

/* A line of page.html that begins with @ is a marker, in place of which files or the data stand. */
int page_write(const struct export *e, const struct content *c, FILE *out) {
    int result = check_size(e, c);
    for (const char *line = assets[0].begin; result == 0 && line < assets[0].end;) {
        const size_t left = (size_t)(assets[0].end - line);
        const char *end = memchr(line, '\n', left);
        const size_t length = end == NULL ? left : (size_t)(end - line) + 1;
        if (*line != '@')
            fwrite(line, 1, length, out);
        else if (length == 6 && memcmp(line, "@data", 5) == 0)
            result = put_data(e, c, out);
        else
            put_assets(line + 1, length - 2, out);
        line += length;
    }
    return result;
}
