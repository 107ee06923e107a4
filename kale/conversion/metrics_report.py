"""The metrics of a notebook in a script: a function reports them where the cell prints them."""

from __future__ import annotations

import ast

from kale.nbparser.syntax import parse_quietly

#: The text of that function; the names of it and of the SDK's are to be put in.
REPORT = '''def {report}(name, value):
    """Print a result; one that is a number is a metric of the pipeline, too."""
    print(value)
    try:
        {log_metric}(name, value)
    except TypeError:
        pass  # text is no metric'''


def reporting(code: str, report: str) -> str:
    """The code of a metrics cell that reports the names where the cell only prints them."""
    tree = parse_quietly(code)
    lines = code.split("\n")
    for one in reversed(tree.body if tree else []):
        alone = lines[one.lineno - 1].strip() == ast.unparse(one)
        if names := _shown(one) if alone else []:
            lines[one.lineno - 1 : one.end_lineno] = [f'{report}("{n}", {n})' for n in names]
    return "\n".join(lines)


def _shown(one: ast.stmt) -> list[str]:
    """The names that a statement prints, or shows, if it does no more."""
    match one:
        case ast.Expr(value=ast.Name(id=name)):
            return [name]
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"), args=args, keywords=[])):
            names = [argument.id for argument in args if isinstance(argument, ast.Name)]
            return names if len(names) == len(args) else []
    return []
