"""Qt's own words, such as those of the menu of an input line, in the language of ours. GUI thread only."""

from __future__ import annotations

from PyQt5.QtCore import QCoreApplication, QLibraryInfo, QLocale, QObject, QTranslator

from qtclient.i18n import language

_LOCALES = {"en": QLocale(QLocale.Language.English), "zh": QLocale(QLocale.Language.Chinese, QLocale.Country.China)}


class QtWords(QObject):
    """Keeps a translator of Qt's in step with `qtclient.i18n`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._translator: QTranslator | None = None
        self._language = "en"

    def follow(self) -> None:
        """To be called at the start and after each change of the language."""
        if self._language == language():
            return
        self._language = language()
        self.close()
        QLocale.setDefault(_LOCALES[self._language])
        if self._language != "en":
            translator = QTranslator(self)
            folder = QLibraryInfo.location(QLibraryInfo.LibraryLocation.TranslationsPath)
            if translator.load("qtbase_zh_CN", folder):
                self._translator = translator
                QCoreApplication.installTranslator(translator)

    def close(self) -> None:
        """Qt speaks English again."""
        if self._translator is not None:
            QCoreApplication.removeTranslator(self._translator)
            self._translator.deleteLater()
            self._translator = None
