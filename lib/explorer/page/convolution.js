// SPDX-License-Identifier: MIT
// A convolution of a picture with the channels last. The weights [out, in, kernel, kernel] are laid out once as
// [kernel, kernel, in, out], so that the inner loop goes along the output channels.

function layOut(node, channels) {
    const out = node.image[2], taps = node.kernel * node.kernel, laid = new Float32Array(taps * channels * out);
    for (let o = 0, from = node.weight; o < out; o++)
        for (let c = 0; c < channels; c++)
            for (let tap = 0; tap < taps; tap++, from++)
                laid[(tap * channels + c) * out + o] = weights[from];
    return laid;
}

function prepareConvolution(node, inputs) {
    const [height, width, channels] = node.image, [rows, columns, depth] = inputs[0].image;
    const { kernel, stride } = node, before = node.before || 0;
    const laid = layOut(node, depth), bias = weights.subarray(node.bias, node.bias + channels);
    const sum = new Float64Array(channels);

    // Adds the part of one position of the kernel.
    const addTap = (x, at, tap) => {
        for (let c = 0, w = tap * depth * channels; c < depth; c++) {
            const value = x[at + c];
            for (let o = 0; o < channels; o++, w++)
                sum[o] += value * laid[w];
        }
    };
    return (out, x) => {
        for (let i = 0, to = 0; i < height; i++)
            for (let j = 0; j < width; j++, to += channels) {
                sum.set(bias);
                for (let k = 0; k < kernel; k++) {
                    const y = i * stride + k - before;
                    if (y < 0 || y >= rows)
                        continue;
                    for (let l = 0; l < kernel; l++) {
                        const column = j * stride + l - before;
                        if (column >= 0 && column < columns)
                            addTap(x, (y * columns + column) * depth, k * kernel + l);
                    }
                }
                out.set(sum, to);
            }
    };
}
