"""argon2id in threads of its own (RFC 9106)."""

from __future__ import annotations

import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import argon2

log = logging.getLogger("chatd.auth")

THREADS = max(2, min(8, len(os.sched_getaffinity(0))))  # as many as there are cores
NICENESS = 10  # hashing must not take processor time from chatting

# "normal" is what OWASP's Password Storage Cheat Sheet recommends: 20 ms of a core. "high" is close to the second
# recommendation of RFC 9106, and seven times as dear: a school of 3,000 would wait for minutes at nine o'clock.
_COSTS = {
    "high": argon2.PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1),
    "normal": argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1),
    "low": argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1),
}


class Passwords:
    """Every method: any thread that may wait. The hashing threads do nothing else, and run at low priority.

    They never hold a lock or, while hashing, the GIL: a thread of low priority that did would hold up everybody.
    """

    def __init__(self, cost: str) -> None:
        self._hasher = _COSTS[cost]
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="hash", initializer=_be_nice)

    def hash(self, password: str) -> str:
        """Return what is stored of a password."""
        return self._pool.submit(self._hasher.hash, password).result()

    def verify(self, stored: str, password: str) -> bool:
        """Whether a password is the stored one."""
        return self._pool.submit(self._matches, stored, password).result()

    def outdated(self, stored: str) -> bool:
        """Whether a hash is cheaper to break than those that are made now, and should be renewed; never the reverse."""
        try:
            found = argon2.extract_parameters(stored)
        except argon2.exceptions.InvalidHashError:
            return False
        wanted = self._hasher
        return found.type is not wanted.type or _price(found) < _price(wanted)

    def stop(self) -> None:
        """Join the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except argon2.exceptions.VerifyMismatchError:
            return False
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            log.error("a stored password hash is broken")
            return False


def _price(parameters: argon2.PasswordHasher | argon2.Parameters) -> int:
    """What a guess costs, in KiB that are written."""
    return parameters.time_cost * parameters.memory_cost


def _be_nice() -> None:
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)  # Linux: this thread alone
    except OSError as error:
        log.debug("cannot lower the priority of a hashing thread: %s", error)
