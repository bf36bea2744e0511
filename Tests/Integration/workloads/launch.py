"""Replaces itself with a program that inherits listening sockets by systemd's protocol.

usage: launch.py NAME=FD [NAME=FD ...] -- PROGRAM [ARGUMENT ...]
"""

import fcntl
import os
import sys

FIRST = 3


def main() -> None:
    split = sys.argv.index("--")
    names, descriptors = [], []
    for pair in sys.argv[1:split]:
        name, descriptor = pair.split("=")
        names.append(name)
        # Lifted above the target range first, so that no dup2 below overwrites one that is still needed.
        descriptors.append(fcntl.fcntl(int(descriptor), fcntl.F_DUPFD_CLOEXEC, 64))
    for position, descriptor in enumerate(descriptors):
        os.dup2(descriptor, FIRST + position, inheritable=True)
    # The variables name the process itself, so only the process itself can set them.
    os.environ["LISTEN_PID"] = str(os.getpid())
    os.environ["LISTEN_FDS"] = str(len(descriptors))
    os.environ["LISTEN_FDNAMES"] = ":".join(names)
    command = sys.argv[split + 1 :]
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
