/* SPDX-License-Identifier: MIT */
#ifndef VAE_H
#define VAE_H

#include <stddef.h>
#include <stdint.h>

/* libvae: uses models that vae-train(1) has made. See vae(3).
 *
 * A row is one item, or one latent. Arrays are row-major and belong to the caller; rows follow each other without
 * gaps. The numbers are those that vae-encode --stats, vae-decode and vae-score write for the same rows, byte for
 * byte, whatever the number of rows and of threads.
 *
 * Any number of threads may use a model at the same time. No function prints, ends the process, handles signals,
 * reads the environment or leaves a thread behind. Floating-point control registers and the locale are as before
 * when a function returns. */

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* What a function returns, and the code of an error. */
enum {
    VAE_OK,
    VAE_ERROR_ARGUMENT, /* an argument that this model does not take, such as labels, or NULL */
    VAE_ERROR_SYSTEM,   /* a file that cannot be read, or a thread that cannot be started */
    VAE_ERROR_MEMORY,   /* out of memory */
    VAE_ERROR_MODEL,    /* not a model file, or one that is damaged or not supported */
    VAE_ERROR_ROW       /* a row that the model does not accept, or whose results are not finite */
};

#define VAE_MESSAGE 1024 /* bytes of a message, including the final 0; a longer one is truncated */

/* An error of a call. A pointer to one may be NULL if the caller does not want it. After a call without an error,
 * the code is VAE_OK and the message is empty. */
typedef struct vae_error {
    int code;                  /* VAE_OK or VAE_ERROR_... */
    size_t row;                /* of VAE_ERROR_ROW: the number of the row, from 0; else 0 */
    char message[VAE_MESSAGE]; /* one line, such as "x: item 3, element 5 is nan, wanted ...", without a newline */
} vae_error;

/* How a call runs. A pointer to one may be NULL: then it is as VAE_OPTIONS. Later versions may add members at the
 * end; `size` says which of them the caller knows. */
typedef struct vae_options {
    size_t size;    /* sizeof(vae_options) */
    size_t threads; /* 1 to 256, including the caller's; they are started and ended by the call */
    /* Noise, which only vae_encode uses, and only with a model that was trained with --binarize sample, depends on
     * the seed, by default 1, and the number of a row: `first` is that of the call's first row, by default 0. */
    uint64_t seed, first;
} vae_options;

#define VAE_OPTIONS \
    { sizeof(vae_options), 1, 1, 0 }

/* An opened model, which no function changes. */
typedef struct vae_model vae_model;

/* Reads a model file. Returns the model, to be closed with vae_close, or NULL with an error. */
vae_model *vae_open(const char *path, vae_error *error);

/* The same for a file whose `size` bytes are in memory. They are not needed any more afterwards. */
vae_model *vae_open_memory(const void *bytes, size_t size, vae_error *error);

/* Releases a model that no other call is using. Does nothing if it is NULL. */
void vae_close(vae_model *model);

/* Return the sizes of rows: the elements of an item, the numbers of a latent, and the number of classes of the
 * labels; 0 classes: the model is not conditional on labels. */
size_t vae_elements(const vae_model *model);
size_t vae_latent(const vae_model *model);
size_t vae_classes(const vae_model *model);

/* Return the shape of an item: its number of dimensions, 1 to 6, and one of them, from 0; 0 if there is no such
 * dimension. The elements are in row-major order, pictures HxW or HxWxC. */
size_t vae_rank(const vae_model *model);
size_t vae_dimension(const vae_model *model, size_t i);

/* Returns whether elements may be missing, which are NaN: 1 or 0. */
int vae_missing(const vae_model *model);

/* Returns the name of the likelihood, such as "bernoulli", which says what elements may be; see vae-train(1). */
const char *vae_likelihood(const vae_model *model);

/* Returns the vocabulary of a model of sequences, one token per line: an element is the number of its token, from 1
 * in the order of the lines, and 0 after the end. NULL: the items are no sequences. The text belongs to the model.
 */
const char *vae_tokens(const vae_model *model);

/* Encode items: for each of `rows` rows of x [rows, elements], write the mean of q(z|x) to mu [rows, latent] and
 * the logarithm of its variance to logvar [rows, latent]. Either may be NULL. labels [rows] are below the number of
 * classes; NULL if there are none. VAE_OK or an error; after an error the results are not defined. */
int vae_encode(const vae_model *model, const float *x, const uint32_t *labels, size_t rows, float *mu,
               float *logvar, const vae_options *options, vae_error *error);

/* Decode latents: for each row of z [rows, latent], write the mean of p(x|z) to x [rows, elements]; for categories
 * and tokens the most probable ones, as vae-decode(1) does. labels, results and errors as above. */
int vae_decode(const vae_model *model, const float *z, const uint32_t *labels, size_t rows, float *x,
               const vae_options *options, vae_error *error);

/* Score items: for each row of x [rows, elements], write minus the ELBO at z = mu, in nats, to score [rows]: the
 * higher, the less typical the item. This is the default of vae-score(1). labels and errors as above. */
int vae_score(const vae_model *model, const float *x, const uint32_t *labels, size_t rows, double *score,
              const vae_options *options, vae_error *error);

/* Returns the version of the library, such as "0.2.0". */
const char *vae_version(void);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
