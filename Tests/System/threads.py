"""Stopping one thread of a process, which no signal can: as a debugger does it (ptrace(2))."""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator

DETACH, SEIZE, INTERRUPT = 17, 0x4206, 0x4207
EVERY_KIND = 0x40000000  # __WALL

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request: int, thread: int) -> None:
    if libc.ptrace(request, thread, None, None) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")


@contextlib.contextmanager
def stopped(thread: int) -> Iterator[None]:
    ptrace(SEIZE, thread)
    ptrace(INTERRUPT, thread)
    os.waitpid(thread, EVERY_KIND)
    yield
    ptrace(DETACH, thread)
