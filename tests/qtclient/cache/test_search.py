"""Any part of any text is found, also two Chinese characters within a sentence."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from qtclient.cache import grams
from qtclient.cache.reader import Reader
from tests.qtclient.cache.helpers import ANN, CREW, Book, grouped, login, offered, private

TEXTS = [
    "今天天气很好，我们去公园散步吧",
    "明天开会",
    "Hello, World!",
    "ＦＵＬＬ ｗｉｄｔｈ",
    "naïve café",
    '50% of "quotes" AND (brackets) OR * NEAR',
    "a",
    "tab\tand\nnewline",
    "emoji 😀 here",
    "https://example.org/a?b=c#d",
    "",
]


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    book = Book(tmp_path / "cache.db")
    book.welcome(login())
    book.arrive(*(private(mid, text) for mid, text in enumerate(TEXTS, 1)))
    book.arrive(grouped(50, "今天在群里"), offered(51, filename="年度报告.pdf"))
    book.close()
    return Reader(tmp_path / "cache.db")


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("天气", [1]),
        ("天", [50, 2, 1]),
        ("今天", [50, 1]),
        ("散步吧", [1]),
        ("开会", [2]),
        ("气天", []),
        ("hello", [3]),
        ("O, w", [3]),
        ("full WIDTH", [4]),
        ("cafe\u0301", [5]),
        ("50%", [6]),
        ('"quotes"', [6]),
        ("(brackets) *", [6]),
        ("and newline", [8]),
        ("😀", [9]),
        ("org/a?b=c#d", [10]),
        ("公园 今天", [1]),
        ("报告", [51]),
        (".PDF", [51]),
        ("", []),
        ("   ", []),
        ("\0", []),
        ("没有", []),
    ],
)
def test_what_is_found(reader: Reader, text: str, rows: list[int]) -> None:
    assert [hit.row for hit in reader.search(text, None, 100)] == rows
    reader.close()


def test_in_one_conversation(reader: Reader) -> None:
    assert [hit.row for hit in reader.search("今天", ANN, 100)] == [1]
    assert [hit.row for hit in reader.search("今天", CREW, 100)] == [50]
    assert len(reader.search("天", None, 2)) == 2
    reader.close()


def test_against_looking_at_everything(tmp_path: Path) -> None:
    """Random texts and random pieces: the index finds exactly what is there."""
    chance = random.Random(4)
    letters = "ab 今天气%\"'*"
    texts = ["".join(chance.choices(letters, k=chance.randint(0, 12))) for _ in range(400)]
    book = Book(tmp_path / "cache.db")
    book.welcome(login())
    book.arrive(*(private(mid, text) for mid, text in enumerate(texts, 1)))
    book.close()
    reader = Reader(tmp_path / "cache.db")
    for _ in range(300):
        piece = "".join(chance.choices(letters, k=chance.randint(1, 4)))
        words = grams.fold(piece).split()
        expected = [
            mid for mid, text in enumerate(texts, 1) if words and all(word in grams.fold(text) for word in words)
        ]
        assert sorted(hit.row for hit in reader.search(piece, None, 1000)) == expected, piece
    reader.close()


def test_every_query_goes_by_an_index(reader: Reader) -> None:
    """No table is scanned, whatever is asked for."""
    asked: list[str] = []
    reader._db.set_trace_callback(asked.append)
    reader.conversations()
    reader.conversation(ANN)
    reader.before(ANN, 5, 3)
    reader.after(ANN, 5, 3)
    reader.any_before(ANN, 5, 3)
    reader.first_unread(ANN)
    reader.by_file("f1")
    reader.message(1)
    reader.search("天气", ANN, 10)
    reader.meta("seen")
    reader._db.set_trace_callback(None)
    for query in asked:
        if "'main'.'search_" in query or query.startswith("--"):
            continue  # FTS5's own
        for *_, step in reader._db.execute(f"EXPLAIN QUERY PLAN {query}"):
            assert not (step.startswith("SCAN") and "VIRTUAL TABLE" not in step and "USING" not in step), (query, step)
    reader.close()
