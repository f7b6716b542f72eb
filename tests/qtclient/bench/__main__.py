"""``python -m tests.qtclient.bench``: each measurement in a process of its own, then one table."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys

from tests.bench.machine import facts
from tests.qtclient.bench.result import Result, parse, table
from tests.qtclient.bench.stage import leave
from tests.support.running import ROOT

WORKS = ("start", "opening", "load", "transfer", "leaks")


def main() -> int:
    """Measure, and return 0 if all limits were kept."""
    parser = argparse.ArgumentParser(prog="make bench-client", description=__doc__)
    parser.add_argument("--only", default=",".join(WORKS), help=f"some of {','.join(WORKS)}")
    parser.add_argument("--seconds", type=int, default=60, help="how long 200 messages/s arrive")
    parser.add_argument("--messages", type=int, default=100_000, help="in the conversation that is opened")
    parser.add_argument("--megabytes", type=int, default=512, help="of the file that is transferred")
    parser.add_argument("--screen", action="store_true", help="on the screen of DISPLAY instead of none")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, leave)
    wanted = options.only.split(",")
    if unknown := set(wanted) - set(WORKS):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    before = facts()
    results: list[Result] = []
    for work in WORKS:
        if work in wanted:
            results += _measure(work, options)
    print("\n".join(f"- {line}" for line in before), flush=True)
    print(table(results))
    return 0 if all(result.good for result in results) else 1


def _measure(work: str, options: argparse.Namespace) -> list[Result]:
    print(f"measuring: {work}", file=sys.stderr, flush=True)
    arguments = [f"--{name}={getattr(options, name)}" for name in ("seconds", "messages", "megabytes")]
    environ = {**os.environ, "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    if not options.screen:
        environ["QT_QPA_PLATFORM"] = "offscreen"
    command = [sys.executable, "-m", f"tests.qtclient.bench.{work}", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True)
    try:
        said = process.communicate()[0]
    finally:
        if process.poll() is None:
            process.terminate()
            process.communicate()
    results = [parse(line) for line in said.splitlines() if line.startswith("{")]
    if process.returncode:
        results.append(Result(f"{work} broke off", process.returncode, "exit code", 0))
    return results


if __name__ == "__main__":
    sys.exit(main())
