"""What cells show."""

from __future__ import annotations

from runners.engines.cells.row import row

REPRS = """
class Html:
    def _repr_html_(self): return "<b>x</b>"
class Bundle:
    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": "p", "application/x-mine+json": {"a": [1]}}, {"text/plain": {"m": 1}}
class Own:
    def _ipython_display_(self): print("shown by itself")
class Broken:
    def __repr__(self): raise ValueError("no repr")
class BrokenHtml:
    def _repr_html_(self): raise ValueError("no html")
    def __repr__(self): return "plain"
"""

DISPLAYS = [
    row("the last expression is shown", "1\n2"),
    row("a semicolon hides it", "2;"),
    row("a last None is not shown", "None"),
    row("an assignment is not shown", "x = 2"),
    row(
        "earlier results have their names",
        "40",
        "_ + 2",
        "_, __",
        "_1 if '_1' in globals() else 0",
        "len(Out) > 0, len(In) > 3",
    ),
    row("text and bytes are shown by repr", "'a\\n'", "b'a\\xff'"),
    row("a long list is broken into lines", "list(range(100))"),
    row("a very long list is cut", "list(range(2000))"),
    row("a set and a dict are sorted or not as IPython does", "{'b': 1, 'a': 2}", "{3, 1, 2}"),
    row("rich representations", REPRS, "Html()", "Bundle()", "Own()", "BrokenHtml()"),
    row(
        "a representation that raises",
        "class B:\n    def __repr__(self): raise ValueError('no repr')",
        "B()",
    ),
    row("objects whose address is shown", "object()"),
    row("display of several", "from IPython.display import display\ndisplay(1, 'a', [2])"),
    row(
        "HTML, Markdown, Math, LaTeX, JSON, JavaScript, SVG",
        "from IPython.display import *\ndisplay(HTML('<i>h</i>'), Markdown('*m*'), Math('x'), Latex('$y$'), JSON({'a': 1}), Javascript('1'), SVG('<svg xmlns=\"http://www.w3.org/2000/svg\"/>'), Code('x = 1'), Pretty('p'))",
    ),
    row(
        "an image of bytes",
        "import base64\nfrom IPython.display import Image\nImage(base64.b64decode('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='))",
    ),
    row(
        "an audio player and a frame",
        "from IPython.display import IFrame, Audio\nIFrame('https://example.org', 10, 10)",
    ),
    row(
        "displays and prints keep their order",
        "from IPython.display import display\nimport sys\nprint('a')\ndisplay(1)\nprint('b', file=sys.stderr)\ndisplay(2)\nprint('c')\n3",
        exact=True,
    ),
    row(
        "metadata of a display",
        "from IPython.display import display\ndisplay({'text/plain': 'p', 'text/html': '<p>'}, raw=True, metadata={'text/html': {'isolated': True}})",
    ),
    row(
        "a display is updated in its cell",
        "from IPython.display import display\nh = display('a', display_id='one')\nh.update('b')",
    ),
    row(
        "a display is updated by a later cell",
        "from IPython.display import display, update_display\nprint('before')\nx = display('old', display_id='two')",
        "print('x')\nupdate_display('new', display_id='two')",
        "display('again', display_id='two');",
    ),
    row(
        "a display without a name is given one",
        "from IPython.display import display\nlen(display(1, display_id=True).display_id) > 5",
    ),
    row(
        "clear_output clears",
        "from IPython.display import clear_output\nprint('gone')\nclear_output()\nprint('here')",
    ),
    row(
        "clear_output waits",
        "from IPython.display import clear_output\nprint('gone')\nclear_output(wait=True)\nprint('here')",
    ),
    row(
        "clear_output waits for nothing",
        "from IPython.display import clear_output\nprint('stays')\nclear_output(wait=True)",
    ),
    row(
        "clear_output between displays",
        "from IPython.display import clear_output, display\nfor k in range(3):\n    clear_output(wait=True)\n    display(k)\n    print(k)",
    ),
    row("a pager's text", "len?", mask=r"(?s).*"),
    row("set_next_input leaves the notebook alone", "get_ipython().set_next_input('x = 1')"),
    row("rich prints", "import rich\nrich.print('[bold]b[/] {1: 2}')\nrich.print({'a': [1, 2]})"),
    row(
        "a progress bar without a terminal",
        "from tqdm import tqdm\nfor _ in tqdm(range(3), desc='d', mininterval=0, miniters=1): pass",
        mask=r"\d\d:\d\d<?(?:\d\d:\d\d)?|\?|[\d.]+(?:it/s|s/it)|\] *",
    ),
    row(
        "a pandas frame and series",
        "import pandas as pd\npd.DataFrame({'a': [1, 2], 'b': ['x', None]})",
        "pd.Series([1.5, 2])",
        "pd.DataFrame({'a': range(100)})",
    ),
    row("numpy arrays", "import numpy as np\nnp.arange(12).reshape(3, 4)", "np.float64(1.5)"),
    row("a formula of sympy", "import sympy\nx = sympy.Symbol('x')\nsympy.Integral(x**2, x)"),
    row(
        "a comm without a front end",
        "import comm\nc = comm.create_comm(target_name='t', comm_id='cafe', data={'a': 1})\nc.send({'b': 2})\nc.close()",
    ),
    row(
        "the state of a widget",
        "import comm\nw = comm.create_comm(target_name='jupyter.widget', comm_id='beef', data={'state': {'_model_name': 'M', '_model_module': 'm', 'value': 1}})\nw.send({'method': 'update', 'state': {'value': 2}})",
    ),
    row(
        "publishing by hand",
        "get_ipython().display_pub.publish({'text/plain': 'x'}, metadata={'a': 1})",
    ),
]
