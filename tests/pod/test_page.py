"""The page of an executed notebook: what must not get into it, then what stands in it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from pod.executed import code, display, notebook, raised, stream

from kale.pod.page import html_page, plain


def page(*cells, title="train"):
    return html_page(notebook(*cells), title)


def shown(*cells):
    """The text of the page, without tags and its head."""
    found = []

    class Reader(HTMLParser):
        def handle_data(self, data):
            found.append(data)

    body = page(*cells).partition("</style>")[2]
    Reader().feed(body)
    return "".join(found)


@pytest.mark.parametrize(
    "cell",
    [
        pytest.param(code("<script>x</script>"), id="code"),
        pytest.param(code("", stream("<script>x</script>")), id="what is printed"),
        pytest.param(code("", display(text_plain="<script>x</script>")), id="a text"),
        pytest.param(code("", display(text_markdown="<script>x</script>")), id="Markdown"),
        pytest.param(code("", raised("<script>x</script>", "</pre>")), id="an exception's name"),
        pytest.param(code("", raised("E", "", "<script>x</script>")), id="a traceback"),
        pytest.param(code("", display(image_png='"><script>x</script>')), id="a bad image"),
        pytest.param(code("", display(image_svg_xml="<script>x</script>")), id="an SVG"),
        pytest.param(code("", display(**{"<script>x</script>": "1"})), id="a kind of data"),
        pytest.param(
            {"cell_type": "markdown", "metadata": {}, "source": "<script>x</script>"},
            id="a Markdown cell",
        ),
    ],
)
def test_nothing_but_html_output_is_html(cell):
    assert "<script" not in page(cell)


def test_a_title_is_text():
    assert "<title>&lt;b&gt; &amp; &quot;</title>" in page(title='<b> & "')


def test_a_page_names_no_other_machine():
    made = page(code("x", stream("y"), display(text_html="z"), display(image_png="aaaa")))
    assert not re.search(r"//|\b(src|href)=(?!\"data:)|@import|url\(", made)


def test_html_output_is_as_the_author_made_it():
    assert "<b>bold</b><script>1</script>" in page(
        code("", display(text_html=["<b>bold</b>", "<script>1</script>"], text_plain="plain"))
    )


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param({"image_png": "QUJD\n", "text_plain": "<Figure>"}, "image/png;base64,QUJD", id="PNG"),
        pytest.param({"image_jpeg": "QUJD"}, "image/jpeg;base64,QUJD", id="JPEG"),
        pytest.param({"image_svg_xml": ["<s", "vg/>"]}, "image/svg+xml;base64,PHN2Zy8+", id="SVG"),
    ],
)  # fmt: skip
def test_images_are_in_the_page(data, expected):
    made = page(code("", display(**data)))
    assert f'<img src="data:{expected}' in made
    assert "Figure" not in made


def test_outputs_are_in_their_order_with_counts_and_places():
    text = shown(
        code("a = 1\na", stream("one\n"), display(text_plain="two"), count=3, cell=7, line=4)
    )
    assert re.sub(r"\s+", " ", text).strip() == "train[3] cell 7, line 4a = 1 aone two"


def test_a_cell_that_never_ran_has_no_count():
    assert "[ ] cell 2, line 1" in shown(code("x", count=None, cell=2, line=1))


@pytest.mark.parametrize("role", ["parameters", "load", "save", "record"])
def test_cells_that_kale_wrote_are_folded(role):
    assert f"<details><summary>[1] Kale: {role}</summary>" in page(code("x", role=role))


def test_parameters_that_were_injected_are_folded():
    cell = code("alpha = 2")
    cell["metadata"]["tags"] = ["injected-parameters"]
    assert "<details><summary>[1] Kale: parameters" in page(cell)


def test_a_cell_of_kales_that_failed_is_open():
    made = page(code("x", raised("E", "e", "E: e"), role="save"))
    assert "<details open>" in made
    assert made.count("<details") == made.count("</details>") == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a\nb", "a\nb", id="lines"),
        pytest.param(["a\n", "b"], "a\nb", id="a list of lines"),
        pytest.param("\x1b[31mred\x1b[39;49m \x1b[38;5;28;01mx\x1b[0m", "red x", id="colours"),
        pytest.param("\x1b]8;;file:x\x07link\x1b]8;;\x1b\\", "link", id="a link"),
        pytest.param("a\r\nb\r\n", "a\r\nb\r\n", id="lines that end as on Windows"),
        pytest.param("1%\r2%\r3%\ndone", "3%\ndone", id="a progress bar"),
        pytest.param("1%\r2%\r", "2%\r", id="a progress bar that stands still"),
        pytest.param("x = '\\r[1m'", "x = '\\r[1m'", id="backslashes"),
    ],
)
def test_text_without_a_terminal(text, expected):
    assert plain(text) == expected


def test_code_is_as_it_was_written():
    assert shown(code("x = '\x1b[31m'")) == "train[1] x = '\x1b[31m'"


def test_a_long_text_loses_its_middle():
    text = shown(code("", stream("first\n" + "x" * 300_000 + "\nlast")))
    assert 100_000 < len(text) < 101_000
    assert "200,011 characters left out" in text
    assert "first" in text
    assert text.endswith("last")


def test_a_page_of_much_too_much_is_a_page():
    big = display(image_png="A" * 4_000_000)
    made = page(code("a", big, big, big, stream("still here")), code("b", role="load"))
    assert 8_000_000 < len(made) < 9_100_000
    assert "left out for its size: 4,000,03" in made
    assert "still here" in made
    assert made.endswith("</details>")


def test_half_of_a_surrogate_pair_is_no_reason_to_fail():
    assert "a?b" in page(code("", stream("a\ud800b"))).encode().decode()


def test_a_line_without_an_end_takes_no_time():
    assert len(plain("x" * 2_000_000 + "\x1b]" * 10_000)) > 2_000_000
