// Tells a history again with a lie in it: the chain is written anew, so that only the rules of the run can notice.

import { Violation, canonical, leafHash, parseLeaf, readEvent, replay, toHex } from '../../verify.mjs';
import { utf8 } from './files.mjs';

/** The leaves of a chain after an edit of their list, each chained to the one before and naming the same causes. */
export function retell(chain, edit) {
  const leaves = chain.entries.map(({ leaf, hash }) => ({ ...structuredClone(leaf), was: hash }));
  edit(leaves);
  const renamed = new Map();
  let prev = '';
  return leaves.map(({ was, ...leaf }, seq) => {
    const cause = leaf.cause?.map((hash) => renamed.get(hash) ?? hash);
    const bytes = utf8(canonical({ ...leaf, ...(cause?.length ? { cause } : {}), prev, seq }));
    prev = toHex(leafHash(bytes));
    renamed.set(was, prev);
    return bytes;
  });
}

/** `ok` and the run, or the rule that the history breaks. */
export function judge(leaves) {
  const entries = leaves.map((bytes) => {
    const leaf = parseLeaf(bytes);
    return { leaf, hash: toHex(leafHash(bytes)), event: readEvent(leaf) };
  });
  try {
    return { rule: 'ok', run: replay(entries) };
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return { rule: error.message };
  }
}
