"""Files that the code reads: which the pods will lack, and what `--include` ships of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

import pytest
from codegen.builders import analyzed, parameter

from kale.codegen import make_plan
from kale.environment.shipped import shipped_files
from kale.errors import KaleError
from kale.ir import PackageOptions, StepOptions, VolumeMount
from kale.volumes import Volume, Volumes

#: What lies beside the notebook in each of these tests.
FILES = (
    "data/x.csv data/y.csv data/deep/z.csv model.bin run.py Makefile .env keys/id_rsa keys/a.txt"
)


@pytest.fixture
def folder(tmp_path):
    for name in FILES.split():
        path = tmp_path / "here" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1", encoding="utf-8")
    (tmp_path / "outside.csv").write_text("1", encoding="utf-8")
    return tmp_path / "here"


def ship(folder, *codes, include="", **pipeline):
    """What travels of a notebook whose only step, `train`, has these cells, from 10 on."""
    made = analyzed(*zip(("train", "more", "last"), codes, strict=False), **pipeline)
    return shipped_files(make_plan(made), folder, PackageOptions(include=tuple(include.split())))


def warned(folder, *codes, **given):
    """The paths that warnings name."""
    _, found = ship(folder, *codes, **given)
    assert all(one.code == "KALE429" for one in found)
    return [one.message.partition("reads ")[2].split("`")[1] for one in found]


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("x = 'data'", id="a word that happens to be a folder's name"),
        pytest.param("df['Makefile']", id="a word that happens to be a file's name"),
        pytest.param("'data/x.csv'", id="a docstring"),
        pytest.param("print('data/x.csv')", id="a text for people"),
        pytest.param("pd.read_csv('data/none.csv')", id="a file that is not there"),
        pytest.param("pd.read_csv('https://host/data/x.csv')", id="an address"),
        pytest.param("pd.read_csv(name)", id="a path that nobody knows"),
        pytest.param("open('model.bin', 'wb')", id="a file that is written"),
        pytest.param("open('model.bin', mode='w')", id="a file that is written, by keyword"),
        pytest.param("Path('model.bin').open('w')", id="a path that is opened to write"),
        pytest.param("Path('model.bin').write_text('')", id="a path that is written"),
        pytest.param("df.to_csv('data/x.csv')", id="a table that is saved"),
    pytest.param("logging.basicConfig(filename='data/x.csv')", id="a log"),
    pytest.param("imageio.mimsave('data/x.csv', [])", id="a film that is saved"),
    pytest.param("wget.download(url, 'data/x.csv')", id="what is downloaded"),
        pytest.param("df.to_csv('data/x.csv')\npd.read_csv('data/x.csv')", id="what the code has written before"),
        pytest.param("p = Path('data') / 'x.csv'\ndf.to_csv(p)\npd.read_csv(p)", id="the same by a name"),
        pytest.param("os.makedirs('data/deep')\nos.listdir('data/deep')", id="a folder that the code makes"),
        pytest.param("get_ipython().run_cell_magic('writefile', 'run.py', 'x')\nget_ipython().run_line_magic('run', 'run.py')", id="a script that a cell writes"),
        pytest.param("open('/usr/bin/env')", id="a file that every system has"),
        pytest.param("x = '.', '..', '/', '', '~', '/tmp'", id="places and no files"),
        pytest.param("if not os.path.exists('model.bin'):\n    urlretrieve(url, 'model.bin')\nopen('model.bin')", id="what is fetched if it is not there"),
        pytest.param("mlflow.set_tracking_uri('./data')", id="a folder that a library writes to"),
        pytest.param("get_ipython().system('mkdir -p data && wget -O data/x.csv $url > run.py')", id="what a command writes"),
        pytest.param("get_ipython().run_cell_magic('html', '', 'run.py data/x.csv')", id="a cell that is no code"),
        pytest.param("get_ipython().run_line_magic('matplotlib', 'data')", id="another magic's words"),
        pytest.param("glob.glob('**/*.none'), '/**/*.none'", id="patterns through all folders"),
        pytest.param("from m import x\nx = x + x + '/'\nopen(x)", id="a name that stands for itself"),
        pytest.param("'a\\0b', 'x' * 5000, '*.none'", id="texts that are no path at all"),
    ],
)  # fmt: skip
def test_no_warning(code, folder):
    assert warned(folder, f"pass\n{code}") == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("open('model.bin')", ["model.bin"], id="a file that is opened"),
        pytest.param("assert Path('model.bin').exists()\nopen('model.bin')", ["model.bin"], id="a file that the code has asked for before"),
        pytest.param("open('Makefile')", ["Makefile"], id="a file without a dot"),
        pytest.param("pd.read_csv(filepath_or_buffer='data/x.csv', sep='.')", ["data/x.csv"], id="by keyword"),
        pytest.param("np.load('./data/../model.bin')", ["model.bin"], id="by another path"),
        pytest.param("Path('data/x.csv').read_text()", ["data/x.csv"], id="by a path's method"),
        pytest.param("my_own_reader({'train': 'data/x.csv'})", ["data/x.csv"], id="by a function that nobody knows"),
        pytest.param("pd.read_csv('data/x.csv')\ndf.to_csv('data/x.csv')", ["data/x.csv"], id="read first and written then"),
        pytest.param("FOLDER = 'data'\npd.read_csv(f'{FOLDER}/x.csv')", ["data/x.csv"], id="put together in an f-string"),
        pytest.param("open(os.path.join('data', 'x.csv'))", ["data/x.csv"], id="joined"),
        pytest.param("BASE = Path.cwd()\nopen(BASE / 'data' / 'x.csv')", ["data/x.csv"], id="from the present folder"),
        pytest.param("open('data/' + 'x.csv')", ["data/x.csv"], id="put together of two texts"),
        pytest.param("open('model.bin', 'r+')", [], id="changed in place, which the table takes for written"),
        pytest.param("pd.read_csv('data/x.csv'); pd.read_csv('data/x.csv')", ["data/x.csv"], id="one warning for a file"),
        pytest.param("glob.glob('data/*.csv')", ["data/x.csv"], id="a pattern"),
        pytest.param("list(Path('data').glob('*.csv'))", ["data/x.csv"], id="a pattern in a folder"),
        pytest.param("glob.glob('data/**/*.csv', recursive=True)", ["data"], id="a pattern through folders"),
        pytest.param("os.listdir('data')", ["data"], id="a folder"),
        pytest.param("shutil.copy('data/x.csv', 'data/y.csv')\nopen('data/y.csv')", ["data/x.csv"], id="a copy's first path only"),
        pytest.param("json.dump(x, open('model.bin', 'w'))\njson.load(open('data/x.csv'))", ["data/x.csv"], id="opened in a call"),
        pytest.param("get_ipython().run_line_magic('run', 'run.py 3')", ["run.py"], id="a script that a magic runs"),
        pytest.param("get_ipython().system('wc -l <data/x.csv')", ["data/x.csv"], id="a word of a command"),
        pytest.param("subprocess.run('python run.py', shell=True)", ["run.py"], id="a word of a command that is started"),
        pytest.param("subprocess.run(['python', 'run.py'])", ["run.py"], id="an argument of a command"),
        pytest.param("get_ipython().run_cell_magic('bash', '', 'cd x\\nsort data/x.csv | uniq')", ["data/x.csv"], id="a line of a script"),
        pytest.param("open('../outside.csv')", ["../outside.csv"], id="a file outside of the folder"),
    ],
)  # fmt: skip
def test_a_warning(code, expected, folder):
    assert warned(folder, code) == expected


def test_the_warning_has_its_place_and_its_remedy(folder):
    _, (found,) = ship(folder, "import pandas as pd\ndf = pd.read_csv('data/x.csv')")
    assert str(found.at) == "iris.ipynb: cell 10 (train), line 2"
    assert (
        found.message
        == "step `train` reads `data/x.csv`, a file beside the notebook; the pods will not have it"
    )
    assert found.hint.startswith("ship it with `--include data/x.csv`, mount a volume")


def test_an_absolute_path_has_another_remedy(folder):
    _, (found,) = ship(folder, f"open({str(folder / 'model.bin')!r})")
    assert "a path of this machine" in found.message
    assert "relative" in found.hint


def test_a_path_in_the_users_home_is_one_of_this_machine(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    assert warned(folder, "open('~/model.bin')\nopen('~/none.bin')") == ["~/model.bin"]


def test_a_parameter_is_known_by_its_default(folder):
    given = [parameter("path", "data/x.csv"), parameter("limit", 3)]
    assert warned(folder, "pd.read_csv(path)", parameters=given) == ["data/x.csv"]
    assert warned(folder, "path = other()\npd.read_csv(path)", parameters=given) == []


def test_a_list_of_paths_among_the_parameters_is_read(folder):
    given = [parameter("paths", ["data/x.csv", "data", "none.csv"])]
    assert warned(folder, "pass", parameters=given) == ["data/x.csv"]


def test_what_an_earlier_step_writes_is_no_data(folder):
    assert warned(folder, "df.to_csv('data/x.csv')", "pd.read_csv('data/x.csv')") == []
    assert warned(folder, "pd.read_csv('data/x.csv')", "df.to_csv('data/x.csv')") == ["data/x.csv"]


def test_a_tag_names_data(folder):
    tagged = {"train": StepOptions(files=("data/*.csv", "none.csv"))}
    assert warned(folder, "pass", options=tagged) == ["data/x.csv"]
    assert warned(folder, "pass", options=tagged, include="data/*.csv") == []


def test_what_lies_on_a_volume_of_the_step_is_there(folder):
    path = str(folder / "model.bin")
    mounted = {"train": StepOptions(volumes=(VolumeMount("claim", str(folder)),))}
    assert warned(folder, f"open({path!r})", options=mounted) == []
    assert warned(folder, "pass", f"open({path!r})", options=mounted) == [path]
    beside = {"train": StepOptions(volumes=(VolumeMount("claim", str(folder)[:-1]),))}
    assert warned(folder, f"open({path!r})", options=beside) == [path]


@pytest.mark.parametrize(
    ("volume", "found"),
    [
        pytest.param(Volume("existing", "claim", ""), True, id="a claim"),
        pytest.param(Volume("clone", "claim", "", parameter="p"), True, id="a copy"),
        pytest.param(Volume("new", "made", "", snapshot="s"), True, id="from a snapshot"),
        pytest.param(Volume("new", "made", ""), False, id="a new one is empty"),
    ],
)
def test_what_lies_on_a_volume_of_the_pipeline_is_there(folder, volume, found):
    path = str(folder / "model.bin")
    mounted = Volumes((replace(volume, mount_path=str(folder)),))
    missed = warned(folder, f"open({path!r})", volumes=mounted)
    assert missed == ([] if found else [path])


@pytest.mark.parametrize(
    ("include", "expected"),
    [
        pytest.param("model.bin", ["model.bin"], id="a file"),
        pytest.param("./data/x.csv model.bin", ["data/x.csv", "model.bin"], id="two files"),
        pytest.param("data", ["data/deep/z.csv", "data/x.csv", "data/y.csv"], id="a folder, and the folders in it"),
        pytest.param("data/*.csv", ["data/x.csv", "data/y.csv"], id="a pattern"),
        pytest.param("data/**/*.csv", ["data/deep/z.csv", "data/x.csv", "data/y.csv"], id="a pattern through folders"),
        pytest.param("data data/x.csv", ["data/deep/z.csv", "data/x.csv", "data/y.csv"], id="named twice"),
        pytest.param("*", [], id="not what is hidden, the notebook, nor what Kale makes"),
    ],
)  # fmt: skip
def test_included_files_travel(include, expected, folder):
    for name in ("iris.ipynb", "iris.yaml", "iris.kfp.py", "iris.steps/a.ipynb"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("{}", encoding="utf-8")
    files, _ = ship(folder, "pass", include=include)
    if include == "*":
        plain = set(FILES.split()) - {".env", "keys/id_rsa"}
        assert set(map(str, files)) == plain
    else:
        assert sorted(map(str, files)) == expected
        assert set(files.values()) == {b"1"}


def test_included_files_are_not_warned_of(folder):
    assert warned(folder, "open('data/x.csv')", include="data/x.csv") == []
    assert warned(folder, "os.listdir('data')", include="data") == []
    assert warned(folder, "open('data/y.csv')", include="data/x.csv") == ["data/y.csv"]


@pytest.mark.parametrize(
    ("include", "why"),
    [
        pytest.param("none.csv", "names nothing", id="a file that is not there"),
        pytest.param("*.none", "names nothing", id="a pattern of nothing"),
        pytest.param("model.bin none.csv", "none.csv` names nothing", id="the second of two"),
        pytest.param("../outside.csv", "leads out", id="a file outside of the folder"),
        pytest.param("data/../../outside.csv", "leads out", id="a file outside, by a way round"),
        pytest.param("/etc/passwd", "leads out", id="an absolute path"),
        pytest.param("~/x", "leads out", id="a path in the user's home"),
    ],
)
def test_what_cannot_be_included(include, why, folder):
    with pytest.raises(KaleError) as caught:
        ship(folder, "pass", include=include)
    assert (caught.value.code, caught.value.exit_code) == ("KALE430", 2)
    assert why in caught.value.message


@pytest.mark.parametrize("include", ["link.csv", "links", "links/*"])
def test_an_included_link_that_leaves_the_folder_is_refused(include, folder):
    (folder / "links").mkdir()
    for link in ("link.csv", "links/link.csv"):
        (folder / link).symlink_to(folder.parent / "outside.csv")
    with pytest.raises(KaleError) as caught:
        ship(folder, "pass", include=include)
    assert caught.value.code == "KALE426"


def test_secrets_are_left_out_of_folders_and_told_when_named(folder):
    (folder / "keys/b.txt").write_text("-----BEGIN RSA PRIVATE KEY-----\n", encoding="utf-8")
    files, found = ship(folder, "pass", include="keys")
    assert list(map(str, files)) == ["keys/a.txt"]
    assert [one.message.split("`")[1] for one in found] == ["keys/b.txt", "keys/id_rsa"]
    files, found = ship(folder, "pass", include="keys/id_rsa .env")
    assert sorted(map(str, files)) == [".env", "keys/id_rsa"]
    assert [one.code for one in found] == ["KALE431", "KALE431"]
    assert all("can read it" in one.message for one in found)


def test_too_much_is_refused_before_it_is_compressed(folder):
    with (folder / "huge.bin").open("wb") as file:
        file.truncate(9 * 1024 * 1024)
    with pytest.raises(KaleError) as caught:
        ship(folder, "pass", include="huge.bin model.bin")
    assert caught.value.code == "KALE427"
    assert "come to 9216.0 KiB" in caught.value.message
    assert "`huge.bin` (9216.0 KiB)" in caught.value.message


def test_an_included_module_travels_once(folder):
    made = replace(make_plan(analyzed("train")), imports={"train": ("run",)})
    files, found = shipped_files(made, folder, PackageOptions(include=("run.py",)))
    assert (files, found) == ({PurePosixPath("run.py"): b"1"}, ())


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("open(__file__)", [], id="itself"),
        pytest.param("if __file__:\n    Path(__file__).parent.mkdir()", [], id="its folder, which it makes"),
        pytest.param("x = 'words'", [], id="a name like that of a file of the package"),
        pytest.param("Path(__file__).parent.joinpath('none.txt').read_text()", [], id="what is not there"),
        pytest.param("open(Path(__file__).parent / 'words.txt')", ["p/words.txt"], id="a file beside the module"),
        pytest.param("open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'words.txt'))", ["p/words.txt"], id="the same by os.path"),
        pytest.param("importlib.resources.files('p').joinpath('words.txt').read_text()", ["p/words.txt"], id="a resource"),
        pytest.param("(files(__package__) / 'words.txt').read_text()", ["p/words.txt"], id="a resource of its own package"),
        pytest.param("def load():\n    return open('data/x.csv')", ["data/x.csv"], id="a file beside the notebook"),
    ],
)  # fmt: skip
def test_what_a_module_reads(code, expected, folder):
    (folder / "p").mkdir()
    for name, text in {"__init__": "", "m": code, "other": "open('model.bin')"}.items():
        (folder / f"p/{name}.py").write_text(text, encoding="utf-8")
    (folder / "p/words.txt").write_text("1", encoding="utf-8")
    made = replace(make_plan(analyzed("train")), imports={"train": ("p.m",)})
    _, found = shipped_files(made, folder, PackageOptions())
    assert [one.message.split("`")[3] for one in found] == expected
    assert all(str(one.at) == str(folder / "p/m.py") for one in found)
    assert shipped_files(made, folder, PackageOptions(include=("p/words.txt", "data")))[1] == ()
