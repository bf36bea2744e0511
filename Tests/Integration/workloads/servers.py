"""The servers that the workloads depend on, which tests may end and start again."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

from harness import REPOSITORY, Program, Programs


@dataclass
class Service:
    """Where a service is reached."""

    port: int
    admin: int


@dataclass
class Database:
    """A PostgreSQL server that can be ended and started again."""

    programs: Programs
    environment: dict[str, str]
    program: Program | None = None

    def script(self, *words: str) -> Program:
        return self.programs.run([REPOSITORY / "stacks/postgres.sh", *words], environment=self.environment)

    def start(self) -> None:
        # PostgreSQL speaks sd_notify only where it was built with it, as Debian's is.
        self.program = self.script("run").wait_ready()

    def stop(self) -> None:
        if self.program:
            assert self.program.stop() == 0
            self.program = None


def make_database(programs: Programs, directory: Path) -> Database:
    environment = {
        "PGDATA": str(directory / "data"),
        "PGHOST": str(directory / "run"),
        "PGUSER": "shop",
        "PGDATABASE": "shop",
    }
    database = Database(programs, environment)
    for step in range(2):
        # Twice, since the one-shot of the stack runs at every start.
        assert database.script("init").wait() == 0, f"init, time {step + 1}"
    database.start()
    for step in range(2):
        assert database.script("schema").wait() == 0, f"schema, time {step + 1}"
    return database


@dataclass
class Redis:
    """A Redis server that can be ended and started again."""

    programs: Programs
    path: Path
    program: Program | None = None

    def start(self) -> None:
        words = ["redis-server", "--port", "0", "--unixsocket", str(self.path), "--save", "", "--supervised", "systemd"]
        self.program = self.programs.run(words).wait_ready()

    def stop(self) -> None:
        if self.program:
            assert self.program.stop() == 0
            self.program = None

    def send(self, *commands: str) -> str:
        """The answers to commands between which Redis does nothing else."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(str(self.path))
            connection.sendall("".join(f"{command}\r\n" for command in (*commands, "QUIT")).encode())
            return connection.makefile().read()
