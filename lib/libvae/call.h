/* SPDX-License-Identifier: MIT */
#ifndef LIBVAE_CALL_H
#define LIBVAE_CALL_H

#include "libvae/vae.h"

#include <locale.h>

/* What each function of the interface that computes or reads begins and ends with. */
struct call {
    vae_error *error;  /* the caller's; may be NULL */
    uint64_t floating; /* the thread's floating-point registers as the caller left them */
    locale_t locale;   /* the thread's locale as the caller left it */
};

/* Sets the thread's floating-point registers and its locale to those of the tools, and selects the kernels for
 * matrix products that the tools use, never OpenBLAS. End with call_end, also after an error. */
struct call call_begin(vae_error *error);

/* Restores what call_begin changed, and sets the caller's error: VAE_OK if `code` is VAE_OK; else the code and the
 * last message of this thread, but VAE_ERROR_MEMORY and VAE_ERROR_SYSTEM if that was the cause. `row`: see struct
 * vae_error. Returns the code. */
int call_end(const struct call *call, int code, size_t row);

#endif
