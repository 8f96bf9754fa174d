// Sample runs of a help desk, told in full: what tests judge and what the report is looked at with.

import { canonical } from '../../verify.mjs';
import { AGENT, JONAS, MAYA, NODE, PRIYA, TOM, World, agent, hash, person, worker } from './world.mjs';

export const LEADS = { exclude: [], expires_s: 3600, group: 'support-leads', method: 'signin', quorum: 1 };
export const PRIVACY = { exclude: [], expires_s: 3600, group: 'privacy', method: 'signin', quorum: 1 };

const REPLY =
  'Hello Ms. Aydin,\n\nthank you for your patience. Your export was stuck in a queue that we restarted this morning; ' +
  'it is complete now, and the link in your account works again.\n\nKind regards,\nSupport';

const TICKET = {
  record: '48213',
  version: '2026-11-24T08:58:11Z',
  changes: [
    { after: 'solved', before: 'open', field: 'status' },
    { after: 'normal', before: 'high', field: 'priority' },
    { after: ['export', 'solved-by-agent'], before: ['export'], field: 'tags' },
    { after: '', before: 'Waiting for engineering', field: 'subject_suffix' },
    { after: '370021', before: null, field: 'assignee_id' },
    { after: null, before: '2026-11-25T17:00:00.000Z', field: 'due_at' },
    { after: 'EXP-2291', field: 'external_id' },
  ],
  guard: { requester_id: { value: '991204' } },
};

const ANSWER = {
  verb: 'reply',
  record: '48213',
  version: '2026-11-24T08:58:11Z',
  arguments: { body: REPLY, public: true },
  undo: 'irreversible',
};

/** The digest of what an approver sees: every change of every mutation, by field. */
const shown = (...mutations) => {
  const byField = (left, right) => (left.field < right.field ? -1 : 1);
  const views = mutations.map(({ changes = [] }) => [...changes].sort(byField));
  return hash(`actionplane/shown/v1\n${canonical(views)}`);
};

const exchange = (method, url, status, body) => ({
  ended: '2026-11-24T09:17:02.611Z',
  request: { body, headers: { 'content-type': 'application/json' }, method, url },
  response: { headers: { 'x-zendesk-request-id': '5f0c2e' }, status },
  started: '2026-11-24T09:17:02.204Z',
});

const applied = (now) => ({
  sealed: {
    read_back: { basis: 'read_back', handle: '48213', now, version: '2026-11-24T09:17:02Z' },
    response: exchange('PUT', 'https://desk.example/api/v2/tickets/48213.json', 200, { ticket: now }),
  },
});

/** An approved run of two changes, and the run that took one of them back. */
export function approved({ recover = true } = {}) {
  const world = World.opened();
  const run = world.run(100);
  run.propose({
    mutations: 2,
    confidence_bp: 8200,
    sealed: {
      model: { conversation: 'conv-7731', model: 'support-large-2' },
      proposer: { name: 'Triage agent' },
      reason: 'The export works again; the customer asked to be told. Answer ticket 48213 and close it.',
      source_ref: 'zendesk://ticket/48213',
    },
  });
  run.preview([TICKET, ANSWER]);
  run.decide('approval', {
    obligations: [LEADS, PRIVACY],
    rationale: true,
    rules: ['public-reply-needs-a-lead', 'personal-data-needs-privacy', 'agents-may-propose'],
    sealed: {
      input: [{ action: 'zendesk.ticket.update' }, { action: 'zendesk.ticket.reply' }],
      rationale: [
        'A public reply is e-mailed to the customer, so a support lead reads it first.',
        'The reply names the customer, so privacy approves it.',
        'Agents may propose changes of tickets.',
      ],
    },
  });
  run.request();
  const first = run.approve(MAYA, 'support-leads', {
    sealed: {
      approver: { name: 'Maya Lindqvist' },
      rationale: 'Read the thread. The answer is right and friendly; engineering confirmed the restart.',
      shown: shown(TICKET, ANSWER),
    },
  });
  const second = run.approve(JONAS, 'privacy', {
    sealed: {
      approver: { name: 'Jonas Weber' },
      rationale: 'Only her own name and ticket. Fine.',
      shown: shown(TICKET, ANSWER),
    },
  });
  run.authorize('approvals', { approvals: [first, second] });
  const request = (body) => ({
    sealed: { request: { body, method: 'PUT', url: 'https://desk.example/api/v2/tickets/48213.json' } },
  });
  const after = {
    assignee_id: '370021',
    due_at: null,
    external_id: 'EXP-2291',
    priority: 'normal',
    status: 'solved',
    subject_suffix: '',
    tags: ['export', 'solved-by-agent'],
  };
  run.start(0, request({ ticket: after }));
  run.finish('applied', 'read_back', applied(after));
  run.start(1, request({ ticket: { comment: { body: REPLY, public: true } } }));
  run.finish('applied', 'read_back', applied({ comment_id: '8820193' }));
  run.close('applied', 'done');
  if (recover) {
    const child = world.run(101);
    world.time += 5_400_000;
    run.add(
      'recovery.planned',
      person(TOM),
      { kind: 'rollback', mutations: [0], plan_digest: run.digest, requested_by: TOM, run: child.run },
      { rationale: 'The customer wrote again: the link still fails. The ticket must be open.' },
    );
    child.propose({
      by: person(TOM),
      source: 'recovery',
      recovers: run.run,
      recovery: 'rollback',
      sealed: { proposer: { name: 'Tom Okafor' }, reason: 'The customer wrote again: the link still fails.' },
    });
    const back = TICKET.changes.map(({ before, after: now, field }) => {
      const change = { field };
      if (now !== undefined) change.before = now;
      if (before !== undefined) change.after = before;
      return change;
    });
    child.preview([{ ...TICKET, version: '2026-11-24T09:17:02Z', changes: back }]);
    child.decide('auto', { rules: ['rollback-of-own-run'], risk: 'low' });
    child.authorize('auto');
    const before = { priority: 'high', status: 'open', tags: ['export'] };
    child.start(0, { by: TOM, ...request({ ticket: before }) });
    child.finish('applied', 'read_back', applied(before));
    child.close('applied', 'done');
    const close = child.entries.at(-1).hash;
    run.add(
      'recovery.finished',
      worker,
      { kind: 'rollback', outcome: 'restored', recovered: [0], run: child.run },
      {},
      [close],
      3,
    );
    run.close('partly_rolled_back', 'restored');
  }
  return world;
}

/** The same run after the customer had her data erased; a recipient who sees little of the rest. */
export function erased() {
  const world = approved();
  const [run] = world.runs.values();
  const digests = [...run.documents.values()]
    .flat()
    .flatMap(({ disclosures }) => disclosures.map(({ digest }) => digest));
  const answers = run.entries.filter(({ leaf }) => leaf.type.startsWith('attempt.'));
  world.time += 86_400_000 * 12;
  world.erase([...digests, ...answers.flatMap(({ disclosures }) => disclosures.map(({ digest }) => digest))]);
  return world;
}

/** A run that waits for two groups. */
export function open() {
  const world = World.opened();
  const run = world.run(200);
  run.propose({ mutations: 2, sealed: { reason: 'Answer ticket 48213 and close it.' } });
  run.preview([TICKET, ANSWER]);
  run.decide('approval', { obligations: [LEADS, PRIVACY] });
  run.request();
  run.approve(MAYA, 'support-leads', { sealed: { approver: { name: 'Maya Lindqvist' } } });
  return world;
}

/** A run that policy let through, whose first write ended unknown and was found. */
export function reconciled() {
  const world = World.opened();
  const run = world.run(300);
  run.propose({ mutations: 2 });
  run.preview([TICKET, { ...TICKET, record: '48214' }]);
  run.decide('auto', { risk: 'low', rules: ['small-edits'] });
  run.authorize('auto');
  run.start(0);
  run.finish('unknown', 'timeout');
  run.reconcile('applied', 'key_lookup');
  run.start(1);
  run.finish('rejected', 'rate_limited', { retryable: true });
  run.start(1, { attempt: 2, by: TOM });
  run.finish('applied', 'read_back');
  run.close('applied', 'done');
  return world;
}

/** A run that a person took over, amended and executed; what differed was accepted by somebody else. */
export function takenOver() {
  const world = World.opened();
  const run = world.run(400);
  run.propose({ mutations: 1 });
  run.preview([TICKET]);
  run.decide('approval', { obligations: [LEADS] });
  run.request();
  const replaced = run.digest;
  run.takeOver(TOM, { sealed: { operator: { name: 'Tom Okafor' }, rationale: 'I know this customer.' } });
  run.add(
    'plan.amended',
    person(TOM),
    { mutations: 1, replaces: replaced, revision: 2 },
    { rationale: 'Leave the tags alone.' },
  );
  run.preview([{ ...TICKET, changes: TICKET.changes.slice(0, 2) }], { revision: 2 });
  run.decide('auto', { risk: 'low' });
  run.authorize('takeover');
  run.add('change.observed', person(TOM), { n: 0 }, { change: { after: 'pending', before: 'open', field: 'status' } });
  run.start(0, { by: TOM });
  run.finish('diverged', 'read_back_differs');
  const { mutation } = run.data(run.attempt);
  run.add(
    'divergence.accepted',
    person(MAYA),
    { attempt: 1, mutation, n: 0, plan_digest: run.digest },
    { approver: { name: 'Maya Lindqvist' }, rationale: 'The vendor lower-cases the tag; it means the same.' },
  );
  run.close('applied', 'done');
  return world;
}

/** A run that somebody rejected. */
export function rejected() {
  const world = World.opened();
  const run = world.run(500);
  run.propose({ mutations: 1, sealed: { reason: 'Close the ticket.' } });
  run.preview([TICKET]);
  run.decide('approval', { obligations: [LEADS] });
  run.request();
  const data = { group: 'support-leads', method: 'signin', plan_digest: run.digest, revision: 1 };
  const sealed = {
    approver: { name: 'Maya Lindqvist' },
    assertion: null,
    rationale: 'The customer still waits for an answer.',
    shown: null,
  };
  run.add('approval.rejected', person(MAYA), data, sealed, [run.decision]);
  run.close('rejected', 'rejected', { by: person(MAYA) });
  return world;
}

export { AGENT, NODE, PRIYA, TICKET, ANSWER, agent };
