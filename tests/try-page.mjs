// SPDX-License-Identifier: MIT
// Tries each control of a page of vae2html in a browser, as a user would, and prints a line for each check: `ok NAME`, or
// `not ok NAME: what was found`.
// Usage: node try-page.mjs MODULES PAGE [RATE], RATE the decoded items a second that are wanted.
import { open } from './browser.mjs';

const [modules, path, rate = '10'] = process.argv.slice(2);
const page = await open(modules, path);
let failed = false;

function check(name, good, found = '') {
  failed ||= !good;
  console.log(good ? `ok ${name}` : `not ok ${name}: ${JSON.stringify(found)}`);
}

const z = () => page.evaluate('Array.from(vae.state.z)');
const chosen = () => page.evaluate('vae.walk.ends');
const frame = () => page.evaluate('new Promise(wake => requestAnimationFrame(() => requestAnimationFrame(wake)))');
const text = (id) => page.evaluate(`document.getElementById('${id}').textContent`);
// Whether an element shows an item: of a picture no level differs by more than rounding, and bars and text are those that
// the page makes of the item. A missing pixel may have any level.
const shows = (selector, x) => page.evaluate(`(() => {
  const element = document.querySelector('${selector}'), x = ${x};
  if (!isPicture) {
    const other = makeItem('');
    paintItem(other, x);
    return element.tagName === 'P' ? element.textContent === textOf(x) : element.toDataURL() === other.toDataURL();
  }
  const copy = new OffscreenCanvas(element.width, element.height).getContext('2d', { willReadFrequently: true });
  copy.drawImage(element, 0, 0);
  const channels = data.shape[2] || 1, shown = copy.getImageData(0, 0, element.width, element.height).data;
  const level = i => (x[Math.floor(i / 4) * channels + (channels === 3 ? i % 4 : 0)] - low) / (high - low);
  return shown.every((value, i) => i % 4 === 3 || !(Math.abs(value - 255 * Math.max(0, Math.min(1, level(i)))) > 0.51));
})()`);
const decoded = 'figure:last-child .item';
const matches = async (name) => {
  check(`${name}: the decoded item is that of z`, await shows(decoded, 'vae.decode(vae.state.z, vae.state.label)'));
  if (await page.evaluate('shown.length > 0'))
    check(`${name}: its numbers are in the table`, await page.evaluate(`(() => {
      const x = decode(vae.state.z, vae.state.label);
      return shown.every((element, i) => Math.abs(Number(document.querySelectorAll('#numbers tbody tr')[i].lastChild.textContent) - x[element]) <= 0.006 * (ranges[element].high - ranges[element].low));
    })()`));
};
// Does something and says whether z, and the decoded item, changed.
async function changes(name, act) {
  const picture = () => page.evaluate(`(() => {
    const item = document.querySelector('${decoded}');
    return item.tagName === 'P' ? item.textContent : item.toDataURL();
  })()`);
  const before = [await z(), await picture()];
  await act();
  await frame();
  check(`${name} changes z`, String(await z()) !== String(before[0]), before[0]);
  if (!words)
    check(`${name} changes the decoded item`, await picture() !== before[1]);
  await matches(name);
}

await frame();
const words = await page.evaluate('tokens !== null'); // a small change of z may leave them as they are
const axes = await page.evaluate('vae.state.axes'), latent = await page.evaluate('data.latent');
await matches('at first');

// Points: a click, a key, a number.
const target = await page.evaluate(`(() => {
  const far = i => Math.min(...Array.from({ length: pointCount }, (_, k) => k === i ? Infinity :
      Math.hypot(...map.placeOfPoint(k).map((p, d) => p - map.placeOfPoint(i)[d]))));
  const right = i => Array.from({ length: pointCount }, (_, k) => map.placeOfPoint(i).map((at, d) => at - map.placeOfPoint(k)[d]))
      .some(([dx, dy]) => dx > 1 && Math.abs(dy) < dx);
  return Array.from({ length: Math.min(pointCount, 100) }, (_, i) => i).slice(1).filter(right).sort((a, b) => far(b) - far(a))[0];
})()`);
const place = await page.evaluate(`map.placeOfPoint(${target})`);
await changes('a click on a point', () => page.click('#map', place[0] + 2, place[1] - 2));
check('a click on a point chooses it', (await chosen())[1] === target, [await chosen(), target]);
check('its z is the mean of its posterior', String(await z()) === String(await page.evaluate(`Array.from(row(points, data.latent, ${target}))`)));
check('its number is shown', await page.evaluate(`Number(document.getElementById('point').value) === (data.items > 0 ? data.numbers[${target}] : ${target})`));
if (await page.evaluate('data.items > 0')) {
  check('its item is shown', await shows('figure:first-child .item', `row(items, elements, ${target})`));
  check('its reconstruction is shown', await shows('figure:nth-child(2) .item',
    `decode(row(means, data.latent, ${target}), data.classes > 0 ? data.labels[${target}] : 0)`));
}
await page.evaluate(`document.getElementById('map').focus()`);
await changes('an arrow key on the map', () => page.key('ArrowLeft', 37));
check('it leads to the left', await page.evaluate(`map.placeOfPoint(vae.walk.ends[1])[0]`) < place[0]);
check('the point before is A', (await chosen())[0] === target, await chosen());
await page.evaluate('scrollTo(0, 200)');
await page.key('ArrowDown', 40);
await page.key('Home', 36);
check('its keys do not scroll the page', await page.evaluate('scrollY') === 200, await page.evaluate('scrollY'));
check('Home leads to the first point', (await chosen())[1] === 0);
for (const [key, code, sign] of [['ArrowUp', 38, -1], ['ArrowDown', 40, 1]]) {
  const from = await page.evaluate(`(() => {
    const leads = (i, k) => {
      const [dx, dy] = map.placeOfPoint(k).map((at, d) => at - map.placeOfPoint(i)[d]);
      return ${sign} * dy > 1 && Math.abs(dx) < ${sign} * dy;
    };
    const all = Array.from({ length: Math.min(pointCount, 100) }, (_, i) => i), from = all.find(i => all.some(k => leads(i, k)));
    pickPoint(from);
    return map.placeOfPoint(from)[1];
  })()`);
  await page.key(key, code);
  check(`${key} leads ${sign < 0 ? 'up' : 'down'}`, sign * (await page.evaluate('map.placeOfPoint(vae.walk.ends[1])[1]') - from) > 0);
}
await changes('the number of an item', () => page.evaluate(`(() => {
  const input = document.getElementById('point');
  input.value = data.items > 0 ? data.numbers[3] : 3;
  input.dispatchEvent(new Event('change'));
})()`));
check('the number chooses its item', (await chosen())[1] === 3, await chosen());
await page.until(`document.getElementById('status').textContent.includes(data.items > 0 ? 'item ' + data.numbers[3] : 'draw 3')`);
check('a screen reader is told', true);

// z on the map, and by sliders and buttons.
const corner = await page.evaluate('[map.frame.width - 3, 3]');
await changes('a drag on the map', () => page.drag('#map', [3, 3], corner));
const there = await page.evaluate('map.placeOf(vae.state.z)');
check('a drag sets the two latents of the map', there.every((at, i) => Math.abs(at - corner[i]) < 1.5), [there, corner]);
await page.evaluate(`document.querySelector('#sliders input').focus()`);
await changes('a key on a slider', async () => {
  for (let i = 0; i < 40; i++)
    await page.key('ArrowRight', 39);
});
check('the slider shows z', await page.evaluate(`document.querySelector('#sliders output').textContent === Number(document.querySelector('#sliders input').value).toFixed(2)`));
await changes('a draw from the prior', () => page.click('#draw'));
check('it is the first draw', String(await z()) === String(await page.evaluate('Array.from(row(draws, data.latent, 0))')));
await changes('z set to 0', () => page.click('#zero'));
check('each number of z is 0', (await z()).every((number) => number === 0), await z());

// The walk from A to B, where A stays.
await page.click('#keep');
const kept = await chosen();
await changes('another B', () => page.evaluate('pickPoint(4)'));
check('A stays', (await chosen())[0] === kept[0] && (await chosen())[1] === 4, [kept, await chosen()]);
const [a, b] = await chosen();
await changes('the place on the line', () => page.evaluate(`(() => {
  const input = document.getElementById('place');
  input.value = 0.25;
  input.dispatchEvent(new Event('input'));
})()`));
check('it is a quarter of the way', await page.evaluate(`vae.state.z.every((z, k) => Math.abs(z - 0.75 * points[${a} * data.latent + k] - 0.25 * points[${b} * data.latent + k]) < 1e-5)`));
await page.until(`document.getElementById('walk').dataset.done === '9'`);
check('the last cell of the walk is B', await shows('#walk .item:last-child', `decode(row(points, data.latent, ${b}), vae.state.label)`));
await changes('the walk', async () => {
  await page.click('#play');
  await page.until(`document.getElementById('play').textContent === 'Stop'`);
  await page.until(`document.getElementById('play').textContent === 'Walk'`);
});
await page.click('#play');
await page.until(`vae.walk.began > 0`);
await page.click('#draw');
await frame();
check('another control ends the walk', await page.evaluate(`vae.walk.began === 0 && String(vae.state.z) === String(row(draws, data.latent, 1))`));
await page.evaluate(`document.getElementById('walk').focus()`);
await changes('the key End on the walk', () => page.key('End', 35));
check('the walk ends at B', await page.evaluate(`vae.state.z.every((z, k) => Math.abs(z - points[${b} * data.latent + k]) < 1e-6)`));

// The manifold, axes and labels.
await page.until(`Number(document.getElementById('manifold').dataset.done) === document.getElementById('manifold').children.length`);
await changes('a cell of the manifold', () => page.click('#manifold .item:nth-child(2)'));
const side = await page.evaluate('SIDE');
const quantile = (axis, i) => page.evaluate(`(() => {
  const sorted = Array.from({ length: pointCount }, (_, k) => points[k * data.latent + vae.state.axes[${axis}]]).sort((a, b) => a - b);
  return sorted[Math.floor((${i} + 0.5) / SIDE * pointCount)];
})()`);
check('they are quantiles of the points', (await z())[axes[0]] === await quantile(0, 1) && (await z())[axes[1]] === await quantile(1, side - 1));
check('only the two latents of the map have changed', await page.evaluate(`vae.state.z.every((z, k) => vae.state.axes.includes(k) || Math.abs(z - points[${b} * data.latent + k]) < 1e-6)`));
await page.evaluate(`document.getElementById('manifold').focus()`);
await changes('an arrow key on the manifold', () => page.key('ArrowDown', 40));
await page.until(`document.getElementById('samples').dataset.done === String(SIDE * SIDE)`);
await changes('a sample', () => page.click('#samples .item:nth-child(3)'));
check('it is the third draw', String(await z()) === String(await page.evaluate('Array.from(row(draws, data.latent, 2))')));
check('its cell is marked, and no other', await page.evaluate(`document.querySelectorAll('.grid .current').length === 1`));
await page.click('#more');
await page.until(`vae.state.nextSamples > 0 && document.getElementById('samples').dataset.done === String(SIDE * SIDE)`);
await frame();
await page.until(`document.getElementById('samples').dataset.done === String(SIDE * SIDE)`);
check('the samples are other draws', await shows('#samples .item:first-child', 'decode(row(draws, data.latent, SIDE * SIDE % data.draws), vae.state.label)'));
await page.evaluate(`document.getElementById('samples').focus()`);
await changes('an arrow key on the samples', () => page.key('ArrowRight', 39));
// z that changes while the manifold is decoded, slowly here.
const cells = await page.evaluate(`document.getElementById('manifold').children.length`);
await page.evaluate(`(() => {
  const paint = paintItem;
  paintItem = (...all) => {
    const end = performance.now() + 5;
    while (performance.now() < end);
    paint(...all);
  };
  window.paintFast = () => { paintItem = paint };
  setLatent(row(draws, data.latent, 0), 'a draw');
})()`);
await page.until(`Number(document.getElementById('manifold').dataset.done) > ${cells / 2}`);
await page.evaluate(`setLatent(row(draws, data.latent, 1), 'another draw')`);
await page.until(`document.getElementById('manifold').dataset.done === '${cells}'`);
await page.click('#manifold .item:nth-child(2)');
check('each cell is decoded from the last z', await page.evaluate(`vae.state.z.every((z, k) => vae.state.axes.includes(k) || z === draws[data.latent + k])`));
await page.evaluate('paintFast()');
await changes('z set to 0 again', () => page.click('#zero'));
check('no cell is marked', await page.evaluate(`document.querySelectorAll('.grid .current').length === 0`));
if (latent > 2) {
  await page.evaluate(`(() => {
    const select = document.getElementById('axis-up');
    select.value = byVariance[2];
    select.dispatchEvent(new Event('change'));
  })()`);
  check('an axis can be chosen', (await page.evaluate('vae.state.axes'))[1] === await page.evaluate('byVariance[2]'));
  await frame();
}
if (await page.evaluate('Boolean(data.labels)')) {
  await page.click('#legend button:nth-child(2)');
  check('a label can be chosen', await page.evaluate(`map.only >= 0 && document.querySelectorAll('#legend [aria-pressed=true]').length === 1`));
  const [other, label] = await page.evaluate(`[data.labels.findIndex((label, i) => label !== map.only && i !== vae.walk.ends[1]), map.only]`);
  await page.click('#map', ...await page.evaluate(`map.placeOfPoint(${other})`));
  check('a point of another label cannot be chosen', (await chosen())[1] !== other, [other, label]);
  await page.click('#legend button:nth-child(2)');
  check('and all again', await page.evaluate(`map.only < 0 && document.querySelectorAll('#legend [aria-pressed=true]').length === 0`));
}
if (await page.evaluate('data.classes > 0')) {
  await page.evaluate('pickPoint(data.labels.findIndex(label => label !== vae.state.label))');
  await frame();
  check('a point brings its label to the decoder', await page.evaluate(`vae.state.label === data.labels[vae.walk.ends[1]] && Number(document.getElementById('class').value) === vae.state.label`));
  const before = await page.evaluate(`document.querySelector('${decoded}').toDataURL()`);
  await page.evaluate(`(() => {
    const select = document.getElementById('class');
    select.value = (vae.state.label + 1) % data.classes;
    select.dispatchEvent(new Event('change'));
  })()`);
  await frame();
  check('another label changes the decoded item', await page.evaluate(`document.querySelector('${decoded}').toDataURL()`) !== before);
  await matches('with another label');
}

if (await page.evaluate('isBars && shown.length < elements'))
  check('a bar is that of its element', await page.evaluate(`(() => {
    const item = makeItem(''), last = shown.length - 1, x = new Float32Array(elements);
    x[shown[last]] = ranges[shown[last]].high;
    paintItem(item, x);
    const line = item.getContext('2d').getImageData(0, PROFILE.height / 2, PROFILE.width, 1).data;
    return shown.every((_, i) => line[4 * Math.floor((i + 0.5) / shown.length * PROFILE.width) + 3] === (i === last ? 255 : 0));
  })()`));

// The copy of the decoded item in the corner: where the figure is out of view, and there alone.
const corner_is = async (hidden) => page.until(`document.getElementById('corner').hidden === ${hidden}`);
await page.evaluate('scrollTo(0, 0)');
await corner_is(true);
await page.evaluate(`document.getElementById('sample-section').scrollIntoView()`);
await corner_is(false);
await changes('a sample, with its section in view', () => page.click('#samples .item:nth-child(5)'));
check('the corner shows the decoded item', await shows('#corner .item', 'vae.decode(vae.state.z, vae.state.label)'));
await page.evaluate(`vae.walk.move(0.5, false)`);
check('the cell in the middle of the walk is marked', await page.evaluate(`document.querySelector('#walk .item:nth-child(5)').classList.contains('current')`));

// For all users.
const nameless = (await page.accessible()).filter(({ role, name, focusable }) => focusable && role !== 'RootWebArea' && name.trim() === '');
check('each control has a name for screen readers', nameless.length === 0, nameless);
const speed = await page.evaluate(`(() => {
  const z = new Float32Array(data.latent), count = 100, begin = performance.now();
  for (let i = 0; i < count; i++) {
    z[0] = i / count;
    decode(z, 0);
  }
  return count / (performance.now() - begin) * 1000;
})()`);
console.error(`decoded items a second: ${speed.toFixed(0)}`);
check(`it decodes ${rate} items a second`, speed >= Number(rate), speed);
check('nothing was written to the console, or asked from a network', page.complaints.length === 0, page.complaints);
await page.close();

// Whether each control, scrolled into view, is what lies at its place; those that are not are in `covered`.
async function touchable(screen) {
  return screen.evaluate(`(globalThis.covered = [...document.querySelectorAll('button, input, select, canvas[tabindex]')]
    .filter(control => control.getClientRects().length > 0 && !control.disabled).filter(control => {
      control.scrollIntoView({ block: 'nearest' });
      const box = control.getBoundingClientRect(), at = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
      return at === null || !(control.contains(at) || at.contains(control));
    }).map(control => control.outerHTML.slice(0, 80))).length === 0`);
}

// A narrow screen, and dark colours; and a telephone that lies.
const lying = await open(modules, path, { width: 740, height: 360 });
check('740 by 360 pixels: each control can be touched', await touchable(lying), await lying.evaluate('covered'));
await lying.close();
for (const scheme of ['light', 'dark']) {
  const narrow = await open(modules, path, { width: 360, scheme });
  const width = await narrow.evaluate('document.documentElement.scrollWidth');
  check(`${scheme}, 360 pixels: nothing lies outside`, width <= 360, width);
  check(`${scheme}, 360 pixels: each control can be touched`, await touchable(narrow), await narrow.evaluate('covered'));
  const levels = await narrow.evaluate(`getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)`);
  check(`${scheme}: the background is so`, scheme === 'dark' ? levels.every((level) => level < 64) : levels.every((level) => level > 192), levels);
  check(`${scheme}: no complaints`, narrow.complaints.length === 0, narrow.complaints);
  await narrow.close();
}
process.exit(failed ? 1 : 0);
