"""Holds leaves against `rfc8785`: the canonical form of what a leaf says is the leaf, byte for byte.

    python canonical_json.py SAMPLE
"""

import json
import sys

import rfc8785
from sample import Checks, Sample

sample, checks = Sample(sys.argv[1]), Checks("rfc8785")
for place, leaf in enumerate(sample.leaves):
    checks.accepts(f"leaf {place}", rfc8785.dumps(json.loads(leaf)) == leaf)
spaced = json.dumps(json.loads(sample.leaves[0])).encode()
checks.refuses("a leaf with spaces", rfc8785.dumps(json.loads(spaced)) == spaced)
checks.end()
