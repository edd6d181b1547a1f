# Two commands do all the set-up on a machine with Python >= 3.11:
#   make demo    train a policy on TextCalc-v0, from nothing to its learning curves
#   make test    lint, types and all tests
# PYTHON=python3.12 picks the interpreter, VENV=dir another place than .venv.

VENV    ?= .venv
PRESET  ?= demo
WORKERS ?= 2

bin := $(VENV)/bin
pip_install := $(bin)/python -m pip install -c constraints.txt
pytest := $(bin)/pytest

# Unless told, the first interpreter that is new enough.
new_enough := -c 'import sys; sys.exit(sys.version_info < (3, 11))'
PYTHON ?= $(or $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p $(new_enough) 2>/dev/null && echo $$p && break; done),python3)

ifdef CI
export NO_COLOR := 1
export PIP_NO_INPUT := 1
export PIP_QUIET := 2
pytest += --color=no
endif

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help demo test lint fast slow format clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.agents ## set up, then train on TextCalc-v0 and show what it learned
	$(bin)/textgym train TextCalc-v0 --preset $(PRESET)

test: lint fast slow ## set up, then lint, types and all tests

lint: $(VENV)/.dev ## ruff, mypy, import-linter
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/mypy
	$(bin)/lint-imports --no-logo

# One thread a worker: two workers with two threads each would fight over two cores.
fast: $(VENV)/.dev ## the tests that take seconds
	OMP_NUM_THREADS=1 $(pytest) -m "not slow" -n $(WORKERS)

# pytest says 5 when it found no test; here, and only here, that is no failure.
slow: $(VENV)/.dev ## the tests that train or install something
	OMP_NUM_THREADS=1 $(pytest) -m slow -n $(WORKERS) || test $$? -eq 5

format: $(VENV)/.dev ## let ruff rewrite what it can
	$(bin)/ruff check --fix
	$(bin)/ruff format

clean: ## remove caches and builds; .venv and runs stay
	rm -rf build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# The set-up, redone when what it depends on changes. A .dev environment serves the demo too.
$(VENV)/.agents: pyproject.toml constraints.txt | $(bin)/pip
	$(pip_install) -e '.[agents]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(bin)/pip
	$(pip_install) -e '.[agents,dev,interop]'
	@touch $(VENV)/.agents $@

# pip is the last thing that venv writes, so an interrupted venv is made again.
too_old = textgym needs Python >= 3.11, and $(PYTHON) is older or missing. Name another: make PYTHON=/path/to/python3.12 ...
$(bin)/pip:
	@$(PYTHON) $(new_enough) 2>/dev/null || { echo "$(too_old)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
