"""``kale import``: the cells and tags that a script becomes, and what has no cell."""

from __future__ import annotations

import json
from textwrap import dedent

import pytest

from kale.conversion.to_notebook import import_script
from kale.errors import KaleError

STEPS = """
from kale.sdk import ContainerStep, exit_handler, parallel, pipeline, step


@step
def make(n=3):
    return list(range(n))


@step(name="square", limits={"cpu": "2"})
def squared(x):
    return x * x


@step
def show(*values):
    print(*values)


box = ContainerStep(image="alpine", command=["echo", "hi"])
"""


@pytest.fixture
def imported(tmp_path):
    """The notebook of a pipeline whose body this is, as a document."""

    def build(body, head="@pipeline\ndef p(n=3, rate: float = 1):", steps=STEPS):
        path = tmp_path / "script.py"
        lines = dedent(body).strip("\n").split("\n")
        text = "\n".join([steps, "", head, *(f"    {line}" for line in lines)])
        path.write_text(text + "\n", encoding="utf-8")
        return json.loads(import_script(path))

    return build


def steps_of(document):
    """The tags and the code of the cells of steps, a line a step."""
    found = []
    for cell in document["cells"]:
        tags = cell["metadata"].get("tags", ())
        if tags and tags[0].startswith("block:"):
            found.append(" ".join(f"[{tag}]" for tag in tags))
        if found and not cell["source"].startswith("def "):
            found[-1] += f" {cell['source']}"
    return found


def test_the_cells_of_a_script(imported):
    document = imported(
        "show(make(n))",
        head='@pipeline(name="My pipe", experiment="e", marshal_volume=True)\n'
        'def p(n=3, rate: float = 1, k: int = None):\n    """What it does."""',
        steps='"""A title.\n\nMore of it.\n"""\nimport math\n' + STEPS,
    )
    kinds = [
        (cell["cell_type"], *cell["metadata"].get("tags", ())[:1]) for cell in document["cells"]
    ]
    assert [kind for kind in kinds if kind not in {("code",), ("code", "functions")}] == [
        ("markdown",),
        ("code", "imports"),
        ("code", "pipeline-parameters"),
        ("code", "block:make"),
        ("code", "block:show"),
    ]
    sources = [cell["source"] for cell in document["cells"]]
    assert sources[0] == "# A title.\n\nMore of it."
    assert sources[1].startswith("import math")
    assert sources[2] == "n = 3\nrate: float = 1\nk: int | None = None"
    assert "def make(n=3):\n    return list(range(n))" in "\n".join(sources)
    assert "@" not in "\n".join(sources)
    assert document["metadata"]["kubeflow_notebook"] == {
        "pipeline_name": "My pipe",
        "experiment_name": "e",
        "marshal_volume": True,
        "pipeline_description": "What it does.",
    }
    assert [cell["id"] for cell in document["cells"]] == [
        f"cell-{n}" for n in range(1, len(kinds) + 1)
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            "xs = make(n)\nshow(xs)",
            ["[block:make] xs = make(n)", "[block:show] [prev:make] show(xs)"],
            id="calls in a row",
        ),
        pytest.param(
            """
            xs = make()
            ys = []
            for x in xs:
                ys.append(squared(x))
            show(ys)
            """,
            [
                "[block:make] xs = make()",
                "[block:square] [prev:make] [loop:x in xs] [limit:cpu:2] ys = squared(x)",
                "[block:show] [prev:square] show(ys)",
            ],
            id="a loop and its list",
        ),
        pytest.param(
            """
            for x in [1, 2]:
                show(x)
            for x in [1, 2]:
                show(x, 1)
            """,
            [
                "[block:show] [loop:x in [1; 2]] show(x)",
                "[block:show-2] [loop:x in [*[1; 2]]] show(x, 1)",
            ],
            id="two loops over the same are not taken for one",
        ),
        pytest.param(
            """
            for i in range(n):
                show(i)
            show(i)
            """,
            [
                "[block:loop-1-items] kale_items_1 = range(n)",
                "[block:show] [prev:loop-1-items] [loop:i in kale_items_1] show(i)",
                "[block:i] [prev:loop-1-items] *kale_rest, i = kale_items_1",
                "[block:show-2] [prev:i] show(i)",
            ],
            id="the last item",
        ),
        pytest.param(
            """
            for i, x in parallel(list(enumerate([4, 5])), 2):
                for z in range(n):
                    show(i, x, z)
            """,
            ["[block:show] [loop:i; x in enumerate([4; 5])] [parallelism:2] [loop:z in range(n)]"
             " show(i, x, z)"],
            id="nested loops",
        ),
        pytest.param(
            """
            xs = make()
            if n > 3:
                y = squared(n)
            elif n > 2:
                y = squared(rate)
            else:
                y = squared(5)
            show(y)
            """,
            [
                "[block:make] xs = make()",
                "[block:square] [when:n > 3] [limit:cpu:2] y = squared(n)",
                "[block:square-2] [when:elif n > 2] [limit:cpu:2] y = squared(rate)",
                "[block:square-3] [when:else] [limit:cpu:2] y = squared(5)",
                "[block:show] [prev:square;square-2;square-3] show(y)",
            ],
            id="conditions",
        ),
        pytest.param(
            """
            if n > 3:
                pass
            elif n > 2:
                show(1)
            if n > 2:
                show(2)
            if n > 2:
                show(3)
            """,
            [
                "[block:show] [when:not n > 3 and n > 2] show(1)",
                "[block:show-2] [when:n > 2] show(2)",
                "[block:show-3] [when:(n > 2) and True] show(3)",
            ],
            id="branches without steps, and conditions side by side",
        ),
    ],
)  # fmt: skip
def test_steps_become_tagged_cells(imported, body, expected):
    assert steps_of(imported(body)) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            "with exit_handler(show):\n    make()",
            "KALE781: no cell can be the exit handler `show` (call the step at the"
            " end, or keep the Python file)",
            id="an exit handler",
        ),
        pytest.param(
            "box()",
            "KALE781: no cell can be the container step `box` (write it as a function,"
            " or keep the Python file)",
            id="a container step",
        ),
    ],
)
def test_what_a_notebook_cannot_say_is_refused(imported, body, expected):
    with pytest.raises(KaleError) as caught:
        imported(body)
    assert f"{caught.value.code}: {caught.value.message} ({caught.value.hint})" == expected
