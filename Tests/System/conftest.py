from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

import root
from container import Container
from emulation import EmulatedMachine
from machine import Machine, Unit

REQUIRED = os.environ.get("STACKD_SYSTEM_TESTS") == "required"
PACKAGES = Path(os.environ.get("STACKD_DEB", root.REPOSITORY / ".build" / "deb"))

names = itertools.count()
Made = TypeVar("Made")


def made(make: Callable[[], Made], what: str) -> Made:
    try:
        return make()
    except root.Unavailable as reason:
        if REQUIRED:
            pytest.fail(str(reason))
        pytest.skip(f"no {what} here: {reason}")


@pytest.fixture(scope="session")
def files() -> Path:
    return made(root.prepare, "systemd can be booted")


@pytest.fixture(scope="session")
def package() -> Path:
    """The newest that `make deb` has made."""
    packages = sorted(PACKAGES.glob("stackd_*.deb"), key=lambda path: path.stat().st_mtime)
    if not packages:
        pytest.fail(f"there is no package in {PACKAGES}: run `make deb`, or set STACKD_DEB")
    return packages[-1]


@pytest.fixture(scope="session")
def new_machine(files: Path) -> Iterator[Container]:
    """A machine without stackd."""
    machine = made(lambda: Container(files), "systemd can be booted")
    yield machine
    machine.close()


@pytest.fixture(scope="session")
def machine(files: Path, package: Path) -> Iterator[Container]:
    """The machine that most tests share, with the package installed."""
    machine = made(lambda: Container(files), "systemd can be booted")
    install(machine, package)
    yield machine
    machine.close()


@pytest.fixture(scope="session")
def emulated_machine(files: Path, package: Path) -> Iterator[EmulatedMachine]:
    """The one for what a container cannot have, with the package installed."""
    machine = made(lambda: EmulatedMachine(files, package), "machine can be emulated")
    yield machine
    machine.close()


def install(machine: Container, package: Path) -> None:
    machine.path("/root/stackd.deb").write_bytes(package.read_bytes())
    machine.run("dpkg", "--install", "/root/stackd.deb")


def unit_of(machine: Machine) -> Iterator[Unit]:
    """A unit of a name of its own."""
    unit = Unit(machine, f"t{next(names)}")
    yield unit
    unit.systemctl("kill", "--signal=SIGKILL", unit.service, check=False)
    unit.stop()
    left = unit.processes()
    assert not left, f"processes of {unit.name} were left running: {left}\n{unit.journal()}"


@pytest.fixture
def unit(machine: Container) -> Iterator[Unit]:
    yield from unit_of(machine)
