"""What ``--include`` asks for: files of the notebook's folder that travel with the package.

Out of folders and patterns, nothing hidden comes along, nothing that looks like a secret, and
neither the notebook nor what Kale makes of it; what is named in full does.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import PurePosixPath

from kale.diagnostics import Diagnostic, diagnose
from kale.environment.folder_files import NotebookFolder
from kale.errors import KaleError, Location, UsageError
from kale.ir import Pipeline
from kale.printable import UNPRINTABLE

_SECRET_NAME = re.compile(
    r"\.env(?:\..+)?|.*\.(?:pem|key|p12|pfx|jks|keystore|kdbx)|id_(?:rsa|dsa|ecdsa|ed25519)|"
    r"\.?(?:netrc|pgpass|htpasswd|pypirc|npmrc|git-credentials|dockercfg)|kubeconfig|"
    r".*(?:credentials?|secrets?|service[-_]account)(?:[-_.].*)?\.(?:json|ya?ml|toml|ini|cfg|txt|py)",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----|\"private_key\"\s*:\s*\"-----BEGIN")


def included_files(
    patterns: Iterable[str], folder: NotebookFolder, pipeline: Pipeline
) -> tuple[dict[PurePosixPath, bytes], tuple[Diagnostic, ...]]:
    """The files that patterns name, and a warning of each that may be a secret.

    Raises:
        UsageError: a pattern leaves the folder, or finds nothing (KALE430).
        PackageError: a file cannot be read, or is a link to elsewhere (KALE426).
    """
    found: dict[PurePosixPath, bytes] = {}
    notes: dict[PurePosixPath, Diagnostic] = {}
    for pattern in patterns:
        _check(pattern, pipeline)
        count = len(found), len(notes)
        named, paths = _matches(pattern, folder, pipeline)
        if not paths:
            raise _refused(pattern, "names nothing that could travel", pipeline)
        for path in paths:
            content = folder.read(path)
            if looks_secret(path, content):
                notes[path] = secret_finding(path, pipeline, travels=path in named)
                if path not in named:
                    continue
            found[path] = content
        if not found and count == (len(found), len(notes)):
            raise _refused(pattern, "names nothing that could travel", pipeline)
    return found, tuple(notes[path] for path in sorted(notes))


def _matches(
    pattern: str, folder: NotebookFolder, pipeline: Pipeline
) -> tuple[Collection[PurePosixPath], list[PurePosixPath]]:
    """The file that a pattern names in full, if it does, and all the files that it stands for."""
    path = PurePosixPath(pattern)
    if (folder.path / path).is_file():
        return {path}, [path]
    if (folder.path / path).is_dir():
        tops = [path]
    else:
        tops = [
            PurePosixPath(one)
            for one in sorted(glob.glob(pattern, root_dir=folder.path, recursive=True))  # noqa: PTH207 - pathlib's finds hidden files, too
        ]
    files = dict.fromkeys(file for top in tops for file in _files(top, folder))
    return (), [file for file in files if not _is_kales(file, pipeline)]


def _files(top: PurePosixPath, folder: NotebookFolder) -> Iterator[PurePosixPath]:
    if (folder.path / top).is_dir():
        yield from folder.below(top)
    elif "__pycache__" not in top.parts:
        yield top


def _is_kales(path: PurePosixPath, pipeline: Pipeline) -> bool:
    """Whether a file is the notebook or what compiling it makes."""
    name = pipeline.name
    top = path.parts[0]
    return str(path) == PurePosixPath(pipeline.path).name or top in (
        f"{name}.yaml", f"{name}.kfp.py", f"{name}.steps", f"{name}.image",
        f"{name}.requirements.txt",
    )  # fmt: skip


def _check(pattern: str, pipeline: Pipeline) -> None:
    if not pattern or UNPRINTABLE.search(pattern):
        raise _refused(pattern, "is no path", pipeline)
    if pattern.startswith(("/", "~")) or ".." in PurePosixPath(pattern).parts:
        raise _refused(pattern, "leads out of the notebook's folder", pipeline)


def _refused(pattern: str, why: str, pipeline: Pipeline) -> KaleError:
    return UsageError(
        "KALE430",
        f"`--include {pattern}` {why}",
        at=Location(pipeline.path),
        hint="name files, folders or patterns such as `data/*.csv`, relative to the notebook's"
        " folder; what is hidden has to be named in full",
    )


def looks_secret(path: PurePosixPath, content: bytes) -> bool:
    """Whether a file is called as those are that hold keys or passwords, or holds a key."""
    return bool(_SECRET_NAME.fullmatch(path.name) or _SECRET_TEXT.search(content))


def secret_finding(path: PurePosixPath, pipeline: Pipeline, *, travels: bool) -> Diagnostic:
    """KALE431, for what stays here and for what travels all the same."""
    message = f"`{path}` looks like a secret and stays here"
    hint = f"if it is none, name it in full: `--include {path}`"
    if travels:
        message = f"`{path}` looks like a secret, and all who can read the package can read it"
        hint = "give a step its secrets with the tag `secret:SECRET:KEY:ENV`"
    return diagnose("KALE431", message, at=Location(pipeline.path), hint=hint)
