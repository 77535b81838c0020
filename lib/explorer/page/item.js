// SPDX-License-Identifier: MIT
// How items are shown: pictures as pictures, sequences of tokens as text, others as bars.

const tokens = data.metadata.tokens === undefined ? null : data.metadata.tokens.split("\n").slice(0, -1);
const isPicture = tokens === null && (data.shape.length === 2 || (data.shape.length === 3 && [1, 3].includes(data.shape[2])));
const isBars = tokens === null && !isPicture;
const BARS = 60;     // at most
const EXAMPLES = 64; // items that are decoded for the ranges of bars
const PROFILE = { width: 240, height: 96 };

// Calls take(x) for items, and for what is decoded from some points of the map.
function forExamples(take) {
    for (let i = 0; i < data.items; i++)
        take(row(items, elements, i));
    for (let i = 0; i < Math.min(EXAMPLES, data.items); i++)
        take(decode(row(means, data.latent, i), data.labels ? data.labels[i] : 0));
    for (let i = 0; i < Math.min(EXAMPLES, data.draws); i++)
        take(decode(row(draws, data.latent, i), 0));
}

// The numbers that are black and white.
const [low, high] = isPicture ? pictureLimits() : [0, 1];

function pictureLimits() {
    let least = Infinity, most = -Infinity;
    if (data.levels > 0)
        return [0, data.levels - 1];
    const take = x => x.forEach(value => {
        least = Math.min(least, value);
        most = Math.max(most, value);
    });
    if (data.items > 0)
        for (let i = 0; i < data.items; i++)
            take(row(items, elements, i).filter(value => !Number.isNaN(value)));
    else
        forExamples(take);
    if (!data.raw && least > -0.01 && most < 1.01)
        return [0, 1];
    return least < most ? [Math.min(least, 0), Math.max(most, 0)] : [0, Math.max(1, most)];
}

// The least and the greatest number of each element, between which its bar is drawn, and the elements that have a bar, in
// their order: those that vary most. Counts have one range for all, from 0 on.
const { ranges, shown } = isBars ? surveyElements() : { ranges: [], shown: [] };

function surveyElements() {
    const ranges = Array.from({ length: elements }, () => ({ low: Infinity, high: -Infinity, sum: 0, squares: 0, count: 0 }));
    forExamples(x => x.forEach((value, k) => {
        const range = ranges[k];
        if (Number.isNaN(value))
            return;
        range.low = Math.min(range.low, value);
        range.high = Math.max(range.high, value);
        range.sum += value;
        range.squares += value * value;
        range.count++;
    }));
    const variance = ({ sum, squares, count }) => count > 0 ? squares / count - (sum / count) ** 2 : 0;
    const shown = [...ranges.keys()].sort((a, b) => variance(ranges[b]) - variance(ranges[a])).slice(0, BARS).sort((a, b) => a - b);
    const highest = ranges.reduce((highest, range) => Math.max(highest, range.high), 1);
    return { ranges: ranges.map(range => data.raw ? { low: 0, high: highest } : withZero(range)), shown };
}

// The range with 0 in it, unless 0 is far away.
function withZero({ low, high }) {
    if (!(low < high))
        return Number.isFinite(low) ? { low: Math.min(low, 0), high: Math.max(low, 0) || 1 } : { low: 0, high: 1 };
    const span = high - low;
    return { low: low > 0 && low < span ? 0 : low, high: high < 0 && -high < span ? 0 : high };
}

// Where a number of an element lies in its range, from 0 to 1.
function placeInRange(element, value) {
    const { low, high } = ranges[element];
    return Math.max(0, Math.min(1, (value - low) / (high - low)));
}

// A number with the digits that matter in its element's range.
function numberText(element, value) {
    const span = ranges[element].high - ranges[element].low;
    if (Number.isNaN(value))
        return "missing";
    if (Number.isInteger(value) && data.raw)
        return String(value);
    if (span < 1e-4 || Math.abs(value) >= 1e9)
        return value.toPrecision(4);
    return value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(span))));
}

function nameOf(element) {
    return data.names ? data.names[element] : `element ${element}`;
}

// The text of token numbers: 0 is its end.
function textOf(numbers) {
    const words = [];
    for (const number of numbers) {
        if (!(number > 0))
            break;
        words.push(tokens[number - 1]);
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
    canvas.width = isPicture ? data.shape[1] : PROFILE.width;
    canvas.height = isPicture ? data.shape[0] : PROFILE.height;
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
        image.data[4 * pixel + 3] = x.subarray(pixel * channels, (pixel + 1) * channels).some(Number.isNaN) ? 0 : 255;
    }
    canvas.classList.toggle("missing", x.some(Number.isNaN));
    context.putImageData(image, 0, 0);
}

// Bars from 0, or from the lower end of a range without 0.
function paintProfile(canvas, x) {
    const context = canvas.getContext("2d"), { width, height } = canvas, each = width / shown.length;
    context.clearRect(0, 0, width, height);
    shown.forEach((element, i) => {
        const from = height * (1 - placeInRange(element, 0)), to = height * (1 - placeInRange(element, x[element]));
        context.fillStyle = colorOf("--line");
        context.fillRect(i * each, Math.min(from, height - 1), each, 1);
        context.fillStyle = colorOf("--bar");
        if (!Number.isNaN(x[element]))
            context.fillRect((i + 0.1) * each, Math.min(from, to), 0.8 * each, Math.max(1, Math.abs(to - from)));
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
