"""What the client does about files: offers that come, states that change, transfers that move and end.

Main thread only.
"""

from __future__ import annotations

import asyncio

from chatwire.codec import Object
from chatwire.errors import Refused, WireError
from chatwire.terminal.chat import Chat
from chatwire.terminal.filelines import progress
from chatwire.terminal.offers import UNFINISHED, Offer
from chatwire.terminal.render import Line, note, problem, title
from chatwire.terminal.transfers import Over, Report, Waits
from chatwire.transfer.errors import Cancelled

_MOST_REFRESHED = 20  # files whose state is asked for when the connection is back


class FileFollower:
    """Keeps the offers of a `Chat` true, and shows what its user should know."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._withdrawing: set[asyncio.Task[None]] = set()
        self._refreshing: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether the server is still to be told something."""
        return bool(self._withdrawing)

    def lines(self) -> Line:
        """What is on its way, to stand above the input."""
        return [piece for line in progress(self._chat.transfers.running) for piece in (*line, ("", "\n"))]

    def report(self, report: Report) -> None:
        """Something that a transfer's thread says."""
        if isinstance(report, Waits):
            transfer = report.transfer
            if not transfer.waits:
                self._chat.show(problem(f"{transfer.name} waits: {report.error}"))
            transfer.waits = "trying again soon"
        elif isinstance(report, Over):
            self._over(report)

    def state(self, obj: Object) -> None:
        """A file's state has changed."""
        offer = self._chat.offers.get(obj.get("file"))
        if offer is None:
            return
        if offer.mine and obj.get("state") == "declined" and offer.conversation.is_group:
            self._chat.show(note(f"{obj.get('user')} does not want {offer.name}"))
            return
        before = offer.state
        offer.update(obj)
        if offer.state != before:
            self._changed(offer, obj)

    def refresh(self) -> None:
        """The connection is back: what was pushed meanwhile is asked for."""
        self._chat.transfers.hurry()
        offers = [offer for offer in self._chat.offers if offer.state in UNFINISHED or self._chat.transfers.of(offer)]
        if offers and (self._refreshing is None or self._refreshing.done()):
            self._refreshing = asyncio.get_running_loop().create_task(self._ask(offers[-_MOST_REFRESHED:]))

    async def _ask(self, offers: list[Offer]) -> None:
        for offer in offers:
            try:
                self.state(await self._chat.request("get_file", file=offer.file))
            except WireError:
                continue  # the link again, or a file that is no more; who wants it will be told
            self._chat.screen.refresh()

    def _changed(self, offer: Offer, obj: Object) -> None:
        if offer.alive:
            return
        for transfer in self._chat.transfers.of(offer):
            transfer.control.cancel()
        told = self._told(offer, obj)
        if told is not None:
            self._chat.show(told)

    def _told(self, offer: Offer, obj: Object) -> Line | None:
        """What the end of a file means for this user; None when it does not matter any more."""
        if offer.state == "failed":
            detail = f": {obj['detail']}" if obj.get("detail") else ""
            return problem(f"{offer.name} has failed{detail}; it has to be sent again")
        if offer.state == "declined" and offer.mine:
            return note(f"{obj.get('user') or offer.conversation.name} has declined {offer.name}")
        if offer.state == "cancelled" and not offer.mine and offer.place is None:
            return note(f"{offer.sender} has withdrawn {offer.name}")
        if offer.state == "expired" and offer.place is None:
            return note(f"{offer.name} has expired")
        return None

    def _over(self, over: Over) -> None:
        transfer, offer = over.transfer, over.transfer.offer
        if transfer not in self._chat.transfers.running or offer is None:
            return
        self._chat.transfers.forget(transfer)
        if over.error is None:
            self._done(offer, over)
        elif not isinstance(over.error, Cancelled):
            self._chat.failed()
            self._chat.show(problem(f"{transfer.name}: {over.error}"))
            if transfer.is_upload and offer.alive:
                self._withdraw(offer)

    def _withdraw(self, offer: Offer) -> None:
        """It will not be sent any more, and its receivers would wait for it until it expires."""
        task = asyncio.get_running_loop().create_task(self._take_back(offer))
        self._withdrawing.add(task)
        task.add_done_callback(self._withdrawn)

    def _withdrawn(self, task: asyncio.Task[None]) -> None:
        self._withdrawing.discard(task)
        self._chat.moved.set()

    async def _take_back(self, offer: Offer) -> None:
        try:
            reply = await self._chat.insist("cancel_file", file=offer.file)
        except Refused:
            return  # it is over already
        if reply is not None:
            offer.update(reply)
            self._chat.show(note(f"{offer.name} is withdrawn"))

    def _done(self, offer: Offer, over: Over) -> None:
        if over.transfer.is_upload:
            self._chat.show(note(f"{over.transfer.name} is sent to {title(offer.conversation)}"))
        else:
            offer.place = over.place
            self._chat.show(note(f"{offer.name} is here: {over.place}"))
