"""The short way of a message gives what the usual way gives, or leaves the request to that."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatd.commands import handlers  # noqa: F401  (fills the command table)
from chatd.commands.call import Call, Refusal
from chatd.commands.table import HANDLERS
from chatd.registry.nodes import Session
from chatd.registry.registry import GroupRegistry, OnlineRegistry, Profile
from chatd.store.records import ChatRecord
from chatwire.codec import Object
from chatwire.errors import BadRequest
from chatwire.fields import MAX_TEXT

ODD: list[Any] = [None, 0, 1, True, 1.5, "", "x", " ann", "ann ", "a|b", "e\u0301", "\u202e", [], {}, ["bob"], {"a": 1}]
NAMES = st.sampled_from(["ann", "bob", "zo\u00e9", "zoe\u0301", "crew", "stranger", *ODD])
TEXTS = st.sampled_from(["hi", "你好", "x" * MAX_TEXT, "x" * (MAX_TEXT + 1), "é" * (MAX_TEXT // 2 + 1), *ODD])
FIELDS = {
    "user_from": NAMES, "user_to": NAMES, "user": NAMES, "group": NAMES, "text": TEXTS,
    "cid": st.sampled_from(["c", "é" * 64, "x" * 65, *ODD]),
}  # fmt: skip
IDS = st.sampled_from([None, 7, "seven"])
PRIVATE: Object = {"user_from": "ann", "user_to": "zo\u00e9", "text": "你好"}
GROUP: Object = {"user": "ann", "group": "crew", "text": "hi"}


class _Desk:
    """Ann's session, in front of an intake that keeps what it is given."""

    def __init__(self) -> None:
        online = OnlineRegistry(GroupRegistry())
        self.records: list[ChatRecord] = []
        self.services = SimpleNamespace(
            online=online, settings=SimpleNamespace(max_text=MAX_TEXT), journal=SimpleNamespace(full=False)
        )
        intake = SimpleNamespace(add=self.records.append)
        self.peer = cast(Any, SimpleNamespace(services=self.services, intake=intake, in_flight=0, loop=None))
        profile = Profile(1, "ann", {"bob": 2, "zo\u00e9": 3}, {"crew": 7})
        self.session = self.peer.session = online.enter(profile, lambda user: Session(user, self.peer, b"")).session

    def short(self, cmd: str, request: Object, request_id: Any) -> ChatRecord | None:
        express = HANDLERS[cmd].express
        assert express is not None
        return express(self.session, request, request_id, MAX_TEXT)

    def usual(self, cmd: str, request: Object, request_id: Any) -> ChatRecord | None:
        """None: it is refused, or the database has to be asked."""
        handler = HANDLERS[cmd]
        try:
            args = handler.command.check(request)
            if any(args.get(field, "ann") != "ann" for field in handler.command.own):
                return None
            handler.function(Call(self.peer, handler.command, args, request_id))
        except (BadRequest, Refusal):
            return None
        return self.records.pop() if self.records else None


def _values(record: ChatRecord) -> dict[str, object]:
    return {name: getattr(record, name) for name in ChatRecord.__slots__}


@given(st.sampled_from(["private_chat", "group_chat"]), st.fixed_dictionaries({}, optional=FIELDS), IDS)
@example("private_chat", PRIVATE | {"text": "x" * MAX_TEXT}, 1)
@example("private_chat", PRIVATE | {"user_to": "zoe\u0301"}, None)
@example("private_chat", PRIVATE | {"user_to": "ann"}, None)
@example("group_chat", GROUP | {"cid": "x" * 65}, None)
def test_short_way_decides_nothing_by_itself(cmd: str, request: Object, request_id: Any) -> None:
    desk = _Desk()
    record = desk.short(cmd, request, request_id)
    if record is not None:
        expected = desk.usual(cmd, request, request_id)
        assert expected is not None
        assert _values(record) == _values(expected)


@pytest.mark.parametrize("request_id", [None, 7, "seven"])
@pytest.mark.parametrize("more", [{}, {"cid": "c"}, {"unknown": [1]}])
@pytest.mark.parametrize(("cmd", "request_"), [("private_chat", PRIVATE), ("group_chat", GROUP)])
def test_usual_requests_take_the_short_way(cmd: str, request_: Object, more: Object, request_id: Any) -> None:
    assert _Desk().short(cmd, request_ | more, request_id) is not None


@pytest.mark.parametrize(
    ("cmd", "request_"),
    [
        ("private_chat", PRIVATE | {"user_from": "bob"}),
        ("private_chat", PRIVATE | {"user_to": "stranger"}),
        ("private_chat", PRIVATE | {"text": "x" * (MAX_TEXT + 1)}),
        ("private_chat", PRIVATE | {"cid": ""}),
        ("group_chat", GROUP | {"user": "bob"}),
        ("group_chat", GROUP | {"group": "strangers"}),
        ("group_chat", GROUP | {"text": 7}),
        ("group_chat", GROUP | {"cid": 7}),
    ],
)
def test_others_are_left_to_the_usual_way(cmd: str, request_: Object) -> None:
    assert _Desk().short(cmd, request_, None) is None
