// SPDX-License-Identifier: MIT
// The page: its state, and what each control does.

const STEPS = 9;   // cells of the walk
const SIDE = isPicture ? 12 : 6;   // rows and columns of the manifold
const WALK_SECONDS = 4;

const state = {
    z: new Float32Array(data.latent),
    label: 0,               // of the decoder, if the model is conditional
    chosen: [-1, -1],       // the point before the last one, A, and the last one, B
    axes: [byVariance[0], byVariance[1] ?? byVariance[0]],
    nextDraw: 0,
    walking: 0,             // the time at which the walk began, 0: it stands
};
const find = id => document.getElementById(id);
const figures = new Map(); // name: { item, caption }

const map = new LatentMap(find("map"), state.axes, pickPoint, (a, b) => {
    state.z[state.axes[0]] = a;
    state.z[state.axes[1]] = b;
    changed();
});
const sliders = makeSliders(find("sliders"), (latent, value) => {
    state.z[latent] = value;
    changed();
});
const walk = makeGrid(find("walk"), STEPS, STEPS, setLatent);
const manifold = makeGrid(find("manifold"), SIDE, SIDE * SIDE, setLatent);

// What is drawn in the next frame of the screen.
const due = { z: false, walk: false, manifold: false };
let drawing = false;

function draw(...parts) {
    for (const part of parts)
        due[part] = true;
    if (!drawing)
        requestAnimationFrame(drawDue);
    drawing = true;
}

function drawDue() {
    drawing = false;
    if (due.z)
        drawLatent();
    if (due.walk)
        walk.show((i, z) => onLine(i / (STEPS - 1), z), state.label);
    if (due.manifold)
        drawManifold();
    due.z = due.walk = due.manifold = false;
}

// z or the label has changed, by a control or by hand.
function changed(...others) {
    draw("z", ...others);
    find("manifold").dataset.done = 0;
    clearTimeout(changed.later);
    changed.later = setTimeout(() => draw("manifold"), 150);
}

function setLatent(z) {
    state.z.set(z);
    changed();
}

function drawLatent() {
    const x = decode(state.z, state.label);
    paintItem(figures.get("decoded").item, x);
    figures.get("decoded").item.dataset.sum = x.reduce((sum, value) => sum + value, 0);
    if (shown.length > 0)
        showNumbers(x);
    sliders.show(state.z);
    map.z = state.z;
    map.draw();
}

function drawManifold() {
    const across = quantilesOf(state.axes[0], SIDE), upwards = quantilesOf(state.axes[1], SIDE);
    manifold.show((i, z) => {
        z.set(state.z);
        z[state.axes[0]] = across[i % SIDE];
        z[state.axes[1]] = upwards[SIDE - 1 - Math.floor(i / SIDE)];
    }, state.label);
}

function describePoint(i) {
    if (i < 0)
        return "none";
    const label = data.labels ? `, label ${data.labels[i]}` : "";
    return data.items > 0 ? `item ${data.numbers[i]}${label}` : `draw ${i}`;
}

// A point of the map was chosen: by a click, a key or its number.
function pickPoint(i) {
    if (i === state.chosen[1])
        state.chosen[0] = state.chosen[0] < 0 ? i : state.chosen[0];
    else
        state.chosen = [state.chosen[1], i];
    map.chosen = state.chosen;
    if (data.labels && data.classes > 0)
        setClass(data.labels[i]);
    find("point").value = data.items > 0 ? data.numbers[i] : i;
    find("place").value = 1;
    showFigures(i);
    showWalk();
    state.z.set(row(points, data.latent, i));
    changed("walk");
    find("status").textContent = describePoint(i);
}

// Shows an item and its reconstruction, the decoder's answer to the mean of its posterior.
function showFigures(i) {
    if (data.items === 0)
        return;
    const reconstruction = Float32Array.from(decode(row(means, data.latent, i), state.label));
    figures.get("item").caption.textContent = `${describePoint(i)[0].toUpperCase()}${describePoint(i).slice(1)}`;
    paintItem(figures.get("item").item, row(items, elements, i));
    paintItem(figures.get("reconstruction").item, reconstruction);
    figures.get("reconstruction").numbers = reconstruction;
    figures.get("item").numbers = row(items, elements, i);
}

function makeFigure(name, title) {
    const figure = document.createElement("figure"), caption = document.createElement("figcaption");
    const item = makeItem(title);
    caption.textContent = title;
    figure.append(caption, item);
    find("figures").append(figure);
    figures.set(name, { item, caption, numbers: null });
}

// The table of elements below the bars, with one column per figure.
function makeNumbers() {
    const table = document.createElement("table"), head = table.createTHead().insertRow(), body = table.createTBody();
    for (const title of ["Element", ...[...figures.values()].map(figure => figure.caption.textContent)]) {
        const cell = document.createElement("th");
        cell.scope = "col";
        cell.textContent = title;
        head.append(cell);
    }
    for (const element of shown) {
        const line = body.insertRow(), name = document.createElement("th");
        name.scope = "row";
        name.textContent = nameOf(element);
        line.append(name);
        figures.forEach(() => line.insertCell());
    }
    find("numbers").append(table);
    find("numbers").hidden = false;
}

function showNumbers(decoded) {
    const place = value => `${Math.max(0, Math.min(100, 100 * (value - low) / (high - low)))}%`;
    const columns = [...figures.entries()].map(([name, figure]) => name === "decoded" ? decoded : figure.numbers);
    [...find("numbers").querySelectorAll("tbody tr")].forEach((line, i) => columns.forEach((column, k) => {
        const cell = line.cells[k + 1], value = column === null ? NaN : column[shown[i]];
        cell.textContent = column === null ? "" : Number.isNaN(value) ? "missing" : value.toPrecision(3);
        cell.style.setProperty("--from", place(Number.isNaN(value) ? 0 : Math.min(0, value)));
        cell.style.setProperty("--to", place(Number.isNaN(value) ? 0 : Math.max(0, value)));
    }));
}

// The point at t between A and B, from 0 to 1.
function onLine(t, z) {
    const a = row(points, data.latent, Math.max(0, state.chosen[0])), b = row(points, data.latent, Math.max(0, state.chosen[1]));
    for (let k = 0; k < data.latent; k++)
        z[k] = (1 - t) * a[k] + t * b[k];
}

function showWalk() {
    const ready = state.chosen[0] >= 0;
    find("place").disabled = find("play").disabled = !ready;
    find("walk").hidden = !ready;
    find("walk-hint").textContent = ready
        ? `From A, ${describePoint(state.chosen[0])}, to B, ${describePoint(state.chosen[1])}, in a straight line. A is the point that was chosen before B.`
        : "Choose two points of the map, one after the other.";
}

function setPlace(t) {
    find("place").value = t;
    onLine(t, state.z);
    changed();
}

function stopWalk() {
    state.walking = 0;
    find("play").textContent = "Walk";
}

function stepWalk(now) {
    if (state.walking === 0)
        return;
    const t = (now - state.walking) / 1000 / WALK_SECONDS;
    setPlace(Math.min(1, t));
    if (t < 1)
        requestAnimationFrame(stepWalk);
    else
        stopWalk();
}

function setClass(label) {
    state.label = label;
    find("class").value = label;
}

function addOptions(select, options, chosen) {
    for (const [value, text] of options)
        select.append(new Option(text, value, false, value === chosen));
}

function makeAxes() {
    const options = byVariance.map(k => [k, `z${k} (variance ${variances[k].toPrecision(2)})`]);
    ["axis-right", "axis-up"].forEach((id, i) => {
        addOptions(find(id), options, state.axes[i]);
        find(id).addEventListener("change", event => {
            state.axes[i] = Number(event.target.value);
            draw("z", "manifold");
        });
    });
}

function makeLegend() {
    const labels = data.labels ? [...new Set(data.labels)].sort((a, b) => a - b) : [];
    for (const label of labels) {
        const button = document.createElement("button"), dot = document.createElement("canvas");
        button.type = "button";
        button.setAttribute("aria-pressed", "false");
        dot.width = dot.height = 12;
        drawLabel(dot.getContext("2d"), 6, 6, label);
        button.append(dot, String(label));
        button.addEventListener("click", () => {
            map.only = map.only === label ? -1 : label;
            for (const other of find("legend").children)
                other.setAttribute("aria-pressed", String(other === button && map.only === label));
            map.draw();
        });
        find("legend").append(button);
    }
}

// The number of an item in its stream; the nearest one of the page is chosen.
function pickNumber(number) {
    const distance = i => Math.abs((data.items > 0 ? data.numbers[i] : i) - number);
    let best = 0;
    for (let i = 1; i < pointCount; i++)
        if (distance(i) < distance(best))
            best = i;
    pickPoint(best);
}

function writeHints() {
    const what = data.items > 0 ? `an item, at the mean of its posterior q(z|x)` : "a draw from the prior";
    const some = data.items < data.of ? `${data.items} of ${data.of} items are on the page. ` : "";
    find("map-hint").textContent = `Each point is ${what}. ${some}Click a point, or go from point to point with the arrow keys. Elsewhere, click or drag to move z in these two latents.`;
    find("item-hint").textContent = data.items > 0
        ? "The reconstruction is decoded from the mean of the item's posterior. The last one is decoded from z, which each control of this page changes."
        : "It is decoded from z, which each control of this page changes.";
    find("slider-hint").textContent = sliders.count < data.latent
        ? `The ${sliders.count} latents of largest variance, of ${data.latent}; the others keep their numbers.`
        : "The latent z, number by number.";
    find("manifold-hint").textContent = "Decoded from z with other numbers in the two latents of the map: the quantiles of the map's points. Click one to take its z.";
    if (shown.length > 0 && shown.length < elements)
        find("item-hint").textContent += ` Of ${elements} elements, the ${shown.length} that vary most are shown.`;
    if (isPicture && (low !== 0 || high !== 1))
        find("item-hint").textContent += ` Black is ${low.toPrecision(3)}, white is ${high.toPrecision(3)}.`;
}

function writeAbout() {
    const m = data.metadata, prior = m.prior ?? "normal";
    find("model-name").textContent = data.model;
    document.title = `Latent space of ${data.model}`;
    find("about").textContent = `Items of ${m.item_shape}, latents of ${m.latent}, likelihood ${m.likelihood}, prior ${prior}. Written by vae2html of vaeutils ${data.version}.`;
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
    find("draw").addEventListener("click", () => setLatent(row(draws, data.latent, state.nextDraw++ % data.draws)));
    find("zero").addEventListener("click", () => setLatent(new Float32Array(data.latent)));
    find("place").addEventListener("input", event => setPlace(Number(event.target.value)));
    find("play").addEventListener("click", () => {
        if (state.walking !== 0)
            return stopWalk();
        state.walking = performance.now();
        find("play").textContent = "Stop";
        requestAnimationFrame(stepWalk);
    });
    find("class").addEventListener("change", event => {
        state.label = Number(event.target.value);
        changed("walk");
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw("z", "walk", "manifold"));
}

function start() {
    writeAbout();
    if (data.items > 0) {
        makeFigure("item", "Item");
        makeFigure("reconstruction", "Reconstruction");
    }
    makeFigure("decoded", "Decoded from z");
    if (shown.length > 0)
        makeNumbers();
    find("class-label").hidden = data.classes === 0;
    addOptions(find("class"), Array.from({ length: data.classes }, (_, i) => [i, String(i)]), 0);
    find("point-name").textContent = data.items > 0 ? "Item" : "Draw";
    find("point").max = data.items > 0 ? data.numbers[data.items - 1] : data.draws - 1;
    makeAxes();
    makeLegend();
    writeHints();
    showWalk();
    connect();
    pickPoint(0);
}

// For the console: vae.decode([0.5, ...], label) returns the mean of p(x|z) as an array.
window.vae = { decode: (z, label = 0) => Array.from(decode(z, label)), state };

start();
