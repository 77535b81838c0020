// SPDX-License-Identifier: MIT
// How items are shown: pictures as pictures, sequences of tokens as text, others as bars.

const tokens = data.metadata.tokens === undefined ? null : data.metadata.tokens.split("\n").slice(0, -1);
const isPicture = tokens === null && (data.shape.length === 2 || (data.shape.length === 3 && [1, 3].includes(data.shape[2])));
const BARS = 60; // at most

// The least and the greatest number of the embedded items, without NaN.
function rangeOf(numbers) {
    let low = Infinity, high = -Infinity;
    for (const x of numbers) {
        if (x < low)
            low = x;
        if (x > high)
            high = x;
    }
    return [low, high];
}

// The numbers that are black and white, or an empty and a full bar.
const [low, high] = limits();

function limits() {
    const [least, most] = data.items > 0 ? rangeOf(items) : sampleRange();
    if (data.levels > 0)
        return [0, data.levels - 1];
    if (isPicture && !data.raw && least > -0.01 && most < 1.01)
        return [0, 1];
    return least < most ? [Math.min(least, 0), Math.max(most, 0)] : [0, Math.max(1, most)];
}

// Without items: the range of what the prior's draws decode to.
function sampleRange() {
    const ranges = [];
    for (let i = 0; i < Math.min(16, data.draws); i++)
        ranges.push(...rangeOf(decode(row(draws, data.latent, i), 0)));
    return rangeOf(ranges);
}

// The elements that have a bar, in their order: those that vary most.
const shown = tokens === null && !isPicture ? choose() : [];

function choose() {
    const count = data.items > 0 ? data.items : Math.min(64, data.draws);
    const sum = new Float64Array(elements), squares = new Float64Array(elements), known = new Float64Array(elements);
    for (let i = 0; i < count; i++) {
        const x = data.items > 0 ? row(items, elements, i) : decode(row(draws, data.latent, i), 0);
        for (let k = 0; k < elements; k++)
            if (!Number.isNaN(x[k])) {
                sum[k] += x[k];
                squares[k] += x[k] * x[k];
                known[k]++;
            }
    }
    const variance = k => known[k] > 0 ? squares[k] / known[k] - (sum[k] / known[k]) ** 2 : 0;
    return [...sum.keys()].sort((a, b) => variance(b) - variance(a)).slice(0, BARS).sort((a, b) => a - b);
}

function nameOf(element) {
    return data.names === undefined || data.names === null ? `element ${element}` : data.names[element];
}

function textOf(numbers) {
    const words = [];
    for (const number of numbers) {
        if (!(number > 0))
            break;
        words.push(tokens[number - 1]); // 0 is the end
    }
    return words.join("");
}

// Makes an element that shows an item; `title` is its text for screen readers.
function makeItem(title) {
    if (tokens !== null) {
        const text = document.createElement("p");
        text.className = "item";
        return text;
    }
    const canvas = document.createElement("canvas");
    canvas.className = isPicture ? "item" : "item profile";
    canvas.width = isPicture ? data.shape[1] : 4 * shown.length;
    canvas.height = isPicture ? data.shape[0] : 2 * shown.length;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", title);
    return canvas;
}

function paintPicture(canvas, x) {
    const channels = data.shape[2] || 1, context = canvas.getContext("2d");
    const image = context.createImageData(canvas.width, canvas.height), scale = 255 / (high - low);
    for (let pixel = 0; pixel < canvas.width * canvas.height; pixel++) {
        for (let c = 0; c < 3; c++)
            image.data[4 * pixel + c] = (x[pixel * channels + (channels === 3 ? c : 0)] - low) * scale;
        image.data[4 * pixel + 3] = Number.isNaN(x[pixel * channels]) ? 0 : 255;
    }
    canvas.classList.toggle("missing", x.some(Number.isNaN));
    context.putImageData(image, 0, 0);
}

function paintProfile(canvas, x) {
    const context = canvas.getContext("2d"), place = value => canvas.height * (high - value) / (high - low);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = colorOf("--bar");
    shown.forEach((element, i) => {
        const top = Math.max(0, Math.min(place(0), place(x[element])));
        context.fillRect(4 * i, top, 3, Math.max(1, Math.abs(place(x[element]) - place(0))));
    });
}

function paintItem(element, x) {
    if (tokens !== null)
        element.textContent = textOf(x);
    else if (isPicture)
        paintPicture(element, x);
    else
        paintProfile(element, x);
}

function colorOf(variable) {
    return getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
}
