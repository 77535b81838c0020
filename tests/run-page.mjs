// SPDX-License-Identifier: MIT
// Decodes with the scripts of a page of vae2html, without a browser: writes a stream of f32 (vae-raw(5)), the items that
// the page's decoder computes from a stream of latents.
// Usage: node run-page.mjs PAGE LATENTS [LABEL], LABEL the same for all.
import { readFileSync, writeFileSync } from 'node:fs';

const [path, latents, label] = process.argv.slice(2);
const page = readFileSync(path, 'utf8');

// The text of the element that a script of the page asks for.
const document = {
  getElementById: (id) => ({ textContent: page.match(new RegExp(`<script type="[^"]*" id="${id}">([^<]*)</script>`))[1] }),
};
const script = page.match(/<script>\n([^]*?)<\/script>/)[1];
const end = 'const decode = makeDecoder(data.nodes);\n';
const decoder = script.slice(0, script.indexOf(end) + end.length);
const { decode, data } = new Function('document', `${decoder} return { decode, data };`)(document);

const bytes = readFileSync(latents);
const z = new Float32Array(bytes.buffer.slice(bytes.byteOffset + 64, bytes.byteOffset + bytes.length));
const rows = [];
for (let i = 0; i < z.length; i += data.latent)
  rows.push(Buffer.from(Float32Array.from(decode(z.subarray(i, i + data.latent), Number(label ?? 0))).buffer));
writeFileSync(1, `${`raw1 f32 ${data.shape.join('x')} ${rows.length} .`.padEnd(63)}\n`);
for (const row of rows)
  writeFileSync(1, row);
