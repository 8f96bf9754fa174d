// Where the tests find what other rooms keep: conformance vectors, golden events, the fold's sources, the corpus.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

export const readText = (...path) => readFileSync(join(ROOT, ...path), 'utf8');
export const readBytes = (...path) => new Uint8Array(readFileSync(join(ROOT, ...path)));
export const list = (...path) => readdirSync(join(ROOT, ...path)).sort();
export const exists = (...path) => existsSync(join(ROOT, ...path));

/** The conformance vectors, which stand beside the Rust code that they were first for. */
export const vectors = (name) => JSON.parse(readText('crates', 'proof', 'tests', 'vectors', `${name}.json`));

export const hex = (bytes) => Buffer.from(bytes).toString('hex');
export const unhex = (text) => new Uint8Array(Buffer.from(text, 'hex'));
export const utf8 = (text) => new Uint8Array(Buffer.from(text, 'utf8'));
