"""What the API refuses: the error that says so, and the checks of names, bodies and packages."""

from __future__ import annotations

import json

import yaml
from cluster.kfp_models import wrong_body

_LONGEST = {"Pipeline": 128, "PipelineVersion": 127, "Experiment": 128}

#: What a parameter's value is in JSON. A task's final status can be given to no pipeline.
_KINDS = {
    "NUMBER_DOUBLE": (int, float),
    "NUMBER_INTEGER": (int, float),
    "STRING": (str,),
    "BOOLEAN": (bool,),
    "LIST": (list,),
    "STRUCT": (dict,),
}

_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 409: 6, 429: 8, 500: 13, 501: 12, 503: 14}


class RefusedError(Exception):
    """An answer of status 400 or more; uploads have errors of another form than the rest."""

    def __init__(self, status, message, *, upload=False):
        super().__init__(message)
        self.status = status
        self.message = message
        self.upload = upload

    def body(self):
        if self.upload:
            return {"error_message": self.message, "error_details": f"{self.message}\ngo.go:12"}
        # Older gateways say it in `error`, too; this is what all have in common:
        return {"code": _CODES.get(self.status, 2), "message": self.message, "details": []}


def short(kind, name):
    if len(name) > _LONGEST[kind]:
        raise RefusedError(400, f"{kind}.Name length cannot exceed {_LONGEST[kind]}")


def checked(model, body):
    if found := wrong_body(model, body):
        raise RefusedError(400, f"proto: syntax error {found}")


def matches(thing, text):
    for predicate in json.loads(text or "{}").get("predicates", []):
        wanted = predicate.get("string_value", predicate.get("stringValue"))
        has = thing.get(predicate["key"], "")
        if predicate["operation"] == "EQUALS" and has != wanted:
            return False
        if predicate["operation"] == "IS_SUBSTRING" and wanted not in has:
            return False
        if predicate["operation"] not in ("EQUALS", "IS_SUBSTRING"):
            raise RefusedError(501, f"the stand-in has no operation {predicate['operation']}")
    return True


def read_spec(name, content):
    """The specification in a package: one document, or that and the platform's."""
    if not name.endswith((".yaml", ".yml")):
        raise RefusedError(400, "Failed to read a pipeline spec file", upload=True)
    try:
        found = [each for each in yaml.load_all(content, yaml.CSafeLoader) if each]
        pipeline = next(each for each in found if "pipelineInfo" in each)
        assert pipeline["root"]
    except (yaml.YAMLError, StopIteration, TypeError, KeyError):
        message = "Failed to create a pipeline version: unknown template format"
        raise RefusedError(400, message, upload=True) from None
    platform = [each for each in found if "platforms" in each]
    if not platform:
        return pipeline
    return {"pipeline_spec": pipeline, "platform_spec": platform[0]}


def check_parameters(spec, given):
    """Refuse what a pipeline does not take, or not of that type, and what it needs and lacks."""
    root = spec.get("pipeline_spec", spec).get("root", {})
    known = root.get("inputDefinitions", {}).get("parameters", {})
    for name, definition in known.items():
        kind = definition.get("parameterType")
        if name not in given:
            if not definition.get("isOptional") and "defaultValue" not in definition:
                words = "is not optional, yet has neither default value nor user provided value"
                raise RefusedError(400, f"parameter {name} {words}")
        elif type(given[name]) not in _KINDS.get(kind, ()):
            raise RefusedError(400, f"input parameter {name} requires type {kind}, but is not")
    if more := [name for name in given if name not in known]:
        words = "parameter(s) provided are not required by pipeline"
        raise RefusedError(400, f"{words}: {', '.join(more)}")
