"""The server as its operator sees it: start, stop, options, certificates, log."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from chatbase.options import ConfigError
from chatd.config import load
from chatwire.certificate import ensure_self_signed, fingerprint_of
from chatwire.client import Client
from chatwire.codec import Object
from chatwire.errors import LinkError, UnknownFingerprint
from tests.conftest import ProcessFactory
from tests.support.running import ROOT, ServerProcess
from tests.support.waiting import DEADLINE

SQLITE_PLAIN = pytest.mark.parametrize(("engine", "tls"), [("sqlite", False)])
SQLITE_TLS = pytest.mark.parametrize(("engine", "tls"), [("sqlite", True)])


def _end(server: ServerProcess, *numbers: signal.Signals) -> tuple[int, str]:
    """Send signals; returns the exit code and what stood on standard output behind the ready line."""
    process, server.process = server.process, None
    assert process is not None
    assert process.stdout is not None
    for number in numbers:
        process.send_signal(number)
    with process.stdout:
        rest = process.stdout.read()
        return process.wait(DEADLINE), rest


def _until_the_end(client: Client) -> list[Object]:
    """All that comes until the server closes the connection."""
    objects = []
    try:
        while (obj := client.next_push(DEADLINE)) is not None:
            objects.append(obj)
    except LinkError:
        return objects
    raise AssertionError("the server has not closed the connection")


def _run(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a server that is not expected to start."""
    return subprocess.run(
        [sys.executable, "-m", "chatd", "--data", str(data), "--log-level", "warning", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_middle_of_traffic_loses_nothing_that_was_acknowledged(
    make_process: ProcessFactory, number: signal.Signals
) -> None:
    server = make_process()
    clients = server.group("staff", "alice", "bob", "carol")
    ids: dict[tuple[str, int], str] = {}
    for index in range(300):
        for client in clients:
            text = f"{client.user} {index} ".ljust(500, "x")
            ids[client.user, client.send("group_chat", group="staff", text=text)] = text
    with ThreadPoolExecutor(len(clients)) as pool:
        reading = [pool.submit(_until_the_end, client) for client in clients]
        assert _end(server, number, signal.SIGTERM) == (0, "")
    acknowledged: dict[str, int] = {}
    for client, objects in zip(clients, [future.result() for future in reading], strict=True):
        assert objects.pop() == {"cmd": "goodbye", "result": "shutdown"}
        for obj in objects:
            if obj["cmd"] == "group_chat_reply" and obj["result"] == "success":
                acknowledged[ids[client.user, obj["id"]]] = obj["mid"]
            elif obj["cmd"] == "group_chat":
                acknowledged[obj["text"]] = obj["mid"]  # what was delivered is stored, too
    before = server.fingerprint
    server.start()
    assert server.fingerprint == before
    found: dict[str, int] = {}
    again = server.again("alice", after=-1)
    while page := again.expect("sync", after=max(found.values(), default=0), limit=500)["messages"]:
        found |= {message["text"]: message["mid"] for message in page}
    assert acknowledged.items() <= found.items()
    assert len(set(found.values())) == len(found)
    assert "Traceback" not in server.log()


@SQLITE_PLAIN
def test_the_ready_line_is_all_that_stands_on_standard_output(make_process: ProcessFactory) -> None:
    server = make_process("--log-level", "debug")
    alice, _ = server.friends("alice", "bob")
    alice.private_chat("bob", "a secret text")
    client = server.connect()
    assert client.request("login", user="alice", password="a wrong password")["result"] == "password_error"
    assert _end(server, signal.SIGTERM) == (0, "")
    log = server.log()
    assert "registered: user='alice'" in log
    for secret in ("a secret text", "a wrong password", alice.token, "Traceback"):
        assert secret not in log


def test_what_cannot_be_used_is_one_clear_line_and_exit_2(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage"
    garbage.write_text("this is neither a folder nor a certificate, a database or TOML")
    (tmp_path / "own").mkdir()
    certificate, key = ensure_self_signed(tmp_path / "own")
    locked = _locked(key, tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        cases: list[tuple[str, list[str]]] = [
            ("no HOST:PORT", ["--listen", "127.0.0.1:http"]),
            ("no HOST:PORT", ["--listen", "127.0.0.1:65536"]),
            ("cannot listen on 203.0.113.1:0: ", ["--listen", "203.0.113.1:0"]),
            (f"cannot listen on 127.0.0.1:{port}: Address already in use", ["--listen", f"127.0.0.1:{port}"]),
            ("a database URL is sqlite:///PATH or mysql://", ["--database", "postgres://localhost/chat"]),
            ("cannot use the database: ", ["--database", f"sqlite:///{garbage}"]),
            ("cannot use the database: ", ["--database", f"sqlite:///{tmp_path}/missing/chat.db"]),
            ("cannot use the database: Can't connect", ["--database", "mysql://chat:geheim@127.0.0.1:1/chat"]),
            ("cannot use the data folder: ", ["--data", str(garbage)]),
            ("cannot use the data folder: ", ["--data", str(garbage / "below")]),
            ("--tls-cert and --tls-key go together", ["--tls-cert", str(certificate)]),
            (f"{garbage} holds no certificate", ["--tls-cert", str(garbage), "--tls-key", str(garbage)]),
            ("No such file or directory", ["--tls-cert", f"{garbage}.pem", "--tls-key", str(garbage)]),
            (f"with the key {garbage}: ", ["--tls-cert", str(certificate), "--tls-key", str(garbage)]),
            (f"with the key {garbage}.pem: ", ["--tls-cert", str(certificate), "--tls-key", f"{garbage}.pem"]),
            ("the key is protected by a password", ["--tls-cert", str(certificate), "--tls-key", str(locked)]),
            ("--max-text may be at most 65535", ["--max-text", "65536", "--max-frame", "1000000"]),
        ]
        for words, arguments in cases:
            result = _run(tmp_path / "data", *arguments)
            assert (result.returncode, result.stdout) == (2, ""), arguments
            assert words in result.stderr, arguments
            assert result.stderr.startswith("chatd: "), result.stderr
            assert result.stderr.count("\n") == 1, result.stderr
            assert "geheim" not in result.stderr


def _locked(key: Path, folder: Path) -> Path:
    """The same key, behind a password."""
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    password = serialization.BestAvailableEncryption(b"secret")
    locked = folder / "locked.pem"
    locked.write_bytes(private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, password))
    return locked


def test_what_argparse_can_tell_is_told_by_it(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage"
    garbage.write_text("no = [ TOML")
    for words, arguments in (
        ("unrecognized arguments: --worker", ["--worker", "2"]),
        ("--workers: must be from 1 to 64", ["--workers", "0"]),
        ("--login-deadline: must be from", ["--login-deadline", "nan"]),
        ("invalid choice: 'xml'", ["--log-format", "xml"]),
        ("is no TOML: ", ["--config", str(garbage)]),
        ("Unable to open config file", ["--config", str(tmp_path / "missing")]),
    ):
        result = _run(tmp_path / "data", *arguments)
        assert (result.returncode, result.stdout) == (2, "")
        [line] = result.stderr.splitlines()
        assert line.startswith("chatd: ")
        assert words in line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--output-soft", "8192", "--output-hard", "4096"], "--output-hard must not be below"),
        (["--max-text", "65000"], "--max-frame must be at least 1024 above"),
        (["--max-groups", "5001"], "--max-groups may be at most"),
        (["--tls-key", "x"], "go together"),
        (["--files-url", "files.example:8080"], "--files-url is http"),
        (["--files-url", "ftp://files.example"], "--files-url is http"),
        (["--files-url", "http://"], "--files-url is http"),
        (["--files-url", "http://files.example/?a=b"], "--files-url is http"),
        (["--files-url", 'http://files.example/"'], "--files-url is http"),
        (["--files-url", "http://files.example:0"], "--files-url is http"),
        (["--files-url", "http://files.example:x"], "--files-url is http"),
        (["--files-url", "http://ann:secret@files.example"], "--files-url is http"),
    ],
)
def test_options_that_do_not_fit_together_are_refused(arguments: list[str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load(arguments)


@SQLITE_PLAIN
def test_a_data_folder_belongs_to_one_server(make_process: ProcessFactory, tmp_path: Path) -> None:
    server = make_process()
    result = _run(tmp_path, "--listen", "127.0.0.1:0")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f"chatd: another chatd is using {tmp_path}\n"
    assert server.user("alice").expect("ping")["result"] == "success"
    server.kill()
    server.start()  # the lock dies with its owner


def test_the_command_line_goes_before_the_environment_and_that_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "chatd.toml"
    config.write_text('[chatd]\nworkers = 3\nmax-text = 300\nplaintext = "deny"\nlogin-deadline = 7.5\ndata = "x y"\n')
    monkeypatch.setenv("CHATD_WORKERS", "4")
    monkeypatch.setenv("CHATD_MAX_TEXT", "400")
    settings = load(["--config", str(config), "--workers", "5"])
    assert (settings.workers, settings.max_text, settings.plaintext) == (5, 400, "deny")
    assert (settings.login_deadline, settings.data.name) == (7.5, "x y")
    monkeypatch.delenv("CHATD_WORKERS")
    monkeypatch.setenv("CHATD_CONFIG", str(config))
    assert load([]).workers == 3
    assert load(["--plaintext", "allow"]).plaintext == "allow"


@SQLITE_TLS
def test_the_log_is_one_json_object_per_line_when_asked_for(
    make_process: ProcessFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHATD_LOG_FORMAT", "json")
    server = make_process("--limits", "off")
    server.user('quo"te')
    server.connect().request("login", user="ev\\il", password="p")
    assert _end(server, signal.SIGTERM) == (0, "")
    events = [json.loads(line) for line in server.log().splitlines()]
    assert all({"time", "level", "subject", "message"} <= event.keys() for event in events)
    messages = [event["message"] for event in events if event["subject"] == "chatd.auth"]
    assert messages == [
        "registered: user='quo\"te' address=127.0.0.1",
        "login failed: address=127.0.0.1 user='ev\\\\il'",
    ]


@SQLITE_TLS
def test_the_certificate_is_made_once_and_kept(make_process: ProcessFactory, tmp_path: Path) -> None:
    server = make_process()
    before = server.fingerprint
    assert server.user("alice").fingerprint == before
    assert (tmp_path / "tls-key.pem").stat().st_mode & 0o077 == 0
    assert server.terminate() == 0
    server.start()
    assert server.fingerprint == before
    assert server.again("alice").fingerprint == before


@SQLITE_TLS
def test_a_certificate_of_the_operators_own_is_used(make_process: ProcessFactory, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    certificate, key = ensure_self_signed(tmp_path / "own")
    server = make_process("--tls-cert", str(certificate), "--tls-key", str(key))
    assert server.fingerprint == fingerprint_of(certificate)
    assert server.user("alice").fingerprint == server.fingerprint
    assert not (tmp_path / "tls-cert.pem").exists()
    with pytest.raises(UnknownFingerprint) as caught:
        Client(server.host, server.port, tls=True, fingerprint="00:11", timeout=DEADLINE)
    assert caught.value.fingerprint == server.fingerprint


@SQLITE_PLAIN
def test_nothing_of_the_server_can_be_read_by_others(make_process: ProcessFactory, tmp_path: Path) -> None:
    data = tmp_path / "made by the server"
    server = make_process("--data", str(data), "--database", "")
    assert (data / "chat.db").exists()
    for file in (data, *data.iterdir()):
        assert file.stat().st_mode & 0o077 == 0, file
    assert os.access(data / "tls-key.pem", os.R_OK)
    assert server.terminate() == 0
