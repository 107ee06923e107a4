"""Codes KALE418 to KALE432: what pods install, and what travels to them."""

from kale.rules import Rule, Severity

RULES = (
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
)
