"""The other codes KALE4xx: what Kubernetes or Kubeflow Pipelines would refuse."""

from kale.rules import Rule, Severity

RULES = (
    Rule(
        "KALE401",
        Severity.ERROR,
        "steps collide in Kubernetes",
        "Two step names are the same once Kubernetes has its way with them: lower case, "
        "dashes for all else.",
        "block:train_model and block:train-model",
        "Rename one of the steps.",
    ),
    Rule(
        "KALE402",
        Severity.ERROR,
        "step name too long",
        "Kubeflow Pipelines adds to a step's name, and Argo takes 128 characters in all.",
        "block:train-the-model-that-…",
        "Shorten the name to 121 characters.",
    ),
    Rule(
        "KALE403",
        Severity.ERROR,
        "no name for a Kubeflow pipeline",
        "Kubeflow Pipelines takes 1 to 128 lower-case letters, digits and dashes, and no "
        "dash at the start.",
        "kale compile iris.ipynb --pipeline-name 'My Pipeline'",
        "Choose such a name; the title may be any text.",
    ),
    Rule(
        "KALE404",
        Severity.ERROR,
        "no quantity",
        "Kubernetes could not read the amount of a resource.",
        "limit:memory:4 gigabytes",
        "Write cpu as 2, 0.5 or 500m, memory as 512Mi, 1.5Gi or 2G, accelerators as a "
        "whole number.",
    ),
    Rule(
        "KALE405",
        Severity.ERROR,
        "accelerators that cannot be had",
        "A step of a package has one kind of accelerator, and Kubernetes wants its "
        "request and limit equal.",
        "limit:nvidia.com/gpu:1 and limit:amd.com/gpu:1",
        "Keep one kind and its limit alone, or split the step.",
    ),
    Rule(
        "KALE406",
        Severity.ERROR,
        "text that a package cannot carry",
        "Argo expands doubled braces in all that makes up a pod, and Kubernetes `$(NAME)` and `$$` "
        "in what it executes; YAML cannot hold half of a surrogate pair, nor a pod a NUL.",
        "env:TEMPLATE={{name}}",
        "Build the text in a cell: code travels encoded and arrives as it was written.",
    ),
    Rule(
        "KALE407",
        Severity.WARNING,
        "a large step",
        "A step's container travels as one argument of a process. Up to 120 KiB Linux "
        "takes it; older clusters wrap it once more.",
        "a cell that holds a data set as a literal",
        "Read data from a file; move code into a module of the image.",
    ),
    Rule(
        "KALE408",
        Severity.ERROR,
        "a step too large for a cluster",
        "Linux refuses a process argument of 128 KiB, and a step's container travels as one.",
        "a cell that holds a data set as a literal",
        "Read data from a file; move code into a module of the image.",
    ),
    Rule(
        "KALE409",
        Severity.WARNING,
        "a resource without a field",
        "Kubeflow Pipelines can ask for cpu, memory and one kind of accelerator, and for "
        "nothing else.",
        "limit:ephemeral-storage:10Gi",
        "Set it for the namespace, with a LimitRange, or drop the tag.",
    ),
    Rule(
        "KALE410",
        Severity.NOTICE,
        "a default kept in the notebook",
        "Kubeflow Pipelines holds numbers as doubles and expands doubled braces. A "
        "default that would not arrive as it is stays in the steps' notebooks and out of "
        "the package's form.",
        "seed = 2**53 + 1, written as 9007199254740993",
        "Nothing to do; the steps use the default as it was written.",
    ),
    Rule(
        "KALE411",
        Severity.WARNING,
        "a large pipeline",
        "A run holds the containers of all steps in one object of Kubernetes, whose database takes "
        "1.5 MiB.",
        "a pipeline of 100 steps",
        "Merge small steps into one; move code into a module of the image.",
    ),
    Rule(
        "KALE412",
        Severity.ERROR,
        "an unknown Kubeflow Pipelines",
        "The package is to be made for a release of which Kale does not know what it knows.",
        "kale compile iris.ipynb --kfp-version 1.8",
        "Name the last release that Kale knows and that is not newer than the cluster's.",
    ),
    Rule(
        "KALE413",
        Severity.WARNING,
        "an option that the cluster does not know",
        "A step asks for what the Kubeflow Pipelines of --kfp-version has no field for; the "
        "package leaves it out.",
        "timeout:3600 and --kfp-version 2.0",
        "Drop the option, or run on a later release.",
    ),
    Rule(
        "KALE414",
        Severity.WARNING,
        "a parameter that needs a value",
        "Before 2.5, Kubeflow Pipelines fails at a run that gives no value for a parameter without "
        "a default in the package.",
        "limit: int = None and --kfp-version 2.3",
        "Give it a value in each run, or a default that the package can hold.",
    ),
    Rule(
        "KALE415",
        Severity.WARNING,
        "files that do not travel",
        "With --runtime installed the package carries no runtime, and no module or file of the "
        "notebook's folder with it.",
        "import helpers, with helpers.py beside the notebook",
        "Have the image hold them in its working folder, or let the package carry the runtime.",
    ),
    Rule(
        "KALE444",
        Severity.ERROR,
        "manifests that Kubernetes would refuse",
        "Kubernetes' database has room for 1.5 MiB as one object, and a PipelineVersion is one; or "
        "the pipeline's name cannot be its label.",
        "--format kubernetes, for a pipeline of 200 steps",
        "Merge small steps into one, put modules and files into the image; choose another name.",
    ),
    Rule(
        "KALE445",
        Severity.WARNING,
        "manifests too large for a plain kubectl apply",
        "kubectl apply notes what it applied in an annotation, which has room for 256 KiB, unless "
        "it applies on the server's side.",
        "--format kubernetes, for a pipeline of 20 steps",
        "Use kubectl apply --server-side, or ServerSideApply=true in Argo CD.",
    ),
    Rule(
        "KALE446",
        Severity.ERROR,
        "manifests for no cluster",
        "Manifests are asked for with a namespace that cannot be, or for a Kubeflow Pipelines "
        "before 2.14, which takes none.",
        "--format kubernetes --kfp-version 2.5",
        "Correct the namespace; for an older cluster write the package, without --format.",
    ),
)
