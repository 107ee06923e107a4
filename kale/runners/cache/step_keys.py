"""The keys of a run's steps: what each is going to compute, so far as that can be known before."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from kale.ir import Plan, Task
from kale.runners.cache.cell_code import CellCode, read_cell
from kale.runners.cache.environment import Fingerprints, variables_of
from kale.runners.cache.file_states import FileStates
from kale.runners.cache.input_content import input_contents
from kale.runners.cache.installed import Installed, read_installed
from kale.runners.cache.interpreter import Interpreter, interpreter_of
from kale.runners.cache.local_modules import LocalCode, LocalModules
from kale.runners.cache.named_files import declared_files, likely_names, named_files
from kale.runners.cache.owner import owner_mark
from kale.runners.cache.probe_source import file_probe_source
from kale.runners.cache.records import FileState, StepKey
from kale.runners.cache.scripts import history_files, started_scripts
from kale.runners.parameters import task_parameters
from kale.runners.run_directory import RunDirectory, store_root
from kale.runners.value_places import ValuePlaces
from kale.version import __version__

#: Cells that Kale writes; they hold nothing but names of variables, types and loops.
_OWN_ROLES = {"load", "types", "save", "decide", "show", "record"}


class StepKeys:
    """Makes the keys of the steps of one run.

    ``cwd`` is the folder that steps run in, ``parameters`` the values that were given, ``runtime``
    a digest of the step runtime. ``states`` knows the content of files, for as long as the run
    lasts, and ``places`` the folder of each saved value, by step and key of the output.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        directory: RunDirectory,
        cwd: Path,
        parameters: Mapping[str, Any],
        runtime: str,
    ) -> None:
        self._plan, self._directory, self._cwd = plan, directory, cwd
        self._parameters = parameters
        self._folder = store_root(directory.root) / "steps"
        self.states = FileStates(self._folder / "files.json")
        self._fingerprints = Fingerprints(self._folder / "salt")
        self._owner = owner_mark()
        self._runtime = runtime
        self.places = ValuePlaces(plan, directory)
        self._cells: dict[str, CellCode] = {}
        self._named: dict[str, dict[str, FileState]] = {}
        self._texts: dict[str, tuple[list[str], bool]] = {}
        self._handed_on: dict[str, frozenset[str]] = {}
        self._interpreter: Interpreter | None = None
        self._installed: Installed | None = None
        self._modules: LocalModules | None = None
        self._probe = ""

    def key(self, task: Task) -> StepKey:
        """The key of a step whose producers are done and that is about to start.

        The state of the files that its code names is noted with it.
        """
        code, cells = self._read(task)
        scripts = self._scripts(cells)
        local = self._local_modules().code_of({m for c in cells for m in c.modules}, scripts)
        contents, types = input_contents(task, self.places)
        everything = [*cells, *local.files.values(), *started_scripts(cells, self._cwd)]
        self._note_named_files(task, everything, local)
        names = {name for one in everything for name in one.variables}
        environment = {**os.environ, **dict(task.options.env)}
        known = variables_of(environment, names, every=any(c.every_variable for c in everything))
        parts = {
            "code": code,
            "inputs": contents,
            "parameters": {name: repr(value) for name, value in self._given(task).items()},
            "versions": self._versions(local, types),
            # A script may be of the step's own making; it counts as a file that is named.
            "modules": {
                self.shown(path): self._content(path)
                for path in sorted(local.files)
                if path not in scripts
            },
            "files": self._declared(task),
            "environment": self._fingerprints.of(known),
            "engine": self._engine(task),
        }
        return StepKey(task.name, parts)

    def code(self, task: Task) -> Mapping[str, str]:
        """A digest of the code of each cell of a step, by the cell's name."""
        return self._read(task)[0]

    def named_files(self, step: str) -> Mapping[str, FileState]:
        """The files that a step's code names, as they were when its key was made."""
        return self._named.get(step, {})

    def name_files(self, step: str) -> dict[str, bool]:
        """The files that a step's code names, as of now; whether only as one of a folder."""
        texts, whole = self._texts.get(step, ([], False))
        found = named_files(texts, self._cwd, whole_folders=whole)
        mine = f"{self._directory.root}/", f"{store_root(self._directory.root)}/"
        return {path: below for path, below in found.items() if not path.startswith(mine)}

    def uses_unseen_files(self, step: str) -> bool:
        """Whether a step's code may open files out of the probe's sight."""
        return self._texts.get(step, ([], True))[1]

    def installed_files(self, module: str) -> list[str]:
        """A file for each distribution that has a top-level module: it goes with its version."""
        known = self._installation()
        names = known.modules.get(module, ())
        return [known.distributions[name].metadata for name in names if name in known.distributions]

    def probe(self, task: Task, ignored: Iterable[Path] = ()) -> dict[str, Any]:
        """The orders for the probe of a step's files; those below ``ignored`` are not told."""
        if not self._probe:
            self._probe = file_probe_source()
        folders = [str(self._directory.root), *map(str, ignored)]
        # An earlier attempt may have left one.
        with suppress(OSError):
            self.spool(task.name).unlink(missing_ok=True)
        # It may be asked for before the key, when producers have not yet written their modules.
        hashed = any(cell.unseen_files for cell in self._read(task)[1])
        arguments = {"ignored": folders, "spool": str(self.spool(task.name)), "hashed": hashed}
        return {"source": self._probe, "arguments": arguments}

    def spool(self, step: str) -> Path:
        """The file that processes forked by a step tell their files in."""
        return self._directory.job(step).with_suffix(".files")

    def close(self) -> None:
        """Have later runs know what this one has read."""
        self.states.save()

    # ---------------------------------------------------------------------------- parts

    def _read(self, task: Task) -> tuple[dict[str, str], list[CellCode]]:
        """The code by the names of cells, and what it names."""
        parts: dict[str, str] = {}
        cells: list[CellCode] = []
        for cell in json.loads(task.notebook)["cells"]:
            source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
            kale = cell["metadata"].get("kale", {})
            role = kale.get("role", "step")
            if cell["cell_type"] != "code" or role == "parameters":
                continue
            if role in _OWN_ROLES:
                name, digest = role, _digest(source)
            else:
                if source not in self._cells:
                    self._cells[source] = read_cell(source)
                cells.append(self._cells[source])
                name, digest = _cell_name(role, kale.get("cell")), self._cells[source].digest
            parts[name] = _digest([parts[name], digest]) if name in parts else digest
        return parts, cells

    def _given(self, task: Task) -> dict[str, Any]:
        """The values of the parameters that a step takes."""
        known = {p.name: p.default for p in self._plan.pipeline.parameters}
        return task_parameters(task, {**known, **self._parameters})

    def _versions(self, local: LocalCode, types: Iterable[str]) -> dict[str, str]:
        standard = self._python().standard
        modules = {*local.others, *(name.partition(".")[0] for name in types)}
        modules -= standard | {"builtins", "__main__", ""}
        installed = self._installation()
        versions = {
            name: one.version for name, one in sorted(installed.of_modules(modules).items())
        }
        # Should it come one day, code that does without it may take another way.
        return versions | {m: "missing" for m in sorted(modules) if m not in installed.modules}

    def _declared(self, task: Task) -> dict[str, str]:
        patterns = task.options.files
        found = declared_files(patterns, self._cwd)
        return {
            self.shown(path): self._content(path) for files in found.values() for path in files
        } | {pattern: "missing" for pattern, files in found.items() if not files}

    def _engine(self, task: Task) -> dict[str, str]:
        python, pipeline = self._python(), self._plan.pipeline
        options = task.options
        return {
            "python": python.version,
            "machine": f"{os.uname().sysname} {os.uname().machine}",
            "kernel": f"{pipeline.kernel} {_digest(python.kernel)}",
            "runtime": self._runtime,
            "kale": __version__,
            "owner": self._owner,
            # Values hold paths, and relative ones lead elsewhere from another folder.
            "folder": _digest(str(self._cwd)),
            "packages": ",".join(options.packages),
            "pickling": json.dumps(pipeline.pickling.as_json(), sort_keys=True),
        }

    # -------------------------------------------------------------------- files and modules

    def _note_named_files(
        self, task: Task, everything: Iterable[CellCode], local: LocalCode
    ) -> None:
        texts = {text for cell in everything for text in cell.texts}
        texts |= {str(value) for value in self._given(task).values() if isinstance(value, str)}
        unseen = any(cell.unseen_files for cell in everything)
        texts.update(history_files(everything, self._cwd))
        # A module's data may lie beside it.
        for path, code in local.files.items():
            if code.unseen_files:
                folder = path.rpartition("/")[0]
                texts.update(f"{folder}/{text}" for text in code.texts if _may_be_path(text))
        producers = {port.source[0] for port in task.inputs if port.source is not None}
        handed = {text for step in producers for text in self._handed_on.get(step, ())}
        self._handed_on[task.name] = likely_names(texts | handed, self._cwd)
        # A name that an earlier step made may be one that only native code opens here.
        self._texts[task.name] = sorted(texts | handed if unseen else texts), unseen
        self._named[task.name] = {
            path: self.states.state(path, by_status=by_status)
            for path, by_status in self.name_files(task.name).items()
        }

    def _scripts(self, cells: Iterable[CellCode]) -> list[str]:
        """Python files that cells run by name, whose imports count too."""
        texts = {t for c in cells for t in c.texts if ".py" in t}
        found = named_files(sorted(texts), self._cwd, whole_folders=False) if texts else {}
        return [path for path in found if path.endswith(".py")]

    def _content(self, path: str) -> str:
        return self.states.state(path).digest or "missing"

    def shown(self, path: str) -> str:
        """A path as people know it: relative to the notebook if it lies below."""
        base = f"{self._cwd}/"
        return path[len(base) :] if path.startswith(base) else path

    def _local_modules(self) -> LocalModules:
        if self._modules is None:
            named = os.environ.get("PYTHONPATH", "").split(os.pathsep)
            installed = self._installation()
            folders = [str(self._cwd), *filter(None, named), *installed.paths]
            self._modules = LocalModules(folders, installed.packages)
        return self._modules

    def _installation(self) -> Installed:
        if self._installed is None:
            python = self._python()
            self._installed = read_installed(python.folders, self._folder / "installed.json")
        return self._installed

    def _python(self) -> Interpreter:
        if self._interpreter is None:
            self._interpreter = interpreter_of(self._plan.pipeline.kernel)
        return self._interpreter


def _may_be_path(text: str) -> bool:
    return len(text) < 200 and ("." in text or "/" in text) and not any(map(str.isspace, text))


def _cell_name(role: str, cell: int | None) -> str:
    if cell is None:
        return role
    return f"cell {cell}" if role == "step" else f"{role}, cell {cell}"


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]
