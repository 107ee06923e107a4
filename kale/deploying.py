"""From a notebook or a package to a run on a cluster: what is to go there, and that it goes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kale import core
from kale.dataclass import dataclass
from kale.diagnostics import Diagnostic
from kale.errors import Location, PackageError, UsageError, raise_all
from kale.ir import Parameter, ParameterType, Pipeline, Plan
from kale.packable import package_findings, with_environment
from kale.printable import printable
from kale.volume_copies import Say, give_back, with_copies

if TYPE_CHECKING:
    from kale.cluster.api import Api
    from kale.cluster.deployed import Deployed, DeployOptions
    from kale.cluster.deployment import Tell
    from kale.cluster.package import Package

#: What files of packages end in, and archives of such, which are refused by name.
_PACKAGES = (".yaml", ".yml", ".json", ".zip", ".tgz", ".tar.gz", ".tar")

_NOTHING: Mapping[str, str] = {}


def _silent(_: str) -> None:
    """For whoever wants to hear nothing."""


@dataclass(frozen=True, slots=True)
class Deployable:
    """What is ready to go to a cluster; nothing has been asked of one yet.

    ``options`` hold the run's parameters by their keys in the package. ``pipeline`` is that of the
    notebook, without its steps for a package that was given; ``plan`` is there for a notebook.
    """

    package: Package
    options: DeployOptions
    pipeline: Pipeline
    diagnostics: tuple[Diagnostic, ...] = ()
    plan: Plan | None = None


def is_package(source: core.PathLike) -> bool:
    """Whether a path is that of a package, by its name."""
    return os.fspath(source).lower().endswith(_PACKAGES)


def prepare(
    source: core.PathLike,
    parameters: Iterable[str] = (),
    options: DeployOptions | None = None,
    settings: Mapping[str, str] = _NOTHING,
    *,
    strict: bool = False,
    caching: bool | None = None,
    output: core.PathLike | None = None,
    namespace: str = "",
    offline: bool = False,
    say: Say = _silent,
) -> Deployable:
    """Compile a notebook, or read a package, and see that the run can be given its parameters.

    ``parameters`` are ``NAME=VALUE`` texts, read by the parameters' types. ``caching`` is for all
    steps, ``None`` for as each says. A notebook's files are written into the folder ``output``, if
    there is one. ``settings`` and ``strict`` as for :func:`kale.core.compile_notebook`. Where the
    notebook server's volumes are to be copied, these are looked up, unless ``offline``;
    ``namespace`` is where the run will be, if that was said.

    Raises:
        KaleError: the notebook, the package or a parameter is refused.
    """
    from kale.cluster.deployed import DeployOptions
    from kale.cluster.package import with_caching
    from kale.codegen.names import parameter_keys

    chosen = options or DeployOptions()
    planned: Plan | None = None
    if is_package(source):
        package, pipeline = _given_package(Path(source), settings)
        found: tuple[Diagnostic, ...] = ()
        keys = {key: key for key in package.parameters}
    else:
        planned = core.plan(source, settings, strict=strict)
        if planned.pipeline.volumes.snapshot:
            planned = with_copies(planned, chosen, namespace, say, offline=offline)
        planned, package, found = _compiled(planned, strict=strict, output=output)
        pipeline = planned.pipeline
        keys = parameter_keys(parameter.name for parameter in pipeline.parameters)
    values = {keys[name]: value for name, value in _run_values(pipeline, parameters).items()}
    if not chosen.upload_only:
        _check_given(package, values)
    if caching is not None:
        package = with_caching(package, enabled=caching)
    chosen = replace(
        chosen,
        parameters=values,
        experiment=chosen.experiment or pipeline.experiment,
        service_account=chosen.service_account or pipeline.service_account,
    )
    return Deployable(package, chosen, pipeline, found, planned)


def deploy(api: Api, deployable: Deployable, tell: Tell, say: Say = _silent) -> Deployed:
    """Upload what is ready, and run it unless only the upload was asked for.

    Volumes are copied for the run first, if the notebook asks for that. ``tell`` hears of each
    thing before it is made, beside all that was found or made until then; ``say`` of the copies.

    Raises:
        UsageError: a namespace is missing (KALE614), or a recurring run is there (KALE613).
        PackageError: the cluster is of a release that would fail at the package (KALE618).
        ClusterError: the cluster cannot be reached or refuses.
    """
    from kale.cluster.deployment import deploy as put

    if deployable.plan is not None:
        for finding in _check_release(deployable.plan, api.health().version):
            if finding not in deployable.diagnostics:
                say(f"{finding.code}: {finding.message}; {finding.hint}")
    package, options = deployable.package, deployable.options
    volumes = deployable.pipeline.volumes.clones
    if options.upload_only or not volumes:
        return put(api, package, options, tell)
    from kale.cluster.snapshots import clone_volumes

    uploaded = put(api, package, replace(options, upload_only=True), tell)
    # Of a server for one user, which takes no namespace, the pods have one nevertheless.
    namespace = api.namespace or api.connection.namespace
    clones = clone_volumes(volumes, namespace, say, pipeline=package.name)
    given = replace(options, parameters={**options.parameters, **clones.arguments})
    try:
        done = put(api, package, given, tell)
    except BaseException as error:
        give_back(clones, error, say)
        raise
    for command in clones.commands():
        say(f"the copies of volumes stay for the run; when it has ended, remove them: {command}")
    return replace(done, pipeline=uploaded.pipeline, version=uploaded.version)


def _check_release(planned: Plan, text: str) -> tuple[Diagnostic, ...]:
    """Refuse a package that is another than for the release that a cluster says it is of.

    What is returned is to be known of the package there, if that release is an older one.

    Raises:
        PackageError: it is another (KALE618).
    """
    from kale.codegen import check_package, emit_package
    from kale.codegen.kfp_versions import KNOWN, spelled, version_of

    found = re.match(r"v?(\d+)\.(\d+)", text, re.ASCII)
    older = [one for one in KNOWN if found and one <= (int(found[1]), int(found[2]))]
    options = planned.environment.options
    if not older or older[-1] >= version_of(options.kfp_version):
        return ()
    release = spelled(older[-1])
    environment = replace(planned.environment, options=replace(options, kfp_version=release))
    there = replace(planned, environment=environment)
    if emit_package(there) != emit_package(planned):
        raise PackageError(
            "KALE618",
            f"the cluster is Kubeflow Pipelines {printable(text)}, which does not know all that "
            "this package says, and its runs would fail",
            at=Location(planned.pipeline.path),
            hint=f"add --kfp-version {release}, or set kfp_version in [tool.kale]",
        )
    return planned.pipeline.suppression.keep(check_package(there))


# ----------------------------------------------------------------------------- what goes there


def _compiled(
    planned: Plan,
    *,
    strict: bool,
    output: core.PathLike | None,
) -> tuple[Plan, Package, tuple[Diagnostic, ...]]:
    from kale.cluster.package import Package
    from kale.codegen import emit_files, emit_package
    from kale.codegen.names import parameter_keys
    from kale.codegen.parameters import PARAMETER_TYPES
    from kale.files import write_files

    planned, odd = with_environment(planned)
    pipeline = planned.pipeline
    found = package_findings(planned, odd, strict=strict)
    content = emit_package(planned)
    if output is not None:
        write_files(emit_files(planned), Path(output))
    keys = parameter_keys(parameter.name for parameter in pipeline.parameters)
    types = {keys[each.name]: PARAMETER_TYPES[each.type] for each in pipeline.parameters}
    package = Package(pipeline.name, pipeline.title, pipeline.description, content, types)
    return planned, package, (*planned.diagnostics, *found)


#: A value of each type, which only says that `null` is none.
_SAMPLES: Mapping[ParameterType, str] = {
    "str": "''", "int": "0", "float": "0.0", "bool": "False", "list": "[]", "dict": "{}",
}  # fmt: skip


def _given_package(path: Path, settings: Mapping[str, str]) -> tuple[Package, Pipeline]:
    """A package and what of its pipeline a run needs to know."""
    from kale.cluster.package import read_package
    from kale.codegen.parameters import PARAMETER_TYPES
    from kale.nbparser import TEXT_SETTINGS
    from kale.settings import find_settings

    package = read_package(path)
    found = find_settings(path, settings, TEXT_SETTINGS)
    kinds = {name: kind for kind, name in PARAMETER_TYPES.items()}
    pipeline = Pipeline(
        package.name,
        package.title,
        str(path),
        experiment={**found.default, **found.override}.get("experiment_name", ""),
        parameters=tuple(
            Parameter(key, kinds[name], _SAMPLES[kinds[name]], Location(str(path)))
            for key, name in package.parameters.items()
            if name in kinds
        ),
    )
    return package, pipeline


def _check_given(package: Package, values: Mapping[str, Any]) -> None:
    """Refuse a run without a value that it needs.

    Raises:
        UsageError: a parameter has neither a default nor a value (KALE617).
    """
    from kale.codegen.parameters import PARAMETER_TYPES

    raise_all(
        UsageError(
            "KALE617",
            f"parameter `{printable(key)}` has no default in the package, and is given no value",
            hint=f"add -p {printable(key)}=…"
            if package.parameters[key] in PARAMETER_TYPES.values()
            else "the package says no type of it that -p could give: compile it with one, or "
            "add --upload-only and start the run in the user interface",
        )
        for key in package.required
        if key not in values
    )


def _run_values(pipeline: Pipeline, assignments: Iterable[str]) -> dict[str, Any]:
    """The values that a run is given, by name.

    One that is to be ``None``, as its default is, is not given at all.

    Raises:
        UsageError: a value would not arrive as it is (KALE612), or is wrong (KALE501 to KALE503).
    """
    from kale import runners
    from kale.codegen.parameters import arrives

    values = runners.read_parameters(pipeline, assignments)
    raise_all(
        UsageError(
            "KALE612",
            f"the value of parameter `{printable(name)}` would not arrive as it is",
            hint="numbers go up to 2**53, lists and objects hold no null, and no text holds "
            "`{{`, `$(` or `$$`, which the cluster would expand",
        )
        for name, value in values.items()
        if value is not None and not arrives(value)
    )
    return {name: value for name, value in values.items() if value is not None}
