"""What a pod installs, and where pip finds it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from codegen.builders import compiled, container, one, package, pod

from kale.codegen.pod_words import pod_words
from kale.ir import Environment, PackageOptions, SecretEnv, StepOptions


def environment(required=(), if_missing=(), **options):
    return Environment(
        {"train": tuple(required)}, {"train": tuple(if_missing)}, {}, PackageOptions(**options)
    )


@pytest.mark.parametrize(
    ("packages", "given", "expected"),
    [
        pytest.param((), environment(), (), id="nothing"),
        pytest.param(
            ("b==1", "a"),
            environment(["c", "b==1"], ["d==2", "d==2"]),
            ("b==1", "a", "c", "--if-missing", "d==2"),
            id="the step's, then the command line's, then those of its imports, each once",
        ),
        pytest.param(
            ("Scikit_Learn>=1", "polars[all] ; python_version > '3'"),
            environment([], ["scikit-learn==1.5.0", "polars==1.0", "polars-extra==2"]),
            (
                "Scikit_Learn>=1",
                "polars[all] ; python_version > '3'",
                "--if-missing",
                "polars-extra==2",
            ),
            id="what is asked for is not inferred, however it is spelled",
        ),
        pytest.param(
            ("git+https://example.org/x.git#egg=my_x", "pkg @ https://example.org/pkg.whl"),
            environment([], ["my-x==1", "pkg==2", "git==3"]),
            (
                "git+https://example.org/x.git#egg=my_x",
                "pkg @ https://example.org/pkg.whl",
                "--if-missing",
                "git==3",
            ),
            id="addresses name a distribution, too",
        ),
        pytest.param(
            ("a",), environment(["b"], ["c"], install=False), ("--no-install",), id="no installs"
        ),
    ],
)
def test_words(packages, given, expected):
    (task,) = one(StepOptions(packages=packages)).tasks
    assert pod_words(given, task) == expected


INDEXES = {
    "index_url": "https://example.org/simple",
    "extra_index_urls": ("https://a.example.org", "https://b.example.org"),
    "trusted_hosts": ("a.example.org",),
}


def with_indexes(step=None, **options):
    made = one(step or StepOptions())
    return replace(made, environment=environment(**(INDEXES | options)))


def test_indexes_travel_as_variables():
    made = with_indexes()
    assert container(made)["env"] == [
        {"name": "PIP_INDEX_URL", "value": "https://example.org/simple"},
        {"name": "PIP_EXTRA_INDEX_URL", "value": "https://a.example.org https://b.example.org"},
        {"name": "PIP_TRUSTED_HOST", "value": "a.example.org"},
    ]
    assert compiled(made) == package(made)


def test_what_a_step_sets_itself_stays():
    made = with_indexes(StepOptions(env=(("PIP_INDEX_URL", "https://own.example.org"),)))
    assert container(made)["env"][0] == {
        "name": "PIP_INDEX_URL",
        "value": "https://own.example.org",
    }
    assert [variable["name"] for variable in container(made)["env"]] == [
        "PIP_INDEX_URL",
        "PIP_EXTRA_INDEX_URL",
        "PIP_TRUSTED_HOST",
    ]


def test_a_secret_fills_an_index():
    made = with_indexes(index_secrets=(SecretEnv("pypi", "url", "PIP_INDEX_URL"),))
    assert [variable["name"] for variable in container(made)["env"]] == [
        "PIP_EXTRA_INDEX_URL",
        "PIP_TRUSTED_HOST",
    ]
    (secret,) = pod(made)["secretAsEnv"]
    assert secret["secretName"] == "pypi"
    assert secret["keyToEnv"] == [{"secretKey": "url", "envVar": "PIP_INDEX_URL"}]
    assert compiled(made) == package(made)


def test_without_installs_no_index_travels():
    made = with_indexes(install=False, index_secrets=(SecretEnv("a", "b", "PIP_INDEX_URL"),))
    assert "env" not in container(made)
    assert len(package(made)) == 1


def test_an_index_does_not_change_the_arguments_which_the_clusters_cache_compares():
    assert container(with_indexes())["args"] == container(one(StepOptions()))["args"]
