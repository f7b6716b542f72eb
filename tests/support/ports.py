"""Ports for servers that come back to the same one."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path

_LOWEST = 20_000
_GIVEN_OUT = Path("/proc/sys/net/ipv4/ip_local_port_range")


def unused_port() -> int:
    """One below those that the kernel gives out by itself: nobody gets it by chance while its server is away."""
    highest = int(_GIVEN_OUT.read_text().split()[0])
    while True:
        port = _LOWEST + secrets.randbelow(highest - _LOWEST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
