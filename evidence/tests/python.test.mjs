// The Python verifier: the vectors that it covers, and the corpus as far as it judges it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { ROOT, readText } from './support/files.mjs';
import { POLICY, relisted, zipped } from './support/world.mjs';
import { approved, erased, open } from './support/samples.mjs';

const FOLDER = join(ROOT, 'evidence');

/** Runs Python with the verifier at hand; the program prints JSON. */
const python = (program, input) => {
  const code = `import json, sys\nsys.dont_write_bytecode = True\nsys.path.insert(0, ${JSON.stringify(FOLDER)})\nimport verify as v\ndata = json.load(sys.stdin)\n${program}`;
  return JSON.parse(
    execFileSync('python3', ['-c', code], { input: JSON.stringify(input), encoding: 'utf8', maxBuffer: 1 << 28 }),
  );
};

const vectors = (name) => JSON.parse(readText('crates', 'proof', 'tests', 'vectors', `${name}.json`));

const WORDS = `
def word(run):
    try:
        run()
        return "ok"
    except v.Fault as fault:
        return fault.word
`;

test('leaves, disclosures and signatures are judged as the vectors say', () => {
  const found = python(
    `${WORDS}
leaf = data["leaf"]
def text(case):
    if "input_hex" in case: return bytes.fromhex(case["input_hex"])
    return (case["input"] if "input" in case else leaf["base"].replace("{data}", case.get("data", '{"s":"' + "a" * 16384 + '"}'))).encode()
def opened(case):
    def run():
        if v.open_disclosure(case["disclosure"])[0] != case["digest"]: raise v.Fault("digest")
    return word(run)
print(json.dumps({
    "leaf": [word(lambda: v.parse_leaf(text(case))) for case in leaf["cases"]],
    "disclosure": [opened(case) for case in data["disclosure"]["cases"]],
    "ed25519": [v.ed25519(*(bytes.fromhex(case[part + "_hex"]) for part in ("public", "message", "signature"))) for case in data["note"]["ed25519"]],
    "inclusion": [word(lambda: v.check_inclusion(c["index"], c["size"], bytes.fromhex(c["leaf_hash"]), [bytes.fromhex(p) for p in c["proof"]], bytes.fromhex(c["root"]))) for c in data["merkle"]["inclusion"]],
    "policies": [word(lambda: v.parse_policy(case["policy"])) for case in data["note"]["policies"]],
}))`,
    { leaf: vectors('leaf'), disclosure: vectors('disclosure'), note: vectors('note'), merkle: vectors('merkle') },
  );
  vectors('leaf').cases.forEach(({ name, expect }, at) =>
    assert.equal(found.leaf[at] === 'ok', expect === 'ok', `${name}: ${found.leaf[at]}`),
  );
  vectors('disclosure').cases.forEach(({ name, expect }, at) =>
    assert.equal(found.disclosure[at] === 'ok', expect === 'ok', name),
  );
  vectors('note').ed25519.forEach(({ name, expect }, at) => assert.equal(found.ed25519[at], expect, name));
  vectors('merkle').inclusion.forEach(({ name, expect }, at) => assert.equal(found.inclusion[at], expect, name));
  vectors('note').policies.forEach(({ name, expect }, at) =>
    assert.equal(found.policies[at] === 'ok', expect === 'ok', name),
  );
});

test('the corpus, as far as it is judged', () => {
  const corpus = join(ROOT, 'crates', 'verifier', 'tests', 'corpus');
  const { trust, cases } = JSON.parse(readText('crates', 'verifier', 'tests', 'corpus', 'expected.json'));
  const found = python(
    `
out = []
for case in data["cases"]:
    trust = case.get("trust", data["trust"])
    now = case.get("now")
    now = None if now is None else __import__("calendar").timegm(__import__("time").strptime(now[:19], "%Y-%m-%dT%H:%M:%S"))
    try:
        files = v.read_bundle(data["corpus"] + "/" + case["file"])
    except v.Fault:
        out.append({"verdict": "TAMPERED", "failed": ["manifest"]})
        continue
    report = v.verify(files, v.parse_policy(trust) if trust else None, case.get("max_age_s"), now)
    out.append({"verdict": report["verdict"], "failed": sorted({one["check"] for one in report["findings"]})})
print(json.dumps(out))`,
    { cases, corpus, trust },
  );
  const judged = new Set(['manifest', 'trust', 'signatures', 'leaves', 'inclusion', 'chain', 'disclosures']);
  // What it notices less of: the members of each type, which acts it knows, values of runs with a part missing.
  let same = 0;
  cases.forEach((one, at) => {
    if (found[at].verdict === one.verdict) same += 1;
    const holds = ['VALID', 'VALID_REDACTED', 'OPEN'];
    if (holds.includes(one.verdict)) assert.equal(found[at].verdict, one.verdict, `${one.file} ${found[at].failed}`);
    else if (one.checks.every((id) => judged.has(id)) && one.checks[0] !== 'leaves') {
      assert.ok(!holds.includes(found[at].verdict), `${one.file}: ${found[at].verdict}, expected ${one.verdict}`);
    }
  });
  assert.ok(same > 70, `${same} of ${cases.length}`);
});

test('the program answers with its exit codes and says what it did not judge', () => {
  const folder = mkdtempSync(join(tmpdir(), 'python-'));
  const run = (...args) => {
    try {
      return {
        code: 0,
        out: execFileSync('python3', ['-B', join(FOLDER, 'verify.py'), ...args], { encoding: 'utf8' }),
      };
    } catch ({ status, stdout }) {
      return { code: status, out: stdout };
    }
  };
  try {
    const write = (name, bytes) => {
      writeFileSync(join(folder, name), bytes);
      return join(folder, name);
    };
    const policy = write('policy', POLICY);
    const good = run(write('good.apev', zipped(approved().files())), '--trust', policy);
    assert.equal(good.code, 0);
    assert.match(good.out, /^VALID\n[\s\S]*not judged: plans, replay/);
    assert.equal(run(write('erased.apev', zipped(erased().files())), '--trust', policy).code, 0);
    assert.equal(run(write('full.apev', zipped(approved().files({ scope: 'full' }))), '--trust', policy).code, 0);
    assert.equal(run(write('open.apev', zipped(open().files())), '--trust', policy).code, 3);
    assert.equal(run(write('alone.apev', zipped(approved().files()))).code, 4);
    const files = approved().files();
    files.delete('log/checkpoint');
    assert.equal(run(write('less.apev', zipped(files)), '--trust', policy).code, 5);
    files.set('log/checkpoint', new Uint8Array([1]));
    assert.equal(run(write('bad.apev', zipped(relisted(files))), '--trust', policy).code, 6);
    assert.equal(run().code, 2);
    assert.equal(run(policy, '--trust', join(folder, 'good.apev')).code, 2);
    assert.equal(run(join(folder, 'nothing.apev')).code, 1);
    assert.equal(JSON.parse(run(join(folder, 'good.apev'), '--trust', policy, '--json').out).verdict, 'VALID');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
