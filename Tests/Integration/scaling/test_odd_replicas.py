"""What Kubernetes' HPA does where metrics or replicas are missing, and what it does during a rollout."""

from __future__ import annotations

import scaled
from load import Wrk, load
from scaled import ANY_HOST, QUICK
from stack import Stack, wait_until

BY_REQUESTS = f"metrics: [{{prometheus: {{metric: app_requests_total, target: 10}}}}], {QUICK}, {ANY_HOST}"


def test_a_metric_of_the_services_own(stack: Stack) -> None:
    """A counter counts as its rate: 20 requests a second need two replicas for ten each."""
    service = scaled.server(stack, f"min: 1, max: 3, {BY_REQUESTS}")
    service.up()
    wrk = Wrk(f"http://127.0.0.1:{service.port}/", 8, keep_alive=False)
    service.wait_for(3)
    assert wrk.stop().failed == 0
    service.wait_for(1)
    assert scaled.is_monotone(service.numbers()), service.numbers()


def test_a_dead_metric_changes_nothing(stack: Stack) -> None:
    """Without any metric nothing is decided; and of several, one that is dead forbids to scale in."""
    service = scaled.server(
        stack, "min: 1, max: 3, metrics: [{accept_queue: 4}, {prometheus: {metric: app_requests_total, target: 10}}], "
        f"{QUICK}, {ANY_HOST}")
    service.up()
    (stack.directory / "deaf").touch()
    with load(service.port, connections=32) as running:
        # The other one is enough to scale out.
        service.wait_for(3)
        assert [outcome.failures for outcome in running.stop() if outcome.failed] == []
    idle = service.stack.wait_for(
        lambda: next((d for d in service.decisions if "missing_metrics" in [li["code"] for li in d["limits"]]), None))
    assert idle["desired"] == 3
    [dead] = [metric for metric in idle["metrics"] if metric["name"] == "app_requests_total"]
    assert "500" in dead["error"]
    assert "500" in stack.explain("web")
    # Alive again.
    (stack.directory / "deaf").unlink()
    service.wait_for(1)


def test_a_replica_that_never_gets_ready_counts_for_nothing(stack: Stack) -> None:
    """One busy replica asks for a second; that one never comes up, and so does not make it three."""
    service = scaled.server(
        stack, f"min: 1, max: 8, metrics: [{{cpu: 10%}}], {QUICK}, {ANY_HOST}", work=0,
        more="rollout: {progress_deadline: 1h}")
    service.up()
    (stack.directory / "mute").touch()
    wrk = Wrk(f"http://127.0.0.1:{service.port}/", 16, keep_alive=False)
    try:
        stack.wait_for(lambda: service.wanted > 1)
        first = service.wanted
        steady = service.next_decisions(4)
    finally:
        outcome = wrk.stop()
    assert outcome.failed == 0
    for decision in steady:
        [cpu] = decision["metrics"]
        assert (cpu["counted"]["ready"], cpu["counted"]["unready"]) == (1, first - 1), cpu
        # With those counted as idle, the load is no reason for more than there are to be.
        assert decision["desired"] == first
    assert len(service.pids()) == 1


def test_a_rollout_under_load_is_scaled_like_anything_else(stack: Stack) -> None:
    service = scaled.server(
        stack, f"min: 2, max: 4, metrics: [{{accept_queue: 4}}], {QUICK}, {ANY_HOST}",
        more="rollout: {max_surge: 2, min_ready: 2s}")
    service.up()
    before = service.pids()
    with load(service.port, connections=32) as running:
        stack.write(service.text.replace("SERVER, v1", "SERVER, v2").replace(", v1]", ", v2]"))
        stack.ctl("apply", timeout=120)
        service.wait_for(4)
        served = running.served()
        wait_until(lambda: running.served() > served + 20)
        assert [outcome.failures for outcome in running.stop() if outcome.failed] == []
    assert not set(before.values()) & set(service.pids().values())
    assert service.document["history"][0]["outcome"] == "good"
    for decision in service.decisions:
        assert 2 <= decision["desired"] <= 4
    service.wait_for(2)
    assert scaled.is_monotone([2, *service.numbers()]), service.numbers()
