"""Constant load on an address, and what came of every request.

wrk saturates a server, but tells nothing of a request that is never answered, and of the kind of a failure. So beside
it a few clients in Python ask one request at a time, and account for each of them.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

# Far longer than any request may take: what is not answered by then is lost.
PATIENCE = 30.0


@dataclass
class Outcome:
    """What came of the requests of one client."""

    client: str
    served: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    # Where the client measures them: how long it ran, and milliseconds by percentile.
    seconds: float = 0
    latency: dict[int, float] = field(default_factory=dict)

    @property
    def failed(self) -> int:
        return self.failures.total()


class Wrk:
    """wrk at saturation, until it is told to stop."""

    def __init__(self, url: str, connections: int, *, keep_alive: bool) -> None:
        self.name = "wrk, keep-alive" if keep_alive else "wrk, one request a connection"
        headers = [] if keep_alive else ["-H", "Connection: close"]
        self._process = subprocess.Popen(
            ["wrk", "-t", "1", "-c", str(connections), "-d", "1h", "--timeout", f"{PATIENCE:.0f}s", "--latency",
             *headers, url],
            stdout=subprocess.PIPE, text=True,
        )

    def stop(self) -> Outcome:
        self._process.send_signal(signal.SIGINT)
        report, _ = self._process.communicate(timeout=PATIENCE)
        outcome = Outcome(self.name)
        if found := re.search(r"(\d+) requests in ([\d.]+)(us|ms|s|m|h),", report):
            outcome.served, outcome.seconds = int(found[1]), milliseconds(found[2], found[3]) / 1e3
        for percent, number, unit in re.findall(r"^ +(\d+)% +([\d.]+)(us|ms|s|m|h)$", report, re.MULTILINE):
            outcome.latency[int(percent)] = milliseconds(number, unit)
        if found := re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", report):
            outcome.failures.update(dict(zip(("connect", "read", "write", "timeout"), map(int, found.groups()))))
        if found := re.search(r"Non-2xx or 3xx responses: (\d+)", report):
            outcome.failures["status"] += int(found[1])
        return outcome


def milliseconds(number: str, unit: str) -> float:
    """A time as wrk writes it."""
    return float(number) * {"us": 1e-3, "ms": 1, "s": 1e3, "m": 60e3, "h": 3600e3}[unit]


class Accountant:
    """Threads that ask one request after the other, with a pause between two; none goes uncounted."""

    def __init__(self, port: int, path: str, threads: int, *, keep_alive: bool, pause: float = 0) -> None:
        self.outcome = Outcome("one by one, keep-alive" if keep_alive else "one by one, one request a connection")
        self._request = (port, path, {} if keep_alive else {"Connection": "close"})
        self._enough = threading.Event()
        self._pause = pause
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def _run(self) -> None:
        port, path, headers = self._request
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        while not self._enough.is_set():
            try:
                # Connects again by itself where the answer before said that the connection ends.
                connection.request("GET", path, headers=headers)
                response = connection.getresponse()
                text = response.read().decode(errors="replace").strip()
                failure = None if response.status < 400 else f"status {response.status}: {text}"
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                failure = f"{type(error).__name__}: {error}"
            with self._lock:
                if failure is None:
                    self.outcome.served += 1
                else:
                    self.outcome.failures[failure] += 1
            self._enough.wait(self._pause)
        connection.close()

    def stop(self) -> Outcome:
        self._enough.set()
        for thread in self._threads:
            thread.join()
        return self.outcome


class Load:
    """All kinds of clients at once."""

    def __init__(self, port: int, path: str, connections: int) -> None:
        url = f"http://127.0.0.1:{port}{path}"
        self._accountants = [Accountant(port, path, 2, keep_alive=kept) for kept in (True, False)]
        self._clients = [Wrk(url, connections, keep_alive=kept) for kept in (True, False)] + self._accountants
        self.outcomes: list[Outcome] = []

    def served(self) -> int:
        """How many requests were served so far, those of wrk not counted, which tells only in the end."""
        return sum(accountant.outcome.served for accountant in self._accountants)

    def stop(self) -> list[Outcome]:
        if not self.outcomes:
            self.outcomes = [client.stop() for client in self._clients]
        return self.outcomes


@contextlib.contextmanager
def load(port: int, path: str = "/", connections: int = 16) -> Iterator[Load]:
    """Load for as long as the block takes."""
    running = Load(port, path, connections)
    try:
        yield running
    finally:
        running.stop()
