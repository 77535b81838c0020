// SPDX-License-Identifier: MIT
// The functions of nodes, of a number x; the last one also of an inverse scale s.

function sigmoid(x) {
    return 1 / (1 + Math.exp(-x));
}

// The normal distribution function: a series near 0 (Abramowitz and Stegun 26.2.11), a continued fraction of Mills'
// ratio further out (26.2.14).
function normal(x) {
    const density = Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI), size = Math.abs(x);
    let tail = 0;
    if (size < 3) {
        let term = x, sum = x;
        for (let k = 1; Math.abs(term) > 1e-17; k++) {
            term *= x * x / (2 * k + 1);
            sum += term;
        }
        return 0.5 + density * sum;
    }
    for (let k = 60; k > 0; k--)
        tail = k / (size + tail);
    tail = density / (size + tail);
    return x > 0 ? 1 - tail : tail;
}

const LEVELS = 255; // between black and white, for logisticMean

const functions = {
    identity: x => x,
    relu: x => x > 0 ? x : 0,
    tanh: Math.tanh,
    elu: x => x > 0 ? x : Math.expm1(x),
    softplus: x => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    gelu: x => x * normal(x),
    silu: x => x * sigmoid(x),
    sigmoid,
    exp: x => Math.exp(Math.min(x, 88)),
    log1p: Math.log1p,
    inverseScale: x => Math.exp(-x),
    continuousMean: x => Math.abs(x) < 1e-3 ? 0.5 + x / 12 : 1 / -Math.expm1(-x) - 1 / x,
    logisticMean(x, s) {
        let sum = 0;
        for (let k = 0; k < LEVELS; k++)
            sum += sigmoid((x - (k + 0.5) / LEVELS) * s);
        return sum / LEVELS;
    },
};
