"""State that passes between cells without a name: what is told of it, and what is no trouble."""

import pytest
from pipelines import chain, pipeline

from kale.static_analysis import analyze

IMPORTS = (
    "imports",
    "import os, sys, logging, decimal, warnings, subprocess, torch, mymod\n"
    "import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt\n"
    "import seaborn as sns\nfrom pathlib import Path\nfrom mymod import registry",
)


def steps(*codes, head=()):
    """A chain of steps `a`, `b`, `c`… below the usual imports."""
    return chain(IMPORTS, *head, *zip("abcdefg", codes, strict=False))


def magic(name, line=""):
    """What the reader makes of a line magic."""
    return f"get_ipython().run_line_magic({name!r}, {line!r})"


SILENT = [
    pytest.param(steps("exec('x = 1')\nglobals()"), id="a notebook of one step"),
    pytest.param(steps("eval('1 + 1')", "1"), id="eval of a constant, which is read"),
    pytest.param(steps("globals()['a'] = 1\nglobals()['a']", "1"), id="a name by its text"),
    pytest.param(
        steps("def f(v):\n    return vars(v), locals()\nf(1)", "1"),
        id="the namespace of an object, and of a function",
    ),
    pytest.param(steps("1", "pd.set_option('a', 1)"), id="a setting of the last step"),
    pytest.param(
        steps("1", "2", head=[("imports", "pd.set_option('a', 1)\nos.environ['A'] = 'b'")]),
        id="settings in a shared cell",
    ),
    pytest.param(steps("np.seterr('warn')", "np.seterr('warn')"), id="a setting that each step makes"),
    pytest.param(
        steps("with warnings.catch_warnings():\n    warnings.simplefilter('ignore')", "1"),
        id="a setting that is taken back",
    ),
    pytest.param(steps("plt.rcParams['a'] = 1\nplt.plot([1])", "x = 2"), id="a style, and no plot after"),
    pytest.param(
        steps("x = 1", "2", head=[("functions", "def style():\n    sns.set_theme()"),
                                  ("imports", "style()")]),
        id="a setting in a function that a shared cell calls",
    ),
    pytest.param(steps("decimal.getcontext().prec\nsys.path.index('a')", "1"), id="a setting that is read"),
    pytest.param(steps("mymod.rate = 1", "x = 2"), id="a module that no other step uses"),
    pytest.param(steps("x = mymod.add(1)", "mymod.f()"), id="a function of a module"),
    pytest.param(steps("df = pd.read_csv('a')\ndf['b'] = 1", "df['b']"), id="a column of a frame"),
    pytest.param(steps("os.environ['A'] = 'b'\nos.getenv('A')", "x = 1"),
                 id="a variable that one step sets and reads"),
    pytest.param(steps("os.environ['A'] = 'b'", "os.getenv('B')"), id="another variable"),
    pytest.param(steps("os.environ['A'] = 'b'", "os.environ['A'] = 'c'\nos.getenv('A')"),
                 id="a variable that each step sets"),
    pytest.param(steps("os.getenv('A')", "os.environ['A'] = 'b'"), id="a variable that was read before"),
    pytest.param(steps("os.environ['A'] = 'b'", "pd.DataFrame()"), id="a library that reads no variable"),
    pytest.param(steps("os.chdir('d')", "open('/x')\nx = 1"), id="a full path in another folder"),
    pytest.param(steps("torch.manual_seed(0)\ntorch.rand(1)", "x = 1"), id="one step that draws"),
    pytest.param(
        steps("torch.rand(1)", "x = 1", head=[("imports", "torch.manual_seed(0)")]),
        id="a shared seed for one step that draws",
    ),
    pytest.param(steps("plt.plot([1])\nplt.title('a')", "plt.figure()\nplt.title('b')"),
                 id="a figure in each step"),
    pytest.param(steps("plt.plot([1])\nplt.show()", "plt.xlabel('b')"), id="a figure that was shown"),
    pytest.param(steps("plt.plot([1])", "plt.plot([2])"), id="a plot in each step"),
]  # fmt: skip


@pytest.mark.parametrize("notebook", SILENT)
def test_nothing_is_said_of(notebook):
    codes = {"KALE340"}  # files on one disk have a test of their own
    assert [d for d in analyze(notebook).diagnostics if d.code not in codes] == []


IN_IMPORTS = "make the change in a cell tagged `imports`, which every step runs"

TOLD = [
    pytest.param(
        steps("exec(f())", "1", head=[("functions", "def f(): return 'x = 1'")]),
        ["cell 3 (a), line 1: KALE330: `exec` may read or bind names that Kale cannot see; no step "
         "hands them on; import what is needed, or use plain assignments for what other steps read"],
        id="code that is computed",
    ),
    pytest.param(
        steps("x = eval(str(1))", "1"),
        ["cell 2 (a), line 1: KALE330: `eval` may read names that Kale cannot see; no step hands "
         "them on; import what is needed, or use plain assignments for what other steps read"],
        id="an expression that is computed",
    ),
    pytest.param(
        steps(magic("run", "$f"), "1"),
        ["cell 2 (a), line 1: KALE330: `%run` may read or bind names that Kale cannot see; no step "
         "hands them on; import what is needed, or use plain assignments for what other steps read"],
        id="a script",
    ),
    pytest.param(
        steps("globals()['a' * 2] = 1\nlocals()\nvars()", "1"),
        [f"cell 2 (a), line {line}: KALE334: `{name}` may read or bind names that Kale cannot see; "
         "no step hands them on; use a dictionary of your own for names that are computed"
         for line, name in [(1, "globals"), (2, "locals"), (3, "vars")]],
        id="names by their text",
    ),
    pytest.param(
        steps(magic("store", "x"), "1"),
        ["cell 2 (a), line 1: KALE335: `%store` keeps values in IPython's own files, which no step "
         "hands on; take it away; what other steps read travels by itself"],
        id="the store of IPython",
    ),
    pytest.param(
        steps("x = input('?')"),
        ["cell 2 (a), line 1: KALE343: `input` waits for an answer, and nobody answers a step; it "
         "fails there; take the value from a `pipeline-parameters` cell or the environment"],
        id="a question, even in one step",
    ),
    pytest.param(
        steps("mymod.rate = 1", "x = 1", "mymod.f()"),
        ["cell 2 (a), line 1: KALE320: step `a` sets `mymod.rate`, which belongs to a module; step "
         "`c`, which uses the module too, runs in a process of its own and does not see the change; "
         f"{IN_IMPORTS}"],
        id="an attribute of a module",
    ),
    pytest.param(
        steps("setattr(mymod, 'rate', 1)", "mymod.f()"),
        ["cell 2 (a), line 1: KALE320: step `a` sets `mymod.rate`, which belongs to a module; step "
         "`b`, which uses the module too, runs in a process of its own and does not see the change; "
         f"{IN_IMPORTS}"],
        id="an attribute by its text",
    ),
    pytest.param(
        steps("mymod.state.append(1)", "x = mymod.state"),
        ["cell 2 (a), line 1: KALE321: step `a` changes `mymod.state`, which belongs to a module; "
         "step `b`, which uses the module too, imports it anew and does not see the change; keep "
         "what changes in a variable of the notebook, which travels"],
        id="a list of a module",
    ),
    pytest.param(
        steps("registry.append(1)", "import mymod\nx = mymod.registry"),
        ["cell 2 (a), line 1: KALE321: step `a` changes `mymod.registry`, which belongs to a "
         "module; step `b`, which uses the module too, imports it anew and does not see the change; "
         "keep what changes in a variable of the notebook, which travels"],
        id="a list imported from a module",
    ),
    pytest.param(
        steps("os.environ['A'] = 'b'", "x = os.environ['A'].lower()"),
        ["cell 2 (a), line 1: KALE336: step `a` sets the environment variable `A`; step `b`, which "
         "may read it, runs in a process of its own and does not see it; set it in a cell tagged "
         "`imports`, which every step runs, or tag a cell of `b` with `env:A=…`"],
        id="a variable of the environment",
    ),
    pytest.param(
        steps("os.environ.update(values)", "os.getenv('A')", head=[("imports", "values = {}")]),
        ["cell 3 (a), line 1: KALE336: step `a` sets the environment variables; step `b`, which "
         "may read them, runs in a process of its own and does not see it; set it in a cell tagged "
         "`imports`, which every step runs, or tag a cell of `b` with `env:NAME=…`"],
        id="variables that are computed",
    ),
    pytest.param(
        steps("os.chdir('d')", "x = 1", "df = pd.read_csv('a.csv')"),
        ["cell 2 (a), line 1: KALE337: step `a` changes the working directory; step `c`, which "
         "depends on it, runs in a process of its own and does not see the change; make the change "
         "in a cell tagged `imports`, which every step runs, or use full paths"],
        id="the working directory",
    ),
    pytest.param(
        steps("torch.manual_seed(0)", "torch.rand(1)"),
        ["cell 2 (a), line 1: KALE338: `torch.manual_seed` sets a random state that no step hands "
         "on; what step `b` draws differs from the notebook; set a seed of its own in each step, or "
         "draw from a generator that travels, such as `torch.Generator`"],
        id="the random state of a library",
    ),
    pytest.param(
        steps("torch.rand(1)", "torch.rand(1)", head=[("imports", "torch.manual_seed(0)")]),
        ["cell 2, line 1: KALE338: `torch.manual_seed` sets a random state that no step hands on; "
         "what step `b` draws differs from the notebook; set a seed of its own in each step, or "
         "draw from a generator that travels, such as `torch.Generator`"],
        id="the random state of a library, seeded in a shared cell",
    ),
    pytest.param(
        steps("plt.plot([1])", "plt.savefig('a.png')"),
        ["cell 3 (b), line 1: KALE339: `plt.savefig` works on the figure that step `a` opened in "
         "cell 2; step `b` starts without one; open, draw and save a figure in one step, or keep it "
         "in a variable: `fig, ax = plt.subplots()`"],
        id="a figure that another step saves",
    ),
    pytest.param(
        steps("plt.figure(figsize=(9, 3))", "plt.plot([1])"),
        ["cell 3 (b), line 1: KALE339: `plt.plot` works on the figure that step `a` opened in cell "
         "2; step `b` starts without one; open, draw and save a figure in one step, or keep it in a "
         "variable: `fig, ax = plt.subplots()`"],
        id="a figure that another step draws on",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("notebook", "expected"), TOLD)
def test_a_warning_of(notebook, expected):
    found = analyze(notebook).diagnostics
    assert [f"{str(d.at).partition(' ')[2]}: {d.code}: {d.message}; {d.hint}" for d in found] == (
        expected
    )


SETTINGS = [
    ("KALE320", "plt.rcParams['figure.dpi'] = 200", "plt.plot([1])"),
    ("KALE320", "pd.options.display.max_rows = 7", "x"),
    ("KALE320", "sys.path = ['libs']", "x"),
    ("KALE332", "pd.set_option('display.max_rows', 7)", "x"),
    ("KALE332", "np.seterr(all='raise')", "x"),
    ("KALE332", "plt.style.use('ggplot')", "sns.histplot([1])"),
    ("KALE332", "sns.set_theme()", "x.plot()"),
    ("KALE332", "sys.path.append('libs')", "x"),
    ("KALE332", "warnings.filterwarnings('ignore')", "x"),
    ("KALE332", "logging.basicConfig(level=10)", "logging.info('x')"),
    ("KALE332", "log = logging.getLogger('my')\nlog.setLevel(10)", "log.info('x')"),
    ("KALE332", "decimal.getcontext().prec = 4", "x"),
    ("KALE332", "context = decimal.getcontext()\ncontext.prec = 4", "x"),
    ("KALE332", "torch.set_default_dtype(torch.float64)", "x"),
    ("KALE332", "def quiet():\n    warnings.simplefilter('ignore')\nquiet()", "x"),
    ("KALE332", magic("load_ext", "sql"), "x"),
]


@pytest.mark.parametrize(("code", "change", "use"), SETTINGS, ids=[row[1] for row in SETTINGS])
def test_a_setting_is_told_where_a_step_changes_it(code, change, use):
    found = analyze(steps(f"x = [1]\n{change}", use)).diagnostics
    line = 1 + len(change.split("\n")) - (change.endswith("quiet()"))
    assert [(d.code, d.at.cell, d.at.line) for d in found] == [(code, 2, line)]
    assert "step `a`" in found[0].message
    assert "step `b`" in found[0].message


READERS = [
    "os.getenv('A')",
    "dict(os.environ)",
    "'A' in os.environ",
    "os.environ.get(name)",
    "subprocess.run(['env'])",
    "os.system('env')",
    "get_ipython().system('env')",
    "get_ipython().run_cell_magic('bash', '', 'env')",
    "torch.rand(1)",
    "read()",
    "Reader().read()",
]


@pytest.mark.parametrize("use", READERS)
def test_what_may_read_a_variable_of_the_environment(use):
    shared = [
        ("imports", "name = 'A'"),
        ("functions", "def read():\n    return os.getenv('A')\n"
                      "class Reader:\n    def read(self):\n        return read()"),
    ]  # fmt: skip
    found = analyze(steps("os.environ['A'] = 'b'", use, head=shared)).diagnostics
    assert [(d.code, d.at.cell) for d in found] == [("KALE336", 4)]


def test_a_branch_beside_it_is_warned_of_too():
    cells = (IMPORTS, ("a", "x = 1"), ("b", "mymod.rate = x"), ("c", "mymod.f(x)"))
    found = analyze(pipeline(*cells, after={"b": ["a"], "c": ["a"]})).diagnostics
    assert [(d.code, d.at.step) for d in found] == [("KALE320", "b")]


def test_a_setting_in_a_function_counts_for_the_steps_that_call_it():
    shared = [("functions", "def setup():\n    pd.set_option('a', 1)")]
    [found] = analyze(steps("setup()", "1", head=shared)).diagnostics
    assert (found.code, found.at.cell, found.at.line) == ("KALE332", 2, 2)
    assert analyze(steps("1", "setup()", head=shared)).diagnostics == ()


def test_what_is_said_of_a_setting():
    [called] = analyze(steps("pd.set_option('a', 1)", "1")).diagnostics
    assert f"{called.message}; {called.hint}" == (
        "`pd.set_option` changes the process that step `a` runs in; step `b` runs in one of its own "
        f"and does not see the change; {IN_IMPORTS}"
    )
    [stored] = analyze(steps("pd.options.a = 1", "1")).diagnostics
    assert f"{stored.message}; {stored.hint}" == (
        "`pd.options.a` is a setting of the process that step `a` runs in; step `b` runs in one of "
        f"its own and does not see the change; {IN_IMPORTS}"
    )
