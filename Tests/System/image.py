"""What an emulated machine is booted from: Debian's own kernel for virtual machines, and a disk with Debian on it."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path

import root
from root import Unavailable

# That of virtual machines has what it needs of drivers built in: a disk by NVMe, ext4 and serial ports; so there are no
# modules to load.
KERNEL = "linux-image-cloud-amd64"
# Sparse: what is free of it takes no room.
DISK_SIZE = "1G"


def kernel() -> Path:
    """Made once, then kept beside the root."""
    _, suite = root.distribution()
    kernel = root.CACHE / f"kernel-{suite}"
    with open(root.CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kernel.exists():
            download(kernel)
    return kernel


def download(kernel: Path) -> None:
    """Unpacked and never installed: it is not this machine's."""
    directory = root.CACHE / "kernel-unfinished"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    call("apt-get", "update", "-qq")
    depends = call("apt-cache", "depends", "--important", KERNEL).split()
    package = next((name for name in depends if name.startswith("linux-image-") and name != KERNEL), None)
    if package is None:
        raise Unavailable(f"apt knows no {KERNEL}")
    call("apt-get", "download", "-qq", package, directory=directory)
    [archive] = directory.glob("*.deb")
    call("dpkg-deb", "--extract", archive, directory / "files")
    [image] = (directory / "files" / "boot").glob("vmlinuz-*")
    image.rename(kernel)
    shutil.rmtree(directory)


def disk(files: Path, package: Path, directory: Path) -> Path:
    """One of its own for each machine, which writes to it: `files`, the package installed, and the tests' agent."""
    tree = directory / "tree"
    call("cp", "--archive", "--reflink=auto", files, tree)
    call("dpkg", f"--root={tree}", "--install", package)
    here = Path(__file__).parent
    call("install", here / "agent.pl", tree / "usr/local/sbin/agent")
    call("install", "-m", "644", here / "agent.service", tree / "etc/systemd/system")
    call("systemctl", f"--root={tree}", "enable", "agent.service")
    disk = directory / "disk"
    call("mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", tree, disk, DISK_SIZE)
    shutil.rmtree(tree)
    return disk


def call(*command: str | Path, directory: Path | None = None) -> str:
    try:
        done = subprocess.run(
            command, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=600)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{command[0]}: {error}") from error
    if done.returncode != 0:
        raise Unavailable(f"{command[0]} failed: " + "; ".join(done.stdout.splitlines()[-3:]))
    return done.stdout
