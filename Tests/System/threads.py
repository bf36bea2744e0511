"""Stopping one thread of a process, which no signal can: as a debugger does it (ptrace(2))."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from collections.abc import Iterator

SEIZE, INTERRUPT = 0x4206, 0x4207
EVERY_KIND = 0x40000000  # __WALL

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


@contextlib.contextmanager
def stopped(thread: int) -> Iterator[None]:
    # By a process of its own: when a debugger ends, the kernel lets go of what it holds, in whatever state that is.
    reader, writer = os.pipe()
    debugger = os.fork()
    if debugger == 0:
        for request in (SEIZE, INTERRUPT):
            if libc.ptrace(request, thread, None, None) < 0:
                os._exit(1)
        os.waitpid(thread, EVERY_KIND)
        os.write(writer, b".")
        signal.pause()
    os.close(writer)
    try:
        assert os.read(reader, 1) == b".", "the thread cannot be stopped"
        yield
    finally:
        os.close(reader)
        os.kill(debugger, signal.SIGKILL)
        os.waitpid(debugger, 0)
