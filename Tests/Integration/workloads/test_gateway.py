import contextlib
import json
import signal
import socket
import uuid

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from harness import DEADLINE, eventually, free_port, listener, metric, paused, port_of, request
from servers import Redis


class Client:
    """A person in the rooms."""

    def __init__(self, socket):
        self.socket = socket
        self.name = self.receive("welcome")["client"]

    def send(self, **message):
        self.socket.send(json.dumps(message))

    def receive(self, kind):
        message = json.loads(self.socket.recv(DEADLINE))
        assert message["type"] == kind, message
        return message

    def join(self, room, **options):
        self.send(type="join", room=room, **options)
        joined = self.receive("joined")
        assert joined["room"] == room
        self.place = joined["id"]
        return self

    def say(self, room, text, key):
        """Says something, and returns its id, or the error, and what else was told before that."""
        self.send(type="message", room=room, text=text, key=key)
        told = []
        while True:
            message = json.loads(self.socket.recv(DEADLINE))
            if message.get("key") == key:
                return message, told
            told.append(message)

    def close_code(self):
        with pytest.raises(ConnectionClosed):
            while True:
                self.socket.recv(DEADLINE)
        return self.socket.close_code


@pytest.fixture
def visit():
    """Lets a new client in, which goes with the test."""
    with contextlib.ExitStack() as clients:

        def enter(port):
            connection = connect(f"ws://127.0.0.1:{port}/ws", open_timeout=DEADLINE, close_timeout=DEADLINE)
            return Client(clients.enter_context(connection))

        yield enter


def start_gateway(programs, redis, ws, admin=None):
    environment = {"REDIS_ADDRESS": str(redis.path)} | ({"PORT_ADMIN": str(admin)} if admin else {})
    return programs.start("shop-gateway", listeners={"ws": ws}, environment=environment).wait_ready()


def test_a_message_reaches_the_room_and_nobody_else(gateway, visit):
    ann, ben, eve = (visit(gateway.port) for _ in range(3))
    ann.join("lobby")
    ben.join("lobby")
    eve.join("attic")
    ann.send(type="message", room="lobby", text="Grüße 👋")
    message = ben.receive("message")
    assert message == {
        "type": "message", "room": "lobby", "client": ann.name, "text": "Grüße 👋", "id": message["id"]
    }
    assert ann.receive("message") == message
    # Had eve got it too, it would come before what she is told now.
    eve.send(type="message", room="lobby", text="let me in")
    assert eve.receive("error")["text"] == "join the room first"


def test_who_has_left_hears_nothing_more(gateway, visit):
    ann, ben = visit(gateway.port).join("hall"), visit(gateway.port).join("hall")
    ben.send(type="leave", room="hall")
    ben.receive("left")
    ann.send(type="message", room="hall", text="alone")
    ann.receive("message")
    ben.join("hall")
    ann.send(type="message", room="hall", text="together")
    assert ben.receive("message")["text"] == "together"


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "[]",
        '{"type": "dance", "room": "a"}',
        '{"type": "join", "room": ""}',
        '{"type": "join", "room": "a b"}',
        '{"type": "join", "room": "' + "x" * 65 + '"}',
        '{"type": "message", "room": "a"}',
        '{"type": "join", "room": "a", "after": "yesterday"}',
        '{"type": "message", "room": "a", "text": "hi", "key": "not a key"}',
    ],
)
def test_what_makes_no_sense_is_answered_with_an_error(gateway, text, visit):
    client = visit(gateway.port)
    client.socket.send(text)
    client.receive("error")
    client.join("still-works")


@pytest.fixture
def room():
    """A room in which nothing was ever said, on whatever Redis there is."""
    return uuid.uuid4().hex


def texts(client, count):
    return [client.receive("message")["text"] for _ in range(count)]


def test_a_message_with_a_key_is_acknowledged_and_said_once(gateway, room, visit):
    ann, ben = visit(gateway.port).join(room), visit(gateway.port).join(room)
    accepted, _ = ann.say(room, "first", "k1")
    assert accepted["type"] == "accepted"
    # As a sender does that has not seen the acknowledgement; and it may be on another connection by now.
    again, _ = visit(gateway.port).join(room).say(room, "first", "k1")
    assert again["id"] == accepted["id"]
    ann.say(room, "second", "k2")
    assert texts(ben, 2) == ["first", "second"]


def test_who_comes_back_is_told_what_it_missed_and_then_what_is_said(gateway, room, visit):
    ann, ben = visit(gateway.port).join(room), visit(gateway.port).join(room)
    ids = [ann.say(room, str(number), f"k{number}")[0]["id"] for number in range(250)]
    assert texts(ben, 250) == [str(number) for number in range(250)]
    # More than fits into one page, and something is said while it is read.
    late = visit(gateway.port).join(room, after=ids[19])
    ann.say(room, "250", "k250")
    assert texts(late, 231) == [str(number) for number in range(20, 251)]
    # Who has been told nothing yet has a place, too.
    place = visit(gateway.port).join("q" + room[1:]).place
    visit(gateway.port).join("q" + room[1:]).say("q" + room[1:], "hello?", "k")
    assert texts(visit(gateway.port).join("q" + room[1:], after=place), 1) == ["hello?"]


@pytest.mark.owns_processes
def test_who_missed_more_than_is_kept_is_told_so(programs, redis, visit):
    with listener() as ws:
        start_gateway(programs, redis, ws)
        ann = visit(port_of(ws)).join("long")
        first, _ = ann.say("long", "first", "k0")
        ann.say("long", "second", "k1")
        redis.send("XTRIM room:long MAXLEN 1")
        late = visit(port_of(ws)).join("long", after=first["id"])
        late.receive("missed")
        assert texts(late, 1) == ["second"]


def test_a_client_may_be_in_so_many_rooms_only(gateway, visit):
    client = visit(gateway.port)
    for number in range(32):
        client.join(f"room-{number}")
    client.send(type="join", room="one-too-many")
    assert "32 rooms" in client.receive("error")["text"]


def test_a_fragmented_message_is_one_message(gateway, visit):
    client = visit(gateway.port).join("parts")
    text = json.dumps({"type": "message", "room": "parts", "text": "in parts"})
    client.socket.send(text[i : i + 7] for i in range(0, len(text), 7))
    assert client.receive("message")["text"] == "in parts"


def test_a_ping_is_answered_and_a_close_is_returned(gateway, visit):
    client = visit(gateway.port)
    assert client.socket.ping(b"there?").wait(DEADLINE)
    client.socket.close(4000, "bye")
    assert client.socket.close_code == 4000


def test_frames_that_are_refused_are_refused_by_their_code(gateway, visit):
    client = visit(gateway.port)
    client.socket.send(b"binary")
    assert client.close_code() == 1003
    client = visit(gateway.port)
    client.socket.send("x" * 70_000)
    assert client.close_code() == 1009


def test_a_frame_without_a_mask_ends_the_connection(gateway):
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=DEADLINE) as raw:
        raw.sendall(
            b"GET /ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
            b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        stream = raw.makefile("rb")
        assert stream.readline().startswith(b"HTTP/1.1 101")
        raw.sendall(b"\x81\x02hi")
        assert b"\x03\xeaa frame is not masked" in stream.read()


def test_what_is_no_handshake_is_told_so(gateway):
    answer = request(gateway.port, "/ws")
    assert answer.status == 426 and answer.headers["upgrade"] == "websocket"
    assert request(gateway.port, "/").status == 404
    with pytest.raises(InvalidStatus), connect(f"ws://127.0.0.1:{gateway.port}/elsewhere"):
        pass


def test_it_is_alive_ready_and_measured(gateway, visit):
    assert request(gateway.admin, "/ready").status == 200
    client = visit(gateway.port).join("counted")
    before = metric(gateway.admin, "gateway_messages_delivered_total")
    client.send(type="message", room="counted", text="one")
    client.receive("message")
    assert metric(gateway.admin, "gateway_messages_delivered_total") == before + 1
    open_connections = metric(gateway.admin, "websocket_connections")
    client.socket.close()
    eventually(lambda: metric(gateway.admin, "websocket_connections") < open_connections, "one connection less")


@pytest.mark.owns_processes
def test_rooms_span_replicas(programs, redis, visit):
    with listener() as first, listener() as second:
        start_gateway(programs, redis, first)
        start_gateway(programs, redis, second)
        ann, ben = visit(port_of(first)).join("shared"), visit(port_of(second)).join("shared")
        for number in range(200):
            ann.send(type="message", room="shared", text=str(number))
        assert [ben.receive("message")["text"] for _ in range(200)] == [str(number) for number in range(200)]
        assert ann.name != ben.name


@pytest.mark.owns_processes
def test_the_end_tells_what_was_said_and_then_goodbye(programs, redis, visit):
    with listener() as ws:
        gateway = start_gateway(programs, redis, ws)
        ann, ben = visit(port_of(ws)).join("end"), visit(port_of(ws)).join("end")
        for number in range(50):
            ann.send(type="message", room="end", text=str(number))
        # The last one has come back to ann, so all have been published; ben has read none of them yet.
        assert [ann.receive("message")["text"] for _ in range(50)][-1] == "49"
        gateway.send(signal.SIGTERM)
        gateway.wait_for_notification("STOPPING=1")
        assert [ben.receive("message")["text"] for _ in range(50)] == [str(number) for number in range(50)]
        assert ann.close_code() == 1001
        assert ben.close_code() == 1001
        assert gateway.wait() == 0


@pytest.mark.owns_processes
def test_a_client_that_does_not_answer_the_goodbye_is_not_waited_for(programs, redis):
    with listener() as ws:
        gateway = start_gateway(programs, redis, ws)
        with socket.create_connection(ws.getsockname(), timeout=DEADLINE) as mute:
            mute.sendall(
                b"GET /ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
                b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
            assert mute.recv(12) == b"HTTP/1.1 101"
            # Nor is one that never sends its handshake.
            with socket.create_connection(ws.getsockname()):
                assert gateway.stop() == 0


@pytest.mark.owns_processes
def test_it_survives_a_restart_of_redis(programs, directory, visit):
    redis = Redis(programs, directory / "restart.sock")
    redis.start()
    admin = free_port()
    with listener() as ws:
        gateway = start_gateway(programs, redis, ws, admin)
        ann, ben = visit(port_of(ws)).join("lasting"), visit(port_of(ws)).join("lasting")
        redis.stop()
        answer = request(admin, "/ready")
        assert answer.status == 503 and answer.text.startswith("redis: ")
        ann.send(type="message", room="lasting", text="into the void")
        ann.receive("error")
        redis.start()
        eventually(lambda: request(admin, "/ready").status == 200, "ready again")
        ann.send(type="message", room="lasting", text="back")
        assert ben.receive("message")["text"] == "back"
        assert gateway.process.poll() is None


@pytest.mark.owns_processes
def test_what_is_said_while_redis_was_away_is_not_missed(programs, redis, visit):
    with listener() as ws:
        start_gateway(programs, redis, ws)
        ann, ben = visit(port_of(ws)).join("away"), visit(port_of(ws)).join("away")
        ann.say("away", "before", "k0")
        # The gateway's connection is cut, and something is said before it can have another.
        redis.send("CLIENT KILL TYPE pubsub", "XADD room:away * client elsewhere text meanwhile")
        while ann.say("away", "after", "k1")[0]["type"] == "error":
            pass
        assert texts(ben, 3) == ["before", "meanwhile", "after"]


@pytest.mark.owns_processes
def test_a_redis_that_hangs_is_named(programs, directory):
    redis = Redis(programs, directory / "hang.sock")
    redis.start()
    admin = free_port()
    with listener() as ws:
        start_gateway(programs, redis, ws, admin)
        with paused(redis.program):
            answer = request(admin, "/ready")
            assert answer.status == 503 and answer.text.startswith("redis: no answer within")
        eventually(lambda: request(admin, "/ready").status == 200, "ready again")
