# Everything that a person types. `make` alone lists it.
# Needs make, git and Python 3.12; the rest is installed into .venv from requirements.lock.

PYTHON := $(shell for candidate in python3.12 python3 python; do \
	"$$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 12))' 2>/dev/null \
	&& { echo "$$candidate"; break; }; done)

# Stages are called as `python -m pipelines.stages.…`: that must be the environment's Python.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

# Processes that run tests: one per core, or as many as the caller says.
TEST_WORKERS ?= auto

# What `make bench` measured, before it becomes data/metrics/benchmarks.json; not in git.
BENCH_REPORT := .benchmarks/report.json

.DEFAULT_GOAL := help

.PHONY: help environment repro repro-public test checks pictures pdf bench lab lock

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

environment: ## build .venv, or bring it up to date
	$(if $(PYTHON),,$(error Python 3.12 was not found as python3.12, python3 or python: \
	install it from your system's packages or with `pyenv install 3.12`, then run make again))
	@$(PYTHON) pipelines/environment.py

repro: environment ## run the whole analysis on synthetic data, offline
	@python -m pipelines.recover
	dvc --wait-for-lock repro

repro-public: environment ## the same on the public datasets: downloads, or a mirror
	@python -m pipelines.recover
	dvc --wait-for-lock repro pipelines/public/dvc.yaml

test: environment ## lint, types and the whole test suite
	ruff check .
	ruff format --check .
	mypy
	pytest -n $(TEST_WORKERS)
	NUMBA_DISABLE_JIT=1 pytest -n $(TEST_WORKERS) -m 'not slow' tests/unit/loadcore

checks: environment ## the long checks, their summaries in data/metrics/checks_*.json
	python -m pipelines.checks_progression
	python -m pipelines.checks_predictions
	python -m pipelines.checks_update
	OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 python -m pipelines.checks_laplace
	OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 python -m pipelines.checks_model

bench: environment ## time the load core beside its peers, into data/metrics/benchmarks.json
	@$(PYTHON) pipelines/environment.py .venv-bench .venv-peers
	@mkdir -p $(dir $(BENCH_REPORT))
	OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 .venv-bench/bin/python -m pytest benchmarks \
	--benchmark-json=$(BENCH_REPORT) --durations=20
	python -m pipelines.benchmarks $(BENCH_REPORT)
	python -m pipelines.readme_tables write

pdf: environment ## print every rendered report into data/pdf (needs Chromium)
	@python -m pipelines.report_pdfs

pictures: environment ## photograph the rendered pages for the README (needs Chromium)
	@python -m pipelines.readme_pictures

lab: environment ## open JupyterLab on the notebooks
	jupyter lab notebooks

COMPILE := uv pip compile --python-version 3.12 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header

lock: environment ## renew the three locks from pyproject.toml and the peers' list
	$(COMPILE) pyproject.toml --extra test -o requirements.lock
	$(COMPILE) pyproject.toml --extra bench -c requirements.lock -o requirements-bench.lock
	$(COMPILE) benchmarks/peers.in -o requirements-peers.lock
