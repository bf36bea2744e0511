"""Output, from a service's write to the files and to those who follow: floods, rotation, full disks, slow readers."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import re
import signal
import statistics
import subprocess
import threading
import time
from pathlib import Path

import pytest

from stack import PATIENCE, PYTHON, Document, Stack, UnixConnection, wait_until

# Numbered lines at full speed for so many seconds; then the last number, on a line of its own.
FLOOD = """
import sys, time
seconds, path = float(sys.argv[1]), sys.argv[2]
end, number, padding = time.monotonic() + seconds, 0, "x" * 80
while time.monotonic() < end:
    block = []
    for _ in range(1000):
        number += 1
        block.append("%d %s\\n" % (number, padding[:number % 81]))
    sys.stdout.write("".join(block))
sys.stdout.flush()
open(path + ".new", "w").write(str(number))
__import__("os").rename(path + ".new", path)
time.sleep(1000)
"""

GAP = re.compile(r"dropped (\d+) lines \((\d+) bytes\)")


def flood(stack: Stack, seconds: float) -> tuple[list[str], Path]:
    """The command of a flood, and the file that tells its last number."""
    program = stack.directory / "flood.py"
    program.write_text(FLOOD)
    told = stack.directory / "told"
    return [PYTHON, str(program), str(seconds), str(told)], told


class Follower:
    """Follows a service's output in a thread, from where it was left."""

    def __init__(self, stack: Stack, service: str, position: str | None = None, **query: str) -> None:
        self.lines: list[Document] = []
        self.gaps: list[Document] = []
        self.position = position
        self.connection = UnixConnection(stack.socket_path, PATIENCE)
        parameters = "&".join(f"{name}={value}" for name, value in {"service": service, "follow": "true", **query}.items())
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": position} if position else {})}
        self.connection.request("GET", f"/v1/logs?{parameters}", headers=headers)
        self.response = self.connection.getresponse()
        assert self.response.status == 200, self.response.read()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self) -> None:
        identifier = None
        try:
            for raw in self.response:
                field, _, value = raw.decode().rstrip("\n").partition(": ")
                if field == "id":
                    identifier = value
                elif field == "data":
                    document = json.loads(value)
                    if "gap" in document:
                        self.gaps.append(document["gap"])
                    else:
                        self.lines.append(document)
                        self.position = identifier
        except (OSError, ValueError, http.client.HTTPException):
            pass  # it was left

    def leave(self) -> None:
        try:
            self.connection.sock.shutdown(2)
        except OSError:
            pass
        self.thread.join(PATIENCE)
        self.connection.close()


def log_files(stack: Stack, replica: str) -> list[Path]:
    """Oldest first: an archive's name ends in the number of its first line."""
    logs = stack.state_directory / "logs"
    return [*sorted(logs.glob(f"{replica}.log.*")), logs / f"{replica}.log"]


def read(file: Path) -> str:
    return gzip.open(file, "rt").read() if file.suffix == ".gz" else file.read_text()


def records(stack: Stack, replica: str) -> list[tuple[str, int, str]]:
    """Stream, sequence number and text of every line of every file, which must all be whole."""
    found = []
    for file in log_files(stack, replica):
        for line in read(file).splitlines():
            if line.startswith("{"):
                document = json.loads(line)
                found.append((document["stream"], document["sequence"], document["text"]))
            else:
                _, _, stream, number, text = line.split(" ", 4)
                found.append((stream, int(number), text))
    return found


def settle(stack: Stack, service: str) -> None:
    """Waits until all that was written before is in the files: an answer has it."""
    connection = UnixConnection(stack.socket_path, PATIENCE)
    connection.request("GET", f"/v1/logs?service={service}&tail=0")
    connection.getresponse().read()
    connection.close()


def anonymous_memory(pid: int) -> int:
    """What the daemon has written to and is its alone, in MiB."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Anonymous:\s+(\d+)", text, re.MULTILINE).group(1)) >> 10


def check_every_number(found: list[tuple[str, int, str]], last: int) -> int:
    """That each number up to the last is there once or counted as dropped; returns how many were."""
    numbers = [int(text.split(" ", 1)[0]) for stream, _, text in found if stream in ("out", "stdout")]
    sequences = [sequence for _, sequence, _ in found]
    assert numbers == sorted(set(numbers)), "a number came twice, or out of order"
    assert sequences == sorted(set(sequences))
    dropped = sum(int(GAP.search(text).group(1)) for stream, _, text in found if stream in ("gap", "stackd"))
    assert len(numbers) + dropped == last
    return dropped


@pytest.mark.parametrize(
    "logging",
    ["{max_size: 1M, max_files: 1000}", "{max_size: 8M, max_files: 1000, compress: true}",
     "{driver: json-file, max_size: 32M, max_files: 1000}"],
    ids=["small", "compressed", "json"])
def test_of_a_flood_every_number_is_kept_or_counted(stack: Stack, logging: str) -> None:
    command, told = flood(stack, 10 if "compress" in logging else 3)
    stack.up(f"""
services:
  flood: {{command: {json.dumps(command)}, logging: {logging}}}
  other: {{command: [sleep, "1000"]}}
""", "--wait")
    pid = stack.daemon_pid
    memory: list[int] = []
    restarts: list[float] = []
    followed: list[Document] = []
    missed = 0
    position = None
    while not told.exists():
        # One who comes and goes, and goes on where it was.
        follower = Follower(stack, "flood", position, **({} if position else {"tail": "0"}))
        if len(restarts) < 20:
            victim = stack.replica("other/0")
            began = time.monotonic()
            stack.ctl("restart", "other")
            stack.wait_for(lambda: stack.replica("other/0")["pid"] not in (None, victim["pid"]))
            restarts.append(time.monotonic() - began)
        time.sleep(0.2)
        follower.leave()
        followed += follower.lines
        missed += sum(gap["lost"] for gap in follower.gaps)
        position = follower.position
        memory.append(anonymous_memory(pid))
    last = int(told.read_text())
    settle(stack, "flood")
    if "compress" in logging:
        wait_until(lambda: all(file.suffix == ".gz" for file in log_files(stack, "flood-0")[:-1]))
    found = records(stack, "flood-0")
    dropped = check_every_number(found, last)
    print(
        f"{last} lines, {dropped} dropped, {len(log_files(stack, 'flood-0'))} files; the daemon's memory: {memory} MiB; "
        f"restarts meanwhile: median {statistics.median(restarts) * 1e3:.0f} ms of {len(restarts)}")
    # Bounded, and not by the output: what 500 idle services take is not a third of it.
    assert max(memory) < 64
    # The follower saw each line once, in order, from its first one on, or was told how many it missed.
    sequences = [line["sequence"] for line in followed]
    assert sequences == sorted(set(sequences))
    if sequences:
        assert len(sequences) + missed >= sequences[-1] - sequences[0] + 1 - dropped


def test_a_service_that_is_killed_during_a_flood_comes_back_at_once(stack: Stack) -> None:
    command, told = flood(stack, 5)
    stack.up(f"""
services:
  flood: {{command: {json.dumps(command)}, logging: {{max_size: 4M}}}}
  victim:
    command: [sleep, "1000"]
    restart: {{policy: always, backoff: {{initial: 1ms, max: 1ms}}}}
""", "--wait")
    took = []
    for _ in range(20):
        before = stack.wait_state("victim/0", "running")["pid"]
        began = time.monotonic()
        os.kill(before, signal.SIGKILL)
        stack.wait_for(lambda: stack.replica("victim/0")["pid"] not in (None, before))
        took.append((time.monotonic() - began) * 1e3)
    print(f"restarts during the flood: median {statistics.median(took):.1f} ms, worst {max(took):.1f} ms")
    wait_until(told.exists)


def test_an_answer_of_any_size_comes_through(stack: Stack) -> None:
    command, told = flood(stack, 2)
    stack.up(f"""
services:
  flood: {{command: {json.dumps(command)}, logging: {{max_size: 4M, max_files: 1000, compress: true}}}}
""")
    wait_until(told.exists)
    last = int(told.read_text())
    connection = UnixConnection(stack.socket_path, PATIENCE)
    connection.request("GET", "/v1/logs?service=flood")
    response = connection.getresponse()
    pid = stack.daemon_pid
    memory = []
    numbers = []
    for index, line in enumerate(response):
        document = json.loads(line)
        numbers.append(int(document["text"].split(" ", 1)[0]))
        if index % 100_000 == 0:
            # A client that stops reading keeps nobody else waiting.
            assert stack.replica("flood/0")["state"] == "running"
            memory.append(anonymous_memory(pid))
    connection.close()
    assert numbers == list(range(1, last + 1))
    assert max(memory) < 64


def test_a_full_disk_loses_what_is_counted_and_recovers(stack: Stack) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    stack.state_directory.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=755", "tmpfs", str(stack.state_directory)], check=True)
    try:
        command, told = flood(stack, 0.2)
        stack.up(f"""
services:
  flood: {{command: {json.dumps(command)}, logging: {{max_size: 200K, max_files: 1000}}}}
""")
        pid = stack.wait_state("flood/0", "running")["pid"]
        wait_until(told.exists)
        stack.wait_event("observed", "flood/0")
        # There is room again, and nothing more to write.
        logs = stack.state_directory / "logs"
        saved = {file: file.read_text() for file in sorted(logs.glob("flood-0.log.*"))[:3]}
        for file in saved:
            file.unlink()
        stack.wait_for(lambda: any("is written again" in event["text"] for event in stack.events()))
        for file, text in saved.items():
            (stack.directory / file.name).write_text(text)
        found = [
            (stream, int(number), text)
            for file in [*sorted(stack.directory.glob("flood-0.log.*")), *log_files(stack, "flood-0")]
            for _, _, stream, number, text in (line.split(" ", 4) for line in file.read_text().splitlines())
        ]
        assert check_every_number(found, int(told.read_text())) > 0
        assert stack.replica("flood/0")["pid"] == pid
        stack.ctl("down")
    finally:
        # The daemon may not be quite gone yet.
        subprocess.run(["umount", "--lazy", str(stack.state_directory)], check=True)


def test_numbers_go_on_over_daemons_formats_and_compression(stack: Stack) -> None:
    def up(logging: str) -> None:
        stack.up(f"""
services:
  once: {{command: [sh, -c, "for n in 1 2 3; do echo line; done; printf end"], restart: "no", logging: {logging}}}
""")
        stack.wait_state("once/0", "completed")
        settle(stack, "once")
        stack.ctl("down")

    for logging in ("{max_size: 4K}", "{driver: json-file, compress: true}", "{compress: true}", "{driver: json-file}"):
        up(logging)
    assert [number for _, number, _ in records(stack, "once-0")] == list(range(1, 17))
    assert [text for _, _, text in records(stack, "once-0")] == ["line", "line", "line", "end"] * 4


def test_what_no_file_keeps_has_a_tail(stack: Stack) -> None:
    stack.up("""
services:
  talker: {command: [sh, -c, "seq 1 5000; exec sleep 1000"], logging: {driver: none}}
""", "--wait")

    def tail() -> list[str]:
        return stack.ctl("logs", "--no-log-prefix", "-n", "400", "talker").stdout.split()

    stack.wait_for(lambda: tail()[-1:] == ["5000"])
    assert tail() == [str(number) for number in range(4601, 5001)]
    assert not list((stack.state_directory / "logs").glob("talker*"))
