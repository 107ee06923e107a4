"""Damaged and foreign files are refused by name, before anything of them is loaded."""

from __future__ import annotations

import json
import re
import shutil
import sys

import numpy as np
import pytest

from kale.marshal import MarshalError, load_inputs, save_outputs

SAVED = {
    "an array": np.arange(3.0),
    "a pickle with buffers": [np.arange(3.0)],
    "a small pickle": {"a": 1},
}


@pytest.mark.parametrize("value", SAVED.values(), ids=SAVED)
def test_every_cut_and_every_changed_byte_is_refused(context, value):
    save_outputs({"x": value}, ["x"])
    for path in sorted((context / "x").iterdir()):
        whole = path.read_bytes()
        damaged = [whole[:length] for length in range(0, len(whole), 7)] + [whole + b"\0"]
        damaged += [whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :] for i in range(len(whole))]
        for content in damaged:
            path.unlink()
            path.write_bytes(content)
            try:
                load_inputs(names := {}, ["x"])
            except MarshalError as error:
                assert "`x`" in str(error)  # noqa: PT017 -- some thousand files in one test
                assert names == {}
            else:
                # A blank of the manifest's layout is no part of what it says.
                assert path.name == "manifest.json"
                assert json.loads(content) == json.loads(whole)
        path.write_bytes(whole)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        pytest.param(
            shutil.rmtree,
            "`x` cannot be loaded: {x}/manifest.json is missing; run the step that makes it again",
            id="all is gone",
        ),
        pytest.param(
            lambda x: (x / "value.pkl").unlink(),
            "`x` from step `train` cannot be loaded: {x}/value.pkl is missing; run the step that "
            "makes it again",
            id="a file is gone",
        ),
        pytest.param(
            lambda x: (x / "evil.pkl").touch(),
            "`x` from step `train` cannot be loaded: {x}/evil.pkl does not belong to it; run the "
            "step that makes it again",
            id="a file too many",
        ),
        pytest.param(
            lambda x: (x / "value.pkl").write_bytes(b"cos\n"),
            "`x` from step `train` cannot be loaded: {x}/value.pkl has 4 bytes, not 5; run the "
            "step that makes it again",
            id="another file of another size",
        ),
        pytest.param(
            lambda x: (x / "value.pkl").write_bytes(b"cos\n."),
            "`x` from step `train` cannot be loaded: {x}/value.pkl has changed since it was saved; "
            "run the step that makes it again",
            id="another file of the same size",
        ),
        pytest.param(
            lambda x: (x / "manifest.json").write_text("[]"),
            "`x` cannot be loaded: {x}/manifest.json is not what this version of Kale saved; run "
            "the step that makes it again",
            id="another manifest",
        ),
    ],
)
def test_damage_is_named_with_its_file(context, damage, message):
    save_outputs({"x": 1}, ["x"])
    damage(context / "x")
    with pytest.raises(MarshalError, match=f"^{re.escape(message.format(x=context / 'x'))}$"):
        load_inputs({}, ["x"])


class Fussy:
    def __reduce__(self):
        return int, ("no number",)


def test_a_value_that_cannot_be_made_again_tells_what_it_was_saved_under(context):
    save_outputs({"x": Fussy()}, ["x"])
    with pytest.raises(MarshalError) as caught:
        load_inputs({}, ["x"])
    assert str(caught.value) == (
        f"`x` ({__name__}.Fussy) from step `train` cannot be loaded: ValueError: invalid literal "
        "for int() with base 10: 'no number'; it was saved under Python "
        f"{sys.version.split()[0]}, use the same here"
    )
