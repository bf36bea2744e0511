"""Replicas behind HAProxy, which stackd runs and tells which of them are ready."""

from __future__ import annotations

import concurrent.futures
import http.client
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from stack import PATIENCE, PYTHON, STACKCTL, Document, Stack, free_port, is_alive, wait_until

ROUTER = "stackd-haproxy/0"

# Answers with its name, its replica and the path, and keeps connections; ends on SIGTERM at once, whatever it has.
# With a file named `hold` in its directory it answers no request below /slow while that is there.
SERVER = """
import http.server, os, socket, sys, time

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path.startswith("/slow"):
            while os.path.exists("hold"):
                time.sleep(0.01)
        status = 500 if self.path.startswith("/sick") else 200
        body = f"{sys.argv[1]} {os.environ['STACKD_REPLICA']} {self.path} {self.headers['X-Forwarded-For']}".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass

class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 512

server = Server(("127.0.0.1", int(os.environ["PORT_HTTP"])), Handler)
Handler.wbufsize = -1
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
    notify.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
server.serve_forever()
"""

needs_haproxy = pytest.mark.skipif(
    shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin") is None, reason="haproxy is not installed"
)


def service(name: str, routes: str, *more: str, version: str = "") -> str:
    return f"""
  {name}:
    command: [{PYTHON}, server.py, '{version or name}']
    notify: true
    ports: {{http: auto}}
    route: {routes}
""" + "".join(f"    {line}\n" for line in more)


def stack_of(*services: str) -> str:
    return "services:" + "".join(services)


@pytest.fixture
def server(stack: Stack) -> Stack:
    (stack.directory / "server.py").write_text(SERVER)
    return stack


@pytest.fixture
def port() -> int:
    return free_port()


def ask(port: int, path: str = "/", host: str = "localhost", timeout: float = PATIENCE) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"Host": host})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def answerer(port: int, path: str = "/", host: str = "localhost") -> str:
    """The name of who answers; of an error the status."""
    status, text = ask(port, path, host)
    return text.split()[0] if status == 200 else str(status)


@contextmanager
def load(port: int, clients: int = 4) -> Iterator[Counter[str]]:
    """Clients that ask one request after the other, each on a connection of its own, and what came of them."""
    outcomes: Counter[str] = Counter()
    lock = threading.Lock()
    stopping = threading.Event()

    def run() -> None:
        while not stopping.is_set():
            try:
                outcome = str(ask(port)[0])
            except (OSError, http.client.HTTPException) as error:
                outcome = repr(error)
            with lock:
                outcomes[outcome] += 1

    threads = [threading.Thread(target=run) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield outcomes
    finally:
        stopping.set()
        for thread in threads:
            thread.join()


@contextmanager
def saturation(port: int) -> Iterator[None]:
    """wrk on connections that it keeps; nothing may fail."""
    wrk = subprocess.Popen(
        ["wrk", "-t1", "-c32", "-d1h", "--timeout", "30s", f"http://127.0.0.1:{port}/"],
        stdout=subprocess.PIPE, text=True)
    try:
        yield
    finally:
        wrk.send_signal(signal.SIGINT)
        report, _ = wrk.communicate(timeout=PATIENCE)
    assert "requests in" in report
    assert "Socket errors" not in report, report
    assert "Non-2xx" not in report, report


needs_wrk = pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")


def pid_of(stack: Stack, name: str) -> int:
    return int(stack.replica(name)["pid"])


def ready(stack: Stack, service: str) -> list[Document]:
    return [r for name, r in stack.replicas().items() if name.startswith(f"{service}/") and r["ready"]]


def metrics(stack: Stack, name: str) -> dict[str, float]:
    """The samples of a metric by their labels."""
    connection_text = subprocess.run(
        ["curl", "-sf", "--unix-socket", stack.socket_path, "http://stackd/metrics"],
        check=True, capture_output=True, text=True, timeout=PATIENCE,
    ).stdout
    result = {}
    for line in connection_text.splitlines():
        if line.startswith(f"{name}{{"):
            labels, _, value = line.removeprefix(name).rpartition(" ")
            result[labels] = float(value)
    return result


def total(stack: Stack, name: str, *labels: str) -> float:
    return sum(v for key, v in metrics(stack, name).items() if all(label in key for label in labels))


@needs_haproxy
def test_hosts_and_paths_choose_the_service(server: Stack, port: int) -> None:
    address = f"127.0.0.1:{port}"
    server.up(stack_of(
        service("web", f"{{http: '{address}'}}"),
        service("api", f"{{http: {{listen: '{address}', path: /api}}}}"),
        service("deep", f"{{http: {{listen: '{address}', path: [/api/v2, /other]}}}}"),
        service("shop", f"{{http: {{listen: '{address}', host: [shop.example.org, '*.shop.example.org']}}}}"),
    ), "--wait")
    expected = {
        ("/", "localhost"): "web", ("/apiary", "localhost"): "web", ("/api", "localhost"): "api",
        ("/api/", "localhost"): "api", ("/api/v1?x=/api/v2", "localhost"): "api", ("/api/v2", "localhost"): "deep",
        ("/api/v2/x", "localhost"): "deep", ("/other", "localhost"): "deep",
        ("/", f"shop.example.org:{port}"): "shop", ("/api", "SHOP.example.org"): "shop",
        ("/", "a.b.shop.example.org"): "shop", ("/", "workshop.example.org"): "web",
    }
    assert {request: answerer(port, *request) for request in expected} == expected
    # The servers hear who asks.
    assert ask(port)[1].split()[3] == "127.0.0.1"


@needs_haproxy
def test_what_no_route_is_for_is_not_found(server: Stack, port: int) -> None:
    server.up(stack_of(service("api", f"{{http: {{listen: '127.0.0.1:{port}', path: /api}}}}")), "--wait")
    assert ask(port, "/")[0] == 404
    assert ask(port, "/api")[0] == 200


@needs_haproxy
def test_other_protocols_are_passed_through(server: Stack, port: int) -> None:
    server.up(stack_of(service("raw", f"{{tcp: {{listen: '127.0.0.1:{port}', mode: tcp}}}}")), "--wait")
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(b"GET /x HTTP/1.1\r\nConnection: close\r\n\r\n")
        answer = b""
        while part := connection.recv(4096):
            answer += part
    # Nothing was added to it.
    assert answer.endswith(b"raw 0 /x None")


@needs_haproxy
def test_replicas_come_and_go_without_another_haproxy(server: Stack, port: int) -> None:
    server.up(stack_of(service("web", f"{{http: '127.0.0.1:{port}'}}", "replicas: 2")), "--wait")
    router = pid_of(server, ROUTER)
    with load(port) as outcomes:
        for wanted in (6, 1, 4, 2):
            server.ctl("scale", f"web={wanted}")
            server.wait_for(lambda: len(ready(server, "web")) == wanted and len(
                [name for name in server.replicas() if name.startswith("web/")]) == wanted)
            seen: set[str] = set()
            wait_until(lambda: len(seen) == wanted or seen.add(ask(port)[1].split()[1]))
    assert list(outcomes) == ["200"], outcomes
    assert pid_of(server, ROUTER) == router


@needs_haproxy
def test_every_replica_gets_its_share(server: Stack, port: int) -> None:
    server.up(stack_of(service("web", f"{{http: '127.0.0.1:{port}'}}", "replicas: 4")), "--wait")
    shares = Counter(ask(port)[1].split()[1] for _ in range(40))
    assert shares == {"0": 10, "1": 10, "2": 10, "3": 10}


@needs_haproxy
def test_one_replica_is_replaced_without_a_failed_request(server: Stack, port: int) -> None:
    """Stop-first: for a while there is none, and requests wait."""
    server.up(stack_of(
        service("web", f"{{http: '127.0.0.1:{port}'}}", "rollout: {order: stop-first}")), "--wait")
    former = pid_of(server, "web/0")
    with load(port) as outcomes:
        for _ in range(3):
            before = outcomes.total()
            server.ctl("restart", "web")
            server.wait_ready("web/0")
            wait_until(lambda: outcomes.total() > before + 20)
    assert list(outcomes) == ["200"], outcomes
    assert pid_of(server, "web/0") != former


@needs_haproxy
def test_a_request_that_is_being_answered_is_waited_for(server: Stack, port: int) -> None:
    server.up(stack_of(
        service("web", f"{{http: '127.0.0.1:{port}'}}", "rollout: {order: stop-first}")), "--wait")
    (server.directory / "hold").touch()
    former = pid_of(server, "web/0")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        slow = pool.submit(ask, port, "/slow")
        wait_until(lambda: holds_connection(former))
        restart = pool.submit(server.ctl, "restart", "web")
        server.wait_for(lambda: not server.replica("web/0")["ready"])
        assert is_alive(former)
        (server.directory / "hold").unlink()
        assert slow.result()[0] == 200
        restart.result()
    server.wait_ready("web/0")
    assert pid_of(server, "web/0") != former


def holds_connection(pid: int) -> bool:
    """It has accepted one: a socket more than the one that it listens with."""
    sockets = [e for e in Path(f"/proc/{pid}/fd").iterdir() if os.readlink(e).startswith("socket:")]
    return len(sockets) > 1


@needs_haproxy
def test_what_waits_too_long_is_told_so(server: Stack, port: int) -> None:
    server.up(stack_of(service("web", f"{{http: {{listen: '127.0.0.1:{port}', queue_timeout: 2s}}}}")), "--wait")
    server.ctl("stop", "web")
    begin = time.monotonic()
    status, text = ask(port)
    assert status == 503
    assert "no replica of web is ready" in text
    assert time.monotonic() - begin >= 1.9
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        waiting = [pool.submit(ask, port) for _ in range(50)]
        wait_until(lambda: total(server, "stackd_route_queue", 'service="web"') == 50)
        server.ctl("start", "web")
        assert {request.result()[0] for request in waiting} == {200}
    assert total(server, "stackd_route_queue", 'service="web"') == 0
    # The one before counts as the route's own, of no replica.
    assert total(server, "stackd_route_requests_total", 'code="5xx"') == 1


@needs_haproxy
def test_many_wait_at_little_cost(server: Stack, port: int) -> None:
    server.up(stack_of(service("web", f"{{http: {{listen: '127.0.0.1:{port}', queue_timeout: 60s}}}}")), "--wait")
    server.ctl("stop", "web")
    router = pid_of(server, ROUTER)
    connections = []
    try:
        for _ in range(1000):
            connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            connections.append(connection)
        wait_until(lambda: total(server, "stackd_route_queue") == 1000)
        before = processor_seconds(router)
        time.sleep(2)
        # A processor for itself would be 2 seconds.
        assert processor_seconds(router) - before < 1
        server.ctl("start", "web")
        for connection in connections:
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
    finally:
        for connection in connections:
            connection.close()


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@needs_haproxy
def test_a_replica_that_crashes_is_left_out(server: Stack, port: int) -> None:
    server.up(stack_of(service(
        "web", f"{{http: '127.0.0.1:{port}'}}", "replicas: 3", "restart: always")), "--wait")
    with load(port) as outcomes:
        for number in (0, 1, 2):
            former = pid_of(server, f"web/{number}")
            os.kill(former, signal.SIGKILL)
            server.wait_for(lambda: server.replica(f"web/{number}")["pid"] not in (None, 0, former))
            server.wait_ready(f"web/{number}")
    # What it was answering when it died cannot be asked anew; nothing else fails.
    lost = outcomes.total() - outcomes["200"]
    assert outcomes["200"] > 0
    assert lost <= 3 * 4, outcomes
    assert set(outcomes) <= {"200", "502"}, outcomes


@needs_haproxy
def test_haproxy_comes_back_when_it_is_killed(server: Stack, port: int) -> None:
    server.up(stack_of(service("web", f"{{http: '127.0.0.1:{port}'}}", "replicas: 2")), "--wait")
    for _ in range(3):
        former = pid_of(server, ROUTER)
        os.kill(former, signal.SIGKILL)
        # Its socket is stackd's, so a connection that is made while it is away waits.
        assert ask(port)[0] == 200
        server.wait_for(lambda: server.replica(ROUTER)["pid"] not in (None, 0, former))
        server.wait_ready(ROUTER)
    shares = Counter(ask(port)[1].split()[1] for _ in range(20))
    assert set(shares) == {"0", "1"}


@needs_haproxy
def test_haproxy_is_replaced_without_a_failed_request(server: Stack, port: int) -> None:
    """A further route is another configuration, so another HAProxy takes over beside the former."""
    web = service("web", f"{{http: '127.0.0.1:{port}'}}", "replicas: 2")
    server.up(stack_of(web), "--wait")
    former, replica = pid_of(server, ROUTER), pid_of(server, "web/0")
    other = free_port()
    with load(port) as outcomes:
        server.write(stack_of(web, service("api", f"{{http: '127.0.0.1:{other}'}}")))
        server.ctl("apply")
        server.wait_for(lambda: len(ready(server, "api")) == 1)
        server.wait_for(lambda: pid_of(server, ROUTER) != former and not is_alive(former))
        assert answerer(other) == "api"
    assert list(outcomes) == ["200"], outcomes
    assert pid_of(server, "web/0") == replica
    # And back; the address is nobody's then.
    server.write(stack_of(web))
    server.ctl("apply")
    wait_until(lambda: not can_connect(other))
    assert answerer(port) == "web"


def can_connect(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
    except ConnectionRefusedError:
        return False
    return True


@needs_haproxy
def test_haproxy_goes_with_the_last_route(server: Stack, port: int) -> None:
    server.up(stack_of(service("web", f"{{http: '127.0.0.1:{port}'}}")), "--wait")
    assert server.replica(ROUTER)["ready"]
    server.write(stack_of(f"""
  web:
    command: [{PYTHON}, server.py, web]
    notify: true
    ports: {{http: auto}}
"""))
    server.ctl("apply")
    server.wait_for(lambda: ROUTER not in server.replicas())
    assert not can_connect(port)


@needs_haproxy
@needs_wrk
def test_saturated_replicas_come_and_go_without_an_error(server: Stack, port: int) -> None:
    server.up(stack_of(service("web", f"{{http: '127.0.0.1:{port}'}}", "replicas: 4")), "--wait")
    with saturation(port):
        for wanted in (2, 5, 3):
            server.ctl("scale", f"web={wanted}")
            server.wait_for(lambda: len(ready(server, "web")) == wanted)
        server.ctl("restart", "web", timeout=2 * PATIENCE)
        server.wait_for(lambda: len(ready(server, "web")) == 3)


@needs_haproxy
@needs_wrk
def test_haproxy_itself_is_replaced_without_an_error(server: Stack, port: int) -> None:
    server.up(stack_of(service("web", f"{{http: '127.0.0.1:{port}'}}", "replicas: 4")), "--wait")
    with saturation(port):
        for _ in range(5):
            former = pid_of(server, ROUTER)
            server.ctl("restart", ROUTER.split("/")[0])
            server.wait_for(lambda: pid_of(server, ROUTER) != former and not is_alive(former))


@needs_haproxy
def test_what_waits_survives_another_configuration(server: Stack, port: int) -> None:
    """Both are replaced at once: the one replica, stop-first, and HAProxy."""
    def text(version: str, path: str) -> str:
        routes = f"{{http: '127.0.0.1:{port}', more: {{listen: '127.0.0.1:{port}', path: {path}}}}}"
        return stack_of(service("web", routes, "rollout: {order: stop-first}", version=version))

    server.up(text("v0", "/0"), "--wait")
    with load(port) as outcomes:
        for number in range(1, 4):
            former = pid_of(server, ROUTER)
            server.write(text(f"v{number}", f"/{number}"))
            server.ctl("apply")
            server.wait_for(lambda: pid_of(server, ROUTER) != former and not is_alive(former))
            wait_until(lambda: answerer(port) == f"v{number}")
    assert list(outcomes) == ["200"], outcomes


@needs_haproxy
def test_statistics_are_told_by_replica_and_revision(server: Stack, port: int) -> None:
    text = stack_of(service("web", f"{{http: '127.0.0.1:{port}'}}", "replicas: 2"))
    server.up(text, "--wait")
    for path in ("/", "/", "/", "/", "/sick", "/sick"):
        ask(port, path)
    requests = metrics(server, "stackd_route_requests_total")
    first = server.replica("web/0")["revision"]
    assert all(label in "".join(requests) for label in ('service="web"', 'route="http"', 'replica="0"', 'replica="1"'))
    assert total(server, "stackd_route_requests_total", 'code="2xx"') == 4
    assert total(server, "stackd_route_requests_total", 'code="5xx"') == 2
    assert total(server, "stackd_route_errors_total") == 2
    # Another revision counts for itself, and what was counted stays.
    server.write(text.replace("'web'", "'new'"))
    server.ctl("apply")
    server.wait_for(lambda: [r["revision"] != first for r in ready(server, "web")] == [True, True])
    assert answerer(port) == "new"
    second = server.replica("web/0")["revision"]
    assert total(server, "stackd_route_requests_total", 'code="2xx"', f'revision="{first}"') == 4
    assert total(server, "stackd_route_requests_total", 'code="2xx"', f'revision="{second}"') == 1
    # Nor does it go with HAProxy.
    os.kill(pid_of(server, ROUTER), signal.SIGKILL)
    server.wait_for(lambda: server.replica(ROUTER)["restarts"] == 1 and server.replica(ROUTER)["ready"])
    ask(port)
    assert total(server, "stackd_route_requests_total", 'code="2xx"') == 6


@needs_haproxy
def test_an_ordinary_user_may_route_too(ordinary_stack: Stack, port: int) -> None:
    (ordinary_stack.directory / "server.py").write_text(SERVER)
    # Its PATH has no /usr/sbin.
    ordinary_stack.environment["PATH"] = "/usr/local/bin:/usr/bin:/bin"
    ordinary_stack.up(stack_of(service("web", f"{{http: '127.0.0.1:{port}'}}", "replicas: 2")), "--wait")
    assert answerer(port) == "web"
    ordinary_stack.ctl("restart", "web")
    assert answerer(port) == "web"


@needs_haproxy
def test_the_admin_socket_is_for_the_daemon_alone(server: Stack, port: int) -> None:
    server.up(stack_of(service("web", f"{{http: '127.0.0.1:{port}'}}")), "--wait")
    directory = server.run_directory / "haproxy"
    # HAProxy's account may pass, to the one socket that is there for it: by that it says which requests wait.
    assert directory.stat().st_mode & 0o777 == (0o710 if os.geteuid() == 0 else 0o700)
    for entry in directory.iterdir():
        assert entry.stat().st_mode & 0o077 == 0, entry
        assert entry.name == "waiting.sock" or entry.owner() == directory.owner(), entry


@needs_haproxy
def test_down_ends_haproxy_soon(server: Stack, port: int) -> None:
    server.up(stack_of(service("web", f"{{http: '127.0.0.1:{port}'}}")), "--wait")
    assert ask(port)[0] == 200
    router = pid_of(server, ROUTER)
    begin = time.monotonic()
    server.ctl("down")
    assert not is_alive(router)
    # Not only when HAProxy is cut off, after half a minute.
    assert time.monotonic() - begin < 20


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can hide a file")
def test_without_haproxy_the_package_is_named(server: Stack, port: int) -> None:
    server.write(stack_of(service("web", f"{{http: '127.0.0.1:{port}'}}")))
    nothing = server.directory / "nothing"
    nothing.mkdir()
    hide = "for place in /usr/sbin /usr/local/sbin; do mount --bind nothing $place || exit; done"
    subprocess.run(
        ["unshare", "--mount", "sh", "-c", f'{hide}; exec "$0" up -d', str(STACKCTL)], cwd=server.directory,
        env=server.environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False)
    server.wait_ready("web/0")
    server.wait_for(lambda: "Debian's package haproxy" in server.explain(ROUTER))
