"""Odd things that reach the terminal client by keyboard, pipe or arguments: the real program, and a real server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from tests.chatwire.terminals import Program, friends, register
from tests.support.running import ROOT, ServerProcess
from tests.support.waiting import DEADLINE

pytestmark = [pytest.mark.once, pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")]

REFUSED = "! these bytes are no UTF-8, so nothing is done"


def test_bytes_that_are_no_text_cost_one_line(program: Program, process: ServerProcess) -> None:
    alice, bob = friends(program, process)
    alice.enters("/to bob")
    alice.shows("nothing yet")
    odd = [b"caf\xe9", "你好".encode("gbk"), b"/to caf\xe9", b"/msg bob caf\xe9", b"/msg caf\xe9 hello", b"/add \xff"]
    for count, line in enumerate(odd, 1):
        alice.enters_bytes(line)
        alice.shows(REFUSED, count)
        alice.enters(f"and on it goes {count}")
        bob.shows(f"alice: and on it goes {count}")
    assert "caf" not in bob.text()


def test_what_waits_to_be_sent_survives_them(program: Program, process: ServerProcess) -> None:
    alice, bob = friends(program, process)
    process.kill()
    alice.shows("trying again")
    alice.enters("/msg bob kept")
    alice.shows("kept  (waiting for the server)")
    for count, line in enumerate((b"/msg bob caf\xe9", b"/to \xc4\xe3"), 1):
        alice.enters_bytes(line)
        alice.shows(REFUSED, count)
    process.start()
    alice.shows("sent to bob: “kept”")
    bob.shows("alice: kept")


def test_a_terminal_that_speaks_gbk_and_says_so(program: Program, process: ServerProcess) -> None:
    alice = register(program, process, "alice")
    bob = register(program, process, "bob", encoding="gbk")
    bob.enters("/to alice")
    bob.shows("nothing yet")
    bob.enters("你好")
    alice.shows("bob: 你好")
    alice.enters("/msg bob 再见 🐱")
    bob.shows("alice: 再见")


def test_ctrl_z_stops_the_program_and_fg_goes_on(program: Program, process: ServerProcess, tmp_path: Path) -> None:
    alice = register(program, process, "alice")
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm", "HOME": str(tmp_path), "PS1": "shell> ",
                   "PROMPT_TOOLKIT_NO_CPR": "1", "LANG": "C.UTF-8"}  # fmt: skip
    shell = pexpect.spawn("/bin/bash", ["--norc", "--noprofile", "-i"], env=environment, cwd=str(ROOT),
                          encoding="utf-8", timeout=DEADLINE, echo=False)  # fmt: skip
    shell.delaybeforesend = None
    try:
        shell.sendline(f"{sys.executable} -m chatwire 127.0.0.1:{process.port} --plain")
        shell.expect("/login NAME or /register NAME")
        shell.send("/register bob\r")
        for label in ("New password:", "Once more:"):
            shell.expect(label)
            shell.send("pw\r")
        shell.expect("logged in as bob")
        shell.send("/to alice\r")
        shell.expect("nothing yet")
        shell.send("half a li")
        shell.expect("half a li")
        shell.send("\x1a")
        shell.expect("Stopped")
        shell.sendline("echo the shell $((1 + 1)) is here")
        shell.expect("the shell 2 is here")
        shell.sendline("fg")
        shell.expect("half a li")
        shell.send("ne\r")
        alice.shows("bob: half a line")
        shell.send("\x1a")
        shell.expect("Stopped")
        process.kill()
        shell.sendline("fg")
        shell.expect("trying again")
        shell.send("later\r")
        shell.expect("waiting for the server")
        process.start()
        shell.expect("sent to alice")
        alice.shows("bob: later")
        shell.send("\x04")
        shell.expect("shell> ")
        shell.sendline("exit")
        shell.expect(pexpect.EOF)
    finally:
        shell.close(force=True)


def _piped(
    process: ServerProcess, *lines: bytes, arguments: tuple[str | bytes, ...] = (), **environment: str
) -> tuple[int, bytes]:
    done = subprocess.run(
        [sys.executable, "-m", "chatwire", f"{process.host}:{process.port}", "--plain", *map(os.fsencode, arguments)],
        input=b"".join(line + b"\n" for line in lines), capture_output=True, cwd=ROOT, timeout=60, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip
    assert done.stderr == b""
    return done.returncode, done.stdout


def test_a_script_s_odd_bytes_become_replacement_signs(process: ServerProcess) -> None:
    accounts = (b"/register alice", b"pw", b"/register bob", b"pw", b"/to alice")
    code, said = _piped(
        process, *accounts, b"caf\xe9", "你好".encode("gbk"), b"/msg alice \xff!", b"/to caf\xe9", b"after"
    )
    assert code == 1  # for the name, and for what was to be said to nobody
    for text in ("bob → alice: caf\ufffd", "bob → alice: \ufffd\ufffd\ufffd", "bob → alice: \ufffd!", "! to whom?"):
        assert text in said.decode()
    assert "! there is no such user" in said.decode()
    code, said = _piped(process, b"pw", b"/to alice", arguments=("--user", "bob"))
    assert (code, said.decode().count("bob → alice: caf\ufffd")) == (0, 1)


@pytest.mark.parametrize("where", ["name", "argument", "password"])
def test_a_login_that_is_no_text_is_told_in_a_line(process: ServerProcess, where: str) -> None:
    if where == "argument":
        code, said = _piped(process, b"pw", arguments=("--user", b"caf\xe9"))
    elif where == "name":
        code, said = _piped(process, b"/login caf\xe9", b"pw")
    else:
        register = b"/register alice"
        code, said = _piped(process, register, b"caf\xe9", register, b"pw", b"/login alice", b"caf\xe9")
        assert said.decode().count("! the bytes of this password are no UTF-8") == 2
        assert "the account alice is made" in said.decode()
    assert code == 1
    assert "Traceback" not in said.decode()
    assert "unexpected" not in said.decode()


def test_what_the_output_has_no_bytes_for_is_shown_by_its_number(process: ServerProcess) -> None:
    code, said = _piped(process, b"/register alice", b"pw", b"/register bob", b"pw", b"/to alice",
                        "caf\xe9 你好 🐱".encode("gb18030"), b"after", PYTHONIOENCODING="gb18030")  # fmt: skip
    assert code == 0
    assert "caf\xe9 你好 🐱" in said.decode("gb18030")
    code, said = _piped(process, b"pw", b"/to alice", arguments=("--user", "bob"), PYTHONIOENCODING="latin-1")
    assert code == 0
    assert "bob → alice".encode("latin-1", "backslashreplace") in said
    assert b"caf\xe9 \\u4f60\\u597d \\U0001f431" in said
