"""The tags of loops and conditions as text: what is read, written, refused and left alone."""

from __future__ import annotations

import pytest

from kale.errors import NotebookError
from kale.nbparser import format_tag, parse_tag
from kale.nbparser.tag_kinds import LoopTag, ParallelismTag, WhenTag


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("loop:x in xs", LoopTag("x", "xs")),
        ("loop:i, (a, *b) in enumerate(xs)", LoopTag("i, (a, *b)", "enumerate(xs)")),
        ("loop:x in {'a:b': 1}.items()", LoopTag("x", "{'a:b': 1}.items()")),
        ("loop:x in (1, 2)", LoopTag("x", "(1, 2)")),
        ("loop:i; (a; *b) in zip(xs; [';', 2])", LoopTag("i, (a, *b)", "zip(xs, [';', 2])")),
        ("loop:(x,) in xs", LoopTag("(x,)", "xs")),
        ("when:score > 0.8", WhenTag("score > 0.8")),
        ("when:d['a:b'] in ys and (not ready)", WhenTag("d['a:b'] in ys and (not ready)")),
        ("when:elif score > 0.5", WhenTag("score > 0.5", otherwise=True)),
        ("when:else", WhenTag("", otherwise=True)),
        ("parallelism:4", ParallelismTag(4)),
    ],
)
def test_tags_of_loops_and_conditions_are_read_and_written(text, tag):
    assert parse_tag(text) == tag
    assert parse_tag(format_tag(tag)) == tag


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("loop:  x in\txs".replace("\t", " "), "loop:x in xs"),
        ("loop:(i, x) in enumerate( xs )", "loop:i; x in enumerate(xs)"),
        ("loop:x in ['a,b', 'c']", "loop:x in ['a\\x2cb'; 'c']"),
        ("loop:x in 1, 2", "loop:x in (1; 2)"),
        ("loop:x in *a, b", "loop:x in (*a; b)"),
        ('when: name == "a" ', "when:name == 'a'"),
        ("when: else ", "when:else"),
    ],
)
def test_spaces_quotes_and_brackets_do_not_count(text, same):
    assert parse_tag(text) == parse_tag(same)
    assert format_tag(parse_tag(text)) == same


_LOOP = "write `loop:NAME in ITEMS`, as in `loop:x in xs` or `loop:i; x in enumerate(xs)`"
_WHEN = "write `when:CONDITION`, as in `when:score > 0.8`, `when:elif CONDITION` or `when:else`"
_PARALLELISM = "write `parallelism:N` with a whole number from 1, as in `parallelism:4`"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("loop:", _LOOP),
        ("loop:xs", _LOOP),
        ("loop:x of xs", _LOOP),
        ("loop:x in", _LOOP),
        ("loop:x.y in xs", _LOOP),
        ("loop:x[0] in xs", _LOOP),
        ("loop:1 in xs", _LOOP),
        ("loop:x in xs: print(x)", _LOOP),
        ("loop:x in xs:\n print(x)\n#", _LOOP),
        ("loop:x in (y := [1])", _LOOP),
        ("loop:x in await f()", _LOOP),
        ("loop:x in !ls", _LOOP),
        ("when:", _WHEN),
        ("when:score >", _WHEN),
        ("when:score = 1", _WHEN),
        ("when:elif", _WHEN),
        ("when:a; b", _WHEN),
        ("when:(n := 1)", _WHEN),
        ("when:a, b", _WHEN),
        ("when:import os", _WHEN),
        pytest.param(f"when:0x{'f' * 9999}", _WHEN, id="a number of too many digits"),
        pytest.param(f"when:{'-' * 9999}1", _WHEN, id="an expression that is too deep"),
        pytest.param(f"loop:x in {'a.' * 9999}b", _LOOP, id="items that are too deep"),
        ("parallelism:", _PARALLELISM),
        ("parallelism:0", _PARALLELISM),
        ("parallelism:many", _PARALLELISM),
    ],
)
def test_what_is_no_loop_or_condition_is_refused(text, hint):
    with pytest.raises(NotebookError) as caught:
        parse_tag(text)
    error = caught.value
    message = f"the tag `{text}` is malformed"
    assert (error.code, error.message, error.hint) == ("KALE101", message, hint)


@pytest.mark.parametrize(
    "text",
    ["loop", "when", "if", "loop video", "when ready", "if ready", "for x", "for:teachers",
     "for loop", "then:x", "look:at this", "elif", "parallel", "pool:a"],
)  # fmt: skip
def test_everyday_words_are_left_alone(text):
    assert parse_tag(text) is None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("loop x in xs", "loop:x in xs"),
        ("Loop:x in xs", "loop:x in xs"),
        ("loops:x in xs", "loop:x in xs"),
        ("Loop:xs", "loop:NAME in ITEMS"),
        ("for:x in xs", "loop:x in xs"),
        ("for x in xs", "loop:x in xs"),
        ("if:score > 0.8", "when:score > 0.8"),
        ("if score > 0.8", "when:score > 0.8"),
        ("when score > 0.8", "when:score > 0.8"),
        ("else", "when:else"),
        ("else:", "when:else"),
        ("elif:x", "when:elif x"),
        ("elif x > 1", "when:elif x > 1"),
        ("parallel:4", "parallelism:4"),
        ("parallelism 4", "parallelism:4"),
    ],
)
def test_what_looks_like_a_loop_or_condition_gets_the_right_spelling(text, meant):
    with pytest.raises(NotebookError) as caught:
        parse_tag(text)
    error = caught.value
    assert (error.code, error.hint) == ("KALE101", f"write `{meant}`")
