"""Services that are restarted when their files change, while somebody watches."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from stack import PATIENCE, Document, Stack, UnixConnection, wait_until


class Watcher:
    """A client that follows `POST /v1/watch`."""

    def __init__(self, stack: Stack) -> None:
        self.connection = UnixConnection(stack.socket_path, PATIENCE)
        self.connection.request("POST", "/v1/watch")
        self.response = self.connection.getresponse()
        assert self.response.status == 200, self.response.read()

    def next(self) -> Document:
        deadline = time.monotonic() + PATIENCE
        # Comments keep a stream alive on which nothing happens.
        while (line := self.response.readline()) and time.monotonic() < deadline:
            if line.startswith(b"data:"):
                return json.loads(line[5:])
        raise AssertionError("nothing was told in time")

    def close(self) -> None:
        # The response holds the socket, too.
        self.response.close()
        self.connection.close()


@pytest.fixture
def sources(stack: Stack) -> Any:
    """The directory that the service `web` watches."""
    directory = stack.directory / "src"
    directory.mkdir()
    return directory


def up(stack: Stack, watch: str = "{path: src, debounce: 300ms}") -> int:
    stack.up(
        f"""
services:
  web:
    command: [sleep, '1000']
    develop:
      watch: [{watch}]
  other: {{command: [sleep, '1000']}}
""",
        "--wait",
    )
    return stack.replica("web/0")["pid"]


def wait_restarted(stack: Stack, before: int) -> int:
    return stack.wait_for(lambda: pid if (pid := stack.replica("web/0")["pid"]) not in (None, before) else None)


def restarts(stack: Stack) -> int:
    """How often it was asked for that `web` be restarted."""
    return sum(event["code"] == "files_changed" and event["subject"] == "web" for event in stack.events())


def test_a_file_that_changes_restarts_its_service_alone(stack: Stack, sources: Any) -> None:
    before = up(stack)
    other = stack.replica("other/0")["pid"]
    watcher = Watcher(stack)
    (sources / "main.py").write_text("print(1)")
    change = watcher.next()
    assert (change["service"], change["paths"], change["count"]) == ("web", [str(sources / "main.py")], 1)
    wait_restarted(stack, before)
    assert stack.replica("other/0")["pid"] == other
    watcher.close()


def test_a_burst_is_one_restart(stack: Stack, sources: Any) -> None:
    before = up(stack, "{path: src, debounce: 1s}")
    watcher = Watcher(stack)
    for number in range(50):
        (sources / f"file{number}").write_text("x")
    (sources / "lib").mkdir()
    (sources / "lib" / "deep").write_text("x")
    change = watcher.next()
    assert change["count"] == 51
    wait_restarted(stack, before)
    (sources / "last").write_text("x")
    assert watcher.next()["paths"] == [str(sources / "last")]
    # It is told before it is done; a third would have been told in between.
    stack.wait_for(lambda: restarts(stack) >= 2)
    assert restarts(stack) == 2
    watcher.close()


def test_what_is_ignored_restarts_nothing(stack: Stack, sources: Any) -> None:
    up(stack, "{path: src, ignore: [cache/, '*.log'], include: ['**/*.py', '*.log'], debounce: 300ms}")
    for directory in ("cache", ".git", "lib"):
        (sources / directory).mkdir()
    watcher = Watcher(stack)
    for name in ("a.log", "readme.txt", "cache/x.py", ".git/index.py", ".main.py.swp", "main.py~", "lib/readme"):
        (sources / name).write_text("x")
    # As editors do: beside it, then in its place.
    (sources / "lib" / "new").write_text("x")
    (sources / "lib" / "new").rename(sources / "lib" / "main.py")
    change = watcher.next()
    assert change["paths"] == [str(sources / "lib" / "main.py")]
    assert change["count"] == 1
    stack.wait_for(lambda: restarts(stack))
    assert restarts(stack) == 1
    watcher.close()


def test_a_path_that_is_not_there_yet_is_waited_for(stack: Stack) -> None:
    before = up(stack, "{path: build/app, debounce: 300ms}")
    watcher = Watcher(stack)
    (stack.directory / "build").mkdir()
    (stack.directory / "build" / "app").write_text("x")
    assert watcher.next()["paths"] == [str(stack.directory / "build" / "app")]
    wait_restarted(stack, before)
    watcher.close()


def test_a_service_that_was_stopped_stays_so(stack: Stack, sources: Any) -> None:
    up(stack, "{path: src, debounce: 0}")
    stack.ctl("stop", "web")
    stack.wait_state("web/0", "stopped")
    watcher = Watcher(stack)
    (sources / "main.py").write_text("x")
    stack.ctl("start", "web")
    stack.wait_state("web/0", "running")
    (sources / "other.py").write_text("x")
    assert str(sources / "other.py") in watcher.next()["paths"]
    watcher.close()


def test_nothing_is_watched_when_nobody_follows(stack: Stack, sources: Any) -> None:
    up(stack)

    def instances() -> int:
        return sum("inotify" in target(descriptor) for descriptor in Path(f"/proc/{stack.daemon_pid}/fd").iterdir())

    def target(descriptor: Path) -> str:
        try:
            return os.readlink(descriptor)
        except FileNotFoundError:
            # The connection that asked for the pid, say, is closed by now.
            return ""

    assert instances() == 0
    watcher = Watcher(stack)
    assert instances() == 1
    watcher.close()
    wait_until(lambda: instances() == 0)


def test_a_watch_that_changes_is_the_new_one(stack: Stack, sources: Any) -> None:
    before = up(stack)
    (stack.directory / "elsewhere").mkdir()
    watcher = Watcher(stack)
    text = (stack.directory / "stack.yaml").read_text()
    (stack.directory / "stack.yaml").write_text(text.replace("path: src", "path: elsewhere"))
    status, plan = stack.post("/v1/apply", {})
    assert status == 202
    assert {change["service"]: change["kind"] for change in plan["changes"] if change["kind"] != "none"} == {"web": "live"}
    assert stack.replica("web/0")["pid"] == before
    (sources / "main.py").write_text("x")
    (stack.directory / "elsewhere" / "main.py").write_text("x")
    assert watcher.next()["paths"] == [str(stack.directory / "elsewhere" / "main.py")]
    watcher.close()
