"""Codes KALE3xx: what is wrong with the names that steps read and change."""

from kale.rules import Rule, Severity

RULES = (
    Rule(
        "KALE301",
        Severity.ERROR,
        "undefined name",
        "A step reads a name that neither it nor anything before it defines.",
        "print(totl), where only total is defined",
        "Correct the spelling, or define the name in an earlier step or a shared cell.",
    ),
    Rule(
        "KALE302",
        Severity.ERROR,
        "IPython history",
        "A step reads IPython's memory of another cell (_, Out, In); every step starts without.",
        "best = _",
        "Give the value a name where it is computed.",
    ),
    Rule(
        "KALE303",
        Severity.WARNING,
        "undefined name in code that may not run",
        "A name that nothing defines, or that is gone where it is read, stands in code which no "
        "step is sure to run: in a function that is only put away, below a del, after its handler.",
        "handlers = {'on': lambda: print(totl)}",
        "Correct the spelling, or define the name.",
    ),
    Rule(
        "KALE304",
        Severity.ERROR,
        "shared cell needs a step's value",
        "Cells tagged imports or functions run at the head of every step, before any value of a "
        "step is there.",
        "imports: columns = df.columns",
        "Tag the cell with the block: that it belongs to.",
    ),
    Rule(
        "KALE305",
        Severity.ERROR,
        "code changed in place",
        "A step changes an attribute of a function or class that a later step uses. Code reaches "
        "a step as it was defined.",
        "Config.rate = 0.1 in one step, Config.rate read in the next",
        "Keep what changes in a variable or an instance.",
    ),
    Rule(
        "KALE306",
        Severity.ERROR,
        "deleted name",
        "A step reads a name that an earlier cell deletes.",
        "del df in block:clean, df.head() in block:plot",
        "Define the name again, or delete it after its last use.",
    ),
    Rule(
        "KALE307",
        Severity.ERROR,
        "reserved name",
        "The cells that load and save a step's values call globals() and __import__().",
        "globals = 3",
        "Use another name.",
    ),
    Rule(
        "KALE310",
        Severity.WARNING,
        "star import",
        "The names that from m import * brings in are read from the file of m, without running "
        "it. Those of this module are not known: it is not found here, or binds names under "
        "conditions. Misspelt names are found only when a step runs, and a later step does not "
        "see which earlier values the import has replaced.",
        "from matplotlib.pyplot import *",
        "Import the names that are used.",
    ),
)
