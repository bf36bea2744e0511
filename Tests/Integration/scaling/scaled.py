"""Stacks with one autoscaled service, and what a test can see of its scaling."""

from __future__ import annotations

import re
from dataclasses import dataclass

import stacks
from stack import PYTHON, Document, Stack, free_port

# Down after three seconds in place of Kubernetes' five minutes.
QUICK = "interval: 1s, behavior: {scale_down: {stabilization_window: 3s}}"
# What the tests themselves, and others, do to the machine must not be taken for a host without room.
ANY_HOST = "pressure: {cpu: none, memory: none, io: none}"


@dataclass
class Scaled:
    stack: Stack
    text: str
    name: str
    port: int
    path: str = "/"

    def up(self) -> None:
        self.stack.up(self.text, "--wait")

    @property
    def document(self) -> Document:
        return self.stack.get(f"/v1/services/{self.name}")

    @property
    def wanted(self) -> int:
        return self.document["scale"]

    @property
    def scaling(self) -> Document:
        return self.document["scaling"]

    @property
    def decisions(self) -> list[Document]:
        """The oldest first."""
        return self.stack.get(f"/v1/services/{self.name}/scaling")["decisions"][::-1]

    def numbers(self) -> list[int]:
        """How many replicas were wanted, one after the other, since the daemon began."""
        changes = [
            re.search(r"from (\d+) to (\d+) replica", event["text"])
            for event in self.stack.events()
            if event["subject"] == self.name and event["code"] in ("scaled", "autoscaled")
        ]
        return [int(number) for change in changes if change for number in [change[2]]]

    def pids(self) -> dict[int, int]:
        return {replica["replica"]: replica["pid"] for replica in self.document["replicas"] if replica["ready"]}

    def wait_for(self, replicas: int, timeout: float = 60) -> None:
        """Until so many are wanted and ready, and no others are left."""

        def is_there() -> bool:
            document = self.document
            return document["scale"] == replicas == len(document["replicas"]) == len(self.pids())

        self.stack.wait_for(is_there, timeout)

    def next_decisions(self, count: int) -> list[Document]:
        """The first decisions that differ from those that there are now."""
        last = self.decisions[-1]["time"] if self.decisions else ""
        return self.stack.wait_for(
            lambda: newer[:count] if len(newer := [d for d in self.decisions if d["time"] > last]) >= count else None)


def server(stack: Stack, autoscale: str, more: str = "", work: int = 20) -> Scaled:
    """Servers that do one request at a time: those that they cannot do yet wait in the listener's queue."""
    port = free_port()
    return Scaled(stack, f"""
services:
  web:
    command: [{PYTHON}, {stacks.SERVER}, v1]
    environment: {{WORK_MS: "{work}"}}
    listen: {{http: "127.0.0.1:{port}"}}
    ports: {{admin: auto}}
    notify: true
    autoscale: {{{autoscale}}}
    {more}
""", "web", port)


def backend(stack: Stack, autoscale: str) -> Scaled:
    """The shop's backend with its database."""
    service = stacks.backend(stack)
    text = service.text.replace(stacks.ROLLOUT, f"autoscale: {{{autoscale}}}")
    assert text != service.text
    return Scaled(stack, text, service.name, service.port, service.path)


def is_monotone(numbers: list[int]) -> bool:
    """Up, then down, without a turn between: no flapping."""
    top = numbers.index(max(numbers))
    return numbers[: top + 1] == sorted(numbers[: top + 1]) and numbers[top:] == sorted(numbers[top:], reverse=True)
