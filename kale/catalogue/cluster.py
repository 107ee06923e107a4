"""Codes KALE601 to KALE623: what keeps a deploy from a cluster, or a run from its end."""

from kale.rules import Rule, Severity

RULES = (
    Rule(
        "KALE601",
        Severity.ERROR,
        "no address of a cluster",
        "Nothing says where Kubeflow Pipelines is, or what says it is no address.",
        "kale deploy iris.ipynb, with no --host and no configuration",
        "Give --host, set KALE_KFP_HOST, or write the host into ~/.config/kale/config.toml.",
    ),
    Rule(
        "KALE602",
        Severity.ERROR,
        "a configuration file that cannot be used",
        "The file of clusters and credentials can be read by others than its owner, is no TOML, or "
        "sets what there is not.",
        "~/.config/kale/config.toml, with mode 644",
        "Let nobody but you read it (chmod 600), and correct the line that the message names.",
    ),
    Rule(
        "KALE603",
        Severity.ERROR,
        "credentials that cannot be used",
        "A token, a cookie or a file of certificates cannot be read, cannot travel in a request, "
        "or would travel where others can read it.",
        "--host http://kf.example.org, with a token",
        "Use an address that begins with https, and a file or a variable that holds the token "
        "alone.",
    ),
    Rule(
        "KALE604",
        Severity.ERROR,
        "a cluster that cannot be reached",
        "There is no connection to the server, or it broke off before the answer was there.",
        "a wrong port, a proxy that refuses, a port-forward that has ended",
        "Check the address with kale doctor, the network and the proxy, and try again.",
    ),
    Rule(
        "KALE605",
        Severity.ERROR,
        "a certificate that is not trusted",
        "The server cannot prove that it is the one that was named, or speaks no TLS where the "
        "address says https.",
        "a certificate of the company's own authority",
        "Name the authority's certificates with --ca-cert FILE; use the name that the certificate "
        "is for.",
    ),
    Rule(
        "KALE606",
        Severity.ERROR,
        "credentials are missing, wrong or expired",
        "The server answers that nobody is logged in, or shows a page to log in.",
        "a token of an hour ago",
        "Get a new token or cookie, and give it with --token-file, KALE_KFP_TOKEN, --cookies or in "
        "~/.config/kale/config.toml.",
    ),
    Rule(
        "KALE607",
        Severity.ERROR,
        "not allowed",
        "The server knows who asks, and its rules do not allow what is asked.",
        "a run in the namespace of another team",
        "Name your own namespace with --namespace, or ask its owner for the rights.",
    ),
    Rule(
        "KALE608",
        Severity.ERROR,
        "no Kubeflow Pipelines that Kale speaks to",
        "What answers is not the API of Kubeflow Pipelines, version 2.0 or later.",
        "the address of another site, or of Kubeflow Pipelines 1.8",
        "Give the address at which the user interface of Kubeflow Pipelines opens; upgrade a "
        "server older than 2.0.",
    ),
    Rule(
        "KALE609",
        Severity.ERROR,
        "the server refuses or fails",
        "Kubeflow Pipelines answered with an error of its own; the message has its words.",
        "a run of a version that somebody has deleted",
        "Do what the server's words say; when it is overloaded or broken, try again later.",
    ),
    Rule(
        "KALE610",
        Severity.ERROR,
        "no schedule",
        "A schedule has crontab's five fields: minute, hour, day of the month, month and day of "
        "the week, or is a nickname such as @daily. What crons understand in different ways is "
        "refused.",
        "--recurring '0 0 9 * * 1-5', with seconds",
        "Leave out seconds and years, and write ranges forwards: '0 9 * * 1-5'.",
    ),
    Rule(
        "KALE611",
        Severity.ERROR,
        "no package of a pipeline",
        "What is to be deployed is neither a notebook nor a package of Kubeflow Pipelines 2.",
        "kale deploy iris.kubernetes.yaml",
        "Name the notebook, or the NAME.yaml that kale compile makes of it.",
    ),
    Rule(
        "KALE612",
        Severity.ERROR,
        "a value that would not arrive as it is",
        "Kubeflow Pipelines holds numbers as doubles, has no null in lists, and Argo and "
        "Kubernetes expand {{…}}, $(NAME) and $$ in the values that a run is given.",
        "-p seed=9007199254740993",
        "Give a value within these limits, or assign it in a cell.",
    ),
    Rule(
        "KALE613",
        Severity.ERROR,
        "a recurring run of that name",
        "There is a recurring run that goes by this name already, of another version or with "
        "another schedule or other settings. Both would run.",
        "a second kale deploy iris.ipynb --recurring '@daily', after an edit",
        "Add --replace for the new one to take its place, or give another --recurring-name.",
    ),
    Rule(
        "KALE614",
        Severity.ERROR,
        "no namespace",
        "The cluster has several users, and nothing says which namespace is yours.",
        "kale deploy iris.ipynb, from outside of the cluster",
        "Give --namespace, set KALE_KFP_NAMESPACE, or write namespace into "
        "~/.config/kale/config.toml.",
    ),
    Rule(
        "KALE615",
        Severity.ERROR,
        "an archived experiment",
        "The experiment that the run would belong to is archived, and nobody would see the run.",
        "--experiment_name old",
        "Take it out of the archive in the user interface, or name another experiment.",
    ),
    Rule(
        "KALE616",
        Severity.ERROR,
        "no copies for each run",
        "With snapshot_volumes a deploy copies volumes for the run that it starts. A recurring run "
        "starts its runs itself.",
        "snapshot_volumes, and --recurring '@daily'",
        "Mount volumes that are there or made for each run, or leave snapshot_volumes out.",
    ),
    Rule(
        "KALE617",
        Severity.ERROR,
        "a parameter without a value",
        "The package has no default for a parameter, so each run has to be given a value.",
        "kale deploy given.yaml, whose parameter `table` has no default",
        "Add -p NAME=VALUE.",
    ),
    Rule(
        "KALE618",
        Severity.ERROR,
        "a package for a later release",
        "The cluster is an older Kubeflow Pipelines than the package is made for, and fails at "
        "what it does not know.",
        "kale deploy iris.ipynb, to a cluster of 2.5",
        "Add --kfp-version with the cluster's release; Kale then leaves out what that does not "
        "know, and says what is lost.",
    ),
    Rule(
        "KALE620",
        Severity.ERROR,
        "lost sight of a run",
        "The server did not answer for ten minutes, or did not accept the credentials for one. The "
        "run goes on.",
        "kale deploy iris.ipynb --wait, with a token that ends in an hour",
        "See the run's page; for long runs, give a token that is renewed (--token-file).",
    ),
    Rule(
        "KALE621",
        Severity.ERROR,
        "a run that takes longer",
        "The run has not ended in the time that was given for waiting. It goes on.",
        "kale deploy iris.ipynb --wait --timeout 600",
        "Wait longer, or see the run's page.",
    ),
    Rule(
        "KALE622",
        Severity.ERROR,
        "no log of a pod",
        "The log of a step's pod is gone with the pod, or cannot be read through this server.",
        "kale logs 8c1e2d7a-31f5-4c4b-9c3e-0f6b1a2d3e4f, a week after the run",
        "Read it with kubectl, or take it from the log service of the cluster, and give kale logs "
        "that file.",
    ),
    Rule(
        "KALE623",
        Severity.ERROR,
        "no such run on the cluster",
        "The server knows no run of this identifier.",
        "kale logs 8c1e2d7a-31f5-4c4b-9c3e-0f6b1a2d3e4f, of a run that was deleted",
        "Take the identifier from the address of the run's page; name the server with --host.",
    ),
)
