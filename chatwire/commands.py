"""The table of commands: fields, limits, result words. Server, client and `docs/PROTOCOL.md` all read it from here."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from chatwire import fields as f
from chatwire.codec import Object
from chatwire.errors import BadRequest

BAD_OBJECTS_IN_A_ROW = 8  # after so many the connection is closed
LEGACY_GAP = 0.150  # seconds between two objects to a legacy connection
LEGACY_OPENING_GAP = 0.250  # after the first of a conversation, for which it makes a window
LEGACY_BOX = 5.0  # after one that opens a modal box, unless a request comes earlier
LEGACY_AWAY = 30.0  # without a request after such a box: nobody may be there to close it
TYPING_GAP = 3.0  # seconds; a typing notice within this time of the last one is dropped
MAX_FRAME = 64 * 1024  # bytes, the default of --max-frame

GENERIC_RESULTS = {
    "bad_request": "a field is missing or wrong; `detail` names it",
    "not_logged_in": "the command needs a session",
    "forbidden": "the object claims another user than the session's, or the command is not for you",
    "rate_limited": "too many requests; try again after `retry_after_ms`",
    "limit_reached": "a size limit of this server; `detail` names it",
    "busy": "nothing was done; the database is away or a queue is full. Try again",
    "internal": "nothing more can be said; the server's log has the reason",
}


@dataclass(frozen=True)
class Field:
    """One field of a request. ``own`` marks the sender's own name: it may be missing, and must not be another's."""

    name: str
    check: f.Check
    doc: str
    required: bool = True
    own: bool = False


@dataclass(frozen=True)
class Command:
    """One request.

    ``rate`` is the class whose token bucket pays for it; ``results`` are the words beside the generic ones;
    ``one_of`` names two fields of which exactly one must be there; ``reply`` describes the fields of the reply, and
    ``success`` is its name when that is another one. A command with ``daemon`` is for the file daemon alone.
    """

    name: str
    doc: str
    rate: str
    fields: tuple[Field, ...]
    results: dict[str, str]
    reply: dict[str, str] = field(default_factory=dict)
    pushes: dict[str, str] = field(default_factory=dict)
    login: bool = True
    one_of: tuple[str, str] | None = None
    original: bool = False
    success: str = ""
    daemon: bool = False

    def check(self, obj: Object) -> Object:
        """Return the known fields of a request in the form in which the program uses them.

        Raises:
            BadRequest: a required field is missing, or a field is wrong.
        """
        args: Object = {}
        name = ""
        try:
            for name, check, required in self._checks:
                value = obj.get(name)
                if value is not None:
                    args[name] = check(value)
                elif required:
                    raise BadRequest(name, "is missing")
        except ValueError as error:
            raise BadRequest(name, str(error)) from None
        if self.one_of and sum(name in args for name in self.one_of) != 1:
            raise BadRequest(self.one_of[0], f"give either {self.one_of[0]} or {self.one_of[1]}")
        return args

    @cached_property
    def own(self) -> tuple[str, ...]:
        """The fields that hold the sender's own name."""
        return tuple(spec.name for spec in self.fields if spec.own)

    @cached_property
    def _checks(self) -> tuple[tuple[str, f.Check, bool], ...]:
        """The fields as every request needs them: three attributes of each would cost more than the checks."""
        return tuple((spec.name, spec.check, spec.required) for spec in self.fields)


def _own(name: str) -> Field:
    return Field(name, f.name, "your own name", required=False, own=True)


def _optional(name: str, check: f.Check, doc: str) -> Field:
    return Field(name, check, doc, required=False)


_PEER = _optional("peer", f.name, "the other user of a private conversation")
_GROUP_OR = _optional("group", f.name, "or the group")
_LIMIT = _optional("limit", f.limit, f"messages in the page, at most {f.MAX_PAGE}; {f.DEFAULT_PAGE} unless told")
_AFTER = _optional("after", f.after, "push missed messages above this mid; -1: none, I page by myself")
_CID = _optional("cid", f.cid, "chosen by the sender; makes a retry safe")
_STORED = {"mid": "the message's id", "ts": "when it was stored, ms since 1970 UTC"}
_DELIVERY = {
    "success": "stored, and handed to at least one online session of the other",
    "offline": "stored; delivered at the next login",
    "user_not_exist": "",
}
_PAGE = {"messages": "as they are pushed, oldest first", "more": "whether another page follows"}
_IN_GROUP = {"group_not_exist": "", "not_in_group": ""}
_SINCE = "the mid above which the group's messages are pushed to me"
_CONVERSATION_RESULTS = {"success": "", "user_not_exist": "", **_IN_GROUP}
_LOGIN_REPLY = {
    "friend": 'names, joined by "|"',
    "group": 'names, joined by "|"',
    "friends": "[{user, online}]",
    "groups": "[{group, owner, members, since}], members being their number, `since` where my membership begins",
    "unread": "[{peer or group, count, mid}]: messages above the read position `mid`, counted up to 200",
    "token": "for `resume`",
    "mid": "the highest mid the server has given out",
    "limits": "{max_frame, max_text, max_groups, max_members, max_friends, max_file}",
}
_FILE = Field("file", f.file_id, "from the offer")
_FILE_STATE = "{file, state, offset, length, sha256?, user?, detail?} to the sessions of its sender and its receivers"
_FILE_OVER = "too late: `state` says what has become of it"
_LOGIN_PUSHES = {"friend_login": "{friend} to friends who are online, at a user's first session"}

COMMANDS: dict[str, Command] = {
    command.name: command
    for command in (
        Command(
            "register", "Make an account.", "login",
            (Field("user", f.string, "the new name"), Field("password", f.password, "")),
            {"success": "", "failure": "`reason`: `user_exists`, `bad_name`, `bad_password`"},
            {"reason": "with `failure`"}, login=False, original=True,
        ),
        Command(
            "login", "Begin a session with a password. Missed messages follow the reply, in `mid` order.", "login",
            (Field("user", f.name, ""), Field("password", f.password, ""), _AFTER),
            {"success": "", "user_not_exist": "", "password_error": ""},
            _LOGIN_REPLY, _LOGIN_PUSHES, login=False, original=True,
        ),
        Command(
            "resume", "Begin a session with a token, without the price of a password hash.", "login",
            (Field("user", f.name, ""), Field("token", f.token, "from `login_reply`"), _AFTER),
            {"success": "", "user_not_exist": "", "token_error": "unknown, expired or revoked: log in again"},
            _LOGIN_REPLY, _LOGIN_PUSHES, login=False,
        ),
        Command(
            "add", "Become friends, both ways, at once.", "edit",
            (_own("user"), Field("friend", f.name, "")),
            {"success": "", "user_not_exist": "", "already_friend": ""},
            {"friend": "", "online": "whether the friend is"},
            {"add_friend_reply": "{result: user} to the other; {result: friend, online} to my other sessions"},
            original=True,
        ),
        Command(
            "remove_friend", "End a friendship, both ways.", "edit",
            (_own("user"), Field("friend", f.name, "")),
            {"success": "", "user_not_exist": "", "not_friend": ""},
            {"friend": ""}, {"friend_removed": "{friend} to the other, and to my other sessions"},
        ),
        Command(
            "create_group", "Make a group and be its owner.", "edit",
            (_own("user"), Field("group", f.new_name, "")),
            {"success": "", "group_exist": ""}, {"group": "", "since": _SINCE},
            {"group_joined": "{group, user, since} to my other sessions"}, original=True,
        ),
        Command(
            "add_group", "Join a group.", "edit",
            (_own("user"), Field("group", f.name, "")),
            {"success": "", "group_not_exist": "", "user_in_group": ""},
            {"group": "", "since": _SINCE},
            {"group_joined": "{group, user, since} to the members who are online"}, original=True,
        ),
        Command(
            "leave_group", "Leave a group. The member of longest standing inherits an owner's place.", "edit",
            (_own("user"), Field("group", f.name, "")), {"success": "", **_IN_GROUP},
            {"group": ""}, {"group_left": "{group, user} to the members who are online, and to my other sessions"},
        ),
        Command(
            "get_group_member", "Who is in a group that I am in. All at once, in the order in which they joined; or in "
            "pages, in the order of their accounts.", "query",
            (Field("group", f.name, ""),
             _optional("limit", f.limit, f"members in the page, at most {f.MAX_PAGE}; asks for pages"),
             _optional("after", f.name, "members behind this one, the last of the page before; asks for pages")),
            {"success": "", **_IN_GROUP},
            {"group": "", "member": 'names, joined by "|"', "members": "[{user, online, role}], role owner or member",
             "more": "of pages: whether another one follows"},
            original=True,
        ),
        Command(
            "private_chat", "Say something to one user.", "chat",
            (_own("user_from"), Field("user_to", f.name, ""), Field("text", f.text, ""), _CID),
            _DELIVERY, _STORED,
            {"private_chat": "the request's object with mid and ts, to the other's sessions and my other ones"},
            original=True,
        ),
        Command(
            "group_chat", "Say something to a group.", "chat",
            (_own("user"), Field("group", f.name, ""), Field("text", f.text, ""), _CID),
            {"success": "stored", **_IN_GROUP}, _STORED,
            {"group_chat": "the request's object with mid and ts, to the online members' sessions but the sending one"},
            original=True,
        ),
        Command(
            "offline", "Log out. The session's token dies; the connection stays open.", "edit",
            (_own("user"),), {"success": ""},
            pushes={"friend_offline": "{friend} to friends who are online, after a user's last session"}, original=True,
        ),
        Command(
            "send_file", "Offer a file to one user, or to a group. The offer is a message of the conversation.", "edit",
            (_own("from_user"), _optional("to_user", f.name, "who is to get it"), _GROUP_OR,
             Field("filename", f.filename, "only what is behind the last slash or backslash is kept"),
             Field("length", f.length, "its size in bytes"),
             _optional("sha256", f.sha256, "of the whole file; bytes that do not fit it are refused"), _CID),
            {"success": "the offer is stored; upload to `url`", "user_not_exist": "", **_IN_GROUP,
             "too_large": "more than `limit` bytes; `detail` is `file`, or `quota` for all your files together",
             "offline": "to a legacy session only: the other is not there; nothing is stored",
             "timeout": "to a legacy session only: nobody has connected to the port within 10 s"},
            {"file": "the file's id", "filename": "as kept", "length": "", "state": "see [files](#files)",
             "url": "where to upload to (tus 1.0: `HEAD`, `PATCH`); missing once there is nothing more to upload",
             "port": "the file daemon's; for a legacy session a port for this file alone", **_STORED,
             "delivered": "`true` if the offer has been handed to a session of the other one; else missing",
             "limit": "with `too_large`: bytes", "used": "with `too_large` and `quota`: bytes of your other files"},
            {"recv_file_port_reply":
                "{file, filename, length, sha256?, state, url?, port, from_user, to_user or group, cid?, mid, ts}: the "
                "offer, to the other's sessions or every online member's, and to my other ones; `url` is where to "
                "download from"},
            one_of=("to_user", "group"), original=True, success="send_file_port_reply",
        ),
        Command(
            "get_file", "How far a file is, and fresh URLs.", "query", (_FILE,),
            {"success": "", "file_not_exist": "there is none, or it is not for you"},
            {"file": "", "filename": "", "length": "", "state": "", "offset": "bytes that have arrived",
             "sha256": "of its bytes or, until that is known, as announced; if any",
             "url": "where to download from; missing when the file is over",
             "upload_url": "for the sender, until the upload is complete", "port": "the file daemon's", "from_user": "",
             "to_user": "", "group": "in place of `to_user`", **_STORED},
        ),
        Command(
            "decline_file", "I do not want it. In a group, only the sender is told.", "edit", (_FILE,),
            {"success": "", "file_not_exist": "there is none, or it is not for you", "file_over": _FILE_OVER},
            {"file": "", "state": ""}, {"file_state": _FILE_STATE},
        ),
        Command(
            "cancel_file", "Take an offer of mine back; its bytes are removed.", "edit", (_FILE,),
            {"success": "", "file_not_exist": "there is none, or it is not for you", "not_sender": "",
             "file_over": _FILE_OVER},
            {"file": "", "state": ""}, {"file_state": _FILE_STATE},
        ),
        Command(
            "sync", "Every message of mine, sent or received, private or group, above a mid.", "query",
            (Field("after", f.mid, ""), _LIMIT), {"success": ""}, _PAGE,
        ),
        Command(
            "history", "One conversation, backwards from a mid, each page oldest first.", "query",
            (_PEER, _GROUP_OR, _optional("before", f.mid, "messages below this mid; the newest unless told"), _LIMIT),
            _CONVERSATION_RESULTS, _PAGE, one_of=("peer", "group"),
        ),
        Command(
            "ack", "What I have, up to a mid: the start for the next login without `after`.", "mark",
            (Field("mid", f.mid, ""),), {"success": "stored"}, {"mid": "what is stored now"},
        ),
        Command(
            "read", "I have read a conversation up to a mid.", "mark",
            (_PEER, _GROUP_OR, Field("mid", f.mid, "")), _CONVERSATION_RESULTS, {"mid": ""},
            {"read": "{user, peer or group, mid} to my other sessions and, in private, to the peer"},
            one_of=("peer", "group"),
        ),
        Command(
            "read_by", "How far others have read what I have written to them.", "query",
            (Field("peers", f.names, f"a list of 1 to {f.MAX_PEERS} names"),), {"success": ""},
            {"read": "[{peer, mid}]: the other's read position in the private conversation with me; those who have "
                     "read nothing, or do not exist, are not listed"},
        ),
        Command(
            "typing", "I am writing. No reply unless the request is wrong.", "mark", (_PEER, _GROUP_OR),
            {"user_not_exist": "", **_IN_GROUP},
            pushes={"typing": "{user, peer or group} to the sessions of those who are online there"},
            one_of=("peer", "group"),
        ),
        Command(
            "change_password", "Change the password. All tokens die and all other sessions end.", "login",
            (Field("password", f.password, "the one in force"), Field("new_password", f.password, "")),
            {"success": "", "password_error": "", "failure": "`reason`: `bad_password`"},
            {"token": "a new one for this session", "reason": "with `failure`"},
        ),
        Command(
            "ping", "Is the server there?", "mark", (), {"success": ""},
            {"ts": "the server's clock, ms since 1970 UTC"}, login=False,
        ),
        Command(
            "file_daemon", "I am the file daemon. A newer one takes the place of an older.", "login",
            (Field("token", f.ticket, "made with the shared secret"), Field("port", f.port, "where it serves HTTP")),
            {"success": "", "token_error": "not made with this secret, or too long ago"},
            pushes={
                "file_withdrawn": "{file}: it was declined or cancelled; its bytes may go. To the file daemon",
                "open_port": "{ref, file, role, senders, receivers}: open a raw port for one transfer and answer with "
                             "`file_port`. To the file daemon",
            },
            login=False, daemon=True,
        ),
        Command(
            "file_report", "What has become of a file, or of a raw port.", "mark",
            (_FILE, Field("state", f.report, "one of: " + ", ".join(f.REPORTS)),
             _optional("offset", f.number, "bytes that have arrived"), _optional("sha256", f.sha256, "of them all"),
             _optional("role", f.role, "with `timeout`: who has not connected"),
             _optional("detail", f.string, "why it failed, for people")),
            {"success": "taken over", "file_not_exist": "there is no such file; not to be repeated"},
            pushes={"file_state": _FILE_STATE}, login=False, daemon=True,
        ),
        Command(
            "file_port", "The answer to `open_port`.", "mark",
            (Field("ref", f.number, "from `open_port`"), Field("port", f.port, "0: refused"),
             _optional("detail", f.string, "why")),
            {"success": ""}, login=False, daemon=True,
        ),
    )
}  # fmt: skip

PUSHES = {
    "error": "{result: bad_json | unknown_cmd | frame_too_long, detail}: what was sent is no request",
    "goodbye": "{result}: the server is about to close this connection, and why: `shutdown`, `login_timeout`, "
    "`tls_required`, `too_many_connections`, `too_many_errors`, `frame_too_long`, `password_changed`, `too_slow`, "
    "`replaced`, `internal`",
}


def text_size(value: str) -> int:
    """Bytes of UTF-8 in a text, without encoding it where that can be known otherwise."""
    return len(value) if value.isascii() else len(value.encode())


def reply_name(cmd: str) -> str:
    """The name of the reply to a command."""
    return cmd + "_reply"


def reply(cmd: str, result: str, request_id: Any = None, **more: Any) -> Object:
    """Build a reply object: cmd, result, the request's id where it had one, then what else there is to say."""
    obj: Object = {"cmd": reply_name(cmd), "result": result}
    if request_id is not None:
        obj["id"] = request_id
    obj.update(more)
    return obj
