"""How much of a package a cluster takes."""

from __future__ import annotations

import re

from codegen.builders import parameter, plan, refused

from kale.codegen import check_package
from kale.ir import StepOptions


def incompressible(size, seed=1):
    """Text of about ``size`` bytes once compressed and encoded."""
    numbers, x = [], seed
    for _ in range(size // 4):
        x = (x * 6364136223846793005 + 1442695040888963407) % 2**64
        numbers.append(f"{x >> 40:06x}")
    return "".join(numbers)


def test_a_small_step_is_no_finding():
    assert check_package(plan(("train", "x = 1" * 20_000))) == ()


def test_a_large_step_is_a_warning():
    made = plan(
        ("train", f"x = '{incompressible(60 * 1024)}'"),
        imports=["import math"],
        parameters=[parameter("a", 1)],
        reads={"train": ["a"]},
        options={"train": StepOptions(env=(("A", "b" * 100),), packages=("c",))},
    )
    (found,) = check_package(made)
    size, rest = found.message.removeprefix("step `train` takes ").split(" KiB", 1)
    assert 64 <= int(size) < 120
    assert (found.code, rest) == (
        "KALE407",
        (" of its package; clusters with Argo before 3.7 may refuse more than 64 KiB"),
    )
    assert re.sub(r"\d+ KiB", "@", found.hint) == (
        "the heaviest parts before compression are cell 10 (@), the step runtime (@), option `A`"
        " (@); read data from a file, or put modules and files into the image"
    )


def test_a_step_too_large_is_refused():
    made = plan(("train", f"x = '{incompressible(130 * 1024)}'"))
    ((code, place, message, hint),) = refused(made)
    assert (code, place) == ("KALE408", "iris.ipynb: cell 10 (train), line 1")
    assert message.startswith("step `train` takes 1")
    assert message.endswith(" KiB of its package; a cluster takes 120 KiB")
    assert re.sub(r"\d+ KiB", "@", hint) == (
        "the heaviest parts before compression are cell 10 (@), the step runtime (@); read data"
        " from a file, or put modules and files into the image"
    )


def test_a_pipeline_of_many_large_steps_is_a_warning():
    code = f"x = '{incompressible(24 * 1024)}'"
    (found,) = check_package(plan(*((f"step-{number}", code) for number in range(40))))
    before, size, after = re.split("([0-9]+) KiB t", found.message)
    assert 1024 < int(size) < 1500
    assert (found.code, str(found.at), before, after, found.hint) == (
        "KALE411",
        "iris.ipynb",
        "the 40 steps take ",
        "ogether; a cluster may refuse a run of more than 1500 KiB",
        "merge small steps into one, or put modules and files into the image",
    )


def test_what_only_kubernetes_reads_counts():
    made = plan("train", options={"train": StepOptions(annotations=(("note", "a" * 130_000),))})
    ((code, _, message, hint),) = refused(made)
    assert (code, message) == (
        "KALE408",
        "step `train` takes 127 KiB of its package; a cluster takes 120 KiB",
    )
    assert "are option `note` (127 KiB), the step runtime (" in hint


def test_many_ports_are_many_words_of_the_executor_input():
    names = [f"variable_{number}" for number in range(260)]
    made = plan("load", "train", wires=[(name, "load", "train") for name in names])
    found = refused(made)
    assert {code for code, *_ in found} == {"KALE408"}
    assert found[0][2].startswith("step `load` takes 1")
    assert found[0][3].startswith("its inputs and outputs do, the heaviest being artifact `")
    assert found[0][3].endswith("; hand fewer values on, in one dict, or split the step")


def test_a_large_default_is_a_large_input():
    made = plan("train", parameters=[parameter("text", "a" * 70_000)], reads={"train": ["text"]})
    (found,) = check_package(made)
    assert found.code == "KALE407"
    assert "being parameter `text` (68 KiB), artifact `" in found.hint


def test_the_size_counts_what_go_escapes():
    few = plan("train", options={"train": StepOptions(env=(("A", "a" * 12_000),))})
    many = plan("train", options={"train": StepOptions(env=(("A", "<" * 12_000),))})
    assert check_package(few) == ()
    assert [d.code for d in check_package(many)] == ["KALE407"]
