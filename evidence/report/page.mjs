// The page around the verifier: reads the bundle that stands in the file, judges it, and tells it. It stands behind the
// source of `verify.mjs` in one script, so every export of that file is at hand.
//
// Everything that comes from a bundle reaches the page as a text node. There is no place here that makes HTML of text.

const $ = (name) => document.getElementById(name);

/** An element: `h('p.quiet', {id: 'x'}, 'text', h('b', {}, 'more'))`. Children are elements or texts; null is left out. */
function h(kind, attributes, ...children) {
  const [tag, ...classes] = kind.split('.');
  const element = document.createElement(tag);
  if (classes.length > 0) element.className = classes.join(' ');
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat(4).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const plural = (n, what) => `${n} ${what}${n === 1 ? '' : 's'}`;
const short = (hash) => `${hash.slice(0, 12)}…`;
const day = (time) => time.slice(0, 10);
const clock = (time) => `${time.slice(11, 23)}`;
const stamp = (time) => `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`;
const isText = (value) => typeof value === 'string';
const isMap = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Marks that turn the direction of text, and controls, are written out: they could make a value read as another. */
function visible(text) {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu, (char) => {
    return `\\u{${char.codePointAt(0).toString(16)}}`;
  });
}

const pretty = (value, indent = '') => {
  const inner = `${indent}  `;
  if (Array.isArray(value) && value.length > 0) {
    return `[\n${value.map((item) => inner + pretty(item, inner)).join(',\n')}\n${indent}]`;
  }
  if (isMap(value) && Object.keys(value).length > 0) {
    const rows = Object.entries(value).map(([name, member]) => `${inner}${canonical(name)}: ${pretty(member, inner)}`);
    return `{\n${rows.join(',\n')}\n${indent}}`;
  }
  return isText(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : canonical(value);
};

// ---------------------------------------------------------------------------------------------------------------------
// Words

const VERDICT_TITLES = {
  VALID: 'Valid',
  VALID_REDACTED: 'Valid, redacted',
  OPEN: 'Open',
  UNWITNESSED: 'Unwitnessed',
  UNTRUSTED: 'Untrusted',
  INCOMPLETE: 'Incomplete',
  CANNOT_JUDGE: 'Cannot judge',
  VIOLATION: 'Violation',
  TAMPERED: 'Tampered',
};
const VERDICT_TONES = { VALID: 'ok', VALID_REDACTED: 'ok', VIOLATION: 'bad', TAMPERED: 'bad' };

const STAGE_TONES = {
  applied: 'ok',
  compensated: 'ok',
  rolled_back: 'ok',
  failed: 'bad',
  denied: 'bad',
  rejected: 'bad',
  partly_applied: 'warn',
  partly_rolled_back: 'warn',
  needs_attention: 'warn',
  awaiting_approval: 'warn',
};
const OUTCOME_TONES = { applied: 'ok', diverged: 'bad', rejected: 'bad', unknown: 'warn', not_sent: 'warn' };
const OUTCOMES = {
  applied: 'Applied',
  diverged: 'Diverged',
  rejected: 'Refused by the system',
  not_sent: 'Not sent',
  unknown: 'Unknown',
};
const DECISIONS = { auto: 'May run by itself', approval: 'Needs approval', deny: 'Must not run' };
const METHOD_WORDS = { signin: 'sign-in', passkey: 'passkey' };
const RECOVERIES = {
  restored: 'Restored',
  compensated: 'Compensated',
  partly_restored: 'Partly restored',
  abandoned: 'Abandoned',
  failed: 'Failed',
  conflict: 'Conflict',
};
const UNDO = { rollback: 'can be restored', compensation: 'has a counter-action', irreversible: 'cannot be undone' };
const STATES = {
  passed: ['Holds', 'ok', '\u2713'],
  failed: ['Fails', 'bad', '\u2715'],
  not_judged: ['Not judged', 'warn', '\u2013'],
  nothing: ['Nothing to check', '', '\u2013'],
};

const words = (text) => text.replaceAll('_', ' ');
const sentence = (text) => words(text).replace(/^./, (char) => char.toUpperCase());
const badge = (text, tone = '') => h(`span.badge${tone ? `.${tone}` : ''}`, {}, text);
const code = (text) => h('code.wrap', {}, text);
/** A sentence of the verifier: words in backticks as code, times as people read them. */
const reading = (text) =>
  text.split('`').map((part, at) => {
    const timed = visible(part).replace(/(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)\.\d{3}Z/g, '$1 $2 UTC');
    return at % 2 === 1 ? code(timed) : timed;
  });
const moment = (time) => [h('div', {}, day(time)), h('div.quiet', {}, `${time.slice(11, 19)} UTC`)];

/** What an event says, without who and why. */
const WHAT = {
  'run.proposed': (e) => `proposed ${plural(e.mutations, 'change')} in ${e.environment}`,
  'plan.previewed': (e) => `read the records and fixed plan ${e.revision} (${plural(e.count, 'change')})`,
  'plan.amended': (e) => `changed the plan (${plural(e.mutations, 'change')})`,
  'plan.drifted': (e) => `found that the record of change ${e.n + 1} had moved; the plan is void`,
  'policy.decided': (e) =>
    ({ auto: 'decided: may run by itself', approval: 'decided: needs approval', deny: 'decided: must not run' })[
      e.decision
    ],
  'approval.requested': (e) =>
    `asked ${e.groups.map(({ group, quorum }) => `${quorum} of ${group}`).join(' and ')}, until ${stamp(e.expires)}`,
  'approval.given': (e) =>
    `approved plan ${e.revision} for ${e.group} (${METHOD_WORDS[e.method]}), until ${stamp(e.expires)}`,
  'approval.rejected': (e) => `rejected plan ${e.revision} for ${e.group} (${METHOD_WORDS[e.method]})`,
  'run.taken_over': (e) => `took the run over, until ${stamp(e.until)}`,
  'run.handed_back': (e) => (e.code === 'lease_expired' ? 'noticed that the takeover had ended' : 'gave the run back'),
  'change.observed': (e) => `changed the record of change ${e.n + 1} by hand: observed, not authorized`,
  'run.authorized': (e) => `authorized plan ${e.revision} (basis ${e.basis}), until ${stamp(e.expires)}`,
  'authorization.voided': (e) => `voided the authorization: ${words(e.code)}`,
  'attempt.started': (e) => `started attempt ${e.attempt} of change ${e.n + 1}, to be sent before ${clock(e.send_by)}`,
  'attempt.finished': (e) =>
    `recorded the outcome of attempt ${e.attempt} of change ${e.n + 1}: ${OUTCOMES[e.outcome].toLowerCase()} (${words(e.code)})`,
  'attempt.reconciled': (e) =>
    `settled attempt ${e.attempt} of change ${e.n + 1}: ${OUTCOMES[e.outcome].toLowerCase()} (${words(e.code)})`,
  'divergence.accepted': (e) => `accepted what the record of change ${e.n + 1} holds instead of the plan`,
  'recovery.planned': (e) => `asked for a ${e.kind} of ${plural(e.mutations.length, 'change')}, as ${e.run}`,
  'recovery.finished': (e) => `recorded the end of the ${e.kind} by ${e.run}: ${words(e.outcome)}`,
  'artifact.attached': (e) => `attached a file of ${e.bytes} bytes (${e.media_type.slice(0, 64)})`,
  'run.commented': () => 'commented',
  'run.cancelled': (e) => `called the run off (${words(e.code)})`,
  'run.expired': (e) => `let the run expire (${words(e.code)})`,
  'run.closed': (e) => `closed the run as ${words(e.stage)} (${words(e.code)}) after ${e.events} events`,
};

const KINDS = { agent: 'agent', person: 'person', service: 'service', polset: 'policy', node: 'system' };
const kindOf = (id) => KINDS[id.split('_')[0]] ?? 'system';

/** Names of persons and agents, as the disclosed fields of this bundle give them. */
function namesOf(runs) {
  const names = new Map();
  for (const { events } of runs) {
    for (const { by, fields } of events) {
      for (const name of ['proposer', 'approver', 'operator']) {
        const value = fields[name]?.class === 'disclosed' ? fields[name].value : null;
        if (isMap(value) && isText(value.name) && value.name !== '') names.set(by, plain(value));
      }
    }
  }
  return names;
}

function who(id, names) {
  const kind = kindOf(id);
  const name = names.get(id) ?? { policy: 'Policy', system: 'ActionPlane' }[kind] ?? id;
  return h(`span.who.${kind}`, { title: id }, name);
}

// ---------------------------------------------------------------------------------------------------------------------
// Values: null, empty, absent, erased and withheld are five things

const hidden = (field) =>
  field.class === 'erased'
    ? h('span.chip.state.warn', {}, `erased ${day(field.time)} (${field.basis}, event ${field.index})`)
    : h('span.chip.state', {}, 'withheld');

function valueOf(value, parts) {
  if (value === undefined) return h('span.state', {}, 'absent');
  if (value === null) return h('span.state', {}, 'null');
  if (value === '') return h('span.state', {}, 'empty text');
  if (Array.isArray(value) && value.length === 0) return h('span.state', {}, 'empty list');
  if (isMap(value) && Object.keys(value).length === 0) return h('span.state', {}, 'empty object');
  if (parts) return h('span.value', {}, parts);
  // A text that reads as another kind of value stands in quotes.
  if (isText(value))
    return h('span.value', {}, /^(?:null|true|false|-?[0-9.]+)$/.test(value) ? `"${value}"` : visible(value));
  if (Array.isArray(value) && value.every(isText)) return h('span.value', {}, visible(value.join(', ')));
  return h('span.value', {}, visible(isMap(value) || Array.isArray(value) ? pretty(value) : canonical(value)));
}

/** Two texts with the words that differ between their common beginning and end marked. */
function marked(before, after) {
  if (!isText(before) || !isText(after) || before === '' || after === '' || before.length + after.length < 40)
    return [];
  const [left, right] = [before, after].map((text) => text.match(/\s+|[^\s]+/g) ?? []);
  let start = 0;
  while (start < Math.min(left.length, right.length) && left[start] === right[start]) start += 1;
  let end = 0;
  while (end < Math.min(left.length, right.length) - start && left.at(-1 - end) === right.at(-1 - end)) end += 1;
  if (start + end === 0) return [];
  return [left, right].map((tokens) => {
    const [head, middle, tail] = [
      tokens.slice(0, start),
      tokens.slice(start, tokens.length - end),
      tokens.slice(tokens.length - end),
    ];
    return [
      visible(head.join('')),
      middle.length > 0 && h('mark', {}, visible(middle.join(''))),
      visible(tail.join('')),
    ];
  });
}

/** One row per change; changes that are hidden in the same way share one. */
function changeRows(changes) {
  const isHidden = (change) => change.class !== 'disclosed' || !isMap(change.value);
  const groups = new Map();
  for (const change of changes.filter(isHidden)) {
    const key = canonical(change);
    groups.set(key, [...(groups.get(key) ?? []), change]);
  }
  const rows = [...groups.values()].map((group) =>
    h('tr', {}, h('th', { scope: 'row' }, plural(group.length, 'field')), h('td', { colspan: 2 }, hidden(group[0]))),
  );
  return [...changes.filter((change) => !isHidden(change)).map(changeRow), ...rows];
}

function changeRow(change) {
  const { field, before, after } = change.value;
  const [left, right] = marked(before, after);
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, visible(isText(field) ? field : canonical(field ?? null))),
    h('td.before', {}, valueOf(before, left)),
    h('td.after', {}, valueOf(after, right)),
  );
}

function table(kind, heads, rows, label) {
  const head = h(
    'thead',
    {},
    h(
      'tr',
      {},
      heads.map((text) => h('th', { scope: 'col' }, text)),
    ),
  );
  return h(
    'div.scroll',
    { tabindex: 0, role: 'group', 'aria-label': label },
    h(`table${kind}`, {}, head, h('tbody', {}, rows)),
  );
}

function mutationBlock({ n, verb, object, connector, undo, hash, fields, changes }) {
  const { record, arguments: given, guard } = fields;
  const named =
    record.class === 'disclosed' ? (record.value === null ? null : code(plain(record.value))) : hidden(record);
  const blocks = [];
  if (changes.length > 0) {
    blocks.push(table('.diff', ['Field', 'Before', 'After'], changeRows(changes), `Changed fields of change ${n + 1}`));
  }
  if (given.class === 'disclosed' && isMap(given.value)) {
    const rows = Object.entries(given.value).map(([name, value]) =>
      h('tr', {}, h('th', { scope: 'row' }, visible(name)), h('td.after', {}, valueOf(value))),
    );
    blocks.push(
      table('.diff.given', ['Argument', 'Value (nothing was there before)'], rows, `Arguments of change ${n + 1}`),
    );
  } else if (given.class !== 'disclosed' && changes.length === 0) {
    blocks.push(h('p.foot', {}, 'Arguments: ', hidden(given)));
  }
  const held = guard.class === 'disclosed' && isMap(guard.value) ? Object.entries(guard.value) : [];
  const foot = [
    held.length > 0 &&
      h(
        'span',
        {},
        'Must not have moved: ',
        held.map(([name, entry], at) => [
          at > 0 ? ', ' : '',
          code(visible(name)),
          ' = ',
          valueOf(isMap(entry) ? entry.value : entry),
        ]),
        '. ',
      ),
    h('span', {}, 'Mutation document ', h('span.mono.wrap', {}, hash)),
  ];
  return h(
    'div.mutation',
    {},
    h(
      'h3',
      {},
      h('span.number', { 'aria-label': `Change ${n + 1}` }, String(n + 1)),
      `${sentence(verb)} ${words(object)} `,
      named,
      h('span.quiet', {}, `on ${connector}`),
      badge(UNDO[undo], undo === 'irreversible' ? 'warn' : ''),
    ),
    blocks,
    h('p.foot', {}, foot),
  );
}

// ---------------------------------------------------------------------------------------------------------------------
// Sections of a run

const card = (title, note, ...content) => {
  const id = `s${(card.count = (card.count ?? 0) + 1)}`;
  return h(
    'section.card',
    { 'aria-labelledby': id },
    h('header', {}, h('h2', { id }, title), note ? h('p', {}, note) : null),
    ...content,
  );
};

const disclosed = (field) => (field?.class === 'disclosed' && field.value !== null ? field.value : undefined);
const last = (events, ...types) => events.findLast(({ type }) => types.includes(type));
const all = (events, ...types) => events.filter(({ type }) => types.includes(type));

/** A reason: the words, or that they are hidden, or nothing when there was none. */
function why(field, name = 'Rationale') {
  if (!field) return null;
  if (field.class !== 'disclosed') return h('p.quiet', {}, `${name} `, hidden(field));
  if (field.value === null || field.value === '') return null;
  return h('blockquote', {}, visible(isText(field.value) ? field.value : pretty(field.value)));
}

function titleOf({ run, plans, events, stage, environment, workflow }) {
  const reason = disclosed(events[0]?.fields.reason);
  const mutations = plans.at(-1)?.mutations ?? [];
  const short_ = isText(reason) && reason.length <= 140 ? plain(reason) : undefined;
  const title =
    short_ ??
    (mutations.length > 0
      ? `${plural(mutations.length, 'change')} of ${words(mutations[0].object)} on ${mutations[0].connector}`
      : 'A governed run');
  const recovers = events[0]?.data.recovers;
  return h(
    'div.title',
    {},
    h('h1', { id: run }, title),
    h(
      'p.sub',
      {},
      stage ? badge(sentence(stage), STAGE_TONES[stage]) : badge('Not judged', 'warn'),
      environment ? badge(environment, environment === 'production' ? 'strong' : '') : null,
      workflow ? h('span', {}, 'workflow ', code(workflow)) : null,
      h('span.mono.wrap', {}, run),
      recovers ? h('span', {}, 'takes back ', h('a', { href: `#${recovers}` }, recovers)) : null,
    ),
  );
}

function factsOf({ events, stage }, names) {
  const [first] = events;
  const decided = last(events, 'policy.decided')?.data;
  const approvals = all(events, 'approval.given').length;
  const asked = decided?.obligations.reduce((sum, { quorum }) => sum + quorum, 0) ?? 0;
  const attempts = all(events, 'attempt.started').length;
  const close = last(events, 'run.closed');
  const facts = [
    [
      'Proposed by',
      [
        who(first.by, names),
        first.data.on_behalf_of ? h('span.quiet', {}, ' for ', who(first.data.on_behalf_of, names)) : null,
      ],
    ],
    ['Proposed', moment(first.time)],
    ['Policy', decided ? DECISIONS[decided.decision] : 'Not asked'],
    ['Approvals', asked > 0 ? `${approvals} of ${asked}` : 'None asked'],
    ['Attempts', String(attempts)],
    [close ? 'Closed' : 'Stands at', close ? moment(close.time) : sentence(stage ?? 'not judged')],
  ];
  return h(
    'section.card',
    { 'aria-label': 'Facts' },
    h(
      'dl.facts',
      {},
      facts.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
    ),
  );
}

function plansOf({ plans }) {
  return plans
    .map(({ revision, mutations }, at) => {
      const isLast = at === plans.length - 1;
      const blocks = mutations.map(mutationBlock);
      const title = plans.length === 1 ? 'Before and after' : `Before and after, plan ${revision}`;
      const note = `${plural(mutations.length, 'change')}${isLast ? '' : ', replaced by a later plan'}`;
      const content = isLast ? blocks : h('details.pad', {}, h('summary', {}, `Show plan ${revision}`), blocks);
      return card(title, note, content);
    })
    .reverse();
}

function policyOf({ events }) {
  const decisions = all(events, 'policy.decided');
  if (decisions.length === 0) return null;
  const rows = decisions.map(({ data, fields, index }) => {
    const said = disclosed(fields.rationale);
    const sentences = Array.isArray(said) ? said.filter(isText) : isText(said) ? [said] : [];
    const asked = data.obligations.map(({ group, quorum, method: how, exclude }) => {
      const without = exclude.length > 0 ? `, without ${exclude.join(', ')}` : '';
      return `${quorum} of ${group}, by ${METHOD_WORDS[how]}${without}`;
    });
    return h(
      'li.rules',
      {},
      h(
        'p',
        {},
        badge(DECISIONS[data.decision], { auto: 'ok', approval: 'warn', deny: 'bad' }[data.decision]),
        ' ',
        badge(`${data.risk} risk`),
        ' ',
        h('span.quiet', {}, `event ${index}, for ${data.principal}, in ${data.duration_us} µs`),
      ),
      h(
        'p',
        {},
        'Rules that fired: ',
        data.rules.length === 0 ? 'none' : data.rules.map((rule, at) => [at > 0 ? ', ' : '', code(rule)]),
      ),
      sentences.length > 0
        ? h(
            'ul.because',
            {},
            sentences.map((text) => h('li', {}, reading(text))),
          )
        : fields.rationale.class === 'disclosed'
          ? null
          : h('p', {}, 'Explanation: ', hidden(fields.rationale)),
      asked.length > 0 ? h('p', {}, `Asked for: ${asked.join('; ')}.`) : null,
      data.canary ? h('p', {}, `After ${plural(data.canary, 'change')} the run waits for a person.`) : null,
      h('p.quiet', {}, 'Policy set ', h('span.mono.wrap', {}, data.policy)),
    );
  });
  return card('Policy', plural(decisions.length, 'decision'), h('ul.rows', {}, rows));
}

/** Whether a digest is that of the changes as this page shows them. */
function isShown(digest, plan) {
  const changes = plan?.mutations.map((mutation) => mutation.changes);
  if (!changes || changes.flat().some((change) => change.class !== 'disclosed')) return undefined;
  const byField = (left, right) => (left.field < right.field ? -1 : Number(left.field > right.field));
  const views = changes.map((list) => list.map(({ value }) => value).sort(byField));
  return toHex(sha256(utf8(`actionplane/shown/v1\n${canonical(views)}`))) === digest;
}

function approvalsOf({ events, plans }, names) {
  const verdicts = all(events, 'approval.given', 'approval.rejected');
  if (verdicts.length === 0) return null;
  const rows = verdicts.map(({ type, by, time, data, fields, index }) => {
    const shown = disclosed(fields.shown);
    const plan = plans.find(({ revision }) => revision === data.revision);
    const same = isText(shown) ? isShown(shown, plan) : undefined;
    const seen =
      fields.shown.class !== 'disclosed'
        ? hidden(fields.shown)
        : !isText(shown)
          ? h('span.quiet', {}, 'not recorded')
          : same === true
            ? 'the changes of this page, value by value'
            : h('span', {}, 'a view with the digest ', code(short(shown)));
    return h(
      'tr',
      {},
      h('th', { scope: 'row' }, who(by, names), h('div.quiet.mono.key', {}, by)),
      h(
        'td.fixed',
        {},
        badge(type === 'approval.given' ? 'Approved' : 'Rejected', type === 'approval.given' ? 'ok' : 'bad'),
        h('div.quiet', {}, `plan ${data.revision}, event ${index}`),
      ),
      h('td.fixed', {}, data.group, h('div.quiet', {}, `by ${METHOD_WORDS[data.method]}`)),
      h('td.fixed', {}, moment(time)),
      h('td', {}, why(fields.rationale) ?? h('span.quiet', {}, 'no rationale'), h('div.quiet', {}, 'Saw: ', seen)),
    );
  });
  return card(
    'Approvals',
    plural(verdicts.length, 'verdict'),
    table('', ['Who', 'Verdict', 'For', 'When', 'Why, and what they saw'], rows, 'Approvals'),
  );
}

function attemptsOf({ events }, names) {
  const started = all(events, 'attempt.started');
  if (started.length === 0) return null;
  const rows = started.map((attempt) => {
    const { n, attempt: number } = attempt.data;
    const answers = all(events, 'attempt.finished', 'attempt.reconciled', 'divergence.accepted').filter(
      ({ data }) => data.n === n && data.attempt === number,
    );
    const outcomes = answers.map(({ type, data, time, by, index }) =>
      type === 'divergence.accepted'
        ? h(
            'li',
            {},
            badge('Accepted', 'ok'),
            h('span.quiet', {}, 'by ', who(by, names), `, ${stamp(time)}, event ${index}`),
          )
        : h(
            'li',
            {},
            badge(OUTCOMES[data.outcome], OUTCOME_TONES[data.outcome]),
            h(
              'span.quiet',
              {},
              `${words(data.code)}${type === 'attempt.reconciled' ? ', settled' : ''}, ${stamp(time)}, event ${index}`,
            ),
          ),
    );
    const inFlight = outcomes.length === 0 ? h('li', {}, badge('No outcome yet', 'warn')) : null;
    return h(
      'tr',
      {},
      h('th', { scope: 'row' }, `Change ${n + 1}, attempt ${number}`, h('div.quiet', {}, `event ${attempt.index}`)),
      h('td', {}, stamp(attempt.time), h('div.quiet', {}, 'asked by ', who(attempt.data.requested_by, names))),
      h(
        'td',
        {},
        h('div', {}, `evidence ${attempt.data.evidence}`),
        h('div.quiet', {}, `guarantee ${attempt.data.guarantee}`),
      ),
      h('td', {}, h('ul.rules', {}, outcomes, inFlight)),
    );
  });
  return card(
    'Attempts and outcomes',
    plural(started.length, 'attempt'),
    table('', ['Attempt', 'Started', 'Before sending', 'What became of it'], rows, 'Attempts'),
  );
}

function recoveryOf({ events }, names) {
  const planned = all(events, 'recovery.planned');
  if (planned.length === 0) return null;
  const rows = planned.map(({ data, by, time, fields, index }) => {
    const end = all(events, 'recovery.finished').find((finished) => finished.data.run === data.run);
    const outcome_ = end
      ? badge(RECOVERIES[end.data.outcome], { restored: 'ok', compensated: 'ok' }[end.data.outcome] ?? 'warn')
      : badge('Under way', 'warn');
    const back = end ? ` ${plural(end.data.recovered.length, 'change')} taken back, event ${end.index}.` : '';
    return h(
      'li.rules',
      {},
      h(
        'p',
        {},
        outcome_,
        ' ',
        `${sentence(data.kind)} of ${data.mutations.length === 1 ? 'change' : 'changes'} ${data.mutations.map((n) => n + 1).join(', ')}, asked by `,
        who(by, names),
        h('span.quiet', {}, `, ${stamp(time)}, event ${index}.${back}`),
      ),
      why(fields.rationale),
      h('p.quiet', {}, 'Recovery run ', h('a', { href: `#${data.run}` }, data.run)),
    );
  });
  return card(
    'Recovery',
    plural(planned.length, 'recovery').replace('recoverys', 'recoveries'),
    h('ul.rows', {}, rows),
  );
}

const REASONS = ['reason', 'rationale', 'comment'];
const NAMES = ['proposer', 'approver', 'operator'];

const SEALED = {
  shown: 'digest of what they saw',
  read_back: 'read-back',
  source_ref: 'source',
  input: 'what policy was told',
};
const label = (name) => SEALED[name] ?? words(name);

function sealedOf(fields, type) {
  const rest = Object.entries(fields).filter(
    ([name, field]) =>
      !NAMES.includes(name) &&
      !(REASONS.includes(name) && type !== 'policy.decided') &&
      field.class === 'disclosed' &&
      field.value !== null,
  );
  const gone = Object.entries(fields).filter(([name, field]) => field.class !== 'disclosed' && !REASONS.includes(name));
  return [
    gone.length > 0
      ? h(
          'p',
          {},
          gone.map(([name, field], at) => [at > 0 ? ' ' : '', `${label(name)} `, hidden(field)]),
        )
      : null,
    rest.length > 0
      ? h(
          'details',
          {},
          h('summary', {}, `Show ${rest.map(([name]) => label(name)).join(', ')}`),
          rest.map(([name, { value }]) => [
            h('p.quiet', {}, label(name)),
            h('pre', { tabindex: 0 }, visible(isText(value) ? value : pretty(value))),
          ]),
        )
      : null,
  ];
}

function timelineOf({ events }, names) {
  let date = '';
  const rows = events.map(({ by, time, type, data, fields, index, hash }) => {
    const isNew = day(time) !== date;
    date = day(time);
    const reasons = REASONS.map((name) => (type === 'policy.decided' ? null : why(fields[name], sentence(name))));
    return h(
      'li',
      {},
      h('time', { datetime: time }, clock(time), isNew ? h('span', {}, date) : null),
      h(
        'div.body',
        {},
        h('p', {}, who(by, names), ' ', visible(WHAT[type](data)), '.'),
        reasons,
        sealedOf(fields, type),
      ),
      h('p.place', {}, `Event ${index}, leaf`, h('br'), h('span.mono', {}, hash)),
    );
  });
  return card('Timeline', `${plural(events.length, 'event')}, times in UTC`, h('ol.timeline', {}, rows));
}

function runOf(run, names) {
  if (run.events.length === 0) return h('section.run', {}, titleOf(run), h('p.lead', {}, run.sentence));
  return h(
    'section.run',
    { 'aria-labelledby': run.run },
    titleOf(run),
    h('p.lead', {}, reading(run.sentence)),
    factsOf(run, names),
    plansOf(run),
    policyOf(run),
    approvalsOf(run, names),
    attemptsOf(run, names),
    recoveryOf(run, names),
    timelineOf(run, names),
  );
}

// ---------------------------------------------------------------------------------------------------------------------
// What was checked, and who signed

function checksOf({ checks }) {
  const questions = new Map(CHECKS.map(([id, , asks]) => [id, asks]));
  const rows = checks.map(({ id, title, state, findings, not_judged }) => {
    const [word_, tone, sign] = STATES[state];
    const reasons = [
      ...findings.map(({ verdict, sentence: text, ...place }) =>
        h(
          'li',
          {},
          badge(VERDICT_TITLES[verdict], VERDICT_TONES[verdict] ?? 'warn'),
          ' ',
          reading(text),
          h('span.quiet.wrap', {}, ` (${placeText(place)})`),
        ),
      ),
      ...not_judged.map(({ sentence: text, ...place }) =>
        h('li.quiet', {}, 'Not judged: ', reading(text), h('span.wrap', {}, ` (${placeText(place)})`)),
      ),
    ];
    return h(
      'tr',
      {},
      h('th', { scope: 'row' }, title),
      h('td', {}, h(`span.badge${tone ? `.${tone}` : ''}`, {}, h('span', { 'aria-hidden': 'true' }, sign), word_)),
      h('td', {}, questions.get(id), reasons.length > 0 ? h('ul', {}, reasons) : null),
    );
  });
  const failed = checks.filter(({ state }) => state === 'failed').length;
  const held = checks.filter(({ state }) => state === 'passed').length;
  return card(
    'Checks',
    `${held} hold, ${failed} fail`,
    table('.checks', ['Check', 'Result', 'What it asks, and why it fails'], rows, 'Checks'),
  );
}

/** SHA-256 of a public key, in groups to read aloud. */
const fingerprint = (key) => toHex(sha256(key)).match(/.{8}/g).join(' ');

function keyRows(policy) {
  const rows = [
    ...policy.logs.map((key) => ['Log key', key]),
    ...policy.witnesses.map(({ name, vkey }) => [`Witness ${name}`, vkey]),
  ];
  return rows.flatMap(([label, { name, id, key, text }]) => [
    h('dt', {}, label),
    h(
      'dd',
      {},
      h('div', {}, `${name}, key id ${id}`),
      h('div.mono.key', {}, `SHA-256 ${fingerprint(key)}`),
      h('div.mono.key.quiet', {}, text),
    ),
  ]);
}

function keysOf({ head, bundle: told }, state) {
  const rows = [];
  const put = (name, ...value) => rows.push(h('dt', {}, name), h('dd', {}, ...value));
  if (head) {
    put('Log', head.origin);
    put('Head', `${plural(head.size, 'event')}, root `, h('span.mono', {}, head.root));
    for (const key of head.keys) put('Signed by', h('span.mono.key', {}, key));
    if (head.keys.length === 0) put('Signed by', h('span.state', {}, 'no key that is known here'));
    for (const [name, time] of Object.entries(head.witnesses))
      put(`Witness ${name}`, `saw this head at ${stamp(time)}`);
    if (Object.keys(head.witnesses).length === 0) put('Witnesses', h('span.state', {}, 'none that is known here'));
  }
  if (told) {
    put('Bundle', `made ${stamp(told.created)}, scope ${told.scope}`);
    if (told.retention) put('Retention', told.retention);
  }
  if (state.bytes) put('Bundle SHA-256', h('span.mono', {}, toHex(sha256(state.bytes))));
  const whose = state.policy
    ? 'The keys of your trust policy'
    : 'Keys that the bundle names: compare them with those that you were given another way';
  return card(
    'Keys, witnesses and times',
    head?.trusted ? 'judged by your trust policy' : 'keys of the bundle itself, which prove nothing',
    h('div.pad', {}, h('dl.pairs', {}, rows)),
    state.keys ? h('div.pad', {}, h('h3', {}, whose), h('dl.pairs', {}, keyRows(state.keys))) : null,
  );
}

function verdictOf({ verdict, meaning, fields, checks }) {
  const counts = `${plural(fields.disclosed, 'field')} disclosed, ${fields.erased} erased, ${fields.withheld} withheld.`;
  const open = checks.filter(({ not_judged }) => not_judged.length > 0).map(({ title }) => title.toLowerCase());
  const left = open.length > 0 ? ` Not judged in full: ${open.join(', ')}.` : '';
  return h(
    `div.verdict.${VERDICT_TONES[verdict] ?? 'warn'}`,
    { id: 'verdict', tabindex: -1, role: 'group', 'aria-label': 'Verdict' },
    h('p.word', {}, VERDICT_TITLES[verdict]),
    h('p', {}, meaning),
    h('p.quiet', {}, counts + left),
  );
}

function trustOf(report, state) {
  const honest = state.policy
    ? 'Judged with the trust policy below, which you pasted.'
    : 'Everything here agrees with itself; paste your own trust policy to check who signed.';
  const disagrees =
    !state.policy && report.verdict !== 'UNTRUSTED'
      ? 'Keys inside this file prove nothing; paste your own trust policy to check who signed.'
      : honest;
  const area = h('textarea', {
    id: 'policy',
    spellcheck: 'false',
    autocapitalize: 'off',
    autocomplete: 'off',
    'aria-describedby': 'policy-help policy-error',
    placeholder: 'log <vkey>\nwitness <name> <vkey>\ngroup <name> all <witnesses>\nquorum <name>',
  });
  area.value = state.text;
  const check = h('button.primary', { type: 'button' }, 'Check with this policy');
  check.addEventListener('click', () => judge({ text: area.value }));
  const forget = h('button', { type: 'button' }, 'Check without');
  forget.addEventListener('click', () => judge({ text: '' }));
  const form = [
    h('label', { for: 'policy' }, 'Trust policy (C2SP tlog-policy), from outside of this file'),
    area,
    h('p.error', { id: 'policy-error', role: 'alert' }, state.fault ?? ''),
    h('div.row', {}, check, state.policy ? forget : null),
  ];
  return h(
    'section.card.no-print',
    { 'aria-labelledby': 'trust-title' },
    h(
      'header',
      {},
      h('h2', { id: 'trust-title' }, 'Whom do you trust?'),
      h('p', {}, state.policy ? 'your own policy' : 'nobody yet'),
    ),
    h(
      'div.pad.trust',
      {},
      h('p', { id: 'policy-help' }, disagrees),
      state.policy ? h('details', {}, h('summary', {}, 'Show or change the policy'), h('div.trust', {}, form)) : form,
    ),
  );
}

// ---------------------------------------------------------------------------------------------------------------------
// The page

const state = { bytes: undefined, text: '', policy: undefined, keys: undefined, fault: undefined };

/** The keys to show: of the pasted policy, or else of the template in the bundle. */
function keysHere(bytes, policy) {
  if (policy) return policy;
  try {
    return parsePolicy(fromUtf8(readZip(bytes).get(TEMPLATE)));
  } catch {
    return undefined;
  }
}

async function judge({ bytes = state.bytes, text = state.text, isFirst = false }) {
  $('status').textContent = 'Verifying…';
  const pasted = text.trim() === '' ? '' : `${text.replaceAll('\r\n', '\n').trimEnd()}\n`;
  let policy;
  state.fault = undefined;
  try {
    policy = pasted === '' ? undefined : parsePolicy(pasted);
  } catch (error) {
    state.fault = `This is no trust policy: ${error.message}.`;
  }
  Object.assign(state, { bytes, text: pasted, policy, keys: keysHere(bytes, policy) });
  const report = await verify(bytes, { trust: policy });
  // Parents before the runs that take them back: in the order in which they began.
  report.runs.sort((left, right) => (left.events[0]?.index ?? 0) - (right.events[0]?.index ?? 0));
  const names = namesOf(report.runs);
  $('live').replaceChildren(
    verdictOf(report),
    trustOf(report, state),
    ...report.runs.map((run) => runOf(run, names)),
    checksOf(report),
    keysOf(report, state),
  );
  $('live').hidden = false;
  $('static').hidden = true;
  $('status').textContent = '';
  document.title = `${VERDICT_TITLES[report.verdict]} - ${report.runs[0]?.run ?? 'evidence'} - ActionPlane`;
  if (state.fault) $('policy').focus();
  else if (!isFirst) $('verdict').focus();
}

const complain = (text) => {
  $('status').textContent = text;
};

function embedded() {
  const base64 = $('bundle').textContent.replace(/\s/g, '');
  return base64 === '' ? undefined : fromBase64(base64);
}

$('open').addEventListener('click', () => $('file').click());
$('file').addEventListener('change', async ({ target }) => {
  const [file] = target.files;
  target.value = '';
  if (!file) return;
  const bytes = new Uint8Array(await file.arrayBuffer());
  try {
    await judge({ bytes: file.name.endsWith('.html') ? extractBundle(fromUtf8(bytes)).bundle : bytes });
  } catch (error) {
    complain(`${file.name} cannot be read: ${error.message}`);
  }
});
$('save').addEventListener('click', () => {
  const url = URL.createObjectURL(new Blob([state.bytes], { type: 'application/octet-stream' }));
  h('a', { href: url, download: 'evidence.apev' }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
});
$('print').addEventListener('click', () => window.print());
const isDark = () =>
  (document.documentElement.dataset.theme ??
    (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
const nameTheme = () => {
  $('theme').textContent = isDark() ? 'Light' : 'Dark';
};
$('theme').addEventListener('click', () => {
  document.documentElement.dataset.theme = isDark() ? 'light' : 'dark';
  nameTheme();
});
nameTheme();
$('tools').hidden = false;

try {
  const bytes = embedded();
  if (bytes) await judge({ bytes, isFirst: true });
  else {
    $('save').hidden = true;
    $('static').hidden = true;
    complain('This page holds no bundle. Open one to have it judged here; nothing leaves this computer.');
  }
} catch (error) {
  complain(`The bundle in this page cannot be read: ${error.message}`);
}
