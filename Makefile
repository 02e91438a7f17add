# Needs Python 3.11 or newer, git and make; everything else goes into .venv.
PYTHON ?= python3
DEST ?= build/try
ANSWERS ?=
# Marks of tests that `make test` leaves to other targets.
SKIP ?= thorough or delivery or forge or browser or clients
# Two more than there are cores, because the suites of generated services often wait.
TESTERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 2)

PYTEST = --numprocesses $(TESTERS) --maxschedchunk 1 --durations 12 --verbose

VENV := .venv
READY := $(VENV)/.ready
BIN := $(VENV)/bin
# Without compiled modules, each start of a service takes seconds longer.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

.PHONY: try
try: $(READY) ## Generate a service in DEST (from ANSWERS=FILE), start it and send requests to it
	@$(BIN)/python -m tools.try_service --dest '$(DEST)' --answers '$(ANSWERS)'

# The answer set to work on, and the tests to run in it.
SET ?= complete
TEST ?=

.PHONY: work
work: $(READY) ## Render SET into build/work, or update an earlier rendering, and run TEST in it
	@$(BIN)/python -m tools.work '$(SET)' '$(TEST)'

.PHONY: bring-back
bring-back: $(READY) ## Apply edits of build/work/SET to template/
	@$(BIN)/python -m tools.bring_back '$(SET)'

.PHONY: test
test: lint ## Run the whole suite
	$(BIN)/python -m pytest -m 'not ($(SKIP))' $(PYTEST)

.PHONY: test-thorough
test-thorough: lint ## Run more releases and Pythons of the tests of `make test`
	$(BIN)/python -m pytest -m 'thorough and not engine and not forge' $(PYTEST)

.PHONY: test-quick
test-quick: lint ## Run the fast tests, without suites of generated services
	$(BIN)/python -m pytest --numprocesses $(TESTERS) -m 'not (generated or slow or $(SKIP))'

# One process, because the tests measure times.
.PHONY: test-delivery
test-delivery: test-delivery-files ## Check, build and run images, Compose files and manifests; needs a Docker engine
	$(BIN)/python -m pytest -m engine --durations 12 --verbose tests/delivery

.PHONY: test-delivery-files
test-delivery-files: lint ## Run the delivery tests that need no Docker engine: manifests, workflows, hooks, sites
	$(BIN)/python -m pytest -m 'delivery and not engine' $(PYTEST) tests/delivery

# The folder with the script `up`, which starts Pagure in a chroot and prints its address.
FORGE ?= ../shared/forge

.PHONY: test-forge
test-forge: $(READY) ## Test the fleet's Pagure client against a real Pagure, from Debian's packages
	@test -x $(FORGE)/up || { echo "There is no $(FORGE)/up, which starts Pagure: set FORGE to its" \
		"folder. NOTHING was tested." >&2; exit 1; }
	@started=$$($(FORGE)/up) || { echo "Pagure did not start: it needs root, Debian 13 or debootstrap," \
		"and Pagure's packages. NOTHING was tested." >&2; exit 1; }; \
	trap '$(FORGE)/down' EXIT; eval "$$started"; \
	$(BIN)/python -m pytest -m forge --durations 12 --verbose tests/fleet

.PHONY: test-browser
test-browser: lint ## Test the fleet's HTML report and the site in a browser; needs Chromium and its driver
	$(BIN)/python -m pytest -m browser --durations 12 --verbose tests/fleet tests/site

.PHONY: test-clients
test-clients: lint ## Generate clients of services, and use them; needs npm
	$(BIN)/python -m pytest -m clients --durations 12 --verbose tests/clients

.PHONY: test-mutations
test-mutations: $(READY) ## Apply each mutation to the chassis, and check that a test fails
	$(BIN)/python -m tools.mutate

.PHONY: test-guards
test-guards: $(READY) ## Remove each guard from the update program, and check that a test fails
	$(BIN)/python -m tools.guards

# Answer sets, versions of Python, and tests; by default, all.
SETS ?=
PYTHONS ?=
GOOD ?= tests/newest.json

.PHONY: test-newest
test-newest: $(READY) ## Run the suites of SETS on PYTHONS with the newest packages, and name those that break
	@$(BIN)/python -m tools.newest --sets '$(SETS)' --pythons '$(PYTHONS)' --test '$(TEST)' --good '$(GOOD)'

.PHONY: test-release
test-release: $(READY) ## Run all tests that `make test` leaves out; two to three hours on two cores
	@FORGE='$(FORGE)' $(BIN)/python -m tools.release_tests

.PHONY: lint
lint: $(READY) ## Check format, style and types
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

.PHONY: bench
bench: $(READY) ## Measure a generated service against a bare Litestar application
	$(BIN)/python -m benchmarks

# A folder of clones of the other templates; the tool says which are missing.
CLONES ?= build/clones

.PHONY: peers
peers: $(READY) ## Compare other templates in CLONES with this one, and write docs/peers.md
	@$(BIN)/python -m benchmarks peers --clones '$(CLONES)' $(ARGS) \
		--json benchmarks/peers/results.json --page docs/peers.md

.PHONY: site
site: $(READY) ## Build the site of docs/ into build/site, and check its links
	@$(BIN)/python -m tools.site

.PHONY: release-check
release-check: $(READY) ## List the releases, and check whether this tree could be the next one
	$(BIN)/python -m tools.release_check

.PHONY: requirements
requirements: $(READY) ## Pin the development tools and the packages that an update installs
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --quiet \
		--python-version 3.11 --group dev pyproject.toml --output-file requirements/dev.txt $(UPGRADE)
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet \
		--python-version 3.11 --constraints requirements/dev.txt --group updating \
		--output-file updating/requirements.txt

.PHONY: pins
pins: $(READY) ## Pin the newest actions and images that are a week old; needs network and Docker
	@$(BIN)/python -m tools.pins $(ARGS)

$(READY): requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: run make PYTHON=/path/to/one" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@# pip only installs uv, which installs the rest in a tenth of the time.
	awk '/^[^ ]/ { wanted = /^uv==/ } wanted' $< > $(VENV)/uv.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(VENV)/uv.txt
	$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python $<
	@touch $@
