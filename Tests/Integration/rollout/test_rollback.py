"""Releases that are no good go back by themselves, at no cost but the canary's, and say why."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from load import Outcome, load
from stack import PYTHON, Stack, free_port, wait_until
from stacks import SERVER, instances

def release(port: int, version: str, condition: str = "ok", rollout: str = "{max_surge: 1}") -> str:
    """A version on a listener."""
    return f"""
services:
  web:
    command: [{PYTHON}, {SERVER}, {version}, {condition}]
    replicas: 4
    listen: {{http: "127.0.0.1:{port}"}}
    notify: true
    rollout: {rollout}
"""


def routed(port: int, version: str, condition: str, analysis: str, more: str = "") -> str:
    """A version behind a route, with a canary."""
    return f"""
services:
  web:
    command: [{PYTHON}, {SERVER}, {version}, {condition}]
    environment: {{TARGETS: targets}}
    replicas: 4
    ports: {{http: auto}}
    route: {{http: {{listen: "127.0.0.1:{port}", to: http}}}}
    notify: true
    rollout:
      steps: [{{replicas: 1}}, {{analysis: {analysis}}}]
{more}
"""


def failures(outcomes: list[Outcome]) -> dict[str, int]:
    return {failure: count for outcome in outcomes for failure, count in outcome.failures.items() if count}


def check_back(stack: Stack, before: dict[str, int], cause: str, replaced: int = 0) -> None:
    """But for those that were replaced, the instances are those of before; and everything says why."""
    after = instances(stack, "web")
    assert after.keys() == before.keys()
    assert len(set(before.values()) - set(after.values())) == replaced
    explanation = stack.explain("web")
    assert cause in explanation, explanation
    [newest, failed, *_] = stack.get("/v1/services/web")["history"]
    assert (newest["cause"], newest["outcome"]) == ("rolled_back", "good")
    assert failed["outcome"] == "failed" and cause in failed["reason"]


@pytest.mark.parametrize(
    "condition, rollout, cause",
    [
        ("crash", "{max_surge: 1}", "exited with status 1"),
        ("mute", "{max_surge: 1, progress_deadline: 2s}", "progress"),
    ],
)
def test_a_version_that_does_not_get_ready_goes_back(stack: Stack, condition: str, rollout: str, cause: str) -> None:
    port = free_port()
    stack.up(release(port, "v1", rollout=rollout), "--wait")
    before = instances(stack, "web")
    with load(port, connections=4) as running:
        stack.write(release(port, "v2", condition, rollout))
        result = stack.ctl("apply", check=7)
        outcomes = running.stop()
    assert failures(outcomes) == {}
    assert cause in result.stdout + result.stderr
    check_back(stack, before, cause)


def test_a_canary_that_answers_with_errors_goes_back(stack: Stack) -> None:
    port = free_port()
    (stack.directory / "targets").mkdir()
    analysis = '{interval: 1s, count: 20, metrics: [{route: error_rate, success: "< 5%"}]}'
    stack.up(routed(port, "v1", "ok", analysis), "--wait")
    before = instances(stack, "web")
    with load(port, connections=4) as running:
        stack.write(routed(port, "v2", "sick", analysis))
        result = stack.ctl("apply", check=7)
        assert "error_rate" in result.stdout + result.stderr
        check_canary(running.stop())
    check_back(stack, before, "error_rate", replaced=1)
    # It was the canary's fault alone: without it nothing fails.
    with load(port, connections=4) as running:
        wait_until(lambda: running.served() > 200)
        assert failures(running.stop()) == {}


def check_canary(outcomes: list[Outcome]) -> None:
    """Nothing failed but what the one new replica among four old ones answered, and that was not more than its share."""
    assert failures(outcomes).keys() == {"status", "status 500: v2 is sick"}
    for outcome in outcomes:
        assert 0 < outcome.failed < outcome.served


PROMETHEUS = """
global: {scrape_interval: 500ms, scrape_timeout: 500ms}
scrape_configs:
  - job_name: web
    file_sd_configs: [{files: [targets/*.json], refresh_interval: 500ms}]
"""


def test_a_canary_that_prometheus_finds_sick_goes_back(stack: Stack) -> None:
    port, prometheus = free_port(), free_port()
    (stack.directory / "targets").mkdir()
    (stack.directory / "prometheus.yml").write_text(PROMETHEUS)
    query = "sum(app_errors_total{version='v2'}) or vector(0)"
    analysis = (
        f'{{interval: 1s, count: 60, metrics: [{{name: errors, failure: "> 0", prometheus: '
        f'{{address: "http://127.0.0.1:{prometheus}", query: "{query}"}}}}]}}'
    )
    server = f"""
  prometheus:
    command:
      - prometheus
      - --config.file=prometheus.yml
      - --storage.tsdb.path=${{state_dir}}/prometheus
      - --web.listen-address=127.0.0.1:{prometheus}
      - --log.level=warn
    probes: {{readiness: {{http: {{port: {prometheus}, path: /-/ready}}, period: 200ms, timeout: 10s}}}}
"""
    stack.up(routed(port, "v1", "ok", analysis, server), "--wait")
    before = instances(stack, "web")
    with load(port, connections=4) as running:
        stack.write(routed(port, "v2", "sick", analysis, server))
        stack.ctl("apply", check=7, timeout=120)
        check_canary(running.stop())
    check_back(stack, before, "errors", replaced=1)


# MARK: executables that were overwritten


def test_a_script_that_was_overwritten_in_place_comes_back(stack: Stack) -> None:
    port = free_port()
    script = stack.directory / "app"

    def write(condition: str) -> None:
        # In place: whoever has the file open sees the new text.
        script.write_text(f"#!/bin/sh\nexec {PYTHON} {SERVER} {condition}\n")
        script.chmod(0o755)

    write("v1 ok")
    text = f"""
services:
  web:
    command: [./app]
    replicas: 2
    listen: {{http: "127.0.0.1:{port}"}}
    notify: true
"""
    stack.up(text, "--wait")
    before = instances(stack, "web")
    with load(port, connections=4) as running:
        write("v2 crash")
        stack.ctl("restart", "web", check=7)
        check_back(stack, before, "exited with status 1")
        # What is on the disk is no good; an instance that crashes now comes back as it was nevertheless.
        os.kill(before["web/0"], signal.SIGKILL)
        stack.wait_for(lambda: stack.replica("web/0")["ready"] and stack.replica("web/0")["pid"] != before["web/0"])
        outcomes = running.stop()
    # But for the requests that the kill has cost.
    assert sum(failures(outcomes).values()) <= 8
    write("v3 ok")
    stack.ctl("restart", "web")
    assert not set(instances(stack, "web").values()) & set(before.values())


def test_a_program_that_was_copied_over_comes_back(stack: Stack) -> None:
    program = stack.directory / "app"

    def install(name: str) -> None:
        # As install(1) does it: a running program's own file cannot be written to.
        new = program.with_suffix(".new")
        shutil.copy(str(shutil.which(name)), new)
        new.rename(program)

    install("sleep")
    stack.up("services:\n  web: {command: [./app, '1000'], replicas: 2, rollout: {min_ready: 300ms}}\n", "--wait")
    # Until it was ready for long enough there is nothing good to go back to.
    stack.wait_for(lambda: stack.get("/v1/services/web")["history"][0]["outcome"] == "good")
    before = instances(stack, "web")
    install("false")
    stack.ctl("restart", "web", check=7)
    check_back(stack, before, "exited with status 1")
    os.kill(before["web/1"], signal.SIGKILL)
    stack.wait_for(lambda: stack.replica("web/1")["ready"] and stack.replica("web/1")["pid"] != before["web/1"])
    kept = Path(f"/proc/{stack.replica('web/1')['pid']}/cmdline").read_bytes().split(b"\0")
    assert kept[:2] == [b"./app", b"1000"], "under its own name"
