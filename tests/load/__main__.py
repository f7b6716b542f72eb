"""``make load``: simulated clients against a server, every message accounted for."""

from __future__ import annotations

import signal
import sys
import time
from io import TextIOWrapper
from pathlib import Path

from tests.load import picture, saved, table
from tests.load.conductor import Broken, Conductor
from tests.load.figures import Result
from tests.load.live import Live
from tests.load.options import check, parser, plan_of, target_of
from tests.load.targets.base import Unusable

KEPT = Path("build/load")  # where results go when nobody says where
_INTERRUPTED = 128 + signal.SIGINT


def main() -> int:
    """Run it, show it, keep it, and tell how it went: 0, or 1 when a promise was broken, or 2 when there was no run."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without UTF-8 shows less, but shows it
    options = parser().parse_args()
    if complaint := check(options):
        parser().error(complaint)
    target = target_of(options)
    name = time.strftime("%Y%m%d-%H%M%S")
    try:
        with Live(f"load test of {target.name}") as live:
            result = Conductor(plan_of(options), target, live).run()
        table.show(result)
        _keep(result, options.json or KEPT / f"{name}.json", options.picture or KEPT / f"{name}.svg")
    except (Broken, Unusable, OSError) as error:
        print(f"load: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0 if result.ok() else 1


def _keep(result: Result, figures: Path, drawing: Path) -> None:
    saved.save(result, figures)
    picture.draw(result, drawing)
    print(f"figures: {figures}")
    print(f"picture: {drawing}")


if __name__ == "__main__":
    sys.exit(main())
