"""The Debian package, from its installation to its purge."""

from __future__ import annotations

import subprocess
from pathlib import Path

from conftest import install
from container import Container
from machine import Unit


def files_of(machine: Container) -> set[str]:
    places = ["/etc", "/usr", "/lib/", "/var/lib", "/run/stackd"]
    found = machine.run("find", *places, "-xdev", "-name", "*stack[dc]*", check=False)
    return set(found.stdout.split())


def newer(package: Path, directory: Path) -> Path:
    """The same package with a higher version."""
    tree = directory / "tree"
    subprocess.run(["dpkg-deb", "--raw-extract", package, tree], check=True)
    control = tree / "DEBIAN" / "control"
    lines = control.read_text().splitlines(keepends=True)
    control.write_text("".join("Version: 999\n" if line.startswith("Version:") else line for line in lines))
    made = directory / "newer.deb"
    subprocess.run(["dpkg-deb", "-Znone", "--root-owner-group", "--build", tree, made], check=True, capture_output=True)
    return made


def test_its_whole_life(new_machine: Container, package: Path, tmp_path: Path) -> None:
    machine = new_machine
    before = files_of(machine)
    install(machine, package)
    units = machine.run("systemctl", "list-units", "--all", "--plain", "--no-legend", "stackd@*").stdout
    assert units == "", "nothing starts unasked"
    assert machine.run("getent", "group", "stackd").stdout.startswith("stackd:")
    machine.run("dpkg", "--verify", "stackd")

    unit = Unit(machine, "hello")
    machine.run("cp", "/usr/share/doc/stackd/examples/hello.yaml", unit.file)
    unit.systemctl("enable", "--now", unit.service)
    assert unit.property("StatusText") == "2 services ready"
    pids = set(unit.processes())

    install(machine, newer(package, tmp_path))
    assert machine.run("dpkg-query", "--show", "--showformat=${Version}", "stackd").stdout == "999"
    assert set(unit.processes()) == pids, "an upgrade leaves a stack as it runs"
    unit.systemctl("restart", unit.service)
    assert not set(unit.processes()) & pids

    machine.run("dpkg", "--remove", "stackd")
    assert not unit.processes()
    assert machine.path("/var/lib/stackd/hello").is_dir(), "the state stays until a purge"
    assert machine.path(unit.file).exists()
    machine.run("dpkg", "--purge", "stackd")
    # The administrator's own file is not the package's to remove.
    assert files_of(machine) - before == {"/etc/stackd"}
    machine.run("rm", "-r", "/etc/stackd")
