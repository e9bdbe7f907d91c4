"""validate-template.py TEMPLATE SCHEMA: whether a SAM template fits SAM's JSON schema."""

import json
import sys

import jsonschema
import yaml


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: !Ref x is {"Ref": "x"}, !Sub x {"Fn::Sub": "x"}."""


def intrinsic(loader, name, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if name == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name if name == "Ref" else "Fn::" + name: value}


Loader.add_multi_constructor("!", intrinsic)

with open(sys.argv[2], encoding="utf-8") as file:
    schema = json.load(file)
# Globals that the translator takes (1.110, plugins/globals) and the schema does not know.
for name, definition in schema["definitions"].items():
    if name.endswith("aws_serverless_function__Globals"):
        definition["properties"]["AutoPublishAliasAllProperties"] = {"type": "boolean"}
with open(sys.argv[1], encoding="utf-8") as template:
    errors = list(jsonschema.Draft7Validator(schema).iter_errors(yaml.load(template, Loader)))
for error in errors:
    print(f"{sys.argv[1]}: {error.json_path}: {error.message[:300]}", file=sys.stderr)
if errors:
    sys.exit(1)
print(f"{sys.argv[1]} fits SAM's schema")
