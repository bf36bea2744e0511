"""What of the stack file reaches a process: identity, limits, environment, sockets, ports, readiness."""

from __future__ import annotations

import json
import os
import pwd
import resource
import socket
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from stack import PYTHON, Stack, free_port, wait_until

REPORT = """
import json, os, resource, sys, time
status = dict(line.split(':', 1) for line in open('/proc/self/status').read().splitlines())
report = {
    'uid': os.getuid(), 'gid': os.getgid(), 'groups': sorted(os.getgroups()), 'umask': os.umask(0),
    'cwd': os.getcwd(), 'environment': dict(os.environ), 'arguments': sys.argv[1:], 'nice': os.nice(0),
    'oom': int(open('/proc/self/oom_score_adj').read()), 'nnp': int(status['NoNewPrivs']),
    'nofile': resource.getrlimit(resource.RLIMIT_NOFILE), 'core': resource.getrlimit(resource.RLIMIT_CORE),
    'descriptors': sorted(int(n) for n in os.listdir('/proc/self/fd')), 'sid': os.getsid(0), 'pid': os.getpid(),
    'blocked': status['SigBlk'].strip(), 'ignored': status['SigIgn'].strip(), 'stdin': os.readlink('/proc/self/fd/0'),
}
print(json.dumps(report), flush=True)
time.sleep(1000)
"""


def report_of(stack: Stack, keys: str) -> dict[str, Any]:
    (stack.directory / "report.py").write_text(REPORT)
    stack.up(f"""
services:
  a:
    command: [{PYTHON}, {stack.directory}/report.py, one, "two words", "$$HOME", "${{service.name}}-${{replica.index}}"]
    probes: {{readiness: {{log: descriptors}}}}
{keys}
""", "--wait")
    return json.loads(stack.ctl("logs", "--tail", "1", "--no-log-prefix", "a").stdout)


def test_every_setting_reaches_the_process(stack: Stack) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    report = report_of(stack, """
    user: daemon:games
    group_add: [tty]
    umask: "0027"
    working_dir: /usr
    environment: {GREETING: "hello ${NOBODY_SET_THIS:-world}", WHERE: "${run_dir}"}
    ulimits: {nofile: {soft: 777, hard: 888}, core: 0}
    nice: 7
    oom_score_adj: 300
    no_new_privileges: true
""")
    daemon = pwd.getpwnam("daemon")
    assert report["uid"] == daemon.pw_uid
    assert report["gid"] == 60
    assert set(report["groups"]) == {60, 5}
    assert report["umask"] == 0o027
    assert report["cwd"] == "/usr"
    assert report["nice"] == 7
    assert report["oom"] == 300
    assert report["nnp"] == 1
    assert report["nofile"] == [777, 888]
    assert report["core"] == [0, 0]
    assert report["arguments"] == ["one", "two words", "$HOME", "a-0"]
    environment = report["environment"]
    assert environment["GREETING"] == "hello world"
    assert environment["WHERE"] == str(stack.run_directory)
    assert environment["HOME"] == daemon.pw_dir
    assert environment["USER"] == "daemon"
    assert environment["STACKD_SERVICE"] == "a"


def test_what_is_not_asked_for_is_clean(stack: Stack) -> None:
    os.environ["A_SECRET_OF_THE_SHELL"] = "x"
    stack.environment["A_SECRET_OF_THE_SHELL"] = "x"
    report = report_of(stack, "")
    # The standard three, and the one by which the directory itself is listed.
    assert len(report["descriptors"]) == 4
    assert int(report["blocked"], 16) == 0
    # SIGPIPE and SIGXFSZ are Python's own to ignore.
    assert int(report["ignored"], 16) & ~0x1001000 == 0
    assert report["sid"] == report["pid"]
    assert report["stdin"] == "/dev/null"
    assert report["cwd"] == str(stack.directory)
    assert "A_SECRET_OF_THE_SHELL" not in report["environment"]
    assert report["nofile"][0] == resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def test_standard_input_can_stay_open(stack: Stack) -> None:
    assert report_of(stack, "    stdin_open: true\n")["stdin"].startswith("pipe:")


SERVER = """
import os, socket, sys, time
assert os.environ['LISTEN_PID'] == str(os.getpid()) and os.environ['LISTEN_FDS'] == '2', dict(os.environ)
names = os.environ['LISTEN_FDNAMES'].split(':')
listeners = {name: socket.socket(fileno=3 + i) for i, name in enumerate(names)}
print('serving', flush=True)
while True:
    connection, _ = listeners['http'].accept()
    connection.recv(100)
    connection.sendall(f'{os.getpid()}'.encode())
    connection.close()
"""


def test_a_listener_is_inherited_and_refuses_nobody_while_its_service_restarts(stack: Stack) -> None:
    (stack.directory / "server.py").write_text(SERVER)
    port = free_port()
    stack.up(f"""
services:
  web:
    command: [{PYTHON}, {stack.directory}/server.py]
    listen: {{http: "127.0.0.1:{port}", admin: "${{run_dir}}/admin.sock"}}
    probes: {{readiness: {{log: serving}}}}
    replicas: 2
    restart: always
""", "--wait")
    assert (stack.run_directory / "admin.sock").is_socket()
    answers: list[str] = []
    failures: list[Exception] = []
    stop = threading.Event()

    def load() -> None:
        while not stop.is_set():
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
                    connection.sendall(b"?")
                    answers.append(connection.recv(100).decode())
            except OSError as error:
                failures.append(error)

    client = threading.Thread(target=load)
    client.start()
    wait_until(lambda: len(answers) > 50)
    for _ in range(3):
        # Stop, then start: for a moment nobody accepts, and connections wait in the queue.
        stack.ctl("restart", "web")
        count = len(answers)
        wait_until(lambda: len(answers) > count + 20)
    stop.set()
    client.join()
    # A connection that a replica had taken when it was told to end is lost with it; none is refused.
    assert not [failure for failure in failures if isinstance(failure, ConnectionRefusedError)]
    assert len(set(answers)) >= 4


def test_an_address_in_use_is_named_and_taken_when_it_is_free(stack: Stack) -> None:
    stranger = socket.create_server(("127.0.0.1", 0))
    port = stranger.getsockname()[1]
    stack.up(f"""
services:
  web: {{command: [sleep, "1000"], listen: {{http: "127.0.0.1:{port}"}}}}
""")
    event = stack.wait_event("listeners_failed")
    assert f"127.0.0.1:{port}" in event["text"] and "Address already in use" in event["text"]
    assert stack.replica("web/0")["state"] == "waiting"
    stranger.close()
    stack.wait_ready("web/0")


def test_ports_are_given_to_each_replica_and_named_in_probes(stack: Stack) -> None:
    stack.up(f"""
services:
  web:
    command: [sh, -c, "echo port $$PORT_ADMIN ${{port.admin}}; exec {PYTHON} -m http.server $$PORT_ADMIN --bind 127.0.0.1"]
    ports: {{admin: auto}}
    replicas: 2
    probes:
      startup: {{listening: {{port: admin}}, period: 100ms, failure_threshold: 600}}
      readiness: {{http: {{port: admin, path: /, status: 200}}, period: 200ms}}
""", "--wait")
    lines = [line for line in stack.ctl("logs").stdout.splitlines() if " port " in line or "| port" in line]
    ports = {tuple(line.split()[-2:]) for line in lines}
    assert len(ports) == 2
    assert all(first == second for first, second in ports)


NOTIFIER = """
import os, socket, sys, time
def say(text):
    address = os.environ['NOTIFY_SOCKET']
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.sendto(text.encode(), address.replace('@', chr(0), 1))
say('STATUS=warming up')
while not os.path.exists(sys.argv[1]): time.sleep(0.02)
say('READY=1')
while not os.path.exists(sys.argv[1] + '2'): time.sleep(0.02)
say('STOPPING=1')
time.sleep(1000)
"""


def test_readiness_and_status_come_by_the_notify_socket(stack: Stack) -> None:
    (stack.directory / "notifier.py").write_text(NOTIFIER)
    flag = stack.directory / "flag"
    stack.up(f"""
services:
  a: {{command: [{PYTHON}, {stack.directory}/notifier.py, {flag}], notify: true}}
  b: {{command: [sleep, "1000"], depends_on: [a]}}
""")
    wait_until(lambda: stack.replica("a/0")["status"] == "warming up")
    assert stack.replica("a/0")["state"] == "starting"
    assert stack.replica("b/0")["state"] == "waiting"
    flag.touch()
    stack.wait_ready("a/0", "b/0")
    Path(f"{flag}2").touch()
    stack.wait_event("announced_stopping", "a/0")
    assert not stack.replica("a/0")["ready"]


def test_a_silent_watchdog_restarts_the_service(stack: Stack) -> None:
    stack.up("""
services:
  a: {command: [sh, -c, "test -n $$WATCHDOG_USEC && exec sleep 1000"], watchdog: 300ms}
""")
    stack.wait_for(lambda: stack.replica("a/0")["restarts"] >= 1)
    assert "sent no WATCHDOG=1 for 300ms" in stack.explain("a/0")


def test_a_liveness_failure_restarts_and_a_readiness_failure_does_not(stack: Stack) -> None:
    ill = stack.directory / "ill"
    stack.up(f"""
services:
  lively:
    command: [sleep, "1000"]
    probes: {{liveness: {{exec: [sh, -c, "! test -e {ill}"], period: 100ms, failure_threshold: 2}}}}
  ready:
    command: [sleep, "1000"]
    probes: {{readiness: {{exec: [sh, -c, "! test -e {ill}"], period: 100ms, failure_threshold: 2}}}}
""", "--wait")
    before = stack.replicas()
    ill.touch()
    stack.wait_for(lambda: stack.replica("lively/0")["restarts"] >= 1 and not stack.replica("ready/0")["ready"])
    ill.unlink()
    stack.wait_ready("lively/0", "ready/0")
    after = stack.replicas()
    assert after["lively/0"]["pid"] != before["lively/0"]["pid"]
    assert after["ready/0"]["pid"] == before["ready/0"]["pid"]
    assert "liveness probe failed" in stack.explain("lively/0")


def test_a_probe_that_times_out_leaves_nothing_running(stack: Stack) -> None:
    marker = f"8{os.getpid()}.5"
    stack.up(f"""
services:
  a:
    command: [sleep, "1000"]
    probes: {{readiness: {{exec: [sh, -c, "setsid sleep {marker} & sleep {marker}"], period: 200ms, timeout: 150ms}}}}
""")
    stack.wait_event("probe_failed", "a/0")
    stack.ctl("down")
    found = subprocess.run(["pgrep", "-f", f"sleep {marker}"], capture_output=True, text=True)
    assert found.stdout == ""


def test_a_hook_s_output_is_kept_with_its_service_s(stack: Stack) -> None:
    stack.up("""
services:
  a: {command: [sleep, "1000"], pre_stop: [sh, -c, "echo goodbye"]}
""", "--wait")
    stack.ctl("stop")
    assert "goodbye" in stack.ctl("logs").stdout
