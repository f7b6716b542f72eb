"""TLS over memory: any split of the ciphertext gives the same plaintext, and only TlsError comes out of a bad peer."""

from __future__ import annotations

import contextlib
import hashlib
import ssl
import stat
import threading
import warnings
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatwire.certificate import ensure_self_signed, fingerprint_of
from chatwire.tls import TlsChannel, TlsError, certificate_fingerprint, client_context, server_context

untimed = settings(deadline=None, max_examples=40)

Files = tuple[Path, Path]
Chunks = list[int]

SPLITS = st.lists(st.integers(1, 3000), min_size=1, max_size=8)
"""Sizes of the pieces in which ciphertext arrives, taken in turn."""

WHOLE = [1 << 30]


class Pair:
    """A client and a server with a wire between them that cuts what it carries into pieces."""

    def __init__(self, server: ssl.SSLContext, client: ssl.SSLContext, split: Chunks) -> None:
        self.client = TlsChannel(client, server_side=False, hostname="localhost")
        self.server = TlsChannel(server, server_side=True)
        self.got = {self.client: bytearray(), self.server: bytearray()}
        self._sizes = cycle(split)

    def connect(self) -> Pair:
        self.client.handshake()
        self.settle()
        assert self.client.established
        assert self.server.established
        return self

    def settle(self) -> None:
        """Carry both ways until nothing moves."""
        while self._carry(self.client, self.server) or self._carry(self.server, self.client):
            pass

    def _carry(self, sender: TlsChannel, receiver: TlsChannel) -> bool:
        data = sender.outgoing()
        for piece in self._cut(data):
            self.got[receiver] += receiver.receive(piece)
        return bool(data)

    def _cut(self, data: bytes) -> Iterator[bytes]:
        at = 0
        while at < len(data):
            size = next(self._sizes)
            yield data[at : at + size]
            at += size


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return ensure_self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def make(files: Files) -> Callable[..., Pair]:
    server, client = server_context(str(files[0]), str(files[1])), client_context(verify=False)

    def build(split: Chunks = WHOLE, server: ssl.SSLContext = server, client: ssl.SSLContext = client) -> Pair:
        return Pair(server, client, split)

    return build


# -- handshake -----------------------------------------------------------------


@untimed
@given(split=SPLITS)
def test_the_handshake_succeeds_in_any_split(make: Callable[..., Pair], split: Chunks) -> None:
    make(split).connect()


def test_the_handshake_succeeds_byte_by_byte(make: Callable[..., Pair]) -> None:
    make([1]).connect()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_are_spoken(make: Callable[..., Pair], version: ssl.TLSVersion) -> None:
    context = client_context(verify=False)
    context.minimum_version = context.maximum_version = version
    pair = make([7], client=context).connect()
    pair.client.send(b"hello")
    pair.settle()
    assert pair.got[pair.server] == b"hello"


def test_nothing_is_read_before_the_handshake_is_done(make: Callable[..., Pair]) -> None:
    pair = make()
    pair.client.handshake()
    assert pair.server.receive(pair.client.outgoing()) == b""
    assert not pair.server.established
    assert pair.server.outgoing()


def test_a_receive_of_nothing_is_nothing(make: Callable[..., Pair]) -> None:
    pair = make().connect()
    assert pair.client.receive(b"") == b""
    assert pair.server.receive(b"") == b""


# -- data ----------------------------------------------------------------------


@untimed
@given(to_server=st.lists(st.binary(max_size=200)), to_client=st.lists(st.binary(max_size=200)), split=SPLITS)
def test_data_passes_both_ways_in_any_split(
    make: Callable[..., Pair], to_server: list[bytes], to_client: list[bytes], split: Chunks
) -> None:
    pair = make(split).connect()
    for data in to_server:
        pair.client.send(data)
    for data in to_client:
        pair.server.send(data)
    pair.settle()
    assert pair.got[pair.server] == b"".join(to_server)
    assert pair.got[pair.client] == b"".join(to_client)


@pytest.mark.parametrize("split", [WHOLE, [1, 16_384, 5], [1460]])
def test_a_megabyte_passes_in_one_send(make: Callable[..., Pair], split: Chunks) -> None:
    data = hashlib.shake_128(b"seed").digest(1 << 20)
    pair = make(split).connect()
    pair.client.send(data)
    pair.server.send(data[::-1])
    pair.settle()
    assert pair.got[pair.server] == data
    assert pair.got[pair.client] == data[::-1]


@untimed
@given(split=SPLITS)
def test_what_is_sent_before_the_handshake_arrives_after_it_in_order(make: Callable[..., Pair], split: Chunks) -> None:
    pair = make(split)
    for data in (b"one ", b"", b"two ", b"x" * 40_000):
        pair.client.send(data)
        pair.server.send(data.upper())
    assert pair.client.outgoing() == b""
    pair.connect()
    pair.client.send(b" three")
    pair.settle()
    assert pair.got[pair.server] == b"one two " + b"x" * 40_000 + b" three"
    assert pair.got[pair.client] == b"ONE TWO " + b"X" * 40_000


def test_nothing_sent_appears_in_clear(make: Callable[..., Pair]) -> None:
    pair = make()
    pair.client.send(b"correct horse battery")
    pair.client.handshake()
    flights = b""
    while data := pair.client.outgoing():
        flights += data
        pair.server.receive(data)
        pair.client.receive(pair.server.outgoing())
    assert pair.server.established
    assert b"horse" not in flights


# -- end -----------------------------------------------------------------------


@pytest.mark.parametrize("split", [WHOLE, [1]])
def test_close_comes_after_the_data_and_is_told_from_a_cut(make: Callable[..., Pair], split: Chunks) -> None:
    pair = make(split).connect()
    pair.client.send(b"last words")
    pair.client.close()
    assert not pair.server.ended
    pair.settle()
    assert pair.got[pair.server] == b"last words"
    assert pair.server.ended
    assert not pair.client.ended


def test_the_other_side_may_still_answer_a_close(make: Callable[..., Pair]) -> None:
    pair = make().connect()
    pair.client.close()
    pair.settle()
    pair.server.send(b"bye")
    pair.server.close()
    pair.settle()
    assert pair.got[pair.client] == b"bye"
    assert pair.client.ended


def test_close_never_fails(make: Callable[..., Pair]) -> None:
    fresh, broken = make(), make()
    fresh.client.close()
    with pytest.raises(TlsError):
        broken.server.receive(b"garbage garbage")
    broken.server.close()
    done = make().connect()
    for _ in range(3):
        done.client.close()
        done.settle()
        done.server.close()
        done.settle()


def test_nothing_can_be_sent_after_close(make: Callable[..., Pair]) -> None:
    pair = make().connect()
    pair.client.close()
    with pytest.raises(TlsError):
        pair.client.send(b"x")


# -- bad peers -----------------------------------------------------------------


def feed(channel: TlsChannel, data: bytes, split: Chunks) -> bool:
    """Whether it was refused; any other error than TlsError goes through."""
    sizes, at = cycle(split), 0
    try:
        while at < len(data):
            size = next(sizes)
            channel.receive(data[at : at + size])
            at += size
    except TlsError as error:
        return bool(str(error))
    return False


@untimed
@given(data=st.binary(max_size=300) | st.binary(max_size=300).map(lambda b: b"\x16\x03\x01" + b), split=SPLITS)
def test_garbage_for_a_handshake_raises_tls_error_only(make: Callable[..., Pair], data: bytes, split: Chunks) -> None:
    pair = make()
    pair.client.handshake()
    feed(pair.server, data, split)
    feed(pair.client, data, split)
    assert not pair.server.established
    assert not pair.client.established


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\n\r\n", b'{"cmd":"login"}\n', b"\x16\x03\x01\xff\xff" + b"\0" * 70_000]
)
@pytest.mark.parametrize("split", [WHOLE, [1]])
def test_what_is_no_tls_is_refused(make: Callable[..., Pair], data: bytes, split: Chunks) -> None:
    assert feed(make().server, data, split)


@untimed
@given(place=st.integers(0, 1 << 16), bit=st.integers(0, 7), split=SPLITS)
def test_a_flipped_bit_never_gives_other_data(make: Callable[..., Pair], place: int, bit: int, split: Chunks) -> None:
    pair = make().connect()
    pair.client.send(b"pay 10")
    data = bytearray(pair.client.outgoing())
    data[place % len(data)] ^= 1 << bit
    received = b""
    try:
        received = pair.server.receive(bytes(data))
    except TlsError:
        pair.server.close()
    assert received == b""


def _garbage_for_a_handshake(pair: Pair) -> None:
    pair.server.receive(b"\x16\x03\x01\x00\x05hello")


def _garbage_for_a_record(pair: Pair) -> None:
    pair.connect()
    pair.server.receive(b"\x17\x03\x03\x00\x20" + bytes(32))


def _unknown_record(pair: Pair) -> None:
    pair.connect()
    pair.client.receive(b"GET / HTTP/1.1\r\n\r\n")


def _send_after_close(pair: Pair) -> None:
    pair.connect()
    pair.server.close()
    pair.server.send(b"late")


def _close_after_a_bad_record(pair: Pair) -> None:
    pair.connect()
    with contextlib.suppress(TlsError):
        pair.server.receive(b"\x17\x03\x03\x00\x20" + bytes(32))
    pair.server.close()
    pair.server.send(b"late")


def _old_version(pair: Pair) -> None:
    pair.server.receive(bytes.fromhex("160301002f0100002b0301") + bytes(32) + bytes.fromhex("00000400ff002f0100"))


@pytest.mark.parametrize(
    "breaks",
    [
        _garbage_for_a_handshake, _garbage_for_a_record, _unknown_record, _send_after_close, _close_after_a_bad_record,
        _old_version,
    ],
)  # fmt: skip
def test_what_breaks_one_connection_is_no_matter_of_its_neighbours(
    make: Callable[..., Pair], breaks: Callable[[Pair], None]
) -> None:
    """OpenSSL keeps its errors per thread, and a loop's connections share one thread."""
    neighbour, newcomer = make().connect(), make()
    newcomer.client.handshake()
    newcomer._carry(newcomer.client, newcomer.server)
    for _ in range(3):
        with pytest.raises(TlsError):
            breaks(make())
        neighbour.client.send(b"to the server")
        neighbour.server.send(b"to the client")
        neighbour.settle()
    newcomer.settle()
    assert newcomer.client.established
    assert neighbour.got == {neighbour.client: b"to the client" * 3, neighbour.server: b"to the server" * 3}


def test_tls_1_1_is_refused_by_the_server(make: Callable[..., Pair]) -> None:
    context = client_context(verify=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1_1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")  # or OpenSSL would not even offer it
    pair = make(client=context)
    pair.client.handshake()
    hello = pair.client.outgoing()
    assert hello[:1] == b"\x16"
    with pytest.raises(TlsError, match="unsupported protocol"):
        pair.server.receive(hello)
    assert pair.server.outgoing()[:1] == b"\x15"  # an alert says so


def test_the_contexts_begin_at_tls_1_2(files: Files) -> None:
    for context in (server_context(str(files[0]), str(files[1])), client_context(verify=True)):
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_a_verifying_client_refuses_a_self_signed_certificate(make: Callable[..., Pair]) -> None:
    pair = make(client=client_context(verify=True))
    with pytest.raises(TlsError, match="certificate verify failed"):
        pair.connect()


def test_a_verifying_client_accepts_what_it_trusts(make: Callable[..., Pair], files: Files) -> None:
    context = client_context(verify=True)
    context.load_verify_locations(str(files[0]))
    make([100], client=context).connect()


# -- certificate ---------------------------------------------------------------


def test_the_fingerprint_is_that_of_the_file(make: Callable[..., Pair], files: Files) -> None:
    pair = make()
    assert pair.client.fingerprint() == ""
    pair.connect()
    der = ssl.PEM_cert_to_DER_cert(files[0].read_text())
    digest = hashlib.sha256(der).hexdigest()
    assert pair.client.fingerprint() == fingerprint_of(files[0]) == certificate_fingerprint(der)
    assert pair.client.fingerprint().replace(":", "").lower() == digest
    assert pair.server.fingerprint() == ""


def test_the_files_are_private_and_used_again(tmp_path: Path) -> None:
    certificate, key = ensure_self_signed(tmp_path)
    before = certificate.read_bytes(), key.read_bytes()
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    assert set(tmp_path.iterdir()) == {certificate, key}
    assert ensure_self_signed(tmp_path) == (certificate, key)
    assert (certificate.read_bytes(), key.read_bytes()) == before


@pytest.mark.parametrize("missing", [0, 1])
def test_half_a_pair_is_replaced_by_a_whole_one(tmp_path: Path, missing: int) -> None:
    ensure_self_signed(tmp_path)[missing].unlink()
    (tmp_path / "tls-key.new").write_text("left behind by a crash")
    certificate, key = ensure_self_signed(tmp_path)
    server_context(str(certificate), str(key))
    assert set(tmp_path.iterdir()) == {certificate, key}


def test_a_crash_between_the_files_leaves_no_pair_that_does_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, key = ensure_self_signed(tmp_path)
    key.unlink()
    replace = Path.replace

    def crash(self: Path, target: Path) -> Path:
        if target.name == "tls-cert.pem":
            raise OSError("power cut")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", crash)
    with pytest.raises(OSError, match="power cut"):
        ensure_self_signed(tmp_path)
    monkeypatch.undo()
    certificate, key = ensure_self_signed(tmp_path)
    server_context(str(certificate), str(key))


def test_a_file_without_certificate_has_no_fingerprint(tmp_path: Path, files: Files) -> None:
    (tmp_path / "empty").write_text("")
    with pytest.raises(ValueError, match="holds no certificate"):
        fingerprint_of(tmp_path / "empty")
    with pytest.raises(ValueError, match="holds no certificate"):
        fingerprint_of(files[1])


def test_two_that_start_at_once_make_one_certificate(tmp_path: Path) -> None:
    together, made = threading.Barrier(4), []

    def start() -> None:
        together.wait()
        certificate, key = ensure_self_signed(tmp_path)
        server_context(str(certificate), str(key))  # they fit
        made.append(certificate.read_bytes())

    starters = [threading.Thread(target=start) for _ in range(4)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    assert len(made) == 4
    assert len(set(made)) == 1
