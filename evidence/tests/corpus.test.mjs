// The corpus of the Rust verifier: for each bundle the same verdict, found by the same checks.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { verify } from '../verify.mjs';
import { readBytes, readText } from './support/files.mjs';

const CORPUS = ['crates', 'verifier', 'tests', 'corpus'];
const { trust: common, cases } = JSON.parse(readText(...CORPUS, 'expected.json'));

/** What only the policy engine can notice: these sets, asked again, say something else. */
const ELSEWHERE = new Set([
  'policy_not_as_named',
  'decision_lighter_than_policy',
  'quorum_smaller_than_policy',
  'rules_not_those_of_policy',
]);

const judge = ({ file, trust = common, known = [], now, max_age_s: maxAge }) =>
  verify(readBytes(...CORPUS, ...file.split('/')), {
    trust: trust ?? undefined,
    known,
    maxAge,
    now: now === undefined ? undefined : Date.parse(now),
  });

for (const one of cases) {
  test(`${one.file}: ${one.verdict}`, async () => {
    const report = await judge(one);
    const failed = report.checks.filter(({ state }) => state === 'failed').map(({ id }) => id);
    const told = JSON.stringify(
      report.checks.flatMap(({ id, findings }) => findings.map((finding) => ({ id, ...finding }))),
      null,
      1,
    );
    if (ELSEWHERE.has(one.name)) {
      // Not seen here, and then at least not said to hold.
      assert.deepEqual(failed, [], told);
      assert.equal(report.checks.find(({ id }) => id === 'decisions').state, 'not_judged');
      return;
    }
    assert.equal(report.verdict, one.verdict, told);
    assert.equal(report.exit_code, one.exit_code);
    assert.deepEqual(failed, one.checks, told);
  });
}

test('there is a corpus', () => assert.ok(cases.length > 150));
