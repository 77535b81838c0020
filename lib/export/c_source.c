/* SPDX-License-Identifier: MIT */
#include "export/c_source.h"

#include "base/error.h"
#include "export/c_body.h"
#include "export/c_parts.h"
#include "export/c_weights.h"

#include <stdlib.h>

/* What is written, and the numbers in its comment. */
struct source {
    const struct export *export;
    struct c_memory memory;
    const char *name, *verb; /* PREFIX, "decode" or "encode" */
    size_t latent, elements, classes;
    char *layers; /* their sizes; owned */
    FILE *out;
};

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

int c_name_parse(void *field, const char *what, const char *text) {
    size_t n = 0;
    while (is_letter(text[n]) || (n > 0 && text[n] >= '0' && text[n] <= '9'))
        n++;
    if (n == 0 || text[n] != '\0' || n > C_NAME_MAX)
        return fail("%s: found '%s', wanted letters, digits and _, at most %d, the first one no digit", what, text,
                    C_NAME_MAX);
    *(const char **)field = text;
    return 0;
}

/* The working memory has one float at least, since C has no arrays without elements. */
static size_t work_of(const struct source *s) {
    return s->memory.work == 0 ? 1 : s->memory.work;
}

/* What the elements of items are. */
static const char *elements_text(const struct model_config *c) {
    if (c->binarize != BINARIZE_NONE)
        return "0 or 1";
    if (c->tokens != NULL)
        return "numbers of tokens";
    if (c->likelihood->has_levels)
        return "levels, from 0 on";
    return c->likelihood->raw_u8 ? "the numbers of the data"
                                 : "u8 divided by 255, numbers of other types as they are";
}

/* What NaN stands for in x of an encoder, after the elements' text. */
static const char *nan_text(const struct model *m) {
    if (m->config.tokens != NULL)
        return "; NaN after the first 0";
    return m->may_miss ? "; NaN is a missing one" : "";
}

/* What a decoder's item is. */
static const char *item_text(const struct model_config *c) {
    if (c->tokens != NULL)
        return "item of the most probable tokens";
    return c->likelihood->has_levels ? "most probable item" : "mean item";
}

/* One line for each of the function's arrays. */
static void write_arguments(const struct source *s) {
    const struct model *m = &s->export->model;
    const char *elements = elements_text(&m->config);
    char shape[SHAPE_TEXT];
    (void)shape_text(&m->config.item, shape);
    if (s->export->decoder)
        fprintf(s->out, " *     z       [%zu]\n", s->latent);
    else
        fprintf(s->out, " *     x       [%zu], an item, %s: %s%s\n", s->elements, shape, elements, nan_text(m));
    if (s->classes > 0)
        fprintf(s->out, " *     label   0 to %zu\n", s->classes - 1);
    if (s->export->decoder)
        fprintf(s->out, " *     x       [%zu], the %s, %s: %s\n", s->elements, item_text(&m->config), shape,
                m->config.binarize == BINARIZE_NONE ? elements : "probabilities of 1");
    else
        fprintf(s->out, " *     mu      [%zu]\n *     logvar  [%zu]\n", s->latent, s->latent);
    fprintf(s->out, " *     work    [%zu], %zu bytes, which need not be set\n", work_of(s),
            work_of(s) * sizeof(float));
}

static void write_about(const struct source *s) {
    const struct model *m = &s->export->model;
    fprintf(s->out, "/* %s_%s() computes what %s.\n", s->name, s->verb,
            s->export->decoder
                ? "vae-decode(1) writes: an item x from its latent z"
                : "vae-encode(1) --stats writes: the posterior N(mu, diag exp(logvar)) of an item x");
    fprintf(s->out, " * Written by vae2c of vaeutils %s from a model %s, %s.\n *\n", VAEUTILS_VERSION, s->layers,
            m->config.likelihood->name);
    write_arguments(s);
    fprintf(
        s->out,
        " *\n"
        " * The arrays do not overlap. There is no other memory than these, the stack, and %zu bytes of constant\n"
        " * weights, so calls with different arrays may run at the same time. gcc vectorizes the loops with\n"
        " * -O3 -fno-trapping-math, and clang with -O2; -ffast-math must not be given. */\n",
        c_weights_count(&s->export->graph) * sizeof(float));
}

static void write_prototype(const struct source *s) {
    fprintf(s->out, "void %s_%s(const float %s[%zu], ", s->name, s->verb, s->export->decoder ? "z" : "x",
            s->export->decoder ? s->latent : s->elements);
    if (s->classes > 0)
        fputs("int label, ", s->out);
    if (s->export->decoder)
        fprintf(s->out, "float x[%zu], ", s->elements);
    else
        fprintf(s->out, "float mu[%zu], float logvar[%zu], ", s->latent, s->latent);
    fprintf(s->out, "float work[%zu])", work_of(s));
}

static void write_declarations(const struct source *s) {
    fprintf(s->out, "enum {\n    %s_%s_latent = %zu,\n", s->name, s->verb, s->latent);
    if (s->classes > 0)
        fprintf(s->out, "    %s_%s_labels = %zu,\n", s->name, s->verb, s->classes);
    fprintf(s->out, "    %s_%s_%s = %zu,\n    %s_%s_work = %zu\n};\n\n", s->name, s->verb,
            s->export->decoder ? "outputs" : "inputs", s->elements, s->name, s->verb, work_of(s));
    write_prototype(s);
    fputs(";\n", s->out);
}

static void put_guard(const struct source *s) {
    fprintf(s->out, "%s_%s_H\n", s->name, s->export->decoder ? "DECODE" : "ENCODE");
}

static void write_header(const struct source *s) {
    write_about(s);
    fputs("#ifndef ", s->out);
    put_guard(s);
    fputs("#define ", s->out);
    put_guard(s);
    fputs("\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n", s->out);
    write_declarations(s);
    fputs("\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n", s->out);
}

static void write_function(const struct source *s) {
    const struct c_body body = {
        .graph = &s->export->graph,
        .memory = &s->memory,
        .result = {s->export->decoder ? "x" : "mu", "logvar"},
        .divided = s->export->decoder ? 0 : s->latent,
        .out = s->out,
    };
    c_body_write_position(&body);
    fputs("\n", s->out);
    write_prototype(s);
    fputs(" {\n", s->out);
    if (s->memory.work == 0)
        fputs("    (void)work;\n", s->out);
    c_body_write(&body);
    fputs("}\n", s->out);
}

static void write_source(const struct source *s) {
    write_about(s);
    fputs("#include <stddef.h>\n#include <stdint.h>\n\n", s->out);
    write_declarations(s);
    c_parts_write(s->out, &s->export->graph);
    c_weights_write(s->out, &s->export->graph);
    write_function(s);
}

int c_source_write(const struct export *e, const char *name, bool header, FILE *out) {
    struct source s = {
        .export = e,
        .name = name,
        .verb = e->decoder ? "decode" : "encode",
        .latent = e->model.config.latent,
        .elements = e->model.elements,
        .classes = e->model.config.classes,
        .out = out,
    };
    s.layers = model_describe(&e->model);
    const int result = s.layers == NULL || c_memory_plan(&s.memory, &e->graph, !e->decoder) < 0 ? -1 : 0;
    if (result == 0 && header)
        write_header(&s);
    else if (result == 0)
        write_source(&s);
    c_memory_free(&s.memory);
    free(s.layers);
    return result;
}
