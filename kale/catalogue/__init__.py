"""The catalogue of codes: one row a code, with its meaning, an example and the remedy."""

from kale.catalogue import channels, cluster, files, graph, names, package, runs, tags, volumes

#: Every code that Kale prints, by code, in ascending order.
CATALOGUE = {
    rule.code: rule
    for rule in sorted(
        (
            rule
            for section in (files, tags, graph, names, channels, package, volumes, runs, cluster)
            for rule in section.RULES
        ),
        key=lambda rule: rule.code,
    )
}

__all__ = ["CATALOGUE"]
