"""One way to write the address of a peer."""

from __future__ import annotations

import ipaddress


def normal_address(address: str) -> str:
    """An IPv4 peer of a dual-stack listener by its IPv4 address, so that caps and rules see one address."""
    if address.startswith("::ffff:"):
        mapped = ipaddress.IPv6Address(address.partition("%")[0]).ipv4_mapped
        return str(mapped) if mapped else address
    return address
