"""How full the context is, as it is measured with the model that would answer."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from desktop.ui.context_words import ContextUse
from tests.ui.conftest import Desk


def context(desk: Desk) -> ContextUse:
    use = desk.session.context
    assert use is not None
    return use


def test_what_one_model_takes_is_not_said_of_another(
    sit: Callable[..., Desk], tiny_model: Path, tmp_path: Path
) -> None:
    desk = sit("word " * 40)
    shutil.copy(tiny_model, tmp_path / "other.gguf")
    desk.models.shelf.add([tmp_path / "other.gguf"])
    desk.bot.waitUntil(lambda: any(model.name == "other" for model in desk.models.available()))
    desk.session.send("Tell me of the sea, and of all that is in it. " * 4)
    desk.settle()
    desk.session.save_draft("And then?")
    desk.bot.waitUntil(lambda: context(desk).reading_s is not None)

    desk.models.choose("other")
    assert context(desk) == ContextUse(context(desk).used_tokens, context(desk).n_ctx), "nothing is known of it yet"
    desk.bot.waitUntil(lambda: context(desk).unread_tokens is not None)
    assert context(desk).reading_s is None, "how fast it reads is not known before it has answered"
    desk.session.send("And then?" * 20)
    desk.settle()
    desk.session.save_draft("Go on.")
    desk.bot.waitUntil(lambda: context(desk).reading_s is not None)
