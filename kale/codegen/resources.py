"""CPU, memory and accelerators of a step, in the spelling that Kubeflow Pipelines takes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from kale.dataclass import dataclass
from kale.diagnostics import Diagnostic, diagnose
from kale.errors import KaleError, Location, PackageError, raise_all
from kale.ir import StepOptions

if TYPE_CHECKING:
    from fractions import Fraction

#: Kubernetes' suffixes of quantities, each family from large to small.
_BINARY = {"Ei": 2**60, "Pi": 2**50, "Ti": 2**40, "Gi": 2**30, "Mi": 2**20, "Ki": 2**10}
_DECIMAL = {"E": 10**18, "P": 10**15, "T": 10**12, "G": 10**9, "M": 10**6}
#: KFP writes the thousand as ``K``, Kubernetes as ``k``: plain bytes please both.
_OTHERS = {"K": 10**3, "k": 10**3, "": 1}
_LARGE = _BINARY | _DECIMAL | _OTHERS
#: What a part of one is divided by.
_SMALL = {"m": 10**3, "u": 10**6, "n": 10**9}

_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,2})|([A-Za-z]{0,2}))")
_SDK_CPU = re.compile(r"([0-9]*[.])?[0-9]+m?")

_EXAMPLES = {"cpu": "2, 0.5 or 500m", "memory": "512Mi, 1.5Gi or 2G"}


@dataclass(frozen=True, slots=True)
class Resources:
    """What a container asks for; ``None`` is "not said", ``accelerator`` a type and a count."""

    cpu_request: str | None = None
    cpu_limit: str | None = None
    memory_request: str | None = None
    memory_limit: str | None = None
    accelerator: tuple[str, int] | None = None


def resources_of(options: StepOptions, at: Location) -> Resources:
    """The resources of a step; those that :func:`unsupported` names are left out.

    Raises:
        PackageError: a quantity that cannot be read, two kinds of accelerator in one step,
            or a request for accelerators that differs from the limit.
    """
    errors: list[KaleError] = []
    read: dict[str, str] = {}
    spell: dict[str, Callable[[str], str]] = {"cpu": cpu_quantity, "memory": memory_quantity}
    for kind, pairs in (("request", options.requests), ("limit", options.limits)):
        for name, text in pairs:
            try:
                if name in spell:
                    read[f"{name}_{kind}"] = spell[name](text)
            except ValueError:
                errors.append(_unreadable(name, kind, text, at))
    accelerator = None
    try:
        accelerator = _accelerator(options, at)
    except PackageError as error:
        errors.append(error)
    raise_all(errors)
    return Resources(**read, accelerator=accelerator)


def unsupported(options: StepOptions, at: Location) -> Iterator[Diagnostic]:
    """A warning for each resource that a package cannot ask for."""
    for name in dict.fromkeys(name for name, _ in (*options.requests, *options.limits)):
        if name not in _EXAMPLES and "/" not in name:
            yield diagnose(
                "KALE409",
                f"Kubeflow Pipelines has no field for resource `{name}`; the package leaves it out",
                at=at,
                hint="set it with a LimitRange of the namespace, or drop the tag",
            )


def cpu_quantity(text: str) -> str:
    """``text`` as cores or thousandths of a core: ``1e3`` is ``1000``, ``100u`` is ``1m``.

    Raises:
        ValueError: ``text`` is no quantity above zero.
    """
    cores = _value(text)
    if _SDK_CPU.fullmatch(text) and not ("." in text and "m" in text):
        return text
    return str(cores) if cores.denominator == 1 else f"{math.ceil(cores * 1000)}m"


def memory_quantity(text: str) -> str:
    """``text`` as a whole number with KFP's suffix: ``1.5Gi`` is ``1536Mi``; parts of a byte count.

    Raises:
        ValueError: ``text`` is no quantity above zero.
    """
    size = _value(text)
    suffix = text.lstrip("0123456789.")
    family = next((units for units in (_BINARY, _DECIMAL) if suffix in units), {})
    for unit, factor in family.items():
        if factor <= family[suffix] and (size / factor).denominator == 1:
            return f"{size // factor}{unit}"
    return str(math.ceil(size))


def cpu_number(quantity: str) -> float:
    """The number of cores, as the official compiler computes it."""
    return float(quantity[:-1]) / 1000 if quantity.endswith("m") else float(quantity)


def memory_number(quantity: str) -> float:
    """The memory in units of 10**9 bytes, as the official compiler computes it."""
    suffix = quantity.lstrip("0123456789")
    return float(quantity.removesuffix(suffix)) * _LARGE[suffix] / 10**9


def _value(text: str) -> Fraction:
    from fractions import Fraction

    match = _QUANTITY.fullmatch(text)
    suffix = match[3] or "" if match else "?"
    if match is None or suffix not in _LARGE | _SMALL:
        raise ValueError(text)
    unit = Fraction(_LARGE.get(suffix, 1), _SMALL.get(suffix, 1))
    value = Fraction(match[1]) * unit * Fraction(10) ** int(match[2] or 0)
    if value <= 0:
        raise ValueError(text)
    return value


def _accelerator(options: StepOptions, at: Location) -> tuple[str, int] | None:
    """Kubernetes wants limit and request of an extended resource equal: one says both."""
    limits = {name: count for name, count in options.limits if "/" in name}
    requests = {name: count for name, count in options.requests if "/" in name}
    asked = {**requests, **limits}
    if len(asked) > 1:
        names = " and ".join(f"`{name}`" for name in sorted(asked))
        raise PackageError(
            "KALE405",
            f"a step of a package has one kind of accelerator, and this one asks for {names}",
            at=at,
            hint="keep one of them, or split the step",
        )
    for name, count in asked.items():
        if requests.get(name, count) != count:
            raise PackageError(
                "KALE405",
                f"the request for `{name}` ({requests[name]}) is not its limit ({count})",
                at=at,
                hint="Kubernetes wants them equal; keep the limit alone",
            )
        if count.strip("0") == "":
            return None
        try:
            number = _value(count)
        except ValueError:
            raise _unreadable(name, "limit", count, at) from None
        if number.denominator != 1:
            raise _unreadable(name, "limit", count, at)
        return name, int(number)
    return None


def _unreadable(name: str, kind: str, text: str, at: Location) -> PackageError:
    return PackageError(
        "KALE404",
        f"the {name} {kind} `{text}` is no quantity",
        at=at,
        hint=f"write it as {_EXAMPLES.get(name, 'a whole number')}",
    )
