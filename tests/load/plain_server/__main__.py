"""The command line: a port, and who is known from the start."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

import orjson
import uvloop

from tests.load.plain_server.hall import Hall
from tests.load.plain_server.session import Session

BACKLOG = 4096


def main() -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.plain_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: a free one, which is printed")
    parser.add_argument("--known", type=Path, help='a JSON file: {"users": {name: token}, "groups": {name: [member]}}')
    options = parser.parse_args()
    hall = Hall()
    if options.known:
        known = orjson.loads(options.known.read_bytes())
        for name, token in known["users"].items():
            hall.register(name, "", token)
        for group, members in known["groups"].items():
            hall.create_group(group, members)
    uvloop.install()
    asyncio.run(_serve(hall, options.port))
    return 0


async def _serve(hall: Hall, port: int) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    server = await loop.create_server(lambda: Session(hall), "127.0.0.1", port, backlog=BACKLOG)
    print(f"plain listening on 127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await stopped.wait()
    server.close()


if __name__ == "__main__":
    sys.exit(main())
