"""A stack whose file, scale or processes somebody changes while it runs."""

from __future__ import annotations

import os
import socket
import threading

from stack import PYTHON, Stack, free_port, is_alive, wait_until

# Says which version it is on every connection, and that it is ready.
SERVER = """
import os, socket, sys
listener = socket.socket(fileno=3)
print('serving', flush=True)
while True:
    connection, _ = listener.accept()
    connection.sendall(sys.argv[1].encode())
    connection.close()
"""


def sleepers(names: list[str], **changes: str) -> str:
    """A service of each name, whose environment tells it apart where it is among the changes."""
    lines = ["services:"]
    for name in names:
        lines.append(f"  {name}: {{command: [sleep, '1000'], environment: {{VERSION: '{changes.get(name, '1')}'}}}}")
    return "\n".join(lines) + "\n"


def instances(stack: Stack) -> dict[str, int]:
    return {name: replica["pid"] for name, replica in stack.replicas().items()}


def kinds(plan: dict) -> dict[str, str]:
    return {change["service"]: change["kind"] for change in plan["changes"] if change["kind"] != "none"}


def test_apply_touches_what_has_changed_and_nothing_else(stack: Stack) -> None:
    names = [f"s{number:02}" for number in range(100)]
    stack.up(sleepers(names), "--wait")
    before = instances(stack)

    stack.write(sleepers([name for name in names if name != "s05"] + ["new"], s07="2"))
    status, plan = stack.post("/v1/plan", {})
    assert status == 200
    assert kinds(plan) == {"s07": "rolling", "s05": "stop", "new": "start"}
    [change] = [change for change in plan["changes"] if change["service"] == "s07"]
    assert change["differences"] == [{"key": "environment.VERSION", "before": "1", "after": "2"}]
    assert instances(stack) == before, "a plan changes nothing"

    status, applied = stack.post("/v1/apply", {"plan": plan["plan"]})
    assert status == 202 and applied["plan"] == plan["plan"]
    after = stack.wait_for(
        lambda: now
        if (now := instances(stack)).keys() == before.keys() - {"s05/0"} | {"new/0"}
        and now["s07/0"] not in (None, before["s07/0"]) and now["new/0"]
        else None
    )
    assert {name: pid for name, pid in after.items() if name not in ("s07/0", "new/0")} == {
        name: pid for name, pid in before.items() if name not in ("s05/0", "s07/0")
    }
    assert not is_alive(before["s05/0"]) and not is_alive(before["s07/0"])
    assert kinds(stack.post("/v1/plan", {})[1]) == {}


def test_a_plan_that_is_not_the_plan_any_more_is_refused(stack: Stack) -> None:
    stack.up(sleepers(["a", "b"]), "--wait")
    before = instances(stack)
    stack.write(sleepers(["a", "b"], a="2"))
    _, plan = stack.post("/v1/plan", {})
    stack.write(sleepers(["a", "b"], a="2", b="2"))
    status, problem = stack.post("/v1/apply", {"plan": plan["plan"]})
    assert (status, problem["code"]) == (409, "plan_changed")
    assert instances(stack) == before


def test_a_broken_file_is_told_with_its_places_and_changes_nothing(stack: Stack) -> None:
    stack.up(sleepers(["a"]), "--wait")
    before = instances(stack)
    stack.write("services:\n  a: {command: [sleep, '1000'], restrat: always}\n")
    status, problem = stack.post("/v1/apply", {})
    assert (status, problem["code"]) == (422, "invalid_file")
    assert any("stack.yaml:3:" in text and "restart" in text for text in problem["diagnostics"])
    assert instances(stack) == before
    # What runs can still be seen and stopped.
    stack.write(sleepers(["a"]))
    stack.ctl("stop", "a")
    assert stack.replica("a/0")["state"] == "stopped"


def test_a_listener_stays_open_over_a_change_of_its_service(stack: Stack) -> None:
    program = stack.directory / "server.py"
    program.write_text(SERVER)
    port = free_port()

    def text(version: str) -> str:
        return f"""
services:
  web:
    command: [{PYTHON}, {program}, {version}]
    listen: {{http: "127.0.0.1:{port}"}}
    probes: {{readiness: {{log: serving}}}}
"""

    stack.up(text("one"), "--wait")
    assert answer(port) == "one"
    stack.write(text("two"))
    stack.post("/v1/apply", {})
    # No connection is refused: those that come in between wait in the queue.
    assert wait_until(lambda: (got := answer(port)) == "two" and got)


def test_two_services_exchange_their_addresses(stack: Stack) -> None:
    program = stack.directory / "server.py"
    program.write_text(SERVER)
    ports = [free_port(), free_port()]

    def text(first: int, second: int) -> str:
        return "services:\n" + "".join(
            f"""  {name}:
    command: [{PYTHON}, {program}, {name}]
    listen: {{http: "127.0.0.1:{port}"}}
    probes: {{readiness: {{log: serving}}}}
"""
            for name, port in (("one", first), ("two", second))
        )

    stack.up(text(*ports), "--wait")
    assert [answer(port) for port in ports] == ["one", "two"]
    stack.write(text(*reversed(ports)))
    stack.ctl("apply")
    assert [answer(port) for port in ports] == ["two", "one"]


def test_of_two_applies_at_a_time_the_files_as_they_are_now_win(stack: Stack) -> None:
    stack.up(sleepers(["a"]), "--wait")
    fifo = stack.directory / "slow"
    os.mkfifo(fifo)
    stack.write(sleepers(["a"]) + f"  old: {{command: [sleep, '1000'], env_file: {fifo}}}\n")
    slow = threading.Thread(target=stack.post, args=("/v1/apply", {}), daemon=True)
    slow.start()
    # It opens once the daemon has read the stack file and gone on to this one.
    with open(fifo, "w"):
        stack.write(sleepers(["a", "new"]))
        assert stack.post("/v1/apply", {})[0] == 202
    slow.join(timeout=60)
    assert not slow.is_alive()
    assert {service["name"] for service in stack.get("/v1/services")} == {"a", "new"}


def answer(port: int) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        return connection.makefile().read()


def test_scaling_leaves_the_other_replicas_alone_and_outlives_the_daemon(stack: Stack) -> None:
    stack.up("services:\n  web: {command: [sleep, '1000'], replicas: 2}\n", "--wait")
    before = instances(stack)
    assert stack.post("/v1/services/web/scale", {"replicas": 4})[0] == 202
    stack.wait_for(lambda: len(instances(stack)) == 4 and all(r["ready"] for r in stack.replicas().values()))
    assert before.items() <= instances(stack).items()
    assert stack.get("/v1/services/web")["scale"] == 4

    stack.post("/v1/services/web/scale", {"replicas": 1})
    stack.wait_for(lambda: list(instances(stack)) == ["web/0"])
    assert instances(stack)["web/0"] == before["web/0"]

    stack.kill_daemon()
    stack.ctl("up", "-d", "--wait")
    assert list(instances(stack)) == ["web/0"]
    # The file has the last word as soon as it says something else.
    stack.write("services:\n  web: {command: [sleep, '1000'], replicas: 3}\n")
    stack.post("/v1/apply", {})
    stack.wait_for(lambda: len(instances(stack)) == 3)


def test_a_signal_reaches_the_main_process_and_nothing_else(stack: Stack) -> None:
    stack.up(f"""
services:
  web:
    command:
      - {PYTHON}
      - -c
      - |
        import signal
        signal.signal(signal.SIGUSR1, lambda *_: print('heard', flush=True))
        print('listening', flush=True)
        while True: signal.pause()
    replicas: 2
    probes: {{readiness: {{log: listening}}}}
""", "--wait")
    before = instances(stack)
    assert stack.post("/v1/services/web/kill", {"signal": "USR1", "replica": 1})[0] == 202
    wait_until(lambda: "web/1" in (said := stack.ctl("logs", "web").stdout) and "heard" in said)
    assert [line.split()[0] for line in stack.ctl("logs", "web").stdout.splitlines() if "heard" in line] == ["web/1"]
    assert instances(stack) == before
    # A signal that ends it is an end like any other.
    stack.post("/v1/services/web/kill", {"signal": "SIGKILL", "replica": 0})
    stack.wait_for(lambda: instances(stack)["web/0"] not in (None, before["web/0"]))
    assert stack.replica("web/0")["last_exit"]["signal"] == "SIGKILL"
    status, problem = stack.post("/v1/services/web/kill", {"signal": "NONSENSE"})
    assert (status, problem["code"]) == (400, "bad_request")


def test_what_an_operator_stopped_stays_stopped_over_an_apply(stack: Stack) -> None:
    stack.up(sleepers(["a", "b"]), "--wait")
    stack.ctl("stop", "a")
    stack.write(sleepers(["a", "b"], a="2"))
    stack.post("/v1/apply", {})
    stack.wait_event("stack_applied")
    assert stack.replica("a/0")["state"] == "stopped"
    stack.ctl("start", "a")
    assert open(f"/proc/{stack.replica('a/0')['pid']}/environ", "rb").read().find(b"VERSION=2") >= 0
