"""Commands beside instances and one-off instances: everything by the control socket, as any client has it."""

from __future__ import annotations

import base64
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from stack import PATIENCE, Document, Stack, UnixConnection, is_alive, wait_until

SLEEPER = """
services:
  api:
    command: [sleep, "300"]
    environment: {GREETING: hello}
    ports: {admin: auto}
    ulimits: {nofile: 321}
    stop_grace_period: 1s
"""


class Execution:
    """One stream of `exec` or `run`, and the requests that belong to it."""

    def __init__(self, stack: Stack, service: str, verb: str, command: list[str], **request: Any) -> None:
        self.stack = stack
        self.connection = UnixConnection(stack.socket_path, PATIENCE)
        self.connection.request(
            "POST", f"/v1/services/{service}/{verb}", json.dumps({"command": command, **request}),
            {"Content-Type": "application/json"},
        )
        self.response = self.connection.getresponse()
        self.output = {"stdout": b"", "stderr": b""}
        self.exit: Document | None = None
        if self.response.status != 200:
            self.problem: Document = json.loads(self.response.read())
            self.connection.close()
            return
        started = self.next()
        assert started is not None and started["kind"] == "started", started
        self.id, self.pid = started["id"], started["pid"]

    def next(self) -> Document | None:
        """The next record; nil at the stream's end."""
        while line := self.response.readline():
            if line.startswith(b"data: "):
                return json.loads(line[6:])
        return None

    def records(self) -> Iterator[Document]:
        while record := self.next():
            if record["kind"] == "output":
                self.output[record["stream"]] += base64.b64decode(record["data"])
            elif record["kind"] == "exited":
                self.exit = record["exit"]
            yield record

    def read_until(self, text: bytes) -> None:
        for _ in self.records():
            if text in self.output["stdout"]:
                return
        raise AssertionError(f"{text!r} does not come: {self.output}")

    def finish(self) -> Document:
        for _ in self.records():
            pass
        self.connection.close()
        assert self.exit is not None, self.output
        return self.exit

    def vanish(self) -> None:
        self.response.close()
        self.connection.close()

    def post(self, noun: str, body: bytes | Document = b"", query: str = "") -> tuple[int, Document]:
        connection = UnixConnection(self.stack.socket_path, PATIENCE)
        document = json.dumps(body) if isinstance(body, dict) else body
        media_type = "application/json" if isinstance(body, dict) else "application/octet-stream"
        connection.request("POST", f"/v1/executions/{self.id}/{noun}{query}", document, {"Content-Type": media_type})
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        return response.status, json.loads(answer or b"{}")

    def write(self, data: bytes, last: bool = False) -> None:
        for start in range(0, max(1, len(data)), 32 << 10):
            piece = data[start : start + (32 << 10)]
            is_last = last and start + len(piece) == len(data)
            status, answer = self.post("input", piece, "?last=true" if is_last else "")
            assert status == 204, answer


def run(stack: Stack, verb: str, command: list[str], service: str = "api", **request: Any) -> tuple[Document, str]:
    execution = Execution(stack, service, verb, command, **request)
    exit = execution.finish()
    return exit, (execution.output["stdout"] + execution.output["stderr"]).decode()


def control_groups(pid: int) -> str:
    with open(f"/proc/{pid}/cgroup") as file:
        return next((line for line in file if line.startswith("0::")), "").strip()


@pytest.fixture(params=["root", "ordinary"])
def any_stack(request: pytest.FixtureRequest) -> Stack:
    """With cgroups, and as an ordinary user without."""
    return request.getfixturevalue("stack" if request.param == "root" else "ordinary_stack")


# -- exec


def test_exec_has_the_surroundings_of_the_instance(any_stack: Stack) -> None:
    any_stack.up(SLEEPER)
    script = "echo $GREETING $STACKD_SERVICE/$STACKD_REPLICA $PORT_ADMIN; ulimit -n; pwd; echo err >&2; exit 7"
    execution = Execution(any_stack, "api", "exec", ["sh", "-c", script], environment={"EXTRA": "1"})
    exit = execution.finish()
    lines = execution.output["stdout"].decode().split("\n")
    environment = open(f"/proc/{any_stack.replica('api/0')['pid']}/environ").read().split("\0")
    port = next(v.partition("=")[2] for v in environment if v.startswith("PORT_ADMIN="))
    assert lines[:3] == [f"hello api/0 {port}", "321", str(any_stack.directory)]
    assert execution.output["stderr"] == b"err\n"
    assert (exit["code"], exit.get("signal")) == (7, None)


def test_exec_is_a_member_of_the_instance_and_ends_with_it(any_stack: Stack) -> None:
    any_stack.up(SLEEPER)
    instance = any_stack.replica("api/0")
    # A shell that nothing but SIGKILL ends holds nothing up.
    execution = Execution(any_stack, "api", "exec", ["sh", "-c", "trap '' TERM HUP INT; echo on; while :; do sleep 1; done"])
    execution.read_until(b"on")
    assert control_groups(execution.pid) == control_groups(instance["pid"])
    begin = time.monotonic()
    os.kill(instance["pid"], signal.SIGKILL)
    assert execution.finish()["signal"] == "SIGKILL"
    any_stack.wait_for(lambda: (r := any_stack.replica("api/0"))["ready"] and r["pid"] != instance["pid"])
    assert not is_alive(execution.pid)
    # Not after any grace period.
    assert time.monotonic() - begin < 10


def test_what_an_exec_leaves_behind_stays_in_the_instance(stack: Stack) -> None:
    stack.up(SLEEPER)
    exit, text = run(stack, "exec", ["sh", "-c", "sleep 300 > /dev/null 2>&1 & echo $!"])
    assert exit["code"] == 0
    pid = int(text)
    assert is_alive(pid) and control_groups(pid) == control_groups(stack.replica("api/0")["pid"])
    stack.ctl("stop", "api")
    wait_until(lambda: not is_alive(pid))


def test_exec_needs_a_running_instance_and_a_program(stack: Stack) -> None:
    stack.up(SLEEPER)
    assert Execution(stack, "api", "exec", ["no-such-program"]).problem["code"] == "cannot_execute"
    assert Execution(stack, "api", "exec", ["true"], user="no-such-user").problem["code"] == "cannot_execute"
    assert Execution(stack, "api", "exec", ["true"], replica=1).problem["code"] == "no_such_replica"
    assert Execution(stack, "none", "exec", ["true"]).problem["code"] == "no_such_service"
    assert Execution(stack, "api", "exec", ["true"], detach=True, input=True).problem["code"] == "bad_request"
    stack.ctl("stop", "api")
    stack.wait_state("api/0", "stopped")
    assert Execution(stack, "api", "exec", ["true"]).problem["code"] == "not_running"
    assert run(stack, "run", ["echo", "alone"])[1] == "alone\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can take on another identity")
def test_exec_is_the_services_user_unless_another_is_named(stack: Stack) -> None:
    stack.up("services: {api: {command: [sleep, '300'], user: nobody}}")
    assert run(stack, "exec", ["sh", "-c", "id -un; echo $USER"])[1] == "nobody\nnobody\n"
    assert run(stack, "exec", ["sh", "-c", "id -u; echo $HOME"], user="root")[1] == "0\n/root\n"
    assert run(stack, "exec", ["id", "-gn"], user="nobody:daemon")[1] == "daemon\n"
    # The terminal is the user's own, who may open it by its name.
    exit, text = run(
        stack, "exec", ["sh", "-c", "echo opened > $(tty)"], terminal={"rows": 24, "columns": 80}
    )
    assert (exit["code"], text) == (0, "opened\r\n")


def test_input_comes_back_byte_for_byte(stack: Stack) -> None:
    stack.up(SLEEPER)
    data = os.urandom(10 << 20)
    execution = Execution(stack, "api", "exec", ["cat"], input=True)
    failures: list[BaseException] = []

    def write() -> None:
        try:
            execution.write(data, last=True)
        except BaseException as error:
            failures.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    exit = execution.finish()
    writer.join()
    assert not failures
    assert exit["code"] == 0
    assert execution.output["stdout"] == data


def test_a_slow_reader_holds_the_command_and_nothing_else(stack: Stack) -> None:
    stack.up(SLEEPER)
    size = 100_000_000
    execution = Execution(stack, "api", "exec", ["sh", "-c", f"head -c {size} /dev/zero; echo done >&2"])
    before = resident(stack.daemon_pid)
    # It stops by itself, long before its end: its cpu time does not grow while nobody reads.
    wait_until(lambda: is_still(execution.pid))
    assert resident(stack.daemon_pid) - before < 20_000_000
    assert run(stack, "exec", ["echo", "others"])[1] == "others\n"
    received = 0
    for record in execution.records():
        received += len(execution.output["stdout"])
        execution.output["stdout"] = b""
    assert received == size and execution.output["stderr"] == b"done\n"
    assert execution.exit is not None and execution.exit["code"] == 0
    execution.connection.close()
    assert resident(stack.daemon_pid) - before < 20_000_000


def resident(pid: int) -> int:
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def is_still(pid: int) -> bool:
    """Whether its child waits for room in its pipe, and that for a while."""
    def waits() -> bool:
        children = open(f"/proc/{pid}/task/{pid}/children").read().split()
        return bool(children) and "pipe_write" in open(f"/proc/{children[0]}/wchan").read()

    return all(waits() or time.sleep(0.01) for _ in range(20))


def test_a_client_that_vanishes_ends_the_command(any_stack: Stack) -> None:
    any_stack.up(SLEEPER)
    polite = Execution(any_stack, "api", "exec", ["sh", "-c", "sleep 300; true"])
    stubborn = Execution(any_stack, "api", "exec", ["sh", "-c", "trap '' HUP; echo on; sleep 300; true"])
    stubborn.read_until(b"on")
    alone = Execution(any_stack, "api", "run", ["sh", "-c", "setsid sleep 300 & sleep 300"])
    begin = time.monotonic()
    for execution in (polite, stubborn, alone):
        execution.vanish()
    wait_until(lambda: not is_alive(polite.pid) and not is_alive(alone.pid))
    wait_until(lambda: not is_alive(stubborn.pid))
    assert time.monotonic() - begin > 4
    pid = any_stack.replica("api/0")["pid"]
    wait_until(lambda: any_stack.processes() == [pid])


# -- terminals


def test_a_terminal_is_one(any_stack: Stack) -> None:
    any_stack.up(SLEEPER)
    execution = Execution(
        any_stack, "api", "exec", ["sh", "-i"], terminal={"rows": 33, "columns": 111}, input=True,
        environment={"PS1": "> ", "TERM": "vt100"},
    )
    execution.read_until(b"> ")
    execution.write(b"stty size; echo $TERM; tty\n")
    execution.read_until(b"/dev/pts/")
    assert b"33 111\r\nvt100\r\n" in execution.output["stdout"]
    assert execution.post("resize", {"rows": 20, "columns": 40})[0] == 204
    execution.write(b"stty size\n")
    execution.read_until(b"20 40")
    # Ctrl-C reaches the job and not the shell.
    execution.write(b"sh -c 'echo be''gun; exec sleep 300'\n")
    execution.read_until(b"begun")
    execution.write(b"\x03")
    execution.write(b"echo status $?\n")
    execution.read_until(b"status 130")
    execution.write(b"exit 5\n")
    assert execution.finish()["code"] == 5


def test_a_terminal_hangs_up_when_its_client_vanishes(stack: Stack) -> None:
    stack.up(SLEEPER)
    execution = Execution(stack, "api", "exec", ["sh", "-i"], terminal={"rows": 24, "columns": 80})
    begin = time.monotonic()
    execution.vanish()
    wait_until(lambda: not is_alive(execution.pid))
    assert time.monotonic() - begin < 5


def test_signals_reach_the_whole_command(stack: Stack) -> None:
    stack.up(SLEEPER)
    execution = Execution(stack, "api", "exec", ["sh", "-c", "echo on; sleep 300 | cat"])
    execution.read_until(b"on")
    status, answer = execution.post("signal", {"signal": "INT"})
    assert status == 204, answer
    assert execution.finish()["signal"] == "SIGINT"
    assert execution.post("signal", {"signal": "INT"})[0] == 404
    pid = stack.replica("api/0")["pid"]
    wait_until(lambda: stack.processes() == [pid])


# -- run


def test_run_is_an_instance_of_its_own(any_stack: Stack) -> None:
    any_stack.up(SLEEPER)
    replica = any_stack.replica("api/0")
    execution = Execution(any_stack, "api", "run", ["sh", "-c", "echo $GREETING $PORT_ADMIN; sleep 300 & exec sleep 300"])
    execution.read_until(b"\n")
    greeting, port = execution.output["stdout"].decode().split()
    environment = open(f"/proc/{replica['pid']}/environ").read().split("\0")
    assert greeting == "hello" and f"PORT_ADMIN={port}" not in environment
    if control_groups(replica["pid"]).endswith("/1"):
        assert control_groups(execution.pid).endswith(f"/run-{execution.id}")
    # It is no replica, and what it leaves ends with it.
    assert list(any_stack.replicas()) == ["api/0"]
    os.kill(execution.pid, signal.SIGTERM)
    assert execution.finish()["signal"] == "SIGTERM"
    assert any_stack.processes() == [replica["pid"]]
    assert any_stack.replica("api/0")["instance"] == replica["instance"]
    events = [e["text"] for e in any_stack.events() if e["subject"] == "api" and "pid" in e["text"]]
    assert len(events) == 2 and events[1].endswith("was ended by SIGTERM"), events


def test_run_has_the_services_own_command(stack: Stack) -> None:
    stack.up("services: {job: {command: [sh, -c, 'echo $$X $$0'], environment: {X: file}, restart: 'no'}}")
    assert run(stack, "run", [], service="job", environment={"X": "client"})[1] == "client sh\n"


def test_a_shutdown_ends_one_off_instances_before_the_stack(any_stack: Stack) -> None:
    any_stack.up(SLEEPER)
    script = "trap 'kill -0 $DB && echo first; exit 3' TERM; echo on; while :; do sleep 0.05; done"
    database = any_stack.replica("api/0")["pid"]
    execution = Execution(any_stack, "api", "run", ["sh", "-c", script], environment={"DB": str(database)})
    stubborn = Execution(any_stack, "api", "run", ["sh", "-c", "trap '' TERM; echo on; while :; do sleep 0.05; done"])
    execution.read_until(b"on")
    stubborn.read_until(b"on")
    beside = Execution(any_stack, "api", "exec", ["sleep", "300"])
    any_stack.ctl("down")
    # What it depends on was still there when it was told.
    assert execution.finish()["code"] == 3
    assert b"first" in execution.output["stdout"]
    # Killed after the service's second of grace.
    assert stubborn.finish()["signal"] == "SIGKILL"
    assert beside.finish()["signal"] == "SIGKILL"
    assert any_stack.processes() == []


def test_the_daemons_death_leaves_nothing_of_them_for_the_next(any_stack: Stack) -> None:
    any_stack.up(SLEEPER)
    execution = Execution(any_stack, "api", "run", ["sh", "-c", "setsid sleep 300 & echo on; exec sleep 300"])
    execution.read_until(b"on")
    start_detached(any_stack, "run", ["sh", "-c", "setsid sleep 300 & exec sleep 300"])
    wait_until(lambda: len(any_stack.processes()) == 5)
    any_stack.kill_daemon()
    execution.vanish()
    before = set(any_stack.processes())
    any_stack.ctl("up", "-d")
    assert not before & set(any_stack.processes())
    assert any_stack.processes() == [any_stack.replica("api/0")["pid"]]


def start_detached(stack: Stack, verb: str, command: list[str]) -> Document:
    connection = UnixConnection(stack.socket_path, PATIENCE)
    connection.request(
        "POST", f"/v1/services/api/{verb}", json.dumps({"command": command, "detach": True}),
        {"Content-Type": "application/json"},
    )
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    assert response.status == 202, answer
    return answer


def test_detached_output_is_in_the_log(stack: Stack) -> None:
    stack.up(SLEEPER)
    for verb in ("exec", "run"):
        started = start_detached(stack, verb, ["sh", "-c", f"echo from {verb}; echo error >&2"])
        assert started["kind"] == "started" and started["pid"] > 0
    stack.wait_for(lambda: "from exec" in (log := stack.ctl("logs", "api").stdout) and "from run" in log)
    assert stack.ctl("logs", "api").stdout.count("error") == 2


def test_there_is_a_limit(stack: Stack) -> None:
    stack.up(SLEEPER)
    pids = [start_detached(stack, "run", ["sleep", "300"])["pid"] for _ in range(64)]
    problem = Execution(stack, "api", "exec", ["true"]).problem
    assert (problem["code"], problem["status"]) == ("too_many_executions", 429)
    os.kill(pids[0], signal.SIGKILL)
    wait_until(lambda: not hasattr(Execution(stack, "api", "exec", ["true"]), "problem"))


# -- numbers


def test_usage_and_metrics_count_what_runs(any_stack: Stack) -> None:
    any_stack.up("""
services:
  busy:
    command: [sh, -c, "timeout 0.3 sh -c 'while :; do :; done'; : > ${run_dir}/done; sleep 300 & exec sleep 300"]
    probes: {readiness: {exec: [test, -e, "${run_dir}/done"], period: 100ms, failure_threshold: 100}}
""", "--wait")
    usage = wait_until(lambda: next((u for u in any_stack.get("/v1/usage") if u["processes"] == 2), None))
    assert (usage["service"], usage["replica"]) == ("busy", 0)
    assert usage["instance"] == any_stack.replica("busy/0")["instance"]
    assert 0.01 < usage["cpu_seconds"] < 10 and usage["memory_bytes"] > 100_000
    connection = UnixConnection(any_stack.socket_path, PATIENCE)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    series = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]

    def find(*words: str) -> float:
        return next(float(value) for name, _, value in series if all(word in name for word in words))

    assert find("process_resident_memory_bytes") > 1 << 20
    assert find("process_open_fds") > 5
    assert find("probe", "_count") >= 1
    assert find("spawn", "count") == 1
    assert find("loop", "count") > 1
