"""The stack's programs as fixtures: started here, or those of a development stack that runs already.

With DEV_STACK=1 the tests of what a program says talk to `stacks/dev.yaml` as it runs on this host (STACK_RUN_DIR is
its run directory where that is not root's); the tests of how a process starts, drains and ends (`owns_processes`) are
left out, since its processes are not theirs to end.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from control import ControlServer
from harness import BINARIES, Programs, free_port, listener, port_of
from servers import Database, Redis, Service, make_database

DEV_STACK = os.environ.get("DEV_STACK") == "1"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "owns_processes: starts and ends programs of its own")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if DEV_STACK:
        for item in items:
            if item.get_closest_marker("owns_processes"):
                item.add_marker(pytest.mark.skip(reason="the development stack's processes are not ours to end"))


@pytest.fixture(scope="session")
def directory() -> Iterator[Path]:
    # Not pytest's own: a unix socket's path must be short, and PostgreSQL's user must get through.
    path = Path(tempfile.mkdtemp(prefix="stackd-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def session_programs(directory: Path) -> Iterator[Programs]:
    programs = Programs(directory)
    yield programs
    programs.close()


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    programs = Programs(tmp_path)
    yield programs
    programs.close()


@pytest.fixture(scope="session")
def database(session_programs: Programs, directory: Path) -> Database:
    (directory / "db").mkdir()
    return make_database(session_programs, directory / "db")


@pytest.fixture(scope="session")
def redis(session_programs: Programs, directory: Path) -> Redis:
    server = Redis(session_programs, directory / "redis.sock")
    server.start()
    return server


@pytest.fixture(scope="session")
def backend(request: pytest.FixtureRequest, session_programs: Programs) -> Iterator[Service]:
    if DEV_STACK:
        yield Service(8000, 9101)
        return
    database = request.getfixturevalue("database")
    admin = free_port()
    with listener() as http:
        session_programs.start(
            "shop-backend",
            listeners={"http": http},
            environment=database.environment | {"PORT_ADMIN": str(admin), "REPLICA_INDEX": "0"},
        ).wait_ready()
        yield Service(port_of(http), admin)


@pytest.fixture(scope="session")
def gateway(request: pytest.FixtureRequest, session_programs: Programs) -> Iterator[Service]:
    if DEV_STACK:
        yield Service(8001, 9102)
        return
    redis = request.getfixturevalue("redis")
    admin = free_port()
    with listener() as ws:
        session_programs.start(
            "shop-gateway",
            listeners={"ws": ws},
            environment={"REDIS_ADDRESS": str(redis.path), "PORT_ADMIN": str(admin)},
        ).wait_ready()
        yield Service(port_of(ws), admin)


@pytest.fixture(scope="session")
def mcp_database(request: pytest.FixtureRequest) -> dict[str, str]:
    """The variables that an MCP client starts `mcp-database` with."""
    if DEV_STACK:
        run = os.environ.get("STACK_RUN_DIR", "/run/stackd/dev")
        return {"PGHOST": f"{run}/postgres", "PGUSER": "shop", "PGDATABASE": "shop"}
    return request.getfixturevalue("database").environment


@pytest.fixture(scope="session")
def mcp_stack(request: pytest.FixtureRequest, session_programs: Programs) -> Iterator[Service]:
    if DEV_STACK:
        yield Service(8002, 9104)
        return
    control = request.getfixturevalue("control_socket")
    admin = free_port()
    with listener() as http:
        session_programs.start(
            "mcp-stack",
            listeners={"http": http},
            environment={"STACKD_SOCKET": control, "PORT_ADMIN": str(admin)},
        ).wait_ready()
        yield Service(port_of(http), admin)


@pytest.fixture(scope="session")
def control_socket(directory: Path) -> Iterator[str]:
    """A stand-in for the daemon's control socket, which says about services what the daemon says."""
    with ControlServer(directory / "control.sock") as server:
        yield server.path


@pytest.fixture(scope="session")
def binaries() -> Path:
    return BINARIES
