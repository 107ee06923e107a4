"""Codes KALE125 to KALE128 and KALE436 to KALE443: the volumes of a pipeline."""

from kale.rules import Rule, Severity

RULES = (
    Rule(
        "KALE125",
        Severity.ERROR,
        "a volume that cannot be",
        "An entry of `volumes` in the notebook metadata describes no volume that a pod could "
        "mount, or that Kubernetes would make.",
        '"volumes": [{"type": "new_pvc", "name": "data", "mount_point": "/proc", "size": 5}]',
        "Correct the key that the message names.",
    ),
    Rule(
        "KALE126",
        Severity.ERROR,
        "two volumes in one place",
        "A pod mounts one volume at a path, and Kubeflow Pipelines mounts a claim once.",
        "two entries of `volumes` with the `mount_point` /data",
        "Give each volume a path and a claim of its own.",
    ),
    Rule(
        "KALE127",
        Severity.ERROR,
        "a volume for values that cannot be",
        "The settings of the marshal volume, or of the workspace, describe no volume.",
        '"marshal_volume": true, "marshal_volume_size": 10',
        "Correct the key that the message names.",
    ),
    Rule(
        "KALE128",
        Severity.WARNING,
        "a setting of volumes without effect",
        "Earlier versions of Kale acted on it, or it has nothing to act on here.",
        '"marshal_path": "/data/values", where no volume is mounted',
        "Remove it, or add what it needs.",
    ),
    Rule(
        "KALE436",
        Severity.WARNING,
        "a volume for one node, and steps side by side",
        "A ReadWriteOnce volume is mounted by the pods of one node at a time, and steps that no "
        "order keeps apart may be put on two.",
        '"volume_access_mode": "rwo", and two steps after `load`',
        "Use ReadWriteMany (`rwm`), or order the steps.",
    ),
    Rule(
        "KALE437",
        Severity.ERROR,
        "annotations of a new volume",
        "The driver of Kubeflow Pipelines ends at a claim's annotations, in all releases so far.",
        '"volumes": [{"type": "new_pvc", "annotations": [{"key": "a", "value": "b"}], …}]',
        "Leave them out, or make the claim yourself and mount it.",
    ),
    Rule(
        "KALE438",
        Severity.WARNING,
        "a new volume without a storage class",
        "Kubeflow Pipelines takes the storage class `standard` where none is named, and not the "
        "cluster's default one.",
        '"marshal_volume": true, and no storage_class_name',
        "Name a storage class of the cluster.",
    ),
    Rule(
        "KALE439",
        Severity.WARNING,
        "a step that cannot be cached",
        "The values of a step lie on a volume that goes with its run, so no later run can take "
        "them from the cache.",
        'cache:enabled, and "marshal_volume": true',
        "Let values go through a claim that stays, or drop the tag.",
    ),
    Rule(
        "KALE440",
        Severity.ERROR,
        "volumes that the cluster does not know",
        "Without what the Kubeflow Pipelines of --kfp-version does not know, the steps would find "
        "other data than those asked for, or none.",
        '"marshal_volume": "workspace" and --kfp-version 2.5',
        "Leave it out, or run on a later release.",
    ),
    Rule(
        "KALE441",
        Severity.ERROR,
        "a volume that a pod cannot mount",
        "A pod mounts one volume at a path, and Kubeflow Pipelines mounts a claim once, under the "
        "claim's name.",
        "volume:data:/a and volume:data:/b on one step",
        "Give each volume of a step a path and a claim of its own.",
    ),
    Rule(
        "KALE442",
        Severity.ERROR,
        "a parameter called like a volume's",
        "The copy of a volume is named by a parameter of the pipeline, which is called like one of "
        "the notebook's.",
        "clone_of_home = 1 in the parameters, and a volume `home` of type `clone`",
        "Rename the parameter.",
    ),
    Rule(
        "KALE443",
        Severity.NOTICE,
        "volumes to copy before a run",
        "A package cannot copy the volumes of a notebook server; its runs are told the names of "
        "the copies.",
        '"snapshot_volumes": true',
        "Start the run with `kale deploy`, or make the copies and give their names as parameters.",
    ),
)
