"""From an analysed pipeline to a plan, and from a plan to files: nothing is written here."""

from __future__ import annotations

from pathlib import PurePosixPath

from kale.codegen.kfp_script import emit_script
from kale.codegen.kfp_spec import emit_package
from kale.codegen.package_checks import check_package
from kale.codegen.plan import make_plan
from kale.codegen.runtime_bundle import LateRuntime, emit_runtime
from kale.ir import AnalyzedPipeline, Files, Plan

__all__ = [
    "LateRuntime",
    "check_package",
    "emit_files",
    "emit_package",
    "emit_runtime",
    "emit_script",
    "gen_kfp_code",
    "make_plan",
]


def emit_files(plan: Plan) -> Files:
    """All files of a compiled notebook: the script, the package and a notebook for each step.

    Raises:
        PackageError: Kubernetes or Kubeflow Pipelines would refuse the package.
    """
    name = plan.pipeline.name
    folder = PurePosixPath(f"{name}.steps")
    return {
        PurePosixPath(f"{name}.kfp.py"): emit_script(plan),
        PurePosixPath(f"{name}.yaml"): emit_package(plan),
        **{folder / f"{task.name}.ipynb": task.notebook for task in plan.tasks},
    }


def gen_kfp_code(pipeline: Plan | AnalyzedPipeline) -> str:
    """The script of a plan, or of an analysed pipeline: the original project's name for it.

    Raises:
        PackageError: Kubernetes or Kubeflow Pipelines would refuse the package.
    """
    plan = pipeline if isinstance(pipeline, Plan) else make_plan(pipeline)
    return emit_script(plan).decode()
