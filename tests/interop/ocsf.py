"""Holds security events against the published schema of their version (Open Cybersecurity Schema Framework).

    python ocsf.py EVENTS.jsonl [EVENTS.jsonl ...]

Each event must be valid by the schema of its class, and refused without a member that the schema asks for.
"""

import json
import sys

from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema


def main(files):
    if not files:
        print(__doc__, file=sys.stderr)
        return 2
    schemas, failures, count = {}, 0, 0
    for file in files:
        with open(file, encoding="ascii") as lines:
            events = [json.loads(line) for line in lines]
        for number, event in enumerate(events, 1):
            count += 1
            key = event["metadata"]["version"], event["class_uid"]
            if key not in schemas:
                schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=key[0]))
                name = schema.lookup_class_name_from_uid(key[1])
                schemas[key] = Draft202012Validator(schema.get_class_schema(name))
            schema = schemas[key]
            for error in schema.iter_errors(event):
                failures += 1
                print(f"{file}:{number}: {error.json_path}: {error.message}")
            if event["type_uid"] != event["class_uid"] * 100 + event["activity_id"]:
                failures += 1
                print(f"{file}:{number}: type_uid is not made of class and activity")
            for name in schema.schema["required"]:
                if schema.is_valid({other: value for other, value in event.items() if other != name}):
                    failures += 1
                    print(f"{file}:{number}: valid without {name}")
            if schema.is_valid({**event, "activity_id": 77}):
                failures += 1
                print(f"{file}:{number}: valid with an unknown activity")
    print(f"{count} events, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
