"""The command line: ``python -m chatwire HOST:PORT``."""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn

from chatwire.address import DEFAULT_PORT, Address, parse_address
from chatwire.standard_streams import complain, open_missing


def main(argv: list[str] | None = None) -> int:
    """Run the client in the terminal. Returns 0, 1 when something went wrong, or 130 after Ctrl-C."""
    open_missing()
    parser = _parser()
    options = parser.parse_args(argv)
    host, port, tls = options.server
    if (options.plain and tls) or (options.tls and tls is False):
        parser.error("HOST:PORT says something else about TLS than the options")
    try:
        from chatwire.terminal.start import start
    except ImportError as error:
        complain(f"chatwire: {error.name} is missing; see README.md for how to install it")
        return 1
    try:
        plain = options.plain or tls is False
        return start((host, port), user=options.user, plain=plain, fingerprint=options.fingerprint)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # nobody reads any more; the interpreter would complain about it at its end
        return 1
    except Exception as error:
        complain(f"chatwire: {type(error).__name__}: {error}".translate(_HARMLESS))
        return 1


def address(text: str) -> Address:
    """An argparse type: where a server is."""
    try:
        return parse_address(text)
    except ValueError:
        raise argparse.ArgumentTypeError("must be HOST:PORT") from None


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """What argparse says, with its exit code also where it cannot be said: before Python 3.12 it raises there."""
        complain(f"{self.format_usage()}{self.prog}: error: {message}")
        sys.exit(2)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m chatwire", description="Chat in the terminal.")
    parser.add_argument("server", type=address, metavar="HOST:PORT", help=f"the port is {DEFAULT_PORT} unless told")
    parser.add_argument("--user", default="", metavar="NAME", help="log in as NAME; the password is asked for")
    parser.add_argument(
        "--fingerprint", default="", metavar="SHA256", help="expect this certificate; nothing is asked or remembered"
    )
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--tls", action="store_true", help="encrypt; this is what happens anyway")
    choice.add_argument("--plain", action="store_true", help="do not encrypt")
    return parser


_HARMLESS = dict.fromkeys((*range(32), *range(127, 160)))

if __name__ == "__main__":
    sys.exit(main())
