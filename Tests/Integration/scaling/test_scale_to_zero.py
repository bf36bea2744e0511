"""`min: 0`: nothing runs until somebody connects, and nobody is refused."""

from __future__ import annotations

import http.client
import threading
import time

import scaled
from stack import PYTHON, Stack, free_port
from stacks import SERVER

ON_DEMAND = "min: 0, max: 2, metrics: [{accept_queue: 4}], interval: 1s, idle_after: 1s"


def ask(port: int) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", "/", headers={"Connection": "close"})
        response = connection.getresponse()
        return response.status, response.read().decode().strip()
    finally:
        connection.close()


def burst(port: int, clients: int) -> list[tuple[int, str] | str]:
    """Asks from many threads at once; what came of each."""
    answers: list[tuple[int, str] | str] = []

    def client() -> None:
        try:
            answers.append(ask(port))
        except OSError as error:
            answers.append(f"{type(error).__name__}: {error}")

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def wait_for_none(service: scaled.Scaled) -> None:
    service.stack.wait_for(lambda: not service.document["replicas"] and service.scaling["awaits_connection"])


def test_bursts_out_of_nothing_are_served(stack: Stack) -> None:
    service = scaled.server(stack, ON_DEMAND, work=1)
    service.up()
    assert service.document["replicas"] == [], "it begins with none"
    assert stack.get("/v1/stack")["state"] == "ready"
    assert "on demand" in stack.ctl("ps", "--all").stdout + stack.ctl("ps").stdout
    for _ in range(5):
        wait_for_none(service)
        assert burst(service.port, 20) == [(200, "v1")] * 20
        assert service.wanted >= 1
    wait_for_none(service)
    assert "connect" in stack.explain("web")


def test_a_connection_that_is_open_keeps_it(stack: Stack) -> None:
    service = scaled.server(stack, ON_DEMAND, work=4000)
    service.up()
    began = time.monotonic()
    assert ask(service.port) == (200, "v1"), "longer than idle_after, and not cut off"
    assert time.monotonic() - began >= 4
    wait_for_none(service)


def test_requests_wait_in_the_queue_of_a_route(stack: Stack) -> None:
    port = free_port()
    service = scaled.Scaled(stack, f"""
services:
  web:
    command: [{PYTHON}, {SERVER}, v1]
    ports: {{http: auto}}
    route: {{http: {{listen: "127.0.0.1:{port}", to: http, queue_timeout: 60s}}}}
    notify: true
    autoscale: {{min: 0, max: 2, metrics: [{{route: {{value: queue, target: 4}}}}], interval: 1s, idle_after: 1s}}
""", "web", port)
    service.up()
    for _ in range(3):
        wait_for_none(service)
        assert burst(port, 20) == [(200, "v1")] * 20
    wait_for_none(service)


def test_what_depends_on_it_starts(stack: Stack) -> None:
    """Its listener is open: to connect is to have it."""
    service = scaled.server(
        stack, ON_DEMAND, more=f"""
  client:
    command: [{PYTHON}, -c, "import http.client, os; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['TO']));\\
      c.request('GET', '/'); print(c.getresponse().read().decode())"]
    environment: {{TO: "PORT"}}
    depends_on: {{web: {{condition: service_healthy}}}}
    restart: "no\"""")
    service.text = service.text.replace('"PORT"', f'"{service.port}"')
    service.up()
    stack.wait_state("client/0", "completed")
    assert "v1" in stack.ctl("logs", "client").stdout
    wait_for_none(service)


def test_a_crash_of_what_is_wanted_is_no_idleness(stack: Stack) -> None:
    """The client waits in the queue over the crash of the first."""
    service = scaled.server(stack, ON_DEMAND)
    # The first start fails.
    service.text = service.text.replace(
        f"command: [{PYTHON}, {SERVER}, v1]",
        f'command: [sh, -c, "test -e again || {{ touch again; exit 1; }}; exec {PYTHON} {SERVER} v1"]')
    service.up()
    assert ask(service.port) == (200, "v1")
    wait_for_none(service)


def test_a_stopped_service_waits_for_nobody(stack: Stack) -> None:
    service = scaled.server(stack, ON_DEMAND)
    service.up()
    stack.ctl("stop", "web")
    assert not service.scaling["awaits_connection"]
    client = threading.Thread(target=ask, args=(service.port,))
    client.start()
    stack.ctl("start", "web")
    client.join(60)
    assert not client.is_alive(), "who had connected meanwhile is served when it is wanted again"
    wait_for_none(service)


def test_an_ordinary_user_has_it_too(ordinary_stack: Stack) -> None:
    service = scaled.server(ordinary_stack, ON_DEMAND)
    service.up()
    for _ in range(2):
        wait_for_none(service)
        assert burst(service.port, 10) == [(200, "v1")] * 10
    wait_for_none(service)
