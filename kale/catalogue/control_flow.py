"""Codes KALE744 to KALE761 and KALE775 to 779: loops, conditions and exit handlers."""

from kale.rules import Rule, Severity

RULES: tuple[Rule, ...] = (
    Rule(
        "KALE744",
        Severity.WARNING,
        "random numbers in a loop or condition",
        "A random state that an earlier step has seeded or drawn from is handed from step to step, "
        "but neither into the items of a loop, which run side by side, nor through a condition.",
        "random.seed(0) in a step; loop:x in xs on a later one that draws",
        "Make a generator in the step itself, seeded by the item, and draw from that.",
    ),
    Rule(
        "KALE745",
        Severity.ERROR,
        "a loop's items depend on each other",
        "The items of a loop are worked on side by side, each in a process of its own: none sees "
        "what another one has changed.",
        "for x in xs: total = add(total, x)",
        "Append what each item makes to a list, and join the list in a step after the loop.",
    ),
    Rule(
        "KALE746",
        Severity.ERROR,
        "a loop's name read after it",
        "A name that is set in a loop has a value for each item; after the loop only lists of them "
        "are there.",
        "for x in xs: y = f(x)\ng(y)",
        "Append the value to a list in the loop, and read the list after it.",
    ),
    Rule(
        "KALE748",
        Severity.ERROR,
        "a step between the steps of a loop or condition",
        "A step outside runs after one step of a loop or condition and before another of it.",
        "prev: tags that lead out of a loop and into it again",
        "Take the tag away, or put the step into the loop or condition, too.",
    ),
    Rule(
        "KALE749",
        Severity.ERROR,
        "the exit step reads a step's value",
        "An exit step runs whatever has become of the others, so it can be given parameters and "
        "literals alone.",
        "with exit_handler(report, model): model = train()",
        "Give it parameters and literals, or read what it needs from where a step has written it.",
    ),
    Rule(
        "KALE750",
        Severity.ERROR,
        "a loop has too many items to run here",
        "Each item of a loop is worked on in a process of its own, and one run keeps account of at "
        "most 100,000 of them.",
        "for x in range(1000000): squared(x)",
        "Loop over parts, such as ranges of a thousand numbers, and let a step do a whole part.",
    ),
    Rule(
        "KALE751",
        Severity.ERROR,
        "a step does not tell how to go on",
        "The step before a loop or a condition writes down how many items there are, or which "
        "branch is taken. That file is missing, or holds something else.",
        "code in a step that removes files from the run's `contexts` folder",
        "Leave the run's own folders alone, and run the step again.",
    ),
    Rule(
        "KALE755",
        Severity.ERROR,
        "a value that leaves an exit handler's group",
        "Kubeflow Pipelines hands nothing out of the group of an exit handler.",
        "with exit_handler(tidy): model = train()\nuse(model)",
        "Have the step that reads the value stand in the group, too.",
    ),
    Rule(
        "KALE756",
        Severity.ERROR,
        "a value that a cluster cannot hand on",
        "Kubeflow Pipelines hands on a list of what a loop makes, or a value from either branch, "
        "only to what stands right beside the loop or condition.",
        "for x in xs: ys.append(f(x))\nwith exit_handler(tidy): use(ys)",
        "Have a step right behind the loop or condition take the value, and read its result.",
    ),
    Rule(
        "KALE757",
        Severity.ERROR,
        "a loop without items",
        "Kubeflow Pipelines takes no loop over an empty list that the package itself holds.",
        "for x in []: f(x)",
        "Delete the loop, or have a step make its items: that may be none.",
    ),
    Rule(
        "KALE758",
        Severity.ERROR,
        "an exit step and a volume that the run makes",
        "Every step mounts the volumes of the pipeline, and Kubeflow Pipelines lets an exit step "
        "wait for no task, nor for the one that makes a volume.",
        "@pipeline(marshal_volume=True), with an exit handler in it",
        "Name a claim that is there, or drop the exit handler.",
    ),
    Rule(
        "KALE759",
        Severity.ERROR,
        "an older cluster cannot do that with a loop or a condition",
        "Before 2.14 nothing can wait for a loop in Kubeflow Pipelines, or get the list of what it "
        "makes, and before 2.17 no value from either branch of a condition arrives.",
        "kale compile flow.py --kfp-version 2.5, with a step that reads what a loop makes",
        "Run on a later version.",
    ),
    Rule(
        "KALE760",
        Severity.WARNING,
        "a parameter without a default, read in a loop or branch",
        "Loops, branches and exit handlers are graphs of their own, and Kubeflow Pipelines fails "
        "to start one for a parameter that has neither a value nor a default.",
        "x: int = None, read by a step in a loop",
        "Give the parameter a value in each run, or a default that the package can hold.",
    ),
    Rule(
        "KALE761",
        Severity.ERROR,
        "a step called like a group",
        "Kubeflow Pipelines names loops and conditions by their number, and a step of the same "
        "name would take the place of one.",
        "a step `for-loop-1` in a pipeline with a loop",
        "Rename the step.",
    ),
    Rule(
        "KALE775",
        Severity.ERROR,
        "a loop or condition of what is no step",
        "`loop:`, `when:` and `parallelism:` say how often one step runs. What all steps have, the "
        "parameters, the metrics and a cell of several steps run in another way.",
        "loop:x in xs on a cell tagged `functions`",
        "Give the code a cell of its own, tagged `block:NAME`.",
    ),
    Rule(
        "KALE776",
        Severity.ERROR,
        "loop or condition told twice",
        "Cells of one step stand in different loops or conditions, or a loop has two values for "
        "`parallelism:`, or that tag follows no loop.",
        "loop:x in xs and loop:x in ys on two cells of step `train`",
        "Tag one cell of the step only, in the order in which loops and conditions nest.",
    ),
    Rule(
        "KALE777",
        Severity.ERROR,
        "`when:else` without a condition",
        "`when:else` and `when:elif TEST` go on with the condition of the step right before.",
        "when:else on the first step of a notebook",
        "Put the step right after the one with the condition, or write the condition.",
    ),
    Rule(
        "KALE778",
        Severity.ERROR,
        "a cell in the midst of a loop or condition",
        "The cells of a loop or condition run again and again, or not at all, as one piece: "
        "nothing else stands between them, and no step has cells on both sides.",
        "a cell of step `plot` between two cells tagged `loop:x in xs`",
        "Put the cells of the loop or condition one after the other.",
    ),
    Rule(
        "KALE779",
        Severity.ERROR,
        "an inner loop that sets an outer loop's variable",
        "When the inner loop is done, Python has its last item in the variable, and not the item "
        "of the outer one that the next step means.",
        "loop:x in xs and loop:x in range(3) on one step",
        "Give the inner loop's variable another name.",
    ),
)
