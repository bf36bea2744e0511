"""A stand-in for stackd's control socket."""

from __future__ import annotations

import json
import socketserver
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

SERVICES = [
    {
        "name": "backend",
        "desired": "running",
        "ready": True,
        "revision": "abc",
        "depends_on": [],
        "replicas": [{"service": "backend", "replica": 0, "state": "running", "ready": True, "restarts": 2}],
    },
    {"name": "gateway", "desired": "running", "ready": False, "revision": "def", "depends_on": [], "replicas": []},
]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        found = self.path == "/v1/services"
        body = json.dumps(SERVICES if found else {"error": "not found"}).encode()
        self.send_response(200 if found else 404)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *_: object) -> None:
        pass


class ControlServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), Handler)
        self.path = str(path)

    def __enter__(self) -> "ControlServer":
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()
        Path(self.path).unlink()
