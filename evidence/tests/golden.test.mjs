// The events of the domain, as its own golden files hold them, and the fold's rules word by word.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EVENT_KINDS, Fault, parseLeaf, readEvent } from '../verify.mjs';
import { list, readBytes, readText, utf8 } from './support/files.mjs';

const GOLDEN = ['crates', 'domain', 'tests', 'golden'];

const goldens = list(...GOLDEN)
  .filter((name) => name.endsWith('.json'))
  .map((name) => ({ name, text: readText(...GOLDEN, name).trimEnd() }));

test('every golden event of the domain is read', () => {
  for (const { name, text } of goldens) {
    const leaf = parseLeaf(utf8(text));
    const { kind } = readEvent(leaf);
    assert.ok(name.replace('workspace.', '').startsWith(kind), name);
  }
});

test('every type of event has a golden file, and no other type is read', () => {
  const golden = new Set(goldens.map(({ text }) => JSON.parse(text).type));
  assert.deepEqual([...golden].sort(), [...EVENT_KINDS].sort());
});

const wordOf = (leaf) => {
  try {
    readEvent(parseLeaf(utf8(leaf)));
    return 'ok';
  } catch (error) {
    if (error instanceof Fault) return error.word;
    throw error;
  }
};

/** Canonical JSON of what tests make: names sort as they stand. */
const write = (value) => {
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  if (typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.keys(value)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${write(value[name])}`)
    .join(',')}}`;
};

test('an event with a member more, less or of another form is refused', () => {
  for (const { name, text } of goldens) {
    const leaf = JSON.parse(text);
    assert.equal(write(leaf), text, name);
    const more = { ...leaf, data: { ...leaf.data, stranger: 1 } };
    assert.equal(wordOf(write(more)), 'unknown_data', name);
    for (const member of Object.keys(leaf.data)) {
      const bent = { ...leaf, data: { ...leaf.data, [member]: { x: 1 } } };
      assert.notEqual(wordOf(write(bent)), 'ok', `${name} ${member}`);
    }
    if (leaf._sd) {
      const { _sd, _sd_alg, ...open } = leaf;
      assert.equal(wordOf(write(open)), 'sd_count', name);
    }
    const other = { ...leaf, by: { ...leaf.by, kind: leaf.by.kind === 'person' ? 'agent' : 'person' } };
    assert.equal(wordOf(write(other)), 'by', name);
    const chain = { ...leaf };
    if (chain.run) delete chain.run;
    else chain.run = 'run_0000000000e40r2081040g2081';
    assert.equal(wordOf(write(chain)), 'run', name);
  }
});

test('an unknown type or version cannot be judged', () => {
  const { text } = goldens.find(({ name }) => name.startsWith('run.closed'));
  assert.equal(wordOf(text.replace('run.closed', 'run.reopened')), 'unknown_type');
  assert.equal(wordOf(text.replace('evidence/1', 'evidence/2')), 'version');
});

test('the rules are those of the fold, word by word', () => {
  const folder = ['crates', 'domain', 'src', 'run', 'evolve'];
  const sources = [
    readText('crates', 'domain', 'src', 'run', 'evolve.rs'),
    ...list(...folder).map((name) => readText(...folder, name)),
  ];
  const lines = sources.flatMap((source) => source.split('\n')).filter((line) => !line.trim().startsWith('//'));
  const rust = new Set(
    lines.flatMap((line) => line.split('"').filter((_, at) => at % 2 === 1)).filter((one) => one.includes(' ')),
  );
  assert.ok(rust.size > 100);
  const verifier = readText('evidence', 'verify.mjs');
  const from = verifier.indexOf('// Replay: what a run is');
  const replay = verifier.slice(from, verifier.indexOf('// The zip of a bundle', from));
  const quoted = [...replay.matchAll(/'((?:[^'\\\n])*)'|"([^"\n]*)"/g)].map(([, single, double]) => single ?? double);
  const script = new Set(quoted.filter((one) => one.includes(' ')));
  assert.deepEqual([...script].sort(), [...rust].sort());
});

test('golden leaves are at most 16 KiB', () => {
  for (const { name } of goldens) assert.ok(readBytes(...GOLDEN, name).length <= 16_385, name);
});
