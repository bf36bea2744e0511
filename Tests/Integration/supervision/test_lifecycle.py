"""How misbehaving services come and go: each as the design says, and explained."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from stack import PYTHON, Stack, is_alive, wait_until

DEAF = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(1000)"

# Forks twice and leaves its session, as daemons do; its pid goes into a file.
DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open(sys.argv[1], 'w').write(str(os.getpid()))
        time.sleep(1000)
    os._exit(0)
time.sleep(1000)
"""


# The same, but the first process ends as soon as the daemon has told its pid.
LEAVER = DAEMON.removesuffix("time.sleep(1000)\n") + """
while not (os.path.exists(sys.argv[1]) and os.path.getsize(sys.argv[1])):
    time.sleep(0.01)
sys.exit(3)
"""


def script(stack: Stack, name: str, text: str) -> str:
    path = stack.directory / name
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def test_a_service_that_ignores_sigterm_is_killed_after_its_grace_period(stack: Stack) -> None:
    stack.up(f"""
services:
  deaf:
    command: [{PYTHON}, -c, "{DEAF}"]
    probes: {{readiness: {{log: deaf}}}}
    stop_grace_period: 1s
""", "--wait")
    pid = stack.replica("deaf/0")["pid"]
    stack.ctl("stop", "deaf")
    assert stack.replica("deaf/0")["state"] == "stopped"
    assert not is_alive(pid)
    assert "had not ended 1s after its stop signal" in stack.explain("deaf/0")


@pytest.mark.parametrize("fixture", ["stack", "ordinary_stack"])
def test_a_daemon_that_forks_twice_and_leaves_its_session_ends_with_its_service(
    fixture: str, request: pytest.FixtureRequest
) -> None:
    stack: Stack = request.getfixturevalue(fixture)
    program = script(stack, "daemon.py", DAEMON)
    pid_file = stack.directory / ("s/daemon.pid" if fixture == "ordinary_stack" else "daemon.pid")
    stack.up(f"""
services:
  forker:
    command: [{PYTHON}, {program}, {pid_file}]
""", "--wait")
    pid = int(wait_until(lambda: pid_file.exists() and pid_file.read_text()))
    assert is_alive(pid)
    stack.ctl("stop")
    assert not is_alive(pid)
    assert "left behind" in stack.explain("forker/0")
    expected = "cgroup of its own" if fixture == "stack" and os.geteuid() == 0 else "session and subreaper"
    assert expected in stack.ctl("doctor", check=None).stdout


def test_what_a_main_process_leaves_behind_is_ended_before_the_next_one_starts(stack: Stack) -> None:
    program = script(stack, "daemon.py", LEAVER)
    pid_file = stack.directory / "daemon.pid"
    stack.up(f"""
services:
  leaver:
    command: [{PYTHON}, {program}, {pid_file}]
    restart: "no"
""")
    stack.wait_state("leaver/0", "failed")
    assert not any(is_alive(int(p)) for p in [pid_file.read_text()] if p)
    codes = [event["code"] for event in stack.events() if event.get("service") == "leaver"]
    assert codes.index("leftovers_ended") > codes.index("exited")
    assert stack.processes() == []


def test_a_service_that_exits_0_at_once_is_a_failed_start_where_it_should_stay_up(stack: Stack) -> None:
    stack.up("""
services:
  brief: {command: ["true"], restart: always}
  job: {command: ["true"]}
""")
    stack.wait_event("restarts_after", "brief/0")
    assert "exited with status 0, before it was ready" in stack.explain("brief/0")
    assert stack.wait_state("job/0", "completed")["restarts"] == 0


def test_a_missing_binary_is_named_with_its_error(stack: Stack) -> None:
    result = stack.up("""
services:
  ghost: {command: [./ghost, --now], restart: "no"}
""", "--wait", check=1)
    assert "exec ./ghost: No such file or directory" in result.stdout + result.stderr
    assert stack.replica("ghost/0")["state"] == "failed"
    assert "exec ./ghost: No such file or directory" in stack.explain("ghost/0")


def test_each_stage_of_a_spawn_says_what_failed(stack: Stack) -> None:
    script(stack, "plain.txt", "x")
    (stack.directory / "plain.txt").chmod(0o644)
    stack.up("""
services:
  nowhere: {command: ["true"], working_dir: /does/not/exist, restart: "no"}
  nobody: {command: ["true"], user: no-such-user, restart: "no"}
  denied: {command: [./plain.txt], restart: "no"}
""")
    expected = {
        "nowhere": "chdir /does/not/exist: No such file or directory",
        "nobody": "user no-such-user",
        "denied": "exec ./plain.txt: Permission denied",
    }
    for service, text in expected.items():
        assert text in stack.wait_state(f"{service}/0", "failed")["reason"]


def test_a_dependency_that_never_gets_ready_holds_its_dependents_and_is_named(stack: Stack) -> None:
    result = stack.up("""
services:
  never:
    command: [sleep, "1000"]
    probes: {readiness: {exec: [sh, -c, "echo not yet >&2; exit 1"], period: 200ms}}
  waiter:
    command: [sleep, "1000"]
    depends_on: {never: {condition: service_healthy}}
""", "--wait", "--wait-timeout", "3s", check=6)
    assert "waiter" in result.stdout + result.stderr
    waiter = stack.replica("waiter/0")
    assert (waiter["state"], waiter["pid"]) == ("waiting", None)
    chain = stack.explain("waiter/0")
    assert "waits for never (service_healthy)" in chain
    assert "not yet" in chain


def test_a_dependency_that_can_never_hold_fails_its_waiters_with_the_chain_of_causes(stack: Stack) -> None:
    result = stack.up("""
services:
  migrate: {command: [sh, -c, "exit 7"]}
  api:
    command: [sleep, "1000"]
    depends_on: {migrate: {condition: service_completed_successfully}}
  web:
    command: [sleep, "1000"]
    depends_on: [api]
""", "--wait", check=1)
    assert "migrate" in result.stdout + result.stderr
    assert stack.replica("web/0")["state"] == "failed"
    assert "exited with status 7" in stack.explain("web/0")
    assert stack.processes() == []


def test_a_killed_service_is_running_again_and_its_dependents_are_left_alone(stack: Stack) -> None:
    stack.up("""
services:
  db: {command: [sleep, "1000"]}
  api: {command: [sleep, "1000"], depends_on: [db]}
""", "--wait")
    before = stack.replicas()
    os.kill(before["db/0"]["pid"], signal.SIGKILL)
    stack.wait_for(lambda: stack.replica("db/0")["restarts"] == 1 and stack.replica("db/0")["ready"])
    after = stack.replicas()
    assert after["db/0"]["pid"] != before["db/0"]["pid"]
    assert after["api/0"]["pid"] == before["api/0"]["pid"]
    assert "was ended by SIGKILL" in stack.explain("db/0")


def test_stop_is_in_reverse_order(stack: Stack) -> None:
    log = stack.directory / "order"
    trap = f"trap 'echo $$STACKD_SERVICE >> {log}; exit 0' TERM; echo up; while :; do sleep 0.1; done"
    service = f'{{command: [sh, -c, "{trap}"], probes: {{readiness: {{log: up}}}}'
    stack.up(f"""
services:
  db: {service}}}
  api: {service}, depends_on: [db]}}
  web: {service}, depends_on: [api]}}
""", "--wait")
    stack.ctl("down")
    assert log.read_text().split() == ["web", "api", "db"]
    assert stack.processes() == []
    assert not Path(stack.socket_path).exists()


def test_restart_is_stop_then_start_and_counts_as_none(stack: Stack) -> None:
    stack.up("services:\n  a: {command: [sleep, '1000']}\n  b: {command: [sleep, '1000'], depends_on: [a]}\n", "--wait")
    before = stack.replicas()
    stack.ctl("restart")
    after = stack.replicas()
    for name in ("a/0", "b/0"):
        assert after[name]["ready"]
        assert after[name]["pid"] != before[name]["pid"]
        assert after[name]["restarts"] == 0


def test_pre_stop_and_drain_come_before_the_signal(stack: Stack) -> None:
    log = stack.directory / "steps"
    trap = f"trap 'echo signal >> {log}; exit 0' TERM; echo up; while :; do sleep 0.1; done"
    stack.up(f"""
services:
  a:
    command: [sh, -c, "{trap}"]
    probes: {{readiness: {{log: up}}}}
    pre_stop: [sh, -c, "echo hook >> {log}"]
    drain: 300ms
""", "--wait")
    stack.ctl("stop")
    assert log.read_text().split() == ["hook", "signal"]
    codes = [event["code"] for event in stack.events()]
    assert codes.index("draining") < codes.index("signalled")


def test_a_budget_of_restarts_ends_in_failure(stack: Stack) -> None:
    stack.up("""
services:
  crasher:
    command: [sh, -c, "exit 1"]
    restart: {policy: always, backoff: {initial: 1ms, factor: 1, max: 1ms}, restarts: 3, within: 1m}
""")
    replica = stack.wait_state("crasher/0", "failed")
    assert replica["restarts"] == 3
    assert "3 restarts within 1m are used up" in replica["reason"]
