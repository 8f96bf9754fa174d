// ActionPlane evidence verifier. One file, no dependency: Node 20 or later, and any browser.
//
// It reads a bundle (`.apev`), a directory of the same files or a one-file report, and says what they prove. It needs no
// network, no clock but the one it is given, and nothing of ActionPlane. The same source runs inside `report.html`.
//
//   node verify.mjs run.apev --trust policy.txt [--known checkpoint]... [--max-age 24h] [--json]
//
// Contents: bytes - hashes - Ed25519 - strict JSON - Merkle trees - notes - trust policies - sealed fields - leaves -
// events - plans - replay - zip - bundle checks - report - command line.
// Licensed under the Apache License, Version 2.0.

export const VERSION = 'actionplane.verify/1';

// What each rule of the format says when it is broken.
const FAULTS = new Map(
  Object.entries({
    too_large: 'too many bytes',
    utf8: 'not UTF-8',
    not_printable_ascii: 'a character outside printable ASCII',
    depth: 'nested too deep',
    syntax: 'not JSON',
    number: 'a number that is not a plain integer',
    integer_range: 'an integer beyond 2^53 - 1',
    duplicate_key: 'a member name twice in one object',
    key_form: 'a member name outside the allowed form',
    lone_surrogate: 'a lone surrogate',
    null: 'null where a member must be absent instead',
    not_canonical: 'not in canonical form',
    not_an_object: 'not an object',
    unknown_member: 'an unknown member',
    missing_member: 'a missing member',
    version: 'an unknown format version',
    by: '`by` is not a principal',
    cause: '`cause` is not a list of distinct leaf hashes',
    type_or_data: '`type` is not a wire name or `data` not an object',
    node: '`node` is not an id',
    prev: '`prev` is not the hash that `seq` asks for',
    run: '`run` is not an id',
    seq: '`seq` is not a count from 0',
    time: '`time` is not a UTC time with milliseconds',
    sd_form: '`_sd` is not a sorted list of digests',
    sd_repeat: 'a sealed digest twice in one document',
    sd_alg: '`_sd_alg` does not fit the sealed digests',
    base64url: 'not base64url in its one form',
    disclosure_form: 'not a disclosure of salt, name and value',
    document_form: 'not a mutation document or plan header',
    manifest_form: 'not a manifest of a bundle',
    note_form: 'not a signed note',
    base64: 'not base64 in its one form',
    vkey: 'not a verifier key',
    checkpoint_form: 'not a checkpoint',
    proof_form: 'not a log proof',
    index: 'an index outside the tree',
    size: 'sizes between which there is no proof',
    proof_short: 'too few hashes in the proof',
    proof_long: 'too many hashes in the proof',
    root: 'a proof that leads to another root',
  }),
);

/** A rule of the format that bytes break. `word` names the rule in the conformance vectors. */
export class Fault extends Error {
  constructor(word, message = FAULTS.get(word) ?? word) {
    super(message);
    this.word = word;
  }
}

const fail = (word, message) => {
  throw new Fault(word, message);
};

// ---------------------------------------------------------------------------------------------------------------------
// Bytes and texts

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const utf8 = (text) => encoder.encode(text);

export function fromUtf8(bytes) {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return fail('utf8');
  }
}

export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function equalBytes(left, right) {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function toHex(bytes) {
  let text = '';
  for (const byte of bytes) text += HEX[byte];
  return text;
}

export function fromHex(text) {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) fail('hex', 'not lower-case hex');
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

const isDigest = (text) => typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

function encode64(bytes, alphabet, padded) {
  const parts = [];
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const bits = (bytes[at] << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    let group = alphabet[bits >> 18] + alphabet[(bits >> 12) & 63];
    if (left > 1) group += alphabet[(bits >> 6) & 63];
    if (left > 2) group += alphabet[bits & 63];
    parts.push(padded ? group.padEnd(4, '=') : group);
  }
  return parts.join('');
}

const reverse = (alphabet) => {
  const table = new Int8Array(128).fill(-1);
  for (let value = 0; value < 64; value += 1) table[alphabet.charCodeAt(value)] = value;
  return table;
};
const TABLE64 = reverse(BASE64);
const TABLE64URL = reverse(BASE64URL);

/** Decodes the one form of a text: no spaces, exact padding, unused bits zero. */
function decode64(text, table, padded, word) {
  let length = text.length;
  if (padded) {
    if (length % 4 !== 0) fail(word, 'not base64 in its one form');
    if (text.endsWith('==')) length -= 2;
    else if (text.endsWith('=')) length -= 1;
  }
  if (length % 4 === 1) fail(word, 'not base64 in its one form');
  const bytes = new Uint8Array(Math.floor((length * 6) / 8));
  let bits = 0;
  let held = 0;
  let out = 0;
  for (let at = 0; at < length; at += 1) {
    const code = text.charCodeAt(at);
    const value = code < 128 ? table[code] : -1;
    if (value < 0) fail(word, 'not base64 in its one form');
    bits = ((bits << 6) | value) & 0xffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[out] = (bits >> held) & 255;
      out += 1;
    }
  }
  if ((bits & ((1 << held) - 1)) !== 0) fail(word, 'not base64 in its one form');
  return bytes;
}

export const toBase64 = (bytes) => encode64(bytes, BASE64, true);
export const fromBase64 = (text) => decode64(text, TABLE64, true, 'base64');
export const toBase64url = (bytes) => encode64(bytes, BASE64URL, false);
export const fromBase64url = (text) => decode64(text, TABLE64URL, false, 'base64url');

// ---------------------------------------------------------------------------------------------------------------------
// SHA-256 and SHA-512 (FIPS 180-4). The constants are the fractional parts of roots of primes: computed, not typed.

const PRIMES = [];
for (let n = 2; PRIMES.length < 80; n += 1) {
  if (PRIMES.every((prime) => n % prime !== 0)) PRIMES.push(n);
}

/** The first 64 bits after the point of the square or cube root of a small prime. */
function rootBits(prime, degree) {
  const target = BigInt(prime) << (64n * degree);
  let low = 0n;
  let high = 1n << 69n;
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** degree <= target) low = middle;
    else high = middle;
  }
  return BigInt.asUintN(64, low);
}

const K512 = PRIMES.map((prime) => rootBits(prime, 3n));
const H512 = PRIMES.slice(0, 8).map((prime) => rootBits(prime, 2n));
const K256 = Int32Array.from(K512.slice(0, 64), (bits) => Number(bits >> 32n));
const H256 = Int32Array.from(H512, (bits) => Number(bits >> 32n));

const W256 = new Int32Array(64);

/** SHA-256 over the parts one after the other. */
export function sha256(...parts) {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const block = new Uint8Array(64);
  const view = new DataView(block.buffer);
  const state = Int32Array.from(H256);
  let filled = 0;
  const rotate = (word, by) => (word >>> by) | (word << (32 - by));
  const compress = () => {
    const w = W256;
    for (let t = 0; t < 16; t += 1) w[t] = view.getInt32(t * 4);
    for (let t = 16; t < 64; t += 1) {
      const s0 = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ (w[t - 15] >>> 3);
      const s1 = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ (w[t - 2] >>> 10);
      w[t] = (w[t - 16] + s0 + w[t - 7] + s1) | 0;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let t = 0; t < 64; t += 1) {
      const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K256[t] + w[t]) | 0;
      const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((word, at) => {
      state[at] = (state[at] + word) | 0;
    });
  };
  const feed = (bytes) => {
    for (let at = 0; at < bytes.length;) {
      const taken = Math.min(64 - filled, bytes.length - at);
      block.set(bytes.subarray(at, at + taken), filled);
      filled += taken;
      at += taken;
      if (filled === 64) {
        compress();
        filled = 0;
      }
    }
  };
  parts.forEach(feed);
  feed(Uint8Array.of(0x80));
  feed(new Uint8Array((120 - filled) % 64));
  const tail = new DataView(new ArrayBuffer(8));
  tail.setBigUint64(0, BigInt(length) * 8n);
  feed(new Uint8Array(tail.buffer));
  const digest = new DataView(new ArrayBuffer(32));
  state.forEach((word, at) => digest.setInt32(at * 4, word));
  return new Uint8Array(digest.buffer);
}

/** SHA-512, for the short texts that Ed25519 hashes. */
export function sha512(message) {
  const zeros = (239 - (message.length % 128)) % 128;
  const padded = concat(message, Uint8Array.of(0x80), new Uint8Array(zeros + 16));
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(message.length) * 8n);
  const u64 = (bits) => BigInt.asUintN(64, bits);
  const rotate = (word, by) => (word >> by) | u64(word << (64n - by));
  const state = H512.slice();
  for (let from = 0; from < padded.length; from += 128) {
    const w = Array.from({ length: 16 }, (_, t) => view.getBigUint64(from + t * 8));
    for (let t = 16; t < 80; t += 1) {
      const s0 = rotate(w[t - 15], 1n) ^ rotate(w[t - 15], 8n) ^ (w[t - 15] >> 7n);
      const s1 = rotate(w[t - 2], 19n) ^ rotate(w[t - 2], 61n) ^ (w[t - 2] >> 6n);
      w.push(u64(w[t - 16] + s0 + w[t - 7] + s1));
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let t = 0; t < 80; t += 1) {
      const s1 = rotate(e, 14n) ^ rotate(e, 18n) ^ rotate(e, 41n);
      const t1 = h + s1 + ((e & f) ^ (u64(~e) & g)) + K512[t] + w[t];
      const s0 = rotate(a, 28n) ^ rotate(a, 34n) ^ rotate(a, 39n);
      const t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
      [h, g, f, e, d, c, b, a] = [g, f, e, u64(d + t1), c, b, a, u64(t1 + t2)];
    }
    [a, b, c, d, e, f, g, h].forEach((word, at) => {
      state[at] = u64(state[at] + word);
    });
  }
  const digest = new DataView(new ArrayBuffer(64));
  state.forEach((word, at) => digest.setBigUint64(at * 8, word));
  return new Uint8Array(digest.buffer);
}

// ---------------------------------------------------------------------------------------------------------------------
// Ed25519 (RFC 8032), strict: canonical points, S below the group order, neither key nor R of small order.

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

const modP = (n) => {
  const rest = n % P;
  return rest < 0n ? rest + P : rest;
};

function powP(base, exponent) {
  let result = 1n;
  for (let square = base, e = exponent; e > 0n; e >>= 1n, square = (square * square) % P) {
    if (e & 1n) result = (result * square) % P;
  }
  return result;
}

const D = modP(-121665n * powP(121666n, P - 2n));
const SQRT_M1 = powP(2n, (P - 1n) / 4n);

// Points in extended coordinates [X, Y, Z, T] with x = X/Z, y = Y/Z, xy = T/Z.
const IDENTITY = [0n, 1n, 1n, 0n];

function addPoints([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = ((y1 - x1) * (y2 - x2)) % P;
  const b = ((y1 + x1) * (y2 + x2)) % P;
  const c = (((2n * D * t1) % P) * t2) % P;
  const d = (2n * z1 * z2) % P;
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [modP(e * f), modP(g * h), modP(f * g), modP(e * h)];
}

function doublePoint([x, y, z]) {
  const a = (x * x) % P;
  const b = (y * y) % P;
  const h = a + b;
  const e = h - (x + y) * (x + y);
  const g = a - b;
  const f = 2n * z * z + g;
  return [modP(e * f), modP(g * h), modP(f * g), modP(e * h)];
}

const littleEndian = (bytes) => bytes.reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n);

/** The point of 32 bytes, or null when they are not the canonical form of a point on the curve. */
function decodePoint(bytes) {
  const number = littleEndian(bytes);
  const sign = number >> 255n;
  const y = number & ((1n << 255n) - 1n);
  if (y >= P) return null;
  const u = modP(y * y - 1n);
  const v = modP(D * y * y + 1n);
  // x = sqrt(u / v), by RFC 8032 section 5.1.3.
  const v3 = (v * v * v) % P;
  let x = (u * v3 * powP((u * v3 * v3 * v) % P, (P - 5n) / 8n)) % P;
  const check = (v * x * x) % P;
  if (check === modP(-u)) x = (x * SQRT_M1) % P;
  else if (check !== u) return null;
  if (x === 0n && sign === 1n) return null;
  if ((x & 1n) !== sign) x = P - x;
  return [x, y, 1n, (x * y) % P];
}

const BASE_POINT = decodePoint(fromHex(`58${'66'.repeat(31)}`));

const isIdentity = ([x, y, z]) => x === 0n && y === z;

function hasSmallOrder(point) {
  return isIdentity(doublePoint(doublePoint(doublePoint(point))));
}

const samePoint = (p, q) => modP(p[0] * q[2] - q[0] * p[2]) === 0n && modP(p[1] * q[2] - q[1] * p[2]) === 0n;

/** a·A + b·B, both scalars below 2^253, bit by bit together. */
function doubleMultiply(a, pointA, b, pointB) {
  const both = addPoints(pointA, pointB);
  let sum = IDENTITY;
  for (let bit = 252n; bit >= 0n; bit -= 1n) {
    sum = doublePoint(sum);
    const inA = (a >> bit) & 1n;
    const inB = (b >> bit) & 1n;
    if (inA && inB) sum = addPoints(sum, both);
    else if (inA) sum = addPoints(sum, pointA);
    else if (inB) sum = addPoints(sum, pointB);
  }
  return sum;
}

const keyPoints = new Map();

/** The point of a public key if it may sign anything at all. */
function keyPoint(key) {
  const id = toHex(key);
  if (!keyPoints.has(id)) {
    const point = key.length === 32 ? decodePoint(key) : null;
    keyPoints.set(id, point && !hasSmallOrder(point) ? point : null);
  }
  return keyPoints.get(id);
}

function plainEd25519(point, key, signature, scalar, r, message) {
  const k = littleEndian(sha512(concat(signature.subarray(0, 32), key, message))) % L;
  const [x, y, z, t] = point;
  return samePoint(doubleMultiply(scalar, BASE_POINT, k, [modP(-x), y, z, modP(-t)]), r);
}

const subtleKeys = new Map();
let subtleWorks;

/** The browser's or Node's own Ed25519, or null where there is none (an old engine, a page that is no secure context). */
async function subtleEd25519(key, signature, message) {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle || subtleWorks === false) return null;
  try {
    const id = toHex(key);
    if (!subtleKeys.has(id)) {
      subtleKeys.set(id, await subtle.importKey('raw', key, { name: 'Ed25519' }, false, ['verify']));
    }
    const holds = await subtle.verify({ name: 'Ed25519' }, subtleKeys.get(id), signature, message);
    subtleWorks = true;
    return holds;
  } catch {
    subtleWorks = false;
    return null;
  }
}

/** Whether a signature holds. The strict checks run before either engine, so both give the same answer. */
export async function ed25519(key, message, signature, engine = 'any') {
  if (signature.length !== 64) return false;
  const point = keyPoint(key);
  const scalar = littleEndian(signature.subarray(32));
  const r = decodePoint(signature.subarray(0, 32));
  if (!point || !r || scalar >= L || hasSmallOrder(r)) return false;
  const native = engine === 'plain' ? null : await subtleEd25519(key, signature, message);
  if (native === null && engine === 'webcrypto') throw new Error('no WebCrypto Ed25519 in this environment');
  return native ?? plainEd25519(point, key, signature, scalar, r, message);
}

// ---------------------------------------------------------------------------------------------------------------------
// Strict and canonical JSON (RFC 8785 over integers). Objects have no prototype, so no member name is special.

const INTEGER_MAX = Number.MAX_SAFE_INTEGER;
const DEPTH_MAX = 16;
const EVIDENCE_BYTES_MAX = 16_384;
const TEXT_BYTES_MAX = 64 * 1024 * 1024;

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Counts brackets outside strings, so that the parser never recurses deeper than the limit. */
function checkDepth(text) {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (inString) {
      if (char === '\\') at += 1;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '{' || char === '[') {
      if (depth === DEPTH_MAX) fail('depth');
      depth += 1;
    } else if (char === '}' || char === ']') depth = Math.max(0, depth - 1);
  }
}

const ESCAPES = new Map(
  Object.entries({ '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }),
);

function parseJson(text, isEvidence) {
  checkDepth(text);
  let at = 0;
  const syntax = () => fail('syntax');
  const take = (char) => {
    const found = text[at] === char;
    if (found) at += 1;
    return found;
  };
  const expect = (char) => take(char) || syntax();
  const space = () => {
    while (at < text.length && ' \t\n\r'.includes(text[at])) at += 1;
  };

  const codeUnit = () => {
    const digits = text.slice(at, at + 4);
    if (!/^[0-9A-Fa-f]{4}$/.test(digits)) syntax();
    at += 4;
    return parseInt(digits, 16);
  };
  const unicodeEscape = () => {
    const unit = codeUnit();
    const lone = () => fail('lone_surrogate');
    if (unit < 0xd800 || unit > 0xdfff) return String.fromCharCode(unit);
    if (unit > 0xdbff || !take('\\') || !take('u')) lone();
    const low = codeUnit();
    if (low < 0xdc00 || low > 0xdfff) lone();
    return String.fromCharCode(unit, low);
  };
  const string = () => {
    expect('"');
    let value = '';
    for (;;) {
      const from = at;
      while (at < text.length && text[at] !== '"' && text[at] !== '\\' && text[at] >= ' ') at += 1;
      value += text.slice(from, at);
      if (at >= text.length || text[at] < ' ') syntax();
      if (take('"')) return value;
      at += 1;
      const letter = text[at];
      at += 1;
      if (letter === 'u') value += unicodeEscape();
      else value += ESCAPES.get(letter) ?? syntax();
    }
  };

  const integer = () => {
    const [token] = /^-?[0-9]*/.exec(text.slice(at, at + 32));
    let digits = token.replace('-', '');
    at += token.length;
    while (at < text.length && /[0-9]/.test(text[at])) {
      digits += text[at];
      at += 1;
    }
    const number = () => fail('number');
    if (digits === '' && text[at] === 'I') number();
    if (digits === '' || (digits.length > 1 && digits[0] === '0')) syntax();
    if (at < text.length && '.eE'.includes(text[at])) number();
    if (token[0] === '-' && digits[0] === '0') number();
    const value = Number(digits);
    if (!(value <= INTEGER_MAX)) fail('integer_range');
    return token[0] === '-' ? -value : value;
  };
  const literal = (word, value) => {
    if (!text.startsWith(word, at)) syntax();
    at += word.length;
    return value;
  };

  const array = () => {
    const elements = [];
    expect('[');
    space();
    if (take(']')) return elements;
    for (;;) {
      elements.push(value());
      if (take(']')) return elements;
      expect(',');
    }
  };
  const object = () => {
    const members = Object.create(null);
    expect('{');
    space();
    if (take('}')) return members;
    for (;;) {
      space();
      const name = string();
      if (isEvidence && !/^[a-z_][a-z0-9_]{0,63}$/.test(name)) {
        fail('key_form');
      }
      space();
      expect(':');
      const member = value();
      if (name in members) fail('duplicate_key');
      members[name] = member;
      if (take('}')) return members;
      expect(',');
    }
  };
  const value = () => {
    space();
    const read = one();
    space();
    return read;
  };
  const one = () => {
    const char = text[at];
    if (char === '{') return object();
    if (char === '[') return array();
    if (char === '"') {
      const string_ = string();
      if (isEvidence && !isPrintable(string_)) fail('not_printable_ascii');
      return string_;
    }
    if (char === '-' || (char >= '0' && char <= '9')) return integer();
    if (char === 't') return literal('true', true);
    if (char === 'f') return literal('false', false);
    if (char === 'n') {
      literal('null', null);
      return isEvidence ? fail('null') : null;
    }
    if (char === 'N' || char === 'I') fail('number');
    return syntax();
  };

  const document = value();
  if (at < text.length) syntax();
  return document;
}

const isPrintable = (text) => /^[\x20-\x7e]*$/.test(text);

const CONTROLS = new Map(
  Object.entries({ '"': '\\"', '\\': '\\\\', '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r' }),
);

const canonicalText = (text) =>
  // eslint-disable-next-line no-control-regex
  `"${text.replace(/["\\\x00-\x1f]/g, (char) => CONTROLS.get(char) ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`;

/** The canonical text of a value. Member names sort by UTF-16 code units, which is how JavaScript compares strings. */
export function canonical(value) {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return String(value);
  if (typeof value === 'string') return canonicalText(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${canonicalText(name)}:${canonical(value[name])}`).join(',')}}`;
}

function canonicalOnly(value, text) {
  if (canonical(value) !== text) fail('not_canonical');
  return value;
}

/** A leaf, mutation document, plan header or manifest: a canonical object in printable ASCII without `null`. */
export function parseEvidence(bytes, bytesMax = EVIDENCE_BYTES_MAX) {
  if (bytes.length > bytesMax) fail('too_large');
  const text = fromUtf8(bytes);
  if (!isPrintable(text)) fail('not_printable_ascii');
  const value = parseJson(text, true);
  if (!isObject(value)) fail('not_an_object');
  return canonicalOnly(value, text);
}

/** The JSON of a disclosure: canonical, with any text, any member name and `null`. */
export function parseOpen(bytes) {
  const text = fromUtf8(bytes);
  return canonicalOnly(parseJson(text, false), text);
}

/** JSON in any layout, by the same rules for values: for files that other tools may have written. */
export const parseLenient = (bytes) => parseJson(fromUtf8(bytes), false);

/** Takes exactly the members that `form` names: a reader each, `optional(reader)` for one that may be absent. */
function members(object, form, missing = () => fail('missing_member'), unknown = () => fail('unknown_member')) {
  if (!isObject(object)) fail('not_an_object');
  const read = Object.create(null);
  for (const [name, reader] of Object.entries(form)) {
    if (name in object) read[name] = reader(object[name], name);
    else if (!reader.optional) missing(name);
  }
  const stranger = Object.keys(object)
    .sort()
    .find((name) => !(name in form));
  if (stranger !== undefined) unknown(stranger);
  return read;
}

const malformed = (name) => fail('malformed', `member \`${name}\` is malformed`);

/** A reader that lets a value through when `holds`. */
const reader = (word, holds) => (value, name) => {
  if (holds(value)) return value;
  return word === 'malformed' ? malformed(name) : fail(word);
};

const optional = (read) => Object.assign((value, name) => read(value, name), { optional: true });

const isInteger = (max) => (value) => typeof value === 'number' && value >= 0 && value <= max;
const isU32 = isInteger(2 ** 32 - 1);
const isU64 = isInteger(INTEGER_MAX);
const isString = (value) => typeof value === 'string';

// ---------------------------------------------------------------------------------------------------------------------
// Merkle trees (RFC 9162). Hashes are 32 bytes; texts of hashes are lower-case hex.

const LEAF_TAG = Uint8Array.of(0);
const NODE_TAG = Uint8Array.of(1);

export const leafHash = (bytes) => sha256(LEAF_TAG, bytes);
export const nodeHash = (left, right) => sha256(NODE_TAG, left, right);

/** The tree hash over leaf hashes in order. */
export function treeRoot(hashes) {
  const peaks = [];
  hashes.forEach((leaf, count) => {
    let peak = leaf;
    for (let bits = count; bits & 1; bits >>>= 1) peak = nodeHash(peaks.pop(), peak);
    peaks.push(peak);
  });
  return peaks.length === 0 ? sha256() : peaks.reduceRight((right, left) => nodeHash(left, right));
}

const isOdd = (n) => n % 2 === 1;
const half = (n) => Math.floor(n / 2);

/** Checks an inclusion proof (RFC 9162, section 2.1.3.2). Size and root must come from one signed note. */
export function checkInclusion(index, size, hash, proof, root) {
  if (index >= size) fail('index');
  let node = index;
  let last = size - 1;
  let computed = hash;
  for (const sibling of proof) {
    if (last === 0) fail('proof_long');
    if (isOdd(node) || node === last) {
      computed = nodeHash(sibling, computed);
      while (!isOdd(node) && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      computed = nodeHash(computed, sibling);
    }
    node = half(node);
    last = half(last);
  }
  if (last !== 0) fail('proof_short');
  if (!equalBytes(computed, root)) fail('root');
}

/** Checks a consistency proof (RFC 9162, section 2.1.4.2). */
export function checkConsistency(size1, size2, root1, root2, proof) {
  if (size1 > size2) fail('size');
  if (size1 === 0) fail('size');
  if (size1 === size2) {
    if (proof.length > 0) fail('proof_long');
    if (!equalBytes(root1, root2)) fail('root');
    return;
  }
  const path = Number.isInteger(Math.log2(size1)) ? [root1, ...proof] : [...proof];
  if (path.length === 0) fail('proof_short');
  let node = size1 - 1;
  let last = size2 - 1;
  while (isOdd(node)) {
    node = half(node);
    last = half(last);
  }
  let old = path[0];
  let fresh = path[0];
  for (const sibling of path.slice(1)) {
    if (last === 0) fail('proof_long');
    if (isOdd(node) || node === last) {
      old = nodeHash(sibling, old);
      fresh = nodeHash(sibling, fresh);
      while (!isOdd(node) && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      fresh = nodeHash(fresh, sibling);
    }
    node = half(node);
    last = half(last);
  }
  if (last !== 0) fail('proof_short');
  if (!equalBytes(old, root1) || !equalBytes(fresh, root2)) fail('root');
}

const TILE_WIDTH = 256;

/** The path of a tile number: groups of three digits, all but the last marked with an x. */
export function tileNumber(number) {
  let path = String(number % 1000).padStart(3, '0');
  for (let rest = Math.floor(number / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${String(rest % 1000).padStart(3, '0')}/${path}`;
  }
  return path;
}

/** The tiles of one level of a tree, one by one: `[path, width]` each. `level` is a number, or `entries`. */
export function* tilePaths(level, size) {
  const rows = level === 'entries' ? size : Math.floor(size / TILE_WIDTH ** level);
  for (let number = 0; number * TILE_WIDTH < rows; number += 1) {
    const width = Math.min(TILE_WIDTH, rows - number * TILE_WIDTH);
    yield [`tile/${level}/${tileNumber(number)}${width < TILE_WIDTH ? `.p/${width}` : ''}`, width];
  }
}

/** The leaves of an entry tile: a length of two bytes before each. */
export function readEntries(bytes, width) {
  const entries = [];
  let at = 0;
  while (at < bytes.length) {
    const length = at + 2 <= bytes.length ? bytes[at] * 256 + bytes[at + 1] : Infinity;
    if (at + 2 + length > bytes.length) fail('tile_form', 'an entry tile ends within an entry');
    entries.push(bytes.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  if (entries.length !== width) fail('tile_form', 'an entry tile has another number of entries than its name says');
  return entries;
}

// ---------------------------------------------------------------------------------------------------------------------
// Signed notes, checkpoints, cosignatures and proof files (C2SP signed-note, tlog-checkpoint, tlog-cosignature,
// tlog-proof)

const SIGNATURES_MAX = 100;
const NOTE_BYTES_MAX = 65_536;
const PROOF_BYTES_MAX = 131_072;
const PATH_MAX = 63;
const TYPE_LOG = 1;
const TYPE_COSIGNATURE = 4;

/** A key name: not empty, no space of any script, no plus, no control character. */
// eslint-disable-next-line no-control-regex
const isKeyName = (name) => /^[^\s+\x00-\x1f\x85]+$/u.test(name);

/** A decimal number without sign or leading zeros; null for another text or more than JavaScript counts exactly. */
const decimal = (text) => (/^(?:0|[1-9][0-9]{0,15})$/.test(text) && Number(text) <= INTEGER_MAX ? Number(text) : null);

/** Runs a decoder whose fault is another one here. */
function orFail(decode, word, message = undefined) {
  try {
    return decode();
  } catch (error) {
    if (error instanceof Fault) return fail(word, message);
    throw error;
  }
}

/** Reads a verifier key: `name+id+base64(type, key)`. */
export function parseVkey(text) {
  const bad = () => fail('vkey');
  const [, name, id, base64] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/s.exec(text) ?? bad();
  const typed = orFail(() => fromBase64(base64), 'vkey', 'not a verifier key');
  if (!isKeyName(name) || typed.length !== 33 || ![TYPE_LOG, TYPE_COSIGNATURE].includes(typed[0])) bad();
  if (toHex(sha256(utf8(`${name}\n`), typed).subarray(0, 4)) !== id) bad();
  const key = typed.slice(1);
  if (!keyPoint(key)) bad();
  return { name, id, type: typed[0], key, text };
}

/** Splits a note into its text and signature lines. No signature is checked. */
export function parseNote(bytes) {
  const form = () => fail('note_form');
  if (bytes.length > NOTE_BYTES_MAX) fail('too_large', 'too many bytes or signature lines');
  const note = orFail(() => fromUtf8(bytes), 'note_form', 'not a signed note');
  // eslint-disable-next-line no-control-regex
  if (/[\x00-\x09\x0b-\x1f]/.test(note)) form();
  // The text may hold blank lines, so the last one is the border.
  const border = note.lastIndexOf('\n\n');
  if (border < 0 || !note.endsWith('\n') || border + 2 === note.length) form();
  const lines = note.slice(border + 2, -1).split('\n');
  if (lines.length > SIGNATURES_MAX) fail('too_large', 'too many bytes or signature lines');
  const signatures = lines.map((line) => {
    const [, name, base64] = /^\u2014 ([^ ]*) (.*)$/u.exec(line) ?? form();
    if (!isKeyName(name)) form();
    const decoded = fromBase64(base64);
    if (decoded.length < 5) fail('base64');
    return { name, id: toHex(decoded.subarray(0, 4)), signature: decoded.slice(4) };
  });
  return { text: note.slice(0, border + 1), signatures };
}

/** Reads a signed head: origin, size and root, with its signature lines. No signature is checked. */
export function parseCheckpoint(bytes) {
  const { text, signatures } = parseNote(bytes);
  const form = () => fail('checkpoint_form');
  const [origin, sizeText, base64, ...rest] = text.split('\n');
  const size = decimal(sizeText ?? '') ?? form();
  const root = orFail(() => fromBase64(base64 ?? ''), 'checkpoint_form', 'not a checkpoint');
  if (root.length !== 32 || rest.join('\n') !== '' || rest.length !== 1 || !isKeyName(origin)) form();
  return { origin, size, root, text, signatures, note: fromUtf8(bytes) };
}

const ONE_LINE_PER_HASH = 'not a log proof';

/** Reads a `.tlog-proof` file. Neither path nor signatures are checked. */
export function parseProof(bytes) {
  const form = () => fail('proof_form', ONE_LINE_PER_HASH);
  if (bytes.length > PROOF_BYTES_MAX) fail('too_large', 'too many bytes or signature lines');
  const text = orFail(() => fromUtf8(bytes), 'proof_form', ONE_LINE_PER_HASH);
  const border = text.indexOf('\n\n');
  const lines = border < 0 ? form() : text.slice(0, border).split('\n');
  if (lines.shift() !== 'c2sp.org/tlog-proof@v1') form();
  let extra;
  if (lines[0]?.startsWith('extra ')) {
    extra = orFail(() => fromBase64(lines.shift().slice(6)), 'proof_form', ONE_LINE_PER_HASH);
    if (extra.length === 0) form();
  }
  const line = lines.shift() ?? form();
  const index = (line.startsWith('index ') ? decimal(line.slice(6)) : null) ?? form();
  if (lines.length > PATH_MAX) form();
  const path = lines.map((hash) => parseHash(hash) ?? form());
  return { extra, index, path, head: parseCheckpoint(utf8(text.slice(border + 2))) };
}

/** A hash in base64, or null. */
function parseHash(line) {
  try {
    const hash = fromBase64(line);
    return hash.length === 32 ? hash : null;
  } catch {
    return null;
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Trust policies (C2SP tlog-policy): whose signatures count. The text comes from the auditor, never from the bundle.

const POLICY_LINES_MAX = 32;

export function parsePolicy(text) {
  const bad = (message) => fail('policy', message);
  if (utf8(text).length > NOTE_BYTES_MAX) bad('too many bytes');
  if (text !== '' && !text.endsWith('\n')) bad('the last line is not ended');
  const policy = { logs: [], witnesses: [], groups: [], quorum: undefined };
  const names = new Set();
  const members_ = new Set();
  const lines = text.split('\n').slice(0, -1);
  lines.forEach((line, at) => {
    const wrong = (message) => bad(`line ${at + 1}: ${message}`);
    const define = (name) => {
      if (name === 'none' || names.has(name)) wrong('a name that is taken');
      names.add(name);
    };
    const key = (vkey, type, known) => {
      const parsed = orFail(() => parseVkey(vkey), 'vkey', `line ${at + 1}: not a key for this use`);
      if (parsed.type !== type) wrong('not a key for this use');
      const same = (old) => equalBytes(old.key, parsed.key) || (old.name === parsed.name && old.id === parsed.id);
      if (known.some(same)) wrong('a key twice');
      if (known.length >= POLICY_LINES_MAX) wrong('too many of this kind');
      return parsed;
    };
    // eslint-disable-next-line no-control-regex
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(line)) wrong('a control character');
    const all = line.split(/[ \t]/).filter((one) => one !== '');
    const comment = all.findIndex((one) => one.startsWith('#'));
    const [keyword, ...words] = comment < 0 ? all : all.slice(0, comment);
    if (keyword === undefined) return;
    if (keyword === 'log' && (words.length === 1 || words.length === 2)) {
      policy.logs.push(key(words[0], TYPE_LOG, policy.logs));
    } else if (keyword === 'witness' && (words.length === 2 || words.length === 3)) {
      define(words[0]);
      const known = policy.witnesses.map(({ vkey }) => vkey);
      policy.witnesses.push({ name: words[0], vkey: key(words[1], TYPE_COSIGNATURE, known) });
    } else if (keyword === 'group' && words.length >= 2) {
      const [name, threshold, ...of] = words;
      for (const member of of) {
        if (!names.has(member)) wrong('a name that is not defined before');
        if (members_.has(member)) wrong('a member twice');
        members_.add(member);
      }
      define(name);
      const needed = threshold === 'any' ? 1 : threshold === 'all' ? of.length : decimal(threshold);
      if (!(needed >= 1 && needed <= of.length)) wrong('a threshold that the members cannot meet');
      if (policy.groups.length >= POLICY_LINES_MAX) wrong('too many of this kind');
      policy.groups.push({ name, needed, of });
    } else if (keyword === 'quorum' && words.length === 1) {
      if (policy.quorum !== undefined) wrong('a quorum twice');
      if (words[0] !== 'none' && !names.has(words[0])) wrong('a name that is not defined before');
      [policy.quorum] = words;
    } else {
      wrong('not a log, witness, group or quorum');
    }
  });
  if (policy.logs.length === 0) bad('no log is listed');
  if (policy.quorum === undefined) bad('no quorum is given');
  return policy;
}

function quorumOf({ groups, quorum }, present) {
  if (quorum === 'none') return 'not_asked';
  const witnessed = new Set(present);
  for (const { name, needed, of } of groups) {
    if (of.filter((member) => witnessed.has(member)).length >= needed) witnessed.add(name);
  }
  return witnessed.has(quorum) ? 'met' : 'not_met';
}

/**
 * What a trust policy says of a signed head: `unknown_origin`, `bad_signature`, `no_log_signature` or `signed`, then with
 * the keys of the log that signed, the time of each witness that cosigned, and whether these are enough.
 */
export async function judgeHead(policy, head, engine = 'any') {
  const logKeys = policy.logs.filter(({ name }) => name === head.origin);
  if (logKeys.length === 0) return { kind: 'unknown_origin' };
  const linesOf = (key) => head.signatures.filter(({ name, id }) => name === key.name && id === key.id);
  const keys = [];
  for (const log of logKeys) {
    for (const { signature } of linesOf(log)) {
      if (!(await ed25519(log.key, utf8(head.text), signature, engine))) return { kind: 'bad_signature' };
      if (!keys.includes(log)) keys.push(log);
    }
  }
  const times = new Map();
  for (const { name, vkey } of policy.witnesses) {
    for (const { signature } of linesOf(vkey)) {
      if (signature.length !== 72) return { kind: 'bad_signature', keys };
      const seconds = new DataView(signature.buffer, signature.byteOffset).getBigUint64(0);
      const message = utf8(`cosignature/v1\ntime ${seconds}\n${head.text}`);
      const holds = seconds < 1n << 63n && (await ed25519(vkey.key, message, signature.subarray(8), engine));
      if (!holds) return { kind: 'bad_signature', keys };
      times.set(name, Math.max(times.get(name) ?? 0, Number(seconds)));
    }
  }
  if (keys.length === 0) return { kind: 'no_log_signature' };
  return { kind: 'signed', keys, times, quorum: quorumOf(policy, times.keys()) };
}

// ---------------------------------------------------------------------------------------------------------------------
// Sealed fields (RFC 9901, object members): the leaf holds a salted digest, the value stands outside and can be erased.

const SD_ALG = 'sha-256';
const VALUE_BYTES_MAX = 65_536;

function checkSdDigest(text) {
  if (!isString(text) || text.length !== 43) fail('sd_form');
  fromBase64url(text);
}

/** Every `_sd` of a document: form, order, no digest twice, `_sd_alg` at the top exactly when there is one. */
function checkSd(document) {
  const found = [];
  const collect = (value) => {
    if (Array.isArray(value)) value.forEach(collect);
    else if (isObject(value)) {
      for (const [name, member] of Object.entries(value)) {
        if (name !== '_sd') {
          collect(member);
          continue;
        }
        if (!Array.isArray(member) || member.length === 0) fail('sd_form');
        member.forEach((digest, at) => {
          checkSdDigest(digest);
          if (at > 0 && digest < member[at - 1]) fail('sd_form');
          found.push(digest);
        });
      }
    }
  };
  collect(document);
  const wanted = found.length === 0 ? undefined : SD_ALG;
  if (document._sd_alg !== wanted) fail('sd_alg');
  if (new Set(found).size !== found.length) fail('sd_repeat');
}

export const disclosureDigest = (text) => toBase64url(sha256(utf8(text)));

/** Opens a disclosure: its digest, name and value. */
export function openDisclosure(text) {
  const parts = parseOpen(fromBase64url(text));
  const form = () => fail('disclosure_form');
  if (!Array.isArray(parts) || parts.length !== 3 || !isString(parts[0]) || !isString(parts[1])) form();
  const [salt, name, value] = parts;
  let bytes;
  try {
    bytes = fromBase64url(salt);
  } catch {
    form();
  }
  if (bytes.length !== 32 || name === '_sd' || name === '...') form();
  if (utf8(canonical(value)).length > VALUE_BYTES_MAX) fail('too_large');
  return { digest: disclosureDigest(text), name, value };
}

// ---------------------------------------------------------------------------------------------------------------------
// Leaves: one event as canonical JSON in printable ASCII, hashed as these bytes

const LEAF_V = 'actionplane.evidence/1';
const CAUSES_MAX = 64;
const KINDS = ['agent', 'person', 'service', 'policy', 'system'];

const isId = (text) => isString(text) && /^[a-z][a-z0-9]{1,11}_[0-9A-Za-z-]{8,40}$/.test(text);
const isSlug = (text) => isString(text) && /^[a-z0-9][a-z0-9._-]{0,63}$/.test(text);

/** A UTC time of fixed width that is in the calendar; years 0001 to 9999, no leap seconds. */
function isTime(text) {
  if (!isString(text) || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text)) return false;
  const millis = Date.parse(text);
  return !text.startsWith('0000') && !Number.isNaN(millis) && new Date(millis).toISOString() === text;
}

const LEAF_FORM = {
  _sd: optional((list) => list),
  _sd_alg: optional((word) => word),
  by: (by) =>
    orFail(() => members(by, { id: reader('by', isId), kind: reader('by', (kind) => KINDS.includes(kind)) }), 'by'),
  cause: optional(
    reader('cause', (list) => {
      const sized = Array.isArray(list) && list.length >= 1 && list.length <= CAUSES_MAX;
      return sized && list.every(isDigest) && new Set(list).size === list.length;
    }),
  ),
  data: reader('type_or_data', isObject),
  node: reader('node', isId),
  prev: reader('prev', (text) => text === '' || isDigest(text)),
  run: optional(reader('run', isId)),
  seq: reader('seq', isU64),
  time: reader('time', isTime),
  type: reader('type_or_data', (text) => isString(text) && /^[a-z]+\.[a-z_]+$/.test(text)),
  v: (word) => word,
};

/** Reads a leaf. The word `version` means that this verifier cannot judge it. */
export function parseLeaf(bytes) {
  const value = parseEvidence(bytes);
  if (!('v' in value)) fail('missing_member');
  if (value.v !== LEAF_V) fail('version');
  checkSd(value);
  if (!isObject(value.by)) fail('by');
  const leaf = members(value, LEAF_FORM);
  if ((leaf.prev === '') !== (leaf.seq === 0)) fail('prev');
  return { ...leaf, _sd: leaf._sd ?? [], cause: leaf.cause ?? [] };
}

// ---------------------------------------------------------------------------------------------------------------------
// Events: the closed members of each type, and the names that are sealed in it

const TIME_MAX = 253_402_207_200_000;
const isMoment = (text) => isTime(text) && Date.parse(text) >= 0 && Date.parse(text) <= TIME_MAX;
const plusSeconds = (millis, seconds) => Math.min(TIME_MAX, millis + seconds * 1000);

/** An identifier: its prefix and 26 characters that hold 128 bits. */
const isTypeId = (prefix) => (text) =>
  isString(text) &&
  text.startsWith(`${prefix}_`) &&
  /^[0-7][0-9a-hjkmnp-tv-z]{25}$/.test(text.slice(prefix.length + 1));

const word = (...words) => reader('malformed', (value) => words.includes(value));
const listOf = (read) => (value, name) =>
  Array.isArray(value) ? value.map((item) => read(item, name)) : malformed(name);
const record = (form) => (value, name) =>
  orFail(() => members(value, form), 'malformed', `member \`${name}\` is malformed`);

const text = reader('malformed', isString);
const slug = reader('malformed', isSlug);
const digest = reader('malformed', isDigest);
const flag = reader('malformed', (value) => typeof value === 'boolean');
const u32 = reader('malformed', isU32);
const u64 = reader('malformed', isU64);
const moment = (value, name) => (isMoment(value) ? Date.parse(value) : malformed(name));
const runId = reader('malformed', isTypeId('run'));
const personId = reader('malformed', isTypeId('person'));
const holdId = reader('malformed', isTypeId('hold'));
const sdDigest = (value, name) => {
  orFail(() => checkSdDigest(value), 'malformed', `member \`${name}\` is malformed`);
  return value;
};

const environment = word('simulation', 'sandbox', 'production');
const EVIDENCE_LEVELS = ['recorded', 'sealed', 'witnessed'];
const METHODS = ['signin', 'passkey'];
const evidenceLevel = word(...EVIDENCE_LEVELS);
const method = word(...METHODS);
const outcome = word('applied', 'diverged', 'rejected', 'not_sent', 'unknown');
const recoveryKind = word('rollback', 'compensation');
const obligation = record({ exclude: listOf(personId), expires_s: u64, group: slug, method, quorum: u32 });

const EVENTS = new Map();
const event = (kind, sealed, form) => EVENTS.set(kind, { sealed: sealed === '' ? [] : sealed.split(' '), form });

event('run.proposed', 'model proposer reason source_ref', {
  agent_owner: optional(personId),
  agent_version: optional(slug),
  branched_from: optional(runId),
  confidence_bp: optional(u32),
  deadline: moment,
  environment,
  mutations: u32,
  on_behalf_of: optional(personId),
  recovery: optional(recoveryKind),
  recovers: optional(runId),
  source: slug,
  trace: optional(text),
  workflow: slug,
});
event('plan.previewed', '', {
  count: u32,
  plan_digest: digest,
  policy: digest,
  revision: u32,
  root: digest,
  undo: record({ compensation: u32, irreversible: u32, rollback: u32 }),
});
event('plan.amended', 'rationale', { mutations: u32, replaces: optional(digest), revision: u32 });
event('plan.drifted', 'view', { n: u32, plan_digest: digest });
event('policy.decided', 'input rationale', {
  canary: optional(u32),
  decision: word('auto', 'approval', 'deny'),
  duration_us: u64,
  evidence: evidenceLevel,
  obligations: listOf(obligation),
  plan_digest: digest,
  policy: digest,
  principal: text,
  rationale: flag,
  risk: word('low', 'medium', 'high', 'critical'),
  rules: listOf(slug),
});
event('approval.requested', '', {
  expires: moment,
  groups: listOf(record({ group: slug, quorum: u32 })),
  plan_digest: digest,
});
event('approval.given', 'approver assertion rationale shown', {
  expires: moment,
  group: slug,
  method,
  plan_digest: digest,
  revision: u32,
});
event('approval.rejected', 'approver assertion rationale shown', {
  group: slug,
  method,
  plan_digest: digest,
  revision: u32,
});
event('run.taken_over', 'operator rationale', { until: moment });
event('run.handed_back', 'rationale', { code: slug });
event('change.observed', 'change', { n: u32 });
event('run.authorized', '', {
  basis: word('auto', 'approvals', 'takeover'),
  expires: moment,
  plan_digest: digest,
  revision: u32,
});
event('authorization.voided', 'detail', { code: slug, plan_digest: digest });
event('attempt.started', 'observed request', {
  attempt: u32,
  evidence: evidenceLevel,
  guarantee: word('exact', 'conditional', 'advisory', 'observed'),
  key: digest,
  mutation: digest,
  n: u32,
  plan_digest: digest,
  requested_by: text,
  send_by: moment,
});
event('attempt.finished', 'read_back response', {
  attempt: u32,
  code: slug,
  mutation: digest,
  n: u32,
  outcome,
  retryable: flag,
});
event('attempt.reconciled', 'rationale read_back', {
  attempt: u32,
  code: slug,
  mutation: digest,
  n: u32,
  outcome,
  requested_by: text,
  retryable: flag,
});
event('divergence.accepted', 'approver rationale', { attempt: u32, mutation: digest, n: u32, plan_digest: digest });
event('recovery.planned', 'rationale', {
  kind: recoveryKind,
  mutations: listOf(u32),
  plan_digest: digest,
  requested_by: text,
  run: runId,
});
event('recovery.finished', '', {
  kind: recoveryKind,
  outcome: word('restored', 'compensated', 'partly_restored', 'abandoned', 'failed', 'conflict'),
  recovered: listOf(u32),
  run: runId,
});
event('artifact.attached', 'artifact', { bytes: u64, media_type: text });
event('run.commented', 'comment', {});
event('run.cancelled', 'rationale', { code: slug });
event('run.expired', '', { code: slug });
event('run.closed', '', {
  code: slug,
  events: u64,
  stage: word(
    ...['proposed', 'previewed', 'awaiting_approval', 'authorized', 'executing', 'needs_attention', 'taken_over'],
    ...['denied', 'rejected', 'expired', 'cancelled', 'failed', 'applied', 'partly_applied'],
    ...['rolled_back', 'partly_rolled_back', 'compensated'],
  ),
});

const RUN_EVENTS = new Set(EVENTS.keys());

event('policy.published', 'author', { bytes: u64, policy: digest });
event('policy.activated', '', { code: optional(slug), policy: digest });
event('connector.changed', '', { connector: slug, environment, manifest: digest });
event('lane.changed', '', { lane: slug, readiness: listOf(slug) });
event('access.changed', 'detail', { code: slug, principal: text });
event('pause.set', 'rationale', { id: text, kind: slug });
event('pause.lifted', 'rationale', { id: text, kind: slug });
event('approver.enrolled', 'credential name training_ref', { approver: personId, groups: listOf(slug) });
event('approver.removed', '', { approver: personId, groups: listOf(slug) });
event('log.opened', '', { origin: text, scope: slug, vkey: text });
event('log.verified', '', { root: digest, size: u64, verdict: slug });
event('key.rotated', '', { from_size: u64, new_vkey: text, old_vkey: text });
event('witness.changed', '', { added: listOf(text), removed: listOf(text), trust_digest: digest });
event('disclosure.erased', 'authorized_by request_ref', {
  basis: slug,
  complete_by: optional(moment),
  count: u32,
  digests: listOf(sdDigest),
});
event('erasure.refused', 'request_ref', { basis: slug, count: u32, hold: optional(holdId) });
event('hold.placed', 'matter selector', { hold: holdId, until: optional(moment) });
event('hold.released', 'rationale', { hold: holdId });
event('export.made', 'recipient', { runs: u64, scope: slug });

export const EVENT_KINDS = [...EVENTS.keys()];

const ACTOR_PREFIX = { agent: 'agent', person: 'person', service: 'service', policy: 'polset', system: 'node' };

/**
 * Reads the event of a leaf: times as milliseconds, members as the type has them. The word `unknown_type` means that this
 * verifier cannot judge it.
 */
export function readEvent(leaf) {
  const known = EVENTS.get(leaf.type);
  if (!known) fail('unknown_type', `\`${leaf.type}\` is no event type of this version`);
  const bad = (word_, name) => fail(word_, `the event has a malformed \`${name}\``);
  if (RUN_EVENTS.has(leaf.type) !== (leaf.run !== undefined)) bad('run', 'run');
  const missing = (name) => fail('missing_data', `member \`${name}\` is missing`);
  const unknown = (name) => fail('unknown_data', `unknown member \`${name}\``);
  const data = members(leaf.data, known.form, missing, unknown);
  if (!isMoment(leaf.time)) bad('time', 'time');
  if (!isTypeId(ACTOR_PREFIX[leaf.by.kind])(leaf.by.id)) bad('by', 'by');
  if (leaf._sd.length !== known.sealed.length) bad('sd_count', '_sd');
  return { kind: leaf.type, data, sealed: known.sealed, time: Date.parse(leaf.time), by: leaf.by };
}

// ---------------------------------------------------------------------------------------------------------------------
// Plans: mutation documents, the tree over them, and the digests that name a plan

const tagged = (tag, value) => toHex(sha256(utf8(`actionplane/${tag}/v1\n`), utf8(canonical(value))));

export const planDigest = (header) => tagged('plan', header);
export const idempotencyKey = (run, digest_, n) => tagged('idempotency', { n, plan_digest: digest_, run });

const documentWord = (...words) => reader('document_form', (value) => words.includes(value));
const documentSlug = reader('document_form', isSlug);

const DOCUMENT_FORM = {
  _sd: reader('sd_form', (list) => Array.isArray(list) && list.length === 4),
  _sd_alg: (alg) => alg,
  action: optional(documentSlug),
  changes: (list) => {
    const one = (change) => isObject(change) && canonical(Object.keys(change)) === '["_sd"]' && change._sd.length === 1;
    return Array.isArray(list) && list.every(one) ? list.map((change) => change._sd[0]) : fail('document_form');
  },
  connector: documentSlug,
  environment: documentWord('production', 'sandbox', 'simulation'),
  kind: documentWord('create', 'delete', 'invoke', 'update'),
  manifest: reader('document_form', isDigest),
  n: reader('document_form', isU32),
  object: documentSlug,
  undo: documentWord('compensation', 'irreversible', 'rollback'),
};

const DOCUMENT_SEALED = ['arguments', 'guard', 'record', 'version'];

/** Reads a mutation document: one mutation of a plan, with digests in place of its values. */
export function parseDocument(bytes) {
  const value = parseEvidence(bytes);
  checkSd(value);
  const document = members(value, DOCUMENT_FORM);
  if ((document.action !== undefined) !== (document.kind === 'invoke')) {
    fail('document_form');
  }
  return document;
}

// ---------------------------------------------------------------------------------------------------------------------
// Replay: what a run is after each of its events, from clear members only. A history that breaks a rule is refused.
// The rules and their words are those of ActionPlane's own fold; a test holds the two lists together.

/** A rule of the run that a history breaks. */
export class Violation extends Error {}

function ensure(holds, rule) {
  if (!holds) throw new Violation(rule);
}

const MUTATIONS_MAX = 1_000;
const REVISIONS_MAX = 64;
const ATTEMPTS_MAX = 10;
const GROUPS_MAX = 16;
const APPROVERS_MAX = 63;

const OPEN_STAGES = new Set([
  ...['proposed', 'previewed', 'awaiting_approval', 'authorized', 'executing', 'needs_attention', 'taken_over'],
]);

const meetsMethod = (given, asked) => METHODS.indexOf(given) >= METHODS.indexOf(asked);
const meetsLevel = (given, asked) => EVIDENCE_LEVELS.indexOf(given) >= EVIDENCE_LEVELS.indexOf(asked);

const isEffect = (result) => result?.outcome === 'applied' || result?.outcome === 'diverged';
const isPrincipal = (by) => by.kind === 'agent' || by.kind === 'person' || by.kind === 'service';
const asPerson = (by) => (by.kind === 'person' ? by.id : undefined);
const principalOf = (text_) => ['person', 'agent', 'service'].find((prefix) => isTypeId(prefix)(text_));

function checkCount(count) {
  ensure(count >= 1 && count <= MUTATIONS_MAX, 'a plan has at least one mutation, and at most the limit');
}

function personOf(at, rule) {
  ensure(at.by.kind === 'person', rule);
  return at.by.id;
}

/** Who may write which event. */
function checkAuthor(kind, by) {
  const isPerson = by.kind === 'person';
  const isSystem = by.kind === 'system';
  switch (kind) {
    case 'run.proposed':
    case 'recovery.planned':
    case 'run.cancelled':
      return ensure(isPrincipal(by), 'an agent, a person or a service asks for this');
    case 'artifact.attached':
      return ensure(isPrincipal(by) || isSystem, 'a worker attaches, or whoever asks for it');
    case 'plan.amended':
    case 'approval.given':
    case 'approval.rejected':
    case 'run.taken_over':
    case 'change.observed':
    case 'divergence.accepted':
    case 'run.commented':
      return ensure(isPerson, 'only a person does this');
    case 'policy.decided':
      return ensure(by.kind === 'policy', 'policy decides');
    case 'run.handed_back':
    case 'attempt.reconciled':
      return ensure(isPerson || isSystem, 'a person or a worker writes this');
    case 'run.closed':
      return ensure(isPrincipal(by) || isSystem, 'a worker closes a run, or whoever asks for it');
    default:
      return ensure(isSystem, 'a worker writes this');
  }
}

class Progress {
  attempts = [];
  recovered = undefined;

  get last() {
    return this.attempts.at(-1)?.result;
  }

  get isDone() {
    return this.last?.outcome === 'applied' || (this.last?.outcome === 'diverged' && this.last.accepted);
  }

  get hasEffect() {
    return this.attempts.some(({ result }) => isEffect(result));
  }

  get isUnknown() {
    return this.last?.outcome === 'unknown';
  }

  get isOpenDivergence() {
    return this.recovered === undefined && this.last?.outcome === 'diverged' && !this.last.accepted;
  }

  get inFlight() {
    const last = this.attempts.at(-1);
    return last !== undefined && last.result === undefined;
  }

  get mayAttempt() {
    const last = this.attempts.at(-1);
    if (last === undefined) return true;
    const hadNone = last.result?.outcome === 'not_sent' || last.result?.outcome === 'rejected';
    return last.attempt < ATTEMPTS_MAX && hadNone && last.result.retryable;
  }
}

/** One run, as its clear events tell it. `at` is `{run, seq, time, by, cause}`, the cause as positions in the run. */
export class Run {
  /** The run after its first event. */
  constructor(at, kind, data) {
    ensure(kind === 'run.proposed', 'a run starts with `run.proposed`');
    ensure(at.seq === 0, 'a run starts at position 0');
    ensure(isPrincipal(at.by), 'only an agent, a person or a service proposes');
    ensure('recovers' in data === 'recovery' in data, 'a recovery names its parent and its kind');
    ensure(data.deadline > at.time, 'the deadline lies in the future');
    checkCount(data.mutations);
    Object.assign(this, {
      id: at.run,
      stage: 'proposed',
      proposer: at.by,
      agentOwner: data.agent_owner,
      onBehalfOf: data.on_behalf_of,
      amenders: new Set(),
      environment: data.environment,
      workflow: data.workflow,
      source: data.source,
      confidence: data.confidence_bp,
      deadline: data.deadline,
      recovers: data.recovers,
      recoveryKind: data.recovery,
      mutations: data.mutations,
      revision: 0,
      plan: undefined,
      decision: undefined,
      request: undefined,
      approvals: [],
      authorization: undefined,
      takeover: undefined,
      progress: [],
      recovery: undefined,
      events: 1,
      created: at.time,
      updated: at.time,
      closed: undefined,
    });
  }

  /** Takes one more event. */
  apply(at, kind, data) {
    ensure(this.id === at.run, 'an event belongs to its own run');
    ensure(this.events === at.seq, 'positions have no gap');
    ensure(at.time >= this.updated, 'time does not run backwards');
    checkAuthor(kind, at.by);
    this.checkEnding(kind);
    this.step(at, kind, data);
    this.events = at.seq + 1;
    this.updated = at.time;
  }

  get isOpen() {
    return OPEN_STAGES.has(this.stage);
  }

  get isInFlight() {
    return this.progress.some((progress) => progress.inFlight);
  }

  get isUnsettled() {
    return this.isInFlight || this.progress.some((progress) => progress.isUnknown);
  }

  get hasOpenDivergence() {
    return this.progress.some((progress) => progress.isOpenDivergence);
  }

  get hasEffect() {
    return this.progress.some((progress) => progress.hasEffect);
  }

  /** No attempt in flight, unknown, applied or diverged. */
  get isClean() {
    return !this.isUnsettled && !this.hasEffect;
  }

  get nextMutation() {
    return this.progress.findIndex((progress) => !progress.isDone);
  }

  get judged() {
    return this.takeover?.holder ?? this.proposer.id;
  }

  /** Persons who may not approve. */
  get proposers() {
    return new Set([
      ...this.amenders,
      ...[asPerson(this.proposer), this.agentOwner, this.onBehalfOf, this.takeover?.holder].filter(Boolean),
    ]);
  }

  /** Mutations that changed something and are not recovered, last first. */
  get recoverable() {
    const effects = [...this.progress.keys()].filter(
      (n) => this.progress[n].hasEffect && this.progress[n].recovered === undefined,
    );
    return effects.reverse();
  }

  get mayRecover() {
    const ended = ['applied', 'partly_applied', 'partly_rolled_back', 'compensated'].includes(this.stage);
    const diverged = this.stage === 'needs_attention' && this.hasOpenDivergence;
    return (ended || diverged) && !this.isUnsettled;
  }

  get isAtCanary() {
    const done = this.progress.filter((progress) => progress.isDone).length;
    const next = this.progress.find((progress) => !progress.isDone);
    return this.decision?.canary === done && next?.attempts.length === 0;
  }

  /** What the run amounts to when it ends now. */
  get byOutcomes() {
    const countered = this.progress.some(({ recovered }) => recovered === 'compensation');
    if (countered || this.progress.some(({ recovered }) => recovered === 'rollback')) {
      if (this.recoverable.length > 0) return 'partly_rolled_back';
      return countered ? 'compensated' : 'rolled_back';
    }
    if (this.progress.length > 0 && this.progress.every((progress) => progress.isDone)) return 'applied';
    return this.hasEffect ? 'partly_applied' : 'failed';
  }

  get evidenceMinimum() {
    return this.environment === 'simulation' ? 'recorded' : 'sealed';
  }

  get evidenceNeeded() {
    return this.decision?.evidence ?? this.evidenceMinimum;
  }

  checkEnding(kind) {
    if (this.closed) return ensure(kind === 'recovery.planned', 'after the close only a recovery follows');
    if (this.isOpen) return undefined;
    if (this.recovery) {
      return ensure(kind === 'recovery.finished', 'an open recovery is finished before anything else');
    }
    return ensure(kind === 'run.closed', 'a final stage is followed by the close');
  }

  checkCurrent(digest_) {
    ensure(this.plan?.digest === digest_, 'an event names the newest plan');
  }

  checkHolder(at) {
    const rule = 'only the holder does this';
    const person = personOf(at, rule);
    ensure(this.takeover?.holder === person, rule);
    return person;
  }

  checkSettled() {
    ensure(!this.isUnsettled, 'an unsettled attempt is settled first');
    ensure(!this.hasOpenDivergence, 'a divergence is accepted or recovered first');
    ensure(!this.recovery, 'an open recovery is finished first');
  }

  decisionNamed(at, rule) {
    ensure(this.decision && at.cause.has(this.decision.seq), rule);
    return this.decision;
  }

  /** A new revision is due: everything that was decided about the old one is void. */
  void() {
    this.stage = 'proposed';
    this.plan = undefined;
    this.decision = undefined;
    this.request = undefined;
    this.approvals = [];
    this.authorization = undefined;
    this.progress = [];
  }

  step(at, kind, data) {
    switch (kind) {
      case 'run.proposed':
        throw new Violation('a run is proposed once');
      case 'plan.previewed':
        return this.previewed(at, data);
      case 'plan.amended':
        return this.amended(at, data);
      case 'plan.drifted':
        return this.drifted(data);
      case 'policy.decided':
        return this.decided(at, data);
      case 'approval.requested':
        return this.requested(at, data);
      case 'approval.given':
        return this.approved(at, data);
      case 'approval.rejected':
        return this.rejected(at, data);
      case 'run.taken_over':
        return this.takenOver(at, data);
      case 'run.handed_back':
        return this.handedBack(at, data);
      case 'change.observed':
        this.checkHolder(at);
        return ensure(data.n < this.mutations, 'a mutation stands in the plan');
      case 'run.authorized':
        return this.authorized(at, data);
      case 'authorization.voided':
        return this.voided(at, data);
      case 'attempt.started':
        return this.attemptStarted(at, data);
      case 'attempt.finished':
        return this.attemptFinished(at, data);
      case 'attempt.reconciled':
        return this.attemptReconciled(at, data);
      case 'divergence.accepted':
        return this.divergenceAccepted(at, data);
      case 'recovery.planned':
        return this.recoveryPlanned(at, data);
      case 'recovery.finished':
        return this.recoveryFinished(data);
      case 'artifact.attached':
      case 'run.commented':
        return undefined;
      case 'run.cancelled':
        return this.cancelled(at);
      case 'run.expired':
        return this.expired(at, data);
      case 'run.closed':
        return this.close(at, data);
      default:
        throw new Fault('unknown_type', `\`${kind}\` is no event of a run`);
    }
  }

  // Plans and what policy says of them

  previewed(at, { count, plan_digest, policy, revision, root, undo }) {
    const from = this.stage === 'proposed' || this.stage === 'taken_over';
    ensure(from && this.isClean, 'a preview comes after the proposal, while nothing had an effect');
    ensure(revision === this.revision + 1, 'revisions have no gap');
    ensure(revision <= REVISIONS_MAX, 'a plan is revised only so often');
    checkCount(count);
    this.void();
    this.stage = 'previewed';
    this.revision = revision;
    this.mutations = count;
    this.progress = Array.from({ length: count }, () => new Progress());
    this.plan = { seq: at.seq, digest: plan_digest, policy, root, undo };
  }

  amended(at, { mutations, replaces, revision }) {
    const person = this.checkHolder(at);
    ensure(this.stage === 'taken_over' && this.isClean, 'a plan is amended while nothing had an effect');
    ensure(revision === this.revision + 1, 'revisions have no gap');
    ensure(replaces === this.plan?.digest, 'an amendment names the plan that it replaces');
    checkCount(mutations);
    this.void();
    this.mutations = mutations;
    this.amenders.add(person);
  }

  get mayVoid() {
    return ['authorized', 'executing', 'needs_attention'].includes(this.stage) && this.isClean;
  }

  drifted({ n, plan_digest }) {
    ensure(this.mayVoid, 'drift revises a plan only while nothing had an effect');
    this.checkCurrent(plan_digest);
    ensure(n < this.mutations, 'a mutation stands in the plan');
    this.void();
  }

  decided(at, data) {
    this.checkCurrent(data.plan_digest);
    ensure(this.plan && at.cause.has(this.plan.seq), 'a decision names the preview');
    ensure(data.policy === this.plan.policy, 'a decision is made by the policy set of its plan');
    const again = ['authorized', 'executing', 'needs_attention'].includes(this.stage);
    ensure(again || this.stage === 'previewed', 'a decision follows a preview');
    ensure(data.principal === this.judged, 'policy judges the proposer, or the holder');
    checkObligations(data);
    if (again) {
      ensure(!this.isUnsettled, 'an unsettled attempt is settled first');
      ensure(this.decision && data.decision !== 'deny', 'a repeated decision only renews');
      this.authorization = undefined;
    } else {
      this.stage = { auto: 'previewed', approval: 'awaiting_approval', deny: 'denied' }[data.decision];
    }
    this.decision = { ...data, seq: at.seq };
  }

  voided(at, { code, plan_digest }) {
    ensure(this.mayVoid, 'an authorization is voided only while nothing had an effect');
    this.checkCurrent(plan_digest);
    const over = !this.authorization || this.authorization.expires <= at.time;
    ensure(over || code !== 'expired', 'an authorization expires at its end');
    this.void();
  }

  // Requests, verdicts, and the leave to execute that they give

  requested(at, { expires, groups, plan_digest }) {
    ensure(this.stage === 'awaiting_approval' && !this.request, 'approval is asked for once');
    this.checkCurrent(plan_digest);
    const decision = this.decisionNamed(at, 'a request names the decision');
    const asked = decision.obligations.map(({ group, quorum }) => ({ group, quorum }));
    ensure(canonical(asked) === canonical(groups), 'a request asks whom the decision asks');
    ensure(expires > at.time, 'a request ends in the future');
    this.request = { seq: at.seq, expires };
  }

  verdict(at, { group, plan_digest }) {
    const person = personOf(at, 'only a person approves');
    ensure(this.request && this.stage === 'awaiting_approval', 'a verdict answers a request');
    ensure(at.time < this.request.expires, 'a verdict is given before the request ends');
    this.checkCurrent(plan_digest);
    const decision = this.decisionNamed(at, 'a verdict names the decision');
    ensure(!this.proposers.has(person), 'nobody approves their own proposal or amendment');
    const asked = decision.obligations.find((one) => one.group === group);
    ensure(asked, 'a verdict is given for a group that was asked');
    ensure(!asked.exclude.includes(person), 'an excluded person gives no verdict');
    return { person, asked };
  }

  approved(at, data) {
    const { person, asked } = this.verdict(at, data);
    ensure(data.revision === this.revision, 'an approval names the newest revision');
    ensure(meetsMethod(data.method, asked.method), 'a passkey was asked for');
    ensure(
      data.expires > at.time && data.expires <= plusSeconds(at.time, asked.expires_s),
      'an approval ends in the future, and no later than its obligation says',
    );
    // A person counts once, with the newest approval.
    this.approvals = this.approvals.filter((given) => given.person !== person);
    this.approvals.push({ seq: at.seq, person, group: data.group, method: data.method, expires: data.expires });
  }

  rejected(at, data) {
    this.verdict(at, data);
    ensure(data.revision === this.revision, 'a rejection names the newest revision');
    this.stage = 'rejected';
  }

  authorized(at, { basis, expires, plan_digest, revision }) {
    this.checkCurrent(plan_digest);
    ensure(revision === this.revision, 'an authorization names the newest revision');
    const from = ['previewed', 'awaiting_approval', 'authorized', 'executing', 'needs_attention'].includes(this.stage);
    ensure(from && !this.isUnsettled, 'an authorization follows a decision or the last approval');
    ensure(!this.authorization, 'a decision is authorized once');
    const decision = this.decisionNamed(at, 'an authorization names the decision');
    ensure(expires > at.time && expires <= this.deadline, 'an authorization ends in the future, and with the run');
    let until = Infinity;
    if (basis === 'auto') {
      ensure(decision.decision === 'auto', 'basis `auto` needs decision `auto`');
      ensure(!this.takeover, 'a taken-over run is authorized for its holder');
      ensure(decision.principal === this.proposer.id, 'basis `auto` is decided for the proposer');
    } else if (basis === 'takeover') {
      ensure(decision.decision === 'auto', 'basis `takeover` needs decision `auto`');
      ensure(
        this.takeover?.until > at.time && this.takeover.holder === decision.principal,
        'basis `takeover` needs a running takeover and a decision for its holder',
      );
    } else {
      until = this.countedUntil(at);
    }
    ensure(expires <= until, 'no authorization outlives its approvals');
    if (this.stage === 'previewed' || this.stage === 'awaiting_approval') this.stage = 'authorized';
    const counted = this.approvals.filter(({ seq }) => basis === 'approvals' && at.cause.has(seq));
    this.authorization = { seq: at.seq, basis, expires, approvals: counted.map(({ seq }) => seq) };
  }

  /** The end of the approvals that an authorization names, which must complete every quorum. */
  countedUntil(at) {
    ensure(this.decision, 'approvals answer a decision');
    ensure(this.decision.decision === 'approval', 'basis `approvals` needs decision `approval`');
    let until = Infinity;
    for (const asked of this.decision.obligations) {
      const counted = this.approvals.filter(
        (given) =>
          at.cause.has(given.seq) &&
          given.group === asked.group &&
          given.expires > at.time &&
          !asked.exclude.includes(given.person) &&
          meetsMethod(given.method, asked.method),
      );
      ensure(
        counted.length >= asked.quorum,
        'every group reaches its quorum with approvals that are named and unexpired',
      );
      until = Math.min(until, ...counted.map((given) => given.expires));
    }
    ensure(until < Infinity, 'basis `approvals` needs an approval');
    return until;
  }

  // Attempts and their outcomes

  attemptStarted(at, data) {
    const from = ['authorized', 'executing', 'needs_attention'].includes(this.stage);
    ensure(from && !this.recovery, 'an attempt follows an authorization');
    this.checkCurrent(data.plan_digest);
    ensure(!this.isUnsettled, 'an unsettled attempt is settled first');
    ensure(!this.hasOpenDivergence, 'a divergence is accepted or recovered first');
    const leave = this.authorization;
    ensure(leave, 'an attempt is authorized');
    ensure(at.cause.has(leave.seq), 'an attempt names its authorization');
    ensure(leave.expires > at.time, 'an attempt starts before its authorization ends');
    ensure(data.send_by <= leave.expires, 'nothing is sent after the authorization ends');
    ensure(data.send_by > at.time, 'the send window lies in the future');
    ensure(!this.takeover || this.takeover.until >= data.send_by, 'nothing is sent after the takeover ends');
    ensure(meetsLevel(data.evidence, this.evidenceNeeded), 'an attempt waits for its evidence');
    ensure(
      data.key === idempotencyKey(this.id, data.plan_digest, data.n),
      'the idempotency key is derived from run, plan and mutation',
    );
    const asker = principalOf(data.requested_by);
    ensure(!this.takeover || data.requested_by === this.takeover.holder, 'the holder of a taken-over run says execute');
    ensure(!this.isAtCanary || asker === 'person', 'a person says go on after a canary');
    ensure(this.nextMutation === data.n, 'mutations are executed in order');
    const progress = this.mutationOf(data.n);
    ensure(progress.mayAttempt, 'an attempt is repeated only when the last one had no effect and may be repeated');
    ensure(data.attempt === progress.attempts.length + 1, 'attempt numbers have no gap');
    ensure(
      progress.attempts.every(({ mutation, key }) => mutation === data.mutation && key === data.key),
      'a mutation keeps its document and key',
    );
    progress.attempts.push({ ...data, seq: at.seq, at: at.time, result: undefined });
    this.stage = 'executing';
  }

  attemptFinished(at, data) {
    const attempt = this.attemptOf(data);
    ensure(!attempt.result, 'an outcome answers an attempt in flight');
    ensure(attempt.mutation === data.mutation, "an outcome is about its attempt's mutation");
    ensure(at.cause.has(attempt.seq), 'an outcome names its attempt');
    attempt.result = { ...data, seq: at.seq, at: at.time, reconciled: false, accepted: false };
    this.stage = this.afterOutcome(data.n);
  }

  attemptReconciled(at, data) {
    ensure(data.outcome !== 'unknown', 'reconcile settles');
    const byPerson = isPrincipal(at.by);
    checkSettledHow(byPerson, data);
    const attempt = this.attemptOf(data);
    ensure(attempt.mutation === data.mutation, "an outcome is about its attempt's mutation");
    ensure(!byPerson || at.time >= attempt.send_by, 'a person settles after the send window');
    ensure(attempt.result?.outcome === 'unknown', 'reconcile settles only what is unknown');
    ensure(at.cause.has(attempt.result.seq), 'reconcile names the outcome that it settles');
    attempt.result = { ...data, seq: at.seq, at: at.time, reconciled: true, accepted: false };
    this.stage = this.afterOutcome(data.n);
  }

  divergenceAccepted(at, data) {
    const person = personOf(at, 'only a person accepts a divergence');
    ensure(!this.proposers.has(person), 'nobody accepts the divergence of their own proposal or amendment');
    ensure(this.stage === 'needs_attention' && !this.recovery, 'a divergence waits for a person');
    this.checkCurrent(data.plan_digest);
    const attempt = this.attemptOf(data);
    ensure(attempt.mutation === data.mutation, "an acceptance is about its attempt's mutation");
    const isOpen = attempt.result?.outcome === 'diverged' && !attempt.result.accepted;
    ensure(isOpen, 'only a divergence is accepted, and once');
    attempt.result.accepted = true;
    this.stage = this.afterOutcome(data.n);
  }

  mutationOf(n) {
    ensure(n < this.progress.length, 'a mutation stands in the plan');
    return this.progress[n];
  }

  attemptOf({ n, attempt }) {
    const last = this.mutationOf(n).attempts.at(-1);
    ensure(last?.attempt === attempt, 'an outcome answers the last attempt of its mutation');
    return last;
  }

  /** Where the run stands after the outcome of a mutation. */
  afterOutcome(n) {
    const progress = this.progress[n];
    const { outcome: result, accepted, code } = progress.last;
    if (result === 'unknown' || (result === 'diverged' && !accepted)) return 'needs_attention';
    if (result === 'rejected' && code === 'conflict') return 'needs_attention';
    if (result === 'rejected' || result === 'not_sent') {
      return progress.mayAttempt ? 'needs_attention' : this.byOutcomes;
    }
    if (this.progress.every(({ isDone }) => isDone)) return this.byOutcomes;
    return this.isAtCanary ? 'needs_attention' : 'executing';
  }

  // Takeover, recovery, and how a run ends

  takenOver(at, { until }) {
    const person = personOf(at, 'only a person takes over');
    ensure(this.isOpen && !this.isInFlight, 'a run is taken over with nothing in flight');
    ensure(until > at.time, 'a lease ends in the future');
    ensure(!this.takeover || this.takeover.holder === person, 'one person holds a run at a time');
    const renewed = this.takeover !== undefined;
    this.takeover = { holder: person, until };
    if (renewed) return;
    this.request = undefined;
    this.approvals = [];
    this.authorization = undefined;
    this.stage = this.isClean ? 'taken_over' : 'needs_attention';
  }

  handedBack(at, { code }) {
    ensure(this.takeover, 'only a taken-over run is handed back');
    if (code === 'by_holder') this.checkHolder(at);
    else if (code === 'lease_expired') ensure(at.time >= this.takeover.until, 'a lease expires at its end');
    else throw new Violation('a run is handed back by its holder, or when the lease ends');
    ensure(this.isOpen && !this.isInFlight, 'a run is handed back with nothing in flight');
    this.takeover = undefined;
    if (this.isClean) {
      this.void();
    } else {
      this.decision = undefined;
      this.approvals = [];
      this.authorization = undefined;
      this.stage = 'needs_attention';
    }
  }

  recoveryPlanned(at, { kind, mutations, plan_digest, run }) {
    ensure(!this.recovery, 'one recovery at a time');
    this.checkCurrent(plan_digest);
    ensure(this.mayRecover, 'a recovery follows the end of a run or a divergence, with nothing unsettled');
    const { recoverable } = this;
    ensure(
      mutations.length > 0 && mutations.every((n) => recoverable.includes(n)),
      'a recovery names mutations that had an effect',
    );
    const descends = mutations.every((n, at_) => at_ === 0 || mutations[at_ - 1] > n);
    ensure(descends, 'a recovery undoes the last mutation first, and each once');
    this.recovery = { seq: at.seq, run, kind, mutations };
    this.closed = undefined;
  }

  recoveryFinished({ kind, outcome: word_, recovered, run }) {
    const open = this.recovery;
    this.recovery = undefined;
    ensure(open, 'a finished recovery was planned');
    ensure(open.run === run && open.kind === kind, 'a finished recovery is the planned one');
    ensure(
      recovered.every((n) => open.mutations.includes(n)),
      'a recovery recovers what it planned',
    );
    const complete = open.mutations.every((n) => recovered.includes(n));
    const told = {
      restored: complete,
      compensated: complete,
      partly_restored: !complete && recovered.length > 0,
    }[word_];
    ensure(told ?? recovered.length === 0, "a recovery's outcome agrees with what it recovered");
    for (const n of recovered) this.progress[n].recovered = kind;
    if (recovered.length > 0) this.stage = this.hasOpenDivergence ? 'needs_attention' : this.byOutcomes;
  }

  cancelled(at) {
    if (this.takeover) this.checkHolder(at);
    this.checkSettled();
    this.stage = this.hasEffect ? this.byOutcomes : 'cancelled';
  }

  expired(at, { code }) {
    ensure(this.isClean, 'a run expires only while nothing had an effect');
    const asked = this.stage === 'awaiting_approval' ? this.request : undefined;
    const over =
      (code === 'deadline' && this.deadline <= at.time) || (code === 'approval_expired' && asked?.expires <= at.time);
    ensure(over, 'a run expires at its deadline, or when its request for approval ends');
    this.stage = 'expired';
  }

  close(at, { code, events, stage }) {
    if (this.isOpen) {
      this.checkSettled();
      const closes = ['proposed', 'executing', 'needs_attention'].includes(this.stage);
      ensure(closes, 'a run does not close from here without an event that says why');
      this.stage = this.stage === 'proposed' ? 'failed' : this.byOutcomes;
    }
    ensure(stage === this.stage, 'the close names the stage that the outcomes give');
    ensure(events === at.seq + 1, 'the close counts all events');
    this.takeover = undefined;
    this.closed = { at: at.time, code, seq: at.seq };
  }
}

/** What a decision asks of whom must be possible to meet and to check. */
function checkObligations({ decision, obligations, canary }) {
  const asks = obligations.length > 0;
  ensure((decision === 'approval') === asks, 'exactly the decision `approval` asks somebody');
  ensure(obligations.length <= GROUPS_MAX, 'a decision asks at most so many groups');
  ensure(
    obligations.every(({ quorum }) => quorum > 0),
    'a quorum is at least one',
  );
  const approvers = obligations.reduce((sum, { quorum }) => sum + quorum, 0);
  ensure(approvers <= APPROVERS_MAX, 'a decision asks at most so many approvers');
  ensure(
    obligations.every(({ expires_s }) => expires_s > 0),
    'an obligation has time to be met',
  );
  const groups = new Set(obligations.map(({ group }) => group));
  ensure(groups.size === obligations.length, 'a decision asks each group once');
  ensure(canary !== 0, 'a canary is at least one mutation');
}

const APPLIED_CODES = ['key_lookup', 'journal', 'proof_query', 'read_back', 'equals_after_unattributed', 'reply'];

/** An applied or absent effect is settled on a named basis. What a person settles is never tried again in this run. */
function checkSettledHow(byPerson, { code, outcome: result, retryable }) {
  ensure(!byPerson || !retryable, 'what a person settled is not tried again');
  const named = byPerson
    ? { applied: code === 'person', not_sent: code === 'person', diverged: code === 'undetermined' }[result]
    : {
        applied: APPLIED_CODES.includes(code),
        not_sent: code === 'never_left' || code === 'no_effect_found',
        diverged: true,
        rejected: true,
      }[result];
  ensure(named === true, 'a settled outcome names what it rests on');
}

/** The run after each of its events, from the first. `entries` are `{leaf, hash, event}` in chain order. */
function* fold(entries) {
  const positions = new Map();
  let run;
  for (const [seq, { leaf, hash, event: read }] of entries.entries()) {
    const { kind, data, time, by } = read;
    const cause = new Set(leaf.cause.map((one) => positions.get(one)).filter((position) => position !== undefined));
    const at = { run: leaf.run, seq: leaf.seq, time, by, cause };
    if (run) run.apply(at, kind, data);
    else run = new Run(at, kind, data);
    positions.set(hash, seq);
    yield run;
  }
}

/** The run after all of its events. Throws a `Violation` for a history that breaks a rule. */
export const replay = (entries) => [...fold(entries)].at(-1);

// ---------------------------------------------------------------------------------------------------------------------
// The zip of a bundle: stored, sorted, without times and extra fields. The reader takes exactly what the writer makes: it
// reads the local headers from the first byte on, writes the archive again and compares. So nothing can hide before,
// between, behind or beside the files.

const MANIFEST = 'manifest.json';
const NAME_BYTES_MAX = 255;
const FILES_MAX = 65_534;
const ZIP_BYTES_MAX = 4_294_967_294;
const LOCAL_BYTES = 30;
const LOCAL_SIGNATURE = Uint8Array.of(0x50, 0x4b, 3, 4);

/** Whether a path may stand in a bundle. */
export const isPath = (path) =>
  isString(path) &&
  path.length <= NAME_BYTES_MAX &&
  !path.includes('..') &&
  /^[A-Za-z0-9_][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/.test(path);

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ byte) & 255];
  return (crc ^ 0xffffffff) >>> 0;
}

/** Little-endian numbers as bytes: `[bytes, value]` each. */
function numbers(...fields) {
  return Uint8Array.from(
    fields.flatMap(([width, value]) => {
      return Array.from({ length: width }, (_, at) => Math.floor(value / 256 ** at) % 256);
    }),
  );
}

const zipOrder = (left, right) => {
  if ((left === MANIFEST) !== (right === MANIFEST)) return left === MANIFEST ? -1 : 1;
  return left < right ? -1 : Number(left > right);
};

class ZipWriter {
  offset = 0;
  central = [];
  last = undefined;

  /** The header of the next file: version 2.0, no flags, stored, 1980-01-01, sums, no extra field. */
  file(path, content) {
    if (!isPath(path)) fail('zip', 'a file name outside the allowed form');
    if (this.last !== undefined && zipOrder(this.last, path) >= 0) fail('zip', 'a file name twice or out of order');
    const { length } = content;
    const sums = [
      [4, crc32(content)],
      [4, length],
      [4, length],
      [2, path.length],
      [2, 0],
    ];
    const common = numbers([2, 20], [2, 0], [2, 0], [2, 0], [2, 0x21], ...sums);
    const name = utf8(path);
    const ends = numbers([2, 0], [2, 0], [2, 0], [4, 0], [4, this.offset]);
    this.central.push(concat(Uint8Array.of(0x50, 0x4b, 1, 2), numbers([2, 20]), common, ends, name));
    this.offset += LOCAL_BYTES + name.length + length;
    this.last = path;
    if (this.central.length > FILES_MAX || this.offset > ZIP_BYTES_MAX) fail('zip', 'more than an archive may hold');
    return concat(LOCAL_SIGNATURE, common, name);
  }

  finish() {
    const directory = concat(...this.central);
    const count = this.central.length;
    const end = [
      [4, 0],
      [2, count],
      [2, count],
      [4, directory.length],
      [4, this.offset],
      [2, 0],
    ];
    return concat(directory, Uint8Array.of(0x50, 0x4b, 5, 6), numbers(...end));
  }
}

/** The archive of these files, `manifest.json` first and the others sorted. */
export function writeZip(files) {
  const writer = new ZipWriter();
  const sorted = [...files].sort(([left], [right]) => zipOrder(left, right));
  const parts = sorted.flatMap(([path, content]) => [writer.file(path, content), content]);
  return concat(...parts, writer.finish());
}

/** The files of an archive by path; refuses every archive that the writer would not have made. */
export function readZip(zip) {
  const form = () => fail('zip', 'not an archive in its one form');
  const writer = new ZipWriter();
  const files = new Map();
  const view = new DataView(zip.buffer, zip.byteOffset, zip.length);
  let at = 0;
  while (equalBytes(zip.subarray(at, at + 4), LOCAL_SIGNATURE)) {
    if (at + LOCAL_BYTES > zip.length) form();
    const from = at + LOCAL_BYTES + view.getUint16(at + 26, true);
    const to = from + view.getUint32(at + 22, true);
    if (to > zip.length) form();
    const content = zip.subarray(from, to);
    const path = String.fromCharCode(...zip.subarray(at + LOCAL_BYTES, from));
    if (!equalBytes(writer.file(path, content), zip.subarray(at, from))) form();
    files.set(path, content);
    at = to;
  }
  if (!equalBytes(writer.finish(), zip.subarray(at))) form();
  return files;
}

// ---------------------------------------------------------------------------------------------------------------------
// Verdicts and findings

/** From best to worst; the worst finding is the verdict. The exit code of the program, and what the verdict means. */
export const VERDICTS = new Map([
  ['VALID', [0, 'Everything holds, and every field is disclosed.']],
  [
    'VALID_REDACTED',
    [0, 'Everything holds. Some fields are erased or withheld; what they say is not part of this judgment.'],
  ],
  ['OPEN', [3, 'What is here holds, but a run is not closed: more events may follow.']],
  [
    'UNWITNESSED',
    [
      3,
      'What is here holds, but too few witnesses cosigned: the operator could show another history to somebody else.',
    ],
  ],
  [
    'UNTRUSTED',
    [
      4,
      'What is here agrees with itself, but nobody whom you trust signed it. It proves nothing until you check it with a trust policy of your own.',
    ],
  ],
  ['INCOMPLETE', [5, 'Something is missing, so what is here cannot be judged as a whole.']],
  [
    'CANNOT_JUDGE',
    [1, 'The bundle uses a version or a type of event that this program does not know. Use a newer verifier.'],
  ],
  ['VIOLATION', [7, 'The evidence is authentic, and it shows that a rule was broken.']],
  ['TAMPERED', [6, 'This is not what was recorded: something was changed, added or forged.']],
]);

const VERDICT_ORDER = [...VERDICTS.keys()];

/** Printed at the end of every report. */
export const CLOSING =
  'This proves what was recorded and that it was not changed. It does not prove that nothing happened outside the gateway.';

/** What is looked at: id, heading, and what it asks. The ids are those of `actionplane-verify`. */
export const CHECKS = [
  ['manifest', 'Table of contents', 'Every file is listed, present and unchanged.'],
  ['trust', 'Trust', 'A trust policy from outside the bundle names a key that signed.'],
  ['signatures', 'Signatures', 'Every head is signed by the log, cosigned by enough witnesses, and fresh enough.'],
  ['leaves', 'Events', 'Every event is written in the one strict form.'],
  ['inclusion', 'Inclusion', 'Every event stands in the signed log, at the position that it claims.'],
  ['chain', 'Chain', 'No event of a run is missing, repeated or out of order, from the proposal to the close.'],
  ['plans', 'Plans', 'The mutations in this bundle are those whose digest was approved and executed.'],
  ['replay', 'Rules of the run', 'Replayed event by event, the run kept every rule.'],
  ['approvals', 'Approvers', 'Whoever approved was entitled to, when they did and when it counted.'],
  ['policies', 'Policy sets', 'The decision was made by the set in force, which a second person activated.'],
  ['decisions', 'Decisions', 'Evaluated again from the recorded input, policy decides the same.'],
  [
    'dispatch',
    'Execution',
    'Every write was of an approved mutation, with enough evidence, and while nothing was paused.',
  ],
  ['recovery', 'Recovery', 'What is said to be taken back was taken back by the recovery run.'],
  [
    'disclosures',
    'Disclosed fields',
    'Every disclosed value is the one that was sealed, and no erased value is present.',
  ],
  ['times', 'Times', 'Times do not run backwards, and no event is later than the witness that saw it.'],
  ['consistency', 'Earlier heads', 'The log only grew since the heads that you kept.'],
  ['full_log', 'The whole log', 'The entries of the whole log give the signed root, and hide no event of a run.'],
  ['anchors', 'Anchors', 'Time-stamp tokens are about this head.'],
  ['projections', 'Exports', 'Exports in other formats say what the events say.'],
];

/** Collects what the checks say. A place is `{file, run, index}`, each part optional. */
class Docket {
  constructor() {
    this.looked = new Map();
    this.findings = [];
    this.open = [];
  }

  look(check) {
    this.looked.set(check, (this.looked.get(check) ?? 0) + 1);
  }

  find(check, verdict, place, sentence) {
    this.findings.push({ check, verdict, place, sentence });
  }

  tampered(check, place, sentence) {
    this.find(check, 'TAMPERED', place, sentence);
  }

  missing(check, place, sentence) {
    this.find(check, 'INCOMPLETE', place, sentence);
  }

  violation(check, place, sentence) {
    this.find(check, 'VIOLATION', place, sentence);
  }

  unknown(check, place, sentence) {
    this.find(check, 'CANNOT_JUDGE', place, sentence);
  }

  /** Something could not be looked at, and counts neither for nor against the bundle. */
  leaveOpen(check, place, sentence) {
    this.open.push({ check, place, sentence });
  }

  get worst() {
    const rank = Math.max(0, ...this.findings.map(({ verdict }) => VERDICT_ORDER.indexOf(verdict)));
    return VERDICT_ORDER[rank];
  }

  /** Whether one of these checks found what makes a run unfit to be judged by its rules. */
  spoils(checks, run) {
    return this.findings.some(
      ({ check, verdict, place }) =>
        checks.includes(check) &&
        (place.run === undefined || place.run === run) &&
        ['TAMPERED', 'INCOMPLETE', 'CANNOT_JUDGE'].includes(verdict),
    );
  }

  close() {
    return CHECKS.map(([id, title, asks]) => {
      const of = (list) => list.filter(({ check }) => check === id).map(({ check, ...rest }) => rest);
      const findings = of(this.findings);
      const notJudged = of(this.open);
      const lookedAt = this.looked.get(id) ?? 0;
      const state =
        findings.length > 0 ? 'failed' : lookedAt > 0 ? 'passed' : notJudged.length > 0 ? 'not_judged' : 'nothing';
      return { id, title, asks, state, looked_at: lookedAt, findings, not_judged: notJudged };
    });
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Reading a bundle: the table of contents, chains, plans and sealed values, each line in its one form. What cannot be read
// is a finding and left out.

const BUNDLE_V = 'actionplane.bundle/1';
const LINE_BYTES_MAX = 192 * 1024;

const under = (files, folder) =>
  [...files.keys()].filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1));

const MANIFEST_FORM = {
  created: reader('time', isTime),
  files: (list) =>
    Array.isArray(list)
      ? list.map((entry) =>
          members(entry, {
            bytes: reader('manifest_form', isU64),
            path: reader('manifest_form', (path) => isPath(path) && path !== MANIFEST),
            sha256: reader('manifest_form', isDigest),
          }),
        )
      : fail('manifest_form'),
  origin: reader('manifest_form', (origin) => isString(origin) && isKeyName(origin)),
  retention: optional(reader('manifest_form', (name) => isString(name) && name !== '')),
  scope: reader('manifest_form', (scope) => ['run', 'range', 'full'].includes(scope)),
  size: reader('manifest_form', isU64),
  v: (version) => version,
};

/** Reads a table of contents. The word `version` means that this verifier cannot judge it. */
export function parseManifest(bytes) {
  const value = parseEvidence(bytes, TEXT_BYTES_MAX);
  if (!('v' in value)) fail('missing_member');
  if (value.v !== BUNDLE_V) fail('version');
  const manifest = members(value, MANIFEST_FORM);
  const sorted = manifest.files.every(({ path }, at) => at === 0 || manifest.files[at - 1].path < path);
  if (!sorted) fail('manifest_form');
  return manifest;
}

/** Reads the table of contents and compares every file. It proves nothing by itself. */
function checkManifest(files, docket) {
  const place = { file: MANIFEST };
  if (!files.has(MANIFEST)) {
    docket.missing('manifest', place, 'the table of contents is missing');
    return null;
  }
  let manifest;
  try {
    manifest = parseManifest(files.get(MANIFEST));
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (error.word === 'version') {
      const unknown = 'the bundle is written in a version that this program does not know';
      docket.unknown('manifest', place, unknown);
    } else {
      docket.tampered('manifest', place, `the table of contents is malformed: ${error.message}`);
    }
    return null;
  }
  const listed = new Set([MANIFEST]);
  for (const { bytes, path, sha256: hash } of manifest.files) {
    docket.look('manifest');
    listed.add(path);
    const found = files.get(path);
    if (!found) docket.missing('manifest', { file: path }, 'the file is listed, and missing');
    else if (found.length !== bytes || toHex(sha256(found)) !== hash) {
      docket.tampered('manifest', { file: path }, 'the file is not the one that is listed');
    }
  }
  for (const path of [...files.keys()].sort()) {
    if (!listed.has(path)) docket.tampered('manifest', { file: path }, 'the file is not listed');
  }
  return manifest;
}

/** The lines of a file, each ended by a line feed; a file without its last one was cut. */
function splitLines(bytes, place, check, docket) {
  if (bytes.length === 0) return [];
  if (bytes[bytes.length - 1] !== 10) {
    docket.tampered(check, place, 'the last line is not ended: the file was cut');
    return [];
  }
  const lines = [];
  let from = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, from)) {
    lines.push(bytes.subarray(from, at));
    from = at + 1;
  }
  return lines;
}

/** The members of a line, or null when it is not in its one form. */
function readLine(line, form) {
  try {
    return members(parseEvidence(line, LINE_BYTES_MAX), form);
  } catch (error) {
    if (error instanceof Fault) return null;
    throw error;
  }
}

const base64 = (value) => (isString(value) ? fromBase64(value) : fail('base64'));
const EVENT_LINE = { index: u64, leaf: base64 };
const DOCUMENT_LINE = { doc: base64, n: u64 };
const DISCLOSURE_LINE = { digest: text, disclosure: (value) => openDisclosure(text(value, 'disclosure')) };

function readChain(files, folder, run, docket) {
  const chain = { folder, run, lines: [], disclosed: [] };
  const file = `${folder}/events.jsonl`;
  const place = { run, file };
  const bytes = files.get(file);
  if (!bytes && run !== undefined) docket.missing('chain', place, 'the events of the run are missing');
  for (const line of splitLines(bytes ?? new Uint8Array(), place, 'leaves', docket)) {
    const read = readLine(line, EVENT_LINE);
    if (!read) {
      docket.tampered('leaves', place, 'a line is not `{index, leaf}` in its one form');
      continue;
    }
    docket.look('leaves');
    const entry = { index: read.index, bytes: read.leaf, hash: toHex(leafHash(read.leaf)) };
    try {
      entry.leaf = parseLeaf(read.leaf);
      entry.event = readEvent(entry.leaf);
      if (RUN_EVENTS.has(entry.event.kind) !== (run !== undefined))
        fail('unknown_type', `\`${entry.event.kind}\` is no event type of this version`);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      entry.event = undefined;
      const at = { run, index: read.index };
      if (error.word === 'version' || error.word === 'unknown_type') docket.unknown('leaves', at, error.message);
      else
        docket.tampered(
          'leaves',
          at,
          error.message.startsWith('the event') ? error.message : `the event is malformed: ${error.message}`,
        );
    }
    chain.lines.push(entry);
  }
  const disclosures = `${folder}/disclosures.jsonl`;
  const at = { run, file: disclosures };
  const known = new Set();
  for (const line of splitLines(files.get(disclosures) ?? new Uint8Array(), at, 'disclosures', docket)) {
    docket.look('disclosures');
    const read = readLine(line, DISCLOSURE_LINE);
    if (!read) docket.tampered('disclosures', at, 'a line is not a disclosure in its one form');
    else if (read.digest !== read.disclosure.digest) {
      docket.tampered('disclosures', at, 'a value is not the one that its digest names');
    } else if (known.has(read.digest)) docket.tampered('disclosures', at, 'a value is disclosed twice');
    else {
      known.add(read.digest);
      chain.disclosed.push(read.disclosure);
    }
  }
  return chain;
}

function readPlans(files, { folder, run }, docket) {
  const plans = new Map();
  for (const name of under(files, `${folder}/plans`)) {
    const place = { run, file: `${folder}/plans/${name}` };
    const revision = name.endsWith('.jsonl') ? decimal(name.slice(0, -6)) : null;
    if (revision === null || !isU32(revision)) {
      docket.tampered('plans', place, 'the file is not named after a revision');
      continue;
    }
    const documents = [];
    splitLines(files.get(place.file), place, 'plans', docket).forEach((line, expected) => {
      const read = readLine(line, DOCUMENT_LINE);
      let document;
      try {
        document = read && parseDocument(read.doc);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
      }
      if (document && read.n === expected && document.n === expected) {
        documents.push({ hash: toHex(leafHash(read.doc)), document });
      } else {
        const what = `line ${expected + 1} is not the mutation document ${expected} in its one form`;
        docket.tampered('plans', place, what);
      }
    });
    plans.set(revision, documents);
  }
  return plans;
}

function readParts(files, docket) {
  const runs = new Map();
  for (const name of new Set(under(files, 'runs').map((rest) => rest.split('/')[0]))) {
    if (!isTypeId('run')(name)) {
      docket.tampered('leaves', { file: `runs/${name}` }, 'the folder is not named after a run');
      continue;
    }
    const chain = readChain(files, `runs/${name}`, name, docket);
    runs.set(name, { id: name, chain, plans: readPlans(files, chain, docket) });
  }
  return { runs, workspace: readChain(files, 'workspace', undefined, docket) };
}

// ---------------------------------------------------------------------------------------------------------------------
// Heads: who signed, who cosigned and when, and whether the auditor trusts them

const HEAD = 'log/checkpoint';
const TEMPLATE = 'trust.tlog-policy';

/** Judges signed notes, each distinct one once. Without a policy of the auditor's the bundle's template is used to see
 * whether the bundle agrees with itself, and the verdict is `UNTRUSTED`. */
class Notes {
  constructor(files, question, docket) {
    this.question = question;
    this.docket = docket;
    this.judged = new Map();
    this.policy = question.trust;
    if (!question.trust) {
      docket.find(
        'trust',
        'UNTRUSTED',
        {},
        'no trust policy of yours was given, and keys inside a bundle prove nothing',
      );
      try {
        this.policy = parsePolicy(fromUtf8(files.get(TEMPLATE) ?? new Uint8Array()));
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
      }
    }
  }

  async judge(head, place) {
    const { docket, policy, question } = this;
    if (this.judged.has(head.note)) return this.judged.get(head.note);
    docket.look('signatures');
    const judgment = policy ? await judgeHead(policy, head, question.engine) : { kind: 'unknown_origin' };
    this.judged.set(head.note, judgment);
    if (!policy) return judgment;
    if (question.trust) docket.look('trust');
    if (judgment.kind === 'bad_signature') {
      docket.tampered('signatures', place, 'a signature of a known key does not verify');
    } else if (question.trust && judgment.kind === 'unknown_origin') {
      docket.find('trust', 'UNTRUSTED', place, `your trust policy has no key of the log \`${head.origin}\``);
    } else if (question.trust && judgment.kind === 'no_log_signature') {
      docket.find('trust', 'UNTRUSTED', place, 'no key of the log in your trust policy signed this head');
    } else if (question.trust) {
      this.checkQuorum(judgment, place);
    }
    return judgment;
  }

  checkQuorum({ quorum, times }, place) {
    const { policy, question, docket } = this;
    const few = (sentence) => docket.find('signatures', 'UNWITNESSED', place, sentence);
    if (quorum === 'not_asked') few('your trust policy asks for no witness');
    else if (quorum === 'not_met') few(`only ${times.size} of the witnesses of your trust policy cosigned`);
    else if (question.maxAge !== undefined) {
      const oldest = Math.max(0, Math.floor(question.now / 1000) - question.maxAge);
      const fresh = [...times].filter(([, time]) => time >= oldest).map(([name]) => name);
      if (quorumOf(policy, fresh) !== 'met') {
        few(`too few witnesses cosigned within the last ${question.maxAge} seconds: the head is stale`);
      }
    }
  }

  async readHead(files) {
    const place = { file: HEAD };
    const bytes = files.get(HEAD);
    if (!bytes) {
      this.docket.missing('signatures', place, 'the head of the log is missing');
      return null;
    }
    let head;
    try {
      head = parseCheckpoint(bytes);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.docket.tampered('signatures', place, `the head of the log is malformed: ${error.message}`);
      return null;
    }
    const { kind, keys = [], times = new Map() } = await this.judge(head, place);
    return { ...head, signed: kind === 'signed', keys, times, trusted: this.question.trust !== undefined };
  }
}

const sameHead = (left, right) =>
  left.origin === right.origin && left.size === right.size && equalBytes(left.root, right.root);

/** Judges every event of a chain. `entries` stand in for single proofs: every entry of the whole log, `null` for a whole log
 * that does not hold, as another check says, or `undefined` for none. */
async function checkInclusions(files, chain, head, entries, notes, docket) {
  const folder = `${chain.folder}/proofs`;
  const claimed = new Set(chain.lines.map(({ index }) => `${index}.tlog-proof`));
  for (const line of chain.lines) {
    docket.look('inclusion');
    const file = `${folder}/${line.index}.tlog-proof`;
    const place = { run: chain.run, index: line.index, file };
    const bytes = files.get(file);
    if (!bytes && entries) {
      if (entries[line.index]?.hash !== line.hash) {
        docket.tampered('inclusion', place, 'the log has another entry at this position');
      }
      continue;
    }
    if (!bytes && entries === null) {
      docket.leaveOpen('inclusion', place, 'the whole log, which would prove the event, does not hold');
      continue;
    }
    if (!bytes) {
      docket.missing('inclusion', place, 'the proof that the event is in the log is missing');
      continue;
    }
    try {
      const proof = parseProof(bytes);
      await notes.judge(proof.head, place);
      // Size and root come from the signed head only: a path alone does not bind them.
      if (!sameHead(proof.head, head)) {
        docket.tampered('inclusion', place, "the proof is about another head than the bundle's");
      } else if (proof.index !== line.index || proof.extra) {
        docket.tampered('inclusion', place, 'the proof is about another event');
      } else {
        try {
          checkInclusion(proof.index, head.size, fromHex(line.hash), proof.path, head.root);
        } catch (error) {
          if (!(error instanceof Fault)) throw error;
          docket.tampered('inclusion', place, `the event is not in the log: ${error.message}`);
        }
      }
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      docket.tampered('inclusion', place, `the proof is malformed: ${error.message}`);
    }
  }
  for (const name of under(files, folder)) {
    if (!claimed.has(name)) {
      docket.missing(
        'inclusion',
        { run: chain.run, file: `${folder}/${name}` },
        'the event that this proof is about is missing',
      );
    }
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// The whole log: its root from its entries, its tiles from the same, and no event of a run left out

/** Every entry of a log whose root is the signed one, or null. */
function readFullLog(files, head, docket) {
  const known = new Set(under(files, 'log').filter((path) => path.startsWith('tile/')));
  const entries = [];
  for (const [path, width] of tilePaths('entries', head.size)) {
    docket.look('full_log');
    const place = { file: `log/${path}` };
    // A claimed size may be absurd, so nothing is looked for beyond the first tile that is missing.
    if (!known.delete(path)) {
      docket.missing('full_log', place, 'a tile of the whole log is missing');
      return null;
    }
    try {
      for (const bytes of readEntries(files.get(place.file), width)) {
        entries.push({ bytes, hash: toHex(leafHash(bytes)) });
      }
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      docket.tampered('full_log', place, 'a tile of entries is malformed');
      return null;
    }
  }
  // The nodes of each level of tiles, from the nodes of the level below.
  let nodes = entries.map(({ hash }) => fromHex(hash));
  for (let level = 0; nodes.length > 0; level += 1) {
    for (const [path, width] of tilePaths(level, head.size)) {
      docket.look('full_log');
      const place = { file: `log/${path}` };
      if (!known.delete(path)) {
        docket.missing('full_log', place, 'a tile of the whole log is missing');
        return null;
      }
      const from = Math.floor(tileStart(path));
      if (!equalBytes(files.get(place.file), concat(...nodes.slice(from, from + width)))) {
        docket.tampered('full_log', place, 'a tile of hashes does not follow from the entries');
        return null;
      }
    }
    const full = Math.floor(nodes.length / TILE_WIDTH);
    nodes = Array.from({ length: full }, (_, n) => treeRoot(nodes.slice(n * TILE_WIDTH, (n + 1) * TILE_WIDTH)));
  }
  for (const path of known) docket.tampered('full_log', { file: `log/${path}` }, 'the log has no such tile');
  if (!equalBytes(treeRoot(entries.map(({ hash }) => fromHex(hash))), head.root)) {
    docket.tampered('full_log', {}, 'the entries do not give the signed root');
    return null;
  }
  return entries;
}

/** The first node of the tile at a path. */
const tileStart = (path) =>
  Number(
    path
      .replace(/\.p\/.*$/, '')
      .split('/')
      .slice(2)
      .join('')
      .replaceAll('x', ''),
  ) * TILE_WIDTH;

/** Every entry of a run that the bundle has, and every act of the workspace, is among the events of the bundle. */
function checkNothingHidden(entries, { runs, workspace }, docket) {
  const told = new Map([[undefined, new Set(workspace.lines.map(({ index }) => index))]]);
  for (const { id, chain } of runs.values()) told.set(id, new Set(chain.lines.map(({ index }) => index)));
  const elsewhere = new Set();
  entries.forEach(({ bytes }, index) => {
    let run;
    try {
      ({ run } = parseLeaf(bytes));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.word === 'version') {
        docket.unknown('full_log', { index }, 'an entry of the log is written in an unknown version');
      } else {
        docket.tampered('full_log', { index }, `an entry of the log is no event: ${error.message}`);
      }
      return;
    }
    if (!told.has(run)) elsewhere.add(run);
    else if (!told.get(run).has(index)) {
      docket.missing('full_log', { run, index }, 'the log has an event of this chain that the bundle leaves out');
    }
  });
  if (elsewhere.size > 0) {
    docket.leaveOpen('full_log', {}, `${elsewhere.size} other runs stand in the log, and are not part of this bundle`);
  }
}

/** Whether the log only grew since the heads that the auditor kept. */
async function checkKept(files, question, head, entries, docket) {
  for (const kept of question.known) {
    docket.look('consistency');
    if (kept.origin !== head.origin) {
      docket.missing('consistency', {}, `the head that you kept is of another log, \`${kept.origin}\``);
      continue;
    }
    const signed = !question.trust || (await judgeHead(question.trust, kept, question.engine)).kind === 'signed';
    if (!signed) {
      docket.find('consistency', 'UNTRUSTED', {}, 'the head that you kept is not signed by the log');
      continue;
    }
    const holds = continues(kept, head, files.get(`log/consistency/${kept.size}`), entries);
    if (holds === false) {
      const two = `the log is not a continuation of the head of size ${kept.size} that you kept: it has two histories`;
      docket.tampered('consistency', {}, two);
    } else if (holds === undefined) {
      const nothing = `nothing here shows that the log continues the head of size ${kept.size} that you kept`;
      docket.missing('consistency', {}, nothing);
    }
  }
}

function continues(kept, head, proof, entries) {
  if (kept.size === 0) return true;
  if (kept.size === head.size) return equalBytes(kept.root, head.root);
  if (kept.size > head.size) return undefined;
  if (proof) {
    try {
      const lines = fromUtf8(proof).split('\n');
      if (lines.pop() !== '' || lines.length > PATH_MAX) return false;
      const path = lines.map(parseHash);
      if (path.includes(null)) return false;
      checkConsistency(kept.size, head.size, kept.root, head.root, path);
      return true;
    } catch (error) {
      if (error instanceof Fault) return false;
      throw error;
    }
  }
  if (!entries) return undefined;
  return equalBytes(treeRoot(entries.slice(0, kept.size).map(({ hash }) => fromHex(hash))), kept.root);
}

// ---------------------------------------------------------------------------------------------------------------------
// Chains and plans

/** Whether the events of a run are all there and follow each other. True when the chain is whole and can be replayed. */
function checkChain({ chain }, docket) {
  const place = { run: chain.run };
  if (chain.lines.length === 0) {
    docket.missing('chain', place, 'the run has no events');
    return false;
  }
  let whole = true;
  const seen = new Set();
  // Where the next event stands; not known behind one that cannot be read.
  let due = 0;
  let last;
  for (const { index, hash, leaf, event: read } of chain.lines) {
    docket.look('chain');
    const at = { run: chain.run, index };
    if (!read) {
      whole = false;
      docket.leaveOpen('chain', at, 'an event that cannot be read has no place in the chain');
      due = undefined;
      last = { hash, index };
      continue;
    }
    const isTaken = seen.has(leaf.seq);
    let fault;
    if (leaf.run !== chain.run) fault = ['TAMPERED', 'the event belongs to another chain'];
    else if (isTaken) fault = ['TAMPERED', `position ${leaf.seq} is taken twice`];
    else if (due !== undefined && leaf.seq !== due) {
      fault = ['INCOMPLETE', `position ${leaf.seq} follows where ${due} was due: an event is missing or out of order`];
    } else if (leaf.prev !== (last?.hash ?? '')) fault = ['TAMPERED', 'the event does not name the one before it'];
    else if (last?.index >= index) fault = ['TAMPERED', 'positions in the log do not rise along the chain'];
    if (fault) {
      whole = false;
      docket.find('chain', fault[0], at, fault[1]);
    }
    if (leaf.run === chain.run) seen.add(leaf.seq);
    due = leaf.seq + 1;
    last = { hash, index };
  }
  if (whole && chain.lines.at(-1).event.kind !== 'run.closed') {
    const open = 'the last event is not the close: the run is still open, or its end was left out';
    docket.find('chain', 'OPEN', place, open);
  }
  return whole;
}

/** Documents, root, digest. True when the documents of every plan are there. */
function checkPlans(run, origin, chainIsWhole, docket) {
  const told = new Set();
  let whole = true;
  for (const { index, event: read } of run.chain.lines) {
    if (read?.kind !== 'plan.previewed') continue;
    docket.look('plans');
    const { revision } = read.data;
    told.add(revision);
    const place = { run: run.id, index, file: `${run.chain.folder}/plans/${revision}.jsonl` };
    const documents = run.plans.get(revision);
    if (!documents) {
      whole = false;
      docket.missing('plans', place, 'the mutation documents of the plan are missing');
    } else {
      whole = comparePlan(run, origin, read.data, documents, place, docket) && whole;
    }
  }
  for (const revision of run.plans.keys()) {
    if (chainIsWhole && !told.has(revision)) {
      const place = { run: run.id, file: `${run.chain.folder}/plans/${revision}.jsonl` };
      docket.tampered('plans', place, 'these documents belong to no plan of the run');
    }
  }
  return whole;
}

/** Every manifest of a connector is the one that its file is named after. */
function checkManifests(files, docket) {
  for (const name of under(files, 'manifests')) {
    docket.look('plans');
    const place = { file: `manifests/${name}` };
    const digest_ = toHex(sha256(utf8('actionplane/manifest/v1\n'), files.get(place.file)));
    if (name !== `${digest_}.toml`) {
      docket.tampered('plans', place, 'the manifest is not the one that the file is named after');
    }
  }
}

function comparePlan(run, origin, previewed, documents, place, docket) {
  const { count, plan_digest, policy, revision, root, undo } = previewed;
  if (documents.length < count) {
    docket.missing('plans', place, `${documents.length} of ${count} mutation documents are here`);
    return false;
  }
  const computed = toHex(treeRoot(documents.map(({ hash }) => fromHex(hash))));
  if (documents.length > count || computed !== root) {
    docket.tampered('plans', place, 'the mutation documents are not those of the plan');
    return false;
  }
  const isHeader = isPrintable(origin) && origin !== '' && revision > 0;
  if (!isHeader || planDigest({ count, origin, policy, revision, root, run: run.id }) !== plan_digest) {
    docket.tampered('plans', place, 'the plan digest is not the one of these documents in this log');
    return false;
  }
  const counted = (kind) => documents.filter(({ document }) => document.undo === kind).length;
  if (['compensation', 'irreversible', 'rollback'].some((kind) => counted(kind) !== undo[kind])) {
    docket.violation('plans', place, 'the preview miscounts how its mutations can be undone');
  }
  return true;
}

// ---------------------------------------------------------------------------------------------------------------------
// The acts of the workspace: what stood in the log before a position. A bundle of one run holds the acts that the run needs;
// a rule that rests on an act *not* being there is judged only where the chain is known to be whole.

const MISSING = Symbol('missing');

class Acts {
  constructor({ lines }, wholeLog) {
    this.acts = lines
      .filter(({ event: read }) => read)
      .map(({ index, leaf, event: read }) => ({ ...read, index, seq: leaf.seq }));
    let known = 0;
    this.acts.every(({ seq, index }, at) => {
      if (seq !== at) return false;
      known = index + 1;
      return true;
    });
    this.wholeBelow = wholeLog ? Infinity : known;
  }

  isWholeBefore(index) {
    return index <= this.wholeBelow;
  }

  before(index) {
    return this.acts.filter((act) => act.index < index).reverse();
  }

  /** The newest act before a position of which `says` has something to say: that, null, or `MISSING`. */
  newest(index, says) {
    for (const act of this.before(index)) {
      const said = says(act);
      if (said !== undefined) return { at: act.index, said };
    }
    return this.isWholeBefore(index) ? null : MISSING;
  }

  /** Whether a person has a seat in a group: enrolled by somebody else, not removed since, and with an open account. */
  seat(person, group, index) {
    const enrolled = this.newest(index, (act) => membership(act, person, group));
    if (enrolled === MISSING) return MISSING;
    if (enrolled?.said !== 'enrolled') return false;
    return (
      this.before(index)
        .map((act) => account(act, person))
        .find(Boolean) !== 'closed'
    );
  }

  /** The act after which a person's seat was lost, between two positions. */
  lost(person, group, from, to) {
    const ends = (act) => membership(act, person, group) === 'removed' || account(act, person) === 'closed';
    return this.acts.find((act) => act.index > from && act.index < to && ends(act))?.index;
  }

  tombstones() {
    const tombstones = new Map();
    for (const { kind, data, index, time } of this.acts) {
      if (kind !== 'disclosure.erased') continue;
      for (const digest_ of data.digests) {
        if (!tombstones.has(digest_))
          tombstones.set(digest_, { index, time, basis: data.basis, completeBy: data.complete_by });
      }
    }
    return tombstones;
  }

  pauses(index) {
    const pauses = new Map();
    for (const act of this.acts.filter((one) => one.index < index)) {
      const key = canonical([act.data.kind ?? '', act.data.id ?? '']);
      if (act.kind === 'pause.set') pauses.set(key, { kind: act.data.kind, id: act.data.id, at: act.index });
      if (act.kind === 'pause.lifted') pauses.delete(key);
    }
    return [...pauses.values()];
  }
}

function membership({ kind, data, by }, person, group) {
  const isAbout = (kind === 'approver.enrolled' || kind === 'approver.removed') && data.approver === person;
  if (!isAbout || !data.groups.includes(group)) return undefined;
  if (kind === 'approver.removed') return 'removed';
  return by.kind === 'person' && by.id === person ? 'by themselves' : 'enrolled';
}

function account({ kind, data }, person) {
  if (kind !== 'access.changed' || data.principal !== person) return undefined;
  return { disabled: 'closed', enabled: 'opened' }[data.code];
}

// ---------------------------------------------------------------------------------------------------------------------
// Replay of a chain, with a look at each step for the rules that one run cannot know

function replayChain(parts, around) {
  const { docket } = around;
  const { chain } = parts;
  const told = { run: undefined, firstClose: undefined, recoveries: [] };
  const folding = fold(chain.lines);
  for (const line of chain.lines) {
    docket.look('replay');
    const { kind, data, by } = line.event;
    const place = { run: chain.run, index: line.index };
    if (kind === 'recovery.finished' && told.run) {
      const { id, recovery, revision } = told.run;
      told.recoveries.push({ line, before: { id, recovery, revision } });
    }
    try {
      told.run = folding.next().value;
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      docket.violation('replay', place, `\`${kind}\` breaks a rule of the run: ${error.message}`);
      return null;
    }
    const step = { ...around, parts, run: told.run, line, kind, data, by, place };
    stepApprovals(step);
    stepPolicies(step);
    stepDecisions(step);
    stepDispatch(step);
    if (!told.firstClose && told.run.closed) told.firstClose = { hash: line.hash, ...ending(told.run) };
  }
  return told;
}

/** What a recovery's parent needs to know of the recovery run when it closed. */
const ending = ({ id, stage, closed, amenders, revision, progress, recovers, recoveryKind: kind }) => ({
  id,
  stage,
  code: closed.code,
  ownUndo: amenders.size === 0,
  revision,
  // A divergence that somebody accepted restores nothing.
  proven: progress.map(({ recovered, last }) => recovered === undefined && last?.outcome === 'applied'),
  recovers,
  kind,
});

/** Whoever approved had a seat in the group, and kept it for as long as the approval counted. */
function stepApprovals({ parts, run, line, kind, data, by, place, acts, docket }) {
  if (kind === 'approval.given' || kind === 'approval.rejected') {
    docket.look('approvals');
    if (data.method === 'passkey') {
      docket.leaveOpen('approvals', place, 'the signature of the passkey is not looked at by this program');
    }
    const seat = acts.seat(by.id, data.group, line.index);
    if (seat === MISSING) {
      docket.missing('approvals', place, `the bundle does not show that ${by.id} was enrolled in \`${data.group}\``);
    } else if (!seat) {
      const spoke = `${by.id} spoke for \`${data.group}\` without having been enrolled in it by somebody else`;
      docket.violation('approvals', place, spoke);
    }
  }
  const what = {
    'run.authorized': 'the authorization counts an approval',
    'attempt.started': 'the write rests on an approval',
  }[kind];
  if (!what) return;
  for (const { seq, person, group } of run.approvals) {
    if (!run.authorization?.approvals.includes(seq)) continue;
    docket.look('approvals');
    const at = acts.lost(person, group, parts.chain.lines[seq].index, line.index);
    if (at !== undefined) {
      docket.violation('approvals', place, `${what} of ${person}, who lost the seat in \`${group}\` at event ${at}`);
    }
  }
}

/** The policy set that decided was the one in force, and a second person had put it in force. */
function stepPolicies({ run, line, kind, data, place, acts, docket }) {
  if (kind !== 'policy.decided') return;
  docket.look('policies');
  const violation = (sentence) => docket.violation('policies', place, sentence);
  const missing = (sentence) => docket.missing('policies', place, sentence);
  const activated = (index) => acts.newest(index, (act) => (act.kind === 'policy.activated' ? act : undefined));
  const inForce = activated(line.index);
  if (inForce === MISSING) return missing('the bundle does not show which policy set was in force');
  if (!inForce) return violation('the decision was made while no policy set was in force');
  const { at, said } = inForce;
  if (said.data.policy !== data.policy) {
    return acts.isWholeBefore(line.index)
      ? violation(`the decision was made by ${data.policy}, while ${said.data.policy} was in force`)
      : missing('the bundle does not show that the deciding set was in force');
  }
  if (said.by.kind !== 'person') return violation('the policy set was activated by something that is no person');
  const author = acts.newest(at, (act) =>
    act.kind === 'policy.published' && act.data.policy === data.policy ? act.by : undefined,
  );
  if (author === MISSING) return missing('the bundle does not show who wrote the policy set');
  if (!author) return violation('the policy set was activated without having been published');
  if (author.said.id !== said.by.id) return undefined;
  if (said.data.code !== 'bootstrap') {
    return violation('the author of the policy set activated it: no second person looked');
  }
  if (run.environment !== 'simulation') {
    return violation('a starter set that nobody else looked at decided about more than a simulation');
  }
  if (activated(at) !== null && acts.isWholeBefore(at)) {
    return violation('only the first policy set of a workspace may be activated by its author');
  }
  return undefined;
}

/** Each write was of a mutation of the plan, with enough evidence, against its connector, and while nothing was paused. */
function stepDispatch({ parts, run, line, kind, data, place, acts, docket }) {
  if (kind !== 'attempt.started') return;
  docket.look('dispatch');
  const violation = (sentence) => docket.violation('dispatch', place, sentence);
  const leaveOpen = (sentence) => docket.leaveOpen('dispatch', place, sentence);
  if (!meetsLevel(data.evidence, run.evidenceMinimum)) {
    const needs = `\`${run.environment}\` needs \`${run.evidenceMinimum}\``;
    violation(`the write started with \`${data.evidence}\` evidence, and ${needs}`);
  }
  const planned = parts.plans.get(run.revision)?.[data.n];
  if (planned?.hash !== data.mutation) {
    violation('the write was of a mutation that is not in the plan');
    return;
  }
  const { document } = planned;
  if (document.environment !== run.environment) violation('the mutation points to another environment than its run');

  const configured = acts.newest(line.index, (act) =>
    act.kind === 'connector.changed' && act.data.connector === document.connector ? act.data : undefined,
  );
  if (configured === MISSING) {
    leaveOpen(`how \`${document.connector}\` was configured is not in this bundle`);
  } else if (configured?.said.manifest !== document.manifest || configured.said.environment !== document.environment) {
    const other = `the connector \`${document.connector}\` was not configured as when the plan was made`;
    if (acts.isWholeBefore(line.index)) violation(other);
    else leaveOpen(`${other}, as far as this bundle shows`);
  }

  const verb = document.action ?? document.kind;
  const lane = `${run.workflow}/${document.connector}/`;
  const stops = ({ kind: of, id }) =>
    of === 'workspace' ||
    (of === 'connector' && id === document.connector) ||
    (of === 'agent' && (id === run.proposer.id || id === run.judged)) ||
    (of === 'lane' && id.startsWith(lane) && id.slice(lane.length).endsWith(`.${document.object}.${verb}`));
  for (const pause of acts.pauses(line.index).filter(stops)) {
    if (acts.isWholeBefore(line.index)) {
      violation(`attempt ${data.attempt} of mutation ${data.n} started under the pause of event ${pause.at}`);
    } else {
      leaveOpen(`whether the pause of event ${pause.at} was lifted before is not in this bundle`);
    }
  }
}

/** What a run says was taken back was taken back by the recovery run that it names. */
function checkRecoveries({ runs }, replayed, values, docket) {
  for (const [id, told] of replayed) {
    for (const { line, before } of told.recoveries) {
      docket.look('recovery');
      const finished = line.event.data;
      const place = { run: id, index: line.index };
      if (!runs.has(finished.run)) {
        if (finished.recovered.length === 0) {
          docket.leaveOpen('recovery', place, 'the recovery run, which took nothing back, is not in this bundle');
        } else {
          const absent = `${finished.run} is said to have taken changes back, and is not in this bundle`;
          docket.missing('recovery', place, absent);
        }
        continue;
      }
      const ended = replayed.get(finished.run)?.firstClose;
      if (!ended) {
        docket.leaveOpen('recovery', place, 'the recovery run could not be replayed to its close');
        continue;
      }
      const why =
        judgeRecovery(before, finished, line.leaf.cause, ended) ??
        restoresOtherwise(before, runs.get(id), runs.get(finished.run), ended, values);
      if (why) docket.violation('recovery', place, why);
    }
    const { recovers, recoveryKind: kind } = told.run;
    const parent = recovers && replayed.has(recovers) ? runs.get(recovers) : undefined;
    if (!parent) continue;
    docket.look('recovery');
    const planned = parent.chain.lines.some(
      ({ event: read }) => read?.kind === 'recovery.planned' && read.data.run === id && read.data.kind === kind,
    );
    if (!planned) {
      docket.violation(
        'recovery',
        { run: id },
        `the run says that it recovers ${parent.id}, which planned no such recovery`,
      );
    }
  }
}

/** Why the end of a recovery does not follow from the recovery run, or undefined. */
function judgeRecovery({ id, recovery }, finished, cause, ended) {
  if (!cause.includes(ended.hash)) return 'the end of the recovery does not name the close of the recovery run';
  if (ended.recovers !== id || ended.kind !== recovery.kind) return `${ended.id} is no ${recovery.kind} of this run`;
  // A plan that was amended is no longer the undo of this run, and proves nothing about it.
  const recovered = recovery.mutations.filter((_, n) => ended.ownUndo && ended.proven[n]);
  if (ended.ownUndo && ended.revision > 0 && ended.proven.length !== recovery.mutations.length) {
    return 'the recovery run has another number of mutations than were to be taken back';
  }
  const complete = recovered.length === recovery.mutations.length;
  let due = 'partly_restored';
  if (['denied', 'rejected', 'expired', 'cancelled'].includes(ended.stage)) due = 'abandoned';
  else if (ended.stage === 'failed') due = ['conflict', 'drifted'].includes(ended.code) ? 'conflict' : 'failed';
  else if (complete) due = recovery.kind === 'rollback' ? 'restored' : 'compensated';
  else if (recovered.length === 0) due = 'failed';
  if (due === finished.outcome && canonical(recovered) === canonical(finished.recovered)) return undefined;
  return (
    `the recovery is said to be \`${finished.outcome}\` with ${finished.recovered.length} mutations taken back; ` +
    `${ended.id} shows \`${due}\` with ${recovered.length}`
  );
}

/** A mutation that is said to be rolled back, and whose disclosed before-values are not what the recovery run wrote. */
function restoresOtherwise({ recovery, revision }, parent, child, ended, { field, named }) {
  const done = parent.plans.get(revision);
  const undone = child.plans.get(ended.revision);
  if (recovery.kind !== 'rollback' || !ended.ownUndo || !done || !undone) return undefined;
  const same = (left, right) =>
    left === right || (left !== undefined && right !== undefined && canonical(left) === canonical(right));
  const putsBack = (before, after) => {
    if (!before) return false;
    // A record that was made or deleted is put back as a whole, which no field shows.
    if (before.kind !== 'update' || after.kind !== 'update') return true;
    const [changes, back] = [before, after].map(({ changes: digests }) => digests.map(field));
    if ([...changes, ...back].some(({ state }) => state !== 'disclosed')) return true;
    const member = ({ value }, name) => (isObject(value) ? value[name] : undefined);
    return (
      same(named(before._sd, 'record'), named(after._sd, 'record')) &&
      before.connector === after.connector &&
      before.object === after.object &&
      back.every((change) => {
        const name = member(change, 'field');
        const was = name === undefined ? undefined : changes.find((one) => same(member(one, 'field'), name));
        return was !== undefined && same(member(was, 'before'), member(change, 'after'));
      })
    );
  };
  const n = recovery.mutations.find((n_, at) => undone[at] && !putsBack(done[n_]?.document, undone[at].document));
  return n === undefined ? undefined : `${ended.id} does not put back what mutation ${n} had changed`;
}

// ---------------------------------------------------------------------------------------------------------------------
// Sealed values: each disclosed one was sealed under a digest in scope, under a name that its holder has, and not erased

/** `whole` are the runs of which no event and no plan is missing: only of these it is certain that a value belongs to none of
 * their events. */
function checkDisclosures(files, { runs, workspace }, acts, whole, docket) {
  const tombstones = acts.tombstones();
  const disclosed = new Map();
  const namedFiles = new Set();
  const all = new Set();
  let holder = 0;
  const scopeOf = ({ lines }, plans = new Map()) => {
    const scope = new Map();
    const put = (digests, names) => {
      holder += 1;
      for (const digest_ of digests) scope.set(digest_, { holder, names });
    };
    for (const { leaf, event: read } of lines) if (read) put(leaf._sd, read.sealed);
    for (const { document } of [...plans.values()].flat()) {
      put(document._sd, DOCUMENT_SEALED);
      for (const change of document.changes) put([change], ['change']);
    }
    return scope;
  };
  const open = (chain, scope, stray) => {
    for (const digest_ of scope.keys()) all.add(digest_);
    const place = { run: chain.run, file: `${chain.folder}/disclosures.jsonl` };
    const taken = new Set();
    for (const { digest: digest_, name, value } of chain.disclosed) {
      const of = scope.get(digest_);
      const printable = [...name]
        .slice(0, 64)
        .map((char) => (/^[!-~]$/.test(char) ? char : '?'))
        .join('');
      const key = `${of?.holder} ${name}`;
      if (!of) {
        docket[stray]('disclosures', place, `a value called \`${printable}\` belongs to nothing in this bundle`);
      } else if (!of.names.includes(name) || taken.has(key)) {
        const stranger = `a value is called \`${printable}\`, which its event does not have, or has already`;
        docket.tampered('disclosures', place, stranger);
      } else {
        taken.add(key);
        const full = wholeValue(files, name, value, place, namedFiles, docket);
        if (full !== undefined) disclosed.set(digest_, { name, value: full });
      }
    }
  };
  for (const { id, chain, plans } of runs.values()) {
    open(chain, scopeOf(chain, plans), whole.has(id) ? 'tampered' : 'leaveOpen');
  }
  open(workspace, scopeOf(workspace), acts.wholeBelow === Infinity ? 'tampered' : 'missing');
  for (const name of under(files, 'artifacts')) {
    docket.look('disclosures');
    const place = { file: `artifacts/${name}` };
    if (isDigest(name) && toHex(sha256(files.get(place.file))) !== name) {
      docket.tampered('disclosures', place, 'the file is not the one that it is named after');
    } else if (!namedFiles.has(name)) {
      docket.tampered('disclosures', place, 'no disclosed value names this file');
    }
  }
  for (const digest_ of disclosed.keys()) {
    if (tombstones.has(digest_)) {
      docket.tampered('disclosures', {}, `the value under ${digest_} was erased, and is here`);
    }
  }
  const field = (digest_) => {
    if (disclosed.has(digest_)) return { state: 'disclosed', ...disclosed.get(digest_) };
    return tombstones.has(digest_) ? { state: 'erased', ...tombstones.get(digest_) } : { state: 'withheld' };
  };
  /** The disclosed value of this name among the sealed fields of one holder. */
  const named = (digests, name) =>
    digests.map(field).find((one) => one.state === 'disclosed' && one.name === name)?.value;
  const counts = { disclosed: 0, erased: 0, withheld: 0 };
  for (const digest_ of all) counts[field(digest_).state] += 1;
  return { field, named, counts };
}

/** The value itself, where the disclosure only names a large one. */
function wholeValue(files, name, value, place, namedFiles, docket) {
  // The member *artifact* of an event names an attached file; a large value is `{artifact: {…}}`.
  if (name === 'artifact' && isObject(value) && isDigest(value.sha256)) namedFiles.add(value.sha256);
  if (!isObject(value) || !('artifact' in value)) return value;
  let stub;
  try {
    stub = members(value.artifact, { bytes: u64, media_type: word('application/json'), sha256: digest });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    docket.tampered('disclosures', place, 'the name of a large value is malformed');
    return undefined;
  }
  namedFiles.add(stub.sha256);
  const at = { ...place, file: `artifacts/${stub.sha256}` };
  const bytes = files.get(at.file);
  if (!bytes) {
    docket.missing('disclosures', at, 'a disclosed value that is larger than 64 KiB is missing');
    return undefined;
  }
  try {
    if (bytes.length !== stub.bytes || toHex(sha256(bytes)) !== stub.sha256) fail('artifact');
    return parseOpen(bytes);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    docket.tampered('disclosures', at, 'a large value is not the one that its disclosure names');
    return undefined;
  }
}

/** The sealed fields of one holder by name. Of undisclosed fields it is not known which is which: unless all of them were
 * erased, all of them are said to be withheld. */
function fieldsByName(digests, names, { field }) {
  const states = digests.map(field);
  const hidden = states.filter(({ state }) => state !== 'disclosed');
  const rest = hidden.length > 0 && hidden.every(({ state }) => state === 'erased') ? hidden[0] : { state: 'withheld' };
  const told = Object.create(null);
  for (const name of names) told[name] = states.find((one) => one.state === 'disclosed' && one.name === name) ?? rest;
  return told;
}

// ---------------------------------------------------------------------------------------------------------------------
// Times, anchors, exports

const TOLERANCE_MS = 300_000;

const iso = (millis) => new Date(millis).toISOString();

/** The time that an RFC 3161 token states about a text with this digest, or null. In its DER the digest is followed by the
 * serial number and the time. Whether its authority signed it, `openssl ts -verify` tells. */
function tokenTime(token, digest_) {
  const imprint = concat(Uint8Array.of(0x04, 0x20), digest_);
  let at = 0;
  while (at + imprint.length <= token.length && !equalBytes(token.subarray(at, at + imprint.length), imprint)) at += 1;
  at += imprint.length;
  const serial = token[at + 1];
  if (token[at] !== 0x02 || !(serial < 0x80)) return null;
  at += 2 + serial;
  const length = token[at + 1];
  const stated = String.fromCharCode(...token.subarray(at + 2, at + 2 + length));
  if (token[at] !== 0x18 || stated.length !== length) return null;
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d*))?Z$/.exec(stated);
  if (!parts) return null;
  const [, year, month, day, hour, minute, second, fraction = ''] = parts;
  const time = `${year}-${month}-${day}T${hour}:${minute}:${second}.${`${fraction}000`.slice(0, 3)}Z`;
  return isMoment(time) ? Date.parse(time) : null;
}

function checkAnchors(files, head, docket) {
  const tokens = [];
  for (const name of under(files, 'anchors').filter((one) => one.endsWith('.tsr'))) {
    docket.look('anchors');
    const place = { file: `anchors/${name}` };
    const time = tokenTime(files.get(place.file), sha256(files.get(HEAD)));
    if (time === null) {
      docket.tampered('anchors', place, 'the time-stamp token is not about the head of this bundle');
      continue;
    }
    const stated = `the token states ${iso(time)}; whether its authority signed it, \`openssl ts -verify\` tells`;
    docket.leaveOpen('anchors', place, stated);
    tokens.push({ file: place.file, time });
  }
  return tokens;
}

/** The earliest sights of the head, by a witness and by a token: no event under it can be later. Nobody checked who signed
 * a token, so it accuses nobody: it and the events do not belong together. */
function sightsOf(head, tokens) {
  const earliest = (list) => list.sort((a, b) => a.at - b.at || (a.who < b.who ? -1 : 1)).slice(0, 1);
  const witnesses = [...head.times].map(([name, seconds]) => ({
    at: Math.min(TIME_MAX, seconds * 1000),
    who: `witness \`${name}\``,
    verdict: 'VIOLATION',
  }));
  const stamps = tokens.map(({ file, time }) => ({
    at: time,
    who: `the time-stamp token \`${file}\``,
    verdict: 'TAMPERED',
  }));
  return [...earliest(witnesses), ...earliest(stamps)];
}

function checkNotLater(time, place, sights, docket) {
  docket.look('times');
  for (const { at, who, verdict } of sights) {
    if (time <= Math.min(TIME_MAX, at + TOLERANCE_MS)) continue;
    docket.find('times', verdict, place, `the event says ${iso(time)}, and ${who} saw it in the log at ${iso(at)}`);
  }
}

function checkWorkspaceTimes({ lines }, sights, docket) {
  let last = 0;
  for (const { index, event: read } of lines) {
    if (!read) continue;
    if (read.time < last) docket.violation('times', { index }, 'the event is earlier than the one before it');
    last = read.time;
    checkNotLater(read.time, { index }, sights, docket);
  }
}

const IN_TOTO = 'application/vnd.in-toto+json';
const ENVELOPE_BYTES_MAX = 1_048_576;

const ENVELOPE_FORM = {
  payload: base64,
  payloadType: reader('envelope_form', (type) => isString(type) && type !== ''),
  signatures: (list) =>
    Array.isArray(list) && list.length >= 1 && list.length <= SIGNATURES_MAX
      ? list.map((one) => members(one, { keyid: reader('envelope_form', isString), sig: base64 }))
      : fail('envelope_form'),
};

/** The in-toto statement about a run. */
function statementOf({ id, chain }, run, head, events) {
  const predicate = {
    events: run.events,
    head: chain.lines.at(-1).hash,
    log: { root: toHex(head.root), size: head.size },
    origin: head.origin,
    run: id,
    stage: run.stage,
  };
  // A run that ended before its first preview has neither.
  if (run.plan) Object.assign(predicate, { plan_digest: run.plan.digest, policy: run.plan.policy });
  return {
    _type: 'https://in-toto.io/Statement/v1',
    predicate,
    predicateType: 'https://actionplane.dev/attestations/run/v1',
    subject: [{ digest: { sha256: toHex(sha256(events)) }, name: `${head.origin}/${id}/events.jsonl` }],
  };
}

/** Exports in other formats say what the events say. Their own signatures are for their own tools. */
function checkProjections(files, parts, run, head, docket) {
  const { folder, run: id, lines } = parts.chain;
  const attestation = { run: id, file: `${folder}/attestation.dsse.json` };
  if (files.has(attestation.file)) {
    docket.look('projections');
    const due = statementOf(parts, run, head, files.get(`${folder}/events.jsonl`));
    const why = differingStatement(files.get(attestation.file), due);
    if (why) docket.tampered('projections', attestation, why);
  }
  const trail = { run: id, file: `${folder}/aat.jsonl` };
  if (files.has(trail.file)) {
    docket.look('projections');
    const why = differingTrail(files.get(trail.file), lines, head);
    if (why) docket.tampered('projections', trail, `the audit trail does not say what the events say: ${why}`);
    else
      docket.leaveOpen(
        'projections',
        trail,
        'of an audit trail the places, times and chain are compared here, not every member',
      );
  }
}

/** Why an envelope does not say what the events say. */
function differingStatement(bytes, due) {
  let said;
  try {
    if (bytes.length > ENVELOPE_BYTES_MAX) fail('too_large');
    const envelope = members(parseOpen(bytes), ENVELOPE_FORM);
    if (envelope.payloadType !== IN_TOTO) return 'the envelope holds no in-toto statement';
    said = parseOpen(envelope.payload);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return 'the statement is not canonical JSON';
  }
  if (canonical(said) === canonical(due)) return undefined;
  return isObject(said) && canonical(said.subject ?? null) === canonical(due.subject)
    ? 'the statement does not say what the events say'
    : 'the statement is about another file of events';
}

/** Why a trail is not about these events, each at most once and in order, the last one included. */
function differingTrail(bytes, lines, head) {
  const byIndex = new Map(lines.map((line) => [line.index, line]));
  if (bytes.length > 0 && bytes.at(-1) !== 10) return 'the file was cut';
  const records = bytes.length === 0 ? [] : splitLines(bytes, {}, 'projections', new Docket());
  const unbatched = [];
  let last;
  let root;
  for (const line of records) {
    let entry;
    try {
      entry = parseOpen(line);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return 'a record is not canonical JSON';
    }
    const detail = isObject(entry) && isObject(entry.action_detail) ? entry.action_detail : {};
    if (detail.ap_origin !== head.origin) return 'a record is about another log';
    const index = detail.ap_log_index;
    if (!isU64(index)) return 'a record has no position in the log';
    const told = byIndex.get(index);
    if (!told) return 'a record is about no event of the run';
    if (detail.ap_leaf_hash !== told.hash) return 'a record names another event';
    if (entry.timestamp !== told.leaf?.time) return 'a record has another time than its event';
    if (last !== undefined && last >= index) return 'records are out of order';
    last = index;
    const { batch, ...record_ } = entry;
    const prev = unbatched.length === 0 ? null : toHex(sha256(unbatched.at(-1)));
    if (entry.prev_hash !== prev) return 'a record does not name the one before it';
    unbatched.push(utf8(canonical(record_)));
    root ??= batch?.merkle_root;
  }
  if (root !== toHex(treeRoot(unbatched.map(leafHash)))) return 'the records do not give the root of their batch';
  return last !== lines.at(-1)?.index || last === undefined ? 'the last event has no record' : undefined;
}

/** Policy sets of the bundle: their form. Only `actionplane-verify` holds the policy engine and asks policy again. */
function checkPolicyFiles(files, docket) {
  for (const name of under(files, 'policies')) {
    const place = { file: `policies/${name}` };
    try {
      if (!/^[0-9a-f]{64}\.json$/.test(name)) fail('policy_form');
      const shapes = reader('policy_form', Array.isArray);
      members(parseOpen(files.get(place.file)), { shapes, text: reader('policy_form', isString) });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      docket.tampered('decisions', place, 'the file is not `{shapes, text}` in its one form');
    }
  }
}

/** The facts that policy was told are those of the run and of its disclosed changes. What policy says to them, only the
 * policy engine can tell. */
function stepDecisions({ parts, run, line, kind, data, place, files, values, docket }) {
  if (kind !== 'policy.decided') return;
  const leaveOpen = (sentence) => docket.leaveOpen('decisions', place, sentence);
  const violation = (sentence) => docket.violation('decisions', place, sentence);
  const set = files.get(`policies/${data.policy}.json`);
  if (!set) return leaveOpen('the text of the policy set is not in this bundle');
  const inputs = values.named(line.leaf._sd, 'input');
  if (inputs === undefined) return leaveOpen('the input of the decision is not disclosed');
  if (!Array.isArray(inputs)) return leaveOpen('the input of the decision is too large to have been kept');
  const judged = run.amenders.size === 0 ? [run.judged] : [run.judged, run.proposer.id, ...run.amenders];
  const documents = (parts.plans.get(run.revision) ?? []).map(({ document }) => document);
  const asked = [...new Set(judged)]
    .sort()
    .flatMap((principal) => documents.map((document) => ({ principal, document })));
  if (data.decision === 'deny' && inputs.length < asked.length) {
    return leaveOpen('a mutation about which policy could not be asked was denied for that');
  }
  if (inputs.length !== asked.length) {
    return violation('policy was not asked once about each mutation and each person behind it');
  }
  for (const [n, { principal, document }] of asked.entries()) {
    const input = inputs[n];
    if (!isObject(input) || !isObject(input.principal) || !isObject(input.record) || !isString(input.action)) {
      return violation('the recorded input is malformed');
    }
    const fact = differingFact(input, run, principal, document);
    if (fact) return violation(`policy was told another \`${fact}\` than the run's for mutation ${document.n}`);
    const told_ = toldOtherwise(input, document, shapesOf(set), values);
    if (told_) return violation(`policy was told another \`${told_}\` than the plan's for mutation ${document.n}`);
  }
  return leaveOpen('only `actionplane-verify` holds the policy engine and asks policy again');
}

/** A fact of the input that the run itself knows better. */
function differingFact(input, run, principal, document) {
  const verb = document.action ?? document.kind;
  const proposers = [asPerson(run.proposer), run.agentOwner, run.onBehalfOf];
  const due = {
    principal: [input.principal.id, principal],
    on_behalf_of: [input.on_behalf_of, run.onBehalfOf ?? null],
    action: [input.action.endsWith(`.${document.object}.${verb}`), true],
    connector: [input.record.connector, document.connector],
    environment: [input.record.environment, document.environment],
    confidence_bp: [input.confidence_bp, run.confidence ?? null],
    workflow: [input.workflow, run.workflow],
    source: [input.source, run.source],
    reversibility: [input.reversibility, document.undo],
    plan_size: [input.plan_size, run.mutations],
    recovery: [input.recovery, run.recovers !== undefined && run.amenders.size === 0],
    takeover: [input.takeover, run.takeover !== undefined && !proposers.includes(run.takeover.holder)],
  };
  return Object.keys(due).find((fact) => due[fact][0] !== due[fact][1]);
}

/** The shapes of actions that a policy set was written for, by action. */
function shapesOf(bytes) {
  try {
    const { shapes } = parseOpen(bytes);
    return new Map(shapes.map((shape) => [`${shape.system}.${shape.object}.${shape.action}`, shape.fields]));
  } catch {
    return new Map();
  }
}

/** A fact of the input that the disclosed changes contradict. Where one of them is not disclosed, nothing contradicts. */
function toldOtherwise(input, document, shapes, { field, named }) {
  const id = named(document._sd, 'record');
  const given = named(document._sd, 'arguments');
  const changes = document.changes.map(field);
  if (id === undefined || given === undefined || changes.some(({ state }) => state !== 'disclosed')) return undefined;
  if (input.record.id !== id) return 'record';
  const fields = shapes.get(input.action);
  if (!Array.isArray(fields)) return 'action';
  const due = { before: Object.create(null), after: Object.create(null), changed_fields: [] };
  const all = [
    ...changes.map(({ value }) => value),
    ...Object.entries(given ?? {}).map(([field, after]) => ({ field, after })),
  ];
  for (const { field: name, before, after } of all) {
    const shape = fields.find((one) => one.name === name);
    if (!shape) return 'changes';
    due.changed_fields.push(name);
    if (!shape.visible) continue;
    if (before !== undefined && before !== null) due.before[name] = before;
    if (after !== undefined && after !== null) due.after[name] = after;
  }
  due.changed_fields = [...new Set(due.changed_fields)].sort();
  const same = ['before', 'after', 'changed_fields'].every(
    (name) => canonical(input[name] ?? null) === canonical(due[name]),
  );
  return same ? undefined : 'changes';
}

// ---------------------------------------------------------------------------------------------------------------------
// The story: what happened, told from verified events and disclosed values. It is only as true as the verdict beside it.

const PLAIN_CHARS_MAX = 240;

/** A value as a person reads it on one line: `{"name": …}` and texts as such, everything else as JSON. Controls and marks
 * of direction are written out. */
export function plain(value) {
  const named = isObject(value) && isString(value.name) ? value.name : value;
  const chars = [...(isString(named) ? named : canonical(value))];
  const shown = chars.slice(0, PLAIN_CHARS_MAX).map((char) => {
    // eslint-disable-next-line no-control-regex
    const deceives = /[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/u.test(char);
    return deceives ? `\\u{${char.codePointAt(0).toString(16)}}` : char;
  });
  return shown.join('') + (chars.length > PLAIN_CHARS_MAX ? '…' : '');
}

const count = (n, what) => `${n} ${what}${n === 1 ? '' : 's'}`;
const quorumText = ({ group, quorum }) => `${quorum} of \`${group}\``;

/** What an event says. `fields` are its sealed members. */
function says({ kind, data: e, by }, fields) {
  const field = (name) => {
    const { state, value } = fields[name] ?? {};
    return state === 'disclosed' && value !== null ? plain(value) : undefined;
  };
  const who = (name) => (field(name) === undefined ? by.id : `${field(name)} (${by.id})`);
  const because = (name) => (field(name) === undefined ? '' : `: \u201c${field(name)}\u201d`);
  switch (kind) {
    case 'run.proposed': {
      const recovers = e.recovers ? ` to take back ${e.recovers}` : '';
      const what = `${count(e.mutations, 'change')} in ${e.environment} for the workflow \`${e.workflow}\``;
      return `${who('proposer')} proposed ${what}${recovers}${because('reason')}.`;
    }
    case 'plan.previewed':
      return (
        `The records were read and plan ${e.revision} was fixed: ${count(e.count, 'change')}, ` +
        `${e.undo.rollback} of them reversible, ${e.undo.compensation} by a counter-action, ${e.undo.irreversible} not at all.`
      );
    case 'plan.amended':
      return `${by.id} changed the plan${because('rationale')}.`;
    case 'plan.drifted':
      return `The record of change ${e.n} had moved, so the plan was void.`;
    case 'policy.decided': {
      const rules = e.rules.length === 0 ? 'no rule' : e.rules.join(', ');
      const words = {
        auto: 'may run by itself',
        approval: `needs the approval of ${e.obligations.map(quorumText).join(' and ')}`,
        deny: 'must not run',
      };
      return `Policy decided that it ${words[e.decision]} (${e.risk} risk; ${rules}).`;
    }
    case 'approval.requested':
      return `${e.groups.map(quorumText).join(' and ')} were asked for their approval until ${iso(e.expires)}.`;
    case 'approval.given':
      return `${who('approver')} approved plan ${e.revision} for \`${e.group}\` (${e.method})${because('rationale')}.`;
    case 'approval.rejected':
      return `${who('approver')} rejected plan ${e.revision} for \`${e.group}\`${because('rationale')}.`;
    case 'run.taken_over':
      return `${who('operator')} took the run over until ${iso(e.until)}${because('rationale')}.`;
    case 'run.handed_back':
      return e.code === 'lease_expired'
        ? 'The takeover ended by itself.'
        : `${by.id} gave the run back${because('rationale')}.`;
    case 'change.observed':
      return `A change of the record of change ${e.n} by hand was observed, not authorized.`;
    case 'run.authorized':
      return `Plan ${e.revision} was authorized until ${iso(e.expires)} (basis \`${e.basis}\`).`;
    case 'authorization.voided':
      return `The authorization was void: \`${e.code}\`.`;
    case 'attempt.started':
      return (
        `Attempt ${e.attempt} of change ${e.n} was about to be sent before ${iso(e.send_by)} ` +
        `(evidence \`${e.evidence}\`, guarantee \`${e.guarantee}\`).`
      );
    case 'attempt.finished':
      return `Attempt ${e.attempt} of change ${e.n} ended \`${e.outcome}\` (${e.code}).`;
    case 'attempt.reconciled':
      return (
        `Attempt ${e.attempt} of change ${e.n} was settled as \`${e.outcome}\` (${e.code}) ` +
        `by ${e.requested_by}${because('rationale')}.`
      );
    case 'divergence.accepted':
      return (
        `${who('approver')} accepted what the record of change ${e.n} holds instead of the plan` +
        `${because('rationale')}.`
      );
    case 'recovery.planned':
      return (
        `${e.requested_by} asked for a ${e.kind} of ${count(e.mutations.length, 'change')}, ` +
        `as ${e.run}${because('rationale')}.`
      );
    case 'recovery.finished':
      return `The ${e.kind} by ${e.run} ended \`${e.outcome}\`: ${count(e.recovered.length, 'change')} taken back.`;
    case 'artifact.attached':
      return `A file of ${e.bytes} bytes was attached (${e.media_type.slice(0, 64)}).`;
    case 'run.commented':
      return `${by.id} wrote${because('comment')}.`;
    case 'run.cancelled':
      return `${by.id} called the run off (\`${e.code}\`)${because('rationale')}.`;
    case 'run.expired':
      return `The run expired (\`${e.code}\`).`;
    default:
      return `The run closed as \`${e.stage}\` (\`${e.code}\`) after ${e.events} events.`;
  }
}

/** A run in one sentence. */
function sentenceOf(moments, run) {
  if (moments.length === 0) return 'Nothing is known of this run.';
  const approvals = moments.filter(({ type }) => type === 'approval.given').length;
  const decided = {
    undefined: 'policy was not asked',
    auto: 'policy let it run by itself',
    deny: 'policy denied it',
    approval: `policy asked for approval, which was given ${approvals === 1 ? 'once' : `${approvals} times`}`,
  }[moments.findLast(({ type }) => type === 'policy.decided')?.data.decision];
  let end = 'how it ended could not be judged';
  if (run?.closed) end = `it ended \`${run.stage}\` at ${iso(run.closed.at)}`;
  else if (run) end = `it is open and stands at \`${run.stage}\``;
  return `${moments[0].says.replace(/\.+$/, '')} at ${moments[0].time}; ${decided}; ${end}.`;
}

/** A field as the report shows it. */
function fieldTold({ state, value, index, time, basis }) {
  if (state === 'disclosed') return { class: 'disclosed', value };
  return state === 'erased' ? { class: 'erased', basis, index, time: iso(time) } : { class: 'withheld' };
}

const told = (fields) => {
  const object = Object.create(null);
  for (const [name, field] of Object.entries(fields)) object[name] = fieldTold(field);
  return object;
};

function storyOf({ id, chain, plans }, replayed, values) {
  const events = chain.lines
    .filter(({ event: read }) => read)
    .map(({ index, hash, leaf, event: read }) => {
      const fields = fieldsByName(leaf._sd, read.sealed, values);
      return {
        seq: leaf.seq,
        index,
        hash,
        time: leaf.time,
        by: leaf.by.id,
        type: leaf.type,
        says: says(read, fields),
        fields: told(fields),
        data: leaf.data,
      };
    });
  const proposed = events.find(({ type }) => type === 'run.proposed')?.data;
  return {
    run: id,
    sentence: sentenceOf(events, replayed?.run),
    stage: replayed?.run.stage,
    environment: proposed?.environment,
    workflow: proposed?.workflow,
    plans: [...plans.entries()]
      .sort(([left], [right]) => left - right)
      .map(([revision, documents]) => ({
        revision,
        mutations: documents.map(({ hash, document }) => ({
          n: document.n,
          connector: document.connector,
          object: document.object,
          verb: document.action ?? document.kind,
          undo: document.undo,
          hash,
          fields: told(fieldsByName(document._sd, DOCUMENT_SEALED, values)),
          changes: document.changes.map((digest_) => fieldTold(values.field(digest_))),
        })),
      })),
    events,
  };
}

// ---------------------------------------------------------------------------------------------------------------------
// All checks in their order, from bytes to meaning. Nothing is judged by its meaning whose form or place does not hold.

export const REPORT_V = 'actionplane.report/1';

/** Checks whose findings leave a run unfit to be judged by its rules: a missing event is not reported as a wrong act. */
const FORM = ['leaves', 'inclusion', 'chain', 'plans', 'full_log', 'signatures'];

/** What an auditor brings, read: a trust policy, heads that were kept, an age. Throws a `Fault` for a malformed one. */
function questionOf({ trust, known = [], maxAge, now = Date.now(), engine = 'any' }) {
  const asBytes = (input) => (isString(input) ? utf8(input) : input);
  return {
    trust: trust === undefined ? undefined : isString(trust) ? parsePolicy(trust) : trust,
    known: known.map((note) => parseCheckpoint(asBytes(note))),
    maxAge,
    now,
    engine,
  };
}

/**
 * Judges a bundle: the bytes of a zip, or files by path. `trust` is the text of a trust policy, `known` the texts of heads
 * that were kept, `maxAge` the age in seconds up to which a cosignature counts at `now` (milliseconds).
 */
export async function verify(bundle, options = {}) {
  const question = questionOf(options);
  const docket = new Docket();
  let files;
  try {
    const found = bundle instanceof Map ? bundle : Object.entries(bundle);
    files = bundle instanceof Uint8Array ? readZip(bundle) : new Map(found);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    docket.tampered('manifest', {}, `the archive is refused: ${error.message}`);
    return reportOf({ docket, counts: { disclosed: 0, erased: 0, withheld: 0 }, runs: [] });
  }
  for (const path of [...files.keys()].filter((one) => !isPath(one))) {
    docket.tampered('manifest', {}, `\`${path.slice(0, 200)}\` is not a path that a bundle may have`);
    files.delete(path);
  }
  const manifest = checkManifest(files, docket);
  const notes = new Notes(files, question, docket);
  const head = await notes.readHead(files);
  const parts = readParts(files, docket);
  const hasTiles = under(files, 'log').some((path) => path.startsWith('tile/'));
  if (parts.runs.size === 0 && !hasTiles) docket.missing('chain', {}, 'the bundle has no run');
  const wholeLog = head ? await checkForm({ files, question, parts, head, manifest, notes, docket }) : false;
  const acts = new Acts(parts.workspace, wholeLog);
  const whole = new Set();
  for (const run of parts.runs.values()) {
    const chained = checkChain(run, docket);
    const planned = head !== null && checkPlans(run, head.origin, chained, docket);
    if (chained && planned && !docket.spoils(FORM, run.id)) whole.add(run.id);
  }
  const values = checkDisclosures(files, parts, acts, whole, docket);
  checkPolicyFiles(files, docket);
  checkManifests(files, docket);
  const tokens = head ? checkAnchors(files, head, docket) : [];
  const sights = head ? sightsOf(head, tokens) : [];
  checkWorkspaceTimes(parts.workspace, sights, docket);
  const replayed = new Map();
  for (const run of parts.runs.values()) {
    const place = { run: run.id };
    if (!whole.has(run.id)) {
      for (const check of ['replay', 'times']) {
        docket.leaveOpen(check, place, 'the run is judged only when all of its events and plans are here');
      }
      continue;
    }
    if (!acts.isWholeBefore(run.chain.lines.at(-1).index)) {
      const part =
        'nothing shows that all acts of the workspace before the end of the run are here: a removal could be left out';
      docket.leaveOpen('approvals', place, part);
    }
    for (const { index, event: read } of run.chain.lines) {
      checkNotLater(read.time, { run: run.id, index }, sights, docket);
    }
    const history = replayChain(run, { acts, files, values, docket });
    if (history) replayed.set(run.id, history);
  }
  checkRecoveries(parts, replayed, values, docket);
  for (const [id, history] of replayed) checkProjections(files, parts.runs.get(id), history.run, head, docket);
  const runs = [...parts.runs.values()]
    .sort((left, right) => (left.id < right.id ? -1 : 1))
    .map((run) => storyOf(run, replayed.get(run.id), values));
  return reportOf({ docket, manifest, head, counts: values.counts, runs, files, question });
}

/** Everything between bytes and meaning. True when the chain of the workspace was compared with the whole log. */
async function checkForm({ files, question, parts, head, manifest, notes, docket }) {
  if (manifest && (manifest.origin !== head.origin || manifest.size !== head.size)) {
    docket.tampered('manifest', { file: HEAD }, 'the table of contents is about another head');
  }
  const entries = manifest?.scope === 'full' ? readFullLog(files, head, docket) : undefined;
  for (const { chain } of parts.runs.values()) await checkInclusions(files, chain, head, entries, notes, docket);
  await checkInclusions(files, parts.workspace, head, entries, notes, docket);
  await checkKept(files, question, head, entries, docket);
  if (!entries) return false;
  checkNothingHidden(entries, parts, docket);
  return !docket.spoils(['full_log', 'inclusion', 'leaves'], '');
}

/** The report as a program reads it: one JSON object. */
function reportOf({ docket, manifest, head, counts, runs }) {
  const redacted = counts.erased + counts.withheld > 0 ? 'VALID_REDACTED' : 'VALID';
  const [verdict] = [docket.worst, redacted].sort((a, b) => VERDICT_ORDER.indexOf(b) - VERDICT_ORDER.indexOf(a));
  const [exit, meaning] = VERDICTS.get(verdict);
  const report = {
    v: REPORT_V,
    verdict,
    meaning,
    exit_code: exit,
    closing: CLOSING,
    fields: counts,
    checks: docket.close().map(({ asks, findings, not_judged, ...rest }) => ({
      ...rest,
      findings: findings.map(({ place, ...finding }) => ({ ...finding, ...place })),
      not_judged: not_judged.map(({ place, ...one }) => ({ ...one, ...place })),
    })),
    runs,
  };
  if (manifest) {
    const { created, origin, retention, scope, size } = manifest;
    report.bundle = { created, origin, retention, scope, size };
  }
  if (head) {
    report.head = {
      keys: head.keys.map((key) => key.text),
      origin: head.origin,
      root: toHex(head.root),
      size: head.size,
      trusted: head.trusted,
      witnesses: Object.fromEntries(
        [...head.times].map(([name, seconds]) => [name, iso(Math.min(TIME_MAX, seconds * 1000))]),
      ),
    };
  }
  // Members without a value are absent, as in every JSON of ActionPlane.
  return dropUndefined(report);
}

function dropUndefined(value) {
  if (Array.isArray(value)) return value.map(dropUndefined);
  if (!isObject(value)) return value;
  const kept = Object.create(null);
  for (const [name, member] of Object.entries(value)) if (member !== undefined) kept[name] = dropUndefined(member);
  return kept;
}

// ---------------------------------------------------------------------------------------------------------------------
// Reports in one file, and the report as text

// Written so that this source can stand inside a page: no tag and no comment of HTML in it.
const BUNDLE_TAG = '<\x73cript type="application/octet-stream" id="bundle">';
const BUNDLE_END = '<\/script>';

/** The bundle inside a one-file report, and the report without it, which is what its published hash is about. */
export function extractBundle(html) {
  const from = html.indexOf(BUNDLE_TAG);
  const to = html.indexOf(BUNDLE_END, from);
  if (from < 0 || to < 0) fail('report', 'this page holds no bundle');
  const start = from + BUNDLE_TAG.length;
  return { bundle: fromBase64(html.slice(start, to).replace(/\s/g, '')), shell: emptySlots(html) };
}

const SUMMARY_START = '<\x21--summary-->';
const SUMMARY_END = '<\x21--/summary-->';

/** A one-file report with both of its slots empty. */
export function emptySlots(html) {
  const cut = (text_, open, close) => {
    const from = text_.indexOf(open);
    const to = text_.indexOf(close, from + open.length);
    return from < 0 || to < 0 ? text_ : text_.slice(0, from + open.length) + text_.slice(to);
  };
  return cut(cut(html, SUMMARY_START, SUMMARY_END), BUNDLE_TAG, BUNDLE_END);
}

const STATE_WORDS = { passed: 'holds', failed: 'FAILS', not_judged: 'not judged', nothing: 'nothing to check' };

/** Where something was found, in words. */
export function placeText({ run, index, file }) {
  const parts = [run, index === undefined ? undefined : `event ${index}`, file].filter((part) => part !== undefined);
  return parts.length === 0 ? 'the bundle' : parts.join(', ');
}

/** Why a field is not here. */
const absentText = (field) =>
  field.class === 'erased'
    ? `erased at ${field.time} on the basis \`${field.basis}\`, event ${field.index}`
    : 'withheld';

/** The report that a person reads. */
export function toText(report) {
  const out = [report.verdict, report.meaning, ''];
  const { bundle, head } = report;
  if (bundle) out.push(`Bundle       made ${bundle.created}, scope \`${bundle.scope}\``);
  if (bundle?.retention) out.push(`Retention    ${bundle.retention}`);
  if (head) {
    const whose = head.trusted ? 'of your trust policy' : 'of the bundle itself, which proves nothing';
    out.push(`Log          ${head.origin}`, `Head         ${head.size} events, root ${head.root}`);
    for (const key of head.keys) out.push(`Signed by    ${key} (a key ${whose})`);
    for (const [name, time] of Object.entries(head.witnesses)) {
      out.push(`Witness      \`${name}\` at ${time} (a key ${whose})`);
    }
  }
  out.push('');
  for (const run of report.runs) out.push(...runText(run), '');
  const { disclosed, erased, withheld } = report.fields;
  out.push('SEALED FIELDS', `${disclosed} disclosed, ${erased} erased, ${withheld} withheld`, '', 'CHECKS');
  for (const check of report.checks) {
    out.push(`  ${check.title.padEnd(18)} ${STATE_WORDS[check.state]}`);
    for (const { verdict, sentence, ...place } of check.findings) {
      out.push(`      ${verdict} \u2014 ${placeText(place)}: ${sentence}`);
    }
    for (const { sentence, ...place } of check.not_judged) {
      out.push(`      not judged \u2014 ${placeText(place)}: ${sentence}`);
    }
  }
  if (report.exit_code === 0) {
    out.push(
      '',
      'A bundle of single runs is true up to the last close in it. A later recovery shows only in a newer one.',
    );
  }
  out.push('', report.closing, '');
  return out.join('\n');
}

function runText({ run, sentence, plans, events }) {
  const out = [`RUN ${run}`, sentence, ''];
  const side = (value) =>
    value === undefined ? '(absent)' : isString(value) ? `\u201c${plain(value)}\u201d` : plain(value);
  for (const plan of plans) {
    out.push(`  Plan ${plan.revision}`);
    for (const { n, verb, object, connector, undo, fields, changes } of plan.mutations) {
      const { record: id } = fields;
      const named =
        id.class === 'disclosed' ? (id.value === null ? '' : ` ${plain(id.value)}`) : ` (record ${absentText(id)})`;
      out.push(`    ${n}. ${verb} ${object}${named} on \`${connector}\` (undo: ${undo})`);
      for (const change of changes) {
        if (change.class !== 'disclosed') out.push(`         a change ${absentText(change)}`);
        else {
          const { field, before, after } = isObject(change.value) ? change.value : {};
          out.push(`         ${plain(field ?? '')}: ${side(before)} \u2192 ${side(after)}`);
        }
      }
    }
  }
  out.push('  What happened');
  for (const { time, says: said, index, hash, fields } of events) {
    out.push(`  ${time}  ${said}`);
    const hidden = Object.entries(fields).filter(([, field]) => field.class !== 'disclosed');
    if (hidden.length > 0) {
      out.push(`${' '.repeat(28)}[${hidden.map(([name, field]) => `${name} ${absentText(field)}`).join('; ')}]`);
    }
    out.push(`${' '.repeat(28)}event ${index}, leaf ${hash}`);
  }
  return out;
}

// ---------------------------------------------------------------------------------------------------------------------
// The command line

const USAGE =
  'usage: node verify.mjs <bundle.apev | folder | report.html> [--trust policy] [--known checkpoint]... [--max-age 24h] [--json]';

/** Seconds of a time such as `90s`, `15m`, `24h` or `7d`; null for another text. */
export function parseAge(text_) {
  const [, number, unit] = /^([0-9]{1,9})([smhd])$/.exec(text_) ?? [];
  return number === undefined ? null : Number(number) * { s: 1, m: 60, h: 3600, d: 86_400 }[unit];
}

async function readBundle(path) {
  const { lstat, readFile, readdir } = await import('node:fs/promises');
  const { join } = await import('node:path');
  if (!(await lstat(path)).isDirectory()) {
    const bytes = new Uint8Array(await readFile(path));
    return path.endsWith('.html') ? extractBundle(fromUtf8(bytes)).bundle : bytes;
  }
  const files = new Map();
  const walk = async (folder, prefix) => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const inside = join(folder, entry.name);
      if (entry.isDirectory()) await walk(inside, `${prefix}${entry.name}/`);
      else if (entry.isFile()) files.set(prefix + entry.name, new Uint8Array(await readFile(inside)));
      else throw new Error(`\`${inside}\` is no plain file`);
    }
  };
  await walk(path, '');
  return files;
}

/** Runs the program: returns the exit code, and writes the report. */
export async function main(args, write) {
  const { readFile } = await import('node:fs/promises');
  const options = { known: [] };
  let path;
  let json = false;
  const words = [...args];
  const misuse = (message) => {
    write(`${message}\n${USAGE}\n`);
    return 2;
  };
  while (words.length > 0) {
    const one = words.shift();
    const value = ['--trust', '--known', '--max-age'].includes(one) ? words.shift() : undefined;
    if (one === '--json') json = true;
    else if (one === '--trust' && value !== undefined && options.trustFile === undefined) options.trustFile = value;
    else if (one === '--known' && value !== undefined) options.known.push(value);
    else if (one === '--max-age' && parseAge(value ?? '') !== null) options.maxAge = parseAge(value);
    else if (!one.startsWith('-') && path === undefined) path = one;
    else return misuse(`\`${one}\` is not understood here`);
  }
  if (path === undefined) return misuse('no bundle was named');
  try {
    const read = async (file) => new Uint8Array(await readFile(file));
    const bundle = await readBundle(path);
    const policy = options.trustFile === undefined ? undefined : await read(options.trustFile);
    const known = await Promise.all(options.known.map(read));
    let trust;
    try {
      trust = policy && parsePolicy(fromUtf8(policy));
      known.forEach(parseCheckpoint);
    } catch (error) {
      if (error instanceof Fault) return misuse(`what you trust cannot be read: ${error.message}`);
      throw error;
    }
    const report = await verify(bundle, { trust, known, maxAge: options.maxAge });
    write(json ? `${canonical(report)}\n` : toText(report));
    return report.exit_code;
  } catch (error) {
    write(`could not judge: ${error.message}\n`);
    return 1;
  }
}

/** Whether this file is the program that Node was asked to run. */
async function isProgram() {
  if (typeof process === 'undefined' || !process.argv?.[1] || !import.meta.url.startsWith('file:')) return false;
  const { realpathSync } = await import('node:fs');
  const { pathToFileURL } = await import('node:url');
  return pathToFileURL(realpathSync(process.argv[1])).href === import.meta.url;
}

if (await isProgram()) {
  process.exitCode = await main(process.argv.slice(2), (text_) => process.stdout.write(text_));
}
