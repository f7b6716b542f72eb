"""One way to write the address of a peer, and which networks it is in."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def normal_address(address: str) -> str:
    """An IPv4 peer of a dual-stack listener by its IPv4 address, so that caps and rules see one address."""
    if address.startswith("::ffff:"):
        mapped = ipaddress.IPv6Address(address.partition("%")[0]).ipv4_mapped
        return str(mapped) if mapped else address
    return address


def is_within(address: str, networks: Sequence[Network]) -> bool:
    """Whether an address is in one of some networks."""
    if not networks:
        return False
    ip = ipaddress.ip_address(address.partition("%")[0])
    return any(ip.version == network.version and ip in network for network in networks)
