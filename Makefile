# The two commands of the README, `make up` and `make test`, and the parts that they are made of.

SWIFT ?= swift
SEEDS ?= 10000
STACK ?= stacks/dev.yaml

# Imports must be declared dependencies: the floors of the architecture are what the package graph says they are.
CHECKED := --explicit-target-dependency-import-check error
RELEASE := $(CHECKED) -c release --static-swift-stdlib

# Tests that run in a process of their own: those that reap every child, as the daemon does, would take the others'
# children, and beside those that keep the processors busy the time limits of others would pass.
ALONE := LinuxRuntimeTests|DaemonKitTests|SupervisorSimulationTests|SupervisorCoreTests|StackFileTests|CommandKitTests
TEST := STACKD_TEST_PYTHONS=.venv/bin/python:.venv-mcp1/bin/python $(SWIFT) test --skip-build

PYTEST := .venv/bin/python -m pytest -q Tests/Integration

# Where `make install` puts things; a package sets DESTDIR. Stack files are in /etc/stackd whatever the prefix.
PREFIX ?= /usr/local
DESTDIR ?=
SYSTEM_UNITS ?= $(PREFIX)/lib/systemd/system
BINARIES ?= .build/release

.PHONY: up test build release format lint simulate mutate bench unit-test integration-test system-test install deb clean

up: release
	scripts/install-packages run
	.build/release/stackctl -f $(STACK) up

test: unit-test simulate integration-test system-test

build:
	scripts/install-packages build
	$(SWIFT) build $(CHECKED)

release:
	scripts/install-packages build
	$(SWIFT) build $(RELEASE)

unit-test:
	scripts/install-packages test
	$(SWIFT) build $(CHECKED) --build-tests
	$(TEST) --skip '$(ALONE)'
	for suite in $(subst |, ,$(ALONE)); do $(TEST) --filter "$$suite" || exit 1; done

integration-test: release
	scripts/install-packages test
	$(PYTEST) || { echo "once more, alone: what passes now is flaky, and to be mended"; $(PYTEST) --last-failed; }

# In a systemd that is booted for it, in a container and in an emulated machine. Where there can be none it says why and
# tests nothing, unless STACKD_SYSTEM_TESTS=required.
system-test: deb
	scripts/install-packages system
	.venv/bin/python -m pytest -q -rs Tests/System

# What `make release` has built, for this host or, with DESTDIR, for a package.
install:
	@test -x $(BINARIES)/stackd || { echo "there is nothing to install yet: run \`make release\` first" >&2; exit 1; }
	packaging/install "$(BINARIES)" "$(DESTDIR)" "$(PREFIX)" "$(SYSTEM_UNITS)"

deb: release
	scripts/install-packages package
	BINARIES=$(BINARIES) packaging/build-deb

# Worlds of the simulation by their seeds; SEEDS=1000000 takes about half an hour at the most.
simulate: release
	.build/release/simulate --seeds $(SEEDS)

# Puts bugs into the core on purpose and shows which invariant of the simulation catches each.
mutate:
	scripts/install-packages build
	scripts/mutate-core

bench: release
	scripts/install-packages test
	Benchmarks/run
	Benchmarks/logs
	Benchmarks/rollout

format:
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

lint:
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests

clean:
	rm -rf .build .venv .venv-mcp1
