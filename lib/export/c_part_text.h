/* SPDX-License-Identifier: MIT */
#ifndef EXPORT_C_PART_TEXT_H
#define EXPORT_C_PART_TEXT_H

#include "export/c_parts.h"

struct c_part_text {
    const char *text;
    unsigned calls;  /* bits 1u << enum c_part */
    bool reads_bits; /* it needs c_bits_text before it */
};

extern const struct c_part_text c_part_text[PARTS];

/* A float and its bits, and powers of 2. */
extern const char c_bits_text[];

/* Texts of the layers, see c_layer_text.c. */
extern const char c_linear_text[], c_conv_text[], c_up_text[], c_norm_text[], c_concatenate_text[], c_gru_text[],
    c_gru_sequence_text[];

#endif
