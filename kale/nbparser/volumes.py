"""The volumes of a pipeline, from the notebook metadata of every version of Kale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from kale.diagnostics import Diagnostic, diagnose, nearest
from kale.errors import KaleError, Location, NotebookError
from kale.nbparser.kubernetes import object_name_problem
from kale.nbparser.mount_paths import clash, mount_problem
from kale.nbparser.volume_fields import SIZES, Fields, Findings, is_size, listed
from kale.volumes import (
    SHARED,
    WORKSPACE_PATH,
    Volume,
    VolumeKind,
    Volumes,
    Workspace,
    clone_parameter,
)

#: The metadata keys that are read here.
VOLUME_KEYS = (
    "volumes", "marshal_volume", "marshal_volume_size", "marshal_path", "snapshot_volumes",
    "autosnapshot", "storage_class_name", "volume_access_mode", "workspace", "workspace_size",
)  # fmt: skip

#: What the values of steps go through where nobody says more.
_MARSHAL_PATH, _MARSHAL_SIZE, _MARSHAL_NAME = "/marshal", "1Gi", "kale-marshal"

#: The folder on a volume that is Kale's own: the rest is the author's.
_FOLDER = ".kale"

_KINDS: dict[str, VolumeKind] = {
    "pvc": "existing", "new_pvc": "new", "pv": "new", "snap": "new", "clone": "clone",
}  # fmt: skip

_MADE = ("size", "size_type", "storage_class_name", "volume_access_mode")
_KEYS = (
    "type", "name", "mount_point", "mount_path", "sub_path", "annotations", "snapshot",
    "snapshot_name", "delete", *_MADE,
)  # fmt: skip
_MARSHAL_KEYS = ("name", "mount_point", "mount_path", "sub_path", "delete", *_MADE)

_DELETED = "is set, and only what a run makes can be deleted at its end"


def parse_volumes(
    found: Mapping[str, Any], at: Location
) -> tuple[Volumes, tuple[KaleError, ...], tuple[Diagnostic, ...]]:
    """What the steps mount and values go through, by the metadata keys :data:`VOLUME_KEYS`.

    Errors: KALE125, an entry that no volume can be; KALE126, two that exclude each other; KALE127,
    a volume for values that cannot be. Diagnostics: KALE128, what has no effect.
    """
    findings = Findings(at)
    volumes: list[Volume] = []
    for number, entry in enumerate(found.get("volumes", ()), start=1):
        where = f"volumes[{number}]"
        if isinstance(entry, Mapping):
            taken = {volume.parameter for volume in volumes}
            volumes += _volume(Fields(where, entry, found, findings, "KALE125"), taken)
        else:
            findings.wrong("KALE125", where, "is not an object with a `name` and a `mount_point`")
    if found.get("snapshot_volumes") is False:
        volumes = [_itself(volume, findings) for volume in volumes]
    workspace = _workspace(found, findings)
    if found.get("marshal_volume") == "workspace":
        workspace = workspace or _made("marshal_volume_size", found, findings)
        folder = f"{WORKSPACE_PATH}/{_FOLDER}"
        if found.get("marshal_path"):
            findings.note("marshal_path", "the workspace has a place of its own")
    else:
        marshal = _marshal(found, findings)
        volumes += marshal
        folder = _folder(found, marshal, volumes, findings)
    for one, other in combinations(volumes, 2):
        if problem := clash(one, other):
            hint = "give each a path and a claim of its own"
            findings.errors.append(NotebookError("KALE126", problem, at=at, hint=hint))
    # `autosnapshot` alone, which editors wrote always, has nothing copied that is not listed.
    snapshot = found.get("snapshot_volumes") is True or any(v.kind == "clone" for v in volumes)
    read = Volumes(tuple(volumes), folder, workspace, snapshot)
    return read, tuple(findings.errors), tuple(findings.notes)


def _volume(fields: Fields, taken: set[str]) -> list[Volume]:
    """The volume of an entry; none where it cannot be one."""
    before = len(fields.findings.errors)
    fields.check_keys(_KEYS)
    said = fields.text("type") or "pvc"
    if said not in _KINDS:
        near = nearest(said, _KINDS)
        offer = f"did you mean `{near}`?" if near else f"types are {listed(_KINDS)}"
        fields.wrong("type", f"is `{said}`, and there is no such volume", offer)
    kind = _KINDS.get(said, "existing")
    made, name = kind == "new", fields.claim()
    snapshot = fields.text("snapshot_name") if said == "snap" else ""
    if said == "snap" and (problem := object_name_problem(snapshot)):
        fields.wrong("snapshot_name", f"is `{snapshot}`, and no VolumeSnapshot", problem)
    if fields.flag("snapshot"):
        why = "Kubeflow Pipelines takes no snapshot when a run has ended"
        fields.findings.note(f"{fields.where}.snapshot", why)
    delete = fields.flag("delete")
    if delete and not made:
        fields.wrong("delete", _DELETED)
    volume = Volume(
        kind=kind,
        name=name,
        mount_path=fields.path(),
        sub_path=fields.folder(),
        size="" if kind == "existing" else fields.size(needed=made),
        storage_class="" if kind == "existing" or said == "pv" else fields.storage_class(),
        access_mode=fields.mode(SHARED if made else ""),
        annotations=fields.annotations() if made else (),
        snapshot=snapshot,
        source=name if said == "pv" else "",
        delete=delete,
        parameter=clone_parameter(name, taken) if kind == "clone" else "",
    )
    return [volume] if len(fields.findings.errors) == before else []


def _itself(volume: Volume, findings: Findings) -> Volume:
    """The claim in the place of its copy, where no snapshots are wanted."""
    if volume.kind != "clone":
        return volume
    text = (
        f"`snapshot_volumes` is off, so the steps mount the claim `{volume.name}` itself, and no"
        " copy of it"
    )
    hint = "set `snapshot_volumes`, or the volume's `type` to `pvc`"
    findings.notes.append(diagnose("KALE128", text, at=findings.at, hint=hint))
    return Volume("existing", volume.name, volume.mount_path, volume.sub_path)


def _marshal(found: Mapping[str, Any], findings: Findings) -> list[Volume]:
    """The volume that is there for values alone, if one is asked for."""
    asked = found.get("marshal_volume")
    if isinstance(asked, str) and asked.lower() in ("true", "false"):  # by hand; no claim's name
        asked = asked.lower() == "true"
    if not asked:
        if found.get("marshal_volume_size"):
            findings.note("marshal_volume_size", "no `marshal_volume` is asked for")
        return []
    entry = asked if isinstance(asked, Mapping) else {}
    entry = {"name": asked} if isinstance(asked, str) else entry
    fields = Fields("marshal_volume", entry, found, findings, "KALE127")
    fields.check_keys(_MARSHAL_KEYS)
    if entry.get("mount_point") or entry.get("mount_path"):
        path = fields.path()
        if found.get("marshal_path"):
            findings.note("marshal_path", "`marshal_volume` says where it is mounted")
    else:
        path = _path(found, findings) or _MARSHAL_PATH
    if found.get("marshal_volume_size") and not {"name", "size"}.isdisjoint(entry):
        findings.note("marshal_volume_size", "`marshal_volume` is a claim or says its `size`")
    if "name" in entry:
        if fields.flag("delete"):
            fields.wrong("delete", _DELETED)
        name, folder, mode = fields.claim(), fields.folder(), fields.mode("")
        return [Volume("existing", name, path, folder, access_mode=mode)]
    own = "size" in entry
    volume = Volume(
        "new",
        _MARSHAL_NAME,
        path,
        size=fields.size() if own else _size(found, "marshal_volume_size", findings),
        storage_class=fields.storage_class(),
        access_mode=fields.mode(SHARED),
        delete=fields.flag("delete", default=True),
    )
    return [volume]


def _folder(
    found: Mapping[str, Any],
    marshal: Sequence[Volume],
    volumes: Sequence[Volume],
    findings: Findings,
) -> str:
    """The folder that values go through: on their own volume, or on one that is there anyway."""
    if marshal:
        return f"{marshal[0].mount_path}/{_FOLDER}"
    path = _path(found, findings)
    if not path:
        return ""
    if any(f"{path}/".startswith(f"{volume.mount_path}/") for volume in volumes):
        return f"{path}/{_FOLDER}"
    findings.note("marshal_path", "no volume is mounted there; set `marshal_volume`")
    return ""


def _path(found: Mapping[str, Any], findings: Findings) -> str:
    """``marshal_path``, where a volume could be mounted; empty where it is not said."""
    path = found.get("marshal_path") or ""
    if path and (problem := mount_problem(path)):
        findings.wrong("KALE127", "marshal_path", f"is `{path}`", problem)
    return path.rstrip("/")


def _workspace(found: Mapping[str, Any], findings: Findings) -> Workspace | None:
    """The workspace that the metadata ask for; the steps have it even if no value goes there."""
    asked = found.get("workspace")
    if not asked:
        if found.get("workspace_size"):
            findings.note("workspace_size", "no `workspace` is asked for")
        return None
    if found.get("workspace_size") and (
        isinstance(asked, str) or (isinstance(asked, Mapping) and "size" in asked)
    ):
        findings.note("workspace_size", "`workspace` says its size")
    if isinstance(asked, Mapping):
        fields = Fields("workspace", asked, found, findings, "KALE127")
        fields.check_keys(_MADE)
        size = fields.size() if "size" in asked else _size(found, "workspace_size", findings)
        return Workspace(size, fields.storage_class(), fields.mode(""))
    if isinstance(asked, str):
        found = {**found, "workspace_size": asked}
    return _made("workspace_size", found, findings)


def _made(size: str, found: Mapping[str, Any], findings: Findings) -> Workspace:
    """The workspace whose size is at the key ``size``."""
    fields = Fields("workspace", {}, found, findings, "KALE127")
    # No access mode unless somebody says it for the workspace: the cluster has one of its own.
    return Workspace(_size(found, size, findings), fields.storage_class(), fields.mode(""))


def _size(found: Mapping[str, Any], key: str, findings: Findings) -> str:
    """A size that has a key of its own among the metadata."""
    size = str(found.get(key) or _MARSHAL_SIZE)
    if not is_size(size):
        findings.wrong("KALE127", key, f"is `{size}`, and no size", SIZES)
    return size
