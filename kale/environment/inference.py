"""What each step has to have installed for what it imports, in the versions of this machine.

A step also gets what the steps have whose values it loads: the class of a value comes from a
library that the step itself need not import.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import field

from kale.dataclass import dataclass
from kale.diagnostics import Diagnostic, diagnose
from kale.environment.distributions import Distribution, InstalledModules, project
from kale.environment.import_places import imports_of
from kale.environment.late_imports import late_imports
from kale.environment.sources import all_sources
from kale.errors import Location
from kale.ir import Plan, PortKind, Task

#: Top-level modules that nobody has to install: the language's own, and what a pod is given.
_THERE = sys.stdlib_module_names | frozenset(
    "__main__ IPython ipykernel kale kale_pod kale_runtime papermill".split()
)


def infer(
    plan: Plan,
    explicit: Mapping[str, Iterable[str]],
    imported: Mapping[str, Iterable[str]],
    local: Collection[str],
    installed: InstalledModules,
    *,
    late: bool = True,
) -> tuple[dict[str, tuple[str, ...]], tuple[Diagnostic, ...]]:
    """The requirements of each step that its code calls for, and KALE421 to KALE423.

    ``explicit`` maps steps to the requirements that they name, ``imported`` to dotted names;
    ``local`` are top-level modules of the author's own, ``late`` tells whether
    :func:`late_imports` count. The result is sorted by project, without what ``explicit`` names.
    """
    search = _Search(plan, installed, {s: tuple(words) for s, words in explicit.items()})
    named = {step: {project(word): word for word in words} for step, words in explicit.items()}
    has: dict[str, dict[str, str]] = {}
    there = {*_THERE, *local}
    for task in plan.tasks:
        names = {name for name in imported.get(task.name, ()) if _could_be(name)}
        tops = {name.partition(".")[0] for name in names}
        later = late_imports(task.notebook, tops, plan.pipeline.pickling) if late else ()
        names |= {one for one in later if _could_be(one) and installed.owners(one).installed}
        taken = (has[step] for step in _producers(task))
        found = {name: word for inherited in taken for name, word in inherited.items()}
        search.inherited[task.name] = tuple(found.values())
        own = search.distributions(
            task, {one for one in names if one.partition(".")[0] not in there}
        )
        found |= {one.project: f"{one.name}=={_public(one)}" for one in own}
        has[task.name] = found | named.get(task.name, {})
    wanted = {
        step: tuple(words[name] for name in sorted(words.keys() - named.get(step, {}).keys()))
        for step, words in has.items()
    }
    return wanted, tuple(search.diagnostics)


def _producers(task: Task) -> Iterable[str]:
    sources = (port.source for port in task.inputs if port.kind is PortKind.ARTIFACT)
    return dict.fromkeys(source[0] for source in sources if source is not None)


def _could_be(name: str) -> bool:
    """Whether a text that code imports is a dotted name at all."""
    return all(part.isidentifier() for part in name.split("."))


def _public(one: Distribution) -> str:
    """The version as an index has it."""
    return one.version.partition("+")[0]


@dataclass(slots=True)
class _Search:
    """Looks up modules, each once, and says once what is wrong with each.

    ``inherited`` maps steps to the requirements of those whose values they load.
    """

    plan: Plan
    installed: InstalledModules
    explicit: Mapping[str, tuple[str, ...]]
    inherited: dict[str, tuple[str, ...]] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    _imported: dict[str, list[tuple[Location, bool]]] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)

    def distributions(self, task: Task, names: Collection[str]) -> set[Distribution]:
        """Those that a step's pod is to have, for all the dotted names that it imports."""
        found: set[Distribution] = set()
        resolved: set[str] = set()
        missing: list[str] = []
        named = {project(word) for word in self.explicit.get(task.name, ())}
        for name in sorted(names):
            owners = self.installed.owners(name)
            if owners.outside:
                self._tell_outside(task, name, f"lies in `{owners.outside}`")
            elif not owners.installed:
                missing.append(name)
                continue
            for one in owners.distributions:
                if one.project in named:
                    found.add(one)  # the author's own requirement stands for it
                elif one.origin:
                    self._tell_outside(task, name, f"was installed from {one.origin}")
                else:
                    found.add(one)
                    self._tell_label(task, one)
            if owners.distributions or owners.outside:
                resolved.add(name.partition(".")[0])
        # A folder without code is a package to Python: one that was removed may leave it behind.
        missing += [name for name in names if name.partition(".")[0] not in resolved]
        self._tell_missing(task, sorted({*missing}))
        return found

    def _silent(self, task: Task, key: str) -> bool:
        """Whether nothing is to be said of a thing: it was, or the pod's image may see to it."""
        images = task.options.image or self.plan.pipeline.image
        install = self.plan.pipeline.packaging.install
        if images or not install or key in self._told:
            return True
        self._told.add(key)
        return False

    def _tell_missing(self, task: Task, names: Iterable[str]) -> None:
        told = ""
        for name in names:
            if told and name.startswith(f"{told}."):
                continue
            told = name
            at = self._place(name, task, missing=True)
            if at is None or self._may_be_explicit(task) or self._silent(task, f"no {name}"):
                continue
            self.diagnostics.append(
                diagnose(
                    "KALE421",
                    f"`{name}` is not installed here, so the package that has it is not known",
                    at=at,
                    hint="name it in a tag, `packages:NAME==VERSION`, or install it here and"
                    " compile again",
                )
            )

    def _may_be_explicit(self, task: Task) -> bool:
        """Whether a step gets a distribution by name that is not here as indexes have it.

        It may have any module.
        """
        words = (*self.explicit.get(task.name, ()), *self.inherited[task.name])
        known = [self.installed.distribution(project(word)) for word in words]
        return any(one is None or one.origin for one in known)

    def _tell_outside(self, task: Task, name: str, why: str) -> None:
        top = name.partition(".")[0]
        if self._may_be_explicit(task) or self._silent(task, f"outside {top}"):
            return
        self.diagnostics.append(
            diagnose(
                "KALE422",
                f"`{top}` {why}, not from a package index; the pods will not have it",
                at=self._place(name, task) or Location(self.plan.pipeline.path, step=task.name),
                hint="use an image that holds it, or name a package of an index that has it:"
                " `packages:NAME==VERSION`",
            )
        )

    def _tell_label(self, task: Task, one: Distribution) -> None:
        if "+" not in one.version or self._silent(task, f"label {one.project}"):
            return
        self.diagnostics.append(
            diagnose(
                "KALE423",
                f"{one.name} {one.version} is a build that no package index has;"
                f" pods that lack it install {one.name}=={_public(one)}",
                at=Location(self.plan.pipeline.path, step=task.name),
                hint=f"name the version for pods in a tag, `packages:{one.name}==VERSION`, or use"
                " an image that holds it",
            )
        )

    def _place(self, name: str, task: Task, *, missing: bool = False) -> Location | None:
        """Where the notebook imports a name first; ``None`` if it caters for ``missing`` ones."""
        if not self._imported:
            for step, source in all_sources(self.plan.pipeline):
                at = source.at
                for one in imports_of(source.python):
                    line = (at.line or 1) + one.line - 1
                    place = Location(at.path, at.cell, line, step=step, cell_id=at.cell_id)
                    self._imported.setdefault(one.name, []).append((place, one.guarded))
        places = self._imported.get(name, [])
        # A step's own import comes before those of other steps that may well have the module.
        for place, guarded in sorted(places, key=lambda one: one[0].step != task.name):
            if not (missing and guarded):
                return place
        return None if places else Location(self.plan.pipeline.path, step=task.name)
