#!/usr/bin/env python3
"""ActionPlane evidence verifier in one file, with Python's standard library alone (Python 3.8 or later).

It judges what anybody can judge with a page of arithmetic: files, signatures, witnesses, inclusion, chains and disclosed
values. Whether a run kept its rules (replay), what policy says, plans and a whole log are NOT judged here: for those use
`actionplane-verify` or `verify.mjs`. It needs no network.

    python3 verify.py run.apev --trust policy.txt [--max-age 24h] [--json]

Exit codes: 0 holds, 3 open or unwitnessed, 4 untrusted, 5 incomplete, 6 tampered, 1 cannot judge, 2 wrong use.
Licensed under the Apache License, Version 2.0.
"""

import base64
import binascii
import calendar
import hashlib
import json
import os
import re
import struct
import sys
import time
import zlib

VERDICTS = {  # from best to worst, with exit code and meaning
    "VALID": (0, "What is judged here holds, and every field is disclosed."),
    "VALID_REDACTED": (0, "What is judged here holds. Some fields are erased or withheld."),
    "OPEN": (3, "What is here holds, but a run is not closed: more events may follow."),
    "UNWITNESSED": (3, "What is here holds, but too few witnesses cosigned."),
    "UNTRUSTED": (4, "What is here agrees with itself, but nobody whom you trust signed it."),
    "INCOMPLETE": (5, "Something is missing, so what is here cannot be judged as a whole."),
    "CANNOT_JUDGE": (1, "The bundle uses a version that this program does not know."),
    "TAMPERED": (6, "This is not what was recorded: something was changed, added or forged."),
}
ORDER = list(VERDICTS)
CLOSING = (
    "This proves what was recorded and that it was not changed. "
    "It does not prove that nothing happened outside the gateway."
)
NOT_JUDGED = ["plans", "replay", "approvals", "policies", "decisions", "dispatch", "recovery", "times", "consistency",
              "hidden events of a whole log", "anchors", "projections"]


class Fault(Exception):
    """A rule of the format that bytes break."""

    def __init__(self, word, message=None):
        super().__init__(message or word)
        self.word = word


class Misuse(Exception):
    """A mistake in how the program was called."""


# Bytes and texts ------------------------------------------------------------------------------------------------------

def sha256(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def from_base64(text):
    """Base64 in its one form: no spaces, exact padding, unused bits zero."""
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        raise Fault("base64")
    if base64.b64encode(raw).decode() != text:
        raise Fault("base64")
    return raw


def from_base64url(text):
    raw = from_base64(text.replace("+", "!").replace("/", "!").replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(raw).decode().rstrip("=") != text:
        raise Fault("base64url")
    return raw


def to_base64url(raw):
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


# Strict and canonical JSON --------------------------------------------------------------------------------------------

INTEGER_MAX = 2 ** 53 - 1
DEPTH_MAX = 16
EVIDENCE_BYTES_MAX = 16384
MANIFEST_BYTES_MAX = 64 * 1024 * 1024
LINE_BYTES_MAX = 192 * 1024
VALUE_BYTES_MAX = 65536


def check_depth(text):
    depth, in_string, skip = 0, False, False
    for char in text:
        if skip:
            skip = False
        elif in_string:
            skip = char == "\\"
            in_string = char != '"'
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth += 1
            if depth > DEPTH_MAX:
                raise Fault("depth", "nested too deep")
        elif char in "]}":
            depth = max(0, depth - 1)


def parse_json(text, evidence):
    check_depth(text)

    def integer(digits):
        number = int(digits)
        if digits == "-0":
            raise Fault("number", "a number that is not a plain integer")
        if abs(number) > INTEGER_MAX:
            raise Fault("integer_range", "an integer beyond 2^53 - 1")
        return number

    def refuse(_):
        raise Fault("number", "a number that is not a plain integer")

    def members(pairs):
        value = {}
        for name, member in pairs:
            if evidence and not re.fullmatch(r"[a-z_][a-z0-9_]{0,63}", name):
                raise Fault("key_form", "a member name outside the allowed form")
            if name in value:
                raise Fault("duplicate_key", "a member name twice in one object")
            value[name] = member
        return value

    try:
        return json.loads(text, object_pairs_hook=members, parse_int=integer, parse_float=refuse, parse_constant=refuse)
    except ValueError:
        raise Fault("syntax", "not JSON")


def canonical(value):
    """RFC 8785 over integers; member names sort by UTF-16 code units."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(canonical(name) + ":" + canonical(value[name]) for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def decode(raw):
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Fault("utf8", "not UTF-8")


def printable(value):
    if isinstance(value, str):
        return re.fullmatch(r"[\x20-\x7e]*", value) is not None
    if isinstance(value, list):
        return all(map(printable, value))
    if isinstance(value, dict):
        return all(map(printable, value.values()))
    return value is not None


def parse_evidence(raw, bytes_max=EVIDENCE_BYTES_MAX):
    if len(raw) > bytes_max:
        raise Fault("too_large", "too many bytes")
    text = decode(raw)
    if not printable(text):
        raise Fault("not_printable_ascii", "a character outside printable ASCII")
    value = parse_json(text, True)
    if not isinstance(value, dict):
        raise Fault("not_an_object", "not an object")
    if not printable(value):
        raise Fault("null", "null or text outside printable ASCII")
    if canonical(value) != text:
        raise Fault("not_canonical", "not in canonical form")
    return value


def parse_open(raw):
    text = decode(raw)
    value = parse_json(text, False)
    if canonical(value) != text:
        raise Fault("not_canonical", "not in canonical form")
    return value


# Ed25519 (RFC 8032), strict -------------------------------------------------------------------------------------------

P = 2 ** 255 - 19
L = 2 ** 252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar, point):
    total = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point, scalar = add(point, point), scalar >> 1
    return total


def same(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


def point_of(raw):
    """The point of 32 bytes, or None when they are not the canonical form of a point on the curve."""
    number = int.from_bytes(raw, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * SQRT_M1 % P
    if (x * x - x2) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def small_order(point):
    return same(multiply(8, point), (0, 1, 1, 0))


BASE = point_of(bytes([0x58]) + bytes([0x66]) * 31)


def ed25519(key, message, signature):
    if len(key) != 32 or len(signature) != 64:
        return False
    a, r, s = point_of(key), point_of(signature[:32]), int.from_bytes(signature[32:], "little")
    if not a or not r or s >= L or small_order(a) or small_order(r):
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    return same(multiply(s, BASE), add(r, multiply(k, a)))


# Signed notes, checkpoints, proofs, trust policies ---------------------------------------------------------------------

def key_name(name):
    return name != "" and not any(char.isspace() or char == "+" or char < " " for char in name)


def decimal(text):
    return int(text) if re.fullmatch(r"0|[1-9][0-9]{0,17}", text) else None


def parse_vkey(text):
    match = re.fullmatch(r"([^+]+)\+([0-9a-f]{8})\+(.+)", text)
    if not match or not key_name(match[1]):
        raise Fault("vkey", "not a verifier key")
    typed = from_base64(match[3])
    if len(typed) != 33 or typed[0] not in (1, 4):
        raise Fault("vkey", "not a verifier key")
    point = point_of(typed[1:])
    key_id = sha256(match[1].encode() + b"\n", typed)[:4]
    if key_id.hex() != match[2] or not point or small_order(point):
        raise Fault("vkey", "not a verifier key")
    return {"name": match[1], "id": key_id, "type": typed[0], "key": typed[1:], "text": text}


def parse_checkpoint(raw):
    if len(raw) > 65536:
        raise Fault("too_large")
    note = decode(raw)
    if re.search(r"[\x00-\x09\x0b-\x1f]", note) or "\n\n" not in note or not note.endswith("\n"):
        raise Fault("note_form", "not a signed note")
    text, lines = note.rsplit("\n\n", 1)
    lines = lines[:-1].split("\n")
    if len(lines) > 100:
        raise Fault("too_large")
    signatures = []
    for line in lines:
        match = re.fullmatch("\u2014 ([^ ]+) (.+)", line)
        if not match or not key_name(match[1]):
            raise Fault("note_form", "not a signed note")
        raw_line = from_base64(match[2])
        if len(raw_line) < 5:
            raise Fault("base64")
        signatures.append((match[1], raw_line[:4], raw_line[4:]))
    body = text.split("\n")
    size = decimal(body[1]) if len(body) == 3 else None
    if size is None or not key_name(body[0]):
        raise Fault("checkpoint_form", "not a checkpoint")
    root = from_base64(body[2])
    if len(root) != 32:
        raise Fault("checkpoint_form", "not a checkpoint")
    return {"origin": body[0], "size": size, "root": root, "text": text + "\n", "signatures": signatures, "note": note}


def parse_proof(raw):
    text = decode(raw)
    head, border, note = text.partition("\n\n")
    lines = head.split("\n")
    if not border or lines[0] != "c2sp.org/tlog-proof@v1" or len(lines) < 2 or not lines[1].startswith("index "):
        raise Fault("proof_form", "not a log proof")
    index, path = decimal(lines[1][6:]), [from_base64(line) for line in lines[2:]]
    if index is None or len(path) > 63 or any(len(one) != 32 for one in path):
        raise Fault("proof_form", "not a log proof")
    return {"index": index, "path": path, "head": parse_checkpoint(note.encode())}


def parse_policy(text):
    """C2SP tlog-policy."""
    policy = {"logs": [], "witnesses": [], "groups": [], "quorum": None}
    names, used = set(), set()

    def bad(message):
        raise Fault("policy", message)

    def define(name):
        if name == "none" or name in names:
            bad("a name that is taken")
        names.add(name)

    def key(vkey, kind, known):
        parsed = parse_vkey(vkey)
        if parsed["type"] != kind or any(old["key"] == parsed["key"] for old in known):
            bad("not a key for this use, or a key twice")
        return parsed

    if text and not text.endswith("\n"):
        bad("the last line is not ended")
    for line in text.split("\n"):
        words = line.split()
        comment = next((at for at, word in enumerate(words) if word.startswith("#")), len(words))
        words = words[:comment]
        if not words:
            continue
        if words[0] == "log" and len(words) in (2, 3):
            policy["logs"].append(key(words[1], 1, policy["logs"]))
        elif words[0] == "witness" and len(words) in (3, 4):
            define(words[1])
            policy["witnesses"].append(dict(key(words[2], 4, policy["witnesses"]), as_=words[1]))
        elif words[0] == "group" and len(words) >= 3:
            of = words[3:]
            if any(one not in names or one in used for one in of) or len(set(of)) != len(of):
                bad("members are named before, and each once")
            used.update(of)
            define(words[1])
            needed = {"any": 1, "all": len(of)}.get(words[2], decimal(words[2]))
            if not needed or needed > len(of):
                bad("a threshold that the members cannot meet")
            policy["groups"].append((words[1], needed, of))
        elif words[0] == "quorum" and len(words) == 2 and policy["quorum"] is None:
            if words[1] != "none" and words[1] not in names:
                bad("a name that is not defined before")
            policy["quorum"] = words[1]
        else:
            bad("`%s` is no line of a trust policy" % words[0])
    if not policy["logs"] or policy["quorum"] is None:
        bad("a trust policy lists a log and a quorum")
    return policy


def has_quorum(policy, present):
    met = set(present)
    for name, needed, of in policy["groups"]:
        if len(met.intersection(of)) >= needed:
            met.add(name)
    return policy["quorum"] in met


def judge_head(policy, head):
    """(kind, keys, times): what a policy says of a signed head."""
    logs = [key for key in policy["logs"] if key["name"] == head["origin"]]
    if not logs:
        return "unknown_origin", [], {}
    keys, times = [], {}
    for name, key_id, signature in head["signatures"]:
        for key in logs:
            if (key["name"], key["id"]) == (name, key_id):
                if not ed25519(key["key"], head["text"].encode(), signature):
                    return "bad_signature", [], {}
                keys.append(key)
        for key in policy["witnesses"]:
            if (key["name"], key["id"]) == (name, key_id):
                seconds = struct.unpack(">Q", signature[:8])[0] if len(signature) == 72 else 2 ** 63
                message = "cosignature/v1\ntime %d\n%s" % (seconds, head["text"])
                if seconds >= 2 ** 63 or not ed25519(key["key"], message.encode(), signature[8:]):
                    return "bad_signature", [], {}
                times[key["as_"]] = max(times.get(key["as_"], 0), seconds)
    return ("signed" if keys else "no_log_signature"), keys, times


def check_inclusion(index, size, leaf_hash, path, root):
    """RFC 9162, section 2.1.3.2."""
    if index >= size:
        raise Fault("index", "an index outside the tree")
    node, last, computed = index, size - 1, leaf_hash
    for sibling in path:
        if last == 0:
            raise Fault("proof_long", "too many hashes in the proof")
        if node & 1 or node == last:
            computed = sha256(b"\x01", sibling, computed)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            computed = sha256(b"\x01", computed, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise Fault("proof_short", "too few hashes in the proof")
    if computed != root:
        raise Fault("root", "a proof that leads to another root")


# Leaves and sealed fields ----------------------------------------------------------------------------------------------

ID = r"[a-z][a-z0-9]{1,11}_[0-9A-Za-z-]{8,40}"
HASH = r"[0-9a-f]{64}"


def is_text(value, form):
    return isinstance(value, str) and re.fullmatch(form, value) is not None


def is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_time(value):
    if not is_text(value, r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z") or value.startswith("0000"):
        return False
    year, month, day, hour, minute, second = (int(part) for part in re.split(r"[-T:.]", value)[:6])
    days = 1 <= month <= 12 and 1 <= day <= calendar.monthrange(max(year, 1), month)[1]
    return days and hour < 24 and minute < 60 and second < 60


def sealed_digests(document):
    found = []

    def collect(value):
        if isinstance(value, list):
            for item in value:
                collect(item)
        elif isinstance(value, dict):
            for name, member in value.items():
                if name != "_sd":
                    collect(member)
                    continue
                if not isinstance(member, list) or not member or sorted(map(str, member)) != member:
                    raise Fault("sd_form", "`_sd` is not a sorted list of digests")
                for digest in member:
                    if len(digest) != 43:
                        raise Fault("sd_form", "`_sd` is not a sorted list of digests")
                    from_base64url(digest)
                found.extend(member)

    collect(document)
    if document.get("_sd_alg") != ("sha-256" if found else None):
        raise Fault("sd_alg", "`_sd_alg` does not fit the sealed digests")
    if len(set(found)) != len(found):
        raise Fault("sd_repeat", "a sealed digest twice in one document")
    return found


LEAF = {"_sd", "_sd_alg", "by", "cause", "data", "node", "prev", "run", "seq", "time", "type", "v"}


def parse_leaf(raw):
    leaf = parse_evidence(raw)
    if "v" in leaf and leaf["v"] != "actionplane.evidence/1":
        raise Fault("version", "an unknown format version")
    sealed = sealed_digests(leaf)
    by, cause = leaf.get("by"), leaf.get("cause", ["0" * 64])
    holds = (
        set(leaf) <= LEAF
        and {"by", "data", "node", "prev", "seq", "time", "type", "v"} <= set(leaf)
        and isinstance(by, dict) and set(by) == {"id", "kind"} and is_text(by["id"], ID)
        and by["kind"] in ("agent", "person", "service", "policy", "system")
        and isinstance(cause, list) and 1 <= len(cause) <= 64
        and all(is_text(one, HASH) for one in cause) and len(set(cause)) == len(cause)
        and isinstance(leaf["data"], dict) and is_text(leaf["node"], ID)
        and (leaf["prev"] == "" or is_text(leaf["prev"], HASH))
        and ("run" not in leaf or is_text(leaf["run"], ID))
        and is_count(leaf["seq"]) and is_time(leaf["time"]) and is_text(leaf["type"], r"[a-z]+\.[a-z_]+")
        and (leaf["prev"] == "") == (leaf["seq"] == 0)
    )
    if not holds:
        raise Fault("leaf", "a member is missing, unknown or malformed")
    return leaf, sealed


def open_disclosure(text):
    parts = parse_open(from_base64url(text))
    if not isinstance(parts, list) or len(parts) != 3 or not all(isinstance(part, str) for part in parts[:2]):
        raise Fault("disclosure_form", "not a disclosure of salt, name and value")
    if len(from_base64url(parts[0])) != 32 or parts[1] in ("_sd", "..."):
        raise Fault("disclosure_form", "not a disclosure of salt, name and value")
    if len(canonical(parts[2]).encode()) > VALUE_BYTES_MAX:
        raise Fault("too_large", "too many bytes")
    return to_base64url(sha256(text.encode())), parts[1], parts[2]


# Archives --------------------------------------------------------------------------------------------------------------

PATH = r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*"


def is_path(path):
    return len(path) <= 255 and ".." not in path and re.fullmatch(PATH, path) is not None


def write_zip(files):
    """The one archive of these files: stored, sorted, 1980-01-01, no extra fields."""
    local, central = b"", b""
    for path, content in sorted(files.items(), key=lambda item: (item[0] != "manifest.json", item[0])):
        name, crc = path.encode(), zlib.crc32(content)
        common = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 0x21, crc, len(content), len(content), len(name), 0)
        central += b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, len(local)) + name
        local += b"PK\x03\x04" + common + name + content
    count = len(files)
    return local + central + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, len(central), len(local), 0)


def read_zip(raw):
    """Reads the local headers from the first byte on, writes the archive again and compares."""
    files, at = {}, 0
    while raw[at:at + 4] == b"PK\x03\x04" and at + 30 <= len(raw):
        size, name_length = struct.unpack("<I", raw[at + 22:at + 26])[0], struct.unpack("<H", raw[at + 26:at + 28])[0]
        path = raw[at + 30:at + 30 + name_length].decode("latin-1")
        if not is_path(path) or path in files:
            raise Fault("zip", "a file name twice or outside the allowed form")
        start = at + 30 + name_length
        files[path] = raw[start:start + size]
        at = start + size
    if write_zip(files) != raw:
        raise Fault("zip", "not an archive in its one form")
    return files


def read_bundle(path):
    if not os.path.isdir(path):
        with open(path, "rb") as file:
            return read_zip(file.read())
    files = {}
    for folder, _, names in os.walk(path):
        for name in names:
            full = os.path.join(folder, name)
            inside = os.path.relpath(full, path).replace(os.sep, "/")
            if os.path.islink(full) or not is_path(inside):
                raise Fault("zip", "`%s` is not a file that a bundle may have" % inside)
            with open(full, "rb") as file:
                files[inside] = file.read()
    return files


# Checks ----------------------------------------------------------------------------------------------------------------

class Docket:
    def __init__(self):
        self.findings = []
        self.looked = {}

    def look(self, check):
        self.looked[check] = self.looked.get(check, 0) + 1

    def find(self, check, verdict, place, sentence):
        self.findings.append({"check": check, "verdict": verdict, "place": place, "sentence": sentence})

    def worst(self):
        return max((finding["verdict"] for finding in self.findings), key=ORDER.index, default="VALID")


def check_manifest(files, docket):
    raw = files.get("manifest.json")
    if raw is None:
        docket.find("manifest", "INCOMPLETE", "manifest.json", "the table of contents is missing")
        return None
    try:
        manifest = parse_evidence(raw, MANIFEST_BYTES_MAX)
        if "v" in manifest and manifest["v"] != "actionplane.bundle/1":
            docket.find("manifest", "CANNOT_JUDGE", "manifest.json", "the bundle is written in an unknown version")
            return None
        known = {"created", "files", "origin", "retention", "scope", "size", "v"}
        entries = manifest["files"]
        form = (
            set(manifest) <= known and set(manifest) >= known - {"retention"} and is_time(manifest["created"])
            and manifest["scope"] in ("run", "range", "full") and is_count(manifest["size"])
            and key_name(manifest["origin"]) and manifest.get("retention") != ""
            and all(set(one) == {"bytes", "path", "sha256"} and is_count(one["bytes"]) and is_path(one["path"])
                    and is_text(one["sha256"], HASH) for one in entries)
        )
        paths = [one["path"] for one in entries] if form else []
        if not form or paths != sorted(set(paths)) or "manifest.json" in paths:
            raise Fault("manifest_form", "not a manifest of a bundle")
    except (Fault, KeyError, TypeError, AttributeError) as fault:
        docket.find("manifest", "TAMPERED", "manifest.json", "the table of contents is malformed: %s" % fault)
        return None
    for entry in entries:
        docket.look("manifest")
        found = files.get(entry["path"])
        if found is None:
            docket.find("manifest", "INCOMPLETE", entry["path"], "the file is listed, and missing")
        elif len(found) != entry["bytes"] or sha256(found).hex() != entry["sha256"]:
            docket.find("manifest", "TAMPERED", entry["path"], "the file is not the one that is listed")
    for path in sorted(set(files) - set(paths) - {"manifest.json"}):
        docket.find("manifest", "TAMPERED", path, "the file is not listed")
    return manifest


class Notes:
    def __init__(self, files, trust, max_age, now, docket):
        self.trust, self.max_age, self.now, self.docket, self.judged = trust, max_age, now, docket, {}
        self.policy = trust
        if trust is None:
            docket.find("trust", "UNTRUSTED", "the bundle", "no trust policy of yours was given, and keys inside a bundle prove nothing")
            try:
                self.policy = parse_policy(decode(files.get("trust.tlog-policy", b"")))
            except Fault:
                pass

    def judge(self, head, place):
        if head["note"] in self.judged:
            return self.judged[head["note"]]
        self.docket.look("signatures")
        kind, keys, times = judge_head(self.policy, head) if self.policy else ("unknown_origin", [], {})
        self.judged[head["note"]] = kind, keys, times
        if self.trust:
            self.docket.look("trust")
        if kind == "bad_signature":
            self.docket.find("signatures", "TAMPERED", place, "a signature of a known key does not verify")
        elif self.trust and kind == "unknown_origin":
            self.docket.find("trust", "UNTRUSTED", place, "your trust policy has no key of the log `%s`" % head["origin"])
        elif self.trust and kind == "no_log_signature":
            self.docket.find("trust", "UNTRUSTED", place, "no key of the log in your trust policy signed this head")
        elif self.trust:
            fresh = {name for name, seen in times.items() if self.max_age is None or seen >= self.now - self.max_age}
            if self.trust["quorum"] == "none":
                self.docket.find("signatures", "UNWITNESSED", place, "your trust policy asks for no witness")
            elif not has_quorum(self.trust, times):
                self.docket.find("signatures", "UNWITNESSED", place, "only %d of the witnesses of your trust policy cosigned" % len(times))
            elif not has_quorum(self.trust, fresh):
                self.docket.find("signatures", "UNWITNESSED", place, "too few witnesses cosigned within the last %d seconds: the head is stale" % self.max_age)
        return kind, keys, times


def lines_of(raw):
    if raw and not raw.endswith(b"\n"):
        raise Fault("cut", "the last line is not ended: the file was cut")
    return raw.split(b"\n")[:-1]


def read_chain(files, folder, run, docket):
    """Lines of a chain as (index, leaf hash, leaf or None, sealed digests)."""
    chain, name = [], folder + "/events.jsonl"
    if name not in files and run is not None:
        docket.find("chain", "INCOMPLETE", name, "the events of the run are missing")
    try:
        lines = lines_of(files.get(name, b""))
    except Fault as fault:
        docket.find("leaves", "TAMPERED", name, str(fault))
        return chain
    for line in lines:
        try:
            entry = parse_evidence(line, LINE_BYTES_MAX)
            if set(entry) != {"index", "leaf"} or not is_count(entry["index"]) or not isinstance(entry["leaf"], str):
                raise Fault("line")
            raw = from_base64(entry["leaf"])
        except Fault:
            docket.find("leaves", "TAMPERED", name, "a line is not `{index, leaf}` in its one form")
            continue
        docket.look("leaves")
        leaf, sealed = None, []
        try:
            leaf, sealed = parse_leaf(raw)
        except Fault as fault:
            verdict = "CANNOT_JUDGE" if fault.word == "version" else "TAMPERED"
            docket.find("leaves", verdict, "event %d" % entry["index"], "the event is malformed: %s" % fault)
        chain.append((entry["index"], sha256(b"\x00", raw), leaf, sealed))
    return chain


def check_inclusions(files, folder, chain, head, entries, notes, docket):
    claimed = set()
    for index, leaf_hash, _, _ in chain:
        name = "%s/proofs/%d.tlog-proof" % (folder, index)
        claimed.add(name)
        if name not in files:
            if entries is None:
                docket.find("inclusion", "INCOMPLETE", name, "the proof that the event is in the log is missing")
            elif index >= len(entries) or entries[index] != leaf_hash:
                docket.find("inclusion", "TAMPERED", name, "the log has another entry at this position")
            else:
                docket.look("inclusion")
            continue
        docket.look("inclusion")
        try:
            proof = parse_proof(files[name])
            notes.judge(proof["head"], name)
            if any(proof["head"][part] != head[part] for part in ("origin", "size", "root")):
                raise Fault("head", "the proof is about another head than the bundle's")
            if proof["index"] != index:
                raise Fault("index", "the proof is about another event")
            check_inclusion(index, head["size"], leaf_hash, proof["path"], head["root"])
        except Fault as fault:
            docket.find("inclusion", "TAMPERED", name, str(fault))
    for name in files:
        if name.startswith(folder + "/proofs/") and name not in claimed:
            docket.find("inclusion", "INCOMPLETE", name, "the event that this proof is about is missing")


def tree_root(hashes):
    """The tree hash of RFC 9162, section 2.1.1."""
    peaks = []
    for count, peak in enumerate(hashes):
        while count & 1:
            peak, count = sha256(b"\x01", peaks.pop(), peak), count >> 1
        peaks.append(peak)
    root = peaks.pop() if peaks else sha256()
    while peaks:
        root = sha256(b"\x01", peaks.pop(), root)
    return root


def read_entries(files, head, docket):
    """Leaf hashes of the whole log, from its tiles of entries; None where they do not give the signed root."""
    hashes = []
    for number in range((head["size"] + 255) // 256):
        width, rest = min(256, head["size"] - number * 256), number // 1000
        name = "%03d%s" % (number % 1000, ".p/%d" % width if width < 256 else "")
        while rest:
            name, rest = "x%03d/%s" % (rest % 1000, name), rest // 1000
        name = "log/tile/entries/" + name
        docket.look("full_log")
        if name not in files:
            docket.find("full_log", "INCOMPLETE", name, "a tile of the whole log is missing")
            return None
        raw, at, before = files[name], 0, len(hashes)
        while at + 2 <= len(raw):
            length = struct.unpack(">H", raw[at:at + 2])[0]
            hashes.append(sha256(b"\x00", raw[at + 2:at + 2 + length]))
            at += 2 + length
        if at != len(raw) or len(hashes) - before != width:
            docket.find("full_log", "TAMPERED", name, "a tile of entries is malformed")
            return None
    if tree_root(hashes) != head["root"]:
        docket.find("full_log", "TAMPERED", "the bundle", "the entries do not give the signed root")
        return None
    return hashes


def check_chain(run, chain, docket):
    if not chain:
        docket.find("chain", "INCOMPLETE", run, "the run has no events")
        return
    due, prev, last, seen, whole = 0, "", -1, set(), True
    for index, leaf_hash, leaf, _ in chain:
        docket.look("chain")
        place, found = "%s, event %d" % (run, index), None
        if leaf is None:
            return
        if leaf.get("run") != run:
            found = "TAMPERED", "the event belongs to another chain"
        elif leaf["seq"] in seen:
            found = "TAMPERED", "position %d is taken twice" % leaf["seq"]
        elif leaf["seq"] != due:
            found = "INCOMPLETE", "position %d follows where %d was due: an event is missing or out of order" % (leaf["seq"], due)
        elif leaf["prev"] != prev:
            found = "TAMPERED", "the event does not name the one before it"
        elif index <= last:
            found = "TAMPERED", "positions in the log do not rise along the chain"
        if found:
            whole = False
            docket.find("chain", found[0], place, found[1])
        seen.add(leaf["seq"])
        due, prev, last = leaf["seq"] + 1, leaf_hash.hex(), index
    if whole and chain[-1][2]["type"] != "run.closed":
        docket.find("chain", "OPEN", run, "the last event is not the close: the run is still open, or its end was left out")


def check_disclosures(files, folders, docket):
    """Each disclosed value matches a digest in the scope of its chain and has no tombstone. Returns the counts."""
    tombstones, named, counts = set(), set(), {"disclosed": 0, "erased": 0, "withheld": 0}
    for _, _, leaf, _ in folders["workspace"]:
        if leaf and leaf["type"] == "disclosure.erased":
            tombstones.update(one for one in leaf["data"].get("digests", []) if isinstance(one, str))
    for folder, chain in folders.items():
        scope = {digest for _, _, leaf, sealed in chain if leaf for digest in sealed}
        for name in files:
            if name.startswith(folder + "/plans/"):
                try:
                    for line in lines_of(files[name]):
                        document = parse_evidence(from_base64(parse_evidence(line, LINE_BYTES_MAX)["doc"]))
                        scope.update(sealed_digests(document))
                except (Fault, KeyError, AttributeError) as fault:
                    docket.find("disclosures", "TAMPERED", name, "a mutation document is malformed: %s" % fault)
        shown, name = set(), folder + "/disclosures.jsonl"
        try:
            for line in lines_of(files.get(name, b"")):
                docket.look("disclosures")
                entry = parse_evidence(line, LINE_BYTES_MAX)
                if set(entry) != {"digest", "disclosure"} or not isinstance(entry["disclosure"], str):
                    raise Fault("line", "a line is not a disclosure in its one form")
                digest, called, value = open_disclosure(entry["disclosure"])
                if entry["digest"] != digest:
                    raise Fault("digest", "a value is not the one that its digest names")
                if digest not in scope or digest in shown:
                    raise Fault("scope", "a value belongs to nothing in this bundle, or is disclosed twice")
                if digest in tombstones:
                    raise Fault("erased", "the value under %s was erased, and is here" % digest)
                shown.add(digest)
                named.update(check_artifact(files, called, value, docket))
        except Fault as fault:
            docket.find("disclosures", "TAMPERED", name, str(fault))
        counts["disclosed"] += len(shown)
        counts["erased"] += len((scope - shown) & tombstones)
        counts["withheld"] += len(scope - shown - tombstones)
    for name in files:
        if name.startswith("artifacts/") and sha256(files[name]).hex() != name[len("artifacts/"):]:
            docket.find("disclosures", "TAMPERED", name, "the file is not the one that it is named after")
        elif name.startswith("artifacts/") and name[len("artifacts/"):] not in named:
            docket.find("disclosures", "TAMPERED", name, "no disclosed value names this file")
    return counts


def check_artifact(files, called, value, docket):
    """A value above 64 KiB stands in a file of its own. Returns the hashes of the files that a value names."""
    attached = {value.get("sha256")} if called == "artifact" and isinstance(value, dict) else set()
    stub = value.get("artifact") if isinstance(value, dict) else None
    if stub is None:
        return attached
    if not isinstance(stub, dict) or set(stub) != {"bytes", "media_type", "sha256"} or not is_text(stub["sha256"], HASH):
        raise Fault("artifact", "the name of a large value is malformed")
    found = files.get("artifacts/" + stub["sha256"])
    if found is None:
        docket.find("disclosures", "INCOMPLETE", "artifacts/" + stub["sha256"], "a disclosed value that is larger than 64 KiB is missing")
    elif len(found) != stub["bytes"] or sha256(found).hex() != stub["sha256"]:
        raise Fault("artifact", "a large value is not the one that its disclosure names")
    else:
        parse_open(found)
    return attached | {stub["sha256"]}


def verify(files, trust=None, max_age=None, now=None):
    """The report about a bundle, as a dictionary."""
    docket = Docket()
    manifest = check_manifest(files, docket)
    notes = Notes(files, trust, max_age, time.time() if now is None else now, docket)
    head = None
    if "log/checkpoint" not in files:
        docket.find("signatures", "INCOMPLETE", "log/checkpoint", "the head of the log is missing")
    else:
        try:
            head = parse_checkpoint(files["log/checkpoint"])
            notes.judge(head, "log/checkpoint")
            if manifest and (manifest["origin"], manifest["size"]) != (head["origin"], head["size"]):
                docket.find("manifest", "TAMPERED", "log/checkpoint", "the table of contents is about another head")
        except Fault as fault:
            docket.find("signatures", "TAMPERED", "log/checkpoint", "the head of the log is malformed: %s" % fault)
    runs = sorted({name.split("/")[1] for name in files if name.startswith("runs/")})
    folders = {"runs/" + run: read_chain(files, "runs/" + run, run, docket) for run in runs}
    folders["workspace"] = read_chain(files, "workspace", None, docket)
    scope = manifest["scope"] if manifest else "run"
    if not runs and scope != "full":
        docket.find("chain", "INCOMPLETE", "the bundle", "the bundle has no run")
    if head:
        entries = read_entries(files, head, docket) if scope == "full" else None
        for folder, chain in folders.items():
            check_inclusions(files, folder, chain, head, entries, notes, docket)
    for run in runs:
        check_chain(run, folders["runs/" + run], docket)
    counts = check_disclosures(files, folders, docket)
    redacted = "VALID_REDACTED" if counts["erased"] or counts["withheld"] else "VALID"
    verdict = max(docket.worst(), redacted, key=ORDER.index)
    return {
        "v": "actionplane.report/1", "verdict": verdict, "exit_code": VERDICTS[verdict][0], "meaning": VERDICTS[verdict][1],
        "fields": counts, "findings": docket.findings, "looked_at": docket.looked, "not_judged": NOT_JUDGED,
        "closing": CLOSING,
    }


# The program -----------------------------------------------------------------------------------------------------------

def parse_age(text):
    match = re.fullmatch(r"([0-9]{1,9})([smhd])", text)
    if not match:
        raise Misuse("`%s` is no age such as 24h" % text)
    return int(match[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]]


def main(arguments):
    path, trust_file, max_age, as_json, words = None, None, None, False, list(arguments)
    try:
        while words:
            word = words.pop(0)
            if word == "--json":
                as_json = True
            elif word == "--trust" and words:
                trust_file = words.pop(0)
            elif word == "--max-age" and words:
                max_age = parse_age(words.pop(0))
            elif not word.startswith("-") and path is None:
                path = word
            else:
                raise Misuse("`%s` is not understood here" % word)
        if path is None:
            raise Misuse("no bundle was named")
        trust = None
        if trust_file is not None:
            with open(trust_file, "rb") as file:
                try:
                    trust = parse_policy(decode(file.read()))
                except Fault as fault:
                    raise Misuse("your trust policy cannot be read: %s" % fault)
        try:
            files = read_bundle(path)
        except Fault as fault:
            print("TAMPERED\nthe archive cannot be read: %s" % fault)
            return 6
    except Misuse as misuse:
        print("%s\nusage: verify.py <bundle.apev | folder> [--trust policy] [--max-age 24h] [--json]" % misuse)
        return 2
    except OSError as error:
        print("could not judge: %s" % error)
        return 1
    report = verify(files, trust, max_age)
    if as_json:
        print(canonical(report))
    else:
        counts = report["fields"]
        print("%s\n%s\n" % (report["verdict"], report["meaning"]))
        for finding in report["findings"]:
            print("  %(verdict)s - %(check)s, %(place)s: %(sentence)s" % finding)
        print("  %(disclosed)d fields disclosed, %(erased)d erased, %(withheld)d withheld" % counts)
        print("  looked at: %s" % ", ".join("%s %d" % item for item in sorted(report["looked_at"].items())))
        print("  not judged: %s\n\n%s" % (", ".join(report["not_judged"]), CLOSING))
    return report["exit_code"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
