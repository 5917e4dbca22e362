# Targets of the project; `make` lists them.

VENV ?= .venv
PYTHON ?= python3
EXTRAS ?= offline,cluster,dev
CONSTRAINTS ?= constraints.txt
TORCH_INDEX ?=
PYTEST_ARGS ?=

BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install quickstart test check

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "Variables: VENV=$(VENV) PYTHON=$(PYTHON) EXTRAS=$(EXTRAS)"
	@echo "CONSTRAINTS=$(CONSTRAINTS) PYTEST_ARGS, and TORCH_INDEX, where torch comes from. Without a"
	@echo "CUDA device this saves gigabytes:"
	@echo "    make install TORCH_INDEX=https://download.pytorch.org/whl/cpu"

install: $(INSTALLED) ## make the environment, with the offline resources

quickstart: $(INSTALLED) ## search, front and figures on real reviews, without a connection
	$(BIN)/kdnas search --preset quickstart --out runs/quickstart
	$(BIN)/kdnas front runs/quickstart
	$(BIN)/kdnas plot runs/quickstart

test: $(INSTALLED) ## run every test that needs no connection
	$(BIN)/pytest -n 2 --dist loadfile -m "not network" $(PYTEST_ARGS)

check: $(INSTALLED) ## formatting, lint, types and import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	MYPYPATH=benchmarks $(BIN)/mypy --config-file= --ignore-missing-imports --follow-imports=silent benchmarks
	$(BIN)/lint-imports --no-logo

# torch first and alone, so that its index does not decide about any other package.
$(INSTALLED): pyproject.toml $(CONSTRAINTS) | $(BIN)/python
	@echo "installing into $(VENV): about 2 GB, some minutes"
	$(BIN)/python -m pip install -q -c $(CONSTRAINTS) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch
	$(BIN)/python -m pip install -q -c $(CONSTRAINTS) -e '.[$(EXTRAS)]'
	@touch $@

$(BIN)/python:
	@for python in $(PYTHON) python3.14 python3.13 python3.12 python3.11; do \
	    if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then \
	        exec $$python -m venv $(VENV); \
	    fi; \
	done; \
	echo "$(PYTHON) is no Python 3.11 or later, and none was found: name one, make PYTHON=/path/to/python3.11" >&2; \
	exit 1
