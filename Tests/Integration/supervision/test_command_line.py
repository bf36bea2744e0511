"""The command line as its user meets it: verbs, exit statuses, JSON, terminals and pipes that go wrong."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path

import pytest

from stack import PATIENCE, PYTHON, STACKCTL, Stack, is_alive, wait_until

SERVING = "echo serving; exec sleep 1000"

SHOP = f"""
services:
  db:
    command: [sh, -c, "{SERVING}"]
    probes: {{readiness: {{log: serving}}}}
  migrate:
    command: [sh, -c, "echo migrated"]
    restart: "no"
    depends_on: [db]
  web:
    command: [sh, -c, "{SERVING}"]
    environment: {{COLOUR: "${{COLOUR:-red}}"}}
    depends_on: {{migrate: {{condition: service_completed_successfully}}}}
"""

# Its autoscaler goes on from whatever number somebody has asked for.
SCALED = f"""
  api:
    command: [sh, -c, "{SERVING}"]
    autoscale: {{max: 4, interval: 5s, metrics: [{{cpu: 50%}}]}}
"""

VERBS = (
    "up down ps logs start stop restart scale kill wait config plan apply reload rollout events explain graph top exec "
    "run watch simulate doctor completion version"
).split()


class Terminal:
    """A command on a terminal of a size, and all that it has written there."""

    def __init__(self, stack: Stack, *arguments: str, columns: int = 80, rows: int = 24, **environment: str) -> None:
        self.output = ""
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        inherited = {key: value for key, value in stack.environment.items() if key != "NO_COLOR"}
        self.process = subprocess.Popen(
            [str(STACKCTL), *arguments], cwd=stack.directory, stdin=slave, stdout=slave, stderr=slave,
            env={**inherited, "TERM": "xterm-256color", **environment}, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)

    def read_until(self, text: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while text not in self.output:
            assert self.read(deadline), f"{text!r} is not in {self.output!r}"

    def read(self, deadline: float) -> bool:
        """False at the end of what there is to read."""
        ready, _, _ = select.select([self.master], [], [], max(0, deadline - time.monotonic()))
        assert ready, f"not in time; {self.output!r}"
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.output += data.decode()
        return bool(data)

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def finish(self) -> int:
        deadline = time.monotonic() + PATIENCE
        while self.read(deadline):
            pass
        os.close(self.master)
        return self.process.wait(PATIENCE)

    @property
    def lines(self) -> list[str]:
        return [line for line in self.output.replace("\r", "").split("\n") if line]


def instances(stack: Stack) -> dict[str, int | None]:
    return {name: replica["instance"] for name, replica in stack.replicas().items()}


def without_styles(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


# -- exit statuses


def test_each_kind_of_failure_has_its_exit_status_and_says_what_to_do_next(stack: Stack) -> None:
    stack.write(SHOP)
    absent = stack.ctl("ps", check=4)
    assert "no daemon listens" in absent.stderr and "stackctl up -d" in absent.stderr
    assert "/logs" in stack.ctl("logs", check=4).stderr
    assert "did you mean \"ps\"?" in stack.ctl("pss", check=2).stderr
    stack.ctl("ps", "--no-such-option", check=2)
    stack.ctl("up", "-d", "--wait")
    assert "did you mean \"web\"?" in stack.ctl("stop", "wob", check=5).stderr
    stack.ctl("wait", "--timeout", "10ms", "db", check=6)
    stack.ctl("down")
    stack.ctl("down")
    stack.write("services: {web: {comand: x}}\n")
    assert "did you mean `command`?" in stack.ctl("ps", check=3).stderr


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_examples(stack: Stack, verb: str) -> None:
    assert "Examples:\n  " in stack.ctl(verb, "--help").stdout
    assert stack.ctl("help", verb).stdout


# -- changes of a running stack


def test_plan_shows_apply_does_and_what_did_not_change_runs_on(stack: Stack) -> None:
    stack.up(SHOP, "--wait")
    before = stack.replicas()
    assert "nothing to do" in stack.ctl("plan", "--detailed-exitcode").stdout
    stack.write(SHOP.replace("red", "blue") + f"  queue: {{command: [sh, -c, '{SERVING}']}}\n")
    shown = stack.ctl("plan", "--detailed-exitcode", check=2).stdout
    assert "environment.COLOUR: red → blue" in shown and "+ queue" in shown
    plan = json.loads(stack.ctl("plan", "--output", "json").stdout)
    assert {change["service"]: change["kind"] for change in plan["changes"]} == {
        "db": "none", "migrate": "none", "queue": "start", "web": "rolling"}
    assert instances(stack) == {name: replica["instance"] for name, replica in before.items()}

    assert "stackctl plan" in stack.ctl("apply", "0" + plan["plan"], check=1).stderr
    stack.ctl("apply", plan["plan"][:8])
    after = stack.replicas()
    assert after["db/0"]["pid"] == before["db/0"]["pid"]
    assert after["web/0"]["instance"] != before["web/0"]["instance"] and after["web/0"]["ready"]
    assert after["queue/0"]["ready"]
    stack.write(SHOP.replace("red", "blue"))
    stack.ctl("reload")
    assert "queue/0" not in stack.replicas()


def test_the_variables_of_whoever_applies_fill_the_file_in(stack: Stack) -> None:
    stack.up(SHOP, "--wait")
    instance = stack.replica("web/0")["instance"]
    stack.environment["COLOUR"] = "green"
    assert "environment.COLOUR: red → green" in stack.ctl("plan").stdout
    stack.ctl("up", "-d", "--wait")
    assert stack.replica("web/0")["instance"] != instance
    environment = Path(f"/proc/{stack.replica('web/0')['pid']}/environ").read_bytes().split(b"\0")
    assert b"COLOUR=green" in environment


def test_up_on_a_running_stack_applies_the_file_but_never_more_than_was_asked_for(stack: Stack) -> None:
    stack.up(SHOP, "--wait")
    before = stack.replicas()
    stack.write(SHOP.replace("red", "blue"))
    refused = stack.ctl("up", "-d", "db").stderr
    assert "web" in refused and "stackctl apply" in refused
    assert stack.replicas()["web/0"]["instance"] == before["web/0"]["instance"]
    stack.ctl("up", "-d", "--wait", "web")
    assert stack.replicas()["web/0"]["instance"] != before["web/0"]["instance"]
    assert stack.replicas()["db/0"]["instance"] == before["db/0"]["instance"]


def test_another_file_of_the_same_name_is_not_taken_for_the_stack_that_runs(stack: Stack) -> None:
    stack.up(SHOP, "--wait")
    (stack.directory / "other.yaml").write_text((stack.directory / "stack.yaml").read_text())
    assert "runs already" in stack.ctl("-f", "other.yaml", "up", "-d", check=1).stderr


def test_a_broken_file_does_not_keep_anyone_from_what_runs(stack: Stack) -> None:
    stack.up(SHOP, "--wait")
    (stack.directory / "stack.yaml").write_text("name: [\n  bro: ken")
    listed = stack.ctl("ps", "-q")
    assert listed.stdout.split() == ["db/0", "migrate/0", "web/0"]
    assert "the stack as it runs" in listed.stderr
    assert "serving" in stack.ctl("logs", "db").stdout
    assert "error:" in stack.ctl("plan", check=3).stderr
    stack.ctl("stop", "web")
    assert stack.replica("web/0")["state"] == "stopped"
    stack.ctl("down")
    stack.ctl("ps", check=3)


# -- verbs


def test_scale_waits_for_what_comes_and_for_what_goes(stack: Stack) -> None:
    stack.up(SHOP, "--wait", "--scale", "web=2")
    stack.wait_ready("web/1")
    stack.ctl("scale", "web=3", "db=1")
    assert stack.ctl("ps", "--status", "running", "-q", "web").stdout.split() == ["web/0", "web/1", "web/2"]
    pids = [stack.replica(f"web/{index}")["pid"] for index in range(3)]
    stack.ctl("scale", "web=1")
    assert stack.ctl("ps", "-q", "web").stdout.split() == ["web/0"]
    assert [is_alive(pid) for pid in pids] == [True, False, False]


def test_scale_says_who_rules_now(stack: Stack) -> None:
    stack.up(SHOP + SCALED, "--wait")
    scaled = stack.ctl("scale", "web=2", "api=3").stdout.splitlines()
    assert scaled == [
        "web: 2 replicas, until the file says otherwise",
        "api: 3 replicas, until the file or the autoscaler (1 to 4) says otherwise",
    ]
    documents = json.loads(stack.ctl("scale", "--output", "json", "api=0").stdout)
    assert [(each["service"], each["scale"], each["scaling"]["rule"]) for each in documents] == [("api", 0, "manual")]
    assert "leaves that alone" in stack.ctl("explain", "api").stdout
    assert "none" in next(line for line in stack.ctl("ps").stdout.splitlines() if line.startswith("api"))
    stack.ctl("scale", "wbe=1", check=5)
    stack.ctl("scale", "web=many", check=2)
    stack.ctl("scale", "web=1", "web=2", check=2)


def test_a_trace_is_replayed_without_a_daemon(stack: Stack) -> None:
    stack.write(SHOP + SCALED)
    (stack.directory / "load.csv").write_text("time,load\n0,50\n1m,300\n2m,300\n")
    simulate = ("simulate", "autoscale", "--trace", "load.csv")
    arguments = (*simulate, "--capacity", "100", "--startup", "15s")
    table = stack.ctl(*arguments).stdout
    assert "api: 1 to 4 replicas by cpu (50%), decided every 5s; a new replica is ready after 15s" in table
    assert re.search(r"^1m +300 +300% +1 → 4 ", table, re.MULTILINE)
    assert "changes        1 (1 up, 0 down)" in table
    document = json.loads(stack.ctl(*arguments, "--output", "json").stdout)
    assert [decision["desired"] for decision in document["decisions"]] == [1] * 12 + [4] * 13
    assert [decision["ready"] for decision in document["decisions"][12:17]] == [1, 1, 1, 4, 4]
    terminal = Terminal(stack, *arguments, columns=60, LC_ALL="C.UTF-8")
    assert terminal.finish() == 0
    assert "replicas: █ ready, ░ not yet" in without_styles(terminal.output)
    assert all(len(without_styles(line)) <= 60 for line in terminal.lines)
    # What it cannot make sense of.
    assert "--capacity" in stack.ctl(*simulate, check=2).stderr
    (stack.directory / "load.csv").write_text("time,cpu\n0,50\n5,hot\n")
    assert 'load.csv:3:3: error: "hot" is no percentage for "cpu"' in stack.ctl(*simulate, check=1).stderr
    stack.ctl("simulate", "autoscale", "web", "--trace", "load.csv", check=2)
    stack.ctl("simulate", "autoscale", "nobody", "--trace", "load.csv", check=5)
    stack.ctl("simulate", "autoscale", "--trace", "missing.csv", check=1)
    stack.write("services: [")
    stack.ctl(*simulate, check=3)


def test_kill_sends_the_signal_to_the_replica_that_is_named(stack: Stack) -> None:
    program = "import signal,time; signal.signal(signal.SIGHUP, lambda *_: print('hung up', flush=True)); " \
        "print('up', flush=True)\nwhile True: time.sleep(1)"
    (stack.directory / "program.py").write_text(program)
    stack.up(f"""
services:
  app:
    command: [{PYTHON}, {stack.directory}/program.py]
    replicas: 2
    probes: {{readiness: {{log: "^up"}}}}
""", "--wait")
    stack.ctl("kill", "-s", "HUP", "app/1")
    wait_until(lambda: "app/1 | hung up" in stack.ctl("logs").stdout)
    assert "app/0 | hung up" not in stack.ctl("logs").stdout
    stack.ctl("kill", "app/0")
    wait_until(lambda: stack.replica("app/0")["restarts"] == 1)


def test_wait_exits_as_the_service_did_and_then_takes_the_stack_down(stack: Stack) -> None:
    go = stack.directory / "go"
    stack.up(f"""
services:
  db: {{command: [sh, -c, "{SERVING}"]}}
  tests:
    command: [sh, -c, "while ! [ -e {go} ]; do sleep 0.05; done; exit 7"]
    restart: "no"
""")
    stack.ctl("wait", "--for", "ready", "db")
    waiting = subprocess.Popen(
        [str(STACKCTL), "wait", "--down", "tests"], cwd=stack.directory, env=stack.environment, text=True,
        stdout=subprocess.PIPE)
    go.touch()
    output, _ = waiting.communicate(timeout=PATIENCE)
    assert waiting.returncode == 7
    assert output == "tests/0 exited with status 7\n"
    stack.ctl("ps", check=4)


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (["--abort-on-exit"], 7), (["--abort-on-container-failure"], 7), (["--exit-code-from", "tests"], 7),
        # It was ended by the signal that stops it.
        (["--exit-code-from", "db"], 128 + signal.SIGTERM),
    ],
)
def test_up_in_ci_ends_with_the_tests_and_as_they_did(stack: Stack, options: list[str], status: int) -> None:
    stack.write(f"""
services:
  db: {{command: [sh, -c, "{SERVING}"]}}
  tests:
    command: [sh, -c, "echo testing; exit 7"]
    restart: "no"
    depends_on: [db]
""")
    result = stack.ctl("up", *options, check=status)
    assert "tests/0 | testing" in result.stdout
    stack.ctl("ps", check=4)


def test_a_success_is_no_reason_to_abort_on_failure(stack: Stack) -> None:
    stack.write("""
services:
  first: {command: ["true"], restart: "no"}
  second:
    command: [sh, -c, "echo second; exit 3"]
    depends_on: {first: {condition: service_completed_successfully}}
    restart: "no"
""")
    assert "second/0 | second" in stack.ctl("up", "--abort-on-failure", check=3).stdout


def test_a_schedule_is_told_with_its_runs(stack: Stack) -> None:
    stack.up("""
services:
  backup:
    command: [sh, -c, "exit 3"]
    restart: "no"
    schedule: {cron: "0 3 1 1 *", time_zone: Etc/UTC}
""", "--wait")
    assert "next in" in stack.ctl("ps").stdout
    stack.ctl("start", "backup")
    stack.ctl("wait", "backup", check=3)
    [backup] = json.loads(stack.ctl("ps", "--runs", "--output", "json").stdout)
    assert backup["service"] == "backup" and backup["trigger"] == "0 3 1 1 * Etc/UTC"
    assert [(run["origin"], run["outcome"]) for run in backup["runs"]] == [("request", "failed")]
    assert "failed" in stack.ctl("ps", "--runs").stdout


def test_what_is_followed_goes_on_over_the_daemons_death(stack: Stack) -> None:
    stack.up(f"services: {{db: {{command: [sh, -c, 'echo started $$$$; exec sleep 1000']}}}}", "--wait")
    first = stack.replica("db/0")["pid"]
    commands = (["logs", "-f"], ["events", "-f", "--json"])
    followers = [
        subprocess.Popen([str(STACKCTL), *command], cwd=stack.directory, env=stack.environment, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for command in commands
    ]
    logs, events = followers
    assert logs.stdout and events.stdout
    assert logs.stdout.readline() == f"db/0 | started {first}\n"
    assert json.loads(events.stdout.readline())["id"] == 1
    stack.kill_daemon()
    stack.ctl("up", "-d", "--wait")
    second = stack.replica("db/0")["pid"]
    assert second != first
    assert logs.stdout.readline() == f"db/0 | started {second}\n"
    seen: list[str] = []
    for line in events.stdout:
        seen.append(line)
        if f"pid {second}" in line:
            break
    else:
        pytest.fail(f"{events.stderr.read() if events.stderr else ''}\n{seen}")
    stack.ctl("down")
    for follower in followers:
        follower.communicate(timeout=PATIENCE)
        assert follower.returncode == 0


# -- JSON


def test_every_result_as_json(stack: Stack) -> None:
    stack.up(SHOP, "--wait")

    def result(*arguments: str) -> object:
        return json.loads(stack.ctl(*arguments, "--output", "json").stdout)

    def lines(*arguments: str) -> list[object]:
        return [json.loads(line) for line in stack.ctl(*arguments, "--output", "json").stdout.splitlines()]

    replicas = {f"{replica['service']}/{replica['replica']}": replica for replica in result("ps")}
    wanted = {"service", "replica", "state", "ready", "pid", "restarts", "revision", "since"}
    assert all(wanted <= replica.keys() for replica in replicas.values())
    assert replicas.keys() == stack.replicas().keys()
    assert result("ps", "--services") == ["db", "migrate", "web"]
    assert set(result("config")["services"]) == {"db", "migrate", "web"}
    assert re.fullmatch("[0-9a-f]{16}", result("config", "--hash", "db")["db"])
    assert set(result("config", "--running")["services"]) == {"db", "migrate", "web"}
    assert [service["stage"] for service in result("graph")] == [1, 2, 3]
    assert [service["state"] for service in result("graph", "--live")] == ["ready", "completed", "ready"]
    assert {check["level"] for check in result("doctor")} <= {"ok", "warning", "error"}
    assert result("explain", "web/0")[0]["causes"]
    assert [replica["state"] for replica in result("wait", "migrate")] == ["completed"]
    assert result("plan")["changes"]
    assert result("version")["stackctl"]
    assert {"id", "time", "subject", "code", "text"} <= lines("events")[0].keys()
    assert {line["text"] for line in lines("logs")} == {"serving", "migrated"}


# -- terminals and pipes


def test_a_narrow_terminal_gets_whole_lines(stack: Stack) -> None:
    stack.up(SHOP, "--wait")
    for arguments in (["ps"], ["graph"], ["graph", "--live"], ["explain", "web"], ["doctor"], ["plan"]):
        terminal = Terminal(stack, *arguments, columns=40)
        assert terminal.finish() == 0
        assert terminal.lines
        for line in terminal.lines:
            assert len(without_styles(line)) <= 40, (arguments, line)


def test_colour_is_for_terminals_whose_user_wants_it(stack: Stack) -> None:
    stack.up(SHOP, "--wait")
    for environment, is_coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
        terminal = Terminal(stack, "ps", **environment)
        assert terminal.finish() == 0
        assert ("\x1b[" in terminal.output) == is_coloured, environment
    assert "\x1b" not in stack.ctl("ps").stdout


def test_ctrl_c_stops_what_up_started(stack: Stack) -> None:
    stack.write(SHOP)
    terminal = Terminal(stack, "up")
    terminal.read_until("is ready")
    pid = stack.replica("db/0")["pid"]
    terminal.type("\x03")
    assert terminal.finish() == 0
    assert not is_alive(pid)
    assert "in order" in terminal.output
    # One line a service, drawn in place, and the services' output above it.
    assert "db/0" in without_styles(terminal.output) and "serving" in terminal.output


def test_output_that_cannot_be_written_is_a_failure_and_output_that_nobody_wants_is_none(stack: Stack) -> None:
    stack.up(SHOP, "--wait")
    for arguments in (["ps"], ["logs"], ["config"], ["--help"], ["ps", "--help"]):
        with open("/dev/full", "w") as full:
            result = subprocess.run(
                [str(STACKCTL), *arguments], cwd=stack.directory, env=stack.environment, text=True, stdout=full,
                stderr=subprocess.PIPE, timeout=PATIENCE)
        assert result.returncode == 1, arguments
        assert "No space left on device" in result.stderr
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as closed:
        result = subprocess.run(
            [str(STACKCTL), "logs"], cwd=stack.directory, env=stack.environment, text=True, stdout=closed,
            stderr=subprocess.PIPE, timeout=PATIENCE)
    assert (result.returncode, result.stderr) == (0, "")
