"""The server was restarted: all its users come back at once and resume. How long until the last one is answered?

``python -m tests.load.resume_storm --clients 10000 --friends 10 --groups 2 --missed 3``
"""

from __future__ import annotations

import sys
import time

import psutil

from tests.load import Swarm, parser, resume_request, served


def main() -> int:
    """Run it and print one line per figure; returns 1 when a client was not answered with success."""
    made = parser(__doc__, 10_000)
    made.add_argument("--missed", type=int, default=0, metavar="N", help="messages that each user has missed")
    options = made.parse_args()
    with served(options, options.missed) as process:
        process.terminate()
        process.start()
        assert process.process is not None
        server = psutil.Process(process.process.pid)
        print(f"server process        {server.pid}", flush=True)
        before = server.cpu_times()
        own = time.process_time()
        swarm = Swarm(process.port, lambda number: resume_request(number, 0), "resume_reply")
        seconds = swarm.run(range(1, options.clients + 1))
        after = server.cpu_times()
        times = sorted(member.seconds for member in swarm.members if member.seconds)
        swarm.close()
    print(f"clients {options.clients}  friends {options.friends}  groups {options.groups}  missed {options.missed}")
    print(f"last reply after      {seconds:.2f} s")
    print(f"reply p50 / p99       {_quantile(times, 0.50):.2f} / {_quantile(times, 0.99):.2f} s after its connect")
    print(f"server CPU            {after.user - before.user:.2f} s user, {after.system - before.system:.2f} s system")
    print(f"client CPU            {time.process_time() - own:.2f} s")
    print(f"received              {swarm.bytes / 1e6:.1f} MB")
    print(f"errors                {len(swarm.errors)} {swarm.errors[:3]}")
    return 1 if swarm.errors else 0


def _quantile(ordered: list[float], fraction: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * fraction))] if ordered else 0.0


if __name__ == "__main__":
    sys.exit(main())
