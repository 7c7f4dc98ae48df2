"""The window: puts its parts together and connects them with the session and the models, once, here."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QByteArray, QEvent, QRect, Qt, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from desktop.errors import AppError
from desktop.hub.model import STARTER
from desktop.paths import Paths
from desktop.settings import ZOOM_LIMITS, Settings
from desktop.store.search import Hit
from desktop.ui.actions import Actions
from desktop.ui.composer import Composer
from desktop.ui.controls import hairline
from desktop.ui.dates import local_date
from desktop.ui.deletion import Deletion
from desktop.ui.dialogs import Dialogs
from desktop.ui.empty_state import EmptyState
from desktop.ui.error_text import one_line
from desktop.ui.exporting import Exporting
from desktop.ui.header import Header
from desktop.ui.i18n import tr
from desktop.ui.icons import app_icon
from desktop.ui.models.choice import Models
from desktop.ui.models.dropping import model_paths
from desktop.ui.models.in_window import ModelsInWindow
from desktop.ui.models.supply import Supply
from desktop.ui.reading import Reading
from desktop.ui.session import Session
from desktop.ui.several import Several
from desktop.ui.side_by_side import SideBySide
from desktop.ui.sidebar import Sidebar
from desktop.ui.toast import Toast
from desktop.ui.transcript.transcript import Transcript
from desktop.ui.writing import Writing

_SIZE = (1120, 760)
_LEAST = (400, 420)
_ZOOM_STEP = 0.1


class MainWindow(QWidget):
    """The whole window.

    Signals:
        settings_changed(Settings settings): to be saved and applied; `set_settings` tells the window then
    """

    settings_changed = Signal(object)

    def __init__(self, session: Session, models: Models, supply: Supply, settings: Settings, paths: Paths) -> None:
        super().__init__()
        self.setObjectName("window")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowIcon(app_icon())
        self.setAcceptDrops(True)
        self.setMinimumSize(*_LEAST)
        self._session, self._models, self._settings, self._paths = session, models, settings, paths
        self.actions_ = Actions(self)
        self._sidebar = Sidebar()
        self._header = Header()
        self._empty = EmptyState()
        self._transcript = Transcript()
        self._composer = Composer()
        self._lay_out()
        self._toast = Toast(self._page, self._composer)
        self._deletion = Deletion(session, self._toast)
        self._exporting = Exporting(self, session, self._transcript, self._toast)
        self._choosing = ModelsInWindow(
            self, models, supply, settings, self._toast, paths.engine_log, session.set_model
        )
        self._dialogs = Dialogs(self, session, models, supply, settings, paths)
        self._connect_session()
        self._connect_models()
        self._connect_sidebar()
        self._connect_page()
        self._connect_actions()
        self._restore()
        self._on_chats_changed()
        self._on_models_changed()
        self._on_opened()

    def set_settings(self, settings: Settings) -> None:
        """The settings are now these."""
        self._settings = settings
        self._transcript.set_zoom(settings.zoom)
        self._choosing.set_settings(settings)
        self._dialogs.set_settings(settings)

    def come_to_front(self) -> None:
        """Show the window above all others."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    # Qt's events.

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self.actions_.retranslate()
            self._session.retranslate()
            self._on_chats_changed()
            self._on_models_changed()
            self._show_title()
        elif event.type() is QEvent.Type.ActivationChange and self.isActiveWindow():
            self._session.refresh()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Only what no part of the window had a use for arrives here.
        if event.key() == Qt.Key.Key_Escape:
            self._on_escape()
        else:
            super().keyPressEvent(event)

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        self._composer.flush_draft()
        self._exporting.cancel()
        self._choosing.close()
        is_open, width = self._sides.state()
        geometry = bytes(self.saveGeometry().toBase64().data()).decode("ascii")
        window = {**self._settings.window, "geometry": geometry, "sidebar_open": is_open, "sidebar_width": width}
        self.settings_changed.emit(replace(self._settings, window=window))
        super().closeEvent(event)

    @override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if model_paths(event.mimeData()):
            event.acceptProposedAction()

    @override
    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self._choosing.add(model_paths(event.mimeData()))

    # How it is put together.

    def _lay_out(self) -> None:
        self._body = QStackedWidget()
        self._body.addWidget(self._empty)
        self._body.addWidget(self._transcript)
        self._page = QWidget()
        self._page.setObjectName("page")
        self._page.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(self._page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._header)
        column.addWidget(hairline())
        column.addWidget(self._body, 1)
        column.addWidget(self._composer)
        self._sides = SideBySide(self._sidebar, self._page)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._sides)

    def _connect_session(self) -> None:
        session = self._session
        session.opened.connect(self._on_opened)
        session.chats_changed.connect(self._on_chats_changed)
        session.rows_changed.connect(self._on_rows_changed)
        session.row_changed.connect(lambda index: self._transcript.update_row(index, session.rows[index]))
        session.answering_changed.connect(self._on_answering_changed)
        session.context_changed.connect(self._on_context_changed)
        session.failed.connect(self._on_failed)

    def _connect_models(self) -> None:
        models, choosing, button = self._models, self._choosing, self._header.model
        models.changed.connect(self._on_models_changed)
        models.progress.connect(button.set_fraction)
        choosing.settings_changed.connect(self.settings_changed)
        choosing.settings_requested.connect(self._dialogs.show_network_settings)
        choosing.downloads_changed.connect(button.set_download_percent)
        button.chosen.connect(choosing.choose)
        button.file_requested.connect(choosing.choose_file)
        button.library_requested.connect(choosing.show_library)
        button.discover_requested.connect(choosing.show_discover)
        button.downloads_requested.connect(choosing.show_downloads)
        button.unload_requested.connect(models.unload)
        button.cancel_requested.connect(models.cancel)
        self._empty.starter_chosen.connect(lambda: choosing.choose(STARTER))
        self._empty.file_requested.connect(choosing.choose_file)
        self._empty.discover_requested.connect(choosing.show_discover)
        choosing.recommended.connect(
            lambda best: self._empty.set_recommended(best.entry.id, best.entry.title, best.quantisation.size_bytes)
        )

    def _connect_sidebar(self) -> None:
        sidebar = self._sidebar
        sidebar.new_requested.connect(self._start_new)
        sidebar.settings_requested.connect(self._dialogs.show_settings)
        sidebar.chat_chosen.connect(self._open_chat)
        sidebar.hit_chosen.connect(self._open_hit)
        sidebar.renamed.connect(self._session.rename)
        sidebar.delete_requested.connect(self._deletion.delete)
        sidebar.search_changed.connect(lambda text: sidebar.set_hits(self._session.search(text)))
        self._sides.open_changed.connect(self._header.set_sidebar_open)

    def _connect_page(self) -> None:
        header, composer, transcript, session = self._header, self._composer, self._transcript, self._session
        header.renamed.connect(lambda title: session.rename(session.shown.id, title))
        header.rename_ended.connect(composer.focus)
        header.sidebar_requested.connect(self._sides.toggle)
        header.new_requested.connect(self._start_new)
        header.chat_settings_requested.connect(self._dialogs.show_chat_settings)
        header.export_requested.connect(self._export)
        header.print_requested.connect(self._print)
        header.delete_requested.connect(lambda: self._deletion.delete(session.shown.id))
        self._empty.suggestion_chosen.connect(self._take_suggestion)
        composer.overflow_chosen.connect(lambda way: self.settings_changed.emit(replace(self._settings, overflow=way)))
        composer.model_needed.connect(header.model.open_menu)
        transcript.copied.connect(self._toast.show_message)
        transcript.save_failed.connect(self._on_failed)
        transcript.zoom_requested.connect(lambda steps: self._zoom(self._settings.zoom + steps * _ZOOM_STEP))
        self._dialogs.settings_changed.connect(self.settings_changed)

    def _connect_actions(self) -> None:
        actions = self.actions_
        self._writing = Writing(self._session, self._composer, self._transcript, self._toast)
        self._several = Several(self._session, self._transcript, self._body, actions, self._toast)
        self._reading = Reading(actions, self._transcript, self._composer.field, self._several)
        for action, do in (
            (actions.new_chat, self._start_new),
            (actions.search, self._search),
            (actions.previous_chat, lambda: self._step(-1)),
            (actions.next_chat, lambda: self._step(1)),
            (actions.rename, self._header.rename),
            (actions.composer, self._composer.focus),
            (actions.model, self._header.model.open_menu),
            (actions.open_model, self._choosing.choose_file),
            (actions.models, self._choosing.show_library),
            (actions.sidebar, self._sides.toggle),
            (actions.settings, self._dialogs.show_settings),
            (actions.zoom_in, lambda: self._zoom(self._settings.zoom + _ZOOM_STEP)),
            (actions.zoom_out, lambda: self._zoom(self._settings.zoom - _ZOOM_STEP)),
            (actions.zoom_reset, lambda: self._zoom(1.0)),
            (actions.print_chat, self._print),
            (actions.shortcuts, lambda: self._dialogs.show_shortcuts(actions.listed())),
            (actions.quit, self.close),
        ):
            action.triggered.connect(_without_arguments(do))

    def _restore(self) -> None:
        window = self._settings.window
        geometry = window.get("geometry")
        if not (isinstance(geometry, str) and self.restoreGeometry(QByteArray.fromBase64(geometry.encode()))):
            room = self.screen().availableGeometry()
            self.resize(min(_SIZE[0], room.width()), min(_SIZE[1], room.height()))
            self.move(QRect(room).center() - self.rect().center())
        width = window.get("sidebar_width")
        self._sides.restore(
            is_open=window.get("sidebar_open") is not False, width=width if isinstance(width, int) else None
        )
        self._transcript.set_zoom(self._settings.zoom)
        self._header.set_sidebar_open(self._sides.is_open)

    # What the session and the models tell.

    def _on_opened(self) -> None:
        shown = self._session.shown
        self._transcript.set_rows(self._session.rows)
        self._composer.set_text(shown.draft)
        self._sidebar.set_open(shown.id)
        self._show_title()
        self._show_body()
        self._composer.focus()

    def _on_chats_changed(self) -> None:
        self._sidebar.set_chats(self._session.chats(), local_date(time.time()))
        self._sidebar.set_open(self._session.shown.id)
        self._sidebar.set_answering(self._session.answering_chats())
        self._show_title()

    def _on_rows_changed(self, first: int) -> None:
        self._transcript.replace_rows(first, self._session.rows[first:])
        self._show_body()

    def _on_answering_changed(self, answering: bool) -> None:
        self._composer.set_answering(answering)
        self._sidebar.set_answering(self._session.answering_chats())

    def _on_context_changed(self) -> None:
        self._composer.set_context(self._session.context)

    def _on_failed(self, error: AppError) -> None:
        self._toast.show_error(partial(one_line, error))

    def _on_models_changed(self) -> None:
        models, available = self._models, self._models.available()
        problem = one_line(models.error) if models.error else ""
        self._header.model.set_models(available, models.current, models.state, problem)
        self._empty.set_models(available, models.current, problem)
        self._composer.set_model(has_model=models.current is not None, is_base=models.is_base)

    def _show_title(self) -> None:
        shown = self._session.shown
        self._header.set_chat(shown.title, on_disk=self._session.chat is not None)
        self.setWindowTitle(tr("{title} — Fireside", title=shown.title) if shown.title else tr("Fireside"))

    def _show_body(self) -> None:
        self._body.setCurrentWidget(self._transcript if self._session.rows else self._empty)

    # What the user does.

    def _start_new(self) -> None:
        self._composer.flush_draft()
        self._sides.close_overlay()
        self._session.start_new()

    def _open_chat(self, chat_id: int, message_id: int | None = None) -> None:
        self._composer.flush_draft()
        self._sides.close_overlay()
        self._try(lambda: self._session.open_chat(chat_id, message_id))
        if message_id is not None:
            self._transcript.scroll_to_message(message_id)

    def _open_hit(self, hit: Hit) -> None:
        self._open_chat(hit.chat_id, hit.message_id)
        self._reading.show_hit(hit, self._sidebar.query)

    def _step(self, step: int) -> None:
        chat_id = self._sidebar.neighbour(self._session.shown.id, step)
        if chat_id is not None:
            self._open_chat(chat_id)

    def _search(self) -> None:
        self._sides.set_open(is_open=True)
        self._sidebar.focus_search()

    def _take_suggestion(self, text: str) -> None:
        self._composer.set_text(text)
        self._composer.focus()

    def _export(self, kind: str) -> None:
        # What is written is what is seen: the chat, not the comparison.
        self._several.leave()
        self._exporting.ask(kind)

    def _print(self) -> None:
        self._several.leave()
        self._exporting.print()

    def _zoom(self, zoom: float) -> None:
        zoom = min(max(round(zoom, 1), ZOOM_LIMITS[0]), ZOOM_LIMITS[1])
        if zoom != self._settings.zoom:
            self.settings_changed.emit(replace(self._settings, zoom=zoom))

    def _on_escape(self) -> None:
        focus = QApplication.focusWidget()
        if self._sides.close_overlay():
            self._composer.focus()
        elif self._several.leave() or self._transcript.give_up():
            return
        elif focus is not None and self._sidebar.isAncestorOf(focus):
            self._composer.focus()
        elif not self._composer.cancel_edit() and self._session.answering:
            self._session.stop()
        else:
            self._composer.focus()

    def _try(self, do: Callable[[], object]) -> None:
        """Do what may fail for a reason that the user can be told."""
        try:
            do()
        except AppError as error:
            self._on_failed(error)


def _without_arguments(do: Callable[[], object]) -> Callable[[], None]:
    """A slot that passes `checked` on to nobody."""
    return lambda: (do(), None)[1]
