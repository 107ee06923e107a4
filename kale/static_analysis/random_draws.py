"""Which code seeds, draws from, or may draw from a global random state.

A state is followed only in notebooks that seed it somewhere: without a seed, its numbers are
other ones in each run anyway. Known gap: draws inside libraries, but for the usual functions of
scikit-learn, SciPy and pandas, and of functions that are reached through other modules.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import field
from types import MappingProxyType

from kale.dataclass import dataclass
from kale.random_states import RANDOM_STATES
from kale.static_analysis.dotted_names import add_imports, dotted_name
from kale.static_analysis.own_calls import called_name

#: Functions that set a state, whatever it was.
_SEEDING = frozenset({"seed", "setstate", "set_state"})

#: Functions and classes that make a generator of one's own.
_OWN_GENERATORS = frozenset(
    "BitGenerator Generator MT19937 PCG64 PCG64DXSM Philox Random RandomState SFC64 SeedSequence "
    "SystemRandom default_rng".split()
)

#: Library functions and methods that draw from NumPy's state unless they are told otherwise.
_LIBRARY_DRAWS = frozenset(
    "cross_val_predict cross_val_score cross_validate fit fit_predict fit_resample fit_transform "
    "learning_curve make_blobs make_circles make_classification make_friedman1 make_moons "
    "make_regression partial_fit permutation_importance resample rvs sample shuffle "
    "train_test_split".split()
)

#: Arguments by which a library function is given a state of its own.
_OWN_STATE = frozenset({"random_state", "rng", "seed", "random_seed"})

#: Estimators that draw nothing, if they are made without the arguments below.
_STEADY = frozenset(
    "BayesianRidge BernoulliNB Binarizer ComplementNB CountVectorizer DBSCAN DummyRegressor "
    "FunctionTransformer GaussianNB HuberRegressor IsotonicRegression KNNImputer "
    "KNeighborsClassifier KNeighborsRegressor LabelBinarizer LabelEncoder "
    "LinearDiscriminantAnalysis LinearRegression LogisticRegression MaxAbsScaler MinMaxScaler "
    "MultinomialNB NearestCentroid NearestNeighbors Normalizer OneHotEncoder OrdinalEncoder "
    "PolynomialFeatures PowerTransformer QuadraticDiscriminantAnalysis Ridge RidgeCV RobustScaler "
    "SelectKBest SelectPercentile SimpleImputer SplineTransformer StandardScaler TfidfTransformer "
    "TfidfVectorizer VarianceThreshold".split()
)

#: Arguments by which one of these may come to draw: ``solver="saga"``, ``selection="random"``.
_UNSETTLING = frozenset({"cv", "selection", "solver"})

#: What draws if something that it is made of does.
_COMPOSITES = frozenset(
    "ColumnTransformer FeatureUnion Pipeline clone make_column_transformer make_pipeline "
    "make_union".split()
)


@dataclass(frozen=True, slots=True)
class RandomDraws:
    """How one notebook uses the global random states.

    ``modules`` are its imports, ``states`` maps the modules whose state it seeds to the state's
    name. ``steady`` are names that only ever hold what draws nothing from a global state,
    ``generators`` those that hold generators of the notebook's own, ``splitters`` those that
    hold what splits data at random.
    """

    modules: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    states: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    steady: frozenset[str] = frozenset()
    generators: frozenset[str] = frozenset()
    splitters: frozenset[str] = frozenset()

    def seeded_by(self, node: ast.Call) -> str | None:
        """The state that a call sets."""
        module, function = self._function(node.func)
        return self.states.get(module) if function in _SEEDING else None

    def drawn_by(self, node: ast.expr) -> str | None:
        """The state that a function draws from; to mention the function counts as a call."""
        module, function = self._function(node)
        return None if function in _OWN_GENERATORS else self.states.get(module)

    def perhaps_drawn_by(self, node: ast.Call) -> str | None:
        """The state that a library's function may draw from."""
        receiver = node.func.value if isinstance(node.func, ast.Attribute) else None
        if called_name(node) == "split":
            known = isinstance(receiver, ast.Name) and receiver.id in self.splitters
            draws = known or (receiver is not None and _splits_at_random(receiver))
            return self.states.get("numpy.random") if draws else None
        if called_name(node) not in _LIBRARY_DRAWS or _has_own_state(node):
            return None
        if isinstance(receiver, ast.Name) and receiver.id in self.steady:
            return None
        if receiver is not None and _is_steady(receiver, self.steady):
            return None
        return self.states.get("numpy.random")

    def _function(self, node: ast.expr) -> tuple[str, str]:
        if not self.states or not isinstance(node, ast.Name | ast.Attribute):
            return "", ""
        module, _, function = (dotted_name(node, self.modules) or "").rpartition(".")
        return module, function


def random_draws(nodes: Sequence[ast.AST]) -> RandomDraws:
    """How a notebook uses the global random states; ``nodes`` are all those of its cells."""
    modules: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            add_imports(node, modules)
    for node in nodes:
        match node:  # r = np.random
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Attribute() | ast.Name()):
                module = dotted_name(node.value, modules)
                if any(state.module == module for state in RANDOM_STATES):
                    modules[name] = str(module)
    every = RandomDraws(modules, {state.module: state.name for state in RANDOM_STATES})
    seeded: set[str | None] = set()
    made: dict[str, list[ast.expr]] = defaultdict(list)
    for node in nodes:
        if isinstance(node, ast.Call):
            seeded.add(every.seeded_by(node))
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    made[target.id].append(node.value)
    return RandomDraws(
        modules,
        {module: name for module, name in every.states.items() if name in seeded},
        _steady_names(made),
        frozenset(name for name, values in made.items() if all(map(_is_generator, values))),
        frozenset(name for name, values in made.items() if any(map(_splits_at_random, values))),
    )


def _steady_names(made: Mapping[str, Sequence[ast.expr]]) -> frozenset[str]:
    """Names that only ever hold estimators that draw nothing from a global state."""
    steady: frozenset[str] = frozenset()
    for name, values in made.items():  # in notebook order: a pipeline after what it is made of
        if all(_is_steady(value, steady) for value in values):
            steady |= {name}
    return steady


def _is_steady(node: ast.expr, steady: frozenset[str]) -> bool:
    """Whether an expression makes an estimator that has a state of its own, or needs none.

    ``steady`` are names that hold such estimators.
    """
    if not isinstance(node, ast.Call):
        return False
    name = called_name(node)
    if name in _COMPOSITES:
        return all(
            _is_steady(part, steady) if isinstance(part, ast.Call) else part.id in steady
            for part in _outermost(node)
        )
    settled = all(k.arg is not None and k.arg not in _UNSETTLING for k in node.keywords)
    return _has_own_state(node) or (name in _STEADY and settled)


def _outermost(node: ast.Call) -> list[ast.Call | ast.Name]:
    """The calls and names that a call is given, alone or in lists and tuples."""
    pending: list[ast.AST] = [*node.args, *(keyword.value for keyword in node.keywords)]
    found: list[ast.Call | ast.Name] = []
    while pending:
        part = pending.pop()
        if isinstance(part, ast.Call | ast.Name):
            found.append(part)
        else:
            pending.extend(ast.iter_child_nodes(part))
    return found


def _is_generator(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and called_name(node) in _OWN_GENERATORS


def _splits_at_random(node: ast.expr) -> bool:
    """Whether an expression makes a splitter that draws from NumPy's state."""
    if not isinstance(node, ast.Call) or _has_own_state(node):
        return False
    shuffles = any(
        keyword.arg == "shuffle"
        and not (isinstance(keyword.value, ast.Constant) and not keyword.value.value)
        for keyword in node.keywords
    )
    return called_name(node).endswith("ShuffleSplit") or (
        shuffles and called_name(node).endswith("Fold")
    )


def _has_own_state(node: ast.Call) -> bool:
    return any(
        keyword.arg in _OWN_STATE
        and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is None)
        for keyword in node.keywords
    )
