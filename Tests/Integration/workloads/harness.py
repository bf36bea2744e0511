"""Starts the workloads as a supervisor does, and waits for events instead of sleeping."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[2]
BINARIES = Path(os.environ.get("STACKD_BIN", REPOSITORY / ".build/release"))
# Generous, since it is spent only where something is broken: the machine may be slow and busy.
DEADLINE = 30.0


class Program:
    """A running program, its notifications and its output."""

    def __init__(
        self,
        command: list[str | Path],
        log: Path,
        *,
        environment: dict[str, str] | None = None,
        listeners: dict[str, socket.socket] | None = None,
        stdin_open: bool = False,
    ) -> None:
        self.log = log
        self.notifications: list[str] = []
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        # An abstract name: the harness tests that form along the way, and leaves no file behind.
        self._notify.bind("")
        address = self._notify.getsockname().decode().replace("\0", "@", 1)
        variables = os.environ | (environment or {}) | {"NOTIFY_SOCKET": address}
        words = [str(word) for word in command]
        descriptors = [listener.fileno() for listener in (listeners or {}).values()]
        if listeners:
            pairs = [f"{name}={listener.fileno()}" for name, listener in listeners.items()]
            words = [sys.executable, str(HERE / "launch.py"), *pairs, "--", *words]
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE if stdin_open else subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=variables,
                pass_fds=descriptors,
                cwd=REPOSITORY / "stacks",
            )
        self._pidfd = os.pidfd_open(self.process.pid)

    def wait_for_notification(self, wanted: str, deadline: float = DEADLINE) -> None:
        """Returns when the program has said `wanted`; fails when it ends before, or takes too long."""
        end = time.monotonic() + deadline
        while not any(wanted in line for line in self.notifications):
            readable, _, _ = select.select([self._notify, self._pidfd], [], [], max(0, end - time.monotonic()))
            if self._notify in readable:
                self.notifications += self._notify.recv(4096).decode().splitlines()
            elif readable:
                raise AssertionError(f"ended before it said {wanted}:\n{self.output()}")
            else:
                raise AssertionError(f"did not say {wanted}, only {self.notifications}:\n{self.output()}")

    def wait_ready(self) -> "Program":
        self.wait_for_notification("READY=1")
        return self

    def send(self, number: signal.Signals) -> None:
        if self.process.poll() is None:
            signal.pidfd_send_signal(self._pidfd, number)

    def wait(self, deadline: float = DEADLINE) -> int:
        """The exit status."""
        try:
            return self.process.wait(deadline)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not end:\n{self.output()}") from None

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.send(number)
        try:
            return self.wait()
        finally:
            self.close()

    def close(self) -> None:
        """Ends it, whatever it does."""
        if self._pidfd < 0:
            return
        self.send(signal.SIGKILL)
        self.process.wait()
        os.close(self._pidfd)
        self._pidfd = -1
        self._notify.close()
        if self.process.stdin:
            self.process.stdin.close()

    def output(self) -> str:
        return self.log.read_text(errors="replace")


class Programs:
    """The programs of a test, all of which are gone after it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._stack = contextlib.ExitStack()
        self._count = 0

    def start(self, name: str, *arguments: str, **options) -> Program:
        return self.run([BINARIES / name, *arguments], **options)

    def run(self, command: list[str | Path], **options) -> Program:
        self._count += 1
        log = self.directory / f"{self._count}-{Path(command[0]).name}.log"
        program = Program(command, log, **options)
        self._stack.callback(program.close)
        return program

    def close(self) -> None:
        self._stack.close()


def listener() -> socket.socket:
    """A listening socket on a free port of the loopback interface."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    return listening


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def port_of(listening: socket.socket) -> int:
    return listening.getsockname()[1]


class Answer:
    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self):
        return json.loads(self.body)


def request(
    port: int, path: str, method: str = "GET", body: bytes | None = None, headers: dict[str, str] | None = None
) -> Answer:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


def eventually(condition: Callable[[], bool], what: str) -> None:
    """Asks again and again, for states that nothing announces; fails when the deadline is over."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, f"never came true: {what}"
        time.sleep(0.02)


def metric(port: int, name: str) -> float:
    """The sum of a metric's series; 0 where there is none."""
    total = 0.0
    for line in request(port, "/metrics").text.splitlines():
        if line.split("{")[0].split(" ")[0] == name:
            total += float(line.rsplit(" ", 1)[1])
    return total


@contextlib.contextmanager
def paused(program: Program) -> Iterator[None]:
    """Stops a program and all that it has started, as if it hung."""
    pids = [program.process.pid]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
        # Stopped, it starts nothing more, so the list is complete when its end is reached.
        pids += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
