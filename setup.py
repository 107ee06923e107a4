"""Metadata of the distribution; the tools are configured in pyproject.toml."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

#: What the example notebooks use, and the tests with them.
EXAMPLES = ["matplotlib>=3.8", "numpy>=1.26", "pandas>=2.1", "scikit-learn>=1.4"]
KFP = ["kfp>=2.16,<3", "kfp-kubernetes>=2.16,<3"]

setup(
    name="kale",
    version="0.1.0",
    description="Run a tagged Jupyter notebook as a pipeline, here and on Kubeflow Pipelines",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license_expression="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    packages=[*find_packages(include=["kale", "kale.*"]), "kale.templates"],
    # The templates lie at the top of the repository and are installed inside the package.
    package_dir={"kale.templates": "templates"},
    package_data={"kale": ["py.typed"], "kale.templates": ["*.jinja2"]},
    install_requires=[
        "click>=8.1",
        "cloudpickle>=3.0",
        "ipykernel>=6.29",
        "ipython>=8.20",
        "jinja2>=3.1",
        "nbconvert>=7.16",
        "nbformat>=5.10",
        "networkx>=3.2",
        "papermill>=2.6",
        "pyflakes>=3.2",
        "pyyaml>=6.0",
        "rich>=13.7",
    ],
    extras_require={
        "examples": EXAMPLES,
        "kfp": KFP,
        "dev": [
            *EXAMPLES,
            *KFP,
            "hypothesis>=6.100",
            "import-linter>=2.1",
            "mypy>=1.13",
            "types-networkx",
            "pre-commit>=4",
            "pytest>=8.3",
            "pytest-cov>=6",
            "pytest-xdist>=3.6",
            "ruff>=0.12",
            "types-pyyaml",
        ],
    },
    entry_points={"console_scripts": ["kale = kale.cli:main"]},
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Framework :: Jupyter",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Programming Language :: Python :: 3.14",
        "Topic :: Scientific/Engineering",
        "Typing :: Typed",
    ],
)
