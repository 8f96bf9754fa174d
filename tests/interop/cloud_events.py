"""Holds CloudEvents in structured JSON against the library of the specification's authors.

    python cloud_events.py EVENTS.jsonl [EVENTS.jsonl ...]

Each event must be read, name its leaf as its id, and be refused without an attribute that the specification asks for.
"""

import json
import sys

from cloudevents.v1.exceptions import GenericException
from cloudevents.v1.http import from_json


def read(event):
    """The event, or None where the library refuses it."""
    try:
        return from_json(json.dumps(event))
    except GenericException:
        return None


def main(files):
    if not files:
        print(__doc__, file=sys.stderr)
        return 2
    failures, count = 0, 0
    for file in files:
        with open(file, encoding="ascii") as lines:
            events = [json.loads(line) for line in lines]
        for number, event in enumerate(events, 1):
            count += 1
            seen = read(event)
            if seen is None or seen.data["ap_leaf_hash"] != seen["id"]:
                failures += 1
                print(f"{file}:{number}: refused")
            for name in ("specversion", "id", "source", "type"):
                if read({other: value for other, value in event.items() if other != name}) is not None:
                    failures += 1
                    print(f"{file}:{number}: accepted without {name}")
        if len({event["id"] for event in events}) != len(events):
            failures += 1
            print(f"{file}: an id stands twice")
    print(f"{count} events, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
