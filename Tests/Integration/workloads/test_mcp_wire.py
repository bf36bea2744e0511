"""The protocol on the wire: what no well-behaved client does, and what only one kind of client does."""

import json
import os
import signal
import subprocess

import pytest

from harness import DEADLINE, eventually, free_port, listener, port_of, request

VERSION = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": VERSION,
    "io.modelcontextprotocol/clientCapabilities": {},
}
JSON = {"content-type": "application/json", "accept": "application/json, text/event-stream"}


def call(method, params=None, id=1, meta=META):
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": (params or {}) | ({"_meta": meta} if meta else {})}


def post(service, message, headers=None, **more):
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return request(service.port, "/mcp", "POST", body, JSON | (headers or {}) | more)


def modern(method, name=None):
    return {"mcp-protocol-version": VERSION, "mcp-method": method} | ({"mcp-name": name} if name else {})


def open_session(service, version="2025-11-25"):
    params = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}}
    answer = post(service, call("initialize", params, meta=None))
    assert answer.status == 200
    return answer.headers["mcp-session-id"], answer.json()["result"]


def test_discover_tells_versions_capabilities_and_name(mcp_stack):
    answer = post(mcp_stack, call("server/discover"), modern("server/discover"))
    assert answer.status == 200
    result = answer.json()["result"]
    assert result["resultType"] == "complete"
    assert result["supportedVersions"][0] == VERSION and "2024-11-05" in result["supportedVersions"]
    assert result["capabilities"] == {"tools": {"listChanged": False}}
    assert result["ttlMs"] > 0 and result["cacheScope"] == "public"
    assert result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "mcp-stack"
    assert "mcp-session-id" not in answer.headers


@pytest.mark.parametrize(
    "message, headers, status, code",
    [
        (b"{", {}, 400, -32700),
        (b"[]", {}, 400, -32600),
        ({"jsonrpc": "1.0", "id": 1, "method": "x"}, {}, 400, -32600),
        ({"jsonrpc": "2.0", "id": None, "method": "x"}, {}, 400, -32600),
        (call("tools/list", meta={}), modern("tools/list"), 400, -32602),
        (call("tools/list", meta={k: v for k, v in META.items() if "Version" in k}), modern("tools/list"), 400, -32602),
        (call("tools/list"), {"mcp-method": "tools/list"}, 400, -32020),
        (call("tools/list"), {"mcp-protocol-version": "2025-11-25", "mcp-method": "tools/list"}, 400, -32020),
        (call("tools/list"), {"mcp-protocol-version": VERSION}, 400, -32020),
        (call("tools/list"), modern("tools/call"), 400, -32020),
        (call("tools/call", {"name": "stack_status"}), modern("tools/call"), 400, -32020),
        (call("tools/call", {"name": "stack_status"}), modern("tools/call", "other"), 400, -32020),
        (call("tools/call", {"name": "nothing"}), modern("tools/call", "nothing"), 400, -32602),
        (call("tools/call", {"name": "stack_status", "arguments": []}), modern("tools/call", "stack_status"), 400, -32602),
        (call("tools/list", {"cursor": "x"}), modern("tools/list"), 400, -32602),
        (call("prompts/list"), modern("prompts/list"), 404, -32601),
        (call("ping"), modern("ping"), 404, -32601),
    ],
)
def test_a_stateless_request_that_is_wrong_is_refused_by_its_code(mcp_stack, message, headers, status, code):
    answer = post(mcp_stack, message, headers)
    assert (answer.status, answer.json()["error"]["code"]) == (status, code), answer.text


def test_a_version_that_is_not_spoken_is_answered_with_those_that_are(mcp_stack):
    meta = META | {"io.modelcontextprotocol/protocolVersion": "2099-01-01"}
    headers = modern("tools/list") | {"mcp-protocol-version": "2099-01-01"}
    answer = post(mcp_stack, call("tools/list", meta=meta), headers)
    assert answer.status == 400
    error = answer.json()["error"]
    assert error["code"] == -32022
    assert error["data"]["requested"] == "2099-01-01" and VERSION in error["data"]["supported"]


def test_a_name_in_base64_is_decoded(mcp_stack):
    headers = modern("tools/call", "=?base64?c3RhY2tfc3RhdHVz?=")
    answer = post(mcp_stack, call("tools/call", {"name": "stack_status"}), headers)
    assert answer.status == 200 and answer.json()["result"]["isError"] is False


def test_a_session_is_opened_used_and_closed(mcp_stack):
    session, greeting = open_session(mcp_stack)
    assert greeting["protocolVersion"] == "2025-11-25" and "resultType" not in greeting
    headers = {"mcp-session-id": session, "mcp-protocol-version": "2025-11-25"}
    assert post(mcp_stack, {"jsonrpc": "2.0", "method": "notifications/initialized"}, headers).status == 202
    assert post(mcp_stack, call("ping", meta=None), headers).json()["result"] == {}
    unknown = post(mcp_stack, call("prompts/list", meta=None), headers)
    assert unknown.status == 200 and unknown.json()["error"]["code"] == -32601
    assert request(mcp_stack.port, "/mcp", "DELETE", headers=headers).status == 204
    assert post(mcp_stack, call("ping", meta=None), headers).status == 404
    assert request(mcp_stack.port, "/mcp", "DELETE", headers=headers).status == 404


@pytest.mark.parametrize("asked, got", [("2024-11-05", "2024-11-05"), ("2025-03-26", "2025-03-26"), ("1999-01-01", "2025-11-25")])
def test_the_handshake_settles_on_a_version(mcp_stack, asked, got):
    session, greeting = open_session(mcp_stack, asked)
    assert greeting["protocolVersion"] == got
    # Clients before 2025-06-18 do not name the version again.
    assert post(mcp_stack, call("tools/list", meta=None), {"mcp-session-id": session}).status == 200


def test_a_session_is_needed_after_the_handshake(mcp_stack):
    assert post(mcp_stack, call("tools/list", meta=None)).status == 400
    assert post(mcp_stack, call("tools/list", meta=None), {"mcp-session-id": "guessed"}).status == 404
    session, _ = open_session(mcp_stack)
    headers = {"mcp-session-id": session, "mcp-protocol-version": "2025-03-26"}
    assert post(mcp_stack, call("tools/list", meta=None), headers).status == 400


@pytest.mark.parametrize(
    "headers, status",
    [
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "http://localhost.evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://localhost:3000"}, 200),
        ({"origin": "https://[::1]"}, 200),
        ({"accept": "text/html"}, 406),
        ({"content-type": "text/plain"}, 415),
    ],
)
def test_who_may_call_and_how(mcp_stack, headers, status):
    answer = post(mcp_stack, call("server/discover"), modern("server/discover") | headers)
    assert answer.status == status


def test_other_methods_and_notifications(mcp_stack):
    answer = request(mcp_stack.port, "/mcp", headers={"accept": "text/event-stream"})
    assert answer.status == 405 and answer.headers["allow"] == "POST, DELETE"
    cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
    assert post(mcp_stack, cancelled, {"mcp-protocol-version": VERSION}).status == 202
    assert post(mcp_stack, cancelled, {"mcp-protocol-version": "2099-01-01"}).status == 400


def test_a_client_that_takes_only_event_streams_gets_one(mcp_stack):
    answer = post(mcp_stack, call("server/discover"), modern("server/discover"), accept="text/event-stream")
    assert answer.headers["content-type"] == "text/event-stream"
    fields = answer.text.splitlines()
    assert fields[0] == "event: message" and answer.text.endswith("\n\n")
    assert json.loads(fields[1].removeprefix("data: "))["result"]["resultType"] == "complete"


def test_a_body_that_is_too_long_is_refused(mcp_stack):
    assert post(mcp_stack, b'"' + b"x" * (2 << 20) + b'"').status == 413


@pytest.fixture
def stdio(binaries, mcp_database):
    process = subprocess.Popen(
        [binaries / "mcp-database"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=dict(os.environ) | mcp_database,
        text=True,
        bufsize=1,
    )
    yield process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def ask(process, line):
    process.stdin.write((line if isinstance(line, str) else json.dumps(line)) + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def test_stdio_answers_both_eras_on_one_stream(stdio):
    assert ask(stdio, call("server/discover", id="a"))["result"]["resultType"] == "complete"
    params = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}}
    assert ask(stdio, call("initialize", params, id=2, meta=None))["result"]["protocolVersion"] == "2025-06-18"
    stdio.stdin.write(json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}) + "\n\n")
    assert ask(stdio, call("ping", id=3, meta=None)) == {"jsonrpc": "2.0", "id": 3, "result": {}}
    assert ask(stdio, call("ping", id=4))["error"]["code"] == -32601


@pytest.mark.parametrize(
    "line, id, code",
    [
        ("{", None, -32700),
        ("[" * 100_000, None, -32700),
        ("[]", None, -32600),
        ('{"jsonrpc": "2.0", "id": 5}', 5, -32600),
        ('{"jsonrpc": "2.0", "id": 1.5, "method": "ping"}', None, -32600),
        ('{"jsonrpc": "2.0", "id": 6, "method": "server/discover"}', 6, -32602),
        ('{"jsonrpc": "2.0", "id": 7, "method": "nothing"}', 7, -32601),
    ],
)
def test_stdio_answers_nonsense_and_goes_on(stdio, line, id, code):
    answer = ask(stdio, line)
    assert (answer.get("id"), answer["error"]["code"]) == (id, code)
    assert ask(stdio, call("server/discover", id=8))["id"] == 8


def test_stdio_ends_with_its_client_once_everything_is_answered(stdio):
    for number in range(20):
        stdio.stdin.write(json.dumps(call("tools/call", {"name": "describe_items"}, id=number)) + "\n")
    output, _ = stdio.communicate(timeout=DEADLINE)
    assert sorted(json.loads(line)["id"] for line in output.splitlines()) == list(range(20))
    assert stdio.returncode == 0


def test_stdio_without_a_client_ends_at_once(binaries, mcp_database):
    done = subprocess.run(
        [binaries / "mcp-database"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env=dict(os.environ) | mcp_database,
        timeout=DEADLINE,
    )
    assert (done.returncode, done.stdout) == (0, b"")


@pytest.mark.owns_processes
def test_stdio_under_a_supervisor_is_ready_and_probed_by_a_copy(programs, binaries, database):
    environment = database.environment | {"PORT_ADMIN": str(free_port())}
    resident = programs.start("mcp-database", environment=environment, stdin_open=True).wait_ready()
    # As the stack file has it: the copy has neither the port nor the readiness of the one that stays.
    copy = subprocess.run(
        ["env", "-u", "PORT_ADMIN", "-u", "NOTIFY_SOCKET", binaries / "mcp-database"],
        input=json.dumps(call("tools/list")) + "\n",
        capture_output=True,
        env=dict(os.environ) | environment,
        text=True,
        timeout=DEADLINE,
    )
    assert copy.returncode == 0
    assert len(json.loads(copy.stdout)["result"]["tools"]) == 2
    assert request(int(environment["PORT_ADMIN"]), "/ready").status == 200
    assert resident.stop() == 0


def test_stdio_ends_on_sigterm_although_its_client_stays(stdio):
    assert ask(stdio, call("server/discover"))["id"] == 1
    stdio.send_signal(signal.SIGTERM)
    assert stdio.wait(DEADLINE) == 0


@pytest.mark.owns_processes
def test_without_a_daemon_the_stack_is_not_ready_and_the_tool_says_why(programs, directory):
    admin = free_port()
    with listener() as http:
        server = programs.start(
            "mcp-stack",
            listeners={"http": http},
            environment={"STACKD_SOCKET": str(directory / "nobody.sock"), "PORT_ADMIN": str(admin)},
        )
        server.wait_for_notification("STATUS=waiting for stackd")
        assert request(admin, "/ready").text.startswith("stackd: unreachable")
        answer = request(
            port_of(http),
            "/mcp",
            "POST",
            json.dumps(call("tools/call", {"name": "stack_status"})).encode(),
            JSON | modern("tools/call", "stack_status"),
        )
        assert answer.json()["result"]["isError"] is True
        eventually(lambda: request(admin, "/live").status == 200, "alive all the same")
        assert server.stop() == 0
