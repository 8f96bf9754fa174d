"""Holds log proofs (C2SP tlog-proof) against `proofbundle`: leaf, path, head and two cosignatures from one file.

    python log_proofs.py SAMPLE
"""

import sys

from sample import Checks, Sample

sample, checks = Sample(sys.argv[1]), Checks("proofbundle")


def judged(place, leaf=None, proof=None, origin=sample.origin, witnesses=2, threshold=2):
    keys = [word for key in sample.witnesses[:witnesses] for word in ("--witness-vkey", key)]
    about = ["--payload-file", leaf or sample.leaf(place), "--log-vkey", sample.log, "--expected-origin", origin]
    proof = proof or sample.proof(place)
    return checks.run("proofbundle", "verify-proof", proof, *about, *keys, "--threshold", threshold)


for place in sample.places:
    checks.accepts(f"leaf {place}", *judged(place))
place = sample.places[-1]
checks.accepts("every witness", *judged(place, witnesses=3, threshold=3))
checks.refuses("three of two witnesses", judged(place, threshold=3)[0])
checks.refuses("another leaf", judged(place, leaf=sample.leaf(place - 1))[0])
checks.refuses("a changed leaf", judged(place, leaf=sample.write("leaf", sample.leaves[place] + b" "))[0])
checks.refuses("another origin", judged(place, origin=sample.origin + "x")[0])
index = f"index {place}\n".encode()
other = sample.replaced(sample.proof(place), index, f"index {place - 1}\n".encode())
checks.refuses("another index", judged(place, proof=other)[0])
checks.end()
