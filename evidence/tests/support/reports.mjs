// Writes sample reports into a folder, to be looked at: `node evidence/tests/support/reports.mjs <folder>`.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { toBase64 } from '../../verify.mjs';
import { readText } from './files.mjs';
import * as samples from './samples.mjs';
import { POLICY, zipped } from './world.mjs';

/** A report: the shell with its slots filled. */
export function report(bundle, summary = '') {
  return readText('evidence', 'report.shell.html')
    .replace('<!--summary-->', () => `<!--summary-->${summary}`)
    .replace('id="bundle">', () => `id="bundle">${toBase64(bundle)}`);
}

const SUMMARY =
  '<section class="summary"><h2>Run <code>run_01k00000000000000000000100</code></h2><p>Triage agent proposed 2 changes in ' +
  'sandbox; policy asked for approval, which was given 2 times; it ended partly_rolled_back.</p><h3>Plan 1</h3><table><thead><tr>' +
  '<th scope="col">Where</th><th scope="col">Field</th><th scope="col">Before</th><th scope="col">After</th></tr></thead><tbody>' +
  '<tr><td>update ticket 48213 (desk-main)</td><td>status</td><td>open</td><td>solved</td></tr></tbody></table>' +
  '<h3>What happened</h3><ul><li>2026-11-24T09:16:12.221Z Maya Lindqvist approved plan 1. <code>event 10, leaf ' +
  '48650955f02a75e06d38b4e64ac2625329a0c3cff04bac7708326f6d1e5dab3f</code></li></ul></section>';

export const SAMPLES = ['approved', 'erased', 'open', 'reconciled', 'takenOver', 'rejected'];

if (process.argv[1]?.endsWith('reports.mjs')) {
  const folder = process.argv[2];
  for (const name of SAMPLES)
    writeFileSync(join(folder, `${name}.html`), report(zipped(samples[name]().files()), SUMMARY));
  const partial = samples
    .approved()
    .files({ disclose: (text) => !Buffer.from(text, 'base64url').toString().includes('rationale') });
  writeFileSync(join(folder, 'partial.html'), report(zipped(partial), SUMMARY));
  writeFileSync(join(folder, 'policy.txt'), POLICY);
}
