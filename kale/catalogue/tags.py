"""Codes KALE1xx: what is wrong with tags, notebook metadata and parameters."""

from kale.rules import Rule, Severity

RULES = (
    Rule(
        "KALE101",
        Severity.ERROR,
        "malformed tag",
        "The tag looks like one of Kale's, but is none. Tags of other tools are left alone; "
        "this one is so near to a right one that it must be an error of typing.",
        "blok:train, prev train, prev:a:b, limit:",
        "Write it as the message offers.",
    ),
    Rule(
        "KALE102",
        Severity.ERROR,
        "malformed step name",
        "A step's name is made of lower-case letters and digits in words joined by `-` or "
        "`_`, at most 63 characters.",
        "block:Train Model",
        "Write it as the message offers, as in `block:train-model`.",
    ),
    Rule(
        "KALE103",
        Severity.NOTICE,
        "untagged cells became a step",
        "Code before the first tagged cell belongs to no step, so it became one, `setup`, "
        "which runs before all others.",
        "a first cell `import pandas as pd` without a tag",
        "Tag the cells `imports`, `skip` or `block:NAME`.",
    ),
    Rule(
        "KALE104",
        Severity.ERROR,
        "contradictory tags",
        "A cell is one thing: of a step, `imports`, `functions`, `pipeline-parameters`, "
        "`pipeline-metrics` or `skip`.",
        "imports and block:train on one cell",
        "Keep one of the tags, or split the cell.",
    ),
    Rule(
        "KALE105",
        Severity.ERROR,
        "reserved step name",
        "`pipeline-metrics` and, when untagged cells come first, `setup` are names of steps "
        "that Kale makes.",
        "block:pipeline-metrics",
        "Rename the step.",
    ),
    Rule(
        "KALE106",
        Severity.ERROR,
        "option set twice",
        "Tags of one step give an option two different values, or a tag and an install line two "
        "versions of a package.",
        "limit:cpu:1 and limit:cpu:2 on two cells of step `train`",
        "Keep one of the two.",
    ),
    Rule(
        "KALE107",
        Severity.NOTICE,
        "tag without effect",
        "`prev:` and options belong to a step, and this cell is of none.",
        "prev:load on a cell tagged `imports`",
        "Remove the tag, or put it on a cell of a step.",
    ),
    Rule(
        "KALE108",
        Severity.ERROR,
        "nested notebook",
        "A `notebook:NAME` tag stands for another notebook, which is not supported yet.",
        "notebook:features",
        "Copy that notebook's cells into this one and tag them.",
    ),
    Rule(
        "KALE109",
        Severity.ERROR,
        "impossible value",
        "Kubernetes would refuse the value of an option.",
        "limit:memory:2GB",
        "Correct the value as the message says.",
    ),
    Rule(
        "KALE110",
        Severity.ERROR,
        "malformed notebook metadata",
        "A setting in the notebook metadata is not of the type that it must have.",
        '"kubeflow_notebook": {"volumes": "none"}',
        "Correct it in the notebook's metadata, or remove it.",
    ),
    Rule(
        "KALE111",
        Severity.WARNING,
        "metadata without effect",
        "Settings that earlier versions of Kale acted on, or that none ever knew, have no "
        "effect here.",
        '"kubeflow_notebook": {"katib_run": true}',
        "Remove them, or see to them in another way.",
    ),
    Rule(
        "KALE112",
        Severity.ERROR,
        "no name for the pipeline",
        "The title holds no letter or digit that the pipeline's name could keep.",
        "数据.ipynb",
        "Give a name with `--pipeline_name`, or in the notebook metadata.",
    ),
    Rule(
        "KALE113",
        Severity.ERROR,
        "not a parameter",
        "A `pipeline-parameters` cell holds assignments of literals, and nothing else. An "
        "untagged cell below it is part of it.",
        "rate = 1 / 3 in a cell tagged `pipeline-parameters`",
        "Move the statement to a cell of its own, tagged `block:NAME`, `imports` or `functions`.",
    ),
    Rule(
        "KALE114",
        Severity.ERROR,
        "parameter that JSON would change",
        "Parameters travel as JSON, which has no tuples, sets, bytes or infinities, and whose "
        "keys are text.",
        "sizes = (32, 64)",
        "Use a list, a dict with text keys, or compute the value in a step.",
    ),
    Rule(
        "KALE115",
        Severity.ERROR,
        "parameter assigned twice",
        "Which of the two values is the default, nobody can tell.",
        "seed = 1 and, further down, seed = 2",
        "Keep one of the two assignments.",
    ),
    Rule(
        "KALE116",
        Severity.ERROR,
        "type of a parameter",
        "A parameter is a `str`, `int`, `float`, `bool`, `list` or `dict`, and its value must "
        "be of the type declared.",
        "trees: int = 1.5",
        "Correct the declaration, or the value.",
    ),
    Rule(
        "KALE118",
        Severity.ERROR,
        "malformed tags",
        "The `tags` of a cell are no list of texts.",
        '"tags": "block:train"',
        'Write `"tags": ["block:train"]`.',
    ),
    Rule(
        "KALE119",
        Severity.WARNING,
        "install line that runs as written",
        "What `%pip install` and `!pip install` name is installed before a step starts, and the "
        "line is left out of the pod. A line with more than packages of the index runs in the "
        "pod as it does in the notebook.",
        "%pip install -r requirements.txt",
        "Name the packages alone, put them into a `packages:` tag, or use an image with them.",
    ),
    Rule(
        "KALE117",
        Severity.WARNING,
        "a cluster that the notebook names",
        "A notebook may come from somebody else, and must not choose where your credentials go. "
        "Its `kfp_host` is left aside.",
        '"kubeflow_notebook": {"kfp_host": "https://kubeflow.example.org"}',
        "Name the cluster with --host, the variable KALE_KFP_HOST or the configuration file.",
    ),
    Rule(
        "KALE120",
        Severity.ERROR,
        "a security setting that no step can have",
        "Of a security context, Kubeflow Pipelines carries the user, the group and whether root "
        "is refused, and nothing else.",
        '"security_context": {"privileged": true}',
        "Take the setting out, or have an administrator set it for the namespace.",
    ),
)
