"""check-translated.py TEMPLATE OUTPUT: what SAM's translator makes of a template.

Writes it to OUTPUT, as JSON for cfn-lint, and fails where something refers to nothing, where the
parts of the API could be made side by side, where something calls a function past its alias or
without a permission, where a role has a managed policy that its function does not need, where a
secret stands in clear, or where a changed parameter would not reach, or would reach in vain, the
versions of the functions. Handlers are looked for in the packages, where they have been made.
"""

import copy
import hashlib
import json
import logging
import os
import re
import sys
import zipfile

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

logging.disable(logging.WARNING)
PSEUDO = re.compile(r"AWS::\w+")
PLACEHOLDER = re.compile(r"\$\{([^!}][^}]*)}")
API = "AWS::ApiGatewayV2::"

template_path, output_path = sys.argv[1:]
folder = os.path.dirname(os.path.abspath(template_path))
problems = []


def template():
    """The template as `sam deploy` uploads it: each package at a place that its content names."""
    with open(template_path, encoding="utf-8") as file:
        content = yaml_parse(file.read())
    for resource in content["Resources"].values():
        package = resource.get("Properties", {}).get("CodeUri")
        if isinstance(package, str):
            path = os.path.join(folder, package)
            exists = os.path.exists(path)
            content_hash = hashlib.md5(open(path, "rb").read() if exists else package.encode())
            resource["Properties"]["CodeUri"] = "s3://packages/" + content_hash.hexdigest()
    return content


def given(parameter):
    """Its default; where it has none, the last of its values, which is what a new stack gives."""
    return str(parameter["Default"] if "Default" in parameter else parameter["AllowedValues"][-1])


def translated(content, values=None):
    """The values of parameters come to the translator as texts, as CloudFormation hands them over."""
    parameters = {name: given(parameter) for name, parameter in content["Parameters"].items()}
    session = boto3.Session(region_name="us-east-1")
    translator = Translator({}, Parser(), boto_session=session)
    return translator.translate(copy.deepcopy(content), {**parameters, **(values or {})})


def references(node):
    """Each name that `Ref`, `Fn::GetAtt` or `Fn::Sub` gives, without its attribute; those that a
    condition is made of, too, where it decides something.
    """
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "Ref":
                yield value
            elif key == "Condition" and isinstance(value, str):
                yield from references(source["Conditions"][value])
            elif key == "Fn::If":
                yield from references(source["Conditions"][value[0]])
                yield from references(value[1:])
            elif key == "Fn::GetAtt":
                yield value[0] if isinstance(value, list) else value.split(".")[0]
            elif key == "Fn::Sub":
                text, own = (value[0], value[1]) if isinstance(value, list) else (value, {})
                for name in PLACEHOLDER.findall(text):
                    if name not in own:
                        yield name.split(".")[0]
                yield from references(own)
            else:
                yield from references(value)
    elif isinstance(node, list):
        for element in node:
            yield from references(element)


def names(value):
    return [] if value is None else [value] if isinstance(value, str) else value


source = template()
stack = translated(source)
resources = stack["Resources"]


def of_type(kind):
    return {id: r["Properties"] for id, r in resources.items() if r["Type"] == kind}


def check_references():
    known = set(resources) | set(stack["Parameters"])
    for id, resource in resources.items():
        dangling = {name for name in references(resource) if not PSEUDO.fullmatch(name)} - known
        dangling |= set(names(resource.get("DependsOn"))) - set(resources)
        for name in sorted(dangling):
            problems.append(f"{id} refers to {name}, which is not there")
    for name in references(stack.get("Outputs", {})):
        if name not in known and not PSEUDO.fullmatch(name):
            problems.append(f"an output refers to {name}, which is not there")


def before(stack):
    """For each resource what is made before it; none of them may be itself."""
    needs = {
        id: (set(references(r)) | set(names(r.get("DependsOn")))) & set(stack["Resources"])
        for id, r in stack["Resources"].items()
    }
    result = {}
    for id in needs:
        found, waiting = set(), [id]
        while waiting:
            more = needs[waiting.pop()] - found
            found |= more
            waiting.extend(more)
        result[id] = found
        if id in found:
            problems.append(f"{id} waits for itself")
    return result


def check_order():
    earlier = before(stack)
    parts = sorted(
        id
        for id, r in resources.items()
        if r["Type"].startswith(API) and r["Type"] != API + "Api" and "ApiId" in r["Properties"]
    )
    for i, one in enumerate(parts):
        for other in parts[i + 1 :]:
            if one not in earlier[other] and other not in earlier[one]:
                problems.append(f"{one} and {other} are made side by side")


def check_calls():
    """Whatever calls a function calls its alias, and what is no role of the function may do so."""
    aliases = set(of_type("AWS::Lambda::Alias"))
    permitted = {}
    for id, permission in of_type("AWS::Lambda::Permission").items():
        alias = permission["FunctionName"].get("Ref")
        if alias not in aliases:
            problems.append(f"{id} is for {permission['FunctionName']}, which is no alias")
        permitted.setdefault(alias, set()).add(json.dumps(permission.get("SourceArn")))
    for id, mapping in of_type("AWS::Lambda::EventSourceMapping").items():
        if mapping["FunctionName"].get("Ref") not in aliases:
            problems.append(f"{id} invokes {mapping['FunctionName']}, which is no alias")
    invoked = {}
    for kind, uri in ((API + "Integration", "IntegrationUri"), (API + "Authorizer", "AuthorizerUri")):
        for id, part in of_type(kind).items():
            called = [name for name in references(part[uri]) if not PSEUDO.fullmatch(name)]
            invoked[id] = called[0] if called and called[0] in aliases else None
            if invoked[id] is None:
                problems.append(f"{id} invokes {called}, which is no alias")
    for id, route in of_type(API + "Route").items():
        integration = next(iter(set(references(route["Target"]))), None)
        source = "/" + route["RouteKey"] + '"'
        if not any(source in arn for arn in permitted.get(invoked.get(integration), ())):
            problems.append(f"{id} invokes a function that does not let it")
        authorizer = route.get("AuthorizerId", {}).get("Ref")
        if authorizer and not any(
            "/authorizers/" in arn for arn in permitted.get(invoked.get(authorizer), ())
        ):
            problems.append(f"{authorizer} invokes a function that does not let it")


def check_handlers():
    for id, resource in source["Resources"].items():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        with open(template_path, encoding="utf-8") as file:
            package = yaml_parse(file.read())["Resources"][id]["Properties"]["CodeUri"]
        path = os.path.join(folder, package)
        if os.path.exists(path):
            handler = resource["Properties"]["Handler"].split("::")[0].replace(".", "/")
            if handler + ".class" not in zipfile.ZipFile(path).namelist():
                problems.append(f"{id}: {package} has no {handler}.class")


def versions(translation):
    return {
        r["Properties"]["FunctionName"]["Ref"]: id
        for id, r in translation["Resources"].items()
        if r["Type"] == "AWS::Lambda::Version"
    }


def another(name, parameter):
    if "AllowedValues" in parameter:
        values = [str(value) for value in parameter["AllowedValues"]]
        return next(value for value in values if value != given(parameter))
    if parameter["Type"] == "Number":
        return str(parameter["MaxValue"])
    return {"StageName": "another", "AllowedOrigins": "https://chat.example"}.get(name, "another")


def check_versions():
    now = versions(stack)
    if versions(translated(source)) != now:
        problems.append("two translations publish different versions")
    if len(now) != len(of_type("AWS::Lambda::Function")):
        problems.append("there are functions without a version")
    made_of = {}
    for id, function in of_type("AWS::Lambda::Function").items():
        values = {k: v for k, v in function.items() if k not in ("Code", "ReservedConcurrentExecutions")}
        open_names, seen = list(references(values)), set()
        while open_names:
            name = open_names.pop()
            if name in seen:
                continue
            seen.add(name)
            # What a table or queue is called is part of the environment.
            if name in resources and resources[name]["Type"].startswith(("AWS::Dynamo", "AWS::SQS")):
                properties = resources[name]["Properties"]
                for called in (properties.get("TableName"), properties.get("QueueName")):
                    open_names.extend(references(called))
        made_of[id] = seen
    for name, parameter in source["Parameters"].items():
        changed = versions(translated(source, {name: another(name, parameter)}))
        for id, version in changed.items():
            wanted = name in made_of[id]
            if (version != now[id]) != wanted:
                problems.append(
                    f"a change of {name} publishes {'no' if wanted else 'a'} version of {id},"
                    f" which is {'' if wanted else 'not '}made of it"
                )
    for id, resource in source["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            edited = copy.deepcopy(source)
            edited["Resources"][id]["Properties"]["CodeUri"] = "s3://packages/another"
            edited["Resources"][id]["Properties"]["Timeout"] = 7
            changed = {k for k, v in versions(translated(edited)).items() if v != now[k]}
            if changed != {id}:
                problems.append(f"an edit of {id} publishes versions of {sorted(changed)}")


def check_roles():
    """A function logs, is traced, and reads its streams and queues; SAM gives it rights for each."""
    for id, resource in source["Resources"].items():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        properties = {**source["Globals"]["Function"], **resource["Properties"]}
        needed = {"service-role/AWSLambdaBasicExecutionRole"}
        if properties["Tracing"] != "Disabled":
            needed.add("AWSXrayWriteOnlyAccess")
        for event in properties.get("Events", {}).values():
            policy = {"DynamoDB": "DynamoDB", "SQS": "SQSQueue"}[event["Type"]]
            needed.add(f"service-role/AWSLambda{policy}ExecutionRole")
        arns = resources[id + "Role"]["Properties"]["ManagedPolicyArns"]
        # Those of this template are references, which TemplateTest looks at.
        has = {arn.split(":policy/")[1] for arn in arns if isinstance(arn, str)}
        if has != needed:
            problems.append(f"{id} has {sorted(has)}, and needs {sorted(needed)}")


def check_secrets():
    """What is given to a parameter that is not shown is not shown by the processed template either."""
    for name, parameter in source["Parameters"].items():
        if str(parameter.get("NoEcho")).lower() == "true":
            secret = "not-to-be-shown-" + name
            if secret in json.dumps(translated(source, {name: secret})):
                problems.append(f"{name} stands in clear in the processed template")


check_references()
check_order()
check_calls()
check_handlers()
check_roles()
check_secrets()
check_versions()
before(translated(source, {"GradualDeployment": "true"}))
with open(output_path, "w", encoding="utf-8") as file:
    json.dump(stack, file, indent=1, sort_keys=True)
for problem in problems:
    print(f"{template_path}: {problem}", file=sys.stderr)
if problems:
    sys.exit(1)
print(f"{template_path} is translated to {len(resources)} resources")
