"""Metadata of the distribution; the tools are configured in pyproject.toml."""

from pathlib import Path
from runpy import run_path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

#: What the example notebooks use, and the tests with them.
EXAMPLES = ["matplotlib>=3.8", "numpy>=1.26", "pandas>=2.1", "scikit-learn>=1.4"]
KFP = ["kfp>=2.16,<3", "kfp-kubernetes>=2.16,<3"]
#: Whose objects Kale saves in a way of their own, and that install in seconds.
LIGHT = [
    "dill>=0.3.8",
    "joblib>=1.3",
    "pillow>=10.3",
    "polars>=1.0",
    "pyarrow>=17",
    "scipy>=1.11",
    "skops>=0.11",
]
#: The same, but large; their tests say so when they are not there.
HEAVY = ["keras>=3.5", "lightgbm>=4.3", "torch==2.13.0", "xgboost-cpu>=2.1"]

setup(
    name="kale",
    version=run_path(str(HERE / "kale" / "version.py"))["__version__"],
    description="Run a tagged Jupyter notebook as a pipeline, here and on Kubeflow Pipelines",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license_expression="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    packages=[*find_packages(include=["kale", "kale.*"]), "kale.templates"],
    # The templates lie at the top of the repository and are installed inside the package.
    package_dir={"kale.templates": "templates"},
    package_data={"kale": ["py.typed"], "kale.templates": ["*.jinja2", "*.txt"]},
    install_requires=[
        "blake3>=1.0",
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
        "requests>=2.32",
        "rich>=13.7",
    ],
    extras_require={
        "examples": EXAMPLES,
        "kfp": KFP,
        "snapshots": ["kubernetes>=28"],
        "heavy": HEAVY,
        "dev": [
            *EXAMPLES,
            *KFP,
            *LIGHT,
            "hypothesis>=6.100",
            "import-linter>=2.1",
            "mypy>=1.13",
            "types-networkx",
            "cryptography>=42",
            "kubernetes>=28",
            "pre-commit>=4",
            "pytest>=8.3",
            "pytest-cov>=6",
            "pytest-xdist>=3.6",
            "ruff>=0.12",
            "types-pyyaml",
            "types-requests",
        ],
    },
    entry_points={
        "console_scripts": ["kale = kale.cli:main"],
        "papermill.engine": ["kale = kale.runners.engines.fast_engine:FastEngine"],
    },
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
