// A headless Chromium over its debugging pipe, without a package: enough to open a page, ask it and watch it.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The browser of this machine, or undefined. */
export const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);

const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--no-first-run', '--remote-debugging-pipe'],
  ...[
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--host-resolver-rules=MAP * ~NOTFOUND',
  ],
];

export class Browser {
  static async open() {
    const browser = new Browser();
    browser.folder = mkdtempSync(join(tmpdir(), 'report-'));
    const stdio = ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'];
    browser.child = spawn(CHROMIUM, [...FLAGS, `--user-data-dir=${browser.folder}`, 'about:blank'], { stdio });
    browser.waiting = new Map();
    browser.watchers = [];
    browser.last = 0;
    let held = '';
    browser.child.stdio[4].setEncoding('utf8').on('data', (text) => {
      const messages = (held + text).split('\0');
      held = messages.pop();
      for (const message of messages.map((one) => JSON.parse(one))) {
        if (message.id) browser.waiting.get(message.id)(message);
        else browser.watchers.forEach((watch) => watch(message));
      }
    });
    return browser;
  }

  send(method, params = {}, sessionId = undefined) {
    this.last += 1;
    const id = this.last;
    this.child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => {
      this.waiting.set(id, ({ error, result }) =>
        error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result),
      );
    });
  }

  /** Opens a page: `{ask, seen, send}`. `seen` holds requests, complaints of the console and policy violations. */
  async page(url, { scripts = true, dark = false, width = 1200 } = {}) {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const send = (method, params) => this.send(method, params, sessionId);
    const seen = { requests: [], complaints: [] };
    this.watchers.push(({ method, params, sessionId: of }) => {
      if (of !== sessionId) return;
      if (method === 'Network.requestWillBeSent') seen.requests.push(params.request.url);
      if (method === 'Log.entryAdded') seen.complaints.push(params.entry.text);
      if (method === 'Runtime.exceptionThrown') seen.complaints.push(params.exceptionDetails.text);
    });
    for (const domain of ['Page', 'Runtime', 'Log', 'Network', 'DOM']) await send(`${domain}.enable`);
    await send('Emulation.setDeviceMetricsOverride', { width, height: 1000, deviceScaleFactor: 1, mobile: false });
    await send('Emulation.setEmulatedMedia', {
      features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }],
    });
    if (!scripts) await send('Emulation.setScriptExecutionDisabled', { value: true });
    const loaded = new Promise((resolve) => {
      this.watchers.push(
        ({ method, sessionId: of }) => method === 'Page.loadEventFired' && of === sessionId && resolve(),
      );
    });
    await send('Page.navigate', { url });
    await loaded;
    const ask = async (expression) => {
      const { result, exceptionDetails } = await send('Runtime.evaluate', {
        expression,
        awaitPromise: true,
        returnByValue: true,
      });
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    };
    const until = async (expression) => {
      for (let n = 0; n < 100; n += 1) {
        if (await ask(expression)) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error(`never: ${expression}`);
    };
    return { ask, until, seen, send };
  }

  async close() {
    await this.send('Browser.close').catch(() => {});
    await new Promise((resolve) => this.child.once('close', resolve));
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
