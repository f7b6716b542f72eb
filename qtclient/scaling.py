"""How many pixels of the screen are one of ours: fractions only where the desktop wants one.

An X server tells its size in rounded millimetres, from which Qt makes a factor such as 1.0008 where nobody has set
``Xft.dpi``. With that no edge lies on a pixel: lines are blurred, and what is painted again leaves traces.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Mapping

from PyQt5.QtCore import Qt

_USUAL = 96  # dots an inch that are a factor of 1
_NEAR = 0.1  # a factor that is as near to a whole one is meant to be it: 100 dots an inch, say
_DPI = re.compile(r"^Xft\.dpi:\s*([0-9.]+)\s*$", re.MULTILINE)

Policy = Qt.HighDpiScaleFactorRoundingPolicy


def policy(environ: Mapping[str, str]) -> Policy:
    """What Qt shall do with the factor that it finds; to be told before there is an application object."""
    return rounding(_resources(environ["DISPLAY"])) if environ.get("DISPLAY") else Policy.PassThrough


def rounding(resources: str) -> Policy:
    """The same, from the resources of an X server, in which desktops write the user's wish."""
    found = _DPI.search(resources)
    try:
        factor = float(found[1]) / _USUAL if found else 1.0
    except ValueError:
        factor = 1.0
    return Policy.Round if abs(factor - round(factor)) < _NEAR else Policy.PassThrough


def _resources(display: str) -> str:
    """Empty where there are none; Qt will say why when there is no server."""
    try:
        library = ctypes.CDLL("libX11.so.6")
    except OSError:
        return ""
    library.XOpenDisplay.restype = ctypes.c_void_p
    library.XResourceManagerString.restype = ctypes.c_char_p
    server = library.XOpenDisplay(display.encode())
    if not server:
        return ""
    found: bytes | None = library.XResourceManagerString(ctypes.c_void_p(server))
    text = (found or b"").decode("utf-8", "replace")
    library.XCloseDisplay(ctypes.c_void_p(server))
    return text
