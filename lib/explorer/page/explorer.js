// SPDX-License-Identifier: MIT
// The page: its state, and what each control does.

const SIDE = isPicture ? 12 : 6; // rows and columns of the manifold, columns of samples
const LATER = 150;               // milliseconds without a change of z, after which the manifold follows

const state = {
    z: new Float32Array(data.latent),
    source: "",   // where z comes from
    label: 0,     // of the decoder, if the model is conditional
    axes: [byVariance[0], data.latent > 1 ? byVariance[1] : -1],
    nextDraw: 0,
    nextSamples: 0,
};

function find(id) {
    return document.getElementById(id);
}

function pointText(i) {
    const label = data.labels ? `, label ${labelText(data.labels[i])}` : "";
    return data.items > 0 ? `item ${data.numbers[i]}${label}` : `draw ${i} from the prior`;
}

function decoderLabel(label) {
    return data.classes > 0 ? `, decoded with label ${labelText(label)}` : "";
}

const map = new LatentMap(find("map"), state.axes, pickPoint, (a, b) => {
    state.z[state.axes[0]] = a;
    if (state.axes[1] >= 0)
        state.z[state.axes[1]] = b;
    changed("moved on the map");
});
const sliders = makeSliders(find("sliders"), (latent, value) => {
    state.z[latent] = value;
    changed(`z${latent} moved`);
});
const figures = new Figures(find("figures"), find("numbers"));
const walk = new Walk((t, walking) => {
    walk.pointAt(t, state.z);
    changed(`${t.toFixed(2)} of the way from A to B`, walking);
});
const manifold = makeGrid(find("manifold"), SIDE, state.axes[1] < 0 ? SIDE : SIDE * SIDE, (_, z) => setLatent(z, "a cell of the manifold"));
const samples = makeGrid(find("samples"), SIDE, SIDE * SIDE, (i, z) => setLatent(z, `draw ${(state.nextSamples + i) % data.draws} from the prior`));

// What is drawn in the next frame of the screen, and how.
const parts = {
    z: drawLatent,
    walk: () => walk.show(state.label),
    manifold: drawManifold,
    samples: () => samples.show((i, z) => z.set(row(draws, data.latent, (state.nextSamples + i) % data.draws)), state.label),
};
const due = new Set();

function draw(...names) {
    if (due.size === 0)
        requestAnimationFrame(() => {
            const now = [...due];
            due.clear();
            now.forEach(name => parts[name]());
        });
    names.forEach(name => due.add(name));
}

// z was set; `source` tells how. Any control but the walk itself ends a walk.
function changed(source, walking = false) {
    state.source = source;
    if (!walking)
        walk.stop();
    [walk.grid, manifold, samples].forEach(grid => grid.clear());
    draw("z");
    manifold.stop();
    clearTimeout(changed.later);
    changed.later = setTimeout(() => {
        find("status").textContent = decodedText();
        draw("manifold");
    }, LATER);
}

function setLatent(z, source) {
    state.z.set(z);
    changed(source);
}

function decodedText() {
    return `Decoded from z: ${state.source}${data.classes > 0 ? `, with label ${labelText(state.label)}` : ""}`;
}

function drawLatent() {
    figures.show("decoded", decodedText(), decode(state.z, state.label));
    sliders.show(state.z);
    map.z = state.z;
    map.draw();
}

function drawManifold() {
    const across = quantilesOf(state.axes[0], SIDE), upwards = state.axes[1] < 0 ? [] : quantilesOf(state.axes[1], SIDE);
    manifold.show((i, z) => {
        z.set(state.z);
        z[state.axes[0]] = across[i % SIDE];
        if (state.axes[1] >= 0)
            z[state.axes[1]] = upwards[SIDE - 1 - Math.floor(i / SIDE)];
    }, state.label);
    find("manifold-hint").textContent = `Decoded from z, with z${state.axes[0]} growing to the right` +
        (state.axes[1] < 0 ? "" : ` and z${state.axes[1]} upwards`) +
        `${data.latent > 2 ? "; its other numbers stay as they are" : ""}. The steps are of equal probability over ${isFew(SIDE) ? "draws from the prior, since the map has few points" : "the map's points"}. Click a cell to take its z.`;
}

// A point of the map was chosen: by a click, a key or its number.
function pickPoint(i) {
    walk.choose(i);
    map.chosen = walk.ends;
    if (data.labels && data.classes > 0)
        setClass(data.labels[i]);
    find("point").value = data.items > 0 ? data.numbers[i] : i;
    find("chosen").textContent = `Chosen: ${pointText(i)}.`;
    if (data.items > 0)
        showItem(i);
    setLatent(row(points, data.latent, i), data.items > 0 ? `the mean of item ${data.numbers[i]}` : pointText(i));
    draw("walk", ...(data.classes > 0 ? ["samples"] : []));
}

function showItem(i) {
    const title = pointText(i), label = data.labels ? data.labels[i] : 0;
    figures.show("item", `${title[0].toUpperCase()}${title.slice(1)}`, row(items, elements, i));
    figures.show("reconstruction", data.classes > 0 ? `Reconstruction, with label ${labelText(label)}` : "Reconstruction",
        decode(row(means, data.latent, i), label));
}

// The number of an item in its stream. If it is not on the page, the next one in the direction of the change is taken.
function pickNumber(number) {
    const numbers = data.items > 0 ? data.numbers : Array.from({ length: data.draws }, (_, i) => i);
    const before = numbers[walk.ends[1]];
    const next = number < before ? numbers.findLastIndex(other => other <= number) : numbers.findIndex(other => other >= number);
    const i = next >= 0 ? next : number < before ? 0 : pointCount - 1;
    pickPoint(i);
    if (numbers[i] !== number)
        find("chosen").textContent += ` ${number} is not on the page.`;
}

function setClass(label) {
    state.label = label;
    find("class").value = label;
}

function addOptions(select, options, chosen) {
    for (const [value, text] of options)
        select.append(new Option(text, value, false, value === chosen));
}

// Two axes of the same latent would show a line: the other axis then takes the latent that this one had.
function makeAxes() {
    const options = byVariance.map(k => [k, `z${k} (variance ${variances[k].toPrecision(2)})`]), ids = ["axis-right", "axis-up"];
    find("up-label").hidden = state.axes[1] < 0;
    ids.forEach((id, i) => {
        addOptions(find(id), options, state.axes[i]);
        find(id).addEventListener("change", event => {
            const before = state.axes[i], latent = Number(event.target.value);
            if (state.axes[1 - i] === latent) {
                state.axes[1 - i] = before;
                find(ids[1 - i]).value = before;
            }
            state.axes[i] = latent;
            draw("z", "manifold");
        });
    });
}

function writeHints() {
    const others = "Sliders, cells, draws and clicks on the map set z.";
    const what = data.items > 0 ? "an item, at the mean of its posterior q(z|x)" : "a draw from the prior";
    const some = data.items < data.of ? `${data.items} of ${data.of} items are on the page. ` : "";
    find("map-hint").textContent = `Each point is ${what}. ${some}Click a point, or go from point to point with the arrow keys. Elsewhere, click or drag to move z, the cross${data.latent > 1 ? ", in these two latents" : ""}.`;
    find("item-hint").textContent = data.items > 0
        ? `The reconstruction is decoded from the mean of the item's posterior, the last one from z. ${others}`
        : `It is decoded from z. ${others}`;
    find("item-title").textContent = data.items > 0 ? "Item and reconstruction" : "Decoded item";
    find("slider-hint").textContent = `${sliders.count < data.latent ? `The ${sliders.count} of ${data.latent} latents with the largest variance` : "The latents"} are in order of the points' variance, the largest first. A latent of little variance says little about an item.`;
    find("legend-hint").hidden = !data.labels;
    find("legend-hint").textContent = `Press a label to show its points alone, and again to show all.${data.labelCount > MARKS ? ` Labels that differ by ${MARKS} have the same mark.` : ""}`;
    if (shown.length > 0 && shown.length < elements)
        find("item-hint").textContent += ` Of ${elements} elements, the ${shown.length} that vary most are shown.`;
    if (shown.length > 0)
        find("item-hint").textContent += data.raw ? "" : " Each element's bars have a scale of their own.";
    if (isPicture && (low !== 0 || high !== 1))
        find("item-hint").textContent += ` Black is ${low.toPrecision(3)}, white is ${high.toPrecision(3)}.`;
}

function writeAbout() {
    const m = data.metadata;
    find("model-name").textContent = data.model;
    document.title = `Latent space of ${data.model}`;
    find("about").textContent = `Items of shape ${m.item_shape}, ${m.latent} latent${data.latent === 1 ? "" : "s"}, likelihood ${m.likelihood}, prior ${m.prior ?? "normal"}. Written by vae2html of vaeutils ${data.version}.`;
    for (const [key, value] of Object.entries(m)) {
        const line = find("metadata").insertRow(), name = document.createElement("th");
        name.scope = "row";
        name.textContent = key;
        line.append(name);
        line.insertCell().textContent = value;
    }
}

function connect() {
    find("point").addEventListener("change", event => event.target.value !== "" && pickNumber(Number(event.target.value)));
    find("draw").addEventListener("click", () => {
        const i = state.nextDraw++ % data.draws;
        setLatent(row(draws, data.latent, i), `draw ${i} from the prior`);
    });
    find("zero").addEventListener("click", () => setLatent(new Float32Array(data.latent), "0"));
    find("more").addEventListener("click", () => {
        state.nextSamples = (state.nextSamples + SIDE * SIDE) % data.draws;
        samples.clear();
        draw("samples");
    });
    find("class").addEventListener("change", event => {
        state.label = Number(event.target.value);
        changed(state.source);
        draw("walk", "samples");
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
        figures.repaint();
        draw("z", "walk", "manifold", "samples");
    });
}

function start() {
    document.body.classList.toggle("bars", isBars);
    find("class-label").hidden = data.classes === 0;
    addOptions(find("class"), Array.from({ length: data.classes }, (_, i) => [i, labelText(i)]), 0);
    find("point-name").textContent = data.items > 0 ? "Item" : "Draw";
    find("point").max = data.items > 0 ? data.numbers[data.items - 1] : data.draws - 1;
    makeAxes();
    makeLegend(find("legend"), label => {
        map.only = label;
        map.draw();
    });
    writeAbout();
    writeHints();
    connect();
    pickPoint(0);
    draw("samples");
}

// For the console: vae.decode([0.5, ...], label) returns the mean of p(x|z) as an array.
window.vae = {
    decode(z, label = 0) {
        if (z.length !== data.latent)
            throw new RangeError(`z: found ${z.length} numbers, wanted ${data.latent}`);
        if (!Number.isInteger(label) || label < 0 || label >= Math.max(1, data.classes))
            throw new RangeError(`label: found ${label}, wanted a whole number from 0 to ${Math.max(1, data.classes) - 1}`);
        return Array.from(decode(z, label));
    },
    state,
    walk,
};

start();
