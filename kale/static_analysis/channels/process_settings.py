"""Settings of the process: a step that changes them changes them for itself alone.

The settings of libraries are told by the usual functions that change them. Known gap: what a
library or a local module changes inside itself, at import or in a call.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator

from kale.dataclass import dataclass
from kale.diagnostics import Diagnostic, diagnose
from kale.static_analysis.channels.code_walk import Run, Verb
from kale.static_analysis.channels.survey import Sight, Survey, latest_users
from kale.static_analysis.facts import SHARED


@dataclass(frozen=True, slots=True)
class _Setting:
    """Calls and stores that change one kind of setting, by their full names.

    ``spared`` are context managers that take the change back; ``reads`` tells which calls and
    reads of another step depend on it, none meaning that any step may.
    """

    changes: frozenset[str]
    spared: frozenset[str] = frozenset()
    reads: Callable[[str], bool] | None = None


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _draws(name: str) -> bool:
    """Whether something may show a plot."""
    last = name.rpartition(".")[2].lower()
    return name.startswith(("matplotlib.", "seaborn.")) or bool(
        re.search(r"plot|hist|fig|display|show|draw|heatmap|chart", last)
    )


def _logs(name: str) -> bool:
    """Whether something writes to a logger or asks it for its settings."""
    last = name.rpartition(".")[2]
    return name.startswith("logging.") or last in _LOGGING


_LOGGING = _words(
    "critical debug error exception filters getEffectiveLevel handlers info isEnabledFor level log "
    "warning"
)

_SETTINGS = (
    _Setting(
        _words(
            "pandas.set_option pandas.reset_option pandas.options.* pandas.set_eng_float_format "
            "pandas.plotting.register_matplotlib_converters polars.Config.* xarray.set_options "
            "sklearn.set_config"
        ),
        _words("pandas.option_context() sklearn.config_context()"),
    ),
    _Setting(
        _words(
            "numpy.seterr numpy.seterrcall numpy.set_printoptions numpy.setbufsize scipy.special"
            ".seterr"
        ),
        _words("numpy.errstate() numpy.printoptions()"),
    ),
    _Setting(
        _words(
            "warnings.filterwarnings warnings.simplefilter warnings.resetwarnings "
            "warnings.showwarning"
        ),
        _words("warnings.catch_warnings()"),
    ),
    _Setting(
        _words("decimal.setcontext decimal.getcontext().*"),
        _words("decimal.localcontext()"),
    ),
    _Setting(
        _words(
            "sys.path sys.path[] sys.path.* sys.setrecursionlimit sys.setswitchinterval "
            "sys.set_int_max_str_digits sys.stdout sys.stderr sys.modules[] sys.modules.* "
            "locale.setlocale socket.setdefaulttimeout signal.signal time.tzset "
            "multiprocessing.set_start_method torch.multiprocessing.set_start_method "
            "asyncio.set_event_loop_policy nest_asyncio.apply atexit.register %load_ext "
            "mimetypes.add_type codecs.register copyreg.pickle"
        ),
    ),
    _Setting(
        _words(
            "torch.set_default_dtype torch.set_default_device torch.set_default_tensor_type "
            "torch.set_num_threads torch.set_printoptions torch.set_grad_enabled "
            "torch.use_deterministic_algorithms torch.set_float32_matmul_precision "
            "torch.autograd.set_detect_anomaly tensorflow.keras.backend.set_floatx "
            "keras.backend.set_floatx keras.backend.set_image_data_format keras.config.set_floatx "
            "tensorflow.keras.mixed_precision.set_global_policy tensorflow.config.* "
            "keras.mixed_precision.set_global_policy tensorflow.get_logger().* jax.config.* "
            "transformers.logging.* optuna.logging.* datasets.logging.*"
        ),
        _words("torch.no_grad() torch.enable_grad() torch.inference_mode()"),
    ),
    _Setting(
        _words(
            "matplotlib.use matplotlib.rc matplotlib.rcdefaults matplotlib.rcParams[] "
            "matplotlib.rcParams.* matplotlib.style.use matplotlib.pyplot.rc "
            "matplotlib.pyplot.rcdefaults matplotlib.pyplot.rcParams[] "
            "matplotlib.pyplot.rcParams.* matplotlib.pyplot.style.use matplotlib.pyplot.ion "
            "matplotlib.pyplot.ioff matplotlib.pyplot.switch_backend seaborn.set "
            "seaborn.set_theme seaborn.set_style seaborn.set_palette seaborn.set_context "
            "seaborn.set_color_codes matplotlib_inline.backend_inline"
            ".set_matplotlib_formats"
        ),
        _words(
            "matplotlib.rc_context() matplotlib.pyplot.rc_context() matplotlib.style.context() "
            "matplotlib.pyplot.style.context()"
        ),
        _draws,
    ),
    _Setting(
        _words(
            "logging.basicConfig logging.disable logging.captureWarnings logging.setLoggerClass "
            "logging.addLevelName logging.config.dictConfig logging.config.fileConfig "
            "logging.setLogRecordFactory logging.getLogger().setLevel logging.getLogger().level "
            "logging.getLogger().addHandler logging.getLogger().removeHandler "
            "logging.getLogger().addFilter logging.getLogger().propagate "
            "logging.getLogger().handlers.* logging.getLogger().disabled"
        ),
        reads=_logs,
    ),
    _Setting(
        _words("tqdm.tqdm.pandas tqdm.auto.tqdm.pandas tqdm.notebook.tqdm.pandas"),
        reads=lambda name: name.rpartition(".")[2].startswith("progress_"),
    ),
)

#: How a call begins that sets something, of those that the table names by what they belong to.
_CHANGING = re.compile(
    r"(add|append|clear|disable|enable|experimental_|extend|insert|load|pop|register|remove|reset|"
    r"restore|reverse|set|sort|update)"
)

_EXACT = {name: setting for setting in _SETTINGS for name in setting.changes if name[-1] != "*"}
_PREFIXES = {
    name[:-1]: setting for setting in _SETTINGS for name in setting.changes if name[-1] == "*"
}


def process_settings(survey: Survey) -> Iterator[Diagnostic]:
    """Warnings of settings that a step changes and that a later step may depend on."""
    changes: dict[str, list[Sight]] = defaultdict(list)
    for sight in survey.sights:
        setting = _setting(sight)
        if setting is not None and not setting.spared & set(sight.guards):
            changes[sight.name].append(sight)
    readers: dict[int, list[Run]] = {}
    for sights in changes.values():
        setting = _setting(sights[0])
        setters = {run.owner for sight in sights for run in sight.runs}
        # What every step sets anew holds in every step, and what one sets itself holds there.
        if setting is None or SHARED in setters:
            continue
        if id(setting) not in readers:
            readers[id(setting)] = _last_readers(survey, setting)
        dependent = next((r for r in readers[id(setting)] if r.owner not in setters), None)
        for sight in sights if dependent is not None else ():
            run = sight.runs[0] if sight.runs else None
            if dependent is not None and run is not None and run.cell < dependent.cell:
                yield _changed(sight, run.owner, dependent.owner)


def is_setting(sight: Sight) -> bool:
    """Whether a call or store changes a setting that this module knows."""
    return _setting(sight) is not None


def _setting(sight: Sight) -> _Setting | None:
    if sight.verb is Verb.READ:
        return None
    found = _EXACT.get(sight.name)
    if found is not None:
        return found
    owner, _, last = sight.name.rpartition(".")
    if sight.verb is Verb.CALL and not _CHANGING.match(last):
        return None
    while owner:
        if owner + "." in _PREFIXES:
            return _PREFIXES[owner + "."]
        owner = owner.rpartition(".")[0]
    return None


def _last_readers(survey: Survey, setting: _Setting) -> list[Run]:
    """The last cell of each step that may depend on a setting, the latest first."""
    reads = setting.reads
    if reads is None:
        return [Run(step, cell) for step, cell in survey.last.items()]
    found = latest_users(survey, lambda s: "reader" if reads(s.name) and not is_setting(s) else "")
    return found.get("reader", [])


def _changed(sight: Sight, setter: str, step: str) -> Diagnostic:
    stored = sight.verb is Verb.STORE and "()" not in sight.name
    return diagnose(
        "KALE320" if stored else "KALE332",
        f"`{sight.text}` {'is a setting of' if stored else 'changes'} the process that step "
        f"`{setter}` runs in; step `{step}` runs in one of its own and does not see the change",
        at=sight.at,
        hint="make the change in a cell tagged `imports`, which every step runs",
    )
