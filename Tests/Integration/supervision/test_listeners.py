"""Sockets of every kind that stackd holds for its services, over restarts and changes of the file."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from stack import PYTHON, Document, Stack, free_port, wait_until

# Answers on every socket that it inherits with its name and its own version, datagrams too.
SERVER = """
import os, selectors, socket, sys
names = os.environ['LISTEN_FDNAMES'].split(':')
assert os.environ['LISTEN_PID'] == str(os.getpid())
chooser = selectors.DefaultSelector()
for number, name in enumerate(names, start=3):
    inherited = socket.socket(fileno=number)
    inherited.setblocking(False)
    chooser.register(inherited, selectors.EVENT_READ, name)
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.sendto(b'READY=1', os.environ['NOTIFY_SOCKET'])
while True:
    for key, _ in chooser.select():
        answer = f"{key.data} {sys.argv[1]}".encode()
        try:
            if key.fileobj.type == socket.SOCK_DGRAM:
                _, sender = key.fileobj.recvfrom(2048)
                key.fileobj.sendto(answer, sender)
            else:
                connection, _ = key.fileobj.accept()
                connection.sendall(answer)
                connection.close()
        except BlockingIOError:
            pass
"""


def service(name: str, listen: str, version: str = "1", more: str = "") -> str:
    return f"""
  {name}:
    command: [{PYTHON}, server.py, '{version}']
    notify: true
    listen: {listen}
    {more}
"""


def stack_of(*services: str) -> str:
    return "services:" + "".join(services)


@pytest.fixture
def server(stack: Stack) -> Stack:
    (stack.directory / "server.py").write_text(SERVER)
    return stack


def ask(family: int, kind: int, address: object) -> str:
    """What the server says on one connection, or to one datagram."""
    with socket.socket(family, kind) as client:
        client.settimeout(20)
        if kind == socket.SOCK_STREAM:
            client.connect(address)  # type: ignore[arg-type]
            received = b""
            while part := client.recv(100):
                received += part
            return received.decode()
        if family == socket.AF_UNIX:
            client.bind("")  # an abstract name of its own, for the answer
        client.sendto(b"hello", address)  # type: ignore[arg-type]
        return client.recv(100).decode()


def test_every_kind_of_socket_is_inherited(server: Stack) -> None:
    ports = {name: free_port() for name in ("v4", "v6", "dual", "udp", "udp6")}
    abstract = f"stackd-test-{os.getpid()}"
    listen = f"""
      v4: "127.0.0.1:{ports['v4']}"
      v6: "[::1]:{ports['v6']}"
      dual: "*:{ports['dual']}"
      udp: "udp:127.0.0.1:{ports['udp']}"
      udp6: "udp:[::1]:{ports['udp6']}"
      stream: "unix:{server.directory}/stream.sock"
      datagram: "unix-dgram:{server.directory}/datagram.sock"
      hidden: "@{abstract}"
      hidden-datagram: "unix-dgram:@{abstract}"
"""
    server.up(stack_of(service("all", listen)), "--wait")
    tcp, udp = socket.SOCK_STREAM, socket.SOCK_DGRAM
    addresses = {
        "v4": (socket.AF_INET, tcp, ("127.0.0.1", ports["v4"])),
        "v6": (socket.AF_INET6, tcp, ("::1", ports["v6"])),
        "udp": (socket.AF_INET, udp, ("127.0.0.1", ports["udp"])),
        "udp6": (socket.AF_INET6, udp, ("::1", ports["udp6"])),
        "stream": (socket.AF_UNIX, tcp, f"{server.directory}/stream.sock"),
        "datagram": (socket.AF_UNIX, udp, f"{server.directory}/datagram.sock"),
        "hidden": (socket.AF_UNIX, tcp, f"\0{abstract}"),
        "hidden-datagram": (socket.AF_UNIX, udp, f"\0{abstract}"),
    }
    for name, address in addresses.items():
        assert ask(*address) == f"{name} 1"
    assert ask(socket.AF_INET, tcp, ("127.0.0.1", ports["dual"])) == "dual 1"
    assert ask(socket.AF_INET6, tcp, ("::1", ports["dual"])) == "dual 1"
    # One family only, where the address says so.
    with pytest.raises(ConnectionRefusedError):
        ask(socket.AF_INET, tcp, ("127.0.0.1", ports["v6"]))


def test_options_reach_the_socket_and_change_without_another_one(server: Stack) -> None:
    path = server.directory / "private.sock"
    port = free_port()

    def listen(mode: str, backlog: int) -> str:
        return f"""
      private: {{address: "unix:{path}", mode: "{mode}"}}
      http: {{address: "127.0.0.1:{port}", backlog: {backlog}, keepalive: true}}
"""

    server.up(stack_of(service("web", listen("0600", 7))), "--wait")
    inode = path.stat().st_ino
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert backlog_of(port) == 7
    server.write(stack_of(service("web", listen("0660", 9))))
    server.ctl("apply")
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert path.stat().st_ino == inode, "the socket is the same one"
    assert backlog_of(port) == 9


def backlog_of(port: int) -> int:
    """As the kernel tells it of a listening socket: the Send-Q of ss(8)."""
    lines = subprocess.run(["ss", "-Hltn", f"sport = :{port}"], capture_output=True, text=True, check=True).stdout
    return int(lines.split()[2])


def test_a_descriptor_by_its_number(stack: Stack) -> None:
    port, other = free_port(), free_port()
    # Told by an argument, as uvicorn's --fd, and by a variable; nothing of systemd's protocol is looked at.
    program = "import os, socket, sys; l = socket.socket(fileno=int(sys.argv[1])); c, _ = l.accept(); " \
        "c.sendall(os.environ['OTHER'].encode())"
    stack.up(
        f"""
services:
  web:
    command: [{PYTHON}, -c, "{program}", "${{listen.http.fd}}"]
    environment: {{OTHER: "${{listen.admin.fd}}"}}
    listen: {{http: "127.0.0.1:{port}", admin: "127.0.0.1:{other}"}}
    restart: always
"""
    )
    # In the order of their names: admin is 3, http is 4.
    assert ask(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", port)) == "3"


@contextmanager
def constant_load(address: tuple[str, int]) -> Iterator[list[str]]:
    """Connections one after the other; what went wrong, where anything did, is raised at the end."""
    answers: list[str] = []
    failures: list[Exception] = []
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            try:
                answers.append(ask(socket.AF_INET, socket.SOCK_STREAM, address))
            except OSError as error:
                failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures, failures[:3]


def test_a_listener_is_kept_over_rollouts_and_reloads(server: Stack) -> None:
    port = free_port()
    listen = f'{{http: "127.0.0.1:{port}"}}'
    server.up(stack_of(service("web", listen)), "--wait")
    with constant_load(("127.0.0.1", port)) as answers:
        server.ctl("restart", "web")
        for version in ("2", "3"):
            server.write(stack_of(service("web", listen, version)))
            server.ctl("apply")
        wait_until(lambda: "http 3" in answers)
    assert answers[0] == "http 1" and answers[-1] == "http 3"


def test_a_listener_moves_to_an_address_that_the_plan_shows(server: Stack) -> None:
    old, new = free_port(), free_port()
    server.up(stack_of(service("web", f'{{http: "127.0.0.1:{old}"}}')), "--wait")
    server.write(stack_of(service("web", f'{{http: "127.0.0.1:{new}"}}')))
    [change] = [c for c in plan(server)["changes"] if c["service"] == "web"]
    assert change["kind"] == "rolling"
    assert any(str(old) in d["before"] and str(new) in d["after"] for d in change["differences"])
    server.ctl("apply")
    assert ask(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", new)) == "http 1"
    with pytest.raises(ConnectionRefusedError):
        ask(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", old))


@pytest.mark.parametrize("now", [[], ["--now"]], ids=["rolling", "now"])
def test_an_address_and_a_part_of_it_follow_each_other(server: Stack, now: list[str]) -> None:
    port = free_port()
    server.up(stack_of(service("web", f'{{http: "127.0.0.1:{port}"}}')), "--wait")
    for version, host in (("2", "*"), ("3", "127.0.0.1")):
        server.write(stack_of(service("web", f'{{http: "{host}:{port}"}}', version)))
        assert plan(server)["conflicts"] == []
        server.ctl("apply", *now)
        assert ask(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", port)) == f"http {version}"


@pytest.mark.parametrize("host", ["127.0.0.1", "*"])
def test_an_address_of_a_service_that_goes_passes_to_one_that_is_replaced(server: Stack, host: str) -> None:
    port, other = free_port(), free_port()
    own = f'http: "127.0.0.1:{other}"'
    server.up(stack_of(service("web", f"{{{own}}}"), service("gone", f'{{http: "127.0.0.1:{port}"}}')), "--wait")
    server.write(stack_of(service("web", f'{{{own}, more: "{host}:{port}"}}', "2")))
    assert plan(server)["conflicts"] == []
    server.ctl("apply")
    assert ask(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", port)) == "more 2"


def test_an_address_that_somebody_else_has_is_a_conflict_of_the_plan(server: Stack) -> None:
    port = free_port()
    server.up(stack_of(service("web", f'{{http: "127.0.0.1:{port}"}}')), "--wait")
    before = server.replica("web/0")["pid"]
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        taken = stranger.getsockname()[1]
        server.write(stack_of(service("web", f'{{http: "127.0.0.1:{taken}"}}')))
        [conflict] = plan(server)["conflicts"]
        assert "web" in conflict and str(taken) in conflict
        refused = server.ctl("apply", check=1)
        assert str(taken) in refused.stderr
    assert server.replica("web/0")["pid"] == before
    assert ask(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", port)) == "http 1"
    # The stranger is gone.
    server.ctl("apply")
    assert ask(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", taken)) == "http 1"


def plan(stack: Stack) -> Document:
    status, document = stack.post("/v1/plan", {})
    assert status == 200, document
    return document


def test_each_instance_has_automatic_ports_of_its_own(stack: Stack) -> None:
    # Two instances of each replica at a time, while they are replaced: none may want another's port.
    program = "import os, socket, time; l = socket.socket(); l.bind(('127.0.0.1', int(os.environ['PORT_HTTP']))); " \
        "l.listen(); print('port', os.environ['PORT_HTTP'], flush=True); time.sleep(1000)"
    stack.up(
        f"""
services:
  web:
    command: [{PYTHON}, -c, "{program}"]
    replicas: 3
    ports: {{http: auto}}
    probes: {{startup: {{listening: {{port: http}}, period: 200ms, failure_threshold: 100}}}}
    rollout: {{max_surge: 3, max_unavailable: 0}}
""",
        "--wait",
    )
    stack.ctl("restart", "web")
    stack.ctl("restart", "web")
    lines = [line for line in stack.ctl("logs", "web").stdout.splitlines() if " port " in line]
    assert len(lines) == 9
    assert not [e for e in stack.events() if e["code"] == "exited" and "status 1" in e["text"]]
