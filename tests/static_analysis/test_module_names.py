"""The names that a star import brings in: modules as text, and installed ones."""

import pytest

from kale.static_analysis.imports.star_imports import star_names

UNKNOWN = None


def module(name, source, expected, **others):
    """``others`` are further modules beside it, by name."""
    return pytest.param(source, others, expected, id=name)


NOTHING = [
    module("an empty module", "", ""),
    module("only private names", "_a = 1\ndef _f(): pass", ""),
    module("a name that is only declared", "x: int", ""),
    module("a name that is deleted again", "for_now = 1\ndel for_now", ""),
    module("what only type checkers read",
           "from typing import TYPE_CHECKING as _T\nimport typing as _t\n"
           "if _t.TYPE_CHECKING:\n    from m import *\n    y = 1", ""),
    module("what only the script runs", "if __name__ == '__main__':\n    x = 1", ""),
    module("names of inner scopes",
           "def _f(a):\n    b = a\nclass _C:\n    c = [d for d in ()]\n_ = [e for e in ()]", ""),
    module("an empty __all__", "x = 1\n__all__ = []", ""),
]  # fmt: skip

NAMES = [
    module("each statement that binds",
           "import a.b, c as d\nfrom e import f, g as h\nfrom __future__ import annotations\n"
           "i = j, k = 1, 2\nl: int = 3\nm, *n = j\ndef o(): p = 1\nclass q: r = 1\n"
           "async def s(): pass\nj += 1",
           "a annotations d f h i j k l m n o q s"),
    module("both branches of a condition", "if c():\n    x = 1\nelse:\n    x = 2", "x"),
    module("an import with a replacement",
           "try:\n    import fast as f\nexcept ImportError as e:\n    f = None", "f"),
    module("a branch that fails", "if c():\n    raise ImportError\nelse:\n    x = 1", "x"),
    module("a condition on a name that is bound before", "x = 1\nif c():\n    x = 2", "x"),
    module("a global of a function that is bound at the top",
           "x = 1\ndef f():\n    global x\n    x = 2", "f x"),
    module("a list of names", "__all__ = ['a', '_b']\nc = 1", "_b a"),
    module("a list that grows",
           "__all__: list[str] = ['a']\n__all__ += ('b',)\n__all__.extend(['c'])\n"
           "__all__.append('d')\n__all__ = __all__ + ['e']\n__all__.remove('a')", UNKNOWN),
    module("a list that grows by literals",
           "__all__: list[str] = ['a']\n__all__ += ('b',)\n__all__.extend(['c'])\n"
           "__all__.append('d')\n__all__.remove('a')", "b c d"),
    module("a sum of literals and lists", "_x = ['a']\n__all__ = [*_x, 'b'] + list(_x) + ['c']",
           "a b c"),
    module("a list that is read", "__all__ = ['a']\ndef __dir__(): return sorted(__all__)", "a"),
    module("a class with an __all__ of its own",
           "class c:\n    __all__ = ['x']\n__all__ = ['a']", "a"),
    module("another module's star", "from .other import *\nx = 1", "x y", other="y = 2"),
    module("another module's list",
           "from . import other\nfrom .other import *\n__all__ = other.__all__ + ['x']",
           "x y", other="__all__ = ['y']"),
    module("another module's list as its own", "from .other import y, __all__", "y",
           other="__all__ = ['y']"),
]  # fmt: skip

UNKNOWNS = [
    module("a name under a condition", "if c():\n    x = 1", UNKNOWN),
    module("a name in a loop", "for x in c():\n    pass", UNKNOWN),
    module("a name that one handler leaves out",
           "try:\n    import a\nexcept ImportError:\n    pass", UNKNOWN),
    module("a name that may be deleted", "x = 1\nif c():\n    del x", UNKNOWN),
    module("a name that a with may leave out", "with c():\n    x = 1", UNKNOWN),
    module("a name that a function binds", "def f():\n    global x\n    x = 1", UNKNOWN),
    module("names set by text", "globals()['x'] = 1", UNKNOWN),
    module("names set by code", "exec('x = 1')", UNKNOWN),
    module("names set on the module", "import sys\nsetattr(sys.modules[__name__], 'x', 1)", UNKNOWN),
    module("names made on demand", "def __getattr__(name): return 1", UNKNOWN),
    module("a computed list", "__all__ = [n for n in dir() if n[0] != '_']", UNKNOWN),
    module("a list under a condition", "__all__ = ['a']\nif c():\n    __all__ += ['b']", UNKNOWN),
    module("a list that a decorator fills",
           "__all__ = []\ndef e(f):\n    __all__.append(f.__name__)\n    return f", UNKNOWN),
    module("a list under a second name", "__all__ = ['a']\nmore = __all__\nmore.append('b')",
           UNKNOWN),
    module("a list set by text", "x = 1\nvars()['__all__'] = ['x']", UNKNOWN),
    module("another unknown star", "from .other import *", UNKNOWN, other="exec('x = 1')"),
    module("a missing module's star", "from .missing import *", UNKNOWN),
    module("two that import each other", "from .other import *\nx = 1", UNKNOWN,
           other="from .it import *\ny = 1"),
    module("a syntax error", "x = ", UNKNOWN),
    module("a null character", "x = 1\0", UNKNOWN),
    module("too long to read", "x = 1\n" + "#" * 2_000_000, UNKNOWN),
]  # fmt: skip


@pytest.mark.parametrize(("source", "others", "expected"), [*NOTHING, *NAMES, *UNKNOWNS])
def test_names_of_a_module(source, others, expected, tmp_path):
    package = tmp_path / "p"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    for name, text in {"it": source, **others}.items():
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    found = star_names("p.it", tmp_path)
    assert (found if found is None else sorted(found)) == (
        expected if expected is None else expected.split()
    )


PACKAGES = [
    pytest.param({"__init__": "x = 1"}, "x", id="a package without modules"),
    pytest.param({"__init__": "x = 1", "_a": "y = 2"}, "x", id="a private module"),
    pytest.param({"__init__": "from .a import y", "a": "y = 2"}, "a y", id="a module it imports"),
    pytest.param({"__init__": "from p.a import *", "a": "y = 2"}, "a y", id="by its full name"),
    pytest.param({"__init__": "__all__ = ['a']", "a": "y = 2"}, "a", id="a module it lists"),
    pytest.param(
        {"__init__": "from .a import *\n__all__ = a.__all__", "a": "__all__ = ['y']"},
        "y",
        id="the list of a module that the import has left in it",
    ),
    pytest.param({"__init__": "x = 1", "a": "y = 2"}, None, id="a module that may be loaded"),
]


@pytest.mark.parametrize(("files", "expected"), PACKAGES)
def test_names_of_a_package(files, expected, tmp_path):
    (tmp_path / "p").mkdir()
    for name, text in files.items():
        (tmp_path / "p" / f"{name}.py").write_text(text, encoding="utf-8")
    found = star_names("p", tmp_path)
    assert (found if found is None else " ".join(sorted(found))) == expected


STUBS = [
    pytest.param("__all__ = c()", "", None, id="a stub without a list"),
    pytest.param("x = c()\nif x:\n    y = 1", "__all__ = ['x']", None, id="no list but the stub's"),
    pytest.param("__all__ = c()\n__all__.append(c())", "__all__ = ['x']", None, id="it grows"),
    pytest.param("__all__ = ['y']", "__all__ = ['x']", "y", id="a list of its own"),
    pytest.param("__all__ = c()", "def f(): ...\n__all__ = [  # all\n    'x',\n    # y\n]\nz: int",
                 "x", id="a computed list"),
    pytest.param("__all__ = c()", "__all__ = ['x']\nif c:\n    __all__ += ['y']", None,
                 id="a stub with a condition"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "stub", "expected"), STUBS)
def test_a_stub_tells_what_a_computed_list_holds(source, stub, expected, tmp_path):
    (tmp_path / "it.py").write_text(source, encoding="utf-8")
    (tmp_path / "it.pyi").write_text(stub, encoding="utf-8")
    found = star_names("it", tmp_path)
    assert (found if found is None else " ".join(sorted(found))) == expected


@pytest.mark.parametrize(
    "name",
    "math cmath time itertools os os.path typing json collections collections.abc random "
    "statistics datetime functools numpy.linalg numpy.random pandas sklearn.metrics".split(),
)
def test_installed_modules_have_the_names_that_a_star_import_binds(name, tmp_path):
    bound = {}
    exec(f"from {name} import *", bound)
    assert star_names(name, tmp_path) == bound.keys() - {"__builtins__"}


def test_numpy_has_all_the_names_that_a_star_import_binds(tmp_path):
    bound = {}
    exec("from numpy import *", bound)
    # Its stub also lists floats of other machines.
    more = star_names("numpy", tmp_path) - (bound.keys() - {"__builtins__"})
    assert len(more) < 5
    assert bound.keys() - {"__builtins__"} <= star_names("numpy", tmp_path)


@pytest.mark.parametrize("name", ["no_such_module", "math.pi", "p.q.r", "a b", ""])
def test_a_module_that_is_not_here_is_unknown(name, tmp_path):
    assert star_names(name, tmp_path) is None


def test_a_module_named_like_one_of_the_language_may_be_either(tmp_path):
    (tmp_path / "random.py").write_text("x = 1", encoding="utf-8")
    assert star_names("random", tmp_path) is None


def test_a_changed_file_is_read_again(tmp_path):
    file = tmp_path / "it.py"
    file.write_text("x = 1", encoding="utf-8")
    assert star_names("it", tmp_path) == {"x"}
    file.write_text("x = 1; y = 2", encoding="utf-8")
    assert star_names("it", tmp_path) == {"x", "y"}
