"""Notebook metadata of every version of Kale, and what may be set from outside."""

from __future__ import annotations

import pytest

from kale.ir import Pickling

STEP = ("pass", "block:a")


@pytest.fixture
def settings(parse):
    def build(found, **options):
        return parse(STEP, metadata={"kubeflow_notebook": found}, **options)

    return build


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"kubeflow_notebook": None},
        {"kubeflow_notebook": {}},
        {
            "kubeflow_notebook": {
                "pipeline_name": "",
                "pipeline_description": "",
                "experiment_name": "",
                "experiment": {"id": "", "name": ""},
                "docker_image": "",
                "base_image": "",
                "volumes": [],
                "snapshot_volumes": False,
                "autosnapshot": True,
                "katib_run": False,
                "katib_metadata": {"maxTrialCount": 12},
                "steps_defaults": [],
                "timeout": None,
                "marshal_volume": False,
                "marshal_path": "",
                "security_context": {},
                "other": 0,
            }
        },
    ],
    ids=["no metadata", "null", "an empty object", "what editors write when nothing is asked"],
)
def test_metadata_that_asks_nothing_changes_nothing(parse, metadata):
    pipeline = parse(STEP, metadata=metadata, path="some/My Nb.ipynb")
    plain = parse(STEP, path="some/My Nb.ipynb")
    assert pipeline == plain
    assert (plain.name, plain.title) == ("my-nb", "My Nb")
    assert (plain.description, plain.experiment, plain.image) == ("", "", None)
    assert (plain.settings, plain.diagnostics) == ((), ())


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("iris", "iris"),
        ("My Pipeline", "my-pipeline"),
        ("Été à Zürich_2", "ete-a-zurich-2"),
        ("Straße Łódź Ærø", "strasse-lodz-aero"),
        ("--a--", "a"),
        ("9 lives", "9-lives"),
        ("ﬁne ①", "fine-1"),
        ("a" * 140, "a" * 128),
        ("a" * 127 + " b", "a" * 127),
        ("'''{{$}}\n🎉 x", "x"),
    ],
)
def test_a_title_becomes_a_valid_name_and_stays_the_title(settings, title, name):
    pipeline = settings({"pipeline_name": title})
    assert (pipeline.name, pipeline.title) == (name, title)


@pytest.mark.parametrize("title", ["数据", "🎉", "---"])
def test_a_title_without_letters_is_refused(problems, title):
    assert problems(STEP, metadata={"kubeflow_notebook": {"pipeline_name": title}}) == [
        (
            f"nb.ipynb: KALE112: `{title}` has no letter or digit that a pipeline's name could keep"
            " (give a name of letters a to z and digits: `--pipeline_name`, or `pipeline_name` in"
            " the"
            " notebook metadata)"
        )
    ]


def test_all_that_acts_is_read(settings):
    pipeline = settings(
        {
            "pipeline_name": "P",
            "pipeline_description": "d {{$}} '''",
            "experiment_name": "e",
            "docker_image": "i:1",
            "enable_caching": False,
            "timeout": 60,
            "steps_defaults": ["label:access:true", "limit:cpu:2"],
        }
    )
    assert (pipeline.description, pipeline.experiment, pipeline.image) == (
        "d {{$}} '''",
        "e",
        "i:1",
    )
    options = pipeline.steps[0].options
    assert (options.caching, options.timeout) == (False, 60)
    assert (options.labels, options.limits) == ((("access", "true"),), (("cpu", "2"),))


@pytest.mark.parametrize(
    ("found", "experiment", "image"),
    [
        ({"experiment": {"id": "new", "name": "e"}}, "e", None),
        ({"experiment": "e"}, "e", None),
        ({"experiment": {"id": 1}}, "", None),
        ({"experiment": {"name": "old"}, "experiment_name": "e"}, "e", None),
        ({"base_image": "b"}, "", "b"),
        ({"docker_image": "d", "base_image": ""}, "", "d"),
        ({"docker_image": "b", "base_image": "b"}, "", "b"),
    ],
)
def test_historic_forms_of_experiment_and_image(settings, found, experiment, image):
    pipeline = settings(found)
    assert (pipeline.experiment, pipeline.image, pipeline.diagnostics) == (experiment, image, ())


def test_the_historic_misspelling_is_read_and_the_right_spelling_wins(parse):
    pipeline = parse(
        STEP,
        metadata={
            "kubeflow_noteobok": {"pipeline_name": "old", "experiment_name": "e"},
            "kubeflow_notebook": {"pipeline_name": "new"},
        },
    )
    assert (pipeline.name, pipeline.experiment) == ("new", "e")


def test_override_beats_the_notebook_which_beats_the_default(settings):
    found = {"pipeline_name": "n", "experiment_name": "n", "base_image": "n"}
    pipeline = settings(
        found,
        override={"pipeline_name": "o", "docker_image": "o", "pipeline_description": ""},
        default={"pipeline_name": "d", "experiment_name": "d", "pipeline_description": "d"},
    )
    assert (pipeline.name, pipeline.experiment) == ("o", "n")
    assert (pipeline.image, pipeline.description) == ("o", "d")


def test_an_image_from_outside_beats_the_steps_defaults_but_no_tag(parse):
    pipeline = parse(
        STEP,
        ("pass", "block:b", "image:own"),
        metadata={"kubeflow_notebook": {"steps_defaults": {"image": "old", "retries": 1}}},
        override={"docker_image": "new"},
    )
    assert pipeline.image == "new"
    assert [(s.options.image, s.options.retries) for s in pipeline.steps] == [(None, 1), ("own", 1)]


def test_a_setting_from_outside_that_nothing_acts_on_is_told(settings):
    pipeline = settings({}, override={"output_path": "o"}, default={"output_path": "d"})
    assert pipeline.settings == (("output_path", '"o"'),)
    assert [found.message for found in pipeline.diagnostics] == [
        "these settings have no effect here: `output_path`"
    ]


def test_a_notebook_does_not_choose_where_credentials_go(settings, problems):
    """Nor does a project file, which may be somebody else's too."""
    pipeline = settings({"kfp_host": "https://thief.example.org"})
    [warning] = pipeline.diagnostics
    assert (warning.code, warning.message) == (
        "KALE117",
        "the notebook's `kfp_host` is left aside: a notebook must not choose where your credentials"
        " go",
    )
    [line] = problems(STEP, default={"kfp_host": "https://thief.example.org"})
    assert line.startswith("None: KALE010: there is no setting `kfp_host`")


def test_an_unknown_setting_is_refused(problems):
    [line] = problems(STEP, override={"pipline_name": "x"})
    assert line.startswith(
        "None: KALE010: there is no setting `pipline_name` (settings are `base_image`"
    )


def test_what_has_no_effect_is_warned_about_by_name_and_kept(settings):
    pipeline = settings(
        {
            "katib_run": True,
            "katib_metadata": {"b": 1, "a": 2},
            "output_path": "out",
            "colour": "red",
            "docker_image": "old",
            "base_image": "new",
            "steps_defaults": {"retry_factor": 2},
        }
    )
    [warning] = pipeline.diagnostics
    assert (warning.code, warning.severity.value) == ("KALE111", "warning")
    assert warning.message == (
        "these settings have no effect here: `colour`, `docker_image`, `katib_metadata`,"
        " `katib_run`, `output_path`, `steps_defaults.retry_factor`"
    )
    assert warning.hint == "remove them, or see to them in another way"
    assert pipeline.image == "new"
    assert pipeline.settings == (
        ("katib_metadata", '{"a": 2, "b": 1}'),
        ("katib_run", "true"),
        ("output_path", '"out"'),
    )


CORRECT = "correct it in the notebook's metadata, or remove it"


@pytest.mark.parametrize(
    ("found", "key", "kind"),
    [
        ([], "kubeflow_notebook", "an object"),
        ("x", "kubeflow_notebook", "an object"),
        ({"pipeline_name": 1}, "kubeflow_notebook.pipeline_name", "text"),
        ({"volumes": "none"}, "kubeflow_notebook.volumes", "a list"),
        ({"katib_run": "yes"}, "kubeflow_notebook.katib_run", "true or false"),
        ({"katib_metadata": []}, "kubeflow_notebook.katib_metadata", "an object"),
        ({"timeout": True}, "kubeflow_notebook.timeout", "a number of seconds from 1"),
        ({"timeout": "60"}, "kubeflow_notebook.timeout", "a number of seconds from 1"),
        ({"timeout": 0}, "timeout", "a number of seconds from 1"),
        ({"experiment": 3}, "kubeflow_notebook.experiment", "an object with a `name`"),
        ({"steps_defaults": 3}, "kubeflow_notebook.steps_defaults", "a list of tags or an object"),
        ({"enable_caching": "no"}, "kubeflow_notebook.enable_caching", "true or false"),
        ({"marshal_volume_size": True}, "kubeflow_notebook.marshal_volume_size", "text"),
        ({"marshal_volume": 1}, "kubeflow_notebook.marshal_volume", "true, a claim or an object"),
        ({"no_pickle": "yes"}, "kubeflow_notebook.no_pickle", "true or false"),
        ({"pickler": True}, "kubeflow_notebook.pickler", "`cloudpickle`, `dill` or `joblib`"),
        ({"pickler": "pickle"}, "pickler", "`cloudpickle`, `dill` or `joblib`"),
    ],
)
def test_a_value_of_a_wrong_type_is_refused(problems, found, key, kind):
    assert problems(STEP, metadata={"kubeflow_notebook": found}) == [
        f"nb.ipynb: KALE110: the notebook metadata `{key}` is not {kind} ({CORRECT})"
    ]


def test_an_image_that_cannot_be_is_refused(problems):
    assert problems(STEP, override={"docker_image": "a b"}) == [
        (
            "nb.ipynb: KALE109: the image `a b` cannot be used (an image is named as `python:3.11`"
            " or `registry.example.org:5000/team/iris:3`, all but its tag in lower case, and"
            " without spaces)"
        )
    ]


@pytest.mark.parametrize(
    ("override", "found", "default", "expected"),
    [
        pytest.param({}, {}, {}, Pickling(), id="nobody asks"),
        pytest.param(
            {}, {"no_pickle": True, "pickler": "dill"}, {}, Pickling(True, "dill"), id="the notebook"
        ),
        pytest.param(
            {}, {"no_pickle": False}, {"no_pickle": "true", "pickler": "joblib"},
            Pickling(pickler="joblib"), id="the notebook beats the project",
        ),
        pytest.param(
            {"no_pickle": "0", "pickler": "cloudpickle"}, {"no_pickle": True, "pickler": "dill"},
            {}, Pickling(), id="the environment beats both, and can take back",
        ),
        pytest.param({"no_pickle": " Yes "}, {}, {}, Pickling(True), id="a flag in words"),
        pytest.param(
            {"no_pickle": "", "pickler": ""}, {"no_pickle": None, "pickler": ""},
            {"pickler": "dill"}, Pickling(pickler="dill"), id="empty is not said",
        ),
    ],
)  # fmt: skip
def test_how_to_pickle(settings, override, found, default, expected):
    pipeline = settings(found, override=override, default=default)
    assert (pipeline.pickling, pipeline.diagnostics, pipeline.settings) == (expected, (), ())


def test_a_setting_from_outside_with_a_wrong_value_is_refused_with_the_choices(problems):
    outside = {
        "override": {"no_pickle": "maybe", "pickler": "pickle"},
        "default": {"pickler": "Dill"},
    }
    variable = "on the command line or in the environment"
    words = "`cloudpickle`, `dill` or `joblib`"
    assert problems(STEP, **outside) == [
        "None: KALE018: the setting `no_pickle` is `maybe`, not true or false"
        f" (correct it {variable} (`KALE_NO_PICKLE`))",
        f"None: KALE018: the setting `pickler` is `pickle`, not {words}"
        f" (correct it {variable} (`KALE_PICKLER`))",
        f"None: KALE018: the setting `pickler` is `Dill`, not {words}"
        " (correct it in the table `[tool.kale]`)",
    ]
