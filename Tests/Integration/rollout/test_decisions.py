"""What an operator, or another change, decides in the middle of a rollout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from stack import PYTHON, Stack, free_port, wait_until
from stacks import SERVER, instances


def release(port: int, version: str, condition: str = "ok", rollout: str = "{max_surge: 1}") -> str:
    return f"""
services:
  web:
    command: [{PYTHON}, {SERVER}, {version}, {condition}]
    replicas: 3
    listen: {{http: "127.0.0.1:{port}"}}
    notify: true
    rollout: {rollout}
"""


CANARY = "{steps: [{replicas: 1}, {pause: {}}]}"


def rollout(stack: Stack) -> Any:
    return stack.get("/v1/services/web")["rollout"]


def wait_phase(stack: Stack, phase: str) -> None:
    stack.wait_for(lambda: (now := rollout(stack)) and now["phase"] == phase)


def versions(stack: Stack) -> list[str]:
    """The version of each process, incoming and outgoing ones too, by their own command lines."""
    found = []
    for pid in stack.processes():
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if len(words) > 3 and words[1].endswith(b"server.py"):
            found.append(words[2].decode())
    return sorted(found)


def wait_versions(stack: Stack, *wanted: str) -> None:
    """An outgoing one may still be ending where the rollout has come to its next step already."""
    wait_until(lambda: versions(stack) == sorted(wanted))


def test_a_canary_waits_for_its_promotion(stack: Stack) -> None:
    port = free_port()
    stack.up(release(port, "v1", rollout=CANARY), "--wait")
    stack.write(release(port, "v2", rollout=CANARY))
    stack.ctl("apply", "--no-wait")
    wait_phase(stack, "paused")
    wait_versions(stack, "v1", "v1", "v2")
    stack.ctl("rollout", "promote", "web")
    wait_versions(stack, *["v2"] * 3)
    assert stack.get("/v1/services/web")["history"][0]["outcome"] == "good"


def test_a_canary_is_undone(stack: Stack) -> None:
    port = free_port()
    stack.up(release(port, "v1", rollout=CANARY), "--wait")
    before = instances(stack, "web")
    stack.write(release(port, "v2", rollout=CANARY))
    stack.ctl("apply", "--no-wait")
    wait_phase(stack, "paused")
    stack.ctl("rollout", "undo", "web")
    wait_versions(stack, *["v1"] * 3)
    # The canary's slot has a new instance; what was not touched was not touched.
    assert len(set(instances(stack, "web").values()) & set(before.values())) == 2


def test_a_change_in_the_middle_takes_over(stack: Stack) -> None:
    port = free_port()
    stack.up(release(port, "v1", rollout=CANARY), "--wait")
    stack.write(release(port, "v2", rollout=CANARY))
    stack.ctl("apply", "--no-wait")
    wait_phase(stack, "paused")
    # This one never gets ready, and is taken over in its turn, before its deadline.
    stack.write(release(port, "v3", "mute"))
    stack.ctl("apply", "--no-wait")
    stack.wait_for(lambda: rollout(stack)["phase"] == "progressing" and "v3" in versions(stack))
    stack.write(release(port, "v4"))
    stack.ctl("apply")
    # Of those in between nothing is left.
    wait_versions(stack, *["v4"] * 3)


def test_a_pause_stops_it_and_an_older_revision_can_be_had_back(stack: Stack) -> None:
    port = free_port()
    slow = "{max_surge: 1, min_ready: 1s}"
    stack.up(release(port, "v1", rollout=slow), "--wait")
    stack.write(release(port, "v2", rollout=slow))
    stack.ctl("apply", "--no-wait")
    stack.wait_for(lambda: (now := rollout(stack)) and now["updated"] == 1)
    stack.ctl("rollout", "pause", "web")
    assert rollout(stack)["phase"] == "paused"
    assert stack.ctl("rollout", "status", "--no-wait", "web").stdout
    assert "v1" in versions(stack)
    stack.ctl("rollout", "resume", "web")
    wait_versions(stack, *["v2"] * 3)
    stack.write(release(port, "v3"))
    stack.ctl("apply")
    first = stack.get("/v1/services/web")["history"][-1]["number"]
    stack.ctl("rollout", "undo", "--to-revision", str(first), "web")
    wait_versions(stack, *["v1"] * 3)
    history = json.loads(stack.ctl("rollout", "history", "web", "--output", "json").stdout)
    assert history[0]["cause"] == "undone" and history[0]["number"] > history[1]["number"]


def test_a_rollout_that_stands_still_where_it_failed_can_be_undone(stack: Stack) -> None:
    port = free_port()
    patient = "{max_surge: 1, on_failure: pause}"
    stack.up(release(port, "v1", rollout=patient), "--wait")
    before = instances(stack, "web")
    stack.write(release(port, "v2", "crash", patient))
    result = stack.ctl("apply", check=1)
    assert "exited with status 1" in result.stdout + result.stderr
    assert rollout(stack)["phase"] == "failed"
    stack.ctl("rollout", "undo", "web")
    wait_versions(stack, *["v1"] * 3)
    assert instances(stack, "web") == before
