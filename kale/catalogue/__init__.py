"""The catalogue of codes: one row a code, with its meaning, an example and the remedy."""

from kale.catalogue import (
    channels,
    cluster,
    control_flow,
    environment,
    files,
    graph,
    kubernetes,
    names,
    package,
    runs,
    scripts,
    tags,
    volumes,
)

_SECTIONS = (
    files, tags, graph, names, channels, package, environment, volumes, runs, cluster, kubernetes,
    scripts, control_flow,
)  # fmt: skip

#: Every code that Kale prints, by code, in ascending order.
CATALOGUE = {
    rule.code: rule
    for rule in sorted(
        (rule for section in _SECTIONS for rule in section.RULES), key=lambda rule: rule.code
    )
}

__all__ = ["CATALOGUE"]
