"""`stackctl scale`: up and down without a touch on the others, and who says what counts now."""

from __future__ import annotations

import scaled
from load import load
from scaled import ANY_HOST
from stack import PYTHON, Stack, free_port
from stacks import SERVER


def plain(port: int, more: str = "") -> str:
    return f"""
services:
  web:
    command: [{PYTHON}, {SERVER}, v1]
    listen: {{http: "127.0.0.1:{port}"}}
    notify: true
    {more}
"""


def pids(stack: Stack) -> dict[int, int]:
    return {replica["replica"]: replica["pid"] for replica in stack.get("/v1/services/web")["replicas"]}


def rule(stack: Stack) -> tuple[int, str]:
    service = stack.get("/v1/services/web")
    return service["scale"], service["scaling"]["rule"]


def test_scaling_leaves_the_others_alone_and_loses_no_request(stack: Stack) -> None:
    port = free_port()
    stack.up(plain(port, "replicas: 2"), "--wait")
    first = pids(stack)
    with load(port) as running:
        said = stack.ctl("scale", "web=5").stdout
        stack.wait_for(lambda: len(pids(stack)) == 5)
        stack.wait_ready(*[f"web/{index}" for index in range(5)])
        five = pids(stack)
        assert five.items() >= first.items() and "file" in said
        stack.ctl("scale", "web=1")
        stack.wait_for(lambda: len(pids(stack)) == 1)
        assert pids(stack).items() <= five.items() and set(pids(stack)) == {0}
        assert [outcome.failures for outcome in running.stop() if outcome.failed] == []
    assert rule(stack) == (1, "manual")


def test_it_holds_until_the_file_says_otherwise(stack: Stack) -> None:
    port = free_port()
    stack.up(plain(port, "replicas: 2"), "--wait")
    stack.ctl("scale", "web=3")
    stack.write(plain(port, "replicas: 2\n    stop_grace_period: 3s"))
    stack.ctl("apply")
    assert rule(stack) == (3, "manual"), "the file says of this what it said before"
    stack.write(plain(port, "replicas: 4"))
    stack.ctl("apply")
    assert rule(stack) == (4, "file")


def test_it_holds_over_the_daemons_death(stack: Stack) -> None:
    port = free_port()
    stack.up(plain(port, "replicas: 2"), "--wait")
    stack.ctl("scale", "web=3")
    stack.kill_daemon()
    stack.ctl("up", "-d", "--wait")
    assert rule(stack) == (3, "manual") and len(pids(stack)) == 3


def test_the_autoscaler_goes_on_from_there(stack: Stack) -> None:
    service = scaled.server(
        stack, "min: 1, max: 3, metrics: [{accept_queue: 4}], interval: 1s, "
        f"behavior: {{scale_down: {{stabilization_window: 0s}}}}, {ANY_HOST}")
    service.up()
    said = stack.ctl("scale", "web=5").stdout
    assert "autoscaler" in said and "1 to 3" in said
    # Beyond its bounds at first, then as the load asks for.
    service.wait_for(1)
    assert service.scaling["rule"] == "autoscaler"
    # To none is to switch it off, as with an HPA.
    stack.ctl("scale", "web=0")
    stack.wait_for(lambda: not service.document["replicas"])
    assert (service.wanted, service.scaling["active"]) == (0, False)
    stack.ctl("scale", "web=1")
    service.wait_for(1)
    assert service.scaling["active"]


def test_a_wrong_number_is_told(stack: Stack) -> None:
    stack.up(plain(free_port(), "replicas: 1"), "--wait")
    for wrong in ("web", "web=", "web=-1", "web=many", "=3"):
        assert "scale" in stack.ctl("scale", wrong, check=2).stderr
    assert "nobody" in stack.ctl("scale", "nobody=3", check=5).stderr
    assert len(pids(stack)) == 1
