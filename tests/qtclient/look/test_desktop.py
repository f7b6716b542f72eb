"""The desktop's wish for light or dark, over a real session bus."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from tests.support.running import ROOT

# Within the bus: the service first, then the client once that is ready; both write to the same place.
_RUN = """
import subprocess, sys
part = [sys.executable, "-m"]
service = subprocess.Popen([*part, "tests.qtclient.look.desktop_service"], stdout=subprocess.PIPE, text=True)
print(service.stdout.readline().strip(), flush=True)
client = subprocess.Popen([*part, "tests.qtclient.look.desktop_client"], stdout=subprocess.PIPE, text=True)
print(client.stdout.readline().strip(), flush=True)
print(client.stdout.readline().strip(), flush=True)
client.wait(20)
service.terminate()
service.wait(20)
"""


@pytest.mark.skipif(shutil.which("dbus-run-session") is None, reason="needs a D-Bus daemon")
def test_following_the_desktop() -> None:
    environ = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    bus = ["dbus-run-session", "--", sys.executable, "-c", _RUN]
    done = subprocess.run(bus, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.split("\n")[:3] == ["ready", "dark", "light"]
