// SPDX-License-Identifier: MIT
// The chosen item, its reconstruction and the item decoded from z, and for bars the table of their numbers.

// Makes a copy of an item's element, which is shown while that element is out of view. Returns the copy.
function makeCorner(container, item) {
    const copy = makeItem("");
    container.append(copy);
    new IntersectionObserver(entries => {
        container.hidden = entries[entries.length - 1].isIntersecting;
    }, { threshold: 0.5 }).observe(item);
    return copy;
}

class Figures {
    constructor(container, table) {
        this.figures = new Map();
        this.container = container;
        this.table = table;
        if (data.items > 0) {
            this.make("item", "Item");
            this.make("reconstruction", "Reconstruction");
        }
        this.make("decoded", "Decoded from z");
        this.corner = makeCorner(find("corner"), this.figures.get("decoded").item);
        if (isBars)
            this.makeTable();
    }

    make(name, title) {
        const figure = document.createElement("figure"), caption = document.createElement("figcaption");
        const item = makeItem(title);
        caption.textContent = title;
        figure.append(caption, item);
        this.container.append(figure);
        this.figures.set(name, { item, caption, x: null });
    }

    makeTable() {
        const table = document.createElement("table"), head = table.createTHead().insertRow(), body = table.createTBody();
        for (const title of ["Element", ...[...this.figures.values()].map(figure => figure.caption.textContent)]) {
            const cell = document.createElement("th");
            cell.scope = "col";
            cell.textContent = title;
            head.append(cell);
        }
        this.lines = shown.map(element => {
            const line = body.insertRow(), name = document.createElement("th");
            name.scope = "row";
            name.textContent = nameOf(element);
            line.append(name);
            return [...this.figures.keys()].map(() => line.insertCell());
        });
        this.table.append(table);
        this.table.hidden = false;
    }

    // Shows a copy of x under a title.
    show(name, title, x) {
        const figure = this.figures.get(name);
        if (figure === undefined)
            return;
        figure.caption.textContent = title;
        figure.x = Float32Array.from(x);
        this.paint(figure, [...this.figures.keys()].indexOf(name));
    }

    paint(figure, column) {
        paintItem(figure.item, figure.x);
        if (figure === this.figures.get("decoded"))
            paintItem(this.corner, figure.x);
        shown.forEach((element, i) => {
            const cell = this.lines[i][column], value = figure.x[element], { low, high } = ranges[element];
            const ends = [0, Number.isNaN(value) ? 0 : value].map(end => placeInRange(element, end)).sort((a, b) => a - b);
            cell.textContent = numberText(element, value);
            cell.classList.toggle("beyond", value < low || value > high);
            cell.style.setProperty("--from", `${100 * ends[0]}%`);
            cell.style.setProperty("--to", `${100 * ends[1]}%`);
        });
    }

    // With new colours.
    repaint() {
        [...this.figures.values()].forEach((figure, i) => figure.x !== null && this.paint(figure, i));
    }
}
