"""A machine with a kernel of its own, emulated: so it has all of cgroup v2, whatever this one has, and needs no KVM."""

from __future__ import annotations

import contextlib
import platform
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import image
from machine import PATIENCE, Machine, Result
from root import Unavailable

EMULATOR = "qemu-system-x86_64"
# The agent ends a command before that.
PATIENCE_FOR_A_COMMAND = 240.0


class EmulatedMachine(Machine):
    def __init__(self, files: Path, package: Path) -> None:
        for program in (EMULATOR, "mke2fs"):
            if shutil.which(program) is None:
                raise Unavailable(f"{program} is not installed")
        if platform.machine() != "x86_64":
            raise Unavailable(f"no machine is emulated on {platform.machine()}")
        kernel = image.kernel()
        self.directory = Path(tempfile.mkdtemp(prefix="stackd-system-"))
        self.received = b""
        with contextlib.ExitStack() as undo:
            undo.callback(shutil.rmtree, self.directory)
            disk = image.disk(files, package, self.directory)
            self.channel, inside = socket.socketpair()
            self.emulator = self.boot(kernel, disk, inside)
            inside.close()
            undo.callback(self.end)
            greeting = self.line(2 * PATIENCE)
            assert greeting == b"ready", greeting
            # The emulator has it open; so it goes with it, however the tests end.
            disk.unlink()
            self.undo = undo.pop_all()

    def boot(self, kernel: Path, disk: Path, channel: socket.socket) -> subprocess.Popen[bytes]:
        command_line = (
            # Without udev nobody would say that there is a terminal to log in on.
            "root=/dev/nvme0n1 rootfstype=ext4 rw console=ttyS0 quiet mitigations=off psi=1 systemd.getty_auto=0")
        with open(self.directory / "errors", "w") as errors:
            return subprocess.Popen(
                [
                    # It ends with the tests, however they end.
                    "setpriv", "--pdeathsig=KILL", EMULATOR, "-nodefaults", "-no-user-config", "-display", "none",
                    "-accel", "tcg,thread=multi", "-machine", "q35", "-cpu", "max", "-smp", "2",
                    "-m", "1024", "-no-reboot", "-kernel", kernel, "-append", command_line,
                    "-drive", f"file={disk},format=raw,if=none,id=disk,cache=unsafe",
                    "-device", "nvme,drive=disk,serial=disk",
                    "-serial", f"file:{self.console}", "-chardev", "stdio,id=agent,signal=off",
                    "-serial", "chardev:agent",
                ],
                stdin=channel, stdout=channel, stderr=errors)

    @property
    def console(self) -> Path:
        return self.directory / "console"

    def line(self, patience: float) -> bytes:
        """The next that the agent writes. A machine that stays silent is ended: nothing can be asked of it any more."""
        deadline = time.monotonic() + patience
        try:
            while b"\n" not in self.received:
                self.channel.settimeout(max(deadline - time.monotonic(), 0.001))
                chunk = self.channel.recv(1 << 16)
                if not chunk:
                    raise Unavailable(f"{EMULATOR} ended: {self.last_words('errors')}")
                self.received += chunk
        except TimeoutError as error:
            self.end()
            raise AssertionError(f"no answer of the machine: {self.last_words('console')}") from error
        line, _, self.received = self.received.partition(b"\n")
        return line

    def last_words(self, file: str) -> str:
        return "; ".join((self.directory / file).read_text(errors="replace").strip().splitlines()[-5:])

    def execute(self, command: list[str], input: str) -> Result:
        request = [part.encode().hex().encode() for part in ("\0".join(command), input)]
        self.channel.settimeout(PATIENCE)
        self.channel.sendall(b" ".join(request) + b"\n")
        status, *answer = self.line(PATIENCE_FOR_A_COMMAND).decode().split(" ")
        output, errors = (bytes.fromhex(part).decode(errors="replace") for part in answer)
        return Result(command, int(status), output, errors)

    def end(self) -> None:
        self.emulator.kill()
        self.emulator.wait()
        self.channel.close()

    def close(self) -> None:
        self.undo.close()
