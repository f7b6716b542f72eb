"""Names that are typed decomposed, as some keyboards do, and names that cannot be."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from chatwire.names import typed
from qtclient.i18n import set_language
from qtclient.model import words
from qtclient.model.messages import MessagesModel
from qtclient.records import Sent
from tests.qtclient.model.helpers import group, peer, sessions
from tests.qtclient.support import Daemons, qt_wait

Name = Callable[[str], str]


def test_names_may_be_typed_decomposed(plain_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    """All that follows is about the composed name, so what one has said there oneself is one's own."""
    jose, ines, crew = name("Jose\u0301"), name("Ine\u0301s"), name("e\u0301quipe")
    plain_daemons.register(ines)
    with sessions(plain_daemons, tmp_path, jose) as (one,):
        assert one.user == typed(jose) != jose
        said: list[tuple[bool, str]] = []
        one.add_friend(f" {ines}", lambda ok, text: said.append((ok, text)))
        one.create_group(crew, lambda ok, text: said.append((ok, text)))
        qt_wait(lambda: len(said) == 2 and one.groups == [typed(crew)], "both are there")
        assert [ok for ok, _ in said] == [True, True]
        assert [friend.name for friend in one.friends] == [typed(ines)]
        for key in (peer(typed(ines)), group(typed(crew))):
            one.say(key, "e\u0301")
        for key in (peer(typed(ines)), group(typed(crew))):
            model = one.messages(key)
            qt_wait(partial(stored, model), "it is stored")
            assert (model.message(0).mine, model.message(0).text) == (True, "e\u0301")


def stored(model: MessagesModel) -> bool:
    return model.rowCount() == 1 and model.message(0).sent is Sent.STORED


@pytest.mark.parametrize("field", ["friend", "group", "user"])
def test_a_name_that_cannot_be_is_told_so(field: str) -> None:
    set_language("en")
    said = words.reply({"result": "bad_request", "detail": f"{field}: must not contain control characters or '|'"})
    assert said.startswith("That name is not possible: ")
    assert (
        words.reply({"result": "bad_request", "detail": "text: must be a string"}) == "The server does not accept that."
    )
