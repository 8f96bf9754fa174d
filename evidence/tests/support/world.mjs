// A made-up workspace that writes true evidence: leaves, plans, a log with signed and cosigned heads, bundles.
//
// All names, records and keys are made up; the keys are made from public labels and sign nothing real.

import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';

import {
  canonical,
  concat,
  disclosureDigest,
  idempotencyKey,
  leafHash,
  planDigest,
  tilePaths,
  toBase64,
  toBase64url,
  toHex,
  treeRoot,
  writeZip,
} from '../../verify.mjs';
import { unhex, utf8 } from './files.mjs';

const sha256 = (...parts) =>
  new Uint8Array(parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest());

/** An id of its kind, the same each time. */
export const id = (prefix, n) => `${prefix}_01k${String(n).padStart(23, '0')}`;
export const hash = (text) => toHex(sha256(text));

/** An Ed25519 key with a name, of a public label. */
class Key {
  constructor(name, type) {
    const seed = sha256(`made-up test key: ${name} ${type}`);
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
    this.secret = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    const public_ = createPublicKey(this.secret).export({ format: 'der', type: 'spki' }).subarray(-32);
    this.name = name;
    const typed = concat(Uint8Array.of(type), new Uint8Array(public_));
    this.id = sha256(`${name}\n`, typed).subarray(0, 4);
    this.vkey = `${name}+${toHex(this.id)}+${toBase64(typed)}`;
  }

  sign(text) {
    return new Uint8Array(sign(null, Buffer.from(text), this.secret));
  }

  line(body, signature) {
    return `\u2014 ${this.name} ${toBase64(concat(this.id, signature))}\n`;
  }
}

export const ORIGIN = 'desk.example/w/helpdesk';
export const LOG = new Key(ORIGIN, 1);
export const CUSTOMER = new Key('witness.customer.example/w', 4);
export const AUDITOR = new Key('witness.auditor.example/w', 4);

export const POLICY =
  `log ${LOG.vkey}\nwitness customer ${CUSTOMER.vkey}\nwitness auditor ${AUDITOR.vkey}\n` +
  'group both all customer auditor\nquorum both\n';

/** A sealed value: its disclosure and the digest of that. */
function seal(name, value, salt) {
  const text = toBase64url(utf8(canonical([toBase64url(salt), name, value])));
  return { digest: disclosureDigest(text), disclosure: text };
}

const START = Date.parse('2026-11-24T09:12:04.180Z');

export const POLICY_SET = hash('the policy set');
export const OTHER_SET = hash('another policy set');
export const MANIFEST = hash('the manifest of the help desk');
export const NODE = id('node', 1);
export const AGENT = id('agent', 1);
export const PRIYA = id('person', 1); // answers for the agent
export const MAYA = id('person', 2); // approves for support leads
export const JONAS = id('person', 3); // approves for privacy
export const TOM = id('person', 4); // takes over
export const LENA = id('person', 5); // administrator
export const agent = { id: AGENT, kind: 'agent' };
export const person = (who) => ({ id: who, kind: 'person' });
export const worker = { id: NODE, kind: 'system' };
export const policy = { id: id('polset', 1), kind: 'policy' };

/** One chain that is being written. */
class Chain {
  constructor(world, run) {
    this.world = world;
    this.run = run;
    this.entries = [];
    this.documents = new Map();
  }

  /** Writes one event. `cause` holds positions in this chain or hashes of other leaves. */
  add(kind, by, data, sealed = {}, cause = [], after = 1000) {
    const { world } = this;
    world.time += after;
    const disclosures = Object.entries(sealed).map(([name, value]) => seal(name, value, world.salt()));
    const leaf = {
      by,
      data,
      node: NODE,
      prev: this.entries.at(-1)?.hash ?? '',
      seq: this.entries.length,
      time: new Date(world.time).toISOString(),
      type: kind,
      v: 'actionplane.evidence/1',
    };
    if (this.run) leaf.run = this.run;
    if (disclosures.length > 0) {
      leaf._sd = disclosures.map(({ digest }) => digest).sort();
      leaf._sd_alg = 'sha-256';
    }
    if (cause.length > 0) leaf.cause = cause.map((one) => (typeof one === 'number' ? this.entries[one].hash : one));
    const bytes = utf8(canonical(leaf));
    const entry = { bytes, hash: toHex(leafHash(bytes)), index: world.leaves.length, leaf, disclosures };
    world.leaves.push(entry);
    this.entries.push(entry);
    return entry.leaf.seq;
  }

  /** The position of the last event of a type. */
  last(kind) {
    return this.entries.findLast(({ leaf }) => leaf.type === kind)?.leaf.seq;
  }

  data(seq) {
    return this.entries[seq].leaf.data;
  }
}

/** A run that is being written by honest hands. Every method writes what its author would write. */
export class Run extends Chain {
  propose({
    mutations = 1,
    by = agent,
    environment = 'sandbox',
    workflow = 'ticket-triage',
    lifeS = 7 * 86_400,
    sealed = {},
    ...more
  } = {}) {
    const data = {
      deadline: new Date(this.world.time + 1000 + lifeS * 1000).toISOString(),
      environment,
      mutations,
      source: 'api',
      workflow,
      ...(by.kind === 'agent' ? { agent_owner: PRIYA, agent_version: '4.2.0' } : {}),
      ...more,
    };
    this.environment = environment;
    this.proposer = by;
    return this.add('run.proposed', by, data, {
      model: null,
      proposer: { name: 'Triage agent' },
      reason: null,
      source_ref: null,
      ...sealed,
    });
  }

  /** Fixes a plan of these mutations: `{verb, object, record, changes, arguments, undo}` each. */
  preview(mutations, { revision = 1, set = POLICY_SET, edit = (data) => data } = {}) {
    const documents = mutations.map((mutation, n) => this.document(mutation, n));
    const root = toHex(treeRoot(documents.map((document) => unhex(document.hash))));
    const header = { count: documents.length, origin: ORIGIN, policy: set, revision, root, run: this.run };
    const undo = (kind) => mutations.filter((mutation) => (mutation.undo ?? 'rollback') === kind).length;
    this.documents.set(revision, documents);
    this.digest = planDigest(header);
    this.revision = revision;
    this.set = set;
    const { origin, run, ...told } = header;
    const data = {
      ...told,
      plan_digest: this.digest,
      undo: { compensation: undo('compensation'), irreversible: undo('irreversible'), rollback: undo('rollback') },
    };
    this.previewSeq = this.add('plan.previewed', worker, edit(data));
    return this.previewSeq;
  }

  document(
    {
      verb = 'update',
      object = 'ticket',
      connector = 'desk-main',
      record = null,
      version = null,
      changes = [],
      guard = null,
      arguments: given = null,
      undo = 'rollback',
      manifest = MANIFEST,
    },
    n,
  ) {
    const { world } = this;
    const isAction = !['create', 'update', 'delete'].includes(verb);
    const sealed = Object.entries({ record, version, guard, arguments: given }).map(([name, value]) =>
      seal(name, value, world.salt()),
    );
    const changed = changes.map((change) => seal('change', change, world.salt()));
    const document = {
      _sd: sealed.map(({ digest }) => digest).sort(),
      _sd_alg: 'sha-256',
      changes: changed.map(({ digest }) => ({ _sd: [digest] })),
      connector,
      environment: this.environment,
      kind: isAction ? 'invoke' : verb,
      manifest,
      n,
      object,
      undo,
      ...(isAction ? { action: verb } : {}),
    };
    const bytes = utf8(canonical(document));
    return { bytes, hash: toHex(leafHash(bytes)), disclosures: [...sealed, ...changed] };
  }

  decide(decision, { obligations = [], sealed = {}, principal = this.holder ?? this.proposer.id, ...more } = {}) {
    const data = {
      decision,
      duration_us: 412,
      evidence: this.environment === 'simulation' ? 'recorded' : 'sealed',
      obligations,
      plan_digest: this.digest,
      policy: this.set,
      principal,
      rationale: false,
      risk: 'medium',
      rules: ['public-reply-needs-a-lead'],
      ...more,
    };
    this.decision = this.add(
      'policy.decided',
      policy,
      data,
      { input: null, rationale: null, ...sealed },
      [this.previewSeq],
      40,
    );
    return this.decision;
  }

  request({ lifeS = 3600 } = {}) {
    const { obligations } = this.data(this.decision);
    const data = {
      expires: new Date(this.world.time + lifeS * 1000).toISOString(),
      groups: obligations.map(({ group, quorum }) => ({ group, quorum })),
      plan_digest: this.digest,
    };
    return this.add('approval.requested', worker, data, {}, [this.decision], 1);
  }

  approve(who, group, { sealed = {}, after = 240_000, lifeS = 1800, ...more } = {}) {
    const data = {
      expires: new Date(this.world.time + after + lifeS * 1000).toISOString(),
      group,
      method: 'signin',
      plan_digest: this.digest,
      revision: this.revision,
      ...more,
    };
    const hidden = { approver: null, assertion: null, rationale: null, shown: null, ...sealed };
    return this.add('approval.given', person(who), data, hidden, [this.decision], after);
  }

  authorize(basis, { approvals = [], lifeS = 1500, ...more } = {}) {
    const data = {
      basis,
      expires: new Date(this.world.time + lifeS * 1000).toISOString(),
      plan_digest: this.digest,
      revision: this.revision,
      ...more,
    };
    this.leave = this.add('run.authorized', worker, data, {}, [this.decision, ...approvals], 1);
    return this.leave;
  }

  start(n, { attempt = 1, sealed = {}, by = NODE, edit = (data) => data } = {}) {
    const data = {
      attempt,
      evidence: this.environment === 'simulation' ? 'recorded' : 'sealed',
      guarantee: 'advisory',
      key: idempotencyKey(this.run, this.digest, n),
      mutation: this.documents.get(this.revision)[n].hash,
      n,
      plan_digest: this.digest,
      requested_by: by,
      send_by: new Date(this.world.time + 900 + 5000).toISOString(),
    };
    this.attempt = this.add(
      'attempt.started',
      worker,
      edit(data),
      { observed: null, request: null, ...sealed },
      [this.leave],
      900,
    );
    return this.attempt;
  }

  finish(outcome, code, { retryable = false, sealed = {} } = {}) {
    const { attempt, mutation, n } = this.data(this.attempt);
    const data = { attempt, code, mutation, n, outcome, retryable };
    return this.add(
      'attempt.finished',
      worker,
      data,
      { read_back: null, response: null, ...sealed },
      [this.attempt],
      1400,
    );
  }

  reconcile(outcome, code, { by = worker, sealed = {}, retryable = false, after = 70_000 } = {}) {
    const { attempt, mutation, n } = this.data(this.attempt);
    const data = { attempt, code, mutation, n, outcome, requested_by: by.id, retryable };
    const answered = this.last('attempt.reconciled') > this.attempt ? 'attempt.reconciled' : 'attempt.finished';
    return this.add(
      'attempt.reconciled',
      by,
      data,
      { rationale: null, read_back: null, ...sealed },
      [this.last(answered)],
      after,
    );
  }

  takeOver(who, { leaseS = 1800, sealed = {} } = {}) {
    this.holder = who;
    const data = { until: new Date(this.world.time + 1000 + leaseS * 1000).toISOString() };
    return this.add('run.taken_over', person(who), data, { operator: null, rationale: null, ...sealed });
  }

  close(stage, code, { by = worker } = {}) {
    return this.add('run.closed', by, { code, events: this.entries.length + 1, stage }, {}, [], 1);
  }
}

/** A workspace with its log. */
export class World {
  constructor() {
    this.time = START;
    this.leaves = [];
    this.salts = 0;
    this.runs = new Map();
    this.workspace = new Chain(this, undefined);
  }

  salt() {
    this.salts += 1;
    return sha256(`salt ${this.salts}`);
  }

  act(kind, by, data, sealed) {
    return this.workspace.add(kind, by, data, sealed);
  }

  run(n) {
    const run = new Run(this, id('run', n));
    this.runs.set(run.run, run);
    return run;
  }

  /** The log, the people, the policy set and the connector that runs need. */
  static opened() {
    const world = new World();
    world.act('log.opened', worker, { origin: ORIGIN, scope: 'governed-runs', vkey: LOG.vkey });
    world.act(
      'policy.published',
      person(LENA),
      { bytes: 2140, policy: POLICY_SET },
      { author: { name: 'Lena Brandt' } },
    );
    world.act('policy.activated', person(PRIYA), { policy: POLICY_SET });
    const enroll = (who, name, ...groups) =>
      world.act(
        'approver.enrolled',
        person(LENA),
        { approver: who, groups },
        { credential: null, name: { name }, training_ref: 'LMS-2231' },
      );
    enroll(MAYA, 'Maya Lindqvist', 'support-leads');
    enroll(JONAS, 'Jonas Weber', 'privacy');
    world.act('connector.changed', person(LENA), {
      connector: 'desk-main',
      environment: 'sandbox',
      manifest: MANIFEST,
    });
    return world;
  }

  /** Makes sealed values unreadable and says so. */
  erase(digests, basis = 'gdpr-17-1-b') {
    const data = { basis, count: digests.length, digests: [...digests].sort() };
    this.act('disclosure.erased', person(LENA), data, {
      authorized_by: { name: 'Lena Brandt' },
      request_ref: 'DSR-118',
    });
    this.erased = new Set([...(this.erased ?? []), ...digests]);
  }

  /** A signed head of the first leaves. */
  head(size = this.leaves.length, { seenAfter = 2, keys = [LOG], witnesses = [CUSTOMER, AUDITOR] } = {}) {
    const root = treeRoot(this.hashes(size));
    const body = `${ORIGIN}\n${size}\n${toBase64(root)}\n`;
    const seen = Math.floor(this.time / 1000) + seenAfter;
    const lines = keys.map((key) => key.line(body, key.sign(body)));
    witnesses.forEach((key, n) => {
      const time = new Uint8Array(8);
      new DataView(time.buffer).setBigUint64(0, BigInt(seen + n));
      lines.push(key.line(body, concat(time, key.sign(`cosignature/v1\ntime ${seen + n}\n${body}`))));
    });
    return `${body}\n${lines.join('')}`;
  }

  hashes(size = this.leaves.length) {
    return this.leaves.slice(0, size).map((leaf) => unhex(leaf.hash));
  }

  path(index, from = 0, to = this.leaves.length, hashes = this.hashes(to)) {
    if (to - from <= 1) return [];
    let split = 1;
    while (split * 2 < to - from) split *= 2;
    const middle = from + split;
    return index < middle
      ? [...this.path(index, from, middle, hashes), treeRoot(hashes.slice(middle, to))]
      : [...this.path(index, middle, to, hashes), treeRoot(hashes.slice(from, middle))];
  }

  /** The consistency proof from a smaller log to the whole one (RFC 9162, section 2.1.4.1). */
  consistency(old) {
    const hashes = this.hashes();
    const sub = (m, from, to, known) => {
      if (m === to - from) return known ? [] : [treeRoot(hashes.slice(from, to))];
      let split = 1;
      while (split * 2 < to - from) split *= 2;
      return m <= split
        ? [...sub(m, from, from + split, known), treeRoot(hashes.slice(from + split, to))]
        : [...sub(m - split, from + split, to, false), treeRoot(hashes.slice(from, from + split))];
    };
    return sub(old, 0, hashes.length, true);
  }

  /** The files of a bundle of runs. `disclose` says which sealed names go with it. */
  files({
    scope = 'run',
    runs = [...this.runs.values()],
    disclose = () => true,
    head = this.head(),
    acts = () => true,
  } = {}) {
    const files = new Map([
      ['trust.tlog-policy', utf8(POLICY)],
      ['log/checkpoint', utf8(head)],
    ]);
    const lines = (list) => utf8(list.map((line) => `${canonical(line)}\n`).join(''));
    const put = (folder, chain, entries, documents) => {
      files.set(`${folder}/events.jsonl`, lines(entries.map(({ index, bytes }) => ({ index, leaf: toBase64(bytes) }))));
      if (scope !== 'full') {
        for (const { index } of entries) {
          const path = this.path(index).map((one) => `${toBase64(one)}\n`);
          files.set(
            `${folder}/proofs/${index}.tlog-proof`,
            utf8(`c2sp.org/tlog-proof@v1\nindex ${index}\n${path.join('')}\n${head}`),
          );
        }
      }
      const sealed = [...entries, ...documents].flatMap(({ disclosures }) => disclosures);
      const shown = sealed.filter(({ digest, disclosure }) => !this.erased?.has(digest) && disclose(disclosure, chain));
      files.set(`${folder}/disclosures.jsonl`, lines(shown));
    };
    for (const run of runs) {
      const folder = `runs/${run.run}`;
      put(folder, run, run.entries, [...run.documents.values()].flat());
      for (const [revision, documents] of run.documents) {
        files.set(
          `${folder}/plans/${revision}.jsonl`,
          lines(documents.map(({ bytes }, n) => ({ doc: toBase64(bytes), n }))),
        );
      }
    }
    put('workspace', this.workspace, this.workspace.entries.filter(acts), []);
    if (scope === 'full') this.putTiles(files);
    return withManifest(files, { scope, size: this.leaves.length, created: new Date(this.time + 9000).toISOString() });
  }

  putTiles(files) {
    for (const [path, width] of tilePaths('entries', this.leaves.length)) {
      const from = Number(path.split('/')[2].slice(0, 3)) * 256;
      const entries = this.leaves.slice(from, from + width);
      const bytes = entries.flatMap(({ bytes: leaf }) => [Uint8Array.of(leaf.length >> 8, leaf.length & 255), leaf]);
      files.set(`log/${path}`, concat(...bytes));
    }
    let nodes = this.hashes();
    for (let level = 0; nodes.length > 0; level += 1) {
      for (const [path, width] of tilePaths(level, this.leaves.length)) {
        const from = Number(path.split('/')[2].slice(0, 3)) * 256;
        files.set(`log/${path}`, concat(...nodes.slice(from, from + width)));
      }
      const full = Math.floor(nodes.length / 256);
      nodes = Array.from({ length: full }, (_, n) => treeRoot(nodes.slice(n * 256, n * 256 + 256)));
    }
  }
}

/** Files with a table of contents that lists them. */
export function withManifest(files, { scope, size, created }) {
  const listed = [...files]
    .filter(([path]) => path !== 'manifest.json')
    .sort(([left], [right]) => (left < right ? -1 : 1));
  const manifest = {
    created,
    files: listed.map(([path, bytes]) => ({ bytes: bytes.length, path, sha256: toHex(sha256(bytes)) })),
    origin: ORIGIN,
    scope,
    size,
    v: 'actionplane.bundle/1',
  };
  return new Map([...listed, ['manifest.json', utf8(canonical(manifest))]]);
}

/** The same files, listed anew after an edit. */
export function relisted(files) {
  const { created, scope, size } = JSON.parse(new TextDecoder().decode(files.get('manifest.json')));
  return withManifest(files, { created, scope, size });
}

export const zipped = (files) => writeZip(files);
