"""The sample of a server's log that the scripts beside this one look at, and a count of what a tool said about it."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BIN = Path(sys.executable).parent


class Sample:
    """The folder that the test target `interop` of the server writes."""

    def __init__(self, folder):
        self.folder = Path(folder).resolve()
        about = json.loads((self.folder / "sample.json").read_text("ascii"))
        self.origin, self.log, self.witnesses = about["origin"], about["log"], about["witnesses"]
        self.places = about["places"]
        self.tiles = self.folder / "full" / "log"
        self.checkpoint = self.tiles / "checkpoint"
        self.earlier = self.folder / "earlier.checkpoint"
        self.scratch = Path(tempfile.mkdtemp(prefix="interop-"))
        self.leaves = []
        for tile in sorted((self.tiles / "tile" / "entries").rglob("*")):
            rest = tile.read_bytes() if tile.is_file() else b""
            while rest:
                end = 2 + int.from_bytes(rest[:2], "big")
                self.leaves.append(rest[2:end])
                rest = rest[end:]

    def proof(self, place):
        return self.folder / "proofs" / f"{place}.tlog-proof"

    def leaf(self, place):
        """The leaf as a file."""
        return self.write(f"{place}.json", self.leaves[place])

    def write(self, name, content):
        path = self.scratch / name
        path.write_bytes(content)
        return path

    def replaced(self, path, old, new):
        """The file with one text in it changed."""
        content = path.read_bytes()
        assert old in content, f"{path} has no {old}"
        return self.write(f"changed-{path.name}", content.replace(old, new, 1))

    def other_tiles(self):
        """The log with one bit of its second leaf's hash changed."""
        copied = self.scratch / "other"
        if not copied.exists():
            shutil.copytree(self.tiles, copied)
            tile = copied / "tile" / "0" / "000"
            content = bytearray(tile.read_bytes())
            content[40] ^= 1
            tile.write_bytes(content)
        return copied


class Checks:
    """Counts, and prints each that does not hold."""

    def __init__(self, tool):
        self.tool, self.accepted, self.refused, self.failures = tool, 0, 0, 0

    def accepts(self, what, holds, said=""):
        self.accepted += 1
        if not holds:
            self.failures += 1
            print(f"{self.tool}: {what}: refused {said}")

    def refuses(self, what, holds):
        self.refused += 1
        if holds:
            self.failures += 1
            print(f"{self.tool}: {what}: accepted")

    def run(self, program, *arguments):
        """Runs a program of the same environment; answers whether it accepted, and what it said."""
        command = [BIN / program, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
        return done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")[-400:]

    def end(self):
        print(f"{self.tool}: {self.accepted} accepted, {self.refused} refused, {self.failures} failures")
        sys.exit(1 if self.failures or not self.accepted or not self.refused else 0)
