"""Services that run by a schedule."""

from __future__ import annotations

from typing import Any

from stack import Document, Stack, is_alive, wait_until

# Writes a line for every run.
LOG = "echo run >> runs.log"


def job(stack: Stack, schedule: str, command: str = LOG, more: str = "") -> None:
    stack.up(f"services:\n  job:\n    command: [sh, -c, '{command}']\n    schedule: {schedule}\n{more}", "--wait")


def schedule(stack: Stack) -> Document:
    document = stack.get("/v1/services/job")["schedule"]
    assert document is not None
    return document


def runs(stack: Stack, **wanted: str) -> list[Document]:
    """The runs that are as wanted, the newest first."""
    return [run for run in schedule(stack)["runs"] if all(run.get(key) == value for key, value in wanted.items())]


def wait_runs(stack: Stack, count: int, **wanted: str) -> list[Document]:
    def find() -> list[Document] | None:
        found = runs(stack, **wanted)
        return found if len(found) >= count else None

    return stack.wait_for(find)


def pid(stack: Stack) -> Any:
    return stack.replica("job/0")["pid"]


def test_an_interval_brings_one_run_after_the_other(stack: Stack) -> None:
    job(stack, "{every: 1s, history: 2}")
    # It is as it should be without having run.
    assert stack.get("/v1/stack")["ready"]
    log = stack.directory / "runs.log"
    wait_until(lambda: log.exists() and len(log.read_text().splitlines()) >= 4)
    found = wait_runs(stack, 2, outcome="succeeded", origin="schedule")
    document = schedule(stack)
    assert document["trigger"] == "every 1s"
    assert document["next"]
    # Beside those that are remembered there may be one that goes on.
    assert len([run for run in document["runs"] if run["outcome"] != "running"]) == 2
    assert found[0]["due"] > found[1]["due"]
    assert all(run["ended"] >= run["due"] for run in found)
    assert stack.replica("job/0")["restarts"] == 0


def test_a_scheduled_service_does_not_start_with_the_stack_unless_it_says_so(stack: Stack) -> None:
    job(stack, "{every: 1h}", more=f"  eager:\n    command: [sh, -c, '{LOG}']\n    schedule: {{every: 1h, run_on_start: true}}\n")
    eager = stack.wait_for(
        lambda: next(
            (run for run in stack.get("/v1/services/eager")["schedule"]["runs"] if run["outcome"] == "succeeded"), None
        )
    )
    assert eager["origin"] == "stack_start"
    assert stack.replica("job/0")["state"] == "scheduled"
    assert runs(stack) == []
    assert (stack.directory / "runs.log").read_text() == "run\n"


def test_a_run_that_fails_is_told_and_followed_by_the_next(stack: Stack) -> None:
    job(stack, "{every: 1s}", command="exit 7")
    found = wait_runs(stack, 2, outcome="failed")
    assert "7" in found[0]["reason"]
    assert stack.get("/v1/stack")["ready"], "a run that failed is no service that is missing"


def test_skip_leaves_out_what_is_due_while_a_run_goes_on(stack: Stack) -> None:
    job(stack, "{every: 1s}", command="exec sleep 1000")
    stack.wait_for(lambda: pid(stack))
    first = pid(stack)
    wait_runs(stack, 2, outcome="skipped")
    assert pid(stack) == first
    assert len(runs(stack, outcome="running")) == 1


def test_queue_begins_one_run_when_the_one_before_has_ended(stack: Stack) -> None:
    job(stack, "{every: 1s, overlap: queue}", command=f"{LOG}; while [ ! -e go ]; do sleep 0.02; done")
    # One goes on, one waits, and what is due beyond that is left out.
    wait_runs(stack, 1, outcome="skipped")
    assert len(runs(stack, outcome="running")) == 2
    assert (stack.directory / "runs.log").read_text() == "run\n"
    (stack.directory / "go").touch()
    wait_runs(stack, 2, outcome="succeeded")
    assert (stack.directory / "runs.log").read_text().startswith("run\nrun\n")


def test_replace_stops_the_run_before(stack: Stack) -> None:
    job(stack, "{every: 1s, overlap: replace}", command="exec sleep 1000")
    stack.wait_for(lambda: pid(stack))
    first = pid(stack)
    second = stack.wait_for(lambda: pid(stack) if pid(stack) not in (None, first) else None)
    assert second and not is_alive(first)
    wait_runs(stack, 1, outcome="stopped")


def test_an_operator_begins_a_run_and_ends_the_schedule(stack: Stack) -> None:
    job(stack, "{every: 1h}")
    stack.ctl("start", "job")
    wait_runs(stack, 1, outcome="succeeded", origin="request")
    assert schedule(stack)["next"]
    stack.ctl("stop", "job")
    stack.wait_state("job/0", "stopped")
    assert "next" not in schedule(stack)


def test_a_cron_expression_is_due_by_the_wall_clock(stack: Stack) -> None:
    job(stack, "{cron: \"30 4 * * *\", time_zone: UTC}")
    document = schedule(stack)
    assert document["trigger"] == "30 4 * * * UTC"
    assert document["next"].endswith("T04:30:00.000Z")


def test_a_schedule_that_changes_touches_nothing_that_runs(stack: Stack) -> None:
    job(stack, "{every: 1h, run_on_start: true}", command="exec sleep 1000")
    stack.wait_for(lambda: pid(stack))
    first = pid(stack)
    text = (stack.directory / "stack.yaml").read_text()
    (stack.directory / "stack.yaml").write_text(text.replace("every: 1h", "every: 2h"))
    status, plan = stack.post("/v1/apply", {})
    assert status == 202
    assert [(change["service"], change["kind"]) for change in plan["changes"]] == [("job", "live")]
    stack.wait_for(lambda: schedule(stack)["trigger"] == "every 2h")
    assert pid(stack) == first
