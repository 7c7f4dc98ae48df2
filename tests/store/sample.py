"""Writes a database with some of everything in it, for `tests/data/schema_N.db`:

python -m tests.store.sample tests/data/schema_2.db

Once a schema is released, its file is kept as it is: it stands for the users' files.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from desktop.chat.message import FinishReason, Role, Sampling, State, Statistics
from desktop.errors import Crash, EngineCrashed
from desktop.packed_errors import pack
from desktop.store.chats import Store

STATISTICS = Statistics(
    prompt_tokens=31,
    reused_tokens=12,
    generated_tokens=9,
    time_to_first_token_s=0.25,
    prefill_tokens_per_s=120.5,
    decode_tokens_per_s=21.5,
    n_ctx=4096,
    left_out_messages=2,
)
SAMPLING = Sampling(temperature=0.0, seed=7, max_tokens=64, stop=("\n\n",))


def fill(store: Store) -> None:
    """Two chats, one with a branch and each state, one in Chinese; and a deleted one."""
    capital = store.create_chat("Capitals", system="Be brief.", model="Starter model", sampling=SAMPLING)
    question, answer = store.add_question(
        capital.id, None, "What is the capital of France?", model="Starter model", sampling=SAMPLING
    )
    store.finish(
        replace(
            answer,
            state=State.COMPLETE,
            text="Paris.",
            reasoning="France… Paris?",
            reasoning_s=1.5,
            finish=FinishReason.END,
            statistics=STATISTICS,
            sampling=SAMPLING,
        )
    )
    retry = store.add_message(capital.id, question.id, Role.ASSISTANT, "", State.STREAMING)
    store.finish(
        replace(retry, state=State.INTERRUPTED, text="Par", error=pack(EngineCrashed(Crash.KILLED, during="decode")))
    )
    stopped = store.add_message(capital.id, question.id, Role.ASSISTANT, "", State.STREAMING)
    store.finish(replace(stopped, state=State.STOPPED, text="It is", finish=FinishReason.STOPPED))
    store.set_summary(stopped.id, "They talked about Paris.")
    store.set_draft(capital.id, "And of Spain?")
    weather = store.create_chat("天气")
    store.add_question(weather.id, None, "今天北京的天气怎么样？", model=None, sampling=None)
    deleted = store.create_chat("Deleted")
    store.add_message(deleted.id, None, Role.USER, "to be forgotten")
    store.delete(deleted.id)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        new = Store.open(Path(directory) / "chats.db", Path(directory) / "backups")
        fill(new)
        new.backup(Path(sys.argv[1]))
        new.close()
