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

const PICK = 10; // a click at most so many pixels away takes a point
const MARGIN = 20;

// pick(i): a point was chosen; move(a, b): a place in the two latents of `axes` was. With one latent only, axes[1] is -1,
// and the points lie one above the other in their order.
class LatentMap {
    constructor(canvas, axes, pick, move) {
        Object.assign(this, { canvas, axes, pick, move, chosen: [-1, -1], z: new Float32Array(data.latent), only: -1, dragging: false });
        // A finger that moves scrolls the page: it chooses with a tap, which is a click.
        canvas.addEventListener("pointerdown", event => event.pointerType !== "touch" && this.press(event));
        canvas.addEventListener("click", event => event.pointerType === "touch" && this.press(event));
        canvas.addEventListener("pointermove", event => this.dragging ? this.moveTo(event) : this.tell(event));
        for (const end of ["pointerup", "pointercancel"])
            canvas.addEventListener(end, () => { this.dragging = false; });
        canvas.addEventListener("keydown", event => this.key(event));
        new ResizeObserver(() => this.draw()).observe(canvas);
    }

    isVisible(i) {
        return this.only < 0 || data.labels[i] === this.only;
    }

    // The least and the greatest number of an axis, with some room.
    bounds(axis) {
        let low = Infinity, high = -Infinity;
        for (let i = 0; axis >= 0 && i < pointCount; i++) {
            low = Math.min(low, points[i * data.latent + axis]);
            high = Math.max(high, points[i * data.latent + axis]);
        }
        return low < high ? [low, high] : axis < 0 ? [0, 1] : [low - 1, low + 1];
    }

    // The place of point i, or of a latent, in the canvas, in CSS pixels.
    placeOfPoint(i) {
        return this.placeOf(row(points, data.latent, i), (i + 0.5) / pointCount);
    }

    placeOf(z, order = 0.5) {
        const { left, right, down, up, width, height } = this.frame;
        const upwards = this.axes[1] < 0 ? order : (z[this.axes[1]] - down) / (up - down);
        return [MARGIN + (z[this.axes[0]] - left) / (right - left) * (width - 2 * MARGIN), height - MARGIN - upwards * (height - 2 * MARGIN)];
    }

    // The numbers of the two latents at a place.
    numbersAt(x, y) {
        const { left, right, down, up, width, height } = this.frame;
        return [left + (x - MARGIN) / (width - 2 * MARGIN) * (right - left),
            down + (height - MARGIN - y) / (height - 2 * MARGIN) * (up - down)];
    }

    draw() {
        const ratio = window.devicePixelRatio || 1, context = this.canvas.getContext("2d");
        const [left, right] = this.bounds(this.axes[0]), [down, up] = this.bounds(this.axes[1]);
        this.frame = { left, right, down, up, width: this.canvas.clientWidth, height: this.canvas.clientHeight };
        this.canvas.width = Math.round(this.frame.width * ratio);
        this.canvas.height = Math.round(this.frame.height * ratio);
        context.scale(ratio, ratio);
        this.drawAxes(context);
        for (let i = 0; i < pointCount; i++)
            this.drawPoint(context, i);
        ["A", "B"].forEach((letter, i) => this.drawChosen(context, this.chosen[i], letter));
        this.drawCross(context);
    }

    // The lines at 0, and the least and the greatest numbers.
    drawAxes(context) {
        const [x, y] = this.placeOf(new Float32Array(data.latent)), { left, right, down, up, width, height } = this.frame;
        context.strokeStyle = colorOf("--line");
        context.fillStyle = colorOf("--quiet");
        context.font = "12px system-ui, sans-serif";
        context.beginPath();
        context.moveTo(x, 0);
        context.lineTo(x, height);
        if (this.axes[1] >= 0) {
            context.moveTo(0, y);
            context.lineTo(width, y);
        }
        context.stroke();
        context.fillText(left.toFixed(1), MARGIN, height - 5);
        context.textAlign = "right";
        context.fillText(`z${this.axes[0]} → ${right.toFixed(1)}`, width - MARGIN, height - 5);
        context.textAlign = "left";
        if (this.axes[1] < 0)
            return;
        context.fillText(`${up.toFixed(1)} ↑ z${this.axes[1]}`, 3, 13);
        context.fillText(down.toFixed(1), 3, height - MARGIN - 3);
    }

    drawPoint(context, i) {
        context.globalAlpha = this.isVisible(i) ? 0.85 : 0.08;
        drawMark(context, ...this.placeOfPoint(i), data.labels ? data.labels[i] : -1);
        context.globalAlpha = 1;
    }

    drawChosen(context, i, letter) {
        if (i < 0)
            return;
        const [x, y] = this.placeOfPoint(i);
        context.lineWidth = 2;
        context.strokeStyle = context.fillStyle = colorOf("--text");
        context.beginPath();
        context.arc(x, y, 7, 0, 2 * Math.PI);
        context.stroke();
        context.font = "bold 16px system-ui, sans-serif";
        context.lineWidth = 4;
        context.strokeStyle = colorOf("--page");
        context.strokeText(letter, x + 9, y - 6);
        context.fillText(letter, x + 9, y - 6);
        context.lineWidth = 1;
    }

    // z, at the edge if it lies beyond.
    drawCross(context) {
        const { width, height } = this.frame, inside = (at, size) => Math.max(2, Math.min(size - 2, at));
        const [x, y] = this.placeOf(this.z).map((at, i) => inside(at, i === 0 ? width : height));
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
            const value = this.isVisible(i) ? measure(...this.placeOfPoint(i), i) : Infinity;
            if (value < most) {
                most = value;
                best = i;
            }
        }
        return best;
    }

    pointAt(event) {
        return this.nearest(PICK, (x, y) => Math.hypot(x - event.offsetX, y - event.offsetY));
    }

    press(event) {
        const i = this.pointAt(event);
        if (i >= 0)
            return this.pick(i);
        if (event.type === "pointerdown") {
            this.dragging = true;
            this.canvas.setPointerCapture(event.pointerId);
        }
        this.moveTo(event);
    }

    moveTo(event) {
        this.move(...this.numbersAt(event.offsetX, event.offsetY));
    }

    // The browser shows the title of the point below the pointer.
    tell(event) {
        const i = this.pointAt(event);
        this.canvas.title = i < 0 ? "" : pointText(i);
    }

    // An arrow key takes the nearest point in its direction, within 45 degrees of it; Home and End the first and the last.
    key(event) {
        const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
        if (!direction && event.key !== "Home" && event.key !== "End")
            return;
        event.preventDefault();
        const from = this.chosen[1], visible = Array.from({ length: pointCount }, (_, i) => i).filter(i => this.isVisible(i));
        let i = event.key === "End" ? visible[visible.length - 1] : visible[0];
        if (direction && from >= 0) {
            const [x, y] = this.placeOfPoint(from);
            i = this.nearest(Infinity, (px, py, i) => {
                const along = (px - x) * direction[0] + (py - y) * direction[1];
                const aside = Math.abs((px - x) * direction[1]) + Math.abs((py - y) * direction[0]);
                return i !== from && along > 0 && aside <= along ? Math.hypot(along, aside) : Infinity;
            });
        }
        if (i >= 0)
            this.pick(i);
    }
}
