"""The one style sheet, from colours and a font size. Distances are multiples of 4.

Widgets say what they are by the property ``role``. Buttons: ``primary``, ``link``, ``floating``, ``send``, ``emoji``.
Labels: ``title``, ``heading``, ``section``, ``second``, ``small``, ``error``, ``code``. Frames: ``window``, ``bar``,
``panel``, ``line``, ``notice``, ``toast``, ``drop``, ``composer``. Fields: ``search``, ``jump``. Views:
``messages``, ``lines``.
"""

from __future__ import annotations

from qtclient.look.colours import Colours


def style_sheet(colours: Colours, points: float) -> str:
    """The whole sheet; ``points`` is the size of the ordinary text."""
    values = {
        **vars(colours),
        "title": f"{points * 1.55:.1f}",
        "heading": f"{points * 1.15:.1f}",
        "small": f"{points * 0.92:.1f}",
        "emoji": f"{points * 1.35:.1f}",
    }
    parts = (_GROUNDS, _LABELS, _BUTTONS, _FIELDS, _CHOICES, _VIEWS, _BARS, _MENUS, _BALLOONS)
    return "".join(part % values for part in parts)


_GROUNDS = """
QWidget { color: %(text)s; }
QMainWindow, QDialog, QWidget[role="window"] { background: %(window)s; }
QWidget[role="panel"], QWidget[role="bar"] { background: %(panel)s; }
QFrame[role="line"] { background: %(line)s; border: none; max-height: 1px; min-height: 1px; }
QFrame[role="upright"] { background: %(line)s; border: none; max-width: 1px; min-width: 1px; }
QFrame[role="notice"] { background: %(warning_soft)s; border: none; }
QFrame[role="notice"] QLabel { color: %(warning)s; }
QFrame[role="toast"] { background: %(text)s; border-radius: 10px; }
QFrame[role="toast"] QLabel { color: %(window)s; }
QFrame[role="drop"] { background: %(accent_soft)s; border: 2px dashed %(accent)s; border-radius: 16px; }
QFrame[role="drop"] QLabel { color: %(accent)s; }
QSplitter::handle { background: %(line)s; }
QToolTip { background: %(surface)s; color: %(text)s; border: 1px solid %(line)s; padding: 4px 8px; }
QScrollArea { border: none; background: transparent; }
"""

# Qt's own, at a tray icon: it is pale yellow by day and by night.
_BALLOONS = """
QBalloonTip QLabel { color: #202020; }
QBalloonTip QPushButton { background: transparent; border: none; padding: 0; min-height: 0; }
"""

_LABELS = """
QLabel { background: transparent; }
QLabel[role="title"] { font-size: %(title)spt; font-weight: 600; }
QLabel[role="heading"] { font-size: %(heading)spt; font-weight: 600; }
QLabel[role="section"] { color: %(muted)s; font-size: %(small)spt; font-weight: 600; }
QLabel[role="second"] { color: %(muted)s; }
QLabel[role="small"] { color: %(muted)s; font-size: %(small)spt; }
QLabel[role="error"] { color: %(danger)s; }
QLabel[role="code"] { font-family: "DejaVu Sans Mono", "Menlo", "Consolas", monospace; }
"""

_BUTTONS = """
QPushButton { background: %(surface)s; border: 1px solid %(edge)s; border-radius: 8px; padding: 6px 16px;
  min-height: 20px; outline: none; }
QPushButton:hover { background: %(hover)s; }
QPushButton:pressed { background: %(selected)s; }
QPushButton:focus { border: 2px solid %(accent)s; padding: 5px 15px; }
QPushButton:disabled { color: %(faint)s; border-color: %(line)s; background: %(panel)s; }
QPushButton[role="primary"] { background: %(button)s; color: %(on_button)s; border: 1px solid %(button)s;
  font-weight: 600; }
QPushButton[role="primary"]:hover { background: %(button_hover)s; }
QPushButton[role="primary"]:pressed { background: %(button_down)s; }
QPushButton[role="primary"]:focus { border: 2px solid %(text)s; }
QPushButton[role="primary"]:disabled { background: %(line)s; border-color: %(line)s; color: %(faint)s; }
QPushButton[role="link"] { background: transparent; border: none; color: %(accent)s; padding: 4px; text-align: left; }
QPushButton[role="link"]:hover { text-decoration: underline; }
QPushButton[role="link"]:focus { text-decoration: underline; border: none; padding: 4px; }
QPushButton[role="floating"] { background: %(surface)s; border: 1px solid %(line)s; border-radius: 20px; padding: 0;
  min-width: 38px; max-width: 38px; min-height: 38px; max-height: 38px; }
QPushButton[role="floating"]:hover { background: %(hover)s; }
QPushButton[role="floating"]:focus { border: 2px solid %(accent)s; }
QToolButton { background: transparent; border: 2px solid transparent; border-radius: 8px; padding: 4px; }
QToolButton:hover { background: %(hover)s; }
QToolButton:pressed, QToolButton:checked { background: %(selected)s; }
QToolButton:focus { border-color: %(accent)s; }
QToolButton::menu-indicator { image: none; }
QToolButton[role="send"] { background: %(button)s; border-radius: 20px; padding: 6px; }
QToolButton[role="send"]:hover { background: %(button_hover)s; }
QToolButton[role="send"]:pressed { background: %(button_down)s; }
QToolButton[role="send"]:disabled { background: %(line)s; }
QToolButton[role="emoji"] { padding: 2px 4px; font-family: "Noto Color Emoji"; font-size: %(emoji)spt; }
"""

_FIELDS = """
QLineEdit, QSpinBox, QComboBox { background: %(surface)s; border: 1px solid %(edge)s; border-radius: 8px;
  padding: 6px 10px; min-height: 20px; selection-background-color: %(accent)s; selection-color: %(on_accent)s; }
QLineEdit:focus, QSpinBox:focus, QComboBox:focus { border: 2px solid %(accent)s; padding: 5px 9px; }
QLineEdit:disabled, QSpinBox:disabled, QComboBox:disabled { background: %(panel)s; color: %(faint)s; }
QLineEdit[role="search"] { background: %(hover)s; border: 1px solid transparent; }
QLineEdit[role="search"]:focus { background: %(surface)s; border: 2px solid %(accent)s; }
QLineEdit[role="jump"] { border: none; background: transparent; padding: 12px; font-size: %(heading)spt; }
QPlainTextEdit { background: transparent; border: none; selection-background-color: %(accent)s;
  selection-color: %(on_accent)s; }
QFrame[role="composer"] { background: %(surface)s; border: 1px solid %(edge)s; border-radius: 12px; }
QFrame[role="composer"][focused="true"] { border: 1px solid %(accent)s; }
QComboBox::drop-down { border: none; width: 28px; }
QComboBox::down-arrow { width: 14px; height: 14px; }
QComboBox QAbstractItemView { background: %(surface)s; border: 1px solid %(line)s; padding: 4px; outline: none; }
"""

_CHOICES = """
QCheckBox, QRadioButton { spacing: 8px; padding: 4px; background: transparent; border: 2px solid transparent;
  border-radius: 6px; }
QCheckBox:focus, QRadioButton:focus { border-color: %(accent)s; }
QCheckBox:disabled, QRadioButton:disabled { color: %(faint)s; }
QCheckBox::indicator { width: 16px; height: 16px; border: 1px solid %(edge)s; border-radius: 5px;
  background: %(surface)s; }
QCheckBox::indicator:checked { background: %(button)s; border-color: %(button)s; }
QCheckBox::indicator:checked:disabled { background: %(faint)s; border-color: %(faint)s; }
QTabWidget::pane { border: none; border-top: 1px solid %(line)s; }
QTabBar { background: %(panel)s; qproperty-drawBase: 0; }
QTabBar::tab { background: transparent; color: %(muted)s; padding: 8px 12px; border: none;
  border-bottom: 2px solid transparent; }
QTabBar::tab:hover { background: %(hover)s; color: %(text)s; }
QTabBar::tab:selected { color: %(text)s; border-bottom: 2px solid %(accent)s; }
QTabBar:focus { outline: none; }
QTabBar::scroller { width: 48px; }
QTabBar::tear { width: 0; image: none; border: none; }
QTabBar QToolButton { background: %(panel)s; border: none; border-radius: 0; padding: 0; }
QTabBar QToolButton:hover { background: %(hover)s; }
"""

_VIEWS = """
QListView, QTreeView { background: %(surface)s; border: none; outline: none; }
QListView[role="lines"] { background: transparent; }
QListView[role="messages"] { background: %(window)s; }
QProgressBar { background: %(line)s; border: none; border-radius: 3px; max-height: 6px; min-height: 6px; }
QProgressBar::chunk { background: %(accent)s; border-radius: 3px; }
"""

_BARS = """
QScrollBar:vertical { background: transparent; width: 12px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 0; }
QScrollBar::handle { background: %(edge)s; border-radius: 4px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover { background: %(faint)s; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; border: none; background: none; }
QScrollBar::add-page, QScrollBar::sub-page { background: none; }
"""

_MENUS = """
QMenu { background: %(surface)s; border: 1px solid %(line)s; padding: 6px; }
QMenu::item { padding: 6px 24px 6px 12px; border-radius: 6px; background: transparent; }
QMenu::item:selected { background: %(accent_soft)s; color: %(text)s; }
QMenu::item:disabled { color: %(faint)s; }
QMenu::icon { padding-left: 8px; }
QMenu::separator { height: 1px; background: %(line)s; margin: 4px 8px; }
"""
