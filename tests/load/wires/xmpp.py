"""XMPP as Prosody speaks it: a group is a room (XEP-0045), a private conversation goes to the other's full address."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import ClassVar
from xml.etree import ElementTree

from tests.load.wires.base import Conversation, Heard, Own, Person, Refused, Speaker, Unreadable, Wire

HOST, ROOMS = "localhost", "rooms.localhost"
RESOURCE = "r"

_TAG = re.compile(rb"<([/?]?)([^\s>/?]+)[^>]*>")
_HEADER = b'<?xml version="1.0"?><stream:stream to="%b" version="1.0" xmlns="jabber:client" xmlns:stream="%b">'
_STREAMS = b"http://etherx.jabber.org/streams"
_CLIENT = "{jabber:client}"
_JOIN = (
    '<presence to="{room}@{rooms}/{nick}">'
    '<x xmlns="http://jabber.org/protocol/muc"><history maxstanzas="0"/></x></presence>'
)
_BIND = '<iq type="set" id="bind"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><resource>{}</resource></bind></iq>'
_AUTH = b'<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">%b</auth>'
_PING = '<iq type="get" id="all" to="{}"><ping xmlns="urn:xmpp:ping"/></iq>'
_SLASH = ord("/")  # before the end of an element that is empty
_SAID = 200  # characters of a server's complaint that are shown

# The stages of a login: what is waited for.
_FEATURES, _SUCCESS, _FEATURES_AGAIN, _BOUND, _JOINED = range(5)


class XmppWire(Wire):
    """Names have to be in lower case, as addresses are. Everybody reads a group's message with an address of its own.

    ``stage`` is the stage of the login, and from `_JOINED` on how many rooms were entered besides.
    """

    name: ClassVar[str] = "XMPP"
    same_for_all: ClassVar[bool] = False
    own: ClassVar[Own] = Own.SAME
    acknowledges: ClassVar[bool] = False

    def begin(self, person: Person) -> bytes:
        person.stage, person.ready = _FEATURES, False
        return _HEADER % (HOST.encode(), _STREAMS)

    def login_step(self, person: Person, frame: bytes) -> bytes:
        """Features, password, a new stream, a resource, presence, and the rooms: a room's subject comes last."""
        if frame.startswith((b"<?xml", b"<stream:stream")):
            return b""
        stanza = _stanzas(frame)[0]
        if stanza.get("type") == "error" or stanza.tag.endswith(("}failure", "}error")):
            raise Refused(_shown(frame))
        if person.stage >= _JOINED:
            return self._enter(person, stanza)
        answer = self._introduce(person, stanza.tag.rpartition("}")[2])
        person.stage += bool(answer)
        return answer

    def ping(self, person: Person) -> bytes:
        return _PING.format(HOST).encode()

    def is_pong(self, frame: bytes) -> bool:
        if b"iq" not in frame[:8]:
            return False
        stanza = _stanzas(frame)[0]
        return stanza.tag == f"{_CLIENT}iq" and stanza.get("id") == "all"

    def speaker(self, person: Person, to: Conversation) -> Speaker:
        how, address = ("groupchat", f"{to.name}@{ROOMS}") if to.group else ("chat", f"{to.name}@{HOST}/{RESOURCE}")
        opening = f'<message type="{how}" to="{address}" id="'

        def speak(number: int, text: str) -> bytes:
            return f'{opening}{number}"><body>{text}</body></message>'.encode()

        return speak

    def ends(self, data: bytes) -> Sequence[int]:
        """A stanza ends where as many elements were closed as were opened; the stream itself is not counted."""
        ends, depth = [], 0
        for tag in _TAG.finditer(data):
            mark, name = tag.groups()
            if mark == b"?" or name == b"stream:stream":
                depth = 0
            elif mark:
                depth -= 1
            elif data[tag.end() - 2] != _SLASH:
                depth += 1
            if depth < 0:
                raise Unreadable(f"more is closed than was opened: {_shown(data[tag.start() :])}")
            if not depth:
                ends.append(tag.end())
        return ends

    def parse(self, frames: bytes) -> Heard:
        heard = Heard()
        for stanza in _stanzas(frames):
            text = stanza.findtext(f"{_CLIENT}body") if stanza.tag == f"{_CLIENT}message" else None
            by, to, how = stanza.get("from", ""), stanza.get("to", ""), stanza.get("type")
            if text is None or how not in ("groupchat", "chat"):
                heard.others.append(ElementTree.tostring(stanza))
            elif how == "chat":
                heard.messages.append((by.partition("@")[0], to.partition("@")[0], text, 0))
            else:
                room, _, nick = by.partition("/")
                heard.messages.append((nick, room.partition("@")[0], text, 0))
        return heard

    def aside(self, frame: bytes) -> bytes | None:
        """Presence tells of others who come and go."""
        return b"" if b"presence" in frame[:20] else None

    def _introduce(self, person: Person, name: str) -> bytes:
        """What to say to the stanza that is waited for; b"" to any other."""
        if person.stage in (_FEATURES, _FEATURES_AGAIN) and name == "features":
            if person.stage == _FEATURES_AGAIN:
                return _BIND.format(RESOURCE).encode()
            return _AUTH % base64.b64encode(f"\0{person.name}\0{person.secret}".encode())
        if person.stage == _SUCCESS and name == "success":
            return _HEADER % (HOST.encode(), _STREAMS)
        if person.stage == _BOUND and name == "iq":
            person.ready = not person.rooms
            joins = "".join(_JOIN.format(room=room, rooms=ROOMS, nick=person.name) for room in person.rooms)
            return f"<presence/>{joins}".encode()
        return b""

    def _enter(self, person: Person, stanza: ElementTree.Element) -> bytes:
        if stanza.find(f"{_CLIENT}subject") is not None:
            person.stage += 1
            person.ready = person.stage == _JOINED + len(person.rooms)
        return b""


def _stanzas(frames: bytes) -> list[ElementTree.Element]:
    """The stanzas as elements; within an element there can be no declarations, so no entities either.

    Raises:
        Unreadable: this is no XML.
    """
    try:
        return list(
            ElementTree.fromstring(b'<all xmlns="jabber:client" xmlns:stream="%b">%b</all>' % (_STREAMS, frames))
        )
    except ElementTree.ParseError as error:
        raise Unreadable(f"{error}: {_shown(frames)}") from None


def _shown(frame: bytes) -> str:
    """What a server said, harmless on a terminal."""
    return ascii(frame[:_SAID].decode(errors="replace"))
