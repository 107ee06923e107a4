"""What a kernel is sent to run probes in it, and how its answers are read.

See :mod:`kale.runners.engines.probe_host`, which does the work on the other side. The text of
that module is all that another engine needs: executed in an empty namespace it gives
``ProbeHost``, whose methods may be called directly.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from kale.runners.engines.probe_host import TARGET

#: Probes by name: ``{"source": text of a module, "arguments": {...}}``.
Probes = Mapping[str, Mapping[str, Any]]

#: What probes found, by name: ``{"failure": value, "end": value, "error": text}``.
Findings = dict[str, dict[str, Any]]


@cache
def host_source() -> str:
    """The text of :mod:`kale.runners.engines.probe_host`."""
    return Path(__file__).with_name("probe_host.py").read_text(encoding="utf-8")


def start_code(probes: Probes) -> str:
    """An expression that starts the probes in a kernel and installs their comm.

    It is to be evaluated as a user expression of a silent request without code: that leaves
    nothing in the namespace, the history or the count of executions, and shows nothing.
    """
    given = json.dumps(probes)
    install = f"(lambda space: (exec({host_source()!r}, space), space['install']({given!r})))({{}})"
    # Evaluated in a namespace of its own, where no name is the notebook's.
    return f"__import__('builtins').eval({install!r}, {{}})"


def collect_content(moments: Iterable[str]) -> dict[str, Any]:
    """The content of the ``comm_open`` message that calls the probes' ``failure`` or ``end``."""
    data = {"moments": [*moments]}
    return {"comm_id": uuid.uuid4().hex, "target_name": TARGET, "data": data}


def findings_in(message: Mapping[str, Any], comm_id: str) -> Findings | None:
    """What the probes found, if the message, one of the kernel's, is the answer of that comm."""
    content = message.get("content", {})
    if message.get("msg_type") != "comm_msg" or content.get("comm_id") != comm_id:
        return None
    findings: Findings = content["data"]["results"]
    return findings


def failed_probes(probes: Probes, why: str) -> Findings:
    """What is told of the probes when they could not be run at all."""
    return {name: {"error": why} for name in probes}
