"""The step runtime as text: what a pod unpacks, and a local run puts beside its notebooks."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from kale.codegen.memo import keep, recall
from kale.codegen.runtime_parts import CONTROL_FLOW, SDK, SHOWN, carried
from kale.codegen.stripped import stripped
from kale.ir import Files

#: The command of every container: unpack the runtime, start it, and clear up. ``argv[1]`` is the
#: runtime, or the digest of that which the executor input tells the place of. What lies in the
#: current folder is for the notebook's code alone, whatever it is called. Python reads it from the
#: command line, so it stays short; it holds no doubled braces.
LOADER = """\
import sys
sys.path = [path for path in sys.path if path]
import base64, hashlib, json, os, re, tempfile, zlib
text, given, step = sys.argv[1:4]
if text[:7] == "sha256:":
    digest, path = text, "no path"
    try:
        file = json.loads(given)["inputs"]["artifacts"]["kale_runtime"]["artifacts"][0]
        path = re.sub("^(gcs|minio|s3)://", r"/\\1/", re.sub("^gs:", "gcs:", file["uri"]))
        if file.get("metadata", {}).get("_kfp_workspace") is True:
            path = "/kfp-workspace/.artifacts" + path
        path = file.get("customPath") or path
        text = open(path, encoding="ascii", errors="replace").read()
        wrong = "another"
    except (KeyError, IndexError, OSError) as error:
        wrong = f"not there ({error!r})"
    if "sha256:" + hashlib.sha256(text.encode()).hexdigest() != digest:
        sys.exit(
            f"kale: step {step}: the step runtime that an earlier task handed on, at {path}, is"
            f" {wrong}. Run the pipeline without cache, so that it is written anew."
        )
with tempfile.TemporaryDirectory(prefix="kale-", ignore_cleanup_errors=True) as root:
    for name, content in json.loads(zlib.decompress(base64.b64decode(text))).items():
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content.encode("latin-1" if name[:11] == "kale_files/" else "utf-8"))
    sys.path.insert(0, root)
    import kale_pod
    kale_pod.BUNDLE = text
    sys.exit(kale_pod.main(*sys.argv[2:]))
"""

#: What only the values of some pipelines go by.
_ON_VOLUME = "kale_pod/on_volume.py"

#: What only the pods of some pipelines are told, and tell.
_TOLD = "kale_pod/told.py"

#: What only the steps of some pipelines log with, and what stands beside containers.
_LOGGED, _SHIM = "kale_pod/logged.py", "kale_pod/sdk_shim.py"
_CONTAINERS = "kale_pod/containers.py"

#: The folder of the package ``kale``.
_KALE = Path(__file__).parent.parent


@functools.lru_cache(maxsize=64)
def emit_runtime(backends: tuple[str, ...] | None = None) -> Files:
    """The files of package ``kale_runtime``: the sources of ``kale.marshal``, stripped.

    ``backends`` are the parts that it holds beside the core, ``None`` for all.
    """
    folder = _KALE / "marshal"
    sources = _sources(folder, PurePosixPath())
    if backends is not None:
        sources = {path: sources[path] for path in carried(sources, backends)}
    return MappingProxyType(
        {
            PurePosixPath("kale_runtime", path): text.encode()
            for path, text in stripped(sources).items()
        }
    )


class LateRuntime(Mapping[PurePosixPath, bytes]):
    """The files of :func:`emit_runtime` as they were written, found when somebody looks at them.

    Nothing is stripped, which takes longer than to start a step. ``digest`` is known before:
    hexadecimal digits that are equal if the files are.
    """

    def __init__(self, backends: tuple[str, ...] | None = None) -> None:
        self._backends = backends
        folder = _KALE / "marshal"
        self._sources = _sources(folder, PurePosixPath())
        texts = {str(path): text for path, text in self._sources.items()}
        known = json.dumps([backends, texts], sort_keys=True)
        self.digest = hashlib.sha256(known.encode()).hexdigest()

    @functools.cached_property
    def _files(self) -> Files:
        sources = self._sources
        found = sources if self._backends is None else carried(sources, self._backends)
        return {PurePosixPath("kale_runtime", path): sources[path].encode() for path in found}

    def __getitem__(self, path: PurePosixPath) -> bytes:
        return self._files[path]

    def __iter__(self) -> Iterator[PurePosixPath]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def bundle(backends: tuple[str, ...] | None, files: Files, *, volume: bool = False) -> str:
    """What :data:`LOADER` unpacks, as :func:`encode` does: runtime, the pod's entry, and files.

    ``backends`` are as for :func:`emit_runtime`, ``volume`` as for :func:`runtime_texts`. A file,
    at its path below the notebook's folder, is a text of its bytes: those of source compress far
    better than in base64.
    """
    texts = dict(runtime_texts(backends, volume=volume))
    for path, content in sorted(files.items()):
        assert not path.is_absolute()
        assert ".." not in path.parts
        texts[f"kale_files/{path}"] = content.decode("latin-1")
    document = json.dumps(texts, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return encode(document) if files else _kept(document)


@functools.lru_cache(maxsize=64)
def _kept(document: bytes) -> str:
    """:func:`encode`, kept from one process to the next for what most packages carry."""
    key = hashlib.sha256(document).hexdigest()
    known = recall("bundles.json")
    if key not in known:
        known = {**dict(list(known.items())[-7:]), key: encode(document)}
        keep("bundles.json", known)
    return known[key]


@functools.lru_cache(maxsize=64)
def runtime_texts(backends: tuple[str, ...] | None, *, volume: bool = False) -> Mapping[str, str]:
    """The stripped modules of packages ``kale_pod`` and ``kale_runtime``, by path.

    ``volume`` is whether values go through one; few pipelines have that.
    """
    texts = {str(path): content.decode() for path, content in emit_runtime(backends).items()}
    pod = _pod_sources()
    if not volume:
        del pod[_ON_VOLUME]
    if backends is not None and {CONTROL_FLOW, SHOWN}.isdisjoint(backends):
        del pod[_TOLD]
    shim = pod.pop(_SHIM)
    if backends is not None and SDK not in backends:
        del pod[_LOGGED], pod[_CONTAINERS]
    else:
        pod["kale_pod/shim/kale/__init__.py"] = "from . import sdk\n"
        pod["kale_pod/shim/kale/sdk/__init__.py"] = shim
        tracking = (_KALE / "sdk" / "tracking.py").read_text("utf-8")
        pod["kale_pod/shim/kale/sdk/tracking.py"] = tracking
    return MappingProxyType({**stripped(pod), **texts})


def text_digest(text: str) -> str:
    """How a container that is handed the runtime says which one it needs."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def installed_digest() -> str:
    """The digest of the runtime of an installed Kale, as ``kale.pod.__main__`` finds it."""
    marshal = _sources(_KALE / "marshal", PurePosixPath())
    texts = {f"kale_runtime/{path}": text for path, text in marshal.items()} | _pod_sources()
    return text_digest(json.dumps(texts, sort_keys=True))


def _pod_sources() -> dict[str, str]:
    """The modules of package ``kale_pod``; its ``__main__`` is for an installed Kale alone."""
    pod = _sources(_KALE / "pod", PurePosixPath())
    return {f"kale_pod/{path}": text for path, text in pod.items() if path.name != "__main__.py"}


def _sources(folder: Path, path: PurePosixPath) -> dict[PurePosixPath, str]:
    """The text of each module of a package and its sub-packages, sorted by name."""
    found: dict[PurePosixPath, str] = {}
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".py"):
            found[path / entry.name] = entry.read_text("utf-8")
        elif entry.joinpath("__init__.py").is_file():
            found |= _sources(entry, path / entry.name)
    return found


@functools.lru_cache(maxsize=1024)
def encode(content: bytes) -> str:
    """``content`` compressed, as base64: text that neither Argo nor KFP's launcher touches."""
    return base64.b64encode(zlib.compress(content, 9)).decode("ascii")
