"""What docs/CLIENT.md says of the keys is what the client does."""

from __future__ import annotations

from PyQt5.QtWidgets import QApplication

from qtclient.i18n import set_language
from qtclient.windows.shortcuts import chapters
from tests.support.running import ROOT


def test_the_document_lists_the_keys_as_the_help_window_does(qapp: QApplication) -> None:
    set_language("en")
    document = (ROOT / "docs" / "CLIENT.md").read_text()
    for title, lines in chapters():
        table = "\n".join([f"| {title} | |", "|---|---|", *(f"| {keys} | {words} |" for keys, words in lines)])
        assert table in document, table
