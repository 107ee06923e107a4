"""Plans that are to become packages: what their pods get, and what is found about them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from kale.diagnostics import Diagnostic, strictly, to_errors
from kale.errors import raise_all
from kale.ir import Plan


def with_environment(planned: Plan) -> tuple[Plan, tuple[Diagnostic, ...]]:
    """The plan with what its pods get, and what is to be said of that.

    Raises:
        KaleError: what is to be installed, or to travel, cannot be.
    """
    from kale.environment import resolve

    environment, found = resolve(planned, Path(planned.pipeline.path).parent)
    return replace(planned, environment=environment), found


def package_findings(
    planned: Plan, found: Iterable[Diagnostic], *, strict: bool
) -> tuple[Diagnostic, ...]:
    """What is to be said of a plan's package, ``found`` before it, without what is silenced.

    Raises:
        KaleError: Kubernetes or Kubeflow Pipelines would refuse the package; with ``strict``, there
            are warnings.
    """
    from kale.codegen import check_package

    kept = planned.pipeline.suppression.keep((*found, *check_package(planned)))
    if strict:
        raise_all(to_errors(strictly(kept)))
    return kept
