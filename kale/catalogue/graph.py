"""Codes KALE2xx: what is wrong with the order of the steps."""

from kale.rules import Rule, Severity

RULES = (
    Rule(
        "KALE200",
        Severity.ERROR,
        "unknown step",
        "A `prev:` tag names a step that no cell is tagged with.",
        "prev:laod",
        "Check the spelling; the message lists the steps.",
    ),
    Rule(
        "KALE201",
        Severity.NOTICE,
        "step order inferred from data",
        "A step reads a value whose last writer in the notebook's order it did not wait for. Kale "
        "adds the edge.",
        "block:plot reads df of block:load without prev:load",
        "Add the prev: tag that the message offers.",
    ),
    Rule(
        "KALE202",
        Severity.ERROR,
        "steps wait for each other",
        "The `prev:` tags lead from a step back to itself, so none of these steps could start.",
        "prev:b on step `a`, and prev:a on step `b`",
        "Remove one of the tags.",
    ),
    Rule(
        "KALE203",
        Severity.ERROR,
        "two names alike",
        "Kubernetes knows no `_`: two steps would have the same name there.",
        "block:train_model and block:train-model",
        "Rename one of the steps.",
    ),
    Rule(
        "KALE210",
        Severity.ERROR,
        "two unordered writers",
        "Two steps that may run at the same time both write a name that a later step reads.",
        "block:a and block:b both assign score; block:c, prev:a;b, reads it",
        "Order the two steps with prev:, or use two names.",
    ),
    Rule(
        "KALE211",
        Severity.ERROR,
        "value comes from a later step",
        "A step reads a value that, by the steps' order, is made only after it ran.",
        "block:b assigns x above block:a, which reads it, and b has prev:a",
        "Move the cell, or take the prev: away.",
    ),
    Rule(
        "KALE212",
        Severity.ERROR,
        "interleaved cells",
        "A step's cells stand on both sides of another step's cell, and both sides and the cell "
        "between them use one name in an order that running the steps whole cannot keep.",
        "cell 1 (a): x = 1; cell 2 (b): y = x; cell 3 (a): x = 2",
        "Put the step's cells together, or make the later ones a step of their own.",
    ),
    Rule(
        "KALE213",
        Severity.ERROR,
        "shared cell redefines a used name",
        "A cell tagged imports or functions sets a name that a cell above it already used with "
        "another meaning. Shared cells run at the head of every step.",
        "cell 2 uses clean(), cell 5 (functions) defines clean() anew",
        "Move the shared cell up, or use another name.",
    ),
    Rule(
        "KALE214",
        Severity.ERROR,
        "parameter assigned before it is declared",
        "A shared cell above the parameters assigns a parameter's name; in a step the parameters "
        "come first.",
        "cell 1 (imports): alpha = 1; cell 2 (pipeline-parameters): alpha = 2",
        "Take one of the two assignments away.",
    ),
    Rule(
        "KALE215",
        Severity.ERROR,
        "step uses a metrics cell's value",
        "Metrics cells run when the pipeline ends, so no step can use what they set.",
        "cell 7 (pipeline-metrics): best = max(a, b); cell 8 (report): print(best)",
        "Compute the value in a step.",
    ),
)
