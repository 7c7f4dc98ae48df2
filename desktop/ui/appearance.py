"""What the whole application wears: theme, zoom and language, as the settings say and as the system changes."""

from __future__ import annotations

from PySide6.QtCore import QLibraryInfo, QObject, QTranslator
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication

from desktop.settings import Settings
from desktop.ui import theme
from desktop.ui.colours import DARK, LIGHT, Tokens
from desktop.ui.i18n import choose_language, language, tr
from desktop.ui.stylesheet import stylesheet


def apply(app: QApplication, tokens: Tokens, zoom: float) -> None:
    """Dress the whole application in `tokens`, everything `zoom` times as large, for the language that is spoken."""
    if app.style().objectName() != "fusion":
        # One style on every system: the sheet is drawn over it, and the native ones mix badly with sheets.
        app.setStyle("Fusion")
    app.setPalette(theme.palette(tokens))
    font = theme.ui_font(zoom)
    if language() == "en":
        # Chinese fonts draw ’ and “ as wide as a character of Chinese, which tears English words apart.
        font.setFeature(QFont.Tag("pwid"), 1)
    app.setFont(font)
    app.setStyleSheet(stylesheet(tokens, zoom))


class Appearance(QObject):
    """Keeps the application's look and language as the settings say.

    Widgets hear of it as Qt tells them: PaletteChange, StyleChange (zoom) and LanguageChange.
    """

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        self._settings: Settings | None = None
        self._worn: tuple[Tokens, float, str] | None = None
        self._translator: QTranslator | None = None
        app.styleHints().colorSchemeChanged.connect(self._on_color_scheme_changed)

    def apply(self, settings: Settings) -> None:
        """Wear `settings`. What did not change costs nothing."""
        old, self._settings = self._settings, settings
        if old is None or old.language != settings.language:
            self._speak(choose_language(settings.language))
        wear = (_tokens(settings), settings.zoom, language())
        if wear != self._worn:
            self._worn = wear
            apply(self._app, *wear[:2])

    def _on_color_scheme_changed(self) -> None:
        if self._settings is not None:
            self.apply(self._settings)

    def _speak(self, language: str) -> None:
        """Translate Qt's own texts too, such as an input field's menu. This sends LanguageChange to all widgets."""
        # Some window systems put it behind every title that does not end with it.
        self._app.setApplicationDisplayName(tr("Fireside"))
        if self._translator is not None:
            self._app.removeTranslator(self._translator)
        translator = QTranslator(self)
        # English is what Qt speaks by itself: an empty translator still tells the widgets of the change.
        translator.load(f"qtbase_{language}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath))
        self._app.installTranslator(translator)
        self._translator = translator


def _tokens(settings: Settings) -> Tokens:
    if settings.theme == "system":
        return DARK if theme.system_is_dark() else LIGHT
    return DARK if settings.theme == "dark" else LIGHT
