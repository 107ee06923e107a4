"""The catalogue of codes: one row a code, with its meaning, an example and the remedy."""

from kale.catalogue import channels, files, graph, names, package, runs, tags

#: Every code that Kale prints, by code, in ascending order.
CATALOGUE = {
    rule.code: rule
    for section in (files, tags, graph, names, channels, package, runs)
    for rule in sorted(section.RULES, key=lambda rule: rule.code)
}

__all__ = ["CATALOGUE"]
