"""The same answer by the high-level API of llama-cpp-python, streamed: MODEL PROMPT N_TOKENS.

PROMPT is a file: what the app's chat template made of the question. Threads, context, batch and flash attention are the
app's.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.asking import N_CTX
from desktop.engine.llama.machine import N_BATCH, default_n_threads


def main(path: Path, prompt: Path, n_wanted: int) -> None:
    from llama_cpp import Llama
    from llama_cpp.llama_chat_format import ChatFormatterResponse, chat_formatter_to_chat_completion_handler

    def as_it_is(*, messages: Any, **_: Any) -> Any:
        """The prompt is rendered: a base model, which has no chat template, is asked the same as by the app."""
        return ChatFormatterResponse(prompt=messages[0]["content"])

    n_threads = default_n_threads()
    model = Llama(
        str(path),
        n_ctx=N_CTX,
        n_batch=N_BATCH,
        n_ubatch=N_BATCH,
        n_threads=n_threads,
        n_threads_batch=n_threads,
        flash_attn=True,
        chat_handler=chat_formatter_to_chat_completion_handler(as_it_is),
        verbose=False,
    )
    question = {"role": "user", "content": prompt.read_text(encoding="utf-8")}
    first = end = 0.0
    for chunk in model.create_chat_completion([question], stream=True, temperature=0.0, max_tokens=n_wanted):
        [choice] = chunk["choices"]
        if choice["delta"].get("content"):
            first = first or time.monotonic()
        if choice["finish_reason"]:
            assert choice["finish_reason"] == "length", "the answer ended early"
            end = time.monotonic()
    print(json.dumps({"decode": (n_wanted - 1) / (end - first)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
