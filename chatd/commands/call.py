"""One request on its way through a handler."""

from __future__ import annotations

from chatd.commands.peer import Peer
from chatd.commands.services import Services
from chatd.registry.nodes import Session
from chatwire.codec import Object, encode_open
from chatwire.commands import COMMANDS, Command, reply, reply_name

_HEADS = {name: encode_open({"cmd": reply_name(name)}) for name in COMMANDS}


def reply_head(cmd: str, request_id: str | int | None) -> bytes:
    """The beginning of a reply, with its request's id, to be completed by whoever knows the rest (`encode_open`)."""
    if request_id is None:
        return _HEADS[cmd]
    if type(request_id) is int:
        return b'%b,"id":%d' % (_HEADS[cmd], request_id)
    return encode_open({"cmd": reply_name(cmd), "id": request_id})


class Refusal(Exception):
    """A handler's way to say no: the result word and further fields of the reply."""

    def __init__(self, result: str, **more: object) -> None:
        super().__init__(result)
        self.result = result
        self.more = more


class Call:
    """A checked request: ``args`` holds its known fields. Handlers read it; nobody changes it."""

    __slots__ = ("_session", "args", "command", "peer", "request_id", "services")

    def __init__(self, peer: Peer, command: Command, args: Object, request_id: str | int | None) -> None:
        self.peer = peer
        self.services: Services = peer.services
        self.command = command
        self.args = args
        self.request_id = request_id
        self._session = peer.session

    @property
    def logged_in(self) -> bool:
        """Whether the connection has a session; only commands that need no login have to ask."""
        return self._session is not None

    @property
    def session(self) -> Session:
        """The session of the connection; handlers of commands that need a login may count on it."""
        assert self._session is not None
        return self._session

    def reply(self, result: str, **more: object) -> Object:
        """Build the reply to this request."""
        return reply(self.command.name, result, self.request_id, **more)
