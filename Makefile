# `make help` lists the targets. Options are given as in `make lab ARGS="--keep-lab"`.

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/kubeflow-lab
UV_VERSION := 0.13.9
UV := $(CACHE)/uv-$(UV_VERSION)/bin/uv
# The Go that builds the kit: the one on PATH if it is new enough, otherwise the version that uv.lock pins, from PyPI.
REQUIRED_GO := 1.26
GO_ON_PATH := $(shell go env GOVERSION 2>/dev/null | sed 's/^go//')
GO_IS_NEW_ENOUGH := $(shell printf '%s\n' $(REQUIRED_GO) $(GO_ON_PATH) | sort --version-sort --check 2>/dev/null && test -n "$(GO_ON_PATH)" && echo yes)
GO_GROUP := $(if $(GO_IS_NEW_ENOUGH),,--group go)
READY := .venv/ready$(if $(GO_IS_NEW_ENOUGH),,-with-go)
# The project's own Go programs; the other directories of embedded/programs only pin modules of upstream.
GO_PROGRAMS := node k3d-proxy runc-bounded webapp certgen
# The items of the kit that the unit tests use.
ITEMS_OF_TESTS := programs/helm programs/kustomize charts/ingress-nginx roots/ingress-nginx
export PATH := $(CURDIR)/.venv/bin:$(PATH)

# Archives of upstream's manifests, for `make trees` and `make rehearsal`.
DATA ?= $(wildcard ../shared/data)

.DEFAULT_GOAL := help
.PHONY: help lab test lint fmt down shell docs kit bench sabotage variants rehearsal clusters trees interrupt ready browser

# in_go_programs COMMAND: runs a command in the directory of each Go program, and stops at the first that fails.
in_go_programs = for program in $(GO_PROGRAMS); do (cd embedded/programs/$$program && $(1)) || exit 1; done

help: ## Print this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand --tabs=16

lab: $(READY) browser ## Install the lab, verify it and remove it (ARGS="--keep-lab" and other options of pytest)
	pytest $(ARGS)

test: lint browser ## Run lint and the unit tests, which need no lab (ARGS="-k lock" and other options of pytest)
	$(call in_go_programs,go test ./...)
	python -m lab kit $(ITEMS_OF_TESTS) > .venv/kit.log || (cat .venv/kit.log && exit 1)
	pytest tests --numprocesses auto $(ARGS)

lint: $(READY) ## Check style, types, imports, spelling, words, workflows and Go programs
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	codespell
	python -m tools.words
	go -C .github/actionlint tool actionlint $(CURDIR)/.github/workflows/*.yml
	$(call in_go_programs,go vet ./...)

fmt: $(READY) ## Format the Python and Go code, and correct what lint can correct
	ruff check --fix-only .
	ruff format .
	$(call in_go_programs,go fmt ./...)

down: $(READY) ## Remove the lab that was kept
	python -m lab down

shell: $(READY) ## Open a shell in the lab that was kept
	python -m lab shell

docs: $(READY) ## Generate docs/tutorial.md and docs/releases.md from the features, the releases and the last runs
	python -m pages

kit: $(READY) ## Build the kit of the embedded lab, and print its inventory
	python -m lab kit

bench: $(READY) browser ## Compare the suite with the tutorial by hand (ARGS="--times 1" is shorter)
	python -m tools.bench $(ARGS)

sabotage: $(READY) browser ## Check that the suite detects faults (ONLY=name, PART=1/3, or CLEAN=5 for 5 runs without a fault)
	python -m tools.sabotage $(if $(ONLY),--only=$(ONLY)) $(if $(PART),--part=$(PART)) $(if $(CLEAN),--clean-runs=$(CLEAN))

variants: $(READY) browser ## Check that the suite stays green with legitimate set-ups (ONLY=name or PART=1/3)
	python -m tools.variants $(if $(ONLY),--only=$(ONLY)) $(if $(PART),--part=$(PART))

rehearsal: $(READY) browser ## Rehearse one release besides the tutorial's (NUMBER=3 selects it, SECONDS_LEFT=3600, DATA=DIRECTORY)
	python -m tools.rotation --number=$(or $(NUMBER),0) --seconds-left=$(or $(SECONDS_LEFT),3600) $(if $(DATA),--data=$(DATA))

clusters: $(READY) browser ## Check that clusters of other shapes pass --lab existing (ONLY=name or PART=1/4)
	python -m tests.clusters $(if $(ONLY),--only=$(ONLY)) $(if $(PART),--part=$(PART))

trees: $(READY) ## Check lab/releases against upstream's manifests (DATA=DIRECTORY or one archive)
	@test -n "$(DATA)" || (echo "trees: give the archives of the manifests: make trees DATA=DIRECTORY" && exit 1)
	python -m lab kit programs/kustomize > .venv/kit.log || (cat .venv/kit.log && exit 1)
	KUBEFLOW_MANIFEST_ARCHIVES=$(abspath $(DATA)) pytest tests/trees $(ARGS)

interrupt: $(READY) browser ## Check that runs succeed after interrupted ones; takes hours (N=4 is shorter, SEED=… repeats a test)
	python -m lab kit > .venv/kit.log || (cat .venv/kit.log && exit 1)
	python -m tools.interruption $(CACHE)/kit

# Receives the options of the run, because they may name a browser.
browser: $(READY)
	python -m lab browser $(ARGS) > .venv/browser

ready: $(READY) ## Set up the Python environment; the other targets do it when necessary

$(READY): pyproject.toml uv.lock $(UV)
	$(UV) sync --quiet --locked --no-managed-python --compile-bytecode $(GO_GROUP)
	touch $@

$(UV):
	tools/prepare
	python3 -m venv $(CACHE)/uv-$(UV_VERSION)
	$(CACHE)/uv-$(UV_VERSION)/bin/pip install --quiet uv==$(UV_VERSION)
