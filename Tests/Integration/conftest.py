"""What the tests of several folders share: a stack under the real programs."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack import STACKCTL, STACKD, Stack

numbers = itertools.count()

# A shell has what it puts into the background ignore these, and programs inherit that; here they are Ctrl-C and the like.
for number in (signal.SIGHUP, signal.SIGQUIT):
    signal.signal(number, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    needed = any({"stack", "ordinary_stack"} & set(getattr(item, "fixturenames", ())) for item in items)
    if needed and not (STACKCTL.exists() and STACKD.exists()):
        raise pytest.UsageError(f"{STACKCTL} and {STACKD} are missing: run `make release`, or set STACKD_BIN")


def make_directory() -> Path:
    # Not pytest's own: a unix socket's path must be short.
    directory = Path(tempfile.mkdtemp(prefix="stackd-"))
    directory.chmod(0o755)
    return directory


@pytest.fixture
def stack() -> Iterator[Stack]:
    directory = make_directory()
    stack = Stack(directory, f"t{os.getpid()}-{next(numbers)}")
    yield stack
    stack.close()
    shutil.rmtree(directory)


@pytest.fixture
def ordinary_stack() -> Iterator[Stack]:
    """A stack of an ordinary user, who has no cgroups: as it is where the tests are such a user's, else nobody's."""
    directory = make_directory()
    user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
    stack = Stack(directory, f"t{os.getpid()}-{next(numbers)}", user=user)
    yield stack
    stack.close()
    shutil.rmtree(directory)
