"""The command line: ``python -m filed``."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from types import FrameType

from chatbase.logs import configure
from chatbase.options import ConfigError, shown_address
from chatbase.startup import one_line_errors
from chatwire.standard_streams import complain, open_missing, say
from filed.config import load
from filed.server import Server

log = logging.getLogger("filed.server")

STACK = 512 * 1024  # bytes of each thread; there may be many, and none goes deep
INTERRUPTED = 130
SIGNALS = signal.SIGTERM, signal.SIGINT, signal.SIGHUP


def main(argv: list[str] | None = None) -> int:
    """Run a daemon until SIGTERM or SIGINT. Returns 0, 2 when it cannot start, 130 after Ctrl-C before it has begun."""
    open_missing()
    os.umask(0o077)  # what users send is nobody else's, wherever it is kept
    try:
        settings = load(argv)
        with one_line_errors("write the log"):
            configure(settings.log_format, settings.log_level, settings.log_file)
        threading.stack_size(STACK)
        server = Server(settings)
        obey_signals(server)
        server.start()
    except ConfigError as error:
        complain(f"filed: {error}")
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED
    log.info("certificate: sha256=%s", server.fingerprint)
    if not say(f"filed listening on {shown_address(*server.address)}"):
        log.warning("standard output cannot be written")
    clean = server.run()
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # Python's own end gives them back their default, which would kill
    if not clean:
        logging.shutdown()
        os._exit(0)  # what hangs must not keep the process; everything acknowledged is stored
    return 0


def obey_signals(server: Server) -> None:
    """SIGTERM and SIGINT end it, SIGHUP has it look at its files again. The handler takes no lock: it notes the number.

    The descriptor wakes the main thread when a signal comes to another one, or just before the main one begins to wait:
    without it the handler would not run before the next connection.
    """
    received: list[int] = []

    def handler(number: int, frame: FrameType | None) -> None:
        received.append(number)

    def look() -> None:
        numbers = [received.pop(0) for _ in range(len(received))]  # more may come in between
        if set(numbers) - {signal.SIGHUP}:
            signal.set_wakeup_fd(-1)  # the descriptor is going to be closed; a second signal changes nothing
            server.stop()
        elif numbers:
            server.reload()

    server.on_wakeup(look)
    signal.set_wakeup_fd(server.wake_fd(), warn_on_full_buffer=False)
    for number in SIGNALS:
        signal.signal(number, handler)


if __name__ == "__main__":
    sys.exit(main())
