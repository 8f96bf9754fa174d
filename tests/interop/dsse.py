"""Holds an in-toto statement in its DSSE envelope against libraries that are not ours.

    python dsse.py VKEY ENVELOPE.json EVENTS.jsonl [ENVELOPE.json EVENTS.jsonl ...]

VKEY is the attestation key as a verifier key of a signed note (`name+id+base64`), or a file that holds one. Each envelope
must be signed by it, hold a valid statement about the file of events, and be refused after each of some edits.
"""

import base64
import copy
import hashlib
import json
import os
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from google.protobuf import json_format
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

IN_TOTO = "application/vnd.in-toto+json"


def key_of(vkey):
    """The key and the id under which our envelopes name it."""
    if os.path.exists(vkey):
        with open(vkey, encoding="ascii") as file:
            vkey = file.read().strip()
    _, key_id, material = vkey.split("+", 2)
    kind, public = base64.b64decode(material)[:1], base64.b64decode(material)[1:]
    if kind != b"\x01":
        raise SystemExit("the verifier key is not one that signs plain messages")
    return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(public), keyid=key_id)


def judge(envelope, events, key):
    """None, or why the envelope is refused."""
    try:
        read = Envelope.from_dict(copy.deepcopy(envelope))
        read.verify([key], 1)
    except (VerificationError, KeyError, ValueError) as refused:
        return f"signature: {refused}"
    if read.payload_type != IN_TOTO:
        return "another payload type"
    try:
        statement = json_format.Parse(read.payload, statement_pb2.Statement())
        Statement.copy_from_pb(statement).validate()
    except (json_format.ParseError, ValueError) as refused:
        return f"statement: {refused}"
    if [subject.digest["sha256"] for subject in statement.subject] != [hashlib.sha256(events).hexdigest()]:
        return "the statement is about another file"
    return None


def edits(envelope, events):
    payload = json.loads(base64.b64decode(envelope["payload"]))

    def saying(change):
        said = copy.deepcopy(payload)
        change(said)
        text = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
        return {**envelope, "payload": base64.b64encode(text).decode()}

    def bits(text):
        raw = bytearray(base64.b64decode(text))
        raw[0] ^= 1
        return base64.b64encode(bytes(raw)).decode()

    yield "changed stage", saying(lambda said: said["predicate"].update(stage="another")), events
    yield "changed subject", saying(lambda said: said["subject"][0]["digest"].update(sha256="0" * 64)), events
    yield "changed type", {**envelope, "payloadType": "text/plain"}, events
    signatures = [{**signature, "sig": bits(signature["sig"])} for signature in envelope["signatures"]]
    yield "changed signature", {**envelope, "signatures": signatures}, events
    yield "no signature", {**envelope, "signatures": []}, events
    yield "changed file", envelope, events + b"\n"
    yield "cut file", envelope, events[:-1]


def main(arguments):
    if len(arguments) < 3 or len(arguments) % 2 == 0:
        print(__doc__, file=sys.stderr)
        return 2
    key = key_of(arguments[0])
    failures = 0
    for envelope_file, events_file in zip(arguments[1::2], arguments[2::2]):
        with open(envelope_file, encoding="ascii") as file:
            envelope = json.load(file)
        with open(events_file, "rb") as file:
            events = file.read()
        refused = judge(envelope, events, key)
        if refused:
            failures += 1
            print(f"{envelope_file}: refused: {refused}")
        for name, changed, file in edits(envelope, events):
            if judge(changed, file, key) is None:
                failures += 1
                print(f"{envelope_file}: {name}: accepted")
    print(f"{len(arguments) // 2} statements, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
