# make quickstart   a first search, from nothing to a model that answers
# make test         the tests
# make help         the rest

PYTHON ?= python3
VENV := .venv
ORACLE := .venv-oracle
BIN := $(VENV)/bin
LONGEST ?= 120
RUNS := quickstart-alexnet quickstart-resnet quickstart-mobilenet

.DEFAULT_GOAL := help
.PHONY: help setup quickstart catalogue gpu test test-browser screenshots test-slow test-faults fuzz test-part oracle check lint types layers docs format ui clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.installed  ## install into .venv

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "suite needs Python 3.11 or newer, this is %d.%d: make PYTHON=python3.12" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable . --group dev
	touch $@

# In two commands: two workers share the processors for small networks, and one tunes a large one.
quickstart: setup  ## search three small families on handwritten digits, tune a fourth network, report, export (3 minutes on 2 cores)
	$(BIN)/suite run $(RUNS:quickstart-%=studies/quickstart/%.toml)
	$(BIN)/suite run studies/quickstart/transfer.toml
	$(BIN)/suite report $(RUNS) -o runs/quickstart-report
	$(BIN)/suite export $(RUNS) knee exports --name quickstart
	$(BIN)/suite predict exports/quickstart exports/quickstart/1/assets.extra/examples/*.png --top 2
	@printf '\n%s\n' \
	  'Report     file://$(CURDIR)/runs/quickstart-report/index.html   (open it in a browser)' \
	  'MLflow UI  make ui   (serves $(CURDIR)/runs/mlflow.db and prints links to the tables of trials)' \
	  'Export     $(CURDIR)/exports/quickstart/1   (suite predict exports/quickstart PICTURE.png)'

# A network that fails is a row, and the others go on. One picture at a time first, so that an interruption leaves every network. CATALOGUE='--threads 1' and whatever else `suite measure` takes; LONGEST=45 for larger batches only.
catalogue: setup  ## measure every network of the catalogue on this device, report it (an evening; goes on where it was stopped)
	mkdir -p runs/catalogue
	-$(BIN)/suite measure '*/*' --seconds 15 -o runs/catalogue $(CATALOGUE)
	-$(BIN)/suite measure '*/*' --seconds 15 --batch 8,32 --longest $(LONGEST) -o runs/catalogue $(CATALOGUE)
	$(BIN)/suite report --catalogue runs/catalogue/*.csv -o runs/catalogue-report

gpu: setup  ## everything that needs a GPU, in one report folder, in eight minutes (GPU=--rehearse without one)
	$(BIN)/python benchmarks/gpu.py -o runs/gpu $(GPU)

test: setup  ## the tests, 10 minutes on 2 cores
	$(BIN)/python -m pytest

test-browser: setup  ## the pages of reports in Chromium, 3 minutes (apt-get install chromium)
	$(BIN)/python -m pytest -m browser

screenshots: setup  ## pictures of a report as people see it, into build/screenshots: look at each
	$(BIN)/python -m tests.screenshots build/screenshots

SLOW := (slow or postgres) and not browser and not gpu and not network and not oracle

test-slow: setup  ## the tests that take longer, those on PostgreSQL too
	$(BIN)/python -m pytest -m '$(SLOW)'

test-faults: setup  ## what dies, jumps, fills up or is damaged: long kill schedules, a database that is restarted
	$(BIN)/python -m pytest tests/faults -m 'not network'

COUNT ?= 100000

fuzz: setup  ## files and requests of strangers, changed in any way: COUNT=100000 of each kind, another 100000 each time
	SUITE_FUZZ=$(COUNT) $(BIN)/python -m pytest tests/test_fuzz.py tests/test_fuzz_http.py tests/test_trust.py --dist load

# In turns by the day: eleven parts of the slow tests, then the comparison with torchvision and timm.
PARTS := 12
PART ?= $(shell $(PYTHON) -c 'import time; print(time.gmtime().tm_yday % $(PARTS))')

test-part: setup  ## the part of the slow tests that is due today (PART=0 to 11)
ifeq ($(PART),11)
	$(MAKE) oracle
else
	$(BIN)/python -m pytest -m '$(SLOW)' --part $(PART)/11
endif

oracle: $(ORACLE)/.installed  ## our networks against those of torchvision and timm, in an environment of its own
	$(ORACLE)/bin/python -m pytest tests/oracle -m oracle

$(ORACLE)/.installed: pyproject.toml
	$(PYTHON) -m venv $(ORACLE)
	$(ORACLE)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(ORACLE)/bin/python -m pip install --quiet --editable . --group oracle
	touch $@

check: lint types layers  ## style, types and layers

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# Of benchmarks, whether what they call is still there; their types are not held.
LOOSE := abstract arg-type assignment call-overload import-untyped misc no-untyped-def operator return-value type-var union-attr

types: setup
	$(BIN)/mypy
	$(BIN)/mypy benchmarks --ignore-missing-imports --no-warn-unused-ignores $(LOOSE:%=--disable-error-code %)

layers: setup
	$(BIN)/lint-imports

docs: setup  ## the pages of docs/ as a site, into build/docs; a warning is an error
	$(BIN)/sphinx-build -q -W --keep-going docs build/docs

format: setup  ## put the code into the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

ui: setup  ## the MLflow UI on the runs
	$(BIN)/suite ui

clean:  ## remove what setup and the tools made; runs and exports stay
	rm -rf $(VENV) $(ORACLE) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
