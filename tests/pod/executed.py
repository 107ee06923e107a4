"""Executed step notebooks, as papermill writes them, and what it raises."""

from __future__ import annotations


def code(source, *outputs, count=1, failed=False, begun=True, replied=True, **kale):
    """A code cell; ``kale`` is its ``metadata.kale``."""
    events = ["iopub.execute_input"] * begun + ["shell.execute_reply"] * (begun and replied)
    papermill = {"exception": failed}
    return {
        "cell_type": "code",
        "execution_count": count,
        "metadata": {
            "kale": kale,
            "papermill": papermill,
            "execution": dict.fromkeys(events, "2026-11-23T08:33:01Z"),
        },
        "source": source.splitlines(keepends=True),
        "outputs": [*outputs],
    }


def notebook(*cells, **kale):
    """A notebook of these cells; ``kale`` is its ``metadata.kale``."""
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kale": kale}, "cells": [*cells]}


def stream(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text}


def display(**data):
    """A rich output; ``text_html`` stands for ``text/html``."""
    found = {kind.replace("_", "/", 1).replace("_", "+"): content for kind, content in data.items()}
    return {"output_type": "display_data", "metadata": {}, "data": found}


def raised(ename, evalue, *traceback):
    return {
        "output_type": "error", "ename": ename, "evalue": evalue, "traceback": [*traceback]
    }  # fmt: skip


class CellError(Exception):
    """The same attributes as papermill's PapermillExecutionError."""

    def __init__(self, ename, evalue, *traceback):
        super().__init__(f"{ename}: {evalue}")
        self.ename, self.evalue, self.traceback = ename, evalue, [*traceback]
