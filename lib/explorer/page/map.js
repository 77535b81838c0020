// SPDX-License-Identifier: MIT
// The map: points in two latents, those of the items, or of draws from the prior if there are no items.

const points = data.items > 0 ? means : draws; // [pointCount, latent]
const pointCount = data.items > 0 ? data.items : data.draws;

// Latents by the variance of the points' numbers, the largest first.
const variances = Array.from({ length: data.latent }, (_, k) => {
    let sum = 0, squares = 0;
    for (let i = 0; i < pointCount; i++) {
        sum += points[i * data.latent + k];
        squares += points[i * data.latent + k] ** 2;
    }
    return Math.max(0, squares / pointCount - (sum / pointCount) ** 2);
});
const byVariance = [...variances.keys()].sort((a, b) => variances[b] - variances[a]);

// The colours of Okabe and Ito (2008), which people with colour blindness can tell apart, with a grey for their black.
const PALETTE = ["#e69f00", "#56b4e9", "#009e73", "#d6c61a", "#0072b2", "#d55e00", "#cc79a7", "#8a8f98"];

// Labels beyond the colours have them again, with another shape.
function drawLabel(context, x, y, label) {
    const size = 4, shape = Math.floor(label / PALETTE.length) % 4;
    context.fillStyle = label < 0 ? colorOf("--accent") : PALETTE[label % PALETTE.length];
    context.beginPath();
    if (shape === 1)
        context.rect(x - size, y - size, 2 * size, 2 * size);
    else if (shape > 1)
        [[0, -1.3], [1.2, 1], [-1.2, 1]].forEach(([dx, dy]) => context.lineTo(x + dx * size, y + (shape === 2 ? dy : -dy) * size));
    else
        context.arc(x, y, size, 0, 2 * Math.PI);
    context.fill();
}

const PICK = 10; // a click at most so many pixels away takes a point
const MARGIN = 14;

// pick(i): a point was chosen; move(a, b): a place in the two latents of `axes` was.
class LatentMap {
    constructor(canvas, axes, pick, move) {
        Object.assign(this, { canvas, axes, pick, move, chosen: [-1, -1], z: null, only: -1 });
        canvas.addEventListener("pointerdown", event => this.press(event));
        canvas.addEventListener("pointermove", event => event.buttons === 1 && this.dragging && this.moveTo(event));
        canvas.addEventListener("keydown", event => this.key(event));
        new ResizeObserver(() => this.draw()).observe(canvas);
        matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    }

    visible(i) {
        return this.only < 0 || data.labels[i] === this.only;
    }

    // The least and the greatest number of an axis, with room for the prior's bulk.
    bounds(axis) {
        let low = -3, high = 3;
        for (let i = 0; i < pointCount; i++) {
            low = Math.min(low, points[i * data.latent + axis]);
            high = Math.max(high, points[i * data.latent + axis]);
        }
        return [low, high];
    }

    // A place in the canvas, in CSS pixels, from numbers of the two latents, and back.
    placeOf(z) {
        const { left, right, down, up, width, height } = this.frame;
        return [MARGIN + (z[this.axes[0]] - left) / (right - left) * (width - 2 * MARGIN),
            height - MARGIN - (z[this.axes[1]] - down) / (up - down) * (height - 2 * MARGIN)];
    }

    numbersAt(x, y) {
        const { left, right, down, up, width, height } = this.frame;
        return [left + (x - MARGIN) / (width - 2 * MARGIN) * (right - left),
            down + (height - MARGIN - y) / (height - 2 * MARGIN) * (up - down)];
    }

    measure() {
        const [left, right] = this.bounds(this.axes[0]), [down, up] = this.bounds(this.axes[1]);
        this.frame = { left, right, down, up, width: this.canvas.clientWidth, height: this.canvas.clientHeight };
    }

    draw() {
        const ratio = window.devicePixelRatio || 1, context = this.canvas.getContext("2d");
        this.measure();
        this.canvas.width = Math.round(this.frame.width * ratio);
        this.canvas.height = Math.round(this.frame.height * ratio);
        context.scale(ratio, ratio);
        this.drawAxes(context);
        for (let i = 0; i < pointCount; i++)
            this.drawPoint(context, i);
        ["A", "B"].forEach((letter, i) => this.drawChosen(context, this.chosen[i], letter));
        if (this.z !== null)
            this.drawCross(context);
    }

    drawAxes(context) {
        const [x, y] = this.placeOf(new Float32Array(data.latent)), { width, height } = this.frame;
        context.strokeStyle = colorOf("--line");
        context.fillStyle = colorOf("--quiet");
        context.font = "12px system-ui, sans-serif";
        context.beginPath();
        context.moveTo(x, 0);
        context.lineTo(x, height);
        context.moveTo(0, y);
        context.lineTo(width, y);
        context.stroke();
        context.textAlign = "right";
        context.fillText(`z${this.axes[0]} →`, width - 4, y - 4);
        context.textAlign = "left";
        context.fillText(`z${this.axes[1]} ↑`, x + 4, 14);
    }

    drawPoint(context, i) {
        const [x, y] = this.placeOf(row(points, data.latent, i));
        context.globalAlpha = this.visible(i) ? 0.85 : 0.08;
        drawLabel(context, x, y, data.labels ? data.labels[i] : -1);
        context.globalAlpha = 1;
    }

    drawChosen(context, i, letter) {
        if (i < 0)
            return;
        const [x, y] = this.placeOf(row(points, data.latent, i));
        context.strokeStyle = context.fillStyle = colorOf("--text");
        context.lineWidth = 2;
        context.beginPath();
        context.arc(x, y, 7, 0, 2 * Math.PI);
        context.stroke();
        context.lineWidth = 1;
        context.font = "bold 13px system-ui, sans-serif";
        context.fillText(letter, x + 9, y - 6);
    }

    drawCross(context) {
        const [x, y] = this.placeOf(this.z);
        context.strokeStyle = colorOf("--text");
        context.lineWidth = 2;
        context.beginPath();
        for (const [dx, dy] of [[6, 0], [0, 6]]) {
            context.moveTo(x - dx, y - dy);
            context.lineTo(x + dx, y + dy);
        }
        context.stroke();
        context.lineWidth = 1;
    }

    // The visible point for which a measure is least, if it is below `most`; else -1.
    nearest(most, measure) {
        let best = -1;
        for (let i = 0; i < pointCount; i++) {
            const value = this.visible(i) ? measure(...this.placeOf(row(points, data.latent, i)), i) : Infinity;
            if (value < most) {
                most = value;
                best = i;
            }
        }
        return best;
    }

    press(event) {
        const i = this.nearest(PICK, (x, y) => Math.hypot(x - event.offsetX, y - event.offsetY));
        this.dragging = i < 0;
        if (i >= 0)
            this.pick(i);
        else
            this.moveTo(event);
    }

    moveTo(event) {
        this.move(...this.numbersAt(event.offsetX, event.offsetY));
    }

    // An arrow key takes the nearest point in its direction, within 45 degrees of it.
    key(event) {
        const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
        const from = this.chosen[1];
        if (event.key === "Home" || event.key === "End" || (direction && from < 0))
            this.pick(event.key === "End" ? pointCount - 1 : 0);
        else if (direction) {
            const [x, y] = this.placeOf(row(points, data.latent, from));
            const i = this.nearest(Infinity, (px, py, i) => {
                const along = (px - x) * direction[0] + (py - y) * direction[1];
                const aside = Math.abs((px - x) * direction[1]) + Math.abs((py - y) * direction[0]);
                return i !== from && along > 0 && aside <= along ? Math.hypot(along, aside) : Infinity;
            });
            if (i >= 0)
                this.pick(i);
        } else
            return;
        event.preventDefault();
    }
}
