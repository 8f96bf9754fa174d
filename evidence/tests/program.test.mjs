// `verify.mjs` as a program: options, exit codes, folders and reports.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

import { parseAge } from '../verify.mjs';
import { ROOT } from './support/files.mjs';
import { report } from './support/reports.mjs';
import { POLICY, relisted, zipped } from './support/world.mjs';
import { approved, erased, open } from './support/samples.mjs';

const run = (...args) => {
  try {
    return {
      code: 0,
      out: execFileSync(process.execPath, [join(ROOT, 'evidence', 'verify.mjs'), ...args], { encoding: 'utf8' }),
    };
  } catch ({ status, stdout }) {
    return { code: status, out: stdout };
  }
};

test('the program answers with its exit codes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'program-'));
  const write = (name, bytes) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  try {
    const world = approved();
    const files = world.files();
    const good = write('good.apev', zipped(files));
    const policy = write('policy', POLICY);
    const valid = run(good, '--trust', policy);
    assert.equal(valid.code, 0);
    assert.match(valid.out, /^VALID\n[\s\S]*It does not prove that nothing happened outside the gateway\.\n$/);
    assert.equal(run(good).code, 4);
    assert.equal(run(write('erased.apev', zipped(erased().files())), '--trust', policy).code, 0);
    assert.equal(run(write('open.apev', zipped(open().files())), '--trust', policy).code, 3);
    assert.equal(run(good, '--trust', policy, '--max-age', '1s').code, 3);
    assert.equal(run(good, '--trust', policy, '--known', write('kept', world.head())).code, 0);
    assert.equal(run(good, '--trust', policy, '--known', write('old', world.head(20))).code, 5);
    const json = JSON.parse(run(good, '--trust', policy, '--json').out);
    assert.deepEqual([json.v, json.verdict, json.checks.length], ['actionplane.report/1', 'VALID', 19]);

    for (const [path, bytes] of files) write(`folder/${path}`, bytes);
    assert.equal(run(join(folder, 'folder'), '--trust', policy).code, 0);
    write('folder/.hidden', 'x');
    assert.equal(run(join(folder, 'folder'), '--trust', policy).code, 6);
    symlinkSync(policy, join(folder, 'folder', 'link'));
    assert.equal(run(join(folder, 'folder'), '--trust', policy).code, 1);
    assert.equal(run(write('report.html', report(zipped(files))), '--trust', policy).code, 0);

    const broken = new Map(files).set('trust.tlog-policy', new Uint8Array([65]));
    assert.equal(run(write('bad.apev', zipped(broken)), '--trust', policy).code, 6);
    broken.delete('log/checkpoint');
    assert.equal(run(write('less.apev', zipped(relisted(broken))), '--trust', policy).code, 5);

    for (const wrong of [
      [],
      [good, good],
      [good, '--trust'],
      [good, '--trust', good],
      [good, '--max-age', 'soon'],
      [good, '--known', policy],
      [good, '--what'],
    ]) {
      assert.equal(run(...wrong).code, 2, `${wrong}`);
    }
    assert.equal(run(join(folder, 'nothing')).code, 1);
    assert.equal(run(good, '--trust', join(folder, 'nothing')).code, 1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('ages', () => {
  for (const [text, seconds] of [
    ['30s', 30],
    ['90m', 5400],
    ['24h', 86_400],
    ['7d', 604_800],
  ])
    assert.equal(parseAge(text), seconds);
  for (const bad of ['', '24', 'h', '-1h', '1.5h', '24 h', '24H']) assert.equal(parseAge(bad), null);
});
