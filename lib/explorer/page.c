/* SPDX-License-Identifier: MIT */
#include "explorer/page.h"

#include "base/error.h"
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

/* A list of names, or null if none are given; a name that is no UTF-8 becomes its number. NULL: memory ran out. */
static json_t *names_json(const struct element_names *names, size_t count) {
    const char *name = NULL;
    if (names->text == NULL)
        return json_null();
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        name = element_names_next(names, name);
        json_t *text = json_string(name);
        if (json_array_append_new(list, text != NULL ? text : json_sprintf("%zu", i)) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* The last part of a path: a page may be shown to others. */
static const char *file_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* Returns all that is no array of floats or bytes. NULL with a message. */
static json_t *data_json(const struct export *e, const struct content *c) {
    const struct model_config *config = &e->model.config;
    json_t *nodes = graph_json(&e->graph);
    if (nodes == NULL)
        return NULL;
    json_t *data = json_pack(
        "{s:s, s:s, s:O, s:o, s:I, s:I, s:I, s:b, s:I, s:I, s:I, s:b, s:I, s:o, s:o?, s:o, s:o, s:o}", "version",
        VAEUTILS_VERSION, "model", file_name(e->graph.name), "metadata", e->metadata, "shape",
        list_of(c, config->item.rank, dimension_of), "latent", (json_int_t)config->latent, "classes",
        (json_int_t)config->classes, "levels", (json_int_t)config->levels, "raw", config->likelihood->raw_u8,
        "draws", (json_int_t)c->draws, "items", (json_int_t)c->items, "of", (json_int_t)c->of, "bytes",
        c->dtype == DTYPE_U8, "labelCount", (json_int_t)c->labels, "numbers", list_of(c, c->items, content_number),
        "labels", c->label == NULL ? NULL : list_of(c, c->items, label_of), "names",
        names_json(&c->names, e->model.elements), "labelNames", names_json(&c->label_names, c->labels), "nodes",
        nodes);
    if (data == NULL)
        (void)fail("%s: out of memory for the text of the page", e->graph.name);
    return data;
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
    put_blob("items", c->item, c->items * e->model.elements * dtype_size(c->dtype), out);
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
    int result = 0;
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
