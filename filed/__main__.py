"""The command line: ``python -m filed``."""

from __future__ import annotations

import logging
import os
import sys
import threading

from chatbase import signals
from chatbase.logs import configure
from chatbase.options import ConfigError, shown_address
from chatbase.startup import one_line_errors
from chatwire.standard_streams import complain, open_missing, say
from filed.config import load
from filed.server import Server

log = logging.getLogger("filed.server")

STACK = 512 * 1024  # bytes of each thread; there may be many, and none goes deep
INTERRUPTED = 130


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
        server.on_wakeup(signals.obey(server, server.wake_fd()))
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
    signals.ignore()
    if not clean:
        logging.shutdown()
        os._exit(0)  # what hangs must not keep the process; everything acknowledged is stored
    return 0


if __name__ == "__main__":
    sys.exit(main())
