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
        "A name that nothing defines stands in a function that no step is sure to call.",
        "def report(): print(totl)",
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
        "from m import * binds names that cannot be seen in the notebook, so misspelt names are "
        "found only when a step runs.",
        "from numpy import *",
        "Import the names that are used.",
    ),
    Rule(
        "KALE320",
        Severity.WARNING,
        "module settings changed in a step",
        "A step changes a module's settings; later steps run in processes of their own.",
        'plt.rcParams["figure.dpi"] = 200 in block:load',
        "Make the change in a cell tagged imports.",
    ),
    Rule(
        "KALE330",
        Severity.WARNING,
        "names bound out of sight",
        "exec, eval, globals(), locals(), %run and %store may read or bind names that nothing in "
        "the code shows, so no step hands them on.",
        'globals()["rate"] = 0.1',
        "Use plain assignments for what other steps read.",
    ),
    Rule(
        "KALE331",
        Severity.WARNING,
        "global random state",
        "The random state of a process passes from cell to cell in the notebook, but not from step "
        "to step; a seed in a shared cell is set anew in every step.",
        "np.random.seed(0) in block:load, np.random.rand() in block:train",
        "Make a generator, np.random.default_rng(seed), and draw from that.",
    ),
    Rule(
        "KALE332",
        Severity.WARNING,
        "process settings changed in a step",
        "The working directory, the environment, sys.path and the options of a library belong to a "
        "process; every step has its own.",
        'os.environ["MODE"] = "fast" in block:load',
        "Make the change in a cell tagged imports.",
    ),
    Rule(
        "KALE333",
        Severity.WARNING,
        "file between unordered steps",
        "One step writes a file and another reads it. Files order nothing, so the two may run at "
        "the same time or the other way round.",
        'df.to_csv("clean.csv") in block:clean, pd.read_csv("clean.csv") in block:train',
        "Add the prev: tag that the message offers, or let the value travel.",
    ),
)
