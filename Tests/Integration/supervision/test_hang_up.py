"""SIGHUP: from a process it asks for the files to be read again, from the kernel it says that the terminal is gone."""

from __future__ import annotations

import os
import pty
import signal

from stack import STACKD, Stack, is_alive, wait_until

SLEEPER = "{command: [sleep, infinity]}"


def in_a_terminal(stack: Stack, text: str) -> tuple[int, int]:
    """`stackd run` as somebody types it: its pid, and what must be closed for the terminal to be gone."""
    stack.write(text)
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(stack.directory)
        os.execve(STACKD, ["stackd", "run"], stack.environment)
    wait_until(lambda: os.path.exists(stack.socket_path))
    stack.wait_state("one/0", "running")
    return pid, terminal


def test_a_terminal_that_is_gone_stops_the_stack(stack: Stack) -> None:
    pid, terminal = in_a_terminal(stack, f"services:\n  one: {SLEEPER}\n")
    replica = stack.replica("one/0")
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert not is_alive(replica["pid"])


def test_somebody_who_sends_it_has_the_files_applied(stack: Stack) -> None:
    pid, terminal = in_a_terminal(stack, f"services:\n  one: {SLEEPER}\n")
    before = stack.replica("one/0")["pid"]
    stack.write(f"services:\n  one: {SLEEPER}\n  two: {SLEEPER}\n")
    os.kill(pid, signal.SIGHUP)
    wait_until(lambda: "two/0" in stack.replicas())
    stack.write("services: {one: {comand: [x]}}\n")
    os.kill(pid, signal.SIGHUP)
    # Its log is on the terminal.
    seen = b""
    while b"is not applied" not in seen:
        seen += os.read(terminal, 4096)
    assert b"comand" in seen
    assert stack.replica("one/0")["pid"] == before
    os.kill(pid, signal.SIGTERM)
    os.waitpid(pid, 0)
    os.close(terminal)
