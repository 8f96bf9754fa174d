// The one-file report: the committed shell, what it promises, and the page in a browser without any network.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { build } from '../build.mjs';
import { emptySlots, extractBundle, toHex } from '../verify.mjs';
import { Browser, CHROMIUM } from './support/browser.mjs';
import { readText } from './support/files.mjs';
import { report } from './support/reports.mjs';
import { MAYA, POLICY, World, relisted, zipped } from './support/world.mjs';
import { LEADS, TICKET, approved, erased, open } from './support/samples.mjs';

const shell = readText('evidence', 'report.shell.html');

test('the committed shell is what its sources make', () => {
  assert.ok(shell === build(), 'stale: run node evidence/build.mjs');
});

test('the shell allows its own script and style, and nothing else', () => {
  const [, csp] = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(shell);
  const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const [, style] = /<style>([\s\S]*?)<\/style>/.exec(shell);
  const [, script] = /<script type="module">([\s\S]*?)<\/script>/.exec(shell);
  assert.equal(
    csp,
    `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; base-uri 'none'; form-action 'none'`,
  );
  assert.equal(shell.match(/<script/g).length, 2);
  assert.equal(shell.match(/<\/script/g).length, 2);
  assert.ok(script.includes(readText('evidence', 'verify.mjs')), 'the verifier is the same source');
});

test('the page makes no HTML of text, and asks for nothing', () => {
  const page = readText('evidence', 'report', 'page.mjs');
  const forbidden =
    /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|eval\(|new Function|\.src\b|fetch\(|XMLHttpRequest|import\(|WebSocket|localStorage/;
  assert.doesNotMatch(page, forbidden);
  const markup = shell.replace(/<script type="module">[\s\S]*?<\/script>/, '').replace(/<style>[\s\S]*?<\/style>/, '');
  assert.doesNotMatch(markup, /\son\w+=|\sstyle=|\shref="(?!#)|\ssrc=|<img|<link|<iframe|<object|url\(/i);
  assert.doesNotMatch(readText('evidence', 'report', 'page.css'), /url\(|@import|expression/);
});

test('slots are found again, and the shell without them is the committed one', () => {
  const bundle = zipped(open().files());
  const full = report(bundle, '<section class="summary"><p>x</p></section>');
  assert.notEqual(full, shell);
  assert.equal(emptySlots(full), shell);
  assert.equal(toHex(extractBundle(full).bundle), toHex(bundle));
  assert.throws(() => extractBundle(shell.replace('id="bundle"', 'id="other"')), { word: 'report' });
});

// In a browser

let browser;
let folder;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'reports-'));
  if (CHROMIUM) browser = await Browser.open();
});
after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

const SUMMARY = '<section class="summary"><h2>Run</h2><p>A summary for readers without scripts.</p></section>';

const write = (name, bundle) => {
  const path = join(folder, name);
  writeFileSync(path, report(bundle, SUMMARY));
  return `file://${path}`;
};

const inBrowser = (name, run) => test(name, { skip: CHROMIUM ? false : 'no browser here' }, run);

const READY = "document.getElementById('verdict') !== null";
const verdict = "document.querySelector('#verdict .word').textContent";

/** The page asked nobody, and its policy was not broken. */
const quiet = ({ seen }) => {
  assert.deepEqual(
    seen.requests.filter((url) => !url.startsWith('file:') && !url.startsWith('blob:')),
    [],
  );
  assert.deepEqual(seen.complaints, []);
};

const paste = async (page, policy) => {
  await page.ask(
    `document.getElementById('policy').value = ${JSON.stringify(policy)}; document.querySelector('.trust .primary').click()`,
  );
};

inBrowser('it opens untrusted, and judges with a policy that is pasted', async () => {
  const page = await browser.page(write('approved.html', zipped(approved().files())));
  await page.until(READY);
  assert.equal(await page.ask(verdict), 'Untrusted');
  const text = await page.ask('document.body.innerText');
  for (const told of [
    'Everything here agrees with itself; paste your own trust policy to check who signed.',
    'This proves what was recorded and that it was not changed. It does not prove that nothing happened outside the gateway.',
    'a page can lie about itself',
    'actionplane-verify',
    'Maya Lindqvist',
    'the changes of this page, value by value',
    'empty text',
    'absent',
    'Rollback of change 1',
  ])
    assert.ok(text.includes(told), told);
  await paste(page, 'nonsense');
  await page.until("document.getElementById('policy-error').textContent.startsWith('This is no trust policy')");
  assert.equal(await page.ask(verdict), 'Untrusted');
  await paste(page, POLICY.trimEnd().replaceAll('\n', '\r\n'));
  await page.until(`${verdict} === 'Valid'`);
  assert.equal(await page.ask('document.activeElement.id'), 'verdict', 'focus goes to the verdict');
  assert.match(await page.ask('document.title'), /^Valid - run_/);
  await paste(page, '');
  await page.until(`${verdict} === 'Untrusted'`);
  quiet(page);
});

inBrowser('it saves its bundle and opens others, also bad ones', async () => {
  const bundle = zipped(approved().files());
  const page = await browser.page(write('saved.html', bundle));
  await page.until(READY);
  const downloads = mkdtempSync(join(folder, 'downloads-'));
  await browser.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: downloads });
  await page.ask("document.getElementById('save').click()");
  for (let n = 0; n < 60 && !readdirSync(downloads).includes('evidence.apev'); n += 1)
    await new Promise((done) => setTimeout(done, 50));
  assert.equal(toHex(new Uint8Array(readFileSync(join(downloads, 'evidence.apev')))), toHex(bundle));

  const choose = async (name, bytes) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    const { root } = await page.send('DOM.getDocument');
    const { nodeId } = await page.send('DOM.querySelector', { nodeId: root.nodeId, selector: '#file' });
    await page.send('DOM.setFileInputFiles', { nodeId, files: [path] });
  };
  await choose('other.apev', zipped(erased().files()));
  await page.until("document.body.innerText.includes('erased 2026-12-06')");
  const files = approved().files();
  files.set(
    'log/checkpoint',
    files.get('log/checkpoint').map((byte, at) => (at === 30 ? byte ^ 1 : byte)),
  );
  await choose('bad.apev', zipped(relisted(files)));
  await page.until(`${verdict} === 'Tampered'`);
  await choose('page.html', report(zipped(open().files())));
  await page.until("document.body.innerText.includes('Stands at')");
  await choose('cut.apev', zipped(files).slice(0, 5000));
  await page.until(`${verdict} === 'Tampered'`);
  quiet(page);
});

inBrowser('nothing in a bundle becomes part of the page', async () => {
  const evil =
    '"><img src=x onerror="globalThis.caught = 1"></script><script>globalThis.caught = 2</script><!--/summary-->\u202eabc\u0000';
  const world = World.opened();
  const run = world.run(990);
  const sealed = (...names) => Object.fromEntries(names.map((name) => [name, evil]));
  run.propose({ sealed: { ...sealed('reason', 'source_ref', 'model'), proposer: { name: evil } } });
  run.preview([
    {
      ...TICKET,
      record: evil,
      changes: [
        { field: evil, before: evil, after: { [evil]: evil } },
        { field: 'f', after: [evil] },
      ],
      guard: { [evil]: { value: evil } },
    },
  ]);
  run.decide('approval', { obligations: [LEADS], sealed: { input: [{ [evil]: evil }], rationale: [evil] } });
  run.request();
  run.approve(MAYA, 'support-leads', {
    sealed: { ...sealed('rationale', 'shown', 'assertion'), approver: { name: evil } },
  });
  const page = await browser.page(write('evil.html', zipped(world.files())));
  await page.until(READY);
  assert.equal(await page.ask('globalThis.caught'), undefined);
  assert.equal(await page.ask("document.querySelectorAll('img, iframe, link, #live script, [onerror]').length"), 0);
  const text = await page.ask('document.body.innerText');
  assert.ok(text.includes('<img src=x') && text.includes('\\u{202e}') && !text.includes('\u202e'));
  quiet(page);
});

inBrowser('without scripts it shows the summary, marked as not verified', async () => {
  const page = await browser.page(write('static.html', zipped(open().files())), { scripts: false });
  const { root } = await page.send('DOM.getDocument', { depth: -1 });
  const { nodeId } = await page.send('DOM.querySelector', { nodeId: root.nodeId, selector: '#static' });
  const { outerHTML } = await page.send('DOM.getOuterHTML', { nodeId });
  assert.match(outerHTML, /Not verified[\s\S]*A summary for readers without scripts/);
  const { nodeId: live } = await page.send('DOM.querySelector', {
    nodeId: root.nodeId,
    selector: '#live[hidden], #tools[hidden]',
  });
  assert.ok(live > 0);
});

inBrowser('the bare shell is a reader of bundles', async () => {
  const path = join(folder, 'shell.html');
  writeFileSync(path, shell);
  const page = await browser.page(`file://${path}`);
  await page.until("document.getElementById('status').textContent.includes('Open one')");
  assert.equal(await page.ask("document.getElementById('save').hidden"), true);
  quiet(page);
});

inBrowser('it is a document: headings in order, names for everything, room on small screens', async () => {
  for (const [make, width] of [
    [approved, 1200],
    [erased, 390],
    [approved, 320],
  ]) {
    const page = await browser.page(write(`a11y-${width}.html`, zipped(make().files())), {
      width,
      dark: width === 390,
    });
    await page.until(READY);
    const levels = await page.ask(
      "[...document.querySelectorAll('main h1, main h2, main h3')].filter((e) => e.offsetParent !== null).map((e) => Number(e.tagName[1]))",
    );
    assert.ok(levels.includes(1));
    levels.forEach((level, at) => assert.ok(at === 0 || level <= levels[at - 1] + 1, `${levels}`));
    const unnamed =
      await page.ask(`[...document.querySelectorAll('button, textarea, input, section, [role=group]')].filter((e) => e.offsetParent !== null).filter((e) => {
      const by = e.getAttribute('aria-labelledby');
      const label = e.id && document.querySelector('label[for=' + e.id + ']');
      return !(e.getAttribute('aria-label') || (by && document.getElementById(by)) || label || (e.tagName === 'BUTTON' && e.textContent));
    }).map((e) => e.outerHTML.slice(0, 80))`);
    assert.deepEqual(unnamed, []);
    const twice = await page.ask(
      "[...document.querySelectorAll('[id]')].map((e) => e.id).filter((id, at, all) => all.indexOf(id) !== at)",
    );
    assert.deepEqual(twice, []);
    assert.equal(await page.ask("document.querySelectorAll('th:not([scope])').length"), 0);
    assert.equal(await page.ask('document.documentElement.scrollWidth > innerWidth'), false, `sideways at ${width}`);
    quiet(page);
  }
});

inBrowser('text stands out from its ground in both themes', async () => {
  for (const dark of [false, true]) {
    const page = await browser.page(write(`contrast-${dark}.html`, zipped(erased().files())), { dark });
    await page.until(READY);
    const weak = await page.ask(`(() => {
      const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
      const rgb = (color) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
      const light = (c) => { const [r, g, b] = c.map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
      const ground = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c[3] === 255) return c; } return rgb('white'); };
      const found = [];
      for (const e of document.querySelectorAll('main *, .bar *')) {
        if (e.offsetParent === null || ![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
        let alpha = 1; for (let p = e; p; p = p.parentElement) alpha *= Number(getComputedStyle(p).opacity);
        const back = ground(e); const front = rgb(getComputedStyle(e).color).slice(0, 3).map((v, i) => v * alpha + back[i] * (1 - alpha));
        const [a, b] = [light(front), light(back.slice(0, 3))].sort((x, y) => y - x);
        if ((a + 0.05) / (b + 0.05) < 4.5) found.push(e.className + ' ' + e.textContent.slice(0, 30) + ' ' + ((a + 0.05) / (b + 0.05)).toFixed(2));
      }
      return found;
    })()`);
    assert.deepEqual(weak, []);
  }
});
