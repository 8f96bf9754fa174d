// Builds `report.shell.html`: style, verifier and page in one file, with a content security policy that allows exactly
// these and no network. `--check` says whether the committed file is stale, and changes nothing.
//
// The file has two slots, and is otherwise the same in every report of a release. Whoever exports a report writes
//   - between <!--summary--> and <!--/summary-->: a summary for readers without scripts, in HTML;
//   - between <script type="application/octet-stream" id="bundle"> and </script>: the bundle in base64.
// The published hash of the shell is the SHA-256 of the file with both slots empty, as it is committed.
//
// Rules for the summary. Elements: section.summary, h1, h2, h3, p, dl, dt, dd, ul, li, table, thead, tbody, tr, th[scope], td,
// code, and no attributes but `class` and `scope` with fixed values. In every text: & < > " become &amp; &lt; &gt; &quot;,
// and controls and marks of direction (U+0000-001F, U+007F-009F, U+200B-200F, U+2028-202E, U+2060-206F, U+FEFF) are written
// out as \u{hex}. So no text can end the slot, start an element or turn the line around.

import { createHash } from 'node:crypto';
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const file = (name) => fileURLToPath(new URL(name, import.meta.url));
const read = (name) => readFileSync(file(name), 'utf8');

export const SHELL = 'report.shell.html';

const source = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** The shell, as it must be committed. */
export function build() {
  const style = `\n${read('report/page.css')}`;
  // The page in a block of its own: its names may be those of the verifier.
  const script = `\n${read('verify.mjs')}\n{\n${read('report/page.mjs')}}\n`;
  if (/<\/?script|<!--/i.test(script) || /<\/style/i.test(style)) {
    throw new Error('a source would end or hide its own element');
  }
  const csp = [
    "default-src 'none'",
    `script-src ${source(script)}`,
    `style-src ${source(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const slots = { csp, style, script };
  return read('report/page.html').replace(/\{\{(\w+)\}\}/g, (_, name) => slots[name]);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const shell = build();
  const hash = createHash('sha256').update(shell).digest('hex');
  if (process.argv.includes('--check')) {
    if (read(SHELL) !== shell) {
      process.stderr.write(`${SHELL} is stale: run node evidence/build.mjs\n`);
      process.exitCode = 1;
    }
  } else {
    writeFileSync(file(SHELL), shell);
    process.stdout.write(`${SHELL}: ${shell.length} characters, SHA-256 ${hash}\n`);
  }
}
