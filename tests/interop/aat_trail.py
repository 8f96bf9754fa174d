"""Holds an agent audit trail against two verifiers that are not ours, and checks what neither of them does.

    python aat_trail.py TRAIL.jsonl KEYS.json [TRAIL.jsonl KEYS.json ...]

Each trail must be accepted as it is, and refused after each of some edits. Both verifiers run unmodified. `aat_verify`
compares trust levels as numbers while the format writes them as words, so it is given words that compare by their number.
"""

import copy
import json
import re
import sys

from aat import core as recorder
from aat_verify import core as reference
from aat_verify import verify_trail

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
SEMVER = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
URI = re.compile(r"[a-z][a-z0-9+.-]*:[!-~]+")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
DIGEST = re.compile(r"[0-9a-f]{64}")
HALF_ORDER = recorder._P256_N // 2


class Level(str):
    """A trust level that is a word in JSON and a number in comparisons."""

    def __ge__(self, number):
        return int(self[1:]) >= number


def levelled(records):
    return [{**record, "trust_level": Level(record["trust_level"])} for record in records]


def neither_checks(records, keys):
    """What both verifiers leave open, as a list of complaints."""
    wrong = []

    def want(position, holds, what):
        if not holds:
            wrong.append(f"record {position}: {what}")

    if not records:
        return ["the trail is empty"]
    agent = records[0].get("signer_kid")
    recorders = {record.get("signer_kid") for record in records[1:]}
    want(0, len(recorders) <= 1 and agent not in recorders, "not one agent key and one recorder key")
    want(0, {agent, *recorders} <= set(keys), "a key that is not in the keys file")
    for kid, key in keys.items():
        public = reference.ec_pub_from_xy(key["jwk_x_y"])
        want("keys", key["alg"] == "ES256" and recorder.kid_for(public) == kid, "not a key under its thumbprint")
    seen = set()
    for position, record in enumerate(records):
        first = position == 0
        detail = record.get("action_detail", {})
        want(position, all(name in record for name in recorder.MANDATORY), "a mandatory member is missing")
        want(position, record.get("sig_alg") == "ES256" and record.get("signature"), "not signed")
        raw = reference.b64u_dec(record.get("signature", ""))
        want(position, len(raw) == 64 and int.from_bytes(raw[32:], "big") <= HALF_ORDER, "no low S")
        want(position, UUID4.fullmatch(str(record.get("record_id"))), "record_id is no UUID")
        want(position, UUID4.fullmatch(str(record.get("session_id"))), "session_id is no UUID")
        want(position, record.get("session_id") == records[0].get("session_id"), "another session")
        want(position, record.get("record_id") not in seen, "record_id used twice")
        seen.add(record.get("record_id"))
        want(position, TIME.fullmatch(str(record.get("timestamp"))), "timestamp of another form")
        want(position, URI.fullmatch(str(record.get("agent_id"))), "agent_id is no URI")
        want(position, SEMVER.fullmatch(str(record.get("agent_version"))), "agent_version is not semantic")
        want(position, record.get("action_type") in recorder.ACTION_TYPES, "unknown action_type")
        want(position, record.get("outcome") in recorder.OUTCOMES, "unknown outcome")
        want(position, record.get("trust_level") in recorder.TRUST_LEVELS, "unknown trust_level")
        want(position, record.get("record_phase") in recorder.PHASES, "unknown record_phase")
        want(position, (record.get("trust_level") == "L1") == first, "L1 is for the first record, and only it")
        want(position, ("recording_component" in record) != first, "recording_component")
        want(position, isinstance(record.get("batch"), dict), "in no batch")
        want(position, record.get("batch", {}).get("leaf_index") == position, "another place in the batch")
        want(position, record.get("batch", {}).get("tree_size") == len(records), "another size of the batch")
        want(position, DIGEST.fullmatch(str(detail.get("ap_leaf_hash"))), "names no leaf")
        want(position, isinstance(detail.get("ap_log_index"), int) and detail.get("ap_origin"), "names no log")
        if "parent_call_id" in detail:
            want(position, detail["parent_call_id"] in seen, "answers a call that is not before it")
    start = records[0]
    want(0, start.get("action_type") == "lifecycle", "the first record starts no session")
    want(0, start.get("action_detail", {}).get("event") == "session_start", "the first record starts no session")
    want(0, start.get("record_phase") == "concurrent", "the first record is not concurrent")
    return wrong


def judge(records, keys):
    """Complaints of all three; none for a good trail."""
    public = {kid: reference.ec_pub_from_xy(key["jwk_x_y"]) for kid, key in keys.items()}
    _, issues = recorder.verify_chain(records, public)
    checks = verify_trail(levelled(records), keys).checks
    failed = [f"{check.name}: {check.detail}" for check in checks if not check.ok]
    return {"aat": issues, "aat_verify": failed, "neither": neither_checks(records, keys)}


def edits(records):
    """Trails that somebody made of a good one, each with its name."""

    def edited(change):
        copied = copy.deepcopy(records)
        change(copied)
        return copied

    def outcome(copied):
        copied[-1]["outcome"] = "denied" if copied[-1]["outcome"] != "denied" else "success"

    def leaf(copied):
        copied[0]["action_detail"]["ap_leaf_hash"] = "0" * 64

    def unsigned(copied):
        del copied[-1]["signature"]

    def resigned(copied):
        copied[-1]["signer_kid"] = copied[0]["signer_kid"]

    yield "edited outcome", edited(outcome)
    yield "edited leaf", edited(leaf)
    yield "cut tail", records[:-1]
    yield "unsigned record", edited(unsigned)
    if len(records) > 1:
        yield "dropped first", records[1:]
        yield "other signer", edited(resigned)
        yield "swapped", edited(lambda copied: copied.insert(0, copied.pop(1)))
        yield "doubled", edited(lambda copied: copied.insert(1, copied[1]))
        yield "cut tail without batches", edited(lambda copied: [copied.pop()] and [r.pop("batch") for r in copied])
    if len(records) > 2:
        yield "dropped middle", records[:1] + records[2:]


def main(arguments):
    if not arguments or len(arguments) % 2:
        print(__doc__, file=sys.stderr)
        return 2
    failures = 0
    for trail, keys_file in zip(arguments[::2], arguments[1::2]):
        with open(trail, encoding="ascii") as lines:
            text = lines.read()
        records = [json.loads(line) for line in text.splitlines()]
        with open(keys_file, encoding="ascii") as file:
            keys = json.load(file)
        canonical = "".join(recorder.jcs(record).decode() + "\n" for record in records)
        if canonical != text:
            failures += 1
            print(f"{trail}: not canonical JSON in ASCII")
        complaints = {who: found for who, found in judge(records, keys).items() if found}
        if complaints:
            failures += 1
            print(f"{trail}: refused: {complaints}")
        for name, changed in edits(records):
            if not any(judge(changed, keys).values()):
                failures += 1
                print(f"{trail}: {name}: accepted")
    print(f"{len(arguments) // 2} trails, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
