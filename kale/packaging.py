"""How a package for a cluster is to be made, beyond what the notebook says; and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from kale.dataclass import dataclass
from kale.options import SecretEnv

#: Settings of the project file, of variables and of options that have several values; as text,
#: they have commas between them.
LISTS = frozenset({"include", "extra_index_url", "trusted_host", "index_secret"})

#: Those that are on or off.
SWITCHES = frozenset({"no_install"})

#: Those of one text.
TEXTS = frozenset({"requirements", "runtime", "index_url", "kfp_version"})

KEYS = LISTS | SWITCHES | TEXTS

#: Whether pods are handed Kale's runtime or their image holds it.
RUNTIMES = ("carried", "installed")


def _nothing() -> Mapping[Any, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PackageOptions:
    """What the command line, the environment or the project file ask for; never the notebook.

    ``requirements`` is the path of a file of requirements for every step, ``include`` are files,
    folders or patterns, relative to the notebook's folder, that travel with the package.
    ``install`` is false where the images have all, ``installed_runtime`` true where they hold
    Kale. The addresses are package indexes for pip, without credentials: those are in
    ``index_secrets``, variables that a Kubernetes secret fills. ``kfp_version`` is the oldest
    Kubeflow Pipelines that has to take the package, such as ``2.3``; empty is this Kale's own.
    """

    requirements: str = ""
    include: tuple[str, ...] = ()
    install: bool = True
    installed_runtime: bool = False
    index_url: str = ""
    extra_index_urls: tuple[str, ...] = ()
    trusted_hosts: tuple[str, ...] = ()
    index_secrets: tuple[SecretEnv, ...] = ()
    kfp_version: str = ""


@dataclass(frozen=True, slots=True)
class Environment:
    """What the pods of a package get beside the notebook of their step.

    ``required`` and ``if_missing`` map steps to requirements as pip reads them: the first hold
    in any case, the second, what the code imports in the versions of this machine, are for
    images that lack the distribution. ``files`` are the local modules and included files, by
    their paths relative to the notebook's folder.
    """

    required: Mapping[str, tuple[str, ...]] = field(default_factory=_nothing)
    if_missing: Mapping[str, tuple[str, ...]] = field(default_factory=_nothing)
    files: Mapping[PurePosixPath, bytes] = field(default_factory=_nothing)
    options: PackageOptions = field(default_factory=PackageOptions)
