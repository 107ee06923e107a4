"""What travels beside the steps' notebooks: the author's own modules, and included files."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from kale.diagnostics import Diagnostic, diagnose
from kale.environment.data_files import missing_data
from kale.environment.folder_files import NotebookFolder
from kale.environment.local_modules import local_code
from kale.errors import Location, PackageError, raise_all
from kale.ir import Files, Plan
from kale.packaging import PackageOptions

_Findings = tuple[Diagnostic, ...]

#: Bytes that all files may come to as they travel: compressed, and as base64.
MOST = 48 * 1024

#: Of files that come to more than this as they are, nobody waits for the compression.
_MOST_RAW = 8 * 1024 * 1024

#: The tag of an image that ``kale image`` wrote the files of: their digest, and that of all.
_TAG = r":kale-([0-9a-f]{12})-[0-9a-f]{8}(?:@.*)?$"


def shipped_files(
    plan: Plan, folder: Path, options: PackageOptions
) -> tuple[dict[PurePosixPath, bytes], _Findings]:
    """The files that travel with a package, by their paths relative to the notebook's ``folder``.

    None do where the image of every step is one that ``kale image`` described and that holds the
    very same ones, as its tag tells.

    Raises:
        KaleError: a file cannot travel, or all together are too large.
    """
    files, found = own_files(plan, folder, options)
    images = {task.options.image or plan.pipeline.image or "" for task in plan.tasks}
    held = {match[1] if (match := re.search(_TAG, image)) else "" for image in images}
    if held == {files_digest(files)}:
        return {}, found
    found += tuple(_stale(image, plan) for image in sorted(images) if re.search(_TAG, image))
    _check_size(files, plan)
    return files, found


def own_files(
    plan: Plan, folder: Path, options: PackageOptions
) -> tuple[dict[PurePosixPath, bytes], _Findings]:
    """The author's modules and the included files, sorted, however large; and what is missing.

    Raises:
        KaleError: a file cannot travel.
    """
    code = local_code(plan, folder)
    raise_all(code.errors)
    included, secrets = _included(plan, folder, options, code.files)
    files = dict(sorted({**code.files, **included}.items()))
    lacking = tuple(missing_data(plan, folder, code, files))
    return files, (*code.diagnostics, *lacking, *secrets)


def _included(
    plan: Plan, folder: Path, options: PackageOptions, modules: Files
) -> tuple[Files, _Findings]:
    """The included files, and what looks like a secret among them and the modules."""
    if not options.include and not modules:
        return {}, ()
    from kale.environment.included import included_files, looks_secret, secret_finding

    files, found = included_files(options.include, NotebookFolder(folder), plan.pipeline)
    told = (
        secret_finding(path, plan.pipeline, travels=True)
        for path in modules
        if path not in files and looks_secret(path, modules[path])
    )
    return files, (*found, *told)


def files_digest(files: Files) -> str:
    """Twelve hexadecimal digits that are equal if paths and contents are."""
    known = {str(path): hashlib.sha256(files[path]).hexdigest() for path in files}
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:12]


def _check_size(files: Mapping[PurePosixPath, bytes], plan: Plan) -> None:
    if sum(map(len, files.values())) <= _MOST_RAW:
        size = _travelling({str(path): content for path, content in files.items()})
        if size <= MOST:
            return
        said = f"{_kib(size)} compressed"
        weights = {path: len(zlib.compress(content)) for path, content in files.items()}
    else:
        weights = {path: len(content) for path, content in files.items()}
        said = _kib(sum(weights.values()))
    heaviest = sorted(weights, key=lambda path: (-weights[path], path))[:3]
    named = ", ".join(f"`{path}` ({_kib(weights[path])})" for path in heaviest)
    raise PackageError(
        "KALE427",
        f"modules and included files come to {said}, and at most {MOST // 1024} KiB travel with a"
        f" package; the heaviest: {named}",
        at=Location(plan.pipeline.path),
        hint="build an image that holds them, starting from `kale image`, put modules into a"
        " distribution of your package index, or data on a volume",
    )


def _travelling(files: Mapping[str, bytes]) -> int:
    """Bytes of files as a container's command carries them."""
    texts = {path: content.decode("latin-1") for path, content in files.items()}
    return len(base64.b64encode(zlib.compress(json.dumps(texts).encode(), 9)))


def _kib(size: int) -> str:
    return f"{size / 1024:.1f} KiB"


def _stale(image: str, plan: Plan) -> Diagnostic:
    return diagnose(
        "KALE429",
        f"the image `{image}` was made of other files than those beside the notebook now; the"
        " present ones travel with the package, and the image's are not seen",
        at=Location(plan.pipeline.path),
        hint="run `kale image` and build the image again; give both commands the same `--include`",
    )
