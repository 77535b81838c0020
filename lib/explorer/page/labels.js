// SPDX-License-Identifier: MIT
// Labels of items: their texts, and the marks of their points.

// The colours of Okabe and Ito (2008), which people with colour blindness can tell apart, with a grey for their black; and
// two more, so that ten classes have ten colours.
const PALETTE = ["#e69f00", "#56b4e9", "#009e73", "#d6c61a", "#0072b2", "#d55e00", "#cc79a7", "#8a8f98", "#7f4f24", "#8d6bd8"];

// The corners of marks, in units of their size; none for a circle.
const SHAPES = [
    [],
    [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
    [[0, -1.2], [1.1, 0.9], [-1.1, 0.9]],
    [[0, 1.2], [-1.1, -0.9], [1.1, -0.9]],
    [[0, -1.4], [1, 0], [0, 1.4], [-1, 0]],
];
const MARKS = 2 * PALETTE.length * SHAPES.length; // of different labels: the second half is hollow

function labelText(label) {
    return data.labelNames ? data.labelNames[label] : String(label);
}

// Draws the mark of a label; -1: that of points without labels.
function drawMark(context, x, y, label) {
    const size = 4, corners = label < 0 ? [] : SHAPES[Math.floor(label / PALETTE.length) % SHAPES.length];
    const color = label < 0 ? colorOf("--accent") : PALETTE[label % PALETTE.length];
    context.beginPath();
    if (corners.length === 0)
        context.arc(x, y, size, 0, 2 * Math.PI);
    corners.forEach(([dx, dy]) => context.lineTo(x + dx * size, y + dy * size));
    context.closePath();
    context.fillStyle = context.strokeStyle = color;
    if (label % MARKS < MARKS / 2)
        context.fill();
    else
        context.stroke();
}

// A button for each label; press(label) is called with the one that is to be shown alone, or -1 for all.
function makeLegend(container, press) {
    const labels = data.labels ? [...new Set(data.labels)].sort((a, b) => a - b) : [];
    for (const label of labels) {
        const button = document.createElement("button"), mark = document.createElement("canvas");
        button.type = "button";
        button.setAttribute("aria-pressed", "false");
        mark.width = mark.height = 12;
        drawMark(mark.getContext("2d"), 6, 6, label);
        button.append(mark, labelText(label));
        button.addEventListener("click", () => {
            const alone = button.getAttribute("aria-pressed") === "false";
            for (const other of container.children)
                other.setAttribute("aria-pressed", String(other === button && alone));
            press(alone ? label : -1);
        });
        container.append(button);
    }
}
