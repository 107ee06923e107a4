"""Codes KALE4xx: what Kubernetes or Kubeflow Pipelines would refuse."""

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
        "KALE418",
        Severity.ERROR,
        "an option that a package cannot have",
        "An option of `kale compile`, its KALE_ variable or its setting in `[tool.kale]` has a "
        "value that means nothing.",
        "--index-url pypi.example.org",
        "Write it as the message says.",
    ),
    Rule(
        "KALE419",
        Severity.ERROR,
        "credentials in an address",
        "A package is a file that many read, and the address of an index in it would show a "
        "password or a token.",
        "--index-url https://me:password@pypi.example.org/simple",
        "Put the address into a Kubernetes secret and name that: --index-secret "
        "SECRET:KEY:PIP_INDEX_URL.",
    ),
    Rule(
        "KALE420",
        Severity.ERROR,
        "no requirement",
        "A file of requirements cannot be read, or a line of it is no requirement that a pod "
        "could install.",
        "./wheels/model-1.0-py3-none-any.whl, in requirements.txt",
        "Write one requirement of the package index a line, such as numpy==2.1.0; name indexes "
        "by options.",
    ),
    Rule(
        "KALE421",
        Severity.WARNING,
        "a module of no known package",
        "A step imports a module that is neither installed here nor a file beside the notebook. "
        "Which package has it is not guessed: a stranger may have taken the name.",
        "import cv2, on a machine without it",
        "Name the package in a tag such as packages:opencv-python==4.10.0.84, or install it here "
        "and compile again.",
    ),
    Rule(
        "KALE422",
        Severity.WARNING,
        "a package of no index",
        "A step imports what was installed here from a folder, an archive or a repository, or what "
        "lies on the path of modules outside the notebook's folder. A pod cannot be told where to "
        "find it.",
        "import mylib, after pip install -e ../mylib",
        "Use an image that holds it, or publish it in an index and name it in a packages: tag.",
    ),
    Rule(
        "KALE423",
        Severity.WARNING,
        "a build of no index",
        "The version installed here has a local label, which package indexes do not take. Pods "
        "install the public version instead.",
        "torch 2.3.0+cpu",
        "Name the version that pods are to have in a packages: tag, or use an image that holds it.",
    ),
    Rule(
        "KALE424",
        Severity.WARNING,
        "two versions of one package",
        "Steps ask for different versions of one package, so no file of requirements for all steps "
        "can hold both; the lock leaves them to the steps.",
        "packages:numpy==1.26.4 and, in another step, packages:numpy==2.1.0",
        "Ask for one version, unless the steps need different ones; their values travel between "
        "them.",
    ),
    Rule(
        "KALE425",
        Severity.ERROR,
        "a module named like one of Python's own",
        "A file beside the notebook has the name of a module of the standard library that a step "
        "imports. Which of the two it gets depends on what the kernel had loaded before.",
        "statistics.py beside the notebook, and import statistics",
        "Rename the file, and the imports that mean it.",
    ),
    Rule(
        "KALE426",
        Severity.ERROR,
        "a file that cannot travel",
        "A module or an included file cannot be read, or is a link to a place outside of the "
        "notebook's folder.",
        "helpers.py, a link to ../shared/helpers.py",
        "Put a copy of it beside the notebook, or build an image that holds it.",
    ),
    Rule(
        "KALE427",
        Severity.ERROR,
        "files too large for a package",
        "The author's modules and the included files travel in the command of a container, which "
        "has room for 48 KiB of them, compressed.",
        "--include data, with a CSV file of some megabytes",
        "Build an image that holds them, starting from kale image; publish modules in a package "
        "index; put data on a volume.",
    ),
    Rule(
        "KALE428",
        Severity.WARNING,
        "a module that the pods will not have",
        "A step imports a module that lies outside of the notebook's folder, or machine code "
        "beside it. Neither travels with the package.",
        'sys.path.append("..") and import helpers',
        "Build an image that holds it, starting from kale image, or publish it in a package index.",
    ),
    Rule(
        "KALE429",
        Severity.WARNING,
        "a file that the pods will not have",
        "A step reads a file of this machine; a pod has a disk of its own.",
        'pd.read_csv("data/sales.csv")',
        "Ship a small file with --include; mount a volume, or read from a URL, for a large one.",
    ),
    Rule(
        "KALE430",
        Severity.ERROR,
        "nothing to include",
        "A pattern of --include finds nothing, or leads out of the notebook's folder.",
        "--include ../data/*.csv",
        "Name files, folders or patterns relative to the notebook's folder; what is hidden has to "
        "be named in full.",
    ),
    Rule(
        "KALE431",
        Severity.WARNING,
        "a file that looks like a secret",
        "A package and an image are read by many. What looks like a key or a password is left out "
        "of folders and patterns; named in full, it travels.",
        "--include config, with config/credentials.json",
        "Give a step its secrets by the tag secret:SECRET:KEY:ENV.",
    ),
    Rule(
        "KALE432",
        Severity.ERROR,
        "no one image for all steps",
        "Two steps ask for different versions of a package, and one image holds one of them; or a "
        "requirement cannot stand in a file of requirements.",
        "packages:numpy==1.26.4 and, in another step, packages:numpy==2.1.0",
        "Ask for one version in all steps, or let the pods install: compile without the image.",
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
