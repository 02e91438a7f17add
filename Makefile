# Needs Python 3.11 or newer, git and make; everything else goes into .venv.
PYTHON ?= python3
DEST ?= build/try
ANSWERS ?=
# Marks of tests that `make test` leaves to other targets.
SKIP ?= thorough or delivery or forge or browser
# The suites of generated services wait a good part of their time, so two more than there are cores.
TESTERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 2)

PYTEST = --numprocesses $(TESTERS) --maxschedchunk 1 --durations 12 --verbose

VENV := .venv
READY := $(VENV)/.ready
BIN := $(VENV)/bin
# Without compiled modules each start of a service costs seconds more.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show what there is to do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

.PHONY: try
try: $(READY) ## Generate a service in DEST (from ANSWERS=FILE), run it and call it
	@$(BIN)/python -m tools.try_service --dest '$(DEST)' --answers '$(ANSWERS)'

.PHONY: test
test: lint ## Run the whole suite
	$(BIN)/python -m pytest -m 'not ($(SKIP))' $(PYTEST)

.PHONY: test-thorough
test-thorough: lint ## Run what `make test` leaves out: more releases, more Pythons
	$(BIN)/python -m pytest -m 'thorough and not engine and not forge' $(PYTEST)

.PHONY: test-quick
test-quick: lint ## Run what needs no generated suite
	$(BIN)/python -m pytest --numprocesses $(TESTERS) -m 'not (generated or $(SKIP))'

# One process, because what is built and run is timed.
.PHONY: test-delivery
test-delivery: test-delivery-files ## Check, build and run what is delivered; needs a Docker engine
	$(BIN)/python -m pytest -m engine --durations 12 --verbose tests/delivery

.PHONY: test-delivery-files
test-delivery-files: lint ## The part of it that needs no engine: manifests, workflows, hooks, sites
	$(BIN)/python -m pytest -m 'delivery and not engine' $(PYTEST) tests/delivery

# A script beside the checkout that starts Pagure in a root of its own, and prints its address.
FORGE ?= ../shared/forge

.PHONY: test-forge
test-forge: $(READY) ## Try the fleet's client of Pagure on Pagure; brings one from Debian's packages
	@test -x $(FORGE)/up || { echo "There is no $(FORGE)/up to start Pagure with: set FORGE to the" \
		"folder that has it. NOTHING was tested." >&2; exit 1; }
	@started=$$($(FORGE)/up) || { echo "Pagure did not start: it takes root, Debian 13 or debootstrap" \
		"and its packages. NOTHING was tested." >&2; exit 1; }; \
	trap '$(FORGE)/down' EXIT; eval "$$started"; \
	$(BIN)/python -m pytest -m forge --durations 12 --verbose tests/fleet

.PHONY: test-browser
test-browser: lint ## Look at the fleet's page in a browser; needs Chromium and its driver
	$(BIN)/python -m pytest -m browser --durations 12 --verbose tests/fleet

.PHONY: test-mutations
test-mutations: $(READY) ## Break the chassis in each of the known ways, and see which test finds it
	$(BIN)/python -m tools.mutate

.PHONY: test-guards
test-guards: $(READY) ## Take each guard out of the update's program, and see which test notices
	$(BIN)/python -m tools.guards

.PHONY: lint
lint: $(READY) ## Check format, style and types
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

.PHONY: bench
bench: $(READY) ## Measure what a generated service costs beside a bare one
	$(BIN)/python -m benchmarks

.PHONY: release-check
release-check: $(READY) ## List the releases, and say whether this tree could be the next
	$(BIN)/python -m tools.release_check

.PHONY: requirements
requirements: $(READY) ## Pin the development tools anew, and what an update installs
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --quiet \
		--python-version 3.11 --group dev pyproject.toml --output-file requirements/dev.txt $(UPGRADE)
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet \
		--python-version 3.11 --constraints requirements/dev.txt --group updating \
		--output-file updating/requirements.txt

$(READY): requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: run make PYTHON=/path/to/one" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@# pip brings uv alone, which brings the rest in a tenth of the time.
	awk '/^[^ ]/ { wanted = /^uv==/ } wanted' $< > $(VENV)/uv.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(VENV)/uv.txt
	$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python $<
	@touch $@
