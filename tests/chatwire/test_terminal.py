"""The client in the terminal: the real program on a pseudo-terminal or on pipes, and a real server."""

from __future__ import annotations

import asyncio
import os
import re
import socketserver
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from chatwire.characters import is_harmless
from chatwire.events import LinkUp
from chatwire.pins import Pins
from chatwire.terminal import app as _app  # noqa: F401  (fills the table of commands)
from chatwire.terminal.chat import Chat
from chatwire.terminal.commands import completions, parse, split_name
from chatwire.terminal.connector import Connector
from chatwire.terminal.follow import Follower
from chatwire.terminal.network import Network
from chatwire.terminal.plain import PlainScreen
from chatwire.terminal.safe import safe, safe_lines
from chatwire.terminal.state import Conversation, Pending, State
from chatwire.terminal.transfers import Transfers
from tests.chatwire.terminals import Program, friends, log_in, register
from tests.support.combinations import PLAIN, SECURE, TRANSPORTS
from tests.support.running import ROOT, ServerProcess
from tests.support.unicode_corpus import texts
from tests.support.waiting import DEADLINE

# A pseudo-terminal is made by a fork; what the child does before its exec is safe with other threads around.
pytestmark = [pytest.mark.once, pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")]


@TRANSPORTS
def test_two_users_meet_and_chat(program: Program, process: ServerProcess) -> None:
    alice, bob = friends(program, process)
    alice.enters("/to bob")
    alice.shows("bob: nothing yet")
    alice.enters("hello bob")
    alice.shows("alice → bob: hello bob")
    bob.shows("alice: hello bob")
    bob.enters("/msg alice hello yourself")
    alice.shows("bob: hello yourself")
    alice.enters("//shrug")
    bob.shows("alice: /shrug")
    alice.shows("alice → bob: /shrug")
    for terminal in (alice, bob):
        assert "pw-" not in terminal.text()
        terminal.enters("/quit")
        assert terminal.ends() == 0


def test_what_is_being_typed_stays_when_something_arrives(program: Program, process: ServerProcess) -> None:
    alice, bob = friends(program, process)
    alice.enters("/to bob")
    alice.shows("nothing yet")
    alice.types("first half")
    alice.shows("alice → bob> first half")
    bob.enters("/msg alice an interruption")
    alice.shows("bob: an interruption")
    alice.enters(" and the other")
    bob.shows("alice: first half and the other")


def test_a_group(program: Program, process: ServerProcess) -> None:
    alice, bob = friends(program, process)
    alice.enters("/create the staff")
    alice.shows("you are in #the staff now")
    bob.enters("/join nowhere")
    bob.shows("! there is no such group")
    bob.enters("/join the staff")
    alice.shows("bob has joined #the staff")
    bob.shows("you are in #the staff now")
    bob.enters("good morning, staff")
    alice.shows("#the staff bob: good morning, staff")
    alice.enters("/members")
    alice.shows("● alice  online  (owner)")
    alice.shows("● bob  online")
    bob.enters("/leave")
    alice.shows("bob has left #the staff")
    bob.shows("you have left #the staff")
    bob.enters("/groups")
    bob.shows("no groups yet")


def test_presence_is_shown_as_it_changes(program: Program, process: ServerProcess) -> None:
    alice, bob = friends(program, process)
    bob.types("\x04")
    assert bob.ends() == 0
    alice.shows("bob is gone")
    alice.enters("/friends")
    alice.shows("○ bob  offline")
    alice.enters("/msg bob for later")
    alice.shows("bob is not here now")
    bob = log_in(program, "bob")
    bob.shows("unread: alice 1")
    bob.shows("alice: for later")
    alice.shows("bob is here")
    bob.enters("/remove alice")
    alice.shows("bob and you are friends no more")
    bob.enters("/friends")
    bob.shows("no friends yet")


def test_history_goes_backwards_page_by_page(program: Program, process: ServerProcess) -> None:
    alice, bob = friends(program, process)
    alice.enters("/to bob")
    for number in range(25):
        alice.enters(f"line {number:02}")
    bob.shows("alice: line 24")
    bob.enters("/to alice")
    bob.shows("alice: line 15", 2)
    assert bob.text().count("alice: line 14") == 1
    for first, missing in ((10, 9), (5, 4)):
        bob.enters("/history 5")
        bob.shows(f"alice: line {first:02}", 2)
        assert bob.text().count(f"alice: line {missing:02}") == 1
    bob.enters("/history")
    bob.shows("alice, the beginning")
    bob.shows("alice: line 00", 2)
    bob.enters("/history")
    bob.shows("there is nothing earlier")


@TRANSPORTS
def test_nothing_is_missing_after_the_server_was_killed(program: Program, process: ServerProcess) -> None:
    alice, bob = friends(program, process)
    alice.enters("/to bob")
    alice.enters("before")
    bob.shows("alice: before")
    for round_ in range(1, 3):
        process.kill()
        for terminal in (alice, bob):
            terminal.shows("no connection (", round_)
            terminal.shows("trying again", round_)
        alice.enters(f"meanwhile {round_}")
        alice.shows(f"alice → bob: meanwhile {round_}  (waiting for the server)")
        alice.enters("/members x")
        alice.shows("there is no connection now", round_)
        bob.enters(f"/msg alice bob's {round_}")
        bob.shows(f"bob → alice: bob's {round_}  (waiting for the server)")
        process.start()
        alice.shows("connected again", round_)
        alice.shows(f"sent to bob: “meanwhile {round_}”")
        alice.shows(f"bob: bob's {round_}")
        bob.shows(f"alice: meanwhile {round_}")
    alice.enters("after")
    bob.shows("alice: after")
    texts = re.findall(r"alice: (before|meanwhile \d|after)", bob.text())
    assert texts == ["before", "meanwhile 1", "meanwhile 2", "after"]
    assert _stored(process) == sorted(["before", "meanwhile 1", "meanwhile 2", "after", "bob's 1", "bob's 2"])


def test_leaving_with_messages_unsent_takes_a_second_word(program: Program, process: ServerProcess) -> None:
    alice, _ = friends(program, process)
    process.kill()
    alice.shows("trying again")
    alice.enters("/msg bob never sent")
    alice.shows("never sent  (waiting for the server)")
    alice.enters("/quit")
    alice.shows("1 of your messages could not be sent yet; /quit again")
    alice.enters("/msg bob nor this")
    alice.shows("nor this  (waiting for the server)")
    alice.enters("/quit")
    alice.shows("2 of your messages could not be sent yet; /quit again")
    alice.enters("/quit")
    alice.shows("not sent to bob: never sent")
    assert alice.ends() == 1


def test_a_failed_login_leaves_the_session_as_it_is(program: Program, process: ServerProcess) -> None:
    alice, bob = friends(program, process)
    for name, told in (("alice", "! wrong password"), ("alise", "! there is no such user")):
        alice.enters(f"/login {name}")
        alice.shows(f"Password of {name}:")
        alice.enters("wrong")
        alice.shows(told)
    alice.shows("you are still logged in as alice", 2)
    process.kill()
    alice.shows("trying again")
    alice.enters("/msg bob kept")
    alice.shows("kept  (waiting for the server)")
    for command in ("register", "login"):
        alice.enters(f"/{command} alise")
        alice.shows(f"1 of your messages could not be sent yet; /{command} again gives them up")
    alice.enters("/login alise")
    alice.shows("Password of alise:")
    alice.enters("wrong")
    alice.shows("you are still logged in as alice", 3)
    process.start()
    bob.shows("alice: kept")


def test_no_text_controls_the_terminal(program: Program, process: ServerProcess) -> None:
    alice = register(program, process, "alice")
    with process.connect() as mallory:
        mallory.register("mallory", "pw")
        mallory.login("mallory", "pw")
        nasty = "\x1b]0;owned\x07\x1b[2Jone\x1b[31m\rtwo\x9b5A\x08\x00\u202ethree\nsecond line\x1bPq\x1b\\end"
        mallory.private_chat("alice", nasty)
    alice.shows("mallory: ␛]0;owned␇␛[2Jone␛[31m")
    alice.shows("      second line␛Pq␛\\end")
    assert "      two\ufffd5A␈␀\ufffdthree" in alice.text()
    for forbidden in ("\x07", "\x1b[2J", "\x1b]", "\x9b", "\x08\x00", "\u202e", "\x1bP", "\x00"):
        assert forbidden not in alice.raw


def test_wrong_and_missing_things_are_told_in_one_line(program: Program, process: ServerProcess) -> None:
    alice = register(program, process, "alice")
    for line, told in {
        "hello?": "! to whom? /to NAME or /group NAME opens a conversation",
        "/nonsense": "! there is no command /nonsense; /help lists them",
        "/add nobody": "! there is no such user",
        "/to nobody": "! there is no such user",
        "/msg nobody hi": "! not sent to nobody: there is no such user: “hi”",
        "/group nowhere": "! there is no such group",
        "/create": "! which group?",
        "/history x": "! open a conversation first",
        "/to " + "x" * 40: "! bad_request: peer: must have 1 to 32 characters",
    }.items():
        alice.enters(line)
        alice.shows(told)
    alice.enters("/help")
    alice.shows("everything else that you type")
    assert "Traceback" not in alice.text()


def test_a_wrong_password_is_told_and_can_be_tried_again(program: Program, process: ServerProcess) -> None:
    register(program, process, "alice")
    again = program("alice", "--user", "alice")
    again.shows("Password of alice:")
    again.enters("wrong")
    again.shows("! wrong password")
    again.enters("/login alice")
    again.shows("Password of alice:")
    again.enters("pw-alice")
    again.shows("logged in as alice")
    again.enters("/password")
    for label, word in (("Password now:", "pw-alice"), ("New password:", "other"), ("Once more:", "other")):
        again.shows(label)
        again.enters(word)
    again.shows("the password is changed")


@SECURE
def test_a_changed_certificate_is_refused(program: Program, process: ServerProcess, tmp_path: Path) -> None:
    alice = register(program, process, "alice")
    pins = tmp_path / "config-alice" / "chatwire" / "known-servers"
    assert pins.read_text() == f"{process.host}:{process.port} {process.fingerprint}\n"
    assert pins.stat().st_mode & 0o777 == 0o600
    assert pins.parent.stat().st_mode & 0o777 == 0o700
    process.kill()
    before = process.fingerprint
    for file in tmp_path.glob("tls-*.pem"):
        file.unlink()
    process.start()
    assert process.fingerprint != before
    alice.shows("shows another certificate than before; not going on")
    assert alice.ends() == 1
    alice = program("alice", "--user", "alice")
    alice.shows("WARNING")
    alice.shows(process.fingerprint)
    assert alice.ends() == 1
    assert "Password" not in alice.text()
    assert pins.read_text() == f"{process.host}:{process.port} {before}\n"


@SECURE
def test_a_certificate_that_is_not_trusted_ends_it(program: Program, process: ServerProcess, tmp_path: Path) -> None:
    alice = program("alice", "--user", "alice")
    alice.shows("(yes/no)")
    alice.enters("no")
    assert alice.ends() == 1
    assert not (tmp_path / "config-alice").exists()


def _choice(process: ServerProcess) -> list[str]:
    return ["--fingerprint", process.fingerprint] if process.tls else ["--plain"]


def _script(process: ServerProcess, config: Path, *lines: str, arguments: tuple[str, ...] = ()) -> tuple[int, str]:
    return _run(f"{process.host}:{process.port}", config, *lines, arguments=(*_choice(process), *arguments))


def _run(server: str, config: Path, *lines: str, arguments: tuple[str, ...]) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "chatwire", server, *arguments],
        input="".join(line + "\n" for line in lines),
        capture_output=True, text=True, cwd=ROOT, timeout=60, check=False,
        env={**os.environ, "XDG_CONFIG_HOME": str(config)},
    )  # fmt: skip
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_without_a_terminal_it_takes_lines(process: ServerProcess, tmp_path: Path) -> None:
    code, said = _script(process, tmp_path, "/register alice", "pw", "/register bob", "pw", "/add alice", "/to alice",
                         "hello", "hello again", "/friends", "/nonsense")  # fmt: skip
    assert code == 1  # for the last one
    assert "\x1b" not in said
    told = [line[-24:].partition("bob → ")[2] or line for line in said.splitlines() if "alice" in line or "!" in line]
    assert [line for line in told if "hello" in line or "friends" in line or "!" in line] == [
        "· logged in as alice; friends here: 0 of 0", "· alice and you are friends now", "alice: hello",
        "alice: hello again", "! there is no command /nonsense; /help lists them",
    ]  # fmt: skip
    code, said = _script(process, tmp_path, "pw", "/to bob", "/history", arguments=("--user", "alice"))
    assert code == 0
    assert said.count("bob: hello again") == 2  # missed, and in the conversation
    assert _stored(process, "pw") == ["hello", "hello again"]


def test_without_a_terminal_failures_have_an_exit_code(process: ServerProcess, tmp_path: Path) -> None:
    code, said = _script(process, tmp_path, "wrong", arguments=("--user", "nobody"))
    assert (code, said) == (1, "! there is no such user\n")
    process.kill()
    code, said = _script(process, tmp_path, "pw", arguments=("--user", "nobody"))
    assert code == 1
    assert said.startswith("! cannot connect to 127.0.0.1:")
    assert len(said.splitlines()) == 1


def test_after_a_refusal_nothing_is_said_to_the_one_before(process: ServerProcess, tmp_path: Path) -> None:
    accounts = ("/register alice", "pw", "/register bob", "pw", "/create staff")
    wrong = ("/to nobody", "/to " + "x" * 40, "/group nowhere", "/group", "/join nowhere", "/create staff", "/create")
    lines = [line for command in wrong for line in ("/to alice", command, "to nobody at all")]
    code, said = _script(process, tmp_path, *accounts, *lines)
    assert code == 1
    assert said.count("! to whom?") == len(wrong)
    assert _stored(process, "pw") == []
    code, said = _script(process, tmp_path, "pw", "/to alice", "/join staff", "hi", arguments=("--user", "bob"))
    assert code == 0
    assert "#staff bob → " not in said
    assert "#staff bob: hi" in said


def test_what_was_shown_last_is_marked_as_read(process: ServerProcess, tmp_path: Path) -> None:
    with process.connect() as alice:
        for name in ("alice", "bob"):
            alice.register(name, "pw")
        alice.login("alice", "pw")
        alice.private_chat("bob", "hello")
    assert _script(process, tmp_path, "pw", "/to alice", "/to", arguments=("--user", "bob"))[0] == 0
    with process.connect() as bob:
        assert bob.login("bob", "pw")["unread"] == []


@pytest.mark.parametrize("arguments", [(), ("--user", "alice")], ids=("at-once", "at-login"))
def test_output_that_nobody_reads_ends_it(process: ServerProcess, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    with process.connect() as client:
        client.register("alice", "pw")
    reader, writer = os.pipe()
    os.close(reader)
    with subprocess.Popen(
        [sys.executable, "-m", "chatwire", f"{process.host}:{process.port}", *_choice(process), *arguments],
        stdin=subprocess.PIPE, stdout=writer, stderr=subprocess.PIPE, cwd=ROOT,
    ) as child:  # fmt: skip
        os.close(writer)
        assert child.stdin is not None
        assert child.stderr is not None
        child.stdin.write(b"pw\n")
        child.stdin.flush()  # and it stays open
        try:
            assert child.wait(DEADLINE) == 1
        finally:
            child.kill()
        assert child.stderr.read() == b""


def test_a_simple_terminal_asks_for_passwords_too(program: Program, process: ServerProcess) -> None:
    alice = register(program, process, "alice", term="dumb")
    assert "pw-alice" not in alice.text()


class _Http(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.recv(4096)
        self.request.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(("--plain",), "is no chat server"), ((), "does not speak TLS; is it the chat server?")],
    ids=("plain", "tls"),
)
def test_another_kind_of_server_is_told(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), _Http) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.05,))
        thread.start()
        server = f"127.0.0.1:{http.server_address[1]}"
        try:
            assert _run(server, tmp_path, arguments=arguments) == (1, f"! {server} {told}\n")
        finally:
            http.shutdown()
            thread.join()


class _NoNetwork(Network):
    """Notes what is told to the server."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, object]]] = []

    def tell(self, cmd: str, **fields: object) -> None:
        self.told.append((cmd, fields))


def test_a_new_session_gives_up_and_a_new_link_marks_as_read(capsys: pytest.CaptureFixture[str]) -> None:
    async def run() -> None:
        network = _NoNetwork()
        connector = Connector(("server", 1), tls=False, fingerprint=None)
        transfers = Transfers(connector, network.ask, lambda report: None, patient=False)
        chat = Chat("server", network, transfers, PlainScreen(lambda: None))
        bob = Conversation("bob")
        chat.begun("alice")
        chat.state.pending["1"] = Pending(bob, "hi")
        chat.open(bob)
        chat.state.newest[bob] = 7
        Follower(chat).follow(LinkUp({"friends": []}))
        chat.send_read()
        assert network.told == [("read", {"mid": 7, "peer": "bob"})]
        chat.begun("alise")
        assert (chat.state.pending, chat.exit_code) == ({}, 1)

    asyncio.run(run())
    assert "! not sent to bob: hi\n" in capsys.readouterr().out


def test_escape_sequences_and_controls_are_signs() -> None:
    assert safe("a\x1b[1;31mb\x1b]8;;x\x1b\\c\x07\x9b2Jd\x7f\0") == "a␛[1;31mb␛]8;;x␛\\c␇\ufffd2Jd␡␀"
    assert safe("an unfinished \x1b[12") == "an unfinished ␛[12"
    assert safe_lines("one\r\ntwo\rthree\x0bfour\u2028five") == ["one", "two", "three", "four", "five"]
    assert safe("\ud800\u202e\u2066\ufeffx\t|") == "\ufffd\ufffd\ufffd\ufeffx    |"
    assert [safe("0123456789", most) for most in (0, 9, 10)] == ["0123456789", "01234567…", "0123456789"]
    assert safe("zero\u200djoiner 👩\u200d💻 世界") == "zero\u200djoiner 👩\u200d💻 世界"


def test_lines_are_commands_or_messages() -> None:
    assert parse("/to  bob ") == ("to", "bob")
    assert parse("//to bob") is None
    assert parse("to bob") is None
    assert split_name('"Ann Lee" hi there', ()) == ("Ann Lee", "hi there")
    assert split_name("Ann Lee hi there", ["Ann", "Ann Lee"]) == ("Ann Lee", "hi there")
    assert split_name("bob hi there", ["bobby"]) == ("bob", "hi there")
    assert split_name("Jose\u0301 Li hi e\u0301\u3000", ["Jos\u00e9 Li"]) == ("Jos\u00e9 Li", "hi e\u0301\u3000")
    assert split_name("Jose\u0301 hi", ()) == split_name('"Jose\u0301" hi', ()) == ("Jos\u00e9", "hi")
    assert split_name("e\u0301.png", ["e\u0301.png"]) == ("e\u0301.png", "")  # a file is called what it is called


def test_commands_and_names_are_completed() -> None:
    state = State(user="alice", friends={"bob": True, "Bill": None}, groups={"staff"})
    assert [text for text, _, _ in completions("/hi", state)] == ["/history "]
    assert [(text, start) for text, start, _ in completions("/to b", state)] == [("Bill", -1), ("bob", -1)]
    assert [text for text, _, _ in completions("/group ", state)] == ["staff"]
    assert list(completions("plain text", state)) == []


def test_pins_are_replaced_and_others_kept(tmp_path: Path) -> None:
    pins = Pins(tmp_path / "deep" / "known-servers")
    first, second = ":".join(["AA"] * 32), ":".join(["BB"] * 32)
    assert pins.get("a:1") is None
    pins.set("a:1", first)
    pins.set("b:1", first)
    pins.set("a:1", second)
    assert (pins.get("a:1"), pins.get("b:1"), pins.get("a:10")) == (second, first, None)
    assert pins.path.stat().st_mode & 0o777 == 0o600


def _stored(process: ServerProcess, password: str = "pw-alice") -> list[str]:
    """The texts of all messages between alice and bob, as the server has them."""
    with process.connect() as client:
        client.login("alice", password)
        return sorted(m["text"] for m in client.expect("history", peer="bob", limit=500)["messages"])


@PLAIN
def test_every_script_is_shown_as_it_was_written(program: Program, process: ServerProcess) -> None:
    """But for what could harm, which is a sign in its place."""
    said = [text for text in texts() if len(text) < 100 and len(safe_lines(text)) == 1]
    alice = register(program, process, "alice")
    with process.connect() as bob:
        bob.register("bob", "pw")
        bob.login("bob", "pw")
        for text in said:
            bob.private_chat("alice", text)
        bob.private_chat("alice", "that was all")
    alice.shows("bob: that was all")
    shown = alice.text()
    for text in said:
        assert safe(text) in alice.raw, ascii(text)
        assert f"bob: {safe(text)}".rstrip() in shown, ascii(text)
        assert not is_harmless(text) or text == safe(text)


@PLAIN
def test_names_may_be_typed_decomposed(process: ServerProcess, tmp_path: Path) -> None:
    """As some keyboards do: own messages are one's own, what was seen is read, and nobody is a stranger."""
    jose, ines, crew = "Jose\u0301 Li", "Ine\u0301s", "e\u0301quipe"
    accounts = (f"/register {ines}", "pw", f"/register {jose}", "pw", f"/add {ines}")
    code, said = _script(
        process, tmp_path, *accounts, f"/create {crew}", "to all", f"/msg {ines} one e\u0301", "/friends"
    )
    assert code == 0
    assert "#\u00e9quipe Jos\u00e9 Li → " not in said
    assert "Jos\u00e9 Li → In\u00e9s: one e\u0301" in said
    lines = (f"/to {jose}", "two", f"/msg {jose} three", f'/msg "{jose}" four', f"/join {crew}", "/history", "/members")
    code, said = _script(process, tmp_path, "pw", *lines, arguments=("--user", ines))
    assert code == 0
    for text in ("two", "three", "four"):
        assert f"In\u00e9s → Jos\u00e9 Li: {text}" in said
    code, said = _script(process, tmp_path, "pw", f"/to {ines}", f"/group {crew}", arguments=("--user", jose))
    assert code == 0
    assert "Jos\u00e9 Li → In\u00e9s: one e\u0301" in said  # also from the history
    with process.connect() as client:
        assert client.login("Jose\u0301 Li", "pw")["unread"] == []
        assert client.user == "Jos\u00e9 Li"
