"""The lines of the script: a text with marks in it, and what is put in the place of the marks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from kale.codegen.literals import python_layout, python_literal
from kale.ir import Pipeline

_MARK = "#% "


def fill(text: str, blocks: Mapping[str, Sequence[str]]) -> str:
    """``text`` with the lines of a block in the place of each line ``#% NAME``.

    What stands between ``#% if NAME`` and ``#% end`` is left out where the block has no lines.
    """
    return "".join(f"{line}\n" for line in _filled(text, blocks))


def _filled(text: str, blocks: Mapping[str, Sequence[str]]) -> Iterator[str]:
    kept = [True]
    for line in text.splitlines():
        words = line.removeprefix(_MARK) if line.startswith(_MARK) else ""
        if words == "end":
            kept.pop()
        elif words.startswith("if "):
            kept.append(kept[-1] and bool(blocks[words.removeprefix("if ")]))
        elif kept[-1]:
            yield from blocks[words] if words else (line,)


def literals(indent: int, values: Iterable[Any], *, end: str = ",") -> list[str]:
    """A line for each value."""
    before = " " * indent
    return [f"{before}{python_literal(value)}{end}" for value in values]


def usage_lines(name: str) -> list[str]:
    """How the script is called; a pipeline's name has nothing that could end a text."""
    calls = {
        f"python {name}.kfp.py                     ": f"write {name}.yaml into the current folder",
        f"python {name}.kfp.py --deploy --host URL ": "upload it too, and run it",
    }
    return [f"    {call}   {what}" for call, what in calls.items()]


def run_option_lines(pipeline: Pipeline) -> Iterator[str]:
    """The options that have their defaults from the notebook."""
    for option, default, what in (
        ("--experiment", pipeline.experiment, "the experiment of the run"),
        ("--service-account", pipeline.service_account, "the service account of its pods"),
    ):
        literal = python_literal(default or None)
        yield f'    parser.add_argument("{option}", default={literal}, help="{what}")'


def imports_line(names: Mapping[str, str], *, kubernetes: bool) -> str:
    """The names of the SDK."""
    words = ("dsl", "kubernetes") if kubernetes else ("dsl",)
    found = (word if names[word] == word else f"{word} as {names[word]}" for word in words)
    return f"    from kfp import Client, {', '.join(found)}"


def exit_line(*, kubernetes: bool) -> str:
    """What is said where the SDK is missing."""
    needs = "kfp kfp-kubernetes" if kubernetes else "kfp"
    return f'    sys.exit(f"{{error}}; this script needs more: pip install {needs}")'


def container_lines(name: str, dsl: str, *, carried: bool) -> list[str]:
    """The function that makes a step's container."""
    more = ", carries=False" if carried else ""
    command = '["python3", "-c", LOADER, RUNTIME if carries else DIGEST]'
    about = "The container of a step; its name keeps apart the ports of containers that are alike."
    place = f"{dsl}.PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER"
    return [
        f"def {name}(image, step, *code{more}):",
        f'    """{about}"""',
        f"    return {dsl}.ContainerSpec(",
        "        image=image,",
        f"        command={command if carried else '[*COMMAND]'},",
        f"        args=[{place}, step, *code],",
        "    )",
    ]


def shared_lines(cells: Iterable[Mapping[str, Any]]) -> list[str]:
    """The cells that all steps begin with."""
    lines = [line for cell in cells for line in _cell(cell)]
    if not lines:
        return []
    about = "# The cells with imports and functions, which all steps begin with"
    return ["", "", about, "", "SHARED = (", *lines, ")"]


def step_lines(step: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    """A step's notebook and its component."""
    yield from ("", "")
    notebook = step["notebook"]
    if notebook:
        yield from (f"# Step {step['key']}", "")
        yield from _notebook(notebook)
    elif step["command"] is None:
        yield "# A task that hands all others the runtime"
    else:
        yield f"# Container {step['key']}"
    yield from ("", "", f"@{names['dsl']}.container_component")
    yield f"@named({python_literal(step['key'])})"
    yield from called(f"def {step['function']}", step["ports"], 0, ":")
    if step["command"] is not None:
        yield f"    return {names['dsl']}.ContainerSpec("
        yield f"        image={python_literal(step['image'])},"
        for part, texts in (("command", step["command"]), ("args", step["words"])):
            if texts:
                yield f"        {part}={python_layout(list(texts), 8, part)},"
        yield "    )"
        return
    yield f"    return {names['container']}("
    yield from literals(8, (step["image"], step["name"]))
    if notebook:
        yield f"        {notebook['name']},"
    yield from literals(8, step["words"])
    if step["carries"]:
        yield "        carries=True,"
    yield "    )"


def pipeline_lines(
    pipeline: Pipeline,
    dsl: str,
    parameters: Sequence[str],
    more: Sequence[str] = (),
) -> list[str]:
    """The head of the pipeline's function: its parameters, ``more`` about it."""
    texts = {"description": pipeline.description, "display_name": pipeline.title}
    about = [f"    {name}={python_literal(text)}," for name, text in texts.items() if text]
    lines = ["", "", f"@{dsl}.pipeline(", "    name=NAME,", *about, *more, ")"]
    return [*lines, *called("def pipeline", parameters, 0, ":")]


def call_lines(step: Mapping[str, Any], indent: int) -> Iterator[str]:
    """The call of a step's component, and of the methods of what it returns."""
    yield from called(f"{step['assignment']}{step['function']}", step["arguments"](), indent, "")
    yield from (f"{' ' * indent}{call}" for call in step["calls"])


def called(name: str, arguments: Sequence[str], indent: int, end: str) -> Iterator[str]:
    """A call, or the head of a function: each argument on a line of its own."""
    before = " " * indent
    if not arguments:
        yield f"{before}{name}(){end}"
        return
    yield f"{before}{name}("
    yield from (f"{before}    {argument}," for argument in arguments)
    yield f"{before}){end}"


def _notebook(notebook: Mapping[str, Any]) -> Iterator[str]:
    yield f"{notebook['name']} = notebook("
    yield f"    {python_literal(notebook['kernel'])},"
    yield "    {"
    for key, value in notebook["kale"].items():
        name = python_literal(key)
        yield f"        {name}: {python_layout(value, 8, name)},"
    yield "    },"
    for cell in notebook["cells"]:
        yield from ["    *SHARED,"] if cell is None else _cell(cell)
    yield ")"


def _cell(cell: Mapping[str, Any]) -> list[str]:
    about = f"        {python_literal(cell['about'])},"
    return ["    (", about, "        [", *literals(12, cell["lines"]), "        ],", "    ),"]
