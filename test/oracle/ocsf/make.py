"""Makes ocsf-1.8.0.json out of the schema that ocsf-json-schema 1.2.0 (PyPI, MIT) carries: OCSF 1.8.0, Apache-2.0.

    python3 -m venv venv && venv/bin/pip install ocsf-json-schema==1.2.0
    venv/bin/python test/oracle/ocsf/make.py > test/oracle/ocsf/ocsf-1.8.0.json

Descriptions are left out: what is left says what an event must be. Objects that several classes name stand there once.
"""

import json
import pathlib

import ocsf_json_schema
from ocsf_json_schema import OcsfJsonSchemaEmbedded

CLASSES = {
    "6003": ("api_activity", ["security_control"]),
    "6002": ("application_lifecycle", []),
    "0": ("base_event", []),
}
WORDS = ("title", "description", "deprecated", "$comment", "examples")


def bare(node):
    if isinstance(node, dict):
        return {k: bare(v) for k, v in node.items() if not (k in WORDS and isinstance(v, (str, bool)))}
    return [bare(each) for each in node] if isinstance(node, list) else node


folder = pathlib.Path(ocsf_json_schema.__file__).parent
schema = OcsfJsonSchemaEmbedded(json.loads((folder / "ocsf/1.8.0.json").read_text()))
classes, objects = {}, {}
for uid, (name, profiles) in CLASSES.items():
    made = bare(schema.get_class_schema(name, profiles))
    for key, value in made.pop("$defs").items():
        if objects.setdefault(key, value) != value:
            # The larger one belongs to a class with a profile, which adds members.
            objects[key] = max(objects[key], value, key=lambda each: len(json.dumps(each)))
    classes[uid] = {k: v for k, v in made.items() if k not in ("$schema", "$id")}
print(json.dumps({"classes": classes, "$defs": objects}, indent=None, separators=(",", ":"), sort_keys=True))
