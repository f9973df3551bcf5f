#!/usr/bin/env python3
"""Are these reports what the schema says? Reads one report a line from standard input, the schema from the file that is named."""

import json
import sys

from jsonschema import Draft202012Validator, FormatChecker


def formats(schema):
    """Every format that the schema names."""
    if isinstance(schema, dict):
        if isinstance(schema.get("format"), str):
            yield schema["format"]
        schema = list(schema.values())
    if isinstance(schema, list):
        for inner in schema:
            yield from formats(inner)


with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
Draft202012Validator.check_schema(schema)
checker = FormatChecker()
unknown = set(formats(schema)) - set(checker.checkers)
if unknown:
    sys.exit(f"the schema names formats that nobody checks: {sorted(unknown)}")
validator = Draft202012Validator(schema, format_checker=checker)
count = 0
for line in sys.stdin:
    count += 1
    for error in validator.iter_errors(json.loads(line)):
        sys.exit(f"report {count}: {error.json_path}: {error.message}")
print(count)
