"""A tus client that others wrote: it uploads, is interrupted, and resumes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed

from chatbase import files
from tests.filed.conftest import FiledFactory
from tests.support.combinations import BOTH, TRANSPORTS
from tests.support.filing import Filed, Offer, RunningFiled, sha256, some_bytes

PIECE = 64 * 1024


@pytest.fixture(autouse=True)
def _trust(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The client checks certificates: ours is the only authority."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "tls-cert.pem"))


def _base(filed: Filed) -> str:
    return f"{'https' if filed.tls else 'http'}://localhost:{filed.port}"


def _client(filed: Filed, offer: Offer) -> TusClient:
    return TusClient(f"{_base(filed)}/files/?{offer.up.partition('?')[2]}")


@BOTH
def test_an_upload_in_pieces_with_checksums(filed: RunningFiled) -> None:
    data = some_bytes(10 * PIECE + 1)
    offer = filed.offer(len(data), announced=sha256(data))
    uploader = _client(filed, offer).uploader(
        file_stream=io.BytesIO(data), chunk_size=PIECE, metadata={"filename": "a.bin"}, upload_checksum=True
    )
    uploader.upload()
    assert uploader.url == _base(filed) + offer.up
    assert filed.state(offer) == files.COMPLETE
    assert filed.ask("GET", offer.down).body == data


class _Torn(io.BytesIO):
    """A file that breaks while it is read for the ``last`` time: the client ends in the middle of its upload."""

    def __init__(self, data: bytes, last: int) -> None:
        super().__init__(data)
        self._left = last

    def read(self, size: int | None = -1) -> bytes:
        self._left -= 1
        if not self._left:
            raise OSError("torn")
        return super().read(size)


@BOTH
def test_a_client_that_was_interrupted_resumes(make_filed: FiledFactory) -> None:
    filed = make_filed()
    data = some_bytes(10 * PIECE)
    offer = filed.offer(len(data), announced=sha256(data))
    first = _client(filed, offer).uploader(file_stream=_Torn(data, 5), chunk_size=PIECE)
    with pytest.raises(OSError, match="torn"):
        first.upload()
    assert 0 < filed.offset(offer) < len(data)
    filed.stop()
    with pytest.raises((TusCommunicationError, TusUploadFailed)):
        TusClient(_base(filed)).uploader(file_stream=io.BytesIO(data), url=first.url)
    filed.start()
    second = TusClient(_base(filed)).uploader(file_stream=io.BytesIO(data), url=first.url, chunk_size=PIECE)
    assert 0 < second.offset < len(data)
    second.upload()
    assert filed.whole(offer).read_bytes() == data
    assert filed.row(offer).sha256 == sha256(data)


@TRANSPORTS
def test_a_ticket_in_a_header_and_a_wrong_one(filed: RunningFiled) -> None:
    data = some_bytes(PIECE)
    offer = filed.offer(len(data))
    client = TusClient(f"{_base(filed)}/files/", headers={"Authorization": "Bearer " + offer.up.partition("=")[2]})
    uploader = client.uploader(file_stream=io.BytesIO(data))
    uploader.upload()
    assert uploader.url == f"{_base(filed)}/files/{offer.id}"
    client.set_headers({"Authorization": "Bearer nonsense"})
    with pytest.raises(TusCommunicationError):
        client.uploader(file_stream=io.BytesIO(data)).upload()


@TRANSPORTS
def test_a_file_without_a_byte(filed: RunningFiled) -> None:
    offer = filed.offer(0)
    _client(filed, offer).uploader(file_stream=io.BytesIO(b"")).upload()
    assert filed.state(offer) == files.COMPLETE
