"""The global random states that a pipeline carries, each under a name of its own."""

from __future__ import annotations

from kale.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class RandomState:
    """A process's random state: the module that draws from it, and what reads and sets it.

    ``name`` is what it travels under; no variable can have it, for it has a dot.
    """

    name: str
    module: str
    get: str
    set: str


#: Python's generator and NumPy's legacy one.
RANDOM_STATES = (
    RandomState(
        "random.state", "random", '__import__("random").getstate', '__import__("random").setstate'
    ),
    RandomState(
        "numpy.random.state",
        "numpy.random",
        '__import__("numpy").random.get_state',
        '__import__("numpy").random.set_state',
    ),
)


def is_random_state(name: str) -> bool:
    """Whether a name on a wire is that of a random state, and no variable."""
    return any(state.name == name for state in RANDOM_STATES)
