// SPDX-License-Identifier: MIT
// What vae2html wrote into the page.

function bytesOf(id) {
    const text = atob(document.getElementById(id).textContent.trim());
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++)
        bytes[i] = text.charCodeAt(i);
    return bytes;
}

// Numbers are little-endian; so are the processors of all browsers.
function floatsOf(id) {
    return new Float32Array(bytesOf(id).buffer);
}

const data = JSON.parse(document.getElementById("data").textContent);
const weights = floatsOf("weights");
const draws = floatsOf("draws");   // [draws, latent]
const means = floatsOf("mu");      // [items, latent]
const elements = data.shape.reduce((product, size) => product * size, 1);
const items = itemsOf();           // [items, elements], as the model takes them

function itemsOf() {
    if (!data.bytes)
        return floatsOf("items");
    const scale = data.raw ? 1 : 255;
    return Float32Array.from(bytesOf("items"), byte => byte / scale);
}

// Row i of an array of rows.
function row(array, width, i) {
    return array.subarray(i * width, (i + 1) * width);
}
