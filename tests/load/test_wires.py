"""IRC, MQTT and XMPP: what is said, what is read, and what is no frame at all."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.load.wires.base import Conversation, Person, Refused, Unreadable, Wire
from tests.load.wires.irc import IrcWire
from tests.load.wires.mqtt import MqttWire
from tests.load.wires.xmpp import XmppWire

IRC = (
    b":al!u@127.0.0.2 PRIVMSG #club :one\r\n"
    b":al!u@127.0.0.2 PRIVMSG bo :two words: :)\r\n"
)  # fmt: skip
MQTT = b"\x30\x0b\x00\x06g/clubone" + b"\x30\x0d\x00\x04p/botwo-two"
XMPP = (
    b"<message from='club@rooms.localhost/al' to='bo@localhost/r' type='groupchat' id='1'><body>one</body>"
    b"<stanza-id xmlns='urn:xmpp:sid:0' id='x'/></message>"
    b'<message type="chat" to="bo@localhost/r" from="al@localhost/r"><body>two</body></message>'
)


@pytest.mark.parametrize(
    ("wire", "stream", "messages"),
    [
        (IrcWire(), IRC, [("al", "club", "one", 0), ("al", "bo", "two words: :)", 0)]),
        (MqttWire(), MQTT, [("", "club", "one", 0), ("", "bo", "two-two", 0)]),
        (XmppWire(), XMPP, [("al", "club", "one", 0), ("al", "bo", "two", 0)]),
    ],
)
def test_messages_are_read(wire: Wire, stream: bytes, messages: list[tuple[str, str, str, int]]) -> None:
    heard = wire.parse(stream)
    assert heard.messages == messages
    assert (heard.acks, heard.stamps, heard.others) == ([], [], [])
    assert len(wire.ends(stream)) == 2
    assert wire.cut(stream) == len(stream) == wire.ends(stream)[-1]


@pytest.mark.parametrize(("wire", "stream"), [(IrcWire(), IRC), (MqttWire(), MQTT), (XmppWire(), XMPP)])
def test_a_frame_ends_where_it_ends_however_the_stream_is_cut(wire: Wire, stream: bytes) -> None:
    whole = list(wire.ends(stream))
    for size in range(len(stream)):
        assert list(wire.ends(stream[:size])) == [end for end in whole if end <= size]
        assert wire.cut(stream[:size]) == max((end for end in whole if end <= size), default=0)


@given(st.binary(max_size=200), st.sampled_from([IrcWire(), MqttWire(), XmppWire()]))
def test_whatever_a_server_sends_is_read_or_called_unreadable(data: bytes, wire: Wire) -> None:
    try:
        ends = wire.ends(data)
        assert list(ends) == sorted(set(ends))
        heard = wire.parse(data[: ends[-1]]) if ends else None
    except Unreadable:
        return
    if heard is not None:
        for frame in heard.others:
            wire.is_pong(frame)
            wire.aside(frame)


def test_what_is_no_message_is_handed_on_as_it_came() -> None:
    irc = IrcWire().parse(IRC + b":irc.load PONG irc.load :all\r\nPING :irc.load\r\n")
    assert irc.others == [b":irc.load PONG irc.load :all\r\n", b"PING :irc.load\r\n"]
    assert [IrcWire().is_pong(frame) for frame in irc.others] == [True, False]
    assert [IrcWire().aside(frame) for frame in irc.others] == [None, b"PONG :irc.load\r\n"]
    mqtt = MqttWire().parse(b"\xd0\x00" + MQTT)
    assert mqtt.others == [b"\xd0\x00"]
    assert MqttWire().is_pong(b"\xd0\x00")
    xmpp = XmppWire().parse(XMPP + b"<iq type='result' id='all' from='localhost'/><presence from='a@b'/>")
    assert [XmppWire().is_pong(frame) for frame in xmpp.others] == [True, False]
    assert XmppWire().aside(xmpp.others[1]) == b""


def test_a_message_that_was_said_by_another_or_elsewhere_is_not_read_as_ours() -> None:
    for line in (
        b":al!u@127.0.0.2 NOTICE #club :one\r\n",
        b"x:al!u@127.0.0.2 PRIVMSG #club :one\r\n",
        b":al!u@127.0.0.2 PRIVMSG #club :one\n",
        b":irc.load NOTICE al :a!b PRIVMSG #club :one\r\n",
        b"\n",
    ):
        assert IrcWire().parse(line).others == [line]
        assert not IrcWire().parse(line).messages
    with pytest.raises(Unreadable):
        MqttWire().parse(b"\x30\x0b\x00\x06x/clubone")
    with pytest.raises(Unreadable):
        MqttWire().parse(b"\x30\x03\x00\x06g")
    assert not XmppWire().parse(b"<message type='error' from='al@localhost/r'><body>one</body></message>").messages


def test_lengths_of_mqtt_of_more_than_a_byte() -> None:
    wire, person = MqttWire(), Person(1, "al", "")
    packet = wire.speaker(person, Conversation("club", True))(1, "x" * 300)
    assert wire.ends(packet) == [len(packet)]
    assert not wire.ends(packet[:2])
    assert wire.parse(packet).messages == [("", "club", "x" * 300, 0)]
    with pytest.raises(Unreadable):
        wire.ends(b"\x30\xff\xff\xff\xff\x01")


@pytest.mark.parametrize(
    ("wire", "said"),
    [
        (IrcWire(), (b"PRIVMSG #club :hi\r\n", b"PRIVMSG bo :hi\r\n")),
        (MqttWire(), (b"\x30\x0a\x00\x06g/clubhi", b"\x30\x08\x00\x04p/bohi")),
    ],
)
def test_what_is_said(wire: Wire, said: tuple[bytes, bytes]) -> None:
    person = Person(1, "al", "")
    assert wire.speaker(person, Conversation("club", True))(7, "hi") == said[0]
    assert wire.speaker(person, Conversation("bo", False))(7, "hi") == said[1]


def test_irc_logs_in_and_joins_its_channels() -> None:
    wire, person = IrcWire(), Person(1, "al", "", ("one", "two"))
    assert wire.begin(person) == b"NICK al\r\nUSER u 0 * :u\r\n"
    assert wire.login_step(person, b":irc.load NOTICE al :*** Hello\r\n") == b""
    assert wire.login_step(person, b"PING :7\r\n") == b"PONG :7\r\n"
    assert wire.login_step(person, b":irc.load 001 al :Welcome\r\n") == b""
    assert wire.login_step(person, b":irc.load 422 al :No MOTD\r\n") == b"JOIN #one\r\nJOIN #two\r\n"
    for ready, room in ((False, b"one"), (True, b"two")):
        assert wire.login_step(person, b":al!u@127.0.0.2 JOIN :#" + room + b"\r\n") == b""
        assert wire.login_step(person, b":irc.load 366 al #" + room + b" :End\r\n") == b""
        assert person.ready == ready


def test_mqtt_connects_and_subscribes() -> None:
    wire, person = MqttWire(), Person(1, "al", "", ("club",))
    assert wire.begin(person) == b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x00\x00\x02al"
    assert wire.login_step(person, b"\x20\x02\x00\x00") == b"\x82\x12\x00\x01\x00\x04p/al\x00\x00\x06g/club\x00"
    assert not person.ready
    assert wire.login_step(person, b"\x90\x04\x00\x01\x00\x00") == b""
    assert person.ready


def test_xmpp_logs_in_and_enters_its_rooms() -> None:
    wire, person = XmppWire(), Person(1, "al", "pw", ("club",))
    assert wire.begin(person).startswith(b"<?xml")
    header = b"<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' id='1'>"
    assert wire.ends(header) == [21, len(header)]
    assert wire.login_step(person, header[:21]) == wire.login_step(person, header[21:]) == b""
    features = b"<stream:features><mechanisms><mechanism>PLAIN</mechanism></mechanisms></stream:features>"
    assert wire.ends(features) == [len(features)]
    assert base64.b64encode(b"\0al\0pw") in wire.login_step(person, features)
    assert wire.login_step(person, b"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>").startswith(b"<?xml")
    assert b"<bind" in wire.login_step(person, b"<stream:features><bind/></stream:features>")
    assert b"club@" in wire.login_step(person, b"<iq type='result' id='bind'><bind/></iq>")
    assert wire.login_step(person, b"<presence from='club@rooms.localhost/al'/>") == b""
    assert not person.ready
    assert wire.login_step(person, b"<message type='groupchat'><subject/></message>") == b""
    assert person.ready


@pytest.mark.parametrize(
    ("wire", "frame"),
    [
        (IrcWire(), b":irc.load 433 * al :Nickname is already in use.\r\n"),
        (IrcWire(), b"ERROR :Closing link: (al) [Banned]\r\n"),
        (MqttWire(), b"\x20\x02\x00\x05"),
        (XmppWire(), b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>"),
        (XmppWire(), b"<stream:error><conflict/></stream:error>"),
    ],
)
def test_a_server_that_says_no(wire: Wire, frame: bytes) -> None:
    person = Person(1, "al", "pw")
    wire.begin(person)
    with pytest.raises(Refused):
        wire.login_step(person, frame)
