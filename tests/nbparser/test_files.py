"""Paths that lead to no notebook, and files that are no text."""

from __future__ import annotations

import os

import pytest

from kale.errors import KaleError, UsageError
from kale.nbparser import read_notebook

NOTEBOOK = '{"nbformat": 4, "metadata": {}, "cells": [{"cell_type": "code", "source": "x"}]}'


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    file = tmp_path / "bom.ipynb"
    file.write_bytes(b"\xef\xbb\xbf" + NOTEBOOK.encode())
    assert read_notebook(file).path == str(file)


def failure(path):
    with pytest.raises(KaleError) as caught:
        read_notebook(path)
    return caught.value


def test_a_missing_file_a_folder_and_a_device_are_refused(tmp_path):
    missing = tmp_path / "titanik.ipynb"
    cases = {
        missing: ("does not exist", "check the spelling of the path"),
        tmp_path: ("is a folder", "name the notebook in it"),
        "/dev/null": ("is no ordinary file", "name a notebook file"),
        "a\0b": ("is no path: embedded null byte", "check the spelling of the path"),
        "n" * 300: ("cannot be read: File name too long", "check that you may read the file"),
    }
    for path, (reason, hint) in cases.items():
        error = failure(path)
        assert isinstance(error, UsageError)
        assert (error.code, error.message, error.hint) == ("KALE001", f"`{path}` {reason}", hint)


def test_a_file_that_one_may_not_read_is_refused(tmp_path):
    file = tmp_path / "secret.ipynb"
    file.write_text(NOTEBOOK)
    file.chmod(0)
    for folder in (tmp_path, *tmp_path.parents[:3]):
        if folder.stat().st_uid == os.getuid() and folder.name:
            folder.chmod(folder.stat().st_mode | 0o111)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)  # the superuser may read everything
    try:
        error = failure(file)
    finally:
        if root:
            os.seteuid(0)
    assert (error.code, error.message, error.hint) == (
        "KALE001",
        f"`{file}` cannot be read: Permission denied",
        "check that you may read the file",
    )


def test_a_file_of_another_encoding_is_refused(tmp_path):
    file = tmp_path / "latin.ipynb"
    file.write_bytes('{"a": "é"}'.encode("latin-1"))
    error = failure(file)
    assert (error.code, error.message, error.hint) == (
        "KALE002",
        "the file is not UTF-8 text (byte 8)",
        "a notebook is JSON in UTF-8; save it from Jupyter again",
    )
