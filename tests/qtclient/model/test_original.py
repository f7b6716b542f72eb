"""Original clients and desktop clients, without their windows, on both real daemons; a terminal is among them, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.chatwire.terminals import programs, register
from tests.qtclient.model.helpers import Heard, group, peer, sessions, texts
from tests.qtclient.model.offers import done, downloads, offered, only
from tests.qtclient.support import Daemons, qt_wait
from tests.support.filing import some_bytes
from tests.together.cast import Cast

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")

CONTENT = some_bytes(400_000)

Name = Callable[[str], str]


@pytest.fixture
def cast(plain_daemons: Daemons, tmp_path: Path) -> Iterator[Cast]:
    """Original clients; the desktop clients in the tests are friends of theirs."""
    people = Cast(plain_daemons.chat, tmp_path)
    yield people
    people.close()


def test_they_talk_and_send_each_other_files(plain_daemons: Daemons, cast: Cast, name: Name, tmp_path: Path) -> None:
    ann = cast.enter("ann")
    with sessions(plain_daemons, tmp_path, name("ben")) as (ben,):
        heard = Heard(ben)
        ben.add_friend(ann.name, lambda ok, why: None)
        ann.wait(lambda: ann.friends == [ben.user], "ben in the list")
        ann.say(ben.user, "hello, ben")
        qt_wait(lambda: heard.texts() == ["hello, ben"], "ben has got it")
        ben.say(peer(ann.name), "你好, ann")
        qt_wait(lambda: ann.windows[ben.user] == ["hello, ben", "你好, ann"], "ann has got it")
        ann.send_file(ben.user, cast.file(CONTENT, "from ann.bin"))
        ben.download(offered(heard), downloads(tmp_path))
        qt_wait(done(ben, False), "the file is here")
        assert Path(only(ben, False).path).read_bytes() == CONTENT
        ben.send_file(peer(ann.name), cast.file(CONTENT, "from ben.bin"))
        qt_wait(lambda: ann.files.received, "the file is there")
        assert (ann.files.received[0].name, ann.files.received[0].read_bytes()) == ("from ben.bin", CONTENT)


def test_all_three_kinds_in_one_group(plain_daemons: Daemons, cast: Cast, name: Name, tmp_path: Path) -> None:
    ann, cem, crew = cast.enter("ann"), cast.enter("cem"), name("crew")
    with sessions(plain_daemons, tmp_path, name("ben")) as (ben,), programs(plain_daemons.chat, tmp_path) as program:
        ben.create_group(crew, lambda ok, why: None)
        qt_wait(lambda: ben.groups == [crew], "the group")
        for original in (ann, cem):
            original.join(crew)
        dora = register(program, plain_daemons.chat, name("dora"))
        dora.enters(f"/join {crew}")
        dora.shows(f"you are in #{crew} now")
        said = ["from the desktop", "from ann", "from the terminal", "from cem"]
        ben.say(group(crew), said[0])
        ann.sees_in(crew, *said[:1])
        ann.say_in(crew, said[1])
        dora.shows(said[1])
        dora.enters(said[2])
        cem.sees_in(crew, *said[:3])
        cem.say_in(crew, said[3])
        for original in (ann, cem):
            original.sees_in(crew, *said)
        qt_wait(lambda: texts(ben, group(crew)) == said, "the desktop has all of it")
        for text in said:
            dora.shows(text)
