"""Holds the log in tiles against `tlog-scales`: it reads the leaves, and makes proofs that `proofbundle` takes.

    python tile_reader.py SAMPLE
"""

import subprocess
import sys

from sample import BIN, Checks, Sample

sample, checks = Sample(sys.argv[1]), Checks("tlog-scales")


def read(command, place, tiles=sample.tiles, options=()):
    run = [BIN / "tlog-tiles", command, *options, str(tiles), str(place)]
    return subprocess.run(run, capture_output=True, timeout=60, check=False)


for place in sample.places:
    leaf = read("get-leaf", place, options=["--check"])
    checks.accepts(f"leaf {place}", leaf.returncode == 0 and leaf.stdout == sample.leaves[place], leaf.stderr)
    proof = read("gen-proof", place)
    file = sample.write(f"{place}.tlog-proof", proof.stdout)
    judged = ["--payload-file", sample.leaf(place), "--log-vkey", sample.log, "--expected-origin", sample.origin]
    checks.accepts(f"proof {place}", *checks.run("proofbundle", "verify-proof", file, *judged))
checks.refuses("a changed tile", read("get-leaf", 0, sample.other_tiles(), ["--check"]).returncode == 0)
checks.end()
