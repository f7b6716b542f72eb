"""Chinese and other input methods: see to it that Qt finds fcitx's plugin, which PyPI's PyQt5 lacks. No Qt here.

Qt asks a plugin, named by ``QT_IM_MODULE``, to talk to the input method. PyPI's PyQt5 brings the one of ibus. That of
fcitx comes with the distribution, for the distribution's Qt, and works in ours as long as it is offered alone: other
plugins of that folder would end the program. So a folder of our own holds a link to just this file. This has to happen
before the application object is made, as that is when Qt looks.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger("qtclient.input")

MODULE = "QT_IM_MODULE"
PATH = "QT_PLUGIN_PATH"
_KIND = "platforminputcontexts"

PLUGINS = ("libfcitx5platforminputcontextplugin.so", "libfcitxplatforminputcontextplugin.so")
"""Of fcitx 5, and of fcitx 4."""

FOLDERS = ("lib/*/qt5/plugins", "lib64/qt5/plugins", "lib/qt5/plugins", "lib/qt/plugins")
"""Under /usr: Debian and its like; Fedora and SUSE; Arch."""


@dataclass(frozen=True)
class Found:
    """What was found out: the module that is used ("" for Qt's own choice), and the plugin that was linked, if any."""

    module: str
    plugin: Path | None = None


def prepare(environ: MutableMapping[str, str], folder: Path, own: Path, usr: Path = Path("/usr")) -> Found:
    """Choose the input method, and offer its plugin where Qt lacks it, by changing ``environ``.

    ``folder`` is ours, for the link; ``own`` is where this Qt has its plugins.
    """
    module = _wanted(environ)
    if not module:
        return Found("")
    environ[MODULE] = module
    if not module.startswith("fcitx") or any((own / _KIND / name).exists() for name in PLUGINS):
        return Found(module)
    plugin = next(_candidates(usr), None)
    if plugin is None:
        log.warning("fcitx is wanted, but its plugin for Qt 5 is not installed (see docs/CLIENT.md)")
        return Found(module)
    try:
        _link(plugin, folder / _KIND)
    except OSError as error:
        log.warning("the plugin of fcitx cannot be linked: %s", error)
        return Found(module)
    environ[PATH] = os.pathsep.join(filter(None, (str(folder), environ.get(PATH))))
    log.info("input method: %s", plugin)
    return Found(module, plugin)


def _wanted(environ: MutableMapping[str, str]) -> str:
    """The user's input method: as told for Qt, else as told for the other toolkits; "" when there is no telling."""
    told = environ.get(MODULE, "")
    if told not in ("", "xim"):  # Qt 5 has no XIM
        return told
    if environ.get("XDG_SESSION_TYPE") == "wayland" and not told:
        return ""  # the compositor brings it
    other = environ.get("XMODIFIERS", "").rpartition("@im=")[2] or environ.get("GTK_IM_MODULE", "")
    return next((name for name in ("fcitx", "ibus") if other.startswith(name)), "")


def _candidates(usr: Path) -> Iterator[Path]:
    """The plugins that the distribution has, the best first."""
    for name in PLUGINS:
        for pattern in FOLDERS:
            yield from sorted(usr.glob(f"{pattern}/{_KIND}/{name}"))


def _link(plugin: Path, folder: Path) -> None:
    """Make ``folder`` hold a link to this plugin and nothing else, as Qt loads whatever it finds there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.name != plugin.name:
            path.unlink()
    link = folder / plugin.name
    if link.is_symlink() and Path(os.readlink(link)) == plugin:
        return
    fresh = folder / f".{os.getpid()}"
    fresh.symlink_to(plugin)
    fresh.replace(link)
