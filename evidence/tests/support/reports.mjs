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
  '<section class="summary"><h1>Answer ticket 48213 and close it</h1><p>Two changes in sandbox, approved by two groups, ' +
  'applied, and partly rolled back.</p><dl><dt>Run</dt><dd><code>run_01k00000000000000000000100</code></dd></dl></section>';

export const SAMPLES = ['approved', 'erased', 'open', 'reconciled', 'takenOver', 'rejected'];

if (process.argv[1]?.endsWith('reports.mjs')) {
  const folder = process.argv[2];
  for (const name of SAMPLES) writeFileSync(join(folder, `${name}.html`), report(zipped(samples[name]().files()), SUMMARY));
  const partial = samples.approved().files({ disclose: (text) => !Buffer.from(text, 'base64url').toString().includes('rationale') });
  writeFileSync(join(folder, 'partial.html'), report(zipped(partial), SUMMARY));
  writeFileSync(join(folder, 'policy.txt'), POLICY);
}
