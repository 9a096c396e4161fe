# make lab    sets up what is missing, builds the lab and verifies it; ARGS="…" are options of pytest
# make test   sets up what is missing, and runs the project's own tests, lint and types
# make ready  sets up what is missing, and no more
# make sabotage  breaks a kept lab, one thing at a time, and expects the suite to notice; ONLY=name, PART=1/3 or CLEAN=5
# make docs   makes docs/tutorial.md anew, from the features, the release's tables and the last run
# make interrupt  interrupts runs of labs at random moments, and expects the next ones to go on; takes hours; N=4 is shorter
# make shell  opens a shell inside of the lab that is up
# make bench  measures the suite beside the tutorial by hand, and its verdict on readiness beside kubectl's

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/kubeflow-lab
UV_VERSION := 0.13.9
UV := $(CACHE)/uv-$(UV_VERSION)/bin/uv
# The Go that builds the kit: PATH's where it is new enough, else the pinned one of uv.lock, from PyPI.
GO_NEEDED := 1.26
GO_ON_PATH := $(shell go env GOVERSION 2>/dev/null | sed 's/^go//')
GO_IS_NEW := $(shell printf '%s\n' $(GO_NEEDED) $(GO_ON_PATH) | sort --version-sort --check 2>/dev/null && test -n "$(GO_ON_PATH)" && echo yes)
GO_GROUP := $(if $(GO_IS_NEW),,--group go)
READY := .venv/ready$(if $(GO_IS_NEW),,-with-go)
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: lab test ready sabotage interrupt bench docs shell
lab: $(READY) /usr/bin/chromium-headless-shell
	pytest $(ARGS)

test: $(READY) /usr/bin/chromium-headless-shell
	ruff check .
	ruff format --check .
	mypy
	go -C .github/actionlint tool actionlint $(CURDIR)/.github/workflows/*.yml
	for module in node k3d-proxy runc-bounded webapp; do (cd embedded/programs/$$module && go vet ./... && go test ./...) || exit 1; done
	python -m embedded programs/helm programs/kustomize > .venv/kit.log || (cat .venv/kit.log && exit 1)
	pytest tests --numprocesses auto $(ARGS)

ready: $(READY)

sabotage: $(READY) /usr/bin/chromium-headless-shell
	python -m tests.sabotage $(if $(ONLY),--only=$(ONLY)) $(if $(PART),--part=$(PART)) $(if $(CLEAN),--clean-runs=$(CLEAN))

docs: $(READY)
	python -m pages

interrupt: $(READY) /usr/bin/chromium-headless-shell
	python -m embedded > .venv/kit.log || (cat .venv/kit.log && exit 1)
	python -m tests.interruption $(CACHE)/kit

shell: $(READY)
	python -m lab shell

bench: $(READY) /usr/bin/chromium-headless-shell
	python -m bench $(ARGS)

$(READY): pyproject.toml uv.lock $(UV)
	$(UV) sync --quiet --locked --no-managed-python --compile-bytecode $(GO_GROUP)
	touch $@

$(UV):
	python3 -c 'import ensurepip, venv' 2>/dev/null || (apt-get update && apt-get install --yes --no-install-recommends python3-venv)
	python3 -m venv $(CACHE)/uv-$(UV_VERSION)
	$(CACHE)/uv-$(UV_VERSION)/bin/pip install --quiet uv==$(UV_VERSION)

/usr/bin/chromium-headless-shell:
	apt-get update
	apt-get install --yes --no-install-recommends chromium-headless-shell fonts-dejavu-core
