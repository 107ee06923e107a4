"""Codes KALE630 to KALE645: copies of volumes, and what `kale doctor` finds."""

from kale.rules import Rule, Severity

RULES = (
    Rule(
        "KALE630",
        Severity.ERROR,
        "no client for Kubernetes",
        "Copies of the notebook server's volumes are made by the official client for Kubernetes, "
        "which is not installed.",
        "snapshot_volumes: true, after pip install kale",
        "Run pip install 'kale[snapshots]', or set snapshot_volumes to false.",
    ),
    Rule(
        "KALE631",
        Severity.ERROR,
        "no way into Kubernetes",
        "Nothing says which cluster is meant, or it does not take the credentials of the pod's "
        "service account or of the kubeconfig.",
        "snapshot_volumes: true, on a machine without ~/.kube/config",
        "Deploy from a notebook server, or log in until kubectl get pods works.",
    ),
    Rule(
        "KALE632",
        Severity.ERROR,
        "no rights in Kubernetes",
        "Who asks may not read, make or delete what copies of volumes need; the hint has the "
        "commands that allow it.",
        "the service account default-editor, which may not create volumesnapshots",
        "Have an administrator run the commands, or set snapshot_volumes to false.",
    ),
    Rule(
        "KALE633",
        Severity.ERROR,
        "a cluster without snapshots",
        "The cluster has no CSI snapshot controller, or no VolumeSnapshotClass for the driver of a "
        "volume.",
        "a claim of the class local-path",
        "Use a storage class whose driver takes snapshots, or mount the claims themselves.",
    ),
    Rule(
        "KALE634",
        Severity.ERROR,
        "a claim that cannot be copied",
        "It does not exist, has no volume yet, is a block device, or no storage class can make its "
        "copy.",
        "a volume of type clone named workspace-iris, in a namespace without it",
        "Correct the name or the namespace, or leave it out of the volumes.",
    ),
    Rule(
        "KALE635",
        Severity.ERROR,
        "volumes of nobody knows whom",
        "The volumes of the notebook server are to be copied, and Kale does not run in one, or not "
        "in the namespace of the run; or nothing says the namespace.",
        "snapshot_volumes: true without volumes, in a CI job",
        "Deploy from the notebook server, or list the volumes to copy in the metadata and give "
        "--namespace.",
    ),
    Rule(
        "KALE636",
        Severity.ERROR,
        "a snapshot that failed",
        "The storage has said for two minutes that it cannot take the snapshot, or took too long. "
        "What was made is deleted again.",
        "a storage system whose snapshots are used up",
        "Do what its words say; the events of the namespace may say more.",
    ),
    Rule(
        "KALE637",
        Severity.ERROR,
        "Kubernetes refuses or fails",
        "Kubernetes answered with an error of its own; the message has its words.",
        "a quota of claims that is used up",
        "Do what its words say; when it is overloaded or broken, try again later.",
    ),
    Rule(
        "KALE638",
        Severity.ERROR,
        "copies that are left behind",
        "A copy of a volume, or its snapshot, could not be deleted.",
        "a token that expired while the run was on",
        "Run the command of the hint, which deletes all that this deploy made.",
    ),
    Rule(
        "KALE639",
        Severity.ERROR,
        "Kubernetes cannot be reached",
        "There is no connection to the API of Kubernetes, or it broke off before the answer was "
        "there.",
        "a kubeconfig of a cluster that was stopped",
        "Check the network, the VPN and the proxy with kubectl get pods, and try again.",
    ),
    Rule(
        "KALE640",
        Severity.ERROR,
        "a package that is not installed",
        "Kale needs it on this machine.",
        "kale doctor, after pip uninstall papermill",
        "Install it beside Kale, or install Kale again.",
    ),
    Rule(
        "KALE641",
        Severity.ERROR,
        "no kernel for the notebook",
        "No kernel of Jupyter on this machine is the one that the notebook names, or is Python's.",
        '"kernelspec": {"name": "my-env"}',
        "Install the kernel: python -m ipykernel install --sys-prefix --name my-env.",
    ),
    Rule(
        "KALE642",
        Severity.ERROR,
        "a folder that cannot be used",
        "Kale may not write to a folder that it needs, or less than 1 GiB is free there.",
        "a full disk",
        "Make room (kale cache gc), or name another folder by KALE_CACHE_DIR, XDG_CACHE_HOME or "
        "TMPDIR.",
    ),
    Rule(
        "KALE643",
        Severity.ERROR,
        "an image that is not there",
        "The registry has no image of that name and tag, or it is no name of one.",
        "--docker-image python:3.11-slmi",
        "Correct the name, or push the image.",
    ),
    Rule(
        "KALE644",
        Severity.ERROR,
        "a cluster older than its packages",
        "Packages are made for a later Kubeflow Pipelines than the cluster has, which may refuse "
        "what it does not know.",
        "kale doctor, for Kubeflow Pipelines 2.3",
        "Compile and deploy with --kfp-version, or set kfp_version in [tool.kale].",
    ),
    Rule(
        "KALE645",
        Severity.ERROR,
        "no namespace",
        "The cluster has several users, and nothing says whose namespace is meant.",
        "kale doctor --host https://kubeflow.example.org",
        "Give --namespace, set KALE_KFP_NAMESPACE, or write namespace into the configuration.",
    ),
)
