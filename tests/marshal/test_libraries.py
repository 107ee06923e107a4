"""What SciPy, scikit-learn, XGBoost, LightGBM and Pillow make comes back as it was, elsewhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

for library in ("scipy", "sklearn", "PIL"):
    pytest.importorskip(library, reason=f"{library} is in the extra `dev`")

#: What both processes define, as the functions cells of a notebook would.
NOTEBOOK = """
import collections, copy, hashlib, importlib, io, json, sys, warnings
from pathlib import Path
import numpy as np
import scipy.sparse as sp
from PIL import Image
from sklearn import base, cluster, compose, decomposition, ensemble, gaussian_process, linear_model, mixture
from sklearn import model_selection, naive_bayes, neighbors, neural_network, pipeline, preprocessing, svm, tree
from sklearn.feature_extraction.text import TfidfVectorizer
from kale.marshal import MarshalError, resource_load, resource_save

warnings.filterwarnings("ignore", module="sklearn|lightgbm|xgboost")
X = np.random.default_rng(0).normal(size=(120, 4))
y = (X[:, 0] + X[:, 1] > 0).astype(int)
class Mine(base.BaseEstimator, base.TransformerMixin):
    def __init__(self, by=2): self.by = by
    def fit(self, X, y=None): self.mean_ = X.mean(axis=0); return self
    def transform(self, X): return (X - self.mean_) * self.by
def doubled(x): return x * 2
def setting(value, **attributes):
    for name, item in attributes.items(): setattr(value, name, item)
    return value
def dense(): return np.array([[0, 1.5, 0], [2, 0, -0.0], [0, 0, np.nan]])
def wide(): return sp.random_array((2000, 2000), density=0.1, rng=0, format="csr")
def unsorted(): return sp.csr_array((np.array([1.0, 2, 3]), np.array([2, 0, 0]), np.array([0, 3])), shape=(1, 4))
def picture(mode="RGB", size=(7, 5)):
    numbers = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(numbers).convert(mode)
def opened(kind, **options):
    file = io.BytesIO()
    picture("P" if kind == "GIF" else "RGB").save(file, kind, **options)
    return Image.open(file)
def exif(image):
    image.getexif()[274] = 3
    return image
def boosted(rounds=5, objective="binary:logistic", **params):
    import xgboost
    train = xgboost.DMatrix(X, y, feature_names=list("abcd"))
    params = {"objective": objective, "max_depth": 3, "nthread": 1, "eta": 0.3, **params}
    return xgboost.train(params, train, rounds, evals=[(train, "t")], early_stopping_rounds=3, verbose_eval=False)
def predicted(booster):
    import xgboost
    return booster.predict(xgboost.DMatrix(X, feature_names=list("abcd"))).tolist()
def more(booster):
    import xgboost
    booster.update(xgboost.DMatrix(X, y, feature_names=list("abcd")), 99)
def light(keep=False, **params):
    import lightgbm
    train = lightgbm.Dataset(X[:100], y[:100], free_raw_data=False)
    test = lightgbm.Dataset(X[100:], y[100:], reference=train)
    params = {"objective": "binary", "verbose": -1, "num_threads": 1, **params}
    stop = lightgbm.early_stopping(3, verbose=False)
    return lightgbm.train(params, train, 8, valid_sets=[test], callbacks=[stop], keep_training_booster=keep)
def net(dropout=0.3, fit=2, **attributes):
    import keras
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="relu"), keras.layers.BatchNormalization(), keras.layers.Dropout(dropout), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse", metrics=["mae"])
    if fit: model.fit(X, y, epochs=fit, verbose=0)
    return setting(model, **attributes)
def graph():
    import keras
    keras.utils.set_random_seed(0)
    start = keras.Input((4,))
    model = keras.Model(start, keras.layers.Dense(1)(keras.layers.Dense(3)(start)))
    model.layers[1].trainable = False
    return model
def own_net():
    import keras
    class_ = globals().get("Own")
    if class_ is None:
        class Own(keras.Model):
            def __init__(self, width=3, **options):
                super().__init__(**options)
                self.width, self.one, self.two = width, keras.layers.Dense(width), keras.layers.Dense(1)
            def get_config(self): return {**super().get_config(), "name": self.name, "width": self.width}
            def call(self, x): return self.two(self.one(x))
        Own.__qualname__ = "Own"
        class_ = globals()["Own"] = Own
    keras.utils.set_random_seed(0)
    model = class_(5)
    model.compile("sgd", "mse")
    model.fit(X, y, verbose=0)
    return model
def fit(model):
    import keras
    keras.utils.set_random_seed(1)
    model.fit(X, y, verbose=0, shuffle=False)  # making metrics draws numbers, too
def xgb(): import xgboost; return xgboost
def lgb(): import lightgbm; return lightgbm

def look(v, seen=()):
    "What can be seen of a value, as JSON."
    kind = f"{type(v).__module__}.{type(v).__qualname__}"
    if any(v is s for s in seen): return "again"
    seen = (*seen, v)
    if isinstance(v, np.ndarray):
        data = look(v.tolist()) if v.dtype.hasobject or v.dtype.names else hashlib.sha256(np.ascontiguousarray(v)).hexdigest()
        return [kind, str(v.dtype), v.shape, v.flags.writeable, v.flags.f_contiguous, data]
    if isinstance(v, (list, tuple)): return [kind, [look(x, seen) for x in v]]
    if isinstance(v, dict): return [kind, [[look(k), look(x, seen)] for k, x in v.items()], repr(getattr(v, "default_factory", 0))]
    if isinstance(v, np.random.RandomState): return [kind, look(v.get_state())]
    if kind == "sklearn.tree._tree.Tree": return [kind, look(v.__getstate__()["nodes"]), look(v.value)]
    if isinstance(v, Image.Image):
        known = {k: x for k, x in sorted(vars(v).items()) if k in ("info", "_exif", "quantization", "_text", "filename")}
        return [kind, v.mode, v.size, v.format, v.getpalette(), v.tobytes().hex(), look(known), list(map(str, v.getexif().items())), getattr(v, "n_frames", 0)]
    if kind == "xgboost.core.Booster": return [kind, sorted(vars(v)), v.attributes(), v.feature_names, v.feature_types, json.loads(v.save_config()), predicted(v), hashlib.sha256(v.save_raw()).hexdigest()]
    if kind == "lightgbm.basic.Booster": return [kind, [[k, look(x)] for k, x in sorted(vars(v).items()) if k not in ("_handle", "train_set", "valid_sets")], v.predict(X).tolist(), v.model_to_string(num_iteration=-1)]
    if "keras.src.models.model.Model" in [f"{c.__module__}.{c.__qualname__}" for c in type(v).__mro__]:
        arrays = [w.value.detach().numpy() for w in v.variables] + [w.value.detach().numpy() for w in getattr(getattr(v, 'optimizer', None), 'variables', ())]
        history = vars(v).get("history")
        return [kind, v.name, look(arrays), [layer.trainable for layer in v.layers], look(history and [history.history, history.epoch, history.params]), v.predict(X, verbose=0).tolist()]
    if callable(v) and hasattr(v, "__qualname__"): return [kind, v.__qualname__]
    if hasattr(v, "__dict__"): return [kind, [[k, look(x, seen)] for k, x in sorted(vars(v).items())]]
    return [kind, repr(v) if " at 0x" not in repr(v) else ""]
"""

FORMATS = "bsr", "coo", "csc", "csr", "dia", "lil", "dok"

#: A value, and what is looked at (``v`` is the value; ``look(v)`` always is). After the second
#: ``|||`` comes what is done to it before all is looked at again.
VALUES = {
    **{f"a sparse {f} {kind}": f"sp.{f}_{kind}(dense()) ||| v.toarray().tolist().__repr__() ||| v.resize(2, 2)" for f in FORMATS for kind in ("array", "matrix")},
    "a large sparse array": "wide() ||| ||| v.data.__imul__(2)",
    "sparse rows out of order": "unsorted() ||| vars(v).get('_has_sorted_indices') ||| [v.has_sorted_indices, v.has_canonical_format, v.sum_duplicates()]",
    "sparse rows that know their order": "(lambda v: (v.has_sorted_indices, v)[1])(unsorted())",
    "a sparse array with zeros in it": "sp.csr_array(([0.0, 1.0], ([0, 1], [1, 1])), shape=(2, 3)) ||| v.nnz ||| v.eliminate_zeros()",
    "sparse coordinates twice": "sp.coo_array(([1, 2], ([0, 0], [1, 1])), shape=(2, 3)) ||| v.nnz ||| v.sum_duplicates()",
    "a sparse array of one dimension": "sp.coo_array(np.array([0, 3, 0]))",
    "a sparse array of three dimensions": "sp.coo_array(np.arange(8).reshape(2, 2, 2))",
    "sparse with long indices": "sp.csr_array((np.ones(1), np.array([1], np.int64), np.array([0, 1], np.int64)), shape=(1, 2**40))",
    "an empty sparse array": "sp.csr_array((0, 3), dtype=np.int8)",
    "sparse blocks": "sp.bsr_array(np.kron(np.eye(3), np.ones((2, 2))), blocksize=(2, 2)) ||| v.blocksize",
    "a sparse array with an attribute": "setting(sp.csr_array(dense()), note=['mine']) ||| v.note",
    "sparse parts in one memory": "(lambda d: sp.csr_array((d[:2], np.array([0, 1]), np.array([0, 2])), shape=(1, 2)))(np.arange(4.0))",
    "sparse arrays in a dict": "{'a': sp.csr_array(dense()), 'b': sp.eye_array(3)}",
    "a forest": "ensemble.RandomForestClassifier(5, random_state=0).fit(X, y) ||| v.predict_proba(X).tolist() ||| v.fit(X, 1 - y)",
    "a forest with a state": "ensemble.RandomForestClassifier(3, random_state=np.random.RandomState(1)).fit(X, y) ||| ||| v.fit(X, y)",
    "gradient boosting": "ensemble.GradientBoostingRegressor(n_estimators=3, random_state=0).fit(X, y) ||| v.predict(X).tolist()",
    "histogram boosting": "ensemble.HistGradientBoostingClassifier(max_iter=3, random_state=0).fit(X, y) ||| v.predict_proba(X).tolist()",
    "an estimator not fitted": "svm.SVC(C=2.0) ||| ||| v.fit(X, y)",
    "a pipeline": "pipeline.make_pipeline(preprocessing.StandardScaler(), svm.SVC()).fit(X, y) ||| v.predict(X).tolist() ||| v.fit(X, y)",
    "a pipeline with the notebook's class": "pipeline.make_pipeline(Mine(3), linear_model.LogisticRegression()).fit(X, y) ||| [v.predict(X).tolist(), type(v[0]) is Mine]",
    "a lambda inside": "preprocessing.FunctionTransformer(lambda x: x + 1).fit(X) ||| v.transform(X).tolist()",
    "neighbours": "neighbors.KNeighborsClassifier().fit(X, y) ||| v.predict(X).tolist()",
    "a grid search": "model_selection.GridSearchCV(linear_model.LogisticRegression(), {'C': [0.1, 1]}).fit(X, y) ||| v.predict(X).tolist()",
    "columns": "compose.ColumnTransformer([('a', preprocessing.StandardScaler(), [0, 1]), ('b', 'passthrough', [2])]).fit(X) ||| v.transform(X).tolist()",
    "a Gaussian process": "gaussian_process.GaussianProcessRegressor(random_state=0).fit(X, y) ||| v.predict(X).tolist()",
    "a network": "neural_network.MLPClassifier((3,), max_iter=3, random_state=0).fit(X, y) ||| v.predict_proba(X).tolist() ||| v.partial_fit(X, y)",
    "words": "TfidfVectorizer().fit(['a bc de', 'de fg']) ||| v.transform(['de de']).toarray().tolist()",
    "clusters": "cluster.KMeans(3, random_state=0, n_init=1).fit(X) ||| v.predict(X).tolist()",
    "a plain picture": "picture() ||| ||| v.putpixel((0, 0), (1, 2, 3))",
    "grey": "picture('L')", "black and white": "picture('1')", "with alpha": "picture('RGBA')", "grey with alpha": "picture('LA')",
    "a palette": "picture('P') ||| ||| v.putpixel((0, 0), 3)",
    "CMYK": "picture('CMYK')", "whole numbers": "picture('I')", "floats": "picture('F')",
    "sixteen bits": "Image.fromarray(np.arange(6, dtype=np.uint16).reshape(2, 3))",
    "no pixels": "Image.new('RGB', (0, 3))",
    "a picture with notes": "(lambda v: (v.info.update(dpi=(72, 72), mine='x'), v)[1])(picture())",
    "a picture with EXIF data": "exif(picture())",
    "a picture with an attribute": "setting(picture(), label='cat') ||| v.label",
    "a read-only picture": "Image.frombuffer('L', (3, 2), bytes(6), 'raw', 'L', 0, 1) ||| ||| v.putpixel((0, 0), 9)",
    "an opened PNG": "opened('PNG', dpi=(72, 72)) ||| v.text ||| v.putpixel((0, 0), (1, 2, 3))",
    "an opened JPEG": "opened('JPEG', quality=80) ||| [v.quantization, v.layers, v.app]",
    "an opened JPEG with EXIF data": "exif(opened('JPEG'))",
    "an opened GIF": "opened('GIF') ||| v.is_animated",
    "an opened TIFF": "opened('TIFF')",
    "a picture in a list": "[picture(), (lambda v: [v, v])(picture('P'))] ||| v[1][0] is v[1][1]",
}  # fmt: skip

#: The same, of libraries in the extra ``heavy``.
HEAVY = {
    "a booster": "xgboost ||| boosted() ||| v.best_iteration ||| more(v)",
    "a booster of few rounds": "xgboost ||| boosted(1, 'reg:squarederror')",
    "a booster of linear parts": "xgboost ||| boosted(booster='gblinear') ||| ||| more(v)",
    "a booster that drops trees": "xgboost ||| boosted(booster='dart', rate_drop=0.5, seed=3)",
    "a booster with an attribute": "xgboost ||| (lambda b: (b.set_attr(unit='m'), b)[1])(boosted()) ||| v.attr('unit')",
    "a booster with a Python attribute": "xgboost ||| setting(boosted(), unit=['m']) ||| v.unit",
    "boosters in a dict": "xgboost ||| {'a': boosted(), 'b': boosted(2)}",
    "XGBoost's classifier": "xgboost ||| xgb().XGBClassifier(n_estimators=4, n_jobs=1).fit(X, y) ||| v.predict_proba(X).tolist() ||| v.fit(X, 1 - y)",
    "XGBoost's regressor that stops early": "xgboost ||| xgb().XGBRegressor(n_estimators=9, early_stopping_rounds=2, n_jobs=1).fit(X, y, eval_set=[(X, y)], verbose=False) ||| [v.best_iteration, v.evals_result()]",
    "a Keras model": "keras ||| net() ||| v.count_params()",
    "a Keras model that is trained on": "keras ||| net(dropout=0.0) ||| ||| fit(v)",
    "a Keras model not trained": "keras ||| net(fit=0) ||| ||| fit(v)",
    "a Keras model that is not compiled": "keras ||| graph() ||| v.count_params()",
    "a Keras model with attributes": "keras ||| net(notes=['mine'], when={1: 2}) ||| [v.notes, v.when[1]]",
    "a Keras model of the notebook": "keras ||| own_net() ||| [type(v).__name__, v.width] ||| fit(v)",
    "Keras models in a dict": "keras ||| {'a': net(), 'b': graph()}",
    "LightGBM's booster": "lightgbm ||| light() ||| [v.best_iteration, v.feature_name(), v.num_trees()]",
    "LightGBM's booster in training": "lightgbm ||| light(keep=True)",
    "LightGBM's booster with an attribute": "lightgbm ||| setting(light(), notes={1: 2}) ||| v.notes",
    "LightGBM's random forest": "lightgbm ||| light(boosting='rf', bagging_freq=1, bagging_fraction=0.5)",
    "LightGBM's classifier": "lightgbm ||| lgb().LGBMClassifier(n_estimators=4, verbose=-1, n_jobs=1).fit(X, y) ||| v.predict_proba(X).tolist() ||| v.fit(X, 1 - y)",
}  # fmt: skip

#: What may be saved without pickle; skops keeps the estimators exactly.
WITHOUT_PICKLE = [
    "a forest", "histogram boosting", "a pipeline", "neighbours", "words", "clusters", "columns",
    "a plain picture", "a sparse csr array", "a sparse dia matrix", "a booster",
    "XGBoost's classifier", "LightGBM's booster", "LightGBM's classifier",
]  # fmt: skip

#: A value, how it is saved, and what the error says.
REFUSED = [
    pytest.param("pipeline.make_pipeline(Mine())", {"no_pickle": True}, "loading it would need __main__.Mine", id="a class of the notebook without pickle"),
    pytest.param("preprocessing.FunctionTransformer(doubled)", {"no_pickle": True}, "__main__.doubled", id="a function of the notebook without pickle"),
    pytest.param("ensemble.RandomForestClassifier(random_state=np.random.RandomState(1)).fit(X, y)", {"no_pickle": True}, "skops would not keep it exactly", id="a random state without pickle"),
    pytest.param("pipeline.make_pipeline(Mine())", {"pickler": "joblib"}, "joblib saves `Mine` of the notebook by name alone", id="a class of the notebook with joblib"),
    pytest.param("preprocessing.FunctionTransformer(lambda x: x)", {"pickler": "joblib"}, "by name alone", id="a lambda with joblib"),
    pytest.param("opened('GIF', save_all=True, append_images=[picture('P').rotate(90)])", {}, "an image of 2 frames would come back with one", id="an animation"),
]  # fmt: skip

#: A value, and the line and the preview that describe it.
DESCRIBED = [
    pytest.param("sp.csr_array(dense())", "shape (3, 3), float64, csr format, 3 stored", "", id="a sparse array"),
    pytest.param("ensemble.RandomForestClassifier(5, random_state=0).fit(X, y)", "RandomForestClassifier(n_estimators=5, random_state=0), fitted", "n_features_in_: 4", id="a forest"),
    pytest.param("pipeline.Pipeline([('a', Mine()), ('b', svm.SVC())])", "Pipeline(steps=list), not fitted", "a: Mine\nb: SVC", id="a pipeline"),
    pytest.param("opened('PNG')", "7 x 5 pixels, RGB, from PNG", "", id="a picture"),
]  # fmt: skip

SAVE = """
results = {}
for name, (make, facts, then) in ROWS.items():
    try:
        v = eval(make)
        uri = resource_save(v, FOLDER / str(len(results)), **HOW)
    except Exception as error:
        results[name] = repr(error), []
        continue
    results[name] = uri, LOOK(v, facts, then)
"""

LOAD = """
results = {}
for name, (make, facts, then) in ROWS.items():
    try:
        v = resource_load(sys.argv[3 + len(results)], **HOW)
        results[name] = LOOK(v, facts, then)
    except Exception as error:
        results[name] = repr(error)
"""

BOTH = """
def LOOK(v, facts, then):
    found = []
    for step in "look(v)", facts, then, "look(v)" if then.strip() else "", facts if then.strip() else "":
        if step.strip():
            done = eval(step.strip(), globals(), {"v": v})
            found.append(done if step == facts else look(done))
    return json.loads(json.dumps(found, default=repr))
FOLDER = Path(sys.argv[1])
HOW = json.loads(sys.argv[2])
ROWS = json.loads((FOLDER / "rows.json").read_text())
"""

ROWS = {name: (text + "||| |||").split("|||")[:3] for name, text in VALUES.items()}


def run(code: str, folder: Path, *uris: str, **how: object) -> dict[str, object]:
    program = NOTEBOOK + BOTH + code + "\nprint(json.dumps(results))"
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder), json.dumps(how), *uris],
        env={**os.environ, "OMP_NUM_THREADS": "1", "KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def both(folder: Path, rows: dict[str, list[str]], **how: object):
    (folder / "rows.json").write_text(json.dumps(rows))
    saved = run(SAVE, folder, **how)
    return saved, run(LOAD, folder, *(uri for uri, _ in saved.values()), **how)


def need(library: str) -> None:
    if not find_spec(library):
        pytest.skip(f"{library} is in the extra `heavy`")


def heavy() -> dict[str, list[str]]:
    found = {}
    for name, text in HEAVY.items():
        library, *rest = (text + "||| |||").split("|||")
        if find_spec(library.strip()):
            found[name] = rest[:3]
    return found


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory):
    return both(tmp_path_factory.mktemp("values"), ROWS | heavy())


@pytest.mark.parametrize("name", [pytest.param(name, id=name) for name in [*VALUES, *HEAVY]])
def test_comes_back_and_works_on(results, name):
    if name in HEAVY:
        need(HEAVY[name].split()[0])
    saved, loaded = results
    assert loaded[name] == saved[name][1] != [], saved[name][0]


@pytest.fixture(scope="module")
def without_pickle(tmp_path_factory: pytest.TempPathFactory):
    pytest.importorskip("skops", reason="skops is in the extra `dev`")
    rows = {name: row for name, row in (ROWS | heavy()).items() if name in WITHOUT_PICKLE}
    return both(tmp_path_factory.mktemp("safe"), rows, no_pickle=True)


@pytest.mark.parametrize("name", [pytest.param(name, id=name) for name in WITHOUT_PICKLE])
def test_comes_back_without_pickle(without_pickle, name):
    if name in HEAVY:
        need(HEAVY[name].split()[0])
    saved, loaded = without_pickle
    assert loaded[name] == saved[name][1] != [], saved[name][0]


@pytest.fixture(scope="module")
def with_joblib(tmp_path_factory: pytest.TempPathFactory):
    rows = {
        name: ROWS[name] for name in ("a forest", "a pipeline", "neighbours", "a plain picture")
    }
    return both(tmp_path_factory.mktemp("joblib"), rows, pickler="joblib")


def test_estimators_go_through_joblib_when_it_is_asked_for(with_joblib):
    saved, loaded = with_joblib
    assert loaded == {name: facts for name, (_, facts) in saved.items()}
    endings = [Path(uri).suffix for uri, _ in saved.values()]
    assert endings == [".joblib", ".joblib", ".joblib", ".png"]


ERRORS = """
results = []
for make, how, _ in ROWS:
    try:
        results.append(resource_save(eval(make), FOLDER / str(len(results)), **how))
    except MarshalError as error:
        results.append(str(error))
"""


@pytest.fixture(scope="module")
def errors(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("errors")
    (folder / "rows.json").write_text(json.dumps([row.values for row in REFUSED]))
    return run(ERRORS, folder)


@pytest.mark.parametrize("row", [pytest.param(i, id=row.id) for i, row in enumerate(REFUSED)])
def test_what_would_not_come_back_is_refused(errors, row):
    if "no_pickle" in REFUSED[row].values[1]:
        pytest.importorskip("skops", reason="skops is in the extra `dev`")
    assert REFUSED[row].values[2] in errors[row]


TELL = """
from kale.marshal.describe import describe
from kale.marshal.digest import digest
results = [[*describe(eval(make)), digest(eval(make))] for make in ROWS]
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("told")
    (folder / "rows.json").write_text(json.dumps([row.values[0] for row in DESCRIBED]))
    return [run(TELL, folder), run(TELL, folder)]


@pytest.mark.parametrize("row", [pytest.param(i, id=row.id) for i, row in enumerate(DESCRIBED)])
def test_is_described_and_has_one_digest_in_any_process(told, row):
    assert told[0][row][:2] == list(DESCRIBED[row].values[1:])
    assert told[0][row][2] == told[1][row][2] is not None


def test_a_sparse_file_that_names_another_class_is_refused(tmp_path):
    from kale.marshal import MarshalError, resource_load

    file = tmp_path / "x.sparse.json"
    file.write_text(json.dumps({"class": "os.system", "arrays": {}, "others": {}}))
    with pytest.raises(MarshalError, match="is no sparse array"):
        resource_load(file)
