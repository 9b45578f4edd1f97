# Thin targets: each is one idea, and what people run is what CI runs.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The real peers of the system tests: registries, engines, runtimes, a throttling server.
PACKAGES := docker.io docker-registry skopeo podman containerd runc nginx iproute2 iptables strace busybox-static wrk openssl

.PHONY: help run demo test check fix setup peers clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(VENV)/.ready  ## make the virtual environment

$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mirrorkit needs Python 3.11 or later: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV) || { [ "$$(id -u)" = 0 ] && apt-get update && apt-get install -y python3-venv && $(PYTHON) -m venv $(VENV); }
	@echo "installing mirrorkit and its tools into $(VENV), once: about half a minute"
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

run: setup  ## set up, then sync this folder's lock and serve it on :5080
	@$(BIN)/mirrorkit up || [ $$? -eq 130 ]  # Ctrl-C is how it ends

demo: setup  ## a whole made-up class in some seconds: no network, nothing left behind
	@$(BIN)/mirrorkit demo --once

peers:  ## install the Debian packages that the system tests talk to (root only)
	@sh tests/peers.sh $(PACKAGES)

test: setup peers  ## set up, then the gates and every test
	$(MAKE) check
	$(BIN)/coverage erase
	$(BIN)/pytest -n 2 --cov --cov-report=
	$(BIN)/coverage report

check: setup  ## the gates: lint, format, types, floors
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

fix: setup  ## mend what can be mended by itself
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:  ## remove what setup and the tests left
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage* build dist
