from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import root
from machine import Machine, Unit

REQUIRED = os.environ.get("STACKD_SYSTEM_TESTS") == "required"
PACKAGES = Path(os.environ.get("STACKD_DEB", root.REPOSITORY / ".build" / "deb"))

names = itertools.count()


def give_up(reason: str) -> None:
    if REQUIRED:
        pytest.fail(reason)
    pytest.skip(f"no systemd can be booted here: {reason}", allow_module_level=True)


@pytest.fixture(scope="session")
def files() -> Path:
    try:
        return root.prepare()
    except root.Unavailable as reason:
        give_up(str(reason))
        raise


@pytest.fixture(scope="session")
def package() -> Path:
    """The newest that `make deb` has made."""
    packages = sorted(PACKAGES.glob("stackd_*.deb"), key=lambda path: path.stat().st_mtime)
    if not packages:
        pytest.fail(f"there is no package in {PACKAGES}: run `make deb`, or set STACKD_DEB")
    return packages[-1]


def booted(files: Path) -> Machine:
    try:
        return Machine(files)
    except root.Unavailable as reason:
        give_up(str(reason))
        raise


@pytest.fixture(scope="session")
def new_machine(files: Path) -> Iterator[Machine]:
    """A machine without stackd."""
    machine = booted(files)
    yield machine
    machine.close()


@pytest.fixture(scope="session")
def machine(files: Path, package: Path) -> Iterator[Machine]:
    """The machine that most tests share, with the package installed."""
    machine = booted(files)
    install(machine, package)
    yield machine
    machine.close()


def install(machine: Machine, package: Path) -> None:
    machine.path("/root/stackd.deb").write_bytes(package.read_bytes())
    machine.run("dpkg", "--install", "/root/stackd.deb")


@pytest.fixture
def unit(machine: Machine) -> Iterator[Unit]:
    """A unit of a name of its own."""
    unit = Unit(machine, f"t{next(names)}")
    yield unit
    unit.systemctl("kill", "--signal=SIGKILL", unit.service, check=False)
    unit.stop()
    left = unit.processes()
    assert not left, f"processes of {unit.name} were left running: {left}\n{unit.journal()}"
