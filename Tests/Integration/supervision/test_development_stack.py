"""The development stack as `make up` runs it, from start to end, with the clients' own tests in between."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from stack import BINARIES, REPOSITORY, Stack

PORTS = (8000, 8001, 8002, 9090, 9101, 9102, 9103, 9104)


@pytest.fixture
def development(stack: Stack) -> Iterator[Stack]:
    for port in PORTS:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                pytest.skip(f"something, perhaps a development stack, listens on port {port} already")
    # The same file under a name of its own, so that nobody's data is touched.
    (stack.directory / "name.yaml").write_text(f"name: {stack.name}\n")
    stack.environment["STACK_FILE"] = f"{REPOSITORY}/stacks/dev.yaml:{stack.directory}/name.yaml"
    stack.environment["STACKD_BIN"] = str(BINARIES)
    yield stack


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as response:
        return response.read().decode()


def test_it_comes_up_serves_real_clients_survives_a_crash_and_goes(development: Stack) -> None:
    stack = development
    stack.ctl("up", "-d", "--wait", "--wait-timeout", "120s", timeout=150)
    assert items()
    states = {name: replica["state"] for name, replica in stack.replicas().items()}
    assert states.pop("db-init/0") == states.pop("schema/0") == "completed"
    assert set(states.values()) == {"running"}
    stack.wait_for(lambda: prometheus_sees() == {"backend", "gateway", "mcp-database", "mcp-stack"})

    clients = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(REPOSITORY / "Tests/Integration/workloads")],
        env={**stack.environment, "DEV_STACK": "1", "STACK_RUN_DIR": str(stack.run_directory)},
        text=True, capture_output=True, timeout=300,
    )
    assert clients.returncode == 0, clients.stdout + clients.stderr

    crash_of_the_database(stack)
    stack.ctl("down")
    assert stack.processes() == []
    for port in PORTS:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0, f"port {port} is still served"


def items() -> list[dict[str, object]] | None:
    """What the backend has in the database; None where it cannot tell."""
    try:
        return json.loads(get("http://127.0.0.1:8000/items"))["items"]
    except urllib.error.HTTPError:
        return None


def prometheus_sees() -> set[str]:
    answer = json.loads(get("http://127.0.0.1:9090/api/v1/targets"))
    return {t["labels"]["service"] for t in answer["data"]["activeTargets"] if t["health"] == "up"}


def crash_of_the_database(stack: Stack) -> None:
    """What depends on it is out of rotation, and back when it is back; its crash is the one cause of it all."""
    before = stack.replicas()
    before_items = items()
    os.kill(before["db/0"]["pid"], signal.SIGKILL)
    stack.wait_for(lambda: stack.replica("db/0")["restarts"] >= 1)
    stack.wait_for(lambda: all(r["ready"] or r["state"] == "completed" for r in stack.replicas().values()))
    after = stack.replicas()
    assert after["db/0"]["pid"] != before["db/0"]["pid"]
    assert after["gateway/0"]["pid"] == before["gateway/0"]["pid"]
    # Until its next probe the backend may still count as ready with connections that are gone.
    stack.wait_for(lambda: items() == before_items)
