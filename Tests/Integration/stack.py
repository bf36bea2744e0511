"""One stack under the real stackd and stackctl, and what a test can see of it from outside."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
BINARIES = Path(os.environ.get("STACKD_BIN", REPOSITORY / ".build" / "release"))
STACKCTL = BINARIES / "stackctl"
STACKD = BINARIES / "stackd"

# The host's own, which every user may run, where there is one; this one may be in somebody's home.
PYTHON = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable

# Long enough for a slow, shared machine; a test that passes does not wait for it.
PATIENCE = 60.0

Document = dict[str, Any]


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("stackd", timeout=timeout)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Stack:
    """A stack of a name of its own, in a directory of its own."""

    def __init__(self, directory: Path, name: str, user: int | None = None) -> None:
        self.directory = directory
        self.name = name
        self.user = user
        self.environment = {**os.environ, "NO_COLOR": "1"}
        if user is None and os.geteuid() == 0:
            self.run_directory = Path("/run/stackd") / name
            self.state_directory = Path("/var/lib/stackd") / name
        else:
            self.environment["XDG_RUNTIME_DIR"] = str(directory / "r")
            self.environment["XDG_STATE_HOME"] = str(directory / "s")
            self.run_directory = directory / "r" / "stackd" / name
            self.state_directory = directory / "s" / "stackd" / name
            for parent in ("r", "s"):
                (directory / parent).mkdir(mode=0o700, exist_ok=True)
                if user is not None:
                    os.chown(directory / parent, user, user)

    @property
    def socket_path(self) -> str:
        return str(self.run_directory / "control" / "socket")

    # -- the command line

    def write(self, text: str) -> None:
        (self.directory / "stack.yaml").write_text(f"name: {self.name}\n{text}")

    def ctl(self, *arguments: str, check: int | None = 0, timeout: float = PATIENCE) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            [str(STACKCTL), *arguments], cwd=self.directory, env=self.environment, text=True, capture_output=True,
            timeout=timeout, user=self.user, stdin=subprocess.DEVNULL,
        )
        if check is not None:
            assert result.returncode == check, f"{arguments}: {result.returncode}\n{result.stdout}\n{result.stderr}"
        return result

    def up(self, text: str, *arguments: str, check: int | None = 0) -> subprocess.CompletedProcess[str]:
        self.write(text)
        return self.ctl("up", "-d", *arguments, check=check)

    def explain(self, subject: str) -> str:
        return self.ctl("explain", subject).stdout

    # -- the control API

    def get(self, path: str) -> Any:
        connection = UnixConnection(self.socket_path, PATIENCE)
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        assert response.status == 200, body
        return json.loads(body)

    def post(self, path: str, body: Document | None = None) -> tuple[int, Any]:
        """The status and the document of the answer, whatever they are."""
        connection = UnixConnection(self.socket_path, PATIENCE)
        headers = {} if body is None else {"Content-Type": "application/json"}
        connection.request("POST", path, body=None if body is None else json.dumps(body), headers=headers)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return response.status, json.loads(text)

    def replicas(self) -> dict[str, Document]:
        return {
            f"{replica['service']}/{replica['replica']}": replica
            for service in self.get("/v1/services")
            for replica in service["replicas"]
        }

    def replica(self, name: str) -> Document:
        return self.replicas()[name]

    def events(self) -> list[Document]:
        return self.get("/v1/events?follow=false")

    def wait_for(self, condition: Callable[[], Any], timeout: float = PATIENCE) -> Any:
        """Looks again after each event of the stack, until the condition holds."""
        deadline = time.monotonic() + timeout
        connection = UnixConnection(self.socket_path, timeout)
        connection.request("GET", "/v1/events", headers={"Accept": "text/event-stream"})
        stream = connection.getresponse()
        try:
            while True:
                if result := condition():
                    return result
                if time.monotonic() > deadline:
                    raise AssertionError(f"not in time; {json.dumps(self.replicas(), indent=1)}")
                # A file, not an event, may be what is waited for: so no wait for an event is long.
                connection_socket = stream.fp.raw._sock  # type: ignore[union-attr]
                connection_socket.settimeout(0.25)
                try:
                    stream.readline()
                except TimeoutError:
                    # http.client gives a connection up after a timeout: it is followed anew.
                    connection.close()
                    connection = UnixConnection(self.socket_path, timeout)
                    connection.request("GET", "/v1/events", headers={"Accept": "text/event-stream"})
                    stream = connection.getresponse()
        finally:
            connection.close()

    def wait_ready(self, *names: str) -> None:
        self.wait_for(lambda: all(self.replica(name)["ready"] for name in names))

    def wait_state(self, name: str, *states: str) -> Document:
        return self.wait_for(lambda: self.replica(name) if self.replica(name)["state"] in states else None)

    def wait_event(self, code: str, subject: str = "") -> Document:
        def find() -> Document | None:
            return next(
                (e for e in reversed(self.events()) if e["code"] == code and e["subject"].startswith(subject)), None
            )

        return self.wait_for(find)

    # -- processes

    @property
    def daemon_pid(self) -> int:
        return int(self.get("/v1/stack")["daemon"]["pid"])

    def kill_daemon(self) -> None:
        pid = self.daemon_pid
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not is_alive(pid))

    def processes(self) -> list[int]:
        """Everything that runs with this stack's name in its environment, the daemon not counted."""
        wanted = f"STACKD_STACK={self.name}".encode()
        return [pid for pid, environment in environments() if wanted in environment.split(b"\0")]

    def close(self) -> None:
        """Ends what the test left, and fails the test where the daemon did not."""
        try:
            if Path(self.socket_path).exists():
                self.ctl("down", check=None)
        finally:
            left = self.processes()
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            for directory in (self.run_directory, self.state_directory):
                shutil.rmtree(directory, ignore_errors=True)
        assert not left, f"processes of {self.name} were left running: {left}"


def environments() -> Iterator[tuple[int, bytes]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                # A zombie has an empty one.
                yield int(entry.name), (entry / "environ").read_bytes()
            except OSError:
                continue


def is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in ("Z", "X")


def wait_until(condition: Callable[[], Any], timeout: float = PATIENCE) -> Any:
    """For what no event tells: looks again and again, with a deadline."""
    deadline = time.monotonic() + timeout
    while not (result := condition()):
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.02)
    return result


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
