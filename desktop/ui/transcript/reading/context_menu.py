"""The menu of the right mouse button, or of the menu key: what can be done at one place of the conversation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QMenu

from desktop.chat.message import Role, State
from desktop.ui import controls
from desktop.ui.i18n import tr
from desktop.ui.transcript.blocks.target import Does, Target
from desktop.ui.transcript.floating.several_menu import several_menu
from desktop.ui.transcript.reading import links
from desktop.ui.transcript.reading.find import formula_at, shown
from desktop.ui.transcript.reading.reader import Reader
from desktop.ui.transcript.text.whole import first_piece

_OF_BLOCK = (Does.COPY, Does.SAVE, Does.WRAP, Does.NUMBER, Does.SHOW_SOURCE)


@dataclass(frozen=True, slots=True)
class Where:
    """Where the menu is opened: in which row, on which target, at which point of the column."""

    row: int
    target: Target | None
    point: QPointF


@dataclass(frozen=True, slots=True)
class ChatDeeds:
    """What is done with a chat that goes on: with all of it, with a message by its id."""

    find: Callable[[], None]
    edit: Callable[[int], object]
    answer_again: Callable[[int], object]
    try_several: Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Deeds:
    """What the page does: with a target, with a row. Without `chat` its messages are there to be read only."""

    activate: Callable[[int, Target], None]
    copy_message: Callable[[int], None]
    chat: ChatDeeds | None


@dataclass(frozen=True, slots=True)
class _Entry:
    words: str
    do: Callable[[], object]
    keys: str | QKeySequence.StandardKey | None = None
    enabled: bool = True


def context_menu(page: Reader, where: Where, deeds: Deeds) -> QMenu:
    """What can be done `where` it is opened. The menu deletes itself."""
    menu = controls.menu(page)
    menu.setObjectName("transcriptMenu")
    menu.aboutToHide.connect(menu.deleteLater)
    for group in (
        _of_link(where, deeds),
        _of_block(page, where, deeds),
        _of_text(page, deeds),
        _of_message(page, where.row, deeds),
    ):
        if group and menu.actions():
            menu.addSeparator()
        for entry in group:
            action = menu.addAction(entry.words, entry.do)
            action.setEnabled(entry.enabled)
            if entry.keys is not None:
                action.setShortcut(QKeySequence(entry.keys))
                action.setShortcutVisibleInContextMenu(True)
    message, chat = page.rows[where.row].message, deeds.chat
    if message.state is not State.STREAMING and chat is not None:
        menu.addMenu(several_menu(menu, lambda count: chat.try_several(message.id, count)))
    return menu


def _of_link(where: Where, deeds: Deeds) -> list[_Entry]:
    target = where.target
    if target is None or not links.opened(target.link):
        return []
    return [
        _Entry(tr("Open link"), lambda: deeds.activate(where.row, target)),
        _Entry(tr("Copy link address"), lambda: QGuiApplication.clipboard().setText(links.opened(target.link))),
    ]


def _of_block(page: Reader, where: Where, deeds: Deeds) -> list[_Entry]:
    """What the block under the pointer can do: code, a diagram, a formula."""
    view = page.column.view(where.row)
    inner = where.point - QPointF(0, page.column.top(where.row))
    under = view.block_at(inner)
    if under is None:
        return []
    at, corner = under
    flow = view.flow(at.part)
    found = flow.targets(first_piece(flow.blocks, at.block))
    targets = {target.does: replace(target, part=at.part) for target in found if target.does in _OF_BLOCK}
    entries = [_Entry(target.name, _does(deeds, where.row, target)) for target in targets.values()]
    block_view = flow.view(at.block)
    offset = block_view.position_at(inner - corner)
    source = formula_at(shown(block_view.block, flow.references), offset)
    if source and tr("Copy LaTeX") not in {entry.words for entry in entries}:
        entries.append(_Entry(tr("Copy LaTeX"), lambda: QGuiApplication.clipboard().setText(source)))
    return entries


def _does(deeds: Deeds, row: int, target: Target) -> Callable[[], None]:
    return lambda: deeds.activate(row, target)


def _of_text(page: Reader, deeds: Deeds) -> list[_Entry]:
    entries = [
        _Entry(tr("Copy"), page.copy_marked, QKeySequence.StandardKey.Copy, page.has_mark),
        _Entry(tr("Copy as Markdown"), page.copy_markdown, "Ctrl+Alt+C", page.has_mark),
        _Entry(tr("Select all"), page.select_all, QKeySequence.StandardKey.SelectAll),
    ]
    if deeds.chat is not None:
        entries.append(_Entry(tr("Find…"), deeds.chat.find, QKeySequence.StandardKey.Find))
    return entries


def _of_message(page: Reader, row: int, deeds: Deeds) -> list[_Entry]:
    message, chat = page.rows[row].message, deeds.chat
    entries = [_Entry(tr("Copy message"), lambda: deeds.copy_message(row), "C")]
    if message.state is State.STREAMING or chat is None:
        return entries
    entries.append(_Entry(tr("Edit"), lambda: chat.edit(message.id), "E"))
    if message.role is Role.ASSISTANT:
        entries.append(_Entry(tr("Answer again"), lambda: chat.answer_again(message.id), "R"))
    return entries
