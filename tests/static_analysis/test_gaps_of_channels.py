"""What the rules on unseen state are known to miss; each row turns red when it is seen."""

import pytest
from pipelines import chain, pipeline

from kale.static_analysis import analyze

IMPORTS = (
    "imports",
    "import locale, logging, os, threading\nimport numpy as np\nimport pandas as pd\n"
    "import matplotlib.pyplot as plt\nimport mymod",
)
GAPS = [
    pytest.param("KALE320", chain(IMPORTS, ("a", "mymod.__dict__['a'] = 1"), ("b", "x = 1")),
                 id="a module that no other step mentions, but a value of it travels"),
    pytest.param("KALE321", chain(IMPORTS, ("a", "mymod.switch_on()"), ("b", "mymod.f()")),
                 id="a function of a module that changes the module"),
    pytest.param("KALE330", chain(IMPORTS, ("a", "run = [exec][0]\nrun('x = 1')"), ("b", "1")),
                 id="code that is run under another name"),
    pytest.param("KALE332", chain(IMPORTS, ("a", "threading.stack_size(262144)"), ("b", "1")),
                 id="a setting that no table names"),
    pytest.param("KALE333", pipeline(IMPORTS, ("a", "open(f'{id}.txt', 'w')"), ("b", "open(f'{id}.txt')")),
                 id="a path that is computed the same way twice"),
    pytest.param("KALE333", pipeline(IMPORTS, ("a", "get_ipython().system('echo 1 > f')"),
                                     ("b", "open('f')")),
                 id="a file that a shell command writes"),
    pytest.param("KALE333", pipeline(IMPORTS, ("a", "open('f', 'w')"), ("b", "open(os.path.abspath('f'))")),
                 id="a relative and a full path of one file"),
    pytest.param("KALE336", chain(IMPORTS, ("a", "os.environ['OMP_NUM_THREADS'] = '1'"), ("b", "np.ones(2)")),
                 id="a variable that a usual library reads"),
    pytest.param("KALE338", chain(("a", "import torch\ntorch.manual_seed(0)\nm = torch.nn.Dropout()"),
                                  ("b", "m(1)")),
                 id="a draw by a value that travels"),
    pytest.param("KALE339", chain(IMPORTS, ("functions", "def draw():\n    plt.plot([1])"), ("a", "draw()"),
                                  ("b", "draw()"), ("c", "plt.title('b')")),
                 id="a figure that a function of several steps draws"),
    pytest.param("KALE341", chain(IMPORTS, ("imports", "names = os.listdir('.')"), ("a", "names"),
                                  ("b", "names")),
                 id="what a shared cell reads from a folder"),
    pytest.param("KALE344", chain(IMPORTS, ("functions", "memo = lambda f: f\n@memo\ndef f(n):\n    print(n)"),
                                  ("a", "f(1)"), ("b", "f(1)")),
                 id="a cache of another make"),
    pytest.param("KALE346", chain(IMPORTS, ("a", "x = np.ones(2)\ns = pd.array(x, copy=False)"),
                                  ("b", "x[0] = 2"), ("c", "s")),
                 id="a view by another call"),
    pytest.param("KALE350", chain(("functions", "def make():\n    return open('f')"), ("a", "x = make()"),
                                  ("b", "x.read()")),
                 id="an open file that a function returns"),
    pytest.param("KALE350", chain(("a", "x = []\nx.append(open('f'))"), ("b", "x[0].read()")),
                 id="an open file that is put into a list"),
]  # fmt: skip


@pytest.mark.xfail(strict=True, reason="known gap")
@pytest.mark.parametrize(("code", "notebook"), GAPS)
def test_a_warning_of(code, notebook):
    assert code in {d.code for d in analyze(notebook).diagnostics}
