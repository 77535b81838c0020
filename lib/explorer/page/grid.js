// SPDX-License-Identifier: MIT
// Many decoded items side by side: the line of a walk, the manifold, samples.

const SLICE = 12; // milliseconds of work between two frames of the screen

// Makes cells in a container; take(i, z) is called with the latent of a cell that is clicked, or that keys lead to.
function makeGrid(container, columns, count, take) {
    const cells = Array.from({ length: count }, (_, i) => {
        const item = makeItem(`decoded item ${i + 1} of ${count}`);
        item.addEventListener("click", () => choose(i));
        container.append(item);
        return { item, z: new Float32Array(data.latent) };
    });
    let waiting = 0, current = -1, lastUsed = -1; // keys go on from lastUsed
    const clear = () => {
        if (current >= 0)
            cells[current].item.classList.remove("current");
        current = -1;
    };
    const mark = i => {
        clear();
        cells[i].item.classList.add("current");
        current = i;
    };
    const choose = i => {
        take(i, cells[i].z); // clears the grids
        mark(i);
        lastUsed = i;
    };
    const targets = {
        ArrowLeft: i => i - 1, ArrowRight: i => i + 1, ArrowUp: i => i - columns, ArrowDown: i => i + columns,
        Home: () => 0, End: () => count - 1, Enter: i => i, " ": i => i,
    };
    container.addEventListener("keydown", event => {
        if (!(event.key in targets))
            return;
        event.preventDefault();
        const i = lastUsed < 0 && event.key !== "End" ? 0 : targets[event.key](lastUsed);
        if (i >= 0 && i < count)
            choose(i);
    });
    container.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;

    const stop = () => {
        cancelAnimationFrame(waiting);
        container.dataset.done = 0;
    };

    return {
        clear,
        mark,
        stop, // what is not decoded yet waits for the next show
        // Decodes the latents of all cells, whose z latentOf(i, z) sets, some between two frames of the screen.
        show(latentOf, label) {
            let i = 0;
            stop();
            const slice = () => {
                const end = performance.now() + SLICE;
                for (; i < count && performance.now() < end; i++) {
                    latentOf(i, cells[i].z);
                    paintItem(cells[i].item, decode(cells[i].z, label));
                }
                container.dataset.done = i;
                if (i < count)
                    waiting = requestAnimationFrame(slice);
            };
            waiting = requestAnimationFrame(slice);
        },
    };
}

// Whether the map has too few points for n quantiles.
function isFew(n) {
    return pointCount < 2 * n;
}

// The quantiles (i + 1/2) / n of a latent over the points of the map, or over draws from the prior if points are few.
function quantilesOf(latent, n) {
    const [from, count] = isFew(n) ? [draws, data.draws] : [points, pointCount];
    const sorted = Float32Array.from({ length: count }, (_, i) => from[i * data.latent + latent]).sort();
    return Array.from({ length: n }, (_, i) => sorted[Math.floor((i + 0.5) / n * count)]);
}
