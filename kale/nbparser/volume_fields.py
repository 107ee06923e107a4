"""The fields of a volume in the notebook metadata, each checked by itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from kale.diagnostics import Diagnostic, diagnose, nearest
from kale.errors import KaleError, Location, NotebookError
from kale.nbparser.kubernetes import label_key_problem, object_name_problem
from kale.nbparser.mount_paths import claim_problem, mount_problem
from kale.options import Pairs
from kale.quantities import quantity_value

_MODES = {
    "rwo": "ReadWriteOnce", "rom": "ReadOnlyMany", "rox": "ReadOnlyMany", "rwm": "ReadWriteMany",
    "rwx": "ReadWriteMany", "rwop": "ReadWriteOncePod",
}  # fmt: skip

#: What Kubernetes, and Kubeflow Pipelines for its workspace, take both; and a unit.
_SIZE = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[MGTPE]|[KMGTPE]i)")
SIZES = "a size is a number and a unit, as `500Mi` or `5Gi`"
_CORRECT = "correct it in the notebook's metadata, or remove it"


class Findings:
    """What is wrong with the volumes, and what has no effect."""

    def __init__(self, at: Location) -> None:
        self.at = at
        self.errors: list[KaleError] = []
        self.notes: list[Diagnostic] = []

    def wrong(self, code: str, name: str, problem: str, hint: str = "") -> None:
        """Note what is wrong with a key, or with what stands at it."""
        text = f"the notebook metadata `{name}` {problem}"
        self.errors.append(NotebookError(code, text, at=self.at, hint=hint or _CORRECT))

    def note(self, name: str, why: str) -> None:
        """Note that a key has no effect (KALE128)."""
        text = f"the notebook metadata `{name}` has no effect: {why}"
        self.notes.append(diagnose("KALE128", text, at=self.at, hint="remove it"))


class Fields:
    """An object of the metadata, called ``where``; ``settings`` are what stands beside it.

    A method gives the value of a field, and where that cannot be tells it by ``code``.
    """

    def __init__(
        self,
        where: str,
        entry: Mapping[str, Any],
        settings: Mapping[str, Any],
        findings: Findings,
        code: str,
    ) -> None:
        self.where, self.entry, self.settings = where, entry, settings
        self.findings, self.code = findings, code

    def wrong(self, key: str, problem: str, hint: str = "") -> None:
        """Note what is wrong with a field, or with the object if ``key`` is empty."""
        name = f"{self.where}.{key}" if key else self.where
        self.findings.wrong(self.code, name, problem, hint)

    def check_keys(self, known: Sequence[str]) -> None:
        """Refuse keys that are not ``known``."""
        for key in self.entry:
            if key not in known:
                near = nearest(key, known)
                offer = f"did you mean `{near}`?" if near else f"keys are {listed(known)}"
                self.wrong(key, "is not known", offer)

    def text(self, key: str) -> str:
        """A text; empty where none is said."""
        value = self.entry.get(key)
        if value is not None and not isinstance(value, str):
            self.wrong(key, "is not text")
            return ""
        return value or ""

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Whether something is asked for."""
        value = self.entry.get(key)
        if value is not None and not isinstance(value, bool):
            self.wrong(key, "is not true or false")
        return value if isinstance(value, bool) else default

    def claim(self) -> str:
        """The ``name``, which a claim can have."""
        name = self.text("name")
        if problem := claim_problem(name):
            self.wrong("name", f"is `{name}`, which no volume can be called", problem)
        return name

    def path(self) -> str:
        """Where it is mounted, without a `/` at the end."""
        key = "mount_path" if self.entry.get("mount_path") else "mount_point"
        path = self.text(key)
        if problem := mount_problem(path):
            self.wrong(key, f"is `{path}`, where no volume can be mounted", problem)
        return path.rstrip("/")

    def folder(self) -> str:
        """The folder on the volume that is mounted; empty for all of it."""
        folder = self.text("sub_path")
        if folder.startswith("/") or ".." in folder.split("/"):
            self.wrong("sub_path", f"is `{folder}`, and no folder on a volume")
        return folder

    def size(self, *, needed: bool = True) -> str:
        """How large it is, as a Kubernetes quantity."""
        number, unit = self.entry.get("size"), self.text("size_type")
        if number is None or number == "":
            if needed:
                self.wrong("", "says no `size`", 'add one with its unit, as `"size": "5Gi"`')
            return ""
        text = f"{number}{unit}"
        if isinstance(number, bool) or not is_size(text):
            self.wrong("size", f"is `{text}`, and no size", SIZES)
        return text

    def storage_class(self) -> str:
        """The storage class; that of the pipeline, if it says none itself."""
        name = self.text("storage_class_name") or self.settings.get("storage_class_name") or ""
        if name and (problem := object_name_problem(name)):
            self.wrong("storage_class_name", f"is `{name}`, and no storage class", problem)
        return name

    def mode(self, default: str) -> str:
        """The access mode as Kubernetes calls it; with a default the pipeline's counts, too."""
        said = self.text("volume_access_mode")
        if not said and default:
            said = self.settings.get("volume_access_mode") or ""
        mode = _MODES.get(said.lower(), said)
        if mode and mode not in _MODES.values():
            known = listed(dict.fromkeys(_MODES.values()))
            self.wrong("volume_access_mode", f"is `{said}`, and no access mode", f"it is {known}")
        return mode or default

    def annotations(self) -> Pairs:
        """Annotations: an object, or the list of rows of an editor, of which some are empty."""
        said = self.entry.get("annotations") or {}
        if isinstance(said, list):
            rows = [one for one in said if isinstance(one, Mapping) and {*one} == {"key", "value"}]
            pairs = [(row["key"], row["value"]) for row in rows] if len(rows) == len(said) else None
        else:
            pairs = [*said.items()] if isinstance(said, Mapping) else None
        if pairs is None or not all(isinstance(part, str) for pair in pairs for part in pair):
            self.wrong("annotations", "is not a list of objects with the texts `key` and `value`")
            return ()
        found = tuple((key, value) for key, value in pairs if key and value)
        for key, _ in found:
            if problem := label_key_problem(key):
                self.wrong("annotations", f"has the key `{key}`", problem)
        return found


def is_size(text: str) -> bool:
    """Whether Kubernetes makes a volume of such a size, and its author thought of a unit."""
    return bool(_SIZE.fullmatch(text) and quantity_value(text))


def listed(words: Mapping[str, Any] | Sequence[str]) -> str:
    """The words in backquotes, in a row."""
    return ", ".join(f"`{word}`" for word in words)
