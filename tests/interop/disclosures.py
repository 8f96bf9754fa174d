"""Holds sealed values (RFC 9901) against `sd-jwt`: a leaf or mutation document, signed as somebody else's token, shows a
value exactly when its disclosure is beside it.

    python disclosures.py SAMPLE
"""

import base64
import json
import sys

from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS
from sample import Checks, Sample
from sd_jwt.verifier import SDJWTVerifier

sample, checks = Sample(sys.argv[1]), Checks("sd-jwt")
ISSUER = JWK.generate(kty="EC", crv="P-256")


def token(payload):
    jws = JWS(payload)
    jws.add_signature(ISSUER, None, json.dumps({"alg": "ES256"}))
    return jws.serialize(compact=True)


def seen(signed, *disclosures):
    """What the payload shows with these disclosures."""
    presented = "~".join([signed, *disclosures, ""])
    return SDJWTVerifier(presented, lambda *_: ISSUER, None, None).get_verified_payload()


def holds(shown, name, value):
    """Whether the member stands anywhere in what is shown."""
    if isinstance(shown, dict):
        here = name in shown and shown[name] == value
        return here or any(holds(inner, name, value) for inner in shown.values())
    return isinstance(shown, list) and any(holds(inner, name, value) for inner in shown)


def lines(path):
    return [json.loads(line) for line in path.read_text("ascii").splitlines()]


for run in sorted((sample.folder / "run" / "runs").iterdir()):
    payloads = [base64.b64decode(line["leaf"]) for line in lines(run / "events.jsonl")]
    for plan in sorted((run / "plans").iterdir()):
        payloads += [base64.b64decode(line["doc"]) for line in lines(plan)]
    tokens = [(payload, token(payload)) for payload in payloads]
    for line in lines(run / "disclosures.jsonl"):
        digest, disclosure = line["digest"], line["disclosure"]
        _, name, value = json.loads(base64.urlsafe_b64decode(disclosure + "=" * (-len(disclosure) % 4)))
        signed = [signed for payload, signed in tokens if f'"{digest}"'.encode() in payload]
        checks.accepts(f"{name} has one holder", len(signed) == 1)
        checks.accepts(f"{name} is shown", holds(seen(signed[0], disclosure), name, value))
        checks.refuses(f"{name} without its disclosure", holds(seen(signed[0]), name, value))
        changed = disclosure[:-4] + ("AAAA" if not disclosure.endswith("AAAA") else "BBBB")
        try:
            shown = holds(seen(signed[0], changed), name, value)
        except ValueError:
            shown = False
        checks.refuses(f"{name} with another disclosure", shown)
checks.end()
