"""IRC, as InspIRCd speaks it: a group is a channel, a private conversation goes to a nick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from tests.load.wires.base import Conversation, Heard, Own, Person, Refused, Speaker, Unreadable, Wire, line_ends

_JOINED, _NO_MOTD, _END_OF_MOTD = b"366", b"422", b"376"
_SAID = 200  # characters of a server's complaint that are shown


class IrcWire(Wire):
    """``stage`` counts the channels that are still to be joined; -1: not registered yet."""

    name: ClassVar[str] = "IRC"
    same_for_all: ClassVar[bool] = True
    own: ClassVar[Own] = Own.NOTHING
    acknowledges: ClassVar[bool] = False

    def begin(self, person: Person) -> bytes:
        person.stage, person.ready = -1, False
        return b"NICK %b\r\nUSER u 0 * :u\r\n" % person.name.encode()

    def login_step(self, person: Person, frame: bytes) -> bytes:
        """Registered at the end of the greeting; then the channels, one after the other."""
        if frame.startswith((b"PING ", b"ERROR ")):
            if answer := self.aside(frame):
                return answer
            raise Refused(_shown(frame))
        words = frame.split(b" ", 3)
        if len(words) < 3:
            raise Unreadable(_shown(frame))
        code = words[1]
        if code in (_NO_MOTD, _END_OF_MOTD) and person.stage < 0:
            person.stage = len(person.rooms)
            person.ready = not person.rooms
            return b"".join(b"JOIN #%b\r\n" % room.encode() for room in person.rooms)
        if code == _JOINED:
            person.stage -= 1
            person.ready = person.stage == 0
        elif code[:1] in (b"4", b"5") and code.isdigit():
            raise Refused(_shown(frame))
        return b""

    def ping(self, person: Person) -> bytes:
        return b"PING :all\r\n"

    def is_pong(self, frame: bytes) -> bool:
        return b" PONG " in frame[:100] and frame.endswith(b" :all\r\n")

    def speaker(self, person: Person, to: Conversation) -> Speaker:
        opening = f"PRIVMSG {'#' if to.group else ''}{to.name} :"

        def speak(number: int, text: str) -> bytes:
            return f"{opening}{text}\r\n".encode()

        return speak

    def ends(self, data: bytes) -> Sequence[int]:
        return line_ends(data)

    def cut(self, data: bytes) -> int:
        return data.rfind(b"\n") + 1

    def parse(self, frames: bytes) -> Heard:
        """``:nick!user@host PRIVMSG #channel :text``; the "#" belongs to the protocol and not to the group's name."""
        heard = Heard()
        messages, others = heard.messages, heard.others
        for line in frames.decode("latin-1").split("\n")[:-1]:
            source, is_message, rest = line.partition(" PRIVMSG ")
            to, has_text, text = rest.partition(" :")
            nick, is_person, host = source.partition("!")
            right = is_message and has_text and is_person and nick[:1] == ":" and text[-1:] == "\r"
            if right and " " not in host and " " not in nick:
                messages.append((nick[1:], to[1:] if to[:1] == "#" else to, text[:-1], 0))
            else:
                others.append(f"{line}\n".encode("latin-1"))
        return heard

    def aside(self, frame: bytes) -> bytes | None:
        """The server asks whether we are there."""
        return b"PONG %b" % frame[5:] if frame.startswith(b"PING ") else None


def _shown(frame: bytes) -> str:
    """What a server said, harmless on a terminal."""
    return ascii(frame[:_SAID].decode(errors="replace").rstrip())
