"""A small HTTP server of a version, on an inherited listener or on PORT_HTTP, in the condition that a test wants.

usage: server.py VERSION [ok | crash | mute | sick]

ok says READY=1 and answers with its version; crash ends at once; mute never gets ready, as one that begins while there
is a file `mute` in its directory; sick is ready and answers 500. It does one request at a time, and takes WORK_MS for
each, in which it waits for something else. It ends on SIGTERM when the request that it has is answered. Every answer
ends its connection.

It tells its metrics as `/metrics`, also on PORT_ADMIN; there with status 500 while there is a file `deaf`. With TARGETS
in its environment it tells a Prometheus server of itself, by a file in that directory.
"""

import http.server
import json
import os
import selectors
import signal
import socket
import sys
import threading
import time
from pathlib import Path


def listener() -> socket.socket:
    if os.environ.get("LISTEN_PID") == str(os.getpid()):
        return socket.socket(fileno=3)
    return socket.create_server(("127.0.0.1", int(os.environ["PORT_HTTP"])), backlog=128)


def notify(text: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(text.encode(), os.environ["NOTIFY_SOCKET"].replace("@", "\0", 1))


class Server:
    def __init__(self, version: str, is_sick: bool) -> None:
        self.version = version
        self.is_sick = is_sick
        self.errors = 0
        self.served = 0
        self.work = float(os.environ.get("WORK_MS", "0")) / 1000

    @property
    def metrics(self) -> str:
        label = f'{{version="{self.version}"}}'
        return (
            f"# TYPE app_errors_total counter\napp_errors_total{label} {self.errors}\n"
            f"# TYPE app_requests_total counter\napp_requests_total{label} {self.served}\n"
        )

    def answer(self, path: str) -> tuple[int, str]:
        if path == "/metrics":
            return 200, self.metrics
        time.sleep(self.work)
        self.served += 1
        if self.is_sick:
            self.errors += 1
            return 500, f"{self.version} is sick\n"
        return 200, f"{self.version}\n"

    def serve(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        request = b""
        while b"\r\n\r\n" not in request:
            part = connection.recv(65536)
            if not part:
                return
            request += part
        status, text = self.answer(request.split()[1].decode())
        connection.sendall(
            f"HTTP/1.1 {status} X\r\nContent-Type: text/plain\r\nContent-Length: {len(text)}\r\n"
            f"Connection: close\r\n\r\n{text}".encode()
        )
        # So that no reset overtakes the answer.
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass


def tell_metrics(server: Server, port: int) -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = server.metrics.encode()
            self.send_response(500 if Path("deaf").exists() else 200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    metrics = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=metrics.serve_forever, daemon=True).start()


def main() -> None:
    version, condition = sys.argv[1], (sys.argv[2:] or ["ok"])[0]
    if condition == "crash":
        sys.exit(f"{version} cannot work like this")
    if condition == "mute" or Path("mute").exists():
        time.sleep(1000)
    selector = selectors.DefaultSelector()
    wake, end = socket.socketpair()
    end.setblocking(False)
    signal.set_wakeup_fd(end.fileno())
    signal.signal(signal.SIGTERM, lambda *_: None)
    selector.register(wake, selectors.EVENT_READ)
    listening = listener()
    listening.setblocking(False)
    selector.register(listening, selectors.EVENT_READ)
    if directory := os.environ.get("TARGETS"):
        target = Path(directory, f"{os.environ['PORT_HTTP']}.json")
        target.with_suffix(".new").write_text(json.dumps([{"targets": [f"127.0.0.1:{os.environ['PORT_HTTP']}"]}]))
        target.with_suffix(".new").rename(target)
    server = Server(version, condition == "sick")
    if port := os.environ.get("PORT_ADMIN"):
        tell_metrics(server, int(port))
    notify("READY=1")
    while not any(key.fileobj is wake for key, _ in selector.select()):
        try:
            connection, _ = listening.accept()
        except BlockingIOError:
            continue  # another replica was faster
        with connection:
            try:
                server.serve(connection)
            except OSError:
                pass  # the client has gone


main()
