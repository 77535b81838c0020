// SPDX-License-Identifier: MIT
// The walk along the straight line from A to B, the last two points that were chosen.

const STEPS = 9; // cells
const WALK_SECONDS = 4;

// setPlace(t, walking) sets z to that at t on the line; `walking`: the walk has come there by itself.
class Walk {
    constructor(setPlace) {
        this.ends = [-1, -1]; // the points A and B
        this.began = 0;       // the time at which the walk began; 0: there is none
        this.setPlace = setPlace;
        this.grid = makeGrid(find("walk"), STEPS, STEPS, i => this.move(i / (STEPS - 1), false));
        find("place").addEventListener("input", event => this.move(Number(event.target.value), false));
        find("play").addEventListener("click", () => this.began === 0 ? this.start() : this.stop());
    }

    // z is to be that at t on the line; the nearest cell is marked.
    move(t, walking) {
        find("place").value = t;
        this.setPlace(t, walking);
        this.grid.mark(Math.round(t * (STEPS - 1)));
    }

    isReady() {
        return this.ends[0] >= 0;
    }

    // A point was chosen: it is B, and the one before is A, unless A is to stay.
    choose(i) {
        const [a, b] = this.ends;
        if (i !== b)
            this.ends = [find("keep").checked && a >= 0 ? a : b, i];
        find("place").value = 1;
    }

    pointAt(t, z) {
        const [a, b] = this.ends.map(i => row(points, data.latent, i));
        for (let k = 0; k < data.latent; k++)
            z[k] = (1 - t) * a[k] + t * b[k];
    }

    show(label) {
        const ready = this.isReady();
        find("place").disabled = find("play").disabled = find("keep").disabled = !ready;
        find("walk").hidden = !ready;
        find("walk-hint").textContent = ready
            ? `From A, ${pointText(this.ends[0])}, to B, ${pointText(this.ends[1])}, in a straight line${decoderLabel(label)}. Click a cell to take its z.`
            : pointCount === 1 ? "The page has one point only."
            : this.ends[1] < 0 ? "Choose two points of the map, one after the other: the first is A, the second B."
            : `Choose another point of the map: it becomes B, and ${pointText(this.ends[1])} becomes A.`;
        if (ready)
            this.grid.show((i, z) => this.pointAt(i / (STEPS - 1), z), label);
    }

    start() {
        this.began = performance.now();
        find("play").textContent = "Stop";
        requestAnimationFrame(now => this.step(now));
    }

    stop() {
        this.began = 0;
        find("play").textContent = "Walk";
    }

    step(now) {
        if (this.began === 0)
            return;
        const t = Math.max(0, Math.min(1, (now - this.began) / 1000 / WALK_SECONDS));
        this.move(t, true);
        if (t < 1)
            requestAnimationFrame(then => this.step(then));
        else
            this.stop();
    }
}
