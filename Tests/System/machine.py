"""A machine that runs systemd, whatever it is made of, and the stacks that systemd runs there."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

# Long enough for a slow, shared machine; a test that passes does not wait for it.
PATIENCE = 120.0

Result = subprocess.CompletedProcess[str]


class Machine(ABC):
    @abstractmethod
    def execute(self, command: list[str], input: str) -> Result:
        """Runs a command inside, as root."""

    @abstractmethod
    def close(self) -> None:
        """Ends it, with all that runs inside."""

    def run(self, *command: str, check: bool = True, user: str | None = None, input: str = "") -> Result:
        inside = ["env", "-i", "PATH=/usr/bin:/usr/sbin:/bin:/sbin", "LANG=C.UTF-8"]
        if user is not None:
            uid = self.run("id", "-u", user).stdout.strip()
            inside += [f"XDG_RUNTIME_DIR=/run/user/{uid}", f"HOME=/home/{user}"]
            inside += ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--init-groups"]
        done = self.execute([*inside, *command], input)
        assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def is_booted(self) -> bool:
        return self.run("systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded")

    def write(self, path: str, text: str) -> None:
        self.run("sh", "-c", 'mkdir -p "$(dirname "$0")" && cat >"$0"', path, input=text)

    def read(self, path: str) -> str:
        return self.run("cat", path).stdout

    def pids(self, marker: str) -> dict[int, list[str]]:
        """The processes that have the variable `marker` ("NAME=value") in their environment: pids inside, arguments."""
        # Some may end while they are looked at.
        script = """
            for process in $(grep -lazxs "$0" /proc/[0-9]*/environ | cut -d / -f 3); do
                arguments=$(base64 -w0 /proc/$process/cmdline 2>/dev/null) && echo "$process $arguments"
            done; true"""
        processes = {}
        for line in self.run("sh", "-c", script, marker).stdout.splitlines():
            pid, _, arguments = line.partition(" ")
            if arguments:
                processes[int(pid)] = [part.decode() for part in base64.b64decode(arguments).split(b"\0")[:-1]]
        return processes


class Unit:
    """stackd@NAME.service of a machine, or of one of its users."""

    def __init__(self, machine: Machine, name: str, user: str | None = None) -> None:
        self.machine = machine
        self.name = name
        self.user = user
        self.service = f"stackd@{name}.service"
        self.socket = f"stackd@{name}.socket"

    @property
    def file(self) -> str:
        return f"/etc/stackd/{self.name}.yaml"

    @property
    def control_socket(self) -> str:
        return f"/run/stackd/{self.name}/control/socket"

    def write(self, services: str) -> None:
        self.machine.write(self.file, f"name: {self.name}\nservices:\n{services}")

    def drop_in(self, text: str) -> None:
        self.machine.write(f"/etc/systemd/system/{self.service}.d/test.conf", f"[Service]\n{text}\n")
        self.systemctl("daemon-reload")

    def systemctl(self, *arguments: str, check: bool = True) -> Result:
        scope = ["--user"] if self.user else []
        return self.machine.run("systemctl", *scope, *arguments, check=check, user=self.user)

    def start(self, check: bool = True) -> Result:
        return self.systemctl("start", self.service, check=check)

    def stop(self) -> None:
        self.systemctl("stop", self.socket, self.service)

    def show(self, *properties: str) -> dict[str, str]:
        lines = self.systemctl("show", self.service, f"--property={','.join(properties)}").stdout.splitlines()
        return dict(line.split("=", 1) for line in lines)

    def property(self, name: str) -> str:
        return self.show(name)[name]

    def await_property(self, name: str, value: str | Callable[[str], bool]) -> str:
        seen = ""

        def matches() -> bool:
            nonlocal seen
            seen = self.property(name)
            return value(seen) if callable(value) else seen == value

        wait_until(matches, lambda: f"{name} is {seen!r}\n{self.journal()}")
        return seen

    def ctl(self, *arguments: str, check: bool = True) -> Result:
        return self.machine.run("stackctl", "--socket", self.control_socket, *arguments, check=check, user=self.user)

    def replicas(self) -> dict[str, dict[str, Any]]:
        listed = json.loads(self.ctl("ps", "--output", "json").stdout)
        return {f"{replica['service']}/{replica['replica']}": replica for replica in listed}

    def processes(self) -> dict[int, list[str]]:
        return self.machine.pids(f"STACKD_STACK={self.name}")

    def journal(self) -> str:
        return self.machine.run("journalctl", "--no-pager", "-o", "cat", "-n", "60", f"--unit={self.service}").stdout

    def entries(self, *matches: str) -> list[dict[str, Any]]:
        lines = self.machine.run("journalctl", "--no-pager", "-o", "json", *matches).stdout.splitlines()
        return [json.loads(line) for line in lines]


def wait_until(condition: Callable[[], Any], explanation: Callable[[], str] = lambda: "") -> Any:
    """For what no event tells: looks again and again, with a deadline."""
    deadline = time.monotonic() + PATIENCE
    while not (result := condition()):
        assert time.monotonic() < deadline, f"not in time: {explanation()}"
        time.sleep(0.05)
    return result
