/* SPDX-License-Identifier: MIT */
#ifndef LIBVAE_HANDLE_H
#define LIBVAE_HANDLE_H

#include "libvae/vae.h"
#include "model/model.h"

/* Both models share all that they own, which `model` frees. They are packed, and not changed after vae_open. */
struct vae_model {
    char *name;           /* the file's, for messages; owned */
    struct model model;   /* encodes and decodes */
    struct model scoring; /* scores: with `keeps_grey`, as vae-score has it without draws */
};

#endif
