"""mysql:// URLs: every parameter is obeyed or refused, and whatever answers is one line."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chatbase import drivers
from chatbase.engine import Database, DatabaseUnavailable
from chatwire.certificate import ensure_self_signed
from tests.support.mariadb import MariaDB
from tests.support.relay import Relay
from tests.support.running import ROOT

URL = "mysql://chat:geheim@127.0.0.1:1/chat"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Paths by the names that the cases below use."""
    certificate, key = ensure_self_signed(tmp_path)
    (tmp_path / "garbage").write_text("garbage")
    return {"cert": str(certificate), "key": str(key), "garbage": f"{tmp_path}/garbage", "none": f"{tmp_path}/none"}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("charset=latin1", "has 'charset'"),
        ("ssl-ca={cert}", "has 'ssl-ca'"),
        ("ssl=true", "has 'ssl'"),
        ("ssl_ca={none}", "ssl_ca cannot be used: No such file"),
        ("ssl_ca={garbage}", "ssl_ca cannot be used: "),
        ("ssl_ca=", "has one value; see 'ssl_ca'"),
        ("ssl_ca={cert}&ssl_ca={cert}", "has one value; see 'ssl_ca'"),
        ("ssl_cert={none}", "ssl_cert cannot be used: No such file"),
        ("ssl_cert={cert}&ssl_key={garbage}", "ssl_cert cannot be used: "),
        ("ssl_cert={cert}", "ssl_cert cannot be used: "),
        ("ssl_key={key}", "ssl_key goes with ssl_cert"),
        ("ssl_verify_identity=off", "ssl_verify_identity goes with ssl_ca"),
        ("ssl_ca={cert}&ssl_verify_identity=perhaps", "ssl_verify_identity is on or off"),
        ("unix_socket=/run/x.sock&ssl_ca={cert}", "leave out the ssl_ parameters"),
        ("unix_socket", "a database URL is"),
        ("", "cannot connect"),
    ],
)
def test_parameters_are_obeyed_or_refused(files: dict[str, str], query: str, words: str) -> None:
    with pytest.raises((ValueError, DatabaseUnavailable)) as caught:
        Database(f"{URL}?{query}".format(**files), 1)
    assert words.lower() in str(caught.value).replace("Can't", "cannot").lower()
    assert "geheim" not in str(caught.value)


def test_a_host_that_can_be_none() -> None:
    with pytest.raises(ValueError, match="can be no name"):
        Database("mysql://chat:geheim@a..b/chat", 1)


def test_a_password_behind_a_question_mark_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="database URL") as caught:
        Database("mysql://chat:1/x?geheim=1@host/chat", 1)
    assert "geheim" not in str(caught.value)


def test_the_daemons_say_it_in_one_line(tmp_path: Path) -> None:
    for program in ("chatd", "filed"):
        result = subprocess.run(
            [sys.executable, "-m", program, "--data", str(tmp_path), "--database", f"{URL}?ssl_ca=/nonexistent"],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        words = "cannot use the database: ssl_ca cannot be used: No such file or directory"
        assert (result.returncode, result.stdout, result.stderr) == (2, "", f"{program}: {words}\n")


# -- TLS ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return ensure_self_signed(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def encrypting(tmp_path_factory: pytest.TempPathFactory, certificate: tuple[Path, Path]) -> Iterator[tuple[str, int]]:
    """A MariaDB that can speak TLS, by a TCP port: the name of a database, and the port."""
    options = f"--ssl-cert={certificate[0]}", f"--ssl-key={certificate[1]}", f"--ssl-ca={certificate[0]}"
    server = MariaDB(tmp_path_factory.mktemp("encrypting"), *options)
    relay = Relay(server.socket)
    url = server.new_database()
    yield url.partition("?")[0].rpartition("/")[2], relay.port
    relay.close()
    server.remove()


def _cipher(url: str) -> str:
    database = Database(url, 1)
    try:
        with database.transaction() as tx:
            row = tx.row("SHOW STATUS LIKE 'Ssl_cipher'")
        return row[1] if row else ""
    finally:
        database.close()


def test_tls_is_what_the_url_asks_for(
    encrypting: tuple[str, int], certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    name, port = encrypting
    url = f"mysql://root@HOST:{port}/{name}?"
    ours, others = f"ssl_ca={certificate[0]}", f"ssl_ca={ensure_self_signed(tmp_path)[0]}"
    assert _cipher(url.replace("HOST", "localhost") + ours)
    assert _cipher(url.replace("HOST", "127.0.0.1") + ours + "&ssl_verify_identity=off")
    assert _cipher(url.replace("HOST", "127.0.0.1") + f"ssl_cert={certificate[0]}&ssl_key={certificate[1]}")
    with pytest.raises(DatabaseUnavailable, match="IP address mismatch"):  # the certificate has a name only
        _cipher(url.replace("HOST", "127.0.0.1") + ours)
    with pytest.raises(DatabaseUnavailable, match="self-signed"):
        _cipher(url.replace("HOST", "localhost") + others)


def test_a_server_without_tls_is_refused(mariadb: MariaDB, certificate: tuple[Path, Path]) -> None:
    name = mariadb.new_database().partition("?")[0].rpartition("/")[2]
    relay = Relay(mariadb.socket)
    try:
        url = f"mysql://root@localhost:{relay.port}/{name}"
        assert _cipher(url) == ""
        with pytest.raises(DatabaseUnavailable, match="the server has no TLS"):
            _cipher(f"{url}?ssl_ca={certificate[0]}")
    finally:
        relay.close()


# -- accounts -------------------------------------------------------------------


def test_a_password_in_any_writing(mariadb: MariaDB) -> None:
    root = mariadb._connect()
    with root.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE USER wei@localhost IDENTIFIED BY '\u5bc6\u7801\u00e9'")
        cursor.execute("GRANT ALL ON *.* TO wei@localhost")
    root.close()
    database = Database(mariadb.new_database().replace("root@", "wei:%E5%AF%86%E7%A0%81%C3%A9@"), 1)
    database.close()


@contextmanager
def _pretender(*packets: bytes) -> Iterator[int]:
    """Something that says these, each when it has been asked."""
    listener = socket.create_server(("127.0.0.1", 0))

    def say() -> None:
        peer, _ = listener.accept()
        with peer:
            for packet in packets:
                peer.sendall(packet)
                if not peer.recv(4096):
                    return

    thread = threading.Thread(target=say)
    thread.start()
    yield listener.getsockname()[1]
    thread.join()
    listener.close()


def _packet(number: int, payload: bytes) -> bytes:
    return struct.pack("<I", len(payload))[:3] + bytes([number]) + payload


CAPABILITIES = 0xFFFFF7FF  # all but TLS
GREETING = (
    b"\n10.11.0-MariaDB\0" + struct.pack("<I", 7) + b"saltsalt\0" + struct.pack("<H", CAPABILITIES & 0xFFFF) + b"\x2d"
    + struct.pack("<HH", 2, CAPABILITIES >> 16) + b"\x15" + bytes(10) + b"saltsaltsalt\0mysql_native_password\0"
)  # fmt: skip


@pytest.mark.parametrize(
    ("packets", "words"),
    [
        ([_packet(0, GREETING), _packet(2, b"\xfeclient_ed25519\0" + bytes(32))], "pynacl"),
        ([_packet(0, GREETING), _packet(2, b"\xfeauth_gssapi_client\0x")], "auth_gssapi_client"),
        ([b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"], None),
        ([b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n" * 100], None),
        ([_packet(0, b"\n")], "no MariaDB or MySQL server"),
        ([_packet(0, b"\nabc\0" + bytes(60))], "no MariaDB or MySQL server"),
        ([b""], None),
    ],
)
def test_what_cannot_be_talked_to_is_the_databases_error(
    packets: list[bytes], words: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "nacl", None)
    monkeypatch.setattr(drivers, "GREETING_TIMEOUT", 0.5)
    with _pretender(*packets) as port, pytest.raises(DatabaseUnavailable, match=words) as caught:
        Database(f"mysql://chat:geheim@127.0.0.1:{port}/chat", 1)
    assert "\n" not in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_nobody_says_who_we_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("pymysql.connections.DEFAULT_USER", None)
    with pytest.raises(DatabaseUnavailable, match="names no user"):
        Database(f"mysql://localhost/chat?unix_socket={tmp_path}/x.sock", 1)
