"""The control API of a live daemon by its own description: what it says of itself, who may use it, and with what."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from stack import PATIENCE, PYTHON, Document, Stack, UnixConnection, free_port, is_alive, wait_until

SERVICES = """
services:
  db:
    command: [sleep, "300"]
  web:
    command: [sleep, "300"]
    scale: 2
    depends_on: [db]
    probes: {liveness: {exec: ["true"], period: 200ms}}
"""

TOKEN = "a-token-of-the-tests-0123456789"

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is missing")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")


def with_listener(stack: Stack, access: str = "") -> str:
    """A daemon that listens on TCP too, and that address."""
    port = free_port()
    token = stack.directory / "token"
    token.write_text(TOKEN + "\n")
    token.chmod(0o600)
    control = f"""
control:
  listen: 127.0.0.1:{port}
  tokens: [{{name: tests, role: admin, file: token}}]
{access}"""
    stack.up(SERVICES + control)
    stack.wait_ready("db/0", "web/0", "web/1")
    return f"http://127.0.0.1:{port}"


def description(stack: Stack) -> Document:
    return stack.get("/v1/openapi.json")


def curl(stack: Stack, path: str, *arguments: str, user: int | None = None, **more: Any) -> str:
    command = ["curl", "-sN", "--unix-socket", stack.socket_path, f"http://localhost{path}", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=PATIENCE, user=user, **more
    ).stdout


# -- what it says of itself


def test_the_description_is_openapi(stack: Stack) -> None:
    validator = pytest.importorskip("openapi_spec_validator")
    stack.up(SERVICES)
    validator.validate(description(stack))


def test_answers_are_as_described(stack: Stack) -> None:
    """schemathesis asks for everything that the description allows and forbids."""
    pytest.importorskip("schemathesis")
    address = with_listener(stack)
    # Streams that are followed have no end, a shut down daemon has no answers, and commands are not made up as root.
    endless = "shutdown|/watch|/events|/logs|/exec|/run"
    program = Path(sys.executable).with_name("schemathesis")
    result = subprocess.run(
        [
            str(program), "run", f"{address}/v1/openapi.json", "--url", address,
            "-H", f"Authorization: Bearer {TOKEN}", "--max-examples", "5", "--seed", "1",
            "--request-timeout", str(PATIENCE), "--phases", "examples,coverage,fuzzing",
            # A number that is too large for this host is as valid as any, and refused.
            "--exclude-checks", "positive_data_acceptance", "--exclude-path-regex", endless, "--no-color",
        ],
        capture_output=True, text=True, timeout=10 * PATIENCE, cwd=stack.directory,
    )
    assert result.returncode == 0, result.stdout[-8_000:]
    assert stack.get("/healthz") == {"status": "ok"}


def test_metrics_are_prometheus(stack: Stack) -> None:
    stack.up(SERVICES)
    stack.wait_ready("db/0", "web/0", "web/1")
    probed = 'stackd_probe_results_total{service="web",replica="1",probe="liveness",result="passed"}'
    wait_until(lambda: probed in text(stack))
    metrics = text(stack)
    for line in (
        f'stackd_info{{stack="{stack.name}",version="',
        'stackd_service_replicas_ready{service="web"} 2',
        'stackd_replica_state{service="db",replica="0",state="running"} 1',
        'stackd_probe_duration_seconds_count{service="web",replica="0",probe="liveness"}',
        'stackd_replica_processes{service="db",replica="0"} 1',
        'stackd_replica_threads{service="db",replica="0"} 1',
        'stackd_replica_open_fds{service="db",replica="0"} ',
        'stackd_replica_io_read_bytes_total{service="db",replica="0"} ',
        'stackd_service_replicas_rule{service="db",rule="file"} 1',
        "stackd_loop_turn_duration_seconds_count",
        "stackd_spawn_duration_seconds_count 3",
        "process_resident_memory_bytes",
    ):
        assert line in metrics, f"{line}\n{metrics}"
    if promtool := shutil.which("promtool"):
        result = subprocess.run(
            [promtool, "check", "metrics"], input=metrics, capture_output=True, text=True, timeout=PATIENCE
        )
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def text(stack: Stack, path: str = "/metrics") -> str:
    connection = UnixConnection(stack.socket_path, PATIENCE)
    connection.request("GET", path)
    body = connection.getresponse().read().decode()
    connection.close()
    return body


# -- who may use it


def operations(stack: Stack) -> list[tuple[str, str, str]]:
    """Method, path and role of everything there is."""
    found = []
    for path, methods in description(stack)["paths"].items():
        for method, operation in methods.items():
            target = path.replace("{name}", "db").replace("{index}", "0").replace("{id}", "0")
            found.append((method.upper(), target, operation["x-role"]))
    return found


def ask_as(stack: Stack, user: int, groups: list[int], asked: list[tuple[str, str]]) -> list[str]:
    """The statuses (of `curl`, one process for all) that the user gets; 000 where it cannot even connect."""
    arguments: list[str] = []
    for method, path in asked:
        if arguments:
            arguments.append("--next")
        arguments += [
            "-s", "-o", "/dev/null", "-w", "%{http_code}\n", "--max-time", "2", "-X", method, "--unix-socket",
            stack.socket_path, f"http://localhost{path}",
        ]
    result = subprocess.run(
        ["curl", *arguments], capture_output=True, text=True, timeout=3 * PATIENCE, user=user, group=user,
        extra_groups=groups,
    )
    return result.stdout.split()


@needs_curl
@needs_root
def test_a_stranger_is_refused_on_every_route(stack: Stack) -> None:
    stack.up(SERVICES)
    asked = [(method, path) for method, path, _ in operations(stack)]
    assert len(asked) > 25
    # Without grants the socket's directory is closed to others.
    assert set(ask_as(stack, 12345, [], asked)) == {"000"}
    # With grants to somebody else everybody can connect, and is refused.
    stack.up(SERVICES + "control: {access: {admin: {users: [54321], groups: [54321]}}}\n", check=None)
    stack.post("/v1/apply", {})
    wait_until(lambda: set(ask_as(stack, 12345, [12346], asked[:1])) == {"403"})
    assert ask_as(stack, 12345, [12346], asked) == ["403"] * len(asked)
    assert all(replica["ready"] for replica in stack.replicas().values())


@needs_curl
@needs_root
@pytest.mark.parametrize("role", ["read", "operate", "admin"])
def test_a_group_has_its_role_and_no_more(stack: Stack, role: str) -> None:
    ranks = {"read": 0, "operate": 1, "admin": 2}
    stack.up(SERVICES + f"control: {{access: {{{role}: {{groups: [12346]}}}}}}\n")
    asked = [o for o in operations(stack) if o[1] != "/v1/shutdown"]
    # By a supplementary group, which SO_PEERCRED does not tell.
    statuses = ask_as(stack, 12345, [12346], [(method, path) for method, path, _ in asked])
    for (method, path, needed), status in zip(asked, statuses, strict=True):
        assert (status == "403") == (ranks[needed] > ranks[role]), (method, path, status)


def test_a_token_is_needed_over_tcp(stack: Stack) -> None:
    address = with_listener(stack)

    def status(**headers: str) -> int:
        try:
            request = urllib.request.Request(f"{address}/v1/stack", headers=headers)
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code

    assert status() == 401
    assert status(Authorization="Bearer " + TOKEN[:-1]) == 401
    assert status(Authorization="Bearer " + TOKEN) == 200
    assert status(Authorization="Bearer " + TOKEN, Host="stack.example") == 421
    assert status(Authorization="Bearer " + TOKEN, Origin="http://stack.example") == 403


def test_changes_are_written_down(stack: Stack) -> None:
    stack.up(SERVICES)
    assert stack.post("/v1/services/web/restart")[0] == 202
    assert stack.post("/v1/services/nobody/restart")[0] == 404
    assert stack.post("/v1/plan", {"environment": {"SECRET": "hunter2"}})[0] == 200
    file = stack.state_directory / "audit.log"
    entries = [json.loads(line) for line in file.read_text().splitlines()]
    told = [(e["path"], e["status"], e.get("problem")) for e in entries]
    assert ("/v1/services/web/restart", 202, None) in told
    assert ("/v1/services/nobody/restart", 404, "no_such_service") in told
    assert all(e["uid"] == os.geteuid() and e["pid"] > 0 for e in entries)
    assert "hunter2" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


# -- everything with curl


@needs_curl
def test_a_command_and_its_input_by_curl(stack: Stack) -> None:
    stack.up(SERVICES)
    stack.wait_ready("db/0")
    request = json.dumps({"command": ["sh", "-c", "read line; echo got $line; exit 7"], "input": True})
    stream = subprocess.Popen(
        ["curl", "-sN", "--unix-socket", stack.socket_path, "-d", request, "http://localhost/v1/services/db/exec"],
        stdout=subprocess.PIPE, text=True,
    )
    assert stream.stdout is not None
    started = next(json.loads(line[6:]) for line in stream.stdout if line.startswith("data: "))
    assert started["kind"] == "started"
    curl(stack, f"/v1/executions/{started['id']}/input?last=true", "--data-binary", "hello\n")
    records = [json.loads(line[6:]) for line in stream.stdout if line.startswith("data: ")]
    assert stream.wait(PATIENCE) == 0
    output = b"".join(base64.b64decode(r["data"]) for r in records if r["kind"] == "output")
    assert output == b"got hello\n"
    assert records[-1]["exit"]["code"] == 7


@needs_curl
def test_plan_and_apply_by_curl(stack: Stack) -> None:
    stack.up(SERVICES)
    stack.wait_ready("db/0", "web/0", "web/1")
    stack.write(SERVICES.replace("scale: 2", "scale: 3"))
    plan = json.loads(curl(stack, "/v1/plan", "-d", "{}"))
    assert {c["service"]: c["kind"] for c in plan["changes"]} == {"db": "none", "web": "live"}
    refused = json.loads(curl(stack, "/v1/apply", "-d", json.dumps({"plan": "another"})))
    assert refused["code"] == "plan_changed"
    json.loads(curl(stack, "/v1/apply", "-d", json.dumps({"plan": plan["plan"]})))
    stack.wait_ready("web/2")
    stack.write("services: {db: {command: }")
    broken = json.loads(curl(stack, "/v1/plan", "-d", "{}"))
    assert broken["code"] == "invalid_file" and "stack.yaml:" in broken["diagnostics"][0]


# -- how services are replaced and stopped


def canary(seconds: int) -> str:
    return f"""
services:
  web:
    command: [sleep, "{seconds}"]
    scale: 3
    rollout: {{steps: [{{replicas: 1}}, {{pause: {{}}}}, {{replicas: 2}}, {{pause: 1h}}]}}
"""


def pids(stack: Stack, service: str) -> set[int]:
    return {replica["pid"] for replica in stack.get(f"/v1/services/{service}")["replicas"]}


def rollout(stack: Stack, service: str = "web") -> Document:
    return stack.get(f"/v1/services/{service}/rollout")


def wait_good(stack: Stack, number: int, service: str = "web") -> Document:
    def find() -> Document | None:
        newest = rollout(stack, service)["history"][0]
        return newest if (newest["number"], newest["outcome"]) == (number, "good") else None

    return stack.wait_for(find)


def wait_paused(stack: Stack, updated: int) -> Document:
    def find() -> Document | None:
        now = rollout(stack).get("rollout", {})
        return now if (now.get("phase"), now.get("updated")) == ("paused", updated) else None

    return stack.wait_for(find)


def test_a_restart_is_a_rollout_and_has_a_history(stack: Stack) -> None:
    stack.up(SERVICES)
    first = wait_good(stack, 1)
    assert (first["cause"], "rollout" in rollout(stack)) == ("started", False)
    before, database = pids(stack, "web"), pids(stack, "db")
    assert stack.post("/v1/services/web/restart")[0] == 202
    second = wait_good(stack, 2)
    assert (second["cause"], second["revision"]) == ("restart_requested", first["revision"])
    assert second["since"] <= second["ended"]
    stack.wait_for(lambda: len(pids(stack, "web")) == 2)
    assert not pids(stack, "web") & before
    assert pids(stack, "db") == database
    assert [r["number"] for r in stack.get("/v1/services/web")["history"]] == [2, 1]
    assert 'stackd_service_revisions_total{service="web"} 2' in text(stack)


def test_a_restart_at_once_has_no_instance_beside_another(stack: Stack) -> None:
    stack.up(SERVICES)
    wait_good(stack, 1)
    _, accepted = stack.post("/v1/restart", {"services": ["web"], "at_once": True})
    wait_good(stack, 2)
    news = [e for e in stack.events() if e["id"] > accepted["event"] and e.get("service") == "web"]
    exited = [e["id"] for e in news if e["code"] == "exited"]
    spawned = [e["id"] for e in news if e["code"] == "spawned"]
    assert (len(exited), len(spawned)) == (2, 2)
    assert max(exited) < min(spawned)


def test_a_canary_is_watched_and_driven(stack: Stack) -> None:
    stack.up(canary(300))
    good = wait_good(stack, 1)

    def refusal(word: str, body: Document | None = None) -> tuple[int, str]:
        status, problem = stack.post(f"/v1/services/web/rollout/{word}", body)
        return status, problem["code"]

    assert {refusal(word) for word in ("pause", "resume", "promote")} == {(409, "no_rollout")}
    assert refusal("undo") == (404, "no_such_revision")
    stack.write(canary(301))
    stack.post("/v1/apply", {})
    stands = wait_paused(stack, 1)
    assert (stands["number"], stands["cause"], stands["updated"], stands["wanted"]) == (2, "changed", 1, 3)
    assert (stands["step"], stands["steps"], stands["rollback"]) == (1, 4, False)
    replicas = stack.get("/v1/services/web")["replicas"]
    assert sorted(r["revision"] == good["revision"] for r in replicas if r["ready"]) == [False, True, True]
    metrics = text(stack)
    assert 'stackd_rollout_phase{service="web",phase="paused"} 1' in metrics
    assert 'stackd_rollout_replicas_updated{service="web"} 1' in metrics

    # A pause of its steps is not one that somebody has asked for.
    assert refusal("resume") == (409, "no_rollout")
    for word in ("pause", "resume"):
        assert stack.post(f"/v1/services/web/rollout/{word}")[0] == 202
    assert refusal("undo", {"revision": 9}) == (404, "no_such_revision")
    assert stack.post("/v1/services/web/rollout/promote")[0] == 202
    stands = wait_paused(stack, 2)
    assert stands["until"] > stands["since"]
    assert stack.post("/v1/services/web/rollout/promote", {"fully": True})[0] == 202
    new = wait_good(stack, 2)
    assert new["revision"] != good["revision"]

    assert stack.post("/v1/services/web/rollout/undo", {"revision": 1})[0] == 202
    back = wait_good(stack, 3)
    assert (back["cause"], back["revision"]) == ("undone", good["revision"])
    assert stack.post("/v1/services/web/rollout/undo")[0] == 202
    assert wait_good(stack, 4)["revision"] == new["revision"]


def test_two_stand_for_a_replica_that_is_replaced(stack: Stack) -> None:
    stack.up("""
services:
  web:
    command: [sleep, "300"]
    scale: 2
    rollout: {min_ready: 1h}
""")
    stack.wait_ready("web/0", "web/1")
    assert stack.post("/v1/services/web/restart")[0] == 202

    def rows() -> list[Document]:
        return stack.get("/v1/services/web")["replicas"]

    stack.wait_for(lambda: [row["ready"] for row in rows()] == [True] * 3)
    old, new = rows()[1:]
    assert (old["replica"], new["replica"]) == (1, 1)
    assert old["instance"] < new["instance"] and old["pid"] != new["pid"]
    assert stack.get("/v1/replicas/web/1/explain")[0]["instance"] == new["instance"]
    # What is said of a replica is said once, and of both together what they use.
    samples = [line.rpartition(" ")[0] for line in text(stack).splitlines() if not line.startswith("#")]
    assert len(samples) == len(set(samples))
    assert 'stackd_replica_processes{service="web",replica="1"} 2' in text(stack)
    assert 'stackd_rollout_replicas_available{service="web"} 0' in text(stack)


def test_a_failing_rollout_goes_back_and_says_why(stack: Stack) -> None:
    stack.up(canary(300))
    good = wait_good(stack, 1)
    stack.write(canary(300).replace("[sleep, ", "[sh, -c, exit 7, "))
    stack.post("/v1/apply", {})
    back = wait_good(stack, 3)
    assert (back["cause"], back["revision"]) == ("rolled_back", good["revision"])
    failed = rollout(stack)["history"][1]
    assert (failed["number"], failed["outcome"]) == (2, "failed")
    assert "7" in failed["reason"]


def test_a_grace_comes_with_the_request(stack: Stack) -> None:
    stack.up("""
services:
  a: {command: [sh, -c, "trap '' TERM; echo set; while :; do sleep 300; done"], stop_grace_period: 1h,
      probes: {startup: {log: set}}}
  b: {command: [sh, -c, "trap '' TERM; echo set; while :; do sleep 300; done"], stop_grace_period: 1h,
      probes: {startup: {log: set}}}
""")
    stack.wait_ready("a/0", "b/0")
    assert stack.post("/v1/services/a/stop", {"grace_seconds": 0.25})[0] == 202
    stack.wait_state("a/0", "stopped")
    for body in ({"grace_seconds": -1}, {"grace_seconds": 86_401}, {"services": ["a"]}):
        assert stack.post("/v1/services/b/stop", body)[0] == 400
    assert stack.post("/v1/start", {"grace_seconds": 1})[0] == 400
    assert stack.post("/v1/shutdown", {"immediately": True, "grace_seconds": 1})[0] == 400
    pid = stack.daemon_pid
    assert stack.post("/v1/shutdown", {"grace_seconds": 0.25})[0] == 202
    wait_until(lambda: not is_alive(pid))


def follow(stack: Stack, path: str, last: str | None, count: int) -> list[tuple[str, Document]]:
    """Some messages, with their ids, of a stream that is then cut off."""
    connection = UnixConnection(stack.socket_path, PATIENCE)
    headers = {"Accept": "text/event-stream"} | ({} if last is None else {"Last-Event-ID": last})
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    assert response.status == 200, response.read()
    messages: list[tuple[str, Document]] = []
    identity = ""
    while len(messages) < count:
        line = response.readline().decode()
        assert line, "the stream ended"
        if line.startswith("id: "):
            identity = line[4:].strip()
        elif line.startswith("data: "):
            messages.append((identity, json.loads(line[6:])))
    connection.close()
    return messages


def test_a_follower_of_logs_that_comes_back_misses_nothing(stack: Stack) -> None:
    writer = "import time\nfor n in range(100000):\n print(n, flush=True)\n time.sleep(0.002)"
    stack.up(f"services:\n  a: {{command: [{PYTHON}, -c, {json.dumps(writer)}], scale: 2}}\n")
    last: str | None = None
    seen: dict[int, list[int]] = {0: [], 1: []}
    for count in (1, 7, 100, 3, 250, 1, 50):
        for identity, line in follow(stack, "/v1/logs?follow=true", last, count):
            assert "gap" not in line, line
            last = identity
            if line["stream"] == "stdout":
                seen[line["replica"]].append(int(line["text"]))
    for numbers in seen.values():
        assert numbers == list(range(len(numbers)))
    assert sum(map(len, seen.values())) > 300


def test_a_follower_of_events_that_comes_back_misses_nothing(stack: Stack) -> None:
    stack.up(SERVICES)
    last = "0"
    seen: list[int] = []
    for count in (1, 2, 3):
        stack.post("/v1/services/db/restart")
        for identity, event in follow(stack, "/v1/events", last, count):
            last = identity
            seen.append(event["id"])
    assert seen == list(range(1, 7))


# -- how many replicas there are


def scale(stack: Stack, replicas: int) -> tuple[int, Document]:
    return stack.post("/v1/services/web/scale", {"replicas": replicas})


def test_who_says_how_many_replicas_there_are(stack: Stack) -> None:
    stack.up(SERVICES)
    wait_good(stack, 1)
    plain = {"active": False, "awaits_connection": False, "rule": "file"}
    assert stack.get("/v1/services/web/scaling") == {
        "service": "web", "scale": 2, "scaling": plain, "decisions": []}
    status, scaled = scale(stack, 3)
    # What counts is in the answer already, and the events after its `event` are those of the command.
    manual = plain | {"rule": "manual"}
    assert (status, scaled["service"], scaled["scale"], scaled["scaling"]) == (202, "web", 3, manual)
    assert [e["subject"] for e in stack.events() if e["code"] == "scaled" and e["id"] > scaled["event"]] == ["web"]
    service = stack.get("/v1/services/web")
    assert (service["scale"], service["scaling"]) == (3, manual)
    assert 'stackd_service_replicas_rule{service="web",rule="manual"} 1' in text(stack)
    stack.wait_ready("web/0", "web/1", "web/2")
    assert scale(stack, 0)[1]["scale"] == 0
    stack.wait_for(lambda: stack.get("/v1/services/web")["replicas"] == [])
    # There is nobody whom it could be asked of, and there is a reason.
    assert "scaled" in {event["code"] for event in stack.get("/v1/services/web/explain")}
    assert stack.post("/v1/services/cache/scale", {"replicas": 1})[0] == 404
    for wrong in (-1, 1_001, "2", None):
        assert stack.post("/v1/services/web/scale", {"replicas": wrong})[0] == 400


# The last of three does all the work: one of the others, which are idle, is one too many.
UNEVEN = """
services:
  web:
    command: [sh, -c, "while [ $$REPLICA = 2 ]; do :; done; exec sleep 300"]
    environment: {REPLICA: "${replica.index}"}
    stop_signal: SIGKILL
    autoscale:
      min: 2
      max: 3
      metrics: [{cpu: 90%}]
      interval: 1s
      cpu_initialization_period: 0s
      behavior: {scale_down: {stabilization_window: 0s}}
"""


def test_replicas_whose_indices_have_a_gap(stack: Stack) -> None:
    stack.up(UNEVEN)
    stack.wait_ready("web/0", "web/1")
    assert scale(stack, 3)[0] == 202

    def indices() -> list[int]:
        return [replica["replica"] for replica in stack.get("/v1/services/web")["replicas"]]

    stack.wait_for(lambda: len(indices()) == 2)
    left = indices()
    # Which of the idle ones used a little less is for the kernel to say; without either there is a gap.
    assert left in ([0, 2], [1, 2])
    gone = 1 - left[0]
    service = stack.get("/v1/services/web")
    assert (service["scale"], service["scaling"]["rule"], service["ready"]) == (2, "autoscaler", True)
    assert all(replica["wanted"] for replica in service["replicas"])
    assert all(stack.get(f"/v1/replicas/web/{index}/explain") for index in left)
    for path, body in (("/v1/services/web/kill", {"signal": "HUP", "replica": gone}),
                       ("/v1/services/web/exec", {"command": ["true"], "replica": gone})):
        status, problem = stack.post(path, body)
        assert (status, problem["code"]) == (404, "no_such_replica")
        assert problem["detail"].endswith("it has 0, 2" if gone else "it has 1 to 2")
    metrics = text(stack)
    assert 'stackd_replica_ready{service="web",replica="2"} 1' in metrics
    assert f'stackd_replica_ready{{service="web",replica="{gone}"}}' not in metrics
    assert [entry["replica"] for entry in stack.get("/v1/usage")] == left


def test_a_decision_is_told_with_all_that_it_was_made_from(stack: Stack) -> None:
    stack.up(UNEVEN.replace("$$REPLICA = 2", "$$REPLICA = none"))
    stack.wait_ready("web/0", "web/1")
    assert scale(stack, 3)[1]["scaling"]["rule"] == "manual"
    removal = stack.wait_for(lambda: next(
        (d for d in stack.get("/v1/services/web/scaling")["decisions"] if d["desired"] < d["current"]), None))
    assert (removal["current"], removal["desired"]) == (3, 2)
    assert removal["recommendation"] <= 2 and removal["reason"]
    # Which of three idle ones used a little less is for the kernel to say.
    gone, = removal["removed"]
    stack.wait_for(lambda: gone not in stack.replicas() and len(stack.replicas()) == 2)
    metric, = removal["metrics"]
    assert (metric["name"], metric["target"]) == ("cpu", "90%")
    assert metric["value"].endswith("%") and metric["ratio"] < 0.9 and metric["counted"]["ready"] >= 1
    service = stack.get("/v1/services/web")["scaling"]
    assert (service["minimum"], service["maximum"], service["interval_seconds"]) == (2, 3, 1)
    assert (service["rule"], service["active"]) == ("autoscaler", True)
    latest = stack.get("/v1/services/web/scaling")
    assert latest["scaling"]["decision"] == latest["decisions"][0]
    assert [d["time"] for d in latest["decisions"]] == sorted((d["time"] for d in latest["decisions"]), reverse=True)
    metrics = text(stack)
    for line in (
        'stackd_autoscaler_active{service="web"} 1', 'stackd_autoscaler_minimum{service="web"} 2',
        'stackd_autoscaler_maximum{service="web"} 3', 'stackd_autoscaler_recommendation{service="web"} ',
        'stackd_autoscaler_metric_ratio{service="web",metric="cpu"} 0',
        'stackd_service_replicas_rule{service="web",rule="autoscaler"} 1',
    ):
        assert line in metrics, f"{line}\n{metrics}"


def test_none_on_demand_is_as_desired(stack: Stack) -> None:
    stack.up(f"""
services:
  web:
    command: [sleep, "300"]
    listen: {{http: "127.0.0.1:{free_port()}"}}
    autoscale: {{min: 0, max: 2, metrics: [{{accept_queue: 4}}]}}
  next: {{command: [sleep, "300"], depends_on: [web]}}
""")
    stack.wait_ready("next/0")
    service = stack.get("/v1/services/web")
    assert (service["ready"], service["desired"], service["scale"], service["replicas"]) == (True, "running", 0, [])
    assert (service["scaling"]["active"], service["scaling"]["awaits_connection"]) == (True, True)
    assert stack.get("/v1/stack")["state"] == "ready"
    assert stack.get("/readyz") == {"ready": True, "waiting": []}
    assert 'stackd_autoscaler_awaits_connection{service="web"} 1' in text(stack)
