"""Questions to the hub, asked in threads of their own. The newest search is the one that counts."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from desktop.errors import AppError
from desktop.hub.remote import Choice
from desktop.hub.search import Hub, Sort
from desktop.hub.stop import Stop

# How long typing must rest before it is searched for.
_TYPING_MS = 300
# A page asks for its card and its sizes at once, and a download may have to ask too.
_AT_ONCE = 4

Subject = tuple[str, str, str]
"""What is asked about: the question's kind, the repository, the file in it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for. None leaves open."""

    text: str
    sort: Sort = Sort.TRENDING
    licence: str | None = None
    largest_parameters: int | None = None


@dataclass(frozen=True, slots=True)
class _Question:
    """What has been asked, as the main thread keeps it."""

    subject: Subject
    stop: Stop
    on_answer: Callable[[Any], object]
    on_error: Callable[[AppError], object]


class HubWork(QObject):
    """Asks the hub and reports what it says. A question that is asked again while it runs replaces the older one.

    Nothing is asked before somebody calls one of the methods. Offline, each ends in OfflineMode at once.

    Signals:
        searching(query: Query): it has begun
        found(query: Query, found: list[Found])
        search_failed(query: Query, error: AppError)
        repository_read(repo: str, repository: Repository): `repo` was asked for; it may have been renamed
        repository_failed(repo: str, error: AppError)
        card_read(repo: str, text: str): the model card, Markdown that nobody vouches for
        card_failed(repo: str, error: AppError)
        header_read(choice: Choice, header: Header)
        header_failed(choice: Choice, error: AppError)
    """

    searching = Signal(object)
    found = Signal(object, object)
    search_failed = Signal(object, object)
    repository_read = Signal(str, object)
    repository_failed = Signal(str, object)
    card_read = Signal(str, str)
    card_failed = Signal(str, object)
    header_read = Signal(object, object)
    header_failed = Signal(object, object)
    _ended = Signal(int, object)

    def __init__(self, hub: Hub, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._hub = hub
        self._pool = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="hub")
        self._numbers = 0
        self._asked: dict[int, _Question] = {}
        self._typed: Query | None = None
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._typing.timeout.connect(self._on_typed)
        self._ended.connect(self._on_ended)

    def search_soon(self, query: Query) -> None:
        """Search once the user has stopped typing."""
        self._typed = query
        self._typing.start()

    def search(self, query: Query) -> None:
        """Search now."""
        self._typing.stop()
        hub = self._hub
        self.searching.emit(query)
        self._ask(
            ("search", "", ""),
            lambda stop: hub.search(
                query.text,
                sort=query.sort,
                licence=query.licence,
                largest_parameters=query.largest_parameters,
                stop=stop,
            ),
            lambda found: self.found.emit(query, found),
            lambda error: self.search_failed.emit(query, error),
        )

    def stop_search(self) -> None:
        """Neither the search that runs nor what was typed concerns anybody any more."""
        self._typing.stop()
        self._stop("search", "")

    def read_repository(self, repo: str) -> None:
        """Ask what can be downloaded from `repo`."""
        hub = self._hub
        self._ask(
            ("repository", repo, ""),
            lambda stop: hub.repository(repo, stop=stop),
            lambda repository: self.repository_read.emit(repo, repository),
            lambda error: self.repository_failed.emit(repo, error),
        )

    def read_card(self, repo: str, commit: str) -> None:
        """Ask for the model card."""
        hub = self._hub
        self._ask(
            ("card", repo, ""),
            lambda stop: hub.card(repo, commit, stop=stop),
            lambda text: self.card_read.emit(repo, text),
            lambda error: self.card_failed.emit(repo, error),
        )

    def read_header(self, choice: Choice) -> None:
        """Ask for the header of a model file, from which the memory that it needs is computed."""
        hub = self._hub
        self._ask(
            ("header", choice.repo, choice.files[0].path),
            lambda stop: hub.header(choice, stop=stop),
            lambda header: self.header_read.emit(choice, header),
            lambda error: self.header_failed.emit(choice, error),
        )

    def leave(self, repo: str) -> None:
        """The page of `repo` is closed: its card and headers are not needed any more."""
        self._stop("card", repo)
        self._stop("header", repo)

    def close(self) -> None:
        """Stop everything, and end the threads. Nothing is reported any more."""
        self._typing.stop()
        for question in self._asked.values():
            question.stop.set()
        self._asked.clear()
        self._pool.shutdown(cancel_futures=True)

    def _ask(
        self,
        subject: Subject,
        ask: Callable[[Stop], object],
        on_answer: Callable[[Any], object],
        on_error: Callable[[AppError], object],
    ) -> None:
        self._stop(*subject)
        self._numbers += 1
        number, stop = self._numbers, Stop()
        self._asked[number] = _Question(subject, stop, on_answer, on_error)
        self._pool.submit(ask, stop).add_done_callback(lambda future: self._ended.emit(number, future))

    def _stop(self, kind: str, repo: str, file: str = "") -> None:
        """Stop the questions of a kind about a repository; with `file`, only those about that."""
        for number, question in list(self._asked.items()):
            if question.subject[:2] == (kind, repo) and file in ("", question.subject[2]):
                question.stop.set()
                del self._asked[number]

    @Slot()
    def _on_typed(self) -> None:
        if self._typed is not None:
            self.search(self._typed)

    @Slot(int, object)
    def _on_ended(self, number: int, future: Future[object]) -> None:
        question = self._asked.pop(number, None)
        if question is None or future.cancelled():
            # Stopped: how it ended concerns nobody.
            return
        error = future.exception()
        if error is None:
            question.on_answer(future.result())
        elif isinstance(error, AppError):
            _log.info("the hub did not answer: %r", error)
            question.on_error(error)
        else:
            raise error
