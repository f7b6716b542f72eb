"""Buffers that begin with a page.

What `bytearray` gives begins 16 bytes behind one. Processors that copy with one instruction (`rep movsb`: the system
between sockets, files and programs, and the C library) are slow where source and target lie nearly, but not quite,
alike in their pages: on an AMD EPYC a `recv` of 256 KiB took three times as long.
"""

from __future__ import annotations

import mmap


def aligned(size: int) -> memoryview:
    """So many zero bytes, at least one."""
    return memoryview(mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
