"""Codes KALE32x to KALE35x: what passes between cells and does not pass between steps."""

from __future__ import annotations

from kale.rules import Rule, Severity

RULES = (
    Rule(
        "KALE320",
        Severity.WARNING,
        "module changed in a step",
        "A step sets an attribute or a setting of a module; later steps import the module "
        "anew, in processes of their own.",
        'plt.rcParams["figure.dpi"] = 200 in block:load, plt.plot(x) in block:plot',
        "Make the change in a cell tagged imports.",
    ),
    Rule(
        "KALE321",
        Severity.WARNING,
        "state of a module changed in a step",
        "A step changes an object that a module keeps; later steps import the module anew and "
        "find the object as it was.",
        "registry.models.append(model) in block:train, registry.models in block:report",
        "Keep what changes in a variable of the notebook, which travels.",
    ),
    Rule(
        "KALE330",
        Severity.WARNING,
        "code out of sight",
        "exec, eval of a text that is computed, and %run may read or bind names that nothing "
        "in the code shows, so no step hands them on.",
        'exec(open("setup.py").read())',
        "Import what is needed, or use plain assignments for what other steps read.",
    ),
    Rule(
        "KALE331",
        Severity.WARNING,
        "global random state",
        "After a seed, the state of random and of numpy.random travels from step to step, so that "
        "all draw the notebook's numbers. That needs an order: where two steps draw and nothing "
        "orders them, or their cells take turns, the numbers differ.",
        "np.random.rand() in block:one and in block:two, which may run at the same time",
        "Make a generator, np.random.default_rng(seed), and draw from that; or add the prev: tag "
        "that the message offers.",
    ),
    Rule(
        "KALE332",
        Severity.WARNING,
        "process settings changed in a step",
        "sys.path, the options of a library, warnings, loggers and the like belong to a "
        "process; every step has its own.",
        'pd.set_option("display.precision", 2) in block:load',
        "Make the change in a cell tagged imports.",
    ),
    Rule(
        "KALE333",
        Severity.WARNING,
        "file between unordered steps",
        "One step writes a file and another reads or writes it too. Files order nothing, so "
        "the two may run at the same time or the other way round.",
        'df.to_csv("clean.csv") in block:clean, pd.read_csv("clean.csv") in block:train',
        "Add the prev: tag that the message offers, or let the value travel.",
    ),
    Rule(
        "KALE334",
        Severity.WARNING,
        "names by their text",
        "globals(), locals() and vars() read or bind names that are made up when the step "
        "runs, so no step hands them on.",
        'globals()["rate"] = 0.1',
        "Use a dictionary of your own for names that are computed.",
    ),
    Rule(
        "KALE335",
        Severity.WARNING,
        "IPython's store",
        "%store keeps values in files of the user's IPython profile, which no step hands on "
        "and no pod has.",
        "%store model",
        "Take it away; what other steps read travels by itself.",
    ),
    Rule(
        "KALE336",
        Severity.WARNING,
        "environment variable set in a step",
        "The environment belongs to a process; a later step that may read the variable has "
        "its own.",
        'os.environ["MODE"] = "fast" in block:load, os.getenv("MODE") in block:train',
        "Set it in a cell tagged imports, or give the step an env: tag.",
    ),
    Rule(
        "KALE337",
        Severity.WARNING,
        "working directory changed in a step",
        "The working directory belongs to a process; a later step that uses a relative path "
        "starts in its own.",
        'os.chdir("data") in block:load, pd.read_csv("a.csv") in block:train',
        "Make the change in a cell tagged imports, or use full paths.",
    ),
    Rule(
        "KALE338",
        Severity.WARNING,
        "random state of a library",
        "PyTorch, TensorFlow and their like keep a random state for the process. It does not "
        "travel, and a seed in a shared cell is set anew in every step.",
        "torch.manual_seed(0) in block:load, torch.rand(3) in block:train",
        "Set a seed of its own in each step, or draw from a generator that travels.",
    ),
    Rule(
        "KALE339",
        Severity.WARNING,
        "figure of another step",
        "Matplotlib's current figure belongs to a process; a step that goes on with the "
        "figure of another starts without one.",
        'plt.plot(x) in block:plot, plt.savefig("x.png") in block:save',
        "Open, draw and save a figure in one step, or keep it in a variable.",
    ),
    Rule(
        "KALE340",
        Severity.NOTICE,
        "file passed between steps",
        "One step writes a file and a later one reads it. On a cluster each step has a disk "
        "of its own, so the file is not there.",
        'df.to_csv("clean.csv") in block:clean, pd.read_csv("clean.csv") in block:train',
        "Let the value travel, or mount one volume: in both steps and write the file there.",
    ),
    Rule(
        "KALE341",
        Severity.WARNING,
        "value made anew in every step",
        "A shared cell, or a cell of two steps, runs in each of its steps. A clock, an "
        "unseeded generator or a new identity gives each another value; the notebook has one.",
        "imports: run_id = uuid.uuid4()",
        "Tag the cell with a block: of its own, so that its value travels.",
    ),
    Rule(
        "KALE343",
        Severity.WARNING,
        "question in a step",
        "input() waits for an answer, and nobody answers a step.",
        'path = input("file? ")',
        "Take the value from a pipeline-parameters cell.",
    ),
    Rule(
        "KALE344",
        Severity.WARNING,
        "cache that starts empty",
        "A function under functools.cache remembers its results for the process. In another "
        "step its body runs again, with all that it does besides returning a value.",
        "@cache over def load(path): log.append(path) ...",
        "Do in the function nothing but compute its result, or keep the results in a variable.",
    ),
    Rule(
        "KALE345",
        Severity.WARNING,
        "closures over one variable",
        "Functions that share a variable by nonlocal come apart when they are saved: each "
        "gets the variable as it was.",
        "inc, get = make_counter()",
        "Keep the variable in an instance of a class whose methods they are.",
    ),
    Rule(
        "KALE346",
        Severity.WARNING,
        "memory shared out of sight",
        "A library's call makes a value that shares memory with another. Saved, the two come "
        "apart.",
        "s = pd.Series(array, copy=False)",
        "Make a copy, or use both in one step.",
    ),
    Rule(
        "KALE350",
        Severity.WARNING,
        "value that cannot be saved",
        "A step wants a value that no file can hold: a generator, an open file, a lock, a "
        "connection. The step that makes it stops when it saves it.",
        "rows = (parse(line) for line in lines) in block:load, list(rows) in block:train",
        "Save what it is made from, or make it in the step that uses it.",
    ),
)
