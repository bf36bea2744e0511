"""The files of a small Debian that systemd can be booted from: made once, then kept beside the build's results."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
CACHE = REPOSITORY / ".build" / "system-root"

# systemd and what a user's own instance of it needs; what the package depends on, so that it installs without a network.
PACKAGES = [
    "systemd", "systemd-sysv", "dbus", "dbus-user-session", "libpam-systemd", "libyaml-0-2", "zlib1g", "procps",
]


class Unavailable(Exception):
    """What keeps this machine from having one."""


def prepare() -> Path:
    for program in ("debootstrap", "systemd-nspawn"):
        if shutil.which(program) is None:
            raise Unavailable(f"{program} is not installed")
    if os.geteuid() != 0:
        raise Unavailable("only root can boot another systemd")
    mirror, suite = distribution()
    name = hashlib.sha256(" ".join([suite, *PACKAGES]).encode()).hexdigest()[:12]
    root = CACHE / name
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            build(mirror, suite, root)
    return root


def distribution() -> tuple[str, str]:
    """The mirror and the release that this machine itself is installed from."""
    fields = "$(LABEL) $(COMPONENT) $(REPO_URI) $(CODENAME)"
    query = ["apt-get", "indextargets", "--format", fields, "Created-By: Packages"]
    try:
        lines = subprocess.run(query, check=True, capture_output=True, text=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError) as error:
        raise Unavailable(f"apt does not say where Debian comes from: {error}") from error
    for line in lines:
        label, component, mirror, suite = line.split()
        if (label, component) == ("Debian", "main") and "-" not in suite:
            return mirror, suite
    raise Unavailable("this machine is no Debian")


def build(mirror: str, suite: str, root: Path) -> None:
    made = CACHE / "unfinished"
    shutil.rmtree(made, ignore_errors=True)
    packages = CACHE / "packages"
    packages.mkdir(exist_ok=True)
    done = subprocess.run(
        [
            "debootstrap", "--variant=minbase", f"--cache-dir={packages}", f"--include={','.join(PACKAGES)}",
            suite, made, mirror,
        ],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    if done.returncode != 0:
        raise Unavailable("debootstrap failed: " + "; ".join(done.stdout.splitlines()[-3:]))
    made.rename(root)
