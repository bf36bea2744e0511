"""The socket unit: the stack starts when it is first asked for."""

from __future__ import annotations

from machine import Unit

FILE = "  one: {command: [sleep, infinity]}\n"


def mode(unit: Unit) -> str:
    return unit.machine.run("stat", "--format=%F %a", unit.control_socket).stdout.strip()


def test_the_first_connection_starts_the_stack(unit: Unit) -> None:
    unit.write(FILE)
    unit.systemctl("start", unit.socket)
    assert unit.property("ActiveState") == "inactive"
    assert unit.replicas().keys() == {"one/0"}
    unit.await_property("ActiveState", "active")


def test_the_socket_outlives_the_service(unit: Unit) -> None:
    unit.write(FILE)
    unit.systemctl("start", unit.socket)
    unit.start()
    first = unit.property("MainPID")
    unit.systemctl("stop", unit.service)
    assert mode(unit) == "socket 600"
    assert unit.replicas().keys() == {"one/0"}
    unit.await_property("ActiveState", "active")
    assert unit.property("MainPID") != first
    unit.stop()
    unit.machine.run("test", "!", "-e", unit.control_socket)


def test_a_socket_elsewhere_is_refused(unit: Unit) -> None:
    unit.write(FILE)
    elsewhere = f"/run/{unit.name}.socket"
    unit.machine.write(
        f"/etc/systemd/system/{unit.socket}.d/test.conf", f"[Socket]\nListenStream=\nListenStream={elsewhere}\n")
    unit.systemctl("daemon-reload")
    unit.systemctl("start", unit.socket)
    assert unit.start(check=False).returncode != 0
    assert elsewhere in unit.property("StatusText")


def test_it_opens_to_those_whom_the_file_names(unit: Unit) -> None:
    unit.machine.run("useradd", "--groups", "stackd", "reader")
    unit.machine.run("useradd", "stranger")
    unit.machine.write(
        unit.file, f"name: {unit.name}\ncontrol: {{access: {{read: {{groups: [stackd]}}}}}}\nservices:\n{FILE}")
    unit.systemctl("start", unit.socket)
    ps = ["stackctl", "--socket", unit.control_socket, "ps"]
    assert unit.machine.run(*ps, user="reader", check=False).returncode != 0, "only root's connection starts the stack"
    assert unit.property("ActiveState") == "inactive"
    unit.replicas()
    assert "one/0" in unit.machine.run(*ps, user="reader").stdout
    assert unit.machine.run(*ps, user="stranger", check=False).returncode != 0
    unit.systemctl("stop", unit.service)
    assert mode(unit) == "socket 600"
