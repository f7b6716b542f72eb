"""The command line: ``python -m chatd``."""

from __future__ import annotations

import logging
import os
import sys

from chatbase import signals
from chatbase.logs import configure
from chatbase.options import ConfigError, shown_address
from chatbase.startup import one_line_errors
from chatd.config import load
from chatd.server import Server
from chatwire.standard_streams import complain, open_missing, say

log = logging.getLogger("chatd.server")

SWITCH_INTERVAL = 0.0005  # seconds; with Python's 5 ms, a loop that is ready waits too long for a busy one
INTERRUPTED = 130


def main(argv: list[str] | None = None) -> int:
    """Run a server until SIGTERM or SIGINT. Returns 0, 2 when it cannot start, 130 after Ctrl-C before it has begun."""
    open_missing()
    os.umask(0o077)  # what the server keeps is nobody else's, wherever it is kept
    try:
        settings = load(argv)
        with one_line_errors("write the log"):
            configure(settings.log_format, settings.log_level, settings.log_file)
        sys.setswitchinterval(SWITCH_INTERVAL)
        server = Server(settings)
        server.loop.on_wakeup = signals.obey(server, server.loop.signal_fileno())
        server.start()
    except ConfigError as error:
        complain(f"chatd: {error}")
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED
    host, port = server.address
    log.info("certificate: sha256=%s", server.fingerprint)
    if not say(f"chatd listening on {shown_address(host, port)}"):
        log.warning("standard output cannot be written")
    clean = server.run()
    signals.ignore()
    if not clean:
        logging.shutdown()
        os._exit(0)  # a hanging query must not keep the process; everything acknowledged is stored
    return 0


if __name__ == "__main__":
    sys.exit(main())
