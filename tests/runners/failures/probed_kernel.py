"""A real kernel that runs the cells of a step notebook, with the probe ``values`` beside them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from jupyter_client.manager import start_new_kernel

from kale.runners.engines.probes import collect_content, findings_in, start_code
from kale.runners.failures.failure import cell_failure
from kale.runners.failures.masking import secret_values
from kale.runners.failures.probe_source import value_probe_source
from kale.runners.failures.step_error import StepError


class ProbedKernel:
    """Cells given to :meth:`fail` are the author's 1, 2, …; each call is a step notebook."""

    def __init__(self, folder: Path, secrets: list[str]) -> None:
        self._path, self._secrets = str(folder / "iris.ipynb"), secrets
        self._manager, self._client = start_new_kernel(cwd=str(folder))
        probe = {"source": value_probe_source(), "arguments": {"secrets": secrets}}
        reply = self._client.execute_interactive(
            "", silent=True, user_expressions={"it": start_code({"values": probe})}
        )
        assert reply["content"]["user_expressions"]["it"]["status"] == "ok", reply

    def fail(self, *sources: str) -> StepError:
        """Run cells, of which one fails, and say how, as a run would."""
        notebook, found = self.executed(*sources)
        hidden = secret_values(os.environ, self._secrets)
        error = cell_failure(notebook, path=self._path, step="fit", probe=found, secrets=hidden)
        assert error is not None
        return error

    def executed(self, *sources: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Run cells to the first that fails: the executed notebook, and what the probe found."""
        cells, failed = [], False
        for number, source in enumerate(sources, 1):
            messages: list[dict[str, Any]] = []
            reply = self._client.execute_interactive(
                source, output_hook=messages.append, timeout=60
            )["content"]
            failed = reply["status"] == "error"
            outputs = [
                {"output_type": message["msg_type"], **message["content"]}
                for message in messages
                if message["msg_type"] in ("stream", "error")
            ]
            cells.append(
                {
                    "cell_type": "code",
                    "source": source,
                    "execution_count": reply["execution_count"],
                    "metadata": {
                        "kale": {"role": "step", "cell": number, "line": 1},
                        "papermill": {"exception": failed, "start_time": "now"},
                    },
                    "outputs": outputs,
                }
            )
            if failed:
                break
        return {"cells": cells}, self._found()

    def close(self) -> None:
        """End the kernel."""
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def _found(self) -> dict[str, Any]:
        content = collect_content(["failure"])
        self._client.shell_channel.send(self._client.session.msg("comm_open", content))
        while True:
            message = self._client.get_iopub_msg(timeout=60)
            findings = findings_in(message, content["comm_id"])
            if findings is not None:
                assert "error" not in findings["values"], findings
                return findings["values"]["failure"]
