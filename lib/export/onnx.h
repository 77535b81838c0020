/* SPDX-License-Identifier: MIT */
#ifndef EXPORT_ONNX_H
#define EXPORT_ONNX_H

#include "base/io.h"
#include "export/export.h"

/* Writes a part of a model as an ONNX file of operator set 13: https://onnx.ai/onnx, onnx/onnx.proto3 and
 * docs/Operators.md there. 0, or -1 with a message. */
int onnx_write(const struct export *e, const struct output *out) __attribute__((warn_unused_result));

#endif
