"""Which calls read or write which files, as far as the code says.

The path may be a text, a ``Path``, or put together of constants and of names assigned once. Known
gaps: paths that are computed, what shell commands do with files, and libraries' own functions.
"""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator
from enum import Flag, auto

from kale.dataclass import dataclass
from kale.static_analysis.channels.code_walk import Verb
from kale.static_analysis.channels.survey import Sight
from kale.static_analysis.dotted_names import Names
from kale.static_analysis.own_calls import called_name


class Access(Flag):
    """How a call uses a path; ``TREE`` says that it is a folder with all that is in it."""

    READ = auto()
    WRITE = auto()
    TREE = auto()


@dataclass(frozen=True, slots=True)
class FileUse:
    """A call's use of a file; ``path`` is ``None`` where it cannot be told."""

    sight: Sight
    path: str | None
    access: Access

    @property
    def relative(self) -> bool:
        """Whether the path depends on the working directory, as far as can be told."""
        return self.path is None or not self.path.startswith(("/", "~"))


def _each(access: Access, words: str) -> dict[str, Access]:
    return dict.fromkeys(words.split(), access)


#: Functions and methods, by their own name, whose first text is a path.
_CALLS = {
    **_each(
        Access.WRITE,
        "dump export_graphviz imsave imwrite save save_model save_npz save_weights savefig savemat "
        "savetxt savez savez_compressed sink_csv sink_parquet to_csv to_excel to_feather to_gbq "
        "to_hdf to_html to_json to_latex to_markdown to_netcdf to_orc to_parquet to_pickle to_stata"
        " to_xml to_zarr touch unlink write_bytes write_csv write_feather write_html write_image "
        "write_ipc write_json write_parquet write_table write_text ExcelWriter %%writefile %%file",
    ),
    **_each(
        Access.READ,
        "exists from_file fromfile genfromtxt getsize imread is_file isfile load load_model "
        "load_npz load_weights loadmat loadtxt memmap open_dataset open_zarr read_bytes read_csv "
        "read_excel read_feather read_fwf read_hdf read_html read_ipc read_json read_orc "
        "read_parquet read_pickle read_sas read_stata read_table read_text read_xml scan_csv "
        "scan_parquet stat ExcelFile getmtime log_artifact %run",
    ),
    **_each(Access.WRITE | Access.TREE, "makedirs mkdir"),
    **_each(
        Access.READ | Access.TREE,
        "glob iglob is_dir isdir iterdir listdir make_archive rglob scandir walk image_dataset_from"
        "_directory flow_from_directory",
    ),
    **_each(Access.WRITE | Access.READ, "HDFStore connect"),
    **_each(Access.WRITE | Access.READ | Access.TREE, "rmtree rmdir removedirs save_pretrained"),
}

#: Calls with two paths, by full name or by method: the first is read, the second written.
_COPIES = frozenset(
    "shutil.copy shutil.copy2 shutil.copyfile shutil.copytree shutil.move os.rename os.replace "
    "os.link os.symlink os.renames".split()
)
#: Calls by full name where the usual reading of the last word would be wrong.
_EXACT = {
    "os.remove": Access.WRITE,
    "urllib.request.urlretrieve": Access.WRITE,
    "wget.download": Access.WRITE,
    "json.dump": None,
    "yaml.dump": None,
    "pickle.dump": None,
    "json.load": None,
    "yaml.load": None,
    "pickle.load": None,
    "asyncio.open_connection": None,
    "webbrowser.open": None,
    "os.open": Access.READ | Access.WRITE,
}
#: Functions that take the path after what they write.
_SECOND = frozenset("dump export_graphviz save save_model write_feather write_table".split())
_KEYWORDS = frozenset(
    "buf database excel_writer file filename filepath filepath_or_buffer fname fp io out_file path "
    "path_or_buf pathname source where".split()
)
#: Functions that open a file, by their full names; the mode is an argument.
_OPENERS = frozenset(
    "open io.open codecs.open gzip.open bz2.open lzma.open zipfile.ZipFile tarfile.open h5py.File "
    "tarfile.TarFile smart_open.open fsspec.open".split()
)


def file_uses(sight: Sight, names: Names) -> Iterator[FileUse]:
    """What a call does with files: nothing, or a use for each path that it takes."""
    node = sight.node
    if sight.verb is not Verb.CALL or not isinstance(node, ast.Call):
        return
    name = sight.name
    if name in _COPIES and len(node.args) > 1:
        moves = name not in {"shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.copytree"}
        first = Access.READ | Access.WRITE if moves else Access.READ
        tree = Access.TREE if name == "shutil.copytree" else Access(0)
        yield _use(sight, names.text(node.args[0]), first | tree)
        yield _use(sight, names.text(node.args[1]), Access.WRITE | tree)
        return
    access = _access(sight, node, names)
    if access is None:
        return
    path = _path(sight, node, names)
    if path is None or "://" not in path:
        yield _use(sight, path, access)


def _use(sight: Sight, path: str | None, access: Access) -> FileUse:
    return FileUse(sight, posixpath.normpath(path) if path else None, access)


def _access(sight: Sight, node: ast.Call, names: Names) -> Access | None:
    if sight.name in _EXACT:
        return _EXACT[sight.name]
    if sight.name.startswith("%"):
        return _CALLS.get(sight.name)
    own = called_name(node)
    on_path = isinstance(node.func, ast.Attribute) and _is_path(node.func.value, names)
    if sight.name in _OPENERS or (own == "open" and on_path):
        return _opened(node, names, 0 if on_path else 1)
    if own in {"rename", "replace"} and on_path:
        return Access.READ | Access.WRITE
    if own == "connect" and not sight.name.startswith("sqlite3."):
        return None
    return _CALLS.get(own)


def _opened(node: ast.Call, names: Names, position: int) -> Access:
    """What opening does; ``position`` is the mode's among the arguments."""
    given = [*node.args[position : position + 1]]
    given += [keyword.value for keyword in node.keywords if keyword.arg == "mode"]
    mode = (names.text(given[0]) or "r") if given else "r"
    access = Access.WRITE if set(mode) & set("wax+") else Access.READ
    return access | Access.READ if set(mode) & set("a+") else access


def _is_path(node: ast.expr, names: Names, depth: int = 20) -> bool:
    """Whether an expression makes a path, not a text; names are followed ``depth`` times."""
    match node:
        case ast.Name(id=name) if name in names.values and depth:
            return _is_path(names.values[name], names, depth - 1)
        case ast.Call():
            return names.of(node.func).startswith("pathlib.")
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return _is_path(left, names, depth) or _is_path(right, names, depth)
    return False


def _path(sight: Sight, node: ast.Call, names: Names) -> str | None:
    """The path in a call: that of the ``Path`` it is a method of, or an argument."""
    if sight.name.startswith("%"):
        words = (names.text(node.args[1]) or "").split() if len(node.args) > 1 else []
        return _script(words) if sight.name == "%run" else words[-1] if words else None
    if isinstance(node.func, ast.Attribute) and _is_path(node.func.value, names):
        return names.text(node.func.value)
    last = 2 if called_name(node) in _SECOND else 1
    given = [*node.args[:last], *(k.value for k in node.keywords if k.arg in _KEYWORDS)]
    return next((text for text in map(names.text, given) if text), None)


def _script(words: list[str]) -> str | None:
    """The file that ``%run`` runs; its suffix may be left out."""
    path = next((word for word in words if not word.startswith("-")), None)
    if path is None or "-m" in words:
        return None
    return path if posixpath.splitext(path)[1] else f"{path}.py"
