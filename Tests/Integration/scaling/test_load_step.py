"""A load step on real servers: out within two sampling periods, in after the window, and no request fails."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import scaled
from load import Accountant, Wrk, load
from scaled import ANY_HOST, QUICK, Scaled, is_monotone
from stack import Stack, wait_until

PERIOD = 1.0


def by_accept_queue(stack: Stack) -> Scaled:
    return scaled.server(stack, f"min: 1, max: 4, metrics: [{{accept_queue: 4}}], {QUICK}, {ANY_HOST}")


def by_cpu(stack: Stack) -> Scaled:
    return scaled.backend(stack, f"min: 1, max: 4, metrics: [{{cpu: 10%}}], {QUICK}, {ANY_HOST}")


@pytest.mark.parametrize("make", [by_accept_queue, by_cpu])
def test_a_load_step_scales_out_and_in_without_flapping(stack: Stack, make: Callable[[Stack], Scaled]) -> None:
    service = make(stack)
    service.up()
    assert service.numbers() == []
    # All the time, also while replicas go.
    trickle = Accountant(service.port, service.path, 1, keep_alive=False, pause=0.1)
    try:
        service.next_decisions(1)
        before = service.decisions[-1]["time"]
        with load(service.port, service.path, connections=32) as running:
            first = service.stack.wait_for(
                lambda: next((d for d in service.decisions if d["time"] > before and d["desired"] > 1), None))
            # Every decision under load differs from the one before, and so is in the list.
            under_load = [d for d in service.decisions if before < d["time"] <= first["time"]]
            assert len(under_load) <= 3, "one before the load, and two sampling periods"
            service.wait_for(4)
            served = running.served()
            wait_until(lambda: running.served() > served + 20)
            outcomes = running.stop()
        service.wait_for(1)
    finally:
        outcome = trickle.stop()
    assert {o.client: o.failures for o in [*outcomes, outcome] if o.failed} == {}
    assert is_monotone(service.numbers()), service.numbers()
    assert service.numbers()[-1] == 1 and max(service.numbers()) == 4
    explanation = stack.explain(service.name)
    assert "autoscaler" in explanation and service.decisions[-1]["metrics"][0]["name"] in explanation


def test_scale_in_waits_for_its_window(stack: Stack) -> None:
    """What was recommended within the window is not undercut."""
    service = scaled.server(
        stack, "min: 1, max: 3, metrics: [{accept_queue: 4}], interval: 1s, "
        f"behavior: {{scale_down: {{stabilization_window: 1h}}}}, {ANY_HOST}")
    service.up()
    wrk = Wrk(f"http://127.0.0.1:{service.port}/", 32, keep_alive=False)
    service.wait_for(3)
    assert wrk.stop().failed == 0
    idle = stack.wait_for(
        lambda: next((d for d in service.decisions if (d["recommendation"] or 0) < d["current"] == 3), None))
    assert (idle["stabilized"], idle["desired"]) == (3, 3)
    assert "stabilization" in [limit["code"] for limit in idle["limits"]]


def test_policies_bound_the_speed(stack: Stack) -> None:
    service = scaled.server(
        stack, "min: 1, max: 8, metrics: [{accept_queue: 1}], interval: 1s, "
        f"behavior: {{scale_up: {{policies: [{{replicas: 2, period: 30m}}]}}}}, {ANY_HOST}")
    service.up()
    wrk = Wrk(f"http://127.0.0.1:{service.port}/", 32, keep_alive=False)
    service.wait_for(3)
    held = service.stack.wait_for(
        lambda: next((d for d in service.decisions if d["current"] == 3 and d["limits"]), None))
    assert wrk.stop().failed == 0
    assert held["recommendation"] > 3 == held["desired"] and "policy" in [limit["code"] for limit in held["limits"]]
    assert service.numbers() == [3]


def test_a_host_under_pressure_gets_no_more_replicas(stack: Stack) -> None:
    """The least pressure is too much here: and two programs that never pause see to it that there is some."""
    service = scaled.server(
        stack, "min: 1, max: 4, metrics: [{accept_queue: 4}], interval: 1s, pressure: {cpu: 1%}",
        more="""
  noise:
    command: [sh, -c, "while :; do :; done"]
    replicas: 4
    stop_grace_period: 0s""")
    service.up()
    wrk = Wrk(f"http://127.0.0.1:{service.port}/", 32, keep_alive=False)
    try:
        held = service.stack.wait_for(
            lambda: next((d for d in service.decisions if "pressure" in [limit["code"] for limit in d["limits"]]), None))
    finally:
        outcome = wrk.stop()
    assert outcome.failed == 0
    assert held["recommendation"] > 1 == held["desired"]
    assert "pressure" in stack.explain("web")


def test_limits_that_add_up_to_more_than_the_host_has_hold_it_back(stack: Stack) -> None:
    service = scaled.server(
        stack, f"min: 1, max: 4, metrics: [{{accept_queue: 1}}], interval: 1s, {ANY_HOST}",
        more="resources: {cpus: 1000}")
    told = stack.up(service.text, "--wait")
    # More than this host has, already with one.
    assert "web" in (warnings := told.stdout + told.stderr) and "cpus" in warnings, warnings
    wrk = Wrk(f"http://127.0.0.1:{service.port}/", 32, keep_alive=False)
    try:
        held = service.stack.wait_for(
            lambda: next((d for d in service.decisions if "overcommit" in [limit["code"] for limit in d["limits"]]), None))
    finally:
        wrk.stop()
    assert held["desired"] == 1
