"""Which calls write the file that they name: the table, and how a call is read by it."""

from __future__ import annotations

import ast

from kale.environment.path_texts import PathTexts, called

#: Functions and methods, by their own name or how it begins, that make or change what their paths
#: name.
_WRITERS = frozenset(
    "CSVLogger ExcelWriter FileHandler ModelCheckpoint PdfPages RotatingFileHandler SummaryWriter "
    "TensorBoard TimedRotatingFileHandler basicConfig export extract extractall imsave imwrite "
    "makedirs mimsave mimwrite mkdir mkdtemp mkstemp remove removedirs rmdir rmtree "
    "set_tracking_uri touch unlink urlretrieve".split()
)
_BEGINNINGS = "download", "dump", "export_", "save", "sink_", "to_", "write_"
#: Calls of two paths: the last one is written.
_COPIES = frozenset("copy copy2 copyfile copytree link move rename renames replace symlink".split())
#: Calls that take a mode: a word with one of these letters writes.
_OPENERS = frozenset("open File HDFStore TarFile ZipFile memmap".split())
_WRITING = frozenset("wx+a")


def writes(call: ast.Call, node: ast.expr, texts: PathTexts) -> bool:
    """Whether a call writes the file whose path ``node``, a part of it, is."""
    name = called(call)
    if name in _OPENERS:
        return bool(_WRITING & set(_mode(call, node, texts)))
    if name in _COPIES:
        return len(call.args) > 0 and node is call.args[-1]
    if name == "run_cell_magic":
        match call.args:
            case [ast.Constant(value="writefile" | "file"), *_]:
                return True
    return name in _WRITERS or name.startswith(_BEGINNINGS)


def _mode(call: ast.Call, node: ast.expr, texts: PathTexts) -> str:
    given = [keyword.value for keyword in call.keywords if keyword.arg == "mode"]
    is_method = isinstance(call.func, ast.Attribute) and call.func.value is node
    given += call.args[:1] if is_method else call.args[1:2]
    return (texts.text(given[0]) or "r") if given else "r"
