"""A step that is a container of any image: in KFP a task, here a run of Docker or Podman.

For the lowering: the object stays in the module's code (``Pipeline.functions``) and the import of
the class with it. A call is a step whose source is that statement, so that ``kale run`` does what
plain Python does; ``Step.container`` says the same for KFP, and ``Step.shown`` has the types of
its outputs, ``str`` too. :func:`typed` and :func:`faults` read and check what stands in the file.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

#: What stands in a command for a value: ``{inputs.NAME}``, ``{inputs.NAME.path}`` or
#: ``{outputs.NAME.path}``. Other braces are text.
PLACEHOLDER = re.compile(r"\{(inputs|outputs)\.([^{}.]*)((?:\.[^{}.]*)?)\}")

#: The types that values may have: a text is what it is, of the others there is the JSON.
TYPES: Mapping[type, str] = {
    str: "str",
    int: "int",
    float: "float",
    bool: "bool",
    list: "list",
    dict: "dict",
}

Ports = Sequence[str] | Mapping[str, type]

#: Where the container finds the files of its values.
_MOUNT = "/kale"


class ContainerStep:
    """A container to be called in the body of a pipeline, as a step is.

    ::

        fetch = ContainerStep(
            name="fetch",
            image="curlimages/curl:8.10.1",
            command=["curl", "-sSf"],
            args=["-o", "{outputs.page.path}", "{inputs.url}"],
            inputs={"url": str},
            outputs={"page": str},
        )

        @pipeline(name="pages")
        def pages(u="https://example.com"):
            page = fetch(url=u)

    It is made once, at the top level of the file, of literals. ``command`` replaces what the image
    runs, ``args`` what it gives to that; each is a list of texts, and no shell reads them. In them,
    ``{inputs.NAME}`` stands for the value of an input, ``{inputs.NAME.path}`` for a file that holds
    it, and ``{outputs.NAME.path}`` for the file that the container writes an output to. ``inputs``
    and ``outputs`` are the names, in order; a dictionary maps them to their types, which are
    ``str``, ``int``, ``float``, ``bool``, ``list`` and ``dict``; those of a list are ``str``. A
    text goes in and comes out as it is, in UTF-8; the others as JSON.

    A call takes the inputs by position or by name, all of them. It gives ``None`` where there is no
    output, the value of one, and a tuple of several. ``name`` is by default the variable's. The
    further options are those of a step.

    Called in plain Python, and by ``kale run``, it runs with ``docker`` or ``podman``, whichever is
    on PATH. It does not see the files of this machine.

    Raises:
        ValueError: there is no image, a name is none, or a placeholder names what there is not.
    """

    def __init__(
        self,
        *,
        image: str,
        name: str = "",
        command: Sequence[str] = (),
        args: Sequence[str] = (),
        inputs: Ports = (),
        outputs: Ports = (),
        env: Mapping[str, str] | None = None,
        **_options: Any,
    ) -> None:
        self.name, self.image, self.env = name, image, dict(env or {})
        self.command, self.args = tuple(command), tuple(args)
        self.inputs, self.outputs = typed(inputs), typed(outputs)
        for fault in faults(image, (*self.command, *self.args), self.inputs, self.outputs):
            raise ValueError(f"container step {name or image!r}: {fault}")

    def __call__(self, *values: Any, **named: Any) -> Any:
        """Run the container and wait for it; the values of its outputs.

        Raises:
            TypeError: an input is missing, or there is one too many, or of another type.
            RuntimeError: neither Docker nor Podman is there, the container failed, or it left an
                output out.
        """
        texts = {name: as_text(value) for name, value in self._bound(values, named).items()}
        with _folder() as folder:
            _run(self._who, self._command(texts, Path(folder)))
            found = [self._output(Path(folder), name) for name in self.outputs]
        return (*found,) if len(found) > 1 else found[0] if found else None

    @property
    def _who(self) -> str:
        return f"container step `{self.name or self.image}`"

    def _bound(self, values: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
        """The value of each input."""
        names = [*self.inputs]
        given = {**dict(zip(names, values, strict=False)), **named}
        twice = named.keys() & {*names[: len(values)]}
        if len(values) > len(names) or twice or given.keys() != self.inputs.keys():
            wanted = ", ".join(f"`{name}`" for name in names) or "no inputs"
            raise TypeError(f"{self._who} takes {wanted}, each once")
        for name, value in given.items():
            if not _fits(value, self.inputs[name]):
                kind = type(value).__qualname__
                raise TypeError(
                    f"{self._who}: input `{name}` is a {kind}, not {self.inputs[name]}; convert it"
                )
        return given

    def _command(self, texts: Mapping[str, str], folder: Path) -> list[str]:
        """The command line; the files of the inputs are written."""
        for kind in ("inputs", "outputs"):
            made = folder / kind
            made.mkdir()
            made.chmod(0o777)  # whoever the container runs as
        folder.chmod(0o755)
        for name, text in texts.items():
            (folder / "inputs" / name).write_text(text, encoding="utf-8", newline="")
        engine = shutil.which("docker") or shutil.which("podman")
        if engine is None:
            raise RuntimeError(
                f"{self._who} needs Docker or Podman, and neither `docker` nor `podman` is on PATH;"
                " install one of them"
            )

        def fill(match: re.Match[str]) -> str:
            return f"{_MOUNT}/{match[1]}/{match[2]}" if match[3] else texts[match[2]]

        command = [PLACEHOLDER.sub(fill, text) for text in self.command]
        args = [PLACEHOLDER.sub(fill, text) for text in self.args]
        entry = ["--entrypoint", command[0]] if command else []
        env = [word for item in self.env.items() for word in ("--env", "=".join(item))]
        return [
            engine, "run", "--rm", "--name", f"kale-{uuid.uuid4().hex[:12]}",
            "--volume", f"{folder}:{_MOUNT}", *env, *entry, self.image,
            *command[1:], *args,
        ]  # fmt: skip

    def _output(self, folder: Path, name: str) -> Any:
        path = folder / "outputs" / name
        if not path.is_file():
            raise RuntimeError(
                f"{self._who} left no output `{name}`; it has to write it to the file"
                f" {{outputs.{name}.path}}"
            )
        kind = self.outputs[name]
        try:
            text = path.read_bytes().decode()
        except (OSError, UnicodeDecodeError) as error:  # whoever the container ran as wrote it
            raise RuntimeError(f"{self._who}: output `{name}` cannot be read: {error}") from None
        try:
            value = from_text(text, kind)
        except ValueError:
            raise RuntimeError(
                f"{self._who}: output `{name}` is no {kind} in JSON: {text[:60]!r}"
            ) from None
        return value


def _folder() -> tempfile.TemporaryDirectory[str]:
    """A folder for the files of a container, which may leave some that are not ours to remove."""
    return tempfile.TemporaryDirectory(prefix="kale-container-", ignore_cleanup_errors=True)


def typed(ports: Ports) -> dict[str, str]:
    """The inputs or outputs in order, each with the name of its type; ``?`` for any other type."""
    if isinstance(ports, Mapping):
        return {name: TYPES.get(kind, "?") for name, kind in ports.items()}
    return dict.fromkeys(ports, "str")


def faults(
    image: str, texts: Iterable[str], inputs: Mapping[str, str], outputs: Mapping[str, str]
) -> Iterator[str]:
    """What is wrong with a container step, in words; ``texts`` are its command and arguments."""
    if not image or image.startswith("-"):
        yield f"{image!r} is no image"
    for name, kind in (*inputs.items(), *outputs.items()):
        if not (name.isidentifier() and name.isascii()):
            yield f"{name!r} is no name of an input or output; use letters, digits and _"
        elif kind not in TYPES.values():
            yield f"`{name}` has to be one of {', '.join(TYPES.values())}"
    for name in inputs.keys() & outputs.keys():
        yield f"`{name}` is an input and an output; rename one"
    for text in texts:
        for match in PLACEHOLDER.finditer(text):
            known = inputs if match[1] == "inputs" else outputs
            if match[2] not in known:
                names = ", ".join(f"`{name}`" for name in known) or "none"
                yield f"{match[0]} names no {match[1][:-1]}; there are: {names}"
            elif match[3] not in ([".path"] if match[1] == "outputs" else ["", ".path"]):
                yield f"{match[0]} is no placeholder; write {{{match[1]}.{match[2]}.path}}"


def as_text(value: Any) -> str:
    """A value as a container gets it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def from_text(text: str, kind: str) -> Any:
    """The value of that type that a container's text stands for.

    Raises:
        ValueError: it stands for none.
    """
    if kind == "str":
        return text
    value = json.loads(text)
    if kind == "float" and type(value) is int:
        return float(value)
    if not _fits(value, kind):
        raise ValueError(kind)
    return value


def _fits(value: Any, kind: str) -> bool:
    known = {name: kind for kind, name in TYPES.items()}
    if isinstance(value, bool):
        return kind == "bool"
    return isinstance(value, int | float if kind == "float" else known[kind])


def _run(who: str, command: Sequence[str]) -> None:
    """Run a container; what it prints is printed as it comes."""
    with subprocess.Popen(  # noqa: S603 - no shell; the command is the author's
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                sys.stdout.write(line)
        except BaseException:
            # The engine's own process can be killed and leave the container behind.
            name = command[command.index("--name") + 1]
            subprocess.run([command[0], "kill", name], capture_output=True, check=False)  # noqa: S603
            raise
    if process.returncode:
        engine = Path(command[0]).name
        raise RuntimeError(
            f"{who} failed: `{engine} run` ended with status {process.returncode}; see what it"
            " printed above"
        )
