"""What a logged-in connection that does nothing costs the server: memory, and processor time.

``python -m tests.load.idle_memory --clients 5000``
"""

from __future__ import annotations

import sys
import time

import psutil

from tests.load import Swarm, parser, resume_request, served

WARM_UP = 100  # clients before the first measurement, so that what is paid once is not counted per connection


def main() -> int:
    """Run it and print one line per figure; returns 1 when a client could not log in."""
    made = parser(__doc__, 5_000)
    made.add_argument("--idle", type=float, default=10.0, metavar="S", help="how long to watch the idle server")
    made.add_argument("--at-once", type=int, default=50, metavar="N", help="logins that wait at a time; 0: all")
    options = made.parse_args()
    with served(options) as process:
        assert process.process is not None
        server = psutil.Process(process.process.pid)
        swarm = Swarm(process.port, lambda number: resume_request(number, -1), "resume_reply")
        started = server.memory_info().rss
        swarm.run(range(1, WARM_UP + 1), options.at_once)
        before = server.memory_info().rss
        swarm.run(range(WARM_UP + 1, options.clients + 1), options.at_once)
        _drain(swarm)
        after = server.memory_info().rss
        used = _cpu(server)
        time.sleep(options.idle)
        used = _cpu(server) - used
        swarm.close()
    counted = max(1, options.clients - WARM_UP)
    print(f"clients {options.clients}  friends {options.friends}  groups {options.groups}")
    print(f"RSS at start          {started / 1024:.0f} KiB")
    print(f"RSS with {WARM_UP:<6}       {before / 1024:.0f} KiB")
    print(f"RSS with {options.clients:<6}       {after / 1024:.0f} KiB")
    print(f"per connection        {(after - before) / 1024 / counted:.2f} KiB")
    print(f"CPU in {options.idle:g} s idle      {used:.3f} s")
    print(f"errors                {len(swarm.errors)} {swarm.errors[:3]}")
    return 1 if swarm.errors else 0


def _drain(swarm: Swarm) -> None:
    """Read until nothing comes any more: friends' logins are told after the last reply, too."""
    quiet = time.monotonic() + 2.0
    while time.monotonic() < quiet:
        had = swarm.bytes
        swarm.turn(0.2)
        if swarm.bytes != had:
            quiet = time.monotonic() + 2.0


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


if __name__ == "__main__":
    sys.exit(main())
