"""Names of files that come from others, hashes, and what a digest header says."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatwire.transfer.control import Control
from chatwire.transfer.errors import Cancelled, LocalProblem
from chatwire.transfer.files import BLOCK, hash_file, sha256_in
from chatwire.transfer.names import LIMIT, fitted, harmless


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("Ünï çödé 世界.txt", "Ünï çödé 世界.txt"),
        ("u\u0308.txt", "ü.txt"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\windows\\system.ini", "system.ini"),
        ("../../x", "x"),
        ("..", "file"),
        (".", "file"),
        ("", "file"),
        ("folder/", "file"),
        (".bashrc", "bashrc"),
        ("...a", "a"),
        ("-rf", "rf"),
        (" . - .x", "x"),
        ("a\0b\nc\x1b[2Jd", "a_b_c_[2Jd"),
        ("photo\u202egpj.exe", "photo_gpj.exe"),
        ("a\u2028b\ud800c\ufffed", "a_b_c_d"),
        ("\U0001fa77.png", "\U0001fa77.png"),  # newer than the tables of some Python
        ("\U000f0000.tar.gz", "\U000f0000.tar.gz"),
        ("\u202e.png", "_.png"),
        ("\u0645\u06cc\u200c\u062e.pdf", "\u0645\u06cc\u200c\u062e.pdf"),
        ("\U0001f469\u200d\U0001f4bb.txt", "\U0001f469\u200d\U0001f4bb.txt"),
        ("\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f.svg",) * 2,
        ("\u200f\u05d0\u00ad.doc", "\u200f\u05d0\u00ad.doc"),
        ("what?<is>|this*:.txt", "what__is__this__.txt"),
        ("end. . ", "end"),
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        ("com1.tar.gz", "_com1.tar.gz"),
        ("COM¹", "_COM¹"),
        ("console.log", "console.log"),
    ],
)
def test_names_are_made_harmless(name: str, kept: str) -> None:
    assert harmless(name) == kept


def test_long_names_keep_their_extension() -> None:
    assert harmless("x" * 300 + ".pdf") == "x" * 251 + ".pdf"
    assert harmless("世" * 300 + ".tar.gz") == "世" * 82 + ".tar.gz"
    assert harmless("." + "x" * 300) == "x" * 255
    assert harmless("a." + "x" * 300) == ("a." + "x" * 300)[:255]
    assert harmless("\U0001fa77" * 100 + ".jpeg") == "\U0001fa77" * 62 + ".jpeg"
    assert harmless("\U0001f469\u200d\U0001f4bb" * 40 + ".png") == "\U0001f469\u200d\U0001f4bb" * 22 + "\U0001f469.png"


def test_additions_stand_before_the_extension() -> None:
    assert fitted("a.pdf", " (1)") == "a (1).pdf"
    assert fitted("a.tar.gz", " (12)") == "a (12).tar.gz"
    assert fitted("a", " (1)") == "a (1)"
    assert fitted("Dr. Who", " (1)") == "Dr. Who (1)"
    assert fitted("a.pdf", ending=".part") == "a.pdf.part"
    assert fitted("世" * 85 + ".pdf", " (1)", ".part") == "世" * 80 + " (1).pdf.part"


@given(st.text())
def test_any_name_is_good_for_a_file(name: str) -> None:
    kept = harmless(name)
    assert 0 < len(kept.encode()) <= LIMIT
    assert kept[0] not in ".- "
    assert not set(kept) & set('/\\\0\n\r<>:"|?*')
    assert kept[-1] not in ". "
    assert len(fitted(kept, " (1234567)", ".12345678.part").encode()) <= LIMIT


def test_what_a_digest_header_says() -> None:
    digest = hashlib.sha256(b"x").digest()
    text = base64.b64encode(digest).decode()
    assert sha256_in(f"sha-256=:{text}:") == digest.hex()
    assert sha256_in(f"sha-512=:{text}:, sha-256=:{text}:;q=1 , md5=:AAAA:") == digest.hex()
    for none in ("", "sha-256", f"xsha-256=:{text}:", f"sha-256={text}", f"sha-512=:{text}:", "sha-256=:%%:",
                 "sha-256=:" + "=" * 44 + ":"):  # fmt: skip
        assert sha256_in(none) == ""


def test_a_file_is_hashed(tmp_path: Path) -> None:
    content = os.urandom(2 * BLOCK + 17)
    (tmp_path / "a").write_bytes(content)
    told: list[tuple[int, int]] = []
    assert hash_file(tmp_path / "a", progress=lambda *step: told.append(step)) == hashlib.sha256(content).hexdigest()
    assert told == [(BLOCK, len(content)), (2 * BLOCK, len(content)), (len(content), len(content))]
    control = Control()
    control.cancel()
    with pytest.raises(Cancelled):
        hash_file(tmp_path / "a", control=control)
    with pytest.raises(LocalProblem, match="No such file"):
        hash_file(tmp_path / "b")
