"""What the cells of a step notebook call: load inputs, save outputs, record metrics.

The files are named by a JSON file whose path is in the variable ``KALE_STEP_CONTEXT``:
``{"step": name, "inputs": {name: [folder, …]}, "outputs": {name: folder}, "metrics":
file}``. An input with several folders has several versions, of which one was changed. Further
keys: ``marshal``, the backends' keywords; ``digest``, the algorithm for files; ``readers``, the
steps that read each output; ``hand_on``, for outputs that need no folder of their own where they
are an input that did not change: a file to write that input's folder to; ``classification``, a file
for what Kubeflow Pipelines draws of the metrics; ``index``, the numbers of the items that a step in
loops works on; ``collected``, the inputs that are lists of the values of all folders.
"""

from __future__ import annotations

import asyncio
import html
import json
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from .describe import artifact_type, describe
from .digest import digest
from .dispatch import full_name
from .files import new_hash, remembering_buffers, step_context
from .manifest import UNBOUND, Manifest, MarshalError, quoted, versions_for
from .resources import resource_load
from .sharing import find_groups, reach
from .values import load, pick, publish, save_group, ties

#: Inputs that this process loaded and may save: the object's id, its folder, its manifest.
_loaded: dict[str, tuple[int, Path, Manifest]] = {}

#: Digests of values before the step's own cells, ``None`` where it cannot be told; of those that
#: were loaded and those that a shared cell made.
_before: dict[str, str | None] = {}

#: What inputs that share objects with others held when they were loaded, by id.
_held: dict[str, dict[int, object]] = {}

#: Inputs that this step must leave as they are: who reads each at the same time.
_guards: dict[str, str] = {}

#: What of such an input belongs to others: the items of a loop that this step does not work on.
others: dict[str, object] = {}

#: What was loaded of variables that were saved together, as long as more is to come.
_groups: dict[str, Any] = {}


def load_inputs(
    scope: dict[str, Any],
    names: Sequence[str],
    unchanged: Mapping[str, str] | None = None,
    more: bool = False,
) -> None:
    """Bind the names to the values that earlier steps saved; an unbound one stays unbound.

    ``unchanged`` maps inputs that this step must not change to the step that reads the same
    value and may run at the same time, or to the words of a message, behind the name of the input;
    :func:`save_outputs` checks them. ``more`` says that other names will be loaded, too.

    Raises:
        MarshalError: a value is missing or damaged, cannot be loaded, or was changed by two
            steps at once; the message names all that failed, and nothing is bound.
    """
    context, guards = _context(), unchanged or {}
    values: dict[str, Any] = {}
    failed = []
    for name in names:
        try:
            if name in context.get("collected", ()):
                from .control_flow import collect

                values[name] = collect(context, name, _groups)
                continue
            folder, manifest = pick([Path(d) for d in context["inputs"][name]], name)
            if manifest.tied:
                ties[name] = manifest.tied
            if manifest.backend != UNBOUND:
                values[name] = load(folder, manifest, _groups, **context.get("marshal", {}))
        except MarshalError as error:
            failed.append(str(error))
            continue
        _loaded[name] = id(values.get(name)), folder, manifest
    if failed:
        raise MarshalError("\n".join(failed))
    if not more:
        _groups.clear()
    _guards.update(guards)
    scope.update(values)
    if ties:
        from .loop_sharing import guard_shared

        guard_shared(context["inputs"])
    for name in {*_guards, *context["outputs"]} & scope.keys():
        value = others.get(name, scope[name])
        _before[name] = _known_digest(name, value) or digest(value)
        if name in _loaded and _loaded[name][2].shared:
            _held[name] = reach(scope[name])


def save_outputs(scope: Mapping[str, Any], names: Sequence[str], within: bool = False) -> None:
    """Save the values of the names for later steps, each that can be saved.

    A value that was loaded and not changed is handed on as the files it came from. What the
    notebook's own functions still do is warned of. ``within`` a loop or a branch, values are told
    apart that share objects with what is outside of it.

    Raises:
        MarshalError: a value cannot be saved, or the step changed an input that another step
            reads at the same time; the message names all that failed.
    """
    context, failed = _context(), _broken_guards(scope)
    for name in _still_running(scope):
        text = f"`{name}` still runs, and no later step sees what it does now; wait for its end"
        warnings.warn(text, RuntimeWarning, stacklevel=2)
    targets = {name: Path(context["outputs"][name]) for name in names}
    values = {name: scope[name] for name in names if name in scope}
    if within or ties:
        from .loop_sharing import find_ties

        find_ties(scope, values, context.get("index"), within)
    with remembering_buffers():
        _save(values, targets, context, failed)
    if failed:
        raise MarshalError("\n".join(failed))


def _still_running(scope: Mapping[str, Any]) -> Iterator[str]:
    """The threads, and asyncio's tasks, that are in functions of the notebook's own."""
    for thread in threading.enumerate():
        target = getattr(thread, "_target", None)
        if target and getattr(target, "__globals__", None) is scope:
            yield thread.name
    with suppress(RuntimeError):  # no loop runs
        for task in asyncio.all_tasks():
            frame = getattr(task.get_coro(), "cr_frame", None)
            if frame and frame.f_globals is scope:
                yield f"{task.get_name()} ({frame.f_code.co_name})"


def _save(
    values: Mapping[str, object],
    targets: Mapping[str, Path],
    context: Mapping[str, Any],
    failed: list[str],
) -> None:
    """Save the values that can be; add what is wrong with the others to ``failed``."""
    manifests = {name: _describe(name, context["step"], value) for name, value in values.items()}
    for group in find_groups(values):
        # Whether these are the objects that were loaded, unchanged, and together if several.
        same = all(
            n in _loaded and manifests[n].changed is False and _loaded[n][0] == id(values[n])
            for n in group
        )
        origins = [_loaded[name][2] for name in group] if same else []
        try:
            if same and (
                len(group) == 1 or all(m.shared and m.group == origins[0].group for m in origins)
            ):
                for name in group:
                    *_, folder, manifest = _loaded[name]
                    if name in context.get("hand_on", ()):
                        Path(context["hand_on"][name]).write_text(str(folder))
                        continue
                    now = manifests[name].digest
                    kept = replace(manifest, step=context["step"], changed=False, digest=now)
                    publish(kept, folder, targets[name])
            else:
                parts = {name: values[name] for name in group}
                if len(group) > 1:  # what they share now, they may not have shared before
                    for name in group:
                        changed = manifests[name].changed is not None or None
                        manifests[name] = replace(manifests[name], changed=changed)
                save_group(parts, targets, manifests, **context.get("marshal", {}))
        except MarshalError as error:
            failed.append(f"{error}{_wanted(group, context)}")
        except OSError as error:
            failed.append(f"{quoted(group)} cannot be saved: {error}; make room or another folder")
    for name in targets.keys() - values:
        # A name that was loaded and deleted has changed; one that never had a value has not.
        gone = name in _loaded and _loaded[name][2].backend != UNBOUND
        publish(Manifest(name, context["step"], changed=gone), Path(), targets[name])


def _known_digest(name: str, value: object) -> str | None:
    """The content digest of what was just loaded, where the format vouches for it."""
    if name not in _loaded or _loaded[name][0] != id(value):  # the item of a loop over it
        return None
    manifest = _loaded[name][2]
    exact = manifest.backend in ("npy", "json", "txt", "bin", "frame.arrow")
    alike = (manifest.digest or "").startswith(new_hash()[0])
    if not (exact and alike and manifest.versions == versions_for(manifest.type)):
        return None
    # Not for a function that somebody else has registered for such files.
    loader = next(resource_load.find(manifest.main)).function.__module__
    return manifest.digest if loader.startswith(f"{__package__}.") else None


def record_metrics(scope: Mapping[str, Any], names: Sequence[str]) -> None:
    """Write the values of the names to the metrics file, as JSON.

    Raises:
        MarshalError: a name has no value.
    """
    missing = [name for name in names if name not in scope]
    if missing:
        raise MarshalError(f"{quoted(missing)} cannot be reported: no value; assign it in a step")
    context = _context()
    path = Path(context["metrics"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({name: _as_metric(scope[name]) for name in names}))
    if "classification" in context:
        from .classification import drawn

        Path(context["classification"]).write_text(json.dumps(drawn(scope[n] for n in names)))


def _as_metric(value: Any) -> int | float | str:
    """The value as JSON can hold it: numbers and text as they are, the rest as short text."""
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and value - value:  # not a number, as of infinite ones
        return json.dumps(value)
    return value if isinstance(value, int | float | str) else repr(value)[:200]


def _context() -> dict[str, Any]:
    context = step_context()
    if not context:
        raise MarshalError("this is one step of a pipeline; start the pipeline with `kale run`")
    return context


def _wanted(names: Sequence[str], context: Mapping[str, Any]) -> str:
    readers = {step for name in names for step in context.get("readers", {}).get(name, ())}
    return f" (read by {quoted(sorted(readers))})" if readers else ""


def _broken_guards(scope: Mapping[str, Any]) -> list[str]:
    failed = []
    for name, reader in _guards.items():
        if name not in _before or name not in scope:
            continue
        before, why = _before[name], reader
        if " " not in reader:
            why = f"which step `{reader}` reads and may do so at the same time; "
            why += "order the two with a `prev:` tag"
        if before is None:
            text = f"whether this step changes `{name}`, {why.partition(' and')[0]}, is not known"
            warnings.warn(text, RuntimeWarning, stacklevel=3)
        elif digest(others.get(name, scope[name])) != before:
            failed.append(f"this step changed `{name}`, {why}")
    return failed


def _describe(name: str, step: str, value: object) -> Manifest:
    """The manifest of a value, all but its backend and files."""
    kind, line, preview = full_name(type(value)), "", ""
    try:
        line, preview = describe(value)
    except Exception:  # noqa: BLE001 -- most types have no description; libraries fail in many ways
        line = ""
    made = Manifest(
        name,
        step,
        kind,
        digest=digest(value),
        versions=versions_for(kind),
        artifact=artifact_type(type(value)),
        description=html.escape(line[:500]),
        preview=html.escape(preview[:5000]),
    )
    if name not in _before:
        return made
    changed = made.digest is None or made.digest != _before[name]
    # Equal content may be held apart now, or together.
    changed = changed or (name in _held and [*_held[name]] != [*reach(value)])
    return replace(made, loaded=_before[name], changed=changed)
