"""A server's processes: started, told what they cost, and ended, whatever happens meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_LIMIT = 20.0  # seconds until a server serves
STOP_LIMIT = 10.0  # seconds until it is killed

_TICK = os.sysconf("SC_CLK_TCK")
_PPID, _REAPED = 1, slice(13, 15)  # of the fields of /proc/PID/stat after the name; the latter is cutime and cstime
_RESET_PEAK = "5"  # for /proc/PID/clear_refs


class Unusable(Exception):
    """A server cannot take part; the message is one line that says why."""


class Process:
    """A server and its children, in a session of their own: Ctrl-C reaches them through `stop` alone."""

    def __init__(self, command: Sequence[str], folder: Path, cwd: Path = ROOT) -> None:
        self._output, self._errors = folder / "stdout", folder / "stderr"
        with self._output.open("wb") as output, self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, cwd=cwd, start_new_session=True
            )
        self.pid = self._process.pid

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Wait for the server to serve; if it does not come to that, it is stopped.

        Raises:
            Unusable: it has ended instead, or takes too long.
        """
        limit = time.monotonic() + START_LIMIT
        try:
            while not ready():
                if self._process.poll() is not None:
                    complaint = self._errors.read_text(errors="replace").strip()
                    raise Unusable(f"ended at its start: {complaint.rpartition(chr(10))[2]}")
                if time.monotonic() > limit:
                    raise Unusable(f"did not serve within {START_LIMIT:.0f} s")
                time.sleep(0.02)
        except BaseException:
            self.stop()
            raise

    def output(self) -> str:
        """What it has written to standard output so far."""
        return self._output.read_text(errors="replace")

    def cpu(self) -> float:
        """Processor seconds used until now by all its processes; what children had used that have ended, to 10 ms."""
        return sum(_clock(pid) + sum(map(int, fields[_REAPED])) / _TICK for pid, fields in self._tree().items())

    def forget_peak(self) -> None:
        """From now on `peak` is that of the time after this call."""
        for pid in self._tree():
            Path(f"/proc/{pid}/clear_refs").write_text(_RESET_PEAK)

    def peak(self) -> int:
        """The most memory that its processes had resident, in bytes."""
        return sum(_status(pid, "VmHWM") for pid in self._tree())

    def resident(self) -> int:
        """The memory that its processes have resident, in bytes."""
        return sum(_status(pid, "VmRSS") for pid in self._tree())

    def stop(self) -> None:
        """End all its processes; may be called twice."""
        self._signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_LIMIT)
        self._signal(signal.SIGKILL)  # also what a server has left behind
        self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def _tree(self) -> dict[int, list[str]]:
        """The fields of /proc/PID/stat of the server and all its descendants."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                found[int(folder.name)] = (folder / "stat").read_text().rpartition(")")[2].split()
        tree = {self.pid}
        while more := {pid for pid, fields in found.items() if int(fields[_PPID]) in tree} - tree:
            tree |= more
        return {pid: found[pid] for pid in tree if pid in found}


def _clock(pid: int) -> float:
    """The processor time of a process and its threads, exactly; 0 when it has ended."""
    with suppress(OSError):
        return time.clock_gettime((~pid << 3) | 2)  # what clock_getcpuclockid(3) makes of it
    return 0.0


def _status(pid: int, key: str) -> int:
    """A size from /proc/PID/status in bytes; 0 when the process has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            name, _, value = line.partition(":")
            if name == key:
                return int(value.split()[0]) * 1024
    return 0
