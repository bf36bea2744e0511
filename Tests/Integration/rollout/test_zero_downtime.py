"""Twenty rolling restarts in a row under constant load: not a request fails, and none is refused or reset."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import stacks
from load import Load, load
from stack import Document, Stack, free_port, wait_until
from talk import GOING_AWAY, Party, party, place

RESTARTS = 20


def newest_revision(stack: Stack, service: stacks.Service) -> Document:
    return stack.get(f"/v1/services/{service.name}")["history"][0]


def restart_under_load(stack: Stack, service: stacks.Service, running: Load | Party, times: int) -> None:
    for _ in range(times):
        before, served = stacks.instances(stack, service.name), running.served()
        number = newest_revision(stack, service)["number"]
        stack.ctl("restart", service.name, timeout=120)
        after = stacks.instances(stack, service.name)
        newest = newest_revision(stack, service)
        assert (newest["number"], newest["cause"], newest["outcome"]) == (number + 1, "restart_requested", "good")
        assert after.keys() == before.keys() and len(after) == service.replicas
        assert not set(after.values()) & set(before.values()), "every instance was replaced"
        assert running.served() > served, "the load went on all the time"


def check(running: Load) -> None:
    outcomes = running.stop()
    assert {outcome.client: outcome.failures for outcome in outcomes if outcome.failed} == {}
    assert all(outcome.served > RESTARTS for outcome in outcomes), outcomes


@pytest.mark.parametrize("make", [stacks.backend, stacks.gunicorn, stacks.nginx])
def test_restarts_lose_no_request(stack: Stack, make: Callable[[Stack], stacks.Service]) -> None:
    service = make(stack)
    stack.up(service.text, "--wait")
    with load(service.port, service.path) as running:
        restart_under_load(stack, service, running, RESTARTS)
        check(running)


def test_a_single_replica_behind_a_route_may_stop_first(stack: Stack) -> None:
    """While there is none, requests wait in the route's queue."""
    service = stacks.nginx(stack, replicas=1, rollout="rollout: {order: stop-first}")
    stack.up(service.text, "--wait")
    with load(service.port, service.path) as running:
        restart_under_load(stack, service, running, 5)
        check(running)


def test_a_change_of_the_routes_loses_no_request(stack: Stack) -> None:
    """HAProxy is replaced by another, with the same sockets, and the replicas are left alone."""
    service = stacks.nginx(stack)
    second = service.text.replace("route: {http:", f'route: {{other: "127.0.0.1:{free_port()}", http:')
    stack.up(service.text, "--wait")
    before = stacks.instances(stack, service.name)
    with load(service.port, service.path) as running:
        for text in [second, service.text] * 3:
            served, router = running.served(), stacks.instances(stack, "stackd-haproxy")
            stack.write(text)
            stack.ctl("apply")
            assert stacks.instances(stack, "stackd-haproxy") != router and running.served() > served
        check(running)
    assert stacks.instances(stack, service.name) == before


def test_restarts_of_the_gateway_lose_no_message(stack: Stack) -> None:
    service = stacks.gateway(stack)
    stack.up(service.text, "--wait")
    with party(service.port) as running:
        wait_until(lambda: running.served() > len(running.people))
        restart_under_load(stack, service, running, RESTARTS)
        people = running.stop()
    assert [failure for person in people for failure in person.record.failures] == []
    for person in people:
        # Sent away by each of the gateways that was replaced under it, and by nothing else.
        assert set(person.record.goodbyes) == {GOING_AWAY} and person.record.goodbyes[GOING_AWAY] >= RESTARTS
        said, heard = running.said(person.room), person.record.heard
        ids = [id for id, _ in heard]
        assert ids == sorted(set(ids), key=place), "in their order, and none twice"
        first = place(ids[0])
        assert dict(heard) == {id: text for id, text in said.items() if place(id) >= first}, "all, and none twice"


def test_an_ordinary_users_restarts_lose_no_request(ordinary_stack: Stack) -> None:
    """Without cgroups, and with HAProxy as that user."""
    service = stacks.nginx(ordinary_stack)
    ordinary_stack.directory.chmod(0o777)
    ordinary_stack.up(service.text, "--wait")
    with load(service.port, service.path) as running:
        restart_under_load(ordinary_stack, service, running, 5)
        check(running)
