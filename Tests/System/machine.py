"""A machine that runs systemd: a container with cgroups of its own, on files that it cannot change."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from root import Unavailable

# Long enough for a slow, shared machine; a test that passes does not wait for it.
PATIENCE = 60.0

numbers = itertools.count()
Result = subprocess.CompletedProcess[str]


class Machine:
    def __init__(self, root: Path) -> None:
        self.name = f"stackd-test-{os.getpid()}-{next(numbers)}"
        self.directory = Path(tempfile.mkdtemp(prefix="stackd-system-"))
        self.cgroups = [group / self.name for group in hierarchies()]
        try:
            for group in self.cgroups:
                group.mkdir()
            self.container = self.boot(root)
        except (OSError, subprocess.SubprocessError) as error:
            raise Unavailable(f"a container with cgroups of its own cannot be started: {error}") from error
        try:
            self.init = wait_until(self.first_process)
            wait_until(self.is_booted)
        except BaseException:
            self.close()
            raise

    def boot(self, root: Path) -> subprocess.Popen[bytes]:
        with open(self.log, "w") as log:
            return subprocess.Popen(
                [
                    # Not registered: a host without systemd has nobody to register it with.
                    "systemd-nspawn", "--register=no", "--keep-unit", "--quiet", "--private-network",
                    "--volatile=overlay", "--console=pipe", f"--machine={self.name}", f"--directory={root}", "--boot",
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=self.enter_cgroups,
                # As hosts have it today, whatever this one has.
                env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            )

    @property
    def log(self) -> Path:
        return self.directory / "console"

    def enter_cgroups(self) -> None:
        for group in self.cgroups:
            (group / "cgroup.procs").write_text("0")

    def first_process(self) -> int | None:
        if self.container.poll() is not None:
            lines = self.log.read_text().strip().splitlines()
            raise Unavailable("systemd-nspawn cannot boot here: " + "; ".join(lines[-3:]))
        for child in Path(f"/proc/{self.container.pid}/task/{self.container.pid}/children").read_text().split():
            # systemd-nspawn has other children on its way, but none that is the first of a namespace.
            with contextlib.suppress(OSError):
                status = Path(f"/proc/{child}/status").read_text()
                if "\nNSpid:" in status and status.partition("\nNSpid:")[2].split("\n")[0].split()[1:] == ["1"]:
                    return int(child)
        return None

    def is_booted(self) -> bool:
        self.first_process()
        return self.run("systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded")

    def close(self) -> None:
        for group in self.cgroups:
            # Whoever is inside belongs to it; the kernel has this on cgroup v2 only, where all of them are.
            if (group / "cgroup.kill").exists():
                (group / "cgroup.kill").write_text("1")
        self.container.kill()
        self.container.wait()
        for group in self.cgroups:
            wait_until(lambda: remove_cgroup(group))
        shutil.rmtree(self.directory)

    # -- inside

    def run(self, *command: str, check: bool = True, user: str | None = None) -> Result:
        inside = ["nsenter", f"--target={self.init}", "--all"]
        inside += ["env", "-i", "PATH=/usr/bin:/usr/sbin:/bin:/sbin", "LANG=C.UTF-8"]
        if user is not None:
            uid = self.run("id", "-u", user).stdout.strip()
            inside += [f"XDG_RUNTIME_DIR=/run/user/{uid}", f"HOME=/home/{user}"]
            inside += ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--init-groups"]
        done = subprocess.run(
            [*inside, *command], stdin=subprocess.DEVNULL, text=True, capture_output=True, timeout=4 * PATIENCE)
        assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def path(self, path: str) -> Path:
        """A path inside, as this process reaches it."""
        return Path(f"/proc/{self.init}/root{path}")

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        file = self.path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def outside(self, pid: int) -> int:
        """What the host calls a process."""
        namespace = os.readlink(f"/proc/{self.init}/ns/pid")
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and os.readlink(entry / "ns" / "pid") == namespace:
                    status = (entry / "status").read_text()
                    if int(status.partition("\nNSpid:")[2].split("\n")[0].split()[-1]) == pid:
                        return int(entry.name)
        raise ProcessLookupError(pid)

    def pids(self, marker: str) -> dict[int, list[str]]:
        """The processes that have the variable `marker` ("NAME=value") in their environment: pids inside, arguments."""
        found = self.run("sh", "-c", f"grep -lazxs '{marker}' /proc/[0-9]*/environ || true").stdout.split()
        processes = {}
        for file in found:
            with contextlib.suppress(OSError):
                arguments = self.path(file).with_name("cmdline").read_bytes().split(b"\0")[:-1]
                if arguments:
                    processes[int(file.split("/")[2])] = [argument.decode() for argument in arguments]
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


def hierarchies() -> Iterator[Path]:
    """This process's cgroup in each hierarchy that systemd may use."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        number, controllers, group = line.split(":", 2)
        for mount in mounts:
            is_unified = number == "0" and mount[2] == "cgroup2"
            if is_unified or (controllers == "name=systemd" and controllers in mount[3].split(",")):
                yield Path(mount[1] + group)
                break


def remove_cgroup(group: Path) -> bool:
    """Whether it is gone, with all below it."""
    for directory, _, _ in os.walk(group, topdown=False):
        with contextlib.suppress(OSError):
            os.rmdir(directory)
    return not group.exists()


def wait_until(condition: Callable[[], Any], explanation: Callable[[], str] = lambda: "") -> Any:
    """For what no event tells: looks again and again, with a deadline."""
    deadline = time.monotonic() + PATIENCE
    while not (result := condition()):
        assert time.monotonic() < deadline, f"not in time: {explanation()}"
        time.sleep(0.05)
    return result
