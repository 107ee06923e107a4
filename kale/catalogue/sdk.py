"""Codes KALE7xx: pipelines written as Python functions, loops and conditions."""

from kale.rules import Rule, Severity

RULES: tuple[Rule, ...] = (
    Rule(
        "KALE701",
        Severity.ERROR,
        "the file is no Python",
        "An SDK file is parsed, and Python refuses it.",
        "def load(:",
        "Correct the line.",
    ),
    Rule(
        "KALE703",
        Severity.ERROR,
        "no pipeline",
        "No function at the top level of the file has the decorator `pipeline` of `kale.sdk`, "
        "or the one that has calls no step.",
        "a file without `@pipeline`",
        "Write `@pipeline(name=…)` above the function that calls the steps.",
    ),
    Rule(
        "KALE704",
        Severity.ERROR,
        "which pipeline",
        "The file has several pipelines, or none of the name that was given.",
        "kale run flows.py",
        "Name the function behind the file: `kale run flows.py::training`.",
    ),
    Rule(
        "KALE705",
        Severity.ERROR,
        "a pipeline that runs on import",
        "Kale reads the file, and every step runs the code outside of its functions: a call "
        "of the pipeline there would run it again. The SDK's decorators, too, mean something "
        "at the top level of the file alone.",
        "ml_pipeline(), outside of the main guard",
        'Put the call under `if __name__ == "__main__":`.',
    ),
    Rule(
        "KALE706",
        Severity.ERROR,
        "option of a decorator",
        "Kale reads options in the file's text. One that is no literal, not of the right "
        "type, or that there is not cannot be read.",
        "@step(limits=LIMITS)",
        "Write the value itself, under one of the names that the message lists.",
    ),
    Rule(
        "KALE707",
        Severity.ERROR,
        "a function that can be no step",
        "A step is a plain function that returns values which can be saved.",
        "@step above `async def` or a function with `yield`",
        "Write a plain function that returns its values, in a list if they are many.",
    ),
    Rule(
        "KALE708",
        Severity.ERROR,
        "two steps of one name",
        "The steps of a pipeline have different names, and each function is defined once.",
        '@step(name="load") above two functions',
        "Rename one of them.",
    ),
    Rule(
        "KALE709",
        Severity.ERROR,
        "statement in a pipeline",
        "The body of a pipeline is no code that runs: it says which steps run, and in which order.",
        "while not done: done = train(model)",
        "Put other code into a step.",
    ),
    Rule(
        "KALE710",
        Severity.ERROR,
        "call of what is no step",
        "A pipeline calls functions with the decorator `step`, and container steps.",
        "clean(data), of a plain function",
        "Decorate the function with `@step`, or call it in a step.",
    ),
    Rule(
        "KALE711",
        Severity.ERROR,
        "pipeline in a pipeline",
        "Pipelines do not nest, and none calls itself.",
        "training(), in the body of another pipeline",
        "Call the steps of the other pipeline, or put work into plain functions.",
    ),
    Rule(
        "KALE712",
        Severity.ERROR,
        "arguments of a step",
        "A step is called with arguments that its function does not take, or without one that "
        "it needs.",
        "train(x, iters=100), of `def train(x, iterations)`",
        "Correct the call as the message says.",
    ),
    Rule(
        "KALE713",
        Severity.ERROR,
        "literal of another type",
        "A step is given a literal that is not of the type that its function declares.",
        'train(x, "100"), of `def train(x, iterations: int)`',
        "Correct the value, or the annotation.",
    ),
    Rule(
        "KALE714",
        Severity.ERROR,
        "number of results",
        "The result of a step is unpacked into more or fewer names than it has values.",
        "x, y = load(), of a function with `return x, y, z`",
        "Write as many names as there are values.",
    ),
    Rule(
        "KALE715",
        Severity.ERROR,
        "name without a value",
        "The body of a pipeline uses a name that has no value there, or a step that is "
        "defined too late.",
        "train(x) above x = load()",
        "Assign it above, or correct the spelling.",
    ),
    Rule(
        "KALE716",
        Severity.ERROR,
        "default of a parameter",
        "The arguments of a pipeline are its parameters, and each has a default that is a literal.",
        "def training(rate): …",
        "Write a default: `rate=0.1`; a run may be given another value.",
    ),
    Rule(
        "KALE717",
        Severity.ERROR,
        "parameter with the name of a variable",
        "Each step has the parameters as variables, beside those of the module. Two of one "
        "name cannot both be there.",
        "def training(data=3): … in a file whose functions use `data`",
        "Rename one of them.",
    ),
    Rule(
        "KALE718",
        Severity.ERROR,
        "what a pipeline returns",
        "A pipeline ends with its last step; what it returns is for plain Python alone, and "
        "can be results of steps.",
        "return model.score",
        "Return names of results, or nothing, at the end of the body.",
    ),
    Rule(
        "KALE719",
        Severity.ERROR,
        "loop that is not possible",
        "The items of a loop are worked on side by side, and how many there are is known "
        "before the first.",
        "for x in {1, 2}: …, [f(x) for x in xs if x]",
        "Loop over a list, and let a step choose its items.",
    ),
    Rule(
        "KALE720",
        Severity.ERROR,
        "value of an earlier item",
        "The items of a loop are worked on side by side: none has what the one before it has made.",
        "for x in xs: total = add(total, x)",
        "Append what each item makes to a list, and join the list in a step after the loop.",
    ),
    Rule(
        "KALE721",
        Severity.ERROR,
        "value of a loop read after it",
        "What a step makes in a loop it makes for each item; after the loop only lists of all "
        "are there.",
        "for x in xs: y = f(x), and below it g(y)",
        "Append the value to a list in the loop, and read the list.",
    ),
    Rule(
        "KALE722",
        Severity.ERROR,
        "list that a loop fills",
        "Of a list that is filled in a loop, Kale reads three places: `results = []` above "
        "the loop, one `results.append(…)` in it, and what stands below it.",
        "results.append(f(x)), twice in a loop",
        "Write it so; join lists in a step.",
    ),
    Rule(
        "KALE723",
        Severity.ERROR,
        "exit handler",
        "The step of `with exit_handler(step):` runs at the end whatever has become of the "
        "others. So it reads nothing of them, and its group stands in no loop and no "
        "condition.",
        "with exit_handler(notify, model): …",
        "Give it parameters and literals alone, at the level of the function's body.",
    ),
    Rule(
        "KALE724",
        Severity.ERROR,
        "expression in a pipeline",
        "Beside calls of steps, a pipeline holds literals, variables, arithmetic, "
        "comparisons, subscripts and attributes.",
        "f(lambda x: x), f(x) and g(x)",
        "Put the expression into a step.",
    ),
    Rule(
        "KALE725",
        Severity.NOTICE,
        "option without effect",
        "An option that earlier versions of Kale acted on has no effect here.",
        "@step(retry_factor=2)",
        "Remove it.",
    ),
    Rule(
        "KALE726",
        Severity.ERROR,
        "loop that changes what it goes over",
        "A loop works on the items side by side that there are when it begins.",
        "for key in table: table[key] = f(key)",
        "Let a step make the changed value, before or after the loop.",
    ),
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
        "KALE765",
        Severity.ERROR,
        "a container step, and no cluster",
        "`--engine kfp-local` runs tasks as processes of this Python; a container needs its image.",
        "kale run pages.py --engine kfp-local, of a file with a `ContainerStep`",
        "Leave `--engine kfp-local` out: Kale's own engine runs containers with Docker or Podman.",
    ),
    Rule(
        "KALE766",
        Severity.ERROR,
        "a container's argument that a cluster would change",
        "Kubeflow Pipelines replaces what stands in double braces, and Kubernetes `$$` and "
        "`$(NAME)` of a variable. So the container would not get what the file says.",
        'ContainerStep(image="alpine:3", args=["echo", "{{x}}"])',
        "Have a script in the image make that text, or hand it over as the file of an input.",
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
    Rule(
        "KALE780",
        Severity.ERROR,
        "what a script cannot say",
        "`kale export` makes a function of each step. IPython's own syntax is no Python, and "
        "functions do not share their variables as cells do.",
        "!ls in a cell; a function of a `functions` cell that reads a parameter",
        "Write the cell as the message says, and export again.",
    ),
    Rule(
        "KALE781",
        Severity.ERROR,
        "what a notebook cannot say",
        "Notebooks have no exit handlers and no container steps, so `kale import` has no cell for "
        "them.",
        "with exit_handler(report): in a script",
        "Keep the Python file, or write the step as a function that is called at the end.",
    ),
    Rule(
        "KALE782",
        Severity.ERROR,
        "a file that is there already",
        "`kale export` and `kale import` write over no file unasked.",
        "kale export nb.ipynb -o train.py, where train.py is there",
        "Name another file, or give `--force`.",
    ),
)
