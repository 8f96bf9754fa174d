"""Holds the log in tiles (C2SP tlog-tiles), its heads and the way from an earlier head against `aics-tlog`.

    python tiles.py SAMPLE
"""

import sys

from sample import Checks, Sample

sample, checks = Sample(sys.argv[1]), Checks("aics-tlog")


def head(note=sample.checkpoint, origin=sample.origin, witnesses=3):
    keys = [word for key in sample.witnesses[:witnesses] for word in ("--witness-key", key)]
    about = ["--note", note, "--log-key", sample.log, "--origin", origin, "--quorum", 3]
    return checks.run("aics-tlog", "verify-checkpoint", *about, *keys)


def inclusion(place, leaf=None, tiles=sample.tiles):
    about = ["--tiles", tiles, "--log-key", sample.log, "--origin", sample.origin]
    return checks.run("aics-tlog", "verify-inclusion", "--index", place, "--leaf", leaf or sample.leaf(place), *about)


def consistency(old=sample.earlier, tiles=sample.tiles):
    about = ["--tiles", tiles, "--log-key", sample.log, "--origin", sample.origin]
    return checks.run("aics-tlog", "verify-consistency", "--old-checkpoint", old, *about)


size = sample.checkpoint.read_bytes().split(b"\n")[1]
smaller = sample.replaced(sample.checkpoint, b"\n" + size + b"\n", b"\n%d\n" % (int(size) - 1))
checks.accepts("head", *head())
checks.refuses("a changed head", head(note=smaller)[0])
checks.refuses("three of two witnesses", head(witnesses=2)[0])
checks.refuses("another origin", head(origin=sample.origin + "x")[0])
for place in sample.places:
    checks.accepts(f"leaf {place}", *inclusion(place))
checks.refuses("another leaf", inclusion(sample.places[-1], leaf=sample.leaf(1))[0])
checks.refuses("a changed tile", inclusion(0, tiles=sample.other_tiles())[0])
checks.accepts("the way from an earlier head", *consistency())
old_size = sample.earlier.read_bytes().split(b"\n")[1]
forged = sample.replaced(sample.earlier, b"\n" + old_size + b"\n", b"\n%d\n" % (int(old_size) - 1))
checks.refuses("a changed earlier head", consistency(old=forged)[0])
checks.refuses("a changed tile between the heads", consistency(tiles=sample.other_tiles())[0])
checks.end()
