"""Install lines: what they ask for, which steps get it, and what is left to run as written."""

from __future__ import annotations

import pytest

from kale.nbparser import to_python
from kale.nbparser.installs import installs


@pytest.mark.parametrize(
    "code",
    [
        "",
        "x = 'pip install a'",
        "# %pip install a",
        "!pip list",
        "!pip uninstall -y a",
        "%pip freeze",
        "!echo pip install a",
        "!apt-get install -y git",
        "!npm install a",
        "%load_ext a",
        "install = 1",
        "!pip",
        "!pip install 'a",
        "%%bash\npip install a",
        "x = (\n!pip install a",
    ],
)
def test_what_installs_nothing(code):
    assert installs(code, to_python(code)) == ()


@pytest.mark.parametrize(
    ("code", "requirements"),
    [
        ("%pip install a==1 b", "a==1|b"),
        ("!pip install a", "a"),
        ("! pip3 install a", "a"),
        ("!!pip install a", "a"),
        ("pip install a", "a"),
        ("!{sys.executable} -m pip install a", "a"),
        ("!$sys.executable -m pip install a", "a"),
        ('!"{sys.executable}" -m pip install a', "a"),
        ("!python3 -m pip install a", "a"),
        ("!/usr/bin/python3.11 -m pip install a", "a"),
        ("!uv pip install --system a", "a"),
        ("%uv pip install a", "a"),
        ("!sudo pip install a", "a"),
        ("%sx pip install a", "a"),
        ("%time !pip install a", "a"),
        ("%pip install -q -U --no-cache-dir --user a", "a"),
        ("%pip install -Uqq a", "a"),
        ("!pip install -qU a;", "a"),
        ("%pip -q install a", "a"),
        ("%pip install --progress-bar off --retries=3 a", "a"),
        ("%pip install a>=2", "a>=2"),
        ("%pip install 'a[b,c] >= 1, < 2' \"d; python_version > '3'\"", "a[b,c]>=1,<2|d; python_version > '3'"),
        ("%pip install a==1.* b~=2.0 c!=3 d===4+local", "a==1.*|b~=2.0|c!=3|d===4+local"),
        ("!pip install a > /dev/null 2>&1", "a"),
        ("!pip install a >/dev/null", "a"),
        ("!pip install a &> /dev/null", "a"),
        ("!pip install a | tail -n 1", "a"),
        ("!pip install a; pip install b && pip install c", "a|b|c"),
        ("%pip install a  # the newest", "a"),
    ],
)  # fmt: skip
def test_what_a_line_asks_for(code, requirements):
    (install,) = installs(code, to_python(code))
    assert ("|".join(install.requirements), install.reason) == (requirements, "")
    assert (install.first, install.last) == (1, 1)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("%pip install -r r.txt", "a `packages:` tag cannot say `-r`"),
        ("!pip install -e .", "a `packages:` tag cannot say `-e`"),
        ("%pip install -qr r.txt", "a `packages:` tag cannot say `-qr`"),
        ("%pip install --pre a", "a `packages:` tag cannot say `--pre`"),
        ("%pip install --index-url=http://x a", "a `packages:` tag cannot say `--index-url=http://x`"),
        ("%pip install a -f http://x", "a `packages:` tag cannot say `-f`"),
        ("%pip install git+https://x.org/y", "`git+https://x.org/y` is no package of the index"),
        ("%pip install https://x.org/y.whl", "`https://x.org/y.whl` is no package of the index"),
        ("%pip install .", "`.` is no package of the index"),
        ("%pip install ./a", "`./a` is no package of the index"),
        ("%pip install a.whl", "`a.whl` is no package of the index"),
        ("%pip install a=1", "`a=1` is no package of the index"),
        ("%pip install {x}", "`{x}` is known only when the notebook runs"),
        ("!pip install a==$v", "`a==$v` is known only when the notebook runs"),
        ("%pip install", "it names no package"),
        ("!pip install a && echo done", "it runs other commands too"),
        ("!pip install a || pip install b", "it runs other commands too"),
        ("!cd x; pip install a", "it runs other commands too"),
        ("x = !pip install a", "its output is used"),
        ("%conda install a", "a pod has no conda, and its packages have other names"),
        ("!mamba install -y a", "a pod has no mamba, and its packages have other names"),
    ],
)  # fmt: skip
def test_why_a_line_runs_as_written(code, reason):
    (install,) = installs(code, to_python(code))
    assert (install.requirements, install.reason) == ((), reason)


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("x = 1\n%pip install a\n%pip install b", [(2, 2), (3, 3)]),
        ("%pip install a \\\n  b \\\n  c\n%pip install d", [(1, 3), (4, 4)]),
        ("try:\n    import a\nexcept ImportError:\n    !pip install a", [(4, 4)]),
        ("%%capture\n%pip install a", [(2, 2)]),
        ("%%time\n%%capture\nx = 1\n!pip install a", [(4, 4)]),
        ("def f():\n    !pip install a", [(2, 2)]),
    ],
)
def test_where_the_lines_stand(code, lines):
    assert [(one.first, one.last) for one in installs(code, to_python(code))] == lines


def packages(pipeline):
    return {step.name: step.options.packages for step in pipeline.steps}


def test_a_step_and_those_below_it_get_what_it_installs(parse):
    made = parse(
        ("x = 1", "block:first"),
        ("%pip install a==1 b", "block:second"),
        ("y = 1", "block:third"),
    )
    assert packages(made) == {"first": (), "second": ("a==1", "b"), "third": ("a==1", "b")}
    assert made.packages == ("a==1", "b")


@pytest.mark.parametrize("tag", ["imports", "functions"])
def test_all_steps_get_what_a_shared_cell_installs(parse, tag):
    made = parse(("x = 1", "block:first"), ("y = 1", "block:second"), ("%pip install a", tag))
    assert packages(made) == {"first": ("a",), "second": ("a",)}


def test_cells_before_the_first_tag_install_for_all(parse):
    made = parse(("!pip install a",), ("x = 1", "block:first"))
    assert packages(made) == {"setup": ("a",), "first": ("a",)}


def test_a_step_of_several_cells_gets_what_stands_between_them(parse):
    made = parse(("x = 1", "block:a"), ("%pip install p", "block:b"), ("y = 1", "block:a"))
    assert packages(made) == {"a": ("p",), "b": ("p",)}


def test_tags_lines_and_defaults_merge(parse):
    made = parse(
        ("%pip install A_b c==1 d", "imports"),
        ("%pip install c==2 e[x]", "block:one", "packages:a-b==3,e"),
        ("x = 1", "block:two", "packages:f"),
        metadata={"kubeflow_notebook": {"steps_defaults": ["packages:d==9,g"]}},
    )
    assert packages(made) == {
        "one": ("d", "g", "a-b==3", "e[x]", "c==2"),
        "two": ("d", "g", "f", "A_b", "c==2", "e[x]"),
    }


def test_a_tag_beats_what_another_step_installs(parse):
    made = parse(("%pip install a==1", "block:one"), ("x = 1", "block:two", "packages:a==2"))
    assert packages(made) == {"one": ("a==1",), "two": ("a==2",)}


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            [("x = 1", "block:one", "packages:a==1"), ("\n!pip install -q A==2",)],
            "nb.ipynb: cell 2 (one), line 2: KALE106: step `one` has both `packages:a==1` (cell 1)"
            " and `!pip install -q A==2` (cell 2, line 2) (keep one of the two; a step has one version of a package from its start)",
        ),
        (
            [("%pip install a==1", "imports"), ("x = 1", "block:one", "packages:a==2")],
            "nb.ipynb: cell 1, line 1: KALE106: step `one` has both `packages:a==2` (cell 2) and"
            " `%pip install a==1` (cell 1, line 1) (keep one of the two; a step has one version of a package from its start)",
        ),
        (
            [("%pip install a==1\n%pip install \\\n  a==2", "block:one")],
            "nb.ipynb: cell 1 (one), line 2: KALE106: step `one` has both `%pip install a==1`"
            " (cell 1, line 1) and `%pip install a==2` (cell 1, line 2) (keep one of the two; a step has one version of a package from its start)",
        ),
    ],
    ids=["a tag and a line", "a tag and a shared line", "two lines"],
)
def test_two_versions_in_one_step(problems, cells, message):
    assert problems(*cells) == [message]


def test_a_line_that_is_not_understood_is_told_and_kept(parse):
    made = parse(("x = 1\n%pip install -r r.txt", "block:one"), ("%pip install a", "imports"))
    (found,) = made.diagnostics
    assert (found.code, str(found.at), found.message) == (
        "KALE119",
        "nb.ipynb: cell 1 (one), line 2",
        "`%pip install -r r.txt` runs as it is written, also in a pod: a `packages:` tag cannot"
        " say `-r`",
    )
    (source,) = made.steps[0].sources
    assert (source.installs, made.imports[0].installs) == ((), ((1, 1),))
    assert packages(made) == {"one": ("a",)}


def test_credentials_in_a_line_are_told_of_and_not_shown(parse):
    (found,) = parse(("%pip install -i https://me:canary@h/ a", "block:one")).diagnostics
    assert found.message.startswith("`%pip install -i https://<hidden>@h/ a` runs as it is written")
    assert "credentials" in found.message
    assert "canary" not in f"{found.message} {found.hint}"
    assert "--index-secret" in found.hint


def test_metrics_cells_install_nothing(parse):
    made = parse(("x = 1", "block:one"), ("%pip install a\nprint(x)", "pipeline-metrics"))
    assert (packages(made), made.metrics[0].installs) == ({"one": ()}, ())
    assert [found.code for found in made.diagnostics] == ["KALE119"]
