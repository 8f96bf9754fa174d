// Bundles: good ones, and good ones with something changed, dropped, doubled, swapped or added.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  canonical,
  disclosureDigest,
  leafHash,
  parseVkey,
  toBase64,
  toBase64url,
  toHex as hex,
  treeRoot,
  verify,
} from '../verify.mjs';
import { utf8 } from './support/files.mjs';
import {
  AUDITOR,
  CUSTOMER,
  LENA,
  LOG,
  MAYA,
  ORIGIN,
  OTHER_SET,
  POLICY,
  POLICY_SET,
  PRIYA,
  TOM,
  World,
  hash,
  id,
  person,
  relisted,
  worker,
  zipped,
} from './support/world.mjs';
import { ANSWER, LEADS, TICKET, approved, erased, open, reconciled, rejected, takenOver } from './support/samples.mjs';

const text = (bytes) => new TextDecoder().decode(bytes);
const world = approved();
const [run, child] = [...world.runs.values()];
const folder = `runs/${run.run}`;
const good = world.files();

const judge = (files, options = {}) => verify(files, { trust: POLICY, ...options });
const told = (report) =>
  report.checks.flatMap(({ id: check, findings }) =>
    findings.map(({ verdict, sentence }) => `${check} ${verdict}: ${sentence}`),
  );

/** The verdict, and the checks that found something. */
async function verdictOf(files, options) {
  const report = await judge(files, options);
  return {
    verdict: report.verdict,
    failed: report.checks.filter(({ state }) => state === 'failed').map(({ id: check }) => check),
    report,
  };
}

async function expect(files, verdict, check, options) {
  const found = await verdictOf(files, options);
  assert.equal(found.verdict, verdict, told(found.report).join('\n'));
  if (check) assert.ok(found.failed.includes(check), `${check} is not among ${found.failed}`);
  return found.report;
}

const lines = (files, path) => text(files.get(path)).split('\n').slice(0, -1);
const write = (files, path, list) => new Map(files).set(path, utf8(list.map((line) => `${line}\n`).join('')));
const edit = (path, change, files = good) => {
  const list = lines(files, path);
  return relisted(write(files, path, change(list) ?? list));
};
const replace = (path, from, to, files = good) => {
  const before = text(files.get(path));
  assert.ok(before.includes(from), path);
  return relisted(new Map(files).set(path, utf8(before.replaceAll(from, to))));
};
const without = (...paths) => {
  const files = new Map(good);
  for (const path of paths) assert.ok(files.delete(path), path);
  return files;
};

test('good bundles', async () => {
  for (const engine of ['webcrypto', 'plain']) {
    await expect(zipped(good), 'VALID', undefined, { engine });
    await expect(good, 'VALID', undefined, { engine });
  }
  await expect(erased().files(), 'VALID_REDACTED');
  await expect(open().files(), 'OPEN', 'chain');
  await expect(reconciled().files(), 'VALID');
  await expect(takenOver().files(), 'VALID');
  await expect(rejected().files(), 'VALID');
  for (const make of [approved, erased, reconciled]) {
    const full = make().files({ scope: 'full' });
    const report = await expect(full, make === erased ? 'VALID_REDACTED' : 'VALID');
    assert.equal(report.checks.find(({ id: check }) => check === 'full_log').state, 'passed');
  }
});

test('what is not disclosed is counted', async () => {
  const some = world.files({
    disclose: (disclosure) => !text(Buffer.from(disclosure, 'base64url')).includes('rationale'),
  });
  const report = await expect(some, 'VALID_REDACTED');
  assert.equal(
    report.fields.withheld,
    [...run.entries, ...child.entries].filter(({ leaf }) =>
      ['policy.decided', 'approval.given', 'recovery.planned'].includes(leaf.type),
    ).length,
  );
  assert.equal((await judge(erased().files())).fields.erased, 23);
});

test('files', async () => {
  await expect(new Map(good).set('notes.txt', utf8('x')), 'TAMPERED', 'manifest');
  await expect(new Map(good).set('README.md', utf8('x')), 'TAMPERED', 'manifest');
  await expect(without('trust.tlog-policy'), 'INCOMPLETE', 'manifest');
  await expect(without('manifest.json'), 'INCOMPLETE', 'manifest');
  await expect(new Map(good).set('../x', utf8('x')), 'TAMPERED', 'manifest');
  await expect(new Map(), 'INCOMPLETE');
  const manifest = text(good.get('manifest.json'));
  const swap = (from, to) => new Map(good).set('manifest.json', utf8(manifest.replace(from, to)));
  await expect(swap('bundle/1', 'bundle/2'), 'CANNOT_JUDGE', 'manifest');
  await expect(swap('"size":28', '"size":27'), 'TAMPERED', 'manifest');
  await expect(swap(`"origin":"${ORIGIN}"`, '"origin":"other.example/w"'), 'TAMPERED', 'manifest');
  await expect(swap('"scope":"run"', '"scope":"runs"'), 'TAMPERED', 'manifest');
  await expect(swap('{', '{"a":1,'), 'TAMPERED', 'manifest');
  await expect(zipped(good).slice(0, -1), 'TAMPERED', 'manifest');
  await expect(new Uint8Array(), 'TAMPERED', 'manifest');
});

test('every byte of every file matters', async () => {
  let checked = 0;
  for (const [path, bytes] of good) {
    for (const at of [0, Math.floor(bytes.length / 3), Math.floor((2 * bytes.length) / 3), bytes.length - 1]) {
      if (bytes.length === 0) continue;
      const changed = bytes.slice();
      changed[at] ^= 1;
      const { verdict } = await judge(new Map(good).set(path, changed));
      assert.ok(['TAMPERED', 'CANNOT_JUDGE'].includes(verdict), `${path} ${at}: ${verdict}`);
      checked += 1;
    }
  }
  assert.ok(checked > 100);
});

test('no listed file may be missing', async () => {
  for (const path of good.keys()) {
    const { verdict } = await judge(new Map([...good].filter(([other]) => other !== path)));
    assert.equal(verdict, 'INCOMPLETE', path);
  }
});

test('events left out, doubled, swapped or changed', async () => {
  const events = `${folder}/events.jsonl`;
  const drop = (n) => edit(events, (list) => void list.splice(n, 1));
  await expect(drop(-1), 'INCOMPLETE', 'inclusion');
  await expect(drop(3), 'INCOMPLETE', 'chain');
  await expect(drop(0), 'INCOMPLETE', 'chain');
  await expect(
    edit(events, (list) => void list.splice(3, 0, list[3])),
    'TAMPERED',
    'chain',
  );
  await expect(
    edit(events, (list) => void list.splice(3, 2, list[4], list[3])),
    'INCOMPLETE',
    'chain',
  );
  await expect(
    edit(events, () => []),
    'INCOMPLETE',
    'chain',
  );
  await expect(relisted(new Map([...good].filter(([path]) => path !== events))), 'INCOMPLETE', 'chain');
  // Without its last event and the proof of that the run is open: the end of a chain shows only in the whole log.
  const last = world.leaves.findLast(({ leaf }) => leaf.run === run.run).index;
  const cut = relisted(new Map([...drop(-1)].filter(([path]) => path !== `${folder}/proofs/${last}.tlog-proof`)));
  await expect(cut, 'OPEN', 'chain');
  const leaf = (n, change) =>
    edit(events, (list) => {
      const line = JSON.parse(list[n]);
      const json = Buffer.from(line.leaf, 'base64').toString();
      list[n] = canonical({ ...line, leaf: toBase64(utf8(change(json))) });
    });
  await expect(
    leaf(3, (json) => json.replace('"quorum":1', '"quorum":2')),
    'TAMPERED',
    'inclusion',
  );
  await expect(
    leaf(3, (json) => json.replace(':', ': ')),
    'TAMPERED',
    'leaves',
  );
  await expect(
    leaf(3, (json) => json.replace('approval.requested', 'approval.implied')),
    'TAMPERED',
    'inclusion',
  );
  await expect(
    edit(events, (list) => void (list[3] = list[3].replace('"index":', '"index": '))),
    'TAMPERED',
    'leaves',
  );
  await expect(
    edit(events, (list) => void (list[3] = list[3].replace(/"index":\d+/, '"index":3'))),
    'TAMPERED',
    'inclusion',
  );
  await expect(relisted(new Map(good).set(events, good.get(events).slice(0, -1))), 'TAMPERED', 'leaves');
  const renamed = new Map([...good].map(([path, bytes]) => [path.replace(run.run, id('run', 7)), bytes]));
  await expect(relisted(renamed), 'TAMPERED', 'chain');
  await expect(relisted(new Map(good).set('runs/other/events.jsonl', utf8(''))), 'TAMPERED', 'leaves');
});

test('proofs', async () => {
  const proof = `${folder}/proofs/10.tlog-proof`;
  const next = `${folder}/proofs/11.tlog-proof`;
  await expect(relisted(without(proof)), 'INCOMPLETE', 'inclusion');
  await expect(relisted(new Map(good).set(proof, good.get(next))), 'TAMPERED', 'inclusion');
  await expect(replace(proof, 'index 10', 'index 11'), 'TAMPERED', 'inclusion');
  await expect(replace(proof, 'index 10\n', 'extra YQ==\nindex 10\n'), 'TAMPERED', 'inclusion');
  await expect(replace(proof, 'proof@v1', 'proof@v2'), 'TAMPERED', 'inclusion');
  const [, ...hashes] = /index 10\n([^\n]+)\n([^\n]+)/.exec(text(good.get(proof)));
  await expect(replace(proof, `${hashes[0]}\n`, ''), 'TAMPERED', 'inclusion');
  await expect(replace(proof, `${hashes[0]}\n`, `${hashes[0]}\n${hashes[0]}\n`), 'TAMPERED', 'inclusion');
  await expect(replace(proof, hashes[0], hashes[1]), 'TAMPERED', 'inclusion');
});

test('heads, keys and witnesses', async () => {
  const heads = (change) =>
    relisted(
      new Map(
        [...good].map(([path, bytes]) => [
          path,
          path.includes('proof') || path === 'log/checkpoint' ? utf8(change(text(bytes))) : bytes,
        ]),
      ),
    );
  const withoutLines =
    (...keys) =>
    (note) =>
      note
        .split('\n')
        .filter((line) => !keys.some((key) => line.startsWith(`\u2014 ${key.name} `)))
        .join('\n');
  await expect(heads(withoutLines(AUDITOR)), 'UNWITNESSED', 'signatures');
  await expect(heads(withoutLines(AUDITOR, CUSTOMER)), 'UNWITNESSED', 'signatures');
  await expect(heads(withoutLines(LOG)), 'UNTRUSTED', 'trust');
  await expect(
    heads((note) => note.replace(/(desk.example\/w\/helpdesk N)/, '$1')),
    'VALID',
  );
  const grease = (note) =>
    note.replace('\n\n\u2014', `\n\n\u2014 grease.example ${toBase64(utf8('12345678'))}\n\u2014`);
  await expect(heads(grease), 'VALID');
  const { name, id: keyId } = parseVkey(LOG.vkey);
  const bad = toBase64(Uint8Array.from([...Buffer.from(keyId, 'hex'), ...new Uint8Array(64)]));
  await expect(
    heads((note) => note.replace('\n\n\u2014', `\n\n\u2014 ${name} ${bad}\n\u2014`)),
    'TAMPERED',
    'signatures',
  );
  await expect(good, 'UNTRUSTED', 'trust', { trust: undefined });
  await expect(good, 'UNWITNESSED', 'signatures', { trust: `log ${LOG.vkey}\nquorum none\n` });
  await expect(good, 'UNTRUSTED', 'trust', {
    trust: POLICY.replace(LOG.vkey, 'ap.example/w/acme+9bfb34b9+AVm8DRqttS1KRil1zh8dTqam8ub75VVxG38Qa1bWx6Eh'),
  });
  await assert.rejects(() => judge(good, { trust: 'quorum none\n' }), { word: 'policy' });
  // Without a policy the bundle must still agree with itself.
  await expect(
    heads((note) => note.replace('\n\n\u2014', `\n\n\u2014 ${name} ${bad}\n\u2014`)),
    'TAMPERED',
    'signatures',
    { trust: undefined },
  );
  const seen = world.time + 2000;
  await expect(good, 'VALID', undefined, { maxAge: 3600, now: seen + 3_600_000 });
  await expect(good, 'UNWITNESSED', 'signatures', { maxAge: 3600, now: seen + 3_605_000 });
  const early = world.files({ head: world.head(undefined, { seenAfter: -4000 }) });
  await expect(early, 'VIOLATION', 'times');
  await expect(world.files({ head: world.head(undefined, { seenAfter: -299 }) }), 'VALID');
});

test('heads that were kept', async () => {
  const old = world.head(20);
  await expect(good, 'VALID', undefined, { known: [world.head()] });
  await expect(good, 'INCOMPLETE', 'consistency', { known: [old] });
  const proof = world
    .consistency(20)
    .map((one) => `${toBase64(one)}\n`)
    .join('');
  const proven = relisted(new Map(good).set('log/consistency/20', utf8(proof)));
  await expect(proven, 'VALID', undefined, { known: [old] });
  await expect(replace('log/consistency/20', proof.slice(0, 5), 'AAAAA', proven), 'TAMPERED', 'consistency', {
    known: [old],
  });
  const fork = erased();
  fork.leaves = fork.leaves.slice(1, 21);
  await expect(proven, 'TAMPERED', 'consistency', { known: [fork.head()] });
  await expect(world.files({ scope: 'full' }), 'VALID', undefined, { known: [old] });
  await expect(world.files({ scope: 'full' }), 'TAMPERED', 'consistency', { known: [fork.head()] });
  await expect(good, 'UNTRUSTED', 'consistency', {
    known: [world.head(20, { keys: [new AUDITOR.constructor(ORIGIN, 4)] })],
  });
});

test('a whole log hides nothing', async () => {
  const full = world.files({ scope: 'full' });
  const tile = 'log/tile/entries/000.p/28';
  await expect(relisted(new Map([...full].filter(([path]) => path !== tile))), 'INCOMPLETE', 'full_log');
  await expect(
    relisted(new Map([...full].filter(([path]) => path !== 'log/tile/0/000.p/28'))),
    'INCOMPLETE',
    'full_log',
  );
  await expect(relisted(new Map(full).set('log/tile/0/001', new Uint8Array(8192))), 'TAMPERED', 'full_log');
  await expect(relisted(new Map(full).set(tile, full.get(tile).slice(0, -1))), 'TAMPERED', 'full_log');
  const changed = full.get('log/tile/0/000.p/28').slice();
  changed[5] ^= 1;
  await expect(relisted(new Map(full).set('log/tile/0/000.p/28', changed)), 'TAMPERED', 'full_log');
  await expect(
    edit(`${folder}/events.jsonl`, (list) => void list.pop(), full),
    'INCOMPLETE',
    'full_log',
  );
  await expect(
    edit('workspace/events.jsonl', (list) => void list.splice(2, 1), full),
    'INCOMPLETE',
    'full_log',
  );
  // A claimed size may be absurd: nothing is looked for behind the first tile that is missing.
  const absurd = new Map(full).set(
    'log/checkpoint',
    utf8(text(full.get('log/checkpoint')).replace('\n28\n', '\n9007199254740991\n')),
  );
  await expect(relisted(absurd), 'TAMPERED', 'full_log');
  const alone = await expect(world.files({ scope: 'full', runs: [child] }), 'VALID');
  assert.match(alone.checks.find(({ id: check }) => check === 'full_log').not_judged[0].sentence, /1 other runs/);
});

test('plans', async () => {
  const plan = `${folder}/plans/1.jsonl`;
  await expect(relisted(new Map([...good].filter(([path]) => path !== plan))), 'INCOMPLETE', 'plans');
  await expect(
    edit(plan, (list) => void list.pop()),
    'INCOMPLETE',
    'plans',
  );
  await expect(
    edit(plan, (list) => void list.push(list[1].replace('"n":1', '"n":2'))),
    'TAMPERED',
    'plans',
  );
  await expect(
    edit(plan, (list) => list.reverse()),
    'TAMPERED',
    'plans',
  );
  const doc = (change) =>
    edit(plan, (list) => {
      const line = JSON.parse(list[0]);
      list[0] = canonical({ ...line, doc: toBase64(utf8(change(Buffer.from(line.doc, 'base64').toString()))) });
    });
  await expect(
    doc((json) => json.replace('desk-main', 'desk-else')),
    'TAMPERED',
    'plans',
  );
  await expect(relisted(new Map(good).set(`${folder}/plans/2.jsonl`, good.get(plan))), 'TAMPERED', 'plans');
  await expect(relisted(new Map(good).set(`${folder}/plans/01.jsonl`, good.get(plan))), 'TAMPERED', 'plans');
});

test('disclosed values', async () => {
  const path = `${folder}/disclosures.jsonl`;
  const list = lines(good, path);
  const stranger = toBase64url(utf8(canonical([toBase64url(new Uint8Array(32)), 'reason', 'x'])));
  const line = (disclosure) => canonical({ digest: disclosureDigest(disclosure), disclosure });
  await expect(
    edit(path, () => list.slice(1)),
    'VALID_REDACTED',
  );
  await expect(
    edit(path, () => [...list, line(stranger)]),
    'TAMPERED',
    'disclosures',
  );
  await expect(
    edit(path, () => [...list, list[0]]),
    'TAMPERED',
    'disclosures',
  );
  await expect(
    edit(path, () => [list[0].replace(/"digest":"./, '"digest":"_'), ...list.slice(1)]),
    'TAMPERED',
    'disclosures',
  );
  await expect(
    edit(path, () => [canonical({ ...JSON.parse(list[0]), disclosure: stranger }), ...list.slice(1)]),
    'TAMPERED',
    'disclosures',
  );
  // A value of one run is no value of another.
  const foreign = lines(good, `runs/${child.run}/disclosures.jsonl`)[0];
  await expect(
    edit(path, () => [...list, foreign]),
    'TAMPERED',
    'disclosures',
  );
  // What was erased is not here.
  const gone = erased();
  const back = gone.files({ disclose: (_, chain) => chain.run !== undefined });
  gone.erased = new Set();
  await expect(gone.files(), 'TAMPERED', 'disclosures');
  const hidden = back.get('workspace/events.jsonl');
  const cut = utf8(`${text(hidden).split('\n').slice(0, -2).join('\n')}\n`);
  const last = gone.leaves.length - 1;
  const unsaid = relisted(
    new Map([...back].filter(([file]) => !file.endsWith(`/${last}.tlog-proof`))).set('workspace/events.jsonl', cut),
  );
  const report = await expect(unsaid, 'VALID_REDACTED');
  assert.equal(report.fields.erased, 0);
  assert.ok(report.fields.withheld >= 23, 'withheld, where no tombstone says more');
});

test('large values stand beside their names', async () => {
  const big = 'x'.repeat(70_000);
  const bytes = utf8(canonical(big));
  const stub = { artifact: { bytes: bytes.length, media_type: 'application/json', sha256: hash(bytes) } };
  const large = World.opened();
  const one = large.run(600);
  one.propose({ sealed: { reason: stub } });
  one.add(
    'artifact.attached',
    worker,
    { bytes: 3, media_type: 'text/plain' },
    { artifact: { name: 'note.txt', sha256: hash('abc') } },
  );
  one.add('run.cancelled', person(TOM), { code: 'by_request' }, { rationale: null });
  one.close('cancelled', 'by_request');
  const with_ = (...files) => relisted(new Map([...large.files(), ...files]));
  const file = [`artifacts/${hash(bytes)}`, bytes];
  const report = await expect(with_(file), 'VALID');
  assert.equal(report.runs[0].events[0].fields.reason.value, big);
  await expect(with_(file, [`artifacts/${hash('abc')}`, utf8('abc')]), 'VALID');
  await expect(with_(), 'INCOMPLETE', 'disclosures');
  await expect(with_([file[0], utf8('"y"')]), 'TAMPERED', 'disclosures');
  await expect(with_(file, [`artifacts/${hash('z')}`, utf8('z')]), 'TAMPERED', 'disclosures');
});

// Rules that one run cannot know: they rest on the acts of the workspace.

const governed = (before, { during, environment = 'sandbox', obligations = [LEADS] } = {}) => {
  const made = new World();
  before(made);
  const one = made.run(700);
  one.propose({ environment });
  one.preview([TICKET]);
  one.decide(obligations.length > 0 ? 'approval' : 'auto', { obligations });
  if (obligations.length > 0) {
    one.request();
    const given = one.approve(MAYA, 'support-leads');
    during?.(made, 'approved');
    one.authorize('approvals', { approvals: [given] });
  } else one.authorize('auto');
  during?.(made, 'authorized');
  one.start(0);
  one.finish('applied', 'read_back');
  one.close('applied', 'done');
  return made;
};

const SET = { author: { name: 'Lena' } };
const ENROLLED = { credential: null, name: null, training_ref: null };
const setUp =
  ({
    published = person(LENA),
    activated = person(PRIYA),
    code,
    set = POLICY_SET,
    enrolledBy = person(LENA),
    groups = ['support-leads'],
    connector = {},
  } = {}) =>
  (made) => {
    if (published) made.act('policy.published', published, { bytes: 10, policy: POLICY_SET }, SET);
    if (activated) made.act('policy.activated', activated, { policy: set, ...(code ? { code } : {}) });
    if (enrolledBy) made.act('approver.enrolled', enrolledBy, { approver: MAYA, groups }, ENROLLED);
    made.act('connector.changed', person(LENA), {
      connector: 'desk-main',
      environment: 'sandbox',
      manifest: hash('the manifest of the help desk'),
      ...connector,
    });
  };

test('policy sets are activated by a second person', async () => {
  const judged = async (how, verdict, check, more = {}) => {
    await expect(governed(setUp(how), more).files({ scope: 'full' }), verdict, check);
  };
  await judged({}, 'VALID');
  await judged({ activated: person(LENA) }, 'VIOLATION', 'policies');
  await judged({ activated: person(LENA), code: 'bootstrap' }, 'VIOLATION', 'policies');
  await judged({ activated: worker }, 'VIOLATION', 'policies');
  await judged({ published: null }, 'VIOLATION', 'policies');
  await judged({ activated: null }, 'VIOLATION', 'policies');
  await judged({ set: OTHER_SET }, 'VIOLATION', 'policies');
  // What a bundle of one run leaves out is missing, not a wrong act.
  const part = governed(setUp()).files({ acts: ({ leaf }) => !leaf.type.startsWith('policy.') });
  await expect(part, 'INCOMPLETE', 'policies');
});

test('approvers have a seat that somebody else gave them, and keep it', async () => {
  const judged = async (how, verdict, more = {}) => {
    await expect(
      governed(setUp(how), more).files({ scope: 'full' }),
      verdict,
      verdict === 'VALID' ? undefined : 'approvals',
    );
  };
  await judged({ enrolledBy: null }, 'VIOLATION');
  await judged({ enrolledBy: person(MAYA) }, 'VIOLATION');
  await judged({ groups: ['privacy'] }, 'VIOLATION');
  const removed = (when) => (made, now) =>
    when === now && made.act('approver.removed', person(LENA), { approver: MAYA, groups: ['support-leads'] });
  const closed = (made, now) =>
    now === 'approved' &&
    made.act('access.changed', person(LENA), { code: 'disabled', principal: MAYA }, { detail: null });
  await judged({}, 'VIOLATION', { during: removed('approved') });
  await judged({}, 'VIOLATION', { during: removed('authorized') });
  await judged({}, 'VIOLATION', { during: closed });
  const part = governed(setUp()).files({ acts: ({ leaf }) => leaf.type !== 'approver.enrolled' });
  await expect(part, 'INCOMPLETE', 'approvals');
});

test('a write waits for its evidence, its connector and the end of a pause', async () => {
  const judged = async (how, verdict, more = {}) => {
    await expect(
      governed(setUp(how), more).files({ scope: 'full' }),
      verdict,
      verdict === 'VALID' ? undefined : 'dispatch',
    );
  };
  const pause = (kind, of, lift) => (made, now) => {
    if (now !== 'authorized') return;
    made.act('pause.set', person(TOM), { id: of, kind }, { rationale: null });
    if (lift) made.act('pause.lifted', person(TOM), { id: of, kind }, { rationale: null });
  };
  await judged({}, 'VIOLATION', { during: pause('workspace', 'ws', false) });
  await judged({}, 'VALID', { during: pause('workspace', 'ws', true) });
  await judged({}, 'VIOLATION', { during: pause('connector', 'desk-main') });
  await judged({}, 'VALID', { during: pause('connector', 'crm-main') });
  await judged({}, 'VIOLATION', { during: pause('agent', id('agent', 1)) });
  await judged({}, 'VIOLATION', { during: pause('lane', 'ticket-triage/desk-main/zendesk.ticket.update') });
  await judged({}, 'VALID', { during: pause('lane', 'ticket-triage/desk-main/zendesk.ticket.reply') });
  await judged({ connector: { manifest: hash('another') } }, 'VIOLATION');
  await judged({ connector: { environment: 'production' } }, 'VIOLATION');
  const forged = governed(setUp());
  const one = [...forged.runs.values()][0];
  one.documents.get(1)[0].hash = hash('another document');
  const wrong = World.opened();
  const two = wrong.run(701);
  two.propose();
  two.preview([TICKET]);
  two.decide('auto');
  two.authorize('auto');
  two.start(0, { edit: (data) => ({ ...data, mutation: hash('not in the plan') }) });
  two.finish('applied', 'read_back');
  two.close('applied', 'done');
  await expect(wrong.files(), 'VIOLATION', 'dispatch');
});

/** The mutation that takes the first one of the sample back. */
const undone = (change = (it) => it) => ({
  ...TICKET,
  changes: TICKET.changes.map(({ before, after, field }) => {
    const swapped = { field };
    if (after !== undefined) swapped.before = after;
    if (before !== undefined) swapped.after = before;
    return change(swapped);
  }),
});

test('a sandbox needs evidence under a head', async () => {
  const recorded = () => {
    const made = new World();
    setUp()(made);
    const one = made.run(702);
    one.propose();
    one.preview([TICKET]);
    one.decide('auto', { evidence: 'recorded' });
    one.authorize('auto');
    one.start(0, { edit: (data) => ({ ...data, evidence: 'recorded' }) });
    one.finish('applied', 'read_back');
    one.close('applied', 'done');
    return made.files();
  };
  await expect(recorded(), 'VIOLATION', 'dispatch');
});

test('a recovery took back what it says', async () => {
  await expect(world.files({ runs: [run] }), 'INCOMPLETE', 'recovery');
  await expect(world.files({ runs: [child] }), 'VALID');
  const lie = (outcome, recovered, { cause, undo: undoing = undone() } = {}) => {
    const made = approved({ recover: false });
    const parent = [...made.runs.values()][0];
    const undo = made.run(102);
    parent.add(
      'recovery.planned',
      person(TOM),
      { kind: 'rollback', mutations: [0], plan_digest: parent.digest, requested_by: TOM, run: undo.run },
      { rationale: null },
    );
    undo.propose({ by: person(TOM), recovers: parent.run, recovery: 'rollback' });
    undo.preview([undoing]);
    undo.decide('deny', { rules: ['no'] });
    undo.close('denied', 'denied');
    const close = cause ?? undo.entries.at(-1).hash;
    parent.add('recovery.finished', worker, { kind: 'rollback', outcome, recovered, run: undo.run }, {}, [close]);
    parent.close(recovered.length > 0 ? 'partly_rolled_back' : 'applied', 'restored');
    return made.files();
  };
  await expect(lie('abandoned', []), 'VALID');
  await expect(lie('restored', [0]), 'VIOLATION', 'recovery');
  await expect(lie('failed', []), 'VIOLATION', 'recovery');
  await expect(lie('abandoned', [], { cause: hash('another close') }), 'VIOLATION', 'recovery');
  const others = [
    undone((it) => ({ ...it, after: 'x' })),
    { ...undone(), record: '48214' },
    { ...undone(), connector: 'crm-main' },
  ];
  for (const undo of others) await expect(lie('abandoned', [], { undo }), 'VIOLATION', 'recovery');
});

test('a broken rule is a violation only on a whole chain with its plans', async () => {
  const made = World.opened();
  const one = made.run(800);
  one.propose();
  one.preview([TICKET, ANSWER]);
  one.decide('deny', { rules: ['no'] });
  one.close('cancelled', 'by_request');
  const files = made.files();
  await expect(files, 'VIOLATION', 'replay');
  const planless = relisted(new Map([...files].filter(([path]) => !path.includes('/plans/'))));
  const report = await expect(planless, 'INCOMPLETE', 'plans');
  const replay = report.checks.find(({ id: check }) => check === 'replay');
  assert.deepEqual([replay.state, replay.not_judged.length], ['not_judged', 1]);
});

test('an unknown type of event is never valid', async () => {
  const made = World.opened();
  const one = made.run(801);
  one.propose();
  one.add('run.dreamed', worker, {});
  await expect(made.files(), 'CANNOT_JUDGE', 'leaves');
});

test('exports say what the events say', async () => {
  const made = approved({ recover: false });
  const one = [...made.runs.values()][0];
  const files = made.files();
  const head = text(files.get('log/checkpoint')).split('\n');
  const statement = (change = (it) => it) => {
    const payload = {
      _type: 'https://in-toto.io/Statement/v1',
      predicate: {
        events: one.entries.length,
        head: one.entries.at(-1).hash,
        log: { root: Buffer.from(head[2], 'base64').toString('hex'), size: made.leaves.length },
        origin: ORIGIN,
        plan_digest: one.digest,
        policy: POLICY_SET,
        run: one.run,
        stage: 'applied',
      },
      predicateType: 'https://actionplane.dev/attestations/run/v1',
      subject: [
        {
          digest: { sha256: hash(files.get(`runs/${one.run}/events.jsonl`)) },
          name: `${ORIGIN}/${one.run}/events.jsonl`,
        },
      ],
    };
    const envelope = {
      payload: toBase64(utf8(canonical(change(payload)))),
      payloadType: 'application/vnd.in-toto+json',
      signatures: [{ keyid: 'x', sig: 'YQ==' }],
    };
    return relisted(new Map(files).set(`runs/${one.run}/attestation.dsse.json`, utf8(canonical(envelope))));
  };
  await expect(statement(), 'VALID');
  await expect(
    statement((it) => ({ ...it, predicate: { ...it.predicate, stage: 'failed' } })),
    'TAMPERED',
    'projections',
  );
  const trail = (change = (it) => it, after = (it) => it) => {
    const records = one.entries.map(({ leaf, hash: of, index }) => ({
      action_detail: { ap_leaf_hash: of, ap_log_index: index, ap_origin: ORIGIN },
      timestamp: leaf.time,
    }));
    const chained = [];
    for (const record of change(records)) {
      const prev = chained.length === 0 ? null : hash(utf8(canonical(chained.at(-1))));
      chained.push({ ...record, prev_hash: prev });
    }
    const root = hex(treeRoot(chained.map((record) => leafHash(utf8(canonical(record))))));
    const body = after(chained.map((record) => ({ ...record, batch: { merkle_root: root } })))
      .map((record) => `${canonical(record)}\n`)
      .join('');
    return relisted(new Map(files).set(`runs/${one.run}/aat.jsonl`, utf8(body)));
  };
  await expect(trail(), 'VALID');
  await expect(
    trail((it) => it.slice(0, -1)),
    'TAMPERED',
    'projections',
  );
  await expect(
    trail(
      (it) => it,
      ([first, ...rest]) => [{ ...first, outcome: 'failure' }, ...rest],
    ),
    'TAMPERED',
    'projections',
  );
  await expect(
    trail(
      (it) => it,
      (it) => [...it.slice(0, -1), { ...it.at(-1), outcome: 'failure' }],
    ),
    'TAMPERED',
    'projections',
  );
  await expect(
    trail((it) => it.toReversed?.() ?? [...it].reverse()),
    'TAMPERED',
    'projections',
  );
  await expect(
    trail(([one_, ...rest]) => [{ ...one_, timestamp: rest[2].timestamp }, ...rest]),
    'TAMPERED',
    'projections',
  );
});
