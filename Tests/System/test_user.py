"""The unit of a developer's own systemd."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from machine import Machine, Unit, wait_until


class UserUnit(Unit):
    @property
    def file(self) -> str:
        return f"/home/{self.user}/.config/stackd/{self.name}.yaml"

    @property
    def control_socket(self) -> str:
        uid = self.machine.run("id", "-u", self.user or "").stdout.strip()
        return f"/run/user/{uid}/stackd/{self.name}/control/socket"


@pytest.fixture
def user_unit(machine: Machine) -> Iterator[UserUnit]:
    machine.run("useradd", "--create-home", "--shell", "/bin/sh", "developer")
    machine.run("loginctl", "enable-linger", "developer")
    unit = UserUnit(machine, "mine", user="developer")
    wait_until(lambda: unit.systemctl("is-system-running", check=False).stdout.strip() in ("running", "degraded"))
    yield unit
    unit.stop()
    assert not unit.processes()
    machine.run("loginctl", "disable-linger", "developer")


def test_a_user_runs_a_stack(user_unit: UserUnit) -> None:
    user_unit.write("  one: {command: [sleep, infinity]}\n")
    user_unit.start()
    assert user_unit.property("StatusText") == "1 service ready"
    replica = user_unit.replicas()["one/0"]
    group = user_unit.machine.read(f"/proc/{replica['pid']}/cgroup")
    assert f"{user_unit.service}/stackd-mine/" in group, "a user's unit is delegated to the user"
    user_unit.write("  one: {command: [sleep, infinity]}\n  two: {command: [sleep, infinity]}\n")
    user_unit.systemctl("reload", user_unit.service)
    assert user_unit.replicas().keys() == {"one/0", "two/0"}
    user_unit.systemctl("stop", user_unit.service)
    # And by its socket.
    user_unit.systemctl("start", user_unit.socket)
    assert user_unit.replicas().keys() == {"one/0", "two/0"}
