"""What happens to people on bad days: original clients with slow windows, boxes and deaths, beside clients of today.

The original server lost messages in most of these plays; ours shall not. The tests walk this table, too.
"""

from __future__ import annotations

from chatwire.client import Client
from tests.support.waiting import wait_until
from tests.together.cast import Cast
from tests.together.plays import Plays

SLOW = 0.12  # seconds for a window, on a loaded machine

BAD_DAYS = Plays()
bad_day = BAD_DAYS.enter


def say(client: Client, to: str, *texts: str) -> list[str]:
    """Several messages of a client of today; the result words."""
    return [str(client.private_chat(to, text)["result"]) for text in texts]


def numbered(count: int, word: str = "") -> list[str]:
    return [f"{word} {number}" for number in range(count)]


@bad_day("twenty missed messages, and four windows that take long")
def _twenty_missed_messages_in_four_windows(cast: Cast) -> None:
    ann, crew = cast.name("ann"), cast.in_group("crew", "ann", "ben")
    cast.account("ann")
    senders = {word: cast.modern(word) for word in ("ben", "cem", "dora")}
    for number in range(5):
        for word, sender in senders.items():
            say(sender, ann, f"{word} {number}")
        senders["ben"].group_chat(crew, f"all {number}")
    client = cast.enter("ann", window=SLOW)
    for word, sender in senders.items():
        client.sees(sender.user or "", *numbered(5, word))
    client.sees_in(crew, *numbered(5, "all"))


@bad_day("many talk at once to somebody whose windows take long")
def _many_talk_at_once_to_somebody_whose_windows_are_slow(cast: Cast) -> None:
    ann, crew = cast.enter("ann", window=SLOW), cast.in_group("crew", "ann", "ben")
    senders = {word: cast.modern(word) for word in ("ben", "cem", "dora")}
    for number in range(3):
        for word, sender in senders.items():
            say(sender, ann.name, f"{word} {number}")
        senders["ben"].group_chat(crew, f"all {number}")
    for word, sender in senders.items():
        ann.sees(sender.user or "", *numbered(3, word))
    ann.sees_in(crew, *numbered(3, "all"))


@bad_day("answers come among what others say")
def _answers_come_among_what_others_say(cast: Cast) -> None:
    """What the server answers to somebody destroys nothing that others send to them, and the other way round."""
    cast.befriend("ann", "ben")
    ann, ben = cast.enter("ann", window=SLOW), cast.modern("ben")
    for number in range(4):
        say(ben, ann.name, f"ben {number}")
        ann.say(ben.user or "", f"ann {number}")
    wait_until(lambda: len(ann.answers("private_chat_reply")) == 4, "all are answered")
    shown = {*numbered(4, "ann"), *numbered(4, "ben")}
    ann.wait(lambda: set(ann.windows[ben.user or ""]) == shown, "all of it")
    assert len(ann.windows[ben.user or ""]) == 8


@bad_day("what is sent while a box is open is shown afterwards")
def _what_is_sent_while_a_box_is_open_is_shown_afterwards(cast: Cast) -> None:
    cast.befriend("ann", "ben")
    ann = cast.enter("ann", window=SLOW, patience=None)
    ben = cast.modern("ben", after=None)
    ann.wait(lambda: ann.box, "ben has come")
    assert say(ben, ann.name, *numbered(3)) == ["success"] * 3
    assert say(cast.modern("cem"), ann.name, "I, too") == ["success"]
    ann.close_box()
    ann.say(ben.user or "", "just a moment")
    ann.sees(cast.name("cem"), "I, too")
    ann.sees(ben.user or "", "just a moment", *numbered(3))


@bad_day("who dies without having read gets it at the next login")
def _who_dies_without_having_read_gets_it_at_the_next_login(cast: Cast) -> None:
    ann, ben = cast.enter("ann"), cast.modern("ben")
    say(ben, ann.name, "are you there?")
    ann.sees(ben.user or "", "are you there?")
    ann.say(ben.user or "", "yes")  # a request, which shows that the first message has been received
    ann.hang()
    assert say(ben, ann.name, *numbered(4)) == ["success"] * 4
    ann.kill()
    wait_until(lambda: say(ben, ann.name, "gone?") == ["offline"], "the server has noticed")
    again = cast.enter("ann")
    again.wait(lambda: again.windows.get(ben.user or "", [])[-1:] == ["gone?"], "the last of them")
    assert again.windows[ben.user or ""][:4] == numbered(4)


@bad_day("what was read before a request does not come again")
def _what_was_read_before_a_request_does_not_come_again(cast: Cast) -> None:
    ann, ben = cast.enter("ann"), cast.modern("ben")
    say(ben, ann.name, *numbered(2))
    ann.sees(ben.user or "", *numbered(2))
    ann.quit()
    said: list[str] = []

    def gone() -> bool:
        said.append("and now?")
        return say(ben, ann.name, said[-1]) == ["offline"]

    wait_until(gone, "the server has noticed")
    cast.enter("ann").sees(ben.user or "", *said)


@bad_day("what clients of today tell each other does not reach an original one")
def _what_clients_of_today_tell_each_other_does_not_reach_it(cast: Cast) -> None:
    cast.befriend("ann", "ben")
    crew = cast.in_group("crew", "ann", "ben")
    ann, ben = cast.enter("ann"), cast.modern("ben", after=None)
    ann.wait(lambda: ann.boxes, "ben has come")
    mid = ben.private_chat(ann.name, "hello")["mid"]
    ben.send("typing", peer=ann.name)
    ben.send("typing", group=crew)
    ben.expect("read", peer=ann.name, mid=mid)
    cast.modern("cem").expect("add_group", group=crew)
    ben.expect("leave_group", group=crew)
    ben.expect("remove_friend", friend=ann.name)
    assert say(ben, ann.name, "that was all") == ["success"]
    ann.open_group_window(crew)
    ann.sees(ben.user or "", "hello", "that was all")
    ann.wait(lambda: ann.members, "the members")
    assert ann.members[crew] == f"{ann.name}|{cast.name('cem')}|"


@bad_day("another user logs in on the same connection")
def _another_user_logs_in_on_the_same_connection(cast: Cast) -> None:
    client, cem = cast.enter("ann"), cast.modern("cem")
    cast.account("ben")
    say(cem, client.name, "for ann")
    client.sees(cem.user or "", "for ann")
    client.close_main_window()
    wait_until(lambda: say(cem, client.name, "ann is away") == ["offline"], "ann has gone")
    client.show_login_window()
    client.name = cast.name("ben")
    client.enter(known=True)
    say(cem, client.name, "for ben")
    client.sees(cem.user or "", "for ann", "for ben")


@bad_day("a text that is too long is refused, so that it is seen")
def _too_long(cast: Cast) -> None:
    ann, ben = cast.enter("ann"), cast.enter("ben")
    for count, size in enumerate((20_000, 70_000), 1):  # more than a text may have, more than an object may have
        ann.say(ben.name, "x" * size)
        ann.wait(lambda: len(ann.boxes) == count, "the box")  # noqa: B023
    assert set(ann.boxes) == {"the other is away"}
    ann.say(ben.name, "short")
    ben.sees(ann.name, "short")


@bad_day("odd names are refused, in words that are shown")
def _odd_names(cast: Cast) -> None:
    ann, stranger = cast.enter("ann"), cast.original("ben")
    for odd in ("a|b", " ", "x" * 40, "", "a\tb"):
        ann.boxes.clear()
        ann.add(odd)
        ann.join(odd)
        ann.create_group(odd)
        assert ann.boxes == ["no such user", "no such group", "there is such a group"]
        stranger.boxes.clear()
        stranger.name = odd
        stranger.register("password")
        stranger.log_in("password")
        assert stranger.boxes[0] == "not registered"
        assert stranger.boxes[1] in ("no such user", "wrong password")
