"""What the keyboard can do anywhere in the window."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from desktop.ui.i18n import tr
from desktop.ui.transcript.reading import keyboard

_Key = QKeySequence.StandardKey
SEARCH = "Ctrl+K"


class Actions:
    """The window's actions, each with its keys. `triggered` of each is connected where both ends are visible."""

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self._words: list[tuple[QAction, Callable[[], str]]] = []
        self.new_chat = self._add("newChat", lambda: tr("New chat"), _Key.New)
        self.search = self._add("search", lambda: tr("Search chats"), SEARCH)
        self.find = self._add("find", lambda: tr("Find in this chat"), _Key.Find)
        self.find_next = self._add("findNext", lambda: tr("Next hit"), "F3", "Ctrl+G")
        self.find_previous = self._add("findPrevious", lambda: tr("Previous hit"), "Shift+F3", "Ctrl+Shift+G")
        self.previous_question = self._add("previousQuestion", lambda: tr("Previous question"), "Alt+Up")
        self.next_question = self._add("nextQuestion", lambda: tr("Next question"), "Alt+Down")
        self.previous_chat = self._add("previousChat", lambda: tr("Previous chat"), "Ctrl+PgUp")
        self.next_chat = self._add("nextChat", lambda: tr("Next chat"), "Ctrl+PgDown")
        self.rename = self._add("rename", lambda: tr("Rename the chat"), "F2")
        self.composer = self._add("focusComposer", lambda: tr("Write a message"), "Ctrl+L")
        self.transcript = self._add("focusTranscript", lambda: tr("Choose the last message"), "Ctrl+Shift+L")
        self.copy_answer = self._add("copyAnswer", lambda: tr("Copy the last answer"), "Ctrl+Shift+C")
        self.try_several = self._add("trySeveral", lambda: tr("Try three answers"), "Ctrl+Shift+R")
        self.model = self._add("modelMenu", lambda: tr("Choose the model"), "Ctrl+M")
        self.open_model = self._add("openModel", lambda: tr("Open a model file"), _Key.Open)
        self.models = self._add("models", lambda: tr("Models"), "Ctrl+Shift+M")
        self.sidebar = self._add("toggleSidebar", lambda: tr("Show or hide the sidebar"), "Ctrl+B")
        self.settings = self._add("settings", lambda: tr("Settings"), "Ctrl+,")
        self.zoom_in = self._add("zoomIn", lambda: tr("Larger"), _Key.ZoomIn, "Ctrl+=", "Ctrl++")
        self.zoom_out = self._add("zoomOut", lambda: tr("Smaller"), _Key.ZoomOut, "Ctrl+-")
        self.zoom_reset = self._add("zoomReset", lambda: tr("Usual size"), "Ctrl+0")
        self.print_chat = self._add("print", lambda: tr("Print the chat"), _Key.Print)
        self.shortcuts = self._add("shortcuts", lambda: tr("Keyboard shortcuts"), "F1", "Ctrl+?")
        self.quit = self._add("quit", lambda: tr("Quit"), "Ctrl+Q")
        self.retranslate()

    def listed(self) -> list[tuple[str, str]]:
        """What each key does, and the key as this system writes it; also the keys of fields and transcript."""
        native = QKeySequence.SequenceFormat.NativeText
        listed = [(action.text(), action.shortcut().toString(native)) for action, _ in self._words]
        keys = {
            tr("Send"): QKeySequence(Qt.Key.Key_Return),
            tr("New line"): QKeySequence("Shift+Return"),
            tr("Edit the last question (in an empty field)"): QKeySequence(Qt.Key.Key_Up),
            tr("Close what is open, then stop the answer"): QKeySequence(Qt.Key.Key_Escape),
            tr("The menu of what is chosen"): QKeySequence(Qt.Key.Key_Menu),
        }
        fields = [(name, sequence.toString(native)) for name, sequence in keys.items()]
        on_messages = [(name, sequence.toString(native)) for name, sequence in keyboard.listed()]
        return fields + listed + on_messages

    def retranslate(self) -> None:
        """Speak the language that is chosen now."""
        for action, words in self._words:
            action.setText(words())

    def _add(self, name: str, words: Callable[[], str], *keys: str | QKeySequence.StandardKey) -> QAction:
        action = QAction(self._window)
        action.setObjectName(f"{name}Action")
        sequences: list[QKeySequence] = []
        for key in keys:
            sequence = QKeySequence(key)
            if not sequence.isEmpty() and sequence not in sequences:
                sequences.append(sequence)
        action.setShortcuts(sequences)
        self._window.addAction(action)
        self._words.append((action, words))
        return action
