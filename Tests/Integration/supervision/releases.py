"""What the tests of rollouts share: services that say when they come and go, and a look at each step of a rollout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from stack import Document, Stack

# Writes + when it starts and - when it ends, and is ready in between.
WITNESS = "echo + >> {log}; trap 'echo - >> {log}; exit 0' TERM; echo serving; while :; do sleep 0.05; done"


def service(
    name: str = "web", program: str = "echo serving; exec sleep 1000", *, version: str = "1", more: str = ""
) -> str:
    """One that is ready once it has said so; `more` is further keys, in flow style or of one line each."""
    return f"""
  {name}:
    command: [sh, -c, "{program}"]
    environment: {{VERSION: "{version}"}}
    restart: {{policy: always, backoff: {{initial: 10ms, max: 50ms}}}}
    probes: {{readiness: {{log: serving}}}}
    {more}
"""


def stack_of(*services: str) -> str:
    return "services:" + "".join(services)


def witness(log: Path) -> str:
    return WITNESS.format(log=log)


def gated(gate: Path) -> str:
    """Not ready until the file is there."""
    return f"while ! [ -e {gate} ]; do sleep 0.05; done; echo serving; exec sleep 1000"


def rows(stack: Stack, name: str = "web") -> list[Document]:
    """One of each instance, those that come included; not of those that have been replaced and end."""
    return [row for row in stack.get(f"/v1/services/{name}")["replicas"] if row["state"] != "stopping"]


def pids(stack: Stack, name: str = "web") -> dict[int, int]:
    """Of each replica's instance; of two, of the one that comes."""
    return {row["replica"]: row["pid"] for row in rows(stack, name)}


def version_of(pid: int, variable: str = "VERSION") -> str:
    environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return next(entry.partition(b"=")[2].decode() for entry in environment if entry.startswith(f"{variable}=".encode()))


def versions(stack: Stack, name: str = "web") -> list[str]:
    return [version_of(row["pid"]) for row in rows(stack, name)]


def rollout(stack: Stack, name: str = "web") -> Document | None:
    return stack.get(f"/v1/services/{name}/rollout").get("rollout")


def history(stack: Stack, name: str = "web") -> list[tuple[int, str, str]]:
    """Number, cause and outcome, the newest first."""
    records = stack.get(f"/v1/services/{name}/rollout")["history"]
    return [(record["number"], record["cause"], record["outcome"]) for record in records]


def wait_phase(stack: Stack, phase: str, name: str = "web", step: int | None = None) -> Document:
    def look() -> Document | None:
        now = rollout(stack, name)
        return now if now and now["phase"] == phase and step in (None, now["step"]) else None

    return stack.wait_for(look)


def wait_good(stack: Stack, name: str = "web") -> None:
    """Until what counts has been proven, so that it can be gone back to."""
    stack.wait_for(lambda: history(stack, name)[0][2] == "good")


def begin(stack: Stack, path: str, body: Document | None = None) -> None:
    status, answer = stack.post(path, body)
    assert status == 202, answer


def plan(stack: Stack) -> Document:
    status, document = stack.post("/v1/plan", {})
    assert status == 200, document
    return document


def change(stack: Stack, name: str = "web") -> Document:
    """What an apply would do to that service."""
    return next(change for change in plan(stack)["changes"] if change["service"] == name)


def observed(stack: Stack, until: Callable[[Document], bool], name: str = "web") -> list[Document]:
    """The service as it was after each event, until that holds."""
    seen: list[Document] = []

    def look() -> bool:
        seen.append(stack.get(f"/v1/services/{name}"))
        return until(seen[-1])

    stack.wait_for(look)
    return seen


def is_settled(service: Document) -> bool:
    return service.get("rollout") is None and service["history"][0]["outcome"] == "good"
