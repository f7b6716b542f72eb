"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import ssl
import subprocess
from pathlib import Path


def facts() -> list[str]:
    """Size, system and client of this machine, a line each."""
    return [*system(), f"client: {_curl()}; load before the start: {os.getloadavg()[0]:.1f}"]


def system() -> list[str]:
    """Its size and system."""
    return [
        f"{os.cpu_count()} cores, {_field('/proc/cpuinfo', 'model name')}, {_memory()} GiB of memory",
        f"Linux {platform.release()}, {_field('/etc/os-release', 'PRETTY_NAME', '=')}, {ssl.OPENSSL_VERSION}",
    ]


def _memory() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30))


def _curl() -> str:
    said = subprocess.run(["curl", "-q", "--version"], capture_output=True, text=True, check=True).stdout
    return " ".join(said.split()[:2])


def _field(path: str, key: str, separator: str = ":") -> str:
    """The first value of that name in a file of names and values."""
    for line in Path(path).read_text().splitlines():
        name, _, value = line.partition(separator)
        if name.strip() == key:
            return value.strip().strip('"')
    return f"unknown {key}"
