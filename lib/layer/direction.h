/* SPDX-License-Identifier: MIT */
#ifndef LAYER_DIRECTION_H
#define LAYER_DIRECTION_H

/* The direction of a pass through a layer. */
enum direction { DIRECTION_FORWARD, DIRECTION_BACKWARD, DIRECTIONS };

#endif
