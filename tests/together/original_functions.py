"""What the original system does for its users: THE table of its functions, each played by unmodified clients.

Each is the original server's duty as its client shows it: in a window, a list or a box. The tests walk the table on
both engines.
"""

from __future__ import annotations

from tests.support.filing import some_bytes
from tests.support.original_client import OriginalClient
from tests.together.cast import Cast
from tests.together.plays import Plays

FUNCTIONS = Plays()
function = FUNCTIONS.enter

CONTENT = some_bytes(300_000)


# -- accounts ------------------------------------------------------------------------


@function("register a new name")
def _register(cast: Cast) -> None:
    ann = cast.original("ann")
    ann.register()
    ann.wait(lambda: ann.boxes == ["registered"], "the box")
    ann.log_in()
    ann.wait(lambda: ann.in_main_window, "the account is there")


@function("register a name that is taken")
def _register_taken(cast: Cast) -> None:
    cast.account("ann")
    ann = cast.original("ann")
    ann.register()
    assert ann.boxes == ["not registered"]


@function("log in with a wrong password, then with the right one")
def _wrong_password(cast: Cast) -> None:
    cast.account("ann")
    ann = cast.original("ann")
    ann.log_in("something else")
    assert ann.boxes == ["wrong password"]
    ann.log_in()
    ann.wait(lambda: ann.in_main_window, "the main window")


@function("log in with a name that nobody has")
def _unknown_user(cast: Cast) -> None:
    ann = cast.original("ann")
    ann.log_in()
    assert ann.boxes == ["no such user"]


@function("lists of friends and groups at a login")
def _lists(cast: Cast) -> None:
    friends = cast.befriend("ann", "ben", "cem")[1:]
    groups = [cast.in_group(word, "ann", "ben") for word in ("crew", "club")]
    ann = cast.enter("ann")
    assert (sorted(ann.friends), sorted(ann.groups)) == (sorted(friends), sorted(groups))
    [reply] = ann.answers("login_reply")
    assert reply["friend"].endswith("|")
    assert reply["group"].endswith("|")


@function("a login of somebody who has neither friends nor groups")
def _empty_lists(cast: Cast) -> None:
    ann = cast.enter("ann")
    assert (ann.friends, ann.groups) == ([], [])


# -- friends ---------------------------------------------------------------------------


@function("add a friend who is there: both have each other in their lists")
def _add(cast: Cast) -> None:
    ann, ben = cast.enter("ann"), cast.enter("ben")
    ann.add(ben.name)
    ann.wait(lambda: ann.friends == [ben.name], "the friend in the list")
    ben.wait(lambda: ben.friends == [ann.name], "and in the other's")
    assert (ann.boxes, ben.boxes) == (["a new friend"], [f"{ann.name} has added you"])
    ann.say(ben.name, "hello, ben")
    ben.say(ann.name, "hello, ann")
    ann.wait(lambda: set(ann.windows[ben.name]) == {"hello, ben", "hello, ann"}, "what ben says")
    ben.wait(lambda: set(ben.windows[ann.name]) == {"hello, ben", "hello, ann"}, "what ann says")


@function("add a friend who is away")
def _add_away(cast: Cast) -> None:
    [name] = cast.account("ben")
    ann = cast.enter("ann")
    ann.add(name)
    ann.wait(lambda: ann.friends == [name], "the friend in the list")
    assert cast.enter("ben").friends == [ann.name]


@function("add somebody who does not exist, and somebody who is a friend already")
def _add_wrong(cast: Cast) -> None:
    cast.befriend("ann", "ben")
    ann = cast.enter("ann")
    ann.add(cast.name("nobody"))
    ann.add(cast.name("ben"))
    assert ann.boxes == ["no such user", "friends already"]
    assert ann.friends == [cast.name("ben")]


@function("a friend comes")
def _comes(cast: Cast) -> None:
    cast.befriend("ann", "ben")
    ann = cast.enter("ann")
    ben = cast.enter("ben")
    ann.wait(lambda: ann.boxes == [f"{ben.name} has come"], "the box")
    _talk(ann, ben)


@function("a friend leaves by closing the main window")
def _leaves(cast: Cast) -> None:
    cast.befriend("ann", "ben")
    ben, ann = cast.enter("ben"), cast.enter("ann")
    ben.wait(lambda: ben.boxes, "ann has come")
    ben.close_main_window()
    ann.wait(lambda: ann.boxes == [f"{ben.name} has gone"], "the box")


@function("a friend's program ends without a word")
def _vanishes(cast: Cast) -> None:
    cast.befriend("ann", "ben")
    ben, ann = cast.enter("ben"), cast.enter("ann")
    ben.kill()
    ann.wait(lambda: ann.boxes == [f"{ben.name} has gone"], "the box")


# -- groups ------------------------------------------------------------------------------


@function("make a group, which is in the list at the next login, too")
def _create_group(cast: Cast) -> None:
    ann, crew = cast.enter("ann"), cast.name("crew")
    ann.create_group(crew)
    assert ann.groups == [crew]
    ann.quit()
    assert cast.enter("ann").groups == [crew]


@function("make a group that exists")
def _group_exists(cast: Cast) -> None:
    crew = cast.in_group("crew", "ben")
    ann = cast.enter("ann")
    ann.create_group(crew)
    assert (ann.boxes, ann.groups) == (["there is such a group"], [])


@function("join a group, and talk in it")
def _join(cast: Cast) -> None:
    crew = cast.in_group("crew", "ben")
    ben, ann = cast.enter("ben"), cast.enter("ann")
    ann.join(crew)
    assert (ann.groups, ann.boxes) == ([crew], [])
    ann.say_in(crew, "hello, all")
    ben.sees_in(crew, "hello, all")


@function("join a group that does not exist, and one that one is in")
def _join_wrong(cast: Cast) -> None:
    crew = cast.in_group("crew", "ann")
    ann = cast.enter("ann")
    ann.join(cast.name("nowhere"))
    ann.join(crew)
    assert (ann.boxes, ann.groups) == (["no such group", "in that group already"], [crew])


@function("who is in a group")
def _members(cast: Cast) -> None:
    crew = cast.in_group("crew", "ann", "ben", "cem")
    ann = cast.enter("ann")
    ann.open_group_window(crew)
    ann.wait(lambda: crew in ann.members, "its members")
    assert ann.members[crew].endswith("|")
    assert sorted(ann.members[crew][:-1].split("|")) == cast.account("ann", "ben", "cem")


@function("talk among three in a group: each text once in each window, in one order")
def _group_chat(cast: Cast) -> None:
    words = ("ann", "ben", "cem")
    crew = cast.in_group("crew", *words)
    ann, ben, cem = (cast.enter(word) for word in words)
    for number in range(3):
        ann.say_in(crew, f"ann {number}")
        ben.say_in(crew, f"ben {number}")
    heard = {f"{name} {number}" for name in ("ann", "ben") for number in range(3)}
    for client in (ann, ben, cem):
        client.wait(lambda c=client: len(c.group_windows.get(crew, [])) >= 6, "all of it")  # type: ignore[misc]
        window = client.group_windows[crew]
        assert len(window) == 6
        assert set(window) == heard
        for name in ("ann", "ben"):
            assert [text for text in window if text.startswith(name)] == [f"{name} {n}" for n in range(3)]
    cem.say_in(crew, "good night")
    for client in (ann, ben):
        client.wait(lambda c=client: c.group_windows[crew][6:] == ["good night"], "the last word")  # type: ignore[misc]


# -- private conversations -------------------------------------------------------------------


@function("talk to each other")
def _private_chat(cast: Cast) -> None:
    cast.befriend("ann", "ben")
    ann = cast.enter("ann")
    ben = cast.enter("ben")
    _talk(ann, ben)
    ann.say(ben.name, "zwei\nZeilen, 世界 👩‍🚀 \"'\\")
    ben.wait(lambda: ben.windows[ann.name][2:] == ["zwei\nZeilen, 世界 👩‍🚀 \"'\\"], "as it was written")


@function("talk to somebody who is no friend")
def _strangers(cast: Cast) -> None:
    _talk(cast.enter("ann"), cast.enter("ben"))


@function("a friend who is away: the sender is told, the friend gets it at the next login")
def _away(cast: Cast) -> None:
    [_, name] = cast.befriend("ann", "ben")
    ann = cast.enter("ann")
    ann.say(name, "are you there?")
    ann.wait(lambda: ann.boxes == ["the other is away"], "the box")
    ann.say(name, "well, later")
    ann.wait(lambda: ann.boxes == ["the other is away"] * 2, "the other box")
    ben = cast.enter("ben")
    ben.sees(ann.name, "are you there?", "well, later")


@function("after the main window was closed, an open window says that nothing goes out any more")
def _offline_then_say(cast: Cast) -> None:
    ann, ben = cast.enter("ann"), cast.enter("ben")
    _talk(ann, ben)
    ann.close_main_window()
    ann.say(ben.name, "still here?")
    ann.wait(lambda: ann.boxes == ["the other is away"], "the box")
    assert ben.windows[ann.name] == ["hello, ben", "hello, ann"]


# -- files ------------------------------------------------------------------------------------


@function("send a file")
def _file(cast: Cast) -> None:
    ann, ben = cast.enter("ann"), cast.enter("ben")
    path = cast.file(CONTENT)
    ann.send_file(ben.name, path)
    ben.wait(lambda: ben.files.received, "the file")
    [received] = ben.files.received
    assert received.name == path.name
    assert received.read_bytes() == CONTENT
    _talk(ann, ben)


@function("send a file to somebody who is away")
def _file_away(cast: Cast) -> None:
    [name] = cast.account("ben")
    ann = cast.enter("ann")
    ann.send_file(name, cast.file(CONTENT))
    ann.wait(lambda: ann.boxes == ["the other is away"], "the box")


def _talk(ann: OriginalClient, ben: OriginalClient) -> None:
    """One word each, then both windows are right."""
    ann.say(ben.name, "hello, ben")
    ben.sees(ann.name, "hello, ben")
    ben.say(ann.name, "hello, ann")
    ann.sees(ben.name, "hello, ben", "hello, ann")
