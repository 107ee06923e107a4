"""Which distribution a module belongs to: what the installed files say, never a name."""

from __future__ import annotations

import sys

import pytest
from environment.site_folders import install, installed

from kale.environment.distributions import InstalledModules
from kale.module_files import search_path


@pytest.fixture
def site(tmp_path):
    """A folder with a bit of everything."""
    folder = tmp_path / "site-packages"
    install(folder, "scikit-learn", "1.5.0", ["sklearn/__init__.py", "sklearn/svm/__init__.py"])
    install(folder, "numpy", "2.1.0", ["numpy/__init__.py", "numpy/linalg.py"])
    install(folder, "PyYAML", "6.0", ["yaml/__init__.py", "_yaml/__init__.py"])
    install(folder, "six", "1.16.0", ["six.py"])
    install(folder, "fast", "1.0", [f"fast.{sys.implementation.cache_tag}-x86_64-linux-gnu.so"])
    install(folder, "google-cloud-storage", "2.0", ["google/cloud/storage/__init__.py"])
    install(folder, "google-cloud-bigquery", "3.0", ["google/cloud/bigquery/__init__.py"])
    install(folder, "protobuf", "5.0", ["google/protobuf/__init__.py"])
    install(folder, "base", "1.0", ["base/__init__.py"])
    install(folder, "base-plugin", "4.0", ["base/plugin.py"])
    (folder / "loose.py").touch()
    (folder / "left" / "over").mkdir(parents=True)
    return folder


FOUND = [
    pytest.param("numpy", "numpy==2.1.0", id="one called as its module"),
    pytest.param("numpy.linalg", "numpy==2.1.0", id="a submodule"),
    pytest.param("numpy.array", "numpy==2.1.0", id="what is in a module and is none"),
    pytest.param("sklearn.svm.SVC", "scikit-learn==1.5.0", id="one called otherwise"),
    pytest.param("yaml", "PyYAML==6.0", id="its name as its author writes it"),
    pytest.param("_yaml", "PyYAML==6.0", id="a second module of one"),
    pytest.param("six", "six==1.16.0", id="a file and no folder"),
    pytest.param("google.cloud.storage", "google-cloud-storage==2.0", id="a shared namespace"),
    pytest.param("google.cloud.bigquery.Client", "google-cloud-bigquery==3.0", id="another in it"),
    pytest.param("google.protobuf", "protobuf==5.0", id="and one with a name of its own"),
    pytest.param("base.plugin", "base==1.0 base-plugin==4.0", id="a part that another one adds"),
    pytest.param("google.cloud", "", id="a namespace is nobody's"),
    pytest.param("left", "", id="a folder without code is nobody's"),
]


@pytest.mark.parametrize(("name", "expected"), FOUND)
def test_an_installed_module(site, name, expected):
    owners = installed(site).owners(name)
    assert " ".join(f"{one.name}=={one.version}" for one in owners.distributions) == expected
    assert (owners.installed, owners.outside) == (True, "")


NOT_HERE = [
    pytest.param("nothing", id="no such module"),
    pytest.param("google.cloud.spanner", id="none of that name in the namespace"),
    pytest.param("google.nothing.at.all", id="nor a namespace in it"),
    pytest.param("scikit-learn", id="a distribution's name is no module"),
    pytest.param("a b", id="no name at all"),
    pytest.param("../numpy", id="a path is no name"),
]


@pytest.mark.parametrize("name", NOT_HERE)
def test_a_module_that_is_not_here(site, name):
    owners = installed(site).owners(name)
    assert (owners.installed, owners.distributions, owners.outside) == (False, (), "")


def test_a_distribution_of_the_modules_name_that_has_other_files_is_not_taken(site):
    install(site, "cv2", "0.1", ["something_else.py"])
    install(site, "opencv-python", "4.10", ["cv2/__init__.py"])
    assert [one.name for one in installed(site).owners("cv2").distributions] == ["opencv-python"]


def test_of_two_that_list_a_file_the_one_with_its_content_is_taken(site):
    install(site, "a-cpu", "1.0", {"shared/__init__.py": "cpu"})
    install(site, "b-gpu", "2.0", {"shared/__init__.py": "gpu"})
    assert [one.name for one in installed(site).owners("shared").distributions] == ["b-gpu"]
    install(site, "a-cpu", "1.0", {"shared/__init__.py": "cpu"})
    assert [one.name for one in installed(site).owners("shared").distributions] == ["a-cpu"]


def test_of_two_that_list_a_file_without_its_content_it_is_always_the_same_one(site):
    for name in ("b", "a"):
        install(site, name, "1.0", {"shared/__init__.py": ""}, hashes=False)
    assert [one.name for one in installed(site).owners("shared").distributions] == ["a"]


def test_a_file_that_no_distribution_lists_is_outside(site):
    owners = installed(site).owners("loose")
    assert owners.outside == str(site / "loose.py")
    assert owners.distributions == ()


def test_the_first_folder_on_the_path_wins(site, tmp_path):
    other = tmp_path / "user"
    install(other, "numpy", "1.26.4", ["numpy/__init__.py"])
    assert installed(other, site).owners("numpy").distributions[0].version == "1.26.4"
    assert installed(site, other).owners("numpy").distributions[0].version == "2.1.0"


def test_packages_of_a_system_that_do_not_list_their_files(tmp_path):
    system = tmp_path / "dist-packages"
    install(system, "python-apt", "2.5", ["apt/__init__.py"], record=False, top_level="apt")
    assert installed(system).owners("apt").distributions[0].name == "python-apt"


def test_the_folder_of_a_project_is_no_installed_package(tmp_path):
    source = tmp_path / "project"
    install(source, "mine", "1.0", ["mine/__init__.py"], record=False, top_level="mine")
    assert installed(source).owners("mine").outside == str(source / "mine" / "__init__.py")


def test_an_editable_installation_by_a_finder_is_outside(site):
    finder = site / "__editable___mine_1_0_finder.py"
    finder.write_text("MAPPING = {'mine': '/somewhere/mine'}\n", encoding="utf-8")
    owners = installed(site).owners("mine")
    assert (owners.installed, owners.outside) == (True, str(finder))
    assert not installed(site).owners("min").installed


ORIGINS = [
    pytest.param(None, "pip", "", id="an index"),
    pytest.param({"url": "https://u:p@h/x", "vcs_info": {"vcs": "git"}}, "pip", "a repository",
                 id="a repository, without its address"),
    pytest.param({"url": "file:///x.whl", "archive_info": {}}, "pip", "an archive", id="a wheel"),
    pytest.param({"url": "file:///x", "dir_info": {}}, "uv", "a folder", id="a folder"),
    pytest.param({"url": "file:///build", "dir_info": {}}, "conda", "",
                 id="conda, which leaves the folder it was built in"),
    pytest.param({}, "pip", "an address", id="nobody knows"),
]  # fmt: skip


@pytest.mark.parametrize(("direct_url", "installer", "origin"), ORIGINS)
def test_where_it_was_installed_from(site, direct_url, installer, origin):
    install(site, "x", "1", ["x.py"], direct_url=direct_url, installer=installer)
    assert installed(site).owners("x").distributions[0].origin == origin


BROKEN = [
    pytest.param("Name: x\n", id="no version"),
    pytest.param("Version: 1\n", id="no name"),
    pytest.param("Name: --index-url=h\nVersion: 1\n", id="a name that is an option"),
    pytest.param("Name: x y\nVersion: 1\n", id="a name of two words"),
    pytest.param("Name: x\nVersion: 1; rm\n", id="a version that is none"),
    pytest.param("Name: x\nVersion: {{1}}\n", id="a version with braces"),
]


@pytest.mark.parametrize("text", BROKEN)
def test_metadata_that_names_no_requirement_is_not_believed(site, text):
    metadata = install(site, "x", "1", ["x.py"])
    (metadata / "METADATA").write_text(text, encoding="utf-8")
    assert installed(site).owners("x").outside == str(site / "x.py")


def test_damaged_lists_are_passed_over(site):
    (site / "numpy-2.1.0.dist-info" / "RECORD").write_bytes(b"\xff\x00\n")
    assert installed(site).owners("numpy").outside
    assert installed(site).owners("six").distributions


def test_folders_that_are_not_there_hold_nothing(tmp_path):
    assert not installed(tmp_path / "no").owners("numpy").installed
    assert installed(tmp_path / "no").distribution("numpy") is None


def test_a_project_by_its_name(site):
    found = installed(site).distribution("scikit-learn")
    assert (found.name, found.version) == ("scikit-learn", "1.5.0")
    assert installed(site).distribution("sklearn") is None


def test_of_this_environment():
    here = InstalledModules(tuple(search_path()))
    assert [one.project for one in here.owners("numpy").distributions] == ["numpy"]
    assert [one.project for one in here.owners("sklearn.svm").distributions] == ["scikit-learn"]
    assert "numpy" not in [one.project for one in here.owners("yaml").distributions]
