"""How one revision's instances are replaced by another's: in which order, how many at a time, who may intervene."""

from __future__ import annotations

import os
import signal

import pytest
from releases import (
    begin, gated, history, is_settled, observed, pids, rollout, rows, service, stack_of, version_of, versions,
    wait_good, wait_phase, witness,
)
from stack import Document, Stack, free_port, is_alive, wait_until

CANARY = "replicas: 4\n    rollout: {steps: [{replicas: 1}, {pause: {}}, {replicas: 50%}, {pause: {}}]}"


# -- the order, and how many at a time

@pytest.mark.parametrize(("more", "expected"), [
    # Nobody has said that two databases get along with each other.
    ("", "+-+"),
    ("ports: {{main: {port}}}", "+-+"),
    ("listen: {{http: '127.0.0.1:{port}'}}", "++-"),
    ("replicas: 2", "+++-+-"),
    ("listen: {{http: '127.0.0.1:{port}'}}\n    rollout: {{order: stop-first}}", "+-+"),
    ("rollout: {{order: start-first}}", "++-"),
    # Compose's default is another.
    ("deploy: {{replicas: 2, update_config: {{parallelism: 1}}}}", "++-+-+"),
    ("deploy: {{update_config: {{order: start-first}}}}", "++-"),
], ids=["single", "fixed-port", "listener", "replicas", "stop-first", "start-first", "compose", "compose-start-first"])
def test_the_new_one_comes_first_where_two_can_stand(stack: Stack, more: str, expected: str) -> None:
    log = stack.directory / "log"
    stack.up(stack_of(service(program=witness(log), more=more.format(port=free_port()))), "--wait")
    stack.ctl("restart")
    assert "".join(log.read_text().split()) == expected


@pytest.mark.parametrize(("surge", "unavailable", "most", "least"), [
    ("0", "2", 4, 2),
    ("2", "0", 6, 4),
    # Up and down: one of four each way, of a quarter; one and none of a fifth.
    ("25%", "25%", 5, 3),
    ("20%", "20%", 5, 4),
    # Both come to nothing, which would be no rollout at all.
    ("0", "10%", 4, 3),
])
def test_the_bounds_hold_at_every_step(stack: Stack, surge: str, unavailable: str, most: int, least: int) -> None:
    more = f"replicas: 4\n    rollout: {{max_surge: {surge}, max_unavailable: {unavailable}}}"
    stack.up(stack_of(service(more=more)), "--wait")
    wait_good(stack)
    before = pids(stack)
    stack.write(stack_of(service(version="2", more=more)))
    begin(stack, "/v1/apply", {})
    seen = observed(stack, is_settled)
    assert set(pids(stack).values()).isdisjoint(before.values())
    assert max(len([row for row in step["replicas"] if row["pid"]]) for step in seen) <= most
    assert min(len([row for row in step["replicas"] if row["ready"]]) for step in seen) >= least
    assert versions(stack) == ["2"] * 4


def test_an_instance_counts_when_it_has_been_ready_for_long_enough(stack: Stack) -> None:
    def text(version: str, period: str) -> str:
        return stack_of(service(version=version, more=f"rollout: {{order: start-first, min_ready: {period}}}"))

    stack.up(text("1", "0s"), "--wait")
    wait_good(stack)
    [before] = rows(stack)
    # Of a rollout under way that changes live, too.
    stack.write(text("2", "1h"))
    begin(stack, "/v1/apply", {})
    old, new = stack.wait_for(lambda: now if len(now := rows(stack)) == 2 and now[1]["ready"] else None)
    now = rollout(stack)
    assert now and (now["phase"], now["available"]) == ("progressing", 0)
    assert old["pid"] == before["pid"]
    stack.write(text("2", "0s"))
    begin(stack, "/v1/apply", {})
    assert observed(stack, is_settled)[-1]["replicas"][0]["pid"] == new["pid"]
    assert [entry[2] for entry in history(stack)] == ["good", "good"]


# -- canaries

def test_a_canary_is_promoted_step_by_step(stack: Stack) -> None:
    stack.up(stack_of(service(more=CANARY)), "--wait")
    wait_good(stack)
    stack.write(stack_of(service(version="2", more=CANARY)))
    begin(stack, "/v1/apply", {})
    now = wait_phase(stack, "paused")
    assert (now["step"], now["steps"], now["wanted"], now["updated"], now["available"]) == (1, 4, 4, 1, 1)
    assert sorted(versions(stack)) == ["1", "1", "1", "2"]
    before = pids(stack)
    begin(stack, "/v1/services/web/rollout/promote", {})
    now = wait_phase(stack, "paused", step=3)
    assert now["updated"] == 2
    after = pids(stack)
    assert len(before.items() & after.items()) == 3, "one more was replaced"
    begin(stack, "/v1/services/web/rollout/promote", {})
    observed(stack, is_settled)
    assert versions(stack) == ["2"] * 4
    assert len(after.items() & pids(stack).items()) == 2, "what was new already stays"


def test_a_canary_can_be_promoted_past_all_of_its_steps(stack: Stack) -> None:
    stack.up(stack_of(service(more=CANARY)), "--wait")
    wait_good(stack)
    stack.write(stack_of(service(version="2", more=CANARY)))
    begin(stack, "/v1/apply", {})
    wait_phase(stack, "paused")
    begin(stack, "/v1/services/web/rollout/promote", {"fully": True})
    observed(stack, is_settled)
    assert versions(stack) == ["2"] * 4
    assert stack.post("/v1/services/web/rollout/promote", {})[1]["code"] == "no_rollout"


def test_a_canary_grows_no_further_when_the_service_is_scaled(stack: Stack) -> None:
    more = "replicas: 2\n    rollout: {steps: [{replicas: 1}, {pause: {}}]}"
    stack.up(stack_of(service(more=more)), "--wait")
    wait_good(stack)
    stack.write(stack_of(service(version="2", more=more)))
    begin(stack, "/v1/apply", {})
    wait_phase(stack, "paused")
    begin(stack, "/v1/services/web/scale", {"replicas": 4})
    stack.wait_for(lambda: len(now := rows(stack)) == 4 and all(row["ready"] for row in now))
    assert sorted(versions(stack)) == ["1", "1", "1", "2"]
    begin(stack, "/v1/services/web/rollout/promote", {})
    observed(stack, is_settled)
    assert versions(stack) == ["2"] * 4


def test_a_pause_with_a_length_ends_by_itself(stack: Stack) -> None:
    more = "replicas: 2\n    rollout: {steps: [{replicas: 1}, {pause: 100ms}]}"
    stack.up(stack_of(service(more=more)), "--wait")
    wait_good(stack)
    stack.write(stack_of(service(version="2", more=more)))
    stack.ctl("apply")
    assert versions(stack) == ["2", "2"]
    codes = [event["code"] for event in stack.events()]
    assert "rollout_paused" in codes and codes.index("rollout_paused") < codes.index("rollout_completed")


# -- somebody changes their mind

def test_a_rollout_that_is_held_replaces_nothing_and_keeps_the_old_ones_running(stack: Stack) -> None:
    gate = stack.directory / "gate"
    gate.touch()
    stack.up(stack_of(service(program=gated(gate), more="replicas: 3")), "--wait")
    wait_good(stack)
    gate.unlink()
    stack.write(stack_of(service(program=gated(gate), version="2", more="replicas: 3")))
    begin(stack, "/v1/apply", {})
    stack.wait_for(lambda: len([row for row in rows(stack) if row["pid"]]) == 4)
    begin(stack, "/v1/services/web/rollout/pause")
    wait_phase(stack, "paused")
    gate.touch()
    stack.wait_for(lambda: all(row["ready"] for row in rows(stack)))
    # What crashes meanwhile comes back as what it was.
    victim = next(row for row in rows(stack) if row["replica"] == 0)
    os.kill(victim["pid"], signal.SIGKILL)
    again = stack.wait_for(lambda: row if (row := rows(stack)[0])["ready"] and row["pid"] != victim["pid"] else None)
    assert version_of(again["pid"]) == "1" and again["restarts"] == 1
    assert sorted(versions(stack)) == ["1", "1", "1", "2"]
    begin(stack, "/v1/services/web/rollout/resume")
    observed(stack, is_settled)
    assert versions(stack) == ["2"] * 3


def test_a_newer_change_takes_over_from_where_the_rollout_stands(stack: Stack) -> None:
    more = "replicas: 2"
    stack.up(stack_of(service(more=more)), "--wait")
    wait_good(stack)
    stack.write(stack_of(service(program=gated(stack.directory / "never"), version="2", more=more)))
    begin(stack, "/v1/apply", {})
    stuck = stack.wait_for(lambda: next((r["pid"] for r in rows(stack) if r["pid"] and not r["ready"]), None))
    stack.write(stack_of(service(version="3", more=more)))
    begin(stack, "/v1/apply", {})
    seen = observed(stack, is_settled)
    assert min(len([row for row in step["replicas"] if row["ready"]]) for step in seen) == 2
    assert versions(stack) == ["3", "3"]
    wait_until(lambda: not is_alive(stuck))
    assert history(stack) == [(3, "changed", "good"), (2, "changed", "superseded"), (1, "started", "good")]


@pytest.mark.parametrize("way", ["apply", "undo"])
def test_who_goes_back_in_the_middle_keeps_what_was_not_replaced_yet(stack: Stack, way: str) -> None:
    more = "replicas: 2"
    stack.up(stack_of(service(more=more)), "--wait")
    wait_good(stack)
    before = pids(stack)
    stack.write(stack_of(service(program=gated(stack.directory / "never"), version="2", more=more)))
    begin(stack, "/v1/apply", {})
    stuck = stack.wait_for(lambda: next((r["pid"] for r in rows(stack) if r["pid"] and not r["ready"]), None))
    if way == "apply":
        stack.write(stack_of(service(more=more)))
        begin(stack, "/v1/apply", {})
    else:
        begin(stack, "/v1/services/web/rollout/undo", {})
    observed(stack, is_settled)
    wait_until(lambda: not is_alive(stuck))
    stack.wait_for(lambda: pids(stack) == before)
    cause = "changed" if way == "apply" else "undone"
    assert history(stack) == [(3, cause, "good"), (2, "changed", "superseded"), (1, "started", "good")]


def test_only_so_much_of_the_history_is_kept(stack: Stack) -> None:
    stack.up(stack_of(service(more="rollout: {order: start-first}")), "--wait")
    wait_good(stack)
    for _ in range(11):
        stack.ctl("restart")
    assert [entry[0] for entry in history(stack)] == list(range(12, 2, -1))
    assert {entry[1:] for entry in history(stack)} == {("restart_requested", "good")}
    status, problem = stack.post("/v1/services/web/rollout/undo", {"revision": 2})
    assert (status, problem["code"]) == (404, "no_such_revision")
    begin(stack, "/v1/services/web/rollout/undo", {"revision": 3})
    observed(stack, is_settled)
    assert history(stack)[0] == (13, "undone", "good")


def test_a_scale_is_no_part_of_what_is_gone_back_to(stack: Stack) -> None:
    stack.up(stack_of(service(more="replicas: 2")), "--wait")
    wait_good(stack)
    stack.write(stack_of(service(version="2", more="replicas: 4")))
    stack.ctl("apply")
    assert len(rows(stack)) == 4
    stack.ctl("rollout", "undo", "web")
    assert versions(stack) == ["1"] * 4


# -- failure

def test_of_an_update_that_fails_compose_lets_stand_what_there_is(stack: Stack) -> None:
    def text(program: str, version: str, action: str = "") -> str:
        more = f"deploy: {{replicas: 2, update_config: {{order: start-first{action}}}}}"
        return stack_of(service(program=program, version=version, more=more))

    good, bad = "echo serving; exec sleep 1000", "exit 9"
    stack.up(text(good, "1"), "--wait")
    wait_good(stack)
    before = pids(stack)
    stack.write(text(bad, "2"))
    stack.ctl("apply", check=1)
    assert wait_phase(stack, "failed")["failures"] >= 1
    assert {row["replica"]: row["pid"] for row in rows(stack) if row["ready"]} == before
    # Compose's word for going back.
    stack.write(text(bad, "3", ", failure_action: rollback"))
    stack.ctl("apply", check=7)
    stack.wait_for(lambda: pids(stack) == before)
    assert [entry[2] for entry in history(stack)][1:] == ["failed", "failed", "good"]


def test_a_release_that_gets_no_further_has_failed(stack: Stack) -> None:
    more = "replicas: 2\n    rollout: {progress_deadline: 300ms}"
    stack.up(stack_of(service(more=more)), "--wait")
    wait_good(stack)
    before = pids(stack)
    stack.write(stack_of(service(program=gated(stack.directory / "never"), version="2", more=more)))
    told = stack.ctl("apply", check=7).stderr
    assert "no progress for 300ms" in told
    stack.wait_for(lambda: pids(stack) == before)
    assert "no progress for 300ms" in stack.explain("web")


def test_a_failure_that_is_tolerated_does_not_stop_a_rollout(stack: Stack) -> None:
    def text(program: str, version: str) -> str:
        more = "replicas: 4\n    rollout: {max_failure_ratio: 0.25}"
        return stack_of(service(program=program, version=version, more=more))

    stack.up(text("echo serving; exec sleep 1000", "1"), "--wait")
    wait_good(stack)
    once = stack.directory / "once"
    # The first of them crashes, once.
    stack.write(text(f"mkdir {once} && exit 5; echo serving; exec sleep 1000", "2"))
    stack.ctl("apply")
    assert once.exists() and versions(stack) == ["2"] * 4
    assert history(stack)[0] == (2, "changed", "good")


# -- the impatient

@pytest.mark.parametrize("verb", ["restart", "apply"])
def test_now_means_that_all_go_and_all_come(stack: Stack, verb: str) -> None:
    log = stack.directory / "log"

    def text(version: str) -> str:
        return stack_of(service(program=witness(log), version=version, more="replicas: 2"))

    stack.up(text("1"), "--wait")
    wait_good(stack)
    if verb == "apply":
        stack.write(text("2"))
    stack.ctl(verb, "--now")
    assert "".join(log.read_text().split()) == "++--++"
    cause = {"restart": "restart_requested", "apply": "changed"}[verb]
    stack.wait_for(lambda: history(stack) == [(2, cause, "good"), (1, "started", "good")])


def test_a_service_that_is_stopped_in_the_middle_of_a_rollout_is_the_new_one_when_it_starts(stack: Stack) -> None:
    gate = stack.directory / "gate"
    stack.up(stack_of(service(more="replicas: 2")), "--wait")
    wait_good(stack)
    stack.write(stack_of(service(program=gated(gate), version="2", more="replicas: 2")))
    begin(stack, "/v1/apply", {})
    stack.wait_for(lambda: len([row for row in rows(stack) if row["pid"]]) == 3)
    stack.ctl("stop", "-t", "5s", "web")
    assert stack.processes() == [] and rollout(stack) is None
    gate.touch()
    stack.ctl("start", "web")
    assert versions(stack) == ["2", "2"]
    document: Document = stack.get("/v1/services/web")
    assert document["scale"] == 2 and document["ready"]
