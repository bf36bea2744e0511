"""stackd@NAME.service: what systemd and the stack make of each other."""

from __future__ import annotations

import time
from pathlib import PurePosixPath

from machine import Unit, wait_until
from threads import stopped

SLEEPER = "{command: [sleep, infinity]}"


def gated(gate: str) -> str:
    """A service that is ready when a file is there."""
    return f"{{command: [sleep, infinity], probes: {{readiness: {{exec: [test, -e, {gate}], period: 100ms}}}}}}"


def test_it_is_active_when_the_stack_is_ready(unit: Unit) -> None:
    gate = f"/tmp/{unit.name}"
    unit.write(f"  quick: {SLEEPER}\n  slow: {gated(gate)}\n")
    unit.systemctl("start", "--no-block", unit.service)
    unit.await_property("StatusText", "1 of 2 services ready; waiting for slow")
    assert unit.property("ActiveState") == "activating"
    unit.machine.write(gate, "")
    unit.await_property("ActiveState", "active")
    unit.await_property("StatusText", "2 services ready")


def test_a_failure_leaves_it_active_and_shows(unit: Unit) -> None:
    unit.write(f"  good: {SLEEPER}\n  bad: {{command: [sleep, infinity], restart: \"no\"}}\n")
    unit.start()
    unit.ctl("kill", "--signal", "SIGKILL", "bad")
    unit.await_property("StatusText", "degraded: 1 of 2 services ready; waiting for bad (failed)")
    assert unit.property("ActiveState") == "active"


def test_started_asks_for_no_readiness(unit: Unit) -> None:
    unit.write(f"  never: {gated('/nowhere')}\n")
    unit.drop_in(f"ExecStart=\nExecStart=/usr/bin/stackd run --notify=started --expect-name {unit.name} -f {unit.file}")
    unit.start()
    assert unit.property("StatusText").startswith("0 of 1 service ready")


def test_a_reload_applies_the_changed_file(unit: Unit) -> None:
    unit.write(f"  kept: {SLEEPER}\n  changed: {SLEEPER}\n")
    unit.start()
    before = unit.replicas()
    changed = "{command: [sleep, infinity], environment: {NEW: \"1\"}}"
    unit.write(f"  kept: {SLEEPER}\n  changed: {changed}\n  added: {SLEEPER}\n")
    unit.systemctl("reload", unit.service)
    after = unit.replicas()
    assert after["kept/0"]["pid"] == before["kept/0"]["pid"]
    assert after["changed/0"]["pid"] != before["changed/0"]["pid"]
    assert after["added/0"]["state"] == "running"
    unit.await_property("StatusText", "3 services ready")
    assert unit.property("ActiveState") == "active"


def test_the_environment_file_fills_the_stack_file_in(unit: Unit) -> None:
    unit.machine.write(f"/etc/stackd/{unit.name}.env", "LENGTH=1000\n")
    unit.write("  sleeper: {command: [sleep, \"${LENGTH}\"]}\n")
    unit.start()
    assert list(unit.processes().values()) == [["sleep", "1000"]]


def test_a_broken_file_fails_the_reload_and_changes_nothing(unit: Unit) -> None:
    unit.write(f"  one: {SLEEPER}\n")
    unit.start()
    before = unit.replicas()["one/0"]["pid"]
    unit.write("  one: {comand: [sleep, infinity]}\n")
    assert unit.systemctl("reload", unit.service, check=False).returncode != 0
    assert unit.property("ActiveState") == "active"
    assert unit.replicas()["one/0"]["pid"] == before
    assert "comand" in unit.journal()
    refused = unit.await_property("StatusText", lambda text: "refused" in text)
    assert f"{unit.file}:3:" in refused
    unit.write(f"  one: {SLEEPER}\n")
    unit.systemctl("reload", unit.service)
    unit.await_property("StatusText", "1 service ready")


def test_hang_up_reloads_too(unit: Unit) -> None:
    unit.write(f"  one: {SLEEPER}\n")
    unit.start()
    unit.write(f"  one: {SLEEPER}\n  two: {SLEEPER}\n")
    unit.systemctl("kill", "--kill-who=main", "--signal=SIGHUP", unit.service)
    unit.await_property("StatusText", "2 services ready")


def test_a_loop_that_hangs_is_ended_and_everything_runs_again(unit: Unit) -> None:
    unit.write(f"  one: {SLEEPER}\n  two: {SLEEPER}\n")
    unit.drop_in("WatchdogSec=1s")
    unit.start()
    before = set(unit.processes())
    unit.systemctl("kill", "--kill-who=main", "--signal=SIGSTOP", unit.service)
    unit.await_property("NRestarts", "1")
    unit.await_property("StatusText", "2 services ready")
    assert unit.property("ActiveState") == "active"
    assert "Watchdog timeout" in unit.journal()
    after = set(unit.processes())
    assert len(after) == 2 and not after & before


def test_a_loop_that_hangs_alone_is_no_better(unit: Unit) -> None:
    unit.write(f"  one: {SLEEPER}\n")
    unit.drop_in("WatchdogSec=1s")
    unit.start()
    # The main thread is the loop's; the control API's go on.
    with stopped(unit.machine.outside(int(unit.property("MainPID")))):
        unit.await_property("SubState", "stop-watchdog")
    unit.await_property("NRestarts", "1")
    unit.await_property("StatusText", "1 service ready")
    assert "Watchdog timeout" in unit.journal()


def test_a_daemon_that_is_killed_leaves_nothing_behind(unit: Unit) -> None:
    unit.write(f"  one: {SLEEPER}\n")
    unit.start()
    before = set(unit.processes())
    unit.systemctl("kill", "--kill-who=main", "--signal=SIGKILL", unit.service)
    unit.await_property("NRestarts", "1")
    unit.await_property("StatusText", "1 service ready")
    after = set(unit.processes())
    assert len(after) == 1 and not after & before


def logs_its_end(name: str, log: str, delay: int = 0) -> str:
    script = f"trap \\\"sleep {delay}; echo {name} >> {log}; exit\\\" TERM; while :; do sleep 0.1; done"
    return f'command: [sh, -c, "{script}"]'


def test_it_stops_in_order_and_leaves_nothing(unit: Unit) -> None:
    log = f"/tmp/{unit.name}"
    unit.write(
        f"  db: {{{logs_its_end('db', log)}}}\n  backend: {{{logs_its_end('backend', log)}, depends_on: [db]}}\n"
        f"  web: {{{logs_its_end('web', log)}, depends_on: [backend]}}\n")
    unit.start()
    group = "/sys/fs/cgroup" + unit.property("ControlGroup")
    unit.machine.run("test", "-d", group)
    unit.systemctl("stop", unit.service)
    assert unit.machine.read(log).split() == ["web", "backend", "db"]
    assert unit.show("ActiveState", "Result") == {"ActiveState": "inactive", "Result": "success"}
    unit.machine.run("test", "!", "-e", group)
    assert not unit.processes()


def test_a_slow_stop_has_the_time_of_its_grace_period(unit: Unit) -> None:
    log = f"/tmp/{unit.name}"
    unit.write(f"  slow: {{{logs_its_end('slow', log, delay=4)}, stop_grace_period: 30s}}\n")
    unit.drop_in("TimeoutStopSec=1s")
    unit.start()
    unit.systemctl("stop", unit.service)
    assert unit.machine.read(log).split() == ["slow"]
    assert unit.property("Result") == "success"


def test_a_slow_start_has_the_time_of_its_startup_probe(unit: Unit) -> None:
    gate = f"/tmp/{unit.name}"
    unit.write(
        f"  slow: {{command: [sleep, infinity], probes: {{startup: {{exec: [test, -e, {gate}], period: 200ms, "
        "failure_threshold: 500}}}\n")
    unit.drop_in("TimeoutStartSec=2s")
    unit.systemctl("start", "--no-block", unit.service)
    unit.await_property("StatusText", "0 of 1 service ready; waiting for slow")
    # Nothing tells that a timeout has not struck but the time that has passed.
    time.sleep(4)
    assert unit.property("ActiveState") == "activating"
    unit.machine.write(gate, "")
    unit.await_property("ActiveState", "active")


def test_a_slow_reload_has_that_time_too(unit: Unit) -> None:
    gate = f"/tmp/{unit.name}"
    unit.machine.write(gate, "")
    probe = f"{{exec: [test, -e, {gate}], period: 200ms, failure_threshold: 500}}"
    unit.write(f"  slow: {{command: [sleep, infinity], probes: {{startup: {probe}}}}}\n")
    unit.drop_in("TimeoutStartSec=2s")
    unit.start()
    unit.machine.run("rm", gate)
    unit.write(f"  slow: {{command: [sleep, infinity], nice: 1, probes: {{startup: {probe}}}}}\n")
    unit.systemctl("reload", "--no-block", unit.service)
    unit.await_property("StatusText", "degraded: 0 of 1 service ready; waiting for slow")
    time.sleep(4)
    assert unit.property("ActiveState") == "reloading"
    unit.machine.write(gate, "")
    unit.await_property("ActiveState", "active")
    assert "Reload operation timed out" not in unit.journal()


def test_a_start_without_progress_fails_in_time(unit: Unit) -> None:
    unit.write(f"  never: {gated('/nowhere')}\n")
    unit.drop_in("TimeoutStartSec=2s\nRestart=no")
    assert unit.start(check=False).returncode != 0
    assert unit.show("ActiveState", "Result") == {"ActiveState": "failed", "Result": "timeout"}
    assert not unit.processes()


def test_a_file_that_cannot_run_says_why(unit: Unit) -> None:
    unit.write("  one: {comand: [sleep, infinity]}\n")
    assert unit.start(check=False).returncode != 0
    seen = unit.show("StatusText", "StatusErrno", "NRestarts", "ExecMainStatus", "ActiveState")
    assert seen == {
        "StatusText": "the stack file is invalid", "StatusErrno": "22", "NRestarts": "0", "ExecMainStatus": "3",
        "ActiveState": "failed",
    }
    assert "comand" in unit.journal()


def test_a_file_of_another_name_is_not_run(unit: Unit) -> None:
    unit.machine.write(unit.file, f"name: other\nservices:\n  one: {SLEEPER}\n")
    assert unit.start(check=False).returncode != 0
    assert f"name: {unit.name}" in unit.property("StatusText")
    assert unit.show("StatusErrno", "NRestarts") == {"StatusErrno": "22", "NRestarts": "0"}


def test_services_hear_nothing_of_systemd(unit: Unit) -> None:
    unit.systemctl("start", unit.socket, check=False)
    environment = '[NOTIFY_SOCKET, LISTEN_FDS, "LEAK=${WATCHDOG_USEC:-none}"]'
    unit.write(f"  one: {{command: [sleep, infinity], environment: {environment}}}\n")
    unit.start()
    [pid] = unit.processes()
    environment = unit.machine.read(f"/proc/{pid}/environ").split("\0")
    assert "LEAK=none" in environment
    names = {variable.partition("=")[0] for variable in environment}
    assert not {name for name in names if name.startswith(("NOTIFY_", "LISTEN_", "WATCHDOG_", "JOURNAL_"))}


def test_each_instance_has_a_cgroup_below_the_units(unit: Unit) -> None:
    unit.write(f"  one: {{command: [sleep, infinity], replicas: 2}}\n")
    unit.start()
    own = PurePosixPath(unit.property("ControlGroup"))

    def group(pid: int | str) -> PurePosixPath:
        lines = unit.machine.read(f"/proc/{pid}/cgroup").splitlines()
        # As this process sees it: from its own root.
        return PurePosixPath(next(line for line in lines if line.startswith("0::")).removeprefix("0::"))

    assert group(unit.property("MainPID")).relative_to(group(1).parent).match(f"*{unit.service}/stackd-daemon")
    instances = {group(pid) for pid in unit.processes()}
    assert len(instances) == 2
    assert {instance.parent.name for instance in instances} == {f"stackd-{unit.name}"}
    assert {instance.parents[1].name for instance in instances} == {own.name}
    assert f"stackd-{unit.name}" in unit.systemctl("status", "--no-pager", unit.service).stdout


def test_its_log_is_in_the_journal_with_severities(unit: Unit) -> None:
    unit.write('  bad: {command: ["false"], restart: "no"}\n')
    unit.drop_in(f"ExecStart=\nExecStart=/usr/bin/stackd run --notify=started --expect-name {unit.name} -f {unit.file}")
    unit.start()

    def gave_up() -> list[dict[str, str]]:
        entries = unit.entries(f"_SYSTEMD_UNIT={unit.service}", "_COMM=stackd")
        return [entry for entry in entries if "is not restarted" in entry["MESSAGE"]]

    [entry] = wait_until(gave_up, unit.journal)
    assert entry["PRIORITY"] == "3"
    assert entry["MESSAGE"].startswith("bad/0"), "the journal has a time of its own"
