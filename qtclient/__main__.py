"""The command line: ``python -m qtclient``."""

from __future__ import annotations

import sys

from qtclient.start import main

if __name__ == "__main__":
    sys.exit(main())
