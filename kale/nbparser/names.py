"""The two naming rules: names of steps, and names of pipelines."""

from __future__ import annotations

import re
import unicodedata

from kale.errors import NotebookError

#: What a step may be called, as told to the user.
STEP_RULE = "lower-case letters and digits in words joined by `-` or `_`, at most 63 characters"

_STEP = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")

#: Kubernetes' limit for a label value and a DNS label (RFC 1123), which step names become.
STEP_LENGTH = 63

#: Kubeflow Pipelines' limit for a pipeline's name.
PIPELINE_LENGTH = 128


def check_step_name(name: str) -> None:
    """Accept the name of a step.

    Raises:
        NotebookError: KALE102, which states the rule and offers the nearest right name.
    """
    if _STEP.fullmatch(name) and len(name) <= STEP_LENGTH:
        return
    offer = suggest_step_name(name)
    hint = f"a step's name is made of {STEP_RULE}"
    if offer:
        hint += f"; `{offer}` would do"
    raise NotebookError("KALE102", f"`{name}` is no name for a step", hint=hint)


def suggest_step_name(name: str) -> str:
    """The valid step name nearest to ``name``; empty when no letter or digit is left."""
    words = re.sub(r"[^a-z0-9]+", lambda run: "_" if set(run[0]) == {"_"} else "-", _plain(name))
    return words.strip("-_")[:STEP_LENGTH].rstrip("-_")


def kubernetes_name(name: str) -> str:
    """What a step's name becomes in Kubernetes, where `_` does not exist."""
    return name.replace("_", "-")


def pipeline_name(title: str) -> str:
    """The Kubeflow Pipelines name nearest to ``title``; empty when no letter or digit is left.

    The result matches ``^[a-z0-9][a-z0-9-]{0,127}$`` (kfp, ``dsl/utils.py``).
    """
    words = re.sub(r"[^a-z0-9]+", "-", _plain(title)).strip("-")
    return words[:PIPELINE_LENGTH].rstrip("-")


def _plain(text: str) -> str:
    """Lower-case ASCII as far as Unicode's decompositions lead there; the rest stays."""
    # Letters that Unicode does not decompose, in the spelling of their own languages.
    text = text.translate(str.maketrans(_UNDECOMPOSED)).lower()
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c))


_UNDECOMPOSED: dict[str, str | int | None] = {
    "ß": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "ø": "o", "Ø": "o",
    "đ": "d", "Đ": "d", "ł": "l", "Ł": "l", "þ": "th", "Þ": "th", "ð": "d", "Ð": "d", "\u0131": "i",
}  # fmt: skip
