"""The original client and its person: what is written when something is clicked, and what its windows show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.support.original import to_json
from tests.support.original_eyes import Eyes, Object
from tests.support.original_files import FileThreads
from tests.support.waiting import wait_until

WINDOW = 0.06  # seconds that a window of a conversation costs on an idle machine; over 0.12 on one that is loaded
PATIENCE = 0.02  # seconds that a box stays open: its person is quick

_LOGIN_BOXES = {"user_not_exist": "no such user", "password_error": "wrong password"}
_BOXES = {
    "add_reply": {"user_not_exist": "no such user", "already_friend": "friends already", "success": "a new friend"},
    "create_group_reply": {"group_exist": "there is such a group"},
    "add_group_reply": {"group_not_exist": "no such group", "user_in_group": "in that group already"},
    "private_chat_reply": {"offline": "the other is away"},
    "send_file_reply": {"offline": "the other is away", "timeout": "the file has no connection"},
}
_SILENT = {"create_group_reply": "success", "add_group_reply": "success", "private_chat_reply": "success"}


class OriginalClient(Eyes):
    """One run of the program, with a user ``name`` in front of it whose password is the name.

    ``windows`` and ``group_windows`` hold the texts that each window shows, its person's own among them. ``ignored``
    are objects that it does not know, and words that show its person nothing: there shall be none.
    """

    def __init__(
        self,
        address: tuple[str, int],
        name: str,
        folder: Path | None = None,
        *,
        source: str = "127.0.0.1",
        window: float = WINDOW,
        patience: float | None = PATIENCE,
        crashes: bool = False,
    ) -> None:
        """``folder``: for files that come. ``crashes``: after the first of them, as the real one does."""
        self.name = name
        self.friends: list[str] = []
        self.groups: list[str] = []
        self.windows: dict[str, list[str]] = {}
        self.group_windows: dict[str, list[str]] = {}
        self.members: dict[str, str] = {}  # of a group, as it was told
        self.heard: list[Object] = []
        self.ignored: list[Object] = []
        self.in_main_window = False
        self.crashed = False
        self._window = window
        self._crashes = crashes
        self.files = FileThreads(address[0], source, folder, self._whole)
        super().__init__(address, source, patience, name)

    def __repr__(self) -> str:
        said = (
            f"<{self.name}: windows={self.windows} groups={self.group_windows} box={self.box!r} boxes={self.boxes}"
            f" heard={len(self.heard)} last={self.heard[-1:]} lost={self.lost} unread={self._unread!r}"
            f" ignored={self.ignored} excused={self.excused} disconnected={self.disconnected}>"
        )
        return said if len(said) < 2000 else f"{said[:1500]} ... {said[-500:]}"

    # -- its person: any thread ----------------------------------------------------

    def enter(self, *, known: bool = False) -> None:
        """Register, unless known, and log in; return when the main window is there."""
        if not known:
            self.register()
        self.log_in()
        self.wait(lambda: self.in_main_window, "the main window")

    def register(self, password: str = "") -> None:
        """Fill in the login window and click on register; return when a box has answered."""
        self._ask({"cmd": "register", "user": self.name, "password": password or self.name}, "register_reply")

    def log_in(self, password: str = "") -> None:
        """The same with login; a box answers, or the main window."""
        self._ask(self._login(password), "login_reply")

    def click_login(self) -> None:
        """The same without waiting for it."""
        self.act(lambda: self._request(self._login("")))

    def add(self, friend: str) -> None:
        self._ask({"cmd": "add", "user": self.name, "friend": friend}, "add_reply")

    def create_group(self, group: str) -> None:
        self._ask({"cmd": "create_group", "user": self.name, "group": group}, "create_group_reply")

    def join(self, group: str) -> None:
        self._ask({"cmd": "add_group", "user": self.name, "group": group}, "add_group_reply")

    def open_window(self, friend: str) -> None:
        """A double click on a friend."""
        self.act(lambda: self._open(friend))

    def open_group_window(self, group: str) -> None:
        """A double click on a group; the window asks who is in it."""
        self.act(lambda: self._open_group(group))

    def say(self, friend: str, text: str) -> None:
        """Type into a friend's window, which is opened if need be. What is sent is shown at once."""

        def click() -> None:
            self._open(friend)
            self._request({"cmd": "private_chat", "user_from": self.name, "user_to": friend, "text": text})
            self.windows[friend].append(text)

        self.act(click)

    def say_in(self, group: str, text: str) -> None:
        """The same in a group's window."""

        def click() -> None:
            self._open_group(group)
            self._request({"cmd": "group_chat", "user": self.name, "group": group, "text": text})
            self.group_windows[group].append(text)

        self.act(click)

    def send_file(self, friend: str, path: Path | str, length: int | str | None = None) -> None:
        """Choose a file in a friend's window; one that is given a ``length`` need not be there."""
        size = Path(path).stat().st_size if length is None else length
        request = {
            "cmd": "send_file", "from_user": self.name, "to_user": friend, "filename": str(path), "length": size,
        }  # fmt: skip
        self.act(lambda: self._request(request))

    def close_main_window(self) -> None:
        """Windows of conversations stay open, and so does the connection."""
        self.act(lambda: self._request({"cmd": "offline", "user": self.name}))

    def show_login_window(self) -> None:
        """Not in the program as it was published, whose login window never comes back."""

        def show() -> None:
            self.in_main_window = False

        self.act(show)

    def quit(self) -> None:
        """Close all windows, the main one first."""
        self.close_main_window()
        self.wait(lambda: not self._unsent, "what was written is gone")
        self.kill()

    def kill(self) -> None:
        super().kill()
        self.files.join()

    # -- what its person waits for: any thread -----------------------------------------

    def wait(self, condition: Callable[[], object], what: str) -> None:
        """Until the condition holds; if it never does, say what this client has been through."""
        try:
            wait_until(condition, what)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self}") from None

    def sees(self, friend: str, *texts: str) -> None:
        """A friend's window shows just these."""
        self.wait(lambda: self.windows.get(friend) == list(texts), f"{friend}'s window shows {texts}")

    def sees_in(self, group: str, *texts: str) -> None:
        """A group's window shows just these."""
        self.wait(lambda: self.group_windows.get(group) == list(texts), f"{group}'s window shows {texts}")

    def answers(self, cmd: str) -> list[Object]:
        """What has been heard under this name so far."""
        return [obj for obj in self.heard if obj.get("cmd") == cmd]

    def assert_well(self) -> None:
        """Nothing was lost, nothing was left lying, nothing was said that it does not understand."""
        wrong = self.lost or self._unread or self.ignored or self.files.problems or self.disconnected
        assert not wrong, f"{self}, files: {self.files.problems}"

    # -- the program: its thread -----------------------------------------------------

    def seen(self, obj: Object) -> None:
        self.heard.append(obj)
        cmd = obj.get("cmd")
        react = (self._main_words() if self.in_main_window else self._login_words()).get(str(cmd))
        if react is not None:
            react(obj)
        elif not self.in_main_window or cmd != "group_chat_reply":  # to which it never has reacted
            self.ignored.append(obj)

    def _login_words(self) -> dict[str, Callable[[Object], None]]:
        return {"register_reply": self._registered, "login_reply": self._logged_in}

    def _main_words(self) -> dict[str, Callable[[Object], None]]:
        return {
            "friend_login": lambda obj: self.show_box(f"{obj['friend']} has come"),
            "friend_offline": lambda obj: self.show_box(f"{obj['friend']} has gone"),
            "add_friend_reply": self._was_added,
            "add_reply": self._added,
            "create_group_reply": self._in_group,
            "add_group_reply": self._in_group,
            "private_chat_reply": self._box_or_nothing,
            "send_file_reply": self._box_or_nothing,
            "private_chat": self._private_text,
            "group_chat": self._group_text,
            "get_group_member_reply": self._members_told,
            "send_file_port_reply": self.files.send,
            "recv_file_port_reply": self.files.receive,
        }

    def _registered(self, obj: Object) -> None:
        self.show_box("registered" if obj.get("result") == "success" else "not registered")

    def _logged_in(self, obj: Object) -> None:
        result = obj.get("result")
        if result == "success":
            self.friends = [name for name in str(obj.get("friend", "")).split("|") if name]
            self.groups = [name for name in str(obj.get("group", "")).split("|") if name]
            self.busy(self._window)
            self.in_main_window = True
        elif result in _LOGIN_BOXES:
            self.show_box(_LOGIN_BOXES[result])
        else:
            self.ignored.append(obj)

    def _was_added(self, obj: Object) -> None:
        friend = str(obj["result"])
        self.show_box(f"{friend} has added you", lambda: self.friends.append(friend))

    def _added(self, obj: Object) -> None:
        self._box_or_nothing(obj)
        if obj.get("result") == "success":
            self._after_box = lambda: self.friends.append(str(obj.get("friend", "")))

    def _in_group(self, obj: Object) -> None:
        self._box_or_nothing(obj)
        if obj.get("result") == "success":
            self.groups.append(str(obj.get("group", "")))

    def _box_or_nothing(self, obj: Object) -> None:
        cmd, result = str(obj["cmd"]), obj.get("result")
        if result in _BOXES[cmd]:
            self.show_box(_BOXES[cmd][result])
        elif result != _SILENT.get(cmd):
            self.ignored.append(obj)

    def _private_text(self, obj: Object) -> None:
        friend = str(obj["user_from"])
        self._open(friend)
        self.windows[friend].append(str(obj["text"]))

    def _group_text(self, obj: Object) -> None:
        group = str(obj["group"])
        self._open_group(group)
        self.group_windows[group].append(str(obj["text"]))

    def _members_told(self, obj: Object) -> None:
        self.members[str(obj.get("group"))] = str(obj.get("member"))

    def _open(self, friend: str) -> None:
        if friend not in self.windows:
            self.busy(self._window)
            self.windows[friend] = []

    def _open_group(self, group: str) -> None:
        if group not in self.group_windows:
            self._request({"cmd": "get_group_member", "group": group})
            self.busy(self._window)
            self.group_windows[group] = []

    def _login(self, password: str) -> Object:
        return {"cmd": "login", "user": self.name, "password": password or self.name}

    def _request(self, fields: Object) -> None:
        self.write(to_json(fields))

    def _ask(self, fields: Object, answer: str) -> None:
        """Click, and wait until an answer has been heard."""
        before = len(self.answers(answer))
        self.act(lambda: self._request(fields))
        self.wait(lambda: len(self.answers(answer)) > before, answer)

    def _whole(self) -> None:
        """A file has come; in its thread."""
        if self._crashes:
            self.crashed = True
            self.die()
