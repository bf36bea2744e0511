"""A machine that is a container: systemd with cgroups of its own, on files that it cannot change."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from machine import PATIENCE, Machine, Result, wait_until
from root import Unavailable

numbers = itertools.count()


class Container(Machine):
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
        return super().is_booted()

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

    def execute(self, command: list[str], input: str) -> Result:
        inside = ["nsenter", f"--target={self.init}", "--all", *command]
        return subprocess.run(inside, input=input, text=True, capture_output=True, timeout=2 * PATIENCE)

    def path(self, path: str) -> Path:
        """A path inside, as this process reaches it."""
        return Path(f"/proc/{self.init}/root{path}")

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
