// The conformance vectors of the evidence format, with WebCrypto and with plain JavaScript.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import * as verifier from '../verify.mjs';
import { hex, unhex, utf8, vectors } from './support/files.mjs';

const { Fault } = verifier;
const ENGINES = ['webcrypto', 'plain'];

/** `ok`, or the word of the rule that was broken. */
function wordOf(run) {
  try {
    run();
    return 'ok';
  } catch (error) {
    if (error instanceof Fault) return error.word;
    throw error;
  }
}

/** Refusing is what counts; the word is advice, because two parsers may notice another fault first. */
function agree(found, expected, name) {
  assert.equal(found === 'ok', expected === 'ok', `${name}: ${found}, expected ${expected}`);
}

test('hashes are those of the standard, at every length around a block', () => {
  for (let length = 0; length < 300; length += 1) {
    const bytes = Uint8Array.from({ length }, (_, at) => (at * 7 + length) & 255);
    assert.equal(hex(verifier.sha256(bytes)), createHash('sha256').update(bytes).digest('hex'), `${length}`);
    assert.equal(hex(verifier.sha512(bytes)), createHash('sha512').update(bytes).digest('hex'), `${length}`);
  }
  const parts = [utf8('a'), utf8(''), utf8('b'.repeat(200))];
  assert.equal(hex(verifier.sha256(...parts)), createHash('sha256').update(Buffer.concat(parts)).digest('hex'));
});

test('base64 has one form', () => {
  for (let length = 0; length < 70; length += 1) {
    const bytes = Uint8Array.from({ length }, (_, at) => (at * 151 + length) & 255);
    const text = Buffer.from(bytes).toString('base64');
    assert.equal(verifier.toBase64(bytes), text);
    assert.deepEqual(verifier.fromBase64(text), bytes);
    assert.deepEqual(verifier.fromBase64url(Buffer.from(bytes).toString('base64url')), bytes);
  }
  for (const bad of ['A', 'AA', 'AAA', 'AA=', 'AB==', 'AAB=', 'AA==\n', ' AA==', 'AA-_', '====', 'A===', 'AA==AA==']) {
    assert.equal(
      wordOf(() => verifier.fromBase64(bad)),
      'base64',
      bad,
    );
  }
  for (const bad of ['A', 'AA==', 'AB', 'AAB', 'AA+/', 'é']) {
    assert.equal(
      wordOf(() => verifier.fromBase64url(bad)),
      'base64url',
      bad,
    );
  }
});

test('leaves: strict JSON and the form of a leaf', () => {
  const { base, cases } = vectors('leaf');
  for (const one of cases) {
    const input = one.input_hex
      ? unhex(one.input_hex)
      : utf8(one.input ?? base.replace('{data}', () => one.data ?? `{"s":"${'a'.repeat(16_384)}"}`));
    agree(
      wordOf(() => verifier.parseLeaf(input)),
      one.expect,
      one.name,
    );
    if (one.leaf_hash) assert.equal(hex(verifier.leafHash(input)), one.leaf_hash, one.name);
  }
  assert.ok(cases.length >= 70);
});

test('disclosures open only in their one form, under their own digest', () => {
  const { cases } = vectors('disclosure');
  for (const { name, disclosure, digest, json, expect } of cases) {
    const found = wordOf(() => {
      const opened = verifier.openDisclosure(disclosure);
      if (opened.digest !== digest) throw new Fault('digest');
      assert.deepEqual(JSON.parse(JSON.stringify(opened.value)), JSON.parse(json)[2], name);
    });
    agree(found, expect, name);
  }
});

test('trees, inclusion and consistency proofs', () => {
  const { roots, inclusion, consistency } = vectors('merkle');
  const leaves = (size) => Array.from({ length: size }, (_, n) => verifier.leafHash(utf8(`leaf ${n}`)));
  for (const [size, root] of Object.entries(roots)) {
    assert.equal(hex(verifier.treeRoot(leaves(Number(size)))), root, size);
  }
  for (const one of inclusion) {
    const proof = one.proof.map(unhex);
    const found = wordOf(() =>
      verifier.checkInclusion(one.index, one.size, unhex(one.leaf_hash), proof, unhex(one.root)),
    );
    assert.equal(found, one.expect, one.name);
  }
  for (const one of consistency) {
    const proof = one.proof.map(unhex);
    const found = wordOf(() =>
      verifier.checkConsistency(one.size1, one.size2, unhex(one.root1), unhex(one.root2), proof),
    );
    agree(found, one.expect, one.name);
  }
});

test('every path and every proof of small trees holds, and none of a neighbor', () => {
  const hashes = Array.from({ length: 20 }, (_, n) => verifier.leafHash(utf8(`leaf ${n}`)));
  const path = (index, from, to) => {
    if (to - from === 1) return [];
    let split = 1;
    while (split * 2 < to - from) split *= 2;
    const middle = from + split;
    return index < middle
      ? [...path(index, from, middle), verifier.treeRoot(hashes.slice(middle, to))]
      : [...path(index, middle, to), verifier.treeRoot(hashes.slice(from, middle))];
  };
  for (let size = 1; size <= 20; size += 1) {
    const root = verifier.treeRoot(hashes.slice(0, size));
    for (let index = 0; index < size; index += 1) {
      const proof = path(index, 0, size);
      verifier.checkInclusion(index, size, hashes[index], proof, root);
      const other = hashes[(index + 1) % size];
      if (size > 1)
        assert.equal(
          wordOf(() => verifier.checkInclusion(index, size, other, proof, root)),
          'root',
        );
    }
  }
});

test('tile paths', () => {
  const { tile_paths, tile_index_paths } = vectors('merkle');
  for (const [number, path] of Object.entries(tile_index_paths))
    assert.equal(verifier.tileNumber(Number(number)), path);
  for (const [size, levels] of Object.entries(tile_paths)) {
    for (const { level, full, partial, last } of levels) {
      const tiles = [...verifier.tilePaths(level, Number(size))];
      assert.equal(tiles.length, full + (partial > 0 ? 1 : 0), `${size} ${level}`);
      assert.equal(tiles.at(-1)[0], last);
    }
  }
});

const noteOf = (cases, one) => {
  let text =
    one.note ??
    one.proof ??
    cases.find(({ name }) => name === one.base)[one.note === undefined && cases[0].note ? 'note' : 'proof'];
  if (one.splice) {
    const [start, length, put] = one.splice;
    const chars = [...text];
    chars.splice(start, length, put);
    text = chars.join('');
  }
  return one.replace ? text.replaceAll(one.replace[0], one.replace[1]) : text;
};

for (const engine of ENGINES) {
  test(`checkpoints, with ${engine}`, async () => {
    const { checkpoints, policy: common, origin } = vectors('note');
    for (const one of checkpoints) {
      const policy = verifier.parsePolicy(one.policy ?? common);
      let found = 'ok';
      try {
        const head = verifier.parseCheckpoint(utf8(noteOf(checkpoints, one)));
        if (head.origin !== origin) throw new Fault('origin');
        const judged = await verifier.judgeHead(policy, head, engine);
        if (judged.kind !== 'signed') throw new Fault(judged.kind);
        assert.equal(head.size, one.size, one.name);
        assert.equal(hex(head.root), one.root_hex, one.name);
        assert.equal(judged.quorum !== 'not_met', one.quorum, one.name);
        assert.deepEqual(Object.fromEntries(judged.times), one.witnesses, one.name);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        found = error.word;
      }
      assert.equal(found, one.expect, one.name);
    }
  });

  test(`proof files, with ${engine}`, async () => {
    const { proofs, policy: text, origin } = vectors('note');
    const policy = verifier.parsePolicy(text);
    const log = JSON.parse(LOG_LEAVES);
    for (const one of proofs) {
      let found = 'ok';
      try {
        const proof = verifier.parseProof(utf8(noteOf(proofs, one)));
        assert.equal(proof.head.origin, origin);
        assert.equal((await verifier.judgeHead(policy, proof.head, engine)).kind, 'signed', one.name);
        const hash = unhex(log[one.leaf_index_in_log_json]);
        verifier.checkInclusion(proof.index, proof.head.size, hash, proof.path, proof.head.root);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        found = error.word;
      }
      assert.equal(found, one.expect, one.name);
    }
  });

  test(`signatures are judged strictly, with ${engine}`, async () => {
    for (const one of vectors('note').ed25519) {
      const parts = [one.public_hex, one.message_hex, one.signature_hex].map(unhex);
      assert.equal(await verifier.ed25519(...parts, engine), one.expect, one.name);
    }
  });
}

test('trust policies', () => {
  for (const { name, policy, expect } of vectors('note').policies) {
    assert.equal(
      wordOf(() => verifier.parsePolicy(policy)),
      expect === 'vkey' ? 'vkey' : expect,
      name,
    );
  }
  const { policy } = vectors('note');
  const edits = [
    policy.trimEnd(),
    policy.replace('group g 2 w0 w1 w2', 'group h 1 w0\ngroup g 2 w0 w1 w2'),
    policy.replace('witness w1 witness1', `witness w9 ${/witness w0 (\S+)/.exec(policy)[1]}\nwitness w1 witness1`),
    policy.replace('\n', '\r\n'),
    policy.replace('group g 2', 'group g 02'),
    policy.replace('group g 2', 'group none 2'),
  ];
  for (const edited of edits) {
    assert.notEqual(edited, policy);
    assert.notEqual(
      wordOf(() => verifier.parsePolicy(edited)),
      'ok',
      edited,
    );
  }
  assert.equal(
    wordOf(() => verifier.parsePolicy(`# mine\n\n${policy.replace('quorum g', '\tquorum  g # all')}`)),
    'ok',
  );
});

// Hashes of the two leaves that the proof vectors are about.
const LOG_LEAVES = JSON.stringify({
  5: 'e2c5cb453b1d10813197c4acf0034051925fde3f721c6fe7242ccdc1c504d7a0',
  6: '08220232bbe3f8e09fbd26e2fba623dce1279bcec21b9721244ad09e6b065b69',
});

test('plans: documents, root, digest and keys', () => {
  for (const { header, documents, hashes, plan_digest: due, keys, ...rest } of vectors('plans').plans) {
    const bytes = documents.map(utf8);
    bytes.forEach((document, n) => assert.equal(verifier.parseDocument(document).n, n));
    const found = bytes.map((document) => hex(verifier.leafHash(document)));
    if (hashes) assert.deepEqual(found, hashes);
    assert.equal(hex(verifier.treeRoot(found.map(unhex))), header.root);
    const digest = due ?? rest.digest;
    assert.equal(verifier.planDigest(header), digest);
  }
});

test('a bundle has one zip, and no other archive is read', () => {
  const { files, zip_bytes, zip_sha256 } = vectors('bundle');
  const zip = verifier.writeZip(Object.entries(files).map(([path, text]) => [path, utf8(text)]));
  assert.equal(hex(verifier.sha256(zip)), zip_sha256);
  assert.equal(zip.length, zip_bytes);
  const read = verifier.readZip(zip);
  assert.deepEqual([...read.keys()].sort(), Object.keys(files).sort());
  verifier.parseManifest(read.get('manifest.json'));
  // One changed byte is noticed by the archive itself, wherever it is.
  const small = verifier.writeZip([
    ['manifest.json', utf8('{}')],
    ['a', utf8('x')],
  ]);
  for (let at = 0; at < small.length; at += 1) {
    const changed = small.slice();
    changed[at] ^= 1;
    assert.equal(
      wordOf(() => verifier.readZip(changed)),
      'zip',
      `byte ${at}`,
    );
    assert.equal(
      wordOf(() => verifier.readZip(small.slice(0, at))),
      'zip',
      `cut at ${at}`,
    );
  }
  assert.equal(
    wordOf(() => verifier.readZip(Uint8Array.of(...small, 0))),
    'zip',
  );
});

test('paths stay inside the bundle', () => {
  for (const good of ['manifest.json', 'log/tile/0/x001/067.p/3', 'a', 'A_9.-/b']) assert.ok(verifier.isPath(good));
  for (const bad of [
    '',
    '/a',
    'a/',
    'a//b',
    '../a',
    'a/../b',
    '.a',
    '-a',
    'a b',
    'a\\b',
    'é',
    'a:b',
    'a..b',
    'a\n',
    'x'.repeat(256),
  ]) {
    assert.ok(!verifier.isPath(bad), bad);
  }
});
