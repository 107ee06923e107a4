"""The tag language: one function reads a tag, one writes it, and they are each other's inverse."""

from __future__ import annotations

import re
from collections.abc import Callable

from kale.errors import NotebookError
from kale.nbparser.commas import to_tag
from kale.nbparser.control_tags import CONTROL_FORMS, CONTROL_PARSERS
from kale.nbparser.lookalikes import right_spelling
from kale.nbparser.names import check_step_name, suggest_step_name
from kale.nbparser.option_tags import OPTION_PARSERS, malformed
from kale.nbparser.tag_kinds import (
    AnnotationTag,
    BlockTag,
    CacheTag,
    EnvTag,
    FileTag,
    FunctionsTag,
    ImageTag,
    ImportsTag,
    LabelTag,
    LimitTag,
    LoopTag,
    MetricsTag,
    NodeTag,
    NotebookTag,
    PackagesTag,
    ParallelismTag,
    ParametersTag,
    PrevTag,
    PullPolicyTag,
    PullSecretTag,
    ReportTag,
    RequestTag,
    RetryTag,
    RunAsTag,
    SecretTag,
    SkipTag,
    Tag,
    TimeoutTag,
    TolerationTag,
    VolumeTag,
    WhenTag,
)

_WORDS: dict[str, Tag] = {
    "imports": ImportsTag(),
    "functions": FunctionsTag(),
    "pipeline-parameters": ParametersTag(),
    "parameters": ParametersTag(papermill=True),
    "pipeline-metrics": MetricsTag(),
    "skip": SkipTag(),
}


def parse_tag(text: str) -> Tag | None:
    """The tag that ``text`` spells, or ``None`` when it is none of Kale's and must be left alone.

    Raises:
        NotebookError: without a place. KALE101, the tag looks like Kale's and is not;
            KALE102, it names a step wrongly; KALE109, Kubernetes would refuse its value.
    """
    if text in _WORDS:
        return _WORDS[text]
    keyword, colon, rest = text.partition(":")
    if colon and keyword in _PARSERS:
        return _PARSERS[keyword](rest)
    offer = right_spelling(text, _WORDS, _PARSERS, _reads)
    if offer is None:
        return None
    keyword, colon, rest = offer.partition(":")
    if colon and rest != "NAME" and not _reads(offer):
        offer = f"{keyword}:{CONTROL_FORMS.get(keyword) or _offered_names(rest)}"
    raise NotebookError(
        "KALE101", f"`{text}` looks like a tag of Kale's, but is none", hint=f"write `{offer}`"
    )


def format_tag(tag: Tag) -> str:  # noqa: C901 - one short case a kind
    """The text that :func:`parse_tag` reads as ``tag``."""
    match tag:
        case BlockTag(names):
            return f"block:{';'.join(names)}"
        case PrevTag(names):
            return f"prev:{';'.join(names)}"
        case ImportsTag():
            return "imports"
        case FunctionsTag():
            return "functions"
        case ParametersTag(papermill):
            return "parameters" if papermill else "pipeline-parameters"
        case MetricsTag():
            return "pipeline-metrics"
        case SkipTag():
            return "skip"
        case NotebookTag(name):
            return f"notebook:{name}"
        case ImageTag(image):
            return f"image:{image}"
        case PackagesTag(packages):
            return f"packages:{','.join(packages)}"
        case LimitTag(resource, quantity):
            return f"limit:{resource}:{quantity}"
        case RequestTag(resource, quantity):
            return f"request:{resource}:{quantity}"
        case RetryTag(count, pause):
            return f"retry:{count}" if pause is None else f"retry:{count}:{pause}"
        case TimeoutTag(seconds):
            return f"timeout:{seconds}"
        case CacheTag(enabled):
            return f"cache:{_switch(enabled)}"
        case ReportTag(enabled):
            return f"report:{_switch(enabled)}"
        case FileTag(path):
            return f"file:{path}"
        case SecretTag(secret, key, env):
            return f"secret:{secret}:{key}:{env}"
        case EnvTag(name, value):
            return f"env:{name}={value}"
        case LabelTag(key, value):
            return f"label:{key}:{value}"
        case AnnotationTag(key, value):
            return f"annotation:{key}:{value}"
        case NodeTag(key, value):
            return f"node:{key}:{value}"
        case TolerationTag(key, value, effect):
            return f"toleration:{key}:{value}:{effect}"
        case VolumeTag(claim, mount_path):
            return f"volume:{claim}:{mount_path}"
        case PullSecretTag(secret):
            return f"pull-secret:{secret}"
        case PullPolicyTag(policy):
            return f"pull-policy:{policy}"
        case RunAsTag(what, value):
            return f"run-as-{what}:{str(value).lower()}"
        case LoopTag(target, items):
            return f"loop:{to_tag(target)} in {to_tag(items)}"
        case WhenTag(test, otherwise):
            told = to_tag(test)
            return f"when:{f'elif {told}' if told and otherwise else told or 'else'}"
        case ParallelismTag(items):
            return f"parallelism:{items}"


def _switch(enabled: bool) -> str:
    return "enabled" if enabled else "disabled"


def _reads(text: str) -> bool:
    """Whether ``text``, which begins with a keyword of Kale's and a colon, is a tag."""
    keyword, _, rest = text.partition(":")
    try:
        _PARSERS[keyword](rest)
    except NotebookError:
        return False
    return True


def _names(keyword: str, rest: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(rest.split(";")))
    if not all(names) or ":" in rest:
        malformed(f"{keyword}:{rest}", f"{keyword}:{_offered_names(rest)}")
    for name in names:
        check_step_name(name)
    return names


def _offered_names(rest: str) -> str:
    """The right names of steps nearest to those that ``rest`` seems to hold."""
    offers = [suggest_step_name(name) for name in re.split("[;:]", rest)]
    return ";".join(dict.fromkeys(name for name in offers if name)) or "NAME"


def _block(rest: str) -> BlockTag:
    return BlockTag(_names("block", rest) if rest else ())


def _step(rest: str) -> BlockTag:
    return BlockTag(_names("step", rest) if rest else ())


def _prev(rest: str) -> PrevTag:
    return PrevTag(_names("prev", rest))


def _notebook(rest: str) -> NotebookTag:
    if ";" in rest or not rest or ":" in rest:
        malformed(f"notebook:{rest}", "notebook:NAME")
    check_step_name(rest)
    return NotebookTag(rest)


_PARSERS: dict[str, Callable[[str], Tag]] = {
    "block": _block,
    "step": _step,
    "prev": _prev,
    "notebook": _notebook,
    **OPTION_PARSERS,
    **CONTROL_PARSERS,
}
