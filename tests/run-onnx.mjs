// SPDX-License-Identifier: MIT
// Runs ONNX files in onnxruntime-web (make onnx-deps) on streams of vae-raw(5). Reads a line for each file from stdin, with
// words that are separated by tabs: MODEL INPUT=STREAM.... Writes a stream of f32 to MODEL.raw: for each item the model's
// outputs, one after the other. All items are run once with each size of batches, which makes a frame.
// Usage: node run-onnx.mjs RUNTIME BATCH[,BATCH]..., RUNTIME the directory with onnxruntime-web.
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [runtime, batches] = process.argv.slice(2);
const ort = await import(pathToFileURL(`${runtime}/ort.wasm.min.mjs`));
ort.env.wasm.numThreads = 1;

const types = { u8: Uint8Array, i32: Int32Array, f32: Float32Array, f64: Float64Array };

// A stream of one frame: the shape of an item, and all numbers.
function read(path) {
  const bytes = readFileSync(path);
  const [, dtype, shape, items] = bytes.toString('latin1', 0, 64).trim().split(/ +/);
  const numbers = new types[dtype](bytes.buffer.slice(bytes.byteOffset + 64, bytes.byteOffset + bytes.length));
  return { shape: shape.split('x').map(Number), items: Number(items), numbers };
}

// Items [first, first + n) as the tensor that the model wants: a label is one whole number.
function tensor(name, { shape, numbers }, first, n) {
  const width = shape.reduce((a, b) => a * b, 1);
  const part = numbers.subarray(first * width, (first + n) * width);
  return name === 'label'
    ? new ort.Tensor('int64', BigInt64Array.from(part, BigInt), [n])
    : new ort.Tensor('float32', Float32Array.from(part), [n, ...shape]);
}

// The frame of all items, in batches of this size.
async function frame(session, inputs, batch, end) {
  const items = inputs[0][1].items;
  const rows = [];
  let shape;
  for (let first = 0; first < items; first += batch) {
    const n = Math.min(batch, items - first);
    const found = await session.run(Object.fromEntries(inputs.map(([name, s]) => [name, tensor(name, s, first, n)])));
    const outputs = session.outputNames.map((name) => found[name]);
    for (const output of outputs) {
      if (output.dims[0] !== n || output.type !== 'float32') throw new Error(`${output.dims} of ${output.type}`);
    }
    shape = outputs.length > 1 ? [outputs.length, ...outputs[0].dims.slice(1)] : outputs[0].dims.slice(1);
    for (let i = 0; i < n; i++) {
      for (const { data } of outputs) rows.push(data.slice((i * data.length) / n, ((i + 1) * data.length) / n));
    }
  }
  const head = `raw1 f32 ${shape.join('x')} ${items} ${end}`.padEnd(63) + '\n';
  return Buffer.concat([Buffer.from(head), ...rows.map((r) => Buffer.from(r.buffer, r.byteOffset, r.byteLength))]);
}

const sizes = batches.split(',').map(Number);
for (const line of readFileSync(0, 'utf8').trim().split('\n')) {
  const [model, ...streams] = line.split('\t');
  const session = await ort.InferenceSession.create(readFileSync(model));
  const inputs = streams.map((text) => [text.slice(0, text.indexOf('=')), read(text.slice(text.indexOf('=') + 1))]);
  const frames = [];
  for (const [i, batch] of sizes.entries())
    frames.push(await frame(session, inputs, batch, i + 1 < sizes.length ? '+' : '.'));
  writeFileSync(`${model}.raw`, Buffer.concat(frames));
}
