"""How each option tag is read: the text after its keyword, checked as Kubernetes would."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NoReturn

from kale.credentials import (
    fetches_with_credentials,
    holds_credentials,
    without_credentials,
)
from kale.errors import NotebookError
from kale.nbparser import kubernetes
from kale.nbparser.mount_paths import mount_problem
from kale.nbparser.tag_kinds import (
    AnnotationTag,
    CacheTag,
    EnvTag,
    FileTag,
    ImageTag,
    LabelTag,
    LimitTag,
    NodeTag,
    OptionTag,
    PackagesTag,
    PullPolicyTag,
    PullSecretTag,
    ReportTag,
    RequestTag,
    RetryTag,
    RunAsTag,
    SecretTag,
    TimeoutTag,
    TolerationTag,
    VolumeTag,
)
from kale.requirement_form import requirement_form


def malformed(text: str, form: str) -> NoReturn:
    """Refuse ``text``, which should have had the form ``form``.

    Raises:
        NotebookError: KALE101, without a place.
    """
    text = without_credentials(text)
    raise NotebookError("KALE101", f"the tag `{text}` is malformed", hint=f"write `{form}`")


def _accept(text: str, *problems: str | None) -> None:
    """Let a tag pass when no check has found a problem with its values."""
    for problem in problems:
        if problem:
            text = without_credentials(text)
            raise NotebookError("KALE109", f"the tag `{text}` cannot be used", hint=problem)


def _no_credentials(where: str, hint: str) -> NoReturn:
    raise NotebookError(
        "KALE419",
        f"the address in {where} holds credentials, and a package is a file for all",
        hint=hint,
    )


def _image(rest: str) -> ImageTag:
    _accept(f"image:{rest}", kubernetes.image_problem(rest))
    return ImageTag(rest)


def _packages(rest: str) -> PackagesTag:
    packages: list[str] = []
    # A comma also stands within one requirement: `a[b,c]`, and `a>=1,<2`.
    for piece in re.split(r",(?![^\[]*\])", rest):
        text = piece.strip()
        if packages and re.match(r"[<>=!~]", text):
            packages[-1] += f",{text}"
        elif re.match(r"[A-Za-z0-9]", text):
            packages.append(text)
        else:
            malformed(f"packages:{rest}", "packages:NAME==VERSION,NAME")
    for text in packages:
        is_requirement, address = requirement_form(text)
        named = "NAME @ URL" if "://" in text else "NAME==VERSION"
        problem = f"`{without_credentials(text)}` is no requirement; write `packages:{named}`"
        _accept(f"packages:{rest}", None if is_requirement else problem)
        if fetches_with_credentials(address):
            _no_credentials(
                "a `packages:` tag",
                "build an image that holds the package, or publish it in an index and name that",
            )
    return PackagesTag(tuple(dict.fromkeys(packages)))


def _limit(rest: str) -> LimitTag:
    return LimitTag(*_resource("limit", rest))


def _request(rest: str) -> RequestTag:
    return RequestTag(*_resource("request", rest))


def _resource(keyword: str, rest: str) -> tuple[str, str]:
    text = f"{keyword}:{rest}"
    resource, _, quantity = rest.partition(":")
    if not resource or not quantity:
        malformed(text, f"{keyword}:RESOURCE:QUANTITY` as in `{keyword}:memory:2Gi")
    _accept(
        text,
        kubernetes.resource_problem(resource),
        kubernetes.quantity_problem(resource, quantity),
    )
    return resource, quantity


def _retry(rest: str) -> RetryTag:
    match = re.fullmatch("([0-9]{1,9})(?::([0-9]{1,5}))?", rest)
    if match is None:
        malformed(
            f"retry:{rest}",
            "retry:N` or `retry:N:SECONDS` with whole numbers from 0, as in `retry:3:30",
        )
    return RetryTag(int(match[1]), None if match[2] is None else int(match[2]))


def _timeout(rest: str) -> TimeoutTag:
    if not re.fullmatch("[0-9]{1,9}", rest) or int(rest) == 0:
        malformed(
            f"timeout:{rest}", "timeout:SECONDS` with a whole number from 1, as in `timeout:600"
        )
    return TimeoutTag(int(rest))


def _enabled(keyword: str, rest: str) -> bool:
    if rest not in {"enabled", "disabled"}:
        malformed(f"{keyword}:{rest}", f"{keyword}:enabled` or `{keyword}:disabled")
    return rest == "enabled"


def _cache(rest: str) -> CacheTag:
    return CacheTag(_enabled("cache", rest))


def _file(rest: str) -> FileTag:
    if not rest.strip() or not rest.isprintable():
        malformed(f"file:{rest}", "file:PATH` as in `file:data/train.csv")
    return FileTag(rest.strip())


def _report(rest: str) -> ReportTag:
    return ReportTag(_enabled("report", rest))


def _secret(rest: str) -> SecretTag:
    text, parts = f"secret:{rest}", rest.split(":")
    if len(parts) != 3 or not all(parts):
        malformed(text, "secret:SECRET:KEY:ENV")
    secret, key, env = parts
    _accept(
        text,
        kubernetes.object_name_problem(secret),
        kubernetes.secret_key_problem(key),
        kubernetes.env_name_problem(env),
    )
    return SecretTag(secret, key, env)


def _env(rest: str) -> EnvTag:
    text = f"env:{rest}"
    name, equals, value = rest.partition("=")
    if not equals or not name:
        malformed(text, "env:NAME=VALUE")
    _accept(text, kubernetes.env_name_problem(name))
    # What pip and uv look for packages with; several addresses have spaces between them.
    if name.upper().startswith(("PIP_", "UV_")) and any(
        "://" in word and holds_credentials(word) for word in value.split()
    ):
        _no_credentials(
            f"the tag `env:{name}`",
            "put the whole value into a Kubernetes secret and name that:"
            f" `secret:SECRET:KEY:{name}`",
        )
    return EnvTag(name, value)


def _pair(keyword: str, rest: str) -> tuple[str, str]:
    key, colon, value = rest.partition(":")
    if not colon or not key:
        malformed(f"{keyword}:{rest}", f"{keyword}:KEY:VALUE")
    _accept(f"{keyword}:{rest}", kubernetes.label_key_problem(key))
    return key, value


def _label(rest: str) -> LabelTag:
    key, value = _pair("label", rest)
    _accept(f"label:{rest}", kubernetes.label_value_problem(value))
    return LabelTag(key, value)


def _annotation(rest: str) -> AnnotationTag:
    return AnnotationTag(*_pair("annotation", rest))


def _node(rest: str) -> NodeTag:
    key, value = _pair("node", rest)
    _accept(f"node:{rest}", kubernetes.label_value_problem(value))
    return NodeTag(key, value)


def _toleration(rest: str) -> TolerationTag:
    text = f"toleration:{rest}"
    key, _, last = rest.partition(":")
    value, colon, effect = last.rpartition(":")
    if not colon or not key:
        malformed(text, "toleration:KEY:VALUE:EFFECT")
    _accept(
        text,
        kubernetes.label_key_problem(key),
        kubernetes.label_value_problem(value),
        kubernetes.effect_problem(effect),
    )
    return TolerationTag(key, value, effect)


def _volume(rest: str) -> VolumeTag:
    text = f"volume:{rest}"
    claim, _, mount_path = rest.partition(":")
    if not claim or not mount_path:
        malformed(text, "volume:CLAIM:/PATH")
    _accept(
        text,
        kubernetes.object_name_problem(claim),
        kubernetes.mount_path_problem(mount_path) or mount_problem(mount_path),
    )
    return VolumeTag(claim, mount_path)


def _pull_secret(rest: str) -> PullSecretTag:
    _accept(f"pull-secret:{rest}", kubernetes.object_name_problem(rest))
    return PullSecretTag(rest)


def _pull_policy(rest: str) -> PullPolicyTag:
    _accept(f"pull-policy:{rest}", kubernetes.pull_policy_problem(rest))
    return PullPolicyTag(rest)


def _run_as_user(rest: str) -> RunAsTag:
    _accept(f"run-as-user:{rest}", kubernetes.id_problem(rest))
    return RunAsTag("user", int(rest))


def _run_as_group(rest: str) -> RunAsTag:
    _accept(f"run-as-group:{rest}", kubernetes.id_problem(rest))
    return RunAsTag("group", int(rest))


def _run_as_non_root(rest: str) -> RunAsTag:
    if rest not in {"true", "false"}:
        malformed(f"run-as-non-root:{rest}", "run-as-non-root:true` or `run-as-non-root:false")
    return RunAsTag("non-root", rest == "true")


#: The functions that read what follows the keyword and the colon, by keyword.
OPTION_PARSERS: dict[str, Callable[[str], OptionTag]] = {
    "image": _image,
    "packages": _packages,
    "limit": _limit,
    "request": _request,
    "retry": _retry,
    "timeout": _timeout,
    "cache": _cache,
    "report": _report,
    "file": _file,
    "secret": _secret,
    "env": _env,
    "label": _label,
    "annotation": _annotation,
    "node": _node,
    "toleration": _toleration,
    "volume": _volume,
    "pull-secret": _pull_secret,
    "pull-policy": _pull_policy,
    "run-as-user": _run_as_user,
    "run-as-group": _run_as_group,
    "run-as-non-root": _run_as_non_root,
}
