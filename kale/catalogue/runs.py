"""Codes KALE5xx: what is wrong with a run or its parameters."""

from kale.rules import Rule, Severity

RULES = (
    Rule(
        "KALE501",
        Severity.ERROR,
        "no such pipeline parameter",
        "A value was given for a parameter that the notebook does not have.",
        "kale run titanic.ipynb -p alhpa=0.5",
        "Check the spelling; parameters are what cells tagged `pipeline-parameters` assign.",
    ),
    Rule(
        "KALE502",
        Severity.ERROR,
        "malformed parameter",
        "A parameter on the command line is not of the form NAME=VALUE, or is given twice.",
        "kale run titanic.ipynb -p alpha",
        "Write it like `-p alpha=0.5`, once for each parameter.",
    ),
    Rule(
        "KALE503",
        Severity.ERROR,
        "parameter of another type",
        "The value given for a parameter is not of the type that its default has.",
        "kale run titanic.ipynb -p trees=1.5",
        "Strings are written as they are, values of any other type as JSON.",
    ),
    Rule(
        "KALE504",
        Severity.ERROR,
        "run directory cannot be used",
        "A run writes its files into a folder of its own, which must be new or empty.",
        "kale run titanic.ipynb --run-dir results",
        "Name a folder that does not exist yet, or leave the option out.",
    ),
    Rule(
        "KALE505",
        Severity.WARNING,
        "the notebook's kernel is not installed",
        "The notebook names a kernel that is not installed here; its steps ran in `python3`.",
        '"kernelspec": {"name": "my-env"}',
        "Install the kernel with `python -m ipykernel install --name my-env`, or choose another.",
    ),
    Rule(
        "KALE506",
        Severity.ERROR,
        "no step may run",
        "The number of steps that may run at the same time is less than one.",
        "kale run titanic.ipynb -j 0",
        "Give one or more, or leave the option out.",
    ),
    Rule(
        "KALE507",
        Severity.WARNING,
        "values are not in the store",
        "Equal files of several runs are kept once, in a store. These could not be put there; the "
        "run itself has them all.",
        "a run directory on one disk, a full disk for the store",
        "See to the reason that the message gives, or name another store in KALE_CACHE_DIR.",
    ),
)
