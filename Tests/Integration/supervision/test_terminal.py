"""What takes a terminal: top, exec and run, which give it back in every way out; and completion, watch and pipes."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable

import pytest

from stack import PATIENCE, PYTHON, STACKCTL, Stack, wait_until

WAITER = f'[{PYTHON}, -uc, "import os, time; print(\'begun\', os.getpid()); time.sleep(1000)"]'
WEB = f"""
services:
  web:
    command: {WAITER}
    environment: {{COLOUR: red}}
    probes: {{readiness: {{log: begun}}}}
    stop_grace_period: 5s
"""

# CSI and OSC sequences, and the two-byte ones.
SEQUENCES = re.compile(rb"\x1b(\[[0-9;?]*[ -/]*[@-~]|\][^\x07]*\x07|[@-Z\\-_])")
LEAVES_SCREEN = b"\x1b[?1049l"
INTERRUPT, SUSPEND, END_OF_FILE = b"\x03", b"\x1a", b"\x04"


class Terminal:
    """A program on a terminal of its own, with a user who waits for what he sees."""

    def __init__(self, stack: Stack, *command: str, columns: int = 100, rows: int = 24) -> None:
        self.leader, self.follower = pty.openpty()
        self.resize(columns, rows)
        self.settings = termios.tcgetattr(self.follower)
        environment = {**stack.environment, "TERM": "xterm-256color"}
        self.process = subprocess.Popen(
            command, cwd=stack.directory, env=environment, stdin=self.follower, stdout=self.follower,
            stderr=self.follower, start_new_session=True, preexec_fn=self.begin_session,
        )
        # All that came, and how much of it has been looked at.
        self.output = b""
        self.seen = 0

    @staticmethod
    def begin_session() -> None:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        # Whoever runs the tests may ignore them, and so would every program from here on.
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, signal.SIG_DFL)

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.leader, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text: bytes | str) -> None:
        os.write(self.leader, text.encode() if isinstance(text, str) else text)

    def read(self, seconds: float) -> None:
        if select.select([self.leader], [], [], seconds)[0]:
            self.output += os.read(self.leader, 1 << 16)

    def expect(self, pattern: str | bytes) -> re.Match[bytes]:
        """Waits until what comes from now on matches, without its control sequences; what matched is used up."""
        expression = re.compile(pattern.encode() if isinstance(pattern, str) else pattern)
        deadline = time.monotonic() + PATIENCE
        while True:
            text = SEQUENCES.sub(b"", self.output[self.seen:])
            if match := expression.search(text):
                self.seen = len(self.output)
                return match
            assert time.monotonic() < deadline, f"{pattern!r} never came; there was {text[-3000:]!r}"
            self.read(0.2)

    def expect_raw(self, text: bytes) -> None:
        deadline = time.monotonic() + PATIENCE
        while text not in self.output[self.seen:]:
            assert time.monotonic() < deadline, f"{text!r} never came"
            self.read(0.2)
        self.seen = len(self.output)

    def ended(self) -> int:
        """Its exit status, which is negative where a signal ended it. Whoever ends has read all that came."""
        deadline = time.monotonic() + PATIENCE
        while (status := self.process.poll()) is None:
            assert time.monotonic() < deadline, f"it goes on; {self.output[-3000:]!r}"
            self.read(0.05)
        self.read(0)
        return status

    @property
    def is_restored(self) -> bool:
        return termios.tcgetattr(self.follower) == self.settings

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.leader)
        os.close(self.follower)


def terminal(stack: Stack, *arguments: str, columns: int = 100, rows: int = 24) -> Terminal:
    return Terminal(stack, str(STACKCTL), *arguments, columns=columns, rows=rows)


# -- top


def test_top_shows_what_the_replicas_use_and_does_what_its_keys_say(stack: Stack) -> None:
    stack.up(WEB, "--wait")
    first = stack.replica("web/0")["pid"]
    with terminal(stack, "top", "--interval", "200ms") as top:
        top.expect(r"web/0 +ready +[\d.]+% +[\d.]+[KM]")
        top.type("?")
        top.expect("quit")
        top.type("x")
        top.type("l")
        top.expect(f"begun {first}")
        top.type("q")
        top.expect(r"web/0 +ready")
        top.type("\r")
        top.expect("why web/0")
        top.type("\x1b")
        top.expect("web/0 +ready")
        # A restart is asked back; a scale up is not.
        top.type("r")
        top.expect(r"restart web\? y: yes")
        top.type("n")
        top.expect("q quit")
        assert stack.replica("web/0")["pid"] == first
        top.type("r")
        top.expect(r"restart web\?")
        top.type("y")
        stack.wait_for(lambda: stack.replica("web/0")["pid"] not in (first, None))
        top.type("+")
        stack.wait_for(lambda: "web/1" in stack.replicas())
        top.expect(r"web/1")
        top.type("/1\r")
        top.expect("/1 ")
        top.type("-y")
        stack.wait_for(lambda: "web/1" not in stack.replicas())
        top.type("q")
        assert top.ended() == 0
        assert LEAVES_SCREEN in top.output
        assert top.is_restored


@pytest.mark.parametrize(
    ("leave", "status"),
    [
        (lambda top: top.type("q"), 0),
        (lambda top: top.type(INTERRUPT), 0),
        (lambda top: top.process.send_signal(signal.SIGINT), 0),
        (lambda top: top.process.send_signal(signal.SIGTERM), 128 + signal.SIGTERM),
        (lambda top: top.process.send_signal(signal.SIGHUP), 128 + signal.SIGHUP),
    ],
    ids=["q", "Ctrl-C", "SIGINT", "SIGTERM", "SIGHUP"],
)
def test_top_gives_the_terminal_back_in_every_way_out(
    stack: Stack, leave: Callable[[Terminal], None], status: int
) -> None:
    stack.up(WEB, "--wait")
    with terminal(stack, "top") as top:
        top.expect("web/0")
        assert not top.is_restored
        leave(top)
        assert top.ended() == status
        assert top.output.rstrip().endswith(LEAVES_SCREEN)
        assert top.is_restored


def test_top_goes_to_the_shell_and_comes_back(stack: Stack) -> None:
    stack.up(WEB, "--wait")
    with Terminal(stack, "bash", "--norc", "--noediting", "-i") as shell:
        shell.type(f"{STACKCTL} top\r")
        shell.expect(r"web/0 +ready")
        assert not shell.is_restored
        shell.type(SUSPEND)
        shell.expect(r"Stopped")
        assert shell.is_restored
        shell.type("fg\r")
        shell.expect(r"web/0 +ready")
        assert not shell.is_restored
        shell.type("q")
        shell.expect_raw(LEAVES_SCREEN)
        # What is typed before the shell asks for it goes with what top has not read.
        shell.expect(r"[#$] ")
        shell.type("exit 5\r")
        assert shell.ended() == 5
        assert shell.is_restored


def test_top_goes_on_where_there_is_no_shell_to_go_to(stack: Stack) -> None:
    stack.up(WEB, "--wait")
    with terminal(stack, "top") as top:
        top.expect("web/0")
        top.type(SUSPEND)
        top.expect("web/0")
        top.type("q")
        assert top.ended() == 0
        assert top.is_restored


def test_top_outlives_the_daemon_and_finds_the_next_one(stack: Stack) -> None:
    stack.up(WEB, "--wait")
    with terminal(stack, "top", "--interval", "200ms") as top:
        top.expect("web/0 +ready")
        stack.kill_daemon()
        top.expect("daemon gone, reconnecting")
        stack.ctl("up", "-d", "--wait")
        top.expect("ready")
        top.type("q")
        assert top.ended() == 0


def test_top_fits_a_small_terminal_and_follows_its_size(stack: Stack) -> None:
    stack.up(WEB, "--wait")
    with terminal(stack, "top", columns=40, rows=10) as top:
        top.expect(r"REPLICA.*STATE +CPU +MEM(?! +RESTARTS)")
        top.resize(120, 30)
        top.expect("CPU 1 MIN")
        top.type("q")
        assert top.ended() == 0


def test_top_prints_samples_where_nobody_looks(stack: Stack) -> None:
    stack.up(WEB, "--wait")
    once = stack.ctl("top", "--once", "--interval", "200ms").stdout.splitlines()
    assert once[0].split()[:4] == ["REPLICA", "STATE", "CPU", "MEM"]
    assert re.match(r"web/0 +ready +[\d.]+% +[\d.]+[KM]", once[1])
    lines = stack.ctl("top", "--output", "json", "-n", "2", "--interval", "200ms").stdout.splitlines()
    samples = [json.loads(line) for line in lines]
    assert len(samples) == 2
    replica = samples[1]["replicas"][0]
    assert (replica["service"], replica["state"], replica["ready"]) == ("web", "running", True)
    assert replica["cpu_percent"] >= 0
    assert replica["memory_bytes"] > 0
    assert samples[1]["host"]["processors"] == os.cpu_count()
    assert "there is no service" in stack.ctl("top", "nope", "--once", check=5).stderr


# -- exec


def test_exec_has_a_terminal_of_the_users_size(stack: Stack) -> None:
    stack.up(WEB, "--wait")
    with terminal(stack, "exec", "web", "sh", columns=91, rows=17) as shell:
        shell.type("stty size; echo $COLOUR $TERM\r")
        shell.expect(r"17 91\r\nred xterm-256color")
        assert not shell.is_restored
        shell.resize(70, 20)
        wait_until(lambda: size_of(shell, "20 70"))
        # Ctrl-C goes to the command, and ends only what runs in it.
        shell.type("echo before; sleep 1000\r")
        shell.expect(r"[\n ]before\r\n")
        shell.type(INTERRUPT)
        # What is typed before the shell asks for it may go with what was interrupted.
        shell.expect(r"\^C[\r\n]+[#$] ")
        shell.type("echo status $?\r")
        shell.expect(r"status 130\r\n")
        shell.type("exit 9\r")
        assert shell.ended() == 9
        assert shell.is_restored


def size_of(shell: Terminal, expected: str) -> bool:
    """The new size reaches the other side some time after the window has it."""
    shell.type("stty size\r")
    return shell.expect(r"(\d+ \d+)\r\n")[1].decode() == expected


def test_exec_passes_on_the_end_of_what_is_typed(stack: Stack) -> None:
    stack.up(WEB, "--wait")
    with terminal(stack, "exec", "web", "cat") as cat:
        cat.type("täglich 日本\r")
        cat.expect("täglich 日本\r\ntäglich 日本\r\n")
        cat.type(END_OF_FILE)
        assert cat.ended() == 0
        assert cat.is_restored


def execute(stack: Stack, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [str(STACKCTL), "exec", *arguments], cwd=stack.directory, env=stack.environment, input=given,
        capture_output=True, timeout=PATIENCE, user=stack.user, check=False,
    )


def test_exec_passes_bytes_through_exactly(stack: Stack) -> None:
    stack.up(WEB, "--wait")
    given = os.urandom(24 << 20)
    result = execute(stack, "-T", "web", "cat", given=given)
    assert result.returncode == 0
    assert hashlib.sha256(result.stdout).digest() == hashlib.sha256(given).digest()
    # A command that reads little of it ends all the same.
    assert execute(stack, "web", "head", "-c", "3", given=given).stdout == given[:3]


def test_exec_tells_apart_output_errors_and_endings(stack: Stack) -> None:
    stack.up(WEB, "--wait")
    result = execute(stack, "-e", "GREETING=hi", "web", "sh", "-c", "echo $GREETING $COLOUR; echo oh >&2; exit 7")
    assert (result.returncode, result.stdout, result.stderr) == (7, b"hi red\n", b"oh\n")
    assert execute(stack, "web", "sh", "-c", "kill -KILL $$").returncode == 128 + signal.SIGKILL
    assert execute(stack, "-w", "/", "web/0", "pwd").stdout == b"/\n"
    assert execute(stack, "nope", "true").returncode == 5
    assert execute(stack, "--index", "7", "web", "true").returncode == 5
    missing = execute(stack, "web", "no-such-program")
    assert missing.returncode == 1
    assert b"no-such-program" in missing.stderr


def test_exec_without_a_terminal_passes_signals_on(stack: Stack) -> None:
    stack.up(WEB, "--wait")
    script = "trap 'echo caught; exit 3' INT; echo set; while :; do sleep 0.1; done"
    process = subprocess.Popen(
        [str(STACKCTL), "exec", "-T", "web", "sh", "-c", script], cwd=stack.directory, env=stack.environment,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"set\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=PATIENCE)[0] == b"caught\n"
    assert process.returncode == 3


def test_exec_says_when_the_daemon_goes(stack: Stack) -> None:
    stack.up(WEB, "--wait")
    with terminal(stack, "exec", "web", "sh", "-c", "echo here; sleep 1000") as shell:
        shell.expect(r"here\r\n")
        stack.kill_daemon()
        shell.expect("stackd ended before the command did")
        assert shell.ended() == 1
        assert shell.is_restored
    stack.ctl("up", "-d", "--wait")


def test_exec_leaves_a_command_running_whose_output_is_logged(stack: Stack) -> None:
    stack.up(WEB, "--wait")
    result = execute(stack, "-d", "web", "sh", "-c", "echo from beside")
    assert result.returncode == 0
    assert re.search(rb"runs with pid \d+", result.stderr)
    wait_until(lambda: "from beside" in stack.ctl("logs", "web").stdout)


# -- run


def test_run_starts_what_the_service_depends_on_and_ends_as_its_command(stack: Stack) -> None:
    text = WEB + f"""
  client:
    command: [sh, -c, "echo own $$COLOUR; exit 4"]
    environment: {{COLOUR: blue}}
    restart: "no"
    depends_on: {{web: {{condition: service_healthy}}}}
    profiles: [tools]
  idle:
    command: {WAITER}
"""
    stack.write(text)
    stack.ctl("--profile", "tools", "up", "-d", "idle")
    assert stack.replica("web/0")["state"] == "stopped"

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return stack.ctl("--profile", "tools", "run", *arguments, check=None)

    without = run("--no-deps", "client")
    assert (without.returncode, without.stdout) == (4, "own blue\n")
    assert stack.replica("web/0")["state"] == "stopped"
    result = run("--rm", "-e", "COLOUR=green", "client", "sh", "-c", "echo $COLOUR; exit 6")
    assert (result.returncode, result.stdout) == (6, "green\n")
    assert stack.replica("web/0")["ready"]
    # The one-off instance was no replica.
    assert stack.replica("client/0")["state"] == "stopped"
    assert run("nope").returncode == 5


def test_run_has_a_terminal_too(stack: Stack) -> None:
    stack.up(WEB, "--wait")
    with terminal(stack, "run", "web", "sh", columns=77, rows=11) as shell:
        shell.type("tty; stty size\r")
        shell.expect(r"/dev/pts/\d+\r\n11 77\r\n")
        shell.type("exit 2\r")
        assert shell.ended() == 2
        assert shell.is_restored


# -- watch and completion


def test_watch_tells_what_is_restarted_for_which_file(stack: Stack) -> None:
    source = stack.directory / "src"
    source.mkdir()
    stack.up(WEB + """
    develop: {watch: [{path: src, action: restart}]}
""", "--wait")
    first = stack.replica("web/0")["pid"]
    with terminal(stack, "watch") as watch:
        watch.expect("watching for changes")
        (source / "app.py").write_text("changed")
        watch.expect("web is restarted: src/app.py changed")
        stack.wait_for(lambda: stack.replica("web/0")["pid"] not in (first, None))
        watch.type(INTERRUPT)
        assert watch.ended() == -signal.SIGINT


def complete(stack: Stack, *words: str) -> list[str]:
    """What bash offers for the last word."""
    quoted = " ".join(f"'{word}'" for word in words)
    script = f"""
source <("$STACKCTL" completion bash)
COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; COMP_TYPE=9
COMP_LINE="${{COMP_WORDS[*]}}"; COMP_POINT=${{#COMP_LINE}}
_stackctl stackctl "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD-1]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    environment = {**stack.environment, "STACKCTL": str(STACKCTL), "PATH": f"{STACKCTL.parent}:{os.environ['PATH']}"}
    result = subprocess.run(
        ["bash", "--norc", "-c", script], cwd=stack.directory, env=environment, text=True, capture_output=True,
        timeout=PATIENCE, check=True, stdin=subprocess.DEVNULL,
    )
    assert result.stderr == ""
    return [line.strip() for line in result.stdout.splitlines() if line.strip()]


def test_completion_knows_commands_options_and_services(stack: Stack) -> None:
    stack.write(WEB + f"  worker:\n    command: {WAITER}\n")
    assert complete(stack, "stackctl", "exp") == ["explain"]
    assert complete(stack, "stackctl", "exec", "w") == ["web", "worker"]
    assert complete(stack, "stackctl", "exec", "-T", "wo") == ["worker"]
    assert "--interval" in complete(stack, "stackctl", "top", "--int")
    # The daemon knows them where no file tells, and a broken file is no reason for a word.
    stack.up(WEB, "--wait")
    socket = stack.socket_path
    assert complete(stack, "stackctl", "exec", "--socket", socket, "w") == ["web"]
    assert complete(stack, "stackctl", "exec", "--socket", "/nowhere", "w") == []
    (stack.directory / "stack.yaml").write_text("services: [")
    assert complete(stack, "stackctl", "exec", "w") == []
    stack.write(WEB)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_scripts_of_their_shells(stack: Stack, shell: str) -> None:
    script = stack.ctl("completion", shell).stdout
    assert "stackctl" in script
    if path := shutil.which(shell):
        subprocess.run([path, "-n"], input=script, text=True, check=True, capture_output=True, timeout=PATIENCE)
