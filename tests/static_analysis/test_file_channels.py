"""Files that one step writes and another uses: order, and the disks of a cluster."""

from dataclasses import replace

import pytest
from pipelines import chain, pipeline

from kale.ir import VolumeMount
from kale.static_analysis import analyze
from kale.volumes import Volume, Volumes

WRITE, READ = ("w", "open('f.txt', 'w').write('1')"), ("r", "open('f.txt').read()")

FILES = [
    pytest.param(chain(WRITE, READ), [], id="in order"),
    pytest.param(pipeline(WRITE, ("r", "open('g.txt').read()")), [], id="another file"),
    pytest.param(pipeline(WRITE, ("r", "open(name()).read()"), ("functions", "def name(): 1")), [],
                 id="a path that is computed"),
    pytest.param(pipeline(("w", "json.dump('f.txt', h)"), ("r", "json.load('f.txt')"),
                          ("imports", "import json\nh = 1")), [], id="a file that is open already"),
    pytest.param(pipeline(("w", "df.to_csv(name(), sep=';')"), ("r", "pd.read_csv(name(), sep=';')"),
                          ("imports", "import pandas as pd\ndf = 1"),
                          ("functions", "def name(): 1")), [], id="texts that are no paths"),
    pytest.param(pipeline(("w", "os.makedirs('d')"), ("r", "os.makedirs('d')"),
                          ("imports", "import os")), [], id="two steps that make one folder"),
    pytest.param(pipeline(("w", "open('https://x/f', 'w')"), ("r", "open('https://x/f')")), [],
                 id="an address"),
    pytest.param(
        pipeline(("w", "p = 'f.txt'\np = p + '1'\nopen(p, 'w')"), ("r", "open('f.txt')")), [],
        id="a name that is assigned twice",
    ),
    pytest.param(
        pipeline(WRITE, READ),
        ["nb.ipynb: cell 2 (r), line 1: step `r` reads the file `f.txt`, which step `w` writes, and "
         "nothing keeps the two in the notebook's order; tag a cell of `r` with `prev:w`"],
        id="nothing orders them",
    ),
    pytest.param(
        pipeline(WRITE, READ, after={"w": ["r"]}),
        ["nb.ipynb: cell 2 (r), line 1: step `r` reads the file `f.txt`, which step `w` writes, and "
         "nothing keeps the two in the notebook's order; tag a cell of `r` with `prev:w`"],
        id="the other way round",
    ),
    pytest.param(
        pipeline(READ, WRITE),
        ["nb.ipynb: cell 1 (r), line 1: step `r` reads the file `f.txt`, which step `w` writes, and "
         "nothing keeps the two in the notebook's order; tag a cell of `w` with `prev:r`"],
        id="a file that is read before it is written",
    ),
    pytest.param(
        pipeline(("imports", "import pandas as pd\nfrom pathlib import Path"),
                 ("w", "pd.Series([1]).to_csv('./d/a.csv')\nPath('b').write_text('')"),
                 ("r", "pd.read_csv('d/a.csv')\nPath('b').read_text()")),
        ["nb.ipynb: cell 3 (r), line 1: step `r` reads the file `d/a.csv`, which step `w` writes, "
         "and nothing keeps the two in the notebook's order; tag a cell of `r` with `prev:w`",
         "nb.ipynb: cell 3 (r), line 2: step `r` reads the file `b`, which step `w` writes, and "
         "nothing keeps the two in the notebook's order; tag a cell of `r` with `prev:w`"],
        id="by pandas and by paths",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("notebook", "expected"), FILES)
def test_files_between_steps(notebook, expected):
    found = [d for d in analyze(notebook).diagnostics if d.code == "KALE333"]
    assert [f"{d.at}: {d.message}; {d.hint}" for d in found] == expected


WAYS = [
    ("open('/tmp/f', 'w')", "open('/tmp/f')"),
    ("with open('f', mode='w') as h:\n    h.write('1')", "with open('f') as h:\n    h.read()"),
    ("name = 'f.txt'\nopen(name, 'w')", "open('f.txt')"),
    ("folder = Path('d')\n(folder / 'f').write_text('1')", "open('d/f')"),
    ("(Path('d') / 'f').open('w')", "Path('d', 'f').read_text()"),
    ("open(os.path.join('d', 'f'), 'w')", "open('d/f')"),
    ("n = 1\nopen(f'f{n}.txt', 'w')", "open('f1.txt')"),
    ("np.save('a.npy', x)", "np.load('a.npy')"),
    ("joblib.dump(x, 'm.joblib')", "joblib.load('m.joblib')"),
    ("torch.save(x, 'm.pt')", "torch.load('m.pt')"),
    ("pickle.dump(x, open('m.pkl', 'wb'))", "pickle.load(open('m.pkl', 'rb'))"),
    ("x.to_parquet(path='a.parquet')", "pd.read_parquet('a.parquet')"),
    ("plt.savefig('a.png')", "plt.imread('a.png')"),
    ("sqlite3.connect('a.db')", "sqlite3.connect('a.db')"),
    ("open('log', 'a')", "open('log', 'a')"),
    ("open('f', 'w')", "shutil.copy('f', 'g')"),
    ("shutil.copy('f', 'g')", "open('g')"),
    ("os.remove('f')", "os.path.exists('f')"),
    ("os.rename('f', 'g')", "open('f')"),
    ("Path('f').rename('g')", "open('f')"),
    ("open('d/f', 'w')", "os.listdir('d')"),
    ("open('d/f', 'w')", "shutil.rmtree('d')"),
    ("open('d/e/f', 'w')", "list(Path('d').rglob('*'))"),
    ("open('d/f.csv', 'w')", "glob.glob('d/*.csv')"),
    ("os.makedirs('d')", "open('d/f')"),
    ("get_ipython().run_cell_magic('writefile', 'f.py', '')", "open('f.py')"),
    ("open('f.py', 'w')", "get_ipython().run_line_magic('run', '-i f.py 3')"),
    (
        "get_ipython().run_cell_magic('writefile', 'f.py', '')",
        "get_ipython().run_line_magic('run', 'f')",
    ),
    ("zipfile.ZipFile('a.zip', 'w')", "zipfile.ZipFile('a.zip')"),
    ("urllib.request.urlretrieve('https://x/f', 'f')", "1"),
    ("write('f')", "open('out')"),
]
LIBRARIES = (
    "imports",
    "import os, joblib, torch, pickle, sqlite3, shutil, glob, zipfile, urllib.request\n"
    "import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt\n"
    "from pathlib import Path\nx = 1",
)
WRITER = ("functions", "def write(text):\n    open('out', 'w').write(text)")


@pytest.mark.parametrize(("write", "read"), WAYS, ids=[f"{w} - {r}" for w, r in WAYS])
def test_ways_to_write_and_to_read_a_file(write, read):
    notebook = pipeline(LIBRARIES, WRITER, ("w", write), ("r", read))
    found = [d for d in analyze(notebook).diagnostics if d.code == "KALE333"]
    expected = [("r", "tag a cell of `r` with `prev:w`")] if read != "1" else []
    assert [(d.at.step, d.hint) for d in found] == expected


def test_two_steps_that_write_one_file_in_no_order():
    notebook = pipeline(("a", "open('f', 'w')"), ("b", "open('f', 'w')"))
    [found] = analyze(notebook).diagnostics
    assert (str(found.at), found.code, found.message, found.hint) == (
        "nb.ipynb: cell 2 (b), line 1",
        "KALE333",
        "steps `a` and `b` both write the file `f`, and nothing keeps the two in the notebook's "
        "order",
        "tag a cell of `b` with `prev:a`",
    )


def mounted(notebook, *mounts):
    """The notebook with the same volumes in each step."""
    steps = tuple(
        replace(step, options=replace(step.options, volumes=mounts)) for step in notebook.steps
    )
    return replace(notebook, steps=steps)


SHARED = Volumes((Volume("new", "disk", "/data"),))
ON_A_VOLUME = chain(("w", "open('/data/f', 'w')"), ("r", "open('/data/f')"))
DISKS = [
    pytest.param(chain(("a", "open('f', 'w').write('')\nopen('f')"), ("b", "1")), 0, id="one step"),
    pytest.param(chain(("a", "open('f')"), ("b", "open('f', 'w')")), 0, id="written after it is read"),
    pytest.param(mounted(ON_A_VOLUME, VolumeMount("disk", "/data")), 0, id="a volume of both"),
    pytest.param(mounted(ON_A_VOLUME, VolumeMount("disk", "/other")), 1, id="another volume"),
    pytest.param(replace(ON_A_VOLUME, volumes=SHARED), 0, id="a volume of the pipeline"),
    pytest.param(ON_A_VOLUME, 1, id="a full path"),
    pytest.param(chain(WRITE, READ), 1, id="a relative path"),
    pytest.param(chain(WRITE, ("b", "1"), READ), 1, id="a step further on"),
]  # fmt: skip


@pytest.mark.parametrize(("notebook", "count"), DISKS)
def test_files_in_order_are_noted_because_of_clusters(notebook, count):
    found = analyze(notebook).diagnostics
    assert [d.code for d in found] == ["KALE340"] * count


def test_what_is_said_of_a_file_on_one_disk():
    [found] = analyze(chain(WRITE, READ)).diagnostics
    assert f"{found.at}: {found.severity.value}: {found.message}; {found.hint}" == (
        "nb.ipynb: cell 2 (r), line 1: notice: step `r` reads the file `f.txt`, which step `w` "
        "writes; on a cluster each step has a disk of its own; let the value travel instead, or "
        "mount one volume in both steps with `volume:CLAIM:FOLDER` and write the file there"
    )
