# `make run` and `make test` need Python 3.11 or newer and make, nothing else.
PYTHON ?= python3
# Byte code of what is installed and of Kale is kept, whatever the shell says: it saves minutes.
export PYTHONDONTWRITEBYTECODE :=
BIN := .venv/bin

.DELETE_ON_ERROR:
.PHONY: run test heavy check format clean

run: .venv/run.stamp  ## convert an example notebook and run it as a pipeline
	$(BIN)/kale run examples/breast_cancer.ipynb

test: .venv/test.stamp  ## all tests, with branch coverage
	$(BIN)/python -m pytest -n 2 --dist worksteal --cov --cov-report= -m "not slow"

heavy: .venv/heavy.stamp  ## install PyTorch and other large libraries, so that their tests are not skipped

check: .venv/test.stamp  ## the gate: lint, format, types, layers, coverage of the last `make test`
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/coverage report --fail-under=90

format: .venv/test.stamp  ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## remove what the other targets made
	rm -rf .venv .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .import_linter_cache build ./*.egg-info

# A stamp is written last, so that an install cut short is done again.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Kale needs Python 3.11 or newer; try: make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv

.venv/run.stamp: .venv/bin/python setup.py
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[examples]'
	@touch $@

.venv/test.stamp: .venv/bin/python setup.py
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ .venv/run.stamp

.venv/heavy.stamp: .venv/test.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,heavy]'
	@touch $@
