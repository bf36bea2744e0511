"""The stacks that are replaced under load: each has four replicas of a server that is what it is called."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from stack import BINARIES, REPOSITORY, Stack, free_port

SCRIPTS = Path(os.path.abspath(sys.executable)).parent
SERVER = Path(__file__).resolve().parent / "server.py"

REPLICAS = 4
ROLLOUT = f"replicas: {REPLICAS}\n    rollout: {{max_surge: 2}}"


def instances(stack: Stack, service: str) -> dict[str, int]:
    """The pids of a service's replicas; of two of a name, that of the one that stays."""
    return {
        f"{service}/{replica['replica']}": replica["pid"]
        for replica in stack.get(f"/v1/services/{service}")["replicas"]
        if replica["state"] != "stopping"
    }


@dataclass
class Service:
    """A service under load, and where the load goes."""

    text: str
    name: str
    port: int
    path: str = "/"
    replicas: int = REPLICAS


def backend(_: Stack) -> Service:
    """The shop's backend on an inherited listener, with its database."""
    port = free_port()
    return Service(f"""
x-database: &database
  PGDATA: "${{state_dir}}/postgres"
  PGHOST: "${{run_dir}}/postgres"
  PGUSER: shop
  PGDATABASE: shop

services:
  db-init: {{command: [{REPOSITORY}/stacks/postgres.sh, init], environment: *database, restart: "no"}}
  db:
    command: [{REPOSITORY}/stacks/postgres.sh, run]
    environment: *database
    depends_on: {{db-init: {{condition: service_completed_successfully}}}}
    probes: {{readiness: {{exec: [pg_isready, --quiet, --dbname=postgres], period: 200ms, timeout: 10s}}}}
    stop_signal: SIGINT
  schema: {{command: [{REPOSITORY}/stacks/postgres.sh, schema], environment: *database, depends_on: [db], restart: "no"}}
  backend:
    command: [{BINARIES}/shop-backend]
    environment: {{<<: *database, DATABASE_CONNECTIONS: "2"}}
    depends_on: {{schema: {{condition: service_completed_successfully}}}}
    listen: {{http: "127.0.0.1:{port}"}}
    notify: true
    {ROLLOUT}
""", "backend", port, "/whoami")


def gunicorn(stack: Stack) -> Service:
    """gunicorn from PyPI on an inherited descriptor, by systemd's protocol."""
    port = free_port()
    (stack.directory / "wsgi.py").write_text("""
def app(environment, start):
    start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
    return [b"ok\\n"]
""")
    return Service(f"""
services:
  web:
    command: [{SCRIPTS}/gunicorn, --log-level, warning, "wsgi:app"]
    listen: {{http: "127.0.0.1:{port}"}}
    notify: true
    {ROLLOUT}
""", "web", port)


def gateway(_: Stack) -> Service:
    """The shop's WebSocket gateway on an inherited listener, with its Redis."""
    port = free_port()
    return Service(f"""
services:
  redis:
    command: [redis-server, --port, "0", --unixsocket, "${{run_dir}}/redis.sock", --save, "", --appendonly, "no"]
    probes: {{readiness: {{exec: [redis-cli, -s, "${{run_dir}}/redis.sock", ping], period: 200ms, timeout: 10s}}}}
  gateway:
    command: [{BINARIES}/shop-gateway]
    environment: {{REDIS_ADDRESS: "${{run_dir}}/redis.sock"}}
    depends_on: [redis]
    listen: {{ws: "127.0.0.1:{port}"}}
    notify: true
    {ROLLOUT}
""", "gateway", port, "/ws")


NGINX = """
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server { listen 127.0.0.1:PORT; location / { return 200 "ok\\n"; } }
}
"""


def nginx(stack: Stack, replicas: int = REPLICAS, rollout: str = ROLLOUT) -> Service:
    """nginx, which binds a port itself, behind a route."""
    port = free_port()
    (stack.directory / "nginx.conf").write_text(NGINX)
    script = stack.directory / "nginx.sh"
    script.write_text("""#!/bin/sh
# nginx has no way to be told a port but its configuration.
set -eu
place="nginx-$PORT_HTTP"
mkdir -p "$place"
sed "s/PORT/$PORT_HTTP/" nginx.conf > "$place/nginx.conf"
exec nginx -p "$PWD/$place" -c nginx.conf -e stderr
""")
    script.chmod(0o755)
    return Service(f"""
services:
  web:
    command: [./nginx.sh]
    ports: {{http: auto}}
    route: {{http: {{listen: "127.0.0.1:{port}", to: http, queue_timeout: 30s}}}}
    probes: {{readiness: {{http: {{port: http, path: /}}, period: 100ms, timeout: 5s}}}}
    stop_signal: SIGQUIT
    {rollout}
""", "web", port, replicas=replicas)
