# Thin targets: each is one idea, and what people run is what CI runs.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WHEELHOUSE := wheelhouse
# Another machine than this one, in pip's words: FOR='--python-version 3.12 --platform macosx_11_0_arm64'
FOR :=
# What runs is this tree, whatever a developer's shell has on its path.
unexport PYTHONPATH
# The real peers of the system tests: registries, engines, runtimes, a throttling server, installers.
PACKAGES := docker.io docker-registry skopeo podman buildah containerd runc nginx iproute2 iptables strace busybox-static wrk openssl \
	docker-compose debootstrap pipx systemd curl

.PHONY: help run demo test check fix wheelhouse docs setup peers clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.ready  ## make the virtual environment

$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mirrorkit needs Python 3.11 or later: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV) || { [ "$$(id -u)" = 0 ] && apt-get update && apt-get install -y python3-venv && $(PYTHON) -m venv $(VENV); }
	@echo "installing mirrorkit and its tools into $(VENV), once: about half a minute"
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

# Ctrl-C is how these end: with job control it goes to mirrorkit alone, and make hears only of the end.
UNTIL_CTRL_C = [ ! -t 0 ] || set -m;

run: setup  ## set up, then sync this folder's lock and serve it on :5080; offline the made-up class
	@$(UNTIL_CTRL_C) $(BIN)/mirrorkit up --demo-if-offline || [ $$? -eq 130 ]

demo: setup  ## a whole made-up class in some seconds: no network, nothing left behind
	@$(UNTIL_CTRL_C) $(BIN)/mirrorkit demo --once || [ $$? -eq 130 ]

wheelhouse: setup  ## a folder from which mirrorkit installs without a network
	rm -f $(WHEELHOUSE)/*.whl
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct 2>/dev/null || echo 315532800) \
		$(BIN)/pip wheel --quiet --no-deps --wheel-dir $(WHEELHOUSE) .
	$(BIN)/pip download --quiet --only-binary=:all: $(FOR) --dest $(WHEELHOUSE) \
		$(WHEELHOUSE)/mirrorkit-*.whl pip setuptools wheel  # pipx begins with these three
	@echo "$(WHEELHOUSE): $$(ls $(WHEELHOUSE) | wc -l) wheels, $$(du -sh $(WHEELHOUSE) | cut -f1)"
	@echo "install: PIP_NO_INDEX=1 PIP_FIND_LINKS=$(abspath $(WHEELHOUSE)) pipx install mirrorkit"

peers:  ## install the Debian packages that the system tests talk to (root only)
	@sh tests/peers.sh $(PACKAGES)

test: setup peers  ## set up, then the gates and every test
	$(MAKE) check
	$(BIN)/coverage erase
	$(BIN)/pytest -n 2 --dist loadfile --cov --cov-report=
	$(BIN)/coverage report

check: setup  ## the gates: lint, format, types, floors
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python scripts/build_docs.py --check

fix: setup  ## mend what can be mended by itself
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: setup  ## write the generated pages of docs/
	$(BIN)/python scripts/build_docs.py

clean:  ## remove what setup and the tests left
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage* build dist wheelhouse
