// SPDX-License-Identifier: MIT
// A slider for each latent, or for those of largest variance.

const SLIDERS = 64; // at most

// change(latent, value): a slider was moved.
function makeSliders(container, change) {
    const sliders = new Map();
    const limit = Math.ceil(points.reduce((most, value) => Math.max(most, Math.abs(value)), 4));
    for (const latent of byVariance.slice(0, SLIDERS)) {
        const label = document.createElement("label"), slider = document.createElement("input");
        const output = document.createElement("output");
        Object.assign(slider, { type: "range", min: -limit, max: limit, step: 0.05, value: 0 });
        slider.addEventListener("input", () => change(latent, Number(slider.value)));
        label.title = `variance ${variances[latent].toPrecision(2)}`;
        label.append(`z${latent}`, slider, output);
        container.append(label);
        sliders.set(latent, { slider, output });
    }
    return {
        count: sliders.size,
        show(z) {
            for (const [latent, { slider, output }] of sliders) {
                slider.value = z[latent];
                output.textContent = z[latent].toFixed(2).replace(/^-(?=0.00$)/, "");
            }
        },
    };
}
