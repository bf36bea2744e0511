import http.client
import json
import signal
import socket
import threading

import pytest

from harness import DEADLINE, eventually, free_port, listener, metric, paused, port_of, request
from servers import make_database

JSON = {"content-type": "application/json"}


def add(port, **item):
    return request(port, "/items", "POST", json.dumps(item).encode(), JSON)


def open_connection(listening):
    """A connection that is open, and has sent nothing yet."""
    connection = http.client.HTTPConnection(*listening.getsockname(), timeout=DEADLINE)
    connection.connect()
    return connection


def ask(connection, path):
    connection.request("GET", path)
    response = connection.getresponse()
    response.read()
    return response


def test_an_item_that_was_added_is_found(backend):
    created = add(backend.port, name="Ünïcode 'quoted' \\ name", price=1250)
    assert created.status == 201
    item = created.json()
    assert created.headers["location"] == f"/items/{item['id']}"
    assert item == {"id": item["id"], "name": "Ünïcode 'quoted' \\ name", "price": 1250}
    assert request(backend.port, f"/items/{item['id']}").json() == item
    listed = request(backend.port, f"/items?after={item['id'] - 1}").json()["items"]
    assert listed[0] == item


@pytest.mark.parametrize(
    "body, status",
    [
        (b"{", 400),
        (b'{"name": "x"}', 400),
        (b'{"name": "x", "price": "1"}', 400),
        (b'{"name": "", "price": 1}', 422),
        (b'{"name": "x", "price": -1}', 422),
        (b'{"name": "a\\u0000b", "price": 1}', 422),
        (b'{"name": "' + b"x" * 100_000 + b'", "price": 1}', 413),
    ],
)
def test_what_is_no_item_is_refused_with_a_reason(backend, body, status):
    answer = request(backend.port, "/items", "POST", body, JSON)
    assert answer.status == status
    assert answer.json()["error"]


@pytest.mark.parametrize("path", ["/items/999999999", "/items/nonsense", "/nowhere"])
def test_what_does_not_exist_is_not_found(backend, path):
    answer = request(backend.port, path)
    assert answer.status == 404


@pytest.mark.parametrize("path", ["/slow?ms=-1", "/slow?ms=600000", "/slow?ms=x", "/items?after=x"])
def test_a_query_out_of_range_is_refused(backend, path):
    assert request(backend.port, path).status == 400


def test_it_is_alive_ready_and_measured(backend):
    assert request(backend.admin, "/live").status == 200
    assert request(backend.admin, "/ready").status == 200
    before = metric(backend.admin, "http_requests_total")
    request(backend.port, "/whoami")
    assert metric(backend.admin, "http_requests_total") > before
    text = request(backend.admin, "/metrics").text
    assert 'http_request_duration_seconds_bucket{method="GET",route="/whoami",le="+Inf"}' in text


@pytest.mark.owns_processes
def test_it_says_ready_only_when_the_database_has_the_schema(programs, directory):
    place = directory / "late"
    place.mkdir()
    environment = {"PGHOST": str(place / "run"), "PGDATA": str(place / "data"), "PGUSER": "shop", "PGDATABASE": "shop"}
    admin = free_port()
    with listener() as http:
        backend = programs.start(
            "shop-backend", listeners={"http": http}, environment=environment | {"PORT_ADMIN": str(admin)}
        )
        backend.wait_for_notification("STATUS=waiting for database")
        assert not any("READY=1" in line for line in backend.notifications)
        answer = request(admin, "/ready")
        assert answer.status == 503 and answer.text.startswith("database: ")
        assert request(admin, "/live").status == 200
        # Until then it takes no connection from those replicas that could serve it: this one waits in the queue.
        waiting = open_connection(http)
        waiting.request("GET", "/items")
        make_database(programs, place)
        backend.wait_ready()
        assert waiting.getresponse().status == 200
        assert request(port_of(http), "/items").json()["items"][0]["name"] == "Espresso machine"


@pytest.mark.owns_processes
def test_it_survives_a_restart_of_the_database(programs, directory):
    place = directory / "restart"
    place.mkdir()
    database = make_database(programs, place)
    admin = free_port()
    with listener() as http:
        backend = programs.start(
            "shop-backend", listeners={"http": http}, environment=database.environment | {"PORT_ADMIN": str(admin)}
        ).wait_ready()
        assert request(port_of(http), "/items").status == 200

        database.program.stop(signal.SIGINT)
        assert request(admin, "/ready").text.startswith("database: ")
        assert request(port_of(http), "/items").status == 503
        database.start()
        # The connection that broke is found out before it is used, so not one request fails.
        assert request(port_of(http), "/items").status == 200
        assert request(admin, "/ready").status == 200
        assert backend.process.poll() is None


@pytest.mark.owns_processes
def test_a_request_in_flight_is_answered_before_the_end(programs, database):
    admin = free_port()
    with listener() as http:
        backend = programs.start(
            "shop-backend", listeners={"http": http}, environment=database.environment | {"PORT_ADMIN": str(admin)}
        ).wait_ready()
        answers = []
        slow = threading.Thread(target=lambda: answers.append(request(port_of(http), "/slow?ms=1500")))
        slow.start()
        eventually(lambda: metric(admin, "http_requests_in_flight") == 1, "a request in flight")
        backend.send(signal.SIGTERM)
        backend.wait_for_notification("STOPPING=1")
        answer = request(admin, "/ready")
        assert (answer.status, answer.text) == (503, "stopping\n")
        slow.join()
        assert answers[0].status == 200
        assert answers[0].headers["connection"] == "close"
        assert backend.wait() == 0


@pytest.mark.owns_processes
@pytest.mark.parametrize("requests_before", [0, 1])
def test_an_idle_connection_may_still_send_a_request(programs, database, requests_before):
    with listener() as http:
        backend = programs.start("shop-backend", listeners={"http": http}, environment=database.environment).wait_ready()
        idle = open_connection(http)
        for _ in range(requests_before):
            assert ask(idle, "/whoami").headers["connection"] is None
        # A first request and answer on another connection, then this one has been accepted too: one accept loop.
        assert request(port_of(http), "/whoami").json()["pid"] == backend.process.pid
        backend.send(signal.SIGTERM)
        backend.wait_for_notification("STOPPING=1")
        answer = ask(idle, "/whoami")
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert backend.wait() == 0


@pytest.mark.owns_processes
def test_the_end_does_not_wait_for_ever(programs, database):
    admin = free_port()
    with listener() as http:
        backend = programs.start(
            "shop-backend",
            listeners={"http": http},
            environment=database.environment | {"PORT_ADMIN": str(admin), "DRAIN_SECONDS": "1"},
        ).wait_ready()
        connection = socket.create_connection(http.getsockname())
        connection.sendall(b"GET /slow?ms=60000 HTTP/1.1\r\nhost: x\r\n\r\n")
        eventually(lambda: metric(admin, "http_requests_in_flight") == 1, "a request in flight")
        assert backend.stop() == 1
        assert "what was in flight was cut off after 1.0 seconds" in backend.output()


@pytest.mark.owns_processes
def test_replicas_take_over_a_listener_without_losing_a_request(programs, database):
    with listener() as http:
        old = programs.start("shop-backend", listeners={"http": http}, environment=database.environment).wait_ready()
        failures, pids, enough = [], [], threading.Event()

        def load():
            while not enough.is_set():
                try:
                    pids.append(request(port_of(http), "/whoami").json()["pid"])
                except Exception as error:
                    failures.append(error)

        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        eventually(lambda: old.process.pid in pids, "the old replica answers")
        new = programs.start("shop-backend", listeners={"http": http}, environment=database.environment).wait_ready()
        eventually(lambda: new.process.pid in pids, "the new replica answers")
        assert old.stop() == 0
        after = len(pids)
        eventually(lambda: len(pids) > after + 50, "requests after the old replica's end")
        enough.set()
        for thread in threads:
            thread.join()
        assert failures == []
        assert set(pids) == {old.process.pid, new.process.pid}


@pytest.mark.owns_processes
def test_without_a_listener_it_binds_an_address_itself(programs, database):
    port = free_port()
    environment = database.environment | {"HTTP_ADDRESS": f"127.0.0.1:{port}"}
    backend = programs.start("shop-backend", environment=environment).wait_ready()
    assert request(port, "/whoami").json()["pid"] == backend.process.pid
    assert backend.stop() == 0


@pytest.mark.owns_processes
def test_settings_that_make_no_sense_end_it_at_once(programs):
    with listener() as taken:
        backend = programs.start("shop-backend", environment={"HTTP_ADDRESS": f"127.0.0.1:{port_of(taken)}"})
        assert backend.wait() != 0
        assert "Address already in use" in backend.output()
    backend = programs.start("shop-backend", environment={"HTTP_ADDRESS": "127.0.0.1:0", "DATABASE_CONNECTIONS": "many"})
    assert backend.wait() != 0
    assert "DATABASE_CONNECTIONS=many should be a whole number from 1 to 100" in backend.output()


@pytest.mark.owns_processes
def test_a_database_that_hangs_is_named_and_what_waits_for_it_fails(programs, directory):
    place = directory / "hang"
    place.mkdir()
    database = make_database(programs, place)
    admin = free_port()
    with listener() as http:
        backend = programs.start(
            "shop-backend", listeners={"http": http}, environment=database.environment | {"PORT_ADMIN": str(admin)}
        ).wait_ready()
        with paused(database.program):
            answer = request(admin, "/ready")
            assert answer.status == 503 and answer.text.startswith("database: no answer within")
            assert request(port_of(http), "/items").status == 503
            assert request(admin, "/live").status == 200
        eventually(lambda: request(admin, "/ready").status == 200, "ready again")
        assert request(port_of(http), "/items").status == 200
        assert backend.process.poll() is None
