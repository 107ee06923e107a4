"""Clusters: Kubeflow Pipelines and Kubernetes, spoken to over HTTP; imported late."""
