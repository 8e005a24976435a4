# make demo: see it work.  make test: check everything.  Both build what they need in .venv.

# The first of these that is a Python 3.11 or newer; `make PYTHON=python3.12 …` chooses.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
# What the tests need; .ci/run adds a small model.
EXTRAS := dev,adaptive,bench,bot,charts,postgres,sandbox,tmx
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Tests wait for processes of theirs, so that one more worker than there are cores has something to do.
JOBS := $(shell echo $$(($$(nproc 2>/dev/null || echo 2) + 1)))
# Real data for `make bench`; the tests look there too, and skip what needs it where it is absent.
AMTS_D2L ?= ../shared/d2l

.PHONY: demo test lint bench clean

demo: $(READY)
	@$(BIN)/amts demo

test: lint
	$(BIN)/pytest --numprocesses=$(JOBS) --dist=loadfile

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: $(READY)
	$(BIN)/amts bench replays $(AMTS_D2L)/replays
	$(BIN)/amts bench edits $(AMTS_D2L)/ko
	$(BIN)/amts bench alignment $(AMTS_D2L)/ko
	$(BIN)/amts bench book $(AMTS_D2L)/en $(AMTS_D2L)/ko

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find bot sync tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "amts needs Python 3.11 or newer: install it, or name it: make PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) cannot make virtual environments: on Debian and Ubuntu, apt install python3-venv" >&2; exit 1; }
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$(EXTRAS)]'
	@touch $@
