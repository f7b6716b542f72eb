"""MQTT 3.1.1 with QoS 0: a group is a topic that its members have subscribed to, and every person has a topic, too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from tests.load.wires.base import Conversation, Heard, Own, Person, Refused, Speaker, Unreadable, Wire

# The first byte of each packet that is met: its type, and flags, which are all 0 here but for SUBSCRIBE.
_CONNECT, _CONNACK, _PUBLISH, _SUBSCRIBE, _SUBACK, _PING, _PONG = 0x10, 0x20, 0x30, 0x82, 0x90, 0xC0, 0xD0
_PONG_PACKET = bytes((_PONG, 0))
_CLEAN_SESSION = 0x02
_LONGEST = 4  # bytes that the length of a packet may take
_REFUSED_TOPIC = 0x80
_PREFIXES = ("p/", "g/")  # of the topics of persons and groups


class MqttWire(Wire):
    """Keep-alive is off (0 seconds), so nothing has to be answered. Everybody hears itself in a group."""

    name: ClassVar[str] = "MQTT"
    same_for_all: ClassVar[bool] = True
    own: ClassVar[Own] = Own.SAME
    acknowledges: ClassVar[bool] = False

    def begin(self, person: Person) -> bytes:
        person.stage, person.ready = 0, False
        return _packet(_CONNECT, _string("MQTT") + bytes((4, _CLEAN_SESSION, 0, 0)) + _string(person.name))

    def login_step(self, person: Person, frame: bytes) -> bytes:
        """Connected, then subscribed to all topics at once."""
        if frame[0] == _CONNACK and person.stage == 0:
            if frame[-1]:
                raise Refused(f"CONNACK with code {frame[-1]}")
            person.stage = 1
            topics = [_topic(person.name, group=False), *(_topic(room, group=True) for room in person.rooms)]
            return _packet(_SUBSCRIBE, b"\x00\x01" + b"".join(_string(topic) + b"\x00" for topic in topics))
        if frame[0] == _SUBACK and person.stage == 1:
            if _REFUSED_TOPIC in frame[4:]:
                raise Refused("a subscription was refused")
            person.ready = True
        elif frame[0] != _PUBLISH:
            raise Unreadable(f"{frame[:40].hex()} while logging in")
        return b""

    def ping(self, person: Person) -> bytes:
        return bytes((_PING, 0))

    def is_pong(self, frame: bytes) -> bool:
        return frame == _PONG_PACKET

    def speaker(self, person: Person, to: Conversation) -> Speaker:
        topic = _string(_topic(to.name, to.group))

        def speak(number: int, text: str) -> bytes:
            body = topic + text.encode()
            size = len(body)
            return b"\x30%c%b" % (size, body) if size < 128 else _packet(_PUBLISH, body)

        return speak

    def ends(self, data: bytes) -> Sequence[int]:
        return [end for _, end in _bodies(data)]

    def parse(self, frames: bytes) -> Heard:
        heard = Heard()
        messages, texts, begin = heard.messages, frames.decode("latin-1"), 0
        for body, end in _bodies(frames):
            if frames[begin] == _PUBLISH:
                named = body + 2 + int.from_bytes(frames[body : body + 2], "big")
                if named > end or texts[body + 2 : body + 4] not in _PREFIXES:
                    raise Unreadable(f"PUBLISH with a topic of ours nowhere: {frames[begin : begin + 40].hex()}")
                messages.append(("", texts[body + 4 : named], texts[named:end], 0))
            else:
                heard.others.append(frames[begin:end])
            begin = end
        return heard


def _topic(name: str, group: bool) -> str:
    return _PREFIXES[group] + name


def _string(text: str) -> bytes:
    return len(text).to_bytes(2, "big") + text.encode()


def _packet(head: int, body: bytes) -> bytes:
    """The length goes out in groups of seven bits, the lowest first."""
    packet, left = bytearray((head,)), len(body)
    while left > 127:
        packet.append(left & 127 | 128)
        left >>= 7
    packet.append(left)
    return bytes(packet + body)


def _bodies(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the body of each complete packet begins and ends. Raises Unreadable."""
    at, size = 0, len(data)
    while at + 1 < size:
        length, body = data[at + 1], at + 2
        if length > 127:
            length, body = _long(data, at + 1)
            if not body:
                return
        at = body + length
        if at > size:
            return
        yield body, at


def _long(data: bytes, at: int) -> tuple[int, int]:
    """A length of more than one byte that begins at ``at``, and where the body begins; 0: more bytes are needed."""
    length = 0
    for place in range(_LONGEST):
        if at + place >= len(data):
            return 0, 0
        digit = data[at + place]
        length |= (digit & 127) << 7 * place
        if digit < 128:
            return length, at + place + 1
    raise Unreadable(f"no length of a packet: {data[at : at + _LONGEST].hex()}")
