"""An answer by the shortest loop that llama.cpp allows, in one process, greedy, without text: MODEL PROMPT N_TOKENS.

PROMPT is a file. Threads, context and batch are the app's.
"""

from __future__ import annotations

import ctypes
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.asking import N_CTX
from desktop.engine.llama.machine import N_BATCH, default_n_threads


def main(path: Path, prompt: Path, n_wanted: int) -> None:
    import llama_cpp.llama_cpp as ll

    ll.llama_backend_init()
    quiet = ll.llama_log_callback(lambda *_: None)
    ll.llama_log_set(quiet, None)
    context, vocabulary = _open(ll, path)
    n_vocab = ll.llama_vocab_n_tokens(vocabulary)
    text = prompt.read_bytes()

    started = time.monotonic()
    tokens = (ll.llama_token * N_CTX)()
    n_tokens = ll.llama_tokenize(vocabulary, text, len(text), tokens, N_CTX, True, True)
    reading = time.monotonic()
    for begin in range(0, n_tokens, N_BATCH):
        values = tokens[begin : min(begin + N_BATCH, n_tokens)]
        # The batch borrows the array: it must outlive the call.
        piece = (ll.llama_token * len(values))(*values)
        ll.llama_decode(context, ll.llama_batch_get_one(piece, len(piece)))
    ll.llama_synchronize(context)
    read = time.monotonic()
    step = (ll.llama_token * 1)()
    first = 0.0
    for i in range(n_wanted):
        pointer = ctypes.cast(ll.llama_get_logits_ith(context, -1), ctypes.POINTER(ctypes.c_float))
        step[0] = int(np.argmax(np.ctypeslib.as_array(pointer, (n_vocab,))))
        first = first or time.monotonic()
        if i < n_wanted - 1:
            ll.llama_decode(context, ll.llama_batch_get_one(step, 1))
    end = time.monotonic()
    figures = {
        "prefill": n_tokens / (read - reading),
        "time_to_first_token": first - started,
        "decode": (n_wanted - 1) / (end - first),
    }
    print(json.dumps(figures))


def _open(ll: Any, path: Path) -> tuple[Any, Any]:
    """The context and the vocabulary of the model at `path`."""
    model = ll.llama_model_load_from_file(str(path).encode(), ll.llama_model_default_params())
    settings = ll.llama_context_default_params()
    settings.n_ctx = N_CTX
    settings.n_batch = settings.n_ubatch = N_BATCH
    settings.swa_full = False
    settings.n_threads = settings.n_threads_batch = default_n_threads()
    return ll.llama_init_from_model(model, settings), ll.llama_model_get_vocab(model)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
