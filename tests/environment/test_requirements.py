"""Files of requirements: what pip reads in them, and what no package can hand on."""

from __future__ import annotations

import pytest

from kale.environment.requirements import read_requirements
from kale.errors import KaleError


def read(folder, text, **others):
    for name, content in {"requirements": text, **others}.items():
        file = folder / f"{name}.txt"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_requirements(folder / "requirements.txt"))


READ = [
    pytest.param("", [], id="nothing"),
    pytest.param("# numpy\n\n   \n", [], id="comments and blanks"),
    pytest.param("numpy==2.1.0\npandas\n", ["numpy==2.1.0", "pandas"], id="one a line, in order"),
    pytest.param("numpy >= 2 , < 3  # why", ["numpy>=2,<3"], id="spaces and a comment"),
    pytest.param("a[b,c]~=1.0", ["a[b,c]~=1.0"], id="what is to be had with it"),
    pytest.param('a==1; python_version < "3.12"', ['a==1; python_version < "3.12"'],
                 id="where it is wanted"),
    pytest.param("numpy==\\\n  2.1.0\npandas", ["numpy==2.1.0", "pandas"], id="a continued line"),
    pytest.param("\ufeffnumpy\r\npandas\r\n", ["numpy", "pandas"], id="a mark and two-byte ends"),
    pytest.param("numpy\nnumpy\n", ["numpy"], id="one twice"),
    pytest.param("numpy==1!2.0.post1.dev0", ["numpy==1!2.0.post1.dev0"], id="an odd version"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), READ)
def test_requirements(tmp_path, text, expected):
    assert read(tmp_path, text) == expected


def test_a_file_includes_others_of_its_folder(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.txt").write_text("c\n-r ../b.txt\n", encoding="utf-8")
    assert read(tmp_path, "-r b.txt\na\n--requirement=sub/c.txt", b="b") == ["b", "a", "c"]


WRONG = [
    pytest.param("a\n\n-i https://me:secret@h/simple", "3", "`-i` is an option", id="an index"),
    pytest.param("--extra-index-url=https://t@h", "1", "`--extra-index-url` is an option",
                 id="another index"),
    pytest.param("-e .", "1", "`-e` is an option", id="an editable folder"),
    pytest.param("-c limits.txt", "1", "`-c` is an option", id="constraints"),
    pytest.param("--find-links\\\n /x", "1", "`--find-links` is an option", id="where it begins"),
    pytest.param("a==1 --hash=sha256:00", "1", "a requirement with options", id="a hash"),
    pytest.param("a==1 \\\n  --hash=sha256:00", "1", "a requirement with options",
                 id="a hash on the next line"),
    pytest.param("a @ https://tok:secret@h/a.whl", "1", "an address or a path", id="an address"),
    pytest.param("git+ssh://git@h/a", "1", "an address or a path", id="a repository"),
    pytest.param("./a.whl", "1", "an address or a path", id="a path"),
    pytest.param("/etc/passwd", "1", "an address or a path", id="a path from the root"),
    pytest.param("a.whl", "1", "`a.whl` is no requirement", id="a file"),
    pytest.param("numpy pandas", "1", "`numpy pandas` is no requirement", id="two in a line"),
    pytest.param("numpy=2.1.0", "1", "`numpy=2.1.0` is no requirement", id="one equals sign"),
    pytest.param("numpy==${VERSION}", "1", "`numpy==${VERSION}` is no", id="a variable"),
    pytest.param("a; {{x}}", "1", "`a; {{x}}` is no requirement", id="braces"),
    pytest.param("a\x1b[31m", "1", "`a\\x1b[31m` is no requirement", id="what a terminal obeys"),
    pytest.param("a" + " " * 500_000 + "b", "1", "`a", id="spaces that would take an hour"),
    pytest.param("a; os_name == '${TOKEN}'", "1", "`a; os_name", id="a variable in a marker"),
    pytest.param("a; os_name", "1", "`a; os_name` is no requirement", id="half a marker"),
    pytest.param("数据", "1", "`数据` is no requirement", id="letters that no project has"),
    pytest.param("-r ../other.txt", "1", "an included file has to lie in", id="a file elsewhere"),
    pytest.param("-r /etc/passwd", "1", "an included file has to lie in", id="a system's file"),
    pytest.param("-r requirements.txt", "1", "a file includes itself", id="itself"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "message"), WRONG)
def test_a_line_that_is_refused(tmp_path, text, line, message):
    with pytest.raises(KaleError) as caught:
        read(tmp_path, text)
    (error,) = caught.value.parts()
    assert (error.code, str(error.at)) == ("KALE420", f"{tmp_path / 'requirements.txt'}:{line}")
    assert error.message.startswith(message)
    assert error.hint
    assert "secret" not in error.message.replace("secrets", "")


def test_all_wrong_lines_are_told(tmp_path):
    with pytest.raises(KaleError) as caught:
        read(tmp_path, "-r b.txt\n-e .\n", b="ok\n./x\n")
    places = [str(error.at).rpartition("/")[2] for error in caught.value.parts()]
    assert places == ["b.txt:2", "requirements.txt:2"]


UNREADABLE = [
    pytest.param(b"\xff\xfe\x00", "it is no text in UTF-8", id="no text"),
    pytest.param(b"#" * (1 << 20) + b"x", "it is larger than a megabyte", id="a large one"),
]


@pytest.mark.parametrize(("content", "reason"), UNREADABLE)
def test_a_file_that_cannot_be_read(tmp_path, content, reason):
    with pytest.raises(KaleError) as caught:
        read(tmp_path, content)
    assert caught.value.message == f"the requirements cannot be read: {reason}"


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(KaleError) as caught:
        read_requirements(tmp_path / "no.txt")
    assert caught.value.message == "the requirements cannot be read: No such file or directory"
    assert str(caught.value.at) == str(tmp_path / "no.txt")


def test_a_symbolic_link_out_of_the_folder_is_refused(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (tmp_path / "outside.txt").write_text("x\n", encoding="utf-8")
    (folder / "linked.txt").symlink_to(tmp_path / "outside.txt")
    with pytest.raises(KaleError, match="has to lie in the folder"):
        read(folder, "-r linked.txt")
