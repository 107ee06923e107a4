"""Code that is nested more deeply than Python's usual stack can be walked.

A tree is as deep as the longest chain in it: a sum of a thousand texts, an ``elif`` for each of
five hundred cases. Python compiles such code, so it is to be analyzed, too.
"""

from __future__ import annotations

import ast
import sys
import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

from kale.errors import AnalysisError
from kale.ir import Source

T = TypeVar("T")

#: Frames and bytes that are enough for what CPython's own compiler takes (3,000 levels).
_FRAMES = 60_000
_STACK = 512 * 1024 * 1024


def walk_deeply(work: Callable[[], T], sources: Callable[[], Iterable[Source]]) -> T:
    """What ``work`` returns, run again with a larger stack if the usual one is too small.

    Raises:
        AnalysisError: that is too small as well (KALE009); it names the deepest of the sources.
    """
    try:
        return work()
    except RecursionError:
        pass
    try:
        return _on_a_large_stack(work)
    except RecursionError:
        deepest = max(sources(), key=_depth)
        raise AnalysisError(
            "KALE009",
            "the cell is nested too deeply to be analyzed",
            at=deepest.at,
            hint="split its longest expression or `elif` chain, or tag the cell `skip`",
        ) from None


def _on_a_large_stack(work: Callable[[], T]) -> T:
    from concurrent.futures import ThreadPoolExecutor  # rarely needed, and slow to import

    frames, stack = sys.getrecursionlimit(), threading.stack_size(_STACK)
    sys.setrecursionlimit(_FRAMES)  # of all threads: the others do not need it, nor does it harm
    try:
        with ThreadPoolExecutor(max_workers=1) as pool:
            return pool.submit(work).result()
    finally:
        sys.setrecursionlimit(frames)
        threading.stack_size(stack)


def _depth(source: Source) -> int:
    """How many nodes stand one inside the other."""
    deepest = 0
    pending: list[tuple[ast.AST, int]] = [(ast.parse(source.python), 1)]
    while pending:
        node, level = pending.pop()
        deepest = max(deepest, level)
        pending += [(child, level + 1) for child in ast.iter_child_nodes(node)]
    return deepest
