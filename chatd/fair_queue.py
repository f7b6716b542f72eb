"""Who is next, of all who wait for a few threads: start-time fair queueing (Goyal, Vin and Cheng, 1996) by address and
by account.

Each job is paid for by an account and by the address from which it comes, with the time that it took. Who has paid
least is next. So an address gets one share however many accounts and connections it has, an account gets one share from
however many addresses it comes, and the accounts behind one address take turns. Who has not asked for a while does not
save up a claim, and is next at once.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from typing import Any, Generic, NamedTuple, TypeVar

ADDRESS_WEIGHT = 4.0  # shares of an address, where an account has one: a family, an office
LEAST_COST = 0.001  # seconds; a job is charged so much when it begins, and the rest when it has ended
REMEMBERED = 10_000  # accounts or addresses that may have paid more than others; above it, they are looked through

T = TypeVar("T")


class Payer(NamedTuple):
    """Who pays. An address that many are known to share is no payer: each account there stands for itself (`alone`)."""

    account: str
    address: str


def alone(account: str) -> Payer:
    """An account that shares its address with nobody, as far as shares go."""
    return Payer(account, f"@{account}")


SERVER = Payer("", "")
"""What the server does of its own accord: it is not charged, and so it is next."""


class _Share:
    """An account, or an address: up to which virtual second it has been served, and how many of its jobs there are.

    An account knows its lines that are ``stuck``: they cannot move before one of its jobs has ended. An address has a
    heap of its ``lines``, by what their accounts have paid, and the ``ticket`` of its entry in the queue's heap, or 0.
    """

    __slots__ = ("lines", "name", "paid", "running", "stuck", "ticket", "waiting")

    def __init__(self, name: str, paid: float) -> None:
        self.name = name
        self.paid = paid
        self.running = 0
        self.waiting = 0
        self.ticket = 0
        self.lines: list[tuple[float, int, _Line[Any]]] = []
        self.stuck: list[_Line[Any]] = []

    @property
    def idle(self) -> bool:
        return not self.running and not self.waiting


class _Line(Generic[T]):
    """The jobs of one account at one address, in order. ``listed``: it is in its address's heap, or stuck."""

    __slots__ = ("account", "address", "jobs", "listed")

    def __init__(self, account: _Share, address: _Share) -> None:
        self.account = account
        self.address = address
        self.jobs: deque[T] = deque()
        self.listed = False


class FairQueue(Generic[T]):
    """No lock and no clock: its owner has them. Every step costs a logarithm of how many wait."""

    def __init__(self, threads: int) -> None:
        """Of as many threads, an account gets at most half at a time, an address at most all but one."""
        self._per_account = max(1, threads // 2)
        self._per_address = max(1, threads - 1)
        self._tickets = itertools.count(1)
        self._sweep_at = REMEMBERED
        self._clear()

    def _clear(self) -> None:
        self._now = 0.0  # virtual: up to where those who are served have been served
        self._accounts: dict[str, _Share] = {}
        self._addresses: dict[str, _Share] = {}
        self._lines: dict[Payer, _Line[T]] = {}
        self._order: list[tuple[float, float, int, _Share]] = []  # a heap of addresses
        self.addresses = 0  # at which something waits
        self.waiting = 0
        self.running = 0

    def waiting_at(self, address: str) -> int:
        """How many jobs of an address wait."""
        share = self._addresses.get(address)
        return share.waiting if share else 0

    def push(self, payer: Payer, job: T) -> None:
        """Add a job."""
        line = self._line(payer)
        address = line.address
        self.waiting += 1
        self.addresses += not address.waiting
        for share in (line.account, address):
            if share.idle:
                share.paid = max(share.paid, self._now)
            share.waiting += 1
        line.jobs.append(job)
        if not line.listed:
            self._list_line(line)
            if not address.ticket or address.lines[0][2] is line:
                self._list_address(address)

    def pop(self) -> tuple[Payer, T] | None:
        """The job that is next; None when there is none, or none that may run now. `end` has to follow."""
        while self._order:
            key, _, ticket, address = heapq.heappop(self._order)
            if ticket != address.ticket:
                continue  # another entry is in force
            address.ticket = 0
            if address.running >= self._per_address and address.name:
                continue  # `end` lists it again
            line = self._first_line(address)
            if line is None:
                continue
            start = max(address.paid, line.account.paid)
            if start <= key:
                return self._take(line, start)
            self._list_address(address)
        return None

    def end(self, payer: Payer, seconds: float) -> None:
        """A job that was popped has ended; it took a thread for so long."""
        line = self._lines[payer]
        account, address = line.account, line.address
        self.running -= 1
        account.running -= 1
        address.running -= 1
        self._charge(line, max(0.0, seconds - LEAST_COST))
        stuck, account.stuck = account.stuck, []
        for other in stuck:
            self._list_line(other)
            self._list_address(other.address)
        self._list_address(address)
        self._forget()

    # -- order -----------------------------------------------------------------

    def _line(self, payer: Payer) -> _Line[T]:
        line = self._lines.get(payer)
        if line is None:
            account = self._accounts.setdefault(payer.account, _Share(payer.account, self._now))
            address = self._addresses.setdefault(payer.address, _Share(payer.address, self._now))
            line = self._lines[payer] = _Line(account, address)
        return line

    def _list_line(self, line: _Line[T]) -> None:
        line.listed = True
        heapq.heappush(line.address.lines, (line.account.paid, next(self._tickets), line))

    def _list_address(self, address: _Share) -> None:
        """Give an address its place, by the line that is its first now."""
        line = self._first_line(address)
        if line is not None:
            address.ticket = next(self._tickets)
            paid = line.account.paid
            heapq.heappush(self._order, (max(address.paid, paid), paid, address.ticket, address))

    def _first_line(self, address: _Share) -> _Line[T] | None:
        """The line of an address that may move and whose account has paid least. What an account has paid only grows,
        so an entry of the heap may be too low, and is put right when it comes to the top.
        """
        lines = address.lines
        while lines:
            paid, ticket, line = lines[0]
            if not line.jobs or line.account.running >= self._per_account:
                heapq.heappop(lines)
                line.listed = bool(line.jobs)
                if line.jobs:
                    line.account.stuck.append(line)
            elif paid < line.account.paid:
                heapq.heapreplace(lines, (line.account.paid, ticket, line))
            else:
                return line
        return None

    def _take(self, line: _Line[T], start: float) -> tuple[Payer, T]:
        account, address = line.account, line.address
        self._now = max(self._now, start)
        self.waiting -= 1
        self.running += 1
        for share in (account, address):
            share.waiting -= 1
            share.running += 1
            share.paid = max(share.paid, start)
        self.addresses -= not address.waiting
        job = line.jobs.popleft()
        self._charge(line, LEAST_COST)
        self._list_address(address)
        return Payer(account.name, address.name), job

    def _charge(self, line: _Line[T], seconds: float) -> None:
        if line.account.name:
            line.account.paid += seconds
            line.address.paid += seconds if line.address.name.startswith("@") else seconds / ADDRESS_WEIGHT

    # -- memory ----------------------------------------------------------------

    def _forget(self) -> None:
        """Once nothing waits nobody owes anything; before, there may be too many who have paid more than others."""
        if not self.waiting and not self.running:
            self._clear()
        elif len(self._lines) >= self._sweep_at:
            for shares in (self._accounts, self._addresses):
                for share in [share for share in shares.values() if share.idle and share.paid <= self._now]:
                    del shares[share.name]
            self._lines = {
                p: line
                for p, line in self._lines.items()
                if line.account.name in self._accounts and line.address.name in self._addresses
            }
            self._sweep_at = max(REMEMBERED, 2 * len(self._lines))
