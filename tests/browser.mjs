// SPDX-License-Identifier: MIT
// Opens a page in Chromium, without a screen, through its DevTools protocol (make browser-deps). MODULES is the directory
// with the driver.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

// Starts the browser. Returns its process and the port on which it is driven.
async function launch(profile) {
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--remote-debugging-port=0', `--user-data-dir=${profile}`];
  const browser = spawn('chromium', [...flags, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const port = await new Promise((found, failed) => {
    let text = '';
    browser.stderr.on('data', (data) => {
      text += data;
      const match = text.match(/ws:\/\/[^:]+:(\d+)\//);
      if (match)
        found(Number(match[1]));
    });
    browser.on('exit', () => failed(new Error(`chromium ended: ${text}`)));
  });
  return { browser, port };
}

// Opens the file `page`. The result's `complaints` has all that was written to the console, exceptions, and each request
// but that for the page.
export async function open(modules, page, { width = 1280, height = 900, scheme = 'light' } = {}) {
  const connect = createRequire(join(resolve(modules), 'driver.js'))('chrome-remote-interface');
  const profile = mkdtempSync(join(tmpdir(), 'browser-'));
  const { browser, port } = await launch(profile);
  const client = await connect({ port });
  const { Page, Runtime, Log, Network, Emulation, Input, Accessibility } = client;
  const url = String(pathToFileURL(resolve(page))), complaints = [];
  Runtime.consoleAPICalled(({ type, args }) => complaints.push(`console ${type}: ${args.map((a) => a.value).join(' ')}`));
  Runtime.exceptionThrown(({ exceptionDetails }) => complaints.push(`exception: ${exceptionDetails.exception?.description}`));
  Log.entryAdded(({ entry }) => complaints.push(`log: ${entry.text}`));
  Network.requestWillBeSent(({ request }) => request.url !== url && complaints.push(`request: ${request.url}`));
  await Promise.all([Page.enable(), Runtime.enable(), Log.enable(), Network.enable(), Accessibility.enable()]);
  await Emulation.setDeviceMetricsOverride({ width, height, deviceScaleFactor: 1, mobile: false });
  await Emulation.setEmulatedMedia({ features: [{ name: 'prefers-color-scheme', value: scheme }] });
  await Page.navigate({ url });
  await Page.loadEventFired();

  const evaluate = async (expression) => {
    const { result, exceptionDetails } = await Runtime.evaluate({ expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails)
      throw new Error(`${expression}: ${exceptionDetails.exception?.description}`);
    return result.value;
  };
  const mouse = (type, x, y, more = {}) => Input.dispatchMouseEvent({ type, x, y, button: 'left', clickCount: 1, ...more });
  // A place in an element, in pixels from its upper left corner, as a place in the window.
  const placeIn = async (selector, x, y) => evaluate(`(() => {
    const element = document.querySelector(${JSON.stringify(selector)});
    element.scrollIntoView({ block: 'center' });
    const box = element.getBoundingClientRect();
    return [box.left + (${x} ?? box.width / 2), box.top + (${y} ?? box.height / 2)];
  })()`);

  return {
    complaints,
    evaluate,
    // Waits until an expression is true, at most 20 seconds.
    async until(expression) {
      for (const end = Date.now() + 20000; Date.now() < end;) {
        if (await evaluate(expression))
          return;
        await new Promise((wake) => setTimeout(wake, 20));
      }
      throw new Error(`not true within 20 seconds: ${expression}`);
    },
    async click(selector, x = null, y = null) {
      const place = await placeIn(selector, x, y);
      await mouse('mousePressed', ...place);
      await mouse('mouseReleased', ...place);
    },
    async drag(selector, from, to) {
      await mouse('mousePressed', ...await placeIn(selector, ...from));
      await mouse('mouseMoved', ...await placeIn(selector, ...to), { buttons: 1 });
      await mouse('mouseReleased', ...await placeIn(selector, ...to));
    },
    async key(name, code) {
      for (const type of ['rawKeyDown', 'keyUp'])
        await Input.dispatchKeyEvent({ type, key: name, code: name, windowsVirtualKeyCode: code });
    },
    // The roles and names that a screen reader is told.
    async accessible() {
      const { nodes } = await Accessibility.getFullAXTree();
      return nodes.filter((node) => !node.ignored).map((node) => ({
        role: node.role?.value,
        name: node.name?.value ?? '',
        focusable: node.properties?.some((p) => p.name === 'focusable' && p.value.value) ?? false,
      }));
    },
    async screenshot(path) {
      const { data } = await Page.captureScreenshot({ format: 'png', captureBeyondViewport: true });
      writeFileSync(path, Buffer.from(data, 'base64'));
    },
    async close() {
      browser.removeAllListeners('exit');
      const ended = new Promise((end) => browser.on('exit', end));
      await client.Browser.close();
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 50 });
    },
  };
}
