"""What the services may use of the machine, as its kernel enforces it: one with all of cgroup v2's controllers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest

from conftest import unit_of
from emulation import EmulatedMachine
from machine import Unit, wait_until

SLEEPER = "command: [sleep, infinity]"
MEBIBYTE = 1 << 20
# Wants a processor for itself, and its child another.
BURNER = "command: [sh, -c, 'while :; do :; done & while :; do :; done']"
BOMB = "command: [perl, -e, 'fork while 1']"
# Its main process would not end on its own; a child of it takes much more memory than the file allows.
EATER = "command: [sh, -c, 'head -c 256M /dev/zero | tail; sleep infinity']"


@pytest.fixture
def unit(emulated_machine: EmulatedMachine) -> Iterator[Unit]:
    yield from unit_of(emulated_machine)


class Group:
    """The cgroup of an instance that runs."""

    def __init__(self, unit: Unit, replica: str) -> None:
        self.machine = unit.machine
        self.pid = unit.replicas()[replica]["pid"]
        [line] = self.machine.read(f"/proc/{self.pid}/cgroup").split()
        self.path = PurePosixPath("/sys/fs/cgroup") / line.removeprefix("0::/")

    def read(self, *files: str) -> list[str]:
        """The lines of them all."""
        return self.machine.run("cat", *(str(self.path / file) for file in files)).stdout.splitlines()


def test_the_machine_has_every_controller(emulated_machine: EmulatedMachine) -> None:
    controllers = emulated_machine.read("/sys/fs/cgroup/cgroup.controllers").split()
    assert {"cpu", "cpuset", "io", "memory", "pids"} <= set(controllers)


def test_limits_are_where_the_kernel_reads_them(unit: Unit) -> None:
    unit.write(f"""
  full:
    {SLEEPER}
    resources:
      {{cpus: 0.5, cpu_weight: 250, cpuset: "1", memory: 64M, memory_high: 48M, memory_reservation: 16M, swap: 32M,
       pids: 20, io_weight: 300}}
  compose: {{{SLEEPER}, deploy: {{resources: {{limits: {{cpus: "0.25", memory: 32M, pids: 10}}}}}}}}
  free: {{{SLEEPER}}}
""")
    unit.start()
    files = ["cpu.max", "cpu.weight", "memory.max", "memory.high", "memory.low", "memory.swap.max", "pids.max"]
    full = Group(unit, "full/0")
    assert full.read(*files, "io.weight", "cpuset.cpus", "cpuset.cpus.effective", "memory.oom.group") == [
        "50000 100000", "250", str(64 * MEBIBYTE), str(48 * MEBIBYTE), str(16 * MEBIBYTE), str(32 * MEBIBYTE), "20",
        "default 300", "1", "1", "1",
    ]
    compose = Group(unit, "compose/0").read(*files)
    assert compose == ["25000 100000", "100", str(32 * MEBIBYTE), "max", "0", "max", "10"]
    assert Group(unit, "free/0").read(*files) == ["max 100000", "100", "max", "max", "0", "max", "max"]
    assert "controller" not in unit.journal(), "there is nothing to warn of"


def test_a_change_is_made_while_it_runs(unit: Unit) -> None:
    def with_limits(limits: str) -> str:
        return f"  one: {{{SLEEPER}, resources: {{{limits}}}}}\n  other: {{{SLEEPER}}}\n"

    unit.write(with_limits("memory: 64M, pids: 20"))
    unit.start()
    group = Group(unit, "one/0")
    unit.write(with_limits("memory: 96M, cpus: 0.5"))
    unit.systemctl("reload", unit.service)
    files = ["memory.max", "pids.max", "cpu.max"]
    wait_until(lambda: group.read(*files) == [str(96 * MEBIBYTE), "max", "50000 100000"], unit.journal)
    replicas = unit.replicas()
    assert replicas["one/0"]["pid"] == group.pid
    assert replicas["one/0"]["restarts"] == 0
    # What starts later is not given less.
    unit.ctl("kill", "--signal", "SIGKILL", "one")
    wait_until(lambda: unit.replicas()["one/0"]["pid"] not in (None, group.pid), unit.journal)
    assert Group(unit, "one/0").read(*files) == [str(96 * MEBIBYTE), "max", "50000 100000"]


def test_processor_time_is_rationed(unit: Unit) -> None:
    unit.write(f"  burner: {{{BURNER}, resources: {{cpus: 0.2}}}}\n")
    unit.start()
    group = Group(unit, "burner/0")

    def now() -> tuple[dict[str, int], float]:
        """By the machine's own clock, in one look."""
        *table, uptime = group.read("cpu.stat", "/proc/uptime")
        return {key: int(value) for key, value in map(str.split, table)}, float(uptime.split()[0])

    before, began = now()
    wait_until(lambda: now()[0]["nr_throttled"] >= before["nr_throttled"] + 20)
    after, ended = now()
    share = (after["usage_usec"] - before["usage_usec"]) / 1e6 / (ended - began)
    # Unlimited it would be near 2.
    assert 0.05 < share < 0.4


def test_memory_is_limited_and_its_want_is_told(unit: Unit) -> None:
    unit.write(f"""
  eater:
    {EATER}
    resources: {{memory: 32M}}
    restart: {{policy: always, backoff: {{initial: 1ms, max: 1ms}}, budget: {{restarts: 2, within: 1h}}}}
  bystander: {{{SLEEPER}}}
""")
    unit.systemctl("start", "--no-block", unit.service)
    wait_until(lambda: unit.ctl("ps", check=False).returncode == 0, unit.journal)
    bystander = unit.replicas()["bystander/0"]["pid"]
    # It is a crash as any other: it is started again, and given up when its budget is used up.
    wait_until(lambda: unit.replicas()["eater/0"]["state"] == "failed", unit.journal)
    assert unit.replicas()["eater/0"]["restarts"] == 2
    lines = unit.ctl("events", "--output", "json").stdout.splitlines()
    told = [event["text"] for event in map(json.loads, lines) if event["code"] == "out_of_memory"]
    assert len(told) == 3
    # The limit, and the peak, which is as much but for what the kernel counts in advance.
    assert all(re.search(r"limit of 32MiB; .* 3[12](\.\d)?MiB$", text) for text in told), told
    assert told[-1] in unit.ctl("explain", "eater/0").stdout
    assert unit.replicas()["bystander/0"]["pid"] == bystander


def test_a_fork_bomb_is_held_and_stopped(unit: Unit) -> None:
    unit.write(f"  bomb: {{{BOMB}, resources: {{pids: 40}}}}\n  bystander: {{{SLEEPER}}}\n")
    unit.start()
    group = Group(unit, "bomb/0")
    wait_until(lambda: group.read("pids.events") != ["max 0"])
    assert group.read("pids.current") == ["40"]
    assert unit.replicas()["bystander/0"]["state"] == "running"
    unit.systemctl("stop", unit.service)
    assert unit.property("Result") == "success"
    assert not unit.processes()
    unit.machine.run("test", "!", "-e", str(group.path))


def test_the_daemon_answers_whatever_its_services_do(unit: Unit) -> None:
    unit.write(f"""
  burner: {{{BURNER}, resources: {{cpus: 1.5}}}}
  bomb: {{{BOMB}, resources: {{pids: 40, cpu_weight: 20}}}}
  eater:
    {EATER}
    resources: {{memory: 32M, cpus: 0.5}}
    restart: {{policy: always, backoff: {{initial: 100ms, max: 100ms}}}}
""")
    unit.systemctl("start", "--no-block", unit.service)
    wait_until(lambda: unit.ctl("ps", check=False).returncode == 0, unit.journal)
    daemon = unit.property("MainPID")
    wait_until(lambda: unit.replicas()["eater/0"]["restarts"] >= 2, unit.journal)
    assert unit.ctl("scale", "burner=2").returncode == 0
    wait_until(lambda: Group(unit, "burner/1").read("cpu.max") == ["150000 100000"], unit.journal)
    # Its watchdog is the loop's own, and systemd has heard it all the while.
    assert unit.show("MainPID", "NRestarts") == {"MainPID": daemon, "NRestarts": "0"}


def test_processor_time_scales(unit: Unit) -> None:
    busy = f"/run/{unit.name}-busy"
    unit.machine.write(busy, "")
    unit.write(f"""
  worker:
    command: [sh, -c, 'while test -e {busy}; do :; done; exec sleep infinity']
    resources: {{cpus: 0.3}}
    autoscale:
      min: 1
      max: 3
      metrics: [{{cpu: 50%}}]
      interval: 1s
      cpu_initialization_period: 1s
      pressure: {{cpu: none, memory: none, io: none}}
      behavior: {{scale_down: {{stabilization_window: 2s}}}}
""")
    unit.start()
    wait_until(lambda: len(unit.replicas()) == 3, unit.journal)
    assert "cpu" in unit.ctl("explain", "worker").stdout
    unit.machine.run("rm", busy)
    wait_until(lambda: len(unit.replicas()) == 1, unit.journal)


def test_what_cannot_be_limited_is_told(unit: Unit) -> None:
    unit.write(f"  one: {{{SLEEPER}, resources: {{cpus: 0.5, io_weight: 300}}}}\n")
    unit.machine.write(f"/etc/systemd/system/{unit.name}.slice", "[Slice]\nDisableControllers=io\n")
    unit.drop_in(f"Slice={unit.name}.slice")
    unit.start()
    group = Group(unit, "one/0")
    assert "io" not in group.read("cgroup.controllers")[0].split()
    assert group.read("cpu.max") == ["50000 100000"]
    assert "one: this host does not enforce io_weight (no io controller)" in unit.journal()
