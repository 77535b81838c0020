/* SPDX-License-Identifier: MIT */
/* Opens and closes models, and says what they are. */
#include "base/error.h"
#include "libvae/call.h"
#include "libvae/handle.h"
#include "model/model_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Reads the model. Returns VAE_OK or the code of an error. */
static int read_model(vae_model *m, const struct input *in) {
    json_t *metadata;
    const int result = model_read(&m->model, MODEL_AS_TRAINED, &metadata, in);
    json_decref(metadata);
    if (result < 0)
        return VAE_ERROR_MODEL;
    net_pack(&m->model.net);
    m->scoring = m->model;
    m->scoring.keeps_grey = true;
    return VAE_OK;
}

/* Opens the file. The number of its descriptor is never that of a standard stream that the program has closed. */
static int open_file(struct input *in, const char *path) {
    struct stat status;
    int fd;
    do
        fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    if (fd >= 0 && fd <= STDERR_FILENO) {
        const int low = fd;
        fd = fcntl(low, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        close(low);
    }
    *in = (struct input){.fd = fd, .name = path};
    if (fd < 0 || fstat(fd, &status) < 0) {
        (void)fail_system(path, "cannot open");
        return VAE_ERROR_SYSTEM;
    }
    if (S_ISDIR(status.st_mode)) {
        (void)fail("%s: is a directory, wanted a model file", path);
        return VAE_ERROR_SYSTEM;
    }
    return VAE_OK;
}

/* Reads the model from the file at `path` or, if it is NULL, from the bytes. */
static int open_either(vae_model **model, const char *path, struct input_bytes *bytes) {
    struct input in;
    vae_model *m = *model = calloc(1, sizeof *m);
    if (m != NULL)
        m->name = strdup(path == NULL ? "model" : path);
    if (m == NULL || m->name == NULL) {
        (void)fail("%s: out of memory for a model", path == NULL ? "model" : path);
        return VAE_ERROR_MEMORY;
    }
    if (path == NULL) {
        input_from(&in, bytes, m->name);
        return read_model(m, &in);
    }
    int code = open_file(&in, m->name);
    if (code == VAE_OK)
        code = read_model(m, &in);
    input_close(&in);
    return code;
}

static vae_model *open_model(const char *path, struct input_bytes *bytes, vae_error *error) {
    const struct call call = call_begin(error);
    vae_model *model = NULL;
    int code = VAE_ERROR_ARGUMENT;
    if (path == NULL && bytes->next == NULL)
        (void)fail("model: is NULL, wanted a path or the bytes of a model file");
    else
        code = open_either(&model, path, bytes);
    if (call_end(&call, code, 0) == VAE_OK)
        return model;
    vae_close(model);
    return NULL;
}

vae_model *vae_open(const char *path, vae_error *error) {
    struct input_bytes none = {0};
    return open_model(path, &none, error);
}

vae_model *vae_open_memory(const void *bytes, size_t size, vae_error *error) {
    struct input_bytes all = {.next = bytes, .left = size};
    return open_model(NULL, &all, error);
}

void vae_close(vae_model *m) {
    if (m == NULL)
        return;
    model_free(&m->model);
    free(m->name);
    free(m);
}

size_t vae_elements(const vae_model *m) {
    return m->model.elements;
}

size_t vae_latent(const vae_model *m) {
    return m->model.config.latent;
}

size_t vae_classes(const vae_model *m) {
    return m->model.config.classes;
}

size_t vae_rank(const vae_model *m) {
    return m->model.config.item.rank;
}

size_t vae_dimension(const vae_model *m, size_t i) {
    return i < m->model.config.item.rank ? m->model.config.item.dim[i] : 0;
}

int vae_missing(const vae_model *m) {
    return m->model.config.missing;
}

const char *vae_likelihood(const vae_model *m) {
    return m->model.config.likelihood->name;
}

const char *vae_tokens(const vae_model *m) {
    return m->model.config.tokens;
}

const char *vae_version(void) {
    return VAEUTILS_VERSION;
}
