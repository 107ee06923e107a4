"""Bodies of requests, held against the models of the official client, as the server's are."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache

import kfp_server_api.models as models

_KINDS = {"str": str, "bool": bool, "float": (int, float), "int": int}


def wrong_body(model, body):
    """Why a JSON value is no ``model`` ("V2beta1Run"), or None when it is one."""
    return _wrong(model, body, "")


def _wrong(kind, value, place):
    if value is None or kind == "object":
        return None
    if inner := re.fullmatch(r"list\[(.*)\]", kind):
        if not isinstance(value, list):
            return f"{place}: is no list"
        return _first(_wrong(inner[1], each, f"{place}[{n}]") for n, each in enumerate(value))
    if inner := re.fullmatch(r"dict\(str, (.*)\)", kind):
        if not isinstance(value, dict):
            return f"{place}: is no object"
        return _first(_wrong(inner[1], each, f"{place}.{key}") for key, each in value.items())
    if kind == "datetime":
        return None if _is_time(value) else f"{place}: is no time"
    if kind in _KINDS:
        fits = isinstance(value, _KINDS[kind]) and (kind == "bool" or not isinstance(value, bool))
        return None if fits else f"{place}: is no {kind}"
    return _wrong_model(getattr(models, kind), value, place)


def _wrong_model(model, value, place):
    if hasattr(model, "allowable_values"):
        return None if value in model.allowable_values else f"{place}: no such value {value!r}"
    if not isinstance(value, dict):
        return f"{place}: is no object"
    names = _names(model)
    for key, each in value.items():
        if key not in names:
            return f'{place}: unknown field "{key}"'
        attribute = names[key]
        if found := _wrong(model.openapi_types[attribute], each, f"{place}.{key}"):
            return found
    try:
        model(**{names[key]: each for key, each in value.items()})
    except ValueError as error:
        return f"{place}: {error}"
    return None


@cache
def _names(model):
    """Fields by their names in JSON: as written, or in the case that protobuf takes as well."""
    found = {}
    for attribute, name in model.attribute_map.items():
        found[name] = attribute
        found[re.sub("_(.)", lambda letter: letter[1].upper(), name)] = attribute
    return found


def _is_time(value):
    try:
        return isinstance(value, str) and datetime.fromisoformat(value) is not None
    except ValueError:
        return False


def _first(found):
    return next(filter(None, found), None)
