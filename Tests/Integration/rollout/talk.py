"""People in the gateway's rooms, who talk all the time, come back when they are sent away, and miss nothing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

PATIENCE = 60.0
GOING_AWAY = 1001


@dataclass
class Record:
    """What happened to a person."""

    # By the key under which they were said, the ids that acknowledgements gave them.
    said: dict[str, str] = field(default_factory=dict)
    # The ids and the texts that the person was told, in order.
    heard: list[tuple[str, str]] = field(default_factory=list)
    goodbyes: Counter[int | None] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


class Person:
    def __init__(self, url: str, name: str, room: str, pause: float) -> None:
        self.record = Record()
        self.room = room
        self._url = url
        self._name = name
        self._pause = pause
        self._place: str | None = None
        self._count = 0
        self._is_unanswered = False
        self.is_quiet = False

    async def live(self) -> None:
        """Visits the room again and again, until it is cancelled."""
        while True:
            try:
                async with connect(self._url, open_timeout=PATIENCE, close_timeout=PATIENCE) as socket:
                    await self._visit(socket)
            except ConnectionClosed as goodbye:
                code = goodbye.rcvd.code if goodbye.rcvd else None
                self.record.goodbyes[code] += 1
                if code != GOING_AWAY:
                    self.record.failures.append(f"{self._name}: {goodbye!r}")
            except OSError as error:
                self.record.failures.append(f"{self._name}: {error!r}")

    async def _visit(self, socket: ClientConnection) -> None:
        after = {} if self._place is None else {"after": self._place}
        await socket.send(json.dumps({"type": "join", "room": self.room, **after}))
        talking = asyncio.create_task(self._talk(socket))
        try:
            while True:
                self._hear(json.loads(await socket.recv()))
        finally:
            talking.cancel()

    async def _talk(self, socket: ClientConnection) -> None:
        """Says what was not acknowledged again, under its key, and then the next, one after the other."""
        with contextlib.suppress(ConnectionClosed):
            if self._is_unanswered:
                await self._say(socket)
            while True:
                await asyncio.sleep(self._pause)
                if not self._is_unanswered and not self.is_quiet:
                    self._count += 1
                    self._is_unanswered = True
                    await self._say(socket)

    async def _say(self, socket: ClientConnection) -> None:
        key = f"{self._name}-{self._count}"
        await socket.send(json.dumps({"type": "message", "room": self.room, "text": key, "key": key}))

    def _hear(self, message: dict[str, str]) -> None:
        match message["type"]:
            case "joined":
                self._place = self._place or message["id"]
            case "message":
                self._place = message["id"]
                self.record.heard.append((message["id"], message["text"]))
            case "accepted":
                self.record.said[message["key"]] = message["id"]
                self._is_unanswered = False
            case "welcome":
                pass
            case _:
                self.record.failures.append(f"{self._name}: {message}")

    def is_silent(self) -> bool:
        """Everything that it has said is acknowledged, and it says nothing more."""
        return self.is_quiet and not self._is_unanswered


class Party:
    """All the people, in a thread of their own."""

    def __init__(self, port: int, rooms: int, people: int, pause: float) -> None:
        url = f"ws://127.0.0.1:{port}/ws"
        self.people = [
            Person(url, f"{room}.{number}", f"room-{room}", pause) for room in range(rooms) for number in range(people)
        ]
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()))
        self._thread.start()

    def served(self) -> int:
        """How many messages were acknowledged so far."""
        return sum(len(person.record.said) for person in self.people)

    async def _live(self) -> None:
        lives = [asyncio.create_task(person.live()) for person in self.people]
        while not self._is_over.is_set():
            await asyncio.sleep(0.05)
        try:
            async with asyncio.timeout(PATIENCE):
                for person in self.people:
                    person.is_quiet = True
                while not all(person.is_silent() for person in self.people):
                    await asyncio.sleep(0.05)
                while not all(self._has_heard_all(person) for person in self.people):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            pass  # what is missing, the test will say
        for life in lives:
            life.cancel()
        for outcome in await asyncio.gather(*lives, return_exceptions=True):
            if not isinstance(outcome, asyncio.CancelledError):
                raise AssertionError("a person has died") from outcome

    def said(self, room: str) -> dict[str, str]:
        """The texts that were acknowledged in a room, by their ids."""
        return {id: key for p in self.people if p.room == room for key, id in p.record.said.items()}

    def _has_heard_all(self, person: Person) -> bool:
        heard = person.record.heard
        return bool(heard) and heard[-1][0] == max(self.said(person.room), key=place)

    def stop(self) -> list[Person]:
        """Lets everybody finish; what has become of them is in their records."""
        self._is_over.set()
        self._thread.join()
        return self.people


def place(id: str) -> tuple[int, int]:
    milliseconds, sequence = id.split("-")
    return int(milliseconds), int(sequence)


@contextlib.contextmanager
def party(port: int, rooms: int = 4, people: int = 10, pause: float = 0.05) -> Iterator[Party]:
    running = Party(port, rooms, people, pause)
    try:
        yield running
    finally:
        running.stop()
