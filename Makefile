# `make demo` and `make test` are all that a fresh machine needs; both make the environment in .venv themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Twice the processors: half of the tests wait for a tracker's limit or for another process.
WORKERS ?= $(shell echo $$((2 * $$($(PYTHON) -c 'import os; print(os.cpu_count())'))))

.PHONY: audit lock help demo test check lint types long benchmarks clean

help:
	@echo "make demo        the whole pipeline against the built-in sandbox, in a temporary folder"
	@echo "make test        all tests, with the coverage of both packages"
	@echo "make check       lint, format, types and tests"
	@echo "make audit       what is publicly known against the locked packages; says so where it can't ask"
	@echo "make lock        requirements-dev.lock anew, with hashes"
	@echo "make long        the long form of the sweeps (hours)"
	@echo "make benchmarks  the figures of docs/performance.md, as ratios"

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "seedpost needs Python 3.11 or newer; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo "python3 has no venv here; on Debian or Ubuntu: apt install python3-venv"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing what pyproject.toml names into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $@

demo: $(READY)
	@$(BIN)/seedpost demo

test: $(READY)
	@rm -f .coverage .coverage.*
	$(BIN)/python -m pytest -n $(WORKERS) --cov --cov-report=term:skip-covered

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

check: lint types test

long: $(READY)
	$(BIN)/python -m pytest -n $(WORKERS) -m long

benchmarks: $(READY)
	@for script in benchmarks/[a-z]*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

TOOLS := $(VENV)/tools

$(TOOLS)/.ready:
	@$(PYTHON) -m venv $(TOOLS)
	@$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check pip-audit uv
	@touch $@

audit: $(TOOLS)/.ready
	@$(TOOLS)/bin/pip-audit --disable-pip --require-hashes --progress-spinner off --format json \
		-r requirements-dev.lock 2>/dev/null | $(PYTHON) .ci/audit.py

lock: $(TOOLS)/.ready
	@$(TOOLS)/bin/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --no-emit-index-url --quiet --upgrade -o $(TOOLS)/lock
	@{ sed -n '/^#/p' requirements-dev.lock; cat $(TOOLS)/lock; } > $(TOOLS)/lock.whole
	@mv $(TOOLS)/lock.whole requirements-dev.lock

clean:
	rm -rf $(VENV) build *.egg-info .coverage* .hypothesis .mypy_cache .ruff_cache .pytest_cache
