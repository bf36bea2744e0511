"""The daemon's own life: killed, left by its terminal, told twice, told nonsense, out of room."""

from __future__ import annotations

import errno
import json
import os
import pty
import signal
import subprocess
import pytest

from stack import PATIENCE, PYTHON, STACKCTL, STACKD, Stack, is_alive, wait_until

SLEEPERS = """
services:
  a: {command: [sleep, '1000'], replicas: 2}
  b: {command: [sleep, '1000'], depends_on: [a]}
"""


def test_what_a_killed_daemon_leaves_is_ended_before_the_next_one_starts_anything(stack: Stack) -> None:
    stack.up(SLEEPERS, "--wait")
    before = {name: replica["pid"] for name, replica in stack.replicas().items()}
    serials = [replica["instance"] for replica in stack.replicas().values()]
    stack.kill_daemon()
    # It is ready only when its own instances are, not while those of the other are being ended.
    stack.up(SLEEPERS, "--wait")
    after = stack.replicas()
    assert not any(is_alive(pid) for pid in before.values())
    assert len(stack.processes()) == 3
    # Serial numbers are never given out twice.
    assert min(replica["instance"] for replica in after.values()) > max(serials)


def test_a_service_that_the_operator_stopped_stays_so_unless_its_policy_is_always(stack: Stack) -> None:
    text = """
services:
  kept: {command: [sleep, '1000'], restart: unless-stopped}
  back: {command: [sleep, '1000'], restart: always}
"""
    stack.up(text, "--wait")
    stack.ctl("stop")
    stack.kill_daemon()
    stack.write(text)
    subprocess.run([str(STACKCTL), "up", "-d"], cwd=stack.directory, env=stack.environment, check=True)
    stack.wait_ready("back/0")
    assert stack.replica("kept/0")["state"] == "stopped"


def test_a_second_daemon_of_the_same_stack_is_refused(stack: Stack) -> None:
    stack.up(SLEEPERS, "--wait")
    result = subprocess.run(
        [str(STACKD), "run", "-f", "stack.yaml"], cwd=stack.directory, env=stack.environment, text=True,
        capture_output=True, timeout=PATIENCE,
    )
    assert result.returncode == 1
    assert "socket" in result.stderr
    assert all(replica["ready"] for replica in stack.replicas().values())


def test_a_broken_file_is_refused_with_every_fault_and_touches_nothing(stack: Stack) -> None:
    stack.up(SLEEPERS, "--wait")
    before = stack.replicas()
    stack.write("services:\n  a:\n    comand: [sleep, '1']\n    replicas: -3\n")
    for verb in (["up", "-d"], ["config"]):
        result = stack.ctl(*verb, check=3)
        assert "stack.yaml:4:5: error: unknown key `comand`" in result.stderr
        assert "command" in result.stderr
        assert "stack.yaml:5:15: error:" in result.stderr
        assert "^" in result.stderr
    stack.write(SLEEPERS)
    assert {n: r["pid"] for n, r in stack.replicas().items()} == {n: r["pid"] for n, r in before.items()}


def test_exit_statuses(stack: Stack) -> None:
    stack.write(SLEEPERS)
    assert stack.ctl("ps", check=4).stderr
    stack.up(SLEEPERS, "--wait")
    assert "\"nope\"" in stack.ctl("stop", "nope", check=5).stderr
    assert stack.ctl("ps", "--frobnicate", check=2).stderr
    assert stack.ctl("frobnicate", check=2).stderr


def test_ps_prints_what_the_contract_names(stack: Stack) -> None:
    stack.up(SLEEPERS, "--wait")
    rows = json.loads(stack.ctl("ps", "--output", "json").stdout)
    assert [(row["service"], row["replica"]) for row in rows] == [("a", 0), ("a", 1), ("b", 0)]
    for row in rows:
        assert {"service", "replica", "state", "ready", "pid", "restarts", "revision", "since"} <= row.keys()
        assert (row["state"], row["ready"], row["restarts"]) == ("running", True, 0)
        assert is_alive(row["pid"])


class Foreground:
    """`stackctl up` on a terminal of its own."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.output = b""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(stack.directory)
            os.execve(STACKCTL, ["stackctl", "up"], {**stack.environment, "TERM": "xterm"})
        os.set_blocking(self.terminal, False)

    def read(self) -> bytes:
        try:
            self.output += os.read(self.terminal, 65536)
        except (BlockingIOError, OSError):
            pass
        return self.output

    def wait_text(self, text: bytes) -> None:
        wait_until(lambda: text in self.read())

    def wait_exit(self) -> int:
        def ended() -> tuple[int] | None:
            self.read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            return (os.waitstatus_to_exitcode(status),) if pid else None

        return int(wait_until(ended)[0])


def foreground(stack: Stack) -> tuple[Foreground, list[int], int]:
    stack.write("""
services:
  db: {command: [sh, -c, "echo db speaks; exec sleep 1000"]}
  api: {command: [sh, -c, "echo api speaks; exec sleep 1000"], depends_on: [db]}
""")
    session = Foreground(stack)
    session.wait_text(b"db speaks")
    session.wait_text(b"api speaks")
    return session, stack.processes(), stack.daemon_pid


def test_up_follows_the_output_and_ctrl_c_stops_in_order(stack: Stack) -> None:
    session, pids, daemon = foreground(stack)
    assert len(pids) == 2
    os.write(session.terminal, b"\x03")
    assert session.wait_exit() == 0
    assert not any(is_alive(pid) for pid in [*pids, daemon])
    assert b"api/0 | api speaks" in session.output
    assert b"stopp" in session.output


@pytest.mark.parametrize("how", ["killed", "hung up"])
def test_when_the_terminal_goes_away_the_stack_is_stopped_too(stack: Stack, how: str) -> None:
    session, pids, daemon = foreground(stack)
    if how == "killed":
        os.kill(session.pid, signal.SIGKILL)
    else:
        os.close(session.terminal)
    os.waitpid(session.pid, 0)
    wait_until(lambda: not any(is_alive(pid) for pid in [*pids, daemon]))


def test_a_second_ctrl_c_kills(stack: Stack) -> None:
    stack.write(f"""
services:
  deaf:
    command: [{PYTHON}, -c, "import signal,time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(1000)"]
    stop_grace_period: 10m
""")
    session = Foreground(stack)
    session.wait_text(b"deaf/0 | deaf")
    pids = stack.processes()
    os.write(session.terminal, b"\x03")
    stack.wait_event("signalled", "deaf/0")
    assert all(is_alive(pid) for pid in pids)
    os.write(session.terminal, b"\x03")
    session.wait_exit()
    assert not any(is_alive(pid) for pid in pids)


def test_a_full_disk_stops_no_service_and_what_it_cost_is_counted(stack: Stack) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    stack.state_directory.mkdir(parents=True)
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k,mode=755", "tmpfs", str(stack.state_directory)], check=True)
    filler = stack.state_directory / "filler"
    try:
        stack.up(f"""
services:
  talker:
    command: [{PYTHON}, -u, -c, "import itertools,time\\nfor n in itertools.count(): print(f'line {{n:08}} ' + 'x' * 100); time.sleep(0.001)"]
    logging: {{options: {{max-size: 64k, max-file: "2"}}}}
  other: {{command: [sleep, "1000"]}}
""", "--wait")
        pid = stack.replica("talker/0")["pid"]
        descriptor = os.open(filler, os.O_WRONLY | os.O_CREAT)
        try:
            while True:
                os.write(descriptor, b"\0" * 4096)
        except OSError as error:
            assert error.errno == errno.ENOSPC
        os.close(descriptor)
        stack.wait_event("observed", "talker/0")
        # Supervision goes on meanwhile.
        os.kill(stack.replica("other/0")["pid"], signal.SIGKILL)
        stack.wait_for(lambda: stack.replica("other/0")["restarts"] == 1 and stack.replica("other/0")["ready"])
        filler.unlink()
        stack.wait_for(lambda: any("is written again" in e["text"] for e in stack.events()))
        assert stack.replica("talker/0")["pid"] == pid
        log = (stack.state_directory / "logs" / "talker-0.log").read_text()
        assert " gap " in log
        stack.ctl("down")
    finally:
        # The daemon may not be quite gone yet.
        subprocess.run(["umount", "--lazy", str(stack.state_directory)], check=True)


def test_down_ends_what_a_killed_daemon_left(stack: Stack) -> None:
    stack.up(SLEEPERS, "--wait")
    stack.kill_daemon()
    assert len(stack.processes()) == 3
    stack.ctl("down")
    assert stack.processes() == []
    # And where there is nothing, it does nothing.
    stack.ctl("down")


def test_up_on_a_running_stack_applies_what_has_changed_and_says_what(stack: Stack) -> None:
    stack.up(SLEEPERS, "--wait")
    before = stack.replicas()
    result = stack.up(SLEEPERS.replace("b: {command: [sleep, '1000']", "b: {command: [sleep, '1001']"), "--wait")
    assert "1 to roll out" in result.stderr
    after = stack.replicas()
    assert after["b/0"]["pid"] != before["b/0"]["pid"]
    assert after["a/0"]["pid"] == before["a/0"]["pid"]
