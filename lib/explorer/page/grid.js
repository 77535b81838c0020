// SPDX-License-Identifier: MIT
// Many decoded items side by side: the line of a walk, and the manifold.

const SLICE = 12; // milliseconds of work between two frames of the screen

// Makes cells in a container; press(z) is called with the latent of a cell that is clicked, or that the arrow keys lead
// to.
function makeGrid(container, columns, count, press) {
    const cells = Array.from({ length: count }, (_, i) => {
        const item = makeItem(`decoded item ${i + 1} of ${count}`);
        item.addEventListener("click", () => take(i));
        container.append(item);
        return { item, z: new Float32Array(data.latent) };
    });
    const take = i => {
        cells[current].item.classList.remove("current");
        cells[i].item.classList.add("current");
        current = i;
        press(cells[i].z);
    };
    container.addEventListener("keydown", event => {
        const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
        if (step === undefined)
            return;
        event.preventDefault();
        if (current + step >= 0 && current + step < count)
            take(current + step);
    });
    let waiting = 0, current = 0;
    container.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;

    // Decodes the latents of all cells, latentOf(i, z) of which sets z, a few between two frames of the screen.
    return {
        show(latentOf, label) {
            let i = 0;
            cancelAnimationFrame(waiting);
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

// The quantiles (i + 1/2) / n of a latent over the points of the map.
function quantilesOf(latent, n) {
    const sorted = Float32Array.from({ length: pointCount }, (_, i) => points[i * data.latent + latent]).sort();
    return Array.from({ length: n }, (_, i) => sorted[Math.floor((i + 0.5) / n * pointCount)]);
}
