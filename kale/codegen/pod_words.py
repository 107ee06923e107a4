"""What a pod installs before its step starts: the words of its command line, and pip's indexes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kale.ir import Environment, PackageOptions, Pairs, SecretEnv, StepOptions, Task


def pod_words(environment: Environment, task: Task) -> tuple[str, ...]:
    """The requirements of a step, as :func:`kale.pod.main` reads them.

    First those that the author or the command line asks for, then ``--if-missing`` and those
    that its imports call for, but for distributions that the first name. ``--no-install`` stands
    alone.
    """
    if not environment.options.install:
        return ("--no-install",)
    required = environment.required.get(task.name, ())
    explicit = tuple(dict.fromkeys((*task.options.packages, *required)))
    named = {*_distributions(explicit)}
    inferred = [
        requirement
        for requirement in dict.fromkeys(environment.if_missing.get(task.name, ()))
        if named.isdisjoint(_distributions([requirement]))
    ]
    return (*explicit, "--if-missing", *inferred) if inferred else explicit


def indexes(options: PackageOptions, step: StepOptions) -> tuple[Pairs, tuple[SecretEnv, ...]]:
    """The environment variables of a step, plain and secret, with pip's package indexes.

    What the step itself sets stays; a secret comes before an address.
    """
    own = {name for name, _ in step.env} | {secret.env for secret in step.secrets}
    if not options.install:
        return step.env, step.secrets
    secrets = tuple(secret for secret in options.index_secrets if secret.env not in own)
    own.update(secret.env for secret in secrets)
    addresses = (
        ("PIP_INDEX_URL", options.index_url),
        ("PIP_EXTRA_INDEX_URL", " ".join(options.extra_index_urls)),
        ("PIP_TRUSTED_HOST", " ".join(options.trusted_hosts)),
    )
    env = tuple((name, text) for name, text in addresses if text and name not in own)
    return (*step.env, *env), (*step.secrets, *secrets)


def _distributions(requirements: Iterable[str]) -> Iterable[str]:
    """The distributions that requirements name, as PEP 503 spells them; an address may name one."""
    for requirement in requirements:
        address = re.search(r"[#&]egg=([A-Za-z0-9._-]+)", requirement)
        plain = re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?![A-Za-z0-9._+:/-])", requirement)
        if found := address or plain:
            yield re.sub(r"[-_.]+", "-", found[1]).lower()
