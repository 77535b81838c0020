// SPDX-License-Identifier: MIT
// The decoder: a list of nodes, each of which computes a row of numbers from those of earlier nodes. The numbers of a
// picture are in the order of rows, columns and channels.

function widthOf(node) {
    return node.image[0] * node.image[1] * node.image[2];
}

// Each kind of node: what prepares it, once, from the node, its inputs' nodes and the weights, and returns the function
// that computes `out` from the inputs' numbers.
const kinds = {
    constant(node) {
        const value = weights.subarray(node.weight, node.weight + widthOf(node));
        return out => out.set(value);
    },

    linear(node, inputs) {
        const wide = widthOf(inputs[0]), bias = node.bias;
        return (out, x) => {
            for (let i = 0, w = node.weight; i < out.length; i++) {
                let even = weights[bias + i], odd = 0, k = 0;
                for (; k + 1 < wide; k += 2, w += 2) {
                    even += weights[w] * x[k];
                    odd += weights[w + 1] * x[k + 1];
                }
                if (k < wide)
                    even += weights[w++] * x[k];
                out[i] = even + odd;
            }
        };
    },

    conv: prepareConvolution,

    up(node, inputs) {
        const [height, width, channels] = node.image, from = inputs[0].image[1], factor = node.factor;
        return (out, x) => {
            for (let i = 0, at = 0; i < height; i++)
                for (let j = 0; j < width; j++, at += channels) {
                    const begin = (Math.floor(i / factor) * from + Math.floor(j / factor)) * channels;
                    out.set(x.subarray(begin, begin + channels), at);
                }
        };
    },

    norm(node) {
        const channels = node.image[2], each = channels / node.groups;
        return (out, x) => {
            for (let first = 0; first < channels; first += each)
                normalizeGroup(node, out, x, first, each);
        };
    },

    function(node) {
        const f = functions[node.function];
        if (node.in.length === 1)
            return (out, x) => {
                for (let i = 0; i < out.length; i++)
                    out[i] = f(x[i]);
            };
        return (out, x, s) => {
            for (let i = 0; i < out.length; i++)
                out[i] = f(x[i], s[i]);
        };
    },

    gate() {
        return (out, x) => {
            for (let i = 0; i < out.length; i++)
                out[i] = x[2 * i] * sigmoid(x[2 * i + 1]);
        };
    },

    add() {
        return (out, a, b) => {
            for (let i = 0; i < out.length; i++)
                out[i] = a[i] + b[i];
        };
    },

    // The second input may have one position, which then goes to all.
    concatenate(node, inputs) {
        const [first, second] = inputs.map(input => input.image[2]), step = widthOf(inputs[1]) === second ? 0 : second;
        return (out, a, b) => {
            for (let at = 0, i = 0, j = 0; at < out.length; at += first + second, i += first, j += step) {
                out.set(a.subarray(i, i + first), at);
                out.set(b.subarray(j, j + second), at + first);
            }
        };
    },

    clamp(node) {
        const first = node.first || 0;
        return (out, x) => {
            for (let i = 0; i < out.length; i++)
                out[i] = i < first ? x[i] : Math.max(-node.bound, Math.min(node.bound, x[i]));
        };
    },

    pick(node) {
        const first = node.first || 0;
        return (out, x) => {
            for (let i = 0; i < out.length; i++)
                out[i] = x[i * node.step + first];
        };
    },

    most(node) {
        return (out, x) => {
            for (let i = 0; i < out.length; i++) {
                let most = 0;
                for (let level = 1; level < node.levels; level++)
                    if (x[i * node.levels + level] > x[i * node.levels + most])
                        most = level;
                out[i] = most;
            }
        };
    },
};

// Group normalization of the channels [first, first + each).
function normalizeGroup(node, out, x, first, each) {
    const channels = node.image[2], count = out.length / channels * each;
    const sumOf = term => {
        let sum = 0;
        for (let i = first; i < out.length; i += channels)
            for (let c = 0; c < each; c++)
                sum += term(x[i + c]);
        return sum;
    };
    const mean = sumOf(value => value) / count;
    const scale = 1 / Math.sqrt(sumOf(value => (value - mean) ** 2) / count + node.epsilon);
    for (let i = first; i < out.length; i += channels)
        for (let c = 0; c < each; c++)
            out[i + c] = (x[i + c] - mean) * scale * weights[node.weight + first + c] + weights[node.bias + first + c];
}

// Returns the function that decodes z [latent] with a label. Its result [elements] is valid until the next call.
function makeDecoder(nodes) {
    const values = nodes.map(node => new Float32Array(widthOf(node)));
    const steps = nodes.map((node, i) => {
        if (node.kind === "input")
            return null;
        const run = kinds[node.kind](node, node.in.map(input => nodes[input])), inputs = node.in.map(input => values[input]);
        return () => run(values[i], ...inputs);
    });
    const set = (values, node, z, label) => {
        if (node.name === "label")
            values.forEach((_, i) => { values[i] = i === label ? 1 : 0; });
        else
            values.set(z);
    };
    return (z, label) => {
        steps.forEach((step, i) => step === null ? set(values[i], nodes[i], z, label) : step());
        return values[values.length - 1];
    };
}

const decode = makeDecoder(data.nodes);
