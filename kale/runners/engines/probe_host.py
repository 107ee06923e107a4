"""Runs probes inside the interpreter that runs the notebook; this text is executed there.

The standard library alone, and nothing newer than Python 3.8: the notebook's kernel may be an
older one than Kale's own. It is never imported there but executed in a namespace that belongs to
nobody, so that the notebook sees no name, no module and no output of it.

A probe is the text of a module that may define ``start(**arguments)``, called before the first
cell, ``failure()``, right after a cell raised, and ``end()``, after the last cell or the failure.
"""

from __future__ import annotations

import json
import traceback
from typing import Any

#: The name of the comm that a kernel answers with what the probes have found.
TARGET = "kale.probes"


class ProbeHost:
    """Loads probes, calls them and keeps what they return; nothing that they do raises."""

    def __init__(self, probes: dict[str, dict[str, Any]]) -> None:
        """``probes`` is ``{name: {"source": text of a module, "arguments": {...}}}``."""
        self._probes = probes
        self._modules: dict[str, dict[str, Any]] = {}
        self._results: dict[str, dict[str, Any]] = {name: {} for name in probes}

    def start(self) -> None:
        """Execute the modules of the probes and call their ``start``."""
        for name, probe in self._probes.items():
            module: dict[str, Any] = {"__name__": "kale_probe_" + name}
            try:
                code = compile(probe["source"], "<kale probe " + name + ">", "exec")
                exec(code, module)  # noqa: S102 - a module of Kale's own, sent with the step
                if "start" in module:
                    module["start"](**probe.get("arguments", {}))
            except BaseException as error:  # noqa: BLE001 - a probe never disturbs the step, be it interrupted
                self._results[name]["error"] = _words(error)
            else:
                self._modules[name] = module

    def call(self, moment: str) -> None:
        """Call the ``failure`` or the ``end`` of the probes that have started and define it."""
        for name, module in self._modules.items():
            if moment not in module:
                continue
            try:
                value = module[moment]()
                # What is no JSON is found here, where the probe is known.
                json.dumps(value)
            except BaseException as error:  # noqa: BLE001 - as above
                self._results[name]["error"] = _words(error)
            else:
                self._results[name][moment] = value

    def results(self) -> dict[str, dict[str, Any]]:
        """``{name: {"failure": value, "end": value, "error": text}}``, each if there is one."""
        return self._results


def install(probes: str) -> None:
    """Start ``probes``, JSON text, in a kernel, and answer each comm that names moments.

    A comm and not one more execution: that would call whatever the notebook has registered to
    be called around each one.
    """
    import comm

    host = ProbeHost(json.loads(probes))
    host.start()

    def answer(channel: Any, message: dict[str, Any]) -> None:
        for moment in message["content"]["data"]["moments"]:
            host.call(moment)
        channel.send({"results": host.results()})

    comm.get_comm_manager().register_target(TARGET, answer)
    _forget_request()


def _forget_request() -> None:
    """Take away IPython's note of the request that all this came by."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is not None:
        shell.last_execution_result = None


def _words(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception_only(type(error), error)).strip()
    except BaseException:  # noqa: BLE001 - what the exception's own `__str__` raises
        return type(error).__name__
