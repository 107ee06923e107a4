"""The analysis of steps in a row: what each reads and writes, and where every value comes from."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterable, Mapping
from dataclasses import replace

from kale.dataclass import dataclass
from kale.diagnostics import Diagnostic
from kale.errors import AnalysisError, KaleError, Location
from kale.ir import (
    METRICS_STEP,
    UNSEEN_MODULE,
    AnalyzedPipeline,
    Input,
    InputKind,
    Pipeline,
    Source,
    Step,
    StepOptions,
    StepSummary,
    Wire,
)
from kale.static_analysis.channels import hidden_channels
from kale.static_analysis.checks import (
    check_shared_cells,
    reserved_names,
    star_imports,
    unused_mistakes,
)
from kale.static_analysis.facts import PARAMETERS, SHARED, Facts, Kind, gather_facts
from kale.static_analysis.imports.imported import imported_names
from kale.static_analysis.metrics import metric_names, metrics_host
from kale.static_analysis.reaching import Flow, resolve

_CHANGES = {Kind.MUTATE, Kind.TOUCH}


@dataclass(frozen=True, slots=True)
class Level:
    """What is to be said of a pipeline whose steps stand in a row.

    ``errors`` and ``diagnostics`` are what is found here, the latter in the order of their places.
    """

    pipeline: Pipeline
    facts: Facts
    flow: Flow
    errors: tuple[KaleError, ...]
    diagnostics: tuple[Diagnostic, ...]


def examine_level(pipeline: Pipeline, harmless: Container[str] = ()) -> Level:
    """Find which names each step reads and writes, and where every value comes from.

    The steps in ``harmless`` see to it themselves that what they change in place stays as it is.

    Raises:
        AnalysisError: a cell is nested too deeply to be read (KALE009).
    """
    facts = gather_facts(pipeline)
    if harmless:
        facts = facts.without(lambda write: write.kind in _CHANGES and write.owners[0] in harmless)
    after = {step.name: step.after for step in pipeline.steps}
    if pipeline.metrics:
        after[METRICS_STEP] = _steps_before(pipeline)
    flow = resolve(facts, after)
    errors = (
        *flow.errors,
        *check_shared_cells(pipeline, facts),
        *reserved_names(facts),
        *_metrics_values(flow),
    )
    found = (
        *flow.diagnostics,
        *star_imports(facts),
        *unused_mistakes(facts, errors),
        *hidden_channels(pipeline, facts, flow),
    )
    return Level(pipeline, facts, flow, errors, tuple(sorted(found, key=_place)))


def _place(finding: Diagnostic) -> tuple[int, int, int, str]:
    at = finding.at or Location("")
    return at.cell or 0, at.line or 0, at.column or 0, finding.code


def assemble(level: Level, unsuitable: Container[str] = ()) -> AnalyzedPipeline:
    """The analysed pipeline of a level without errors.

    At the end of ``unsuitable`` steps no metrics are computed: those that stand for several, and
    those that no author wrote.
    """
    pipeline, facts, flow = level.pipeline, level.facts, level.flow
    diagnostics = (*pipeline.diagnostics, *level.diagnostics)
    wires, after = flow.wires, dict(flow.after)
    parameters = {step: set(names) for step, names in flow.parameters.items()}
    carried = {step: list(writes) for step, writes in flow.carried.items()}
    inputs = dict(flow.inputs)
    host = None
    if pipeline.metrics:
        hosts = [step for step in after if step not in unsuitable]
        host = metrics_host(facts, hosts, flow.after, wires)
        if host is None:
            host = METRICS_STEP
            pipeline = replace(pipeline, steps=(*pipeline.steps, _metrics_step(pipeline)))
        else:
            del after[METRICS_STEP]
            wires = _rewire(wires, host)
            inputs[host] = _with_metrics(inputs, host, wires)
            parameters.setdefault(host, set()).update(parameters.pop(METRICS_STEP, set()))
            known = carried.setdefault(host, [])
            given = carried.pop(METRICS_STEP, [])
            known += [w for w in given if w not in known and host not in w.owners]
    for_all = shared_parameters(facts)
    summaries = tuple(
        _summary(
            step.name,
            facts,
            flow,
            tuple(
                p.name
                for p in pipeline.parameters
                if p.name in parameters.get(step.name, set()) | for_all
            ),
            tuple(w.definition.source for w in carried.get(step.name, ()) if w.definition),
            inputs.get(step.name, ()),
            (METRICS_STEP,) if step.name == host else (),
        )
        for step in pipeline.steps
    )
    return AnalyzedPipeline(
        pipeline=pipeline,
        summaries=summaries,
        wires=wires,
        after=after,
        metrics=metric_names(facts),
        metrics_step=host,
        diagnostics=diagnostics,
        modules=facts.modules,
    )


def _metrics_step(pipeline: Pipeline) -> Step:
    at = replace(pipeline.metrics[0].at, step=METRICS_STEP)
    options = StepOptions(packages=pipeline.packages)
    return Step(METRICS_STEP, pipeline.metrics, (), options, at)


def _steps_before(pipeline: Pipeline) -> tuple[str, ...]:
    """The steps that have begun where the last metrics cell stands: it reports what they leave."""
    last = max(source.at.cell or 0 for source in pipeline.metrics)
    return tuple(
        step.name
        for step in pipeline.steps
        if any((source.at.cell or 0) < last for source in step.sources)
    )


def _rewire(wires: Iterable[Wire], host: str) -> tuple[Wire, ...]:
    """Give the metrics' inputs to the step that ends with them."""
    wires = tuple(wires)
    known = {wire.name for wire in wires if wire.consumer == host}
    kept = [wire for wire in wires if wire.consumer != METRICS_STEP]
    moved = [
        replace(wire, consumer=host)
        for wire in wires
        if wire.consumer == METRICS_STEP and wire.producers != (host,) and wire.name not in known
    ]
    return (*kept, *moved)


def _with_metrics(
    inputs: Mapping[str, tuple[Input, ...]], host: str, wires: Iterable[Wire]
) -> tuple[Input, ...]:
    """The inputs of a step that ends with the metrics cells; what it makes itself is none."""
    found = {one.name: one for one in inputs.get(host, ())}
    loaded = {wire.name for wire in wires if wire.consumer == host}
    for one in inputs.get(METRICS_STEP, ()):
        if any(origin.step == host for origin in one.origins):
            continue
        if one.kind is not InputKind.VALUE or one.name in loaded:
            found.setdefault(one.name, one)
    return tuple(found[name] for name in sorted(found))


def shared_parameters(facts: Facts) -> set[str]:
    """Parameters that an ``imports`` or ``functions`` cell reads when it runs."""
    declared = {
        name for name, writes in facts.writes.items() if any(PARAMETERS in w.owners for w in writes)
    }
    return {name for cell in facts.cells_of(SHARED) for name in cell.effects.uses} & declared


def _summary(
    step: str,
    facts: Facts,
    flow: Flow,
    parameters: tuple[str, ...],
    carried: tuple[Source, ...],
    inputs: tuple[Input, ...],
    also: tuple[str, ...],
) -> StepSummary:
    defs: dict[str, Location] = {}
    mutations: dict[str, Location] = {}
    certain: set[str] = set()
    definitions: set[str] = set()
    for cell in facts.cells_of(step):
        for name, bind in cell.effects.binds.items():
            defs.setdefault(name, cell.place(bind.node))
        for name, (node, sure) in cell.effects.mutations.items():
            mutations.setdefault(name, cell.place(node))
            certain |= {name} if sure else set()
        certain = (certain - cell.effects.unbound) | cell.effects.certain
    for name in defs:
        last = facts.timeline(name).last_of(step)
        if last is not None and last.definition is not None:
            definitions.add(name)
    return StepSummary(
        name=step,
        defs=defs,
        uses={need.name: need.at for need in flow.needs.get(step, {}).values()},
        mutations=mutations,
        certain=frozenset(certain),
        definitions=frozenset(definitions),
        parameters=parameters,
        carried=carried,
        unchanged=flow.unchanged.get(step, ()),
        inputs=inputs,
        imports=_imports(facts, (SHARED, step, *also), carried),
    )


def _imports(facts: Facts, owners: Iterable[str], carried: Iterable[Source]) -> tuple[str, ...]:
    """What the cells of some owners, and code carried from other steps, import."""
    found = {
        name
        for who in owners
        for cell in facts.cells_of(who)
        for name in facts.imports[cell.number]
    }
    for source in carried:
        if "import" in source.python:
            found |= imported_names(ast.walk(ast.parse(source.python)))
    return tuple(sorted(found - {UNSEEN_MODULE}))


def _metrics_values(flow: Flow) -> Iterable[KaleError]:
    """A step that reads what only a metrics cell defines: the metrics come last."""
    for wire in flow.wires:
        if METRICS_STEP in wire.producers and wire.consumer != METRICS_STEP:
            yield AnalysisError(
                "KALE215",
                f"step `{wire.consumer}` uses `{wire.name}`, which a pipeline-metrics cell sets; "
                "metrics are computed when the pipeline ends",
                at=wire.at,
                hint=f"compute `{wire.name}` in a step",
            )
