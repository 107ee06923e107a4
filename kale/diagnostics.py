"""The catalogue of codes: one row a code, with its meaning, an example and the remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from kale.errors import KaleError, Location


class Severity(Enum):
    """How much a finding matters: an error refuses the notebook, the others do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a code means, for ``--explain`` and the documentation."""

    code: str
    severity: Severity
    title: str
    meaning: str
    example: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: what is wrong, where, and what to do about it."""

    code: str
    severity: Severity
    message: str
    at: Location | None = None
    hint: str = ""

    def as_json(self) -> dict[str, Any]:
        """The finding as JSON values; absent parts of the place are ``None``."""
        at = self.at
        return {
            "code": self.code,
            "severity": self.severity.value,
            "message": self.message,
            "path": at.path if at else None,
            "cell": at.cell if at else None,
            "cell_id": at.cell_id if at else None,
            "line": at.line if at else None,
            "column": at.column if at else None,
            "step": at.step if at else None,
            "hint": self.hint,
        }


def diagnose(code: str, message: str, *, at: Location | None = None, hint: str = "") -> Diagnostic:
    """A finding with the severity that the catalogue gives its code."""
    return Diagnostic(code, CATALOGUE[code].severity, message, at, hint)


def from_error(error: KaleError) -> tuple[Diagnostic, ...]:
    """The findings that an error stands for, one for each of its parts."""
    return tuple(
        Diagnostic(part.code, Severity.ERROR, part.message, part.at, part.hint)
        for part in error.parts()
    )


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate spelled most like ``word``, or ``None`` when none is close."""
    matches = difflib.get_close_matches(word, sorted(set(candidates)), n=1, cutoff=0.6)
    return matches[0] if matches else None


_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTICE

#: Codes in ascending order: 0xx files, 1xx tags and metadata, 2xx graph, 3xx names and
#: values, 4xx the Kubeflow package, 5xx runs.
_RULES = (
    # -- 0xx: files and options
    Rule(
        "KALE001",
        _E,
        "no such notebook",
        "The path given is not a file that can be read.",
        "kale run titanik.ipynb",
        "Check the spelling of the path, and that you may read the file.",
    ),
    Rule(
        "KALE002",
        _E,
        "not text",
        "A notebook is a text file in UTF-8, and this file is not.",
        "kale run picture.png",
        "Give a notebook; one of another encoding must be saved again as UTF-8.",
    ),
    Rule(
        "KALE003",
        _E,
        "not JSON",
        "A notebook is JSON, and this file is not, or not any more.",
        "a notebook with the marks of a merge conflict",
        "Restore the file, or resolve the conflict; the message gives line and column.",
    ),
    Rule(
        "KALE004",
        _E,
        "not a notebook",
        "The file is JSON, but not of the form of a notebook.",
        "kale run package.json",
        "Give a `.ipynb` file as Jupyter saves it.",
    ),
    Rule(
        "KALE005",
        _E,
        "unknown notebook format",
        "Kale reads notebooks of nbformat 3 and 4.",
        '"nbformat": 2',
        "Open the notebook in Jupyter and save it.",
    ),
    Rule(
        "KALE006",
        _E,
        "another language",
        "The notebook says that its language is not Python.",
        '"kernelspec": {"name": "ir", "language": "R"}',
        "Give a notebook with a Python kernel.",
    ),
    Rule(
        "KALE007",
        _E,
        "no cells",
        "The notebook is empty.",
        '"cells": []',
        "Write code into cells and tag them.",
    ),
    Rule(
        "KALE008",
        _E,
        "no step",
        "No code cell has a `block:NAME` tag, so there is nothing to make steps of.",
        "a notebook as it was before anybody tagged it",
        "Tag the first cell of each part `block:NAME`, and `prev:NAME` for what runs before it.",
    ),
    Rule(
        "KALE009",
        _E,
        "syntax error",
        "A cell is neither Python nor IPython, so no step could run it.",
        "print 'hello'",
        "Correct the line, or tag the cell `skip`.",
    ),
    Rule(
        "KALE010",
        _E,
        "unknown setting",
        "A setting was given that Kale does not know.",
        "[tool.kale] pipline_name",
        "Check the spelling; the message lists the settings.",
    ),
    Rule(
        "KALE011",
        _E,
        "output folder cannot be written",
        "The folder for the files that Kale writes cannot be made or written.",
        "kale compile nb.ipynb -o /proc",
        "Name another folder with -o.",
    ),
    Rule(
        "KALE012",
        _E,
        "project file is not TOML",
        "The nearest pyproject.toml with a table [tool.kale] cannot be parsed.",
        "[tool.kale]\n    docker_image = ",
        "Correct the file, or take the table away.",
    ),
    Rule(
        "KALE013",
        _E,
        "wrong setting in the project file",
        "The table [tool.kale] holds a key that is no setting, or a value that is not text.",
        '[tool.kale]\n    docker_imag = "python:3.12"',
        "Correct the key, or write the value in quotes.",
    ),
    Rule(
        "KALE014",
        _E,
        "deploying is not built in",
        "This version compiles pipelines; the script that it writes uploads and runs them.",
        "kale --nb nb.ipynb --deploy",
        "Compile, then run python NAME.kfp.py --deploy --host URL.",
    ),
    # -- 1xx: tags, metadata, parameters
    Rule(
        "KALE101",
        _E,
        "malformed tag",
        "The tag looks like one of Kale's, but is none. Tags of other tools are left alone; "
        "this one is so near to a right one that it must be an error of typing.",
        "blok:train, prev train, prev:a:b, limit:",
        "Write it as the message offers.",
    ),
    Rule(
        "KALE102",
        _E,
        "malformed step name",
        "A step's name is made of lower-case letters and digits in words joined by `-` or "
        "`_`, at most 63 characters.",
        "block:Train Model",
        "Write it as the message offers, as in `block:train-model`.",
    ),
    Rule(
        "KALE103",
        _N,
        "untagged cells became a step",
        "Code before the first tagged cell belongs to no step, so it became one, `setup`, "
        "which runs before all others.",
        "a first cell `import pandas as pd` without a tag",
        "Tag the cells `imports`, `skip` or `block:NAME`.",
    ),
    Rule(
        "KALE104",
        _E,
        "contradictory tags",
        "A cell is one thing: of a step, `imports`, `functions`, `pipeline-parameters`, "
        "`pipeline-metrics` or `skip`.",
        "imports and block:train on one cell",
        "Keep one of the tags, or split the cell.",
    ),
    Rule(
        "KALE105",
        _E,
        "reserved step name",
        "`pipeline-metrics` and, when untagged cells come first, `setup` are names of steps "
        "that Kale makes.",
        "block:pipeline-metrics",
        "Rename the step.",
    ),
    Rule(
        "KALE106",
        _E,
        "option set twice",
        "Tags of one step give an option two different values.",
        "limit:cpu:1 and limit:cpu:2 on two cells of step `train`",
        "Keep one of the tags.",
    ),
    Rule(
        "KALE107",
        _N,
        "tag without effect",
        "`prev:` and options belong to a step, and this cell is of none.",
        "prev:load on a cell tagged `imports`",
        "Remove the tag, or put it on a cell of a step.",
    ),
    Rule(
        "KALE108",
        _E,
        "nested notebook",
        "A `notebook:NAME` tag stands for another notebook, which is not supported yet.",
        "notebook:features",
        "Copy that notebook's cells into this one and tag them.",
    ),
    Rule(
        "KALE109",
        _E,
        "impossible value",
        "Kubernetes would refuse the value of an option.",
        "limit:memory:2GB",
        "Correct the value as the message says.",
    ),
    Rule(
        "KALE110",
        _E,
        "malformed notebook metadata",
        "A setting in the notebook metadata is not of the type that it must have.",
        '"kubeflow_notebook": {"volumes": "none"}',
        "Correct it in the notebook's metadata, or remove it.",
    ),
    Rule(
        "KALE111",
        _W,
        "metadata without effect",
        "Settings that earlier versions of Kale acted on, or that none ever knew, have no "
        "effect here.",
        '"kubeflow_notebook": {"katib_run": true}',
        "Remove them, or see to them in another way.",
    ),
    Rule(
        "KALE112",
        _E,
        "no name for the pipeline",
        "The title holds no letter or digit that the pipeline's name could keep.",
        "数据.ipynb",
        "Give a name with `--pipeline_name`, or in the notebook metadata.",
    ),
    Rule(
        "KALE113",
        _E,
        "not a parameter",
        "A `pipeline-parameters` cell holds assignments of literals, and nothing else. An "
        "untagged cell below it is part of it.",
        "rate = 1 / 3 in a cell tagged `pipeline-parameters`",
        "Move the statement to a cell of its own, tagged `block:NAME`, `imports` or `functions`.",
    ),
    Rule(
        "KALE114",
        _E,
        "parameter that JSON would change",
        "Parameters travel as JSON, which has no tuples, sets, bytes or infinities, and whose "
        "keys are text.",
        "sizes = (32, 64)",
        "Use a list, a dict with text keys, or compute the value in a step.",
    ),
    Rule(
        "KALE115",
        _E,
        "parameter assigned twice",
        "Which of the two values is the default, nobody can tell.",
        "seed = 1 and, further down, seed = 2",
        "Keep one of the two assignments.",
    ),
    Rule(
        "KALE116",
        _E,
        "type of a parameter",
        "A parameter is a `str`, `int`, `float`, `bool`, `list` or `dict`, and its value must "
        "be of the type declared.",
        "trees: int = 1.5",
        "Correct the declaration, or the value.",
    ),
    Rule(
        "KALE118",
        _E,
        "malformed tags",
        "The `tags` of a cell are no list of texts.",
        '"tags": "block:train"',
        'Write `"tags": ["block:train"]`.',
    ),
    # -- 2xx: the graph of steps
    Rule(
        "KALE200",
        _E,
        "unknown step",
        "A `prev:` tag names a step that no cell is tagged with.",
        "prev:laod",
        "Check the spelling; the message lists the steps.",
    ),
    Rule(
        "KALE201",
        _N,
        "step order inferred from data",
        "A step reads a value whose last writer in the notebook's order it did not wait for. Kale "
        "adds the edge.",
        "block:plot reads df of block:load without prev:load",
        "Add the prev: tag that the message offers.",
    ),
    Rule(
        "KALE202",
        _E,
        "steps wait for each other",
        "The `prev:` tags lead from a step back to itself, so none of these steps could start.",
        "prev:b on step `a`, and prev:a on step `b`",
        "Remove one of the tags.",
    ),
    Rule(
        "KALE203",
        _E,
        "two names alike",
        "Kubernetes knows no `_`: two steps would have the same name there.",
        "block:train_model and block:train-model",
        "Rename one of the steps.",
    ),
    Rule(
        "KALE210",
        _E,
        "two unordered writers",
        "Two steps that may run at the same time both write a name that a later step reads.",
        "block:a and block:b both assign score; block:c, prev:a;b, reads it",
        "Order the two steps with prev:, or use two names.",
    ),
    Rule(
        "KALE211",
        _E,
        "value comes from a later step",
        "A step reads a value that, by the steps' order, is made only after it ran.",
        "block:b assigns x above block:a, which reads it, and b has prev:a",
        "Move the cell, or take the prev: away.",
    ),
    Rule(
        "KALE212",
        _E,
        "interleaved cells",
        "A step's cells stand on both sides of another step's cell, and both sides and the cell "
        "between them use one name in an order that running the steps whole cannot keep.",
        "cell 1 (a): x = 1; cell 2 (b): y = x; cell 3 (a): x = 2",
        "Put the step's cells together, or make the later ones a step of their own.",
    ),
    Rule(
        "KALE213",
        _E,
        "shared cell redefines a used name",
        "A cell tagged imports or functions sets a name that a cell above it already used with "
        "another meaning. Shared cells run at the head of every step.",
        "cell 2 uses clean(), cell 5 (functions) defines clean() anew",
        "Move the shared cell up, or use another name.",
    ),
    Rule(
        "KALE214",
        _E,
        "parameter assigned before it is declared",
        "A shared cell above the parameters assigns a parameter's name; in a step the parameters "
        "come first.",
        "cell 1 (imports): alpha = 1; cell 2 (pipeline-parameters): alpha = 2",
        "Take one of the two assignments away.",
    ),
    Rule(
        "KALE215",
        _E,
        "step uses a metrics cell's value",
        "Metrics cells run when the pipeline ends, so no step can use what they set.",
        "cell 7 (pipeline-metrics): best = max(a, b); cell 8 (report): print(best)",
        "Compute the value in a step.",
    ),
    # -- 3xx: names and values
    Rule(
        "KALE301",
        _E,
        "undefined name",
        "A step reads a name that neither it nor anything before it defines.",
        "print(totl), where only total is defined",
        "Correct the spelling, or define the name in an earlier step or a shared cell.",
    ),
    Rule(
        "KALE302",
        _E,
        "IPython history",
        "A step reads IPython's memory of another cell (_, Out, In); every step starts without.",
        "best = _",
        "Give the value a name where it is computed.",
    ),
    Rule(
        "KALE303",
        _W,
        "undefined name in code that may not run",
        "A name that nothing defines stands in a function that no step is sure to call.",
        "def report(): print(totl)",
        "Correct the spelling, or define the name.",
    ),
    Rule(
        "KALE304",
        _E,
        "shared cell needs a step's value",
        "Cells tagged imports or functions run at the head of every step, before any value of a "
        "step is there.",
        "imports: columns = df.columns",
        "Tag the cell with the block: that it belongs to.",
    ),
    Rule(
        "KALE305",
        _E,
        "code changed in place",
        "A step changes an attribute of a function or class that a later step uses. Code reaches "
        "a step as it was defined.",
        "Config.rate = 0.1 in one step, Config.rate read in the next",
        "Keep what changes in a variable or an instance.",
    ),
    Rule(
        "KALE306",
        _E,
        "deleted name",
        "A step reads a name that an earlier cell deletes.",
        "del df in block:clean, df.head() in block:plot",
        "Define the name again, or delete it after its last use.",
    ),
    Rule(
        "KALE310",
        _W,
        "star import",
        "from m import * binds names that cannot be seen in the notebook, so misspelt names are "
        "found only when a step runs.",
        "from numpy import *",
        "Import the names that are used.",
    ),
    Rule(
        "KALE320",
        _W,
        "module settings changed in a step",
        "A step changes a module's settings; later steps run in processes of their own.",
        'plt.rcParams["figure.dpi"] = 200 in block:load',
        "Make the change in a cell tagged imports.",
    ),
    # -- 4xx: the Kubeflow Pipelines package
    Rule(
        "KALE401",
        _E,
        "steps collide in Kubernetes",
        "Two step names are the same once Kubernetes has its way with them: lower case, "
        "dashes for all else.",
        "block:train_model and block:train-model",
        "Rename one of the steps.",
    ),
    Rule(
        "KALE402",
        _E,
        "step name too long",
        "Kubeflow Pipelines adds to a step's name, and Argo takes 128 characters in all.",
        "block:train-the-model-that-…",
        "Shorten the name to 121 characters.",
    ),
    Rule(
        "KALE403",
        _E,
        "no name for a Kubeflow pipeline",
        "Kubeflow Pipelines takes 1 to 128 lower-case letters, digits and dashes, and no "
        "dash at the start.",
        "kale compile iris.ipynb --pipeline-name 'My Pipeline'",
        "Choose such a name; the title may be any text.",
    ),
    Rule(
        "KALE404",
        _E,
        "no quantity",
        "Kubernetes could not read the amount of a resource.",
        "limit:memory:4 gigabytes",
        "Write cpu as 2, 0.5 or 500m, memory as 512Mi, 1.5Gi or 2G, accelerators as a "
        "whole number.",
    ),
    Rule(
        "KALE405",
        _E,
        "accelerators that cannot be had",
        "A step of a package has one kind of accelerator, and Kubernetes wants its "
        "request and limit equal.",
        "limit:nvidia.com/gpu:1 and limit:amd.com/gpu:1",
        "Keep one kind and its limit alone, or split the step.",
    ),
    Rule(
        "KALE406",
        _E,
        "text that a package cannot carry",
        "Argo expands doubled braces in all that makes up a pod; YAML cannot hold half "
        "of a surrogate pair, nor a pod a NUL.",
        "env:TEMPLATE={{name}}",
        "Build the text in a cell: code travels encoded and arrives as it was written.",
    ),
    Rule(
        "KALE407",
        _W,
        "a large step",
        "A step's container travels as one argument of a process. Up to 120 KiB Linux "
        "takes it; older clusters wrap it once more.",
        "a cell that holds a data set as a literal",
        "Read data from a file; move code into a module of the image.",
    ),
    Rule(
        "KALE408",
        _E,
        "a step too large for a cluster",
        "Linux refuses a process argument of 128 KiB, and a step's container travels as one.",
        "a cell that holds a data set as a literal",
        "Read data from a file; move code into a module of the image.",
    ),
    Rule(
        "KALE409",
        _W,
        "a resource without a field",
        "Kubeflow Pipelines can ask for cpu, memory and one kind of accelerator, and for "
        "nothing else.",
        "limit:ephemeral-storage:10Gi",
        "Set it for the namespace, with a LimitRange, or drop the tag.",
    ),
    Rule(
        "KALE410",
        _N,
        "a default kept in the notebook",
        "Kubeflow Pipelines holds numbers as doubles and expands doubled braces. A "
        "default that would not arrive as it is stays in the steps' notebooks and out of "
        "the package's form.",
        "seed = 2**53 + 1, written as 9007199254740993",
        "Nothing to do; the steps use the default as it was written.",
    ),
    Rule(
        "KALE411",
        _W,
        "a large pipeline",
        "A run holds the containers of all steps in one object of Kubernetes, whose database takes "
        "1.5 MiB.",
        "a pipeline of 100 steps",
        "Merge small steps into one; move code into a module of the image.",
    ),
    # -- 5xx: runs
    Rule(
        "KALE501",
        _E,
        "no such pipeline parameter",
        "A value was given for a parameter that the notebook does not have.",
        "kale run titanic.ipynb -p alhpa=0.5",
        "Check the spelling; parameters are what cells tagged `pipeline-parameters` assign.",
    ),
    Rule(
        "KALE502",
        _E,
        "malformed parameter",
        "A parameter on the command line is not of the form NAME=VALUE, or is given twice.",
        "kale run titanic.ipynb -p alpha",
        "Write it like `-p alpha=0.5`, once for each parameter.",
    ),
    Rule(
        "KALE503",
        _E,
        "parameter of another type",
        "The value given for a parameter is not of the type that its default has.",
        "kale run titanic.ipynb -p trees=1.5",
        "Strings are written as they are, values of any other type as JSON.",
    ),
    Rule(
        "KALE504",
        _E,
        "run directory cannot be used",
        "A run writes its files into a folder of its own, which must be new or empty.",
        "kale run titanic.ipynb --run-dir results",
        "Name a folder that does not exist yet, or leave the option out.",
    ),
    Rule(
        "KALE505",
        _W,
        "the notebook's kernel is not installed",
        "The notebook names a kernel that is not installed here; its steps ran in `python3`.",
        '"kernelspec": {"name": "my-env"}',
        "Install the kernel with `python -m ipykernel install --name my-env`, or choose another.",
    ),
    Rule(
        "KALE506",
        _E,
        "no step may run",
        "The number of steps that may run at the same time is less than one.",
        "kale run titanic.ipynb -j 0",
        "Give one or more, or leave the option out.",
    ),
)

#: Every code that Kale prints, by code.
CATALOGUE = {rule.code: rule for rule in _RULES}
