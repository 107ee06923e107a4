"""Which functions and methods change what they are given: tables, and what a notebook adds.

What is in no table may change its receiver and its arguments.
"""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

from kale.dataclass import dataclass
from kale.ir import Parameter
from kale.static_analysis.ambient import AMBIENT
from kale.static_analysis.binding import imported_name, times_bound
from kale.static_analysis.constant_tables import constant_tables
from kale.static_analysis.own_calls import NO_OWN_CODE, OwnCode, called_name
from kale.static_analysis.random_draws import RandomDraws
from kale.static_analysis.scopes import defaults_of

#: Functions, mostly of the language, that leave their arguments as they are.
PURE_BUILTINS = frozenset(
    "abs all any ascii bin bool bytes callable chr complex dict dir display divmod enumerate "
    "filter float format frozenset getattr hasattr hash hex id int isinstance issubclass len "
    "list map max min oct ord pow print range repr reversed round set slice sorted str sum "
    "tuple type vars zip "
    # those of kale.sdk, and of others that took their names
    "log_artifact log_figure log_metric".split()
)

#: Methods that leave a value of the language's, NumPy's or pandas' types as it is.
PURE_METHODS = frozenset(
    # str, bytes, numbers
    "capitalize casefold center decode encode endswith expandtabs find format hex isalnum isalpha "
    "isdigit islower isnumeric isspace istitle isupper join lower lstrip partition replace rfind "
    "rjust rpartition rsplit rstrip split splitlines startswith strip swapcase title translate "
    "upper zfill is_integer bit_length "
    # containers
    "copy count get index items keys values union intersection difference issubset issuperset "
    # NumPy and pandas, in the forms without out= and inplace=
    "abs agg aggregate all any argmax argmin argsort assign astype corr cumprod cumsum "
    "describe diff dot dropna equals fillna flatten groupby head idxmax idxmin isin isna "
    "isnull item iterrows itertuples max mean median melt merge min mode nlargest notna "
    "nsmallest nunique pivot pivot_table prod quantile ravel rename resample reset_index "
    "reshape rolling round sample select_dtypes set_index sort_index sort_values squeeze std "
    "sum tail to_csv to_dict to_frame to_json to_list to_numpy to_string tolist transpose "
    "unique value_counts var "
    # functions of kale.sdk, called as those of a module
    "log_artifact log_figure log_metric".split()
)

#: Methods of containers that change their receiver, and nothing that it holds or is given.
CONTAINER_METHODS = frozenset(
    "add append appendleft clear discard extend extendleft insert pop popitem popleft remove "
    "reverse setdefault sort update __setitem__ __delitem__".split()
)

#: Methods that change their receiver, whatever it is.
MUTATING_METHODS = CONTAINER_METHODS | frozenset(
    "__setattr__ fill itemset partial_fit fit fit_transform register".split()
)

#: Methods of random generators; what they are asked of goes on to its next state.
DRAWING_METHODS = frozenset(
    "binomial choice choices exponential gauss integers lognormal multivariate_normal normal "
    "normalvariate permutation permuted poisson rand randbytes randint randn random random_sample "
    "randrange standard_normal uniform".split()
)

#: Methods that tell a random generator's state.
STATE_METHODS = frozenset({"get_state", "getstate"})

#: Arguments by which a function is given a random generator, to draw from it.
STATE_ARGUMENTS = frozenset({"random_state", "rng"})

#: Builtins that change their first argument.
MUTATING_BUILTINS = frozenset({"next", "setattr", "delattr"})

#: Modules whose functions leave their arguments as they are, but for those named below.
PURE_MODULES = frozenset(
    "itertools json math matplotlib numpy os pandas re seaborn statistics sys time".split()
)
IMPURE_FUNCTIONS = frozenset(
    "at copyto fill_diagonal heappop heappush place put put_along_axis putmask shuffle".split()
)

#: Special methods whose results may be one of the operands.
_OPERATORS = frozenset(
    f"__{prefix}{name}__"
    for name in "add sub mul matmul truediv floordiv mod pow lshift rshift and xor or".split()
    for prefix in ("", "r", "i")
) | {"__neg__", "__pos__", "__invert__", "__abs__"}


@dataclass(frozen=True, slots=True)
class Purity:
    """What may be taken to leave its arguments alone in one notebook.

    ``modules`` are names that the notebook only ever binds by importing a pure module,
    ``methods`` the pure methods that no class of the notebook defines itself. ``own`` are the
    names of the notebook's functions, methods and classes, and of the variables it assigns;
    ``fixed`` are names whose objects nothing can change: code, constants, the language's own. In
    a ``restless`` notebook, a class changes its instances when they are merely looked at;
    ``restless_names`` are those of the language's own objects that do so, and whether surely.
    ``code`` tells what the notebook's own functions do with their arguments, ``counting`` are
    those of them that, as decorators, keep something from call to call; ``random`` tells what
    draws random numbers.
    """

    modules: frozenset[str] = frozenset()
    methods: frozenset[str] = PURE_METHODS
    own: frozenset[str] = frozenset()
    fixed: frozenset[str] = frozenset()
    restless: bool = False
    restless_names: Mapping[str, bool] = field(default_factory=dict)
    code: OwnCode = NO_OWN_CODE
    counting: frozenset[str] = frozenset()
    random: RandomDraws = field(default_factory=RandomDraws)

    @property
    def bound(self) -> frozenset[str]:
        """All names that the notebook binds anywhere."""
        return self.own | (self.fixed - AMBIENT)

    @property
    def operators(self) -> bool:
        """Whether a class of the notebook says what an operator gives."""
        return not self.own.isdisjoint(_OPERATORS)


def purity_of(nodes: Sequence[ast.AST], parameters: Iterable[Parameter] = ()) -> Purity:
    """The purity that holds in a notebook; ``nodes`` are all those of its cells' trees."""
    pure: set[str] = set()
    imported: set[str] = set()
    defined: set[str] = set()
    arguments: set[str] = set()
    kept: dict[str, set[str]] = defaultdict(set)
    calls: list[ast.Call] = []
    bound = times_bound(node for node in nodes if not isinstance(node, ast.stmt))
    constant: Counter[str] = Counter()
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                name = imported_name(alias)
                imported.add(name)
                if isinstance(node, ast.Import) and alias.name.partition(".")[0] in PURE_MODULES:
                    pure.add(name)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            defined.add(node.name)
            kept[node.name] |= _held_by_default(node)
        elif isinstance(node, ast.arg):
            arguments.add(node.arg)
        elif isinstance(node, ast.Call) and node.keywords:
            calls.append(node)
        elif isinstance(node, ast.Assign) and is_constant(node.value):
            constant.update(t.id for t in node.targets if isinstance(t, ast.Name))
    lists = {p.name for p in parameters if p.type in {"list", "dict"}}
    scalars = {p.name for p in parameters} - lists
    constants = {name for name, count in bound.items() if constant[name] == count}
    # What a function calls its argument is another thing in a function inside it.
    plain = imported | defined | scalars | constants
    holding = {name for name, defaults in kept.items() if not defaults <= plain}
    own = frozenset(bound.keys() | defined)
    fixed = (plain - bound.keys() | (constants - lists)) - arguments - holding
    fixed |= AMBIENT - own
    fixed |= set(constant_tables(nodes, bound, own)) - arguments
    # A splitter that was given a generator draws from it; a text has such a method, too.
    given = {"split"} if any(_is_given_state(node, fixed) for node in calls) else set()
    return Purity(
        modules=frozenset(pure - own),
        methods=PURE_METHODS - defined - given,
        own=own,
        fixed=frozenset(fixed),
    )


def _held_by_default(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> set[str]:
    """The names in a function's default values: it holds their objects."""
    if isinstance(node, ast.ClassDef):
        return set()
    defaults = [default for _, default in defaults_of(node.args)]
    return {n.id for default in defaults for n in ast.walk(default) if isinstance(n, ast.Name)}


def _is_given_state(node: ast.Call, fixed: set[str]) -> bool:
    """Whether a class is given what may be a random generator."""
    return called_name(node)[:1].isupper() and any(
        keyword.arg in STATE_ARGUMENTS
        and not is_constant(keyword.value)
        and not (isinstance(keyword.value, ast.Name) and keyword.value.id in fixed)
        for keyword in node.keywords
    )


def is_constant(node: ast.expr) -> bool:
    """Whether an expression makes an object of a type that nothing can change."""
    if isinstance(node, ast.UnaryOp):
        return is_constant(node.operand)
    if isinstance(node, ast.Tuple):
        return all(is_constant(element) for element in node.elts)
    return isinstance(node, ast.Constant | ast.JoinedStr)
