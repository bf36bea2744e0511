"""Canaries that measurements decide upon: conditions over probes, restarts and a Prometheus server's answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from releases import (
    begin, history, is_settled, observed, pids, rollout, service, stack_of, versions, wait_good, wait_phase,
)
from stack import Document, Stack, free_port


class Prometheus(ThreadingHTTPServer):
    """Answers each query with the next of its values, and the last for ever; None is no value, a text an error."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.values: list[float | str | None] = [0.0]
        self.queries: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answers(BaseHTTPRequestHandler):
    server: Prometheus

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self.server.queries.append(f"{url.path} {parse_qs(url.query).get('query', [''])[0]}")
        value = self.server.values.pop(0) if len(self.server.values) > 1 else self.server.values[0]
        result = [] if value is None else [{"metric": {}, "value": [1700000000.0, str(value)]}]
        body: Document = {"status": "success", "data": {"resultType": "vector", "result": result}}
        if isinstance(value, str):
            body = {"status": "error", "errorType": "execution", "error": value}
        text = json.dumps(body).encode()
        self.send_response(422 if isinstance(value, str) else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def prometheus() -> Iterator[Prometheus]:
    with Prometheus() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


# With what has to be escaped in an address.
QUERY = 'sum(rate(errors{code=~"5.."}[1m])) + 0 > 0'


def canary(metric: str, limits: str = "count: 3") -> str:
    return f"""replicas: 2
    rollout:
      steps:
        - replicas: 1
        - analysis: {{interval: 50ms, {limits}, metrics: [{metric}]}}"""


def errors_of(prometheus: Prometheus, conditions: str) -> str:
    source = f"{{address: '{prometheus.address}', query: '{QUERY}'}}"
    return f"{{name: errors, prometheus: {source}, {conditions}}}"


def verdicts(stack: Stack) -> list[str]:
    return [event["text"].rpartition(": ")[2] for event in stack.events() if event["code"] == "rollout_analysis"]


def test_what_measures_well_is_released(stack: Stack, prometheus: Prometheus) -> None:
    more = canary(errors_of(prometheus, "success: '< 0.05'"))
    stack.up(stack_of(service(more=more)), "--wait")
    wait_good(stack)
    assert prometheus.queries == [], "only a change is analysed"
    prometheus.values = [0.01, 0.04, 0]
    stack.write(stack_of(service(version="2", more=more)))
    stack.ctl("apply")
    assert versions(stack) == ["2", "2"]
    assert prometheus.queries == [f"/api/v1/query {QUERY}"] * 3
    assert verdicts(stack) == ["successful"] * 3


@pytest.mark.parametrize(("values", "limits", "expected"), [
    ([0.5], "count: 3", ["failed"]),
    ([0, 0.5, 0, 0.5, 0], "count: 5, failure_limit: 1", ["successful", "failed", "successful", "failed"]),
    (["no such metric"], "count: 1, consecutive_error_limit: 2", ["error"] * 3),
], ids=["at-once", "limit", "errors"])
def test_what_measures_badly_goes_back(
    stack: Stack, prometheus: Prometheus, values: list[float | str | None], limits: str, expected: list[str]
) -> None:
    more = canary(errors_of(prometheus, "success: '< 0.05'"), limits)
    stack.up(stack_of(service(more=more)), "--wait")
    wait_good(stack)
    prometheus.values = values
    stack.write(stack_of(service(version="2", more=more)))
    told = stack.ctl("apply", check=7).stderr
    assert "errors" in told
    assert verdicts(stack) == expected
    assert versions(stack) == ["1", "1"]
    assert [entry[1:] for entry in history(stack)[:2]] == [("rolled_back", "good"), ("changed", "failed")]
    assert "errors" in stack.explain("web")


def test_what_says_nothing_is_for_somebody_to_decide(stack: Stack, prometheus: Prometheus) -> None:
    more = canary(errors_of(prometheus, "success: '< 0.05', failure: '> 0.5'"))
    stack.up(stack_of(service(more=more)), "--wait")
    wait_good(stack)
    prometheus.values = [0.2]
    stack.write(stack_of(service(version="2", more=more)))
    begin(stack, "/v1/apply", {})
    now = wait_phase(stack, "paused")
    assert "errors" in now["reason"]
    assert [(record["metric"], record["value"], record["verdict"]) for record in now["measurements"]] == [
        ("errors", 0.2, "inconclusive")]
    assert sorted(versions(stack)) == ["1", "2"]
    begin(stack, "/v1/services/web/rollout/promote", {})
    observed(stack, is_settled)
    assert versions(stack) == ["2", "2"]


def test_a_server_that_is_not_there_is_an_error_and_not_a_good_sign(stack: Stack) -> None:
    source = f"{{address: 'http://127.0.0.1:{free_port()}', query: up}}"
    more = canary(f"{{prometheus: {source}, success: '> 0'}}", "count: 1, consecutive_error_limit: 0")
    stack.up(stack_of(service(more=more)), "--wait")
    wait_good(stack)
    stack.write(stack_of(service(version="2", more=more)))
    assert "refused" in stack.ctl("apply", check=7).stderr
    assert versions(stack) == ["1", "1"]


def test_the_new_ones_probes_are_measured_and_not_the_old_ones(stack: Stack) -> None:
    # It fails for one version, without ever ending an instance.
    probe = "liveness: {exec: [sh, -c, 'test $$VERSION != BAD'], period: 20ms, failure_threshold: 100000}"
    more = canary("{probe_failures: true, failure: '> 10%'}", "count: 5")

    def text(version: str, bad: str) -> str:
        web = service(version=version, more=more).replace("{log: serving}", f"{{log: serving}}, {probe}")
        return stack_of(web.replace("BAD", bad))

    stack.up(text("1", "2"), "--wait")
    wait_good(stack)
    before = pids(stack)
    stack.write(text("2", "2"))
    assert "probe_failures" in stack.ctl("apply", check=7).stderr
    stack.wait_for(lambda: versions(stack) == ["1", "1"])
    assert len(pids(stack).items() & before.items()) == 1, "all but the canary stayed"
    # The old ones' probes fail, and that is what the new one mends.
    stack.write(text("1", "1"))
    stack.ctl("apply")
    stack.write(text("3", "1"))
    stack.ctl("apply")
    assert versions(stack) == ["3", "3"]


def test_restarts_are_measured_where_they_are_tolerated(stack: Stack) -> None:
    once = stack.directory / "once"
    more = canary("{restarts: true, failure: '>= 1'}", "count: 2")
    more = more.replace("rollout:", "rollout:\n      max_failure_ratio: 1")
    stack.up(stack_of(service(more=more)), "--wait")
    wait_good(stack)
    crashing = f"mkdir {once} && exit 5; echo serving; exec sleep 1000"
    stack.write(stack_of(service(program=crashing, version="2", more=more)))
    assert "restarts" in stack.ctl("apply", check=7).stderr
    assert verdicts(stack) == ["failed"]
    assert rollout(stack) is None and versions(stack) == ["1", "1"]
