"""What is asked: on disk first, together with the empty answer to it, and only then put to the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from desktop.chat.message import Chat, Message, Overflow, Role, Sampling, State
from desktop.chat.prompt import title_from, turns_of
from desktop.engine.api import Request
from desktop.store.chats import Store
from desktop.ui.answers import Answers
from desktop.ui.models.choice import Models


def varied(sampling: Sampling) -> Sampling:
    """`sampling`, or where that would make all answers to one prompt the same, what is usual in its place."""
    usual = Sampling()
    if sampling.temperature <= 0:
        sampling = replace(sampling, temperature=usual.temperature)
    return replace(sampling, top_k=usual.top_k) if sampling.top_k == 1 else sampling


class Asking:
    """Has the chosen model answer a path of messages.

    All methods but `create_chat` take the chat, the path that is answered and how to sample. Each may raise the errors
    of `Models.spec` and of the store; then nothing was asked.
    """

    def __init__(self, store: Store, models: Models, answers: Answers) -> None:
        self._store = store
        self._models = models
        self._answers = answers
        self.overflow = Overflow.DROP
        """What becomes of a path that does not fit the context."""

    def create_chat(self, new: Chat, text: str) -> Chat:
        """Put the chat `new`, which begins with the question `text`, on disk: if there is a model to ask."""
        self._models.spec()
        return self._store.create_chat(title_from(text), new.system, self._model, new.sampling)

    def ask(self, chat: Chat, path: Sequence[Message], sampling: Sampling, text: str) -> None:
        """Ask `text` behind the path."""
        parent_id = path[-1].id if path else None
        spec = self._models.spec()
        question, message = self._store.add_question(chat.id, parent_id, text, model=self._model, sampling=sampling)
        asked = [*path, question]
        self._answers.begin([message], Request(spec, turns_of(asked, chat.system), sampling), asked, self.overflow)

    def answer(self, chat: Chat, path: Sequence[Message], sampling: Sampling) -> None:
        """Answer the path by a new branch."""
        spec = self._models.spec()
        message = self._add(chat, path, sampling)
        self._answers.begin([message], Request(spec, turns_of(path, chat.system), sampling), path, self.overflow)

    def try_several(self, chat: Chat, path: Sequence[Message], sampling: Sampling, count: int) -> None:
        """Answer the path by `count` new branches, which are written together, with the sampling `varied`."""
        spec = self._models.spec()
        sampling = varied(sampling)
        messages = self._store.add_answers(
            chat.id, path[-1].id if path else None, count, model=self._model, sampling=sampling
        )
        self._answers.begin(messages, Request(spec, turns_of(path, chat.system), sampling), path, self.overflow)

    def write_on(
        self,
        chat: Chat,
        path: Sequence[Message],
        sampling: Sampling,
        begun: Message,
        overflow: Overflow | None = None,
    ) -> None:
        """Answer the path by a new branch that begins as `begun` does and goes on where that ended."""
        spec = self._models.spec()
        message = self._add(chat, path, sampling, begun.text, begun.reasoning)
        turns = turns_of([*path, message], chat.system)
        request = Request(spec, turns, sampling, continue_last=bool(begun.text))
        self._answers.begin([message], request, [*path, begun], overflow or self.overflow)

    def retry(
        self,
        chat: Chat,
        path: Sequence[Message],
        sampling: Sampling,
        failed: Message,
        overflow: Overflow | None = None,
    ) -> None:
        """Answer the path in the place of `failed`; one that has text already is written on, as a new branch.

        With `overflow` just this once.
        """
        if failed.text or failed.reasoning:
            self.write_on(chat, path, sampling, failed, overflow)
            return
        spec = self._models.spec()
        message = self._store.restart(failed.id, model=self._model, sampling=sampling)
        request = Request(spec, turns_of(path, chat.system), sampling)
        self._answers.begin([message], request, path, overflow or self.overflow)

    @property
    def _model(self) -> str | None:
        return self._models.current.name if self._models.current else None

    def _add(
        self, chat: Chat, path: Sequence[Message], sampling: Sampling, text: str = "", reasoning: str = ""
    ) -> Message:
        return self._store.add_message(
            chat.id,
            path[-1].id if path else None,
            Role.ASSISTANT,
            text,
            State.STREAMING,
            model=self._model,
            sampling=sampling,
            reasoning=reasoning,
        )
