"""Codes KALE701 to KALE726, KALE765 to 766 and KALE780 to 782: pipelines written as Python."""

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
