"""The magics that are known by name, and what kind each is."""

from __future__ import annotations

#: Magics whose operand is Python that runs in the notebook's own namespace, with the options
#: that take a value of their own.
PYTHON = {
    "capture": "",
    "debug": "b",
    "heat": "o",
    "lprun": "fmDTu",
    "memit": "rtci",
    "mprun": "fT",
    "prun": "DlsT",
    "pyinstrument": "",
    "scalene": "",
    "snakeviz": "tf",
    "time": "",
    "timeit": "nrptcv",
}

#: Those of IPython itself: what they cannot run is a mistake, and not an option unknown here.
STRICT = frozenset({"prun", "time", "timeit"})

#: Cell magics that hand their body to a script and can bind what it prints.
SCRIPTS = frozenset(
    {"bash", "cmd", "perl", "pypy", "python", "python2", "python3", "ruby", "script", "sh"}
)

#: Other cell magics of IPython, whose bodies touch no name of the notebook.
OWN_CELLS = frozenset(
    "! HTML SVG code_wrap file html javascript js latex markdown svg sx system writefile".split()
)

#: Cell magics of extensions that bind no names but those that their first line shows.
EXTENSION_CELLS = frozenset({"R", "bigquery", "cython", "sql"})

#: Line magics that may bind names which nothing in the line shows.
BINDING_LINES = frozenset({"rerun", "run"})

#: Line magics that people write without ``%``, which IPython allows in a cell of one line.
AUTOMAGICS = frozenset(
    "alias alias_magic autoawait autocall automagic autoreload bookmark cat cd code_wrap"
    " colors conda config cp debug dhist dirs doctest_mode ed edit env gui hist history"
    " killbgscripts ldir less lf lk ll load load_ext loadpy logoff logon logstart logstate"
    " logstop ls lsmagic lx macro magic mamba man matplotlib micromamba mkdir more mv notebook"
    " page pastebin pdb pdef pdoc pfile pinfo pinfo2 pip popd pprint precision prun psearch"
    " psource pushd pwd pycat pylab quickref recall rehashx reload_ext rep rerun reset"
    " reset_selective rm rmdir run save sc set_env store sx system tb time timeit unalias"
    " unload_ext uv who who_ls whos xdel xmode".split()
)
