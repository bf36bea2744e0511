"""Rollouts as whoever releases something meets them: what apply tells, and the verbs that decide."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from stack import PATIENCE, STACKCTL, Stack, free_port, is_alive, wait_until


def web(program: str = "echo serving; exec sleep 1000", *, version: str = "1", more: str = "") -> str:
    return f"""
services:
  web:
    command: [sh, -c, "{program}"]
    environment: {{VERSION: "{version}"}}
    replicas: 2
    restart: {{policy: always, backoff: {{initial: 50ms}}}}
    probes: {{readiness: {{log: serving}}}}
    {more}
"""


CRASH = "echo broken; exit 3"
CANARY = "rollout: {steps: [{replicas: 1}, {pause: {}}]}"


def pids(stack: Stack) -> dict[str, int]:
    return {name: replica["pid"] for name, replica in stack.replicas().items()}


def versions(stack: Stack) -> set[bytes]:
    entries: set[bytes] = set()
    for pid in pids(stack).values():
        # One that is being replaced may be gone by now.
        with contextlib.suppress(FileNotFoundError):
            entries |= set(Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"))
    return {entry for entry in entries if entry.startswith(b"VERSION=")}


def status(stack: Stack, check: int = 0) -> dict:
    [document] = json.loads(stack.ctl("rollout", "status", "web", "--no-wait", "--output", "json", check=check).stdout)
    return document


def phase(stack: Stack) -> str | None:
    rollout = stack.get("/v1/services/web/rollout").get("rollout")
    return rollout and rollout["phase"]


def begin(stack: Stack, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(STACKCTL), *arguments], cwd=stack.directory, env=stack.environment, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_release_is_followed_and_can_be_undone(stack: Stack) -> None:
    # Long enough for both to be seen.
    slow = "rollout: {min_ready: 500ms}"
    stack.up(web(more=slow), "--wait")
    # What has not been ready for long enough is nothing to go back to.
    stack.wait_for(lambda: stack.get("/v1/services/web/rollout")["history"][0]["outcome"] == "good")
    before = pids(stack)
    stack.write(web(version="2", more=slow))
    told = stack.ctl("apply")
    assert "+/- web" in told.stdout and "1 to roll out" in told.stdout
    assert "web/1 (new)" in told.stderr and "web: rollout 2 is done" in told.stderr
    assert pids(stack).keys() == before.keys() and set(pids(stack).values()).isdisjoint(before.values())
    assert versions(stack) == {b"VERSION=2"}
    assert "rollout 2 is done" in stack.ctl("rollout", "status").stdout

    stack.ctl("rollout", "undo", "web")
    assert versions(stack) == {b"VERSION=1"}
    history = json.loads(stack.ctl("rollout", "history", "web", "--output", "json").stdout)
    assert [(revision["number"], revision["cause"], revision["outcome"]) for revision in history] == [
        (3, "undone", "good"), (2, "changed", "good"), (1, "started", "good")]
    assert history[0]["revision"] == history[2]["revision"]
    assert stack.ctl("rollout", "history", "web").stdout.splitlines()[1].startswith("3 ")
    assert "outcome     good" in stack.ctl("rollout", "history", "web", "--revision", "2").stdout
    stack.ctl("rollout", "undo", "web", "--to-revision", "2")
    assert versions(stack) == {b"VERSION=2"}
    stack.ctl("rollout", "undo", "web", "--to-revision", "77", check=1)


@pytest.mark.parametrize("verb", [["apply"], ["reload"], ["up", "-d", "--wait"]])
def test_a_release_that_crashes_is_rolled_back_with_a_status_and_a_cause(stack: Stack, verb: list[str]) -> None:
    stack.up(web(), "--wait")
    before = pids(stack)
    stack.write(web(CRASH))
    told = stack.ctl(*verb, check=7).stderr
    assert "web was rolled back to revision 1" in told and "status 3" in told and "stackctl explain web" in told
    assert pids(stack) == before
    assert "status 3" in stack.ctl("rollout", "status", "--no-wait", check=7).stdout
    assert status(stack, check=7)["history"][1]["outcome"] == "failed"
    assert "status 3" in stack.ctl("rollout", "history", "web").stdout


def test_a_release_that_fails_can_stand_still_until_somebody_decides(stack: Stack) -> None:
    pause = "rollout: {on_failure: pause}"
    stack.up(web(more=pause), "--wait")
    before = pids(stack)
    stack.write(web(CRASH, more=pause))
    told = stack.ctl("apply", check=1).stderr
    assert "stands still" in told and "stackctl rollout undo web" in told and "stackctl rollout resume web" in told
    assert phase(stack) == "failed"
    assert "web: rollout 2 failed" in stack.ctl("explain", "web").stdout
    stack.ctl("rollout", "status", check=1)
    stack.ctl("rollout", "undo", "web")
    assert phase(stack) is None and pids(stack) == before


def test_a_canary_waits_to_be_promoted_and_the_release_with_it(stack: Stack) -> None:
    stack.up(web(more=CANARY), "--wait")
    before = pids(stack)
    stack.write(web(version="2", more=CANARY))
    release = begin(stack, "apply")
    stack.wait_for(lambda: phase(stack) == "paused")
    assert versions(stack) == {b"VERSION=1", b"VERSION=2"}
    listed = stack.ctl("ps").stdout
    assert "web: rollout 2, step 2 of 2, 1 of 2 updated, 1 available; " in listed
    assert "stackctl rollout promote web" in listed
    stack.ctl("rollout", "status", "--timeout", "10ms", check=6)
    assert "rollout 2 paused" in stack.ctl("explain", "web").stdout
    assert release.poll() is None
    stack.ctl("rollout", "promote", "web")
    _, told = release.communicate(timeout=PATIENCE)
    assert release.returncode == 0 and "stackctl rollout promote web" in told
    assert versions(stack) == {b"VERSION=2"} and set(pids(stack).values()).isdisjoint(before.values())


def test_ctrl_c_ends_the_waiting_and_nothing_else(stack: Stack) -> None:
    stack.up(web(more=CANARY), "--wait")
    stack.write(web(version="2", more=CANARY))
    release = begin(stack, "apply")
    stack.wait_for(lambda: phase(stack) == "paused")
    release.send_signal(signal.SIGINT)
    _, told = release.communicate(timeout=PATIENCE)
    assert release.returncode == 128 + signal.SIGINT
    assert "it goes on" in told and "stackctl rollout status" in told
    assert phase(stack) == "paused"
    stack.ctl("rollout", "undo", "web")
    assert versions(stack) == {b"VERSION=1"}


def test_a_release_that_somebody_stops_has_not_been_done(stack: Stack) -> None:
    stack.up(web(more=CANARY), "--wait")
    stack.write(web(version="2", more=CANARY))
    apply = begin(stack, "apply")
    wait_until(lambda: phase(stack) == "paused")
    stack.ctl("stop", "web")
    _, errors = apply.communicate(timeout=PATIENCE)
    assert apply.returncode == 1
    assert "error: web was stopped before this was done" in errors
    # What was stopped all along is not waited for.
    stack.write(web(version="3", more=CANARY))
    stack.ctl("apply")


def test_a_rollout_is_paused_and_resumed_by_hand(stack: Stack) -> None:
    gate = stack.directory / "gate"
    program = f"while ! [ -e {gate} ]; do sleep 0.05; done; echo serving; exec sleep 1000"
    gate.touch()
    stack.up(web(program), "--wait")
    gate.unlink()
    stack.write(web(program, version="2"))
    stack.ctl("apply", "--no-wait")
    stack.ctl("rollout", "pause", "web")
    gate.touch()
    stack.wait_for(lambda: phase(stack) == "paused")
    stack.ctl("rollout", "resume", "web")
    assert versions(stack) == {b"VERSION=2"}
    assert "no" in stack.ctl("rollout", "resume", "web", check=1).stderr
    assert stack.ctl("rollout", "pause", "nobody", check=5).stderr


def test_a_restart_is_a_rollout_unless_somebody_is_impatient(stack: Stack) -> None:
    stack.up(web(more="rollout: {min_ready: 500ms}"), "--wait")
    before = pids(stack)
    told = stack.ctl("restart", "web").stderr
    assert "web/1 (new)" in told and "rollout 2 is done" in told
    between = pids(stack)
    assert set(between.values()).isdisjoint(before.values())
    told = stack.ctl("restart", "--now", "web").stderr
    assert "(new)" not in told
    assert set(pids(stack).values()).isdisjoint(between.values())


def test_what_is_stopped_has_the_time_that_the_command_line_gives_it(stack: Stack) -> None:
    text = web("trap '' TERM; echo serving; while :; do sleep 1000; done", more="stop_grace_period: 1h")
    stack.up(text, "--wait")
    before = pids(stack)
    stack.ctl("restart", "-t", "0.2s", "--now")
    assert not any(is_alive(pid) for pid in before.values())
    stack.ctl("stop", "--timeout", "0.2s", "web")
    assert {replica["state"] for replica in stack.replicas().values()} == {"stopped"}
    stack.ctl("start")
    running = pids(stack)
    stack.ctl("down", "-t", "0.2s")
    assert not any(is_alive(pid) for pid in running.values())
    # How long it took to stop is none of what was wanted: all of it comes back.
    stack.ctl("up", "-d", "--wait")
    assert all(replica["ready"] for replica in stack.replicas().values())
    stack.ctl("down", "-t", "0.2s")


def test_up_says_what_it_did_to_a_stack_that_runs(stack: Stack) -> None:
    assert "is starting in the background" in stack.up(web()).stderr
    stack.ctl("wait", "--for", "ready", "web")
    assert "runs already" in stack.ctl("up", "-d").stderr
    stack.write(web(version="2"))
    assert "is changing in the background" in stack.ctl("up", "-d").stderr
    stack.ctl("rollout", "status", "web")
    stack.ctl("stop", "web")
    assert "is starting in the background" in stack.ctl("up", "-d").stderr


def test_a_port_that_something_else_has_is_told_before_anything_is_touched(stack: Stack) -> None:
    stack.up(web(), "--wait")
    before = pids(stack)
    with socket.create_server(("127.0.0.1", free_port())) as taken:
        stack.write(web(more=f'listen: {{http: "127.0.0.1:{taken.getsockname()[1]}"}}'))
        shown = stack.ctl("plan", check=1).stdout
        assert shown.splitlines()[-1].startswith("conflict: web")
        assert "taken" in stack.ctl("apply", check=1).stderr
    assert pids(stack) == before
    stack.ctl("apply")


def test_memory_and_differences_are_part_of_the_plan(stack: Stack) -> None:
    program = stack.directory / "program"
    program.write_text("#!/bin/sh\necho serving\nexec sleep 1000\n")
    os.chmod(program, 0o755)
    text = web().replace('[sh, -c, "echo serving; exec sleep 1000"]', f'["{program}"]')
    stack.up(text, "--wait")
    assert "nothing to do" in stack.ctl("plan").stdout
    program.write_text("#!/bin/sh\necho serving\nexec sleep 2000\n")
    shown = stack.ctl("plan").stdout
    assert "executable: content " in shown and "memory: " in shown and "+/- web" in shown
    stack.ctl("apply")
    wait_until(lambda: "nothing to do" in stack.ctl("plan").stdout)
