"""Nothing that came from outside is decoded by chance: all ways in which Qt loads a picture or HTML are known by place.

Qt guesses what a file is by its bytes, and its SVG reader opens what the file names. HTML does so, too, and Qt takes
texts with tags in them for HTML wherever it is not told otherwise.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = {str(path.relative_to(ROOT)): path for path in (ROOT / "qtclient").rglob("*.py")}

ALLOWED_NAMES = {
    "QImageReader": {"qtclient/widgets/picture_file.py"},  # the one place
    "QSvgRenderer": {"qtclient/look/icons.py"},  # our own drawings
    "QToolTip": {"qtclient/widgets/message_view.py"},  # through tips.plain
    "QLabel": {  # with `PlainText` set, or a sign and never a text
        "qtclient/widgets/worded.py",
        "qtclient/widgets/controls.py",
        "qtclient/widgets/banner.py",
        "qtclient/widgets/disk_banner.py",
        "qtclient/windows/certificates.py",
        "qtclient/windows/login_form.py",
    },
    "QMessageBox": {"qtclient/windows/quit_question.py"},  # with `PlainText` set
    "setToolTip": {
        "qtclient/widgets/tips.py",
        "qtclient/windows/login_form.py",  # always the same words
        "qtclient/windows/tray.py",  # one's own name
    },
    "ToolTipRole": {"qtclient/widgets/emoji.py"},
}
"""What loads, or takes words for HTML, and where it may."""

NOWHERE = {
    "QMovie", "QPicture", "QTextDocument", "QTextEdit", "QTextBrowser", "QSvgWidget", "QGraphicsSvgItem",
    "QErrorMessage", "QWhatsThis", "QSplashScreen", "QInputDialog", "QWizard", "QWebEngineView",
    "QQuickWidget", "QStaticText",
    "loadFromData", "fromData", "addFile", "setHtml", "insertHtml", "appendHtml", "setWhatsThis", "setStatusTip",
    "setTabToolTip", "RichText", "AutoText", "MarkdownText", "StatusTipRole", "WhatsThisRole", "DecorationRole",
}  # fmt: skip

LOADING = {"QImage", "QPixmap", "QIcon", "QBitmap", "QCursor", "QBrush"}
FROM_NO_FILE = {
    "qtclient/look/icons.py": {"QIcon(_Engine(name, role))", "QPixmap(size)"},
    "qtclient/look/counted.py": {"QPixmap(app_pixmap(side))"},
    "qtclient/widgets/roster.py": {"QPixmap(option.rect.size() * ratio)"},
    "qtclient/windows/balloons.py": {"QIcon(app_pixmap(64))"},
}
"""With one argument they may load a file: these do not."""


def _names(module: str) -> Iterator[str]:
    """What a module uses, and what it makes; not what it only mentions as a type."""
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Attribute):
            yield node.attr
            yield node.value.id if isinstance(node.value, ast.Name) else ""
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id
        elif isinstance(node, ast.ClassDef):
            yield from (base.id for base in node.bases if isinstance(base, ast.Name))


@pytest.mark.parametrize("module", sorted(MODULES))
def test_only_known_places_decode_or_take_words_for_html(module: str) -> None:
    names = set(_names(module))
    assert not names & NOWHERE
    assert not {name for name in names & set(ALLOWED_NAMES) if module not in ALLOWED_NAMES[name]}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_no_picture_is_made_from_a_path(module: str) -> None:
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in LOADING:
            values = [*node.args, *(keyword.value for keyword in node.keywords)]
            assert len(values) != 1 or ast.unparse(node) in FROM_NO_FILE.get(module, ()), ast.unparse(node)


def test_the_list_of_places_is_no_longer_than_it_must_be() -> None:
    used = {module: set(_names(module)) for module in MODULES}
    for name, places in ALLOWED_NAMES.items():
        assert all(name in used[place] for place in places), name
