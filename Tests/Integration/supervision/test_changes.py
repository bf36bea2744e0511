"""What an apply sees of a change, what it does for it, and what it leaves alone."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from releases import (
    begin, change, gated, history, is_settled, observed, pids, plan, rollout, rows, service, stack_of, version_of,
    versions, wait_good, wait_phase,
)
from stack import Stack, is_alive, wait_until


def keys(change: dict) -> list[str]:
    return [difference["key"] for difference in change["differences"]]


# -- what changes live

def live(stack: Stack, before: str, after: str) -> None:
    """Applies a change that leaves the only instance as it is."""
    stack.up(stack_of(before), "--wait")
    wait_good(stack)
    former = pids(stack)
    stack.write(stack_of(after))
    assert change(stack)["kind"] == "live"
    stack.ctl("apply")
    assert pids(stack).items() >= former.items()
    assert [entry[0] for entry in history(stack)] == [1]


def test_the_thresholds_of_a_probe_change_live(stack: Stack) -> None:
    healthy = stack.directory / "healthy"
    healthy.touch()

    def text(threshold: int) -> str:
        probe = f"{{exec: [test, -e, {healthy}], period: 100ms, failure_threshold: {threshold}}}"
        return f"\n  web: {{command: [sleep, '1000'], probes: {{readiness: {probe}}}}}\n"

    live(stack, text(100_000), text(1))
    [before] = rows(stack)
    healthy.unlink()
    stack.wait_for(lambda: not rows(stack)[0]["ready"])
    healthy.touch()
    stack.wait_ready("web/0")
    assert rows(stack)[0]["pid"] == before["pid"]


def test_a_probe_that_is_new_is_a_probe_of_what_runs(stack: Stack) -> None:
    healthy = stack.directory / "healthy"
    healthy.touch()
    probe = f"{{exec: [test, -e, {healthy}], period: 100ms, failure_threshold: 1}}"
    live(stack, service(), service().replace("{readiness: {log: serving}}", f"{{liveness: {probe}}}"))
    [before] = rows(stack)
    healthy.unlink()
    stack.wait_for(lambda: not is_alive(before["pid"]))
    healthy.touch()
    stack.wait_for(lambda: rows(stack)[0]["ready"] and rows(stack)[0]["pid"] != before["pid"])
    assert "liveness" in stack.explain("web/0")


def test_the_restart_policy_changes_live(stack: Stack) -> None:
    live(stack, service(), service().replace("policy: always", "policy: 'no'"))
    os.kill(rows(stack)[0]["pid"], signal.SIGKILL)
    stack.wait_state("web/0", "failed")


def test_how_a_service_is_stopped_changes_live(stack: Stack) -> None:
    deaf = "trap '' TERM; trap 'exit 0' USR1; echo serving; while :; do sleep 0.05; done"
    live(stack, service(program=deaf, more="stop_grace_period: 1h"),
         service(program=deaf, more="stop_grace_period: 1h\n    stop_signal: SIGUSR1"))
    stack.ctl("stop")
    assert stack.replica("web/0")["last_exit"]["code"] == 0


def test_where_output_goes_changes_live(stack: Stack) -> None:
    speaks = "trap 'echo heard' USR1; echo serving; while :; do sleep 0.05; done"
    live(stack, service(program=speaks), service(program=speaks, more="logging: {driver: json-file}"))
    begin(stack, "/v1/services/web/kill", {"signal": "SIGUSR1"})
    logs = stack.state_directory / "logs"
    written = wait_until(lambda: [line for file in logs.glob("web-0*") for line in file.read_text().splitlines()
                                  if "heard" in line])
    assert written[0].startswith("{")
    # What was written before can be read still.
    assert ["serving" in line for line in stack.ctl("logs", "web").stdout.splitlines()] == [True, False]


def test_more_replicas_join_those_that_run(stack: Stack) -> None:
    live(stack, service(), service(more="replicas: 3"))
    assert len(rows(stack)) == 3 and all(row["ready"] for row in rows(stack))


def test_dependencies_change_live(stack: Stack) -> None:
    stack.up(stack_of(service("db"), service(more="depends_on: [db]")), "--wait")
    former = pids(stack)
    stack.write(stack_of(service("cache"), service(more="depends_on: [cache]")))
    assert change(stack)["kind"] == "live"
    stack.ctl("apply")
    assert pids(stack) == former
    assert {document["name"] for document in stack.get("/v1/services")} == {"cache", "web"}
    assert stack.get("/v1/services/web")["depends_on"] == [{"service": "cache", "condition": "service_healthy"}]


# -- what a service reads

def test_the_values_of_an_env_file_are_seen(stack: Stack) -> None:
    values = stack.directory / "values.env"
    values.write_text("LEVEL=low\n")
    stack.up(stack_of(service(more="env_file: values.env"), service("other")), "--wait")
    other = pids(stack, "other")
    values.write_text("LEVEL=high\n")
    seen = change(stack)
    assert seen["kind"] == "rolling" and keys(seen) == ["environment.LEVEL"]
    stack.ctl("apply")
    assert version_of(pids(stack)[0], "LEVEL") == "high"
    assert pids(stack, "other") == other


HEARS = "trap 'cat {secret} >> {heard}' HUP; echo serving; while :; do sleep 0.05; done"


@pytest.mark.parametrize(("action", "kind"), [("rollout", "rolling"), ("SIGHUP", "live"), ("none", "live")])
def test_a_secret_that_has_changed_is_acted_upon_as_the_file_says(stack: Stack, action: str, kind: str) -> None:
    secret, heard = stack.directory / "password", stack.directory / "heard"
    secret.write_text("first\n")
    heard.touch()
    more = f"secrets: [password]\n    on_secret_change: {action}"
    text = stack_of(service(program=HEARS.format(secret=secret, heard=heard), more=more)) + (
        "secrets:\n  password: {file: password}\n")
    stack.up(text, "--wait")
    wait_good(stack)
    before = pids(stack)
    secret.write_text("second\n")
    seen = change(stack)
    assert seen["kind"] == kind
    assert all("secrets.password" in key for key in keys(seen)) and keys(seen)
    assert "second" not in str(seen), "what is in it is nobody's to know"
    stack.ctl("apply")
    assert (pids(stack) == before) == (kind == "live")
    if action == "SIGHUP":
        wait_until(lambda: heard.read_text() == "second\n")
    assert change(stack)["kind"] == "none"
    # With the next change comes whatever was not acted upon.
    begin(stack, "/v1/services/web/kill", {"signal": "SIGHUP"})
    wait_until(lambda: heard.read_text() == "second\n" * (2 if action == "SIGHUP" else 1))


# -- dependents

CHAIN = stack_of(
    service("db"),
    service("api", more="depends_on: {db: {condition: service_healthy, restart: true}}"),
    service("worker", more="depends_on: {api: {condition: service_healthy, restart: true}}"),
    service("web", more="depends_on: {db: {condition: service_healthy}}"),
)


@pytest.mark.parametrize("way", ["restart", "restart --now", "apply", "apply --now"])
def test_dependents_are_restarted_that_ask_for_it(stack: Stack, way: str) -> None:
    names = ["db", "api", "worker", "web"]
    stack.up(CHAIN, "--wait")
    before = {name: pids(stack, name) for name in names}
    if way.startswith("apply"):
        stack.write(CHAIN.replace('VERSION: "1"', 'VERSION: "2"', 1))
        [db] = [one for one in plan(stack)["changes"] if one["kind"] != "none"]
        assert (db["service"], db["kind"], db["restarted"]) == ("db", "rolling", ["api", "worker"])
        stack.ctl(*way.split())
    else:
        stack.ctl(*way.split(), "db")
    expected = (2, "dependency_replaced", "good")
    stack.wait_for(lambda: all(history(stack, name)[0] == expected for name in ["api", "worker"]))
    after = {name: pids(stack, name) for name in names}
    assert {name for name in names if after[name] != before[name]} == {"db", "api", "worker"}
    assert history(stack, "web") == [(1, "started", "good")]
    since = {name: stack.replica(f"{name}/0")["since"] for name in names}
    assert since["db"] <= since["api"] <= since["worker"]
    assert "db, which it depends on, was replaced" in stack.explain("api")


def test_dependents_are_left_alone_where_nothing_was_replaced(stack: Stack) -> None:
    def text(program: str) -> str:
        return stack_of(
            service("db", program, more="rollout: {order: start-first}"),
            service("api", more="depends_on: {db: {condition: service_healthy, restart: true}}"),
        )

    stack.up(text("echo serving; exec sleep 1000"), "--wait")
    wait_good(stack, "db")
    before = {name: pids(stack, name) for name in ["db", "api"]}
    stack.write(text("exit 4"))
    stack.ctl("apply", check=7)
    stack.wait_for(lambda: history(stack, "db")[0] == (3, "rolled_back", "good"))
    assert {name: pids(stack, name) for name in ["db", "api"]} == before
    assert history(stack, "api") == [(1, "started", "good")]


def test_the_rollout_of_a_dependent_waits_for_that_of_what_it_depends_on(stack: Stack) -> None:
    gate = stack.directory / "gate"
    gate.touch()

    def text(version: str) -> str:
        return stack_of(
            service("db", gated(gate), version=version), service("api", version=version, more="depends_on: [db]"))

    stack.up(text("1"), "--wait")
    wait_good(stack, "db")
    before = pids(stack, "api")
    gate.unlink()
    stack.write(text("2"))
    begin(stack, "/v1/apply", {})
    assert "db" in wait_phase(stack, "waiting", "api")["reason"]
    stack.wait_for(lambda: versions(stack, "db") == ["2"])
    assert pids(stack, "api") == before
    gate.touch()
    observed(stack, is_settled, "api")
    assert versions(stack, "api") == ["2"]
    assert [event["subject"] for event in stack.events() if event["code"] == "rollout_completed"] == ["db", "api"]


def test_a_rollout_under_way_is_no_business_of_other_changes(stack: Stack) -> None:
    more = "replicas: 2\n    rollout: {steps: [{replicas: 1}, {pause: {}}]}"
    stack.up(stack_of(service(more=more), service("other")), "--wait")
    stack.write(stack_of(service(version="2", more=more), service("other")))
    begin(stack, "/v1/apply", {})
    wait_phase(stack, "paused")
    before = pids(stack)
    stack.write(stack_of(service(version="2", more=more), service("other", version="2")))
    assert [one["service"] for one in plan(stack)["changes"] if one["kind"] != "none"] == ["other"]
    stack.ctl("apply", "--no-wait")
    observed(stack, is_settled, "other")
    now = rollout(stack)
    assert now and (now["number"], now["phase"]) == (2, "paused") and pids(stack) == before


# -- executables

def program(text: str) -> str:
    return f"#!/bin/sh\n# {text}\necho {text} serving\nexec sleep 1000\n"


def overwrite(path: Path, text: str) -> None:
    """In place, as cp does."""
    path.write_text(text)


def rename(path: Path, text: str) -> None:
    """As install and package managers do."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.chmod(0o755)
    new.rename(path)


def release(stack: Stack) -> Path:
    """Two replicas of a program of its own."""
    path = stack.directory / "program"
    path.write_text(program("first"))
    path.chmod(0o755)
    web = service(more="replicas: 2").replace('[sh, -c, "echo serving; exec sleep 1000"]', "[./program]")
    stack.up(stack_of(web), "--wait")
    wait_good(stack)
    return path


def said(stack: Stack) -> list[str]:
    """The first word of each line, in the order in which they came."""
    return [line.split(" | ")[-1].split()[-2] for line in stack.ctl("logs", "web").stdout.splitlines()]


replacements = pytest.mark.parametrize("replace", [overwrite, rename])


@replacements
def test_an_executable_that_was_overwritten_is_a_change(
    stack: Stack, replace: Callable[[Path, str], None]
) -> None:
    executable = release(stack)
    before = pids(stack)
    replace(executable, program("second"))
    seen = change(stack)
    assert seen["kind"] == "rolling" and keys(seen) == ["executable.digest"]
    # Nobody has released it yet: what crashes comes back as what it was.
    os.kill(before[0], signal.SIGKILL)
    stack.wait_for(lambda: pids(stack)[0] not in (None, before[0]) and rows(stack)[0]["ready"])
    assert said(stack) == ["first"] * 3
    assert "copy" in stack.wait_event("observed")["text"]
    stack.ctl("apply")
    assert said(stack)[3:] == ["second"] * 2
    assert change(stack)["kind"] == "none"
    stack.ctl("rollout", "undo", "web")
    assert said(stack)[5:] == ["first"] * 2


@replacements
@pytest.mark.parametrize("verb", ["apply", "restart"])
# An ordinary user has no cgroups, and may not link to the files of others.
@pytest.mark.parametrize("fixture", ["stack", "ordinary_stack"])
def test_an_executable_that_fails_goes_back_to_what_it_was(
    fixture: str, verb: str, replace: Callable[[Path, str], None], request: pytest.FixtureRequest
) -> None:
    stack: Stack = request.getfixturevalue(fixture)
    executable = release(stack)
    before = pids(stack)
    replace(executable, "#!/bin/sh\necho broken release\nexit 3\n")
    told = stack.ctl(verb, check=7).stderr
    assert "status 3" in told
    assert pids(stack) == before
    # The file on the disk is the broken one still, and yet:
    os.kill(before[1], signal.SIGKILL)
    stack.wait_for(lambda: pids(stack)[1] not in (None, before[1]) and all(row["ready"] for row in rows(stack)))
    assert [word for word in said(stack) if word != "broken"] == ["first"] * 3
    assert change(stack)["kind"] == "rolling", "the next apply would try it again"
    executable.write_text(program("third"))
    stack.ctl(verb)
    assert said(stack)[-2:] == ["third"] * 2


def test_an_executable_that_is_gone_can_be_run_still(stack: Stack) -> None:
    executable = release(stack)
    before = pids(stack)
    executable.unlink()
    os.kill(before[0], signal.SIGKILL)
    stack.wait_for(lambda: pids(stack)[0] not in (None, before[0]) and rows(stack)[0]["ready"])
    assert said(stack) == ["first"] * 3


# -- what runs once

def one_shot(stack: Stack, text: str, version: str) -> str:
    migrate = f"""
  migrate:
    command: [sh, -c, "{text}"]
    environment: {{VERSION: "{version}"}}
"""
    more = "depends_on: {migrate: {condition: service_completed_successfully}}"
    return stack_of(migrate, service(version=version, more=more))


def test_what_runs_once_runs_again_where_it_has_changed_and_dependents_wait_for_it(stack: Stack) -> None:
    gate = stack.directory / "gate"
    log = stack.directory / "log"
    text = f"while ! [ -e {gate} ]; do sleep 0.05; done; echo $$VERSION >> {log}"
    gate.touch()
    stack.up(one_shot(stack, text, "1"), "--wait")
    wait_good(stack)
    before = pids(stack)
    gate.unlink()
    stack.write(one_shot(stack, text, "2"))
    begin(stack, "/v1/apply", {})
    now = wait_phase(stack, "waiting")
    assert "migrate" in now["reason"] and pids(stack) == before
    stack.wait_for(lambda: rows(stack, "migrate")[0]["pid"])
    gate.touch()
    observed(stack, is_settled)
    assert versions(stack) == ["2"] and log.read_text().split() == ["1", "2"]
    assert history(stack, "migrate")[0] == (2, "changed", "good")


def test_what_runs_once_and_fails_stands_still_and_what_waits_for_it_stays_what_it_was(stack: Stack) -> None:
    stack.up(one_shot(stack, "true", "1"), "--wait")
    wait_good(stack)
    before = pids(stack)
    stack.write(one_shot(stack, "exit 6", "2"))
    told = stack.ctl("apply", check=1).stderr
    assert "status 6" in told and "migrate" in told
    assert wait_phase(stack, "failed", "migrate")["number"] == 2
    assert pids(stack) == before and versions(stack) == ["1"]
    # Whoever mends it goes on from there.
    stack.write(one_shot(stack, "true", "3"))
    stack.ctl("apply")
    assert versions(stack) == ["3"]
