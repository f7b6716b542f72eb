"""The command line: ``python -m chatwire HOST:PORT``."""

from __future__ import annotations

import argparse
import sys

DEFAULT_PORT = 8000


def main(argv: list[str] | None = None) -> int:
    """Run the client in the terminal. Returns 0, 1 when something went wrong, or 130 after Ctrl-C."""
    options = _parser().parse_args(argv)
    try:
        from chatwire.terminal.start import start
    except ImportError as error:
        print(f"chatwire: {error.name} is missing; see README.md for how to install it", file=sys.stderr)
        return 1
    try:
        return start(options.server, user=options.user, plain=options.plain, fingerprint=options.fingerprint)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # nobody reads any more; the interpreter would complain about it at its end
        return 1
    except Exception as error:
        print(f"chatwire: {type(error).__name__}: {error}".translate(_HARMLESS), file=sys.stderr)
        return 1


def address(text: str) -> tuple[str, int]:
    """HOST, HOST:PORT, [IPV6]:PORT or IPV6."""
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]") or (":" in host and not text.startswith("[")):
        host, port = text, str(DEFAULT_PORT)
    host = host.removeprefix("[").removesuffix("]")
    if not host or not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise argparse.ArgumentTypeError("must be HOST:PORT")
    return host, int(port)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m chatwire", description="Chat in the terminal.")
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
