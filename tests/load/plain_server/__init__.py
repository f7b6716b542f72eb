"""A chat server as one writes it with asyncio: our protocol on uvloop, everything in memory, nothing stored.

It is what chatd's speed is measured against besides servers in other languages; ``python -m tests.load.plain_server``.
"""
